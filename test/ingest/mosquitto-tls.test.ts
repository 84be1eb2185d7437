// The door to a broker of yours over TLS, against Debian's Mosquitto: which brokers are trusted, and by which certificate the agent is known.
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer as createHttpsServer} from 'node:https';
import {type AddressInfo, connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connect as connectTls} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createWebSocketStream, WebSocketServer} from 'ws';
import {systemClock} from '../../agent/base/clock.ts';
import type {Logger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {issueClient, issueServer, type KeyAndCertificate, makeCa} from '../../agent/certificates.ts';
import {type MqttClientOptions, type MqttDoor, openMqttClient} from '../../agent/ingest/mqtt-client.ts';
import {connectPacket, publishPacket, RawClient} from '../broker/wire.ts';
import {connackOk, openWorld as openBrokerWorld, puback} from '../broker/world.ts';
import {createMosquitto, isMosquittoInstalled} from '../helpers/mosquitto.ts';
import {freePort} from '../helpers/ports.ts';

const random = createSystemRandom();
const nowMs = systemClock.nowMs();
const life = {random, nowMs, days: 30};
const dayMs = 86_400_000;
const ca = await makeCa('upstairs', life);
const otherCa = await makeCa('upstairs', life);
const agent = await issueClient(ca, 'kedge', life);

type World = {readonly port: number; readonly open: (options: Partial<MqttClientOptions>) => Opened};
type Opened = {readonly door: MqttDoor; readonly came: string[]; readonly logged: string[]};

async function openWorld(t: ExecutionContext, server: KeyAndCertificate, lines: readonly string[] = []): Promise<World> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-mosquitto-tls-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	mkdirSync(join(folder, 'broker'));
	const files = {'ca.pem': ca.certificate, 'server.pem': server.certificate, 'server-key.pem': server.key};
	for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
	const port = await freePort();
	const broker = createMosquitto(join(folder, 'broker'), port, {
		isPersistent: false,
		lines: [
			`certfile ${join(folder, 'server.pem')}`,
			`keyfile ${join(folder, 'server-key.pem')}`,
			`cafile ${join(folder, 'ca.pem')}`,
			...lines,
		],
	});
	await broker.start();
	t.teardown(async () => void (await broker.process().end('SIGKILL')));
	return {port, open: opener(t, port)};
}

function opener(t: ExecutionContext, port: number): World['open'] {
	return options => {
		const came: string[] = [];
		const logged: string[] = [];
		const logger: Logger = {log: (_level, message, fields) => void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)};
		const door = openMqttClient(
			{
				accept: ({payload}, done) => {
					came.push(Buffer.from(payload).toString());
					done('kept');
				},
				pressure: () => undefined,
				clock: systemClock,
				logger,
			},
			{
				name: 'upstairs',
				url: `mqtts://localhost:${port}`,
				clientId: 'kedge',
				topics: ['meters/#'],
				reconnectMsMin: 20,
				reconnectMsMax: 100,
				watchDrops: false,
				...options,
			},
		);
		t.teardown(() => door[Symbol.asyncDispose]());
		return {door, came, logged};
	};
}

const isSoon = async (isSo: () => boolean): Promise<boolean> =>
	(await until(async () => (isSo() ? true : undefined), {clock: systemClock, everyMs: 5, timeoutMs: 20_000})) === true;

/** It is refused for this reason, again and again, and never trusted. */
async function isRefused(t: ExecutionContext, {door, logged}: Opened, why: RegExp): Promise<void> {
	t.true(await isSoon(() => logged.filter(line => why.test(line)).length > 1), logged.slice(0, 5).join('\n'));
	t.is(door.stats().connects, 0);
}

const right = await issueServer(ca, ['localhost', 'mqtt.example.com'], life);

if (isMosquittoInstalled()) {
	test('a broker of the pinned CA is trusted, and messages come through', async t => {
		const world = await openWorld(t, right);
		const {door, came} = world.open({tls: {ca: ca.certificate}});
		t.true(await isSoon(() => door.stats().connected));
		const publisher = await RawClient.openTls(world.port, {ca: ca.certificate});
		t.teardown(() => publisher.socket.destroy());
		publisher.send(connectPacket({clientId: 'm-1'}));
		t.is(await publisher.next(), connackOk);
		t.true(
			await isSoon(() => {
				publisher.send(publishPacket('meters/m-1', 'hello', {id: 1}));
				return came.length > 0;
			}),
		);
		t.is(await publisher.next(), puback(1));
		t.is(came[0], 'hello');
	});

	test('only the pinned CA is trusted, also not those of Node.js beside it', async t => {
		const world = await openWorld(t, right);
		await isRefused(
			t,
			world.open({tls: {ca: otherCa.certificate}}),
			/unable to verify|self-signed certificate|unable to get local issuer/i,
		);
		await isRefused(t, world.open({}), /unable to verify|self-signed certificate|unable to get local issuer/i);
	});

	test('a certificate for another name is refused, unless that name is the one that is asked for', async t => {
		const world = await openWorld(t, await issueServer(ca, ['mqtt.example.com'], life));
		await isRefused(t, world.open({tls: {ca: ca.certificate}}), /does not match certificate/);
		const {door} = world.open({clientId: 'kedge-2', tls: {ca: ca.certificate, serverName: 'mqtt.example.com'}});
		t.true(await isSoon(() => door.stats().connected));
	});

	test('a broker whose certificate has run out is refused', async t => {
		const world = await openWorld(t, await issueServer(ca, ['localhost'], {random, nowMs: nowMs - 60 * dayMs, days: 30}));
		await isRefused(t, world.open({tls: {ca: ca.certificate}}), /certificate has expired/);
	});

	test('a certificate that is for clients only is no broker', async t => {
		const world = await openWorld(t, agent);
		await isRefused(
			t,
			world.open({tls: {ca: ca.certificate, serverName: 'kedge'}}),
			/unsuitable certificate purpose|unsupported certificate purpose/,
		);
	});

	test('the agent is known by its certificate where the broker asks for one', async t => {
		const world = await openWorld(t, right, ['require_certificate true', 'use_identity_as_username true']);
		const bare = world.open({tls: {ca: ca.certificate}});
		const known = world.open({clientId: 'kedge-2', tls: {ca: ca.certificate, certificate: agent.certificate, key: agent.key}});
		t.true(await isSoon(() => known.door.stats().connected));
		t.true(await isSoon(() => bare.logged.length > 1));
		t.is(bare.door.stats().connects, 0);
		const foreign = await issueClient(otherCa, 'kedge', life);
		const other = world.open({clientId: 'kedge-3', tls: {ca: ca.certificate, certificate: foreign.certificate, key: foreign.key}});
		t.true(await isSoon(() => other.logged.length > 1));
		t.is(other.door.stats().connects, 0);
	});

	test('the listener speaks TLS and nothing else', async t => {
		const world = await openWorld(t, right);
		const {door} = world.open({url: `mqtt://localhost:${world.port}`, clientId: 'kedge-2'});
		t.false(door.stats().connected);
		const socket = connectTls({port: world.port, host: '127.0.0.1', servername: 'localhost', ca: ca.certificate});
		await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
		t.true(socket.authorized);
		socket.destroy();
	});
} else test('without Mosquitto most of it is not tried', t => t.pass('Mosquitto is not installed'));

test('websockets over TLS have the same rules', async t => {
	// A proxy in front of a broker, as they are used: it speaks TLS and websockets, and hands on the bytes.
	const {broker} = await openBrokerWorld(t);
	const proxy = createHttpsServer({cert: right.certificate, key: right.key});
	const sockets = new WebSocketServer({server: proxy, path: '/mqtt'});
	sockets.on('connection', socket => {
		const bytes = createWebSocketStream(socket);
		const inner = connect({port: broker.port, host: '127.0.0.1'});
		for (const one of [bytes, inner]) one.on('error', () => {});
		bytes.pipe(inner).pipe(bytes);
	});
	await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
	t.teardown(() => {
		for (const socket of sockets.clients) socket.terminate();
		proxy.close();
		proxy.closeAllConnections();
	});
	const {port} = proxy.address() as AddressInfo;
	const who = {topics: ['meters/m-1/#'], username: 'm-1', password: 'secret'};
	const open = opener(t, port);
	const url = `wss://localhost:${port}/mqtt`;
	const byAddress = `wss://127.0.0.1:${port}/mqtt`;
	const trusted = open({...who, url, clientId: 'm-1:a', tls: {ca: ca.certificate}});
	const stranger = open({...who, url, clientId: 'm-1:b', tls: {ca: otherCa.certificate}});
	const unnamed = open({...who, url: byAddress, clientId: 'm-1:c', tls: {ca: ca.certificate}});
	const named = open({...who, url: byAddress, clientId: 'm-1:d', tls: {ca: ca.certificate, serverName: 'mqtt.example.com'}});
	t.true(await isSoon(() => trusted.door.stats().connected && named.door.stats().connected));
	t.true(await isSoon(() => stranger.logged.length > 1 && unnamed.logged.length > 1));
	t.is(stranger.door.stats().connects, 0);
	t.is(unnamed.door.stats().connects, 0);
});
