// Receipts for devices: when they are made, how many, and what becomes of those for which there is no time.
import test, {type ExecutionContext} from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import type {Checkpoint} from '../../agent/format/checkpoint.ts';
import {parseReceipt} from '../../agent/format/receipt.ts';
import type {Kept} from '../../agent/ingest/ingest.ts';
import {createReceipting, deviceOfReceiptTopic, receiptsPerCall, receiptTopic, skippedCounter, waitingMax} from '../../agent/receipting.ts';
import {append, createLogWorld, draftOf, enrolMeter} from '../helpers/log-world.ts';

type Told = {
	readonly index: number;
	readonly sequence: number;
	readonly number: number;
	readonly receipt: string;
	readonly packetId?: number;
};

async function openWorld(t: ExecutionContext) {
	const disk = await createLogWorld(t);
	const log = await disk.open();
	const reader = await disk.reader();
	const meter = enrolMeter(log, 'm-1');
	const world = {
		log,
		released: undefined as Checkpoint | undefined,
		mayAppend: true,
		hasListener: true,
		unwanted: new Set<string>(),
		told: [] as {readonly topic: string; readonly message: Told; readonly isFromClient: boolean}[],
		/** Appends a reading and says so. */
		keep: async (sequence: number, changes: Partial<Kept> = {}): Promise<void> => {
			const first = await append(log, [draftOf(meter, {session: 'b', key: sequence, keyTop: sequence})]);
			const delivery = {topic: 'meters/m-1', flags: 1, identity: 'm-1', clientId: 'm-1', packetId: sequence};
			receipting.kept({deviceId: 'm-1', delivery, session: 'b', sequence, first, count: 1, ...changes});
		},
		release: (): void => {
			world.released = log.checkpoint();
		},
		tick: (): Promise<void> => receipting.tick(),
	};
	const receipting = createReceipting({
		log,
		reader,
		released: () => world.released,
		anchoredAbove: async () => undefined,
		isWanted: id => !world.unwanted.has(id),
		publish: (topic, payload, isFromClient) => {
			if (world.hasListener) world.told.push({topic, message: JSON.parse(Buffer.from(payload).toString()) as Told, isFromClient});
			return world.hasListener;
		},
		mayAppend: () => world.mayAppend,
		logger: silentLogger,
	});
	return world;
}

const skippedOf = async ({log}: {readonly log: Awaited<ReturnType<typeof openWorld>>['log']}): Promise<number> => {
	await log.settled();
	return log.counters().get(skippedCounter) ?? 0;
};

test('a receipt waits until its checkpoint is released, and nothing is said while nothing may be', async t => {
	const world = await openWorld(t);
	await world.keep(1);
	await world.tick();
	t.deepEqual(world.told, []);
	world.release();
	await world.keep(2);
	world.mayAppend = false;
	await world.tick();
	t.deepEqual(world.told, []);
	world.mayAppend = true;
	await world.tick();
	t.deepEqual(
		world.told.map(({topic, message: {sequence, packetId, number}, isFromClient}) => ({topic, sequence, packetId, number, isFromClient})),
		[{topic: 'kedge/m-1/receipt', sequence: 1, packetId: 1, number: 2, isFromClient: false}],
	);
	const parsed = parseReceipt(nodeHasher, Buffer.from(world.told[0]!.message.receipt));
	t.false('problem' in parsed);
	t.is('value' in parsed && parsed.value.subject?.urn, 'urn:kedge:device:m-1:energy-import');
	// Withheld again: what waits goes on waiting.
	world.released = undefined;
	await world.tick();
	t.is(world.told.length, 1);
	world.release();
	await world.tick();
	t.deepEqual(
		world.told.map(({message}) => message.sequence),
		[1, 2],
	);
	t.is(await skippedOf(world), 0);
});

test('of more than wait the newest are kept, so many are made a second, and the others are counted', async t => {
	const world = await openWorld(t);
	const count = waitingMax + 44;
	for (let sequence = 1; sequence <= count; sequence += 1) await world.keep(sequence);
	world.release();
	await world.tick();
	t.is(world.told.length, receiptsPerCall);
	t.is(world.told[0]!.message.sequence, 45);
	t.is(await skippedOf(world), 44);
	for (let i = 0; i < 20; i += 1) await world.tick();
	t.is(world.told.length, waitingMax);
	t.is(world.told.at(-1)!.message.sequence, count);
	t.is(await skippedOf(world), 44);
});

test('it goes out by the door that the message came in by, and is counted where nobody is there', async t => {
	const world = await openWorld(t);
	const delivery = {topic: 'x', flags: 1 | arrivalFlags.client, identity: 'barn', clientId: 'kedge', packetId: 9};
	await world.keep(1, {delivery});
	world.release();
	await world.tick();
	t.true(world.told[0]!.isFromClient);
	await world.keep(2);
	world.hasListener = false;
	world.release();
	await world.tick();
	t.is(await skippedOf(world), 1);
});

test('a device that was revoked is told nothing, and an entry that is not there stops nobody', async t => {
	const world = await openWorld(t);
	await world.keep(1, {deviceId: 'gone'});
	await world.keep(2, {first: 1_000_000});
	await world.keep(3);
	world.unwanted.add('gone');
	world.released = {...world.log.checkpoint()!, size: 2_000_000};
	await world.tick();
	t.is(world.told.length, 0, 'there is no such checkpoint');
	t.is(await skippedOf(world), 2);
});

test('topics of receipts are told from others', t => {
	t.is(deviceOfReceiptTopic(receiptTopic('m-1')), 'm-1');
	for (const topic of ['kedge/m-1/state', 'kedge/a/b/receipt', 'kedge//receipt', 'x/m-1/receipt', 'kedge/m-1/receipt/x'])
		t.is(deviceOfReceiptTopic(topic), undefined);
});
