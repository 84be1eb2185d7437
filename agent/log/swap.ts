// Puts the files of the next epoch in the place of those of the last one, in steps of which each may be the last before a power cut.

import {chmod, mkdir, readdir, readFile, rename, rm, rmdir, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {syncPath, writeSynced} from '../base/durable.ts';
import {AgentError} from '../base/errors.ts';

/** What is done to the files. Each is durable when it resolves. */
export type SwapFiles = {
	readonly size: (path: string) => Promise<number | undefined>;
	readonly list: (directory: string) => Promise<string[]>;
	readonly read: (path: string) => Promise<string>;
	readonly makeDirectory: (path: string) => Promise<void>;
	/** Makes a file that only its owner reads, or as `mode` says. */
	readonly write: (path: string, text: string, mode?: number) => Promise<void>;
	/** Makes what somebody else wrote there durable. */
	readonly sync: (path: string) => Promise<void>;
	readonly move: (from: string, to: string) => Promise<void>;
	/** Removes a file or a folder with all in it; nothing there is fine. */
	readonly remove: (path: string) => Promise<void>;
	/** Removes an empty folder. */
	readonly removeEmpty: (path: string) => Promise<void>;
};

export const realSwapFiles: SwapFiles = {
	size: path =>
		stat(path).then(
			found => found.size,
			(error: NodeJS.ErrnoException) => {
				if (error.code === 'ENOENT') return undefined;
				throw error;
			},
		),
	list: directory => readdir(directory),
	read: path => readFile(path, 'utf8'),
	makeDirectory: async path => {
		await mkdir(path, {recursive: true, mode: 0o700});
		await syncPath(dirname(path));
	},
	write: async (path, text, mode = 0o600) => {
		await writeSynced(path, text, mode);
		await chmod(path, mode);
		await syncPath(dirname(path));
	},
	sync: async path => {
		await syncPath(path);
		await syncPath(dirname(path));
	},
	move: async (from, to) => {
		await rename(from, to);
		// Both names, and in this order: a power cut leaves the file in at least one place.
		await syncPath(dirname(to));
		if (dirname(from) !== dirname(to)) await syncPath(dirname(from));
	},
	remove: async path => {
		await rm(path, {recursive: true, force: true});
		await syncPath(dirname(path));
	},
	removeEmpty: async path => {
		await rmdir(path);
		await syncPath(dirname(path));
	},
};

/** Where the next epoch is built; what is here is worth nothing. */
export const buildingName = 'next-epoch.building';
/** Where it waits once it is whole. From the moment that it has this name there is no way back, only forward. */
export const readyName = 'next-epoch';
/** In `next-epoch/`: which folder the last epoch goes to, and the report for its owner. */
const manifestName = 'epoch.json';

/** The files of a site that an epoch has of its own, and what they are called in the folder of the epoch that ended. */
export const epochFiles = [
	// A database without the side file of its own origin is withheld or frozen: whatever comes last, nothing is released in between.
	{name: 'released.checkpoint', archived: 'side-file.checkpoint'},
	{name: 'log.key', archived: 'log.key'},
	{name: 'log.db', archived: 'log.db'},
	{name: 'trust.json', archived: 'trust.json'},
] as const;
/** The checkpoint of the common head: what the epoch that ended may still show. */
export const commonName = 'common.checkpoint';

export function isSwapPending(directory: string, files: Pick<SwapFiles, 'size'> = realSwapFiles): Promise<boolean> {
	return files.size(join(directory, readyName)).then(size => size !== undefined);
}

/** Fails with EPOCH_UNFINISHED while the files of two epochs are mixed. */
export async function refuseHalfSwapped(directory: string): Promise<void> {
	if (await isSwapPending(directory))
		throw new AgentError('EPOCH_UNFINISHED', `the next epoch was begun in ${join(directory, readyName)} and not finished`, {
			hint: 'Run: kedge epoch',
		});
}

/** Ends the building: everything in `next-epoch.building/` MUST be durable. A power cut before leaves the last epoch untouched, one after leaves the swap to be finished. */
export async function beginSwap(directory: string, manifest: {readonly archive: string}, files: SwapFiles): Promise<void> {
	const building = join(directory, buildingName);
	await files.write(join(building, manifestName), `${JSON.stringify(manifest, null, '\t')}\n`);
	await files.move(building, join(directory, readyName));
}

/**
 * Does what is still to be done of a swap that was begun, and gives its manifest. Safe to call as often as needed, after a power cut at any step. MUST be called under the
 * lock of the log.
 */
export async function finishSwap(directory: string, files: SwapFiles): Promise<unknown> {
	const ready = join(directory, readyName);
	const isThere = async (path: string): Promise<boolean> => (await files.size(path)) !== undefined;
	if (!(await isThere(join(ready, manifestName)))) {
		// The manifest goes last: all that is left is the empty folder.
		await files.removeEmpty(ready);
		return undefined;
	}
	const manifest = JSON.parse(await files.read(join(ready, manifestName))) as {readonly archive: string};
	const archive = join(directory, manifest.archive);
	await files.makeDirectory(archive);
	for (const {name, archived} of epochFiles) {
		const [fresh, place, kept] = [join(ready, name), join(directory, name), join(archive, archived)];
		// The new file is in its place already, so the old one is in the archive.
		if (!(await isThere(fresh))) continue;
		if (await isThere(place)) {
			if (await isThere(kept))
				throw new AgentError('DATA_EXISTS', `both ${place} and ${kept} are there: somebody put a file back during the swap`, {
					hint: 'Move away the one that does not belong to the epoch that ended, then run: kedge epoch',
				});
			if (name === 'log.db') await dropEmptyJournal(place, files);
			await files.move(place, kept);
		}
		await files.move(fresh, place);
	}
	if (await isThere(join(ready, commonName))) await files.move(join(ready, commonName), join(archive, 'released.checkpoint'));
	await files.move(join(ready, manifestName), join(archive, manifestName));
	await files.removeEmpty(ready);
	return manifest;
}

/** SQLite would replay a journal that it finds beside another database under the same name. */
async function dropEmptyJournal(path: string, files: SwapFiles): Promise<void> {
	const bytes = await files.size(`${path}-wal`);
	if (bytes !== undefined && bytes > 0)
		throw new AgentError('LOG_LOCKED', `${path}-wal still holds ${bytes} bytes: another process has the log open`, {
			hint: 'End every kedge command that reads this site, then run: kedge epoch',
		});
	if (bytes !== undefined) await files.remove(`${path}-wal`);
	await files.remove(`${path}-shm`);
}
