// A new owner's first hour, in words: init, run, publish, status, prove, history, verify, quarantine, audit; while the agent runs, after it has stopped, and after it was killed.
import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {openSite, type Site} from '../../agent/site.ts';
import {readStatus} from '../../agent/state.ts';
import {endWithTest} from '../helpers/children.ts';
import {freePort} from '../helpers/ports.ts';
import {changeConfig, kedge, kedgePath, type Ran, type RunningAgent, run, startAgent, testFolder, untilStatus} from '../helpers/site.ts';

type Owner = {
	readonly directory: string;
	readonly site: Site;
	readonly password: string;
	/** A command in the directory of the site, with nothing but its defaults. */
	readonly kedge: (...words: string[]) => Promise<Ran>;
	readonly publish: (payloads: readonly string[], topic?: string) => Promise<void>;
};

/** What `kedge init` makes, on a port of its own. */
async function createOwner(t: ExecutionContext): Promise<Owner> {
	const directory = join(testFolder(t), 'street-7');
	await mkdir(directory);
	const made = await kedge(t, ['init'], {directory});
	t.is(made.code, 0, made.err);
	const port = await freePort();
	const site = await changeConfig(await openSite(join(directory, 'kedge.yaml')), text =>
		text.replace('port: 1883', `port: ${port}`).replace('port: 8787', 'port: 0'),
	);
	const password = /-P ([a-z0-9]{26}) /.exec(made.out)?.[1] ?? '';
	return {
		directory,
		site,
		password,
		kedge: (...words) => kedge(t, words, {directory}),
		publish: async (payloads, topic = 'meters/meter-1') => {
			const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
				clientId: 'meter-1',
				username: 'meter-1',
				password,
				reconnectPeriod: 0,
			});
			await Promise.all(payloads.map(payload => client.publishAsync(topic, payload, {qos: 1})));
			await client.endAsync();
		},
	};
}

const readingAt = (minute: number, more = ''): string =>
	`{"at":"${new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString()}","energy_kwh":${minute}.25${more}}`;
const readings = (count: number): string[] => Array.from({length: count}, (_, i) => readingAt(i));

function filesIn(directory: string): Record<string, string> {
	return Object.fromEntries(
		readdirSync(directory).map(name => [
			name,
			createHash('sha256')
				.update(readFileSync(join(directory, name)))
				.digest('hex'),
		]),
	);
}

test('init in an empty directory makes a site that only its owner can read, and a second init changes nothing', async t => {
	const directory = join(testFolder(t), 'street-7');
	await mkdir(directory);
	const made = await kedge(t, ['init'], {directory});
	t.is(made.code, 0, made.err);
	t.regex(made.out, /^Made log street-7 in /);
	for (const step of [
		'kedge run',
		'kedge prove --device meter-1',
		'kedge verify --trust trust.json',
		'kedge device add ID',
		'kedge password',
		'kedge anchor',
	])
		t.true(made.out.includes(step), step);
	const before = filesIn(directory);
	t.deepEqual(Object.keys(before).sort(), [
		'anchor-key.json',
		'anchor-key.password',
		'kedge.yaml',
		'log.db',
		'log.key',
		'released.checkpoint',
		'trust.json',
	]);
	for (const name of Object.keys(before)) t.is(statSync(join(directory, name)).mode & 0o777, name === 'trust.json' ? 0o644 : 0o600, name);
	const secret = readFileSync(join(directory, 'log.key'), 'utf8').trim();
	t.regex(secret, /^[0-9a-f]{64}$/);
	t.false(made.out.includes(secret));

	const again = await kedge(t, ['init'], {directory});
	t.is(again.code, 2);
	t.is(again.out, '');
	t.regex(again.err, /kedge\.yaml is there already/);
	t.regex(again.err, /nothing was changed here/);
	const beside = await kedge(t, ['init', directory, '--name', 'other']);
	t.is(beside.code, 2);
	t.deepEqual(filesIn(directory), before);

	// A directory that is not there is made, for the owner only.
	const fresh = join(testFolder(t), 'deep', 'house');
	const elsewhere = await kedge(t, ['init', fresh, '--name', 'example.com/house']);
	t.is(elsewhere.code, 0, elsewhere.err);
	t.is(statSync(fresh).mode & 0o777, 0o700);
	t.regex(elsewhere.out, /Made log example\.com\/house in /);
	t.is((await openSite(join(fresh, 'kedge.yaml'))).config.log.name, 'example.com/house');
});

test('init makes all the rest for a config that is there alone, and nothing for one that cannot run, or beside what is left of a site', async t => {
	const directory = join(testFolder(t), 'mine');
	await mkdir(directory);
	const path = join(directory, 'kedge.yaml');
	const text = 'log: {name: street-9, directory: data}\nbroker: {port: 1}\nmappings:\n  m: {topic: "t/{device}", format: tasmota}\n';
	const init = (...words: string[]): Promise<Ran> => kedge(t, ['init', 'mine', ...words], {directory: join(directory, '..')});
	const saysWithout = async (config: string, said: RegExp, ...words: string[]): Promise<void> => {
		await writeFile(path, config);
		const {code, err} = await init(...words);
		t.is(code, 2);
		t.regex(err, said);
		t.deepEqual(readdirSync(directory), ['kedge.yaml']);
	};
	await saysWithout('mappings: {}\n', /kedge\.yaml:1: log: is missing/);
	await saysWithout(text.replace('tasmota', 'tasmoto'), /kedge\.yaml:4: mappings\.m\.format: "tasmoto" is no format/);
	await saysWithout(text, /calls the log street-9, not other/, '--name', 'other');
	await saysWithout(
		text,
		/is there already, and --tls is for a config that is made here\n.*kedge certificate kedge\.lan/,
		'--tls',
		'kedge.lan',
	);

	const made = await init('--name', 'street-9');
	t.is(made.code, 0, made.err);
	t.regex(made.out, /^Made log street-9 in .*\/mine\/data for the config that was there/);
	t.is(readFileSync(path, 'utf8'), text);
	const data = join(directory, 'data');
	t.deepEqual(readdirSync(data).sort(), [
		'anchor-key.json',
		'anchor-key.password',
		'log.db',
		'log.key',
		'released.checkpoint',
		'trust.json',
	]);
	t.is(statSync(data).mode & 0o777, 0o700);

	// A log whose key is lost gets no other key.
	await rm(join(data, 'log.key'));
	const before = filesIn(data);
	const lost = await init();
	t.is(lost.code, 2);
	t.regex(lost.err, /kedge\.yaml is there already, and so is .*anchor-key\.json\n.*nothing was changed here/);
	t.deepEqual(filesIn(data), before);
	const run = await kedge(t, ['run', '--config', path]);
	t.is(run.code, 2);
	t.regex(run.err, /log\.key: ENOENT.*\n.*backup/);
});

test('an owner runs, publishes, proves and verifies with the commands that init printed', async t => {
	const owner = await createOwner(t);
	const none = await owner.kedge('status');
	t.is(none.code, 3);
	t.regex(none.err, /no agent answers at .*agent\.sock/);
	t.regex(none.err, /asked of the agent while it runs.*kedge run/);
	t.is((await owner.kedge('prove', '0')).code, 2, 'an empty log has no entry 0');
	t.regex((await owner.kedge('quarantine')).out, /Nothing was ever refused/);

	const agent = await startAgent(t, owner.site);
	await owner.publish(readings(30));
	await owner.publish([readingAt(31, ',"power_w":1.5'), '{"at":"soon"}', 'not JSON \u0007']);

	const shown = await owner.kedge('status');
	t.is(shown.code, 1, 'without anchoring it has something to say');
	t.regex(shown.out, /^log +street-7\/1, 36 entries, 3 channels$/m);
	t.regex(shown.out, /^refused +(?=.*1 payload-malformed)(?=.*1 time-malformed)/m);
	t.regex(shown.out, /^devices +1, [01] connected here$/m);
	t.regex(shown.out, /^unanchored +everything$/m);
	t.regex(shown.out, /^! 1 message was refused as time-malformed lately/m);
	t.regex(shown.out, /^ {2}Nothing is anchored/m);
	t.is(shown.code, 1);
	const state = JSON.parse((await owner.kedge('status', '--json')).out) as {
		size: number;
		warnings: string[];
		counters: Record<string, number>;
	};
	t.is(state.size, 36);
	t.is(state.warnings.length, 2);

	// By time, by index; to a file and to standard output.
	const proved = await owner.kedge(
		'prove',
		'--device',
		'meter-1',
		'--quantity',
		'energy-import',
		'--at',
		'2026-03-01T00:07:30Z',
		'--out',
		'receipt.json',
	);
	t.is(proved.code, 0, proved.err);
	t.is(proved.out, '');
	t.regex(proved.err, /wrote receipt\.json \(\d+ bytes\)/);
	const verified = await owner.kedge('verify', 'receipt.json');
	t.is(verified.code, 0, verified.err);
	t.regex(verified.out, /^receipt: good, committed$/m);
	t.regex(verified.out, /value +energy-import 7250\.000 Wh/);
	t.regex(verified.out, /measured +2026-03-01T00:07:00\.000Z/);
	const again = await owner.kedge('prove', '5', '--out', 'receipt.json');
	t.is(again.code, 2);
	t.regex(again.err, /cannot write receipt\.json as a new file/);
	const piped = await owner.kedge('prove', '5', '--with-arrival');
	await writeFile(join(owner.directory, 'piped.json'), piped.out);
	t.regex((await owner.kedge('verify', 'piped.json')).out, /topic +meters\/meter-1/);

	// Unclear questions are answered with what there is.
	const which = await owner.kedge('prove', '--device', 'meter-1');
	t.is(which.code, 2);
	t.regex(which.err, /say which:\n {2}--quantity energy-import\n {2}--quantity active-power$/m);
	const noDevice = await owner.kedge('prove', '--device', 'meter-9');
	t.is(noDevice.code, 2);
	t.regex(noDevice.err, /no reading of a device "meter-9" yet; it has readings of meter-1/);
	const tooEarly = await owner.kedge('prove', '--device', 'urn:kedge:device:meter-1:energy-import', '--at', '2026-02-01');
	t.is(tooEarly.code, 2);
	t.regex(tooEarly.err, /no reading at or before 2026-02-01T00:00:00\.000Z/);
	const beyond = await owner.kedge('prove', '36');
	t.is(beyond.code, 2);
	t.regex(beyond.err, /no entry 36; the log has 36/);

	const history = await owner.kedge(
		'history',
		'meter-1',
		'--quantity',
		'energy-import',
		'--from',
		'2026-03-01T00:10:00Z',
		'--to',
		'2026-03-01T00:19:00Z',
		'--out',
		'history.json',
	);
	t.is(history.code, 0, history.err);
	const all = await owner.kedge('history', 'meter-1', '--all', '--out', 'all');
	t.is(all.code, 0, all.err);
	t.is((await owner.kedge('verify', 'all/energy-import.json', 'all/active-power.json')).code, 0);
	t.regex((await owner.kedge('history', 'meter-1', '--all')).err, /--all needs --out/);
	t.regex((await owner.kedge('history', 'meter-9', '--all', '--out', 'none')).err, /it has readings of meter-1/);
	t.regex(
		(await owner.kedge('history', 'meter-1', '--all', '--out', 'none', '--to', '2025-01-01')).err,
		/no channel of meter-1 has a history/,
	);
	const stream = await run(t, 'sh', ['-c', '"$0" "$1" verify - < history.json', process.execPath, kedgePath], {directory: owner.directory});
	t.regex(stream.out, /^-\nhistory: good, committed$/m);
	const table = await owner.kedge('verify', 'history.json', '--csv', 'readings.csv');
	t.is(table.code, 0, table.err);
	t.is(readFileSync(join(owner.directory, 'readings.csv'), 'utf8').split('\r\n').length, 10 + 2);
	t.is((await owner.kedge('verify', 'receipt.json', '--csv', 'none.csv')).code, 2);
	const both = await owner.kedge('verify', 'history.json', 'receipt.json', '--json');
	t.is(both.code, 0, both.err);
	const verdicts = both.out
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as {file: string; good: boolean; facts: {history?: {entries: number}}});
	t.deepEqual(
		verdicts.map(({file, good}) => [file, good]),
		[
			['history.json', true],
			['receipt.json', true],
		],
	);
	t.is(verdicts[0]!.facts.history?.entries, 10);
	const emptyPeriod = await owner.kedge('history', 'meter-1', '--quantity', 'energy-import', '--from', '2025-01-01', '--to', '2025-02-01');
	t.is(emptyPeriod.code, 2);
	t.regex(emptyPeriod.err, /has no reading in this period/);

	// A bad file among good ones is the answer.
	const text = readFileSync(join(owner.directory, 'receipt.json'), 'utf8');
	await writeFile(join(owner.directory, 'cut.json'), text.slice(0, -20));
	await writeFile(
		join(owner.directory, 'bent.json'),
		text.replace(/"entry": *"AQ/, found => `${found.slice(0, -1)}R`),
	);
	await writeFile(join(owner.directory, 'empty.json'), '');
	for (const name of ['cut.json', 'bent.json', 'empty.json', 'log.key']) {
		const bad = await owner.kedge('verify', 'receipt.json', name);
		t.is(bad.code, 1, name);
		t.regex(bad.out, /^[a-z ]+: NOT GOOD$/m, name);
	}

	const quarantined = await owner.kedge('quarantine');
	t.is(quarantined.code, 0);
	t.regex(quarantined.out, /payload-malformed: .*\n {2}from meter-1 on "meters\/meter-1": not JSON \\x07$/m);
	t.regex(quarantined.out, /^In all: 1 payload-malformed, 1 time-malformed$/m);
	const audited = await owner.kedge('audit');
	t.is(audited.code, 0, audited.out);
	t.regex(audited.out, /^36 entries .*\nroot [0-9a-f]{64}\nEverything fits\.\n$/);

	// Nobody else writes here, and nobody else takes the port.
	const second = await startAgent(t, owner.site, {wait: false});
	t.is(await second.ended, 3);
	t.regex(second.said(), /another process writes here/);
	const neighbour = await createOwner(t);
	const taken = await changeConfig(neighbour.site, config => config.replace(/port: \d+/, `port: ${owner.site.config.broker?.port}`));
	const blocked = await startAgent(t, taken, {wait: false});
	t.is(await blocked.ended, 3);
	t.regex(blocked.said(), new RegExp(`cannot listen on 127\\.0\\.0\\.1:${owner.site.config.broker?.port}`));
	t.is((await readStatus(owner.site.paths)).size, 36, 'the first agent did not notice');
	t.is(await agent.end('SIGTERM'), 0);
});

/** `released` is what may be shown: after a kill the last second may not be. */
async function readEverything(t: ExecutionContext, owner: Owner, size: number, name: string, released = size): Promise<void> {
	const receipt = await owner.kedge('prove', String(released - 1), '--out', `${name}.json`);
	t.is(receipt.code, 0, receipt.err);
	const history = await owner.kedge('history', 'meter-1', '--out', `${name}-history.json`);
	t.is(history.code, 0, history.err);
	t.is((await owner.kedge('verify', `${name}.json`, `${name}-history.json`)).code, 0);
	const audited = await owner.kedge('audit', '--json');
	t.is(audited.code, 0, audited.out);
	const report = JSON.parse(audited.out) as {size: number; problems: string[]};
	t.deepEqual([report.size, report.problems], [size, []]);
}

test('prove, history and audit read beside a running agent, after it stopped, and after it was killed with its WAL full', async t => {
	const owner = await createOwner(t);
	let agent: RunningAgent = await startAgent(t, owner.site);
	await owner.publish(readings(200));
	const {size} = await untilStatus(t, owner.site, status => status.pendingBytes === 0);
	await readEverything(t, owner, size, 'running');
	t.is((await readStatus(owner.site.paths)).size, size, 'reading writes nothing');

	t.is(await agent.end('SIGTERM'), 0);
	const stopped = filesIn(owner.directory)['log.db'];
	await readEverything(t, owner, size, 'stopped');
	t.is(filesIn(owner.directory)['log.db'], stopped);

	agent = await startAgent(t, owner.site);
	await owner.publish(Array.from({length: 50}, (_, i) => readingAt(300 + i)));
	const killed = (await readStatus(owner.site.paths)).size;
	t.is(await agent.end('SIGKILL'), 'SIGKILL');
	t.true(statSync(`${owner.site.paths.log}-wal`).size > 0);
	t.true(existsSync(owner.site.paths.socket), 'a killed agent leaves its socket behind');
	t.is((await owner.kedge('status')).code, 3);
	const released = Number(readFileSync(owner.site.paths.released, 'utf8').split('\n')[1]);
	t.true(released >= size && released <= killed);
	await readEverything(t, owner, killed, 'killed', released);
	if (released < killed) {
		const early = await owner.kedge('prove', String(killed - 1));
		t.is(early.code, 2);
		t.regex(early.err, /no released checkpoint covers entry \d+ yet\n.*start it/);
	}

	agent = await startAgent(t, owner.site);
	t.true((await readStatus(owner.site.paths)).size > killed);
	t.is(await agent.end('SIGTERM'), 0);
});

test('a reader who closes the pipe early is no error', async t => {
	const owner = await createOwner(t);
	const agent = await startAgent(t, owner.site);
	await owner.publish(readings(400));
	t.is(await agent.end('SIGTERM'), 0);
	for (const words of [['prove', '5', '--with-arrival'], ['history', 'meter-1'], ['--help']]) {
		const child = spawn(process.execPath, [kedgePath, ...words], {cwd: owner.directory, stdio: ['ignore', 'pipe', 'pipe']});
		endWithTest(t, child, 'SIGKILL');
		let err = '';
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			err += text;
		});
		// One byte is read, as `head -c 1` does.
		child.stdout.once('readable', () => {
			child.stdout.read(1);
			child.stdout.destroy();
		});
		const code = await new Promise<number | null>(resolve => child.once('close', resolve));
		t.deepEqual([code, err], [0, ''], words.join(' '));
	}
});

test('an audit of an edited database has the exit code 1 and names the entry', async t => {
	const owner = await createOwner(t);
	const agent = await startAgent(t, owner.site);
	await owner.publish(readings(3));
	t.is(await agent.end('SIGTERM'), 0);
	const database = await openDatabase({path: owner.site.paths.log, mode: 'write'});
	// Entry 0 says whose log it is; a byte of its time is changed.
	await database.run("UPDATE batches SET entries = CAST(substr(entries, 1, 70) || x'02' || substr(entries, 72) AS BLOB) WHERE first = 0");
	await database[Symbol.asyncDispose]();
	const audited = await owner.kedge('audit');
	t.is(audited.code, 1);
	t.regex(audited.out, /^! the entries lead to root [0-9a-f]{64}, the head says [0-9a-f]{64}$/m);
	t.regex(audited.out, /^\d+ problems\.$/m);
	const asJson = JSON.parse((await owner.kedge('audit', '--json')).out) as {problems: string[]};
	t.true(asJson.problems.length > 0);
});
