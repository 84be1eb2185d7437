// The composition root's part that enrols devices from the command line: makes their credentials here, and asks the running agent to let them in. No secret of a device ever reaches the agent.

import {createHash, X509Certificate} from 'node:crypto';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {askAgent} from './api/status-server.ts';
import type {Clock} from './base/clock.ts';
import {publicKeyFromPem} from './base/device-signature.ts';
import {AgentError, describeError} from './base/errors.ts';
import type {Random} from './base/random.ts';
import type {DeviceBinding, DeviceChange, ListedDevice} from './device-desk.ts';
import {formatDeviceKey, parseDeviceKey} from './format/device-key.ts';
import {makePassword, type Site} from './site.ts';

export type {ListedDevice} from './device-desk.ts';

/** How a device proves who it is to the embedded broker. none: it does not connect there. */
export type CredentialWish = {readonly kind: 'password'} | {readonly kind: 'certificate'; readonly days: number} | {readonly kind: 'none'};

/** What was made for a device: shown once, and kept nowhere else. */
export type MadeCredentials = {
	readonly password: string | undefined;
	/** Paths of the client certificate and its key, for the device. */
	readonly certificateFile: string | undefined;
	readonly keyFile: string | undefined;
};

export type Enrolled = {readonly device: ListedDevice; readonly made: MadeCredentials};

type Around = {readonly site: Site; readonly random: Random; readonly clock: Clock};

type Prepared = {
	readonly set: Readonly<Record<string, string>>;
	readonly certificate: {readonly notBeforeMs: number; readonly notAfterMs: number} | undefined;
	readonly made: MadeCredentials;
};

const nothingMade: MadeCredentials = {password: undefined, certificateFile: undefined, keyFile: undefined};

/** Enrols a device with the running agent. `device` has the keys of the config. Fails with AGENT_UNREACHABLE, or with what the agent says is wrong. */
export async function addDevice(around: Around, device: Readonly<Record<string, unknown>>, wish: CredentialWish): Promise<Enrolled> {
	const {set, certificate, made} = await prepare(around, String(device.id), wish);
	const change: DeviceChange = {event: 'add', device: {...device, ...set}, certificate};
	return {device: await ask(around.site, change), made};
}

/** Gives a device other credentials, another key or another calibration; the old ones end at once. */
export async function rotateDevice(
	around: Around,
	id: string,
	options: {readonly wish: CredentialWish; readonly set: Readonly<Record<string, unknown>>; readonly reason: string | undefined},
): Promise<Enrolled> {
	const {set, certificate, made} = await prepare(around, id, options.wish);
	// Another way in takes the place of those before: whoever rotates because a password was seen must not leave it open.
	const ended =
		options.wish.kind === 'certificate' ? {passwordHash: null} : options.wish.kind === 'password' ? {certificateSha256: null} : {};
	const change: DeviceChange = {event: 'rotate', id, set: {...options.set, ...ended, ...set}, certificate, reason: options.reason};
	return {device: await ask(around.site, change), made};
}

export function revokeDevice(site: Site, id: string, reason: string | undefined): Promise<ListedDevice> {
	return ask(site, {event: 'revoke', id, reason});
}

/** Has the log say to whom a device is bound on a chain; null: to nobody any more. What it says already is not said again. */
export function noteBinding(site: Site, id: string, binding: DeviceBinding | null): Promise<ListedDevice> {
	return ask(site, {event: 'bind', id, binding});
}

export function listDevices(site: Site): Promise<readonly ListedDevice[]> {
	return askAgent(site.paths.socket, 'GET', '/devices');
}

function ask(site: Site, change: DeviceChange): Promise<ListedDevice> {
	return askAgent(site.paths.socket, 'POST', '/devices', change);
}

async function prepare({site, random, clock}: Around, id: string, wish: CredentialWish): Promise<Prepared> {
	if (wish.kind === 'none') return {set: {}, certificate: undefined, made: nothingMade};
	if (wish.kind === 'password') {
		const {password, hash} = await makePassword(random);
		return {set: {passwordHash: hash}, certificate: undefined, made: {...nothingMade, password}};
	}
	// It brings a library of certificates, which no other command needs.
	const {issueClientCertificate} = await import('./certificates.ts');
	const issued = await issueClientCertificate(site, id, {random, nowMs: clock.nowMs(), days: wish.days});
	const {fingerprint, notAfterMs} = issued;
	const notBeforeMs = Date.parse(new X509Certificate(issued.certificate).validFrom);
	const folder = join(site.paths.directory, 'certificates');
	await mkdir(folder, {recursive: true, mode: 0o700});
	// The name says which one: an older one stays until its owner deletes it.
	const name = join(folder, `${id}-${fingerprint.slice(0, 8)}`);
	await writeFile(`${name}.pem`, issued.certificate, {flag: 'wx', mode: 0o644});
	await writeFile(`${name}-key.pem`, issued.key, {flag: 'wx', mode: 0o600});
	return {
		set: {certificateSha256: fingerprint},
		certificate: {notBeforeMs, notAfterMs},
		made: {...nothingMade, certificateFile: `${name}.pem`, keyFile: `${name}-key.pem`},
	};
}

/** A public key from the words of a command: the key itself, or a PEM file. Fails with ARGUMENT_INVALID. */
export async function readDeviceKey(words: string): Promise<string> {
	const direct = parseDeviceKey(words);
	if (!('problem' in direct)) return formatDeviceKey(direct);
	if (/^(?:ed25519|p256|secp256k1):/.test(words)) throw new AgentError('ARGUMENT_INVALID', `the key "${words}": ${direct.problem}`);
	let pem: string;
	try {
		pem = await readFile(words, 'utf8');
	} catch (error) {
		throw new AgentError('ARGUMENT_INVALID', `"${words}" is no key such as ed25519:BASE64, and no file: ${describeError(error)}`);
	}
	const key = publicKeyFromPem(pem) ?? fromText(pem);
	if (key === undefined)
		throw new AgentError('ARGUMENT_INVALID', `${words} holds no public key of Ed25519, P-256 or secp256k1`, {
			hint: 'A PEM file begins with -----BEGIN PUBLIC KEY-----; a private key does not belong here.',
		});
	return formatDeviceKey(key);
}

function fromText(text: string): ReturnType<typeof publicKeyFromPem> {
	const key = parseDeviceKey(text.trim());
	return 'problem' in key ? undefined : key;
}

const calibrationBytesMax = 16 * 1024 * 1024;

/** Keeps a calibration certificate's file in the site, by its hash, and gives the hash. Fails with DATA_MISSING or ARGUMENT_INVALID. */
export async function keepCalibration(site: Site, path: string): Promise<string> {
	let bytes: Buffer;
	try {
		bytes = await readFile(path);
	} catch (error) {
		throw new AgentError('DATA_MISSING', `cannot read the calibration certificate ${path}`, {cause: error});
	}
	if (bytes.length === 0 || bytes.length > calibrationBytesMax)
		throw new AgentError('ARGUMENT_INVALID', `${path} has ${bytes.length} bytes; a certificate has 1 to ${calibrationBytesMax}`);
	const sha256 = createHash('sha256').update(bytes).digest('hex');
	const folder = join(site.paths.directory, 'calibrations');
	await mkdir(folder, {recursive: true, mode: 0o700});
	// The same file again is the same name and the same bytes.
	await writeFile(join(folder, sha256), bytes, {mode: 0o600});
	return sha256;
}
