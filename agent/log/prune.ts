// Takes old raw arrivals and old entries out of a log in small steps, so that every proof of what remains can still be made from what remains.

import {viewOf} from '../base/bytes.ts';
import type {SqlRow, Statements} from '../base/sqlite.ts';
import {entryLength, type Index, kinds, qualities, type Size} from '../format/entry.ts';
import {recordHeadLength} from './batch.ts';
import {tileWidth} from './nodes.ts';

/*
 * Entries go by whole batches, and only those that end at or below a multiple of 256: so the hash tiles of what remains can be derived from what remains, and the stored
 * tiles above (level 1 and up, all kept) stand for the rest. E, the first index of the oldest batch, says how far a log is pruned; what is between E and the next
 * multiple of 256 is still there, but its siblings in the tree are not, so it counts as pruned as well. Spans stay: they say the last number of every channel, and which
 * repeat keys were there.
 *
 * If we die: before the note, nothing has happened. Behind the note and before or between the steps, the log is pruned less far than the note says, each step being one
 * transaction; whoever prunes next goes on from E.
 */

/** Instead of a record's length, salt and bytes, where its raw bytes were pruned; a u16 count of entries follows, of one record or of several in a row. */
export const prunedMark = 0xffff_ffff;
export const prunedHeadLength = 6;
const countMax = 0xffff;

export type PruneWish = {
	/** Raw arrivals of entries that arrived before it go; undefined: none. */
	readonly arrivalsBeforeMs: number | undefined;
	/** Entries that arrived before it go, with their arrivals; undefined: none. */
	readonly entriesBeforeMs: number | undefined;
	/** Arrivals go only below this size. */
	readonly arrivalsSizeMax: Size;
	/** Entries go only below this size: the newest that a chain holds for good. */
	readonly entriesSizeMax: Size;
	/** Arrivals below it were looked at before. @default 0 */
	readonly arrivalsFrom?: Index;
};

export type PrunePlan = {
	/** E as it is. */
	readonly first: Index;
	/** Entries below it go; a multiple of 256, or E if none go. */
	readonly entriesBelow: Index;
	/** Raw arrivals of batches that end at or below it go. */
	readonly arrivalsBelow: Index;
	readonly arrivalsFrom: Index;
	/** How many entries, and bytes of their batches and arrivals. */
	readonly entries: number;
	readonly entryBytes: number;
	/** Bytes of the batches whose arrivals go; bodies of notes among them stay. */
	readonly arrivalBytes: number;
};

type Rows = Pick<Statements, 'all'>;

/** A few batches at a time: half a MiB of entries each at most. */
const batchesPerPage = 8;
const arrivedAtOffset = 70;
/** Its highest byte. */
const qualityOffset = 53;

/** First index of the oldest batch: 0 in a log that was never pruned. */
export async function prunedBelow(rows: Rows): Promise<Index> {
	const [row] = await rows.all<{first: number | null}>('SELECT min(first) AS first FROM batches');
	return row?.first ?? 0;
}

/** The first index that can be proven in a log whose oldest batch begins at `first`. */
export function provableFrom(first: Index): number {
	return Math.ceil(first / tileWidth) * tileWidth;
}

/**
 * The first index of the first batch from `from` on that holds an entry which arrived at or after `beforeMs`, or that ends above `sizeMax`. By the agent's clock, and as a
 * prefix: after a time in the future nothing goes until that time has come, and an old time behind new ones takes nothing away.
 */
async function batchesBefore(rows: Rows, from: Index, beforeMs: number, sizeMax: Size): Promise<Index> {
	for (let next = from; ; ) {
		const page = await rows.all<{first: number; count: number; entries: Uint8Array}>(
			`SELECT first, count, entries FROM batches WHERE first >= ? ORDER BY first LIMIT ${batchesPerPage}`,
			[next],
		);
		for (const {first, count, entries} of page) {
			if (first + count > sizeMax) return first;
			const bytes = Buffer.from(entries.buffer, entries.byteOffset, entries.length);
			for (let at = arrivedAtOffset; at < bytes.length; at += entryLength) if (bytes.readUIntBE(at, 6) >= beforeMs) return first;
			next = first + count;
		}
		if (page.length < batchesPerPage) return next;
	}
}

/** Says what a wish would take away. Changes nothing. */
export async function planPrune(rows: Rows, wish: PruneWish): Promise<PrunePlan> {
	const first = await prunedBelow(rows);
	const entriesEnd =
		wish.entriesBeforeMs === undefined ? first : await batchesBefore(rows, first, wish.entriesBeforeMs, wish.entriesSizeMax);
	const entriesBelow = Math.max(first, Math.floor(entriesEnd / tileWidth) * tileWidth);
	const arrivalsFrom = Math.max(first, entriesBelow, wish.arrivalsFrom ?? 0);
	// From the beginning of a batch on.
	const [begin] = await rows.all<{first: number | null}>('SELECT max(first) AS first FROM batches WHERE first <= ?', [arrivalsFrom]);
	const arrivalsBelow =
		wish.arrivalsBeforeMs === undefined
			? arrivalsFrom
			: await batchesBefore(rows, begin?.first ?? arrivalsFrom, wish.arrivalsBeforeMs, wish.arrivalsSizeMax);
	const [entries] = await rows.all<{count: number; bytes: number}>(
		'SELECT coalesce(sum(count), 0) AS count, coalesce(sum(length(entries) + length(records)), 0) AS bytes FROM batches WHERE first + count <= ?',
		[entriesBelow],
	);
	const [arrivals] = await rows.all<{bytes: number}>(
		'SELECT coalesce(sum(length(records)), 0) AS bytes FROM batches WHERE first >= ?1 AND first + count <= ?2',
		[begin?.first ?? arrivalsFrom, arrivalsBelow],
	);
	return {
		first,
		entriesBelow,
		arrivalsBelow,
		arrivalsFrom: begin?.first ?? arrivalsFrom,
		entries: entries?.count ?? 0,
		entryBytes: entries?.bytes ?? 0,
		arrivalBytes: arrivals?.bytes ?? 0,
	};
}

/** True if there is nothing to do. */
export function isEmptyPlan(plan: PrunePlan): boolean {
	return plan.entries === 0 && plan.arrivalBytes === 0;
}

/**
 * The records of a batch without the raw bytes of what readings came from; bodies of notes and enrolments stay, and so do the messages of corrections: which reading one stands in for is said nowhere
 * else, and whoever counts the log anew needs it. Undefined if nothing would go. Pure.
 */
export function stripArrivals(entries: Uint8Array, records: Uint8Array): Uint8Array | undefined {
	const view = viewOf(records);
	const parts: Uint8Array[] = [];
	let stripped = 0;
	let isStripped = false;
	const flush = (): void => {
		for (; stripped > 0; stripped -= Math.min(stripped, countMax)) {
			const mark = Buffer.alloc(prunedHeadLength);
			mark.writeUInt32BE(prunedMark, 0);
			mark.writeUInt16BE(Math.min(stripped, countMax), 4);
			parts.push(mark);
		}
	};
	let entry = 0;
	for (let at = 0; at < records.length; ) {
		const length = view.getUint32(at);
		const count = view.getUint16(at + 4);
		const isMark = length === prunedMark;
		const end = isMark ? at + prunedHeadLength : at + recordHeadLength + length;
		let goes = true;
		for (let i = entry; i < entry + count && goes; i += 1)
			goes = entries[i * entryLength] === kinds.reading && (entries[i * entryLength + qualityOffset]! & (qualities.correction >> 16)) === 0;
		if (isMark || goes) {
			stripped += count;
			isStripped ||= !isMark;
		} else {
			flush();
			parts.push(records.subarray(at, end));
		}
		entry += count;
		at = end;
	}
	flush();
	return isStripped ? Buffer.concat(parts) : undefined;
}

/** Bytes that one step touches: no commit waits longer for it than for another commit. */
const stepBytesMax = 2 * 1024 * 1024;

/** All that pruning needs of the log's writer. */
export type Needs = Rows & {
	/** A transaction of its own among the batches. */
	readonly write: <T>(body: (statements: Statements) => Promise<T>) => Promise<T>;
	/** Appends the note that says what will go; resolves when it is durable. */
	readonly note: (plan: PrunePlan) => Promise<void>;
};

/** Carries a plan out. Each step is one transaction; what was done stays done if this is stopped or rejects. */
export async function runPrune(needs: Needs, plan: PrunePlan, onStep: (done: number, all: number) => void = () => {}): Promise<void> {
	if (isEmptyPlan(plan)) return;
	await needs.note(plan);
	const all = plan.entryBytes + plan.arrivalBytes;
	let done = 0;
	/** The next batches that end at or below a size, and are not more than one step. */
	const nextStep = async (from: Index, below: Index): Promise<{readonly firsts: readonly number[]; readonly bytes: number}> => {
		const rows = await needs.all<SqlRow & {first: number; bytes: number}>(
			'SELECT first, length(entries) + length(records) AS bytes FROM batches WHERE first >= ?1 AND first + count <= ?2 ORDER BY first LIMIT 256',
			[from, below],
		);
		const firsts: number[] = [];
		let bytes = 0;
		for (const row of rows) {
			if (firsts.length > 0 && bytes + row.bytes > stepBytesMax) break;
			firsts.push(row.first);
			bytes += row.bytes;
		}
		return {firsts, bytes};
	};

	for (;;) {
		const {firsts, bytes} = await nextStep(0, plan.entriesBelow);
		if (firsts.length === 0) break;
		await needs.write(({run}) => run('DELETE FROM batches WHERE first <= ?', [firsts.at(-1)!]));
		done += bytes;
		onStep(done, all);
	}
	for (let from = plan.arrivalsFrom; ; ) {
		const {firsts, bytes} = await nextStep(from, plan.arrivalsBelow);
		if (firsts.length === 0) break;
		await needs.write(async ({run, all: read}) => {
			for (const first of firsts) {
				const [row] = await read<{entries: Uint8Array; records: Uint8Array}>('SELECT entries, records FROM batches WHERE first = ?', [
					first,
				]);
				const stripped = row && stripArrivals(row.entries, row.records);
				if (stripped !== undefined) await run('UPDATE batches SET records = ? WHERE first = ?', [stripped, first]);
			}
		});
		from = firsts.at(-1)! + 1;
		done += bytes;
		onStep(done, all);
	}
}
