// Says whether somebody may ask for what a route gives at all: by his role, by what was shared with him, or by the role of his token.

import type {Caller} from './access.ts';
import {Problem} from './problem.ts';
import type {Route} from './route.ts';

/** How far each role reaches. */
const reach = {viewer: 1, operator: 2, owner: 3} as const;

const signInNeeded = 'sign in with a name and a password (POST /v1/session), or send the token of an operator or auditor';

const tokenNeeded =
	'this needs the header Authorization: Bearer TOKEN. Sign in with a wallet (POST /v1/auth/nonce, then POST /v1/auth/siwe), or ask the operator for a token';

/** Throws unless the caller may ask for what the route gives at all. */
export function assertMay({user, share, role}: Caller, {access, isShared}: Pick<Route, 'access' | 'isShared'>): void {
	if (access === 'public' || access === 'signed') return;
	if (access === 'token') {
		if (role === undefined) throw new Problem('unauthorised', tokenNeeded);
		return;
	}
	const isRead = access === 'viewer' || access === 'reader';
	if (user !== undefined) {
		if (isRead || reach[user.role] >= reach[access]) return;
		throw new Problem(
			'forbidden',
			`this is for ${access === 'owner' ? 'owners' : 'owners and operators'}; you are signed in as ${user.role}`,
		);
	}
	if (share !== undefined) {
		if (access === 'viewer' && isShared === true) return;
		throw new Problem('forbidden', 'this was not shared with you');
	}
	if (role === undefined) throw new Problem('unauthorised', isRead ? signInNeeded : `sign in as ${access} (POST /v1/session)`);
	if (isRead && (role === 'operator' || role === 'auditor' || (role === 'reader' && access === 'reader'))) return;
	throw new Problem('forbidden', 'this token does not show that: sign in with a name and a password (POST /v1/session)');
}
