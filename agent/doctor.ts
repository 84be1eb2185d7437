// The composition root's part that looks at a machine and a site, without changing anything but one file that it deletes again; diagnosis.ts judges what it found.

import {open, readFile, rm, stat} from 'node:fs/promises';
import {createServer, connect as tcpConnect} from 'node:net';
import {totalmem} from 'node:os';
import {basename, dirname, join, resolve} from 'node:path';
import {readBackupNote} from './backup.ts';
import {utf8} from './base/bytes.ts';
import {createClosing} from './base/closing.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import {secretPlace} from './base/secret-place.ts';
import type {Config} from './config.ts';
import {
	type FoundAuthority,
	type FoundBackup,
	type FoundBroker,
	type FoundDatabase,
	type FoundDisk,
	type FoundFile,
	type FoundNode,
	type FoundPort,
	type FoundTrust,
	judgeAgent,
	judgeAuthority,
	judgeBackup,
	judgeBroker,
	judgeChainNode,
	judgeClock,
	judgeDatabase,
	judgeDisk,
	judgeKeys,
	judgeMemory,
	judgeNode,
	judgePort,
	judgeTrust,
	type Line,
	ok,
	wrong,
} from './diagnosis.ts';
import {decodeEntry} from './format/entry.ts';
import {openLogReader} from './log/reader.ts';
import {schemaVersion} from './log/schema.ts';
import {anchorKeyFiles, type Site, siteFile, trustOf} from './site.ts';
import {readStatus, type Status} from './state.ts';
import {version} from './version.ts';
import {realWorld, type World} from './world.ts';

/** How long something outside may take to answer. */
const outsideMsMax = 5000;
const syncs = 15;

export type Looking = {
	readonly site: Site;
	/** Also asks those outside of this machine that are asked something only for this: time-stamp authorities. */
	readonly asksNetwork: boolean;
	/** Called before each part, with its name. */
	readonly onPart?: (name: string, done: number, all: number) => void;
	readonly world?: Partial<World>;
};

/** Every part is looked at, whatever became of the others. */
export async function examine(looking: Looking): Promise<readonly Line[]> {
	const {site} = looking;
	const world: World = {...realWorld(), ...looking.world};
	const {paths, config} = site;
	const status = await readStatus(paths).catch(() => undefined);
	const log = await lookAtLog(site, world);
	const siteUid = await stat(paths.directory).then(
		({uid}) => uid,
		() => undefined,
	);
	const parts: readonly (readonly [name: string, look: () => Promise<readonly Line[]>])[] = [
		['Node', async () => [judgeNode(process.version)]],
		['SQLite', async () => [judgeDatabase(log.database)]],
		[
			'clock',
			async () => [
				judgeClock({
					synchronisation: (await world.readClockState()).synchronisation,
					nowMs: world.clock.nowMs(),
					newestMs: log.newestMs,
				}),
			],
		],
		['memory', async () => [judgeMemory(totalmem(), await memoryLimit())]],
		['disk', async () => judgeDisk(await lookAtDisk(site, world))],
		['keys', async () => judgeKeys(await lookAtKeys(site), siteUid)],
		['trust file', async () => [judgeTrust(await lookAtTrust(site, log.origin), chainsOf(site).length > 0)]],
		['ports', async () => Promise.all(portsOf(config).map(async port => judgePort(await lookAtPort(port, status))))],
		['your broker', async () => (config.client === undefined ? [] : [judgeBroker(await lookAtBroker(site, status))])],
		['chains', async () => (await Promise.all(chainsOf(site).map(chain => lookAtNode(site, world, chain)))).map(judgeChainNode)],
		[
			'time stamps',
			async () => (await Promise.all(config.timestamps.map(one => lookAtAuthority(looking, world, one)))).map(judgeAuthority),
		],
		['agent', async () => judgeAgent(status, version)],
		['backup', async () => [judgeBackup(await lookAtBackup(site, world, log.size))]],
	];
	const lines: Line[] = [ok('config', site.configPath)];
	for (const [i, [name, look]] of parts.entries()) {
		looking.onPart?.(name, i, parts.length);
		try {
			lines.push(...(await look()));
		} catch (error) {
			lines.push(wrong(name, describeError(error), hintOf(error) ?? 'This could not be looked at.'));
		}
	}
	return lines;
}

const hintOf = (error: unknown): string | undefined => (error instanceof AgentError ? error.hint : undefined);

type FoundLog = {
	readonly database: FoundDatabase;
	readonly origin: string | undefined;
	readonly size: number;
	readonly newestMs: number | undefined;
};

async function lookAtLog({paths}: Site, world: World): Promise<FoundLog> {
	const closing = createClosing();
	try {
		const reader = closing.use(await openLogReader({path: paths.log, hasher: nodeHasher, openDatabase: world.openDatabase}));
		const [row] = await reader.rows.all<{version: string}>('SELECT sqlite_version() AS version');
		const size = (await reader.head())?.size ?? 0;
		return {
			database: {version: row?.version ?? 'unknown', format: schemaVersion},
			origin: reader.origin,
			size,
			newestMs: size === 0 ? undefined : decodeEntry(await reader.entry(size - 1)).arrivedAtMs,
		};
	} catch (error) {
		return {database: {problem: describeError(error), hint: hintOf(error)}, origin: undefined, size: 0, newestMs: undefined};
	} finally {
		await closing.close();
	}
}

/** What a container or a service may take; undefined where nothing limits it. */
async function memoryLimit(): Promise<number | undefined> {
	for (const path of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
		const text = await readFile(path, 'utf8').catch(() => '');
		const bytes = Number(text.trim());
		if (text !== '' && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
	}
	return undefined;
}

async function lookAtDisk({paths, config}: Site, world: World): Promise<FoundDisk> {
	const probe = join(paths.directory, '.doctor');
	const syncMs: number[] = [];
	try {
		const file = await open(probe, 'w', 0o600);
		try {
			for (let i = 0; i < syncs; i += 1) {
				await file.write(new Uint8Array(4096), 0, 4096, i * 4096);
				const startedMs = world.clock.monotonicMs();
				await file.sync();
				syncMs.push(world.clock.monotonicMs() - startedMs);
			}
		} finally {
			await file.close();
			await rm(probe, {force: true});
		}
	} catch {
		// No write was made durable: that is what is judged.
	}
	const mount = mountOf(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''), resolve(paths.directory));
	return {
		freeBytes: await world.freeBytes(paths.directory),
		floorBytes: config.log.floorMiB * 1024 * 1024,
		syncMs,
		fileSystem: mount?.fileSystem,
		device: mount?.device,
	};
}

/** The mount that a path lies on: the longest of those above it, the last where two are at one place [proc(5), mountinfo]. */
export function mountOf(mountinfo: string, path: string): {readonly fileSystem: string; readonly device: string} | undefined {
	let found: {readonly place: string; readonly fileSystem: string; readonly device: string} | undefined;
	for (const line of mountinfo.split('\n')) {
		const [before = '', after = ''] = line.split(' - ');
		const [fileSystem, device] = after.split(' ');
		const place = (before.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
			String.fromCharCode(Number.parseInt(octal, 8)),
		);
		if (fileSystem === undefined || device === undefined || place === '') continue;
		const isAbove = place === '/' || path === place || path.startsWith(`${place}/`);
		if (isAbove && place.length >= (found?.place.length ?? 0)) found = {place, fileSystem, device};
	}
	return found && {fileSystem: found.fileSystem, device: found.device};
}

async function lookAtKeys(site: Site): Promise<readonly FoundFile[]> {
	const {config, paths} = site;
	const {keystore, keystorePasswordFile} = config.anchor ?? anchorKeyFiles;
	const isAnchored = config.anchor !== undefined && config.anchor.signerUrl === undefined;
	const wanted: readonly (readonly [what: string, path: string | undefined, isNeeded: boolean])[] = [
		["the log's key", paths.logKey, true],
		['the anchoring key', keystore, isAnchored],
		["the anchoring key's password", keystorePasswordFile, isAnchored],
		["the market's key", config.market?.keystore, true],
		["the market key's password", config.market?.keystorePasswordFile, true],
		["the broker's key", config.broker?.tls?.key, true],
		['the key of your CA', 'ca-key.pem', false],
		['the key for your broker', config.client?.keyFile, true],
		['the password for your broker', config.client?.passwordFile, true],
		...Object.entries(config.mappings).map(([name, {keyFile}]) => [`the key of mapping ${name}`, keyFile, true] as const),
	];
	const found: FoundFile[] = [];
	for (const [what, path, isNeeded] of wanted) {
		// What systemd hands to the service is nowhere else.
		if (path === undefined || 'credential' in secretPlace(path)) continue;
		const full = siteFile(site, path);
		const info = await stat(full).catch(() => undefined);
		found.push({what, path: full, mode: info?.mode, uid: info?.uid, isNeeded});
	}
	// What root left behind, where the site is somebody else's: he cannot open it, and the agent does not start.
	const owner = await stat(paths.directory).catch(() => undefined);
	for (const path of [paths.log, paths.released, paths.ledgers, paths.market, paths.users, paths.shares, paths.trust]) {
		const info = await stat(path).catch(() => undefined);
		if (info !== undefined && owner !== undefined && info.uid !== owner.uid)
			found.push({what: basename(path), path, mode: info.mode & 0o700, uid: info.uid, isNeeded: false});
	}
	return found;
}

async function lookAtTrust({paths}: Site, origin: string | undefined): Promise<FoundTrust> {
	try {
		const trust = trustOf(await readFile(paths.trust), paths.trust);
		return {hasKey: origin === undefined || trust.logs.some(({name}) => name === origin), registries: trust.registries.length};
	} catch (error) {
		return {problem: describeError(error)};
	}
}

type Port = Pick<FoundPort, 'what' | 'host' | 'port'>;

/** Every port that the agent listens at. */
export function portsOf({broker, api}: Pick<Config, 'broker' | 'api'>): readonly Port[] {
	return [
		...(broker?.port === undefined ? [] : [{what: 'the broker', host: broker.host, port: broker.port}]),
		...(broker?.tls === undefined ? [] : [{what: 'the broker, with TLS,', host: broker.host, port: broker.tls.port}]),
		...(api === undefined ? [] : [{what: 'HTTP', host: api.host, port: api.port}]),
	];
}

async function lookAtPort(port: Port, status: Status | undefined): Promise<FoundPort> {
	const code = await new Promise<string | undefined>(done => {
		const server = createServer();
		server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'EADDRINUSE'));
		server.listen({host: port.host, port: port.port, exclusive: true}, () => server.close(() => done(undefined)));
	});
	const ours = [status?.broker?.port, status?.broker?.tlsPort, Number(/:(\d+)$/.exec(status?.api ?? '')?.[1])].includes(port.port);
	return {...port, state: stateOfPort(code, ours)};
}

/** `code`: of the error with which it could not be opened. */
function stateOfPort(code: string | undefined, isOurs: boolean): FoundPort['state'] {
	switch (code) {
		case undefined:
			return 'free';
		case 'EACCES':
			return 'forbidden';
		case 'EADDRNOTAVAIL':
		case 'ENOTFOUND':
			return 'no-address';
		default:
			return isOurs ? 'ours' : 'taken';
	}
}

/** A connection and no more: whoever says its name there as well would throw the agent out. */
async function lookAtBroker({config}: Site, status: Status | undefined): Promise<FoundBroker> {
	const {name, url} = config.client!;
	const {hostname, port, protocol} = new URL(url);
	const place = `${hostname}:${port || (protocol === 'mqtts:' ? 8883 : 1883)}`;
	if (status?.client !== undefined)
		return status.client.isConnected
			? {name, place, state: 'connected'}
			: {name, place, state: 'down', problem: 'the agent is not connected'};
	const problem = await new Promise<string | undefined>(done => {
		const socket = tcpConnect({
			host: hostname.replace(/^\[|\]$/g, ''),
			port: Number(place.slice(place.lastIndexOf(':') + 1)),
			timeout: outsideMsMax,
		});
		const end = (said: string | undefined): void => {
			socket.destroy();
			done(said);
		};
		socket.once('connect', () => end(undefined));
		socket.once('timeout', () => end('does not answer'));
		socket.once('error', error => end(describeError(error)));
	});
	return problem === undefined ? {name, place, state: 'reachable'} : {name, place, state: 'unreachable', problem};
}

type NodeOfChain = {
	readonly url: string;
	readonly chainId: number;
	readonly registry: string;
	readonly feeGweiMax: number;
	readonly confirmations: number | undefined;
};

/** The nodes of every chain of the config, each by itself: together they would hide which one is away. */
function chainsOf({config}: Site): readonly NodeOfChain[] {
	return (config.anchor?.chains ?? []).flatMap(({rpcUrls, chainId, registry, feeGweiMax, confirmations}) =>
		rpcUrls.map(url => ({url, chainId, registry, feeGweiMax, confirmations})),
	);
}

async function lookAtNode(site: Site, world: World, node: NodeOfChain): Promise<FoundNode> {
	const {url, chainId, registry, feeGweiMax, confirmations} = node;
	const host = URL.canParse(url) ? new URL(url).host : 'no URL';
	const closing = createClosing();
	try {
		const chain = closing.use(await world.openChain({urls: [url], chainId, ...(confirmations === undefined ? {} : {confirmations})}));
		const found = await chain.chainId();
		if (found !== chainId)
			return {chainId, host, problem: `the node answers for chain ${found}`, hint: 'Name a node of that chain, or the number of this one.'};
		const address = await payerOf(site);
		const [hasRegistry, headTimeS, finalNumber, balanceWei] = await Promise.all([
			chain.hasCode(registry),
			chain.headTimeS(),
			chain.finalizedNumber().catch(() => undefined),
			address === undefined ? undefined : chain.balanceWei(address),
		]);
		const headAgeS = Math.max(0, Math.floor(world.clock.nowMs() / 1000) - headTimeS);
		return {chainId, host, finalNumber, hasRegistry, registry, headAgeS, balanceWei, address, feeGweiMax, confirmations};
	} catch (error) {
		return {chainId, host, problem: describeError(error), hint: hintOf(error)};
	} finally {
		await closing.close();
	}
}

/** The address that pays, as the signer's section or the keystore says it without its password; undefined where the key is a credential. */
async function payerOf(site: Site): Promise<string | undefined> {
	const {anchor} = site.config;
	if (anchor?.signerAddress !== undefined) return anchor.signerAddress;
	const {keystore} = anchor ?? anchorKeyFiles;
	try {
		const {address} = JSON.parse(await readFile(siteFile(site, keystore), 'utf8')) as {readonly address?: unknown};
		return typeof address === 'string' && /^(?:0x)?[0-9a-fA-F]{40}$/.test(address)
			? `0x${address.replace(/^0x/, '').toLowerCase()}`
			: undefined;
	} catch {
		return undefined;
	}
}

type Authority = Site['config']['timestamps'][number];

/** One stamp of a text that means nothing, of which nothing is kept; whose certificate signed it is for the agent to check. */
async function lookAtAuthority({asksNetwork, site}: Looking, world: World, {name, url}: Authority): Promise<FoundAuthority> {
	const host = URL.canParse(url) ? new URL(url).host : 'no URL';
	if (!asksNetwork) return {name, host, state: 'not-asked'};
	const [{openTimeAuthority}, {imprintOf, readTimestampReply, timestampRequest}] = await Promise.all([
		import('./anchor/time-authority.ts'),
		import('./format/timestamp-token.ts'),
	]);
	const closing = createClosing();
	try {
		const authority = closing.use(openTimeAuthority({url, timeoutMs: outsideMsMax}));
		const imprint = imprintOf(nodeHasher, 'sha256', utf8(`kedge doctor of ${site.config.log.name}`));
		const startedMs = world.clock.monotonicMs();
		const reply = readTimestampReply(await authority.ask(timestampRequest(imprint, world.random.bytes(8))));
		return 'problem' in reply
			? {name, host, problem: reply.problem}
			: {name, host, state: 'stamps', tookMs: world.clock.monotonicMs() - startedMs};
	} catch (error) {
		return {name, host, problem: describeError(error)};
	} finally {
		await closing.close();
	}
}

async function lookAtBackup({paths}: Site, world: World, size: number): Promise<FoundBackup> {
	const note = await readBackupNote(dirname(paths.log));
	return note && {ageMs: world.clock.nowMs() - note.madeAtMs, directory: note.directory, behind: Math.max(0, size - note.size)};
}
