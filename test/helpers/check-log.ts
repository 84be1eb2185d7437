// Looks at a log from outside after each step of a test: re-derives everything from the raw rows, the slow way, and then lets the audit do it again.
import type {ExecutionContext} from 'ava';
import {toHex} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {parseCheckpoint} from '../../agent/format/checkpoint.ts';
import {decodeEntry, type Entry, entryLength} from '../../agent/format/entry.ts';
import {isSignedBy, parseNoteKey} from '../../agent/format/note.ts';
import {audit} from '../../agent/log/audit.ts';
import {leafHash, MTH, nodeHash} from './reference-merkle.ts';

/** An entry as the disk has it, with what it came from. */
export type LoggedEntry = {readonly index: number; readonly bytes: Uint8Array; readonly entry: Entry; readonly record: Uint8Array};

export type CheckedLog = {
	readonly size: number;
	/** Hexadecimal. */
	readonly root: string;
	readonly note: string | undefined;
	readonly entries: readonly LoggedEntry[];
	readonly channels: readonly {readonly id: number; readonly urn: string; readonly subject: string; readonly enrolled: number}[];
	readonly counters: ReadonlyMap<string, number>;
	readonly quarantine: readonly {readonly id: number; readonly reason: string; readonly record: Uint8Array}[];
	readonly batchSizes: readonly number[];
};

type SpanRow = {
	channel: number;
	first: number;
	count: number;
	number: number;
	session: string | null;
	keyMin: number | null;
	keyMax: number | null;
	keys: Uint8Array | null;
	timeMin: number;
	timeMax: number;
};

const uint48Max = 2 ** 48 - 1;

/** Fails the test where anything does not fit anything else; gives what it read. The writer may be open, but MUST not be in the middle of a commit. */
export async function checkLog(t: ExecutionContext, path: string): Promise<CheckedLog> {
	await using database = await openDatabase({path, mode: 'read'});
	const meta = new Map((await database.all<{key: string; value: string}>('SELECT key, value FROM meta')).map(row => [row.key, row.value]));
	const [head] = await database.all<{size: number; root: Uint8Array; note: string}>('SELECT size, root, note FROM head');
	const batches = await database.all<{first: number; count: number; entries: Uint8Array; records: Uint8Array}>(
		'SELECT first, count, entries, records FROM batches ORDER BY first',
	);

	const leaves: Uint8Array[] = [];
	const records: Uint8Array[] = [];
	for (const batch of batches) {
		if (batch.first !== leaves.length || batch.entries.length !== batch.count * entryLength)
			t.fail(`batch at ${batch.first} of ${batch.count} entries, after ${leaves.length}`);
		for (let i = 0; i < batch.count; i += 1) leaves.push(batch.entries.subarray(i * entryLength, (i + 1) * entryLength));
		records.push(...recordsOf(batch.records));
	}
	t.is(records.length, leaves.length, 'every entry has a record');
	const entries = leaves.map((bytes, index): LoggedEntry => ({index, bytes, entry: decodeEntry(bytes), record: records[index]!}));

	// The head: size, root and signature.
	const size = head?.size ?? 0;
	t.is(leaves.length, size, 'the head covers every entry');
	if (head !== undefined) {
		t.is(toHex(head.root), toHex(MTH(leaves)), 'the root is that of the entries');
		const key = parseNoteKey(nodeHasher, meta.get('vkey') ?? '')!;
		const checkpoint = parseCheckpoint(head.note)!;
		t.is(checkpoint.origin, `${meta.get('logName')}/${meta.get('epoch')}`);
		t.is(checkpoint.size, size);
		t.is(toHex(checkpoint.root), toHex(head.root));
		t.true(await isSignedBy(verifyEd25519, checkpoint.parsed, key), 'the checkpoint is signed by the key of the log');
	}

	// Every tile, and no tile besides.
	const tiles = await database.all<{level: number; tile: number; hashes: Uint8Array}>('SELECT level, tile, hashes FROM tiles');
	const wanted = tilesOf(leaves);
	t.deepEqual(tiles.map(({level, tile}) => `${level}/${tile}`).sort(), [...wanted.keys()].sort(), 'every tile and no other');
	for (const {level, tile, hashes} of tiles)
		if (toHex(hashes) !== wanted.get(`${level}/${tile}`)) t.fail(`tile ${level}/${tile} is not that of the entries`);

	// Numbers, channels and spans.
	const channels = await database.all<{id: number; urn: string; subject: Uint8Array; enrolled: number}>(
		'SELECT id, urn, subject, enrolled FROM channels ORDER BY id',
	);
	const spans = await database.all<SpanRow>(
		'SELECT channel, first, count, number, session, keyMin, keyMax, keys, timeMin, timeMax FROM spans ORDER BY channel, first',
	);
	checkSpans(t, entries, channels, spans, batches);

	const counters = await database.all<{name: string; count: number}>('SELECT name, count FROM counters');
	const quarantine = await database.all<{id: number; reason: string; record: Uint8Array}>(
		'SELECT id, reason, record FROM quarantine ORDER BY id',
	);
	const [integrity] = await database.all<{integrity_check: string}>('PRAGMA integrity_check');
	t.is(integrity?.integrity_check, 'ok');

	const report = await audit({path, hasher: nodeHasher, verifySignature: verifyEd25519});
	t.deepEqual(report.problems, [], 'the audit is clean');
	t.is(report.size, size);
	t.is(report.root, toHex(MTH(leaves)));

	return {
		size,
		root: report.root,
		note: head?.note,
		entries,
		channels: channels.map(row => ({...row, subject: toHex(row.subject)})),
		counters: new Map(counters.map(row => [row.name, row.count])),
		quarantine,
		batchSizes: batches.map(({count}) => count),
	};
}

/** The record of each entry: u32 length, u16 count, 16 bytes salt, record. */
function recordsOf(packed: Uint8Array): Uint8Array[] {
	const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
	const records: Uint8Array[] = [];
	for (let at = 0; at < packed.length; ) {
		const length = view.getUint32(at);
		const record = packed.subarray(at + 22, at + 22 + length);
		for (let i = view.getUint16(at + 4); i > 0; i -= 1) records.push(record);
		at += 22 + length;
	}
	return records;
}

/** C2SP tiles above level 0, straight from their definition: hash j of a tile at level L is that of 256^L leaves. */
function tilesOf(leaves: readonly Uint8Array[]): Map<string, string> {
	const tiles = new Map<string, string>();
	let below = leaves.map(leaf => leafHash(leaf));
	for (let level = 1; below.length >= 256; level += 1) {
		const hashes: Uint8Array[] = [];
		for (let i = 0; i + 256 <= below.length; i += 256) {
			let layer = below.slice(i, i + 256);
			while (layer.length > 1) layer = Array.from({length: layer.length / 2}, (_, j) => nodeHash(layer[2 * j]!, layer[2 * j + 1]!));
			hashes.push(layer[0]!);
		}
		for (let i = 0; i < hashes.length; i += 256)
			tiles.set(
				`${level}/${i / 256}`,
				hashes
					.slice(i, i + 256)
					.map(toHex)
					.join(''),
			);
		below = hashes;
	}
	return tiles;
}

function checkSpans(
	t: ExecutionContext,
	entries: readonly LoggedEntry[],
	channels: readonly {id: number; urn: string; subject: Uint8Array; enrolled: number}[],
	spans: readonly SpanRow[],
	batches: readonly {first: number; count: number}[],
): void {
	const bySubject = new Map<string, LoggedEntry[]>();
	for (const entry of entries) {
		const subject = toHex(entry.entry.subject);
		const others = bySubject.get(subject);
		if (others === undefined) bySubject.set(subject, [entry]);
		else others.push(entry);
	}
	const batchOf = (index: number): number => batches.findLast(({first}) => first <= index)!.first;
	t.is(bySubject.size, channels.length, 'every subject is a channel');
	for (const channel of channels) {
		const mine = bySubject.get(toHex(channel.subject)) ?? [];
		for (const [i, {entry, index}] of mine.entries())
			if (entry.number !== i + 1) t.fail(`entry ${index} of ${channel.urn} has number ${entry.number}`);
		t.is(mine[0]?.index, channel.enrolled, `${channel.urn} begins with its enrolment`);
		let at = 0;
		for (const span of spans.filter(row => row.channel === channel.id)) {
			const part = mine.slice(at, at + span.count);
			at += span.count;
			const times = part.map(({entry}) => entry.measuredAtMs || entry.arrivedAtMs);
			const keys =
				span.keys === null
					? part.map(({entry}) => entry.measuredAtMs).filter(key => key !== 0)
					: Array.from({length: span.count}, (_, i) => Buffer.from(span.keys!).readUIntBE(i * 6, 6)).filter(key => key !== uint48Max);
			t.is(span.keys === null, span.session === null, 'keys are listed for sessions');
			t.deepEqual(
				{first: span.first, number: span.number, timeMin: span.timeMin, timeMax: span.timeMax, keyMin: span.keyMin, keyMax: span.keyMax},
				{
					first: part[0]!.index,
					number: part[0]!.entry.number,
					timeMin: Math.min(...times),
					timeMax: Math.max(...times),
					keyMin: keys.length === 0 ? null : Math.min(...keys),
					keyMax: keys.length === 0 ? null : Math.max(...keys),
				},
				`the span of ${channel.urn} at ${span.first}`,
			);
			t.is(batchOf(part[0]!.index), batchOf(part.at(-1)!.index), 'a span stays in its batch');
		}
		t.is(at, mine.length, `the spans of ${channel.urn} cover all its entries`);
	}
}
