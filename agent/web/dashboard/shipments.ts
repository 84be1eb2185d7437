// The cold chain: shipments with their verdicts, and of one its way, its hand-overs, what its sensors saw, and why the verdict is what it is.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {AccountAnswer, Ids} from '../../api/client.ts';
import {named} from '../entry-words.ts';
import {builtInProfiles} from './account-figures.ts';
import {type AskProblem, ask, createAsked, pathOf} from './ask.ts';
import {type Limits, limitsText, limitText, milliText} from './cold-figures.ts';
import {type Context, type Page, problemText} from './context.ts';
import type {Verdict} from './health.ts';
import {askedView, cardsView, factsView, signView, takeView, type View} from './parts.ts';
import {channelText, sentenceView} from './quoted.ts';
import {hashOf, type Place} from './route.ts';
import type {Words} from './words.ts';

type VerdictName = 'good' | 'excursion' | 'indeterminate';
type Alarm = {readonly of: 'temperature' | 'humidity'; readonly side: 'above' | 'below'; readonly limit: number; readonly minutes: number};
type Extreme = {readonly milli: number; readonly atMs: number};
type Series = {
	readonly sort: string;
	readonly assignments: readonly string[];
	readonly fromMs: number;
	readonly toMs: number;
	readonly readings: number;
	readonly min?: Extreme;
	readonly max?: Extreme;
	readonly meanMilli?: number;
	readonly excursions: readonly {
		readonly side: 'above' | 'below';
		readonly fromMs: number;
		readonly toMs: number;
		readonly peakMilli: number;
		/** What counts as outside: readings stand until the next one, and gaps do not count. */
		readonly heldMs: number;
	}[];
	readonly aboveMs: number;
	readonly belowMs: number;
	readonly excursionCount: number;
	readonly gapCount: number;
	readonly gapMs: number;
};
/** As agent/ledgers/coldchain/account.ts gives it: what of it is shown here. */
type Account = {
	readonly shipment: string;
	readonly isOpened: boolean;
	readonly refused: readonly {readonly index: number; readonly says: string; readonly reason: string}[];
	readonly goods?: string;
	readonly openedIndex?: number;
	readonly profile?: {
		readonly id: string;
		readonly name: string;
		readonly source?: string;
		readonly temperature?: Limits;
		readonly humidity?: Limits;
	};
	readonly fromMs?: number;
	readonly toMs?: number;
	readonly verdict?: VerdictName;
	readonly parties?: readonly {readonly id: string; readonly name: string; readonly role?: string}[];
	readonly lots?: readonly {
		readonly id: string;
		readonly name: string;
		readonly quantity?: string;
		readonly unit?: string;
		readonly verdict: VerdictName;
		readonly reasons: readonly {
			readonly because: string;
			readonly sort?: string;
			readonly count?: number;
			readonly ms?: number;
			readonly heldMs?: number;
			readonly alarm?: Alarm;
		}[];
		readonly custody: readonly {readonly party: string; readonly fromMs: number}[];
	}[];
	readonly legs?: readonly {
		readonly id: string;
		readonly from: string;
		readonly to: string;
		readonly fromMs: number;
		readonly toMs?: number;
		readonly carrier?: string;
		readonly vehicle?: string;
		readonly index: number;
	}[];
	readonly handovers?: readonly {
		readonly from: string;
		readonly to: string;
		readonly atMs: number;
		readonly index: number;
		readonly place?: string;
		readonly remarks?: string;
		readonly signatures: {readonly from?: string; readonly to?: string};
	}[];
	readonly sensors?: readonly {
		readonly assignment: string;
		readonly channel: string;
		readonly sort: string;
		readonly leg?: string;
		readonly place?: string;
		readonly fromMs: number;
		readonly toMs: number;
		readonly index: number;
	}[];
	readonly series?: readonly Series[];
	readonly closing?: {readonly verdict: VerdictName; readonly atMs: number; readonly index: number; readonly isBorneOut?: boolean};
};
type Answered = AccountAnswer & {readonly answer: Account};

const verdictSigns: Readonly<Record<VerdictName, Verdict>> = {good: 'good', excursion: 'bad', indeterminate: 'half'};
/** Shipments whose verdicts are asked for in the list. */
const listedMax = 50;
/** Legs of which it is asked what the sensors saw on them. */
const legsMax = 24;

export function shipmentsPage(context: Context, place: Place): Page {
	return place.of === undefined ? listPage(context) : shipmentPage(context, place.of);
}

function listPage(context: Context): Page {
	const accounts = new Map<string, Account | AskProblem>();
	let left = false;
	const list = createAsked(signal => ask<Ids>('/shipments', {signal}), context.redraw);
	void list.again().then(async () => {
		// One after another: each is counted from its readings.
		for (const id of (list.value?.items ?? []).slice(0, listedMax)) {
			if (left) return;
			const found = await ask<Answered>(pathOf(['shipments', id])).then(
				({answer}) => answer,
				(error: AskProblem) => error,
			);
			accounts.set(id, found);
			context.redraw();
		}
	});
	return {
		title: () => context.words().shipments.title,
		move: place => place.of === undefined,
		leave: () => {
			left = true;
			list.stop();
		},
		view: () => {
			const said = context.words().shipments;
			const figures = context.figures();
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				${askedView(list, context, ({items}) =>
					items.length === 0
						? html`<p>${said.empty}</p>`
						: cardsView(
								said.title,
								[said.shipment, said.goods, said.verdict, said.outside, said.route],
								items.map(id => {
									const account = accounts.get(id);
									const link = html`<a href=${hashOf('shipments', id)}><strong>${id}</strong></a>`;
									if (account === undefined) return [link, '…', '', '', ''];
									if (account instanceof Error)
										return [link, {view: problemText(account, context.words()), look: 'wrap' as const}, '', '', ''];
									const {goods, verdict, fromMs, closing, legs = []} = account;
									const [first, last] = [legs[0], legs.at(-1)];
									const outsideMs = outsideOf(account);
									return [
										link,
										{view: goods ?? said.notOpened, look: 'wrap' as const},
										verdict === undefined ? '' : verdictView(verdict, said),
										{view: outsideMs === 0 ? '–' : figures.span(outsideMs), look: 'number' as const},
										html`${first === undefined || last === undefined ? '–' : `${first.from} → ${last.to}`}${
											fromMs === undefined
												? nothing
												: html`<span class="more">${figures.day(fromMs)} – ${closing === undefined ? said.underWay : figures.day(closing.atMs)}</span>`
										}`,
									];
								}),
							),
				)}`;
		},
	};
}

const verdictView = (verdict: VerdictName, said: Words['shipments']): TemplateResult =>
	html`<span class="verdict ${verdictSigns[verdict]}">${signView(verdictSigns[verdict])} ${said.verdicts[verdict]}</span>`;

/** Of the series that was outside longest: several watch the same goods. */
const outsideOf = ({series = []}: Account): number => series.reduce((most, {aboveMs, belowMs}) => Math.max(most, aboveMs + belowMs), 0);

function shipmentPage(context: Context, id: string): Page {
	/** By leg, what the account is of its time alone. */
	const legs = new Map<string, Account | AskProblem>();
	let left = false;
	const answer = createAsked(signal => ask<Answered>(pathOf(['shipments', id]), {signal}), context.redraw);
	void answer.again().then(async () => {
		const {legs: all = [], toMs} = answer.value?.answer ?? {};
		for (const leg of all.slice(0, legsMax)) {
			if (left) return;
			const to = Math.min(leg.toMs ?? Number.MAX_SAFE_INTEGER, toMs ?? leg.fromMs + 1);
			if (to <= leg.fromMs) continue;
			const found = await ask<Answered>(pathOf(['shipments', id], {from: leg.fromMs, to})).then(
				value => value.answer,
				(error: AskProblem) => error,
			);
			legs.set(leg.id, found);
			context.redraw();
		}
	});
	return {
		title: () => id,
		leave: () => {
			left = true;
			answer.stop();
		},
		view: () => html`<p class="back"><a href=${hashOf('shipments')}>${context.words().shipments.back}</a></p>
			<div class="line"><h1 class="name">${id}</h1><div class="buttons">${takeView(context, 'shipment', id)}</div></div>
			${askedView(answer, context, value => accountView(value, legs, context))}`,
	};
}

/** What follows, and why, in sentences. */
function verdictSentences(account: Account, context: Context): string[] {
	const said = context.words().shipments;
	const figures = context.figures();
	const {verdict, series = [], lots = [], profile} = account;
	const sorts = [...new Set(series.map(({sort}) => sort))];
	if (verdict === 'good') {
		const limits = sorts
			.map(sort => `${named(said.sorts, sort)} ${limitsText(limitsOf(account, sort), sort, context)}`)
			.join(figures.comma);
		return [said.allWithin(figures.whole(series.reduce((sum, one) => sum + one.readings, 0)), limits)];
	}
	const sentences: string[] = [];
	for (const sort of sorts)
		for (const side of ['above', 'below'] as const) {
			const worst = series
				.filter(one => one.sort === sort && one.excursions.some(run => run.side === side))
				.sort((a, b) => (side === 'above' ? b.aboveMs - a.aboveMs : b.belowMs - a.belowMs))[0];
			if (worst === undefined) continue;
			const runs = worst.excursions.filter(run => run.side === side);
			const peak = runs
				.map(({peakMilli}) => peakMilli)
				.reduce((one, other) => (side === 'above' ? Math.max(one, other) : Math.min(one, other)));
			sentences.push(
				said.wentBeyond(
					named(said.sorts, sort),
					said.times(runs.length),
					figures.span(side === 'above' ? worst.aboveMs : worst.belowMs),
					milliText(peak, sort, context),
					limitText(side, profile?.[sort as 'temperature' | 'humidity'] ?? {}, sort, context),
				),
			);
		}
	const others = new Map<string, string>();
	for (const {reasons} of lots)
		for (const reason of reasons)
			if (reason.because !== 'alarm')
				others.set(JSON.stringify(reason), `${reasonText(reason, context)}${context.language() === 'zh' ? '。' : '.'}`);
	return [...sentences, ...new Set(others.values())];
}

const limitsOf = ({profile}: Account, sort: string): Limits =>
	sort === 'temperature' || sort === 'humidity' ? (profile?.[sort] ?? {}) : {};

function reasonText(
	{because, count, ms, sort}: {readonly because: string; readonly count?: number; readonly ms?: number; readonly sort?: string},
	context: Context,
): string {
	const said = context.words().shipments;
	const of = sort === undefined ? '' : said.ofSort(named(said.sorts, sort));
	const much = ms === undefined ? '' : said.inAll(count === undefined ? '' : said.times(count), context.figures().span(ms));
	return `${named(said.because, because)}${of}${much}`;
}

/** A profile that is built in has a name in each language. */
function profileName({id, name}: NonNullable<Account['profile']>, context: Context): string {
	return Object.hasOwn(builtInProfiles, id) && builtInProfiles[id] === name ? named(context.words().shipments.profiles, id) : name;
}

function accountView({answer: account, size}: Answered, ways: ReadonlyMap<string, Account | AskProblem>, context: Context): TemplateResult {
	const said = context.words().shipments;
	const figures = context.figures();
	const {
		isOpened,
		goods,
		profile,
		fromMs,
		toMs,
		verdict,
		parties = [],
		lots = [],
		legs = [],
		handovers = [],
		series = [],
		sensors = [],
		closing,
		openedIndex,
		refused,
	} = account;
	const party = (name: string): string => parties.find(one => one.id === name)?.name ?? name;
	const whyOf = (lot: NonNullable<Account['lots']>[number]): readonly string[] => [
		...new Set(
			lot.reasons.map(reason =>
				reason.because === 'alarm' && reason.alarm !== undefined
					? alarmText(reason.alarm, reason.heldMs, context)
					: reasonText(reason, context),
			),
		),
	];
	const refusedView =
		refused.length === 0
			? nothing
			: html`<section><h2>${said.refused}</h2>
					${cardsView(
						said.refused,
						[context.words().curve.entry, context.words().alarms.what, context.words().alarms.details],
						refused.map(one => [
							entryLink(one.index, context),
							named(said.statements, one.says),
							{view: sentenceView(one.reason, context.language(), context.words()), look: 'wrap' as const},
						]),
					)}
				</section>`;
	if (!isOpened || verdict === undefined) return html`<p>${said.notOpened}</p>${refusedView}`;
	const outside = series.filter(({excursions}) => excursions.length > 0);
	const entries: readonly (readonly [label: string, index: number])[] = [
		...(openedIndex === undefined ? [] : [[said.statements.shipment, openedIndex] as const]),
		...legs.map(leg => [`${said.statements.leg} ${leg.from} → ${leg.to}`, leg.index] as const),
		...sensors.map(sensor => [`${said.statements.assignment} ${sensor.assignment}`, sensor.index] as const),
		...handovers.map(one => [`${said.handover} ${party(one.from)} → ${party(one.to)}`, one.index] as const),
		...(closing === undefined ? [] : [[said.statements.verdict, closing.index] as const]),
	];
	return html`
		<section class="answer ${verdictSigns[verdict]}">
			${signView(verdictSigns[verdict])}
			<div>
				<h2>${said.verdicts[verdict]}</h2>
				<p>${goods}</p>
				${verdictSentences(account, context).map(sentence => html`<p class="sentence">${sentence}</p>`)}
				<p class="hint">${closing === undefined ? said.open : html`${said.stated}${figures.colon}${said.verdicts[closing.verdict]} · ${figures.time(closing.atMs)} · ${entryLink(closing.index, context)}`}</p>
				${closing?.isBorneOut === false ? html`<p><strong>${said.differs}</strong></p>` : nothing}
			</div>
		</section>
		<section>
			${factsView([
				profile === undefined
					? undefined
					: [
							said.limits,
							html`${profileName(profile, context)}${(['temperature', 'humidity'] as const).map(sort =>
								profile[sort] === undefined ? nothing : html` · ${said.sorts[sort]} ${limitsText(profile[sort], sort, context)}`,
							)}${profile.source === undefined ? nothing : html` <small>${profile.source}</small>`}`,
						],
				fromMs === undefined || toMs === undefined
					? undefined
					: [said.period, `${figures.time(fromMs)} – ${figures.time(toMs)} (${figures.span(toMs - fromMs)})`],
				openedIndex === undefined ? undefined : [said.proof, entryLink(openedIndex, context)],
			])}
		</section>
		<section>
			<h2>${said.route}</h2>
			${
				legs.length === 0 && handovers.length === 0
					? html`<p>${said.noRoute}</p>`
					: html`<ol class="route">
							${[
								...legs.map(leg => ({
									atMs: leg.fromMs,
									isBad: isOutside(ways.get(leg.id)),
									view: legView(leg, ways.get(leg.id), party, context),
								})),
								...handovers.map(one => ({atMs: one.atMs, isBad: false, view: handoverView(one, party, context)})),
							]
								.sort((a, b) => a.atMs - b.atMs)
								.map(
									({atMs, isBad, view}) =>
										html`<li class=${isBad ? 'beyond' : ''}><span class="at">${figures.minute(atMs)}</span>${view}</li>`,
								)}
						</ol>`
			}
		</section>
		${
			outside.length === 0
				? nothing
				: html`<section>
						<h2>${said.excursions}</h2>
						${cardsView(
							said.excursions,
							[said.when, said.sort, said.lasted, said.extreme, said.limit, said.sensor],
							outside.flatMap(one =>
								one.excursions.map(run => [
									html`${thereAt(sensorsOf(one, sensors), run)
										.slice(0, 1)
										.map(sensor => curveLink(sensor.channel, around(run), `${figures.minute(run.fromMs)} – ${figures.minute(run.toMs)}`))}`,
									`${named(said.sorts, one.sort)}, ${said.sides[run.side]}`,
									{view: figures.span(run.heldMs), look: 'number' as const},
									{view: html`<strong class="bad">${milliText(run.peakMilli, one.sort, context)}</strong>`, look: 'number' as const},
									{view: limitText(run.side, limitsOf(account, one.sort), one.sort, context), look: 'number' as const},
									thereAt(sensorsOf(one, sensors), run)
										.map(sensor => sensor.channel.split(':')[3])
										.join(figures.comma),
								]),
							),
						)}
					</section>`
		}
		<section>
			<h2>${said.series}</h2>
			${series.map(one => seriesView(one, sensors, context))}
		</section>
		<section>
			<h2>${said.lots}</h2>
			${cardsView(
				said.lots,
				[said.lot, context.words().market.quantity, said.verdict, said.reasons, said.custody],
				lots.map(lot => [
					html`<strong>${lot.name}</strong> <small>${lot.id}</small>`,
					{view: lot.quantity === undefined ? '–' : `${lot.quantity} ${lot.unit ?? ''}`, look: 'number' as const},
					verdictView(lot.verdict, said),
					{
						view: lot.reasons.length === 0 ? '–' : html`${whyOf(lot).map(why => html`<span class="part">${why}</span>`)}`,
						look: 'wrap' as const,
					},
					{view: lot.custody.map(hand => `${party(hand.party)} (${figures.minute(hand.fromMs)})`).join(' → '), look: 'wrap' as const},
				]),
			)}
		</section>
		${refusedView}
		<section>
			<h2>${said.entries}</h2>
			<ul class="entries">${entries.map(([label, index]) => html`<li>${label}${figures.colon}${entryLink(index, context)}</li>`)}</ul>
			<p class="hint">${context.words().emissions.rests(figures.whole(size))}</p>
		</section>
	`;
}

type Leg = NonNullable<Account['legs']>[number];
type Sensor = NonNullable<Account['sensors']>[number];

const entryLink = (index: number, context: Context): TemplateResult =>
	html`<a href=${hashOf('log', index)}>${context.words().log.entry(context.figures().whole(index))}</a>`;

const isOutside = (way: Account | AskProblem | undefined): boolean => way !== undefined && !(way instanceof Error) && outsideOf(way) > 0;

const sensorsOf = ({assignments}: Series, sensors: readonly Sensor[]): readonly Sensor[] =>
	sensors.filter(({assignment}) => assignments.includes(assignment));

/** Those that were with the goods then: one that follows another is in the same series. */
const thereAt = (sensors: readonly Sensor[], {fromMs, toMs}: {readonly fromMs: number; readonly toMs: number}): readonly Sensor[] =>
	sensors.filter(sensor => sensor.fromMs < toMs && sensor.toMs > fromMs);

/** With some time before and after, so that one sees how it came and went. */
function around({fromMs, toMs}: {readonly fromMs: number; readonly toMs: number}): {readonly fromMs: number; readonly toMs: number} {
	const airMs = Math.max(1_800_000, toMs - fromMs);
	return {fromMs: Math.max(0, fromMs - airMs), toMs: toMs + airMs};
}

function curveLink(channel: string, period: {readonly fromMs: number; readonly toMs: number}, text: string): TemplateResult {
	const [device = '', ...part] = channel.split(':').slice(3);
	return html`<a href=${hashOf('devices', device, part.join(':'), period)}>${text}</a>`;
}

function alarmText({of, side, limit, minutes}: Alarm, heldMs: number | undefined, context: Context): string {
	const said = context.words().shipments;
	const beyond = `${named(said.sorts, of)} ${said.sides[side]} ${milliText(limit, of, context)}`;
	const much = heldMs === undefined ? '' : said.inAll('', context.figures().span(heldMs));
	return minutes === 0 ? `${beyond}${much}` : `${beyond}, ${said.allowed(context.figures().span(minutes * 60_000))}${much}`;
}

function legView(leg: Leg, way: Account | AskProblem | undefined, party: (name: string) => string, context: Context): View {
	const said = context.words().shipments;
	const figures = context.figures();
	const by = [leg.carrier === undefined ? undefined : party(leg.carrier), leg.vehicle].filter(one => one !== undefined).join(figures.comma);
	const until = leg.toMs === undefined ? said.underWay : said.until(figures.minute(leg.toMs), figures.span(leg.toMs - leg.fromMs));
	return html`<span>
		<strong>${leg.from} → ${leg.to}</strong>
		<span class="more">${by === '' ? nothing : html`${by} · `}${until} · ${entryLink(leg.index, context)}</span>
		${way === undefined || way instanceof Error ? nothing : html`<span class="more seen">${(way.series ?? []).map(series => html`<span>${seenText(series, way, context)}</span>`)}${(way.sensors ?? []).map((sensor, i) => html`${i > 0 ? context.figures().comma : ''}${curveLink(sensor.channel, sensor, channelText(sensor.channel, context.language()))}`)}</span>`}
	</span>`;
}

/** What the sensors saw on a leg, in a sentence. */
function seenText(series: Series, way: Account, context: Context): TemplateResult {
	const said = context.words().shipments;
	const {sort, min, max, meanMilli, aboveMs, belowMs, gapMs} = series;
	const outsideMs = aboveMs + belowMs;
	const text = (milli: number | undefined): string => milliText(milli, sort, context);
	return html`${named(said.sorts, sort)} ${min === undefined || max === undefined ? context.words().curve.empty : html`${said.between(text(min.milli), text(max.milli))}, ${said.meanOf(text(meanMilli))}`}${
		outsideMs > 0
			? html`; <strong class="bad">✕ ${said.outsideFor(context.figures().span(outsideMs))}</strong> (${said.limits} ${limitsText(limitsOf(way, sort), sort, context)})`
			: nothing
	}${gapMs > 0 ? html`; <span class="half">! ${said.gapFor(context.figures().span(gapMs))}</span>` : nothing} · `;
}

function handoverView(one: NonNullable<Account['handovers']>[number], party: (name: string) => string, context: Context): View {
	const said = context.words().shipments;
	const isSigned = one.signatures.from !== undefined && one.signatures.to !== undefined;
	return html`<span>
		<strong>${said.handover}${context.figures().colon}${party(one.from)} → ${party(one.to)}</strong>
		<span class="more">${one.place === undefined ? nothing : html`${one.place} · `}${isSigned ? `✓ ${said.signed}` : said.signedPart} · ${entryLink(one.index, context)}</span>
		${one.remarks === undefined ? nothing : html`<span class="more">${one.remarks}</span>`}
	</span>`;
}

function seriesView(series: Series, sensors: readonly Sensor[], context: Context): TemplateResult {
	const said = context.words().shipments;
	const figures = context.figures();
	const {sort, fromMs, toMs, readings, min, max, meanMilli, excursionCount, aboveMs, belowMs, gapCount, gapMs} = series;
	return html`<div class="series">
		<h3>${named(said.sorts, sort)}</h3>
		${factsView([
			[
				context.words().devices.channel,
				html`${sensorsOf(series, sensors).map(
					(sensor, i) =>
						html`${i > 0 ? context.figures().comma : ''}${curveLink(sensor.channel, sensor, channelText(sensor.channel, context.language()))}${sensor.place === undefined ? nothing : html` <small>${sensor.place}</small>`}`,
				)}`,
			],
			[said.period, `${figures.time(fromMs)} – ${figures.time(toMs)}`],
			[said.smallest, min === undefined ? '–' : `${milliText(min.milli, sort, context)} · ${figures.time(min.atMs)}`],
			[said.largest, max === undefined ? '–' : `${milliText(max.milli, sort, context)} · ${figures.time(max.atMs)}`],
			[said.mean, milliText(meanMilli, sort, context)],
			[context.words().devices.entries, figures.whole(readings)],
			[said.gaps, gapCount === 0 ? context.words().none : said.gapsOf(figures.whole(gapCount), figures.span(gapMs))],
			[said.excursions, excursionCount === 0 ? context.words().none : `${said.times(excursionCount)}, ${figures.span(aboveMs + belowMs)}`],
		])}
	</div>`;
}
