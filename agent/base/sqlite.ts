// The only door to SQLite: opens a database with the settings that keep acknowledged data, and owns every transaction.

import {open} from 'node:fs/promises';
import sqlite from 'sqlite3';
import {giveToOwner} from './durable.ts';
import {AgentError, describeError} from './errors.ts';

export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** What a transaction's body may do. Statements run in the order of the calls. */
export type Statements = {
	/** Runs one statement; resolves to the number of rows it changed. */
	readonly run: (sql: string, parameters?: readonly SqlValue[]) => Promise<number>;
	readonly all: <Row extends SqlRow>(sql: string, parameters?: readonly SqlValue[]) => Promise<Row[]>;
};

export type Database = Statements & {
	/** Runs several statements without parameters. */
	readonly exec: (sql: string) => Promise<void>;
	/**
	 * Runs `body` between BEGIN IMMEDIATE and COMMIT. Transactions of one Database queue up and never interleave
	 * [node-sqlite3 #1761, #1299: `serialize` is not enough].
	 *
	 * The rule of a failed write: whatever fails before COMMIT was sent was not done, since SQLite had nothing to commit yet; it rejects with WRITE_REFUSED (remedy
	 * 'retry'; an error of `body` itself passes as it is), and the same call may be made again. A COMMIT that fails may have happened all the same: its frames can be
	 * in the WAL, where the next open finds them. That rejects with SQLITE_FAILED (remedy 'restart'), and so does a ROLLBACK that leaves the transaction open: the
	 * caller MUST NOT go on with what it holds in memory, nor with this connection.
	 */
	readonly transaction: <T>(body: (statements: Statements) => Promise<T>) => Promise<T>;
	/**
	 * Runs one statement as a transaction of its own, queued up among the others. Resolves when it is durable. The statement is its own COMMIT, so that any failure
	 * means remedy 'restart'.
	 */
	readonly step: (sql: string, parameters: readonly SqlValue[]) => Promise<void>;
	/**
	 * Moves everything from the WAL into the main file and makes the WAL empty, queued up among the transactions. It waits for nobody: false if a reader still needs
	 * what is in the WAL, or if the disk did not take it. Whatever was committed stays committed either way.
	 */
	readonly truncateWal: () => Promise<boolean>;
	/**
	 * Copies the whole database into the file at `path`, which MUST be empty or not there, by SQLite's online backup: in small steps, each queued up among the
	 * transactions. What is committed meanwhile on this connection goes into the copy as well, so that the copy is the database as of the last step; it is synced when
	 * this resolves. If it rejects the caller deletes what there is of the copy. Never copy a live database in any other way.
	 */
	readonly backup: (path: string, options?: BackupOptions) => Promise<void>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type BackupOptions = {
	/** Called after each step with how much is copied. Throws to give up. */
	readonly onStep?: (bytes: number, bytesAll: number) => void;
};

export type OpenDatabaseOptions = {
	readonly path: string;
	/**
	 * create: the file must not hold a database yet, or an empty one. write: it MUST exist; a wrong path never makes a fresh, empty state. read: it must exist and
	 * nothing is ever written, so that a second process may read beside the writer.
	 */
	readonly mode: 'create' | 'write' | 'read';
	/** What the database may lose at a power cut. FULL loses nothing that was committed; the others exist for control runs. @default 'FULL' */
	readonly synchronous?: 'FULL' | 'NORMAL' | 'OFF';
	/** How long a statement waits for another process's lock, in ms. @default 5000 */
	readonly busyTimeoutMs?: number;
};

/** SQLite before this release corrupts a WAL that is reset while another connection commits (fixed in 3.51.3). */
const versionMin = [3, 51, 3] as const;

/** The WAL file is truncated to this after each WAL checkpoint, and one is tried every 1,000 pages. */
const journalBytesMax = 16 * 1024 * 1024;

/** A step of a copy is no longer than a commit. */
const pagesPerStep = 64;
/** The copy is synced this often, beside the queue: else the last step would write it all, and every commit would wait for that. */
const stepsPerSync = 8;

/** What the types of the package leave out. */
type Backups = {readonly backup: (path: string, done: (error: Error | null) => void) => Backup};
type Backup = {
	retryErrors: readonly number[];
	readonly remaining: number;
	readonly pageCount: number;
	readonly step: (pages: number, done: (error: Error | null, isDone?: boolean) => void) => void;
	readonly finish: (done: () => void) => void;
};

/** Prepared statements kept per database. The rooms use a few dozen different texts; more would mean that values got into a text. */
const statementsMax = 128;

/**
 * Opens a database. Writers get WAL with the given `synchronous`, and both are read back before the first use.
 *
 * Fails with DATA_MISSING (write, read), SQLITE_UNSUITABLE (library too old, or a setting did not take) or SQLITE_FAILED.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
	const flags =
		options.mode === 'read'
			? sqlite.OPEN_READONLY
			: options.mode === 'write'
				? sqlite.OPEN_READWRITE
				: sqlite.OPEN_READWRITE | sqlite.OPEN_CREATE;
	const connection = await new Promise<sqlite.Database>((resolve, reject) => {
		const opened: sqlite.Database = new sqlite.Database(options.path, flags, error => {
			if (error === null) resolve(opened);
			else if (codeOf(error) === 'SQLITE_CANTOPEN' && options.mode !== 'create')
				reject(
					new AgentError('DATA_MISSING', `no database at ${options.path}`, {
						hint: 'Check the path, or make one with: kedge init',
						cause: error,
					}),
				);
			else reject(failure(`cannot open ${options.path}`, error));
		});
	});
	const busyTimeoutMs = options.busyTimeoutMs ?? 5000;
	const database = createDatabase(connection, busyTimeoutMs);
	try {
		await assertVersion(database);
		await database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
		await database.exec('PRAGMA foreign_keys = ON');
		if (options.mode === 'read') await database.exec('PRAGMA query_only = ON');
		else await setDurability(database, options.synchronous ?? 'FULL');
	} catch (error) {
		await database[Symbol.asyncDispose]();
		throw error;
	}
	return database;
}

async function assertVersion(database: Database): Promise<void> {
	const [row] = await database.all<{version: string}>('SELECT sqlite_version() AS version');
	const version = row?.version ?? '';
	const parts = version.split('.').map(Number);
	for (let i = 0; i < versionMin.length; i += 1) {
		const difference = (parts[i] ?? 0) - versionMin[i]!;
		if (difference > 0) return;
		if (difference < 0)
			throw new AgentError('SQLITE_UNSUITABLE', `SQLite ${version} can corrupt a WAL; ${versionMin.join('.')} or later is needed`, {
				hint: 'Install the packages again from the lockfile: npm ci',
			});
	}
}

async function setDurability(database: Database, synchronous: 'FULL' | 'NORMAL' | 'OFF'): Promise<void> {
	await database.exec('PRAGMA journal_mode = WAL');
	await database.exec(`PRAGMA synchronous = ${synchronous}`);
	await database.exec('PRAGMA wal_autocheckpoint = 1000');
	await database.exec(`PRAGMA journal_size_limit = ${journalBytesMax}`);
	const [journal] = await database.all<{journal_mode: string}>('PRAGMA journal_mode');
	const [level] = await database.all<{synchronous: number}>('PRAGMA synchronous');
	const levelWanted = {OFF: 0, NORMAL: 1, FULL: 2}[synchronous];
	if (journal?.journal_mode !== 'wal' || level?.synchronous !== levelWanted)
		throw new AgentError(
			'SQLITE_UNSUITABLE',
			`SQLite reads back journal_mode ${journal?.journal_mode} and synchronous ${level?.synchronous}, not wal and ${levelWanted}`,
			{hint: 'The data directory must be on a local file system that can share memory between processes.'},
		);
}

function createDatabase(connection: sqlite.Database, busyTimeoutMs: number): Database {
	const prepared = new Map<string, Promise<sqlite.Statement>>();
	let tail: Promise<unknown> = Promise.resolve();
	let closed = false;
	const backups = new Set<Promise<void>>();

	const prepare = (sql: string): Promise<sqlite.Statement> => {
		const known = prepared.get(sql);
		if (known !== undefined) return known;
		if (prepared.size >= statementsMax) throw new AgentError('ASSERTION_FAILED', `more than ${statementsMax} different SQL texts: ${sql}`);
		const statement = new Promise<sqlite.Statement>((resolve, reject) => {
			const made: sqlite.Statement = connection.prepare(sql, error => {
				if (error === null) resolve(made);
				else reject(failure(`cannot prepare ${sql}`, error));
			});
		});
		prepared.set(sql, statement);
		return statement;
	};

	const run: Statements['run'] = async (sql, parameters = []) => {
		const statement = await prepare(sql);
		return new Promise((resolve, reject) => {
			statement.run(parameters, function (error) {
				if (error === null) resolve(this.changes);
				else reject(failure(sql, error));
			});
		});
	};

	// `all`, never `get`: a statement that was not stepped to its end keeps its read transaction, and with it the WAL, alive.
	const all = async <Row extends SqlRow>(sql: string, parameters: readonly SqlValue[] = []): Promise<Row[]> => {
		const statement = await prepare(sql);
		return new Promise((resolve, reject) => {
			statement.all<Row>(parameters, (error, rows) => {
				if (error === null) resolve(rows);
				else reject(failure(sql, error));
			});
		});
	};

	const exec = (sql: string): Promise<void> =>
		new Promise((resolve, reject) => {
			connection.exec(sql, error => {
				if (error === null) resolve();
				else reject(failure(sql, error));
			});
		});

	const inTransaction = async <T>(body: (statements: Statements) => Promise<T>): Promise<T> => {
		try {
			await run('BEGIN IMMEDIATE');
		} catch (error) {
			throw notDone(error);
		}
		let value: T;
		try {
			value = await body({run, all});
		} catch (error) {
			try {
				await run('ROLLBACK');
			} catch (rollback) {
				// A full disk or a failed read may have made SQLite roll back by itself; anything else leaves a transaction open in which all that follows would end up.
				if (!describeError(rollback).includes('no transaction is active')) throw rollback;
			}
			throw notDone(error);
		}
		await run('COMMIT');
		return value;
	};

	const truncateWal = async (): Promise<boolean> => {
		// While it waited for a reader nothing could be committed.
		await exec('PRAGMA busy_timeout = 0');
		try {
			const [row] = await all<{busy: number}>('PRAGMA wal_checkpoint(TRUNCATE)');
			return row?.busy === 0;
		} catch {
			return false;
		} finally {
			await exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
		}
	};

	const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
		// What stands in the queue when the database is closed still runs.
		if (closed) return Promise.reject(new AgentError('LOG_CLOSED', 'the database is closed'));
		const mine = tail.then(work);
		tail = mine.catch(() => {});
		return mine;
	};

	const backup = async (path: string, {onStep}: BackupOptions): Promise<void> => {
		const [page] = await all<{page_size: number}>('PRAGMA page_size');
		const pageBytes = page?.page_size ?? 0;
		const copying = await inTurn(
			() =>
				new Promise<Backup>((resolve, reject) => {
					const made = (connection as unknown as Backups).backup(path, error =>
						error === null ? resolve(made) : reject(failure(`cannot copy to ${path}`, error)),
					);
				}),
		);
		// Nothing is retried: on a connection of our own nobody else is busy.
		copying.retryErrors = [];
		try {
			const file = await open(path, 'r+');
			try {
				for (let steps = 1; ; steps += 1) {
					const isDone = await inTurn(
						() =>
							new Promise<boolean>((resolve, reject) =>
								copying.step(pagesPerStep, (error, done) =>
									error === null ? resolve(done === true) : reject(failure(`cannot copy to ${path}`, error)),
								),
							),
					);
					onStep?.((copying.pageCount - copying.remaining) * pageBytes, copying.pageCount * pageBytes);
					if (isDone) break;
					if (steps % stepsPerSync === 0) await file.datasync();
				}
				await file.sync();
			} finally {
				await file.close();
			}
		} finally {
			await new Promise<void>(resolve => copying.finish(() => resolve()));
		}
	};

	return {
		run,
		all,
		exec,
		transaction: body => inTurn(() => inTransaction(body)),
		step: (sql, parameters) =>
			inTurn(async () => {
				await run(sql, parameters);
			}),
		truncateWal: () => inTurn(truncateWal),
		backup: (path, options = {}) => {
			const mine = backup(path, options);
			const ended: Promise<void> = mine.catch(() => {}).finally(() => backups.delete(ended));
			backups.add(ended);
			return mine;
		},
		[Symbol.asyncDispose]: async () => {
			if (closed) return;
			closed = true;
			await tail;
			// One that is under way finds the database closed at its next step, and must be gone before the connection can be.
			await Promise.all(backups);
			for (const statement of prepared.values()) {
				const made = await statement.catch(() => undefined);
				if (made !== undefined) await new Promise<void>(resolve => made.finalize(() => resolve()));
			}
			await new Promise<void>((resolve, reject) => {
				connection.close(error => (error === null ? resolve() : reject(failure('close', error))));
			});
		},
	};
}

/** Holds a lock that dies with the process, whatever kills it. */
export type ProcessLock = {readonly [Symbol.asyncDispose]: () => Promise<void>};

/**
 * Takes the lock at `path`, a file of its own beside what it guards. The lock is SQLite's own on an empty database, since Node has no flock: the kernel drops it
 * with the process. Fails with LOG_LOCKED at once if another process has it.
 */
export async function takeProcessLock(path: string): Promise<ProcessLock> {
	const connection = await new Promise<sqlite.Database>((resolve, reject) => {
		const opened: sqlite.Database = new sqlite.Database(path, error => (error === null ? resolve(opened) : reject(failure(path, error))));
	});
	const exec = (sql: string): Promise<void> =>
		new Promise((resolve, reject) => connection.exec(sql, error => (error === null ? resolve() : reject(error))));
	const close = (): Promise<void> => new Promise(resolve => connection.close(() => resolve()));
	try {
		await exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
	} catch (error) {
		await close();
		if (codeOf(error) === 'SQLITE_BUSY')
			throw new AgentError('LOG_LOCKED', `another process writes here: ${path} is locked`, {
				hint: 'Stop the other agent first; two writers would make two histories.',
				cause: error,
			});
		throw failure(`cannot lock ${path}`, error);
	}
	await giveToOwner(path);
	return {[Symbol.asyncDispose]: close};
}

function codeOf(error: unknown): string {
	return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** The error of something in front of a COMMIT that was then not sent. */
function notDone(error: unknown): unknown {
	if (!(error instanceof AgentError) || error.code !== 'SQLITE_FAILED') return error;
	return new AgentError('WRITE_REFUSED', 'SQLite took nothing of a transaction', {
		hint: 'Look whether the disk is full or damaged; the same is tried again.',
		cause: error,
	});
}

function failure(what: string, cause: unknown): AgentError {
	return new AgentError('SQLITE_FAILED', `SQLite failed: ${what}`, {cause});
}
