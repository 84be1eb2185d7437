// The only place that draws randomness.

import {randomFillSync} from 'node:crypto';

export type Random = {
	/** Fills `length` bytes of `target` from `offset` with unpredictable bytes. */
	readonly fill: (target: Uint8Array, offset: number, length: number) => void;
	/** New unpredictable bytes. */
	readonly bytes: (length: number) => Uint8Array;
};

/** One call of the system's generator serves a thousand salts: a call costs more than the bytes. */
const poolLength = 16_384;

/** The system's cryptographic generator behind a pool; a byte of the pool is handed out once and then wiped. */
export function createSystemRandom(): Random {
	const pool = new Uint8Array(poolLength);
	let used = poolLength;
	const fill = (target: Uint8Array, offset: number, length: number): void => {
		if (length > poolLength) {
			randomFillSync(target, offset, length);
			return;
		}
		if (used + length > poolLength) {
			randomFillSync(pool);
			used = 0;
		}
		for (let i = 0; i < length; i += 1) {
			target[offset + i] = pool[used + i]!;
			pool[used + i] = 0;
		}
		used += length;
	};
	return randomFrom(fill);
}

/** The whole of a Random from the one thing that it does. */
export function randomFrom(fill: Random['fill']): Random {
	return {
		fill,
		bytes: length => {
			const bytes = new Uint8Array(length);
			fill(bytes, 0, length);
			return bytes;
		},
	};
}
