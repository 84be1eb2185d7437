// kedge quantities: lists what can be measured, in which unit it is kept, and which units devices may print.

import {quantities, unitsOf} from '../format/quantity.ts';
import {type Command, exitCodes, isSet} from './command.ts';

export const quantitiesCommand: Command = {
	name: 'quantities',
	usage: '',
	details: ['What a reading of a mapping can be: its "quantity", and the "unit" that the device prints. Needs no config.'],
	options: {json: {type: 'boolean', help: 'print them as one JSON object, with the codes of other standards'}},
	run: async ({values}, io) => {
		io.out(isSet(values, 'json') ? `${JSON.stringify({quantities: quantities.map(withUnits)})}\n` : quantitiesText());
		return exitCodes.ok;
	},
};

const withUnits = (quantity: (typeof quantities)[number]) => ({...quantity, units: unitsOf(quantity)});

function quantitiesText(): string {
	const rows = quantities.map(quantity => [
		quantity.name,
		quantity.unit,
		quantity.kind,
		String(quantity.exponentDefault),
		unitsOf(quantity).join(', '),
	]);
	const head = ['quantity', 'base unit', 'kind', 'exponent', 'units that devices may print'];
	const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]!.length)) + 2);
	const line = (row: readonly string[]): string =>
		row
			.map((text, column) => text.padEnd(widths[column]!))
			.join('')
			.trimEnd();
	return [
		line(head),
		...rows.map(line),
		'',
		'kind: a register counts up; an interval is an amount over a span; a gauge is a value at a moment; a state is a small whole number, also true or false.',
		'exponent: one step of a channel is 10^exponent base units, so -3 of Wh keeps mWh. A value with more digits is refused, never rounded. This is what',
		'a channel has that declares none; a mapping can say another ("exponent", -12 to 12), and it is fixed when the channel first speaks.',
		'Units: case matters; conversions are exact. Cel is degrees Celsius, "/" a fraction of 1.',
		'',
	].join('\n');
}
