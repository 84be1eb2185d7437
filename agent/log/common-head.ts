// Chooses the head up to which a database and those who saw its log from outside hold the same history. Pure.

import type {Size} from '../format/entry.ts';
import {contradictionOf, type OutsideHead} from './outside.ts';

/** A head with the witness behind it: all that a chain says, and our own memory of what it confirmed, is one witness; the side file is another. */
export type SeenHead = OutsideHead & {readonly witness: 'side file' | 'chain'};

export type CommonHead = {readonly size: Size; readonly root: Uint8Array; readonly source: string};

/**
 * The largest head that the database has too; size 0 if there is none. Where the chain has seen another history, or more of this one, than the database holds, only what the
 * chain has seen counts: the side file of a copied card agrees with its own card and with nobody else. Too small a choice only appends more again.
 */
export function chooseCommonHead(
	size: Size,
	rootAt: ReadonlyMap<Size, Uint8Array>,
	heads: readonly SeenHead[],
	emptyRoot: Uint8Array,
): CommonHead {
	const isContradicted = heads.some(
		head => head.witness === 'chain' && head.isConfirmed && contradictionOf(size, rootAt, head) !== undefined,
	);
	let common: CommonHead = {size: 0, root: emptyRoot, source: 'the empty log'};
	for (const head of heads) {
		if (head.size <= common.size || contradictionOf(size, rootAt, head) !== undefined) continue;
		if (isContradicted && head.witness !== 'chain') continue;
		common = {size: head.size, root: head.root, source: head.source};
	}
	return common;
}
