// Counts the seeds of the deterministic simulation among the faults: the same agent in worlds that are made up, thousands of them.

import {fileURLToPath} from 'node:url';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {start} from './process.ts';

const programPath = fileURLToPath(new URL('../simulation/main.js', import.meta.url));

/** What `sim:seeds --json` ends with, as far as it is read here. */
type Result = {
	readonly from: number;
	readonly seeds: number;
	readonly steps: number;
	readonly counts: Readonly<Record<string, number>>;
	readonly broken: readonly {readonly seed: string; readonly invariant: string; readonly sentence: string}[];
	readonly neverHappened: readonly string[];
};

/** What breaking an invariant costs; of all others it is only told that they broke. */
const costs: Readonly<Record<string, 'lostAcknowledged' | 'twice' | 'forks'>> = {
	'I1 acknowledged': 'lostAcknowledged',
	'I2 nothing twice': 'twice',
	'I3 heads': 'forks',
	'I4 one anchor per size': 'forks',
	'I5 anchored root': 'forks',
	'append only': 'forks',
};

async function simulate(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	let result: Result | undefined;
	// The same seeds each time, so that a run is like the one before it; whoever wants others has `sim:seeds --from`.
	const started = start(process.execPath, [programPath, '--seeds', String(ground.count), '--json'], {
		onLine: line => {
			if (line.startsWith('{')) result = (JSON.parse(line) as {simulation: Result}).simulation;
		},
	});
	const code = await started.ended;
	if (result === undefined) throw new Error(`the simulation ended with ${code}: ${started.said()}`);
	const {from, seeds, steps, counts, broken, neverHappened} = result;
	adding.add({done: seeds, looked: counts.acknowledged ?? 0});
	for (const {seed, invariant, sentence} of broken) {
		const cost = costs[invariant];
		adding.add({...(cost === undefined ? {} : {[cost]: 1}), problems: [`seed ${seed}: ${invariant}: ${sentence}`]});
	}
	if (neverHappened.length > 0) adding.add({problems: [`never happened, so nothing was looked for there: ${neverHappened.join(', ')}`]});
	const faults = Object.entries(counts).filter(([name]) => name.startsWith('fault '));
	const injected = faults.reduce((sum, [, count]) => sum + count, 0);
	adding.note(
		`seeds ${from} to ${from + seeds - 1}, whatever --seed says: ${steps} steps, ${counts.starts ?? 0} starts, ${counts.entries ?? 0} entries, ${counts.anchors ?? 0} anchors, ${injected} faults of ${faults.length} kinds`,
	);
	return adding.tally();
}

export const simulationFault: Fault = {
	name: 'simulation',
	about:
		'the agent on virtual time in a made-up world for each seed, where disk, door, clock and chain fail; every promise is checked after every step',
	unit: 'seeds',
	programs: [],
	count: 2000,
	quickCount: 200,
	isControl: false,
	run: simulate,
};
