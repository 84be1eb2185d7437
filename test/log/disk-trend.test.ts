// How long the disk lasts: by how its files grew, and nothing where nobody can know.
import test from 'ava';
import {createDiskTrend, fillDays} from '../../agent/log/disk-trend.ts';

const hourMs = 3_600_000;
const gib = 1024 ** 3;

test('a disk lasts as long as what is left above the floor, at the pace of the looks', t => {
	const looks = [
		{atMs: 0, bytes: gib},
		{atMs: 12 * hourMs, bytes: 3 * gib},
		{atMs: 24 * hourMs, bytes: 2 * gib},
	];
	t.is(fillDays(looks, 11 * gib, gib), 10);
	t.is(fillDays(looks, gib, gib), 0);
	t.is(fillDays(looks, 0, gib), 0);
	t.is(fillDays(looks, Number.MAX_SAFE_INTEGER, gib), 36_500);
});

test('with less than an hour, or without growth, nothing is said', t => {
	t.is(fillDays([], gib, 0), undefined);
	t.is(fillDays([{atMs: 0, bytes: 1}], gib, 0), undefined);
	const grown = (atMs: number, bytes: number) =>
		fillDays(
			[
				{atMs: 0, bytes: 1000},
				{atMs, bytes},
			],
			gib,
			0,
		);
	t.is(grown(hourMs - 1, 2000), undefined);
	t.is(typeof grown(hourMs, 2000), 'number');
	t.is(grown(hourMs, 1000), undefined);
	t.is(grown(hourMs, 10), undefined);
});

test('it looks once in a quarter of an hour, remembers two days, and takes a file that cannot be read for no look', async t => {
	let [atMs, bytes, looked] = [0, 0, 0];
	const trend = createDiskTrend({
		bytes: async () => {
			looked += 1;
			if (bytes < 0) throw new Error('it cannot be read');
			return bytes;
		},
		clock: {monotonicMs: () => atMs},
	});
	for (; atMs < 2 * hourMs; atMs += 60_000) {
		bytes = atMs;
		await trend.look();
	}
	t.is(looked, 8);
	const perDay = 24 * hourMs;
	t.is(trend.fillDays(10 * perDay, 0), 10);
	bytes = -1;
	await trend.look();
	t.is(trend.fillDays(10 * perDay, 0), 10);
	// Five days at twice the pace: what was before is forgotten.
	for (const endMs = 5 * perDay; atMs < endMs; atMs += 15 * 60_000) {
		bytes = 2 * atMs;
		await trend.look();
	}
	t.is(trend.fillDays(20 * perDay, 0), 10);
});
