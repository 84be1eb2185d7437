// Turns a curve as the agent gives it into columns for drawing, with its gaps.

import type {Curve} from '../../api/client.ts';
import {drawnValue} from '../units.ts';

export type Gap = {readonly fromMs: number; readonly toMs: number};

export type DrawnCurve = {
	/** Seconds, rising, as uPlot wants them; a gap has a place of its own in its middle. */
	readonly xs: number[];
	readonly last: (number | null)[];
	readonly low: (number | null)[];
	readonly high: (number | null)[];
	/** Where in the curve each of these stands; undefined in gaps. */
	readonly places: (number | undefined)[];
	readonly gaps: readonly Gap[];
};

/**
 * A device that speaks at least every `cadenceMs` was due, and nothing came. Of buckets: one that is empty, or as many as the device may be silent through. undefined where the device may be
 * silent as long as it likes.
 */
export function gapAfter({bucketMs, cadenceMs}: Pick<Curve, 'bucketMs' | 'cadenceMs'>, atMs: number, nextMs: number): Gap | undefined {
	if (cadenceMs === null) return undefined;
	const fromMs = atMs + (bucketMs ?? 0);
	const isGap = bucketMs === null ? nextMs - fromMs > cadenceMs : nextMs > fromMs && nextMs - fromMs >= cadenceMs;
	return isGap ? {fromMs, toMs: nextMs} : undefined;
}

export function drawnCurve(curve: Curve): DrawnCurve {
	const {times, bucketMs, exponent, unit} = curve;
	const drawn = {
		xs: [] as number[],
		last: [] as (number | null)[],
		low: [] as (number | null)[],
		high: [] as (number | null)[],
		places: [] as (number | undefined)[],
	};
	const gaps: Gap[] = [];
	const put = (ms: number, place: number | undefined): void => {
		const value = (column: readonly (string | null)[]): number | null =>
			place === undefined ? null : drawnValue(column[place] ?? null, exponent, unit);
		// Readings of the same moment are drawn side by side: what is drawn must rise.
		const before = drawn.xs.at(-1) ?? Number.NEGATIVE_INFINITY;
		drawn.xs.push(Math.max(ms / 1000, before + 1e-6));
		drawn.last.push(value(curve.last));
		drawn.low.push(value(curve.min));
		drawn.high.push(value(curve.max));
		drawn.places.push(place);
	};
	times.forEach((ms, place) => {
		const gap = place === 0 ? undefined : gapAfter(curve, times[place - 1]!, ms);
		if (gap !== undefined) {
			gaps.push(gap);
			put((gap.fromMs + gap.toMs) / 2, undefined);
		}
		put(ms + (bucketMs ?? 0) / 2, place);
	});
	return {...drawn, gaps};
}

/** Pairs of a place and how often, by the name of the mark; whatever has another form is left out. */
export function marksOf({
	marks,
}: Pick<Curve, 'marks'>): readonly {readonly name: string; readonly places: readonly (readonly [place: number, times: number])[]}[] {
	return Object.entries(marks).flatMap(([name, pairs]) => {
		if (!Array.isArray(pairs)) return [];
		const places = (pairs as unknown[]).filter(
			(pair): pair is [number, number] => Array.isArray(pair) && typeof pair[0] === 'number' && typeof pair[1] === 'number',
		);
		return places.length === 0 ? [] : [{name, places}];
	});
}

/** The curve with a reading that was heard meanwhile; undefined where it cannot be put at its end, and must be asked for again. */
export function withReading(
	curve: Curve,
	reading: {
		readonly index: number;
		readonly measuredAtMs: number | null;
		readonly arrivedAtMs: number;
		readonly value: string | null;
		readonly quality: readonly string[];
	},
): Curve | undefined {
	const atMs = reading.measuredAtMs ?? reading.arrivedAtMs;
	const {bucketMs, times} = curve;
	const newest = times.at(-1);
	const last = times.length - 1;
	if (bucketMs === null) {
		if (reading.quality.length > 0 || (newest !== undefined && atMs <= newest)) return undefined;
		const put = (column: readonly (string | null)[]): (string | null)[] => [...column, reading.value];
		return {
			...curve,
			times: [...times, atMs],
			counts: [...curve.counts, 1],
			first: put(curve.first),
			last: put(curve.last),
			min: put(curve.min),
			max: put(curve.max),
			indexes: [...(curve.indexes ?? []), reading.index],
		};
	}
	if (newest === undefined || reading.value === null || reading.quality.length > 0 || atMs < newest || atMs >= newest + bucketMs)
		return undefined;
	const {value} = reading;
	const replaced = <T>(column: readonly T[], by: T): T[] => [...column.slice(0, last), by];
	const digits = BigInt(value);
	const low = curve.min[last] ?? null;
	const high = curve.max[last] ?? null;
	return {
		...curve,
		counts: replaced(curve.counts, curve.counts[last]! + 1),
		first: curve.first[last] === null ? replaced(curve.first, value) : curve.first,
		last: replaced(curve.last, value),
		min: low === null || digits < BigInt(low) ? replaced(curve.min, value) : curve.min,
		max: high === null || digits > BigInt(high) ? replaced(curve.max, value) : curve.max,
	};
}
