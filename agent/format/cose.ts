// Takes a COSE_Sign1 message apart, strictly, and puts together what its signature is over. [RFC 9052 §4.2, §4.4]

import {fromUtf8, utf8} from '../base/bytes.ts';

/** What a label of a header, or its value, can be as far as we look. Values of other shapes are passed over as `undefined`. */
type Item = number | string | Uint8Array | readonly Item[] | undefined;

type Header = ReadonlyMap<number | string, Item>;

export type CoseSign1 = {
	/** Both headers; no label is in both. */
	readonly protectedHeader: Header;
	readonly unprotectedHeader: Header;
	readonly payload: Uint8Array;
	readonly signature: Uint8Array;
	/** Sig_structure with an empty external_aad: what is signed. */
	readonly signedBytes: Uint8Array;
};

/** Labels of header parameters [RFC 9052 §3.1]. */
export const coseLabels = {algorithm: 1, critical: 2, contentType: 3, keyId: 4} as const;

const sign1Tag = 0xd2;
const depthMax = 4;
const itemsMax = 32;

/** Why bytes are no such message. Thrown and caught in this file only. */
class Refusal extends Error {}

/** True if the bytes begin as a COSE_Sign1 does: tag 18 or not, an array of four, and a byte string. */
export function looksLikeCose(bytes: Uint8Array): boolean {
	const at = bytes[0] === sign1Tag ? 1 : 0;
	return bytes[at] === 0x84 && bytes[at + 1]! >> 5 === 2;
}

/**
 * A COSE_Sign1, with its tag or without, and nothing behind it; else a sentence. Every length and number must be in its shortest form [RFC 8949 §4.2.1], no string or list of
 * indefinite length, no label twice, the payload inside: so that the same message has one encoding.
 */
export function readCoseSign1(bytes: Uint8Array): CoseSign1 | {readonly problem: string} {
	const reader = new Reader(bytes, bytes[0] === sign1Tag ? 1 : 0);
	try {
		if (reader.head(4) !== 4) throw new Refusal('it is no array of four');
		const protectedBytes = reader.bytes();
		const unprotectedHeader = reader.header(0);
		if (bytes[reader.at] === 0xf6) throw new Refusal('its payload is somewhere else');
		const payload = reader.bytes();
		const signature = reader.bytes();
		if (reader.at !== bytes.length) throw new Refusal('something follows it');
		// An empty protected header is an empty string [RFC 9052 §3]; it would leave the algorithm unsigned.
		const inner = new Reader(protectedBytes, 0);
		const protectedHeader = inner.header(0);
		if (inner.at !== protectedBytes.length) throw new Refusal('something follows its protected header');
		for (const label of unprotectedHeader.keys())
			if (protectedHeader.has(label)) throw new Refusal(`label ${label} is in both of its headers`);
		return {protectedHeader, unprotectedHeader, payload, signature, signedBytes: sigStructure(protectedBytes, payload)};
	} catch (error) {
		if (error instanceof Refusal) return {problem: error.message};
		throw error;
	}
}

const context = utf8('Signature1');

/** ["Signature1", protected, external_aad, payload] [RFC 9052 §4.4] */
export function sigStructure(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
	const length =
		2 + context.length + headLength(protectedBytes.length) + protectedBytes.length + 1 + headLength(payload.length) + payload.length;
	const bytes = new Uint8Array(length);
	bytes[0] = 0x84;
	bytes[1] = 0x60 | context.length;
	bytes.set(context, 2);
	let at = writeByteString(bytes, 2 + context.length, protectedBytes);
	at = writeByteString(bytes, at, new Uint8Array(0));
	writeByteString(bytes, at, payload);
	return bytes;
}

/** A tagged COSE_Sign1 of its parts. */
export function writeCoseSign1(protectedBytes: Uint8Array, payload: Uint8Array, signature: Uint8Array): Uint8Array {
	const parts = [protectedBytes, payload, signature];
	const bytes = new Uint8Array(3 + parts.reduce((sum, {length}) => sum + headLength(length) + length, 0));
	bytes.set([sign1Tag, 0x84]);
	let at = writeByteString(bytes, 2, protectedBytes);
	bytes[at] = 0xa0;
	at = writeByteString(bytes, at + 1, payload);
	writeByteString(bytes, at, signature);
	return bytes;
}

function headLength(value: number): number {
	return value < 24 ? 1 : value < 0x100 ? 2 : value < 0x1_0000 ? 3 : 5;
}

function writeByteString(target: Uint8Array, offset: number, bytes: Uint8Array): number {
	const {length} = bytes;
	const size = headLength(length);
	target[offset] = 0x40 | (size === 1 ? length : size === 2 ? 24 : size === 3 ? 25 : 26);
	for (let [i, left] = [size - 1, length]; i > 0; i -= 1, left = Math.floor(left / 256)) target[offset + i] = left;
	target.set(bytes, offset + size);
	return offset + size + length;
}

/** Reads only what headers and envelopes of COSE are made of: no floats, no tags inside, at most four levels. */
class Reader {
	readonly #bytes: Uint8Array;
	at: number;

	constructor(bytes: Uint8Array, at: number) {
		this.#bytes = bytes;
		this.at = at;
	}

	/** The argument of an item of this major type [RFC 8949 §3]. */
	head(majorType: number): number {
		const first = this.#bytes[this.at];
		if (first === undefined) throw new Refusal('it ends too early');
		if (first >> 5 !== majorType) throw new Refusal(`at byte ${this.at} is another type`);
		this.at += 1;
		const info = first & 31;
		if (info < 24) return info;
		if (info > 26) throw new Refusal(`a length or number at byte ${this.at - 1} is too large, or indefinite`);
		const size = 1 << (info - 24);
		if (this.at + size > this.#bytes.length) throw new Refusal('it ends too early');
		let value = 0;
		for (let i = 0; i < size; i += 1) value = value * 256 + this.#bytes[this.at + i]!;
		this.at += size;
		if (headLength(value) !== 1 + size) throw new Refusal('a length or number is not in its shortest form');
		return value;
	}

	bytes(): Uint8Array {
		return this.#take(this.head(2));
	}

	#take(length: number): Uint8Array {
		if (this.at + length > this.#bytes.length) throw new Refusal('it ends too early');
		this.at += length;
		return this.#bytes.subarray(this.at - length, this.at);
	}

	header(depth: number): Header {
		const count = this.head(5);
		if (count > itemsMax) throw new Refusal('a header has too many parameters');
		const header = new Map<number | string, Item>();
		for (let i = 0; i < count; i += 1) {
			const label = this.#item(depth + 1);
			if (typeof label !== 'number' && typeof label !== 'string') throw new Refusal('a label is neither a number nor a text');
			if (header.has(label)) throw new Refusal(`label ${label} is there twice`);
			header.set(label, this.#item(depth + 1));
		}
		return header;
	}

	#item(depth: number): Item {
		if (depth > depthMax) throw new Refusal('it is too deep');
		const first = this.#bytes[this.at];
		if (first === undefined) throw new Refusal('it ends too early');
		switch (first >> 5) {
			case 0:
				return this.head(0);
			case 1:
				return -1 - this.head(1);
			case 2:
				return this.bytes();
			case 3: {
				const text = fromUtf8(this.#take(this.head(3)));
				if (text === undefined) throw new Refusal('a text is not UTF-8');
				return text;
			}
			case 4: {
				const count = this.head(4);
				if (count > itemsMax) throw new Refusal('a list is too long');
				return Array.from({length: count}, () => this.#item(depth + 1));
			}
			case 5:
				this.header(depth + 1);
				return undefined;
			default:
				// false, true and null.
				if (first < 0xf4 || first > 0xf6) throw new Refusal(`at byte ${this.at} is a type that no header needs`);
				this.at += 1;
				return undefined;
		}
	}
}
