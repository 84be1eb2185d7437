// Finds which reading of a history each correction in it stands in for, as far as the entries alone tell.

import {viewOf} from '../base/bytes.ts';
import {type EntryNumber, entryLength, type Index, kinds, outlineEntry, qualities} from '../format/entry.ts';
import type {History} from '../format/history.ts';

export type CorrectionLink = {
	readonly index: Index;
	readonly number: EntryNumber;
	/** Number of the reading that it stands in for; undefined where only the arrival of the correction tells, which a history does not show. */
	readonly corrects: EntryNumber | undefined;
};

/**
 * One for each correction, in the order of the log. An entry does not name what it corrects, but it has that one's time of the device: so where only one reading in front of it
 * has that time, it is this one. Without a time, or where several have it, nothing here tells. The entries MUST have no entryProblem.
 */
export function correctionLinks({indexes, entries}: Pick<History, 'indexes' | 'entries'>): CorrectionLink[] {
	const view = viewOf(entries);
	const corrections: {readonly place: number; readonly number: EntryNumber; readonly timeMs: number}[] = [];
	for (let place = 0; place < indexes.length; place += 1) {
		const {kind, quality, number, measuredAtMs} = outlineEntry(view, place * entryLength);
		if (kind === kinds.reading && (quality & qualities.correction) !== 0) corrections.push({place, number, timeMs: measuredAtMs});
	}
	if (corrections.length === 0) return [];
	/** By time, the readings that a correction of that time may mean: the first, and where the second of them stands. */
	const first = new Map<number, {readonly place: number; readonly number: EntryNumber; secondPlace: number}>();
	const times = new Set(corrections.map(({timeMs}) => timeMs));
	for (let place = 0; place < indexes.length; place += 1) {
		const {kind, quality, number, measuredAtMs} = outlineEntry(view, place * entryLength);
		if (kind !== kinds.reading || (quality & qualities.correction) !== 0 || measuredAtMs === 0 || !times.has(measuredAtMs)) continue;
		const known = first.get(measuredAtMs);
		if (known === undefined) first.set(measuredAtMs, {place, number, secondPlace: Number.POSITIVE_INFINITY});
		else known.secondPlace = Math.min(known.secondPlace, place);
	}
	return corrections.map(({place, number, timeMs}) => {
		const known = first.get(timeMs);
		const isOnly = known !== undefined && known.place < place && known.secondPlace > place;
		return {index: indexes[place]!, number, corrects: isOnly ? known.number : undefined};
	});
}
