// Turns what went wrong into a problem document [RFC 9457]. The only file that knows a number of HTTP.

import {AgentError} from '../base/errors.ts';
import type {DeskProblem} from './desk.ts';

/** Every code that a client may see, with its status. The table in README.md is held to this one by a test. */
export const problems = {
	malformed: {status: 400, title: 'The request is malformed'},
	'idempotency-missing': {status: 400, title: 'The header Idempotency-Key is missing'},
	unauthorised: {status: 401, title: 'A valid token is needed'},
	'wrong-password': {status: 401, title: 'The name or the password is wrong'},
	'bad-signature': {status: 401, title: 'The signature does not hold'},
	forbidden: {status: 403, title: 'This is not yours to see or do'},
	'foreign-origin': {status: 403, title: 'A page of another origin asks'},
	'not-your-meter': {status: 403, title: 'The meter is not registered to that account'},
	'delegation-exceeded': {status: 403, title: 'The delegation does not go that far'},
	'not-found': {status: 404, title: 'There is no such thing'},
	'unknown-share': {status: 404, title: 'There is no such share link'},
	'unknown-user': {status: 404, title: 'There is no such user'},
	'unknown-market': {status: 404, title: 'There is no such market'},
	'unknown-order': {status: 404, title: 'There is no such order'},
	'unknown-slot': {status: 404, title: 'The market has no such slot'},
	'not-yet': {status: 404, title: 'It is not there yet'},
	'method-not-allowed': {status: 405, title: 'That method does not go with that path'},
	'not-acceptable': {status: 406, title: 'There is no such representation'},
	'request-timeout': {status: 408, title: 'The request took too long to arrive'},
	'side-conflict': {status: 409, title: 'The meter has an order on the other side of that slot'},
	'order-exists': {status: 409, title: 'The meter has an order on that side of that slot'},
	'duplicate-salt': {status: 409, title: 'The salt was used before'},
	'gate-closed': {status: 409, title: 'The gate of that slot does not let it through'},
	'user-exists': {status: 409, title: 'There is a user of that name'},
	'last-owner': {status: 409, title: 'Somebody must stay an owner'},
	'too-many': {status: 409, title: 'There are as many as there may be'},
	'idempotency-in-flight': {status: 409, title: 'The same request is still being worked on'},
	'stream-gap': {status: 410, title: 'Some of the events asked for are not kept any more'},
	'share-ended': {status: 410, title: 'The share link shows nothing any more'},
	pruned: {status: 410, title: 'It was pruned'},
	'too-large': {status: 413, title: 'The body is too large'},
	'unsupported-media': {status: 415, title: 'The body is not of the type application/json'},
	'weak-password': {status: 422, title: 'The new password cannot be one'},
	'price-out-of-band': {status: 422, title: 'The limit lies outside of the band'},
	'capacity-exceeded': {status: 422, title: 'The meter cannot carry that much'},
	'insufficient-escrow': {status: 422, title: 'The deposit does not cover the order'},
	'counter-stale': {status: 422, title: 'The counter is not the current one'},
	'unsupported-tif': {status: 422, title: 'That time in force has no meaning in a call auction'},
	'batch-refused': {status: 422, title: 'The batch was refused as a whole'},
	'idempotency-mismatch': {status: 422, title: 'The idempotency key belongs to another request'},
	'rate-limited': {status: 429, title: 'Too many requests'},
	'headers-too-large': {status: 431, title: 'The headers are too large'},
	internal: {status: 500, title: 'The agent failed'},
	busy: {status: 503, title: 'The agent does as much of this as it can'},
	'operator-halted': {status: 503, title: 'The market is halted'},
} as const satisfies Readonly<Record<string, {readonly status: number; readonly title: string}>>;

export type ProblemCode = keyof typeof problems;

/** How a request that went well is answered. */
export const statuses = {ok: 200, created: 201, unwell: 503, noContent: 204, notModified: 304} as const;

export type FieldError = {
	/** JSON pointer into what was sent [RFC 6901]. */
	readonly pointer: string;
	readonly code: string;
	readonly detail: string;
};

export type ProblemMembers = {
	readonly errors?: readonly FieldError[];
	readonly orderHash?: string;
	readonly requiredNano?: string;
	readonly availableNano?: string;
	/** With stream-gap: the newest event, behind which a stream can begin after a look at the market. */
	readonly newestSequence?: number;
	/** Becomes the header Retry-After, in whole seconds, and no member. */
	readonly retryAfterS?: number;
	/** Becomes the header Allow, and no member. */
	readonly allow?: readonly string[];
};

export type ProblemBody = Omit<ProblemMembers, 'retryAfterS' | 'allow'> & {
	readonly type: string;
	readonly title: string;
	readonly status: number;
	readonly detail: string;
	readonly code: ProblemCode;
};

/** Thrown by whatever answers a request, and caught where the answer is written. */
export class Problem extends Error {
	override readonly name = 'Problem';
	readonly code: ProblemCode;
	readonly members: ProblemMembers;

	constructor(code: ProblemCode, detail: string, members: ProblemMembers = {}) {
		super(detail);
		this.code = code;
		this.members = members;
	}
}

export const problemMediaType = 'application/problem+json; charset=utf-8';

export function typeOf(code: ProblemCode): string {
	return `urn:kedge:problem:${code}`;
}

export function problemBody({code, message, members}: Problem): ProblemBody {
	const {retryAfterS: _1, allow: _2, ...shown} = members;
	return {type: typeOf(code), title: problems[code].title, status: problems[code].status, detail: message, code, ...shown};
}

/** What a desk refused. `prefix` is the pointer of what it was asked about. */
export function problemOf(refused: DeskProblem, prefix = ''): Problem {
	const {code, detail, pointer, orderHash, requiredNano, availableNano} = refused;
	return new Problem(code, detail, {
		...(pointer === undefined ? {} : {errors: [{pointer: `${prefix}${pointer}`, code, detail}]}),
		...(orderHash === undefined ? {} : {orderHash}),
		...(requiredNano === undefined ? {} : {requiredNano}),
		...(availableNano === undefined ? {} : {availableNano}),
	});
}

/** What the HTTP library refuses by itself, by the code of its error, in our words: its own are about its insides. */
const libraryProblems: Readonly<Record<string, readonly [code: ProblemCode, detail: string]>> = {
	FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media', 'the header Content-Type must be application/json'],
	FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['malformed', 'the body is not as long as the header Content-Length says'],
	FST_ERR_CTP_BODY_TOO_LARGE: ['too-large', problems['too-large'].title],
	FST_ERR_BAD_URL: ['malformed', 'the path holds a % that is followed by no hexadecimal byte of UTF-8'],
	HPE_HEADER_OVERFLOW: ['headers-too-large', problems['headers-too-large'].title],
	ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', problems['request-timeout'].title],
};

/** Any thrown thing as a problem. What is nobody's fault but ours says nothing of itself. */
export function problemOfError(error: unknown): Problem {
	if (error instanceof Problem) return error;
	// What was pruned is an answer.
	if (error instanceof AgentError && error.code === 'ENTRY_PRUNED') return new Problem('pruned', error.message);
	const {code, statusCode} = error as {readonly code?: string; readonly statusCode?: number};
	const known = libraryProblems[code ?? ''];
	if (known !== undefined) return new Problem(...known);
	if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
		return new Problem('malformed', 'the request cannot be read as one of HTTP');
	return new Problem('internal', 'the agent failed; its own log says why');
}

/** The whole answer to bytes that are no request, for a socket that has no response yet. */
export function rawProblem(code: ProblemCode): string {
	const body = JSON.stringify(problemBody(new Problem(code, problems[code].title)));
	const head = `HTTP/1.1 ${problems[code].status} ${problems[code].title}\r\nconnection: close\r\n`;
	return `${head}content-type: ${problemMediaType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
