// A backup of a site: made while it is written to, checked, complete; and what happens to whoever runs it as the log.
import {
	chmodSync,
	chownSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {backUp} from '../../agent/backup.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {copyLog} from '../../agent/log/backup.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {auditSite} from '../../agent/reading.ts';
import {addUser, openPeople} from '../../agent/users.ts';
import {append, createLogWorld, draftOf, enrolMeter} from '../helpers/log-world.ts';
import {createTestSite, kedge, type TestSite} from '../helpers/site.ts';

async function open(t: ExecutionContext, made: TestSite): Promise<Agent> {
	const agent = await openAgent({site: made.site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]().catch(() => {}));
	return agent;
}

/** Publishes readings one after the other until told to stop; gives how many were acknowledged. */
function publish(made: TestSite, from: number): {readonly stop: () => Promise<number>} {
	let isStopped = false;
	const id = Object.keys(made.passwords).find(name => name.startsWith('home'))!;
	const running = (async () => {
		const client = await connectAsync(made.url, {clientId: id, username: id, password: made.password, reconnectPeriod: 0});
		let count = 0;
		// Without it a connection that the agent closes would keep the test waiting for ever.
		const closed = new Promise<never>((_, reject) =>
			client.once('close', () => isStopped || reject(new Error('the agent closed the connection'))),
		);
		closed.catch(() => {});
		while (!isStopped) {
			const seq = from + count;
			const body = {at: new Date(1_700_000_000_000 + seq * 1000).toISOString(), boot: 'b', seq, import_kwh: seq};
			await Promise.race([closed, client.publishAsync(`homes/${id}/meter`, JSON.stringify(body), {qos: 1})]);
			count += 1;
		}
		await client.endAsync();
		return count;
	})();
	return {
		stop: () => {
			isStopped = true;
			return running;
		},
	};
}

test('a backup made while devices publish is whole, and freezes whoever runs it in the place of the log', async t => {
	const made = await createTestSite(t, {homes: 1});
	const {paths} = made.site;
	const agent = await open(t, made);
	const publishing = publish(made, 0);
	await systemClock.sleep(200);
	const directory = join(made.folder, 'backup');
	const report = await backUp({site: made.site, directory, withKeys: false});
	t.true(report.byAgent);
	t.deepEqual(readdirSync(directory).sort(), ['README.txt', 'kedge.yaml', 'log.db', 'released.checkpoint', 'trust.json']);
	t.is(statSync(join(directory, 'log.db')).mode & 0o777, 0o600);
	t.is(report.bytes, statSync(join(directory, 'log.db')).size);
	const audited = await auditSite({log: join(directory, 'log.db')});
	t.deepEqual([audited.problems, audited.size, audited.root], [[], report.size, report.root]);
	t.regex(readFileSync(join(directory, 'README.txt'), 'utf8'), new RegExp(`size ${report.size}\n {2}root ${report.root}`));
	// It can be read where it lies.
	const proven = await kedge(t, ['prove', '1', '--config', join(directory, 'kedge.yaml')]);
	t.is(proven.code, 0, proven.err);
	t.true((await publishing.stop()) > 10);
	await agent[Symbol.asyncDispose]();
	t.deepEqual((await auditSite(paths)).problems, []);

	// The drill: somebody puts the backup in the place of the log, which went on.
	for (const ending of ['', '-wal', '-shm']) rmSync(`${paths.log}${ending}`, {force: true});
	copyFileSync(join(directory, 'log.db'), paths.log);
	const frozen = await open(t, made);
	t.true(frozen.frozen.aborted);
	const status = await frozen.status();
	t.is(status.state, 'frozen');
	t.regex(status.warnings[0]!, /its log\.db is a backup, made at/);
	t.is(status.size, report.size);
	await frozen[Symbol.asyncDispose]();

	// Even where nobody else has seen a newer head.
	copyFileSync(join(directory, 'released.checkpoint'), paths.released);
	const again = await open(t, made);
	t.true(again.frozen.aborted);
	await again[Symbol.asyncDispose]();

	// The way out: the next epoch, in which the backup's mark is gone.
	const epoch = await kedge(t, ['epoch', '--reason', 'the card died', '--config', made.site.configPath]);
	t.is(epoch.code, 0, epoch.out + epoch.err);
	const next = await open(t, made);
	t.is((await next.status()).origin, 'harbour/2');
	t.false(next.frozen.aborted);
});

test('a backup without an agent locks the log; with keys it has all that a site needs', async t => {
	const made = await createTestSite(t, {homes: 1});
	await (await open(t, made))[Symbol.asyncDispose]();
	const directory = join(made.folder, 'backup');
	mkdirSync(directory);
	const report = await backUp({site: made.site, directory, withKeys: true});
	t.false(report.byAgent);
	for (const name of ['log.key', 'anchor-key.json', 'anchor-key.password']) {
		t.is(readFileSync(join(directory, name), 'utf8'), readFileSync(join(made.folder, name), 'utf8'));
		t.is(statSync(join(directory, name)).mode & 0o777, 0o600);
	}
	await t.throwsAsync(backUp({site: made.site, directory, withKeys: false}), {code: 'DATA_EXISTS', message: /is not empty/});
	// The site itself is as it was.
	t.false((await open(t, made)).frozen.aborted);
});

test('a backup that has no room says so before it begins, and leaves nothing behind', async t => {
	const made = await createTestSite(t, {homes: 1});
	const directory = join(made.folder, 'backup');
	const world = {freeBytes: async () => 256 * 1024 * 1024};
	await t.throwsAsync(backUp({site: made.site, directory, withKeys: false, world}), {
		code: 'BACKUP_FAILED',
		message: /has 256 MiB free; the backup needs 257 MiB/,
	});
	t.false(existsSync(directory));
});

test('a copy that fails half-way is deleted, and the log goes on', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	for (let i = 0; i < 100; i += 1) await append(log, [draftOf(channel)], {record: Buffer.alloc(20_000, i)});
	const path = join(world.folder, 'to', 'log.db');
	let steps = 0;
	const stopped = copyLog(log.backup, path, {
		onStep: (bytes, bytesAll) => {
			t.true(bytes <= bytesAll);
			if (++steps === 3) throw new Error('no room');
		},
	});
	await t.throwsAsync(stopped, {code: 'BACKUP_FAILED', message: /no room/});
	t.deepEqual(readdirSync(join(world.folder, 'to')), []);
	await append(log, [draftOf(channel)]);
	// A second try, with commits between the steps: the copy has them.
	const sizes: number[] = [];
	const appends: Promise<number>[] = [];
	await copyLog(log.backup, path, {onStep: () => void appends.push(append(log, [draftOf(channel)]))});
	await Promise.all(appends);
	const reader = await openLogReader({path, hasher: nodeHasher});
	sizes.push((await reader.head())!.size);
	t.true(sizes[0]! > 102);
	await reader[Symbol.asyncDispose]();
	await t.throwsAsync(copyLog(log.backup, path), {code: 'DATA_EXISTS'});
	t.true(existsSync(path));
});

test('a log that closes while it is copied leaves no copy', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	for (let i = 0; i < 100; i += 1) await append(log, [draftOf(channel)], {record: Buffer.alloc(20_000, i)});
	const path = join(world.folder, 'copy.db');
	let closing: Promise<void> | undefined;
	const copying = copyLog(log.backup, path, {
		onStep: () => {
			closing ??= world.close();
		},
	});
	await t.throwsAsync(copying, {code: 'BACKUP_FAILED'});
	await closing;
	t.false(existsSync(path));
});

test('kedge backup says what it made, and refuses a directory that is in use', async t => {
	const made = await createTestSite(t, {homes: 1});
	const words = ['backup', join(made.folder, 'b'), '--config', made.site.configPath];
	const {code, out} = await kedge(t, words);
	t.is(code, 0);
	t.regex(
		out,
		/^harbour\/1: 0 entries, \d+\.\d MB, copied with the log locked\nroot none\n.*: log\.db, released\.checkpoint, trust\.json, kedge\.yaml, README\.txt\nWithout keys/,
	);
	const again = await kedge(t, words);
	t.is(again.code, 2);
	t.regex(again.err, /is not empty/);
	writeFileSync(join(made.folder, 'file'), '');
	chmodSync(join(made.folder, 'file'), 0o600);
	t.is((await kedge(t, ['backup', join(made.folder, 'file'), '--config', made.site.configPath])).code, 2);
	t.is((await kedge(t, ['backup', '--config', made.site.configPath])).code, 2);
});

test('who may sign in and what is shared is in a backup, and comes back with it', async t => {
	const made = await createTestSite(t, {homes: 1, config: () => 'api: {port: 0}\n'});
	const needs = {random: createSystemRandom(), clock: systemClock};
	const agent = await open(t, made);
	const {password} = await addUser(made.site.paths, {name: 'anna', role: 'owner', password: undefined}, needs);
	const people = await openPeople(made.site.paths, needs);
	const scope = {kind: 'device', id: 'home'} as const;
	const shared = await people.shares.create({scope, label: '', by: 'anna', expiresAtMs: systemClock.nowMs() + 3_600_000});
	const directory = join(made.folder, 'backup');
	const {files} = await backUp({site: made.site, directory, withKeys: false});
	t.true(files.includes('users.json') && files.includes('shares.json'), files.join());
	for (const name of ['users.json', 'shares.json']) t.is(statSync(join(directory, name)).mode & 0o777, 0o600);
	t.regex(readFileSync(join(directory, 'README.txt'), 'utf8'), /users\.json and shares\.json/);
	await agent[Symbol.asyncDispose]();

	// The card died: they are put back as README.txt says.
	for (const name of ['users.json', 'shares.json']) {
		rmSync(join(made.folder, name), {force: true});
		copyFileSync(join(directory, name), join(made.folder, name));
	}
	const back = await openPeople(made.site.paths, needs);
	t.true(await back.check('anna', password));
	t.like(back.shares.byToken(shared!.token), {scope});
});

test("root backs up a site that is somebody else's by way of that site, and leaves nothing there", async t => {
	if (process.getuid?.() !== 0) {
		t.log('not run: only root can give a folder away');
		t.pass();
		return;
	}
	const made = await createTestSite(t, {homes: 1});
	const {paths} = made.site;
	for (const name of ['', ...readdirSync(paths.directory)]) chownSync(join(paths.directory, name), 4321, 4321);
	const agent = await open(t, made);
	const directory = join(made.folder, 'elsewhere', 'backup');
	const report = await backUp({site: made.site, directory, withKeys: true});
	t.true(report.byAgent);
	t.deepEqual((await kedge(t, ['audit', '--config', join(directory, 'kedge.yaml')])).code, 0);
	t.deepEqual(
		readdirSync(paths.directory).filter(name => name.startsWith('backup-')),
		[],
	);
	t.is(statSync(join(paths.directory, 'newest-backup.json')).uid, 4321);
	await agent[Symbol.asyncDispose]();
});
