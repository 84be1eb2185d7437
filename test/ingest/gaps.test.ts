// Jumps of a device's own numbering become notes on its channels, in front of what reveals them, and nothing else does.
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {decodeNote} from '../../agent/format/body.ts';
import {kinds, noteKinds} from '../../agent/format/entry.ts';
import {DeviceNumbers} from '../../agent/ingest/gaps.ts';
import type {Outcome} from '../../agent/ingest/ingest.ts';
import {startMs} from '../helpers/log-world.ts';
import {type Config, openWorld, type World} from './world.ts';

/** A device that sends two kinds of messages under one numbering. */
const sequence = {pointer: '/seq', session: '/boot'} as const;
const time = {pointer: '/at', format: 'unix-ms'} as const;
const config: Config = {
	mappings: {
		power: {
			topic: 'power/{device}',
			format: 'json',
			time,
			sequence,
			readings: [
				{pointer: '/v', quantity: 'voltage', unit: 'mV'},
				{pointer: '/i', quantity: 'current', unit: 'mA', optional: true},
			],
		},
		heat: {topic: 'heat/{device}', format: 'json', time, sequence, readings: [{pointer: '/t', quantity: 'temperature', unit: 'Cel'}]},
	},
	devices: {meter: ['power', 'heat']},
};

const voltage = 'urn:kedge:device:meter:voltage';
const current = 'urn:kedge:device:meter:current';
const heat = 'urn:kedge:device:meter:temperature';

const power = (seq: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
	boot: 'b',
	seq,
	at: startMs,
	v: seq,
	...more,
});
const warm = (world: World, seq: number, boot = 'b'): Promise<Outcome> =>
	world.send('meter', {boot, seq, at: startMs, t: seq}, {topic: 'heat/meter'});

type Line = {readonly urn: string; readonly seq: number} | {readonly urn: string; readonly gap: readonly [string, number, number]};

/** Entries of channels in order: readings with their sequence, gaps with session and ends. */
async function lines(t: ExecutionContext, world: World): Promise<Line[]> {
	const {log} = await world.readings();
	const urns = new Map(log.channels.map(({subject, urn}) => [subject, urn]));
	const found: Line[] = [];
	for (const {entry, record} of log.entries) {
		const urn = urns.get(Buffer.from(entry.subject).toString('hex'))!;
		if (entry.kind === kinds.reading) found.push({urn, seq: JSON.parse(/\{.*\}/.exec(Buffer.from(record).toString())![0]).seq});
		else if (entry.kind === kinds.note && entry.quantity === noteKinds.gap) {
			const {note, session = '', from, to, ...rest} = decodeNote(record)!;
			t.deepEqual([note, rest], ['gap', {}]);
			t.is(entry.value, BigInt(Number(to) - Number(from) + 1));
			t.is(entry.measuredAtMs, 0);
			found.push({urn, gap: [String(session), Number(from), Number(to)]});
		}
	}
	return found;
}

const gapsOf = (found: readonly Line[]): (readonly [string, number, number])[] => found.flatMap(line => ('gap' in line ? [line.gap] : []));

const tables: readonly (readonly [
	name: string,
	admitted: readonly (readonly [string, number])[],
	gaps: readonly (readonly [number, number])[],
])[] = [
	[
		'numbers that follow each other have no gap',
		[
			['b', 1],
			['b', 2],
			['b', 3],
		],
		[],
	],
	[
		'a session may begin anywhere',
		[
			['b', 17],
			['b', 18],
		],
		[],
	],
	[
		'0 and 1 may be the first',
		[
			['b', 0],
			['b', 1],
			['c', 1],
			['c', 2],
		],
		[],
	],
	[
		'one number is missing',
		[
			['b', 1],
			['b', 3],
		],
		[[2, 2]],
	],
	[
		'many are missing',
		[
			['b', 1],
			['b', 2 ** 48 - 2],
		],
		[[2, 2 ** 48 - 3]],
	],
	[
		'a number that comes late is no gap, and leaves none behind',
		[
			['b', 1],
			['b', 4],
			['b', 2],
			['b', 3],
			['b', 5],
		],
		[[2, 3]],
	],
	[
		'a number that begins anew within the session is no gap',
		[
			['b', 65_535],
			['b', 0],
			['b', 1],
			['b', 65_537],
		],
		[[65_536, 65_536]],
	],
	[
		'a new session is no gap, and the old one goes on where it was',
		[
			['b', 5],
			['c', 1],
			['b', 6],
			['c', 3],
			['b', 8],
		],
		[
			[2, 2],
			[7, 7],
		],
	],
];

for (const [name, admitted, gaps] of tables)
	test(name, t => {
		const numbers = new DeviceNumbers({newest: undefined, isWhole: true});
		const found = admitted.map(([session, number]) => {
			t.true(numbers.knows(session));
			return numbers.admit(session, number, undefined);
		});
		t.deepEqual(
			found.filter(gap => gap !== undefined).map(({from, to}) => [from, to] as const),
			gaps,
		);
	});

test('after a start only the session that the log stands in is known; for others it is asked, and what it says counts', t => {
	const numbers = new DeviceNumbers({newest: {session: 'b', top: 7}, isWhole: false});
	t.true(numbers.knows('b'));
	t.false(numbers.knows('a'));
	t.deepEqual(numbers.admit('a', 5, 9), undefined);
	t.deepEqual(numbers.admit('a', 12, undefined), {from: 10, to: 11});
	t.deepEqual(numbers.admit('b', 9, undefined), {from: 8, to: 8});
	t.deepEqual(numbers.admit('new', 3, undefined), undefined);
	t.deepEqual(numbers.admit('new', 4, undefined), undefined);
});

test('only so many sessions are remembered', t => {
	const numbers = new DeviceNumbers({newest: undefined, isWhole: true});
	for (let i = 0; i < 1000; i += 1) numbers.admit(`s${i}`, 1, undefined);
	t.deepEqual(
		Array.from({length: 1000}, (_, i) => `s${i}`).filter(session => numbers.knows(session)),
		Array.from({length: 8}, (_, i) => `s${992 + i}`),
	);
});

test('a gap is a note on every channel of the message that reveals it, in front of its readings and in their commit', async t => {
	const world = await openWorld(t, config);
	await world.send('meter', power(1, {i: 1}));
	await warm(world, 2);
	const {commits} = world.disk;
	t.is(await world.send('meter', power(5, {i: 5})), 'kept');
	t.is(world.disk.commits, commits + 1);
	t.is(await warm(world, 6), 'kept');
	t.deepEqual((await lines(t, world)).slice(3), [
		{urn: voltage, gap: ['b', 3, 4]},
		{urn: current, gap: ['b', 3, 4]},
		{urn: voltage, seq: 5},
		{urn: current, seq: 5},
		{urn: heat, seq: 6},
	]);
	t.is((await world.readings()).log.counters.get('gaps'), 1);
});

test('a message without one of its optional readings is no gap in that channel', async t => {
	const world = await openWorld(t, config);
	for (const [seq, more] of [
		[1, {i: 1}],
		[2, {}],
		[3, {}],
		[4, {i: 4}],
	] as const)
		await world.send('meter', power(seq, more));
	t.deepEqual(gapsOf(await lines(t, world)), []);
});

test('what was refused as a whole is a gap, since its number was never logged; what was refused in part is none', async t => {
	const world = await openWorld(t, config);
	await world.send('meter', power(1));
	t.is(await world.send('meter', power(2, {v: 'much'})), 'refused');
	t.is(await world.send('meter', power(3)), 'kept');
	t.is(await world.send('meter', power(4, {v: 'much', i: 4})), 'kept');
	t.is(await world.send('meter', power(5)), 'kept');
	t.deepEqual(gapsOf(await lines(t, world)), [['b', 2, 2]]);
});

test('a repeat reveals nothing, and what fills a gap later is an entry like any other', async t => {
	const world = await openWorld(t, config);
	for (const seq of [1, 4, 4, 1, 2, 3, 3, 5]) await world.send('meter', power(seq));
	t.deepEqual(gapsOf(await lines(t, world)), [['b', 2, 3]]);
	t.is((await world.readings()).readings.length, 5);
});

test('a device without sessions has one', async t => {
	const {power: mapping, ...rest} = config.mappings;
	const world = await openWorld(t, {...config, mappings: {power: {...mapping!, sequence: {pointer: '/seq'}}, ...rest}});
	await world.send('meter', power(1));
	await world.send('meter', power(3));
	t.deepEqual(gapsOf(await lines(t, world)), [['', 2, 2]]);
});

test('after a restart the numbering goes on where it was, whichever channel the newest number was on', async t => {
	const world = await openWorld(t, config);
	await world.send('meter', power(1, {i: 1}));
	await warm(world, 2);
	await warm(world, 3);
	await world.restart();
	await world.send('meter', power(4));
	await world.restart();
	await warm(world, 7);
	t.deepEqual(gapsOf(await lines(t, world)), [['b', 5, 6]]);
});

test('after a restart an older session is looked up on all channels of the device', async t => {
	const world = await openWorld(t, config);
	await world.send('meter', power(1, {i: 1}));
	await warm(world, 9);
	await world.send('meter', power(1, {boot: 'c'}));
	await world.restart();
	// On the voltage's own channel 1 is the newest of session b: 9 is known from the other one.
	await world.send('meter', power(10));
	await world.send('meter', power(12));
	t.deepEqual(gapsOf(await lines(t, world)), [
		['b', 2, 8],
		['b', 11, 11],
	]);
});

test('if the commit fails neither the note nor the reading is there, and the same message brings both', async t => {
	const world = await openWorld(t, config);
	await world.send('meter', power(1));
	world.disk.around = async () => {
		throw new Error('the disk says no');
	};
	t.is(await world.send('meter', power(3)), 'failed');
	world.disk.around = undefined;
	await world.restart();
	t.deepEqual(gapsOf(await lines(t, world)), []);
	t.is(await world.send('meter', power(3)), 'kept');
	t.deepEqual(gapsOf(await lines(t, world)), [['b', 2, 2]]);
});

test('if the commit fails but is done, the note and the reading are there once', async t => {
	const world = await openWorld(t, config);
	await world.send('meter', power(1));
	world.disk.around = async commit => {
		await commit();
		throw new Error('the disk says no, and did');
	};
	t.is(await world.send('meter', power(3)), 'failed');
	world.disk.around = undefined;
	await world.restart();
	t.is(await world.send('meter', power(3)), 'kept');
	t.deepEqual(gapsOf(await lines(t, world)), [['b', 2, 2]]);
});

/** What must stand in a log: in its order, each number that is more than one above the largest of its session has its note right in front, on each channel. */
function expected(found: readonly Line[], sessions: readonly string[]): Line[] {
	const made: Line[] = [];
	const tops = new Map<string, number>();
	let reading = 0;
	let message: Line[] = [];
	const end = (): void => {
		const [first] = message;
		const session = sessions[reading - 1];
		if (first === undefined || session === undefined || !('seq' in first)) return;
		const top = tops.get(session);
		if (top !== undefined && first.seq > top + 1)
			made.push(...message.map(({urn}): Line => ({urn, gap: [session, top + 1, first.seq - 1]})));
		tops.set(session, Math.max(top ?? first.seq, first.seq));
		made.push(...message);
		message = [];
	};
	for (const line of found) {
		if ('gap' in line) continue;
		// A message begins with its voltage, or is the temperature.
		if (line.urn !== current) {
			end();
			reading += 1;
		}
		message.push(line);
	}
	end();
	return made;
}

test('whatever a device sends, and however often the agent starts again, the notes are those that the log itself shows to be due', async t => {
	const send = fc.record({
		boot: fc.constantFrom('a', 'b', 'c'),
		move: fc.constantFrom(1, 1, 1, 1, 2, 3, 7, -1, -2, 0),
		kind: fc.constantFrom('power', 'both', 'heat', 'bad'),
	});
	const steps = fc.array(fc.oneof({weight: 12, arbitrary: send}, {weight: 1, arbitrary: fc.constant('restart' as const)}), {maxLength: 60});
	await fc.assert(
		fc.asyncProperty(steps, async script => {
			const world = await openWorld(t, config);
			const at = new Map<string, number>();
			/** A value says which message it was: session and sequence alone can be there twice. */
			let value = 0;
			const bootOf = new Map<number, string>();
			for (const one of script) {
				if (one === 'restart') {
					await world.restart();
					continue;
				}
				const {boot, move, kind} = one;
				const seq = Math.max(0, (at.get(boot) ?? 3) + move);
				at.set(boot, seq);
				value += 1;
				bootOf.set(value, boot);
				const common = {boot, seq, at: startMs};
				if (kind === 'heat') await world.send('meter', {...common, t: value}, {topic: 'heat/meter'});
				else await world.send('meter', {...common, v: kind === 'bad' ? 'x' : value, ...(kind === 'both' ? {i: value} : {})});
			}
			await world.log().settled();
			const found = await lines(t, world);
			const {readings} = await world.readings();
			const sessions = readings.filter(({urn}) => urn !== current).map(({payload}) => JSON.parse(payload).boot as string);
			t.deepEqual(found, expected(found, sessions));
			await world.close();
		}),
		{numRuns: 60},
	);
});
