import {existsSync, readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {clear, type Rules} from '../../agent/trade/clear.ts';
import {type Position, type Settlement, settle, settleRow} from '../../agent/trade/settle.ts';
import {arbitraryBook, order, rules, seed, tariff} from './world.ts';

const prices = {priceBuyMicroPerKwh: 180_000, priceSellMicroPerKwh: 180_000};
const runs = {numRuns: 2000};

const position = (account: string, contractedWh: number, meteredWh: number | undefined, usualImportWh = 0): Position => ({
	account,
	contractedWh,
	meteredWh,
	usualImportWh,
});

const sumOf = ({accounts}: Settlement): bigint => accounts.tradersNano + accounts.gridNano + accounts.retailerNano + accounts.poolNano;

test('V1: a short community, with a reading that is missing', t => {
	const settled = settle(
		[
			position('A', 1000, 600),
			position('B', 500, 560),
			position('C', -800, -800),
			position('D', -525, -425),
			position('E', -175, undefined),
		],
		prices,
		tariff,
	);
	t.deepEqual(
		settled.rows.map(row => row.netNano),
		[76_000_000n, 94_800_000n, -176_000_000n, -103_500_000n, -38_500_000n],
	);
	t.deepEqual(settled.accounts, {tradersNano: -147_200_000n, gridNano: 46_400_000n, retailerNano: 72_000_000n, poolNano: 28_800_000n});
	t.true(settled.rows[4]!.substituted);
	t.is(settleRow(position('E', -175, -300), prices, tariff).netNano, -76_000_000n);
	t.is(settleRow(position('A', 1000, undefined), prices, tariff).netNano, -80_000_000n);
});

/** As the published file has it: every number a decimal text. */
type Published = {
	readonly metered: Readonly<Record<string, string | null>>;
	readonly result: {
		readonly rows: Readonly<Record<string, Readonly<Record<string, string>> & {readonly sub: boolean}>>;
		readonly tot: Readonly<Record<string, string>>;
	} & Readonly<Record<string, string>>;
};

const vectors = '../shared/data/vectors/market/market_vectors.json';

test('the published vectors settle to the last nano', t => {
	if (!existsSync(vectors)) {
		t.log('skipped: the folder of shared data is not here');
		t.pass();
		return;
	}
	const {settlements} = JSON.parse(readFileSync(vectors, 'utf8'));
	const contracts: Record<string, number> = {A: 1000, B: 500, C: -800, D: -525, E: -175};
	let looked = 0;
	for (const [name, {metered, result}] of Object.entries<Published>(settlements)) {
		const accounts = Object.keys(metered);
		const settled = settle(
			accounts.map(account => position(account, contracts[account]!, metered[account] === null ? undefined : Number(metered[account]))),
			prices,
			tariff,
		);
		for (const [i, account] of accounts.entries()) {
			const {c, m, sub, d, fwd, imb, grid, net} = result.rows[account]!;
			const row = settled.rows[i]!;
			t.deepEqual(
				[row.contractedWh, row.meteredWh, row.deviationWh, row.forwardNano, row.imbalanceNano, row.gridNano, row.netNano].map(String),
				[c, m, d, fwd, imb, grid, net],
				`${name} ${account}`,
			);
			t.is(row.substituted, sub);
			looked += 1;
		}
		const {tradersNano, gridNano, retailerNano, poolNano} = settled.accounts;
		t.deepEqual([tradersNano, gridNano, retailerNano, poolNano, sumOf(settled)].map(String), [
			result.tot.traders,
			result.tot.dso,
			result.tot.retailer,
			result.tot.pool,
			result.tot.sum,
		]);
		t.deepEqual([settled.importWh, settled.exportWh, settled.longWh, settled.shortWh].map(String), [
			result.imp,
			result.exp,
			result.L,
			result.S,
		]);
	}
	t.is(looked, 25);
});

/** A cleared book with what the meters then showed, some readings missing. */
const arbitraryDay = fc
	.tuple(
		arbitraryBook({withMin: true}),
		fc.option(fc.integer({min: 0, max: 120})),
		fc.infiniteStream(fc.integer({min: -60, max: 60})),
		fc.infiniteStream(fc.nat({max: 9})),
	)
	.map(([orders, line, meters, chance]) => {
		const rulesHere: Rules = {...rules, lineLimitWh: line ?? undefined};
		const cleared = clear(orders, rulesHere, seed);
		const positions = orders.map((one, at) => {
			const contractedWh = cleared.fillsWh[at]! * (one.side === 'sell' ? 1 : -1) || 0;
			const isMissing = (chance.next().value as number) === 0;
			return position(one.hash, contractedWh, isMissing ? undefined : (meters.next().value as number), chance.next().value as number);
		});
		return {orders, cleared, positions};
	});

test('P9, P14 to P16, P23: money sums to zero, the pool is never short, the grid gets its fee and the rent of its line', t => {
	fc.assert(
		fc.property(arbitraryDay, ({cleared, positions}) => {
			const settled = settle(positions, cleared, tariff);
			t.is(sumOf(settled), 0n);
			t.true(settled.accounts.poolNano >= 0n);
			const rent = BigInt(cleared.volumeWh) * BigInt((cleared.priceBuyMicroPerKwh ?? 0) - (cleared.priceSellMicroPerKwh ?? 0));
			t.is(settled.accounts.gridNano, BigInt(Math.min(settled.importWh, settled.exportWh) * tariff.gridFeeMicroPerKwh) + rent);
			if (cleared.volumeWh === 0) for (const row of settled.rows) t.is(row.forwardNano, 0n);
		}),
		runs,
	);
});

test('P17: no row moves when another reading comes, changes or stays away', t => {
	fc.assert(
		fc.property(arbitraryDay, fc.nat(), fc.option(fc.integer({min: -60, max: 60})), ({cleared, positions}, pick, other) => {
			if (positions.length < 2) return;
			const at = pick % positions.length;
			const changed = positions.map((one, i) => (i === at ? {...one, meteredWh: other ?? undefined} : one));
			const [before, after] = [settle(positions, cleared, tariff), settle(changed, cleared, tariff)];
			for (const [i, row] of before.rows.entries()) if (i !== at) t.deepEqual(after.rows[i], row);
		}),
		runs,
	);
});

test('P18, P19: what was not delivered never pays, and who keeps his word is never worse off than on plain tariffs', t => {
	fc.assert(
		fc.property(arbitraryDay, ({cleared, positions}) => {
			for (const one of positions) {
				if (one.meteredWh === undefined) continue;
				const row = settleRow(one, cleared, tariff);
				const {contractedWh: c, meteredWh: m} = row;
				const [f, r] = [BigInt(tariff.feedInMicroPerKwh), BigInt(tariff.retailMicroPerKwh)];
				if (c > 0) {
					const price = BigInt(cleared.priceSellMicroPerKwh!);
					const delivered = BigInt(Math.max(0, m));
					t.true(row.netNano <= delivered * (price > f ? price : f));
					if (m >= c) t.true(row.netNano >= BigInt(m) * f);
				}
				if (c < 0 && m <= c) t.true(row.netNano >= BigInt(m) * r);
			}
		}),
		runs,
	);
});

test('P20: the margin of an order covers its worst slot', t => {
	fc.assert(
		fc.property(arbitraryBook(), fc.infiniteStream(fc.integer({min: 0, max: 60})), (orders, meters) => {
			const cleared = clear(orders, rules, seed);
			for (const [at, one] of orders.entries()) {
				const fill = cleared.fillsWh[at]!;
				const m = meters.next().value as number;
				if (one.side === 'sell') {
					const {netNano} = settleRow(position('', fill, m), cleared, tariff);
					const margin = one.quantityWh * (tariff.retailMicroPerKwh - tariff.gridFeeMicroPerKwh - one.limitMicroPerKwh);
					t.true(netNano >= -BigInt(margin));
				} else {
					// What is taken beyond the contract is billed by the household's own supplier.
					const {netNano} = settleRow(position('', -fill || 0, -Math.min(m, fill) || 0), cleared, tariff);
					t.true(netNano >= -BigInt(one.quantityWh * one.limitMicroPerKwh));
				}
			}
		}),
		runs,
	);
});

test('P13: who trades with himself and really moves the energy never gains by it, once settled', t => {
	const edges = [tariff.retailMicroPerKwh, tariff.feedInMicroPerKwh] as const;
	fc.assert(
		fc.property(
			arbitraryBook({lengthMax: 12}).filter(orders => orders.length > 0),
			fc.nat(),
			fc.integer({min: 1, max: 60}),
			fc.boolean(),
			(orders, pick, x, isMid) => {
				const rulesHere: Rules = {...rules, pricing: isMid ? 'midmarket' : 'auction'};
				const own = pick % orders.length;
				const without = clear(orders, rulesHere, seed);
				// Where nobody else trades, a pair is no pair but two neighbours who do well to trade.
				if (without.volumeWh === 0) return;
				const pair = [order(2001, 'buy', x, edges[0]), order(2002, 'sell', x, edges[1])];
				const all = [...orders, ...pair];
				const withPair = clear(all, rulesHere, seed);
				// Quantities are what meters show, as in metered mode: each of the owner's meters moves what its order asks for.
				const net = (list: typeof orders, cleared: typeof without, at: number): bigint => {
					const sign = list[at]!.side === 'buy' ? -1 : 1;
					return settleRow(position('O', sign * cleared.fillsWh[at]!, sign * list[at]!.quantityWh), cleared, rulesHere).netNano;
				};
				const before = net(orders, without, own);
				const after = net(all, withPair, own) + net(all, withPair, orders.length) + net(all, withPair, orders.length + 1);
				// At the margin each of his three orders may be dealt one Wh that the exact share has not.
				const band = BigInt(rules.retailMicroPerKwh - rules.gridFeeMicroPerKwh - rules.feedInMicroPerKwh);
				t.true(after <= before + 3n * band, `${after} > ${before}`);
				// What the grid takes for moving the pair's energy is never less than what that rounding can bring, from a few Wh on.
				if (BigInt(x) * BigInt(rules.gridFeeMicroPerKwh) >= 3n * band) t.true(after <= before);
			},
		),
		runs,
	);
});

test('P13: a pair that moves no energy loses on both sides', t => {
	fc.assert(
		fc.property(arbitraryBook(), fc.integer({min: 1, max: 50}), (orders, x) => {
			const all = [...orders, order(2001, 'buy', x, tariff.retailMicroPerKwh), order(2002, 'sell', x, tariff.feedInMicroPerKwh)];
			const cleared = clear(all, rules, seed);
			const [bought, sold] = cleared.fillsWh.slice(-2) as [number, number];
			const net = settleRow(position('O', -bought, 0), cleared, rules).netNano + settleRow(position('O', sold, 0), cleared, rules).netNano;
			t.true(net <= 0n);
		}),
		runs,
	);
});

test('a missing reading is never better than the truth', t => {
	fc.assert(
		fc.property(arbitraryDay, fc.integer({min: 0, max: 60}), ({cleared, positions}, m) => {
			for (const one of positions) {
				const missing = settleRow({...one, meteredWh: undefined, usualImportWh: m}, cleared, tariff).netNano;
				// A seller may have delivered anything; a buyer took no more than he usually takes or bought.
				const truth = one.contractedWh > 0 ? m : -Math.min(m, Math.max(-one.contractedWh, m));
				t.true(missing <= settleRow({...one, meteredWh: truth || 0}, cleared, tariff).netNano);
			}
		}),
		runs,
	);
});

test('contracts that do not balance are no clearing', t => {
	t.throws(() => settle([position('A', 5, 5)], prices, tariff), {message: /sum to 5 Wh/});
	t.notThrows(() => settle([position('A', 5, 5), position('B', -5, -5)], prices, tariff));
	t.is(order(1, 'buy', 1, 1).side, 'buy');
});
