// Turns blocks into lines for a terminal, and the tables of an answer into comma-separated values for whoever counts on with them.

import type {Json} from '../format/document.ts';
import type {Block, Table} from './document.ts';
import {plainText} from './plain.ts';

/** Wider cells are cut in a terminal; the file has them whole. */
const cellWidthMax = 40;

/** Long tables are cut to `rowsMax` rows, and say so. */
export function blocksText(blocks: readonly Block[], rowsMax: number): string {
	const lines = blocks.flatMap(block => blockLines(block, rowsMax));
	return lines.length === 0 ? '' : `${lines.map(line => plainText(line).trimEnd()).join('\n')}\n`;
}

function blockLines(block: Block, rowsMax: number): string[] {
	switch (block.is) {
		case 'text':
		case 'notice':
			return [block.text];
		case 'heading':
			return ['', block.text];
		case 'facts':
			return factLines(block.rows);
		case 'figures':
			return factLines(block.figures.map(({label, value}) => [label, value]));
		case 'list':
			return block.items.map(item => `  ${item}`);
		case 'code':
			return block.lines.map(line => `  ${line}`);
		case 'blanks':
			return [];
		case 'table':
			return tableLines(block.table, rowsMax);
	}
}

function factLines(rows: readonly (readonly [string, string])[]): string[] {
	const width = Math.max(...rows.map(([label]) => label.length));
	return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
}

function tableLines({title, columns, rows}: Table, rowsMax: number): string[] {
	const shown = rows
		.slice(0, rowsMax)
		.map(row => row.map(cell => (cell.length > cellWidthMax ? `${cell.slice(0, cellWidthMax - 1)}…` : cell)));
	const widths = columns.map((column, i) => Math.max(column.title.length, ...shown.map(row => row[i]!.length)));
	const line = (cells: readonly string[]): string =>
		`  ${cells.map((cell, i) => (columns[i]!.isNumber ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  ')}`;
	const rest = rows.length > shown.length ? [`  and ${rows.length - shown.length} more rows: see --csv, or the cover in the package`] : [];
	return ['', title, line(columns.map(column => column.title)), ...shown.map(line), ...rest];
}

type Fields = {readonly [key: string]: Json | undefined};

const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lists of objects that are looked for in an answer. */
const tablesMax = 200;
const depthMax = 6;

/**
 * Each list of objects in an answer, as it stands there: names and values unchanged, in base units, times as ms since 1970, objects in a row spread over columns `a.b`, lists in a cell
 * joined by spaces [RFC 4180]. The first column says which list a row is of. Undefined if there is no such list.
 */
export function tablesCsv(answer: Json): string | undefined {
	const tables: {readonly path: string; readonly rows: readonly Map<string, string>[]}[] = [];
	const look = (value: Json | undefined, path: string, depth: number): void => {
		if (depth > depthMax || tables.length >= tablesMax || typeof value !== 'object' || value === null) return;
		if (isFields(value)) {
			for (const [name, own] of Object.entries(value)) look(own, path === '' ? name : `${path}.${name}`, depth + 1);
			return;
		}
		const list = value as readonly Json[];
		if (list.length === 0 || !list.every(isFields)) return;
		tables.push({path, rows: list.map(item => cellsOf(item, '', 0))});
		for (const [i, item] of list.entries())
			for (const [name, own] of Object.entries(item))
				if (Array.isArray(own) && own.every(isFields)) look(own, `${path}[${i}].${name}`, depth + 1);
	};
	look(answer, '', 0);
	if (tables.length === 0) return undefined;
	const columns = [...new Set(tables.flatMap(({rows}) => rows.flatMap(row => [...row.keys()])))];
	const lines = [
		['list', ...columns],
		...tables.flatMap(({path, rows}) => rows.map(row => [path, ...columns.map(column => row.get(column) ?? '')])),
	];
	return `${lines.map(line => line.map(quoted).join(',')).join('\r\n')}\r\n`;
}

function cellsOf(item: Fields, prefix: string, depth: number): Map<string, string> {
	const cells = new Map<string, string>();
	for (const [name, value] of Object.entries(item)) {
		const key = `${prefix}${name}`;
		if (value === undefined || value === null) continue;
		if (isFields(value) && depth < depthMax) for (const [inner, text] of cellsOf(value, `${key}.`, depth + 1)) cells.set(inner, text);
		else if (Array.isArray(value)) {
			if (!value.some(isFields)) cells.set(key, value.join(' '));
		} else cells.set(key, String(value));
	}
	return cells;
}

/** A cell that a spreadsheet would take for a formula is shown to it as text [CWE-1236]. */
function quoted(cell: string): string {
	const safe = /^[=+@\t\r]|^-(?![0-9.])/.test(cell) ? `'${cell}` : cell;
	return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
