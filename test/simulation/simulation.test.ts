import test from 'ava';
import type {FaultKind} from './fault.ts';
import {createSimulation, type Mutant, type Simulation} from './run.ts';
import {found} from './seeds.ts';
import {add, formatTally, neverHappened, nothing, tallyOf} from './tally.ts';

/** Where the harness and its tests lie: what runs there is one world after the other. */
let simulation: Simulation;
test.before(async () => {
	simulation = await createSimulation();
});
test.after.always(() => simulation.close());

const seedsOfShortForm = 60;
/** Any change of the agent changes what happens in which seed. For a rare kind of fault this many are looked through. */
const seedsMax = 300;

test.serial('sixty seeds or more keep every promise, and meet every kind of fault', async t => {
	t.timeout(180_000);
	let tally = nothing;
	for (let seed = 0; seed < seedsOfShortForm || (seed < seedsMax && neverHappened(tally).length > 0); seed += 1)
		tally = add(tally, tallyOf(await simulation.run({seed: String(seed), steps: 500})));
	t.log(formatTally(tally));
	t.deepEqual(tally.broken, []);
	t.deepEqual(neverHappened(tally), []);
});

test.serial('a seed gives the same run every time', async t => {
	for (const seed of ['1', '2', '3', '5', '8']) {
		const [first, second] = [await simulation.run({seed, steps: 300}), await simulation.run({seed, steps: 300})];
		t.is(first.digest, second.digest, `seed ${seed}`);
		t.is(first.steps, second.steps);
		t.deepEqual(first.counts, second.counts);
	}
});

test.serial('seeds that once broke a promise keep them all', async t => {
	for (const {seed, steps, what} of found) t.is((await simulation.run({seed, steps})).violation, undefined, `seed ${seed}: ${what}`);
});

type Control = {
	readonly name: string;
	readonly mutant: () => Mutant;
	/** Invariants of which one must catch it. */
	readonly caughtBy: readonly string[];
	readonly only?: readonly FaultKind[];
};

let commits = 0;
/** Worlds that lie to the agent, or stand for an agent that breaks a promise: each must be caught. */
const controls: readonly Control[] = [
	{
		name: 'a door that acknowledges before it hands over is caught',
		mutant: () => ({acknowledgesFirst: true}),
		caughtBy: ['I1 acknowledged', 'refusals'],
	},
	{
		name: 'a disk that says done and drops a commit is caught',
		mutant: () => {
			commits = 0;
			return {
				dropsCommit: () => {
					commits += 1;
					return commits % 7 === 6;
				},
			};
		},
		caughtBy: ['I1 acknowledged', 'I3 heads'],
	},
	{name: 'a disk that writes behind is caught', mutant: () => ({writesBehind: true}), caughtBy: ['I1 acknowledged', 'I3 heads', 'start']},
	{
		name: 'a door that hides DUP is caught',
		mutant: () => ({hidesDup: true}),
		caughtBy: ['I2 nothing twice'],
		only: ['drop', 'crash', 'duplicate'],
	},
	{
		name: 'a door that acknowledges what was not kept is caught',
		mutant: () => ({acknowledgesFailed: true}),
		caughtBy: ['I1 acknowledged', 'I6 frozen', 'refusals'],
		only: ['commitNotDone', 'crash'],
	},
	{
		name: 'a side file that keeps an old head lets an older database run, and is caught',
		mutant: () => ({keepsOldHead: true}),
		caughtBy: ['I6 frozen', 'I3 heads'],
		only: ['restoreOld'],
	},
	{name: 'a chain that invents anchors is caught', mutant: () => ({invents: true}), caughtBy: ['I7 liveness']},
	{name: 'a chain that forgets final anchors is caught', mutant: () => ({forgetsFinal: true}), caughtBy: ['I7 liveness']},
];

for (const {name, mutant, caughtBy, only} of controls) {
	test.serial(name, async t => {
		t.timeout(60_000);
		const seen: string[] = [];
		for (let seed = 0; seed < 40; seed += 1) {
			const {violation} = await simulation.run({
				seed: `control ${seed}`,
				steps: 300,
				mutant: mutant(),
				...(only === undefined ? {} : {only}),
			});
			if (violation !== undefined && caughtBy.includes(violation.invariant)) {
				t.log(`seed ${seed}: ${violation.invariant}: ${violation.sentence}`);
				t.pass();
				return;
			}
			if (violation !== undefined) seen.push(`${violation.invariant}: ${violation.sentence}`);
		}
		t.fail(`nobody noticed: ${seen.join('; ')}`);
	});
}
