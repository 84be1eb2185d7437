// Reads JSON as devices send it: strictly, within limits, and with the digits of every number kept as they were printed.

import {isAscii} from 'node:buffer';
import {fromUtf8} from '../base/bytes.ts';

/** A number, as its text: it never becomes a float. Where it is plain and short it is digits·10^exponent as well. */
export class JsonNumber {
	readonly text: string;
	/** A whole number of at most 15 digits, sign included: exact in a double. NaN if there are more digits, or a power of ten. */
	readonly digits: number;
	readonly exponent: number;
	constructor(text: string, digits = Number.NaN, exponent = 0) {
		this.text = text;
		this.digits = digits;
		this.exponent = exponent;
	}
}

/** Members in the order of the text. Devices send a handful: to look through them is faster than to hash them. */
export class JsonObject {
	readonly keys: string[] = [];
	readonly values: JsonValue[] = [];

	get(key: string): JsonValue | undefined {
		const {keys} = this;
		for (let i = 0; i < keys.length; i += 1) if (keys[i] === key) return this.values[i];
		return undefined;
	}
}

export type JsonValue = string | boolean | null | JsonNumber | readonly JsonValue[] | JsonObject;

export const jsonDepthMax = 16;
export const jsonKeysMax = 64;
/** Also bounds the readings of one message: the log takes no more in one piece. */
export const jsonItemsMax = 1024;
export const jsonStringMax = 1024;
const numberLengthMax = 64;
/** So many digits always fit a double exactly. */
const shortDigitsMax = 15;

/** Why a text was not read. Thrown and caught in this file only. */
class JsonProblem extends Error {}

/** Reads a whole JSON text [RFC 8259]. Refuses repeated keys, `__proto__`, and anything beyond the limits above: the problem says what and where. */
export function parseJson(bytes: Uint8Array): {readonly value: JsonValue} | {readonly problem: string} {
	const text = textOf(bytes);
	if (text === undefined) return {problem: 'it is not UTF-8'};
	const parser = new Parser(text);
	try {
		return {value: parser.whole()};
	} catch (error) {
		if (error instanceof JsonProblem) return {problem: error.message};
		throw error;
	}
}

function textOf(bytes: Uint8Array): string | undefined {
	if (!isAscii(bytes)) return fromUtf8(bytes);
	// Nothing but ASCII: the cheap decoding is right.
	return (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString('latin1');
}

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

class Parser {
	readonly #text: string;
	#at = 0;

	constructor(text: string) {
		this.#text = text;
	}

	whole(): JsonValue {
		const value = this.#value(0);
		this.#skipSpace();
		if (this.#at < this.#text.length) this.#fail('something follows the value');
		return value;
	}

	#fail(what: string): never {
		throw new JsonProblem(`${what} (at character ${this.#at})`);
	}

	#skipSpace(): void {
		for (;;) {
			const code = this.#text.charCodeAt(this.#at);
			if (code !== space && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
			this.#at += 1;
		}
	}

	#value(depth: number): JsonValue {
		this.#skipSpace();
		const code = this.#text.charCodeAt(this.#at);
		if (code === quote) return this.#string();
		if (code === openBrace) return this.#object(depth + 1);
		if (code === openBracket) return this.#array(depth + 1);
		if (code === minus || isDigit(code)) return this.#number();
		if (this.#word('true')) return true;
		if (this.#word('false')) return false;
		if (this.#word('null')) return null;
		return this.#fail(this.#at < this.#text.length ? 'no value begins like this' : 'the text ends too early');
	}

	#word(word: string): boolean {
		if (!this.#text.startsWith(word, this.#at)) return false;
		this.#at += word.length;
		return true;
	}

	#object(depth: number): JsonObject {
		if (depth > jsonDepthMax) this.#fail(`nested deeper than ${jsonDepthMax}`);
		const members = new JsonObject();
		this.#at += 1;
		this.#skipSpace();
		if (this.#text.charCodeAt(this.#at) === closeBrace) {
			this.#at += 1;
			return members;
		}
		for (;;) {
			this.#skipSpace();
			if (this.#text.charCodeAt(this.#at) !== quote) this.#fail('a key is missing');
			const key = this.#string();
			if (key === '__proto__') this.#fail('the key __proto__ is refused');
			if (members.get(key) !== undefined) this.#fail(`the key "${key}" is repeated`);
			if (members.keys.length === jsonKeysMax) this.#fail(`an object has more than ${jsonKeysMax} keys`);
			this.#skipSpace();
			if (this.#text.charCodeAt(this.#at) !== colon) this.#fail('a colon is missing');
			this.#at += 1;
			members.keys.push(key);
			members.values.push(this.#value(depth));
			if (this.#endOfList(closeBrace)) return members;
		}
	}

	#array(depth: number): readonly JsonValue[] {
		if (depth > jsonDepthMax) this.#fail(`nested deeper than ${jsonDepthMax}`);
		const items: JsonValue[] = [];
		this.#at += 1;
		this.#skipSpace();
		if (this.#text.charCodeAt(this.#at) === closeBracket) {
			this.#at += 1;
			return items;
		}
		for (;;) {
			if (items.length === jsonItemsMax) this.#fail(`a list has more than ${jsonItemsMax} items`);
			items.push(this.#value(depth));
			if (this.#endOfList(closeBracket)) return items;
		}
	}

	/** Steps over a comma (false) or over the closing character (true). */
	#endOfList(close: number): boolean {
		this.#skipSpace();
		const code = this.#text.charCodeAt(this.#at);
		if (code !== close && code !== comma) this.#fail('a comma or a closing bracket is missing');
		this.#at += 1;
		return code === close;
	}

	#number(): JsonNumber {
		const begin = this.#at;
		const isNegative = this.#text.charCodeAt(begin) === minus;
		if (isNegative) this.#at += 1;
		const firstDigit = this.#at;
		let digits = 0;
		if (this.#text.charCodeAt(firstDigit) === 0x30) this.#at += 1;
		else digits = this.#digits(0);
		let digitCount = this.#at - firstDigit;
		if (isDigit(this.#text.charCodeAt(this.#at))) this.#fail('a number begins with a zero');
		let exponent = 0;
		if (this.#text.charCodeAt(this.#at) === dot) {
			this.#at += 1;
			const firstDecimal = this.#at;
			digits = this.#digits(digits);
			exponent = firstDecimal - this.#at;
			digitCount -= exponent;
		}
		const code = this.#text.charCodeAt(this.#at);
		const hasPower = code === 0x45 || code === 0x65;
		if (hasPower) {
			this.#at += 1;
			const sign = this.#text.charCodeAt(this.#at);
			if (sign === minus || sign === 0x2b) this.#at += 1;
			this.#digits(0);
		}
		if (this.#at - begin > numberLengthMax) this.#fail(`a number is longer than ${numberLengthMax} characters`);
		const text = this.#text.slice(begin, this.#at);
		if (hasPower || digitCount > shortDigitsMax) return new JsonNumber(text);
		return new JsonNumber(text, isNegative && digits !== 0 ? -digits : digits, exponent);
	}

	/** Steps over at least one digit; gives the number that they continue, which means something as long as it is short. */
	#digits(before: number): number {
		const begin = this.#at;
		let digits = before;
		for (;;) {
			const code = this.#text.charCodeAt(this.#at);
			if (!isDigit(code)) break;
			digits = digits * 10 + (code - 0x30);
			this.#at += 1;
		}
		if (this.#at === begin) this.#fail('a digit is missing');
		return digits;
	}

	#string(): string {
		const begin = this.#at + 1;
		let escaped = false;
		for (let at = begin; ; at += 1) {
			const code = this.#text.charCodeAt(at);
			if (code === quote) {
				const raw = this.#text.slice(begin, at);
				this.#at = at + 1;
				const value = escaped ? this.#unescape(raw) : raw;
				if (value.length > jsonStringMax) this.#fail(`a string is longer than ${jsonStringMax} characters`);
				return value;
			}
			// NaN beyond the end: the comparison is false there.
			if (!(code >= space)) {
				this.#at = at;
				this.#fail(at < this.#text.length ? 'a control character stands in a string' : 'a string does not end');
			}
			if (code === backslash) {
				escaped = true;
				at += 1;
			}
		}
	}

	#unescape(raw: string): string {
		try {
			// The engine knows the escapes [RFC 8259 §7]; the limits were checked on the raw text.
			return JSON.parse(`"${raw}"`);
		} catch {
			return this.#fail('an escape in a string is wrong');
		}
	}
}

function isDigit(code: number): boolean {
	return code >= 0x30 && code <= 0x39;
}

/** The reference tokens of a JSON pointer [RFC 6901]; undefined if the text is none. */
export function parsePointer(text: string): readonly string[] | undefined {
	if (text === '') return [];
	if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
	return text
		.slice(1)
		.split('/')
		.map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What a pointer leads to; undefined if nothing is there. */
export function followPointer(value: JsonValue, tokens: readonly string[]): JsonValue | undefined {
	let at: JsonValue | undefined = value;
	for (const token of tokens) {
		if (at instanceof JsonObject) at = at.get(token);
		else if (Array.isArray(at) && /^(?:0|[1-9][0-9]{0,8})$/.test(token)) at = (at as readonly JsonValue[])[Number(token)];
		else return undefined;
	}
	return at;
}
