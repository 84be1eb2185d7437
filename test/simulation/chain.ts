// A chain in memory with one AnchorRegistry on it: blocks on virtual time, a mempool with geth's rules, finality that lags, and nodes that fail in every way but one:
// what they call final is final.
import {Interface, Transaction} from 'ethers';
import type {BroadcastAnswer, Chain, Mined, RegistryHead} from '../../agent/anchor/chain.ts';
import type {JoinedChain} from '../../agent/anchor/nodes.ts';
import type {MinedAt} from '../../agent/anchor/outbox.ts';
import type {NodesOptions} from '../../agent/anchoring.ts';
import {fromHex, toHex, utf8} from '../../agent/base/bytes.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {keccak256} from '../../agent/base/hash.ts';
import type {ChainReader} from '../../agent/verify/anchors.ts';
import {anchorRegistryAbi} from '../../contracts/generated/anchor-registry.ts';
import type {Chance} from '../../sim/seed.ts';
import {isConsistent} from '../helpers/reference-merkle.ts';
import type {Faults} from './fault.ts';
import type {Life, Loop} from './loop.ts';

export const chainId = 31337;
export const registry = `0x${'a1'.repeat(20)}`;
const ringSize = 512;
const gwei = 10n ** 9n;

export type Anchored = {readonly size: number; readonly root: string; readonly time: number; readonly transactionHash: string};
type State = {readonly nonce: number; readonly logs: ReadonlyMap<string, readonly Anchored[]>};
type Block = {
	readonly number: number;
	readonly hash: string;
	readonly time: number;
	readonly baseFeeWei: bigint;
	readonly mined: readonly Mined[];
	readonly raws: readonly string[];
	readonly state: State;
};
type Pending = {readonly hash: string; readonly raw: string; readonly transaction: Transaction};

export type SimulatedChain = {
	/** What the agent's `openChain` opens: one node behind a balancer. */
	readonly openChain: (life: Life) => (options: NodesOptions) => Promise<JoinedChain>;
	/** Anchors of a log on the chain as it is now, oldest first. */
	readonly anchors: (logId: string) => readonly Anchored[];
	readonly finalAnchors: (logId: string) => readonly Anchored[];
	/** Transactions that were mined and refused by the registry, on the chain as it is now. */
	readonly reverted: () => number;
	/** What an honest node says of an anchor that a receipt claims. */
	readonly readAnchor: ChainReader['readAnchor'];
	/** Lets the seed do something to the chain. */
	readonly trouble: () => void;
	/** Ends every trouble. */
	readonly calm: () => void;
	readonly isCalm: () => boolean;
};

export type ChainMutant = {
	/** Says that transactions are mined and final that are in no block. */
	readonly invents?: boolean;
	/** Forgets anchored heads that are final, and takes others instead of them. */
	readonly forgetsFinal?: boolean;
};

const contract = new Interface(anchorRegistryAbi);

export function createChain(
	loop: Loop,
	chance: Chance,
	faults: Faults,
	account: string,
	startMs: number,
	watch: {readonly broadcastAsked: (life: Life, size: number, root: string) => void},
	mutant: ChainMutant = {},
): SimulatedChain {
	const blockMs = chance.pick([1000, 1000, 3000, 12_000]);
	const lag = chance.pick([1, 2, 4]);
	const blocks: Block[] = [];
	let finalized = 0;
	let salt = 0;
	let pool: Pending[] = [];
	let baseFeeWei = gwei;
	let downUntilMs = 0;
	let lieUntilMs = 0;
	let otherUntilMs = 0;
	let expensiveUntilMs = 0;
	let stalledUntilMs = 0;

	const head = (): Block => blocks.at(-1)!;
	const hashOf = (text: string): string => `0x${toHex(keccak256(utf8(text)))}`;

	const execute = (state: State, transaction: Transaction, time: number): {readonly state: State} | {readonly refused: string} => {
		const call = contract.parseTransaction({data: transaction.data});
		if (transaction.to?.toLowerCase() !== registry || call?.name !== 'anchor') return {refused: 'UnknownCall()'};
		const [logId, sizeBig, root, proof] = call.args as unknown as [string, bigint, string, string[]];
		const size = Number(sizeBig);
		const anchors = state.logs.get(logId) ?? [];
		const newest = anchors.at(-1);
		if (size <= (newest?.size ?? 0)) return {refused: `Stale(${logId}, ${size}, ${root}, ${newest?.size ?? 0}, ${newest?.root})`};
		const bytes = (text: string): Uint8Array => fromHex(text.slice(2))!;
		const consistent =
			newest === undefined
				? proof.length === 0
				: isConsistent(BigInt(newest.size), bytes(newest.root), BigInt(size), bytes(root), [...proof].map(bytes));
		if (!consistent) return {refused: `NotConsistent(${logId}, ${newest?.size ?? 0}, ${newest?.root}, ${size}, ${root})`};
		if (anchors.length >= ringSize) return {refused: `RingFull(${logId}, 0, 0)`};
		const anchored = {size, root, time, transactionHash: transaction.hash!};
		return {state: {...state, logs: new Map([...state.logs, [logId, [...anchors, anchored]]])}};
	};

	const mine = (): void => {
		const parent = head();
		const number = parent.number + 1;
		const time = Math.max(parent.time, Math.floor((startMs + loop.nowMs()) / 1000));
		salt += 1;
		const hash = hashOf(`block ${number} ${salt}`);
		baseFeeWei = loop.nowMs() < expensiveUntilMs ? 2000n * gwei : gwei;
		let state = parent.state;
		const mined: Mined[] = [];
		const raws: string[] = [];
		for (let again = true; again; ) {
			again = false;
			const next = pool.find(({transaction}) => transaction.nonce === state.nonce);
			if (mutant.invents || next === undefined || (next.transaction.maxFeePerGas ?? 0n) < baseFeeWei || !chance.happens(0.8)) break;
			again = true;
			pool = pool.filter(one => one !== next && one.transaction.nonce > state.nonce);
			const done = execute(state, next.transaction, time);
			const succeeded = 'state' in done;
			if (succeeded) state = done.state;
			state = {...state, nonce: state.nonce + 1};
			const call = contract.parseTransaction({data: next.transaction.data});
			const event =
				succeeded && call !== null ? contract.encodeEventLog('Anchored', [call.args[0], call.args[1], call.args[2], time]) : undefined;
			raws.push(next.raw);
			mined.push({
				transactionHash: next.hash,
				blockNumber: number,
				blockHash: hash,
				succeeded,
				gasUsed: 66_000n,
				costWei: 66_000n * baseFeeWei,
				logs: event === undefined ? [] : [{address: registry, topics: event.topics, data: event.data}],
			});
			loop.trace(`block ${number} ${succeeded ? 'takes' : 'refuses'} nonce ${next.transaction.nonce}`);
		}
		if (mutant.forgetsFinal && number % 5 === 0) state = {...state, logs: new Map()};
		blocks.push({number, hash, time, baseFeeWei, mined, raws, state});
		if (loop.nowMs() >= stalledUntilMs) finalized = Math.max(finalized, number - lag);
	};

	const reorganise = (): void => {
		const depth = Math.min(chance.between(1, 4), head().number - finalized);
		if (depth < 1) return;
		faults.count('chainReorg');
		const gone = blocks.splice(blocks.length - depth);
		for (const {raws, mined} of gone)
			for (const [i, raw] of raws.entries())
				if (chance.happens(0.7)) pool.push({raw, hash: mined[i]!.transactionHash, transaction: Transaction.from(raw)});
		for (let i = 0; i <= depth; i += 1) mine();
	};

	blocks.push({
		number: 0,
		hash: hashOf('genesis'),
		time: Math.floor(startMs / 1000) - 1000,
		baseFeeWei: gwei,
		mined: [],
		raws: [],
		state: {nonce: 0, logs: new Map()},
	});
	const produce = (): void => {
		mine();
		loop.later(undefined, blockMs, 'block', produce);
	};
	loop.later(undefined, blockMs, 'block', produce);

	const minedIn = (view: readonly Block[], hash: string): Mined | undefined => {
		for (let at = view.length - 1; at >= 0; at -= 1) {
			const found = view[at]!.mined.find(({transactionHash}) => transactionHash === hash);
			if (found !== undefined) return found;
		}
		return undefined;
	};

	const readAnchor: ChainReader['readAnchor'] = async (record, root) => {
		const found = head()
			.state.logs.get(record.logId)
			?.find(one => one.size === record.size);
		const at = found && minedIn(blocks, found.transactionHash);
		if (at === undefined) return {found: 'absent', detail: 'no such anchor'};
		if (found?.root !== `0x${toHex(root)}` || at.blockHash !== record.blockHash) return {found: 'contradicted', detail: 'another anchor'};
		return {found: at.blockNumber <= finalized ? 'final' : 'mined', detail: 'there'};
	};

	const openNode =
		(life: Life) =>
		async (options: NodesOptions): Promise<JoinedChain> => {
			const {timeoutMs = 10_000} = options;
			const pending = new Set<(error: Error) => void>();
			let closed = false;
			const unreachable = (what: string): AgentError =>
				new AgentError('CHAIN_UNREACHABLE', `the chain at node did not answer ${what}: no answer within ${timeoutMs / 1000} s`);

			const ask = <T>(verb: string, answer: (view: readonly Block[]) => T): Promise<T> =>
				new Promise((resolve, reject) => {
					if (closed) {
						reject(new AgentError('CHAIN_UNREACHABLE', 'the connection to the chain at node is closed'));
						return;
					}
					pending.add(reject);
					const settle = (how: () => void): void => {
						pending.delete(reject);
						how();
					};
					const timesOut = (): void =>
						void loop.later(life, timeoutMs, `chain ${verb} timeout`, () => settle(() => reject(unreachable(verb))));
					if (loop.nowMs() < downUntilMs || faults.hits('chainTimeout')) {
						if (chance.happens(0.5)) timesOut();
						else loop.later(life, 2, `chain ${verb} refused`, () => settle(() => reject(unreachable(verb))));
						return;
					}
					loop.later(life, chance.between(1, 60), `chain ${verb}`, () => {
						let found: T;
						const behind = faults.hits('chainStale') ? Math.min(chance.between(1, 3), blocks.length - 1) : 0;
						try {
							found = answer(behind === 0 ? blocks : blocks.slice(0, blocks.length - behind));
						} catch (error) {
							settle(() => reject(error as Error));
							return;
						}
						if (faults.hits('chainAnswerLost')) timesOut();
						else settle(() => resolve(found));
					});
				});

			const isOther = (): boolean => loop.nowMs() < otherUntilMs;
			const stateAt = (view: readonly Block[], tag: 'latest' | 'finalized'): State =>
				(tag === 'latest' ? view.at(-1)! : view[Math.min(finalized, view.length - 1)]!).state;
			const notRegistry = (name: string): AgentError =>
				new AgentError('CHAIN_MISMATCH', `the contract at ${registry} does not answer ${name}(): it is not an AnchorRegistry`);
			const invented = (hash: string): Mined | undefined => {
				const one = pool.find(other => other.hash === hash);
				const call = one && contract.parseTransaction({data: one.transaction.data});
				if (!one || !call) return undefined;
				const block = blocks[0]!;
				const event = contract.encodeEventLog('Anchored', [call.args[0], call.args[1], call.args[2], block.time]);
				const logs = [{address: registry, topics: event.topics, data: event.data}];
				return {transactionHash: hash, blockNumber: 0, blockHash: block.hash, succeeded: true, gasUsed: 1n, costWei: 1n, logs};
			};

			const broadcast = (raw: string): BroadcastAnswer => {
				const transaction = Transaction.from(raw);
				const hash = transaction.hash!;
				const {nonce} = head().state;
				if (transaction.nonce < nonce) return 'nonceUsed';
				const same = pool.find(one => one.transaction.nonce === transaction.nonce);
				if (same?.hash === hash) return 'known';
				if (same !== undefined) {
					// geth wants both fees a tenth higher.
					const isHigher = (name: 'maxFeePerGas' | 'maxPriorityFeePerGas'): boolean =>
						(transaction[name] ?? 0n) * 10n >= (same.transaction[name] ?? 0n) * 11n;
					if (!isHigher('maxFeePerGas') || !isHigher('maxPriorityFeePerGas')) return 'displaced';
					pool = pool.filter(one => one !== same);
				}
				if (!faults.hits('chainForgets')) pool.push({hash, raw, transaction});
				return 'accepted';
			};

			const latestOf = (state: State, logId: string): RegistryHead => {
				const newest = state.logs.get(logId)?.at(-1);
				return newest === undefined
					? {size: 0, time: 0, root: `0x${'0'.repeat(64)}`}
					: {size: newest.size, time: newest.time, root: newest.root};
			};

			const latest: Chain['latest'] = (_registry, logId, tag = 'latest') =>
				ask(`latest ${tag}`, view => {
					if (isOther()) throw notRegistry('latest');
					if (tag === 'latest' && loop.nowMs() < lieUntilMs) {
						const size = latestOf(head().state, logId).size + 3;
						return {size, time: head().time, root: hashOf(`lie ${size}`)};
					}
					return latestOf(stateAt(view, tag), logId);
				});

			return {
				standing: () => [],
				expectedId: options.chainId,
				chainId: () => ask('chainId', () => (isOther() ? 1 : chainId)),
				genesisHash: () => ask('genesisHash', () => (isOther() ? hashOf('other genesis') : blocks[0]!.hash)),
				codeHash: address => ask('codeHash', () => (!isOther() && address === registry ? hashOf('registry') : undefined)),
				hasCode: address => ask('hasCode', () => !isOther() && address === registry),
				nonce: address => ask('nonce', view => (isOther() || address !== account ? 0 : view.at(-1)!.state.nonce)),
				balanceWei: () => ask('balance', () => 10n ** 21n),
				fees: () => ask('fees', view => ({kind: 'dynamic', baseFeeWei: view.at(-1)!.baseFeeWei, tipWei: gwei}) as const),
				estimate: call =>
					ask('estimate', view => {
						const transaction = Transaction.from({to: call.to ?? null, data: call.data});
						const done = execute(view.at(-1)!.state, transaction, view.at(-1)!.time);
						return 'refused' in done ? {refused: done.refused} : {gas: 66_000n};
					}),
				broadcast: raw => {
					const call = contract.parseTransaction({data: Transaction.from(raw).data});
					if (call?.name === 'anchor') watch.broadcastAsked(life, Number(call.args[1]), String(call.args[2]));
					return ask('broadcast', () => broadcast(raw));
				},
				mined: hash =>
					ask('mined', view => {
						if (isOther()) return undefined;
						return minedIn(view, hash) ?? (mutant.invents ? invented(hash) : undefined);
					}),
				blockHashAt: number => ask('blockHashAt', view => (isOther() ? hashOf(`other ${number}`) : view[number]?.hash)),
				rawBlock: async () => undefined,
				rawReceipts: async () => undefined,
				headNumber: () => ask('headNumber', view => view.at(-1)!.number),
				finalizedNumber: () => ask('finalizedNumber', view => (isOther() ? 1_000_000 : Math.min(finalized, view.length - 1))),
				finalizedBlock: () =>
					ask('finalizedBlock', view => {
						const block = isOther() ? undefined : view[Math.min(finalized, view.length - 1)]!;
						return block && {number: block.number, hash: block.hash, timeS: block.time};
					}),
				read: async () => ({refused: 'nobody has a market here'}),
				headTimeS: async () => 0,
				head: async () => ({number: 0, timeS: 0}),
				firstBlockFrom: async () => 0,
				logs: async () => [],
				operatorOf: () =>
					ask('operatorOf', () => {
						if (isOther()) throw notRegistry('operatorOf');
						return account;
					}),
				ring: () =>
					ask('ring', () => {
						if (isOther()) throw notRegistry('ring');
						return {places: ringSize, challengeTimeS: 0};
					}),
				latest,
				shownHeads: async (at, logId) => [await latest(at, logId)],
				findAnchor: ({logId, size, root, time}): Promise<MinedAt | undefined> =>
					ask('findAnchor', view => {
						const found = view
							.at(-1)!
							.state.logs.get(logId)
							?.find(one => one.size === size && one.root === root && one.time === time);
						const at = found && minedIn(view, found.transactionHash);
						return at && {transactionHash: at.transactionHash, blockNumber: at.blockNumber, blockHash: at.blockHash, blockTime: time};
					}),
				readAnchor,
				[Symbol.asyncDispose]: async () => {
					closed = true;
					for (const reject of pending) reject(new AgentError('CHAIN_UNREACHABLE', 'the connection was closed'));
					pending.clear();
				},
			};
		};

	const anchorsAt = (block: Block, logId: string): readonly Anchored[] => block.state.logs.get(logId) ?? [];
	return {
		openChain: openNode,
		anchors: logId => anchorsAt(head(), logId),
		finalAnchors: logId => anchorsAt(blocks[finalized]!, logId),
		reverted: () => blocks.reduce((sum, {mined}) => sum + mined.filter(({succeeded}) => !succeeded).length, 0),
		readAnchor,
		trouble: () => {
			const now = loop.nowMs();
			const untilMs = (): number => now + chance.pick([5000, 60_000, 3_600_000]);
			if (faults.hits('chainDown')) downUntilMs = untilMs();
			if (faults.hits('chainLies')) lieUntilMs = untilMs();
			if (faults.hits('chainOther')) otherUntilMs = untilMs();
			if (faults.hits('chainExpensive')) expensiveUntilMs = untilMs();
			if (faults.hits('finalityStalls')) stalledUntilMs = untilMs();
			if (faults.hits('chainReorg')) reorganise();
		},
		calm: () => {
			downUntilMs = 0;
			lieUntilMs = 0;
			otherUntilMs = 0;
			expensiveUntilMs = 0;
			stalledUntilMs = 0;
		},
		isCalm: () => loop.nowMs() >= Math.max(downUntilMs, lieUntilMs, otherUntilMs),
	};
}
