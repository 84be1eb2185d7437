// Turns the hourly rows of a site into the answer to what it emitted in a period: totals, what they rest on, and what is missing in them.

import {decimalText} from '../../format/decimal.ts';
import type {Json} from '../../format/document.ts';
import {qualityNames} from '../../format/entry.ts';
import type {Basis, Question, Rows} from '../ledger.ts';
import {type Accounts, lookbackHoursMax, type SiteAccount} from './accounts.ts';
import {correctedBit, hourMs, stepHoursMax} from './channel-hours.ts';
import {channelHours, hourRows, pastRows} from './hour-rows.ts';
import {timeMsMax} from './read-body.ts';
import {type AccountName, accountNames, type Source, usesOf} from './site-body.ts';
import type {ChannelPart, HourContent} from './source-hour.ts';
import {unitOfChannel} from './source-hour.ts';

/** Items of a list of an answer; how many more there were stands beside it. */
export const listedMax = 1000;
/** Hours are listed one by one for no more than so many of them, days for no more than so many: a month, and a leap year. */
const hoursListedMax = 800;
const daysListedMax = 400;
/** A question may span so many hours: twenty years. Of the rest nothing is said. */
const hoursMax = 20 * 366 * 24;

/** mg CO2e by account, as decimal texts: what is known, so too little where hours are missing. */
export type AccountTotals = {readonly [account in AccountName]?: string};

export type Listed<T> = {readonly list: readonly T[]; readonly leftOut: number};

/** A time in which something was not measured, ms since 1970. */
export type EmissionsGap = {
	readonly fromMs: number;
	readonly toMs: number;
	/**
	 * unknown: nobody knows what was counted in some or all of it. long: between two readings of a register further apart than the site allows: how much is known, when is not.
	 * substituted: something stands in for what was not measured. missing: not known, and nothing stands in.
	 */
	readonly what: 'unknown' | 'long' | 'substituted' | 'missing';
};

/** An hour whose row took the place of another one. */
export type Restatement = {
	/** ms since 1970. */
	readonly hourMs: number;
	readonly revision: number;
	/** What is otherwise than before. */
	readonly why: readonly ('readings' | 'factors' | 'activities' | 'method')[];
	readonly mg: {readonly [account in AccountName]?: number | null};
	readonly mgBefore: {readonly [account in AccountName]?: number | null};
};

export type SourceAnswer = {
	readonly id: string;
	readonly name?: string;
	readonly scope: 1 | 2 | 3;
	readonly method: 'factor' | 'direct';
	readonly mg: AccountTotals;
	/** Of `mg`, what stands in for what was not measured. */
	readonly substitutedMg?: AccountTotals;
	/** Hours of the period that count for the source, and of these: known in full; known in part; not known; and with something that stands in; spread over between readings more than an hour apart. */
	readonly hours: {
		readonly all: number;
		readonly known: number;
		readonly partial: number;
		readonly missing: number;
		readonly substituted: number;
		readonly spread: number;
		readonly restated: number;
	};
	readonly channels: readonly {
		readonly urn: string;
		/** Counted: decimal text in `unit`. */
		readonly amount?: string;
		readonly unit: string;
		/** The least and the greatest number of the entries below, and how many were measured in the period. */
		readonly entries?: {readonly first: number; readonly last: number; readonly count: number};
		readonly unknownMs: number;
		readonly resets: number;
		readonly falls: number;
		readonly overlaps: number;
		readonly negative: number;
		readonly invalid: number;
		/** Names of the quality bits that any of its entries has. */
		readonly qualities: readonly string[];
	}[];
	/** What each version of a factor came to, and in how many hours. */
	readonly factors: readonly {readonly id: string; readonly number: number; readonly hours: number}[];
	/** Numbers of the activities that count. */
	readonly activities: Listed<number>;
	readonly gaps: Listed<EmissionsGap>;
	readonly restatements: Listed<Restatement>;
	/** What is not as it should be, each with how many hours have it; see source-hour.ts. */
	readonly problems: readonly {readonly problem: string; readonly hours: number}[];
};

export type EmissionsAnswer = {
	readonly about: 'emissions';
	readonly site: string;
	readonly name?: string;
	readonly zone: string;
	/** The hours of UTC that begin in the period that was asked for: ms since 1970, from is included, to is not. All of them are taken to be over. */
	readonly fromMs: number;
	readonly toMs: number;
	/** The number of the site's statement that says how it is measured. */
	readonly siteNumber: number;
	/** Whether every hour of every source is known, measured or with what a rule of the site puts in its place; if not, `reasons` say what is missing or uncertain. */
	readonly complete: boolean;
	readonly reasons: readonly string[];
	/** mg CO2e, decimal texts. By location and by market are two counts of the same energy: not to be added. Left out where the site has no such source. */
	readonly totals: {readonly scope1?: string; readonly scope2Location?: string; readonly scope2Market?: string; readonly scope3?: string};
	/** What the site reports by its own statement. */
	readonly reported: {readonly mg: string; readonly scopes: readonly (1 | 2 | 3)[]; readonly scope2: 'location' | 'market'};
	readonly sources: readonly SourceAnswer[];
	/** The versions of factors that were used. */
	readonly factors: readonly {
		readonly id: string;
		readonly number: number;
		/** mg CO2e for one unit: decimal text. */
		readonly value: string;
		readonly unit: string;
		readonly name?: string;
		readonly source: string;
		readonly region?: string;
		readonly gases?: string;
		readonly gwp?: string;
		readonly validFrom: string;
		readonly validTo?: string;
	}[];
	/** By day of the site's zone: 23, 24 or 25 hours. Left out for longer periods. mg in the order of `totals`: decimal texts. */
	readonly days?: readonly {readonly day: string; readonly hours: number; readonly mg: EmissionsAnswer['totals']}[];
	/** By hour. Left out for longer periods. */
	readonly hours?: readonly {readonly hourMs: number; readonly mg: EmissionsAnswer['totals']}[];
	/** Reports that were made of the site and lie in the period, even in part. */
	readonly reports: Listed<{readonly number: number; readonly fromMs: number; readonly toMs: number; readonly totalMg: string}>;
	/** Statements about the site that say nothing, and why. */
	readonly refused: readonly {readonly number: number; readonly problem: string}[];
};

type TotalName = keyof EmissionsAnswer['totals'];
const totalNames: readonly TotalName[] = ['scope1', 'scope2Location', 'scope2Market', 'scope3'];

/** In which total an account of a source is. */
function totalOf({scope}: Pick<Source, 'scope'>, account: AccountName): TotalName {
	if (account === 'location') return 'scope2Location';
	if (account === 'market') return 'scope2Market';
	return scope === 3 ? 'scope3' : 'scope1';
}

type Sums = Map<TotalName, bigint>;

const add = <K>(sums: Map<K, bigint>, key: K, mg: bigint): void => void sums.set(key, (sums.get(key) ?? 0n) + mg);

function totalsText(sums: Sums, names: ReadonlySet<TotalName>): EmissionsAnswer['totals'] {
	return Object.fromEntries(totalNames.filter(name => names.has(name)).map(name => [name, `${sums.get(name) ?? 0n}`]));
}

/** The hours that begin in the period of a question. */
export function hoursOf({fromMs, toMs}: Pick<Question, 'fromMs' | 'toMs'>): readonly [from: number, to: number] {
	const from = Math.ceil(Math.max(0, fromMs) / hourMs);
	return [from, Math.max(from, Math.min(Math.ceil(Math.max(0, toMs) / hourMs), from + hoursMax))];
}

/** The answer of rows in which everything is settled. */
export async function emissionsAnswer(accounts: Accounts, site: SiteAccount, question: Question, rows: Rows): Promise<EmissionsAnswer> {
	const [fromHour, toHour] = hoursOf(question);
	const names = new Set(site.sources.flatMap(({source}) => source.accounts.map(({account}) => totalOf(source, account))));
	const totals: Sums = new Map();
	const days = new Map<string, {hours: number; sums: Sums}>();
	const hours: {hourMs: number; sums: Sums}[] = [];
	for (let hour = fromHour; hour < toHour; hour += 1) {
		if (toHour - fromHour <= hoursListedMax) hours.push({hourMs: hour * hourMs, sums: new Map()});
		if (toHour - fromHour > daysListedMax * 24) continue;
		const day = site.dayOf(hour);
		const known = days.get(day);
		if (known === undefined) days.set(day, {hours: 1, sums: new Map()});
		else known.hours += 1;
	}
	const sources: SourceAnswer[] = [];
	const reasons: string[] = [];
	const used = new Map<string, {id: string; number: number}>();
	for (const {source} of site.sources) {
		const view = accounts.viewOf(site, source, rows);
		const from = Math.max(fromHour, source.fromHour);
		const to = Math.max(from, Math.min(toHour, source.toHour));
		const sums = createSourceSums(site, source, from, to);
		const see = async (hour: number, content: HourContent, revision: number): Promise<void> => {
			sums.see(hour, content);
			if (revision > 1)
				sums.restated(hour, [...(await pastRows(rows, site.id, source.id, hour)).map(row => row.content), content], revision);
			for (const [id, number] of content.factors) used.set(`${id} ${number}`, {id, number});
			for (const {account} of source.accounts) {
				const mg = content.mg[account];
				if (mg === undefined || mg === null) continue;
				const name = totalOf(source, account);
				add(totals, name, BigInt(mg));
				const day = days.get(site.dayOf(hour));
				if (day !== undefined) add(day.sums, name, BigInt(mg));
				const listed = hours[hour - fromHour];
				if (listed !== undefined) add(listed.sums, name, BigInt(mg));
			}
		};
		let next = from;
		const isMeasured = usesOf(source).length > 0;
		for await (const {hour, row} of hourRows(rows, site.id, source.id, from, to)) {
			if (isMeasured) for (; next < hour; next += 1) await see(next, await view.content(next), 1);
			await see(hour, row.content, row.revision);
			next = hour + 1;
		}
		if (isMeasured) for (; next < to; next += 1) await see(next, await view.content(next), 1);
		const answer = sums.answer();
		sources.push(answer);
		reasons.push(...reasonsOf(answer, sums.isLongAtEdge()));
	}
	if (fromHour === toHour) reasons.push('no hour begins in the period');
	const {scopes, scope2} = site.site.report;
	const reportedNames: readonly TotalName[] = scopes.map(scope =>
		scope === 2 ? (scope2 === 'location' ? 'scope2Location' : 'scope2Market') : scope === 1 ? 'scope1' : 'scope3',
	);
	const reportedMg = reportedNames.reduce((sum, name) => sum + (totals.get(name) ?? 0n), 0n);
	for (const {source} of site.sources)
		if (source.scope === 2 && scopes.includes(2) && !source.accounts.some(({account}) => account === scope2))
			reasons.push(`source "${source.id}" has no factors by ${scope2}, by which the site reports`);
	const reports = site.reports.filter(({fromMs, toMs}) => fromMs < toHour * hourMs && toMs > fromHour * hourMs);
	const factors = [...used.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.number - b.number));
	return {
		about: 'emissions',
		site: site.id,
		...(site.site.name === undefined ? {} : {name: site.site.name}),
		zone: site.site.zone,
		fromMs: fromHour * hourMs,
		toMs: toHour * hourMs,
		siteNumber: site.number,
		complete: reasons.length === 0,
		reasons,
		totals: totalsText(totals, names),
		reported: {mg: `${reportedMg}`, scopes, scope2},
		sources,
		factors: factors.map(({id, number}) => {
			const {digits, exponent, unit, name, source, region, gases, gwp, validFrom, validTo} = accounts
				.versionsOf(id)
				.find(version => version.number === number)!;
			return {
				id,
				number,
				value: decimalText(BigInt(digits), exponent),
				unit,
				...(name === undefined ? {} : {name}),
				source,
				...(region === undefined ? {} : {region}),
				...(gases === undefined ? {} : {gases}),
				...(gwp === undefined ? {} : {gwp}),
				validFrom,
				...(validTo === undefined ? {} : {validTo}),
			};
		}),
		...(days.size === 0 ? {} : {days: [...days].map(([day, one]) => ({day, hours: one.hours, mg: totalsText(one.sums, names)}))}),
		...(hours.length === 0 ? {} : {hours: hours.map(one => ({hourMs: one.hourMs, mg: totalsText(one.sums, names)}))}),
		reports: listed(reports.map(({number, fromMs, toMs, totalMg}) => ({number, fromMs, toMs, totalMg: `${totalMg}`}))),
		refused: [
			...site.refused,
			...[...site.everFactors]
				.sort()
				.flatMap(id => accounts.refusedOf(id).map(({number, problem}) => ({number, problem: `factor "${id}": ${problem}`}))),
		],
	};
}

function listed<T>(all: readonly T[]): Listed<T> {
	return {list: all.slice(0, listedMax), leftOut: Math.max(0, all.length - listedMax)};
}

/** Why a source's total is too low, or not of the period alone. */
function reasonsOf({id, hours, problems}: SourceAnswer, isLongAtEdge: boolean): string[] {
	const reasons: string[] = [];
	if (hours.missing > 0) reasons.push(`source "${id}": ${hours.missing} of ${hours.all} hours are not known`);
	if (hours.partial > 0) reasons.push(`source "${id}": ${hours.partial} of ${hours.all} hours are known in part only`);
	for (const {problem, hours: count} of problems)
		if (problem.startsWith('factor-')) reasons.push(`source "${id}": ${factorSentence(problem)} in ${count} hours`);
	if (isLongAtEdge)
		reasons.push(
			`source "${id}": a gap longer than the site allows reaches an end of the period: how much of it lies in the period nobody knows`,
		);
	return reasons;
}

function factorSentence(problem: string): string {
	const [what, id] = problem.split(' ') as [string, string];
	if (what === 'factor-missing') return `factor "${id}" was never stated, and is needed`;
	if (what === 'factor-expired') return `factor "${id}" has expired, and is needed`;
	if (what === 'factor-not-valid-yet') return `factor "${id}" does not hold yet, and is needed`;
	return `factor "${id}" is for another unit than what it is applied to`;
}

type ChannelSums = {
	amount: bigint;
	exponent: number;
	entries: {first: number; last: number; count: number} | undefined;
	quality: number;
	counts: Record<'unknownMs' | 'resets' | 'falls' | 'overlaps' | 'negative' | 'invalid', number>;
};

type SourceSums = {
	/** MUST be called in the order of hours. */
	readonly see: (hour: number, content: HourContent) => void;
	/** Every content that the hour has had, the newest last. */
	readonly restated: (hour: number, contents: readonly HourContent[], revision: number) => void;
	readonly isLongAtEdge: () => boolean;
	readonly answer: () => SourceAnswer;
};

function createSourceSums(site: SiteAccount, source: Source, fromHour: number, toHour: number): SourceSums {
	const gapMs = site.site.gapMinutesMax * 60_000;
	const mg = new Map<AccountName, bigint>();
	const substitutedMg = new Map<AccountName, bigint>();
	const hours = {all: toHour - fromHour, known: 0, partial: 0, missing: 0, substituted: 0, spread: 0, restated: 0};
	const urns = usesOf(source).map(({urn}) => urn);
	const channels = new Map<string, ChannelSums>();
	const factors = new Map<string, {id: string; number: number; hours: number}>();
	const activities = new Set<number>();
	const gaps: EmissionsGap[] = [];
	const restatements: Restatement[] = [];
	const problems = new Map<string, number>();
	let isLongAtEdge = false;
	let restatementCount = 0;
	let gapCount = 0;

	const gap = (hour: number, what: EmissionsGap['what']): void => {
		const last = gaps.at(-1);
		const [fromMs, toMs] = [hour * hourMs, (hour + 1) * hourMs];
		if (last !== undefined && gapCount === gaps.length && last.what === what && last.toMs === fromMs) {
			gaps[gaps.length - 1] = {...last, toMs};
			return;
		}
		gapCount += 1;
		if (gaps.length < listedMax) gaps.push({fromMs, toMs, what});
	};

	const seeChannel = (part: ChannelPart): void => {
		let sums = channels.get(part.urn);
		if (sums === undefined) {
			const counts = {unknownMs: 0, resets: 0, falls: 0, overlaps: 0, negative: 0, invalid: 0};
			sums = {amount: 0n, exponent: 0, entries: undefined, quality: 0, counts};
			channels.set(part.urn, sums);
		}
		if (part.amount !== undefined) sums.amount += BigInt(part.amount);
		if (part.exponent !== undefined) sums.exponent = part.exponent;
		sums.quality |= part.quality ?? 0;
		for (const name of Object.keys(sums.counts) as (keyof ChannelSums['counts'])[]) sums.counts[name] += part[name] ?? 0;
		if (part.entries === undefined) return;
		const [first, last, count] = part.entries;
		const known = sums.entries;
		sums.entries =
			known === undefined
				? {first, last, count}
				: {first: Math.min(known.first, first), last: Math.max(known.last, last), count: known.count + count};
	};

	return {
		see: (hour, content) => {
			const isMissing = source.accounts.some(({account}) => content.mg[account] === null);
			const isPartial = !isMissing && content.channels.some(({unknownMs}) => (unknownMs ?? 0) > 0);
			const isSubstituted = content.channels.some(({substitute}) => substitute !== undefined);
			const isLong = content.channels.some(({stepMsMax}) => (stepMsMax ?? 0) > gapMs);
			if (isMissing) hours.missing += 1;
			if (isPartial) hours.partial += 1;
			if (isSubstituted) hours.substituted += 1;
			if (content.channels.some(({spreadMs}) => (spreadMs ?? 0) > 0)) hours.spread += 1;
			if (isMissing) gap(hour, 'missing');
			else if (isPartial) gap(hour, 'unknown');
			else if (isSubstituted) gap(hour, 'substituted');
			else if (isLong) gap(hour, 'long');
			if (isLong && (hour === fromHour || hour === toHour - 1)) isLongAtEdge = true;
			for (const {account} of source.accounts) {
				const one = content.mg[account];
				if (one === undefined || one === null) continue;
				add(mg, account, BigInt(one));
				if (isSubstituted) add(substitutedMg, account, BigInt(one));
			}
			for (const part of content.channels) seeChannel(part);
			for (const [id, number] of content.factors) {
				const key = `${id} ${number}`;
				const known = factors.get(key);
				if (known === undefined) factors.set(key, {id, number, hours: 1});
				else known.hours += 1;
			}
			for (const number of content.activities ?? []) activities.add(number);
			for (const problem of content.problems ?? []) problems.set(problem, (problems.get(problem) ?? 0) + 1);
		},
		restated: (hour, contents, revision) => {
			hours.restated += 1;
			for (let at = 1; at < contents.length; at += 1) {
				restatementCount += 1;
				if (restatements.length >= listedMax) continue;
				const [before, after] = [contents[at - 1]!, contents[at]!];
				restatements.push({
					hourMs: hour * hourMs,
					revision: revision - contents.length + 1 + at,
					why: differences(before, after),
					mg: after.mg,
					mgBefore: before.mg,
				});
			}
		},
		isLongAtEdge: () => isLongAtEdge,
		answer: () => {
			const texts = (sums: ReadonlyMap<AccountName, bigint>): AccountTotals =>
				Object.fromEntries(
					accountNames.filter(name => source.accounts.some(({account}) => account === name)).map(name => [name, `${sums.get(name) ?? 0n}`]),
				);
			hours.known = hours.all - hours.missing - hours.partial;
			return {
				id: source.id,
				...(source.name === undefined ? {} : {name: source.name}),
				scope: source.scope,
				method: source.method,
				mg: texts(mg),
				...(hours.substituted === 0 ? {} : {substitutedMg: texts(substitutedMg)}),
				hours,
				channels: urns.map(urn => {
					const sums = channels.get(urn);
					return {
						urn,
						...(source.method === 'factor' ? {amount: decimalText(sums?.amount ?? 0n, sums?.exponent ?? 0)} : {}),
						unit: unitOfChannel(urn),
						...(sums?.entries === undefined ? {} : {entries: sums.entries}),
						...(sums?.counts ?? {unknownMs: 0, resets: 0, falls: 0, overlaps: 0, negative: 0, invalid: 0}),
						qualities: [
							...qualityNames((sums?.quality ?? 0) & ~correctedBit),
							...(((sums?.quality ?? 0) & correctedBit) === 0 ? [] : ['corrected']),
						],
					};
				}),
				factors: [...factors.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.number - b.number)),
				activities: listed([...activities].sort((a, b) => a - b)),
				gaps: {list: gaps, leftOut: gapCount - gaps.length},
				restatements: {list: restatements, leftOut: restatementCount - restatements.length},
				problems: [...problems].map(([problem, count]) => ({problem, hours: count})).sort((a, b) => (a.problem < b.problem ? -1 : 1)),
			};
		},
	};
}

/** What a row has otherwise than the one that it took the place of. */
function differences(before: HourContent, after: HourContent): Restatement['why'] {
	const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
	const why: Restatement['why'][number][] = [];
	if (differ(before.channels, after.channels)) why.push('readings');
	if (differ(before.factors, after.factors)) why.push('factors');
	if (differ(before.activities, after.activities)) why.push('activities');
	return why.length === 0 ? ['method'] : why;
}

/** What a question of a site rests on: every statement of it and of its factors, and readings in and around the period, as far as any row of it ever reached. */
export async function emissionsBasis(site: SiteAccount, question: Question, rows: Rows): Promise<Basis> {
	const [fromHour, toHour] = hoursOf(question);
	const looksBack = new Set(
		site.sources.flatMap(({source}) =>
			source.method === 'direct' && source.substitution === 'maximum' ? usesOf(source).map(({urn}) => urn) : [],
		),
	);
	const channels: {urn: string; fromMs: number; toMs: number}[] = [];
	for (const urn of [...site.everChannels].sort()) {
		let fromMs = (looksBack.has(urn) ? Math.max(0, fromHour - lookbackHoursMax) : fromHour) * hourMs;
		let toMs = toHour * hourMs;
		for await (const {hour, facts} of channelHours(rows, site.id, urn, Math.max(0, fromHour - stepHoursMax), toHour)) {
			// Before the period only the last one can reach into it.
			if (hour < fromHour) {
				if (facts.toMs > fromHour * hourMs) {
					fromMs = Math.min(fromMs, facts.fromMs);
					toMs = Math.max(toMs, facts.toMs);
				}
				continue;
			}
			fromMs = Math.min(fromMs, facts.fromMs);
			toMs = Math.max(toMs, facts.toMs);
		}
		const counting = site.channels.get(urn);
		for (const {hour, facts} of counting?.closed ?? []) {
			if (hour >= toHour || facts.toMs <= fromHour * hourMs) continue;
			fromMs = Math.min(fromMs, facts.fromMs);
			toMs = Math.max(toMs, facts.toMs);
		}
		// That it has begun later is what ends the hours before.
		if (counting !== undefined && counting.cameHour >= toHour) toMs = Math.max(toMs, (counting.cameHour + 1) * hourMs);
		// What came late and was not counted yet may reach as far as it is away.
		for (const {from, to} of counting?.dirtyGroups() ?? []) {
			fromMs = Math.min(fromMs, from * hourMs);
			toMs = Math.max(toMs, (to + 1) * hourMs);
		}
		// Nothing of it was looked at yet: nobody can say how far its hours reach.
		if (counting?.isNew) [fromMs, toMs] = [Math.max(0, fromMs - stepHoursMax * hourMs), Math.max(toMs, timeMsMax)];
		channels.push({urn, fromMs, toMs});
	}
	return {
		statements: [`urn:kedge:site:${site.id}`, ...[...site.everFactors].sort().map(id => `urn:kedge:factor:${id}`)],
		channels,
	};
}

/** An answer of this ledger, from what `Ledger.answer` gave; undefined if it is another's. */
export function emissionsOf(answer: Json | undefined): EmissionsAnswer | undefined {
	return typeof answer === 'object' && answer !== null && !Array.isArray(answer) && (answer as {about?: unknown}).about === 'emissions'
		? (answer as unknown as EmissionsAnswer)
		: undefined;
}
