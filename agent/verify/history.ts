// Checks a history: the entries of one channel for a period, with one proof for all of them under one checkpoint.

import {concatBytes, equalBytes, toBase64, viewOf} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {parseOrigin, type TreeHead} from '../format/checkpoint.ts';
import {decimalText} from '../format/decimal.ts';
import {
	decodeEntry,
	type Entry,
	type EntryOutline,
	entryLength,
	entryProblem,
	kinds,
	noteKinds,
	outlineEntry,
	packedLeafHashes,
	qualities,
	subjectRange,
	uncountedQualities,
} from '../format/entry.ts';
import {type History, parseHistory} from '../format/history.ts';
import {quantityOfCode} from '../format/quantity.ts';
import type {Trust} from '../format/trust.ts';
import {rootFromMultiproof} from '../merkle/multiproof.ts';
import {checkAnchors, claimedAnchors, uncheckedAnchors} from './anchors.ts';
import {bracketOf} from './bracket.ts';
import {createChannelCheck} from './channel.ts';
import {correctionLinks} from './corrections.ts';
import {describeEntry, type EntryFacts} from './facts.ts';
import {checkCompleteness, checkOrder, checkPeriod, type Placed} from './order.ts';
import type {Needs} from './receipt.ts';
import {checkTally} from './tally.ts';
import {
	type Check,
	conclude,
	fail,
	type HistoryFacts,
	isCommitted,
	noFacts,
	pass,
	type RegisterFacts,
	skipped,
	type Verdict,
} from './verdict.ts';

const afterForm = [
	'entry',
	'checkpoint',
	'signature',
	'inclusion',
	'tally',
	'channel',
	'order',
	'period',
	'completeness',
	'pinned',
] as const;

export async function verifyHistory({hasher, checkHead, chain}: Needs, bytes: Uint8Array, trust: Trust): Promise<Verdict> {
	const parsed = parseHistory(hasher, bytes);
	if ('problem' in parsed) {
		const rest = afterForm.map(name => skipped(name, 'the history could not be read'));
		return conclude('history', [fail('form', parsed.problem), ...rest], noFacts);
	}
	const history = parsed.value;
	const isEmpty = history.indexes.length === 0 && history.tally === undefined;
	const checks: Check[] = [pass('form', 'it is whole and canonical')];
	const {check, placed} = readEntries(history);
	checks.push(check);

	const {checks: headChecks, head} = await checkHead(history.checkpoint, trust);
	checks.push(...headChecks);
	const tallied = head && checkTally(hasher, history.tally, history.subject, head);
	if (head === undefined) {
		const names = ['inclusion', 'tally', 'channel'] as const;
		checks.push(...names.map(name => skipped(name, 'there is no checkpoint to lead to')));
	} else {
		checks.push(checkInclusion(hasher, history, head), tallied!.check, checkChannel());
	}
	// A tally that is not good shows nothing; that it is not is a failure of its own.
	const tally = tallied?.tally;
	const completed = placed && checkCompleteness(placed, tally, parseOrigin(head?.origin ?? '')?.epoch ?? 1);
	if (placed === undefined || completed === undefined) {
		checks.push(...(['order', 'period', 'completeness'] as const).map(name => skipped(name, 'the entries could not be read')));
	} else checks.push(checkOrder(placed), checkPeriod(placed, history.fromMs, history.toMs, tally), completed.check);

	const describe = (place: number): EntryFacts | undefined => {
		const at = place * entryLength;
		const index = placed === undefined ? undefined : history.indexes[place];
		return index === undefined ? undefined : describeEntry(decodeEntry(history.entries.subarray(at, at + entryLength)), index);
	};
	const facts = {
		...noFacts,
		origin: head?.origin,
		size: head?.size,
		root: head && toBase64(head.root),
		channel: history.subject.urn,
		history: {
			fromMs: history.fromMs,
			toMs: history.toMs,
			entries: history.indexes.length,
			first: describe(0),
			last: describe(history.indexes.length - 1),
			readings: readingsOf(placed ?? [], history, describe),
			corrections: correctionsOf(placed ?? [], history),
			register: registerOf(placed ?? [], history),
			completeness: completed?.completeness,
			notes: countNotes(placed ?? [], history.entries),
		},
		...claimedAnchors(history),
	};
	if (head === undefined || !isCommitted(checks)) {
		const reason = isEmpty ? 'nothing is shown to be in the log' : 'a check before it failed';
		checks.push(...uncheckedAnchors(history, trust, reason));
		return conclude('history', checks, facts);
	}
	const anchors = await checkAnchors(history, head, trust, chain);
	checks.push(...anchors.checks);
	return conclude('history', checks, {...facts, ...anchors.facts, bracket: bracketOf(undefined, anchors.before)}, anchors.outside);

	function checkChannel(): Check {
		if (head === undefined || placed === undefined) return skipped('channel', 'the entries could not be read');
		if (placed.length === 0) return skipped('channel', 'it has no entries');
		const channelProblem = createChannelCheck(hasher, history.subject, head.origin);
		for (const [i, {index, entry}] of placed.entries()) {
			const at = i * entryLength;
			const subject = history.entries.subarray(at + subjectRange.begin, at + subjectRange.end);
			const wrong = channelProblem({subject, kind: entry.kind, quantity: entry.quantity});
			if (wrong !== undefined) return fail('channel', `index ${index}: ${wrong}`);
		}
		return pass('channel', `all entries are of ${history.subject.urn}`);
	}
}

/** When it was measured: by the device's clock, or where that claims no time by its arrival. */
const timeOf = ({measuredAtMs, arrivedAtMs}: EntryOutline): number => (measuredAtMs === 0 ? arrivedAtMs : measuredAtMs);

const isCorrection = ({quality}: EntryOutline): boolean => (quality & qualities.correction) !== 0;

function isOfPeriod(entry: EntryOutline, {fromMs, toMs}: History): boolean {
	const timeMs = timeOf(entry);
	return entry.kind === kinds.reading && timeMs >= fromMs && timeMs <= toMs;
}

/** The readings of the period. What was measured outside of it is only shown so that no number is missing; what the owner put in place of a reading was not measured. */
function readingsOf(
	placed: readonly Placed[],
	history: History,
	describe: (place: number) => EntryFacts | undefined,
): HistoryFacts['readings'] {
	let [count, untimed, first, last] = [0, 0, -1, -1];
	for (const [place, {entry}] of placed.entries()) {
		if (!isOfPeriod(entry, history) || isCorrection(entry)) continue;
		count += 1;
		if (entry.measuredAtMs === 0) untimed += 1;
		if (first < 0) first = place;
		last = place;
	}
	return {count, untimed, first: describe(first), last: describe(last)};
}

const linksMax = 10;

/** What the owner put in place of readings of the period. */
function correctionsOf(placed: readonly Placed[], history: History): HistoryFacts['corrections'] {
	if (placed.length === 0) return {count: 0, links: []};
	const inPeriod = new Set(placed.filter(({entry}) => isCorrection(entry) && isOfPeriod(entry, history)).map(({index}) => index));
	const links = inPeriod.size === 0 ? [] : correctionLinks(history).filter(({index}) => inPeriod.has(index));
	return {count: links.length, links: links.slice(0, linksMax)};
}

/** What a register counted in the period, as its agent has classed the readings. */
function registerOf(placed: readonly Placed[], history: History): RegisterFacts | undefined {
	const {entries} = history;
	const inPeriod = placed.map(({entry}, place) => ({entry, place})).filter(({entry}) => isOfPeriod(entry, history));
	const [any] = inPeriod;
	if (any === undefined || quantityOfCode(any.entry.quantity)?.kind !== 'register') return undefined;
	const exceptions = inPeriod.filter(({entry}) => (entry.quality & qualities.exception) !== 0).length;
	// A correction has the time of what it corrects, and nothing else of that time counts.
	const corrections = placed.filter(({entry}) => entry.kind === kinds.reading && isCorrection(entry));
	const corrected = new Set(corrections.map(({entry}) => entry.measuredAtMs).filter(timeMs => timeMs !== 0));
	const counted = inPeriod.filter(({entry}) => (entry.quality & uncountedQualities) === 0 && !corrected.has(entry.measuredAtMs));
	const entryAt = (place: number): Entry => decodeEntry(entries.subarray(place * entryLength, (place + 1) * entryLength));
	let restarts = 0;
	let [epoch, from, to] = [-1, -1, -1];
	for (const {place, entry} of counted) {
		const {span} = entryAt(place);
		if (epoch >= 0 && span > epoch) restarts += 1;
		epoch = Math.max(epoch, span);
		if (from < 0 || timeOf(entry) < timeOf(placed[from]!.entry)) from = place;
		if (to < 0 || timeOf(entry) >= timeOf(placed[to]!.entry)) to = place;
	}
	const none = (noRise: string): RegisterFacts => ({
		rise: undefined,
		fromNumber: undefined,
		toNumber: undefined,
		noRise,
		exceptions,
		restarts,
	});
	if (from === to)
		return none(counted.length === 0 ? 'no reading of the period counts' : 'a rise needs two readings that count, and the period has one');
	const untimed = corrections.find(({entry}) => entry.measuredAtMs === 0);
	if (untimed !== undefined && counted.some(({entry}) => entry.measuredAtMs === 0))
		return none(`nothing here tells which of the readings without a time of the device number ${untimed.entry.number} corrects`);
	const [begin, end] = [entryAt(from), entryAt(to)];
	if (begin.span !== end.span) return none('it began to count anew in between');
	if (begin.exponent !== end.exponent) return none(`numbers ${begin.number} and ${end.number} have different exponents`);
	if (end.value < begin.value) return none(`number ${end.number}, the last that counts, is below number ${begin.number}, the first`);
	const rise = decimalText(end.value - begin.value, end.exponent);
	return {rise, fromNumber: begin.number, toNumber: end.number, noRise: undefined, exceptions, restarts};
}

/** What the notes on the channel come to. Only an entry's own words count: bodies are not in a history. */
function countNotes(placed: readonly Placed[], entries: Uint8Array): HistoryFacts['notes'] {
	let [gaps, gapNumbers, silences] = [0, 0n, 0];
	for (const [i, {entry}] of placed.entries()) {
		if (entry.kind !== kinds.note) continue;
		if (entry.quantity === noteKinds.silence) silences += 1;
		if (entry.quantity !== noteKinds.gap) continue;
		gaps += 1;
		gapNumbers += decodeEntry(entries.subarray(i * entryLength, (i + 1) * entryLength)).value;
	}
	return {gaps, gapNumbers: `${gapNumbers}`, silences};
}

/** All entries, and the tally's at the last place, lead to the root together. */
function checkInclusion(hasher: Hasher, {indexes, entries, tally, proof}: History, head: TreeHead): Check {
	const count = indexes.length;
	if (count === 0 && tally === undefined) return skipped('inclusion', 'it has no entries');
	const leaves = packedLeafHashes(hasher, tally === undefined ? entries : concatBytes(entries, tally.entry));
	const places = tally === undefined ? indexes : [...indexes, head.size - 1];
	const root = rootFromMultiproof(hasher, {indexes: places, size: head.size, leaves, proof});
	const what = tally === undefined ? `${count} entries` : `${count} entries, and the tally at the end,`;
	if (root !== undefined && equalBytes(root, head.root)) return pass('inclusion', `${what} are in the tree of size ${head.size}`);
	return fail('inclusion', `the proof does not show that ${what} are in the tree of size ${head.size} with the checkpoint's root`);
}

function readEntries(history: History): {readonly check: Check; readonly placed: readonly Placed[] | undefined} {
	const placed: Placed[] = [];
	const view = viewOf(history.entries);
	for (const [i, index] of history.indexes.entries()) {
		const entry = history.entries.subarray(i * entryLength, (i + 1) * entryLength);
		const problem = entryProblem(entry);
		if (problem !== undefined) return {check: fail('entry', `index ${index}: ${problem}`), placed: undefined};
		placed.push({index, entry: outlineEntry(view, i * entryLength)});
	}
	if (placed.length > 0) return {check: pass('entry', `${placed.length} entries can be read`), placed};
	if (history.tally === undefined) return {check: skipped('entry', 'it has no entries'), placed};
	return {check: pass('entry', 'it has no entries but the tally'), placed};
}
