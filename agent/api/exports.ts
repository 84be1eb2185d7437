// /exports: bills, keys for sharing energy, and the prices as a grid's own systems read them.

import {accountFor, type Caller, seesAll} from './access.ts';
import {slotsPerExportMax, slotsPerPageMax} from './limits.ts';
import {Problem} from './problem.ts';
import {defineRoute, type Route} from './route.ts';
import {address, anything, closed, market, nameKey, oneOf, slot, Type} from './schema.ts';
import {checkRange} from './slots.ts';

const format = oneOf(['csv', 'json'], 'The form of the file.');
const slotS = 900;
const slotsPerDay = 96;
/** With a bill: the slots before this one are settled, and in it. */
export const settledToHeader = 'settled-to';
const mediaTypes = {csv: 'text/csv; charset=utf-8', json: 'application/json'} as const;

function onlyForTheGrid(caller: Caller): void {
	if (!seesAll(caller)) throw new Problem('forbidden', 'sharing keys hold the shares of everybody');
}

/** Seconds until an unsettled period may begin to be settled: days are settled whole, and once its slots are over that is looked at each quarter of an hour. */
function retryAfterS(nowMs: number, from: number): number {
	const dayEndS = (Math.floor(from / slotsPerDay) + 1) * slotsPerDay * slotS;
	return Math.max(slotS, Math.ceil(dayEndS - nowMs / 1000));
}

export const exportRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/exports/bill',
		id: 'exportBill',
		tag: 'exports',
		summary: `The bill of an account from slot \`from\` to before slot \`to\`, at most ${slotsPerExportMax}`,
		description: `Of settled days alone. The header ${settledToHeader} of the answer says before which slot all is settled: \`to\`, if the bill is complete. While no day of the period is settled there is no bill.`,
		access: 'token',
		cost: 'request',
		query: Type.Object({market: Type.Optional(market), account: Type.Optional(address), from: slot, to: slot, format}, closed),
		answers: {ok: ['text/csv', 'application/json']},
		problems: ['forbidden', 'unknown-market', 'not-acceptable', 'not-yet'],
		handle: async ({query, caller, context}) => {
			checkRange(query, slotsPerExportMax);
			const account = accountFor(caller, query.account);
			if (account === undefined) throw new Problem('malformed', 'account is missing: this token sees those of all');
			const {from, to} = query;
			const bill = await context.desks.of(query.market).bill({account, from, to, format: query.format});
			if (bill === undefined)
				throw new Problem('not-yet', `no day of the slots from ${from} to before ${to} is settled yet`, {
					retryAfterS: retryAfterS(context.clock.nowMs(), from),
				});
			return {kind: 'ok', text: bill.text, mediaType: mediaTypes[query.format], headers: {[settledToHeader]: String(bill.settledTo)}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/exports/sharing-keys',
		id: 'exportSharingKeys',
		tag: 'exports',
		summary: 'How the energy of each slot is shared, for the grid company that bills it',
		access: 'token',
		cost: 'request',
		query: Type.Object(
			{market: Type.Optional(market), from: slot, to: slot, kind: oneOf(['static', 'pro-rata', 'full-dynamic']), format},
			closed,
		),
		answers: {ok: ['text/csv', 'application/json']},
		problems: ['forbidden', 'unknown-market', 'not-acceptable'],
		handle: async ({query, caller, context}) => {
			onlyForTheGrid(caller);
			checkRange(query, slotsPerExportMax);
			const {from, to, kind} = query;
			const text = await context.desks.of(query.market).sharingKeys({from, to, kind, format: query.format});
			return {kind: 'ok', text, mediaType: mediaTypes[query.format]};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/exports/price-event',
		id: 'exportPriceEvent',
		tag: 'exports',
		summary: `Prices of at most ${slotsPerPageMax} slots as an OpenADR 3 event`,
		access: 'public',
		cost: 'request',
		query: Type.Object({market: Type.Optional(market), from: slot, to: slot}, closed),
		answers: {ok: Type.Object({event: anything}, {[nameKey]: 'PriceEvent', description: 'An OpenADR 3 event.'})},
		problems: ['unknown-market'],
		handle: async ({query, context}) => {
			checkRange(query, slotsPerPageMax);
			return {
				kind: 'ok',
				cache: 'public',
				body: {event: await context.desks.of(query.market).priceEvent({from: query.from, to: query.to})},
			};
		},
	}),
];
