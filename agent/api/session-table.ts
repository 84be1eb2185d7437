// Remembers who has signed in, and who came by a share link: by the digest of a cookie, until they are idle, too old, or no longer who they were.

import type {Clock} from '../base/clock.ts';
import type {Random} from '../base/random.ts';
import {newToken, tokenDigest} from '../base/token.ts';
import type {Caller} from './access.ts';
import {shareState} from './share-scope.ts';
import type {People, Share, User} from './window.ts';

const hourMs = 3_600_000;
export const idleMsMax = 12 * hourMs;
const ageMsMax = 7 * 24 * hourMs;
/** Sessions of all, and of one person or share; the one not used for longest goes first. */
const sessionsMax = 1024;
const sessionsEachMax = 32;

export const cookieNames = {session: 'kedge-session', share: 'kedge-share'} as const;

type Session = {
	readonly of: {readonly user: string; readonly passwordHash: string} | {readonly share: string};
	readonly sinceMs: number;
	usedMs: number;
};

export type SessionTable = {
	/** A token for a cookie. */
	readonly begin: (of: User | Share) => string;
	readonly end: (token: string) => void;
	/** Whom the cookies of a request stand for; undefined where for nobody any more. */
	readonly callerOf: (cookies: ReadonlyMap<string, string>) => Promise<Caller | undefined>;
};

const isUser = (of: User | Share): of is User => 'passwordHash' in of;

export function createSessionTable(needs: {readonly people: People; readonly clock: Clock; readonly random: Random}): SessionTable {
	const {people, clock, random} = needs;
	/** By the digest of the token, in the order of use. */
	const sessions = new Map<string, Session>();
	const ownerOf = ({of}: Session): string => ('user' in of ? `user ${of.user}` : `share ${of.share}`);

	const find = (token: string): Session | undefined => {
		const digest = tokenDigest(token);
		const session = sessions.get(digest);
		if (session === undefined) return undefined;
		const nowMs = clock.monotonicMs();
		sessions.delete(digest);
		if (nowMs - session.usedMs > idleMsMax || nowMs - session.sinceMs > ageMsMax) return undefined;
		session.usedMs = nowMs;
		sessions.set(digest, session);
		return session;
	};

	return {
		begin: of => {
			const token = newToken(random);
			const nowMs = clock.monotonicMs();
			const session: Session = {
				of: isUser(of) ? {user: of.name, passwordHash: of.passwordHash} : {share: of.id},
				sinceMs: nowMs,
				usedMs: nowMs,
			};
			const his = [...sessions].filter(([, one]) => ownerOf(one) === ownerOf(session));
			if (his.length >= sessionsEachMax) sessions.delete(his[0]![0]);
			if (sessions.size >= sessionsMax) sessions.delete(sessions.keys().next().value!);
			sessions.set(tokenDigest(token), session);
			return token;
		},
		end: token => void sessions.delete(tokenDigest(token)),
		callerOf: async cookies => {
			for (const name of [cookieNames.session, cookieNames.share]) {
				const token = cookies.get(name);
				const session = token === undefined ? undefined : find(token);
				if (session === undefined) continue;
				const untilMs = Math.min(session.sinceMs + ageMsMax, clock.monotonicMs() + idleMsMax);
				if ('user' in session.of) {
					const user = await people.user(session.of.user);
					// Taken away, or with another password since.
					if (user === undefined || user.passwordHash !== session.of.passwordHash) {
						sessions.delete(tokenDigest(token!));
						continue;
					}
					return {
						key: `user ${user.name}`,
						// In a market whoever runs the agent sees what an operator, and whoever looks what an auditor sees.
						role: user.role === 'viewer' ? 'auditor' : 'operator',
						account: undefined,
						untilMs,
						user: {name: user.name, role: user.role},
						isByCookie: true,
					};
				}
				const share = people.shares.byId(session.of.share);
				if (share === undefined || shareState(share, clock.nowMs()) !== 'open') {
					sessions.delete(tokenDigest(token!));
					continue;
				}
				people.shares.used(share.id);
				return {key: `share ${share.id}`, role: undefined, account: undefined, untilMs, share, isByCookie: true};
			}
			return undefined;
		},
	};
}

/** Cookies of a request, a few at most: ours have names and values without quotes [RFC 6265 §4.1.1]. */
export function cookiesOf(header: string | undefined): ReadonlyMap<string, string> {
	const cookies = new Map<string, string>();
	for (const part of (header ?? '').split(';', 64)) {
		const at = part.indexOf('=');
		if (at > 0) cookies.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
	}
	return cookies;
}

/** A cookie that no script sees, that no other site's request carries, and that no plain connection does where there is another one. */
export function cookieText(name: string, value: string, isSecure: boolean, maxAgeMs: number = ageMsMax): string {
	return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${Math.floor(maxAgeMs / 1000)}${isSecure ? '; Secure' : ''}`;
}
