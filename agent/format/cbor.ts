// Reads CBOR [RFC 8949] as devices send it: strictly, within limits, and with every number exact.

import {Tokenizer, Type} from 'cborg';
import {fromUtf8} from '../base/bytes.ts';
import {floatText, shortDigits, shortPlaces} from './float.ts';

/** A number that is no whole one in CBOR: a float, as the decimal that it means (see decimalOf), or a decimal fraction [RFC 8949 §3.4.4]. */
export class CborDecimal {
	/** As JSON writes numbers; `NaN` and `Infinity` for floats that are none. */
	readonly text: string;
	/** Where it is short the number is digits·10^exponent, and the digits are exact in a double. Else NaN. */
	readonly digits: number;
	readonly exponent: number;
	constructor(text: string, digits = Number.NaN, exponent = 0) {
		this.text = text;
		this.digits = digits;
		this.exponent = exponent;
	}
}

export type CborKey = string | number | bigint;

/** Members in their order. Maps from devices have a handful: to look through them is faster than to hash them. */
export class CborMap {
	readonly keys: CborKey[] = [];
	readonly values: CborValue[] = [];

	get(key: CborKey): CborValue | undefined {
		const {keys} = this;
		for (let i = 0; i < keys.length; i += 1) if (keys[i] === key) return this.values[i];
		return undefined;
	}

	has(key: CborKey): boolean {
		return this.keys.includes(key);
	}
}

/** Whole numbers are numbers as long as a double holds them exactly, else bigints. */
export type CborValue = null | boolean | string | number | bigint | Uint8Array | CborDecimal | readonly CborValue[] | CborMap;

export const cborDepthMax = 16;
export const cborKeysMax = 64;
/** Of one list. */
export const cborListMax = 1024;
/** Of a whole message, keys and tags included. */
export const cborItemsMax = 32_768;
export const cborTextMax = 1024;

const tagDecimalFraction = 4;
const options = {allowIndefinite: true, allowUndefined: false, allowBigInt: true} as const;

/** Why bytes were not read. Thrown and caught in this file only. */
class CborProblem extends Error {}

/**
 * Reads one item and nothing behind it. Refuses repeated keys, keys that are neither whole numbers nor texts, texts that are no UTF-8, undefined and simple values,
 * strings in pieces, tags other than decimal fractions, and anything beyond the limits above: the problem says what and where.
 */
export function decodeCbor(bytes: Uint8Array): {readonly value: CborValue} | {readonly problem: string} {
	const reader = new Reader(bytes);
	try {
		return {value: reader.whole()};
	} catch (error) {
		if (error instanceof CborProblem) return {problem: error.message};
		throw error;
	}
}

type Token = ReturnType<Tokenizer['next']>;

class Reader {
	readonly #bytes: Uint8Array;
	readonly #tokens: Tokenizer;
	#items = 0;

	constructor(bytes: Uint8Array) {
		// The library slices: of a Buffer that would be a view, of plain bytes it is a copy that stays.
		this.#bytes = bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
		this.#tokens = new Tokenizer(this.#bytes, options);
	}

	whole(): CborValue {
		const value = this.#item(this.#next(), 0);
		if (!this.#tokens.done()) this.#fail('something follows the item');
		return value;
	}

	#fail(what: string): never {
		throw new CborProblem(`${what} (at byte ${this.#tokens.pos()})`);
	}

	#next(): Token {
		if (this.#tokens.done()) this.#fail('the bytes end too early');
		this.#items += 1;
		if (this.#items > cborItemsMax) this.#fail(`there are more than ${cborItemsMax} items`);
		try {
			return this.#tokens.next();
		} catch (error) {
			// Whatever the library dislikes is the data's fault.
			return this.#fail(error instanceof Error ? error.message.replace('CBOR decode error: ', '') : 'it is no CBOR');
		}
	}

	#item(token: Token, depth: number): CborValue {
		const {type} = token;
		if (type === Type.uint || type === Type.negint) return token.value as number | bigint;
		if (type === Type.string) return this.#text(token);
		if (type === Type.float) return decimalOf(token.value as number, token.encodedLength!);
		if (type === Type.true) return true;
		if (type === Type.false) return false;
		if (type === Type.null) return null;
		if (type === Type.bytes) return token.value as Uint8Array;
		if (type === Type.map) return this.#map(Number(token.value), depth + 1);
		if (type === Type.array) return this.#list(Number(token.value), depth + 1);
		if (type === Type.tag && token.value === tagDecimalFraction) return this.#decimalFraction();
		if (type === Type.tag) return this.#fail(`the tag ${token.value} is not taken`);
		return this.#fail(type === Type.break ? 'a break stands where an item must' : 'a value is of no type that is taken');
	}

	/** The library mends broken UTF-8 and drops a byte order mark, which would make two keys one. */
	#text(token: Token): string {
		const text = token.value as string;
		const length = token.encodedLength!;
		if (length > cborTextMax + 9) this.#fail(`a text is longer than ${cborTextMax} bytes`);
		const head = length <= 24 ? 1 : length <= 257 ? 2 : 3;
		if (text.length === length - head && !text.includes('\ufffd')) return text;
		const end = this.#tokens.pos();
		const first = this.#bytes[end - length]! & 0x1f;
		const begin = end - length + (first < 24 ? 1 : first === 24 ? 2 : first === 25 ? 3 : first === 26 ? 5 : 9);
		return fromUtf8(this.#bytes.subarray(begin, end)) ?? this.#fail('a text is not UTF-8');
	}

	#map(count: number, depth: number): CborMap {
		if (depth > cborDepthMax) this.#fail(`nested deeper than ${cborDepthMax}`);
		if (count > cborKeysMax && count !== Number.POSITIVE_INFINITY) this.#fail(`a map has more than ${cborKeysMax} keys`);
		const map = new CborMap();
		for (let i = 0; i < count; i += 1) {
			const token = this.#next();
			if (token.type === Type.break && count === Number.POSITIVE_INFINITY) break;
			if (i === cborKeysMax) this.#fail(`a map has more than ${cborKeysMax} keys`);
			const key = this.#item(token, depth);
			if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint')
				this.#fail('a key is neither a whole number nor a text');
			if (map.has(key)) this.#fail(`the key ${typeof key === 'string' ? JSON.stringify(key.slice(0, 40)) : key} is repeated`);
			map.keys.push(key);
			map.values.push(this.#item(this.#next(), depth));
		}
		return map;
	}

	#list(count: number, depth: number): readonly CborValue[] {
		if (depth > cborDepthMax) this.#fail(`nested deeper than ${cborDepthMax}`);
		if (count > cborListMax && count !== Number.POSITIVE_INFINITY) this.#fail(`a list has more than ${cborListMax} items`);
		const items: CborValue[] = [];
		for (let i = 0; i < count; i += 1) {
			const token = this.#next();
			if (token.type === Type.break && count === Number.POSITIVE_INFINITY) break;
			if (i === cborListMax) this.#fail(`a list has more than ${cborListMax} items`);
			items.push(this.#item(token, depth));
		}
		return items;
	}

	/** [exponent, mantissa], both whole numbers [RFC 8949 §3.4.4]. */
	#decimalFraction(): CborDecimal {
		const list = this.#next();
		if (list.type !== Type.array || list.value !== 2) this.#fail('a decimal fraction is not a list of two');
		const exponent = this.#item(this.#next(), cborDepthMax);
		const mantissa = this.#item(this.#next(), cborDepthMax);
		const isWhole = typeof mantissa === 'number' || typeof mantissa === 'bigint';
		if (typeof exponent !== 'number' || !isWhole) this.#fail('a decimal fraction is not made of two whole numbers');
		const isShort = typeof mantissa === 'number' && Math.abs(mantissa) < 1e15;
		return new CborDecimal(`${mantissa}e${exponent}`, isShort ? mantissa : Number.NaN, exponent);
	}
}

/** So many digits of a number of single precision are its own. */
const singleDigitsMax = 1e9;

/**
 * Encoders shorten floats as far as nothing is lost [RFC 8949 §4.1], so that a short one may be an exact number (23.0625 comes in 16 bits) or all that its device has (23.1 in
 * 32 bits is 23.1000003…). 16 bits are taken as they are. Of 32 bits the exact number is taken where it is short enough, else the shortest decimal that is it.
 */
function decimalOf(value: number, encodedLength: number): CborDecimal {
	const isSingle = encodedLength === 5;
	let places = shortPlaces(value, 64);
	if (isSingle && (places === undefined || Math.abs(shortDigits(value, places)) >= singleDigitsMax)) places = shortPlaces(value, 32);
	if (places === undefined) return new CborDecimal(floatText(value, isSingle ? 32 : 64));
	const digits = shortDigits(value, places);
	return new CborDecimal(String(digits / 10 ** places), digits, 0 - places);
}
