// /markets: what a market is, and where it stands.

import type {MarketDesk} from './desk.ts';
import {defineRoute, type Route} from './route.ts';
import {address, count, energyWh, hash, market, mode, nameKey, oneOf, price, sequence, Type} from './schema.ts';

const paramsSchema = Type.Object(
	{
		version: count,
		feedInMicroPerKwh: price,
		retailMicroPerKwh: price,
		gridFeeMicroPerKwh: price,
		lineLimitWh: Type.Optional(energyWh),
	},
	{[nameKey]: 'MarketParams'},
);

const marketSchema = Type.Object(
	{
		id: hash,
		name: Type.String(),
		mode,
		pricing: oneOf(['auction', 'midmarket']),
		settlementMode: oneOf(['erc20', 'statement']),
		residual: oneOf(['community']),
		params: paramsSchema,
		timeline: Type.Object(
			{slotS: count, openBeforeS: count, gateBeforeS: count, readingDeadlineS: count},
			{description: 'Seconds: how long before a slot it opens and its gate closes, and how long after it readings are waited for.'},
		),
		domain: Type.Object(
			{name: Type.String(), version: Type.String(), chainId: count, verifyingContract: address},
			{description: 'What orders are signed under [EIP-712].'},
		),
		types: Type.Unknown({description: 'Types of all that is signed, by name: lists of {name, type} [EIP-712].'}),
		contract: Type.Optional(address),
		operator: address,
		meters: count,
		currency: Type.String({description: 'Code of the money that prices and amounts are in, such as EUR.'}),
		asOfSequence: sequence,
	},
	{[nameKey]: 'Market'},
);

/** What is signed [EIP-712], so that a client needs no other page. */
const field = (type: string, name: string) => ({name, type});
export const signedTypes = {
	Order: [
		field('address', 'trader'),
		field('bytes32', 'market'),
		field('bytes32', 'meter'),
		field('uint8', 'side'),
		field('uint8', 'mode'),
		field('uint64', 'slotFrom'),
		field('uint32', 'slotCount'),
		field('uint64', 'quantityWh'),
		field('uint64', 'limitMicroPerKwh'),
		field('uint64', 'minQuantityWh'),
		field('uint64', 'validUntil'),
		field('uint64', 'counter'),
		field('uint256', 'salt'),
	],
	OrderCancellation: [field('bytes32[]', 'hashes')],
	CounterIncrement: [field('address', 'trader'), field('bytes32', 'market'), field('uint64', 'counter')],
	Delegation: [
		field('address', 'owner'),
		field('address', 'agent'),
		field('bytes32', 'market'),
		field('bytes32', 'meter'),
		field('uint64', 'maxWhPerSlot'),
		field('uint64', 'minSellMicroPerKwh'),
		field('uint64', 'maxBuyMicroPerKwh'),
		field('uint64', 'notBefore'),
		field('uint64', 'notAfter'),
		field('uint256', 'nonce'),
	],
	DelegationRevocation: [field('bytes32', 'delegation')],
};

const shown = (desk: MarketDesk) => ({...desk.view(), types: signedTypes, asOfSequence: desk.newestEvent()});

export const marketRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/markets',
		id: 'listMarkets',
		tag: 'markets',
		summary: 'All markets of this agent',
		access: 'public',
		cost: 'request',
		answers: {ok: Type.Object({items: Type.Array(marketSchema)}, {[nameKey]: 'MarketList'})},
		problems: [],
		handle: ({context}) => ({kind: 'ok', cache: 'public', body: {items: context.desks.all.map(shown)}}),
	}),
	defineRoute({
		method: 'GET',
		path: '/markets/{market}',
		id: 'getMarket',
		tag: 'markets',
		summary: 'One market: its rules, prices and times, and what orders are signed under',
		access: 'public',
		cost: 'request',
		params: Type.Object({market}),
		answers: {ok: marketSchema},
		problems: ['unknown-market'],
		handle: ({params, context}) => ({kind: 'ok', cache: 'public', body: shown(context.desks.of(params.market))}),
	}),
];
