// The composition root's part that lets people look in: gathers from the rooms what the HTTP interface shows of the agent, and opens that interface.

import type {Accounts} from './accounts.ts';
import {agentView, deviceViews} from './agent-views.ts';
import {openAllowances} from './allowances.ts';
import {anchoredAbove} from './anchoring.ts';
import type {MarketDesk} from './api/desk.ts';
import {metricsText} from './api/metrics.ts';
import type {ApiServer} from './api/server.ts';
import type {Status} from './api/status-server.ts';
import type {AgentView, Answered, Window} from './api/window.ts';
import {createAskedOnce} from './base/asked-once.ts';
import {viewOf} from './base/bytes.ts';
import {systemClock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {readBuiltPages} from './built-pages.ts';
import {createChannelTable} from './channel-table.ts';
import {createCurveViews} from './curve-views.ts';
import type {DeviceDesk} from './device-desk.ts';
import {outlineEntry} from './format/entry.ts';
import {deviceUrn, parseAccountUrn, parseChannelUrn} from './format/subject.ts';
import type {Log} from './log/log.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import type {Release} from './log/release.ts';
import {createLogViews, sealedUntilMs} from './log-views.ts';
import {openPackaging} from './packaging.ts';
import {familiesOf} from './prometheus.ts';
import {createPulse} from './pulse.ts';
import {issuerOf} from './reading.ts';
import type {Site} from './site.ts';
import {openPeople} from './users.ts';
import type {World} from './world.ts';

/** The state of the agent is gathered once in this time, however many look. */
const stateMsMax = 1000;
/** Answers of accounts are kept this long, and so many: a question folds and adds up. */
const answerMsMax = 2000;
const answersMax = 64;
/** A chain has a new block every few seconds, and a look at it takes some dozens of questions. */
const allowancesMsMax = 15_000;

export type Windowing = {readonly port: number; readonly [Symbol.asyncDispose]: () => Promise<void>};

/** Opens the HTTP interface of an agent, with the desk of its market if it has one. */
export async function openWindowing(parts: {
	readonly site: Site;
	readonly world: World;
	readonly log: Log;
	readonly release: Release;
	readonly devices: DeviceDesk;
	readonly accounts: Accounts;
	readonly status: () => Promise<Status>;
	readonly market: {readonly desk: MarketDesk; readonly halted: () => string | undefined; readonly gateBeforeMs: number} | undefined;
	/** Devices of which a channel was not heard for twice its cadence. */
	readonly silentIds: () => readonly string[];
	/** Why nothing is taken now. */
	readonly illness: () => string | undefined;
	readonly logger: Logger;
}): Promise<Windowing> {
	const {site, world, market, logger} = parts;
	const closing = createClosing();
	try {
		const window = await openWindow(parts, closing);
		// Loaded only here: an agent that nobody looks at must not carry an HTTP server.
		const [{openApiServer}, {messageSigner}] = await Promise.all([import('./api/server.ts'), import('./trade/personal-message.ts')]);
		const {host, port, origins, signInDomains, trustProxy, tokens} = site.config.api!;
		const server: ApiServer = closing.use(
			await openApiServer(
				{
					desks: market === undefined ? [] : [market.desk],
					clock: world.clock,
					// Sockets are real, however fast the agent's time runs.
					transportClock: systemClock,
					random: world.random,
					logger,
					tokens: tokens.map(({account, ...token}) => ({...token, ...(account === undefined ? {} : {account})})),
					recoverMessageSigner: messageSigner,
					illness: () => market?.halted() ?? parts.illness(),
					window,
				},
				{host, port, origins, trustProxy, ...(signInDomains.length === 0 ? {} : {signInDomains})},
			),
		);
		return {port: server.port, [Symbol.asyncDispose]: closing.close};
	} catch (error) {
		await closing.close().catch(() => {});
		throw error;
	}
}

type Parts = Parameters<typeof openWindowing>[0];

async function openWindow(parts: Parts, closing: ReturnType<typeof createClosing>): Promise<Window> {
	const {site, world, log, release, devices, accounts, market, logger} = parts;
	const {paths, config} = site;
	const {clock, random} = world;
	const {anchorsNeeded} = config.log;
	// Of its own: what people look at must not hold up receipts or accounts.
	const reader = closing.use(await openLogReader({path: paths.log, hasher: nodeHasher, openDatabase: world.openDatabase}));
	// The file of users is looked at by the time of the sockets, however fast the agent's time runs.
	const people = await openPeople(paths, {random, clock: {nowMs: clock.nowMs, monotonicMs: systemClock.monotonicMs}});
	const packages = closing.use(await openPackaging({paths, anchorsNeeded, random, clock: systemClock, logger}));
	const allowances = closing.use(openAllowances(site, systemClock));
	const pages = await readBuiltPages();
	const channels = createChannelTable(log);
	const issuer = issuerOf(reader, {
		head: async () => release.released(),
		channelOf: async subject => channels.ofSubject(subject),
		deviceOf: async ({urn}) => {
			const parsed = parseChannelUrn(urn);
			return parsed && channels.named(deviceUrn(parsed.deviceId));
		},
		anchoredAbove: (index, notBeforeMs) => anchoredAbove(reader, index, notBeforeMs, anchorsNeeded),
	});

	const onceStatus = createAskedOnce<Status>(systemClock, stateMsMax);
	const onceAgent = createAskedOnce<AgentView>(systemClock, stateMsMax);
	const onceMetrics = createAskedOnce<string>(systemClock, stateMsMax);
	const onceAnswer = createAskedOnce<Answered | undefined>(systemClock, answerMsMax, answersMax);
	const onceAllowances = createAskedOnce<Awaited<ReturnType<typeof allowances.of>>>(systemClock, allowancesMsMax, answersMax);
	const status = (): Promise<Status> => onceStatus('', parts.status);
	const agent = (): Promise<AgentView> =>
		onceAgent('', async () => {
			const state = await status();
			const [newestEntryAtMs, releasedAtMs, {behind}] = await Promise.all([
				arrivedAtMs(reader, ((await reader.head())?.size ?? 0) - 1),
				arrivedAtMs(reader, state.releasedSize - 1),
				accounts.progress(false),
			]);
			return agentView(state, {newestEntryAtMs, releasedAtMs, accountsBehind: Math.max(0, behind)});
		});
	const newReadings = createPulse(reader, channels, log.size());

	return {
		people,
		agent,
		health: () => {
			if (log.failed.aborted) return 'failed';
			const {state} = release.standing();
			if (state !== 'open') return state;
			return parts.illness() === undefined ? 'ok' : 'full';
		},
		metrics: () => onceMetrics('', async () => metricsText(familiesOf(await status(), await agent(), clock.nowMs()))),
		pulse: async () => ({agent: await agent(), readings: await newReadings()}),
		devices: () => deviceViews(devices, channels.views(), parts.silentIds()),
		channels: channels.views,
		...createCurveViews({accounts, reader, channels}),
		watched: (urn, {fromMs, toMs}) => accounts.watched(urn, fromMs, toMs),
		...createLogViews({log, reader, release, channels, anchorsNeeded}),
		receipt: (index, withArrival) => issuer.receipt(index, {withArrival}),
		accounts: sort =>
			log
				.channels()
				.flatMap(({urn}) => {
					const account = parseAccountUrn(urn);
					return account?.sort === sort ? [account.id] : [];
				})
				.sort(),
		answer: (about, id, {fromMs, toMs}) => {
			// Whole minutes of an end that is now: many who ask at about the same time are answered together.
			const end = toMs >= clock.nowMs() ? `minute ${Math.floor(toMs / 60_000)}` : `${toMs}`;
			return onceAnswer(`${about} ${id} ${fromMs} ${end}`, async () => {
				const found = await accounts.answer({about, id, fromMs, toMs});
				return found && {size: found.size, answer: found.answer};
			});
		},
		allowances: id => onceAllowances(id, () => allowances.of(id)),
		packages,
		log: {
			checkpoint: () => (release.frozen.aborted ? undefined : release.released()),
			tile: reader.tile,
			entries: reader.entries,
			sealedUntilMs: entries => sealedUntilMs(entries, market?.gateBeforeMs ?? 0),
		},
		pages,
	};
}

/** When an entry arrived; null where there is none at the index, or it was pruned. */
async function arrivedAtMs(reader: Pick<LogReader, 'entry'>, index: number): Promise<number | null> {
	if (index < 0) return null;
	try {
		return outlineEntry(viewOf(await reader.entry(index)), 0).arrivedAtMs;
	} catch (error) {
		if (error instanceof AgentError && error.code === 'ENTRY_PRUNED') return null;
		throw error;
	}
}
