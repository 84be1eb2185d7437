// Turns an uplink of The Things Stack v3, as its MQTT server and its webhooks print it, into readings of what the device's payload formatter made of it.

import {followPointer, JsonObject, type JsonValue, parseJson} from '../json.ts';
import type {CompiledReading, Mapping, ReadingConfig} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, Message, Recognised} from './decoder.ts';
import {claimedTime, createFrameCounts, frameNumber, type MessageMarks, pointedReading} from './pointed.ts';
import {knownReadings, type Meaning, suggestReadings} from './suggest.ts';

/** The key whose values come from the normalizer, in units that its schema fixes; pointers that begin with it start at the uplink. */
const normalized = 'normalized_payload';

type Plan = {
	readonly reading: CompiledReading;
	/** From `uplink_message`. */
	readonly tokens: readonly string[];
	/** Where the device's own time stands if it does: of a normalized measurement [lib/payload.json of the LoRaWAN Device Repository]. */
	readonly time: readonly string[] | undefined;
};

export const ttsDecoder: Decoder = {
	format: 'tts',
	name: 'tts/1',
	readingsBy: 'pointer',
	open: mapping => {
		const plans = plansOf(mapping);
		const countOf = createFrameCounts();
		return {decode: message => decode(message, plans, countOf)};
	},
	recognise,
};

function plansOf(mapping: Mapping): readonly Plan[] {
	return mapping.readings.map(reading => {
		const [first, index] = reading.pointer;
		if (first !== normalized) return {reading, tokens: ['decoded_payload', ...reading.pointer], time: undefined};
		return {reading, tokens: reading.pointer, time: index === undefined ? undefined : [normalized, index, 'time']};
	});
}

/** What else the Application Server says of a device: nothing in it is measured. */
const otherEvents: Readonly<Record<string, string>> = {
	join_accept: 'the device joined the network',
	downlink_queued: 'a downlink waits',
	downlink_sent: 'a downlink was sent',
	downlink_ack: 'the device has a downlink',
	downlink_nack: 'the device did not get a downlink',
	downlink_failed: 'a downlink failed',
	downlink_queue_invalidated: 'the queue of downlinks is invalid',
	downlinks: 'an order to send downlinks',
	location_solved: 'the network has worked out where the device is',
	service_data: 'what an application package of the server made',
	uplink_normalized: 'a copy of the normalized part of an uplink, which comes whole as uplink_message',
};
/** Made once: such messages come often. */
const otherRefusals: ReadonlyMap<string, Refused> = new Map(
	Object.entries(otherEvents).map(([event, what]) => [event, refuse('no-reading', `${event}: ${what}`)]),
);

const notDecoded = refuse('readings-none', 'the server has not decoded it: the device has no payload formatter, or it failed');

function decode({payload, deviceId}: Message, plans: readonly Plan[], countOf: ReturnType<typeof createFrameCounts>): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const {value: message} = parsed;
	if (!(message instanceof JsonObject)) return refuse('payload-malformed', 'a message of The Things Stack is an object');
	const uplink = message.get('uplink_message');
	// Protocol buffers leave false out of JSON: whatever stands there else was not measured by a device.
	const simulated = message.get('simulated');
	if (simulated !== undefined && simulated !== false)
		return refuse('not-measured', 'simulated is not false: the console or the API made this message, no device');
	if (uplink === undefined) {
		for (const key of message.keys) {
			const other = otherRefusals.get(key);
			if (other !== undefined) return other;
		}
		return refuse('payload-malformed', 'it has no uplink_message, and is no other message of The Things Stack');
	}
	if (!(uplink instanceof JsonObject)) return refuse('payload-malformed', 'uplink_message is not an object');
	// A mapping whose every reading must be there would else say the same of each.
	if (uplink.get('decoded_payload') === undefined && uplink.get(normalized) === undefined) return notDecoded;

	const printed = marksOf(message, uplink);
	if ('refused' in printed) return printed;
	const marks = countOf(deviceId, printed);
	const readings: (DecodedReading | Refused)[] = [];
	for (const plan of plans) {
		const time = plan.time === undefined ? undefined : followPointer(uplink, plan.time);
		const own = time === undefined ? marks : ownTime(time, marks);
		const reading = 'refused' in own ? own : pointedReading(plan.reading, uplink, plan.tokens, own);
		if (reading !== undefined) readings.push(reading);
	}
	return readings.length === 0 ? refuse('readings-none', 'none of the fields that the mapping names is there') : {readings};
}

/**
 * The times of an uplink are of the network, not of the device, which has no clock: what it says it says as it sends. The Network Server's receive time is within a
 * second or two of that, the same in every delivery, and of a clock that is kept; the Application Server's comes next. A gateway's is not taken: many have never set
 * their clocks [lorawan-stack issue 5585].
 */
function marksOf(message: JsonObject, uplink: JsonObject): MessageMarks | Refused {
	const ids = message.get('end_device_ids');
	// Devices that are activated by personalization have no key id; their address is their session.
	const session = uplink.get('session_key_id') ?? (ids instanceof JsonObject ? ids.get('dev_addr') : undefined);
	const number = frameNumber(session, uplink.get('f_cnt'));
	if ('refused' in number) return number;
	for (const found of [uplink.get('received_at'), message.get('received_at')]) {
		if (found === undefined) continue;
		const measuredAtMs = claimedTime(found);
		if (measuredAtMs === undefined) return refuse('time-malformed', 'received_at is not a time of RFC 3339');
		if (measuredAtMs > 0) return {measuredAtMs, session: number.session, sequence: number.sequence};
	}
	return {measuredAtMs: 0, session: number.session, sequence: number.sequence};
}

/** Readings of a measurement that the device has dated itself. */
function ownTime(time: JsonValue, marks: MessageMarks): MessageMarks | Refused {
	const measuredAtMs = claimedTime(time);
	if (measuredAtMs === undefined) return refuse('time-malformed', 'the time of the normalized measurement is not one of RFC 3339');
	return {measuredAtMs, session: marks.session, sequence: marks.sequence};
}

/** What the schema of normalized payloads fixes, by the pointer below a measurement. */
const normalizedMeanings: ReadonlyMap<string, Meaning> = new Map([
	['/battery', {quantity: 'voltage', unit: 'V', part: 'battery'}],
	['/air/temperature', {quantity: 'temperature', unit: '°C'}],
	['/air/relativeHumidity', {quantity: 'relative-humidity', unit: '%'}],
	['/air/pressure', {quantity: 'pressure', unit: 'hPa'}],
	['/air/co2', {quantity: 'co2-fraction', unit: 'ppm'}],
	['/air/lightIntensity', {quantity: 'illuminance', unit: 'lx'}],
	['/soil/temperature', {quantity: 'temperature', unit: '°C'}],
	['/water/temperature/current', {quantity: 'temperature', unit: '°C', part: 'water'}],
	['/metering/water/total', {quantity: 'water-volume', unit: 'L'}],
]);

const topicPattern = /^v3\/([^/+#]+)\/devices\/([^/+#]+)\/up$/;

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	const found = topicPattern.exec(topic);
	// Cheap, for all the messages that are none.
	if (found === null && !Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes('"uplink_message"')) return undefined;
	const parsed = parseJson(payload);
	if ('problem' in parsed || !(parsed.value instanceof JsonObject)) return undefined;
	const {value: message} = parsed;
	const uplink = message.get('uplink_message');
	const ids = message.get('end_device_ids');
	if (!(uplink instanceof JsonObject) || !(ids instanceof JsonObject) || (message.get('simulated') ?? false) !== false) return undefined;
	const named = ids.get('device_id');
	const device = found?.[2] ?? (typeof named === 'string' ? named : undefined);
	if (device === undefined) return undefined;
	const brand = followPointer(uplink, ['version_ids', 'brand_id']);
	const model = followPointer(uplink, ['version_ids', 'model_id']);
	return {
		topic: found === null ? topicWith(topic, device) : `v3/${found[1]}/devices/{device}/up`,
		device,
		sureness: found === null ? 85 : 98,
		readings: suggested(uplink),
		...(typeof brand === 'string' && typeof model === 'string' ? {make: `${brand} ${model}`} : {}),
	};
}

/** What is normalized is certain; where nothing is, what the formatter's own names plainly say. */
function suggested(uplink: JsonObject): readonly ReadingConfig[] {
	const first = `/${normalized}/0`;
	const certain = knownReadings(followPointer(uplink, [normalized, '0']), first, normalizedMeanings);
	return certain.length > 0 ? certain : suggestReadings(uplink.get('decoded_payload'));
}

/** A topic in which the level that is the device's name stands for every device; as it is where there is no such level. */
function topicWith(topic: string, device: string): string {
	const levels = topic.split('/');
	const at = levels.indexOf(device);
	if (at >= 0) levels[at] = '{device}';
	return levels.join('/');
}
