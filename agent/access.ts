// Decides who comes in at the embedded broker, and keeps an eye on the certificates that this rests on.

import {X509Certificate} from 'node:crypto';
import {readFile, stat} from 'node:fs/promises';
import type {Broker, BrokerOptions, Identity} from '../broker/broker.ts';
import type {PeerCertificate, TlsMaterial} from '../broker/tls.ts';
import type {Clock} from './base/clock.ts';
import {AgentError, describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {type Config, isLoopback} from './config.ts';
import {createDevices, type Device, type Devices} from './ingest/devices.ts';
import type {MqttClientOptions} from './ingest/mqtt-client.ts';
import {type Site, siteFile} from './site.ts';

/** Files are looked at again, and certificates that have run out are no longer served, after so long. */
const lookEveryMs = 60_000;

const dayMs = 86_400_000;
/** From so many days before its end on a certificate is an alarm. */
const alarmDays = 30;
/** Certificates that alarms name one by one; a fleet that was enrolled on one day ends on one day. */
const alarmsMax = 20;

/** A certificate, by what people call it. */
export type CertificateLife = {readonly name: string; readonly notBeforeMs: number; readonly notAfterMs: number};

/** A sentence for each certificate that ends within 30 days, has ended, or is not valid yet; the most urgent first. */
export function certificateAlarms(lives: readonly CertificateLife[], nowMs: number): string[] {
	const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
	const urgent = lives
		.filter(({notBeforeMs, notAfterMs}) => notBeforeMs > nowMs || notAfterMs - nowMs <= alarmDays * dayMs)
		.sort((a, b) => a.notAfterMs - b.notAfterMs);
	const sentences = urgent.slice(0, alarmsMax).map(({name: small, notBeforeMs, notAfterMs}) => {
		const name = small.charAt(0).toUpperCase() + small.slice(1);
		if (notAfterMs <= nowMs) return `${name} ran out on ${dayOf(notAfterMs)}: it is trusted no more.`;
		if (notBeforeMs > nowMs) return `${name} is valid from ${dayOf(notBeforeMs)} only; is the clock of this machine right?`;
		const days = Math.floor((notAfterMs - nowMs) / dayMs);
		return `${name} runs out ${days === 0 ? 'within a day' : `in ${days} day${days === 1 ? '' : 's'}`}, on ${dayOf(notAfterMs)}.`;
	});
	return urgent.length > alarmsMax
		? [...sentences, `${urgent.length - alarmsMax} more certificates run out within ${alarmDays} days.`]
		: sentences;
}

/** What the owner has let be less safe than it could be; said as long as it is so. */
export function openDoorWarnings({broker}: Pick<Config, 'broker'>, devices: readonly Pick<Device, 'anonymous' | 'isRevoked'>[]): string[] {
	if (broker === undefined) return [];
	const warnings: string[] = [];
	if (broker.port !== undefined && !isLoopback(broker.host))
		warnings.push(
			`The broker is reached from other machines without encryption on port ${broker.port}: anybody on the way reads the passwords.`,
		);
	if (broker.anonymous !== undefined) {
		const count = devices.filter(({anonymous, isRevoked}) => anonymous && !isRevoked).length;
		warnings.push(`ANYBODY CAN PUBLISH for ${count} device${count === 1 ? '' : 's'}: broker.anonymous is set, and they need no password.`);
	}
	return warnings;
}

/** What access needs of the devices. */
export type KnownDevices = Pick<Devices, 'all' | 'authenticate' | 'byId' | 'withCertificate'>;

/**
 * The device that a CONNECT is from; undefined if it may not come in. Whoever shows a certificate is the device that has it, or nobody: no password makes up for another's.
 * Without one the password decides, and where the owner allows it the client id alone.
 */
export async function whoConnects(
	devices: KnownDevices,
	connect: {
		readonly clientId: string;
		readonly username: string | undefined;
		readonly password: Uint8Array | undefined;
		/** Chains to the client CA and is valid now. */
		readonly certificate: PeerCertificate | undefined;
	},
	allowsAnonymous: boolean,
): Promise<Device | undefined> {
	const {clientId, username, password, certificate} = connect;
	if (certificate !== undefined) {
		const device = devices.withCertificate(certificate.fingerprint);
		return username === undefined || username === device?.id ? device : undefined;
	}
	if (username !== undefined && password !== undefined) return devices.authenticate(username, password);
	if (!allowsAnonymous || username !== undefined || password !== undefined) return undefined;
	const device = devices.byId(clientId.split(/[:/]/)[0]!);
	return device?.anonymous === true && !device.isRevoked ? device : undefined;
}

export type Access = {
	/** For the broker. */
	readonly brokerOptions: Pick<BrokerOptions, 'host' | 'port' | 'tls' | 'messagesPerSecondMax'>;
	/** For the door to a broker of yours. */
	readonly clientTls: MqttClientOptions['tls'];
	/** What `authenticate` of the broker asks. */
	readonly who: (
		clientId: string,
		username: string | undefined,
		password: Uint8Array | undefined,
		certificate: PeerCertificate | undefined,
	) => Promise<Device | undefined>;
	/** Who only listens: undefined if nobody of this name does; else what comes of the attempt. */
	readonly readerOf: (
		clientId: string,
		username: string | undefined,
		password: Uint8Array | undefined,
		certificate: PeerCertificate | undefined,
	) => {readonly identity: Promise<Identity | undefined>} | undefined;
	/** What of the identity of a device is decided here. */
	readonly limitsOf: (device: Device) => Pick<Identity, 'messagesPerSecondMax'>;
	/** Whether there is anything to look at. */
	readonly hasCertificates: boolean;
	/** Takes up new files, closes connections whose certificate has run out, and logs alarms once a day. Looks at most once a minute, however often it is called. MUST NOT reject. */
	readonly look: (broker: Pick<Broker, 'useCertificate' | 'closeExpired'> | undefined) => Promise<void>;
	/** For `status`. */
	readonly warnings: () => string[];
};

/** Reads the certificates that the config names. Fails with KEY_INVALID. */
export async function openAccess(parts: {
	readonly site: Site;
	readonly devices: KnownDevices;
	/** When the certificates of devices hold, as far as they were enrolled with that. */
	readonly deviceCertificates: () => readonly CertificateLife[];
	readonly clock: Clock;
	readonly logger: Logger;
}): Promise<Access> {
	const {site, devices, clock, logger} = parts;
	const {broker, client} = site.config;
	const tls = broker?.tls;
	const fileOf = (path: string): string => siteFile(site, path);
	const readPem = async (path: string): Promise<string> => {
		try {
			return await readFile(fileOf(path), 'utf8');
		} catch (cause) {
			throw new AgentError('KEY_INVALID', `cannot read ${fileOf(path)}`, {
				hint: 'kedge certificate NAME makes the files for the broker.',
				cause,
			});
		}
	};
	const readMaterial = async (): Promise<TlsMaterial | undefined> =>
		tls && {
			certificate: await readPem(tls.certificate),
			key: await readPem(tls.key),
			clientCa: tls.clientCa === undefined ? undefined : await readPem(tls.clientCa),
		};
	const watched = tls === undefined ? [] : [tls.certificate, tls.key, ...(tls.clientCa === undefined ? [] : [tls.clientCa])];
	/** Also the length: a file may be written twice in one tick of its clock. */
	const stamp = async (): Promise<string> => {
		const stats = await Promise.all(watched.map(async path => stat(fileOf(path)).catch(() => undefined)));
		return stats.map(found => `${found?.mtimeMs} ${found?.ino} ${found?.size}`).join('\n');
	};

	let stamped = await stamp();
	let material = await readMaterial();
	const clientTls =
		client === undefined
			? undefined
			: {
					...(client.caFile === undefined ? {} : {ca: await readPem(client.caFile)}),
					...(client.certificateFile === undefined ? {} : {certificate: await readPem(client.certificateFile)}),
					...(client.keyFile === undefined ? {} : {key: await readPem(client.keyFile)}),
					...(client.serverName === undefined ? {} : {serverName: client.serverName}),
				};
	/** Of devices that came with a certificate since the start: by its fingerprint, its end. */
	const seen = new Map<string, CertificateLife & {readonly deviceId: string}>();
	let lives: readonly CertificateLife[] = [];
	const readLives = (): void => {
		lives = [
			...(material === undefined ? [] : livesOf(`the broker's certificate (${tls!.certificate})`, material.certificate)),
			...(material?.clientCa === undefined ? [] : livesOf(`the CA of the devices' certificates (${tls!.clientCa})`, material.clientCa)),
			...(clientTls?.certificate === undefined
				? []
				: livesOf(`the agent's certificate for ${client!.name} (${client!.certificateFile})`, clientTls.certificate)),
			...(clientTls?.ca === undefined ? [] : livesOf(`the CA of ${client!.name} (${client!.caFile})`, clientTls.ca)),
		];
	};
	readLives();
	const alarms = (): string[] => {
		for (const [fingerprint, {deviceId}] of seen) if (devices.withCertificate(fingerprint)?.id !== deviceId) seen.delete(fingerprint);
		// What a device came with is the newer news of it.
		const ofDevices = new Map([...parts.deviceCertificates(), ...seen.values()].map(life => [life.name, life]));
		return certificateAlarms([...lives, ...ofDevices.values()], clock.nowMs());
	};

	const readers = new Map((broker?.readers ?? []).map(reader => [reader.name, reader]));
	/** They are let in as devices are, and are none. */
	const readerDoor = createDevices(
		[...readers.values()].map(({name, passwordHash}) => ({id: name, passwordHash, mappings: [], simulated: false})),
		new Map(),
	);
	/** Home Assistant says there when it comes and goes: on the first, whatever its discovery prefix is, unless its owner has changed that too. */
	const birthTopics = ['homeassistant/status', `${site.config.homeAssistant?.prefix ?? 'homeassistant'}/status`];
	const readIdentity = async (clientId: string, name: string, password: Uint8Array): Promise<Identity | undefined> => {
		if ((await readerDoor.authenticate(name, password)) === undefined) return undefined;
		const [owner = ''] = clientId.split(/[:/]/);
		return {
			deviceId: name,
			role: 'reader',
			topicFilters: readers.get(name)!.topics,
			ignoredFilters: birthTopics,
			// Programs make up a client id at each start; with that of a device they would end its connection.
			isClientIdFree: devices.byId(owner) === undefined && !readers.has(owner),
			messagesPerSecondMax: broker?.deviceMessagesPerSecondMax,
		};
	};

	let lookedAtMs = Number.NEGATIVE_INFINITY;
	let alarmedDay = -1;
	let problem = '';
	const takeUp = async (door: Pick<Broker, 'useCertificate'>): Promise<void> => {
		const now = await stamp();
		if (now === stamped) return;
		try {
			const next = await readMaterial();
			if (next === undefined) return;
			door.useCertificate(next);
			material = next;
			readLives();
			stamped = now;
			problem = '';
			logger.log('info', 'broker uses new certificate files', {certificate: tls?.certificate});
		} catch (error) {
			// Half of them may be written: the old ones stay until all of them fit.
			const sentence = describeError(error);
			if (sentence !== problem) logger.log('warn', 'new certificate files cannot be used, the old ones stay', {error: sentence});
			problem = sentence;
		}
	};

	return {
		brokerOptions: {
			...(broker === undefined ? {} : {host: broker.host, port: broker.port ?? 'none', messagesPerSecondMax: broker.messagesPerSecondMax}),
			...(material === undefined ? {} : {tls: {...material, port: tls!.port}}),
		},
		clientTls,
		who: async (clientId, username, password, certificate) => {
			const device = await whoConnects(devices, {clientId, username, password, certificate}, broker?.anonymous !== undefined);
			if (device !== undefined && certificate !== undefined) {
				const {fingerprint, notBeforeMs, notAfterMs} = certificate;
				seen.set(fingerprint, {name: `the certificate of device "${device.id}"`, deviceId: device.id, notBeforeMs, notAfterMs});
			}
			return device;
		},
		readerOf: (clientId, username, password, certificate) => {
			if (username === undefined || !readers.has(username)) return undefined;
			// A certificate is a device's, or nobody's.
			if (password === undefined || certificate !== undefined) return {identity: Promise.resolve(undefined)};
			return {identity: readIdentity(clientId, username, password)};
		},
		limitsOf: ({messagesPerSecondMax}) => ({messagesPerSecondMax: messagesPerSecondMax ?? broker?.deviceMessagesPerSecondMax}),
		hasCertificates: material !== undefined || lives.length > 0,
		look: async door => {
			if (clock.monotonicMs() - lookedAtMs < lookEveryMs) return;
			lookedAtMs = clock.monotonicMs();
			if (door !== undefined && watched.length > 0) await takeUp(door);
			const nowMs = clock.nowMs();
			door?.closeExpired(nowMs);
			const day = Math.floor(nowMs / dayMs);
			if (day === alarmedDay) return;
			alarmedDay = day;
			for (const alarm of alarms()) logger.log('warn', 'certificate runs out', {alarm});
		},
		warnings: () => [
			...openDoorWarnings(site.config, devices.all()),
			...alarms(),
			...(problem === '' ? [] : [`New certificate files cannot be used, the old ones stay: ${problem}.`]),
		],
	};
}

/** Each certificate of a PEM text. Fails with KEY_INVALID. */
function livesOf(name: string, pem: string): CertificateLife[] {
	const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
	if (found.length === 0) throw new AgentError('KEY_INVALID', `${name} is no PEM certificate`);
	return found.map(text => {
		try {
			const {validFrom, validTo} = new X509Certificate(text);
			return {name, notBeforeMs: Date.parse(validFrom), notAfterMs: Date.parse(validTo)};
		} catch (cause) {
			throw new AgentError('KEY_INVALID', `${name} is no certificate`, {cause});
		}
	});
}
