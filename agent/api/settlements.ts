// /settlements: what each slot came to for an account, and the bundle that proves it on chain.

import {accountFor} from './access.ts';
import {exampleSettlement} from './examples.ts';
import {pageItemsDefault, pageItemsMax, slotsPerExportMax} from './limits.ts';
import {Problem} from './problem.ts';
import {cursorOf, defineRoute, pageKey, type Route} from './route.ts';
import {
	address,
	anything,
	closed,
	count,
	cursor,
	hash,
	market,
	nameKey,
	nano,
	oneOf,
	pageOf,
	signedEnergyWh,
	slot,
	slotMs,
	Type,
} from './schema.ts';
import {checkRange} from './slots.ts';

const settlementSchema = Type.Object(
	{
		market: hash,
		slot,
		account: address,
		meter: hash,
		orderHash: Type.Optional(hash),
		contractedWh: {...signedEnergyWh, description: 'What was traded before, Wh: sold is positive, bought negative.'},
		meteredWh: {
			...signedEnergyWh,
			description: 'What the meter says, Wh: fed in is positive, taken negative. If `substituted`, what stands in for it.',
		},
		deviationWh: {...signedEnergyWh, description: 'meteredWh less contractedWh, Wh.'},
		forwardNano: {
			...nano,
			description:
				'For what was traded, nano-currency as decimal text: contractedWh times the energy price of its side; positive is paid to the account.',
		},
		imbalanceNano: {
			...nano,
			description:
				'For the deviation, nano-currency as decimal text: what is over is paid the feed-in price, what is short costs retail less the grid fee.',
		},
		gridNano: {...nano, description: 'The grid fee of what was taken, nano-currency as decimal text: zero or negative.'},
		netNano: {
			...nano,
			description:
				'The sum of the three, nano-currency as decimal text; positive is paid to the account. A row that adjusts another has the difference alone.',
		},
		substituted: Type.Boolean({
			description:
				'The reading was missing at its deadline: a seller is taken to have delivered nothing, a buyer to have taken what he bought or usually takes, whichever is more.',
		}),
		spread: Type.Boolean({
			description:
				'A register was not read at both ends of the slot: what it counted between readings further apart is spread evenly over the slots between.',
		}),
		entries: Type.Object({importFrom: count, importTo: count, exportFrom: count, exportTo: count}),
		state: oneOf(['contracted', 'metered', 'provisional', 'posted', 'final']),
		adjustmentOf: Type.Optional(slot),
	},
	{
		[nameKey]: 'Settlement',
		examples: [exampleSettlement],
		description:
			'Energy is net export: what was sold or fed in is positive. `entries` are the numbers of the readings that it rests on; 0 for none.',
	},
);

const slotsPerDay = 96;

export const settlementRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/settlements',
		id: 'listSettlements',
		tag: 'settlements',
		summary: `The caller's rows from slot \`from\` to before slot \`to\`, at most ${slotsPerExportMax} slots, by slot, account and meter; without them those of the last day`,
		access: 'token',
		cost: 'request',
		query: Type.Object(
			{
				market: Type.Optional(market),
				account: Type.Optional(address),
				from: Type.Optional(slot),
				to: Type.Optional(slot),
				cursor: Type.Optional(cursor),
				limit: Type.Optional(Type.Integer({minimum: 1, maximum: pageItemsMax, default: pageItemsDefault})),
			},
			closed,
		),
		answers: {ok: pageOf('SettlementPage', settlementSchema)},
		problems: ['forbidden', 'unknown-market'],
		handle: async ({query, caller, context}) => {
			const to = query.to ?? Math.floor(context.clock.nowMs() / slotMs) + 1;
			const from = query.from ?? Math.max(0, to - slotsPerDay);
			checkRange({from, to}, slotsPerExportMax);
			const key = pageKey(query.cursor, ['number', 'string', 'string']) as readonly [number, string, string] | undefined;
			const page = await context.desks.of(query.market).settlements({
				account: accountFor(caller, query.account),
				from,
				to,
				after: key === undefined ? undefined : {slot: key[0], account: key[1], meter: key[2]},
				limit: query.limit ?? pageItemsDefault,
			});
			const {next} = page;
			return {
				kind: 'ok',
				body: {items: page.items, ...(next === undefined ? {} : {next: cursorOf([next.slot, next.account, next.meter])})},
			};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/settlements/{market}/{slot}/{account}/proof',
		id: 'getSettlementProof',
		tag: 'settlements',
		summary: "The opening of a row under the day's root, with the readings that it rests on, as the contract takes it",
		access: 'token',
		cost: 'request',
		params: Type.Object({market, slot, account: address}),
		query: Type.Object({meter: Type.Optional(hash)}, closed),
		answers: {
			ok: Type.Object({market: hash, slot, account: address, proof: anything}, {[nameKey]: 'SettlementProof'}),
		},
		problems: ['forbidden', 'unknown-market', 'not-yet'],
		handle: async ({params, query, caller, context}) => {
			const desk = context.desks.of(params.market);
			const account = accountFor(caller, params.account)!;
			const proof = await desk.settlementProof(params.slot, account, query.meter?.toLowerCase());
			if (proof === undefined) throw new Problem('not-yet', `the account has no row in slot ${params.slot}, or its day is not posted yet`);
			const phase = (await desk.slot(params.slot))?.phase;
			return {
				kind: 'ok',
				cache: phase === 'final' ? 'final-own' : 'own',
				body: {market: desk.view().id, slot: params.slot, account, proof},
			};
		},
	}),
];
