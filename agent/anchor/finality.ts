// Judges what a chain shows of one row: nothing decided here is ever concluded from silence alone.

import type {AnchorRow, MinedAt} from './outbox.ts';

/** A transaction that the chain says is in a block. */
export type MinedTransaction = {
	readonly transactionHash: string;
	readonly blockNumber: number;
	readonly blockHash: string;
	readonly succeeded: boolean;
	/** Time in the registry's event for exactly this row's log, size and root; undefined if there is no such event. */
	readonly anchoredTime: number | undefined;
	/** In wei; missing where nobody asked. */
	readonly costWei?: bigint;
	readonly parentFeeWei?: bigint;
};

export type Sight = {
	readonly row: AnchorRow;
	/** That of the row's attempts which is in a block, or the transaction in row.mined. */
	readonly mined: MinedTransaction | undefined;
	/** Hash of the block that the chain now has at the height of `mined`, else at the height of row.mined. */
	readonly hashAtHeight: string | undefined;
	/** Newest finalized block. */
	readonly finalizedNumber: number;
	/** How many transactions of the account that signed the newest attempt the chain has mined. */
	readonly nonce: number;
};

export type Judgement =
	| {readonly is: 'waiting'; readonly why: string}
	| {readonly is: 'mined' | 'final'; readonly at: MinedAt}
	/** The block it was in is no longer on the chain. */
	| {readonly is: 'gone'}
	/** In a block, but the registry refused it. */
	| {readonly is: 'reverted'}
	/** In a block and successful, but without the registry's event: that is not our registry, or not an honest node. */
	| {readonly is: 'false'}
	/** Another transaction used the nonce: these bytes can never be mined. Worth believing only when seen several times. */
	| {readonly is: 'nonceTaken'};

/** For rows that are signed, sent or mined. */
export function judge({row, mined, hashAtHeight, finalizedNumber, nonce}: Sight): Judgement {
	if (mined !== undefined) {
		// Behind a balancer the second node may not have the block yet, or may have another one.
		if (hashAtHeight !== mined.blockHash) {
			return {is: 'waiting', why: `the chain does not agree with itself about block ${mined.blockNumber}`};
		}
		if (!mined.succeeded) return {is: 'reverted'};
		if (mined.anchoredTime === undefined) return {is: 'false'};
		const at: MinedAt = {
			transactionHash: mined.transactionHash,
			blockNumber: mined.blockNumber,
			blockHash: mined.blockHash,
			blockTime: mined.anchoredTime,
			...(mined.costWei === undefined ? {} : {costWei: String(mined.costWei)}),
			...(mined.parentFeeWei === undefined ? {} : {parentFeeWei: String(mined.parentFeeWei)}),
		};
		return {is: finalizedNumber >= mined.blockNumber ? 'final' : 'mined', at};
	}
	if (row.mined !== undefined) {
		// A node that still has the block but not the transaction has pruned it, or lies: no reason to send anything again.
		return hashAtHeight === row.mined.blockHash
			? {is: 'waiting', why: `the node has block ${row.mined.blockNumber} but not our transaction in it`}
			: {is: 'gone'};
	}
	const newest = row.attempts.at(-1);
	if (newest !== undefined && nonce > newest.nonce) return {is: 'nonceTaken'};
	return {is: 'waiting', why: 'the transaction is not in a block yet'};
}
