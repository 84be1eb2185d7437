// What libraries do that we work around: each test shows that it is still so. One that fails says that a workaround is no longer needed; the table in README.md tells which.
import 'reflect-metadata';

import {once} from 'node:events';
import {createServer as createHttpServer} from 'node:http';
import {type AddressInfo, connect as connectSocket, createServer, type Socket} from 'node:net';
import {GeneralName} from '@peculiar/x509';
import {Aedes} from 'aedes';
import test, {type ExecutionContext} from 'ava';
import {connect, type IClientOptions, type MqttClient} from 'mqtt';
import {systemClock} from '../agent/base/clock.ts';
import {connectPacket, PacketCutter, packet, publishPacket, RawClient, remainingLength, subscribePacket} from './broker/wire.ts';

const turns = async (count = 30): Promise<void> => {
	for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
};

type Link = {readonly socket: Socket; readonly received: Buffer[]};

/** MQTT.js at a broker made of bytes that says yes to CONNECT and answers pings, if they are asked for. */
async function openSubscriber(
	t: ExecutionContext,
	options: IClientOptions,
	arrange: (client: MqttClient) => void,
): Promise<{readonly client: MqttClient; readonly link: (index: number) => Promise<Link>}> {
	const links: Link[] = [];
	const ready: Link[] = [];
	const wake: (() => void)[] = [];
	const isFive = options.protocolVersion === 5;
	const server = createServer(socket => {
		const link: Link = {socket, received: []};
		links.push(link);
		const cutter = new PacketCutter();
		socket.on('error', () => {});
		socket.on('data', (chunk: Buffer) => {
			for (const bytes of cutter.cut(chunk)) {
				link.received.push(bytes);
				if (bytes[0] === 0xc0) socket.write(Buffer.from([0xd0, 0]));
				if (bytes[0] !== 0x10) continue;
				socket.write(Buffer.from(isFive ? '2003010000' : '20020100', 'hex'));
				ready.push(link);
			}
			for (const one of wake.splice(0)) one();
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const client = connect(url, {clientId: 'kedge', clean: false, reconnectPeriod: 1, timerVariant: 'native', ...options});
	client.on('error', () => {});
	arrange(client);
	t.teardown(async () => {
		await client.endAsync(true);
		server.close();
		for (const {socket} of links) socket.destroy();
	});
	return {
		client,
		link: async index => {
			while (ready.length <= index) await new Promise<void>(resolve => wake.push(resolve));
			return ready[index]!;
		},
	};
}

const acknowledgements = ({received}: Link): string[] => received.filter(bytes => bytes[0] === 0x40).map(bytes => bytes.toString('hex'));

test('MQTT.js takes a message only when the one before is done with', async t => {
	const held: (() => void)[] = [];
	const {link} = await openSubscriber(t, {}, client => {
		client.handleMessage = (_packet, done) => held.push(done);
	});
	const first = await link(0);
	first.socket.write(Buffer.concat([publishPacket('a', '1', {id: 1}), publishPacket('a', '2', {id: 2})]));
	while (held.length === 0) await turns(1);
	await turns();
	t.is(held.length, 1);
});

test('MQTT.js acknowledges a message on a connection that never delivered it', async t => {
	const held: (() => void)[] = [];
	const {link} = await openSubscriber(t, {}, client => {
		client.handleMessage = (_packet, done) => held.push(done);
	});
	const first = await link(0);
	first.socket.write(publishPacket('a', '1', {id: 1}));
	while (held.length === 0) await turns(1);
	first.socket.destroy();
	const second = await link(1);
	await turns();
	held[0]!();
	while (acknowledgements(second).length === 0) await turns(1);
	t.deepEqual(acknowledgements(second), ['40020001']);
});

test('MQTT.js reads on after bytes that it cannot parse', async t => {
	const taken: string[] = [];
	const {client, link} = await openSubscriber(t, {}, one => one.on('message', (_topic, payload) => void taken.push(String(payload))));
	let failed = false;
	client.on('error', () => {
		failed = true;
	});
	const first = await link(0);
	first.socket.write(Buffer.from('3605000161' + '0007', 'hex'));
	while (!failed) await turns(1);
	first.socket.write(publishPacket('a', 'behind', {id: 1}));
	await turns(200);
	t.false(first.socket.destroyed);
	t.true(client.connected);
});

test('MQTT.js connects again and again over one message that is larger than it allows', async t => {
	const {link} = await openSubscriber(t, {protocolVersion: 5, properties: {maximumPacketSize: 100, sessionExpiryInterval: 60}}, () => {});
	for (let index = 0; index < 4; index += 1) {
		const {socket, received} = await link(index);
		socket.write(packet(0x32, Buffer.from([0, 1, 0x61, 0, 1, 0]), Buffer.alloc(200)));
		await once(socket, 'close');
		t.false(received.some(bytes => bytes[0] === 0x40));
	}
});

test('MQTT.js gives a connection up while an answer to its ping waits behind a message', async t => {
	const {link} = await openSubscriber(t, {keepalive: 1}, client => {
		client.handleMessage = () => {};
	});
	const {socket, received} = await link(0);
	socket.write(publishPacket('a', '1', {id: 1}));
	await once(socket, 'close');
	t.true(received.some(bytes => bytes[0] === 0xc0));
});

async function openAedes(t: ExecutionContext, options: ConstructorParameters<typeof Aedes>[0] = {}): Promise<number> {
	const aedes = new Aedes(options);
	await aedes.listen();
	const server = createServer(socket => aedes.handle(socket));
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(async () => {
		server.close();
		await new Promise<void>(resolve => aedes.close(() => resolve()));
	});
	return (server.address() as AddressInfo).port;
}

async function joined(t: ExecutionContext, port: number, clientId: string): Promise<RawClient> {
	const client = await RawClient.open(port);
	t.teardown(() => client.socket.destroy());
	client.send(connectPacket({clientId}));
	t.is(await client.next(), '20020000');
	return client;
}

test('aedes acknowledges before its hook for what was published is done', async t => {
	let isDone = false;
	const port = await openAedes(t, {
		published: (one, _client, callback) => {
			if (one.topic.startsWith('$SYS')) callback(null);
			else
				void turns(100).then(() => {
					isDone = true;
					callback(null);
				});
		},
	});
	const client = await joined(t, port, 'm-1');
	client.send(publishPacket('a', '1', {id: 1}));
	t.is(await client.next(), '40020001');
	t.false(isDone);
});

test('aedes takes a packet of any length into memory before it knows who sends it', async t => {
	const port = await openAedes(t, {connectTimeout: 60_000});
	const socket = connectSocket(port, '127.0.0.1');
	t.teardown(() => socket.destroy());
	socket.on('error', () => {});
	socket.write(Buffer.concat([Buffer.from([0x10]), remainingLength(200_000_000)]));
	for (let i = 0; i < 16; i += 1) await new Promise<void>(resolve => socket.write(Buffer.alloc(1_000_000), () => resolve()));
	await turns();
	t.false(socket.destroyed);
});

test('aedes takes a shared subscription for a plain topic', async t => {
	const port = await openAedes(t);
	const reader = await joined(t, port, 'reader');
	const meter = await joined(t, port, 'meter');
	reader.send(subscribePacket(1, '$share/group/a'));
	t.is(await reader.next(), '9003000101');
	meter.send(publishPacket('a', '1', {id: 1}));
	t.is(await meter.next(), '40020001');
	await turns(100);
	t.is(reader.untaken, 0);
});

test('aedes acknowledges a message whose packet is too short for its packet id', async t => {
	const seen: unknown[] = [];
	const port = await openAedes(t, {
		authorizePublish: (_client, one, callback) => {
			seen.push(one);
			callback(null);
		},
	});
	const client = await joined(t, port, 'm-1');
	client.send(Buffer.from('3203000161', 'hex'));
	while (seen.length === 0 && !client.socket.destroyed) await turns(1);
	t.is(seen.length, 1);
});

test('node-cron goes through every slot that a step of the wall clock has jumped over', async t => {
	const {schedule} = await import('node-cron');
	const RealDate = Date;
	let stepMs = 0;
	class SteppedDate extends RealDate {
		constructor(...words: [] | [number | string]) {
			if (words.length === 0) super(RealDate.now() + stepMs);
			else super(words[0]);
		}
		static override now(): number {
			return RealDate.now() + stepMs;
		}
	}
	globalThis.Date = SteppedDate as DateConstructor;
	let missed = 0;
	const task = schedule('* * * * * *', () => {}, {noOverlap: true, timezone: 'UTC', name: 'each second'});
	try {
		task.on('execution:missed', () => {
			missed += 1;
		});
		await systemClock.sleep(1200);
		stepMs = 10 * 60_000;
		await systemClock.sleep(2500);
	} finally {
		globalThis.Date = RealDate;
		await task.destroy();
	}
	t.true(missed > 300, `${missed} missed slots`);
});

test('Node takes an offer of HTTP/2 for an upgrade once anybody waits for upgrades', async t => {
	const server = createHttpServer((_request, response) => response.end('answered'));
	let upgrades = 0;
	server.on('upgrade', (_request, socket) => {
		upgrades += 1;
		socket.destroy();
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	t.teardown(() => server.close());
	const {port} = server.address() as AddressInfo;
	const socket = connectSocket(port, '127.0.0.1');
	socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n');
	await new Promise(resolve => socket.once('close', resolve));
	t.is(upgrades, 1);
});

test('x509 takes the tail of an IPv6 address that is written as IPv4 for one group of digits', t => {
	const addressIn = (address: string): string => new GeneralName('ip', address).toString('hex').slice(4);
	t.is(addressIn('::ffff:c000:207'), '00000000000000000000ffffc0000207');
	t.is(addressIn('::ffff:192.0.2.7'), '000000000000000000000000ffff0192');
});
