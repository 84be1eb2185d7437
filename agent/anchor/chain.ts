// The one place that talks to a chain: small typed verbs over JSON-RPC, each of which answers or says why not in a sentence.

import {FetchRequest, Interface, JsonRpcProvider, Network, Transaction} from 'ethers';
import {anchorRegistryAbi} from '../../contracts/generated/anchor-registry.ts';
import {toHex} from '../base/bytes.ts';
import {systemClock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import type {AnchorRecord} from '../format/evidence.ts';
import type {UnsignedTransaction} from './keystore.ts';
import type {MinedAt} from './outbox.ts';

export type ChainOptions = {
	/** http or https. What it holds beyond the host (keys, passwords) never gets into a message. */
	readonly url: string;
	/** The chain that must answer there. */
	readonly chainId: number;
	/** Bound on one request, connecting included. @default 10 000 */
	readonly timeoutMs?: number;
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
	readonly logs: readonly ChainLog[];
};

export type Fees = {readonly baseFeeWei: bigint; readonly tipWei: bigint};

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
	readonly hasCode: (address: string) => Promise<boolean>;
	/** Mined transactions of the account: its next nonce. */
	readonly nonce: (address: string) => Promise<number>;
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
	/** Where the anchor that `latest` shows got into the chain. Finds it by the block's time, so that no node has to search a range. */
	readonly findAnchor: (search: AnchorSearch & {readonly time: number}) => Promise<MinedAt | undefined>;
	/** What this chain says of an anchor that a receipt claims. Never throws: a chain that cannot be asked is an answer too. */
	readonly readAnchor: (record: AnchorRecord, root: Uint8Array) => Promise<AnchorSight>;
	/** Gives up whatever is under way. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** No answer that we ask for comes near this; a hostile node could send gigabytes. */
const answerLengthMax = 4 * 1024 * 1024;
/** Used where a node does not suggest a tip: 1 gwei. */
const tipWeiDefault = 1_000_000_000n;
/** Chains with several blocks a second give them the same time; no more than this many are looked through. */
const sameTimeBlocksMax = 64;

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
	const same =
		signed.type === 2 &&
		signed.chainId === BigInt(asked.chainId) &&
		signed.nonce === asked.nonce &&
		(signed.to?.toLowerCase() ?? undefined) === asked.to &&
		signed.data === asked.data &&
		signed.value === asked.value &&
		signed.gasLimit === asked.gasLimit &&
		signed.maxFeePerGas === asked.maxFeePerGas &&
		signed.maxPriorityFeePerGas === asked.maxPriorityFeePerGas &&
		signed.from?.toLowerCase() === signer;
	if (!same || signed.hash === null) {
		throw new AgentError('KEY_INVALID', `the signer of ${signer} gave back another transaction than it was asked to sign`);
	}
	return signed.hash;
}

/** Talks to one node. Nothing is sent before the first question. */
export function openChain(options: ChainOptions): Chain {
	const {chainId: expectedId, timeoutMs = 10_000} = options;
	const {request, host} = requestTo(options.url);
	const closing = new AbortController();
	request.timeout = timeoutMs;
	// A busy node is our caller's business: twelve silent attempts would hide it for minutes.
	request.setThrottleParams({maxAttempts: 1});
	request.retryFunc = async () => false;
	request.getUrlFunc = asked => inTime(closing.signal, timeoutMs, signal => fetchOnce(asked, signal));
	const network = Network.from(expectedId);
	// ENS lookups and CCIP-read fetch addresses that a contract chose; nothing here takes a name, and nothing calls through the provider's own helpers.
	const provider = new JsonRpcProvider(request, network, {
		staticNetwork: network,
		batchMaxCount: 1,
		batchStallTime: 0,
		cacheTimeout: -1,
		polling: false,
	});
	provider.disableCcipRead = true;

	/** The node's answer, or its own error; throws if there was neither. */
	const tryAsk = async (method: string, params: unknown[]): Promise<{readonly value: unknown} | {readonly refusal: Refusal}> => {
		if (closing.signal.aborted) throw new AgentError('CHAIN_UNREACHABLE', `the connection to the chain at ${host} is closed`);
		try {
			return {value: await provider.send(method, params)};
		} catch (error) {
			const refusal = refusalOf(error);
			if (refusal !== undefined) return {refusal};
			throw new AgentError('CHAIN_UNREACHABLE', `the chain at ${host} did not answer ${method}: ${reasonOf(error, timeoutMs)}`, {
				hint: 'check that the node runs and that its address is right; the same request is made again',
				cause: error instanceof Error ? error.cause : undefined,
			});
		}
	};
	const refused = (method: string, {code, message}: Refusal): AgentError =>
		new AgentError('CHAIN_REFUSED', `the chain at ${host} refused ${method}: ${message}${code === undefined ? '' : ` (${code})`}`);
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
		if (typeof found !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(found)) throw odd(method, found);
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
			baseFeeWei: fields.baseFeePerGas === undefined ? undefined : bigint(method, fields.baseFeePerGas),
		};
	};
	const block = async (tag: string): Promise<Block | undefined> => {
		const method = 'eth_getBlockByNumber';
		const found = await ask(method, [tag, false]);
		return found === null ? undefined : blockOf(method, found);
	};
	/** What the node has for the newest finalized block; null if there is none. */
	const askFinalized = async (method: string): Promise<unknown> => {
		const answer = await tryAsk(method, ['finalized', false]);
		if ('value' in answer) return answer.value;
		// A young chain has finalized nothing yet, and geth says so with an error.
		if (/block not found/i.test(answer.refusal.message)) return null;
		throw refused(method, answer.refusal);
	};
	const headBlock = async (): Promise<Block> => {
		const head = await block('latest');
		if (head === undefined) throw odd('eth_getBlockByNumber', null);
		return head;
	};
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
		const answer = await tryAsk('eth_call', [{to: registry, data}, tag]);
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

	const chain: Chain = {
		expectedId,
		chainId: async () => number('eth_chainId', await ask('eth_chainId', [])),
		hasCode: async address => hexText('eth_getCode', await ask('eth_getCode', [address, 'latest']), anyHex) !== '0x',
		nonce: async address => number('eth_getTransactionCount', await ask('eth_getTransactionCount', [address, 'latest'])),
		balanceWei: async address => bigint('eth_getBalance', await ask('eth_getBalance', [address, 'latest'])),
		fees: async () => {
			const {baseFeeWei} = await headBlock();
			if (baseFeeWei === undefined) {
				throw new AgentError('CHAIN_MISMATCH', `the chain at ${host} has no base fee, so it takes no EIP-1559 transactions`);
			}
			const method = 'eth_maxPriorityFeePerGas';
			const answer = await tryAsk(method, []);
			// Not every node suggests one.
			return {baseFeeWei, tipWei: 'refusal' in answer ? tipWeiDefault : bigint(method, answer.value)};
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
			return {
				transactionHash,
				blockNumber: number(method, fields.blockNumber),
				blockHash: hexText(method, fields.blockHash, hash32),
				succeeded: number(method, fields.status) === 1,
				gasUsed: bigint(method, fields.gasUsed),
				logs: logsOf(method, fields.logs),
			};
		},
		blockHashAt: async blockNumber => (await block(`0x${blockNumber.toString(16)}`))?.hash,
		headNumber: async () => (await headBlock()).number,
		finalizedNumber: async () => {
			const method = 'eth_getBlockByNumber';
			const found = await askFinalized(method);
			return found === null ? 0 : number(method, object(method, found).number);
		},
		finalizedBlock: async () => {
			const method = 'eth_getBlockByNumber';
			const found = await askFinalized(method);
			if (found === null) return undefined;
			const {number: height, hash, time} = blockOf(method, found);
			return {number: height, hash, timeS: time};
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
		findAnchor: async ({registry, logId, size, root, time}) => {
			const head = await headBlock();
			const low = await firstBlockFrom(time);
			const topics = [anchoredTopic, logId, `0x${size.toString(16).padStart(64, '0')}`];
			for (let at = low; at <= head.number && at < low + sameTimeBlocksMax; at += 1) {
				const candidate = await block(`0x${at.toString(16)}`);
				if (candidate === undefined || candidate.time !== time) return undefined;
				const method = 'eth_getLogs';
				const found = await ask(method, [{blockHash: candidate.hash, address: registry, topics}]);
				for (const [i, log] of logsOf(method, found).entries()) {
					if (anchoredTime([log], {registry, logId, size, root}) !== time) continue;
					const transactionHash = hexText(method, object(method, (found as unknown[])[i]).transactionHash, hash32);
					return {transactionHash, blockNumber: candidate.number, blockHash: candidate.hash, blockTime: time};
				}
			}
			return undefined;
		},
		readAnchor: async (record, root) => {
			try {
				return await readAnchor(chain, record, `0x${toHex(root)}`, host);
			} catch (error) {
				if (error instanceof AgentError && error.code !== 'ASSERTION_FAILED') return {found: 'unreachable', detail: error.message};
				throw error;
			}
		},
		[Symbol.asyncDispose]: async () => {
			closing.abort(new Error('the connection was closed'));
			provider.destroy();
		},
	};
	return chain;
}

/** Each step needs positive evidence; what is missing is called absent, what differs is called contradicted. */
async function readAnchor(chain: Chain, record: AnchorRecord, root: string, host: string): Promise<AnchorSight> {
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

const hash32 = /^0x[0-9a-f]{64}$/;
const address20 = /^0x[0-9a-f]{40}$/;
const anyHex = /^0x(?:[0-9a-f]{2})*$/;
const zeroAddress = `0x${'0'.repeat(40)}`;

// Every kind of node has its own words: anvil "already imported", geth "already known", Besu "Known transaction", Nethermind "AlreadyKnown", Erigon "existing tx".
const knownPattern = /already (?:known|imported|exists)|already_?known|known transaction|existing tx with same hash/i;
const nonceUsedPattern = /nonce.{0,24}too low|nonce_?too_?low|old_?nonce|nonce has already been used/i;
const displacedPattern = /replacement|too low to replace|could not replace/i;

/** What a node says when it will not do what it was asked. */
type Refusal = {readonly code: number | undefined; readonly message: string; readonly data: string | undefined};

/** The node's own error inside what ethers made of it; undefined if the node did not answer. */
function refusalOf(error: unknown): Refusal | undefined {
	const {error: direct, info} = (error ?? {}) as {error?: unknown; info?: {error?: unknown}};
	const found = (direct ?? info?.error) as {code?: unknown; message?: unknown; data?: unknown} | undefined;
	if (found === undefined || found === null || found instanceof Error || typeof found.message !== 'string') return undefined;
	const nested = found.data as {data?: unknown} | null | undefined;
	const data = [found.data, nested?.data].find(value => typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value));
	return {
		code: typeof found.code === 'number' ? found.code : undefined,
		message: found.message.slice(0, 500),
		data: data as string | undefined,
	};
}

function isRevert({message, data}: Refusal): boolean {
	return (data !== undefined && data !== '0x') || /revert/i.test(message);
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

/** Why a request failed, in a few words that never hold the address's path or the request. */
function reasonOf(error: unknown, timeoutMs: number): string {
	if (!(error instanceof Error)) return 'unknown reason';
	if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
	const {code, info} = error as {code?: unknown; info?: {responseStatus?: unknown}};
	if (typeof info?.responseStatus === 'string') return `HTTP ${info.responseStatus}`;
	const {cause} = error;
	const causeCode = (cause as {code?: unknown} | undefined)?.code;
	if (typeof causeCode === 'string') return causeCode;
	if (cause instanceof Error) return cause.message;
	// What ethers throws has a code, and a message that repeats the whole request.
	return typeof code === 'string' ? code : error.message;
}

function shown(found: unknown): string {
	return (JSON.stringify(found) ?? 'nothing').slice(0, 80);
}

/** A request without what must not be in an address: user and password go into a header, everything else stays. */
function requestTo(url: string): {readonly request: FetchRequest; readonly host: string} {
	let parsed: URL;
	try {
		parsed = new URL(url);
	} catch {
		throw new AgentError('CONFIG_INVALID', 'the address of the chain is not a URL', {hint: 'write it like http://127.0.0.1:8545'});
	}
	if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
		throw new AgentError('CONFIG_INVALID', `the chain at ${parsed.host} must be reached by http or https, not ${parsed.protocol}`);
	}
	const credentials = parsed.username === '' ? undefined : `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
	parsed.username = '';
	parsed.password = '';
	const request = new FetchRequest(parsed.href);
	if (credentials !== undefined) request.setHeader('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
	return {request, host: parsed.host};
}

/**
 * Gives work a signal that aborts when `closing` does, or after `timeoutMs`. Not AbortSignal.any with AbortSignal.timeout: Node 20 lets the garbage collector take
 * such a pair before it fires, and `closing` would keep a little of each request for as long as the agent runs.
 */
async function inTime<T>(closing: AbortSignal, timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const both = new AbortController();
	const done = new AbortController();
	const close = (): void => both.abort(closing.reason);
	if (closing.aborted) close();
	closing.addEventListener('abort', close, {once: true});
	void systemClock.sleep(timeoutMs, done.signal).then(() => {
		if (!done.signal.aborted) both.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'));
	});
	try {
		return await work(both.signal);
	} finally {
		done.abort();
		closing.removeEventListener('abort', close);
	}
}

/** One POST: no redirects, a bound on the time and on the length of the answer. */
async function fetchOnce(
	asked: FetchRequest,
	signal: AbortSignal,
): Promise<{statusCode: number; statusMessage: string; headers: Record<string, string>; body: Uint8Array}> {
	const response = await fetch(asked.url, {method: 'POST', headers: asked.headers, body: asked.body, redirect: 'error', signal});
	const parts: Uint8Array[] = [];
	let length = 0;
	for await (const part of response.body ?? []) {
		length += part.length;
		if (length > answerLengthMax) throw new Error(`the answer is longer than ${answerLengthMax} bytes`);
		parts.push(part);
	}
	const body = Buffer.concat(parts);
	// Some providers put a JSON-RPC error under an HTTP error. The former says more.
	const explained = response.status !== 429 && /^\s*\{/.test(body.toString('latin1', 0, 16)) && body.includes('"error"');
	const statusCode = explained ? 200 : response.status;
	return {statusCode, statusMessage: response.statusText, headers: Object.fromEntries(response.headers), body};
}
