// Tags a form of a resource, and tells whether whoever asks has that form already [RFC 9110 §8.8.3, §13.1.2].

import {toHex} from '../base/bytes.ts';
import {nodeHasher} from '../base/hash-node.ts';

export function etagOf(bytes: Uint8Array): string {
	return `"${toHex(nodeHasher.sha256(bytes)).slice(0, 32)}"`;
}

/** Whether the header If-None-Match names the tag. A proxy that packs an answer anew makes its tag a weak one. */
export function isNamed(ifNoneMatch: string | undefined, etag: string): boolean {
	if (ifNoneMatch === undefined) return false;
	return ifNoneMatch === '*' || ifNoneMatch.split(',', 16).some(one => one.trim().replace(/^W\//, '') === etag);
}
