// Turns what a person types into the whole numbers that are signed, and those into texts: exactly, in either direction.

import {decimalText, parseDecimal, scaleDecimal} from '../../format/decimal.ts';
import type {Figures} from './figures.ts';

/** A number that was typed, or why it is none: not written as one, with too many digits behind the point, nought or below, or beyond what is exact. */
export type Typed = {readonly value: number} | {readonly wrong: 'malformed' | 'too-fine' | 'not-above-nought' | 'too-large'};

/**
 * So many of a unit 10^-places as a text says. A comma is no point: in one language it parts thousands, in another it begins a fraction, and an order must not depend on who reads it.
 * Digits and points of full width, as Chinese keyboards write them, are those.
 */
export function typedAmount(text: string, places: number): Typed {
	const plain = text.trim().replace(/[\uff10-\uff19\uff0e]/g, wide => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
	const decimal = /^\d+(?:\.\d+)?$/.test(plain) ? parseDecimal(plain.replace(/^0+(?=\d)/, '')) : undefined;
	if (decimal === undefined) return {wrong: 'malformed'};
	const value = scaleDecimal(decimal, -places);
	if (value === undefined) return {wrong: 'too-fine'};
	if (value === 0n) return {wrong: 'not-above-nought'};
	return value > BigInt(Number.MAX_SAFE_INTEGER) ? {wrong: 'too-large'} : {value: Number(value)};
}

/** All digits, with at least `least` of them behind the point. */
function exactText(value: bigint, places: number, least: number, figures: Figures): string {
	const [whole, fraction = ''] = decimalText(value, -places).split('.');
	const kept = fraction.replace(/0+$/, '').padEnd(least, '0');
	return figures.exact(kept === '' ? whole! : `${whole}.${kept}`);
}

/** kWh from Wh, without the unit. */
export const energyDigits = (wh: number | bigint, figures: Figures): string => exactText(BigInt(wh), 3, 0, figures);
export const energyText = (wh: number | bigint, figures: Figures): string => `${energyDigits(wh, figures)} kWh`;

/** Currency for a kWh from µ-currency, without the unit. */
export const priceDigits = (micro: number | bigint, figures: Figures): string => exactText(BigInt(micro), 6, 2, figures);
export const priceText = (micro: number | bigint, currency: string, figures: Figures): string =>
	`${priceDigits(micro, figures)} ${currency}/kWh`;

/** Currency from nano-currency, without the unit. */
export const moneyDigits = (nano: string | bigint, figures: Figures): string => exactText(BigInt(nano), 9, 2, figures);
export const moneyText = (nano: string | bigint, currency: string, figures: Figures): string => `${moneyDigits(nano, figures)} ${currency}`;

/** µ-currency or nothing behind the point as a person types it: what a field is filled with. */
export const fieldText = (micro: number): string => decimalText(BigInt(micro), -6).replace(/0{1,4}$/, '');
