// The tree of RFC 9162 §2.1: how leaves and nodes hash, and which complete subtrees a range of leaves is made of.

import {type Hasher, hashLength} from '../base/hash.ts';

/** Sizes above this are refused: all arithmetic is exact in a double and fits the 48 bits that formats give it. */
export const sizeMax = 0xffff_ffff_ffff;

/** Longest possible path for sizeMax. */
export const pathLengthMax = 64;

export function isSize(value: number): boolean {
	return Number.isSafeInteger(value) && value >= 0 && value <= sizeMax;
}

/** MTH({}) = HASH() [RFC 9162 §2.1.1]. */
export function emptyRoot(hasher: Hasher): Uint8Array {
	return hasher.sha256(new Uint8Array(0));
}

/** HASH(0x00 || data) [RFC 9162 §2.1.1]. */
export function leafHash(hasher: Hasher, data: Uint8Array): Uint8Array {
	const input = new Uint8Array(1 + data.length);
	input.set(data, 1);
	return hasher.sha256(input);
}

/** HASH(0x01 || left || right) [RFC 9162 §2.1.1]. */
export function nodeHash(hasher: Hasher, left: Uint8Array, right: Uint8Array): Uint8Array {
	const input = new Uint8Array(1 + 2 * hashLength);
	input[0] = 1;
	input.set(left, 1);
	input.set(right, 1 + hashLength);
	return hasher.sha256(input);
}

/** A complete subtree: 2^level leaves, the first of which is leaf index·2^level. */
export type Node = {readonly level: number; readonly index: number};

/** Leaves begin … end−1. */
export type Range = {readonly begin: number; readonly end: number};

/**
 * The fewest complete subtrees that a range is made of, left to right. The range MUST be one that occurs in RFC 9162's recursion: it begins at a multiple of the
 * smallest power of two that is not below its length.
 */
export function nodesOfRange({begin, end}: Range): Node[] {
	const nodes: Node[] = [];
	let at = begin;
	while (at < end) {
		let level = 0;
		let length = 1;
		while (at % (length * 2) === 0 && at + length * 2 <= end) {
			length *= 2;
			level += 1;
		}
		nodes.push({level, index: at / length});
		at += length;
	}
	return nodes;
}

/** MTH of a range from the hashes of its nodesOfRange, left to right; there is at least one. */
export function foldNodes(hasher: Hasher, hashes: readonly Uint8Array[]): Uint8Array {
	let folded = hashes[hashes.length - 1]!;
	for (let i = hashes.length - 2; i >= 0; i -= 1) folded = nodeHash(hasher, hashes[i]!, folded);
	return folded;
}

/** The largest power of two smaller than n, for n > 1 [RFC 9162 §2.1.1]. */
export function splitPoint(n: number): number {
	let k = 1;
	while (k * 2 < n) k *= 2;
	return k;
}
