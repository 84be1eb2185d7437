// /slots: what the public may know of a slot, and when.

import {seesAll} from './access.ts';
import type {MarketDesk, SlotView} from './desk.ts';
import {gateMs} from './desks.ts';
import {slotEvidenceSchema} from './evidence-schema.ts';
import {slotsPerPageMax} from './limits.ts';
import {Problem} from './problem.ts';
import {type Context, defineRoute, type Route} from './route.ts';
import {anything, closed, count, energyWh, hash, market, nameKey, oneOf, price, slot, Type, textOrNull, time} from './schema.ts';

const energyPriceBuy = {
	...price,
	description:
		'Energy price of what is bought, µ-currency/kWh, without the grid fee, which the buyer pays on top and which his limit includes.',
};
const energyPriceSell = {...price, description: 'Energy price of what is sold, µ-currency/kWh: what the seller gets.'};

export const slotSchema = Type.Object(
	{
		market: hash,
		slot,
		start: time,
		end: time,
		gate: time,
		phase: oneOf(['open', 'closed', 'cleared', 'metered', 'posted', 'final', 'void']),
		volumeWh: Type.Optional(energyWh),
		priceBuyMicroPerKwh: Type.Optional(energyPriceBuy),
		priceSellMicroPerKwh: Type.Optional(energyPriceSell),
	},
	{
		[nameKey]: 'Slot',
		description:
			"Prices are energy prices, without the grid fee; a buyer pays the fee on top of it, and his order's limit includes it. They are missing until it is cleared, and where nothing was traded.",
	},
);

const tierSchema = Type.Object({priceMicroPerKwh: price, quantityWh: energyWh, orders: count}, {[nameKey]: 'Tier'});
const bookSchema = Type.Object({bids: Type.Array(tierSchema), asks: Type.Array(tierSchema)}, {[nameKey]: 'Book'});

const clearingSchema = Type.Object(
	{
		market: hash,
		slot,
		volumeWh: energyWh,
		priceBuyMicroPerKwh: Type.Optional(energyPriceBuy),
		priceSellMicroPerKwh: Type.Optional(energyPriceSell),
		lowMicroPerKwh: Type.Optional(price),
		highMicroPerKwh: Type.Optional(price),
		seed: hash,
		bidRoot: hash,
		askRoot: hash,
		headerHash: hash,
		header: anything,
		certificate: anything,
		statement: Type.String({description: "The operator's signature over market, slot and header hash [EIP-712]."}),
		transaction: textOrNull('Hash of the transaction that posted it; null while there is none.'),
	},
	{[nameKey]: 'Clearing'},
);

const ofSlot = Type.Object({market, slot});

async function slotOf(context: Context, word: string, number: number): Promise<{readonly desk: MarketDesk; readonly view: SlotView}> {
	const desk = context.desks.of(word);
	const view = await desk.slot(number);
	if (view === undefined) throw new Problem('unknown-slot', `market ${desk.view().name} has no slot ${number}, or not yet`);
	return {desk, view};
}

const isFinal = ({phase}: SlotView): boolean => phase === 'final' || phase === 'void';

/** Throws `not-yet` before the gate, whatever the desk would say. */
function afterGate({clock}: Context, desk: MarketDesk, number: number): void {
	const waitMs = gateMs(desk, number) - clock.nowMs();
	if (waitMs > 0)
		throw new Problem('not-yet', `the orders of slot ${number} are sealed until its gate closes`, {retryAfterS: Math.ceil(waitMs / 1000)});
}

export const slotRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/markets/{market}/slots',
		id: 'listSlots',
		tag: 'slots',
		summary: `Slots from \`from\` to before \`to\`, at most ${slotsPerPageMax}`,
		access: 'public',
		cost: 'request',
		params: Type.Object({market}),
		query: Type.Object({from: slot, to: slot}, closed),
		answers: {ok: Type.Object({items: Type.Array(slotSchema)}, {[nameKey]: 'SlotList'})},
		problems: ['unknown-market'],
		handle: async ({params, query, context}) => {
			const desk = context.desks.of(params.market);
			checkRange(query, slotsPerPageMax);
			return {kind: 'ok', cache: 'public', body: {items: await desk.slots(query)}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/slots/{market}/{slot}',
		id: 'getSlot',
		tag: 'slots',
		summary: 'One slot: its times, phase, volume and prices',
		access: 'public',
		cost: 'request',
		params: ofSlot,
		answers: {ok: slotSchema},
		problems: ['unknown-market', 'unknown-slot'],
		handle: async ({params, context}) => {
			const {view} = await slotOf(context, params.market, params.slot);
			return {kind: 'ok', cache: isFinal(view) ? 'final' : 'public', body: view};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/slots/{market}/{slot}/book',
		id: 'getBook',
		tag: 'slots',
		summary: 'Both sides of the book by price, once the gate is closed',
		access: 'public',
		cost: 'request',
		params: ofSlot,
		answers: {ok: bookSchema},
		problems: ['unknown-market', 'unknown-slot', 'not-yet'],
		handle: async ({params, context}) => {
			const {desk, view} = await slotOf(context, params.market, params.slot);
			afterGate(context, desk, params.slot);
			const book = await desk.book(params.slot);
			if (book === undefined) throw new Problem('not-yet', `the book of slot ${params.slot} is not closed yet`);
			return {kind: 'ok', cache: isFinal(view) ? 'final' : 'public', body: book};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/slots/{market}/{slot}/clearing',
		id: 'getClearing',
		tag: 'slots',
		summary: 'What the slot was cleared to, with the certificate that the contract checks',
		access: 'public',
		cost: 'request',
		params: ofSlot,
		answers: {ok: clearingSchema},
		problems: ['unknown-market', 'unknown-slot', 'not-yet'],
		handle: async ({params, context}) => {
			const {desk, view} = await slotOf(context, params.market, params.slot);
			afterGate(context, desk, params.slot);
			const clearing = await desk.clearing(params.slot);
			if (clearing === undefined) throw new Problem('not-yet', `slot ${params.slot} is not cleared yet`);
			return {kind: 'ok', cache: isFinal(view) ? 'final' : 'public', body: {...clearing, transaction: clearing.transaction ?? null}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/slots/{market}/{slot}/evidence',
		id: 'getSlotEvidence',
		tag: 'slots',
		summary:
			'All that a slot rests on in one file: orders, clearing, readings with receipts, rows. For auditors, the grid and the operator',
		access: 'token',
		cost: 'request',
		params: ofSlot,
		answers: {ok: ['application/json']},
		file: slotEvidenceSchema,
		problems: ['unknown-market', 'unknown-slot', 'not-yet', 'forbidden'],
		handle: async ({params, caller, context}) => {
			if (!seesAll(caller)) throw new Problem('forbidden', 'the evidence of a slot holds what belongs to others');
			const {desk, view} = await slotOf(context, params.market, params.slot);
			afterGate(context, desk, params.slot);
			const text = await desk.slotEvidence(params.slot);
			if (text === undefined) throw new Problem('not-yet', `the evidence of slot ${params.slot} is not complete yet`);
			return {kind: 'ok', cache: isFinal(view) ? 'final-own' : 'own', text, mediaType: 'application/json'};
		},
	}),
];

/** Throws unless from ≤ to, at most `slotsMax` apart. */
export function checkRange({from, to}: {readonly from: number; readonly to: number}, slotsMax: number): void {
	if (from <= to && to - from <= slotsMax) return;
	const detail = `from ${from} to ${to} are not 0 to ${slotsMax} slots`;
	throw new Problem('malformed', detail, {errors: [{pointer: '/to', code: 'range', detail}]});
}
