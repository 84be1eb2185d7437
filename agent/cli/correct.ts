// kedge correct: lets the running agent append a reading that stands in for another one, or tells it that a register was reset.

import {type ChannelName, correctSite} from '../correcting.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, isSet, needed, textOf, usageError, type Values} from './command.ts';

export const correctCommand: Command = {
	name: 'correct',
	usage: '--index INDEX | --device ID --quantity NAME --number N --value V --unit U --reason TEXT',
	details: [
		'Appends a reading that stands in for another one: on the same channel, with the time of the old one, marked as a correction, with your reason. The old one',
		'stays as it is, and a history shows both. No market settles from a correction. The same one once more changes nothing; another one stands in for the first.',
		'',
		'With --reset it says instead that a register was reset: its next reading begins a new count, and what passed in between is unknown.',
	],
	options: {
		...configOption,
		index: {type: 'string', value: 'INDEX', help: 'the entry by its place in the log, or'},
		device: {type: 'string', value: 'ID', help: 'the channel: its device,'},
		quantity: {type: 'string', value: 'NAME', help: 'its quantity,'},
		part: {type: 'string', value: 'NAME', help: 'and its part, such as L1, if it has one,'},
		number: {type: 'string', value: 'N', help: 'with the number of the entry there'},
		value: {type: 'string', value: 'V', help: 'what it should have been, a decimal number'},
		unit: {type: 'string', value: 'U', help: 'of the value, as `kedge quantities` spells it'},
		reason: {type: 'string', value: 'TEXT', help: 'why; it stands in the log'},
		reset: {type: 'boolean', help: 'the register was reset, or its meter replaced; the reason stands in the log of the agent only'},
		json: {type: 'boolean', help: 'print the result as one JSON object'},
	},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const reason = needed(correctCommand, values, 'reason');
		if (isSet(values, 'reset')) {
			for (const name of ['index', 'number', 'value', 'unit'])
				if (textOf(values, name) !== undefined) throw usageError(correctCommand, `takes no --${name} with --reset`);
			const declared = await correctSite(site.paths, {reset: channelOf(values), reason});
			io.out(isSet(values, 'json') ? `${JSON.stringify(declared)}\n` : `${declared.channel}: its next reading begins a new count.\n`);
			return exitCodes.ok;
		}
		const index = textOf(values, 'index');
		const entry =
			index === undefined
				? {...channelOf(values), number: countOf(correctCommand, '--number', needed(correctCommand, values, 'number'))}
				: {index: countOf(correctCommand, '--index', index)};
		const request = {entry, value: needed(correctCommand, values, 'value'), unit: needed(correctCommand, values, 'unit'), reason};
		const corrected = await correctSite(site.paths, request);
		const {channel, corrects, from, to, unit, isRepeat} = corrected;
		io.out(
			isSet(values, 'json')
				? `${JSON.stringify(corrected)}\n`
				: [
						`${channel}: index ${corrected.index}, number ${corrected.number} corrects index ${corrects.index}, number ${corrects.number}`,
						`${from === undefined ? 'no value' : `${from} ${unit}`} is ${to} ${unit}${isRepeat ? '; that was so before, and nothing was appended' : ''}`,
						'',
					].join('\n'),
		);
		return exitCodes.ok;
	},
};

function channelOf(values: Values): ChannelName {
	return {
		device: needed(correctCommand, values, 'device'),
		quantity: needed(correctCommand, values, 'quantity'),
		part: textOf(values, 'part'),
	};
}
