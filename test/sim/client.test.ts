import test from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {createPublisher, type Outgoing, type Publisher, type PublisherOptions} from '../../sim/client.ts';
import {startBroker} from './broker.ts';

type Numbered = Outgoing & {readonly number: number};

const message = (number: number, hostile?: string): Numbered => ({
	number,
	topic: 'a/b',
	payload: `m${number}`,
	...(hostile === undefined ? {} : {hostile}),
});

function publisherOf(url: string, acknowledged: Numbered[], more: Partial<PublisherOptions<Numbered>> = {}): Publisher<Numbered> {
	return createPublisher<Numbered>({
		url,
		clientId: 'home-01',
		username: 'home-01',
		password: 'secret',
		clock: systemClock,
		onAcknowledged: one => acknowledged.push(one),
		...more,
	});
}

const soon = (): AbortSignal => AbortSignal.timeout(20_000);

test('messages arrive in order, once, QoS 1, not retained, as the device', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const acknowledged: Numbered[] = [];
	const publisher = publisherOf(broker.url, acknowledged);
	t.teardown(() => publisher[Symbol.asyncDispose]());
	for (let i = 0; i < 200; i += 1) t.true(publisher.publish(message(i)));
	t.true(await publisher.untilDrained(soon()));
	t.deepEqual(
		acknowledged.map(({number}) => number),
		Array.from({length: 200}, (_, i) => i),
	);
	t.deepEqual(
		broker.received.map(({payload}) => payload),
		acknowledged.map(({payload}) => payload as string),
	);
	t.deepEqual(broker.received[0], {
		clientId: 'home-01',
		username: 'home-01',
		password: 'secret',
		topic: 'a/b',
		payload: 'm0',
		dup: false,
		qos: 1,
		retain: false,
	});
	t.is(publisher.pending(), 0);
});

test('what a killed broker did not acknowledge is sent again with DUP to the next one, in order', async t => {
	let holding = false;
	const broker = await startBroker(() => (holding ? new Promise(() => {}) : Promise.resolve()));
	t.teardown(broker.stop);
	const acknowledged: Numbered[] = [];
	const publisher = publisherOf(broker.url, acknowledged, {inFlightMax: 8});
	t.teardown(() => publisher[Symbol.asyncDispose]());
	for (let i = 0; i < 20; i += 1) publisher.publish(message(i));
	t.true(await publisher.untilDrained(soon()));

	holding = true;
	const before = broker.received.length;
	for (let i = 20; i < 50; i += 1) publisher.publish(message(i));
	while (broker.received.length === before) await systemClock.sleep(5);
	t.is(acknowledged.length, 20);
	await broker.kill();
	t.is(publisher.uncertain().length, 8);
	for (let i = 50; i < 60; i += 1) publisher.publish(message(i));
	holding = false;
	const restarted = broker.received.length;
	await broker.start();
	t.true(await publisher.untilDrained(soon()));

	t.deepEqual(
		acknowledged.map(({number}) => number),
		Array.from({length: 60}, (_, i) => i),
	);
	const after = broker.received.slice(restarted);
	t.deepEqual(
		after.slice(0, 8).map(({payload, dup}) => [payload, dup]),
		Array.from({length: 8}, (_, i) => [`m${20 + i}`, true]),
	);
	t.true(after.slice(8).every(({dup}) => !dup));
});

test('a cut connection loses nothing', async t => {
	const broker = await startBroker(() => systemClock.sleep(2));
	t.teardown(broker.stop);
	const acknowledged: Numbered[] = [];
	const publisher = publisherOf(broker.url, acknowledged);
	t.teardown(() => publisher[Symbol.asyncDispose]());
	for (let i = 0; i < 300; i += 1) {
		publisher.publish(message(i));
		if (i % 100 === 50) {
			await systemClock.sleep(20);
			publisher.cut();
		}
	}
	t.true(await publisher.untilDrained(soon()));
	t.deepEqual(
		acknowledged.map(({number}) => number),
		Array.from({length: 300}, (_, i) => i),
	);
	t.is(new Set(broker.received.map(({payload}) => payload)).size, 300);
});

test('in flight and waiting are bounded', async t => {
	const broker = await startBroker(() => new Promise(() => {}));
	t.teardown(broker.stop);
	const publisher = publisherOf(broker.url, [], {inFlightMax: 5, queueMax: 10});
	t.teardown(() => publisher[Symbol.asyncDispose]());
	while (!publisher.isConnected()) await systemClock.sleep(5);
	const taken = Array.from({length: 30}, (_, i) => publisher.publish(message(i)));
	t.is(taken.filter(Boolean).length, 15);
	t.false(publisher.hasRoom());
	t.is(publisher.pending(), 15);
	t.is(publisher.uncertain().length, 5);
	const tired = AbortSignal.timeout(20);
	await publisher.untilRoom(tired);
	t.true(tired.aborted);
	t.false(await publisher.untilDrained(AbortSignal.timeout(20)));
});

test('a hostile message that a broker hangs up on is given up, an honest one never', async t => {
	const refused = new Map<string, number>();
	const broker = await startBroker(async ({payload}) => {
		const times = (refused.get(payload) ?? 0) + 1;
		refused.set(payload, times);
		if (payload === 'm1' || (payload === 'm2' && times < 6)) throw new Error('go away');
	});
	t.teardown(broker.stop);
	const acknowledged: Numbered[] = [];
	const givenUp: Numbered[] = [];
	const publisher = publisherOf(broker.url, acknowledged, {onGivenUp: one => givenUp.push(one)});
	t.teardown(() => publisher[Symbol.asyncDispose]());
	publisher.publish(message(1, 'wrong unit'));
	publisher.publish(message(2));
	publisher.publish(message(3));
	t.true(await publisher.untilDrained(soon()));
	t.deepEqual(
		givenUp.map(({number}) => number),
		[1],
	);
	t.deepEqual(
		acknowledged.map(({number}) => number),
		[2, 3],
	);
});

test('closing ends at once while no broker is there', async t => {
	const broker = await startBroker();
	await broker.stop();
	const publisher = publisherOf(broker.url, []);
	publisher.publish(message(1));
	const startedMs = systemClock.monotonicMs();
	await publisher[Symbol.asyncDispose]();
	t.true(systemClock.monotonicMs() - startedMs < 2000);
	t.false(publisher.publish(message(2)));
	t.is(publisher.pending(), 1);
});
