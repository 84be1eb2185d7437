// The log's writer: turns entries into batches, and each batch into one durable, signed step of the log.

import {assert} from '../base/assert.ts';
import {equalBytes} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {type Closing, createClosing} from '../base/closing.ts';
import {AgentError, describeError} from '../base/errors.ts';
import type {Hasher} from '../base/hash.ts';
import type {Logger} from '../base/logger.ts';
import type {Random} from '../base/random.ts';
import {type Database, openDatabase, type SqlRow, type Statements, takeProcessLock} from '../base/sqlite.ts';
import {encodeEnrolment, encodeNote, type NoteBody} from '../format/body.ts';
import {type Checkpoint, formatOrigin, signCheckpoint} from '../format/checkpoint.ts';
import {kinds, noteKinds, type Size} from '../format/entry.ts';
import {formatNoteKey, type NoteKey, noteKey} from '../format/note.ts';
import {agentUrn, enrolmentKindOf, subjectHash, subjectSecretLength} from '../format/subject.ts';
import {compareSubjects, encodeTally, tallyRoot} from '../format/tally.ts';
import {type CompactRange, createCompactRange} from '../merkle/compact-range.ts';
import {
	type Batch,
	type BatchMemory,
	type ChannelNotes,
	createBatch,
	createBatchMemory,
	type DocumentRow,
	type Done,
	type Draft,
	itemEntriesMax,
	type Refusal,
} from './batch.ts';
import {type Channel, loadChannels} from './channels.ts';
import {type ClosedBatch, commitBatch, prepareCommits} from './commit.ts';
import {corrupt, createNodeSource, tileHeight} from './nodes.ts';
import {type PrunePlan, runPrune} from './prune.ts';
import {schema, schemaVersion} from './schema.ts';
import {collectNode, type TileParts} from './tile-writer.ts';

/** Signs checkpoints: Ed25519 [RFC 8032]. */
export type Signer = {readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array};

export type Log = {
	readonly origin: string;
	readonly logName: string;
	readonly key: NoteKey;
	/** How many entries are durable. */
	readonly size: () => Size;
	/** The newest durable checkpoint; undefined while the log is empty. */
	readonly checkpoint: () => Checkpoint | undefined;
	readonly channels: () => readonly Channel[];
	readonly channel: (urn: string) => Channel | undefined;
	/**
	 * Opens a subject with a secret of its own; its enrolment entry goes in front of everything that is appended after this call.
	 * The URN MUST NOT be enrolled yet.
	 */
	readonly enrol: (channel: {
		readonly urn: string;
		/** Code and name of the quantity; 0 and undefined for a subject that is no channel of a device. */
		readonly quantity: number;
		readonly quantityName: string | undefined;
		readonly exponent: number;
	}) => Channel;
	/**
	 * Appends the entries of one arrival; the record is copied during the call. `done` is called once everything is durable and MUST NOT be called before. Notes come in front
	 * of the arrival and in the same commit: after a power cut both are there or neither.
	 */
	readonly append: (
		item: {readonly record: Uint8Array; readonly arrivedAtMs: number; readonly drafts: readonly Draft[]; readonly notes?: ChannelNotes},
		done: Done,
	) => void;
	/**
	 * Appends entries that are not readings, with the body that they come from; it is copied during the call. The numbers that they get are known when this returns: the last
	 * is the channel's `lastNumber`. `done` as in `append`.
	 */
	readonly appendBody: (
		item: {
			readonly body: Uint8Array;
			readonly arrivedAtMs: number;
			readonly drafts: readonly Draft[];
			/** A row that is written in the same commit: after a power cut the entries and the row are there, or neither. */
			readonly document?: DocumentRow;
		},
		done: Done,
	) => void;
	/** Puts a refused arrival into the quarantine and counts it. */
	readonly refuse: (refusal: Refusal, done: Done) => void;
	/** Counts something; `done` is called when the count and everything appended before it is durable. */
	readonly count: (name: string, by: number, done: Done) => void;
	/** Appends a note of the agent about itself. `body` is flat; `value` is the note's own number. */
	readonly note: (kind: number, body: NoteBody, value: bigint) => void;
	/**
	 * Appends a tally of all channels as they stand now, as the last entry of a batch of its own. Resolves with the checkpoint that ends with it once that is durable;
	 * rejects if the log fails or closes.
	 */
	readonly tally: () => Promise<Checkpoint>;
	/** Appends notes on the subjects of channels. */
	readonly noteOn: (notes: ChannelNotes) => void;
	/** undefined: there is room. Else resolves when there is room again; whoever feeds the log MUST wait for it. */
	readonly pressure: () => Promise<void> | undefined;
	/** Resolves when everything handed in before the call is durable. */
	readonly settled: () => Promise<void>;
	/** Counts since the log was created. */
	readonly counters: () => ReadonlyMap<string, number>;
	/** Keeps a small row of another room; durable when it resolves. Remedy 'retry': it was not kept. If nobody knows whether it was, the log has failed. */
	readonly putDocument: (kind: string, key: string, body: string) => Promise<void>;
	/** Puts a document in the place of another of its kind, both in one commit. */
	readonly replaceDocument: (kind: string, oldKey: string, key: string, body: string) => Promise<void>;
	readonly documents: (kind: string) => Promise<{readonly key: string; readonly body: string}[]>;
	/** When this database was made as a backup of another; undefined for a log that is none. Appending to one makes a second history. */
	readonly copiedAt: string | undefined;
	/** Copies the database while it is written to; see base/sqlite.ts. */
	readonly backup: Database['backup'];
	/** Carries a plan out, step by step between the batches; see prune.ts. */
	readonly prune: (plan: PrunePlan, onStep?: (done: number, all: number) => void) => Promise<void>;
	/** Empties SQLite's WAL into the main file; false if a reader is in the way, or the disk. See base/sqlite.ts. */
	readonly truncateWal: () => Promise<boolean>;
	/** About what the log's files, SQLite's WAL among them, can have grown by since the log was opened. */
	readonly writtenBytes: () => number;
	/** Aborts with the reason when a commit failed: from then on nothing is acknowledged, and the process must restart. */
	readonly failed: AbortSignal;
	readonly stats: () => LogStats;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type LogStats = {readonly size: number; readonly batches: number; readonly pendingBytes: number; readonly quarantineBytes: number};

export type OpenLogOptions = {
	/** Path of log.db. */
	readonly path: string;
	readonly hasher: Hasher;
	readonly random: Random;
	readonly clock: Clock;
	readonly logger: Logger;
	readonly signer: Signer;
	/** Raw bytes that the quarantine keeps, oldest evicted first. @default 16 MiB */
	readonly quarantineBytesMax?: number;
	/** For control runs of the fault harness only. @default 'FULL' */
	readonly synchronous?: 'FULL' | 'NORMAL' | 'OFF';
	/** The disk's seams, where tests put faults. @default openDatabase */
	readonly openDatabase?: typeof openDatabase;
	/** @default takeProcessLock */
	readonly takeProcessLock?: typeof takeProcessLock;
};

/** Pending in all, from hand-in to commit; beyond it `pressure` asks to wait. */
export const pendingBytesMax = 8 * 1024 * 1024;
/** Rows that the quarantine keeps, whatever their size. */
const quarantineRowsMax = 20_000;

/** Makes a new, empty log. Fails with DATA_EXISTS if there is one: creating never opens, opening never creates. */
export async function createLog(options: {
	readonly path: string;
	readonly logName: string;
	readonly epoch: number;
	readonly key: NoteKey;
}): Promise<void> {
	await using database = await openDatabase({path: options.path, mode: 'create'});
	const [existing] = await database.all<{count: number}>('SELECT count(*) AS count FROM sqlite_schema');
	if (existing?.count !== 0) throw new AgentError('DATA_EXISTS', `${options.path} holds a database already`);
	const meta = {format: String(schemaVersion), logName: options.logName, epoch: String(options.epoch), vkey: formatNoteKey(options.key)};
	const rows = Object.entries(meta).map(([key, value]) => `('${key}', '${value.replaceAll("'", "''")}')`);
	// Tables and what the log is in one transaction: after a power cut there is a log or nothing.
	await database.exec(`BEGIN IMMEDIATE; ${schema}; INSERT INTO meta (key, value) VALUES ${rows.join(', ')}; COMMIT`);
}

/** What a log says of itself. */
export type LogMeta = {
	readonly logName: string;
	readonly epoch: number;
	readonly vkey: string;
	/** When this copy was made, if it is a backup. */
	readonly copiedAt: string | undefined;
};

/** In `meta` of a backup, and nowhere else. */
export const copiedKey = 'copiedAt';

export async function readMeta(database: Pick<Database, 'all'>, path: string): Promise<LogMeta> {
	const [table] = await database.all<{name: string}>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'meta'");
	if (table === undefined) throw new AgentError('LOG_CORRUPT', `${path} is a database, but not that of a log`);
	const rows = await database.all<{key: string; value: string}>('SELECT key, value FROM meta');
	const meta = new Map(rows.map(row => [row.key, row.value]));
	const [format, logName, epoch, vkey] = [meta.get('format'), meta.get('logName'), meta.get('epoch'), meta.get('vkey')];
	if (format !== String(schemaVersion) || logName === undefined || epoch === undefined || vkey === undefined)
		throw new AgentError('LOG_CORRUPT', `${path} has log format ${format ?? 'none'}; this program reads ${schemaVersion}`);
	return {logName, epoch: Number(epoch), vkey, copiedAt: meta.get(copiedKey)};
}

export type HeadRow = SqlRow & {readonly size: number; readonly root: Uint8Array; readonly note: string};

/**
 * Opens an existing log for writing, takes its lock, and checks that the entries on its right edge lead to the signed root.
 * Fails with DATA_MISSING, LOG_LOCKED, KEY_INVALID or LOG_CORRUPT.
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
	const {path, hasher, random, clock, logger, signer} = options;
	const closing = createClosing();
	try {
		const database = closing.use(
			await (options.openDatabase ?? openDatabase)({path, mode: 'write', synchronous: options.synchronous ?? 'FULL'}),
		);
		closing.use(await (options.takeProcessLock ?? takeProcessLock)(`${path}.lock`));
		const {logName, epoch, vkey, copiedAt} = await readMeta(database, path);
		const origin = formatOrigin(logName, epoch);
		const key = noteKey(hasher, origin, signer.publicKey);
		if (formatNoteKey(key) !== vkey)
			throw new AgentError('KEY_INVALID', `the signing key is not the one of log ${origin}, whose key is ${vkey}`, {
				hint: 'Put the key file that was made with this log back.',
			});
		const [head] = await database.all<HeadRow>('SELECT size, root, note FROM head');
		const tree = await openTree(database, hasher, head);
		// Ed25519 signs the same text with the same bytes every time, so signing again is checking.
		if (head !== undefined && signCheckpoint({origin, size: head.size, root: head.root}, key, signer.sign).note !== head.note)
			throw corrupt(`its checkpoint of size ${head.size} is not what its key signed`);
		const channels = await loadChannels(database);
		const counterRows = await database.all<{name: string; count: number}>('SELECT name, count FROM counters');
		const quarantineRows = await database.all<{id: number; bytes: number}>(
			'SELECT id, length(record) AS bytes FROM quarantine ORDER BY id',
		);
		const [newest] = await database.all<{id: number}>("SELECT seq AS id FROM sqlite_sequence WHERE name = 'quarantine'");
		await prepareCommits(database);
		const log = createWriter({
			database,
			hasher,
			random,
			clock,
			logger,
			signer,
			logName,
			copiedAt,
			origin,
			key,
			tree,
			head: head && {origin, size: head.size, root: head.root, note: head.note},
			channels,
			counters: new Map(counterRows.map(row => [row.name, row.count])),
			quarantine: quarantineRows,
			refusalIdNext: (newest?.id ?? 0) + 1,
			quarantineBytesMax: options.quarantineBytesMax ?? 16 * 1024 * 1024,
			resources: closing,
		});
		return log;
	} catch (error) {
		await closing.close();
		throw error;
	}
}

type TreeHandle = {range: CompactRange; parts: TileParts};

async function openTree(database: Database, hasher: Hasher, head: HeadRow | undefined): Promise<TreeHandle> {
	const [stored] = await database.all<{size: number | null}>('SELECT max(first) + count AS size FROM batches');
	const size = head?.size ?? 0;
	if ((stored?.size ?? 0) !== size) throw corrupt(`the head covers ${size} entries, but ${stored?.size ?? 0} are stored`);
	const edge = await createNodeSource(database, hasher).edge(size);
	const handle: TreeHandle = {
		parts: new Map(),
		range: createCompactRange({
			hasher,
			start: {size, edge},
			onNode: (node, hash) => collectNode(handle.parts, node, hash),
			nodeLevelStep: tileHeight,
		}),
	};
	if (head !== undefined && !equalBytes(handle.range.root(), head.root))
		throw corrupt(`its entries do not lead to the signed root at size ${size}`);
	return handle;
}

const spent = (): void => {};

/** SQLite writes whole pages: one for each table that a commit touches, and about one for each span and tile. */
const pageBytes = 4096;
const pagesPerCommit = 6;

/** A batch on its way to the disk, with the memory that it lies in. */
type Closed = ClosedBatch & {readonly memory: BatchMemory};

function createWriter(options: {
	readonly database: Database;
	readonly hasher: Hasher;
	readonly random: Random;
	readonly clock: Clock;
	readonly logger: Logger;
	readonly signer: Signer;
	readonly logName: string;
	readonly copiedAt: string | undefined;
	readonly origin: string;
	readonly key: NoteKey;
	readonly tree: TreeHandle;
	readonly head: Checkpoint | undefined;
	readonly channels: readonly Channel[];
	readonly counters: Map<string, number>;
	readonly quarantine: readonly {readonly id: number; readonly bytes: number}[];
	/** An id is never given twice, not even after an eviction. */
	readonly refusalIdNext: number;
	readonly quarantineBytesMax: number;
	readonly resources: Closing;
}): Log {
	const {database, hasher, random, clock, logger, signer, logName, origin, key, tree, counters, quarantineBytesMax} = options;
	const channels = [...options.channels];
	const byUrn = new Map(channels.map(channel => [channel.urn, channel]));
	const memories = [createBatchMemory()];
	const failure = new AbortController();

	// Only the pump touches `checkpoint` and `batches`; it sets them after the COMMIT.
	let checkpoint = options.head;
	let batches = 0;
	let writtenBytes = 0;
	let memory = memories.pop()!;
	let open = newBatch();
	/** Full batches that wait for the disk, oldest first. */
	const waiting: Closed[] = [];
	let waitingBytes = 0;
	/** The batch that is on its way to the disk. */
	let committing: Closed | undefined;
	let pumping: Promise<void> | undefined;
	let roomWanted: {readonly promise: Promise<void>; readonly resolve: () => void} | undefined;
	let closing: Promise<void> | undefined;

	const quarantine = {
		sizes: options.quarantine.map(row => row.bytes),
		firstId: options.quarantine[0]?.id ?? options.refusalIdNext,
		nextId: options.refusalIdNext,
		bytes: options.quarantine.reduce((sum, row) => sum + row.bytes, 0),
	};

	function newBatch(): Batch {
		return createBatch({first: tree.range.size, memory, hasher, random, tree: tree.range});
	}

	const noteDraft = (kind: number, value: bigint): Draft => ({
		channel: ownChannel,
		kind: kinds.note,
		quantity: kind,
		exponent: 0,
		quality: 0,
		value,
		measuredAtMs: 0,
		span: 0,
		session: undefined,
		key: undefined,
		keyTop: undefined,
	});

	/** Fixes the root of the open batch and opens the next one. What the quarantine must give up waits for the next batch where nothing may stand behind the last entry. */
	const close = (isEvicting = true): Closed => {
		const closed = open;
		const evicted = isEvicting ? evict(closed) : 0;
		// The note about what was evicted is in the same commit as the eviction: nothing vanishes silently. The batch keeps spare room for it.
		if (evicted > 0) {
			const body = encodeNote({note: 'eviction', evicted});
			closed.add('body', body, clock.nowMs(), [noteDraft(noteKinds.eviction, BigInt(evicted))]);
			closed.counts.set('evicted', (closed.counts.get('evicted') ?? 0) + evicted);
		}
		const signed =
			closed.count === 0 ? undefined : signCheckpoint({origin, size: tree.range.size, root: tree.range.root()}, key, signer.sign);
		const result = {batch: closed, parts: tree.parts, checkpoint: signed, memory};
		tree.parts = new Map();
		memory = memories.pop() ?? createBatchMemory();
		open = newBatch();
		return result;
	};

	/** Makes room in the quarantine for what the batch refuses; says how many rows go. */
	const evict = (batch: Batch): number => {
		for (const refusal of batch.refusals) {
			quarantine.sizes.push(refusal.record.length);
			quarantine.bytes += refusal.record.length;
		}
		let evicted = 0;
		while (
			quarantine.sizes.length - evicted > quarantineRowsMax ||
			(quarantine.bytes > quarantineBytesMax && quarantine.sizes.length > evicted)
		) {
			quarantine.bytes -= quarantine.sizes[evicted]!;
			evicted += 1;
		}
		if (evicted > 0) {
			quarantine.sizes.splice(0, evicted);
			quarantine.firstId += evicted;
			batch.evictBelow = quarantine.firstId;
		}
		return evicted;
	};

	const commit = async (closed: Closed): Promise<void> => {
		const {batch} = closed;
		await commitBatch(database, closed, quarantine.nextId);
		quarantine.nextId += batch.refusals.length;
		if (closed.checkpoint !== undefined) checkpoint = closed.checkpoint;
		for (const [name, by] of batch.counts) counters.set(name, (counters.get(name) ?? 0) + by);
		batches += 1;
		writtenBytes += batch.bytes + pageBytes * (pagesPerCommit + batch.spans.length + closed.parts.size);
	};

	const pump = async (): Promise<void> => {
		// One turn of the event loop: everything that arrived in the same read from a socket gets into the first batch.
		await new Promise<void>(resolve => setImmediate(resolve));
		while (!failure.signal.aborted) {
			const full = waiting.shift();
			if (full !== undefined) waitingBytes -= full.batch.bytes;
			const next = full ?? (open.isEmpty ? undefined : close());
			if (next === undefined) return;
			committing = next;
			try {
				await commit(next);
			} catch (error) {
				// We cannot know whether the COMMIT happened, and the tree in memory is ahead of the disk either way.
				fail(error, next);
				return;
			}
			if (failure.signal.aborted) {
				// Another write failed meanwhile: nothing is acknowledged any more, not even what is on the disk. Devices send it again, and it is a repeat.
				tellFailure(next);
				return;
			}
			committing = undefined;
			const {dones, firsts} = next.batch;
			// The memory goes back before the callbacks run: they append more.
			if (memories.length < 2) memories.push(next.memory);
			releaseRoom();
			for (let i = 0; i < dones.length; i += 1) {
				const done = dones[i]!;
				// V8 may have promoted the list: until its next full collection all that the list points to would count as alive, message and all.
				dones[i] = spent;
				done(undefined, firsts[i]!);
			}
		}
	};

	const fail = (cause: unknown, failed: Closed | undefined): void => {
		if (failure.signal.aborted) {
			if (failed !== undefined) tellFailure(failed);
			return;
		}
		const error = new AgentError('LOG_COMMIT_FAILED', `a commit to the log failed, its state is unknown: ${describeError(cause)}`, {
			cause,
			hint: 'The agent stops; at the next start it derives its state from the disk. Devices send again what was not acknowledged.',
		});
		logger.log('error', 'commit failed', {error: describeError(cause)});
		failure.abort(error);
		const lost = [...waiting, {batch: open}];
		for (const closed of failed === undefined ? lost : [failed, ...lost]) tellFailure(closed);
		roomWanted?.resolve();
	};

	const tellFailure = ({batch: {dones, firsts}}: Pick<Closed, 'batch'>): void => {
		const error = failure.signal.reason as AgentError;
		for (let i = 0; i < dones.length; i += 1) {
			const done = dones[i]!;
			dones[i] = spent;
			done(error, firsts[i]!);
		}
	};

	/** A transaction beside the batches. What is known not to have happened is the caller's to try again; what is not known ends the log. */
	const write = async <T>(body: (statements: Statements) => Promise<T>): Promise<T> => {
		if (failure.signal.aborted) throw failure.signal.reason;
		try {
			return await database.transaction(body);
		} catch (error) {
			if (!(error instanceof AgentError) || error.remedy !== 'restart') throw error;
			fail(error, undefined);
			throw failure.signal.reason;
		}
	};

	const pendingBytes = (): number => (committing?.batch.bytes ?? 0) + waitingBytes + open.bytes;

	const releaseRoom = (): void => {
		if (roomWanted === undefined || pendingBytes() > pendingBytesMax / 2) return;
		roomWanted.resolve();
		roomWanted = undefined;
	};

	const wake = (): void => {
		if (pumping !== undefined || failure.signal.aborted) return;
		pumping = pump().finally(() => {
			pumping = undefined;
			// Something may have come in between the pump's last look and now.
			if (!open.isEmpty || waiting.length > 0) wake();
		});
	};

	/** The batch that takes the next item, closing the open one if the item does not fit. False once the log has failed or closes. */
	const makeRoom = (entryCount: number, recordLength: number, done: Done | undefined): boolean => {
		if (failure.signal.aborted || closing !== undefined) {
			done?.(failure.signal.aborted ? (failure.signal.reason as AgentError) : new AgentError('LOG_CLOSED', 'the log is closing'), 0);
			return false;
		}
		assert(entryCount <= itemEntriesMax, `one arrival has ${entryCount} entries, more than ${itemEntriesMax}`);
		if (!open.fits(entryCount, recordLength)) {
			queue(close());
		}
		return true;
	};

	/** Puts a closed batch behind those that wait for the disk. */
	const queue = (closed: Closed): void => {
		waiting.push(closed);
		waitingBytes += closed.batch.bytes;
	};

	/** The caller has made room. */
	const addNotes = ({drafts, counter}: ChannelNotes, body: Uint8Array, arrivedAtMs: number): void => {
		open.add('body', body, arrivedAtMs, drafts);
		open.counts.set(counter, (open.counts.get(counter) ?? 0) + 1);
	};

	const enrolSubject = (urn: string, quantity: number, quantityName: string | undefined, exponent: number): Channel => {
		assert(!byUrn.has(urn), `${urn} is enrolled already`);
		const secret = random.bytes(subjectSecretLength);
		const body = encodeEnrolment({urn, secret, quantity: quantityName, exponent});
		// Whatever comes next must find room behind the enrolment in the same batch or a later one: both keep the order.
		makeRoom(1, body.length, undefined);
		const channel: Channel = {
			id: channels.length + 1,
			urn,
			secret,
			subject: subjectHash(hasher, {logName, secret, urn}),
			quantity,
			exponent,
			enrolled: tree.range.size,
			lastNumber: 0,
			session: undefined,
			keyTop: undefined,
		};
		channels.push(channel);
		byUrn.set(urn, channel);
		open.enrolled.push(channel);
		open.add('body', body, clock.nowMs(), [
			{
				channel,
				kind: kinds.enrolment,
				quantity: enrolmentKindOf(urn),
				exponent: 0,
				quality: 0,
				value: BigInt(quantity),
				measuredAtMs: 0,
				span: 0,
				session: undefined,
				key: undefined,
				keyTop: undefined,
			},
		]);
		return channel;
	};

	// The first entry of every log says whose it is. It waits for the second: who only opens a log, perhaps an older one in the place of the newest, signs nothing.
	const ownChannel = byUrn.get(agentUrn(logName)) ?? enrolSubject(agentUrn(logName), 0, undefined, 0);

	return {
		origin,
		logName,
		key,
		size: () => checkpoint?.size ?? 0,
		checkpoint: () => checkpoint,
		channels: () => channels,
		channel: urn => byUrn.get(urn),
		enrol: ({urn, quantity, quantityName, exponent}) => {
			const channel = enrolSubject(urn, quantity, quantityName, exponent);
			wake();
			return channel;
		},
		append: ({record, arrivedAtMs, drafts, notes}, done) => {
			if (notes === undefined) {
				if (!makeRoom(drafts.length, record.length, done)) return;
			} else {
				const body = encodeNote(notes.body);
				if (!makeRoom(drafts.length + notes.drafts.length, record.length + body.length, done)) return;
				addNotes(notes, body, arrivedAtMs);
			}
			open.firsts.push(open.first + open.count);
			open.dones.push(done);
			open.add('arrival', record, arrivedAtMs, drafts);
			wake();
		},
		appendBody: ({body, arrivedAtMs, drafts, document}, done) => {
			if (!makeRoom(drafts.length, body.length, done)) return;
			open.firsts.push(open.first + open.count);
			open.dones.push(done);
			open.add('body', body, arrivedAtMs, drafts);
			if (document !== undefined) open.documents.push(document);
			wake();
		},
		refuse: (refusal, done) => {
			if (!makeRoom(1, refusal.record.length, done)) return;
			open.refuse(refusal);
			const name = `refused:${refusal.reason}`;
			open.counts.set(name, (open.counts.get(name) ?? 0) + 1);
			open.firsts.push(open.first + open.count);
			open.dones.push(done);
			wake();
		},
		count: (name, by, done) => {
			if (!makeRoom(0, 0, done)) return;
			open.counts.set(name, (open.counts.get(name) ?? 0) + by);
			open.firsts.push(open.first + open.count);
			open.dones.push(done);
			wake();
		},
		note: (kind, body, value) => {
			const bytes = encodeNote(body);
			if (!makeRoom(1, bytes.length, undefined)) return;
			open.add('body', bytes, clock.nowMs(), [noteDraft(kind, value)]);
			wake();
		},
		tally: () =>
			new Promise((resolve, reject) => {
				// Whatever is in the open batch comes before the tally, in a batch of its own.
				const refused = (error: AgentError | undefined): void => void (error && reject(error));
				if (!makeRoom(1, 0, refused)) return;
				if (!open.isEmpty) queue(close());
				const size: number = open.first;
				const leaves = channels
					.map(({subject, lastNumber}) => ({subject, number: lastNumber}))
					.sort((a, b) => compareSubjects(a.subject, b.subject));
				const body = encodeTally({size, channels: leaves.length, root: tallyRoot(hasher, leaves)});
				open.firsts.push(size);
				open.dones.push(error => (error === undefined ? resolve(closed.checkpoint!) : reject(error)));
				open.add('body', body, clock.nowMs(), [noteDraft(noteKinds.tally, BigInt(leaves.length))]);
				const closed = close(false);
				queue(closed);
				wake();
			}),
		noteOn: notes => {
			const body = encodeNote(notes.body);
			if (!makeRoom(notes.drafts.length, body.length, undefined)) return;
			addNotes(notes, body, clock.nowMs());
			wake();
		},
		pressure: () => {
			if (pendingBytes() <= pendingBytesMax || failure.signal.aborted) return undefined;
			if (roomWanted === undefined) {
				let resolve = (): void => {};
				const promise = new Promise<void>(granted => {
					resolve = granted;
				});
				roomWanted = {promise, resolve};
			}
			return roomWanted.promise;
		},
		settled: () =>
			new Promise((resolve, reject) => {
				if (failure.signal.aborted) {
					reject(failure.signal.reason);
					return;
				}
				// The newest batch that has something in it; an empty one would be a commit of nothing.
				const newest = open.isEmpty ? (waiting.at(-1) ?? committing)?.batch : open;
				if (newest === undefined) resolve();
				else {
					newest.firsts.push(newest.first);
					newest.dones.push(error => (error === undefined ? resolve() : reject(error)));
					wake();
				}
			}),
		counters: () => counters,
		putDocument: (kind, documentKey, body) =>
			write(async statements => {
				await statements.run(
					'INSERT INTO documents (kind, key, body) VALUES (?1, ?2, ?3) ON CONFLICT (kind, key) DO UPDATE SET body = ?3',
					[kind, documentKey, body],
				);
			}),
		replaceDocument: (kind, oldKey, documentKey, body) =>
			write(async statements => {
				await statements.run('DELETE FROM documents WHERE kind = ?1 AND key = ?2', [kind, oldKey]);
				await statements.run(
					'INSERT INTO documents (kind, key, body) VALUES (?1, ?2, ?3) ON CONFLICT (kind, key) DO UPDATE SET body = ?3',
					[kind, documentKey, body],
				);
			}),
		prune: (plan, onStep) =>
			runPrune(
				{
					all: database.all,
					write,
					note: async ({entriesBelow, arrivalsBelow, entries}) => {
						const bytes = encodeNote({note: 'prune', entriesBelow, arrivalsBelow, entries});
						await new Promise<void>((resolve, reject) => {
							const done: Done = error => (error === undefined ? resolve() : reject(error));
							if (!makeRoom(1, bytes.length, done)) return;
							open.add('body', bytes, clock.nowMs(), [noteDraft(noteKinds.prune, BigInt(entriesBelow))]);
							open.firsts.push(open.first);
							open.dones.push(done);
							wake();
						});
					},
				},
				plan,
				onStep,
			),
		copiedAt: options.copiedAt,
		backup: database.backup,
		truncateWal: database.truncateWal,
		writtenBytes: () => writtenBytes,
		documents: kind => database.all<{key: string; body: string}>('SELECT key, body FROM documents WHERE kind = ? ORDER BY key', [kind]),
		failed: failure.signal,
		stats: () => ({size: checkpoint?.size ?? 0, batches, pendingBytes: pendingBytes(), quarantineBytes: quarantine.bytes}),
		[Symbol.asyncDispose]: () => {
			closing ??= (async () => {
				// What was taken before the call still gets to the disk.
				while (pumping !== undefined) await pumping;
				await options.resources.close();
			})();
			return closing;
		},
	};
}
