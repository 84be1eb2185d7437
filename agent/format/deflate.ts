// Packs bytes by DEFLATE [RFC 1951] and unpacks them to a length that is known beforehand, in Node and in browsers alike.

import {deflateSync, inflateSync} from 'fflate';

/** Level 6, as everybody has it by default. */
export function deflate(bytes: Uint8Array): Uint8Array {
	return deflateSync(bytes, {level: 6});
}

/** The unpacked bytes; undefined if they are not exactly `length`, or not DEFLATE. Never takes more memory than that. */
export function inflate(packed: Uint8Array, length: number): Uint8Array | undefined {
	try {
		// One byte more than there may be: else what goes beyond the end would look as if it fitted.
		const unpacked = inflateSync(packed, {out: new Uint8Array(length + 1)});
		return unpacked.length === length ? unpacked : undefined;
	} catch {
		return undefined;
	}
}
