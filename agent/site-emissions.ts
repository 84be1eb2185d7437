// The composition root's part for emissions: asks what a site emitted, states factors and activities through the running agent, and binds a site's report to the entries that it follows from.

import {askAccounts} from './accounts.ts';
import {toHex} from './base/bytes.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {FactorConfig} from './config.ts';
import {factorConfigBody, statementsIn} from './declaring.ts';
import {reportEntries} from './format/carbon-report.ts';
import {entryLength} from './format/entry.ts';
import type {StatementBody} from './format/statement.ts';
import {accountUrn} from './format/subject.ts';
import {readActivity} from './ledgers/emissions/activity-body.ts';
import type {EmissionsAnswer} from './ledgers/emissions/answer.ts';
import {factorTable} from './ledgers/emissions/factor-table.ts';
import {reportBody} from './ledgers/emissions/report-body.ts';
import {channelsOf, readSite} from './ledgers/emissions/site-body.ts';
import type {Channel} from './log/channels.ts';
import {openSiteReader} from './reading.ts';
import type {SitePaths} from './site.ts';
import {type Stated, stateAtSite} from './stating.ts';

export type {EmissionsAnswer};

/** What a site emitted in a period. Fails with ENTRY_UNKNOWN where the log says nothing of it. */
export async function emissionsAt(
	paths: SitePaths,
	site: string,
	period: {readonly fromMs: number; readonly toMs: number},
): Promise<{readonly emissions: EmissionsAnswer; readonly size: number}> {
	const {answer, size} = await askAccounts(paths, {about: 'site', id: site, ...period});
	return {emissions: answer as unknown as EmissionsAnswer, size};
}

/** The factors that are built in. */
export const builtInFactors = factorTable;

/** Adds a version of a factor to the log. Fails with ARGUMENT_INVALID. */
export function addFactor(paths: Pick<SitePaths, 'socket'>, factor: FactorConfig): Promise<Stated> {
	const made = factorConfigBody(factor);
	if ('problem' in made) throw new AgentError('ARGUMENT_INVALID', made.problem);
	return stateAtSite(paths, {says: 'factor', urn: accountUrn('factor', factor.id), body: made.value});
}

/** An amount that no meter counts; see ledgers/emissions/activity-body.ts. */
export type ActivityWish = {
	readonly source: string;
	/** Decimal text, in `unit`. */
	readonly amount: string;
	readonly unit: string;
	readonly atMs: number;
	readonly untilMs: number | undefined;
	readonly document: string | undefined;
	readonly corrects: number | undefined;
};

/** Fails with ARGUMENT_INVALID. */
export function addActivity(paths: Pick<SitePaths, 'socket'>, site: string, activity: ActivityWish): Promise<Stated> {
	// As it is read back from JSON: members that are undefined are not there.
	const body = JSON.parse(JSON.stringify(activity)) as StatementBody;
	const read = readActivity(body);
	if ('problem' in read) throw new AgentError('ARGUMENT_INVALID', read.problem);
	return stateAtSite(paths, {says: 'activity', urn: accountUrn('site', site), body, eventMs: activity.atMs});
}

/** Entries that are hashed together. */
const entriesPerBatch = 4096;

export type SiteReport = {
	readonly site: string;
	/** Where its statement stands; undefined if it was only computed. */
	readonly stated: Stated | undefined;
	readonly fromMs: number;
	readonly toMs: number;
	/** mg CO2e, decimal text. */
	readonly totalMg: string;
	readonly complete: boolean;
	/** What is missing, and why it is not complete. */
	readonly reasons: readonly string[];
	/** Entries of the log that it covers. */
	readonly size: number;
	/** Entries in the ranges. */
	readonly entries: number;
	/** Hexadecimal; see format/carbon-report.ts. */
	readonly entriesRoot: string;
	/** In the order of the report's plan, which is that of the subjects. */
	readonly ranges: readonly {readonly urn: string; readonly subject: string; readonly first: number; readonly last: number}[];
};

/**
 * Computes a site's report over a period, and states it unless it is only to be looked at. The period is whole hours of UTC: what a report says must not depend on half an hour.
 * Fails with ENTRY_UNKNOWN where the log says nothing of the site, and with ARGUMENT_INVALID where a ledger refuses the report.
 */
export async function reportSite(
	paths: SitePaths,
	wish: {
		readonly site: string;
		readonly fromMs: number;
		readonly toMs: number;
		readonly replaces?: number | undefined;
		readonly isDry?: boolean | undefined;
		/** Whether it is stated although something is missing in it. */
		readonly isIncompleteFine?: boolean | undefined;
	},
): Promise<SiteReport> {
	const {site, fromMs, toMs} = wish;
	const {size, emissions} = await emissionsAt(paths, site, {fromMs, toMs});
	const urn = accountUrn('site', site);
	await using reader = await openSiteReader(paths);
	const byUrn = new Map((await reader.channels()).map(channel => [channel.urn, channel]));
	const newest = (await statementsIn({channel: name => byUrn.get(name)}, reader)(urn, 'site')).at(-1);
	const read = newest === undefined ? undefined : readSite(newest);
	if (read === undefined || 'problem' in read)
		throw new AgentError('ENTRY_UNKNOWN', `the log has no statement of site ${site} that can be read`);
	const channels = [urn, ...channelsOf(read.value)].map(name => byUrn.get(name)).filter(channel => channel !== undefined);
	const bySubject = new Map(channels.map(channel => [toHex(channel.subject), channel]));
	const period = {fromMs: emissions.fromMs, toMs: emissions.toMs};
	const found = await reportEntries(nodeHasher, {
		subjects: channels.map(({subject}) => subject),
		period,
		entries: subject => packed(reader, bySubject.get(toHex(subject))!, size),
	});
	const ranges = found.subjects.map((subject, i) => ({urn: bySubject.get(toHex(subject))!.urn, ...found.ranges[i]!}));
	const made = reportBody(emissions, {size, ranges, entriesRoot: found.entriesRoot}, wish.replaces);
	if ('problem' in made) throw new AgentError('ARGUMENT_INVALID', made.problem);
	const {body, value} = made.value;
	if (wish.isDry !== true) {
		if (!emissions.complete && wish.isIncompleteFine !== true)
			throw new AgentError('ARGUMENT_INVALID', `the total is not complete: ${emissions.reasons.join('; ')}`, {
				hint: 'With --incomplete it is stated all the same; --dry-run shows it.',
			});
		const standing = emissions.reports.list.at(-1);
		if (standing !== undefined && wish.replaces === undefined)
			throw new AgentError('ARGUMENT_INVALID', `report ${standing.number} covers a part of the period already`, {
				hint: `With --replaces ${standing.number} this one stands in for it; both stay in the log.`,
			});
	}
	const stated = wish.isDry === true ? undefined : await stateAtSite(paths, {says: 'report', urn, body, value, eventMs: period.toMs});
	return {
		site,
		stated,
		...period,
		totalMg: `${value}`,
		complete: emissions.complete,
		reasons: emissions.reasons,
		size,
		entries: found.size,
		entriesRoot: toHex(found.entriesRoot),
		ranges: ranges.map((range, i) => ({...range, subject: toHex(found.subjects[i]!)})),
	};
}

async function* packed(
	reader: {readonly between: (channel: Channel, begin: number, end: number) => AsyncIterable<{readonly entry: Uint8Array}>},
	channel: Channel,
	size: number,
): AsyncIterable<Uint8Array> {
	let batch = new Uint8Array(entriesPerBatch * entryLength);
	let filled = 0;
	for await (const {entry} of reader.between(channel, 0, size)) {
		batch.set(entry, filled * entryLength);
		filled += 1;
		if (filled < entriesPerBatch) continue;
		yield batch;
		batch = new Uint8Array(entriesPerBatch * entryLength);
		filled = 0;
	}
	if (filled > 0) yield batch.subarray(0, filled * entryLength);
}
