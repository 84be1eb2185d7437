// Makes the certificates of a site: its own CA, the broker's certificate, and those of its devices [RFC 5280].

// The decorators of the library for certificates register themselves with it: it must be there first.
import 'reflect-metadata';

import {createHash, createPrivateKey, webcrypto, X509Certificate} from 'node:crypto';
import {chmod, readFile, rename, writeFile} from 'node:fs/promises';
import {isIP} from 'node:net';
import {join} from 'node:path';
import * as x509 from '@peculiar/x509';
import {toHex} from './base/bytes.ts';
import {giveToOwner} from './base/durable.ts';
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

const p256 = {name: 'ECDSA', namedCurve: 'P-256'} as const;
const signatureHash = {hash: 'SHA-256'} as const;

export type Life = {readonly random: Random; readonly nowMs: number; readonly days: number};

/** A new CA for a log's site. Its key can sign certificates of ends only, no other CAs. */
export async function makeCa(logName: string, life: Omit<Life, 'days'>): Promise<KeyAndCertificate> {
	const keys = await makeKeys();
	// Two sites may have a log of one name; a common name has 64 characters at most.
	const name = nameOf(`Kedge CA ${toHex(life.random.bytes(4))} ${logName}`.slice(0, 64));
	const {keyCertSign, cRLSign} = x509.KeyUsageFlags;
	const certificate = await certify({
		issuer: name,
		signingKey: keys.privateKey,
		subject: name,
		publicKey: keys.publicKey,
		extensions: [
			new x509.BasicConstraintsExtension(true, 0, true),
			new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
			new x509.SubjectKeyIdentifierExtension(await keyIdOf(keys.publicKey)),
		],
		notAfterMs: life.nowMs + caDays * dayMs,
		...life,
	});
	return {certificate: pemOf(certificate), key: await pkcs8Of(keys.privateKey)};
}

/** A certificate for a server of these DNS names and IP addresses. Fails with ARGUMENT_INVALID. */
export async function issueServer(ca: KeyAndCertificate, names: readonly string[], life: Life): Promise<Issued> {
	if (names.length === 0 || names.length > namesMax)
		throw new AgentError('ARGUMENT_INVALID', `a certificate is for 1 to ${namesMax} names, not ${names.length}`);
	const subject = names.find(name => isIP(name) === 0 && name.length <= 64) ?? names[0]!;
	return issue(ca, subject, x509.ExtendedKeyUsage.serverAuth, names.map(alternativeName), life);
}

/** A certificate with which a device proves who it is. Fails with ARGUMENT_INVALID. */
export async function issueClient(ca: KeyAndCertificate, deviceId: string, life: Life): Promise<Issued> {
	return issue(ca, deviceId, x509.ExtendedKeyUsage.clientAuth, [{type: 'url', value: deviceUrn(deviceId)}], life);
}

async function issue(
	ca: KeyAndCertificate,
	subject: string,
	purpose: x509.ExtendedKeyUsage,
	alternatives: x509.JsonGeneralNames,
	life: Life,
): Promise<Issued> {
	const {nowMs, days} = life;
	if (!Number.isInteger(days) || days < 1 || days > clientDaysMax)
		throw new AgentError('ARGUMENT_INVALID', `a certificate is valid for 1 to ${clientDaysMax} days, not ${days}`);
	const authority = await openAuthority(ca);
	// What outlives its CA is not valid then anyway.
	const notAfterMs = Math.min(nowMs + days * dayMs, authority.notAfterMs);
	if (notAfterMs <= nowMs) throw new AgentError('KEY_INVALID', `the CA has run out on ${new Date(authority.notAfterMs).toISOString()}`);
	const keys = await makeKeys();
	const certificate = await certify({
		issuer: authority.name,
		signingKey: authority.signingKey,
		subject: nameOf(subject),
		publicKey: keys.publicKey,
		extensions: [
			new x509.BasicConstraintsExtension(false, undefined, true),
			new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
			new x509.ExtendedKeyUsageExtension([purpose]),
			new x509.SubjectAlternativeNameExtension(alternatives),
			new x509.SubjectKeyIdentifierExtension(await keyIdOf(keys.publicKey)),
			new x509.AuthorityKeyIdentifierExtension(authority.keyId),
		],
		...life,
		notAfterMs,
	});
	return {
		certificate: pemOf(certificate),
		key: await pkcs8Of(keys.privateKey),
		fingerprint: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
		notAfterMs: wholeSeconds(notAfterMs),
	};
}

function certify(parts: {
	readonly issuer: x509.Name;
	readonly signingKey: webcrypto.CryptoKey;
	readonly subject: x509.Name;
	readonly publicKey: webcrypto.CryptoKey;
	readonly extensions: x509.Extension[];
	readonly nowMs: number;
	readonly notAfterMs: number;
	readonly random: Random;
}): Promise<x509.X509Certificate> {
	const {issuer, signingKey, subject, publicKey, extensions} = parts;
	const serial = parts.random.bytes(16);
	// Positive, and never shorter [RFC 5280 §4.1.2.2].
	serial[0] = (serial[0]! & 0x3f) | 0x40;
	return x509.X509CertificateGenerator.create({
		serialNumber: toHex(serial),
		issuer,
		subject,
		// Times have no fractions of a second [RFC 5280 §4.1.2.5].
		notBefore: new Date(wholeSeconds(parts.nowMs - backdatedMs)),
		notAfter: new Date(wholeSeconds(parts.notAfterMs)),
		publicKey,
		signingKey,
		signingAlgorithm: {...signingKey.algorithm, ...signatureHash},
		extensions,
	});
}

/** What certificates by a CA take from it. Fails with KEY_INVALID. */
async function openAuthority(ca: KeyAndCertificate): Promise<{
	readonly name: x509.Name;
	/** Hexadecimal digits. */
	readonly keyId: string;
	readonly signingKey: webcrypto.CryptoKey;
	readonly notAfterMs: number;
}> {
	const parsed = new X509Certificate(ca.certificate);
	const key = createPrivateKey(ca.key);
	if (!parsed.checkPrivateKey(key)) throw new AgentError('KEY_INVALID', 'the key of the CA is not that of its certificate');
	const certificate = new x509.X509Certificate(parsed.raw);
	// A CA that somebody has put there may have a key of another type than ours.
	const signingKey = await webcrypto.subtle
		.importKey('pkcs8', key.export({type: 'pkcs8', format: 'der'}), {...certificate.publicKey.algorithm, ...signatureHash}, false, ['sign'])
		.catch(cause => {
			throw new AgentError(
				'KEY_INVALID',
				`no certificate is signed with a key of type ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType}`,
				{cause},
			);
		});
	return {
		name: certificate.subjectName,
		keyId: certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId ?? (await keyIdOf(certificate.publicKey)),
		signingKey,
		notAfterMs: certificate.notAfter.getTime(),
	};
}

const wholeSeconds = (timeMs: number): number => Math.floor(timeMs / 1000) * 1000;

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
	return webcrypto.subtle.generateKey(p256, true, ['sign', 'verify']);
}

function nameOf(commonName: string): x509.Name {
	return new x509.Name([{CN: [{utf8String: commonName}]}]);
}

function alternativeName(name: string): x509.JsonGeneralName {
	const version = isIP(name);
	if (version === 4) return {type: 'ip', value: name};
	// The library takes the tail of ::ffff:192.0.2.7 for one group of digits. A URL writes two of it; the scope is of this machine only.
	if (version === 6) return {type: 'ip', value: new URL(`http://[${name.split('%')[0]}]/`).hostname.slice(1, -1)};
	const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
	if (name.length > 253 || !new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`).test(name))
		throw new AgentError('ARGUMENT_INVALID', `"${name}" is neither a DNS name nor an IP address`);
	return {type: 'dns', value: name};
}

/** The first 160 bits of the key's SHA-256 [RFC 7093 §2, method 1], hexadecimal digits. */
async function keyIdOf(key: x509.PublicKeyType): Promise<string> {
	const publicKey = await x509.PublicKey.create(key);
	return toHex(new Uint8Array(await publicKey.getKeyIdentifier('SHA-256'), 0, 20));
}

const pemOf = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;

async function pkcs8Of(key: webcrypto.CryptoKey): Promise<string> {
	return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), x509.PemConverter.PrivateKeyTag)}\n`;
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
export async function certificatesFor({logName, names, random, nowMs}: Wanted): Promise<SiteFile[]> {
	const ca = await makeCa(logName, {random, nowMs});
	const server = await issueServer(ca, withLocal(names), {random, nowMs, days: serverDays});
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
	const issued = await issueServer(ca, withLocal(names), {random, nowMs, days: serverDays});
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
	await giveToOwner(path);
}

async function replace(path: string, text: string, mode: number): Promise<void> {
	await writeFile(`${path}.new`, text, {mode});
	await chmod(`${path}.new`, mode);
	await giveToOwner(`${path}.new`);
	await rename(`${path}.new`, path);
}
