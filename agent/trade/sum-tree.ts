// Builds the perfect binary trees that a market commits to, with sums in their nodes, and proves a leaf of one.

import {equalBytes} from '../base/bytes.ts';
import {keccak256, keccak256Into} from '../base/hash.ts';

/**
 * A kind of tree. What stands for a node is its record: 32 bytes of hash and then its sums. The hash of an inner node covers both children's records, so each child's sum
 * and not just their total: hash = keccak256(tag ‖ left record ‖ right record). Sums are unsigned, big-endian, and never overflow.
 */
export type TreeKind = {
	readonly tag: number;
	/** Bytes of each sum in a record. */
	readonly sumLengths: readonly number[];
};

export const plainTree: TreeKind = {tag: 0x01, sumLengths: []};
/** Sums Wh: u64. */
export const tierTree: TreeKind = {tag: 0x02, sumLengths: [8]};
/** Sums the quantity and the fill in Wh: u64 each. */
export const fillTree: TreeKind = {tag: 0x04, sumLengths: [8, 8]};
/** Sums credit and debit in nano: u128 each. */
export const balanceTree: TreeKind = {tag: 0x05, sumLengths: [16, 16]};

export const hashLength = 32;
/** 2^32 leaves: more than a slot or a day can have. */
export const depthMax = 32;

export function recordLengthOf({sumLengths}: TreeKind): number {
	return sumLengths.reduce((length, sum) => length + sum, hashLength);
}

export type Tree = {
	readonly kind: TreeKind;
	/** Leaves without those that fill the tree up. */
	readonly count: number;
	readonly depth: number;
	/** Hash and sums over everything. */
	readonly rootRecord: Uint8Array;
	readonly root: Uint8Array;
	/** The record of a leaf; those behind the last are padding. */
	readonly leaf: (index: number) => Uint8Array;
	/** The siblings of a leaf and of what stands above it, from the leaf upwards; bit k of the index says whether the node of level k is the right child. */
	readonly path: (index: number) => Uint8Array[];
};

/** Levels of a tree with this many leaves: ⌈log2⌉, and 0 for one leaf or none. */
export function depthOf(leafCount: number): number {
	return leafCount <= 1 ? 0 : 32 - Math.clz32(leafCount - 1);
}

/**
 * Builds a tree over `leaves`, records one behind the other. It is filled up with `padding` (zeros if left out) to the next power of two, and with at least
 * `paddingMin` of it. The root over no leaf at all is the padding. Nothing is hashed twice for the padding, however much of it there is.
 */
export function buildTree(kind: TreeKind, leaves: Uint8Array, padding?: Uint8Array, paddingMin = 0): Tree {
	const length = recordLengthOf(kind);
	const count = leaves.length / length;
	const depth = depthOf(count + paddingMin);
	if (!Number.isInteger(count) || depth > depthMax) throw new RangeError(`${leaves.length} bytes are no ${length}-byte leaves of a tree`);
	const levels: Uint8Array[] = [leaves];
	const pads: Uint8Array[] = [padding ?? new Uint8Array(length)];
	// Most tiers have one order, and then there is nothing to join.
	const message = new Uint8Array(depth === 0 ? 1 : 1 + 2 * length);
	message[0] = kind.tag;
	const join = (target: Uint8Array, offset: number): void => {
		keccak256Into(message, target, offset);
		addSums(kind, message, target, offset);
	};
	for (let level = 0; level < depth; level += 1) {
		const [below, pad] = [levels[level]!, pads[level]!];
		const belowCount = below.length / length;
		const nodes = new Uint8Array(length * Math.ceil(belowCount / 2));
		for (let at = 0; 2 * at < belowCount; at += 1) {
			message.set(below.subarray(2 * at * length, (2 * at + 2) * length), 1);
			if (2 * at + 1 === belowCount) message.set(pad, 1 + length);
			join(nodes, at * length);
		}
		message.set(pad, 1);
		message.set(pad, 1 + length);
		const padAbove = new Uint8Array(length);
		join(padAbove, 0);
		levels.push(nodes);
		pads.push(padAbove);
	}
	const recordAt = (level: number, at: number): Uint8Array => {
		const nodes = levels[level]!;
		return at * length < nodes.length ? nodes.slice(at * length, (at + 1) * length) : pads[level]!.slice();
	};
	const rootRecord = recordAt(depth, 0);
	const inRange = (index: number): void => {
		if (!Number.isSafeInteger(index) || index < 0 || index >= 2 ** depth)
			throw new RangeError(`a tree of ${2 ** depth} leaves has none at ${index}`);
	};
	return {
		kind,
		count,
		depth,
		rootRecord,
		root: rootRecord.slice(0, hashLength),
		leaf: index => {
			inRange(index);
			return recordAt(0, index);
		},
		path: index => {
			inRange(index);
			// Shifts would cut an index to 32 bits, and a tree may be that deep.
			return Array.from({length: depth}, (_, level) => {
				const at = Math.floor(index / 2 ** level);
				return recordAt(level, at % 2 === 0 ? at + 1 : at - 1);
			});
		},
	};
}

/** What a path says of a leaf's place. */
export type Climbed = {
	/** The record of the root that the path leads to. */
	readonly rootRecord: Uint8Array;
	/** Each sum over all leaves before this one. */
	readonly before: readonly bigint[];
};

/**
 * Climbs from a leaf's record to the root; undefined if the index does not fit the path, a record has another length, or a sum overflows. What it gives says something only
 * once its root has been compared with a known one.
 */
export function climb(kind: TreeKind, leaf: Uint8Array, index: number, path: readonly Uint8Array[]): Climbed | undefined {
	const length = recordLengthOf(kind);
	if (path.length > depthMax || !Number.isSafeInteger(index) || index < 0 || index >= 2 ** path.length) return undefined;
	if (leaf.length !== length || path.some(record => record.length !== length)) return undefined;
	const message = new Uint8Array(1 + 2 * length);
	message[0] = kind.tag;
	const before = kind.sumLengths.map(() => 0n);
	let node = leaf;
	for (const [level, sibling] of path.entries()) {
		const isRight = Math.floor(index / 2 ** level) % 2 === 1;
		message.set(isRight ? sibling : node, 1);
		message.set(isRight ? node : sibling, 1 + length);
		const above = new Uint8Array(length);
		try {
			addSums(kind, message, above, 0);
		} catch {
			return undefined;
		}
		above.set(keccak256(message));
		if (isRight) for (const [at, sum] of sumsOf(kind, sibling).entries()) before[at]! += sum;
		node = above;
	}
	return {rootRecord: node, before};
}

/** Whether the path leads from the leaf to this root. */
export function isUnder(kind: TreeKind, root: Uint8Array, leaf: Uint8Array, index: number, path: readonly Uint8Array[]): boolean {
	const climbed = climb(kind, leaf, index, path);
	return climbed !== undefined && equalBytes(climbed.rootRecord.subarray(0, hashLength), root);
}

/** The sums of a record. */
export function sumsOf({sumLengths}: TreeKind, record: Uint8Array): bigint[] {
	let at = hashLength;
	return sumLengths.map(length => {
		let sum = 0n;
		for (const end = at + length; at < end; at += 1) sum = (sum << 8n) | BigInt(record[at]!);
		return sum;
	});
}

/** Adds both children's sums, byte by byte from the right, into the record at `offset`. */
function addSums({sumLengths}: TreeKind, message: Uint8Array, target: Uint8Array, offset: number): void {
	const length = (message.length - 1) / 2;
	let at = hashLength;
	for (const sumLength of sumLengths) {
		let carry = 0;
		for (let i = at + sumLength - 1; i >= at; i -= 1) {
			const sum = message[1 + i]! + message[1 + length + i]! + carry;
			target[offset + i] = sum;
			carry = sum >> 8;
		}
		if (carry !== 0) throw new RangeError(`a sum of ${sumLength} bytes overflows`);
		at += sumLength;
	}
}
