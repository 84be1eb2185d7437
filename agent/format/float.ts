// Turns a binary floating point number into the shortest decimal number that is it: what the device that made it most likely meant.

/** Bits of the format that the number came in: single or double precision [IEEE 754]. */
export type FloatWidth = 32 | 64;

const powersOfTen = Array.from({length: 16}, (_, power) => Number(`1e${power}`));
const placesMax = 12;
/** Above these the numbers of a format lie further apart than one, so that the shortest decimal may end in zeros that no places tell of. */
const wholeMax: Readonly<Record<FloatWidth, number>> = {32: 2 ** 24, 64: 1e15};
/** So many significant digits always tell numbers of single precision apart. */
const digitsMax = 9;
/** A whole number of at most 15 digits is exact, and so is what a power of ten makes of it in a division that rounds once. */
const exactMax = 1e15;

/**
 * How many places behind the point the shortest decimal of the number has: it is `shortDigits(value, places)`·10^-places. undefined where that needs more than 15
 * digits or 12 places, or the number is none: then floatText has it.
 */
export function shortPlaces(value: number, width: FloatWidth): number | undefined {
	if (!(Math.abs(value) < wholeMax[width])) return undefined;
	for (let places = 0; places <= placesMax; places += 1) {
		const power = powersOfTen[places]!;
		const digits = Math.round(value * power);
		if (!(Math.abs(digits) < exactMax)) return undefined;
		if (roundTo(digits / power, width) === value) return places;
	}
	return undefined;
}

/** The digits that belong to the places that shortPlaces gave; never −0. */
export function shortDigits(value: number, places: number): number {
	return Math.round(value * powersOfTen[places]!) + 0;
}

/** The shortest decimal, as JSON writes numbers; `NaN`, `Infinity` and `-Infinity` for what is none. */
export function floatText(value: number, width: FloatWidth): string {
	if (width === 64 || !Number.isFinite(value) || value === 0) return String(value);
	for (let digits = 1; digits < digitsMax; digits += 1) {
		const text = value.toPrecision(digits);
		if (Math.fround(Number(text)) === value) return text;
	}
	return value.toPrecision(digitsMax);
}

function roundTo(value: number, width: FloatWidth): number {
	return width === 64 ? value : Math.fround(value);
}
