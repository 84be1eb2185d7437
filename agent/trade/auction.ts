// Clears one call auction, whatever is traded in it: a uniform price, as much as limits allow, in whole lots, the same result whatever the order of its input. Pure.

import {fromHex, toHex} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';

/**
 * What can be traded, and in what it is counted. A lot is the least that changes hands. A price in µ-currency for a thousand lots is exactly nano-currency for one, so that lots
 * times price is an amount in nano-currency without rounding.
 */
export const commodities = {
	energy: {lotUnit: 'Wh', priceUnit: 'µ/kWh'},
	/** 1 kg is 10^6 of the mg CO2e that allowances are counted in: a double would not hold the milligrams of a large site exactly, and nobody trades less. */
	allowance: {lotUnit: 'kg CO2e', priceUnit: 'µ/t'},
} as const;
export type Commodity = keyof typeof commodities;

export type LotOrder = {
	/** 0x and 64 hexadecimal digits; no hash stands twice. */
	readonly hash: string;
	readonly side: 'buy' | 'sell';
	/** 1 … lotsMax. */
	readonly lots: number;
	/** The worst price that suits, nano-currency a lot; 0 … 2^53 − 1. */
	readonly limitNanoPerLot: number;
	/** Filled with at least this or not at all; 0 for any. */
	readonly lotsMin: number;
};

/** Sums stay exact in a double: 2^20 orders of 2^32 lots. */
export const lotsMax = 0xffff_ffff;
export const auctionOrdersMax = 1 << 20;

/** Why an order may not stand in an auction, as a sentence in the words of what is traded; undefined if it may. */
export function lotOrderProblem({hash, side, lots, limitNanoPerLot, lotsMin}: LotOrder, commodity: Commodity): string | undefined {
	const {lotUnit, priceUnit} = commodities[commodity];
	if (!/^0x[0-9a-f]{64}$/.test(hash)) return 'hash is not 0x and 64 lower-case hexadecimal digits';
	if (side !== 'buy' && side !== 'sell') return 'side is neither buy nor sell';
	if (!Number.isSafeInteger(lots) || lots < 1 || lots > lotsMax)
		return `the quantity is not a whole number of ${lotUnit} from 1 to ${lotsMax}`;
	if (!Number.isSafeInteger(lotsMin) || lotsMin < 0 || lotsMin > lots)
		return `the least quantity is not a whole number of ${lotUnit} from 0 to ${lots}`;
	if (!Number.isSafeInteger(limitNanoPerLot) || limitNanoPerLot < 0)
		return `the limit is not a whole number of ${priceUnit} from 0 to 2^53 − 1`;
	return undefined;
}

/** All orders of one side at one price. */
export type LotTier = {
	readonly priceNanoPerLot: number;
	readonly lots: number;
	/** Positions of its orders in the input, rising. */
	readonly members: readonly number[];
};

export type LotClearing = {
	/** As much as limits allow; trades without surplus are made too. */
	readonly volumeLots: number;
	/** Undefined if nothing is traded. They differ only where `volumeMaxLots` keeps buyers and sellers apart. */
	readonly priceBuyNanoPerLot: number | undefined;
	readonly priceSellNanoPerLot: number | undefined;
	/** The interval that the price is the middle of. */
	readonly lowNanoPerLot: number | undefined;
	readonly highNanoPerLot: number | undefined;
	/** In the order of the input. */
	readonly fillsLots: readonly number[];
	/** Positions of orders that were taken out because they would have got less than their least quantity, in that order. */
	readonly removed: readonly number[];
	/** Bids by falling, asks by rising price, as they were matched. */
	readonly bids: readonly LotTier[];
	readonly asks: readonly LotTier[];
};

type OpenTier = {readonly price: number; total: number; members: number[]};

/** How far the walk down both sides came. */
type Walk = {
	readonly volume: number;
	/** What the first tier that is not fully served got, by side; 0 where the walk stopped between two tiers. */
	readonly bidAt: number;
	readonly bidGot: number;
	readonly askAt: number;
	readonly askGot: number;
	/** Price of the last tier that got something. */
	readonly bidLast: number;
	readonly askLast: number;
};

/**
 * Clears an auction. Every order MUST have passed its commodity's check, and no hash stands twice. `seed` breaks ties of single lots; it commits to all orders, so that nobody
 * could know it when the orders were made.
 */
export function clearAuction(orders: readonly LotOrder[], volumeMaxLots: number, seed: Uint8Array): LotClearing {
	if (orders.length > auctionOrdersMax) throw new RangeError(`an auction holds at most ${auctionOrdersMax} orders, not ${orders.length}`);
	const bids = tiersOf(orders, 'buy');
	const asks = tiersOf(orders, 'sell');
	const keyOf = createTieKeys(orders, seed);
	const fillsLots = new Array<number>(orders.length).fill(0);
	const removed: number[] = [];
	for (;;) {
		const walk = walkDown(bids, asks, volumeMaxLots);
		const bidShares = shareOut(bids[walk.bidAt], walk.bidGot, orders, keyOf);
		const askShares = shareOut(asks[walk.askAt], walk.askGot, orders, keyOf);
		// Only in a tier that is served in part can somebody get less than he asked for.
		const unmet = worstUnmet(orders, [...bidShares, ...askShares], keyOf);
		if (unmet !== undefined) {
			remove(orders[unmet]!.side === 'buy' ? bids : asks, orders[unmet]!.side === 'buy' ? walk.bidAt : walk.askAt, unmet, orders);
			removed.push(unmet);
			continue;
		}
		for (const tier of bids.slice(0, walk.bidAt)) for (const at of tier.members) fillsLots[at] = orders[at]!.lots;
		for (const tier of asks.slice(0, walk.askAt)) for (const at of tier.members) fillsLots[at] = orders[at]!.lots;
		for (const [at, share] of [...bidShares, ...askShares]) fillsLots[at] = share;
		return {
			...pricesOf(walk, bids, asks),
			volumeLots: walk.volume,
			fillsLots,
			removed,
			bids: bids.map(shownTier),
			asks: asks.map(shownTier),
		};
	}
}

function shownTier({price, total, members}: OpenTier): LotTier {
	return {priceNanoPerLot: price, lots: total, members};
}

function tiersOf(orders: readonly LotOrder[], side: 'buy' | 'sell'): OpenTier[] {
	const byPrice = new Map<number, OpenTier>();
	for (let at = 0; at < orders.length; at += 1) {
		const order = orders[at]!;
		if (order.side !== side) continue;
		const price = order.limitNanoPerLot;
		const tier = byPrice.get(price);
		if (tier === undefined) byPrice.set(price, {price, total: order.lots, members: [at]});
		else {
			tier.total += order.lots;
			tier.members.push(at);
		}
	}
	return [...byPrice.values()].sort(side === 'buy' ? (a, b) => b.price - a.price : (a, b) => a.price - b.price);
}

/** Matches the dearest bids with the cheapest asks for as long as the bid pays the ask. */
function walkDown(bids: readonly OpenTier[], asks: readonly OpenTier[], limit: number): Walk {
	let [bidAt, askAt, bidGot, askGot, volume, bidLast, askLast] = [0, 0, 0, 0, 0, 0, 0];
	while (volume < limit) {
		const [bid, ask] = [bids[bidAt], asks[askAt]];
		if (bid === undefined || ask === undefined || bid.price < ask.price) break;
		const matched = Math.min(bid.total - bidGot, ask.total - askGot, limit - volume);
		volume += matched;
		bidGot += matched;
		askGot += matched;
		bidLast = bid.price;
		askLast = ask.price;
		if (bidGot === bid.total) [bidAt, bidGot] = [bidAt + 1, 0];
		if (askGot === ask.total) [askAt, askGot] = [askAt + 1, 0];
	}
	return {volume, bidAt, bidGot, askAt, askGot, bidLast, askLast};
}

/**
 * The middle of the prices at which every served order is in the money and no order that was not served would be: b' is the best bid and a' the best ask not fully
 * served. Where a limit of the volume leaves b' above a' there is no such price: buyers pay b', sellers get a', and the difference is the limit's rent, the smallest that nobody envies.
 */
function pricesOf(
	walk: Walk,
	bids: readonly OpenTier[],
	asks: readonly OpenTier[],
): Pick<LotClearing, 'priceBuyNanoPerLot' | 'priceSellNanoPerLot' | 'lowNanoPerLot' | 'highNanoPerLot'> {
	if (walk.volume === 0)
		return {priceBuyNanoPerLot: undefined, priceSellNanoPerLot: undefined, lowNanoPerLot: undefined, highNanoPerLot: undefined};
	const [bidNext, askNext] = [bids[walk.bidAt]?.price, asks[walk.askAt]?.price];
	if (bidNext !== undefined && askNext !== undefined && bidNext > askNext)
		return {priceBuyNanoPerLot: bidNext, priceSellNanoPerLot: askNext, lowNanoPerLot: askNext, highNanoPerLot: bidNext};
	const low = Math.max(walk.askLast, bidNext ?? walk.askLast);
	const high = Math.min(walk.bidLast, askNext ?? walk.bidLast);
	// low + high may pass 2^53.
	const price = low + Math.floor((high - low) / 2);
	return {priceBuyNanoPerLot: price, priceSellNanoPerLot: price, lowNanoPerLot: low, highNanoPerLot: high};
}

type TieKeys = (at: number) => string;

/** keccak256(seed ‖ order hash) as hexadecimal text, made only for orders that share a tier that is served in part. */
function createTieKeys(orders: readonly LotOrder[], seed: Uint8Array): TieKeys {
	const known = new Map<number, string>();
	const input = new Uint8Array(seed.length + 32);
	input.set(seed);
	return at => {
		let key = known.get(at);
		if (key === undefined) {
			input.set(fromHex(orders[at]!.hash.slice(2))!, seed.length);
			key = toHex(keccak256(input));
			known.set(at, key);
		}
		return key;
	};
}

/** Deals `got` lots to the members of a tier in proportion to what they asked for: rounded down first, then one lot each to the largest remainders. */
function shareOut(tier: OpenTier | undefined, got: number, orders: readonly LotOrder[], keyOf: TieKeys): [at: number, shareLots: number][] {
	if (tier === undefined || got === 0) return [];
	const {total, members} = tier;
	let left = got;
	const shares = members.map(at => {
		const {share, remainder} = portion(got, orders[at]!.lots, total);
		left -= share;
		return {at, share, remainder};
	});
	if (left > 0) {
		const byRemainder = shares.toSorted((a, b) => b.remainder - a.remainder || (keyOf(a.at) < keyOf(b.at) ? -1 : 1));
		for (const one of byRemainder.slice(0, left)) one.share += 1;
	}
	return shares.map(({at, share}) => [at, share]);
}

/** got·quantity divided by total, with its remainder, exactly. */
function portion(got: number, quantity: number, total: number): {readonly share: number; readonly remainder: number} {
	const product = got * quantity;
	if (product <= Number.MAX_SAFE_INTEGER) {
		const share = Math.floor(product / total);
		return {share, remainder: product - share * total};
	}
	const exact = BigInt(got) * BigInt(quantity);
	return {share: Number(exact / BigInt(total)), remainder: Number(exact % BigInt(total))};
}

/** Of the orders that got something but less than their least quantity, the one with the larger key; they all stand at the margin, so their prices are equally bad. */
function worstUnmet(orders: readonly LotOrder[], shares: readonly [at: number, shareLots: number][], keyOf: TieKeys): number | undefined {
	let worst: number | undefined;
	for (const [at, share] of shares) {
		if (share === 0 || share >= orders[at]!.lotsMin) continue;
		if (worst === undefined || keyOf(at) > keyOf(worst)) worst = at;
	}
	return worst;
}

function remove(tiers: OpenTier[], tierAt: number, at: number, orders: readonly LotOrder[]): void {
	const tier = tiers[tierAt]!;
	tier.total -= orders[at]!.lots;
	tier.members.splice(tier.members.indexOf(at), 1);
	if (tier.members.length === 0) tiers.splice(tierAt, 1);
}
