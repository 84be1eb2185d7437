// Reads X.509 certificates as far as time stamping needs them, and checks signatures by their keys through Web Crypto [RFC 5280].

import {concatBytes, copyBytes, equalBytes} from '../base/bytes.ts';
import {type Der, derError, derTags, expectTag, fieldsIn, oidText, parseDer, reading, smallNumber, textOf, timeMs} from './der.ts';

/** What is used of `crypto.subtle`. */
export type Subtle = {
	readonly digest: (algorithm: string, bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>;
	readonly importKey: (
		format: 'spki',
		bytes: Uint8Array<ArrayBuffer>,
		algorithm: {readonly name: string; readonly hash?: string; readonly namedCurve?: string},
		extractable: boolean,
		usages: 'verify'[],
	) => Promise<object>;
	readonly verify: (
		algorithm: {readonly name: string; readonly hash?: string; readonly saltLength?: number},
		key: never,
		signature: Uint8Array<ArrayBuffer>,
		message: Uint8Array<ArrayBuffer>,
	) => Promise<boolean>;
};

export type Certificate = {
	readonly bytes: Uint8Array;
	/** What its issuer signed. */
	readonly signedBytes: Uint8Array;
	/** The number's bytes, as they stand there. */
	readonly serial: Uint8Array;
	/** DER of the name. Names are the same where their bytes are. */
	readonly issuer: Uint8Array;
	readonly subject: Uint8Array;
	/** For people: `CN=Clock 1, O=Harbour`. */
	readonly subjectText: string;
	readonly notBeforeMs: number;
	/** The last ms of it. */
	readonly notAfterMs: number;
	/** SubjectPublicKeyInfo. */
	readonly key: Der;
	readonly signatureAlgorithm: Der;
	readonly signature: Uint8Array;
	readonly isCa: boolean;
	/** How many CAs may stand between it and the signer; undefined without a bound. */
	readonly pathLengthMax: number | undefined;
	/** The first byte of the bits; undefined where every use is allowed. */
	readonly keyUsage: number | undefined;
	/** The purposes that its key is for; undefined where it is for any. */
	readonly purposes: {readonly isCritical: boolean; readonly oids: readonly string[]} | undefined;
	readonly subjectKeyId: Uint8Array | undefined;
	/** Of the key that signed it, as it says itself. */
	readonly authorityKeyId: Uint8Array | undefined;
	/** A critical extension that is not looked at here: the certificate MUST NOT be used [RFC 5280 §4.2]. */
	readonly unknownCritical: string | undefined;
};

/** Bits of the first byte of KeyUsage [RFC 5280 §4.2.1.3]. */
export const keyUsages = {digitalSignature: 0x80, nonRepudiation: 0x40, keyCertSign: 0x04} as const;
export const timeStampingPurpose = '1.3.6.1.5.5.7.3.8';
const anyPurpose = '2.5.29.37.0';

const certificateLengthMax = 16_384;
const extensionsMax = 64;
const nameParts: Readonly<Record<string, string>> = {
	'2.5.4.3': 'CN',
	'2.5.4.5': 'serialNumber',
	'2.5.4.6': 'C',
	'2.5.4.7': 'L',
	'2.5.4.8': 'ST',
	'2.5.4.10': 'O',
	'2.5.4.11': 'OU',
	'2.5.4.97': 'organizationIdentifier',
};
/** Critical ones that may be passed over: they say under which rules it was issued, what else it is called, and where lists of revoked ones are. */
const harmless = new Set(['2.5.29.14', '2.5.29.17', '2.5.29.18', '2.5.29.31', '2.5.29.32', '2.5.29.35']);

export function parseCertificate(bytes: Uint8Array): {readonly value: Certificate} | {readonly problem: string} {
	if (bytes.length > certificateLengthMax) return {problem: `it has ${bytes.length} bytes; at most ${certificateLengthMax} are read`};
	return reading(() => readCertificate(parseDer(bytes)));
}

/** A certificate from its element. For use below `reading` only. */
export function readCertificate(element: Der): Certificate {
	const outer = fieldsIn(expectTag(element, derTags.sequence, 'certificate'));
	const signed = outer.next(derTags.sequence, 'certificate');
	const signatureAlgorithm = outer.next(derTags.sequence, 'signature algorithm of a certificate');
	const signature = bytesOfBits(outer.next(derTags.bits, 'signature of a certificate'));
	outer.end('certificate');

	const inner = fieldsIn(signed);
	const version = inner.maybe(0xa0);
	if (version !== undefined && smallNumber(expectTag(only(version), derTags.integer, 'version'), 2, 'version') !== 2)
		derError('it has a certificate that is not of version 3');
	const serial = inner.next(derTags.integer, 'serial number').content;
	const sameAlgorithm = inner.next(derTags.sequence, 'signature algorithm of a certificate');
	if (!equalBytes(sameAlgorithm.bytes, signatureAlgorithm.bytes)) derError('it has a certificate with two signature algorithms');
	const issuer = inner.next(derTags.sequence, 'issuer').bytes;
	const validity = fieldsIn(inner.next(derTags.sequence, 'validity'));
	const [notBeforeMs, notAfterMs] = validity.rest().map(time => timeMs(time, 'validity')) as [number | undefined, number | undefined];
	if (notBeforeMs === undefined || notAfterMs === undefined) return derError('it has a certificate without a validity');
	const subject = inner.next(derTags.sequence, 'subject');
	const key = inner.next(derTags.sequence, 'public key');
	inner.maybe(0x81);
	inner.maybe(0x82);
	const extensions = readExtensions(inner.maybe(0xa3));
	inner.end('certificate');
	return {
		bytes: element.bytes,
		signedBytes: signed.bytes,
		serial,
		issuer,
		subject: subject.bytes,
		subjectText: nameText(subject),
		notBeforeMs,
		// Validity ends with the second that is named [RFC 5280 §4.1.2.5].
		notAfterMs: notAfterMs + 999,
		key,
		signatureAlgorithm,
		signature,
		...extensions,
	};
}

type Extensions = Pick<
	Certificate,
	'isCa' | 'pathLengthMax' | 'keyUsage' | 'purposes' | 'subjectKeyId' | 'authorityKeyId' | 'unknownCritical'
>;

function readExtensions(wrapped: Der | undefined): Extensions {
	let found: Extensions = {
		isCa: false,
		pathLengthMax: undefined,
		keyUsage: undefined,
		purposes: undefined,
		subjectKeyId: undefined,
		authorityKeyId: undefined,
		unknownCritical: undefined,
	};
	const list = wrapped === undefined ? [] : expectTag(only(wrapped), derTags.sequence, 'list of extensions').children;
	if (list.length > extensionsMax) derError(`it has a certificate with more than ${extensionsMax} extensions`);
	const seen = new Set<string>();
	for (const extension of list) {
		const {oid, isCritical, value} = readExtension(extension);
		// Two of a kind could mean one thing here and another elsewhere [RFC 5280 §4.2].
		if (seen.has(oid)) derError('it has a certificate with an extension twice');
		seen.add(oid);
		if (oid === '2.5.29.19') {
			const fields = fieldsIn(expectTag(parseDer(value), derTags.sequence, 'basic constraints'));
			const isCa = fields.maybe(derTags.boolean)?.content[0] === 0xff;
			const length = fields.maybe(derTags.integer);
			fields.end('basic constraints');
			found = {...found, isCa, pathLengthMax: length && smallNumber(length, 1000, 'path length')};
		} else if (oid === '2.5.29.15') {
			found = {...found, keyUsage: expectTag(parseDer(value), derTags.bits, 'key usage').content[1] ?? 0};
		} else if (oid === '2.5.29.37') {
			const oids = expectTag(parseDer(value), derTags.sequence, 'list of purposes').children;
			found = {...found, purposes: {isCritical, oids: oids.map(one => oidText(expectTag(one, derTags.oid, 'purpose')))}};
		} else if (oid === '2.5.29.14') {
			found = {...found, subjectKeyId: expectTag(parseDer(value), derTags.octets, 'key identifier').content};
		} else if (oid === '2.5.29.35') {
			found = {...found, authorityKeyId: fieldsIn(expectTag(parseDer(value), derTags.sequence, 'key identifier')).maybe(0x80)?.content};
		} else if (isCritical && !harmless.has(oid)) {
			found = {...found, unknownCritical: oid};
		}
	}
	return found;
}

/** One extension, of a certificate or of a token. For use below `reading` only. */
export function readExtension(element: Der): {readonly oid: string; readonly isCritical: boolean; readonly value: Uint8Array} {
	const fields = fieldsIn(expectTag(element, derTags.sequence, 'extension'));
	const oid = oidText(fields.next(derTags.oid, 'name of an extension'));
	const isCritical = fields.maybe(derTags.boolean)?.content[0] === 0xff;
	const value = fields.next(derTags.octets, 'value of an extension').content;
	fields.end('extension');
	return {oid, isCritical, value};
}

/** The one element inside. For use below `reading` only. */
export function only(element: Der): Der {
	const [one, ...more] = element.children;
	return one !== undefined && more.length === 0 ? one : derError('it has a wrapping with not exactly one element inside');
}

function bytesOfBits({content}: Der): Uint8Array {
	return content[0] === 0 ? content.subarray(1) : derError('it has a signature or key that is not whole bytes');
}

function nameText(name: Der): string {
	const parts = name.children.flatMap(set =>
		set.children.map(part => {
			const fields = fieldsIn(part);
			const oid = oidText(fields.next(derTags.oid, 'part of a name'));
			const [value] = fields.rest();
			return `${nameParts[oid] ?? oid}=${(value && textOf(value)) ?? '?'}`;
		}),
	);
	return parts.slice(0, 16).join(', ') || 'a certificate without a name';
}

/** Web Crypto's name of a hash by its object identifier. */
export const hashNames: Readonly<Record<string, 'SHA-256' | 'SHA-384' | 'SHA-512'>> = {
	'2.16.840.1.101.3.4.2.1': 'SHA-256',
	'2.16.840.1.101.3.4.2.2': 'SHA-384',
	'2.16.840.1.101.3.4.2.3': 'SHA-512',
};

export type HashName = 'SHA-256' | 'SHA-384' | 'SHA-512';

/** The object identifier of an AlgorithmIdentifier that has no parameters, or the null ones. For use below `reading` only. */
export function plainAlgorithm(element: Der): string {
	const fields = fieldsIn(expectTag(element, derTags.sequence, 'algorithm'));
	const oid = oidText(fields.next(derTags.oid, 'algorithm'));
	fields.maybe(derTags.null);
	fields.end('algorithm');
	return oid;
}

type Scheme = {readonly name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'ECDSA'; readonly hash: HashName; readonly saltLength?: number};

const schemes: Readonly<Record<string, Scheme>> = {
	'1.2.840.113549.1.1.11': {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256'},
	'1.2.840.113549.1.1.12': {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384'},
	'1.2.840.113549.1.1.13': {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512'},
	'1.2.840.10045.4.3.2': {name: 'ECDSA', hash: 'SHA-256'},
	'1.2.840.10045.4.3.3': {name: 'ECDSA', hash: 'SHA-384'},
	'1.2.840.10045.4.3.4': {name: 'ECDSA', hash: 'SHA-512'},
};
const rsaEncryption = '1.2.840.113549.1.1.1';
const rsaPss = '1.2.840.113549.1.1.10';
const maskFunction1 = '1.2.840.113549.1.1.8';

/** How a signature was made; undefined if by nothing that is accepted. `digest` is the hash that a CMS signer names beside `rsaEncryption` [RFC 3370 §3.2]. */
function schemeOf(element: Der, digest: HashName | undefined): Scheme | undefined {
	const fields = fieldsIn(expectTag(element, derTags.sequence, 'signature algorithm'));
	const oid = oidText(fields.next(derTags.oid, 'signature algorithm'));
	if (oid === rsaPss) return pssScheme(fields.next(derTags.sequence, 'parameters of RSASSA-PSS'), digest);
	plainAlgorithm(element);
	const scheme: Scheme | undefined =
		oid === rsaEncryption ? digest && {name: 'RSASSA-PKCS1-v1_5', hash: digest} : Object.hasOwn(schemes, oid) ? schemes[oid] : undefined;
	return scheme === undefined || digest === undefined || scheme.hash === digest ? scheme : undefined;
}

/** Parameters of RSASSA-PSS with one hash throughout [RFC 4055 §3.1]; its defaults are SHA-1, which is not accepted. */
function pssScheme(parameters: Der, digest: HashName | undefined): Scheme | undefined {
	const fields = fieldsIn(parameters);
	const [hashField, maskField, saltField] = [fields.maybe(0xa0), fields.maybe(0xa1), fields.maybe(0xa2)];
	fields.end('parameters of RSASSA-PSS');
	if (hashField === undefined || maskField === undefined) return undefined;
	const hash = hashNames[plainAlgorithm(only(hashField))];
	const mask = fieldsIn(expectTag(only(maskField), derTags.sequence, 'mask function'));
	const maskOid = oidText(mask.next(derTags.oid, 'mask function'));
	const maskHash = hashNames[plainAlgorithm(mask.next(derTags.sequence, 'hash of the mask function'))];
	mask.end('mask function');
	const saltLength =
		saltField === undefined ? 20 : smallNumber(expectTag(only(saltField), derTags.integer, 'salt length'), 512, 'salt length');
	if (hash === undefined || maskOid !== maskFunction1 || maskHash !== hash || (digest !== undefined && digest !== hash)) return undefined;
	return {name: 'RSA-PSS', hash, saltLength};
}

type Key =
	| {readonly kind: 'rsa'}
	| {readonly kind: 'ec'; readonly namedCurve: string; readonly length: number}
	/** Web Crypto has no such thing. */
	| {readonly kind: 'unknown'; readonly algorithm: string};

const curves: Readonly<Record<string, {readonly namedCurve: string; readonly length: number}>> = {
	'1.2.840.10045.3.1.7': {namedCurve: 'P-256', length: 32},
	'1.3.132.0.34': {namedCurve: 'P-384', length: 48},
	'1.3.132.0.35': {namedCurve: 'P-521', length: 66},
};
const knownElsewhere: Readonly<Record<string, string>> = {
	'1.2.156.10197.1.301': 'SM2',
	'1.3.132.0.10': 'secp256k1',
	'1.3.101.112': 'Ed25519',
	'1.3.101.113': 'Ed448',
	[rsaPss]: 'RSASSA-PSS alone',
};
/** Shorter ones are too weak; longer ones, and odd exponents, are an attack on the time of whoever checks. */
const rsaBitsMin = 2048;
const rsaBitsMax = 8192;
const rsaExponentLengthMax = 4;

function keyOf(element: Der): Key {
	const fields = fieldsIn(element);
	const algorithm = fieldsIn(fields.next(derTags.sequence, 'algorithm of a key'));
	const bits = bytesOfBits(fields.next(derTags.bits, 'key'));
	fields.end('public key');
	const oid = oidText(algorithm.next(derTags.oid, 'algorithm of a key'));
	if (oid === rsaEncryption) {
		const numbers = fieldsIn(expectTag(parseDer(bits), derTags.sequence, 'RSA key'));
		const [modulus, exponent] = [numbers.next(derTags.integer, 'modulus'), numbers.next(derTags.integer, 'exponent')];
		const modulusBits = (modulus.content.length - (modulus.content[0] === 0 ? 1 : 0)) * 8;
		if (modulusBits < rsaBitsMin || modulusBits > rsaBitsMax || exponent.content.length > rsaExponentLengthMax)
			derError(`it has an RSA key of ${modulusBits} bits; from ${rsaBitsMin} to ${rsaBitsMax} are accepted`);
		return {kind: 'rsa'};
	}
	const curve = oid === '1.2.840.10045.2.1' ? oidText(algorithm.next(derTags.oid, 'curve')) : oid;
	if (Object.hasOwn(curves, curve)) return {kind: 'ec', ...curves[curve]!};
	return {kind: 'unknown', algorithm: knownElsewhere[curve] ?? curve};
}

export type SignatureCheck = 'good' | 'bad' | {readonly unchecked: string};

/** Checks a signature by a certificate's key. Never rejects: what cannot be checked here is said. */
export async function checkSignature(
	subtle: Subtle,
	by: Certificate,
	signed: {readonly algorithm: Der; readonly digest?: HashName; readonly message: Uint8Array; readonly signature: Uint8Array},
): Promise<SignatureCheck> {
	const read = reading(() => ({key: keyOf(by.key), scheme: schemeOf(signed.algorithm, signed.digest)}));
	if ('problem' in read) return 'bad';
	const {key, scheme} = read.value;
	if (key.kind === 'unknown') return {unchecked: `it is signed with ${key.algorithm}, which cannot be checked here`};
	if (scheme === undefined || (scheme.name === 'ECDSA') !== (key.kind === 'ec')) return 'bad';
	const signature = key.kind === 'ec' ? plainEcdsa(signed.signature, key.length) : signed.signature;
	if (signature === undefined) return 'bad';
	const {name, hash} = scheme;
	try {
		const spki = copyBytes(by.key.bytes) as Uint8Array<ArrayBuffer>;
		const imported = await subtle.importKey('spki', spki, key.kind === 'ec' ? {name, namedCurve: key.namedCurve} : {name, hash}, false, [
			'verify',
		]);
		const parts = [signature, signed.message].map(part => copyBytes(part) as Uint8Array<ArrayBuffer>) as [
			Uint8Array<ArrayBuffer>,
			Uint8Array<ArrayBuffer>,
		];
		return (await subtle.verify(scheme, imported as never, ...parts)) ? 'good' : 'bad';
	} catch (error) {
		// A browser may lack P-521.
		const isMissing = error instanceof Error && error.name === 'NotSupportedError';
		return isMissing ? {unchecked: `it is signed with ${key.kind === 'ec' ? key.namedCurve : name}, which cannot be checked here`} : 'bad';
	}
}

/** Two numbers of a curve's length behind each other, as Web Crypto wants them, from the DER of certificates [RFC 3279 §2.2.3]. */
function plainEcdsa(signature: Uint8Array, length: number): Uint8Array | undefined {
	const read = reading(() => {
		const fields = fieldsIn(expectTag(parseDer(signature), derTags.sequence, 'signature'));
		const numbers = [fields.next(derTags.integer, 'signature'), fields.next(derTags.integer, 'signature')].map(({content}) => {
			const digits = content[0] === 0 ? content.subarray(1) : content;
			if (content[0]! >= 0x80 || digits.length > length) derError('it has a signature out of range');
			return concatBytes(new Uint8Array(length - digits.length), digits);
		});
		fields.end('signature');
		return concatBytes(...numbers);
	});
	return 'value' in read ? read.value : undefined;
}

/** Whether a certificate may vouch for another one below it, `casBelow` CAs in between; the reason if not. */
export function issuerProblem(certificate: Certificate, casBelow: number): string | undefined {
	const {isCa, keyUsage, pathLengthMax, purposes} = certificate;
	const name = `the certificate "${certificate.subjectText}"`;
	if (!isCa) return `${name} signs another one, and is not a CA's`;
	if (keyUsage !== undefined && (keyUsage & keyUsages.keyCertSign) === 0) return `${name} signs another one, and its key is not for that`;
	if (pathLengthMax !== undefined && casBelow > pathLengthMax) return `${name} allows no more than ${pathLengthMax} CAs below it`;
	if (purposes !== undefined && !purposes.oids.includes(timeStampingPurpose) && !purposes.oids.includes(anyPurpose))
		return `${name} is of a CA that is not for time stamping`;
	return certificateProblem(certificate);
}

/** Whether something in it asks for more than is looked at here. */
export function certificateProblem({subjectText, unknownCritical}: Certificate): string | undefined {
	if (unknownCritical === undefined) return undefined;
	return `the certificate "${subjectText}" has the critical extension ${unknownCritical}, which is not known here`;
}
