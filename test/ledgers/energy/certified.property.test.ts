// Whatever devices send and whoever states what: no Wh is certified that the register did not count, each is somewhere, and everybody who folds the log comes to the same.
import test from 'ava';
import fc from 'fast-check';
import {qualities, unsettledQualities} from '../../../agent/format/entry.ts';
import type {DeviceCertificates} from '../../../agent/ledgers/energy/certificates-of.ts';
import {createEnergyWorld, type EnergyWorld, hourMs, minuteMs, opening, startMs} from './energy-world.ts';

type Step =
	| {readonly does: 'run'; readonly minutes: number; readonly times: number; readonly milliWh: number}
	| {readonly does: 'skip'; readonly minutes: number}
	| {readonly does: 'clock'; readonly minutes: number}
	| {readonly does: 'anew'}
	| {readonly does: 'fall'; readonly milliWh: number}
	| {readonly does: 'bad'; readonly quality: number}
	| {readonly does: 'note'}
	| {readonly does: 'correct'; readonly back: number; readonly milliWh: number}
	| {readonly does: 'open'; readonly backHours: number | undefined}
	| {readonly does: 'move'; readonly from: string; readonly to: string; readonly hour: number; readonly energyWh: number}
	| {readonly does: 'spend'; readonly what: 'cancel' | 'retire'; readonly holder: string; readonly hour: number; readonly energyWh: number}
	| {readonly does: 'split'; readonly holder: string; readonly hour: number; readonly first: number; readonly energyWh: number};

const account = fc.constantFrom('alice', 'bob', 'carol');
const hour = fc.nat({max: 12});
const energyWh = fc.integer({min: 1, max: 900});
const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.record({
			does: fc.constant('run' as const),
			minutes: fc.integer({min: 1, max: 12}),
			times: fc.integer({min: 1, max: 30}),
			milliWh: fc.nat({max: 60_000}),
		}),
	},
	fc.record({does: fc.constant('skip' as const), minutes: fc.integer({min: 1, max: 90})}),
	fc.record({does: fc.constant('clock' as const), minutes: fc.integer({min: -400, max: 400})}),
	fc.constant({does: 'anew' as const}),
	fc.record({does: fc.constant('fall' as const), milliWh: fc.nat({max: 500_000})}),
	fc.record({
		does: fc.constant('bad' as const),
		quality: fc.constantFrom(qualities.simulated, qualities.exception, qualities.conflict, qualities.noise),
	}),
	fc.constant({does: 'note' as const}),
	fc.record({does: fc.constant('correct' as const), back: fc.nat({max: 40}), milliWh: fc.integer({min: -90_000, max: 90_000})}),
	fc.record({does: fc.constant('open' as const), backHours: fc.option(fc.integer({min: -3, max: 6}), {nil: undefined})}),
	{weight: 2, arbitrary: fc.record({does: fc.constant('move' as const), from: account, to: account, hour, energyWh})},
	fc.record({
		does: fc.constant('spend' as const),
		what: fc.constantFrom('cancel' as const, 'retire' as const),
		holder: account,
		hour,
		energyWh,
	}),
	fc.record({does: fc.constant('split' as const), holder: account, hour, first: fc.integer({min: 1, max: 3000}), energyWh}),
);

/** A log from steps, with the Wh that each life of the counter was seen to count: nothing else may be certified. */
function worldOf(steps: readonly Step[]): {readonly world: EnergyWorld; readonly countedWh: bigint} {
	const world = createEnergyWorld();
	const seen = new Map<number, {low: bigint; high: bigint}>();
	const sent: {readonly number: number; readonly value: number; readonly measuredAtMs: number; readonly epoch: number}[] = [];
	let [milliWh, deviceMs, epoch] = [500_000, startMs, 0];
	const send = (quality = 0): void => {
		const number = world.read('roof', {value: milliWh, measuredAtMs: deviceMs, arrivedAtMs: world.nowMs(), quality, epoch});
		sent.push({number, value: milliWh, measuredAtMs: deviceMs, epoch});
		if ((quality & unsettledQualities) !== 0) return;
		const wh = BigInt(milliWh) / 1000n;
		const range = seen.get(epoch) ?? {low: wh, high: wh};
		seen.set(epoch, {low: wh < range.low ? wh : range.low, high: wh > range.high ? wh : range.high});
	};
	world.state('roof', opening({fromMs: startMs, cadenceMs: 10 * minuteMs}));
	for (const one of steps) {
		switch (one.does) {
			case 'run':
				for (let i = 0; i < one.times; i += 1) {
					deviceMs += one.minutes * minuteMs;
					milliWh += one.milliWh;
					world.moveTo(world.nowMs() + one.minutes * minuteMs);
					send();
				}
				break;
			case 'skip':
				deviceMs += one.minutes * minuteMs;
				world.moveTo(world.nowMs() + one.minutes * minuteMs);
				break;
			case 'clock':
				deviceMs = Math.max(startMs - 10 * hourMs, deviceMs + one.minutes * minuteMs);
				break;
			case 'anew':
				epoch += 1;
				milliWh = 0;
				send(qualities.reset);
				break;
			case 'fall':
				milliWh = Math.max(0, milliWh - one.milliWh);
				break;
			case 'bad':
				send(one.quality);
				break;
			case 'note':
				world.note('roof');
				break;
			case 'correct': {
				const corrected = sent.at(-1 - one.back);
				if (corrected === undefined) break;
				const {number, value, measuredAtMs} = corrected;
				world.read('roof', {
					value: Math.max(0, value + one.milliWh),
					measuredAtMs,
					arrivedAtMs: world.nowMs(),
					epoch: corrected.epoch,
					corrects: number,
				});
				break;
			}
			case 'open':
				world.state('roof', opening(one.backHours === undefined ? {} : {fromMs: startMs + one.backHours * hourMs}));
				break;
			case 'move':
				world.state('roof', {
					does: 'transfer',
					from: one.from,
					moves: [{hourMs: startMs + one.hour * hourMs, to: one.to, energyWh: one.energyWh}],
				});
				break;
			case 'spend':
				world.state('roof', {
					does: one.what,
					holder: one.holder,
					hourMs: startMs + one.hour * hourMs,
					energyWh: one.energyWh,
					...(one.what === 'cancel' ? {beneficiary: 'x'} : {reason: 'y'}),
				});
				break;
			case 'split':
				world.state('roof', {
					does: 'split',
					holder: one.holder,
					hourMs: startMs + one.hour * hourMs,
					first: one.first,
					energyWh: one.energyWh,
				});
				break;
		}
	}
	const countedWh = [...seen.values()].reduce((sum, {low, high}) => sum + high - low, 0n);
	return {world, countedWh};
}

const steps = fc.array(step, {minLength: 1, maxLength: 60});

function sumOf({certificates}: DeviceCertificates, status: string): number {
	return certificates.reduce((sum, one) => sum + (one.status === status ? one.energyWh : 0), 0);
}

test('no more is certified than the register counted, and what is issued is held, cancelled or retired', async t => {
	let issued = 0;
	await fc.assert(
		fc.asyncProperty(steps, async all => {
			const {world, countedWh} = worldOf(all);
			const found = (await (await world.fold()).certificates('roof'))!;
			const {totals, hours, certificates} = found;
			t.true(BigInt(totals.issuedWh) <= countedWh, `${totals.issuedWh} of ${countedWh} Wh`);
			issued += totals.issuedWh;
			t.is(sumOf(found, 'active'), totals.heldWh);
			t.is(sumOf(found, 'cancelled'), totals.cancelledWh);
			t.is(sumOf(found, 'withdrawn'), totals.retiredWh);
			t.is(totals.heldWh + totals.cancelledWh + totals.retiredWh, totals.issuedWh);
			t.is(
				hours.reduce((sum, one) => sum + one.shortfallWh, 0),
				totals.shortfallWh,
			);
			t.is(hours.length, totals.hours);
			// Each certificate is there once, from the first to the last.
			const ranges = certificates.map(({rangeStart, rangeEnd}) => [rangeStart, rangeEnd]).sort(([a], [b]) => a! - b!);
			let next = 1;
			for (const [from, to] of ranges) {
				t.is(from, next);
				next = to! + 1;
			}
			t.is(next - 1, totals.issuedWh);
			// No Wh of a life of the counter is in two of them.
			const stretches = hours.filter(({issuedWh}) => issuedWh > 0).sort((a, b) => a.counterEpoch - b.counterEpoch || a.fromWh - b.fromWh);
			for (const [at, one] of stretches.entries()) {
				const before = stretches[at - 1];
				t.true(before?.counterEpoch !== one.counterEpoch || before.toWh <= one.fromWh, JSON.stringify([before, one]));
			}
			for (const one of hours) {
				const ofHour = certificates.filter(({productionStartingMs}) => productionStartingMs === one.hourMs);
				t.is(
					ofHour.reduce((sum, {energyWh}) => sum + energyWh, 0),
					one.issuedWh,
				);
				t.true(one.issuedWh <= Math.max(0, one.toWh - one.fromWh));
				t.is(one.shortfallWh, Math.max(0, one.issuedWh - (one.measuredWh ?? 0) - one.retiredWh));
			}
		}),
		{numRuns: 200},
	);
	t.true(issued > 0);
});

test('rows are the same however the log is folded, and the answer rests on its basis alone', async t => {
	await fc.assert(
		fc.asyncProperty(steps, fc.integer({min: 1, max: 40}), fc.boolean(), async (all, chunk, isOpenedLate) => {
			const {world} = isOpenedLate ? openedLate(all) : worldOf(all);
			const whole = await world.fold();
			for (const restarts of [false, true]) t.deepEqual((await world.fold({chunk, restarts})).rows.all(), whole.rows.all());
			const only = await whole.basis('roof');
			if (only === undefined) return;
			const fromBasis = await world.fold({only, chunk});
			t.deepEqual(await fromBasis.certificates('roof'), await whole.certificates('roof'));
			t.deepEqual(await world.recount('roof', only), await whole.certificates('roof'));
		}),
		{numRuns: 100},
	);
});

/** The same, but certificates are opened by whichever step does. */
function openedLate(all: readonly Step[]): {readonly world: EnergyWorld} {
	const {world} = worldOf(all);
	return {world: world.without(0)};
}
