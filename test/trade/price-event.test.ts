import test from 'ava';
import fc from 'fast-check';
import {decimalText} from '../../agent/format/decimal.ts';
import {priceEventOf, priceEventText} from '../../agent/trade/price-event.ts';
import {tariff} from './world.ts';

const options = {market: 'street', currency: 'EUR', createdAtMs: Date.UTC(2026, 5, 21, 12)};
const slot = 1_980_044;
const cleared = {priceBuyMicroPerKwh: 180_000, priceSellMicroPerKwh: 175_000};

type Event = {
	readonly intervals: readonly {
		readonly id: number;
		readonly payloads: readonly {readonly type: string; readonly values: readonly number[]}[];
	}[];
	readonly payloadDescriptors: readonly {readonly payloadType: string; readonly units: string; readonly currency: string}[];
};

const pricesOf = (event: Event, at: number): Record<string, number> =>
	Object.fromEntries(event.intervals[at]!.payloads.map(({type, values}) => [type, values[0]!]));

test('a cleared slot says what a kWh costs and brings, and of what', t => {
	const event = priceEventOf(options, [{slot, cleared, tariff}]) as unknown as Event;
	t.deepEqual(pricesOf(event, 0), {
		PRICE: 0.22,
		EXPORT_PRICE: 0.175,
		CLEARED_PRICE: 0.18,
		FEED_IN_PRICE: 0.08,
		RETAIL_PRICE: 0.3,
		GRID_FEE: 0.04,
	});
	t.like(event, {
		id: 'street-1980044-1',
		objectType: 'EVENT',
		programID: 'street',
		intervalPeriod: {start: '2026-06-21T11:00:00.000Z', duration: 'PT15M', randomizeStart: 'PT0S'},
	});
});

test('a slot that is not cleared, and one in which nothing was traded, have the prices of the grid', t => {
	const nothing = {priceBuyMicroPerKwh: undefined, priceSellMicroPerKwh: undefined};
	const event = priceEventOf(options, [
		{slot, cleared: undefined, tariff},
		{slot: slot + 1, cleared: nothing, tariff},
	]) as unknown as Event;
	t.deepEqual(
		event.intervals.map(({id}) => id),
		[0, 1],
	);
	for (const at of [0, 1])
		t.deepEqual(pricesOf(event, at), {PRICE: 0.3, EXPORT_PRICE: 0.08, FEED_IN_PRICE: 0.08, RETAIL_PRICE: 0.3, GRID_FEE: 0.04});
});

test('every payload type has a descriptor with its unit and currency', t => {
	const event = priceEventOf(options, [{slot, cleared, tariff}]) as unknown as Event;
	const described = event.payloadDescriptors.map(({payloadType}) => payloadType);
	for (const {type} of event.intervals[0]!.payloads) t.true(described.includes(type));
	for (const {units, currency} of event.payloadDescriptors) t.deepEqual([units, currency], ['KWH', 'EUR']);
});

test('whatever the price, the text has it exactly', t => {
	fc.assert(
		fc.property(fc.integer({min: 0, max: 10 ** 15 - 1}), price => {
			const text = priceEventText(options, [
				{slot, cleared, tariff: {feedInMicroPerKwh: price, retailMicroPerKwh: price, gridFeeMicroPerKwh: 0}},
			]);
			const printed = /"RETAIL_PRICE",\s+"values": \[\s+([0-9.]+)\s+\]/.exec(text)![1]!;
			const exact = decimalText(BigInt(price), -6);
			t.is(printed, exact.replace(/\.?0+$/, '') || '0');
		}),
	);
	const dear = {feedInMicroPerKwh: 10 ** 15, retailMicroPerKwh: 10 ** 15, gridFeeMicroPerKwh: 0};
	t.throws(() => priceEventOf(options, [{slot, cleared: undefined, tariff: dear}]), {message: /is no price from 0 to 10\^15 − 1/});
});

test('slots with a gap, or none at all, are no event', t => {
	t.throws(() => priceEventOf(options, []), {message: 'an event has 1 to 3000 slots, not 0'});
	t.throws(
		() =>
			priceEventOf(
				options,
				[0, 2].map(i => ({slot: slot + i, cleared, tariff})),
			),
		{message: `slot ${slot + 2} does not follow slot ${slot}`},
	);
});
