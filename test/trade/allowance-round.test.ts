// A round of allowances is cleared by the engine of the energy market, and packed as the contract reads it.
import test from 'ava';
import fc from 'fast-check';
import {clearRound, roundOrder, roundOrdersASideMax} from '../../agent/trade/allowance-round.ts';
import {clearAuction} from '../../agent/trade/auction.ts';

const place = {chainId: 31337, contract: `0x${'c0'.repeat(20)}`, round: 3n};
const word = (lots: number, limit: number, trader = 0xa11n): bigint => (trader << 96n) | (BigInt(lots) << 64n) | BigInt(limit);
const fillsIn = (packed: string): number[] => (packed.slice(2).match(/.{8}/g) ?? []).map(digits => Number.parseInt(digits, 16));
const placesIn = (packed: string): number[] => (packed.slice(2).match(/../g) ?? []).map(digits => Number.parseInt(digits, 16));

test('a word is taken apart into trader, lots and limit', t => {
	t.deepEqual(roundOrder(word(0xffff_ffff, 2 ** 53 - 1, 2n ** 160n - 1n)), {
		trader: `0x${'f'.repeat(40)}`,
		lots: 0xffff_ffff,
		limitNanoPerLot: 2 ** 53 - 1,
	});
});

test('a round of two bids and two asks is cleared at the limit of who was served in part', t => {
	const clearing = clearRound(place, {bids: [word(5, 700), word(4, 900)], asks: [word(6, 650), word(8, 800)]});
	t.deepEqual(clearing, {
		volume: 6,
		price: 700,
		bidOrder: '0x0100',
		askOrder: '0x0001',
		bidFills: '0x0000000200000004',
		askFills: '0x0000000600000000',
	});
});

test('an empty round, and one whose sides do not meet, trade nothing at price 0', t => {
	t.deepEqual(clearRound(place, {bids: [], asks: []}), {
		volume: 0,
		price: 0,
		bidOrder: '0x',
		askOrder: '0x',
		bidFills: '0x',
		askFills: '0x',
	});
	t.like(clearRound(place, {bids: [word(1, 10)], asks: [word(1, 11)]}), {volume: 0, price: 0, bidFills: '0x00000000'});
});

test('a side beyond what the contract holds is refused', t => {
	const bids = Array.from({length: roundOrdersASideMax + 1}, () => word(1, 1));
	t.throws(() => clearRound(place, {bids, asks: []}), {instanceOf: RangeError, message: /at most 128 orders, not 129/});
});

test('ties of single lots depend on chain, contract and round, and on nothing else', t => {
	// Three alike share four lots: who gets the odd one is chance that nobody has a hand in.
	const book = {bids: [word(4, 900)], asks: [word(2, 800), word(2, 800), word(2, 800)]};
	const winners = new Set<string>();
	for (let round = 1n; round <= 40n; round += 1n) winners.add(clearRound({...place, round}, book).askFills);
	t.is(winners.size, 3);
	t.deepEqual(clearRound(place, book), clearRound({...place, contract: place.contract.toUpperCase().replace('0X', '0x')}, book));
});

const arbitraryWords = fc.array(
	fc.tuple(fc.integer({min: 1, max: 9}), fc.integer({min: 995, max: 1005})).map(([lots, limit]) => word(lots, limit)),
	{maxLength: 20},
);

test('a round is what the engine makes of the same orders, and its places are in the order of matching', t => {
	fc.assert(
		fc.property(arbitraryWords, arbitraryWords, (bids, asks) => {
			const clearing = clearRound(place, {bids, asks});
			const [bidFills, askFills] = [fillsIn(clearing.bidFills), fillsIn(clearing.askFills)];
			const orders = [...bids, ...asks].map((taken, at) => {
				const {lots, limitNanoPerLot} = roundOrder(taken);
				const side = at < bids.length ? ('buy' as const) : ('sell' as const);
				return {hash: `0x${at.toString(16).padStart(64, '0')}`, side, lots, limitNanoPerLot, lotsMin: 0};
			});
			// Other names break other ties: all but the odd lots is the same.
			const cleared = clearAuction(orders, Number.MAX_SAFE_INTEGER, new Uint8Array(32));
			t.is(clearing.volume, cleared.volumeLots);
			t.is(clearing.price, cleared.priceBuyNanoPerLot ?? 0);
			for (const [at, fill] of [...bidFills, ...askFills].entries()) t.true(Math.abs(fill - cleared.fillsLots[at]!) <= 1);
			const sum = (fills: readonly number[]): number => fills.reduce((all, fill) => all + fill, 0);
			t.is(sum(bidFills), clearing.volume);
			t.is(sum(askFills), clearing.volume);
			for (const [sorted, words, sign] of [
				[placesIn(clearing.bidOrder), bids, -1],
				[placesIn(clearing.askOrder), asks, 1],
			] as const) {
				t.deepEqual(
					[...sorted].sort((a, b) => a - b),
					[...words.keys()],
				);
				for (const [i, at] of sorted.entries())
					if (i > 0) t.true(sign * (roundOrder(words[at]!).limitNanoPerLot - roundOrder(words[sorted[i - 1]!]!).limitNanoPerLot) >= 0);
			}
		}),
		{numRuns: 300},
	);
});
