// Gathers the messages that other people published, each on the topic that its maker, or a usual bridge of it, would publish it on.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

export type PublishedMessage = {
	/** The file, and the line or the place in it. */
	readonly name: string;
	readonly folder: string;
	readonly topic: string;
	readonly payload: Uint8Array;
	/** The maker has the broker keep it, for those who come later. */
	readonly isRetained: boolean;
};

type Found = Pick<PublishedMessage, 'name' | 'topic' | 'payload'> & {readonly isRetained?: boolean};

/** How the messages of each folder come to a broker. */
const readers: Readonly<Record<string, (folder: string) => readonly Found[]>> = {
	// All events of one application; the file is named after the event.
	'chirpstack-v4': folder =>
		filesOf(folder, '.json').map(({name, payload}) => {
			const {applicationId, devEui} = (JSON.parse(payload.toString()) as {deviceInfo: Record<string, string>}).deviceInfo;
			return {name, payload, topic: `application/${applicationId}/device/${devEui}/event/${/event-(\w+)/.exec(name)![1]}`};
		}),
	// One meter a file.
	'dsmr-p1': folder => filesOf(folder, '.txt').map(({name, payload}) => ({name, payload, topic: `dsmr/${name.slice(0, -4)}/telegram`})),
	// No maker has a topic for them: they are documents for an HTTP interface.
	'epcis-sensor': folder => filesOf(folder, '.jsonld').map(({name, payload}) => ({name, payload, topic: 'epcis/capture'})),
	// Answers of an HTTP interface, as a bridge publishes them: product, then the kind of answer.
	homewizard: folder =>
		filesOf(folder, '.json').map(({name, payload}) => {
			const [version, , product, file] = name.split('/');
			return {name, payload, topic: `homewizard/${version}-${product}/${/^[a-z]+/.exec(file!)![0]}`};
		}),
	shelly: capturesOf,
	'sparkplug-b': folder =>
		(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {file: string; topic: string}[]).map(({file, topic}) => ({
			name: file,
			topic,
			payload: readFileSync(join(folder, file)),
		})),
	tasmota: capturesOf,
	// What is no message of a device is an answer of the HTTP interface, which somebody might publish as well.
	'the-things-stack-v3': folder =>
		filesOf(folder, '.json').map(({name, payload}) => {
			const message = JSON.parse(payload.toString()) as Record<string, unknown> & {end_device_ids?: {device_id: string}};
			const event = ['uplink_message', 'join_accept', 'downlink_ack', 'downlink_failed', 'downlinks'].find(key => key in message);
			const kind = event
				?.replace('uplink_message', 'up')
				.replace('join_accept', 'join')
				.replace('downlinks', 'down/push')
				.replace('downlink_', 'down/');
			const device = message.end_device_ids?.device_id;
			return {name, payload, topic: kind === undefined ? 'tts/answers' : `v3/app1@ttn/devices/${device}/${kind}`};
		}),
	zigbee2mqtt: folder =>
		filesOf(folder, '.json').flatMap(({name, payload}) => {
			const content = JSON.parse(payload.toString()) as {topic: string; payload: unknown} | {topic: string; payload: unknown}[];
			return (Array.isArray(content) ? content : [content]).map(({topic, payload: inside}, i) => ({
				name: `${name}[${i}]`,
				topic: `zigbee2mqtt/${topic}`,
				payload: Buffer.from(JSON.stringify(inside)),
				isRetained: topic.startsWith('bridge/') && topic !== 'bridge/logging',
			}));
		}),
};

function filesOf(folder: string, ending: string): readonly {readonly name: string; readonly payload: Buffer}[] {
	return readdirSync(folder, {recursive: true, encoding: 'utf8'})
		.filter(name => name.endsWith(ending))
		.sort()
		.map(name => ({name, payload: readFileSync(join(folder, name))}));
}

function capturesOf(folder: string): readonly Found[] {
	return readFileSync(join(folder, 'mqtt-captures.jsonl'), 'utf8')
		.split('\n')
		.filter(line => line !== '')
		.map((line, i) => {
			const {topic, payload} = JSON.parse(line) as {topic: string; payload: string};
			return {name: `line ${i + 1}`, topic, payload: Buffer.from(payload)};
		});
}

/** Every message of every folder in `payloads`; what is retained comes first. Throws for a folder that it does not know. */
export function publishedMessages(payloads: string): readonly PublishedMessage[] {
	const all = readdirSync(payloads, {withFileTypes: true})
		.filter(entry => entry.isDirectory())
		.flatMap(({name: folder}) => {
			const reader = readers[folder];
			if (reader === undefined) throw new Error(`nobody knows on which topics the messages of ${folder} come`);
			return reader(join(payloads, folder)).map(found => ({isRetained: false, ...found, folder}));
		});
	return [...all.filter(({isRetained}) => isRetained), ...all.filter(({isRetained}) => !isRetained)];
}
