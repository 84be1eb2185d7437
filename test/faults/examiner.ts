// Hands examinations to processes of their own, at most so many at a time.

import {fork} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {Examination, Findings} from './examine.ts';
import type {Adding} from './fault.ts';
import {endWithUs} from './process.ts';

const path = fileURLToPath(new URL('./examine.js', import.meta.url));

/** Examines one log. A process that dies over it has found that the log kills whoever opens it. */
export async function examine(examination: Examination): Promise<Findings> {
	const child = fork(path, {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
	endWithUs(child);
	try {
		return await new Promise<Findings>((resolve, reject) => {
			child.once('message', findings => resolve(findings as Findings));
			child.once('error', reject);
			child.once('exit', (code, signal) => reject(new Error(`an examination ended with ${signal ?? code}`)));
			child.send(examination);
		});
	} finally {
		child.disconnect();
	}
}

/** Adds what an examination found to a tally. `where` names the repetition in front of each problem. */
export function addFindings(adding: Adding, where: string, findings: Findings): void {
	adding.add({
		lostAcknowledged: findings.missing,
		twice: findings.twice,
		forks: findings.forks,
		looked: findings.acknowledged,
		problems: findings.problems.map(problem => `${where}: ${problem}`),
	});
}

/** Runs work for each item, `width` at a time. */
export async function inPool<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
	const left = [...items];
	const worker = async (): Promise<void> => {
		for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
	};
	await Promise.all(Array.from({length: width}, worker));
}
