// Re-derives everything that a log claims from its raw rows, with none of the writer's code: its own tree, its own decoding, its own counting.

import {equalBytes, fromBase64, fromUtf8, toBase64, toHex} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {openDatabase} from '../base/sqlite.ts';

/** Checks one Ed25519 signature [RFC 8032]. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export type AuditReport = {
	readonly size: number;
	readonly batches: number;
	readonly channels: number;
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
	/** Called about ten times a second with how far it is. */
	readonly onProgress?: (done: number, size: number) => void;
	readonly signal?: AbortSignal;
};

const problemsMax = 100;
const batchesPerPage = 16;

type Subject = {readonly urn: string; readonly enrolled: number; number: number; readonly quantity: number; readonly exponent: number};

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
	const [head] = await database.all<{size: number; root: Uint8Array; note: string}>('SELECT size, root, note FROM head');
	const size = head?.size ?? 0;
	const anchors = await database.all<{body: string}>("SELECT body FROM documents WHERE kind = 'anchor'");
	const anchored = new Map<number, string>();
	for (const {body} of anchors) {
		const row = JSON.parse(body) as {size?: unknown; root?: unknown};
		if (typeof row.size === 'number' && typeof row.root === 'string') anchored.set(row.size, row.root.replace(/^0x/, ''));
	}

	const spans = new Map<number, string>();
	const subjects = new Map<string, Subject>();
	const tree = createAuditTree(hasher);
	const roots = new Map<number, string>();
	const channelIds = new Map<string, number>();
	for (const row of await database.all<{id: number; urn: string; subject: Uint8Array}>('SELECT id, urn, subject FROM channels'))
		channelIds.set(toHex(row.subject), row.id);

	let at = 0;
	let batches = 0;
	while (at < size && !options.signal?.aborted) {
		const rows = await database.all<{first: number; count: number; entries: Uint8Array; records: Uint8Array}>(
			`SELECT first, count, entries, records FROM batches WHERE first >= ? AND first < ? ORDER BY first LIMIT ${batchesPerPage}`,
			[at, size],
		);
		if (rows.length === 0) {
			problem(`entries ${at} to ${size} are missing`);
			break;
		}
		const expected = new Map<string, {count: number; number: number}>();
		for (const row of rows) {
			if (row.first !== at) problem(`the batch after entry ${at - 1} begins at ${row.first}`);
			if (row.entries.length !== row.count * 118)
				problem(`batch ${row.first} says ${row.count} entries and holds ${row.entries.length} bytes`);
			checkBatch(row);
			at = row.first + row.count;
			batches += 1;
		}
		// The index of spans is compared with what the entries of these batches say.
		const stored = await database.all<{channel: number; first: number; count: number; number: number}>(
			'SELECT channel, first, count, number FROM spans WHERE first >= ? AND first < ?',
			[rows[0]!.first, at],
		);
		for (const span of stored) {
			const key = `${span.channel}`;
			const sum = expected.get(key);
			expected.set(key, {count: (sum?.count ?? 0) + span.count, number: 0});
		}
		for (const [channel, count] of spans) {
			const found = expected.get(String(channel))?.count ?? 0;
			if (String(found) !== count)
				problem(`the index of spans has ${found} entries of channel ${channel} between ${rows[0]!.first} and ${at}, there are ${count}`);
			expected.delete(String(channel));
		}
		for (const channel of expected.keys())
			problem(`the index of spans names channel ${channel} between ${rows[0]!.first} and ${at}, where it has no entry`);
		spans.clear();
		options.onProgress?.(at, size);
	}

	function checkBatch(row: {first: number; count: number; entries: Uint8Array; records: Uint8Array}): void {
		const {records, entries} = row;
		const view = new DataView(records.buffer, records.byteOffset, records.length);
		let i = 0;
		for (let offset = 0; offset < records.length; ) {
			const length = view.getUint32(offset);
			const count = view.getUint16(offset + 4);
			const saltAndRecord = records.subarray(offset + 6, offset + 22 + length);
			offset += 22 + length;
			const arrival = hasher.sha256(Buffer.concat([Buffer.from('kedge/arrival/v1\0'), saltAndRecord]));
			let body: Uint8Array | undefined;
			for (let end = i + count; i < end; i += 1) {
				const entry = entries.subarray(i * 118, (i + 1) * 118);
				const index = row.first + i;
				if (entry.length !== 118) {
					problem(`entry ${index} is missing from its batch`);
					continue;
				}
				const source = entry.subarray(86);
				if (entry[0] === 1) {
					if (!equalBytes(source, arrival)) problem(`entry ${index} does not come from the arrival stored with it`);
				} else {
					body ??= hasher.sha256(Buffer.concat([Buffer.from('kedge/body/v1\0'), saltAndRecord]));
					if (!equalBytes(source, body)) problem(`entry ${index} does not come from the body stored with it`);
					if (entry[0] === 3) enrol(index, entry, saltAndRecord.subarray(16));
				}
				checkEntry(index, entry);
				tree.append(entry);
				const anchoredRoot = anchored.get(index + 1);
				if (anchoredRoot !== undefined) {
					const root = toHex(tree.root());
					roots.set(index + 1, root);
					if (root !== anchoredRoot) problem(`size ${index + 1} was anchored with root ${anchoredRoot}, its entries lead to ${root}`);
				}
			}
		}
		if (i !== row.count) problem(`batch ${row.first} has ${row.count} entries and sources for ${i}`);
	}

	function enrol(index: number, entry: Uint8Array, body: Uint8Array): void {
		let parsed: {urn?: unknown; secret?: unknown; quantity?: unknown; exponent?: unknown};
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
		const fields = [Buffer.from(logName), secret, Buffer.from(parsed.urn)].map(field => {
			const head = Buffer.alloc(4);
			head.writeUInt32BE(field.length);
			return Buffer.concat([head, field]);
		});
		const subject = hasher.sha256(Buffer.concat([Buffer.from('kedge/subject/v1\0'), ...fields]));
		if (!equalBytes(subject, entry.subarray(18, 50))) problem(`the enrolment at ${index} stands under another subject than its body opens`);
		const key = toHex(entry.subarray(18, 50));
		if (subjects.has(key)) problem(`subject ${parsed.urn} is enrolled twice, the second time at ${index}`);
		const quantity = new DataView(entry.buffer, entry.byteOffset, entry.length).getBigInt64(56);
		subjects.set(key, {urn: parsed.urn, enrolled: index, number: 0, quantity: Number(quantity), exponent: Number(parsed.exponent ?? 0)});
	}

	function checkEntry(index: number, entry: Uint8Array): void {
		const key = toHex(entry.subarray(18, 50));
		const subject = subjects.get(key);
		if (entry[1] !== 1) problem(`entry ${index} has version ${entry[1]}`);
		if (subject === undefined) {
			problem(`entry ${index} stands under a subject that was never enrolled`);
			return;
		}
		const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
		const number = view.getUint16(76) * 2 ** 32 + view.getUint32(78);
		if (number !== subject.number + 1) problem(`entry ${index} is number ${number} of ${subject.urn}, after ${subject.number}`);
		subject.number = number;
		if (entry[0] === 1 && view.getUint16(50) !== subject.quantity)
			problem(`entry ${index} of ${subject.urn} has quantity ${view.getUint16(50)}`);
		if (entry[0] === 1 && view.getInt8(52) !== subject.exponent)
			problem(`entry ${index} of ${subject.urn} has exponent ${view.getInt8(52)}`);
		const id = channelIds.get(key);
		if (id === undefined) problem(`entry ${index} of ${subject.urn} is not in the table of channels`);
		else spans.set(id, String(Number(spans.get(id) ?? 0) + 1));
	}

	const root = tree.root();
	if (head !== undefined && !options.signal?.aborted) {
		if (!equalBytes(root, head.root)) problem(`the entries lead to root ${toHex(root)}, the head says ${toHex(head.root)}`);
		const origin = `${logName}/${meta.get('epoch')}`;
		const text = `${origin}\n${size}\n${toBase64(head.root)}\n`;
		const vkey = meta.get('vkey') ?? '';
		const typed = fromBase64(vkey.slice(vkey.indexOf('+', vkey.indexOf('+') + 1) + 1));
		const line = head.note.slice(text.length + 1).split(' ');
		const signed = fromBase64((line[2] ?? '').trimEnd());
		const good =
			head.note.startsWith(`${text}\n\u2014 ${origin} `) &&
			typed !== undefined &&
			signed !== undefined &&
			options.verifySignature(typed.subarray(1), Buffer.from(text), signed.subarray(4));
		if (!good) problem(`the checkpoint of size ${size} is not signed by the log's key`);
		for (const row of await database.all<{level: number; tile: number; hashes: Uint8Array}>(
			'SELECT level, tile, hashes FROM tiles WHERE level < 6',
		)) {
			const wanted = tree.tile(row.level, row.tile);
			// A writer beside us may have added to the newest tile since.
			if (!equalBytes(row.hashes.subarray(0, wanted.length), wanted)) problem(`tile ${row.level}/${row.tile} does not fit the entries`);
		}
	}
	return {size, batches, channels: subjects.size, problems, root: toHex(root), roots};
}

/** A tree kept level by level where tiles need it; below, a stack of pending hashes. Deliberately another way than merkle/compact-range.ts. */
function createAuditTree(hasher: Hasher): {
	append: (entry: Uint8Array) => void;
	root: () => Uint8Array;
	tile: (level: number, tile: number) => Uint8Array;
} {
	/** Hashes of complete subtrees of 256^k leaves, one growing list a level from 1 on. */
	const tiled: Uint8Array[][] = [];
	const stack: {level: number; hash: Uint8Array}[] = [];
	const leaf = Buffer.alloc(119);
	const node = Buffer.alloc(65);
	node[0] = 1;
	const join = (left: Uint8Array, right: Uint8Array): Uint8Array => {
		node.set(left, 1);
		node.set(right, 33);
		return hasher.sha256(node);
	};
	return {
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
