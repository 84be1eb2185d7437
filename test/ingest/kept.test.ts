// What admission tells of devices beside the log: which message which entries came of, and what became of each device's messages since the start.
import test from 'ava';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import {startMs} from '../helpers/log-world.ts';
import {type Config, config, openWorld} from './world.ts';

const receiving: Config = {...config, receipts: ['count', 'pack', 'clock'], cadenceSeconds: {count: 10}};

test('of a device with receipts it is told which entries came of which message, once they are durable, and of no other', async t => {
	const world = await openWorld(t, receiving);
	await world.send('bare', {v: 1});
	await world.send('count', {at: startMs, v: 1, seq: 1, boot: 'b'}, {packetId: 7});
	await world.send('count', {at: startMs, v: 1, seq: 1, boot: 'b'}, {packetId: 8});
	await world.send('count', {at: startMs, v: 2, seq: 5, boot: 'b'}, {packetId: 9});
	await world.send('count', '{');
	await world.send('pack', [
		{bn: 'pack:', bt: startMs / 1000, n: 'v', u: 'V', v: 1},
		{n: 'i', u: 'A', v: 2},
	]);
	const {log} = await world.readings();
	t.deepEqual(
		world.kept.map(({deviceId, delivery, session, sequence, count}) => [deviceId, delivery.packetId, session, sequence, count]),
		[
			['count', 7, 'b', 1, 1],
			['count', 9, 'b', 5, 1],
			['pack', 6, undefined, undefined, 2],
		],
	);
	// The first entry is a reading, also where a note of a gap stands in front of it, and the others follow it.
	for (const {first, count} of world.kept)
		for (let index = first; index < first + count; index += 1) t.is(log.entries[index]!.entry.kind, 1, String(index));
	t.false(
		world.kept.some(({delivery}) => 'payload' in delivery),
		'the payload is not kept alive',
	);
});

test('a message that could not be kept is told of nobody', async t => {
	const world = await openWorld(t, receiving);
	await world.send('clock', {at: startMs, v: 1});
	world.disk.around = async () => {
		throw new Error('the disk is gone');
	};
	t.is(await world.send('clock', {at: startMs + 1, v: 2}), 'failed');
	t.is(world.kept.length, 1);
});

test('what became of the messages of a device is counted since the start', async t => {
	const world = await openWorld(t, receiving);
	t.is(world.ingest().countsOf('count'), undefined);
	await world.send('count', {at: startMs, v: 1, seq: 1, boot: 'b'});
	t.deepEqual(world.ingest().countsOf('count'), {arrivedAtMs: startMs, gaps: 0, silences: 0, refused: 0, exceptions: 0});
	world.clock.move(1000);
	await world.send('count', {at: startMs, v: 2, seq: 4, boot: 'b'});
	await world.send('count', '{');
	await world.send('count', {at: startMs, v: 3, seq: 5, boot: 'b'}, {topic: 'clocked/clock'});
	// Through a broker of yours nobody knows who sent what has nobody's topic.
	await world.send('count', {v: 1}, {topic: 'nobody/x', flags: 1 | arrivalFlags.client, identity: 'barn'});
	world.clock.move(60_000);
	world.ingest().noteSilences();
	world.ingest().noteSilences();
	t.deepEqual(world.ingest().countsOf('count'), {arrivedAtMs: startMs + 1000, gaps: 1, silences: 1, refused: 2, exceptions: 0});
	t.is(world.ingest().countsOf('clock'), undefined, 'another sent to its topic');
	t.is(world.ingest().countsOf('barn'), undefined);
	await world.restart();
	t.is(world.ingest().countsOf('count'), undefined);
});
