// kedge device add | list | rotate | revoke: who may speak, changed while the agent runs.

import {nodeHasher} from '../base/hash-node.ts';
import {createSystemRandom} from '../base/random.ts';
import type {ListedDevice} from '../enrolling.ts';
import {
	addDevice,
	type CredentialWish,
	type Enrolled,
	keepCalibration,
	listDevices,
	readDeviceKey,
	revokeDevice,
	rotateDevice,
} from '../enrolling.ts';
import {deviceKeyThumbprint, parseDeviceKey} from '../format/device-key.ts';
import {openSite, type Site, siteFile} from '../site.ts';
import {
	ageText,
	type Command,
	configDefault,
	configOption,
	countOf,
	durationOf,
	exitCodes,
	type Io,
	isSet,
	type OptionSpec,
	textOf,
	usageError,
	type Values,
} from './command.ts';

const credentialOptions = {
	password: {type: 'boolean', help: 'make a password; it is printed once'},
	certificate: {type: 'boolean', help: 'issue a client certificate from the CA of this site (kedge init --tls)'},
	days: {type: 'string', value: 'N', help: 'days that the certificate holds (default: 365)'},
	key: {
		type: 'string',
		value: 'KEY',
		help: 'the public key that it signs its messages with: ed25519:BASE64, p256:…, secp256k1:…, or a PEM file',
	},
	signed: {type: 'string', value: 'WHICH', help: 'required (default) or optional: whether what is not signed is taken too'},
	calibration: {type: 'string', value: 'FILE', help: 'its calibration certificate; a copy is kept in the site by its hash'},
	'calibration-id': {type: 'string', value: 'TEXT', help: "the certificate's own number"},
	'calibration-from': {type: 'string', value: 'DAY', help: 'first day on which it holds, YYYY-MM-DD'},
	'calibration-until': {type: 'string', value: 'DAY', help: 'last day on which it holds, YYYY-MM-DD'},
} as const satisfies Record<string, OptionSpec>;

/** Of a fingerprint, where it only tells one from another. */
const fingerprintDigits = 16;

const jsonOption = {json: {type: 'boolean', help: 'as JSON'}} as const satisfies Record<string, OptionSpec>;

export const deviceAddCommand: Command = {
	name: 'device add',
	usage: 'ID --mapping NAME…',
	takesWords: true,
	details: [
		'Enrols a device with the running agent: it may connect and speak at once. What it is (topics, quantities, key, certificates) becomes an entry of the log; its password',
		'is printed once and kept nowhere. Where the config has no section "broker" it gets none. Mappings are those of the config.',
	],
	options: {
		...configOption,
		mapping: {
			type: 'string',
			value: 'NAME',
			multiple: true,
			help: 'a mapping of the config that reads its messages; may be given several times',
		},
		'topic-name': {type: 'string', value: 'NAME', help: 'what stands for {device} in its topics (default: its id)'},
		via: {
			type: 'string',
			value: 'ID',
			help: 'the device whose connection it comes through, such as a Zigbee bridge; it gets no password then',
		},
		...credentialOptions,
		'no-credentials': {type: 'boolean', help: 'no password: it comes through a broker of yours'},
		quantity: {
			type: 'string',
			value: 'SPEC',
			multiple: true,
			help: 'a quantity that it may report, and what is plausible: energy-import, or temperature=-40..85:Cel; others are refused then',
		},
		'max-power': {type: 'string', value: 'W', help: 'W that it can draw or feed in at most'},
		'register-digits': {type: 'string', value: 'N', help: 'digits in front of the point of its registers, in kWh or m³'},
		cadence: {type: 'string', value: 'TIME', help: 'it sends at least this often, such as 60s: longer silences are noted'},
		rate: {type: 'string', value: 'N', help: 'messages a second that it may send'},
		receipts: {type: 'boolean', help: 'publish receipts back to it on kedge/ID/receipt'},
		simulated: {type: 'boolean', help: 'mark its readings as simulated'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const [id, ...others] = positionals;
		if (id === undefined || others.length > 0) throw usageError(deviceAddCommand, 'takes one ID');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const cadence = textOf(values, 'cadence');
		// Without the embedded broker there is nothing here that a password would let it into.
		const isElsewhere = isSet(values, 'no-credentials') || textOf(values, 'via') !== undefined || site.config.broker === undefined;
		const device = {
			id,
			mappings: listOf(values, 'mapping'),
			topicName: textOf(values, 'topic-name'),
			via: textOf(values, 'via'),
			...(await identityOf(deviceAddCommand, site, values)),
			quantities: quantitiesOf(listOf(values, 'quantity')),
			maxPowerW: numberOf(values, 'max-power'),
			registerDigits: numberOf(values, 'register-digits'),
			cadenceSeconds: cadence === undefined ? undefined : durationOf(deviceAddCommand, '--cadence', cadence) / 1000,
			messagesPerSecondMax: numberOf(values, 'rate'),
			receipts: isSet(values, 'receipts'),
			simulated: isSet(values, 'simulated'),
		};
		if (device.mappings.length === 0)
			throw usageError(deviceAddCommand, `needs --mapping; the config has ${Object.keys(site.config.mappings).join(', ') || 'none'}`);
		const wish = wishOf(deviceAddCommand, values, isElsewhere ? {kind: 'none'} : {kind: 'password'});
		const enrolled = await addDevice({site, random: createSystemRandom(), clock: io.clock}, device, wish);
		const why = device.via === undefined ? 'it comes through a broker of yours' : `it comes through ${device.via}`;
		tell(io, values, site, wish.kind === 'none' ? `Enrolled ${id}, without a password: ${why}.` : `Enrolled ${id}.`, enrolled);
		return exitCodes.ok;
	},
};

export const deviceRotateCommand: Command = {
	name: 'device rotate',
	usage: 'ID --password | --certificate | --key KEY | --calibration FILE',
	takesWords: true,
	details: [
		'Gives a device another password, certificate, key or calibration. The old one ends at once, and a new password or certificate ends the other of the two as well; the change is',
		'an entry of the log. A device that stands in the config is changed there.',
	],
	options: {
		...configOption,
		...credentialOptions,
		'no-key': {type: 'boolean', help: 'it signs no more'},
		reason: {type: 'string', value: 'TEXT', help: 'why; it stands in the log'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const [id, ...others] = positionals;
		if (id === undefined || others.length > 0) throw usageError(deviceRotateCommand, 'takes one ID');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const set: Record<string, unknown> = withoutUndefined(await identityOf(deviceRotateCommand, site, values));
		if (isSet(values, 'no-key')) set.publicKey = null;
		const wish = wishOf(deviceRotateCommand, values, {kind: 'none'});
		if (wish.kind === 'none' && Object.keys(set).length === 0) throw usageError(deviceRotateCommand, 'needs something to change');
		const options = {wish, set, reason: textOf(values, 'reason')};
		const enrolled = await rotateDevice({site, random: createSystemRandom(), clock: io.clock}, id, options);
		tell(io, values, site, `Changed ${id}: ${changedText(enrolled, set)}.`, enrolled);
		return exitCodes.ok;
	},
};

export const deviceRevokeCommand: Command = {
	name: 'device revoke',
	usage: 'ID',
	takesWords: true,
	details: [
		'Ends a device for good: its connection closes, whatever comes from it is refused, and the log says so. What it sent before stays as it is.',
	],
	options: {...configOption, reason: {type: 'string', value: 'TEXT', help: 'why; it stands in the log'}, ...jsonOption},
	run: async ({values, positionals}, io) => {
		const [id, ...others] = positionals;
		if (id === undefined || others.length > 0) throw usageError(deviceRevokeCommand, 'takes one ID');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const device = await revokeDevice(site, id, textOf(values, 'reason'));
		io.out(isSet(values, 'json') ? `${JSON.stringify({device})}\n` : `Revoked ${id}: nothing of it is taken any more.\n`);
		return exitCodes.ok;
	},
};

export const deviceListCommand: Command = {
	name: 'device list',
	usage: '',
	details: ['The devices of the running agent: those of the config, and those that were added.'],
	options: {...configOption, ...jsonOption},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const devices = await listDevices(site);
		if (isSet(values, 'json')) {
			for (const device of devices) io.out(`${JSON.stringify(device)}\n`);
			return exitCodes.ok;
		}
		const nowMs = io.clock.nowMs();
		const rows = devices.map(device => {
			const {id, from, state, key, calibration, expired, topics} = device;
			return [
				id,
				state === 'revoked'
					? 'REVOKED'
					: expired.length > 0
						? `${expired.join(', ')} expired`
						: from === 'config'
							? 'in the config'
							: 'added',
				credentialsText(device),
				key === undefined ? '-' : keyText(key),
				calibration === undefined ? '-' : `calibrated until ${calibration.notAfter}`,
				heardText(device, nowMs),
				topics.join(' '),
			];
		});
		const header = ['DEVICE', 'STATE', 'COMES BY', 'SIGNATURE', 'CALIBRATION', 'LAST HEARD', 'TOPICS'];
		io.out(table([header, ...rows]));
		return exitCodes.ok;
	},
};

function heardText({lastHeardMs, refused}: ListedDevice, nowMs: number): string {
	const heard = lastHeardMs === undefined ? 'never since the start' : ageText(nowMs - lastHeardMs);
	return refused === 0 ? heard : `${heard}, ${refused} refused`;
}

/** A revoked device comes no more, however long its certificate would hold. */
function credentialsText({credentials, certificate, certificateSha256, state}: ListedDevice): string {
	const ends = certificate === undefined || state === 'revoked' ? '' : ` until ${dayText(certificate.notAfterMs)}`;
	const said = credentials.map(one =>
		one === 'certificate' ? `certificate ${certificateSha256!.slice(0, fingerprintDigits)}${ends}` : one,
	);
	return said.join(' ') || 'a broker of yours';
}

/** Its kind, and the beginning of the thumbprint that `kedge verify` and the chain have of it. */
function keyText(key: string): string {
	const parsed = parseDeviceKey(key);
	if ('problem' in parsed) return `signs, ${parsed.problem}`;
	return `signs, ${parsed.type} ${deviceKeyThumbprint(nodeHasher, parsed).slice(0, fingerprintDigits)}`;
}

function listOf(values: Values, name: string): string[] {
	const value = values[name];
	return Array.isArray(value) ? value.filter(one => typeof one === 'string') : typeof value === 'string' ? [value] : [];
}

function numberOf(values: Values, name: string): number | undefined {
	const text = textOf(values, name);
	return text === undefined ? undefined : countOf(deviceAddCommand, `--${name}`, text);
}

/** `temperature=-40..85:Cel`: a name, and as far as they are wanted a smallest, a largest, a unit. */
export function quantitiesOf(specs: readonly string[]): Record<string, object> | undefined {
	if (specs.length === 0) return undefined;
	return Object.fromEntries(
		specs.map(spec => {
			const found = /^([A-Za-z0-9_-]+)(?:=(-?[0-9.]*)\.\.(-?[0-9.]*?)(?::(.+))?)?$/.exec(spec);
			if (found === null) throw usageError(deviceAddCommand, `--quantity "${spec}" is not of the form temperature=-40..85:Cel`);
			const [, name, min, max, unit] = found;
			return [name!, {...(min ? {min} : {}), ...(max ? {max} : {}), ...(unit === undefined ? {} : {unit})}];
		}),
	);
}

async function identityOf(command: Pick<Command, 'name'>, site: Site, values: Values): Promise<Record<string, unknown>> {
	const key = textOf(values, 'key');
	const file = textOf(values, 'calibration');
	const [from, until] = [textOf(values, 'calibration-from'), textOf(values, 'calibration-until')];
	if ((file === undefined) !== (from === undefined) || (file === undefined) !== (until === undefined))
		throw usageError(command, '--calibration, --calibration-from and --calibration-until come together');
	return {
		publicKey: key === undefined ? undefined : await readDeviceKey(key),
		signed: textOf(values, 'signed'),
		calibration:
			file === undefined
				? undefined
				: {sha256: await keepCalibration(site, file), number: textOf(values, 'calibration-id'), notBefore: from, notAfter: until},
	};
}

function wishOf(command: Pick<Command, 'name'>, values: Values, otherwise: CredentialWish): CredentialWish {
	if (isSet(values, 'certificate')) {
		if (isSet(values, 'password')) throw usageError(command, 'makes a password or a certificate, not both');
		return {kind: 'certificate', days: countOf(command, '--days', textOf(values, 'days') ?? '365')};
	}
	return isSet(values, 'password') ? {kind: 'password'} : otherwise;
}

function tell(io: Io, values: Values, site: Site, sentence: string, enrolled: Enrolled): void {
	const {device, made} = enrolled;
	const {password, certificateFile, keyFile} = made;
	if (isSet(values, 'json')) {
		io.out(`${JSON.stringify(enrolled)}\n`);
		return;
	}
	io.out(`${sentence}\n`);
	if (password !== undefined) io.out(`Its password, shown once: ${password}\n`);
	if (certificateFile !== undefined)
		io.out(`Its certificate: ${certificateFile}\nThe key of it: ${keyFile}\nGive both to the device, and ca.pem.\n`);
	if (password !== undefined || certificateFile !== undefined) io.out(`${connectText(site, device)}${exampleText(site, device, made)}`);
}

/** What a device needs to know to connect. */
function connectText({config}: Site, {id, topics}: ListedDevice): string {
	const {broker} = config;
	if (broker === undefined) return '';
	const doors = [
		...(broker.tls === undefined ? [] : [`port ${broker.tls.port} with TLS`]),
		...(broker.port === undefined ? [] : [`port ${broker.port} without TLS`]),
	];
	return [
		`It connects to this machine on ${doors.join(', or ')}, with MQTT 3.1.1,`,
		`the client id "${id}" (or "${id}:" and anything)${broker.tls === undefined ? '' : ', ca.pem as its CA'} and the user name "${id}" beside a password,`,
		`and publishes to ${topics.join(', ')}.`,
		'',
	].join('\n');
}

/** A line that publishes as the device, where it has a topic without wildcards; what a message of it looks like its mapping knows. */
function exampleText(site: Site, {id, topics}: ListedDevice, {password, certificateFile, keyFile}: Enrolled['made']): string {
	const {broker} = site.config;
	const topic = topics.find(one => !/[+#']/.test(one));
	if (broker === undefined || topic === undefined) return '';
	const port = broker.tls?.port ?? broker.port;
	const [ca, certificate, key] = [siteFile(site, 'ca.pem'), certificateFile, keyFile].map(path => `'${path}'`);
	const door = `${broker.tls === undefined ? '' : `--cafile ${ca} `}-p ${port} -q 1 -i ${id}`;
	const credentials = password === undefined ? `--cert ${certificate} --key ${key}` : `-u ${id} -P ${password}`;
	return `From this machine, with MESSAGE as its mapping reads it:\n  mosquitto_pub ${door} ${credentials} \\\n    -t '${topic}' -m 'MESSAGE'\n`;
}

/** What a rotation changed, in words. */
function changedText({made}: Enrolled, set: Readonly<Record<string, unknown>>): string {
	const words: Readonly<Record<string, string>> = {publicKey: 'key', signed: 'whether it must sign', calibration: 'calibration'};
	const changed = [
		...(made.password === undefined ? [] : ['password']),
		...(made.certificateFile === undefined ? [] : ['certificate']),
		...Object.keys(set).map(key => words[key] ?? key),
	];
	return `${changed.join(', ')}; what was there before ended`;
}

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function dayText(timeMs: number): string {
	return new Date(timeMs).toISOString().slice(0, 10);
}

function table(rows: readonly (readonly string[])[]): string {
	const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
	return rows.map(row => `${row.map((cell, i) => cell.padEnd(i === row.length - 1 ? 0 : widths[i]!)).join('  ')}\n`).join('');
}
