// kedge history: issues all entries of a channel for a period, with one proof for all of them.

import {openSiteReader} from '../reading.ts';
import {openSite} from '../site.ts';
import {channelOptions, findChannel} from './channels.ts';
import {type Command, configDefault, configOption, exitCodes, textOf, timeOf, usageError} from './command.ts';
import {epochOption, pathsOf} from './epochs.ts';
import {writeDocument} from './output.ts';

export const historyCommand: Command = {
	name: 'history',
	usage: 'DEVICE --from TIME --to TIME',
	takesWords: true,
	details: [
		'DEVICE is a device id or the whole URN of a channel. Both times are included. Goes to standard output or to --out.',
		'Where an anchor covers the period, the history goes on to that anchor, so that it is complete; `kedge verify` says whether it is.',
	],
	options: {
		...configOption,
		...epochOption,
		...channelOptions,
		from: {type: 'string', value: 'TIME', help: 'such as 2026-11-01 (default: the beginning)'},
		to: {type: 'string', value: 'TIME', help: 'such as 2026-12-01T00:00:00Z (default: now)'},
		out: {type: 'string', value: 'FILE', help: 'write here, to a new file'},
	},
	run: async ({values, positionals}, io) => {
		const [device] = positionals;
		if (device === undefined || positionals.length > 1) throw usageError(historyCommand, 'takes one device');
		const [fromText, toText] = [textOf(values, 'from'), textOf(values, 'to')];
		const fromMs = fromText === undefined ? 0 : timeOf(historyCommand, '--from', fromText);
		const toMs = toText === undefined ? io.clock.nowMs() : timeOf(historyCommand, '--to', toText);
		if (fromMs > toMs) throw usageError(historyCommand, '--from is after --to');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		await using reader = await openSiteReader(await pathsOf(historyCommand, site, values));
		const channel = findChannel(historyCommand, await reader.channels(), device, values);
		await writeDocument(io, await reader.issuer.history(channel, fromMs, toMs), textOf(values, 'out'));
		return exitCodes.ok;
	},
};
