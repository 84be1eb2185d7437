// Anchors a checkpoint on a chain of a test in a block that is full of other transactions, and gives what a receipt carries of it.
import {proofOf} from '../../agent/anchor/block-proof.ts';
import {anchoredTime, type Chain, encodeAnchor, encodeOpen, openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry} from '../../agent/anchor/deploy.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {toHex} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import type {TreeHead} from '../../agent/format/checkpoint.ts';
import type {AnchorRecord} from '../../agent/format/evidence.ts';
import {anchorLogId, originHash} from '../../agent/format/log-id.ts';
import {type Anvil, richKey} from './anvil.ts';

/** Only for waiting on a chain that answers at once. */
const hastyClock = {...systemClock, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(5, signal)};

export type AnchoringSite = {
	readonly chain: Chain;
	readonly chainId: number;
	readonly registry: string;
	/** An account of anvil's, which signs for it. */
	readonly opener: string;
	/** Opens the log if it is not, and anchors the head in one block with `others` in front of it. */
	readonly anchor: (head: TreeHead, others?: readonly Readonly<Record<string, unknown>>[]) => Promise<AnchorRecord>;
};

export async function createAnchoringSite(anvil: Anvil, chainId: number): Promise<AnchoringSite> {
	const chain = openChain({url: anvil.url, chainId});
	const {registry} = await deployRegistry({chain, clock: hastyClock, signer: signerFromKey(richKey)}, {challengeTimeS: 0});
	const [, account = ''] = await anvil.rpc<string[]>('eth_accounts');
	const opener = account.toLowerCase();
	const send = (data: string): Promise<string> => anvil.rpc('eth_sendTransaction', {from: opener, to: registry, data, gas: '0x100000'});
	return {
		chain,
		chainId,
		registry,
		opener,
		anchor: async (head, others = []) => {
			const logId = anchorLogId(chainId, registry, opener, head.origin);
			if ((await chain.operatorOf(registry, logId)) === undefined) {
				await send(encodeOpen(originHash(head.origin)));
				await anvil.mine(1);
			}
			await anvil.rpc('evm_setAutomine', false);
			for (const other of others) await anvil.rpc('eth_sendTransaction', other);
			const root = `0x${toHex(head.root)}`;
			const transactionHash = await send(encodeAnchor(logId, head.size, root, []));
			await anvil.mine(1);
			await anvil.rpc('evm_setAutomine', true);
			const mined = await chain.mined(transactionHash);
			const search = {registry, logId, size: head.size, root};
			const blockTime = mined && anchoredTime(mined.logs, search);
			if (mined === undefined || blockTime === undefined) throw new Error(`size ${head.size} was not anchored on chain ${chainId}`);
			const {blockNumber, blockHash} = mined;
			const made = await proofOf(chain, {transactionHash, blockHash});
			if ('problem' in made) throw new Error(made.problem);
			return {chainId, registry, opener, logId, size: head.size, transactionHash, blockNumber, blockHash, blockTime, proof: made.proof};
		},
	};
}
