// Makes the certificates of a site: its own CA, the broker's certificate, and those of its devices [RFC 5280].

import {createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, X509Certificate} from 'node:crypto';
import {chmod, readFile, rename, writeFile} from 'node:fs/promises';
import {isIP} from 'node:net';
import {join} from 'node:path';
import {toHex} from './base/bytes.ts';
import {der, derBits, derElements, derInteger, derOid, derSequence, derTags, derTime} from './base/der.ts';
import {AgentError} from './base/errors.ts';
import type {Random} from './base/random.ts';
import {deviceUrn} from './format/subject.ts';
import type {SiteFile, SitePaths} from './site.ts';

/** Both PEM. */
export type KeyAndCertificate = {readonly certificate: string; readonly key: string};

export type Issued = KeyAndCertificate & {
	/** SHA-256 of the DER bytes, 64 lower-case hexadecimal digits: what a device is enrolled with. */
	readonly fingerprint: string;
	/** To the second, as the certificate says it. */
	readonly notAfterMs: number;
};

/** Where the certificates of a site lie, seen from its directory. */
export const certificateFiles = {ca: 'ca.pem', caKey: 'ca-key.pem', server: 'server.pem', serverKey: 'server-key.pem'} as const;

const dayMs = 86_400_000;
const caDays = 3650;
/** A year and a month: whoever renews once a year is never late. */
export const serverDays = 397;
export const clientDaysMax = 3650;
export const namesMax = 64;

/** A device whose clock is a little behind must not find a new certificate not valid yet. */
const backdatedMs = 3_600_000;

const oids = {
	ecdsaWithSha256: derOid('1.2.840.10045.4.3.2'),
	commonName: derOid('2.5.4.3'),
	subjectKeyIdentifier: derOid('2.5.29.14'),
	keyUsage: derOid('2.5.29.15'),
	subjectAltName: derOid('2.5.29.17'),
	basicConstraints: derOid('2.5.29.19'),
	authorityKeyIdentifier: derOid('2.5.29.35'),
	extKeyUsage: derOid('2.5.29.37'),
	serverAuth: derOid('1.3.6.1.5.5.7.3.1'),
	clientAuth: derOid('1.3.6.1.5.5.7.3.2'),
} as const;

/** Bits of KeyUsage, the first of which is the highest. */
const usages = {digitalSignature: derBits(Uint8Array.of(0x80), 7), signCertificatesAndLists: derBits(Uint8Array.of(0x06), 1)} as const;

/** Tags of GeneralName. */
const alternative = {dns: 0x82, uri: 0x86, address: 0x87} as const;

export type Life = {readonly random: Random; readonly nowMs: number; readonly days: number};

/** A new CA for a log's site. Its key can sign certificates of ends only, no other CAs. */
export function makeCa(logName: string, life: Omit<Life, 'days'>): KeyAndCertificate {
	const keys = generateKeyPairSync('ec', {namedCurve: 'P-256'});
	// Two sites may have a log of one name; a common name has 64 characters at most.
	const name = nameOf(`Kedge CA ${toHex(life.random.bytes(4))} ${logName}`.slice(0, 64));
	const keyId = keyIdOf(spkiOf(keys.publicKey));
	const certificate = certify({
		issuer: name,
		signingKey: keys.privateKey,
		subject: name,
		publicKey: keys.publicKey,
		extensions: [
			extension(oids.basicConstraints, true, derSequence(der(derTags.boolean, Uint8Array.of(0xff)), derInteger(Uint8Array.of(0)))),
			extension(oids.keyUsage, true, usages.signCertificatesAndLists),
			extension(oids.subjectKeyIdentifier, false, der(derTags.octetString, keyId)),
		],
		notAfterMs: life.nowMs + caDays * dayMs,
		...life,
	});
	return {certificate: pem(certificate), key: pkcs8(keys.privateKey)};
}

/** A certificate for a server of these DNS names and IP addresses. Fails with ARGUMENT_INVALID. */
export function issueServer(ca: KeyAndCertificate, names: readonly string[], life: Life): Issued {
	if (names.length === 0 || names.length > namesMax)
		throw new AgentError('ARGUMENT_INVALID', `a certificate is for 1 to ${namesMax} names, not ${names.length}`);
	const subject = names.find(name => isIP(name) === 0 && name.length <= 64) ?? names[0]!;
	return issue(ca, subject, oids.serverAuth, names.map(alternativeName), life);
}

/** A certificate with which a device proves who it is. Fails with ARGUMENT_INVALID. */
export function issueClient(ca: KeyAndCertificate, deviceId: string, life: Life): Issued {
	return issue(ca, deviceId, oids.clientAuth, [der(alternative.uri, ascii(deviceUrn(deviceId)))], life);
}

function issue(ca: KeyAndCertificate, subject: string, purpose: Uint8Array, alternatives: readonly Uint8Array[], life: Life): Issued {
	const {nowMs, days} = life;
	if (!Number.isInteger(days) || days < 1 || days > clientDaysMax)
		throw new AgentError('ARGUMENT_INVALID', `a certificate is valid for 1 to ${clientDaysMax} days, not ${days}`);
	const authority = new X509Certificate(ca.certificate);
	const signingKey = createPrivateKey(ca.key);
	if (!authority.checkPrivateKey(signingKey)) throw new AgentError('KEY_INVALID', 'the key of the CA is not that of its certificate');
	// What outlives its CA is not valid then anyway.
	const notAfterMs = Math.min(nowMs + days * dayMs, Date.parse(authority.validTo));
	if (notAfterMs <= nowMs) throw new AgentError('KEY_INVALID', `the CA has run out on ${authority.validTo}`);
	const keys = generateKeyPairSync('ec', {namedCurve: 'P-256'});
	const issuer = readIssuer(authority.raw);
	const certificate = certify({
		issuer: issuer.name,
		signingKey,
		subject: nameOf(subject),
		publicKey: keys.publicKey,
		extensions: [
			extension(oids.basicConstraints, true, derSequence()),
			extension(oids.keyUsage, true, usages.digitalSignature),
			extension(oids.extKeyUsage, false, derSequence(purpose)),
			extension(oids.subjectAltName, false, derSequence(...alternatives)),
			extension(oids.subjectKeyIdentifier, false, der(derTags.octetString, keyIdOf(spkiOf(keys.publicKey)))),
			extension(oids.authorityKeyIdentifier, false, derSequence(der(0x80, issuer.keyId))),
		],
		...life,
		notAfterMs,
	});
	return {
		certificate: pem(certificate),
		key: pkcs8(keys.privateKey),
		fingerprint: toHex(createHash('sha256').update(certificate).digest()),
		notAfterMs: Math.floor(notAfterMs / 1000) * 1000,
	};
}

/** The DER bytes of a certificate [RFC 5280 §4.1]. */
function certify(parts: {
	readonly issuer: Uint8Array;
	readonly signingKey: KeyObject;
	readonly subject: Uint8Array;
	readonly publicKey: KeyObject;
	readonly extensions: readonly Uint8Array[];
	readonly nowMs: number;
	readonly notAfterMs: number;
	readonly random: Random;
}): Uint8Array {
	const algorithm = derSequence(oids.ecdsaWithSha256);
	const serial = parts.random.bytes(16);
	// Positive, and never shorter [RFC 5280 §4.1.2.2].
	serial[0] = (serial[0]! & 0x3f) | 0x40;
	const version3 = der(0xa0, derInteger(Uint8Array.of(2)));
	const toBeSigned = derSequence(
		version3,
		derInteger(serial),
		algorithm,
		parts.issuer,
		derSequence(derTime(parts.nowMs - backdatedMs), derTime(parts.notAfterMs)),
		parts.subject,
		spkiOf(parts.publicKey),
		der(0xa3, derSequence(...parts.extensions)),
	);
	return derSequence(toBeSigned, algorithm, derBits(sign('sha256', toBeSigned, {key: parts.signingKey, dsaEncoding: 'der'})));
}

function extension(oid: Uint8Array, isCritical: boolean, value: Uint8Array): Uint8Array {
	const critical = isCritical ? [der(derTags.boolean, Uint8Array.of(0xff))] : [];
	return derSequence(oid, ...critical, der(derTags.octetString, value));
}

function nameOf(commonName: string): Uint8Array {
	return derSequence(der(derTags.set, derSequence(oids.commonName, der(derTags.utf8String, new TextEncoder().encode(commonName)))));
}

function alternativeName(name: string): Uint8Array {
	const version = isIP(name);
	if (version !== 0) return der(alternative.address, version === 4 ? Uint8Array.from(name.split('.').map(Number)) : addressBytes(name));
	const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
	if (name.length > 253 || !new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`).test(name))
		throw new AgentError('ARGUMENT_INVALID', `"${name}" is neither a DNS name nor an IP address`);
	return der(alternative.dns, ascii(name));
}

/** The 16 bytes of an IPv6 address that isIP has approved. */
function addressBytes(address: string): Uint8Array {
	// A URL writes the last four bytes as two groups, if they were written as IPv4, and leaves out the scope.
	const written = new URL(`http://[${address.split('%')[0]}]/`).hostname.slice(1, -1);
	const [head = '', tail = ''] = written.split('::');
	const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16)));
	const front = groups(head);
	const back = groups(tail);
	const all = [...front, ...Array.from({length: 8 - front.length - back.length}, () => 0), ...back];
	return Uint8Array.from(all.flatMap(group => [group >> 8, group & 255]));
}

/** The subject and the key identifier of a CA, as those whom it certifies must name them. */
function readIssuer(raw: Uint8Array): {readonly name: Uint8Array; readonly keyId: Uint8Array} {
	const [certificate] = derElements(raw);
	const [toBeSigned] = derElements(certificate!.body);
	const parts = derElements(toBeSigned!.body);
	const [, , , , , subject, spki] = parts;
	const extensions = parts.find(({tag}) => tag === 0xa3);
	const list = extensions === undefined ? [] : derElements(derElements(extensions.body)[0]!.body).map(({body}) => derElements(body));
	const found = list.find(([oid]) => oid !== undefined && toHex(oid.whole) === toHex(oids.subjectKeyIdentifier))?.at(-1);
	return {name: subject!.whole, keyId: found === undefined ? keyIdOf(spki!.whole) : derElements(found.body)[0]!.body};
}

function spkiOf(key: KeyObject): Uint8Array {
	return (key.type === 'private' ? createPublicKey(key) : key).export({type: 'spki', format: 'der'});
}

/** The first 160 bits of the key's SHA-256 [RFC 7093 §2, method 1]. */
function keyIdOf(spki: Uint8Array): Uint8Array {
	const [, bits] = derElements(derElements(spki)[0]!.body);
	return createHash('sha256').update(bits!.body.subarray(1)).digest().subarray(0, 20);
}

function ascii(text: string): Uint8Array {
	return Buffer.from(text, 'latin1');
}

function pem(bytes: Uint8Array): string {
	const lines = Buffer.from(bytes)
		.toString('base64')
		.match(/.{1,64}/g)!;
	return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function pkcs8(key: KeyObject): string {
	return key.export({type: 'pkcs8', format: 'pem'}) as string;
}

/** The CA of a site. Fails with DATA_MISSING. */
export async function openCa(paths: Pick<SitePaths, 'directory'>): Promise<KeyAndCertificate> {
	try {
		return {
			certificate: await readFile(join(paths.directory, certificateFiles.ca), 'utf8'),
			key: await readFile(join(paths.directory, certificateFiles.caKey), 'utf8'),
		};
	} catch (cause) {
		throw new AgentError('DATA_MISSING', `there is no CA in ${paths.directory}`, {hint: 'Make one with: kedge certificate NAME', cause});
	}
}

/** A client certificate for a device, by the site's own CA, and what it is to be enrolled with. Nothing is written: the key goes to the device. */
export async function issueClientCertificate(
	site: {readonly paths: Pick<SitePaths, 'directory'>},
	deviceId: string,
	life: Life,
): Promise<Issued> {
	return issueClient(await openCa(site.paths), deviceId, life);
}

type Wanted = {readonly logName: string; readonly names: readonly string[]; readonly random: Random; readonly nowMs: number};

/** Who runs a command on the machine itself must reach its broker as well. */
const localNames = ['localhost', '127.0.0.1'];
const withLocal = (names: readonly string[]): string[] => [...new Set([...names, ...localNames])];

/** The files of a new CA and of a certificate for the broker. Fails with ARGUMENT_INVALID. */
export function certificatesFor({logName, names, random, nowMs}: Wanted): SiteFile[] {
	const ca = makeCa(logName, {random, nowMs});
	const server = issueServer(ca, withLocal(names), {random, nowMs, days: serverDays});
	return [
		{name: certificateFiles.ca, text: ca.certificate, mode: 0o644},
		{name: certificateFiles.caKey, text: ca.key, mode: 0o600},
		{name: certificateFiles.serverKey, text: server.key, mode: 0o600},
		{name: certificateFiles.server, text: server.certificate, mode: 0o644},
	];
}

/**
 * Writes a certificate for the broker into the site's directory, over the one that is there, which a running agent then takes up by itself; with a new CA if there is
 * none. Fails with ARGUMENT_INVALID, KEY_INVALID or DATA_EXISTS.
 */
export async function renewServerCertificate(
	directory: string,
	wanted: Wanted,
): Promise<{readonly isNewCa: boolean; readonly notAfterMs: number}> {
	const {logName, names, random, nowMs} = wanted;
	let isNewCa = false;
	const ca = await openCa({directory}).catch(() => {
		isNewCa = true;
		return makeCa(logName, {random, nowMs});
	});
	const issued = issueServer(ca, withLocal(names), {random, nowMs, days: serverDays});
	if (isNewCa) {
		await writeNew(join(directory, certificateFiles.ca), ca.certificate, 0o644);
		await writeNew(join(directory, certificateFiles.caKey), ca.key, 0o600);
	}
	// An agent that looks between the two finds a key that is not the certificate's, keeps what it has, and looks again.
	await replace(join(directory, certificateFiles.serverKey), issued.key, 0o600);
	await replace(join(directory, certificateFiles.server), issued.certificate, 0o644);
	return {isNewCa, notAfterMs: issued.notAfterMs};
}

/** The names that the broker's certificate in a site's directory is for. Fails with DATA_MISSING. */
export async function namesOf(directory: string): Promise<string[]> {
	const path = join(directory, certificateFiles.server);
	const text = await readFile(path, 'utf8').catch(cause => {
		throw new AgentError('DATA_MISSING', `there is no ${path} to renew`, {hint: 'Say the names and addresses of this machine.', cause});
	});
	// [Node.js X509Certificate.subjectAltName] Of names with odd characters it would quote the whole; ours have none.
	return (new X509Certificate(text).subjectAltName ?? '').split(', ').flatMap(one => /^(?:DNS|IP Address):(.+)$/.exec(one)?.[1] ?? []);
}

/** Fails with DATA_EXISTS if the file is there: a CA is never overwritten, not even the half of one. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
	try {
		await writeFile(path, text, {flag: 'wx', mode});
	} catch (cause) {
		throw new AgentError('DATA_EXISTS', `${path} cannot be written`, {hint: 'Move it away if no device trusts that CA any more.', cause});
	}
	await chmod(path, mode);
}

async function replace(path: string, text: string, mode: number): Promise<void> {
	await writeFile(`${path}.new`, text, {mode});
	await chmod(`${path}.new`, mode);
	await rename(`${path}.new`, path);
}
