// Shows with one proof that many leaves are in a tree: says which ranges make it up, and where leaves and proof lead to.

import {copyBytes} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {foldNodes, isSize, type Node, nodesOfRange, type Range, splitPoint} from './tree.ts';

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

/** Takes leaves one after the other, for those who have too many of them to hold at once; see rootFromMultiproof. */
export type MultiproofFold = {
	/** The next leaf: its hash lies in `bytes` at `offset`. Its place MUST be above the one before and in the tree. */
	readonly add: (index: number, bytes: Uint8Array, offset: number) => void;
	/** The next leaves at once, all those under a node that is complete. */
	readonly addNode: (node: Node, hash: Uint8Array) => void;
	/** The root that leaves and proof lead to, now that all are there; undefined if there is no leaf, or a hash is missing, left over, or not whole. */
	readonly root: () => Uint8Array | undefined;
};

/** Costs one hash for each leaf and each hash of the proof, and never more memory than a path. */
export function createMultiproofFold(hasher: Hasher, {size, proof}: {readonly size: number; readonly proof: Uint8Array}): MultiproofFold {
	// Slot k holds the hash of the complete subtree of 2^k leaves in front of `at`, if bit k of it is set.
	const slots = new Uint8Array(depthMax * hashLength);
	const pair = hasher.allocate(1 + 2 * hashLength);
	pair[0] = 1;
	let at = 0;
	let taken = 0;
	let isShort = false;
	let isEmpty = true;

	/** Puts the hash of the complete subtree of 2^level leaves that begins at `at`: it and what lies in front of it, as far as that is its sibling, become one. */
	const put = (level: number, bytes: Uint8Array, offset: number): void => {
		let target = level * hashLength;
		let rest = at / 2 ** level;
		at += 2 ** level;
		if (rest % 2 === 0) {
			for (let i = 0; i < hashLength; i += 1) slots[target + i] = bytes[offset + i]!;
			return;
		}
		for (let i = 0; i < hashLength; i += 1) pair[1 + hashLength + i] = bytes[offset + i]!;
		for (; rest % 2 === 1; rest = (rest - 1) / 2) {
			for (let i = 0; i < hashLength; i += 1) pair[1 + i] = slots[target + i]!;
			hasher.sha256Into(pair, pair, 1 + hashLength);
			target += hashLength;
		}
		for (let i = 0; i < hashLength; i += 1) slots[target + i] = pair[1 + hashLength + i]!;
	};

	/** What lies between the leaf before and this one: the largest complete subtrees that fit there, as the recursion of RFC 9162 meets them. */
	const skipTo = (end: number): void => {
		while (at < end && !isShort) {
			let [level, length] = [0, 1];
			while (at % (length * 2) === 0 && at + length * 2 <= end) {
				length *= 2;
				level += 1;
			}
			if (taken + hashLength > proof.length) isShort = true;
			else put(level, proof, taken);
			taken += hashLength;
		}
	};

	const add = (begin: number, level: number, bytes: Uint8Array, offset: number): void => {
		isEmpty = false;
		if (begin > at) skipTo(begin);
		if (!isShort) put(level, bytes, offset);
	};

	return {
		add: (index, bytes, offset) => add(index, 0, bytes, offset),
		addNode: ({level, index}, hash) => add(index * 2 ** level, level, hash, 0),
		root: () => {
			// Behind the last leaf, what is no complete subtree is one hash as soon as the right edge of the tree begins there.
			let [edge, rest] = [0, size];
			while (!isShort && at < size) {
				// The largest part of the edge that begins at or behind `at` stands behind complete subtrees in front of it.
				while (edge < at && rest > 1 && edge + splitPoint(rest) <= at) {
					const left = splitPoint(rest);
					edge += left;
					rest -= left;
				}
				if (edge === at) break;
				const left = edge + splitPoint(rest);
				skipTo(left);
			}
			if (isShort || isEmpty) return undefined;
			const hashes = nodesOfRange({begin: 0, end: at}).map(({level}) => slots.slice(level * hashLength, (level + 1) * hashLength));
			if (at < size) {
				if (taken + hashLength > proof.length) return undefined;
				hashes.push(proof.slice(taken, taken + hashLength));
				taken += hashLength;
			}
			return taken === proof.length && hashes.length > 0 ? foldNodes(hasher, hashes) : undefined;
		},
	};
}

/** Gathers leaves into as few nodes as they fill, for a prover who learns only in the end which other hashes he needs beside them. */
export type NodeGathering = {
	/** The next leaf; its place MUST be above the one before. */
	readonly add: (index: number, bytes: Uint8Array, offset: number) => void;
	/** All complete subtrees that are full of leaves, left to right, as large as they are. */
	readonly nodes: () => readonly {readonly node: Node; readonly hash: Uint8Array}[];
};

export function createNodeGathering(hasher: Hasher): NodeGathering {
	const done: {readonly node: Node; readonly hash: Uint8Array}[] = [];
	// Of the run of leaves without a gap that is going on, slot k holds the complete subtree of 2^k leaves that waits for its right sibling, if there is one. From left to right they become
	// smaller. What lacks its left sibling waits for nothing: it is done.
	const slots = new Uint8Array(depthMax * hashLength);
	const waiting = new Float64Array(depthMax).fill(-1);
	let next = -1;
	const pair = hasher.allocate(1 + 2 * hashLength);
	pair[0] = 1;
	const waitingNodes = (): {readonly node: Node; readonly hash: Uint8Array}[] => {
		const nodes: {readonly node: Node; readonly hash: Uint8Array}[] = [];
		for (let level = depthMax - 1; level >= 0; level -= 1)
			if (waiting[level]! >= 0)
				nodes.push({node: {level, index: waiting[level]!}, hash: copyBytes(slots, level * hashLength, (level + 1) * hashLength)});
		return nodes;
	};
	return {
		add: (index, bytes, offset) => {
			if (index !== next) {
				done.push(...waitingNodes());
				waiting.fill(-1);
			}
			next = index + 1;
			if (index % 2 === 0) {
				for (let i = 0; i < hashLength; i += 1) slots[i] = bytes[offset + i]!;
				waiting[0] = index;
				return;
			}
			let [level, node] = [0, index];
			for (let i = 0; i < hashLength; i += 1) pair[1 + hashLength + i] = bytes[offset + i]!;
			while (node % 2 === 1 && waiting[level] === node - 1) {
				for (let i = 0; i < hashLength; i += 1) pair[1 + i] = slots[level * hashLength + i]!;
				hasher.sha256Into(pair, pair, 1 + hashLength);
				waiting[level] = -1;
				level += 1;
				node = (node - 1) / 2;
			}
			if (node % 2 === 1) {
				done.push({node: {level, index: node}, hash: copyBytes(pair, 1 + hashLength)});
				return;
			}
			for (let i = 0; i < hashLength; i += 1) slots[level * hashLength + i] = pair[1 + hashLength + i]!;
			waiting[level] = node;
		},
		nodes: () => [...done, ...waitingNodes()],
	};
}
