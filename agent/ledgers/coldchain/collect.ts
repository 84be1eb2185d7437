// Turns what a channel measured in a window into points in the order of their times, and counts what of it is no measurement.

import {qualities} from '../../format/entry.ts';
import {parseChannelUrn} from '../../format/subject.ts';
import {type Past, type Reading, timeOf} from '../ledger.ts';
import {exponentExact, fineOf, type Sort} from './exact.ts';

/** More readings of one assignment are not looked at, and it says so: two months at one a second. */
export const readingsMax = 5_000_000;

/** Marks that are counted and shown. A reading with one of them counts all the same. */
const shownMarks = [
	'simulated',
	'clockUnsynchronised',
	'noDeviceTime',
	'conflict',
	'late',
	'uncalibrated',
	'appendedAgain',
	'historical',
	'correction',
] as const satisfies readonly (keyof typeof qualities)[];

/** The probe is broken, or says so. */
const faulty = qualities.noValue | qualities.invalid;
/** Somebody's guess. A correction is one too, and yet counts: see collect. */
const guessed = qualities.estimated | qualities.substituted;

export type Collected = {
	readonly urn: string;
	/** Rising; as long as lows and highs. */
	readonly times: readonly number[];
	/** In the units of exact.ts; of a door or power 0 and 1. Where a time has two values, as a conflict or a correction gives it, the lower and the higher. */
	readonly lows: readonly number[];
	readonly highs: readonly number[];
	/** All that arrived, measured or not. */
	readonly readings: number;
	/** Readings that are no measurement, and values that no such thing can have. */
	readonly faults: {readonly count: number; readonly firstMs: number; readonly lastMs: number} | undefined;
	readonly marks: Readonly<Record<string, number>>;
	readonly isCut: boolean;
};

/** Times from … to, the second excluded. Corrections can make an excursion and never unmake one: what the sensor said stays beside what was said later [GSP annex 3: records may not be changed]. */
export async function collect(past: Past, urn: string, sort: Sort, fromMs: number, toMs: number): Promise<Collected> {
	const quantityName = parseChannelUrn(urn)?.quantityName ?? '';
	const isState = sort === 'door' || sort === 'power';
	const times: number[] = [];
	const lows: number[] = [];
	const highs: number[] = [];
	const marks: Record<string, number> = {};
	let faults: {count: number; firstMs: number; lastMs: number} | undefined;
	let readings = 0;
	let isSorted = true;
	let isCut = false;
	for await (const reading of past.readings(urn, fromMs, toMs - 1)) {
		if (readings === readingsMax) {
			isCut = true;
			break;
		}
		readings += 1;
		const atMs = timeOf(reading);
		if (reading.quality !== 0)
			for (const name of shownMarks) if ((reading.quality & qualities[name]) !== 0) marks[name] = (marks[name] ?? 0) + 1;
		const value = measuredOf(reading, quantityName, isState);
		if (value === undefined) {
			if (faults === undefined) faults = {count: 1, firstMs: atMs, lastMs: atMs};
			else faults = {count: faults.count + 1, firstMs: Math.min(faults.firstMs, atMs), lastMs: Math.max(faults.lastMs, atMs)};
			continue;
		}
		const high = isState || reading.exponent >= exponentExact ? value : (fineOf(quantityName, reading, true) ?? value);
		const last = times.length - 1;
		if (last >= 0 && times[last] === atMs) {
			lows[last] = Math.min(lows[last]!, value);
			highs[last] = Math.max(highs[last]!, high);
			continue;
		}
		if (last >= 0 && times[last]! > atMs) isSorted = false;
		times.push(atMs);
		lows.push(value);
		highs.push(high);
	}
	const ordered = isSorted ? {times, lows, highs} : inOrder(times, lows, highs);
	return {urn, ...ordered, readings, faults, marks: orderedMarks(marks), isCut};
}

/** undefined if it is no measurement. */
export function measuredOf(reading: Reading, quantityName: string, isState: boolean): number | undefined {
	const {quality} = reading;
	if ((quality & faulty) !== 0 || ((quality & guessed) !== 0 && (quality & qualities.correction) === 0)) return undefined;
	if (isState) return reading.value === 0n ? 0 : 1;
	return fineOf(quantityName, reading);
}

/** Marks in the order of the table, whichever came first: the same account has the same text. */
function orderedMarks(marks: Readonly<Record<string, number>>): Record<string, number> {
	return Object.fromEntries(shownMarks.flatMap(name => (marks[name] === undefined ? [] : [[name, marks[name]]])));
}

function inOrder(times: readonly number[], lows: readonly number[], highs: readonly number[]): Pick<Collected, 'times' | 'lows' | 'highs'> {
	const order = times.map((_, i) => i).sort((a, b) => times[a]! - times[b]!);
	const sorted: {times: number[]; lows: number[]; highs: number[]} = {times: [], lows: [], highs: []};
	for (const i of order) {
		const last = sorted.times.length - 1;
		if (last >= 0 && sorted.times[last] === times[i]) {
			sorted.lows[last] = Math.min(sorted.lows[last]!, lows[i]!);
			sorted.highs[last] = Math.max(sorted.highs[last]!, highs[i]!);
			continue;
		}
		sorted.times.push(times[i]!);
		sorted.lows.push(lows[i]!);
		sorted.highs.push(highs[i]!);
	}
	return sorted;
}
