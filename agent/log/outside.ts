// Compares the log with heads that were seen outside of its database, and says whether this history may go on. Pure.

import {equalBytes} from '../base/bytes.ts';
import type {Size} from '../format/entry.ts';

/** A head of this log that somebody else keeps. */
export type OutsideHead = {
	/** Where it was seen, for messages: `the side file`, `chain 31337 at finalized`. */
	readonly source: string;
	readonly size: Size;
	readonly root: Uint8Array;
	/** False for what a single node says about a block that may still vanish: it cannot freeze us, only make us wait. */
	readonly isConfirmed: boolean;
};

/**
 * open: every outside head is a head of this log. withheld: commit and acknowledge, but release nothing. frozen: acknowledge nothing, sign nothing, release nothing:
 * the database is older than what was released, or another history.
 */
export type Standing = {readonly state: 'open' | 'withheld' | 'frozen'; readonly reason: string};

/** Judges the heads. `rootAt` gives the root recomputed from what is stored, for each size among the heads that is not above the log's. */
export function judgeHeads(size: Size, rootAt: ReadonlyMap<Size, Uint8Array>, heads: readonly OutsideHead[]): Standing {
	let doubt: string | undefined;
	for (const head of heads) {
		const contradiction = contradictionOf(size, rootAt, head);
		if (contradiction === undefined) continue;
		if (head.isConfirmed) return {state: 'frozen', reason: contradiction};
		doubt ??= contradiction;
	}
	if (doubt !== undefined) return {state: 'withheld', reason: `${doubt}; waiting until that is final or gone`};
	if (heads.length === 0) return {state: 'withheld', reason: 'no head of this log could be read outside of its database since the start'};
	return {state: 'open', reason: `agrees with ${heads.map(head => `${head.source} (size ${head.size})`).join(' and ')}`};
}

function contradictionOf(size: Size, rootAt: ReadonlyMap<Size, Uint8Array>, head: OutsideHead): string | undefined {
	if (head.size > size)
		return `${head.source} has a head of size ${head.size}, the database only ${size} entries: it is older than what was released`;
	const own = rootAt.get(head.size);
	if (own === undefined) return `${head.source} has a head of size ${head.size}, which could not be recomputed`;
	return equalBytes(own, head.root) ? undefined : `${head.source} has another root for size ${head.size}: it is another history`;
}
