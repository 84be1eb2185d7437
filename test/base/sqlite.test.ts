// The door to SQLite: what is known after a write that failed, and a WAL that is emptied without waiting for anybody.
import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type Database, openDatabase, type Statements} from '../../agent/base/sqlite.ts';

async function create(t: ExecutionContext): Promise<{readonly path: string; readonly database: Database}> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-sqlite-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const path = join(folder, 'test.db');
	const database = await openDatabase({path, mode: 'create'});
	t.teardown(() => database[Symbol.asyncDispose]().catch(() => {}));
	await database.exec(`CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
		CREATE TABLE children (parent INTEGER NOT NULL REFERENCES parents DEFERRABLE INITIALLY DEFERRED, bytes BLOB) STRICT;`);
	return {path, database};
}

const addParent =
	(id: number) =>
	async ({run}: Statements): Promise<void> => {
		await run('INSERT INTO parents VALUES (?)', [id]);
	};

const count = async (database: Database): Promise<number> =>
	(await database.all<{count: number}>('SELECT (SELECT count(*) FROM parents) + (SELECT count(*) FROM children) AS count'))[0]!.count;

test('a transaction on a full disk is known not to have happened, and the same call works once there is room', async t => {
	const {database} = await create(t);
	await database.exec('PRAGMA max_page_count = 5');
	const write = (): Promise<void> =>
		database.transaction(async ({run}) => {
			await run('INSERT INTO parents VALUES (1)');
			for (let i = 0; i < 20; i += 1) await run('INSERT INTO children VALUES (1, zeroblob(3000))');
		});
	await t.throwsAsync(write(), {code: 'WRITE_REFUSED', message: 'SQLite took nothing of a transaction'});
	t.is(await count(database), 0);
	await database.exec('PRAGMA max_page_count = 1000');
	await write();
	t.is(await count(database), 21);
});

test('a body that throws an error of its own passes it on, and nothing happened', async t => {
	const {database} = await create(t);
	await t.throwsAsync(
		database.transaction(async statements => {
			await addParent(1)(statements);
			throw new TypeError('ours');
		}),
		{instanceOf: TypeError, message: 'ours'},
	);
	t.is(await count(database), 0);
	await database.transaction(addParent(1));
	t.is(await count(database), 1);
});

test('a COMMIT that fails leaves a state that nobody knows', async t => {
	const {database} = await create(t);
	// The constraint is looked at by COMMIT, and not before.
	const error = await t.throwsAsync(
		database.transaction(async ({run}) => {
			await run('INSERT INTO children VALUES (7, NULL)');
		}),
		{code: 'SQLITE_FAILED'},
	);
	t.like(error, {remedy: 'restart'});
});

test('a single step that fails leaves a state that nobody knows', async t => {
	const {database} = await create(t);
	await database.step('INSERT INTO parents VALUES (?)', [1]);
	t.like(await t.throwsAsync(database.step('INSERT INTO parents VALUES (?)', [1])), {code: 'SQLITE_FAILED', remedy: 'restart'});
});

test('the WAL is emptied unless a reader needs it, and nobody waits for the reader', async t => {
	const {path, database} = await create(t);
	await database.transaction(addParent(1));
	const walBytes = (): number => statSync(`${path}-wal`).size;
	t.true(walBytes() > 0);
	const reader = await openDatabase({path, mode: 'read'});
	t.teardown(() => reader[Symbol.asyncDispose]());
	await reader.exec('BEGIN');
	t.is(await count(reader), 1);
	await database.transaction(addParent(2));
	t.false(await database.truncateWal());
	t.true(walBytes() > 0);
	// What others wait for is as it was.
	t.deepEqual(await database.all('PRAGMA busy_timeout'), [{timeout: 5000}]);
	await reader.exec('COMMIT');
	t.true(await database.truncateWal());
	t.is(walBytes(), 0);
	t.is(await count(reader), 2);
});
