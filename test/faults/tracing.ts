// Lets strace count the system calls by which a scripted agent writes its files, and spoil one of them.

import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {systemClock} from '../../agent/base/clock.ts';
import {sitePaths} from '../../agent/site.ts';
import {createListener, type Life} from './life.ts';
import {inGroups} from './points.ts';
import {type Started, start} from './process.ts';
import type {Shape} from './script.ts';

const scriptedAgentPath = fileURLToPath(new URL('./scripted-agent.js', import.meta.url));

/** Everything by which a file changes or is made to last. */
const writeLike =
	'write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,unlink,unlinkat,rename,renameat2,link';
/** What is done to the n-th of them. The call itself is not carried out; the next point's call finds it carried out. */
export const injections = {kill: 'signal=KILL', eio: 'error=EIO', enospc: 'error=ENOSPC'} as const;
export type Injection = keyof typeof injections;
export const everyInjection = Object.keys(injections) as readonly Injection[];

/** The n-th call of one name by SQLite's thread. */
export type Call = {readonly call: string; readonly when: number};

/** A life takes two seconds; on a machine that is busy with other things it took thirty. What goes on this long hangs. */
const timeoutMs = 120_000;

/** The words of strace for an agent whose site is in `folder`; only calls on the log's files and on the side file count. */
function straceWords(folder: string, output: string, spoil: (Call & {readonly injection: Injection}) | undefined, pid: number): string[] {
	const {directory, log, released} = sitePaths(folder);
	const paths = [log, `${log}-wal`, `${log}-shm`, `${log}-journal`, released, `${released}.new`, directory].flatMap(path => ['-P', path]);
	const inject = spoil === undefined ? [] : ['-e', `inject=${spoil.call}:${injections[spoil.injection]}:when=${spoil.when}`];
	return ['-f', '-o', output, ...paths, '-e', `trace=${writeLike}`, ...inject, '-p', String(pid)];
}

/**
 * The first life of a scripted agent. strace attaches when the agent's code is loaded: that alone is ten thousand calls, none of which matters.
 * Not with --seccomp-bpf, which would be faster still: strace 6.1 then never delivers a signal that it is told to inject.
 */
export async function liveFirst(
	folder: string,
	shape: Shape,
	seed: string,
	spoil: (Call & {readonly injection: Injection}) | undefined,
): Promise<Life & {readonly trace: string; readonly isHit: boolean}> {
	const listener = createListener();
	const output = `${folder}.strace`;
	const waiting = new AbortController();
	const late = systemClock.sleep(timeoutMs, waiting.signal).then(() => 'hangs' as const);
	const agent = await startReady([folder, shape, seed], listener.hear);
	const strace = start('strace', straceWords(folder, output, spoil, agent.pid));
	let code: Life['code'] = 'hangs';
	try {
		await new Promise<void>((resolve, reject) => {
			strace.child.stderr!.on('data', () => {
				if (strace.said().includes(`Process ${agent.pid} attached`)) resolve();
			});
			strace.ended.then(code => reject(new Error(`strace ended with ${code}: ${strace.said()}`)), reject);
		});
		agent.child.stdin!.end('go');
		code = await Promise.race([agent.ended, late]);
	} finally {
		waiting.abort();
		if (code === 'hangs') await agent.end('SIGKILL');
		await strace.ended;
	}
	const life = listener.life(code, agent.said());
	const trace = readFileSync(output, 'utf8');
	// A point that was missed says nothing.
	const isHit = spoil?.injection === 'kill' ? !life.ended && code === 'SIGKILL' : trace.includes('(INJECTED)');
	return {...life, trace, isHit};
}

function startReady(words: readonly string[], hear: (line: string) => void): Promise<Started> {
	return new Promise((resolve, reject) => {
		const agent = start(process.execPath, [scriptedAgentPath, ...words], {
			// All of SQLite's calls in one thread, whose calls strace counts.
			env: {UV_THREADPOOL_SIZE: '1'},
			hasInput: true,
			onLine: line => {
				if (line === 'ready') resolve(agent);
				else hear(line);
			},
		});
		// What ends before it hears `go` closes the pipe.
		agent.child.stdin!.on('error', () => {});
		agent.ended.then(code => reject(new Error(`the agent ended with ${code} before it began: ${agent.said()}`)), reject);
	});
}

export type TracedCall = Call & {readonly thread: string; readonly line: string};

/** The calls in a trace, each with its place among those of its name and thread: strace counts each thread for itself. */
export function callsIn(trace: string): TracedCall[] {
	const counts = new Map<string, number>();
	return trace.split('\n').flatMap(line => {
		const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
		if (thread === undefined || call === undefined) return [];
		const when = (counts.get(`${thread} ${call}`) ?? 0) + 1;
		counts.set(`${thread} ${call}`, when);
		return [{thread, call, when, line}];
	});
}

/** The calls of SQLite's thread: of the one that makes most of them. */
export function ofBusiestThread(calls: readonly TracedCall[]): readonly TracedCall[] {
	return [...inGroups(calls, ({thread}) => thread).values()].sort((a, b) => b.length - a.length)[0] ?? [];
}
