import test from 'ava';
import fc from 'fast-check';
import {
	pairEnergies,
	proRataKeys,
	type SharedSlot,
	sharesPpm,
	sharingKeys,
	sharingKeysCsv,
	sharingKeysJson,
} from '../../agent/trade/sharing-keys.ts';

const names = fc.uniqueArray(fc.string({unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 3}), {
	minLength: 1,
	maxLength: 9,
});
const energies = (max: number) =>
	names.chain(list => fc.tuple(...list.map(name => fc.tuple(fc.constant(name), fc.nat({max})))).map(pairs => new Map(pairs)));

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

test('keys sum to exactly a million, and none is a whole millionth off its proportion', t => {
	fc.assert(
		fc.property(energies(2 ** 40), weights => {
			const total = sum(weights.values());
			const keys = sharesPpm(weights);
			t.is(keys.size, total === 0 ? 0 : weights.size);
			t.is(sum(keys.values()), total === 0 ? 0 : 1_000_000);
			for (const [name, ppm] of keys) {
				const off = BigInt(ppm) * BigInt(total) - BigInt(weights.get(name)!) * 1_000_000n;
				t.true(off < BigInt(total) && off > -BigInt(total));
			}
		}),
		{numRuns: 2000},
	);
});

test('keys do not depend on the order of the consumers; equal remainders go to the smaller name', t => {
	t.deepEqual(
		[
			...sharesPpm(
				new Map([
					['c', 1],
					['a', 1],
					['b', 1],
				]),
			),
		],
		[
			['a', 333_334],
			['b', 333_333],
			['c', 333_333],
		],
	);
	fc.assert(
		fc.property(energies(100), weights => {
			t.deepEqual(sharesPpm(new Map([...weights].reverse())), sharesPpm(weights));
		}),
	);
});

/** Sold and bought of the same sum. */
const shared = fc
	.tuple(energies(500), energies(500))
	.filter(([sold, bought]) => sum(sold.values()) > 0 && sum(bought.values()) > 0)
	.map(([sold, weights]) => {
		const total = sum(sold.values());
		const bought = new Map<string, number>();
		let rest = total;
		const list = [...weights];
		for (const [i, [name, weight]] of list.entries()) {
			const part = i === list.length - 1 ? rest : Math.min(rest, weight);
			bought.set(name, part);
			rest -= part;
		}
		return {sold, bought, total};
	});

test('pairs give every producer and every consumer what they contracted, to the Wh, nearly in proportion, and each producer’s keys sum to a million', t => {
	fc.assert(
		fc.property(shared, ({sold, bought, total}) => {
			const pairs = pairEnergies(sold, bought);
			for (const [producer, energyWh] of sold) {
				const own = pairs.filter(pair => pair.producer === producer);
				t.is(sum(own.map(pair => pair.energyWh)), energyWh);
				t.is(sum(own.map(({ppm}) => ppm)), energyWh === 0 ? 0 : 1_000_000);
				for (const pair of own) t.true(Math.abs(pair.ppm * energyWh - pair.energyWh * 1_000_000) < energyWh);
			}
			for (const [consumer, energyWh] of bought)
				t.is(sum(pairs.filter(pair => pair.consumer === consumer).map(pair => pair.energyWh)), energyWh);
			for (const {producer, consumer, energyWh} of pairs) {
				t.true(energyWh > 0);
				// Each producer before this one may have moved a Wh.
				t.true(Math.abs(energyWh - (sold.get(producer)! * bought.get(consumer)!) / total) <= sold.size + 1);
			}
		}),
		{numRuns: 2000},
	);
});

test('what was sold and not bought, or is no whole number, makes no pairs', t => {
	t.throws(() => pairEnergies(new Map([['a', 5]]), new Map([['b', 4]])), {message: '5 Wh were sold and 4 bought'});
	t.throws(() => pairEnergies(new Map([['a', 0.5]]), new Map([['b', 0.5]])), {message: '0.5 is not a whole number of Wh'});
	t.throws(() => sharesPpm(new Map([['a', -1]])), {message: 'a weight is below 0'});
});

const slots: readonly SharedSlot[] = [
	{
		slot: 1_980_044,
		soldWh: new Map([
			['A', 1000],
			['B', 500],
		]),
		boughtWh: new Map([
			['C', 800],
			['D', 525],
			['E', 175],
		]),
		takenWh: new Map([
			['C', 800],
			['D', 425],
			['E', 175],
		]),
	},
	{slot: 1_980_045, soldWh: new Map(), boughtWh: new Map(), takenWh: new Map([['C', 100]])},
	{slot: 1_980_046, soldWh: new Map(), boughtWh: new Map(), takenWh: new Map()},
];

test('the three forms of the worked example', t => {
	t.deepEqual(proRataKeys(slots[0]!), [
		{consumer: 'C', ppm: 571_429},
		{consumer: 'D', ppm: 303_571},
		{consumer: 'E', ppm: 125_000},
	]);
	const [first, second, third] = sharingKeys('static', slots);
	t.deepEqual(first!.keys, [
		{consumer: 'C', ppm: 600_000},
		{consumer: 'D', ppm: 283_333},
		{consumer: 'E', ppm: 116_667},
	]);
	t.is(second!.keys, first!.keys);
	t.is(third!.keys, first!.keys);
	t.deepEqual(sharingKeys('static', slots, new Map([['X', 1]]))[0]!.keys, [{consumer: 'X', ppm: 1_000_000}]);
	t.deepEqual(
		sharingKeys('pro-rata', slots).map(({keys}) => keys.length),
		[3, 1, 0],
	);
	const full = sharingKeys('full-dynamic', slots);
	t.deepEqual(full[0]!.keys.slice(0, 2), [
		{producer: 'A', consumer: 'C', energyWh: 533, ppm: 533_000},
		{producer: 'A', consumer: 'D', energyWh: 350, ppm: 350_000},
	]);
	t.deepEqual(
		full.map(({keys}) => keys.length),
		[6, 0, 0],
	);
});

test('as CSV and as JSON', t => {
	t.is(sharingKeysCsv('static', sharingKeys('static', slots)), 'consumer,share_ppm\r\nC,600000\r\nD,283333\r\nE,116667\r\n');
	const lines = sharingKeysCsv('full-dynamic', sharingKeys('full-dynamic', slots)).split('\r\n');
	t.is(lines[0], 'slot_start_utc,slot,producer,consumer,share_ppm,energy_wh');
	t.is(lines[1], '2026-06-21T11:00:00.000Z,1980044,A,C,533000,533');
	t.is(lines.length, 8);
	t.is(sharingKeysCsv('pro-rata', sharingKeys('pro-rata', slots)).split('\r\n')[4], '2026-06-21T11:15:00.000Z,1980045,C,1000000');
	const json = JSON.parse(sharingKeysJson('pro-rata', 'street', sharingKeys('pro-rata', slots))) as {slots: {keys: unknown[]}[]};
	t.deepEqual(json.slots[1]!.keys, [{consumer: 'C', ppm: 1_000_000}]);
});
