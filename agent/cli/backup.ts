// kedge backup: makes a consistent copy of the log and of what belongs to it, while the agent runs.

import {backUp} from '../backup.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf, usageError} from './command.ts';
import {createProgress} from './progress.ts';

export const backupCommand: Command = {
	name: 'backup',
	usage: 'DIRECTORY',
	takesWords: true,
	details: [
		'Makes a new directory with the log, the released checkpoint, the trust file, the config, users and share links, and a README.txt. A running agent copies its log',
		'itself, between its commits; without one the log is locked meanwhile. The copy is checked, page by page and up to its root.',
		'A backup is for reading, and for "kedge epoch" after a true loss: an agent that finds it in the place of the log is frozen.',
	],
	options: {
		...configOption,
		'with-keys': {type: 'boolean', help: 'also copy the keys and passwords; whoever has them can sign as this log'},
		json: {type: 'boolean', help: 'print the report as one JSON object'},
	},
	run: async ({values, positionals}, io) => {
		const [directory] = positionals;
		if (directory === undefined || positionals.length > 1) throw usageError(backupCommand, 'takes one directory');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const progress = createProgress(io);
		try {
			const report = await backUp({
				site,
				directory,
				withKeys: isSet(values, 'with-keys'),
				signal: io.signal,
				onProgress: (bytes, bytesAll) => progress.show('copying the log', bytes, bytesAll, 'bytes'),
			});
			progress.end();
			if (isSet(values, 'json')) io.out(`${JSON.stringify(report)}\n`);
			else
				io.out(
					[
						`${report.origin}: ${report.size} entries, ${(report.bytes / 1e6).toFixed(1)} MB, copied ${report.byAgent ? 'by the running agent' : 'with the log locked'}`,
						`root ${report.root ?? 'none'}`,
						`${report.directory}: ${report.files.join(', ')}`,
						isSet(values, 'with-keys')
							? 'The keys are in it: lock it away.'
							: 'Without keys: keep log.key somewhere else, or back up once with --with-keys.',
						'',
					].join('\n'),
				);
			return exitCodes.ok;
		} catch (error) {
			progress.end();
			throw error;
		}
	},
};
