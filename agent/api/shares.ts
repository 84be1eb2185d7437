// /shares: links by which somebody without a name sees one device, one shipment or one period, until they expire or are revoked.

import {Problem} from './problem.ts';
import {agentOf, defineRoute, type Route} from './route.ts';
import {accountId, closed, nameKey, oneOf, Type, textOrNull, time, timeMs} from './schema.ts';
import {cookieNames, cookieText} from './session-table.ts';
import {scopeProblem, shareState} from './share-scope.ts';
import type {Share} from './window.ts';

const dayMs = 86_400_000;
const shareDaysMax = 90;

const scopeSchema = Type.Object(
	{
		kind: oneOf(['device', 'shipment', 'period']),
		id: Type.Optional(accountId),
		fromMs: Type.Optional(timeMs),
		toMs: Type.Optional(timeMs),
	},
	{
		[nameKey]: 'ShareScope',
		additionalProperties: false,
		description:
			'device and shipment need an id, period needs both times; a device may have times too. The first is included, the second is not.',
	},
);

export const shareSchema = Type.Object(
	{
		id: Type.String(),
		scope: scopeSchema,
		label: Type.String(),
		by: Type.String(),
		created: time,
		expires: time,
		revoked: textOrNull('RFC 3339, UTC; null while it is not.'),
		used: textOrNull('When somebody last saw something by it, RFC 3339, UTC; null if nobody has.'),
		state: oneOf(['open', 'expired', 'revoked']),
	},
	{[nameKey]: 'Share'},
);

const madeSchema = Type.Object(
	{
		share: shareSchema,
		token: Type.String({description: '256 bits. Shown here once: only its SHA-256 is kept.'}),
		link: Type.String({description: 'Path of the page that opens it; the token stands behind #, which no server and no log sees.'}),
	},
	{[nameKey]: 'MadeShare'},
);

const iso = (ms: number): string => new Date(ms).toISOString();
const dayText = (ms: number): string => iso(ms).slice(0, 10);

export function shownShare(share: Share, nowMs: number) {
	const {id, scope, label, by, createdAtMs, expiresAtMs, revokedAtMs, usedAtMs} = share;
	return {
		id,
		scope,
		label,
		by,
		created: iso(createdAtMs),
		expires: iso(expiresAtMs),
		revoked: revokedAtMs === undefined ? null : iso(revokedAtMs),
		used: usedAtMs === undefined ? null : iso(usedAtMs),
		state: shareState(share, nowMs),
	};
}

const token = Type.String({pattern: '^[A-Za-z0-9_-]{43}$', maxLength: 43, description: 'What stands behind # in the link.'});

export const shareRoutes: readonly Route[] = [
	defineRoute({
		method: 'POST',
		path: '/shares',
		id: 'makeShare',
		tag: 'shares',
		summary: `Makes a link that shows one device, shipment or period for at most ${shareDaysMax} days`,
		access: 'owner',
		cost: 'write',
		body: Type.Object(
			{
				scope: scopeSchema,
				days: Type.Integer({minimum: 1, maximum: shareDaysMax, description: 'How long it holds.'}),
				label: Type.Optional(Type.String({maxLength: 100, description: 'For whom.'})),
			},
			closed,
		),
		answers: {created: madeSchema},
		problems: ['forbidden', 'foreign-origin', 'too-many'],
		handle: async ({body, caller, context}) => {
			const {scope, days, label = ''} = body;
			const wrong = scopeProblem(scope);
			if (wrong !== undefined) throw new Problem('malformed', wrong.detail, {errors: [{...wrong, code: 'scope'}]});
			const nowMs = context.clock.nowMs();
			const created = await agentOf(context).window.people.shares.create({
				scope,
				label,
				by: caller.user!.name,
				expiresAtMs: nowMs + days * dayMs,
			});
			if (created === undefined)
				throw new Problem('too-many', 'there are as many open share links as there may be: revoke one that nobody needs');
			const {share, token: made} = created;
			return {kind: 'created', body: {share: shownShare(share, nowMs), token: made, link: `/share#${made}`}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/shares',
		id: 'listShares',
		tag: 'shares',
		summary: 'The share links, those that ended in the last 90 days included',
		access: 'owner',
		cost: 'request',
		answers: {ok: Type.Object({items: Type.Array(shareSchema)}, {[nameKey]: 'ShareList'})},
		problems: ['forbidden'],
		handle: ({context}) => ({
			kind: 'ok',
			body: {
				items: agentOf(context)
					.window.people.shares.list()
					.map(share => shownShare(share, context.clock.nowMs())),
			},
		}),
	}),
	defineRoute({
		method: 'DELETE',
		path: '/shares/{share}',
		id: 'revokeShare',
		tag: 'shares',
		summary: 'Revokes a share link: whoever came by it sees nothing more from now on',
		access: 'owner',
		cost: 'write',
		params: Type.Object({share: Type.String({pattern: '^[0-9a-f]{16}$', maxLength: 16})}),
		answers: {ok: shareSchema},
		problems: ['forbidden', 'foreign-origin', 'unknown-share'],
		handle: async ({params, context}) => {
			const share = await agentOf(context).window.people.shares.revoke(params.share);
			if (share === undefined) throw new Problem('unknown-share', `there is no share link ${params.share}`);
			return {kind: 'ok', body: shownShare(share, context.clock.nowMs())};
		},
	}),
	defineRoute({
		method: 'POST',
		path: '/shares/open',
		id: 'openShare',
		tag: 'shares',
		summary: 'Opens a share link by its token; the answer sets the cookie of a session that sees what was shared and nothing else',
		access: 'public',
		isSignIn: true,
		cost: 'sign-in',
		body: Type.Object({token}, closed),
		answers: {created: shareSchema},
		problems: ['unknown-share', 'share-ended', 'foreign-origin', 'not-found'],
		handle: ({body, context, isSecure}) => {
			const {window, sessions} = agentOf(context);
			const share = window.people.shares.byToken(body.token);
			if (share === undefined)
				throw new Problem(
					'unknown-share',
					'this is no share link of this agent: it was made up, belongs to another agent, or ended long ago',
				);
			const nowMs = context.clock.nowMs();
			const state = shareState(share, nowMs);
			if (state !== 'open')
				throw new Problem(
					'share-ended',
					state === 'revoked'
						? `the link was revoked on ${dayText(share.revokedAtMs!)}: ask for another one`
						: `the link expired on ${dayText(share.expiresAtMs)}: ask for another one`,
				);
			window.people.shares.used(share.id);
			return {
				kind: 'created',
				cookies: [cookieText(cookieNames.share, sessions.begin(share), isSecure, share.expiresAtMs - nowMs)],
				body: shownShare(share, nowMs),
			};
		},
	}),
];
