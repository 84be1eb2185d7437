// Turns values in the base units of the log into those that people read, exactly.

import {decimalText, parseDecimal} from '../format/decimal.ts';

/** Base units that nobody says at home: how they are written, and by how many digits the point moves. */
const shownUnits: Readonly<Record<string, readonly [unit: string, shift: number]>> = {
	mCel: ['°C', -3],
	'm[degF]': ['°F', -3],
	mV: ['V', -3],
	mA: ['A', -3],
	mHz: ['Hz', -3],
	'm%': ['%', -3],
	Wh: ['kWh', -3],
	varh: ['kvarh', -3],
	VAh: ['kVAh', -3],
	mgCO2e: ['kg CO₂e', -6],
	'mg/s': ['mg/s', 0],
	'ug/m3': ['µg/m³', 0],
	Pa: ['hPa', -2],
	dBA: ['dB(A)', 0],
	state: ['', 0],
	count: ['', 0],
	'1': ['', 0],
};

/** A number as a decimal text, with all its digits, and its unit, which may be none. */
export type Amount = {readonly text: string; readonly unit: string};

/** A value in the unit that people read, all of its digits kept but noughts at the end of a fraction. */
export function readableValue(digits: string, exponent: number, unit: string | null): Amount {
	const [shown, shift] = shownUnits[unit ?? ''] ?? [unit ?? '', 0];
	const text = decimalText(BigInt(digits), exponent + shift);
	return {text: withoutZeros(text), unit: shown};
}

/** Behind the point, at the end. */
export const withoutZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** The same as a number, for drawing. */
export function drawnValue(digits: string | null, exponent: number, unit: string | null): number | null {
	if (digits === null) return null;
	const [, shift] = shownUnits[unit ?? ''] ?? ['', 0];
	// Division by a power of ten gives the nearest number; multiplying by 0.001 would not.
	const power = exponent + shift;
	return power < 0 ? Number(digits) / 10 ** -power : Number(digits) * 10 ** power;
}

export function drawnUnit(unit: string | null): string {
	return (shownUnits[unit ?? ''] ?? [unit ?? ''])[0];
}

/** A decimal text, as files have it, in the unit that people read; as it stands where it is no number. */
export function readableText(value: string, unit: string | undefined): Amount {
	const read = parseDecimal(value);
	return read === undefined ? {text: value, unit: unit ?? ''} : readableValue(String(read.digits), read.exponent, unit ?? null);
}
