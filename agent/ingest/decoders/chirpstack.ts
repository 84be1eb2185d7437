// Turns an uplink event of ChirpStack v4 in JSON into readings of what the device's codec made of it.

import {followPointer, JsonObject, parseJson} from '../json.ts';
import type {Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, Message, Recognised} from './decoder.ts';
import {claimedTime, createFrameCounts, frameNumber, pointedReading} from './pointed.ts';
import {suggestReadings} from './suggest.ts';

export const chirpstackDecoder: Decoder = {
	format: 'chirpstack',
	name: 'chirpstack/1',
	readingsBy: 'pointer',
	open: mapping => {
		const countOf = createFrameCounts();
		return {decode: message => decode(message, mapping, countOf)};
	},
	recognise,
};

/** The last level of the topic `application/ID/device/EUI/event/EVENT`, of all events but `up`. */
const otherEvents: Readonly<Record<string, string>> = {
	status: 'how well the network hears the device',
	join: 'the device joined the network',
	ack: 'whether the device has a downlink',
	txack: 'a gateway has sent a downlink',
	log: 'a message of the server',
	location: 'the network has worked out where the device is',
	integration: 'what an integration of the server made of an uplink',
};
/** Made once: such messages come often. */
const otherRefusals: ReadonlyMap<string, Refused> = new Map(
	Object.entries(otherEvents).map(([event, what]) => [event, refuse('no-reading', `${event}: ${what}`)]),
);

function decode({topic, payload, deviceId}: Message, mapping: Mapping, countOf: ReturnType<typeof createFrameCounts>): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const {value: event} = parsed;
	// Every event of version 4 says whose it is; version 3 did so in other words.
	if (!(event instanceof JsonObject) || !(event.get('deviceInfo') instanceof JsonObject))
		return refuse('payload-malformed', 'it has no deviceInfo: no event of ChirpStack v4');
	const kind = topic.slice(topic.lastIndexOf('/') + 1);
	const other = otherRefusals.get(kind);
	if (other !== undefined) return other;
	// Where a bridge has renamed the topic, the event itself must say that it is an uplink: no other tells how it was heard.
	if (kind !== 'up' && event.get('rxInfo') === undefined) return refuse('no-reading', 'an event without rxInfo is no uplink');

	const number = frameNumber(event.get('devAddr'), event.get('fCnt'));
	if ('refused' in number) return number;
	const measuredAtMs = networkTime(event);
	if (typeof measuredAtMs !== 'number') return measuredAtMs;
	const object = event.get('object');
	if (object === undefined) return refuse('readings-none', 'the server has not decoded it: the device profile has no codec, or it failed');
	const marks = countOf(deviceId, {measuredAtMs, session: number.session, sequence: number.sequence});
	const readings: (DecodedReading | Refused)[] = [];
	for (const reading of mapping.readings) {
		const one = pointedReading(reading, object, reading.pointer, marks);
		if (one !== undefined) readings.push(one);
	}
	return readings.length === 0 ? refuse('readings-none', 'none of the fields that the mapping names is there') : {readings};
}

/**
 * `time` is when the network heard the device: by a gateway's GPS or clock, else by the server's. The device itself has no clock and speaks as it measures; the time is
 * the same in every delivery.
 */
function networkTime(event: JsonObject): number | Refused {
	const time = event.get('time');
	if (time === undefined) return 0;
	return claimedTime(time) ?? refuse('time-malformed', 'time is not one of RFC 3339');
}

const topicPattern = /^(.*\/)?application\/([^/+#]+)\/device\/([^/+#]+)\/event\/up$/;

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	const found = topicPattern.exec(topic);
	if (found === null) return undefined;
	const parsed = parseJson(payload);
	if ('problem' in parsed || !(parsed.value instanceof JsonObject)) return undefined;
	const info = parsed.value.get('deviceInfo');
	if (!(info instanceof JsonObject)) return undefined;
	const profile = followPointer(info, ['deviceProfileName']);
	return {
		topic: `${found[1] ?? ''}application/+/device/{device}/event/+`,
		device: found[3]!,
		sureness: 98,
		readings: suggestReadings(parsed.value.get('object')),
		...(typeof profile === 'string' ? {make: profile} : {}),
	};
}
