// kedge decode: shows what a message becomes, and why.

import {fromHex} from '../base/bytes.ts';
import {type Explained, type ExplainedReading, explain, formatNames} from '../explaining.ts';
import {openSite} from '../site.ts';
import {type Command, exitCodes, isSet, textOf, usageError} from './command.ts';
import {type ReadMessage, readBytes, readMessageLines} from './lines.ts';
import {printable} from './printable.ts';

export const decodeCommand: Command = {
	name: 'decode',
	usage: '--topic TOPIC FILE | --lines FILE',
	takesWords: true,
	details: [
		'Shows which readings a message becomes, with the exact integers that would stand in the log, or the reason for which it is refused. FILE holds the payload',
		'as it was sent; - is standard input. With --config the mappings and devices of a site decide how it is read, those of `kedge device add` too, with --format you do; else every decoder looks at it, and',
		'the surest one reads it, with readings that are guessed where the format does not say them itself. Nothing is written, and no agent has to run.',
		'',
		'--lines takes JSON lines {"topic", "payload" or "payloadHex", "retained"}, in order: what one message describes (a birth certificate, a list of devices)',
		'the next ones are read with.',
		'',
		`Formats: ${formatNames.join(', ')}.`,
		'Exit codes: 0 if there is a reading, 1 if there is none.',
	],
	options: {
		topic: {type: 'string', value: 'TOPIC', help: 'the topic that the message came on'},
		lines: {type: 'boolean', help: 'FILE has a message a line'},
		format: {type: 'string', value: 'NAME', help: 'what the message is'},
		config: {type: 'string', value: 'FILE', help: 'the config file whose mappings read it'},
		zone: {
			type: 'string',
			value: 'ZONE',
			help: 'where the clock of the device stands, if it prints local time: UTC, +08:00, Europe/Amsterdam',
		},
		key: {type: 'string', value: 'HEX', help: 'the key that opens what the device encrypts (HJ 212, SM4): 32 hexadecimal digits'},
		json: {type: 'boolean', help: 'one JSON object a message'},
	},
	run: async ({values, positionals}, io) => {
		const [path] = positionals;
		if (path === undefined || positionals.length > 1) throw usageError(decodeCommand, 'takes one file, or - for standard input');
		const [topic, format, config, zone, keyText] = ['topic', 'format', 'config', 'zone', 'key'].map(name => textOf(values, name));
		if (isSet(values, 'lines') === (topic !== undefined))
			throw usageError(decodeCommand, 'takes either --topic for one message, or --lines for several');
		if (config !== undefined)
			for (const [name, value] of [
				['format', format],
				['zone', zone],
				['key', keyText],
			] as const)
				if (value !== undefined) throw usageError(decodeCommand, `takes either --config, which says it, or --${name}`);
		const key = keyText === undefined ? undefined : fromHex(keyText.toLowerCase());
		if (keyText !== undefined && key?.length !== keyLength)
			throw usageError(decodeCommand, `--key is not ${2 * keyLength} hexadecimal digits`);
		const site = config === undefined ? undefined : await openSite(config);
		const messages: readonly ReadMessage[] =
			topic === undefined ? await readMessageLines(path) : [{topic, payload: await readBytes(path), isRetained: false}];
		const explained = await explain({messages, site, format, zone, key, clock: io.clock});
		for (const [i, one] of explained.entries())
			io.out(isSet(values, 'json') ? `${JSON.stringify(one)}\n` : `${i === 0 ? '' : '\n'}${explainedText(one)}`);
		return explained.some(({readings}) => readings.length > 0) ? exitCodes.ok : exitCodes.no;
	},
};

const keyLength = 16;

function explainedText(one: Explained): string {
	const {topic, bytes, readings, refusals, signed, problem, hint, isLearned, asksOn} = one;
	const lines = [`${printable(topic)} (${bytes} bytes)`, `  ${formatText(one)}`];
	if (one.device !== undefined)
		lines.push(
			`  device ${one.device}${one.mapping === undefined ? '' : `, mapping ${one.mapping.name} (${printable(one.mapping.topic)})`}`,
		);
	if (signed !== undefined) {
		const by =
			signed.isGood === undefined
				? 'not checked: no key of the device is known'
				: signed.isGood
					? 'good: it is of the key of the device'
					: 'WRONG: it is not of the key of the device';
		lines.push(
			`  signed: ${signed.form}${signed.keyType === undefined ? '' : `, ${signed.keyType}`}${signed.keyId === undefined ? '' : `, key id ${printable(signed.keyId)}`}; ${by}`,
		);
	} else lines.push('  not signed');
	if (isLearned) lines.push('  describes devices: what it says is used for the messages that follow');
	if (readings.length > 0) lines.push('', ...tableLines(readings), '');
	for (const {reason, detail, means, channel} of refusals)
		lines.push(`  refused${channel === undefined ? '' : ` ${channel}`}: ${reason}: ${printable(detail)}`, `    (${means})`);
	for (const asked of asksOn) lines.push(`  the agent would ask for a new description on ${printable(asked)}`);
	if (problem !== undefined) lines.push(`  nothing was tried: ${problem}`);
	if (hint !== undefined) lines.push(`  to see more, ${hint}`);
	return `${lines.join('\n')}\n`;
}

function formatText({format, chosenBy, looksLike}: Explained): string {
	const list = looksLike
		.map(({format: its, sureness, make}) => `${its} (${sureness} of 100${make === undefined ? '' : `, ${printable(make)}`})`)
		.join(', ');
	const like = looksLike.length === 0 ? 'no decoder takes it for its own' : `looks like ${list}`;
	switch (chosenBy) {
		case 'config':
			return format === undefined
				? `no mapping and device of the config reads it; ${like}`
				: `read as ${format}, as the config says; ${like}`;
		case 'words':
			return `read as ${format}, as you say; ${like}`;
		default:
			return format === undefined ? like : `read as ${format}: ${like}`;
	}
}

function tableLines(readings: readonly ExplainedReading[]): string[] {
	const rows = readings.map(one => [
		one.channel,
		`${printable(one.printed)} ${one.unit === 'state' ? '' : printable(one.unit)}`.trim(),
		one.printed === 'none' ? 'no value' : `${one.value} × 10^${one.exponent} ${one.baseUnit}`,
		one.measuredAt ?? 'no time',
		one.quality.join(' ') || '-',
		[
			one.sequence === undefined ? undefined : `${printable(one.session ?? '') || '-'} / ${one.sequence}`,
			one.spanMs === undefined ? undefined : `over ${one.spanMs} ms`,
			one.counter === undefined ? undefined : `counter since ${printable(one.counter)}`,
		]
			.filter(text => text !== undefined)
			.join(', ') || '-',
	]);
	const head = ['channel', 'printed', 'entry', 'measured at', 'quality', 'session / sequence'];
	const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]!.length)) + 2);
	const line = (row: readonly string[]): string =>
		`  ${row
			.map((text, column) => text.padEnd(widths[column]!))
			.join('')
			.trimEnd()}`;
	const reasons = new Set(readings.map(({noTimeBecause}) => noTimeBecause).filter(reason => reason !== undefined));
	return [line(head), ...rows.map(line), ...[...reasons].map(reason => `  no time, because ${reason}`)];
}
