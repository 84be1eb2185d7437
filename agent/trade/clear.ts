// Clears one slot of the energy market: puts sealed orders, their tariff and the line into the words of the auction, and what it came to back into Wh and kWh. Pure.

import {clearAuction, type LotTier} from './auction.ts';
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

/**
 * Clears the orders of one slot. Every order MUST have passed orderProblem, and no hash stands twice. `seed` breaks ties of single Wh; it is the root of the
 * order set, so that nobody could know it when the orders were made.
 */
export function clear(orders: readonly Order[], rules: Rules, seed: Uint8Array): Clearing {
	if (orders.length > ordersMax) throw new RangeError(`a slot holds at most ${ordersMax} orders, not ${orders.length}`);
	const mid = rules.pricing === 'midmarket' ? midPrice(rules) : undefined;
	// A lot is a Wh: µ-currency per kWh is nano-currency per Wh.
	const lotOrders = orders.map(({hash, side, quantityWh, limitMicroPerKwh, minQuantityWh}) => ({
		hash,
		side,
		lots: quantityWh,
		limitNanoPerLot: mid ?? energyPrice(side, limitMicroPerKwh, rules),
		lotsMin: minQuantityWh,
	}));
	const cleared = clearAuction(lotOrders, rules.lineLimitWh ?? Number.MAX_SAFE_INTEGER, seed);
	return {
		volumeWh: cleared.volumeLots,
		priceBuyMicroPerKwh: cleared.priceBuyNanoPerLot,
		priceSellMicroPerKwh: cleared.priceSellNanoPerLot,
		lowMicroPerKwh: cleared.lowNanoPerLot,
		highMicroPerKwh: cleared.highNanoPerLot,
		fillsWh: cleared.fillsLots,
		removed: cleared.removed,
		bids: cleared.bids.map(energyTier),
		asks: cleared.asks.map(energyTier),
	};
}

function energyTier({priceNanoPerLot, lots, members}: LotTier): Tier {
	return {priceMicroPerKwh: priceNanoPerLot, quantityWh: lots, members};
}
