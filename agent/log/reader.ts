// Reads a log beside its writer: entries, what they came from, proofs, and where a channel's entries are.

import {copyBytes, equalBytes, readUint48, viewOf} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import type {Hasher} from '../base/hash.ts';
import {type Database, openDatabase, type SqlRow, type Statements} from '../base/sqlite.ts';
import {type Checkpoint, formatOrigin} from '../format/checkpoint.ts';
import {
	decodeEntry,
	type Entry,
	type EntryNumber,
	entryLength,
	type Index,
	kinds,
	outlineEntry,
	type Size,
	saltLength,
	subjectRange,
	uncountedQualities,
} from '../format/entry.ts';
import type {TallyLeaf} from '../format/tally.ts';
import {consistencyRanges, inclusionRanges} from '../merkle/prove.ts';
import {emptyRoot} from '../merkle/tree.ts';
import {recordHeadLength} from './batch.ts';
import {type Channel, loadChannels} from './channels.ts';
import {type HeadRow, type LogMeta, readMeta} from './log.ts';
import {corrupt, createNodeSource, pruned, readEntries} from './nodes.ts';
import {type PrunePlan, type PruneWish, planPrune, provableFrom, prunedBelow, prunedHeadLength, prunedMark} from './prune.ts';

/** What an entry came from: an arrival record (readings) or a body (all else), with the salt of its hash. */
export type Source = {readonly salt: Uint8Array; readonly record: Uint8Array};

export type FoundEntry = {readonly index: Index; readonly entry: Uint8Array};

type KeyedEntry = FoundEntry & {readonly key: number | undefined};

export type LogReader = {
	readonly origin: string;
	readonly meta: LogMeta;
	/** The newest durable checkpoint; undefined while the log is empty. */
	readonly head: () => Promise<Checkpoint | undefined>;
	/** The first index that was not pruned. */
	readonly first: () => Promise<Index>;
	/** The 118 bytes at an index. Fails with ENTRY_UNKNOWN beyond the log, with ENTRY_PRUNED below what was pruned. */
	readonly entry: (index: Index) => Promise<Uint8Array>;
	/** Packed entries of the indexes begin … end−1, which MUST be in the log. */
	readonly entries: (begin: Index, end: Index) => Promise<Uint8Array>;
	/** Fails with ENTRY_PRUNED if the entry is there and its arrival is not. */
	readonly source: (index: Index) => Promise<Source>;
	/** What the entries of the indexes begin … end−1 came from, each batch read once: once for all entries that share it, with the places that it has there. `record` is undefined where it was pruned. */
	readonly sources: (
		begin: Index,
		end: Index,
	) => AsyncIterable<{readonly begin: Index; readonly end: Index; readonly salt: Uint8Array; readonly record: Uint8Array | undefined}>;
	/** Root of the tree of `size` ≤ the log's entries, recomputed from what is stored. Fails with ENTRY_PRUNED for sizes whose edge was pruned. */
	readonly rootAt: (size: Size) => Promise<Uint8Array>;
	/** Inclusion path of an index in the tree of `size` ≤ the log's [RFC 9162 §2.1.3]. */
	readonly inclusion: (index: Index, size: Size) => Promise<Uint8Array[]>;
	/** The first `count` hashes of a tile of C2SP tlog-tiles, packed; they MUST be in the log. Fails with ENTRY_PRUNED. */
	readonly tile: (level: number, number: number, count: number) => Promise<Uint8Array>;
	/** One proof for many indexes, rising, in the tree of `size` ≤ the log's: packed hashes in the order of merkle/multiproof.ts. */
	readonly multiproof: (indexes: readonly Index[], size: Size) => Promise<Uint8Array>;
	/** Consistency proof between two sizes ≤ the log's [RFC 9162 §2.1.4]. */
	readonly consistency: (first: Size, second: Size) => Promise<Uint8Array[]>;
	readonly channels: () => Promise<Channel[]>;
	/** The last number of every channel among the first `size` entries, sorted by subject. A batch MUST begin at `size`. */
	readonly tallyAt: (size: Size) => Promise<TallyLeaf[]>;
	/** The newest entry of a channel whose time is not after `timeMs`; undefined if there is none. */
	readonly at: (channel: Channel, timeMs: number) => Promise<FoundEntry | undefined>;
	/** Entries of a channel with times from … to (both included), in the order of the log, those from index `begin` on. */
	readonly range: (channel: Channel, fromMs: number, toMs: number, begin?: Index) => AsyncIterable<FoundEntry>;
	/** Entries of a channel with indexes begin … end−1, in the order of the log. */
	readonly between: (channel: Channel, begin: Index, end: Index) => AsyncIterable<FoundEntry>;
	/**
	 * Entries of a channel from index `begin` on, with the bodies or arrival records that they came from, in the order of the log. For who follows a subject: each batch is read
	 * once. Fails with ENTRY_PRUNED where the entry is there and its record is not.
	 */
	readonly withRecords: (
		channel: Pick<Channel, 'id' | 'urn' | 'subject'>,
		begin: Index,
	) => AsyncIterable<FoundEntry & {readonly record: Uint8Array}>;
	/**
	 * A value that the channel has under a repeat key: `wanted` if it is there, else the newest; undefined if it has none. Among many values of one key `wanted` is
	 * looked for in the newest spans with it only. `pruned`: what it has under the key, or may have had, was pruned with its value.
	 */
	readonly valueOfKey: (
		channel: Channel,
		session: string | undefined,
		key: number,
		wanted?: bigint,
	) => Promise<bigint | 'pruned' | undefined>;
	/** The largest repeat key that the channel has in a session; undefined if it has none there. Looks at every span of the channel. */
	readonly sessionTop: (channel: Channel, session: string | undefined) => Promise<number | undefined>;
	/**
	 * The newest readings of a channel, in the order of the log, back to one that a register is measured against where that is not too far; `isWhole` if there was no entry of the
	 * channel before these, and none was pruned.
	 */
	readonly newestReadings: (channel: Channel) => Promise<{readonly readings: Entry[]; readonly isWhole: boolean}>;
	/** Index of the entry with this number in a channel; undefined if there is none, or it was pruned. */
	readonly indexOfNumber: (channel: Channel, number: EntryNumber) => Promise<Index | undefined>;
	/** Documents of a kind with keys from `keyMin` on, in the order of their keys. */
	readonly documentsFrom: (kind: string, keyMin: string, limit: number) => Promise<{readonly key: string; readonly body: string}[]>;
	/** Keys alone, which take a small part of the time. */
	readonly documentKeys: (kind: string, keyMin: string, limit: number) => Promise<string[]>;
	/** Documents of a kind with keys below `keyBelow`, the largest key first; those alone whose keys have this text behind the first 16 characters, if it is given. */
	readonly documentsBelow: (
		kind: string,
		keyBelow: string,
		limit: number,
		behind?: string,
	) => Promise<{readonly key: string; readonly body: string}[]>;
	readonly documents: (kind: string) => Promise<{readonly key: string; readonly body: string}[]>;
	/** Says what pruning would take away; see prune.ts. */
	readonly planPrune: (wish: PruneWish) => Promise<PrunePlan>;
	readonly quarantine: (limit: number) => Promise<QuarantineRow[]>;
	readonly counters: () => Promise<Map<string, number>>;
	/** The connection itself, for who looks at the whole log. */
	readonly rows: Pick<Statements, 'all'>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type QuarantineRow = {
	readonly id: number;
	readonly arrivedAtMs: number;
	readonly reason: string;
	readonly detail: string;
	/** The arrival record. */
	readonly record: Uint8Array;
};

type SpanRow = SqlRow & {readonly first: number; readonly count: number; readonly session: string | null; readonly keys: Uint8Array | null};

/** Spans whose entries are still there. */
const notPruned = 'first >= (SELECT min(first) FROM batches)';

/** True if a span whose entries were pruned had the key, or cannot say: keys that are times were in the entries. */
function mayHold({keys, count}: SpanRow, key: number): boolean {
	if (keys === null) return true;
	const view = viewOf(keys);
	for (let i = 0; i < count; i += 1) if (readUint48(view, i * 6) === key) return true;
	return false;
}

type StoredRecord = {
	/** Indexes of the entries that came from it. */
	readonly begin: Index;
	readonly end: Index;
	readonly salt: Uint8Array;
	/** undefined where it was pruned. */
	readonly record: Uint8Array | undefined;
};

/** What the entries of a batch came from, in their order, as views. */
function* walkRecords({first, records}: {readonly first: Index; readonly records: Uint8Array}): Iterable<StoredRecord> {
	const view = viewOf(records);
	let begin = first;
	for (let at = 0; at < records.length; ) {
		const length = view.getUint32(at);
		const end = begin + view.getUint16(at + 4);
		const isPruned = length === prunedMark;
		const salt = records.subarray(at + 6, at + 6 + saltLength);
		const behindHead = at + recordHeadLength;
		yield {begin, end, salt, record: isPruned ? undefined : records.subarray(behindHead, behindHead + length)};
		at = isPruned ? at + prunedHeadLength : behindHead + length;
		begin = end;
	}
}

/** The entries of a subject in a batch from an index on, with what they came from. */
function* recordsOf(
	batch: {readonly first: Index; readonly entries: Uint8Array; readonly records: Uint8Array},
	subject: Uint8Array,
	from: Index,
): Iterable<FoundEntry & {readonly record: Uint8Array}> {
	for (const {begin, end, record} of walkRecords(batch)) {
		for (let index = Math.max(begin, from); index < end; index += 1) {
			const offset = (index - batch.first) * entryLength;
			if (!equalBytes(batch.entries.subarray(offset + subjectRange.begin, offset + subjectRange.end), subject)) continue;
			if (record === undefined) throw new AgentError('ENTRY_PRUNED', `what entry ${index} came from was pruned`);
			yield {index, entry: copyBytes(batch.entries, offset, offset + entryLength), record: copyBytes(record)};
		}
	}
}

/** Spans looked at in one query while searching backwards. */
const spansPerPage = 256;
/** Spans read in one query with the entries of their batches, half a MiB each at most. */
const spansWithEntriesPerPage = 32;
const spansOfFirstPage = 2;
/** Spans of a channel that are looked through for a reading that counts, in the first and in the second attempt. */
const newestSpans = [4, 64] as const;
/** A device whose clock stands still has one key for everything: its older values are not worth reading the whole log. */
const spansWithKeyMax = 16;

/** Opens log.db read-only, on a connection of its own that never blocks the writer. Fails with DATA_MISSING. */
export async function openLogReader(options: {
	readonly path: string;
	readonly hasher: Hasher;
	/** @default openDatabase */
	readonly openDatabase?: typeof openDatabase;
}): Promise<LogReader> {
	const database = await (options.openDatabase ?? openDatabase)({path: options.path, mode: 'read'});
	try {
		const meta = await readMeta(database, options.path);
		return createReader(database, meta, options.hasher);
	} catch (error) {
		await database[Symbol.asyncDispose]();
		throw error;
	}
}

function createReader(database: Database, meta: LogMeta, hasher: Hasher): LogReader {
	const nodes = createNodeSource(database, hasher);
	const origin = formatOrigin(meta.logName, meta.epoch);

	const head = async (): Promise<Checkpoint | undefined> => {
		const [row] = await database.all<HeadRow>('SELECT size, root, note FROM head');
		return row && {origin, size: row.size, root: row.root, note: row.note};
	};

	const assertInLog = async (index: number): Promise<void> => {
		const size = (await head())?.size ?? 0;
		if (!Number.isSafeInteger(index) || index < 0 || index >= size)
			throw new AgentError('ENTRY_UNKNOWN', `there is no entry ${index}; the log has ${size}`);
		if (index < (await firstProvable())) throw pruned(index);
	};

	const firstProvable = async (): Promise<Index> => provableFrom(await prunedBelow(database));

	/** The entries of a channel in one span, with the key of each. */
	const spanEntries = async (channel: Channel, span: SpanRow): Promise<KeyedEntry[]> => {
		const [row] = await database.all<{first: number; part: Uint8Array}>(
			`SELECT first, substr(entries, (?1 - first) * ${entryLength} + 1) AS part FROM batches WHERE first <= ?1 ORDER BY first DESC LIMIT 1`,
			[span.first],
		);
		if (row === undefined) throw pruned(span.first);
		return pickEntries(channel, span, row.part);
	};

	/** Those of a channel among the entries from the first of its span on; they lie among those of other channels. */
	const pickEntries = (channel: Channel, span: SpanRow, part: Uint8Array): KeyedEntry[] => {
		const found: KeyedEntry[] = [];
		const keys = span.keys === null ? undefined : viewOf(span.keys);
		const view = viewOf(part);
		for (let offset = 0; offset < part.length && found.length < span.count; offset += entryLength) {
			if (!equalBytes(part.subarray(offset + subjectRange.begin, offset + subjectRange.end), channel.subject)) continue;
			const entry = copyBytes(part, offset, offset + entryLength);
			const key = keys === undefined ? outlineEntry(view, offset).measuredAtMs || undefined : readUint48(keys, found.length * 6);
			found.push({index: span.first + offset / entryLength, entry, key});
		}
		if (found.length !== span.count)
			throw corrupt(`the span of ${channel.urn} at index ${span.first} has ${span.count} entries, found ${found.length}`);
		return found;
	};

	/** The entries of a channel in its spans that meet a condition on their row, a page at a time. */
	async function* follow(channel: Channel, firstMin: Index, condition: string, parameters: readonly number[]): AsyncIterable<KeyedEntry> {
		let next = firstMin;
		const provable = await firstProvable();
		// Some want the first only: a small page in front costs the others next to nothing.
		for (let page = spansOfFirstPage; ; page = spansWithEntriesPerPage) {
			const spans = await database.all<SpanRow & {part: Uint8Array}>(
				`SELECT spans.first, spans.count, session, keys, substr(entries, (spans.first - batches.first) * ${entryLength} + 1) AS part
				FROM spans JOIN batches ON batches.first = (SELECT max(first) FROM batches WHERE first <= spans.first)
				WHERE channel = ?1 AND spans.first >= ?2 AND spans.${notPruned} AND ${condition} ORDER BY spans.first LIMIT ${page}`,
				[channel.id, next, ...parameters],
			);
			// The join has left out the spans of batches that were pruned.
			for (const span of spans) for (const found of pickEntries(channel, span, span.part)) if (found.index >= provable) yield found;
			if (spans.length < page) return;
			next = spans.at(-1)!.first + 1;
		}
	}

	/** Where to begin to look for entries from an index on: the span that holds it may start before it. */
	const spanOf = async (channel: Channel, begin: Index): Promise<Index> => {
		if (begin === 0) return 0;
		const [span] = await database.all<{first: number | null}>('SELECT max(first) AS first FROM spans WHERE channel = ?1 AND first <= ?2', [
			channel.id,
			begin,
		]);
		return span?.first ?? 0;
	};

	const timeOf = (entry: Uint8Array): number => {
		const {measuredAtMs, arrivedAtMs} = outlineEntry(viewOf(entry), 0);
		return measuredAtMs || arrivedAtMs;
	};

	return {
		origin,
		meta,
		head,
		first: firstProvable,
		entry: async index => {
			await assertInLog(index);
			return readEntries(database, index, index + 1);
		},
		entries: (begin, end) => readEntries(database, begin, end),
		source: async index => {
			await assertInLog(index);
			const [row] = await database.all<{first: number; records: Uint8Array}>(
				'SELECT first, records FROM batches WHERE first <= ? ORDER BY first DESC LIMIT 1',
				[index],
			);
			if (row === undefined) throw corrupt(`no batch holds index ${index}`);
			for (const {begin, end, salt, record} of walkRecords(row)) {
				if (index < begin || index >= end) continue;
				if (record === undefined)
					throw new AgentError('ENTRY_PRUNED', `the message that entry ${index} came from was pruned`, {
						hint: 'The entry itself is there: ask without the arrival.',
					});
				return {salt: copyBytes(salt), record: copyBytes(record)};
			}
			throw corrupt(`the source of entry ${index} is missing`);
		},
		sources: async function* (begin, end) {
			for (let next = begin; next < end; ) {
				const [row] = await database.all<{first: number; count: number; records: Uint8Array}>(
					'SELECT first, count, records FROM batches WHERE first <= ? ORDER BY first DESC LIMIT 1',
					[next],
				);
				if (row === undefined || row.first + row.count <= next) throw corrupt(`no batch holds index ${next}`);
				for (const found of walkRecords(row)) if (found.end > begin && found.begin < end) yield found;
				next = row.first + row.count;
			}
		},
		rootAt: async size => (size === 0 ? emptyRoot(hasher) : nodes.rangeHash({begin: 0, end: size})),
		inclusion: async (index, size) => {
			const path: Uint8Array[] = [];
			for (const range of inclusionRanges(index, size)) path.push(await nodes.rangeHash(range));
			return path;
		},
		tile: nodes.tile,
		multiproof: nodes.multiproof,
		consistency: async (first, second) => {
			const path: Uint8Array[] = [];
			for (const range of consistencyRanges(first, second)) path.push(await nodes.rangeHash(range));
			return path;
		},
		channels: () => loadChannels(database),
		tallyAt: size =>
			// SQLite compares blobs byte by byte, as tallies do.
			database.all<TallyLeaf & SqlRow>(
				`SELECT subject, number + count - 1 AS number
				FROM channels JOIN spans ON spans.channel = id AND first = (SELECT max(first) FROM spans WHERE channel = id AND first < ?1)
				WHERE enrolled < ?1 ORDER BY subject`,
				[size],
			),
		at: async (channel, timeMs) => {
			const provable = await firstProvable();
			// Newest time first among the spans that reach back far enough; a later span can only win with a newer time.
			const [best] = await database.all<SpanRow & {time: number}>(
				`SELECT first, count, session, keys, min(timeMax, ?2) AS time FROM spans WHERE channel = ?1 AND timeMin <= ?2 AND ${notPruned} ORDER BY time DESC, first DESC LIMIT 1`,
				[channel.id, timeMs],
			);
			if (best === undefined) return undefined;
			// `time` is only a bound where the span goes on beyond timeMs: look at every span that could hold something newer than what the best one has.
			let found: FoundEntry | undefined;
			let foundTime = -1;
			const look = async (span: SpanRow): Promise<void> => {
				for (const candidate of await spanEntries(channel, span)) {
					const time = timeOf(candidate.entry);
					if (
						candidate.index < provable ||
						time > timeMs ||
						time < foundTime ||
						(time === foundTime && found !== undefined && candidate.index < found.index)
					)
						continue;
					found = candidate;
					foundTime = time;
				}
			};
			await look(best);
			const others = await database.all<SpanRow>(
				`SELECT first, count, session, keys FROM spans WHERE channel = ?1 AND timeMin <= ?2 AND timeMax >= ?3 AND first <> ?4 AND ${notPruned} ORDER BY first`,
				[channel.id, timeMs, foundTime, best.first],
			);
			for (const other of others) await look(other);
			return found;
		},
		range: async function* (channel, fromMs, toMs, begin = 0) {
			for await (const found of follow(channel, await spanOf(channel, begin), 'timeMin <= ?4 AND timeMax >= ?3', [fromMs, toMs])) {
				const time = timeOf(found.entry);
				if (found.index >= begin && time >= fromMs && time <= toMs) yield found;
			}
		},
		between: async function* (channel, begin, end) {
			for await (const found of follow(channel, await spanOf(channel, begin), 'spans.first < ?3', [end]))
				if (found.index >= begin && found.index < end) yield found;
		},
		withRecords: async function* (channel, begin) {
			// The span that holds `begin` may start before it.
			const [holding] = await database.all<{first: number | null}>(
				'SELECT max(first) AS first FROM spans WHERE channel = ?1 AND first <= ?2',
				[channel.id, begin],
			);
			for (let next = holding?.first ?? 0; ; ) {
				const [span] = await database.all<{spanFirst: number; first: number; entries: Uint8Array; records: Uint8Array}>(
					`SELECT spans.first AS spanFirst, batches.first, entries, records
					FROM spans JOIN batches ON batches.first = (SELECT max(first) FROM batches WHERE first <= spans.first)
					WHERE channel = ?1 AND spans.first >= ?2 AND spans.${notPruned} ORDER BY spans.first LIMIT 1`,
					[channel.id, next],
				);
				if (span === undefined) return;
				yield* recordsOf(span, channel.subject, begin);
				// All of a subject that a batch holds lies in this batch, whatever its spans.
				next = span.first + span.entries.length / entryLength;
			}
		},
		valueOfKey: async (channel, session, key, wanted) => {
			let newest: bigint | undefined;
			let spansWithKey = 0;
			let before = Number.MAX_SAFE_INTEGER;
			let oldest: Index | undefined;
			// Nearly always the first span has it.
			for (let limit = 1; ; limit = spansPerPage) {
				// The range of keys only says where to look.
				const spans = await database.all<SpanRow>(
					'SELECT first, count, session, keys FROM spans WHERE channel = ?1 AND session IS ?2 AND keyMin <= ?3 AND keyMax >= ?3 AND first < ?4 ORDER BY first DESC LIMIT ?5',
					[channel.id, session ?? null, key, before, limit],
				);
				for (const span of spans) {
					before = span.first;
					oldest ??= await prunedBelow(database);
					if (span.first < oldest) {
						if (mayHold(span, key)) return 'pruned';
						continue;
					}
					const values = (await spanEntries(channel, span)).filter(found => found.key === key).map(({entry}) => decodeEntry(entry).value);
					if (values.length === 0) continue;
					newest ??= values.at(-1);
					spansWithKey += 1;
					if (wanted === undefined) return newest;
					if (values.includes(wanted)) return wanted;
					if (spansWithKey === spansWithKeyMax) return newest;
				}
				if (spans.length < limit) return newest;
			}
		},
		sessionTop: async (channel, session) => {
			const [row] = await database.all<{top: number | null}>('SELECT max(keyMax) AS top FROM spans WHERE channel = ?1 AND session IS ?2', [
				channel.id,
				session ?? null,
			]);
			return row?.top ?? undefined;
		},
		newestReadings: async channel => {
			// Nearly always the few newest spans have one that counts.
			for (const spansMax of newestSpans) {
				const rows = await database.all<{first: number}>('SELECT first FROM spans WHERE channel = ?1 ORDER BY first DESC LIMIT ?2', [
					channel.id,
					spansMax + 1,
				]);
				const isWhole = rows.length <= spansMax && (rows.at(-1)?.first ?? 0) >= (await firstProvable());
				const begin = rows[Math.min(spansMax, rows.length) - 1]?.first ?? 0;
				const readings: Entry[] = [];
				for await (const {entry} of follow(channel, begin, 'true', [])) {
					const decoded = decodeEntry(entry);
					if (decoded.kind === kinds.reading) readings.push(decoded);
				}
				const isEnough = rows.length <= spansMax || readings.some(({quality}) => (quality & uncountedQualities) === 0);
				if (isEnough || spansMax === newestSpans.at(-1)) return {readings, isWhole};
			}
			return {readings: [], isWhole: false};
		},
		indexOfNumber: async (channel, number) => {
			const [span] = await database.all<SpanRow & {number: number}>(
				`SELECT first, count, session, keys, number FROM spans WHERE channel = ?1 AND number <= ?2 AND number + count > ?2 AND ${notPruned}`,
				[channel.id, number],
			);
			return span === undefined ? undefined : (await spanEntries(channel, span))[number - span.number]?.index;
		},
		documentsFrom: (kind, keyMin, limit) =>
			database.all<{key: string; body: string}>('SELECT key, body FROM documents WHERE kind = ? AND key >= ? ORDER BY key LIMIT ?', [
				kind,
				keyMin,
				limit,
			]),
		documentKeys: async (kind, keyMin, limit) => {
			const rows = await database.all<{key: string}>('SELECT key FROM documents WHERE kind = ? AND key >= ? ORDER BY key LIMIT ?', [
				kind,
				keyMin,
				limit,
			]);
			return rows.map(({key}) => key);
		},
		documentsBelow: (kind, keyBelow, limit, behind) =>
			database.all<{key: string; body: string}>(
				'SELECT key, body FROM documents WHERE kind = ?1 AND key < ?2 AND (?4 IS NULL OR substr(key, 17) = ?4) ORDER BY key DESC LIMIT ?3',
				[kind, keyBelow, limit, behind ?? null],
			),
		documents: kind => database.all<{key: string; body: string}>('SELECT key, body FROM documents WHERE kind = ? ORDER BY key', [kind]),
		planPrune: wish => planPrune(database, wish),
		quarantine: limit =>
			database.all<QuarantineRow>('SELECT id, arrivedAtMs, reason, detail, record FROM quarantine ORDER BY id DESC LIMIT ?', [limit]),
		counters: async () => {
			const rows = await database.all<{name: string; count: number}>('SELECT name, count FROM counters ORDER BY name');
			return new Map(rows.map(row => [row.name, row.count]));
		},
		rows: {all: database.all},
		[Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
	};
}
