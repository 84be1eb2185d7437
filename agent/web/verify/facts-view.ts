// Turns what a verdict says of a file into rows for people.

import {html, nothing, type TemplateResult} from 'lit-html';
import {answerBlocks} from '../../cover/answer.ts';
import type {Block} from '../../cover/document.ts';
import {termOf} from '../../cover/labels.ts';
import type {Json} from '../../format/document.ts';
import type {EntryFacts} from '../../verify/facts.ts';
import type {Completeness, Verdict} from '../../verify/verdict.ts';
import {kindText, sortText} from '../entry-words.ts';
import {type Language, punctuation} from '../language.ts';
import {readableText} from '../units.ts';
import type {Words} from './words.ts';

export type Row = {
	readonly label: string;
	readonly text: string;
	/** big: what the file is about. code: hexadecimal and the like. long: text of many lines. quiet: there is nothing. */
	readonly look?: 'big' | 'code' | 'long' | 'quiet';
	readonly more?: string | undefined;
};

/** UTC, without the milliseconds where there are none. */
export function timeText(timeMs: number): string {
	const date = new Date(timeMs);
	if (Number.isNaN(date.getTime())) return `${timeMs} ms`;
	return date
		.toISOString()
		.replace('T', ' ')
		.replace(/\.000Z$/, ' UTC')
		.replace(/Z$/, ' UTC');
}

const between = (fromMs: number, toMs: number): string => `${timeText(fromMs)} – ${timeText(toMs)}`;

/** A value in the unit that people read, and as it stands where that has another unit. */
function valueTexts(value: string, unit: string | undefined): readonly [text: string, exact?: string] {
	const shown = readableText(value, unit);
	const text = `${shown.text} ${shown.unit}`.trim();
	return shown.unit === (unit ?? '') ? [text] : [text, `${value} ${unit}`];
}

function readingTexts({value, unit, quantity}: EntryFacts, language: Language): readonly [text: string, exact?: string] {
	return value === undefined ? [`${termOf(quantity, language)} –`] : valueTexts(value, unit);
}

/** Marks in words. */
const marksText = (qualities: readonly string[], language: Language): string =>
	qualities.map(one => termOf(one, language)).join(punctuation[language].comma);

function entryRow(label: string, entry: EntryFacts, said: Words, language: Language): Row {
	const {measuredAtMs, arrivedAtMs, number, qualities} = entry;
	const when = measuredAtMs === undefined ? `${timeText(arrivedAtMs)} ${said.by.agent}` : `${timeText(measuredAtMs)} ${said.by.device}`;
	const marks = qualities.length > 0 ? ` · ${marksText(qualities, language)}` : '';
	const [text, exact] = readingTexts(entry, language);
	return {label, text, more: `${exact === undefined ? '' : `${exact} · `}${when} · ${said.labels.number} ${number}${marks}`};
}

function completeRows({state, missing, missingRuns}: Completeness, said: Words): Row[] {
	const runs = missing.map(({from, to}) => (from === to ? `${from}` : `${from}–${to}`));
	const rest = missingRuns > missing.length ? ' …' : '';
	return [
		{label: said.labels.complete, text: said.complete[state]},
		...(runs.length > 0 ? [{label: said.labels.missing, text: `${runs.join(', ')}${rest}`}] : []),
	];
}

/** Payloads are as long as their senders like. */
const textLengthMax = 20_000;
const cut = (text: string): string => (text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text);

export function factRows({facts, document}: Verdict, said: Words, language: Language): Row[] {
	const {labels} = said;
	const rows: Row[] = [];
	const add = (label: string, text: string | number | undefined, look?: Row['look'], more?: string): void => {
		if (text !== undefined) rows.push({label, text: cut(`${text}`), ...(look === undefined ? {} : {look}), more});
	};
	const addValue = (label: string, [text, exact]: readonly [text: string, exact?: string]): void => add(label, text, 'big', exact);
	const {entry, arrival, identity, history, disclosure, package: evidence} = facts;
	if (entry?.kind === 'reading') addValue(termOf(entry.quantity, language), readingTexts(entry, language));
	else if (entry !== undefined)
		add(labels.kind, `${kindText(entry.kind, language)} · ${sortText(entry.kind, entry.quantity, language)}`, 'big');
	const register = history?.register;
	if (register?.rise !== undefined) addValue(labels.rise, valueTexts(register.rise, history?.readings.last?.unit));
	else if (register?.noRise !== undefined) add(labels.rise, '–', undefined, register.noRise);
	if (facts.channel !== undefined) add(labels.channel, facts.channel);
	else if (document === 'receipt' && entry !== undefined) add(labels.channel, said.notShown, 'quiet');
	if (entry !== undefined) {
		if (entry.kind === 'reading' && entry.measuredAtMs !== undefined)
			add(labels.measured, timeText(entry.measuredAtMs), undefined, said.by.device);
		add(labels.arrived, timeText(entry.arrivedAtMs), undefined, said.by.agent);
		if (entry.qualities.length > 0) add(labels.quality, marksText(entry.qualities, language));
		if (facts.bodyText !== undefined) add(labels.body, facts.bodyText, 'long');
	}
	if (arrival?.corrects !== undefined) {
		add(labels.corrects, `${labels.number} ${arrival.corrects.corrects.number}`);
		add(labels.reason, arrival.corrects.reason);
	} else if (arrival !== undefined) {
		add(labels.topic, arrival.topic);
		add(labels.sentBy, arrival.identity);
		if (arrival.payloadText === undefined) add(labels.payload, `${arrival.payloadLength} B`);
		else add(labels.payload, arrival.payloadText, 'long');
		if (arrival.signature !== undefined) {
			if (arrival.signature.payloadText !== undefined) add(labels.content, arrival.signature.payloadText, 'long');
			add(labels.signedBy, arrival.signature.key, 'code', arrival.signature.form);
		}
	}
	if (identity !== undefined) {
		add(labels.device, identity.urn, undefined, identity.event);
		add(labels.key, identity.key, 'code');
		if (identity.calibration !== undefined)
			add(
				labels.calibration,
				`${identity.calibration.notBefore} – ${identity.calibration.notAfter}`,
				undefined,
				identity.isCalibrated === undefined ? undefined : identity.isCalibrated ? said.yes : said.no,
			);
		add(labels.owner, identity.owner, 'code');
	}
	if (history !== undefined) {
		const {fromMs, toMs, entries, readings, corrections, completeness, notes} = history;
		add(labels.period, between(fromMs, toMs));
		add(labels.entries, entries, undefined, `${labels.readings}${punctuation[language].colon}${readings.count}`);
		if (readings.first !== undefined) rows.push(entryRow(labels.first, readings.first, said, language));
		if (readings.last !== undefined && readings.count > 1) rows.push(entryRow(labels.last, readings.last, said, language));
		if (register !== undefined && register.exceptions > 0) add(labels.exceptions, register.exceptions);
		if (corrections.count > 0) add(labels.corrected, corrections.count);
		if (completeness !== undefined) rows.push(...completeRows(completeness, said));
		if (notes.gaps > 0) add(labels.gaps, notes.gaps);
		if (notes.silences > 0) add(labels.silences, notes.silences);
	}
	if (disclosure !== undefined) {
		const {register: shown} = disclosure;
		if (shown !== undefined) {
			addValue(labels.rise, valueTexts(shown.total, shown.unit));
			add(labels.channel, shown.urn);
		}
		add(labels.reader, disclosure.reader);
		if (disclosure.purpose !== '') add(labels.purpose, disclosure.purpose);
		add(labels.made, timeText(disclosure.madeAtMs), undefined, said.by.maker);
		if (disclosure.fromMs !== undefined && disclosure.toMs !== undefined) add(labels.period, between(disclosure.fromMs, disclosure.toMs));
		for (const {from, to} of shown?.pairs ?? [])
			rows.push(entryRow(labels.first, from, said, language), entryRow(labels.last, to, said, language));
		if (shown === undefined) {
			add(labels.entries, disclosure.entries);
			for (const {urn, first, last, completeness} of disclosure.channels.slice(0, 50)) {
				add(labels.channel, urn);
				if (first?.kind === 'reading') rows.push(entryRow(labels.first, first, said, language));
				if (last?.kind === 'reading' && last.index !== first?.index) rows.push(entryRow(labels.last, last, said, language));
				if (completeness !== undefined) rows.push(...completeRows(completeness, said));
			}
		}
	}
	if (evidence !== undefined) {
		const {question} = evidence;
		add(labels.question, `${said.subjects[question.about]} ${question.id}`, 'big');
		add(labels.period, between(question.fromMs, question.toMs));
		add(labels.entries, evidence.entries);
		add(labels.made, timeText(evidence.madeAtMs), undefined, said.by.maker);
		add(labels.program, evidence.program, undefined, `${evidence.ledger} ${evidence.ledgerVersion}`);
		if (evidence.completeness !== undefined) add(labels.complete, said.complete[evidence.completeness]);
		if (evidence.absent.length > 0) add(labels.absent, evidence.absent.slice(0, 50).join(', '), undefined, said.by.maker);
		if (evidence.gaps > 0) add(labels.gaps, evidence.gaps);
		if (evidence.silences > 0) add(labels.silences, evidence.silences);
		if (evidence.refused > 0) add(labels.refused, evidence.refused, undefined, said.by.maker);
	}
	if (facts.origin !== undefined) add(labels.log, facts.origin, undefined, said.size(facts.size ?? 0));
	return rows;
}

export type Cell = {readonly text: string; readonly isNumber: boolean};

const numberColumns = new Set(['number', 'index', 'value', 'corrects', 'correctedBy']);

/** Cells of one row of the table of a history. */
export function entryRowsOf(row: readonly string[], columns: readonly string[], said: Words, language: Language): Cell[] {
	return row.map((text, i) => {
		const column = columns[i]!;
		if (column === 'inPeriod') return {text: text === '1' ? said.yes : said.no, isNumber: false};
		if (column === 'measuredAt' || column === 'arrivedAt')
			return {text: text.replace('T', ' ').replace(/(?:\.000)?Z$/, ''), isNumber: true};
		if (column === 'kind') return {text: kindText(text, language), isNumber: false};
		if (column === 'quantity') return {text: sortText(row[columns.indexOf('kind')] ?? '', text, language), isNumber: false};
		if (column === 'qualities') return {text: text === '' ? '' : marksText(text.split(' '), language), isNumber: false};
		return {text, isNumber: numberColumns.has(column)};
	});
}

const rowsOfTableMax = 200;

/** The answer of a package, as its cover has it: first what it comes down to. Its shape is its ledger's; what cannot be laid out is shown as it stands. */
export function answerView(answer: Json, said: Words, language: Language): TemplateResult {
	let blocks: readonly Block[];
	try {
		blocks = answerBlocks(answer, language);
	} catch {
		blocks = [{is: 'code', lines: [cut(JSON.stringify(answer))]}];
	}
	// What it comes down to stands first.
	const end = blocks.findIndex(({is}) => is !== 'figures' && is !== 'notice');
	const first = end < 0 ? blocks : blocks.slice(0, end);
	const rest = blocks.slice(first.length);
	const isFolded = first.length > 0 && rest.length > 0;
	const restView = rest.map(block => blockView(block, said));
	return html`<h3>${said.answer}</h3>
		${first.map(block => blockView(block, said))}
		${isFolded ? html`<details class="machine"><summary>${said.wholeAnswer}</summary>${restView}</details>` : restView}`;
}

function blockView(block: Block, said: Words): TemplateResult | typeof nothing {
	switch (block.is) {
		case 'text':
			return html`<p>${block.text}</p>`;
		case 'heading':
			return html`<h4>${block.text}</h4>`;
		case 'notice':
			return html`<p class=${block.tone === 'good' ? '' : 'caution'}>${block.text}</p>`;
		case 'facts':
			return html`<dl class="facts">${block.rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${cut(value)}</dd></div>`)}</dl>`;
		case 'figures':
			return html`<dl class="figures">${block.figures.map(({label, value}) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
		case 'list':
			return html`<ul>${block.items.map(item => html`<li>${item}</li>`)}</ul>`;
		case 'code':
			return html`<pre tabindex="0">${block.lines.join('\n')}</pre>`;
		case 'blanks':
			return nothing;
		case 'table': {
			const {title, columns, rows, rest} = block.table;
			const shown = rows.slice(0, rowsOfTableMax);
			return html`<details class="machine">
				<summary>${title} · ${said.items(rows.length)}</summary>
				${rows.length > shown.length ? html`<p class="hint">${said.readingsCount(shown.length, rows.length)}</p>` : nothing}
				${rest === undefined ? nothing : html`<p class="hint">${rest}</p>`}
				<div class="table" tabindex="0" role="region" aria-label=${title}><table>
					<thead><tr>${columns.map(({title: name}) => html`<th scope="col">${name}</th>`)}</tr></thead>
					<tbody>${shown.map(row => html`<tr>${row.map((text, i) => html`<td class=${columns[i]?.isNumber === true ? 'number' : ''}>${text}</td>`)}</tr>`)}</tbody>
				</table></div>
			</details>`;
		}
	}
}
