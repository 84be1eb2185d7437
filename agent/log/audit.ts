// Re-derives everything that a log claims from its raw rows, with none of the writer's code: its own tree, its own decoding, its own counting.

import {equalBytes, fromBase64, fromUtf8, toBase64, toHex} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {type Database, openDatabase} from '../base/sqlite.ts';

/** Checks one Ed25519 signature [RFC 8032]. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export type AuditReport = {
	readonly size: number;
	readonly batches: number;
	readonly channels: number;
	/** Entries below it were pruned: for them the stored tiles were taken as they are, and lead to the signed root together with what remains. */
	readonly first: number;
	/** Entries whose raw arrival was pruned, so that their source was not checked. */
	readonly sourcesPruned: number;
	/** One sentence each; none is a clean log. At most 100 are kept. */
	readonly problems: readonly string[];
	readonly root: string;
	/** Roots of the sizes asked for, in hexadecimal. */
	readonly roots: ReadonlyMap<number, string>;
};

export type AuditOptions = {
	readonly path: string;
	readonly hasher: Hasher;
	readonly verifySignature: VerifySignature;
	/** Heads of this log that are kept outside of the database; roots in hexadecimal. */
	readonly heads?: readonly {readonly source: string; readonly size: number; readonly root: string}[];
	/** Called after every few batches with how far it is. */
	readonly onProgress?: (done: number, size: number) => void;
	readonly signal?: AbortSignal;
};

const problemsMax = 100;
const batchesPerPage = 16;
const spansPerPage = 256;
const entryBytes = 118;
const recordHeadBytes = 22;
const prunedHeadBytes = 6;
const prunedMark = 0xffff_ffff;
const uint48Max = 2 ** 48 - 1;

type BatchRow = {first: number; count: number; entries: Uint8Array; records: Uint8Array};

type SpanRow = {
	first: number;
	count: number;
	number: number;
	session: string | null;
	keyMin: number | null;
	keyMax: number | null;
	keyTop: number | null;
	keys: Uint8Array | null;
	timeMin: number;
	timeMax: number;
};

/** What a span can be checked against: one entry of a channel. */
type Place = {readonly index: number; readonly number: number; readonly measuredAtMs: number; readonly timeMs: number};

type Subject = {
	readonly id: number;
	readonly urn: string;
	readonly secret: Uint8Array;
	readonly enrolled: number;
	readonly quantity: number;
	readonly exponent: number;
	/** Of the newest entry seen. */
	number: number;
	/** Entries of the batch that is being checked. */
	readonly places: Place[];
	/** The next rows of its index, the nearest last. */
	spans: SpanRow[];
	spansRead: number;
};

/** Audits the log at `path` from beginning to end while its agent may be writing: what it saw at the start is what it checks. */
export async function audit(options: AuditOptions): Promise<AuditReport> {
	const {hasher} = options;
	await using database = await openDatabase({path: options.path, mode: 'read'});
	const problems: string[] = [];
	const problem = (text: string): void => {
		if (problems.length < problemsMax) problems.push(text);
	};

	const meta = new Map((await database.all<{key: string; value: string}>('SELECT key, value FROM meta')).map(row => [row.key, row.value]));
	const logName = meta.get('logName') ?? '';
	// One statement sees one state, whatever the writer does meanwhile.
	const [start] = await database.all<{size: number | null; root: Uint8Array; note: string; stored: number | null; evicted: number | null}>(`
		SELECT size, root, note, (SELECT first + count FROM batches ORDER BY first DESC LIMIT 1) AS stored,
			(SELECT count FROM counters WHERE name = 'evicted') AS evicted
		FROM (SELECT 1) LEFT JOIN head`);
	const size = start?.size ?? 0;
	if ((start?.stored ?? 0) !== size) problem(`the head covers ${size} entries, but ${start?.stored ?? 0} are stored`);

	const anchored = await readAnchoredRoots(database, problem);
	const heads = options.heads ?? [];
	for (const head of heads)
		if (head.size > size)
			problem(`${head.source} has a head of size ${head.size}, the database only ${size} entries: it is older than what was released`);
	const headSizes = new Set(heads.map(head => head.size));
	const roots = new Map<number, string>();
	const tree = createAuditTree(hasher);
	/** By the subject's bytes, one character each. */
	const subjects = new Map<string, Subject>();
	/** Those with entries in the batch that is being checked. */
	const touched = new Set<Subject>();
	const scratch = Buffer.alloc(32);
	let evicted = 0;
	let epochOpened: number | undefined;
	let batches = 0;
	let sourcesPruned = 0;
	/** Indexes of the newest entry of which the source was pruned, and what the notes say: up to where entries, and arrivals, were pruned on purpose. */
	let sourcePrunedLast = -1;
	let [notedEntries, notedArrivals] = [0, 0];
	// KNOWN GAP: entries that a running agent prunes while they are being audited look as if they were missing. Audit again.
	const [oldest] = await database.all<{first: number | null}>('SELECT min(first) AS first FROM batches');
	const begin = Math.min(oldest?.first ?? 0, size);
	/** From here on every leaf is there. */
	const provable = Math.ceil(begin / 256) * 256;
	if (begin > 0) await seed();
	let at = begin;

	while (at < size && !options.signal?.aborted) {
		const rows = await database.all<BatchRow>(
			`SELECT first, count, entries, records FROM batches WHERE first >= ? AND first < ? ORDER BY first LIMIT ${batchesPerPage}`,
			[at, size],
		);
		if (rows.length === 0) {
			problem(`entries ${at} to ${size - 1} are missing`);
			break;
		}
		for (const row of rows) {
			if (row.first !== at) problem(`the batch after entry ${at - 1} begins at ${row.first}`);
			checkBatch(row);
			at = row.first + row.count;
			for (const subject of touched) await checkSpans(subject, at);
			touched.clear();
			batches += 1;
		}
		options.onProgress?.(at, size);
	}

	function checkBatch(row: BatchRow): void {
		const {records, first} = row;
		const entries = Buffer.from(row.entries.buffer, row.entries.byteOffset, row.entries.length);
		if (entries.length !== row.count * entryBytes)
			problem(`batch ${first} says ${row.count} entries and holds ${entries.length} bytes of them`);
		const held = Math.floor(entries.length / entryBytes);
		const view = new DataView(records.buffer, records.byteOffset, records.length);
		let i = 0;
		let sources = 0;
		for (let offset = 0; offset < records.length; ) {
			const isPruned = offset + prunedHeadBytes <= records.length && view.getUint32(offset) === prunedMark;
			const length = offset + recordHeadBytes <= records.length ? view.getUint32(offset) : 0;
			const end = offset + (isPruned ? prunedHeadBytes : recordHeadBytes + length);
			if (end > records.length) {
				problem(`the sources of batch ${first} are cut off or damaged behind entry ${first + i - 1}`);
				break;
			}
			const count = view.getUint16(offset + 4);
			sources += count;
			const saltAndRecord = records.subarray(offset + 6, end);
			offset = end;
			let isArrival: boolean | undefined;
			for (const behind = i + count; i < behind && i < held; i += 1) {
				const entry = entries.subarray(i * entryBytes, (i + 1) * entryBytes);
				const index = first + i;
				if (isPruned) {
					if (entry[0] !== 1) problem(`the body of entry ${index} was pruned, and no body ever is`);
					sourcesPruned += 1;
					sourcePrunedLast = index;
				}
				// All entries of one record have the same source, unless they are of different kinds.
				else if (isArrival !== (entry[0] === 1)) {
					isArrival = entry[0] === 1;
					hasher.sha256Into(Buffer.concat([Buffer.from(isArrival ? 'kedge/arrival/v1\0' : 'kedge/body/v1\0'), saltAndRecord]), scratch, 0);
				}
				if (!isPruned && scratch.compare(entry, 86, entryBytes) !== 0)
					problem(`entry ${index} does not come from the ${isArrival ? 'arrival' : 'body'} stored with it`);
				if (entry[0] === 3) enrol(index, entry, saltAndRecord.subarray(16));
				if (entry[0] === 6) openEpoch(index, entry, saltAndRecord.subarray(16));
				// One that was appended again is in the count that its epoch began with.
				if (entry[0] === 2 && entry.readUInt16BE(50) === 2 && !isAppendedAgain(entry)) evicted += Number(entry.readBigInt64BE(56));
				if (entry[0] === 2 && entry.readUInt16BE(50) === 8) readPruneNote(entry, saltAndRecord.subarray(16));
				if (entry[0] === 2 && entry.readUInt16BE(50) === 3) checkTally(index, entry, saltAndRecord.subarray(16));
				checkEntry(index, entry);
				// Its neighbours are gone, and its own hash is in the tiles.
				if (index < provable) continue;
				tree.append(entry);
				if (headSizes.has(index + 1)) checkHeads(index + 1);
				const anchoredRoot = anchored.get(index + 1);
				if (anchoredRoot === undefined) continue;
				const root = toHex(tree.root());
				roots.set(index + 1, root);
				if (root !== anchoredRoot) problem(`size ${index + 1} was anchored with root ${anchoredRoot}, its entries lead to ${root}`);
			}
		}
		if (sources !== row.count) problem(`batch ${first} has ${row.count} entries and sources for ${sources}`);
	}

	/** What somebody else keeps of this log must be in it. */
	function checkHeads(size: number): void {
		for (const head of heads)
			if (head.size === size && head.root !== toHex(tree.root()))
				problem(`${head.source} has another root for size ${size}: this is another history`);
	}

	function subjectOf(secret: Uint8Array, urn: string): Uint8Array {
		const fields = [Buffer.from(logName), secret, Buffer.from(urn)].map(field => {
			const head = Buffer.alloc(4);
			head.writeUInt32BE(field.length);
			return Buffer.concat([head, field]);
		});
		return hasher.sha256(Buffer.concat([Buffer.from('kedge/subject/v1\0'), ...fields]));
	}

	function enrol(index: number, entry: Buffer, body: Uint8Array): void {
		let parsed: {urn?: unknown; secret?: unknown; exponent?: unknown};
		try {
			parsed = JSON.parse(fromUtf8(body) ?? '');
		} catch {
			problem(`the enrolment at ${index} has no readable body`);
			return;
		}
		const secret = typeof parsed.secret === 'string' ? fromBase64(parsed.secret) : undefined;
		if (typeof parsed.urn !== 'string' || secret === undefined) {
			problem(`the enrolment at ${index} names no subject`);
			return;
		}
		const subject = subjectOf(secret, parsed.urn);
		if (!equalBytes(subject, entry.subarray(18, 50))) problem(`the enrolment at ${index} stands under another subject than its body opens`);
		const key = entry.toString('latin1', 18, 50);
		if (subjects.has(key)) {
			problem(`subject ${parsed.urn} is enrolled twice, the second time at ${index}`);
			return;
		}
		subjects.set(key, {
			id: subjects.size + 1,
			urn: parsed.urn,
			secret,
			enrolled: index,
			quantity: Number(entry.readBigInt64BE(56)),
			exponent: Number(parsed.exponent ?? 0),
			number: 0,
			places: [],
			spans: [],
			spansRead: -1,
		});
	}

	/** A tally must say what the entries before it say. Called before the tally itself is counted. */
	function checkTally(index: number, entry: Buffer, body: Uint8Array): void {
		// Keys are the subjects' bytes, so their order is that of the tally.
		const leaves = [...subjects].sort(([a], [b]) => (a < b ? -1 : 1));
		const hashes = leaves.map(([key, {number}]) => {
			const leaf = Buffer.from(`\0kedge/tally/v1\0${key}${'\0'.repeat(6)}`, 'latin1');
			leaf.writeUIntBE(number, leaf.length - 6, 6);
			return hasher.sha256(leaf);
		});
		const expected = `{"note":"tally","size":${index},"channels":${leaves.length},"root":"${toBase64(rootOf(hasher, hashes))}"}`;
		if (fromUtf8(body) !== expected) problem(`the tally at ${index} says ${fromUtf8(body)}, its entries ${expected}`);
		if (entry.readBigInt64BE(56) !== BigInt(leaves.length))
			problem(`the tally at ${index} counts ${entry.readBigInt64BE(56)} channels, there are ${leaves.length}`);
		if (subjects.get(entry.toString('latin1', 18, 50))?.urn !== `urn:kedge:agent:${logName}`)
			problem(`the tally at ${index} is not the agent's own entry`);
	}

	function readPruneNote(entry: Buffer, body: Uint8Array): void {
		if (isAppendedAgain(entry)) return;
		try {
			const parsed = JSON.parse(fromUtf8(body) ?? '') as {entriesBelow?: unknown; arrivalsBelow?: unknown};
			notedEntries = Math.max(notedEntries, Number(parsed.entriesBelow));
			notedArrivals = Math.max(notedArrivals, notedEntries, Number(parsed.arrivalsBelow));
		} catch {
			problem('a note of what was pruned has no readable body');
		}
	}

	/** Goes on from what is stored of a log whose first entries were pruned: its tiles, its channels, and their last numbers. */
	async function seed(): Promise<void> {
		const rows = await database.all<{level: number; tile: number; hashes: Uint8Array}>(
			'SELECT level, tile, hashes FROM tiles ORDER BY level, tile',
		);
		const tiles: Uint8Array[][] = [];
		for (const {level, hashes} of rows) {
			tiles[level] ??= [];
			for (let offset = 0; offset + 32 <= hashes.length; offset += 32) tiles[level].push(hashes.slice(offset, offset + 32));
		}
		const wrong = tree.seed(provable, tiles);
		if (wrong !== undefined) problem(wrong);
		const known = await database.all<{
			id: number;
			urn: string;
			secret: Uint8Array;
			enrolled: number;
			quantity: number;
			exponent: number;
			number: number | null;
		}>(
			`SELECT id, urn, secret, enrolled, quantity, exponent,
				(SELECT number + count - 1 FROM spans WHERE channel = id AND first < ?1 ORDER BY first DESC LIMIT 1) AS number
			FROM channels WHERE enrolled < ?1 ORDER BY id`,
			[begin],
		);
		for (const {id, urn, secret, enrolled, quantity, exponent, number} of known) {
			const key = Buffer.from(subjectOf(secret, urn)).toString('latin1');
			subjects.set(key, {id, urn, secret, enrolled, quantity, exponent, number: number ?? 0, places: [], spans: [], spansRead: begin - 1});
		}
	}

	/** A log of a later epoch says, right behind whose it is, what came before. */
	function openEpoch(index: number, entry: Buffer, body: Uint8Array): void {
		if (isAppendedAgain(entry)) return;
		if (index !== 1) problem(`entry ${index} opens an epoch in the middle of a log`);
		let parsed: {epoch?: unknown; counters?: unknown};
		try {
			parsed = JSON.parse(fromUtf8(body) ?? '');
		} catch {
			problem(`the entry that opens the epoch, at ${index}, has no readable body`);
			return;
		}
		epochOpened = Number(parsed.epoch);
		for (const {name, count} of Array.isArray(parsed.counters) ? parsed.counters : []) if (name === 'evicted') evicted += Number(count);
	}

	function checkEntry(index: number, entry: Buffer): void {
		const subject = subjects.get(entry.toString('latin1', 18, 50));
		if (entry[1] !== 1) problem(`entry ${index} has version ${entry[1]}`);
		if (subject === undefined) {
			problem(`entry ${index} stands under a subject that was never enrolled`);
			return;
		}
		const measuredAtMs = entry.readUIntBE(64, 6);
		const number = entry.readUIntBE(76, 6);
		if (number !== subject.number + 1) problem(`entry ${index} is number ${number} of ${subject.urn}, after ${subject.number}`);
		subject.number = number;
		touched.add(subject);
		subject.places.push({index, number, measuredAtMs, timeMs: measuredAtMs || entry.readUIntBE(70, 6)});
		if (entry[0] !== 1) return;
		const quantity = entry.readUInt16BE(50);
		const exponent = entry.readInt8(52);
		if (quantity !== subject.quantity) problem(`entry ${index} of ${subject.urn} has quantity ${quantity}, not ${subject.quantity}`);
		if (exponent !== subject.exponent) problem(`entry ${index} of ${subject.urn} has exponent ${exponent}, not ${subject.exponent}`);
	}

	/**
	 * Compares the spans of a channel that begin before `end` with the entries of the batch just read. Sessions and their keys are the decoder's word for what the
	 * arrival says; here they need only fit each other.
	 */
	async function checkSpans(subject: Subject, end: number): Promise<void> {
		const {urn, places} = subject;
		let behind = 0;
		for (let span = await peekSpan(database, subject); span !== undefined && span.first < end; span = await peekSpan(database, subject)) {
			subject.spans.pop();
			const wrong = spanProblem(span, places.slice(behind, behind + span.count));
			behind += span.count;
			if (wrong !== undefined) problem(`the span of ${urn} at ${span.first} ${wrong}`);
		}
		if (behind !== places.length) problem(`the index of spans has ${behind} entries of ${urn} up to ${end}, there are ${places.length}`);
		places.length = 0;
	}

	if (!options.signal?.aborted) {
		if (start !== undefined && start.size !== null) checkHead(start.root, start.note);
		await checkTiles();
		for (const subject of subjects.values()) await checkSpans(subject, size);
		await checkChannels();
		if (notedEntries < begin) problem(`entries 0 to ${begin - 1} are missing, and no note says that they were pruned`);
		if (sourcePrunedLast >= notedArrivals)
			problem(`the source of entry ${sourcePrunedLast} is missing, and no note says that it was pruned`);
		const epoch = Number(meta.get('epoch'));
		if (begin <= 1 && epoch !== (epochOpened ?? 1) && size > 0)
			problem(`the log is of epoch ${epoch}, its entries ${epochOpened === undefined ? 'do not say which' : `say ${epochOpened}`}`);
		// Notes that were pruned told of some of them.
		if (begin === 0 ? evicted !== (start?.evicted ?? 0) : evicted > (start?.evicted ?? 0))
			problem(`notes tell of ${evicted} evicted refusals, the counter of ${start?.evicted ?? 0}`);
		await checkQuarantine(database, problem);
	}

	function checkHead(headRoot: Uint8Array, note: string): void {
		const root = tree.root();
		if (!equalBytes(root, headRoot)) problem(`the entries lead to root ${toHex(root)}, the head says ${toHex(headRoot)}`);
		const origin = `${logName}/${meta.get('epoch')}`;
		const text = `${origin}\n${size}\n${toBase64(headRoot)}\n`;
		const vkey = meta.get('vkey') ?? '';
		const typed = fromBase64(vkey.slice(vkey.indexOf('+', vkey.indexOf('+') + 1) + 1)) ?? Buffer.alloc(0);
		const keyId = hasher.sha256(Buffer.concat([Buffer.from(`${origin}\n`), typed])).subarray(0, 4);
		const isVkey = vkey === `${origin}+${toHex(keyId)}+${toBase64(typed)}` && typed[0] === 1 && typed.length === 33;
		if (!isVkey) problem(`the log's own key is not a key of ${origin}`);
		const line = note.slice(text.length + 1).split(' ');
		const signed = fromBase64((line[2] ?? '').trimEnd());
		const good =
			isVkey &&
			note.startsWith(`${text}\n\u2014 ${origin} `) &&
			signed !== undefined &&
			equalBytes(signed.subarray(0, 4), keyId) &&
			options.verifySignature(typed.subarray(1), Buffer.from(text), signed.subarray(4));
		if (!good) problem(`the checkpoint of size ${size} is not signed by the log's key`);
	}

	async function checkTiles(): Promise<void> {
		// The writer may have gone on since: how much a tile must hold comes from the head of the same moment, what it must hold from the entries read.
		const rows = await database.all<{level: number; tile: number; hashes: Uint8Array; sizeNow: number}>(
			'SELECT level, tile, hashes, (SELECT size FROM head) AS sizeNow FROM tiles',
		);
		const missing = new Set<string>();
		for (let level = 1, count = Math.floor(size / 256); count > 0; level += 1, count = Math.floor(count / 256))
			for (let tile = 0; tile * 256 < count; tile += 1) missing.add(`${level}/${tile}`);
		for (const {level, tile, hashes, sizeNow} of rows) {
			missing.delete(`${level}/${tile}`);
			const held = Math.min(Math.floor(sizeNow / 256 ** level) - tile * 256, 256);
			if (hashes.length !== held * 32) problem(`tile ${level}/${tile} has ${hashes.length} bytes, not ${Math.max(held, 0) * 32}`);
			const wanted = tree.tile(level, tile);
			if (!equalBytes(hashes.subarray(0, wanted.length), wanted)) problem(`tile ${level}/${tile} does not fit the entries`);
		}
		for (const name of missing) problem(`tile ${name} is missing`);
	}

	async function checkChannels(): Promise<void> {
		const rows = await database.all<{
			id: number;
			urn: string;
			secret: Uint8Array;
			subject: Uint8Array;
			quantity: number;
			exponent: number;
			enrolled: number;
		}>('SELECT id, urn, secret, subject, quantity, exponent, enrolled FROM channels WHERE enrolled < ? ORDER BY id', [size]);
		const byId = new Map(rows.map(row => [row.id, row]));
		for (const [key, subject] of subjects) {
			const row = byId.get(subject.id);
			byId.delete(subject.id);
			const fits =
				row !== undefined &&
				row.urn === subject.urn &&
				row.enrolled === subject.enrolled &&
				row.quantity === subject.quantity &&
				row.exponent === subject.exponent &&
				equalBytes(row.secret, subject.secret) &&
				equalBytes(row.subject, Buffer.from(key, 'latin1'));
			if (!fits) problem(`the table of channels does not say of channel ${subject.id} what its enrolment at ${subject.enrolled} says`);
		}
		for (const {id, urn} of byId.values()) problem(`channel ${id}, ${urn}, was never enrolled`);
		for (const {channel} of await database.all<{channel: number}>('SELECT DISTINCT channel FROM spans WHERE first < ?', [size]))
			if (channel < 1 || channel > subjects.size) problem(`the index of spans names channel ${channel}, which was never enrolled`);
	}

	return {size, batches, channels: subjects.size, first: provable, sourcesPruned, problems, root: toHex(tree.root()), roots};
}

/** The root over a list of leaf hashes, by the recursion of RFC 9162 §2.1.1. */
function rootOf(hasher: Hasher, hashes: readonly Uint8Array[]): Uint8Array {
	if (hashes.length <= 1) return hashes[0] ?? hasher.sha256(new Uint8Array(0));
	let left = 1;
	while (left * 2 < hashes.length) left *= 2;
	const [a, b] = [hashes.slice(0, left), hashes.slice(left)];
	return hasher.sha256(Buffer.concat([Buffer.of(1), rootOf(hasher, a), rootOf(hasher, b)]));
}

function isAppendedAgain(entry: Buffer): boolean {
	return (entry.readUIntBE(53, 3) & 0x400) !== 0;
}

/** The next span of a channel; rows are read a page at a time, in the order in which they lie on the disk. */
async function peekSpan(database: Database, subject: Subject): Promise<SpanRow | undefined> {
	if (subject.spans.length === 0) {
		const rows = await database.all<SpanRow>(
			`SELECT first, count, number, session, keyMin, keyMax, keyTop, keys, timeMin, timeMax
			FROM spans WHERE channel = ? AND first > ? ORDER BY first LIMIT ${spansPerPage}`,
			[subject.id, subject.spansRead],
		);
		subject.spansRead = rows.at(-1)?.first ?? subject.spansRead;
		subject.spans = rows.reverse();
	}
	return subject.spans.at(-1);
}

/** What is wrong with a span of these entries; undefined if nothing is. */
function spanProblem(span: SpanRow, part: readonly Place[]): string | undefined {
	const [first] = part;
	if (first === undefined || part.length !== span.count) return `says ${span.count} entries, there are ${part.length}`;
	if (first.index !== span.first) return `should begin at ${first.index}`;
	if (first.number !== span.number) return `begins with number ${span.number}, its first entry has ${first.number}`;
	if ((span.session === null) !== (span.keys === null)) return 'has keys without a session, or a session without keys';
	if (span.keys !== null && span.keys.length !== 6 * span.count) return `has ${span.keys.length} bytes of keys for ${span.count} entries`;
	const listed = span.keys === null ? undefined : Buffer.from(span.keys.buffer, span.keys.byteOffset, span.keys.length);
	let [timeMin, timeMax, keyMin, keyMax] = [Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY, -1];
	for (const [i, {measuredAtMs, timeMs}] of part.entries()) {
		timeMin = Math.min(timeMin, timeMs);
		timeMax = Math.max(timeMax, timeMs);
		// Without a key: 0 as a time, all bits set in a list.
		const key = listed === undefined ? measuredAtMs || uint48Max : listed.readUIntBE(i * 6, 6);
		if (key === uint48Max) continue;
		keyMin = Math.min(keyMin, key);
		keyMax = Math.max(keyMax, key);
	}
	if (timeMin !== span.timeMin || timeMax !== span.timeMax)
		return `covers times ${span.timeMin} to ${span.timeMax}, its entries ${timeMin} to ${timeMax}`;
	if (keyMax < 0) return span.keyMin === null && span.keyMax === null ? undefined : 'has a range of keys, its entries have none';
	if (keyMin !== span.keyMin || keyMax !== span.keyMax)
		return `covers keys ${span.keyMin} to ${span.keyMax}, its entries ${keyMin} to ${keyMax}`;
	if (span.keyTop === null || span.keyTop < keyMax) return `says that no key was above ${span.keyTop}, one is ${keyMax}`;
	return undefined;
}

/** Roots that went to a chain or an authority, by size, in hexadecimal. */
async function readAnchoredRoots(database: Database, problem: (text: string) => void): Promise<Map<number, string>> {
	const anchored = new Map<number, string>();
	for (const {key, body} of await database.all<{key: string; body: string}>(
		"SELECT key, body FROM documents WHERE kind IN ('anchor', 'timestamp')",
	)) {
		try {
			const row = JSON.parse(body) as {size?: unknown; root?: unknown};
			if (typeof row.size !== 'number' || typeof row.root !== 'string') continue;
			const root = row.root.replace(/^0x/, '');
			if ((anchored.get(row.size) ?? root) !== root) problem(`size ${row.size} was anchored with two roots`);
			anchored.set(row.size, root);
		} catch {
			problem(`the anchor ${key} is no JSON`);
		}
	}
	return anchored;
}

/** Every refusal was counted once, and lies in the quarantine or was evicted. What its raw bytes are, no hash says. */
async function checkQuarantine(database: Database, problem: (text: string) => void): Promise<void> {
	const [counts] = await database.all<{refused: number; kept: number; evicted: number}>(`
		SELECT (SELECT coalesce(sum(count), 0) FROM counters WHERE name LIKE 'refused:%') AS refused,
			(SELECT count(*) FROM quarantine) AS kept, (SELECT coalesce(sum(count), 0) FROM counters WHERE name = 'evicted') AS evicted`);
	if (counts !== undefined && counts.refused !== counts.kept + counts.evicted)
		problem(`${counts.refused} refusals were counted, ${counts.kept} are kept and ${counts.evicted} were evicted`);
}

/** A tree kept level by level where tiles need it; below, a stack of pending hashes. Deliberately another way than merkle/compact-range.ts. */
function createAuditTree(hasher: Hasher): {
	append: (entry: Uint8Array) => void;
	root: () => Uint8Array;
	/** Takes the hashes of stored tiles, one list a level from 1 on, for the leaves below `first`, a multiple of 256. Gives what is wrong with them. */
	seed: (first: number, tiles: readonly (readonly Uint8Array[])[]) => string | undefined;
	tile: (level: number, tile: number) => Uint8Array;
} {
	/** Hashes of complete subtrees of 256^k leaves, one growing list a level from 1 on. */
	const tiled: Uint8Array[][] = [];
	const stack: {level: number; hash: Uint8Array}[] = [];
	const leaf = Buffer.alloc(1 + entryBytes);
	const node = Buffer.alloc(65);
	node[0] = 1;
	const join = (left: Uint8Array, right: Uint8Array): Uint8Array => {
		node.set(left, 1);
		node.set(right, 33);
		return hasher.sha256(node);
	};
	return {
		seed: (first, tiles) => {
			for (let level = 1, count = first / 256; count > 0; level += 1, count = Math.floor(count / 256)) {
				const hashes = (tiles[level] ?? []).slice(0, count);
				if (hashes.length < count) return `tiles of level ${level} do not cover the ${first} entries that were pruned`;
				tiled[level] = hashes;
				// What lies above must follow from what lies below; the lowest is taken as it is.
				for (let i = 0; (i + 1) * 256 <= count; i += 1) {
					let layer = hashes.slice(i * 256, (i + 1) * 256);
					while (layer.length > 1) layer = Array.from({length: layer.length / 2}, (_, j) => join(layer[2 * j]!, layer[2 * j + 1]!));
					const above = tiles[level + 1]?.[i];
					if (above === undefined || !equalBytes(above, layer[0]!))
						return `hash ${i} of level ${level + 1} does not follow from the tiles below it`;
				}
			}
			for (let at = 0; at < first; ) {
				let [level, width] = [8, 256];
				while (at % (width * 2) === 0 && at + width * 2 <= first) {
					width *= 2;
					level += 1;
				}
				const stored = Math.floor(level / 8);
				const perHash = 256 ** stored;
				let layer = tiled[stored]!.slice(at / perHash, (at + width) / perHash);
				while (layer.length > 1) layer = Array.from({length: layer.length / 2}, (_, j) => join(layer[2 * j]!, layer[2 * j + 1]!));
				stack.push({level, hash: layer[0]!});
				at += width;
			}
			return undefined;
		},
		append: entry => {
			leaf.set(entry, 1);
			let top = {level: 0, hash: hasher.sha256(leaf)};
			for (let below = stack.at(-1); below !== undefined && below.level === top.level; below = stack.at(-1)) {
				stack.pop();
				top = {level: top.level + 1, hash: join(below.hash, top.hash)};
				if (top.level % 8 === 0) {
					const level = top.level / 8;
					tiled[level] ??= [];
					tiled[level].push(top.hash);
				}
			}
			stack.push(top);
		},
		root: () => {
			if (stack.length === 0) return hasher.sha256(new Uint8Array(0));
			return stack.map(({hash}) => hash).reduceRight((right, left) => join(left, right));
		},
		tile: (level, tile) => Buffer.concat((tiled[level] ?? []).slice(tile * 256, (tile + 1) * 256)),
	};
}
