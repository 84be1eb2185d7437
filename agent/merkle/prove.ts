// Says which ranges of leaves make up a proof, so that whoever stores hashes can look them up and fold them.

import {type Range, splitPoint} from './tree.ts';

/** PATH(index, D_size) [RFC 9162 §2.1.3.1]: the ranges whose MTH make the inclusion proof, in the proof's order. Needs index < size. */
export function inclusionRanges(index: number, size: number): Range[] {
	const ranges: Range[] = [];
	let begin = 0;
	let end = size;
	while (end - begin > 1) {
		const middle = begin + splitPoint(end - begin);
		if (index < middle) {
			ranges.push({begin: middle, end});
			end = middle;
		} else {
			ranges.push({begin, end: middle});
			begin = middle;
		}
	}
	return ranges.reverse();
}

/** PROOF(first, D_second) [RFC 9162 §2.1.4.1]: the ranges whose MTH make the consistency proof. Needs 0 < first ≤ second; equal sizes give none. */
export function consistencyRanges(first: number, second: number): Range[] {
	const ranges: Range[] = [];
	let begin = 0;
	let end = second;
	// True while the old tree is the whole of what lies left of `end`: then its root is known to the verifier.
	let whole = true;
	while (first !== end) {
		const middle = begin + splitPoint(end - begin);
		if (first <= middle) {
			ranges.push({begin: middle, end});
			end = middle;
		} else {
			ranges.push({begin, end: middle});
			begin = middle;
			whole = false;
		}
	}
	if (!whole) ranges.push({begin, end});
	return ranges.reverse();
}
