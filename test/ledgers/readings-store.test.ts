// Readings that are kept in little memory come back as a plain list would give them.
import test from 'ava';
import fc from 'fast-check';
import {uint48Max, viewOf} from '../../agent/base/bytes.ts';
import {type Entry, encodeEntry} from '../../agent/format/entry.ts';
import {readReading} from '../../agent/ledgers/fold.ts';
import {type Reading, timeOf} from '../../agent/ledgers/ledger.ts';
import {createReadingsStore} from '../../agent/ledgers/readings-store.ts';

const anyTime = fc.oneof(fc.constant(0), fc.integer({min: 1, max: 20}), fc.integer({min: 0, max: uint48Max}));
const anyEntry = fc.record({
	kind: fc.constant(1 as const),
	salt: fc.constant(new Uint8Array(16)),
	subject: fc.constant(new Uint8Array(32)),
	source: fc.constant(new Uint8Array(32)),
	quantity: fc.integer({min: 0, max: 0xffff}),
	exponent: fc.integer({min: -128, max: 127}),
	quality: fc.integer({min: 0, max: 0xff_ffff}),
	value: fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}),
	measuredAtMs: anyTime,
	arrivedAtMs: anyTime,
	number: fc.integer({min: 0, max: uint48Max}),
	span: fc.integer({min: 0, max: 0xffff_ffff}),
});

/** The newest by time, then by place. */
const newestOf = (readings: readonly Reading[]): Reading | undefined =>
	readings.reduce<Reading | undefined>((best, one) => (best === undefined || timeOf(one) >= timeOf(best) ? one : best), undefined);

test('readings of any content come back by time, in the order of the log, none beyond what was folded', t => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.nat(1), anyEntry as fc.Arbitrary<Entry>), {maxLength: 60}),
			anyTime,
			anyTime,
			fc.nat(70),
			(some, from, to, size) => {
				const store = createReadingsStore();
				const lists: Reading[][] = [[], []];
				for (const [index, [place, entry]] of some.entries()) {
					const view = viewOf(encodeEntry(entry));
					store.add(place, view, 0, index);
					lists[place]!.push(readReading(view, 0, index));
				}
				for (const place of [0, 1]) {
					const folded = lists[place]!.filter(({index}) => index < size);
					t.deepEqual(
						[...store.readings(place, from, to, size)],
						folded.filter(one => timeOf(one) >= from && timeOf(one) <= to),
					);
					t.deepEqual(store.before(place, to, size), newestOf(folded.filter(one => timeOf(one) <= to)));
				}
			},
		),
	);
});

test('thousands of readings take a few bytes each, and are found among blocks', t => {
	const store = createReadingsStore();
	const base: Entry = {
		kind: 1,
		salt: new Uint8Array(16),
		subject: new Uint8Array(32),
		source: new Uint8Array(32),
		quantity: 30,
		exponent: 0,
		quality: 0,
		value: 0n,
		measuredAtMs: 0,
		arrivedAtMs: 0,
		number: 0,
		span: 0,
	};
	for (let i = 0; i < 5000; i += 1) {
		const measuredAtMs = 1_000_000 + i * 60_000;
		store.add(
			0,
			viewOf(encodeEntry({...base, value: BigInt(i % 7), measuredAtMs, arrivedAtMs: measuredAtMs + 40, number: i + 2})),
			0,
			3 * i,
		);
	}
	const found = [...store.readings(0, 1_000_000 + 1000 * 60_000, 1_000_000 + 1999 * 60_000, 15_000)];
	t.deepEqual([found.length, found[0]!.number, found.at(-1)!.number], [1000, 1002, 2001]);
	t.is(store.before(0, 1_000_000 + 2500 * 60_000 + 1, 15_000)?.number, 2502);
	t.is(store.before(0, 999_999, 15_000), undefined);
	t.deepEqual([...store.readings(1, 0, 1e12, 15_000)], []);
});
