// Turns what a device printed into the exact integer of its channel.

import {parseDecimal, scaleDecimal, scaleShort} from '../../format/decimal.ts';
import {fitsValue} from '../../format/entry.ts';
import {JsonNumber, type JsonValue} from '../json.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {ChannelSpec} from './decoder.ts';

/** The n with n·10^exponent = value in the channel's base unit. What does not fit exactly is refused, never rounded. */
export function exactValue({quantity, scales}: ChannelSpec, exponent: number, value: JsonValue, unit: string): bigint | Refused {
	if (typeof value === 'boolean' && quantity.kind === 'state') return value ? 1n : 0n;
	const scale = scales.get(unit);
	if (scale !== undefined && value instanceof JsonNumber) {
		const short = scaleShort(value.digits, value.exponent - exponent, scale.numeratorShort, scale.denominatorShort);
		if (short !== undefined) return BigInt(short);
	}
	const text = value instanceof JsonNumber ? value.text : typeof value === 'string' ? value : undefined;
	const decimal = text === undefined ? undefined : parseDecimal(text);
	if (decimal === undefined) return refuse('value-not-number', `${quantity.name} is ${describe(value)}`);
	if (scale === undefined) return refuse('unit-wrong', `"${unit}" does not measure ${quantity.name}`);
	const scaled = scaleDecimal(decimal, exponent, scale.numerator, scale.denominator);
	// So many zeros behind the digits fit no 64 bits, whatever the unit.
	if (scaled === undefined && decimal.exponent - exponent > 64)
		return refuse('value-out-of-range', `${quantity.name} ${text} ${unit} does not fit 64 bits`);
	if (scaled === undefined)
		return refuse('value-inexact', `${quantity.name} ${text} ${unit} is not a whole multiple of 10^${exponent} ${quantity.unit}`);
	return fitsValue(scaled) ? scaled : refuse('value-out-of-range', `${quantity.name} ${text} ${unit} does not fit 64 bits`);
}

function describe(value: JsonValue): string {
	if (value === null) return 'null';
	if (value instanceof JsonNumber) return value.text;
	if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
	return typeof value === 'boolean' ? String(value) : Array.isArray(value) ? 'a list' : 'an object';
}
