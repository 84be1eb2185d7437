// Names the verifier of this program by one hash: who made a package and who checks it can tell whether they ran the same one.

import {createHash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';

/** What a verdict follows from: the checks, the formats, the proofs, the ledgers, and what these stand on. */
const rooms = ['base', 'format', 'ledgers', 'merkle', 'verify'];

/**
 * 32 bytes: SHA-256 over a line `HEX  agent/PATH.js` for each compiled file of these rooms, in the order of the paths' bytes; as `sha256sum` prints them. Libraries are not in it: the lock file has
 * their hashes.
 */
export async function verifierDigest(): Promise<Uint8Array> {
	const root = fileURLToPath(new URL('.', import.meta.url));
	const paths: string[] = [];
	for (const room of rooms)
		for (const name of await readdir(`${root}${room}`, {recursive: true})) if (name.endsWith('.js')) paths.push(`${room}/${name}`);
	const lines = createHash('sha256');
	for (const path of paths.map(one => one.replaceAll('\\', '/')).sort()) {
		const digest = createHash('sha256')
			.update(await readFile(`${root}${path}`))
			.digest('hex');
		lines.update(`${digest}  agent/${path}\n`);
	}
	return new Uint8Array(lines.digest());
}
