// Turns a binary floating point number into the shortest decimal number that is it: what the device that made it most likely meant.

/** Bits of the format that the number came in: half, single or double precision [IEEE 754]. */
export type FloatWidth = 16 | 32 | 64;

const powersOfTen = Array.from({length: 16}, (_, power) => Number(`1e${power}`));
const placesMax = 12;
/** Above these the numbers of a format lie further apart than one, so that the shortest decimal may end in zeros that no places tell of. */
const wholeMax: Readonly<Record<FloatWidth, number>> = {16: 2 ** 11, 32: 2 ** 24, 64: 1e15};
/** So many significant digits always tell the numbers of a format apart. */
const digitsMax: Readonly<Record<FloatWidth, number>> = {16: 5, 32: 9, 64: 17};
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
	for (let digits = 1; digits < digitsMax[width]; digits += 1) {
		const text = value.toPrecision(digits);
		if (roundTo(Number(text), width) === value) return text;
	}
	return value.toPrecision(digitsMax[width]);
}

function roundTo(value: number, width: FloatWidth): number {
	return width === 64 ? value : width === 32 ? Math.fround(value) : roundToHalf(value);
}

/** The nearest number of half precision, ties to even; there is no built-in for it in every version that we run on. */
function roundToHalf(value: number): number {
	const size = Math.abs(value);
	if (size === 0 || !Number.isFinite(size)) return value;
	let power = Math.floor(Math.log2(size));
	// The logarithm is rounded: near a power of two it may name the neighbour.
	if (2 ** power > size) power -= 1;
	else if (2 ** (power + 1) <= size) power += 1;
	const step = 2 ** (Math.max(power, -14) - 10);
	const steps = size / step;
	let whole = Math.round(steps);
	if (whole - steps === 0.5 && whole % 2 !== 0) whole -= 1;
	return Math.sign(value) * whole * step;
}
