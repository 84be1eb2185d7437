// What a device said in a period: exact differences, sums and extremes, and what does not count told by its mark.
import test from 'ava';
import fc from 'fast-check';
import {qualities, uncountedQualities} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {createDeviceLedger} from '../../agent/ledgers/device/device.ts';
import {type Past, type Question, type Reading, timeOf} from '../../agent/ledgers/ledger.ts';
import {createMemoryRows} from '../../agent/ledgers/rows.ts';

const asked: Question = {about: 'device', id: 'd', fromMs: 1000, toMs: 2000};

const readingOf = (number: number, atMs: number, value: bigint, changes: Partial<Reading> = {}): Reading => ({
	index: 10 * number,
	number,
	quantity: 1,
	exponent: 0,
	quality: 0,
	value,
	measuredAtMs: atMs,
	arrivedAtMs: atMs + 5,
	span: 0,
	...changes,
});

function pastOf(channels: Readonly<Record<string, readonly Reading[]>>, corrects: Readonly<Record<number, number>> = {}): Past {
	return {
		readings: async function* (urn, fromMs, toMs) {
			for (const reading of channels[urn] ?? []) if (timeOf(reading) >= fromMs && timeOf(reading) <= toMs) yield reading;
		},
		before: async () => undefined,
		corrects: async (_urn, {number}) => corrects[number],
	};
}

type Counted = Readonly<Record<string, unknown>>;

async function count(quantity: string, readings: readonly Reading[], corrects?: Readonly<Record<number, number>>): Promise<Counted> {
	const urn = channelUrn('d', quantity);
	const ledger = createDeviceLedger();
	if (ledger.wants(urn)) throw new Error('it wants a channel');
	ledger.wants(channelUrn('other', quantity));
	const answer = (await ledger.answer(asked, pastOf({[urn]: readings}, corrects), createMemoryRows())) as {
		readonly channels: readonly Counted[];
	};
	if (answer.channels.length !== 1) throw new Error(`${answer.channels.length} channels`);
	return answer.channels[0]!;
}

test('a gauge has its extremes, its ends, and the longest time between two', async t => {
	const counted = await count('temperature', [
		readingOf(2, 999, 0n),
		readingOf(3, 1000, 50n),
		readingOf(4, 1100, -7n),
		readingOf(5, 1700, 80n),
		readingOf(6, 1200, 900n),
		readingOf(7, 1999, 10n, {quality: qualities.estimated}),
		readingOf(8, 2000, 99n),
	]);
	t.deepEqual(counted, {
		urn: 'urn:kedge:device:d:temperature',
		quantity: 'temperature',
		unit: 'mCel',
		kind: 'gauge',
		readings: 5,
		counted: 4,
		first: {number: 3, atMs: 1000, value: '50'},
		last: {number: 5, atMs: 1700, value: '80'},
		min: {number: 4, atMs: 1100, value: '-7'},
		max: {number: 6, atMs: 1200, value: '900'},
		sum: undefined,
		register: undefined,
		longest: {ms: 600, fromNumber: 4, toNumber: 5},
		marks: {estimated: 1},
	});
});

test('a register has its exact rise, unless it began anew or fell', async t => {
	const rise = async (...readings: readonly Reading[]): Promise<unknown> => (await count('energy-import', readings)).register;
	const exact = await rise(
		readingOf(1, 1000, 9_223_372_036_854_775_000n, {exponent: -3}),
		readingOf(2, 1900, 9_223_372_036_854_775_807n, {exponent: -3}),
	);
	t.deepEqual(exact, {rise: '0.807', fromNumber: 1, toNumber: 2, restarts: 0});
	t.deepEqual(await rise(readingOf(1, 1000, 5n), readingOf(2, 1500, 2n, {span: 1})), {
		noRise: 'it began to count anew in between',
		restarts: 1,
	});
	t.deepEqual(await rise(readingOf(1, 1000, 5n), readingOf(2, 1500, 2n)), {
		noRise: 'number 2, the last that counts, is below number 1, the first',
		restarts: 0,
	});
	t.deepEqual(await rise(readingOf(1, 1000, 5n)), {noRise: 'a rise needs two readings that count', restarts: 0});
	t.deepEqual(await rise(), {noRise: 'a rise needs two readings that count', restarts: 0});
	// Exponents that differ are brought together without a float.
	t.deepEqual(await rise(readingOf(1, 1000, 1n, {exponent: 2}), readingOf(2, 1500, 123_456n, {exponent: -3})), {
		rise: '23.456',
		fromNumber: 1,
		toNumber: 2,
		restarts: 0,
	});
});

test('what was corrected does not count, and neither does the correction', async t => {
	const correction = readingOf(4, 1100, 3n, {quality: qualities.correction | qualities.substituted});
	const readings = [readingOf(2, 1000, 1n), readingOf(3, 1100, 1_000_000n), correction, readingOf(5, 1200, 5n)];
	const counted = await count('energy-interval', readings, {4: 3});
	t.is(counted.sum, '6');
	t.is(counted.readings, 4);
	t.is(counted.counted, 2);
	t.deepEqual(counted.marks, {substituted: 1, correction: 1});
});

test('a device that the log does not know has no answer, and a site none here', async t => {
	const ledger = createDeviceLedger();
	ledger.wants(channelUrn('d', 'temperature'));
	const [past, rows] = [pastOf({}), createMemoryRows()];
	t.is(await ledger.answer({...asked, id: 'e'}, past, rows), undefined);
	t.is(await ledger.answer({...asked, about: 'site'}, past, rows), undefined);
	t.is(await ledger.basis({...asked, id: 'e'}, rows), undefined);
	t.deepEqual(await ledger.basis(asked, rows), {
		statements: [],
		channels: [{urn: channelUrn('d', 'temperature'), fromMs: 1000, toMs: 1999}],
	});
});

test('whatever the readings are, sums and extremes are those of a plain count', async t => {
	const anyReading = fc.record({
		atMs: fc.integer({min: 900, max: 2100}),
		value: fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}),
		quality: fc.constantFrom(0, qualities.late, qualities.noValue, qualities.conflict | qualities.late),
	});
	await fc.assert(
		fc.asyncProperty(fc.array(anyReading, {maxLength: 40}), async some => {
			const readings = some.map(({atMs, value, quality}, i) => readingOf(i + 1, atMs, value, {quality}));
			const counted = await count(quantityOfName('energy-interval')!.name, readings);
			const those = readings.filter(one => one.measuredAtMs >= 1000 && one.measuredAtMs < 2000 && (one.quality & uncountedQualities) === 0);
			const values = those.map(({value}) => value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
			t.is(counted.counted, those.length);
			t.is(counted.sum, those.length === 0 ? undefined : `${values.reduce((sum, value) => sum + value, 0n)}`);
			t.is((counted.min as Counted | undefined)?.value, values.length === 0 ? undefined : `${values[0]}`);
			t.is((counted.max as Counted | undefined)?.value, values.length === 0 ? undefined : `${values.at(-1)}`);
		}),
	);
});
