// /delegations: lets an agent's key sign orders for an owner, within bounds, so that the owner's key stays at home.

import {Problem, problemOf} from './problem.ts';
import {defineRoute, headerOf, type Route} from './route.ts';
import {
	address,
	closed,
	energyWh,
	hash,
	market,
	marketId,
	meterId,
	nameKey,
	price,
	seconds,
	signature,
	Type,
	wideNumber,
} from './schema.ts';

const delegationSchema = Type.Object(
	{
		owner: address,
		agent: address,
		market: marketId,
		meter: meterId,
		maxWhPerSlot: energyWh,
		minSellMicroPerKwh: price,
		maxBuyMicroPerKwh: price,
		notBefore: seconds,
		notAfter: seconds,
		nonce: wideNumber,
	},
	{[nameKey]: 'Delegation', ...closed},
);

const idSchema = Type.Object({id: hash}, {[nameKey]: 'DelegationId', description: 'The digest that was signed [EIP-712].'});
const revocationHeader = 'delegation-revocation';

export const delegationRoutes: readonly Route[] = [
	defineRoute({
		method: 'POST',
		path: '/delegations',
		id: 'delegate',
		tag: 'delegations',
		summary: "Lets an agent's key sign orders for the owner, within bounds",
		access: 'signed',
		cost: 'write',
		body: Type.Object({delegation: delegationSchema, signature}, {[nameKey]: 'DelegationRequest', ...closed}),
		idempotency: 'optional',
		answers: {created: idSchema},
		problems: ['bad-signature', 'not-your-meter', 'capacity-exceeded', 'unknown-market', 'operator-halted'],
		handle: async ({body, context}) => {
			const {delegation} = body;
			const desk = context.desks.find(delegation.market);
			if (desk === undefined) throw new Problem('unknown-market', `there is no market ${delegation.market}`);
			const answer = await desk.delegate({
				delegation: {
					...delegation,
					owner: delegation.owner.toLowerCase(),
					agent: delegation.agent.toLowerCase(),
					market: delegation.market.toLowerCase(),
					meter: delegation.meter.toLowerCase(),
				},
				signature: body.signature.toLowerCase(),
			});
			if ('problem' in answer) throw problemOf(answer.problem);
			return {kind: 'created', body: answer.value, headers: {location: `/v1/delegations/${answer.value.id}`}};
		},
	}),
	defineRoute({
		method: 'DELETE',
		path: '/delegations/{id}',
		id: 'revokeDelegation',
		tag: 'delegations',
		summary: 'Takes a delegation back',
		description: `The owner's signature of the DelegationRevocation stands in the body, or in the header ${revocationHeader}.`,
		access: 'signed',
		cost: 'write',
		params: Type.Object({id: hash}),
		query: Type.Object({market: Type.Optional(market)}, closed),
		headers: {[revocationHeader]: 'Signature of the DelegationRevocation, where the body has none.'},
		body: Type.Object({signature: Type.Optional(signature)}, {[nameKey]: 'RevokeRequest', ...closed}),
		answers: {ok: idSchema},
		problems: ['bad-signature', 'unknown-market', 'unknown-order', 'operator-halted'],
		handle: async ({params, query, body, headers, context}) => {
			const given = body?.signature ?? headerOf(headers, revocationHeader);
			const errors = context.check.body(signature, given, true);
			if (errors.length > 0)
				throw new Problem('malformed', 'the signature of the revocation is missing or malformed', {
					errors: errors.map(error => ({...error, pointer: '/signature'})),
				});
			const answer = await context.desks.of(query.market).revokeDelegation({id: params.id.toLowerCase(), signature: given!.toLowerCase()});
			if ('problem' in answer) throw problemOf(answer.problem);
			return {kind: 'ok', body: answer.value};
		},
	}),
];
