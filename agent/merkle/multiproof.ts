// Shows with one proof that many leaves are in a tree: says which ranges make it up, and where leaves and proof lead to.

import {type Hasher, hashLength} from '../base/hash.ts';
import {isSize, type Range, splitPoint} from './tree.ts';

/** Levels of the largest tree, and one more for the leaf itself. */
const depthMax = 49;

/** True for places that a multiproof can be of: at least one, each above the one before, all in a tree of that size. */
export function arePlaces(indexes: readonly number[], size: number): boolean {
	if (!isSize(size) || indexes.length === 0) return false;
	let before = -1;
	for (const index of indexes) {
		if (!Number.isSafeInteger(index) || index <= before || index >= size) return false;
		before = index;
	}
	return true;
}

/**
 * The ranges whose MTH make one proof for all these leaves, left to right, which is the order in which rootFromMultiproof takes them: the recursion of RFC 9162
 * §2.1.1 goes down only where a wanted leaf is, and takes what lies beside as it is. Needs arePlaces(indexes, size).
 */
export function multiproofRanges(indexes: readonly number[], size: number): Range[] {
	const ranges: Range[] = [];
	let next = 0;
	// As deep as the tree is high. What is left of `next` is done.
	const descend = (begin: number, end: number): void => {
		const index = indexes[next];
		if (index === undefined || index >= end) {
			ranges.push({begin, end});
			return;
		}
		if (end - begin === 1) {
			next += 1;
			return;
		}
		const middle = begin + splitPoint(end - begin);
		descend(begin, middle);
		descend(middle, end);
	};
	descend(0, size);
	return ranges;
}

/**
 * The root that leaves and proof lead to in a tree of `size` leaves. Leaf hashes, in the order of their indexes, and the proof's hashes, in the order of multiproofRanges, lie
 * packed one behind the other: a history has a hundred thousand of them, and as many arrays would cost more than the hashing. Undefined if indexes are not places, or if a
 * hash is missing, left over, or not whole.
 */
export function rootFromMultiproof(
	hasher: Hasher,
	claim: {readonly indexes: readonly number[]; readonly size: number; readonly leaves: Uint8Array; readonly proof: Uint8Array},
): Uint8Array | undefined {
	const {indexes, size, leaves, proof} = claim;
	if (!arePlaces(indexes, size) || leaves.length !== indexes.length * hashLength || proof.length % hashLength !== 0) return undefined;
	/** A pair of children for each level on the way down, so that nothing is allocated on the way. */
	const pairs: Uint8Array[] = [];
	for (let depth = 0; depth < depthMax; depth += 1) {
		const pair = hasher.allocate(1 + 2 * hashLength);
		pair[0] = 1;
		pairs.push(pair);
	}
	let next = 0;
	let taken = 0;
	const descend = (begin: number, end: number, depth: number, target: Uint8Array, offset: number): boolean => {
		const index = indexes[next];
		if (index === undefined || index >= end) {
			if (taken + hashLength > proof.length) return false;
			for (let i = 0; i < hashLength; i += 1) target[offset + i] = proof[taken + i]!;
			taken += hashLength;
			return true;
		}
		if (end - begin === 1) {
			const at = next * hashLength;
			for (let i = 0; i < hashLength; i += 1) target[offset + i] = leaves[at + i]!;
			next += 1;
			return true;
		}
		const middle = begin + splitPoint(end - begin);
		const pair = pairs[depth]!;
		if (!descend(begin, middle, depth + 1, pair, 1) || !descend(middle, end, depth + 1, pair, 1 + hashLength)) return false;
		hasher.sha256Into(pair, target, offset);
		return true;
	};
	const root = hasher.allocate(hashLength);
	return descend(0, size, 0, root, 0) && taken === proof.length ? root : undefined;
}
