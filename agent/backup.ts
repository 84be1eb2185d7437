// The composition root's part that makes a backup of a site: asks the running agent for a copy of its log, or takes one itself, checks it, and puts beside it what belongs to it.

import {chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {askAgent, type BackupProgress} from './api/status-server.ts';
import {toHex} from './base/bytes.ts';
import {createClosing} from './base/closing.ts';
import {giveToOwner, replaceFile, syncPath} from './base/durable.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Checkpoint} from './format/checkpoint.ts';
import {copyLog, finishCopy} from './log/backup.ts';
import type {Log} from './log/log.ts';
import {anchorKeyFiles, type Site, type SitePaths, siteFile} from './site.ts';
import {readStatus} from './state.ts';
import {realWorld, type World} from './world.ts';

const mib = 1024 * 1024;
const askEveryMs = 200;

/** What a running agent does for somebody who asks for a backup: one at a time, in the background. */
export type BackupDesk = {
	/** Begins to copy log.db to a path that is not there yet. Fails with BACKUP_FAILED if one is being made. */
	readonly start: (path: string) => void;
	readonly progress: () => BackupProgress;
	/** Gives up; what there is of the copy is deleted. */
	readonly stop: () => void;
};

/** `mayGoOn` is asked at each step: a backup must not be what fills the disk. */
export function createBackupDesk(log: Pick<Log, 'backup'>, mayGoOn: () => boolean): BackupDesk {
	let progress: BackupProgress = {state: 'none', bytes: 0, bytesAll: 0, error: undefined};
	let isStopped = false;
	const run = async (path: string): Promise<void> => {
		try {
			await copyLog(log.backup, path, {
				onStep: (bytes, bytesAll) => {
					progress = {state: 'copying', bytes, bytesAll, error: undefined};
					if (isStopped) throw new AgentError('BACKUP_FAILED', 'it was stopped');
					if (!mayGoOn()) throw new AgentError('BACKUP_FAILED', 'the disk of the log is full', {hint: 'Back up to another disk.'});
				},
			});
			progress = {...progress, state: 'done'};
		} catch (error) {
			progress = {...progress, state: 'failed', error: describeError(error)};
		}
	};
	return {
		start: path => {
			if (progress.state === 'copying') throw new AgentError('BACKUP_FAILED', 'a backup is being made already');
			isStopped = false;
			progress = {state: 'copying', bytes: 0, bytesAll: 0, error: undefined};
			void run(path);
		},
		progress: () => progress,
		stop: () => {
			isStopped = true;
		},
	};
}

export type BackupReport = {
	readonly directory: string;
	readonly origin: string;
	/** Of log.db in the backup. */
	readonly bytes: number;
	readonly size: number;
	/** Hexadecimal; undefined for an empty log. */
	readonly root: string | undefined;
	readonly files: readonly string[];
	/** Whether a running agent made the copy. */
	readonly byAgent: boolean;
};

export type BackupOptions = {
	readonly site: Site;
	/** New or empty. */
	readonly directory: string;
	/** Also copies the keys: whoever has such a backup can sign as this log. */
	readonly withKeys: boolean;
	readonly onProgress?: (bytes: number, bytesAll: number) => void;
	readonly signal?: AbortSignal;
	readonly world?: Partial<World>;
};

/** Makes a backup of a site. All of it is on the disk when this resolves; else what there is of it is deleted. Fails with DATA_EXISTS, BACKUP_FAILED or LOG_LOCKED. */
export async function backUp(options: BackupOptions): Promise<BackupReport> {
	const {site, withKeys} = options;
	const world: World = {...realWorld(), ...options.world};
	const {paths} = site;
	const directory = resolve(options.directory);
	const wasThere = await isEmptyDirectory(directory);
	try {
		await mkdir(directory, {recursive: true, mode: 0o700});
		await assertRoom(site, directory, world);
		const headFile = world.createHeadFile(paths.released);
		const before = await headFile.read().catch(() => undefined);
		const copy = join(directory, 'log.db');
		const byAgent = (await isOfAnother(paths.directory))
			? await copyByAnother(site, options, world, copy)
			: await takeCopy(site.paths, options, world, copy);
		const madeAtMs = world.clock.nowMs();
		const head = await finishCopy(copy, madeAtMs, nodeHasher);
		const released = await releasedAsOf(head, before, await headFile.read().catch(() => undefined));
		const origin = released?.origin ?? head?.origin ?? site.config.log.name;
		await keep(copy, undefined, 0o600);
		const files = ['log.db'];
		const add = async (name: string, content: string | Uint8Array, mode: number): Promise<void> => {
			await keep(join(directory, name), content, mode);
			files.push(name);
		};
		if (released !== undefined) await add('released.checkpoint', released.note, 0o600);
		await add('trust.json', await readFile(paths.trust), 0o644);
		await add('kedge.yaml', await readFile(site.configPath), 0o600);
		// Hashes and names: who comes in and what is shared goes on where the backup is put back.
		for (const path of [paths.users, paths.shares]) {
			const content = await readIfThere(path);
			if (content !== undefined) await add(basename(path), content, 0o600);
		}
		if (withKeys) for (const path of await keyPaths(site)) await add(basename(path), await readFile(path), 0o600);
		await add('README.txt', readmeText({origin, head, madeAtMs, withKeys}), 0o644);
		await syncPath(directory);
		await syncPath(dirname(directory));
		const bytes = (await stat(copy)).size;
		await noteBackup(paths.directory, {madeAtMs, directory, size: head?.size ?? 0});
		return {directory, origin, bytes, size: head?.size ?? 0, root: head && toHex(head.root), files, byAgent};
	} catch (error) {
		for (const name of await readdir(directory).catch(() => []))
			await rm(join(directory, name), {recursive: true, force: true}).catch(() => {});
		if (!wasThere) await rmdir(directory).catch(() => {});
		if (error instanceof AgentError) throw error;
		throw new AgentError('BACKUP_FAILED', `the backup was not finished and is deleted: ${describeError(error)}`, {
			hint: 'Look whether there is room where the backup goes; the log itself is as it was.',
			cause: error,
		});
	}
}

/** The newest backup that was made of a site: where it went to, and how far the log had come. */
export type BackupNote = {readonly madeAtMs: number; readonly directory: string; readonly size: number};

/** For `kedge doctor`, which says how old it is. */
const noteName = 'newest-backup.json';

/** A backup that could not be noted is one all the same. */
async function noteBackup(siteDirectory: string, note: BackupNote): Promise<void> {
	await replaceFile(join(siteDirectory, noteName), `${JSON.stringify(note)}\n`, 0o600).catch(() => {});
}

/** undefined if none was noted, or what is there is no note. */
export async function readBackupNote(siteDirectory: string): Promise<BackupNote | undefined> {
	try {
		const {madeAtMs, directory, size} = JSON.parse(await readFile(join(siteDirectory, noteName), 'utf8')) as Record<string, unknown>;
		return Number.isSafeInteger(madeAtMs) && typeof directory === 'string' && Number.isSafeInteger(size)
			? {madeAtMs: madeAtMs as number, directory, size: size as number}
			: undefined;
	} catch {
		return undefined;
	}
}

/** True if it is there and empty, false if it is not there. */
async function isEmptyDirectory(directory: string): Promise<boolean> {
	let names: readonly string[];
	try {
		names = await readdir(directory);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
		throw new AgentError('DATA_EXISTS', `${directory} cannot be used: ${describeError(error)}`, {cause: error});
	}
	if (names.length > 0)
		throw new AgentError('DATA_EXISTS', `${directory} is not empty`, {hint: 'Name a new directory: no backup overwrites another.'});
	return true;
}

/** Better before than after an hour; and a backup on the disk of the log must not make the agent full. */
async function assertRoom({config, paths}: Site, directory: string, world: World): Promise<void> {
	const [target, own] = await Promise.all([stat(directory), stat(paths.directory)]);
	const floorBytes = target.dev === own.dev ? config.log.floorMiB * mib : 0;
	const neededBytes = (await world.fileBytes(paths.log)) + (await world.fileBytes(`${paths.log}-wal`)) + floorBytes;
	const freeBytes = await world.freeBytes(directory);
	if (freeBytes < neededBytes)
		throw new AgentError(
			'BACKUP_FAILED',
			`${directory} has ${Math.floor(freeBytes / mib)} MiB free; the backup needs ${Math.ceil(neededBytes / mib)} MiB${floorBytes > 0 ? ', with the floor that stays free for the log beside it' : ''}`,
			{hint: 'Back up to another disk, or make room.'},
		);
}

/** Whether we are root, and the site is somebody else's. */
async function isOfAnother(directory: string): Promise<boolean> {
	return process.getuid?.() === 0 && (await stat(directory)).uid !== 0;
}

/** An agent that is a service may write nothing outside of its site, and nothing that is root's: it copies inside, and root takes the copy from there. */
async function copyByAnother(site: Site, options: BackupOptions, world: World, copy: string): Promise<boolean> {
	const {paths} = site;
	await assertRoom(site, paths.directory, world);
	const folder = await mkdtemp(join(paths.directory, 'backup-'));
	try {
		await giveToOwner(folder);
		const inside = join(folder, 'log.db');
		const byAgent = await takeCopy(paths, options, world, inside);
		await copyFile(inside, copy);
		return byAgent;
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

/** Copies log.db alone, unmarked, to a path that is not there. True if a running agent took the copy; else its lock is taken, so that none starts meanwhile. */
export async function takeCopy(
	paths: Pick<SitePaths, 'log' | 'socket'>,
	{onProgress, signal}: Pick<BackupOptions, 'onProgress' | 'signal'>,
	world: World,
	copy: string,
): Promise<boolean> {
	const stopped = new AgentError('BACKUP_FAILED', 'the backup was stopped, and is deleted');
	const isRunning = await readStatus(paths).then(
		() => true,
		() => false,
	);
	if (!isRunning) {
		const closing = createClosing();
		try {
			closing.use(await world.takeProcessLock(`${paths.log}.lock`));
			const database = closing.use(await world.openDatabase({path: paths.log, mode: 'write'}));
			await copyLog(database.backup, copy, {
				onStep: (bytes, bytesAll) => {
					if (signal?.aborted) throw stopped;
					onProgress?.(bytes, bytesAll);
				},
			});
		} finally {
			await closing.close();
		}
		return false;
	}
	await askAgent(paths.socket, 'POST', `/backup?to=${encodeURIComponent(copy)}`);
	for (;;) {
		const progress = await askAgent<BackupProgress>(paths.socket, 'GET', '/backup');
		if (progress.state === 'done') return true;
		if (progress.state !== 'copying') throw new AgentError('BACKUP_FAILED', progress.error ?? 'the agent was started again meanwhile');
		onProgress?.(progress.bytes, progress.bytesAll);
		if (signal?.aborted) await askAgent(paths.socket, 'POST', '/backup/stop');
		await world.clock.sleep(askEveryMs);
	}
}

/** The newest of the released heads that the copy holds: the side file of a log never says more than the log has. */
async function releasedAsOf(
	head: Checkpoint | undefined,
	before: Checkpoint | undefined,
	after: Checkpoint | undefined,
): Promise<Checkpoint | undefined> {
	return after !== undefined && after.size <= (head?.size ?? 0) ? after : before;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
	try {
		return await readFile(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw error;
	}
}

async function keyPaths(site: Site): Promise<string[]> {
	const {keystore, keystorePasswordFile} = site.config.anchor ?? anchorKeyFiles;
	const named = [site.paths.logKey, siteFile(site, keystore), siteFile(site, keystorePasswordFile)];
	if (site.config.client?.passwordFile !== undefined) named.push(siteFile(site, site.config.client.passwordFile));
	const there: string[] = [];
	for (const path of named) if (await stat(path).catch(() => undefined)) there.push(path);
	return there;
}

/** Writes a file, or takes one that is there, and syncs it. */
async function keep(path: string, content: string | Uint8Array | undefined, mode: number): Promise<void> {
	if (content !== undefined) await writeFile(path, content, {flag: 'wx', mode});
	await chmod(path, mode);
	await syncPath(path);
}

function readmeText(made: {
	readonly origin: string;
	readonly head: Checkpoint | undefined;
	readonly madeAtMs: number;
	readonly withKeys: boolean;
}): string {
	const {origin, head, madeAtMs, withKeys} = made;
	return `This is a backup of the Kedge log ${origin}, made at ${new Date(madeAtMs).toISOString()}.

  size ${head?.size ?? 0}
  root ${head === undefined ? 'none' : toHex(head.root)}

It can be read as it is: \`kedge prove\`, \`history\`, \`audit\` and \`verify\` with --config kedge.yaml work in this folder.

Do not run it as the log. The log went on after this copy was made: whatever was acknowledged since is not in here, and an agent that appended to this copy would
make a second history of what others have seen already. The copy is marked, and an agent that finds it in the place of the log is frozen: it answers
\`kedge status\`, and acknowledges and releases nothing.

If the log itself is lost for good:
  1. Put log.db where the lost one was${withKeys ? ', with the key files' : ', and the key files, which are not in this backup'}. Keep the released.checkpoint that lies
     there if it is newer: it says what others have seen. users.json and shares.json, where they are, go there too: who may sign in, and what was shared.
     Both say what held when this backup was made: a share link that was revoked since is open again until you revoke it, so look through them.
  2. kedge epoch --reason "the card died"     opens the next life of the log, linked to this one, and appends again what this copy holds beyond what others have seen.
  3. kedge run
Devices and brokers send again what they still hold; what was acknowledged after the copy and is held by nobody is lost, and every history over that time says so.

Never open the live log.db with the sqlite3 of your distribution, and never copy the file while an agent runs: releases before 3.51.3 can damage it, and a plain copy
misses what is in log.db-wal. \`kedge backup\` makes the copy from inside.
${
	withKeys
		? '\nThe keys are in this folder. Whoever has it can sign as this log and spend what its anchoring key holds: lock it away.\n'
		: ''
}`;
}
