// Bodies: what entries that are not readings say, as canonical JSON that the source of the entry commits to.

import {fromBase64, fromUtf8, toBase64, utf8} from '../base/bytes.ts';

/** Opens a subject: from here on entries of the channel stand under this URN and secret. */
export type EnrolmentBody = {
	readonly urn: string;
	readonly secret: Uint8Array;
	/** Name in the quantity registry; undefined for the agent itself. */
	readonly quantity: string | undefined;
	readonly exponent: number;
};

export function encodeEnrolment(body: EnrolmentBody): Uint8Array {
	return utf8(JSON.stringify({urn: body.urn, secret: toBase64(body.secret), quantity: body.quantity, exponent: body.exponent}));
}

/** The reverse; undefined if the bytes are not an enrolment in the one form that encodeEnrolment writes. */
export function decodeEnrolment(bytes: Uint8Array): EnrolmentBody | undefined {
	const parsed = parseObject(bytes);
	if (parsed === undefined) return undefined;
	const {urn, secret, quantity, exponent} = parsed;
	const secretBytes = typeof secret === 'string' ? fromBase64(secret) : undefined;
	if (typeof urn !== 'string' || secretBytes === undefined || typeof exponent !== 'number') return undefined;
	if (quantity !== undefined && typeof quantity !== 'string') return undefined;
	const body = {urn, secret: secretBytes, quantity, exponent};
	return fromUtf8(encodeEnrolment(body)) === fromUtf8(bytes) ? body : undefined;
}

/** The body of a note: small and flat. */
export type NoteBody = Readonly<Record<string, string | number>>;

export function encodeNote(body: NoteBody): Uint8Array {
	return utf8(JSON.stringify(body));
}

export function decodeNote(bytes: Uint8Array): NoteBody | undefined {
	const parsed = parseObject(bytes);
	if (parsed === undefined) return undefined;
	const flat = Object.values(parsed).every(value => typeof value === 'string' || typeof value === 'number');
	return flat ? (parsed as NoteBody) : undefined;
}

/** The object that a line of JSON holds; undefined if the bytes are anything else, or more than `lengthMax`. */
export function parseObject(bytes: Uint8Array, lengthMax = Number.POSITIVE_INFINITY): Record<string, unknown> | undefined {
	const text = bytes.length > lengthMax ? undefined : fromUtf8(bytes);
	if (text === undefined) return undefined;
	try {
		const parsed: unknown = JSON.parse(text);
		return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}
