// Counts an answer anew from the entries of a package alone, with rows in memory: what its maker and its verifier do, and must come to the same.

import {viewOf} from '../base/bytes.ts';
import {entryLength, qualities} from '../format/entry.ts';
import type {Recount} from '../format/evidence-package.ts';
import {createSubjectTable} from '../format/subject-table.ts';
import {createFold} from './fold.ts';
import type {Ledger, Question} from './ledger.ts';
import {createReadingsStore, isReadingAt, pastOfStore} from './readings-store.ts';
import {createMemoryRows} from './rows.ts';

/** These ledgers, new, on this question. */
export function createRecount(ledgers: readonly Ledger[], question: Question): Recount {
	const subjects = createSubjectTable();
	const places = new Map<string, number>();
	const store = createReadingsStore();
	const corrected = new Map<number, number>();
	const rows = new Map(ledgers.map(ledger => [ledger, createMemoryRows()]));
	const past = pastOfStore(
		store,
		urn => places.get(urn),
		() => fold.size(),
		index => corrected.get(index),
	);
	const fold = createFold({ledgers, rowsOf: ledger => rows.get(ledger)!, past});
	return {
		enrol: (subject, urn) => {
			places.set(urn, subjects.add(subject));
			fold.enrol(subject, urn);
			// Some ledgers only want to know that there is such a channel.
			for (const ledger of ledgers) ledger.wants(urn);
		},
		take: async (entries, indexes, {bodyOf, correctsOf}) => {
			const view = viewOf(entries);
			for (let i = 0; i < indexes.length; i += 1) {
				if (!isReadingAt(view, i)) continue;
				const place = subjects.find(view, i * entryLength);
				if (place < 0) continue;
				store.add(place, view, i * entryLength, indexes[i]!);
				if (!isCorrectionAt(view, i)) continue;
				const number = correctsOf(indexes[i]!);
				if (number !== undefined) corrected.set(indexes[i]!, number);
			}
			await fold.take(entries, indexes, async index => bodyOf(index));
		},
		basis: async () => {
			await fold.save();
			for (const ledger of ledgers) {
				const basis = await ledger.basis(question, rows.get(ledger)!);
				if (basis !== undefined) return basis;
			}
			return undefined;
		},
		answer: async () => {
			await fold.save();
			for (const ledger of ledgers) {
				const answer = await ledger.answer(question, past, rows.get(ledger)!);
				if (answer !== undefined) return {ledger: ledger.name, version: ledger.version, answer};
			}
			return undefined;
		},
	};
}

function isCorrectionAt(view: DataView, i: number): boolean {
	return (view.getUint8(i * entryLength + 53) & (qualities.correction >> 16)) !== 0;
}
