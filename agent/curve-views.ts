// The composition root's part that shows what a channel measured: its readings one by one, and a period of it as a curve, from readings where they are few and from buckets where they are many.

import type {Accounts} from './accounts.ts';
import type {CurveView, Period, ReadingView, Window} from './api/window.ts';
import {viewOf} from './base/bytes.ts';
import type {ChannelTable} from './channel-table.ts';
import {kinds, qualities, qualityNames} from './format/entry.ts';
import {type Mark, markQualities, marks, unshownQualities} from './ledgers/curves/bucket.ts';
import {readReading} from './ledgers/fold.ts';
import {type Reading, timeOf} from './ledgers/ledger.ts';
import type {Channel} from './log/channels.ts';
import type {LogReader} from './log/reader.ts';

/** So few readings are drawn one by one: each costs a look into the log, where a bucket costs nothing. */
const rawReadingsMax = 500;

type BucketCurve = Awaited<ReturnType<Accounts['curve']>>;

export function createCurveViews({
	accounts,
	reader,
	channels,
}: {
	readonly accounts: Pick<Accounts, 'curve'>;
	readonly reader: Pick<LogReader, 'range'>;
	readonly channels: Pick<ChannelTable, 'named'>;
}): Pick<Window, 'curve' | 'readings'> {
	/** Of a period, behind an index, at most so many. */
	const readingsOf = async (channel: Channel, {fromMs, toMs}: Period, begin: number, limit: number): Promise<Reading[]> => {
		const found: Reading[] = [];
		for await (const {index, entry} of reader.range(channel, fromMs, toMs - 1, begin)) {
			if (entry[0] !== kinds.reading) continue;
			found.push(readReading(viewOf(entry), 0, index));
			if (found.length === limit) break;
		}
		return found;
	};
	return {
		curve: async (urn, period, points) => {
			const curve = await accounts.curve(urn, period.fromMs, period.toMs, points);
			const channel = channels.named(urn);
			// What came since may be some more.
			return channel !== undefined && isDrawnOneByOne(curve, points)
				? curveOfReadings(await readingsOf(channel, period, 0, rawReadingsMax), curve.behind)
				: curveOfBuckets(curve);
		},
		readings: async (urn, period, after, limit) => {
			const channel = channels.named(urn);
			return channel === undefined ? [] : (await readingsOf(channel, period, after + 1, limit)).map(readingView);
		},
	};
}

function isDrawnOneByOne({level, buckets}: BucketCurve, points: number): boolean {
	return level === 'quarter-hour' && buckets.reduce((sum, {bucket}) => sum + bucket.count, 0) <= Math.min(points, rawReadingsMax);
}

export function readingView({index, number, measuredAtMs, arrivedAtMs, value, quality, span}: Reading): ReadingView {
	return {
		index,
		number,
		measuredAtMs: measuredAtMs === 0 ? null : measuredAtMs,
		arrivedAtMs,
		value: (quality & qualities.noValue) === 0 ? String(value) : null,
		quality: qualityNames(quality),
		span,
	};
}

type MarkedPlaces = Partial<Record<Mark, (readonly [place: number, times: number])[]>>;

function markAt(marked: MarkedPlaces, mark: Mark, place: number, times: number): void {
	marked[mark] ??= [];
	marked[mark].push([place, times]);
}

/** Readings one by one, in the order of their times. */
export function curveOfReadings(readings: readonly Reading[], behind: number): CurveView {
	const sorted = [...readings].sort((a, b) => timeOf(a) - timeOf(b) || a.index - b.index);
	const values = sorted.map(({value, quality}) => ((quality & unshownQualities) === 0 ? String(value) : null));
	const marked: MarkedPlaces = {};
	for (const [place, {quality}] of sorted.entries())
		for (const mark of marks) if ((quality & markQualities[mark]) !== 0) markAt(marked, mark, place, 1);
	return {
		level: 'raw',
		bucketMs: null,
		behind,
		times: sorted.map(timeOf),
		counts: sorted.map(() => 1),
		first: values,
		last: values,
		min: values,
		max: values,
		marks: marked,
		indexes: sorted.map(({index}) => index),
	};
}

function curveOfBuckets({level, bucketMs, behind, buckets}: BucketCurve): CurveView {
	const marked: MarkedPlaces = {};
	for (const [place, {bucket}] of buckets.entries())
		for (const [at, times] of bucket.marked?.entries() ?? []) if (times > 0) markAt(marked, marks[at]!, place, times);
	return {
		level,
		bucketMs,
		behind,
		times: buckets.map(({beginMs}) => beginMs),
		counts: buckets.map(({bucket}) => bucket.count),
		first: buckets.map(({bucket}) => (bucket.first === undefined ? null : String(bucket.first.value))),
		last: buckets.map(({bucket}) => (bucket.last === undefined ? null : String(bucket.last.value))),
		min: buckets.map(({bucket}) => (bucket.shown === 0 ? null : String(bucket.min))),
		max: buckets.map(({bucket}) => (bucket.shown === 0 ? null : String(bucket.max))),
		marks: marked,
	};
}
