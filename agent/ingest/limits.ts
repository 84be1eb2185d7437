// Turns what a device may report, as its owner wrote it, into bounds at the exponent of a channel.

import {decimalText, parseDecimal, scaleDecimal} from '../format/decimal.ts';
import {quantityOfName, unitFactor} from '../format/quantity.ts';
import type {ChannelSpec} from './decoders/decoder.ts';
import type {Limits} from './devices.ts';
import {unknownQuantity, wrongUnit} from './mapping.ts';
import {type Refused, refuse} from './refusal.ts';

/** Both ends are allowed. A sentence: the device may not report this quantity at all. */
export type SlotLimits = {readonly min: bigint; readonly max: bigint} | string;

const valueMin = -(2n ** 63n);
const valueMax = 2n ** 63n - 1n;
const unlimited: SlotLimits = {min: valueMin, max: valueMax};

/** The bounds of a channel; `quantities` are the only ones that the device may report, or undefined for all. */
export function limitsOf(quantities: Readonly<Record<string, Limits>> | undefined, spec: ChannelSpec, exponent: number): SlotLimits {
	if (quantities === undefined) return unlimited;
	const {quantity} = spec;
	if (!Object.hasOwn(quantities, quantity.name)) return `${quantity.name} is not among the quantities of the device`;
	const {min, max, unit = quantity.unit} = quantities[quantity.name]!;
	return {
		min: min === undefined ? valueMin : bound(min, unit, spec, exponent, true),
		max: max === undefined ? valueMax : bound(max, unit, spec, exponent, false),
	};
}

/** Why a value at the exponent lies outside of the bounds, with both; undefined if it does not. */
export function limitExceeded(
	value: bigint,
	limits: Exclude<SlotLimits, string>,
	{quantity}: ChannelSpec,
	exponent: number,
): Refused | undefined {
	const {min, max} = limits;
	if (value >= min && value <= max) return undefined;
	const text = (bound: bigint): string => `${decimalText(bound, exponent)} ${quantity.unit}`;
	const bounds = min === valueMin ? `at most ${text(max)}` : max === valueMax ? `at least ${text(min)}` : `${text(min)} to ${text(max)}`;
	return refuse('limit-exceeded', `${quantity.name} ${text(value)} lies outside of the limits of the device: ${bounds}`);
}

/** What is wrong with the limits of one quantity, as a sentence; undefined if nothing is. */
export function limitsProblem(quantityName: string, {min, max, unit}: Limits): string | undefined {
	const quantity = quantityOfName(quantityName);
	if (quantity === undefined) return unknownQuantity(quantityName);
	const factor = unitFactor(quantity, unit ?? quantity.unit);
	if (factor === undefined) return wrongUnit(quantity, unit!);
	for (const text of [min, max])
		if (text !== undefined && parseDecimal(text) === undefined) return `"${text}" is not a plain decimal number`;
	if (min !== undefined && max !== undefined) {
		const [low, high] = [parseDecimal(min)!, parseDecimal(max)!];
		const shared = Math.min(low.exponent, high.exponent);
		if (scaleDecimal(low, shared)! > scaleDecimal(high, shared)!) return `its min ${min} is above its max ${max}`;
	}
	return undefined;
}

/** The bound at the exponent, rounded into what is allowed. */
function bound(text: string, unit: string, {quantity}: ChannelSpec, exponent: number, isMin: boolean): bigint {
	const {digits, exponent: power} = parseDecimal(text)!;
	const [numerator, denominator] = unitFactor(quantity, unit)!;
	const shift = power - exponent;
	const up = digits * numerator * (shift > 0 ? 10n ** BigInt(shift) : 1n);
	const down = denominator * (shift < 0 ? 10n ** BigInt(-shift) : 1n);
	const floor = up >= 0n ? up / down : -((-up + down - 1n) / down);
	const value = isMin && floor * down !== up ? floor + 1n : floor;
	return value < valueMin ? valueMin : value > valueMax ? valueMax : value;
}
