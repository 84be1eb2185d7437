// Issues receipts and histories: gathers an entry, its proof, and the anchors of the checkpoint that the proof leads to.

import {AgentError} from '../base/errors.ts';
import type {Hasher} from '../base/hash.ts';
import {type Checkpoint, parseCheckpoint} from '../format/checkpoint.ts';
import {decodeEntry, type EntryNumber, entryLeafHash, type Index, kinds, type Size} from '../format/entry.ts';
import type {AnchorRecord, SourceOpening, SubjectOpening} from '../format/evidence.ts';
import {formatHistory, type HistoryEntry, historyEntriesMax} from '../format/history.ts';
import {formatReceipt} from '../format/receipt.ts';
import {formatTlogProof} from '../format/tlog-proof.ts';
import {isIncluded} from '../merkle/check.ts';

/** A channel as far as a receipt opens it. */
export type Channel = SubjectOpening & {readonly subject: Uint8Array};

/** A checkpoint that is on a chain. */
export type AnchoredCheckpoint = {readonly note: string; readonly anchors: readonly AnchorRecord[]};

/** All that issuing needs of the rest of the agent; a log's reader fits most of it. */
export type Needs<C extends Channel> = {
	readonly hasher: Hasher;
	/** The newest checkpoint that may leave the agent. */
	readonly head: () => Promise<Checkpoint | undefined>;
	readonly entry: (index: Index) => Promise<Uint8Array>;
	readonly source: (index: Index) => Promise<SourceOpening>;
	readonly inclusion: (index: Index, size: Size) => Promise<Uint8Array[]>;
	readonly channelOf: (subject: Uint8Array) => Promise<C | undefined>;
	readonly range: (channel: C, fromMs: number, toMs: number) => AsyncIterable<{readonly index: Index; readonly entry: Uint8Array}>;
	/** The anchored checkpoint of the smallest size above the index that is mined or final; undefined if there is none. */
	readonly anchoredAbove: (index: Index) => Promise<AnchoredCheckpoint | undefined>;
};

export type IssueOptions = {
	/** Shows the message as it arrived. @default false */
	readonly withArrival?: boolean;
	/** Leaves the channel unnamed. @default false */
	readonly withoutChannel?: boolean;
};

export type Issuer<C extends Channel> = {
	/** The canonical text of a receipt for the entry at `index`. Fails with ENTRY_UNKNOWN. */
	readonly receipt: (index: Index, options?: IssueOptions) => Promise<string>;
	/** The canonical text of a history of a channel, times from … to, both included. Fails with ENTRY_UNKNOWN if no reading is there. */
	readonly history: (channel: C, fromMs: number, toMs: number) => Promise<string>;
};

type Placed = {readonly index: Index; readonly entry: Uint8Array; readonly isReading: boolean; readonly number: EntryNumber};

/** Later than any time in an entry. */
const timeMsMax = 2 ** 48;

/** Fails with ARGUMENT_INVALID where it is more than a history can hold. */
async function gather(
	entries: AsyncIterable<{readonly index: Index; readonly entry: Uint8Array}>,
	isWanted: (placed: Placed) => boolean = () => true,
): Promise<Placed[]> {
	const gathered: Placed[] = [];
	for await (const {index, entry} of entries) {
		const {kind, number} = decodeEntry(entry);
		const placed = {index, entry, isReading: kind === kinds.reading, number};
		if (!isWanted(placed)) continue;
		if (gathered.length === historyEntriesMax)
			throw new AgentError('ARGUMENT_INVALID', `the period holds more than ${historyEntriesMax} entries`, {
				hint: 'Ask for shorter periods.',
			});
		gathered.push(placed);
	}
	return gathered;
}

export function createIssuer<C extends Channel>(needs: Needs<C>): Issuer<C> {
	/** The checkpoint to prove against: an anchored one if one covers the index, else the newest. */
	const checkpointFor = async (
		index: Index,
	): Promise<{readonly note: string; readonly size: Size; readonly anchors: readonly AnchorRecord[]}> => {
		const anchored = await needs.anchoredAbove(index);
		const parsed = anchored && parseCheckpoint(anchored.note);
		if (anchored !== undefined && parsed !== undefined && parsed.size > index)
			return {note: anchored.note, size: parsed.size, anchors: anchored.anchors};
		const head = await needs.head();
		if (head === undefined || head.size <= index)
			throw new AgentError('ENTRY_UNKNOWN', `no released checkpoint covers entry ${index} yet`, {
				hint: 'A running agent releases within a second; if it is stopped, start it.',
			});
		return {note: head.note, size: head.size, anchors: []};
	};

	/**
	 * Everything of the channel from the first to the last reading that was found for a period. What was late or early lies among them in the log though its time is
	 * outside of the period: left out it would look as if it were hidden. Notes and the enrolment are kept at the ends where no number is missing up to them.
	 */
	const withoutGaps = async (channel: C, found: readonly Placed[]): Promise<readonly Placed[]> => {
		const [first, last] = [found.find(({isReading}) => isReading), found.findLast(({isReading}) => isReading)];
		if (first === undefined || last === undefined) return [];
		const isBetween = ({index}: Placed): boolean => index >= first.index && index <= last.index;
		let shown = found.filter(isBetween);
		if (shown.length !== last.number - first.number + 1) shown = await gather(needs.range(channel, 0, timeMsMax), isBetween);
		for (const before of found.filter(({index}) => index < first.index).reverse())
			if (before.number === shown[0]!.number - 1) shown.unshift(before);
		for (const after of found.filter(({index}) => index > last.index)) if (after.number === shown.at(-1)!.number + 1) shown.push(after);
		return shown;
	};

	/** An entry that was edited since it was signed is never handed out as evidence. */
	const assertLeadsToRoot = (index: Index, entry: Uint8Array, path: readonly Uint8Array[], note: string): void => {
		const head = parseCheckpoint(note);
		const leaf = entryLeafHash(needs.hasher, entry);
		if (head === undefined || !isIncluded(needs.hasher, {index, size: head.size, root: head.root, leaf, path}))
			throw new AgentError('LOG_CORRUPT', `entry ${index} does not lead to the root that was signed: it was edited or damaged`, {
				hint: 'Run: kedge audit',
			});
	};

	return {
		receipt: async (index, options = {}) => {
			const entry = await needs.entry(index);
			const checkpoint = await checkpointFor(index);
			const decoded = decodeEntry(entry);
			const channel = options.withoutChannel ? undefined : await needs.channelOf(decoded.subject);
			// What is not a reading says nothing without its body: that is always shown.
			const isShown = options.withArrival === true || decoded.kind !== kinds.reading;
			const path = await needs.inclusion(index, checkpoint.size);
			assertLeadsToRoot(index, entry, path, checkpoint.note);
			return formatReceipt(needs.hasher, {
				entry,
				subject: channel && {urn: channel.urn, secret: channel.secret},
				arrival: isShown ? await needs.source(index) : undefined,
				proof: formatTlogProof({index, path, checkpoint: checkpoint.note}),
				anchors: checkpoint.anchors,
			});
		},
		history: async (channel, fromMs, toMs) => {
			// What no released checkpoint covers yet is not shown to anybody.
			const releasedSize = (await needs.head())?.size ?? 0;
			const found = (await gather(needs.range(channel, fromMs, toMs))).filter(({index}) => index < releasedSize);
			const shown = await withoutGaps(channel, found);
			const newest = shown.at(-1);
			if (newest === undefined) throw new AgentError('ENTRY_UNKNOWN', `${channel.urn} has no reading in this period`);
			const checkpoint = await checkpointFor(newest.index);
			const entries: HistoryEntry[] = [];
			for (const {index, entry} of shown) {
				const path = await needs.inclusion(index, checkpoint.size);
				assertLeadsToRoot(index, entry, path, checkpoint.note);
				entries.push({index, entry, path});
			}
			return formatHistory(needs.hasher, {
				subject: {urn: channel.urn, secret: channel.secret},
				fromMs,
				toMs,
				checkpoint: checkpoint.note,
				entries,
				anchors: checkpoint.anchors,
			});
		},
	};
}
