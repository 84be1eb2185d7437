// One log, one registry on one chain, an outbox that can fail, and a clock that is moved by hand: all that an anchor needs.
import {type Anchor, type AnchorOptions, createAnchor, type Needs} from '../../agent/anchor/anchor.ts';
import {type Chain, openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry, openLogAt} from '../../agent/anchor/deploy.ts';
import {type Signer, signerFromKey} from '../../agent/anchor/keystore.ts';
import type {AnchorRow} from '../../agent/anchor/outbox.ts';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {type Anvil, anvilChainId, richKey} from '../helpers/anvil.ts';
import {createTreeInMemory, type TreeInMemory} from '../helpers/tree-in-memory.ts';

/** Only for waiting on a chain that answers at once. */
export const hastyClock: Clock = {...systemClock, sleep: (_, signal) => systemClock.sleep(5, signal)};

/** Thrown by a fault: stands for the process's end. */
export class Crash extends Error {}

export type Site = {
	readonly anvil: Anvil;
	readonly registry: string;
	/** Opens a log of its own at the site's registry, with a key of its own. */
	readonly log: (name: string) => Promise<World>;
};

export type World = {
	readonly anvil: Anvil;
	readonly registry: string;
	readonly signer: Signer;
	readonly tree: TreeInMemory;
	readonly logId: string;
	/** What the store holds, as texts: nothing survives in it but what JSON keeps. */
	readonly stored: Map<string, string>;
	readonly rows: () => AnchorRow[];
	readonly clock: Clock & {advance: (ms: number) => void};
	/** Makes an anchor over the stored rows, as a start of the process would. */
	readonly start: (changes?: {
		readonly url?: string;
		readonly chain?: (chain: Chain) => Chain;
		readonly timeoutMs?: number;
		readonly chainId?: number;
		readonly needs?: Partial<Needs>;
		readonly options?: Partial<AnchorOptions>;
	}) => Anchor;
	/** Ticks until nothing moves, mining `blocks` in between; at most `ticks` times. */
	readonly settle: (anchor: Anchor, done: () => boolean | Promise<boolean>, ticks?: number) => Promise<void>;
	/** Compares what the chain holds with what the outbox says. The judge of every test. */
	readonly judge: (expectedSizes: readonly number[]) => Promise<string[]>;
};

export const live = new AbortController().signal;
const anchoredTopic = `0x${toHex(keccak256(utf8('Anchored(bytes32,uint64,bytes32,uint64)')))}`;

export async function createSite(anvil: Anvil): Promise<Site> {
	const rich = signerFromKey(richKey);
	const chain = openChain({url: anvil.url, chainId: anvilChainId});
	const {registry} = await deployRegistry({chain, clock: hastyClock, signer: rich}, {challengeTimeS: 0});
	let keys = 0;
	return {
		anvil,
		registry,
		log: async name => {
			keys += 1;
			const signer = signerFromKey(`0x${toHex(keccak256(utf8(`key ${name} ${keys}`)))}`);
			const origin = `${name.replaceAll(/[^a-z0-9]+/gi, '-')}/1`;
			await anvil.rpc('anvil_setBalance', signer.address, '0xde0b6b3a7640000');
			await openLogAt({chain, clock: hastyClock, signer}, {registry, origin});
			return createWorld(anvil, registry, signer, origin);
		},
	};
}

/** What a row is stored under. */
export function keyOf({logId, size}: Pick<AnchorRow, 'logId' | 'size'>): string {
	return `${logId} ${size}`;
}

export function createWorld(anvil: Anvil, registry: string, signer: Signer, origin: string): World {
	const tree = createTreeInMemory(origin);
	const logId = anchorLogId(anvilChainId, registry, signer.address, origin);
	const stored = new Map<string, string>();
	let nowMs = 1_800_000_000_000;
	const clock = {
		nowMs: () => nowMs,
		monotonicMs: () => nowMs,
		sleep: () => Promise.resolve(),
		advance: (ms: number) => {
			nowMs += ms;
		},
	};
	const rows = (): AnchorRow[] => [...stored.values()].map(text => JSON.parse(text) as AnchorRow).sort((a, b) => a.size - b.size);
	return {
		anvil,
		registry,
		signer,
		tree,
		logId,
		stored,
		rows,
		clock,
		start: (changes = {}) => {
			const {url = anvil.url, chainId = anvilChainId, timeoutMs = 10_000} = changes;
			const chain = openChain({url, chainId, timeoutMs});
			const newestCheckpoint = changes.needs?.newestCheckpoint ?? (async () => (tree.size === 0 ? undefined : tree.checkpoint(tree.size)));
			return createAnchor(
				{
					newestCheckpoint,
					// A tree has no tally: what is there is sealed as it is.
					sealCheckpoint: newestCheckpoint,
					arrivedAtMsOf: async index => (index < tree.size ? 1_800_000_000_000 : undefined),
					consistencyProof: async (first, second) => tree.consistencyProof(first, second),
					store: {
						load: async () => rows(),
						save: async row => void stored.set(keyOf(row), JSON.stringify(row)),
						replace: async (old, row) => {
							stored.delete(keyOf(old));
							stored.set(keyOf(row), JSON.stringify(row));
						},
					},
					clock,
					logger: silentLogger,
					chain: changes.chain === undefined ? chain : changes.chain(chain),
					signer,
					...changes.needs,
				},
				{
					registry,
					origin,
					policy: {ageMsMax: 3_600_000, entriesMax: 1, idleMsMax: 0},
					fees: {feeWeiMax: 100n * 10n ** 9n},
					pollMs: 0,
					retryFirstMs: 0,
					retryMaxMs: 0,
					...changes.options,
				},
			);
		},
		settle: async (anchor, done, ticks = 200) => {
			for (let i = 0; i < ticks; i += 1) {
				if (await done()) return;
				if (!(await anchor.tick(live))) {
					clock.advance(1000);
					await anvil.mine(1);
				}
			}
			const status = await anchor.status();
			throw new Error(`not settled after ${ticks} ticks: ${JSON.stringify({...status, balanceWei: 0})}`);
		},
		judge: async expectedSizes => {
			const problems: string[] = [];
			type Log = {topics: string[]; data: string; transactionHash: string; blockHash: string};
			const filter = {address: registry, topics: [anchoredTopic, logId], fromBlock: '0x0', toBlock: 'latest'};
			const logs = await anvil.rpc<Log[]>('eth_getLogs', filter);
			const sizes = logs.map(log => Number(log.topics[2]));
			if (JSON.stringify(sizes) !== JSON.stringify(expectedSizes)) problems.push(`sizes on the chain are ${sizes}, not ${expectedSizes}`);
			for (const [i, log] of logs.entries()) {
				const root = log.data.slice(2, 66);
				if (root !== toHex(tree.root(sizes[i]!))) problems.push(`the root of size ${sizes[i]} is not the tree's`);
				const row = rows().find(({size}) => size === sizes[i]);
				if (row?.state !== 'final') problems.push(`size ${sizes[i]} is on the chain, and ${row?.state} in the outbox`);
				if (row?.mined?.transactionHash !== log.transactionHash)
					problems.push(`size ${sizes[i]} is in another transaction than the outbox says`);
				if (row?.mined?.blockHash !== log.blockHash) problems.push(`size ${sizes[i]} is in another block than the outbox says`);
			}
			for (const row of rows())
				if (!sizes.includes(row.size)) problems.push(`size ${row.size} is ${row.state} in the outbox, and not on the chain`);
			return problems;
		},
	};
}

/** The four bytes that a call of this function begins with. */
export function selectorOf(signature: string): string {
	return `0x${toHex(keccak256(utf8(signature)).subarray(0, 4))}`;
}
