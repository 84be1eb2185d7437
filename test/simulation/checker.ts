// Watches one machine from outside: reads what its database holds with code of its own and says where a promise is broken. It shares no code with the log.
import {openDatabase} from '../../agent/base/sqlite.ts';
import {leafHash, MTH, nodeHash} from '../helpers/reference-merkle.ts';
import {identityOf} from './door.ts';

const entryBytes = 118;
const recordHeadBytes = 22;
const kind = {reading: 1, note: 2, enrolment: 3} as const;
const tallySubKind = 3;

export type Violation = {readonly invariant: string; readonly sentence: string};

/** A head that got out, or that somebody was shown. */
export type Head = {readonly size: number; readonly root: string; readonly where: string};

export type Checker = {
	/** How many entries are on disk. */
	readonly size: () => number;
	/** Hexadecimal root of the first `size` entries; undefined beyond the log. */
	readonly rootAt: (size: number) => string | undefined;
	/** Reads what is new on disk and checks it. */
	readonly sync: () => Promise<void>;
	/** Reads everything again, for a database that was put in the place of the one before. */
	readonly reopen: () => Promise<void>;
	readonly close: () => Promise<void>;
	/** The index that a reading has; undefined if it is not in the log. */
	readonly indexOf: (identity: string) => number | undefined;
	readonly isQuarantined: (topic: string, payload: Uint8Array) => boolean;
	/** Every head that gets out must be one of this log, and never smaller than those before. */
	readonly released: (head: Head) => void;
	/** The largest size that was ever released. */
	readonly releasedSize: () => number;
	/** Every head that is shown must be one of this log. */
	readonly shown: (head: Head) => void;
	/** True if the last of the first `size` entries is a tally. */
	readonly endsWithTally: (size: number) => boolean;
	readonly documents: () => Promise<readonly Record<string, unknown>[]>;
	readonly kinds: () => ReadonlyMap<number, number>;
	/** The whole once more, the slow way. */
	readonly recheck: () => Promise<void>;
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

export async function createChecker(path: string, violate: (violation: Violation) => void): Promise<Checker> {
	let database = await openDatabase({path, mode: 'read'});
	/** Hashes of complete subtrees by level. */
	let levels: Uint8Array[][] = [];
	let identities = new Map<string, number>();
	let quarantined = new Set<string>();
	let quarantineId = 0;
	let urns = new Map<string, string>();
	let numbers = new Map<string, number>();
	let kinds = new Map<number, number>();
	/** Sizes that end with a tally. */
	let tallied = new Set<number>();
	let releasedSize = 0;

	const size = (): number => levels[0]?.length ?? 0;

	const addLeaf = (leaf: Uint8Array): void => {
		levels[0] ??= [];
		levels[0].push(leafHash(leaf));
		for (let level = 0; levels[level]!.length % 2 === 0; level += 1) {
			const below = levels[level]!;
			levels[level + 1] ??= [];
			levels[level + 1]!.push(nodeHash(below.at(-2)!, below.at(-1)!));
		}
	};

	const rootAt = (wanted: number): string | undefined => {
		if (wanted > size()) return undefined;
		if (wanted === 0) return hex(MTH([]));
		let root: Uint8Array | undefined;
		// From the right: the smallest complete subtree first.
		for (let level = 0, left = wanted; left > 0; level += 1, left = Math.floor(left / 2)) {
			if (left % 2 === 0) continue;
			const node = levels[level]![left - 1]!;
			root = root === undefined ? node : nodeHash(node, root);
		}
		return hex(root!);
	};

	const takeEntry = (entry: Uint8Array, record: Uint8Array): void => {
		const index = size();
		const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.length);
		const subject = bytes.toString('hex', 18, 50);
		const number = bytes.readUIntBE(76, 6);
		const expected = (numbers.get(subject) ?? 0) + 1;
		if (number !== expected)
			violate({invariant: 'numbers', sentence: `entry ${index} has number ${number} in its channel, not ${expected}`});
		numbers.set(subject, number);
		kinds.set(entry[0]!, (kinds.get(entry[0]!) ?? 0) + 1);
		if (entry[0] === kind.enrolment) urns.set(subject, String((JSON.parse(Buffer.from(record).toString()) as {urn: unknown}).urn));
		if (entry[0] === kind.reading) {
			const urn = urns.get(subject);
			const [, device, quantity] = /^urn:kedge:device:([^:]+):(.+)$/.exec(urn ?? '') ?? [];
			const {payload} = arrivalOf(record);
			const pointer = quantity === 'energy-import' ? 'e' : 'p';
			const identity = identityOf(device ?? '', pointer, JSON.parse(payload.toString()) as Record<string, unknown>);
			const before = identities.get(identity);
			if (before !== undefined)
				violate({invariant: 'I2 nothing twice', sentence: `"${identity}" is at index ${before} and again at ${index}`});
			identities.set(identity, index);
		}
		if (entry[0] === kind.note && bytes.readUInt16BE(50) === tallySubKind) {
			const body = JSON.parse(Buffer.from(record).toString()) as {size?: unknown; channels?: unknown};
			if (body.size !== index || body.channels !== numbers.size || bytes.readBigInt64BE(56) !== BigInt(numbers.size))
				violate({invariant: 'tally', sentence: `the tally at index ${index} does not count ${numbers.size} channels of ${index} entries`});
			tallied.add(index + 1);
		}
		addLeaf(entry);
	};

	const sync = async (): Promise<void> => {
		const batches = await database.all<{first: number; count: number; entries: Uint8Array; records: Uint8Array}>(
			'SELECT first, count, entries, records FROM batches WHERE first >= ? ORDER BY first',
			[size()],
		);
		for (const {first, count, entries, records} of batches) {
			if (first !== size() || entries.length !== count * entryBytes)
				violate({invariant: 'batches', sentence: `a batch of ${count} entries begins at ${first}, after ${size()} entries`});
			const view = new DataView(records.buffer, records.byteOffset, records.length);
			let at = 0;
			let next = 0;
			while (at < records.length) {
				const length = view.getUint32(at);
				const record = records.subarray(at + recordHeadBytes, at + recordHeadBytes + length);
				for (let i = view.getUint16(at + 4); i > 0; i -= 1, next += 1)
					takeEntry(entries.subarray(next * entryBytes, (next + 1) * entryBytes), record);
				at += recordHeadBytes + length;
			}
			if (next !== count) violate({invariant: 'batches', sentence: `the batch at ${first} has ${count} entries and sources for ${next}`});
		}
		const refusals = await database.all<{id: number; record: Uint8Array}>('SELECT id, record FROM quarantine WHERE id > ? ORDER BY id', [
			quarantineId,
		]);
		for (const {id, record} of refusals) {
			const {topic, payload} = arrivalOf(record);
			quarantined.add(`${topic}\0${hex(payload)}`);
			quarantineId = id;
		}
	};

	const forget = (): void => {
		levels = [];
		identities = new Map();
		quarantined = new Set();
		quarantineId = 0;
		urns = new Map();
		numbers = new Map();
		kinds = new Map();
		tallied = new Set();
	};

	const shown = ({size: shownSize, root, where}: Head): void => {
		const own = rootAt(shownSize);
		if (own === undefined)
			violate({invariant: 'I3 heads', sentence: `${where} has a head of size ${shownSize}, but only ${size()} entries are on disk`});
		else if (own !== root) violate({invariant: 'I3 heads', sentence: `${where} has a head of size ${shownSize} that is not of this log`});
	};

	await sync();
	return {
		size,
		rootAt,
		sync,
		reopen: async () => {
			await database[Symbol.asyncDispose]();
			database = await openDatabase({path, mode: 'read'});
			forget();
			await sync();
		},
		close: () => database[Symbol.asyncDispose](),
		indexOf: identity => identities.get(identity),
		isQuarantined: (topic, payload) => quarantined.has(`${topic}\0${hex(payload)}`),
		releasedSize: () => releasedSize,
		shown,
		released: head => {
			shown(head);
			if (head.size < releasedSize)
				violate({invariant: 'I3 heads', sentence: `a head of size ${head.size} is released after one of size ${releasedSize}`});
			releasedSize = Math.max(releasedSize, head.size);
		},
		endsWithTally: wanted => tallied.has(wanted),
		documents: async () => {
			const rows = await database.all<{body: string}>("SELECT body FROM documents WHERE kind = 'anchor' ORDER BY key");
			return rows.map(({body}) => JSON.parse(body) as Record<string, unknown>);
		},
		kinds: () => kinds,
		recheck: async () => {
			const root = rootAt(size());
			const seen = size();
			forget();
			await sync();
			if (size() !== seen || rootAt(seen) !== root)
				violate({invariant: 'append only', sentence: `what was on disk has changed: ${seen} entries then, ${size()} now`});
			const rows = await database.all<{entries: Uint8Array}>('SELECT entries FROM batches ORDER BY first');
			const whole = Buffer.concat(rows.map(({entries}) => entries));
			const leaves = Array.from({length: whole.length / entryBytes}, (_, i) => whole.subarray(i * entryBytes, (i + 1) * entryBytes));
			const [head] = await database.all<{size: number; root: Uint8Array}>('SELECT size, root FROM head');
			if (leaves.length !== (head?.size ?? 0) || (head !== undefined && hex(MTH(leaves)) !== hex(head.root)))
				violate({invariant: 'head', sentence: 'the head in the database is not that of its entries'});
		},
	};
}

/** Topic and payload of an arrival record: u32 length and bytes, seven times. */
function arrivalOf(record: Uint8Array): {readonly topic: string; readonly payload: Buffer} {
	const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
	const topicLength = bytes.readUInt32BE(0);
	const payloadAt = 8 + topicLength;
	return {
		topic: bytes.toString('utf8', 4, 4 + topicLength),
		payload: bytes.subarray(payloadAt, payloadAt + bytes.readUInt32BE(payloadAt - 4)),
	};
}
