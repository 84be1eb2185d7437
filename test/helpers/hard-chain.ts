// A chain that behaves as badly as real ones do: anvil behind a pool of our own with geth's rules, nodes that lag, lie and lose answers, and blocks that are made by hand.
import {Transaction} from 'ethers';
import {encodeOpen} from '../../agent/anchor/chain.ts';
import {type Signer, signerFromKey} from '../../agent/anchor/keystore.ts';
import {originHash} from '../../agent/format/log-id.ts';
import {type Anvil, anvilChainId} from './anvil.ts';

export const blockS = 12;
const gwei = 10n ** 9n;

/** What one node answers in place of the truth; undefined lets the truth pass, `lost` cuts the connection after the node did what was asked, `cut` before. */
export type Lie = Answer | 'lost' | 'cut' | undefined;
type Answer = {readonly result: unknown} | {readonly error: {readonly code: number; readonly message: string; readonly data?: string}};

const no = (message: string): Answer => ({error: {code: -32_000, message}});

export type Weather = {
	/** Of the blocks to come. */
	baseFeeWei: bigint;
	/** So many blocks pass between the pool's taking a transaction and its inclusion. */
	delayBlocks: number;
	/** Of the next transactions, so many are accepted and forgotten at once. */
	forget: number;
	/** So many times from now on a transaction is accepted, and the answer never comes. */
	loseAnswers: number;
	/** Both caps of a replacement must be so much higher, in per cent: geth wants 10, some chains more. */
	raisePercent: number;
	/** A block is final when so many are on top of it. */
	finalityBlocks: number;
	/** So many blocks the lagging node is behind. */
	lagBlocks: number;
	/** Whether node 0 is a balancer that gives every other question to a lagging node. */
	isBalanced: boolean;
	/** Asked for each request. `truth` asks the node. */
	lie: (node: number, method: string, params: readonly unknown[], truth: () => Promise<Answer>) => Promise<Lie> | Lie;
};

const fine = (): Weather => ({
	baseFeeWei: gwei,
	delayBlocks: 0,
	forget: 0,
	loseAnswers: 0,
	raisePercent: 10,
	finalityBlocks: 2,
	lagBlocks: 0,
	isBalanced: false,
	lie: () => undefined,
});

type Pooled = {
	readonly hash: string;
	readonly raw: string;
	readonly from: string;
	readonly transaction: Transaction;
	readonly readyAt: number;
};

export type Payment = {readonly timeS: number; readonly costWei: bigint; readonly succeeded: boolean; readonly nonce: number};

export type HardChain = {
	readonly anvil: Anvil;
	/** Node 0 is the one that most tests use; node 1 lags by `lagBlocks`, node 2 is what node 0 is when it is not a balancer. */
	readonly urls: readonly string[];
	weather: Weather;
	/** Ends every trouble. */
	readonly calm: () => void;
	/** Makes blocks, each `everyS` after the one before, with what waits in the pool. */
	readonly mine: (blocks?: number, everyS?: number) => Promise<void>;
	/** Makes empty blocks, all at once. */
	readonly mineEmpty: (blocks: number, everyS?: number) => Promise<void>;
	/** Takes the newest blocks away and puts as many empty ones there. What was in them is in the pool again, or gone. */
	readonly reorganise: (depth: number, isKept: boolean) => Promise<void>;
	readonly dropPool: () => void;
	/** Number of the newest block. */
	readonly height: () => number;
	/** What each of the account's transactions since `sinceNonce` cost, by the chain's own receipts. */
	readonly payments: (address: string) => Promise<readonly Payment[]>;
	/** Keys, each with a log of its own open at the registry, and funds. */
	readonly openLogs: (registry: string, logs: readonly {readonly key: string; readonly origin: string}[]) => Promise<readonly Signer[]>;
	readonly stop: () => void;
};

/** Stops anvil from mining by itself, and takes the pool's place. */
export async function createHardChain(anvil: Anvil): Promise<HardChain> {
	const {rpc} = anvil;
	await rpc('evm_setAutomine', false);
	let pool: Pooled[] = [];
	/** What each block of ours holds, by number. */
	const included = new Map<number, readonly Pooled[]>();
	/** Every transaction that was ever in a block, by its account. */
	const everMined = new Map<string, Map<string, number>>();
	const answers = new Map<string, Promise<Answer>>();
	let requests = 0;

	type Block = {readonly number: string; readonly timestamp: string};
	const head = (): Promise<Block> => rpc<Block>('eth_getBlockByNumber', 'latest', false);
	const first = await head();
	let height = Number(first.number);
	let timeS = Number(first.timestamp);
	const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
	const nonceOf = async (address: string): Promise<number> => Number(await rpc('eth_getTransactionCount', address, 'latest'));

	const parsed = new Map<string, {readonly transaction: Transaction; readonly hash: string; readonly from: string}>();
	/** To find out who signed something takes milliseconds. */
	const parse = (raw: string): {readonly transaction: Transaction; readonly hash: string; readonly from: string} => {
		const known = parsed.get(raw);
		if (known !== undefined) return known;
		const transaction = Transaction.from(raw);
		const found = {transaction, hash: transaction.hash!, from: transaction.from!.toLowerCase()};
		parsed.set(raw, found);
		return found;
	};

	/** What a node says to a transaction, in geth's words. */
	const take = async (raw: string): Promise<Answer> => {
		const {transaction, hash, from} = parse(raw);
		const nonce = await nonceOf(from);
		if (transaction.nonce < nonce) return no(`nonce too low: next nonce ${nonce}, tx nonce ${transaction.nonce}`);
		const same = pool.find(one => one.transaction.nonce === transaction.nonce && one.from === from);
		if (same?.hash === hash) return no('already known');
		if (same !== undefined) {
			const wanted = 100n + BigInt(chain.weather.raisePercent);
			const isRaised = (cap: (one: Transaction) => bigint): boolean =>
				cap(transaction) > cap(same.transaction) && cap(transaction) * 100n >= cap(same.transaction) * wanted;
			if (!isRaised(one => one.maxFeePerGas ?? one.gasPrice ?? 0n) || !isRaised(one => one.maxPriorityFeePerGas ?? one.gasPrice ?? 0n))
				return no('replacement transaction underpriced');
		}
		const costWei = transaction.gasLimit * (transaction.maxFeePerGas ?? transaction.gasPrice ?? 0n) + transaction.value;
		if (BigInt(await rpc<string>('eth_getBalance', from, 'latest')) < costWei) return no('insufficient funds for gas * price + value');
		pool = pool.filter(one => one !== same);
		if (chain.weather.forget > 0) chain.weather.forget -= 1;
		// A replacement keeps the place of what it replaces.
		else pool.push({hash, raw, from, transaction, readyAt: same?.readyAt ?? height + 1 + chain.weather.delayBlocks});
		return {result: hash};
	};

	/** Between two blocks a chain says the same thing to the same question; anvil need not be asked again. */
	const read = async (method: string, params: readonly unknown[]): Promise<Answer> => {
		const key = `${method} ${JSON.stringify(params)}`;
		const found = answers.get(key) ?? forward(anvil.url, method, params);
		answers.set(key, found);
		return found;
	};

	/** The node's answer if it knew only the blocks up to `top`. */
	const asOf = async (top: number, method: string, params: readonly unknown[]): Promise<Answer> => {
		const isTag = (value: unknown): boolean => value === 'latest' || value === 'finalized';
		const numberOf = (value: unknown): number => (value === 'latest' ? top : Math.max(0, top - chain.weather.finalityBlocks));
		const asked = params.map(value => (isTag(value) ? hex(numberOf(value)) : value));
		if (method === 'eth_getBlockByNumber' && Number(asked[0]) > top) return {result: null};
		if (method === 'eth_blockNumber') return {result: hex(top)};
		const answer = await read(method, asked);
		if ('error' in answer || answer.result === null) return answer;
		const {blockNumber, number} = answer.result as {readonly blockNumber?: string; readonly number?: string};
		const isUnknown =
			(method === 'eth_getTransactionReceipt' && Number(blockNumber) > top) || (method === 'eth_getBlockByHash' && Number(number) > top);
		return isUnknown ? {result: null} : answer;
	};

	const answer = async (node: number, method: string, params: readonly unknown[]): Promise<Lie> => {
		const {weather} = chain;
		requests += 1;
		const isLagging = node === 1 || (node === 0 && weather.isBalanced && requests % 2 === 0);
		const top = Math.max(0, height - (isLagging ? weather.lagBlocks : 0));
		const truth = (): Promise<Answer> => asOf(top, method, params);
		const lie = await weather.lie(node, method, params, truth);
		if (lie !== undefined && lie !== 'lost') return lie;
		if (method === 'eth_sendRawTransaction') {
			const taken = await take(String(params[0]));
			if (weather.loseAnswers > 0) {
				weather.loseAnswers -= 1;
				return 'lost';
			}
			return lie ?? taken;
		}
		const found = await truth();
		return lie ?? found;
	};

	const served = serve(answer);

	const settle = async (): Promise<void> => {
		answers.clear();
		const {number, timestamp} = await head();
		height = Number(number);
		timeS = Math.max(timeS, Number(timestamp));
	};

	const mineOne = async (everyS: number): Promise<void> => {
		timeS += everyS;
		const {baseFeeWei} = chain.weather;
		const nonces = new Map<string, number>();
		const chosen: Pooled[] = [];
		for (const one of [...pool].sort((a, b) => a.transaction.nonce - b.transaction.nonce)) {
			const {from} = one;
			const next = nonces.get(from) ?? (await nonceOf(from));
			nonces.set(from, next);
			const capWei = one.transaction.maxFeePerGas ?? one.transaction.gasPrice ?? 0n;
			if (one.transaction.nonce !== next || capWei < baseFeeWei || one.readyAt > height + 1) continue;
			nonces.set(from, next + 1);
			chosen.push(one);
		}
		// anvil looks at the fee of the next block when it takes a transaction.
		await rpc('anvil_setNextBlockBaseFeePerGas', hex(baseFeeWei));
		for (const {raw} of chosen) await rpc('eth_sendRawTransaction', raw);
		await rpc('evm_setNextBlockTimestamp', hex(timeS));
		await rpc('evm_mine');
		answers.clear();
		height += 1;
		included.set(height, chosen);
		for (const {hash, from, transaction} of chosen) {
			const mined = everMined.get(from) ?? new Map<string, number>();
			everMined.set(from, mined.set(hash, transaction.nonce));
		}
		// What has a used nonce leaves the pool, as in any node.
		pool = pool.filter(one => !chosen.includes(one) && one.transaction.nonce >= (nonces.get(one.from) ?? 0));
	};

	const chain: HardChain = {
		anvil,
		urls: served.urls,
		weather: fine(),
		calm: () => {
			chain.weather = fine();
		},
		mine: async (blocks = 1, everyS = blockS) => {
			for (let i = 0; i < blocks; i += 1) await mineOne(everyS);
		},
		mineEmpty: async (blocks, everyS = blockS) => {
			await rpc('anvil_setNextBlockBaseFeePerGas', hex(chain.weather.baseFeeWei));
			await rpc('evm_setNextBlockTimestamp', hex(timeS + everyS));
			await rpc('anvil_mine', hex(blocks), hex(everyS));
			await settle();
		},
		reorganise: async (depth, isKept) => {
			const gone: Pooled[] = [];
			for (let number = height; number > height - depth; number -= 1) {
				gone.push(...(included.get(number) ?? []));
				included.delete(number);
			}
			await rpc('anvil_reorg', depth, []);
			await settle();
			if (isKept) for (const one of gone) if (!pool.some(other => other.hash === one.hash)) pool.push({...one, readyAt: height + 1});
		},
		dropPool: () => {
			pool = [];
		},
		height: () => height,
		payments: async address => {
			const found: Payment[] = [];
			for (const [hash, nonce] of everMined.get(address) ?? []) {
				type Receipt = {readonly status: string; readonly gasUsed: string; readonly effectiveGasPrice: string; readonly blockHash: string};
				const receipt = await rpc<Receipt | null>('eth_getTransactionReceipt', hash);
				if (receipt === null) continue;
				const block = await rpc<Block>('eth_getBlockByHash', receipt.blockHash, false);
				found.push({
					timeS: Number(block.timestamp),
					costWei: BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice),
					succeeded: Number(receipt.status) === 1,
					nonce,
				});
			}
			return found;
		},
		openLogs: async (registry, logs) => {
			const signers = logs.map(({key}) => signerFromKey(key));
			for (const [i, signer] of signers.entries()) {
				await rpc('anvil_setBalance', signer.address, hex(10n ** 18n));
				const raw = await signer.signTransaction({
					chainId: anvilChainId,
					nonce: 0,
					to: registry,
					data: encodeOpen(originHash(logs[i]!.origin)),
					value: 0n,
					gasLimit: 200_000n,
					type: 'legacy',
					gasPrice: 4n * chain.weather.baseFeeWei,
				});
				await rpc('eth_sendRawTransaction', raw);
			}
			await mineOne(blockS);
			return signers;
		},
		stop: served.stop,
	};
	return chain;
}

async function forward(url: string, method: string, params: readonly unknown[]): Promise<Answer> {
	const body = JSON.stringify({jsonrpc: '2.0', id: 1, method, params});
	const response = await fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body});
	const answer = (await response.json()) as Answer;
	return 'error' in answer ? {error: answer.error} : {result: answer.result};
}

let chains = 0;

/** Answers, in this process, what is asked at addresses of its own: a socket for each of many thousand questions would take longer than all the rest. */
function serve(answer: (node: number, method: string, params: readonly unknown[]) => Promise<Lie>): {
	readonly urls: readonly string[];
	readonly stop: () => void;
} {
	chains += 1;
	const urls = [0, 1, 2].map(node => `http://node-${node}.chain-${chains}.test/`);
	const beyond = globalThis.fetch;
	globalThis.fetch = async (asked, init) => {
		const node = urls.indexOf(String(asked));
		if (node < 0) return beyond(asked, init);
		const {id, method, params} = JSON.parse(Buffer.from(init!.body as Uint8Array).toString()) as {
			id: number;
			method: string;
			params: unknown[];
		};
		const found = await answer(node, method, params);
		if (found === 'lost' || found === 'cut' || found === undefined)
			throw new TypeError('fetch failed', {cause: new Error('other side closed')});
		return new Response(JSON.stringify({jsonrpc: '2.0', id, ...found}), {headers: {'content-type': 'application/json'}});
	};
	return {
		urls,
		stop: () => {
			globalThis.fetch = beyond;
		},
	};
}
