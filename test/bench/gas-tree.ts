// Turns two sizes into roots and proofs of a log whose entries are all the same: a tree of any size has one hash for each height, so that 10⁸ entries cost no 10⁸ hashes.
import {createHash} from 'node:crypto';

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return hash.digest();
};

/** The largest power of two smaller than n, for n > 1. [RFC 9162 §2.1.1] Exact up to 2^53. */
function split(n: number): number {
	let k = 1;
	while (k * 2 < n) k *= 2;
	return k;
}

export type EqualTree = {
	readonly rootOf: (size: number) => Uint8Array;
	/** PROOF(size1, D_size2). [RFC 9162 §2.1.4.1] */
	readonly proofBetween: (size1: number, size2: number) => readonly Uint8Array[];
	/** PATH(index, D_size). [RFC 9162 §2.1.3.1] */
	readonly pathTo: (index: number, size: number) => readonly Uint8Array[];
};

export function equalTree(entry: Uint8Array): EqualTree {
	const node = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(Uint8Array.of(1), left, right);
	const complete = [sha256(Uint8Array.of(0), entry)];
	const completeAt = (height: number): Uint8Array => {
		while (complete.length <= height) complete.push(node(complete.at(-1)!, complete.at(-1)!));
		return complete[height]!;
	};
	const rootOf = (size: number): Uint8Array => {
		if (Number.isInteger(Math.log2(size))) return completeAt(Math.log2(size));
		const k = split(size);
		return node(rootOf(k), rootOf(size - k));
	};
	const subproof = (m: number, n: number, isWhole: boolean): Uint8Array[] => {
		if (m === n) return isWhole ? [] : [rootOf(n)];
		const k = split(n);
		return m <= k ? [...subproof(m, k, isWhole), rootOf(n - k)] : [...subproof(m - k, n - k, false), rootOf(k)];
	};
	const pathTo = (index: number, size: number): Uint8Array[] => {
		if (size === 1) return [];
		const k = split(size);
		return index < k ? [...pathTo(index, k), rootOf(size - k)] : [...pathTo(index - k, size - k), rootOf(k)];
	};
	return {rootOf, proofBetween: (size1, size2) => subproof(size1, size2, true), pathTo};
}
