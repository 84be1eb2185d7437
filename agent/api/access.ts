// Says who is asking: nobody in particular, the holder of a configured token, or somebody who signed in.

import {timingSafeEqual} from 'node:crypto';
import type {Clock} from '../base/clock.ts';
import type {Random} from '../base/random.ts';
import {newToken, tokenDigest} from '../base/token.ts';
import type {ApiLimits} from './limits.ts';
import {Problem} from './problem.ts';
import type {Share, UserRole} from './window.ts';

/**
 * trader: sees his own. agent: the same for the account that it acts for. mdc: a meter data company, sees readings. dso: the grid's operator, auditor and operator see everything
 * but orders before their gate. reader: a tool that reads the log, with its entries, and the metrics; sees nothing of a market beyond what is public.
 */
export const roles = ['trader', 'agent', 'mdc', 'dso', 'auditor', 'operator', 'reader'] as const;
export type Role = (typeof roles)[number];

/** A token of the configuration. The token itself is not kept anywhere: only its SHA-256. */
export type StaticToken = {
	readonly name: string;
	readonly role: Role;
	/** SHA-256 of the token, 64 lower-case hexadecimal digits. */
	readonly sha256: string;
	/** Whose things a trader or agent sees. */
	readonly account?: string;
};

export const staticTokensMax = 256;

export type Caller = {
	/** What his rates and idempotency keys are counted under. */
	readonly key: string;
	readonly role: Role | undefined;
	/** Lower case. */
	readonly account: string | undefined;
	/** By the monotonic clock, in ms; undefined: as long as it is configured. */
	readonly untilMs: number | undefined;
	/** Who signed in with a password. */
	readonly user?: {readonly name: string; readonly role: UserRole};
	/** Whoever came by a share link, and sees what it shows. */
	readonly share?: Share;
	/** The browser says who he is by itself: what changes anything must come from our own pages. */
	readonly isByCookie?: boolean;
};

export type Access = {
	/** Throws `unauthorised` for a token that is none. `remote` is the address of the connection. */
	readonly callerOf: (authorization: string | undefined, remote: string) => Caller;
	readonly newNonce: () => string;
	/** True once. */
	readonly useNonce: (nonce: string) => boolean;
	/** A token for an account, for at most `durationMs`. */
	readonly issue: (account: string, durationMs: number) => string;
};

const noncePattern = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

export function createAccess(needs: {
	readonly clock: Clock;
	readonly random: Random;
	readonly limits: ApiLimits;
	readonly tokens: readonly StaticToken[];
}): Access {
	const {clock, random, limits} = needs;
	const configured = needs.tokens.map(one => ({...one, digest: Buffer.from(one.sha256, 'hex')}));
	const nonces = new Map<string, number>();
	const sessions = new Map<string, {readonly account: string; readonly untilMs: number}>();

	const anonymous = (remote: string): Caller => ({key: `at ${networkOf(remote)}`, role: undefined, account: undefined, untilMs: undefined});

	const callerOf = (authorization: string | undefined, remote: string): Caller => {
		if (authorization === undefined) return anonymous(remote);
		const token = /^Bearer ([A-Za-z0-9._~+/-]{1,512}=*)$/i.exec(authorization)?.[1];
		if (token === undefined) throw new Problem('unauthorised', 'the header Authorization is not "Bearer TOKEN"');
		const digest = tokenDigest(token);
		const digestBytes = Buffer.from(digest, 'hex');
		// Every one is compared, in constant time: how long it takes says nothing of which came close.
		let found: (typeof configured)[number] | undefined;
		for (const one of configured) if (timingSafeEqual(one.digest, digestBytes)) found = one;
		if (found !== undefined)
			return {key: `token ${found.name}`, role: found.role, account: found.account?.toLowerCase(), untilMs: undefined};
		// Looked up by digest: a guess that shares a beginning with a token shares none with its digest.
		const session = sessions.get(digest);
		if (session === undefined || session.untilMs <= clock.monotonicMs())
			throw new Problem('unauthorised', 'the token is not known here, or has expired');
		return {key: `account ${session.account}`, role: 'trader', account: session.account, untilMs: session.untilMs};
	};

	return {
		callerOf,
		newNonce: () => {
			const nonce = Array.from(random.bytes(20), byte => noncePattern[byte & 31]).join('');
			keepNewest(nonces, limits.noncesMax - 1);
			nonces.set(nonce, clock.monotonicMs() + limits.nonceMs);
			return nonce;
		},
		useNonce: nonce => {
			const untilMs = nonces.get(nonce);
			nonces.delete(nonce);
			return untilMs !== undefined && untilMs > clock.monotonicMs();
		},
		issue: (account, durationMs) => {
			const token = newToken(random);
			keepNewest(sessions, limits.sessionsMax - 1);
			sessions.set(tokenDigest(token), {account, untilMs: clock.monotonicMs() + durationMs});
			return token;
		},
	};
}

/** All of them hold equally long, so that the oldest are those to expire first. */
function keepNewest(map: Map<string, unknown>, count: number): void {
	for (const key of map.keys()) {
		if (map.size <= count) return;
		map.delete(key);
	}
}

/** An IPv6 address with that of an IPv4 in it, and a zone. */
const addressLengthMax = 64;

/** Whether a connection comes from the machine itself. */
export function isThisMachine(remote: string): boolean {
	return /^(?:127\.|::1$|::ffff:127\.)/.test(remote);
}

/** Whether a request names this machine by one of its own names: a page of somebody else's whose name was turned into our address does not. */
export function isNamedAsThisMachine(host: string | undefined): boolean {
	return host !== undefined && /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/.test(host);
}

/** One home has one IPv4 address, or 2^64 of IPv6. */
export function networkOf(remote: string): string {
	// A proxy may hand on what is no address; it must not be long where it is remembered.
	if (remote.length > addressLengthMax) return remote.slice(0, addressLengthMax);
	if (!remote.includes(':') || remote.startsWith('::ffff:')) return remote;
	const [head = '', tail] = remote.split('%')[0]!.split('::');
	const before = head === '' ? [] : head.split(':');
	const after = tail === undefined || tail === '' ? [] : tail.split(':');
	const groups = [...before, ...new Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
	return groups.slice(0, 4).join(':');
}

/** Whether somebody with this role sees what belongs to others. */
export function seesAll({role}: Caller): boolean {
	return role === 'auditor' || role === 'operator' || role === 'dso';
}

/** Whether somebody is shown messages as they arrived, and raw bytes of what was refused: owners and operators are. */
export function seesMessages({user, role}: Caller): boolean {
	return user === undefined ? role === 'operator' : user.role !== 'viewer';
}

/** Whose things are shown: the account that was asked for, or the caller's own; undefined: everybody's. Throws where that is not his to see. */
export function accountFor(caller: Caller, wanted: string | undefined): string | undefined {
	const account = wanted?.toLowerCase();
	if (seesAll(caller)) return account;
	if (caller.account === undefined) throw new Problem('forbidden', 'this token belongs to no account');
	if (account !== undefined && account !== caller.account) throw new Problem('forbidden', 'this token belongs to another account');
	return caller.account;
}
