// Lets `kedge discover` listen to recorded devices, gives what it proposes to a real agent as it is, and compares the entries with what the decoders say.
import {spawn} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync, type MqttClient} from 'mqtt';
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {parseConfig} from '../../agent/config.ts';
import {discover, type Listening, listen} from '../../agent/discovering.ts';
import {decodeArrival} from '../../agent/format/arrival.ts';
import {decodeEntry, kinds} from '../../agent/format/entry.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {admit} from '../../agent/ingest/admit.ts';
import {exactValue} from '../../agent/ingest/decoders/decoded.ts';
import {loadDecoder} from '../../agent/ingest/decoders/table.ts';
import {type MappingConfig, type OpenMapping, openMapping} from '../../agent/ingest/mapping.ts';
import {tryMessage} from '../../agent/ingest/trial.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {openDevices} from '../../agent/main.ts';
import {makeSite, openSite, type Site} from '../../agent/site.ts';
import {placeOf} from '../faults/packages.ts';
import {endWithTest} from '../helpers/children.ts';
import {publishedData} from '../helpers/published-data.ts';
import {type PublishedMessage, publishedMessages} from '../helpers/published-messages.ts';
import {changeConfig, kedge, kedgePath, startAgent, testFolder, untilStatus} from '../helpers/site.ts';
import {startBroker, type TestBroker} from '../sim/broker.ts';

type Sent = Pick<PublishedMessage, 'name' | 'folder' | 'topic' | 'payload' | 'isRetained'>;

/** What became of one message. */
type Fate = {
	readonly message: Sent;
	/** Readings that the decoders of the proposed config make of it, as texts; and those of them that were there already. */
	readonly expected: readonly string[];
	readonly repeats: number;
	/** Why it, or some reading of it, is none. */
	readonly reasons: readonly string[];
	/** Read of the log. */
	readonly entries: readonly string[];
};

const zone = 'Europe/Amsterdam';
const lateAfterMs = 15 * 60_000;

const keyOf = (topic: string, payload: Uint8Array): string => `${topic}\n${Buffer.from(payload).toString('hex')}`;

async function brokerFor(t: ExecutionContext): Promise<{readonly broker: TestBroker; readonly publisher: MqttClient}> {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const publisher = await connectAsync(broker.url, {clientId: 'devices', reconnectPeriod: 0});
	publisher.on('error', () => {});
	t.teardown(() => publisher.endAsync(true));
	return {broker, publisher};
}

async function publishAll(publisher: MqttClient, messages: readonly Sent[]): Promise<void> {
	// One after the other: a birth must not be overtaken.
	for (const {topic, payload, isRetained} of messages)
		await publisher.publishAsync(topic, Buffer.from(payload), {qos: 1, retain: isRetained});
}

const untilTrue = async (t: ExecutionContext, what: string, isSo: () => boolean): Promise<void> => {
	const found = await until(async () => (isSo() ? true : undefined), {clock: systemClock, everyMs: 20, timeoutMs: 30_000});
	t.true(found, what);
};

const listeningTo = (broker: TestBroker): Listening => ({
	url: broker.url,
	clientId: 'kedge-discover',
	username: undefined,
	passwordFile: undefined,
	ca: undefined,
	caFile: undefined,
	topics: ['#'],
});

/** The config that is proposed for the messages, heard over a broker: what is retained before, the rest while it listens. */
async function proposedFor(t: ExecutionContext, broker: TestBroker, publisher: MqttClient, messages: readonly Sent[]): Promise<string> {
	const retained = messages.filter(({isRetained}) => isRetained);
	await publishAll(publisher, retained);
	const enough = new AbortController();
	let heard = 0;
	const listening = listeningTo(broker);
	const listened = listen({
		listening,
		clock: systemClock,
		signal: enough.signal,
		onProgress: progress => {
			heard = progress.messages;
		},
	});
	await untilTrue(t, 'it listens', () => broker.subscribed.has('kedge-discover'));
	await publishAll(
		publisher,
		messages.filter(({isRetained}) => !isRetained),
	);
	await untilTrue(t, 'everything was heard', () => heard === messages.length);
	enough.abort();
	const collection = await listened;
	t.is(collection.passedOver(), 0);
	const {text} = await discover({
		messages: collection.messages(),
		zone,
		ownZone: undefined,
		whole: {name: 'street-7', listening},
		notes: ['A note.'],
	});
	return text;
}

async function siteWith(t: ExecutionContext, text: string): Promise<Site> {
	const directory = testFolder(t);
	await makeSite({directory, logName: 'street-7', random: createSystemRandom(), configFor: () => text.replace('port: 8787', 'port: 0')});
	return openSite(join(directory, 'kedge.yaml'));
}

const fitsFilter = (topic: string, filter: string): boolean => {
	const levels = topic.split('/');
	const wanted = filter.split('/');
	for (const [i, level] of wanted.entries()) {
		if (level === '#') return true;
		if (levels[i] === undefined || (level !== '+' && level !== levels[i])) return false;
	}
	return levels.length === wanted.length;
};

/** Runs an agent with the config, sends it the messages, and says what became of each. */
async function liveWith(
	t: ExecutionContext,
	broker: TestBroker,
	publisher: MqttClient,
	site: Site,
	messages: readonly Sent[],
): Promise<readonly Fate[]> {
	const {clientId} = site.config.client!;
	const agent = await startAgent(t, site);
	await untilTrue(t, 'the agent listens', () => broker.subscribed.has(clientId));
	const devices = await openDevices(site);
	const filters = devices.filters();
	const comes = (topic: string): boolean => filters.some(filter => fitsFilter(topic, filter));
	const retainedTopics = new Set(messages.filter(({isRetained, topic}) => isRetained && comes(topic)).map(({topic}) => topic));
	await untilStatus(t, site, ({client}) => (client?.acknowledged ?? 0) >= retainedTopics.size);
	await publishAll(publisher, messages);
	const delivered = retainedTopics.size + messages.filter(({topic}) => comes(topic)).length;
	await untilStatus(t, site, ({client}) => (client?.acknowledged ?? 0) >= delivered && client?.waiting === 0);

	const reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	const entries = new Map<string, string[]>();
	for (const channel of await reader.channels()) {
		if (!channel.urn.startsWith('urn:kedge:device:')) continue;
		for await (const {entry, record} of reader.withRecords(channel, 0)) {
			const {kind, value, exponent, measuredAtMs} = decodeEntry(entry);
			if (kind !== kinds.reading) continue;
			const {topic, payload} = decodeArrival(record)!;
			const key = keyOf(topic, payload);
			entries.set(key, [...(entries.get(key) ?? []), `${channel.urn} ${value}e${exponent} ${measuredAtMs}`]);
		}
	}
	const quarantine = await reader.quarantine(10_000);
	await reader[Symbol.asyncDispose]();
	t.is(await agent.end('SIGTERM'), 0, agent.said());
	// In the log's own words nothing came on a topic that nobody owns: such topics are not subscribed to.
	t.deepEqual(
		quarantine.filter(({reason}) => reason === 'device-unknown' || reason === 'topic-unknown'),
		[],
	);

	const arrivedAtMs = systemClock.nowMs();
	const known = new Set<string>();
	for (const message of messages)
		if (message.isRetained && comes(message.topic)) tryMessage({...message, arrivedAtMs}, {devices, lateAfterMs});
	return messages.map(message => {
		const tried = tryMessage({...message, isRetained: false, arrivedAtMs}, {devices, lateAfterMs});
		const expected: string[] = [];
		const reasons = tried.refused === undefined ? [] : [tried.refused.refused as string];
		let repeats = 0;
		for (const one of tried.readings) {
			if ('refused' in one) {
				reasons.push(one.refused);
				continue;
			}
			const {channel, measuredAtMs, session, sequence} = one.reading;
			const urn = channelUrn(tried.route!.device.id, channel.quantity.name, channel.part);
			const repeatKey = sequence !== undefined ? `${session}/${sequence}` : measuredAtMs === 0 ? undefined : String(measuredAtMs);
			const identity = `${urn} ${one.value} ${repeatKey}`;
			if (repeatKey !== undefined && known.has(identity)) {
				repeats += 1;
				continue;
			}
			known.add(identity);
			expected.push(`${urn} ${one.value}e${one.exponent} ${measuredAtMs}`);
		}
		return {message, expected, repeats, reasons, entries: entries.get(keyOf(message.topic, message.payload)) ?? []};
	});
}

/** The entries of each message are what the decoders say; of one that came twice those of both. */
function checkEntries(t: ExecutionContext, fates: readonly Fate[]): void {
	const expected = new Map<string, string[]>();
	for (const {message, expected: own} of fates) {
		const key = keyOf(message.topic, message.payload);
		expected.set(key, [...(expected.get(key) ?? []), ...own]);
	}
	for (const {message, entries} of fates)
		t.deepEqual([...entries].sort(), [...expected.get(keyOf(message.topic, message.payload))!].sort(), `${message.folder} ${message.name}`);
}

function logFates(t: ExecutionContext, fates: readonly Fate[]): void {
	for (const folder of new Set(fates.map(({message}) => message.folder))) {
		const own = fates.filter(({message}) => message.folder === folder);
		const sum = (count: (fate: Fate) => number): number => own.reduce((total, fate) => total + count(fate), 0);
		const reasons = new Map<string, number>();
		for (const {reasons: its} of own) for (const reason of its) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
		const told = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ') || 'none';
		t.log(
			`${folder}: ${own.length} messages, ${own.filter(fate => fate.expected.length > 0).length} with entries; ${sum(fate => fate.expected.length)} entries, ${sum(fate => fate.repeats)} repeats; refused: ${told}`,
		);
		for (const {message, expected, repeats, reasons: its} of own)
			if (expected.length === 0) t.log(`  ${message.name} on ${message.topic}: ${its.join(', ') || `${repeats} repeats`}`);
	}
}

/** How somebody who knows the makes would read each folder; a folder that is missing holds nothing that anybody could read without more. */
const byHand: Readonly<Record<string, Omit<MappingConfig, 'name'>>> = {
	'dsmr-p1': {topic: '#', format: 'dsmr', zone},
	homewizard: {topic: '#', format: 'homewizard', zone},
	shelly: {topic: '#', format: 'shelly'},
	'sparkplug-b': {
		topic: 'spBv1.0/+/+/{device}/#',
		format: 'sparkplug',
		readings: [{name: 'meter-A/Active Energy Import', quantity: 'energy-import', optional: true}],
	},
	tasmota: {topic: '#', format: 'tasmota', zone},
	zigbee2mqtt: {topic: 'zigbee2mqtt/{device}', format: 'zigbee2mqtt'},
};

/** Messages of which such a mapping makes at least one reading that the log would take. */
async function supportedAmong(messages: readonly Sent[]): Promise<ReadonlySet<Sent>> {
	const arrivedAtMs = systemClock.nowMs();
	const supported = new Set<Sent>();
	const open = new Map<string, OpenMapping>();
	for (const [folder, mapping] of Object.entries(byHand)) {
		const decoder = await loadDecoder(mapping.format);
		if ('problem' in decoder) throw new Error(decoder.problem);
		const opened = openMapping({name: 'm', ...mapping}, decoder);
		if ('problem' in opened) throw new Error(opened.problem);
		open.set(folder, opened);
	}
	for (const message of messages) {
		const mapping = open.get(message.folder);
		if (mapping === undefined) continue;
		const {topic, payload} = message;
		if (mapping.isHeard(topic)) {
			mapping.decoder.learn!({topic, payload, arrivedAtMs});
			continue;
		}
		const decoded = mapping.decoder.decode({topic, payload, arrivedAtMs, deviceId: 'd'});
		if ('refused' in decoded) continue;
		const context = {arrivedAtMs, lateAfterMs, simulated: false, clockUnsynchronised: false};
		const isTaken = decoded.readings.some(reading => {
			if ('refused' in reading || 'refused' in admit(reading, context)) return false;
			const {channel, value, unit} = reading;
			return value === null || typeof exactValue(channel, channel.exponent, value, unit) === 'bigint';
		});
		if (isTaken) supported.add(message);
	}
	return supported;
}

test('a config that is proposed for all published messages turns every one that is supported into entries, as it is', async t => {
	const folder = publishedData(t, 'payloads');
	if (folder === undefined) return;
	t.timeout(240_000);
	const messages = publishedMessages(folder);
	const {broker, publisher} = await brokerFor(t);
	const text = await proposedFor(t, broker, publisher, messages);
	const fates = await liveWith(t, broker, publisher, await siteWith(t, text), messages);
	logFates(t, fates);
	checkEntries(t, fates);
	const supported = await supportedAmong(messages);
	for (const name of Object.keys(byHand))
		t.true(
			[...supported].some(({folder: own}) => own === name),
			name,
		);
	for (const {message, expected, repeats, reasons} of fates) {
		if (!supported.has(message)) continue;
		t.true(expected.length + repeats > 0, `${message.folder} ${message.name}: ${reasons.join(', ')}`);
		t.false(reasons.includes('device-unknown') || reasons.includes('topic-unknown'), `${message.folder} ${message.name}`);
	}
	// And it reads nothing that nobody who knows the makes would read.
	for (const {message, expected} of fates) if (expected.length > 0) t.true(supported.has(message), `${message.folder} ${message.name}`);
	t.true(supported.size > 80);
});

const sent = (topic: string, payload: object | string, isRetained = false): Sent => ({
	name: topic,
	folder: 'made up',
	topic,
	payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
	isRetained,
});

/** What stands for devices in topics, and would be something else in YAML, or end a comment. */
const oddNames = [
	'yes',
	'null',
	'1e3',
	'a: b',
	'- x',
	"it's",
	'"quoted"',
	'back\\slash',
	'Küche',
	'%',
	'🔌',
	'&anchor',
	'*alias',
	'!tag',
	'[x',
	'|',
];

const madeUp: readonly Sent[] = [
	sent(
		'zigbee2mqtt/bridge/devices',
		[
			{
				friendly_name: 'Küche "links"/oben',
				definition: {
					vendor: 'Maker',
					model: 'T-1',
					exposes: [{type: 'numeric', name: 'temperature', property: 'temperature', unit: '°C', access: 1}],
				},
			},
		],
		true,
	),
	sent(
		'homeassistant/sensor/barn/s1/config',
		{
			state_topic: 'farm/barn/climate',
			unit_of_measurement: '°C',
			device_class: 'temperature',
			unique_id: 'barn-s1',
			value_template: '{{ value_json.t }}',
			device: {identifiers: ['barn'], manufacturer: 'Barnworks', model: 'S1'},
		},
		true,
	),
	sent('zigbee2mqtt/Küche "links"/oben', {temperature: 21.5, linkquality: 80}),
	sent('farm/barn/climate', {t: 3.25}),
	sent('tele/washer/SENSOR', {Time: '2026-03-01T12:00:00', ENERGY: {Total: 514.153, Power: 56, Voltage: 234}}),
	sent('stat/washer/STATUS8', {StatusSNS: {Time: '2026-03-01T12:01:00', ENERGY: {Total: 514.154, Power: 57, Voltage: 233}}}),
	sent('shellies/shelly-em-1/emeter/0/power', '12.50'),
	sent('application/17/device/0102030405060708/event/up', {
		time: '2026-03-01T12:00:00.000Z',
		deviceInfo: {devEui: '0102030405060708', deviceProfileName: 'Soil\nprobe'},
		fCnt: 3,
		fPort: 1,
		object: {temperature: 8.5, humidity: 71.333333333333329},
	}),
	sent('sensors/cold-1/senml', [
		{bn: 'urn:dev:cold-1:', bt: 1772366400, n: 'temperature', u: 'Cel', v: 4.2},
		{n: 'voltage', u: 'V', v: 3.01},
	]),
	...oddNames.map((name, i) => sent(`meters/${name}`, {at: '2026-03-01T12:00:00Z', energy_kwh: 100 + i, power_w: 20.5})),
	sent('weather/api', 'sunny'),
	// A mapping cannot have braces in its topic.
	sent('meters/{}', {energy_kwh: 1, power_w: 2}),
];

test('a config that is proposed for odd names and many makes is used by an agent as it is', async t => {
	t.timeout(240_000);
	const {broker, publisher} = await brokerFor(t);
	const text = await proposedFor(t, broker, publisher, madeUp);
	const {config} = parseConfig(text, 'the proposal');
	t.deepEqual(Object.keys(config.mappings).sort(), [
		'chirpstack',
		'homeassistant',
		'json',
		'senml',
		'shelly',
		'tasmota',
		'tasmota-2',
		'zigbee2mqtt',
	]);
	t.is(new Set(config.devices.map(({id}) => id)).size, config.devices.length);
	for (const name of oddNames) t.is(config.devices.filter(({id, topicName}) => (topicName ?? id) === name).length, 1, name);
	t.deepEqual(config.devices.find(({id}) => id === 'washer')?.mappings, ['tasmota', 'tasmota-2']);
	t.regex(text, /^# A note\.$/m);
	t.regex(text, /^# Heard, and read by no mapping above \(2 topics\):\n# {3}weather\/api\n# {3}meters\/\{\}$/m);
	t.regex(text, /^# {3}topic meters\/\{\} looks like json, but a mapping cannot name it$/m);
	t.notRegex(text, /\nprobe/);
	t.regex(text, /^ {2}# Maker T-1\n {2}# temperature °C\n {2}- id: /m);
	const fates = await liveWith(t, broker, publisher, await siteWith(t, text), madeUp);
	checkEntries(t, fates);
	for (const {message, expected, reasons} of fates)
		t.true(
			expected.length > 0 || message.isRetained || message.topic === 'weather/api' || message.topic === 'meters/{}',
			`${message.topic}: ${reasons.join(', ')}`,
		);
});

test('kedge discover proposes from a file, from a broker, and says what is missing', async t => {
	const directory = testFolder(t);
	const lines = [
		{topic: 'tele/plug/SENSOR', payload: '{"Time":"2026-03-01T12:00:00","ENERGY":{"Total":5.5}}'},
		{topic: 'v3/app@ttn/devices/soil/up', payload: '{"end_device_ids":{"device_id":"soil"},"uplink_message":{"frm_payload":"AA=="}}'},
		{topic: 'meters/a', payloadHex: Buffer.from('{"power_w":20.55555}').toString('hex')},
		{topic: 'x', payload: ''},
	];
	await writeFile(join(directory, 'm.jsonl'), lines.map(line => `${JSON.stringify(line)}\n`).join(''));
	const {code, out, err} = await kedge(t, ['discover', '--lines', 'm.jsonl'], {directory});
	t.is(code, 0, err);
	t.is(err, '');
	t.regex(out, /^ {4}# or let `kedge discover --zone [A-Z]\S+` fill it in everywhere\.\n# {4}zone: [A-Z]/m);
	t.regex(out, /^# {2}tts:\n# {4}topic: "v3\/app@ttn\/devices\/\{device\}\/up"$/m);
	t.regex(out, /^ {6}- \{pointer: "\/power_w", quantity: active-power, unit: W, exponent: -\d+, optional: true\}$/m);
	t.regex(out, /^# {2}- id: soil$/m);
	parseConfig(`log: {name: a}\n${out}`, 'k');
	const json = JSON.parse((await kedge(t, ['discover', '--lines', 'm.jsonl', '--json', '--zone', 'UTC'], {directory})).out);
	t.is(json.config.includes('\n    zone: UTC\n'), true);
	t.deepEqual(
		json.messages.map(
			({topic, mapping, readings, refused}: {topic: string; mapping?: string; readings: unknown[]; refused?: {refused: string}}) => [
				topic,
				mapping,
				readings.length,
				refused?.refused,
			],
		),
		[
			['tele/plug/SENSOR', 'tasmota', 1, undefined],
			['v3/app@ttn/devices/soil/up', undefined, 0, 'device-unknown'],
			['meters/a', 'json', 1, undefined],
			['x', undefined, 0, 'device-unknown'],
		],
	);
	await writeFile(join(directory, 'n.jsonl'), '{"topic":"x","payload":"y"}\n');
	const none = await kedge(t, ['discover', '--lines', 'n.jsonl'], {directory});
	t.is(none.code, 1);
	parseConfig(`log: {name: a}\n${none.out}`, 'k');
});

test('kedge discover listens until it is told to stop, and writes a whole config', async t => {
	const directory = testFolder(t);
	if (placeOf('script') === undefined) {
		t.log('not run: script of util-linux, which makes a terminal, is not installed');
		t.pass();
		return;
	}
	const {broker, publisher} = await brokerFor(t);
	const command = `exec '${process.execPath}' '${kedgePath}' discover --url ${broker.url} --whole street-7 --out mine/kedge.yaml --for 120s`;
	const child = spawn('script', ['-qfec', command, '/dev/null'], {cwd: directory, stdio: ['pipe', 'pipe', 'inherit']});
	endWithTest(t, child, 'SIGKILL');
	let said = '';
	child.stdout.setEncoding('utf8').on('data', (part: string) => {
		said += part;
	});
	const ended = new Promise<number | null>(resolve => child.once('close', resolve));
	await untilTrue(t, 'it listens', () => [...broker.subscribed].some(id => id.startsWith('kedge-discover-')));
	const message = '{"Time":"2026-03-01T12:00:00+01:00","ENERGY":{"Total":5.5}}';
	await publisher.publishAsync('tele/plug/SENSOR', message, {qos: 1});
	// Until it says that it heard something nothing may be proposed, however long this machine takes.
	await untilTrue(t, 'it heard something', () => said.includes('1 message on 1 topic: tasmota 1; '));
	// As the keys Ctrl and C do.
	child.stdin.write('\u0003');
	t.is(await ended, 0, said);
	t.regex(
		said,
		/\u001b\[K1 message on 1 topic: tasmota 1; \d+ s left[^\n]*\n?wrote mine\/kedge\.yaml \(\d+ bytes\)\r\nNext: read .*: kedge init mine, kedge run --config mine\/kedge\.yaml\r\n$/,
	);
	const path = join(directory, 'mine/kedge.yaml');
	const text = await readFile(path, 'utf8');
	t.regex(text, /^# `kedge init FOLDER` makes keys/m);
	const site = await openSite(path);
	const {config} = site satisfies Site;
	t.is(config.log.name, 'street-7');
	t.is(config.client?.url, broker.url);
	t.deepEqual(
		config.devices.map(({id, mappings}) => [id, mappings]),
		[['plug', ['tasmota']]],
	);

	// The commands that it names are enough, in whichever order.
	const early = await kedge(t, ['run', '--config', 'mine/kedge.yaml'], {directory});
	t.is(early.code, 2);
	t.regex(early.err, /log\.key: ENOENT.*\n.*Make the site's keys with: kedge init DIRECTORY/);
	const made = await kedge(t, ['init', 'mine'], {directory});
	t.is(made.code, 0, made.err);
	t.regex(made.out, /^Made log street-7 in .*\/mine for the config that was there\n(?:.*\n)*.*kedge run --config mine\/kedge\.yaml$/m);
	t.is(await readFile(path, 'utf8'), text);
	const agent = await startAgent(t, await changeConfig(site, now => now.replace('port: 8787', 'port: 0')));
	await untilStatus(t, site, status => status.client?.isConnected === true);
	await publisher.publishAsync('tele/plug/SENSOR', '{"Time":"2026-03-01T12:01:00+01:00","ENERGY":{"Total":5.75}}', {qos: 1});
	await untilStatus(t, site, status => status.channels > 0);

	// Nobody needs a password who comes through a broker of one's own.
	await writeFile(join(directory, 'm'), '{"Time":"2026-03-01T12:02:00+01:00","ENERGY":{"Total":7.5}}');
	const lamp = ['decode', '--config', 'mine/kedge.yaml', '--topic', 'tele/lamp/SENSOR', 'm'];
	t.is((await kedge(t, lamp, {directory})).code, 1);
	const added = await kedge(t, ['device', 'add', 'lamp', '--mapping', 'tasmota', '--config', 'mine/kedge.yaml'], {directory});
	t.is(added.code, 0, added.err);
	t.is(added.out, 'Enrolled lamp, without a password: it comes through a broker of yours.\n');
	const read = await kedge(t, lamp, {directory});
	t.regex(read.out, /device lamp, mapping tasmota/);
	t.is(read.code, 0);
	await kedge(t, ['device', 'revoke', 'lamp', '--config', 'mine/kedge.yaml'], {directory});
	t.regex((await kedge(t, lamp, {directory})).out, /refused: device-revoked/);
	t.regex((await kedge(t, ['status', '--config', 'mine/kedge.yaml'], {directory})).out, /^devices +1, 1 revoked$/m);
	t.is(await agent.end('SIGTERM'), 0);
});

test('kedge discover says when no broker answers', async t => {
	const {code, err} = await kedge(t, ['discover', '--url', 'mqtt://127.0.0.1:1', '--for', '1s']);
	t.is(code, 3);
	t.regex(err, /mqtt:\/\/127\.0\.0\.1:1 does not answer/);
});
