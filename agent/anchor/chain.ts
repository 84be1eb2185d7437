// The one place that talks to a chain: small typed verbs over JSON-RPC, each of which answers or says why not in a sentence.

import {Interface, Transaction} from 'ethers';
import {anchorRegistryAbi} from '../../contracts/generated/anchor-registry.ts';
import {fromHex, toHex} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {keccak256} from '../base/hash.ts';
import type {AnchorRecord} from '../format/evidence.ts';
import type {TransactionPrice, UnsignedTransaction} from './keystore.ts';
import type {MinedAt} from './outbox.ts';
import {openRpc, type Refusal} from './rpc.ts';

export type ChainOptions = {
	/** http or https. What it holds beyond the host (keys, passwords) never gets into a message. */
	readonly url: string;
	/** The chain that must answer there. */
	readonly chainId: number;
	/** Bound on one request, connecting included. @default 10 000 */
	readonly timeoutMs?: number;
	/**
	 * A block is final once it is the newest but this many less one: 1 = as soon as it is mined, for chains that take nothing back. Without it the chain's own `finalized` tag
	 * decides.
	 */
	readonly confirmations?: number;
	/** How transactions pay: `dynamic` by [EIP-1559], `legacy` with one gas price. Without it as the chain's newest block suggests, which has a base fee or none. */
	readonly fees?: 'dynamic' | 'legacy';
	/** The one gas price that this chain takes, in wei, 0 included; means `legacy`. Without it the node is asked. */
	readonly gasPriceWei?: bigint;
};

/** A log's newest anchored head as the registry has it; size 0 if there is none. */
export type RegistryHead = {readonly size: number; readonly time: number; readonly root: string};

/** A block that the chain will not take back, as one node tells it. */
export type FinalizedBlock = {
	readonly number: number;
	readonly hash: string /** By the block's own header, s since 1970. */;
	readonly timeS: number;
};

/** An event of a mined transaction. */
export type ChainLog = {readonly address: string; readonly topics: readonly string[]; readonly data: string};

/** An event as a search finds it. Block and place name it for as long as the chain keeps the block. */
export type FoundLog = ChainLog & {readonly blockNumber: number; readonly blockHash: string; readonly place: number};

/** A mined transaction: what others call its receipt, a word that means something else here. */
export type Mined = {
	readonly transactionHash: string;
	readonly blockNumber: number;
	readonly blockHash: string;
	readonly succeeded: boolean;
	readonly gasUsed: bigint;
	/** What it cost its sender, in wei: gas used times what a unit of it cost in the end, and what a rollup takes beside it for its parent chain. */
	readonly costWei: bigint;
	/** Of that, what a rollup's parent chain took: it is not bounded by gas limit and price. Missing where there is none. */
	readonly parentFeeWei?: bigint;
	readonly logs: readonly ChainLog[];
};

/** What a unit of gas costs now, in wei. */
export type Fees =
	| {readonly kind: 'dynamic'; readonly baseFeeWei: bigint; readonly tipWei: bigint}
	| {readonly kind: 'legacy'; readonly gasPriceWei: bigint};

/** A block's header as a node's JSON gives it, unread: numbers and bytes are texts of 0x and hexadecimal digits. A claim until its hash is made again. */
export type RawBlock = Readonly<Record<string, unknown>>;

/** What a node's JSON gives of one mined transaction, unread. A claim until it is proven against a header. */
export type RawReceipt = Readonly<Record<string, unknown>>;

/** What a node says to bytes it is given. All but `displaced` mean that it has, or had, exactly these bytes or their nonce. */
export type BroadcastAnswer =
	| 'accepted'
	/** It has this very transaction already. */
	| 'known'
	/** A transaction with this nonce is mined already: perhaps this one. */
	| 'nonceUsed'
	/** It holds another transaction with this nonce and does not replace it. */
	| 'displaced';

export type AnchorSearch = {readonly registry: string; readonly logId: string; readonly size: number; readonly root: string};

export type AnchorSight = {
	readonly found: 'final' | 'mined' | 'absent' | 'contradicted' | 'unreachable';
	/** A sentence: what was found, or what did not fit. */
	readonly detail: string;
};

export type Chain = {
	/** The chain that must answer. */
	readonly expectedId: number;
	readonly chainId: () => Promise<number>;
	/** Hash of block 0: with the chain id it tells a chain from another that took the same id. */
	readonly genesisHash: () => Promise<string>;
	readonly hasCode: (address: string) => Promise<boolean>;
	/** keccak256 of the contract's code, 0x and 64 hexadecimal digits; undefined where there is none. */
	readonly codeHash: (address: string) => Promise<string | undefined>;
	/**
	 * Mined transactions of the account: its next nonce. What is concluded from a used nonce must be `agreed`: where several nodes are to agree that is what they agree on,
	 * and 0 while they do not answer; for one node it is the same.
	 */
	readonly nonce: (address: string, need?: 'agreed') => Promise<number>;
	readonly balanceWei: (address: string) => Promise<bigint>;
	readonly fees: () => Promise<Fees>;
	/** The gas that a transaction would take now, or the contract's own words for refusing it. */
	readonly estimate: (call: {
		readonly from: string;
		readonly to: string | undefined;
		readonly data: string;
		readonly value?: bigint;
	}) => Promise<{readonly gas: bigint} | {readonly refused: string}>;
	readonly broadcast: (raw: string) => Promise<BroadcastAnswer>;
	/** The transaction in its block; undefined if this node does not have it in one. */
	readonly mined: (transactionHash: string) => Promise<Mined | undefined>;
	/** Hash of the block now at that height; undefined if this node has none there. */
	readonly blockHashAt: (blockNumber: number) => Promise<string | undefined>;
	/** The header of the block with that hash; undefined if this node does not have it. */
	readonly rawBlock: (blockHash: string) => Promise<RawBlock | undefined>;
	/** What the block's transactions did, in their order; undefined if this node does not have the block. */
	readonly rawReceipts: (blockHash: string) => Promise<readonly RawReceipt[] | undefined>;
	readonly headNumber: () => Promise<number>;
	/** Number of the newest finalized block; 0 if there is none yet. */
	readonly finalizedNumber: () => Promise<number>;
	/** The newest finalized block; undefined if the chain has none yet. */
	readonly finalizedBlock: () => Promise<FinalizedBlock | undefined>;
	/** What a contract answers to a call, as of the newest block; `refused` in its own words if it reverts. */
	readonly read: (to: string, data: string) => Promise<{readonly value: string} | {readonly refused: string}>;
	/** Time of the newest block, s since 1970. */
	readonly headTimeS: () => Promise<number>;
	/** The newest block. */
	readonly head: () => Promise<{readonly number: number; readonly timeS: number}>;
	/** Number of the first block that is not older than a time, s since 1970; one beyond the newest if all are. */
	readonly firstBlockFrom: (timeS: number) => Promise<number>;
	/** Events of these contracts with one of these first topics, in blocks from … to, both included. The range is the caller's to bound. */
	readonly logs: (search: {
		readonly addresses: readonly string[];
		readonly topics: readonly string[];
		readonly from: number;
		readonly to: number;
	}) => Promise<readonly FoundLog[]>;
	/** Who may anchor the log; undefined if it was never opened. */
	readonly operatorOf: (registry: string, logId: string) => Promise<string | undefined>;
	/** How many commitments the registry keeps of a log, and for how long it overwrites none of them. */
	readonly ring: (registry: string) => Promise<{readonly places: number; readonly challengeTimeS: number}>;
	/** The log's newest anchored head, as of the newest block or as of the newest final one. */
	readonly latest: (registry: string, logId: string, tag?: 'latest' | 'finalized') => Promise<RegistryHead>;
	/** The log's newest anchored head as any node shows it, each once: for who must hear of any, however many others do not show it. */
	readonly shownHeads: (registry: string, logId: string) => Promise<readonly RegistryHead[]>;
	/** Where the anchor that `latest` shows got into the chain. Finds it by the block's time, so that no node has to search a range. */
	readonly findAnchor: (search: AnchorSearch & {readonly time: number}) => Promise<MinedAt | undefined>;
	/** What this chain says of an anchor that a receipt claims. Never throws: a chain that cannot be asked is an answer too. */
	readonly readAnchor: (record: AnchorRecord, root: Uint8Array) => Promise<AnchorSight>;
	/** Gives up whatever is under way. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Used where a node does not suggest a tip: 1 gwei. */
const tipWeiDefault = 1_000_000_000n;
/** Chains with several blocks a second give them the same time; no more than this many are looked through. */
const sameTimeBlocksMax = 64;

/** Where finality is told by the tag, the first block is final long before this height: on Ethereum after 64 to 96 blocks. */
const youngHeightMax = 1024;
const untaggedHint =
	'a node that starts knows none for a while; a chain without the tag "finalized" needs a number of confirmations in the config, 1 where it takes no block back';

/** A block with more transactions is not asked for one by one. */
const receiptsMax = 1000;
const receiptsAtOnce = 8;

const registryInterface = new Interface(anchorRegistryAbi);
const anchoredTopic = registryInterface.getEvent('Anchored')!.topicHash;

export function encodeAnchor(logId: string, size: number, root: string, proof: readonly string[]): string {
	return registryInterface.encodeFunctionData('anchor', [logId, size, root, proof]);
}

export function encodeOpen(originHash: Uint8Array): string {
	return registryInterface.encodeFunctionData('open', [originHash]);
}

/** The time in the registry's event for exactly this log, size and root; undefined if the logs have none. */
export function anchoredTime(logs: readonly ChainLog[], search: AnchorSearch): number | undefined {
	for (const log of logs) {
		if (log.address !== search.registry || log.topics[0] !== anchoredTopic) continue;
		const event = parsedEvent(log);
		if (event === undefined || event[0] !== search.logId || event[1] !== BigInt(search.size) || event[2] !== search.root) continue;
		return Number(event[3]);
	}
	return undefined;
}

function parsedEvent(log: ChainLog): readonly unknown[] | undefined {
	try {
		return registryInterface.parseLog(log)?.args;
	} catch {
		return undefined;
	}
}

/** The hash of signed bytes, after making sure that they are the transaction that was asked for and are signed by that address. */
export function checkSigned(raw: string, asked: UnsignedTransaction, signer: string): string {
	const signed = Transaction.from(raw);
	const sameFees =
		asked.type === 'legacy'
			? signed.type === 0 && signed.gasPrice === asked.gasPrice
			: signed.type === 2 && signed.maxFeePerGas === asked.maxFeePerGas && signed.maxPriorityFeePerGas === asked.maxPriorityFeePerGas;
	const same =
		sameFees &&
		signed.chainId === BigInt(asked.chainId) &&
		signed.nonce === asked.nonce &&
		(signed.to?.toLowerCase() ?? undefined) === asked.to &&
		signed.data === asked.data &&
		signed.value === asked.value &&
		signed.gasLimit === asked.gasLimit &&
		(signed.accessList ?? []).length === 0 &&
		signed.from?.toLowerCase() === signer &&
		// Zeros that a lenient reader passes over would give the bytes another hash than the one that is looked for.
		signed.serialized === raw;
	if (!same || signed.hash === null) {
		throw new AgentError('KEY_INVALID', `the signer of ${signer} gave back another transaction than it was asked to sign`);
	}
	return signed.hash;
}

/** What signed bytes of ours do. MUST be given bytes that went through checkSigned. */
export function readSigned(raw: string): UnsignedTransaction {
	const {type, chainId, nonce, to, data, value, gasLimit, gasPrice, maxFeePerGas, maxPriorityFeePerGas} = Transaction.from(raw);
	const price: TransactionPrice =
		type === 2
			? {type: 'dynamic', maxFeePerGas: maxFeePerGas ?? 0n, maxPriorityFeePerGas: maxPriorityFeePerGas ?? 0n}
			: {type: 'legacy', gasPrice: gasPrice ?? 0n};
	return {chainId: Number(chainId), nonce, to: to?.toLowerCase(), data, value, gasLimit, ...price};
}

/** Talks to one node. Nothing is sent before the first question. */
export function openChain(options: ChainOptions): Chain {
	const {chainId: expectedId, timeoutMs = 10_000, confirmations, gasPriceWei} = options;
	const rpc = openRpc({url: options.url, timeoutMs});
	const {host, ask: tryAsk} = rpc;
	const refused = (method: string, {code, message}: Refusal, hint?: string): AgentError =>
		new AgentError(
			'CHAIN_REFUSED',
			`the chain at ${host} refused ${method}: ${message}${code === undefined ? '' : ` (${code})`}`,
			hint === undefined ? {} : {hint},
		);
	const ask = async (method: string, params: unknown[]): Promise<unknown> => {
		const answer = await tryAsk(method, params);
		if ('refusal' in answer) throw refused(method, answer.refusal);
		return answer.value;
	};
	const odd = (method: string, found: unknown): AgentError =>
		new AgentError('CHAIN_UNREACHABLE', `the chain at ${host} answered ${method} with ${shown(found)}, which is not an answer to it`);
	const number = (method: string, found: unknown): number => {
		const value = Number(bigint(method, found));
		if (!Number.isSafeInteger(value)) throw odd(method, found);
		return value;
	};
	const bigint = (method: string, found: unknown): bigint => {
		if (typeof found !== 'string' || !quantity.test(found)) throw odd(method, found);
		return BigInt(found);
	};
	const hexText = (method: string, found: unknown, pattern: RegExp): string => {
		const text = typeof found === 'string' ? found.toLowerCase() : '';
		if (!pattern.test(text)) throw odd(method, found);
		return text;
	};
	const object = (method: string, found: unknown): Record<string, unknown> => {
		if (typeof found !== 'object' || found === null) throw odd(method, found);
		return found as Record<string, unknown>;
	};

	type Block = {readonly number: number; readonly hash: string; readonly time: number; readonly baseFeeWei: bigint | undefined};
	const blockOf = (method: string, found: unknown): Block => {
		const fields = object(method, found);
		return {
			number: number(method, fields.number),
			hash: hexText(method, fields.hash, hash32),
			time: number(method, fields.timestamp),
			// Left out before [EIP-1559] and null on chains that never had it.
			baseFeeWei: fields.baseFeePerGas === undefined || fields.baseFeePerGas === null ? undefined : bigint(method, fields.baseFeePerGas),
		};
	};
	const block = async (tag: string): Promise<Block | undefined> => {
		const method = 'eth_getBlockByNumber';
		const found = await ask(method, [tag, false]);
		return found === null ? undefined : blockOf(method, found);
	};
	const headBlock = async (): Promise<Block> => {
		const head = await block('latest');
		if (head === undefined) throw odd('eth_getBlockByNumber', null);
		return head;
	};
	/** The newest final block; undefined if there is none yet. */
	const finalizedBlock = async (): Promise<Block | undefined> => {
		if (confirmations !== undefined) return block(await finalTag());
		const method = 'eth_getBlockByNumber';
		const answer = await tryAsk(method, ['finalized', false]);
		if ('value' in answer && answer.value !== null) return blockOf(method, answer.value);
		// A young chain has finalized nothing yet, and geth says so with an error. So does one that never finalizes anything, and Besu says of both "Unknown block".
		if ('refusal' in answer && !/block not found/i.test(answer.refusal.message)) throw refused(method, answer.refusal, untaggedHint);
		const {number: height} = await headBlock();
		if (height < youngHeightMax) return undefined;
		throw new AgentError('CHAIN_REFUSED', `the chain at ${host} has ${height} blocks, and none of them is finalized`, {hint: untaggedHint});
	};
	/** What names the newest final block in a question. */
	const finalTag = async (): Promise<string> =>
		confirmations === undefined ? 'finalized' : `0x${Math.max(0, (await headBlock()).number - confirmations + 1).toString(16)}`;
	const firstBlockFrom = async (timeS: number): Promise<number> => {
		// Times never go back.
		let low = 0;
		let high = (await headBlock()).number + 1;
		while (low < high) {
			const middle = Math.floor((low + high) / 2);
			const found = await block(`0x${middle.toString(16)}`);
			// A block that was there a moment ago is gone: the chain was reorganised, or another node answers.
			if (found !== undefined && found.time < timeS) low = middle + 1;
			else high = middle;
		}
		return low;
	};
	const logsOf = (method: string, found: unknown): ChainLog[] => {
		if (!Array.isArray(found)) throw odd(method, found);
		return found.map(one => {
			const fields = object(method, one);
			if (!Array.isArray(fields.topics)) throw odd(method, one);
			return {
				address: hexText(method, fields.address, address20),
				topics: fields.topics.map(topic => hexText(method, topic, hash32)),
				data: hexText(method, fields.data, anyHex),
			};
		});
	};
	const call = async (
		registry: string,
		name: string,
		values: readonly unknown[],
		tag: 'latest' | 'finalized' = 'latest',
	): Promise<readonly unknown[]> => {
		const data = registryInterface.encodeFunctionData(name, values);
		const answer = await tryAsk('eth_call', [{to: registry, data}, tag === 'latest' ? tag : await finalTag()]);
		if ('refusal' in answer && !isRevert(answer.refusal)) throw refused('eth_call', answer.refusal);
		const found = 'refusal' in answer ? undefined : hexText('eth_call', answer.value, anyHex);
		try {
			if (found !== undefined) return registryInterface.decodeFunctionResult(name, found);
		} catch {
			// Said below.
		}
		throw new AgentError('CHAIN_MISMATCH', `the contract at ${registry} does not answer ${name}(): it is not an AnchorRegistry`, {
			hint: 'check the registry and the chain id; if the chain was reset, deploy the registry again',
		});
	};

	/** Asked by the block's hash, so that a node that does not have the block says so, and not that it holds no events [EIP-234]. */
	const logsInBlock = async (of: Block, address: string, topics: readonly string[]): Promise<unknown> => {
		const method = 'eth_getLogs';
		const answer = await tryAsk(method, [{blockHash: of.hash, address, topics}]);
		if ('value' in answer) return answer.value;
		// FISCO BCOS takes a range only. Every event names its block, so nothing of another block passes for one of this.
		const height = `0x${of.number.toString(16)}`;
		return ask(method, [{fromBlock: height, toBlock: height, address, topics}]);
	};
	const receiptsOneByOne = async (blockHash: string): Promise<readonly RawReceipt[] | undefined> => {
		const found = await ask('eth_getBlockByHash', [blockHash, false]);
		if (found === null) return undefined;
		const {transactions} = object('eth_getBlockByHash', found);
		if (!Array.isArray(transactions)) throw odd('eth_getBlockByHash', transactions);
		if (transactions.length > receiptsMax) {
			throw new AgentError(
				'CHAIN_REFUSED',
				`block ${blockHash} has ${transactions.length} transactions; at most ${receiptsMax} are asked for one by one`,
				{
					hint: 'name a node that has the method eth_getBlockReceipts',
				},
			);
		}
		const method = 'eth_getTransactionReceipt';
		const receipts: RawReceipt[] = [];
		for (let at = 0; at < transactions.length; at += receiptsAtOnce) {
			const some = transactions.slice(at, at + receiptsAtOnce).map(hash => ask(method, [hexText(method, hash, hash32)]));
			for (const one of await Promise.all(some)) {
				// The block was taken back meanwhile, or another node answers.
				if (one === null) return undefined;
				receipts.push(object(method, one));
			}
		}
		return receipts;
	};
	const codeAt = async (address: string): Promise<string> => hexText('eth_getCode', await ask('eth_getCode', [address, 'latest']), anyHex);
	const isLegacy = options.fees === 'legacy' || gasPriceWei !== undefined;
	const legacyFees = async (): Promise<Fees> => ({
		kind: 'legacy',
		gasPriceWei: gasPriceWei ?? bigint('eth_gasPrice', await ask('eth_gasPrice', [])),
	});
	/** What a unit of gas cost. Nodes that never had [EIP-1559] do not say it with the outcome, but with the transaction. */
	const paidPriceWei = async (transactionHash: string, found: unknown): Promise<bigint> => {
		if (typeof found === 'string' && quantity.test(found)) return BigInt(found);
		if (gasPriceWei !== undefined) return gasPriceWei;
		const method = 'eth_getTransactionByHash';
		return bigint(method, object(method, await ask(method, [transactionHash])).gasPrice);
	};

	const chain: Chain = {
		expectedId,
		chainId: async () => number('eth_chainId', await ask('eth_chainId', [])),
		genesisHash: async () => {
			const genesis = await block('0x0');
			if (genesis === undefined) throw odd('eth_getBlockByNumber', null);
			return genesis.hash;
		},
		hasCode: async address => (await codeAt(address)) !== '0x',
		codeHash: async address => {
			const code = await codeAt(address);
			return code === '0x' ? undefined : `0x${toHex(keccak256(fromHex(code.slice(2))!))}`;
		},
		nonce: async address => number('eth_getTransactionCount', await ask('eth_getTransactionCount', [address, 'latest'])),
		balanceWei: async address => bigint('eth_getBalance', await ask('eth_getBalance', [address, 'latest'])),
		fees: async () => {
			if (isLegacy) return legacyFees();
			const {baseFeeWei} = await headBlock();
			if (baseFeeWei === undefined) {
				if (options.fees === undefined) return legacyFees();
				throw new AgentError('CHAIN_MISMATCH', `the chain at ${host} has no base fee, so it takes no EIP-1559 transactions`, {
					hint: 'set fees to legacy in the config',
				});
			}
			const method = 'eth_maxPriorityFeePerGas';
			const answer = await tryAsk(method, []);
			// Not every node suggests one.
			return {kind: 'dynamic', baseFeeWei, tipWei: 'refusal' in answer ? tipWeiDefault : bigint(method, answer.value)};
		},
		estimate: async ({from, to, data, value = 0n}) => {
			const method = 'eth_estimateGas';
			const answer = await tryAsk(method, [{from, ...(to === undefined ? {} : {to}), data, value: `0x${value.toString(16)}`}]);
			if ('value' in answer) return {gas: bigint(method, answer.value)};
			if (isRevert(answer.refusal)) return {refused: revertText(answer.refusal)};
			throw refused(method, answer.refusal);
		},
		read: async (to, data) => {
			const answer = await tryAsk('eth_call', [{to, data}, 'latest']);
			if ('value' in answer) return {value: hexText('eth_call', answer.value, anyHex)};
			if (isRevert(answer.refusal)) return {refused: revertText(answer.refusal)};
			throw refused('eth_call', answer.refusal);
		},
		headTimeS: async () => (await headBlock()).time,
		head: async () => {
			const {number: height, time} = await headBlock();
			return {number: height, timeS: time};
		},
		firstBlockFrom,
		logs: async ({addresses, topics, from, to}) => {
			const method = 'eth_getLogs';
			const range = {fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}`};
			const found = await ask(method, [{address: addresses, topics: [topics], ...range}]);
			return logsOf(method, found).map((log, i) => {
				const fields = object(method, (found as unknown[])[i]);
				return {
					...log,
					blockNumber: number(method, fields.blockNumber),
					blockHash: hexText(method, fields.blockHash, hash32),
					place: number(method, fields.logIndex),
				};
			});
		},
		broadcast: async raw => {
			const method = 'eth_sendRawTransaction';
			const answer = await tryAsk(method, [raw]);
			if ('value' in answer) return 'accepted';
			const {message} = answer.refusal;
			if (knownPattern.test(message)) return 'known';
			if (nonceUsedPattern.test(message)) return 'nonceUsed';
			if (displacedPattern.test(message)) return 'displaced';
			throw refused(method, answer.refusal);
		},
		mined: async transactionHash => {
			const method = 'eth_getTransactionReceipt';
			const found = await ask(method, [transactionHash]);
			if (found === null) return undefined;
			const fields = object(method, found);
			// Some nodes show a pending transaction with an empty block.
			if (fields.blockHash === null || fields.blockNumber === null) return undefined;
			if (hexText(method, fields.transactionHash, hash32) !== transactionHash) throw odd(method, fields.transactionHash);
			const gasUsed = bigint(method, fields.gasUsed);
			const parentFeeWei = typeof fields.l1Fee === 'string' && quantity.test(fields.l1Fee) ? BigInt(fields.l1Fee) : 0n;
			return {
				transactionHash,
				blockNumber: number(method, fields.blockNumber),
				blockHash: hexText(method, fields.blockHash, hash32),
				succeeded: number(method, fields.status) === 1,
				gasUsed,
				costWei: gasUsed * (await paidPriceWei(transactionHash, fields.effectiveGasPrice)) + parentFeeWei,
				...(parentFeeWei === 0n ? {} : {parentFeeWei}),
				logs: logsOf(method, fields.logs),
			};
		},
		blockHashAt: async blockNumber => (await block(`0x${blockNumber.toString(16)}`))?.hash,
		headNumber: async () => (await headBlock()).number,
		finalizedNumber: async () => (await finalizedBlock())?.number ?? 0,
		finalizedBlock: async () => {
			const found = await finalizedBlock();
			return found && {number: found.number, hash: found.hash, timeS: found.time};
		},
		rawBlock: async blockHash => {
			const method = 'eth_getBlockByHash';
			const found = await ask(method, [blockHash, false]);
			return found === null ? undefined : object(method, found);
		},
		rawReceipts: async blockHash => {
			const method = 'eth_getBlockReceipts';
			const answer = await tryAsk(method, [blockHash]);
			// Not every node has the method, and some take no hash for it.
			if ('refusal' in answer) return receiptsOneByOne(blockHash);
			if (answer.value === null) return undefined;
			if (!Array.isArray(answer.value)) throw odd(method, answer.value);
			return answer.value.map(one => object(method, one));
		},
		operatorOf: async (registry, logId) => {
			const [operator] = await call(registry, 'operatorOf', [logId]);
			const found = String(operator).toLowerCase();
			return found === zeroAddress ? undefined : found;
		},
		ring: async registry => {
			const [places] = await call(registry, 'ringSize', []);
			const [challengeTimeS] = await call(registry, 'challengeTime', []);
			return {places: Number(places), challengeTimeS: Number(challengeTimeS)};
		},
		latest: async (registry, logId, tag) => {
			const [size, time, root] = await call(registry, 'latest', [logId], tag);
			return {size: Number(size), time: Number(time), root: String(root)};
		},
		shownHeads: async (registry, logId) => [await chain.latest(registry, logId)],
		findAnchor: async ({registry, logId, size, root, time}) => {
			const head = await headBlock();
			const low = await firstBlockFrom(time);
			const topics = [anchoredTopic, logId, `0x${size.toString(16).padStart(64, '0')}`];
			for (let at = low; at <= head.number && at < low + sameTimeBlocksMax; at += 1) {
				const candidate = await block(`0x${at.toString(16)}`);
				if (candidate === undefined || candidate.time !== time) return undefined;
				const method = 'eth_getLogs';
				const found = await logsInBlock(candidate, registry, topics);
				for (const [i, log] of logsOf(method, found).entries()) {
					const fields = object(method, (found as unknown[])[i]);
					if (anchoredTime([log], {registry, logId, size, root}) !== time) continue;
					if (hexText(method, fields.blockHash, hash32) !== candidate.hash) continue;
					const transactionHash = hexText(method, fields.transactionHash, hash32);
					return {transactionHash, blockNumber: candidate.number, blockHash: candidate.hash, blockTime: time};
				}
			}
			return undefined;
		},
		readAnchor: (record, root) => readAnchor(chain, record, root, host),
		[Symbol.asyncDispose]: rpc[Symbol.asyncDispose],
	};
	return chain;
}

type Verbs = Omit<Chain, 'readAnchor'>;

/** What a chain says of an anchor that a receipt claims, asked through `verbs`. `host`: whom a sentence names. Never throws for what the world does. */
export async function readAnchor(verbs: Verbs, record: AnchorRecord, root: Uint8Array, host: string): Promise<AnchorSight> {
	try {
		return await sightOf(verbs, record, `0x${toHex(root)}`, host);
	} catch (error) {
		if (error instanceof AgentError && error.code !== 'ASSERTION_FAILED') return {found: 'unreachable', detail: error.message};
		throw error;
	}
}

/** Each step needs positive evidence; what is missing is called absent, what differs is called contradicted. */
async function sightOf(chain: Verbs, record: AnchorRecord, root: string, host: string): Promise<AnchorSight> {
	const foundId = await chain.chainId();
	if (foundId !== record.chainId) {
		return {found: 'unreachable', detail: `the node at ${host} speaks for chain ${foundId}, not for chain ${record.chainId}`};
	}
	if (!(await chain.hasCode(record.registry))) {
		return {found: 'absent', detail: `chain ${record.chainId} has no contract at ${record.registry}`};
	}
	const mined = await chain.mined(record.transactionHash);
	if (mined === undefined) return {found: 'absent', detail: `the node at ${host} has no transaction ${record.transactionHash} in a block`};
	const contradicted = (detail: string): AnchorSight => ({found: 'contradicted', detail});
	if (!mined.succeeded) return contradicted(`transaction ${record.transactionHash} failed on the chain`);
	if (mined.blockNumber !== record.blockNumber || mined.blockHash !== record.blockHash) {
		return contradicted(
			`transaction ${record.transactionHash} is in block ${mined.blockNumber} (${mined.blockHash}), not in block ${record.blockNumber} (${record.blockHash})`,
		);
	}
	const time = anchoredTime(mined.logs, {registry: record.registry, logId: record.logId, size: record.size, root});
	if (time === undefined) {
		return contradicted(`transaction ${record.transactionHash} did not anchor size ${record.size} with this root for log ${record.logId}`);
	}
	if (time !== record.blockTime) return contradicted(`the anchor's block has time ${time}, not ${record.blockTime}`);
	if ((await chain.blockHashAt(record.blockNumber)) !== record.blockHash) {
		return contradicted(`block ${record.blockHash} is not on the chain at height ${record.blockNumber}`);
	}
	const finalized = await chain.finalizedNumber();
	const place = `block ${record.blockNumber} of chain ${record.chainId}`;
	return finalized >= record.blockNumber
		? {found: 'final', detail: `anchored in ${place}, which is finalized`}
		: {found: 'mined', detail: `anchored in ${place}; blocks are finalized up to ${finalized}`};
}

const quantity = /^0x[0-9a-fA-F]{1,64}$/;
const hash32 = /^0x[0-9a-f]{64}$/;
const address20 = /^0x[0-9a-f]{40}$/;
const anyHex = /^0x(?:[0-9a-f]{2})*$/;
const zeroAddress = `0x${'0'.repeat(40)}`;

// Every kind of node has its own words: anvil "already imported", geth "already known", Besu "Known transaction", Nethermind "AlreadyKnown", Erigon "existing tx",
// FISCO BCOS "AlreadyInTxPool".
const knownPattern = /already (?:known|imported|exists)|already_?known|known transaction|existing tx with same hash|AlreadyInTxPool/i;
// FISCO BCOS says "NonceCheckFail" of any transaction with the nonce, mined or waiting; and where it answers only once it has run the transaction, and that reverted, "VM Exception".
const nonceUsedPattern =
	/nonce.{0,24}too low|nonce_?too_?low|old_?nonce|nonce has already been used|NonceCheckFail|TxAlreadyInChain|^VM Exception while processing transaction/i;
const displacedPattern = /replacement|too low to replace|could not replace/i;

/** FISCO BCOS gives a revert its own status as code, and words only if the contract has some. */
const fiscoRevert = 16;

function isRevert({code, message, data}: Refusal): boolean {
	return (data !== undefined && data !== '0x') || /revert/i.test(message) || code === fiscoRevert;
}

/** The registry's own error with its values, as far as it can be read. */
function revertText({message, data}: Refusal): string {
	try {
		const parsed = data === undefined ? null : registryInterface.parseError(data);
		if (parsed !== null) return `${parsed.name}(${parsed.args.map(String).join(', ')})`;
	} catch {
		// Not an error of the registry: the node's words must do.
	}
	return message;
}

function shown(found: unknown): string {
	try {
		return (JSON.stringify(found) ?? 'nothing').slice(0, 80);
	} catch {
		// JSON.parse reads a million lists within each other, and JSON.stringify has no stack for them.
		return 'lists within lists';
	}
}
