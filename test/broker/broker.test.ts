// The broker over real sockets: what is acknowledged and when, who may do what, and what closes a connection.
import test from 'ava';
import mqtt from 'mqtt';
import {type AgentError, describeError} from '../../agent/base/errors.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {openBroker} from '../../broker/broker.ts';
import {connectPacket, disconnectPacket, packet, pingPacket, publishPacket, subscribePacket} from './wire.ts';
import {connackOk, openWorld, pingresp, puback} from './world.ts';

const own = 'meters/m-1/energy';
const suback = (id: number, ...codes: readonly number[]): string =>
	packet(0x90, Buffer.from([id >> 8, id & 255]), Buffer.from(codes)).toString('hex');

test('a PUBACK waits until the arrival is kept', async t => {
	const world = await openWorld(t);
	const client = await world.join('m-1');
	client.send(publishPacket(own, '1', {id: 7}), pingPacket);
	await world.arrived(1);
	t.is(await client.next(), pingresp);
	world.held[0]!.done('kept');
	t.is(await client.next(), puback(7));
});

test('a delivery carries topic, payload, flags, identity, client id and packet id', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const client = await world.join('m-1:a');
	client.send(publishPacket(own, '{"a":1}', {id: 258, dup: true, retain: true}), publishPacket('meters/m-2/energy', '', {qos: 0}));
	await world.arrived(2);
	const [first, second] = world.held.map(({delivery}) => ({...delivery, payload: Buffer.from(delivery.payload).toString()}));
	t.deepEqual(first, {topic: own, payload: '{"a":1}', flags: 0b1101, identity: 'm-1', clientId: 'm-1:a', packetId: 258});
	t.deepEqual(second, {topic: 'meters/m-2/energy', payload: '', flags: 0, identity: 'm-1', clientId: 'm-1:a', packetId: undefined});
});

test('PUBACKs leave in the order of arrival, whatever the order of the outcomes', async t => {
	const world = await openWorld(t);
	const client = await world.join('m-1');
	client.send(...[1, 2, 3, 4].map(id => publishPacket(own, String(id), {id})), pingPacket);
	await world.arrived(4);
	for (const i of [3, 1, 2]) world.held[i]!.done('kept');
	t.is(await client.next(), pingresp);
	for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
	t.is(client.untaken, 0);
	world.held[0]!.done('refused');
	t.deepEqual([await client.next(), await client.next(), await client.next(), await client.next()], [1, 2, 3, 4].map(puback));
});

test('an outcome given twice is our own mistake and acknowledges nothing more', async t => {
	const world = await openWorld(t);
	const client = await world.join('m-1');
	client.send(publishPacket(own, '1', {id: 1}), publishPacket(own, '2', {id: 2}));
	await world.arrived(2);
	world.held[1]!.done('failed');
	const error = t.throws(() => world.held[1]!.done('kept')) as AgentError;
	t.is(error.code, 'ASSERTION_FAILED');
	world.held[0]!.done('kept');
	t.deepEqual(
		(await client.rest()).filter(one => one === puback(2)),
		[],
	);
});

test('a failed commit closes the connection without a PUBACK, and so for all that came after', async t => {
	const world = await openWorld(t);
	const client = await world.join('m-1');
	client.send(publishPacket(own, '1', {id: 1}), publishPacket(own, '2', {id: 2}));
	await world.arrived(2);
	world.held[0]!.done('failed');
	world.held[1]!.done('kept');
	t.deepEqual(await client.rest(), []);
	t.is(world.broker.stats().closed['not-kept'], 1);
});

test('outcomes for a connection that is gone are ignored', async t => {
	const world = await openWorld(t);
	const client = await world.join('m-1');
	client.send(publishPacket(own, '1', {id: 1}), publishPacket(own, '2', {id: 2}));
	await world.arrived(2);
	const again = await world.join('m-1');
	t.deepEqual(await client.rest(), []);
	world.held[0]!.done('kept');
	world.held[1]!.done('failed');
	again.send(pingPacket);
	t.is(await again.next(), pingresp);
});

test('MQTT.js publishes two thousand messages and each is acknowledged once', async t => {
	const world = await openWorld(t);
	let batch: (() => void)[] = [];
	const accept = world.held;
	const flush = setInterval(() => {
		batch = accept.splice(0).map(
			({done}) =>
				() =>
					done('kept'),
		);
		for (const one of batch) one();
	}, 1);
	t.teardown(() => clearInterval(flush));
	const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${world.broker.port}`, {
		clientId: 'm-1',
		username: 'm-1',
		password: 'secret',
		reconnectPeriod: 0,
	});
	t.teardown(() => client.endAsync(true));
	await Promise.all(Array.from({length: 2000}, (_, i) => client.publishAsync(own, String(i), {qos: 1})));
	t.is(world.broker.stats().sessions, 1);
});

test('QoS 0 is accepted without an answer', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const client = await world.join('m-1');
	client.send(...Array.from({length: 100}, (_, i) => publishPacket(own, String(i), {qos: 0})), pingPacket);
	await world.arrived(100);
	t.is(await client.next(), pingresp);
	t.deepEqual(
		world.held.map(({delivery}) => Buffer.from(delivery.payload).toString()),
		Array.from({length: 100}, (_, i) => String(i)),
	);
});

test('a publish on the heels of its CONNECT is accepted once the device is known', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const client = await world.raw();
	client.send(connectPacket({clientId: 'm-1', username: 'm-1', password: 'secret'}), publishPacket(own, '1', {id: 9}));
	t.is(await client.next(), connackOk);
	t.is(await client.next(), puback(9));
});

for (const [name, bytes, reason] of [
	['QoS 2', publishPacket(own, '1', {qos: 2}), 'qos-2'],
	['a topic with NUL', publishPacket('meters/m-1/\0', '1'), 'bad-text'],
	['a topic with a control character', publishPacket('meters/m-1/\n', '1'), 'bad-text'],
	['a topic with DEL', publishPacket('meters/m-1/\x7f', '1'), 'bad-text'],
	['a topic with a C1 control character', publishPacket('meters/m-1/\u0085', '1'), 'bad-text'],
	['a topic that is not UTF-8', publishPacket(Buffer.from('6d657465727380', 'hex'), '1'), 'bad-text'],
	['a topic with an overlong form', publishPacket(Buffer.from('6d6574657273c0af', 'hex'), '1'), 'bad-text'],
	['a topic with a surrogate', publishPacket(Buffer.from('6d6574657273eda080', 'hex'), '1'), 'bad-text'],
	['a topic with U+FFFD', publishPacket('meters/m-1/\ufffd', '1'), 'bad-text'],
	['a topic of $SYS', publishPacket('$SYS/x', '1'), 'bad-text'],
	['a topic that is too long', publishPacket(`meters/m-1/${'x'.repeat(250)}`, '1'), 'bad-text'],
	['a topic too long in bytes only', publishPacket(`meters/m-1/${'ä'.repeat(125)}`, '1'), 'bad-text'],
	['a topic with too many levels', publishPacket('a/b/c/d/e/f/g/h/i', '1'), 'protocol'],
	['an empty topic', publishPacket('', '1'), 'protocol'],
	['a topic with +', publishPacket('meters/+/energy', '1'), 'protocol'],
	['a topic with #', publishPacket('meters/#', '1'), 'protocol'],
	['packet id 0', publishPacket(own, '1', {id: 0}), 'malformed-publish'],
	['a packet that ends before its packet id', packet(0x32, Buffer.from([0, 1, 0x61])), 'malformed-publish'],
	['a packet of more than the limit', publishPacket(own, 'x'.repeat(65_536)), 'oversize'],
	['a remaining length of five bytes', Buffer.from([0x32, 0xff, 0xff, 0xff, 0xff, 0x01]), 'malformed-length'],
	['a second CONNECT', connectPacket({clientId: 'm-1'}), 'protocol'],
	['a SUBSCRIBE to a filter with NUL', subscribePacket(1, 'meters/m-1/\0'), 'bad-text'],
	['a SUBSCRIBE to nothing', packet(0x82, Buffer.from([0, 1])), 'protocol'],
] as const) {
	test(`${name} closes the connection and never reaches the agent`, async t => {
		const world = await openWorld(t);
		world.answer = () => 'kept';
		const client = await world.join('m-1');
		// The byte behind a packet that is too short for its id: the library would read it as part of the id.
		client.send(bytes, pingPacket);
		t.deepEqual(
			(await client.rest()).filter(one => one.startsWith('40')),
			[],
		);
		t.is(world.held.length, 0);
		t.is(world.broker.stats().closed[reason], 1);
		await world.join('m-2');
	});
}

for (const [name, options] of [
	['NUL', {clientId: 'm-1:\0'}],
	['a control character', {clientId: 'm-1:\x1b[2J'}],
	['bad UTF-8', {clientId: Buffer.from('6d2d313aff', 'hex')}],
	['too many bytes', {clientId: `m-1:${'x'.repeat(125)}`}],
	['NUL in its will topic', {clientId: 'm-1', will: {topic: 'meters/m-1/\0', payload: ''}}],
	['NUL in its user name', {clientId: 'm-1', username: 'm-1\0'}],
] as const) {
	test(`a CONNECT with ${name} is closed`, async t => {
		const world = await openWorld(t);
		const client = await world.raw();
		client.send(connectPacket({username: 'm-1', password: 'secret', ...options}));
		t.deepEqual(await client.rest(), []);
		t.is(world.broker.stats().closed['bad-text'], 1);
	});
}

for (const [name, options, code] of [
	['a wrong password', {clientId: 'm-1', username: 'm-1', password: 'wrong'}, 5],
	['no password', {clientId: 'm-1', username: 'm-1'}, 5],
	['an unknown user', {clientId: 'm-9', username: 'm-9', password: 'secret'}, 5],
	["another device's client id", {clientId: 'm-2', username: 'm-1', password: 'secret'}, 2],
	["a client id that only begins like the device's", {clientId: 'm-12', username: 'm-1', password: 'secret'}, 2],
	['no client id', {clientId: '', username: 'm-1', password: 'secret'}, 2],
	['MQTT 5', {clientId: 'm-1', username: 'm-1', password: 'secret', version: 5}, 1],
] as const) {
	test(`a CONNECT with ${name} is answered with code ${code}`, async t => {
		const world = await openWorld(t);
		const victim = await world.join('m-2');
		const client = await world.raw();
		// MQTT 5 has a byte for the length of its properties; as version 4 the rest of the packet is the same.
		client.send(
			code === 1 ? packet(0x10, Buffer.from('00044d51545405c2003c0000036d2d3100036d2d310006736563726574', 'hex')) : connectPacket(options),
		);
		t.deepEqual(await client.rest(), [`200200${code.toString(16).padStart(2, '0')}`]);
		victim.send(pingPacket);
		t.is(await victim.next(), pingresp);
	});
}

test('while the agent is frozen or full a CONNECT is answered with code 3', async t => {
	const world = await openWorld(t);
	world.mayConnect = false;
	const client = await world.raw();
	client.send(connectPacket({clientId: 'm-1', username: 'm-1', password: 'secret'}));
	t.deepEqual(await client.rest(), ['20020003']);
	t.is(world.broker.stats().connectsRefused.unavailable, 1);
	world.mayConnect = true;
	await world.join('m-1');
});

test('a CONNECT of more than 4 KiB is cut off by its length alone', async t => {
	const world = await openWorld(t);
	const client = await world.raw();
	client.send(Buffer.from([0x10, 0x80, 0x80, 0x04]));
	t.deepEqual(await client.rest(), []);
	t.is(world.broker.stats().closed.oversize, 1);
});

test('a first packet other than CONNECT is cut off', async t => {
	const world = await openWorld(t);
	const client = await world.raw();
	client.send(publishPacket(own, '1'));
	t.deepEqual(await client.rest(), []);
	t.is(world.broker.stats().closed['not-connect'], 1);
});

test('a CONNECT that comes byte by byte is cut off when its time is up', async t => {
	const world = await openWorld(t, {limits: {connectTimeoutMs: 60}});
	const client = await world.raw();
	const bytes = connectPacket({clientId: 'm-1', username: 'm-1', password: 'secret'});
	let at = 0;
	const drip = setInterval(() => client.socket.write(bytes.subarray(at, ++at)), 5);
	t.teardown(() => clearInterval(drip));
	t.deepEqual(await client.rest(), []);
	t.true(at < bytes.length);
});

test('a silent connection is closed, whatever keep-alive it asked for', async t => {
	const world = await openWorld(t, {limits: {idleMsMax: 1000}});
	const client = await world.join('m-1', {keepaliveS: 0});
	t.deepEqual(await client.rest(), []);
	t.is(world.broker.stats().closed.idle, 1);
});

test('connections are bounded in all and per address', async t => {
	const world = await openWorld(t, {limits: {connectionsPerAddressMax: 2}});
	await world.join('m-1');
	const second = await world.join('m-2');
	t.deepEqual(await (await world.raw()).rest(), []);
	t.is(world.broker.stats().turnedAway, 1);
	second.send(disconnectPacket);
	await second.rest();
	while (world.broker.stats().connections > 1) await new Promise(setImmediate);
	await world.join('m-2');
});

test('a device hears its own topics and nothing else', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const client = await world.join('m-1');
	client.send(
		subscribePacket(
			5,
			'meters/m-1/#',
			'meters/m-1/+',
			'#',
			'+/m-1/energy',
			'meters/#',
			'meters/+/energy',
			'meters/m-2/energy',
			'$SYS/#',
			'$share/g/meters/m-1/#',
			'meters/m-1',
		),
	);
	t.is(await client.next(), suback(5, 1, 1, 128, 128, 128, 128, 128, 128, 128, 1));
	const other = await world.join('m-2');
	other.send(publishPacket('meters/m-2/energy', 'x', {id: 1}));
	t.is(await other.next(), puback(1));
	client.send(publishPacket('meters/m-1', 'y', {id: 2}));
	t.is(await client.next(), puback(2));
	t.regex((await client.next()) ?? '', /^3.*79$/);
});

test('a session is never kept, so no absent subscriber gathers messages', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const client = await world.join('m-1', {clean: false});
	client.send(subscribePacket(1, 'meters/m-1/#', '#'), disconnectPacket);
	await client.rest();
	const other = await world.join('m-2');
	other.send(publishPacket('meters/m-2/energy', 'x', {id: 1}));
	t.is(await other.next(), puback(1));
	// CONNACK is checked to be without session present.
	const again = await world.join('m-1', {clean: false});
	again.send(pingPacket);
	t.is(await again.next(), pingresp);
});

test('of a connection that asks for the topics of others again and again no more filters are looked at', async t => {
	const world = await openWorld(t, {limits: {subscriptionsMax: 2}});
	const client = await world.join('m-1');
	const others = Array.from({length: 15}, (_, i) => `meters/m-2/${i}`);
	client.send(subscribePacket(1, ...others, 'meters/m-1/a', 'meters/m-2/x', 'meters/m-1/b'));
	t.is(await client.next(), suback(1, ...others.map(() => 128), 1, 128, 128));
});

test('subscriptions of one connection are bounded', async t => {
	const world = await openWorld(t, {limits: {subscriptionsMax: 2}});
	const client = await world.join('m-1');
	client.send(subscribePacket(1, 'meters/m-1/a', 'meters/m-1/b', 'meters/m-1/c', 'meters/m-1/a'));
	t.is(await client.next(), suback(1, 1, 1, 128));
});

test('a reader hears what it may and cannot publish', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const reader = await world.join('wall');
	reader.send(subscribePacket(1, 'meters/+/energy', '#', '$SYS/#'));
	t.is(await reader.next(), suback(1, 1, 128, 128));
	const meter = await world.join('m-1');
	meter.send(publishPacket(own, 'a', {id: 1}));
	t.is(await meter.next(), puback(1));
	t.regex((await reader.next()) ?? '', /^32.*61$/);
	meter.send(publishPacket(own, 'b', {qos: 0}));
	t.regex((await reader.next()) ?? '', /^30.*62$/);
	reader.send(publishPacket('meters/m-1/energy', 'c', {id: 3}));
	t.deepEqual(await reader.rest(), []);
	t.is(world.broker.stats().closed['reader-published'], 1);
	t.is(world.held.length, 2);
});

test('what a reader may say is acknowledged, and reaches neither the agent nor anybody who listens, now or later', async t => {
	const world = await openWorld(t);
	const listener = await world.join('program');
	listener.send(subscribePacket(1, 'programs/#'));
	t.is(await listener.next(), suback(1, 1));
	const program = await world.raw();
	program.send(connectPacket({clientId: 'made-up-4711', username: 'program', password: 'secret'}));
	t.is(await program.next(), connackOk, 'with a client id that is nobody’s');
	program.send(publishPacket('programs/status', 'online', {id: 1, retain: true}), publishPacket('programs/status', 'online', {qos: 0}));
	t.is(await program.next(), puback(1));
	program.send(subscribePacket(2, 'programs/#'));
	t.is(await program.next(), suback(2, 1));
	program.send(pingPacket);
	t.is(await program.next(), pingresp, 'and nothing that was retained');
	listener.send(pingPacket);
	t.is(await listener.next(), pingresp);
	t.is(world.held.length, 0);
	program.send(publishPacket('programs/other', 'x', {id: 3}));
	t.deepEqual(await program.rest(), []);
	t.is(world.broker.stats().closed['reader-published'], 1);
});

test('a topic that is not the device’s own reaches the agent, and a refused arrival reaches nobody else', async t => {
	const world = await openWorld(t);
	world.answer = delivery => (delivery.topic === own ? 'kept' : 'refused');
	const reader = await world.join('wall');
	reader.send(subscribePacket(1, 'meters/#'));
	await reader.next();
	const meter = await world.join('m-1');
	meter.send(
		publishPacket('meters/m-2/energy', 'forged', {id: 1}),
		publishPacket('meters/m-2/energy', 'forged', {qos: 0}),
		publishPacket(own, 'z', {id: 2}),
	);
	t.deepEqual([await meter.next(), await meter.next()], [puback(1), puback(2)]);
	t.regex((await reader.next()) ?? '', /^32.*7a$/);
	t.is(world.held.length, 3);
});

test('a retain flag is told to the agent and dropped: nothing is kept for later subscribers', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const meter = await world.join('m-1');
	meter.send(publishPacket(own, 'a', {id: 1, retain: true}));
	t.is(await meter.next(), puback(1));
	t.is(world.held[0]!.delivery.flags, 0b1001);
	const reader = await world.join('wall');
	reader.send(subscribePacket(1, 'meters/#'));
	t.is(await reader.next(), suback(1, 1));
	reader.send(pingPacket);
	t.is(await reader.next(), pingresp);
	meter.send(publishPacket(own, 'b', {id: 2, retain: true, dup: true}));
	// Delivered as a new message: no RETAIN [MQTT-3.3.1-9], no DUP [MQTT-3.3.1-3].
	t.regex((await reader.next()) ?? '', /^32.*62$/);
	const late = await world.join('wall:late');
	late.send(subscribePacket(1, 'meters/#'));
	t.is(await late.next(), suback(1, 1));
	late.send(pingPacket);
	t.is(await late.next(), pingresp);
});

test('a will is never a reading and stays within the device’s own topics', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const reader = await world.join('wall');
	reader.send(subscribePacket(1, 'meters/#'));
	await reader.next();
	for (const topic of ['meters/m-2/state', 'meters/m-1/+', 'meters/m-1/state'])
		(await world.join('m-1', {will: {topic, payload: 'gone', qos: 2, retain: true}})).socket.destroy();
	t.regex(
		(await reader.next()) ?? '',
		new RegExp(`^32.*${Buffer.from('meters/m-1/state').toString('hex')}....${Buffer.from('gone').toString('hex')}$`),
	);
	reader.send(pingPacket);
	t.is(await reader.next(), pingresp);
	t.is(world.held.length, 0);
});

test('a subscriber that reads nothing does not hold up a publisher', async t => {
	const world = await openWorld(t, {limits: {deliveriesMax: 50, concurrency: 20}});
	world.answer = () => 'kept';
	const reader = await world.join('wall');
	reader.send(subscribePacket(1, 'meters/#'));
	await reader.next();
	reader.socket.pause();
	const meter = await world.join('m-1');
	const payload = 'x'.repeat(60_000);
	for (let id = 1; id <= 400; id += 1) {
		meter.send(publishPacket(own, payload, {id}));
		t.is(await meter.next(), puback(id));
	}
	t.true(world.broker.stats().undelivered > 0);
});

test('nothing is read while the agent has no room, and all of it afterwards', async t => {
	const world = await openWorld(t);
	world.answer = () => 'kept';
	const client = await world.join('m-1');
	let release = (): void => {};
	world.pressure = new Promise(resolve => {
		release = resolve;
	});
	const asked = world.pressureAsked;
	client.send(...Array.from({length: 1000}, (_, i) => publishPacket(own, 'x'.repeat(1000), {id: i + 1})));
	while (world.pressureAsked === asked) await new Promise(setImmediate);
	t.is(world.held.length, 0);
	world.pressure = undefined;
	release();
	await world.arrived(1000);
	for (let id = 1; id <= 1000; id += 1) t.is(await client.next(), puback(id));
});

test('kickAll closes every connection and lets devices come back', async t => {
	const world = await openWorld(t);
	const clients = [await world.join('m-1'), await world.join('m-2')];
	world.broker.kickAll();
	for (const client of clients) t.deepEqual(await client.rest(), []);
	await world.join('m-1');
	t.is(world.broker.stats().closed.kicked, 2);
});

test('disposal closes connections of every stage and frees the port', async t => {
	const world = await openWorld(t);
	const clients = [await world.raw(), await world.join('m-1')];
	clients[0]!.send(Buffer.from([0x10]));
	await world.broker[Symbol.asyncDispose]();
	await world.broker[Symbol.asyncDispose]();
	for (const client of clients) t.deepEqual(await client.rest(), []);
	t.is(world.broker.stats().connections, 0);
});

test('a port that is taken is an error that names it', async t => {
	const world = await openWorld(t);
	const needs = {
		accept: () => {},
		pressure: () => undefined,
		authenticate: async () => undefined,
		mayConnect: () => true,
		logger: silentLogger,
	};
	const error = (await t.throwsAsync(openBroker(needs, {port: world.broker.port}))) as AgentError;
	t.is(error.code, 'PORT_TAKEN');
	t.true(describeError(error).includes(String(world.broker.port)));
	const other = (await t.throwsAsync(openBroker(needs, {host: '192.0.2.1', port: 0}))) as AgentError;
	t.is(other.code, 'ARGUMENT_INVALID');
});

test('an authentication that throws is answered with code 3', async t => {
	const broker = await openBroker(
		{
			accept: () => {},
			pressure: () => undefined,
			authenticate: async () => {
				throw new Error('the disk is gone');
			},
			mayConnect: () => true,
			logger: silentLogger,
		},
		{port: 0},
	);
	t.teardown(() => broker[Symbol.asyncDispose]());
	const error = await t.throwsAsync(mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, {clientId: 'm-1', reconnectPeriod: 0}, false));
	t.regex(error.message, /Server unavailable/);
});
