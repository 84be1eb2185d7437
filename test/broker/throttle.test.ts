// Rates and failures: who sends too much waits and loses nothing, and who guesses waits and costs nothing.
import test, {type ExecutionContext} from 'ava';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {createAllowance, narrower} from '../../broker/allowance.ts';
import {type Broker, type BrokerOptions, type Delivery, openBroker} from '../../broker/broker.ts';
import {createFailures, networkOf} from '../../broker/failures.ts';
import {connectPacket, disconnectPacket, packet, pingPacket, publishPacket, RawClient} from './wire.ts';
import {connackOk, pingresp, puback} from './world.ts';

test('an allowance lets a second of messages pass after a rest, and then spaces them', t => {
	let nowMs = 0;
	const allowance = createAllowance(100, () => nowMs);
	t.is(allowance.step, 2);
	t.deepEqual([allowance.reserve(100), allowance.reserve(1), allowance.reserve(1), allowance.reserve(8)], [0, 10, 20, 100]);
	nowMs = 100;
	t.is(allowance.reserve(1), 10);
	nowMs = 50_000;
	t.deepEqual([allowance.reserve(50), allowance.reserve(50), allowance.reserve(1)], [0, 0, 10]);
});

test('one message a second is one message a second, and the narrower of two limits holds', t => {
	let nowMs = 5000;
	const slow = createAllowance(1, () => nowMs);
	t.deepEqual([slow.reserve(1), slow.reserve(1), slow.reserve(1)], [0, 1000, 2000]);
	nowMs = 7500;
	t.is(slow.reserve(1), 500);
	const both = narrower(
		createAllowance(1, () => nowMs),
		createAllowance(1000, () => nowMs),
	)!;
	t.is(both.step, 1);
	t.deepEqual([both.reserve(1), both.reserve(1)], [0, 1000]);
	t.is(narrower(undefined, undefined), undefined);
	t.is(narrower(slow, undefined), slow);
});

test('no more than the limit passes, whoever asks how often, and everybody gets a turn', t => {
	let nowMs = 0;
	const allowance = createAllowance(200, () => nowMs);
	allowance.reserve(200);
	const passed = [0, 0, 0, 0, 0];
	const due = passed.map(() => 0);
	for (; nowMs < 10_000; nowMs += 1)
		for (const [i, at] of due.entries()) {
			if (at > nowMs) continue;
			passed[i]! += at === 0 ? 0 : allowance.step;
			due[i] = nowMs + allowance.reserve(allowance.step);
		}
	const all = passed.reduce((sum, count) => sum + count, 0);
	t.true(all >= 1900 && all <= 2000, `${all}`);
	for (const count of passed) t.true(count >= 360 && count <= 420, passed.join(' '));
});

test('failures are held against a name first, then against the address, and end with their window', t => {
	let nowMs = 0;
	const failures = createFailures({failuresPerUserMax: 3, failuresPerAddressMax: 5, failureWindowMs: 60_000}, () => nowMs);
	t.deepEqual(
		[1, 2, 3].map(() => failures.failed('192.0.2.1', 'm-1')),
		[false, false, true],
	);
	t.true(failures.userWaits('192.0.2.1', 'm-1'));
	t.false(failures.userWaits('192.0.2.1', 'm-2'));
	t.false(failures.userWaits('192.0.2.2', 'm-1'));
	t.false(failures.addressWaits('192.0.2.1'));
	t.deepEqual([failures.failed('192.0.2.1', 'm-2'), failures.failed('192.0.2.1')], [false, true]);
	t.true(failures.addressWaits('192.0.2.1'));
	t.false(failures.addressWaits('192.0.2.2'));
	failures.succeeded('192.0.2.1', 'm-1');
	t.false(failures.userWaits('192.0.2.1', 'm-1'));
	nowMs = 60_000;
	t.false(failures.addressWaits('192.0.2.1'));
	t.false(failures.failed('192.0.2.1', 'm-2'));
});

test('however many addresses fail, what is remembered is bounded, and one IPv6 network is one address', t => {
	const failures = createFailures({failuresPerUserMax: 5, failuresPerAddressMax: 2, failureWindowMs: 60_000}, () => 0);
	for (let i = 0; i < 10_000; i += 1) failures.failed(`10.0.${i >> 8}.${i & 255}`, 'm-1');
	failures.failed('2001:db8:1:2::1');
	failures.failed('2001:db8:1:2:ffff:ffff:ffff:ffff');
	t.true(failures.addressWaits('2001:db8:1:2::3'));
	t.false(failures.addressWaits('2001:db8:1:3::3'));
	for (const [address, network] of [
		['192.0.2.1', '192.0.2.1'],
		['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
		['::1', '0:0:0:0::/64'],
		['fe80::1%eth0', 'fe80:0:0:0::/64'],
		['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
		['1::4:5:6:7:8', '1:0:0:4::/64'],
		['', ''],
	] as const)
		t.is(networkOf(address), network);
});

type World = {
	readonly broker: Broker;
	readonly came: {readonly text: string; readonly identity: string; readonly atMs: number}[];
	readonly asked: string[];
};

async function openWorld(t: ExecutionContext, options: BrokerOptions, perDevice?: number): Promise<World> {
	const came: World['came'] = [];
	const asked: string[] = [];
	const broker = await openBroker(
		{
			accept: ({payload, identity}: Delivery, done) => {
				came.push({text: Buffer.from(payload).toString(), identity, atMs: systemClock.monotonicMs()});
				done('kept');
			},
			pressure: () => undefined,
			authenticate: async (_clientId, username, password) => {
				asked.push(username ?? '');
				if (Buffer.from(password ?? '').toString() !== 'secret') return undefined;
				return {deviceId: username!, role: 'device', topicFilters: ['a/#'], messagesPerSecondMax: perDevice};
			},
			mayConnect: () => true,
			logger: silentLogger,
		},
		{port: 0, ...options},
	);
	t.teardown(() => broker[Symbol.asyncDispose]());
	return {broker, came, asked};
}

async function join(t: ExecutionContext, {broker}: World, clientId: string, password = 'secret'): Promise<RawClient> {
	const client = await RawClient.open(broker.port);
	t.teardown(() => client.socket.destroy());
	client.send(connectPacket({clientId, username: clientId.split(':')[0]!, password}));
	t.is(await client.next(), connackOk);
	return client;
}

const many = (count: number, qos: number): Buffer[] =>
	Array.from({length: count}, (_, i) => publishPacket('a/b', String(i), {qos, id: i + 1}));

test('a device that sends too much waits, in order and without loss, while its neighbour does not', async t => {
	const world = await openWorld(t, {}, 200);
	const busy = await join(t, world, 'm-1');
	const calm = await join(t, world, 'm-2');
	const startMs = systemClock.monotonicMs();
	busy.send(...many(400, 1), pingPacket);
	calm.send(publishPacket('a/b', 'calm', {id: 1}));
	t.is(await calm.next(), puback(1));
	for (let id = 1; id <= 400; id += 1) t.is(await busy.next(), puback(id));
	t.is(await busy.next(), pingresp);
	// A second's worth at once, the other 200 in a second.
	t.true(systemClock.monotonicMs() - startMs >= 950, `${systemClock.monotonicMs() - startMs}`);
	t.deepEqual(
		world.came.filter(({identity}) => identity === 'm-1').map(({text}) => text),
		Array.from({length: 400}, (_, i) => String(i)),
	);
	t.true(world.broker.stats().throttled > 0);
	t.deepEqual(world.broker.stats().throttledDevices, ['m-1']);
});

test('a device does not get more by more connections or by coming again', async t => {
	let nowMs = 0;
	const sleepers: (() => void)[] = [];
	const clock: Clock = {...systemClock, monotonicMs: () => nowMs, sleep: () => new Promise(resolve => sleepers.push(resolve))};
	const world = await openWorld(t, {clock}, 10);
	const settled = async (count: number): Promise<void> => {
		t.true(await until(async () => (world.came.length >= count ? true : undefined), {clock: systemClock, everyMs: 1, timeoutMs: 10_000}));
		for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
		t.is(world.came.length, count);
	};
	for (const name of ['m-1', 'm-1:b']) (await join(t, world, name)).send(...many(20, 0));
	await settled(10);
	const third = await join(t, world, 'm-1:c');
	third.send(...many(20, 0), disconnectPacket);
	await settled(10);
	t.is(world.broker.stats().throttled, 3);
	// Those who wait pass when it is their turn.
	for (let turn = 1; turn <= 3; turn += 1) {
		nowMs += 100;
		const wake = sleepers.shift()!;
		wake();
		await settled(10 + turn);
	}
});

test('all together are held to one rate as well', async t => {
	const world = await openWorld(t, {messagesPerSecondMax: 100});
	const clients = await Promise.all(['m-1', 'm-2', 'm-3', 'm-4'].map(name => join(t, world, name)));
	const startMs = systemClock.monotonicMs();
	for (const client of clients) client.send(...many(50, 1), pingPacket);
	await Promise.all(
		clients.map(async client => {
			for (let id = 1; id <= 50; id += 1) t.is(await client.next(), puback(id));
			t.is(await client.next(), pingresp);
		}),
	);
	t.true(systemClock.monotonicMs() - startMs >= 950);
	t.is(world.came.length, 200);
});

test('messages at QoS 0 that wait are not lost when the device says goodbye', async t => {
	const world = await openWorld(t, {}, 50);
	const client = await join(t, world, 'm-1');
	client.send(...many(80, 0), disconnectPacket);
	client.socket.end();
	await client.rest();
	t.true(await until(async () => (world.came.length === 80 ? true : undefined), {clock: systemClock, everyMs: 5, timeoutMs: 20_000}));
	t.true(
		await until(async () => (world.broker.stats().sessions === 0 ? true : undefined), {clock: systemClock, everyMs: 5, timeoutMs: 20_000}),
	);
	t.is(world.broker.stats().willsRefused, 0);
});

test('a packet that is cut anywhere is counted once, and what is no PUBLISH is not', async t => {
	const world = await openWorld(t, {}, 30);
	const client = await join(t, world, 'm-1');
	const bytes = Buffer.concat([
		...many(40, 1).flatMap(one => [one, pingPacket]),
		packet(0x30, Buffer.from([0, 1, 0x61]), Buffer.alloc(300, 0x30)),
	]);
	for (let at = 0; at < bytes.length; at += 7) {
		client.socket.write(bytes.subarray(at, at + 7));
		if (at % 70 === 0) await new Promise(setImmediate);
	}
	for (let id = 1; id <= 40; id += 1) t.deepEqual([await client.next(), await client.next()].sort(), [puback(id), pingresp].sort());
	t.true(await until(async () => (world.came.length === 41 ? true : undefined), {clock: systemClock, everyMs: 5, timeoutMs: 20_000}));
	t.is(world.came.at(-1)!.text.length, 300);
});

test('a connection that waits and is closed leaves nothing behind', async t => {
	const world = await openWorld(t, {}, 1);
	const client = await join(t, world, 'm-1');
	client.send(...many(100, 1));
	t.is(await client.next(), puback(1));
	client.socket.destroy();
	t.true(
		await until(async () => (world.broker.stats().connections === 0 ? true : undefined), {
			clock: systemClock,
			everyMs: 5,
			timeoutMs: 20_000,
		}),
	);
});

test('a hundred wrong passwords are looked at five times', async t => {
	const world = await openWorld(t, {});
	const answers: string[] = [];
	for (let i = 0; i < 100; i += 1) {
		const client = await RawClient.open(world.broker.port);
		client.send(connectPacket({clientId: 'm-1', username: 'm-1', password: `guess ${i}`}));
		answers.push((await client.rest()).join());
	}
	t.deepEqual(answers, [...Array(5).fill('20020005'), ...Array(95).fill('20020003')]);
	t.is(world.asked.length, 5);
	t.is(world.broker.stats().connectsRefused['too-many-failures'], 95);
	t.is(world.broker.stats().connectsRefused.credentials, 5);
	// Its neighbour behind the same address is not to blame.
	await join(t, world, 'm-2');
});

test('an address that tries many names is closed at once until its minute is over', async t => {
	let nowMs = 0;
	const world = await openWorld(t, {clock: {...systemClock, monotonicMs: () => nowMs}, limits: {failuresPerAddressMax: 20}});
	for (let i = 0; i < 20; i += 1) {
		const client = await RawClient.open(world.broker.port);
		client.send(connectPacket({clientId: `m-${i}`, username: `m-${i}`, password: 'guess'}));
		t.deepEqual(await client.rest(), ['20020005']);
	}
	const late = await RawClient.open(world.broker.port);
	t.deepEqual(await late.rest(), []);
	t.is(world.asked.length, 20);
	nowMs = 60_000;
	await join(t, world, 'm-1');
});

test('who gets in has a clean slate', async t => {
	const world = await openWorld(t, {});
	for (let round = 0; round < 4; round += 1) {
		for (let i = 0; i < 4; i += 1) {
			const client = await RawClient.open(world.broker.port);
			client.send(connectPacket({clientId: 'm-1', username: 'm-1', password: 'guess'}));
			t.deepEqual(await client.rest(), ['20020005']);
		}
		await join(t, world, `m-1:${round}`);
	}
});
