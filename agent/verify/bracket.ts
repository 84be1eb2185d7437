// Says between which times something was appended to the log, and how far either bound was checked.

import {timeText} from './note-words.ts';

/** One bound on the time at which entries were appended. */
export type TimeBound = {
	/** ms since 1970. */
	readonly timeMs: number;
	/** What sets it: a block of a chain, or an authority's token. */
	readonly by:
		| {readonly kind: 'block'; readonly chainId: number; readonly blockNumber: number; readonly blockHash: string}
		| {readonly kind: 'timestamp'; readonly authority: string};
	/**
	 * pinned: by a block of the trust file. node: by a node of the chain that was asked. authority: by the token of an authority of the trust file. claimed: the file's word, checked by
	 * nobody.
	 */
	readonly checked: 'pinned' | 'node' | 'authority' | 'claimed';
};

/** Nothing bounds the time of measuring: these are bounds on when the log took it in. */
export type TimeBracket = {
	/** The last beacon in front of it: it was appended after that block was there. undefined: the file shows none. */
	readonly after: TimeBound | undefined;
	/** The earliest anchor that covers it: it was appended before. undefined: it names none. */
	readonly before: TimeBound | undefined;
};

const isChecked = ({checked}: TimeBound): boolean => checked !== 'claimed';

/** The earliest of those that were checked, else of those that were not. */
export function earliestBound(bounds: readonly TimeBound[]): TimeBound | undefined {
	const checked = bounds.filter(isChecked);
	const best = checked.length > 0 ? checked : bounds;
	return best.reduce<TimeBound | undefined>(
		(found, bound) => (found === undefined || bound.timeMs < found.timeMs ? bound : found),
		undefined,
	);
}

/** Undefined where there is no bound at all. */
export function bracketOf(after: TimeBound | undefined, before: TimeBound | undefined): TimeBracket | undefined {
	return after === undefined && before === undefined ? undefined : {after, before};
}

const checkedWords: Readonly<Record<TimeBound['checked'], string>> = {
	pinned: 'checked: the trust file has that block',
	node: 'checked with a node',
	authority: 'checked: the trust file has that authority',
	claimed: "not checked: the file's word",
};

function boundText({timeMs, by, checked}: TimeBound): string {
	const what = by.kind === 'block' ? `block ${by.blockNumber} of chain ${by.chainId}` : `the time stamp of ${by.authority}`;
	return `${timeText(timeMs)}, ${what} (${checkedWords[checked]})`;
}

/** The bracket for a person, one bound a row. */
export function bracketRows({after, before}: TimeBracket): [name: string, text: string][] {
	const rows: [name: string, text: string][] = [];
	if (after !== undefined) rows.push(['appended', `after ${boundText(after)}`]);
	if (before !== undefined) rows.push(['appended', `before ${boundText(before)}`]);
	// Chains and authorities have clocks of their own.
	if (after !== undefined && before !== undefined && isChecked(after) && isChecked(before) && after.timeMs > before.timeMs)
		rows.push(['', 'these bounds contradict each other: one of their clocks is wrong']);
	rows.push(['', 'nothing bounds the time of measuring']);
	return rows;
}
