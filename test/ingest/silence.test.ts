// Channels that are not heard for twice their device's cadence get one note for each silence.
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {decodeNote, type NoteBody} from '../../agent/format/body.ts';
import {kinds, noteKinds} from '../../agent/format/entry.ts';
import {SilenceWatch, type Watched} from '../../agent/ingest/silence.ts';
import {startMs} from '../helpers/log-world.ts';
import {type Config, config, openWorld, type World} from './world.ts';

const watchful: Config = {...config, cadenceSeconds: {clock: 10, count: 10, bare: 3}};

async function silences(
	t: ExecutionContext,
	world: World,
): Promise<{readonly urn: string; readonly value: bigint; readonly body: NoteBody}[]> {
	await world.log().settled();
	const {log} = await world.readings();
	t.is(
		log.counters.get('silences') ?? 0,
		log.entries.filter(({entry}) => entry.kind === kinds.note && entry.quantity === noteKinds.silence).length,
	);
	const urns = new Map(log.channels.map(({subject, urn}) => [subject, urn]));
	return log.entries
		.filter(({entry}) => entry.kind === kinds.note && entry.quantity === noteKinds.silence)
		.map(({entry, record}) => ({
			urn: urns.get(Buffer.from(entry.subject).toString('hex'))!.replace('urn:kedge:device:', ''),
			value: entry.value,
			body: decodeNote(record)!,
		}));
}

/** Looks once a second, as the agent does. */
function pass(world: World, seconds: number): void {
	for (let i = 0; i < seconds; i += 1) {
		world.clock.move(1000);
		world.ingest().noteSilences();
	}
}

test('a channel that is silent for more than twice its cadence gets one note, and the next reading ends the silence', async t => {
	const world = await openWorld(t, watchful);
	await world.send('clock', {at: startMs, v: 1, i: 1});
	pass(world, 20);
	t.deepEqual(await silences(t, world), []);
	await world.send('clock', {at: startMs + 20_000, v: 2});
	pass(world, 1);
	t.deepEqual(await silences(t, world), [
		{urn: 'clock:current', value: 21_000n, body: {note: 'silence', cadenceMs: 10_000, sinceMs: startMs}},
	]);
	pass(world, 100);
	t.deepEqual(
		(await silences(t, world)).map(({urn, value}) => [urn, value]),
		[
			['clock:current', 21_000n],
			['clock:voltage', 21_000n],
		],
	);
	t.deepEqual(world.ingest().silent(5), {count: 1, devices: [{deviceId: 'clock', channels: 2}]});
	await world.send('clock', {at: startMs + 200_000, v: 3, i: 3});
	t.deepEqual(world.ingest().silent(5), {count: 0, devices: []});
	pass(world, 30);
	t.is((await silences(t, world)).length, 4);
});

test('a repeat does not end a silence', async t => {
	const world = await openWorld(t, watchful);
	await world.send('clock', {at: startMs, v: 1});
	pass(world, 19);
	await world.send('clock', {at: startMs, v: 1});
	pass(world, 2);
	t.is((await silences(t, world)).length, 1);
});

test('a device without a cadence, and one that was never heard, may be silent', async t => {
	const world = await openWorld(t, watchful);
	await world.send('pack', [{n: 'pack:v', v: 3, t: -1}]);
	pass(world, 1000);
	t.deepEqual(await silences(t, world), []);
});

test('after a restart the silence counts from the start, and one that goes on is noted once more', async t => {
	const world = await openWorld(t, watchful);
	await world.send('count', {boot: 'b', seq: 1, at: startMs, v: 1});
	pass(world, 30);
	await world.restart();
	pass(world, 20);
	t.is((await silences(t, world)).length, 1);
	pass(world, 10);
	t.deepEqual((await silences(t, world))[1], {urn: 'count:voltage', value: 21_000n, body: {note: 'silence', cadenceMs: 10_000}});
});

test('a note of a silence leaves repeats, sessions and gaps as they were, after a restart too', async t => {
	const world = await openWorld(t, watchful);
	await world.send('count', {boot: 'b', seq: 1, at: startMs, v: 1});
	await world.send('clock', {at: startMs, v: 1});
	await world.send('bare', {v: 1}, {packetId: 7});
	pass(world, 30);
	await world.restart();
	pass(world, 30);
	await world.restart();
	world.lookUps = 0;
	t.is(await world.send('count', {boot: 'b', seq: 2, at: startMs, v: 2}), 'kept');
	t.is(await world.send('clock', {at: startMs + 1, v: 2}), 'kept');
	t.is(world.lookUps, 0, 'what is above the newest key is new without a look');
	await world.send('count', {boot: 'b', seq: 1, at: startMs, v: 1});
	await world.send('clock', {at: startMs, v: 1});
	await world.send('bare', {v: 1}, {packetId: 7, flags: 5});
	await world.send('count', {boot: 'b', seq: 4, at: startMs, v: 4});
	const {log, readings} = await world.readings();
	t.is(log.counters.get('repeats'), 3);
	t.is(log.counters.get('gaps'), 1);
	t.is(readings.length, 6);
});

test('when everything falls silent at once, 256 channels are noted at a look', t => {
	const watch = new SilenceWatch<number>();
	for (let i = 0; i < 1000; i += 1) watch.watch(i, `d${i % 7}`, 1000, 0);
	t.is(watch.due(2000, 256).length, 0);
	const found: number[] = [];
	for (let look = 0; look < 4; look += 1) found.push(...watch.due(2001, 256).map(({channel}) => channel));
	t.deepEqual(
		found,
		Array.from({length: 1000}, (_, i) => i),
	);
	t.is(watch.silent(3).count, 7);
	t.is(watch.silent(3).devices.length, 3);
});

test('the watch finds what a table of all channels finds', t => {
	type Step = {readonly afterMs: number; readonly heard: readonly number[]};
	const cadences = [1000, 1000, 3000, 5000, 5000, 5000];
	const step: fc.Arbitrary<Step> = fc.record({
		afterMs: fc.constantFrom(0, 300, 1000, 1001, 4000, 20_000),
		heard: fc.subarray(cadences.map((_, i) => i)),
	});
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.array(step, {maxLength: 60}), steps => {
				const watch = new SilenceWatch<number>();
				const all: Watched<number>[] = cadences.map((cadenceMs, i) => watch.watch(i, 'd', cadenceMs, 0));
				const heardAt = cadences.map(() => 0);
				const silent = cadences.map(() => false);
				let nowMs = 0;
				for (const {afterMs, heard} of steps) {
					nowMs += afterMs;
					for (const i of heard) {
						watch.heard(all[i]!, nowMs, nowMs);
						heardAt[i] = nowMs;
						silent[i] = false;
					}
					const expected = cadences.flatMap((cadenceMs, i) => (!silent[i] && nowMs - heardAt[i]! > 2 * cadenceMs ? [i] : []));
					for (const i of expected) silent[i] = true;
					const found = watch.due(nowMs, 100).map(({channel}) => channel);
					if (JSON.stringify(found.sort()) !== JSON.stringify(expected)) return false;
					if ((watch.silent(1).devices[0]?.channels ?? 0) !== silent.filter(Boolean).length) return false;
				}
				return true;
			}),
		),
	);
});
