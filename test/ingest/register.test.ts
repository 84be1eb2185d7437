// The steps of a register: a table of cases, and what must hold whatever a device sends.

import test from 'ava';
import fc from 'fast-check';
import {qualities} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {
	type RegisterPoint,
	type RegisterRules,
	registerStart,
	registerStateOf,
	rulesOf,
	type Step,
	stepOf,
} from '../../agent/ingest/register.ts';

const startMs = Date.UTC(2026, 2, 28, 12);
const energy = quantityOfName('energy-import')!;
/** Whole Wh, 10 kW, six digits of kWh. */
const rules = rulesOf(energy, 0, {maxPowerW: 10_000, registerDigits: 6});
const unlimited = rulesOf(energy, 0, {maxPowerW: undefined, registerDigits: undefined});

const counting: ReadonlySet<string> = new Set(['first', 'normal', 'reset', 'rollover']);

type Given = {
	/** Seconds behind the start, by the device's clock; undefined: it claims no time. */
	readonly at: number | undefined;
	/** Seconds behind the start, by ours. @default at */
	readonly arrived?: number;
	readonly value: number | bigint;
	readonly counter?: string;
	readonly ours?: boolean;
};

const point = ({at, arrived, value, counter, ours}: Given): RegisterPoint => ({
	value: BigInt(value),
	measuredAtMs: at === undefined ? 0 : startMs + at * 1000,
	timeIsDevices: ours !== true,
	arrivedAtMs: startMs + (arrived ?? at ?? 0) * 1000,
	counter,
});

function stepsOf(points: readonly RegisterPoint[], with_: RegisterRules, from = registerStart): Step[] {
	let state = from;
	return points.map(next => {
		const step = stepOf(state, next, with_);
		state = step.state;
		return step;
	});
}

/** `class@epoch +delta`. */
const textOf = ({class: name, counterEpoch, delta}: Step): string => `${name}@${counterEpoch}${delta === undefined ? '' : ` +${delta}`}`;

const each = (values: readonly number[], everySeconds = 10): Given[] => values.map((value, i) => ({at: i * everySeconds, value}));
const hour = 3600;
const day = 24 * hour;

const cases: readonly (readonly [string, readonly Given[], readonly string[], RegisterRules?])[] = [
	[
		'a register that rises, or stands still, is normal',
		each([1001, 1011, 1011, 1015]),
		['first@0', 'normal@0 +10', 'normal@0 +0', 'normal@0 +4'],
	],
	[
		'a fall to zero without a word is an exception, and so is a zero that stays; what counts on from it begins a new count',
		each([1001, 1011, 0, 0, 5, 7], 60),
		['first@0', 'normal@0 +10', 'exception@0', 'exception@0', 'first@1', 'normal@1 +2'],
	],
	// What other programs show as 10 + 5 and 10 + 10: what came between is unknown.
	[
		'a counter that begins anew at 0, undeclared, adds nothing to the old count',
		each([1000, 1010, 0, 5]),
		['first@0', 'normal@0 +10', 'exception@0', 'first@1'],
		unlimited,
	],
	['nor does one that begins anew at 5', each([1000, 1010, 5, 10]), ['first@0', 'normal@0 +10', 'exception@0', 'first@1'], unlimited],
	['one zero poisons nothing', each([1001, 1011, 0, 1013]), ['first@0', 'normal@0 +10', 'exception@0', 'normal@0 +2']],
	['one spike poisons nothing', each([1001, 1011, 9_999_999, 1013]), ['first@0', 'normal@0 +10', 'exception@0', 'normal@0 +2']],
	[
		'wild values one behind the other, up and down, poison nothing',
		each([1001, 77_000_000, 3, 55_000_001, 0, 1003]),
		['first@0', 'exception@0', 'exception@0', 'exception@0', 'exception@0', 'normal@0 +2'],
	],
	[
		'a level that is higher than it can be begins a new count once it counts on',
		each([1001, 50_003, 50_003, 50_009, 50_010]),
		['first@0', 'exception@0', 'exception@0', 'first@1', 'normal@1 +1'],
	],
	[
		'a higher level that stands still until the old one could have come there is not taken for a normal rise',
		[
			{at: 0, value: 1001},
			{at: 60, value: 50_003},
			{at: 120, value: 50_003},
			{at: 10 * hour, value: 50_003},
			{at: 11 * hour, value: 50_004},
		],
		['first@0', 'exception@0', 'exception@0', 'first@1', 'normal@1 +1'],
	],
	[
		'a device that went back to what it had last written to its memory begins a new count, since what it lost is unknown',
		each([51_234, 51_239, 51_101, 51_107, 51_111]),
		['first@0', 'normal@0 +5', 'exception@0', 'first@1', 'normal@1 +4'],
	],
	[
		'a value that fits the old level and the wild one begins a new count',
		[
			{at: 0, value: 1005},
			{at: 10, value: 1002},
			{at: hour, value: 1012},
		],
		['first@0', 'exception@0', 'first@1'],
	],
	[
		'without a maximum a zero and the return from it are one count each, so that nobody is billed for the whole register',
		each([1001, 0, 1003, 1004]),
		['first@0', 'exception@0', 'first@1', 'normal@1 +1'],
		unlimited,
	],
	['without a maximum any rise is normal', each([1001, 9_999_999]), ['first@0', 'normal@0 +9998998'], unlimited],
	[
		'another name of the counter is a declared reset, even where the count is higher',
		[
			{at: 0, value: 1001, counter: 'a'},
			{at: 10, value: 3, counter: 'b'},
			{at: 20, value: 4, counter: 'b'},
			{at: 30, value: 5, counter: 'c'},
		],
		['first@0', 'reset@1', 'normal@1 +1', 'reset@2'],
	],
	[
		'a name that is told for the first time, or for once not told, declares nothing',
		[
			{at: 0, value: 1001},
			{at: 10, value: 1002, counter: 'a'},
			{at: 20, value: 1003},
			{at: 30, value: 1004, counter: 'a'},
			{at: 40, value: 5, counter: 'b'},
		],
		['first@0', 'normal@0 +1', 'normal@0 +1', 'normal@0 +1', 'reset@1'],
	],
	[
		'a reading of the life before, which was on its way meanwhile, does not reset the counter back',
		[
			{at: 0, value: 1001, counter: 'a'},
			{at: 20, value: 3, counter: 'b'},
			{at: 10, arrived: 21, value: 1002, counter: 'a'},
			{at: 30, value: 4, counter: 'b'},
		],
		['first@0', 'reset@1', 'exception@1', 'normal@1 +1'],
	],
	[
		'a register that runs over its last digit is a rollover, and counts on in a new epoch',
		[
			{at: 0, value: 999_999_990},
			{at: 60, value: 12},
			{at: 70, value: 13},
		],
		['first@0', 'rollover@1 +22', 'normal@1 +1'],
	],
	[
		'a rollover that would be more than the maximum is none',
		[
			{at: 0, value: 950_000_001},
			{at: 60, value: 12},
		],
		['first@0', 'exception@0'],
	],
	[
		'where nobody said how many digits there are, there is no rollover',
		[
			{at: 0, value: 999_999_990},
			{at: 60, value: 12},
		],
		['first@0', 'exception@0'],
		unlimited,
	],
	[
		'a fall by one step of what is printed is noise: the one before counts',
		each([1001, 1000, 1001, 1003]),
		['first@0', 'noise@0 +0', 'normal@0 +0', 'normal@0 +2'],
	],
	['a slow fall is no noise', each([1003, 1002, 1001]), ['first@0', 'noise@0 +0', 'exception@0']],
	[
		'whole kWh are rounding: a step of one is no rise beyond the maximum, but many of them are',
		each([5000, 6000, 6000, 7000, 8000]),
		['first@0', 'normal@0 +1000', 'normal@0 +0', 'exception@0', 'first@1'],
	],
	[
		'no time between two readings leaves room for rounding only',
		[
			{at: 0, value: 1001},
			{at: 0, value: 1002},
			{at: 0, value: 1099},
		],
		['first@0', 'normal@0 +1', 'exception@0'],
	],
	[
		'a silent week leaves two readings and one step',
		[
			{at: 0, value: 1001},
			{at: 7 * day, value: 101_001},
		],
		['first@0', 'normal@0 +100000'],
	],
	[
		'a week is not long enough for more than the maximum of a week',
		[
			{at: 0, value: 1001},
			{at: 7 * day, value: 1_900_001},
		],
		['first@0', 'exception@0'],
	],
	[
		'a local clock that is put forward or back is a matter of whoever reads it: UTC has no such hour',
		[
			{at: 13 * hour - 10, value: 1001},
			{at: 13 * hour, value: 1011},
			{at: 13 * hour + 10, value: 1021},
		],
		['first@0', 'normal@0 +10', 'normal@0 +10'],
	],
	[
		'readings from a store behind the newest are out of order; they fit it, and each other',
		[
			{at: 0, value: 1001},
			{at: hour, value: 5001},
			{at: 600, arrived: hour + 1, value: 2001},
			{at: 1200, arrived: hour + 1, value: 2002},
			{at: 1800, arrived: hour + 1, value: 1003},
			{at: 1900, arrived: hour + 1, value: 5003},
			{at: hour + 10, value: 5002},
		],
		['first@0', 'normal@0 +4000', 'out-of-order@0', 'out-of-order@0', 'exception@0', 'exception@0', 'normal@0 +1'],
	],
	[
		'a clock that ran a day ahead for one reading poisons nothing',
		[
			{at: 0, value: 1001},
			{at: day, arrived: 10, value: 1002},
			{at: 20, value: 1003},
			{at: 30, value: 1004},
		],
		['first@0', 'normal@0 +1', 'normal@0 +1', 'normal@0 +1'],
	],
	[
		'where the device has no clock ours tells the time, and a burst of what has waited is no exception',
		[
			{at: undefined, arrived: 0, value: 1001},
			{at: undefined, arrived: hour, value: 1101},
			{at: undefined, arrived: hour, value: 1201},
			{at: undefined, arrived: hour, value: 1205},
			{at: undefined, arrived: hour, value: 9205},
		],
		['first@0', 'normal@0 +100', 'normal@0 +100', 'normal@0 +4', 'exception@0'],
	],
	[
		'our clock that was put back stands still',
		[
			{at: undefined, arrived: hour, value: 1001},
			{at: undefined, arrived: 0, value: 1002},
		],
		['first@0', 'normal@0 +1'],
	],
	['no counter shows less than nothing', each([-5, 3, -1, 4]), ['exception@0', 'first@0', 'exception@0', 'normal@0 +1']],
	[
		'the largest numbers that an entry holds are numbers like others',
		[
			{at: 0, value: 2n ** 63n - 2n},
			{at: 10, value: 2n ** 63n - 1n},
			{at: 20, value: 0},
		],
		['first@0', 'normal@0 +1', 'exception@0'],
		unlimited,
	],
	[
		'two meters under one name settle nothing that one of them did not count',
		each([1001, 501, 1002, 502, 1003]),
		['first@0', 'exception@0', 'normal@0 +1', 'exception@0', 'normal@0 +1'],
	],
];

for (const [sentence, given, expected, with_ = rules] of cases) {
	test(sentence, t => {
		const steps = stepsOf(given.map(point), with_);
		t.deepEqual(steps.map(textOf), expected);
		const bits = {first: 0, normal: 0, 'out-of-order': 0, ...qualities} as const;
		for (const {class: name, quality} of steps) t.is(quality, bits[name]);
	});
}

test('an owner who declares a reset is believed at the next reading that is not older, once', t => {
	const [first] = stepsOf([point({at: 0, value: 1001})], rules);
	const declared = {...first!.state, isResetDeclared: true};
	const steps = stepsOf(
		[
			{at: -5, arrived: 1, value: 1000},
			{at: 10, value: 1002},
			{at: 20, value: 1003},
		].map(point),
		rules,
		declared,
	);
	t.deepEqual(steps.map(textOf), ['out-of-order@0', 'reset@1', 'normal@1 +1']);
});

test('a device that plays with its clock counts no more than its maximum over the time that passes here', t => {
	// A day ahead is the most that is taken.
	const ahead = [
		{at: 0, value: 1001},
		{at: day, arrived: 10, value: 201_001},
		{at: 20, value: 201_002},
		{at: day, arrived: 30, value: 401_003},
	];
	t.deepEqual(stepsOf(ahead.map(point), rules).map(textOf), ['first@0', 'exception@0', 'first@1', 'exception@1']);
	// Without a time, then with one of an hour ago, and then with the right one.
	const between = [
		{at: undefined, arrived: 0, value: 1001},
		{at: -hour, arrived: 10, value: 1002},
		{at: 20, value: 11_002},
	];
	t.deepEqual(stepsOf(between.map(point), rules).map(textOf), ['first@0', 'normal@0 +1', 'exception@0']);
	fc.assert(
		fc.property(
			fc.array(
				fc.record({
					claims: fc.constantFrom('right', 'right', 'none', 'ahead', 'behind'),
					seconds: fc.integer({min: 0, max: 600}),
					wh: fc.integer({min: 0, max: 3000}),
				}),
				{maxLength: 60},
			),
			given => {
				let [arrived, value] = [0, 1];
				const points = given.map(({claims, seconds, wh}) => {
					arrived += seconds;
					value += wh;
					const at = {right: arrived, none: undefined, ahead: arrived + day - 1, behind: arrived - hour}[claims];
					return point({at, arrived, value});
				});
				const steps = stepsOf(points, rules);
				const counted = steps.map((step, i) => ({...step, point: points[i]!})).filter(step => counting.has(step.class));
				for (const [i, start] of counted.entries())
					for (const end of counted.slice(i + 1)) {
						if (end.counterEpoch !== start.counterEpoch) break;
						// What it says that it measured an hour before the first may have been an hour's.
						const elapsedMs = BigInt(end.point.arrivedAtMs - start.point.arrivedAtMs + hour * 1000);
						if ((end.point.value - start.point.value - 1000n) * 3_600_000n > 11_000n * (elapsedMs + 60_000n)) return false;
					}
				return true;
			},
		),
		{numRuns: 2000},
	);
});

test('a clock of a device that is wrong all the time, or ours that is put back, makes no exception', t => {
	const rising = (times: readonly Pick<Given, 'at' | 'arrived'>[]): Given[] => times.map((time, i) => ({...time, value: 1001 + 27 * i}));
	const normal = (steps: Step[]): boolean => steps.every(step => step.class === 'normal' || step.class === 'first');
	const seconds = Array.from({length: 400}, (_, i) => i * 10);
	for (const off of [-hour, 0, hour])
		t.true(normal(stepsOf(rising(seconds.map(at => ({at: at + off, arrived: at}))).map(point), rules)), `${off} s`);
	// An hour that was stored, and comes at once.
	for (const off of [-hour, 0, hour])
		t.true(
			normal(stepsOf(rising(seconds.map(at => ({at: at + off, arrived: at === 0 ? 0 : 4000}))).map(point), rules)),
			`${off} s, stored`,
		);
	const backAt = (at: number): number => (at < 2000 ? at + day : at);
	t.true(normal(stepsOf(rising(seconds.map(at => ({at, arrived: backAt(at)}))).map(point), rules)));
	t.true(normal(stepsOf(rising(seconds.map(at => ({at: at < 60 ? undefined : at - hour, arrived: at}))).map(point), rules)));
});

test('the rules follow the unit and the exponent of the channel', t => {
	const limits = {maxPowerW: 1000, registerDigits: 3};
	// 1 kW and a tenth is 1,100 Wh in an hour.
	const perHour = ({rateMax}: RegisterRules): bigint | undefined => rateMax && (rateMax.numerator * 3_600_000n) / rateMax.denominator;
	t.is(perHour(rulesOf(energy, 0, limits)), 1100n);
	t.is(perHour(rulesOf(energy, -3, limits)), 1_100_000n);
	t.is(perHour(rulesOf(energy, 2, limits)), 11n);
	t.is(rulesOf(energy, 0, limits).modulus, 1_000_000n);
	t.is(rulesOf(energy, -3, limits).modulus, 1_000_000_000n);
	t.is(rulesOf(energy, 5, limits).roundingMax, 1n);
	t.is(perHour(rulesOf({unit: 'J'}, 0, limits)), 1100n * 3600n);
	t.is(rulesOf({unit: 'J'}, 0, limits).modulus, undefined);
	// Watts say nothing about water; its digits are those of m³.
	const water = rulesOf(quantityOfName('water-volume')!, 0, limits);
	t.is(water.rateMax, undefined);
	t.is(water.modulus, 1_000_000n);
	const mass = rulesOf(quantityOfName('co2e-mass')!, 0, limits);
	t.deepEqual([mass.rateMax, mass.modulus], [undefined, undefined]);
});

/** A device that mostly counts, and now and then does anything. */
const arbitraryPoints = fc
	.array(
		fc.record({
			kind: fc.constantFrom('rise', 'rise', 'rise', 'rise', 'still', 'back', 'zero', 'spike', 'any', 'old', 'reset', 'over'),
			seconds: fc.integer({min: 0, max: 4000}),
			wh: fc.integer({min: 0, max: 3000}),
		}),
		{maxLength: 60},
	)
	.map(events => {
		let [at, value, life] = [0, 1000, 0];
		return events.map(({kind, seconds, wh}): Given => {
			if (kind !== 'old') at += seconds;
			const counter = `${life}`;
			switch (kind) {
				case 'rise':
					value += Math.floor((wh * seconds) / 4000);
					return {at, value, counter};
				case 'back':
					value = Math.max(0, value - wh);
					return {at, value, counter};
				case 'zero':
					return {at, value: 0, counter};
				case 'spike':
					return {at, value: value * 7 + 90_000, counter};
				case 'any':
					return {at, value: wh, counter};
				case 'old':
					return {at: at - seconds, arrived: at, value: Math.max(0, value - wh), counter};
				case 'reset':
					life += 1;
					value = wh;
					return {at, value, counter: `${life}`};
				case 'over':
					value = value > 500_000_000 ? wh : 999_999_999 - wh;
					return {at, value, counter};
				default:
					return {at, value, counter};
			}
		});
	});

test('what stands in one epoch is comparable: differences are what was counted, never fall, and never exceed the maximum', t => {
	fc.assert(
		fc.property(arbitraryPoints, given => {
			const points = given.map(point);
			const steps = stepsOf(points, rules);
			let epoch = 0;
			for (const {counterEpoch} of steps) {
				if (counterEpoch < epoch || counterEpoch > epoch + 1) return false;
				epoch = counterEpoch;
			}
			const counted = steps.map((step, i) => ({...step, point: points[i]!})).filter(step => counting.has(step.class));
			for (let from = 0; from < counted.length; from += 1) {
				let sum = 0n;
				for (let to = from + 1; to < counted.length; to += 1) {
					const [start, end] = [counted[from]!, counted[to]!];
					if (end.counterEpoch !== start.counterEpoch) break;
					if (end.class !== 'normal' || end.delta === undefined) return false;
					sum += end.delta;
					if (end.point.value - start.point.value !== sum || end.delta < 0n) return false;
					const elapsedMs = BigInt(end.point.measuredAtMs - start.point.measuredAtMs);
					// 10 kW and a tenth, a second of slack, and a kWh of rounding at most, once.
					if ((sum - 1000n) * 3_600_000n > 11_000n * (elapsedMs + 1000n)) return false;
				}
			}
			return true;
		}),
		{numRuns: 2000},
	);
	t.pass();
});

test('what does not count changes nothing of what does', t => {
	fc.assert(
		fc.property(arbitraryPoints, fc.nat(), (given, at) => {
			const points = given.map(point);
			const place = points.length === 0 ? 0 : at % points.length;
			const before = stepsOf(points.slice(0, place), rules).at(-1)?.state ?? registerStart;
			const wild = stepOf(before, {...(points[place] ?? point({at: 0, value: 0})), value: -1n}, rules);
			return wild.class === 'exception' && wild.state.base === before.base && wild.state.counterEpoch === before.counterEpoch;
		}),
	);
	t.pass();
});

test('a replay classes the same, wherever it is taken up', t => {
	fc.assert(
		fc.property(arbitraryPoints, fc.nat(), (given, at) => {
			const points = given.map(point);
			const half = points.length === 0 ? 0 : at % points.length;
			const whole = stepsOf(points, rules);
			const begun = stepsOf(points.slice(0, half), rules);
			const rest = stepsOf(points.slice(half), rules, begun.at(-1)?.state);
			return whole.map(textOf).join() === [...begun, ...rest].map(textOf).join();
		}),
	);
	t.pass();
});

test('a restart between any two readings classes what follows the same: the entries say where the register stood', t => {
	fc.assert(
		fc.property(arbitraryPoints, given => {
			const points = given.map(point);
			// The credit is not kept, nor is the time that counted: after a restart they are those of the reading that counts.
			let state = registerStart;
			const readings: Parameters<typeof registerStateOf>[0][number][] = [];
			for (const next of points) {
				const kept = {counter: state.counter, isResetDeclared: false};
				const restored = registerStateOf(readings, undefined, kept);
				const {coveredMs} = restored;
				const [goes, again] = [stepOf({...state, credit: undefined, coveredMs}, next, rules), stepOf(restored, next, rules)];
				if (textOf(goes) !== textOf(again)) return false;
				const {value, measuredAtMs, arrivedAtMs} = next;
				readings.push({quality: goes.quality, value, measuredAtMs, arrivedAtMs, span: goes.counterEpoch});
				state = goes.state;
			}
			return true;
		}),
		{numRuns: 1000},
	);
	t.pass();
});

test('where no entry says what counted last, the next reading begins a new count', t => {
	const none = {counter: undefined, isResetDeclared: false};
	const exception = {quality: qualities.exception, value: 5n, measuredAtMs: startMs, arrivedAtMs: startMs, span: 3};
	const state = registerStateOf([exception], 9, none);
	t.is(textOf(stepOf(state, point({at: 10, value: 1001}), rules)), 'first@4');
	t.is(textOf(stepOf(registerStateOf([], undefined, none), point({at: 10, value: 1001}), rules)), 'first@0');
	// All that it had was pruned: an epoch that it cannot have had.
	t.is(textOf(stepOf(registerStateOf([], 9, none), point({at: 10, value: 1001}), rules)), 'first@9');
});

test('guesses, corrections and readings without a value are nothing that the next one is measured against', t => {
	const good = {quality: 0, value: 1001n, measuredAtMs: startMs, arrivedAtMs: startMs, span: 2};
	const bits = ['noValue', 'invalid', 'estimated', 'substituted', 'conflict'] as const;
	const others = bits.map(bit => ({...good, quality: qualities[bit], value: 77_777n}));
	const correction = {...good, quality: qualities.substituted | qualities.correction, value: 3n, span: 0};
	const state = registerStateOf([good, ...others, correction], 9, {counter: undefined, isResetDeclared: false});
	t.is(textOf(stepOf(state, point({at: 10, value: 1002}), rules)), 'normal@2 +1');
});
