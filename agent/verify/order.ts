// Checks what the entries of a history say together: their order, their period, and whether a number is missing.

import {type EntryOutline, type Index, kinds, qualities} from '../format/entry.ts';
import type {CheckedTally} from './tally.ts';
import {type Check, type Completeness, fail, missingText, pass, skipped} from './verdict.ts';

/** An entry of a history with its place in the log. */
export type Placed = {readonly index: Index; readonly entry: EntryOutline};

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
 * out would look like a gap: so what lies outside of the period may stand between two that lie in it, and behind the last where a tally has to be reached. Only with
 * a tally may a history be of a period without any reading: then it shows what was there instead.
 */
export function checkPeriod(placed: readonly Placed[], fromMs: number, toMs: number, tally: CheckedTally | undefined): Check {
	if (fromMs > toMs) return fail('period', `it is for a period that ends (${toMs} ms) before it begins (${fromMs} ms)`);
	const readings = placed.filter(({entry}) => entry.kind === kinds.reading);
	const timed = readings.filter(({entry}) => entry.measuredAtMs !== 0);
	const isInside = ({entry}: Placed): boolean => entry.measuredAtMs >= fromMs && entry.measuredAtMs <= toMs;
	const untimed = readings.length - timed.length;
	const untimedRemark = untimed > 0 ? [`${untimed} without a time of the device`] : [];
	const last = timed.findLastIndex(isInside);
	if (last < 0 && tally !== undefined) {
		// The agent's clock is all that speaks for such a reading: nobody can say that it is not of this period.
		const mayBeInside = readings.some(({entry}) => entry.measuredAtMs === 0 && entry.arrivedAtMs >= fromMs && entry.arrivedAtMs <= toMs);
		if (mayBeInside) return skipped('period', 'the device claims no times');
		return pass('period', ['nothing that is shown was measured in the period', ...untimedRemark].join('; '));
	}
	if (timed.length === 0) return skipped('period', readings.length === 0 ? 'it has no readings' : 'the device claims no times');
	const mustBeInside = [timed[0], tally === undefined ? timed.at(-1) : undefined];
	for (const end of mustBeInside) {
		if (end === undefined || isInside(end)) continue;
		return fail('period', `number ${end.entry.number} was measured at ${end.entry.measuredAtMs} ms, outside of ${fromMs} to ${toMs} ms`);
	}
	const outside = timed.slice(0, last).filter(one => !isInside(one)).length;
	const after = timed.length - 1 - last;
	const remarks = [
		...(outside > 0 ? [`${outside} between them outside, so that no number is missing`] : []),
		...(after > 0 ? [`${after} behind them, shown so that no number is missing up to the tally`] : []),
		...untimedRemark,
	];
	return pass(
		'period',
		[after > 0 ? 'it begins and goes on in the period that it is for' : 'all measured in the period that it is for', ...remarks].join('; '),
	);
}

const rangesMax = 10;

/** Whether entries of the channel are missing, as the agent numbered them; see Completeness. */
export function checkCompleteness(
	placed: readonly Placed[],
	tally: CheckedTally | undefined,
	epoch: number,
): {readonly check: Check; readonly completeness: Completeness} {
	const first = placed[0]?.entry.number;
	const last = placed.at(-1)?.entry.number;
	const missing: {from: number; to: number}[] = [];
	let missingRuns = 0;
	const miss = (from: number, to: number): void => {
		if (from > to) return;
		missingRuns += 1;
		if (missing.length < rangesMax) missing.push({from, to});
	};
	for (let i = 1; i < placed.length; i += 1) miss(placed[i - 1]!.entry.number + 1, placed[i]!.entry.number - 1);
	if (tally !== undefined) miss((last ?? 0) + 1, tally.number);

	const conclude = (state: Completeness['state'], result: typeof pass, reason: string) => ({
		check: result('completeness', reason),
		completeness: {
			state,
			firstNumber: first,
			lastNumber: last,
			tallyNumber: tally?.number,
			tallyAtMs: tally?.madeAtMs,
			missing,
			missingRuns,
		},
	});
	if (missingRuns > 0) return conclude('incomplete', fail, `numbers are missing: ${missingText(missing, missingRuns)}`);
	if (first === undefined || last === undefined) {
		if (tally === undefined) return conclude('later-unknown', skipped, 'it has no entries, and that there are none is not shown');
		if (epoch > 1) return conclude('crosses-epoch', skipped, `no entry of the channel in epoch ${epoch}; ${epochText}`);
		return conclude('complete', pass, `the log has no entry of the channel before its tally at size ${tally.size}`);
	}
	if (first < 1) return conclude('incomplete', fail, 'numbers begin at 1, and here is number 0');
	if (tally !== undefined && last > tally.number)
		return conclude('incomplete', fail, `number ${last} is shown, but the tally behind it says that the last one is ${tally.number}`);

	const before = first === 1 ? 'number 1 is the first of this epoch' : `what came before number ${first} is not shown`;
	if (tally === undefined) {
		const between = `nothing between number ${first} and number ${last} is missing, as the agent numbered them`;
		return conclude(
			'later-unknown',
			skipped,
			`${between}; ${before}; whether more came after number ${last} is unknown: no tally covers it`,
		);
	}
	const upTo = `nothing from number ${first} up to number ${last} is missing, as the agent numbered them, and the tally at size ${tally.size} says that ${last} was the last`;
	if (epoch > 1 && first === 1) return conclude('crosses-epoch', skipped, `${upTo}; ${epochText}`);
	const again = placed.filter(({entry}) => (entry.quality & qualities.appendedAgain) !== 0).length;
	if (again > 0) return conclude('crosses-epoch', skipped, `${upTo}; ${again} of them come again from an epoch before: ${lostText}`);
	return conclude('complete', pass, `${upTo}; ${before}`);
}

const lostText = 'what the log lost when that ended may be missing, so this is never called complete';
const epochText = `but the log began a new epoch before number 1: what came earlier is not shown, and ${lostText}`;
