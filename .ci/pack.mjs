// Around `npm pack`: builds before it, and lays the lockfile beside the program under the one name that npm lets travel in a tarball. `--after` takes that away again.
//
// npm reads `overrides` and exact versions of indirect dependencies from the project that is installed in, alone. With npm-shrinkwrap.json an unpacked tarball is such a project: `npm ci --omit=dev`
// in it brings what was tested, by digest.
import {spawnSync} from 'node:child_process';
import {copyFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const travelling = join(root, 'npm-shrinkwrap.json');

rmSync(travelling, {force: true});
if (!process.argv.includes('--after')) {
	const {status} = spawnSync(process.execPath, [join(root, '.ci', 'setup.mjs')], {stdio: ['ignore', 2, 2]});
	if (status !== 0) process.exit(1);
	copyFileSync(join(root, 'package-lock.json'), travelling);
}
