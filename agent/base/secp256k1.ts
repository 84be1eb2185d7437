// Recovers who signed a digest as the EVM does, and signs digests, over secp256k1.

import {pointFromScalar, recover, signRecoverable} from 'tiny-secp256k1';
import {keccak256} from './hash.ts';

/** r, s and v, one behind the other. */
export const signatureLength = 65;

/** Half the order of the curve, rounded down: a greater s is the mirror image of a lower one. [EIP-2 §2] */
const halfOrder = Uint8Array.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0'.match(/../g)!, pair =>
	Number.parseInt(pair, 16),
);

/**
 * The 20 bytes of the address that signed `digest`; undefined if these are no signature. Of the two signatures that each one can be turned into without the key only
 * that with the lower s counts, and v is 27 or 28, so that no second text stands for the same consent.
 */
export function recoverAddress(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
	if (digest.length !== 32 || signature.length !== signatureLength) return undefined;
	const v = signature[64]!;
	if (v !== 27 && v !== 28) return undefined;
	// Below the half nothing reaches the order; r is the library's to judge, which refuses zeros and what is not on the curve.
	for (let i = 0; i < 32; i += 1) {
		const difference = signature[32 + i]! - halfOrder[i]!;
		if (difference > 0) return undefined;
		if (difference < 0) break;
	}
	let point: Uint8Array | null;
	try {
		point = recover(digest, signature.subarray(0, 64), v === 27 ? 0 : 1);
	} catch {
		return undefined;
	}
	return point === null ? undefined : addressOf(point);
}

/** A key that signs; its address is what others know it by. */
export type Signer = {
	readonly address: Uint8Array;
	/** 65 bytes that recoverAddress takes. The same digest gives the same bytes: the nonce follows from key and digest. [RFC 6979] */
	readonly sign: (digest: Uint8Array) => Uint8Array;
};

/** undefined if the 32 bytes are no private key. The key is copied: overwriting the caller's does not change the signer. */
export function createSigner(privateKey: Uint8Array): Signer | undefined {
	const key = Uint8Array.from(privateKey);
	let point: Uint8Array | null;
	try {
		point = pointFromScalar(key, false);
	} catch {
		return undefined;
	}
	if (point === null) return undefined;
	return {
		address: addressOf(point),
		sign: digest => {
			const {signature, recoveryId} = signRecoverable(digest, key);
			const bytes = new Uint8Array(signatureLength);
			bytes.set(signature);
			// 2 and 3 would need an r that one nonce in 2^127 gives; contracts cannot recover those.
			bytes[64] = 27 + (recoveryId & 1);
			return bytes;
		},
	};
}

/** The last twenty bytes of keccak256 over the point's coordinates. */
function addressOf(point: Uint8Array): Uint8Array {
	return keccak256(point.subarray(1)).slice(12);
}
