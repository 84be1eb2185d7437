// What a resource says of each of its requests: from it come the checks, the answers' form and the published description.

import type {Clock} from '../base/clock.ts';
import type {Access, Caller} from './access.ts';
import type {Check} from './check.ts';
import type {Desks} from './desks.ts';
import type {Feed} from './feed.ts';
import type {ApiLimits} from './limits.ts';
import type {PasswordGate} from './password-gate.ts';
import {Problem, type ProblemCode} from './problem.ts';
import type {Static, TSchema} from './schema.ts';
import type {SessionTable} from './session-table.ts';
import type {Window} from './window.ts';

/** What every request may use. */
export type Context = {
	readonly desks: Desks;
	readonly access: Access;
	readonly check: Check;
	readonly clock: Clock;
	readonly limits: ApiLimits;
	readonly feedOf: (market: string) => Feed;
	/** Who signed the text by EIP-191, lower case; undefined if the signature does not hold. */
	readonly recoverMessageSigner: (message: string, signature: string) => Promise<string | undefined> | string | undefined;
	/** Hosts, with their ports, that one may sign in to. */
	readonly domains: () => readonly string[];
	/** Takes one of the waits for receipts; false if there is none left. */
	readonly receiptWaits: {take: () => boolean; give: () => void};
	/** Why the agent is not well, as a sentence; undefined if it is. */
	readonly illness: () => string | undefined;
	/** The agent itself, and who signs in to it; undefined where only a market is served. */
	readonly agent: {readonly window: Window; readonly sessions: SessionTable; readonly gate: PasswordGate} | undefined;
};

/** The agent behind a request. Throws where only a market is served. */
export function agentOf({agent}: Pick<Context, 'agent'>): NonNullable<Context['agent']> {
	if (agent === undefined) throw new Problem('not-found', 'only a market is served here');
	return agent;
}

export type Asked<Params, Query, Body> = {
	readonly params: Params;
	readonly query: Query;
	readonly body: Body;
	readonly caller: Caller;
	/** Of the request, lower-case names. */
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	/** Whether all field errors may be looked for. */
	readonly isShort: boolean;
	readonly context: Context;
	/** The address that it came from. */
	readonly remote: string;
	/** Whether it came by TLS, as far as we or the proxy in front know. */
	readonly isSecure: boolean;
};

export type Reply = {
	/** unwell: 503, from what says how we are. */
	readonly kind: 'ok' | 'created' | 'unwell';
	readonly body?: unknown;
	/** What the body is written by, where the route has a choice. */
	readonly schema?: TSchema;
	/** Instead of a body: a text of this media type. */
	readonly text?: string;
	/** Instead of a body: bytes, or a file, of a media type. */
	readonly bytes?: Uint8Array;
	readonly file?: {readonly path: string; readonly name: string; readonly bytes: number};
	readonly cookies?: readonly string[];
	readonly mediaType?: string;
	readonly headers?: Readonly<Record<string, string>>;
	/** final: it will never change, and gets an ETag. public: it may be kept for two seconds. own: nobody but the caller may keep it. @default own */
	readonly cache?: 'final' | 'final-own' | 'public' | 'own';
};

export type Cost =
	/** A read. */
	| 'request'
	/** Counted among the writes by what it holds. */
	| 'write'
	/** Counted among the sign-ins of an address. */
	| 'sign-in';

export type Route = {
	readonly method: 'GET' | 'POST' | 'DELETE';
	/** Below /v1, with {parameters}; the last may hold slashes if it is written {name*}. */
	readonly path: string;
	/** The path is not below /v1: others say what it is. */
	readonly isAtRoot?: boolean;
	/** Its name in the description and in the client. */
	readonly id: string;
	readonly tag: string;
	readonly summary: string;
	readonly description?: string;
	/**
	 * token: whoever asks must have one. signed: the body's own signature is the permission. viewer, operator, owner: who signed in with at least that role; a viewer's things an auditor's or operator's
	 * token shows as well. reader: the same, and a reader's token.
	 */
	readonly access: 'public' | 'token' | 'signed' | 'reader' | 'viewer' | 'operator' | 'owner';
	/** Whoever came by a share link may ask as well: the handler says what he is shown. */
	readonly isShared?: boolean;
	/** It begins a session: a page of another origin may not ask for it. */
	readonly isSignIn?: boolean;
	readonly cost: Cost;
	/** How many requests one counts as, by its query: what takes the agent so many times the work of the simplest. @default 1 */
	readonly weight?: (query: never) => number;
	readonly params?: TSchema;
	readonly query?: TSchema;
	/** Headers of the request that mean something, for the description. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: TSchema;
	/** The handler holds the body against its schema by itself. */
	readonly checksBody?: boolean;
	/** Whether the header Idempotency-Key counts. */
	readonly idempotency?: 'optional' | 'required';
	/** By how it went: a schema of JSON, or media types of a text. */
	readonly answers: {readonly ok?: TSchema | readonly string[]; readonly created?: TSchema};
	/** What the JSON text among the answers holds: for the description, since texts are not written by a schema. */
	readonly file?: TSchema;
	/** Which answer each form of the body gets, where there are several. */
	readonly forms?: readonly {readonly body: TSchema; readonly answer: TSchema}[];
	/** Beyond what every request may meet. */
	readonly problems: readonly ProblemCode[];
	/** The answer goes on until somebody closes it: served by a file of its own. */
	readonly isStream?: boolean;
	/** Not for the generated client: its answer is a file, or goes on. */
	readonly isRaw?: boolean;
	readonly handle: (asked: Asked<never, never, never>) => Promise<Reply> | Reply;
};

/** Of the agent, and not of a market: people ask, by their roles. */
export const isForRoles = ({access}: Pick<Route, 'access'>): boolean => access !== 'public' && access !== 'token' && access !== 'signed';

type Typed<S> = S extends TSchema ? Static<S> : undefined;

/** States a route; its handler gets what its schemas say. */
export function defineRoute<
	P extends TSchema | undefined = undefined,
	Q extends TSchema | undefined = undefined,
	B extends TSchema | undefined = undefined,
>(
	route: Omit<Route, 'params' | 'query' | 'body' | 'handle' | 'weight'> & {
		readonly weight?: (query: Typed<Q>) => number;
		readonly params?: P;
		readonly query?: Q;
		readonly body?: B;
		readonly handle: (asked: Asked<Typed<P>, Typed<Q>, Typed<B>>) => Promise<Reply> | Reply;
	},
): Route {
	return route as unknown as Route;
}

/** A header of which there is one. */
export function headerOf(headers: Asked<never, never, never>['headers'], name: string): string | undefined {
	const value = headers[name];
	return typeof value === 'string' ? value : undefined;
}

const base64url = {
	encode: (text: string): string => Buffer.from(text).toString('base64url'),
	decode: (text: string): string => Buffer.from(text, 'base64url').toString(),
};

/** Makes an opaque cursor of what a page is continued behind. */
export function cursorOf(key: readonly (string | number)[]): string {
	return base64url.encode(JSON.stringify(key));
}

/** The key of a page's cursor; undefined for the first page. Throws for a cursor that is none of `form`. */
export function pageKey(cursor: string | undefined, form: readonly ('string' | 'number')[]): readonly (string | number)[] | undefined {
	if (cursor === undefined) return undefined;
	const key = keyOfCursor(cursor, form);
	if (key !== undefined) return key;
	throw new Problem('malformed', 'the cursor is none of this listing', {
		errors: [{pointer: '/cursor', code: 'cursor', detail: 'is not known'}],
	});
}

export function keyOfCursor(cursor: string, form: readonly ('string' | 'number')[]): readonly (string | number)[] | undefined {
	try {
		const key: unknown = JSON.parse(base64url.decode(cursor));
		const fits =
			Array.isArray(key) &&
			key.length === form.length &&
			form.every((type, at) => (type === 'number' ? Number.isSafeInteger(key[at]) && key[at] >= 0 : typeof key[at] === 'string'));
		return fits ? (key as (string | number)[]) : undefined;
	} catch {
		return undefined;
	}
}
