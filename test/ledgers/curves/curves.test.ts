// Curves are exact sums over the raw data, whatever comes late, however often they were written, and fast enough to be drawn.
import test from 'ava';
import fc from 'fast-check';
import {systemClock} from '../../../agent/base/clock.ts';
import {qualities} from '../../../agent/format/entry.ts';
import {createBucket, decodeBuckets, encodeBuckets, marks, mergeBucket, unshownQualities} from '../../../agent/ledgers/curves/bucket.ts';
import {createCurvesLedger, levels} from '../../../agent/ledgers/curves/curves-ledger.ts';
import type {ChannelNote, Past, Reading} from '../../../agent/ledgers/ledger.ts';
import {timeOf} from '../../../agent/ledgers/ledger.ts';
import {createMemoryRows, type MemoryRows} from '../../../agent/ledgers/rows.ts';

const urn = 'urn:kedge:device:boiler:temperature';
const other = 'urn:kedge:device:boiler:temperature:outlet';
const past: Past = {
	readings: async function* () {},
	before: async () => undefined,
	corrects: async () => undefined,
};
const baseMs = Date.UTC(2026, 0, 1);

type Item = {readonly urn: string; readonly reading: Reading} | {readonly urn: string; readonly note: ChannelNote};

const quality = fc.subarray([0, ...Object.values(qualities)], {maxLength: 3}).map(bits => bits.reduce((all, bit) => all | bit, 0));
const timeMs = fc.oneof(
	fc.integer({min: baseMs, max: baseMs + 7_200_000}),
	fc.integer({min: baseMs - 86_400_000 * 30, max: baseMs + 86_400_000 * 400}),
	fc.constantFrom(0, 1, 899_999, 900_000, 0xffff_ffff_ffff),
);
const value = fc.oneof(fc.bigInt({min: -100n, max: 100n}), fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}));
const item = (index: number): fc.Arbitrary<Item> =>
	fc
		.tuple(
			fc.constantFrom(urn, urn, other),
			timeMs,
			value,
			quality,
			fc.integer({min: 0, max: 9}),
			fc.constantFrom<'gap' | 'silence'>('gap', 'silence'),
		)
		.map(([of, at, amount, bits, chance, note]) =>
			chance === 0
				? {urn: of, note: {note, index, number: index, value: amount < 0n ? -amount - 1n : amount, atMs: at}}
				: {
						urn: of,
						reading: {
							index,
							number: index + 1,
							quantity: 1,
							exponent: -3,
							quality: bits,
							value: amount,
							measuredAtMs: at,
							arrivedAtMs: baseMs,
							span: 0,
						},
					},
		);
const items = fc.array(fc.nat(), {maxLength: 60}).chain(list => fc.tuple(...list.map((_, i) => item(i)))) as fc.Arbitrary<Item[]>;

/** Folds items, and saves, settles or begins anew from its rows where `cuts` says. */
async function fold(
	all: readonly Item[],
	cuts: readonly number[],
): Promise<{readonly rows: MemoryRows; readonly ledger: ReturnType<typeof createCurvesLedger>}> {
	const rows = createMemoryRows();
	let ledger = createCurvesLedger();
	await ledger.open(rows);
	for (const [i, one] of all.entries()) {
		if ('reading' in one) ledger.read(one.urn, one.reading);
		else ledger.note(one.urn, one.note);
		const cut = cuts[i % Math.max(1, cuts.length)] ?? 0;
		if (cut === 1) await ledger.tick({logTimeMs: baseMs, size: i}, past, rows);
		if (cut === 2) await ledger.save(past, rows);
		if (cut === 3) {
			await ledger.save(past, rows);
			ledger = createCurvesLedger();
			await ledger.open(rows);
		}
	}
	return {rows, ledger};
}

/** What a bucket must come to, from the raw data, without a line of what is tested. */
function reference(all: readonly Item[], of: string, beginMs: number, endMs: number) {
	const inside = all.filter(
		one =>
			one.urn === of &&
			('reading' in one ? timeOf(one.reading) : one.note.atMs) >= beginMs &&
			('reading' in one ? timeOf(one.reading) : one.note.atMs) < endMs,
	);
	const readings = inside.flatMap(one => ('reading' in one ? [one.reading] : []));
	const shown = readings.filter(one => (one.quality & unshownQualities) === 0).sort((a, b) => timeOf(a) - timeOf(b) || a.index - b.index);
	const values = shown.map(one => one.value);
	const extreme = (pick: (a: bigint, b: bigint) => boolean): bigint =>
		values.reduce((best, one) => (pick(one, best) ? one : best), values[0] ?? 0n);
	const counted = (bits: number): number => readings.filter(one => (one.quality & bits) !== 0).length;
	const noteSum = inside.reduce(
		(sum, one) =>
			'note' in one && one.note.note === 'gap' ? Math.min(sum + Math.min(Number(one.note.value), 0xffff_ffff_ffff), 0xffff_ffff_ffff) : sum,
		0,
	);
	return {
		count: readings.length,
		shown: shown.length,
		first: shown[0]?.value,
		last: shown.at(-1)?.value,
		min: extreme((a, b) => a < b),
		max: extreme((a, b) => a > b),
		marks: {
			estimated: counted(qualities.estimated | qualities.substituted),
			conflict: counted(qualities.conflict),
			noValue: counted(qualities.noValue),
			invalid: counted(qualities.invalid),
			exception: counted(qualities.exception | qualities.noise),
			correction: counted(qualities.correction),
			late: counted(qualities.late),
			missing: noteSum,
			silences: inside.filter(one => 'note' in one && one.note.note === 'silence').length,
		},
	};
}

test('every bucket of every level is what the raw data come to, whenever it was written', async t => {
	await fc.assert(
		fc.asyncProperty(
			items,
			fc.array(fc.nat(3), {maxLength: 7}),
			timeMs,
			fc.constantFrom(3_600_000, 86_400_000, 86_400_000 * 40, 86_400_000 * 500, 2 ** 47),
			fc.constantFrom(1, 4, 100, 2000),
			async (all, cuts, fromMs, lengthMs, bucketsMax) => {
				const {rows, ledger} = await fold(all, cuts);
				const toMs = Math.min(fromMs + lengthMs, 0xffff_ffff_ffff + 1);
				const curve = await ledger.curve(urn, fromMs, toMs, bucketsMax, rows);
				const level = levels.find(({bucketMs}) => Math.ceil(toMs / bucketMs) - Math.floor(fromMs / bucketMs) <= bucketsMax) ?? levels[2];
				t.is(curve.level, level.name);
				const {bucketMs} = curve;
				t.true(curve.buckets.length <= bucketsMax);
				// As long as those of the level, or twice, four times as long where that many would be too many.
				t.true(Number.isInteger(Math.log2(bucketMs / level.bucketMs)));
				const lying = (ms: number): number => Math.ceil(toMs / ms) - Math.floor(fromMs / ms);
				t.true(lying(bucketMs) <= bucketsMax && (bucketMs === level.bucketMs || lying(bucketMs / 2) > bucketsMax));
				const times = all.flatMap(one => (one.urn === urn ? ['reading' in one ? timeOf(one.reading) : one.note.atMs] : []));
				const wanted = [...new Set(times.map(at => Math.floor(at / bucketMs)))]
					.filter(number => number >= Math.floor(fromMs / bucketMs) && number < Math.ceil(toMs / bucketMs))
					.sort((a, b) => a - b);
				t.deepEqual(
					curve.buckets.map(({beginMs}) => beginMs),
					wanted.map(number => number * bucketMs),
				);
				for (const {beginMs, bucket} of curve.buckets) {
					const {count, shown, first, last, min, max, marks: marked} = reference(all, urn, beginMs, beginMs + bucketMs);
					t.deepEqual(
						[bucket.count, bucket.shown, bucket.first?.value, bucket.last?.value, bucket.min, bucket.max],
						[count, shown, first, last, min, max],
					);
					t.deepEqual(
						Object.fromEntries(marks.map((name, at) => [name, bucket.marked?.[at] ?? 0])),
						marked as Record<(typeof marks)[number], number>,
					);
				}
			},
		),
		{numRuns: 300},
	);
});

test('rows are the same byte for byte, wherever folding was cut', async t => {
	await fc.assert(
		fc.asyncProperty(items, fc.array(fc.nat(3), {maxLength: 7}), async (all, cuts) => {
			const [one, two] = [await fold(all, cuts), await fold(all, [])];
			for (const {ledger, rows} of [one, two]) await ledger.save(past, rows);
			t.deepEqual(one.rows.all(), two.rows.all());
		}),
		{numRuns: 200},
	);
});

test('buckets are read as they were written', t => {
	const bucket = createBucket();
	const full = {
		count: 3,
		shown: 2,
		first: {timeMs: 900_000, index: 0, value: -(2n ** 63n)},
		last: {timeMs: 1_799_999, index: 2 ** 40, value: 2n ** 63n - 1n},
		min: -(2n ** 63n),
		max: 2n ** 63n - 1n,
		marked: marks.map((_, i) => i),
	};
	const map = new Map([
		[1, full],
		[7, bucket],
	]);
	t.deepEqual(decodeBuckets(encodeBuckets(map, 0, 900_000), 0, 900_000), map);
	const sum = createBucket();
	mergeBucket(sum, full);
	mergeBucket(sum, bucket);
	t.deepEqual(sum, full);
	t.deepEqual(decodeBuckets('!', 0, 900_000), new Map());
});

test('a year of a device that speaks once a minute is some hundred exact buckets', async t => {
	const rows = createMemoryRows();
	const ledger = createCurvesLedger();
	await ledger.open(rows);
	const count = 525_600;
	for (let i = 0; i < count; i += 1) {
		const measuredAtMs = baseMs + i * 60_000;
		ledger.read(urn, {
			index: i,
			number: i + 1,
			quantity: 1,
			exponent: 0,
			quality: 0,
			value: BigInt((i * 7919) % 10_007),
			measuredAtMs,
			arrivedAtMs: measuredAtMs,
			span: 0,
		});
		if (i % 60 === 59) await ledger.tick({logTimeMs: measuredAtMs, size: i}, past, rows);
	}
	await ledger.save(past, rows);
	const beganMs = systemClock.monotonicMs();
	const {buckets, level} = await ledger.curve(urn, baseMs, baseMs + count * 60_000, 2000, rows);
	t.log(`${buckets.length} buckets in ${(systemClock.monotonicMs() - beganMs).toFixed(1)} ms`);
	t.is(level, 'six-hours');
	t.is(buckets.length, 1460);
	t.is(
		buckets.reduce((sum, {bucket}) => sum + bucket.count, 0),
		count,
	);
	t.true(buckets.every(({bucket}) => bucket.count === 360));
});
