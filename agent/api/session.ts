// /session: signing in with a name and a password, who one is, and signing out.

import {isNamedAsThisMachine, isThisMachine, networkOf} from './access.ts';
import {Problem} from './problem.ts';
import {agentOf, type Context, defineRoute, headerOf, type Reply, type Route} from './route.ts';
import {closed, nameKey, Type, textOrNull, time} from './schema.ts';
import {cookieNames, cookiesOf, cookieText, idleMsMax} from './session-table.ts';
import {shareSchema, shownShare} from './shares.ts';
import {changingUsers} from './users.ts';
import {type User, userRoles} from './window.ts';

const sessionSchema = Type.Object(
	{
		user: textOrNull('Name of who is signed in; null for whoever came by a share link.'),
		role: Type.Unsafe<string | null>({type: ['string', 'null'], enum: [...userRoles, null]}),
		share: Type.Optional(shareSchema),
		until: time,
	},
	{[nameKey]: 'SignedIn', description: 'Who asks. It ends at `until` at the latest, and when it is not used for twelve hours.'},
);

const isoIn = (nowMs: number, waitMs: number): string => new Date(nowMs + Math.max(0, waitMs)).toISOString();

/** A new session, as it is answered. */
function begun(context: Context, user: User, isSecure: boolean): Pick<Reply, 'cookies' | 'body'> {
	const token = agentOf(context).sessions.begin(user);
	return {
		cookies: [cookieText(cookieNames.session, token, isSecure)],
		body: {user: user.name, role: user.role, until: isoIn(context.clock.nowMs(), idleMsMax)},
	};
}

export const sessionRoutes: readonly Route[] = [
	defineRoute({
		method: 'POST',
		path: '/session',
		id: 'beginSession',
		tag: 'session',
		summary: 'Signs in with a name and a password; the answer sets the cookie of the session',
		description:
			'After three wrong passwords for a name or from an address each further one makes the next wait twice as long, up to a minute; Retry-After says how long. A wait is answered without a look at the password.',
		access: 'public',
		isSignIn: true,
		cost: 'sign-in',
		body: Type.Object({name: Type.String({minLength: 1, maxLength: 64}), password: Type.String({minLength: 1, maxLength: 256})}, closed),
		answers: {created: sessionSchema},
		problems: ['wrong-password', 'foreign-origin', 'busy', 'not-found'],
		handle: async ({body, context, remote, isSecure, headers}) => {
			const {window} = agentOf(context);
			const isGood = await tryPassword(context, remote, headers, body.name, body.password);
			const user = isGood ? await window.people.user(body.name) : undefined;
			if (user === undefined) throw new Problem('wrong-password', 'the name or the password is wrong');
			return {kind: 'created', ...begun(context, user, isSecure)};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/session',
		id: 'getSession',
		tag: 'session',
		summary: 'Who the cookie of the request stands for',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		answers: {ok: sessionSchema},
		problems: ['forbidden'],
		handle: ({caller, context}) => {
			const {clock} = context;
			const until = isoIn(clock.nowMs(), (caller.untilMs ?? clock.monotonicMs()) - clock.monotonicMs());
			return {
				kind: 'ok',
				body: {
					user: caller.user?.name ?? null,
					role: caller.user?.role ?? null,
					...(caller.share === undefined ? {} : {share: shownShare(caller.share, clock.nowMs())}),
					until,
				},
			};
		},
	}),
	defineRoute({
		method: 'DELETE',
		path: '/session',
		id: 'endSession',
		tag: 'session',
		summary: 'Ends the session, or the look that a share link gave',
		access: 'public',
		cost: 'request',
		answers: {ok: Type.Object({ended: Type.Boolean()}, {[nameKey]: 'SignedOut'})},
		problems: ['foreign-origin', 'not-found'],
		handle: ({headers, context, isSecure}) => {
			const {sessions} = agentOf(context);
			const cookies = cookiesOf(typeof headers.cookie === 'string' ? headers.cookie : undefined);
			let ended = false;
			for (const name of Object.values(cookieNames)) {
				const token = cookies.get(name);
				if (token === undefined) continue;
				sessions.end(token);
				ended = true;
			}
			return {kind: 'ok', body: {ended}, cookies: Object.values(cookieNames).map(name => cookieText(name, '', isSecure, 0))};
		},
	}),
	defineRoute({
		method: 'POST',
		path: '/session/password',
		id: 'changeOwnPassword',
		tag: 'session',
		summary: 'Changes the password of who asks; all his other sessions end, and the answer sets the cookie of a new one',
		access: 'viewer',
		cost: 'write',
		body: Type.Object(
			{current: Type.String({minLength: 1, maxLength: 256}), password: Type.String({minLength: 1, maxLength: 256})},
			closed,
		),
		answers: {ok: sessionSchema},
		problems: ['wrong-password', 'weak-password', 'foreign-origin', 'busy', 'forbidden'],
		handle: async ({body, caller, context, remote, isSecure, headers}) => {
			const {people} = agentOf(context).window;
			const name = caller.user?.name;
			if (name === undefined) throw new Problem('forbidden', 'a token has no password');
			if (!(await tryPassword(context, remote, headers, name, body.current)))
				throw new Problem('wrong-password', 'the password of now is wrong');
			await changingUsers(() => people.setPassword(name, body.password));
			const user = await people.user(name);
			if (user === undefined) throw new Problem('forbidden', 'you were taken away meanwhile');
			return {kind: 'ok', ...begun(context, user, isSecure)};
		},
	}),
];

/** Whether this is his password, slower and slower after wrong ones. Throws while it is not looked at. */
async function tryPassword(
	context: Context,
	remote: string,
	headers: Parameters<typeof headerOf>[0],
	name: string,
	password: string,
): Promise<boolean> {
	const {window, gate} = agentOf(context);
	// What a browser here is made to try by a page of somebody else's is not the word of whoever sits here.
	const isBorrowed = isThisMachine(remote) && !isNamedAsThisMachine(headerOf(headers, 'host'));
	const tried = await gate.try(name, isBorrowed ? `borrowed ${remote}` : networkOf(remote), () => window.people.check(name, password));
	if (tried === 'busy') throw new Problem('busy', 'many passwords are being checked: try again', {retryAfterS: 1});
	if (typeof tried !== 'object') return tried === 'good';
	const retryAfterS = Math.ceil(tried.waitMs / 1000);
	throw new Problem('rate-limited', `too many wrong passwords: the next can be tried in ${retryAfterS} s`, {retryAfterS});
}
