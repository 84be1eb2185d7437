// Reads a JSON message by the pointers of a mapping.

import {uint48Max} from '../../base/bytes.ts';
import {parseDeviceTime} from '../device-time.ts';
import {followPointer, JsonNumber, JsonObject, type JsonValue, parseJson} from '../json.ts';
import {parseLocalTime} from '../local-time.ts';
import type {Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, Recognised} from './decoder.ts';
import {type Candidate, deviceTopic, proposeReadings, wordsOf} from './guess.ts';

export const jsonDecoder: Decoder = {
	format: 'json',
	name: 'json/1',
	readingsBy: 'pointer',
	open: mapping => ({decode: ({payload}) => decodeJson(payload, mapping)}),
	recognise: recogniseJson,
};

/** What SQLite gives back as it was: no control character, no lone surrogate. */
const sessionPattern = /^[^\p{Cc}\p{Cs}]{0,64}$/u;

/** What a format of the config stands for. */
const timeWords = {
	iso: 'a time such as 2026-11-22T18:00:00Z (iso)',
	'unix-s': 'a number of seconds since 1970 (unix-s)',
	'unix-ms': 'a number of milliseconds since 1970 (unix-ms)',
} as const;

function decodeJson(payload: Uint8Array, mapping: Mapping): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	const {value: message} = parsed;

	let measuredAtMs = 0;
	if (mapping.time !== undefined) {
		const found = followPointer(message, mapping.time.pointer);
		if (found === undefined || found === null) return refuse('field-missing', `the time at /${mapping.time.pointer.join('/')} is missing`);
		const time = parseDeviceTime(found, mapping.time.format);
		const local =
			time === undefined && mapping.time.format === 'iso' && typeof found === 'string' ? parseLocalTime(found, mapping.zone) : undefined;
		if (time === undefined && (local === undefined || mapping.zone === undefined)) {
			const what = local === undefined ? timeWords[mapping.time.format] : 'a time with an offset from UTC, and the mapping has no zone';
			return refuse('time-malformed', `the time at /${mapping.time.pointer.join('/')} is not ${what}`);
		}
		// 0 would mean "claims no time", so a device that says 1970 is not taken at its word; neither is a negative time.
		if (time !== undefined && time <= 0) return refuse('time-implausible', 'the device says that it is 1970 or earlier');
		// A local time that comes twice, or not at all, is no claim that anybody could hold against anything.
		measuredAtMs = time ?? local!;
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

/** The last word of a key, where it can only be a unit. */
const unitWords: ReadonlyMap<string, string> = new Map(
	['W', 'kW', 'Wh', 'kWh', 'MWh', 'var', 'kvar', 'varh', 'kvarh', 'VA', 'V', 'mV', 'A', 'mA', 'Hz', 'Pa', 'hPa', 'kPa', 'mbar', 'ppm']
		.map(unit => [unit.toLowerCase(), unit] as const)
		.concat([
			['c', 'Cel'],
			['degc', 'Cel'],
			['celsius', 'Cel'],
			['f', 'degF'],
			['degf', 'degF'],
			['fahrenheit', 'degF'],
			['percent', '%'],
			['pct', '%'],
			['%', '%'],
			['lux', 'lx'],
			['m3', 'm3'],
			['watts', 'W'],
			['volts', 'V'],
			['amps', 'A'],
		]),
);

/** Words without one of which a unit is too little to go by. */
const measuredWords: ReadonlySet<string> = new Set(
	(
		'temperature temp power energy import export imported exported total generated production voltage volt current frequency freq humidity hum pressure ' +
		'illuminance lux co2 gas water soc battery active reactive apparent'
	).split(' '),
);

const timeKeys: ReadonlySet<string> = new Set(['time', 'timestamp', 'ts', 'at', 'measuredat', 'measured_at', 'datetime', 'date_time']);
/** Seconds or milliseconds of the years 2001 to 2099. */
const unixSMin = 1e9;
const unixSMax = 4.1e9;
const walkDepthMax = 4;
const candidatesMax = 256;

/** Cautious: only keys whose name says the quantity and whose end says the unit, such as `temperature_c`. Any decoder that knows the message is surer. */
function recogniseJson({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	if (payload[0] !== 0x7b && !(payload[0]! <= 0x20)) return undefined;
	const parsed = parseJson(payload);
	if ('problem' in parsed || !(parsed.value instanceof JsonObject)) return undefined;
	const candidates: Candidate[] = [];
	walk(parsed.value, '', '', 0, candidates);
	const readings = proposeReadings(candidates).map(({candidate, quantity, unit, part}) => ({
		pointer: candidate.name,
		quantity,
		unit,
		...(part === undefined ? {} : {part}),
		optional: true,
	}));
	if (readings.length === 0) return undefined;
	const time = timeOf(parsed.value);
	return {...deviceTopic(topic), sureness: 20, readings, ...(time === undefined ? {} : {time})};
}

function walk(at: JsonObject, pointer: string, path: string, depth: number, candidates: Candidate[]): void {
	for (let i = 0; i < at.keys.length; i += 1) {
		if (candidates.length === candidatesMax) return;
		const key = at.keys[i]!;
		const value = at.values[i]!;
		const name = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
		const label = `${path} ${key}`;
		if (value instanceof JsonObject) {
			if (depth < walkDepthMax) walk(value, name, label, depth + 1, candidates);
			continue;
		}
		const unit = value instanceof JsonNumber ? unitOfKey(key) : undefined;
		if (unit === undefined) continue;
		if (wordsOf(label).some(word => measuredWords.has(word))) candidates.push({name, label, unit, isBoolean: false});
	}
}

/** `importKWh` and `import_kwh`: the unit stands apart from the name, and the name is not the unit alone. */
function unitOfKey(key: string): string | undefined {
	const found = /^(.+?)(?:_|(?<=[a-z0-9])(?=[A-Z]))([A-Za-z0-9%]+)$/.exec(key.slice(0, 128));
	if (found === null) return undefined;
	const [, , end] = found;
	const own = unitWords.get(end!.toLowerCase());
	if (own !== undefined) return own;
	// The last piece of `energy_import_kwh`.
	return unitWords.get(wordsOf(end!).join('')) ?? unitWords.get(end!.split('_').at(-1)!.toLowerCase());
}

function timeOf(message: JsonObject): Recognised['time'] {
	for (let i = 0; i < message.keys.length; i += 1) {
		const key = message.keys[i]!;
		if (!timeKeys.has(key.toLowerCase())) continue;
		const value = message.values[i]!;
		const pointer = `/${key}`;
		if (typeof value === 'string') {
			if (parseDeviceTime(value, 'iso') !== undefined) return {pointer, format: 'iso'};
			continue;
		}
		if (!(value instanceof JsonNumber)) continue;
		const number = Number(value.text);
		if (number >= unixSMin && number < unixSMax) return {pointer, format: 'unix-s'};
		if (number >= 1000 * unixSMin && number < 1000 * unixSMax) return {pointer, format: 'unix-ms'};
	}
	return undefined;
}
