// What a ledger is: a fold over the log that keeps an account, and everything that it may know.

import type {Json} from '../format/document.ts';
import type {StatementKind} from '../format/entry.ts';
import type {StatementBody} from '../format/statement.ts';

/** A statement as it stands in the log. */
export type Statement = {
	readonly says: StatementKind;
	/** Of what: `urn:kedge:site:ID` and the like. */
	readonly urn: string;
	readonly body: StatementBody;
	/** The entry's own value: what a contract can read of it. */
	readonly value: bigint;
	readonly index: number;
	/** Among the statements of the same URN, enrolment included: version 1 of a factor is number 2. */
	readonly number: number;
	/** ms since 1970 by the agent's clock. */
	readonly statedAtMs: number;
};

/** A reading as it stands in the log; see format/entry.ts. */
export type Reading = {
	readonly index: number;
	readonly number: number;
	/** Code in the quantity registry. */
	readonly quantity: number;
	/** The reading is value·10^exponent in the quantity's base unit. */
	readonly exponent: number;
	readonly quality: number;
	readonly value: bigint;
	/** The device's clock; 0 if it claims no time. */
	readonly measuredAtMs: number;
	readonly arrivedAtMs: number;
	readonly span: number;
};

/** When it was measured as far as anybody says: by the device's clock, else when it arrived. */
export function timeOf({measuredAtMs, arrivedAtMs}: Pick<Reading, 'measuredAtMs' | 'arrivedAtMs'>): number {
	return measuredAtMs === 0 ? arrivedAtMs : measuredAtMs;
}

/** A note on a channel: a jump of the device's own numbering, or its silence. Its body is not read. */
export type ChannelNote = {
	readonly note: 'gap' | 'silence';
	readonly index: number;
	readonly number: number;
	/** gap: how many numbers. silence: ms so far. */
	readonly value: bigint;
	readonly atMs: number;
};

/** What was folded before, for who has to look at a part of it again: readings that came late, channels that are followed only now. */
export type Past = {
	/** Readings of a channel with times (timeOf) from … to, both included, in the order of the log, none beyond what was folded so far. None if there is no such channel. */
	readonly readings: (urn: string, fromMs: number, toMs: number) => AsyncIterable<Reading>;
	/** The newest reading, by time and then by place, with a time not after `timeMs`; undefined if there is none. */
	readonly before: (urn: string, timeMs: number) => Promise<Reading | undefined>;
	/** The number of the entry that a correction (quality bit) stands in for; undefined if it does not say. */
	readonly corrects: (urn: string, reading: Reading) => Promise<number | undefined>;
};

/** What a ledger keeps: texts by key, in the order of their keys by UTF-16 code units. What was put is seen at once by `get` and `range`. */
export type Rows = {
	readonly get: (key: string) => Promise<string | undefined>;
	/** Keys from … to, the second excluded. */
	readonly range: (from: string, below: string) => AsyncIterable<{readonly key: string; readonly body: string}>;
	readonly put: (key: string, body: string) => void;
	readonly remove: (key: string) => void;
};

/** What somebody asks an account. Times are ms since 1970: from is included, to is not. */
export type Question = {
	readonly about: 'site' | 'shipment' | 'device' | 'certificates';
	readonly id: string;
	readonly fromMs: number;
	readonly toMs: number;
};

/** What an answer rests on: everything of these subjects up to the end of what was folded, or of a time. */
export type Basis = {
	/** Subjects of which every statement counts. */
	readonly statements: readonly string[];
	/** Channels with the times of the readings that count, both included. */
	readonly channels: readonly {readonly urn: string; readonly fromMs: number; readonly toMs: number}[];
};

/**
 * A ledger. It is a function of the log and of nothing else: no clock, no configuration, no chance, and not where one call to it ended and the next began. So it can be deleted and made
 * again to the same bytes, and a stranger with the same entries comes to the same account. It throws on no entry: what contradicts itself is shown as exactly that in its rows.
 */
export type Ledger = {
	/** Begins the keys of its rows. */
	readonly name: string;
	/** Another number here makes the rows of older programs anew. */
	readonly version: number;
	/** Takes up from its rows what it knew. Called once, first. */
	readonly open: (rows: Rows) => Promise<void>;
	/** Folds a statement. Whether it wants a channel may be another answer from here on. */
	readonly state: (statement: Statement) => void;
	/** Whether it reads a channel. What the channel had before it was wanted the ledger looks up in the past. */
	readonly wants: (urn: string) => boolean;
	/** Folds a reading of a wanted channel, in the order of the log. This is called a million times: no promise, no row. */
	readonly read: (urn: string, reading: Reading) => void;
	readonly note: (urn: string, note: ChannelNote) => void;
	/**
	 * Settles what is due. Called exactly when an entry is met whose arrival (arrivedAtMs) lies in another hour than that of the entry before it, before that entry is folded; so these
	 * moments are a matter of the log. `logTimeMs` is when that entry arrived, `size` how many entries were folded.
	 */
	readonly tick: (at: {readonly logTimeMs: number; readonly size: number}, past: Past, rows: Rows) => Promise<void>;
	/** Writes into rows all that it knows, so that `open` can take it up; called at any place, however often. Rows that `tick` writes MUST NOT depend on it. */
	readonly save: (past: Past, rows: Rows) => Promise<void>;
	/** Why a statement that somebody wants to make cannot stand, as a sentence; undefined if it can. Called before it is appended; `save` was called before. */
	readonly problem: (statement: Pick<Statement, 'says' | 'urn' | 'body' | 'value'>, rows: Rows) => Promise<string | undefined>;
	/** What a question of its sort rests on; undefined if it knows nothing of what is asked. `save` was called before. */
	readonly basis: (question: Question, rows: Rows) => Promise<Basis | undefined>;
	/** The answer, from its rows and what is not settled yet; undefined if it knows nothing of what is asked. `save` was called before. */
	readonly answer: (question: Question, past: Past, rows: Rows) => Promise<Json | undefined>;
};
