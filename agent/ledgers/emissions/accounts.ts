// Turns statements and readings, in the order of the log, into hourly rows of what the sources of sites emitted.

import type {StatementKind} from '../../format/entry.ts';
import type {StatementBody} from '../../format/statement.ts';
import {parseAccountUrn} from '../../format/subject.ts';
import type {Past, Reading, Rows, Statement} from '../ledger.ts';
import {type Activity, readActivity, type StatedActivity} from './activity-body.ts';
import {type AnyHour, ChannelHours, hourMs, isAveraged, stepHoursMax} from './channel-hours.ts';
import {type FactorVersion, readFactor} from './factor-body.ts';
import {channelHour, channelHours, hourRows, putChannelHour, putHour} from './hour-rows.ts';
import {recount} from './recount.ts';
import {type Report, readReport} from './report-body.ts';
import {factorsOf, hoursEnd, readSite, type Site, type Source, usesOf} from './site-body.ts';
import {contentOf, type HourContent, isQualityHour, kindOfChannel, type Substitute} from './source-hour.ts';
import {type DayOf, dayOfZone, firstHourOf} from './zone-day.ts';

/** Substitution by the maximum: of so many hours that were measured [40 CFR 75.33(b)], none older than half a year. */
export const lookbackHours = 720;
export const lookbackHoursMax = 4320;

/** What one site or factor may have: more is not taken, and shown as refused. */
export const activitiesMax = 10_000;
const versionsMax = 1000;
const reportsMax = 1000;
const refusedMax = 100;
/** Channels and factors that a site ever named. */
const everMax = 4096;
/** Hours of channels that are kept at hand while rows are written. */
const atHandMax = 20_000;

export type SourceAccount = {
	readonly source: Source;
	/** Hours before this one have rows, from the first one that has any; undefined while there is none. */
	frontier: number | undefined;
	/** Hours to be looked at again, to included. */
	redo: {readonly from: number; readonly to: number}[];
};

export type SiteAccount = {
	readonly id: string;
	/** What its newest statement says, and the number of that. */
	site: Site;
	body: StatementBody;
	number: number;
	dayOf: DayOf;
	sources: SourceAccount[];
	readonly channels: Map<string, ChannelHours>;
	readonly activities: StatedActivity[];
	/** How many of these are in rows. */
	activitiesKept: number;
	readonly reports: (Pick<Report, 'fromMs' | 'toMs' | 'totalMg' | 'replaces'> & {readonly number: number})[];
	/** What it or a version before it named. */
	readonly everChannels: Set<string>;
	readonly everFactors: Set<string>;
	/** Statements that say nothing to this ledger, and why. */
	readonly refused: {readonly number: number; readonly problem: string}[];
};

/** A statement as `problem` has it: not in the log yet. */
export type Wish = {readonly says: StatementKind; readonly urn: string; readonly body: StatementBody; readonly value: bigint};

/** All accounts of a log. `settle` and `keep` write rows; everything else is memory. */
export class Accounts {
	readonly sites = new Map<string, SiteAccount>();
	readonly #factors = new Map<string, FactorVersion[]>();
	/** Factors' statements that say nothing. */
	readonly #refusedFactors = new Map<string, {number: number; problem: string}[]>();
	/** By the channel, who counts it: nearly always one. */
	readonly #counting = new Map<string, ChannelHours[]>();
	/** ms since 1970: when the newest entry arrived that any account has to do with. */
	#seenMs = 0;
	/** Rows of things that are gone. */
	readonly #gone: string[] = [];

	wants(urn: string): boolean {
		return this.#counting.has(urn);
	}

	read(urn: string, reading: Reading): void {
		const counting = this.#counting.get(urn);
		if (counting === undefined) return;
		this.#seenMs = reading.arrivedAtMs;
		for (let i = 0; i < counting.length; i += 1) if (!counting[i]!.isNew) counting[i]!.read(reading);
	}

	versionsOf(id: string): readonly FactorVersion[] {
		return this.#factors.get(id) ?? [];
	}

	refusedOf(id: string): readonly {readonly number: number; readonly problem: string}[] {
		return this.#refusedFactors.get(id) ?? [];
	}

	state({says, urn, body, number, statedAtMs}: Statement): void {
		const account = parseAccountUrn(urn);
		if (account?.sort === 'factor' && says === 'factor') {
			this.#seenMs = statedAtMs;
			this.#stateFactor(account.id, body, number);
		}
		if (account?.sort !== 'site') return;
		const site = this.sites.get(account.id);
		if (says === 'site') {
			this.#seenMs = statedAtMs;
			this.#stateSite(account.id, body, number);
		} else if (says === 'activity' && site !== undefined) {
			this.#seenMs = statedAtMs;
			const activity = readActivity(body);
			const problem = 'problem' in activity ? activity.problem : activityProblem(site, activity.value);
			if ('problem' in activity || problem !== undefined) refuse(site.refused, number, problem!);
			else this.#addActivity(site, {...activity.value, number});
		} else if (says === 'report' && site !== undefined) {
			const report = readReport(body);
			if ('problem' in report) refuse(site.refused, number, report.problem);
			else if (site.reports.length < reportsMax) {
				const {fromMs, toMs, totalMg, replaces} = report.value;
				site.reports.push({fromMs, toMs, totalMg, replaces, number});
			}
		}
	}

	/** Why a statement cannot stand; undefined if it can, or if it is none of ours. */
	problem({says, urn, body, value}: Wish): string | undefined {
		const account = parseAccountUrn(urn);
		if (says === 'factor') {
			if (account?.sort !== 'factor') return `a factor is stated of urn:kedge:factor:ID, and not of ${urn}`;
			const factor = readFactor(body);
			if ('problem' in factor) return factor.problem;
			const {supersedes} = factor.value;
			const versions = this.versionsOf(account.id);
			if (supersedes !== undefined && !versions.some(({number}) => number === supersedes))
				return `factor "${account.id}" has no version ${supersedes} that could be superseded`;
			const newest = versions.at(-1);
			if (newest !== undefined && sameJson({...newest, number: undefined}, factor.value))
				return `factor "${account.id}" says just that already: it is version ${newest.number}`;
			return versions.length >= versionsMax ? `factor "${account.id}" has ${versionsMax} versions already` : noValue(value);
		}
		if (says !== 'site' && says !== 'activity' && says !== 'report') return undefined;
		if (account?.sort !== 'site') return `this is stated of urn:kedge:site:ID, and not of ${urn}`;
		if (says === 'site') {
			const site = readSite(body);
			return 'problem' in site ? site.problem : noValue(value);
		}
		const site = this.sites.get(account.id);
		if (site === undefined) return `there is no site "${account.id}": the config names none, or it was not stated yet`;
		if (says === 'activity') {
			const activity = readActivity(body);
			if ('problem' in activity) return activity.problem;
			return activityProblem(site, activity.value) ?? repeatProblem(site, activity.value) ?? noValue(value);
		}
		const report = readReport(body);
		if ('problem' in report) return report.problem;
		const {totalMg, replaces, siteNumber} = report.value;
		if (totalMg !== value) return `the report says ${totalMg} mg in its body and ${value} mg in its entry`;
		if (siteNumber !== site.number) return `the report was made by statement ${siteNumber} of the site; ${site.number} is the newest`;
		if (replaces !== undefined && !site.reports.some(({number}) => number === replaces))
			return `site "${site.id}" has no report ${replaces} that could be replaced`;
		const {fromMs, toMs} = report.value;
		const standing = site.reports.findLast(one => one.fromMs === fromMs && one.toMs === toMs);
		if (standing !== undefined && replaces === undefined)
			return `report ${standing.number} says already what site "${site.id}" emitted in this period: another one names it as what it replaces`;
		return site.reports.length >= reportsMax ? `site "${site.id}" has ${reportsMax} reports already` : undefined;
	}

	#stateFactor(id: string, body: StatementBody, number: number): void {
		const factor = readFactor(body);
		let versions = this.#factors.get(id);
		if (versions === undefined) {
			versions = [];
			this.#factors.set(id, versions);
		}
		if ('problem' in factor || versions.length >= versionsMax) {
			const refused = this.#refusedFactors.get(id) ?? [];
			refuse(refused, number, 'problem' in factor ? factor.problem : `there are ${versionsMax} versions already`);
			this.#refusedFactors.set(id, refused);
			return;
		}
		versions.push({...factor.value, number});
		const superseded = versions.find(version => version.number === factor.value.supersedes);
		const spans = [factor.value, ...(superseded === undefined ? [] : [superseded])];
		for (const site of this.sites.values())
			for (const account of site.sources)
				if (account.source.accounts.some(({factors}) => factors.includes(id)))
					for (const {validFrom, validTo} of spans)
						redo(account, dayEdge(site, validFrom, -1), validTo === undefined ? hoursEnd : dayEdge(site, validTo, 2));
	}

	#stateSite(id: string, body: StatementBody, number: number): void {
		const read = readSite(body);
		const before = this.sites.get(id);
		if ('problem' in read) {
			// Of a site that was never stated nothing is known that could be shown.
			if (before !== undefined) refuse(before.refused, number, read.problem);
			return;
		}
		const site = read.value;
		const dayOf = dayOfZone(site.zone)!;
		const account: SiteAccount = before ?? {
			id,
			site,
			body,
			number,
			dayOf,
			sources: [],
			channels: new Map(),
			activities: [],
			activitiesKept: 0,
			reports: [],
			everChannels: new Set(),
			everFactors: new Set(),
			refused: [],
		};
		const isSameAll = before !== undefined && before.site.zone === site.zone && before.site.gapMinutesMax === site.gapMinutesMax;
		const known = new Map(account.sources.map(one => [one.source.id, one]));
		Object.assign(account, {site, body, number, dayOf});
		this.#wantChannels(account);
		account.sources = site.sources.map(source => {
			const one = known.get(source.id);
			if (one === undefined) return {source, frontier: undefined, redo: []};
			const isSame = isSameAll && sameJson(one.source, source);
			const changed = {source, frontier: one.frontier, redo: one.redo};
			if (!isSame) redo(changed, 0, hoursEnd);
			return changed;
		});
		for (const id of factorsOf(site)) if (account.everFactors.size < everMax) account.everFactors.add(id);
		this.sites.set(id, account);
		// Of what was stated before its source was there, or while it was away.
		for (const activity of account.activities) this.#redoActivity(account, activity);
	}

	/** Begins to count channels that are new, or are to be counted otherwise, and leaves those that are no longer named. */
	#wantChannels(account: SiteAccount): void {
		const wanted = new Map<string, ChannelHours>();
		for (const source of account.site.sources)
			for (const {urn, channel} of usesOf(source)) {
				const kind = kindOfChannel(urn);
				if (wanted.has(urn) || kind === undefined) continue;
				const rollsOverAt = 'stamp' in channel ? channel.rollsOverAt : undefined;
				const stamp = 'stamp' in channel ? channel.stamp : 'end';
				const spanMs = 'spanMinutes' in channel && channel.spanMinutes !== undefined ? channel.spanMinutes * 60_000 : undefined;
				const options = {urn, kind, rollsOverAt, stamp, spanMs};
				const known = account.channels.get(urn);
				wanted.set(urn, known !== undefined && sameJson(known.options, options) ? known : new ChannelHours(options));
			}
		for (const [urn, channel] of account.channels) {
			if (wanted.get(urn) === channel) continue;
			const left = (this.#counting.get(urn) ?? []).filter(one => one !== channel);
			if (left.length === 0) this.#counting.delete(urn);
			else this.#counting.set(urn, left);
			if (!wanted.has(urn)) this.#gone.push(channelStateKey(account.id, urn));
		}
		for (const [urn, channel] of wanted) {
			if (account.channels.get(urn) !== channel) this.#counting.set(urn, [...(this.#counting.get(urn) ?? []), channel]);
			if (account.everChannels.size < everMax) account.everChannels.add(urn);
		}
		account.channels.clear();
		for (const [urn, channel] of wanted) account.channels.set(urn, channel);
	}

	#addActivity(site: SiteAccount, activity: StatedActivity): void {
		site.activities.push(activity);
		this.#redoActivity(site, activity);
		const corrected = site.activities.find(({number}) => number === activity.corrects);
		if (corrected !== undefined) this.#redoActivity(site, corrected);
	}

	#redoActivity(site: SiteAccount, {source, atMs, untilMs}: StatedActivity): void {
		const account = site.sources.find(one => one.source.id === source);
		if (account !== undefined) redo(account, Math.floor(atMs / hourMs), Math.floor(((untilMs ?? atMs + 1) - 1) / hourMs));
	}

	/** Writes the rows of all hours that are over, and writes those anew that were changed since. */
	async settle(past: Past, rows: Rows): Promise<void> {
		const seenHour = Math.floor(this.#seenMs / hourMs);
		for (const site of this.sites.values()) {
			const atHand = new Map<string, AnyHour | undefined>();
			const changed = new Map<string, Set<number>>();
			for (const channel of site.channels.values())
				changed.set(channel.options.urn, await settleChannel(site, channel, past, rows, atHand));
			for (const account of site.sources) await this.#settleSource(site, account, changed, rows, atHand, seenHour);
		}
	}

	async #settleSource(
		site: SiteAccount,
		account: SourceAccount,
		changed: ReadonlyMap<string, ReadonlySet<number>>,
		rows: Rows,
		atHand: ReadonlyMap<string, AnyHour | undefined>,
		seenHour: number,
	): Promise<void> {
		const {source} = account;
		const urns = usesOf(source).map(({urn}) => urn);
		const view = this.viewOf(site, source, rows, atHand);
		if (urns.length === 0) {
			// Nothing is measured: an hour has a row where something was stated of it.
			if (account.redo.length === 0) return;
			const hours = new Set<number>();
			for (const activity of site.activities)
				if (activity.source === source.id)
					for (let hour = Math.floor(activity.atMs / hourMs); hour * hourMs < (activity.untilMs ?? activity.atMs + 1); hour += 1)
						if (account.redo.some(({from, to}) => hour >= from && hour <= to)) hours.add(hour);
			account.redo = [];
			for (const hour of [...hours].sort((a, b) => a - b))
				if (hour >= source.fromHour && hour < source.toHour)
					await putHour(rows, site.id, source.id, hour, await view.content(hour), seenHour);
			return;
		}
		const channels = urns.map(urn => site.channels.get(urn)!);
		// A channel that says nothing more holds the rows up: what answers say of hours without rows is the same.
		const target = Math.min(source.toHour, ...channels.map(({openHour}) => openHour));
		const firstHour = Math.max(source.fromHour, Math.min(...channels.map(channel => channel.firstHour)));
		const frontier = account.frontier ?? Math.min(firstHour, target);

		const again = new Set<number>();
		for (const urn of urns) for (const hour of changed.get(urn) ?? []) if (hour >= source.fromHour && hour < frontier) again.add(hour);
		for (const {from, to} of account.redo)
			for await (const {hour} of hourRows(rows, site.id, source.id, Math.max(source.fromHour, from), Math.min(frontier, to + 1)))
				again.add(hour);
		for (const activity of site.activities)
			if (activity.source === source.id && account.redo.length > 0) {
				const from = Math.floor(activity.atMs / hourMs);
				for (let hour = from; hour * hourMs < (activity.untilMs ?? activity.atMs + 1); hour += 1)
					if (hour >= source.fromHour && hour < frontier && account.redo.some(one => hour >= one.from && hour <= one.to)) again.add(hour);
			}
		account.redo = [];

		const {substitution} = source.method === 'direct' ? source : {substitution: 'none'};
		let hasChanged = false;
		const rising = [...again].sort((a, b) => a - b);
		for (const hour of rising) if (await putHour(rows, site.id, source.id, hour, await view.content(hour), seenHour)) hasChanged = true;
		if (hasChanged && substitution === 'maximum') {
			// Another average may be another maximum for all that it stands in for.
			const first = rising[0]!;
			const last = rising.at(-1)! + lookbackHoursMax;
			const hanging: number[] = [];
			for await (const {hour, row} of hourRows(rows, site.id, source.id, first, Math.min(frontier, last + 1)))
				if (row.content.channels.some(({substitute}) => substitute !== undefined) || row.content.problems !== undefined) hanging.push(hour);
			const anew = this.viewOf(site, source, rows, atHand);
			for (const hour of hanging) await putHour(rows, site.id, source.id, hour, await anew.content(hour), seenHour);
		}

		const forward = this.viewOf(site, source, rows, atHand);
		let silent = 0;
		for (let hour = frontier; hour < target; hour += 1) {
			if (await forward.hasFacts(hour)) silent = 0;
			else if (++silent > stepHoursMax) {
				// A clock that has jumped by years: the hours between are what answers say of hours without rows.
				hour = (await nextHour(rows, site.id, urns, hour, target)) - 1;
				silent = 0;
				continue;
			}
			await putHour(rows, site.id, source.id, hour, await forward.content(hour), seenHour);
		}
		if (target > frontier || account.frontier !== undefined) account.frontier = Math.max(frontier, target);
	}

	/** Sees the hours of a source as they would be written now. */
	viewOf(site: SiteAccount, source: Source, rows: Rows, atHand?: ReadonlyMap<string, AnyHour | undefined>): SourceView {
		const urns = usesOf(source).map(({urn}) => urn);
		const factsOf = async (urn: string, hour: number): Promise<AnyHour | undefined> => {
			const key = `${urn} ${hour}`;
			return atHand?.has(key) ? atHand.get(key) : await channelHour(rows, site.id, urn, hour);
		};
		const corrected = new Set(site.activities.map(({corrects}) => corrects));
		const own = site.activities.filter(one => one.source === source.id && !corrected.has(one.number));
		const maxima = new Map(urns.map(urn => [urn, createMaximum(site.id, source, urn, rows)]));
		return {
			hasFacts: async hour => {
				for (const urn of urns) if ((await factsOf(urn, hour)) !== undefined) return true;
				return false;
			},
			content: async hour => {
				const facts: (AnyHour | undefined)[] = [];
				for (const urn of urns) facts.push(await factsOf(urn, hour));
				const found = new Map<string, Substitute | undefined>();
				if (source.method === 'direct' && source.substitution === 'maximum')
					for (const [at, urn] of urns.entries())
						if (!isQualityHour(facts[at], source.quadrantsMin)) found.set(urn, await maxima.get(urn)!(hour));
				const activities = own.filter(
					({atMs, untilMs}) => atMs < (hour + 1) * hourMs && (untilMs === undefined ? atMs >= hour * hourMs : untilMs > hour * hourMs),
				);
				return contentOf({
					source,
					hour,
					day: site.dayOf(hour),
					facts,
					activities,
					versionsOf: id => this.versionsOf(id),
					maximumOf: urn => found.get(urn),
				});
			},
		};
	}

	/** Writes all that is in memory only. */
	async keep(rows: Rows): Promise<void> {
		for (const key of this.#gone) rows.remove(key);
		this.#gone.length = 0;
		const put = async (key: string, body: string): Promise<void> => {
			if ((await rows.get(key)) !== body) rows.put(key, body);
		};
		await put('state/seen', `${this.#seenMs}`);
		for (const [id, versions] of this.#factors)
			await put(`state/factor/${id}`, JSON.stringify({versions, refused: this.#refusedFactors.get(id)}));
		for (const [id, site] of this.sites) {
			const {body, number, refused} = site;
			const sources = site.sources.map(({source, frontier, redo}) => ({id: source.id, frontier, redo}));
			const reports = site.reports.map(report => ({...report, totalMg: `${report.totalMg}`}));
			const ever = {everChannels: [...site.everChannels].sort(), everFactors: [...site.everFactors].sort()};
			await put(`state/site/${id}`, JSON.stringify({body, number, refused, sources, reports, ...ever}));
			// An activity is never changed once it was stated.
			for (const activity of site.activities.slice(site.activitiesKept))
				rows.put(
					`state/activity/${id}/${`${activity.number}`.padStart(16, '0')}`,
					JSON.stringify({...activity, digits: `${activity.digits}`}),
				);
			site.activitiesKept = site.activities.length;
			for (const [urn, channel] of site.channels) await put(channelStateKey(id, urn), channel.keep());
		}
		await put('state/order', JSON.stringify([...this.sites.keys()]));
	}

	/** Takes up what `keep` wrote. */
	async restore(rows: Rows): Promise<void> {
		this.#seenMs = Number((await rows.get('state/seen')) ?? '0');
		for await (const {key, body} of rows.range('state/factor/', 'state/factor0')) {
			const id = key.slice('state/factor/'.length);
			const {versions, refused} = JSON.parse(body) as {versions: FactorVersion[]; refused?: {number: number; problem: string}[]};
			this.#factors.set(id, versions);
			if (refused !== undefined) this.#refusedFactors.set(id, refused);
		}
		const order = JSON.parse((await rows.get('state/order')) ?? '[]') as string[];
		for (const id of order) {
			const kept = JSON.parse((await rows.get(`state/site/${id}`))!) as KeptSite;
			this.#stateSite(id, kept.body, kept.number);
			const site = this.sites.get(id)!;
			site.refused.push(...kept.refused);
			for (const report of kept.reports) site.reports.push({...report, totalMg: BigInt(report.totalMg), replaces: report.replaces});
			for (const urn of kept.everChannels) site.everChannels.add(urn);
			for (const factor of kept.everFactors) site.everFactors.add(factor);
			for await (const {body} of rows.range(`state/activity/${id}/`, `state/activity/${id}0`)) {
				const activity = JSON.parse(body) as Omit<StatedActivity, 'digits'> & {digits: string};
				site.activities.push({...activity, digits: BigInt(activity.digits)});
			}
			site.activitiesKept = site.activities.length;
			for (const [urn, channel] of site.channels) {
				const text = await rows.get(channelStateKey(id, urn));
				if (text !== undefined) channel.restore(text);
			}
			for (const account of site.sources) {
				const one = kept.sources.find(({id}) => id === account.source.id);
				account.frontier = one?.frontier;
				account.redo = one?.redo ?? [];
			}
		}
	}
}

export type SourceView = {
	/** Whether any of its channels has anything of an hour. */
	readonly hasFacts: (hour: number) => Promise<boolean>;
	readonly content: (hour: number) => Promise<HourContent>;
};

type KeptSite = {
	readonly body: StatementBody;
	readonly number: number;
	readonly refused: {number: number; problem: string}[];
	readonly sources: {id: string; frontier?: number; redo: {from: number; to: number}[]}[];
	readonly reports: (Omit<SiteAccount['reports'][number], 'totalMg'> & {totalMg: string})[];
	readonly everChannels: string[];
	readonly everFactors: string[];
};

const channelStateKey = (site: string, urn: string): string => `state/channel/${site}/${urn}`;

function refuse(refused: {readonly number: number; readonly problem: string}[], number: number, problem: string): void {
	if (refused.length < refusedMax) refused.push({number, problem});
}

function noValue(value: bigint): string | undefined {
	return value === 0n ? undefined : 'the entry of such a statement has no value';
}

function activityProblem(
	site: SiteAccount,
	{source, corrects, atMs, untilMs}: Pick<StatedActivity, 'source' | 'corrects' | 'atMs' | 'untilMs'>,
): string | undefined {
	const named = site.site.sources.find(({id}) => id === source);
	if (named === undefined) return `site "${site.id}" has no source "${source}"`;
	if (named.method !== 'factor') return `source "${source}" is measured directly: nothing is stated of it`;
	if (atMs < named.fromHour * hourMs || (untilMs ?? atMs) > named.toHour * hourMs) return `source "${source}" does not count at that time`;
	if (corrects !== undefined) {
		const corrected = site.activities.find(({number}) => number === corrects);
		if (corrected === undefined) return `site "${site.id}" has no activity ${corrects} that could be corrected`;
		const by = site.activities.find(one => one.corrects === corrects);
		if (by !== undefined) return `activity ${corrects} was corrected by ${by.number} already: correct that one`;
	}
	return site.activities.length >= activitiesMax ? `site "${site.id}" has ${activitiesMax} activities already` : undefined;
}

/** Who lost the answer says it again: what would count twice has to differ in something. */
function repeatProblem(site: SiteAccount, activity: Activity): string | undefined {
	if (activity.corrects !== undefined) return undefined;
	const isCorrected = (number: number): boolean => site.activities.some(({corrects}) => corrects === number);
	const same = site.activities.find(
		({number, ...one}) => !isCorrected(number) && sameJson({...one, corrects: undefined}, {...activity, corrects: undefined}),
	);
	return same && `activity ${same.number} says just that already: if it happened twice, name another document`;
}

/** Some days around the edge of a day: an hour too many that is looked at again changes nothing. */
function dayEdge({dayOf}: SiteAccount, day: string, days: number): number {
	const hour = firstHourOf(dayOf, day) ?? Math.floor(Date.parse(`${day}T00:00:00Z`) / hourMs);
	return Math.max(0, hour + days * 24);
}

const redoMax = 64;

function redo(account: SourceAccount, from: number, to: number): void {
	account.redo.push({from, to});
	if (account.redo.length <= redoMax) return;
	account.redo = [{from: Math.min(...account.redo.map(one => one.from)), to: Math.max(...account.redo.map(one => one.to))}];
}

const plain = (value: unknown): string => JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? `${one}` : one));

function sameJson(a: unknown, b: unknown): boolean {
	return plain(a) === plain(b);
}

type Reach = Pick<AnyHour, 'fromMs' | 'toMs'>;

/** Writes the hours of a channel that are over or were counted anew; gives which. */
async function settleChannel(
	site: SiteAccount,
	channel: ChannelHours,
	past: Past,
	rows: Rows,
	atHand: Map<string, AnyHour | undefined>,
): Promise<Set<number>> {
	const {urn} = channel.options;
	const changed = new Set<number>();
	const put = (hour: number, facts: AnyHour | undefined): void => {
		putChannelHour(rows, site.id, urn, hour, facts);
		changed.add(hour);
		if (atHand.size < atHandMax) atHand.set(`${urn} ${hour}`, facts);
		else atHand.delete(`${urn} ${hour}`);
	};
	/** What it ever rested on: a question of an hour rests on it too, because its revisions do. */
	const reaching = (facts: AnyHour | undefined, before: Reach | undefined): AnyHour | undefined =>
		facts && before ? {...facts, fromMs: Math.min(facts.fromMs, before.fromMs), toMs: Math.max(facts.toMs, before.toMs)} : facts;
	const counted = new Map<number, Reach>();
	const flush = (): void => {
		for (const {hour, facts} of channel.closed) put(hour, reaching(facts, counted.get(hour)));
		channel.closed.length = 0;
	};
	if (channel.isNew) {
		channel.isNew = false;
		// It was counted before, otherwise or for a time: nothing of that stays.
		for await (const {hour, facts} of channelHours(rows, site.id, urn, 0, hoursEnd))
			counted.set(hour, {fromMs: facts.fromMs, toMs: facts.toMs});
		for (const hour of counted.keys()) put(hour, undefined);
		for await (const reading of past.readings(urn, 0, Number.MAX_SAFE_INTEGER)) {
			channel.read(reading);
			if (channel.closed.length >= 1024) flush();
		}
	}
	flush();
	await recount(channel, past, async (hour, facts) => {
		const before = (await channelHour(rows, site.id, urn, hour)) ?? counted.get(hour);
		if (before !== undefined || facts !== undefined) put(hour, reaching(facts, before));
	});
	return changed;
}

/** The first hour from one on, and before another, of which any channel has anything; else that other. */
async function nextHour(rows: Rows, site: string, urns: readonly string[], fromHour: number, toHour: number): Promise<number> {
	let next = toHour;
	for (const urn of urns)
		for await (const {hour} of channelHours(rows, site, urn, fromHour, next)) {
			next = hour;
			break;
		}
	return next;
}

/** Finds the highest average among the hours that were measured before one, of the newest `lookbackHours`. Hours MUST be asked for in their order. */
function createMaximum(site: string, source: Source, urn: string, rows: Rows): (hour: number) => Promise<Substitute | undefined> {
	const found: Substitute[] = [];
	let upTo: number | undefined;
	return async hour => {
		if (source.method !== 'direct') return undefined;
		const leastHour = Math.max(0, hour - lookbackHoursMax);
		for await (const one of channelHours(rows, site, urn, Math.max(upTo ?? 0, leastHour), hour)) {
			if (!isAveraged(one.facts) || !isQualityHour(one.facts, source.quadrantsMin)) continue;
			const {sum, valid, exponent} = one.facts;
			found.push({by: 'maximum', sum, valid, exponent, hour: one.hour});
			if (found.length > 2 * lookbackHours) found.splice(0, found.length - lookbackHours);
		}
		upTo = hour;
		let best: Substitute | undefined;
		for (const one of found.slice(-lookbackHours)) {
			if (one.hour! < leastHour) continue;
			// a/b ≥ c/d: of two that are equal the later one.
			if (best === undefined || BigInt(one.sum) * BigInt(best.valid) >= BigInt(best.sum) * BigInt(one.valid)) best = one;
		}
		return best;
	};
}
