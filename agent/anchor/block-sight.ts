// Turns what a node tells of a block into whether it is the chain's, whether the chain may still take it back, and when it was made.

import {AgentError} from '../base/errors.ts';
import {readHeader} from '../format/block-proof.ts';
import {headerOfBlock} from './block-proof.ts';
import type {Chain} from './chain.ts';

export type BlockSight = {
	/**
	 * final: the chain has this block at this height, and calls it final. mined: it may still take it back. contradicted: it has another block there. elsewhere: the node speaks for another
	 * chain. unreachable: no answer, or none yet.
	 */
	readonly found: 'final' | 'mined' | 'contradicted' | 'elsewhere' | 'unreachable';
	/** A sentence without its full stop. */
	readonly detail: string;
	/** By its header, s since 1970; where it was found. */
	readonly timeS?: number;
};

/** What one node says of a block that a file names. Never throws for what the world does: a node that does not answer is an answer too. */
export async function readBlock(
	chain: Pick<Chain, 'expectedId' | 'chainId' | 'blockHashAt' | 'finalizedNumber' | 'rawBlock'>,
	{number, hash}: {readonly number: number; readonly hash: string},
): Promise<BlockSight> {
	try {
		return await look(chain, number, hash);
	} catch (error) {
		if (error instanceof AgentError) return {found: 'unreachable', detail: error.message};
		throw error;
	}
}

async function look(
	chain: Pick<Chain, 'expectedId' | 'chainId' | 'blockHashAt' | 'finalizedNumber' | 'rawBlock'>,
	number: number,
	hash: string,
): Promise<BlockSight> {
	const chainId = await chain.chainId();
	// Whoever asks about several chains names nodes of several.
	if (chainId !== chain.expectedId)
		return {found: 'elsewhere', detail: `the node speaks for chain ${chainId}, not for ${chain.expectedId}`};
	// Asked first: what is final by then is final when the block is looked at.
	const finalized = await chain.finalizedNumber();
	const there = await chain.blockHashAt(number);
	const name = `block ${number} of chain ${chainId}`;
	if (there === undefined) return {found: 'unreachable', detail: `the node does not have ${name} yet`};
	if (there !== hash) return {found: 'contradicted', detail: `${name} is ${there}, not ${hash}`};
	const block = await chain.rawBlock(hash);
	const timeS = block === undefined ? undefined : Number(block.timestamp);
	if (block === undefined || !Number.isSafeInteger(timeS))
		return {found: 'unreachable', detail: `the node does not tell the time of ${name}`};
	// Where the header is Ethereum's, its hash vouches for the time too.
	const header = headerOfBlock(block, hash);
	const read = header && readHeader(header);
	if (read !== undefined && read.timeS !== timeS) return {found: 'contradicted', detail: `${name} has time ${read.timeS}, not ${timeS}`};
	return finalized >= number
		? {found: 'final', detail: `${name} is ${hash} and finalized`, timeS: timeS!}
		: {found: 'mined', detail: `${name} is ${hash}; blocks are finalized up to ${finalized}`, timeS: timeS!};
}
