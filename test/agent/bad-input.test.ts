// Sends a real agent, over real sockets, what no agent should be sent: each thing gets a clear answer and is counted, and everybody else is served.
import {truncateSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync, type MqttClient} from 'mqtt';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {decodeEntry, entryLength, kinds} from '../../agent/format/entry.ts';
import {auditSite, openSiteReader} from '../../agent/reading.ts';
import {readStatus} from '../../agent/state.ts';
import {connectPacket, publishPacket, RawClient} from '../broker/wire.ts';
import {createTestSite, kedge, startAgent, type TestSite, untilStatus} from '../helpers/site.ts';
import {startBroker} from '../sim/broker.ts';

const home = 'homes/home-01/meter';

/** A message of home-01 with a number of its own that nobody could object to, changed. */
function meterText(sequence: number, change: (text: string) => string = text => text): string {
	return change(`{"boot":"x","seq":${sequence},"at":"2026-03-01T12:00:00Z","import_kwh":1.5,"power_w":20.5}`);
}

const flue = (record: string): string => `[{"bn":"urn:dev:boiler-01:","bt":1772366400},${record}]`;

/** What a device sends, and the reason for which it is refused. */
const refused: readonly (readonly [what: string, device: string, topic: string, payload: string | Buffer, reason: string])[] = [
	['nothing at all', 'home-01', home, '', 'payload-malformed'],
	['bytes that are no text', 'home-01', home, Buffer.from([0xff, 0xfe, 0x00, 0x80]), 'payload-malformed'],
	['a text that is cut short', 'home-01', home, meterText(1, text => text.slice(0, -9)), 'payload-malformed'],
	['lists in lists, ten thousand deep', 'home-01', home, '['.repeat(10_000), 'payload-malformed'],
	['objects in objects, ten thousand deep', 'home-01', home, `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`, 'payload-malformed'],
	['a repeated key', 'home-01', home, meterText(2, text => text.replace('{', '{"seq":1,')), 'payload-malformed'],
	['the key __proto__', 'home-01', home, meterText(3, text => text.replace('{', '{"__proto__":{"seq":1},')), 'payload-malformed'],
	['NaN', 'home-01', home, meterText(4, text => text.replace('1.5', 'NaN')), 'payload-malformed'],
	['1e400', 'home-01', home, meterText(5, text => text.replace('1.5', '1e400').replace('20.5', '1e400')), 'value-out-of-range'],
	[
		'numbers of 20 digits',
		'home-01',
		home,
		meterText(6, text => text.replace('1.5', '1'.repeat(20)).replace('20.5', '9'.repeat(20))),
		'value-out-of-range',
	],
	[
		'digits that the channel cannot hold',
		'home-01',
		home,
		meterText(7, text => text.replace('1.5', '1.50001').replace('20.5', '20.55')),
		'value-inexact',
	],
	[
		'a number in quotes of words',
		'home-01',
		home,
		meterText(8, text => text.replace('1.5', '"many"').replace('20.5', 'true')),
		'value-not-number',
	],
	['no reading', 'home-01', home, meterText(9, text => text.replace('import_kwh', 'a').replace('power_w', 'b')), 'field-missing'],
	[
		'a sequence of 20 digits',
		'home-01',
		home,
		meterText(10, text => text.replace('"seq":10', `"seq":${'9'.repeat(20)}`)),
		'sequence-malformed',
	],
	[
		'the time 1970',
		'home-01',
		home,
		meterText(11, text => text.replace('2026-03-01T12:00:00Z', '1970-01-01T00:00:00Z')),
		'time-implausible',
	],
	['the time 1999', 'home-01', home, meterText(12, text => text.replace('2026', '1999')), 'time-implausible'],
	['the time 2100', 'home-01', home, meterText(13, text => text.replace('2026', '2100')), 'time-implausible'],
	['a time without a zone', 'home-01', home, meterText(14, text => text.replace('Z', '')), 'time-malformed'],
	['the topic of another device', 'home-01', 'homes/home-02/meter', meterText(15), 'topic-forbidden'],
	['a topic that no mapping reads', 'home-01', 'homes/home-01/other', meterText(16), 'topic-unknown'],
	['kilowatt-hours for a temperature', 'boiler-01', 'senml/boiler-01', flue('{"n":"flue","u":"kWh","v":21.5}'), 'unit-wrong'],
	['a value that is no number in SenML', 'boiler-01', 'senml/boiler-01', flue('{"n":"flue","u":"Cel","v":"21"}'), 'value-not-number'],
	['SenML that is no list', 'boiler-01', 'senml/boiler-01', '{"n":"flue","v":1}', 'senml-invalid'],
];

async function joinAs(t: ExecutionContext, {url, password}: TestSite, deviceId: string): Promise<MqttClient> {
	const client = await connectAsync(url, {clientId: deviceId, username: deviceId, password, reconnectPeriod: 0, clean: true});
	client.on('error', () => {});
	t.teardown(() => client.endAsync(true));
	return client;
}

const readings = async (site: TestSite['site']): Promise<number> => {
	const reader = await openSiteReader(site.paths);
	try {
		const size: number = (await reader.head())?.size ?? 0;
		const packed = await reader.entries(0, size);
		let count = 0;
		for (let at = 0; at < packed.length; at += entryLength) {
			if (decodeEntry(packed.subarray(at, at + entryLength)).kind === kinds.reading) count += 1;
		}
		return count;
	} finally {
		await reader[Symbol.asyncDispose]();
	}
};

test('bad messages are acknowledged, counted with their reason and kept, and other devices are served meanwhile', async t => {
	const made = await createTestSite(t, {homes: 2});
	const {site} = made;
	const agent = await startAgent(t, site);
	const devices = new Map<string, MqttClient>();
	for (const id of ['home-01', 'home-02', 'boiler-01']) devices.set(id, await joinAs(t, made, id));
	const counts = new Map<string, number>();
	let good = 0;
	for (const [what, device, topic, payload, reason] of refused) {
		// Resolves at the PUBACK.
		await devices.get(device)!.publishAsync(topic, payload, {qos: 1});
		counts.set(`refused:${reason}`, (counts.get(`refused:${reason}`) ?? 0) + 1);
		const {counters} = await readStatus(site.paths);
		t.is(counters[`refused:${reason}`], counts.get(`refused:${reason}`), `${what}: ${JSON.stringify(counters)}`);
		await devices
			.get('home-02')!
			.publishAsync('homes/home-02/meter', `{"boot":"y","seq":${good},"at":"2026-03-01T12:00:00Z","import_kwh":${good}}`, {qos: 1});
		good += 1;
	}
	// A device's own retain flag is dropped, and the reading is a reading.
	await devices.get('home-01')!.publishAsync(home, meterText(100), {qos: 1, retain: true});
	t.is(await readings(site), good + 2);

	const shown = await kedge(t, ['quarantine', '--config', site.configPath, '--limit', '1000', '--json']);
	t.is(shown.code, 0, shown.err);
	const rows = shown.out
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as {reason: string; detail: string; identity: string; topic: string; payloadHex: string})
		.reverse();
	t.deepEqual(
		rows.map(({reason, identity, topic, payloadHex}) => [reason, identity, topic, payloadHex]),
		refused.map(([, device, topic, payload, reason]) => [reason, device, topic, Buffer.from(payload).toString('hex')]),
	);
	t.true(rows.every(({detail}) => detail.length > 0));
	const text = await kedge(t, ['quarantine', '--config', site.configPath]);
	t.regex(text.out, /topic-forbidden: .*home-02/);
	t.regex(text.out, /In all: .*\d+ payload-malformed/);

	t.is(await agent.end('SIGTERM'), 0, agent.said());
	t.deepEqual((await auditSite(site.paths)).problems, []);
	t.is(await readings(site), good + 2);
});

/** What a connection sends, and what the agent counts when it turns it away. */
const turnedAway: readonly (readonly [what: string, bytes: (made: TestSite) => readonly Buffer[], reason: string])[] = [
	['an unknown device', () => [connectPacket({clientId: 'ghost', username: 'ghost', password: 'boo'})], 'credentials'],
	['a wrong password', () => [connectPacket({clientId: 'home-01', username: 'home-01', password: 'wrong'})], 'credentials'],
	['nobody', () => [connectPacket({clientId: 'home-01'})], 'credentials'],
	['the id of another device', made => [connect(made, {clientId: 'home-02'})], 'identifier'],
	['a client id with NUL', made => [connect(made, {clientId: 'home-01:\0'})], 'bad-text'],
	['a CONNECT of 5 KiB', made => [connect(made, {clientId: `home-01:${'x'.repeat(5000)}`})], 'oversize'],
	['no CONNECT', () => [publishPacket(home, meterText(1))], 'not-connect'],
	['a topic with NUL', made => [connect(made), publishPacket('homes/home-01/\0meter', meterText(1))], 'bad-text'],
	['a topic that is no UTF-8', made => [connect(made), publishPacket(Buffer.from([0x68, 0xff, 0xfe]), meterText(1))], 'bad-text'],
	['a payload of 100 kB', made => [connect(made), publishPacket(home, 'x'.repeat(100_000))], 'oversize'],
	['QoS 2', made => [connect(made), publishPacket(home, meterText(1), {qos: 2})], 'qos-2'],
];

function connect(made: TestSite, options: {readonly clientId?: string} = {}): Buffer {
	return connectPacket({clientId: 'home-01', username: 'home-01', password: made.password, ...options});
}

test('connections that break the rules are closed and counted, and others go on', async t => {
	const made = await createTestSite(t, {homes: 2});
	const {site} = made;
	const agent = await startAgent(t, site);
	const other = await joinAs(t, made, 'home-02');
	const counts = new Map<string, number>();
	for (const [what, bytes, reason] of turnedAway) {
		const raw = await RawClient.open(made.port);
		t.teardown(() => raw.socket.destroy());
		for (const packet of bytes(made)) raw.send(packet);
		await raw.rest();
		counts.set(reason, (counts.get(reason) ?? 0) + 1);
		const status = await untilStatus(t, site, ({broker}) => (broker?.turnedAway[reason] ?? 0) >= (counts.get(reason) ?? 0));
		t.is(status.broker?.turnedAway[reason], counts.get(reason), what);
		await other.publishAsync('homes/home-02/meter', `{"boot":"y","seq":1,"at":"2026-03-01T12:00:00Z","import_kwh":1}`, {qos: 1});
	}
	// An empty topic is no topic for MQTT 3.1.1; whatever the reason is called, the connection is gone and it is counted.
	const before = sumOf((await readStatus(site.paths)).broker?.turnedAway);
	const empty = await RawClient.open(made.port);
	t.teardown(() => empty.socket.destroy());
	empty.send(connect(made), publishPacket('', meterText(1)));
	await empty.rest();
	await untilStatus(t, site, ({broker}) => sumOf(broker?.turnedAway) === before + 1);

	const shown = await kedge(t, ['status', '--config', site.configPath]);
	t.regex(shown.out, /^turned away +.*3 credentials.*\(since the start\)$/m);
	const status = await readStatus(site.paths);
	t.deepEqual(
		Object.keys(status.counters).filter(name => name.startsWith('refused:')),
		[],
	);
	t.is(status.counters.repeats, turnedAway.length - 1);
	t.is(await readings(site), 1);
	t.is(await agent.end('SIGTERM'), 0, agent.said());
});

const sumOf = (counts: Readonly<Record<string, number>> | undefined): number =>
	Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);

test('what a broker of yours kept from before is refused, and what it delivers now is a reading', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const publisher = await connectAsync(broker.url, {clientId: 'bridge', reconnectPeriod: 0});
	publisher.on('error', () => {});
	t.teardown(() => publisher.endAsync(true));
	await publisher.publishAsync(home, meterText(1), {qos: 1, retain: true});
	const made = await createTestSite(t, {
		homes: 2,
		config: () => `client: {name: yours, url: "${broker.url}", clientId: kedge-test}\n`,
	});
	const agent = await startAgent(t, made.site);
	await untilStatus(t, made.site, ({counters}) => counters['refused:retained'] === 1);
	await publisher.publishAsync('homes/home-02/meter', meterText(2), {qos: 1});
	await publisher.publishAsync('homes/nobody/meter', meterText(3), {qos: 1});
	await untilStatus(t, made.site, ({channels}) => channels === 3);
	const status = await readStatus(made.site.paths);
	t.true(status.client?.isConnected);
	// Through the other door the same device is the same device: its messages are repeats.
	const device = await joinAs(t, made, 'home-02');
	await device.publishAsync('homes/home-02/meter', meterText(2), {qos: 1});
	t.is((await readStatus(made.site.paths)).counters.repeats, 2);
	t.is(await readings(made.site), 2);
	await broker.stop();
	await untilStatus(t, made.site, ({client}) => client?.isConnected === false);
	t.regex((await kedge(t, ['status', '--config', made.site.configPath])).out, /! The connection to broker yours is down\./);
	t.is(await agent.end('SIGTERM'), 0, agent.said());
});

test('a flood of large bad messages stays within the quarantine and within the memory', async t => {
	const made = await createTestSite(t, {homes: 1});
	const agent = await startAgent(t, made.site);
	const device = await joinAs(t, made, 'home-01');
	const garbage = Buffer.alloc(50_000, '[');
	const messages = 1600;
	for (let i = 0; i < messages; i += 40) await Promise.all(Array.from({length: 40}, () => device.publishAsync(home, garbage, {qos: 1})));
	const status = await readStatus(made.site.paths);
	t.is(status.counters['refused:payload-malformed'], messages);
	t.true((status.counters.evicted ?? 0) > 0);
	t.true(status.quarantineBytes <= 16 * 1024 * 1024, `${status.quarantineBytes}`);
	t.true(status.residentBytes < 200e6, `${status.residentBytes} bytes resident`);
	t.is(await agent.end('SIGTERM'), 0, agent.said());
	const report = await auditSite(made.site.paths);
	t.deepEqual(report.problems, []);
	t.log(
		`${(messages * 50_000) / 1e6} MB of bad messages, ${Math.round(status.residentBytes / 1e6)} MB resident, ${status.counters.evicted} evicted`,
	);
});

async function siteWithReadings(t: ExecutionContext, logName: string): Promise<TestSite> {
	const made = await createTestSite(t, {homes: 1, logName});
	const agent = await startAgent(t, made.site);
	const device = await joinAs(t, made, 'home-01');
	for (let i = 0; i < 5; i += 1)
		await device.publishAsync(home, `{"boot":"x","seq":${i},"at":"2026-03-01T12:00:0${i}Z","import_kwh":${i}}`, {qos: 1});
	t.is(await agent.end('SIGTERM'), 0, agent.said());
	return made;
}

test('an agent does not run on a log whose newest entries were edited, and says why', async t => {
	const {site} = await siteWithReadings(t, 'harbour');
	const database = await openDatabase({path: site.paths.log, mode: 'write'});
	await database.run(
		"UPDATE batches SET entries = CAST(substr(entries, 1, 60) || x'ff' || substr(entries, 62) AS BLOB) WHERE first = (SELECT max(first) FROM batches)",
	);
	await database[Symbol.asyncDispose]();
	const agent = await startAgent(t, site, {wait: false});
	t.is(await agent.ended, 4);
	t.regex(agent.said(), /do not lead to the signed root at size 8/);
	const audited = await kedge(t, ['audit', '--config', site.configPath]);
	t.is(audited.code, 1);
	t.regex(audited.out, /^! the entries lead to root [0-9a-f]{64}, the head says [0-9a-f]{64}$/m);
});

test('a file that is no log, and a key of another log, are named', async t => {
	const {site} = await siteWithReadings(t, 'harbour');
	const {site: foreign} = await siteWithReadings(t, 'elsewhere');
	await writeFile(site.paths.logKey, `${'ab'.repeat(32)}\n`);
	const wrongKey = await startAgent(t, site, {wait: false});
	t.is(await wrongKey.ended, 2);
	t.regex(wrongKey.said(), /the signing key is not the one of log harbour\/1/);
	await writeFile(foreign.paths.log, 'no database at all, just some text that is longer than a header of SQLite would be, for once');
	const noLog = await startAgent(t, foreign, {wait: false});
	t.is(await noLog.ended, 4);
	t.regex(noLog.said(), /SQLite|database/);
});

test('a receipt for another log, or for one of the same name with another key, is not good', async t => {
	const [mine, other, namesake] = await Promise.all([
		siteWithReadings(t, 'harbour'),
		siteWithReadings(t, 'elsewhere'),
		siteWithReadings(t, 'harbour'),
	]);
	const path = join(mine.folder, 'receipt.json');
	t.is((await kedge(t, ['prove', '3', '--config', mine.site.configPath, '--out', path])).code, 0);
	t.is((await kedge(t, ['verify', '--trust', mine.site.paths.trust, path])).code, 0);
	const foreign = await kedge(t, ['verify', '--trust', other.site.paths.trust, path]);
	t.is(foreign.code, 1);
	t.regex(foreign.out, /NOT GOOD/);
	t.regex(foreign.out, /no trusted key for origin "harbour\/1"/);
	const same = await kedge(t, ['verify', '--trust', namesake.site.paths.trust, path]);
	t.is(same.code, 1);
	t.regex(same.out, /not signed by the key that is trusted for origin "harbour\/1"/);
});

test('a file of a gigabyte is not read into memory, a folder is named, and the files beside them still get their verdicts', async t => {
	const {site, folder} = await siteWithReadings(t, 'harbour');
	const [receipt, huge] = [join(folder, 'receipt.json'), join(folder, 'huge.json')];
	t.is((await kedge(t, ['prove', '3', '--config', site.configPath, '--out', receipt])).code, 0);
	await writeFile(huge, '{\n\t"format": "kedge history 2",\n');
	// A hole: it takes no room on the disk.
	truncateSync(huge, 1024 ** 3);
	const told = await kedge(t, ['verify', '--trust', site.paths.trust, huge, folder, receipt]);
	t.is(told.code, 2);
	t.true(told.err.includes(`cannot read ${folder}`), told.err);
	t.regex(told.err, /huge\.json has 1073741824 bytes, more than any document of ours/);
	t.regex(told.out, /good, committed/);
});
