// Collects the subtrees that appends complete into rows of tiles, to be written with the batch that completed them.

import {copyBytes} from '../base/bytes.ts';
import type {Node} from '../merkle/tree.ts';
import {tileHeight, tileWidth} from './nodes.ts';

/** A run of hashes that goes to the end of one tile. */
export type TilePart = {readonly level: number; readonly tile: number; readonly from: number; readonly hashes: Uint8Array[]};

/** Parts by tile, in the order in which they were begun. */
export type TileParts = Map<string, TilePart>;

/** Keeps the hash if it belongs into a tile: levels 8, 16, 24 …; level-0 tiles are derived from entries. */
export function collectNode(parts: TileParts, node: Node, hash: Uint8Array): void {
	if (node.level % tileHeight !== 0) return;
	const level = node.level / tileHeight;
	const tile = Math.floor(node.index / tileWidth);
	const key = `${level}/${tile}`;
	const part = parts.get(key);
	if (part === undefined) parts.set(key, {level, tile, from: node.index % tileWidth, hashes: [copyBytes(hash)]});
	else part.hashes.push(copyBytes(hash));
}
