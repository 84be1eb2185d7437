// Clears one slot: a uniform-price call auction over sealed orders, in whole numbers, the same result whatever the order of its input. Pure.

import {fromHex, toHex} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';
import {type Order, ordersMax} from './book.ts';
import {energyPrice, midPrice, type Tariff} from './tariff.ts';

export type Rules = Tariff & {
	/** auction: limits decide. midmarket: everybody trades at the middle of the band, and only quantities count. */
	readonly pricing: 'auction' | 'midmarket';
	/** All sellers stand behind one line that carries this much in a slot; undefined for no limit. */
	readonly lineLimitWh: number | undefined;
};

/** All orders of one side at one energy price. */
export type Tier = {
	readonly priceMicroPerKwh: number;
	readonly quantityWh: number;
	/** Positions of its orders in the input, rising. */
	readonly members: readonly number[];
};

export type Clearing = {
	/** Q: as much as limits allow; trades without surplus are made too. */
	readonly volumeWh: number;
	/** Energy prices; undefined if nothing is traded. They differ only where the line limit keeps buyers and sellers apart. */
	readonly priceBuyMicroPerKwh: number | undefined;
	readonly priceSellMicroPerKwh: number | undefined;
	/** The interval that the price is the middle of. */
	readonly lowMicroPerKwh: number | undefined;
	readonly highMicroPerKwh: number | undefined;
	/** In the order of the input. */
	readonly fillsWh: readonly number[];
	/** Positions of orders that were taken out because they would have got less than their least quantity, in that order. */
	readonly removed: readonly number[];
	/** Bids by falling, asks by rising price, as they were matched. */
	readonly bids: readonly Tier[];
	readonly asks: readonly Tier[];
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
 * Clears the orders of one slot. Every order MUST have passed orderProblem, and no hash stands twice. `seed` breaks ties of single Wh; it is the root of the
 * order set, so that nobody could know it when the orders were made.
 */
export function clear(orders: readonly Order[], rules: Rules, seed: Uint8Array): Clearing {
	if (orders.length > ordersMax) throw new RangeError(`a slot holds at most ${ordersMax} orders, not ${orders.length}`);
	const mid = rules.pricing === 'midmarket' ? midPrice(rules) : undefined;
	const bids = tiersOf(orders, 'buy', rules, mid);
	const asks = tiersOf(orders, 'sell', rules, mid);
	const keyOf = createTieKeys(orders, seed);
	const fillsWh = new Array<number>(orders.length).fill(0);
	const removed: number[] = [];
	for (;;) {
		const walk = walkDown(bids, asks, rules.lineLimitWh ?? Number.MAX_SAFE_INTEGER);
		const bidShares = shareOut(bids[walk.bidAt], walk.bidGot, orders, keyOf);
		const askShares = shareOut(asks[walk.askAt], walk.askGot, orders, keyOf);
		// Only in a tier that is served in part can somebody get less than he asked for.
		const unmet = worstUnmet(orders, [...bidShares, ...askShares], keyOf);
		if (unmet !== undefined) {
			remove(orders[unmet]!.side === 'buy' ? bids : asks, orders[unmet]!.side === 'buy' ? walk.bidAt : walk.askAt, unmet, orders);
			removed.push(unmet);
			continue;
		}
		for (const tier of bids.slice(0, walk.bidAt)) for (const at of tier.members) fillsWh[at] = orders[at]!.quantityWh;
		for (const tier of asks.slice(0, walk.askAt)) for (const at of tier.members) fillsWh[at] = orders[at]!.quantityWh;
		for (const [at, share] of [...bidShares, ...askShares]) fillsWh[at] = share;
		return {...pricesOf(walk, bids, asks), volumeWh: walk.volume, fillsWh, removed, bids: bids.map(shownTier), asks: asks.map(shownTier)};
	}
}

function shownTier({price, total, members}: OpenTier): Tier {
	return {priceMicroPerKwh: price, quantityWh: total, members};
}

function tiersOf(orders: readonly Order[], side: 'buy' | 'sell', rules: Rules, mid: number | undefined): OpenTier[] {
	const byPrice = new Map<number, OpenTier>();
	for (let at = 0; at < orders.length; at += 1) {
		const order = orders[at]!;
		if (order.side !== side) continue;
		const price = mid ?? energyPrice(side, order.limitMicroPerKwh, rules);
		const tier = byPrice.get(price);
		if (tier === undefined) byPrice.set(price, {price, total: order.quantityWh, members: [at]});
		else {
			tier.total += order.quantityWh;
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
 * served. Where a line limit leaves b' above a' there is no such price: buyers pay b', sellers get a', and the difference is the line's rent, the smallest that nobody envies.
 */
function pricesOf(
	walk: Walk,
	bids: readonly OpenTier[],
	asks: readonly OpenTier[],
): Pick<Clearing, 'priceBuyMicroPerKwh' | 'priceSellMicroPerKwh' | 'lowMicroPerKwh' | 'highMicroPerKwh'> {
	if (walk.volume === 0)
		return {priceBuyMicroPerKwh: undefined, priceSellMicroPerKwh: undefined, lowMicroPerKwh: undefined, highMicroPerKwh: undefined};
	const [bidNext, askNext] = [bids[walk.bidAt]?.price, asks[walk.askAt]?.price];
	if (bidNext !== undefined && askNext !== undefined && bidNext > askNext)
		return {priceBuyMicroPerKwh: bidNext, priceSellMicroPerKwh: askNext, lowMicroPerKwh: askNext, highMicroPerKwh: bidNext};
	const low = Math.max(walk.askLast, bidNext ?? walk.askLast);
	const high = Math.min(walk.bidLast, askNext ?? walk.bidLast);
	// low + high may pass 2^53.
	const price = low + Math.floor((high - low) / 2);
	return {priceBuyMicroPerKwh: price, priceSellMicroPerKwh: price, lowMicroPerKwh: low, highMicroPerKwh: high};
}

type TieKeys = (at: number) => string;

/** keccak256(seed ‖ order hash) as hexadecimal text, made only for orders that share a tier that is served in part. */
function createTieKeys(orders: readonly Order[], seed: Uint8Array): TieKeys {
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

/** Deals `got` Wh to the members of a tier in proportion to what they asked for: rounded down first, then one Wh each to the largest remainders. */
function shareOut(tier: OpenTier | undefined, got: number, orders: readonly Order[], keyOf: TieKeys): [at: number, shareWh: number][] {
	if (tier === undefined || got === 0) return [];
	const {total, members} = tier;
	let left = got;
	const shares = members.map(at => {
		const {share, remainder} = portion(got, orders[at]!.quantityWh, total);
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
function worstUnmet(orders: readonly Order[], shares: readonly [at: number, shareWh: number][], keyOf: TieKeys): number | undefined {
	let worst: number | undefined;
	for (const [at, share] of shares) {
		if (share === 0 || share >= orders[at]!.minQuantityWh) continue;
		if (worst === undefined || keyOf(at) > keyOf(worst)) worst = at;
	}
	return worst;
}

function remove(tiers: OpenTier[], tierAt: number, at: number, orders: readonly Order[]): void {
	const tier = tiers[tierAt]!;
	tier.total -= orders[at]!.quantityWh;
	tier.members.splice(tier.members.indexOf(at), 1);
	if (tier.members.length === 0) tiers.splice(tierAt, 1);
}
