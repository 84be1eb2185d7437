// Turns a report of properties in Alink, the format of Alibaba Cloud IoT, into readings.

import {parseDeviceTime} from '../device-time.ts';
import {JsonObject, parseJson} from '../json.ts';
import type {CompiledReading, Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, Message, Recognised} from './decoder.ts';
import {claimed, pointedReading, untimed} from './pointed.ts';
import {suggestReadings} from './suggest.ts';

/** Pointers start at `params`: `/Power` is the value of the property, `/Power/L1` a member of it. */
export const alinkDecoder: Decoder = {
	format: 'alink',
	name: 'alink/1',
	readingsBy: 'pointer',
	open: mapping => ({decode: message => decode(message, mapping)}),
	recognise,
};

const postMethod = 'thing.event.property.post';

function decode({topic, payload}: Message, mapping: Mapping): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const {value: message} = parsed;
	if (!(message instanceof JsonObject)) return refuse('payload-malformed', 'a message of Alink is an object');
	const method = message.get('method');
	if (topic.endsWith('_reply') || message.get('code') !== undefined) return refuse('no-reading', 'an answer of the cloud');
	if (typeof method === 'string' && method.startsWith('thing.') && method !== postMethod)
		return refuse('no-reading', `${method} is no report of properties`);
	const params = message.get('params');
	if (method !== postMethod || !(params instanceof JsonObject))
		return refuse('payload-malformed', `it is not ${postMethod} with an object of params`);
	const readings: (DecodedReading | Refused)[] = [];
	for (const reading of mapping.readings) {
		const one = propertyReading(reading, params);
		if (one !== undefined) readings.push(one);
	}
	return readings.length === 0 ? refuse('readings-none', 'none of the properties that the mapping names is there') : {readings};
}

/** A property is its value, or `{"value": …, "time": ms}`. The id of a message begins anew every day: it numbers nothing. */
function propertyReading(reading: CompiledReading, params: JsonObject): DecodedReading | Refused | undefined {
	const property = params.get(reading.pointer[0] ?? '');
	const wrapped = property instanceof JsonObject ? property.get('value') : undefined;
	if (wrapped === undefined) return pointedReading(reading, property, reading.pointer.slice(1), untimed);
	const time = (property as JsonObject).get('time');
	const measuredAtMs = time === undefined ? 0 : claimed(parseDeviceTime(time, 'unix-ms'));
	if (measuredAtMs === undefined) return refuse('time-malformed', `the time of ${reading.pointerText} is not in ms since 1970`);
	return pointedReading(reading, wrapped, reading.pointer.slice(1), {measuredAtMs, session: undefined, sequence: undefined});
}

const topicPattern = /^\/sys\/([^/+#]+)\/([^/+#]+)\/thing\/event\/property\/post$/;

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	const found = topicPattern.exec(topic);
	if (found === null) return undefined;
	const parsed = parseJson(payload);
	const params = 'problem' in parsed || !(parsed.value instanceof JsonObject) ? undefined : parsed.value.get('params');
	if (!(params instanceof JsonObject)) return undefined;
	const bare = new JsonObject(
		params.keys,
		params.values.map(property => (property instanceof JsonObject ? (property.get('value') ?? property) : property)),
	);
	return {topic: `/sys/${found[1]}/{device}/thing/event/property/post`, device: found[2]!, sureness: 97, readings: suggestReadings(bare)};
}
