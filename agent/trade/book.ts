// One slot's sealed orders, and what makes an order one that may stand among them. Pure.

import {auctionOrdersMax, lotsMax} from './auction.ts';
import {energyPrice, type Tariff} from './tariff.ts';

export type Order = {
	/** EIP-712 digest, 0x and 64 hexadecimal digits: the order's public name. */
	readonly hash: string;
	readonly side: 'buy' | 'sell';
	/** Wh in this slot; 1 … 2^32 − 1. */
	readonly quantityWh: number;
	/** Sell: net to the seller. Buy: all that is paid, grid fee included. */
	readonly limitMicroPerKwh: number;
	/** Filled with at least this or not at all; 0 for any, the quantity for all or none. */
	readonly minQuantityWh: number;
};

export const quantityWhMax = lotsMax;
export const ordersMax = auctionOrdersMax;

export type OrderProblem = {readonly code: 'malformed' | 'price-out-of-band' | 'capacity-exceeded'; readonly detail: string};

/** Why an order may not stand in the book; undefined if it may. `capacityWh` is what the meter can take or give in a slot. */
export function orderProblem(order: Order, tariff: Tariff, capacityWh: number = quantityWhMax): OrderProblem | undefined {
	const {hash, side, quantityWh, limitMicroPerKwh, minQuantityWh} = order;
	const malformed = (detail: string): OrderProblem => ({code: 'malformed', detail});
	if (!/^0x[0-9a-f]{64}$/.test(hash)) return malformed('hash is not 0x and 64 lower-case hexadecimal digits');
	if (side !== 'buy' && side !== 'sell') return malformed('side is neither buy nor sell');
	if (!Number.isSafeInteger(quantityWh) || quantityWh < 1 || quantityWh > quantityWhMax)
		return malformed(`quantityWh is not a whole number from 1 to ${quantityWhMax}`);
	if (!Number.isSafeInteger(minQuantityWh) || minQuantityWh < 0 || minQuantityWh > quantityWh)
		return malformed('minQuantityWh is not a whole number from 0 to quantityWh');
	if (!Number.isSafeInteger(limitMicroPerKwh) || limitMicroPerKwh < 0)
		return malformed('limitMicroPerKwh is not a whole number from 0 to 2^53 − 1');
	const price = energyPrice(side, limitMicroPerKwh, tariff);
	const [least, most] = [tariff.feedInMicroPerKwh, tariff.retailMicroPerKwh - tariff.gridFeeMicroPerKwh];
	if (price < least || price > most) {
		const fee = side === 'buy' ? tariff.gridFeeMicroPerKwh : 0;
		return {
			code: 'price-out-of-band',
			detail: `a ${side} limit must be from ${least + fee} to ${most + fee} µ/kWh, not ${limitMicroPerKwh}`,
		};
	}
	if (quantityWh > capacityWh)
		return {code: 'capacity-exceeded', detail: `the meter's limit is ${capacityWh} Wh a slot, not ${quantityWh}`};
	return undefined;
}
