// Random books and the slow, obvious auction that the real one is compared with.

import fc from 'fast-check';
import type {Order} from '../../agent/trade/book.ts';
import type {Rules} from '../../agent/trade/clear.ts';
import {energyPrice, type Tariff} from '../../agent/trade/tariff.ts';

export const tariff: Tariff = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000};
export const rules: Rules = {...tariff, pricing: 'auction', lineLimitWh: undefined};
export const seed = new Uint8Array(32).fill(7);

export const hashOf = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;

export function order(n: number, side: 'buy' | 'sell', quantityWh: number, limitMicroPerKwh: number, minQuantityWh = 0): Order {
	return {hash: hashOf(n), side, quantityWh, limitMicroPerKwh, minQuantityWh};
}

/** Few prices and small quantities, so that ties and knife edges are common. */
export function arbitraryBook(
	options: {readonly quantityWhMax?: number; readonly steps?: number; readonly withMin?: boolean; readonly lengthMax?: number} = {},
): fc.Arbitrary<Order[]> {
	const {quantityWhMax = 30, steps = 6, withMin = false, lengthMax = 14} = options;
	const width = tariff.retailMicroPerKwh - tariff.gridFeeMicroPerKwh - tariff.feedInMicroPerKwh;
	const one = fc.record({
		isBuy: fc.boolean(),
		quantityWh: fc.integer({min: 1, max: quantityWhMax}),
		step: fc.integer({min: 0, max: steps}),
		min: withMin ? fc.double({min: 0, max: 1, noNaN: true}) : fc.constant(0),
	});
	return fc.array(one, {maxLength: lengthMax}).map(list =>
		list.map(({isBuy, quantityWh, step, min}, n) => {
			const price = tariff.feedInMicroPerKwh + Math.floor((width * step) / steps);
			const limit = isBuy ? price + tariff.gridFeeMicroPerKwh : price;
			return order(n + 1, isBuy ? 'buy' : 'sell', quantityWh, limit, Math.round(min * quantityWh));
		}),
	);
}

export const priceOf = ({side, limitMicroPerKwh}: Order): number => energyPrice(side, limitMicroPerKwh, tariff);

/** Every Wh as an order of its own: the most that can be traded, and the most that trading can be worth. */
export function bestByUnits(orders: readonly Order[], limitWh: number): {readonly volumeWh: number; readonly gainNano: number} {
	const units = (side: 'buy' | 'sell'): number[] =>
		orders.filter(one => one.side === side).flatMap(one => new Array<number>(one.quantityWh).fill(priceOf(one)));
	const bids = units('buy').sort((a, b) => b - a);
	const asks = units('sell').sort((a, b) => a - b);
	let [volumeWh, gainNano] = [0, 0];
	while (volumeWh < limitWh && volumeWh < bids.length && volumeWh < asks.length && bids[volumeWh]! >= asks[volumeWh]!) {
		gainNano += bids[volumeWh]! - asks[volumeWh]!;
		volumeWh += 1;
	}
	return {volumeWh, gainNano};
}
