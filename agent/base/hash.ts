// SHA-256 and Keccak-256 behind one small type, here in portable code that runs in Node and in browsers.

import {sha256} from '@noble/hashes/sha2.js';
import {keccak_256} from '@noble/hashes/sha3.js';

/** SHA-256 in two shapes. What is hashed never depends on which implementation is handed in. */
export type Hasher = {
	readonly sha256: (input: Uint8Array) => Uint8Array;
	/** Writes the 32 bytes of SHA-256(input) into `target` at `offset`. */
	readonly sha256Into: (input: Uint8Array, target: Uint8Array, offset: number) => void;
	/** Zeroed memory of the kind that sha256Into is fastest with. */
	readonly allocate: (length: number) => Uint8Array;
};

export const hashLength = 32;

/** Portable and slower than base/hash-node.ts; the one for browsers. */
export const portableHasher: Hasher = {
	sha256: input => sha256(input),
	sha256Into: (input, target, offset) => target.set(sha256(input), offset),
	allocate: length => new Uint8Array(length),
};

/** Keccak-256 as the EVM has it (not FIPS 202 SHA-3). */
export function keccak256(input: Uint8Array): Uint8Array {
	return keccak_256(input);
}

/** Writes the 32 bytes of Keccak-256(input) into `target` at `offset`. */
export function keccak256Into(input: Uint8Array, target: Uint8Array, offset: number): void {
	target.set(keccak_256(input), offset);
}
