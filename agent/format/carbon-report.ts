// Says which entries of a log a site's emissions report rests on, and makes one root over them. CarbonReports.sol holds the same against it on a chain.
//
// A report covers the first `size` entries of one log, and of these the entries of some subjects, its plan: the channels that count, and the site's own subject, under which activities are stated.
//
//   order    Subjects by the order of their bytes, none twice (compareSubjects). Within a subject by number.
//   ranges   Of each subject the numbers first … last, both included; 1 … 0 if the subject has no entry among the covered ones. Between them no number is left out.
//   leaf     SHA-256(0x00 ‖ the 118 bytes of the entry): the very leaf hash that it has in the log.
//   root     MTH over these leaves as RFC 9162 §2.1.1 has it: SHA-256(0x01 ‖ left ‖ right), split at the largest power of two below the count. Without any leaf SHA-256 of nothing.
//   covered  All that arrived before the period's `coverFrom` by a clock that was known to be right, and all under heads that were anchored before it (mustBeCovered), at least.
//   counts   An entry of kind 1 (reading) or 8 (statement) whose time is in the period: from ≤ time < to. The time is measuredAt, or arrivedAt where that is 0.
//
// The rule for a range, which no clock and no late reading can make the honest fall over; N is the subject's last number among the covered entries:
//
//   last     the smallest number that is not below any number that counts, and whose entry has a time ≥ to; N if there is none.
//   first    the greatest number that is not above any number that counts, nor above last, and whose entry has a time < from; 1 if there is none.
//
// So a channel is open at neither end, and a register's readings before and behind the period are there too.

import {viewOf} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {type CompactRange, createCompactRange} from '../merkle/compact-range.ts';
import {inclusionRanges} from '../merkle/prove.ts';
import {type EntryNumber, type EntryOutline, entryLength, kinds, outlineEntry, packedLeafHashes, qualities} from './entry.ts';
import {compareSubjects} from './tally.ts';

/** Whoever reports on more has a second site. */
export const reportSubjectsMax = 64;

/** The kinds that count. */
export const reportKinds: readonly number[] = [kinds.reading, kinds.statement];

/** From is included, to is not; ms since 1970, whole seconds. */
export type ReportPeriod = {readonly fromMs: number; readonly toMs: number};

/** Numbers of a subject, both included; 1 … 0 if it has no entry. */
export type ReportRange = {readonly first: EntryNumber; readonly last: EntryNumber};

export const emptyRange: ReportRange = {first: 1, last: 0};

/** The subjects of a report in their order, each once. */
export function reportPlan(subjects: readonly Uint8Array[]): Uint8Array[] {
	const sorted = [...subjects].sort(compareSubjects);
	return sorted.filter((subject, i) => i === 0 || compareSubjects(sorted[i - 1]!, subject) !== 0);
}

/** When it was measured as far as anybody says, ms since 1970. */
function timeOf({measuredAtMs, arrivedAtMs}: Pick<EntryOutline, 'measuredAtMs' | 'arrivedAtMs'>): number {
	return measuredAtMs === 0 ? arrivedAtMs : measuredAtMs;
}

/** Whether an entry counts in the period. */
export function countsInReport(
	outline: Pick<EntryOutline, 'kind' | 'measuredAtMs' | 'arrivedAtMs'>,
	{fromMs, toMs}: ReportPeriod,
): boolean {
	const timeMs = timeOf(outline);
	return reportKinds.includes(outline.kind) && timeMs >= fromMs && timeMs < toMs;
}

/**
 * Whether a report that does not cover this entry of its plan can be convicted by it. `anchoredAtMs`: of an anchored head that the entry is under, ms since 1970; what was anchored in time came in time, whatever
 * the agent says of its clock.
 */
export function mustBeCovered(
	outline: Pick<EntryOutline, 'kind' | 'quality' | 'measuredAtMs' | 'arrivedAtMs'>,
	period: ReportPeriod & {readonly coverFromMs: number},
	anchoredAtMs: number | undefined,
): boolean {
	const saysSo = outline.arrivedAtMs < period.coverFromMs && (outline.quality & qualities.clockUnsynchronised) === 0;
	const inTime = saysSo || (anchoredAtMs !== undefined && anchoredAtMs < period.coverFromMs);
	return inTime && countsInReport(outline, period);
}

export type RangeFinder = {
	/** MUST be called for every covered entry of the subject, in the order of their numbers from 1. */
	readonly see: (outline: Pick<EntryOutline, 'kind' | 'number' | 'measuredAtMs' | 'arrivedAtMs'>) => void;
	readonly range: () => ReportRange;
};

/** Finds the range of one subject. */
export function createRangeFinder({fromMs, toMs}: ReportPeriod): RangeFinder {
	let newest = 0;
	/** The latest entry before the period, as long as none has counted. */
	let before = 1;
	let hasCounted = false;
	/** The first entry behind the period since the last that counted, and what `before` was then. */
	let closing: {readonly number: number; readonly before: number} | undefined;
	return {
		see: outline => {
			const {number} = outline;
			if (number !== newest + 1) throw new RangeError(`expected number ${newest + 1}, got ${number}`);
			newest = number;
			const timeMs = timeOf(outline);
			if (timeMs >= toMs) closing ??= {number, before};
			else if (timeMs < fromMs && !hasCounted) before = number;
			else if (countsInReport(outline, {fromMs, toMs})) {
				hasCounted = true;
				closing = undefined;
			}
		},
		range: () => {
			if (newest === 0) return emptyRange;
			if (closing === undefined) return {first: before, last: newest};
			return {first: closing.before, last: closing.number};
		},
	};
}

/** How many entries a report rests on. */
export function reportSize(ranges: readonly ReportRange[]): number {
	return ranges.reduce((sum, {first, last}) => sum + last - first + 1, 0);
}

/** Place of an entry's leaf in the report's tree; undefined if the report does not have that number. */
export function reportPosition(ranges: readonly ReportRange[], channel: number, number: EntryNumber): number | undefined {
	const range = ranges[channel];
	if (range === undefined || number < range.first || number > range.last) return undefined;
	return reportSize(ranges.slice(0, channel)) + number - range.first;
}

export type ReportTree = {
	readonly size: () => number;
	/** Appends the next leaf hash, 32 bytes of `bytes` at `offset`. */
	readonly append: (bytes: Uint8Array, offset: number) => void;
	readonly root: () => Uint8Array;
};

/** The tree over a report's entries. Keeps nothing but its right edge, so a year of a site needs no more memory than an hour. */
export function createReportTree(hasher: Hasher): ReportTree {
	const range = createCompactRange({hasher});
	return {size: () => range.size, append: range.append, root: range.root};
}

/** The path from one leaf to the root of a report of `size` entries: append every leaf hash in order, then ask for it. [RFC 9162 §2.1.3.1] */
export function createReportPath(
	hasher: Hasher,
	position: number,
	size: number,
): {readonly append: ReportTree['append']; readonly path: () => Uint8Array[]} {
	if (position < 0 || position >= size) throw new RangeError(`a report of ${size} entries has no place ${position}`);
	const wanted = inclusionRanges(position, size);
	const trees: CompactRange[] = wanted.map(() => createCompactRange({hasher}));
	let seen = 0;
	return {
		append: (bytes, offset) => {
			for (const [i, {begin, end}] of wanted.entries()) if (begin <= seen && seen < end) trees[i]!.append(bytes, offset);
			seen += 1;
		},
		path: () => {
			if (seen !== size) throw new RangeError(`the report has ${size} entries, got ${seen} leaf hashes`);
			return trees.map(tree => tree.root());
		},
	};
}

/** The covered entries of a subject in the order of their numbers from 1, packed: so many at once as one likes. */
export type CoveredEntries = (subject: Uint8Array) => AsyncIterable<Uint8Array>;

/** What a report says of its entries. */
export type ReportEntries = {
	/** In the order of the plan. */
	readonly subjects: readonly Uint8Array[];
	/** One for each subject. */
	readonly ranges: readonly ReportRange[];
	/** How many entries lie in the ranges. */
	readonly size: number;
	readonly entriesRoot: Uint8Array;
};

/** The honest report on these subjects. Reads every entry twice and keeps none. */
export async function reportEntries(
	hasher: Hasher,
	{subjects, period, entries}: {readonly subjects: readonly Uint8Array[]; readonly period: ReportPeriod; readonly entries: CoveredEntries},
): Promise<ReportEntries> {
	const plan = reportPlan(subjects);
	if (plan.length === 0 || plan.length > reportSubjectsMax)
		throw new RangeError(`a plan has 1 … ${reportSubjectsMax} subjects, this one ${plan.length}`);
	const ranges: ReportRange[] = [];
	for (const subject of plan) {
		const finder = createRangeFinder(period);
		for await (const packed of entries(subject)) {
			const view = viewOf(packed);
			for (let at = 0; at < packed.length; at += entryLength) finder.see(outlineEntry(view, at));
		}
		ranges.push(finder.range());
	}
	const tree = createReportTree(hasher);
	await eachLeaf(hasher, {subjects: plan, ranges, entries}, tree.append);
	return {subjects: plan, ranges, size: tree.size(), entriesRoot: tree.root()};
}

/** The path that leads from the entry of a subject and number to the root of a report; undefined if the report does not have that number. */
export async function reportPath(
	hasher: Hasher,
	{subjects, ranges, entries}: Pick<ReportEntries, 'subjects' | 'ranges'> & {readonly entries: CoveredEntries},
	{channel, number}: {readonly channel: number; readonly number: EntryNumber},
): Promise<Uint8Array[] | undefined> {
	const position = reportPosition(ranges, channel, number);
	if (position === undefined) return undefined;
	const collected = createReportPath(hasher, position, reportSize(ranges));
	await eachLeaf(hasher, {subjects, ranges, entries}, collected.append);
	return collected.path();
}

async function eachLeaf(
	hasher: Hasher,
	{subjects, ranges, entries}: Pick<ReportEntries, 'subjects' | 'ranges'> & {readonly entries: CoveredEntries},
	append: ReportTree['append'],
): Promise<void> {
	for (const [channel, {first, last}] of ranges.entries()) {
		if (last === 0) continue;
		let number = 0;
		for await (const packed of entries(subjects[channel]!)) {
			const hashes = packedLeafHashes(hasher, packed);
			for (let at = 0; at < hashes.length; at += hashLength) {
				number += 1;
				if (number >= first && number <= last) append(hashes, at);
			}
			if (number >= last) break;
		}
	}
}
