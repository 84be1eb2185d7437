// Makes files survive a power cut: what is in them, and the names that they have in their directories.

import {chown, open, rename, stat} from 'node:fs/promises';
import {dirname} from 'node:path';

/** Makes what is in a file durable, or the names that are in a directory. */
export async function syncPath(path: string): Promise<void> {
	const handle = await open(path, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** Writes a file over what is there. Its content is durable when this resolves; a new name is only once its directory is. */
export async function writeSynced(path: string, content: string, mode: number): Promise<void> {
	const file = await open(path, 'w', mode);
	try {
		await file.writeFile(content);
		await file.sync();
	} finally {
		await file.close();
	}
}

/**
 * Gives a file that root has made in somebody's directory to whom the directory belongs: a command that root runs on the site of an agent with another user must leave nothing there that the agent
 * cannot open. Does nothing for anybody else.
 */
export async function giveToOwner(path: string): Promise<void> {
	if (process.getuid?.() !== 0) return;
	const {uid, gid} = await stat(dirname(path));
	if (uid !== 0) await chown(path, uid, gid);
}

/** Puts a file in the place of the one before. When it resolves, a power cut leaves the new one; before, the old or the new one, never half of one. Uses `PATH.new` on the way. */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
	const fresh = `${path}.new`;
	await writeSynced(fresh, content, mode);
	await giveToOwner(fresh);
	await rename(fresh, path);
	// The new name is only durable once the directory is.
	await syncPath(dirname(path));
}
