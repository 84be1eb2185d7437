// Hands examinations to processes of their own, which are used again.

import {type ChildProcess, fork} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {Examination, Findings} from './examine.ts';
import type {Job, Remains, SecondLife} from './examiner-process.ts';
import type {Adding} from './fault.ts';
import {endWithUs} from './process.ts';

const path = fileURLToPath(new URL('./examiner-process.js', import.meta.url));

/** After this many jobs a process is replaced. */
const jobsMax = 100;
type Examiner = {readonly child: ChildProcess; jobs: number};
const idle: Examiner[] = [];

function hire(): Examiner {
	const known = idle.pop();
	if (known !== undefined) return known;
	const child = fork(path, {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
	endWithUs(child);
	return {child, jobs: 0};
}

/** Waits for the end: what the process had open is closed then. */
async function dismiss({child}: Examiner): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
	child.kill('SIGKILL');
	await gone;
}

/** Gives undefined if the process died over the job. One that found something wrong is not used again: it may hold what it could not read. */
async function ask<T>(job: Job, isClean: (answer: T) => boolean): Promise<T | undefined> {
	const examiner = hire();
	const {child} = examiner;
	examiner.jobs += 1;
	const answer = await new Promise<T | undefined>(resolve => {
		const hear = (value: unknown): void => {
			child.removeListener('exit', gone);
			resolve(value as T);
		};
		const gone = (): void => {
			child.removeListener('message', hear);
			resolve(undefined);
		};
		child.once('message', hear);
		child.once('exit', gone);
		child.send(job);
	});
	if (answer === undefined || !isClean(answer) || examiner.jobs >= jobsMax) await dismiss(examiner);
	else idle.push(examiner);
	return answer;
}

/** Examines one log. A process that dies over it has found that the log kills whoever opens it: then nothing of it is left. */
export async function examine(examination: Examination): Promise<Findings> {
	const findings = await ask<Findings>({examination}, ({problems}) => problems.length === 0);
	const {acknowledged} = examination;
	return (
		findings ?? {size: 0, missing: acknowledged, twice: 0, forks: 0, acknowledged, problems: ['the examination did not survive this log']}
	);
}

/** Starts a scripted agent again on what is left of it, sends it everything once more, and examines its log. */
export async function liveAgain(remains: Remains): Promise<SecondLife & {readonly findings: Findings}> {
	const life = await ask<SecondLife>({remains}, ({ended, findings}) => ended && findings?.problems.length === 0);
	if (life === undefined) throw new Error(`whoever opens ${remains.folder} dies of it`);
	return {...life, findings: life.findings ?? (await examine(life.examination))};
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
