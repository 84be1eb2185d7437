// The composition root: the only file that joins rooms. It holds no domain logic; it opens, fits together, and closes in reverse order.

import {readFileSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {schedule} from 'node-cron';
import {type Broker, openBroker} from '../broker/broker.ts';
import type {Anchor} from './anchor/anchor.ts';
import type {Chain} from './anchor/chain.ts';
import {type AnchorRow, isOnChain, toAnchorRecord} from './anchor/outbox.ts';
import {askAgent, openStatusServer, type Status} from './api/status-server.ts';
import {equalBytes, fromHex, toHex} from './base/bytes.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {verifyEd25519} from './base/ed25519.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {createSystemRandom, type Random} from './base/random.ts';
import type {Checkpoint} from './format/checkpoint.ts';
import {decodeEntry, noteKinds} from './format/entry.ts';
import type {AnchorRecord} from './format/evidence.ts';
import {anchorLogId} from './format/log-id.ts';
import {formatTrust, parseTrust} from './format/trust.ts';
import {createDevices, type Devices} from './ingest/devices.ts';
import {createIngest} from './ingest/ingest.ts';
import {compileMapping, type Mapping} from './ingest/mapping.ts';
import type {MqttDoor} from './ingest/mqtt-client.ts';
import {passwordHashProblem} from './ingest/password.ts';
import {type AuditReport, audit} from './log/audit.ts';
import type {Channel} from './log/channels.ts';
import {createHeadFile} from './log/head-file.ts';
import {type Log, openLog} from './log/log.ts';
import type {OutsideHead} from './log/outside.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import {createRelease, type Release} from './log/release.ts';
import {type AnchoredCheckpoint, createIssuer, type Issuer} from './receipt/issue.ts';
import {anchorKeyFiles, openLogKey, readSecret, type Site, type SitePaths, siteFile} from './site.ts';
import type {ChainReader} from './verify/anchors.ts';
import {version} from './version.ts';

export type AgentOptions = {
	readonly site: Site;
	readonly logger: Logger;
	readonly clock?: Clock;
	readonly random?: Random;
	/** For control runs of the fault harness only. @default 'FULL' */
	readonly synchronous?: 'FULL' | 'NORMAL' | 'OFF';
	/** The door's seam, where the benchmark acknowledges too early to know what waiting costs. @default openBroker */
	readonly openBroker?: typeof openBroker;
};

export type Agent = {
	readonly status: () => Promise<Status>;
	/** The port that the embedded broker listens on; undefined without one. */
	readonly port: number | undefined;
	/** Aborts when the agent no longer knows its own state: the process must exit and start again. */
	readonly failed: AbortSignal;
	/** Aborts when a head outside of the database contradicts it: nothing is acknowledged or released any more, but `status` goes on. */
	readonly frozen: AbortSignal;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** What the documents of anchoring are filed under. */
const anchorKind = 'anchor';
/** Anchors looked at in one query while searching for one that covers an index. */
const anchorsPerPage = 16;

/** Opens the agent of a site: log, doors, anchoring, status. It is ready for devices when this resolves. */
export async function openAgent(options: AgentOptions): Promise<Agent> {
	const {site, logger, clock = systemClock, random = createSystemRandom()} = options;
	const {config, paths} = site;
	const closing = createClosing();
	const stopping = new AbortController();
	const startedAtMs = clock.nowMs();
	try {
		const devices = devicesOf(site);
		const signer = await openLogKey(paths);
		const log = closing.use(
			await openLog({
				path: paths.log,
				hasher: nodeHasher,
				random,
				clock,
				logger,
				signer,
				quarantineBytesMax: config.log.quarantineMiB * 1024 * 1024,
				synchronous: options.synchronous ?? 'FULL',
			}),
		);
		const reader = closing.use(await openLogReader({path: paths.log, hasher: nodeHasher}));
		const anchoringKey = config.anchor === undefined ? undefined : await openAnchoringKey(site);
		const heads = anchoringKey === undefined ? undefined : closing.use(await openChainHeads(site, anchoringKey.address, log.origin));
		const release = createRelease({
			newest: log.checkpoint,
			rootAt: reader.rootAt,
			headFile: createHeadFile(paths.released),
			readHeads: async () => (heads === undefined ? [] : heads.read()),
			logger,
		});
		// Before anything is signed: an older database must not grow a second history.
		await release.look();
		if (!release.frozen.aborted) {
			log.note(
				noteKinds.start,
				{note: 'start', agent: version, node: process.version, platform: `${process.platform}-${process.arch}`},
				0n,
			);
			// The note also proves, before any device is let in, that this disk takes a commit.
			await log.settled();
			await release.release();
			// What the doors brought is released when they have closed, so that nothing acknowledged waits for the next start to be provable.
			closing.defer(async () => void (await release.release().catch(() => {})));
		}
		const ingest = createIngest<Channel>(
			{
				channel: log.channel,
				enrol: log.enrol,
				append: log.append,
				refuse: log.refuse,
				count: log.count,
				settled: log.settled,
				valueOfKey: reader.valueOfKey,
				sessionTop: reader.sessionTop,
				clock,
				logger,
			},
			{devices, lateAfterMs: config.ingest.lateAfterMinutes * 60_000},
		);
		// A door waits for room in the log, and for room among what must be looked up there first; a frozen log takes nothing.
		const admission: Admission = {
			accept: (delivery, done) => {
				if (release.frozen.aborted) done('failed');
				else ingest.accept(delivery, outcome => done(release.frozen.aborted ? 'failed' : outcome));
			},
			pressure: () => log.pressure() ?? ingest.pressure(),
		};
		const anchor =
			anchoringKey === undefined || release.frozen.aborted
				? undefined
				: closing.use(await openAnchor(site, anchoringKey, log, release, reader, clock, logger));
		closing.defer(keepNudging(nudgeOf(anchor, release, clock, logger, stopping.signal), clock, stopping.signal));
		const broker = config.broker === undefined ? undefined : closing.use(await openDoor(options, devices, log, admission, release.frozen));
		release.frozen.addEventListener('abort', () => broker?.kickAll());
		const client =
			config.client === undefined || release.frozen.aborted
				? undefined
				: closing.use(await openClient(site, devices, admission, clock, logger));
		if (client !== undefined) release.frozen.addEventListener('abort', () => void client[Symbol.asyncDispose]());
		const status = (): Promise<Status> =>
			statusOf({site, log, release, devices, broker, client, anchor, startedAtMs, clock, stopping: stopping.signal});
		closing.use(
			await openStatusServer(paths.socket, {
				status,
				anchorNow: async () => anchor?.anchorNow(),
				release: async () => void (await release.release()),
			}),
		);
		logger.log('info', 'agent runs', {
			origin: log.origin,
			size: log.size(),
			broker: broker && `${broker.host}:${broker.port}`,
			client: config.client?.url,
			registry: config.anchor?.registry,
		});
		return {
			status,
			port: broker?.port,
			failed: log.failed,
			frozen: release.frozen,
			[Symbol.asyncDispose]: async () => {
				stopping.abort();
				await closing.close();
			},
		};
	} catch (error) {
		stopping.abort();
		await closing.close().catch(() => {});
		throw error;
	}
}

/** Compiles mappings and devices; what is wrong in them is told with its line in the config. */
export function devicesOf({config, errorAt}: Site): Devices {
	const mappings = new Map<string, Mapping>();
	for (const [name, mapping] of Object.entries(config.mappings)) {
		const compiled = compileMapping({name, ...mapping});
		if ('problem' in compiled) throw errorAt(['mappings', name, ...compiled.path], compiled.problem);
		mappings.set(name, compiled);
	}
	for (const [i, {passwordHash}] of config.devices.entries()) {
		const problem = passwordHash === undefined ? undefined : passwordHashProblem(passwordHash);
		if (problem !== undefined) throw errorAt(['devices', i, 'passwordHash'], problem);
	}
	return createDevices(config.devices, mappings);
}

type Admission = ReturnType<typeof createIngest>;

function openDoor(options: AgentOptions, devices: Devices, log: Log, admission: Admission, frozen: AbortSignal): Promise<Broker> {
	const {site, logger} = options;
	const {host, port, packetBytesMax, connectionsMax, connectionsPerAddressMax} = site.config.broker!;
	return (options.openBroker ?? openBroker)(
		{
			...admission,
			authenticate: async (_clientId, username, password) => {
				if (username === undefined || password === undefined) return undefined;
				const device = await devices.authenticate(username, password);
				return device && {deviceId: device.id, role: 'device', topicFilters: device.compiled.map(mapping => mapping.filterFor(device.id))};
			},
			mayConnect: () => !log.failed.aborted && !frozen.aborted,
			logger,
		},
		{host, port, limits: {packetBytesMax, connectionsMax, connectionsPerAddressMax}},
	);
}

async function openClient(site: Site, devices: Devices, admission: Admission, clock: Clock, logger: Logger): Promise<MqttDoor> {
	const {name, url, clientId, username, passwordFile, protocol, windowMax} = site.config.client!;
	const topics = new Set(devices.all.flatMap(device => device.compiled.map(mapping => mapping.filterFor(device.id))));
	if (topics.size === 0) throw site.errorAt(['devices'], 'a broker of yours needs at least one device to subscribe for');
	// Loaded only where it is used: the library costs 18 MB.
	const {openMqttClient} = await import('./ingest/mqtt-client.ts');
	return openMqttClient(
		{...admission, clock, logger},
		{
			name,
			url,
			clientId,
			topics: [...topics],
			protocolVersion: protocol === '5' ? 5 : 4,
			windowMax,
			...(username === undefined ? {} : {username}),
			...(passwordFile === undefined ? {} : {password: await readSecret(siteFile(site, passwordFile))}),
		},
	);
}

/** Rows of the outbox are filed by size, so that the anchor above an index is the next key. */
function anchorKey(size: number, logId: string): string {
	return `${String(size).padStart(15, '0')}/${logId}`;
}

type AnchoringKey = Awaited<ReturnType<typeof openAnchoringKey>>;

/** Opens the encrypted anchoring key that the config, or the example of it, names. Fails with KEY_INVALID. */
async function openAnchoringKey(site: Site): Promise<Awaited<ReturnType<typeof import('./anchor/keystore.ts').openKeystore>>> {
	const {keystore, keystorePasswordFile} = site.config.anchor ?? anchorKeyFiles;
	const {openKeystore} = await import('./anchor/keystore.ts');
	return openKeystore(await readSecretFile(siteFile(site, keystore)), await readSecret(siteFile(site, keystorePasswordFile)));
}

async function openAnchor(
	site: Site,
	signer: AnchoringKey,
	log: Log,
	release: Release,
	reader: LogReader,
	clock: Clock,
	logger: Logger,
): Promise<Anchor> {
	const {rpcUrl, chainId, registry, everyMinutes, entriesMax, feeGweiMax} = site.config.anchor!;
	// Loaded only where something is anchored: the library costs 22 MB.
	const [{createAnchor}, {openChain}] = await Promise.all([import('./anchor/anchor.ts'), import('./anchor/chain.ts')]);
	return createAnchor(
		{
			newestCheckpoint: release.release,
			arrivedAtMsOf: async index => (index < log.size() ? decodeEntry(await reader.entry(index)).arrivedAtMs : undefined),
			consistencyProof: reader.consistency,
			store: {
				load: async () => (await log.documents(anchorKind)).map(({body}) => JSON.parse(body) as AnchorRow),
				save: row => log.putDocument(anchorKind, anchorKey(row.size, row.logId), JSON.stringify(row)),
			},
			clock,
			logger,
			chain: openChain({url: rpcUrl, chainId}),
			signer,
		},
		{
			registry,
			origin: log.origin,
			policy: {ageMsMax: everyMinutes * 60_000, entriesMax},
			feeWeiMax: BigInt(Math.round(feeGweiMax * 1e9)),
		},
	);
}

async function readSecretFile(path: string): Promise<string> {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		throw new AgentError('KEY_INVALID', `cannot read ${path}: ${describeError(error)}`, {cause: error});
	}
}

/** Looks at chains again this often: a second history shows itself there. */
const lookEveryMs = 60_000;
/** While nothing may be released, look more often. */
const lookWithheldMs = 5000;

/** What is done every second: look outside when it is time, release, and let the anchor take its steps. What is due they know themselves. */
function nudgeOf(anchor: Anchor | undefined, release: Release, clock: Clock, logger: Logger, signal: AbortSignal): () => Promise<void> {
	let last = '';
	let lookedAtMs = clock.monotonicMs();
	return async () => {
		if (release.frozen.aborted) return;
		try {
			const waitMs = release.standing().state === 'open' ? lookEveryMs : lookWithheldMs;
			if (clock.monotonicMs() - lookedAtMs >= waitMs) {
				lookedAtMs = clock.monotonicMs();
				await release.look();
			}
			await release.release();
			while (!signal.aborted && !release.frozen.aborted && (await anchor?.tick(signal))) last = '';
		} catch (error) {
			// The registry holds a history that is not ours: look at it, and freeze if that is final.
			if (error instanceof AgentError && error.code === 'ANCHOR_REFUSED') await release.look().catch(() => {});
			const sentence = describeError(error);
			// Said once, not every second; `status` keeps saying it.
			if (sentence !== last && !signal.aborted) logger.log('error', 'anchoring stopped', {error: sentence});
			last = sentence;
		}
	};
}

/**
 * Calls every second by the monotonic clock, and at midnight UTC by the calendar, never two at a time. Gives what ends that and waits for the last call.
 *
 * The calendar only nudges, and seldom: node-cron 4.6 lists every slot that a step of the wall clock has jumped over (three days of seconds took minutes and 850 MB),
 * and after a step back it is silent until the clock has caught up. A Pi without a battery clock makes such steps at every boot.
 */
function keepNudging(nudge: () => Promise<void>, clock: Clock, signal: AbortSignal): () => Promise<void> {
	const ended = new AbortController();
	let running: Promise<void> = Promise.resolve();
	const call = (): Promise<void> => {
		running = running.then(nudge);
		return running;
	};
	const loop = (async () => {
		while (!ended.signal.aborted && !signal.aborted) {
			await clock.sleep(1000, ended.signal);
			if (!ended.signal.aborted) await call();
		}
	})();
	const task = schedule('0 0 * * *', call, {noOverlap: true, timezone: 'UTC', name: 'midnight'});
	// Handled here, a missed midnight is not worth a line of the library's own on standard error.
	task.on('execution:missed', () => {});
	return async () => {
		ended.abort();
		await task.destroy();
		await loop;
		await running;
	};
}

/** A chain is asked at the start, when devices wait: no longer than this. */
const headsTimeoutMs = 3000;

type ChainHeads = {readonly read: () => Promise<readonly OutsideHead[]>; readonly [Symbol.asyncDispose]: () => Promise<void>};

/** Reads the log's heads on its chain, as of the newest block (a single node's word) and as of the newest final one. */
async function openChainHeads(site: Site, opener: string, origin: string): Promise<ChainHeads> {
	const {rpcUrl, chainId, registry} = site.config.anchor!;
	const {openChain} = await import('./anchor/chain.ts');
	const chain = openChain({url: rpcUrl, chainId, timeoutMs: headsTimeoutMs});
	const logId = anchorLogId(chainId, registry.toLowerCase(), opener, origin);
	const readOne = async (tag: 'latest' | 'finalized'): Promise<OutsideHead[]> => {
		try {
			if ((await chain.chainId()) !== chainId) return [];
			const {size, root} = await chain.latest(registry.toLowerCase(), logId, tag);
			const bytes = size === 0 ? nodeHasher.sha256(new Uint8Array(0)) : fromHex(root.slice(2));
			return bytes === undefined ? [] : [{source: `chain ${chainId} at ${tag}`, size, root: bytes, isConfirmed: tag === 'finalized'}];
		} catch {
			// Not reachable, or the registry was not there yet as of that block: no head, which is an answer.
			return [];
		}
	};
	return {
		read: async () => [...(await readOne('latest')), ...(await readOne('finalized'))],
		[Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
	};
}

async function statusOf(parts: {
	readonly site: Site;
	readonly log: Log;
	readonly release: Release;
	readonly devices: Devices;
	readonly broker: Broker | undefined;
	readonly client: MqttDoor | undefined;
	readonly anchor: Anchor | undefined;
	readonly startedAtMs: number;
	readonly clock: Clock;
	readonly stopping: AbortSignal;
}): Promise<Status> {
	const {site, log, broker, client, anchor} = parts;
	const checkpoint = log.checkpoint();
	const stats = log.stats();
	const anchored = await anchor?.status();
	const isConnected = client?.stats().connected ?? true;
	const standing = parts.release.standing();
	const warnings: string[] = [];
	if (standing.state === 'frozen') warnings.push(`FROZEN, nothing is acknowledged or released: ${standing.reason}.`);
	if (standing.state === 'withheld') warnings.push(`Nothing is released: ${standing.reason}.`);
	if (anchor === undefined)
		warnings.push('Nothing is anchored: without an outside head a second history would not be noticed. Add "anchor" to the config.');
	if (anchored?.lastError !== undefined)
		warnings.push(`Anchoring: ${anchored.lastError.sentence}.${anchored.lastError.hint ? ` Hint: ${anchored.lastError.hint}.` : ''}`);
	if (!isConnected) warnings.push(`The connection to broker ${site.config.client?.name} is down.`);
	if (log.failed.aborted) warnings.push('A commit failed. The agent must be started again.');
	return {
		version,
		origin: log.origin,
		state: parts.stopping.aborted ? 'stopping' : standing.state === 'open' ? 'running' : standing.state,
		startedAtMs: parts.startedAtMs,
		nowMs: parts.clock.nowMs(),
		size: stats.size,
		newestCheckpoint: checkpoint && {size: checkpoint.size, root: toHex(checkpoint.root)},
		releasedSize: parts.release.released()?.size ?? 0,
		channels: log.channels().length,
		devices: parts.devices.all.length,
		connections: broker?.stats().sessions ?? 0,
		counters: Object.fromEntries(log.counters()),
		pendingBytes: stats.pendingBytes,
		quarantineBytes: stats.quarantineBytes,
		residentBytes: process.memoryUsage.rss(),
		broker: broker && {host: broker.host, port: broker.port, turnedAway: turnedAwayBy(broker)},
		client: client && {name: site.config.client?.name ?? '', isConnected},
		anchor: anchored && {
			chainId: anchored.chainId,
			registry: anchored.registry,
			opener: anchored.opener,
			rows: anchored.rows,
			minedSize: anchored.minedSize,
			finalSize: anchored.finalSize,
			oldestUnanchoredAgeMs: anchored.oldestUnanchoredAgeMs,
			waitingFor: anchored.waitingFor,
			lastError: anchored.lastError?.sentence,
		},
		warnings,
	};
}

/** What the embedded broker answered with a closed connection or a refused CONNECT. */
function turnedAwayBy(broker: Broker): Record<string, number> {
	const {turnedAway, connectsRefused, closed} = broker.stats();
	const counts = {'too-many-connections': turnedAway, ...connectsRefused, ...closed};
	return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

export type {Status};

/** Asks the running agent of a site. Fails with AGENT_UNREACHABLE. */
export function readStatus(paths: Pick<SitePaths, 'socket'>): Promise<Status> {
	return askAgent<Status>(paths.socket, 'GET', '/status');
}

/** Asks the running agent to anchor its newest checkpoint now. Fails with AGENT_UNREACHABLE. */
export async function requestAnchor(paths: Pick<SitePaths, 'socket'>): Promise<void> {
	await askAgent(paths.socket, 'POST', '/anchor');
}

/** Audits a site's log from its file alone. */
export function auditSite(
	paths: Pick<SitePaths, 'log'>,
	options: {readonly signal?: AbortSignal; readonly onProgress?: (done: number, size: number) => void} = {},
): Promise<AuditReport> {
	return audit({path: paths.log, hasher: nodeHasher, verifySignature: verifyEd25519, ...options});
}

/**
 * Asks chains about anchors: of each record, the first of the nodes that speaks for its chain. One node is believed as far as one node goes; the verdict says whom
 * it asked.
 */
export function openChainReader(urls: readonly string[]): ChainReader & AsyncDisposable {
	const closing = createClosing();
	const chains = new Map<string, Chain>();
	return {
		readAnchor: async (record, root) => {
			let answer: Awaited<ReturnType<ChainReader['readAnchor']>> = {found: 'unreachable', detail: 'no node speaks for this chain'};
			const {openChain} = await import('./anchor/chain.ts');
			for (const url of urls) {
				const name = `${record.chainId} ${url}`;
				let chain = chains.get(name);
				if (chain === undefined) {
					chain = closing.use(openChain({url, chainId: record.chainId}));
					chains.set(name, chain);
				}
				answer = await chain.readAnchor(record, root);
				if (answer.found !== 'unreachable') return answer;
			}
			return answer;
		},
		[Symbol.asyncDispose]: closing.close,
	};
}

export type PreparedAnchoring = {
	readonly chainId: number;
	readonly registry: string;
	readonly opener: string;
	readonly logId: string;
	/** What had to be done; what was there already is left alone. */
	readonly deployed: boolean;
	readonly opened: boolean;
};

/**
 * Makes a site ready to anchor: deploys a registry with the anchoring key unless one is named, opens the log there, and adds the registry to the trust file. Safe
 * to repeat. Fails with CHAIN_UNREACHABLE, CHAIN_REFUSED (no funds) or CHAIN_MISMATCH.
 */
export async function prepareAnchoring(
	site: Site,
	options: {readonly rpcUrl: string; readonly chainId: number; readonly registry: string | undefined; readonly challengeTimeS: number},
	clock: Clock = systemClock,
): Promise<PreparedAnchoring> {
	const [{openChain}, {deployRegistry, openLogAt}] = await Promise.all([import('./anchor/chain.ts'), import('./anchor/deploy.ts')]);
	const signer = await openAnchoringKey(site);
	const trust = parseTrust(nodeHasher, await readFile(site.paths.trust));
	if ('problem' in trust) throw new AgentError('FORMAT_INVALID', `${site.paths.trust}: ${trust.problem}`);
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	await using chain = openChain({url: options.rpcUrl, chainId: options.chainId});
	const needs = {chain, clock, signer};
	const {registry, deployed} =
		options.registry === undefined
			? await deployRegistry(needs, {challengeTimeS: options.challengeTimeS})
			: {registry: options.registry.toLowerCase(), deployed: false};
	const {logId, opened} = await openLogAt(needs, {registry, origin: reader.origin});
	const mine = {chainId: options.chainId, registry, opener: signer.address};
	const isTrusted = trust.value.registries.some(
		known => known.chainId === mine.chainId && known.registry === registry && known.opener === mine.opener,
	);
	if (!isTrusted) await writeFile(site.paths.trust, formatTrust({...trust.value, registries: [...trust.value.registries, mine]}));
	return {...mine, logId, deployed, opened};
}

/** Whoever issues many receipts looks for a newer checkpoint this often. */
const releasedMsMax = 500;

/** Reading a site without disturbing its agent: what `prove`, `history` and `audit` work on. */
export type SiteReader = LogReader & {
	readonly issuer: Issuer<Channel> /** The newest checkpoint that may be shown; a running agent is asked for its newest first. */;
	readonly released: () => Promise<Checkpoint | undefined>;
	readonly anchors: () => Promise<readonly AnchorRecord[]>;
};

export async function openSiteReader(paths: Pick<SitePaths, 'log' | 'released' | 'socket'>): Promise<SiteReader> {
	const reader = await openLogReader({path: paths.log, hasher: nodeHasher});
	const headFile = createHeadFile(paths.released);
	let looked: {readonly atMs: number; readonly head: Promise<Checkpoint | undefined>} | undefined;
	const released = (): Promise<Checkpoint | undefined> => {
		const nowMs = systemClock.monotonicMs();
		if (looked === undefined || nowMs - looked.atMs > releasedMsMax) looked = {atMs: nowMs, head: lookAtReleased()};
		return looked.head;
	};
	const lookAtReleased = async (): Promise<Checkpoint | undefined> => {
		// A running agent releases within a second anyway; whoever asks for a proof should not have to wait for that.
		await askAgent(paths.socket, 'POST', '/release').catch(() => {});
		const head = await headFile.read();
		if (head === undefined || head.size === 0) return undefined;
		const size = (await reader.head())?.size ?? 0;
		if (head.size > size || !equalBytes(await reader.rootAt(head.size), head.root))
			throw new AgentError('LOG_FROZEN', `the database contradicts the released checkpoint of size ${head.size} in ${paths.released}`, {
				hint: 'It is an older copy, or it was edited. Nothing is proven from it.',
			});
		return head;
	};
	let bySubject = new Map<string, Channel>();
	const issuer = createIssuer<Channel>({
		hasher: nodeHasher,
		head: released,
		entry: reader.entry,
		source: reader.source,
		inclusion: reader.inclusion,
		range: reader.range,
		channelOf: async subject => {
			const name = toHex(subject);
			// A channel that is not known yet was enrolled since the last look.
			if (!bySubject.has(name)) bySubject = new Map((await reader.channels()).map(channel => [toHex(channel.subject), channel]));
			return bySubject.get(name);
		},
		anchoredAbove: index => anchoredAbove(reader, index),
	});
	return {
		...reader,
		released,
		issuer,
		anchors: async () => {
			const rows = (await reader.documents(anchorKind)).map(({body}) => JSON.parse(body) as AnchorRow);
			return rows.map(toAnchorRecord).filter(record => record !== undefined);
		},
	};
}

/** The anchored checkpoint of the smallest size above the index, with its anchor on every chain. */
async function anchoredAbove(reader: LogReader, index: number): Promise<AnchoredCheckpoint | undefined> {
	let keyMin = anchorKey(index + 1, '');
	let note: string | undefined;
	let size = 0;
	const anchors: AnchorRecord[] = [];
	for (;;) {
		const page = await reader.documentsFrom(anchorKind, keyMin, anchorsPerPage);
		for (const {key, body} of page) {
			keyMin = `${key}\0`;
			const row = JSON.parse(body) as AnchorRow;
			if (note !== undefined && row.size !== size) return {note, anchors};
			const record = isOnChain(row) ? toAnchorRecord(row) : undefined;
			if (record === undefined) continue;
			({note, size} = row);
			anchors.push(record);
		}
		if (page.length < anchorsPerPage) return note === undefined ? undefined : {note, anchors};
	}
}
