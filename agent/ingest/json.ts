// Reads JSON as devices send it: strictly, within limits, and with the digits of every number kept as they were printed.

import {isAscii} from 'node:buffer';
import {copyBytes, fromUtf8} from '../base/bytes.ts';

/** A number, as its text: it never becomes a float. Where it is plain and short it is digits·10^exponent as well. */
export class JsonNumber {
	/** A whole number of at most 15 digits, sign included: exact in a double. NaN if there are more digits, or a power of ten. */
	readonly digits: number;
	readonly exponent: number;
	/** undefined where digits and exponent say it all: most numbers are never asked for their text. */
	readonly #text: string | undefined;
	constructor(text: string | undefined, digits = Number.NaN, exponent = 0) {
		this.#text = text;
		this.digits = digits;
		this.exponent = exponent;
	}

	get text(): string {
		return this.#text ?? plainText(this.digits, this.exponent);
	}
}

/** Every digit, zeros at the end as well: 150·10^−2 was printed as `1.50`. */
function plainText(digits: number, exponent: number): string {
	if (exponent === 0) return String(digits);
	const text = String(Math.abs(digits)).padStart(1 - exponent, '0');
	return `${digits < 0 ? '-' : ''}${text.slice(0, exponent)}.${text.slice(exponent)}`;
}

/** Members in the order of the text. Devices send a handful: to look through them is faster than to hash them. */
export class JsonObject {
	/** Objects with the same keys in the same order mostly share one list, so that it can be a key itself. */
	readonly keys: readonly string[];
	readonly values: readonly JsonValue[];
	constructor(keys: readonly string[], values: readonly JsonValue[]) {
		this.keys = keys;
		this.values = values;
	}

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

/** Keys that are remembered, in all layouts together; beyond it all are forgotten. */
const layoutsMax = 4096;
/** Keys that are remembered behind the same keys; a further one takes the place of another. */
const nextKeysMax = 16;
/** Bytes of a key that is remembered. */
const rememberedMax = 64;

/**
 * The keys of objects up to one key, as they have come before: a device sends the same keys in the same order again and again. What was found right of them once (no repeat, not
 * too many) is right each time, and the key is the same string each time, which compares and hashes fast.
 */
class Layout {
	/** The bytes of the last key between its quotes, as they stand in the text. */
	readonly raw: Uint8Array;
	readonly keys: readonly string[];
	/** What came behind this key last. */
	likely: Layout | undefined = undefined;
	readonly next: Layout[] = [];
	/** Where objects in the value of the last key begin. */
	inner: Layout | undefined = undefined;
	/** Members of the object that began here last. */
	size = 0;
	constructor(raw: Uint8Array, keys: readonly string[]) {
		this.raw = raw;
		this.keys = keys;
	}
}

const nothing = new Uint8Array(0);
let outermost = new Layout(nothing, []);
let layouts = 0;

function newLayout(raw: Uint8Array, keys: readonly string[]): Layout {
	layouts += 1;
	return new Layout(raw, keys);
}

/** Why a text was not read. Thrown and caught in this file only. */
class JsonProblem extends Error {}

/** Reads a whole JSON text [RFC 8259]. Refuses repeated keys, `__proto__`, and anything beyond the limits above: the problem says what and where. */
export function parseJson(bytes: Uint8Array): {readonly value: JsonValue} | {readonly problem: string} {
	if (layouts >= layoutsMax) {
		outermost = new Layout(nothing, []);
		layouts = 0;
	}
	const parser = new Parser(bytes);
	try {
		return {value: parser.whole()};
	} catch (error) {
		if (error instanceof JsonProblem) return {problem: error.message};
		throw error;
	}
}

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** Beyond the last byte. */
const end = -1;

/** Reads bytes, since everything but what stands in strings is ASCII. */
class Parser {
	readonly #bytes: Uint8Array;
	readonly #length: number;
	#at = 0;
	/** The text of all bytes if they are ASCII, made when a string is first wanted. */
	#ascii: string | undefined = undefined;
	#isUtf8 = false;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		this.#length = bytes.length;
	}

	whole(): JsonValue {
		const value = this.#value(0, outermost);
		this.#afterSpace();
		if (this.#at < this.#length) this.#fail('something follows the value');
		return value;
	}

	#fail(what: string): never {
		const text = fromUtf8(this.#bytes);
		if (text === undefined) throw new JsonProblem('it is not UTF-8');
		// A character may have several bytes.
		const before = text.length === this.#length ? undefined : fromUtf8(this.#bytes.subarray(0, this.#at));
		throw new JsonProblem(`${what} (at character ${before?.length ?? this.#at})`);
	}

	/** The byte at which we are. */
	#here(): number {
		return this.#at < this.#length ? this.#bytes[this.#at]! : end;
	}

	/** Steps over spaces; gives the byte behind them. */
	#afterSpace(): number {
		for (;;) {
			const code = this.#here();
			if (code > space || (code !== space && code !== 0x0a && code !== 0x0d && code !== 0x09)) return code;
			this.#at += 1;
		}
	}

	/** `layout` ends with the key whose value it is. */
	#value(depth: number, layout: Layout): JsonValue {
		const code = this.#afterSpace();
		if (code === quote) return this.#string();
		if ((code >= zero && code <= nine) || code === minus) return this.#number(code);
		if (code === openBrace) return this.#object(depth + 1, layout);
		if (code === openBracket) return this.#array(depth + 1, layout);
		if (this.#word('true')) return true;
		if (this.#word('false')) return false;
		if (this.#word('null')) return null;
		return this.#fail(code === end ? 'the text ends too early' : 'no value begins like this');
	}

	#word(word: string): boolean {
		if (this.#length - this.#at < word.length) return false;
		for (let i = 0; i < word.length; i += 1) if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) return false;
		this.#at += word.length;
		return true;
	}

	#object(depth: number, around: Layout): JsonObject {
		if (depth > jsonDepthMax) this.#fail(`nested deeper than ${jsonDepthMax}`);
		around.inner ??= newLayout(nothing, []);
		const begin = around.inner;
		this.#at += 1;
		if (this.#afterSpace() === closeBrace) {
			this.#at += 1;
			return new JsonObject([], []);
		}
		let layout = begin;
		const values = new Array<JsonValue>(begin.size);
		let count = 0;
		for (;;) {
			if (this.#afterSpace() !== quote) this.#fail('a key is missing');
			const {likely} = layout;
			layout = likely !== undefined && this.#isKey(likely.raw) ? likely : this.#otherKey(layout);
			if (this.#afterSpace() !== colon) this.#fail('a colon is missing');
			this.#at += 1;
			values[count] = this.#value(depth, layout);
			count += 1;
			if (this.#endOfList(closeBrace)) break;
		}
		if (values.length !== count) values.length = count;
		begin.size = count;
		return new JsonObject(layout.keys, values);
	}

	/** Steps over a key that has these bytes. */
	#isKey(raw: Uint8Array): boolean {
		const {length} = raw;
		const begin = this.#at + 1;
		if (begin + length >= this.#length) return false;
		const bytes = this.#bytes;
		// Keys that differ mostly differ in their length.
		if (bytes[begin + length] !== quote) return false;
		for (let i = 0; i < length; i += 1) if (bytes[begin + i] !== raw[i]) return false;
		this.#at = begin + length + 1;
		return true;
	}

	/** Steps over a key that did not come behind these keys last. */
	#otherKey(layout: Layout): Layout {
		const {next, keys} = layout;
		for (let i = 0; i < next.length; i += 1) {
			if (!this.#isKey(next[i]!.raw)) continue;
			layout.likely = next[i];
			return next[i]!;
		}
		const begin = this.#at + 1;
		const key = this.#string();
		const rawLength = this.#at - 1 - begin;
		if (key === '__proto__') this.#fail('the key __proto__ is refused');
		if (keys.includes(key)) this.#fail(`the key "${key}" is repeated`);
		if (keys.length === jsonKeysMax) this.#fail(`an object has more than ${jsonKeysMax} keys`);
		// The name of a property is kept by the engine as one string for all.
		const [name = key] = Object.keys({[key]: true});
		if (rawLength > rememberedMax) return new Layout(nothing, [...keys, name]);
		// A copy: the bytes are a view into what a socket read.
		const found = newLayout(copyBytes(this.#bytes, begin, begin + rawLength), [...keys, name]);
		if (next.length < nextKeysMax) next.push(found);
		else next[layouts % nextKeysMax] = found;
		layout.likely = found;
		return found;
	}

	#array(depth: number, layout: Layout): readonly JsonValue[] {
		if (depth > jsonDepthMax) this.#fail(`nested deeper than ${jsonDepthMax}`);
		const items: JsonValue[] = [];
		this.#at += 1;
		if (this.#afterSpace() === closeBracket) {
			this.#at += 1;
			return items;
		}
		for (;;) {
			if (items.length === jsonItemsMax) this.#fail(`a list has more than ${jsonItemsMax} items`);
			items.push(this.#value(depth, layout));
			if (this.#endOfList(closeBracket)) return items;
		}
	}

	/** Steps over a comma (false) or over the closing character (true). */
	#endOfList(close: number): boolean {
		const code = this.#afterSpace();
		if (code !== close && code !== comma) this.#fail('a comma or a closing bracket is missing');
		this.#at += 1;
		return code === close;
	}

	#number(first: number): JsonNumber {
		const begin = this.#at;
		const isNegative = first === minus;
		if (isNegative) this.#at += 1;
		const firstDigit = this.#at;
		let digits = 0;
		if (this.#here() === zero) this.#at += 1;
		else digits = this.#digits(0);
		let digitCount = this.#at - firstDigit;
		let code = this.#here();
		if (isDigit(code)) this.#fail('a number begins with a zero');
		let exponent = 0;
		if (code === dot) {
			this.#at += 1;
			const firstDecimal = this.#at;
			digits = this.#digits(digits);
			exponent = firstDecimal - this.#at;
			digitCount -= exponent;
			code = this.#here();
		}
		const hasPower = code === 0x45 || code === 0x65;
		if (hasPower) {
			this.#at += 1;
			const sign = this.#here();
			if (sign === minus || sign === 0x2b) this.#at += 1;
			this.#digits(0);
		}
		if (this.#at - begin > numberLengthMax) this.#fail(`a number is longer than ${numberLengthMax} characters`);
		if (hasPower || digitCount > shortDigitsMax) return new JsonNumber(this.#textOf(begin, this.#at));
		if (!isNegative) return new JsonNumber(undefined, digits, exponent);
		// The sign of −0 is in its text only.
		return digits === 0 ? new JsonNumber(this.#textOf(begin, this.#at), 0, exponent) : new JsonNumber(undefined, -digits, exponent);
	}

	/** Steps over at least one digit; gives the number that they continue, which means something as long as it is short. */
	#digits(before: number): number {
		const bytes = this.#bytes;
		const length = this.#length;
		const begin = this.#at;
		let at = begin;
		let digits = before;
		for (; at < length; at += 1) {
			const code = bytes[at]!;
			if (code < zero || code > nine) break;
			digits = digits * 10 + (code - zero);
		}
		this.#at = at;
		if (at === begin) this.#fail('a digit is missing');
		return digits;
	}

	#string(): string {
		const bytes = this.#bytes;
		const length = this.#length;
		const begin = this.#at + 1;
		let isEscaped = false;
		for (let at = begin; at < length; at += 1) {
			const code = bytes[at]!;
			if (code === quote) {
				this.#at = at + 1;
				const raw = this.#ascii !== undefined ? this.#ascii.slice(begin, at) : this.#textOf(begin, at);
				const value = isEscaped ? this.#unescape(raw) : raw;
				if (value.length > jsonStringMax) this.#fail(`a string is longer than ${jsonStringMax} characters`);
				return value;
			}
			if (code < space) {
				this.#at = at;
				this.#fail('a control character stands in a string');
			}
			if (code === backslash) {
				isEscaped = true;
				at += 1;
			}
		}
		this.#at = length;
		return this.#fail('a string does not end');
	}

	/** The text of some of the bytes. */
	#textOf(begin: number, end: number): string {
		const bytes = asBuffer(this.#bytes);
		if (this.#ascii !== undefined) return this.#ascii.slice(begin, end);
		if (isAscii(bytes)) {
			const ascii = bytes.toString('latin1');
			this.#ascii = ascii;
			return ascii.slice(begin, end);
		}
		if (!this.#isUtf8 && fromUtf8(bytes) === undefined) throw new JsonProblem('it is not UTF-8');
		this.#isUtf8 = true;
		return bytes.toString('utf8', begin, end);
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

function asBuffer(bytes: Uint8Array): Buffer {
	return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
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
