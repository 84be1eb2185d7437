// Prints what faults did and what was lost, and keeps it between two markers of the README.

import {readFileSync, writeFileSync} from 'node:fs';
import {cpus, release, totalmem, type} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {systemClock} from '../../agent/base/clock.ts';
import type {Fault, Tally} from './fault.ts';

export type Row = {readonly fault: Fault; readonly tally: Tally; readonly tookMs: number};

const begin = '<!-- what was seen: written by npm run faults -- --report -->';
const end = '<!-- end of what was seen -->';

export function formatTable(rows: readonly Row[]): string {
	const lines = rows.map(({fault, tally, tookMs}) => {
		const cells = [
			`\`${fault.name}\``,
			`${tally.done} ${fault.unit}`,
			tally.looked,
			tally.lostAcknowledged,
			tally.twice,
			tally.forks,
			fault.isControl ? `${tally.bad} of ${tally.done}, as it must` : tally.bad,
			Math.round(tookMs / 1000),
		];
		return `| ${cells.join(' | ')} |`;
	});
	return [
		'| fault | done | acknowledged readings looked for | lost | twice | forks | looks that found something wrong | s |',
		'|---|---:|---:|---:|---:|---:|---:|---:|',
		...lines,
	].join('\n');
}

/** Gives the path that it wrote. */
export function writeReport(rows: readonly Row[], seed: string): string {
	const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
	const path = join(root, 'test', 'faults', 'README.md');
	const text = readFileSync(path, 'utf8');
	const [from, to] = [text.indexOf(begin), text.indexOf(end)];
	if (from < 0 || to < from) throw new Error(`${path} has lost its markers`);
	const notes = rows.flatMap(({fault, tally}) => [
		...tally.notes.map(note => `- \`${fault.name}\`: ${note}.`),
		...(fault.isControl ? [] : tally.problems.map(problem => `- \`${fault.name}\`, wrong: ${problem}`)),
	]);
	const names = rows.map(({fault}) => fault.name).join(',');
	const section = [
		begin,
		'',
		`Seed \`${seed}\`, ${new Date(systemClock.nowMs()).toISOString().slice(0, 10)}; each repetition draws from that seed, the fault's name and its own number, from 1 up.`,
		`${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${type()} ${release()}, Node ${process.version}.`,
		`To repeat it: \`npm run faults -- --seed ${seed} --only ${names}\`. Moments are chosen by the seed; where they hit, the machine's timing decides.`,
		'',
		formatTable(rows),
		'',
		...notes,
		...(notes.length === 0 ? [] : ['']),
	].join('\n');
	writeFileSync(path, `${text.slice(0, from)}${section}${text.slice(to)}`);
	return path;
}
