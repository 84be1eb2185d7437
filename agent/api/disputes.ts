// /disputes: an account's objection to a slot, off the chain.

import {accountFor} from './access.ts';
import {Problem, problemOf} from './problem.ts';
import {defineRoute, type Route} from './route.ts';
import {address, closed, count, market, nameKey, oneOf, slot, Type} from './schema.ts';

const disputeSchema = Type.Object(
	{
		id: Type.String(),
		account: address,
		slot,
		reason: Type.String(),
		state: oneOf(['open', 'resolved']),
		openedAtMs: count,
	},
	{[nameKey]: 'Dispute'},
);

const requestSchema = Type.Object(
	{market: Type.Optional(market), slot, reason: Type.String({minLength: 1, maxLength: 1000})},
	{[nameKey]: 'DisputeRequest', ...closed},
);

export const disputeRoutes: readonly Route[] = [
	defineRoute({
		method: 'POST',
		path: '/disputes',
		id: 'openDispute',
		tag: 'disputes',
		summary: "Objects to the caller's row of a slot",
		access: 'token',
		cost: 'write',
		body: requestSchema,
		idempotency: 'required',
		answers: {created: disputeSchema},
		problems: ['forbidden', 'not-your-meter', 'unknown-market', 'unknown-slot', 'operator-halted'],
		handle: async ({body, caller, context}) => {
			if (caller.account === undefined) throw new Problem('forbidden', 'this token belongs to no account');
			const answer = await context.desks.of(body.market).openDispute({account: caller.account, slot: body.slot, reason: body.reason});
			if ('problem' in answer) throw problemOf(answer.problem);
			return {kind: 'created', body: answer.value, headers: {location: `/v1/disputes/${encodeURIComponent(answer.value.id)}`}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/disputes',
		id: 'listDisputes',
		tag: 'disputes',
		summary: "The caller's newest 500 disputes",
		access: 'token',
		cost: 'request',
		query: Type.Object({market: Type.Optional(market), account: Type.Optional(address)}, closed),
		answers: {ok: Type.Object({items: Type.Array(disputeSchema)}, {[nameKey]: 'DisputeList'})},
		problems: ['forbidden', 'unknown-market'],
		handle: async ({query, caller, context}) => ({
			kind: 'ok',
			body: {items: await context.desks.of(query.market).disputes(accountFor(caller, query.account))},
		}),
	}),
	defineRoute({
		method: 'GET',
		path: '/disputes/{id}',
		id: 'getDispute',
		tag: 'disputes',
		summary: 'One dispute',
		access: 'token',
		cost: 'request',
		params: Type.Object({id: Type.String({minLength: 1, maxLength: 80})}),
		answers: {ok: disputeSchema},
		problems: ['forbidden', 'not-found'],
		handle: async ({params, caller, context}) => {
			const account = accountFor(caller, undefined);
			for (const desk of context.desks.all) {
				const dispute = await desk.dispute(params.id);
				if (dispute !== undefined && (account === undefined || dispute.account.toLowerCase() === account))
					return {kind: 'ok', body: dispute};
			}
			throw new Problem('not-found', 'there is no such dispute that this token may see');
		},
	}),
];
