// The composition root's part that tells how the agent is: gathers it from the rooms, and asks for it from outside.

import type {Broker} from '../broker/broker.ts';
import type {Access} from './access.ts';
import type {Anchors, AnchorsStatus, TargetStatus} from './anchors.ts';
import {
	type AnchorStatus,
	askAgent,
	type ChainTargetStatus,
	type ClientStatus,
	type MarketStatus,
	type Status,
} from './api/status-server.ts';
import {toHex} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import type {DeviceDesk} from './device-desk.ts';
import {decimalText} from './format/decimal.ts';
import type {Devices} from './ingest/devices.ts';
import type {Ingest} from './ingest/ingest.ts';
import type {MqttClientStats, MqttDoor} from './ingest/mqtt-client.ts';
import {isSetAside} from './ingest/refusal.ts';
import type {RefusalWatch} from './ingest/refusal-watch.ts';
import type {DiskGuard} from './log/disk-guard.ts';
import type {DiskTrend} from './log/disk-trend.ts';
import type {Log} from './log/log.ts';
import type {Release} from './log/release.ts';
import type {Scrub} from './log/scrub.ts';
import type {Site, SitePaths} from './site.ts';
import type {Timekeeping} from './timekeeping.ts';
import {version} from './version.ts';
import {deviceWarnings, reasonsOf, refusalWarnings, type Warning, warningOf} from './warnings.ts';

/** Silent devices that the status names; how many there are in all it says anyway. */
const silentNamedMax = 20;

/** What the log counts refusals under, in front of their reason. */
const refusedPrefix = 'refused:';

/** The agent's state in plain JSON types. */
export async function statusOf(parts: {
	readonly site: Site;
	readonly log: Log;
	readonly release: Release;
	readonly disk: DiskGuard;
	readonly diskTrend: Pick<DiskTrend, 'fillDays'>;
	readonly devices: Devices;
	readonly broker: Broker | undefined;
	readonly client: MqttDoor | undefined;
	readonly anchors: Anchors | undefined;
	readonly timekeeping: Timekeeping;
	readonly ingest: Pick<Ingest, 'silent' | 'countsOf'>;
	readonly desk: Pick<DeviceDesk, 'expired'>;
	readonly scrub: Scrub;
	readonly refusals: RefusalWatch;
	readonly access: Pick<Access, 'warnings'>;
	readonly market: () => MarketStatus | undefined;
	/** Where the HTTP interface answers. */
	readonly api: () => string | undefined;
	readonly startedAtMs: number;
	readonly clock: Clock;
	readonly stopping: AbortSignal;
}): Promise<Status> {
	const {site, log, broker, client, anchors} = parts;
	const anchored = await anchors?.status();
	// All else in one turn and after the wait: a size from before it could be smaller than what was released meanwhile.
	const checkpoint = log.checkpoint();
	const stats = log.stats();
	const standing = parts.release.standing();
	const floorBytes = site.config.log.floorMiB * 1024 * 1024;
	const warnings: Warning[] = [];
	const notices: string[] = [];
	if (standing.state === 'frozen') warnings.push(warningOf(`FROZEN, nothing is acknowledged or released: ${standing.reason}.`));
	if (standing.state === 'withheld') warnings.push(warningOf(`Nothing is released: ${standing.reason}.`));
	const disk = parts.disk.standing();
	warnings.push(...disk.warnings.map(warningOf));
	if (anchors === undefined)
		notices.push(
			'Nothing is anchored: only the side file would tell a second history, and nobody outside vouches for the log. See: kedge anchor --help.',
		);
	warnings.push(...parts.access.warnings().map(warningOf));
	const throttled = broker?.stats().throttledDevices ?? [];
	if (throttled.length > 0)
		notices.push(`Devices that send more than they may in a second, and wait: ${throttled.join(', ')}. Nothing of theirs is lost.`);
	const silent = parts.ingest.silent(silentNamedMax);
	const all = parts.devices.all();
	const active = all.filter(({isRevoked}) => !isRevoked);
	const watched = active.map(({id}) => ({
		id,
		exceptions: parts.ingest.countsOf(id)?.exceptions ?? 0,
		isCalibrationOver: parts.desk.expired(id).includes('calibration'),
	}));
	warnings.push(...deviceWarnings(silent, watched), ...refusalWarnings(parts.refusals.recent()));
	for (const target of anchored?.targets ?? []) warnings.push(...anchorWarnings(target));
	const clockState = parts.timekeeping.clockState();
	if (clockState.synchronisation === 'unsynchronised')
		warnings.push(warningOf('The clock of this machine is not synchronised: what arrives is marked so until it is.'));
	if (client !== undefined) warnings.push(...clientWarnings(site.config.client?.name ?? '', client.stats()));
	const market = parts.market();
	if (market?.halted !== undefined) warnings.push(warningOf(`The market ${market.name} is halted, nothing is signed: ${market.halted}.`));
	if (log.failed.aborted) warnings.push(warningOf('A commit failed. The agent must be started again.'));
	return {
		version,
		origin: log.origin,
		state: parts.stopping.aborted
			? 'stopping'
			: standing.state === 'frozen'
				? 'frozen'
				: disk.state === 'full'
					? 'full'
					: standing.state === 'open'
						? 'running'
						: 'withheld',
		startedAtMs: parts.startedAtMs,
		nowMs: parts.clock.nowMs(),
		clock: clockState,
		size: stats.size,
		newestCheckpoint: checkpoint && {size: checkpoint.size, root: toHex(checkpoint.root)},
		releasedSize: parts.release.released()?.size ?? 0,
		channels: log.channels().length,
		devices: active.length,
		devicesRevoked: all.length - active.length,
		devicesHeard: active.filter(({id}) => parts.ingest.countsOf(id)?.arrivedAtMs !== undefined).length,
		silent,
		connections: broker?.stats().sessions ?? 0,
		counters: Object.fromEntries(log.counters()),
		pendingBytes: stats.pendingBytes,
		quarantineBytes: stats.quarantineBytes,
		residentBytes: process.memoryUsage.rss(),
		disk: {
			freeBytes: disk.freeBytes,
			walBytes: disk.walBytes,
			floorBytes,
			fillDays: parts.diskTrend.fillDays(disk.freeBytes, floorBytes),
		},
		broker: broker && {
			host: broker.host,
			port: broker.port,
			tlsPort: broker.tlsPort,
			turnedAway: turnedAwayBy(broker),
			newestTurnedAway: broker.stats().newestTurnedAway,
			throttled: broker.stats().throttled,
		},
		client: client && clientStatus(site.config.client?.name ?? '', client.stats()),
		anchor: anchored && anchorStatusOf(anchored, site),
		market,
		api: parts.api(),
		scrub: parts.scrub.status(),
		warnings: warnings.map(({sentence}) => sentence),
		reasons: reasonsOf(warnings),
		notices,
	};
}

function clientStatus(name: string, stats: MqttClientStats): ClientStatus {
	const {connected, sinceMs, connects, acknowledged, waiting, dropped, tooLarge} = stats;
	return {name, isConnected: connected, sinceMs: Math.round(sinceMs), connects, acknowledged, waiting, tooLarge, droppedByBroker: dropped};
}

/** In plain JSON types, amounts as decimal texts of the coin. */
function anchorStatusOf(anchors: AnchorsStatus, {config}: Site): AnchorStatus {
	const {needed, heldSize, finalSize, oldestUnanchoredAgeMs, targets} = anchors;
	return {
		needed,
		of: targets.length,
		minedSize: heldSize,
		finalSize,
		oldestUnanchoredAgeMs,
		targets: targets.map(target => {
			if (target.kind === 'authority') {
				const {stampedSize, lastGenTimeMs, waitingFor, lastError} = target.status;
				return {
					kind: target.kind,
					name: target.name,
					stampedSize,
					stampedAtMs: lastGenTimeMs,
					waitingFor,
					lastError: lastError?.sentence,
					lastErrorCode: lastError?.code,
				};
			}
			const {chainId, registry, opener, rows, minedSize, finalSize, balanceWei, waitingFor, lastError} = target.status;
			const chain = config.anchor!.chains.find(one => one.chainId === chainId);
			return {
				kind: target.kind,
				name: target.name,
				chainId,
				registry,
				opener,
				rows,
				minedSize,
				finalSize,
				coin: chain?.coin ?? 'ETH',
				balance: coinText(balanceWei),
				spentLastDay: coinText(target.status.spentWeiLastDay),
				budgetPerDay: chain?.budgetPerDay,
				runwayDays: target.status.runwayDays,
				waitingFor,
				lastError: lastError?.sentence,
				lastErrorCode: lastError?.code,
				nodes: target.nodes,
			};
		}),
	};
}

function coinText(wei: bigint | undefined): string | undefined {
	return wei === undefined ? undefined : decimalText(wei, -18);
}

/** Below this the owner should send funds. */
const runwayDaysMin = 30;

function daysText(days: number): string {
	return days < 1 ? 'less than a day' : days < 2 ? '1 day' : `${Math.floor(days)} days`;
}

function anchorWarnings({kind, name, status}: TargetStatus): Warning[] {
	const warnings: Warning[] = [];
	if (status.lastError !== undefined)
		warnings.push({
			sentence: `Anchoring at ${name}: ${status.lastError.sentence}.${status.lastError.hint ? ` Hint: ${status.lastError.hint}.` : ''}`,
			reason: `Anchoring at ${name} fails`,
		});
	if (kind === 'chain' && status.runwayDays !== undefined && status.runwayDays < runwayDaysMin)
		warnings.push({
			sentence: `The anchoring key's balance at ${name} lasts for ${daysText(status.runwayDays)} at what anchors cost now.`,
			reason: `The anchoring key's balance at ${name} is low`,
		});
	return warnings;
}

/** How the first chain stands: where devices and markets are. */
export function firstChainOf(status: Status | undefined): ChainTargetStatus | undefined {
	return status?.anchor?.targets.find(target => target.kind === 'chain');
}

function clientWarnings(name: string, stats: MqttClientStats): Warning[] {
	const {connected, sinceMs, connects, failing, refusedTopics, weakTopics, dropped} = stats;
	const warnings: Warning[] = [];
	if (!connected)
		warnings.push({
			sentence: `The connection to broker ${name} is down. It has been for ${Math.round(sinceMs / 1000)} s, after ${connects} connections since the start.`,
			reason: `The connection to broker ${name} is down`,
		});
	if (failing !== undefined)
		warnings.push({
			sentence: `A message of broker ${name} on ${failing.topic} could not be kept, ${failing.times} times; it holds up those behind it.`,
			reason: `A message of broker ${name} could not be kept, and holds up those behind it`,
		});
	if (refusedTopics.length > 0)
		warnings.push(warningOf(`Broker ${name} refuses the subscription to ${refusedTopics.join(', ')}: nothing comes from there.`));
	if (weakTopics.length > 0)
		warnings.push(warningOf(`Broker ${name} grants only QoS 0 for ${weakTopics.join(', ')}: what it cannot deliver at once is lost.`));
	if (dropped > 0)
		warnings.push(
			warningOf(
				`Broker ${name} has dropped ${dropped} messages since the start, perhaps readings: give it longer queues (Mosquitto: max_queued_messages).`,
			),
		);
	return warnings;
}

/** What was refused, by reason, since the log began: what every healthy home has, and the rest. */
export function refusalCounts(counters: Status['counters']): {
	readonly setAside: readonly (readonly [reason: string, count: number])[];
	readonly refused: readonly (readonly [reason: string, count: number])[];
} {
	const all = Object.entries(counters)
		.filter(([name]) => name.startsWith(refusedPrefix))
		.map(([name, count]) => [name.slice(refusedPrefix.length), count] as const);
	return {setAside: all.filter(([reason]) => isSetAside(reason)), refused: all.filter(([reason]) => !isSetAside(reason))};
}

/** What the embedded broker answered with a closed connection or a refused CONNECT. */
function turnedAwayBy(broker: Broker): Record<string, number> {
	const {turnedAway, handshakesFailed, connectsRefused, willsRefused, closed} = broker.stats();
	const counts = {
		'too-many-connections': turnedAway,
		'handshakes-failed': handshakesFailed,
		'wills-refused': willsRefused,
		...connectsRefused,
		...closed,
	};
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
