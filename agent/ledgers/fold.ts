// Folds a stream of entries into a set of ledgers: hands each one what it follows, and lets them settle at moments that the log alone determines.

import {readUint48, viewOf} from '../base/bytes.ts';
import {entryLength, kinds, noteKinds, outlineEntry, type StatementKind, statementKinds} from '../format/entry.ts';
import {decodeStatement} from '../format/statement.ts';
import {createSubjectTable} from '../format/subject-table.ts';
import type {ChannelNote, Ledger, Past, Reading, Rows} from './ledger.ts';

/** Ledgers settle when the agent's clock enters another hour. */
const tickMs = 3_600_000;

export type FoldOptions = {
	readonly ledgers: readonly Ledger[];
	readonly rowsOf: (ledger: Ledger) => Rows;
	/** What was folded before: never more than `size()` says. */
	readonly past: Past;
	/** Where the rows stand: how many entries of the log were folded into them, and when the last of these arrived. @default nothing was folded */
	readonly at?: {readonly size: number; readonly logTimeMs: number} | undefined;
};

/** What a statement came from, by its index; undefined where it is not there, which says nothing to any ledger. */
export type BodyOf = (index: number) => Promise<Uint8Array | undefined>;

export type Fold = {
	/** Opens the ledgers. @default the first `take` or `save` does it */
	readonly open: () => Promise<void>;
	/**
	 * Folds packed entries in the order of the log. Their indexes rise, and are not below `size()`: a number says that they follow one another from there. Bodies are asked for
	 * statements only. Not to be called again before it is done.
	 */
	readonly take: (entries: Uint8Array, indexes: number | ArrayLike<number>, bodyOf: BodyOf) => Promise<void>;
	/** Says under which URN a subject stands. MUST come before its entries; what stands under a subject that was not named is passed over. */
	readonly enrol: (subject: Uint8Array, urn: string) => void;
	/** The index behind the last entry that was folded. While ledgers settle, that of the entry that is folded next. */
	readonly size: () => number;
	/** When the last entry that was folded arrived; undefined before the first. */
	readonly logTimeMs: () => number | undefined;
	/** Lets every ledger write what it knows. */
	readonly save: () => Promise<void>;
};

/** What is known of a subject. Which ledgers want it may be another answer after each statement. */
type Followed = {readonly urn: string; wanting: readonly Ledger[]; generation: number};

const statementNames = new Map<number, StatementKind>(Object.entries(statementKinds).map(([name, code]) => [code, name as StatementKind]));
const nobody: readonly Ledger[] = [];

export function createFold({ledgers, rowsOf, past, at}: FoldOptions): Fold {
	const subjects = createSubjectTable();
	/** By their place in the table. */
	const followed: Followed[] = [];
	let generation = 1;
	let size = at?.size ?? 0;
	let logTimeMs = at?.logTimeMs;
	let opened: Promise<void> | undefined;

	const open = (): Promise<void> => {
		opened ??= (async () => {
			for (const ledger of ledgers) await ledger.open(rowsOf(ledger));
		})();
		return opened;
	};

	const tick = async (index: number, arrivedAtMs: number): Promise<void> => {
		size = index;
		for (const ledger of ledgers) await ledger.tick({logTimeMs: arrivedAtMs, size: index}, past, rowsOf(ledger));
	};

	const wantingOf = (one: Followed): readonly Ledger[] => {
		if (one.generation !== generation) {
			const wanting = ledgers.filter(ledger => ledger.wants(one.urn));
			one.wanting = wanting.length === 0 ? nobody : wanting;
			one.generation = generation;
		}
		return one.wanting;
	};

	const state = async (one: Followed, index: number, view: DataView, offset: number, bodyOf: BodyOf): Promise<void> => {
		const says = statementNames.get(view.getUint16(offset + 50));
		if (says === undefined) return;
		const bytes = await bodyOf(index);
		const body = bytes && decodeStatement(bytes);
		if (body === undefined) return;
		const {number, arrivedAtMs} = outlineEntry(view, offset);
		const statement = {says, urn: one.urn, body, value: view.getBigInt64(offset + 56), index, number, statedAtMs: arrivedAtMs};
		for (const ledger of ledgers) ledger.state(statement);
		generation += 1;
	};

	return {
		open,
		enrol: (subject, urn) => {
			if (subjects.add(subject) === followed.length) followed.push({urn, wanting: nobody, generation: 0});
		},
		size: () => size,
		logTimeMs: () => logTimeMs,
		take: async (entries, indexes, bodyOf) => {
			await open();
			const count = entries.length / entryLength;
			const view = viewOf(entries);
			/** The hour of the entry before, both ends; empty before the first of all. */
			let [hourBegin, hourEnd] = [0, 0];
			const enter = (timeMs: number): void => {
				hourBegin = timeMs - (timeMs % tickMs);
				hourEnd = hourBegin + tickMs;
			};
			if (logTimeMs !== undefined) enter(logTimeMs);
			for (let i = 0; i < count; i += 1) {
				const offset = i * entryLength;
				const index = typeof indexes === 'number' ? indexes + i : indexes[i]!;
				if (!(index >= size)) throw new Error(`entry ${index} was folded already: ${size} were`);
				const arrivedAtMs = readUint48(view, offset + 70);
				if (arrivedAtMs < hourBegin || arrivedAtMs >= hourEnd) {
					if (logTimeMs !== undefined) await tick(index, arrivedAtMs);
					enter(arrivedAtMs);
				}
				const place = subjects.find(view, offset);
				if (place >= 0) {
					const one = followed[place]!;
					const kind = view.getUint8(offset);
					if (kind === kinds.reading) {
						const wanting = one.generation === generation ? one.wanting : wantingOf(one);
						if (wanting.length > 0) {
							const reading = readReading(view, offset, index, arrivedAtMs);
							for (let k = 0; k < wanting.length; k += 1) wanting[k]!.read(one.urn, reading);
						}
					} else if (kind === kinds.note) {
						const note = readNote(view, offset, index);
						if (note !== undefined) for (const ledger of wantingOf(one)) ledger.note(one.urn, note);
					} else if (kind === kinds.statement) await state(one, index, view, offset, bodyOf);
				}
				size = index + 1;
				logTimeMs = arrivedAtMs;
			}
		},
		save: async () => {
			await open();
			for (const ledger of ledgers) await ledger.save(past, rowsOf(ledger));
		},
	};
}

/** The reading at an offset of packed entries. */
export function readReading(view: DataView, offset: number, index: number, arrivedAtMs: number = readUint48(view, offset + 70)): Reading {
	return {
		index,
		number: readUint48(view, offset + 76),
		quantity: view.getUint16(offset + 50),
		exponent: view.getInt8(offset + 52),
		quality: view.getUint8(offset + 53) * 0x1_0000 + view.getUint16(offset + 54),
		value: view.getBigInt64(offset + 56),
		measuredAtMs: readUint48(view, offset + 64),
		arrivedAtMs,
		span: view.getUint32(offset + 82),
	};
}

/** A gap or a silence at an offset of packed entries; undefined for any other note. */
function readNote(view: DataView, offset: number, index: number): ChannelNote | undefined {
	const {quantity, number, measuredAtMs, arrivedAtMs} = outlineEntry(view, offset);
	const note = quantity === noteKinds.gap ? 'gap' : quantity === noteKinds.silence ? 'silence' : undefined;
	return note && {note, index, number, value: view.getBigInt64(offset + 56), atMs: measuredAtMs === 0 ? arrivedAtMs : measuredAtMs};
}
