// Emissions of sites: totals by scope, by hour or day, and what they rest on; the allowances of the site, and certificates of energy.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {AccountAnswer, Allowances, Ids} from '../../api/client.ts';
import type {EmissionsAnswer} from '../../ledgers/emissions/answer.ts';
import {saveFile} from '../save-file.ts';
import {csvText, reportedParts} from './account-figures.ts';
import {allowancesView} from './allowances.ts';
import {ask, createAsked, pathOf} from './ask.ts';
import {type Bar, barsView} from './bars.ts';
import {createCertificatesDesk} from './certificates.ts';
import type {Context, Page} from './context.ts';
import {emissionsOf, factorOf} from './figures.ts';
import {amountView, askedView, cardsView, figuresView, tableView, takeView} from './parts.ts';
import {channelText, sentenceView} from './quoted.ts';
import {hashOf, type Place} from './route.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const periods = {today: dayMs, week: 7 * dayMs, month: 30 * dayMs, year: 365 * dayMs} as const;
type PeriodName = keyof typeof periods;
type Totals = EmissionsAnswer['totals'];
const scopes = ['scope1', 'scope2Location', 'scope2Market', 'scope3'] as const;
/** Wider than a phone, an hour is still to be seen. */
const hoursDrawnMax = 200;
/** Rows of the table: a month of days, or the newest hours. */
const rowsMax = 200;
/** Certificates stand by the hour, each with its bundles: a year of them is for a package. */
const certificatesMsMax = 30 * dayMs;
const gapsMax = 5;

type Answered = AccountAnswer & {readonly answer: EmissionsAnswer};
type Grain = 'hours' | 'days';

export function emissionsPage(context: Context, first: Place): Page {
	let site = first.of;
	let name: PeriodName = 'week';
	let wanted: Grain | undefined;
	const certificates = createCertificatesDesk(context);
	const sites = createAsked(signal => ask<Ids>('/emissions', {signal}), context.redraw);
	const certified = createAsked(signal => ask<Ids>('/certificates', {signal}), context.redraw);
	const period = (): {readonly fromMs: number; readonly toMs: number} => {
		// Whole hours of UTC, up to the one that is over.
		const toMs = Math.floor(context.nowMs() / hourMs) * hourMs;
		return {fromMs: toMs - periods[name], toMs};
	};
	/** New for each site: what is shown under a name is of that name, or it is being asked for. */
	const askedOf = (id: string) => ({
		answer: createAsked(signal => {
			const {fromMs, toMs} = period();
			return ask<Answered>(pathOf(['emissions', id], {from: fromMs, to: toMs}), {signal});
		}, context.redraw),
		allowances: createAsked(signal => ask<Allowances>(pathOf(['emissions', id, 'allowances']), {signal}), context.redraw),
	});
	let asked: ReturnType<typeof askedOf> | undefined;
	const stopAsking = (): void => {
		asked?.answer.stop();
		asked?.allowances.stop();
	};
	const askCertificates = (): void => {
		const {fromMs, toMs} = period();
		certificates.ask(certified.value?.items ?? [], {fromMs: Math.max(fromMs, toMs - certificatesMsMax), toMs});
	};
	const askSite = (): void => {
		stopAsking();
		asked = askedOf(site!);
		void asked.answer.again();
		void asked.allowances.again();
	};
	void sites.again().then(() => {
		site ??= sites.value?.items[0];
		if (site !== undefined) askSite();
	});
	void certified.again().then(askCertificates);
	return {
		title: () => context.words().emissions.title,
		move: place => {
			const next = place.of ?? sites.value?.items[0];
			if (next !== site && next !== undefined) {
				site = next;
				askSite();
			}
			return true;
		},
		leave: () => {
			sites.stop();
			certified.stop();
			stopAsking();
			certificates.leave();
		},
		view: () => {
			const said = context.words().emissions;
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				<div class="line">
					${
						sites.value === undefined || sites.value.items.length === 0
							? html`<span></span>`
							: html`<div class="buttons" role="group" aria-label=${said.site}>
									${sites.value.items.map(id => html`<a class="button" href=${hashOf('emissions', id)} aria-current=${id === site ? 'true' : 'false'}>${id}</a>`)}
								</div>`
					}
					<div class="buttons" role="group" aria-label=${said.period}>
						${(Object.keys(periods) as PeriodName[]).map(
							one =>
								html`<button type="button" aria-pressed=${one === name ? 'true' : 'false'} @click=${() => {
									name = one;
									wanted = undefined;
									void asked?.answer.again();
									askCertificates();
								}}>${said.periods[one]}</button>`,
						)}
					</div>
				</div>
				${askedView(sites, context, ({items}) =>
					items.length === 0
						? html`<p>${said.empty}</p>`
						: asked === undefined
							? nothing
							: html`${asked.answer.isAsking && asked.answer.value !== undefined ? html`<p class="loading" role="status">${context.words().loading}</p>` : nothing}${askedView(
									asked.answer,
									context,
									value =>
										answerView(value, context, wanted, next => {
											wanted = next;
											context.redraw();
										}),
								)}${allowancesView(asked.allowances, context)}`,
				)}
				${certificates.view()}`;
		},
	};
}

const massView = (mg: string, context: Context): TemplateResult => amountView(emissionsOf(mg), context);
const massText = (mg: string, context: Context): string => context.figures().amount(emissionsOf(mg));

const looks: Readonly<Record<keyof Totals, string>> = {scope1: 'first', scope2Location: 'second', scope2Market: 'second', scope3: 'third'};

function answerView({answer, size}: Answered, context: Context, wanted: Grain | undefined, choose: (grain: Grain) => void): TemplateResult {
	const said = context.words().emissions;
	const figures = context.figures();
	const {totals, reported, complete, reasons, sources, factors, hours, days, name, site, fromMs, toMs, reports, refused} = answer;
	const mayDrawHours = hours !== undefined && hours.length <= hoursDrawnMax;
	const grain: Grain =
		wanted === 'days' && days !== undefined
			? 'days'
			: wanted === 'hours' && hours !== undefined
				? 'hours'
				: mayDrawHours
					? 'hours'
					: 'days';
	const rows: readonly {readonly label: string; readonly name: string; readonly mg: Totals}[] =
		grain === 'hours'
			? (hours ?? []).map(one => ({label: figures.minute(one.hourMs), name: new Date(one.hourMs).toISOString(), mg: one.mg}))
			: (days ?? []).map(one => ({label: figures.dayName(one.day), name: one.day, mg: one.mg}));
	const bars = rows.map(({label, mg}): Bar => {
		const parts = reportedParts(mg, reported);
		const total = parts.reduce((sum, one) => sum + one.mg, 0n);
		return {
			value: Number(total),
			title: `${label} · ${massText(String(total), context)}`,
			parts: parts.map(one => ({value: Number(one.mg), look: looks[one.scope]})),
		};
	});
	const shown = scopes.filter(scope => totals[scope] !== undefined);
	const drawn = reportedParts(totals, reported).filter(({scope}) => totals[scope] !== undefined);
	const ends: readonly [string, string] = [figures.minute(fromMs), figures.minute(toMs)];
	const heading = grain === 'hours' ? said.byHour : said.byDay;
	const save = (): void =>
		saveFile(
			`${site}-${new Date(fromMs).toISOString().slice(0, 10)}-${grain}.csv`,
			csvText(
				[grain === 'hours' ? 'hour' : 'day', ...shown.map(scope => `${scope}Mg`)],
				rows.map(row => [row.name, ...shown.map(scope => row.mg[scope])]),
			),
			'text/csv',
		);
	return html`
		<section>
			<h2>${name ?? site}</h2>
			${figuresView([
				{
					label: said.reported,
					value: massView(reported.mg, context),
					more: said.reportedAs(reported.scopes.join(' + '), reported.scopes.includes(2) ? said.scope2By[reported.scope2] : ''),
				},
				...shown.map(scope => ({label: said.scopes[scope], value: massView(totals[scope]!, context)})),
			])}
			${totals.scope2Location !== undefined && totals.scope2Market !== undefined ? html`<p class="hint">${said.twice}</p>` : nothing}
			<p class=${complete ? 'good' : 'half'}>${complete ? '✓' : '!'} ${complete ? said.complete : said.incomplete}</p>
			${reasons.length === 0 ? nothing : html`<ul class="reasons">${reasons.map(reason => html`<li>${sentenceView(reason, context.language(), context.words())}</li>`)}</ul>`}
			<div class="buttons proofs">
				${takeView(context, 'site', site, {fromMs, toMs})}
				${rows.length === 0 ? nothing : html`<button type="button" @click=${save}>${said.csv}</button>`}
			</div>
		</section>
		${
			bars.length === 0
				? nothing
				: html`<section>
						<div class="line">
							<h2>${heading}</h2>
							${
								hours === undefined || days === undefined
									? nothing
									: html`<div class="buttons" role="group" aria-label=${said.by}>
											${(['hours', 'days'] as const).map(
												one =>
													html`<button type="button" aria-pressed=${one === grain ? 'true' : 'false'} @click=${() => choose(one)}>${one === 'hours' ? said.byHour : said.byDay}</button>`,
											)}
										</div>`
							}
						</div>
						${barsView(said.drawn(name ?? site, ends[0], ends[1], massText(reported.mg, context)), bars, ends)}
						<ul class="legend">${drawn.map(({scope}) => html`<li><span class=${`swatch ${looks[scope]}`} aria-hidden="true"></span>${said.scopes[scope]}</li>`)}</ul>
						<details>
							<summary>${said.table}</summary>
							${tableView(
								heading,
								[grain === 'hours' ? said.hour : said.day, ...shown.map(scope => said.scopes[scope])],
								[...rows]
									.reverse()
									.slice(0, rowsMax)
									.map(row => [
										row.label,
										...shown.map(scope => ({view: massText(row.mg[scope] ?? '0', context), look: 'number' as const})),
									]),
							)}
							${rows.length > rowsMax ? html`<p class="hint">${context.words().curve.cut(figures.whole(rowsMax), figures.whole(rows.length))}</p>` : nothing}
						</details>
					</section>`
		}
		<section>
			<h2>${said.sources}</h2>
			${cardsView(
				said.sources,
				[said.source, said.scope, said.amount, said.hours, said.howCounted],
				sources.map(source => [
					html`<strong>${source.name ?? source.id}</strong>${channelsView(source, context)}`,
					{view: String(source.scope), look: 'number' as const},
					{
						view: html`${Object.entries(source.mg).map(
							([account, mg]) =>
								html`<span class="part">${massText(mg, context)}${account === 'emitted' ? nothing : html` <small>${said.scope2By[account as 'location' | 'market']}</small>`}</span>`,
						)}`,
						look: 'number' as const,
					},
					{view: said.hoursOf(figures.whole(source.hours.known), figures.whole(source.hours.all)), look: 'number' as const},
					{view: html`${said.method[source.method]}${gapsView(source, context)}`, look: 'wrap' as const},
				]),
			)}
		</section>
		${
			factors.length === 0
				? nothing
				: html`<section>
						<h2>${said.factors}</h2>
						${cardsView(
							said.factors,
							[said.factor, said.amount, said.from],
							factors.map(factor => {
								const read = factorOf(factor.value, factor.unit);
								return [
									html`<strong>${factor.name ?? factor.id}</strong>`,
									{
										view: read === undefined ? said.per(factor.value, factor.unit) : figures.amount(read),
										look: 'number' as const,
									},
									{view: factor.source, look: 'wrap' as const},
								];
							}),
						)}
					</section>`
		}
		${
			reports.list.length === 0
				? nothing
				: html`<section>
						<h2>${said.reports}</h2>
						${cardsView(
							said.reports,
							[said.number, said.period, said.amount],
							reports.list.map(one => [
								{view: figures.whole(one.number), look: 'number' as const},
								`${figures.minute(one.fromMs)} – ${figures.minute(one.toMs)}`,
								{view: massText(one.totalMg, context), look: 'number' as const},
							]),
						)}
					</section>`
		}
		${
			refused.length === 0
				? nothing
				: html`<section>
						<h2>${context.words().shipments.refused}</h2>
						<ul class="reasons">${refused.map(one => html`<li>${figures.whole(one.number)}${figures.colon}${sentenceView(one.problem, context.language(), context.words())}</li>`)}</ul>
					</section>`
		}
		<p class="hint">${said.rests(figures.whole(size))} ${said.zone(answer.zone)}</p>
	`;
}

type Source = EmissionsAnswer['sources'][number];

/** Where a source's channels are drawn. */
function channelsView({channels}: Source, context: Context): TemplateResult | typeof nothing {
	if (channels.length === 0) return nothing;
	return html`<span class="more">${channels.map(({urn}, i) => {
		const [device = '', ...part] = urn.split(':').slice(3);
		return html`${i > 0 ? context.figures().comma : ''}<a href=${hashOf('devices', device, part.join(':'))}>${channelText(urn, context.language())}</a>`;
	})}</span>`;
}

function gapsView({gaps}: Source, context: Context): TemplateResult | typeof nothing {
	const said = context.words().emissions;
	const figures = context.figures();
	const {list, leftOut} = gaps;
	if (list.length === 0) return nothing;
	const more = list.length + leftOut - gapsMax;
	return html`<ul class="reasons">
		${list.slice(-gapsMax).map(({fromMs, toMs, what}) => html`<li>${said.gaps[what]}${figures.colon}${figures.minute(fromMs)} – ${figures.minute(toMs)}</li>`)}
		${more > 0 ? html`<li>${said.more(figures.whole(more))}</li>` : nothing}
	</ul>`;
}
