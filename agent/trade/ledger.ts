// Keeps what follows from the log of a market: cleared slots, settled days, and the stream of events. It may be deleted, and is then made again from the log.

import {existsSync} from 'node:fs';
import type {Database, openDatabase as OpenDatabase, SqlRow} from '../base/sqlite.ts';

export type LedgerSlot = {readonly slot: number; readonly body: string};

export type LedgerDay = {
	readonly day: number;
	readonly round: number;
	/** JSON: header, totals, what the day was read from. */
	readonly body: string;
	/** Packed row leaves, and packed balance leaves. */
	readonly rows: Uint8Array;
	readonly balances: Uint8Array;
};

export type LedgerEvent = {
	readonly type: string;
	readonly atMs: number;
	readonly account: string | undefined;
	/** JSON. */
	readonly data: string;
};

export type Ledger = {
	readonly putSlot: (slot: LedgerSlot) => Promise<void>;
	readonly slot: (slot: number) => Promise<LedgerSlot | undefined>;
	readonly slots: (from: number, to: number) => Promise<LedgerSlot[]>;
	readonly putDay: (day: LedgerDay) => Promise<void>;
	readonly day: (day: number) => Promise<LedgerDay | undefined>;
	readonly newestDay: () => Promise<LedgerDay | undefined>;
	/** Sizes of the log by the slot in which they were seen: where to begin to read when a slot is looked at again. */
	readonly putMark: (slot: number, size: number) => Promise<void>;
	readonly markBefore: (slot: number) => Promise<number>;
	/** Adds events behind the newest, in one transaction; gives the sequence of the first. Events beyond the limit are dropped, the oldest first. */
	readonly addEvents: (events: readonly LedgerEvent[]) => Promise<number>;
	/** Events after a sequence; 'gap' if the next one is not there any more, or never was. */
	readonly eventsAfter: (sequence: number, limit: number) => Promise<readonly (LedgerEvent & {readonly sequence: number})[] | 'gap'>;
	readonly newestEvent: () => number;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Kept of a market: at ten a second, more than a week. */
export const eventsMax = 8_000_000;
/** Dropped at once, so that not every event has to drop one. */
const eventsDropped = 10_000;

const schema = `
CREATE TABLE slots (market TEXT NOT NULL, slot INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (market, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE days (
	market TEXT NOT NULL, day INTEGER NOT NULL, round INTEGER NOT NULL, body TEXT NOT NULL, rows BLOB NOT NULL, balances BLOB NOT NULL, PRIMARY KEY (market, day)
) STRICT;
CREATE TABLE marks (market TEXT NOT NULL, slot INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (market, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE events (
	market TEXT NOT NULL, sequence INTEGER NOT NULL, atMs INTEGER NOT NULL, type TEXT NOT NULL, account TEXT, data TEXT NOT NULL, PRIMARY KEY (market, sequence)
) STRICT, WITHOUT ROWID;`;

/** Opens the ledgers of a market at a path, made if there is none. */
export async function openLedger(options: {
	readonly path: string;
	readonly market: string;
	readonly openDatabase: typeof OpenDatabase;
}): Promise<Ledger> {
	const {path, market} = options;
	// What is here can be made again, so a power cut may take the newest of it.
	const open = (mode: 'create' | 'write'): Promise<Database> => options.openDatabase({path, mode, synchronous: 'NORMAL'});
	let database = existsSync(path) ? await open('write') : await open('create');
	const tables = await database.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'events'");
	if (tables.length === 0) {
		await database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
		await database[Symbol.asyncDispose]();
		database = await open('write');
	}
	const [newest] = await database.all<{sequence: number | null; oldest: number | null}>(
		'SELECT max(sequence) AS sequence, min(sequence) AS oldest FROM events WHERE market = ?',
		[market],
	);
	let newestEvent = newest?.sequence ?? 0;
	let oldestEvent = newest?.oldest ?? 1;
	const asSlot = ({slot, body}: SqlRow): LedgerSlot => ({slot: slot as number, body: body as string});
	const asDay = ({day, round, body, rows, balances}: SqlRow): LedgerDay => ({
		day: day as number,
		round: round as number,
		body: body as string,
		rows: rows as Uint8Array,
		balances: balances as Uint8Array,
	});
	const write = (sql: string, parameters: readonly (string | number | Uint8Array | null)[]): Promise<void> =>
		database.transaction(async statements => void (await statements.run(sql, parameters)));
	return {
		putSlot: ({slot, body}) =>
			write('INSERT INTO slots VALUES (?1, ?2, ?3) ON CONFLICT (market, slot) DO UPDATE SET body = ?3', [market, slot, body]),
		slot: async slot => (await database.all('SELECT slot, body FROM slots WHERE market = ? AND slot = ?', [market, slot])).map(asSlot)[0],
		slots: async (from, to) =>
			(await database.all('SELECT slot, body FROM slots WHERE market = ? AND slot BETWEEN ? AND ? ORDER BY slot', [market, from, to])).map(
				asSlot,
			),
		putDay: ({day, round, body, rows, balances}) =>
			write(
				'INSERT INTO days VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (market, day) DO UPDATE SET round = ?3, body = ?4, rows = ?5, balances = ?6',
				[market, day, round, body, rows, balances],
			),
		day: async day => (await database.all('SELECT * FROM days WHERE market = ? AND day = ?', [market, day])).map(asDay)[0],
		newestDay: async () => (await database.all('SELECT * FROM days WHERE market = ? ORDER BY day DESC LIMIT 1', [market])).map(asDay)[0],
		putMark: (slot, size) => write('INSERT INTO marks VALUES (?1, ?2, ?3) ON CONFLICT (market, slot) DO NOTHING', [market, slot, size]),
		markBefore: async slot => {
			const [row] = await database.all<{size: number}>('SELECT size FROM marks WHERE market = ? AND slot <= ? ORDER BY slot DESC LIMIT 1', [
				market,
				slot,
			]);
			return row?.size ?? 0;
		},
		addEvents: async events => {
			const first = newestEvent + 1;
			const rows = events.map(({type, atMs, account, data}, i) => [first + i, atMs, type, account ?? null, data]);
			await database.transaction(async ({run}) => {
				await run(
					`INSERT INTO events (market, sequence, atMs, type, account, data)
					SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?2)`,
					[market, JSON.stringify(rows)],
				);
				if (first + events.length - oldestEvent <= eventsMax + eventsDropped) return;
				oldestEvent = first + events.length - eventsMax;
				await run('DELETE FROM events WHERE market = ? AND sequence < ?', [market, oldestEvent]);
			});
			newestEvent = first + events.length - 1;
			return first;
		},
		eventsAfter: async (sequence, limit) => {
			if (sequence > newestEvent || sequence + 1 < oldestEvent) return 'gap';
			const rows = await database.all<{sequence: number; atMs: number; type: string; account: string | null; data: string}>(
				'SELECT sequence, atMs, type, account, data FROM events WHERE market = ? AND sequence > ? ORDER BY sequence LIMIT ?',
				[market, sequence, limit],
			);
			return rows.map(row => ({...row, account: row.account ?? undefined}));
		},
		newestEvent: () => newestEvent,
		[Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
	};
}
