// Turns values into DER, and DER into its parts, as far as certificates need it [X.690].

import {concatBytes} from './bytes.ts';
import {AgentError} from './errors.ts';

export const derTags = {
	boolean: 0x01,
	integer: 0x02,
	bitString: 0x03,
	octetString: 0x04,
	oid: 0x06,
	utf8String: 0x0c,
	utcTime: 0x17,
	generalizedTime: 0x18,
	sequence: 0x30,
	set: 0x31,
} as const;

/** One element: tag, length, contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
	const body = concatBytes(...contents);
	return concatBytes(Uint8Array.of(tag), lengthOf(body.length), body);
}

function lengthOf(length: number): Uint8Array {
	if (length < 128) return Uint8Array.of(length);
	const bytes: number[] = [];
	for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
	return Uint8Array.of(0x80 | bytes.length, ...bytes);
}

export function derSequence(...parts: readonly Uint8Array[]): Uint8Array {
	return der(derTags.sequence, ...parts);
}

/** A whole number that is not negative, from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array {
	let start = 0;
	while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
	const trimmed = bytes.subarray(start);
	return der(derTags.integer, (trimmed[0] ?? 0) >= 128 || trimmed.length === 0 ? concatBytes(Uint8Array.of(0), trimmed) : trimmed);
}

/** An object identifier from its dotted digits. */
export function derOid(dotted: string): Uint8Array {
	const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
	const bytes: number[] = [];
	for (const arc of [40 * first + second, ...rest]) {
		const groups = [arc % 128];
		for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 128);
		bytes.push(...groups);
	}
	return der(derTags.oid, Uint8Array.from(bytes));
}

/** Bits from whole bytes, of which the last `unused` bits do not count. */
export function derBits(bytes: Uint8Array, unused = 0): Uint8Array {
	return der(derTags.bitString, Uint8Array.of(unused), bytes);
}

/** Whole seconds; UTCTime up to 2049 and GeneralizedTime after it [RFC 5280 §4.1.2.5]. */
export function derTime(timeMs: number): Uint8Array {
	const digits = new Date(timeMs)
		.toISOString()
		.replace(/\.\d+Z$/, 'Z')
		.replaceAll(/[-:T]/g, '');
	const isShort = Number(digits.slice(0, 4)) < 2050;
	return der(isShort ? derTags.utcTime : derTags.generalizedTime, new TextEncoder().encode(isShort ? digits.slice(2) : digits));
}

export type DerElement = {
	readonly tag: number;
	readonly body: Uint8Array;
	/** Tag and length included. */
	readonly whole: Uint8Array;
};

/** The elements that stand one behind the other in these bytes. Fails with FORMAT_INVALID. */
export function derElements(bytes: Uint8Array): DerElement[] {
	const found: DerElement[] = [];
	for (let at = 0; at < bytes.length; ) {
		const start = at;
		const tag = bytes[at]!;
		let length = bytes[at + 1] ?? 128;
		at += 2;
		if (length >= 128) {
			const count = length - 128;
			if (count === 0 || count > 3 || at + count > bytes.length) throw new AgentError('FORMAT_INVALID', 'the DER is cut off');
			length = 0;
			for (let i = 0; i < count; i += 1) length = length * 256 + bytes[at + i]!;
			at += count;
		}
		if (at + length > bytes.length) throw new AgentError('FORMAT_INVALID', 'the DER is cut off');
		found.push({tag, body: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length)});
		at += length;
	}
	return found;
}
