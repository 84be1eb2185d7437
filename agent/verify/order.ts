// Checks what the entries of a history say together: their order, their period, and whether a number is missing.

import {type Entry, type Index, kinds} from '../format/entry.ts';
import {type Check, fail, pass, skipped} from './verdict.ts';

/** An entry of a history with its place in the log. */
export type Placed = {readonly index: Index; readonly entry: Entry};

/** A history lists its entries as the log has them: places and numbers rise, and nothing is there twice. */
export function checkOrder(placed: readonly Placed[]): Check {
	for (let i = 1; i < placed.length; i += 1) {
		const [before, here] = [placed[i - 1]!, placed[i]!];
		if (here.index <= before.index) return fail('order', `index ${here.index} follows index ${before.index}`);
		if (here.entry.number <= before.entry.number) {
			return fail('order', `number ${here.entry.number} at index ${here.index} follows number ${before.entry.number}`);
		}
	}
	if (placed.length === 0) return skipped('order', 'it has no entries');
	return pass('order', 'indexes and numbers rise');
}

/**
 * The readings are those of the period by the device's clock; where it claims no time there is nothing to compare. A late entry lies among others of its channel, and leaving it
 * out would look like a gap: so what lies outside of the period may stand between two that lie in it, but not before the first or after the last.
 */
export function checkPeriod(placed: readonly Placed[], fromMs: number, toMs: number): Check {
	if (fromMs > toMs) return fail('period', `it is for a period that ends (${toMs} ms) before it begins (${fromMs} ms)`);
	const readings = placed.filter(({entry}) => entry.kind === kinds.reading);
	const timed = readings.filter(({entry}) => entry.measuredAtMs !== 0);
	const isOutside = ({entry}: Placed): boolean => entry.measuredAtMs < fromMs || entry.measuredAtMs > toMs;
	for (const end of [timed[0], timed.at(-1)]) {
		if (end === undefined || !isOutside(end)) continue;
		return fail('period', `number ${end.entry.number} was measured at ${end.entry.measuredAtMs} ms, outside of ${fromMs} to ${toMs} ms`);
	}
	const outside = timed.filter(isOutside).length;
	const untimed = readings.length - timed.length;
	const remarks = [
		...(outside > 0 ? [`${outside} between them outside, so that no number is missing`] : []),
		...(untimed > 0 ? [`${untimed} without a time of the device`] : []),
	];
	if (timed.length === 0) return skipped('period', readings.length === 0 ? 'it has no readings' : 'the device claims no times');
	return pass('period', ['all measured in the period that it is for', ...remarks].join('; '));
}

const rangesMax = 10;

/**
 * Nothing between the first and the last number was left out, as the agent numbered them. That alone never makes a history complete, so this check does not pass: what lies before
 * and after is not shown.
 */
export function checkCompleteness(placed: readonly Placed[]): Check {
	const first = placed[0]?.entry.number;
	const last = placed.at(-1)?.entry.number;
	if (first === undefined || last === undefined) return skipped('completeness', 'it has no entries, and that there are none is not shown');
	if (first < 1) return fail('completeness', 'numbers begin at 1, and here is number 0');
	const missing: string[] = [];
	let ranges = 0;
	for (let i = 1; i < placed.length; i += 1) {
		const from = placed[i - 1]!.entry.number + 1;
		const to = placed[i]!.entry.number - 1;
		if (from > to) continue;
		ranges += 1;
		if (ranges <= rangesMax) missing.push(from === to ? `${from}` : `${from} to ${to}`);
	}
	if (ranges > rangesMax) missing.push(`and ${ranges - rangesMax} more gaps`);
	if (ranges > 0) return fail('completeness', `numbers are missing: ${missing.join(', ')}`);
	const before = first === 1 ? 'number 1 is the first of this epoch' : `what came before number ${first} is unknown`;
	const between = `nothing between number ${first} and number ${last} is missing, as the agent numbered them`;
	return skipped('completeness', `${between}; ${before}, and what comes after number ${last} is unknown`);
}
