// kedge upgrade --check: tries this program on copies of a site's databases, before an agent is started again with it.

import {isWrong} from '../diagnosis.ts';
import {openSite} from '../site.ts';
import {tryUpgrade} from '../upgrading.ts';
import {version} from '../version.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf, usageError} from './command.ts';
import {linesText} from './doctor.ts';
import {createProgress} from './progress.ts';

export const upgradeCommand: Command = {
	name: 'upgrade',
	usage: '--check',
	details: [
		'Run it with the new version, while the old one still runs the agent. It copies the databases, opens the copies as the new agent would, checks every hash,',
		'makes receipts before and after, and deletes the copies. Nothing of the site is changed, and nothing is signed. Exit code 0 if the agent may be',
		'started with this version, 1 if not.',
	],
	options: {
		...configOption,
		check: {type: 'boolean', help: 'what there is to do: upgrading itself is starting the agent with another version'},
		in: {type: 'string', value: 'FOLDER', help: 'make the copies there (default: beside the log)'},
		json: {type: 'boolean', help: 'print the lines as one JSON object'},
	},
	run: async ({values}, io) => {
		if (!isSet(values, 'check')) throw usageError(upgradeCommand, 'needs --check: there is nothing else that it does');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const progress = createProgress(io);
		const lines = await tryUpgrade({
			site,
			folder: textOf(values, 'in'),
			onPart: progress.show,
			signal: io.signal,
			world: {clock: io.clock},
		}).finally(progress.end);
		const mayStart = !isWrong(lines);
		if (isSet(values, 'json')) io.out(`${JSON.stringify({version, mayStart, lines}, null, '\t')}\n`);
		else
			io.out(`${linesText(lines)}${mayStart ? `The agent may be started with ${version}.` : `Do not start the agent with ${version}.`}\n`);
		return mayStart ? exitCodes.ok : exitCodes.no;
	},
};
