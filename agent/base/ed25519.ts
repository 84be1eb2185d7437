// Ed25519 through Node's own OpenSSL, with raw 32-byte keys on the outside [RFC 8032 §5.1].

import {createPrivateKey, createPublicKey, type KeyObject, sign as signNode, verify as verifyNode} from 'node:crypto';
import {concatBytes, fromHex, toHex} from './bytes.ts';
import type {Random} from './random.ts';

export const ed25519SeedLength = 32;
export const ed25519PublicKeyLength = 32;
export const ed25519SignatureLength = 64;

export type Ed25519Signer = {
	/** 32 bytes. */
	readonly publicKey: Uint8Array;
	/** 64 bytes; the same for the same message. */
	readonly sign: (message: Uint8Array) => Uint8Array;
};

/** DER in front of a raw key, the same for every key of this kind [RFC 8410 §4, §7]. */
const publicPrefix = fromHex('302a300506032b6570032100')!;
const privatePrefix = fromHex('302e020100300506032b657004220420')!;

/** Making a key object costs as much as a signature, so those that verified last are kept. */
const publicKeysMax = 256;
const publicKeys = new Map<string, KeyObject>();

/** A new secret key: 32 unpredictable bytes. */
export function ed25519Seed(random: Random): Uint8Array {
	return random.bytes(ed25519SeedLength);
}

/** A signer for a secret key of 32 bytes. */
export function createEd25519Signer(seed: Uint8Array): Ed25519Signer {
	if (seed.length !== ed25519SeedLength)
		throw new RangeError(`an Ed25519 seed has ${ed25519SeedLength} bytes, this one has ${seed.length}`);
	const key = createPrivateKey({key: Buffer.from(concatBytes(privatePrefix, seed)), format: 'der', type: 'pkcs8'});
	const der = createPublicKey(key).export({format: 'der', type: 'spki'});
	return {
		publicKey: new Uint8Array(der.subarray(publicPrefix.length)),
		sign: message => new Uint8Array(signNode(null, message, key)),
	};
}

/** True if the signature is by the key over the message. Whatever the bytes are, it never throws. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
	if (publicKey.length !== ed25519PublicKeyLength || signature.length !== ed25519SignatureLength) return false;
	const key = publicKeyObject(publicKey);
	return key !== undefined && verifyNode(null, message, key, signature);
}

function publicKeyObject(publicKey: Uint8Array): KeyObject | undefined {
	const name = toHex(publicKey);
	const known = publicKeys.get(name);
	if (known !== undefined) return known;
	let key: KeyObject;
	try {
		key = createPublicKey({key: Buffer.from(concatBytes(publicPrefix, publicKey)), format: 'der', type: 'spki'});
	} catch {
		// An OpenSSL that looks at the point already here refuses a key that no signature can fit.
		return undefined;
	}
	if (publicKeys.size >= publicKeysMax) publicKeys.delete(publicKeys.keys().next().value!);
	publicKeys.set(name, key);
	return key;
}
