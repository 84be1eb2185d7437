// Writes one batch with everything that belongs to it in one statement, which is one transaction and one way to the disk and back.

import {writeUint48} from '../base/bytes.ts';
import type {Database, SqlValue} from '../base/sqlite.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import type {Batch} from './batch.ts';
import type {TileParts} from './tile-writer.ts';

/** A batch that takes nothing more: its root is fixed and signed. */
export type ClosedBatch = {
	readonly batch: Batch;
	readonly parts: TileParts;
	/** Undefined if the batch has no entry, only counts or refusals. */
	readonly checkpoint: Checkpoint | undefined;
};

/**
 * A view that stands for "a commit", and what happens on an insert into it. Statement by statement from here, a batch needs seven ways to a thread and back, and
 * each return waits until this thread has packed and hashed what came in meanwhile; one insert needs one. Both objects are temporary: they belong to the
 * writer's connection, and the file on disk knows nothing of them.
 *
 * Lists come as JSON texts, NULL where they are empty. Their bytes lie one behind the other in `bytes`; lists give each place and length.
 */
const program = `
-- A root file system that is read-only has no place for temporary files.
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW commits (first, count, entries, records, size, root, note, channels, spans, tiles, refusals, counts, evictBelow, documents, bytes)
	AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;
CREATE TEMP TRIGGER commitBatch INSTEAD OF INSERT ON commits BEGIN
	-- The lock has one holder; should it fail us, the second writer of a history stops here.
	SELECT RAISE(ABORT, 'the head on disk is not the one that this writer left')
		WHERE coalesce((SELECT size FROM head), 0) <> NEW.first;
	INSERT INTO batches (first, count, entries, records) SELECT NEW.first, NEW.count, NEW.entries, NEW.records WHERE NEW.count > 0;
	INSERT INTO channels (id, urn, secret, subject, quantity, exponent, enrolled)
		SELECT value ->> 0, value ->> 1, substr(NEW.bytes, value ->> 2, value ->> 3), substr(NEW.bytes, value ->> 4, value ->> 5), value ->> 6, value ->> 7, value ->> 8
		FROM json_each(NEW.channels);
	INSERT INTO spans (channel, first, count, number, timeMin, timeMax, session, keyMin, keyMax, keyTop, keys)
		SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
			substr(NEW.bytes, value ->> 10, value ->> 11)
		FROM json_each(NEW.spans);
	SELECT RAISE(ABORT, 'a tile on disk does not end where its next hash belongs') FROM json_each(NEW.tiles)
		WHERE coalesce((SELECT length(hashes) FROM tiles WHERE level = value ->> 0 AND tile = value ->> 1), 0) <> value ->> 2;
	-- || would make a text of the blobs; the cast makes it a blob again, byte for byte.
	INSERT INTO tiles (level, tile, hashes)
		SELECT value ->> 0, value ->> 1, substr(NEW.bytes, value ->> 3, value ->> 4) FROM json_each(NEW.tiles) WHERE true
		ON CONFLICT (level, tile) DO UPDATE SET hashes = CAST(hashes || excluded.hashes AS BLOB);
	INSERT INTO head (id, size, root, note) SELECT 1, NEW.size, NEW.root, NEW.note WHERE NEW.count > 0
		ON CONFLICT (id) DO UPDATE SET size = NEW.size, root = NEW.root, note = NEW.note;
	INSERT INTO quarantine (id, arrivedAtMs, reason, detail, record)
		SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, coalesce(substr(NEW.bytes, value ->> 4, value ->> 5), x'') FROM json_each(NEW.refusals);
	DELETE FROM quarantine WHERE id < NEW.evictBelow;
	INSERT INTO counters (name, count) SELECT value ->> 0, value ->> 1 FROM json_each(NEW.counts) WHERE true
		ON CONFLICT (name) DO UPDATE SET count = count + excluded.count;
	INSERT INTO documents (kind, key, body) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(NEW.documents) WHERE true
		ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body;
END;`;

const insert = 'INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

/** Makes the connection ready for commitBatch. */
export function prepareCommits(database: Database): Promise<void> {
	return database.exec(program);
}

/**
 * Writes a batch. It is durable when this resolves; a power cut before leaves all of it or nothing. If it rejects nobody knows which.
 *
 * @param refusalId the id in the quarantine of the batch's first refusal
 */
export async function commitBatch(database: Database, {batch, parts, checkpoint}: ClosedBatch, refusalId: number): Promise<void> {
	const bytes = createHeap();
	const channels = batch.enrolled.map(channel => [
		channel.id,
		channel.urn,
		...bytes.add(channel.secret),
		...bytes.add(channel.subject),
		channel.quantity,
		channel.exponent,
		channel.enrolled,
	]);
	const spans = batch.spans.map(span => {
		const row = [span.channel, span.first, span.count, span.number, span.timeMin, span.timeMax];
		if (span.session === undefined && span.keyTop === undefined) return row;
		return [...row, span.session, span.keyMin, span.keyMax, span.keyTop, ...(span.keys.length === 0 ? [] : bytes.add(packKeys(span.keys)))];
	});
	const tiles = [...parts.values()].map(({level, tile, from, hashes}) => [level, tile, from * 32, ...bytes.addAll(hashes)]);
	const refusals = batch.refusals.map(({arrivedAtMs, reason, detail, record}, i) => [
		refusalId + i,
		arrivedAtMs,
		reason,
		detail,
		...bytes.add(record),
	]);
	const values: SqlValue[] = [
		batch.first,
		batch.count,
		batch.entries(),
		batch.records(),
		checkpoint?.size ?? null,
		checkpoint?.root ?? null,
		checkpoint?.note ?? null,
		listText(channels),
		listText(spans),
		listText(tiles),
		listText(refusals),
		listText([...batch.counts]),
		batch.evictBelow ?? null,
		listText(batch.documents.map(({kind, key, body}) => [kind, key, body])),
		bytes.whole(),
	];
	await database.step(insert, values);
}

/** JSON makes null of undefined, and SQL makes NULL of null. */
function listText(rows: readonly (readonly unknown[])[]): string | null {
	return rows.length === 0 ? null : JSON.stringify(rows);
}

/** Byte strings one behind the other. */
function createHeap(): {
	/** Adds one; gives its place as substr() counts, from 1, and its length. */
	readonly add: (bytes: Uint8Array) => [place: number, length: number];
	readonly addAll: (parts: readonly Uint8Array[]) => [place: number, length: number];
	readonly whole: () => Uint8Array | null;
} {
	const parts: Uint8Array[] = [];
	let length = 0;
	const add = (bytes: Uint8Array): [number, number] => {
		const place = length + 1;
		parts.push(bytes);
		length += bytes.length;
		return [place, bytes.length];
	};
	return {
		add,
		addAll: all => {
			const place = length + 1;
			for (const bytes of all) add(bytes);
			return [place, length + 1 - place];
		},
		whole: () => (length === 0 ? null : parts.length === 1 ? parts[0]! : Buffer.concat(parts, length)),
	};
}

function packKeys(keys: readonly number[]): Uint8Array {
	const packed = new Uint8Array(keys.length * 6);
	const view = new DataView(packed.buffer);
	for (const [i, key] of keys.entries()) writeUint48(view, i * 6, key);
	return packed;
}
