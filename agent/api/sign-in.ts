// /auth: turns a message that a wallet signed into a token for fifteen minutes [EIP-4361].

import {Problem} from './problem.ts';
import {defineRoute, type Route} from './route.ts';
import {address, closed, nameKey, signature, Type, time} from './schema.ts';
import {parseSignInMessage, signInMessageLengthMax, signInProblem} from './siwe.ts';

export const signInRoutes: readonly Route[] = [
	defineRoute({
		method: 'POST',
		path: '/auth/nonce',
		id: 'newNonce',
		tag: 'auth',
		summary: 'A nonce for one message, good for five minutes',
		access: 'public',
		cost: 'sign-in',
		answers: {created: Type.Object({nonce: Type.String(), expiresAt: time}, {[nameKey]: 'Nonce'})},
		problems: [],
		handle: ({context}) => ({
			kind: 'created',
			body: {
				nonce: context.access.newNonce(),
				expiresAt: new Date(context.clock.nowMs() + context.limits.nonceMs).toISOString(),
			},
		}),
	}),
	defineRoute({
		method: 'POST',
		path: '/auth/siwe',
		id: 'signIn',
		tag: 'auth',
		summary: 'A token for the account that signed the message',
		access: 'public',
		cost: 'sign-in',
		body: Type.Object(
			{message: Type.String({minLength: 1, maxLength: signInMessageLengthMax}), signature},
			{[nameKey]: 'SignInRequest', ...closed},
		),
		answers: {created: Type.Object({token: Type.String(), account: address, expiresAt: time}, {[nameKey]: 'Session'})},
		problems: ['bad-signature'],
		handle: async ({body, context}) => {
			const message = parseSignInMessage(body.message);
			if (typeof message === 'string')
				throw new Problem('malformed', message, {errors: [{pointer: '/message', code: 'siwe', detail: message}]});
			const {clock, limits, access} = context;
			// Used up by whatever comes of it: nobody may try a second signature on it.
			if (!access.useNonce(message.nonce)) throw new Problem('unauthorised', 'the nonce was not given out here, was used, or has expired');
			const wrong = signInProblem(message, {
				domains: context.domains(),
				chainIds: context.desks.all.map(desk => desk.view().domain.chainId),
				nowMs: clock.nowMs(),
			});
			if (wrong !== undefined) throw new Problem('unauthorised', wrong);
			const signer = await context.recoverMessageSigner(body.message, body.signature.toLowerCase());
			if (signer === undefined || signer.toLowerCase() !== message.address)
				throw new Problem('bad-signature', `the message was not signed by ${message.address}`);
			const durationMs = Math.min(limits.sessionMs, (message.expiresAtMs ?? Number.POSITIVE_INFINITY) - clock.nowMs());
			return {
				kind: 'created',
				body: {
					token: access.issue(message.address, durationMs),
					account: message.address,
					expiresAt: new Date(clock.nowMs() + durationMs).toISOString(),
				},
			};
		},
	}),
];
