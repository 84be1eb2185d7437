// Alarms: what the agent noted in its log, and what it refused.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Note, NoteList, RefusalList} from '../../api/client.ts';
import {sortText} from '../entry-words.ts';
import {type AskProblem, ask, createAsked, pathOf, problemFrom} from './ask.ts';
import {type Context, type Page, problemText} from './context.ts';
import {askedView, jsonText, tableView} from './parts.ts';
import {channelText} from './quoted.ts';
import {hashOf} from './route.ts';

const againMs = 15_000;
/** Pages that are looked at for one wish: a page of notes may be empty though older ones follow. */
const pagesPerWish = 8;

export function alarmsPage(context: Context): Page {
	/** Newest first; once older ones were wished for, what was shown before stays while newer ones come. */
	let shown: readonly Note[] = [];
	let next: string | undefined;
	let isOlder = false;
	let olderProblem: AskProblem | undefined;
	const notes = createAsked(async signal => {
		const {items, next: after} = await ask<NoteList>(pathOf(['log', 'notes'], {limit: 100}), {signal});
		if (!isOlder) next = after;
		const oldest = items.at(-1)?.index ?? Number.POSITIVE_INFINITY;
		shown = isOlder ? [...items, ...shown.filter(({index}) => index < oldest)] : items;
		return shown;
	}, context.redraw);
	const refusals = createAsked(signal => ask<RefusalList>(pathOf(['quarantine'], {limit: 100}), {signal}), context.redraw);
	const load = (): void => {
		void notes.again();
		void refusals.again();
	};
	load();
	const timer = setInterval(load, againMs);
	const more = async (): Promise<void> => {
		isOlder = true;
		olderProblem = undefined;
		try {
			for (let page = 0; page < pagesPerWish && next !== undefined; page += 1) {
				const found: NoteList = await ask<NoteList>(pathOf(['log', 'notes'], {limit: 100, cursor: next}));
				next = found.next;
				shown = [...shown, ...found.items];
				if (found.items.length > 0) break;
			}
		} catch (error) {
			olderProblem = problemFrom(error);
		}
		context.redraw();
	};
	return {
		title: () => context.words().alarms.title,
		move: () => true,
		leave: () => {
			clearInterval(timer);
			notes.stop();
			refusals.stop();
		},
		view: () => {
			const said = context.words().alarms;
			const figures = context.figures();
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				<section aria-labelledby="noted">
					<h2 id="noted">${said.noted}</h2>
					${askedView(notes, context, () =>
						shown.length === 0
							? html`<p>${said.noneNoted}</p>`
							: tableView(
									said.noted,
									[said.when, said.what, said.of, said.details, context.words().curve.entry],
									shown.map(({note, urn, atMs, body, index}) => [
										figures.time(atMs),
										html`<span class="note-of ${note}">${sortText('note', note, context.language())}</span>`,
										urn === null ? '' : channelText(urn, context.language()),
										body === null || body === undefined
											? ''
											: (gapText(body, context) ?? html`<details><summary>${said.details}</summary><pre>${jsonText(body)}</pre></details>`),
										html`<a href=${hashOf('log', index)}>${figures.whole(index)}</a>`,
									]),
								),
					)}
					${next === undefined ? nothing : html`<p><button type="button" @click=${() => void more()}>${said.more}</button></p>`}
					${olderProblem === undefined ? nothing : html`<p class="problem" role="alert">${problemText(olderProblem, context.words())}</p>`}
				</section>
				<section aria-labelledby="refused">
					<h2 id="refused">${said.refused}</h2>
					<p class="lead">${said.refusedLead}</p>
					${askedView(refusals, context, ({items}) =>
						items.length === 0
							? html`<p>${said.noneRefused}</p>`
							: tableView(
									said.refused,
									[said.when, said.what, said.topic, said.from, said.bytes, said.details],
									items.map(({arrivedAtMs, reason, topic, identity, bytes, detail}) => [
										figures.time(arrivedAtMs),
										{view: refusalView(reason, context), look: 'wrap' as const},
										{view: topic ?? '–', look: 'code' as const},
										identity ?? '–',
										{view: figures.whole(bytes), look: 'number' as const},
										{view: html`<span lang="en">${detail}</span>`, look: 'wrap' as const},
									]),
								),
					)}
				</section>`;
		},
	};
}

/** Which messages of a device are missing, by the numbers that it gave them; undefined of any other note. */
function gapText(body: unknown, context: Context): string | undefined {
	const {note, session, from, to} = body as Record<string, unknown>;
	if (note !== 'gap' || typeof from !== 'number' || typeof to !== 'number') return undefined;
	const {alarms} = context.words();
	const {whole} = context.figures();
	const missing = from === to ? alarms.missingOne(whole(from)) : alarms.missing(whole(from), whole(to));
	return typeof session === 'string' ? alarms.ofSession(missing, session) : missing;
}

/** The reason, and in Chinese what it means, with its name as the agent counts it. */
function refusalView(reason: string, context: Context): TemplateResult {
	const chinese = context.chinese();
	const meaning = chinese?.refusalMeaning(reason);
	if (chinese === undefined || meaning === undefined) return html`<span lang="en">${reason}</span>`;
	return html`<strong>${chinese.refusalName(reason, 'zh')}</strong><span class="more">${meaning}</span><span class="more" lang="en">${reason}</span>`;
}
