// Finds the hash of any complete subtree: from a stored tile, or from the entries below it.

import {copyBytes} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import type {Statements} from '../base/sqlite.ts';
import {entryLength} from '../format/entry.ts';
import {multiproofRanges} from '../merkle/multiproof.ts';
import {foldNodes, type Node, nodesOfRange, type Range} from '../merkle/tree.ts';

/** [C2SP tlog-tiles]: a tile is 256 hashes, eight levels of the tree. */
export const tileHeight = 8;
export const tileWidth = 256;

/** Tiles kept, 16 KiB each, least recently used dropped first. */
const tilesKeptMax = 128;

/** Entries read at once for a multiproof: half a MiB, as much as the largest batch. */
const entriesAtOnceMax = 4096;

type Rows = Pick<Statements, 'all'>;

/** Packed entries of the indexes begin … end−1. All MUST be in the log, or only the first `countMin`: then it gives as many as are there. */
export async function readEntries(rows: Rows, begin: number, end: number, countMin: number = end - begin): Promise<Uint8Array> {
	const batches = await rows.all<{first: number; count: number; part: Uint8Array}>(
		`SELECT first, count, substr(entries, max(?1 - first, 0) * ${entryLength} + 1, (min(?2, first + count) - max(?1, first)) * ${entryLength}) AS part
		FROM batches WHERE first >= (SELECT max(first) FROM batches WHERE first <= ?1) AND first < ?2 ORDER BY first`,
		[begin, end],
	);
	const entries = new Uint8Array((end - begin) * entryLength);
	let filled = 0;
	for (const batch of batches) {
		if (filled + batch.part.length > entries.length) throw corrupt(`batches overlap between indexes ${begin} and ${end}`);
		entries.set(batch.part, filled);
		filled += batch.part.length;
	}
	if (filled < countMin * entryLength) {
		const [oldest] = await rows.all<{first: number | null}>('SELECT min(first) AS first FROM batches');
		if (begin < (oldest?.first ?? 0)) throw pruned(begin);
		throw corrupt(`entries are missing between indexes ${begin} and ${end}`);
	}
	return filled === entries.length ? entries : entries.subarray(0, filled);
}

export type NodeSource = {
	readonly nodeHash: (node: Node) => Promise<Uint8Array>;
	/** MTH of a range that occurs in RFC 9162's recursion. */
	readonly rangeHash: (range: Range) => Promise<Uint8Array>;
	/** Hashes of nodesOfRange({begin: 0, end: size}): the right edge of the tree of that size. */
	readonly edge: (size: number) => Promise<Uint8Array[]>;
	/** The first `count` hashes of a tile of C2SP tlog-tiles, packed. They MUST be there. */
	readonly tile: (level: number, number: number, count: number) => Promise<Uint8Array>;
	/** The packed hashes of multiproofRanges(indexes, size). */
	readonly multiproof: (indexes: readonly number[], size: number) => Promise<Uint8Array>;
};

/** The hashes of a tile, as many as were there when it was read, and above them those of the complete subtrees inside it, layer by layer, as far as anybody asked. */
type Tile = {readonly count: number; readonly layers: Uint8Array[]};

/** A source over committed entries. What it keeps stays true for ever: an index never changes its entry. */
export function createNodeSource(rows: Rows, hasher: Hasher): NodeSource {
	/** By level and number. */
	const tiles = new Map<string, Tile>();
	const leaf = hasher.allocate(1 + entryLength);
	const pair = hasher.allocate(1 + 2 * hashLength);
	pair[0] = 1;

	/** A tile with at least `count` hashes. */
	const readTile = async (level: number, number: number, count: number): Promise<Tile> => {
		const name = `${level}/${number}`;
		let tile = tiles.get(name);
		// Whole, as far as it is there: a path needs up to eight nodes of each tile that it passes, and a way to the disk costs more than to hash a tile.
		if (tile === undefined || tile.count < count) {
			const hashes = level === 0 ? await leafHashes(number, count) : await storedHashes(level, number, count);
			tile = {count: hashes.length / hashLength, layers: [hashes]};
		}
		tiles.delete(name);
		tiles.set(name, tile);
		if (tiles.size > tilesKeptMax) for (const oldest of tiles.keys()) if (tiles.delete(oldest)) break;
		return tile;
	};

	const leafHashes = async (tile: number, count: number): Promise<Uint8Array> => {
		const entries = await readEntries(rows, tile * tileWidth, (tile + 1) * tileWidth, count);
		const hashes = hasher.allocate((entries.length / entryLength) * hashLength);
		// In memory that is used again: an object for each hash costs as much as the hash, and its garbage shows in the slowest receipts.
		for (let i = 0; i * entryLength < entries.length; i += 1) {
			leaf.set(entries.subarray(i * entryLength, (i + 1) * entryLength), 1);
			hasher.sha256Into(leaf, hashes, i * hashLength);
		}
		return hashes;
	};

	const storedHashes = async (level: number, tile: number, count: number): Promise<Uint8Array> => {
		const [row] = await rows.all<{hashes: Uint8Array}>('SELECT hashes FROM tiles WHERE level = ?1 AND tile = ?2', [level, tile]);
		if (row === undefined || row.hashes.length < count * hashLength) throw corrupt(`tile ${level}/${tile} lacks hashes below ${count}`);
		return row.hashes;
	};

	/** Hashes of the complete subtrees of 2^height of a tile's hashes; what is missing of the layers below is made first. */
	const layerOf = ({layers}: Tile, height: number): Uint8Array => {
		while (layers.length <= height) {
			const below = layers.at(-1)!;
			const layer = hasher.allocate(Math.floor(below.length / (2 * hashLength)) * hashLength);
			for (let at = 0; at < layer.length; at += hashLength) {
				pair.set(below.subarray(2 * at, 2 * (at + hashLength)), 1);
				hasher.sha256Into(pair, layer, at);
			}
			layers.push(layer);
		}
		return layers[height]!;
	};

	const nodeHashOf = async (node: Node): Promise<Uint8Array> => {
		const level = Math.floor(node.level / tileHeight);
		const height = node.level % tileHeight;
		// This many hashes of the tile lie under the node, a power of two below 256.
		const width = 2 ** height;
		const begin = node.index * width;
		const from = begin % tileWidth;
		const layer = layerOf(await readTile(level, Math.floor(begin / tileWidth), from + width), height);
		return copyBytes(layer, (from / width) * hashLength, (from / width + 1) * hashLength);
	};

	const rangeHash = async (range: Range): Promise<Uint8Array> => {
		const hashes: Uint8Array[] = [];
		for (const node of nodesOfRange(range)) hashes.push(await nodeHashOf(node));
		return foldNodes(hasher, hashes);
	};

	/** MTH of the ranges below the size of a tile, straight from their entries: most of a multiproof, so nothing is allocated for each. */
	const hashSmall = createSmallHasher(hasher);

	const multiproof = async (indexes: readonly number[], size: number): Promise<Uint8Array> => {
		const ranges = multiproofRanges(indexes, size);
		const proof = new Uint8Array(ranges.length * hashLength);
		const isSmall = ({begin, end}: Range): boolean => end - begin < tileWidth;
		let entries: Uint8Array = new Uint8Array(0);
		let [from, to] = [0, 0];
		for (let i = 0; i < ranges.length; i += 1) {
			const range = ranges[i]!;
			if (!isSmall(range)) {
				proof.set(await rangeHash(range), i * hashLength);
				continue;
			}
			if (range.end > to) {
				from = range.begin;
				to = range.end;
				// As far as small ranges go on close by: one way to the disk serves them all.
				for (let next = i + 1; next < ranges.length && ranges[next]!.end - from <= entriesAtOnceMax; next += 1)
					if (isSmall(ranges[next]!)) to = ranges[next]!.end;
				entries = await readEntries(rows, from, to);
			}
			hashSmall(entries, range.begin - from, range.end - range.begin, proof, i * hashLength);
		}
		return proof;
	};

	return {
		nodeHash: nodeHashOf,
		rangeHash,
		tile: async (level, number, count) => copyBytes((await readTile(level, number, count)).layers[0]!, 0, count * hashLength),
		multiproof,
		edge: async size => {
			const hashes: Uint8Array[] = [];
			for (const node of nodesOfRange({begin: 0, end: size})) hashes.push(await nodeHashOf(node));
			return hashes;
		},
	};
}

/** Gives a function that writes MTH of `count` < 256 packed entries from the `first` on into `target` at `offset`. */
function createSmallHasher(
	hasher: Hasher,
): (entries: Uint8Array, first: number, count: number, target: Uint8Array, offset: number) => void {
	const layer = hasher.allocate(tileWidth * hashLength);
	const leaf = hasher.allocate(1 + entryLength);
	const pair = hasher.allocate(1 + 2 * hashLength);
	pair[0] = 1;
	return (entries, first, count, target, offset) => {
		for (let i = 0; i < count; i += 1) {
			leaf.set(entries.subarray((first + i) * entryLength, (first + i + 1) * entryLength), 1);
			hasher.sha256Into(leaf, layer, i * hashLength);
		}
		// Level by level; a last node without a sibling stands one level higher as it is, which is the recursion of RFC 9162 §2.1.1.
		for (let width = count; width > 1; width = Math.ceil(width / 2)) {
			for (let i = 0; 2 * i + 1 < width; i += 1) {
				pair.set(layer.subarray(2 * i * hashLength, (2 * i + 2) * hashLength), 1);
				hasher.sha256Into(pair, layer, i * hashLength);
			}
			if (width % 2 === 1) layer.copyWithin(((width - 1) / 2) * hashLength, (width - 1) * hashLength, width * hashLength);
		}
		target.set(layer.subarray(0, hashLength), offset);
	};
}

/** What was taken out of the log on purpose. */
export function pruned(index: number): AgentError {
	return new AgentError('ENTRY_PRUNED', `entry ${index} was pruned`, {hint: 'Receipts and histories that were made before still verify.'});
}

/** Rows that do not fit each other: never the writer's doing, so the database was damaged or edited. */
export function corrupt(what: string): AgentError {
	return new AgentError('LOG_CORRUPT', `the log is damaged: ${what}`, {hint: 'The database was damaged or edited. Run: kedge audit'});
}
