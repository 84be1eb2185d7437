// An event as readers of streams see it, for both descriptions.

import {anything, count, hash, nameKey, oneOf, Type, time} from './schema.ts';

export const eventTypes = [
	'slot.opened',
	'slot.closing',
	'slot.cleared',
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
