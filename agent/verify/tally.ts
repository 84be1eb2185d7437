// Checks the tally of a history: that it ends the checkpoint, and what it says of the channel.

import {equalBytes} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {parseOrigin, type TreeHead} from '../format/checkpoint.ts';
import {decodeEntry, type EntryNumber, entryProblem, kinds, noteKinds, type Size, sourceHash} from '../format/entry.ts';
import type {SubjectOpening} from '../format/evidence.ts';
import type {HistoryTally} from '../format/history.ts';
import {subjectHash} from '../format/subject.ts';
import {tags} from '../format/tags.ts';
import {compareSubjects, decodeTally, type TallyLeaf, tallyLeafHash} from '../format/tally.ts';
import {rootFromMultiproof} from '../merkle/multiproof.ts';
import {type Check, fail, pass, skipped} from './verdict.ts';

/** What a tally that was found good says. */
export type CheckedTally = {
	/** It covers all entries before this index, which is its own. */
	readonly size: Size;
	/** Of the channel's newest entry before it; 0 if the channel has none. */
	readonly number: EntryNumber;
	/** When the agent made it, by its own clock. */
	readonly madeAtMs: number;
};

/** Checks all but that the entry is at the last place under the checkpoint: that is part of the one proof of the history. */
export function checkTally(
	hasher: Hasher,
	tally: HistoryTally | undefined,
	subject: SubjectOpening,
	head: TreeHead,
): {readonly check: Check; readonly tally?: CheckedTally} {
	if (tally === undefined) return {check: skipped('tally', 'it has no tally')};
	const wrong = (reason: string) => ({check: fail('tally', reason)});
	const problem = entryProblem(tally.entry);
	if (problem !== undefined) return wrong(problem);
	const entry = decodeEntry(tally.entry);
	const index = head.size - 1;
	if (entry.kind !== kinds.note || entry.quantity !== noteKinds.tally)
		return wrong('the entry that is shown at the end of the checkpoint is not a tally');
	if (!equalBytes(sourceHash(hasher, tags.body, tally.source.salt, tally.source.record), entry.source))
		return wrong('the body that is shown with the tally is not what its entry came from');
	const body = decodeTally(tally.source.record);
	if (body === undefined) return wrong('the body of the tally cannot be read');
	if (body.size !== index) return wrong(`the tally is of the first ${body.size} entries, and stands behind ${index}`);
	if (entry.value !== BigInt(body.channels)) return wrong(`the tally's entry counts ${entry.value} channels, its body ${body.channels}`);

	const leaves = new Uint8Array(tally.leaves.length * 32);
	for (const [i, leaf] of tally.leaves.entries()) leaves.set(tallyLeafHash(hasher, leaf), i * 32);
	const indexes = tally.leaves.map((_, i) => tally.at + i);
	const root = rootFromMultiproof(hasher, {indexes, size: body.channels, leaves, proof: tally.proof});
	if (root === undefined || !equalBytes(root, body.root))
		return wrong("the channel's place in the tally does not lead to the tally's root");
	const log = parseOrigin(head.origin);
	if (log === undefined) return wrong(`origin "${head.origin}" is not a log name and an epoch, so no channel can be opened in it`);
	const own = subjectHash(hasher, {logName: log.logName, secret: subject.secret, urn: subject.urn});
	const number = numberOf(own, tally, body.channels);
	if (number === undefined) return wrong('the places of the tally that are shown do not say what the last number of the channel is');
	const what =
		number === 0 ? 'no entry of this channel is before it' : `of ${body.channels} channels, this one's last number before it is ${number}`;
	return {
		check: pass('tally', `index ${index}, the last under the checkpoint, is a tally; ${what}`),
		tally: {size: index, number, madeAtMs: entry.arrivedAtMs},
	};
}

/**
 * The number that the leaves give to a subject, 0 if they show that it is not there; undefined if they show neither. A neighbour is asked for on each side where there is one, so
 * that the subject stands in its order, and only once there.
 */
function numberOf(own: Uint8Array, {at, leaves}: HistoryTally, channels: number): number | undefined {
	const order = leaves.map(({subject}) => compareSubjects(subject, own));
	const isSorted = leaves.every((leaf, i) => i === 0 || compareSubjects((leaves[i - 1] as TallyLeaf).subject, leaf.subject) < 0);
	if (!isSorted) return undefined;
	const startsHere = at === 0;
	const endsHere = at + leaves.length === channels;
	const place = order.indexOf(0);
	if (place < 0) {
		const behind = order.findIndex(sign => sign > 0);
		if (behind === 0) return startsHere ? 0 : undefined;
		if (behind < 0) return endsHere ? 0 : undefined;
		return 0;
	}
	if ((place === 0 && !startsHere) || (place === leaves.length - 1 && !endsHere)) return undefined;
	// A channel is in a tally from its first entry on.
	return leaves[place]!.number || undefined;
}
