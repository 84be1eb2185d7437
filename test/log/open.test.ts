// What opening refuses: nothing there, something else there, somebody else there, the wrong key, or a history that does not fit its head.
import {spawn} from 'node:child_process';
import {existsSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {createEd25519Signer, verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {noteKey} from '../../agent/format/note.ts';
import {audit} from '../../agent/log/audit.ts';
import {createLog} from '../../agent/log/log.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {checkLog} from '../helpers/check-log.ts';
import {endWithTest} from '../helpers/children.ts';
import {append, createLogWorld, draftOf, enrolMeter, signer, temporaryFolder} from '../helpers/log-world.ts';

const key = noteKey(nodeHasher, 'harbour/1', signer.publicKey);

test('a log that is not there is not made by opening it', async t => {
	const world = await createLogWorld(t);
	const path = join(temporaryFolder(t), 'log.db');
	await t.throwsAsync(world.open({path}), {code: 'DATA_MISSING'});
	await t.throwsAsync(openLogReader({path, hasher: nodeHasher}), {code: 'DATA_MISSING'});
	t.false(existsSync(path));
	t.false(existsSync(`${path}.lock`));
});

test('opening an empty log signs and writes nothing until something is handed in', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	// The outside heads are looked at between opening and the first entry.
	for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
	t.is(world.disk.commits, 0);
	t.is(log.checkpoint(), undefined);
	await append(log, [draftOf(enrolMeter(log, 'm-1'))]);
	t.true(world.disk.commits > 0);
	t.true((log.checkpoint()?.size ?? 0) > 0);
});

test('a log is not made where there is one', async t => {
	const world = await createLogWorld(t);
	await (await world.open()).settled();
	await world.close();
	await t.throwsAsync(createLog({path: world.path, logName: 'harbour', epoch: 1, key}), {code: 'DATA_EXISTS'});
	t.is((await checkLog(t, world.path)).size, 1);
});

test('a log is not made inside a database of something else', async t => {
	const path = join(temporaryFolder(t), 'log.db');
	const database = await openDatabase({path, mode: 'create'});
	await database.exec('CREATE TABLE theirs (x)');
	await database[Symbol.asyncDispose]();
	await t.throwsAsync(createLog({path, logName: 'harbour', epoch: 1, key}), {code: 'DATA_EXISTS'});
	const world = await createLogWorld(t);
	const error = await t.throwsAsync(world.open({path}), {code: 'LOG_CORRUPT'});
	t.regex(error.message, /is a database, but not that of a log$/);
	await t.throwsAsync(openLogReader({path, hasher: nodeHasher}), {code: 'LOG_CORRUPT'});
});

test('a file that is no database is refused with a sentence', async t => {
	const path = join(temporaryFolder(t), 'log.db');
	writeFileSync(path, 'this is a diary, not a database. '.repeat(100));
	const world = await createLogWorld(t);
	await t.throwsAsync(world.open({path}), {code: 'SQLITE_FAILED'});
	await t.throwsAsync(createLog({path, logName: 'harbour', epoch: 1, key}), {code: 'SQLITE_FAILED'});
});

for (const format of ['0', '2', '']) {
	test(`a log of format ${format || 'none'} is refused, and the format is named`, async t => {
		const world = await createLogWorld(t);
		await (await world.open()).settled();
		await world.close();
		const database = await openDatabase({path: world.path, mode: 'write'});
		if (format === '') await database.exec(`DELETE FROM meta WHERE key = 'format'`);
		else await database.exec(`UPDATE meta SET value = '${format}' WHERE key = 'format'`);
		await database[Symbol.asyncDispose]();
		const message = new RegExp(`has log format ${format || 'none'}; this program reads 1$`);
		await t.throwsAsync(world.open(), {code: 'LOG_CORRUPT', message});
		await t.throwsAsync(world.reader(), {code: 'LOG_CORRUPT', message});
	});
}

test('another key than the one that the log was made with is refused, and the log is left alone', async t => {
	const world = await createLogWorld(t);
	await (await world.open()).settled();
	const before = await checkLog(t, world.path);
	await t.throwsAsync(world.open({signer: createEd25519Signer(new Uint8Array(32).fill(2))}), {
		code: 'KEY_INVALID',
		message: /harbour\/1, whose key is harbour\/1\+/,
	});
	t.deepEqual(await checkLog(t, world.path), before);
	t.is((await world.open()).size(), 1);
});

test('the log of another epoch has another key', async t => {
	const world = await createLogWorld(t, {epoch: 2});
	const log = await world.open();
	await log.settled();
	t.is(log.origin, 'harbour/2');
	t.regex(log.checkpoint()!.note, /^harbour\/2\n1\n/);
	const {problems} = await audit({path: world.path, hasher: nodeHasher, verifySignature: verifyEd25519});
	t.deepEqual(problems, ['the log is of epoch 2, its entries do not say which'], 'only kedge epoch makes one that says what came before');
});

test('a second writer in the same process is locked out, and let in when the first has closed', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	const other = await createLogWorld(t);
	await t.throwsAsync(other.open({path: world.path}), {code: 'LOG_LOCKED', message: /log\.db\.lock is locked$/});
	t.is(await append(log, [draftOf(channel)]), 2);
	await world.close();
	const second = await other.open({path: world.path});
	t.is(second.size(), 3);
});

test('a second process is locked out until the first one dies, however it dies', async t => {
	const world = await createLogWorld(t);
	const child = spawn(process.execPath, [fileURLToPath(new URL('../helpers/log-child.js', import.meta.url)), world.path, '0'], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	endWithTest(t, child, 'SIGKILL');
	// It said that it is open, and then has enrolled three channels: four entries.
	await new Promise(resolve => child.stdout.once('data', resolve));
	await t.throwsAsync(world.open(), {code: 'LOG_LOCKED'});
	const ended = new Promise(resolve => child.once('close', resolve));
	child.kill('SIGKILL');
	await ended;
	await (await world.open()).settled();
	t.is((await checkLog(t, world.path)).size, 4);
});

test('a writer that got past the lock cannot make a second history', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	const database = await openDatabase({path: world.path, mode: 'write'});
	await database.exec('UPDATE head SET size = 1');
	await t.throwsAsync(append(log, [draftOf(channel)]), {
		code: 'LOG_COMMIT_FAILED',
		message: /the head on disk is not the one that this writer left$/,
	});
	t.true(log.failed.aborted);
	await database.exec('UPDATE head SET size = 2');
	await database[Symbol.asyncDispose]();
	t.is((await checkLog(t, world.path)).size, 2);
});

test('a refused opening leaves no file behind and no lock held', async t => {
	const world = await createLogWorld(t);
	await t.throwsAsync(world.open({signer: createEd25519Signer(new Uint8Array(32).fill(2))}), {code: 'KEY_INVALID'});
	t.deepEqual(readdirSync(world.folder).sort(), ['log.db', 'log.db.lock']);
	await (await world.open()).settled();
});
