// Turns a browser's Web Crypto into what a verifier needs of signatures.

import {copyBytes} from '../base/bytes.ts';
import {uncompressedKey, type VerifyDeviceSignature} from '../format/device-key.ts';
import type {VerifySignature} from '../format/note.ts';

/** What is used of `crypto.subtle`. */
export type Subtle = {
	readonly importKey: (
		format: 'raw',
		bytes: Uint8Array<ArrayBuffer>,
		algorithm: {readonly name: string; readonly namedCurve?: string},
		extractable: boolean,
		usages: 'verify'[],
	) => Promise<object>;
	readonly verify: (
		algorithm: {readonly name: string; readonly hash?: string},
		key: never,
		signature: Uint8Array<ArrayBuffer>,
		message: Uint8Array<ArrayBuffer>,
	) => Promise<boolean>;
};

/** Both checks. Browsers have Ed25519 and P-256, and no secp256k1: such signatures stay unchecked. */
export function webCryptoVerifiers(subtle: Subtle): {
	readonly verifySignature: VerifySignature;
	readonly verifyDeviceSignature: VerifyDeviceSignature;
} {
	const verify = async (
		curve: {readonly name: string; readonly namedCurve?: string},
		algorithm: {readonly name: string; readonly hash?: string},
		publicKey: Uint8Array,
		message: Uint8Array,
		signature: Uint8Array,
	): Promise<boolean> => {
		const key = await subtle.importKey('raw', copyBytes(publicKey) as Uint8Array<ArrayBuffer>, curve, false, ['verify']);
		return subtle.verify(
			algorithm,
			key as never,
			copyBytes(signature) as Uint8Array<ArrayBuffer>,
			copyBytes(message) as Uint8Array<ArrayBuffer>,
		);
	};
	const ed25519 = {name: 'Ed25519'};
	const verifySignature: VerifySignature = (publicKey, message, signature) => verify(ed25519, ed25519, publicKey, message, signature);
	return {
		verifySignature,
		verifyDeviceSignature: async (key, message, signature) => {
			if (key.type === 'ed25519') return verifySignature(key.bytes, message, signature);
			if (key.type === 'secp256k1') return undefined;
			// Not every browser unfolds a compressed point.
			const point = uncompressedKey(key);
			if (point === undefined) return false;
			return verify({name: 'ECDSA', namedCurve: 'P-256'}, {name: 'ECDSA', hash: 'SHA-256'}, point, message, signature);
		},
	};
}
