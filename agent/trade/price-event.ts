// Turns the prices of slots that follow each other into an OpenADR 3 event, which home energy managers and grid operators read. Pure.

import {decimalText} from '../format/decimal.ts';
import {canonicalText, type Json} from '../format/document.ts';
import {slotMs} from './order.ts';
import type {ClearedPrices} from './settle.ts';
import type {Tariff} from './tariff.ts';

export type PricedSlot = {
	readonly slot: number;
	/** undefined while the slot is not cleared: then only the tariff is known. */
	readonly cleared: ClearedPrices | undefined;
	readonly tariff: Tariff;
};

export type PriceEventOptions = {
	/** Name of the market: [A-Za-z0-9_-]{1,64}, which is also a name that OpenADR takes. */
	readonly market: string;
	/** ISO 4217, three letters; or whatever the token calls itself. */
	readonly currency: string;
	/** When the event was made, ms since 1970. */
	readonly createdAtMs: number;
};

/**
 * PRICE and EXPORT_PRICE are what OpenADR has [OpenADR 3.1 event-interval-payloads]: what a kWh taken costs in the end, and what a kWh given brings. The others are ours and say what
 * these are made of. Not cleared, or nothing traded: the grid's own prices, and no CLEARED_PRICE.
 */
const payloadTypes = ['PRICE', 'EXPORT_PRICE', 'CLEARED_PRICE', 'FEED_IN_PRICE', 'RETAIL_PRICE', 'GRID_FEE'] as const;
type PayloadType = (typeof payloadTypes)[number];

/** A month of slots. */
export const pricedSlotsMax = 3000;
const microPlaces = -6;
/** Below it a price has at most 15 digits, which a JSON number keeps exactly whoever reads it as a double. */
const priceEnd = 10 ** 15;

/** The event as plain JSON; slots MUST follow each other without a gap, at least one. Prices are currency per kWh. */
export function priceEventOf(options: PriceEventOptions, slots: readonly PricedSlot[]): Json {
	const [first] = slots;
	if (first === undefined || slots.length > pricedSlotsMax)
		throw new RangeError(`an event has 1 to ${pricedSlotsMax} slots, not ${slots.length}`);
	for (const [i, {slot}] of slots.entries())
		if (slot !== first.slot + i) throw new RangeError(`slot ${slot} does not follow slot ${first.slot + i - 1}`);
	const createdAt = new Date(options.createdAtMs).toISOString();
	return {
		id: `${options.market}-${first.slot}-${slots.length}`,
		createdDateTime: createdAt,
		modificationDateTime: createdAt,
		objectType: 'EVENT',
		programID: options.market,
		eventName: `prices of ${options.market}`,
		payloadDescriptors: payloadTypes.map(payloadType => ({
			objectType: 'EVENT_PAYLOAD_DESCRIPTOR',
			payloadType,
			units: 'KWH',
			currency: options.currency,
		})),
		intervalPeriod: {start: new Date(first.slot * slotMs).toISOString(), duration: 'PT15M', randomizeStart: 'PT0S'},
		intervals: slots.map((slot, id) => ({
			id,
			payloads: payloadsOf(slot).map(([type, microPerKwh]) => ({type, values: [perKwh(microPerKwh)]})),
		})),
	};
}

/** The text that is served; the same for the same slots, but for the time at which it was made. */
export function priceEventText(options: PriceEventOptions, slots: readonly PricedSlot[]): string {
	return canonicalText(priceEventOf(options, slots));
}

function payloadsOf({cleared, tariff}: PricedSlot): [type: PayloadType, microPerKwh: number][] {
	const {feedInMicroPerKwh, retailMicroPerKwh, gridFeeMicroPerKwh} = tariff;
	const [buy, sell] = [cleared?.priceBuyMicroPerKwh, cleared?.priceSellMicroPerKwh];
	return [
		['PRICE', buy === undefined ? retailMicroPerKwh : buy + gridFeeMicroPerKwh],
		['EXPORT_PRICE', sell ?? feedInMicroPerKwh],
		...(buy === undefined ? [] : [['CLEARED_PRICE', buy] satisfies [PayloadType, number]]),
		['FEED_IN_PRICE', feedInMicroPerKwh],
		['RETAIL_PRICE', retailMicroPerKwh],
		['GRID_FEE', gridFeeMicroPerKwh],
	];
}

/** Currency per kWh as the number whose shortest decimal text is exactly the price. */
function perKwh(microPerKwh: number): number {
	if (!Number.isSafeInteger(microPerKwh) || microPerKwh < 0 || microPerKwh >= priceEnd)
		throw new RangeError(`${microPerKwh} µ/kWh is no price from 0 to 10^15 − 1`);
	return Number(decimalText(BigInt(microPerKwh), microPlaces));
}
