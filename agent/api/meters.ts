// /meters: the readings at the boundaries of a meter's slot, with where their receipts are.

import {seesAll} from './access.ts';
import {Problem} from './problem.ts';
import {defineRoute, type Route} from './route.ts';
import {anything, closed, hash, market, nameKey, slot, Type} from './schema.ts';

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
		answers: {ok: Type.Object({meter: hash, slot, reading: anything}, {[nameKey]: 'MeterReading'})},
		problems: ['forbidden', 'not-found', 'not-yet', 'unknown-market'],
		handle: async ({params, query, caller, context}) => {
			const desk = context.desks.of(query.market);
			const meter = params.meter.toLowerCase();
			const owner = desk.meterOwner(meter);
			const isOwn = owner !== undefined && owner.toLowerCase() === caller.account;
			// Before it is said whether there is such a meter.
			if (!isOwn && !seesAll(caller) && caller.role !== 'mdc') throw new Problem('forbidden', 'this meter belongs to another account');
			if (owner === undefined) throw new Problem('not-found', `there is no meter ${meter} in this market`);
			const reading = await desk.meterReading(meter, params.slot);
			if (reading === undefined) throw new Problem('not-yet', `meter ${meter} has no reading of slot ${params.slot} yet`);
			return {kind: 'ok', body: {meter, slot: params.slot, reading}};
		},
	}),
];
