// Makes tokens that whoever has one may show, and their digests, which are all that is kept of them.

import {toHex, utf8} from './bytes.ts';
import {nodeHasher} from './hash-node.ts';
import type {Random} from './random.ts';

/** 256 random bits, as 43 characters of Base64 for URLs [RFC 4648 §5]. */
export function newToken(random: Random): string {
	return Buffer.from(random.bytes(32)).toString('base64url');
}

/** SHA-256 of a token, as 64 lower-case hexadecimal digits. */
export function tokenDigest(token: string): string {
	return toHex(nodeHasher.sha256(utf8(token)));
}
