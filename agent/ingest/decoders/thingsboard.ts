// Turns telemetry as devices send it to ThingsBoard into readings.

import {parseDeviceTime} from '../device-time.ts';
import {JsonObject, type JsonValue, parseJson} from '../json.ts';
import type {CompiledReading} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, Message, Recognised} from './decoder.ts';
import {claimed, pointedReading} from './pointed.ts';
import {suggestReadings} from './suggest.ts';

/** Pointers start at the values, be they the message itself, or what stands in `values` beside a `ts`. */
export const thingsboardDecoder: Decoder = {
	format: 'thingsboard',
	name: 'thingsboard/1',
	readingsBy: 'pointer',
	open: ({readings}) => {
		// Each item of a list has now this, now that.
		const loose = readings.map(reading => ({...reading, optional: true}));
		return {decode: message => decode(message, readings, loose)};
	},
	recognise,
};

type Telemetry = {readonly values: JsonValue; readonly time: JsonValue | undefined};

/** `{"a": 1}`, or `{"ts": ms, "values": {"a": 1}}`. undefined: not an object. */
function telemetryOf(item: JsonValue): Telemetry | undefined {
	if (!(item instanceof JsonObject)) return undefined;
	const values = item.get('values');
	const time = item.get('ts');
	return time !== undefined && values instanceof JsonObject ? {values, time} : {values: item, time: undefined};
}

function decode({topic, payload}: Message, wanted: readonly CompiledReading[], loose: readonly CompiledReading[]): Decoded {
	const other = /\/(attributes|rpc|claim|provision|firmware)(?:\/|$)/.exec(topic);
	if (other !== null) return refuse('no-reading', `${other[1]} is no telemetry`);
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const items = Array.isArray(parsed.value) ? (parsed.value as readonly JsonValue[]) : [parsed.value];
	const readings: (DecodedReading | Refused)[] = [];
	const isThere = new Set<CompiledReading>();
	for (const item of items) {
		const telemetry = telemetryOf(item);
		if (telemetry === undefined) return refuse('payload-malformed', 'telemetry is an object, or a list of objects');
		const measuredAtMs = telemetry.time === undefined ? 0 : claimed(parseDeviceTime(telemetry.time, 'unix-ms'));
		if (measuredAtMs === undefined) return refuse('time-malformed', 'ts is not in ms since 1970');
		const marks = {measuredAtMs, session: undefined, sequence: undefined};
		for (const reading of loose) {
			const one = pointedReading(reading, telemetry.values, reading.pointer, marks);
			if (one === undefined) continue;
			isThere.add(reading);
			readings.push(one);
		}
	}
	// What is in none of the items is missing.
	for (const [i, {optional, pointerText}] of wanted.entries())
		if (!optional && !isThere.has(loose[i]!)) readings.push(refuse('field-missing', `${pointerText} is missing`));
	return readings.length === 0 ? refuse('readings-none', 'none of the fields that the mapping names is there') : {readings};
}

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	if (topic !== 'v1/devices/me/telemetry') return undefined;
	const parsed = parseJson(payload);
	if ('problem' in parsed) return undefined;
	const first = Array.isArray(parsed.value) ? (parsed.value as readonly JsonValue[])[0] : parsed.value;
	const telemetry = first === undefined ? undefined : telemetryOf(first);
	// The topic names no device: who it is its credentials say.
	return telemetry && {topic, device: 'me', sureness: 90, readings: suggestReadings(telemetry.values)};
}
