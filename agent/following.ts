// The composition root's part that lets ledgers follow the log: folds what came since into their rows, answers questions, and says whether a statement may be made.

import {viewOf} from './base/bytes.ts';
import {AgentError} from './base/errors.ts';
import type {openDatabase as OpenDatabase, takeProcessLock as TakeProcessLock} from './base/sqlite.ts';
import {decodeArrival} from './format/arrival.ts';
import {correctionOf} from './format/correction.ts';
import type {Json} from './format/document.ts';
import {entryLength, kinds} from './format/entry.ts';
import {createFold, type Fold, readReading} from './ledgers/fold.ts';
import {type Basis, type Ledger, type Past, type Question, type Reading, type Rows, type Statement, timeOf} from './ledgers/ledger.ts';
import {type LedgerStore, openLedgerStore} from './ledgers/store.ts';
import type {Channel} from './log/channels.ts';
import type {LogReader} from './log/reader.ts';

export type Answered = {
	readonly ledger: string;
	readonly version: number;
	/** How many entries of the log it rests on. */
	readonly size: number;
	readonly answer: Json;
};

export type Following = {
	/** Folds at most so many entries; gives how many are still to come. Rows are written now and then: what was not is folded again by the next start. */
	readonly step: (entriesMax?: number) => Promise<number>;
	/** Folds all that there is, or the first `to` entries, and writes it. */
	readonly catchUp: (options?: {
		readonly to?: number | undefined;
		readonly onProgress?: ((size: number, all: number) => void) | undefined;
	}) => Promise<void>;
	readonly size: () => number;
	/** Why the ledgers that know of such a statement refuse it; undefined if none does. Knows all that was durable when it was called. */
	readonly problem: (statement: Pick<Statement, 'says' | 'urn' | 'body' | 'value'>) => Promise<string | undefined>;
	/** From the first ledger that knows of what is asked; undefined if none does. */
	readonly answer: (question: Question) => Promise<Answered | undefined>;
	readonly basis: (question: Question) => Promise<Basis | undefined>;
	/** Folds at most so many entries, saves nothing, and then looks: at whole steps, and at how many entries are still to come. */
	readonly look: <T>(entriesMax: number, look: (behind: number) => Promise<T>) => Promise<T>;
	readonly rowsOf: (name: string) => Rows;
	/** See ledgers/store.ts; of everything that was folded. */
	readonly digest: () => Promise<{readonly size: number; readonly digest: string}>;
	readonly exportTo: (path: string) => Promise<void>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Entries of one look into the log: a few milliseconds of folding. */
const chunkEntries = 4096;
/** More rows than this are written before the next entries are folded: memory stays bounded however long the log is. */
const rowsPendingMax = 8192;
/** Or after so many entries. */
const entriesPerCommit = 262_144;
/** Or after so many steps: an agent takes one a second, and an SD card has better to do than to keep rows that can be made again. */
const stepsPerCommit = 15;

/** What of a log was folded so far, for ledgers that look back. */
export function pastOf(
	reader: Pick<LogReader, 'range' | 'at' | 'source'>,
	channelOf: (urn: string) => Channel | undefined,
	size: () => number,
): Past {
	async function* readings(urn: string, fromMs: number, toMs: number): AsyncIterable<Reading> {
		const channel = channelOf(urn);
		if (channel === undefined) return;
		for await (const {index, entry} of reader.range(channel, fromMs, toMs)) {
			// They come in the order of the log: what follows was not folded either.
			if (index >= size()) return;
			if (entry[0] !== kinds.reading) continue;
			yield readReading(viewOf(entry), 0, index);
		}
	}
	return {
		readings,
		before: async (urn, timeMs) => {
			const channel = channelOf(urn);
			if (channel === undefined) return undefined;
			// Nearly always the newest entry is a reading that was folded; else look further and further back.
			const newest = await reader.at(channel, timeMs);
			if (newest === undefined) return undefined;
			if (newest.index < size() && newest.entry[0] === kinds.reading) return readReading(viewOf(newest.entry), 0, newest.index);
			for (let spanMs = 3_600_000; ; spanMs *= 8) {
				let best: Reading | undefined;
				for await (const reading of readings(urn, Math.max(0, timeMs - spanMs), timeMs))
					if (best === undefined || timeOf(reading) >= timeOf(best)) best = reading;
				if (best !== undefined || spanMs > timeMs) return best;
			}
		},
		corrects: async (_urn, {index}) => {
			const arrival = decodeArrival((await reader.source(index)).record);
			return arrival && correctionOf(arrival)?.corrects.number;
		},
	};
}

/** Lets ledgers follow the log that a reader reads, with their rows at a path. Only one process may: fails with LOG_LOCKED. */
export async function openFollowing(options: {
	readonly path: string;
	readonly reader: LogReader;
	readonly ledgers: readonly Ledger[];
	readonly openDatabase: typeof OpenDatabase;
	readonly takeProcessLock: typeof TakeProcessLock;
}): Promise<Following> {
	const {reader, ledgers} = options;
	const lock = await options.takeProcessLock(`${options.path}.lock`);
	let store: LedgerStore | undefined;
	try {
		store = await openLedgerStore({path: options.path, origin: reader.origin, ledgers, openDatabase: options.openDatabase});
		return await follow(reader, ledgers, store, lock);
	} catch (error) {
		await store?.[Symbol.asyncDispose]();
		await lock[Symbol.asyncDispose]();
		throw error;
	}
}

async function follow(
	reader: LogReader,
	ledgers: readonly Ledger[],
	store: LedgerStore,
	lock: Awaited<ReturnType<typeof TakeProcessLock>>,
): Promise<Following> {
	const byUrn = new Map<string, Channel>();
	const past: Past = pastOf(
		reader,
		urn => byUrn.get(urn),
		() => fold.size(),
	);
	const fold: Fold = createFold({ledgers, rowsOf: store.rowsOf, past, at: store.cursor()});
	await fold.open();
	const enrolNew = async (): Promise<void> => {
		for (const channel of await reader.channels()) {
			if (byUrn.has(channel.urn)) continue;
			byUrn.set(channel.urn, channel);
			fold.enrol(channel.subject, channel.urn);
		}
	};
	await enrolNew();

	let [sinceCommit, steps] = [0, 0];
	const commit = async (): Promise<void> => {
		const logTimeMs = fold.logTimeMs();
		if (logTimeMs === undefined) return;
		await fold.save();
		await store.commit({origin: reader.origin, size: fold.size(), logTimeMs});
		[sinceCommit, steps] = [0, 0];
	};

	const step = async (entriesMax: number, to = Number.MAX_SAFE_INTEGER): Promise<number> => {
		const size = Math.min(to, (await reader.head())?.size ?? 0);
		const first = await reader.first();
		let left = entriesMax;
		while (fold.size() < size && left > 0) {
			// What was pruned is in the rows already, or in no ledger: they begin where the log begins.
			const begin = Math.max(fold.size(), first);
			const end = Math.min(size, begin + Math.min(chunkEntries, left));
			const entries = await reader.entries(begin, end);
			for (let at = 0; at < entries.length; at += entryLength)
				if (entries[at] === kinds.enrolment) {
					await enrolNew();
					break;
				}
			await fold.take(entries, begin, async index => (await reader.source(index)).record);
			left -= end - begin;
			sinceCommit += end - begin;
			if (store.pending() >= rowsPendingMax || sinceCommit >= entriesPerCommit) await commit();
		}
		steps += 1;
		return size - fold.size();
	};

	/** One at a time: an answer sees whole steps. */
	let last: Promise<unknown> = Promise.resolve();
	const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
		const done = last.then(task);
		last = done.catch(() => {});
		return done;
	};
	const caughtUp = async (): Promise<void> => {
		while ((await step(entriesPerCommit)) > 0);
		await fold.save();
	};

	return {
		step: (entriesMax = entriesPerCommit) =>
			inTurn(async () => {
				const behind = await step(entriesMax);
				if (sinceCommit > 0 && steps >= stepsPerCommit) await commit();
				return behind;
			}),
		catchUp: async ({to, onProgress} = {}) => {
			for (;;) {
				const behind = await inTurn(() => step(entriesPerCommit, to));
				onProgress?.(fold.size(), fold.size() + behind);
				if (behind <= 0) break;
			}
			await inTurn(commit);
		},
		size: fold.size,
		problem: statement =>
			inTurn(async () => {
				await caughtUp();
				for (const ledger of ledgers) {
					const problem = await ledger.problem(statement, store.rowsOf(ledger));
					if (problem !== undefined) return problem;
				}
				return undefined;
			}),
		answer: question =>
			inTurn(async () => {
				await caughtUp();
				for (const ledger of ledgers) {
					const answer = await ledger.answer(question, past, store.rowsOf(ledger));
					if (answer !== undefined) return {ledger: ledger.name, version: ledger.version, size: fold.size(), answer};
				}
				return undefined;
			}),
		basis: question =>
			inTurn(async () => {
				await caughtUp();
				for (const ledger of ledgers) {
					const basis = await ledger.basis(question, store.rowsOf(ledger));
					if (basis !== undefined) return basis;
				}
				return undefined;
			}),
		look: (entriesMax, look) => inTurn(async () => look(await step(entriesMax))),
		rowsOf: name => {
			const ledger = ledgers.find(one => one.name === name);
			if (ledger === undefined) throw new AgentError('ARGUMENT_INVALID', `there is no ledger ${name}`);
			return store.rowsOf(ledger);
		},
		digest: () =>
			inTurn(async () => {
				await commit();
				return {size: fold.size(), digest: await store.digest()};
			}),
		exportTo: path =>
			inTurn(async () => {
				await commit();
				await store.exportTo(path);
			}),
		[Symbol.asyncDispose]: async () => {
			// What cannot be written now is folded again.
			await inTurn(commit).catch(() => {});
			await store[Symbol.asyncDispose]();
			await lock[Symbol.asyncDispose]();
		},
	};
}
