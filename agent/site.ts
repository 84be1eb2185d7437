// The files of a site, the directory that an agent runs in: where they are, how they are made, how they are opened.

import {chmod, mkdir, readFile, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {basename, dirname, join, resolve} from 'node:path';
import {fromHex, toHex} from './base/bytes.ts';
import {createEd25519Signer, type Ed25519Signer, ed25519Seed, ed25519SeedLength} from './base/ed25519.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import {generatePassword, hashPassword} from './base/password.ts';
import type {Random} from './base/random.ts';
import {credentialPath, secretPlace} from './base/secret-place.ts';
import {credentialsDirectory, type ParsedConfig, parseConfig} from './config.ts';
import {formatOrigin, signCheckpoint} from './format/checkpoint.ts';
import {formatNoteKey, noteKey} from './format/note.ts';
import {idPattern} from './format/subject.ts';
import {emptyTrust, formatTrust, parseTrust, type Trust, type TrustedRegistry} from './format/trust.ts';
import {createLog} from './log/log.ts';
import {refuseHalfSwapped} from './log/swap.ts';
import {emptyRoot} from './merkle/tree.ts';

export type SitePaths = {
	readonly directory: string;
	readonly log: string;
	/** The seed of the key that signs checkpoints, 64 hexadecimal digits, mode 600. */
	readonly logKey: string;
	readonly trust: string;
	/** The side file: the newest released checkpoint, a C2SP signed note. */
	readonly released: string;
	/** Takes room, and nothing else; see log/ballast.ts. */
	readonly ballast: string;
	/** Rows of the ledgers: made again from the log at any time. */
	readonly ledgers: string;
	/** What the market would take long to make again, and its stream of events. */
	readonly market: string;
	/** Who may sign in to the pages; see users.ts. */
	readonly users: string;
	/** What was shared with others by a link. */
	readonly shares: string;
	/** Evidence packages that were made for whoever asked by the pages; cleared at each start. */
	readonly packages: string;
	readonly socket: string;
};

/** Where init puts the anchoring key, and where it is looked for while the config has no `anchor`. */
export const anchorKeyFiles = {keystore: 'anchor-key.json', keystorePasswordFile: 'anchor-key.password'} as const;

/** Names longer than this do not fit a Unix socket's address. */
const socketPathMax = 100;

/** Where the files of the site in a directory are. */
export function sitePaths(directory: string): SitePaths {
	const full = resolve(directory);
	const beside = join(full, 'agent.sock');
	const digest = toHex(nodeHasher.sha256(Buffer.from(full))).slice(0, 20);
	return {
		directory: full,
		log: join(full, 'log.db'),
		logKey: join(full, 'log.key'),
		trust: join(full, 'trust.json'),
		released: join(full, 'released.checkpoint'),
		ballast: join(full, 'ballast'),
		ledgers: join(full, 'ledgers.db'),
		market: join(full, 'market.db'),
		users: join(full, 'users.json'),
		shares: join(full, 'shares.json'),
		packages: join(full, 'packages'),
		socket: beside.length <= socketPathMax ? beside : join(tmpdir(), `kedge-${digest}.sock`),
	};
}

/** Where an epoch that ended is kept: `1`, or `1-2` for the second copy of epoch 1. Fails with DATA_MISSING. */
export async function archivedPaths(paths: SitePaths, epoch: string): Promise<SitePaths> {
	const archived = sitePaths(join(paths.directory, `epoch-${epoch}`));
	if (await exists(archived.log)) return archived;
	throw new AgentError('DATA_MISSING', `there is no ended epoch ${epoch} in ${paths.directory}`, {
		hint: 'Epochs that ended lie in folders such as epoch-1; the newest one needs no --epoch.',
	});
}

export type Site = ParsedConfig & {readonly paths: SitePaths; readonly configPath: string};

/** Reads the config file and finds the site's files from it. Fails with DATA_MISSING or CONFIG_INVALID. */
export async function openSite(configPath: string): Promise<Site> {
	let text: string;
	try {
		text = await readFile(configPath, 'utf8');
	} catch (error) {
		throw new AgentError('DATA_MISSING', `there is no config file ${configPath}`, {hint: 'Make a site with: kedge init', cause: error});
	}
	const parsed = parseConfig(text, configPath);
	return {...parsed, configPath, paths: sitePaths(resolve(dirname(configPath), parsed.config.log.directory))};
}

/** A path from the config: relative ones start at the data directory, `credential:NAME` is where systemd has put that. Fails with KEY_INVALID. */
export function siteFile(site: Site, path: string): string {
	const place = secretPlace(path);
	if ('problem' in place) throw new AgentError('KEY_INVALID', `"${path}" names no file: ${place.problem}`);
	return 'credential' in place ? credentialPath(place.credential, credentialsDirectory()) : resolve(site.paths.directory, place.file);
}

/** systemd holds all credentials of a service to 1 MiB together; a secret of ours is a line, or a keystore. */
const secretLengthMax = 64 * 1024;

/**
 * The text of a secret file. A credential MUST NOT be readable by everybody: then it was not systemd that put it there. (Its group may read: so the access list shows by which systemd
 * lets the service's user in.) Fails with KEY_INVALID.
 */
export async function readSecretText(path: string, hint?: string): Promise<string> {
	try {
		const {size, mode} = await stat(path);
		if (size > secretLengthMax) throw new Error(`it has ${size} bytes, and a secret at most ${secretLengthMax}`);
		if (isCredentialPath(path) && (mode & 0o007) !== 0)
			throw new Error("everybody on this machine may use it; a credential is its service's alone");
		return await readFile(path, 'utf8');
	} catch (error) {
		throw new AgentError('KEY_INVALID', `cannot read the secret in ${path}: ${describeError(error)}`, {
			cause: error,
			...(hint === undefined ? {} : {hint}),
		});
	}
}

/** The first line of a secret file. Fails with KEY_INVALID. */
export async function readSecret(path: string, hint?: string): Promise<string> {
	return (await readSecretText(path, hint)).split('\n')[0] ?? '';
}

/** Whether a path that `siteFile` gave is a credential's. */
export function isCredentialPath(path: string): boolean {
	const directory = credentialsDirectory();
	return directory !== undefined && directory !== '' && dirname(path) === resolve(directory);
}

/** What the bytes of a trust file say. Fails with FORMAT_INVALID. */
export function trustOf(bytes: Uint8Array, path: string): Trust {
	const trust = parseTrust(nodeHasher, bytes);
	if ('problem' in trust) throw new AgentError('FORMAT_INVALID', `${path} is not a trust file: ${trust.problem}`);
	return trust.value;
}

/** Opens the key that signs checkpoints. Fails with KEY_INVALID, and with EPOCH_UNFINISHED while the files of two epochs are mixed. */
export async function openLogKey(paths: SitePaths): Promise<Ed25519Signer> {
	await refuseHalfSwapped(paths.directory);
	// Beside a log a new key would be of no use: it must be the one that signed it.
	const hint = (await exists(paths.log))
		? 'Take it from your backup: nothing else can sign this log.'
		: "Make the site's keys with: kedge init DIRECTORY, where DIRECTORY is the folder of kedge.yaml";
	const seed = fromHex(await readSecret(paths.logKey, hint));
	if (seed?.length !== ed25519SeedLength) throw new AgentError('KEY_INVALID', `${paths.logKey} does not hold 64 hexadecimal digits`);
	return createEd25519Signer(seed);
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
	// `wx` fails if the file is there: a key is never overwritten.
	await writeFile(path, text, {flag: 'wx', mode});
	await chmod(path, mode);
}

export async function exists(path: string): Promise<boolean> {
	return stat(path).then(
		() => true,
		() => false,
	);
}

export type SiteFile = {readonly name: string; readonly text: string; readonly mode: number};

export type MadeSite = {readonly paths: SitePaths; readonly vkey: string; readonly anchoringAddress: string};

/** The config's name in the folder of a site. */
export const configName = 'kedge.yaml';

/**
 * Makes keys, an empty log and the trust file in a directory, and writes the config that `configFor` gives. Everything is new or nothing is done: fails with
 * DATA_EXISTS if any of it is there.
 */
export async function makeSite(options: {
	readonly directory: string;
	readonly logName: string;
	readonly random: Random;
	/** Or where the config is that its owner has already, which nothing here touches. */
	readonly configFor: ((made: MadeSite) => string) | {readonly isAt: string};
	readonly registries?: (anchoringAddress: string) => readonly TrustedRegistry[];
	/** More files, by name. */
	readonly files?: readonly SiteFile[];
}): Promise<MadeSite> {
	const {random, logName, configFor} = options;
	const kept = typeof configFor === 'function' ? undefined : configFor.isAt;
	try {
		await mkdir(options.directory, {recursive: true, mode: 0o700});
	} catch (error) {
		throw new AgentError('DATA_EXISTS', `${options.directory} cannot be made a directory`, {
			hint: 'Choose another directory.',
			cause: error,
		});
	}
	const paths = sitePaths(options.directory);
	const files = {
		config: join(paths.directory, configName),
		keystore: join(paths.directory, anchorKeyFiles.keystore),
		password: join(paths.directory, anchorKeyFiles.keystorePasswordFile),
	};
	const more = (options.files ?? []).map(({name, text, mode}) => ({path: join(paths.directory, name), text, mode}));
	for (const path of [
		...(kept === undefined ? [files.config] : []),
		files.keystore,
		files.password,
		paths.log,
		paths.logKey,
		paths.trust,
		paths.released,
		...more.map(({path}) => path),
	])
		if (await exists(path))
			throw new AgentError('DATA_EXISTS', kept === undefined ? `${path} is there already` : `${kept} is there already, and so is ${path}`, {
				hint: 'Choose another directory; nothing was changed here.',
			});

	const {createKeystore} = await import('./anchor/keystore.ts');
	const seed = ed25519Seed(random);
	const signer = createEd25519Signer(seed);
	const key = noteKey(nodeHasher, formatOrigin(logName, 1), signer.publicKey);
	const password = toHex(random.bytes(32));
	const keystore = await createKeystore(password);
	const made: MadeSite = {paths, vkey: formatNoteKey(key), anchoringAddress: keystore.address};
	const config = typeof configFor === 'function' ? configFor(made) : undefined;
	// The text is checked before anything is written.
	if (config !== undefined) parseConfig(config, files.config);
	await writeNew(paths.logKey, `${toHex(seed)}\n`, 0o600);
	await writeNew(files.password, `${password}\n`, 0o600);
	await writeNew(files.keystore, `${keystore.json}\n`, 0o600);
	await createLog({path: paths.log, logName, epoch: 1, key});
	// It will hold payloads and the secrets of subjects; SQLite gives its other files the same mode.
	await chmod(paths.log, 0o600);
	// From the beginning there is a head outside of the database: one that is missing was lost.
	const empty = signCheckpoint({origin: key.name, size: 0, root: emptyRoot(nodeHasher)}, key, signer.sign);
	await writeNew(paths.released, empty.note, 0o600);
	await writeNew(paths.trust, formatTrust({...emptyTrust, logs: [key], registries: options.registries?.(keystore.address) ?? []}), 0o644);
	for (const {path, text, mode} of more) await writeNew(path, text, mode);
	if (config !== undefined) await writeNew(files.config, config, 0o600);
	return made;
}

/** A new device password and the hash that the config keeps of it. */
export async function makePassword(random: Random): Promise<{readonly password: string; readonly hash: string}> {
	const password = generatePassword(random);
	return {password, hash: await hashPassword(password, random)};
}

/** What `kedge init` makes: a site with one example device, `meter-1`. Fails with DATA_EXISTS or ARGUMENT_INVALID. */
export async function initSite(options: {
	readonly directory: string;
	readonly logName: string | undefined;
	readonly random: Random;
	/** DNS names and IP addresses of this machine: the broker listens with TLS on all networks, with a certificate for them. @default loopback without TLS */
	readonly tlsNames?: readonly string[] | undefined;
	readonly nowMs: number;
}): Promise<MadeSite & {readonly logName: string; readonly devicePassword: string}> {
	const logName = options.logName ?? basename(resolve(options.directory)).replace(/[^A-Za-z0-9._-]/g, '-');
	if (options.logName === undefined && !idPattern.test(logName.replaceAll('.', '-')))
		throw new AgentError('ARGUMENT_INVALID', `"${logName}" cannot name a log`, {hint: 'Give a name with --name.'});
	const {tlsNames, random, nowMs} = options;
	// Loaded only where it is used.
	const files = tlsNames && (await (await import('./certificates.ts')).certificatesFor({logName, names: tlsNames, random, nowMs}));
	const device = await makePassword(random);
	const made = await makeSite({
		directory: options.directory,
		logName,
		random,
		configFor: ({anchoringAddress}) => exampleConfig(logName, device.hash, anchoringAddress, tlsNames !== undefined),
		...(files === undefined ? {} : {files}),
	});
	return {...made, logName, devicePassword: device.password};
}

/** The section of a broker whose files `kedge certificate` or `kedge init --tls` made. */
export const tlsBrokerYaml = `broker:
  host: 0.0.0.0
  tls: {port: 8883, certificate: server.pem, key: server-key.pem, clientCa: ca.pem}
`;

const plainBrokerYaml = `broker:
  host: 127.0.0.1
  port: 1883
`;

/** Of a site that is made anew. */
export const pagesYaml = `# Pages and API of the agent, for people on this machine; the first start prints a password. OPERATING.md says how others may see them.
api:
  host: 127.0.0.1
  port: 8787
`;

function exampleConfig(logName: string, passwordHash: string, anchoringAddress: string, hasTls: boolean): string {
	return `# Kedge. Every key, with unit and default, is explained in kedge.example.yaml.

log:
  name: ${logName}

${hasTls ? tlsBrokerYaml : plainBrokerYaml}  messagesPerSecondMax: 2000
  deviceMessagesPerSecondMax: 100

mappings:
  example-meter:
    topic: meters/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /energy_kwh, quantity: energy-import, unit: kWh}
      - {pointer: /power_w, quantity: active-power, unit: W, optional: true}

devices:
  - id: meter-1
    passwordHash: ${passwordHash}
    mappings: [example-meter]

${pagesYaml}
# Fund ${anchoringAddress} on your chain; then \`kedge anchor\` prints what belongs here.
`;
}
