// Turns the body of a site's statement, or the section of a config, into the sources of a site and how each is measured.

import {parseDecimal, scaleDecimal} from '../../format/decimal.ts';
import {quantityOfName} from '../../format/quantity.ts';
import type {StatementBody} from '../../format/statement.ts';
import {idPattern, parseChannelUrn} from '../../format/subject.ts';
import {bodyProblem, type Checked, checked, dateOf, type Members, membersOf, timeMsMax} from './read-body.ts';
import {dayOfZone, firstHourOf} from './zone-day.ts';

export const sourcesMax = 64;
/** Of a whole site: a monitoring plan on a chain has 64 subjects, and the site itself is one. See format/carbon-report.ts. */
export const siteChannelsMax = 63;
export const sourceChannelsMax = 16;
/** Factors that are added up for one account: gases of one fuel. */
export const accountFactorsMax = 4;

const hourMs = 3_600_000;
const urnLengthMax = 256;

/**
 * What a source's emissions are counted as. emitted: scopes 1 and 3. location and market: scope 2 both ways, side by side, by the grid that the site draws from and by the contracts that it has
 * [GHG Protocol Scope 2 Guidance, chapter 4].
 */
export type AccountName = 'emitted' | 'location' | 'market';
export const accountNames: readonly AccountName[] = ['emitted', 'location', 'market'];

/** A channel that counts an activity: a register or an interval. */
export type ActivityChannel = {
	readonly urn: string;
	/** Register: one more than the most it shows, in whole base units: after that it goes on from zero. undefined: nobody said, and what passed while it ran over is unknown. */
	readonly rollsOverAt: bigint | undefined;
	/** Interval: whether its time is the end of it or, as HJ 212 has it, the start. */
	readonly stamp: 'end' | 'start';
	/** Interval: how long it is. Others are passed over, so that amounts of days which stand beside those of hours are not counted twice. */
	readonly spanMinutes: number | undefined;
};

/** What stands in for an hour without enough readings. */
export type Substitution = 'maximum' | 'fallback' | 'none';

/** A channel that is averaged over the hour. `fallback` is in whole base units of its quantity (ug/m3, l/s, l/h), for the substitution of that name. */
export type AveragedChannel = {readonly urn: string; readonly fallback: bigint | undefined};

type Common = {
	readonly id: string;
	readonly name: string | undefined;
	readonly scope: 1 | 2 | 3;
	/** Factors by account: their ids, whose emissions are added. */
	readonly accounts: readonly {readonly account: AccountName; readonly factors: readonly string[]}[];
	/** Hours since 1970 that count: from is included, to is not. */
	readonly fromHour: number;
	readonly toHour: number;
};

export type FactorSource = Common & {
	readonly method: 'factor';
	/** None: its amounts are stated by people alone. */
	readonly channels: readonly ActivityChannel[];
};

export type DirectSource = Common & {
	readonly method: 'direct';
	readonly concentration: AveragedChannel;
	readonly flow: AveragedChannel;
	/** Of the four quarters of an hour, how many need a valid reading for the hour to count as measured. */
	readonly quadrantsMin: number;
	readonly substitution: Substitution;
};

export type Source = FactorSource | DirectSource;

export type Site = {
	readonly name: string | undefined;
	/** See zone-day.ts. */
	readonly zone: string;
	/** What lies between two readings of a register that are further apart is called a gap. */
	readonly gapMinutesMax: number;
	/** What a report counts. */
	readonly report: {readonly scopes: readonly (1 | 2 | 3)[]; readonly scope2: 'location' | 'market'};
	readonly sources: readonly Source[];
};

/** Six hours. */
export const gapMinutesDefault = 360;
/** 31 days. */
const gapMinutesLongest = 44_640;
const spanMinutesMax = 44_640;

/** Reads what a site's statement says; strict: what is not known here is refused. */
export function readSite(body: StatementBody): Checked<Site> {
	return checked(() => {
		const site = membersOf(body, 'the site');
		site.only('name', 'zone', 'gapMinutesMax', 'report', 'sources');
		const zone = site.text('zone', 64);
		if (dayOfZone(zone) === undefined)
			bodyProblem(`the site: zone "${zone}" is neither UTC nor an offset such as +08:00 nor a place such as Europe/Berlin`);
		const sources = site.list('sources', sourcesMax, item => readSource(item));
		const twice = sources.find(({id}, at) => sources.findIndex(other => other.id === id) < at);
		if (twice !== undefined) bodyProblem(`source "${twice.id}" is there twice`);
		const read: Site = {
			name: site.textMaybe('name', 200),
			zone,
			gapMinutesMax: site.wholeMaybe('gapMinutesMax', 1, gapMinutesLongest) ?? gapMinutesDefault,
			report: site.has('report') ? readReport(site.object('report', 'the report')) : {scopes: [1, 2], scope2: 'location'},
			sources,
		};
		const uses = new Map<string, string>();
		for (const source of sources)
			for (const use of usesOf(source)) {
				const known = uses.get(use.urn);
				if (known !== undefined && known !== use.as) bodyProblem(`channel ${use.urn} is used in two ways that do not agree`);
				uses.set(use.urn, use.as);
			}
		if (uses.size > siteChannelsMax) bodyProblem(`the site has ${uses.size} channels, more than ${siteChannelsMax}`);
		return read;
	});
}

/** Every channel of a source, and how it is read: channels that are read alike can be shared. */
export function usesOf(
	source: Source,
): readonly {readonly urn: string; readonly as: string; readonly channel: ActivityChannel | AveragedChannel}[] {
	if (source.method === 'direct') return [source.concentration, source.flow].map(channel => ({urn: channel.urn, as: 'averaged', channel}));
	return source.channels.map(channel => ({
		urn: channel.urn,
		as: `counted ${channel.stamp} ${channel.spanMinutes ?? ''} ${channel.rollsOverAt ?? ''}`,
		channel,
	}));
}

/** The channels of a site, each once, in the order in which its sources name them: the order of a monitoring plan. */
export function channelsOf(site: Site): string[] {
	return [...new Set(site.sources.flatMap(source => usesOf(source).map(({urn}) => urn)))];
}

/** The factors that a site names, each once. */
export function factorsOf(site: Site): string[] {
	return [...new Set(site.sources.flatMap(({accounts}) => accounts.flatMap(({factors}) => factors)))];
}

function readReport(report: Members): Site['report'] {
	report.only('scopes', 'scope2');
	const scopes = report.list('scopes', 3, item =>
		item === 1 || item === 2 || item === 3 ? item : bodyProblem('the report: a scope is 1, 2 or 3'),
	);
	if (scopes.length === 0 || new Set(scopes).size < scopes.length) bodyProblem('the report: it has no scope, or one twice');
	return {scopes, scope2: report.has('scope2') ? report.oneOf('scope2', ['location', 'market']) : 'location'};
}

function readSource(item: unknown): Source {
	const id = membersOf(item, 'a source').pattern('id', idPattern, 'a name of letters, digits, - and _');
	const source = membersOf(item, `source "${id}"`);
	const common = ['id', 'name', 'scope', 'method', 'fromMs', 'toMs'];
	const method = source.oneOf('method', ['factor', 'direct']);
	const scope = source.oneOf('scope', [1, 2, 3]);
	const named = scope === 2 ? ['locationFactors', 'marketFactors'] : ['factors'];
	source.only(...common, ...named, ...(method === 'factor' ? ['channels'] : ['concentration', 'flow', 'quadrantsMin', 'substitution']));
	const [fromHour, toHour] = [hourOf(source, 'fromMs') ?? 0, hourOf(source, 'toMs') ?? hoursEnd];
	if (fromHour >= toHour) bodyProblem(`${source.what}: it ends before it begins`);
	const accounts = readAccounts(source, scope, method);
	const read = {id, name: source.textMaybe('name', 200), scope, accounts, fromHour, toHour};
	if (method === 'factor') {
		const channels = source.list('channels', sourceChannelsMax, one => readActivityChannel(one, source.what));
		if (new Set(channels.map(({urn}) => urn)).size < channels.length) bodyProblem(`${source.what}: a channel is there twice`);
		return {...read, method, channels};
	}
	const substitution = source.has('substitution') ? source.oneOf('substitution', ['maximum', 'fallback', 'none']) : 'none';
	const concentration = readAveragedChannel(source, 'concentration', substitution);
	const flow = readAveragedChannel(source, 'flow', substitution);
	if (concentration.urn === flow.urn) bodyProblem(`${source.what}: concentration and flow are the same channel`);
	return {...read, method, concentration, flow, quadrantsMin: source.wholeMaybe('quadrantsMin', 1, 4) ?? 4, substitution};
}

/** The hour behind the last that can be said. */
export const hoursEnd = Math.floor(timeMsMax / hourMs) + 1;

function hourOf(source: Members, key: string): number | undefined {
	const timeMs = source.wholeMaybe(key, 0, timeMsMax);
	if (timeMs === undefined) return undefined;
	return timeMs % hourMs === 0 ? timeMs / hourMs : bodyProblem(`${source.what}: ${key} is not the start of a whole hour of UTC`);
}

function readAccounts(source: Members, scope: 1 | 2 | 3, method: Source['method']): Common['accounts'] {
	const ids = (key: string): string[] => {
		const found = source.list(key, accountFactorsMax, item =>
			typeof item === 'string' && idPattern.test(item) ? item : bodyProblem(`${source.what}: ${key} are not ids of factors`),
		);
		return new Set(found).size === found.length ? found : bodyProblem(`${source.what}: ${key} has a factor twice`);
	};
	if (scope !== 2) {
		const factors = source.has('factors') ? ids('factors') : [];
		// What is measured directly may be carbon dioxide itself, of which a milligram is a milligram.
		if (factors.length === 0 && method === 'factor') bodyProblem(`${source.what}: it has no factors`);
		return [{account: 'emitted', factors}];
	}
	const accounts = (['location', 'market'] as const).flatMap(account => {
		const key = `${account}Factors`;
		const factors = source.has(key) ? ids(key) : [];
		return factors.length === 0 ? [] : [{account, factors}];
	});
	return accounts.length > 0 ? accounts : bodyProblem(`${source.what}: it has neither locationFactors nor marketFactors`);
}

/** The unit of concentrations, and those of flows, that make a mass together. */
const concentrationUnits = ['ug/m3'];
const flowUnits = ['l/s', 'l/h'];

function readUrn(channel: Members, kinds: readonly string[], units: readonly string[] | undefined): string {
	const urn = channel.text('urn', urnLengthMax);
	const quantity = quantityOfName(parseChannelUrn(urn)?.quantityName ?? '');
	if (quantity === undefined) return bodyProblem(`${channel.what}: "${urn}" is no channel of a quantity that is known`);
	if (!kinds.includes(quantity.kind)) bodyProblem(`${channel.what}: ${quantity.name} is a ${quantity.kind}, and no ${kinds.join(' or ')}`);
	if (units !== undefined && !units.includes(quantity.unit))
		bodyProblem(`${channel.what}: ${quantity.name} is measured in ${quantity.unit}, and not in ${units.join(' or ')}`);
	return urn;
}

function readActivityChannel(item: unknown, what: string): ActivityChannel {
	const channel = membersOf(item, `a channel of ${what}`);
	channel.only('urn', 'rollsOverAt', 'stamp', 'spanMinutes');
	const rollsOverAt = channel.has('rollsOverAt')
		? BigInt(channel.pattern('rollsOverAt', /^[1-9]\d{0,17}$/, 'a whole number of base units, as text'))
		: undefined;
	const urn = readUrn(channel, ['register', 'interval'], undefined);
	const isInterval = quantityOfName(parseChannelUrn(urn)!.quantityName)!.kind === 'interval';
	// What is said of the other sort says nothing here.
	return {
		urn,
		rollsOverAt: isInterval ? undefined : rollsOverAt,
		stamp: channel.has('stamp') ? channel.oneOf('stamp', ['end', 'start']) : 'end',
		spanMinutes: isInterval ? channel.whole('spanMinutes', 1, spanMinutesMax) : undefined,
	};
}

function readAveragedChannel(source: Members, key: 'concentration' | 'flow', substitution: Substitution): AveragedChannel {
	const channel = source.object(key, `the ${key} of ${source.what}`);
	channel.only('urn', 'fallback');
	if (channel.has('fallback') !== (substitution === 'fallback'))
		bodyProblem(`${channel.what}: a value to fall back on belongs to the substitution "fallback", and only to it`);
	const fallback = channel.has('fallback')
		? BigInt(channel.pattern('fallback', /^(?:0|[1-9]\d{0,14})$/, 'a whole number of base units, as text'))
		: undefined;
	return {urn: readUrn(channel, ['gauge'], key === 'flow' ? flowUnits : concentrationUnits), fallback};
}

/** A site as the section `sites` of a config has it: by ids and days, for people. */
export type SiteSection = {
	readonly id: string;
	readonly name?: string | undefined;
	/** @default UTC */
	readonly zone?: string | undefined;
	/** @default 360 */
	readonly gapMinutesMax?: number | undefined;
	/** @default scopes 1 and 2, by location */
	readonly report?: {readonly scopes: readonly number[]; readonly scope2?: string | undefined} | undefined;
	readonly sources: readonly SourceSection[];
};

export type ChannelSection = {
	readonly device: string;
	readonly quantity: string;
	readonly part?: string | undefined;
	/** Decimal text in base units. */
	readonly rollsOverAt?: string | undefined;
	readonly stamp?: string | undefined;
	readonly spanMinutes?: number | undefined;
	readonly fallback?: string | undefined;
};

export type SourceSection = {
	readonly id: string;
	readonly name?: string | undefined;
	readonly scope: number;
	readonly method: string;
	/** Days of the site's zone, as `2026-01-31`: the first that counts, and the last. */
	readonly from?: string | undefined;
	readonly to?: string | undefined;
	readonly channels?: readonly ChannelSection[] | undefined;
	readonly factors?: readonly string[] | undefined;
	readonly locationFactors?: readonly string[] | undefined;
	readonly marketFactors?: readonly string[] | undefined;
	readonly concentration?: ChannelSection | undefined;
	readonly flow?: ChannelSection | undefined;
	readonly quadrantsMin?: number | undefined;
	readonly substitution?: string | undefined;
};

/** The body of the statement that a section of the config stands for, in the one form in which it is compared with what was stated before. */
export function siteBodyOf(section: SiteSection): Checked<{readonly id: string; readonly body: StatementBody}> {
	const made = checked(() => {
		const id = membersOf(section, 'a site').pattern('id', idPattern, 'a name of letters, digits, - and _');
		const zone = section.zone ?? 'UTC';
		const dayOf =
			dayOfZone(zone) ??
			bodyProblem(`site "${id}": zone "${zone}" is neither UTC nor an offset such as +08:00 nor a place such as Europe/Berlin`);
		const hour = (source: SourceSection, key: 'from' | 'to'): number | undefined => {
			if (source[key] === undefined) return undefined;
			const day = dateOf(membersOf(source, `source "${source.id}"`), key);
			const next = new Date(Date.parse(`${day}T00:00:00Z`) + 24 * hourMs).toISOString().slice(0, 10);
			const first = firstHourOf(dayOf, key === 'from' ? day : next);
			return first === undefined ? bodyProblem(`source "${source.id}": ${key} is a day without hours in ${zone}`) : first * hourMs;
		};
		/** What is not what it should be is left as it is: readSite says so. */
		const channel = (one: ChannelSection): StatementBody => {
			if (typeof one !== 'object' || one === null) return one;
			const {device, quantity, part, ...rest} = one;
			return {urn: `urn:kedge:device:${device}:${quantity}${part === undefined ? '' : `:${part}`}`, ...wholeTexts(rest)};
		};
		const channels = (list: SourceSection['channels']): readonly StatementBody[] | undefined =>
			Array.isArray(list) ? (list as readonly ChannelSection[]).map(channel) : (list as undefined);
		const sources = membersOf(section, `site "${id}"`).list('sources', sourcesMax, (item): StatementBody => {
			membersOf(item, 'a source');
			const source = item as SourceSection;
			return {
				id: source.id,
				name: source.name,
				scope: source.scope,
				method: source.method,
				fromMs: hour(source, 'from'),
				toMs: hour(source, 'to'),
				channels: channels(source.method === 'factor' ? (source.channels ?? []) : source.channels),
				factors: source.factors,
				locationFactors: source.locationFactors,
				marketFactors: source.marketFactors,
				concentration: source.concentration && channel(source.concentration),
				flow: source.flow && channel(source.flow),
				quadrantsMin: source.quadrantsMin,
				substitution: source.substitution,
			};
		});
		const report = section.report && {scopes: section.report.scopes, scope2: section.report.scope2};
		return {id, body: withoutUndefined({name: section.name, zone, gapMinutesMax: section.gapMinutesMax, report, sources})};
	});
	if ('problem' in made) return made;
	const read = readSite(made.value.body);
	return 'problem' in read ? {problem: `site "${made.value.id}": ${read.problem}`} : made;
}

function wholeTexts({rollsOverAt, stamp, spanMinutes, fallback}: Omit<ChannelSection, 'device' | 'quantity' | 'part'>): StatementBody {
	const whole = (text: string | undefined): string | undefined => {
		if (text === undefined) return undefined;
		const decimal = parseDecimal(text);
		const value = decimal && scaleDecimal(decimal, 0);
		return value === undefined ? text : `${value}`;
	};
	return {rollsOverAt: whole(rollsOverAt), stamp, spanMinutes, fallback: whole(fallback)};
}

/** As it is read back from JSON. */
function withoutUndefined(body: StatementBody): StatementBody {
	return JSON.parse(JSON.stringify(body)) as StatementBody;
}
