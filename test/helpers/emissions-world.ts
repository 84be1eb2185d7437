// A log in memory with what is stated of sites and factors and what their channels measure, folded by the emissions ledger as a fold does it.

import {utf8, viewOf} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import type {Json} from '../../agent/format/document.ts';
import {encodeEntry, kinds, qualities, type StatementKind, statementKinds} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {encodeStatement, type StatementBody} from '../../agent/format/statement.ts';
import {parseChannelUrn} from '../../agent/format/subject.ts';
import {type EmissionsAnswer, emissionsOf} from '../../agent/ledgers/emissions/answer.ts';
import {createEmissionsLedger} from '../../agent/ledgers/emissions/emissions-ledger.ts';
import {createFold, type Fold, readReading} from '../../agent/ledgers/fold.ts';
import {type Basis, type Past, type Question, type Reading, timeOf} from '../../agent/ledgers/ledger.ts';
import {createMemoryRows, type MemoryRows} from '../../agent/ledgers/rows.ts';

export const hourMs = 3_600_000;

/** One entry of the log. */
type Logged = {
	readonly index: number;
	readonly urn: string;
	readonly number: number;
	readonly bytes: Uint8Array;
	readonly body: Uint8Array | undefined;
	readonly corrects: number | undefined;
	readonly timeMs: number;
};

export type ReadingDraft = {
	readonly value: bigint | number;
	readonly atMs: number;
	/** @default a second after it was measured */
	readonly arrivedAtMs?: number | undefined;
	readonly quality?: number | undefined;
	readonly span?: number | undefined;
	readonly exponent?: number | undefined;
	/** The number of the reading that it corrects. */
	readonly corrects?: number | undefined;
};

export type Folded = {
	readonly rows: MemoryRows;
	readonly answer: (question: Omit<Question, 'about'>) => Promise<EmissionsAnswer>;
	readonly basis: (question: Omit<Question, 'about'>) => Promise<Basis>;
	readonly problem: (says: StatementKind, urn: string, body: StatementBody, value?: bigint) => Promise<string | undefined>;
};

export type EmissionsWorld = {
	readonly state: (says: StatementKind, urn: string, body: StatementBody, arrivedAtMs: number, value?: bigint) => number;
	/** Gives its number. */
	readonly read: (urn: string, draft: ReadingDraft) => number;
	/** An entry of somebody else. */
	readonly other: (arrivedAtMs: number) => void;
	/** Folds all; `saves`: behind so many entries each it is written and taken up again by another ledger. */
	readonly fold: (saves?: readonly number[]) => Promise<Folded>;
	/** The world of whoever has only what an answer rests on, and of each channel the reading before. */
	readonly only: (basis: Basis) => EmissionsWorld;
	/** The world in which everything was stated first, and everything was read in the order in which it was measured. */
	readonly inOrder: () => EmissionsWorld;
	readonly size: () => number;
};

const subjectOf = (urn: string): Uint8Array => nodeHasher.sha256(utf8(urn));
const otherUrn = 'urn:kedge:agent:other';

export function createEmissionsWorld(logged: Logged[] = []): EmissionsWorld {
	const numbers = new Map<string, number>();
	const append = (
		urn: string,
		entry: Omit<Parameters<typeof encodeEntry>[0], 'salt' | 'subject' | 'source' | 'number'>,
		body?: Uint8Array,
		corrects?: number,
	): number => {
		// Number 1 is what an account is enrolled by.
		const number = (numbers.get(urn) ?? (urn.includes(':device:') ? 0 : 1)) + 1;
		numbers.set(urn, number);
		const bytes = encodeEntry({...entry, salt: new Uint8Array(16), subject: subjectOf(urn), source: new Uint8Array(32), number});
		const timeMs = timeOf({measuredAtMs: entry.measuredAtMs, arrivedAtMs: entry.arrivedAtMs});
		logged.push({index: logged.length, urn, number, bytes, body, corrects, timeMs});
		return number;
	};
	const plain = {exponent: 0, quality: 0, value: 0n, measuredAtMs: 0, span: 0};

	const foldAll = async (saves: readonly number[]): Promise<Folded> => {
		const rows = createMemoryRows();
		let size = 0;
		const byUrn = new Map<string, Logged[]>();
		for (const one of logged) {
			if (one.bytes[0] !== kinds.reading) continue;
			const among = byUrn.get(one.urn);
			if (among === undefined) byUrn.set(one.urn, [one]);
			else among.push(one);
		}
		const readingOf = ({bytes, index}: Logged): Reading => readReading(viewOf(bytes), 0, index);
		const past: Past = {
			readings: async function* (urn, fromMs, toMs) {
				for (const one of byUrn.get(urn) ?? []) if (one.index < size && one.timeMs >= fromMs && one.timeMs <= toMs) yield readingOf(one);
			},
			before: async (urn, timeMs) => {
				let best: Logged | undefined;
				for (const one of byUrn.get(urn) ?? [])
					if (one.index < size && one.timeMs <= timeMs && (best === undefined || one.timeMs >= best.timeMs)) best = one;
				return best && readingOf(best);
			},
			corrects: async (urn, reading) => byUrn.get(urn)?.find(({index}) => index === reading.index)?.corrects,
		};
		const bodies = new Map(logged.map(({index, body}) => [index, body]));
		let ledger = createEmissionsLedger();
		let fold: Fold | undefined;
		let at: {size: number; logTimeMs: number} | undefined;
		const open = (): Fold => {
			const opened: Fold = createFold({ledgers: [ledger], rowsOf: () => rows, past, at});
			for (const urn of new Set(logged.map(one => one.urn))) opened.enrol(subjectOf(urn), urn);
			return opened;
		};
		let next = 0;
		for (const end of [...saves, logged.length]) {
			fold = open();
			// One by one, so that the past knows where the fold is; the fold itself does not see a difference.
			for (; next < end; next += 1) {
				size = logged[next]!.index;
				await fold.take(logged[next]!.bytes, [logged[next]!.index], async index => bodies.get(index));
			}
			size = logged.length === 0 ? 0 : (logged[next - 1]?.index ?? -1) + 1;
			await fold.save();
			const logTimeMs = fold.logTimeMs();
			if (logTimeMs !== undefined) at = {size: fold.size(), logTimeMs};
			if (end < logged.length) ledger = createEmissionsLedger();
		}
		return {
			rows,
			answer: async question => emissionsOf((await ledger.answer({about: 'site', ...question}, past, rows)) as Json)!,
			basis: async question => (await ledger.basis({about: 'site', ...question}, rows))!,
			problem: (says, urn, body, value = 0n) => ledger.problem({says, urn, body, value}, rows),
		};
	};

	return {
		state: (says, urn, body, arrivedAtMs, value = 0n) =>
			append(urn, {...plain, kind: kinds.statement, quantity: statementKinds[says], arrivedAtMs, value}, encodeStatement(body)),
		read: (urn, {value, atMs, arrivedAtMs = atMs + 1000, quality = 0, span = 0, exponent = 0, corrects}) => {
			const {code} = quantityOfName(parseChannelUrn(urn)!.quantityName)!;
			const bits = corrects === undefined ? quality : quality | qualities.correction | qualities.substituted;
			const entry = {
				kind: kinds.reading,
				quantity: code,
				exponent,
				quality: bits,
				value: BigInt(value),
				measuredAtMs: atMs,
				arrivedAtMs,
				span,
			};
			return append(urn, entry, undefined, corrects);
		},
		other: arrivedAtMs => void append(otherUrn, {...plain, kind: kinds.note, quantity: 1, arrivedAtMs}),
		fold: (saves = []) => foldAll(saves),
		only: ({statements, channels}) => {
			const kept = new Set<Logged>();
			for (const one of logged) if (statements.includes(one.urn)) kept.add(one);
			for (const {urn, fromMs, toMs} of channels) {
				let before: Logged | undefined;
				for (const one of logged) {
					if (one.urn !== urn) continue;
					if (one.timeMs >= fromMs && one.timeMs <= toMs) kept.add(one);
					else if (one.timeMs < fromMs && (before === undefined || one.timeMs >= before.timeMs)) before = one;
				}
				if (before !== undefined) kept.add(before);
			}
			return createEmissionsWorld(logged.filter(one => kept.has(one)));
		},
		inOrder: () => {
			const statements = logged.filter(({bytes}) => bytes[0] === kinds.statement);
			const readings = logged.filter(({bytes}) => bytes[0] === kinds.reading);
			readings.sort((a, b) => a.timeMs - b.timeMs || a.index - b.index);
			return createEmissionsWorld([...statements, ...readings].map((one, index) => ({...one, index})));
		},
		size: () => logged.length,
	};
}
