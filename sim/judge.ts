// Compares the simulator's account with the log, reading the log's bytes with code of its own: it shares none with the writer.

import {AgentError} from '../agent/base/errors.ts';
import {nodeHasher} from '../agent/base/hash-node.ts';
import {type Database, openDatabase} from '../agent/base/sqlite.ts';
import {type Arrival, decodeArrival} from '../agent/format/arrival.ts';
import {decodeEnrolment} from '../agent/format/body.ts';
import {openSignedPayload} from '../agent/format/signed-payload.ts';
import {channelUrn, parseChannelUrn, subjectHash} from '../agent/format/subject.ts';
import {tags} from '../agent/format/tags.ts';
import {messageDigest, readAccount} from './account.ts';
import type {ExpectedReading} from './message.ts';
import {createNumberingCheck, type NumberingCheck, readGapNote} from './numbering.ts';

export type Verdict = {
	/** Acknowledged readings that the log does not hold. */
	readonly missing: number;
	/** Readings that the log holds more often than they were sent. */
	readonly twice: number;
	/** Acknowledged readings that the newest final anchor does not cover. */
	readonly unanchored: number;
	/** Entries that came out of messages which had to be refused. */
	readonly unexpected: number;
	/** Channels of simulated devices with a jump in the device's numbering that no note tells of, and notes that tell of none. */
	readonly unnoted: number;
	/** A sentence for each of the first findings. */
	readonly examples: readonly string[];
	/** How much was compared: acknowledged readings in the account, readings in the log, size that the newest final anchor covers. */
	readonly acknowledged: number;
	readonly logged: number;
	readonly anchoredSize: number;
};

export type JudgeOptions = {
	/** The agent's log.db; it is only read, and may be in use. */
	readonly logPath: string;
	/** The account; nobody may be writing to it. */
	readonly accountPath: string;
	/** @default 20 */
	readonly examplesMax?: number;
	/** Readings compared in one pass over both files; memory is about 50 bytes each. @default 1500000 */
	readonly readingsPerPass?: number;
};

const entryBytes = 118;
const recordHeadBytes = 22;
const batchesPerPage = 8;
const readingKind = 1;
const enrolmentKind = 3;
const channelSubKind = 2;
const noteKind = 2;
const gapSubKind = 6;

/** Fails with LOG_CORRUPT where batches do not follow each other or do not have the bytes that they claim. */
export async function judge(options: JudgeOptions): Promise<Verdict> {
	const database = await openDatabase({path: options.logPath, mode: 'read'});
	try {
		return await compare(database, options);
	} finally {
		await database[Symbol.asyncDispose]();
	}
}

async function compare(database: Database, options: JudgeOptions): Promise<Verdict> {
	const examplesMax = options.examplesMax ?? 20;
	const perPass = options.readingsPerPass ?? 1_500_000;
	const examples: string[] = [];
	const example = (sentence: string): void => {
		if (examples.length < examplesMax) examples.push(sentence);
	};

	const anchoredSize = await newestFinalSize(database);
	const [head] = await database.all<{size: number}>('SELECT size FROM head');
	const size = head?.size ?? 0;
	const summary = await summarize(options.accountPath);
	const subjects = new Map<string, string>();
	const numbering = createNumberingCheck(example);
	const passes = Math.max(1, Math.ceil(Math.max(summary.readings, size) / perPass));
	let missing = 0;
	let twice = 0;
	let unanchored = 0;
	let unexpected = 0;
	let logged = 0;

	for (let pass = 0; pass < passes; pass += 1) {
		const table = createCountTable();
		for await (const line of readAccount(options.accountPath)) {
			if (line.kind === 'hostile') continue;
			for (const reading of line.readings) {
				const key = hashOf(keyOf(reading));
				if (key.high % passes !== pass) continue;
				const slot = table.slot(key);
				if (line.kind === 'acknowledged') table.acknowledged[slot] = bump(table.acknowledged[slot]!);
				else table.uncertain[slot] = bump(table.uncertain[slot]!);
			}
		}

		// What channels are called is learnt in the first pass, from the entries themselves.
		const learning = pass === 0 ? {subjects, devices: summary.devices, digests: summary.hostile, numbering} : undefined;
		for await (const batch of readLog(database, size, learning)) {
			for (const entry of batch) {
				if (pass === 0) logged += 1;
				if (entry.hostile !== undefined) {
					unexpected += 1;
					example(`index ${entry.index} came out of a message that had to be refused (${entry.hostile})`);
				}
				const urn = subjects.get(entry.subject);
				if (urn === undefined) continue;
				const key = hashOf(keyText(urn, entry.measuredAtMs, entry.value, entry.exponent));
				if (key.high % passes !== pass) continue;
				const slot = table.slot(key);
				table.logged[slot] = bump(table.logged[slot]!);
				const seen = table.logged[slot]!;
				const sent = table.acknowledged[slot]! + table.uncertain[slot]!;
				if (seen > Math.max(1, sent)) {
					twice += 1;
					example(`index ${entry.index} repeats ${urn} at ${timeText(entry.measuredAtMs)}`);
				} else if (seen <= table.acknowledged[slot]! && entry.index >= anchoredSize) {
					unanchored += 1;
					example(`index ${entry.index} (${urn} at ${timeText(entry.measuredAtMs)}) is beyond the anchored size ${anchoredSize}`);
				}
			}
		}

		if (pass === 0) numbering.end();
		const missed = table.missing();
		missing += missed;
		if (missed > 0 && examples.length < examplesMax) {
			for await (const line of readAccount(options.accountPath)) {
				if (line.kind !== 'acknowledged' || examples.length >= examplesMax) continue;
				for (const reading of line.readings) {
					const key = hashOf(keyOf(reading));
					if (key.high % passes !== pass) continue;
					const slot = table.slot(key);
					if (table.logged[slot]! >= table.acknowledged[slot]!) continue;
					example(
						`${line.message}: ${urnOf(reading)} = ${reading.value}e${reading.exponent} at ${timeText(reading.measuredAtMs)} is not in the log`,
					);
				}
			}
		}
	}
	return {
		missing,
		twice,
		unanchored,
		unexpected,
		unnoted: numbering.wrong(),
		examples,
		acknowledged: summary.acknowledged,
		logged,
		anchoredSize,
	};
}

type Summary = {
	readonly readings: number;
	readonly acknowledged: number;
	readonly devices: ReadonlySet<string>;
	/** Digest of each hostile message → why it is one. */
	readonly hostile: ReadonlyMap<string, string>;
};

async function summarize(path: string): Promise<Summary> {
	let readings = 0;
	let acknowledged = 0;
	const devices = new Set<string>();
	const hostile = new Map<string, string>();
	for await (const line of readAccount(path)) {
		if (line.kind === 'hostile') {
			hostile.set(line.digest, line.reason);
			continue;
		}
		readings += line.readings.length;
		if (line.kind === 'acknowledged') acknowledged += line.readings.length;
		for (const {deviceId} of line.readings) devices.add(deviceId);
	}
	return {readings, acknowledged, devices, hostile};
}

/** Size of the newest final anchor; 0 if there is none. */
async function newestFinalSize(database: Database): Promise<number> {
	let newest = 0;
	for (const {body} of await database.all<{body: string}>(`SELECT body FROM documents WHERE kind = 'anchor'`)) {
		const {size, state} = JSON.parse(body) as {size?: unknown; state?: unknown};
		if (state === 'final' && typeof size === 'number') newest = Math.max(newest, size);
	}
	return newest;
}

type LoggedReading = {
	readonly index: number;
	/** Hexadecimal. */
	readonly subject: string;
	readonly exponent: number;
	readonly value: bigint;
	readonly measuredAtMs: number;
	/** Why its message had to be refused. */
	readonly hostile: string | undefined;
};

type Learning = {
	/** Hexadecimal subject → URN of the channel; only of devices in `devices`, since the others are somebody else's. */
	readonly subjects: Map<string, string>;
	readonly devices: ReadonlySet<string>;
	readonly digests: ReadonlyMap<string, string>;
	readonly numbering: NumberingCheck;
};

/** Every reading below `size` in order, batch by batch. With `learning`, the records beside the entries are read too, and channels get their names. */
async function* readLog(database: Database, size: number, learning: Learning | undefined): AsyncGenerator<LoggedReading[]> {
	const [meta] = await database.all<{value: string}>(`SELECT value FROM meta WHERE key = 'logName'`);
	const logName = meta?.value ?? '';
	const columns = learning === undefined ? 'first, count, entries' : 'first, count, entries, records';
	let next = 0;
	while (next < size) {
		const page = await database.all<{first: number; count: number; entries: Uint8Array; records: Uint8Array}>(
			`SELECT ${columns} FROM batches WHERE first >= ? ORDER BY first LIMIT ${batchesPerPage}`,
			[next],
		);
		if (page.length === 0) throw corrupt(`entries ${next} to ${size - 1} are gone`);
		for (const {first, count, entries, records} of page) {
			if (first !== next) throw corrupt(`the batch after entry ${next - 1} begins at ${first}`);
			if (entries.length !== count * entryBytes) throw corrupt(`the batch at ${first} has ${entries.length} bytes for ${count} entries`);
			const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
			const origins = learning === undefined ? undefined : learn(logName, first, count, entries, records, learning);
			const readings: LoggedReading[] = [];
			for (let i = 0; i < count && first + i < size; i += 1) {
				const at = i * entryBytes;
				if (entries[at] !== readingKind) continue;
				readings.push({
					index: first + i,
					subject: hex(entries, at + 18, 32),
					exponent: view.getInt8(at + 52),
					value: view.getBigInt64(at + 56),
					measuredAtMs: view.getUint16(at + 64) * 0x1_0000_0000 + view.getUint32(at + 66),
					hostile: origins?.[i],
				});
			}
			yield readings;
			next = first + count;
		}
	}
}

/** Reads the records of a batch: takes over enrolments that fit their entries, and gives for each entry why its message was hostile. */
function learn(
	logName: string,
	first: number,
	count: number,
	entries: Uint8Array,
	records: Uint8Array,
	learning: Learning,
): (string | undefined)[] {
	const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
	const origins: (string | undefined)[] = [];
	let at = 0;
	while (at < records.length) {
		if (at + recordHeadBytes > records.length) throw corrupt(`the records of the batch at ${first} end within a head`);
		const length = view.getUint32(at);
		const uses = view.getUint16(at + 4);
		const salt = records.subarray(at + 6, at + recordHeadBytes);
		const body = records.subarray(at + recordHeadBytes, at + recordHeadBytes + length);
		at += recordHeadBytes + length;
		if (body.length !== length || origins.length + uses > count)
			throw corrupt(`the records of the batch at ${first} do not fit its entries`);
		const begin = origins.length * entryBytes;
		const kind = entries[begin];
		let reason: string | undefined;
		if (kind === enrolmentKind) {
			for (let i = 0; i < uses; i += 1)
				enrol(logName, entries.subarray(begin + i * entryBytes, begin + (i + 1) * entryBytes), salt, body, learning);
		} else if (kind === readingKind) {
			const arrival = decodeArrival(body);
			if (arrival !== undefined && learning.digests.size > 0) reason = learning.digests.get(messageDigest(arrival.topic, arrival.payload));
			const names = subjectsOf(entries, begin, uses).filter(subject => learning.subjects.has(subject));
			const device = names[0] === undefined ? undefined : parseChannelUrn(learning.subjects.get(names[0])!);
			if (arrival !== undefined && device !== undefined)
				learning.numbering.arrived(first + origins.length, device.deviceId, names, payloadInside(arrival));
		} else if (kind === noteKind && entries[begin + 50]! * 256 + entries[begin + 51]! === gapSubKind) {
			const names = subjectsOf(entries, begin, uses).filter(subject => learning.subjects.has(subject));
			learning.numbering.noted(first + origins.length, names, readGapNote(body));
		}
		for (let i = 0; i < uses; i += 1) origins.push(reason);
	}
	if (origins.length !== count) throw corrupt(`the records of the batch at ${first} belong to ${origins.length} of ${count} entries`);
	return origins;
}

/** What the device said, whether it signed that or not. */
function payloadInside({payload, deviceSignature}: Arrival): Uint8Array {
	const opened = deviceSignature.length === 0 ? undefined : openSignedPayload(payload);
	return opened === undefined || 'problem' in opened ? payload : opened.payload;
}

function subjectsOf(entries: Uint8Array, begin: number, uses: number): string[] {
	return Array.from({length: uses}, (_, i) => hex(entries, begin + i * entryBytes + 18, 32));
}

/** A name is believed only if its entry commits to it twice: by the source and by the subject. */
function enrol(logName: string, entry: Uint8Array, salt: Uint8Array, body: Uint8Array, learning: Learning): void {
	if (entry[50]! * 256 + entry[51]! !== channelSubKind) return;
	const enrolment = decodeEnrolment(body);
	const deviceId = enrolment === undefined ? undefined : parseChannelUrn(enrolment.urn)?.deviceId;
	if (enrolment === undefined || deviceId === undefined || !learning.devices.has(deviceId)) return;
	const source = nodeHasher.sha256(Buffer.concat([tags.body, salt, body]));
	if (hex(source, 0, 32) !== hex(entry, 86, 32)) return;
	const subject = hex(subjectHash(nodeHasher, {logName, secret: enrolment.secret, urn: enrolment.urn}), 0, 32);
	if (subject === hex(entry, 18, 32)) learning.subjects.set(subject, enrolment.urn);
}

function corrupt(what: string): AgentError {
	return new AgentError('LOG_CORRUPT', `the log cannot be judged: ${what}`);
}

function hex(bytes: Uint8Array, offset: number, length: number): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('hex');
}

function timeText(timeMs: number): string {
	return new Date(timeMs).toISOString();
}

function urnOf({deviceId, quantityName, part}: ExpectedReading): string {
	return channelUrn(deviceId, quantityName, part);
}

function keyOf(reading: ExpectedReading): string {
	return keyText(urnOf(reading), reading.measuredAtMs, reading.value, reading.exponent);
}

/** What makes two readings the same: channel, time and what the value means, however it is written (5120·10^−1 is 512). */
function keyText(urn: string, measuredAtMs: number, value: bigint, exponent: number): string {
	let digits = value;
	let power = digits === 0n ? 0 : exponent;
	while (digits !== 0n && digits % 10n === 0n) {
		digits /= 10n;
		power += 1;
	}
	return `${urn}|${measuredAtMs}|${digits}e${power}`;
}

type Key = {readonly high: number; readonly low: number};

/** 64 bits of two mixed lanes: among five million keys two fall together with a chance below 10^−6. Nobody here chooses keys to collide. */
function hashOf(text: string): Key {
	let high = 0xdeadbeef;
	let low = 0x41c6ce57;
	for (let i = 0; i < text.length; i += 1) {
		const unit = text.charCodeAt(i);
		high = Math.imul(high ^ unit, 2654435761);
		low = Math.imul(low ^ unit, 1597334677);
	}
	high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
	low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
	return {high: high >>> 0, low: low >>> 0};
}

/** Counters stop at the top instead of starting again. */
function bump(count: number): number {
	return count === 255 ? count : count + 1;
}

type CountTable = {
	/** Place of a key, taken if it is new. Places move when a new key comes in: use one before asking for the next. */
	readonly slot: (key: Key) => number;
	readonly acknowledged: Uint8Array;
	readonly uncertain: Uint8Array;
	readonly logged: Uint8Array;
	/** Acknowledged readings that were not logged. */
	readonly missing: () => number;
};

/** Three small counters per 64-bit key, in typed arrays with open addressing: 11 bytes a place, at most 3/4 of the places taken. */
function createCountTable(): CountTable {
	let places = 1 << 12;
	let taken = 0;
	let high = new Uint32Array(places);
	let low = new Uint32Array(places);
	let acknowledged = new Uint8Array(places);
	let uncertain = new Uint8Array(places);
	let logged = new Uint8Array(places);

	/** The key 0, 0 marks a free place; no text of ours has that hash. */
	const find = (key: Key): number => {
		let place = (key.low ^ (key.high >>> 7)) & (places - 1);
		while ((high[place] !== key.high || low[place] !== key.low) && (high[place] !== 0 || low[place] !== 0))
			place = (place + 1) & (places - 1);
		return place;
	};
	const grow = (): void => {
		const old = {places, high, low, acknowledged, uncertain, logged};
		places *= 2;
		high = new Uint32Array(places);
		low = new Uint32Array(places);
		acknowledged = new Uint8Array(places);
		uncertain = new Uint8Array(places);
		logged = new Uint8Array(places);
		for (let i = 0; i < old.places; i += 1) {
			if (old.high[i] === 0 && old.low[i] === 0) continue;
			const place = find({high: old.high[i]!, low: old.low[i]!});
			high[place] = old.high[i]!;
			low[place] = old.low[i]!;
			acknowledged[place] = old.acknowledged[i]!;
			uncertain[place] = old.uncertain[i]!;
			logged[place] = old.logged[i]!;
		}
	};

	return {
		slot: key => {
			let place = find(key);
			if (high[place] === 0 && low[place] === 0) {
				if (taken >= places * 0.75) {
					grow();
					place = find(key);
				}
				high[place] = key.high;
				low[place] = key.low;
				taken += 1;
			}
			return place;
		},
		get acknowledged() {
			return acknowledged;
		},
		get uncertain() {
			return uncertain;
		},
		get logged() {
			return logged;
		},
		missing: () => {
			let sum = 0;
			for (let i = 0; i < places; i += 1) sum += Math.max(0, acknowledged[i]! - logged[i]!);
			return sum;
		},
	};
}
