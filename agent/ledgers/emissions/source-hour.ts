// Turns what an hour has of a source's channels, and the factors that hold then, into what the source emitted in that hour. Pure.

import {quantityOfName} from '../../format/quantity.ts';
import {parseChannelUrn} from '../../format/subject.ts';
import type {StatedActivity} from './activity-body.ts';
import {type AnyHour, type AveragedHour, type CountedHour, hourMs, isAveraged} from './channel-hours.ts';
import {type FactorVersion, factorOn} from './factor-body.ts';
import type {AccountName, AveragedChannel, DirectSource, FactorSource, Source} from './site-body.ts';
import {unitRatio} from './unit.ts';

/** What stands in for an average that was not measured. */
export type Substitute = {
	readonly by: 'maximum' | 'fallback';
	/** sum/valid·10^exponent in the base unit. */
	readonly sum: number;
	readonly valid: number;
	readonly exponent: number;
	/** maximum: the hour that it was measured in. */
	readonly hour?: number;
};

/** What the hour has of one channel. Zeros and empty lists are left out. */
export type ChannelPart = {
	readonly urn: string;
	/** Numbers of the entries that it rests on, and how many of them were measured within the hour; left out where there are none. */
	readonly entries?: readonly [first: number, last: number, count: number];
	readonly exponent?: number;
	/** Bits of the entries' qualities. */
	readonly quality?: number;
	/** Counted: how much, in units of the channel; and the rest as in channel-hours.ts. */
	readonly amount?: string;
	readonly unknownMs?: number;
	readonly spreadMs?: number;
	readonly stepMsMax?: number;
	readonly resets?: number;
	readonly falls?: number;
	readonly overlaps?: number;
	/** Averaged. */
	readonly sum?: number;
	readonly valid?: number;
	readonly quadrants?: number;
	readonly negative?: number;
	readonly invalid?: number;
	readonly substitute?: Substitute;
};

/** What a source emitted in an hour, and how that is known. */
export type HourContent = {
	/** mg CO2e by account; null: not known, because something is missing that no rule stands in for. */
	readonly mg: {readonly [account in AccountName]?: number | null};
	/** Ids of factors with the numbers of the versions that were used. */
	readonly factors: readonly (readonly [id: string, number: number])[];
	readonly channels: readonly ChannelPart[];
	/** Numbers of the activities that were stated for it. */
	readonly activities?: readonly number[];
	/** What is not as it should be: `factor-missing ID`, `factor-expired ID`, `factor-not-valid-yet ID`, `factor-unit ID`, `not-measured URN`, `no-substitute URN`, `too-large`. */
	readonly problems?: readonly string[];
};

export type HourInput = {
	readonly source: Source;
	readonly hour: number;
	/** The day of the hour in the site's zone. */
	readonly day: string;
	/** In the order of the source's channels: those of `channels`, or concentration and flow. */
	readonly facts: readonly (AnyHour | undefined)[];
	readonly activities: readonly StatedActivity[];
	readonly versionsOf: (id: string) => readonly FactorVersion[];
	/** direct, by maximum: the highest average of the hours before; undefined if there is none. */
	readonly maximumOf: (urn: string) => Substitute | undefined;
};

/** A positive rational number that amounts are multiplied by. */
type Scale = {readonly numerator: bigint; readonly denominator: bigint};

const powerOfTen = (exponent: number): Scale =>
	exponent >= 0 ? {numerator: 10n ** BigInt(exponent), denominator: 1n} : {numerator: 1n, denominator: 10n ** BigInt(-exponent)};

function scaleOf(exponent: number, ratio: readonly [bigint, bigint], factor: Pick<FactorVersion, 'digits' | 'exponent'>): Scale {
	const {numerator, denominator} = powerOfTen(exponent + factor.exponent);
	return {numerator: numerator * ratio[0] * BigInt(factor.digits), denominator: denominator * ratio[1]};
}

/** What a count from one level to another stands for: the levels are rounded down, and so the parts of a count add up to the whole, to the milligram. */
function between(from: bigint, to: bigint, {numerator, denominator}: Scale): bigint {
	return (to * numerator) / denominator - (from * numerator) / denominator;
}

const quantityOf = (urn: string): ReturnType<typeof quantityOfName> => quantityOfName(parseChannelUrn(urn)?.quantityName ?? '');

/** The base unit of what a channel measures; '' if its quantity is not known. */
export function unitOfChannel(urn: string): string {
	return quantityOf(urn)?.unit ?? '';
}

export function kindOfChannel(urn: string): 'register' | 'interval' | 'gauge' | 'state' | undefined {
	return quantityOf(urn)?.kind;
}

/** mg of gas in an hour for each ug/m3 times unit of flow: ug/m3 · l/s · 3600 s/h ÷ 1000 l/m³ ÷ 1000 ug/mg, and the like. */
const perHour: Readonly<Record<string, Scale>> = {
	'l/s': {numerator: 36n, denominator: 10_000n},
	'l/h': {numerator: 1n, denominator: 1_000_000n},
};

const bitsOf = (quadrants: number): number => (quadrants & 1) + ((quadrants >> 1) & 1) + ((quadrants >> 2) & 1) + ((quadrants >> 3) & 1);

/** Whether an hour counts as measured: enough of its quarters have a valid reading [40 CFR 75.10(d)(1)]. */
export function isQualityHour(facts: AnyHour | undefined, quadrantsMin: number): facts is AveragedHour {
	return facts !== undefined && isAveraged(facts) && bitsOf(facts.quadrants) >= quadrantsMin;
}

export function contentOf(input: HourInput): HourContent {
	return input.source.method === 'direct' ? directContent(input, input.source) : countedContent(input, input.source);
}

/** The factors of an account on a day; undefined if one does not hold, which is added to the problems. */
function versionsFor(
	input: HourInput,
	ids: readonly string[],
	problems: Set<string>,
	used: Map<string, number>,
): FactorVersion[] | undefined {
	const versions: FactorVersion[] = [];
	for (const id of ids) {
		const version = factorOn(input.versionsOf(id), input.day);
		if (typeof version === 'string') problems.add(`factor-${version} ${id}`);
		else {
			versions.push(version);
			used.set(id, version.number);
		}
	}
	return versions.length === ids.length ? versions : undefined;
}

/** As a row keeps it: null and a problem where it is more than anybody emits. */
function kept(mg: bigint, problems: Set<string>): number | null {
	if (mg <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(mg);
	problems.add('too-large');
	return null;
}

function countedContent(input: HourInput, source: FactorSource): HourContent {
	const {hour, facts, activities} = input;
	const problems = new Set<string>();
	const used = new Map<string, number>();
	const counted = facts.map(one => (one !== undefined && !isAveraged(one) ? one : undefined));
	const isKnown = source.channels.length === 0 || counted.some(one => one !== undefined && one.unknownMs < hourMs) || activities.length > 0;
	const mg: {[account in AccountName]?: number | null} = {};
	for (const {account, factors} of source.accounts) {
		const versions = versionsFor(input, factors, problems, used);
		let sum = 0n;
		let fits = versions !== undefined;
		for (const version of versions ?? []) {
			const misfit = (): void => {
				problems.add(`factor-unit ${factors[versions!.indexOf(version)]}`);
				fits = false;
			};
			for (const [at, one] of counted.entries()) {
				if (one === undefined) continue;
				const ratio = unitRatio(unitOfChannel(source.channels[at]!.urn), version.unit);
				if (ratio === undefined) misfit();
				else for (const [from, to] of one.segments) sum += between(from, to, scaleOf(one.exponent, ratio, version));
			}
			for (const activity of activities) {
				const ratio = unitRatio(activity.unit, version.unit);
				const [from, to] = partOf(activity, hour);
				if (ratio === undefined) misfit();
				else sum += between(from, to, scaleOf(activity.exponent, ratio, version));
			}
		}
		mg[account] = fits && isKnown ? kept(sum, problems) : null;
	}
	const channels = source.channels.map(({urn}, at) => countedPart(urn, counted[at]));
	return withoutEmpty(mg, used, channels, activities, problems);
}

/** What of a stated amount falls into an hour: from … to of its digits, evenly over its time and rounded down at the turns of hours. */
function partOf({digits, atMs, untilMs}: StatedActivity, hour: number): readonly [from: bigint, to: bigint] {
	if (untilMs === undefined) return [0n, digits];
	const at = (timeMs: number): bigint =>
		timeMs <= atMs ? 0n : timeMs >= untilMs ? digits : (digits * BigInt(timeMs - atMs)) / BigInt(untilMs - atMs);
	return [at(hour * hourMs), at((hour + 1) * hourMs)];
}

function countedPart(urn: string, facts: CountedHour | undefined): ChannelPart {
	if (facts === undefined) return {urn, unknownMs: hourMs};
	const {first, last, count, exponent, quality, unknownMs, spreadMs, stepMsMax, resets, falls, overlaps} = facts;
	const amount = facts.segments.reduce((sum, [from, to]) => sum + to - from, 0n);
	return {
		urn,
		entries: [first, last, count],
		exponent,
		...(quality === 0 ? {} : {quality}),
		amount: `${amount}`,
		...(unknownMs === 0 ? {} : {unknownMs}),
		...(spreadMs === 0 ? {} : {spreadMs}),
		// Shorter ones say nothing that the entries do not.
		...(stepMsMax <= hourMs / 4 ? {} : {stepMsMax}),
		...(resets === 0 ? {} : {resets}),
		...(falls === 0 ? {} : {falls}),
		...(overlaps === 0 ? {} : {overlaps}),
	};
}

function directContent(input: HourInput, source: DirectSource): HourContent {
	const problems = new Set<string>();
	const used = new Map<string, number>();
	const averages = [source.concentration, source.flow].map((channel, at) => averageOf(channel, input.facts[at], input, source, problems));
	const [concentration, flow] = averages;
	const mg: {[account in AccountName]?: number | null} = {};
	const flowScale = perHour[unitOfChannel(source.flow.urn)];
	for (const {account, factors} of source.accounts) {
		const versions = versionsFor(input, factors, problems, used);
		const misfit = versions?.findIndex(({unit}) => unitRatio('mg', unit) === undefined) ?? -1;
		if (misfit >= 0) problems.add(`factor-unit ${factors[misfit]}`);
		if (versions === undefined || misfit >= 0 || concentration === undefined || flow === undefined || flowScale === undefined) {
			mg[account] = null;
			continue;
		}
		const product = BigInt(concentration.sum) * BigInt(flow.sum) * flowScale.numerator;
		const over = BigInt(concentration.valid) * BigInt(flow.valid) * flowScale.denominator;
		let sum = 0n;
		// A milligram of carbon dioxide is one.
		for (const version of factors.length === 0 ? [{digits: 1, exponent: 0, unit: 'mg'}] : versions) {
			const {numerator, denominator} = scaleOf(concentration.exponent + flow.exponent, unitRatio('mg', version.unit)!, version);
			sum += (product * numerator) / (over * denominator);
		}
		mg[account] = kept(sum, problems);
	}
	const channels = [source.concentration, source.flow].map((channel, at) => averagedPart(channel.urn, input.facts[at], averages[at]));
	return withoutEmpty(mg, used, channels, [], problems);
}

type Average = {readonly sum: number; readonly valid: number; readonly exponent: number; readonly substitute: Substitute | undefined};

/** The average of an hour as it was measured, or what stands in for it; undefined where nothing does. */
function averageOf(
	{urn, fallback}: AveragedChannel,
	facts: AnyHour | undefined,
	{maximumOf}: HourInput,
	{quadrantsMin, substitution}: DirectSource,
	problems: Set<string>,
): Average | undefined {
	if (isQualityHour(facts, quadrantsMin)) return {sum: facts.sum, valid: facts.valid, exponent: facts.exponent, substitute: undefined};
	let substitute: Substitute | undefined;
	if (substitution === 'maximum') substitute = maximumOf(urn);
	else if (substitution === 'fallback' && fallback !== undefined)
		substitute = {by: 'fallback', sum: Number(fallback), valid: 1, exponent: 0};
	if (substitute !== undefined) return {...substitute, substitute};
	problems.add(`${substitution === 'none' ? 'not-measured' : 'no-substitute'} ${urn}`);
	return undefined;
}

function averagedPart(urn: string, facts: AnyHour | undefined, average: Average | undefined): ChannelPart {
	const substitute = average?.substitute === undefined ? {} : {substitute: average.substitute};
	if (facts === undefined || !isAveraged(facts)) return {urn, ...substitute};
	const {first, last, count, exponent, quality, sum, valid, quadrants, negative, invalid} = facts;
	return {
		urn,
		entries: [first, last, count],
		exponent,
		...(quality === 0 ? {} : {quality}),
		sum,
		valid,
		quadrants: bitsOf(quadrants),
		...(negative === 0 ? {} : {negative}),
		...(invalid === 0 ? {} : {invalid}),
		...substitute,
	};
}

function withoutEmpty(
	mg: HourContent['mg'],
	used: ReadonlyMap<string, number>,
	channels: readonly ChannelPart[],
	activities: readonly StatedActivity[],
	problems: ReadonlySet<string>,
): HourContent {
	return {
		mg,
		factors: [...used],
		channels,
		...(activities.length === 0 ? {} : {activities: activities.map(({number}) => number)}),
		...(problems.size === 0 ? {} : {problems: [...problems]}),
	};
}
