// Grows a tree leaf by leaf while keeping only the hashes on its right edge.

import {copyBytes} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {emptyRoot, foldNodes, type Node, nodesOfRange, sizeMax} from './tree.ts';

export type CompactRange = {
	readonly size: number;
	/** Appends a leaf hash, copied from `bytes` at `offset`. */
	readonly append: (bytes: Uint8Array, offset: number) => void;
	/** MTH of all leaves so far. */
	readonly root: () => Uint8Array;
	/** The hashes of nodesOfRange({begin: 0, end: size}), left to right: what `start` takes. */
	readonly edge: () => Uint8Array[];
};

export type CompactRangeOptions = {
	readonly hasher: Hasher;
	/** Where to go on. @default an empty tree */
	readonly start?: {readonly size: number; readonly edge: readonly Uint8Array[]};
	/** Called for each subtree that an append completes, above level 0, smallest first. `hash` is only valid during the call. */
	readonly onNode?: (node: Node, hash: Uint8Array) => void;
	/** Only subtrees whose level is a multiple of this are told: a call for each costs as much as half a hash. @default 1 */
	readonly nodeLevelStep?: number;
};

/** A compact range over leaves 0 … size−1. Costs one hash per append on average and never more than 48 × 32 bytes. */
export function createCompactRange(options: CompactRangeOptions): CompactRange {
	const {hasher, onNode, nodeLevelStep = 1} = options;
	// Slot k holds the hash of the complete subtree of 2^k leaves on the right edge, if bit k of the size is set.
	const slots = new Uint8Array(49 * hashLength);
	const scratch = hasher.allocate(1 + 2 * hashLength);
	scratch[0] = 1;
	let size = 0;

	if (options.start !== undefined) {
		size = options.start.size;
		const nodes = nodesOfRange({begin: 0, end: size});
		if (nodes.length !== options.start.edge.length)
			throw new RangeError(`size ${size} has ${nodes.length} edge hashes, got ${options.start.edge.length}`);
		for (const [i, node] of nodes.entries()) slots.set(options.start.edge[i]!, node.level * hashLength);
	}

	const edge = (): Uint8Array[] =>
		nodesOfRange({begin: 0, end: size}).map(node => copyBytes(slots, node.level * hashLength, (node.level + 1) * hashLength));

	return {
		get size() {
			return size;
		},
		append: (bytes, offset) => {
			if (size >= sizeMax) throw new RangeError(`a tree holds at most ${sizeMax} leaves`);
			let level = 0;
			if (size % 2 === 0) {
				// Every other leaf completes nothing.
				for (let i = 0; i < hashLength; i += 1) slots[i] = bytes[offset + i]!;
				size += 1;
				return;
			}
			for (let i = 0; i < hashLength; i += 1) scratch[1 + hashLength + i] = bytes[offset + i]!;
			// As long as the slot of this level is taken, it and the new hash are the two children of a complete subtree.
			for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
				const slot = level * hashLength;
				for (let i = 0; i < hashLength; i += 1) scratch[1 + i] = slots[slot + i]!;
				hasher.sha256Into(scratch, scratch, 1 + hashLength);
				level += 1;
				if (onNode !== undefined && level % nodeLevelStep === 0) onNode({level, index: (rest - 1) / 2}, scratch.subarray(1 + hashLength));
			}
			const slot = level * hashLength;
			for (let i = 0; i < hashLength; i += 1) slots[slot + i] = scratch[1 + hashLength + i]!;
			size += 1;
		},
		root: () => (size === 0 ? emptyRoot(hasher) : foldNodes(hasher, edge())),
		edge,
	};
}
