// /accounts: what an account trades by, what it has in escrow, and what it can claim on chain.

import {accountFor} from './access.ts';
import {defineRoute, type Route} from './route.ts';
import {address, closed, count, day, energyWh, hash, market, nameKey, nano, Type} from './schema.ts';

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
	{
		[nameKey]: 'Balance',
		description:
			'Deposited: what the contract holds for the account, less what it asked back. Reserved: the worst that its open orders can cost. Available: what further orders can be covered with. Pending is settled and not final yet. Claimable: final, and can be drawn. In a market without a contract nothing is deposited or drawn.',
	},
);

const accountSchema = Type.Object(
	{
		account: address,
		counter: {...count, description: 'What orders of the account are signed with, until it is raised.'},
		meters: Type.Array(
			Type.Object(
				{
					meter: hash,
					device: Type.String({description: 'Name of the meter: `meter` is keccak-256 of urn:kedge:device: and this.'}),
					maxImportWh: {...energyWh, description: 'Most that it can take in a slot, Wh.'},
					maxExportWh: {...energyWh, description: 'Most that it can feed in in a slot, Wh; 0: it only takes.'},
				},
				{[nameKey]: 'OwnMeter'},
			),
			{description: 'Meters that the account answers for; none: it cannot trade here.'},
		),
	},
	{[nameKey]: 'Account', description: 'What an account trades by.'},
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
		path: '/accounts/{account}',
		id: 'getAccount',
		tag: 'accounts',
		summary: 'The counter that its next order must be signed with, and the meters that the account answers for',
		access: 'token',
		cost: 'request',
		params: ofAccount,
		query: inMarket,
		answers: {ok: accountSchema},
		problems: ['forbidden', 'unknown-market'],
		handle: async ({params, query, caller, context}) => ({
			kind: 'ok',
			body: await context.desks.of(query.market).account(accountFor(caller, params.account)!),
		}),
	}),
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
