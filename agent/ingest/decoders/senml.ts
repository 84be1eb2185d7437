// Resolves a SenML pack in JSON [RFC 8428] and reads the records that a mapping names.

import {type Decimal, parseDecimal, scaleShort} from '../../format/decimal.ts';
import {floorToNumber} from '../device-time.ts';
import {JsonNumber, JsonObject, type JsonValue, parseJson} from '../json.ts';
import {type CompiledReading, isSenmlName} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder} from './decoder.ts';

export const senmlDecoder: Decoder = {
	format: 'senml',
	name: 'senml/1',
	readingsBy: 'name',
	open: mapping => {
		/** By device: the mapping's readings by their resolved names. */
		const byDevice = new Map<string, ReadonlyMap<string, CompiledReading>>();
		const namesOf = (deviceId: string): ReadonlyMap<string, CompiledReading> => {
			let names = byDevice.get(deviceId);
			if (names === undefined) {
				names = new Map(mapping.readings.map(reading => [reading.name.replaceAll('{device}', deviceId), reading]));
				byDevice.set(deviceId, names);
			}
			return names;
		};
		return {decode: ({payload, deviceId, arrivedAtMs}) => decodeSenml(payload, namesOf(deviceId), arrivedAtMs)};
	},
};

/** Highest pack version that is understood: 10 [RFC 8428 §4.4]. RFC 9100 turns versions into feature bits; none of its features is needed here. */
const versionMax = 10;
/** Sums of base time and time below this many seconds are relative to now [RFC 8428 §4.5.3]. */
const absoluteMsMin = 2 ** 28 * 1000;

/** What holds from the record that says it on, until another one replaces it [RFC 8428 §4.1]. */
type Base = {
	name: string;
	unit: string | undefined;
	time: JsonNumber | undefined;
	value: JsonNumber | undefined;
	version: string | undefined;
};

/** A record's own fields. One of these is used again for every record of a pack. */
type Fields = {
	name: string | undefined;
	unit: string | undefined;
	time: JsonNumber | undefined;
	hasSum: boolean;
	/** v, vs, vb or vd, and what it says. */
	valueLabel: string | undefined;
	value: JsonValue;
};

/**
 * Reads a pack. What breaks a rule for the whole pack refuses it whole; a single value that does not fit is refused alone; records that the mapping does not name
 * are passed over. `names` gives the mapping's readings by their resolved names.
 */
function decodeSenml(payload: Uint8Array, names: ReadonlyMap<string, CompiledReading>, arrivedAtMs: number): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	if (!Array.isArray(parsed.value) || parsed.value.length === 0)
		return refuse('senml-invalid', 'a pack is a list with at least one record');
	const records = parsed.value as readonly JsonValue[];

	const base: Base = {name: '', unit: undefined, time: undefined, value: undefined, version: undefined};
	const fields: Fields = {name: undefined, unit: undefined, time: undefined, hasSum: false, valueLabel: undefined, value: null};
	const readings: (DecodedReading | Refused)[] = [];
	for (let i = 0; i < records.length; i += 1) {
		const record = records[i]!;
		const problem = record instanceof JsonObject ? readRecord(record, base, fields) : 'is not an object';
		if (problem !== undefined) return refuse('senml-invalid', `record ${i} ${problem}`);
		if (fields.valueLabel === undefined) {
			// A record of base fields only is no measurement; one with a sum only is none that a mapping can name.
			if (fields.name !== undefined && !fields.hasSum) return refuse('senml-invalid', `record ${i} has neither a value nor a sum`);
			continue;
		}
		const name = fields.name === undefined ? base.name : base.name + fields.name;
		const reading = names.get(name);
		if (reading === undefined) {
			if (!isSenmlName(name)) return refuse('senml-invalid', `record ${i} is named "${name.slice(0, 80)}", which is not allowed`);
			continue;
		}
		readings.push(readingOf(reading, name, base, fields, arrivedAtMs));
	}
	return readings.length === 0 ? refuse('readings-none', 'the pack has no record that the mapping names') : {readings};
}

/** Takes a record's base fields into `base` and the others into `fields`; says what is wrong with it. */
function readRecord(record: JsonObject, base: Base, fields: Fields): string | undefined {
	fields.name = undefined;
	fields.unit = undefined;
	fields.time = undefined;
	fields.hasSum = false;
	fields.valueLabel = undefined;
	const {keys, values} = record;
	for (let i = 0; i < keys.length; i += 1) {
		const label = keys[i]!;
		const value = values[i]!;
		switch (label) {
			case 'n':
			case 'u':
			case 'bn':
			case 'bu':
				if (typeof value !== 'string') return `has ${label} that is not a text`;
				if (label === 'n') fields.name = value;
				else if (label === 'u') fields.unit = value;
				else if (label === 'bn') base.name = value;
				else base.unit = value;
				break;
			case 't':
			case 'bt':
			case 'bv':
			case 'bs':
			case 's':
				if (!(value instanceof JsonNumber)) return `has ${label} that is not a number`;
				if (label === 't') fields.time = value;
				else if (label === 'bt') base.time = value;
				else if (label === 'bv') base.value = value;
				else if (label === 's') fields.hasSum = true;
				break;
			case 'v':
			case 'vs':
			case 'vb':
			case 'vd':
				if (fields.valueLabel !== undefined) return `has ${fields.valueLabel} and ${label}; one value is allowed`;
				fields.valueLabel = label;
				fields.value = value;
				break;
			case 'bver': {
				const version = value instanceof JsonNumber && /^[1-9][0-9]{0,3}$/.test(value.text) ? value.text : undefined;
				if (version === undefined || Number(version) > versionMax) return `has a version that is not ${versionMax} or less`;
				// All records of a pack have the same version [RFC 8428 §4.1].
				if (base.version !== undefined && base.version !== version) return 'has another version than the one before';
				base.version = version;
				break;
			}
			default:
				// Such labels must be understood, and we understand none; any other is passed over [RFC 8428 §4.4].
				if (label.endsWith('_')) return `has the label "${label.slice(0, 80)}", which must be understood`;
		}
	}
	return undefined;
}

function readingOf(reading: CompiledReading, name: string, base: Base, fields: Fields, arrivedAtMs: number): DecodedReading | Refused {
	const relativeOrAbsolute = sumOfTimes(base.time, fields.time);
	if (relativeOrAbsolute === undefined) return refuse('time-implausible', `the time of ${name} is not one`);
	const isRelative = relativeOrAbsolute < absoluteMsMin;
	const hasTime = !isZero(base.time) || !isZero(fields.time);
	// Where neither is there, "now" is no claim of the device's clock [RFC 8428 §4.5.3].
	const measuredAtMs = !hasTime ? 0 : isRelative ? arrivedAtMs + relativeOrAbsolute : relativeOrAbsolute;
	if (hasTime && measuredAtMs <= 0) return refuse('time-implausible', `the time of ${name} is before 1970`);
	const isOfItsType = fields.valueLabel === 'v' ? fields.value instanceof JsonNumber : typeof fields.value === 'boolean';
	if (!isOfItsType || (fields.valueLabel !== 'v' && fields.valueLabel !== 'vb'))
		return refuse('value-not-number', `${name} has ${fields.valueLabel} that a channel does not take`);
	// The base value is added to numeric values only [RFC 8428 §4.1].
	const resolved = fields.valueLabel === 'v' && !isZero(base.value) ? sumOfValues(fields.value as JsonNumber, base.value!) : fields.value;
	return {
		channel: reading.channel,
		value: resolved as JsonNumber | boolean | string,
		unit: fields.unit ?? base.unit ?? reading.unit ?? '',
		measuredAtMs,
		timeIsDevices: hasTime && !isRelative,
		session: undefined,
		sequence: undefined,
		quality: 0,
		spanMs: 0,
		counter: undefined,
	};
}

function isZero(number: JsonNumber | undefined): boolean {
	return number === undefined || number.digits === 0;
}

/** ⌊base + own⌋ in ms; undefined if that is no time. */
function sumOfTimes(base: JsonNumber | undefined, own: JsonNumber | undefined): number | undefined {
	const baseUs = base === undefined ? 0 : scaleShort(base.digits, base.exponent + 6, 1, 1);
	const ownUs = own === undefined ? 0 : scaleShort(own.digits, own.exponent + 6, 1, 1);
	if (baseUs !== undefined && ownUs !== undefined && Number.isSafeInteger(baseUs + ownUs)) {
		const sumUs = baseUs + ownUs;
		// Division alone could round up to the next ms.
		return (sumUs - (((sumUs % 1000) + 1000) % 1000)) / 1000;
	}
	const sum = add(decimalOf(base), decimalOf(own));
	return sum === undefined ? undefined : floorToNumber(sum.digits, sum.exponent + 3);
}

function sumOfValues(own: JsonNumber, base: JsonNumber): JsonValue {
	const sum = add(decimalOf(own), decimalOf(base));
	return sum === undefined ? 'out of range' : new JsonNumber(`${sum.digits}e${sum.exponent}`);
}

function decimalOf(number: JsonNumber | undefined): Decimal | undefined {
	return number === undefined ? {digits: 0n, exponent: 0} : parseDecimal(number.text);
}

/** Exact sum; undefined if one is no number that we take, or the two are too far apart to be meant. */
function add(a: Decimal | undefined, b: Decimal | undefined): Decimal | undefined {
	if (a === undefined || b === undefined) return undefined;
	if (a.digits === 0n) return b;
	if (b.digits === 0n) return a;
	const exponent = Math.min(a.exponent, b.exponent);
	if (Math.max(a.exponent, b.exponent) - exponent > 40) return undefined;
	return {digits: a.digits * 10n ** BigInt(a.exponent - exponent) + b.digits * 10n ** BigInt(b.exponent - exponent), exponent};
}
