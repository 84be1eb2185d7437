// Turns --epoch into the files of that epoch: the site's own without it.

import {archivedPaths, type Site, type SitePaths} from '../site.ts';
import {type Command, type OptionSpec, textOf, usageError, type Values} from './command.ts';

export const epochOption = {
	epoch: {type: 'string', value: 'N', help: 'read epoch N, which ended (default: the one that goes on)'},
} as const satisfies Record<string, OptionSpec>;

/** Fails with ARGUMENT_INVALID, or with DATA_MISSING if no such epoch is kept. */
export async function pathsOf(command: Pick<Command, 'name'>, site: Site, values: Values): Promise<SitePaths> {
	const epoch = textOf(values, 'epoch');
	if (epoch === undefined) return site.paths;
	if (!/^[1-9][0-9]{0,5}(?:-[1-9][0-9]{0,5})?$/.test(epoch))
		throw usageError(command, `--epoch "${epoch}" is not the number of an epoch, such as 1`);
	return archivedPaths(site.paths, epoch);
}
