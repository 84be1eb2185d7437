import test from 'ava';
import fc from 'fast-check';
import {type Order, orderProblem} from '../../agent/trade/book.ts';
import {type Clearing, clear} from '../../agent/trade/clear.ts';
import {midPrice} from '../../agent/trade/tariff.ts';
import {arbitraryBook, bestByUnits, hashOf, order, priceOf, rules, seed, tariff} from './world.ts';

const runs = {numRuns: 2000};

function sums(orders: readonly Order[], {fillsWh}: Clearing): {readonly bought: number; readonly sold: number; readonly gain: number} {
	let [bought, sold, gain] = [0, 0, 0];
	for (const [at, one] of orders.entries()) {
		const fill = fillsWh[at]!;
		if (one.side === 'buy') bought += fill;
		else sold += fill;
		gain += fill * priceOf(one) * (one.side === 'buy' ? 1 : -1);
	}
	return {bought, sold, gain};
}

const example = [
	order(0xa, 'sell', 1000, 100_000),
	order(0xb, 'sell', 500, 150_000),
	order(0xc, 'buy', 800, 280_000),
	order(0xd, 'buy', 900, 220_000),
	order(0xe, 'buy', 301, 220_000),
];

test('the worked example clears at 180,000 and deals its last 700 Wh by the largest remainder', t => {
	const cleared = clear(example, rules, seed);
	t.is(cleared.volumeWh, 1500);
	t.deepEqual(
		[cleared.lowMicroPerKwh, cleared.highMicroPerKwh, cleared.priceBuyMicroPerKwh, cleared.priceSellMicroPerKwh],
		[180_000, 180_000, 180_000, 180_000],
	);
	t.deepEqual(cleared.fillsWh, [1000, 500, 800, 525, 175]);
});

test('a line of 900 Wh parts the prices and keeps the rent small', t => {
	const cleared = clear(example, {...rules, lineLimitWh: 900}, seed);
	t.is(cleared.volumeWh, 900);
	t.deepEqual([cleared.priceBuyMicroPerKwh, cleared.priceSellMicroPerKwh], [180_000, 100_000]);
	t.deepEqual(cleared.fillsWh, [900, 0, 800, 75, 25]);
});

test('three bids at 30 and ten at 20 against five asks at 10 trade five, not three', t => {
	const free = {
		feedInMicroPerKwh: 0,
		retailMicroPerKwh: 40_000,
		gridFeeMicroPerKwh: 0,
		pricing: 'auction',
		lineLimitWh: undefined,
	} as const;
	const cleared = clear([order(1, 'buy', 3, 30_000), order(2, 'buy', 10, 20_000), order(3, 'sell', 5, 10_000)], free, seed);
	t.is(cleared.volumeWh, 5);
	t.is(cleared.priceBuyMicroPerKwh, 20_000);
	t.deepEqual(cleared.fillsWh, [3, 2, 5]);
});

test('a book whose sides do not meet has no price and fills nothing', t => {
	const cleared = clear([order(1, 'buy', 5, 130_000), order(2, 'sell', 5, 95_000)], rules, seed);
	t.is(cleared.volumeWh, 0);
	t.is(cleared.priceBuyMicroPerKwh, undefined);
	t.deepEqual(cleared.fillsWh, [0, 0]);
	t.is(clear([], rules, seed).volumeWh, 0);
});

test('P1, P2: the same orders in any order give the same prices and the same fills', t => {
	fc.assert(
		fc.property(
			arbitraryBook({withMin: true}),
			fc.infiniteStream(fc.nat()),
			fc.option(fc.integer({min: 0, max: 120})),
			(orders, chance, line) => {
				const rulesHere = {...rules, lineLimitWh: line ?? undefined};
				const shuffled = orders
					.map(one => ({one, key: chance.next().value as number}))
					.sort((a, b) => a.key - b.key)
					.map(({one}) => one);
				const [a, b] = [clear(orders, rulesHere, seed), clear(shuffled, rulesHere, seed)];
				const byHash = (list: readonly Order[], cleared: Clearing) =>
					Object.fromEntries(list.map((one, at) => [one.hash, cleared.fillsWh[at]]));
				t.deepEqual(byHash(orders, a), byHash(shuffled, b));
				const tiers = (list: readonly Order[], cleared: Clearing) =>
					[...cleared.bids, ...cleared.asks].map(tier => ({...tier, members: tier.members.map(at => list[at]!.hash).sort()}));
				t.deepEqual(tiers(orders, a), tiers(shuffled, b));
				t.deepEqual({...a, fillsWh: 0, removed: 0, bids: 0, asks: 0}, {...b, fillsWh: 0, removed: 0, bids: 0, asks: 0});
				t.deepEqual(
					a.removed.map(at => orders[at]!.hash),
					b.removed.map(at => shuffled[at]!.hash),
				);
			},
		),
		runs,
	);
	t.pass();
});

test('P3 to P8: energy balances, nobody is overfilled or out of the money, nobody envies, priority holds, the price is in the band', t => {
	fc.assert(
		fc.property(arbitraryBook(), fc.option(fc.integer({min: 0, max: 120})), (orders, line) => {
			const cleared = clear(orders, {...rules, lineLimitWh: line ?? undefined}, seed);
			const {bought, sold} = sums(orders, cleared);
			t.is(bought, sold);
			t.is(bought, cleared.volumeWh);
			if (line !== null) t.true(cleared.volumeWh <= line);
			const {priceBuyMicroPerKwh: pb, priceSellMicroPerKwh: ps} = cleared;
			if (pb === undefined || ps === undefined) return;
			t.true(ps >= tariff.feedInMicroPerKwh && pb <= tariff.retailMicroPerKwh - tariff.gridFeeMicroPerKwh && ps <= pb);
			for (const [at, one] of orders.entries()) {
				const fill = cleared.fillsWh[at]!;
				t.true(fill >= 0 && fill <= one.quantityWh && Number.isInteger(fill));
				const surplus = one.side === 'buy' ? priceOf(one) - pb : ps - priceOf(one);
				if (fill > 0) t.true(surplus >= 0);
				if (fill < one.quantityWh) t.true(surplus <= 0);
				for (const [otherAt, other] of orders.entries()) {
					if (other.side !== one.side) continue;
					const isBetter = one.side === 'buy' ? priceOf(one) > priceOf(other) : priceOf(one) < priceOf(other);
					if (isBetter && cleared.fillsWh[otherAt]! > 0) t.is(fill, one.quantityWh);
					if (priceOf(one) === priceOf(other)) {
						const skew = Math.abs(fill * other.quantityWh - cleared.fillsWh[otherAt]! * one.quantityWh);
						t.true(skew <= one.quantityWh + other.quantityWh);
					}
				}
			}
		}),
		runs,
	);
});

test('P10: no trading of single Wh trades more or is worth more', t => {
	fc.assert(
		fc.property(arbitraryBook(), fc.option(fc.integer({min: 0, max: 120})), (orders, line) => {
			const cleared = clear(orders, {...rules, lineLimitWh: line ?? undefined}, seed);
			const best = bestByUnits(orders, line ?? Number.MAX_SAFE_INTEGER);
			t.is(cleared.volumeWh, best.volumeWh);
			t.is(sums(orders, cleared).gain, best.gainNano);
		}),
		runs,
	);
});

test('P11: a better limit never lowers the fill', t => {
	fc.assert(
		fc.property(
			arbitraryBook({lengthMax: 10}).filter(orders => orders.length > 0),
			fc.nat(),
			fc.integer({min: 1, max: 90_000}),
			(orders, pick, step) => {
				const at = pick % orders.length;
				const one = orders[at]!;
				const better = {...one, limitMicroPerKwh: one.limitMicroPerKwh + (one.side === 'buy' ? step : -step)};
				if (orderProblem(better, tariff) !== undefined) return;
				const before = clear(orders, rules, seed).fillsWh[at]!;
				const after = clear(
					orders.map((other, i) => (i === at ? better : other)),
					rules,
					seed,
				).fillsWh[at]!;
				t.true(after >= before, `${after} < ${before}`);
			},
		),
		runs,
	);
});

test('P12: an order in two parts gets what it would get whole, give or take a Wh a part', t => {
	fc.assert(
		fc.property(
			arbitraryBook({lengthMax: 10}).filter(orders => orders.length > 0),
			fc.nat(),
			fc.nat(),
			(orders, pick, cut) => {
				const at = pick % orders.length;
				const one = orders[at]!;
				if (one.quantityWh < 2) return;
				const first = 1 + (cut % (one.quantityWh - 1));
				const parts = [
					{...one, quantityWh: first},
					{...one, hash: hashOf(1000), quantityWh: one.quantityWh - first},
				];
				const whole = clear(orders, rules, seed);
				const split = clear([...orders.filter((_, i) => i !== at), ...parts], rules, seed);
				t.is(split.priceBuyMicroPerKwh, whole.priceBuyMicroPerKwh);
				const got = split.fillsWh.at(-1)! + split.fillsWh.at(-2)!;
				t.true(Math.abs(got - whole.fillsWh[at]!) <= 2);
			},
		),
		runs,
	);
});

test('P13: buying from oneself at the edges of the band moves the volume and not the price', t => {
	fc.assert(
		fc.property(arbitraryBook(), fc.integer({min: 1, max: 50}), (orders, x) => {
			const before = clear(orders, rules, seed);
			if (before.volumeWh === 0) return;
			const pair = [order(2001, 'buy', x, tariff.retailMicroPerKwh), order(2002, 'sell', x, tariff.feedInMicroPerKwh)];
			const after = clear([...orders, ...pair], rules, seed);
			t.is(after.priceBuyMicroPerKwh, before.priceBuyMicroPerKwh);
			t.is(after.volumeWh, before.volumeWh + x);
		}),
		runs,
	);
});

test('an order with a least quantity gets that or nothing, and those that were taken out are the fewest that the rule names', t => {
	fc.assert(
		fc.property(arbitraryBook({withMin: true}), orders => {
			const cleared = clear(orders, rules, seed);
			for (const [at, one] of orders.entries()) {
				const fill = cleared.fillsWh[at]!;
				t.true(fill === 0 || fill >= one.minQuantityWh);
			}
			for (const at of cleared.removed) t.is(cleared.fillsWh[at], 0);
			// Without those taken out the same book clears alike: P21.
			const rest = orders.filter((_, at) => !cleared.removed.includes(at));
			const again = clear(rest, rules, seed);
			t.deepEqual(again.removed, []);
			t.is(again.volumeWh, cleared.volumeWh);
			t.is(again.priceBuyMicroPerKwh, cleared.priceBuyMicroPerKwh);
			const {bought, sold} = sums(orders, cleared);
			t.is(bought, sold);
		}),
		runs,
	);
});

test('midmarket trades everything that the smaller side has, at one price, in proportion', t => {
	fc.assert(
		fc.property(arbitraryBook(), orders => {
			const cleared = clear(orders, {...rules, pricing: 'midmarket'}, seed);
			const total = (side: 'buy' | 'sell') => orders.filter(one => one.side === side).reduce((sum, one) => sum + one.quantityWh, 0);
			t.is(cleared.volumeWh, Math.min(total('buy'), total('sell')));
			if (cleared.volumeWh > 0) t.is(cleared.priceBuyMicroPerKwh, midPrice(tariff));
		}),
		{numRuns: 500},
	);
});

test('P24: the largest quantities and prices stay exact', t => {
	const wide = {
		feedInMicroPerKwh: 0,
		retailMicroPerKwh: Number.MAX_SAFE_INTEGER,
		gridFeeMicroPerKwh: 0,
		pricing: 'auction',
		lineLimitWh: undefined,
	} as const;
	const most = 0xffff_ffff;
	const sellers = Array.from({length: 1000}, (_, n) => order(n + 1, 'sell', most, Number.MAX_SAFE_INTEGER));
	const cleared = clear(
		[...sellers, order(5000, 'buy', most, Number.MAX_SAFE_INTEGER), order(5001, 'buy', 1, Number.MAX_SAFE_INTEGER)],
		wide,
		seed,
	);
	t.is(cleared.priceBuyMicroPerKwh, Number.MAX_SAFE_INTEGER);
	t.is(cleared.volumeWh, most + 1);
	t.is(
		cleared.fillsWh.slice(0, 1000).reduce((sum, fill) => sum + fill, 0),
		most + 1,
	);
	const [least, greatest] = [Math.min(...cleared.fillsWh.slice(0, 1000)), Math.max(...cleared.fillsWh.slice(0, 1000))];
	t.true(greatest - least <= 1);
});

test('orders that may not stand are told why', t => {
	const good = order(1, 'buy', 100, 200_000);
	t.is(orderProblem(good, tariff), undefined);
	const bad: [Partial<Order>, string][] = [
		[{hash: '0x12'}, 'malformed'],
		[{quantityWh: 0}, 'malformed'],
		[{quantityWh: 1.5}, 'malformed'],
		[{quantityWh: 2 ** 32}, 'malformed'],
		[{minQuantityWh: 101}, 'malformed'],
		[{limitMicroPerKwh: -1}, 'malformed'],
		[{limitMicroPerKwh: Number.NaN}, 'malformed'],
		[{limitMicroPerKwh: 119_999}, 'price-out-of-band'],
		[{limitMicroPerKwh: 300_001}, 'price-out-of-band'],
		[{side: 'sell', limitMicroPerKwh: 79_999}, 'price-out-of-band'],
		[{side: 'sell', limitMicroPerKwh: 260_001}, 'price-out-of-band'],
	];
	for (const [change, code] of bad) t.is(orderProblem({...good, ...change}, tariff)?.code, code as never);
	t.is(orderProblem(good, tariff, 99)?.code, 'capacity-exceeded');
});
