import test from 'ava';
import fc from 'fast-check';
import {createChance} from '../../sim/seed.ts';
import {chooseEvenly} from './points.ts';

const strataOf = (sizes: readonly number[]): {stratum: string; at: number}[] =>
	sizes.flatMap((size, i) => Array.from({length: size}, (_, at) => ({stratum: String(i), at})));

test('a choice has as many points as were asked for, none twice before all have come', t => {
	fc.assert(
		fc.property(fc.array(fc.nat(40), {minLength: 1, maxLength: 8}), fc.nat(300), fc.string(), (sizes, count, seed) => {
			const points = strataOf(sizes);
			if (points.length === 0) return;
			const chosen = chooseEvenly(points, ({stratum}) => stratum, count, createChance(seed, 'points'));
			t.is(chosen.length, count);
			t.is(new Set(chosen).size, Math.min(count, points.length));
		}),
	);
});

test('a small stratum is looked at whole, and a large one evenly from end to end', t => {
	const chosen = chooseEvenly(strataOf([3, 400, 2]), ({stratum}) => stratum, 45, createChance('s', 'points'));
	const ofLarge = chosen.filter(({stratum}) => stratum === '1').map(({at}) => at);
	t.deepEqual([chosen.filter(({stratum}) => stratum === '0').length, chosen.filter(({stratum}) => stratum === '2').length], [3, 2]);
	ofLarge.sort((a, b) => a - b);
	t.is(ofLarge.length, 40);
	for (const [i, at] of ofLarge.entries()) t.is(Math.floor(at / 10), i);
});

test('a choice is the same for the same seed and another for another', t => {
	const choose = (seed: string) => chooseEvenly(strataOf([50, 60]), ({stratum}) => stratum, 20, createChance(seed, 'points'));
	t.deepEqual(choose('a'), choose('a'));
	t.notDeepEqual(choose('a'), choose('b'));
});
