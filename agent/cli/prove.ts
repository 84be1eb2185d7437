// kedge prove: issues a receipt for one entry.

import {AgentError} from '../base/errors.ts';
import {decodeEntry, kinds} from '../format/entry.ts';
import {openSiteReader, type SiteReader} from '../reading.ts';
import {openSite} from '../site.ts';
import {channelOptions, findChannel} from './channels.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, isSet, textOf, timeOf, usageError} from './command.ts';
import {epochOption, pathsOf} from './epochs.ts';
import {writeDocument} from './output.ts';

export const proveCommand: Command = {
	name: 'prove',
	usage: 'INDEX | --device ID --at TIME',
	takesWords: true,
	details: [
		'By index, or by device and time: then it is the newest reading that is not after that time.',
		'Reads the log beside the agent and does not disturb it. The receipt goes to standard output or to --out.',
	],
	options: {
		...configOption,
		...epochOption,
		device: {type: 'string', value: 'ID', help: 'a device id, or the whole URN of a channel'},
		...channelOptions,
		at: {type: 'string', value: 'TIME', help: 'such as 2026-11-22T18:00:00Z (default: now)'},
		'with-arrival': {type: 'boolean', help: 'also show the message as it arrived: topic and payload'},
		'without-channel': {type: 'boolean', help: 'leave the device unnamed: not together with --with-arrival'},
		out: {type: 'string', value: 'FILE', help: 'write here, to a new file'},
	},
	run: async ({values, positionals}, io) => {
		const device = textOf(values, 'device');
		const [indexText] = positionals;
		if (positionals.length > 1 || (indexText === undefined) === (device === undefined))
			throw usageError(proveCommand, 'takes either an index or --device');
		if (isSet(values, 'with-arrival') && isSet(values, 'without-channel'))
			throw usageError(
				proveCommand,
				'--with-arrival shows the topic and the device that --without-channel is to leave out: take one of them',
			);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		await using reader = await openSiteReader(await pathsOf(proveCommand, site, values), site.config.log.anchorsNeeded);
		let index: number;
		if (device === undefined) index = countOf(proveCommand, 'index', indexText!);
		else {
			const channel = findChannel(proveCommand, await reader.channels(), device, values);
			const atText = textOf(values, 'at');
			const atMs = atText === undefined ? io.clock.nowMs() : timeOf(proveCommand, '--at', atText);
			const found = await newestReading(reader, channel, atMs);
			if (found === undefined)
				throw new AgentError('ENTRY_UNKNOWN', `${channel.urn} has no reading at or before ${new Date(atMs).toISOString()}`);
			index = found;
		}
		const receipt = await reader.issuer.receipt(index, {
			withArrival: isSet(values, 'with-arrival'),
			withoutChannel: isSet(values, 'without-channel'),
		});
		await writeDocument(io, receipt, textOf(values, 'out'));
		return exitCodes.ok;
	},
};

/** Steps over what is no reading: a channel that was enrolled today for readings of last year begins, by its times, with them. */
async function newestReading(reader: SiteReader, channel: Parameters<SiteReader['at']>[0], atMs: number): Promise<number | undefined> {
	for (let timeMs = atMs; ; ) {
		const found = await reader.at(channel, timeMs);
		if (found === undefined) return undefined;
		const {kind, measuredAtMs, arrivedAtMs} = decodeEntry(found.entry);
		if (kind === kinds.reading) return found.index;
		timeMs = (measuredAtMs || arrivedAtMs) - 1;
	}
}
