// Says of a block that a file names whether it is the chain's: by the trust file, or by a node.

import type {Trust} from '../format/trust.ts';
import type {TimeBound} from './bracket.ts';

/** A block as a file names it. */
export type NamedBlock = {readonly chainId: number; readonly number: number; readonly hash: string};

export type BlockAnswer = {
	/**
	 * final: the chain has this block at this height, and calls it final. mined: it has it, and may still take it back. contradicted: it has another one there, or none. unreachable: no answer,
	 * or none yet.
	 */
	readonly found: 'final' | 'mined' | 'contradicted' | 'unreachable';
	/** A sentence without its full stop. */
	readonly detail: string;
	/** By the block's header, s since 1970; where it was found. */
	readonly timeS?: number | undefined;
};

/** Asks a chain about a block. */
export type BlockReader = {readonly readBlock?: ((block: NamedBlock) => Promise<BlockAnswer>) | undefined};

export type BlockStanding =
	/** The trust file has it; with its time, where it has that too. */
	| {readonly standing: 'pinned'; readonly timeS: number | undefined}
	/** The trust file has another block there, or has it as another chain's: why, as a sentence without its full stop. */
	| {readonly standing: 'contradicted'; readonly reason: string}
	| {readonly standing: 'unknown'};

/** What the trust file says of a block. A block that it has is final: another one at its place is a lie. */
export function standingOf({chainId, number, hash}: NamedBlock, trust: Pick<Trust, 'blocks'>): BlockStanding {
	let timeS: number | undefined;
	let isPinned = false;
	for (const pin of trust.blocks) {
		if (pin.hash === hash) {
			if (pin.chainId !== chainId || pin.number !== number)
				return {
					standing: 'contradicted',
					reason: `block ${hash} is block ${pin.number} of chain ${pin.chainId} in the trust file, not block ${number} of chain ${chainId}`,
				};
			isPinned = true;
			timeS ??= pin.timeS;
		} else if (pin.chainId === chainId && pin.number === number)
			return {standing: 'contradicted', reason: `the trust file has another block ${number} of chain ${chainId}: ${pin.hash}, not ${hash}`};
	}
	return isPinned ? {standing: 'pinned', timeS} : {standing: 'unknown'};
}

/** The bound that a block sets, as far as anybody vouches for the block and its time; or why it cannot be that block. */
export async function boundOfBlock(
	block: NamedBlock & {readonly timeS: number},
	trust: Pick<Trust, 'blocks'>,
	chain: BlockReader | undefined,
): Promise<{readonly bound: TimeBound} | {readonly problem: string}> {
	const {chainId, number, hash, timeS} = block;
	const boundBy = (checked: TimeBound['checked']) =>
		({bound: {timeMs: timeS * 1000, by: {kind: 'block', chainId, blockNumber: number, blockHash: hash}, checked}}) as const;
	const wrongTime = (found: number) => ({problem: `block ${number} of chain ${chainId} has time ${found} s, not ${timeS} s`});
	const known = standingOf(block, trust);
	if (known.standing === 'contradicted') return {problem: known.reason};
	if (known.standing === 'pinned' && known.timeS !== undefined) return known.timeS === timeS ? boundBy('pinned') : wrongTime(known.timeS);
	const answer = await ask(block, chain);
	if (answer?.found === 'contradicted') return {problem: answer.detail};
	if (answer === undefined || answer.found === 'unreachable' || answer.timeS === undefined) return boundBy('claimed');
	if (answer.timeS !== timeS) return wrongTime(answer.timeS);
	// A block that may be taken back bounds nothing yet, unless the trust file vouches for it.
	return boundBy(answer.found === 'final' || known.standing === 'pinned' ? 'node' : 'claimed');
}

async function ask(block: NamedBlock, chain: BlockReader | undefined): Promise<BlockAnswer | undefined> {
	try {
		return await chain?.readBlock?.(block);
	} catch (error) {
		return {found: 'unreachable', detail: error instanceof Error ? error.message : String(error)};
	}
}
