// An operator before the court of its market: what is demanded of it is shown in time, also behind a restart, and what traders did on the chain is heeded at every gate.
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Interface} from 'ethers';
import {transact} from '../../agent/anchor/deploy.ts';
import {mintTestTokens} from '../../agent/anchor/market-deploy.ts';
import {toPrefixedHex} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {leafCodes} from '../../agent/trade/court-answer.ts';
import {modeCodes, sideCodes} from '../../agent/trade/typed-data.ts';
import {energyMarketAbi} from '../../contracts/generated/energy-market.ts';
import {marketCourtAbi} from '../../contracts/generated/market-court.ts';
import {marketRulesAbi} from '../../contracts/generated/market-rules.ts';
import {type Account, accountOf, type ChainMarket, createChainMarket, homes, type SignedFields} from '../helpers/chain-market.ts';
import {firstSlot, hashText} from '../trade/market-world.ts';

const marketApi = new Interface(energyMarketAbi);
const courtApi = new Interface(marketCourtAbi);
const rulesApi = new Interface(marketRulesAbi);
const tokenApi = new Interface(['function approve(address spender, uint256 amount)']);
const zero = `0x${'00'.repeat(32)}`;
const market = hashText('street');
const day = Math.floor(firstSlot / 96);

/** Side, index and the other index of what is asked for. */
type Place = readonly [side: number, index: number, other: number];

type Header = {readonly hash: string; readonly fields: readonly unknown[]};

/** What a stranger sees and does on the chain. */
function strangerOf(world: ChainMarket, account: Account = homes[1]!) {
	const {anvil, chain, prepared} = world;
	const ask = async (to: string, api: Interface, name: string, values: readonly unknown[]) => {
		const answer = await anvil.rpc<string>('eth_call', {to, data: api.encodeFunctionData(name, values)}, 'latest');
		return api.decodeFunctionResult(name, answer);
	};
	const send = async (to: string, data: string, by: Account = account): Promise<void> => {
		const nonce = await chain.nonce(by.address);
		const needs = {chain, clock: systemClock, signer: by.chainSigner};
		await transact(needs, {to, data, value: 0n}, async () => (await chain.nonce(by.address)) > nonce, 'what a test sends');
	};
	const events = async (address: string, topic: string) =>
		anvil.rpc<{readonly data: string; readonly topics: string[]; readonly transactionHash: string}[]>('eth_getLogs', {
			address,
			topics: [topic],
			fromBlock: '0x0',
			toBlock: 'latest',
		});
	/** The header of a posted slot or day, from the transaction that posted it. */
	const header = async (event: 'SlotPosted' | 'DayPosted', number: number): Promise<Header | undefined> => {
		const found = (await events(prepared.contract, marketApi.getEvent(event)!.topicHash)).find(({topics}) => Number(topics[1]) === number);
		if (found === undefined) return undefined;
		const {input} = await anvil.rpc<{input: string}>('eth_getTransactionByHash', found.transactionHash);
		const fields = marketApi.decodeFunctionData(event === 'SlotPosted' ? 'postSlot' : 'postDay', input)[0] as readonly unknown[];
		return {hash: found.topics[2]!, fields};
	};
	const demand = (
		ofDay: boolean,
		{hash, fields}: Header,
		number: number,
		leaf: number,
		[side, index, other]: Place = [0, 0, 0],
	): Promise<void> => {
		const asked = {leaf, number, commit: hash, side, index, other, hash: zero};
		return send(prepared.court, courtApi.encodeFunctionData(ofDay ? 'demandOfDay' : 'demandOfSlot', [[...fields], asked]));
	};
	return {
		ask,
		send,
		header,
		demandOfSlot: (one: Header, slot: number, leaf: number, place?: Place) => demand(false, one, slot, leaf, place),
		demandOfDay: (one: Header, leaf: number, place?: Place) => demand(true, one, day, leaf, place),
		fundCredit: async () => {
			await mintTestTokens({chain, clock: systemClock, signer: account.chainSigner}, prepared.token, account.address, 100n);
			await send(prepared.token, tokenApi.encodeFunctionData('approve', [prepared.contract, 100n]));
			await send(prepared.contract, marketApi.encodeFunctionData('fundCredit', [100n]));
		},
		force: async ({signature, ...order}: SignedFields, by: Account) => {
			const fields = {...order, side: sideCodes[order.side], mode: modeCodes[order.mode]};
			await send(prepared.rules, rulesApi.encodeFunctionData('forceOrder', [fields, signature]), by);
		},
		count: async (address: string, api: Interface, name: string): Promise<number> =>
			(await events(address, api.getEvent(name)!.topicHash)).length,
		bond: async (): Promise<bigint> => (await ask(prepared.contract, marketApi, 'bond', []))[0] as bigint,
	};
}

async function allAnswered(t: ExecutionContext, world: ChainMarket, count: number): Promise<void> {
	const stranger = strangerOf(world);
	const {court} = world.prepared;
	await world.soon(`${count} demands are answered`, async () =>
		(await stranger.count(court, courtApi, 'LeafShown')) === count && (await world.agent().status()).market?.demands === 0
			? true
			: undefined,
	);
	t.is(await stranger.count(court, courtApi, 'LeafDemanded'), count);
}

test('whatever the court demands of an honest operator it is shown, also by an agent that starts again with nothing remembered', async t => {
	const world = await createChainMarket(t);
	const {prepared, soon, moveTo, report, digests, order} = world;
	const stranger = strangerOf(world);
	const agentKey = accountOf('agent of home 1');
	await moveTo((firstSlot - 2) * 900);
	await world.open();
	await stranger.fundCredit();
	const bond = await stranger.bond();

	// A buyer whose agent signs, a seller who signs himself; another order of his falls with his counter, and one is forced in past the operator.
	const delegation = {
		owner: homes[1]!.address,
		agent: agentKey.address,
		market,
		meter: hashText(`urn:kedge:device:${homes[1]!.device}`),
		maxWhPerSlot: 1000,
		minSellMicroPerKwh: 0,
		maxBuyMicroPerKwh: 300_000,
		notBefore: 0,
		notAfter: (firstSlot + 1000) * 900,
		nonce: '1',
	};
	const granted = homes[1]!.sign(digests.delegation({...delegation, nonce: 1n}));
	t.is((await world.post('/delegations', {delegation, signature: granted})).status, 201);
	const ask = {side: 'sell', quantityWh: 1000, limitMicroPerKwh: 100_000} as const;
	const bid = {side: 'buy', quantityWh: 400, limitMicroPerKwh: 260_000} as const;
	const [bid0, ask0] = [order(1, bid, agentKey), order(0, ask)];
	await soon('the deposit counts', async () => ((await world.post('/orders', bid0)).status === 201 ? true : undefined));
	t.is((await world.post('/orders', ask0)).status, 201);
	// Both are taken back, one by its trader and one by the agent, and others come in their places.
	for (const [one, by] of [
		[ask0, homes[0]!],
		[bid0, agentKey],
	] as const) {
		const hashes = [toPrefixedHex(digests.order({...one, salt: BigInt(one.salt)}))];
		t.is((await world.post('/orders/cancel', {market, hashes, signature: by.sign(digests.cancellation({hashes}))})).status, 200);
	}
	t.is((await world.post('/orders', order(1, bid, agentKey))).status, 201);
	t.is((await world.post('/orders', order(0, ask))).status, 201);
	const taken = order(0, {...ask, slotFrom: firstSlot + 1});
	t.is((await world.post('/orders', taken)).status, 201);
	const forced = order(1, {side: 'buy', quantityWh: 300, limitMicroPerKwh: 250_000, slotFrom: firstSlot + 1});
	await stranger.force(forced, homes[1]!);
	// Beside one that stands, a forced order cannot stand: such a slot is not posted, or its operator would be convicted of it.
	t.is(
		(await world.post('/orders', order(1, {side: 'buy', quantityWh: 300, limitMicroPerKwh: 250_000, slotFrom: firstSlot + 2}))).status,
		201,
	);
	await stranger.force(order(1, {side: 'buy', quantityWh: 200, limitMicroPerKwh: 240_000, slotFrom: firstSlot + 2}), homes[1]!);

	await moveTo(firstSlot * 900 - 290);
	const first = await soon('the slot is posted', () => stranger.header('SlotPosted', firstSlot));
	await stranger.demandOfSlot(first, firstSlot, leafCodes.orderInSet);
	t.is(Number(first.fields[3]), 4);
	for (const index of [0, 1, 2, 3]) {
		await stranger.demandOfSlot(first, firstSlot, leafCodes.orderBody, [0, index, 0]);
		await stranger.demandOfSlot(first, firstSlot, leafCodes.cancellation, [0, index, 0]);
	}
	await stranger.demandOfSlot(first, firstSlot, leafCodes.tier, [sideCodes.buy, 0, 0]);
	await stranger.demandOfSlot(first, firstSlot, leafCodes.fill, [sideCodes.sell, 0, 0]);
	await stranger.demandOfSlot(first, firstSlot, leafCodes.fill, [sideCodes.sell, 0, 7]);
	await allAnswered(t, world, 12);

	// The counter is raised while nobody runs, before the gate; the agent starts behind it.
	await world.close();
	await stranger.send(prepared.rules, rulesApi.encodeFunctionData('incrementCounter'), homes[0]!);
	await moveTo((firstSlot + 1) * 900 - 290);
	await world.open();
	const second = await soon('the next slot is posted', () => stranger.header('SlotPosted', firstSlot + 1));
	t.is(Number(second.fields[3]), 2, 'the set has the order that was taken out and the one that was forced in');
	t.deepEqual([Number(second.fields[5]), Number(second.fields[7])], [1, 0], 'a bid and no ask');
	for (const index of [0, 1]) {
		await stranger.demandOfSlot(second, firstSlot + 1, leafCodes.cancellation, [0, index, 0]);
		await stranger.demandOfSlot(second, firstSlot + 1, leafCodes.orderBody, [0, index, 0]);
	}
	const {signature: _, ...body} = forced;
	const forcedFields = {...body, side: sideCodes.buy, mode: modeCodes.forward};
	await stranger.send(prepared.court, courtApi.encodeFunctionData('demandForced', [[...second.fields], forcedFields]));
	await allAnswered(t, world, 17);
	await moveTo((firstSlot + 2) * 900 - 290);

	for (const [slot, out, into] of [
		[firstSlot, 500, 1000],
		[firstSlot + 1, 1200, 1400],
		[firstSlot + 96, 1200, 1400],
	] as const) {
		await moveTo(Math.max((firstSlot + 2) * 900 - 280, slot * 900 + 30));
		for (const offset of [-10, 20]) {
			await report(0, slot * 900 + offset, 1000, out);
			await report(1, slot * 900 + offset, into, 500);
		}
	}
	await moveTo((firstSlot + 96) * 900 + 3700);
	const posted = await soon('the day is posted', () => stranger.header('DayPosted', day));
	t.is(await stranger.header('SlotPosted', firstSlot + 2), undefined, 'two orders of one meter are not posted');

	// Demanded of an agent that is not there, and that has lost what it keeps beside its log.
	await world.close();
	await stranger.demandOfDay(posted, leafCodes.balance, [0, 1, 0]);
	const rows = Number(posted.fields[1]);
	for (const index of [0, rows - 1]) await stranger.demandOfDay(posted, leafCodes.row, [0, index, 0]);
	for (const index of Array.from({length: rows}, (_, at) => at).filter(at => at % 64 === 0))
		await stranger.demandOfDay(posted, leafCodes.rowContract, [0, index, 0]);
	const meter = hashText(`urn:kedge:device:${homes[1]!.device}`);
	await stranger.send(prepared.contract, marketApi.encodeFunctionData('demandReading', [firstSlot, meter]));
	await rm(join(world.folder, 'market.db'));
	await world.open();
	await allAnswered(t, world, 17 + 3 + Math.ceil(rows / 64));
	t.is(await stranger.count(prepared.contract, marketApi, 'ReadingRecorded'), 1);
	const [reading] = await stranger.ask(prepared.contract, marketApi, 'readingOf', [firstSlot, meter]);
	t.deepEqual([Number(reading.status), Number(reading.meteredWh), reading.acknowledged], [1, -400, true]);

	t.is(await stranger.bond(), bond);
	for (const name of ['ChallengeWon', 'LeafNotShown']) t.is(await stranger.count(prepared.court, courtApi, name), 0);
	t.is(Number((await stranger.ask(prepared.contract, marketApi, 'latestDay', []))[0]), day);
});
