// The public key of a device: its types, its text in configs and on the command line, its thumbprint.

import {concatBytes, fromBase64, toBase64, toHex} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {isEdwardsPoint, p256, secp256k1, uncompressedPoint} from './curve-point.ts';
import {tags} from './tags.ts';

/** Ed25519 [RFC 8032]; ECDSA over P-256 or secp256k1 with SHA-256. */
export type KeyType = 'ed25519' | 'p256' | 'secp256k1';

export type DeviceKey = {
	readonly type: KeyType;
	/** Ed25519: 32 bytes [RFC 8032 §5.1.5]. Else the compressed point, 33 bytes [SEC 1 §2.3.3]. */
	readonly bytes: Uint8Array;
};

/** In the order of their codes, which stand in arrivals and never change. */
const keyTypes: readonly KeyType[] = ['ed25519', 'p256', 'secp256k1'];

/** 1 to 3. */
export function keyTypeCode(type: KeyType): number {
	return 1 + keyTypes.indexOf(type);
}

export function keyTypeOfCode(code: number): KeyType | undefined {
	return keyTypes[code - 1];
}

export function keyLength(type: KeyType): number {
	return type === 'ed25519' ? 32 : 33;
}

/** Ed25519: R and S [RFC 8032 §5.1.6]. Else r and s, 32 bytes each [RFC 7518 §3.4]. */
export const deviceSignatureLength = 64;

/** Checks a signature of 64 bytes; undefined where the type cannot be checked, as secp256k1 in browsers. It may throw or reject, which fails the signature. */
export type VerifyDeviceSignature = (
	key: DeviceKey,
	message: Uint8Array,
	signature: Uint8Array,
) => boolean | undefined | Promise<boolean | undefined>;

/** `ed25519:BASE64`, `p256:BASE64` or `secp256k1:BASE64` */
export function formatDeviceKey({type, bytes}: DeviceKey): string {
	return `${type}:${toBase64(bytes)}`;
}

/** The reverse; a sentence if it is no key, or one that does not lie on its curve. Costs about half a millisecond of arithmetic. */
export function parseDeviceKey(text: string): DeviceKey | {readonly problem: string} {
	const colon = text.indexOf(':');
	const name = text.slice(0, Math.max(colon, 0));
	const type = keyTypes.find(one => one === name);
	if (type === undefined) return {problem: `a device key begins with ${keyTypes.map(one => `${one}:`).join(', ')}`};
	const bytes = fromBase64(text.slice(colon + 1));
	if (bytes === undefined) return {problem: 'what follows the colon is not base64'};
	const key = {type, bytes};
	const problem = deviceKeyProblem(key);
	return problem === undefined ? key : {problem};
}

/** Why the bytes are no public key of their type; undefined if they are. */
export function deviceKeyProblem({type, bytes}: DeviceKey): string | undefined {
	if (bytes.length !== keyLength(type)) return `a public key of type ${type} has ${keyLength(type)} bytes, this one has ${bytes.length}`;
	const isPoint = type === 'ed25519' ? isEdwardsPoint(bytes) : uncompressedKey({type, bytes}) !== undefined;
	return isPoint ? undefined : `the bytes are no point of ${type} that can be a key`;
}

/** 0x04, x and y of a key that is no Ed25519 key; undefined if it lies on no curve. */
export function uncompressedKey({type, bytes}: DeviceKey): Uint8Array | undefined {
	return type === 'ed25519' ? undefined : uncompressedPoint(type === 'p256' ? p256 : secp256k1, bytes);
}

/** Lower-case hexadecimal of SHA-256(tag ‖ code of the type ‖ key): the short name of a key. */
export function deviceKeyThumbprint(hasher: Hasher, {type, bytes}: DeviceKey): string {
	return toHex(hasher.sha256(concatBytes(tags.deviceKey, Uint8Array.of(keyTypeCode(type)), bytes)));
}
