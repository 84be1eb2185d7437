// The composition root's part that prunes a log: by the owner's policy once a day, or when the owner asks; only what an anchor holds for good.

import type {AnchorRow} from './anchor/outbox.ts';
import {anchorKind} from './anchoring.ts';
import {askAgent, type PruneProgress} from './api/status-server.ts';
import type {Clock} from './base/clock.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import type {ChainConfig} from './config.ts';
import type {Log} from './log/log.ts';
import {isEmptyPlan, type PrunePlan, provableFrom} from './log/prune.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import type {Site} from './site.ts';

export type PruneRequest = {
	/** Raw arrivals of entries that arrived before it go. */
	readonly arrivalsBeforeMs: number | undefined;
	/** Entries that arrived before it go. */
	readonly entriesBeforeMs: number | undefined;
	/** Arrivals may go that no final anchor covers. Entries never may. */
	readonly unanchored: boolean;
};

/** What would go, or went. */
export type PruneReport = {
	/** The first index that can be proven, before and after. */
	readonly first: number;
	readonly firstAfter: number;
	readonly entries: number;
	readonly entryBytes: number;
	/** Raw arrivals of entries below it go. */
	readonly arrivalsBelow: number;
	readonly arrivalBytes: number;
	/** The newest size that is final on a chain, on all where there are several; 0 if there is none. */
	readonly finalSize: number;
};

export type PruneDesk = {
	/** Begins to prune in the background. Fails with ARGUMENT_INVALID if that is being done. */
	readonly start: (request: PruneRequest) => void;
	readonly progress: () => PruneProgress;
	/** What the config says, once a day. MUST NOT reject. */
	readonly daily: () => Promise<void>;
};

const dayMs = 24 * 60 * 60 * 1000;
const pruneKind = 'prune';
const arrivalsKey = 'arrivals';
const askEveryMs = 200;
const rowsPerPage = 64;

/**
 * The size up to which the log may go: the one that is final on every chain of the config that the log was anchored on, or is about to be. A chain that is behind, because it was away, is only
 * reached again by a proof from the size that it has, which needs what is at the edge of that. Chains that the config names no more hold nothing back, unless there is no other.
 */
export function finalOnAll(
	rows: readonly Pick<AnchorRow, 'state' | 'size' | 'chainId' | 'registry'>[],
	chains: readonly ChainOfConfig[],
): number {
	const finalOf = (some: typeof rows): number => some.reduce((most, {state, size}) => (state === 'final' && size > most ? size : most), 0);
	const sizes = chains.flatMap(({chainId, registry}) => {
		const own = rows.filter(row => row.chainId === chainId && row.registry === registry.toLowerCase());
		return own.length === 0 ? [] : [finalOf(own)];
	});
	return sizes.length === 0 ? finalOf(rows) : Math.min(...sizes);
}

type ChainOfConfig = Pick<ChainConfig, 'chainId' | 'registry'>;

/**
 * Fails with ARGUMENT_INVALID where nothing final covers what would go. An entry that no anchor covers is known to nobody but this database: once it were gone, nothing
 * would say that the rest is the same log, and an older copy of the database would know more than this one. Below a final anchor the chain itself vouches for the rest.
 */
async function planFor(
	reader: LogReader,
	chains: readonly ChainOfConfig[],
	request: PruneRequest,
): Promise<{readonly plan: PrunePlan; readonly finalSize: number}> {
	const {arrivalsBeforeMs, entriesBeforeMs, unanchored} = request;
	const rows: Pick<AnchorRow, 'state' | 'size' | 'chainId' | 'registry'>[] = [];
	for (let keyMin = ''; ; ) {
		// Page by page: with their proofs the rows of a year are 300 MB.
		const page = await reader.documentsFrom(anchorKind, keyMin, rowsPerPage);
		for (const {key, body} of page) {
			keyMin = `${key}\0`;
			const {state, size, chainId, registry, origin} = JSON.parse(body) as AnchorRow;
			if (origin === reader.origin) rows.push({state, size, chainId, registry});
		}
		if (page.length < rowsPerPage) break;
	}
	const finalSize = finalOnAll(rows, chains);
	const size = (await reader.head())?.size ?? 0;
	if (finalSize === 0 && entriesBeforeMs !== undefined)
		throw new AgentError('ARGUMENT_INVALID', 'no anchor of this log is final: no entry may be pruned', {
			hint: 'Only what a chain holds for good is pruned. Add "anchor" to the config, or prune raw arrivals alone.',
		});
	if (finalSize === 0 && !unanchored)
		throw new AgentError('ARGUMENT_INVALID', 'no anchor of this log is final', {
			hint: 'To prune raw arrivals all the same, say --unanchored.',
		});
	const [cursor] = (await reader.documents(pruneKind)).filter(({key}) => key === arrivalsKey);
	const plan = await reader.planPrune({
		arrivalsBeforeMs,
		entriesBeforeMs,
		entriesSizeMax: finalSize,
		arrivalsSizeMax: unanchored ? size : finalSize,
		arrivalsFrom: cursor === undefined ? 0 : Number(cursor.body),
	});
	return {plan, finalSize};
}

function reportOf(plan: PrunePlan, finalSize: number): PruneReport {
	const {entries, entryBytes, arrivalsBelow, arrivalBytes} = plan;
	return {
		first: provableFrom(plan.first),
		firstAfter: entries === 0 ? provableFrom(plan.first) : plan.entriesBelow,
		entries,
		entryBytes,
		arrivalsBelow,
		arrivalBytes,
		finalSize,
	};
}

export function createPruneDesk(parts: {
	readonly site: Site;
	readonly log: Pick<Log, 'prune' | 'putDocument'>;
	readonly reader: LogReader;
	readonly clock: Clock;
	readonly logger: Logger;
	/** False while nothing may be appended: frozen, or full. */
	readonly mayAppend: () => boolean;
}): PruneDesk {
	const {site, log, reader, clock, logger, mayAppend} = parts;
	const {keepArrivalsDays, keepEntriesDays} = site.config.log;
	let progress: PruneProgress = {state: 'none', done: 0, all: 0, error: undefined, report: undefined};

	const prune = async (request: PruneRequest): Promise<void> => {
		progress = {state: 'pruning', done: 0, all: 0, error: undefined, report: undefined};
		try {
			if (!mayAppend()) throw new AgentError('LOG_FROZEN', 'nothing may be written now', {hint: 'See: kedge status'});
			const {plan, finalSize} = await planFor(reader, site.config.anchor?.chains ?? [], request);
			const report = reportOf(plan, finalSize);
			await log.prune(plan, (done, all) => {
				progress = {...progress, done, all};
			});
			if (plan.arrivalBytes > 0) await log.putDocument(pruneKind, arrivalsKey, String(plan.arrivalsBelow));
			progress = {...progress, state: 'done', report};
			if (!isEmptyPlan(plan)) logger.log('info', 'pruned', {...report});
		} catch (error) {
			progress = {...progress, state: 'failed', error: describeError(error)};
			throw error;
		}
	};

	return {
		start: request => {
			if (progress.state === 'pruning') throw new AgentError('ARGUMENT_INVALID', 'the log is being pruned already');
			void prune(request).catch(() => {});
		},
		progress: () => progress,
		daily: async () => {
			if ((keepArrivalsDays === 0 && keepEntriesDays === 0) || progress.state === 'pruning' || !mayAppend()) return;
			const nowMs = clock.nowMs();
			try {
				await prune({
					arrivalsBeforeMs: keepArrivalsDays === 0 ? undefined : nowMs - keepArrivalsDays * dayMs,
					entriesBeforeMs: keepEntriesDays === 0 ? undefined : nowMs - keepEntriesDays * dayMs,
					unanchored: false,
				});
			} catch (error) {
				logger.log('warn', 'nothing was pruned today', {error: describeError(error)});
			}
		},
	};
}

type PrunedSite = Pick<Site, 'paths' | 'config'>;

/** Says what would go, from the file alone. Fails with ARGUMENT_INVALID. */
export async function planPruneOf(site: PrunedSite, request: PruneRequest): Promise<PruneReport> {
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	const {plan, finalSize} = await planFor(reader, site.config.anchor?.chains ?? [], request);
	return reportOf(plan, finalSize);
}

/** Lets the running agent prune, and waits. Fails with AGENT_UNREACHABLE, or with ARGUMENT_INVALID where the agent says no. */
export async function pruneSite(
	site: PrunedSite,
	request: PruneRequest,
	options: {readonly clock: Clock; readonly onProgress?: (done: number, all: number) => void},
): Promise<PruneReport> {
	// Says no in words, before the agent does.
	await planPruneOf(site, request);
	const {paths} = site;
	await askAgent(paths.socket, 'POST', `/prune?${encodeURIComponent(JSON.stringify(request))}`);
	for (;;) {
		const progress = await askAgent<PruneProgress>(paths.socket, 'GET', '/prune');
		if (progress.state === 'done' && progress.report !== undefined) return progress.report as PruneReport;
		if (progress.state !== 'pruning') throw new AgentError('WRITE_REFUSED', progress.error ?? 'the agent was started again meanwhile');
		options.onProgress?.(progress.done, progress.all);
		await options.clock.sleep(askEveryMs);
	}
}
