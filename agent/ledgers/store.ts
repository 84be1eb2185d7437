// Keeps the rows of all ledgers in ledgers.db, with the place in the log that they stand for in the same transaction. It may be deleted, and is then made again from the log.

import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import type {Database, openDatabase as OpenDatabase} from '../base/sqlite.ts';
import type {Ledger, Rows} from './ledger.ts';

/** How far the rows go: all entries below `size` of the log of that origin are in them. */
export type Cursor = {
	readonly origin: string;
	readonly size: number;
	/** When the entry before arrived: says at which next entry ledgers tick. 0 in front of the first. */
	readonly logTimeMs: number;
};

export type LedgerStore = {
	/** undefined: nothing was folded yet, or what there was came from other ledgers, or another log, and is gone. */
	readonly cursor: () => Cursor | undefined;
	readonly rowsOf: (ledger: Pick<Ledger, 'name'>) => Rows;
	/** Rows that were put since the last commit. */
	readonly pending: () => number;
	/** Writes all that was put or removed, and the cursor: after a power cut both are there, or neither. */
	readonly commit: (cursor: Cursor) => Promise<void>;
	/** SHA-256 over all rows in their order, in hexadecimal: equal where the accounts are. `commit` MUST have been called. */
	readonly digest: () => Promise<string>;
	/** Writes a copy whose bytes follow from the rows and the cursor alone: two that are equal are equal byte for byte. Fails if there is a file. */
	readonly exportTo: (path: string) => Promise<void>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

const schema = `
CREATE TABLE rows (ledger TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (ledger, key)) STRICT, WITHOUT ROWID;
CREATE TABLE cursor (one INTEGER PRIMARY KEY CHECK (one = 1), versions TEXT NOT NULL, origin TEXT NOT NULL, size INTEGER NOT NULL, logTimeMs INTEGER NOT NULL) STRICT;`;

/** Rows of one statement; also a page when they are read. */
const rowsPerStatement = 512;

/** Removed, but not written yet. */
const gone = Symbol('gone');

/** Opens the ledgers' rows at a path, made if there is none. Rows of other versions of the ledgers, or of another log, are dropped. */
export async function openLedgerStore(options: {
	readonly path: string;
	readonly origin: string;
	readonly ledgers: readonly Pick<Ledger, 'name' | 'version'>[];
	readonly openDatabase: typeof OpenDatabase;
}): Promise<LedgerStore> {
	const {path, origin} = options;
	const versions = JSON.stringify(Object.fromEntries(options.ledgers.map(({name, version}) => [name, version])));
	// What is here can be made again, so a power cut may take the newest of it: rows and cursor together.
	const open = (mode: 'create' | 'write'): Promise<Database> => options.openDatabase({path, mode, synchronous: 'NORMAL'});
	let database = await open(existsSync(path) ? 'write' : 'create');
	const tables = await database.all<{name: string}>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'cursor'");
	if (tables.length === 0) {
		await database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
		await database[Symbol.asyncDispose]();
		database = await open('write');
	}
	const [found] = await database.all<{versions: string; origin: string; size: number; logTimeMs: number}>('SELECT * FROM cursor');
	let cursor = found?.versions === versions && found.origin === origin ? {origin, size: found.size, logTimeMs: found.logTimeMs} : undefined;
	if (cursor === undefined)
		await database.transaction(async ({run}) => {
			await run('DELETE FROM rows');
			await run('DELETE FROM cursor');
		});

	const changed = new Map<string, Map<string, string | typeof gone>>();
	const changedOf = (name: string): Map<string, string | typeof gone> => {
		let of = changed.get(name);
		if (of === undefined) {
			of = new Map();
			changed.set(name, of);
		}
		return of;
	};

	const rowsOf = ({name}: Pick<Ledger, 'name'>): Rows => {
		const own = changedOf(name);
		return {
			get: async key => {
				const fresh = own.get(key);
				if (fresh !== undefined) return fresh === gone ? undefined : fresh;
				const [row] = await database.all<{body: string}>('SELECT body FROM rows WHERE ledger = ? AND key = ?', [name, key]);
				return row?.body;
			},
			async *range(from, below) {
				const fresh = [...own.keys()].filter(key => key >= from && key < below).sort();
				let at = 0;
				let next = from;
				for (let more = true; more; ) {
					// SQLite compares UTF-8, JavaScript UTF-16: the same order for keys of ASCII, which all of ours are.
					const page = await database.all<{key: string; body: string}>(
						'SELECT key, body FROM rows WHERE ledger = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?',
						[name, next, below, rowsPerStatement],
					);
					more = page.length === rowsPerStatement;
					if (more) next = `${page.at(-1)!.key}\0`;
					for (const row of page) {
						for (; at < fresh.length && fresh[at]! < row.key; at += 1) yield* freshRow(own, fresh[at]!);
						if (fresh[at] === row.key) {
							yield* freshRow(own, fresh[at]!);
							at += 1;
						} else yield row;
					}
				}
				for (; at < fresh.length; at += 1) yield* freshRow(own, fresh[at]!);
			},
			put: (key, body) => void own.set(key, body),
			remove: key => void own.set(key, gone),
		};
	};

	return {
		cursor: () => cursor,
		rowsOf,
		pending: () => [...changed.values()].reduce((sum, {size}) => sum + size, 0),
		commit: async to => {
			await database.transaction(async ({run}) => {
				for (const [name, own] of changed) {
					const put: [string, string][] = [];
					const removed: string[] = [];
					for (const [key, body] of own) {
						if (body === gone) removed.push(key);
						else put.push([key, body]);
					}
					for (let i = 0; i < put.length; i += rowsPerStatement)
						await run(
							`INSERT INTO rows (ledger, key, body) SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2) WHERE true
							ON CONFLICT (ledger, key) DO UPDATE SET body = excluded.body`,
							[name, JSON.stringify(put.slice(i, i + rowsPerStatement))],
						);
					for (let i = 0; i < removed.length; i += rowsPerStatement)
						await run('DELETE FROM rows WHERE ledger = ?1 AND key IN (SELECT value FROM json_each(?2))', [
							name,
							JSON.stringify(removed.slice(i, i + rowsPerStatement)),
						]);
				}
				await run(
					`INSERT INTO cursor (one, versions, origin, size, logTimeMs) VALUES (1, ?1, ?2, ?3, ?4)
					ON CONFLICT (one) DO UPDATE SET versions = ?1, origin = ?2, size = ?3, logTimeMs = ?4`,
					[versions, to.origin, to.size, to.logTimeMs],
				);
			});
			for (const own of changed.values()) own.clear();
			cursor = to;
		},
		digest: async () => {
			const hash = createHash('sha256');
			for (const {name} of [...options.ledgers].sort((a, b) => (a.name < b.name ? -1 : 1)))
				for await (const {key, body} of rowsOf({name}).range('', '\u{10ffff}')) hash.update(`${JSON.stringify([name, key, body])}\n`);
			return hash.digest('hex');
		},
		exportTo: async target => {
			if (existsSync(target)) throw new RangeError(`${target} is there already`);
			await database.exec(`VACUUM INTO '${target.replaceAll("'", "''")}'`);
		},
		[Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
	};
}

function* freshRow(own: ReadonlyMap<string, string | typeof gone>, key: string): Iterable<{readonly key: string; readonly body: string}> {
	const body = own.get(key);
	if (typeof body === 'string') yield {key, body};
}
