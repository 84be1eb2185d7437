// kedge disclose: opens chosen entries, or what a register counted, to one named reader, and leaves the rest of the log as hashes.

import {openDisclosing} from '../disclosing.ts';
import {quantityOfName} from '../format/quantity.ts';
import {openSite} from '../site.ts';
import {channelOptions, channelsOf, findChannel} from './channels.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, isSet, textOf, timeOf, usageError} from './command.ts';
import {epochOption, pathsOf} from './epochs.ts';
import {writeDocument} from './output.ts';

export const discloseCommand: Command = {
	name: 'disclose',
	usage: '--to-reader NAME (INDEX… | --device ID --from TIME --to TIME [--registers])',
	takesWords: true,
	details: [
		'By index: those entries, whole. By device: all of one channel in the period, both times included. With --registers: only the readings of a register at both',
		'ends of the period, which say together what it counted, and nothing of the curve between them.',
		'The name of the reader, the purpose and what is shown are signed by the log’s key, which must be here: whoever passes the file on passes on that name.',
		'What is not opened stays a hash with a random salt, from which nobody learns anything. The reader checks it with: kedge verify FILE --trust trust.json',
	],
	options: {
		...configOption,
		...epochOption,
		'to-reader': {type: 'string', value: 'NAME', help: 'for whom it is'},
		purpose: {type: 'string', value: 'TEXT', help: 'what for'},
		device: {type: 'string', value: 'ID', help: 'a device id, or the whole URN of a channel'},
		...channelOptions,
		from: {type: 'string', value: 'TIME', help: 'such as 2026-11-01; without a zone it is UTC'},
		to: {type: 'string', value: 'TIME', help: 'such as 2026-12-01 (default: now)'},
		registers: {type: 'boolean', help: 'only what the register counted, by its readings at both ends'},
		'with-messages': {type: 'boolean', help: 'by index: also the messages as they arrived, and bodies'},
		'without-channel': {type: 'boolean', help: 'by index: leave the channels unnamed: not together with --with-messages'},
		out: {type: 'string', value: 'FILE', help: 'write here, to a new file (default: standard output)'},
	},
	run: async ({values, positionals}, io) => {
		const name = textOf(values, 'to-reader');
		if (name === undefined) throw usageError(discloseCommand, 'needs --to-reader, the name of whom it is for');
		const device = textOf(values, 'device');
		if ((device === undefined) === (positionals.length === 0)) throw usageError(discloseCommand, 'takes either indexes or --device');
		const onlyByDevice = ['from', 'to', 'registers', 'quantity', 'part'].find(
			option => device === undefined && values[option] !== undefined,
		);
		if (onlyByDevice !== undefined) throw usageError(discloseCommand, `takes --${onlyByDevice} together with --device only`);
		const onlyByIndex = ['with-messages', 'without-channel'].find(option => device !== undefined && values[option] !== undefined);
		if (onlyByIndex !== undefined) throw usageError(discloseCommand, `takes --${onlyByIndex} together with indexes only`);
		const nowMs = io.clock.nowMs();
		const reader = {name, purpose: textOf(values, 'purpose') ?? '', madeAtMs: nowMs};
		const indexes = positionals.map(text => countOf(discloseCommand, 'index', text));
		const [fromText, toText] = [textOf(values, 'from'), textOf(values, 'to')];
		if (device !== undefined && fromText === undefined)
			throw usageError(discloseCommand, 'needs --from, the time at which the period begins');
		const fromMs = fromText === undefined ? 0 : timeOf(discloseCommand, '--from', fromText);
		const toMs = toText === undefined ? nowMs : timeOf(discloseCommand, '--to', toText);
		if (fromMs > toMs) throw usageError(discloseCommand, '--from is after --to');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		await using disclosing = await openDisclosing(await pathsOf(discloseCommand, site, values), site.config.log.anchorsNeeded);
		const {discloser} = disclosing;
		let document: string;
		if (device === undefined)
			document = await discloser.entries(reader, {
				indexes,
				withChannels: !isSet(values, 'without-channel'),
				withSources: isSet(values, 'with-messages'),
			});
		else {
			const isRegisters = isSet(values, 'registers');
			const all = await disclosing.channels();
			// Of a meter with one register among its channels nobody has to say which.
			const fitting = isRegisters ? all.filter(({urn}) => quantityOfName(urn.split(':')[4] ?? '')?.kind === 'register') : all;
			if (isRegisters && fitting.length === 0) channelsOf(discloseCommand, all, device);
			const channel = findChannel(discloseCommand, fitting, device, values);
			document = isRegisters
				? await discloser.register(reader, channel, fromMs, toMs)
				: await discloser.channel(reader, channel, fromMs, toMs);
		}
		await writeDocument(io, document, textOf(values, 'out'));
		return exitCodes.ok;
	},
};
