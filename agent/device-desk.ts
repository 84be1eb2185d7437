// The composition root's part that lets devices come, change and go while the agent runs: each change is an entry of the log, and the device's row in the same commit.

import {createHash} from 'node:crypto';
import type {Clock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {passwordHashProblem} from './base/password.ts';
import {type DeviceConfig as ConfiguredDevice, calibrationTimes, devicesMax, parseDevice} from './config.ts';
import {parseDeviceKey} from './format/device-key.ts';
import {identityKinds, kinds} from './format/entry.ts';
import {encodeIdentity, type IdentityBody, type IdentityEvent} from './format/identity.ts';
import {deviceUrn} from './format/subject.ts';
import type {Device, DeviceConfig, Devices} from './ingest/devices.ts';
import type {Ingest} from './ingest/ingest.ts';
import {limitsProblem} from './ingest/limits.ts';
import type {Log} from './log/log.ts';
import type {Site} from './site.ts';

/** When a client certificate holds. */
export type CertificateTimes = {readonly notBeforeMs: number; readonly notAfterMs: number};

/** What somebody may ask for; `device` has the keys of the config. */
export type DeviceChange =
	| {readonly event: 'add'; readonly device: unknown; readonly certificate?: CertificateTimes | undefined}
	/** Replaces what is given: `passwordHash`, `certificateSha256` (with its times), `publicKey`, `signed`, `calibration`. null takes it away. */
	| {
			readonly event: 'rotate';
			readonly id: string;
			readonly set: Readonly<Record<string, unknown>>;
			readonly certificate?: CertificateTimes | undefined;
			readonly reason?: string | undefined;
	  }
	| {readonly event: 'revoke'; readonly id: string; readonly reason?: string | undefined}
	/** Notes to whom it is bound on a chain; null: to nobody any more. */
	| {readonly event: 'bind'; readonly id: string; readonly binding: DeviceBinding | null};

/** To whom a device is bound, and which DeviceRegistry says so: `eip155:CHAIN:0x…` in lower case [CAIP-10]. */
export type DeviceBinding = {readonly owner: string; readonly registry: string};

const accountPattern = /^eip155:[1-9][0-9]{0,15}:0x[0-9a-f]{40}$/;

/** Reads what came over the socket. Fails with ARGUMENT_INVALID. */
export function deviceChangeOf(value: unknown): DeviceChange {
	const {event, device, id, set, certificate, reason, binding} = (value ?? {}) as Record<string, unknown>;
	const times = certificate as CertificateTimes | undefined;
	const isTimes = times === undefined || (Number.isSafeInteger(times.notBeforeMs) && Number.isSafeInteger(times.notAfterMs));
	const isReason = reason === undefined || typeof reason === 'string';
	if (isTimes && event === 'add') return {event, device, certificate: times};
	if (isTimes && isReason && event === 'rotate' && typeof id === 'string' && typeof set === 'object' && set !== null)
		return {event, id, set: set as Record<string, unknown>, certificate: times, reason};
	if (isReason && event === 'revoke' && typeof id === 'string') return {event, id, reason};
	if (event === 'bind' && typeof id === 'string' && binding === null) return {event, id, binding};
	if (event === 'bind' && typeof id === 'string') {
		const {owner, registry} = (binding ?? {}) as Record<string, unknown>;
		if (typeof owner === 'string' && typeof registry === 'string' && accountPattern.test(owner) && accountPattern.test(registry))
			return {event, id, binding: {owner, registry}};
	}
	throw new AgentError('ARGUMENT_INVALID', 'this is no change of a device');
}

/** A device, as it is told to its owner: no secret, and no hash of one. */
export type ListedDevice = {
	readonly id: string;
	/** config: it stands in kedge.yaml. added: by `kedge device add`. */
	readonly from: 'config' | 'added';
	readonly state: 'enrolled' | 'revoked';
	readonly mappings: readonly string[];
	readonly topics: readonly string[];
	readonly credentials: readonly ('password' | 'certificate' | 'gateway' | 'anonymous')[];
	readonly key: string | undefined;
	readonly certificateSha256: string | undefined;
	readonly certificate: CertificateTimes | undefined;
	readonly calibration: ConfiguredDevice['calibration'];
	readonly expired: readonly Expirable[];
	/** To whom it is bound, as far as this log says. */
	readonly binding: DeviceBinding | undefined;
	/** Identity entries of it in this log, as far as this agent made them. */
	readonly changes: number;
	/** When something came last since the start of which a reading was taken. */
	readonly lastHeardMs: number | undefined;
	/** Messages since the start of which something was refused. */
	readonly refused: number;
};

export type Expirable = 'certificate' | 'calibration';

/** The row of a device in the log's documents. */
type Row = {
	readonly from: 'config' | 'added';
	readonly device: ConfiguredDevice;
	readonly state: 'enrolled' | 'revoked';
	readonly certificate: CertificateTimes | undefined;
	readonly expired: readonly Expirable[];
	readonly binding?: DeviceBinding | undefined;
	readonly changes: number;
};

export const deviceKind = 'device';

export type DeviceDesk = {
	readonly list: () => readonly ListedDevice[];
	/** Makes a change, durable when it resolves; it holds at once. Fails with ARGUMENT_INVALID or CONFIG_INVALID. */
	readonly change: (change: DeviceChange) => Promise<ListedDevice>;
	/** Notes what has expired since the last look. */
	readonly tick: () => Promise<void>;
	/** What the agent knows of a device beyond what admission needs. */
	readonly configured: (id: string) => ConfiguredDevice | undefined;
	/** What of a device has run out. */
	readonly expired: (id: string) => readonly Expirable[];
	/** Certificates of devices that can expire, for alarms. */
	readonly certificates: () => readonly (CertificateTimes & {readonly name: string})[];
};

/** What `rotate` may change. */
const rotatable: readonly string[] = ['passwordHash', 'certificateSha256', 'publicKey', 'signed', 'calibration'];

const reasonLengthMax = 400;

/** A device of the config or of a row, as admission knows it. */
export function admissionOf({calibration, ...device}: ConfiguredDevice, isRevoked = false): DeviceConfig {
	return {...device, calibration: calibration && calibrationTimes(calibration), isRevoked};
}

type Needs = {readonly site: Pick<Site, 'config'>; readonly devices: Devices};

/** A mapping that the config has no more reads nothing; the device stays who it is, so that nobody else gets its id, and its owner can revoke it. */
function putRow({site, devices}: Needs, {device, state}: Pick<Row, 'device' | 'state'>): Device {
	const mappings = device.mappings.filter(name => Object.hasOwn(site.config.mappings, name));
	return devices.put(admissionOf({...device, mappings}, state === 'revoked'));
}

/** The devices' rows in a log, by id. */
type StoredRows = {
	readonly rows: Map<string, Row>;
	/** Of devices that stood in the config, and do no more. */
	readonly former: Map<string, Row>;
};

/** Puts the devices that a log has beside those of the config: added ones, and what became of those in the config. */
export async function putStoredDevices(
	parts: Needs & {readonly log: Pick<Log, 'documents'>; readonly logger: Logger},
): Promise<StoredRows> {
	const {site, log, logger} = parts;
	const inConfig = new Map(site.config.devices.map(device => [device.id, device]));
	const rows = new Map<string, Row>();
	const former = new Map<string, Row>();
	for (const {key: id, body} of await log.documents(deviceKind)) {
		const stored = JSON.parse(body) as Row;
		const configured = inConfig.get(id);
		// What stands in the config is the config's to say, but that it was revoked.
		const row: Row =
			configured === undefined ? {...stored, device: parseDevice(stored.device)} : {...stored, from: 'config', device: configured};
		// It is no device now. But one that was revoked is not to come back as a new one.
		if (configured === undefined && stored.from === 'config' && stored.state !== 'revoked') {
			former.set(id, row);
			continue;
		}
		rows.set(id, row);
		const missing = row.device.mappings.filter(name => !Object.hasOwn(site.config.mappings, name));
		if (missing.length > 0 && row.state !== 'revoked')
			logger.log('error', 'a device has a mapping that the config has no more', {device: id, mappings: missing.join(' ')});
		putRow(parts, row);
	}
	return {rows, former};
}

/** Reads the rows that the log has, puts their devices, and says in the log what the config says anew. */
export async function openDeviceDesk(parts: {
	readonly site: Pick<Site, 'config'>;
	readonly log: Pick<Log, 'channel' | 'enrol' | 'appendBody' | 'documents'>;
	readonly devices: Devices;
	/** Called as soon as a device is another one: its connections must end, its topics be listened to. */
	readonly onChanged: (device: Device, event: IdentityEvent) => void;
	/** What came of it since the start. */
	readonly countsOf: Ingest['countsOf'];
	/** False while nothing may be appended. */
	readonly mayAppend: () => boolean;
	readonly clock: Clock;
	readonly logger: Logger;
}): Promise<DeviceDesk> {
	const {site, log, devices, clock, logger} = parts;
	const inConfig = new Map(site.config.devices.map(device => [device.id, device]));
	const {rows, former} = await putStoredDevices(parts);
	let isLooking = false;

	const checkMappings = ({id, mappings, via}: ConfiguredDevice): void => {
		for (const name of mappings)
			if (!Object.hasOwn(site.config.mappings, name))
				throw new AgentError('ARGUMENT_INVALID', `there is no mapping "${name}" in the config for device "${id}"`, {
					hint: `The config has ${Object.keys(site.config.mappings).join(', ') || 'none'}.`,
				});
		if (via === undefined) return;
		const gateway = devices.byId(via);
		if (gateway === undefined || gateway.via !== undefined || via === id)
			throw new AgentError('ARGUMENT_INVALID', `"${via}" is no gateway: it must be a device that speaks for itself`);
	};

	const checkDevice = (device: ConfiguredDevice): void => {
		checkMappings(device);
		if (site.config.broker?.readers.some(({name}) => name === device.id))
			throw new AgentError('ARGUMENT_INVALID', `"${device.id}" is who only listens at the broker: see broker.readers in the config`);
		for (const [name, limits] of Object.entries(device.quantities ?? {})) {
			const problem = limitsProblem(name, limits);
			if (problem !== undefined) throw new AgentError('ARGUMENT_INVALID', `the limits of ${name}: ${problem}`);
		}
		const key = device.publicKey === undefined ? undefined : parseDeviceKey(device.publicKey);
		if (key !== undefined && 'problem' in key) throw new AgentError('ARGUMENT_INVALID', `its public key: ${key.problem}`);
		const problem = device.passwordHash === undefined ? undefined : passwordHashProblem(device.passwordHash);
		if (problem !== undefined) throw new AgentError('ARGUMENT_INVALID', `the password's hash ${problem}`);
		const other = device.certificateSha256 === undefined ? undefined : devices.withCertificate(device.certificateSha256);
		if (other !== undefined && other.id !== device.id)
			throw new AgentError('ARGUMENT_INVALID', `the certificate is that of "${other.id}": one certificate is one device`);
	};

	const put = (id: string, row: Row, event: IdentityEvent): void => {
		rows.set(id, row);
		parts.onChanged(putRow(parts, row), event);
	};

	/** Appends what the device is from here on. In one turn with the change itself, so that no reading gets between the two; whoever waits waits for the disk. */
	const append = (id: string, row: Row, event: IdentityEvent, reason: string | undefined): Promise<void> => {
		const {device} = row;
		const urn = deviceUrn(id);
		const channel = log.channel(urn) ?? log.enrol({urn, quantity: 0, quantityName: undefined, exponent: 0});
		put(id, row, event);
		const body: IdentityBody = {
			event,
			urn,
			key: device.publicKey,
			certificate: device.certificateSha256 === undefined ? undefined : {sha256: device.certificateSha256, ...row.certificate},
			password: device.passwordHash === undefined ? undefined : true,
			topics: ownTopics(devices.byId(id)!),
			via: device.via,
			quantities: device.quantities,
			maxPowerW: device.maxPowerW,
			cadenceSeconds: device.cadenceSeconds,
			calibration: device.calibration,
			...row.binding,
			reason,
		};
		const draft = {
			channel,
			kind: kinds.identity,
			quantity: identityKinds[event],
			exponent: 0,
			quality: 0,
			value: BigInt(row.changes),
			measuredAtMs: 0,
			span: 0,
			session: undefined,
			key: undefined,
			keyTop: undefined,
		};
		logger.log('info', `device ${event}`, {device: id, reason});
		return new Promise((resolve, reject) =>
			log.appendBody(
				{
					body: encodeIdentity(body),
					arrivedAtMs: clock.nowMs(),
					drafts: [draft],
					document: {kind: deviceKind, key: id, body: JSON.stringify(row)},
				},
				failure => (failure === undefined ? resolve() : reject(failure)),
			),
		);
	};

	/** What the config says of devices that have an identity beyond a name and a password, where the log does not say it yet. */
	const tellConfig = async (): Promise<void> => {
		const told: Promise<void>[] = [];
		for (const device of inConfig.values()) {
			const row = rows.get(device.id);
			const isKnown = row !== undefined && log.channel(deviceUrn(device.id)) !== undefined;
			if (!hasIdentity(device) && row === undefined) continue;
			const digest = digestOf(device);
			if (isKnown && configDigests.get(device.id) === digest) continue;
			const next: Row = {
				from: 'config',
				device,
				state: row?.state ?? 'enrolled',
				certificate: undefined,
				expired: [],
				// An owner's word was for the log before, where this is a new epoch.
				binding: isKnown ? row.binding : undefined,
				changes: (row?.changes ?? 0) + 1,
			};
			// Whoever asks what the log says last of a device that was revoked must hear that.
			const event = row === undefined ? 'enrolled' : row.state === 'revoked' ? 'revoked' : 'rotated';
			told.push(append(device.id, next, event, undefined));
		}
		// A new epoch of the log has the rows of the one before, and no entry yet that says so.
		for (const [id, row] of rows)
			if (!inConfig.has(id) && log.channel(deviceUrn(id)) === undefined)
				told.push(
					append(id, {...row, binding: undefined, changes: row.changes + 1}, row.state === 'revoked' ? 'revoked' : 'enrolled', undefined),
				);
		await Promise.all(told);
	};
	/** Of what the log's rows say of devices that stand in the config. */
	const configDigests = new Map<string, string>();
	for (const {key: id, body} of await log.documents(deviceKind)) {
		const {device} = JSON.parse(body) as {readonly device: unknown};
		if (inConfig.has(id)) configDigests.set(id, digestOf(parseDevice(device)));
	}

	const listed = (id: string): ListedDevice => {
		const device = devices.byId(id)!;
		const row = rows.get(id);
		const counts = parts.countsOf(id);
		const configured = row?.device ?? inConfig.get(id)!;
		const {passwordHash, certificateSha256, via, anonymous} = configured;
		return {
			id,
			from: row?.from ?? 'config',
			state: row?.state ?? 'enrolled',
			mappings: configured.mappings,
			topics: ownTopics(device),
			credentials: [
				...(passwordHash === undefined ? [] : (['password'] as const)),
				...(certificateSha256 === undefined ? [] : (['certificate'] as const)),
				...(via === undefined ? [] : (['gateway'] as const)),
				...(anonymous ? (['anonymous'] as const) : []),
			],
			key: configured.publicKey,
			certificateSha256,
			certificate: row?.certificate,
			calibration: configured.calibration,
			expired: row?.expired ?? [],
			binding: row?.binding,
			changes: row?.changes ?? 0,
			lastHeardMs: counts?.arrivedAtMs,
			refused: counts?.refused ?? 0,
		};
	};

	const find = (id: string): Row => {
		const row = rows.get(id);
		if (row !== undefined) return row;
		const device = inConfig.get(id);
		if (device === undefined) throw new AgentError('ARGUMENT_INVALID', `there is no device "${id}"`, {hint: 'See: kedge device list'});
		return {from: 'config', device, state: 'enrolled', certificate: undefined, expired: [], changes: 0};
	};

	const add = (change: Extract<DeviceChange, {event: 'add'}>): readonly [string, Promise<void>] => {
		const device = parseDevice(change.device);
		const {id} = device;
		if (devices.byId(id) !== undefined)
			throw new AgentError('ARGUMENT_INVALID', `there is a device "${id}" already`, {
				hint:
					rows.get(id)?.state === 'revoked'
						? 'It was revoked; a device that comes again gets another id.'
						: 'Change it with: kedge device rotate',
			});
		if (devices.all().length >= devicesMax) throw new AgentError('ARGUMENT_INVALID', `there are ${devicesMax} devices already`);
		checkDevice(device);
		const changes = (former.get(id)?.changes ?? 0) + 1;
		const row: Row = {from: 'added', device, state: 'enrolled', certificate: change.certificate, expired: [], changes};
		return [id, append(id, row, 'enrolled', undefined)];
	};

	const rotate = (change: Extract<DeviceChange, {event: 'rotate'}>): readonly [string, Promise<void>] => {
		const {id, set, reason} = change;
		const row = find(id);
		if (row.state === 'revoked') throw new AgentError('ARGUMENT_INVALID', `"${id}" was revoked: it stays so`);
		if (row.from === 'config')
			throw new AgentError('ARGUMENT_INVALID', `"${id}" stands in the config`, {hint: 'Change it there, and start the agent again.'});
		const wrong = Object.keys(set).find(key => !rotatable.includes(key));
		if (wrong !== undefined || Object.keys(set).length === 0)
			throw new AgentError('ARGUMENT_INVALID', `what can be rotated is ${rotatable.join(', ')}`);
		const device = parseDevice(withoutMissing({...row.device, ...set}));
		checkDevice(device);
		const hasNewCertificate = Object.hasOwn(set, 'certificateSha256');
		const expired = row.expired.filter(
			what => !(what === 'certificate' && hasNewCertificate) && !(what === 'calibration' && set.calibration !== undefined),
		);
		const next: Row = {
			...row,
			device,
			certificate: hasNewCertificate ? change.certificate : row.certificate,
			expired,
			changes: row.changes + 1,
		};
		return [id, append(id, next, 'rotated', reason)];
	};

	const revoke = ({id, reason}: Extract<DeviceChange, {event: 'revoke'}>): readonly [string, Promise<void>] => {
		const row = find(id);
		if (row.state === 'revoked') throw new AgentError('ARGUMENT_INVALID', `"${id}" was revoked already`);
		return [id, append(id, {...row, state: 'revoked', changes: row.changes + 1}, 'revoked', reason)];
	};

	const bind = ({id, binding}: Extract<DeviceChange, {event: 'bind'}>): readonly [string, Promise<void>] => {
		const row = find(id);
		// The chain is asked again and again, and what it said before is in the log already.
		if (row.binding?.owner === binding?.owner && row.binding?.registry === binding?.registry) return [id, Promise.resolve()];
		return [id, append(id, {...row, binding: binding ?? undefined, changes: row.changes + 1}, 'bound', undefined)];
	};

	const make = (change: DeviceChange): readonly [string, Promise<void>] => {
		switch (change.event) {
			case 'add':
				return add(change);
			case 'rotate':
				return rotate(change);
			case 'revoke':
				return revoke(change);
			case 'bind':
				return bind(change);
		}
	};

	if (parts.mayAppend()) await tellConfig();

	return {
		list: () => devices.all().map(({id}) => listed(id)),
		configured: id => rows.get(id)?.device ?? inConfig.get(id),
		expired: id => rows.get(id)?.expired ?? [],
		certificates: () =>
			[...rows].flatMap(([id, {certificate, state}]) =>
				certificate === undefined || state === 'revoked' ? [] : [{name: `the certificate of device "${id}"`, ...certificate}],
			),
		change: async change => {
			if (!parts.mayAppend()) throw new AgentError('WRITE_REFUSED', 'the log takes nothing now', {hint: 'See: kedge status'});
			if ('reason' in change && change.reason !== undefined && change.reason.length > reasonLengthMax)
				throw new AgentError('ARGUMENT_INVALID', `the reason is longer than ${reasonLengthMax} characters`);
			const [id, kept] = make(change);
			await kept;
			return listed(id);
		},
		tick: async () => {
			if (isLooking || !parts.mayAppend()) return;
			isLooking = true;
			try {
				const nowMs = clock.nowMs();
				for (const [id, row] of rows) {
					if (row.state === 'revoked') continue;
					const {calibration} = row.device;
					const over: Expirable[] = [];
					if (row.certificate !== undefined && row.certificate.notAfterMs < nowMs) over.push('certificate');
					if (calibration !== undefined && calibrationTimes(calibration).notAfterMs < nowMs) over.push('calibration');
					const news = over.filter(what => !row.expired.includes(what));
					// Our clock was ahead when it was noted: its end is still to come, and to be noted.
					if (over.length < row.expired.length) rows.set(id, {...row, expired: over});
					if (news.length === 0) continue;
					await append(id, {...row, expired: over, changes: row.changes + 1}, 'expired', news.join(' and '));
				}
			} finally {
				isLooking = false;
			}
		},
	};
}

function ownTopics({compiled, topicName}: Device): string[] {
	return compiled.map(mapping => mapping.filterFor(topicName));
}

/** A key or a certificate of its own: more than a name that the config lets in. */
function hasIdentity({publicKey, certificateSha256, calibration}: ConfiguredDevice): boolean {
	return publicKey !== undefined || certificateSha256 !== undefined || calibration !== undefined;
}

function digestOf(device: ConfiguredDevice): string {
	return createHash('sha256').update(JSON.stringify(device)).digest('hex');
}

function withoutMissing(device: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(device).filter(([, value]) => value !== undefined && value !== null));
}
