// A log in a temporary folder of its own, with a clock that is moved, chance that repeats, and a disk that can be told to fail.
import {createHash} from 'node:crypto';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import type {Clock} from '../../agent/base/clock.ts';
import {createEd25519Signer} from '../../agent/base/ed25519.ts';
import type {AgentError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {type Random, randomFrom} from '../../agent/base/random.ts';
import {type Database, openDatabase} from '../../agent/base/sqlite.ts';
import {noteKey} from '../../agent/format/note.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import type {Draft, Refusal} from '../../agent/log/batch.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {createLog, type Log, type OpenLogOptions, openLog} from '../../agent/log/log.ts';
import {type LogReader, openLogReader} from '../../agent/log/reader.ts';

export const signer = createEd25519Signer(new Uint8Array(32).fill(1));
export const startMs = 1_700_000_000_000;

/** SHA-256 of a seed and a counter: as good as chance to a test, and the same every time. */
export function createSeededRandom(seed: string): Random {
	let counter = 0;
	const fill = (target: Uint8Array, offset: number, length: number): void => {
		for (let done = 0; done < length; ) {
			const block = createHash('sha256').update(`${seed} ${counter++}`).digest();
			const part = block.subarray(0, Math.min(32, length - done));
			target.set(part, offset + done);
			done += part.length;
		}
	};
	return randomFrom(fill);
}

export type MovedClock = Clock & {readonly move: (byMs: number) => void};

export function createMovedClock(): MovedClock {
	let nowMs = startMs;
	return {
		nowMs: () => nowMs,
		monotonicMs: () => nowMs,
		sleep: () => Promise.resolve(),
		move: byMs => {
			nowMs += byMs;
		},
	};
}

/** The disk's seam: stands around every commit of a batch. Not to call `commit` is a commit that fails and is not done. */
export type DiskSeam = {around: ((commit: () => Promise<void>) => Promise<void>) | undefined; commits: number};

export function temporaryFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-log-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
}

export type LogWorld = {
	readonly folder: string;
	readonly path: string;
	readonly clock: MovedClock;
	readonly disk: DiskSeam;
	/** Opens the log; the one that is open is closed first. */
	readonly open: (options?: Partial<OpenLogOptions>) => Promise<Log>;
	readonly close: () => Promise<void>;
	readonly reader: () => Promise<LogReader>;
};

/** A new, empty log on the disk, not open yet. Everything that is opened here is closed with the test. */
export async function createLogWorld(t: ExecutionContext, options: {readonly epoch?: number} = {}): Promise<LogWorld> {
	const folder = temporaryFolder(t);
	const path = join(folder, 'log.db');
	const epoch = options.epoch ?? 1;
	const clock = createMovedClock();
	const disk: DiskSeam = {around: undefined, commits: 0};
	const random = createSeededRandom(t.title);
	let log: Log | undefined;
	await createLog({path, logName: 'harbour', epoch, key: noteKey(nodeHasher, `harbour/${epoch}`, signer.publicKey)});
	const close = async (): Promise<void> => {
		await log?.[Symbol.asyncDispose]();
		log = undefined;
	};
	t.teardown(close);
	return {
		folder,
		path,
		clock,
		disk,
		open: async changes => {
			await close();
			const seam: typeof openDatabase = async opening => withSeam(await openDatabase(opening), disk);
			log = await openLog({path, hasher: nodeHasher, random, clock, logger: silentLogger, signer, openDatabase: seam, ...changes});
			return log;
		},
		close,
		reader: async () => {
			const reader = await openLogReader({path, hasher: nodeHasher});
			t.teardown(() => reader[Symbol.asyncDispose]());
			return reader;
		},
	};
}

function withSeam(database: Database, disk: DiskSeam): Database {
	return {
		...database,
		step: (sql, parameters) => {
			disk.commits += 1;
			const commit = (): Promise<void> => database.step(sql, parameters);
			return disk.around === undefined ? commit() : disk.around(commit);
		},
	};
}

export function enrolMeter(log: Log, device: string): Channel {
	return log.enrol({urn: channelUrn(device, 'energy-import'), quantity: 1, quantityName: 'energy-import', exponent: -3});
}

/** A reading as admission would hand it in; the key is measuredAt without a session, nothing without a time. */
export function draftOf(channel: Channel, changes: Partial<Draft> = {}): Draft {
	const measuredAtMs = changes.measuredAtMs ?? startMs;
	const key = measuredAtMs === 0 ? undefined : measuredAtMs;
	return {
		channel,
		kind: 1,
		quantity: channel.quantity,
		exponent: channel.exponent,
		quality: 0,
		value: 0n,
		measuredAtMs,
		span: 0,
		session: undefined,
		key,
		keyTop: key,
		...changes,
	};
}

/** The index of the first entry once it is durable. */
export function append(log: Log, drafts: readonly Draft[], options: {record?: Uint8Array; arrivedAtMs?: number} = {}): Promise<number> {
	const {record = Buffer.from('a record'), arrivedAtMs = startMs} = options;
	return settle(done => log.append({record, arrivedAtMs, drafts}, done));
}

export async function refuse(log: Log, refusal: Partial<Refusal>): Promise<void> {
	await settle(done => log.refuse({arrivedAtMs: startMs, reason: 'TEST', detail: '', record: Buffer.from('refused'), ...refusal}, done));
}

export async function count(log: Log, name: string, by: number): Promise<void> {
	await settle(done => log.count(name, by, done));
}

function settle(start: (done: (failure: AgentError | undefined, first: number) => void) => void): Promise<number> {
	return new Promise((resolve, reject) => {
		start((failure, first) => (failure === undefined ? resolve(first) : reject(failure)));
	});
}
