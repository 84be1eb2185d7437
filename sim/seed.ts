// Turns one seed into as many independent, repeatable streams of chance as there are devices.

/** Chance that a seed fixes: the same seed and the same calls give the same numbers on every machine. Never for secrets. */
export type Chance = {
	/** 0 … 2^32−1. */
	readonly word: () => number;
	/** 0 ≤ x < 1, in steps of 2^−32. */
	readonly fraction: () => number;
	/** A whole number from `min` to `max`, both included. */
	readonly between: (min: number, max: number) => number;
	/** True with this probability. */
	readonly happens: (probability: number) => boolean;
	/** About normal: mean 0, deviation 1, never beyond ±6. */
	readonly bell: () => number;
	/** One of the items; there is at least one. */
	readonly pick: <T>(items: readonly T[]) => T;
};

/** FNV-1a over the UTF-16 units, then mixed: labels that differ in one letter lead to unrelated streams. */
function labelWord(label: string, salt: number): number {
	let word = (0x811c9dc5 ^ salt) >>> 0;
	for (let i = 0; i < label.length; i += 1) word = Math.imul(word ^ label.charCodeAt(i), 0x01000193) >>> 0;
	word = Math.imul(word ^ (word >>> 16), 0x85ebca6b) >>> 0;
	word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35) >>> 0;
	return (word ^ (word >>> 16)) >>> 0;
}

/** A stream of chance for this seed and purpose (xoshiro128**). */
export function createChance(seed: string, purpose: string): Chance {
	const label = `${seed}\0${purpose}`;
	let a = labelWord(label, 1);
	let b = labelWord(label, 2);
	let c = labelWord(label, 3);
	// One word that is never 0 keeps the generator out of the state that it cannot leave.
	let d = labelWord(label, 4) | 1;

	const rotate = (word: number, bits: number): number => ((word << bits) | (word >>> (32 - bits))) >>> 0;
	const word = (): number => {
		const result = Math.imul(rotate(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
		const shifted = (b << 9) >>> 0;
		c = (c ^ a) >>> 0;
		d = (d ^ b) >>> 0;
		b = (b ^ c) >>> 0;
		a = (a ^ d) >>> 0;
		c = (c ^ shifted) >>> 0;
		d = rotate(d, 11);
		return result;
	};
	// The first words of neighbouring states resemble each other.
	for (let i = 0; i < 16; i += 1) word();

	const fraction = (): number => word() / 0x1_0000_0000;
	return {
		word,
		fraction,
		between: (min, max) => min + Math.floor(fraction() * (max - min + 1)),
		happens: probability => fraction() < probability,
		bell: () => {
			let sum = -6;
			for (let i = 0; i < 12; i += 1) sum += fraction();
			return sum;
		},
		pick: items => items[Math.floor(fraction() * items.length)]!,
	};
}
