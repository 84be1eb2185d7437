// What a terminal is told while a command is at work: how far it is and what is left, for every command, and nothing where no terminal is.
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import type {Clock} from '../../agent/base/clock.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import type {Io} from '../../agent/cli/command.ts';
import {createProgress, createWaiting, progressText} from '../../agent/cli/progress.ts';
import {placeOf} from '../faults/packages.ts';
import {endWithTest} from '../helpers/children.ts';
import {kedge, kedgePath} from '../helpers/site.ts';

function createTerminal(isTerminal = true) {
	let nowMs = 5000;
	const errors: string[] = [];
	const outs: string[] = [];
	const sleepers: {readonly atMs: number; readonly wake: () => void}[] = [];
	const clock: Clock = {
		nowMs: () => nowMs,
		monotonicMs: () => nowMs,
		sleep: (durationMs, signal) =>
			new Promise(resolve => {
				if (signal?.aborted) return resolve();
				const wake = (): void => {
					signal?.removeEventListener('abort', wake);
					resolve();
				};
				signal?.addEventListener('abort', wake, {once: true});
				sleepers.push({atMs: nowMs + durationMs, wake});
			}),
	};
	const io: Io = {
		out: text => void outs.push(text),
		error: text => void errors.push(text),
		isTerminal,
		signal: new AbortController().signal,
		clock,
	};
	const pass = async (ms: number): Promise<void> => {
		for (const end = nowMs + ms; nowMs < end; ) {
			nowMs += 250;
			for (const one of sleepers.splice(0)) one.atMs <= nowMs ? one.wake() : sleepers.push(one);
			for (let i = 0; i < 10; i += 1) await Promise.resolve();
		}
	};
	return {io, errors, outs, pass};
}

test('a line of progress says what is done, how far, and what is left', t => {
	const now = {what: 'folding', done: 370_000, all: 1_000_000, unit: 'entries', tookMs: 37_000, from: 0};
	t.is(progressText(now), 'folding: 37 %, 370,000 of 1,000,000 entries, about 63 s left');
	t.is(progressText({...now, tookMs: 500}), 'folding: 37 %, 370,000 of 1,000,000 entries');
	t.is(progressText({...now, tookMs: 3_700_000}), 'folding: 37 %, 370,000 of 1,000,000 entries, about 1 h 45 min left');
	t.is(progressText({...now, unit: 'bytes', done: 37_000_000, all: 100_000_000, tookMs: 0}), 'folding: 37 %, 37 of 100 MB');
	t.is(progressText({...now, all: 0}), 'folding: 370,000 entries');
	t.is(progressText({...now, all: 0, done: 0}), 'folding');
	t.is(progressText({...now, done: 1_000_001}), 'folding: 100 %, 1,000,001 of 1,000,000 entries');
	// What was done before it began says nothing of its pace.
	t.is(progressText({...now, from: 360_000, tookMs: 10_000}), 'folding: 37 %, 370,000 of 1,000,000 entries, about 11 min left');
});

test('progress is shown after a second, a few times a second, cleared at the end, and only on a terminal', async t => {
	const {io, errors, pass} = createTerminal();
	const progress = createProgress(io);
	for (let i = 0; i < 40; i += 1) {
		progress.show('checking', i, 40, 'entries');
		await pass(250);
	}
	t.true(errors.length > 20 && errors.length < 40, String(errors.length));
	t.true(errors.every(text => text.startsWith('\r\u001b[K')));
	progress.end();
	t.is(errors.at(-1), '\r\u001b[K');
	const count = errors.length;
	progress.end();
	t.is(errors.length, count);
	const quiet = createTerminal(false);
	const silent = createProgress(quiet.io);
	for (let i = 0; i < 40; i += 1) {
		silent.show('checking', i, 40);
		await quiet.pass(250);
	}
	silent.end();
	t.deepEqual(quiet.errors, []);
});

test('a command that says nothing for two seconds is said to be at work, and that is gone before its next line', async t => {
	const {io, errors, outs, pass} = createTerminal();
	const waiting = createWaiting(io, 'anchor');
	await pass(1500);
	t.deepEqual(errors, []);
	await pass(2000);
	t.regex(errors.at(-1)!, /^\r\u001b\[Kkedge anchor: at work for [2-4] s$/);
	waiting.io.out('done\n');
	t.is(errors.at(-1), '\r\u001b[K');
	t.deepEqual(outs, ['done\n']);
	await pass(1000);
	t.is(errors.at(-1), '\r\u001b[K');
	// A line that is not ended is left alone: it may be a question, or progress.
	waiting.io.error('\r\u001b[K12 %');
	const count = errors.length;
	await pass(5000);
	t.is(errors.length, count);
	waiting.io.error('\r\u001b[K');
	await pass(5000);
	t.regex(errors.at(-1)!, /at work/);
	await waiting.end();
	t.is(errors.at(-1), '\r\u001b[K');
	const last = errors.length;
	await pass(5000);
	t.is(errors.length, last);
});

test('without a terminal a command is given its input and output as they are', async t => {
	const {io, errors, pass} = createTerminal(false);
	const waiting = createWaiting(io, 'anchor');
	t.is(waiting.io, io);
	await pass(10_000);
	await waiting.end();
	t.deepEqual(errors, []);
});

/** Those that go on until they are stopped, with the file that shows how they tell what they do. */
const ofTheirOwn: Readonly<Record<string, string>> = {
	run: 'run.ts',
	demo: 'demo.ts',
	sim: 'sim.ts',
	'sim community': 'sim-community.ts',
	replay: 'replay.ts',
	discover: 'discover.ts',
};
/** Those that can say how far they are. */
const measured = ['audit', 'epoch', 'ledgers', 'prune', 'backup', 'evidence', 'verify', 'doctor', 'upgrade'];

test('every command tells a terminal that it is at work, and those that can how far they are', async t => {
	const {out} = await kedge(t, ['--help']);
	const names = [...out.matchAll(/^ {2}kedge (\w+(?: \w+)?) {2,}\S/gm)].map(([, name]) => name!);
	const source = (name: string): string => readFileSync(fileURLToPath(new URL(`../../../agent/cli/${name}`, import.meta.url)), 'utf8');
	const [, list = ''] = /untilStopped: ReadonlySet<string> = new Set\(\[([^\]]*)\]/.exec(source('kedge.ts')) ?? [];
	t.deepEqual([...list.matchAll(/'([^']+)'/g)].map(([, name]) => name).sort(), Object.keys(ofTheirOwn).sort());
	for (const [name, file] of Object.entries(ofTheirOwn)) {
		t.true(names.includes(name), name);
		t.regex(source(file), /io\.error|logger|io\.out/, `${name} says what it does`);
	}
	for (const name of measured) {
		t.true(names.includes(name), name);
		t.regex(source(`${name}.ts`), /createProgress\(io\)/, name);
	}
	// No command has a way of its own.
	for (const name of names) {
		const [file = ''] = name.split(' ');
		if (measured.includes(name)) t.notRegex(source(`${file}.ts`), /isTerminal/, name);
	}
});

test('on a real terminal a command that waits says so; through a pipe it says nothing', async t => {
	if (placeOf('script') === undefined) {
		t.log('not run: script of util-linux is not installed');
		t.pass();
		return;
	}
	// It waits for its standard input, which never comes.
	const command = `exec '${process.execPath}' '${kedgePath}' decode --topic a -`;
	const start = (words: readonly string[]) => {
		const child = spawn('script', [...words], {stdio: ['pipe', 'pipe', 'pipe']});
		endWithTest(t, child, 'SIGKILL');
		let said = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			said += text;
		});
		return {child, said: () => said};
	};
	const terminal = start(['-qfec', command, '/dev/null']);
	const isTold = await until(async () => (/kedge decode: at work for \d+ s/.test(terminal.said()) ? true : undefined), {
		clock: systemClock,
		everyMs: 50,
		timeoutMs: 30_000,
	});
	t.true(isTold, JSON.stringify(terminal.said()));
	const piped = start(['-qfec', `${command} | cat`, '/dev/null']);
	await until(async () => (piped.said() === '' ? undefined : true), {clock: systemClock, everyMs: 100, timeoutMs: 5000});
	t.is(piped.said(), '');
});
