// Turns a report of properties to Huawei Cloud IoTDA into readings.

import {parseIsoTime} from '../device-time.ts';
import {JsonObject, type JsonValue, parseJson} from '../json.ts';
import type {Mapping, ReadingConfig} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, Message, Recognised} from './decoder.ts';
import {claimed, pointedReading} from './pointed.ts';
import {suggestReadings} from './suggest.ts';

/** Pointers name the service and then its property: `/Meter/totalEnergy`. */
export const iotdaDecoder: Decoder = {
	format: 'iotda',
	name: 'iotda/1',
	readingsBy: 'pointer',
	open: mapping => ({decode: message => decode(message, mapping)}),
	recognise,
};

function decode({topic, payload}: Message, mapping: Mapping): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const {value: message} = parsed;
	if (!(message instanceof JsonObject)) return refuse('payload-malformed', 'a report to IoTDA is an object');
	if (message.get('devices') !== undefined)
		return refuse('payload-malformed', 'a report of a gateway for devices below it, which is not supported');
	const services = message.get('services');
	if (!Array.isArray(services)) {
		return /\/sys\/(?:messages|commands|events|shadow|properties\/(?:set|get))/.test(topic)
			? refuse('no-reading', 'a message of another sort than a report of properties')
			: refuse('payload-malformed', 'services, the list of what is reported, is missing');
	}
	const readings: (DecodedReading | Refused)[] = [];
	for (const service of services as readonly JsonValue[]) {
		const id = service instanceof JsonObject ? service.get('service_id') : undefined;
		const properties = service instanceof JsonObject ? service.get('properties') : undefined;
		if (typeof id !== 'string' || !(properties instanceof JsonObject))
			return refuse('payload-malformed', 'a service has no service_id or no properties');
		const time = (service as JsonObject).get('event_time');
		const measuredAtMs = time === undefined || time === null ? 0 : claimed(parseEventTime(time));
		const marks = measuredAtMs === undefined ? undefined : {measuredAtMs, session: undefined, sequence: undefined};
		for (const reading of mapping.readings) {
			if (reading.pointer[0] !== id) continue;
			const one =
				marks === undefined
					? refuse('time-malformed', `event_time of ${id} is not a time of UTC`)
					: pointedReading(reading, properties, reading.pointer.slice(1), marks);
			if (one !== undefined) readings.push(one);
		}
	}
	for (const {optional, pointer, pointerText} of mapping.readings)
		if (!optional && !services.some(service => (service as JsonObject).get('service_id') === pointer[0]))
			readings.push(refuse('field-missing', `${pointerText} is missing`));
	return readings.length === 0 ? refuse('readings-none', 'none of the properties that the mapping names is there') : {readings};
}

/** `20151212T121212Z`, or with dashes, colons and ms; always of UTC. */
function parseEventTime(value: JsonValue): number | undefined {
	if (typeof value !== 'string') return undefined;
	if (value.length !== 16 || value[8] !== 'T') return parseIsoTime(value);
	// What is not a digit there, parseIsoTime finds.
	const date = `${value.slice(0, 4)}-${value.slice(4, 6)}-${value.slice(6, 8)}`;
	return parseIsoTime(`${date}T${value.slice(9, 11)}:${value.slice(11, 13)}:${value.slice(13)}`);
}

const topicPattern = /^\$oc\/devices\/([^/+#]+)\/sys\/properties\/report(?:\?.*)?$/;

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	const found = topicPattern.exec(topic);
	if (found === null) return undefined;
	const parsed = parseJson(payload);
	const services = 'problem' in parsed || !(parsed.value instanceof JsonObject) ? undefined : parsed.value.get('services');
	if (!Array.isArray(services)) return undefined;
	const readings: ReadingConfig[] = [];
	for (const service of services as readonly JsonValue[]) {
		const id = service instanceof JsonObject ? service.get('service_id') : undefined;
		if (typeof id !== 'string') return undefined;
		for (const one of suggestReadings((service as JsonObject).get('properties'), `/${id.replaceAll('~', '~0').replaceAll('/', '~1')}`))
			if (!readings.some(({quantity, part}) => quantity === one.quantity && part === one.part)) readings.push(one);
	}
	return {topic: '$oc/devices/{device}/sys/properties/report', device: found[1]!, sureness: 97, readings};
}
