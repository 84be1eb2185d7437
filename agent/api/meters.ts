// /meters: the readings at the boundaries of a meter's slot, with where their receipts are.

import {seesAll} from './access.ts';
import {Problem} from './problem.ts';
import {defineRoute, type Route} from './route.ts';
import {closed, hash, market, nameKey, seconds, signedEnergyWh, slot, Type} from './schema.ts';

const entrySchema = Type.Object(
	{
		channel: Type.String({description: 'URN of the register.'}),
		number: Type.Integer({minimum: 1, description: 'Number of the entry under its channel.'}),
		index: Type.Integer({minimum: 0, description: 'Place of the entry in the log.'}),
		entry: Type.String({description: 'The entry itself, in hexadecimal: what the leaf of the log is made from.'}),
		receipt: Type.String({description: 'The command by which the operator makes the receipt of the entry.'}),
		anchor: Type.Optional(
			Type.Object(
				{
					logId: Type.String(),
					size: Type.Integer({minimum: 1, description: 'Entries of the log that the anchored head covers.'}),
					time: seconds,
					root: hash,
					path: Type.Array(hash, {description: 'Inclusion of the entry under the root [RFC 9162 §2.1.3].'}),
				},
				{description: 'The smallest anchored head that covers the entry; missing while there is none.'},
			),
		),
	},
	{[nameKey]: 'RegisterEntry', description: 'An entry of a register in the log, as the contract takes it.'},
);

const boundaryNumber = Type.Integer({minimum: 0, description: 'Number of the entry at this boundary; 0 while there is none.'});

const readingSchema = Type.Object(
	{
		meter: hash,
		slot,
		channels: Type.Object(
			{import: Type.String(), export: Type.Optional(Type.String())},
			{description: 'URNs of the registers; a meter that only takes has none of what it gives.'},
		),
		netExportWh: Type.Optional({
			...signedEnergyWh,
			description:
				'What the meter gave less what it took in the slot, Wh; missing while that is not known, and where the missing rule stood in for it.',
		}),
		entries: Type.Object({
			importFrom: boundaryNumber,
			importTo: boundaryNumber,
			exportFrom: boundaryNumber,
			exportTo: boundaryNumber,
		}),
		proofs: Type.Object(
			{
				importFrom: Type.Optional(entrySchema),
				importTo: Type.Optional(entrySchema),
				exportFrom: Type.Optional(entrySchema),
				exportTo: Type.Optional(entrySchema),
			},
			{description: 'The entries themselves; one that is not there yet is missing.'},
		),
	},
	{
		[nameKey]: 'SlotReading',
		description: 'What the registers showed at the start (From) and the end (To) of the slot, and the entries that say so.',
	},
);

export const meterRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/meters/{meter}/readings/{slot}',
		id: 'getMeterReading',
		tag: 'meters',
		summary: "The entries at the boundaries of a slot in a meter's registers, with links to their receipts",
		access: 'token',
		cost: 'request',
		params: Type.Object({meter: hash, slot}),
		query: Type.Object({market: Type.Optional(market)}, closed),
		answers: {ok: Type.Object({meter: hash, slot, reading: readingSchema}, {[nameKey]: 'MeterReading'})},
		problems: ['forbidden', 'not-found', 'not-yet', 'unknown-market'],
		handle: async ({params, query, caller, context}) => {
			const desk = context.desks.of(query.market);
			const meter = params.meter.toLowerCase();
			const owner = desk.meterOwner(meter);
			const isOwn = owner !== undefined && owner.toLowerCase() === caller.account;
			// Before it is said whether there is such a meter.
			if (!isOwn && !seesAll(caller) && caller.role !== 'mdc')
				throw new Problem('forbidden', 'this meter belongs to another account, or this market has no such meter');
			if (owner === undefined) throw new Problem('not-found', `there is no meter ${meter} in this market`);
			const reading = await desk.meterReading(meter, params.slot);
			if (reading === undefined) throw new Problem('not-yet', `meter ${meter} has no reading of slot ${params.slot} yet`);
			return {kind: 'ok', body: {meter, slot: params.slot, reading}};
		},
	}),
];
