// Starts programs and ends them: by their own id, at the latest when the harness ends.

import {type ChildProcess, spawn} from 'node:child_process';
import {systemClock} from '../../agent/base/clock.ts';

export type Ran = {readonly code: number | NodeJS.Signals; readonly out: string; readonly err: string};

const running = new Set<ChildProcess>();
process.on('exit', () => {
	for (const child of running) child.kill('SIGKILL');
});

/** Kills a process at the latest when this one ends. */
export function endWithUs(child: ChildProcess): void {
	running.add(child);
	child.once('close', () => running.delete(child));
}

/** Kept of what a program says; the rest is dropped from the front. */
const saidMax = 200_000;
/** How long a program may take to end when it is told to. */
const heedMsMax = 30_000;

export type Started = {
	readonly child: ChildProcess;
	readonly pid: number;
	/** Everything that it wrote to both outputs. */
	readonly said: () => string;
	/** Exit code, or the signal that ended it. */
	readonly ended: Promise<number | NodeJS.Signals>;
	readonly isUp: () => boolean;
	/** Sends a signal and waits for the end. What does not heed it in good time is killed, and gives SIGKILL. */
	readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals>;
};

export type StartOptions = {
	readonly env?: Readonly<Record<string, string>>;
	/** Hears each line of standard output. */
	readonly onLine?: (line: string) => void;
	/** Whether `child.stdin` is there to write to. @default false */
	readonly hasInput?: boolean;
};

/** Starts a program. */
export function start(program: string, words: readonly string[], options: StartOptions = {}): Started {
	const child = spawn(program, words, {
		stdio: [options.hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
		env: {...process.env, NO_COLOR: '1', ...options.env},
	});
	endWithUs(child);
	let said = '';
	let rest = '';
	const hear = (text: string): void => {
		said = (said + text).slice(-saidMax);
	};
	child.stdout!.setEncoding('utf8').on('data', (text: string) => {
		hear(text);
		if (options.onLine === undefined) return;
		const lines = (rest + text).split('\n');
		rest = lines.pop()!;
		for (const line of lines) options.onLine(line);
	});
	child.stderr!.setEncoding('utf8').on('data', hear);
	const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve(code ?? signal!));
	});
	ended.catch(() => {});
	return {
		child,
		pid: child.pid ?? 0,
		said: () => said,
		ended,
		isUp: () => child.exitCode === null && child.signalCode === null,
		end: async signal => {
			if (child.exitCode === null && child.signalCode === null) child.kill(signal);
			const waiting = new AbortController();
			void systemClock.sleep(heedMsMax, waiting.signal).then(() => {
				if (!waiting.signal.aborted) child.kill('SIGKILL');
			});
			try {
				return await ended;
			} finally {
				waiting.abort();
			}
		},
	};
}

/** Runs a program to its end. Throws what it said if it fails. */
export async function run(program: string, ...words: string[]): Promise<string> {
	const started = start(program, words);
	const code = await started.ended;
	if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}: ${started.said()}`);
	return started.said();
}
