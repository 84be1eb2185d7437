// Turns several nodes of one chain, each of which may be away, behind or lying, into one chain that is believed as far as two of them agree.
//
// The rule: what can be taken back needs one node, what cannot needs two. Bytes are sent to all. While one node alone answers, its word lets the outbox sign, send
// and call a transaction mined, all of which a later look takes back; but nothing becomes final, has failed or lost its nonce, and no beacon is read. When two
// answer and differ, nothing is concluded at all until a third, or time, brings two to agree. Silence (no transaction, no events, an older head) never
// outweighs what another node shows: it makes us wait.

import type {Clock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import {type Breaker, type BreakerLimits, breakerLimits, closedBreaker, failed, tried, tripped, worked} from './breaker.ts';
import {type BroadcastAnswer, type Chain, type ChainOptions, type Mined, openChain, readAnchor} from './chain.ts';
import {hostOf, nodeOf} from './rpc.ts';

export type NodeOfChain = {
	/** What sentences call it. */
	readonly host: string;
	/** Belongs to the joined chain from here on: closing that closes it. */
	readonly chain: Chain;
};

export type JoinOptions = {
	readonly clock: Pick<Clock, 'monotonicMs'>;
	/** How many nodes must agree on what cannot be taken back; 1 believes the first that answers. Never more than there are. @default 2 */
	readonly quorum?: 1 | 2;
	/** @default breakerLimits; a single node is always asked, since there is nobody else */
	readonly limits?: BreakerLimits;
};

/**
 * unasked: nobody asked it yet. healthy: asked in its turn. failing: it did not answer the last question. behind: it answers, but its newest block is old. out: left
 * alone for a while. onTrial: being asked whether it is back.
 */
export type NodeState = 'unasked' | 'healthy' | 'failing' | 'behind' | 'out' | 'onTrial';

export type NodeStanding = {
	readonly host: string;
	readonly state: NodeState;
	/** What was wrong with it last, as a sentence; undefined while nothing is. */
	readonly lastError?: string;
};

export type JoinedChain = Chain & {
	/** How the nodes do, in their order. Asks nobody. */
	readonly standing: () => readonly NodeStanding[];
};

/** Each node more is one more request for every question that two must agree on. */
export const nodesMax = 8;
/** How often each node is asked for its chain and its newest block. */
const checkEveryMs = 30_000;
/** A node whose newest block is this much older than another's says nothing about now. Longer than any pause between blocks of one chain that two nodes see apart. */
const behindSMax = 120;
/** For so long a node that was outvoted is asked after the others. */
const doubtMs = 600_000;
/** Transactions that were once agreed to be in a block, remembered so that a node that falls behind does not take them back. */
const concludedMax = 256;

type Node = NodeOfChain & {
	breaker: Breaker;
	/** Monotonic, of the last check that it passed since its breaker closed; undefined before. */
	checkedAtMs: number | undefined;
	checking: Promise<void> | undefined;
	/** It was asked at least once, whatever came of it. */
	begun: boolean;
	isOther: boolean;
	headTimeS: number;
	error: AgentError | undefined;
	doubt: {readonly sentence: string; readonly untilMs: number} | undefined;
};

type Answer<T> = {readonly node: Node; readonly value: T};
type Heard<T> = {readonly answers: readonly Answer<T>[]; readonly errors: readonly AgentError[]};

/** From best to worst: what all nodes together say of bytes is the best that one says. */
const broadcastRank: readonly BroadcastAnswer[] = ['accepted', 'known', 'nonceUsed', 'displaced'];

/** Opens the nodes of one chain, in the order in which they are asked. Fails with CONFIG_INVALID. */
export function openChains(options: Omit<ChainOptions, 'url'> & JoinOptions & {readonly urls: readonly string[]}): JoinedChain {
	const {urls, clock, quorum, limits, ...rest} = options;
	const hosts = urls.map(hostOf);
	if (new Set(urls.map(nodeOf)).size < urls.length) {
		throw new AgentError('CONFIG_INVALID', `a node of chain ${options.chainId} is named twice`, {
			hint: 'two nodes are believed because they are run by different people: name each once',
		});
	}
	const nodes = urls.map((url, i) => {
		const before = hosts.slice(0, i).filter(host => host === hosts[i]).length;
		return {host: before === 0 ? hosts[i]! : `${hosts[i]} (${before + 1})`, chain: openChain({...rest, url})};
	});
	return joinNodes(nodes, {clock, ...(quorum === undefined ? {} : {quorum}), ...(limits === undefined ? {} : {limits})});
}

/** Joins nodes that are to be of one chain, in the order in which they are asked. Nothing is sent before the first question. */
export function joinNodes(named: readonly NodeOfChain[], options: JoinOptions): JoinedChain {
	const {clock} = options;
	if (named.length === 0 || named.length > nodesMax) {
		throw new AgentError('CONFIG_INVALID', `a chain is reached through 1 to ${nodesMax} nodes, not ${named.length}`);
	}
	const {expectedId} = named[0]!.chain;
	const needed = Math.min(options.quorum ?? 2, named.length);
	// A single node that fails is asked again whenever somebody asks: its callers wait by themselves.
	const limits =
		named.length === 1 ? {failuresMax: Number.POSITIVE_INFINITY, waitFirstMs: 0, waitMaxMs: 0} : (options.limits ?? breakerLimits);
	const nodes: readonly Node[] = named.map(({host, chain}) => ({
		host,
		chain,
		breaker: closedBreaker,
		checkedAtMs: undefined,
		checking: undefined,
		begun: false,
		isOther: false,
		headTimeS: 0,
		error: undefined,
		doubt: undefined,
	}));
	const names = nodes.map(({host}) => host).join(' and ');
	const concluded = new Set<string>();

	/** Asks one node, and keeps what that says about the node. */
	const askOne = async <T>(node: Node, verb: (chain: Chain) => Promise<T>): Promise<Answer<T> | AgentError> => {
		try {
			const value = await verb(node.chain);
			node.breaker = worked(node.breaker);
			return {node, value};
		} catch (error) {
			if (!(error instanceof AgentError) || error.code === 'ASSERTION_FAILED') throw error;
			node.error = error;
			// A node that refuses is there; the refusal may be right.
			if (error.code === 'CHAIN_UNREACHABLE') node.breaker = failed(node.breaker, clock.monotonicMs(), limits);
			if (node.breaker.state !== 'closed') node.checkedAtMs = undefined;
			return error;
		}
	};

	const check = (node: Node): Promise<void> => {
		node.begun = true;
		node.checking ??= checkNow(node).finally(() => {
			node.checking = undefined;
		});
		return node.checking;
	};
	const checkNow = async (node: Node): Promise<void> => {
		const askedId = await askOne(node, chain => chain.chainId());
		if (askedId instanceof AgentError) {
			node.isOther = false;
			return;
		}
		if (askedId.value !== expectedId) {
			node.isOther = true;
			node.error = new AgentError(
				'CHAIN_MISMATCH',
				`the node at ${node.host} speaks for chain ${askedId.value}, not for chain ${expectedId}`,
				{
					hint: "check the node's address and the chain id in the config",
				},
			);
			node.breaker = tripped(node.breaker, clock.monotonicMs(), limits);
			node.checkedAtMs = undefined;
			return;
		}
		node.isOther = false;
		const askedHead = await askOne(node, chain => chain.head());
		if (askedHead instanceof AgentError) return;
		node.headTimeS = askedHead.value.timeS;
		node.checkedAtMs = clock.monotonicMs();
		node.error = undefined;
	};
	/** Checks all that are not left alone: at one time, since their newest blocks are compared. */
	const sweep = (): Promise<unknown> => {
		const nowMs = clock.monotonicMs();
		const due: Node[] = [];
		for (const node of nodes) {
			node.breaker = tried(node.breaker, nowMs) ?? node.breaker;
			if (node.breaker.state !== 'open') due.push(node);
		}
		return Promise.all(due.map(check));
	};
	const isDue = (node: Node, nowMs: number): boolean =>
		tried(node.breaker, nowMs) !== undefined ||
		(node.breaker.state === 'halfOpen' && node.checking === undefined) ||
		(node.breaker.state === 'closed' && (node.checkedAtMs === undefined || nowMs - node.checkedAtMs >= checkEveryMs));

	/** Against a single node that lies about the time, of three or more it takes two to leave one behind. */
	const newestTimeS = (): number => {
		const times = nodes.filter(({checkedAtMs}) => checkedAtMs !== undefined).map(({headTimeS}) => headTimeS);
		times.sort((a, b) => b - a);
		return times[times.length >= 3 ? 1 : 0] ?? 0;
	};
	const isBehind = (node: Node): boolean => newestTimeS() - node.headTimeS > behindSMax;
	const isDoubted = ({doubt}: Node): boolean => doubt !== undefined && clock.monotonicMs() < doubt.untilMs;
	/** Who is asked now, the most trusted first. */
	const usable = (): readonly Node[] => {
		const found = nodes.filter(node => node.checkedAtMs !== undefined && !isBehind(node));
		return [...found.filter(node => !isDoubted(node)), ...found.filter(isDoubted)];
	};
	const stateOf = (node: Node): NodeState => {
		const {breaker, begun, checkedAtMs} = node;
		if (breaker.state !== 'closed') return breaker.state === 'open' ? 'out' : 'onTrial';
		if (!begun) return 'unasked';
		if (checkedAtMs === undefined || breaker.failures > 0) return 'failing';
		return isBehind(node) ? 'behind' : 'healthy';
	};
	const ready = async (): Promise<readonly Node[]> => {
		const nowMs = clock.monotonicMs();
		if (nodes.some(node => isDue(node, nowMs))) {
			const isFirst = nodes.some(({begun}) => !begun);
			const sweeping = sweep();
			// A node that hangs is waited for once. Later its trials go on beside the questions that others answer.
			if (isFirst || usable().length === 0) await sweeping;
			else void sweeping.catch(() => {});
		}
		const found = usable();
		if (found.length === 0) throw nobody();
		return found;
	};
	const nobody = (): AgentError => {
		const errors = nodes.flatMap(({error}) => error ?? []);
		if (errors.length === 1 && nodes.length === 1) return errors[0]!;
		const why = errors.map(({message}) => message).join('; ');
		const isOther = nodes.every(node => node.isOther);
		return new AgentError(
			isOther ? 'CHAIN_MISMATCH' : 'CHAIN_UNREACHABLE',
			`none of the ${nodes.length} nodes of chain ${expectedId} can be asked: ${why}`,
			{hint: isOther ? "check the nodes' addresses and the chain id in the config" : 'each is tried again; check that one runs'},
		);
	};
	/** What to say when nobody answered: a refusal says more than silence. */
	const worst = (errors: readonly AgentError[]): AgentError => {
		if (errors.length === 0) return nobody();
		const spoken = errors.find(({code}) => code !== 'CHAIN_UNREACHABLE');
		if (spoken !== undefined || errors.length === 1) return spoken ?? errors[0]!;
		return new AgentError('CHAIN_UNREACHABLE', errors.map(({message}) => message).join('; '), {
			hint: 'each is tried again; check that one runs',
		});
	};

	/** The first answer, in order. */
	const first = async <T>(verb: (chain: Chain) => Promise<T>): Promise<T> => {
		const errors: AgentError[] = [];
		for (const node of await ready()) {
			const answer = await askOne(node, verb);
			if (!(answer instanceof AgentError)) return answer.value;
			errors.push(answer);
		}
		throw worst(errors);
	};
	/** The first answer that is something; undefined if all answers are nothing. */
	const firstFound = async <T>(verb: (chain: Chain) => Promise<T | undefined>): Promise<T | undefined> => {
		const errors: AgentError[] = [];
		const asked = await ready();
		for (const node of asked) {
			const answer = await askOne(node, verb);
			if (answer instanceof AgentError) errors.push(answer);
			else if (answer.value !== undefined) return answer.value;
		}
		if (errors.length === asked.length) throw worst(errors);
		return undefined;
	};
	/** All answers, in order; with `isOne` those of the first that answers. */
	const hear = async <T>(verb: (chain: Chain) => Promise<T>, isOne = needed === 1): Promise<Heard<T>> => {
		const asked = await ready();
		if (!isOne) return split(await Promise.all(asked.map(node => askOne(node, verb))));
		const got: (Answer<T> | AgentError)[] = [];
		for (const node of asked) {
			const answer = await askOne(node, verb);
			got.push(answer);
			if (!(answer instanceof AgentError)) break;
		}
		return split(got);
	};
	const split = <T>(got: readonly (Answer<T> | AgentError)[]): Heard<T> => ({
		answers: got.flatMap(one => (one instanceof AgentError ? [] : one)),
		errors: got.flatMap(one => (one instanceof AgentError ? one : [])),
	});

	/** Answers that say the same, the largest group first. */
	const grouped = <T>(answers: readonly Answer<T>[], keyOf: (value: T) => string): (readonly Answer<T>[])[] => {
		const groups = new Map<string, Answer<T>[]>();
		for (const answer of answers) {
			const key = keyOf(answer.value);
			groups.set(key, [...(groups.get(key) ?? []), answer]);
		}
		return [...groups.values()].sort((a, b) => b.length - a.length);
	};
	/** The group that enough nodes are in, and that no other equals; whoever is not in it is doubted. */
	const winner = <T>(what: string, groups: readonly (readonly Answer<T>[])[]): readonly Answer<T>[] | undefined => {
		const [best, second] = groups;
		if (best === undefined || best.length < needed || best.length === second?.length) return undefined;
		for (const {node} of groups.slice(1).flat()) {
			const sentence = `the node at ${node.host} does not agree with ${best.length} others about ${what}`;
			node.doubt = {sentence, untilMs: clock.monotonicMs() + doubtMs};
		}
		return best;
	};
	const disagreement = <T>(what: string, groups: readonly (readonly Answer<T>[])[], shown: (value: T) => string): AgentError => {
		const said = groups.map(([answer]) => `${answer!.node.host} says ${shown(answer!.value)}`);
		return new AgentError('CHAIN_UNREACHABLE', `the nodes do not agree about ${what}: ${said.join(', ')}`, {
			hint: 'one is behind, or does not tell the truth: nothing is concluded until two agree',
		});
	};
	const onlyOne = ({node}: Answer<unknown>, what: string): AgentError =>
		new AgentError('CHAIN_UNREACHABLE', `only the node at ${node.host} answers, and ${needed} must agree about ${what}`, {
			hint: 'bring another node back, name another one, or set the quorum to 1',
		});
	/** What enough nodes say. One that answers alone is believed where `alone` says so. */
	const agreed = async <T>(
		what: string,
		verb: (chain: Chain) => Promise<T>,
		options: {readonly shown: (value: T) => string; readonly alone: 'believed' | 'doubted'},
	): Promise<T> => {
		const {answers, errors} = await hear(verb);
		const groups = grouped(answers, options.shown);
		const won = winner(what, groups);
		if (won !== undefined) return won[0]!.value;
		if (groups.length > 1) throw disagreement(what, groups, options.shown);
		const alone = answers[0];
		if (alone === undefined) throw worst(errors);
		if (options.alone === 'doubted') throw onlyOne(alone, what);
		return alone.value;
	};
	/** The largest number that enough nodes reach; undefined if too few answer. */
	const reached = (answers: readonly Answer<number>[]): number | undefined =>
		answers.map(({value}) => value).sort((a, b) => b - a)[needed - 1];

	const conclude = (mined: readonly Answer<Mined>[]): Mined => {
		const [{value}] = mined as readonly [Answer<Mined>];
		concluded.delete(value.transactionHash);
		concluded.add(value.transactionHash);
		for (const oldest of concluded) {
			if (concluded.size <= concludedMax) break;
			concluded.delete(oldest);
		}
		// What it cost is not part of what they agree on: the dearer counts.
		return mined.reduce((dearest, one) => (one.value.costWei > dearest.costWei ? one.value : dearest), value);
	};
	const mined = async (transactionHash: string): Promise<Mined | undefined> => {
		const what = `transaction ${transactionHash}`;
		const {answers, errors} = await hear(chain => chain.mined(transactionHash));
		if (answers.length === 0) throw worst(errors);
		let seen = answers.filter((answer): answer is Answer<Mined> => answer.value !== undefined);
		let silent = answers.filter(({value}) => value === undefined).map(({node}) => node);
		const [sighting] = seen;
		if (sighting === undefined) return undefined;
		const height = sighting.value.blockNumber;
		if (seen.length < needed && silent.length > 0) {
			// Those that have the block by now are asked once more: it may have come between two questions.
			const heads = await Promise.all(silent.map(node => askOne(node, chain => chain.headNumber())));
			const caughtUp = heads.flatMap(head => (head instanceof AgentError || head.value < height ? [] : head.node));
			if (caughtUp.length === 0 && !concluded.has(transactionHash)) return undefined;
			const again = split(await Promise.all(caughtUp.map(node => askOne(node, chain => chain.mined(transactionHash))))).answers;
			seen = [...seen, ...again.filter((answer): answer is Answer<Mined> => answer.value !== undefined)];
			silent = silent.filter(node => !seen.some(one => one.node === node));
		}
		const groups = grouped(seen, minedKey);
		const won = winner(what, groups);
		if (won !== undefined) return conclude(won);
		if (groups.length > 1) throw disagreement(what, groups, shownMined);
		if (silent.length > 0) {
			throw new AgentError(
				'CHAIN_UNREACHABLE',
				`the nodes do not agree about ${what}: ${sighting.node.host} says ${shownMined(sighting.value)}, ${silent[0]!.host} says that it is in none`,
				{hint: 'one is behind, or does not tell the truth: nothing is concluded until two agree'},
			);
		}
		// That it failed would be acted on with another transaction.
		if (!sighting.value.succeeded) throw onlyOne(sighting, `why ${what} failed`);
		return sighting.value;
	};

	const joined: JoinedChain = {
		expectedId,
		chainId: async () => {
			await sweep();
			if (usable().length === 0) throw nobody();
			return expectedId;
		},
		genesisHash: () => agreed('block 0', chain => chain.genesisHash(), {shown: String, alone: 'believed'}),
		hasCode: address => agreed(`the code at ${address}`, chain => chain.hasCode(address), {shown: String, alone: 'believed'}),
		codeHash: address => agreed(`the code at ${address}`, chain => chain.codeHash(address), {shown: String, alone: 'believed'}),
		nonce: async (address, need) => {
			const {answers, errors} = await hear(chain => chain.nonce(address));
			// Too low is refused or looked up again; too high would leave a gap that nothing ever fills.
			const found = reached(answers);
			if (found !== undefined) return found;
			if (answers.length === 0) throw worst(errors);
			return need === 'agreed' ? 0 : answers[0]!.value;
		},
		balanceWei: address => first(chain => chain.balanceWei(address)),
		fees: () => first(chain => chain.fees()),
		estimate: async call => {
			const {answers, errors} = await hear(chain => chain.estimate(call));
			const [alone] = answers;
			if (alone === undefined) throw worst(errors);
			if (answers.length === 1) return alone.value;
			// With too little gas a transaction fails and is paid for, with too much it waits for a price that it never needs. Nodes that have another block differ a little.
			const gases = answers.flatMap(({value}) => ('gas' in value ? [value.gas] : [])).sort((a, b) => (a < b ? -1 : 1));
			const gas = gases.find((more, i) => i > 0 && more <= 2n * gases[i - 1]!);
			if (gas !== undefined) return {gas};
			// A node that is behind refuses what the newest state would take.
			const refusing = answers.flatMap(({value}) => ('refused' in value ? [value] : []));
			if (refusing.length >= needed) return refusing[0]!;
			throw disagreement(
				'what a call of the contract takes',
				answers.map(answer => [answer]),
				answer => ('gas' in answer ? `${answer.gas} gas` : `that it does not take it: ${answer.refused}`),
			);
		},
		broadcast: async raw => {
			await ready();
			const there = nodes.filter(({isOther}) => !isOther);
			// Those that are out are told as well, and not waited for.
			for (const {breaker, chain} of there) if (breaker.state !== 'closed') void chain.broadcast(raw).catch(() => {});
			const closed = there.filter(({breaker}) => breaker.state === 'closed');
			const {answers, errors} = split(await Promise.all(closed.map(node => askOne(node, chain => chain.broadcast(raw)))));
			const best = broadcastRank.find(rank => answers.some(({value}) => value === rank));
			if (best === undefined) throw worst(errors);
			return best;
		},
		mined,
		blockHashAt: async blockNumber => {
			const what = `block ${blockNumber}`;
			const {answers, errors} = await hear(chain => chain.blockHashAt(blockNumber));
			if (answers.length === 0) throw worst(errors);
			// A node that has no block there is behind, which says nothing against one that has.
			const groups = grouped(
				answers.filter(({value}) => value !== undefined),
				String,
			);
			const won = winner(what, groups);
			if (won === undefined && groups.length > 1) throw disagreement(what, groups, String);
			return (won ?? groups[0])?.[0]?.value;
		},
		rawBlock: blockHash => firstFound(chain => chain.rawBlock(blockHash)),
		rawReceipts: blockHash => firstFound(chain => chain.rawReceipts(blockHash)),
		headNumber: () => first(chain => chain.headNumber()),
		finalizedNumber: async () => {
			const {answers, errors} = await hear(chain => chain.finalizedNumber());
			if (answers.length === 0) throw worst(errors);
			return reached(answers) ?? 0;
		},
		finalizedBlock: async () => {
			const what = 'the newest final block';
			const {answers, errors} = await hear(chain => chain.finalizedBlock());
			const [alone] = answers;
			if (alone === undefined) throw worst(errors);
			if (answers.length < needed) throw onlyOne(alone, what);
			const found = answers
				.flatMap(({node, value}) => (value === undefined ? [] : {node, value}))
				.sort((a, b) => b.value.number - a.value.number);
			const lowest = found[needed - 1];
			if (lowest === undefined) return undefined;
			const {number, hash, timeS} = lowest.value;
			let confirmed = 1;
			let other: AgentError | undefined;
			for (const {node} of answers) {
				if (node === lowest.node || confirmed >= needed) continue;
				// A node that is further, or behind, must have that very block too, with the same time.
				const at = await askOne(node, async chain => ({
					number,
					hash: (await chain.blockHashAt(number)) ?? 'no block',
					timeS: Number((await chain.rawBlock(hash))?.timestamp),
				}));
				if (at instanceof AgentError) other ??= at;
				else if (at.value.hash === hash && at.value.timeS === timeS) confirmed += 1;
				else other ??= disagreement(`block ${number}`, [[lowest], [at]], block => `${block.hash} of time ${block.timeS}`);
			}
			if (confirmed < needed) throw other ?? onlyOne(lowest, what);
			return lowest.value;
		},
		read: (to, data) => first(chain => chain.read(to, data)),
		headTimeS: () => first(chain => chain.headTimeS()),
		head: () => first(chain => chain.head()),
		firstBlockFrom: timeS => first(chain => chain.firstBlockFrom(timeS)),
		logs: async search => {
			const found = await first(chain => chain.logs(search));
			if (found.length > 0 || nodes.length === 1) return found;
			// A node that does not have the blocks gives an empty list, so the others are asked. Even if all do that proves nothing.
			const {answers} = await hear(chain => chain.logs(search), false);
			return answers.find(({value}) => value.length > 0)?.value ?? found;
		},
		operatorOf: (registry, logId) =>
			agreed(`who anchors log ${logId}`, chain => chain.operatorOf(registry, logId), {shown: String, alone: 'believed'}),
		ring: registry =>
			agreed(`the ring of registry ${registry}`, chain => chain.ring(registry), {
				shown: ({places, challengeTimeS}) => `${places} places for ${challengeTimeS} s`,
				alone: 'believed',
			}),
		latest: (registry, logId, tag) =>
			agreed(`the newest anchor of log ${logId}`, chain => chain.latest(registry, logId, tag), {
				shown: ({size, time, root}) => `size ${size} of time ${time} with root ${root}`,
				alone: tag === 'finalized' ? 'doubted' : 'believed',
			}),
		shownHeads: async (registry, logId) => {
			const {answers, errors} = await hear(chain => chain.shownHeads(registry, logId), false);
			if (answers.length === 0) throw worst(errors);
			const heads = answers.flatMap(({value}) => value);
			return [...new Map(heads.map(head => [`${head.size} ${head.root}`, head])).values()];
		},
		findAnchor: async search => {
			const {answers, errors} = await hear(chain => chain.findAnchor(search));
			if (answers.length === 0) throw worst(errors);
			const found = new Map(answers.flatMap(({value}) => (value === undefined ? [] : [[value.transactionHash, value]])));
			// Nodes that find nothing may not have looked everywhere. What one finds is believed as far as the transaction is.
			for (const at of found.values()) {
				const seen = await mined(at.transactionHash);
				if (seen?.succeeded && seen.blockHash === at.blockHash && seen.blockNumber === at.blockNumber) return at;
			}
			return undefined;
		},
		readAnchor: (record, root) => readAnchor(joined, record, root, names),
		standing: () =>
			nodes.map(node => {
				const {host, error, doubt} = node;
				const state = stateOf(node);
				const late =
					state === 'behind'
						? `the newest block of the node at ${host} is ${newestTimeS() - node.headTimeS} s older than another's`
						: undefined;
				const lastError = error?.message ?? late ?? (isDoubted(node) ? doubt?.sentence : undefined);
				return {host, state, ...(lastError === undefined ? {} : {lastError})};
			}),
		[Symbol.asyncDispose]: async () => {
			await Promise.all(nodes.map(({chain}) => chain[Symbol.asyncDispose]()));
		},
	};
	return joined;
}

/** All that must be the same for two nodes to mean the same. */
function minedKey({transactionHash, blockNumber, blockHash, succeeded, logs}: Mined): string {
	return JSON.stringify([
		transactionHash,
		blockNumber,
		blockHash,
		succeeded,
		logs.map(({address, topics, data}) => [address, topics, data]),
	]);
}

function shownMined({blockNumber, blockHash, succeeded, logs}: Mined): string {
	return `that it ${succeeded ? 'succeeded' : 'failed'} in block ${blockNumber} (${blockHash}) with ${logs.length} events`;
}
