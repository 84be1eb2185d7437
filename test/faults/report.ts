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

const heading = [
	'| fault | done | acknowledged readings looked for | lost | twice | forks | looks that found something wrong | s | seed |',
	'|---|---:|---:|---:|---:|---:|---:|---:|---|',
];

function rowText({fault, tally, tookMs, seed}: Row): string {
	const cells = [
		`\`${fault.name}\``,
		`${tally.done} ${fault.unit}`,
		tally.looked,
		tally.lostAcknowledged,
		tally.twice,
		tally.forks,
		fault.isControl ? `${tally.bad}, as it must` : tally.bad,
		Math.round(tookMs / 1000),
		`\`${seed}\``,
	];
	return `| ${cells.join(' | ')} |`;
}

export function formatTable(rows: readonly Row[]): string {
	return [...heading, ...rows.map(rowText)].join('\n');
}

function notesText({fault, tally}: Row): string[] {
	const problems = fault.isControl ? [] : tally.problems.map(problem => `wrong: ${problem}`);
	return [...tally.notes, ...problems].map(note => `- \`${fault.name}\`: ${note}`);
}

/** Replaces the lines of the faults that were done, keeps those of the others, in the order of `faults`. Gives the path that it wrote. */
export function writeReport(rows: readonly Row[], faults: readonly Fault[]): string {
	const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
	const path = join(root, 'test', 'faults', 'README.md');
	const text = readFileSync(path, 'utf8');
	const [from, to] = [text.indexOf(begin), text.indexOf(end)];
	if (from < 0 || to < from) throw new Error(`${path} has lost its markers`);
	const before = text.slice(from, to).split('\n');
	const linesOf = (mark: string, written: (row: Row) => readonly string[]): string[] =>
		faults.flatMap(fault => {
			const row = rows.find(one => one.fault === fault);
			return row === undefined ? before.filter(line => line.startsWith(`${mark} \`${fault.name}\``)) : written(row);
		});
	const notes = linesOf('-', notesText);
	const section = [
		begin,
		'',
		`${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${type()} ${release()}, Node ${process.version}, ${new Date(systemClock.nowMs()).toISOString().slice(0, 10)}.`,
		'The repetitions of a fault are numbered from 1 up; each draws from the seed, the name of the fault and its number. To repeat one: `npm run faults -- --only NAME --seed SEED`',
		'with `--count` as in the table. The seed chooses the moments; where they hit, the timing of the machine decides.',
		'',
		...heading,
		...linesOf('|', row => [rowText(row)]),
		'',
		...notes,
		...(notes.length === 0 ? [] : ['']),
	].join('\n');
	writeFileSync(path, `${text.slice(0, from)}${section}${text.slice(to)}`);
	return path;
}
