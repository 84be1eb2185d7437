// What systemd hears of the agent: that it is ready, that it lives, that it ends; by a clock that the test moves, and once by the real systemd-notify.
import {spawn} from 'node:child_process';
import {chmodSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import test from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {type Logger, silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {createReadiness, listenerOf} from '../../agent/cli/readiness.ts';
import {placeOf} from '../faults/packages.ts';
import {endWithTest} from '../helpers/children.ts';
import {createTestSite, kedgePath, testFolder} from '../helpers/site.ts';

/** Each sleep waits until the test lets it go. */
function createStepClock() {
	const sleepers: (() => void)[] = [];
	const settle = async (): Promise<void> => {
		for (let i = 0; i < 20; i += 1) await Promise.resolve();
	};
	return {
		clock: {
			...systemClock,
			sleep: (_: number, signal?: AbortSignal) =>
				new Promise<void>(resolve => {
					if (signal?.aborted) return resolve();
					signal?.addEventListener('abort', () => resolve(), {once: true});
					sleepers.push(resolve);
				}),
		},
		/** All that sleep now wake. */
		pass: async () => {
			for (const wake of sleepers.splice(0)) wake();
			await settle();
		},
	};
}

test('who listens is read from the environment, and a watchdog of another process is not ours', t => {
	t.is(listenerOf({}, 7), undefined);
	t.deepEqual(listenerOf({NOTIFY_SOCKET: '/run/n'}, 7), {watchdogMs: undefined});
	t.deepEqual(listenerOf({NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '120000000', WATCHDOG_PID: '7'}, 7), {watchdogMs: 120_000});
	t.deepEqual(listenerOf({NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '120000000', WATCHDOG_PID: '8'}, 7), {watchdogMs: undefined});
	for (const text of ['', '0', '-1', 'soon', '1e9'])
		t.is(listenerOf({NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: text}, 7)?.watchdogMs, undefined, text);
});

test('signs of life are given as long as the agent tells its state, and not beyond', async t => {
	const {clock, pass} = createStepClock();
	const said: string[] = [];
	const warned: string[] = [];
	const logger: Logger = {log: (_, event) => void warned.push(event)};
	let state: () => Promise<string> = async () => 'running';
	const readiness = createReadiness(
		{watchdogMs: 120_000},
		{look: () => state(), say: async words => void said.push(words.join(' ')), clock, logger},
	);
	await readiness.ready();
	t.deepEqual(said, ['READY=1 STATUS=running']);
	await pass();
	await pass();
	t.deepEqual(said.slice(1), ['WATCHDOG=1 STATUS=running', 'WATCHDOG=1 STATUS=running']);
	state = () => Promise.reject(new Error('closed'));
	await pass();
	state = () => new Promise(() => {});
	await pass();
	await pass();
	t.is(said.length, 3);
	t.true(warned.includes('the agent cannot tell its state'));
	t.true(warned.includes('no sign of life is given'));
	state = async () => 'full';
	await pass();
	await pass();
	t.is(said.at(-1), 'WATCHDOG=1 STATUS=full');
	await readiness.stopping();
	t.is(said.at(-1), 'STOPPING=1');
	const count = said.length;
	await pass();
	t.is(said.length, count);
});

test('a systemd that cannot be told is warned of once, and the agent goes on', async t => {
	const {clock, pass} = createStepClock();
	const warned: string[] = [];
	const logger: Logger = {log: (_, event) => void warned.push(event)};
	const readiness = createReadiness(
		{watchdogMs: 3000},
		{look: async () => 'running', say: () => Promise.reject(new Error('nobody')), clock, logger},
	);
	await readiness.ready();
	for (let i = 0; i < 5; i += 1) await pass();
	await readiness.stopping();
	t.deepEqual(warned, ['systemd cannot be told']);
});

test('nothing is said where nobody listens', async t => {
	let said = 0;
	const needs = {
		look: async () => 'running',
		say: async () => {
			said += 1;
		},
		clock: systemClock,
		logger: silentLogger,
	};
	const readiness = createReadiness(undefined, needs);
	await readiness.ready();
	await readiness.stopping();
	t.is(said, 0);
});

/** A stand-in for systemd-notify that keeps what it is told. */
const standIn = '#!/bin/sh\nprintf "%s\\n" "$*" >> "$SAID"\n';

test('an agent that runs as a service says that it is ready, lives and ends, and its lines carry priorities', async t => {
	const {site, folder} = await createTestSite(t, {homes: 1});
	const binary = join(testFolder(t), 'systemd-notify');
	writeFileSync(binary, standIn);
	chmodSync(binary, 0o755);
	const said = join(folder, 'said');
	const child = spawn(
		'sh',
		[
			'-c',
			'export JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2); exec "$@" ',
			'sh',
			process.execPath,
			kedgePath,
			'run',
			'--config',
			site.configPath,
		],
		{
			stdio: ['ignore', 'ignore', 'pipe'],
			env: {
				...process.env,
				NOTIFY_SOCKET: join(folder, 'nobody'),
				WATCHDOG_USEC: '900000',
				SAID: said,
				PATH: `${join(binary, '..')}${delimiter}${process.env.PATH}`,
			},
		},
	);
	endWithTest(t, child, 'SIGKILL');
	let lines = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		lines += text;
	});
	const ended = new Promise<number | null>(resolve => child.once('close', resolve));
	const heard = (): string => (existsSync(said) ? readFileSync(said, 'utf8') : '');
	const lives = await until(async () => ((heard().match(/^WATCHDOG=1/gm) ?? []).length >= 2 ? true : undefined), {
		clock: systemClock,
		everyMs: 20,
		timeoutMs: 60_000,
	});
	t.true(lives, `${heard()}\n${lines}`);
	t.regex(heard(), /^READY=1 STATUS=running, \d+ entries, \d+ warnings\n/);
	child.kill('SIGTERM');
	t.is(await ended, 0);
	t.regex(heard(), /\nSTOPPING=1\n$/);
	if (existsSync('/proc/self/fd/2')) {
		t.regex(lines, /^<6>info {2}agent runs /m);
		t.deepEqual(
			lines.split('\n').filter(line => line !== '' && !/^<[3467]>/.test(line)),
			[],
		);
	}
});

const listener = `import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listens", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;

test('the real systemd-notify brings it to a socket of datagrams', async t => {
	const python = placeOf('python3');
	if (placeOf('systemd-notify') === undefined || python === undefined) {
		t.log('not run: systemd-notify or python3 is not installed');
		t.pass();
		return;
	}
	const folder = testFolder(t);
	const socket = join(folder, 'n');
	const child = spawn(python, ['-c', listener, socket], {stdio: ['ignore', 'pipe', 'inherit']});
	endWithTest(t, child, 'SIGKILL');
	let heard = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		heard += text;
	});
	const wait = async (pattern: RegExp): Promise<void> => {
		t.true(await until(async () => (pattern.test(heard) ? true : undefined), {clock: systemClock, everyMs: 20, timeoutMs: 30_000}), heard);
	};
	await wait(/listens/);
	const notify = spawn('systemd-notify', ['READY=1', 'STATUS=running, 3 entries'], {
		stdio: 'ignore',
		env: {...process.env, NOTIFY_SOCKET: socket},
	});
	t.is(await new Promise(resolve => notify.once('close', resolve)), 0);
	await wait(/READY=1 STATUS=running, 3 entries/);
});
