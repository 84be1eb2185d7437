// Resolves a SenML pack in JSON [RFC 8428] and reads the records that a mapping names.

import {type Decimal, parseDecimal} from '../../format/decimal.ts';
import {floorToNumber} from '../device-time.ts';
import {JsonNumber, type JsonObject, type JsonValue, parseJson} from '../json.ts';
import type {Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type Decoded, type DecodedReading, exactValue} from './decoded.ts';

export const senmlDecoder = 'senml/1';

/** Highest pack version that is understood: 10 [RFC 8428 §4.4]. RFC 9100 turns versions into feature bits; none of its features is needed here. */
const versionMax = 10;
/** Sums of base time and time below this are relative to now [RFC 8428 §4.5.3]. */
const absoluteTimeMin: Decimal = {digits: 2n ** 28n, exponent: 0};
const zero: Decimal = {digits: 0n, exponent: 0};
const namePattern = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const valueLabels = ['v', 'vs', 'vb', 'vd'] as const;

/**
 * Reads a pack. What breaks a rule for the whole pack refuses it whole; a single value that does not fit is refused alone; records that the mapping does not name
 * are passed over. `slots` gives the place in the mapping's readings of a resolved name.
 */
export function decodeSenml(payload: Uint8Array, mapping: Mapping, slots: ReadonlyMap<string, number>, arrivedAtMs: number): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	if (!Array.isArray(parsed.value) || parsed.value.length === 0)
		return refuse('senml-invalid', 'a pack is a list with at least one record');
	const records = parsed.value as readonly JsonValue[];

	let baseName = '';
	let baseTime: Decimal = zero;
	let baseUnit: string | undefined;
	let baseValue: Decimal = zero;
	let version: string | undefined;
	const readings: (DecodedReading | Refused)[] = [];
	for (let i = 0; i < records.length; i += 1) {
		const record = records[i];
		if (!(record instanceof Map)) return refuse('senml-invalid', `record ${i} is not an object`);
		const fields = record as JsonObject;
		// Labels ending in "_" must be understood, and we understand none [RFC 8428 §4.4].
		for (const label of fields.keys())
			if (label.endsWith('_')) return refuse('senml-invalid', `record ${i} has the label "${label}", which must be understood`);
		const bver = fields.get('bver');
		if (bver !== undefined) {
			const text = bver instanceof JsonNumber && /^[1-9][0-9]{0,3}$/.test(bver.text) ? bver.text : undefined;
			if (text === undefined || Number(text) > versionMax)
				return refuse('senml-invalid', `the pack's version is not ${versionMax} or less`);
			// All records of a pack have the same version [RFC 8428 §4.1].
			if (version !== undefined && version !== text) return refuse('senml-invalid', 'the pack has two versions');
			version = text;
		}
		// Base fields hold from their record on, until replaced [RFC 8428 §4.1].
		const name = textField(fields, 'bn');
		const unit = textField(fields, 'bu');
		const time = numberField(fields, 'bt');
		const value = numberField(fields, 'bv');
		const sum = numberField(fields, 'bs');
		if (name === null || unit === null || time === null || value === null || sum === null)
			return refuse('senml-invalid', `a base field of record ${i} has the wrong type`);
		if (name !== undefined) baseName = name;
		if (unit !== undefined) baseUnit = unit;
		if (time !== undefined) baseTime = time;
		if (value !== undefined) baseValue = value;

		const ownName = textField(fields, 'n');
		const ownUnit = textField(fields, 'u');
		const ownTime = numberField(fields, 't');
		if (ownName === null || ownUnit === null || ownTime === null)
			return refuse('senml-invalid', `a field of record ${i} has the wrong type`);
		const values = valueLabels.filter(label => fields.has(label));
		if (values.length > 1) return refuse('senml-invalid', `record ${i} has ${values.join(' and ')}; one value is allowed`);
		if (values.length === 0) {
			// A record of base fields only is no measurement; one with a sum only is none that a mapping can name.
			if (ownName !== undefined && !fields.has('s')) return refuse('senml-invalid', `record ${i} has neither a value nor a sum`);
			continue;
		}
		const fullName = baseName + (ownName ?? '');
		if (!namePattern.test(fullName))
			return refuse('senml-invalid', `record ${i} is named "${fullName.slice(0, 80)}", which is not allowed`);
		const slot = slots.get(fullName);
		if (slot === undefined) continue;
		const reading = mapping.readings[slot]!;
		const resolvedTime = resolveTime(baseTime, ownTime ?? zero, arrivedAtMs);
		if (resolvedTime === undefined) {
			readings.push(refuse('time-implausible', `the time of ${fullName} is not one`));
			continue;
		}
		const resolved = withBase(fields.get(values[0]!)!, values[0]!, baseValue);
		const exact = exactValue(reading, resolved, ownUnit ?? baseUnit ?? reading.unit ?? '');
		readings.push(
			typeof exact === 'bigint'
				? {
						slot,
						value: exact,
						measuredAtMs: resolvedTime.ms,
						timeIsDevices: resolvedTime.isDevices,
						session: undefined,
						sequence: undefined,
					}
				: exact,
		);
	}
	return readings.length === 0 ? refuse('readings-none', 'the pack has no record that the mapping names') : {readings};
}

/** undefined: absent; null: of the wrong type. */
function textField(fields: JsonObject, label: string): string | undefined | null {
	const value = fields.get(label);
	return value === undefined || typeof value === 'string' ? value : null;
}

function numberField(fields: JsonObject, label: string): Decimal | undefined | null {
	const value = fields.get(label);
	if (value === undefined) return undefined;
	return (value instanceof JsonNumber ? parseDecimal(value.text) : undefined) ?? null;
}

/** The base value is added to numeric values only [RFC 8428 §4.1]. */
function withBase(value: JsonValue, label: string, base: Decimal): JsonValue {
	if (label !== 'v' && label !== 'vb') return null;
	if (label === 'vb' || base.digits === 0n || !(value instanceof JsonNumber)) return value;
	const own = parseDecimal(value.text);
	if (own === undefined) return value;
	const sum = add(own, base);
	return new JsonNumber(sum === undefined ? 'out of range' : `${sum.digits}e${sum.exponent}`);
}

/** Exact sum; undefined if the two are too far apart to be meant. */
function add(a: Decimal, b: Decimal): Decimal | undefined {
	if (a.digits === 0n) return b;
	if (b.digits === 0n) return a;
	const exponent = Math.min(a.exponent, b.exponent);
	if (Math.max(a.exponent, b.exponent) - exponent > 40) return undefined;
	return {digits: a.digits * 10n ** BigInt(a.exponent - exponent) + b.digits * 10n ** BigInt(b.exponent - exponent), exponent};
}

/** ms since 1970 of base time plus time; 0 where neither is there: "now" is no claim of the device's clock [RFC 8428 §4.5.3]. */
function resolveTime(base: Decimal, own: Decimal, arrivedAtMs: number): {readonly ms: number; readonly isDevices: boolean} | undefined {
	if (base.digits === 0n && own.digits === 0n) return {ms: 0, isDevices: false};
	const sum = add(base, own);
	if (sum === undefined) return undefined;
	const ms = floorToNumber(sum.digits, sum.exponent + 3);
	if (ms === undefined) return undefined;
	const isRelative = ms < Number(absoluteTimeMin.digits) * 1000;
	const time = isRelative ? arrivedAtMs + ms : ms;
	return time > 0 ? {ms: time, isDevices: !isRelative} : undefined;
}
