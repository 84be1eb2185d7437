// A batch while it forms: entries and what they came from, packed as they will lie on disk and hashed as they arrive.

import {uint48Max, viewOf} from '../base/bytes.ts';
import type {AgentError} from '../base/errors.ts';
import type {Hasher} from '../base/hash.ts';
import type {Random} from '../base/random.ts';
import type {NoteBody} from '../format/body.ts';
import {entryLength, type Index, type Kind, saltLength, writeEntry} from '../format/entry.ts';
import {tags} from '../format/tags.ts';
import type {CompactRange} from '../merkle/compact-range.ts';
import type {Channel} from './channels.ts';

/** Called once: with the index of the first entry when everything is durable, or with the failure after which nothing is known. */
export type Done = (failure: AgentError | undefined, first: Index) => void;

/** One entry as the rooms in front of the log hand it in. The log adds subject, number, salt and source. */
export type Draft = {
	readonly channel: Channel;
	readonly kind: Kind;
	/** Code of the quantity, or sub-kind. */
	readonly quantity: number;
	readonly exponent: number;
	readonly quality: number;
	readonly value: bigint;
	readonly measuredAtMs: number;
	readonly span: number;
	/** What a repeat is known by: the device's session and its sequence there, or its measuredAt without a session. undefined: nothing. */
	readonly session: string | undefined;
	readonly key: number | undefined;
	/** The largest key of the session so far, this one included: stored, so that the next start knows it at once. */
	readonly keyTop: number | undefined;
};

/** Notes on channels that share one body, and the counter that counts them as one. */
export type ChannelNotes = {readonly body: NoteBody; readonly drafts: readonly Draft[]; readonly counter: string};

/** A refused arrival with its raw bytes. */
export type Refusal = {readonly arrivedAtMs: number; readonly reason: string; readonly detail: string; readonly record: Uint8Array};

/** A small row of another room, written in the same commit as the entries that it is about. */
export type DocumentRow = {readonly kind: string; readonly key: string; readonly body: string};

/** What the index of spans keeps of one channel's entries in one batch. */
export type SpanRow = {
	readonly channel: number;
	readonly first: number;
	count: number;
	readonly number: number;
	readonly session: string | undefined;
	keyMin: number | undefined;
	keyMax: number | undefined;
	keyTop: number | undefined;
	readonly keys: number[];
	timeMin: number;
	timeMax: number;
};

/** A batch takes no further item beyond either of these; a single item may go beyond the second. */
export const batchEntriesMax = 4096;
export const batchBytesMax = 2 * 1024 * 1024;
/** One arrival never has more entries than this: 1,024 readings, and notes on their 256 channels. */
export const itemEntriesMax = 1280;

/** In front of each record: u32 length, u16 count of entries, salt. */
export const recordHeadLength = 6 + saltLength;
const scratchLength = 4096;
/** About what one who waits costs; so that even a flood of counts, which bring no bytes, comes to a bound. */
const doneBytes = 128;
const tagLength = tags.arrival.length;

export type Batch = {
	readonly first: Index;
	readonly count: number;
	/** What is pending here: bytes of records, entries and refusals, and something for everybody who waits. */
	readonly bytes: number;
	readonly isEmpty: boolean;
	/** Whom to tell, and the index of each one's first entry. */
	readonly dones: Done[];
	readonly firsts: Index[];
	readonly spans: readonly SpanRow[];
	readonly enrolled: Channel[];
	readonly refusals: readonly Refusal[];
	readonly refuse: (refusal: Refusal) => void;
	readonly documents: DocumentRow[];
	readonly counts: Map<string, number>;
	/** Rows of the quarantine to delete: all below this id. */
	evictBelow: number | undefined;
	readonly fits: (entryCount: number, recordLength: number) => boolean;
	/** Packs and hashes one record with its entries, in order. The caller has checked `fits`. */
	readonly add: (kind: 'arrival' | 'body', record: Uint8Array, arrivedAtMs: number, drafts: readonly Draft[]) => void;
	readonly entries: () => Uint8Array;
	readonly records: () => Uint8Array;
};

/** Memory that batches use in turn, so that a busy log allocates nothing large. */
export type BatchMemory = {readonly entries: Buffer; records: Buffer};

export function createBatchMemory(): BatchMemory {
	// An eviction note may come on top when the batch is closed.
	const entries = Buffer.allocUnsafeSlow((batchEntriesMax + itemEntriesMax) * entryLength);
	return {entries, records: Buffer.allocUnsafeSlow(64 * 1024)};
}

export function createBatch(options: {
	readonly first: Index;
	readonly memory: BatchMemory;
	readonly hasher: Hasher;
	readonly random: Random;
	readonly tree: CompactRange;
}): Batch {
	const {first, memory, hasher, random, tree} = options;
	const {entries} = memory;
	const spans: SpanRow[] = [];
	/** The newest span of each channel here. */
	const open = new Map<number, SpanRow>();
	const dones: Done[] = [];
	const firsts: Index[] = [];
	const enrolled: Channel[] = [];
	const refusals: Refusal[] = [];
	const documents: DocumentRow[] = [];
	const counts = new Map<string, number>();
	const salt = Buffer.alloc(saltLength);
	const source = Buffer.alloc(32);
	// The entry is put together where it is hashed, behind the leaf prefix, and in one object that is used again: this runs for every reading.
	const leaf = Buffer.alloc(1 + entryLength);
	const leafView = viewOf(leaf);
	const leafEntry = leaf.subarray(1);
	const entry = {
		kind: 0 as Kind,
		subject: salt as Uint8Array,
		quantity: 0,
		exponent: 0,
		quality: 0,
		value: 0n,
		measuredAtMs: 0.5,
		arrivedAtMs: 0.5,
		number: 0,
		span: 0,
	};
	const leafHash = Buffer.alloc(32);
	const scratch = Buffer.alloc(scratchLength);
	let count = 0;
	let recordsLength = 0;
	let refusedBytes = 0;

	const reserve = (length: number): void => {
		if (recordsLength + length <= memory.records.length) return;
		const grown = Buffer.allocUnsafeSlow(Math.max(memory.records.length * 2, recordsLength + length));
		memory.records.copy(grown, 0, 0, recordsLength);
		memory.records = grown;
	};

	const hashSource = (tag: Uint8Array, record: Uint8Array): void => {
		const length = tagLength + saltLength + record.length;
		const input = length <= scratchLength ? scratch : Buffer.allocUnsafe(length);
		input.set(tag, 0);
		input.set(salt, tag.length);
		input.set(record, tag.length + saltLength);
		hasher.sha256Into(input.subarray(0, tag.length + saltLength + record.length), source, 0);
	};

	const index = (draft: Draft, at: Index, number: number, timeMs: number): void => {
		const {channel, session} = draft;
		// Without a session the key is measuredAt, which the entry holds already: a reader finds it there.
		const key = session === undefined ? draft.measuredAtMs || undefined : draft.key;
		let span = open.get(channel.id);
		if (span === undefined || span.session !== session) {
			span = {
				channel: channel.id,
				first: at,
				count: 0,
				number,
				session,
				keyMin: undefined,
				keyMax: undefined,
				keyTop: undefined,
				keys: [],
				timeMin: timeMs,
				timeMax: timeMs,
			};
			open.set(channel.id, span);
			spans.push(span);
		}
		span.count += 1;
		if (timeMs < span.timeMin) span.timeMin = timeMs;
		if (timeMs > span.timeMax) span.timeMax = timeMs;
		if (key !== undefined) {
			if (span.keyMin === undefined || key < span.keyMin) span.keyMin = key;
			if (span.keyMax === undefined || key > span.keyMax) span.keyMax = key;
			if (span.keyTop === undefined || key > span.keyTop) span.keyTop = key;
		}
		const top = draft.keyTop;
		if (top !== undefined && (span.keyTop === undefined || top > span.keyTop)) span.keyTop = top;
		if (session !== undefined) span.keys.push(key ?? uint48Max);
	};

	return {
		first,
		get count() {
			return count;
		},
		get bytes() {
			return recordsLength + count * entryLength + refusedBytes + dones.length * doneBytes;
		},
		get isEmpty() {
			return count === 0 && refusals.length === 0 && dones.length === 0 && counts.size === 0;
		},
		dones,
		firsts,
		spans,
		enrolled,
		refusals,
		documents,
		refuse: refusal => {
			refusals.push(refusal);
			refusedBytes += refusal.record.length;
		},
		counts,
		evictBelow: undefined,
		fits: (entryCount, recordLength) =>
			count + refusals.length + entryCount <= batchEntriesMax &&
			(count + refusals.length === 0 || recordsLength + refusedBytes + recordLength <= batchBytesMax),
		add: (kind, record, arrivedAtMs, drafts) => {
			random.fill(salt, 0, saltLength);
			hashSource(kind === 'arrival' ? tags.arrival : tags.body, record);
			reserve(recordHeadLength + record.length);
			const {records} = memory;
			records.writeUInt32BE(record.length, recordsLength);
			records.writeUInt16BE(drafts.length, recordsLength + 4);
			records.set(salt, recordsLength + 6);
			records.set(record, recordsLength + recordHeadLength);
			recordsLength += recordHeadLength + record.length;
			for (let i = 0; i < drafts.length; i += 1) {
				const draft = drafts[i]!;
				const {channel} = draft;
				channel.lastNumber += 1;
				entry.kind = draft.kind;
				entry.subject = channel.subject;
				entry.quantity = draft.quantity;
				entry.exponent = draft.exponent;
				entry.quality = draft.quality;
				entry.value = draft.value;
				entry.measuredAtMs = draft.measuredAtMs;
				entry.arrivedAtMs = arrivedAtMs;
				entry.number = channel.lastNumber;
				entry.span = draft.span;
				random.fill(salt, 0, saltLength);
				writeEntry(leaf, leafView, 1, entry, salt, source);
				entries.set(leafEntry, count * entryLength);
				hasher.sha256Into(leaf, leafHash, 0);
				tree.append(leafHash, 0);
				index(draft, first + count, channel.lastNumber, draft.measuredAtMs || arrivedAtMs);
				count += 1;
			}
		},
		entries: () => entries.subarray(0, count * entryLength),
		records: () => memory.records.subarray(0, recordsLength),
	};
}
