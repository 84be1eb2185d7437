// The composition root: joins the rooms into the agent. It holds no domain logic; it opens, fits together, and closes in reverse order.

import type {Broker} from '../broker/broker.ts';
import {type Access, openAccess} from './access.ts';
import {openAccounts, questionOf} from './accounts.ts';
import {anchoredAbove, nameOfChain, openAnchors, openChainHeads} from './anchoring.ts';
import type {Anchors} from './anchors.ts';
import {type Announcer, type Outlet, openAnnouncer} from './announcing.ts';
import type {MarketStatus, Status} from './api/status-server.ts';
import {createBackupDesk} from './backup.ts';
import {fromHex, utf8} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {verifyDeviceSignatureAside} from './base/device-signature.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {passwordHashProblem} from './base/password.ts';
import {createCertifying} from './certifying.ts';
import {devicesMax, type MarketConfig} from './config.ts';
import {correctionRequestOf, createCorrectionDesk} from './correcting.ts';
import {declaredOf} from './declaring.ts';
import {admissionOf, deviceChangeOf, openDeviceDesk} from './device-desk.ts';
import {arrivalFlags} from './format/arrival.ts';
import {parseDeviceKey} from './format/device-key.ts';
import {noteKinds} from './format/entry.ts';
import {offline, topicsOf} from './home-assistant.ts';
import {counterKind, createCounters} from './ingest/counters.ts';
import {loadDecoder} from './ingest/decoders/table.ts';
import {createDevices, type Device, type Devices} from './ingest/devices.ts';
import {createIngest, type Delivery, type Ingest} from './ingest/ingest.ts';
import {limitsProblem} from './ingest/limits.ts';
import {type OpenMapping, openMapping} from './ingest/mapping.ts';
import type {MqttDoor} from './ingest/mqtt-client.ts';
import {createRefusalWatch} from './ingest/refusal-watch.ts';
import {rememberLearned} from './learned.ts';
import type {Channel} from './log/channels.ts';
import {createDiskGuard} from './log/disk-guard.ts';
import {createDiskTrend} from './log/disk-trend.ts';
import {type Log, openLog} from './log/log.ts';
import {openLogReader} from './log/reader.ts';
import {createRelease, type Release} from './log/release.ts';
import {createScrub} from './log/scrub.ts';
import type {Marketplace, openMarketplace as OpenMarketplace} from './marketplace.ts';
import {createPruneDesk} from './pruning.ts';
import {createReceipting, deviceOfReceiptTopic, receiptTopic} from './receipting.ts';
import {readSecret, type Site, type SitePaths, siteFile} from './site.ts';
import {statusOf} from './state.ts';
import {statementWishOf} from './stating.ts';
import {clockFields, createTimekeeping, type Timekeeping} from './timekeeping.ts';
import {version} from './version.ts';
import type {openWindowing as OpenWindowing, Windowing} from './windowing.ts';
import {realWorld, type World} from './world.ts';

export type AgentOptions = {
	readonly site: Site;
	readonly logger: Logger;
	/** For control runs of the fault harness only. @default 'FULL' */
	readonly synchronous?: 'FULL' | 'NORMAL' | 'OFF';
	/** Told the password of the first owner, once, where nobody may sign in yet. @default nobody is made */
	readonly onFirstOwner?: (password: string) => void;
	/** Parts of the world that a test, a benchmark or the simulation replaces. @default realWorld() */
	readonly world?: Partial<World>;
};

export type Agent = {
	readonly status: () => Promise<Status>;
	/** The port that the embedded broker listens on; undefined without one. */
	readonly port: number | undefined;
	/** The port of the HTTP interface; undefined without one. */
	readonly apiPort: number | undefined;
	/** Aborts when the agent no longer knows its own state: the process must exit and start again. */
	readonly failed: AbortSignal;
	/** Aborts when a head outside of the database contradicts it: nothing is acknowledged or released any more, but `status` goes on. */
	readonly frozen: AbortSignal;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Opens the agent of a site: log, doors, anchoring, status. It is ready for devices when this resolves. */
export async function openAgent(options: AgentOptions): Promise<Agent> {
	const {site, logger} = options;
	const world: World = {...realWorld(), ...options.world};
	const {clock, random} = world;
	const {config, paths} = site;
	const closing = createClosing();
	const stopping = new AbortController();
	const startedAtMs = clock.nowMs();
	try {
		// Wrong words are found before anything is opened.
		const declared = declaredOf(site);
		const devices = await openDevices(site);
		const access = await openAccess({site, devices, deviceCertificates: () => desk.certificates(), clock, logger});
		let fitDoors = (): void => {};
		const isFull = (): boolean => disk.isFull();
		const disk = createDiskGuard(
			{
				freeBytes: () => world.freeBytes(paths.directory),
				walBytes: () => world.fileBytes(`${paths.log}-wal`),
				truncateWal: () => log.truncateWal(),
				ballast: world.createBallast(paths.ballast, config.log.ballastMiB * 1024 * 1024, random),
				beforeOpen: () => begin(),
				onFull: () => fitDoors(),
				onOpen: () => fitDoors(),
				clock,
				logger,
			},
			{floorBytes: config.log.floorMiB * 1024 * 1024, ballastBytes: config.log.ballastMiB * 1024 * 1024},
		);
		const diskTrend = createDiskTrend({
			bytes: async () => {
				let sum = 0;
				for (const path of [paths.log, paths.ledgers, paths.market]) sum += await world.fileBytes(path);
				return sum;
			},
			clock,
		});
		await disk.prepare();
		const signer = await world.openLogKey(paths);
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
				openDatabase: world.openDatabase,
				takeProcessLock: world.takeProcessLock,
			}),
		);
		if (log.logName !== config.log.name)
			throw site.errorAt(['log', 'name'], `the log in ${paths.log} is ${log.logName}, and a log keeps its name`);
		const reader = closing.use(await openLogReader({path: paths.log, hasher: nodeHasher, openDatabase: world.openDatabase}));
		const anchoringKey = config.anchor === undefined ? undefined : await world.openAnchoringKey(site);
		const heads = anchoringKey === undefined ? undefined : closing.use(await openChainHeads(site, world, anchoringKey, log.origin));
		const release = createRelease({
			origin: log.origin,
			newest: log.checkpoint,
			rootAt: reader.rootAt,
			headFile: world.createHeadFile(paths.released),
			readHeads: async () => (heads === undefined ? [] : heads.read()),
			logger,
		});
		const timekeeping = await createTimekeeping({log, world, chain: heads, logger});
		if (log.copiedAt !== undefined)
			release.freeze(`its log.db is a backup, made at ${log.copiedAt}: what was acknowledged since is not in it`);
		let hasBegun = false;
		/** With the first note of this run: as soon as there is room on the disk. It also proves, before any device is let in, that this disk takes a commit. */
		const begin = async (): Promise<void> => {
			if (release.frozen.aborted || hasBegun) return;
			log.note(
				noteKinds.start,
				{
					note: 'start',
					agent: version,
					node: process.version,
					platform: `${process.platform}-${process.arch}`,
					...clockFields(timekeeping.clockState()),
				},
				0n,
			);
			await log.settled();
			hasBegun = true;
		};
		// Before anything is signed: an older database must not grow a second history.
		await release.look();
		await disk.check();
		// The state on the disk is not known, which is worse than full.
		if (log.failed.aborted) throw log.failed.reason;
		if (!release.frozen.aborted) {
			if (!isFull()) await release.release();
			// What the doors brought is released when they have closed, so that nothing acknowledged waits for the next start to be provable.
			closing.defer(async () => void (await release.release().catch(() => {})));
		}
		let broker: Broker | undefined;
		let client: ReturnType<typeof createClientDoor> | undefined;
		let announcer: Announcer | undefined;
		const brokerOutlet: Outlet = {
			isKept: false,
			life: () => (broker === undefined ? undefined : 'open'),
			publish: (...message) => {
				broker?.publish(...message);
				return broker !== undefined;
			},
		};
		const clientOutlet: Outlet = {
			isKept: true,
			life: () => client?.life(),
			publish: (...message) => client?.door()?.publish(...message) ?? false,
		};
		/** What we said at a broker of yours ourselves comes back where we listen to more than devices say. */
		const isEcho = ({flags, topic}: Delivery): boolean =>
			(flags & arrivalFlags.client) !== 0 &&
			(announcer?.isOwn(topic) === true || isReceived(devices.byId(deviceOfReceiptTopic(topic) ?? '')));
		const refusals = createRefusalWatch({clock, logger});
		const isShut = (): boolean => release.frozen.aborted || isFull();
		const mayAppend = (): boolean => !isShut() && !log.failed.aborted;
		// Before admission, which takes up what was learned of devices, and what must speak again, of those that there are.
		const desk = await openDeviceDesk({
			site,
			log,
			devices,
			onChanged: ({id}, event) => {
				client?.door()?.listen(devices.filters());
				// It comes back with what holds now, or not at all. What has expired, or was bound on a chain, lets nobody in or out; certificates that run out are watched at the door.
				if (event === 'rotated' || event === 'revoked') broker?.kick(id);
			},
			countsOf: id => ingest.countsOf(id),
			mayAppend,
			clock,
			logger,
		});
		for (const [i, {name}] of (config.broker?.readers ?? []).entries())
			if (devices.byId(name) !== undefined)
				throw site.errorAt(['broker', 'readers', i, 'name'], `"${name}" is a device as well, added by kedge device add`);
		const receipting = createReceipting({
			log,
			reader,
			released: () => (release.standing().state === 'open' ? release.released() : undefined),
			anchoredAbove: (index, notBeforeMs) => anchoredAbove(reader, index, notBeforeMs, config.log.anchorsNeeded),
			isWanted: id => isReceived(devices.byId(id)),
			publish: (topic, payload, isFromClient) => (isFromClient ? clientOutlet : brokerOutlet).publish(topic, payload, {retain: false}),
			mayAppend,
			logger,
		});
		const ingest = createIngest<Channel>(
			{
				channel: log.channel,
				channels: log.channels,
				enrol: log.enrol,
				append: log.append,
				noteOn: log.noteOn,
				refuse: log.refuse,
				onRefused: refusals.saw,
				count: log.count,
				settled: log.settled,
				valueOfKey: reader.valueOfKey,
				sessionTop: reader.sessionTop,
				verify: verifyDeviceSignatureAside,
				newestReadings: reader.newestReadings,
				counters: createCounters(await log.documents(counterKind), (id, body) => log.putDocument(counterKind, id, body), logger),
				onKept: receipting.kept,
				request: ({topic, payload}, {flags}) => {
					((flags & arrivalFlags.client) === 0 ? brokerOutlet : clientOutlet).publish(topic, payload, {retain: false});
				},
				clock,
				isClockUnsynchronised: timekeeping.isUnsynchronised,
				logger,
			},
			{
				devices: {...devices, learn: await rememberLearned(devices, log, logger)},
				lateAfterMs: config.ingest.lateAfterMinutes * 60_000,
			},
		);
		// A door waits for room in the log, and for room among what must be looked up there first; a frozen log and a full disk take nothing.
		let takesOrders: Pick<Marketplace, 'takes' | 'accept'> | undefined;
		const admission: Admission = {
			accept: (delivery, done) => {
				if (isShut()) done('failed');
				else if (isEcho(delivery)) log.count(echoCounter, 1, failure => done(failure === undefined ? 'kept' : 'failed'));
				else if (takesOrders?.takes(delivery.topic)) takesOrders.accept(delivery, done);
				else
					ingest.accept(delivery, outcome => {
						disk.wrote(log.writtenBytes());
						done(isShut() ? 'failed' : outcome);
					});
			},
			pressure: () => log.pressure() ?? ingest.pressure(),
		};
		const anchors = release.frozen.aborted
			? undefined
			: await openAnchors({site, signer: anchoringKey, log, release, reader, logger, world, beforeTally: timekeeping.beacon, mayAppend});
		if (anchors !== undefined) {
			closing.use(anchors);
			for (const tick of anchors.ticks)
				closing.defer(keepCalling(anchoringOf(tick, {release, logger, signal: stopping.signal}), clock, stopping.signal));
		}
		closing.defer(
			keepNudging(
				nudgeOf({
					release,
					timekeeping,
					noteSilences: world.tellsSilence ? ingest.noteSilences : () => {},
					lookAtDevices: desk.tick,
					isFull,
					clock,
					logger,
					signal: stopping.signal,
				}),
				world,
				stopping.signal,
			),
		);
		let marketHalted: string | undefined;
		const market =
			config.market === undefined || release.frozen.aborted
				? undefined
				: await openMarket({
						site,
						log,
						world,
						logger,
						// The contract looks into the registry of its own chain.
						provenSize: async () =>
							anchors?.first === undefined ? (release.released()?.size ?? 0) : (await anchors.first.status()).minedSize,
						illness: () => illnessOf(log, release, isFull),
						publish: (...message) => broker?.publish(...message),
						stopping: stopping.signal,
					}).catch(error => {
						// A market that contradicts its log signs nothing more; readings go on.
						if (!(error instanceof AgentError) || error.code !== 'MARKET_HALTED') throw error;
						marketHalted = error.message;
						logger.log('error', 'the market is halted', {error: describeError(error)});
						return undefined;
					});
		if (market !== undefined) {
			closing.use(market);
			takesOrders = market;
			for (const call of [market.tick, market.post]) closing.defer(keepCalling(ticking(call, isShut, logger), clock, stopping.signal));
		}
		broker =
			config.broker === undefined
				? undefined
				: closing.use(await openDoor(site, world, logger, devices, access, admission, market?.filtersFor ?? (() => []), mayAppend));
		const silentIds = (): string[] => ingest.silent(devicesMax).devices.map(({deviceId}) => deviceId);
		announcer = await openAnnouncer(
			{
				log,
				reader,
				deviceIds: () => devices.all().map(({id}) => id),
				isEnrolled: id => devices.byId(id)?.isRevoked !== true && devices.byId(id) !== undefined,
				countsOf: ingest.countsOf,
				silentIds,
				expired: desk.expired,
				status: () => status(),
				mayAppend,
				clock,
				logger,
			},
			{
				names: config.homeAssistant,
				version,
				isAnchored: config.anchor !== undefined || config.timestamps.length > 0,
				outlets: [
					...(config.homeAssistant?.through === 'client' || config.broker === undefined ? [] : [brokerOutlet]),
					...(config.homeAssistant?.through === 'broker' || config.client === undefined ? [] : [clientOutlet]),
				],
				keptOutlet: config.client === undefined ? undefined : clientOutlet,
			},
		);
		const clientDoor = closing.use(
			createClientDoor(
				() => config.client !== undefined && !isShut() && !stopping.signal.aborted,
				() => openClient(site, world, logger, devices, access, admission),
				logger,
			),
		);
		client = clientDoor;
		fitDoors = () => {
			if (isShut()) broker?.kickAll();
			void clientDoor.fit();
		};
		release.frozen.addEventListener('abort', () => fitDoors());
		await clientDoor.open();
		closing.defer(keepCalling(receipting.tick, clock, stopping.signal));
		if (announcer !== undefined) {
			closing.use(announcer);
			closing.defer(keepCalling(announcer.tick, clock, stopping.signal));
		}
		if (access.hasCertificates) closing.defer(keepCalling(() => access.look(broker), clock, stopping.signal));
		closing.defer(
			keepCalling(
				async () => {
					await disk.check();
					await diskTrend.look();
				},
				clock,
				stopping.signal,
			),
		);
		const scrub = createScrub({
			rows: reader.rows,
			hasher: nodeHasher,
			newest: log.checkpoint,
			// The doors come first.
			isBusy: () => release.frozen.aborted || log.stats().pendingBytes > scrubPendingBytesMax,
			onDamage: release.freeze,
			clock,
		});
		closing.defer(keepCalling(quietly(scrub.step, 'the stored log cannot be hashed again', logger), clock, stopping.signal));
		const pruning = createPruneDesk({site, log, reader, clock, logger, mayAppend: () => !isShut()});
		closing.defer(world.atMidnight(pruning.daily));
		const accounts = closing.use(
			await openAccounts({
				paths,
				declared,
				isDevice: id => devices.byId(id) !== undefined,
				isWatched: config.api !== undefined,
				log,
				reader,
				world,
				mayAppend,
				logger,
			}),
		);
		closing.defer(keepCalling(quietly(accounts.tick, 'the ledgers cannot go on', logger), clock, stopping.signal));
		if (market !== undefined && config.market?.certificates === true) {
			const certifying = createCertifying({market: market.settled, accounts, mayAppend, clock, logger});
			closing.defer(keepCalling(quietly(certifying.tick, 'certificates cannot follow the market', logger), clock, stopping.signal));
		}
		const correcting = createCorrectionDesk({log, reader, ingest, clock, logger, mayAppend: () => !isShut()});
		let windowing: Windowing | undefined;
		const apiAddress = (): string | undefined => windowing && `http://${config.api!.host}:${windowing.port}`;
		const marketStatus = (): MarketStatus | undefined => market && {...market.status(), api: apiAddress()};
		const status = (): Promise<Status> =>
			statusOf({
				site,
				log,
				release,
				disk,
				diskTrend,
				devices,
				broker,
				client: clientDoor.door(),
				anchors,
				timekeeping,
				ingest,
				desk,
				scrub,
				refusals,
				access,
				market: () => marketStatus() ?? haltedMarket(config.market, marketHalted),
				api: apiAddress,
				startedAtMs,
				clock,
				stopping: stopping.signal,
			});
		if (config.api !== undefined) {
			if (options.onFirstOwner !== undefined) await tellFirstOwner(paths, world, options.onFirstOwner);
			windowing = closing.use(
				await openWindow({
					site,
					world,
					log,
					release,
					devices: desk,
					accounts,
					status,
					market,
					silentIds,
					illness: () => illnessOf(log, release, isFull),
					logger,
				}),
			);
		}
		// Last of all doors: whoever gets an answer here finds the others open.
		closing.use(
			await world.openStatusServer(paths.socket, {
				status,
				devices: {list: desk.list, change: change => desk.change(deviceChangeOf(change))},
				correct: asked => {
					const request = correctionRequestOf(asked);
					return 'reset' in request ? correcting.declareReset(request) : correcting.correct(request);
				},
				accounts: {
					state: wish => accounts.desk.state(statementWishOf(wish)),
					answer: async question => (await accounts.answer(questionOf(question))) ?? null,
					basis: async question => (await accounts.basis(questionOf(question))) ?? null,
					progress: accounts.progress,
				},
				anchorNow: async () => anchors?.anchorNow(),
				release: async () => void (await release.release()),
				backup: createBackupDesk(log, () => !isFull()),
				prune: pruning,
			}),
		);
		logger.log('info', 'agent runs', {
			origin: log.origin,
			size: log.size(),
			broker: broker && `${broker.host}:${broker.port}`,
			client: config.client?.url,
			chains: config.anchor?.chains.map(nameOfChain).join(', '),
		});
		return {
			status,
			port: broker?.port,
			apiPort: windowing?.port,
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

/** Of messages of our own that a broker of yours gave back. */
const echoCounter = 'echoes';

/** A device that is sent receipts. */
function isReceived(device: Device | undefined): boolean {
	return device?.receipts === true && device.isRevoked !== true;
}

/** SM4 keys, which open HJ 212 frames. */
const mappingKeyLength = 16;

/** Loads decoders and compiles mappings and devices; what is wrong in them is told with its line in the config. */
export async function openDevices(site: Site): Promise<Devices> {
	const {config, errorAt} = site;
	const mappings = new Map<string, OpenMapping>();
	for (const [name, mapping] of Object.entries(config.mappings)) {
		const decoder = await loadDecoder(mapping.format);
		if ('problem' in decoder) throw errorAt(['mappings', name, 'format'], decoder.problem);
		const key = mapping.keyFile === undefined ? undefined : fromHex(await readSecret(siteFile(site, mapping.keyFile)));
		if (mapping.keyFile !== undefined && key?.length !== mappingKeyLength)
			throw errorAt(['mappings', name, 'keyFile'], `does not hold ${2 * mappingKeyLength} lower-case hexadecimal digits`);
		const opened = openMapping({name, ...mapping, key}, decoder);
		if ('problem' in opened) throw errorAt(['mappings', name, ...opened.path], opened.problem);
		mappings.set(name, opened);
	}
	for (const [i, {passwordHash, publicKey, quantities = {}}] of config.devices.entries()) {
		const key = publicKey === undefined ? undefined : parseDeviceKey(publicKey);
		if (key !== undefined && 'problem' in key) throw errorAt(['devices', i, 'publicKey'], key.problem);
		for (const [name, limits] of Object.entries(quantities)) {
			const wrong = limitsProblem(name, limits);
			if (wrong !== undefined) throw errorAt(['devices', i, 'quantities', name], wrong);
		}
		const problem = passwordHash === undefined ? undefined : passwordHashProblem(passwordHash);
		if (problem !== undefined) throw errorAt(['devices', i, 'passwordHash'], problem);
	}
	for (const [i, {passwordHash}] of (config.broker?.readers ?? []).entries()) {
		const problem = passwordHashProblem(passwordHash);
		if (problem !== undefined) throw errorAt(['broker', 'readers', i, 'passwordHash'], problem);
	}
	return createDevices(
		config.devices.map(device => admissionOf(device)),
		mappings,
	);
}

type Admission = Pick<Ingest, 'accept' | 'pressure'>;

function openDoor(
	site: Site,
	world: World,
	logger: Logger,
	devices: Devices,
	access: Access,
	admission: Admission,
	marketFilters: (deviceId: string) => readonly string[],
	mayConnect: () => boolean,
): Promise<Broker> {
	const {packetBytesMax, connectionsMax, connectionsPerAddressMax} = site.config.broker!;
	return world.openBroker(
		{
			...admission,
			authenticate: async (...connect) => {
				const reader = access.readerOf(...connect);
				if (reader !== undefined) return reader.identity;
				const device = await access.who(...connect);
				return (
					device && {
						deviceId: device.id,
						role: 'device',
						// A gateway that is connected may get another device to speak for.
						get topicFilters() {
							return devices.filtersOf(devices.byId(device.id) ?? device);
						},
						get heardFilters() {
							const receivers = devices.speakingThrough(devices.byId(device.id) ?? device).filter(isReceived);
							// What others describe is heard here, and not said by its will: whoever listens there takes what is said for the description of a device.
							return [...devices.heardOf(device), ...marketFilters(device.id), ...receivers.map(({id}) => receiptTopic(id))];
						},
						...access.limitsOf(device),
					}
				);
			},
			mayConnect,
			logger,
		},
		{...access.brokerOptions, clock: world.clock, limits: {packetBytesMax, connectionsMax, connectionsPerAddressMax}},
	);
}

async function openClient(
	site: Site,
	world: World,
	logger: Logger,
	devices: Devices,
	access: Access,
	admission: Admission,
): Promise<MqttDoor> {
	const {name, url, clientId, username, passwordFile, protocol, windowMax, packetBytesMax, watchDrops} = site.config.client!;
	const {homeAssistant, log} = site.config;
	const topics = devices.filters();
	if (topics.length === 0) throw site.errorAt(['devices'], 'a broker of yours needs at least one device to subscribe for');
	return world.openMqttClient(
		{...admission, clock: world.clock, logger},
		{
			name,
			url,
			clientId,
			topics,
			protocolVersion: protocol === '5' ? 5 : 4,
			windowMax,
			packetBytesMax,
			watchDrops,
			...(homeAssistant === undefined || homeAssistant.through === 'broker'
				? {}
				: {will: {topic: topicsOf(log.name, homeAssistant).status, payload: utf8(offline)}}),
			...(username === undefined ? {} : {username}),
			...(passwordFile === undefined ? {} : {password: await readSecret(siteFile(site, passwordFile))}),
			...(access.clientTls === undefined ? {} : {tls: access.clientTls}),
		},
	);
}

/** The door to a broker of yours, closed while nothing is taken: the broker keeps what it has, and delivers again what it got no answer for. */
function createClientDoor(
	isWanted: () => boolean,
	open: () => Promise<MqttDoor>,
	logger: Logger,
): {
	/** The door that is open, or was open last. */
	readonly door: () => MqttDoor | undefined;
	/** Another text for each connection; undefined while there is none. */
	readonly life: () => string | undefined;
	/** Opens it if it is wanted. */
	readonly open: () => Promise<void>;
	/** Opens or closes it as it is wanted now. MUST NOT reject. */
	readonly fit: () => Promise<void>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
} {
	let door: MqttDoor | undefined;
	let isOpen = false;
	let openings = 0;
	let changing: Promise<void> = Promise.resolve();
	const change = async (wanted: boolean): Promise<void> => {
		if (wanted === isOpen) return;
		isOpen = wanted;
		if (wanted) {
			openings += 1;
			door = await open();
		} else await door?.[Symbol.asyncDispose]();
	};
	return {
		door: () => door,
		life: () => {
			const stats = door?.stats();
			return stats?.connected ? `${openings} ${stats.connects}` : undefined;
		},
		open: () => change(isWanted()),
		fit: () => {
			changing = changing
				.then(() => change(isWanted()))
				.catch(error => logger.log('error', 'the door to your broker cannot be changed', {error: describeError(error)}));
			return changing;
		},
		[Symbol.asyncDispose]: async () => {
			await changing;
			await change(false);
		},
	};
}

/** What is said of a market that contradicts its log. */
function haltedMarket(config: MarketConfig | undefined, halted: string | undefined): MarketStatus | undefined {
	if (config === undefined || halted === undefined) return undefined;
	const {name, mode} = config;
	return {name, mode, orders: 0, newestDay: undefined, demands: undefined, halted, api: undefined};
}

/** Loaded only where somebody may look in: it brings an HTTP server. */
async function openWindow(parts: Parameters<typeof OpenWindowing>[0]): Promise<Windowing> {
	const {openWindowing} = await import('./windowing.ts');
	return openWindowing(parts);
}

async function tellFirstOwner(paths: SitePaths, {random, clock}: World, tell: (password: string) => void): Promise<void> {
	const {makeFirstOwner} = await import('./users.ts');
	const password = await makeFirstOwner(paths, {random, clock});
	if (password !== undefined) tell(password);
}

/** Loaded only where there is a market: it brings elliptic curves. */
async function openMarket(parts: Parameters<typeof OpenMarketplace>[0]): Promise<Marketplace> {
	const {openMarketplace} = await import('./marketplace.ts');
	return openMarketplace(parts);
}

function illnessOf(log: Log, release: Release, isFull: () => boolean): string | undefined {
	if (release.frozen.aborted) return 'the log is frozen: a head outside contradicts it';
	if (log.failed.aborted) return 'a commit to the log failed';
	return isFull() ? 'the disk of the log is full' : undefined;
}

/** What cannot be done now is tried again a second later, and said once. */
function ticking(tick: () => Promise<void>, isShut: () => boolean, logger: Logger): () => Promise<void> {
	let last = '';
	return async () => {
		if (isShut()) return;
		try {
			await tick();
			last = '';
		} catch (error) {
			const sentence = describeError(error);
			if (sentence !== last) logger.log('error', 'the market cannot go on', {error: sentence});
			last = sentence;
		}
	};
}

/** With more than this on its way to the disk nothing is hashed again. */
const scrubPendingBytesMax = 256 * 1024;

/** What cannot be done now is tried again; it is said once. */
function quietly(call: () => Promise<void>, what: string, logger: Logger): () => Promise<void> {
	let last = '';
	return async () => {
		try {
			await call();
			last = '';
		} catch (error) {
			const sentence = describeError(error);
			if (sentence !== last) logger.log('warn', what, {error: sentence});
			last = sentence;
		}
	};
}

/** Looks at chains again this often: a second history shows itself there. */
const lookEveryMs = 60_000;
/** While nothing may be released, look more often. */
const lookWithheldMs = 5000;

/** What is done every second: look at the clock, look outside when it is time, and release. What is due they know themselves. */
function nudgeOf(parts: {
	readonly release: Release;
	readonly timekeeping: Timekeeping;
	readonly noteSilences: () => void;
	readonly lookAtDevices: () => Promise<void>;
	readonly isFull: () => boolean;
	readonly clock: Clock;
	readonly logger: Logger;
	readonly signal: AbortSignal;
}): () => Promise<void> {
	const {release, timekeeping, noteSilences, lookAtDevices, isFull, clock, logger, signal} = parts;
	let last = '';
	let lookedAtMs = clock.monotonicMs();
	return async () => {
		if (release.frozen.aborted) return;
		try {
			// On a full disk only what an anchor needs is written; a step of the clock shows as well at the next look.
			if (!isFull()) {
				await timekeeping.look();
				await timekeeping.startBeacon();
				noteSilences();
				await lookAtDevices();
			}
			const waitMs = release.standing().state === 'open' ? lookEveryMs : lookWithheldMs;
			if (clock.monotonicMs() - lookedAtMs >= waitMs) {
				lookedAtMs = clock.monotonicMs();
				await release.look();
			}
			await release.release();
			last = '';
		} catch (error) {
			const sentence = describeError(error);
			// Said once, not every second.
			if (sentence !== last && !signal.aborted) logger.log('error', 'a look around failed', {error: sentence});
			last = sentence;
		}
	};
}

/** Every second: the steps of one chain or authority, apart from all others, since one that hangs takes its whole time. */
function anchoringOf(
	tick: Anchors['ticks'][number],
	{release, logger, signal}: {readonly release: Release; readonly logger: Logger; readonly signal: AbortSignal},
): () => Promise<void> {
	let last = '';
	return async () => {
		try {
			while (!signal.aborted && !release.frozen.aborted && (await tick(signal))) last = '';
		} catch (error) {
			// The registry holds a history that is not ours: look at it, and freeze if that is final.
			if (error instanceof AgentError && error.code === 'ANCHOR_REFUSED') await release.look().catch(() => {});
			const sentence = describeError(error);
			// Said once, not every second; `status` keeps saying it. What the world did the target has said itself, with its name.
			if (sentence !== last && !signal.aborted && !(error instanceof AgentError))
				logger.log('error', 'anchoring stopped', {error: sentence});
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
function keepNudging(nudge: () => Promise<void>, {clock, atMidnight}: World, signal: AbortSignal): () => Promise<void> {
	let running: Promise<void> = Promise.resolve();
	const call = (): Promise<void> => {
		running = running.then(nudge);
		return running;
	};
	const endLoop = keepCalling(call, clock, signal);
	const endMidnights = atMidnight(call);
	return async () => {
		await endMidnights();
		await endLoop();
		await running;
	};
}

/** Calls a second after the last call has ended. Gives what ends that and waits for the last call. */
function keepCalling(call: () => Promise<void>, clock: Clock, signal: AbortSignal): () => Promise<void> {
	const ended = new AbortController();
	const loop = (async () => {
		while (!ended.signal.aborted && !signal.aborted) {
			await clock.sleep(1000, ended.signal);
			if (!ended.signal.aborted) await call();
		}
	})();
	return async () => {
		ended.abort();
		await loop;
	};
}
