import test from 'ava';
import fc from 'fast-check';
import {toHex} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {clear} from '../../agent/trade/clear.ts';
import {boundariesOf, netExportWh, slotEnergies} from '../../agent/trade/meter.ts';
import {settle} from '../../agent/trade/settle.ts';
import {
	isGood,
	type JudgeInput,
	judgeCommunity,
	type PublishedRow,
	type PublishedSlot,
	type SentOrder,
	type TrueMeter,
} from '../../sim/community/judge.ts';

const prices = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000};
const slotMs = 900_000;
const slotFrom = 1_970_000;

type Steps = readonly (readonly [importWh: number, exportWh: number])[];

/** A meter that shows what it gained at every boundary, but for those that it sleeps through. */
function meterOf(name: string, steps: Steps, asleep: readonly number[] = []): TrueMeter {
	let [importWh, exportWh] = [1000, 500];
	const points = [{atMs: slotFrom * slotMs, importWh, exportWh}];
	for (const [i, [taken, given]] of steps.entries()) {
		importWh += taken;
		exportWh += given;
		points.push({atMs: (slotFrom + i + 1) * slotMs, importWh, exportWh});
	}
	points.push({atMs: (slotFrom + steps.length + 1) * slotMs, importWh, exportWh});
	return {meter: name, account: `account of ${name}`, cadenceMs: 60_000, points: spoken(points, asleep)};
}

/** Speaks right at the boundary and a minute later, so that the boundary has something after it. */
function spoken(points: TrueMeter['points'], asleep: readonly number[]): TrueMeter['points'] {
	return points.flatMap((point, i) => (asleep.includes(i) ? [] : [point, {...point, atMs: point.atMs + 60_000}]));
}

const orderOf = (meter: string, side: 'buy' | 'sell', limitMicroPerKwh: number, slotCount: number, quantityWh = 100_000): SentOrder => ({
	hash: `0x${toHex(keccak256(new TextEncoder().encode(`${meter} ${side}`)))}`,
	meter,
	side,
	slotFrom,
	slotCount,
	quantityWh,
	limitMicroPerKwh,
});

/** What the market itself would make of the same, by agent/trade. */
function marketOf(meters: readonly TrueMeter[], orders: readonly SentOrder[], slotCount: number): JudgeInput {
	const nets = meters.map(({points, cadenceMs}) => {
		const energies = (key: 'importWh' | 'exportWh') =>
			slotEnergies(
				boundariesOf(
					points.map((point, i) => ({index: i, number: i + 1, measuredAtMs: point.atMs, registerWh: point[key], counterEpoch: 0})),
					{firstMs: slotFrom * slotMs, stepMs: slotMs, count: slotCount + 1},
					cadenceMs,
				),
			);
		const [imported, exported] = [energies('importWh'), energies('exportWh')];
		return exported.map((one, i) => netExportWh(one, imported[i]!));
	});
	const slots: PublishedSlot[] = [];
	const rows: PublishedRow[] = [];
	let counterAccounts = {gridNano: 0n, retailerNano: 0n, poolNano: 0n};
	for (let at = 0; at < slotCount; at += 1) {
		const seed = keccak256(new TextEncoder().encode(`${at}`));
		const offers = meters.flatMap(({meter}, i) => {
			const net = nets[i]![at];
			if (net === undefined || net === 0) return [];
			return orders
				.filter(order => order.meter === meter && order.side === (net > 0 ? 'sell' : 'buy'))
				.map(({hash, side, limitMicroPerKwh, quantityWh}) => ({
					hash,
					side,
					limitMicroPerKwh,
					quantityWh: Math.min(quantityWh, Math.abs(net)),
					minQuantityWh: 0,
					i,
				}));
		});
		const clearing = clear(offers, {...prices, pricing: 'auction', lineLimitWh: undefined}, seed);
		const contracts = meters.map(() => 0);
		for (const [k, {i, side}] of offers.entries()) contracts[i] = clearing.fillsWh[k]! * (side === 'sell' ? 1 : -1);
		const usual = (i: number): number => Math.max(0, ...[1, 2, 3, 4].map(week => -(nets[i]![at - 672 * week] ?? 0)));
		const settled = settle(
			meters.map(({account}, i) => ({account, contractedWh: contracts[i]!, meteredWh: nets[i]![at], usualImportWh: usual(i)})),
			clearing,
			prices,
		);
		slots.push({slot: slotFrom + at, seed: `0x${toHex(seed)}`, ...clearing});
		for (const [i, row] of settled.rows.entries()) rows.push({...row, slot: slotFrom + at, meter: meters[i]!.meter});
		const {gridNano, retailerNano, poolNano} = settled.accounts;
		counterAccounts = {
			gridNano: counterAccounts.gridNano + gridNano,
			retailerNano: counterAccounts.retailerNano + retailerNano,
			poolNano: counterAccounts.poolNano + poolNano,
		};
	}
	return {prices, slotFrom, slotCount, meters, orders, slots, rows, counterAccounts, used: {loadWh: 1n, pvWh: 1n}};
}

/** Few prices and small energies, so that ties, knife edges and single Wh are common. */
const arbitraryMarket = fc.tuple(fc.integer({min: 1, max: 6}), fc.integer({min: 1, max: 8})).chain(([slotCount, homes]) =>
	fc
		.array(
			fc.record({
				steps: fc.array(fc.tuple(fc.nat({max: 30}), fc.nat({max: 30})), {minLength: slotCount, maxLength: slotCount}),
				asleep: fc.array(fc.nat({max: slotCount}), {maxLength: 2}),
				sell: fc.nat({max: 4}),
				buy: fc.nat({max: 4}),
				least: fc.integer({min: 1, max: 40}),
			}),
			{minLength: homes, maxLength: homes},
		)
		.map(list => {
			const meters = list.map(({steps, asleep}, i) => meterOf(`meter ${i}`, steps, asleep));
			const orders = list.flatMap(({sell, buy, least}, i) => [
				orderOf(`meter ${i}`, 'sell', 80_000 + sell * 45_000, slotCount, least),
				orderOf(`meter ${i}`, 'buy', 120_000 + buy * 45_000, slotCount, least),
			]);
			return marketOf(meters, orders, slotCount);
		}),
);

test('the judge, who tries every price, agrees with the market, who walks down both sides, on every bill of thousands of slots', t => {
	fc.assert(
		fc.property(arbitraryMarket, market => {
			const verdict = judgeCommunity(market);
			t.true(isGood(verdict), verdict.examples.join('\n'));
			t.is(verdict.rows, market.meters.length * market.slotCount);
			const sum = verdict.bills.reduce((total, {netNano}) => total + netNano, 0n);
			const {gridNano, retailerNano, poolNano} = verdict.counterAccounts;
			t.is(sum + gridNano + retailerNano + poolNano, 0n);
		}),
		{numRuns: 1500},
	);
});

const steps = (...list: Steps): Steps => list;
const example = marketOf(
	[
		meterOf('A', steps([0, 1000], [0, 900], [10, 0])),
		meterOf('B', steps([700, 0], [200, 0], [300, 0])),
		meterOf('C', steps([501, 0], [900, 0], [0, 50])),
	],
	[orderOf('A', 'sell', 100_000, 3), orderOf('B', 'buy', 300_000, 3), orderOf('C', 'buy', 300_000, 3), orderOf('C', 'sell', 90_000, 3)],
	3,
);

test('the judge finds nothing in a market that is right, and says what neighbours got and paid', t => {
	const verdict = judgeCommunity(example);
	t.true(isGood(verdict));
	t.deepEqual(verdict.examples, []);
	// Buyers cannot all be served: the price is the one at which they do not care.
	t.is(verdict.averages.buyerMicroPerKwh! - verdict.averages.sellerMicroPerKwh!, prices.gridFeeMicroPerKwh);
	t.is(verdict.energy.tradedWh, 1000n + 900n + 50n);
	t.is(verdict.bills.find(({account}) => account === 'account of A')!.withoutMarketNano, 1900n * 80_000n - 10n * 300_000n);
});

const lies: readonly (readonly [
	what: string,
	change: (market: JudgeInput) => Partial<JudgeInput>,
	sees: Partial<Record<string, number>>,
])[] = [
	[
		'a nano too much in one row',
		({rows}) => ({rows: rows.map((row, i) => (i === 4 ? {...row, netNano: row.netNano + 1n} : row))}),
		{wrongRows: 1},
	],
	[
		'a Wh moved from one buyer to another',
		({rows}) => ({
			rows: rows.map((row, i) =>
				i === 1 ? {...row, contractedWh: row.contractedWh - 1} : i === 2 ? {...row, contractedWh: row.contractedWh + 1} : row,
			),
		}),
		{wrongRows: 2},
	],
	[
		'a reading that the meter never showed',
		({rows}) => ({rows: rows.map((row, i) => (i === 0 ? {...row, meteredWh: 999} : row))}),
		{wrongRows: 1},
	],
	[
		'a row on the account of another',
		({rows}) => ({rows: rows.map((row, i) => (i === 3 ? {...row, account: 'account of B'} : row))}),
		{wrongRows: 1},
	],
	['a row that is left out', ({rows}) => ({rows: rows.slice(1)}), {missingRows: 1}],
	['a row of nobody', ({rows}) => ({rows: [...rows, {...rows[0]!, meter: 'Z'}]}), {unexpectedRows: 1}],
	[
		'a price a µ higher',
		({slots}) => ({slots: slots.map((one, i) => (i === 0 ? {...one, priceSellMicroPerKwh: one.priceSellMicroPerKwh! + 1} : one))}),
		{wrongSlots: 1},
	],
	['a slot that was never published', ({slots}) => ({slots: slots.slice(1)}), {wrongSlots: 1}],
	[
		'a nano for the grid',
		({counterAccounts}) => ({counterAccounts: {...counterAccounts, gridNano: counterAccounts.gridNano + 1n}}),
		{unexplainedNano: 1},
	],
	['an order that the market left out', ({orders}) => ({orders: [...orders, orderOf('A', 'buy', 300_000, 3)]}), {wrongRows: 2}],
];

for (const [what, change, sees] of lies) {
	test(`the judge sees ${what}`, t => {
		const verdict = judgeCommunity({...example, ...change(example)});
		t.false(isGood(verdict));
		for (const [key, count] of Object.entries(sees)) t.is(Number(verdict[key as keyof typeof verdict]), count ?? 0, key);
		t.true(verdict.examples.length > 0);
	});
}

test('an order that came late or was taken back counts only for the slots between', t => {
	const orders = example.orders.map(order =>
		order.meter === 'A' ? {...order, standsFrom: slotFrom + 1, standsUntil: slotFrom + 1} : order,
	);
	const verdict = judgeCommunity({...example, orders});
	t.is(verdict.wrongSlots, 2);
});

test('a reading that came too late for the clearing has no part in the slot, and is billed by what it shows', t => {
	const late = new Set([`${slotFrom} B`]);
	const verdict = judgeCommunity({...example, late});
	t.is(verdict.wrongSlots, 1);
	// C gets what B would have had a part of.
	t.is(verdict.wrongRows, 3);
	t.is(verdict.energy.importWh, judgeCommunity(example).energy.importWh);
});

test('a meter that sleeps for four weeks is billed by what it took in the same slots before', t => {
	const slotCount = 673;
	const always: Steps = new Array<readonly [number, number]>(slotCount).fill([7, 0]);
	const sleeper = meterOf('A', always);
	const meters = [
		{...sleeper, points: sleeper.points.filter(({atMs}) => atMs < (slotFrom + 672) * slotMs + 120_000)},
		meterOf('B', new Array<readonly [number, number]>(slotCount).fill([0, 5])),
	];
	const market = marketOf(meters, [orderOf('A', 'buy', 300_000, slotCount), orderOf('B', 'sell', 80_000, slotCount)], slotCount);
	t.is(market.rows.find(({slot, meter}) => meter === 'A' && slot === slotFrom + 672)!.meteredWh, -7);
	t.true(isGood(judgeCommunity(market)));
});
