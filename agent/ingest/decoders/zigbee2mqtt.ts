// Reads what Zigbee2MQTT publishes of its devices, in the units that it told in its list of devices.

import {parseDeviceTime, parseIsoTime} from '../device-time.ts';
import {JsonNumber, JsonObject, type JsonValue, parseJson} from '../json.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type Decoded, type DecodedReading, type Decoder, type OpenDecoder, plainReading} from './decoder.ts';
import {nameOf, type Plan, planOf, stateOf, type Way} from './zigbee2mqtt-exposes.ts';

export const zigbee2mqttDecoder: Decoder = {
	format: 'zigbee2mqtt',
	name: 'zigbee2mqtt/1',
	readingsBy: 'format',
	namesHaveSlashes: true,
	open: mapping => openZigbee2mqtt(mapping.topic),
	recognise: recogniseZigbee2mqtt,
	makes: makesInList,
};

/** Longer lists of devices are not read: a hundred devices have about 400 kB. */
const listBytesMax = 4 * 1024 * 1024;
/** Devices of one list; more than a Zigbee network has. */
const devicesMax = 4096;
/** Properties of all devices of one list; of those beyond it the units stay unknown. */
const propertiesMax = 32_768;
/** Longer names fit no mapping. */
const nameLengthMax = 128;
/** Base topics of one mapping: one, unless there is a wildcard in front of `{device}`. */
const basesMax = 8;

const placeholder = '{device}';

function openZigbee2mqtt(topic: string): OpenDecoder {
	const levels = topic.split('/');
	const place = levels.findIndex(level => level.includes(placeholder));
	// The base topic is what stands before the device; of a topic without a place for one it is the first level.
	const baseLevels = Math.max(1, place);
	const base = levels
		.slice(0, baseLevels)
		.map(level => (level.includes(placeholder) ? '+' : level))
		.join('/');
	const listLevels = baseLevels + 2;
	/** By base topic and friendly name, what each property of the device is. Only learn writes here. */
	const plans = new Map<string, ReadonlyMap<string, Plan>>();

	return {
		hears: base === '#' ? [] : [`${base}/bridge/devices`],
		learn: message => {
			const at = levelStart(message.topic, baseLevels);
			if (at === -1 || message.topic.slice(at) !== 'bridge/devices' || message.topic.split('/').length !== listLevels) return false;
			if (message.payload.length > listBytesMax) return false;
			const found = readList(message.payload);
			if (found === undefined) return false;
			const baseTopic = message.topic.slice(0, at - 1);
			if (plans.size >= basesMax && !plans.has(baseTopic)) return false;
			// The list is always whole: what it no longer names is gone.
			plans.set(baseTopic, found);
			return true;
		},
		decode: message => {
			const at = levelStart(message.topic, baseLevels);
			const name = at === -1 ? '' : message.topic.slice(at);
			const plan = at === -1 ? undefined : plans.get(message.topic.slice(0, at - 1))?.get(name);
			if (plan === undefined) {
				const nature = natureOf(name);
				if (nature !== undefined) return refuse('no-reading', `${message.topic} is ${nature}`);
			}
			if (message.payload.length === 0) return refuse('no-reading', 'an empty message: the device was removed or renamed');
			return decodeState(message.payload, plan, name);
		},
	};
}

/** Where the level behind the first `levels` ones begins; -1 if there is none. */
function levelStart(topic: string, levels: number): number {
	let at = 0;
	for (let i = 0; i < levels; i += 1) {
		const slash = topic.indexOf('/', at);
		if (slash === -1) return -1;
		at = slash + 1;
	}
	return at;
}

/** What a topic below the base is, if it is none of a device's state. */
function natureOf(name: string): string | undefined {
	if (name.startsWith('bridge/')) return "the bridge's own";
	if (name.endsWith('/availability')) return 'whether the device can be reached';
	if (name.endsWith('/set') || name.includes('/set/')) return 'an order to the device';
	if (name.endsWith('/get') || name.includes('/get/')) return 'a question to the device';
	return undefined;
}

/** The devices of a list; undefined if it is none. Nothing of a list becomes a value, so that the engine may parse it. */
function listedIn(payload: Uint8Array): readonly unknown[] | undefined {
	let list: unknown;
	try {
		list = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(payload));
	} catch {
		return undefined;
	}
	return Array.isArray(list) ? list.slice(0, devicesMax) : undefined;
}

/** Vendor and model of each device in a list. */
function makesInList({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): ReadonlyMap<string, string> | undefined {
	if (!topic.endsWith('/bridge/devices') || payload.length > listBytesMax) return undefined;
	const makes = new Map<string, string>();
	for (const device of listedIn(payload) ?? []) {
		const {friendly_name: name, definition} = (device ?? {}) as {friendly_name?: unknown; definition?: unknown};
		const {vendor, model} = (definition ?? {}) as {vendor?: unknown; model?: unknown};
		if (typeof name === 'string' && typeof vendor === 'string' && typeof model === 'string') makes.set(name, `${vendor} ${model}`);
	}
	return makes;
}

/** The plans of all devices in a list; undefined if it is none. */
function readList(payload: Uint8Array): ReadonlyMap<string, Plan> | undefined {
	const list = listedIn(payload);
	if (list === undefined) return undefined;
	const found = new Map<string, Plan>();
	let properties = 0;
	for (const device of list) {
		const name = (device as {friendly_name?: unknown} | null)?.friendly_name;
		if (typeof name !== 'string' || name.length > nameLengthMax) continue;
		const plan = planOf((device as {definition?: {exposes?: unknown} | null}).definition?.exposes);
		properties += plan.size;
		if (properties > propertiesMax) break;
		found.set(name, plan);
	}
	return found;
}

/** `plan` is undefined if no list has named the device yet. */
function decodeState(payload: Uint8Array, plan: Plan | undefined, name: string): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const message = parsed.value;
	if (!(message instanceof JsonObject))
		return refuse('payload-malformed', 'it is no object: Zigbee2MQTT must be set to `output: json`, which it is by default');
	const measuredAtMs = lastSeen(message.get('last_seen'));
	if (typeof measuredAtMs !== 'number') return measuredAtMs;
	const readings: (DecodedReading | Refused)[] = [];
	let unknown: string | undefined;
	let taken = 0;
	const {keys, values} = message;
	for (let i = 0; i < keys.length; i += 1) {
		const key = keys[i]!;
		const value = values[i]!;
		let way = plan?.get(key);
		if (way === undefined) {
			const found = nameOf(key);
			if (found === undefined) continue;
			if (found.isState && plan === undefined) {
				// Of locks and covers it is a word of their own, which no list has explained.
				if (key === 'state' && value !== 'ON' && value !== 'OFF') continue;
				way = stateOf(found);
			} else {
				if (value === null) continue;
				unknown ??= key;
				readings.push(refuse('units-unknown', unlisted(key, plan, name)));
				continue;
			}
		}
		if (way === 'passed') continue;
		const reading = readingOf(key, way, value, measuredAtMs, message);
		if (!('refused' in reading)) taken += 1;
		readings.push(reading);
	}
	if (taken === 0 && unknown !== undefined) return refuse('units-unknown', unlisted(unknown, plan, name));
	return readings.length === 0 ? refuse('readings-none', 'none of its properties is a measured quantity') : {readings};
}

function unlisted(key: string, plan: Plan | undefined, name: string): string {
	return plan === undefined
		? `no list of devices (bridge/devices) has named "${name}" yet, so that the unit of ${key} is not known`
		: `the list of devices does not say that "${name}" has ${key}`;
}

function readingOf(
	key: string,
	way: Exclude<Way, 'passed'>,
	value: JsonValue,
	measuredAtMs: number,
	message: JsonObject,
): DecodedReading | Refused {
	if ('refused' in way) return way;
	if (value === null) return plainReading(way.channel, null, way.unit, measuredAtMs);
	if (way.isState) {
		const state = value === true || value === way.on ? true : value === false || value === way.off ? false : undefined;
		if (state === undefined) return refuse('value-not-number', `${key} is neither on nor off`);
		return plainReading(way.channel, state !== way.isOpposite, way.unit, measuredAtMs);
	}
	if (!(value instanceof JsonNumber)) return refuse('value-not-number', `${key} is not a number`);
	if (way.scale !== undefined) {
		const said = message.get('temperature_scale');
		if (typeof said === 'string' && !(scaleWords[way.scale] as readonly string[]).includes(said.toLowerCase()))
			return refuse('unit-wrong', `${key}: the list of devices says °${way.scale}, and the message ${said}`);
	}
	// KNOWN GAP: some of these meters tell the direction one message late; the options signed_power and late_energy_flow of Zigbee2MQTT mend that.
	if (way.flow !== undefined && message.get(way.flow) === 'producing')
		return plainReading(way.channel, negativeOf(value), way.unit, measuredAtMs);
	return plainReading(way.channel, value, way.unit, measuredAtMs);
}

/** −|number|; a zero as it is. */
function negativeOf(number: JsonNumber): JsonNumber {
	const {text, digits, exponent} = number;
	return digits === 0 || text.startsWith('-') ? number : new JsonNumber(`-${text}`, -digits, exponent);
}

/** What `temperature_scale` may be. */
const scaleWords = {C: ['°c', 'c', 'celsius'], F: ['°f', 'f', 'fahrenheit']} as const;

/**
 * ms; 0 if nothing is claimed. `advanced.last_seen` of Zigbee2MQTT makes it ISO_8601 or ISO_8601_local, which both have their offset, or epoch: ms. It is when the device was last
 * heard: with `cache_state`, which is the default, a message repeats what the device said earlier as well.
 */
function lastSeen(value: JsonValue | undefined): number | Refused {
	if (value === undefined || value === null) return 0;
	const time = typeof value === 'string' ? parseIsoTime(value) : parseDeviceTime(value, 'unix-ms');
	if (time === undefined) return refuse('time-malformed', 'last_seen is neither a time with its offset nor ms since 1970');
	// Before Zigbee was there: a clock that was never set.
	return time < yearMs ? 0 : time;
}

/** A year after 1970: clocks that were never set count from there. */
const yearMs = 31_536_000_000;

function recogniseZigbee2mqtt({
	topic,
	payload,
}: {
	readonly topic: string;
	readonly payload: Uint8Array;
}): ReturnType<NonNullable<Decoder['recognise']>> {
	const slash = topic.indexOf('/');
	if (slash < 1 || payload.length === 0 || payload.length > 65_536 || payload[0] !== 0x7b) return undefined;
	const name = topic.slice(slash + 1);
	if (name === '' || natureOf(name) !== undefined) return undefined;
	const parsed = parseJson(payload);
	if ('problem' in parsed || !(parsed.value instanceof JsonObject)) return undefined;
	const message = parsed.value;
	const quality = message.get('linkquality');
	const isLinked = quality instanceof JsonNumber && quality.digits >= 0 && quality.digits <= 255 && quality.exponent === 0;
	const isSeen = message.get('last_seen') !== undefined || message.get('update') instanceof JsonObject;
	const isUsual = topic.startsWith('zigbee2mqtt/');
	if (!isUsual && !isLinked) return undefined;
	return {
		topic: `${topic.slice(0, slash)}/${placeholder}`,
		device: name,
		sureness: isUsual ? (isLinked || isSeen ? 95 : 80) : isSeen ? 70 : 55,
	};
}
