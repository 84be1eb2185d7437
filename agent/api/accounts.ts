// /accounts: what an account has in escrow, and what it can claim on chain.

import {accountFor} from './access.ts';
import {defineRoute, type Route} from './route.ts';
import {address, closed, day, market, nameKey, nano, Type} from './schema.ts';

const balanceSchema = Type.Object(
	{
		account: address,
		depositedNano: nano,
		reservedNano: nano,
		availableNano: nano,
		pendingNano: nano,
		claimableNano: nano,
		drawnNano: nano,
	},
	{[nameKey]: 'Balance', description: 'Pending is settled and not final yet.'},
);

const claimSchema = Type.Object(
	{day, account: address, cumNano: nano, to: address, calldata: Type.String({description: 'To be sent to `to` as it is.'})},
	{[nameKey]: 'Claim'},
);

const ofAccount = Type.Object({account: address});
const inMarket = Type.Object({market: Type.Optional(market)}, closed);

export const accountRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/accounts/{account}/balance',
		id: 'getBalance',
		tag: 'accounts',
		summary: 'What the account deposited, has reserved, can use, and can claim',
		access: 'token',
		cost: 'request',
		params: ofAccount,
		query: inMarket,
		answers: {ok: balanceSchema},
		problems: ['forbidden', 'unknown-market'],
		handle: async ({params, query, caller, context}) => ({
			kind: 'ok',
			body: await context.desks.of(query.market).balance(accountFor(caller, params.account)!),
		}),
	}),
	defineRoute({
		method: 'GET',
		path: '/accounts/{account}/claims',
		id: 'listClaims',
		tag: 'accounts',
		summary: 'Transactions that draw what is due to the account, ready to be sent',
		access: 'token',
		cost: 'request',
		params: ofAccount,
		query: inMarket,
		answers: {ok: Type.Object({items: Type.Array(claimSchema)}, {[nameKey]: 'ClaimList'})},
		problems: ['forbidden', 'unknown-market'],
		handle: async ({params, query, caller, context}) => ({
			kind: 'ok',
			body: {items: await context.desks.of(query.market).claims(accountFor(caller, params.account)!)},
		}),
	}),
];
