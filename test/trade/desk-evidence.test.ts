// The evidence of slots that a market on a real log hands out: each must pass its own checks, whatever happened to orders and meters.
import test, {type ExecutionContext} from 'ava';
import {toPrefixedHex, utf8} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {createSigner} from '../../agent/base/secp256k1.ts';
import {marketUrn} from '../../agent/format/subject.ts';
import {createDeskEvidence} from '../../agent/trade/desk-evidence.ts';
import {checkSlotEvidence} from '../../agent/trade/evidence-check.ts';
import {registerOf} from '../../agent/trade/market-engine.ts';
import {type SignedOrder, slotsPerDay} from '../../agent/trade/order.ts';
import {parseSlotEvidence, type SlotEvidence} from '../../agent/trade/slot-evidence.ts';
import {baseRules, createMarketWorld, digests, domain, firstSlot, keyOf, type MarketWorld, market, marketName} from './market-world.ts';

const operator = createSigner(keccak256(utf8('test key operator')))!;

async function evidenceOf(
	t: ExecutionContext,
	world: MarketWorld,
	mode: 'metered' | 'forward',
	slot: number,
): Promise<SlotEvidence | undefined> {
	const reader = await world.logWorld.reader();
	const channel = world.log().channel(marketUrn(marketName))!;
	const rules = {...baseRules, mode, ...(mode === 'metered' ? {gateBeforeS: 0} : {})};
	const evidence = createDeskEvidence(
		{
			engine: world.engine(),
			digests,
			acknowledge: fields => toPrefixedHex(operator.sign(digests.acknowledgement({market, ...fields}))),
			marketEntries: begin => reader.withRecords(channel, begin),
			registerEntry: async (urn, number) => {
				const index = await reader.indexOfNumber(world.log().channel(urn)!, number);
				return index === undefined ? undefined : registerOf(await reader.entry(index), index).register;
			},
		},
		{rules, domain, operator: toPrefixedHex(operator.address), enrolledAt: channel.enrolled},
	);
	const text = await evidence(slot);
	if (text === undefined) return undefined;
	const parsed = parseSlotEvidence(utf8(text));
	if ('problem' in parsed) {
		t.fail(parsed.problem);
		return undefined;
	}
	const {good, checks} = checkSlotEvidence(parsed.value);
	t.true(good, JSON.stringify(checks));
	return parsed.value;
}

async function taken(t: ExecutionContext, world: MarketWorld, orders: readonly SignedOrder[]): Promise<string[]> {
	const answers = await world.intake().submit(orders, {atomic: false});
	return answers.map(answer => {
		if ('problem' in answer) t.fail(JSON.stringify(answer.problem));
		return 'problem' in answer ? '' : answer.value.acknowledged.booked.hash;
	});
}

test('a forward slot: orders taken back, by an agent and by a counter, and a meter that is spread and one that is silent', async t => {
	const world = await createMarketWorld(t, {homes: 5});
	await world.open();
	const {intake, order} = world;
	const [, cancelled] = await taken(t, world, [order(0, {}), order(1, {quantityWh: 400})]);
	t.false('problem' in (await intake().cancel([cancelled!], keyOf('home 1').sign(digests.cancellation({hashes: [cancelled!]})))));
	await taken(t, world, [
		order(1, {quantityWh: 500, limitMicroPerKwh: 150_000}),
		order(2, {side: 'buy', quantityWh: 800, limitMicroPerKwh: 280_000}),
	]);
	// Home 3 raises its counter and orders anew, by an agent.
	await taken(t, world, [order(3, {side: 'buy', quantityWh: 100, limitMicroPerKwh: 250_000})]);
	const trader = keyOf('home 3').address;
	t.false('problem' in (await intake().cancelAll(trader, 1, keyOf('home 3').sign(digests.counterIncrement({trader, market, counter: 1})))));
	const agent = keyOf('agent of home 3');
	const now = firstSlot * 900;
	const delegation = {
		owner: trader,
		agent: agent.address,
		market,
		meter: world.meters[3]!.id,
		maxWhPerSlot: 1000,
		minSellMicroPerKwh: 80_000,
		maxBuyMicroPerKwh: 300_000,
		notBefore: now - 86_400,
		notAfter: now + 86_400,
		nonce: '9',
	};
	t.false('problem' in (await intake().delegate(delegation, keyOf('home 3').sign(digests.delegation({...delegation, nonce: 9n})))));
	const {signature: _, ...plain} = order(3, {side: 'buy', quantityWh: 900, limitMicroPerKwh: 220_000, counter: 1});
	const byAgent = {...plain, signature: agent.sign(digests.order({...plain, salt: BigInt(plain.salt)}))};
	await taken(t, world, [byAgent, order(4, {side: 'buy', quantityWh: 301, limitMicroPerKwh: 220_000})]);
	t.is(await evidenceOf(t, world, 'forward', firstSlot), undefined, 'not before it is cleared');

	world.moveTo(firstSlot, -300);
	await world.engine().tick();
	const before = (await evidenceOf(t, world, 'forward', firstSlot))!;
	t.is(before.orders.length, 7);
	t.is(before.settled, undefined);
	t.deepEqual(
		before.orders.map(({withdrawal}) => withdrawal?.kind),
		[undefined, 'cancellation', undefined, undefined, 'counter', undefined, undefined],
	);
	t.is(before.orders[5]!.delegation?.delegation.agent, agent.address);

	for (const home of [0, 1, 2, 3]) {
		await world.reportAt(home, firstSlot, 5000, 7000);
		// Home 3 says nothing for two slots more.
		await world.reportAt(home, firstSlot + (home === 3 ? 3 : 1), 5000 + 90 * home, 7000 + (home < 2 ? 600 : 0));
		await world.reportAt(home, firstSlot + slotsPerDay, 5000 + 90 * home, 7000 + (home < 2 ? 600 : 0));
	}
	world.moveTo(firstSlot + 2 * slotsPerDay, 0);
	await world.engine().tick();
	const after = (await evidenceOf(t, world, 'forward', firstSlot))!;
	t.is(after.settled?.rows.length, 5);
	const spread = after.meters.find(({meter}) => meter === world.meters[3]!.id)!;
	t.deepEqual([spread.imported!.from.slot, spread.imported!.to.slot], [firstSlot, firstSlot + 3]);
	t.is(await evidenceOf(t, world, 'forward', firstSlot + 1), undefined, 'nobody had an order for it');
});

test('a metered slot: what the meter shows is traded, and a reading that came after the clearing is said to have done so', async t => {
	const world = await createMarketWorld(t, {homes: 3, rules: {mode: 'metered', gateBeforeS: 0}});
	await world.open();
	const standing = {mode: 'metered' as const, slotCount: 4, quantityWh: 5000};
	await taken(t, world, [
		world.order(0, {...standing, limitMicroPerKwh: 90_000}),
		world.order(1, {...standing, side: 'buy', limitMicroPerKwh: 280_000}),
		world.order(2, {...standing, side: 'buy', limitMicroPerKwh: 260_000}),
	]);
	for (const slot of [0, 1, 2]) {
		await world.reportAt(0, firstSlot + slot, 100, 100 + 700 * slot);
		await world.reportAt(1, firstSlot + slot, 100 + 500 * slot, 100);
	}
	world.moveTo(firstSlot + 1, 3660);
	await world.engine().tick();
	for (const slot of [0, 1, 2]) await world.reportAt(2, firstSlot + slot, 100 + 300 * slot, 100);
	world.moveTo(firstSlot + 2, 3660);
	await world.engine().tick();
	const first = (await evidenceOf(t, world, 'metered', firstSlot))!;
	t.is(first.header.volumeWh, 500);
	t.deepEqual(first.meters.find(({meter}) => meter === world.meters[2]!.id)!.atClearing, {netExportWh: undefined});
	const second = (await evidenceOf(t, world, 'metered', firstSlot + 1))!;
	t.is(second.header.volumeWh, 700);
	t.true(second.meters.every(({atClearing}) => atClearing === undefined));
});
