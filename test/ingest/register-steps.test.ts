// Registers on their way through the door: what stands in the log of them, also over restarts.

import test from 'ava';
import {qualities} from '../../agent/format/entry.ts';
import {counterName, createCounters} from '../../agent/ingest/counters.ts';
import {startMs} from '../helpers/log-world.ts';
import {type Config, openWorld, type World} from './world.ts';

const config: Config = {
	mappings: {
		meter: {
			topic: 'meter/{device}',
			format: 'json',
			time: {pointer: '/at', format: 'unix-ms'},
			readings: [
				{pointer: '/wh', quantity: 'energy-import', unit: 'Wh', exponent: 0},
				{pointer: '/mv', quantity: 'voltage', unit: 'mV', optional: true},
			],
		},
		amounts: {
			topic: 'amounts/{device}',
			format: 'json',
			time: {pointer: '/at', format: 'unix-ms'},
			readings: [{pointer: '/wh', quantity: 'energy-interval', unit: 'Wh', exponent: 0}],
		},
	},
	devices: {meter: ['meter'], amounts: ['amounts']},
	maxPowerW: {meter: 10_000},
	retell: (reading, {counter, quality, span}) => ({
		...reading,
		counter: counter as string | undefined,
		quality: (quality as number | undefined) ?? 0,
		spanMs: (span as number | undefined) ?? 0,
	}),
};

const register = 'urn:kedge:device:meter:energy-import';

/** One a minute, by the device's clock and by ours. */
async function send(world: World, message: Record<string, unknown>): Promise<void> {
	world.clock.move(60_000);
	await world.send('meter', {at: world.clock.nowMs(), ...message});
}

/** `value@epoch bits` of each entry of the register. */
async function registerOf(world: World): Promise<string[]> {
	const {readings} = await world.readings();
	return readings.filter(({urn}) => urn === register).map(({value, span, qualities: bits}) => [`${value}@${span}`, ...bits].join(' '));
}

test('each step of a register is classed; a gauge is not, and an interval keeps its length', async t => {
	const world = await openWorld(t, config);
	for (const wh of [1001, 1101, 7, 1103, 99_999_999, 1104, 1103, 1109]) await send(world, {wh, mv: 230_000 - wh});
	for (const wh of [5, 3, 0]) await world.send('amounts', {at: startMs + wh, wh, span: 900_000});
	t.deepEqual(await registerOf(world), [
		'1001@0',
		'1101@0',
		'7@0 exception',
		'1103@0',
		'99999999@0 exception',
		'1104@0',
		'1103@0 noise',
		'1109@0',
	]);
	const {readings, log} = await world.readings();
	for (const {span, qualities: bits} of readings.filter(({urn}) => urn.endsWith(':voltage'))) t.deepEqual([span, bits], [0, []]);
	t.deepEqual(
		readings.filter(({urn}) => urn.endsWith(':energy-interval')).map(({span, qualities: bits}) => [span, bits.includes('exception')]),
		[5, 3, 0].map(() => [900_000, false]),
	);
	t.is(log.counters.get('steps:exception'), 2);
	t.is(log.counters.get('steps:noise'), 1);
});

test('a silent week leaves the two readings around it, and nothing else', async t => {
	const world = await openWorld(t, config);
	await send(world, {wh: 1001});
	world.clock.move(7 * 24 * 3_600_000);
	await send(world, {wh: 51_001});
	t.deepEqual(await registerOf(world), ['1001@0', '51001@0']);
});

test('readings that are a guess, or none, stand in the epoch and change nothing', async t => {
	const world = await openWorld(t, config);
	await send(world, {wh: 1001, counter: 'a'});
	await send(world, {wh: 3, counter: 'b'});
	await send(world, {wh: 9999, counter: 'b', quality: qualities.estimated});
	await send(world, {wh: 0, counter: 'b', quality: qualities.invalid});
	await send(world, {wh: 4, counter: 'b'});
	t.deepEqual(await registerOf(world), ['1001@0', '3@1 reset', '9999@1 estimated', '0@1 invalid', '4@1']);
});

test('a restart forgets nothing of a register, not even what its counter is called', async t => {
	const world = await openWorld(t, config);
	await send(world, {wh: 1001, counter: 'a'});
	await world.restart();
	await send(world, {wh: 2, counter: 'a'});
	await world.restart();
	await send(world, {wh: 1003, counter: 'a'});
	await world.restart();
	// Higher than before, but another counter.
	await send(world, {wh: 1009, counter: 'b'});
	await world.restart();
	await send(world, {wh: 1010, counter: 'b'});
	await world.restart();
	await send(world, {wh: 3, counter: 'b'});
	await world.restart();
	await send(world, {wh: 5, counter: 'b'});
	await world.restart();
	await send(world, {wh: 4, counter: 'b'});
	t.deepEqual(await registerOf(world), [
		'1001@0',
		'2@0 exception',
		'1003@0',
		'1009@1 reset',
		'1010@1',
		'3@1 exception',
		'5@2',
		'4@2 noise',
	]);
});

test('messages that come together right after a restart are classed in their order', async t => {
	const world = await openWorld(t, config);
	await send(world, {wh: 1001});
	await world.restart();
	world.clock.move(60_000);
	const at = world.clock.nowMs();
	await Promise.all([1002, 5, 1003, 1004].map((wh, i) => world.send('meter', {at: at + i, wh})));
	t.deepEqual(await registerOf(world), ['1001@0', '1002@0', '5@0 exception', '1003@0', '1004@0']);
});

test('an exception that lies far back is not forgotten: the reading before it is looked for', async t => {
	const world = await openWorld(t, config);
	await send(world, {wh: 1001});
	for (let i = 0; i < 12; i += 1) await send(world, {wh: 0});
	await world.restart();
	await send(world, {wh: 1002});
	t.is((await registerOf(world)).at(-1), '1002@0');
});

test('where no reading that counts is near, a new count begins', async t => {
	const world = await openWorld(t, config);
	await send(world, {wh: 1001});
	for (let i = 0; i < 80; i += 1) await send(world, {wh: 0});
	await world.restart();
	await send(world, {wh: 1002});
	t.is((await registerOf(world)).at(-1), '1002@1');
});

test('an owner declares a reset once, also over a restart', async t => {
	const world = await openWorld(t, config);
	await send(world, {wh: 1001});
	await world.ingest().declareReset({urn: register});
	await world.restart();
	await send(world, {wh: 1002});
	await world.restart();
	await send(world, {wh: 1003});
	t.deepEqual(await registerOf(world), ['1001@0', '1002@1 reset', '1003@1']);
});

test('the names of counters are kept whole, or as a digest', async t => {
	const put: string[][] = [];
	const logger = {log: (_: string, event: string) => void put.push([event])};
	let isBroken = true;
	const keep = async (id: string, body: string): Promise<void> => {
		if (isBroken) throw new Error('no room');
		put.push([id, body]);
	};
	const counters = createCounters([{key: 'd', body: '{"energy-import:L1":{"counter":"a"}}'}], keep, logger);
	t.deepEqual(counters.of('d', 'energy-import:L1'), {counter: 'a', isResetDeclared: false});
	t.deepEqual(counters.of('e', 'energy-import'), {counter: undefined, isResetDeclared: false});
	await counters.keep('e', 'energy-import', {counter: 'x', isResetDeclared: true});
	t.deepEqual(put, [['the name of a counter could not be kept']]);
	isBroken = false;
	await counters.keep('d', 'energy-import:L1', {counter: 'b', isResetDeclared: false});
	t.deepEqual(put.slice(1), [
		['e', '{"energy-import":{"counter":"x","isResetDeclared":true}}'],
		['d', '{"energy-import:L1":{"counter":"b","isResetDeclared":false}}'],
	]);
	t.is(counterName('2022-03-20T15:20:48'), '2022-03-20T15:20:48');
	t.regex(counterName('x'.repeat(65)), /^sha256:[0-9a-f]{64}$/);
});
