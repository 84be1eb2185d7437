// Counts hours of a channel anew from what the log has of it, where readings came late, out of order, or were corrected.

import {qualities, uncountedQualities} from '../../format/entry.ts';
import {type Past, type Reading, timeOf} from '../ledger.ts';
import {type AnyHour, ChannelHours, closedMaxAnew, correctedBit, type HourRange, hourMs, stepHoursMax} from './channel-hours.ts';

const dayMs = 24 * hourMs;

/**
 * The readings of a time in the order of their times, those measured at once in the order of the log. A correction takes the place of what it corrects; the newest one counts. It stands at the same time.
 *
 * KNOWN GAP: a correction of a reading whose device claims no time stands at its own arrival, and is not found beside what it corrects: it changes nothing here.
 */
export async function readingsInOrder(past: Past, urn: string, fromMs: number, toMs: number): Promise<Reading[]> {
	const found: Reading[] = [];
	let corrections: Map<number, Reading> | undefined;
	for await (const reading of past.readings(urn, fromMs, toMs)) {
		if ((reading.quality & qualities.correction) === 0) {
			found.push(reading);
			continue;
		}
		const number = await past.corrects(urn, reading);
		corrections ??= new Map();
		if (number !== undefined) corrections.set(number, reading);
	}
	const readings = found.map(reading => {
		const by = corrections?.get(reading.number);
		if (by === undefined || timeOf(by) !== timeOf(reading)) return reading;
		return {...reading, value: by.value, quality: (reading.quality & ~uncountedQualities) | correctedBit};
	});
	return readings.sort((a, b) => timeOf(a) - timeOf(b) || a.index - b.index);
}

/** Looks further and further back for the last reading that counts and ends no later than `toMs`; none that ends more than the longest step before it. */
async function lastCounted(past: Past, scratch: ChannelHours, toMs: number): Promise<Reading | undefined> {
	const {urn} = scratch.options;
	const leastMs = Math.max(0, toMs - stepHoursMax * hourMs);
	for (let spanMs = hourMs; ; spanMs *= 8) {
		const fromMs = Math.max(leastMs, toMs - spanMs);
		const readings = await readingsInOrder(past, urn, fromMs, toMs);
		for (let i = readings.length - 1; i >= 0; i -= 1)
			if (scratch.isCounted(readings[i]!) && scratch.reach(readings[i]!)[1] <= toMs) return readings[i];
		if (fromMs === leastMs) return undefined;
	}
}

/**
 * Counts the dirty hours of a channel anew, and those that hang together with them: a reading between two others changes all hours between these. `put` is told of every hour that was looked at and
 * is over, with what it has; undefined: nothing.
 */
export async function recount(
	channel: ChannelHours,
	past: Past,
	put: (hour: number, facts: AnyHour | undefined) => Promise<void>,
): Promise<void> {
	const groups = channel.dirtyGroups();
	channel.dirty.clear();
	channel.dirtyRanges = [];
	for (const group of groups) await recountGroup(channel, group, past, put);
}

async function recountGroup(
	channel: ChannelHours,
	group: HourRange,
	past: Past,
	put: (hour: number, facts: AnyHour | undefined) => Promise<void>,
): Promise<void> {
	const {urn, kind} = channel.options;
	const scratch = new ChannelHours(channel.options, closedMaxAnew);
	let fromHour = group.from;
	let startMs = fromHour * hourMs;
	if (kind !== 'gauge') {
		const base = await lastCounted(past, scratch, startMs);
		if (base !== undefined) {
			const baseEndMs = scratch.reach(base)[1];
			fromHour = Math.floor(baseEndMs / hourMs);
			// From the one before the hour on: so the hour itself is whole.
			const before = fromHour === 0 ? undefined : await lastCounted(past, scratch, fromHour * hourMs - 1);
			startMs = before === undefined ? Math.max(0, fromHour * hourMs - (channel.options.spanMs ?? 0)) : timeOf(before);
		}
	}
	let toHour = group.to;
	let hasEnd = kind === 'gauge';
	let put1 = fromHour;
	const flush = async (): Promise<void> => {
		for (const {hour, facts} of scratch.closed) {
			if (hour < fromHour || hour > toHour) continue;
			for (; put1 < hour; put1 += 1) await put(put1, undefined);
			await put(hour, facts);
			put1 = hour + 1;
		}
		scratch.closed.length = 0;
	};
	let isWhole = true;
	// A correction may make a reading count that was measured behind all that did.
	const newestMs = Math.max(channel.timeMs, (group.to + 1) * hourMs - 1);
	reading: for (let [atMs, spanMs] = [startMs, dayMs]; atMs <= newestMs; ) {
		const readings = await readingsInOrder(past, urn, atMs, atMs + spanMs - 1);
		for (const reading of readings) {
			scratch.read(reading);
			if (!hasEnd && scratch.openHour > group.to) {
				// The first one behind the dirty hours: what lies between it and the one before hangs on them.
				hasEnd = true;
				const endMs = scratch.reach(reading)[1];
				const last = endMs % hourMs === 0 ? endMs / hourMs - 1 : Math.floor(endMs / hourMs);
				if (last - group.to <= stepHoursMax) toHour = Math.max(toHour, last);
			}
			if (scratch.closed.length >= 1024) await flush();
			if (hasEnd && scratch.openHour > toHour) {
				isWhole = false;
				break reading;
			}
		}
		atMs += spanMs;
		const silentHours = Math.floor((atMs - (channel.options.spanMs ?? 0)) / hourMs) - scratch.openHour;
		if (scratch.timeMs >= 0 && silentHours > stepHoursMax && atMs > group.to * hourMs && atMs <= newestMs) {
			// What comes next is no neighbour of anything here, wherever it is.
			scratch.giveUp(newestMs);
			isWhole = false;
			break;
		}
		spanMs = readings.length === 0 ? Math.min(spanMs * 2, 64 * dayMs) : dayMs;
	}
	await flush();
	const over = isWhole ? Math.min(toHour + 1, scratch.openHour) : toHour + 1;
	for (; put1 < over; put1 += 1) await put(put1, undefined);
	// Everything up to now was counted: what comes goes on from here, and from nothing where a correction left nothing that counts.
	if (isWhole && (scratch.timeMs >= 0 || channel.timeMs >= startMs)) channel.adopt(scratch);
}
