// Writes the log of the next epoch: whose it is, what came before, its channels, and again what the last epoch holds beyond the common head.

import {equalBytes, readUint48, uint48Max, viewOf} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import type {Random} from '../base/random.ts';
import type {openDatabase as OpenDatabase, Statements} from '../base/sqlite.ts';
import {encodeEnrolment} from '../format/body.ts';
import {type Checkpoint, formatOrigin, signCheckpoint} from '../format/checkpoint.ts';
import {
	decodeEntry,
	type Entry,
	entryLength,
	epochKinds,
	type Index,
	kinds,
	noteKinds,
	qualities,
	saltLength,
	sourceHash,
} from '../format/entry.ts';
import {type EpochBody, encodeEpoch} from '../format/epoch.ts';
import {noteKey} from '../format/note.ts';
import {quantityOfCode} from '../format/quantity.ts';
import {agentUrn, enrolmentKindOf, subjectHash, subjectSecretLength} from '../format/subject.ts';
import {tags} from '../format/tags.ts';
import {createCompactRange} from '../merkle/compact-range.ts';
import {createBatch, createBatchMemory, type Draft, recordHeadLength} from './batch.ts';
import {type Channel, loadChannels} from './channels.ts';
import {commitBatch, prepareCommits} from './commit.ts';
import {createLog, type Signer} from './log.ts';
import {corrupt, tileHeight} from './nodes.ts';
import {prunedHeadLength, prunedMark} from './prune.ts';
import {collectNode, type TileParts} from './tile-writer.ts';

export type NextLogOptions = {
	/** log.db of the epoch that ended. */
	readonly rows: Pick<Statements, 'all'>;
	readonly logName: string;
	/** Where the new log.db goes; nothing MUST be there. */
	readonly path: string;
	readonly body: EpochBody;
	readonly signer: Signer;
	readonly hasher: Hasher;
	readonly random: Random;
	readonly openDatabase: typeof OpenDatabase;
	/** Called after each batch with how many entries of the last epoch were taken. */
	readonly onProgress?: (done: number, all: number) => void;
};

type OldBatch = {readonly first: number; readonly count: number; readonly entries: Uint8Array; readonly records: Uint8Array};
type OldSpan = {
	readonly first: number;
	readonly count: number;
	readonly session: string | null;
	readonly keyTop: number | null;
	readonly keys: Uint8Array | null;
};

/** Where a channel's index of spans stands while its entries are read in order. */
type Cursor = {rows: OldSpan[]; readAfter: number; used: number};

/** What is held at a time: a page of batches (2 MiB each at most, with a few dozen KiB to spare) and of spans a channel. */
const batchesPerPage = 16;
const batchBytesPerPage = 8 * 1024 * 1024;
const spansPerPage = 64;
const quarantinePerPage = 16;

/**
 * Writes the whole log and closes it; gives its head. Memory does not grow with the log. Fails with LOG_CORRUPT where an entry of the last epoch does not come from what is stored
 * with it: what was edited is never signed anew.
 */
export async function writeNextLog(options: NextLogOptions): Promise<Checkpoint> {
	const {rows, logName, body, signer, hasher, random} = options;
	const origin = formatOrigin(logName, body.epoch);
	const key = noteKey(hasher, origin, signer.publicKey);
	await createLog({path: options.path, logName, epoch: body.epoch, key});
	await using database = await options.openDatabase({path: options.path, mode: 'write', synchronous: 'FULL'});
	await prepareCommits(database);

	const memory = createBatchMemory();
	let parts: TileParts = new Map();
	const range = createCompactRange({hasher, onNode: (node, hash) => collectNode(parts, node, hash), nodeLevelStep: tileHeight});
	const newBatch = () => createBatch({first: range.size, memory, hasher, random, tree: range});
	let batch = newBatch();
	let head: Checkpoint | undefined;

	const flush = async (): Promise<void> => {
		if (batch.count === 0) return;
		const checkpoint = signCheckpoint({origin, size: range.size, root: range.root()}, key, signer.sign);
		await commitBatch(database, {batch, parts, checkpoint}, 1);
		head = checkpoint;
		parts = new Map();
		batch = newBatch();
	};

	const add = async (kind: 'arrival' | 'body', record: Uint8Array, arrivedAtMs: number, drafts: readonly Draft[]): Promise<void> => {
		if (!batch.fits(drafts.length, record.length)) await flush();
		batch.add(kind, record, arrivedAtMs, drafts);
	};

	const bySubject = new Map<string, Channel>();
	const enrol = async (old: Pick<Channel, 'urn' | 'secret' | 'quantity' | 'exponent'>): Promise<Channel> => {
		const {urn, secret, quantity, exponent} = old;
		const enrolment = encodeEnrolment({urn, secret, quantity: quantityOfCode(quantity)?.name, exponent});
		if (!batch.fits(1, enrolment.length)) await flush();
		// The secret is kept, so that a subject is the same hash in every epoch.
		const subject = subjectHash(hasher, {logName, secret, urn});
		const fresh = {session: undefined, keyTop: undefined, lastNumber: 0};
		const channel: Channel = {id: bySubject.size + 1, urn, secret, subject, quantity, exponent, enrolled: range.size, ...fresh};
		bySubject.set(nameOf(subject), channel);
		batch.enrolled.push(channel);
		batch.add('body', enrolment, body.openedAtMs, [ownDraft(channel, kinds.enrolment, enrolmentKindOf(urn), BigInt(quantity))]);
		return channel;
	};

	const channels = await loadChannels({all: rows.all});
	const own = channels.find(({urn}) => urn === agentUrn(logName));
	const ownChannel = await enrol(own ?? {urn: agentUrn(logName), secret: random.bytes(subjectSecretLength), quantity: 0, exponent: 0});
	// Right behind the entry that says whose log this is.
	await add('body', encodeEpoch(body), body.openedAtMs, [ownDraft(ownChannel, kinds.epoch, epochKinds.opened, BigInt(body.common.size))]);
	for (const channel of channels) if (channel !== own) await enrol(channel);

	const cursors = new Map<Channel, Cursor>();
	const oldIds = new Map(channels.map(channel => [nameOf(channel.subject), channel.id]));

	/** The session and repeat key of the channel's next entry, as the last epoch's index has them. */
	const keyOf = async (channel: Channel, batchFirst: number): Promise<Pick<Draft, 'session' | 'key' | 'keyTop'>> => {
		let cursor = cursors.get(channel);
		if (cursor === undefined) {
			cursor = {rows: [], readAfter: batchFirst - 1, used: 0};
			cursors.set(channel, cursor);
		}
		let span = cursor.rows[0];
		if (span !== undefined && cursor.used === span.count) {
			cursor.rows.shift();
			cursor.used = 0;
			span = cursor.rows[0];
		}
		if (span === undefined) {
			cursor.rows = await rows.all<OldSpan>(
				`SELECT first, count, session, keyTop, keys FROM spans WHERE channel = ? AND first > ? ORDER BY first LIMIT ${spansPerPage}`,
				[oldIds.get(nameOf(channel.subject))!, cursor.readAfter],
			);
			span = cursor.rows[0];
			if (span === undefined) throw corrupt(`the index of spans lacks entries of ${channel.urn}`);
			cursor.readAfter = cursor.rows.at(-1)!.first;
		}
		const at = cursor.used;
		cursor.used += 1;
		const session = span.session ?? undefined;
		const listed = span.keys === null ? undefined : viewOf(span.keys);
		const key = listed === undefined || listed.byteLength < at * 6 + 6 ? undefined : readKey(listed, at * 6);
		return {session, key, keyTop: span.keyTop ?? undefined};
	};

	const takeBatch = async ({first, entries, records}: OldBatch): Promise<void> => {
		const view = viewOf(records);
		let i = 0;
		for (let at = 0; at < records.length; ) {
			// KNOWN GAP: such an entry comes again with an empty record in the place of the one that is gone, so a receipt that shows its arrival is not good.
			const isPruned = view.getUint32(at) === prunedMark;
			const length = isPruned ? 0 : view.getUint32(at);
			const count = view.getUint16(at + 4);
			const salt = records.subarray(at + 6, at + 6 + saltLength);
			const record = records.subarray(at + recordHeadLength, at + recordHeadLength + length);
			at += isPruned ? prunedHeadLength : recordHeadLength + length;
			const drafts: Draft[] = [];
			let isReading = false;
			let arrivedAtMs = 0;
			for (const behind = i + count; i < behind; i += 1) {
				const entry = decodeEntry(entries.subarray(i * entryLength, (i + 1) * entryLength));
				const channel = bySubject.get(nameOf(entry.subject));
				if (channel === undefined) throw corrupt(`entry ${first + i} stands under a subject that was never enrolled`);
				// Asked for every entry, since the index is read along.
				const keys = await keyOf(channel, first);
				if (first + i < body.again.first || first + i >= body.again.end || !isAppendedAgain(entry)) continue;
				isReading = entry.kind === kinds.reading;
				const source = sourceHash(hasher, isReading ? tags.arrival : tags.body, salt, record);
				if (!isPruned && !equalBytes(source, entry.source)) throw corrupt(`entry ${first + i} does not come from what is stored with it`);
				arrivedAtMs = entry.arrivedAtMs;
				drafts.push({...keys, ...againOf(channel, entry)});
			}
			if (drafts.length > 0) await add(isReading ? 'arrival' : 'body', record, arrivedAtMs, drafts);
		}
	};

	const {first: begin, end} = body.again;
	for (let next = begin; next < end; ) {
		const page = await oldBatches(rows, next);
		if (page.length === 0) throw corrupt(`entries ${next} to ${end - 1} are missing`);
		for (const old of page) {
			if (old.first > next) throw corrupt(`entries ${next} to ${old.first - 1} are missing`);
			await takeBatch(old);
			next = old.first + old.count;
		}
		options.onProgress?.(Math.min(next, end) - begin, end - begin);
	}
	await flush();
	await carryOver(rows, database, body);
	return head!;
}

function nameOf(subject: Uint8Array): string {
	return Buffer.from(subject.buffer, subject.byteOffset, subject.length).toString('latin1');
}

/** Of a log's own numbers and indexes these speak: under another epoch they would be false. */
const ownNoteKinds: readonly number[] = [noteKinds.tally, noteKinds.prune];

/** Enrolments are made anew. */
function isAppendedAgain(entry: Entry): boolean {
	return entry.kind !== kinds.enrolment && !(entry.kind === kinds.note && ownNoteKinds.includes(entry.quantity));
}

/** The same entry, marked; subject, number, salt and source it gets anew. */
function againOf(channel: Channel, entry: Entry): Omit<Draft, 'session' | 'key' | 'keyTop'> {
	const {kind, quantity, exponent, value, measuredAtMs, span} = entry;
	return {channel, kind, quantity, exponent, quality: entry.quality | qualities.appendedAgain, value, measuredAtMs, span};
}

function ownDraft(channel: Channel, kind: Draft['kind'], subKind: number, value: bigint): Draft {
	const without = {session: undefined, key: undefined, keyTop: undefined};
	return {channel, kind, quantity: subKind, exponent: 0, quality: 0, value, measuredAtMs: 0, span: 0, ...without};
}

/** The key in a list of 6 bytes each; undefined where all bits are set. */
function readKey(list: DataView, offset: number): number | undefined {
	const key = readUint48(list, offset);
	return key === uint48Max ? undefined : key;
}

/** The batch that holds an index and some behind it, as many as fit a page. */
async function oldBatches(rows: Pick<Statements, 'all'>, index: Index): Promise<OldBatch[]> {
	const places = await rows.all<{first: number; bytes: number}>(
		`SELECT first, length(entries) + length(records) AS bytes FROM batches
		WHERE first >= (SELECT max(first) FROM batches WHERE first <= ?) ORDER BY first LIMIT ${batchesPerPage}`,
		[index],
	);
	let last = places[0];
	let bytes = 0;
	for (const place of places) {
		bytes += place.bytes;
		if (place !== last && bytes > batchBytesPerPage) break;
		last = place;
	}
	if (last === undefined) return [];
	return rows.all<OldBatch>('SELECT first, count, entries, records FROM batches WHERE first >= ? AND first <= ? ORDER BY first', [
		places[0]!.first,
		last.first,
	]);
}

/** Rows of other rooms that hold beyond an epoch: anchors and beacons are of the epoch that ended. */
const carriedKinds: readonly string[] = ['device', 'learned', 'counter', 'announced'];

/** Counts and refused arrivals go on where they stood: nothing vanishes. */
async function carryOver(
	rows: Pick<Statements, 'all'>,
	database: Pick<Statements, 'run'> & {transaction: <T>(body: (statements: Statements) => Promise<T>) => Promise<T>},
	body: EpochBody,
): Promise<void> {
	await database.transaction(async ({run}) => {
		// Who the devices are does not end with the epoch.
		for (const {kind, key, body: text} of await rows.all<{kind: string; key: string; body: string}>(
			`SELECT kind, key, body FROM documents WHERE kind IN (${carriedKinds.map(() => '?').join(', ')}) ORDER BY kind, key`,
			[...carriedKinds],
		))
			await run('INSERT INTO documents (kind, key, body) VALUES (?, ?, ?)', [kind, key, text]);
		for (const {name, count} of body.counters) await run('INSERT INTO counters (name, count) VALUES (?, ?)', [name, count]);
	});
	for (let after = 0; ; ) {
		const page = await rows.all<{id: number; arrivedAtMs: number; reason: string; detail: string; record: Uint8Array}>(
			`SELECT id, arrivedAtMs, reason, detail, record FROM quarantine WHERE id > ? ORDER BY id LIMIT ${quarantinePerPage}`,
			[after],
		);
		const last = page.at(-1);
		if (last === undefined) return;
		after = last.id;
		await database.transaction(async ({run}) => {
			for (const row of page)
				await run('INSERT INTO quarantine (id, arrivedAtMs, reason, detail, record) VALUES (?, ?, ?, ?, ?)', [
					row.id,
					row.arrivedAtMs,
					row.reason,
					row.detail,
					row.record,
				]);
		});
	}
}
