// Who may ask for what, by role, token and share link: the whole table, without a server.

import test from 'ava';
import type {Caller} from '../../agent/api/access.ts';
import {assertMay} from '../../agent/api/permission.ts';
import {Problem} from '../../agent/api/problem.ts';
import type {Route} from '../../agent/api/route.ts';

const nobody: Caller = {key: 'x', role: undefined, account: undefined, untilMs: undefined};
const user = (role: 'owner' | 'operator' | 'viewer'): Caller => ({
	...nobody,
	// As a session gives it.
	role: role === 'viewer' ? 'auditor' : 'operator',
	user: {name: role, role},
});
const share: Caller = {
	...nobody,
	share: {id: 'a', scope: {kind: 'device', id: 'boiler'}, label: '', by: 'owner', createdAtMs: 0, expiresAtMs: 1},
};

const callers: Readonly<Record<string, Caller>> = {
	nobody,
	share,
	viewer: user('viewer'),
	operator: user('operator'),
	owner: user('owner'),
	...Object.fromEntries(
		(['trader', 'agent', 'mdc', 'dso', 'auditor', 'operator', 'reader'] as const).map(role => [`token of ${role}`, {...nobody, role}]),
	),
};

const everyToken = [
	'token of trader',
	'token of agent',
	'token of mdc',
	'token of dso',
	'token of auditor',
	'token of operator',
	'token of reader',
];
const people = ['viewer', 'operator', 'owner'];
const everybody = Object.keys(callers);

/** For each kind of route, shown to share links or not: who may. */
const may: readonly (readonly [access: Route['access'], isShared: boolean, who: readonly string[]])[] = [
	['public', false, everybody],
	['signed', false, everybody],
	['token', false, [...people, ...everyToken]],
	['viewer', false, [...people, 'token of auditor', 'token of operator']],
	['viewer', true, ['share', ...people, 'token of auditor', 'token of operator']],
	['reader', false, [...people, 'token of auditor', 'token of operator', 'token of reader']],
	// A link opens what viewers see, and nothing else, whatever a route says.
	['reader', true, [...people, 'token of auditor', 'token of operator', 'token of reader']],
	['operator', false, ['operator', 'owner']],
	['operator', true, ['operator', 'owner']],
	['owner', false, ['owner']],
];

for (const [access, isShared, who] of may)
	test(`what is for ${access}${isShared ? ', and shared,' : ''} is for ${who.length} of ${everybody.length}`, t => {
		for (const [name, caller] of Object.entries(callers)) {
			const ask = (): void => assertMay(caller, {access, isShared});
			if (who.includes(name)) t.notThrows(ask, name);
			else {
				const problem = t.throws(ask, {instanceOf: Problem}, name);
				t.is(problem.code, name === 'nobody' || (access === 'token' && name === 'share') ? 'unauthorised' : 'forbidden', name);
			}
		}
	});
