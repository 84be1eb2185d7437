// Issues receipts and histories: gathers an entry, its proof, and the anchors of the checkpoint that the proof leads to.

import {concatBytes, equalBytes, viewOf} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import type {Hasher} from '../base/hash.ts';
import {type Checkpoint, parseCheckpoint} from '../format/checkpoint.ts';
import {
	decodeEntry,
	type EntryNumber,
	entryLeafHash,
	entryLength,
	type Index,
	kinds,
	noteKinds,
	outlineEntry,
	packedLeafHashes,
	type Size,
} from '../format/entry.ts';
import type {Outside, SourceOpening, SubjectOpening} from '../format/evidence.ts';
import {formatHistory, type HistoryTally, historyEntriesMax} from '../format/history.ts';
import {type BeaconEvidence, formatReceipt, type IdentityEvidence} from '../format/receipt.ts';
import {decodeTally, type TallyLeaf, tallyRoot} from '../format/tally.ts';
import {formatTlogProof} from '../format/tlog-proof.ts';
import {isIncluded} from '../merkle/check.ts';
import {multiproofRanges, rootFromMultiproof} from '../merkle/multiproof.ts';

/** A channel as far as a receipt opens it. */
export type Channel = SubjectOpening & {readonly subject: Uint8Array};

/** A checkpoint that stands outside of the log: on chains, or in tokens of time-stamp authorities. */
export type AnchoredCheckpoint = Outside & {readonly note: string};

type FoundEntry = {readonly index: Index; readonly entry: Uint8Array};

/** All that issuing needs of the rest of the agent; a log's reader fits most of it. */
export type Needs<C extends Channel> = {
	readonly hasher: Hasher;
	/** The newest checkpoint that may leave the agent. */
	readonly head: () => Promise<Checkpoint | undefined>;
	readonly entry: (index: Index) => Promise<Uint8Array>;
	readonly source: (index: Index) => Promise<SourceOpening>;
	readonly inclusion: (index: Index, size: Size) => Promise<Uint8Array[]>;
	readonly channelOf: (subject: Uint8Array) => Promise<C | undefined>;
	/** The subject of the device that a channel belongs to; undefined if the log says nothing of that device. */
	readonly deviceOf: (channel: C) => Promise<C | undefined>;
	/** The agent itself, whose notes hold the beacons. @default receipts show no beacon */
	readonly agentChannel?: () => Promise<C | undefined>;
	/** The packed hashes of one proof for many indexes, rising. */
	readonly multiproof: (indexes: readonly Index[], size: Size) => Promise<Uint8Array>;
	readonly range: (channel: C, fromMs: number, toMs: number) => AsyncIterable<FoundEntry>;
	/** Entries with indexes begin … end−1. */
	readonly between: (channel: C, begin: Index, end: Index) => AsyncIterable<FoundEntry>;
	/** The newest entry whose time is not after `timeMs`. */
	readonly at: (channel: C, timeMs: number) => Promise<FoundEntry | undefined>;
	/** The last number of every channel among the first `size` entries, sorted by subject; a tally entry is at `size`. */
	readonly tallyAt: (size: Size) => Promise<readonly TallyLeaf[]>;
	/**
	 * An anchored checkpoint above the index that is mined or final: the smallest that was anchored not before the time, else the largest of all; undefined if there is none.
	 * Without a time the smallest.
	 */
	readonly anchoredAbove: (index: Index, notBeforeMs?: number) => Promise<AnchoredCheckpoint | undefined>;
};

export type IssueOptions = {
	/** Shows the message as it arrived. @default false */
	readonly withArrival?: boolean;
	/** Leaves the channel unnamed. Not together with the arrival, whose topic and identity name it. @default false */
	readonly withoutChannel?: boolean;
};

export type Issuer<C extends Channel> = {
	/** The canonical text of a receipt for the entry at `index`. Fails with ENTRY_UNKNOWN, or with ARGUMENT_INVALID where it would show what it is to leave out. */
	readonly receipt: (index: Index, options?: IssueOptions) => Promise<string>;
	/**
	 * The canonical text of a history of a channel, times from … to, both included; it goes on to the tally of an anchored checkpoint, if one covers the last reading. Without a
	 * reading it shows what was there instead, if a tally was anchored since the period began; else it fails with ENTRY_UNKNOWN.
	 */
	readonly history: (channel: C, fromMs: number, toMs: number) => Promise<string>;
};

/** Entries that are looked through for a beacon at first, then eight times as many, and so on: the agent lights one an hour, whatever else comes. */
const beaconLookFirst = 512;
const beaconLookMax = 8 ** 8;

type Placed = {readonly index: Index; readonly entry: Uint8Array; readonly isReading: boolean; readonly number: EntryNumber};

const tooMany = (): AgentError =>
	new AgentError('ARGUMENT_INVALID', `the period holds more than ${historyEntriesMax} entries`, {hint: 'Ask for shorter periods.'});

/** Fails with ARGUMENT_INVALID where it is more than a history can hold. */
async function gather(entries: AsyncIterable<FoundEntry>): Promise<Placed[]> {
	const gathered: Placed[] = [];
	for await (const {index, entry} of entries) {
		const {kind, number} = outlineEntry(viewOf(entry), 0);
		if (gathered.length === historyEntriesMax) throw tooMany();
		gathered.push({index, entry, isReading: kind === kinds.reading, number});
	}
	return gathered;
}

type ProvenCheckpoint = Outside & {readonly note: string; readonly size: Size; readonly root: Uint8Array};

type OpenTally = {readonly index: Index; readonly number: EntryNumber; readonly madeAtMs: number; readonly shown: HistoryTally};

/** The entries that a history shows, under which checkpoint. */
type Chosen = {readonly checkpoint: ProvenCheckpoint; readonly tally: OpenTally | undefined; readonly entries: readonly Placed[]};

const notSigned = (what: string): AgentError =>
	new AgentError('LOG_CORRUPT', `${what} not lead to the root that was signed: something was edited or damaged`, {
		hint: 'Run: kedge audit',
	});

function packEntries(placed: readonly Placed[]): Uint8Array {
	const packed = new Uint8Array(placed.length * entryLength);
	for (const [i, {entry}] of placed.entries()) packed.set(entry, i * entryLength);
	return packed;
}

export function createIssuer<C extends Channel>(needs: Needs<C>): Issuer<C> {
	/** The checkpoint to prove against: an anchored one if one covers the index, else the newest. */
	const checkpointFor = async (index: Index): Promise<ProvenCheckpoint> =>
		(await anchoredFor(index)) ?? {...(await releasedFor(index)), anchors: [], timestamps: []};

	const anchoredFor = async (index: Index, notBeforeMs?: number): Promise<ProvenCheckpoint | undefined> => {
		const anchored = await needs.anchoredAbove(index, notBeforeMs);
		const parsed = anchored && parseCheckpoint(anchored.note);
		return anchored === undefined || parsed === undefined || parsed.size <= index
			? undefined
			: {note: anchored.note, size: parsed.size, root: parsed.root, anchors: anchored.anchors, timestamps: anchored.timestamps};
	};

	const releasedFor = async (index: Index): Promise<Checkpoint> => {
		const head = await needs.head();
		if (head !== undefined && head.size > index) return head;
		throw new AgentError('ENTRY_UNKNOWN', `no released checkpoint covers entry ${index} yet`, {
			hint: 'A running agent releases within a second; kedge status says what holds it back. If it is stopped, start it.',
		});
	};

	/** The tally at the end of a checkpoint, opened where the channel stands in it; undefined if its last entry is none. */
	const openTally = async (channel: C, {size}: ProvenCheckpoint): Promise<OpenTally | undefined> => {
		const at = size - 1;
		const entry = await needs.entry(at);
		const {kind, quantity, arrivedAtMs} = decodeEntry(entry);
		if (kind !== kinds.note || quantity !== noteKinds.tally) return undefined;
		const source = await needs.source(at);
		const body = decodeTally(source.record);
		const leaves = await needs.tallyAt(at);
		const place = leaves.findIndex(({subject}) => equalBytes(subject, channel.subject));
		if (body?.channels !== leaves.length || !equalBytes(body.root, tallyRoot(needs.hasher, leaves)))
			throw new AgentError('LOG_CORRUPT', `the tally at ${at} does not count what the index of the log says`, {hint: 'Run: kedge audit'});
		// The channel is younger than the tally.
		if (place < 0) return undefined;
		const [begin, end] = [Math.max(0, place - 1), Math.min(leaves.length, place + 2)];
		const shown = leaves.slice(begin, end);
		const ranges = multiproofRanges(
			shown.map((_, i) => begin + i),
			leaves.length,
		);
		const hashes = ranges.map(range => tallyRoot(needs.hasher, leaves.slice(range.begin, range.end)));
		return {
			index: at,
			number: leaves[place]!.number,
			madeAtMs: arrivedAtMs,
			shown: {entry, source, at: begin, leaves: shown, proof: concatBytes(...hashes)},
		};
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
		if (shown.length !== last.number - first.number + 1) shown = await gather(needs.between(channel, first.index, last.index + 1));
		for (const before of found.filter(({index}) => index < first.index).reverse())
			if (before.number === shown[0]!.number - 1) shown.unshift(before);
		for (const after of found.filter(({index}) => index > last.index)) if (after.number === shown.at(-1)!.number + 1) shown.push(after);
		return shown;
	};

	/**
	 * What is shown under which checkpoint. An anchored one whose tally was made when the period was over is the best, the newest one the next best: up to its tally everything is
	 * shown, so that nobody has to believe that nothing came after the last reading.
	 */
	const withCheckpoint = async (channel: C, shown: readonly Placed[], toMs: number): Promise<Chosen> => {
		const [first, newest] = [shown[0]!, shown.at(-1)!];
		// The tally itself stands behind the entry that it is to count.
		for (const notBeforeMs of [toMs, undefined]) {
			const checkpoint = await anchoredFor(newest.index + 1, notBeforeMs);
			const tally = checkpoint && (await openTally(channel, checkpoint));
			if (checkpoint === undefined || tally === undefined) break;
			// So many came since that they do not fit: an earlier tally will do.
			if (tally.number - first.number >= historyEntriesMax) continue;
			return {checkpoint, tally, entries: [...shown, ...(await gather(needs.between(channel, newest.index + 1, tally.index)))]};
		}
		return {checkpoint: await checkpointFor(newest.index), tally: undefined, entries: shown};
	};

	/** For a period without a reading: everything from the last entry before it up to a tally that was made since it began. */
	const withoutReadings = async (channel: C, fromMs: number, toMs: number): Promise<Chosen> => {
		const before = fromMs === 0 || fromMs > toMs ? undefined : await needs.at(channel, fromMs - 1);
		const checkpoint = fromMs > toMs ? undefined : await anchoredFor((before?.index ?? 0) + 1, toMs);
		const tally = checkpoint && (await openTally(channel, checkpoint));
		if (checkpoint === undefined || tally === undefined || tally.madeAtMs < fromMs)
			throw new AgentError('ENTRY_UNKNOWN', `${channel.urn} has no reading in this period`, {
				hint: 'That there is none can be shown once an anchor was made after the period began.',
			});
		return {checkpoint, tally, entries: await gather(needs.between(channel, before?.index ?? 0, tally.index))};
	};

	/** An entry that was edited since it was signed is never handed out as evidence. */
	const assertLeadsToRoot = (index: Index, entry: Uint8Array, path: readonly Uint8Array[], note: string): void => {
		const head = parseCheckpoint(note);
		const leaf = entryLeafHash(needs.hasher, entry);
		if (head === undefined || !isIncluded(needs.hasher, {index, size: head.size, root: head.root, leaf, path}))
			throw notSigned(`entry ${index} does`);
	};

	/** Who the device of a channel was, as the log said last before an index. */
	const identityBefore = async (channel: C, index: Index, {size, note}: ProvenCheckpoint): Promise<IdentityEvidence | undefined> => {
		const device = await needs.deviceOf(channel);
		if (device === undefined) return undefined;
		let newest: FoundEntry | undefined;
		for await (const found of needs.between(device, 0, index)) if (decodeEntry(found.entry).kind === kinds.identity) newest = found;
		if (newest === undefined) return undefined;
		const path = await needs.inclusion(newest.index, size);
		assertLeadsToRoot(newest.index, newest.entry, path, note);
		return {
			entry: newest.entry,
			subject: {urn: device.urn, secret: device.secret},
			body: await needs.source(newest.index),
			proof: formatTlogProof({index: newest.index, path, checkpoint: note}),
		};
	};

	/** The newest beacon in front of an index, of a checkpoint that is anchored: without an upper bound the lower one says little, and few are there to check it. */
	const beaconBefore = async (index: Index, {size, note, anchors, timestamps}: ProvenCheckpoint): Promise<BeaconEvidence | undefined> => {
		const agent = anchors.length + timestamps.length === 0 ? undefined : await needs.agentChannel?.();
		if (agent === undefined) return undefined;
		let newest: FoundEntry | undefined;
		let end = index;
		for (let look = beaconLookFirst; end > 0 && newest === undefined && look <= beaconLookMax; look *= 8) {
			const begin = Math.max(0, index - look);
			for await (const found of needs.between(agent, begin, end)) {
				const {kind, quantity} = outlineEntry(viewOf(found.entry), 0);
				if (kind === kinds.note && quantity === noteKinds.beacon) newest = found;
			}
			end = begin;
		}
		if (newest === undefined) return undefined;
		const path = await needs.inclusion(newest.index, size);
		assertLeadsToRoot(newest.index, newest.entry, path, note);
		const body = await needs.source(newest.index);
		return {entry: newest.entry, body, proof: formatTlogProof({index: newest.index, path, checkpoint: note})};
	};

	return {
		receipt: async (index, options = {}) => {
			const entry = await needs.entry(index);
			const decoded = decodeEntry(entry);
			if (options.withoutChannel && options.withArrival)
				throw new AgentError(
					'ARGUMENT_INVALID',
					'a receipt without its channel cannot show the arrival, whose topic and identity name the device',
				);
			// An enrolment is its channel's name and secret: there is no receipt of it without them.
			if (options.withoutChannel && decoded.kind === kinds.enrolment)
				throw new AgentError('ARGUMENT_INVALID', `entry ${index} is an enrolment, which names its channel: it has no receipt without it`);
			const checkpoint = await checkpointFor(index);
			const channel = options.withoutChannel ? undefined : await needs.channelOf(decoded.subject);
			// What is not a reading says nothing without its body: that is always shown.
			const isShown = options.withArrival === true || decoded.kind !== kinds.reading;
			const path = await needs.inclusion(index, checkpoint.size);
			assertLeadsToRoot(index, entry, path, checkpoint.note);
			const isReading = decoded.kind === kinds.reading;
			const identity = channel !== undefined && isReading ? await identityBefore(channel, index, checkpoint) : undefined;
			return formatReceipt(needs.hasher, {
				entry,
				subject: channel && {urn: channel.urn, secret: channel.secret},
				arrival: isShown ? await needs.source(index) : undefined,
				proof: formatTlogProof({index, path, checkpoint: checkpoint.note}),
				identity,
				beacon: await beaconBefore(index, checkpoint),
				anchors: checkpoint.anchors,
				timestamps: checkpoint.timestamps,
			});
		},
		history: async (channel, fromMs, toMs) => {
			// What no released checkpoint covers yet is not shown to anybody.
			const releasedSize = (await needs.head())?.size ?? 0;
			const found = (await gather(needs.range(channel, fromMs, toMs))).filter(({index}) => index < releasedSize);
			const shown = await withoutGaps(channel, found);
			const chosen = shown.length > 0 ? await withCheckpoint(channel, shown, toMs) : await withoutReadings(channel, fromMs, toMs);
			const {checkpoint, tally} = chosen;
			const indexes = chosen.entries.map(({index}) => index);
			const entries = packEntries(chosen.entries);
			const places = tally === undefined ? indexes : [...indexes, tally.index];
			const proof = await needs.multiproof(places, checkpoint.size);
			const leaves = packedLeafHashes(needs.hasher, tally === undefined ? entries : concatBytes(entries, tally.shown.entry));
			const root = rootFromMultiproof(needs.hasher, {indexes: places, size: checkpoint.size, leaves, proof});
			if (root === undefined || !equalBytes(root, checkpoint.root)) throw notSigned(`the entries of ${channel.urn} do`);
			return formatHistory(needs.hasher, {
				subject: {urn: channel.urn, secret: channel.secret},
				fromMs,
				toMs,
				checkpoint: checkpoint.note,
				indexes,
				entries,
				proof,
				tally: tally?.shown,
				anchors: checkpoint.anchors,
				timestamps: checkpoint.timestamps,
			});
		},
	};
}
