// Compares the log with heads that were seen outside of its database, and says whether this history may go on. Pure.

import {equalBytes} from '../base/bytes.ts';
import {parseOrigin} from '../format/checkpoint.ts';
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
	if (heads.length === 0)
		return {
			state: 'withheld',
			reason:
				'no head of this log could be read outside of its database since the start: put released.checkpoint back, or let its chain be read; if both are lost for good, run kedge epoch',
		};
	return {state: 'open', reason: `agrees with ${heads.map(head => `${head.source} (size ${head.size})`).join(' and ')}`};
}

/**
 * What a side file of another origin means. Of a later epoch: an older epoch was put back, and going on with it would be a second history. Of an earlier epoch: the side
 * file is the one that was put back, and it says nothing of this life of the log, as if it were lost. Of another log: the files of two sites are mixed, and writing
 * over it would take from that log what protects it.
 */
export function judgeOrigin(own: string, seen: string): {readonly frozen: string} | {readonly lost: string} | undefined {
	if (own === seen) return undefined;
	const [mine, other] = [parseOrigin(own), parseOrigin(seen)];
	if (mine === undefined || other === undefined || mine.logName !== other.logName)
		return {frozen: `the side file belongs to log "${seen}", the database to "${own}": the files of two logs are mixed`};
	if (other.epoch > mine.epoch)
		return {frozen: `the side file is of epoch ${other.epoch}, the database only of epoch ${mine.epoch}: an older epoch was put back`};
	return {lost: `the side file is of epoch ${other.epoch}, the database of epoch ${mine.epoch}`};
}

export function contradictionOf(size: Size, rootAt: ReadonlyMap<Size, Uint8Array>, head: OutsideHead): string | undefined {
	if (head.size > size)
		return `${head.source} has a head of size ${head.size}, the database only ${size} entries: it is older than what was released`;
	const own = rootAt.get(head.size);
	if (own === undefined) return `${head.source} has a head of size ${head.size}, which could not be recomputed`;
	return equalBytes(own, head.root) ? undefined : `${head.source} has another root for size ${head.size}: it is another history`;
}
