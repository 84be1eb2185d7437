// Direct measurement: hours of a stack that were measured, hours in which something stands in for what was not, and hours that nobody knows.
import test from 'ava';
import {qualities} from '../../../agent/format/entry.ts';
import type {StatementBody} from '../../../agent/format/statement.ts';
import type {EmissionsAnswer} from '../../../agent/ledgers/emissions/answer.ts';
import {createEmissionsWorld, type EmissionsWorld, hourMs} from '../../helpers/emissions-world.ts';

const site = 'urn:kedge:site:plant';
const stack = 'urn:kedge:device:s1:co2-concentration';
const flow = 'urn:kedge:device:s1:stack-flow';
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;

function measured(changes: StatementBody = {}, factors: readonly [id: string, body: StatementBody][] = []): EmissionsWorld {
	const world = createEmissionsWorld();
	for (const [id, body] of factors) world.state('factor', `urn:kedge:factor:${id}`, body, startMs - hourMs);
	const source = {id: 'stack', scope: 1, method: 'direct', concentration: {urn: stack}, flow: {urn: flow}, ...changes};
	world.state('site', site, {zone: 'UTC', sources: [source]}, startMs - hourMs);
	return world;
}

/** An hour of readings, one in each quarter that is named. */
function hourOf(world: EmissionsWorld, urn: string, hour: number, values: readonly (number | undefined)[], quality = 0): void {
	for (const [quarter, value] of values.entries())
		if (value !== undefined) world.read(urn, {value, atMs: startMs + hour * hourMs + (quarter * 15 + 7) * minuteMs, quality});
}

const ask = async (world: EmissionsWorld, hours: number): Promise<EmissionsAnswer> =>
	(await world.fold()).answer({id: 'plant', fromMs: startMs, toMs: startMs + hours * hourMs});

test('concentration times flow is a mass: averages of an hour, multiplied and rounded down once', async t => {
	const world = measured();
	// 7 % of carbon dioxide are some 137 g/m3; the flow is 100 m3/s.
	hourOf(world, stack, 0, [137_000_001, 137_000_002, 137_000_003, 137_000_001]);
	hourOf(world, flow, 0, [100_000, 100_001, 100_001, 100_001]);
	hourOf(world, stack, 1, [0, 0, 0, 0]);
	hourOf(world, flow, 1, [0, 0, 0, 0]);
	hourOf(world, stack, 2, [0]);
	hourOf(world, flow, 2, [0]);
	const answer = await ask(world, 2);
	t.true(answer.complete, answer.reasons.join());
	// Both averages over four readings.
	t.is(answer.totals.scope1, `${(548_000_007n * 400_003n * 36n) / (16n * 10_000n)}`);
	t.is(answer.hours![1]!.mg.scope1, '0');
});

test('the example of HJ 75: 20 mg/m3 and 275539 m3/h are 5.5 kg/h', async t => {
	const hourly = 'urn:kedge:device:s1:volume-flow';
	const world = measured({flow: {urn: hourly}});
	hourOf(world, stack, 0, [20_000, 20_000, 20_000, 20_000]);
	hourOf(world, hourly, 0, [275_539_330, 275_539_330, 275_539_330, 275_539_330]);
	hourOf(world, stack, 1, [0]);
	hourOf(world, hourly, 1, [0]);
	t.is((await ask(world, 1)).totals.scope1, '5510786');
});

test('a gas other than carbon dioxide is multiplied by its factor, and gases of one stack are separate sources', async t => {
	const methane: StatementBody = {digits: 298, exponent: -1, unit: 'mg', source: 'AR6, fossil', validFrom: '2020-01-01'};
	const world = measured({factors: ['ch4']}, [['ch4', methane]]);
	hourOf(world, stack, 0, [5000, 5000, 5000, 5000]);
	hourOf(world, flow, 0, [1000, 1000, 1000, 1000]);
	hourOf(world, stack, 1, [0]);
	hourOf(world, flow, 1, [0]);
	t.is((await ask(world, 1)).totals.scope1, `${Math.floor((5000 * 1000 * 36 * 29.8) / 10_000)}`);
});

test('an hour without a valid reading in enough quarters is not measured, and without a rule not known', async t => {
	for (const [quadrantsMin, isKnown] of [
		[4, false],
		[3, true],
	] as const) {
		const world = measured({quadrantsMin});
		hourOf(world, stack, 0, [1000, 1000, undefined, 1000]);
		hourOf(world, flow, 0, [1000, 1000, 1000, 1000]);
		hourOf(world, stack, 1, [0]);
		hourOf(world, flow, 1, [0]);
		const answer = await ask(world, 1);
		t.is(answer.complete, isKnown);
		t.is(answer.totals.scope1, isKnown ? '3600' : '0');
		t.is(answer.sources[0]!.hours.missing, isKnown ? 0 : 1);
		t.deepEqual(answer.sources[0]!.problems, isKnown ? [] : [{problem: `not-measured ${stack}`, hours: 1}]);
	}
});

test('readings below zero and readings that the device calls invalid are shown, and count as none', async t => {
	const world = measured();
	hourOf(world, stack, 0, [1000, 1000, 1000, 1000]);
	hourOf(world, flow, 0, [1000, 1000, 1000, 1000]);
	hourOf(world, flow, 0, [-500], 0);
	hourOf(world, stack, 0, [9_999_999], qualities.invalid);
	hourOf(world, stack, 1, [1000, 1000, 1000, 1000]);
	hourOf(world, flow, 1, [-1, -1, -1, -1]);
	hourOf(world, stack, 2, [0]);
	hourOf(world, flow, 2, [0]);
	const answer = await ask(world, 2);
	t.is(answer.totals.scope1, '3600');
	t.false(answer.complete);
	const [concentration, volume] = answer.sources[0]!.channels;
	t.is(concentration!.invalid, 1);
	t.is(volume!.negative, 5);
	t.is(answer.sources[0]!.hours.missing, 1);
});

test('the highest hour before stands in for one that was not measured, is marked, and counts against the site', async t => {
	const world = measured({substitution: 'maximum'});
	for (const [hour, value] of [1000, 3000, 2000].entries()) {
		hourOf(world, stack, hour, [value, value, value, value]);
		hourOf(world, flow, hour, [1000, 1000, 1000, 1000]);
	}
	// Hours 3 and 4 have a flow and no concentration, hour 5 has neither.
	hourOf(world, flow, 3, [1000, 1000, 1000, 1000]);
	hourOf(world, flow, 4, [2000, 2000, 2000, 2000]);
	hourOf(world, stack, 6, [100, 100, 100, 100]);
	hourOf(world, flow, 6, [1000, 1000, 1000, 1000]);
	hourOf(world, stack, 7, [0]);
	hourOf(world, flow, 7, [0]);
	const answer = await ask(world, 7);
	t.true(answer.complete);
	t.deepEqual(
		answer.hours!.map(hour => hour.mg.scope1),
		['3600', '10800', '7200', '10800', '21600', '21600', '360'],
	);
	const [source] = answer.sources;
	t.is(source!.hours.substituted, 3);
	t.deepEqual(source!.substitutedMg, {emitted: '54000'});
	t.deepEqual(source!.gaps.list, [{fromMs: startMs + 3 * hourMs, toMs: startMs + 6 * hourMs, what: 'substituted'}]);
});

test('without any hour before there is no highest one, and the hour stays unknown', async t => {
	const world = measured({substitution: 'maximum'});
	hourOf(world, flow, 0, [1000, 1000, 1000, 1000]);
	hourOf(world, stack, 1, [0]);
	hourOf(world, flow, 1, [0]);
	const answer = await ask(world, 1);
	t.false(answer.complete);
	t.deepEqual(answer.sources[0]!.problems, [{problem: `no-substitute ${stack}`, hours: 1}]);
});

test('only the newest 720 measured hours are looked at', async t => {
	const world = measured({substitution: 'maximum'});
	for (let hour = 0; hour <= 720; hour += 1) {
		const value = hour === 0 ? 9000 : 1000;
		hourOf(world, stack, hour, [value, value, value, value]);
		hourOf(world, flow, hour, [1000, 1000, 1000, 1000]);
	}
	hourOf(world, flow, 721, [1000, 1000, 1000, 1000]);
	hourOf(world, stack, 722, [0]);
	hourOf(world, flow, 722, [0]);
	const answer = await ask(world, 722);
	t.is(answer.hours!.at(-1)!.mg.scope1, '3600');
});

test('a value that the site has stated stands in where its rule says so', async t => {
	const world = measured({substitution: 'fallback', concentration: {urn: stack, fallback: '5000'}, flow: {urn: flow, fallback: '2000'}});
	hourOf(world, stack, 0, [1000, 1000, 1000, 1000]);
	hourOf(world, stack, 1, [0]);
	hourOf(world, flow, 1, [0]);
	const answer = await ask(world, 2);
	t.deepEqual(
		answer.hours!.map(hour => hour.mg.scope1),
		['7200', '36000'],
	);
	t.is(answer.sources[0]!.hours.substituted, 2);
});

test('a late reading that makes an hour measured changes what stood in for it and for others', async t => {
	const world = measured({substitution: 'maximum'});
	hourOf(world, stack, 0, [1000, 1000, 1000, 1000]);
	hourOf(world, stack, 1, [5000, 5000, 5000, undefined]);
	for (const hour of [0, 1, 2]) hourOf(world, flow, hour, [1000, 1000, 1000, 1000]);
	hourOf(world, stack, 3, [0]);
	hourOf(world, flow, 3, [0]);
	world.other(startMs + 5 * hourMs);
	const before = await ask(world, 3);
	t.deepEqual(
		before.hours!.map(hour => hour.mg.scope1),
		['3600', '3600', '3600'],
	);
	world.read(stack, {value: 5000, atMs: startMs + hourMs + 50 * minuteMs, arrivedAtMs: startMs + 6 * hourMs});
	world.other(startMs + 8 * hourMs);
	const after = await ask(world, 3);
	t.deepEqual(
		after.hours!.map(hour => hour.mg.scope1),
		['3600', '18000', '18000'],
	);
	t.is(after.sources[0]!.hours.restated, 2);
	t.is(after.sources[0]!.hours.substituted, 1);
});
