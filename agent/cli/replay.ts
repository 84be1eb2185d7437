// kedge replay: sends a recording to a broker as its devices would have sent it.

import {readFile} from 'node:fs/promises';
import {AgentError} from '../base/errors.ts';
import {brokerUrl, type ReplaySource, readPasswords, replay} from '../simulation.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, textOf, usageError} from './command.ts';

export const replayCommand: Command = {
	name: 'replay',
	usage: 'FILE | --citylearn FOLDER',
	takesWords: true,
	details: [
		'FILE.jsonl has lines {"topic", "payload", "atMs"}; FILE.csv needs --description, a JSON file that says how columns become topic',
		'and payload (sim/README.md). --citylearn takes the folder of the CityLearn 2022 data: homes as cumulative registers in Wh.',
		'Sends at QoS 1 as fast as it is acknowledged, or at --speed times the recorded speed, and ends when all is acknowledged.',
	],
	options: {
		...configOption,
		url: {type: 'string', value: 'URL', help: 'broker (default: the embedded one of the config)'},
		passwords: {type: 'string', value: 'FILE', help: 'JSON object from device ids to passwords'},
		citylearn: {type: 'string', value: 'FOLDER', help: 'homes 1 to 8 of this data set'},
		hours: {type: 'string', value: 'N', help: 'how many hours of it (default: 745, one month)'},
		description: {type: 'string', value: 'FILE', help: 'how to read the CSV'},
		device: {type: 'string', value: 'ID', help: 'whose the lines are that name none'},
		account: {type: 'string', value: 'FILE', help: 'keep an account for the judge'},
		speed: {type: 'string', value: 'X', help: 'recorded time against real time (default: as fast as acknowledged)'},
	},
	run: async ({values, positionals}, io) => {
		const urlText = textOf(values, 'url');
		const url = urlText ?? brokerUrl(await openSite(textOf(values, 'config') ?? configDefault));
		const source = await sourceOf(values, positionals);
		const passwordsPath = textOf(values, 'passwords');
		const passwords = passwordsPath === undefined ? {} : await readPasswords(passwordsPath);
		const speedText = textOf(values, 'speed');
		const speed = speedText === undefined ? undefined : Number(speedText);
		if (speed !== undefined && !(speed > 0)) throw usageError(replayCommand, `--speed "${speedText}" is not a number above 0`);
		const account = textOf(values, 'account');
		const done = await replay({
			url,
			source,
			login: id => {
				const password = passwords[id];
				return {clientId: id, username: id, ...(password === undefined ? {} : {password})};
			},
			clock: io.clock,
			signal: io.signal,
			...(speed === undefined ? {} : {speed}),
			...(account === undefined ? {} : {accountPath: account}),
			onProgress: ({sent, acknowledged, atMs}) => {
				if (io.isTerminal)
					io.error(`\r\u001b[K${acknowledged} of ${sent} acknowledged${atMs === undefined ? '' : `, at ${new Date(atMs).toISOString()}`}`);
			},
			onProblem: sentence => io.error(`${sentence}\n`),
		});
		if (io.isTerminal) io.error('\n');
		io.out(`sent ${done.sent}, acknowledged ${done.acknowledged}\n`);
		return done.pending === 0 && !io.signal.aborted ? exitCodes.ok : exitCodes.retry;
	},
};

async function sourceOf(values: Parameters<Command['run']>[0]['values'], positionals: readonly string[]): Promise<ReplaySource> {
	const folder = textOf(values, 'citylearn');
	const [path] = positionals;
	if (positionals.length > 1 || (folder === undefined) === (path === undefined))
		throw usageError(replayCommand, 'takes either a file or --citylearn');
	if (folder !== undefined) {
		const hours = textOf(values, 'hours');
		return {kind: 'citylearn', folder, ...(hours === undefined ? {} : {hours: countOf(replayCommand, '--hours', hours)})};
	}
	const device = textOf(values, 'device');
	if (path!.endsWith('.jsonl')) return {kind: 'jsonl', path: path!, ...(device === undefined ? {} : {device})};
	const description = textOf(values, 'description');
	if (!path!.endsWith('.csv') || description === undefined)
		throw usageError(replayCommand, 'takes FILE.jsonl, or FILE.csv with --description');
	try {
		return {kind: 'csv', path: path!, description: JSON.parse(await readFile(description, 'utf8'))};
	} catch (error) {
		throw new AgentError('FORMAT_INVALID', `cannot read the description ${description}`, {cause: error});
	}
}
