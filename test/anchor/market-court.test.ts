// What is heard of a market's contracts: each event once, whatever ranges a node takes, and none that another contract sent.
import test from 'ava';
import {Interface} from 'ethers';
import type {Chain, FoundLog} from '../../agent/anchor/chain.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {openMarketCourt} from '../../agent/anchor/market-court.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {energyMarketAbi} from '../../contracts/generated/energy-market.ts';
import {marketRulesAbi} from '../../contracts/generated/market-rules.ts';
import {richKey} from '../helpers/anvil.ts';

const [contract, court, rules, trader] = ['c1', 'c2', 'c3', 'c4'].map(byte => `0x${byte.repeat(20)}`) as [string, string, string, string];
const marketApi = new Interface(energyMarketAbi);
const rulesApi = new Interface(marketRulesAbi);
const meter = `0x${'11'.repeat(32)}`;

function logOf(address: string, api: Interface, name: string, values: readonly unknown[], blockNumber: number, fork = 'aa'): FoundLog {
	const {topics, data} = api.encodeEventLog(name, values);
	return {address, topics, data, blockNumber, blockHash: `0x${fork}${blockNumber}`, place: 0};
}

/** A node that answers about no more than `most` blocks at once. */
function chainOf(logs: FoundLog[], most: number, asked: number[]): Chain {
	const names = new Map([
		[marketApi.getFunction('court')!.selector, court],
		[marketApi.getFunction('rules')!.selector, rules],
	]);
	const partial: Partial<Chain> = {
		read: async (_, data) => ({value: `0x${names.get(data)!.slice(2).padStart(64, '0')}`}),
		logs: async ({addresses, topics, from, to}) => {
			asked.push(to - from + 1);
			if (to - from + 1 > most) throw new AgentError('CHAIN_REFUSED', 'the range is too long');
			const isFound = ({address, topics: [first], blockNumber}: FoundLog): boolean =>
				addresses.includes(address) && topics.includes(first!) && blockNumber >= from && blockNumber <= to;
			return logs.filter(isFound);
		},
	};
	return partial as Chain;
}

test('news are told once each, in ranges that the node takes, and again where a reorganisation made them others', async t => {
	const asked: number[] = [];
	const demanded = (address: string, slot: number, block: number, fork?: string): FoundLog =>
		logOf(address, marketApi, 'ReadingDemanded', [slot, meter, trader, 5000], block, fork);
	const logs = [
		demanded(contract, 7, 10),
		logOf(rules, rulesApi, 'CounterIncremented', [trader, 1], 1500),
		// The same words from the court's address, and from a stranger's.
		demanded(court, 8, 1600),
		demanded(trader, 9, 1700),
	];
	const needs = {chain: chainOf(logs, 100, asked), clock: systemClock, signer: signerFromKey(richKey)};
	const found = await openMarketCourt(needs, contract);
	const first = await found.news(0, 2000);
	t.deepEqual(first.demands, [{kind: 'reading', id: `7 ${meter}`, slot: 7, meter, answerBefore: 5000}]);
	t.deepEqual([first.raised, first.forced], [[trader], []]);
	t.true(asked.length < 40, `${asked.length} questions`);
	t.deepEqual(await found.news(0, 2000), {demands: [], raised: [], forced: [], voidedDays: []});
	logs[0] = demanded(contract, 7, 11, 'bb');
	t.is((await found.news(0, 2000)).demands.length, 1);
});
