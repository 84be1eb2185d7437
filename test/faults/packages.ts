// What the faults need of the machine: programs, with the Debian packages that they come in, and rights. Nothing is installed here.

import {spawnSync} from 'node:child_process';
import {accessSync, constants, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {makeImage, mountImage, mountTmpfs, unmount} from './volume.ts';

/** Program or library → Debian package. */
const packages: Readonly<Record<string, string>> = {
	mount: 'mount',
	umount: 'mount',
	'mkfs.ext4': 'e2fsprogs',
	strace: 'strace',
	mosquitto: 'mosquitto',
	'libfaketime.so.1': 'libfaketime',
};

const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const libraryFolders = ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf', ''].map(triple =>
	join('/usr/lib', triple, 'faketime'),
);

/** Where a program or library is; undefined if it is not installed. */
export function placeOf(name: string): string | undefined {
	return (name.includes('.so') ? libraryFolders : programFolders)
		.map(folder => join(folder, name))
		.find(path => {
			try {
				accessSync(path, name.includes('.so') ? constants.R_OK : constants.X_OK);
				return true;
			} catch {
				return false;
			}
		});
}

/** Packages that hold what is missing, each once. */
export function missingPackages(names: readonly string[]): string[] {
	return [...new Set(names.filter(name => placeOf(name) === undefined).map(name => packages[name] ?? name))].sort();
}

/** What a container often forbids, by the program that needs it: tried once, on something of its own. */
const trials: Readonly<Record<string, {readonly needs: string; readonly works: (folder: string) => Promise<boolean>}>> = {
	mount: {
		needs: 'the right to mount a tmpfs',
		works: async folder => {
			await mountTmpfs(join(folder, 'memory'), 64);
			await unmount(join(folder, 'memory'));
			return true;
		},
	},
	'mkfs.ext4': {
		needs: 'a loop device',
		works: async folder => {
			await makeImage(join(folder, 'image'), 8);
			await mountImage(join(folder, 'image'), join(folder, 'disk'));
			await unmount(join(folder, 'disk'));
			return true;
		},
	},
	strace: {
		needs: 'the right to trace processes',
		works: async () => spawnSync(placeOf('strace')!, ['-f', '-qq', '-o', '/dev/null', process.execPath, '--version']).status === 0,
	},
};

const tried = new Map<string, Promise<boolean>>();

function works(program: string): Promise<boolean> {
	const known = tried.get(program);
	if (known !== undefined) return known;
	const folder = mkdtempSync(join(tmpdir(), 'kedge-trial-'));
	const trial = (trials[program]?.works(folder) ?? Promise.resolve(true))
		.catch(() => false)
		.finally(() => rmSync(folder, {recursive: true, force: true}));
	tried.set(program, trial);
	return trial;
}

/** What this machine lacks to run something with these programs, in words; undefined if nothing. */
export async function whatIsMissing(programs: readonly string[]): Promise<string | undefined> {
	const missing = missingPackages(programs);
	if (missing.length > 0) return `the Debian package${missing.length === 1 ? '' : 's'} ${missing.join(', ')}`;
	if (programs.includes('mount') && process.getuid?.() !== 0) return 'root, to mount file systems';
	for (const program of programs) if (!(await works(program))) return trials[program]!.needs;
	return undefined;
}
