// Canonical JSON documents: one text for one meaning, closed by a digest, so that a damaged or re-arranged file is seen at once.

import {concatBytes, fromBase64, fromUtf8, toHex, utf8} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {tags} from './tags.ts';

export type Json = string | number | boolean | null | readonly Json[] | {readonly [key: string]: Json | undefined};

/** JSON with tabs and one closing newline; keys in the order in which the object has them. */
export function canonicalText(value: Json): string {
	return `${JSON.stringify(value, null, '\t')}\n`;
}

/**
 * The canonical text of a document with its digest as the last key: hexadecimal SHA-256(tag ‖ canonical text without it). It protects against damage, not against
 * a forger. The document MUST have a key.
 */
export function canonicalTextWithDigest(hasher: Hasher, document: {readonly [key: string]: Json | undefined}): string {
	const text = canonicalText(document);
	const digest = toHex(hasher.sha256(concatBytes(tags.document, utf8(text))));
	// Written behind the text that was hashed, because writing a long history once more would double its cost.
	return `${text.slice(0, -'\n}\n'.length)},\n\t"digest": "${digest}"\n}\n`;
}

/** A shape did not fit. Caught in parseDocument, never seen outside. */
class ShapeError extends Error {}

/** Reads fields of parsed JSON by type; whatever does not fit ends the reading. */
export type Fields = {
	readonly text: (key: string) => string;
	/** A text that whoever asks checks character by character: base64, which holds no half of a surrogate pair. */
	readonly ascii: (key: string) => string;
	readonly textMaybe: (key: string) => string | undefined;
	/** A whole number from 0 to 2^53−1. */
	readonly count: (key: string) => number;
	/** Canonical base64, of exactly `length` bytes where that is given. */
	readonly bytes: (key: string, length?: number) => Uint8Array;
	readonly bytesMaybe: (key: string, length?: number) => Uint8Array | undefined;
	readonly object: <T>(key: string, read: (fields: Fields) => T) => T;
	readonly objectMaybe: <T>(key: string, read: (fields: Fields) => T) => T | undefined;
	readonly list: <T>(key: string, lengthMax: number, read: (fields: Fields) => T) => T[];
	readonly texts: (key: string, lengthMax: number) => string[];
	readonly has: (key: string) => boolean;
	/** Anything that JSON can say, as it stands there. */
	readonly json: (key: string) => Json;
	/** Ends the reading if there is any other key. Only for documents that are not compared with their canonical text. */
	readonly only: (...keys: readonly string[]) => void;
};

/** Says that a value has the wrong shape. For use inside a `read` function only. */
export function shapeError(message: string): never {
	throw new ShapeError(message);
}

function fieldsOf(value: unknown, path: string): Fields {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) shapeError(`${path || 'the document'} is not an object`);
	const get = (key: string): unknown => (Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined);
	const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
	const ascii = (key: string): string => {
		const found = get(key);
		return typeof found === 'string' ? found : shapeError(`${at(key)} is not a text`);
	};
	const text = (key: string): string => {
		const found = ascii(key);
		// Half of a surrogate pair has no UTF-8: in bytes that are hashed or signed it would be the same as U+FFFD.
		return /\p{Surrogate}/u.test(found) ? shapeError(`${at(key)} has half of a surrogate pair`) : found;
	};
	const bytes = (key: string, length?: number): Uint8Array => {
		const found = fromBase64(ascii(key));
		if (found === undefined) return shapeError(`${at(key)} is not canonical base64`);
		return length === undefined || found.length === length ? found : shapeError(`${at(key)} has ${found.length} bytes, not ${length}`);
	};
	const list = (key: string, lengthMax: number): unknown[] => {
		const found = get(key);
		if (!Array.isArray(found)) return shapeError(`${at(key)} is not a list`);
		return found.length <= lengthMax ? found : shapeError(`${at(key)} has ${found.length} items, more than ${lengthMax}`);
	};
	const has = (key: string): boolean => get(key) !== undefined;
	const object = <T>(key: string, read: (fields: Fields) => T): T => read(fieldsOf(get(key), at(key)));
	return {
		text,
		ascii,
		textMaybe: key => (has(key) ? text(key) : undefined),
		count: key => {
			const found = get(key);
			return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0
				? found
				: shapeError(`${at(key)} is not a whole number`);
		},
		bytes,
		bytesMaybe: (key, length) => (has(key) ? bytes(key, length) : undefined),
		object,
		objectMaybe: (key, read) => (has(key) ? object(key, read) : undefined),
		list: (key, lengthMax, read) => list(key, lengthMax).map((item, i) => read(fieldsOf(item, `${at(key)}[${i}]`))),
		texts: (key, lengthMax) =>
			list(key, lengthMax).map((item, i) => (typeof item === 'string' ? item : shapeError(`${at(key)}[${i}] is not a text`))),
		has,
		json: key => (has(key) ? (get(key) as Json) : shapeError(`${at(key)} is missing`)),
		only: (...keys) => {
			const unknown = Object.keys(value).find(key => !keys.includes(key));
			if (unknown !== undefined) shapeError(`${at(unknown)} is not a key that is known here`);
		},
	};
}

/** Parts of a document: its long lists are packed into texts, and a list of empty lists takes twenty times its length in memory. */
export const documentPartsMax = 2 ** 18;

const partMarks = [...utf8(',[{')];

/** True if the text, read as JSON, could be made of more values than that: each has a comma, or a bracket, of its own. What base64 is made of is none of these. */
function hasMoreParts(bytes: Uint8Array, most: number): boolean {
	let parts = 0;
	for (const mark of partMarks)
		for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
			parts += 1;
			if (parts > most) return true;
		}
	return false;
}

export type Parsed<T> = {readonly value: T} | {readonly problem: string};

/**
 * Reads a canonical document: `read` takes its fields, `write` gives the one text of the value. A text that is not byte for byte what `write` gives is a problem:
 * other white space, other order, unknown or repeated keys, another spelling of a number, a wrong digest. So is one of more than `partsMax` values, before any of them is made.
 */
export function parseDocument<T>(
	bytes: Uint8Array,
	lengthMax: number,
	read: (fields: Fields) => T,
	write: (value: T) => string,
	partsMax = documentPartsMax,
): Parsed<T> {
	if (bytes.length > lengthMax) return {problem: `it has ${bytes.length} bytes; at most ${lengthMax} are read`};
	if (hasMoreParts(bytes, partsMax)) return {problem: `it has more than ${partsMax} parts`};
	const text = fromUtf8(bytes);
	if (text === undefined) return {problem: 'it is not UTF-8'};
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		return {problem: 'it is not JSON'};
	}
	let value: T;
	try {
		value = read(fieldsOf(parsed, ''));
	} catch (error) {
		if (error instanceof ShapeError) return {problem: error.message};
		throw error;
	}
	const canonical = write(value);
	if (canonical === text) return {value};
	return {problem: 'it is not in canonical form, or its digest does not fit: it was damaged or changed'};
}

/**
 * Reads a document that people edit: white space and the order of keys are free. Which other keys there may be is for `read` to say, with `only`.
 */
export function parseEditedDocument<T>(bytes: Uint8Array, lengthMax: number, read: (fields: Fields) => T): Parsed<T> {
	if (bytes.length > lengthMax) return {problem: `it has ${bytes.length} bytes; at most ${lengthMax} are read`};
	const text = fromUtf8(bytes);
	if (text === undefined) return {problem: 'it is not UTF-8'};
	let tidy: string;
	try {
		tidy = canonicalText(JSON.parse(text) as Json);
	} catch {
		return {problem: 'it is not JSON'};
	}
	// White space only: what counts was bounded above.
	return parseDocument(utf8(tidy), Number.POSITIVE_INFINITY, read, () => tidy);
}
