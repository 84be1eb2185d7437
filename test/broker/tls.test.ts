// TLS at the broker: what a stranger can cost, certificates that change or run out, and devices that are sent away.
import {connect as connectTcp} from 'node:net';
import {type ConnectionOptions, connect as connectTls, type TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import type {AgentError} from '../../agent/base/errors.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {issueClient, issueServer, makeCa} from '../../agent/certificates.ts';
import {type Broker, type BrokerOptions, type Identity, openBroker} from '../../broker/broker.ts';
import type {PeerCertificate} from '../../broker/tls.ts';
import {connectPacket, pingPacket, publishPacket, RawClient} from './wire.ts';
import {connackOk, pingresp, puback} from './world.ts';

const random = createSystemRandom();
const nowMs = systemClock.nowMs();
const life = {random, nowMs, days: 30};
const ca = await makeCa('street', life);
const server = await issueServer(ca, ['localhost'], life);
const device = await issueClient(ca, 'm-1', life);
const tls = {...server, clientCa: ca.certificate, port: 0};
const asDevice = {ca: ca.certificate, cert: device.certificate, key: device.key};
const trusting = {ca: ca.certificate};

type World = {
	readonly broker: Broker;
	readonly shown: (PeerCertificate | undefined)[];
	readonly port: number;
	decide: (identity: Identity) => Promise<Identity | undefined>;
};

async function openWorld(t: ExecutionContext, options: BrokerOptions = {}): Promise<World> {
	const shown: (PeerCertificate | undefined)[] = [];
	const broker = await openBroker(
		{
			accept: (_delivery, done) => done('kept'),
			pressure: () => undefined,
			authenticate: async (clientId, _username, _password, certificate) => {
				shown.push(certificate);
				return world.decide({deviceId: clientId.split(':')[0]!, role: 'device', topicFilters: ['a/#']});
			},
			mayConnect: () => true,
			logger: silentLogger,
		},
		{tls, ...options},
	);
	t.teardown(() => broker[Symbol.asyncDispose]());
	const world: World = {broker, shown, port: broker.tlsPort!, decide: async identity => identity};
	return world;
}

async function join(t: ExecutionContext, world: World, options: ConnectionOptions = asDevice, clientId = 'm-1'): Promise<RawClient> {
	const client = await RawClient.openTls(world.port, options);
	t.teardown(() => client.socket.destroy());
	client.send(connectPacket({clientId}));
	t.is(await client.next(), connackOk);
	return client;
}

const eventually = async (t: ExecutionContext, isSo: () => boolean): Promise<void> =>
	void t.true(await until(async () => (isSo() ? true : undefined), {clock: systemClock, everyMs: 2, timeoutMs: 20_000}));

const shake = (port: number, options: ConnectionOptions & {readonly localAddress?: string}): Promise<TLSSocket | string> =>
	new Promise(resolve => {
		const socket = connectTls({port, host: '127.0.0.1', servername: 'localhost', ...options}, () => resolve(socket));
		socket.on('error', error => resolve((error as NodeJS.ErrnoException).code ?? error.message));
	});

test('with TLS there is no port without it, unless it is asked for', async t => {
	const world = await openWorld(t);
	t.is(world.broker.port, world.broker.tlsPort!);
	const both = await openWorld(t, {port: 0});
	t.not(both.broker.port, both.broker.tlsPort);
	const plain = await RawClient.open(both.broker.port);
	plain.send(connectPacket({clientId: 'm-1'}));
	t.is(await plain.next(), connackOk);
	plain.socket.destroy();
	t.is(both.shown[0], undefined);
});

test('messages are acknowledged over TLS 1.2 and 1.3, and nothing older is spoken', async t => {
	const world = await openWorld(t);
	for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
		const client = await join(t, world, {...asDevice, minVersion: version, maxVersion: version}, `m-1:${version}`);
		t.is((client.socket as TLSSocket).getProtocol(), version);
		// More than a TLS record holds.
		client.send(...Array.from({length: 50}, (_, i) => publishPacket('a/b', 'x'.repeat(1000), {id: i + 1})));
		for (let id = 1; id <= 50; id += 1) t.is(await client.next(), puback(id));
	}
	const old = await shake(world.port, {...trusting, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0'});
	t.is(typeof old, 'string');
	await eventually(t, () => world.broker.stats().handshakesFailed === 1);
});

test('what a certificate says is told: fingerprint, subject and validity', async t => {
	const world = await openWorld(t);
	await join(t, world);
	t.deepEqual(world.shown, [
		{
			fingerprint: device.fingerprint,
			subject: 'CN=m-1',
			notBeforeMs: Math.floor((nowMs - 3_600_000) / 1000) * 1000,
			notAfterMs: device.notAfterMs,
		},
	]);
	await join(t, world, trusting, 'm-2');
	t.is(world.shown[1], undefined);
});

test('without a client CA nobody is asked for a certificate', async t => {
	const world = await openWorld(t, {tls: {...server, port: 0}});
	await join(t, world);
	t.deepEqual(world.shown, [undefined]);
});

test('no session is resumed, so the certificate is looked at each time', async t => {
	const world = await openWorld(t);
	for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
		const first = (await shake(world.port, {...asDevice, minVersion: version, maxVersion: version})) as TLSSocket;
		const sessions: Buffer[] = [];
		first.on('session', session => sessions.push(session));
		first.write(connectPacket({clientId: 'm-1'}));
		await new Promise(resolve => first.once('data', resolve));
		const session = sessions.at(-1) ?? first.getSession()!;
		const second = (await shake(world.port, {...trusting, session, minVersion: version, maxVersion: version})) as TLSSocket;
		t.false(second.isSessionReused(), version);
		first.destroy();
		second.destroy();
	}
});

test('a client cannot renegotiate', async t => {
	const world = await openWorld(t);
	const socket = (await shake(world.port, {...asDevice, maxVersion: 'TLSv1.2'})) as TLSSocket;
	const failed = await new Promise<boolean>(resolve => {
		socket.on('error', () => resolve(true));
		socket.on('close', () => resolve(true));
		socket.renegotiate({}, error => resolve(error !== null));
	});
	t.true(failed);
	socket.destroy();
});

test('a handshake that gets nowhere ends in time, and its socket is gone', async t => {
	const world = await openWorld(t, {limits: {connectTimeoutMs: 1500}});
	const sockets = Array.from({length: 5}, () => connectTcp({port: world.port, host: '127.0.0.1'}));
	t.teardown(() => {
		for (const socket of sockets) socket.destroy();
	});
	// A hello that is cut off, and silence.
	for (const [i, socket] of sockets.entries()) {
		socket.on('error', () => {});
		if (i % 2 === 0) socket.write(Buffer.from('1603010200010001fc0303', 'hex'));
	}
	await Promise.all(sockets.map(socket => new Promise(resolve => socket.once('close', resolve))));
	await eventually(t, () => world.broker.stats().connections === 0 && world.broker.stats().handshakesFailed === 5);
	await join(t, world);
});

test('a handshake that is done and no CONNECT after it ends in time as well', async t => {
	const world = await openWorld(t, {limits: {connectTimeoutMs: 1500}});
	const client = await RawClient.openTls(world.port, asDevice);
	t.teardown(() => client.socket.destroy());
	t.deepEqual(await client.rest(), []);
	await eventually(t, () => world.broker.stats().closed.protocol === 1 && world.broker.stats().connections === 0);
});

test('MQTT without TLS on the TLS port, and noise, fail the handshake and nothing else', async t => {
	const world = await openWorld(t);
	for (const bytes of [connectPacket({clientId: 'm-1'}), Buffer.alloc(5000, 0x16), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
		const client = await RawClient.open(world.port);
		client.send(bytes);
		await new Promise(resolve => client.socket.once('close', resolve));
	}
	await eventually(t, () => world.broker.stats().handshakesFailed === 3 && world.broker.stats().connections === 0);
	t.deepEqual(world.shown, []);
	await join(t, world);
});

test('only so many handshakes are made at a time, and one address has half of them', async t => {
	const world = await openWorld(t, {limits: {handshakesMax: 4, connectTimeoutMs: 60_000}});
	const silent = Array.from({length: 5}, () => connectTcp({port: world.port, host: '127.0.0.1'}));
	t.teardown(() => {
		for (const socket of silent) socket.destroy();
	});
	for (const socket of silent) socket.on('error', () => {});
	await eventually(t, () => world.broker.stats().turnedAway === 3);
	t.is(world.broker.stats().connections, 2);
	const elsewhere = await shake(world.port, {...asDevice, localAddress: '127.0.0.2'});
	t.is(typeof elsewhere, 'object');
	(elsewhere as TLSSocket).destroy();
	for (const socket of silent) socket.destroy();
	await eventually(t, () => world.broker.stats().connections === 0);
	await join(t, world);
});

test('an address that breaks off too many handshakes is not answered until its minute is over', async t => {
	const clock = {...systemClock, monotonicMs: () => timeMs};
	let timeMs = 0;
	const world = await openWorld(t, {clock, limits: {failuresPerAddressMax: 10}});
	for (let i = 0; i < 10; i += 1) {
		const client = await RawClient.open(world.port);
		client.send(Buffer.from('hello'));
		await new Promise(resolve => client.socket.once('close', resolve));
	}
	await eventually(t, () => world.broker.stats().handshakesFailed === 10);
	t.is(typeof (await shake(world.port, asDevice)), 'string');
	t.is(world.broker.stats().connectsRefused['too-many-failures'], 1);
	t.is(world.broker.stats().handshakesFailed, 10);
	timeMs = 60_001;
	await join(t, world);
});

test('a new certificate is used for new connections, and a bad one changes nothing', async t => {
	const world = await openWorld(t);
	const before = await join(t, world);
	const renewed = await issueServer(ca, ['localhost'], life);
	const error = t.throws(() => world.broker.useCertificate({...renewed, key: server.key, clientCa: ca.certificate})) as AgentError;
	t.is(error.code, 'KEY_INVALID');
	t.is((t.throws(() => world.broker.useCertificate({certificate: 'x', key: 'y'})) as AgentError).code, 'KEY_INVALID');
	const still = await join(t, world, asDevice, 'm-1:b');
	t.is((still.socket as TLSSocket).getPeerX509Certificate()!.fingerprint256.replaceAll(':', '').toLowerCase(), server.fingerprint);
	world.broker.useCertificate({...renewed, clientCa: ca.certificate});
	const after = await join(t, world, asDevice, 'm-1:c');
	t.is((after.socket as TLSSocket).getPeerX509Certificate()!.fingerprint256.replaceAll(':', '').toLowerCase(), renewed.fingerprint);
	before.send(pingPacket);
	t.is(await before.next(), pingresp);
});

test('another client CA ends the connections that came by the old one', async t => {
	const world = await openWorld(t);
	const byCertificate = await join(t, world);
	const byPassword = await join(t, world, trusting, 'm-2');
	const other = await makeCa('other', life);
	world.broker.useCertificate({...server, clientCa: other.certificate});
	t.deepEqual(await byCertificate.rest(), []);
	t.is(world.broker.stats().closed['certificate-ended'], 1);
	byPassword.send(pingPacket);
	t.is(await byPassword.next(), pingresp);
	const again = await RawClient.openTls(world.port, asDevice);
	t.teardown(() => again.socket.destroy());
	again.send(connectPacket({clientId: 'm-1'}));
	t.deepEqual(await again.rest(), ['20020005']);
	t.is(world.broker.stats().connectsRefused['certificate-untrusted'], 1);
});

test('a connection whose certificate has run out is closed', async t => {
	const world = await openWorld(t);
	const client = await join(t, world);
	world.broker.closeExpired(device.notAfterMs - 1);
	client.send(pingPacket);
	t.is(await client.next(), pingresp);
	world.broker.closeExpired(device.notAfterMs);
	t.deepEqual(await client.rest(), []);
	t.is(world.broker.stats().closed['certificate-ended'], 1);
});

test('a device that is kicked loses all its connections at once, others none, and its will is not published', async t => {
	const world = await openWorld(t, {port: 0});
	const clients = [await join(t, world), await join(t, world, trusting, 'm-1:b')];
	const plain = await RawClient.open(world.broker.port);
	t.teardown(() => plain.socket.destroy());
	plain.send(connectPacket({clientId: 'm-1:c', will: {topic: 'a/will', payload: 'x'}}));
	t.is(await plain.next(), connackOk);
	const neighbour = await join(t, world, trusting, 'm-12');
	t.is(world.broker.kick('m-1'), 3);
	for (const client of [...clients, plain]) t.deepEqual(await client.rest(), []);
	await eventually(t, () => world.broker.stats().willsRefused === 1);
	t.is(world.broker.stats().closed.kicked, 3);
	neighbour.send(pingPacket);
	t.is(await neighbour.next(), pingresp);
	t.is(world.broker.kick('m-1'), 0);
});

test('a device that is kicked while its password is checked does not get in', async t => {
	const world = await openWorld(t);
	let decide = (): void => {};
	const asked = new Promise<void>(resolve => {
		world.decide = identity => {
			resolve();
			return new Promise(done => {
				decide = () => done(identity);
			});
		};
	});
	const client = await RawClient.openTls(world.port, trusting);
	t.teardown(() => client.socket.destroy());
	client.send(connectPacket({clientId: 'm-1'}), publishPacket('a/b', '1'));
	await asked;
	t.is(world.broker.kick('m-1'), 0);
	decide();
	t.deepEqual(await client.rest(), ['20020005']);
	t.is(world.broker.stats().sessions, 0);
});

test('a broker with a certificate that cannot be used does not open', async t => {
	for (const bad of [
		{...tls, key: device.key},
		{...tls, clientCa: 'x'},
		{...tls, certificate: ''},
	]) {
		const error = (await t.throwsAsync(openWorld(t, {tls: bad}))) as AgentError;
		t.is(error.code, 'KEY_INVALID');
	}
});

test('closing the broker also closes handshakes that are on their way', async t => {
	const world = await openWorld(t);
	const silent = connectTcp({port: world.port, host: '127.0.0.1'});
	silent.on('error', () => {});
	await eventually(t, () => world.broker.stats().connections === 1);
	const closed = new Promise(resolve => silent.once('close', resolve));
	await world.broker[Symbol.asyncDispose]();
	await closed;
	t.pass();
});
