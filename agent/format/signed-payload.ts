// Takes a signed payload apart into what is signed, the signature, and the payload inside. Whether the signature is good is not its business.

import {concatBytes, fromBase64, fromBase64UrlBytes, fromHex, fromUtf8, utf8} from '../base/bytes.ts';
import {coseLabels, looksLikeCose, readCoseSign1} from './cose.ts';
import {deviceSignatureLength, type KeyType} from './device-key.ts';
import {readStrictObject, type StrictJson} from './strict-json.ts';

/**
 * jws: compact, `header.payload.signature` [RFC 7515 §7.1]. jws-detached: `{"payload": text, "jws": "header..signature"}` [RFC 7515 App. F], with `b64: false` too [RFC 7797].
 * cose: COSE_Sign1 with its payload inside [RFC 9052 §4.2]. plain: `{"payload": text, "sig": base64 or base64url}`, over the UTF-8 bytes of the text and nothing else.
 * ocmf: `OCMF|payload|signature section`, a signed record of a charging station, or a JSON string of one; over the payload section as it stands.
 *
 * What is signed holds neither topic nor time of arrival. So whoever has an old message of a device can send it again, and with plain, which has no tag of its own in front, a
 * text that the device signed for another purpose counts as a payload: a device MUST use its key for nothing else, and put a sequence or a time into what it signs, by which a
 * repeat is known. No text that one form signs is taken for the payload of another: a JWS signs `header.payload`, which no decoder reads, a COSE_Sign1 what is no text, and
 * an OCMF record counts as plain only where the device is not bound to its form.
 */
export type SignedForm = 'jws' | 'jws-detached' | 'cose' | 'plain' | 'ocmf';

/** In the order of their codes, which stand in arrivals and never change. */
export const signedForms: readonly SignedForm[] = ['jws', 'jws-detached', 'cose', 'plain', 'ocmf'];

export type SignedPayload = {
	readonly form: SignedForm;
	/** The type of key that the named algorithm takes; undefined where the form names none, and the key decides. */
	readonly keyType: KeyType | undefined;
	/** What the message calls its key; often unsigned, and never a reason to trust it. COSE: lower-case hexadecimal. */
	readonly keyId: string | undefined;
	readonly signedBytes: Uint8Array;
	/** 64 bytes: Ed25519's own, or r and s. */
	readonly signature: Uint8Array;
	/** What the decoder gets. OCMF: the whole text, out of its quotes. */
	readonly payload: Uint8Array;
};

/** isSigned: it has one of the forms, and something in it is wrong. Else it has none of them. */
export type NotOpened = {readonly problem: string; readonly isSigned: boolean};

/** Longer ones are not taken apart: the largest packet that the agent can be told to take. */
export const signedPayloadLengthMax = 1_048_576;
const headerLengthMax = 4096;
const keyIdLengthMax = 256;

const dot = 0x2e;
const ocmfPrefix = utf8('OCMF|');
const ocmfQuotedPrefix = utf8('"OCMF|');

/** Finds the form by itself: no two begin alike. Never throws. */
export function openSignedPayload(bytes: Uint8Array): SignedPayload | NotOpened {
	if (bytes.length > signedPayloadLengthMax) return {problem: `it is longer than ${signedPayloadLengthMax} bytes`, isSigned: false};
	if (startsWith(bytes, ocmfPrefix)) return openOcmf(bytes);
	if (startsWith(bytes, ocmfQuotedPrefix)) return openQuotedOcmf(bytes);
	if (looksLikeCose(bytes)) return openCose(bytes);
	// {, or white space in front of it.
	if (bytes[0] === 0x7b || bytes[0]! <= 0x20) return openObject(bytes);
	return openCompact(bytes);
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
	return prefix.every((byte, i) => bytes[i] === byte);
}

const broken = (problem: string): NotOpened => ({problem, isSigned: true});
const unsigned: NotOpened = {problem: 'it has none of the forms of a signed payload', isSigned: false};

/** Algorithms of JOSE that we take [RFC 7518 §3.1; RFC 8037 §3.1; RFC 8812 §3.2; RFC 9864 §2.2]. `none` is not one. */
const joseAlgorithms: ReadonlyMap<string, KeyType> = new Map([
	['EdDSA', 'ed25519'],
	['Ed25519', 'ed25519'],
	['ES256', 'p256'],
	['ES256K', 'secp256k1'],
]);

/** The same of COSE [RFC 9053 §2; RFC 8812 §3.1; RFC 9864 §2]: EdDSA, ES256, ES256K, ESP256, Ed25519. */
const coseAlgorithms: ReadonlyMap<unknown, KeyType> = new Map([
	[-8, 'ed25519'],
	[-7, 'p256'],
	[-47, 'secp256k1'],
	[-9, 'p256'],
	[-19, 'ed25519'],
]);

type JoseHeader = {readonly keyType: KeyType; readonly keyId: string | undefined; readonly isEncoded: boolean};

/** A device's header is the same in every message, so those read last are kept. */
const joseHeaders = new Map<string, JoseHeader | NotOpened>();
const joseHeadersMax = 256;

function readJoseHeader(encoded: Uint8Array): JoseHeader | NotOpened {
	if (encoded.length > headerLengthMax) return broken(`its header is longer than ${headerLengthMax} characters`);
	const name = fromUtf8(encoded);
	if (name === undefined) return broken('its header is not base64url');
	let header = joseHeaders.get(name);
	if (header === undefined) {
		header = parseJoseHeader(encoded);
		if (joseHeaders.size >= joseHeadersMax) joseHeaders.delete(joseHeaders.keys().next().value!);
		joseHeaders.set(name, header);
	}
	return header;
}

function parseJoseHeader(encoded: Uint8Array): JoseHeader | NotOpened {
	const bytes = fromBase64UrlBytes(encoded);
	if (bytes === undefined) return broken('its header is not base64url');
	const text = fromUtf8(bytes);
	const members = text === undefined ? undefined : readStrictObject(text);
	if (members === undefined) return broken('its header is no JSON object, or has a member twice');
	const algorithm = members.get('alg');
	const keyType = typeof algorithm === 'string' ? joseAlgorithms.get(algorithm) : undefined;
	if (keyType === undefined) return broken(`its algorithm ${shown(algorithm)} is none of ${[...joseAlgorithms.keys()].join(', ')}`);
	const keyId = members.get('kid');
	if (keyId !== undefined && (typeof keyId !== 'string' || keyId.length > keyIdLengthMax)) return broken('its kid is no short text');
	const critical = members.get('crit');
	const named = Array.isArray(critical) ? (critical as readonly StrictJson[]) : undefined;
	// b64 is the only extension that is understood here; one that is not MUST be refused [RFC 7515 §4.1.11].
	if (critical !== undefined && (named?.length !== 1 || named[0] !== 'b64')) return broken(`its crit ${shown(critical)} is not understood`);
	const isEncoded = members.get('b64') ?? true;
	if (typeof isEncoded !== 'boolean') return broken('its b64 is neither true nor false');
	// [RFC 7797 §6]
	if (members.has('b64') !== (critical !== undefined)) return broken('its b64 and its crit do not belong together');
	return {keyType, keyId, isEncoded};
}

function openCompact(bytes: Uint8Array): SignedPayload | NotOpened {
	const first = bytes.indexOf(dot);
	const second = bytes.indexOf(dot, first + 1);
	// Headers are objects: their base64url begins with that of `{` and a quote, or of `{` and white space.
	if (first < 1 || second < 0 || bytes[0] !== 0x65) return unsigned;
	const header = readJoseHeader(bytes.subarray(0, first));
	if ('problem' in header) return header;
	// Unencoded, the payload could not stand here without rules of its own [RFC 7797 §5.2].
	if (!header.isEncoded) return broken('its payload is not encoded, which only a detached one may be');
	if (second === first + 1) return broken('its payload is somewhere else');
	const payload = fromBase64UrlBytes(bytes.subarray(first + 1, second));
	if (payload === undefined) return broken('its payload is not base64url');
	const signature = fromBase64UrlBytes(bytes.subarray(second + 1));
	if (signature?.length !== deviceSignatureLength) return broken(`its signature is no base64url of ${deviceSignatureLength} bytes`);
	return {form: 'jws', keyType: header.keyType, keyId: header.keyId, signedBytes: bytes.subarray(0, second), signature, payload};
}

function openObject(bytes: Uint8Array): SignedPayload | NotOpened {
	const text = fromUtf8(bytes);
	if (text === undefined) return unsigned;
	const members = readStrictObject(text);
	// A reading that is not signed is larger than what is read here; one that is has nothing but these.
	if (members === undefined) return {...unsigned, isSigned: /"payload"\s*:/.test(text) && /"(?:sig|jws)"\s*:/.test(text)};
	const isDetached = members.has('jws');
	const payload = members.get('payload');
	// `sig` alone may be the strength of a signal.
	if (payload === undefined || (!isDetached && !members.has('sig'))) return unsigned;
	if (typeof payload !== 'string') return broken('its payload is no text');
	for (const key of members.keys())
		if (key !== 'payload' && (isDetached ? key !== 'jws' : key !== 'sig' && key !== 'alg'))
			return broken(`it has a member ${shown(key)}, which a signed payload has not`);
	return isDetached ? openDetached(payload, members.get('jws')!) : openPlain(payload, members.get('sig')!, members.get('alg'));
}

function openDetached(payload: string, jws: StrictJson): SignedPayload | NotOpened {
	const bytes = typeof jws === 'string' ? utf8(jws) : undefined;
	const first = bytes?.indexOf(dot) ?? -1;
	if (bytes === undefined || first < 1 || bytes[first + 1] !== dot) return broken('its jws is not header..signature');
	const header = readJoseHeader(bytes.subarray(0, first));
	if ('problem' in header) return header;
	const signature = fromBase64UrlBytes(bytes.subarray(first + 2));
	if (signature?.length !== deviceSignatureLength) return broken(`its signature is no base64url of ${deviceSignatureLength} bytes`);
	const inside = utf8(payload);
	const signedBytes = concatBytes(bytes.subarray(0, first + 1), header.isEncoded ? base64UrlBytes(inside) : inside);
	return {form: 'jws-detached', keyType: header.keyType, keyId: header.keyId, signedBytes, signature, payload: inside};
}

function openPlain(payload: string, sig: StrictJson, algorithm: StrictJson | undefined): SignedPayload | NotOpened {
	const keyType = typeof algorithm === 'string' ? joseAlgorithms.get(algorithm) : undefined;
	if (algorithm !== undefined && keyType === undefined)
		return broken(`its algorithm ${shown(algorithm)} is none of ${[...joseAlgorithms.keys()].join(', ')}`);
	const given = typeof sig === 'string' ? (fromBase64(sig) ?? fromBase64UrlBytes(utf8(sig))) : undefined;
	const signature = given?.length === deviceSignatureLength ? given : given && fromDer(given);
	if (signature === undefined) return broken(`its sig is no base64 of ${deviceSignatureLength} bytes, or of an ECDSA signature in DER`);
	const inside = utf8(payload);
	return {form: 'plain', keyType, keyId: undefined, signedBytes: inside, signature, payload: inside};
}

function openCose(bytes: Uint8Array): SignedPayload | NotOpened {
	const message = readCoseSign1(bytes);
	// A list of four that begins with a byte string can be something else as well.
	if ('problem' in message) return {problem: message.problem, isSigned: bytes[0] === 0xd2};
	const {protectedHeader, unprotectedHeader, payload, signature, signedBytes} = message;
	const algorithm = protectedHeader.get(coseLabels.algorithm);
	const keyType = coseAlgorithms.get(algorithm);
	if (keyType === undefined)
		return broken(`its algorithm ${String(algorithm)} is none of ${[...coseAlgorithms.keys()].join(', ')}, or is not protected`);
	// What is not signed can say nothing. A kid may stand there, as senders put it; nobody heeds it.
	for (const label of unprotectedHeader.keys())
		if (label !== coseLabels.keyId) return broken(`its unprotected header has label ${String(label)}`);
	const critical = protectedHeader.get(coseLabels.critical);
	const understood: readonly unknown[] = [coseLabels.algorithm, coseLabels.contentType, coseLabels.keyId];
	const isUnderstood = (label: unknown): boolean => understood.includes(label) && protectedHeader.has(label as number);
	// [RFC 9052 §3.1: crit]
	if (protectedHeader.has(coseLabels.critical) && !(Array.isArray(critical) && critical.length > 0 && critical.every(isUnderstood)))
		return broken('its crit is not understood');
	if (signature.length !== deviceSignatureLength) return broken(`its signature has ${signature.length} bytes`);
	const keyId = protectedHeader.get(coseLabels.keyId) ?? unprotectedHeader.get(coseLabels.keyId);
	if (keyId !== undefined && (!(keyId instanceof Uint8Array) || keyId.length > keyIdLengthMax))
		return broken('its kid is no short byte string');
	return {form: 'cose', keyType, keyId: keyId && hexOf(keyId as Uint8Array), signedBytes, signature, payload};
}

/** Of the algorithms of OCMF [OCMF 1.2, table 22] those over curves that a device key can be of. */
const ocmfAlgorithms: ReadonlyMap<string, KeyType> = new Map([
	['ECDSA-secp256r1-SHA256', 'p256'],
	['ECDSA-secp256k1-SHA256', 'secp256k1'],
]);
const pipe = 0x7c;

function openOcmf(bytes: Uint8Array): SignedPayload | NotOpened {
	const begin = ocmfPrefix.length;
	const end = bytes.indexOf(pipe, begin);
	// With a third one, two readers could cut in two places.
	if (end < 0 || bytes.indexOf(pipe, end + 1) >= 0) return broken('it is not OCMF|payload|signature');
	const text = fromUtf8(bytes.subarray(end + 1));
	const members = text === undefined ? undefined : readStrictObject(text);
	if (members === undefined) return broken('its signature section is no JSON object, or has a member twice');
	// KNOWN GAP: the letters that OCMF reserves for others' members are not taken. Nothing signs them, and a damaged SA would pass for one.
	for (const key of members.keys())
		if (!['SA', 'SE', 'SM', 'SD'].includes(key)) return broken(`its signature section has a member ${shown(key)}`);
	const {algorithm, encoding, mime} = {
		algorithm: members.get('SA') ?? 'ECDSA-secp256r1-SHA256',
		encoding: members.get('SE') ?? 'hex',
		mime: members.get('SM') ?? 'application/x-der',
	};
	const keyType = typeof algorithm === 'string' ? ocmfAlgorithms.get(algorithm) : undefined;
	if (keyType === undefined) return broken(`its algorithm ${shown(algorithm)} is none of ${[...ocmfAlgorithms.keys()].join(', ')}`);
	if (mime !== 'application/x-der') return broken(`its signature is of type ${shown(mime)}`);
	const data = members.get('SD');
	const der =
		typeof data !== 'string' ? undefined : encoding === 'hex' ? fromEitherHex(data) : encoding === 'base64' ? fromBase64(data) : undefined;
	const signature = der && fromDer(der);
	if (signature === undefined) return broken('its signature is no hex or base64 of an ECDSA signature in DER');
	return {form: 'ocmf', keyType, keyId: undefined, signedBytes: bytes.subarray(begin, end), signature, payload: bytes};
}

/** A record that a gateway put into a JSON string. What is in the string goes on: two readers of escapes could read two records. */
function openQuotedOcmf(bytes: Uint8Array): SignedPayload | NotOpened {
	const text = fromUtf8(bytes);
	const members = text === undefined ? undefined : readStrictObject(`{"record":${text}}`);
	const record = members?.size === 1 ? members.get('record') : undefined;
	return typeof record === 'string' ? openOcmf(utf8(record)) : broken('it is no JSON string of an OCMF record');
}

/** Hexadecimal in one case: mixed, one signature would have many texts. */
function fromEitherHex(text: string): Uint8Array | undefined {
	return fromHex(/^[0-9A-F]*$/.test(text) ? text.toLowerCase() : text);
}

/** r and s, 32 bytes each, of an ECDSA-Sig-Value [RFC 3279 §2.2.3] in DER: shortest lengths, no superfluous zeros, nothing behind it. undefined if it is anything else. */
export function fromDer(der: Uint8Array): Uint8Array | undefined {
	if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) return undefined;
	const signature = new Uint8Array(deviceSignatureLength);
	let at = 2;
	for (const end of [32, 64]) {
		const length = der[at + 1] ?? 0;
		const next = at + 2 + length;
		if (der[at] !== 0x02 || length === 0 || next > der.length) return undefined;
		const first = der[at + 2]!;
		if (first >= 0x80) return undefined;
		if (first === 0 && length > 1 && der[at + 3]! < 0x80) return undefined;
		const digits = der.subarray(first === 0 ? at + 3 : at + 2, next);
		if (digits.length > 32) return undefined;
		signature.set(digits, end - digits.length);
		at = next;
	}
	return at === der.length ? signature : undefined;
}

const base64UrlDigits = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** [RFC 4648 §5] without padding, as the ASCII bytes that are signed. */
function base64UrlBytes(bytes: Uint8Array): Uint8Array {
	const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
	for (let [at, i] = [0, 0]; i < bytes.length; i += 3) {
		const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		for (let shift = 18; shift >= 0 && at < text.length; shift -= 6, at += 1) text[at] = base64UrlDigits[(bits >> shift) & 63]!;
	}
	return text;
}

function hexOf(bytes: Uint8Array): string {
	return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

function shown(value: StrictJson | undefined): string {
	return value === undefined ? 'missing' : typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : 'of another type';
}
