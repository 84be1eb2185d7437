// Pieces of forms that several pages draw alike: fields with their labels, times in the reader's zone, a text that is shown once, a question before what cannot be taken back.

import {html, nothing, type TemplateResult} from 'lit-html';
import {type Asked, type AskProblem, ask, createAsked} from './ask.ts';
import {type Context, problemText} from './context.ts';
import {quotedView, type View} from './parts.ts';
import type {Words} from './words.ts';

export type Choice = readonly [value: string, text: string];

export function choiceView(
	label: string,
	name: string,
	choices: readonly Choice[],
	chosen: string | undefined,
	choose: (value: string) => void = () => {},
): TemplateResult {
	return html`<label>${label}
		<select name=${name} @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}>
			${choices.map(([value, text]) => html`<option value=${value} .selected=${value === chosen}>${text}</option>`)}
		</select>
	</label>`;
}

/** The names of all things that are listed behind a path. */
export function askedIds(path: string, context: Context): Asked<readonly string[]> {
	return createAsked<readonly string[]>(async signal => {
		const {items} = await ask<{readonly items: readonly (string | {readonly id: string})[]}>(path, {signal});
		return items.map(one => (typeof one === 'string' ? one : one.id)).sort();
	}, context.redraw);
}

/** Which of the things that there are, once they are known. */
export function thingView(
	label: string,
	asked: Asked<readonly string[]> | undefined,
	chosen: string | undefined,
	none: string,
	choose: (value: string) => void,
	context: Context,
): View {
	if (asked === undefined) return nothing;
	const {value, problem} = asked;
	if (value === undefined)
		return html`<p class="hint" role="status">${problem === undefined ? context.words().loading : problemText(problem, context.words())}</p>`;
	// What the address names may be shared although the list has lost it.
	const all = chosen === undefined || value.includes(chosen) ? value : [chosen, ...value];
	if (all.length === 0) return html`<p class="hint">${none}</p>`;
	return choiceView(
		label,
		'of',
		all.map(one => [one, one]),
		chosen ?? all[0],
		choose,
	);
}

const two = (number: number): string => String(number).padStart(2, '0');

/** As an input of the type datetime-local wants it, in the zone of the browser. */
export function localText(ms: number): string {
	const at = new Date(ms);
	return `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** undefined for what is no time. */
function localMs(text: string): number | undefined {
	const ms = new Date(text).getTime();
	return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

export type PeriodText = {readonly from: string; readonly to: string};

export function periodView({from, to}: PeriodText, change: (period: PeriodText) => void, context: Context): TemplateResult {
	const said = context.words();
	const field = (label: string, value: string, put: (value: string) => void): TemplateResult =>
		html`<label>${label}
			<input type="datetime-local" required step="60" .value=${value} @input=${(event: Event) => {
				// Half a time is none: what is being typed must not be taken away.
				const typed = (event.target as HTMLInputElement).value;
				if (typed !== '') put(typed);
			}} />
		</label>`;
	return html`<div class="times">${field(said.from, from, next => change({from: next, to}))}${field(said.to, to, next => change({from, to: next}))}</div>`;
}

/** The times of a period that begins before it ends. */
export function periodOf({from, to}: PeriodText): {readonly fromMs: number; readonly toMs: number} | undefined {
	const [fromMs, toMs] = [localMs(from), localMs(to)];
	return fromMs === undefined || toMs === undefined || fromMs >= toMs ? undefined : {fromMs, toMs};
}

/** A problem of something that was to be done, with what the agent said. */
function refusedView(problem: AskProblem, context: Context): View {
	const said = context.words();
	const text = problem.code === 'rate-limited' ? said.signIn.wait(problem.retryAfterS ?? 1) : problemText(problem, said);
	return html`<p>${text}</p>${quotedView(said.exact, problem.message, context.figures())}`;
}

/** Told once it was done, or not done: made when it is drawn, since the reader may change the language meanwhile. */
export type Told = (said: Words) => string;

/** What came of what was to be done, with whatever else is to be read out then. */
export function outcomeView(
	problem: AskProblem | undefined,
	told: Told | undefined,
	context: Context,
	more: View = nothing,
): TemplateResult {
	return html`<div role="alert">
		${problem === undefined ? nothing : html`<div class="told">${refusedView(problem, context)}</div>`}
		${told === undefined ? nothing : html`<p class="told">${told(context.words())}</p>`}
		${more}
	</div>`;
}

/** Whether it could be copied, of what was: forgotten together with it. */
const copies = new WeakMap<object, boolean>();

/** A text of `made` that is shown once, to be taken along. */
export function onceView(made: object, label: string, text: string, why: string, context: Context): TemplateResult {
	const said = context.words();
	const isCopied = copies.get(made);
	const copy = async (event: Event): Promise<void> => {
		(event.currentTarget as HTMLElement).parentElement!.querySelector('input')!.select();
		// Without TLS a browser keeps its clipboard from pages; then it is marked, and the keyboard copies it.
		const isDone = await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
			() => true,
			() => false,
		);
		copies.set(made, isDone);
		context.redraw();
	};
	return html`<div class="once">
		<p>${why}</p>
		<div class="take">
			<input readonly aria-label=${label} .value=${text} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
			<button type="button" @click=${copy}>${isCopied === undefined ? said.copy : isCopied ? said.copied : said.copyYourself}</button>
		</div>
	</div>`;
}

/** A button, and before it a question once it was pressed. The button stays, and then takes it back: whoever has the focus on it keeps it, and who presses twice has done nothing. */
export function sureView(
	label: string,
	question: string,
	isAsked: boolean,
	ask: (isAsked: boolean) => void,
	go: () => void,
	context: Context,
): TemplateResult {
	const said = context.words();
	return html`<span class=${isAsked ? 'sure' : nothing} role=${isAsked ? 'group' : nothing} aria-label=${isAsked ? question : nothing}>
		${isAsked ? html`<span role="alert">${question}</span> <button type="button" class="first" @click=${go}>${said.really}</button>` : nothing}
		<button type="button" @click=${() => ask(!isAsked)}>${isAsked ? said.rather : label}</button>
	</span>`;
}
