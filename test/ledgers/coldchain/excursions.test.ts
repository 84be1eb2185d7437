// The machine that finds excursions, alarms and gaps, against one that looks at every minute for itself.
import test from 'ava';
import fc from 'fast-check';
import {fineOf, finePerMilli, milliOf} from '../../../agent/ledgers/coldchain/exact.ts';
import {openSeries, type Series} from '../../../agent/ledgers/coldchain/excursions.ts';
import type {Alarm} from '../../../agent/ledgers/coldchain/profiles.ts';
import {profileProblem, profiles} from '../../../agent/ledgers/coldchain/profiles.ts';

const minuteMs = 60_000;
const [low, high, gapMinutes, windowMinutes] = [2000, 8000, 15, 400];

const alarms: readonly Alarm[] = [
	{of: 'temperature', side: 'above', limit: high, minutes: 30, kind: 'single', source: 'test'},
	{of: 'temperature', side: 'below', limit: low, minutes: 45, kind: 'cumulative', source: 'test'},
	{of: 'temperature', side: 'above', limit: 10_000, minutes: 0, kind: 'single', source: 'test'},
];

function seriesOf(readings: readonly (readonly [minute: number, milliC: number])[]): Series {
	const fold = openSeries({
		fromMs: 0,
		toMs: windowMinutes * minuteMs,
		limits: {low: low * finePerMilli, high: high * finePerMilli},
		alarms,
		gapMaxMs: gapMinutes * minuteMs,
	});
	for (const [minute, milliC] of readings) fold.add({atMs: minute * minuteMs, low: milliC * finePerMilli, high: milliC * finePerMilli});
	return fold.end();
}

/** What is known of each minute: the value that stands then, undefined in a gap. */
function minutesOf(readings: readonly (readonly [number, number])[]): (number | undefined)[] {
	const minutes: (number | undefined)[] = new Array(windowMinutes).fill(undefined);
	for (const [i, [minute, milliC]] of readings.entries()) {
		const next = readings[i + 1]?.[0] ?? windowMinutes;
		if (next - minute <= gapMinutes) minutes.fill(milliC, minute, next);
	}
	return minutes;
}

const readingsByChance = fc
	.array(
		fc.tuple(
			fc.integer({min: 1, max: 22}),
			fc.oneof({weight: 3, arbitrary: fc.integer({min: 1500, max: 8500})}, {weight: 1, arbitrary: fc.integer({min: 7900, max: 11_000})}),
		),
		{
			maxLength: 60,
		},
	)
	.map(steps => {
		let minute = -1;
		return steps
			.map(([after, milliC]) => {
				minute += after;
				return [minute, milliC] as const;
			})
			.filter(([at]) => at < windowMinutes);
	});

test('minutes outside, covered time and alarms are what one finds minute by minute', t => {
	fc.assert(
		fc.property(readingsByChance, readings => {
			const series = seriesOf(readings);
			const minutes = minutesOf(readings);
			const count = (is: (milliC: number) => boolean): number => minutes.filter(one => one !== undefined && is(one)).length;
			t.is(
				series.aboveMs / minuteMs,
				count(one => one > high),
			);
			t.is(
				series.belowMs / minuteMs,
				count(one => one < low),
			);
			t.is(
				series.coveredMs / minuteMs,
				count(() => true),
			);
			// The longest stretch above without a break, and where the first of thirty minutes was full.
			let [run, fired, longest]: [number, number | undefined, number] = [0, undefined, 0];
			let [sum, firedBelow]: [number, number | undefined] = [0, undefined];
			for (const [minute, one] of minutes.entries()) {
				run = one !== undefined && one > high ? run + 1 : 0;
				longest = Math.max(longest, run);
				if (run === 30) fired ??= minute + 1;
				if (one !== undefined && one < low && ++sum === 45) firedBelow ??= minute + 1;
			}
			const [single, cumulative, instant] = series.alarms;
			const minuteOf = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / minuteMs);
			t.is(minuteOf(single!.firedAtMs), fired);
			t.is(single!.longestMs / minuteMs, longest);
			t.is(minuteOf(cumulative!.firedAtMs), firedBelow);
			t.is(minuteOf(instant!.firedAtMs), readings.find(([, milliC]) => milliC > 10_000)?.[0]);
			t.is(
				series.runs.reduce((held, one) => held + one.heldMs, 0),
				series.aboveMs + series.belowMs,
			);
		}),
		{numRuns: 400},
	);
});

test('gaps and covered time make up the window but for what is short at its beginning', t => {
	fc.assert(
		fc.property(readingsByChance, readings => {
			const series = seriesOf(readings);
			const first = readings[0]?.[0] ?? windowMinutes;
			const shortMs = first <= gapMinutes ? first * minuteMs : 0;
			t.is(series.coveredMs + series.gapMs + shortMs, windowMinutes * minuteMs);
			t.is(series.gaps.length, series.gapCount);
		}),
		{numRuns: 200},
	);
});

test('Fahrenheit and kelvin are compared exactly, and what is no temperature is none', t => {
	const value = (name: string, number: bigint, exponent = 0): number | undefined => fineOf(name, {value: number, exponent});
	// 46.4 °F are 8 °C exactly, 46.401 °F are not.
	t.is(value('temperature-fahrenheit', 46_400n), 8000 * finePerMilli);
	t.true(value('temperature-fahrenheit', 46_401n)! > 8000 * finePerMilli);
	t.is(value('temperature-kelvin', 281_150n), 8000 * finePerMilli);
	t.is(value('temperature', 8n, 3), 8000 * finePerMilli);
	t.is(value('temperature', -273_150n), undefined);
	t.is(value('temperature', 1_000_001n), undefined);
	// 8.0000000001 °C is above 8 °C, 1.9999999999 °C below 2 °C, and neither is on the other side.
	const both = (number: bigint): unknown[] => [false, true].map(isUp => fineOf('temperature', {value: number, exponent: -7}, isUp));
	t.deepEqual(both(80_000_000_001n), [8000 * finePerMilli, 8000 * finePerMilli + 9]);
	t.deepEqual(both(19_999_999_999n), [2000 * finePerMilli - 9, 2000 * finePerMilli]);
	t.deepEqual(both(-20_000_000_001n), [-2000 * finePerMilli - 9, -2000 * finePerMilli]);
	t.deepEqual(both(50_000_000_000n), [5000 * finePerMilli, 5000 * finePerMilli]);
	t.is(value('temperature', 2n ** 63n - 1n, 127), undefined);
	t.is(value('relative-humidity', -1n), undefined);
	t.is(value('energy-import', 1n), undefined);
	t.is(milliOf(-0.4 * finePerMilli), 0);
});

test('every profile that is built in is one', t => {
	for (const profile of profiles) t.is(profileProblem(JSON.parse(JSON.stringify(profile))), undefined, profile.id);
	t.is(new Set(profiles.map(({id}) => id)).size, profiles.length);
});
