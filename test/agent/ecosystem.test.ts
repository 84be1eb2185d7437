// What others hear of the agent over real MQTT: Home Assistant as a reader of the embedded broker and at a broker of one's own, and devices that get receipts.
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync, type IClientOptions, type MqttClient} from 'mqtt';
import {createScaledClock, systemClock} from '../../agent/base/clock.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {makePassword, trustOf} from '../../agent/site.ts';
import {requestAnchor} from '../../agent/state.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {startAnvil} from '../helpers/anvil.ts';
import {createMosquitto, isMosquittoInstalled} from '../helpers/mosquitto.ts';
import {freePort} from '../helpers/ports.ts';
import {anchorSite, changeConfig, createTestSite, kedge, type TestSite} from '../helpers/site.ts';

type Heard = {readonly topic: string; readonly payload: Buffer; readonly retain: boolean};
type Listener = {
	readonly client: MqttClient;
	readonly heard: Heard[];
	readonly find: (topic: string, isSo?: (text: string) => boolean) => Promise<string>;
};

async function listen(t: ExecutionContext, url: string, options: IClientOptions, topics: readonly string[]): Promise<Listener> {
	const client = await connectAsync(url, {reconnectPeriod: 0, ...options});
	t.teardown(() => client.endAsync(true).catch(() => {}));
	const heard: Heard[] = [];
	client.on('message', (topic, payload, {retain}) => heard.push({topic, payload, retain}));
	if (topics.length > 0) await client.subscribeAsync([...topics]);
	return {
		client,
		heard,
		find: async (topic, isSo = () => true) => {
			const found = await until(
				async () => heard.findLast(one => one.topic === topic && isSo(one.payload.toString()))?.payload.toString(),
				{clock: systemClock, everyMs: 20, timeoutMs: 20_000},
			);
			if (found === undefined) throw new Error(`nothing such on ${topic}: ${heard.map(one => one.topic).join(' ')}`);
			return found;
		},
	};
}

const start = async (t: ExecutionContext, {site}: TestSite): Promise<Agent> => {
	// Ten times as fast: states are said every ten seconds at most.
	const clock = createScaledClock({startMs: systemClock.nowMs(), speed: 10});
	const agent = await openAgent({site, logger: silentLogger, world: {clock}});
	t.teardown(() => agent[Symbol.asyncDispose]());
	return agent;
};

/** A site with one home, which is sent receipts, and a reader. */
async function createSite(t: ExecutionContext, more: string): Promise<TestSite & {readonly readerPassword: string}> {
	const made = await createTestSite(t, {homes: 1});
	const reader = await makePassword(createSystemRandom());
	const readers = `readers: [{name: home-assistant, passwordHash: ${reader.hash}, topics: ["homeassistant/#", "kedge/#", "homes/#"]}]`;
	const site = await changeConfig(made.site, text => {
		const withReader = text.replace(/^(broker: .*)\}$/m, (_, line: string) => `${line}, ${readers}}`);
		return `${withReader.replace('"id":"home-01"', '"id":"home-01","receipts":true')}\n${more}`;
	});
	return {...made, site, readerPassword: reader.password};
}

const meter = (sequence: number): string => {
	const at = new Date(systemClock.nowMs()).toISOString();
	return `{"boot":"b7","seq":${sequence},"at":"${at}","import_kwh":${sequence}.125}`;
};

test('Home Assistant listens with a name of its own, sees devices and what becomes of them, and can publish nothing', async t => {
	const made = await createSite(t, 'homeAssistant:\n');
	const agent = await start(t, made);
	const home = await connectAsync(made.url, {clientId: 'home-01', username: 'home-01', password: made.password, reconnectPeriod: 0});
	t.teardown(() => home.endAsync(true).catch(() => {}));
	await home.publishAsync('homes/home-01/meter', meter(1), {qos: 1});
	const assistant = await listen(
		t,
		made.url,
		// As Home Assistant does: a client id made up at the start, a birth message and a will.
		{
			clientId: '4Xb0oVJ5dGmFv7Rt',
			username: 'home-assistant',
			password: made.readerPassword,
			will: {topic: 'homeassistant/status', payload: Buffer.from('offline'), qos: 0, retain: false},
		},
		['homeassistant/#', 'kedge/#'],
	);
	await assistant.client.publishAsync('homeassistant/status', 'online', {qos: 1, retain: true});
	const description = JSON.parse(await assistant.find('homeassistant/device/kedge_harbour/home-01/config')) as {
		readonly stat_t: string;
		readonly avty_t: string;
		readonly dev: object;
		readonly cmps: object;
	};
	t.deepEqual(Object.keys(description.cmps), ['problem', 'entries', 'last_reading', 'gaps', 'silences', 'refused']);
	t.like(description.dev, {ids: ['kedge:harbour:home-01'], via_device: 'kedge:harbour'});
	t.is(await assistant.find(description.avty_t), 'online');
	// Its enrolment and a reading.
	const text = await assistant.find(description.stat_t, one => (JSON.parse(one) as {entries: number}).entries === 2);
	const first = JSON.parse(text) as {readonly lastReading: string};
	t.true(Date.parse(first.lastReading) > 0);
	t.like(JSON.parse(await assistant.find('kedge/harbour/state')), {state: 'running', problem: 'OFF', silent: 0});

	// A jump in its numbering, a message that is refused, and another's topic.
	await home.publishAsync('homes/home-01/meter', meter(4), {qos: 1});
	await home.publishAsync('homes/home-01/meter', '{', {qos: 1});
	const later = await assistant.find(description.stat_t, text => (JSON.parse(text) as {refused: number}).refused === 1);
	t.like(JSON.parse(later), {entries: 4, gaps: 1, refused: 1});

	// Its birth message went nowhere, and was nobody's reading; with any other message it is out.
	t.false(assistant.heard.some(({topic}) => topic === 'homeassistant/status'));
	t.true(assistant.client.connected);
	const closed = new Promise<void>(resolve => assistant.client.once('close', () => resolve()));
	assistant.client.publish('kedge/harbour/home-01/state', '{}', {qos: 0, retain: true});
	await closed;
	const status = await agent.status();
	t.is(status.broker!.turnedAway['reader-published'], 1);
	t.is(status.counters['refused:device-unknown'], undefined);

	const again = await listen(t, made.url, {clientId: 'home-assistant', username: 'home-assistant', password: made.readerPassword}, []);
	const granted = await again.client
		.subscribeAsync(['kedge/harbour/+/state', 'homes/home-01/meter', '$SYS/#', '#', 'other/x'])
		.catch(error => (error as {readonly packet: {readonly granted: number[]}}).packet.granted);
	t.deepEqual(
		(granted as readonly (number | {readonly qos: number})[]).map(one => (typeof one === 'number' ? one : one.qos)),
		[0, 0, 128, 128, 128],
	);
	t.not(await again.find('kedge/harbour/home-01/state'), '{}', 'nothing of what it said was kept');

	// Neither the wrong password, nor a client id that is a device's, nor a device's topics for a device that has none.
	const refused = (options: IClientOptions): Promise<unknown> => connectAsync(made.url, {reconnectPeriod: 0, ...options});
	await t.throwsAsync(refused({clientId: 'x', username: 'home-assistant', password: 'wrong'}), {message: /Not authorized/});
	await t.throwsAsync(refused({clientId: 'home-01', username: 'home-assistant', password: made.readerPassword}), {
		message: /Identifier rejected/,
	});
	await t.throwsAsync(refused({clientId: 'home-01:x', username: 'home-assistant', password: made.readerPassword}), {
		message: /Identifier rejected/,
	});
	t.true(home.connected, 'nobody took its place');
	const added = await kedge(t, ['device', 'add', 'home-assistant', '--mapping', 'home-meter', '--config', made.site.configPath]);
	t.regex(added.err, /is who only listens at the broker/);

	// A device that is revoked is taken back.
	const revoked = await kedge(t, ['device', 'revoke', 'home-01', '--config', made.site.configPath]);
	t.is(revoked.code, 0, revoked.err);
	t.is(await again.find('kedge/harbour/home-01/state', text => text === ''), '');
	await agent[Symbol.asyncDispose]();
});

test('what is anchored of a device shows as soon as it is in a block', async t => {
	const made = await createSite(t, 'homeAssistant:\n');
	const anvil = await startAnvil();
	t.teardown(anvil.stop);
	const site = await anchorSite(t, made, anvil);
	await start(t, {...made, site});
	const home = await connectAsync(made.url, {clientId: 'home-01', username: 'home-01', password: made.password, reconnectPeriod: 0});
	t.teardown(() => home.endAsync(true).catch(() => {}));
	await home.publishAsync('homes/home-01/meter', meter(1), {qos: 1});
	const reader = {clientId: 'x', username: 'home-assistant', password: made.readerPassword};
	const assistant = await listen(t, made.url, reader, ['homeassistant/#', 'kedge/#']);
	const state = 'kedge/harbour/home-01/state';
	type State = {readonly unanchored: number | null; readonly anchoredUntil: string | null; readonly entries: number};
	const before = JSON.parse(await assistant.find(state, text => text.includes('"entries":2'))) as State;
	t.like(before, {unanchored: null, anchoredUntil: null});
	await requestAnchor(site.paths);
	const after = JSON.parse(await assistant.find(state, text => (JSON.parse(text) as State).anchoredUntil !== null)) as State;
	t.is(after.unanchored, 0);
	await home.publishAsync('homes/home-01/meter', meter(2), {qos: 1});
	t.like(JSON.parse(await assistant.find(state, text => text.includes('"entries":3'))), {
		unanchored: 1,
		anchoredUntil: after.anchoredUntil,
	});
	t.true(
		(JSON.parse(await assistant.find('kedge/harbour/state', text => !text.includes('"anchored":0'))) as {anchored: number}).anchored > 2,
	);
});

type Told = {
	readonly device: string;
	readonly packetId: number | null;
	readonly session: string;
	readonly sequence: number;
	readonly measuredAtMs: number;
	readonly index: number;
	readonly entries: number;
	readonly receipt: string;
};

const verdictOf = async (made: TestSite, receipt: string) =>
	createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519}).verify(
		Buffer.from(receipt),
		trustOf(await readFile(made.site.paths.trust), made.site.paths.trust),
	);

test('a device hears on its own topic a receipt that verifies, says which message it is for, and nobody else hears it', async t => {
	const made = await createSite(t, '');
	const agent = await start(t, made);
	const home = await listen(t, made.url, {clientId: 'home-01', username: 'home-01', password: made.password}, ['kedge/home-01/receipt']);
	const payload = meter(1);
	await home.client.publishAsync('homes/home-01/meter', payload, {qos: 1});
	const told = JSON.parse(await home.find('kedge/home-01/receipt')) as Told;
	t.like(told, {device: 'home-01', session: 'b7', sequence: 1, entries: 1, topic: 'homes/home-01/meter'});
	t.is(told.measuredAtMs, Date.parse((JSON.parse(payload) as {at: string}).at));
	t.is(typeof told.packetId, 'number');
	const verdict = await verdictOf(made, told.receipt);
	t.true(verdict.good, JSON.stringify(verdict.checks));
	t.is(verdict.facts.channel, 'urn:kedge:device:home-01:energy-import');
	t.false(home.heard.some(({retain}) => retain));

	// A repeat has no new entry, and gets none; the next message does. Behind a gap the receipt is for the reading, not for the note.
	await home.client.publishAsync('homes/home-01/meter', payload, {qos: 1});
	await home.client.publishAsync('homes/home-01/meter', meter(5), {qos: 1});
	const next = JSON.parse(await home.find('kedge/home-01/receipt', text => (JSON.parse(text) as Told).sequence === 5)) as Told;
	t.true((await verdictOf(made, next.receipt)).good);
	t.is(home.heard.length, 2);

	// Another device may not listen there, nor this one speak there.
	const boiler = await connectAsync(made.url, {clientId: 'boiler-01', username: 'boiler-01', password: made.password, reconnectPeriod: 0});
	t.teardown(() => boiler.endAsync(true).catch(() => {}));
	await t.throwsAsync(boiler.subscribeAsync('kedge/home-01/receipt'));
	await home.client.publishAsync('kedge/home-01/receipt', 'x', {qos: 1});
	t.is((await agent.status()).counters['refused:topic-unknown'], 1);
	t.is(home.heard.length, 2);
});

/** A broker of one's own that the agent listens at and Home Assistant as well; undefined where there is none to start. */
async function startMosquitto(t: ExecutionContext, folder: string): Promise<string | undefined> {
	if (!isMosquittoInstalled()) {
		t.log('skipped: mosquitto is not installed');
		return undefined;
	}
	const port = await freePort();
	const mosquitto = createMosquitto(join(folder, 'mosquitto'), port);
	await mosquitto.start();
	t.teardown(async () => void (await mosquitto.process().end('SIGKILL')));
	return `mqtt://127.0.0.1:${port}`;
}

test('at a broker of one’s own devices are shown and get receipts, the agent does not read itself, and what it said is taken back', async t => {
	const made = await createSite(t, '');
	const url = await startMosquitto(t, made.folder);
	if (url === undefined) return void t.pass();
	const withClient = (homeAssistant: string) => (text: string) =>
		`${text
			.replace(/^(?:broker|client|homeAssistant): .*\n/gm, '')
			.replace(/mappings:\n(?: {2}heard.*\n)?/, 'mappings:\n  heard: {topic: "kedge/{device}/#", format: homeassistant}\n')
			.replace(
				/"mappings":\["home-meter"(?:,"heard")?\]/,
				'"mappings":["home-meter","heard"]',
			)}client: {url: "${url}", clientId: kedge, watchDrops: false}\n${homeAssistant}`;
	let site = await changeConfig(made.site, withClient('homeAssistant: {through: client}\n'));
	const agent = await start(t, {...made, site});
	const assistant = await listen(t, url, {clientId: 'assistant'}, ['homeassistant/#', 'kedge/#']);
	const config = 'homeassistant/device/kedge_harbour/home-01/config';
	t.true(JSON.parse(await assistant.find(config)).cmps !== undefined);
	t.is(await assistant.find('kedge/harbour/status'), 'online');
	await assistant.client.publishAsync('homes/home-01/meter', meter(3), {qos: 1});
	const told = JSON.parse(await assistant.find('kedge/home-01/receipt')) as Told;
	t.true((await verdictOf(made, told.receipt)).good);
	t.is(JSON.parse(await assistant.find('kedge/harbour/home-01/state', text => text.includes('"entries":2'))).gaps, 0);
	const {counters} = await agent.status();
	t.deepEqual(
		Object.keys(counters).filter(name => name.startsWith('refused:')),
		[],
		JSON.stringify(counters),
	);
	t.true(counters.echoes! >= 2, 'its own descriptions came back, and were nobody’s');
	await agent[Symbol.asyncDispose]();
	t.is(await assistant.find('kedge/harbour/status', text => text === 'offline'), 'offline');

	site = await changeConfig(site, withClient(''));
	const without = await start(t, {...made, site});
	t.is(await assistant.find(config, text => text === ''), '');
	t.is(await assistant.find('kedge/harbour/status', text => text === ''), '');
	t.is((await without.status()).counters['refused:device-unknown'], undefined);
});
