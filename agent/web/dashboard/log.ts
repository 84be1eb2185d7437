// The log explorer: entries, newest first, and of one entry what it says and how it is proven.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Agent, Entry, Path} from '../../api/client.ts';
import {kindText, sortText} from '../entry-words.ts';
import {readableValue} from '../units.ts';
import {AskProblem, ask, createAsked, pathOf} from './ask.ts';
import type {Context, Page} from './context.ts';
import {askedView, factsView, jsonText, type Row, tableView, type View} from './parts.ts';
import {pathHolds} from './path-check.ts';
import {channelText, nameText} from './quoted.ts';
import {hashOf, type Place} from './route.ts';
import {drawingOf, type Node, nameOf, treeView} from './tree.ts';

const pageLength = 20;

export function logPage(context: Context, place: Place): Page {
	const index = place.of === undefined || !/^\d{1,15}$/.test(place.of) ? undefined : Number(place.of);
	return index === undefined ? listPage(context) : entryPage(context, index);
}

type Line = Entry | {readonly index: number; readonly problem: AskProblem};

function listPage(context: Context): Page {
	/** Of the newest entry that is shown; undefined: the newest of all. */
	let from: number | undefined;
	let size = 0;
	const list = createAsked(async signal => {
		size = (await ask<Agent>('/agent', {signal})).size;
		const top = Math.min(from ?? size - 1, size - 1);
		const indexes = Array.from({length: Math.min(pageLength, top + 1)}, (_, i) => top - i);
		return Promise.all(indexes.map(index => line(index, signal)));
	}, context.redraw);
	const line = async (index: number, signal: AbortSignal): Promise<Line> => {
		try {
			return await ask<Entry>(pathOf(['log', 'entries', index]), {signal});
		} catch (error) {
			// One that was pruned is a line as well.
			if (error instanceof AskProblem && error.code === 'pruned') return {index, problem: error};
			throw error;
		}
	};
	void list.again();
	const turn = (next: number | undefined): void => {
		from = next;
		void list.again();
	};
	return {
		title: () => context.words().log.title,
		move: place => place.of === undefined,
		leave: list.stop,
		view: () => {
			const said = context.words().log;
			const figures = context.figures();
			const top = Math.min(from ?? size - 1, size - 1);
			const isNewest = from === undefined && (context.agent()?.size ?? 0) <= size;
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				<div class="line">
					<form class="go-to" @submit=${(event: SubmitEvent) => {
						event.preventDefault();
						const text = String(new FormData(event.target as HTMLFormElement).get('index')).replaceAll(/\D/g, '');
						if (text !== '') context.go(hashOf('log', text));
					}}>
						<label for="index">${said.goTo}</label>
						<input id="index" name="index" inputmode="numeric" autocomplete="off" maxlength="16" />
						<button type="submit">${said.go}</button>
					</form>
					<div class="buttons">
						<button type="button" ?disabled=${isNewest} @click=${() => turn(undefined)}>${said.newestOnes}</button>
						<button type="button" ?disabled=${from === undefined} @click=${() => turn(top + pageLength >= size - 1 ? undefined : top + pageLength)}>← ${said.newer}</button>
						<button type="button" ?disabled=${top - pageLength < 0} @click=${() => turn(top - pageLength)}>${said.older} →</button>
					</div>
				</div>
				${askedView(list, context, lines =>
					lines.length === 0
						? html`<p>${said.empty}</p>`
						: tableView(
								said.title,
								[context.words().curve.entry, said.kind, said.value, said.of, said.arrived],
								lines.map(one => {
									const link = html`<a href=${hashOf('log', one.index)}>${figures.whole(one.index)}</a>`;
									if ('problem' in one) return [link, {view: context.words().problems.pruned, look: 'wrap' as const}, '', '', ''];
									return [
										link,
										kindOf(one, context),
										{view: valueView(one, context), look: 'number' as const},
										one.device === null ? '' : subjectOf(one, context),
										figures.time(one.arrivedAtMs),
									];
								}),
							),
				)}`;
		},
	};
}

function kindOf({kind, sort}: Entry, context: Context): string {
	const language = context.language();
	const name = kindText(kind, language);
	// A reading's quantity is in the name of its channel.
	if (sort === null || kind === 'reading') return name;
	return `${name} · ${sortText(kind, sort, language)}`;
}
const subjectOf = ({urn, device}: Entry, context: Context): string =>
	urn === null ? (device ?? '–') : channelText(urn, context.language());

function valueView({kind, value, exponent, unit}: Entry, context: Context): View {
	if (kind !== 'reading') return value === '0' ? '' : value;
	return context.figures().amount(readableValue(value, exponent, unit));
}

function entryPage(context: Context, index: number): Page {
	let chosen = 'checkpoint';
	let fits: boolean | undefined;
	const entry = createAsked(signal => ask<Entry>(pathOf(['log', 'entries', index]), {signal}), context.redraw);
	const path = createAsked(signal => ask<Path>(pathOf(['log', 'entries', index, 'path']), {signal}), context.redraw);
	const load = async (): Promise<void> => {
		await Promise.all([entry.again(), path.again()]);
		if (entry.value !== undefined && path.value !== undefined) fits = pathHolds(entry.value, path.value, index);
		context.redraw();
	};
	void load();
	// A path may come with the next checkpoint.
	const timer = setInterval(() => {
		if (path.value === undefined && path.problem?.code === 'not-yet' && !path.isAsking) void load();
	}, 2000);
	return {
		title: () => context.words().log.entry(context.figures().whole(index)),
		leave: () => {
			clearInterval(timer);
			entry.stop();
			path.stop();
		},
		view: () => {
			const said = context.words().log;
			const figures = context.figures();
			return html`<div class="line">
					<h1>${said.entry(figures.whole(index))}</h1>
					<div class="buttons">
						${index === 0 ? nothing : html`<a class="button" href=${hashOf('log', index - 1)}>← ${said.before}</a>`}
						<a class="button" href=${hashOf('log', index + 1)}>${said.after} →</a>
					</div>
				</div>
				${askedView(entry, context, value => entryView(value, context))}
				${
					// Of what is not there, to say so once is enough.
					entry.problem?.code === 'not-found'
						? nothing
						: html`<section aria-labelledby="proof">
							<h2 id="proof">${said.proof}</h2>
							<p class="lead">${said.proofLead}</p>
							${askedView(path, context, value => proofView(value, context))}
						</section>`
				}`;
		},
	};

	function proofView(value: Path, context: Context): TemplateResult {
		const said = context.words().log;
		const drawing = drawingOf(value);
		const node = (drawing.nodes.find(({id}) => id === chosen) ?? drawing.nodes[0]!).node;
		const {kind, arrivalState} = entry.value ?? {};
		/** What traders signed, and enrolments, have none. */
		const mayReceipt = kind !== 'order' && kind !== 'enrolment';
		const mayMessage = arrivalState === 'shown';
		return html`
			${fits === undefined ? nothing : html`<p class="checked ${fits ? 'good' : 'bad'}">${fits ? '✓' : '✕'} ${fits ? said.checked : said.unchecked}</p>`}
			<div class="buttons">
				${mayReceipt ? html`<a class="button first" download=${`receipt-${index}.json`} href=${`/v1${pathOf(['log', 'entries', index, 'receipt'])}`}>${said.receipt}</a>` : nothing}
				${mayMessage ? html`<a class="button" download=${`receipt-${index}.json`} href=${`/v1${pathOf(['log', 'entries', index, 'receipt'], {arrival: 'show'})}`}>${said.receiptMessage}</a>` : nothing}
				<a class="button" href="/verify" target="_blank" rel="noopener">${context.words().openVerify}</a>
			</div>
			<p class="hint">${said.receiptHint}</p>
			<div class="proof">
				${treeView(value, chosen, context.words(), context.figures(), id => {
					chosen = id;
					context.redraw();
					if (matchMedia('(max-width: 62rem)').matches)
						requestAnimationFrame(() => document.querySelector('.node-of')?.scrollIntoView({block: 'nearest'}));
				})}
				<div class="node-of" role="region" tabindex="0" aria-label=${nameOf(node, context.words())} aria-live="polite">${nodeView(node, value, context)}</div>
			</div>
		`;
	}

	function nodeView(node: Node, value: Path, context: Context): TemplateResult {
		const said = context.words();
		const {explain, fields} = said.log;
		const figures = context.figures();
		const head = html`<h3>${nameOf(node, said)}</h3>`;
		switch (node.kind) {
			case 'entry':
				return html`${head}<p>${explain.entry}</p>${factsView([[said.log.bytes, entry.value?.bytes ?? '–', 'code']])}`;
			case 'leaf':
				return html`${head}<p>${explain.leaf}</p>${factsView([[fields.hash, node.hash, 'code']])}`;
			case 'sum':
			case 'sibling': {
				const {begin, end, hash} = node;
				return html`${head}<p>${explain[node.kind](figures.whole(end - begin), figures.whole(begin), figures.whole(end - 1))}</p>${factsView([[fields.hash, hash, 'code']])}`;
			}
			case 'checkpoint': {
				const {origin, size, root, note} = value.checkpoint;
				return html`${head}<p>${explain.checkpoint(figures.whole(size))}</p>
					${factsView([
						[fields.origin, origin, 'code'],
						[fields.size, figures.whole(size)],
						[fields.root, root, 'code'],
						[fields.note, html`<pre>${note}</pre>`],
					])}`;
			}
			case 'anchor': {
				const {authority, chainId, blockNumber, blockTime, transactionHash, registry, token} = node.anchor;
				const row = (label: string, found: unknown, look?: 'code'): Row | undefined =>
					found === undefined || found === null ? undefined : [label, String(found), look];
				return html`${head}<p>${typeof authority === 'string' ? explain.authority : explain.chain}</p>
					${factsView([
						row(fields.authority, authority),
						row(fields.chainId, chainId),
						row(fields.blockNumber, blockNumber),
						typeof blockTime === 'number' ? [fields.blockTime, figures.time(blockTime * 1000)] : undefined,
						row(fields.transactionHash, transactionHash, 'code'),
						row(fields.registry, registry, 'code'),
						typeof token === 'string' ? [fields.token, token.length > 400 ? `${token.slice(0, 400)}…` : token, 'code'] : undefined,
					])}`;
			}
			case 'noAnchor':
				return html`${head}<p>${explain.noAnchor}</p>`;
		}
	}
}

function entryView(entry: Entry, context: Context): TemplateResult {
	const said = context.words().log;
	const figures = context.figures();
	const {kind, quality, measuredAtMs, arrivedAtMs, number, device, urn, body, arrival, arrivalState} = entry;
	const part = urn?.split(':').slice(4).join(':');
	const around = measuredAtMs ?? arrivedAtMs;
	const isReading = kind === 'reading' && device !== null;
	return html`<section>
		${factsView([
			[said.kind, kindOf(entry, context)],
			[
				said.of,
				isReading
					? html`<a href=${hashOf('devices', device, part, {fromMs: around - 1_800_000, toMs: around + 1_800_000})}>${subjectOf(entry, context)}</a>`
					: (urn ?? '–'),
			],
			[said.value, html`<strong class="big">${valueView(entry, context) || '–'}</strong>`],
			measuredAtMs === null ? undefined : [said.measured, figures.time(measuredAtMs)],
			[said.arrived, figures.time(arrivedAtMs)],
			[said.number, figures.whole(number)],
			quality.length === 0 ? undefined : [said.quality, quality.map(mark => nameText(mark, context.language())).join(figures.comma)],
			body === null || body === undefined ? undefined : [said.says, html`<pre>${jsonText(body)}</pre>`],
			[
				said.message,
				arrivalState === 'shown' ? html`<pre>${jsonText(arrival)}</pre>` : said.messages[arrivalState],
				arrivalState === 'shown' ? undefined : 'quiet',
			],
		])}
	</section>`;
}
