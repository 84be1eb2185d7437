// Turns a checkpoint into a request to a time-stamp authority, and what comes back into a time that was checked [RFC 3161, RFC 5816].

import {copyBytes, equalBytes, toHex, utf8} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {
	type Der,
	der,
	derError,
	derNumber,
	derOid,
	derTags,
	expectTag,
	fieldsIn,
	oidText,
	parseDer,
	reading,
	smallNumber,
	textOf,
	timeMs,
} from './der.ts';
import {tokenLengthMax} from './evidence.ts';
import {parseNote} from './note.ts';
import {sm3} from './sm3.ts';
import type {TrustedAuthority} from './trust.ts';
import {
	type Certificate,
	certificateProblem,
	checkSignature,
	type HashName,
	hashNames,
	issuerProblem,
	keyUsages,
	only,
	parseCertificate,
	plainAlgorithm,
	readCertificate,
	readExtension,
	type SignatureCheck,
	type Subtle,
	timeStampingPurpose,
} from './x509.ts';

/** The hashes that we have stamped. */
export type ImprintAlgorithm = 'sha256' | 'sm3';

export type Imprint = {readonly algorithm: ImprintAlgorithm /** 32 bytes. */; readonly hash: Uint8Array};

/** What a token says. */
export type TokenFacts = {
	/** By the authority's clock, ms since 1970. */
	readonly genTimeMs: number;
	/** By how much that may be wrong, ms; undefined where the authority does not say. */
	readonly accuracyMs: number | undefined;
	/** Of the hash that was stamped. */
	readonly algorithm: ImprintAlgorithm;
	/** The authority's number of the token, hexadecimal. */
	readonly serial: string;
	/** Object identifier of the rules under which it was issued. */
	readonly policy: string;
	/** Subject of the certificate that signed, for people. */
	readonly signer: string;
};

/** Sentences without their full stop, whose subject is the token. */
export type TokenCheck =
	/** All of it holds, and `authority` is the name of the one whose certificate vouches for it. */
	| (TokenFacts & {readonly authority: string})
	/** It is broken, or is not what was asked for. */
	| {readonly problem: string; readonly claimed?: TokenFacts}
	/** It holds by itself, and none of the authorities vouches for it: anybody could have made it. */
	| {readonly untrusted: string; readonly claimed: TokenFacts}
	/** Nothing speaks against it, but a signature is of a kind that cannot be checked here. */
	| {readonly unchecked: string; readonly claimed: TokenFacts};

export type AskedToken = {
	/** Of the text that should have been stamped; a token over a hash that is not given is a problem. */
	readonly imprints: Readonly<Partial<Record<ImprintAlgorithm, Uint8Array>>>;
	readonly authorities: readonly TrustedAuthority[];
	/** What the request asked to be repeated; undefined if nobody knows any more. */
	readonly nonce?: Uint8Array;
	/** @default what the platform has; without one everything stays unchecked */
	readonly subtle?: Subtle | undefined;
};

const imprintOids: Readonly<Record<ImprintAlgorithm, string>> = {sha256: '2.16.840.1.101.3.4.2.1', sm3: '1.2.156.10197.1.401'};
const oids = {
	signedData: '1.2.840.113549.1.7.2',
	timestamp: '1.2.840.113549.1.9.16.1.4',
	contentType: '1.2.840.113549.1.9.3',
	messageDigest: '1.2.840.113549.1.9.4',
	signingCertificate: '1.2.840.113549.1.9.16.2.12',
	signingCertificate2: '1.2.840.113549.1.9.16.2.47',
} as const;

/** A reply is a token and at most some words. */
export const replyLengthMax = 65_536;
const certificatesMax = 8;
const attributesMax = 32;
const wordsMax = 8;
const pathStepsMax = 4096;

/** What is stamped of a checkpoint's note: the text that its signatures are over, so that a later cosignature changes nothing; undefined if it is no note. */
export function stampedText(note: string): Uint8Array | undefined {
	const parsed = parseNote(note);
	return parsed && utf8(parsed.text);
}

export function imprintOf(hasher: Hasher, algorithm: ImprintAlgorithm, text: Uint8Array): Imprint {
	return {algorithm, hash: algorithm === 'sm3' ? sm3(text) : hasher.sha256(text)};
}

/** The request: version 1, the imprint, a nonce (most significant byte first; authorities take at least 8 bytes), and that certificates shall come along [RFC 3161 §2.4.1]. */
export function timestampRequest(imprint: Imprint, nonce: Uint8Array): Uint8Array {
	const algorithm = der(derTags.sequence, derOid(imprintOids[imprint.algorithm]), der(derTags.null));
	return der(
		derTags.sequence,
		derNumber(Uint8Array.of(1)),
		der(derTags.sequence, algorithm, der(derTags.octets, imprint.hash)),
		derNumber(nonce),
		der(derTags.boolean, Uint8Array.of(0xff)),
	);
}

/** [RFC 3161 §2.4.2] */
const statuses = ['granted', 'granted with changes', 'rejection', 'waiting', 'a warning of revocation', 'a notice of revocation'] as const;
const failures: Readonly<Record<number, string>> = {
	0: 'it does not know the hash (badAlg)',
	2: 'it does not allow the request (badRequest)',
	5: 'it cannot read the request (badDataFormat)',
	14: 'its clock is not available (timeNotAvailable)',
	15: 'it does not support the policy (unacceptedPolicy)',
	16: 'it does not support the extension (unacceptedExtension)',
	17: 'it does not have what was asked for (addInfoNotAvailable)',
	25: 'it failed itself (systemFailure)',
};

/** The token of a reply, or why there is none, in the authority's own words where it has some. What the token says is not looked at. */
export function readTimestampReply(bytes: Uint8Array): {readonly token: Uint8Array} | {readonly problem: string} {
	if (bytes.length > replyLengthMax) return {problem: `the reply has ${bytes.length} bytes; at most ${replyLengthMax} are read`};
	const read = reading(() => {
		const reply = fieldsIn(expectTag(parseDer(bytes), derTags.sequence, 'reply'));
		const info = fieldsIn(reply.next(derTags.sequence, 'status'));
		const status = smallNumber(info.next(derTags.integer, 'status'), 1000, 'status');
		const words = (info.maybe(derTags.sequence)?.children ?? []).slice(0, wordsMax).flatMap(one => textOf(one) ?? []);
		const bits = info.maybe(derTags.bits);
		info.end('status');
		const token = reply.maybe(derTags.sequence);
		reply.end('reply');
		return {status, words, failure: bits, token};
	});
	if ('problem' in read) return {problem: `the reply is not one of RFC 3161: ${read.problem}`};
	const {status, words, failure, token} = read.value;
	// With changes is granted too: whatever the token says instead of what was asked for is seen when it is checked.
	if (status <= 1)
		return token === undefined ? {problem: 'the authority grants the request and sends no token'} : {token: copyBytes(token.bytes)};
	const reasons = [...bitsSet(failure)].map(bit => failures[bit] ?? `failure ${bit}`);
	const said = [...reasons, ...words.map(word => `it says "${word}"`)].join('; ');
	return {problem: `the authority answers with ${statuses[status] ?? `status ${status}`}, and no token${said === '' ? '' : `: ${said}`}`};
}

function* bitsSet(bits: Der | undefined): Generator<number> {
	const content = bits?.content ?? new Uint8Array(0);
	for (let bit = 0; bit < Math.min(64, (content.length - 1) * 8); bit += 1)
		if ((content[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0) yield bit;
}

/** Everything of a token that is there to be checked. */
type Token = {
	/** DER of TSTInfo. */
	readonly content: Uint8Array;
	readonly certificates: readonly Certificate[];
	/** Who signed, as the signer information names it. */
	readonly isSigner: (certificate: Certificate) => boolean;
	/** undefined for SM3, which only this program computes. */
	readonly digest: HashName | undefined;
	readonly signatureAlgorithm: Der;
	readonly signature: Uint8Array;
	/** DER of the signed attributes as a SET, which is what the signature is over [RFC 5652 §5.4]. */
	readonly signedAttributes: Uint8Array;
	readonly messageDigest: Uint8Array;
	readonly certificateIds: readonly CertificateId[];
	readonly info: Info;
};

type CertificateId = {
	readonly hash: HashName;
	readonly digest: Uint8Array;
	readonly issuer: Uint8Array | undefined;
	readonly serial: Uint8Array | undefined;
};

type Info = Omit<TokenFacts, 'signer' | 'algorithm'> & {
	readonly imprintOid: string;
	readonly hash: Uint8Array;
	readonly nonce: Uint8Array | undefined;
};

/** ContentInfo of SignedData of TSTInfo, with exactly one signer and its certificate [RFC 3161 §2.4.2, RFC 5652 §5]. */
function readToken(bytes: Uint8Array): Token {
	const outer = fieldsIn(expectTag(parseDer(bytes), derTags.sequence, 'ContentInfo'));
	if (oidText(outer.next(derTags.oid, 'content type')) !== oids.signedData) derError('it is not signed data');
	const wrapped = outer.next(0xa0, 'content');
	outer.end('ContentInfo');

	const fields = fieldsIn(expectTag(only(wrapped), derTags.sequence, 'SignedData'));
	if (smallNumber(fields.next(derTags.integer, 'version'), 9, 'version') !== 3) derError('its version is not 3');
	const [digestElement, ...moreDigests] = fields.next(derTags.set, 'set of hashes').children;
	if (digestElement === undefined || moreDigests.length > 0) derError('it does not name exactly one hash');
	const digestOid = plainAlgorithm(digestElement);
	const inside = fieldsIn(fields.next(derTags.sequence, 'content'));
	if (oidText(inside.next(derTags.oid, 'content type')) !== oids.timestamp) derError('what it signs is no time stamp');
	const content = expectTag(only(inside.next(0xa0, 'time stamp')), derTags.octets, 'time stamp').content;
	inside.end('content');
	const certificateElements = fields.maybe(0xa0)?.children ?? [];
	if (certificateElements.length > certificatesMax)
		derError(`it has ${certificateElements.length} certificates; at most ${certificatesMax} are read`);
	const certificates = certificateElements.map(readCertificate);
	// Nothing signs them, so they would be bytes that anybody may change; the profile has none [RFC 3161 §2.4.2].
	if (fields.maybe(0xa1) !== undefined) derError('it has lists of revoked certificates, which are not read here');
	const signers = fields.next(derTags.set, 'set of signers').children;
	fields.end('SignedData');
	if (signers.length !== 1) derError(`it has ${signers.length} signers, and a time stamp has exactly one`);

	const signer = fieldsIn(expectTag(signers[0]!, derTags.sequence, 'signer'));
	const version = smallNumber(signer.next(derTags.integer, 'version of the signer'), 9, 'version of the signer');
	const isSigner = readSigner(signer.maybe(derTags.sequence) ?? signer.next(0x80, 'name of the signer'), version);
	if (plainAlgorithm(signer.next(derTags.sequence, 'hash')) !== digestOid) derError('its signer uses another hash than it names');
	const attributes = signer.next(0xa0, 'signed attributes');
	const signatureAlgorithm = signer.next(derTags.sequence, 'signature algorithm');
	const signature = signer.next(derTags.octets, 'signature').content;
	if (signer.maybe(0xa1) !== undefined) derError('it has attributes that nobody signed');
	signer.end('signer');
	const digest = Object.hasOwn(hashNames, digestOid) ? hashNames[digestOid] : undefined;
	if (digest === undefined && digestOid !== imprintOids.sm3) derError(`its signature is over a hash that is not accepted (${digestOid})`);
	const signedAttributes = copyBytes(attributes.bytes);
	signedAttributes[0] = derTags.set;
	return {
		content,
		certificates,
		isSigner,
		digest,
		signatureAlgorithm,
		signature,
		signedAttributes,
		...readAttributes(attributes),
		info: readInfo(content),
	};
}

/** SignerIdentifier: version 1 by issuer and serial number, version 3 by key identifier [RFC 5652 §5.3]. */
function readSigner(element: Der, version: number): Token['isSigner'] {
	if (version !== (element.tag === derTags.sequence ? 1 : 3)) derError('the version of its signer does not fit how it is named');
	if (element.tag !== derTags.sequence) return ({subjectKeyId}) => subjectKeyId !== undefined && equalBytes(subjectKeyId, element.content);
	const fields = fieldsIn(element);
	const issuer = fields.next(derTags.sequence, 'issuer of the signer').bytes;
	const serial = fields.next(derTags.integer, 'serial number of the signer').content;
	fields.end('name of the signer');
	return certificate => equalBytes(certificate.issuer, issuer) && equalBytes(certificate.serial, serial);
}

function readAttributes(element: Der): Pick<Token, 'messageDigest' | 'certificateIds'> {
	if (element.children.length > attributesMax)
		derError(`it has ${element.children.length} signed attributes; at most ${attributesMax} are read`);
	const attributes = new Map<string, Der>();
	for (const child of element.children) {
		const fields = fieldsIn(expectTag(child, derTags.sequence, 'attribute'));
		const oid = oidText(fields.next(derTags.oid, 'name of an attribute'));
		const values = fields.next(derTags.set, 'values of an attribute');
		fields.end('attribute');
		if (attributes.has(oid)) derError('it has a signed attribute twice');
		attributes.set(oid, values);
	}
	const one = (oid: string, tag: number, what: string): Der => {
		const values = attributes.get(oid);
		return values === undefined ? derError(`its signature does not cover the ${what}`) : expectTag(only(values), tag, what);
	};
	if (oidText(one(oids.contentType, derTags.oid, 'content type')) !== oids.timestamp)
		derError('its signature is over another type of content');
	const messageDigest = one(oids.messageDigest, derTags.octets, 'message digest').content;
	// The first edition has SHA-1 there, which no longer binds anything: such a token can only be of a certificate that is pinned itself [RFC 5816].
	if (!attributes.has(oids.signingCertificate2) && attributes.has(oids.signingCertificate)) return {messageDigest, certificateIds: []};
	const list = fieldsIn(one(oids.signingCertificate2, derTags.sequence, 'certificate of the signer (SigningCertificateV2)'));
	const certificateIds = list.next(derTags.sequence, 'list of certificates').children.map(readCertificateId);
	list.maybe(derTags.sequence);
	list.end('SigningCertificateV2');
	if (certificateIds.length === 0 || certificateIds.length > certificatesMax + 1)
		derError(`its signature names ${certificateIds.length} certificates`);
	return {messageDigest, certificateIds};
}

/** ESSCertIDv2; its hash is SHA-256 unless it says otherwise [RFC 5035 §4]. */
function readCertificateId(element: Der): CertificateId {
	const fields = fieldsIn(expectTag(element, derTags.sequence, 'ESSCertIDv2'));
	const algorithm = fields.maybe(derTags.sequence);
	const oid = algorithm === undefined ? imprintOids.sha256 : plainAlgorithm(algorithm);
	const hash = Object.hasOwn(hashNames, oid)
		? hashNames[oid]!
		: derError(`its signature names its certificate by a hash that is not accepted (${oid})`);
	const digest = fields.next(derTags.octets, 'hash of a certificate').content;
	const issuerSerial = fields.maybe(derTags.sequence);
	fields.end('ESSCertIDv2');
	if (issuerSerial === undefined) return {hash, digest, issuer: undefined, serial: undefined};
	const named = fieldsIn(issuerSerial);
	// GeneralNames of one directoryName.
	const issuer = only(expectTag(only(named.next(derTags.sequence, 'issuer')), 0xa4, 'issuer')).bytes;
	const serial = named.next(derTags.integer, 'serial number').content;
	named.end('issuer and serial number');
	return {hash, digest, issuer, serial};
}

function readInfo(content: Uint8Array): Info {
	const fields = fieldsIn(expectTag(parseDer(content), derTags.sequence, 'TSTInfo'));
	if (smallNumber(fields.next(derTags.integer, 'version of the time stamp'), 9, 'version of the time stamp') !== 1)
		derError('its time stamp is not of version 1');
	const policy = oidText(fields.next(derTags.oid, 'policy'));
	const imprint = fieldsIn(fields.next(derTags.sequence, 'imprint'));
	const imprintOid = plainAlgorithm(imprint.next(derTags.sequence, 'hash of the imprint'));
	const hash = imprint.next(derTags.octets, 'imprint').content;
	imprint.end('imprint');
	const serial = fields.next(derTags.integer, 'serial number').content;
	// 160 bits are the most that users must be able to take [RFC 3161 §2.4.2].
	if (serial.length > 21) derError('its serial number is too long');
	const genTimeMs = timeMs(fields.next(derTags.generalizedTime, 'time'), 'time');
	const accuracyMs = readAccuracy(fields.maybe(derTags.sequence));
	fields.maybe(derTags.boolean);
	const nonce = fields.maybe(derTags.integer)?.content;
	fields.maybe(0xa0);
	const extensions = fields.maybe(0xa1)?.children ?? [];
	fields.end('time stamp');
	const unknown = extensions.map(readExtension).find(({isCritical}) => isCritical);
	if (unknown !== undefined) derError(`its time stamp has the critical extension ${unknown.oid}, which is not known here`);
	return {policy, imprintOid, hash, serial: toHex(serial), genTimeMs, accuracyMs, nonce};
}

/** Rounded up to whole ms. */
function readAccuracy(element: Der | undefined): number | undefined {
	if (element === undefined) return undefined;
	const fields = fieldsIn(element);
	const part = (field: Der | undefined, max: number): number => (field === undefined ? 0 : smallNumber(field, max, 'accuracy'));
	const seconds = part(fields.maybe(derTags.integer), 2 ** 31);
	const millis = part(fields.maybe(0x80), 999);
	const micros = part(fields.maybe(0x81), 999);
	fields.end('accuracy');
	return seconds * 1000 + millis + Math.ceil(micros / 1000);
}

type OpenedToken = {readonly token: Token; readonly signer: Certificate; readonly claimed: TokenFacts};

function openToken(bytes: Uint8Array): OpenedToken | {readonly problem: string} {
	if (bytes.length > tokenLengthMax) return {problem: `it has ${bytes.length} bytes; at most ${tokenLengthMax} are read`};
	const read = reading(() => readToken(bytes));
	if ('problem' in read) return {problem: `it cannot be read: ${read.problem}`};
	const token = read.value;
	const signer = token.certificates.find(token.isSigner);
	if (signer === undefined) return {problem: 'it does not have the certificate of its signer with it'};
	const {imprintOid, genTimeMs, accuracyMs, serial, policy} = token.info;
	const algorithm = (['sha256', 'sm3'] as const).find(name => imprintOids[name] === imprintOid);
	if (algorithm === undefined) return {problem: `it stamps a hash of another kind (${imprintOid}), not SHA-256 or SM3`};
	return {token, signer, claimed: {genTimeMs, accuracyMs, algorithm, serial, policy, signer: signer.subjectText}};
}

/** What a token says, of which nothing is checked; undefined if it cannot be read. */
export function readClaims(bytes: Uint8Array): TokenFacts | undefined {
	const opened = openToken(bytes);
	return 'problem' in opened ? undefined : opened.claimed;
}

/**
 * Checks a token against what was asked for and whom the verifier accepts. Never rejects. Bytes that are flipped anywhere in it are a problem: what is not signed has one spelling only, or
 * is compared with what is. Only in a certificate above the pinned one, whose own issuer is not there, is there nothing to compare with, and nothing that rests on it.
 *
 * KNOWN GAP: nobody is asked whether a certificate was revoked; who must know takes the lists of its CA, as of the time of the token, to `openssl ts -verify -crl_check`.
 */
export async function checkTimestampToken(bytes: Uint8Array, asked: AskedToken): Promise<TokenCheck> {
	const opened = openToken(bytes);
	if ('problem' in opened) return opened;
	const {claimed} = opened;
	const wrong = (problem: string): TokenCheck => ({problem, claimed});
	const {algorithm} = claimed;
	const {hash, nonce} = opened.token.info;
	const imprint = asked.imprints[algorithm];
	if (imprint === undefined) return wrong(`it stamps a hash of ${algorithm}, which is not what was asked for`);
	if (!equalBytes(imprint, hash)) return wrong('it stamps another text: its imprint is not that of this checkpoint');
	if (asked.nonce !== undefined && (nonce === undefined || !equalBytes(derNumber(asked.nonce), der(derTags.integer, nonce))))
		return wrong('it answers another request: its nonce is not the one that was sent');
	const subtle = 'subtle' in asked ? asked.subtle : (globalThis as {readonly crypto?: {readonly subtle?: Subtle}}).crypto?.subtle;
	if (subtle === undefined) return {unchecked: 'there is no Web Crypto here to check its signature with', claimed};

	try {
		return await checkSignatures(subtle, opened, asked.authorities);
	} catch (error) {
		return {unchecked: `Web Crypto failed: ${error instanceof Error ? error.message : String(error)}`, claimed};
	}
}

async function checkSignatures(
	subtle: Subtle,
	{token, signer, claimed}: OpenedToken,
	trusted: readonly TrustedAuthority[],
): Promise<TokenCheck> {
	const {info, certificates} = token;
	const wrong = (problem: string): TokenCheck => ({problem, claimed});
	const digest = async (name: HashName | undefined, text: Uint8Array): Promise<Uint8Array> =>
		name === undefined ? sm3(text) : new Uint8Array(await subtle.digest(name, copyBytes(text) as Uint8Array<ArrayBuffer>));
	if (!equalBytes(await digest(token.digest, token.content), token.messageDigest))
		return wrong('its signature is over another time stamp than it shows');
	const authorities = trusted.map(({name, certificate}) => ({name, read: parseCertificate(certificate)}));
	const pinned = authorities.flatMap(({name, read}) => ('value' in read ? [{name, certificate: read.value}] : []));
	const around = [...certificates, ...pinned.map(({certificate}) => certificate)];
	const isPinned = pinned.some(({certificate}) => equalBytes(certificate.bytes, signer.bytes));
	// The first one is the signer's; others, where there are some, bound the path to what the authority itself has named, which a pin does better [RFC 5035 §5].
	const [id] = token.certificateIds;
	const isNamed =
		id !== undefined &&
		(id.issuer === undefined || equalBytes(id.issuer, signer.issuer)) &&
		(id.serial === undefined || equalBytes(id.serial, signer.serial)) &&
		equalBytes(id.digest, await digest(id.hash, signer.bytes));
	if (id !== undefined && !isNamed) return wrong('its signature names another certificate than the one that is with it');
	const unfit = signerProblem(signer) ?? timeProblem(signer, info.genTimeMs);
	if (unfit !== undefined) return wrong(unfit);
	const {signatureAlgorithm, signature, signedAttributes} = token;
	// Web Crypto has no SM3 to go with its keys, so a digest without its name is good for nothing but a key that it does not have either.
	const signed = {
		algorithm: signatureAlgorithm,
		message: signedAttributes,
		signature,
		...(token.digest === undefined ? {} : {digest: token.digest}),
	};
	const own = await checkSignature(subtle, signer, signed);
	if (own === 'bad') return wrong(`its signature is not by the key of "${signer.subjectText}"`);
	if (own !== 'good') return {...own, claimed};

	const links = linkChecker(subtle);
	const path = await findPath(signer, certificates, pinned, info.genTimeMs, links);
	const stray = await strayCertificate(signer, around, certificates, links);
	if (stray !== undefined) return wrong(`the certificate "${stray.subjectText}" is with it and does not stand above its signer`);
	if (id === undefined && !isPinned)
		return {
			untrusted: `it names its certificate "${signer.subjectText}" by SHA-1 only, so nothing but that certificate itself could be pinned for it`,
			claimed,
		};
	if ('authority' in path) return {...claimed, authority: path.authority};
	if (path.problem !== undefined) return wrong(path.problem);
	if (path.unchecked !== undefined) return {unchecked: path.unchecked, claimed};
	const unreadable = authorities.find(({read}) => 'problem' in read);
	const also = unreadable === undefined ? '' : `; the certificate given for "${unreadable.name}" cannot be read`;
	return {
		untrusted: `it is signed by "${signer.subjectText}", which is neither a certificate that is pinned nor below one${also}`,
		claimed,
	};
}

/** Made for time stamps and for nothing else [RFC 3161 §2.3]. */
function signerProblem(signer: Certificate): string | undefined {
	const {purposes, keyUsage, subjectText} = signer;
	const name = `the certificate "${subjectText}"`;
	if (purposes === undefined || !purposes.oids.includes(timeStampingPurpose)) return `${name} is not for time stamping`;
	if (purposes.oids.length !== 1) return `${name} is for other things than time stamping too`;
	if (!purposes.isCritical) return `${name} does not say as critical that it is for time stamping only`;
	// What may only sign certificates, or also encrypts, is no authority's [ETSI EN 319 422 §6].
	if (keyUsage !== undefined && ((keyUsage & ~(keyUsages.digitalSignature | keyUsages.nonRepudiation)) !== 0 || keyUsage === 0))
		return `${name} has a key that is not only for signatures`;
	return certificateProblem(signer);
}

function timeProblem({subjectText, notBeforeMs, notAfterMs}: Certificate, genTimeMs: number): string | undefined {
	const at = new Date(genTimeMs).toISOString();
	if (genTimeMs < notBeforeMs)
		return `the certificate "${subjectText}" was not valid yet at ${at}, the time of the token: it is from ${new Date(notBeforeMs).toISOString()} on`;
	if (genTimeMs > notAfterMs)
		return `the certificate "${subjectText}" had expired at ${at}, the time of the token: it is valid until ${new Date(notAfterMs).toISOString()}`;
	return undefined;
}

/** Whether one certificate's signature is by another's key; undefined where the names do not even fit. Each pair is computed once. */
type Links = (below: Certificate, above: Certificate) => Promise<SignatureCheck | undefined>;

function linkChecker(subtle: Subtle): Links {
	const known = new Map<Certificate, Map<Certificate, Promise<SignatureCheck>>>();
	return async (below, above) => {
		if (!equalBytes(below.issuer, above.subject)) return undefined;
		const ofBelow = known.get(below) ?? new Map<Certificate, Promise<SignatureCheck>>();
		known.set(below, ofBelow);
		const {signatureAlgorithm: algorithm, signedBytes: message, signature} = below;
		const link = ofBelow.get(above) ?? checkSignature(subtle, above, {algorithm, message, signature});
		ofBelow.set(above, link);
		return link;
	};
}

type Pinned = {readonly name: string; readonly certificate: Certificate};
type Path = {readonly authority: string} | {readonly problem: string | undefined; readonly unchecked: string | undefined};

/** A way up from the signer to a certificate that is pinned, all of it valid at that time. */
async function findPath(
	signer: Certificate,
	embedded: readonly Certificate[],
	pinned: readonly Pinned[],
	atMs: number,
	links: Links,
): Promise<Path> {
	let problem: string | undefined;
	let unchecked: string | undefined;
	let steps = 0;
	const climb = async (path: readonly Certificate[]): Promise<string | undefined> => {
		const below = path.at(-1)!;
		const own = pinned.find(({certificate}) => equalBytes(certificate.bytes, below.bytes));
		if (own !== undefined) return own.name;
		const above: readonly {readonly certificate: Certificate; readonly name?: string}[] = [
			...pinned,
			...embedded.map(certificate => ({certificate})),
		];
		for (const {certificate, name} of above) {
			steps += 1;
			// Certificates that all issued each other are an attack on the time of whoever looks for a way through them.
			if (steps > pathStepsMax || path.length > certificatesMax || path.some(one => equalBytes(one.bytes, certificate.bytes))) continue;
			const link = await links(below, certificate);
			if (link === undefined || link === 'bad') continue;
			if (link !== 'good') {
				unchecked ??= `the certificate "${below.subjectText}": ${link.unchecked}`;
				continue;
			}
			const found = name ?? (await climb([...path, certificate]));
			if (found === undefined) continue;
			const wrong = issuerProblem(certificate, path.length - 1) ?? timeProblem(certificate, atMs);
			if (wrong === undefined) return found;
			problem ??= wrong;
		}
		return undefined;
	};
	const authority = await climb([signer]);
	return authority === undefined ? {problem, unchecked} : {authority};
}

/**
 * A certificate that is with the token and vouches for nothing in it. Nothing signs the set of certificates, so one that does not belong there was put in, or is a damaged one
 * that once belonged.
 */
async function strayCertificate(
	signer: Certificate,
	around: readonly Certificate[],
	embedded: readonly Certificate[],
	links: Links,
): Promise<Certificate | undefined> {
	const belonging = [signer];
	let left = embedded.filter(one => one !== signer);
	// A set hands out what is added to it while it is being walked; so does a list.
	for (const below of belonging) {
		const found = await Promise.all(around.map(async above => ({above, link: await links(below, above)})));
		const hasIssuer = found.some(({link}) => link === 'good');
		for (const {above, link} of found) {
			// Where the true issuer is known, one that merely has its name and a key that cannot be used here is not it.
			if (!left.includes(above) || !(link === 'good' || (typeof link === 'object' && !hasIssuer))) continue;
			if (!(await isVouchedFor(above, around, links))) continue;
			left = left.filter(one => one !== above);
			belonging.push(above);
		}
	}
	return left[0];
}

/**
 * Whether a certificate that stands above is whole: it is signed by one that is there, itself perhaps. A CA may also be signed by one that is not there, which then has another key than it:
 * without asking for that, a root whose own name was damaged would look like such a one.
 */
async function isVouchedFor(certificate: Certificate, around: readonly Certificate[], links: Links): Promise<boolean> {
	const {issuer, subject, authorityKeyId} = certificate;
	if (equalBytes(issuer, subject)) return (await links(certificate, certificate)) !== 'bad' || isWeaklySigned(certificate);
	const signed = await Promise.all(around.map(above => links(certificate, above)));
	if (signed.some(link => link !== undefined && link !== 'bad')) return true;
	// One of its issuer's name and another key is another CA, or the same one before it took a new key.
	const isAnother = (above: Certificate): boolean =>
		authorityKeyId !== undefined && above.subjectKeyId !== undefined && !equalBytes(authorityKeyId, above.subjectKeyId);
	return isAnother(certificate) && signed.every((link, i) => link === undefined || isAnother(around[i]!));
}

/** Roots of old sign themselves with SHA-1, which says nothing and hurts nobody: whoever pins one pins its key. */
function isWeaklySigned({signatureAlgorithm}: Certificate): boolean {
	const read = reading(() => oidText(fieldsIn(signatureAlgorithm).next(derTags.oid, 'algorithm')));
	return 'value' in read && read.value === '1.2.840.113549.1.1.5';
}
