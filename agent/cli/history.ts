// kedge history: issues all entries of a channel for a period, with one proof for all of them.

import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {AgentError, describeError} from '../base/errors.ts';
import {openSiteReader} from '../reading.ts';
import {openSite} from '../site.ts';
import {channelOptions, channelsOf, findChannel} from './channels.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf, timeOf, usageError} from './command.ts';
import {epochOption, pathsOf} from './epochs.ts';
import {writeDocument} from './output.ts';

export const historyCommand: Command = {
	name: 'history',
	usage: 'DEVICE --from TIME --to TIME [--all --out DIR]',
	takesWords: true,
	details: [
		'DEVICE is a device id or the whole URN of a channel. Both times are included. Goes to standard output or to --out.',
		'With --all there is a file for each channel of the device that has a reading in the period, in the folder --out.',
		'Where an anchor covers the period, the history goes on to that anchor, so that it is complete; `kedge verify` says whether it is.',
	],
	options: {
		...configOption,
		...epochOption,
		...channelOptions,
		from: {type: 'string', value: 'TIME', help: 'such as 2026-11-01 (default: the beginning)'},
		to: {type: 'string', value: 'TIME', help: 'such as 2026-12-01T00:00:00Z (default: now)'},
		out: {type: 'string', value: 'FILE', help: 'write here, to a new file'},
		all: {type: 'boolean', help: 'all channels of the device, each to a new file in the folder --out'},
	},
	run: async ({values, positionals}, io) => {
		const [device] = positionals;
		if (device === undefined || positionals.length > 1) throw usageError(historyCommand, 'takes one device');
		const [fromText, toText] = [textOf(values, 'from'), textOf(values, 'to')];
		const fromMs = fromText === undefined ? 0 : timeOf(historyCommand, '--from', fromText);
		const toMs = toText === undefined ? io.clock.nowMs() : timeOf(historyCommand, '--to', toText);
		if (fromMs > toMs) throw usageError(historyCommand, '--from is after --to');
		const out = textOf(values, 'out');
		const isAll = isSet(values, 'all');
		if (isAll && out === undefined) throw usageError(historyCommand, '--all needs --out, the folder for its files');
		for (const name of ['quantity', 'part'])
			if (isAll && textOf(values, name) !== undefined) throw usageError(historyCommand, `takes either --all or --${name}`);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		await using reader = await openSiteReader(await pathsOf(historyCommand, site, values), site.config.log.anchorsNeeded);
		if (isAll) {
			const channels = channelsOf(historyCommand, await reader.channels(), device);
			await mkdir(out!, {recursive: true});
			let written = 0;
			for (const channel of channels) {
				try {
					const document = await reader.issuer.history(channel, fromMs, toMs);
					await writeDocument(io, document, join(out!, `${channel.urn.split(':').slice(4).join('.')}.json`));
					written += 1;
				} catch (error) {
					// The others still get their files.
					if (!(error instanceof AgentError) || error.code !== 'ENTRY_UNKNOWN') throw error;
					io.error(`kedge: ${describeError(error)}\n`);
				}
			}
			if (written === 0) throw new AgentError('ENTRY_UNKNOWN', `no channel of ${device} has a history of this period`);
			return exitCodes.ok;
		}
		const channel = findChannel(historyCommand, await reader.channels(), device, values);
		await writeDocument(io, await reader.issuer.history(channel, fromMs, toMs), out);
		return exitCodes.ok;
	},
};
