// Turns the readings of one sensor, in the order of their times, into excursions, alarms and gaps.

import {finePerMilli} from './exact.ts';
import type {HeldTemperatures} from './mkt.ts';
import type {Alarm, Limits} from './profiles.ts';

/** What a sensor said at a time: where it said two things, the lower and the higher. In the units of exact.ts. */
export type Point = {readonly atMs: number; readonly low: number; readonly high: number};

/** A time without a break outside a limit. Minutes follow from `heldMs`, never from start and end. */
export type Run = {
	readonly side: 'above' | 'below';
	/** Of the first reading outside. */
	readonly fromMs: number;
	/** Of the first reading inside again, of the gap in which it was lost, or of the end of the window. */
	readonly toMs: number;
	readonly ended: 'inside' | 'gap' | 'window';
	/** The reading farthest out, the first of them, in the units of exact.ts. */
	readonly peak: number;
	readonly peakAtMs: number;
	readonly heldMs: number;
};

export type AlarmState = {
	readonly alarm: Alarm;
	/** When its minutes were full for the first time; undefined if they never were. */
	readonly firedAtMs: number | undefined;
	/** single: how many runs made it go off. */
	readonly fired: number;
	/** All time beyond its limit. */
	readonly heldMs: number;
	/** The longest time without a break. */
	readonly longestMs: number;
};

export type Gap = {readonly fromMs: number; readonly toMs: number};

export type Series = {
	readonly points: number;
	/** The first in time of the lowest and the highest. */
	readonly min: {readonly value: number; readonly atMs: number} | undefined;
	readonly max: {readonly value: number; readonly atMs: number} | undefined;
	/** Weighted by time; where no time is covered, the plain mean of the readings. Rounded to the nearest, halves up. */
	readonly mean: number | undefined;
	/** Time for which a reading stands. */
	readonly coveredMs: number;
	readonly aboveMs: number;
	readonly belowMs: number;
	/** The first of them, and how many there were. */
	readonly runs: readonly Run[];
	readonly runCount: number;
	readonly alarms: readonly AlarmState[];
	readonly gaps: readonly Gap[];
	readonly gapCount: number;
	readonly gapMs: number;
	/** Times between two readings, the first of them outside, that are longer than gapMaxOutsideMs and yet no gap. */
	readonly sparseCount: number;
	/** For the mean kinetic temperature: m°C, the higher where there were two, to ms. */
	readonly held: HeldTemperatures;
};

export type SeriesRules = {
	/** The window: readings with fromMs ≤ time < toMs count. */
	readonly fromMs: number;
	readonly toMs: number;
	/** In the units of exact.ts. */
	readonly limits: Limits;
	readonly alarms: readonly Alarm[];
	readonly gapMaxMs: number;
	readonly gapMaxOutsideMs?: number | undefined;
};

/** How many excursions and gaps are listed; the rest is counted. */
export const listedMax = 200;

const minuteMs = 60_000;

type OpenRun = {fromMs: number; peak: number; peakAtMs: number; heldMs: number; fired: boolean};

/** Follows one limit on one side. */
class Side {
	readonly runs: Run[] = [];
	runCount = 0;
	heldMs = 0;
	longestMs = 0;
	fired = 0;
	firedAtMs: number | undefined;
	#run: OpenRun | undefined;
	readonly #side: 'above' | 'below';
	readonly #limit: number;
	readonly #inclusive: boolean;
	readonly #alarm: {readonly thresholdMs: number; readonly isCumulative: boolean} | undefined;

	constructor(side: 'above' | 'below', limit: number, alarm?: Alarm) {
		this.#side = side;
		this.#limit = limit;
		this.#inclusive = alarm?.inclusive ?? false;
		this.#alarm = alarm === undefined ? undefined : {thresholdMs: alarm.minutes * minuteMs, isCumulative: alarm.kind === 'cumulative'};
	}

	/** Takes a reading that stands for `heldMs`; tells whether it is outside. */
	step(value: number, atMs: number, heldMs: number): boolean {
		const isAbove = this.#side === 'above';
		const isOut = isAbove ? value > this.#limit : value < this.#limit;
		if (!isOut && !(this.#inclusive && value === this.#limit)) {
			this.close(atMs, 'inside');
			return false;
		}
		let run = this.#run;
		if (run === undefined) {
			run = {fromMs: atMs, peak: value, peakAtMs: atMs, heldMs: 0, fired: false};
			this.#run = run;
		} else if (isAbove ? value > run.peak : value < run.peak) {
			run.peak = value;
			run.peakAtMs = atMs;
		}
		run.heldMs += heldMs;
		this.heldMs += heldMs;
		if (this.#alarm !== undefined) this.#ring(run, atMs + heldMs, this.#alarm);
		return true;
	}

	#ring(run: OpenRun, endMs: number, {thresholdMs, isCumulative}: {readonly thresholdMs: number; readonly isCumulative: boolean}): void {
		const soFarMs = isCumulative ? this.heldMs : run.heldMs;
		if (soFarMs < thresholdMs || (isCumulative ? this.fired > 0 : run.fired)) return;
		run.fired = true;
		this.fired += 1;
		this.firedAtMs ??= endMs - (soFarMs - thresholdMs);
	}

	close(atMs: number, ended: Run['ended']): void {
		const run = this.#run;
		if (run === undefined) return;
		this.#run = undefined;
		this.runCount += 1;
		this.longestMs = Math.max(this.longestMs, run.heldMs);
		const {fromMs, peak, peakAtMs, heldMs} = run;
		if (this.runs.length < listedMax) this.runs.push({side: this.#side, fromMs, toMs: atMs, ended, peak, peakAtMs, heldMs});
	}
}

export type SeriesFold = {
	/** The next reading; times rise from one to the next and lie in the window. */
	readonly add: (point: Point) => void;
	/** Closes the window. Called once, last. */
	readonly end: () => Series;
};

/**
 * The machine. A reading stands from its time until the next one, if that comes within gapMaxMs, and the last until the end of the window on the same condition: this is how loggers
 * count minutes. Otherwise the time from it on is a gap, in which nothing is known: it ends an excursion, adds no minute to it, and what comes after is a new one. So minutes outside are
 * those that are proven.
 */
export function openSeries(rules: SeriesRules): SeriesFold {
	const {fromMs, toMs, limits, gapMaxMs, gapMaxOutsideMs} = rules;
	const below = limits.low === undefined ? undefined : new Side('below', limits.low);
	const above = limits.high === undefined ? undefined : new Side('above', limits.high);
	const alarms = rules.alarms.map(alarm => ({alarm, side: new Side(alarm.side, alarm.limit * finePerMilli, alarm)}));
	const sides = [...(below === undefined ? [] : [below]), ...(above === undefined ? [] : [above]), ...alarms.map(({side}) => side)];
	const gaps: Gap[] = [];
	const held = new Map<number, number>();
	let [gapCount, gapMs, sparseCount, coveredMs, points] = [0, 0, 0, 0, 0];
	let min: {value: number; atMs: number} | undefined;
	let max: {value: number; atMs: number} | undefined;
	// Big, because 10^10 of value times 10^12 ms is no safe number.
	let weighted = 0n;
	let plain = 0n;
	let last: Point | undefined;

	const gap = (from: number, to: number): void => {
		gapCount += 1;
		gapMs += to - from;
		if (gaps.length < listedMax) gaps.push({fromMs: from, toMs: to});
	};
	const settle = (point: Point, nextMs: number, isEnd: boolean): void => {
		const waitMs = nextMs - point.atMs;
		const isGap = waitMs > gapMaxMs;
		const heldMs = isGap ? 0 : waitMs;
		let isOutside = below?.step(point.low, point.atMs, heldMs) ?? false;
		if (above?.step(point.high, point.atMs, heldMs) === true) isOutside = true;
		for (const {alarm, side} of alarms) side.step(alarm.side === 'above' ? point.high : point.low, point.atMs, heldMs);
		if (isGap) {
			gap(point.atMs, nextMs);
			for (const side of sides) side.close(point.atMs, 'gap');
		} else if (isOutside && gapMaxOutsideMs !== undefined && waitMs > gapMaxOutsideMs) sparseCount += 1;
		if (isEnd) for (const side of sides) side.close(nextMs, 'window');
		points += 1;
		coveredMs += heldMs;
		plain += BigInt(point.high);
		weighted += BigInt(point.high) * BigInt(heldMs);
		if (heldMs > 0) {
			const milli = Math.round(point.high / finePerMilli);
			held.set(milli, (held.get(milli) ?? 0) + heldMs);
		}
		if (min === undefined || point.low < min.value) min = {value: point.low, atMs: point.atMs};
		if (max === undefined || point.high > max.value) max = {value: point.high, atMs: point.atMs};
	};

	return {
		add: point => {
			if (last !== undefined) settle(last, point.atMs, false);
			else if (point.atMs - fromMs > gapMaxMs) gap(fromMs, point.atMs);
			last = point;
		},
		end: () => {
			if (last !== undefined) settle(last, toMs, true);
			else if (toMs > fromMs) gap(fromMs, toMs);
			const mean = coveredMs > 0 ? nearest(weighted, BigInt(coveredMs)) : points > 0 ? nearest(plain, BigInt(points)) : undefined;
			const runs = [...(below?.runs ?? []), ...(above?.runs ?? [])].sort((a, b) => a.fromMs - b.fromMs);
			return {
				points,
				min,
				max,
				mean,
				coveredMs,
				aboveMs: above?.heldMs ?? 0,
				belowMs: below?.heldMs ?? 0,
				runs: runs.slice(0, listedMax),
				runCount: (below?.runCount ?? 0) + (above?.runCount ?? 0),
				alarms: alarms.map(({alarm, side}) => ({
					alarm,
					firedAtMs: side.firedAtMs,
					fired: side.fired,
					heldMs: side.heldMs,
					longestMs: side.longestMs,
				})),
				gaps,
				gapCount,
				gapMs,
				sparseCount,
				held,
			};
		},
	};
}

/** a/b rounded to the nearest, halves up; b > 0. */
function nearest(a: bigint, b: bigint): number {
	const doubled = 2n * a + b;
	const quotient = doubled / (2n * b);
	return Number(doubled % (2n * b) !== 0n && doubled < 0n ? quotient - 1n : quotient);
}
