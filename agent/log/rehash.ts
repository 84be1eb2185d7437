// Hashes a stored log again, entry by entry, a few at a step: what its entries lead to, whatever the tiles say.

import type {Hasher} from '../base/hash.ts';
import type {Statements} from '../base/sqlite.ts';
import {entryLength, type Size} from '../format/entry.ts';
import {createCompactRange} from '../merkle/compact-range.ts';
import type {Node} from '../merkle/tree.ts';
import {corrupt, createNodeSource, tileHeight, tileWidth} from './nodes.ts';

export type Rehash = {
	/** How many entries are hashed. */
	readonly size: Size;
	/** MTH of those. */
	readonly root: () => Uint8Array;
	/** Hashes at least one more batch and about `entriesMax` entries; false if there is none. Fails with LOG_CORRUPT where entries are missing. */
	readonly step: (entriesMax: number) => Promise<boolean>;
};

const batchesPerStepMax = 256;

/** `onSize` is called after every entry with the size then, `onNode` for each complete subtree of a level in tiles. */
export function createRehash(options: {
	readonly rows: Pick<Statements, 'all'>;
	readonly hasher: Hasher;
	/** Where to begin, with the hashes of the tree up to there. @default the empty tree */
	readonly start?: {readonly size: Size; readonly edge: readonly Uint8Array[]};
	/** Entries beyond it are left alone. */
	readonly size: Size;
	readonly onSize?: (size: Size, root: () => Uint8Array) => void;
	readonly onNode?: (node: Node, hash: Uint8Array) => void;
}): Rehash {
	const {rows, hasher, onSize, onNode} = options;
	const {start} = options;
	const range = createCompactRange({
		hasher,
		nodeLevelStep: tileHeight,
		...(start === undefined ? {} : {start}),
		...(onNode === undefined ? {} : {onNode}),
	});
	const leaf = hasher.allocate(1 + entryLength);
	const hash = new Uint8Array(32);

	const take = (batch: {readonly first: number; readonly count: number; readonly entries: Uint8Array}): void => {
		const {first, count, entries} = batch;
		// Only the first batch may begin below, where a start lies in the middle of it.
		if (
			(first !== range.size && !(first < range.size && range.size === start?.size)) ||
			entries.length !== count * entryLength ||
			count === 0
		)
			throw corrupt(`the batch at ${first} holds ${entries.length} bytes for ${count} entries, after ${range.size} entries`);
		for (let offset = (range.size - first) * entryLength; offset < entries.length && range.size < options.size; offset += entryLength) {
			leaf.set(entries.subarray(offset, offset + entryLength), 1);
			hasher.sha256Into(leaf, hash, 0);
			range.append(hash, 0);
			onSize?.(range.size, range.root);
		}
	};

	return {
		get size() {
			return range.size;
		},
		root: range.root,
		step: async entriesMax => {
			if (range.size >= options.size) return false;
			// The batch sizes are asked for first: a page of full ones may hold hundreds of times as much as one of single readings.
			const places = await rows.all<{first: number; count: number}>(
				`SELECT first, count FROM batches WHERE first >= (SELECT max(first) FROM batches WHERE first <= ?1) AND first < ?2 ORDER BY first LIMIT ${batchesPerStepMax}`,
				// What the writer has appended since lies beyond the size.
				[range.size, options.size],
			);
			let end = range.size;
			for (const {first, count} of places) {
				if (end > range.size && first + count - range.size > entriesMax) break;
				end = first + count;
			}
			const batches = await rows.all<{first: number; count: number; entries: Uint8Array}>(
				'SELECT first, count, entries FROM batches WHERE first >= ? AND first < ? ORDER BY first',
				[places[0]?.first ?? range.size, end],
			);
			if (batches.length === 0) throw corrupt(`entries ${range.size} to ${options.size - 1} are missing`);
			for (const batch of batches) take(batch);
			return true;
		},
	};
}

/**
 * Where hashing can begin: 0, or in a log whose oldest entries were pruned the first size from which all siblings are there, with what the stored tiles say of the rest.
 */
export async function rehashStart(
	rows: Pick<Statements, 'all'>,
	hasher: Hasher,
): Promise<{readonly size: Size; readonly edge: readonly Uint8Array[]}> {
	const [oldest] = await rows.all<{first: number | null}>('SELECT min(first) AS first FROM batches');
	const size = Math.ceil((oldest?.first ?? 0) / tileWidth) * tileWidth;
	return {size, edge: await createNodeSource(rows, hasher).edge(size)};
}
