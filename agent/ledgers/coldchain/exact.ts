// Turns a reading of any scale of temperature, or of humidity, into whole ninths of a millionth, so that limits are compared exactly.

import type {Reading} from '../ledger.ts';

/** Of one thousandth (m°C, or m%): Fahrenheit comes in ninths, and devices that print more digits in millionths. */
export const finePerMilli = 9000;

/** Above this nothing is a temperature that anything was carried at: 1,000 °C. */
const milliMax = 1_000_000;
const absoluteZeroMilliC = -273_150;

/** What is measured on a channel, by the quantity in its name. */
export type Sort = 'temperature' | 'humidity' | 'door' | 'power';
type Scale = 'celsius' | 'fahrenheit' | 'kelvin' | 'humidity';

const scales: Readonly<Record<string, Scale>> = {
	temperature: 'celsius',
	'temperature-fahrenheit': 'fahrenheit',
	'temperature-kelvin': 'kelvin',
	'relative-humidity': 'humidity',
};

export function sortOf(quantityName: string): Sort | undefined {
	if (quantityName === 'door') return 'door';
	if (quantityName === 'on') return 'power';
	const scale = Object.hasOwn(scales, quantityName) ? scales[quantityName] : undefined;
	return scale === undefined ? undefined : scale === 'humidity' ? 'humidity' : 'temperature';
}

/** From this exponent on a value is a whole number of these units. */
export const exponentExact = -3;

/**
 * The value in ninths of a millionth of a degree Celsius, or of a per cent divided by a thousand: exact. What is finer than that is rounded down, or up where `isUp` is set: so the two
 * compare with any limit as the value itself does. undefined if it is no temperature or humidity that can be.
 */
export function fineOf(quantityName: string, {value, exponent}: Pick<Reading, 'value' | 'exponent'>, isUp = false): number | undefined {
	const scale = Object.hasOwn(scales, quantityName) ? scales[quantityName] : undefined;
	if (scale === undefined) return undefined;
	// Thousandths of the scale's unit in millionths: ·10^(exponent+3).
	let micro: number;
	if (exponent === 0 && value > -1_000_000_000n && value < 1_000_000_000n) micro = Number(value) * 1000;
	else {
		const exact = microOf(value, exponent, isUp);
		if (exact === undefined) return undefined;
		micro = exact;
	}
	// K = °C + 273.15; °C = (°F − 32)·5/9.
	let fine = micro * 9;
	if (scale === 'kelvin') fine = (micro + absoluteZeroMilliC * 1000) * 9;
	if (scale === 'fahrenheit') fine = (micro - 32_000_000) * 5;
	const isPossible =
		scale === 'humidity'
			? fine >= 0 && fine <= 200_000 * finePerMilli
			: fine > absoluteZeroMilliC * finePerMilli && fine <= milliMax * finePerMilli;
	return isPossible ? fine : undefined;
}

function microOf(value: bigint, exponent: number, isUp: boolean): number | undefined {
	const shift = exponent + 3;
	if (shift > 12 || shift < -40) return undefined;
	let micro: bigint;
	if (shift >= 0) micro = value * 10n ** BigInt(shift);
	else {
		const divisor = 10n ** BigInt(-shift);
		micro = value / divisor;
		// Division goes towards zero.
		if (value % divisor !== 0n && isUp === value > 0n) micro += isUp ? 1n : -1n;
	}
	return micro > -10_000_000_000n && micro < 10_000_000_000n ? Number(micro) : undefined;
}

/** In thousandths, rounded to the nearest, halves away from zero: for showing, never for comparing. */
export function milliOf(fine: number): number {
	const size = Math.floor((Math.abs(fine) + finePerMilli / 2) / finePerMilli);
	return fine < 0 && size !== 0 ? -size : size;
}
