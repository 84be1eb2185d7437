// Prints what faults did and what was lost, and keeps it between two markers of the README.

import {readFileSync, writeFileSync} from 'node:fs';
import {cpus, release, totalmem, type} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {systemClock} from '../../agent/base/clock.ts';
import type {Fault, Tally} from './fault.ts';

export type Row = {readonly fault: Fault; readonly tally: Tally; readonly tookMs: number; readonly seed: string};

const begin = '<!-- what was seen: written by npm run faults -- --report -->';
const end = '<!-- end of what was seen -->';

const columns = [
	'fault',
	'done',
	'acknowledged readings looked for',
	'lost',
	'twice',
	'forks',
	'looks that found something wrong',
	's',
	'seed',
];
/** Names and seeds stand at the left, numbers at the right. */
const leftColumns = new Set(['fault', 'seed']);

function cellsOf({fault, tally, tookMs, seed}: Row): string[] {
	return [
		`\`${fault.name}\``,
		`${tally.done} ${fault.unit}`,
		String(tally.looked),
		String(tally.lostAcknowledged),
		String(tally.twice),
		String(tally.forks),
		fault.isControl ? `${tally.bad}, as it must` : String(tally.bad),
		String(Math.round(tookMs / 1000)),
		`\`${seed}\``,
	];
}

/** A table in Markdown, its columns padded as the formatter wants them. */
function tableOf(rows: readonly (readonly string[])[]): string[] {
	const isLeft = columns.map(column => leftColumns.has(column));
	const widths = columns.map((column, i) => Math.max(3, column.length, ...rows.map(row => row[i]?.length ?? 0)));
	const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
	const padded = (row: readonly string[]): string =>
		line(widths.map((width, i) => (isLeft[i] ? (row[i] ?? '').padEnd(width) : (row[i] ?? '').padStart(width))));
	const rule = line(widths.map((width, i) => (isLeft[i] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
	return [padded(columns), rule, ...rows.map(padded)];
}

export function formatTable(rows: readonly Row[]): string {
	return tableOf(rows.map(cellsOf)).join('\n');
}

function notesText({fault, tally}: Row): string[] {
	const problems = fault.isControl ? [] : tally.problems.map(problem => `wrong: ${problem}`);
	return [...tally.notes, ...problems].map(note => `- \`${fault.name}\`: ${note}`);
}

/** What all of it comes to, from the cells of the table: crash points of appends and of anchors together, and so on. */
export function summaryOf(cells: readonly (readonly string[])[], isControl: (name: string) => boolean): string {
	const done = new Map<string, number>();
	const sums = {lost: 0, twice: 0, forks: 0, controls: 0, lostByControls: 0};
	for (const [name = '', doneCell = '', , lost = '', twice = '', forks = ''] of cells) {
		const [count = '', ...unit] = doneCell.split(' ');
		if (isControl(name)) {
			sums.controls += Number(count);
			sums.lostByControls += Number(lost);
			continue;
		}
		done.set(unit.join(' '), (done.get(unit.join(' ')) ?? 0) + Number(count));
		sums.lost += Number(lost);
		sums.twice += Number(twice);
		sums.forks += Number(forks);
	}
	const doneText = [...done].map(([unit, count]) => `${count} ${unit}`).join(', ');
	return `In all: ${doneText}. **${sums.lost} acknowledged readings lost, ${sums.twice} entries twice, ${sums.forks} forks.** The ${sums.controls} repetitions of control runs lost ${sums.lostByControls}.`;
}

/** Replaces the lines of the faults that were done, keeps those of the others, in the order of `faults`. Gives the path that it wrote. */
export function writeReport(rows: readonly Row[], faults: readonly Fault[]): string {
	const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
	const path = join(root, 'test', 'faults', 'README.md');
	const text = readFileSync(path, 'utf8');
	const [from, to] = [text.indexOf(begin), text.indexOf(end)];
	if (from < 0 || to < from) throw new Error(`${path} has lost its markers`);
	const before = text.slice(from, to).split('\n');
	const ofEach = <T>(mark: string, kept: (line: string) => T, written: (row: Row) => readonly T[]): T[] =>
		faults.flatMap(fault => {
			const row = rows.find(one => one.fault === fault);
			return row === undefined ? before.filter(line => line.startsWith(`${mark} \`${fault.name}\``)).map(kept) : written(row);
		});
	const cells = ofEach(
		'|',
		line =>
			line
				.split('|')
				.slice(1, -1)
				.map(cell => cell.trim()),
		row => [cellsOf(row)],
	);
	const notes = ofEach('-', line => line, notesText);
	const section = [
		begin,
		'',
		`${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${type()} ${release()}, Node ${process.version}, ${new Date(systemClock.nowMs()).toISOString().slice(0, 10)}.`,
		'The repetitions of a fault are numbered from 1 up; each draws from the seed, the name of the fault and its number. To repeat one: `npm run faults -- --only NAME --seed SEED`',
		'with `--count` as in the table. The seed chooses the moments; where they hit, the timing of the machine decides. Of a simulation the seed decides everything:',
		'its seeds are counted from 0, and `npm run sim:seeds -- --seed N` repeats one.',
		'',
		...tableOf(cells),
		'',
		summaryOf(cells, name => faults.some(fault => fault.isControl && name === `\`${fault.name}\``)),
		'',
		...notes,
		...(notes.length === 0 ? [] : ['']),
	].join('\n');
	writeFileSync(path, `${text.slice(0, from)}${section}${text.slice(to)}`);
	return path;
}
