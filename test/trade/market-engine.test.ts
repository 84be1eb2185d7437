// A market from signed orders to settled days, on a real log: what it decides, and that it decides the same again after a restart and without its ledgers.
import {readFileSync} from 'node:fs';
import test from 'ava';
import {qualities, unsettledQualities} from '../../agent/format/entry.ts';
import {rowFlags} from '../../agent/trade/commitment.ts';
import {createDeskFiles} from '../../agent/trade/desk-files.ts';
import type {Engine} from '../../agent/trade/market-engine.ts';
import {slotS, slotsPerDay} from '../../agent/trade/order.ts';
import {baseRules, createMarketWorld, firstSlot, type MarketWorld} from './market-world.ts';

/** The worked example: five homes, of which the last one's meter is silent. */
const example = [
	{side: 'sell', quantityWh: 1000, limitMicroPerKwh: 100_000, fillWh: 1000, meteredWh: 600, netNano: 76_000_000n},
	{side: 'sell', quantityWh: 500, limitMicroPerKwh: 150_000, fillWh: 500, meteredWh: 560, netNano: 94_800_000n},
	{side: 'buy', quantityWh: 800, limitMicroPerKwh: 280_000, fillWh: 800, meteredWh: -800, netNano: -176_000_000n},
	{side: 'buy', quantityWh: 900, limitMicroPerKwh: 220_000, fillWh: 525, meteredWh: -425, netNano: -103_500_000n},
	{side: 'buy', quantityWh: 301, limitMicroPerKwh: 220_000, fillWh: 175, meteredWh: undefined, netNano: -38_500_000n},
] as const;

const day = firstSlot / slotsPerDay;

/** Signs and takes the example's orders, reports the registers, and stops before the day is over. */
async function playExample(world: MarketWorld): Promise<void> {
	await world.open();
	const orders = example.map(({side, quantityWh, limitMicroPerKwh}, home) => world.order(home, {side, quantityWh, limitMicroPerKwh}));
	const answers = await world.intake().submit(orders, {atomic: false});
	if (answers.some(answer => 'problem' in answer)) throw new Error(JSON.stringify(answers));
	world.moveTo(firstSlot, -300);
	await world.engine().tick();
	for (const [home, {meteredWh}] of example.entries()) {
		if (meteredWh === undefined) continue;
		const [importWh, exportWh] = [Math.max(0, -meteredWh), Math.max(0, meteredWh)];
		await world.reportAt(home, firstSlot, 5000, 7000);
		await world.reportAt(home, firstSlot + 1, 5000 + importWh, 7000 + exportWh);
		// Nothing more until midnight: that energy is spread flat.
		await world.reportAt(home, firstSlot + slotsPerDay, 5000 + importWh, 7000 + exportWh);
	}
}

type Facts = {readonly headers: (string | undefined)[]; readonly dayHash: string | undefined; readonly nets: readonly bigint[]};

async function factsOf(engine: Engine): Promise<Facts> {
	const slots = Array.from({length: slotsPerDay}, (_, i) => firstSlot + i);
	const settled = await engine.day(day);
	const rows =
		settled === undefined ? [] : Array.from({length: settled.commitment.header.rowCount}, (_, at) => settled.commitment.rowAt(at));
	return {
		headers: await Promise.all(slots.map(async slot => (await engine.cleared(slot))?.commitment.headerHash)),
		dayHash: settled?.commitment.headerHash,
		nets: rows.map(({netNano}) => netNano),
	};
}

test('the worked example goes from signed orders to a settled day, to the last nano', async t => {
	const world = await createMarketWorld(t, {homes: example.length});
	await playExample(world);
	const engine = world.engine();
	const cleared = (await engine.cleared(firstSlot))!;
	t.is(cleared.clearing.volumeWh, 1500);
	t.is(cleared.clearing.priceBuyMicroPerKwh, 180_000);
	t.deepEqual(
		example.map((_, home) => cleared.clearing.fillsWh[cleared.orders.findIndex(({meter}) => meter === world.meters[home]!.id)]),
		example.map(({fillWh}) => fillWh),
	);
	t.is(await engine.cleared(firstSlot + 1), undefined, 'nobody had an order for it');

	world.moveTo(firstSlot + slotsPerDay, 60);
	await engine.tick();
	t.is(engine.newestDay(), undefined, 'one meter is silent, and its reading is waited for');
	const files = createDeskFiles(engine, baseRules, {name: 'street', currency: 'EUR', clock: world.logWorld.clock});
	const billOf = (from: number, to: number) => files.bill({account: world.meters[0]!.owner, from, to, format: 'csv'});
	t.is(await billOf(firstSlot - 96, firstSlot + 1), undefined, 'what is not settled is no bill');
	t.is((await billOf(firstSlot - 96, engine.firstSlot))?.settledTo, engine.firstSlot, 'before the market there is nothing to wait for');
	world.moveTo(firstSlot + 2 * slotsPerDay, 0);
	await engine.tick();
	t.is(engine.newestDay(), day);
	const bill = await billOf(firstSlot, firstSlot + 2 * slotsPerDay);
	t.is(bill?.settledTo, firstSlot + slotsPerDay, 'a part of the period');
	t.is(bill?.text.trim().split('\n').length, 1 + slotsPerDay);
	t.is(await billOf(firstSlot + slotsPerDay, firstSlot + 2 * slotsPerDay), undefined);
	const {commitment, record} = (await engine.day(day))!;
	t.is(commitment.header.rowCount, example.length * slotsPerDay);
	for (const [home, {netNano, meteredWh, fillWh, side}] of example.entries()) {
		const {id, owner} = world.meters[home]!;
		const row = commitment.rowAt(commitment.findRow(owner, firstSlot, id)!);
		t.is(row.netNano, netNano);
		t.is(row.meteredWh, meteredWh ?? -fillWh);
		t.is(row.flags, meteredWh === undefined ? rowFlags.substituted : 0);
		t.deepEqual([row.importFrom, row.importTo, row.exportFrom, row.exportTo], meteredWh === undefined ? [0, 0, 0, 0] : [2, 4, 2, 4]);
		t.is(row.contractedWh, side === 'sell' ? fillWh : -fillWh);
	}
	t.deepEqual(record.totals, {tradersNano: '-147200000', gridNano: '46400000', retailerNano: '72000000', poolNano: '28800000'});
	t.is(
		commitment.balances.reduce((sum, {cumNano}) => sum + cumNano, 0n),
		0n,
	);
});

test('a restart, and a restart without ledgers, decide nothing anew', async t => {
	const world = await createMarketWorld(t, {homes: example.length});
	await playExample(world);
	world.moveTo(firstSlot + 2 * slotsPerDay, 0);
	await world.engine().tick();
	const before = await factsOf(world.engine());
	t.truthy(before.dayHash);
	const size = world.log().size();
	for (const withoutLedger of [false, true]) {
		await world.open({withoutLedger});
		t.deepEqual(await factsOf(world.engine()), before);
		await world.engine().tick();
		t.is(world.log().size(), size, 'nothing is said twice');
	}
});

test('a restart in the middle of a slot keeps its orders, and clears as if nothing had happened', async t => {
	const [whole, broken] = [await createMarketWorld(t, {homes: 5}), await createMarketWorld(t, {homes: 5})];
	const hashes: string[] = [];
	for (const world of [whole, broken]) {
		await world.open();
		for (const [home, {side, quantityWh, limitMicroPerKwh}] of example.entries()) {
			const salt = `0x${(home + 1).toString(16).padStart(64, '0')}`;
			await world.intake().submit([world.order(home, {side, quantityWh, limitMicroPerKwh, salt})], {atomic: false});
			if (world === broken) await world.open({withoutLedger: home % 2 === 0});
		}
		world.moveTo(firstSlot, -300);
		await world.engine().tick();
		hashes.push((await world.engine().cleared(firstSlot))!.commitment.headerHash);
	}
	t.is(hashes[0], hashes[1]);
});

test('a late reading corrects its own row in the next day, and nobody else notices', async t => {
	const world = await createMarketWorld(t, {homes: example.length});
	await playExample(world);
	world.moveTo(firstSlot + 2 * slotsPerDay, 0);
	await world.engine().tick();
	const {commitment: first} = (await world.engine().day(day))!;
	// E comes at last: it took 300 Wh, and nothing after that.
	await world.reportAt(4, firstSlot, 100, 0);
	await world.reportAt(4, firstSlot + 1, 400, 0);
	for (const home of [0, 1, 2, 3, 4]) {
		const {imported, exported} = {imported: [5000, 5000, 5800, 5425, 400][home]!, exported: [7600, 7560, 7000, 7000, 0][home]!};
		if (home === 4) await world.reportAt(home, firstSlot + slotsPerDay, imported, exported);
		await world.reportAt(home, firstSlot + 2 * slotsPerDay, imported, exported);
	}
	await world.engine().tick();
	const second = (await world.engine().day(day + 1))!;
	const {owner, id} = world.meters[4]!;
	const row = second.commitment.rowAt(second.commitment.findRow(owner, firstSlot, id)!);
	t.is(row.flags & rowFlags.adjusted, rowFlags.adjusted);
	t.is(row.netNano, -37_500_000n, '125 Wh at retail');
	t.is(row.meteredWh, -300);
	for (const home of [0, 1, 2, 3]) {
		const account = world.meters[home]!.owner;
		const balance = (of: typeof first): bigint => of.balances.find(one => one.account === account)!.cumNano;
		t.is(balance(second.commitment), balance(first));
	}
	t.is(
		second.commitment.balances.reduce((sum, {cumNano}) => sum + cumNano, 0n),
		0n,
	);
});

test('metered mode clears with what the meters show, and a silent meter holds nobody up for long', async t => {
	const world = await createMarketWorld(t, {homes: 3, rules: {mode: 'metered', gateBeforeS: 0}});
	await world.open();
	const standing = {slotFrom: firstSlot, slotCount: slotsPerDay, quantityWh: 5000};
	await world.intake().submit(
		[0, 1, 2].flatMap(home => [
			world.order(home, {...standing, side: 'sell', limitMicroPerKwh: 100_000}),
			world.order(home, {...standing, side: 'buy', limitMicroPerKwh: 260_000}),
		]),
		{atomic: true},
	);
	for (const [home, importWh, exportWh] of [
		[0, 0, 700],
		[1, 400, 0],
	] as const) {
		await world.reportAt(home, firstSlot, 0, 0);
		await world.reportAt(home, firstSlot + 1, importWh, exportWh);
	}
	world.moveTo(firstSlot + 1, 30);
	await world.engine().tick();
	t.false(world.engine().isDecided(firstSlot));
	world.moveTo(firstSlot + 1, 3600);
	await world.engine().tick();
	const {clearing, commitment} = (await world.engine().cleared(firstSlot))!;
	t.is(clearing.volumeWh, 400);
	// One seller with more than is wanted: the lowest price at which he still sells.
	t.is(clearing.priceSellMicroPerKwh, 100_000);
	t.is(commitment.header.orderCount, 6);
});

test('the contract and the market settle from the same readings', t => {
	const source = readFileSync('contracts/MeterReading.sol', 'utf8');
	t.is(Number(/UNUSABLE = (0x[0-9A-F]+);/.exec(source)![1]), unsettledQualities);
});

test('simulated and conflicting registers are no reading, and what is cleared is never cleared again', async t => {
	for (const quality of [qualities.simulated, qualities.conflict, qualities.estimated, qualities.substituted, qualities.exception]) {
		const world = await createMarketWorld(t, {homes: 2});
		await world.open();
		for (const [seconds, wh] of [
			[-10, 0],
			[20, 0],
			[890, 500],
			[920, 500],
		] as const)
			await world.report(0, firstSlot * 900 + seconds, wh, 0, quality);
		world.moveTo(firstSlot + 2);
		await world.engine().tick();
		t.is(world.engine().energyOf(world.meters[0]!, firstSlot).imported.energyWh, undefined);
	}
});

test('an order after the gate is refused, also when the clock is set back behind it', async t => {
	const world = await createMarketWorld(t);
	await world.open();
	await world.intake().submit([world.order(0, {}), world.order(1, {side: 'buy', limitMicroPerKwh: 280_000})], {atomic: false});
	world.moveTo(firstSlot, -300);
	const [late] = await world.intake().submit([world.order(2, {})], {atomic: false});
	t.is('problem' in late! ? late.problem.code : 'taken', 'gate-closed');
	await world.engine().tick();
	world.moveTo(firstSlot, -600);
	const [again] = await world.intake().submit([world.order(2, {})], {atomic: false});
	t.is('problem' in again! ? again.problem.code : 'taken', 'gate-closed');
	t.is((await world.engine().cleared(firstSlot))!.commitment.header.orderCount, 2);
});

test('a clearing in the log that does not follow from its orders halts the market', async t => {
	const world = await createMarketWorld(t);
	await world.open();
	await world.intake().submit([world.order(0, {}), world.order(1, {side: 'buy', limitMicroPerKwh: 280_000})], {atomic: false});
	world.moveTo(firstSlot, -300);
	await world.engine().tick();
	await t.throwsAsync(world.open({withoutLedger: true, rules: {gridFeeMicroPerKwh: 30_000}}), {
		message: /but its orders and readings give/,
	});
});

test('a slot that did not get onto the chain in time settles without contracts, and one that nobody knows of waits', async t => {
	let standing: 'posted' | 'unposted' | 'unknown' = 'unknown';
	const world = await createMarketWorld(t, {homes: example.length, standingOf: () => standing});
	await playExample(world);
	world.moveTo(firstSlot + 2 * slotsPerDay, 0);
	await world.engine().tick();
	t.is(world.engine().newestDay(), undefined);
	standing = 'unposted';
	await world.engine().tick();
	const {commitment, record} = (await world.engine().day(day))!;
	t.deepEqual(record.unposted, [firstSlot]);
	const {id, owner} = world.meters[0]!;
	const row = commitment.rowAt(commitment.findRow(owner, firstSlot, id)!);
	t.deepEqual([row.contractedWh, row.netNano, row.orderHash], [0, 600n * 80_000n, undefined], 'all of it at the feed-in price');
	const before = await factsOf(world.engine());
	// The log says which slots these were: what the chain is said to have later changes nothing.
	standing = 'posted';
	await world.open({withoutLedger: true});
	t.deepEqual(await factsOf(world.engine()), before);
});

test('a slot is cleared behind the look at the chain that reaches its gate, or a minute after it, and is outdated if the chain had more', async t => {
	let seenS = 0;
	const world = await createMarketWorld(t, {chainSeenS: () => seenS});
	await world.open();
	const [ask, other] = [world.order(0, {}), world.order(1, {slotFrom: firstSlot + 1})];
	await world.intake().submit([ask, other], {atomic: false});
	const gateOf = (slot: number): number => slot * slotS - 300;
	const isCleared = async (slot: number, seconds: number): Promise<boolean> => {
		world.moveTo(slot, seconds);
		await world.engine().tick();
		return (await world.engine().cleared(slot)) !== undefined;
	};
	t.false(await isCleared(firstSlot, -300));
	seenS = gateOf(firstSlot) - 1;
	t.false(await isCleared(firstSlot, -241));
	seenS = gateOf(firstSlot);
	t.true(await isCleared(firstSlot, -241));
	t.false(await world.engine().isOutdated(firstSlot));

	t.false(await isCleared(firstSlot + 1, -241));
	t.true(await isCleared(firstSlot + 1, -240), 'no chain answers');
	t.false(await world.engine().isOutdated(firstSlot + 1));
	await world.intake().counterOnChain(other.trader, 1, gateOf(firstSlot + 1));
	t.false(await world.engine().isOutdated(firstSlot + 1), 'raised at the gate is raised too late');
	await world.intake().force(world.order(2, {slotFrom: firstSlot + 1}), gateOf(firstSlot + 1) - 600);
	t.true(await world.engine().isOutdated(firstSlot + 1));
	t.false(await world.engine().isOutdated(firstSlot));
	await world.open();
	t.true(await world.engine().isOutdated(firstSlot + 1), 'nor does a restart make it right');
});
