// Plain byte work that runs in Node and in browsers alike: hex, base64, UTF-8, comparison, big-endian numbers.

const hexDigits = '0123456789abcdef';

export function toHex(bytes: Uint8Array): string {
	let text = '';
	for (const byte of bytes) text += hexDigits[byte >> 4]! + hexDigits[byte & 15]!;
	return text;
}

/** Lower-case hexadecimal without a prefix to bytes; undefined if it is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
	if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
	const bytes = new Uint8Array(text.length / 2);
	for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}

/** By character code, what a lower-case hexadecimal digit stands for; 255 for what is none. */
const hexValues = new Uint8Array(128).fill(255);
for (let value = 0; value < 16; value += 1) hexValues[hexDigits.charCodeAt(value)] = value;

/**
 * Writes a text of 0x and exactly `length` bytes in lower-case hexadecimal at `offset`; false, with the bytes there undefined, if it is anything else. For the many
 * short names that trees are made of, where fromHex costs more than the hash.
 */
export function writeHex(target: Uint8Array, offset: number, text: string, length: number): boolean {
	if (text.length !== 2 + 2 * length || !text.startsWith('0x')) return false;
	let seen = 0;
	for (let i = 0; i < length; i += 1) {
		const high = text.charCodeAt(2 + 2 * i);
		const low = text.charCodeAt(3 + 2 * i);
		if ((high | low) > 127) return false;
		const a = hexValues[high]!;
		const b = hexValues[low]!;
		seen |= a | b;
		target[offset + i] = (a << 4) | b;
	}
	return seen < 16;
}

/** 0x and lower-case hexadecimal, as chains write bytes. */
export function toPrefixedHex(bytes: Uint8Array): string {
	return `0x${toHex(bytes)}`;
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const base64Codes = Uint8Array.from(base64Digits, digit => digit.charCodeAt(0));
/** By character code, the six bits that it stands for; 255 for what is no digit. */
const base64Values = new Uint8Array(128).fill(255);
for (const [value, code] of base64Codes.entries()) base64Values[code] = value;
const padding = 0x3d;
/** A multiple of three, so that only the last piece is padded, and few enough to be arguments of one call. */
const base64PieceLength = 6144;

/** [RFC 4648 §4] with padding. By table, because btoa wants a binary text first, and building that costs several times as much. */
export function toBase64(bytes: Uint8Array): string {
	let text = '';
	for (let begin = 0; begin < bytes.length; begin += base64PieceLength) {
		const end = Math.min(begin + base64PieceLength, bytes.length);
		const codes: number[] = [];
		let at = begin;
		for (; at + 2 < end; at += 3) {
			const bits = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
			codes.push(base64Codes[bits >> 18]!, base64Codes[(bits >> 12) & 63]!, base64Codes[(bits >> 6) & 63]!, base64Codes[bits & 63]!);
		}
		if (end - at === 1) codes.push(base64Codes[bytes[at]! >> 2]!, base64Codes[(bytes[at]! & 3) << 4]!, padding, padding);
		if (end - at === 2) {
			const bits = (bytes[at]! << 8) | bytes[at + 1]!;
			codes.push(base64Codes[bits >> 10]!, base64Codes[(bits >> 4) & 63]!, base64Codes[(bits & 15) << 2]!, padding);
		}
		text += String.fromCharCode.apply(null, codes);
	}
	return text;
}

/** [RFC 4648 §4] in its one canonical form (padding present, spare bits zero); undefined if it is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
	if (text.length % 4 !== 0) return undefined;
	const padded = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
	const bytes = new Uint8Array((text.length / 4) * 3 - padded);
	const end = text.length - padded;
	let filled = 0;
	let at = 0;
	// Four digits at a time while they are whole: a history has millions.
	for (; at + 4 <= end; at += 4) {
		const a = text.charCodeAt(at);
		const b = text.charCodeAt(at + 1);
		const c = text.charCodeAt(at + 2);
		const d = text.charCodeAt(at + 3);
		if ((a | b | c | d) > 127) return undefined;
		const i = base64Values[a]!;
		const j = base64Values[b]!;
		const k = base64Values[c]!;
		const l = base64Values[d]!;
		if ((i | j | k | l) > 63) return undefined;
		bytes[filled] = (i << 2) | (j >> 4);
		bytes[filled + 1] = (j << 4) | (k >> 2);
		bytes[filled + 2] = (k << 6) | l;
		filled += 3;
	}
	let bits = 0;
	let bitCount = 0;
	for (; at < end; at += 1) {
		const value = base64Values[text.charCodeAt(at)] ?? 255;
		if (value > 63) return undefined;
		bits = ((bits << 6) | value) & 0xfff;
		bitCount += 6;
		if (bitCount < 8) continue;
		bitCount -= 8;
		bytes[filled] = bits >> bitCount;
		filled += 1;
	}
	// Two texts must never stand for the same bytes: a receipt has one form only.
	return (bits & ((1 << bitCount) - 1)) === 0 ? bytes : undefined;
}

const base64UrlValues = base64Values.slice();
base64UrlValues.fill(255, 0x2b, 0x30);
base64UrlValues[0x2d] = 62;
base64UrlValues[0x5f] = 63;

/** [RFC 4648 §5] without padding, as RFC 7515 §2 has it, from the ASCII bytes of the text; undefined if it is anything but the one canonical form. */
export function fromBase64UrlBytes(text: Uint8Array): Uint8Array | undefined {
	const rest = text.length % 4;
	if (rest === 1) return undefined;
	const whole = text.length - rest;
	const bytes = new Uint8Array((whole / 4) * 3 + (rest === 0 ? 0 : rest - 1));
	let filled = 0;
	for (let at = 0; at < whole; at += 4) {
		const a = base64UrlValues[text[at]!] ?? 255;
		const b = base64UrlValues[text[at + 1]!] ?? 255;
		const c = base64UrlValues[text[at + 2]!] ?? 255;
		const d = base64UrlValues[text[at + 3]!] ?? 255;
		if ((a | b | c | d) > 63) return undefined;
		bytes[filled] = (a << 2) | (b >> 4);
		bytes[filled + 1] = (b << 4) | (c >> 2);
		bytes[filled + 2] = (c << 6) | d;
		filled += 3;
	}
	if (rest === 0) return bytes;
	const a = base64UrlValues[text[whole]!] ?? 255;
	const b = base64UrlValues[text[whole + 1]!] ?? 255;
	const c = rest === 3 ? (base64UrlValues[text[whole + 2]!] ?? 255) : 0;
	if ((a | b | c) > 63) return undefined;
	// Bits that stand for nothing are zero, or two texts would stand for the same bytes.
	if ((rest === 2 ? b & 15 : c & 3) !== 0) return undefined;
	bytes[filled] = (a << 2) | (b >> 4);
	if (rest === 3) bytes[filled + 1] = (b << 4) | (c >> 2);
	return bytes;
}

/** [RFC 4648 §5] without padding. */
export function toBase64Url(bytes: Uint8Array): string {
	return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Above this length the platform's encoder is faster than a loop. */
const shortText = 48;
const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

export function utf8(text: string): Uint8Array {
	return encoder.encode(text);
}

/** How many bytes the text is in UTF-8. */
export function utf8Length(text: string): number {
	let length = text.length;
	for (let i = 0; i < text.length; i += 1) {
		const code = text.charCodeAt(i);
		if (code < 0x80) continue;
		// A pair of surrogates is two characters here and four bytes there.
		length += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
	}
	return length;
}

/** Writes the text at `offset` in UTF-8; gives the offset behind it. Short ASCII, which topics and ids are, needs no call into the platform. */
export function writeUtf8(target: Uint8Array, offset: number, text: string): number {
	if (text.length <= shortText) {
		let i = 0;
		for (; i < text.length; i += 1) {
			const code = text.charCodeAt(i);
			if (code >= 0x80) break;
			target[offset + i] = code;
		}
		if (i === text.length) return offset + i;
	}
	return offset + encoder.encodeInto(text, target.subarray(offset)).written;
}

/** Bytes to text; undefined if they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
	try {
		return strictDecoder.decode(bytes);
	} catch {
		return undefined;
	}
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const part of parts) length += part.length;
	const whole = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a === b) return true;
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
	return true;
}

/** A copy of the bytes begin … end−1. `slice` is none: on a Node Buffer it shares the memory. */
export function copyBytes(bytes: Uint8Array, begin = 0, end = bytes.length): Uint8Array {
	return new Uint8Array(bytes.subarray(begin, end));
}

export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The largest number that six bytes hold. */
export const uint48Max = 0xffff_ffff_ffff;

export function writeUint48(view: DataView, offset: number, value: number): void {
	view.setUint16(offset, Math.floor(value / 0x1_0000_0000));
	view.setUint32(offset + 2, value % 0x1_0000_0000);
}

export function readUint48(view: DataView, offset: number): number {
	return view.getUint16(offset) * 0x1_0000_0000 + view.getUint32(offset + 2);
}

/** Joins fields as u32 length and bytes, in order: no two lists of fields give the same bytes. */
export function packFields(fields: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const field of fields) length += 4 + field.length;
	const packed = new Uint8Array(length);
	const view = viewOf(packed);
	let at = 0;
	for (const field of fields) {
		view.setUint32(at, field.length);
		packed.set(field, at + 4);
		at += 4 + field.length;
	}
	return packed;
}

/** The reverse of packFields; undefined if the bytes are not exactly `count` fields. */
export function unpackFields(packed: Uint8Array, count: number): Uint8Array[] | undefined {
	const view = viewOf(packed);
	const fields: Uint8Array[] = [];
	let at = 0;
	for (let i = 0; i < count; i += 1) {
		if (at + 4 > packed.length) return undefined;
		const length = view.getUint32(at);
		if (at + 4 + length > packed.length) return undefined;
		fields.push(packed.subarray(at + 4, at + 4 + length));
		at += 4 + length;
	}
	return at === packed.length ? fields : undefined;
}
