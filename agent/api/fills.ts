// /fills: what each order got in a slot, and the opening that proves it.

import {accountFor} from './access.ts';
import {pageItemsDefault, pageItemsMax} from './limits.ts';
import {findOrder} from './orders.ts';
import {Problem} from './problem.ts';
import {cursorOf, defineRoute, pageKey, type Route} from './route.ts';
import {address, anything, closed, cursor, energyWh, hash, market, nameKey, pageOf, price, sequence, side, slot, Type} from './schema.ts';

const fillSchema = Type.Object(
	{
		orderHash: hash,
		sequence,
		account: address,
		meter: hash,
		slot,
		side,
		quantityWh: {...energyWh, description: 'What the order wanted in this slot, Wh; metered: at most what the meter shows.'},
		fillWh: {...energyWh, description: 'What it got, Wh.'},
		priceMicroPerKwh: {
			...price,
			description: 'Energy price of its side, µ-currency/kWh, without the grid fee that a buyer pays on top; 0 where nothing was traded.',
		},
	},
	{[nameKey]: 'Fill'},
);

const proofSchema = Type.Object({orderHash: hash, slot, proof: anything}, {[nameKey]: 'FillProof'});

export const fillRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/fills',
		id: 'listFills',
		tag: 'fills',
		summary: "What the caller's orders got in a slot, by the orders' sequence",
		access: 'token',
		cost: 'request',
		query: Type.Object(
			{
				market: Type.Optional(market),
				account: Type.Optional(address),
				slot,
				cursor: Type.Optional(cursor),
				limit: Type.Optional(Type.Integer({minimum: 1, maximum: pageItemsMax, default: pageItemsDefault})),
			},
			closed,
		),
		answers: {ok: pageOf('FillPage', fillSchema)},
		problems: ['forbidden', 'unknown-market'],
		handle: async ({query, caller, context}) => {
			const page = await context.desks.of(query.market).fills({
				account: accountFor(caller, query.account),
				slot: query.slot,
				after: pageKey(query.cursor, ['number'])?.[0] as number | undefined,
				limit: query.limit ?? pageItemsDefault,
			});
			return {kind: 'ok', body: {items: page.items, ...(page.next === undefined ? {} : {next: cursorOf([page.next])})}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/fills/{orderHash}/proof',
		id: 'getFillProof',
		tag: 'fills',
		summary: "The opening of an order's fill under the slot's header, as the contract takes it",
		access: 'token',
		cost: 'request',
		params: Type.Object({orderHash: hash}),
		query: Type.Object({slot: Type.Optional(slot)}, closed),
		answers: {ok: proofSchema},
		problems: ['unknown-order', 'not-yet'],
		handle: async ({params, query, caller, context}) => {
			const {desk, view} = await findOrder(context, caller, params.orderHash);
			const number = query.slot ?? view.order.slotFrom;
			const proof = await desk.fillProof(view.hash, number);
			if (proof === undefined) throw new Problem('not-yet', `the order has no fill in slot ${number}, or the slot is not cleared yet`);
			return {kind: 'ok', body: {orderHash: view.hash, slot: number, proof}};
		},
	}),
];
