// Turns a live log into a copy of its database that is consistent, checked, and marked as what it is, so that nobody runs it as the log by mistake.

import {mkdir, open, rm} from 'node:fs/promises';
import {dirname} from 'node:path';
import {equalBytes} from '../base/bytes.ts';
import {AgentError, describeError} from '../base/errors.ts';
import type {Hasher} from '../base/hash.ts';
import {type BackupOptions, openDatabase} from '../base/sqlite.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import {copiedKey} from './log.ts';
import {openLogReader} from './reader.ts';

/**
 * Copies the database of a log into a new file at `path`, from inside: `backup` is the writer's own. What there is of the copy is deleted if this fails, with DATA_EXISTS
 * or BACKUP_FAILED.
 */
export async function copyLog(
	backup: (path: string, options?: BackupOptions) => Promise<void>,
	path: string,
	options: BackupOptions = {},
): Promise<void> {
	await makeNewFile(path);
	try {
		await backup(path, options);
	} catch (error) {
		for (const ending of ['', '-journal', '-wal', '-shm']) await rm(`${path}${ending}`, {force: true}).catch(() => {});
		if (error instanceof AgentError && error.code === 'BACKUP_FAILED') throw error;
		throw new AgentError('BACKUP_FAILED', `the copy was not finished and is deleted: ${describeError(error)}`, {
			hint: 'Look whether there is room where the backup goes; the log itself is as it was.',
			cause: error,
		});
	}
}

/** A file that nobody else may read: it will hold payloads and the secrets of subjects. */
async function makeNewFile(path: string): Promise<void> {
	try {
		await mkdir(dirname(path), {recursive: true, mode: 0o700});
		await (await open(path, 'wx', 0o600)).close();
	} catch (error) {
		const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
		throw new AgentError(isThere ? 'DATA_EXISTS' : 'BACKUP_FAILED', `${path} cannot be made: ${describeError(error)}`, {cause: error});
	}
}

/**
 * Marks a copy, checks every page and index of it, and computes the root of its head from what is stored in it. Gives the head; undefined for an empty log.
 * Fails with BACKUP_FAILED.
 */
export async function finishCopy(path: string, madeAtMs: number, hasher: Hasher): Promise<Checkpoint | undefined> {
	{
		await using database = await openDatabase({path, mode: 'write'});
		await database.transaction(async ({run}) => {
			await run('INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2', [
				copiedKey,
				new Date(madeAtMs).toISOString(),
			]);
		});
		const rows = await database.all<{quick_check: string}>('PRAGMA quick_check');
		if (rows.length !== 1 || rows[0]?.quick_check !== 'ok')
			throw new AgentError('BACKUP_FAILED', `the copy is damaged: ${rows.map(row => row.quick_check).join('; ')}`);
		// So that the one file is all there is, and can be read from a medium that nobody can write to. Whoever writes to it turns the WAL on again.
		await database.exec('PRAGMA journal_mode = DELETE');
	}
	await using reader = await openLogReader({path, hasher});
	const head = await reader.head();
	if (head !== undefined && !equalBytes(await reader.rootAt(head.size), head.root))
		throw new AgentError('BACKUP_FAILED', `the entries of the copy do not lead to its root at size ${head.size}`, {
			hint: 'Run: kedge audit',
		});
	return head;
}
