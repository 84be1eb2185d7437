// The composition root's part that asks a verifier's own nodes for the blocks that files name, so that the trust file can have them.

import type {Chain} from './anchor/chain.ts';
import {createClosing} from './base/closing.ts';
import type {PinnedBlock} from './format/trust.ts';

export type ConfirmedBlock = {
	/** With its time, once a node told it. */
	readonly block: PinnedBlock;
	/**
	 * final: every node of its chain has it, and calls it final. open: none contradicts, and one does not call it final yet, or did not answer. contradicted: a node has another one there, or
	 * another time.
	 */
	readonly found: 'final' | 'open' | 'contradicted';
	/** Sentences without their full stops, one for each node that has a say. */
	readonly details: readonly string[];
};

/** Blocks asked about in one go. */
export const blocksMax = 10_000;

/**
 * Asks nodes about blocks. A node that speaks for another chain has no say; all others must agree on the block's hash and time, and that it is final: whoever names two wants both. A node that
 * does not answer may be one of the chain's, so it leaves the block open.
 */
export async function confirmBlocks(urls: readonly string[], blocks: readonly PinnedBlock[]): Promise<ConfirmedBlock[]> {
	const [{openChain}, {readBlock}] = await Promise.all([import('./anchor/chain.ts'), import('./anchor/block-sight.ts')]);
	const closing = createClosing();
	const chains = new Map<string, Chain>();
	const chainAt = (url: string, chainId: number): Chain => {
		const name = `${chainId} ${url}`;
		const chain = chains.get(name) ?? closing.use(openChain({url, chainId}));
		chains.set(name, chain);
		return chain;
	};
	try {
		const confirmed: ConfirmedBlock[] = [];
		for (const block of blocks.slice(0, blocksMax)) {
			const answers = await Promise.all(urls.map(url => readBlock(chainAt(url, block.chainId), block)));
			const heard = answers.filter(({found}) => found !== 'elsewhere');
			const times = new Set(heard.flatMap(({timeS}) => (timeS === undefined ? [] : [timeS])));
			if (block.timeS !== undefined && times.size > 0) times.add(block.timeS);
			const [timeS] = times;
			const details = heard.map(({detail}) => detail);
			if (heard.length === 0) details.push(`no node of chain ${block.chainId} is named`);
			if (times.size > 1) details.push(`not all say the same time of it: ${[...times].join(' s, ')} s since 1970`);
			const isContradicted = times.size > 1 || heard.some(({found}) => found === 'contradicted');
			const isFinal = timeS !== undefined && heard.every(({found}) => found === 'final');
			const found = isContradicted ? 'contradicted' : isFinal ? 'final' : 'open';
			confirmed.push({block: timeS === undefined ? block : {...block, timeS}, found, details});
		}
		return confirmed;
	} finally {
		await closing.close();
	}
}
