// Reads a JSON message by the pointers of a mapping.

import {uint48Max} from '../../base/bytes.ts';
import {parseDeviceTime} from '../device-time.ts';
import {followPointer, JsonNumber, type JsonValue, parseJson} from '../json.ts';
import type {Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder} from './decoder.ts';

export const jsonDecoder: Decoder = {
	format: 'json',
	name: 'json/1',
	readingsBy: 'pointer',
	open: mapping => ({decode: ({payload}) => decodeJson(payload, mapping)}),
};

/** What SQLite gives back as it was: no control character, no lone surrogate. */
const sessionPattern = /^[^\p{Cc}\p{Cs}]{0,64}$/u;

function decodeJson(payload: Uint8Array, mapping: Mapping): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const {value: message} = parsed;

	let measuredAtMs = 0;
	if (mapping.time !== undefined) {
		const found = followPointer(message, mapping.time.pointer);
		if (found === undefined || found === null) return refuse('field-missing', `the time at /${mapping.time.pointer.join('/')} is missing`);
		const time = parseDeviceTime(found, mapping.time.format);
		if (time === undefined) return refuse('time-malformed', `the time at /${mapping.time.pointer.join('/')} is not ${mapping.time.format}`);
		// 0 would mean "claims no time", so a device that says 1970 is not taken at its word; neither is a negative time.
		if (time <= 0) return refuse('time-implausible', 'the device says that it is 1970 or earlier');
		measuredAtMs = time;
	}

	let session: string | undefined;
	let sequence: number | undefined;
	if (mapping.sequence !== undefined) {
		sequence = wholeNumber(followPointer(message, mapping.sequence.pointer));
		if (sequence === undefined)
			return refuse('sequence-malformed', `the sequence at /${mapping.sequence.pointer.join('/')} is not a whole number`);
		session = '';
		if (mapping.sequence.session !== undefined) {
			const found = followPointer(message, mapping.sequence.session);
			const text = found instanceof JsonNumber ? found.text : found;
			if (typeof text !== 'string' || !sessionPattern.test(text))
				return refuse('sequence-malformed', 'the session is not a short, clean text or number');
			session = text;
		}
	}

	const readings: (DecodedReading | Refused)[] = [];
	for (const reading of mapping.readings) {
		const found = followPointer(message, reading.pointer);
		if (found === undefined || found === null) {
			if (!reading.optional) readings.push(refuse('field-missing', `${reading.pointerText} is missing`));
			continue;
		}
		const value = printedValue(found);
		readings.push(
			value === undefined
				? refuse('value-not-number', `${reading.pointerText} is ${Array.isArray(found) ? 'a list' : 'an object'}`)
				: {
						channel: reading.channel,
						value,
						unit: reading.unit ?? '',
						measuredAtMs,
						timeIsDevices: true,
						session,
						sequence,
						quality: 0,
						spanMs: 0,
						counter: undefined,
					},
		);
	}
	return readings.length === 0 ? refuse('readings-none', 'none of the fields that the mapping names is there') : {readings};
}

/** What can be a value of a channel; undefined for a list or an object. */
export function printedValue(value: JsonValue): DecodedReading['value'] | undefined {
	return value === null || value instanceof JsonNumber || typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
}

function wholeNumber(value: JsonValue | undefined): number | undefined {
	if (!(value instanceof JsonNumber) || value.exponent !== 0 || value.text === '-0') return undefined;
	// Short numbers are exact; of anything else the digits are NaN, which is not below anything.
	return value.digits >= 0 && value.digits < uint48Max ? value.digits : undefined;
}
