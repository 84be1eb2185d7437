// kedge discover: listens to what speaks on a broker, and proposes mappings and devices for the config.

import {mkdir} from 'node:fs/promises';
import {basename, dirname, resolve} from 'node:path';
import {toHex} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {createSystemRandom} from '../base/random.ts';
import {type DiscoverProgress, type Discovery, discover, type Listening, listen} from '../discovering.ts';
import {configName} from '../site.ts';
import {
	type Command,
	commandName,
	counted,
	durationOf,
	endingAfter,
	exitCodes,
	type Io,
	isSet,
	textOf,
	usageError,
	type Values,
} from './command.ts';
import {readInput} from './input.ts';
import {readMessageLines} from './lines.ts';
import {writeDocument} from './output.ts';

export const discoverCommand: Command = {
	name: 'discover',
	usage: '--url URL | --lines FILE',
	details: [
		'Listens to a broker for a while, or reads recorded messages, and prints what could stand in kedge.yaml: mappings, devices, and in comments what was found by',
		'decoding the messages with just that, how sure it is, what you have to fill in, and what nobody understood. It listens at QoS 0 under a name of its own and',
		'changes nothing; it only proposes. The longer it listens the more it sees: devices that send once an hour need an hour.',
		'',
		'--lines takes JSON lines {"topic", "payload" or "payloadHex", "retained"}. Ctrl-C ends listening early, and what was heard until then is proposed for.',
		'At most 10000 topics are kept, of each the newest 8 messages and 64 KiB.',
		'',
		'With --whole NAME --out DIRECTORY/kedge.yaml the folder is made if need be, and `kedge init DIRECTORY` makes all the rest of a site for what you have read.',
	],
	options: {
		url: {type: 'string', value: 'URL', help: 'the broker: mqtt://host:1883, mqtts://host:8883, ws:// or wss://'},
		username: {type: 'string', value: 'NAME', help: 'who we are at the broker'},
		'password-file': {type: 'string', value: 'FILE', help: 'file whose first line is the password'},
		ca: {type: 'string', value: 'FILE', help: "PEM file of the only CAs that the broker's certificate may be of"},
		for: {type: 'string', value: 'TIME', help: 'how long to listen (default: 60s)'},
		topics: {type: 'string', value: 'FILTER', help: 'what to listen to; may be given several times (default: #)', multiple: true},
		lines: {type: 'string', value: 'FILE', help: 'recorded messages in place of a broker; - is standard input'},
		zone: {type: 'string', value: 'ZONE', help: 'where the clocks of devices stand that print local time'},
		whole: {type: 'string', value: 'NAME', help: 'print a whole config, for a log of this name and the broker of --url'},
		out: {type: 'string', value: 'FILE', help: 'write to a new file'},
		json: {type: 'boolean', help: 'the proposal, and what became of each message, as one JSON object'},
	},
	run: async ({values}, io) => {
		const [url, linesPath, name, zone] = ['url', 'lines', 'whole', 'zone'].map(option => textOf(values, option));
		if (url === undefined && linesPath === undefined) throw usageError(discoverCommand, 'takes --url for a broker, or --lines for a file');
		if (name !== undefined && url === undefined) throw usageError(discoverCommand, '--whole needs --url, for the section "client"');
		const listening = url === undefined ? undefined : await listeningOf(url, values);
		const listenMs = durationOf(discoverCommand, '--for', textOf(values, 'for') ?? '60s');
		const notes: string[] = [];
		const arrivedAtMs = io.clock.nowMs();
		let messages: Parameters<typeof discover>[0]['messages'];
		if (linesPath !== undefined) {
			messages = (await readMessageLines(linesPath)).map(message => ({...message, arrivedAtMs}));
			notes.push(`Read from a file: ${messages.length} messages on ${new Set(messages.map(({topic}) => topic)).size} topics.`);
		} else {
			const startedMs = io.clock.monotonicMs();
			const collection = await listen({
				listening: listening!,
				clock: io.clock,
				signal: endingAfter(io, listenMs),
				onProgress: progressTeller(io, () => listenMs - (io.clock.monotonicMs() - startedMs)),
			});
			if (io.isTerminal) io.error('\r\u001b[K');
			messages = collection.messages();
			const heardS = Math.round((io.clock.monotonicMs() - startedMs) / 1000);
			notes.push(
				`Listened for ${heardS} s at ${new Date(arrivedAtMs).toISOString()}: ${collection.heardCount()} messages on ${collection.topicCount()} topics${
					collection.passedOver() === 0 ? '' : `; ${collection.passedOver()} messages were too large or too many, and are not looked at`
				}.`,
			);
		}
		const ownZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
		const found = await discover({
			messages,
			zone,
			ownZone: ownZone.includes('/') ? ownZone : undefined,
			whole: name === undefined ? undefined : {name, listening: listening!},
			notes,
		});
		const path = textOf(values, 'out');
		if (path !== undefined) await makeFolderOf(path);
		await writeDocument(io, isSet(values, 'json') ? `${JSON.stringify(jsonOf(found))}\n` : found.text, path);
		const isOfUse = found.proposal.devices.some(({problem}) => problem === undefined);
		if (isOfUse && name !== undefined && !isSet(values, 'json')) io.error(nextText(path));
		return isOfUse ? exitCodes.ok : exitCodes.no;
	},
};

/** Who may read what is in a site may do so by its owner's leave only. Fails with DATA_MISSING. */
async function makeFolderOf(path: string): Promise<void> {
	try {
		await mkdir(dirname(path), {recursive: true, mode: 0o700});
	} catch (error) {
		throw new AgentError('DATA_MISSING', `there is no folder for ${path}, and it cannot be made`, {cause: error});
	}
}

/** What turns a whole config into a site that runs. */
function nextText(path: string | undefined): string {
	const kedge = commandName();
	if (path === undefined || basename(path) !== configName)
		return `Next: read it, put it as ${configName} into a folder of its own, then: ${kedge} init FOLDER, ${kedge} run --config FOLDER/${configName}\n`;
	const folder = dirname(path);
	return folder === '.'
		? `Next: read ${path}, then: ${kedge} init, ${kedge} run\n`
		: `Next: read ${path}, then: ${kedge} init ${folder}, ${kedge} run --config ${path}\n`;
}

async function listeningOf(url: string, values: Values): Promise<Listening> {
	if (!/^(?:mqtts?|tcp|ssl|wss?):\/\//.test(url))
		throw usageError(discoverCommand, `--url "${url}" is not a URL such as mqtt://127.0.0.1:1883`);
	if (/^[a-z]+:\/\/[^/]*@/.test(url))
		throw usageError(discoverCommand, 'a password does not belong in a URL: use --username and --password-file');
	const caFile = textOf(values, 'ca');
	const passwordFile = textOf(values, 'password-file');
	const topics = values.topics as readonly string[] | undefined;
	return {
		url,
		// Nobody else's: a broker ends the older one of two connections with one id.
		clientId: `kedge-discover-${toHex(createSystemRandom().bytes(6))}`,
		username: textOf(values, 'username'),
		passwordFile: passwordFile === undefined ? undefined : resolve(passwordFile),
		caFile: caFile === undefined ? undefined : resolve(caFile),
		ca: caFile === undefined ? undefined : Buffer.from(await readInput(caFile)).toString(),
		topics: topics ?? ['#'],
	};
}

/** On a terminal one line that changes; elsewhere nothing. */
function progressTeller(io: Io, leftMs: () => number): (progress: DiscoverProgress) => void {
	return ({isConnected, messages, topics, formats, unknown}) => {
		if (!io.isTerminal) return;
		const found = [...formats].map(([format, count]) => `${format} ${count}`).join(', ');
		const state = isConnected ? `${counted(messages, 'message')} on ${counted(topics, 'topic')}` : 'connecting';
		const left = `${Math.max(0, Math.ceil(leftMs() / 1000))} s left`;
		io.error(`\r\u001b[K${state}${found === '' ? '' : `: ${found}`}${unknown === 0 ? '' : `, unknown ${unknown}`}; ${left}`);
	};
}

function jsonOf({proposal, fates, text}: Discovery): object {
	return {
		mappings: proposal.mappings.map(({others, ...mapping}) => ({...mapping, others: Object.fromEntries(others)})),
		devices: proposal.devices,
		leftOut: proposal.leftOut,
		messages: fates.map(({message: {topic, payload}, tried: {route, refused, readings, isLearned}}) => ({
			topic,
			bytes: payload.length,
			mapping: route?.mapping.name,
			device: route?.device.id,
			isLearned,
			refused,
			readings: readings.map(one =>
				'refused' in one
					? {refused: one.refused, detail: one.detail, channel: one.reading?.channel.name}
					: {channel: one.reading.channel.name, value: String(one.value), exponent: one.exponent, measuredAtMs: one.reading.measuredAtMs},
			),
		})),
		config: text,
	};
}
