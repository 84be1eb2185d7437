// Turns a text that a wallet has signed as a message into the digest that it signed, and the signature into an address.

import {concatBytes, utf8} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';
import {parseSignature, signerOf} from './typed-data.ts';

/** keccak256 over the prefix, the length and the text [EIP-191, version 0x45]. */
export function messageDigest(message: string): Uint8Array {
	const text = utf8(message);
	return keccak256(concatBytes(Uint8Array.of(0x19), utf8(`Ethereum Signed Message:\n${text.length}`), text));
}

/** Who signed the text; undefined if the signature is none. */
export function messageSigner(message: string, signature: string): string | undefined {
	const bytes = parseSignature(signature);
	return bytes === undefined ? undefined : signerOf(messageDigest(message), bytes);
}
