// Runs what the README tells people to run, in the order in which it tells it.
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {connectAsync} from 'mqtt';
import {systemClock} from '../agent/base/clock.ts';
import {until} from '../agent/base/retry.ts';
import {placeOf} from './faults/packages.ts';
import {endWithTest} from './helpers/children.ts';
import {freePort} from './helpers/ports.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const kedge = join(root, 'dist/agent/cli/kedge.js');

/** Commands of the README that other places run: `.ci/run` runs them as they stand, and this test is one of those of `npm test`. */
const runElsewhere = new Set(['npm start', 'npm start -- --for 60s --json', 'npm test']);

/** Where the README's market answers; here on any free port, which the commands are told. */
const marketPort = '8787';

function commandsOfReadme(): string[] {
	const readme = readFileSync(join(root, 'README.md'), 'utf8');
	return [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n').filter(line => line !== ''));
}

type Ran = {readonly code: number | null; readonly out: string; readonly error: string};

function run(
	words: readonly string[],
	cwd: string,
): {readonly child: ChildProcess; readonly said: () => string; readonly ended: Promise<Ran>} {
	const child = spawn(process.execPath, [kedge, ...words], {cwd, stdio: ['ignore', 'pipe', 'pipe']});
	let out = '';
	let error = '';
	child.stdout.setEncoding('utf8').on('data', text => {
		out += text;
	});
	child.stderr.setEncoding('utf8').on('data', text => {
		error += text;
	});
	return {child, said: () => out + error, ended: new Promise(resolve => child.once('close', code => resolve({code, out, error})))};
}

/** Runs a line as a shell does; `npx kedge` is this build. */
function runLine(line: string, cwd: string): Promise<Ran> {
	const script = `npx() { shift; "$NODE" "$KEDGE" "$@"; }\n${line}`;
	const child = spawn('sh', ['-c', script], {
		cwd,
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...process.env, NODE: process.execPath, KEDGE: kedge},
	});
	let [out, error] = ['', ''];
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		out += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		error += text;
	});
	return new Promise(resolve => child.once('close', code => resolve({code, out, error})));
}

/** Commands of the market's path, which wants curl and openssl. */
const ofMarket = /trader\.key|my-street|rows\.json|answer\.json/;

test('the README runs, line by line', async t => {
	t.timeout(420_000);
	const directory = mkdtempSync(join(tmpdir(), 'kedge-readme-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	const commands = commandsOfReadme();
	t.true(commands.length > 8);
	let password = '';
	let published = false;
	let asking = '';
	const [port, apiPort] = [await freePort(), await freePort()];
	const missing = ['curl', 'openssl'].filter(name => placeOf(name) === undefined);
	if (missing.length > 0) t.log(`the market's commands are not run: ${missing.join(' and ')} not installed`);
	for (const command of commands) {
		if (missing.length > 0 && ofMarket.test(command)) continue;
		if (runElsewhere.has(command)) continue;
		if (!command.startsWith('npx kedge ') || command.includes(' > ')) {
			const line = command
				.replaceAll(marketPort, String(apiPort))
				.replaceAll('kedge order', `kedge order --url http://127.0.0.1:${apiPort}`);
			// The sun has to rise: whoever looks for a contract too early looks again.
			const expected = command.includes('/v1/orders')
				? /"acknowledgement":/
				: command.includes('contractedWh')
					? /contractedWh: -[1-9]/
					: /(?:)/;
			if (command.includes('/v1/settlements')) asking = line;
			let last: Ran | undefined;
			const isDone = await until(
				async () => {
					// The file with the rows is asked for again with what looks into it.
					last = await runLine(command.includes('rows.json') && line !== asking ? `${asking}\n${line}` : line, directory);
					return last.code === 0 && expected.test(last.out) ? true : undefined;
				},
				{clock: systemClock, everyMs: 1000, timeoutMs: command.includes('contractedWh') ? 240_000 : 0},
			);
			t.true(isDone, `${command}\n${last?.out}${last?.error}`);
			continue;
		}
		const [first, second, ...words] = command.split(' ');
		if (words[0] === 'sim') {
			const {child, said} = run([...words, '--port', String(apiPort)], directory);
			endWithTest(t, child, 'SIGTERM');
			const isUp = await until(async () => (said().includes('is yours') ? true : undefined), {
				clock: systemClock,
				everyMs: 200,
				timeoutMs: 90_000,
			});
			t.true(isUp, said());
			continue;
		}
		t.deepEqual([first, second], ['npx', 'kedge'], `nobody runs "${command}"`);
		if (words[0] === 'run') {
			// The one thing changed: the port, which may be taken on this machine.
			const configPath = join(directory, 'my-site/kedge.yaml');
			writeFileSync(
				configPath,
				readFileSync(configPath, 'utf8').replace('port: 1883', `port: ${port}`).replace(`port: ${marketPort}`, 'port: 0'),
			);
			const {child} = run(words, directory);
			endWithTest(t, child, 'SIGKILL');
			continue;
		}
		if (words[0] === 'status') {
			const status = await until(async () => ((await run(words, directory).ended).code === 3 ? undefined : true), {
				clock: systemClock,
				everyMs: 200,
				timeoutMs: 30_000,
			});
			t.true(status, 'the agent answers');
		}
		if (words[0] === 'prove' && !published) {
			const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
				clientId: 'meter-1',
				username: 'meter-1',
				password,
				reconnectPeriod: 0,
			});
			const at = new Date(systemClock.nowMs()).toISOString();
			await client.publishAsync('meters/meter-1', JSON.stringify({at, energy_kwh: 12.345}), {qos: 1});
			await client.endAsync();
			published = true;
		}
		const {code, out, error} = await run(words, directory).ended;
		t.is(code, 0, `${command}\n${out}${error}`);
		password = /-P (\S+)/.exec(out)?.[1] ?? password;
	}
	t.true(published);
});
