import test from 'ava';
import {createChance} from '../../sim/seed.ts';
import {inBlocks, plot, type Sample, trendOf} from './trend.ts';

const minuteMs = 60_000;

/** A sawtooth, as a heap is, on a slope; in MB. */
function heap(perHour: number, minutes: number): Sample[] {
	const chance = createChance('heap', 'noise');
	return Array.from({length: minutes * 12}, (_, i) => ({
		timeMs: i * 5000,
		value: 110 + (i % 11) * 1.5 + chance.fraction() * 4 + (perHour * i * 5000) / 3_600_000,
	}));
}

test('a heap that only breathes has a slope of about nothing, and the interval holds 0', t => {
	const trend = trendOf(inBlocks(heap(0, 15), 12))!;
	t.true(trend.low < 0 && trend.high > 0, JSON.stringify(trend));
	t.true(Math.abs(trend.perHour) < 6);
});

test('a leak shows under the breathing, and the interval leaves 0 out', t => {
	const trend = trendOf(inBlocks(heap(40, 15), 12))!;
	t.true(trend.low > 1, JSON.stringify(trend));
	t.true(Math.abs(trend.perHour - 40) < 15);
});

test('a single outlier does not move a slope', t => {
	const line = Array.from({length: 12}, (_, i) => ({timeMs: i * minuteMs, value: i === 7 ? 9999 : 100 + i / 60}));
	t.true(Math.abs(trendOf(line)!.perHour - 1) < 0.01);
});

test('a few samples have no trend', t => {
	t.is(trendOf([{timeMs: 0, value: 1}]), undefined);
	t.deepEqual(inBlocks([], 12), []);
});

test('a plot goes from its lowest to its highest value', t => {
	t.is(plot([0, 1, 2, 3, 4, 5, 6, 7]), '▁▂▃▄▅▆▇█');
	t.is(plot([5, 5, 5]), '▁▁▁');
});
