// Resolves the records of a SenML pack [RFC 8428 §4], however they were written, and reads those that a mapping names.

import {type Decimal, parseDecimal, scaleShort} from '../../format/decimal.ts';
import {floorToNumber} from '../device-time.ts';
import {JsonNumber, JsonObject, type JsonValue} from '../json.ts';
import {type CompiledReading, isSenmlName, type Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Recognised} from './decoder.ts';
import {type Candidate, deviceTopic, proposeReadings} from './guess.ts';

/** Highest version before versions became sets of features [RFC 8428 §4.4]. */
const versionMax = 10;
/** Version 10 with the feature "secondary units", whose units are in the registry like others [RFC 9100 §3, RFC 8798]. */
const versionWithSecondaryUnits = 10 + 2 ** 4;
/** Sums of base time and time below this many seconds are relative to now [RFC 8428 §4.5.3]. */
const absoluteMsMin = 2 ** 28 * 1000;

/** Units of the IANA registries that the quantity registry spells otherwise. */
const unitNames: ReadonlyMap<string, string> = new Map([['/100', '%']]);

/** A sum is the integral over time, in the record's unit times seconds [RFC 8428 §4.1]: what that is called. */
const sumUnits: ReadonlyMap<string, string> = new Map([
	['W', 'J'],
	['kW', 'kJ'],
	['VA', 'VAs'],
	['var', 'vars'],
	['kvar', 'kvars'],
	['A', 'C'],
	['mA', 'mC'],
	['m/s', 'm'],
	['m3/s', 'm3'],
	['l/s', 'l'],
	['1/s', 'count'],
]);

/** What of one record the mapping wants: its value, its sum, or both. */
type Wanted = {value: CompiledReading | undefined; sum: CompiledReading | undefined};

/** The mapping's readings by the resolved names of their records, for one device after the other. */
export class WantedRecords {
	readonly #mapping: Mapping;
	readonly #byDevice = new Map<string, ReadonlyMap<string, Wanted>>();

	constructor(mapping: Mapping) {
		this.#mapping = mapping;
	}

	of(deviceId: string): ReadonlyMap<string, Wanted> {
		const known = this.#byDevice.get(deviceId);
		if (known !== undefined) return known;
		const wanted = new Map<string, Wanted>();
		for (const reading of this.#mapping.readings) {
			const name = reading.name.replaceAll('{device}', deviceId);
			let one = wanted.get(name);
			if (one === undefined) {
				one = {value: undefined, sum: undefined};
				wanted.set(name, one);
			}
			if (reading.sum) one.sum = reading;
			else one.value = reading;
		}
		this.#byDevice.set(deviceId, wanted);
		return wanted;
	}
}

/** What holds from the record that says it on, until another one replaces it [RFC 8428 §4.1]. */
type Base = {
	name: string;
	unit: string | undefined;
	time: JsonNumber | undefined;
	value: JsonNumber | undefined;
	sum: JsonNumber | undefined;
	version: string | undefined;
};

/** A record's own fields. One of these is used again for every record of a pack. */
type Fields = {
	name: string | undefined;
	unit: string | undefined;
	time: JsonNumber | undefined;
	sum: JsonNumber | undefined;
	/** v, vs, vb or vd, and what it says. */
	valueLabel: string | undefined;
	value: JsonValue;
	/** The time was made from our clock. */
	isRelative: boolean;
};

const emptyBase = (): Base => ({name: '', unit: undefined, time: undefined, value: undefined, sum: undefined, version: undefined});
const emptyFields = (): Fields => ({
	name: undefined,
	unit: undefined,
	time: undefined,
	sum: undefined,
	valueLabel: undefined,
	value: null,
	isRelative: false,
});

/**
 * Reads a pack, whose labels are those of JSON. What breaks a rule for the whole pack refuses it whole; a single value that does not fit is refused alone; records that
 * the mapping does not name are passed over.
 */
export function readPack(pack: JsonValue, wanted: ReadonlyMap<string, Wanted>, arrivedAtMs: number): Decoded {
	if (!Array.isArray(pack) || pack.length === 0) return refuse('senml-invalid', 'a pack is a list with at least one record');
	const records = pack as readonly JsonValue[];
	const base = emptyBase();
	const fields = emptyFields();
	const readings: (DecodedReading | Refused)[] = [];
	for (let i = 0; i < records.length; i += 1) {
		const record = records[i]!;
		const problem = record instanceof JsonObject ? readRecord(record, base, fields) : 'is not an object';
		if (problem !== undefined) return refuse('senml-invalid', `record ${i} ${problem}`);
		if (fields.valueLabel === undefined && fields.sum === undefined) {
			// A record of base fields only is no measurement.
			if (fields.name !== undefined) return refuse('senml-invalid', `record ${i} has neither a value nor a sum`);
			continue;
		}
		const name = fields.name === undefined ? base.name : base.name + fields.name;
		const one = wanted.get(name);
		if (one === undefined) {
			if (!isSenmlName(name)) return refuse('senml-invalid', `record ${i} is named "${name.slice(0, 80)}", which is not allowed`);
			continue;
		}
		if (one.value !== undefined && fields.valueLabel !== undefined) readings.push(readingOf(one.value, name, base, fields, arrivedAtMs));
		if (one.sum !== undefined && fields.sum !== undefined) readings.push(sumOf(one.sum, name, base, fields, arrivedAtMs));
	}
	return readings.length === 0 ? refuse('readings-none', 'the pack has no record that the mapping names') : {readings};
}

/** Takes a record's base fields into `base` and the others into `fields`; says what is wrong with it. */
function readRecord(record: JsonObject, base: Base, fields: Fields): string | undefined {
	fields.name = undefined;
	fields.unit = undefined;
	fields.time = undefined;
	fields.sum = undefined;
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
				else if (label === 's') fields.sum = value;
				else base.sum = value;
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
				if (version === undefined || (Number(version) > versionMax && Number(version) !== versionWithSecondaryUnits))
					return `has a version that is neither ${versionWithSecondaryUnits} nor ${versionMax} or less`;
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
	const isOfItsType = fields.valueLabel === 'v' ? fields.value instanceof JsonNumber : typeof fields.value === 'boolean';
	const time = timeOf(name, base, fields, arrivedAtMs);
	if (typeof time !== 'number') return time;
	if (!isOfItsType || (fields.valueLabel !== 'v' && fields.valueLabel !== 'vb'))
		return refuse('value-not-number', `${name} has ${fields.valueLabel} that a channel does not take`);
	// The base value is added to numeric values only [RFC 8428 §4.1].
	const resolved = fields.valueLabel === 'v' && !isZero(base.value) ? sumOfNumbers(fields.value as JsonNumber, base.value!) : fields.value;
	const own = fields.unit ?? base.unit;
	const unit = own === undefined ? (reading.unit ?? '') : reading.channel.scales.has(own) ? own : (unitNames.get(own) ?? own);
	return resolvedReading(reading, resolved as JsonNumber | boolean | string, unit, time, fields);
}

function sumOf(reading: CompiledReading, name: string, base: Base, fields: Fields, arrivedAtMs: number): DecodedReading | Refused {
	const time = timeOf(name, base, fields, arrivedAtMs);
	if (typeof time !== 'number') return time;
	const resolved = isZero(base.sum) ? fields.sum! : sumOfNumbers(fields.sum!, base.sum!);
	const own = fields.unit ?? base.unit;
	// The mapping's unit is that of the sum.
	const unit = own === undefined ? (reading.unit ?? '') : sumUnits.get(own);
	if (unit === undefined) return refuse('unit-wrong', `"${own}" of ${name}, times seconds, is no unit that is known`);
	return resolvedReading(reading, resolved as JsonNumber | string, unit, time, fields);
}

function resolvedReading(
	reading: CompiledReading,
	value: JsonNumber | boolean | string,
	unit: string,
	measuredAtMs: number,
	fields: Fields,
): DecodedReading {
	return {
		channel: reading.channel,
		value,
		unit,
		measuredAtMs,
		timeIsDevices: measuredAtMs !== 0 && !fields.isRelative,
		session: undefined,
		sequence: undefined,
		quality: 0,
		spanMs: 0,
		counter: undefined,
	};
}

/** When the record was measured, in ms; 0 where it says "now", which is no claim of the device's clock [RFC 8428 §4.5.3]. */
function timeOf(name: string, base: Base, fields: Fields, arrivedAtMs: number): number | Refused {
	const relativeOrAbsolute = sumOfTimes(base.time, fields.time);
	if (relativeOrAbsolute === undefined) return refuse('time-implausible', `the time of ${name} is not one`);
	if (isZero(base.time) && isZero(fields.time)) return 0;
	fields.isRelative = relativeOrAbsolute < absoluteMsMin;
	const measuredAtMs = fields.isRelative ? arrivedAtMs + relativeOrAbsolute : relativeOrAbsolute;
	return measuredAtMs <= 0 ? refuse('time-implausible', `the time of ${name} is before 1970`) : measuredAtMs;
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

function sumOfNumbers(own: JsonNumber, base: JsonNumber): JsonValue {
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

const knownLabels: ReadonlySet<string> = new Set('n u v vs vb vd s t ut bn bt bu bv bs bver'.split(' '));

/** A list of records with names and values, and no label that SenML does not have, is a pack. */
export function recognisePack(topic: string, pack: JsonValue): Recognised | undefined {
	if (!Array.isArray(pack) || pack.length === 0) return undefined;
	const base = emptyBase();
	const fields = emptyFields();
	const candidates = new Map<string, Candidate>();
	let isMeasured = false;
	for (const record of pack as readonly JsonValue[]) {
		if (!(record instanceof JsonObject) || !record.keys.every(key => knownLabels.has(key))) return undefined;
		if (readRecord(record, base, fields) !== undefined) return undefined;
		if (fields.valueLabel === undefined && fields.sum === undefined) continue;
		const name = base.name + (fields.name ?? '');
		if (!isSenmlName(name)) return undefined;
		isMeasured = true;
		if (fields.valueLabel !== 'v' && fields.valueLabel !== 'vb') continue;
		const unit = fields.unit ?? base.unit;
		candidates.set(name, {name, label: name.split(/[:/]/).slice(-2).join(' '), unit, isBoolean: fields.valueLabel === 'vb'});
	}
	if (!isMeasured) return undefined;
	const {topic: filter, device} = deviceTopic(topic, [...candidates.keys()].join(' '));
	const readings = proposeReadings([...candidates.values()]).map(({candidate: {name}, quantity, part}) => ({
		name: device.length > 2 ? name.replaceAll(device, '{device}') : name,
		quantity,
		...(part === undefined ? {} : {part}),
		optional: true,
	}));
	return {topic: filter, device, sureness: 85, readings, make: 'SenML pack'};
}
