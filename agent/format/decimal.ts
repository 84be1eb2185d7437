// Exact decimal numbers: from the digits that a device printed to an integer, and back. No float anywhere.

/** A decimal number as digits·10^exponent. */
export type Decimal = {readonly digits: bigint; readonly exponent: number};

/** Longer numbers are refused: no meter prints them, and they would cost time. */
export const decimalLengthMax = 64;
const exponentMax = 400;

/** Reads a number as JSON writes it [RFC 8259 §6]; undefined if the text is anything else, too long, or has an exponent beyond ±400. */
export function parseDecimal(text: string): Decimal | undefined {
	if (text.length > decimalLengthMax) return undefined;
	const found = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?$/.exec(text);
	if (found === null) return undefined;
	const [, sign, whole, fraction = '', power = '0'] = found;
	const exponent = Number(power);
	if (Math.abs(exponent) > exponentMax) return undefined;
	const magnitude = BigInt(whole! + fraction);
	return {digits: sign === '-' ? -magnitude : magnitude, exponent: exponent - fraction.length};
}

/**
 * The integer n with n·10^exponent = decimal·numerator/denominator; undefined if there is none, which means that the value does not fit exactly.
 */
export function scaleDecimal(decimal: Decimal, exponent: number, numerator = 1n, denominator = 1n): bigint | undefined {
	if (decimal.digits === 0n) return 0n;
	const shift = decimal.exponent - exponent;
	if (shift >= 0) {
		// 10^shift·digits beyond 64 bits is of no use to anybody; refusing early keeps 1e400 cheap.
		if (shift > 64) return undefined;
		const scaled = decimal.digits * numerator * 10n ** BigInt(shift);
		return scaled % denominator === 0n ? scaled / denominator : undefined;
	}
	if (shift < -(decimalLengthMax + 64)) return undefined;
	const divisor = denominator * 10n ** BigInt(-shift);
	const scaled = decimal.digits * numerator;
	return scaled % divisor === 0n ? scaled / divisor : undefined;
}

const powersOfTen = Array.from({length: 16}, (_, power) => Number(`1e${power}`));

/**
 * What scaleDecimal says of digits·10^shift·numerator/denominator, where every step of it is a whole number that a double holds exactly; undefined where one is not,
 * and scaleDecimal has to say. The numbers that meters print pass here, several times as fast.
 */
export function scaleShort(digits: number, shift: number, numerator: number, denominator: number): number | undefined {
	const power = powersOfTen[Math.abs(shift)];
	// A product beyond 2^53 may be rounded, but never to below it.
	const scaled = digits * numerator * (shift > 0 ? (power ?? Number.NaN) : 1);
	const divisor = shift < 0 ? denominator * (power ?? Number.NaN) : denominator;
	if (!Number.isSafeInteger(scaled) || !Number.isSafeInteger(divisor)) return undefined;
	const quotient = scaled / divisor;
	// A quotient that was rounded to a whole number does not lead back; the remainder of doubles would take several times as long.
	if (!Number.isInteger(quotient) || quotient * divisor !== scaled) return undefined;
	// Never −0.
	return scaled === 0 ? 0 : quotient;
}

/** value·10^exponent as a plain decimal text, every digit kept: (−1234, −2) is `-12.34`. */
export function decimalText(value: bigint, exponent: number): string {
	if (exponent >= 0) return value === 0n ? '0' : `${value}${'0'.repeat(exponent)}`;
	const sign = value < 0n ? '-' : '';
	const digits = (value < 0n ? -value : value).toString().padStart(-exponent + 1, '0');
	return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

/** A plain decimal text without the zeros at its end, and without a point that then ends it: `12.50` is `12.5`, `3.00` is `3`, `100` stays. */
export function withoutZeros(decimal: string): string {
	return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
