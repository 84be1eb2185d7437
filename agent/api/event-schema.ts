// An event as readers of streams see it, for both descriptions.

import {anything, count, energyWh, hash, nameKey, oneOf, price, slot, Type, time} from './schema.ts';

export const eventTypes = [
	'slot.opened',
	'slot.closing',
	'slot.cleared',
	'slot.unposted',
	'order.accepted',
	'order.cancelled',
	'order.filled',
	'reading.anchored',
	'reading.missing',
	'settlement.provisional',
	'settlement.posted',
	'settlement.final',
	'settlement.adjusted',
	'dispute.opened',
	'dispute.resolved',
	'params.changed',
	'market.halted',
] as const;

export const eventSchema = Type.Object(
	{
		sequence: count,
		previousSequence: Type.Integer({
			minimum: 0,
			description:
				'The event before it that this reader was shown, or where he began: what concerns others is left out, and no gap goes unseen.',
		}),
		market: hash,
		type: oneOf(eventTypes),
		at: time,
		data: anything,
	},
	{[nameKey]: 'Event'},
);

/** What slot.cleared holds, over MQTT too. Prices are missing where nothing was traded. */
export const clearedSchema = Type.Object(
	{
		slot,
		headerHash: hash,
		orders: count,
		volumeWh: energyWh,
		priceBuyMicroPerKwh: Type.Optional(price),
		priceSellMicroPerKwh: Type.Optional(price),
	},
	{[nameKey]: 'ClearedSlot'},
);
