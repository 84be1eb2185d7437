// /users: who may sign in, for owners: adding, roles, new passwords, taking away.

import {AgentError} from '../base/errors.ts';
import {Problem} from './problem.ts';
import {agentOf, type Context, defineRoute, type Route} from './route.ts';
import {accountId, closed, nameKey, oneOf, Type, time} from './schema.ts';
import {type NewPassword, type People, type UserProblem, type UserRefused, userRoles} from './window.ts';

const role = oneOf(userRoles);
const userSchema = Type.Object({name: Type.String(), role, added: time}, {[nameKey]: 'User'});
const newUserSchema = Type.Object(
	{user: userSchema, password: Type.String({description: 'Shown here once: only its hash is kept.'})},
	{[nameKey]: 'NewUser'},
);

const sentences: Readonly<Record<UserProblem, string>> = {
	'user-exists': 'somebody of that name may sign in already',
	'unknown-user': 'nobody of that name may sign in',
	'last-owner': 'that would leave no owner: make somebody else one first',
	'too-many': 'there are as many users as there may be',
};

const isRefused = (done: unknown): done is UserRefused => typeof done === 'object' && done !== null && 'problem' in done;

/** What came of a change of users. Throws the problem where there is one, or where a command changes them at this moment. */
export async function changingUsers<T extends NewPassword | undefined>(change: () => Promise<T | UserRefused>): Promise<T> {
	const done = await change().catch(error => {
		if (!(error instanceof AgentError)) throw error;
		if (error.code === 'LOG_LOCKED') throw new Problem('busy', 'a command changes the users: try again', {retryAfterS: 1});
		if (error.code === 'ARGUMENT_INVALID') throw new Problem('weak-password', error.message);
		throw error;
	});
	if (isRefused(done)) throw new Problem(done.problem, sentences[done.problem]);
	return done;
}

type ListedUser = Awaited<ReturnType<People['list']>>[number];
const shown = ({name, role, addedAtMs}: ListedUser) => ({name, role, added: new Date(addedAtMs).toISOString()});

async function shownUser(context: Context, wanted: string) {
	const user = (await agentOf(context).window.people.list()).find(({name}) => name === wanted);
	if (user === undefined) throw new Problem('unknown-user', sentences['unknown-user']);
	return shown(user);
}

const ofUser = Type.Object({user: accountId});

export const userRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/users',
		id: 'listUsers',
		tag: 'session',
		summary: 'Who may sign in',
		access: 'owner',
		cost: 'request',
		answers: {ok: Type.Object({items: Type.Array(userSchema)}, {[nameKey]: 'UserList'})},
		problems: ['forbidden'],
		handle: async ({context}) => ({kind: 'ok', body: {items: (await agentOf(context).window.people.list()).map(shown)}}),
	}),
	defineRoute({
		method: 'POST',
		path: '/users',
		id: 'addUser',
		tag: 'session',
		summary: 'Lets somebody sign in, with a generated password',
		access: 'owner',
		cost: 'write',
		body: Type.Object({name: accountId, role}, closed),
		answers: {created: newUserSchema},
		problems: ['forbidden', 'foreign-origin', 'user-exists', 'too-many', 'busy'],
		handle: async ({body, context}) => {
			const {password} = await changingUsers(() => agentOf(context).window.people.add(body.name, body.role));
			return {kind: 'created', body: {user: await shownUser(context, body.name), password}};
		},
	}),
	defineRoute({
		method: 'POST',
		path: '/users/{user}/role',
		id: 'setUserRole',
		tag: 'session',
		summary: 'Gives somebody another role, from his next request on',
		access: 'owner',
		cost: 'write',
		params: ofUser,
		body: Type.Object({role}, closed),
		answers: {ok: userSchema},
		problems: ['forbidden', 'foreign-origin', 'unknown-user', 'last-owner', 'busy'],
		handle: async ({params, body, context}) => {
			await changingUsers(() => agentOf(context).window.people.setRole(params.user, body.role));
			return {kind: 'ok', body: await shownUser(context, params.user)};
		},
	}),
	defineRoute({
		method: 'POST',
		path: '/users/{user}/password',
		id: 'newUserPassword',
		tag: 'session',
		summary: 'Gives somebody else a generated password; his sessions end',
		access: 'owner',
		cost: 'write',
		params: ofUser,
		answers: {created: newUserSchema},
		problems: ['forbidden', 'foreign-origin', 'unknown-user', 'busy'],
		handle: async ({params, caller, context}) => {
			// An open browser must not be enough to keep its owner out.
			if (caller.user?.name === params.user)
				throw new Problem('forbidden', 'your own password is changed with the one of now: POST /v1/session/password');
			const {password} = await changingUsers(() => agentOf(context).window.people.setPassword(params.user, undefined));
			return {kind: 'created', body: {user: await shownUser(context, params.user), password}};
		},
	}),
	defineRoute({
		method: 'DELETE',
		path: '/users/{user}',
		id: 'removeUser',
		tag: 'session',
		summary: 'Takes away that somebody may sign in; his sessions end',
		access: 'owner',
		cost: 'write',
		params: ofUser,
		answers: {ok: userSchema},
		problems: ['forbidden', 'foreign-origin', 'unknown-user', 'last-owner', 'busy'],
		handle: async ({params, context}) => {
			const gone = await shownUser(context, params.user);
			await changingUsers(() => agentOf(context).window.people.remove(params.user));
			return {kind: 'ok', body: gone};
		},
	}),
];
