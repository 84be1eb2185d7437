// Makes devices sign what they send, in each of the forms, with keys that the seed fixes.

import {createHash} from 'node:crypto';
import {toBase64, toBase64Url, utf8} from '../agent/base/bytes.ts';
import {createDeviceSigner, type DeviceSigner} from '../agent/base/device-signature.ts';
import {sigStructure, writeCoseSign1} from '../agent/format/cose.ts';
import type {DeviceKey, KeyType} from '../agent/format/device-key.ts';

export type SimSignedForm = 'jws' | 'jws-detached' | 'cose' | 'plain';
export const simSignedForms: readonly SimSignedForm[] = ['jws', 'jws-detached', 'cose', 'plain'];

export type SimSigner = {
	readonly key: DeviceKey;
	readonly sign: (payload: string | Uint8Array) => string | Uint8Array;
};

const joseNames = {ed25519: 'EdDSA', p256: 'ES256', secp256k1: 'ES256K'} as const;
/** Protected headers {1: alg} with −8, −7 and −47 [RFC 9053 §2, RFC 8812 §3.1], in bytes that were put together by hand. */
const coseHeaders = {
	ed25519: Uint8Array.of(0xa1, 0x01, 0x27),
	p256: Uint8Array.of(0xa1, 0x01, 0x26),
	secp256k1: Uint8Array.of(0xa1, 0x01, 0x38, 0x2e),
} as const;

export type SimSigning = {
	readonly form: SimSignedForm;
	/** @default ed25519 */
	readonly keyType?: KeyType;
	/** Another number is another key of the same device. @default 1 */
	readonly keyNumber?: number;
};

/** A signer of a device: the same seed, device and number give the same key. Never for anything but simulation: whoever knows the seed has the key. */
export function createSimSigner(seed: string, deviceId: string, {form, keyType = 'ed25519', keyNumber = 1}: SimSigning): SimSigner {
	const secret = createHash('sha256').update(`kedge sim key\0${seed}\0${deviceId}\0${keyType}\0${keyNumber}`).digest();
	const signer = createDeviceSigner(keyType, secret);
	return {key: signer.publicKey, sign: payload => writers[form](signer, typeof payload === 'string' ? utf8(payload) : payload)};
}

const writers: Readonly<Record<SimSignedForm, (signer: DeviceSigner, payload: Uint8Array) => string | Uint8Array>> = {
	jws: (signer, payload) => {
		const signed = `${joseHeader(signer)}.${toBase64Url(payload)}`;
		return `${signed}.${toBase64Url(signer.sign(utf8(signed)))}`;
	},
	'jws-detached': (signer, payload) => {
		const header = joseHeader(signer);
		const signature = toBase64Url(signer.sign(utf8(`${header}.${toBase64Url(payload)}`)));
		return JSON.stringify({payload: textOf(payload), jws: `${header}..${signature}`});
	},
	cose: (signer, payload) => {
		const header = coseHeaders[signer.publicKey.type];
		return writeCoseSign1(header, payload, signer.sign(sigStructure(header, payload)));
	},
	plain: (signer, payload) => JSON.stringify({payload: textOf(payload), sig: toBase64(signer.sign(payload))}),
};

function joseHeader({publicKey}: DeviceSigner): string {
	return toBase64Url(utf8(JSON.stringify({alg: joseNames[publicKey.type]})));
}

/** What goes into a JSON text must be text. */
function textOf(payload: Uint8Array): string {
	return new TextDecoder('utf-8', {fatal: true}).decode(payload);
}
