// The programs that the faults need, and the Debian packages that they come in. Nothing is installed here.

import {accessSync, constants} from 'node:fs';
import {join} from 'node:path';

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
