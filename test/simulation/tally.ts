// Adds up runs: how much of everything was done, and which seeds broke which promise.
import {type FaultKind, faultKinds} from './fault.ts';
import type {RunResult} from './run.ts';

export type Broken = {readonly seed: string; readonly invariant: string; readonly sentence: string; readonly steps: number};

export type Tally = {
	readonly seeds: number;
	readonly steps: number;
	readonly virtualMs: number;
	readonly counts: Readonly<Record<string, number>>;
	readonly broken: readonly Broken[];
};

export const nothing: Tally = {seeds: 0, steps: 0, virtualMs: 0, counts: {}, broken: []};

export function tallyOf({seed, steps, virtualMs, counts, violation}: RunResult): Tally {
	const broken = violation === undefined ? [] : [{seed, steps, ...violation}];
	return {seeds: 1, steps, virtualMs, counts: Object.fromEntries(counts), broken};
}

export function add(a: Tally, b: Tally): Tally {
	const names = new Set([...Object.keys(a.counts), ...Object.keys(b.counts)]);
	return {
		seeds: a.seeds + b.seeds,
		steps: a.steps + b.steps,
		virtualMs: a.virtualMs + b.virtualMs,
		counts: Object.fromEntries([...names].sort().map(name => [name, (a.counts[name] ?? 0) + (b.counts[name] ?? 0)])),
		broken: [...a.broken, ...b.broken],
	};
}

/** Kinds of faults that never happened: whatever they would have found was not looked for. */
export function neverHappened(tally: Tally): FaultKind[] {
	return (Object.keys(faultKinds) as FaultKind[]).filter(kind => (tally.counts[`fault ${kind}`] ?? 0) === 0);
}

/** A few lines for a person. */
export function formatTally(tally: Tally): string {
	const {counts} = tally;
	const number = (name: string): string => (counts[name] ?? 0).toLocaleString('en');
	const faults = (Object.keys(faultKinds) as FaultKind[]).map(kind => `${kind} ${number(`fault ${kind}`)}`);
	return [
		`${tally.seeds.toLocaleString('en')} seeds, ${tally.steps.toLocaleString('en')} steps, ${(tally.virtualMs / 3_600_000).toFixed(1)} virtual hours`,
		`${number('sent')} messages sent, ${number('acknowledged')} acknowledged (${number('refused')} of them refusals, ${number('acknowledged to a broker')} to a broker of yours), ${number('entries')} entries, ${number('starts')} starts, ${number('anchors')} anchors, ${number('restores')} restores, ${number('clone lost')} copies and ${number('original lost')} originals frozen, ${number('proofs')} proofs checked`,
		`faults: ${faults.join(', ')}`,
	].join('\n');
}
