// Checks and makes signatures of devices through Node's own OpenSSL, on its threads where many come: Ed25519, and ECDSA with SHA-256 over P-256 and secp256k1.

import {createECDH, createPrivateKey, createPublicKey, type KeyObject, sign as signNode, verify as verifyNode} from 'node:crypto';
import {concatBytes, fromHex} from './bytes.ts';

/** As format/device-key.ts has it: an Ed25519 key of 32 bytes, or a compressed point of 33. */
export type PublicKey = {readonly type: 'ed25519' | 'p256' | 'secp256k1'; readonly bytes: Uint8Array};

const signatureLength = 64;

/** DER in front of a key, the same for every key of its type [RFC 8410 §4; RFC 5480 §2]: with a compressed point behind it, OpenSSL unfolds it and looks whether it is on the curve. */
const publicPrefixes = {
	ed25519: fromHex('302a300506032b6570032100')!,
	p256: fromHex('3039301306072a8648ce3d020106082a8648ce3d030107032200')!,
	secp256k1: fromHex('3036301006072a8648ce3d020106052b8104000a032200')!,
} as const;
const keyLengths = {ed25519: 32, p256: 33, secp256k1: 33} as const;

/** As long as a key lives its object does too: making one costs as much as a signature. */
const keyObjects = new WeakMap<PublicKey, {readonly object: KeyObject | undefined}>();

function keyObjectOf(key: PublicKey): KeyObject | undefined {
	let known = keyObjects.get(key);
	if (known === undefined) {
		known = {object: makeKeyObject(key)};
		keyObjects.set(key, known);
	}
	return known.object;
}

function makeKeyObject({type, bytes}: PublicKey): KeyObject | undefined {
	if (bytes.length !== keyLengths[type]) return undefined;
	try {
		return createPublicKey({key: Buffer.from(concatBytes(publicPrefixes[type], bytes)), format: 'der', type: 'spki'});
	} catch {
		return undefined;
	}
}

/** As `dsaEncoding` has r and s in 64 bytes [RFC 7518 §3.4]; Ed25519 has no choice of a hash. */
const digestOf = (type: PublicKey['type']): string | null => (type === 'ed25519' ? null : 'sha256');

/**
 * True if the 64 bytes are the key's signature over the message. Whatever the bytes are, it never throws. An ECDSA signature (r, s) is as good as (r, n−s), which anybody can
 * make of it: so nothing may know a message by its signature. A repeat is judged by key and value.
 */
export function verifyDeviceSignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
	const object = signature.length === signatureLength ? keyObjectOf(key) : undefined;
	if (object === undefined) return false;
	try {
		return verifyNode(digestOf(key.type), message, {key: object, dsaEncoding: 'ieee-p1363'}, signature);
	} catch {
		return false;
	}
}

/** The same on a thread of Node's pool; `done` is called later, never before this returns. The bytes are copied. */
export function verifyDeviceSignatureAside(
	key: PublicKey,
	message: Uint8Array,
	signature: Uint8Array,
	done: (isGood: boolean) => void,
): void {
	const object = signature.length === signatureLength ? keyObjectOf(key) : undefined;
	if (object === undefined) {
		setImmediate(done, false);
		return;
	}
	verifyNode(digestOf(key.type), message, {key: object, dsaEncoding: 'ieee-p1363'}, signature, (failure, isGood) =>
		done(failure === null && isGood),
	);
}

const pemLengthMax = 4096;

/** A public key from `-----BEGIN PUBLIC KEY-----` [RFC 7468 §13]; undefined if it is another text, or a key of another type. A private key is not taken. */
export function publicKeyFromPem(pem: string): PublicKey | undefined {
	const text = pem.trim();
	const isOne = text.startsWith('-----BEGIN PUBLIC KEY-----') && text.endsWith('-----END PUBLIC KEY-----');
	if (!isOne || text.length > pemLengthMax || text.indexOf('-----BEGIN', 1) >= 0) return undefined;
	let object: KeyObject;
	try {
		object = createPublicKey({key: text, format: 'pem'});
	} catch {
		return undefined;
	}
	const der = object.export({format: 'der', type: 'spki'});
	if (object.asymmetricKeyType === 'ed25519') return {type: 'ed25519', bytes: new Uint8Array(der.subarray(-32))};
	const curve = object.asymmetricKeyDetails?.namedCurve;
	const type = curve === 'prime256v1' ? 'p256' : curve === 'secp256k1' ? 'secp256k1' : undefined;
	if (object.asymmetricKeyType !== 'ec' || type === undefined) return undefined;
	const {x, y} = object.export({format: 'jwk'});
	const yLast = Buffer.from(y!, 'base64url').at(-1)!;
	return {type, bytes: concatBytes(Uint8Array.of(2 + (yLast & 1)), new Uint8Array(Buffer.from(x!, 'base64url')))};
}

export type DeviceSigner = {
	readonly publicKey: PublicKey;
	/** 64 bytes. ECDSA: another signature each time. */
	readonly sign: (message: Uint8Array) => Uint8Array;
};

const curveNames = {p256: 'prime256v1', secp256k1: 'secp256k1'} as const;
/** DER around a private key of 32 bytes [RFC 8410 §7; RFC 5915 §3 in RFC 5208]. */
const privatePrefixes = {
	ed25519: fromHex('302e020100300506032b657004220420')!,
	p256: fromHex('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420')!,
	secp256k1: fromHex('303e020100301006072a8648ce3d020106052b8104000a042730250201010420')!,
} as const;

/** A signer for a secret key of 32 bytes; a RangeError if it is none. */
export function createDeviceSigner(type: PublicKey['type'], secret: Uint8Array): DeviceSigner {
	if (secret.length !== 32) throw new RangeError(`a secret key has 32 bytes, this one has ${secret.length}`);
	let bytes: Uint8Array;
	if (type === 'ed25519') bytes = new Uint8Array(0);
	else {
		const curve = createECDH(curveNames[type]);
		try {
			curve.setPrivateKey(secret);
		} catch (cause) {
			throw new RangeError(`the 32 bytes are no secret key of ${type}`, {cause});
		}
		bytes = new Uint8Array(curve.getPublicKey(null, 'compressed'));
	}
	const key = createPrivateKey({key: Buffer.from(concatBytes(privatePrefixes[type], secret)), format: 'der', type: 'pkcs8'});
	if (type === 'ed25519') bytes = new Uint8Array(createPublicKey(key).export({format: 'der', type: 'spki'}).subarray(-32));
	return {
		publicKey: {type, bytes},
		sign: message => new Uint8Array(signNode(digestOf(type), message, {key, dsaEncoding: 'ieee-p1363'})),
	};
}
