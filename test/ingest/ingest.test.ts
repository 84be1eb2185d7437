// The admission as a whole, with the real log behind it: what was acknowledged is there once, and nothing vanishes.
import test, {type ExecutionContext} from 'ava';
import type {AgentError} from '../../agent/base/errors.ts';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import type {Outcome} from '../../agent/ingest/ingest.ts';
import {startMs} from '../helpers/log-world.ts';
import {config, dup, openWorld, quarantined, type World} from './world.ts';

const values = async (world: World): Promise<bigint[]> => (await world.readings()).readings.map(({value}) => value);
const repeats = async (world: World): Promise<number> => (await world.readings()).log.counters.get('repeats') ?? 0;
const turns = async (count = 20): Promise<void> => {
	for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
};

/** Says of each outcome what is known by now. */
function watch(outcomes: readonly Promise<Outcome>[]): (Outcome | 'waiting')[] {
	const seen: (Outcome | 'waiting')[] = outcomes.map(() => 'waiting');
	for (const [i, outcome] of outcomes.entries())
		void outcome.then(settled => {
			seen[i] = settled;
		});
	return seen;
}

test('a reading is kept with what it came from', async t => {
	const world = await openWorld(t);
	const payload = `{"at":${startMs - 5},"v":230100,"i":-4}`;
	t.is(await world.send('clock', payload), 'kept');
	const {readings} = await world.readings();
	const common = {
		exponent: 0,
		measuredAtMs: startMs - 5,
		span: 0,
		qualities: [],
		topic: 'clocked/clock',
		payload,
		identity: 'clock',
		flags: 1,
		decoder: 'json/1',
	};
	t.deepEqual(readings, [
		{...common, urn: 'urn:kedge:device:clock:voltage', value: 230_100n},
		{...common, urn: 'urn:kedge:device:clock:current', value: -4n},
	]);
});

test('what arrives while the clock is known to be unsynchronised is marked, and a right time ahead of it is taken', async t => {
	const world = await openWorld(t);
	world.isClockUnsynchronised = true;
	t.is(await world.send('clock', {at: startMs + 10 * 24 * 3_600_000, v: 1}), 'kept');
	world.isClockUnsynchronised = false;
	t.is(await world.send('clock', {at: startMs + 11 * 24 * 3_600_000, v: 2}), 'refused');
	t.is(await world.send('clock', {at: startMs + 1, v: 3}), 'kept');
	t.deepEqual(
		(await world.readings()).readings.map(({qualities}) => qualities),
		[['clockUnsynchronised'], []],
	);
});

test('quality says what is late, simulated or without a time', async t => {
	const world = await openWorld(t, {...config, simulated: ['pack']});
	await world.send('clock', {at: startMs - 900_001, v: 1});
	await world.send('bare', {v: 2});
	await world.send('pack', [{n: 'pack:v', v: 3, t: -1}]);
	t.deepEqual(
		(await world.readings()).readings.map(({qualities, measuredAtMs}) => [qualities, measuredAtMs]),
		[
			[['late'], startMs - 900_001],
			[['noDeviceTime'], 0],
			[['simulated', 'noDeviceTime'], startMs - 1000],
		],
	);
});

test('nothing is acknowledged before it is durable: not a reading, not a repeat, not a refusal', async t => {
	const world = await openWorld(t);
	await world.send('clock', {at: startMs, v: 1});
	let release = (): void => {};
	const held = new Promise<void>(resolve => {
		release = resolve;
	});
	world.disk.around = async commit => {
		await held;
		await commit();
	};
	const seen = watch([
		world.send('clock', {at: startMs + 1, v: 1}),
		world.send('clock', {at: startMs, v: 1}),
		world.send('clock', 'no json'),
		world.send('pack', [
			{n: 'pack:v', v: 1, t: startMs / 1000},
			{n: 'pack:i', v: 0.5, t: startMs / 1000},
		]),
		world.send('clock', {at: startMs + 2, v: 1}, {packetId: undefined, flags: 0}),
	]);
	await turns();
	t.deepEqual(seen, Array(5).fill('waiting'));
	release();
	await world.log().settled();
	await turns();
	t.deepEqual(seen, ['kept', 'kept', 'refused', 'kept', 'kept']);
});

test('when a commit fails, everything that waits has failed, also what waits for a look into the log', async t => {
	const world = await openWorld(t);
	for (let i = 0; i < 300; i += 1) void world.send('clock', {at: startMs + i, v: 1});
	await world.log().settled();
	world.disk.around = () => Promise.reject(new Error('the disk is gone'));
	const outcomes = await Promise.all([
		world.send('clock', {at: startMs + 1000, v: 1}),
		world.send('clock', {at: startMs, v: 1}),
		world.send('clock', {at: startMs + 1000, v: 1}),
		world.send('clock', 'no json'),
	]);
	t.deepEqual(outcomes, ['failed', 'failed', 'failed', 'failed']);
	t.is(await world.send('clock', {at: startMs + 2000, v: 1}), 'failed');
	t.is(await world.send('clock', {at: startMs + 1, v: 1}), 'failed');
	t.is((world.log().failed.reason as AgentError).code, 'LOG_COMMIT_FAILED');
	world.disk.around = undefined;
	await world.restart();
	t.is((await values(world)).length, 300);
	t.is(await world.send('clock', {at: startMs + 1000, v: 1}), 'kept');
	t.is((await values(world)).length, 301);
});

test('a repeat is acknowledged and counted, and the log does not grow', async t => {
	const world = await openWorld(t);
	for (const [device, payload] of [
		['clock', {at: startMs, v: 1}],
		['count', {at: startMs, boot: 'a', seq: 1, v: 1}],
		['pack', [{n: 'pack:v', t: startMs / 1000, v: 1}]],
	] as const)
		for (const changes of [{}, {}, dup]) t.is(await world.send(device, payload, changes), 'kept');
	t.is((await values(world)).length, 3);
	t.is(await repeats(world), 6);
});

test('a repeat across a restart of the agent is told', async t => {
	const world = await openWorld(t);
	const messages = [
		['clock', {at: startMs, v: 1, i: 2}],
		['count', {at: startMs, boot: 'a', seq: 1, v: 1}],
		[
			'pack',
			[
				{bn: 'pack:', bt: startMs / 1000, n: 'v', v: 1},
				{n: 'i', v: 2},
			],
		],
	] as const;
	for (const [device, payload] of messages) await world.send(device, payload);
	await world.restart();
	for (const [device, payload] of messages) t.is(await world.send(device, payload, dup), 'kept');
	t.is((await values(world)).length, 5);
	t.is(await repeats(world), 5);
	t.is(world.lookUps, 5);
});

test('a repeat of something older than memory reaches is told, and so is what came late between', async t => {
	const world = await openWorld(t);
	for (let i = 0; i < 600; i += 1) void world.send('clock', {at: startMs + 2 * i, v: i});
	await world.log().settled();
	t.is(await world.send('clock', {at: startMs, v: 0}), 'kept');
	t.is(await world.send('clock', {at: startMs + 3, v: 7}), 'kept');
	t.is(await world.send('clock', {at: startMs + 3, v: 7}), 'kept');
	t.is(await world.send('clock', {at: startMs + 4, v: 2}), 'kept');
	t.is(await world.send('clock', {at: startMs + 4, v: 3}), 'kept');
	const {readings, log} = await world.readings();
	t.is(readings.length, 602);
	t.is(log.counters.get('repeats'), 3);
	t.deepEqual(
		readings.filter(({qualities}) => qualities.includes('conflict')).map(({measuredAtMs, value}) => [measuredAtMs, value]),
		[[startMs + 4, 3n]],
	);
});

test('equal messages that wait together for one look into the log are one', async t => {
	const world = await openWorld(t);
	for (let i = 0; i < 300; i += 1) void world.send('clock', {at: startMs + 2 * i, v: i});
	await world.log().settled();
	const late = {at: startMs + 1, v: 5};
	const other = {at: startMs + 1, v: 6};
	t.deepEqual(await Promise.all([late, late, other, late, other].map(payload => world.send('clock', payload))), Array(5).fill('kept'));
	const {readings, log} = await world.readings();
	t.is(log.counters.get('repeats'), 3);
	t.deepEqual(
		readings.slice(300).map(({value, qualities}) => [value, qualities]),
		[
			[5n, []],
			[6n, ['conflict']],
		],
	);
});

test('no message of a device overtakes one that waits for a look into the log', async t => {
	const world = await openWorld(t);
	await world.send('count', {at: startMs, boot: 'a', seq: 1, v: 0});
	await world.restart();
	const outcomes: Promise<Outcome>[] = [];
	const send = (i: number): void => void outcomes.push(world.send('count', {at: startMs + i, boot: 'b', seq: i, v: i}));
	// The session is looked up for the first; those behind it wait for the next look, and the last could be judged without one.
	for (let i = 1; i <= 100; i += 1) send(i);
	await outcomes[0];
	for (let i = 101; i <= 400; i += 1) {
		send(i);
		if (i % 10 === 0) await turns(1);
	}
	t.deepEqual(new Set(await Promise.all(outcomes)), new Set(['kept']));
	t.deepEqual(
		(await values(world)).map(Number),
		Array.from({length: 401}, (_, i) => i),
	);
	const {log} = await world.readings();
	t.is(log.counters.get('gaps') ?? 0, 0);
});

test('so many messages that wait together for one look that memory forgets the first are still told apart', async t => {
	const world = await openWorld(t);
	for (let i = 0; i < 300; i += 1) void world.send('clock', {at: startMs + 2000 + i, v: i});
	await world.log().settled();
	const late = Array.from({length: 400}, (_, i) => ({at: startMs + i, v: i}));
	await Promise.all([...late, ...late, ...late.toReversed()].map(payload => world.send('clock', payload)));
	t.is((await values(world)).length, 700);
	t.is(await repeats(world), 800);
});

test('another value under the same key is a conflict, once, however often both are sent again', async t => {
	const world = await openWorld(t);
	const both = [
		{at: startMs, v: 1},
		{at: startMs, v: 2},
	];
	for (let round = 0; round < 3; round += 1) {
		for (const payload of both) t.is(await world.send('clock', payload), 'kept');
		if (round === 1) await world.restart();
	}
	const {readings, log} = await world.readings();
	t.deepEqual(
		readings.map(({value, qualities}) => [value, qualities]),
		[
			[1n, []],
			[2n, ['conflict']],
		],
	);
	t.is(log.counters.get('repeats'), 4);
});

test('a session that changes, comes back and is sent again brings nothing twice', async t => {
	const world = await openWorld(t);
	const run = async (boot: string, from: number, to: number): Promise<void> => {
		const outcomes: Promise<Outcome>[] = [];
		for (let seq = from; seq < to; seq += 1) outcomes.push(world.send('count', {at: startMs, boot, seq, v: seq % 3}));
		t.deepEqual(new Set(await Promise.all(outcomes)), new Set(['kept']));
	};
	await run('a', 0, 300);
	await run('b', 0, 5);
	await run('a', 300, 310);
	t.is((await values(world)).length, 315);
	for (const isRestarted of [false, true]) {
		if (isRestarted) await world.restart();
		await run('b', 0, 5);
		await run('a', 290, 310);
		await run('a', 0, 20);
		await run('b', 3, 5);
		await run('a', 0, 310);
	}
	t.is((await values(world)).length, 315);
	await run('c', 0, 300);
	await run('a', 305, 312);
	t.is((await values(world)).length, 617);
});

test('a conflict in an older session does not make that session begin anew', async t => {
	const world = await openWorld(t);
	const send = (boot: string, seq: number, v: number): Promise<Outcome> => world.send('count', {at: startMs, boot, seq, v});
	for (let seq = 0; seq < 200; seq += 1) void send('a', seq, 1);
	for (let seq = 0; seq < 100; seq += 1) void send('b', seq, 1);
	await world.log().settled();
	await send('a', 150, 2);
	for (let seq = 151; seq < 200; seq += 1) await send('a', seq, 1);
	t.is((await values(world)).length, 301);
});

test('a pack with the same reading twice keeps it once, and two values of one time as a conflict', async t => {
	const world = await openWorld(t);
	const at = startMs / 1000;
	const pack = [
		{n: 'pack:v', t: at, v: 1},
		{n: 'pack:v', t: at, v: 1},
		{n: 'pack:v', t: at, v: 2},
		{n: 'pack:v', t: at, v: 1},
		{n: 'pack:v', t: at, v: 2},
		{n: 'pack:i', t: at, v: 1},
		{n: 'pack:v', t: at - 1, v: 1},
		{n: 'pack:v', t: at - 1, v: 1},
	];
	const expected = [
		[1n, []],
		[2n, ['conflict']],
		[1n, []],
		[1n, []],
	];
	for (const changes of [{}, dup]) {
		t.is(await world.send('pack', pack, changes), 'kept');
		const {readings} = await world.readings();
		t.deepEqual(
			readings.map(({value, qualities}) => [value, qualities]),
			expected,
		);
	}
	await world.restart();
	t.is(await world.send('pack', pack, dup), 'kept');
	t.is((await values(world)).length, 4);
	t.is(await repeats(world), 4 + 8 + 8);
});

test('a pack that goes back in time by more than memory holds is kept once', async t => {
	const world = await openWorld(t);
	const pack = Array.from({length: 1000}, (_, i) => ({n: 'pack:v', t: startMs / 1000 - i, v: i % 7}));
	for (let round = 0; round < 3; round += 1) {
		t.is(await world.send('pack', [...pack, ...pack.slice(0, 24)]), 'kept');
		if (round === 1) await world.restart();
	}
	t.is((await values(world)).length, 1000);
	t.is(await repeats(world), 24 + 1024 + 1024);
});

test('without sequence and time only a DUP of the same packet id is a repeat', async t => {
	const world = await openWorld(t);
	t.is(await world.send('bare', {v: 1}, {packetId: 7}), 'kept');
	t.is(await world.send('bare', {v: 1}, {packetId: 8}), 'kept');
	t.is(await world.send('bare', {v: 1}, {packetId: 7}), 'kept');
	t.is((await values(world)).length, 3);
	t.is(await world.send('bare', {v: 1}, {packetId: 7, ...dup}), 'kept');
	t.is((await values(world)).length, 3);
	// What was lost on its first way has its own value, or its own id, or comes from another client.
	await world.send('bare', {v: 2}, {packetId: 7, ...dup});
	await world.send('bare', {v: 1}, {packetId: 9, ...dup});
	await world.send('bare', {v: 1}, {packetId: 8, clientId: 'bare:2', ...dup});
	t.is((await values(world)).length, 6);
	await world.restart();
	await world.send('bare', {v: 2}, {packetId: 7, ...dup});
	await world.send('bare', {v: 1}, {packetId: 10, ...dup});
	t.is((await values(world)).length, 7);
});

test('relative SenML times are no key: a second delivery is known by DUP and packet id alone', async t => {
	const world = await openWorld(t);
	const pack = [
		{n: 'pack:v', t: -10, v: 1},
		{n: 'pack:v', t: -5, v: 2},
		{n: 'pack:v', v: 1},
	];
	const send = (packetId: number, changes = {}): Promise<Outcome> => world.send('pack', pack, {packetId, ...changes});
	await send(3);
	world.clock.move(7);
	await send(3, dup);
	t.deepEqual(
		(await world.readings()).readings.map(({measuredAtMs}) => measuredAtMs),
		[startMs - 10_000, startMs - 5000, 0],
	);
	await send(4);
	await send(3);
	t.is((await values(world)).length, 9);
	await world.restart();
	await send(3, dup);
	await send(4, dup);
	t.is((await values(world)).length, 9);
	await send(5, dup);
	t.is((await values(world)).length, 12);
});

test('relative and absolute times of one channel do not stand for each other', async t => {
	const world = await openWorld(t);
	await world.send('pack', [{n: 'pack:v', t: -1, v: 1}], {packetId: undefined, flags: 0});
	await world.send('pack', [{n: 'pack:v', t: startMs / 1000 - 1, v: 1}]);
	await world.restart();
	await world.send('pack', [{n: 'pack:v', v: 1}], {packetId: undefined, flags: 0});
	await world.send('pack', [{n: 'pack:v', t: -1, v: 1}], {packetId: undefined, flags: 0});
	await world.restart();
	await world.send('pack', [{n: 'pack:v', t: startMs / 1000 - 1, v: 1}]);
	t.is((await values(world)).length, 4);
	t.is(await repeats(world), 1);
});

test('QoS 0 is taken without a promise of the device: repeats by key are told, others are new', async t => {
	const world = await openWorld(t);
	const zero = {packetId: undefined, flags: 0};
	for (let i = 0; i < 2; i += 1) {
		t.is(await world.send('clock', {at: startMs, v: 1}, zero), 'kept');
		t.is(await world.send('bare', {v: 1}, zero), 'kept');
		t.is(await world.send('clock', 'no json', zero), 'refused');
	}
	const {readings, log} = await world.readings();
	t.is(readings.length, 3);
	t.is(log.counters.get('refused:payload-malformed'), 2);
});

test('what a broker of yours delivers as retained is old state, never a reading', async t => {
	const world = await openWorld(t);
	const viaClient = {identity: 'upstream', clientId: 'kedge', flags: 1 | arrivalFlags.client};
	t.is(await world.send('clock', {at: startMs, v: 1}, {...viaClient, flags: viaClient.flags | arrivalFlags.retain}), 'refused');
	t.deepEqual(await values(world), []);
	t.is(await world.send('clock', {at: startMs, v: 1}, viaClient), 'kept');
	// A device of ours that asks to retain still measures now.
	t.is(await world.send('clock', {at: startMs + 1, v: 1}, {flags: 1 | arrivalFlags.retain}), 'kept');
	const {readings, log} = await world.readings();
	t.deepEqual(
		readings.map(({identity}) => identity),
		['upstream', 'clock'],
	);
	t.deepEqual(quarantined(log), [{reason: 'retained', topic: 'clocked/clock', payload: `{"at":${startMs},"v":1}`}]);
});

test('a message that the door cut off is refused with what is left of it, also where it was retained', async t => {
	const world = await openWorld(t);
	const viaClient = {identity: 'upstream', clientId: 'kedge', flags: 1 | arrivalFlags.client | arrivalFlags.retain};
	const payload = `{"at":${startMs},"v":1}`;
	t.is(await world.send('clock', payload, {...viaClient, payloadLength: 100_000, packetBytesMax: 65_536}), 'refused');
	const {readings, log} = await world.readings();
	t.is(readings.length, 0);
	t.is(log.counters.get('refused:too-large'), 1);
	t.deepEqual(quarantined(log), [{reason: 'too-large', topic: 'clocked/clock', payload}]);
});

test('the same message by both doors is one', async t => {
	const world = await openWorld(t);
	await world.send('clock', {at: startMs, v: 1});
	await world.send('clock', {at: startMs, v: 1}, {identity: 'upstream', clientId: 'kedge', flags: 1 | arrivalFlags.client});
	t.is((await values(world)).length, 1);
});

test('a message to the topic of another device, or of nobody, is refused with its bytes', async t => {
	const world = await openWorld(t);
	const bytes = Buffer.from([0, 255, 10, 123]).toString('latin1');
	const viaClient = {identity: 'upstream', flags: 1 | arrivalFlags.client};
	t.is(await world.send('clock', 'a', {topic: 'counted/count'}), 'refused');
	t.is(await world.send('clock', 'b', {topic: 'nowhere'}), 'refused');
	t.is(await world.send('clock', 'c', {topic: ''}), 'refused');
	t.is(await world.send('clock', 'd', {topic: 'clocked/clock\0'}), 'refused');
	t.is(await world.send('clock', 'e', {identity: 'nobody'}), 'refused');
	t.is(await world.send('clock', bytes, {...viaClient, topic: 'clocked/other'}), 'refused');
	const {log} = await world.readings();
	t.deepEqual(quarantined(log), [
		{reason: 'topic-forbidden', topic: 'counted/count', payload: 'a'},
		{reason: 'topic-unknown', topic: 'nowhere', payload: 'b'},
		{reason: 'topic-unknown', topic: '', payload: 'c'},
		{reason: 'topic-unknown', topic: 'clocked/clock\0', payload: 'd'},
		{reason: 'device-unknown', topic: 'clocked/clock', payload: 'e'},
		{reason: 'device-unknown', topic: 'clocked/other', payload: bytes},
	]);
	t.is(log.channels.length, 1, 'a refused message enrols nothing');
});

test('refusals inside a message leave its other readings alone, and all are counted', async t => {
	const world = await openWorld(t);
	const at = startMs / 1000;
	const pack = [
		{n: 'pack:v', t: at, v: 1},
		{n: 'pack:v', t: 1_000_000_000_000, v: 2},
		{n: 'pack:v', t: 300_000_000, v: 2},
		{n: 'pack:v', t: at + 1, u: 'kWh', v: 3},
		{n: 'pack:i', t: at, v: 0.5},
		{n: 'pack:v', t: at + 2, v: 4},
	];
	t.is(await world.send('pack', pack), 'kept');
	let {readings, log} = await world.readings();
	t.deepEqual(
		readings.map(({value}) => value),
		[1n, 4n],
	);
	t.deepEqual(quarantined(log), [{reason: 'time-implausible', topic: 'pack/pack', payload: JSON.stringify(pack)}]);
	t.is(log.channels.length, 2, 'a channel of refused readings only is not enrolled');
	t.is(await world.send('pack', pack, dup), 'kept');
	t.is(await world.send('pack', pack.slice(1, 5)), 'refused');
	({readings, log} = await world.readings());
	t.is(readings.length, 2);
	t.deepEqual(Object.fromEntries([...log.counters].sort()), {
		'also-refused:time-implausible': 3,
		'also-refused:unit-wrong': 3,
		'also-refused:value-inexact': 3,
		'refused:time-implausible': 3,
		repeats: 2,
	});
});

test('a channel keeps the exponent that it was enrolled with, whatever the config says later', async t => {
	const world = await openWorld(t);
	const withExponent = (exponent: number) => ({
		mappings: {m: {topic: 'm/{device}', format: 'json' as const, readings: [{pointer: '/v', quantity: 'voltage', unit: 'mV', exponent}]}},
		devices: {d: ['m']},
	});
	await world.restart(withExponent(1));
	await world.send('d', {v: 230_100});
	t.deepEqual(world.warnings, []);
	await world.restart(withExponent(-3));
	await world.send('d', {v: 230_200});
	t.is(await world.send('d', {v: 230_201}), 'refused');
	t.deepEqual(
		(await world.readings()).readings.map(({value, exponent}) => [value, exponent]),
		[
			[23_010n, 1],
			[23_020n, 1],
		],
	);
	t.deepEqual(world.warnings, ['exponent of the config is not used']);
});

test('two mappings of one channel share its exponent, whichever is used first', async t => {
	const mapping = (topic: string, exponent: number) => ({
		topic,
		format: 'json' as const,
		readings: [{pointer: '/v', quantity: 'voltage', unit: 'V', exponent}],
	});
	const world = await openWorld(t, {mappings: {a: mapping('a/{device}', 3), b: mapping('b/{device}', 0)}, devices: {d: ['a', 'b']}});
	// The first message of each reaches its mapping, but enrols nothing.
	t.is(await world.send('d', 'no json', {topic: 'a/d'}), 'refused');
	t.is(await world.send('d', 'no json', {topic: 'b/d'}), 'refused');
	t.is(await world.send('d', {v: 5}, {topic: 'b/d'}), 'kept');
	t.is(await world.send('d', {v: 6}, {topic: 'a/d'}), 'kept');
	t.is(await world.send('d', {v: 0.5}, {topic: 'b/d'}), 'refused');
	t.deepEqual(
		(await world.readings()).readings.map(({value, exponent}) => [value, exponent]),
		[
			[5n, 3],
			[6n, 3],
		],
	);
});

test('what waits for a look into the log is kept as it came, though its memory is used again', async t => {
	const world = await openWorld(t);
	await world.send('clock', {at: startMs, v: 1});
	await world.restart();
	const chunk = Buffer.from(`{"at":${startMs - 1},"v":7}`);
	const text = chunk.toString();
	const outcome = world.accept({topic: 'clocked/clock', payload: chunk, flags: 1, identity: 'clock', clientId: 'clock', packetId: 1});
	chunk.fill(0x78);
	t.is(await outcome, 'kept');
	t.is((await world.readings()).readings[1]?.payload, text);
});

async function crowd(t: ExecutionContext, world: World, count: number): Promise<void> {
	await world.send('clock', {at: startMs, v: 1});
	await world.restart();
	const outcomes: Promise<Outcome>[] = [];
	for (let i = 1; i <= count; i += 1) {
		t.is(world.ingest().pressure(), undefined, `after ${i - 1}`);
		outcomes.push(world.send('clock', {at: startMs - i, v: 1}));
	}
	const pressure = world.ingest().pressure();
	t.not(pressure, undefined);
	t.is(world.ingest().pressure(), pressure);
	await pressure;
	t.is(world.ingest().pressure(), undefined);
	t.deepEqual(new Set(await Promise.all(outcomes)), new Set(['kept']));
	t.is((await values(world)).length, count + 1);
}

test('who feeds faster than the log can be looked into is asked to wait', async t => {
	await crowd(t, await openWorld(t), 4097);
});

test('thousands of topics do not pile up', async t => {
	const ids = Array.from({length: 5000}, (_, i) => `d${i}`);
	const world = await openWorld(t, {mappings: config.mappings, devices: Object.fromEntries(ids.map(id => [id, ['bare']]))});
	for (let round = 0; round < 2; round += 1) {
		const outcomes: Promise<Outcome>[] = [];
		for (const id of ids) outcomes.push(world.send(id, {v: round}));
		await Promise.all(outcomes);
	}
	t.is((await values(world)).length, 10_000);
});

test('a message of more readings than the log takes in one piece is refused whole, and the next one is taken', async t => {
	const readings = [
		{name: 'm', quantity: 'active-power', unit: 'W'},
		{name: 'm', quantity: 'energy-import-joule', unit: 'J', sum: true},
	] as const;
	const world = await openWorld(t, {
		mappings: {pack: {topic: 'pack/{device}', format: 'senml', readings}},
		devices: {pack: ['pack']},
	});
	const pack = (count: number, beginMs: number): object[] =>
		Array.from({length: count}, (_, k) => ({n: 'm', t: (beginMs + k) / 1000, v: k, s: k}));
	t.is(await world.send('pack', pack(512, startMs - 5000)), 'kept');
	t.is(await world.send('pack', pack(513, startMs - 3000)), 'refused');
	t.is(await world.send('pack', pack(1024, startMs - 2000)), 'refused');
	t.is(await world.send('pack', pack(1, startMs)), 'kept');
	const {log, readings: logged} = await world.readings();
	t.is(logged.length, 1026);
	t.deepEqual(
		quarantined(log).map(({reason}) => reason),
		['payload-malformed', 'payload-malformed'],
	);
});

test('garbage is refused with its bytes and never thrown', async t => {
	const world = await openWorld(t);
	const garbage = [
		'',
		'null',
		'[]',
		'{}',
		'{"at":1e400,"v":1}',
		'{"at":"x","v":1}',
		`{"at":${startMs},"v":12345678901234567890}`,
		`{"at":${startMs},"v":1e400}`,
		`{"at":${startMs},"v":NaN}`,
		`{"at":${startMs},"v":1,"v":1}`,
		`{"at":${startMs},"__proto__":{"v":1}}`,
		'{"at":0,"v":1}',
		'{"at":4102444800000,"v":1}',
		`${'['.repeat(1000)}`,
		'"\\ud800\\u0000"',
		'x'.repeat(60_000),
	];
	for (const payload of garbage)
		for (const device of ['clock', 'count', 'pack']) t.is(await world.send(device, payload), 'refused', payload.slice(0, 40));
	const {readings, log} = await world.readings();
	t.deepEqual(readings, []);
	t.is(log.channels.length, 1);
	t.deepEqual(
		quarantined(log).map(({payload}) => payload),
		garbage.flatMap(payload => [payload, payload, payload]),
	);
});
