// The composition root's part that joins an energy market: the log that it is written to, the desk that runs it, and the doors that it is reached by.

import {readFile, rename} from 'node:fs/promises';
import type {DigestSigner} from './anchor/keystore.ts';
import type {EntryOnChain} from './anchor/market-court.ts';
import type {MarketDesk, MarketEvent} from './api/desk.ts';
import type {MarketStatus} from './api/status-server.ts';
import {fromUtf8, toPrefixedHex, utf8} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {AgentError, describeError} from './base/errors.ts';
import {keccak256} from './base/hash.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {type SettledMarket, settledRowsOf} from './certifying.ts';
import {encodeArrival} from './format/arrival.ts';
import {decodeEntry, kinds} from './format/entry.ts';
import {channelUrn, deviceUrn, marketUrn} from './format/subject.ts';
import type {Delivery, Outcome} from './ingest/ingest.ts';
import type {Channel} from './log/channels.ts';
import type {Log} from './log/log.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import type {CourtSources} from './market-answering.ts';
import type {MarketPosting} from './market-posting.ts';
import {openSiteReader} from './reading.ts';
import {exists, readSecret, type Site, siteFile} from './site.ts';
import {createDeskEvidence} from './trade/desk-evidence.ts';
import {createDeskFiles} from './trade/desk-files.ts';
import {createIntake} from './trade/intake.ts';
import {type Ledger, type LedgerEvent, openLedger} from './trade/ledger.ts';
import {createMarketDesk} from './trade/market-desk.ts';
import {type EngineRules, type MarketMeter, openEngine, registerOf} from './trade/market-engine.ts';
import {decodeBody, encodeBody, type MarketBody, readWish, slotS} from './trade/order.ts';
import {createDigests} from './trade/typed-data.ts';
import type {World} from './world.ts';

export type Marketplace = {
	/** What the HTTP interface serves. */
	readonly desk: MarketDesk;
	/** Why nothing is signed any more. */
	readonly halted: () => string | undefined;
	/** How long before its slot a gate closes. */
	readonly gateBeforeMs: number;
	/** True for the topic that orders come in by. */
	readonly takes: (topic: string) => boolean;
	/** Takes an order that came over MQTT; `done` as for any other arrival. */
	readonly accept: (delivery: Delivery, done: (outcome: Outcome) => void) => void;
	/** Clears and settles what is due. */
	readonly tick: () => Promise<void>;
	/** Posts what is due to the contract; does nothing where no money moves. */
	readonly post: () => Promise<void>;
	/** Topics that a device may listen to. */
	readonly filtersFor: (deviceId: string) => readonly string[];
	readonly status: () => MarketStatus;
	/** What certificates follow. */
	readonly settled: SettledMarket;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Slots whose result stays at the broker for whoever subscribes later: two days. */
const retainedSlotsMax = 192;
const receiptPollMs = 100;

export async function openMarketplace(parts: {
	readonly site: Site;
	readonly log: Log;
	readonly world: World;
	readonly logger: Logger;
	/** How far the log is proven to others: anchored, or released where nothing is anchored. */
	readonly provenSize: () => Promise<number>;
	/** Why nothing is taken now: a frozen log, a full disk. */
	readonly illness: () => string | undefined;
	/** Sends to whoever listens at the broker. */
	readonly publish: (topic: string, payload: Uint8Array, options: {readonly retain: boolean}) => void;
	/** Aborts when the agent stops: a transaction that nobody mines must not hold it up. */
	readonly stopping: AbortSignal;
}): Promise<Marketplace> {
	const {site, log, world, logger} = parts;
	const {clock} = world;
	const config = site.config.market!;
	const closing = createClosing();
	try {
		const signer = await openMarketKey(site);
		const market = toPrefixedHex(keccak256(utf8(config.name)));
		const domain = {
			chainId: config.chainId ?? site.config.anchor?.chains[0].chainId ?? 1,
			verifyingContract: config.contract ?? `0x${'00'.repeat(20)}`,
		};
		const posting =
			config.contract === undefined ? undefined : closing.use(await openPosting(site, world, signer, market, logger, parts.stopping));
		const digests = createDigests(domain);
		const rules = rulesOf(site, market);
		const meters = metersOf(site);
		const urn = marketUrn(config.name);
		const channel = log.channel(urn) ?? log.enrol({urn, quantity: 0, quantityName: undefined, exponent: 0});
		await log.settled();
		const reader = closing.use(await openLogReader({path: site.paths.log, hasher: nodeHasher, openDatabase: world.openDatabase}));
		const proofs = closing.use(await openSiteReader(site.paths, site.config.log.anchorsNeeded));
		await moveOldLedger(site.paths, world.openDatabase);
		const ledger = closing.use(await openLedger({path: site.paths.market, market, openDatabase: world.openDatabase}));
		const append = (body: MarketBody, value: bigint, atMs: number) => appendTo(log, channel, body, value, atMs);
		const engine = await openEngine(
			{
				digests,
				sign: signer.signDigest,
				append,
				settled: log.settled,
				standingOf: posting?.standingOf,
				chainSeenS: posting?.chainSeenS,
				logSize: log.size,
				provenSize: async () => Math.min(log.size(), await parts.provenSize()),
				entries: reader.entries,
				marketEntries: begin => reader.withRecords(channel, begin),
				subjectOf: name => log.channel(name)?.subject,
				ledger,
				clock,
				logger,
			},
			rules,
			meters,
			{
				atMs: Math.max(decodeEntry(await reader.entry(channel.enrolled)).arrivedAtMs, (config.firstSlot ?? 0) * slotS * 1000 - 1),
				index: channel.enrolled,
			},
		);
		const margins = new Map<string, bigint>();
		const intake = createIntake(
			{
				book: engine.book,
				digests,
				sign: signer.signDigest,
				append,
				marginOf: posting === undefined ? undefined : account => margins.get(account) ?? 0n,
				acceptsSignature: posting?.acceptsSignature,
				halted: () => engine.halted() ?? parts.illness(),
				announce: engine.announce,
				clock,
			},
			rules,
		);
		const desk = createMarketDesk(
			{
				engine,
				intake,
				posting,
				append,
				receipt: (index, waitMs) => receiptOf(proofs, index, waitMs, clock),
				indexOfSequence: sequence => reader.indexOfNumber(channel, sequence),
				registerProof: (name, number) => registerProof(log, proofs, name, number),
				clock,
			},
			{name: config.name, rules, domain, operator: signer.address, openBeforeS: rules.openBeforeS, currency: config.currency},
		);
		closing.defer(mirror(config.name, engine, parts.publish));
		const evidence = createDeskEvidence(
			{
				engine,
				digests,
				acknowledge: fields => toPrefixedHex(signer.signDigest(digests.acknowledgement({market, ...fields}))),
				marketEntries: begin => reader.withRecords(channel, begin),
				registerEntry: async (name, number) => {
					const register = log.channel(name);
					const index = register === undefined ? undefined : await reader.indexOfNumber(register, number);
					return index === undefined ? undefined : registerOf(await reader.entry(index), index).register;
				},
			},
			{rules, domain, operator: signer.address, enrolledAt: channel.enrolled},
		);
		const sources = courtSources(log, reader, proofs, channel);
		const refreshMargins = async (): Promise<void> => {
			if (posting !== undefined) for (const {owner} of meters) margins.set(owner, await desk.marginOf(owner));
		};
		const ordersTopic = `p2p/${config.name}/orders`;
		return {
			desk: servedDesk(site, clock, desk, evidence, ledger, engine, rules),
			halted: engine.halted,
			gateBeforeMs: rules.gateBeforeS * 1000,
			takes: topic => topic === ordersTopic,
			accept: (delivery, done) => {
				takeMessage(delivery, done).catch(error => {
					logger.log('error', 'an order could not be taken', {error: describeError(error)});
					done('failed');
				});
			},
			tick: async () => {
				await refreshMargins();
				await engine.tick();
			},
			// Money waits for the chain, the market hardly does.
			post: async () => posting?.step({engine, intake, meters, sources, refreshMargins}),
			filtersFor: deviceId => [`p2p/${config.name}/+/cleared`, `p2p/${config.name}/acknowledged/${deviceId}`],
			status: () => ({
				name: config.name,
				mode: config.mode,
				orders: engine.book.size(),
				newestDay: engine.newestDay(),
				demands: posting?.demands(),
				halted: engine.halted(),
				api: undefined,
			}),
			settled: {
				name: config.name,
				newestDay: () => (posting === undefined ? engine.newestDay() : posting.finalDay()),
				rowsOf: day => settledRowsOf(engine, day),
			},
			[Symbol.asyncDispose]: () => closing.close(),
		};

		/** What a trader has signed, as JSON; what it is, its keys say. */
		async function grant(
			payload: Uint8Array,
		): Promise<{readonly value: unknown} | {readonly problem: {readonly code: string; readonly detail: string}}> {
			let value: unknown;
			try {
				value = JSON.parse(fromUtf8(payload) ?? '');
			} catch {
				return {problem: {code: 'malformed', detail: 'the message is no JSON'}};
			}
			const wish = readWish(value);
			if ('code' in wish) return {problem: wish};
			switch (wish.kind) {
				case 'cancel':
					return desk.cancel(wish);
				case 'cancelAll':
					return desk.cancelAll(wish);
				case 'delegate':
					return desk.delegate(wish);
				case 'revoke':
					return desk.revokeDelegation({id: wish.revokes, signature: wish.signature});
				case 'order':
					return (await desk.submit([wish.order], {atomic: false}))[0]!;
			}
		}

		/** Who sent it is told on a topic of its own what became of it. */
		async function takeMessage(delivery: Delivery, done: (outcome: Outcome) => void): Promise<void> {
			const answer = await grant(delivery.payload);
			const reply = 'problem' in answer ? {problem: answer.problem} : answer.value;
			const tell = (): void =>
				parts.publish(`p2p/${config.name}/acknowledged/${delivery.identity}`, utf8(JSON.stringify(reply)), {retain: false});
			if (!('problem' in answer)) {
				tell();
				done('kept');
				return;
			}
			const {code, detail} = answer.problem;
			const arrivedAtMs = clock.nowMs();
			const record = encodeArrival({
				topic: delivery.topic,
				payload: delivery.payload,
				flags: delivery.flags,
				identity: delivery.identity,
				arrivedAtMs,
				deviceSignature: new Uint8Array(0),
				decoder: 'order/1',
			});
			log.refuse({arrivedAtMs, reason: `order-${code}`, detail, record}, failure => {
				if (failure === undefined) tell();
				done(failure === undefined ? 'refused' : 'failed');
			});
		}
	} catch (error) {
		await closing.close().catch(() => {});
		throw error;
	}
}

/** Loaded only where money moves: the library for chains costs 22 MB. */
async function openPosting(
	site: Site,
	world: World,
	signer: DigestSigner,
	market: string,
	logger: Logger,
	stopping: AbortSignal,
): Promise<MarketPosting> {
	const {openMarketPosting} = await import('./market-posting.ts');
	return openMarketPosting(site, world, signer, market, logger, stopping);
}

/** The operator's key. Fails with KEY_INVALID. */
export async function openMarketKey(site: Site): Promise<DigestSigner> {
	const {keystore, keystorePasswordFile} = site.config.market!;
	const {openDigestKeystore} = await import('./anchor/keystore.ts');
	let json: string;
	try {
		json = await readFile(siteFile(site, keystore), 'utf8');
	} catch (error) {
		throw new AgentError('KEY_INVALID', `cannot read the market's key ${siteFile(site, keystore)}`, {
			hint: 'Make one with: kedge market',
			cause: error,
		});
	}
	return openDigestKeystore(json, await readSecret(siteFile(site, keystorePasswordFile)));
}

function rulesOf(site: Site, market: string): EngineRules {
	const config = site.config.market!;
	const own = counterAccounts(config.name);
	return {
		market,
		mode: config.mode,
		pricing: config.pricing,
		feedInMicroPerKwh: config.feedInMicroPerKwh,
		retailMicroPerKwh: config.retailMicroPerKwh,
		gridFeeMicroPerKwh: config.gridFeeMicroPerKwh,
		lineLimitWh: config.lineLimitWh,
		openBeforeS: config.openBeforeHours * 3600,
		gateBeforeS: config.gateBeforeMinutes * 60,
		clearAfterS: config.clearAfterMinutes * 60,
		deadlineS: config.readingHours * 3600,
		paramsVersion: config.paramsVersion,
		counters: {
			grid: config.gridAccount ?? own.grid,
			retailer: config.retailerAccount ?? own.retailer,
			pool: config.poolAccount ?? own.pool,
		},
	};
}

function metersOf(site: Site): MarketMeter[] {
	return site.config.market!.meters.map(({device, owner, maxExportWh, maxImportWh}) => ({
		id: toPrefixedHex(keccak256(utf8(deviceUrn(device)))),
		deviceId: device,
		owner,
		maxExportWh,
		maxImportWh,
		importUrn: channelUrn(device, 'energy-import'),
		exportUrn: maxExportWh === 0 ? undefined : channelUrn(device, 'energy-export'),
		cadenceMs: site.config.devices.find(({id}) => id === device)!.cadenceSeconds! * 1000,
	}));
}

function appendTo(
	log: Log,
	channel: Channel,
	body: MarketBody,
	value: bigint,
	atMs: number,
): {readonly sequence: number; readonly durable: Promise<number>} {
	const draft = {
		channel,
		kind: kinds.order,
		quantity: body.kind,
		exponent: 0,
		quality: 0,
		value,
		measuredAtMs: 0,
		span: 0,
		session: undefined,
		key: undefined,
		keyTop: undefined,
	};
	const durable = new Promise<number>((resolve, reject) => {
		log.appendBody({body: encodeBody(body), arrivedAtMs: atMs, drafts: [draft]}, (failure, first) =>
			failure === undefined ? resolve(first) : reject(failure),
		);
	});
	// Whoever does not wait for it shall not end the process: a failed commit ends it anyway, with its reason.
	durable.catch(() => {});
	return {sequence: channel.lastNumber, durable};
}

/** Before the other ledgers came, the market's stood in ledgers.db: it moves whole, with what its WAL holds, or stays for the next start. */
export async function moveOldLedger(
	{ledgers, market}: Pick<Site['paths'], 'ledgers' | 'market'>,
	openDatabase: World['openDatabase'],
): Promise<void> {
	if (!(await exists(ledgers)) || (await exists(market))) return;
	{
		await using old = await openDatabase({path: ledgers, mode: 'write'});
		const tables = await old.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'marks'");
		if (tables.length === 0 || !(await old.truncateWal())) return;
	}
	await rename(ledgers, market);
}

type Proofs = Awaited<ReturnType<typeof openSiteReader>>;

/** The receipt of an entry as soon as a released checkpoint covers it; undefined if none does in time. */
async function receiptOf(proofs: Proofs, index: number, waitMs: number, clock: Clock): Promise<string | undefined> {
	const until = clock.monotonicMs() + waitMs;
	for (;;) {
		try {
			return await proofs.issuer.receipt(index);
		} catch (error) {
			if (!(error instanceof AgentError) || error.code !== 'ENTRY_UNKNOWN') throw error;
		}
		if (clock.monotonicMs() >= until) return undefined;
		await clock.sleep(receiptPollMs);
	}
}

/** An entry of a register with its inclusion under the newest anchored head that covers it, as the contract takes it; undefined while there is none. */
async function registerProof(log: Log, proofs: Proofs, name: string, number: number): Promise<unknown> {
	const channel = log.channel(name);
	const index = channel === undefined ? undefined : await proofs.indexOfNumber(channel, number);
	if (index === undefined) return undefined;
	const entry = await proofs.entry(index);
	const anchor = (await proofs.anchors()).filter(({size}) => size > index).sort((a, b) => a.size - b.size)[0];
	const shown = {channel: name, number, index, entry: toPrefixedHex(entry), receipt: `kedge prove ${index}`};
	if (anchor === undefined) return shown;
	const path = await proofs.inclusion(index, anchor.size);
	const root = toPrefixedHex(await proofs.rootAt(anchor.size));
	return {...shown, anchor: {logId: anchor.logId, size: anchor.size, time: anchor.blockTime, root, path: path.map(toPrefixedHex)}};
}

/** What the court may ask for that only the log has. */
function courtSources(log: Log, reader: LogReader, proofs: Proofs, channel: Channel): CourtSources {
	return {
		body: async sequence => {
			const index = await reader.indexOfNumber(channel, sequence);
			return index === undefined ? undefined : decodeBody((await reader.source(index)).record);
		},
		bodies: async function* () {
			for await (const {entry, record} of reader.withRecords(channel, channel.enrolled)) {
				const body = decodeEntry(entry).kind === kinds.order ? decodeBody(record) : undefined;
				if (body !== undefined) yield body;
			}
		},
		proven: async entries => {
			// The newest head: the registry forgets old ones.
			const anchor = [...(await proofs.anchors())].sort((a, b) => b.size - a.size)[0];
			if (anchor === undefined) return undefined;
			const {logId, size, blockTime} = anchor;
			const root = toPrefixedHex(await proofs.rootAt(size));
			const shown: EntryOnChain[] = [];
			for (const [name, number] of entries) {
				const register = log.channel(name);
				const index = register === undefined ? undefined : await proofs.indexOfNumber(register, number);
				if (index === undefined || index >= size) return undefined;
				const inclusionProof = (await proofs.inclusion(index, size)).map(toPrefixedHex);
				shown.push({logId, size, time: blockTime, root, index, leafData: toPrefixedHex(await proofs.entry(index)), inclusionProof});
			}
			return shown;
		},
	};
}

type Engine = Awaited<ReturnType<typeof openEngine>>;

/** Tells listeners at the broker of each cleared slot, and takes back what is old. */
function mirror(
	name: string,
	engine: Engine,
	publish: (topic: string, payload: Uint8Array, options: {readonly retain: boolean}) => void,
): () => Promise<void> {
	const shown: number[] = [];
	const end = engine.onEvents((_, events) => {
		for (const {type, data} of events) {
			if (type !== 'slot.cleared') continue;
			const {slot} = JSON.parse(data) as {readonly slot: number};
			publish(`p2p/${name}/${slot}/cleared`, utf8(data), {retain: true});
			shown.push(slot);
			while (shown.length > retainedSlotsMax) publish(`p2p/${name}/${shown.shift()}/cleared`, new Uint8Array(0), {retain: true});
		}
	});
	return async () => end();
}

/** The desk as it is served: with its files, its evidence, and the stream of its events. */
function servedDesk(
	site: Site,
	clock: Clock,
	desk: ReturnType<typeof createMarketDesk>,
	slotEvidence: ReturnType<typeof createDeskEvidence>,
	ledger: Ledger,
	engine: Engine,
	rules: EngineRules,
): MarketDesk {
	const files = createDeskFiles(engine, rules, {name: site.config.market!.name, currency: site.config.market!.currency, clock});
	const asEvent = ({type, atMs, account, data}: LedgerEvent, sequence: number): MarketEvent => ({
		sequence,
		type: type as MarketEvent['type'],
		atMs,
		account,
		data: JSON.parse(data) as MarketEvent['data'],
	});
	return {
		...desk,
		...files,
		slotEvidence,
		eventsAfter: async (sequence, limit) => {
			const found = await ledger.eventsAfter(sequence, limit);
			return found === 'gap' ? 'gap' : found.map(event => asEvent(event, event.sequence));
		},
		newestEvent: ledger.newestEvent,
		onEvent: listener =>
			engine.onEvents((first, events) => {
				for (const [at, event] of events.entries()) listener(asEvent(event, first + at));
			}),
	};
}

/** Accounts that nobody has a key of: for markets whose grid and retailer have not named theirs. */
export function counterAccounts(name: string): {readonly grid: string; readonly retailer: string; readonly pool: string} {
	const own = (role: string): string => toPrefixedHex(keccak256(utf8(`kedge market ${name} ${role}`)).subarray(12));
	return {grid: own('grid'), retailer: own('retailer'), pool: own('pool')};
}
