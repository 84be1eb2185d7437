// The door to a broker of yours, against Debian's Mosquitto: what a real broker does with sessions, acknowledgements, large messages and full queues.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import type {Delivery, Outcome} from '../../agent/ingest/ingest.ts';
import {type MqttClientOptions, type MqttDoor, openMqttClient} from '../../agent/ingest/mqtt-client.ts';
import {connectPacket, publishPacket, RawClient} from '../broker/wire.ts';
import {createMosquitto, isMosquittoInstalled} from '../helpers/mosquitto.ts';
import {freePort} from '../helpers/ports.ts';

type Door = {
	readonly door: MqttDoor;
	readonly held: {readonly delivery: Delivery; readonly done: (outcome: Outcome) => void}[];
	/** What is answered at once; undefined leaves the answer to the test. */
	answer: ((delivery: Delivery) => Outcome) | undefined;
	readonly texts: () => string[];
};

type World = {
	readonly port: number;
	readonly open: (options?: Partial<MqttClientOptions>) => Promise<Door>;
	/** Publishes at QoS 1 and waits until Mosquitto has all of it. */
	readonly publish: (...payloads: readonly (string | Buffer)[]) => Promise<void>;
	readonly eventually: (isSo: () => boolean) => Promise<void>;
	readonly restart: () => Promise<void>;
};

const topic = 'meters/m-1/energy';
const texts = (held: Door['held']): string[] => held.map(({delivery}) => Buffer.from(delivery.payload).toString());

async function openWorld(t: ExecutionContext, lines?: readonly string[]): Promise<World> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-mosquitto-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const port = await freePort();
	const broker = createMosquitto(join(folder, 'broker'), port, lines === undefined ? {} : {lines});
	await broker.start();
	t.teardown(async () => void (await broker.process().end('SIGKILL')));
	let lastId = 0;
	return {
		port,
		open: async (options = {}) => {
			const held: Door['held'] = [];
			const opened: {answer: Door['answer']} = {answer: () => 'kept'};
			const door = openMqttClient(
				{
					accept: (delivery, done) => {
						// What is kept beyond the call is copied, as admission does.
						held.push({delivery: {...delivery, payload: Buffer.from(delivery.payload)}, done});
						if (opened.answer !== undefined) done(opened.answer(delivery));
					},
					pressure: () => undefined,
					clock: systemClock,
					logger: silentLogger,
				},
				{
					name: 'barn',
					url: `mqtt://127.0.0.1:${port}`,
					clientId: 'kedge',
					topics: ['meters/#'],
					reconnectMsMin: 20,
					reconnectMsMax: 200,
					...options,
				},
			);
			t.teardown(() => door[Symbol.asyncDispose]());
			const isUp = await until(async () => (door.stats().connected ? true : undefined), {
				clock: systemClock,
				everyMs: 5,
				timeoutMs: 10_000,
			});
			t.true(isUp);
			return Object.assign(opened, {door, held, texts: () => texts(held)});
		},
		publish: async (...payloads) => {
			const client = await RawClient.open(port);
			client.send(connectPacket({clientId: `meter-${lastId}`}));
			t.is(await client.next(), '20020000');
			for (const payload of payloads) {
				lastId += 1;
				client.send(publishPacket(topic, payload, {id: lastId}));
				t.regex((await client.next()) ?? '', /^4002/);
			}
			client.socket.destroy();
		},
		eventually: async isSo => {
			const found = await until(async () => (isSo() ? true : undefined), {clock: systemClock, everyMs: 5, timeoutMs: 20_000});
			t.true(found, isSo.toString());
		},
		restart: async () => {
			await broker.process().end('SIGTERM');
			await broker.start();
		},
	};
}

/** Mosquitto has the subscription once it delivers. */
async function subscribed(world: World, door: Door): Promise<void> {
	while (door.held.length === 0) await world.publish('hello');
	await world.publish('the last');
	await world.eventually(() => door.texts().includes('the last'));
	door.held.length = 0;
}

const withMosquitto = (title: string, run: (t: ExecutionContext) => Promise<void>): void =>
	test(title, async t => {
		if (isMosquittoInstalled()) return run(t);
		t.log('not run: mosquitto is not installed (apt-get install mosquitto)');
		t.pass();
	});

withMosquitto('Mosquitto keeps what comes while the agent is away, also when it is stopped itself', async t => {
	const world = await openWorld(t);
	const first = await world.open();
	await subscribed(world, first);
	await first.door[Symbol.asyncDispose]();
	await world.publish('1', '2', '3');
	await world.restart();
	const second = await world.open();
	await world.eventually(() => second.held.length >= 3);
	t.deepEqual(second.texts(), ['1', '2', '3']);
});

for (const protocolVersion of [4, 5] as const)
	withMosquitto(`what was not acknowledged Mosquitto delivers again, marked, and once (MQTT version ${protocolVersion})`, async t => {
		const world = await openWorld(t);
		const door = await world.open({protocolVersion});
		await subscribed(world, door);
		door.answer = undefined;
		await world.publish('1', '2', '3');
		await world.eventually(() => door.held.length === 3);
		door.held[0]!.done('kept');
		door.answer = () => 'kept';
		door.held[1]!.done('failed');
		await world.eventually(() => door.held.length === 5);
		t.deepEqual(door.texts().slice(3), ['2', '3']);
		t.true(door.held.slice(3).every(({delivery}) => (delivery.flags & 4) !== 0));
		await door.door[Symbol.asyncDispose]();
		const next = await world.open({protocolVersion});
		await world.publish('4');
		await world.eventually(() => next.held.length > 0);
		t.deepEqual(next.texts(), ['4']);
	});

withMosquitto('an answer that comes when its connection has gone acknowledges nothing on the next one', async t => {
	const world = await openWorld(t);
	const door = await world.open();
	await subscribed(world, door);
	door.answer = undefined;
	await world.publish('1', '2');
	await world.eventually(() => door.held.length === 2);
	await world.restart();
	await world.eventually(() => door.held.length === 4);
	for (const {done} of door.held.slice(0, 2)) done('kept');
	await door.door[Symbol.asyncDispose]();
	const next = await world.open();
	await world.eventually(() => ['1', '2'].every(text => next.texts().includes(text)));
});

withMosquitto('a message that is too large is drained: it does not come again, and the connection stays', async t => {
	const world = await openWorld(t);
	const door = await world.open({packetBytesMax: 4096});
	await subscribed(world, door);
	await world.publish('before', Buffer.alloc(1_000_000, 'x'), 'behind');
	await world.eventually(() => door.held.length === 3);
	t.deepEqual(
		door.held.map(({delivery}) => delivery.payloadLength),
		[undefined, 1_000_000, undefined],
	);
	t.is(door.door.stats().connects, 1);
	await door.door[Symbol.asyncDispose]();
	const next = await world.open({packetBytesMax: 4096});
	await world.publish('later');
	await world.eventually(() => next.held.length > 0);
	t.deepEqual(next.texts(), ['later']);
});

withMosquitto('a connection that is held back for longer than its keep-alive stands', async t => {
	const world = await openWorld(t);
	const door = await world.open({keepaliveS: 1, windowMax: 1});
	await subscribed(world, door);
	door.answer = undefined;
	await world.publish(...Array.from({length: 50}, (_, i) => String(i)));
	await world.eventually(() => door.held.length === 1);
	// Mosquitto gives a client up after 1.5 times its keep-alive.
	await systemClock.sleep(3200);
	t.is(door.held.length, 1);
	door.answer = () => 'kept';
	door.held[0]!.done('kept');
	await world.eventually(() => door.held.length === 50);
	t.is(door.door.stats().connects, 1);
});

withMosquitto('what Mosquitto drops is told', async t => {
	const world = await openWorld(t, ['max_inflight_messages 1', 'max_queued_messages 5', 'sys_interval 1']);
	const door = await world.open();
	await subscribed(world, door);
	// The first count that comes is what later ones are compared with; it is retained.
	await systemClock.sleep(1500);
	door.answer = undefined;
	await world.publish(...Array.from({length: 40}, (_, i) => String(i)));
	await world.eventually(() => door.held.length > 0);
	t.is(door.held.length, 1);
	door.answer = () => 'kept';
	door.held[0]!.done('kept');
	await world.eventually(() => door.door.stats().dropped > 0);
	t.true(door.held.length < 40);
});
