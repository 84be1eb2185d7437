// Reads what Shelly devices publish: the scalar topics and the info of the first generation, and the status, notifications and RPC answers of all later ones.

import {qualities} from '../../format/entry.ts';
import type {QuantityName} from '../../format/quantity.ts';
import {parseDeviceTime} from '../device-time.ts';
import {JsonNumber, JsonObject, type JsonValue, parseJson} from '../json.ts';
import {clockSetMs} from '../local-time.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type ChannelSpec, channelOf, type Decoded, type DecodedReading, type Decoder, type Recognised} from './decoder.ts';
import {endOf, type Field, fieldOf, fieldReading, isChannelNumber} from './field.ts';

export const shellyDecoder: Decoder = {
	format: 'shelly',
	name: 'shelly/1',
	readingsBy: 'format',
	open: () => {
		/** By the topic's prefix, what the device says that it prints temperatures in. */
		const temperatureUnits = new Map<string, string>();
		/** By the topic's prefix, the components that count what they return. */
		const returning = new Map<string, Set<string>>();
		const remember = (topic: string, payload: Uint8Array): boolean => {
			if (!topic.endsWith('/info')) return false;
			const info = objectOf(payload);
			if ('refused' in info) return false;
			const temperature = info.get('tmp');
			const unit = temperature instanceof JsonObject ? temperature.get('units') : undefined;
			const prefix = topic.slice(0, -'/info'.length);
			if ((unit !== 'C' && unit !== 'F') || (temperatureUnits.size >= devicesMax && !temperatureUnits.has(prefix))) return false;
			temperatureUnits.set(prefix, unit);
			return true;
		};
		return {
			decode: ({topic, payload}) => {
				remember(topic, payload);
				return decodeShelly(topic, payload, temperatureUnits, returning);
			},
			learn: ({topic, payload}) => remember(topic, payload),
		};
	},
	recognise,
};

/** Devices of which anything is remembered. */
const devicesMax = 4096;
/** Components of one device that are. */
const returningMax = 64;

type Readings = (DecodedReading | Refused)[];

function decodeShelly(
	topic: string,
	payload: Uint8Array,
	temperatureUnits: ReadonlyMap<string, string>,
	returning: Map<string, Set<string>>,
): Decoded {
	const {last, before, head} = endOf(topic);
	switch (last) {
		case 'online':
			return refuse('no-reading', 'it says whether the device is online');
		case 'announce':
		case 'command':
			return refuse('no-reading', last === 'announce' ? 'it describes the device' : 'it is a command to the device');
		case 'rpc':
			return decodeRpc(payload, returningOf(before === 'events' ? head : prefixOf(topic, last), returning));
		case 'info':
			return decodeInfo(payload);
		case 'status':
			return decodeStatus(payload, returningOf(prefixOf(topic, last), returning));
	}
	if (before === 'status') return decodeComponent(last, payload, returningOf(head, returning));
	return decodeScalar(topic, last, before, head, payload, temperatureUnits);
}

function prefixOf(topic: string, last: string): string {
	return topic.slice(0, Math.max(0, topic.length - last.length - 1));
}

function returningOf(prefix: string, returning: Map<string, Set<string>>): Set<string> {
	let components = returning.get(prefix);
	if (components === undefined) {
		components = new Set();
		if (returning.size < devicesMax) returning.set(prefix, components);
	}
	return components;
}

function objectOf(payload: Uint8Array): JsonObject | Refused {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	return parsed.value instanceof JsonObject ? parsed.value : refuse('payload-malformed', 'the message is not an object');
}

/** Unix seconds to ms; 0 where they count from the start of a clock that nobody has set, such as 1.61. */
function timeOf(value: JsonValue | undefined): number | Refused {
	if (value === undefined || value === null) return 0;
	const time = typeof value === 'string' ? undefined : parseDeviceTime(value, 'unix-s');
	if (time === undefined || time < 0) return refuse('time-malformed', 'the time is not a number of seconds since 1970');
	return time < clockSetMs ? 0 : time;
}

// ---- second generation and later ----

/** `<prefix>/events/rpc` and `<prefix>/rpc`. */
function decodeRpc(payload: Uint8Array, returning: Set<string>): Decoded {
	const message = objectOf(payload);
	if ('refused' in message) return message;
	const method = message.get('method');
	if (method === 'NotifyStatus' || method === 'NotifyFullStatus') {
		const params = message.get('params');
		if (!(params instanceof JsonObject)) return refuse('payload-malformed', `${method} has no params`);
		const time = timeOf(params.get('ts'));
		return typeof time === 'number' ? componentsOf(params, time, returning) : time;
	}
	if (method !== undefined) return refuse('no-reading', method === 'NotifyEvent' ? 'it is an event' : 'it is a request');
	const result = message.get('result');
	if (!(result instanceof JsonObject)) return refuse('no-reading', 'it is an answer without a status');
	const component = componentOfResult(result);
	if (component === undefined) return wholeStatus(result, returning);
	const readings: Readings = [];
	readerOf(component)?.(result, 0, readings, returning);
	return readings.length > 0 ? {readings} : refuse('readings-none', 'the answer holds no measured quantity');
}

/** An answer does not say which component it is of; its members do. undefined: it is the status of all of them, or none. */
function componentOfResult(result: JsonObject): string | undefined {
	const id = result.get('id');
	if (!(typeof id === 'object' && id !== null && 'text' in id) || !isChannelNumber(id.text)) return undefined;
	const has = (key: string): boolean => result.get(key) !== undefined;
	const type = has('total_act')
		? 'emdata'
		: has('total_act_energy')
			? 'em1data'
			: has('total_act_power') || has('a_act_power') || has('a_voltage')
				? 'em'
				: has('act_power') || has('aprt_power')
					? 'em1'
					: has('current_pos') || has('pos_control')
						? 'cover'
						: has('brightness') || has('rgb')
							? undefined
							: has('output')
								? 'switch'
								: has('apower')
									? 'pm1'
									: has('tC')
										? 'temperature'
										: has('rh')
											? 'humidity'
											: undefined;
	return type === undefined ? undefined : `${type}:${id.text}`;
}

/** `<prefix>/status`: all components, with the device's clock among them. Motion sensors and valves of the first generation use the same topic for a form of their own. */
function decodeStatus(payload: Uint8Array, returning: Set<string>): Decoded {
	const message = objectOf(payload);
	return 'refused' in message ? message : wholeStatus(message, returning);
}

function wholeStatus(status: JsonObject, returning: Set<string>): Decoded {
	const system = status.get('sys');
	const time = timeOf(system instanceof JsonObject ? system.get('unixtime') : undefined);
	return typeof time === 'number' ? componentsOf(status, time, returning) : time;
}

/** `<prefix>/status/<component>`: the same state as a notification's, whole, rounded to fewer digits and without a time. */
function decodeComponent(component: string, payload: Uint8Array, returning: Set<string>): Decoded {
	const read = readerOf(component);
	if (read === undefined) return refuse('no-reading', `the status of ${component} holds no measured quantity`);
	const status = objectOf(payload);
	if ('refused' in status) return status;
	const readings: Readings = [];
	read(status, 0, readings, returning);
	return readings.length > 0 ? {readings} : refuse('readings-none', `the status of ${component} holds no measured quantity`);
}

function componentsOf(components: JsonObject, measuredAtMs: number, returning: Set<string>): Decoded {
	const {keys, values} = components;
	const readings: Readings = [];
	let measures = false;
	for (let i = 0; i < keys.length; i += 1) {
		const key = keys[i]!;
		const read = readerOf(key);
		if (read === undefined) continue;
		measures = true;
		const status = values[i]!;
		// null: the component is gone.
		if (status === null) continue;
		if (status instanceof JsonObject) read(status, measuredAtMs, readings, returning);
		else readings.push(refuse('payload-malformed', `the status of ${key} is not an object`));
	}
	if (readings.length > 0) return {readings};
	return measures
		? refuse('readings-none', 'no component of it has a measured quantity')
		: refuse('no-reading', 'it is the status of components that measure nothing');
}

/** How the channels of a component are named: one that meters is `ch0`, what stands beside those under the same number has its own name. */
const componentKinds = new Map<string, 'metering' | 'three-phase' | 'three-phase-data' | 'sensor' | 'power' | 'input'>([
	['switch', 'metering'],
	['pm1', 'metering'],
	['em1', 'metering'],
	['em1data', 'metering'],
	['cover', 'metering'],
	['light', 'metering'],
	['rgb', 'metering'],
	['rgbw', 'metering'],
	['cct', 'metering'],
	['em', 'three-phase'],
	['emdata', 'three-phase-data'],
	['temperature', 'sensor'],
	['humidity', 'sensor'],
	['voltmeter', 'sensor'],
	['illuminance', 'sensor'],
	['flood', 'sensor'],
	['smoke', 'sensor'],
	['devicepower', 'power'],
	['input', 'input'],
]);
/** Their channels are `ch0`; no device has two of these under one number. */
const plainTypes: ReadonlySet<string> = new Set(['switch', 'pm1', 'em1', 'em1data']);

/** Takes the readings out of a component's status. `returning`: the components of this device that count what they return. */
type Read = (status: JsonObject, measuredAtMs: number, readings: Readings, returning: Set<string>) => void;
/** By name; null for what measures nothing. */
const componentReaders = new Map<string, Read | null>();
/** Names come from the wire. Beyond this many they are taken apart each time. */
const componentReadersMax = 1024;

/** undefined if a component of this name measures nothing. */
function readerOf(component: string): Read | undefined {
	const known = componentReaders.get(component);
	if (known !== undefined) return known ?? undefined;
	const colon = component.indexOf(':');
	const id = component.slice(colon + 1);
	const made = colon > 0 && isChannelNumber(id) ? createReader(component.slice(0, colon), id) : undefined;
	if (componentReaders.size < componentReadersMax) componentReaders.set(component, made ?? null);
	return made;
}

function createReader(type: string, id: string): Read | undefined {
	switch (componentKinds.get(type)) {
		case 'metering': {
			const part = plainTypes.has(type) ? `ch${id}` : type + id;
			const fields = meteringFields(part);
			const inside = channelOf('temperature', type + id);
			const absolute = channelOf('energy-absolute', part);
			const name = `${type}:${id}`;
			return (status, measuredAtMs, readings, returning) => {
				const returned = status.get('ret_aenergy');
				if (returned !== undefined && returning.size < returningMax) returning.add(name);
				const both = returned !== undefined || returning.has(name) ? {absolute, returned: totalOf(returned)} : undefined;
				readMetering(fields, inside, both, status, measuredAtMs, readings);
			};
		}
		case 'three-phase': {
			const channels = phaseChannels(phaseFields, id);
			return (status, measuredAtMs, readings) => readPhases(channels, status, measuredAtMs, readings);
		}
		case 'three-phase-data': {
			const channels = phaseChannels(phaseDataFields, id);
			return (status, measuredAtMs, readings) => readPhases(channels, status, measuredAtMs, readings);
		}
		case 'sensor':
			return (status, measuredAtMs, readings) => readSensor(type, `ch${id}`, status, measuredAtMs, readings);
		case 'power': {
			const part = id === '0' ? 'battery' : `battery-ch${id}`;
			return (status, measuredAtMs, readings) => readBattery(part, status, measuredAtMs, readings);
		}
		case 'input':
			return (status, measuredAtMs, readings) => {
				// null: a button, which has no state.
				const state = status.get('state');
				if (typeof state === 'boolean') readings.push(fieldReading(channelOf('input', `ch${id}`), 'state', state, measuredAtMs));
			};
	}
	return undefined;
}

/** What the device says of a measurement that does not count [Shelly API, EM: errors]. Others, such as overvoltage, are a warning about what was measured rightly. */
function qualityOf(errors: JsonValue | undefined): number {
	if (!Array.isArray(errors)) return 0;
	for (const error of errors as readonly JsonValue[])
		if (typeof error === 'string' && (error === 'power_meter_failure' || error === 'read' || error.startsWith('out_of_range')))
			return qualities.invalid;
	return 0;
}

/** `inside`: where the value stands in an object of its own. */
type MeteringField = Field & {readonly inside?: string};

/**
 * One metered circuit. Energies are Wh. `by_minute` is passed over: it repeats what `total` counts, and what its `minute_ts` means has changed between firmwares (older
 * ones print the moment of the message there).
 */
function meteringFields(part: string): ReadonlyMap<string, MeteringField> {
	return new Map<string, MeteringField>([
		['apower', fieldOf('active-power', 'W', part)],
		['act_power', fieldOf('active-power', 'W', part)],
		['aprt_power', fieldOf('apparent-power', 'VA', part)],
		['voltage', fieldOf('voltage', 'V', part)],
		['current', fieldOf('current', 'A', part)],
		['freq', fieldOf('frequency', 'Hz', part)],
		['pf', fieldOf('power-factor', '1', part)],
		['total_act_energy', fieldOf('energy-import', 'Wh', part)],
		['total_act_ret_energy', fieldOf('energy-export', 'Wh', part)],
		['aenergy', {...fieldOf('energy-import', 'Wh', part), inside: 'total'}],
		['ret_aenergy', {...fieldOf('energy-export', 'Wh', part), inside: 'total'}],
		['output', fieldOf('on', 'state', part)],
		['current_pos', fieldOf('position', '%', part)],
	]);
}

/**
 * What `aenergy` is where `ret_aenergy` stands beside it: what was returned is counted in both [Shelly API, Switch: status], so that the import is what is left. A message
 * without the second, of a component that has it, says nothing of the import.
 */
type BothWays = {readonly absolute: ChannelSpec; readonly returned: JsonValue | undefined};

function totalOf(counter: JsonValue | undefined): JsonValue | undefined {
	return counter instanceof JsonObject ? counter.get('total') : undefined;
}

/** total − returned, exactly; undefined where they are no short numbers. */
function importOf(total: JsonValue, returned: JsonValue | undefined): JsonNumber | undefined {
	if (!(total instanceof JsonNumber && returned instanceof JsonNumber)) return undefined;
	const exponent = Math.min(total.exponent, returned.exponent);
	const digits = total.digits * 10 ** (total.exponent - exponent) - returned.digits * 10 ** (returned.exponent - exponent);
	return Math.abs(digits) < 1e15 ? new JsonNumber(`${digits}e${exponent}`, digits + 0, exponent) : undefined;
}

/** `inside`: the temperature of the device, not of a place; it never shares a channel with a sensor. */
function readMetering(
	fields: ReadonlyMap<string, MeteringField>,
	inside: ChannelSpec,
	both: BothWays | undefined,
	status: JsonObject,
	measuredAtMs: number,
	readings: Readings,
): void {
	const {keys, values} = status;
	const quality = qualityOf(status.get('errors'));
	for (let i = 0; i < keys.length; i += 1) {
		const key = keys[i]!;
		const field = fields.get(key);
		let value: JsonValue | undefined = values[i]!;
		if (field === undefined) {
			const celsius = key === 'temperature' && value instanceof JsonObject ? value.get('tC') : undefined;
			if (celsius !== undefined) readings.push(fieldReading(inside, 'Cel', celsius, measuredAtMs));
			continue;
		}
		if (field.inside !== undefined) value = value instanceof JsonObject ? value.get(field.inside) : undefined;
		// A cover that was never calibrated has no position.
		if (value === undefined || (value === null && key === 'current_pos')) continue;
		if (both !== undefined && key === 'aenergy') {
			readings.push(fieldReading(both.absolute, field.unit, value, measuredAtMs, quality));
			const imported = importOf(value, both.returned);
			if (imported === undefined) continue;
			value = imported;
		}
		readings.push(fieldReading(field.channel, field.unit, value, measuredAtMs, quality));
	}
}

type PhaseField = {readonly quantity: QuantityName; readonly unit: string; readonly phase: string | undefined};

const phaseFields = new Map<string, PhaseField>();
const phaseDataFields = new Map<string, PhaseField>();
for (const [prefix, phase] of [
	['a_', 'L1'],
	['b_', 'L2'],
	['c_', 'L3'],
	['n_', 'N'],
	['total_', undefined],
] as const) {
	phaseFields.set(`${prefix}act_power`, {quantity: 'active-power', unit: 'W', phase});
	phaseFields.set(`${prefix}aprt_power`, {quantity: 'apparent-power', unit: 'VA', phase});
	phaseFields.set(`${prefix}voltage`, {quantity: 'voltage', unit: 'V', phase});
	phaseFields.set(`${prefix}current`, {quantity: 'current', unit: 'A', phase});
	phaseFields.set(`${prefix}pf`, {quantity: 'power-factor', unit: '1', phase});
	phaseFields.set(`${prefix}freq`, {quantity: 'frequency', unit: 'Hz', phase});
	phaseDataFields.set(`${prefix}total_act_energy`, {quantity: 'energy-import', unit: 'Wh', phase});
	phaseDataFields.set(`${prefix}total_act_ret_energy`, {quantity: 'energy-export', unit: 'Wh', phase});
}
// The device sums up what it has not yet rounded: these are not the sums of the three that it prints.
phaseDataFields.set('total_act', {quantity: 'energy-import', unit: 'Wh', phase: undefined});
phaseDataFields.set('total_act_ret', {quantity: 'energy-export', unit: 'Wh', phase: undefined});

type PhaseChannel = {readonly channel: ChannelSpec; readonly unit: string; readonly errors: string};

/** The first three-phase meter of a device, which is the only one of nearly all, has plain parts. */
function phaseChannels(fields: ReadonlyMap<string, PhaseField>, id: string): ReadonlyMap<string, PhaseChannel> {
	const channels = new Map<string, PhaseChannel>();
	for (const [key, {quantity, unit, phase}] of fields) {
		const part = id === '0' ? phase : phase === undefined ? `ch${id}` : `ch${id}-${phase}`;
		channels.set(key, {channel: channelOf(quantity, part), unit, errors: `${key.charAt(0)}_errors`});
	}
	return channels;
}

function readPhases(channels: ReadonlyMap<string, PhaseChannel>, status: JsonObject, measuredAtMs: number, readings: Readings): void {
	const {keys, values} = status;
	const whole = qualityOf(status.get('errors'));
	for (let i = 0; i < keys.length; i += 1) {
		const found = channels.get(keys[i]!);
		if (found === undefined) continue;
		const value = values[i]!;
		// A meter without a clamp on the neutral conductor prints null.
		if (value === null && keys[i] === 'n_current') continue;
		readings.push(fieldReading(found.channel, found.unit, value, measuredAtMs, whole | qualityOf(status.get(found.errors))));
	}
}

/** Every sensor prints Celsius beside Fahrenheit; the first is read. What a voltmeter makes of its voltage by a formula of the owner's (`xvoltage`) is not measured. */
function readSensor(type: string, part: string, status: JsonObject, measuredAtMs: number, readings: Readings): void {
	const quality = qualityOf(status.get('errors'));
	const {keys, values} = status;
	for (let i = 0; i < keys.length; i += 1) {
		const value = values[i]!;
		switch (keys[i]) {
			case 'tC':
				readings.push(fieldReading(channelOf('temperature', part), 'Cel', value, measuredAtMs, quality));
				break;
			case 'rh':
				readings.push(fieldReading(channelOf('relative-humidity', part), '%', value, measuredAtMs, quality));
				break;
			case 'voltage':
				readings.push(fieldReading(channelOf('voltage', part), 'V', value, measuredAtMs, quality));
				break;
			case 'lux':
				readings.push(fieldReading(channelOf('illuminance', part), 'lx', value, measuredAtMs, quality));
				break;
			case 'alarm':
				if (type === 'flood' || type === 'smoke')
					readings.push(fieldReading(channelOf(type === 'flood' ? 'leak' : 'smoke', part), 'state', value, measuredAtMs, quality));
				break;
		}
	}
}

function readBattery(part: string, status: JsonObject, measuredAtMs: number, readings: Readings): void {
	const battery = status.get('battery');
	if (!(battery instanceof JsonObject)) return;
	const voltage = battery.get('V');
	const percent = battery.get('percent');
	if (voltage !== undefined) readings.push(fieldReading(channelOf('voltage', part), 'V', voltage, measuredAtMs));
	if (percent !== undefined) readings.push(fieldReading(channelOf('state-of-charge', part), '%', percent, measuredAtMs));
}

// ---- first generation ----

/** What stands behind `emeter/N/`. `energy` and `returned_energy` are passed over: they are watt-minutes of what `total` and `total_returned` count in Wh. */
const emeterFields = new Map<string, {readonly quantity: QuantityName; readonly unit: string}>([
	['power', {quantity: 'active-power', unit: 'W'}],
	['reactive_power', {quantity: 'reactive-power', unit: 'var'}],
	['reactive', {quantity: 'reactive-power', unit: 'var'}],
	['voltage', {quantity: 'voltage', unit: 'V'}],
	['current', {quantity: 'current', unit: 'A'}],
	['pf', {quantity: 'power-factor', unit: '1'}],
	['total', {quantity: 'energy-import', unit: 'Wh'}],
	['total_returned', {quantity: 'energy-export', unit: 'Wh'}],
]);

/** What stands behind `sensor/`, and is no temperature. */
const sensorFields = new Map<string, {readonly quantity: QuantityName; readonly unit: string; readonly part?: string}>([
	['humidity', {quantity: 'relative-humidity', unit: '%'}],
	['lux', {quantity: 'illuminance', unit: 'lx'}],
	['battery', {quantity: 'state-of-charge', unit: '%', part: 'battery'}],
]);

/** What relays and lights count energy in, since they were switched on [Shelly API, Gen1: MQTT]. */
const wattMinutes = 'Wmin';

function decodeScalar(
	topic: string,
	last: string,
	before: string,
	head: string,
	payload: Uint8Array,
	temperatureUnits: ReadonlyMap<string, string>,
): Decoded {
	if (isChannelNumber(last)) return decodeNumbered(before, last, payload);
	const kindAt = head.lastIndexOf('/');
	const kind = head.slice(kindAt + 1);
	if (isChannelNumber(before)) {
		const part = `ch${before}`;
		if (kind === 'emeter') {
			const field = emeterFields.get(last);
			if (field !== undefined) return numberReading(channelOf(field.quantity, part), field.unit, payload);
		} else if (kind === 'relay' || kind === 'roller' || kind === 'light' || kind === 'color' || kind === 'white') {
			if (last === 'power') return numberReading(channelOf('active-power', part), 'W', payload);
			if (last === 'energy') return numberReading(channelOf('energy-import-joule', part), wattMinutes, payload);
			if (last === 'pos' && kind === 'roller') return numberReading(channelOf('position', `roller${before}`), '%', payload);
		}
		return refuse('readings-none', `${kind}/${before}/${last} is not read`);
	}
	if (before === 'relay') {
		// Two relays on one meter.
		if (last === 'power') return numberReading(channelOf('active-power'), 'W', payload);
		if (last === 'energy') return numberReading(channelOf('energy-import-joule'), wattMinutes, payload);
	} else if (before === 'sensor') {
		if (last === 'temperature') {
			// The owner chooses the unit, and the topic does not tell it.
			const unit = temperatureUnits.get(topic.slice(0, -'/sensor/temperature'.length));
			if (unit === undefined)
				return refuse('units-unknown', 'sensor/temperature may be Celsius or Fahrenheit, and no info with tmp.units has come yet');
			return unit === 'C'
				? numberReading(channelOf('temperature'), 'Cel', payload)
				: numberReading(channelOf('temperature-fahrenheit'), '[degF]', payload);
		}
		if (last === 'state') return wordReading(channelOf('door'), payload, 'open', 'close');
		if (last === 'flood') return wordReading(channelOf('leak'), payload, 'true', 'false');
		if (last === 'smoke') return wordReading(channelOf('smoke'), payload, 'true', 'false');
		const field = sensorFields.get(last);
		if (field !== undefined) return numberReading(channelOf(field.quantity, field.part), field.unit, payload);
	} else if (last === 'temperature') return numberReading(channelOf('temperature', 'device'), 'Cel', payload);
	else if (last === 'voltage') return numberReading(channelOf('voltage'), 'V', payload);
	return refuse('readings-none', `${before === '' ? last : `${before}/${last}`} is not read`);
}

function decodeNumbered(kind: string, number: string, payload: Uint8Array): Decoded {
	const part = `ch${number}`;
	switch (kind) {
		case 'relay':
		case 'light':
		case 'color':
		case 'white':
			// A relay that cut off for too much power says so in place of `off`.
			return wordReading(channelOf('on', part), payload, 'on', 'off', 'overpower');
		case 'input':
			return wordReading(channelOf('input', part), payload, '1', '0');
		case 'ext_temperature':
			return numberReading(channelOf('temperature', `ext${number}`), 'Cel', payload);
		case 'ext_humidity':
			return numberReading(channelOf('relative-humidity', `ext${number}`), '%', payload);
		case 'adc':
			return numberReading(channelOf('voltage', `adc${number}`), 'V', payload);
		case 'input_event':
		case 'longpush':
		case 'roller':
			return refuse('no-reading', 'it is an event');
	}
	return refuse('readings-none', `${kind}/${number} is not read`);
}

const scalarMax = 64;

function numberReading(channel: ChannelSpec, unit: string, payload: Uint8Array): Decoded {
	if (payload.length > scalarMax) return refuse('payload-malformed', `${channel.name} is longer than ${scalarMax} bytes`);
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('value-not-number', `${channel.name}: ${parsed.problem}`);
	const reading = fieldReading(channel, unit, parsed.value, 0);
	return 'refused' in reading ? reading : {readings: [reading]};
}

function wordReading(channel: ChannelSpec, payload: Uint8Array, yes: string, ...no: readonly string[]): Decoded {
	const word = payload.length > scalarMax ? '' : String.fromCharCode(...payload);
	if (word !== yes && !no.includes(word))
		return refuse('value-not-number', `${channel.name} is "${word}", neither ${yes} nor ${no.join(' nor ')}`);
	return {readings: [fieldReading(channel, 'state', word === yes, 0)]};
}

/** `<prefix>/info`: everything in one object. Lists are numbered as the topics are. */
function decodeInfo(payload: Uint8Array): Decoded {
	const info = objectOf(payload);
	if ('refused' in info) return info;
	const time = timeOf(info.get('unixtime'));
	if (typeof time !== 'number') return time;
	const readings: Readings = [];
	const push = (quantity: QuantityName, part: string | undefined, unit: string, value: JsonValue | undefined, from?: JsonObject): void => {
		if (value === undefined) return;
		const quality = from?.get('is_valid') === false ? qualities.invalid : 0;
		readings.push(fieldReading(channelOf(quantity, part), unit, value, time, quality));
	};
	const {keys, values} = info;
	for (let i = 0; i < keys.length; i += 1) {
		const value = values[i]!;
		switch (keys[i]) {
			case 'relays':
			case 'lights':
				forEach(value, (relay, k) => push('on', `ch${k}`, 'state', relay.get('ison'), relay));
				break;
			case 'inputs':
				forEach(value, (input, k) => {
					// Printed as 0 or 1.
					const state = input.get('input');
					push('input', `ch${k}`, 'state', state);
				});
				break;
			case 'meters':
				forEach(value, (meter, k) => {
					// A relay without a meter prints the power that its owner has typed in, and no total.
					if (meter.get('total') === undefined) return;
					push('active-power', `ch${k}`, 'W', meter.get('power'), meter);
					push('energy-import-joule', `ch${k}`, wattMinutes, meter.get('total'), meter);
				});
				break;
			case 'emeters':
				forEach(value, (meter, k) => {
					for (let m = 0; m < meter.keys.length; m += 1) {
						const field = emeterFields.get(meter.keys[m]!);
						if (field !== undefined) push(field.quantity, `ch${k}`, field.unit, meter.values[m], meter);
					}
				});
				break;
			case 'emeter_n':
				if (value instanceof JsonObject) push('current', 'N', 'A', value.get('current'), value);
				break;
			case 'total_power':
				push('active-power', undefined, 'W', value);
				break;
			case 'voltage':
				push('voltage', undefined, 'V', value);
				break;
			case 'temperature':
				push('temperature', 'device', 'Cel', value);
				break;
			case 'tmp': {
				// With a temperature of its own beside it, a relay repeats it here.
				if (!(value instanceof JsonObject) || info.get('temperature') !== undefined) break;
				// As its topic has it, so that both are one channel.
				if (value.get('units') === 'F') push('temperature-fahrenheit', undefined, '[degF]', value.get('tF'), value);
				else push('temperature', undefined, 'Cel', value.get('tC'), value);
				break;
			}
			case 'hum':
				if (value instanceof JsonObject) push('relative-humidity', undefined, '%', value.get('value'), value);
				break;
			case 'lux':
				if (value instanceof JsonObject) push('illuminance', undefined, 'lx', value.get('value'), value);
				break;
			case 'bat':
				if (!(value instanceof JsonObject)) break;
				push('state-of-charge', 'battery', '%', value.get('value'));
				push('voltage', 'battery', 'V', value.get('voltage'));
				break;
			case 'ext_temperature':
				forEachNumbered(value, (sensor, k) => push('temperature', `ext${k}`, 'Cel', sensor.get('tC')));
				break;
			case 'ext_humidity':
				forEachNumbered(value, (sensor, k) => push('relative-humidity', `ext${k}`, '%', sensor.get('hum')));
				break;
		}
	}
	return readings.length > 0 ? {readings} : refuse('readings-none', 'the info holds no measured quantity');
}

/** No device of the first generation has more. */
const listMax = 16;

function forEach(value: JsonValue, read: (item: JsonObject, k: number) => void): void {
	if (!Array.isArray(value)) return;
	const items = value as readonly JsonValue[];
	for (let k = 0; k < items.length && k < listMax; k += 1) {
		const item = items[k];
		if (item instanceof JsonObject) read(item, k);
	}
}

function forEachNumbered(value: JsonValue, read: (item: JsonObject, k: string) => void): void {
	if (!(value instanceof JsonObject)) return;
	for (let i = 0; i < value.keys.length && i < listMax; i += 1) {
		const item = value.values[i];
		if (item instanceof JsonObject && isChannelNumber(value.keys[i]!)) read(item, value.keys[i]!);
	}
}

// ---- discovery ----

const firstGeneration =
	/\/(?:online|announce|info|status|temperature|temperature_f|overtemperature|voltage|(?:emeter|relay|roller|light|color|white|input|input_event|longpush|ext_temperature|ext_humidity|ext_switch|adc)\/\d{1,3}(?:\/[a-z_]+)?|relay\/(?:power|energy)|sensor\/[a-z_]+)$/;
const laterGenerations = /\/(?:events\/rpc|rpc|online|status(?:\/[a-z0-9_]+(?::\d{1,3})?)?)$/;
const ownId = /"(?:src|id)"\s*:\s*"shelly[a-z0-9]+-[0-9a-f]{6,12}"/;
const textMax = 4096;

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	if (topic.length > 512) return undefined;
	const isFirst = topic.startsWith('shellies/');
	const later = laterGenerations.exec(topic);
	const first = isFirst ? firstGeneration.exec(topic) : null;
	const found = later ?? first;
	if (found === null) return undefined;
	const prefix = topic.slice(0, found.index);
	const slash = prefix.lastIndexOf('/');
	const device = prefix.slice(slash + 1);
	// `shellies/announce` is of all of them together.
	if (device === '' || (isFirst && slash < 0)) return undefined;
	const text = payload.length > textMax ? '' : String.fromCharCode(...payload);
	const isNamed = /^shelly[a-z0-9]+-/i.test(device) || isFirst;
	let sureness = 0;
	if (ownId.test(text)) sureness = 95;
	else if (later !== null && /^\/status\//.test(later[0]))
		sureness = readerOf(later[0].slice('/status/'.length)) !== undefined ? 85 : isNamed ? 80 : 0;
	else if (isNamed) sureness = 90;
	else if (later?.[0] === '/status' && text.includes('"sys":{"mac"')) sureness = 85;
	if (sureness === 0) return undefined;
	return {
		topic: `${slash < 0 ? '' : prefix.slice(0, slash + 1)}{device}/#`,
		device,
		sureness,
		make: isFirst && later === null ? 'Shelly Gen1' : 'Shelly',
	};
}
