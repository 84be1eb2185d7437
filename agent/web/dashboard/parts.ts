// Small pieces that several pages draw alike.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Amount} from '../units.ts';
import type {Asked} from './ask.ts';
import {type Context, problemText} from './context.ts';
import type {Figures} from './figures.ts';
import type {Verdict} from './health.ts';
import {hashOf, mayOpen, placeOf} from './route.ts';

export type View = TemplateResult | typeof nothing | string;

const signs: Readonly<Record<Verdict, string>> = {good: '✓', half: '!', bad: '✕'};

/** A coloured sign; what it means stands beside it in words. */
export const signView = (verdict: Verdict): TemplateResult =>
	html`<span class="sign ${verdict}" aria-hidden="true">${signs[verdict]}</span>`;

/** What somebody else said, in the English in which he did. */
export const quotedView = (by: string, sentence: string, {colon}: Figures): TemplateResult =>
	html`<p class="quoted">${by}${colon}<q lang="en">${sentence}</q></p>`;

/** What was asked for, or why it is not there. What was there before stays while it is asked for again. */
export function askedView<T>(asked: Asked<T>, context: Context, view: (value: T) => View): View {
	const said = context.words();
	const {problem, value} = asked;
	const told =
		problem === undefined
			? nothing
			: html`<div class="problem" role="alert">
					<p>${problemText(problem, said)}</p>
					${quotedView(said.exact, problem.message, context.figures())}
					<button type="button" @click=${() => void asked.again()}>${said.again}</button>
				</div>`;
	if (value === undefined) return problem === undefined ? html`<p class="loading" role="status">${said.loading}</p>` : told;
	return html`${told}${view(value)}`;
}

/** A number with its unit, which is smaller. */
export const amountView = ({text, unit}: Amount, context: Context): TemplateResult =>
	html`${context.figures().exact(text)} <small>${unit}</small>`;

export type Figure = {readonly label: string; readonly value: View; readonly more?: View; readonly verdict?: Verdict | undefined};

/** Figures that one reads at a glance. */
export function figuresView(figures: readonly Figure[]): TemplateResult {
	return html`<dl class="figures">
		${figures.map(
			({label, value, more, verdict}) =>
				html`<div class=${verdict ?? ''}>
					<dt>${label}</dt>
					<dd>${value}${more === undefined || more === nothing || more === '' ? nothing : html`<span class="more">${more}</span>`}</dd>
				</div>`,
		)}
	</dl>`;
}

export type Row = readonly [label: string, value: View, look?: 'code' | 'quiet' | undefined];

export function factsView(rows: readonly (Row | undefined)[]): TemplateResult {
	return html`<dl class="facts">
		${rows.map(row => (row === undefined ? nothing : html`<div class=${row[2] ?? ''}><dt>${row[0]}</dt><dd>${row[1]}</dd></div>`))}
	</dl>`;
}

export type Cell = {readonly view: View; readonly look?: 'number' | 'code' | 'wrap'};

const isCell = (cell: Cell | View | undefined): cell is Cell => typeof cell === 'object' && cell !== null && 'view' in cell;

type Rows = readonly (readonly (Cell | View)[])[];

/** A table that can be scrolled by itself, with the keys as well. */
export const tableView = (label: string, heads: readonly string[], rows: Rows): TemplateResult => tableOf(label, heads, rows, false);

/** The same, but where there is little room each row is a card of its own, with the heads beside the cells: for tables of few rows that must not hide what matters behind an edge. */
export const cardsView = (label: string, heads: readonly string[], rows: Rows): TemplateResult => tableOf(label, heads, rows, true);

function tableOf(label: string, heads: readonly string[], rows: Rows, isStacked: boolean): TemplateResult {
	const numbers = heads.map((_, i) => rows.some(row => isCell(row[i]) && (row[i] as Cell).look === 'number'));
	// Roles are said: what is laid out in another way is a table all the same.
	return html`<div class=${isStacked ? 'table stacked' : 'table'} role="region" tabindex="0" aria-label=${label}>
		<table role="table">
			<thead role="rowgroup"><tr role="row">${heads.map((head, i) => html`<th role="columnheader" scope="col" class=${numbers[i] === true ? 'number' : ''}>${head}</th>`)}</tr></thead>
			<tbody role="rowgroup">
				${rows.map(
					row =>
						html`<tr role="row">${row.map((cell, i) => {
							const {view, look = ''} = isCell(cell) ? cell : {view: cell};
							const isEmpty = view === '' || view === nothing;
							return html`<td role="cell" class=${isEmpty ? `${look} none` : look} data-head=${heads[i] ?? ''}>${isStacked ? html`<div>${view}</div>` : view}</td>`;
						})}</tr>`,
				)}
			</tbody>
		</table>
	</div>`;
}

/** What somebody else wrote, as JSON: cut where it is long. */
const jsonLengthMax = 20_000;
export function jsonText(value: unknown): string {
	const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
	return text.length > jsonLengthMax ? `${text.slice(0, jsonLengthMax)}…` : text;
}

/** A sentence of the agent: in Chinese where there is one, or one for the code of the error, with what was said beside it. */
export function saidView(sentence: string, context: Context, code?: string | null): View {
	const table = context.chinese();
	const chinese = table?.inChinese(sentence) ?? table?.codesInChinese[code ?? ''];
	if (chinese === undefined) return html`<span lang="en">${sentence}</span>`;
	return html`${chinese}<span class="more" lang="en">${sentence}</span>`;
}

/** Where somebody may do so, the ways to the pages that share and pack what is shown, where the form is then filled in with it. */
export function takeView(
	context: Context,
	kind: 'device' | 'shipment' | 'site' | 'certificates',
	id: string,
	period?: {readonly fromMs: number; readonly toMs: number},
): View {
	const said = context.words();
	const {role} = context.session();
	if (role === null || !mayOpen(role, 'evidence')) return nothing;
	const mayShare = (kind === 'device' || kind === 'shipment') && mayOpen(role, 'sharing');
	return html`${mayShare ? html`<a class="button" href=${hashOf('sharing', kind, id)}>${said.sharing.button}</a>` : nothing}
		<a class="button" href=${hashOf('evidence', kind, id, period)}>${said.evidence.button}</a>`;
}

/** What the address says of the time that is looked at. */
export function placePeriod(): {readonly fromMs: number; readonly toMs: number} | undefined {
	const {fromMs, toMs} = placeOf(location.hash);
	return fromMs === undefined || toMs === undefined ? undefined : {fromMs, toMs};
}
