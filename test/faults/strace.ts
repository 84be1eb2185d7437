// Lets one system call after the other fail: at each call by which the agent writes, the process is killed, or the call is refused with EIO or ENOSPC.

import {readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {systemClock} from '../../agent/base/clock.ts';
import {openAccount} from '../../sim/account.ts';
import type {Head} from './examine.ts';
import {addFindings, examine, inPool} from './examiner.ts';
import {type Adding, createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {makeTemplate, place, type Template} from './place.ts';
import {type Started, start} from './process.ts';
import {type Shape, scriptHomes, scriptOf, shapes} from './script.ts';

export const scriptedAgentPath = fileURLToPath(new URL('./scripted-agent.js', import.meta.url));

/** Everything by which a file changes or is made to last. */
const writeLike =
	'write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,unlink,unlinkat,rename,renameat2,link';
/** What is done to the n-th of them. The call itself is not carried out; the next point's call finds it carried out. */
export const injections = {kill: 'signal=KILL', eio: 'error=EIO', enospc: 'error=ENOSPC'} as const;
export type Injection = keyof typeof injections;

type Point = {readonly shape: Shape; readonly call: string; readonly when: number; readonly injection: Injection};

const atOnceMax = 2;
const timeoutMs = 30_000;

export type Life = {
	readonly code: number | NodeJS.Signals | 'hangs';
	readonly done: ReadonlySet<number>;
	readonly sent: number;
	readonly heads: Head[];
	readonly ended: boolean;
	readonly said: string;
};

/** One life of the scripted agent, and what it said. */
export async function live(program: string, words: readonly string[]): Promise<Life> {
	const done = new Set<number>();
	const heads: Head[] = [];
	let sent = 0;
	let ended = false;
	const started: Started = start(program, words, {
		// All of SQLite's calls in one thread, whose calls strace counts.
		env: {UV_THREADPOOL_SIZE: '1'},
		onLine: line => {
			const [word, first, second] = line.split(' ');
			if (word === 'sent') sent += 1;
			if (word === 'done') done.add(Number(first));
			if (word === 'head') heads.push({size: Number(first), root: second!});
			if (word === 'end') ended = true;
		},
	});
	const waiting = new AbortController();
	const code = await Promise.race([started.ended, systemClock.sleep(timeoutMs, waiting.signal).then(() => 'hangs' as const)]);
	waiting.abort();
	if (code === 'hangs') await started.end('SIGKILL');
	return {code, done, sent, heads, ended, said: started.said()};
}

/** The words of strace for an agent whose log is in `folder`; only calls on the log's files count. */
export function straceWords(folder: string, output: string, extra: readonly string[], agent: readonly string[]): string[] {
	const paths = ['log.db', 'log.db-wal', 'log.db-shm', 'log.db-journal', ''].flatMap(name => ['-P', join(folder, name).replace(/\/$/, '')]);
	// Not with --seccomp-bpf, which is faster: strace 6.1 then forgets all but the first calls of `when`.
	return ['-f', '-qq', '-o', output, ...paths, '-e', `trace=${writeLike}`, ...extra, process.execPath, ...agent];
}

/** Whether the fault was put where it should be: a point that was missed says nothing. */
export function wasHit(injection: Injection, life: Life, output: string): boolean {
	if (injection === 'kill') return !life.ended && (life.code === 'SIGKILL' || life.code === 137);
	return readFileSync(output, 'utf8').includes('(INJECTED)');
}

/** How often each call is made by the thread that makes most of them. */
async function callsOf(template: Template, folder: string, shape: Shape, seed: string): Promise<Map<string, number>> {
	place(template, folder);
	const output = `${folder}.strace`;
	const life = await live('strace', straceWords(folder, output, [], [scriptedAgentPath, folder, shape, seed, 'first']));
	if (!life.ended) throw new Error(`without a fault the agent ended with ${life.code}: ${life.said}`);
	const counts = new Map<string, number>();
	for (const [, thread, call] of readFileSync(output, 'utf8').matchAll(/^(\d+) +(\w+)\(/gm)) {
		const key = `${thread} ${call}`;
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	const most = new Map<string, number>();
	for (const [key, count] of counts) {
		const call = key.split(' ')[1]!;
		most.set(call, Math.max(most.get(call) ?? 0, count));
	}
	rmSync(folder, {recursive: true});
	return most;
}

async function breakAt(
	adding: Adding,
	template: Template,
	folder: string,
	point: Point,
	seed: string,
): Promise<'missed' | 'ended' | 'went on'> {
	const {shape, call, when, injection} = point;
	const where = `${shape}, ${call} ${when}, ${injection}`;
	place(template, folder);
	const inject = ['-e', `inject=${call}:${injections[injection]}:when=${when}`];
	const first = await live('strace', straceWords(folder, `${folder}.strace`, inject, [scriptedAgentPath, folder, shape, seed, 'first']));
	if (first.code === 'hangs') adding.add({problems: [`${where}: the agent hangs: ${first.said}`]});
	// Restarted, it hears everything again.
	const again = await live(process.execPath, [scriptedAgentPath, folder, shape, seed, 'again']);
	const messages = scriptOf(shape, seed).flat();
	if (!again.ended || again.done.size !== messages.length)
		adding.add({
			problems: [
				`${where}: started again, the agent answered ${again.done.size} of ${messages.length} and ended with ${again.code}: ${again.said}`,
			],
		});
	const accountPath = `${folder}.jsonl`;
	const account = openAccount(accountPath);
	for (const [i, message] of messages.entries()) {
		if (message.hostile !== undefined) account.hostile(message);
		else if (first.done.has(i) || again.done.has(i)) account.acknowledged(message);
		else account.uncertain(message);
	}
	await account[Symbol.asyncDispose]();
	const acknowledged = messages.reduce((sum, {readings}, i) => sum + (first.done.has(i) ? readings.length : 0), 0);
	const findings = await examine({folder, accountPath, heads: [...first.heads, ...again.heads], acknowledged});
	addFindings(adding, where, findings);
	const isHit = wasHit(injection, first, `${folder}.strace`);
	if (isHit) adding.add({done: 1});
	for (const path of [folder, accountPath, `${folder}.strace`]) rmSync(path, {recursive: true, force: true});
	return isHit ? (first.ended ? 'went on' : 'ended') : 'missed';
}

async function strace(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const template = await makeTemplate(join(ground.folder, 'template'), {homes: scriptHomes});
	const points: Point[] = [];
	for (const shape of Object.keys(shapes) as Shape[]) {
		const calls = await callsOf(template, join(ground.folder, 'list'), shape, ground.seed);
		adding.note(`${shape}, from opening to closing: ${[...calls].map(([call, count]) => `${count} ${call}`).join(', ')}`);
		for (const [call, count] of calls)
			for (let when = 1; when <= count; when += 1)
				for (const injection of Object.keys(injections) as Injection[]) points.push({shape, call, when, injection});
	}
	const chance = ground.chance('points');
	const key = new Map(points.map(point => [point, chance.word()]));
	points.sort((a, b) => key.get(a)! - key.get(b)!);
	const chosen = Array.from({length: ground.count}, (_, i) => ({point: points[i % points.length]!, i}));
	const ends = new Map<string, number>();
	let done = 0;
	await inPool(chosen, atOnceMax, async ({point, i}) => {
		const end = await breakAt(adding, template, join(ground.folder, `point-${i}`), point, ground.seed);
		ends.set(end, (ends.get(end) ?? 0) + 1);
		done += 1;
		if (done % 50 === 0 || done === ground.count) ground.say(`${done} of ${ground.count} points (there are ${points.length})`);
	});
	const endsText = [...ends].map(([end, count]) => `${count} ${end}`).join(', ');
	adding.note(`${points.length} different points; of ${ground.count}: ${endsText} (missed points are not counted)`);
	return adding.tally();
}

export const straceFault: Fault = {
	name: 'strace',
	about:
		'at the n-th write-like system call of opening, appending and closing: killed, EIO, ENOSPC; then started again, and everything is sent again',
	unit: 'crash points',
	programs: ['strace'],
	count: 1000,
	quickCount: 30,
	isControl: false,
	run: strace,
};
