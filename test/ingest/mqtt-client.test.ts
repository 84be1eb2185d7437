// The door to a broker of yours, against a broker made of bytes that the test plays, and once against our own.
import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {connect, MqttClient} from 'mqtt';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import type {AgentError} from '../../agent/base/errors.ts';
import {type Logger, silentLogger} from '../../agent/base/logger.ts';
import type {Delivery, Outcome} from '../../agent/ingest/ingest.ts';
import {type MqttClientOptions, type MqttDoor, openMqttClient} from '../../agent/ingest/mqtt-client.ts';
import {PacketCutter, packet, publishPacket} from '../broker/wire.ts';
import {openWorld as openBrokerWorld, puback as pubackHex} from '../broker/world.ts';

/** One connection as the fake broker sees it. */
type Link = {
	readonly socket: Socket;
	/** Packets received, as hex. */
	readonly received: string[];
	/** Resolves to the next packet that was not taken yet whose first digit is `kind`. */
	readonly next: (kind: string) => Promise<string>;
};

type World = {
	readonly door: MqttDoor;
	readonly held: {readonly delivery: Delivery; readonly done: (outcome: Outcome) => void}[];
	readonly links: Link[];
	/** What CONNACK says on the n-th connection. */
	sessionPresent: (link: number) => boolean;
	returnCode: (link: number) => number;
	granted: number;
	answer: Outcome | ((delivery: Delivery) => Outcome) | undefined;
	/** SUBACK codes for the counters of what was dropped; undefined closes the connection instead, as some brokers do. */
	systemGranted: readonly number[] | undefined;
	readonly logged: {readonly level: string; readonly text: string; readonly fields: Readonly<Record<string, unknown>> | undefined}[];
	pressure: Promise<void> | undefined;
	/** The n-th connection, once its CONNACK is sent. */
	readonly link: (index: number) => Promise<Link>;
	readonly arrived: (count: number) => Promise<void>;
};

const turns = async (count = 20): Promise<void> => {
	for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
};

async function openWorld(t: ExecutionContext, options: Partial<MqttClientOptions> = {}, clock: Clock = systemClock): Promise<World> {
	let wake: (() => void)[] = [];
	const changed = (): void => {
		const sleepers = wake;
		wake = [];
		for (const one of sleepers) one();
	};
	const until = async (isSo: () => boolean): Promise<void> => {
		while (!isSo()) await new Promise<void>(resolve => wake.push(resolve));
	};
	const isFive = options.protocolVersion === 5;
	const server = createServer(socket => {
		const index = world.links.length;
		const cutter = new PacketCutter();
		const received: string[] = [];
		const untaken: string[] = [];
		let ready = false;
		const link: Link = {
			socket,
			received,
			next: async kind => {
				await until(() => untaken.some(one => one.startsWith(kind)));
				return untaken.splice(
					untaken.findIndex(one => one.startsWith(kind)),
					1,
				)[0]!;
			},
		};
		world.links.push(link);
		socket.setNoDelay(true);
		socket.on('error', () => {});
		socket.on('data', (chunk: Buffer) => {
			for (const bytes of cutter.cut(chunk)) {
				received.push(bytes.toString('hex'));
				untaken.push(bytes.toString('hex'));
				const type = bytes[0]! >> 4;
				if (type === 1) {
					const code = world.returnCode(index);
					socket.write(
						Buffer.from([0x20, isFive ? 3 : 2, code === 0 && world.sessionPresent(index) ? 1 : 0, code, ...(isFive ? [0] : [])]),
					);
					ready = true;
				}
				if (type === 8) {
					const isSystem = bytes.includes('$SYS/');
					const codes = isSystem ? world.systemGranted : [world.granted];
					if (codes === undefined) socket.destroy();
					else socket.write(packet(0x90, bytes.subarray(2, 4), Buffer.from(isFive ? [0, ...codes] : [...codes])));
				}
				if (type === 12) socket.write(Buffer.from([0xd0, 0]));
			}
			changed();
		});
		readiness.push(() => ready);
	});
	const readiness: (() => boolean)[] = [];
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.close();
		for (const {socket} of world.links) socket.destroy();
	});
	const held: World['held'] = [];
	const logged: World['logged'] = [];
	const world: World = {
		systemGranted: [0, 0],
		logged,
		door: undefined as unknown as MqttDoor,
		held,
		links: [],
		sessionPresent: index => index > 0,
		returnCode: () => 0,
		granted: 1,
		answer: undefined,
		pressure: undefined,
		link: async index => {
			await until(() => readiness[index]?.() === true);
			return world.links[index]!;
		},
		arrived: count => until(() => held.length >= count),
	};
	const door = openMqttClient(
		{
			accept: (delivery, done) => {
				held.push({delivery, done});
				const {answer} = world;
				if (answer !== undefined) done(typeof answer === 'function' ? answer(delivery) : answer);
				changed();
			},
			pressure: () => world.pressure,
			clock,
			logger: {log: (level, text, fields) => void logged.push({level, text, fields})} satisfies Logger,
		},
		{
			name: 'barn',
			url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
			clientId: 'kedge',
			topics: ['meters/#'],
			reconnectMsMin: 1,
			reconnectMsMax: 20,
			watchDrops: false,
			...options,
		},
	);
	t.teardown(() => door[Symbol.asyncDispose]());
	return Object.assign(world, {door});
}

const topic = 'meters/m-1/energy';
const payloadOf = (delivery: Delivery): string => Buffer.from(delivery.payload).toString();

test('a message is acknowledged only after its commit', async t => {
	const world = await openWorld(t);
	const link = await world.link(0);
	await link.next('82');
	link.socket.write(publishPacket(topic, 'a', {id: 7, dup: true}));
	await world.arrived(1);
	await turns();
	t.false(link.received.some(one => one.startsWith('40')));
	const {delivery} = world.held[0]!;
	t.deepEqual(
		{...delivery, payload: payloadOf(delivery)},
		{topic, payload: 'a', flags: 0b1_0101, identity: 'barn', clientId: 'kedge', packetId: 7},
	);
	world.held[0]!.done('kept');
	t.is(await link.next('40'), pubackHex(7));
	const {sinceMs, ...stats} = world.door.stats();
	t.true(sinceMs >= 0);
	t.deepEqual(stats, {
		connected: true,
		connects: 1,
		waiting: 0,
		acknowledged: 1,
		stale: 0,
		badTopics: 0,
		tooLarge: 0,
		failing: undefined,
		refusedTopics: [],
		weakTopics: [],
		dropped: 0,
	});
});

test('messages are taken without waiting for one another and acknowledged in order', async t => {
	const world = await openWorld(t);
	const link = await world.link(0);
	link.socket.write(Buffer.concat([5, 6, 7, 8].map(id => publishPacket(topic, String(id), {id}))));
	await world.arrived(4);
	for (const i of [3, 1, 2]) world.held[i]!.done('kept');
	await turns();
	t.false(link.received.some(one => one.startsWith('40')));
	world.held[0]!.done('refused');
	t.deepEqual([await link.next('40'), await link.next('40'), await link.next('40'), await link.next('40')], [5, 6, 7, 8].map(pubackHex));
});

test('an answer for a message of an old connection is not sent on a new one, where its id is another message’s', async t => {
	const world = await openWorld(t);
	const first = await world.link(0);
	first.socket.write(Buffer.concat([publishPacket(topic, 'old 1', {id: 1}), publishPacket(topic, 'old 2', {id: 2})]));
	await world.arrived(2);
	first.socket.destroy();
	// In between there is no connection at all: nothing may be kept for the next one.
	while (world.door.stats().connected) await turns(1);
	world.held[0]!.done('kept');
	const second = await world.link(1);
	second.socket.write(Buffer.concat([publishPacket(topic, 'new 1', {id: 2}), publishPacket(topic, 'new 2', {id: 1})]));
	await world.arrived(4);
	t.is(world.door.stats().waiting, 3);
	world.held[1]!.done('kept');
	await turns();
	t.deepEqual(
		second.received.filter(one => one.startsWith('40')),
		[],
	);
	t.is(world.door.stats().stale, 2);
	world.held[2]!.done('kept');
	world.held[3]!.done('kept');
	t.deepEqual([await second.next('40'), await second.next('40')], [pubackHex(2), pubackHex(1)]);
	await turns();
	t.is(second.received.filter(one => one.startsWith('40')).length, 2);
});

test('a message that was not kept closes the connection, is delivered again, and nothing after it is acknowledged before', async t => {
	const world = await openWorld(t);
	const first = await world.link(0);
	first.socket.write(Buffer.concat([1, 2, 3].map(id => publishPacket(topic, String(id), {id}))));
	await world.arrived(3);
	world.held[0]!.done('kept');
	world.held[2]!.done('kept');
	t.is(await first.next('40'), pubackHex(1));
	world.held[1]!.done('failed');
	const second = await world.link(1);
	t.deepEqual(
		first.received.filter(one => one.startsWith('40')),
		[pubackHex(1)],
	);
	world.answer = 'kept';
	second.socket.write(Buffer.concat([2, 3].map(id => publishPacket(topic, String(id), {id, dup: true}))));
	t.deepEqual([await second.next('40'), await second.next('40')], [2, 3].map(pubackHex));
});

test('no more messages are taken than the window holds', async t => {
	const world = await openWorld(t, {windowMax: 5});
	const link = await world.link(0);
	link.socket.write(Buffer.concat(Array.from({length: 30}, (_, i) => publishPacket(topic, String(i), {id: i + 1}))));
	await world.arrived(5);
	await turns();
	t.is(world.held.length, 5);
	// Answered but not yet acknowledged, since the first one is missing: they still fill the window.
	for (const i of [1, 2, 3, 4]) world.held[i]!.done('kept');
	await turns();
	t.is(world.held.length, 5);
	world.held[0]!.done('kept');
	await world.arrived(10);
	await turns();
	t.is(world.held.length, 10);
	world.answer = 'kept';
	for (const {done} of world.held.slice(5)) done('kept');
	await world.arrived(30);
	for (let id = 1; id <= 30; id += 1) t.is(await link.next('40'), pubackHex(id));
});

test('messages of old connections whose answer is still to come fill the window as well', async t => {
	const world = await openWorld(t, {windowMax: 3});
	const first = await world.link(0);
	first.socket.write(Buffer.concat([1, 2].map(id => publishPacket(topic, String(id), {id}))));
	await world.arrived(2);
	first.socket.destroy();
	const second = await world.link(1);
	second.socket.write(Buffer.concat([1, 2, 3].map(id => publishPacket(topic, String(id), {id}))));
	await world.arrived(3);
	await turns();
	t.is(world.held.length, 3);
	world.held[0]!.done('kept');
	await world.arrived(4);
	await turns();
	t.is(world.held.length, 4);
});

test('a connection that ends while the window is full leaves the next one free to read', async t => {
	const world = await openWorld(t, {windowMax: 2});
	const first = await world.link(0);
	first.socket.write(Buffer.concat([1, 2, 3, 4].map(id => publishPacket(topic, String(id), {id}))));
	await world.arrived(2);
	await turns();
	first.socket.destroy();
	const second = await world.link(1);
	for (const {done} of world.held) done('failed');
	world.answer = 'kept';
	second.socket.write(Buffer.concat([1, 2, 3, 4].map(id => publishPacket(topic, String(id), {id, dup: true}))));
	for (let id = 1; id <= 4; id += 1) t.is(await second.next('40'), pubackHex(id));
});

test('nothing more is read while the log has no room', async t => {
	const world = await openWorld(t);
	let release = (): void => {};
	world.pressure = new Promise(resolve => {
		release = resolve;
	});
	world.answer = 'kept';
	const link = await world.link(0);
	link.socket.write(Buffer.concat(Array.from({length: 20}, (_, i) => publishPacket(topic, String(i), {id: i + 1}))));
	await turns();
	t.is(world.held.length, 0);
	world.pressure = undefined;
	release();
	await world.arrived(20);
	for (let id = 1; id <= 20; id += 1) t.is(await link.next('40'), pubackHex(id));
});

test('while it holds back, the door still speaks to the broker', async t => {
	const wakes: (() => void)[] = [];
	const slept: number[] = [];
	const clock: Clock = {
		...systemClock,
		sleep: (durationMs, signal) =>
			new Promise(resolve => {
				slept.push(durationMs);
				wakes.push(resolve);
				signal?.addEventListener('abort', () => resolve(), {once: true});
			}),
	};
	const world = await openWorld(t, {windowMax: 1}, clock);
	const link = await world.link(0);
	wakes.shift()!();
	await turns();
	t.false(link.received.includes('c000'));
	link.socket.write(publishPacket(topic, '1', {id: 1}));
	await world.arrived(1);
	wakes.shift()!();
	t.is(await link.next('c0'), 'c000');
	t.is(slept[0], 30_000);
});

test('QoS 0 is taken without an acknowledgement', async t => {
	const world = await openWorld(t);
	world.answer = 'kept';
	const link = await world.link(0);
	link.socket.write(Buffer.concat([publishPacket(topic, 'a', {qos: 0}), publishPacket(topic, 'b', {id: 2})]));
	t.is(await link.next('40'), pubackHex(2));
	t.deepEqual([world.held[0]!.delivery.packetId, world.held[0]!.delivery.flags], [undefined, 0b1_0000]);
});

test('a retained message keeps its flag, so that admission can tell old state', async t => {
	const world = await openWorld(t);
	world.answer = 'refused';
	const link = await world.link(0);
	link.socket.write(publishPacket(topic, 'a', {id: 2, retain: true}));
	t.is(await link.next('40'), pubackHex(2));
	t.is(world.held[0]!.delivery.flags, 0b1_1001);
});

test('a message on a topic that is no clean text is acknowledged in turn, counted, and goes no further', async t => {
	const world = await openWorld(t);
	const link = await world.link(0);
	const topics = ['meters/\0', 'meters/\n', Buffer.from('6d65746572732fff', 'hex'), ''];
	link.socket.write(Buffer.concat([publishPacket(topic, 'a', {id: 1}), ...topics.map((bad, i) => publishPacket(bad, 'x', {id: i + 2}))]));
	await world.arrived(1);
	await turns();
	t.false(link.received.some(one => one.startsWith('40')));
	world.held[0]!.done('kept');
	for (let id = 1; id <= 5; id += 1) t.is(await link.next('40'), pubackHex(id));
	t.is(world.held.length, 1);
	t.is(world.door.stats().badTopics, 4);
});

test('a message at QoS 2, left over in the session, is kept before PUBREC, and PUBREL is answered', async t => {
	const world = await openWorld(t);
	const link = await world.link(0);
	link.socket.write(Buffer.concat([publishPacket(topic, 'a', {id: 1, qos: 2}), publishPacket(topic, 'b', {id: 2})]));
	await world.arrived(2);
	await turns();
	t.false(link.received.some(one => /^[45]/.test(one)));
	world.held[1]!.done('kept');
	world.held[0]!.done('kept');
	t.is(await link.next('50'), '50020001');
	t.is(await link.next('40'), pubackHex(2));
	link.socket.write(Buffer.from([0x62, 2, 0, 1]));
	t.is(await link.next('70'), '70020001');
	t.is(world.held[0]!.delivery.flags, 0b1_0010);
});

test('topics are subscribed to at QoS 1 by each new process and whenever the session is new, and not otherwise', async t => {
	const world = await openWorld(t);
	// Present from the start: made by an earlier process that may not have come as far as SUBSCRIBE.
	world.sessionPresent = index => index !== 3;
	for (const [index, subscribes] of [true, false, false, true, false].entries()) {
		const link = await world.link(index);
		if (subscribes) t.regex(await link.next('82'), /^82....../);
		link.socket.write(publishPacket(topic, 'a', {id: index + 1}));
		await world.arrived(index + 1);
		await turns();
		t.is(link.received.filter(one => one.startsWith('82')).length, subscribes ? 1 : 0, `connection ${index}`);
		t.true(!subscribes || link.received.some(one => one.endsWith(`${Buffer.from('meters/#').toString('hex')}01`)));
		link.socket.destroy();
	}
});

test('a subscription that was cut off is made again, although the session is there', async t => {
	const world = await openWorld(t);
	world.granted = 0x80;
	const first = await world.link(0);
	await first.next('82');
	await turns();
	first.socket.destroy();
	world.granted = 1;
	const second = await world.link(1);
	await second.next('82');
	await turns();
	second.socket.destroy();
	const third = await world.link(2);
	third.socket.write(publishPacket(topic, 'a', {id: 1}));
	await world.arrived(1);
	t.false(third.received.some(one => one.startsWith('82')));
});

test('the session is asked for: CONNECT never says clean, and names user and keep-alive', async t => {
	const world = await openWorld(t, {username: 'u', password: 'p', keepaliveS: 61});
	const link = await world.link(0);
	t.is(link.received[0], '101700044d51545404c0003d00056b65646765000175000170');
});

test('MQTT 5 asks for a session that outlives the connection, and for no more than the window', async t => {
	const world = await openWorld(t, {protocolVersion: 5, sessionExpiryS: 3600, windowMax: 16});
	world.answer = 'kept';
	const link = await world.link(0);
	// Flags 0 (clean start is off), keep-alive 60, properties: 0x11 session expiry, 0x21 receive maximum.
	t.regex(link.received[0]!, /^10..00044d5154540500003c08(?:1100000e10210010|2100101100000e10)/);
	// Options of the subscription: QoS 1, retained messages only if the subscription is new.
	t.regex(await link.next('82'), /11$/);
	link.socket.write(packet(0x32, Buffer.from([0, topic.length]), Buffer.from(topic), Buffer.from([0, 9, 0]), Buffer.from('a')));
	t.is(await link.next('40'), pubackHex(9));
	t.is(payloadOf(world.held[0]!.delivery), 'a');
});

test('a broker that refuses is asked again and again', async t => {
	const world = await openWorld(t);
	world.returnCode = index => (index < 4 ? 5 : 0);
	world.answer = 'kept';
	const link = await world.link(4);
	link.socket.write(publishPacket(topic, 'a', {id: 1}));
	t.is(await link.next('40'), pubackHex(1));
	t.is(world.door.stats().connects, 1);
});

test('an answer given twice is our own mistake', async t => {
	const world = await openWorld(t);
	const link = await world.link(0);
	link.socket.write(publishPacket(topic, 'a', {id: 1}));
	await world.arrived(1);
	world.held[0]!.done('kept');
	const error = t.throws(() => world.held[0]!.done('kept')) as AgentError;
	t.is(error.code, 'ASSERTION_FAILED');
});

test('disposal ends the connection and acknowledges nothing any more', async t => {
	const world = await openWorld(t);
	const link = await world.link(0);
	link.socket.write(publishPacket(topic, 'a', {id: 1}));
	await world.arrived(1);
	await world.door[Symbol.asyncDispose]();
	await world.door[Symbol.asyncDispose]();
	world.held[0]!.done('kept');
	await turns();
	t.false(link.received.some(one => one.startsWith('40')));
	t.is(world.links.length, 1);
});

test('a message that is too large is handed on as its beginning, acknowledged in turn, and the connection stays', async t => {
	const world = await openWorld(t, {packetBytesMax: 2048});
	const link = await world.link(0);
	link.socket.write(
		Buffer.concat([
			publishPacket(topic, 'a', {id: 1}),
			publishPacket(topic, 'x'.repeat(3_000_000), {id: 2}),
			publishPacket(topic, 'b', {id: 3}),
		]),
	);
	await world.arrived(3);
	const {payloadLength, packetBytesMax, payload, packetId} = world.held[1]!.delivery;
	t.deepEqual([payloadLength, packetBytesMax, payload.length, packetId], [3_000_000, 2048, 1024, 2]);
	t.is(world.held[0]!.delivery.payloadLength, undefined);
	await turns();
	t.false(link.received.some(one => one.startsWith('40')));
	for (const {done} of world.held) done('refused');
	for (const id of [1, 2, 3]) t.is(await link.next('40'), pubackHex(id));
	t.is(world.links.length, 1);
	t.is(world.door.stats().tooLarge, 1);
});

for (const [what, bytes] of [
	['a length of five bytes', Buffer.from('32ffffffffff', 'hex')],
	['a message of QoS 3', Buffer.from('36050001610007', 'hex')],
	['a SUBACK without an end', Buffer.from('90ffffff7f', 'hex')],
	['a PUBREL with wrong flags', Buffer.from('60020001', 'hex')],
	['a second CONNACK', Buffer.from('20020000', 'hex')],
] as const)
	test(`${what} ends the connection, and the wait grows until one has stood`, async t => {
		const world = await openWorld(t);
		world.answer = 'kept';
		for (let index = 0; index < 4; index += 1) {
			const link = await world.link(index);
			link.socket.write(Buffer.concat([publishPacket(topic, 'a', {id: index + 1}), bytes, publishPacket(topic, 'never', {id: 100})]));
			await new Promise(resolve => link.socket.once('close', resolve));
		}
		await world.link(4);
		t.false(world.held.some(({delivery}) => payloadOf(delivery) === 'never'));
		t.is(world.held.length, 4);
	});

test('a message before CONNACK is not taken', async t => {
	const world = await openWorld(t);
	world.returnCode = () => 5;
	world.answer = 'kept';
	const link = await world.link(0);
	link.socket.write(publishPacket(topic, 'a', {id: 1}));
	await world.link(2);
	t.is(world.held.length, 0);
});

/** A clock whose time goes on only when the test says so; its sleepers wait for ever. */
function stoppedClock(): Clock & {nowIs: number} {
	const clock = {
		...systemClock,
		nowIs: 0,
		monotonicMs: () => clock.nowIs,
		sleep: (_durationMs: number, signal?: AbortSignal) =>
			new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), {once: true})),
	};
	return clock;
}

test('a message that cannot be kept is named once, and the wait grows although others are acknowledged in between', async t => {
	const world = await openWorld(t, {reconnectMsMin: 4, reconnectMsMax: 64}, stoppedClock());
	let failures = 0;
	world.answer = delivery => {
		if (payloadOf(delivery) !== 'poison' || failures === 6) return 'kept';
		failures += 1;
		return 'failed';
	};
	const acknowledgedAt: number[] = [];
	const messages = Buffer.concat([
		publishPacket(topic, 'before', {id: 1}),
		publishPacket(topic, 'poison', {id: 2, dup: true}),
		publishPacket(topic, 'behind', {id: 3}),
	]);
	for (let index = 0; index < 6; index += 1) {
		const link = await world.link(index);
		link.socket.write(messages);
		t.is(await link.next('40'), pubackHex(1));
		await new Promise(resolve => link.socket.once('close', resolve));
		t.deepEqual(world.door.stats().failing, {topic, times: index + 1});
		acknowledgedAt.push(systemClock.monotonicMs());
	}
	const last = await world.link(6);
	// 4, 8, 16, 32, 64 ms and once more the longest: with a wait that begins anew at each acknowledgement it would be 6 times 4.
	t.true(systemClock.monotonicMs() - acknowledgedAt[0]! >= 180);
	last.socket.write(messages);
	for (const id of [1, 2, 3]) t.is(await last.next('40'), pubackHex(id));
	t.is(world.door.stats().failing, undefined);
	t.is(world.links.length, 7);
	const named = world.logged.filter(({text}) => text.startsWith('message not kept'));
	t.deepEqual(
		named.map(({fields}) => fields),
		[{broker: 'barn', topic, packetId: 2}],
	);
});

test('a message that cannot be kept is forgotten once a connection has stood for long', async t => {
	const clock = stoppedClock();
	const world = await openWorld(t, {reconnectMsMin: 4, reconnectMsMax: 1000}, clock);
	world.answer = 'failed';
	const first = await world.link(0);
	first.socket.write(publishPacket(topic, 'poison', {id: 2}));
	const second = await world.link(1);
	t.deepEqual(world.door.stats().failing, {topic, times: 1});
	while (!world.door.stats().connected) await turns(1);
	clock.nowIs = 1000;
	second.socket.destroy();
	await world.link(2);
	t.is(world.door.stats().failing, undefined);
});

test('how long the broker has been there, or away, is told', async t => {
	const clock = stoppedClock();
	const world = await openWorld(t, {}, clock);
	world.returnCode = index => (index === 0 ? 0 : 3);
	const link = await world.link(0);
	while (!world.door.stats().connected) await turns(1);
	clock.nowIs = 700;
	t.is(world.door.stats().sinceMs, 700);
	link.socket.destroy();
	await world.link(3);
	clock.nowIs = 900;
	t.like(world.door.stats(), {connected: false, sinceMs: 200, connects: 1});
});

const dropTopic = '$SYS/broker/publish/messages/dropped';
const nodeTopic = '$SYS/brokers/emqx@127.0.0.1/metrics/delivery/dropped/queue_full';
const said = (at: string, count: string): Buffer => publishPacket(at, count, {qos: 0, retain: true});

test('a count of dropped messages that rises is told, and no such message goes any further', async t => {
	const world = await openWorld(t, {watchDrops: true});
	world.answer = 'kept';
	const link = await world.link(0);
	await link.next('82');
	const asked = await link.next('82');
	t.true(asked.endsWith('00') && asked.includes(Buffer.from(dropTopic).toString('hex')));
	link.socket.write(
		Buffer.concat([
			said(dropTopic, '40'),
			said(nodeTopic, '0'),
			said(dropTopic, '43'),
			said(nodeTopic, '2'),
			said(dropTopic, 'nonsense'),
			said(dropTopic, '-7'),
			// The broker was started again.
			said(dropTopic, '1'),
			publishPacket('$SYS/broker/uptime', '1', {id: 1}),
			publishPacket(topic, 'a', {id: 2}),
		]),
	);
	for (const id of [1, 2]) t.is(await link.next('40'), pubackHex(id));
	t.is(world.held.length, 1);
	t.is(world.door.stats().dropped, 3 + 2 + 1);
	t.deepEqual(
		world.logged.filter(({text}) => text === 'broker drops messages').map(({fields}) => fields?.messages),
		[3, 2, 1],
	);
	// Asked for again on each connection, since the count may have risen meanwhile.
	link.socket.destroy();
	const second = await world.link(1);
	t.true((await second.next('82')).includes(Buffer.from(dropTopic).toString('hex')));
	second.socket.write(Buffer.concat([said(dropTopic, '5'), publishPacket(topic, 'b', {id: 3})]));
	t.is(await second.next('40'), pubackHex(3));
	t.is(world.door.stats().dropped, 3 + 2 + 1 + 4);
});

test('a broker that refuses to tell what it drops is left alone', async t => {
	const world = await openWorld(t, {watchDrops: true});
	world.systemGranted = [0x80, 0x80];
	world.answer = 'kept';
	const link = await world.link(0);
	link.socket.write(publishPacket(topic, 'a', {id: 1}));
	t.is(await link.next('40'), pubackHex(1));
	await link.next('82');
	await link.next('82');
	await turns();
	t.is(world.links.length, 1);
	t.deepEqual(world.door.stats().refusedTopics, []);
});

test('a broker that closes the connection when asked what it drops is not asked again', async t => {
	const world = await openWorld(t, {watchDrops: true});
	world.systemGranted = undefined;
	world.answer = 'kept';
	const second = await world.link(1);
	second.socket.write(publishPacket(topic, 'a', {id: 1}));
	t.is(await second.next('40'), pubackHex(1));
	await turns();
	t.false(second.received.some(one => one.startsWith('82') && Buffer.from(one, 'hex').includes('$SYS/')));
	t.is(world.links.length, 2);
});

test('topics that the broker refuses, or grants at QoS 0 only, are told', async t => {
	const world = await openWorld(t);
	world.granted = 0x80;
	const first = await world.link(0);
	await first.next('82');
	while (world.door.stats().refusedTopics.length === 0) await turns(1);
	t.like(world.door.stats(), {refusedTopics: ['meters/#'], weakTopics: []});
	world.granted = 0;
	first.socket.destroy();
	await (await world.link(1)).next('82');
	while (world.door.stats().weakTopics.length === 0) await turns(1);
	t.like(world.door.stats(), {refusedTopics: [], weakTopics: ['meters/#']});
});

test('a URL that is none is an error that names the broker', t => {
	const needs = {accept: () => {}, pressure: () => undefined, clock: systemClock, logger: silentLogger};
	const error = t.throws(() => openMqttClient(needs, {name: 'barn', url: 'nonsense', clientId: 'kedge', topics: []})) as AgentError;
	t.is(error.code, 'ARGUMENT_INVALID');
	t.true(error.message.includes('barn'));
});

test('MQTT.js still has the private part that the door leans on', t => {
	const client = connect('mqtt://127.0.0.1:1', {manualConnect: true});
	t.is(typeof (client as unknown as {streamBuilder: unknown}).streamBuilder, 'function');
	t.is(MqttClient.VERSION, '5.16.0');
});

test('through our own broker a reader’s door gets what devices publish', async t => {
	const world = await openBrokerWorld(t);
	world.answer = () => 'kept';
	const payloads: string[] = [];
	let wake = (): void => {};
	const door = openMqttClient(
		{
			accept: (delivery, done) => {
				payloads.push(`${delivery.identity} ${delivery.topic} ${payloadOf(delivery)}`);
				done('kept');
				wake();
			},
			pressure: () => undefined,
			clock: systemClock,
			logger: silentLogger,
		},
		{
			name: 'home',
			url: `mqtt://127.0.0.1:${world.broker.port}`,
			clientId: 'wall',
			username: 'wall',
			password: 'secret',
			topics: ['meters/#'],
		},
	);
	t.teardown(() => door[Symbol.asyncDispose]());
	const meter = await world.join('m-1');
	// Until the subscription stands, messages go to nobody.
	while (payloads.length === 0) {
		meter.send(publishPacket(topic, 'a', {id: 1}));
		await meter.next();
		await turns();
	}
	const before = payloads.length;
	meter.send(publishPacket(topic, 'b', {id: 2}));
	while (payloads.at(-1) !== `home ${topic} b`)
		await new Promise<void>(resolve => {
			wake = resolve;
		});
	t.true(payloads.length > before);
});
