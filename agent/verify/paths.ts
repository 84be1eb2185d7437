// Checks many inclusion paths under one root without hashing the upper part of the tree again for each of them.

import {equalBytes} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import type {TreeHead} from '../format/checkpoint.ts';
import {isSize, nodeHash} from '../merkle/tree.ts';

/** True if the path leads from the leaf hash at that index to the root. */
export type PathChecker = (index: number, leaf: Uint8Array, path: readonly Uint8Array[]) => boolean;

/**
 * The same verdicts as isIncluded of merkle/check.ts, for many leaves of one tree. Nodes that were shown to lead to the root are kept: a path that reaches one of them is good if
 * it holds the right hash there and agrees with what is known above it. It keeps what the paths hold themselves, so its memory is bounded by theirs.
 */
export function createPathChecker(hasher: Hasher, {size, root}: Pick<TreeHead, 'size' | 'root'>): PathChecker {
	/** By level, the nodes shown to lead to the root. With a node its sibling is always there too, and all above both. */
	const known: Map<number, Uint8Array>[] = [];

	return (index, leaf, path) => {
		if (!isSize(index) || index >= size || leaf.length !== hashLength) return false;
		const shown: {readonly level: number; readonly at: number; readonly hash: Uint8Array}[] = [];
		let level = 0;
		let at = index;
		let last = size - 1;
		let hash = leaf;
		let taken = 0;
		let isReached = false;
		// Division, not shifts: sizes go beyond 32 bits.
		for (; last > 0; level += 1, at = Math.floor(at / 2), last = Math.floor(last / 2)) {
			// The last node of a level, if it is a left one, has no sibling: it stands one level higher as it is [RFC 9162 §2.1.3.2].
			if (at === last && at % 2 === 0) continue;
			const sibling = path[taken];
			if (sibling === undefined || sibling.length !== hashLength) return false;
			taken += 1;
			const isRight = at % 2 === 1;
			const before = known[level];
			if (!isReached) {
				const expected = before?.get(at);
				if (expected !== undefined) {
					if (!equalBytes(expected, hash)) return false;
					isReached = true;
				}
			}
			if (isReached) {
				const expected = before?.get(isRight ? at - 1 : at + 1);
				if (expected === undefined || !equalBytes(expected, sibling)) return false;
				continue;
			}
			shown.push({level, at, hash}, {level, at: isRight ? at - 1 : at + 1, hash: sibling});
			hash = isRight ? nodeHash(hasher, sibling, hash) : nodeHash(hasher, hash, sibling);
		}
		if (taken !== path.length || (!isReached && !equalBytes(hash, root))) return false;
		for (const node of shown) {
			let nodes = known[node.level];
			if (nodes === undefined) {
				nodes = new Map();
				known[node.level] = nodes;
			}
			nodes.set(node.at, node.hash);
		}
		return true;
	};
}
