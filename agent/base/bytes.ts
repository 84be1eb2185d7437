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

/** [RFC 4648 §4] with padding. */
export function toBase64(bytes: Uint8Array): string {
	let binary = '';
	for (let i = 0; i < bytes.length; i += 0x2000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x2000));
	return btoa(binary);
}

/** [RFC 4648 §4] in its one canonical form (padding present, spare bits zero); undefined if it is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
	if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
	let binary: string;
	try {
		binary = atob(text);
	} catch {
		return undefined;
	}
	const bytes = new Uint8Array(binary.length);
	for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
	// Two texts must never stand for the same bytes: a receipt has one form only.
	return toBase64(bytes) === text ? bytes : undefined;
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
