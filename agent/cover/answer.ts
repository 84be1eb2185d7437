// Turns the answer of any ledger into blocks that a person can read: numbers as figures, objects as facts, lists of objects as tables.

import type {Json} from '../format/document.ts';
import type {Block, Column, CoverLanguage, Tone} from './document.ts';
import {figureOf, figureText, scaleOf} from './figure.ts';
import {labelOf, ownTermOf, sentenceOf, termOf} from './labels.ts';
import {type Fields, isFields, ownNames, statedOf} from './names.ts';
import {withUnits} from './units.ts';

/** Deeper answers are shown as the JSON that they are. */
const depthMax = 6;
/** A wider table is cut into several, each with the first column. */
const columnsMax = 8;
/** A single row of more columns is shown as facts. */
const lineColumnsMax = 6;
/** Up to so many rows of a table that is wider are shown as its columns. */
const standingMax = 3;
/** Values of a plain list that are shown in one line. */
const listedMax = 40;
const lineLengthMax = 300;
const figuresMax = 6;

type Scalar = string | number | boolean | null;

const isScalar = (value: Json | undefined): value is Scalar => value === null || (typeof value !== 'object' && value !== undefined);

/** What stands under names that are a verdict. */
const verdictNames: readonly string[] = ['verdict', 'result', 'outcome'];
const tones: Readonly<Record<string, Tone>> = {
	good: 'good',
	complete: 'good',
	excursion: 'bad',
	bad: 'bad',
	indeterminate: 'unsure',
	incomplete: 'unsure',
	open: 'unsure',
};

/** One value under its name. */
export function valueText(name: string, value: Scalar, language: CoverLanguage): string {
	if (value === null) return '–';
	if (typeof value === 'boolean') return termOf(value ? 'yes' : 'no', language);
	return figureText(name, value, language) ?? (typeof value === 'number' ? String(value) : wordOf(name, value, language));
}

/** What people named is shown as they did, even where it is a word that we know. */
const givenNames: ReadonlySet<string> = new Set(
	`id name party holder account assignment assignments lots leg handedOverBy takenOverBy fromPlace toPlace place carrier vehicle goods product batch shipment site device owner issuer
	beneficiary remarks market region source channel urn scheme`.split(/\s+/),
);

/** Sentences, and codes with a name behind them, stand under few names. */
function wordOf(name: string, value: string, language: CoverLanguage): string {
	if (name === 'reasons' || name === 'problem') return sentenceOf(value, language);
	return givenNames.has(name) ? value : (ownTermOf(name, value, language) ?? termOf(value, language));
}

/** The answer from its beginning: first what it comes down to, then all the rest in its own order. */
export function answerBlocks(answer: Json, language: CoverLanguage): Block[] {
	const named = ownNames(withUnits(answer));
	const stated = isFields(named) ? statedOf(named) : undefined;
	if (!isFields(named)) return blocksOf('answer', named, language, 0);
	const figures: Figure[] = [];
	const notices: Block[] = [];
	const rest: {[key: string]: Json | undefined} = {};
	/** True if the number is one of the few that the answer comes down to, and there is room for it. */
	const show = (name: string, value: Json | undefined, label: string): boolean => {
		if (typeof value !== 'string' && typeof value !== 'number') return false;
		const text = figureText(name, value, language);
		if (text === undefined || figures.length === figuresMax) return false;
		figures.push({label, value: text, tone: 'plain'});
		return true;
	};
	for (const [name, value] of Object.entries(named)) {
		if (value === undefined) continue;
		if (name === 'verdict' && typeof value === 'string' && stated !== undefined) {
			const words = statedTexts[language];
			figures.push({label: words.stated, value: termOf(stated.verdict, language), tone: tones[stated.verdict] ?? 'plain'});
			// In no colour: it is not what counts.
			if (stated.isPart) {
				figures.push({label: words.ofPart, value: termOf(value, language), tone: 'plain'});
				notices.push({is: 'notice', tone: 'unsure', text: words.part(termOf(stated.verdict, language), termOf(value, language))});
			} else if (stated.isOther) {
				figures.push({label: words.ofReadings, value: termOf(value, language), tone: tones[value] ?? 'plain'});
				notices.push({is: 'notice', tone: 'unsure', text: words.other(termOf(stated.verdict, language), termOf(value, language))});
			}
		} else if (name === 'verdict' && typeof value === 'string' && named.isOpened === true)
			figures.push({label: statedTexts[language].open, value: termOf(value, language), tone: tones[value] ?? 'plain'});
		else if (verdictNames.includes(name) && typeof value === 'string')
			figures.push({label: labelOf(name, language), value: termOf(value, language), tone: tones[value] ?? 'plain'});
		else if (name === 'complete' && typeof value === 'boolean')
			notices.push({is: 'notice', tone: value ? 'good' : 'unsure', text: completeTexts[language][value ? 'yes' : 'no']});
		else if (name === 'reasons' && Array.isArray(value) && value.length > 0 && value.every(isScalar))
			notices.push({is: 'list', items: value.map(reason => valueText(name, reason, language))});
		else if (name === 'totals' && isFields(value)) {
			const left = Object.entries(value).filter(
				([inner, own]) =>
					!show(inner, own, `${labelOf('total', language)}${language === 'en' ? ', ' : '：'}${lowered(labelOf(inner, language))}`),
			);
			if (left.length > 0) rest[name] = Object.fromEntries(left);
		} else if (name === 'reported' && isFields(value)) {
			// What somebody answers for stands first.
			const before = figures.splice(0);
			const left = Object.entries(value).filter(([inner, own]) => !show(inner, own, labelOf(name, language)));
			figures.push(...before.slice(0, figuresMax - figures.length));
			if (left.length > 0) rest[name] = Object.fromEntries(left);
		} else if (/^total|Total/.test(name) && show(name, value, labelOf(name, language))) continue;
		else rest[name] = value;
	}
	return [...(figures.length === 0 ? [] : [{is: 'figures', figures} satisfies Block]), ...notices, ...blocksOf('', rest, language, 0)];
}

/** Not an abbreviation. */
const lowered = (label: string): string => (/^[A-Z][A-Z\d]/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1));

type Figure = {readonly label: string; readonly value: string; readonly tone: Tone};

const completeTexts: Readonly<Record<CoverLanguage, {readonly yes: string; readonly no: string}>> = {
	en: {
		yes: 'Complete: nothing that the answer needs is missing.',
		no: 'Not complete: the reasons say what is missing or uncertain.',
	},
	zh: {yes: '完整：结论所需的数据没有缺失。', no: '不完整：缺失或不确定的内容见所列原因。'},
};

type StatedTexts = {
	/** Nobody has closed it. */
	readonly open: string;
	readonly stated: string;
	readonly ofPart: string;
	readonly ofReadings: string;
	readonly part: (stated: string, found: string) => string;
	readonly other: (stated: string, found: string) => string;
};

const statedTexts: Readonly<Record<CoverLanguage, StatedTexts>> = {
	en: {
		open: 'Verdict so far: the shipment is not closed',
		stated: 'Verdict, as the shipment was closed',
		ofPart: 'Of the part of its time that was asked for',
		ofReadings: 'What its readings come to',
		part: (stated, found) =>
			`The shipment was closed as: ${stated}. The question is of a part of its time only: readings of that part come to: ${found}. Of the rest they say nothing.`,
		other: (stated, found) => `The shipment was closed as: ${stated}. Its readings, as they are in the log now, come to: ${found}.`,
	},
	zh: {
		open: '迄今判定（尚未结案）',
		stated: '货运结案判定',
		ofPart: '仅就所询问的部分时段',
		ofReadings: '现有读数得出的判定',
		part: (stated, found) => `该货运已按“${stated}”结案。本次询问仅涉及其部分时段，该时段的读数得出“${found}”，不涉及其余时段。`,
		other: (stated, found) => `该货运已按“${stated}”结案，而日志中现有的读数得出“${found}”。`,
	},
};

/** `within` says of what a heading is, where that is one of several. */
function blocksOf(name: string, value: Json | undefined, language: CoverLanguage, depth: number, within = ''): Block[] {
	if (value === undefined) return [];
	const label = `${within}${name === '' ? '' : labelOf(name, language)}`;
	const heading = label === '' ? [] : [{is: 'heading', text: label} satisfies Block];
	const line = lineOf(name, value, language, depth);
	if (line !== undefined) return [{is: 'facts', rows: [[labelOf(name, language), line]]}];
	if (isScalar(value)) return [];
	if (depth >= depthMax) return [...heading, {is: 'code', lines: [JSON.stringify(value)]}];
	if (isFields(value)) return [...heading, ...fieldsBlocks(value, language, depth, label === '' ? '' : `${label} · `)];
	const list = value as readonly Json[];
	if (list.every(isScalar)) return [...heading, {is: 'list', items: list.map(item => valueText(name, item, language))}];
	const flat = list.map(item => (isFields(item) ? flattened(item) : undefined));
	if (flat.every(one => one !== undefined)) return tablesOf(label, flat, language);
	return list.flatMap((item, i) => {
		if (!isFields(item)) return blocksOf(name, item, language, depth + 1, within);
		const title = `${language === 'en' ? oneOf(label) : label} ${textIn(item, 'id') ?? i + 1}`;
		return [{is: 'heading', text: title} satisfies Block, ...fieldsBlocks(item, language, depth + 1, `${title} · `)];
	});
}

/** `Sources` has a `Source` in it. */
const oneOf = (label: string): string => (label.endsWith('eries') ? label : label.replace(/(?<=[a-z]{2})s$/, ''));

const textIn = (fields: Fields, name: string): string | undefined => (typeof fields[name] === 'string' ? fields[name] : undefined);

/** What fits into one line: a value, a short list of values, or an object of a few of them. */
function lineOf(name: string, value: Json, language: CoverLanguage, depth: number): string | undefined {
	const [comma, semicolon] = language === 'en' ? [', ', '; '] : ['、', '；'];
	if (isScalar(value)) return valueText(name, value, language);
	if (!isFields(value)) {
		const list = value as readonly Json[];
		if (list.length === 0) return termOf('none', language);
		if (!list.every(isScalar) || list.length > listedMax) return undefined;
		const text = list.map(item => valueText(name, item, language)).join(comma);
		return text.length <= lineLengthMax ? text : undefined;
	}
	if (depth === 0) return undefined;
	const parts: string[] = [];
	for (const [inner, own] of Object.entries(value)) {
		if (own === undefined) continue;
		const text = isFields(own) || (Array.isArray(own) && own.length === 0) ? undefined : lineOf(inner, own, language, depth + 1);
		if (text === undefined) return undefined;
		parts.push(`${labelOf(inner, language)} ${text}`);
	}
	const text = parts.join(semicolon);
	return parts.length > 0 && text.length <= lineLengthMax ? text : undefined;
}

/** Facts that stand together in one list, then what needs room of its own, each in the order of the answer. */
function fieldsBlocks(fields: Fields, language: CoverLanguage, depth: number, within = ''): Block[] {
	const rows: [string, string][] = [];
	const blocks: Block[] = [];
	for (const [name, value] of Object.entries(fields)) {
		if (value === undefined) continue;
		const line = lineOf(name, value, language, depth + 1);
		if (line === undefined) blocks.push(...blocksOf(name, value, language, depth + 1, within));
		else rows.push([labelOf(name, language), line]);
	}
	return rows.length === 0 ? blocks : [{is: 'facts', rows}, ...blocks];
}

/** Cells by their names, where a row is flat enough for a table: no lists of objects in it. Objects in it give columns of their own. */
function flattened(item: Fields): Map<string, {readonly name: string; readonly value: Json}> | undefined {
	const cells = new Map<string, {readonly name: string; readonly value: Json}>();
	for (const [name, value] of Object.entries(item)) {
		if (value === undefined) continue;
		if (isScalar(value)) cells.set(name, {name, value});
		else if (isFields(value)) {
			for (const [inner, own] of Object.entries(value)) {
				if (own === undefined) continue;
				if (!isScalar(own)) return undefined;
				cells.set(`${name}.${inner}`, {name: inner, value: own});
			}
		} else if (value.every(isScalar)) cells.set(name, {name, value});
		else return undefined;
	}
	return cells;
}

type Row = NonNullable<ReturnType<typeof flattened>>;

/** What is the same in all rows is said once, below; what is left stands in tables that fit the paper. A unit stands at the head of its column. */
function tablesOf(title: string, rows: readonly Row[], language: CoverLanguage): Block[] {
	const keys = [...new Set(rows.flatMap(row => [...row.keys()]))];
	const labelled = (key: string): string =>
		key
			.split('.')
			.map((part, i) => (i > 0 && language === 'en' ? lowered(labelOf(part, language)) : labelOf(part, language)))
			.join(language === 'en' ? ', ' : '·');
	const made = keys.map(key =>
		columnOf(
			labelled(key),
			rows.map(row => row.get(key)),
			language,
		),
	);
	const isSame = ({cells}: MadeColumn): boolean => cells[0] !== '' && cells.every(cell => cell === cells[0]);
	const same = rows.length < 3 ? [] : made.slice(1).filter(isSame);
	const own = made.filter(column => !same.includes(column));
	const [first, ...rest] = own;
	if (rows.length === 1 && own.length > lineColumnsMax)
		return [
			{is: 'heading', text: title},
			{is: 'facts', rows: own.map(({column, cells}) => [column.title, cells[0]!])},
		];
	if (own.length > columnsMax && rows.length <= standingMax) return standing(title, first!, rest);
	const cuts = own.length <= columnsMax ? [own] : chunksOf(rest, columnsMax - 1).map(cut => [first!, ...cut]);
	const blocks = cuts.map((cut, i): Block => {
		const name = cuts.length === 1 ? title : `${title} (${i + 1}/${cuts.length})`;
		const cells = rows.map((_, row) => cut.map(column => column.cells[row]!));
		return {is: 'table', table: {title: name, columns: cut.map(({column}) => column), rows: cells, rest: undefined}};
	});
	if (same.length === 0) return blocks;
	return [
		...blocks,
		{is: 'facts', rows: same.map(({column, cells}) => [`${column.title} (${termOf('in all rows', language)})`, cells[0]!])},
	];
}

/** A few rows with much in each stand beside one another, so that each is read from top to bottom. */
function standing(title: string, first: MadeColumn, rest: readonly MadeColumn[]): Block[] {
	const columns = [first.column.title, ...first.cells].map((name): Column => ({title: name, isNumber: false}));
	return [{is: 'table', table: {title, columns, rows: rest.map(({column, cells}) => [column.title, ...cells]), rest: undefined}}];
}

type MadeColumn = {readonly column: Column; readonly cells: readonly string[]};
type Cell = {readonly name: string; readonly value: Json} | undefined;

/** The larger unit is taken only where no row would rather have the smaller one. */
function columnOf(title: string, cells: readonly Cell[], language: CoverLanguage): MadeColumn {
	const isNumberOf = (value: Json): value is number | string => typeof value === 'number' || typeof value === 'string';
	const numbers = cells.flatMap(cell => (cell !== undefined && isNumberOf(cell.value) ? [{name: cell.name, value: cell.value}] : []));
	const scale = numbers.every(({name, value}) => scaleOf(name, value) === 'large') ? 'large' : 'small';
	const figures = numbers.map(({name, value}) => figureOf(name, value, language, scale));
	const isAllFigures =
		figures.length > 0 &&
		figures.every(figure => figure !== undefined) &&
		cells.every(cell => cell === undefined || cell.value === null || isNumberOf(cell.value));
	const unit = isAllFigures ? figures[0]?.unit : undefined;
	const texts = cells.map(cell => {
		if (cell === undefined) return '';
		const {name, value} = cell;
		if (Array.isArray(value) && value.length === 0) return termOf('none', language);
		if (!isScalar(value)) return (value as readonly Scalar[]).map(one => valueText(name, one, language)).join(' ');
		if (isAllFigures && value !== null) return figureOf(name, value as number | string, language, scale)!.text;
		return valueText(name, value, language);
	});
	const isTimes = numbers.some(({name}) => /Ms$/.test(name));
	return {column: {title: unit === undefined ? title : `${title} (${unit})`, isNumber: isAllFigures && !isTimes}, cells: texts};
}

function chunksOf<T>(items: readonly T[], length: number): T[][] {
	const chunks: T[][] = [];
	for (let at = 0; at < items.length; at += length) chunks.push(items.slice(at, at + length));
	return chunks;
}
