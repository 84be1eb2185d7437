// What every fault is: something that is done to a real agent, many times, and a count of what that cost.

import type {Chance} from '../../sim/seed.ts';

/** What a fault did and what was lost by it. */
export type Tally = {
	/** How often it was done. */
	readonly done: number;
	/** Readings that the agent acknowledged and the log then did not hold. A log that no longer opens has lost all of them. */
	readonly lostAcknowledged: number;
	/** Readings that the log held more often than they were sent. */
	readonly twice: number;
	/** Signed heads seen outside that the log then contradicted or no longer reached. */
	readonly forks: number;
	/** Acknowledged readings that were looked for, all examinations together. */
	readonly looked: number;
	/** Times that a look found something wrong: any of the above, an audit with problems, a log that does not open. */
	readonly bad: number;
	/** A sentence for each of the first things that were wrong. */
	readonly problems: readonly string[];
	/** What else was seen, for the report. */
	readonly notes: readonly string[];
};

export type Ground = {
	readonly count: number;
	readonly seed: string;
	/** Chance of its own for each purpose, fixed by the seed. */
	readonly chance: (purpose: string) => Chance;
	/** An empty folder that goes at the end. Its path is short enough for a Unix socket. */
	readonly folder: string;
	/** Tells how far it is. */
	readonly say: (sentence: string) => void;
	/** Runs at the end, newest first, whatever happens. */
	readonly defer: (close: () => Promise<void> | void) => void;
};

export type Fault = {
	readonly name: string;
	/** One sentence for the report. */
	readonly about: string;
	/** What `count` counts, in the plural. */
	readonly unit: string;
	/** Names of programs in packages.ts. */
	readonly programs: readonly string[];
	/** @default how often it is done */
	readonly count: number;
	readonly quickCount: number;
	/** A control run takes a safeguard away and MUST lose something, or the harness does not bite. */
	readonly isControl: boolean;
	readonly run: (ground: Ground) => Promise<Tally>;
};

const problemsMax = 20;

/** Adds up what single examinations found. */
export type Adding = {
	readonly add: (found: Partial<Omit<Tally, 'notes' | 'bad'>>) => void;
	readonly note: (sentence: string) => void;
	readonly tally: () => Tally;
};

export function createAdding(): Adding {
	const sum = {done: 0, lostAcknowledged: 0, twice: 0, forks: 0, looked: 0, bad: 0};
	const problems: string[] = [];
	const notes: string[] = [];
	return {
		add: found => {
			sum.done += found.done ?? 0;
			sum.lostAcknowledged += found.lostAcknowledged ?? 0;
			sum.twice += found.twice ?? 0;
			sum.forks += found.forks ?? 0;
			sum.looked += found.looked ?? 0;
			const sentences = found.problems ?? [];
			if (sentences.length > 0) sum.bad += 1;
			problems.push(...sentences.slice(0, Math.max(0, problemsMax - problems.length)));
		},
		note: sentence => {
			notes.push(sentence);
		},
		tally: () => ({...sum, problems, notes}),
	};
}
