// Finds the place of a subject among many, where its 32 bytes lie in a packed entry.

import {viewOf} from '../base/bytes.ts';
import {subjectRange} from './entry.ts';

const subjectLength = subjectRange.end - subjectRange.begin;

export type SubjectTable = {
	/** The place of a subject, from 0 in the order in which they were added; one that is there already keeps its place. */
	readonly add: (subject: Uint8Array) => number;
	/** The place of the subject of the entry that begins at `offset`; −1 if it was not added. `view` is a view of the packed entries. */
	readonly find: (view: DataView, offset: number) => number;
	readonly count: () => number;
	/** A copy of the subject at a place. */
	readonly at: (place: number) => Uint8Array;
};

/** Subjects are hashes, so their first bytes scatter them well enough; whoever grinds for equal ones makes his own entries slow. */
export function createSubjectTable(): SubjectTable {
	let packed = new Uint8Array(64 * subjectLength);
	let packedView = viewOf(packed);
	/** Place and one by first bytes, zero where nothing is; never more than half full, so that a search ends. */
	let slots = new Int32Array(256);
	let count = 0;

	const isAt = (place: number, view: DataView, begin: number): boolean => {
		const own = place * subjectLength;
		for (let i = 0; i < subjectLength; i += 4) if (packedView.getInt32(own + i) !== view.getInt32(begin + i)) return false;
		return true;
	};

	/** The slot that a subject has, or would get. */
	const slotOf = (view: DataView, begin: number): number => {
		const mask = slots.length - 1;
		let slot = view.getUint32(begin) & mask;
		for (;;) {
			const taken = slots[slot]!;
			if (taken === 0 || isAt(taken - 1, view, begin)) return slot;
			slot = (slot + 1) & mask;
		}
	};

	const grow = (): void => {
		if ((count + 1) * subjectLength > packed.length) {
			const grown = new Uint8Array(packed.length * 2);
			grown.set(packed);
			packed = grown;
			packedView = viewOf(packed);
		}
		if ((count + 1) * 2 <= slots.length) return;
		slots = new Int32Array(slots.length * 2);
		for (let place = 0; place < count; place += 1) slots[slotOf(packedView, place * subjectLength)] = place + 1;
	};

	return {
		add: subject => {
			grow();
			const slot = slotOf(viewOf(subject), 0);
			const taken = slots[slot]!;
			if (taken !== 0) return taken - 1;
			packed.set(subject, count * subjectLength);
			count += 1;
			slots[slot] = count;
			return count - 1;
		},
		find: (view, offset) => slots[slotOf(view, offset + subjectRange.begin)]! - 1,
		count: () => count,
		at: place => packed.slice(place * subjectLength, (place + 1) * subjectLength),
	};
}
