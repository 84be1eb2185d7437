// Checks inclusion and consistency proofs, clause by clause.

import {equalBytes} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {isSize, nodeHash, pathLengthMax} from './tree.ts';

/**
 * The root that an inclusion path leads to, from the hash of leaf `index` in a tree of `size` leaves [RFC 9162 §2.1.3.2].
 * Undefined if the path cannot belong to that index and size: wrong length, or a hash of other than 32 bytes.
 */
export function rootFromInclusion(
	hasher: Hasher,
	proof: {readonly index: number; readonly size: number; readonly leaf: Uint8Array; readonly path: readonly Uint8Array[]},
): Uint8Array | undefined {
	const {index, size, leaf, path} = proof;
	if (!isSize(size) || !isSize(index) || index >= size || leaf.length !== hashLength || path.length > pathLengthMax) return undefined;
	// Division, not shifts: sizes go beyond 32 bits.
	let fn = index;
	let sn = size - 1;
	const root = hasher.allocate(hashLength);
	root.set(leaf);
	// The pair is hashed in place: a verifier does this twenty times a receipt, and new arrays would cost more than the hashing.
	const pair = hasher.allocate(1 + 2 * hashLength);
	pair[0] = 1;
	for (const hash of path) {
		if (sn === 0 || hash.length !== hashLength) return undefined;
		const isRight = fn % 2 === 1 || fn === sn;
		pair.set(isRight ? hash : root, 1);
		pair.set(isRight ? root : hash, 1 + hashLength);
		hasher.sha256Into(pair, root, 0);
		if (isRight) {
			while (fn % 2 === 0 && fn !== 0) {
				fn = fn / 2;
				sn = Math.floor(sn / 2);
			}
		}
		fn = Math.floor(fn / 2);
		sn = Math.floor(sn / 2);
	}
	return sn === 0 ? root : undefined;
}

/** True if the leaf hash is at `index` of the tree with that size and root. */
export function isIncluded(
	hasher: Hasher,
	proof: {
		readonly index: number;
		readonly size: number;
		readonly root: Uint8Array;
		readonly leaf: Uint8Array;
		readonly path: readonly Uint8Array[];
	},
): boolean {
	const root = rootFromInclusion(hasher, proof);
	return root !== undefined && equalBytes(root, proof.root);
}

/**
 * True if the tree of `second` leaves extends the tree of `first` leaves [RFC 9162 §2.1.4.2]. Equal sizes need an empty proof and equal roots; size 0 is refused,
 * since everything extends an empty tree and nothing is shown by it.
 */
export function isConsistent(
	hasher: Hasher,
	proof: {
		readonly first: number;
		readonly second: number;
		readonly firstRoot: Uint8Array;
		readonly secondRoot: Uint8Array;
		readonly path: readonly Uint8Array[];
	},
): boolean {
	const {first, second, firstRoot, secondRoot, path} = proof;
	if (!isSize(first) || !isSize(second) || first < 1 || first > second || path.length > pathLengthMax) return false;
	if (firstRoot.length !== hashLength || secondRoot.length !== hashLength) return false;
	if (first === second) return path.length === 0 && equalBytes(firstRoot, secondRoot);
	if (path.length === 0) return false;
	let fn = first - 1;
	let sn = second - 1;
	while (fn % 2 === 1) {
		fn = Math.floor(fn / 2);
		sn = Math.floor(sn / 2);
	}
	// If first is a power of two the verifier knows the first node already: it is the first root.
	const nodes = fn === 0 ? [firstRoot, ...path] : path;
	let firstFound = nodes[0]!;
	let secondFound = nodes[0]!;
	if (firstFound.length !== hashLength) return false;
	for (const hash of nodes.slice(1)) {
		if (sn === 0 || hash.length !== hashLength) return false;
		if (fn % 2 === 1 || fn === sn) {
			firstFound = nodeHash(hasher, hash, firstFound);
			secondFound = nodeHash(hasher, hash, secondFound);
			while (fn % 2 === 0 && fn !== 0) {
				fn = fn / 2;
				sn = Math.floor(sn / 2);
			}
		} else secondFound = nodeHash(hasher, secondFound, hash);
		fn = Math.floor(fn / 2);
		sn = Math.floor(sn / 2);
	}
	return sn === 0 && equalBytes(firstFound, firstRoot) && equalBytes(secondFound, secondRoot);
}
