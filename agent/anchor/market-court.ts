// Hears what others did to a market on its chain: demands of the court, raised counters, orders that were forced in. And answers demands.

import {Interface} from 'ethers';
import {energyMarketAbi} from '../../contracts/generated/energy-market.ts';
import {marketAnswersAbi} from '../../contracts/generated/market-answers.ts';
import {marketCourtAbi} from '../../contracts/generated/market-court.ts';
import {marketReadingsAbi} from '../../contracts/generated/market-readings.ts';
import {marketRulesAbi} from '../../contracts/generated/market-rules.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import type {Chain, FoundLog} from './chain.ts';
import {transact} from './deploy.ts';
import type {Signer} from './keystore.ts';
import {explained} from './market-chain.ts';

/** What the court asks for. [MarketVerdict.sol] */
export type AskedLeaf = {
	/** Place in the enum `Leaf`. */
	readonly leaf: number;
	/** The slot or day. */
	readonly number: number;
	readonly commit: string;
	readonly side: number;
	readonly index: number;
	readonly other: number;
	readonly hash: string;
};

/** `answerBefore`: s since 1970. */
export type Demand =
	| {readonly kind: 'leaf'; readonly id: string; readonly asked: AskedLeaf; readonly answerBefore: number}
	| {readonly kind: 'reading'; readonly id: string; readonly slot: number; readonly meter: string; readonly answerBefore: number};

/** An order that its trader put onto the chain, as the contract has it. */
export type ForcedOrder = {
	readonly hash: string;
	readonly signature: string;
	readonly trader: string;
	readonly market: string;
	readonly meter: string;
	readonly side: number;
	readonly mode: number;
	readonly slotFrom: bigint;
	readonly slotCount: bigint;
	readonly quantityWh: bigint;
	readonly limitMicroPerKwh: bigint;
	readonly minQuantityWh: bigint;
	readonly validUntil: bigint;
	readonly counter: bigint;
	readonly salt: bigint;
};

export type MarketNews = {
	readonly demands: readonly Demand[];
	/** Whose counter was raised. */
	readonly raised: readonly string[];
	readonly forced: readonly ForcedOrder[];
	/** Days that the court voided. */
	readonly voidedDays: readonly number[];
};

/** An entry under an anchored head. [MeterReading.sol] */
export type EntryOnChain = {
	readonly logId: string;
	readonly size: number;
	readonly time: number;
	readonly root: string;
	readonly index: number;
	readonly leafData: string;
	readonly inclusionProof: readonly string[];
};
export type CrossingOnChain = {readonly before: EntryOnChain; readonly behind: EntryOnChain};
export type ReadingOnChain = {
	readonly importStart: CrossingOnChain;
	readonly importEnd: CrossingOnChain;
	readonly exportStart: CrossingOnChain;
	readonly exportEnd: CrossingOnChain;
};

export type MarketCourt = {
	/** Events of blocks from … to, each told once however often a block is looked at; a range that is too long for the node is asked for in parts. */
	readonly news: (from: number, to: number) => Promise<MarketNews>;
	readonly isOpen: (demand: Demand) => Promise<boolean>;
	/** When a trader's counter left a value, s since 1970; undefined if it has not. */
	readonly counterLeftAt: (trader: string, counter: number) => Promise<number | undefined>;
	/** When an order was forced in, s since 1970; undefined if it was not, or the chain took it back. */
	readonly forcedAt: (orderHash: string) => Promise<number | undefined>;
	/** Each sends one transaction and resolves once the demand is closed. Fails with CHAIN_REFUSED and the court's own words if that does not answer it. */
	readonly show: (demand: Demand & {readonly kind: 'leaf'}, name: string, values: readonly unknown[]) => Promise<void>;
	readonly showReading: (demand: Demand & {readonly kind: 'reading'}, proof: ReadingOnChain) => Promise<void>;
};

/** Blocks that are asked for at once; where a node refuses so many, half as many are tried, and so on. */
const blocksMax = 5000;

const [court, market, rules, answers] = [marketCourtAbi, energyMarketAbi, marketRulesAbi, marketAnswersAbi].map(
	abi => new Interface(abi),
) as [Interface, Interface, Interface, Interface];
const readings = new Interface(marketReadingsAbi);
const topicOf = (api: Interface, name: string): string => api.getEvent(name)!.topicHash;
const topics = {
	leaf: topicOf(court, 'LeafDemanded'),
	reading: topicOf(market, 'ReadingDemanded'),
	voided: topicOf(market, 'DaysVoided'),
	counter: topicOf(rules, 'CounterIncremented'),
	forced: topicOf(rules, 'OrderForced'),
} as const;
const askedFields = ['leaf', 'number', 'commit', 'side', 'index', 'other', 'hash'] as const;

export async function openMarketCourt(
	needs: {readonly chain: Chain; readonly clock: Clock; readonly signer: Signer; readonly signal?: AbortSignal},
	contract: string,
): Promise<MarketCourt> {
	const {chain} = needs;
	const ask = async (to: string, api: Interface, name: string, values: readonly unknown[] = []): Promise<readonly unknown[]> => {
		const answer = await chain.read(to, api.encodeFunctionData(name, values));
		if ('value' in answer)
			try {
				return api.decodeFunctionResult(name, answer.value);
			} catch {
				// Said below.
			}
		throw new AgentError('CHAIN_MISMATCH', `the contract at ${to} does not answer ${name}(): it is no part of an energy market`);
	};
	const [courtAt, rulesAt] = [String((await ask(contract, market, 'court'))[0]), String((await ask(contract, market, 'rules'))[0])].map(
		at => at.toLowerCase(),
	) as [string, string];
	const addresses = [contract, courtAt, rulesAt];

	const find = async (from: number, to: number): Promise<FoundLog[]> => {
		const found: FoundLog[] = [];
		let blocks = blocksMax;
		for (let at = from; at <= to; ) {
			const end = Math.min(to, at + blocks - 1);
			try {
				found.push(...(await chain.logs({addresses, topics: Object.values(topics), from: at, to: end})));
				at = end + 1;
			} catch (error) {
				if (blocks === 1 || !(error instanceof AgentError) || error.remedy !== 'retry') throw error;
				blocks = Math.ceil(blocks / 4);
			}
		}
		return found;
	};

	/** Events that were told, by block and place, with their block's number: behind a reorganisation they come again as others. */
	const told = new Map<string, number>();
	const fresh = (logs: readonly FoundLog[], from: number): FoundLog[] => {
		for (const [key, number] of told) if (number < from) told.delete(key);
		const found = logs.filter(({blockHash, place}) => !told.has(`${blockHash} ${place}`));
		for (const {blockHash, place, blockNumber} of found) told.set(`${blockHash} ${place}`, blockNumber);
		return found;
	};

	const isOpen: MarketCourt['isOpen'] = async demand => {
		const [by] =
			demand.kind === 'leaf'
				? await ask(courtAt, court, 'demandOf', [demand.id])
				: await ask(contract, market, 'demandOf', [demand.slot, demand.meter]);
		return BigInt(String(by)) !== 0n;
	};
	const timeOf = async (name: string, values: readonly unknown[]): Promise<number | undefined> => {
		const found = Number((await ask(rulesAt, rules, name, values))[0]);
		return found === 0 ? undefined : found;
	};
	const answer = (demand: Demand, data: string, doing: string): Promise<void> =>
		transact(needs, {to: courtAt, data, value: 0n}, async () => !(await isOpen(demand)), doing).catch(error => {
			throw explained(error, [court, answers, readings, market, rules]);
		});

	return {
		news: async (from, to) => {
			const news = {demands: [] as Demand[], raised: [] as string[], forced: [] as ForcedOrder[], voidedDays: [] as number[]};
			for (const log of fresh(await find(from, to), from)) {
				const [topic] = log.topics;
				// The same topic of another contract says something else.
				if (log.address === courtAt && topic === topics.leaf)
					news.demands.push(leafDemand(court.decodeEventLog('LeafDemanded', log.data, log.topics)));
				else if (log.address === contract && topic === topics.reading)
					news.demands.push(readingDemand(market.decodeEventLog('ReadingDemanded', log.data, log.topics)));
				else if (log.address === contract && topic === topics.voided)
					news.voidedDays.push(Number(market.decodeEventLog('DaysVoided', log.data, log.topics)[0]));
				else if (log.address === rulesAt && topic === topics.counter)
					news.raised.push(String(rules.decodeEventLog('CounterIncremented', log.data, log.topics)[0]).toLowerCase());
				else if (log.address === rulesAt && topic === topics.forced)
					news.forced.push(forcedOrder(rules.decodeEventLog('OrderForced', log.data, log.topics)));
			}
			return news;
		},
		isOpen,
		counterLeftAt: (trader, counter) => timeOf('counterLeftAt', [trader, counter]),
		forcedAt: hash => timeOf('forcedAt', [hash]),
		show: (demand, name, values) =>
			answer(
				demand,
				court.encodeFunctionData('show', [demand.asked, answers.encodeFunctionData(name, values)]),
				`answering a demand of the court by ${name}`,
			),
		showReading: (demand, proof) =>
			answer(
				demand,
				court.encodeFunctionData('showReading', [demand.slot, demand.meter, proof]),
				`showing a reading of slot ${demand.slot}`,
			),
	};
}

type Decoded = readonly unknown[] & {readonly [name: string]: unknown};

function leafDemand(event: Decoded): Demand {
	const found = event.asked as Decoded;
	const asked = Object.fromEntries(
		askedFields.map(name => [name, typeof found[name] === 'bigint' ? Number(found[name]) : found[name]]),
	) as unknown as AskedLeaf;
	return {kind: 'leaf', id: String(event.id), asked, answerBefore: Number(event.answerBefore)};
}

function readingDemand(event: Decoded): Demand {
	const [slot, meter] = [Number(event.slot), String(event.meter)];
	return {kind: 'reading', id: `${slot} ${meter}`, slot, meter, answerBefore: Number(event.answerBefore)};
}

function forcedOrder(event: Decoded): ForcedOrder {
	const order = event.order as Decoded;
	const big = (name: string): bigint => BigInt(order[name] as bigint);
	return {
		hash: String(event.orderHash),
		signature: String(event.signature),
		trader: String(order.trader).toLowerCase(),
		market: String(order.market),
		meter: String(order.meter),
		side: Number(order.side),
		mode: Number(order.mode),
		slotFrom: big('slotFrom'),
		slotCount: big('slotCount'),
		quantityWh: big('quantityWh'),
		limitMicroPerKwh: big('limitMicroPerKwh'),
		minQuantityWh: big('minQuantityWh'),
		validUntil: big('validUntil'),
		counter: big('counter'),
		salt: big('salt'),
	};
}
