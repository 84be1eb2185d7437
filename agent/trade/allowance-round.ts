// Turns the orders of an AllowanceAuction round, as the contract has them, into the clearing that it accepts: the engine's fills, and the order in which the contract can check them. Pure.

import {concatBytes, fromHex, toPrefixedHex} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';
import {clearAuction, type LotOrder} from './auction.ts';

/** Where a round is: tie keys commit to all of it. */
export type RoundPlace = {readonly chainId: number; readonly contract: string; readonly round: bigint};

/** The orders by place, a word each: trader (160 bits), lots (32), limit (64). */
export type RoundBook = {readonly bids: readonly bigint[]; readonly asks: readonly bigint[]};

export type RoundOrder = {readonly trader: string; readonly lots: number; readonly limitNanoPerLot: number};

/** As `settle` takes it; bytes as 0x and hexadecimal digits. */
export type RoundClearing = {
	readonly volume: number;
	/** Nano-currency a lot; 0 if nothing is traded. */
	readonly price: number;
	/** Places in the order of matching, a byte each. */
	readonly bidOrder: string;
	readonly askOrder: string;
	/** Lots by place, four bytes each. */
	readonly bidFills: string;
	readonly askFills: string;
};

/** AllowanceAuction.ORDERS_A_SIDE_MAX: a place is a byte. */
export const roundOrdersASideMax = 128;
/** mg CO2e: what a lot, 1 kg, is in the allowance token. */
export const mgPerLot = 1_000_000n;

export function roundOrder(word: bigint): RoundOrder {
	return {
		trader: `0x${(word >> 96n).toString(16).padStart(40, '0')}`,
		lots: Number((word >> 64n) & 0xffff_ffffn),
		limitNanoPerLot: Number(word & 0xffff_ffff_ffff_ffffn),
	};
}

/** Clears a closed round. Every word MUST be one that the contract took. */
export function clearRound(place: RoundPlace, book: RoundBook): RoundClearing {
	for (const side of [book.bids, book.asks])
		if (side.length > roundOrdersASideMax)
			throw new RangeError(`a side of a round holds at most ${roundOrdersASideMax} orders, not ${side.length}`);
	const ordersOf = (words: readonly bigint[], side: 'buy' | 'sell'): LotOrder[] =>
		words.map((taken, at) => {
			const {lots, limitNanoPerLot} = roundOrder(taken);
			return {hash: orderHash(place, side, at, taken), side, lots, limitNanoPerLot, lotsMin: 0};
		});
	const [bids, asks] = [ordersOf(book.bids, 'buy'), ordersOf(book.asks, 'sell')];
	const cleared = clearAuction([...bids, ...asks], Number.MAX_SAFE_INTEGER, seedOf(place, book));
	return {
		volume: cleared.volumeLots,
		price: cleared.priceBuyNanoPerLot ?? 0,
		bidOrder: matchingOrder(bids, (a, b) => b.limitNanoPerLot - a.limitNanoPerLot),
		askOrder: matchingOrder(asks, (a, b) => a.limitNanoPerLot - b.limitNanoPerLot),
		bidFills: packedFills(cleared.fillsLots.slice(0, bids.length)),
		askFills: packedFills(cleared.fillsLots.slice(bids.length)),
	};
}

const sideCodes = {buy: 1n, sell: 2n} as const;

/** AllowanceAuction.orderHash: keccak256(abi.encode(chain, contract, round, side, place, word)). */
function orderHash({chainId, contract, round}: RoundPlace, side: 'buy' | 'sell', place: number, taken: bigint): string {
	return toPrefixedHex(keccak256(words([BigInt(chainId), BigInt(contract), round, sideCodes[side], BigInt(place), taken])));
}

/** AllowanceAuction's seed: chain, contract, round, how many bids there are, then all orders. */
function seedOf({chainId, contract, round}: RoundPlace, {bids, asks}: RoundBook): Uint8Array {
	return keccak256(words([BigInt(chainId), BigInt(contract), round, BigInt(bids.length), ...bids, ...asks]));
}

function words(values: readonly bigint[]): Uint8Array {
	return concatBytes(...values.map(value => fromHex(value.toString(16).padStart(64, '0'))!));
}

/** Among equals in the order of their places: a sort keeps it. */
function matchingOrder(orders: readonly LotOrder[], compare: (a: LotOrder, b: LotOrder) => number): string {
	const places = orders.map((_, at) => at).sort((a, b) => compare(orders[a]!, orders[b]!));
	return toPrefixedHex(Uint8Array.from(places));
}

function packedFills(fills: readonly number[]): string {
	return `0x${fills.map(fill => fill.toString(16).padStart(8, '0')).join('')}`;
}
