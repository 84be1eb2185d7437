// npm run sim:seeds: runs many seeds and says which of them broke a promise.
import {fork} from 'node:child_process';
import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import {systemClock} from '../../agent/base/clock.ts';
import {createSimulation} from './run.ts';
import {add, formatTally, neverHappened, nothing, type Tally, tallyOf} from './tally.ts';

const usage = `usage: npm run sim:seeds -- [--seeds N] [--from S] [--steps K] [--workers W] [--json]
       npm run sim:seeds -- --seed X [--steps K]
  --seeds    how many, from --from on (default 200)
  --from     the first of them (default 0)
  --seed     one seed, with the end of its trace if it breaks a promise
  --steps    steps with faults in each run (default 500); it then goes on until everything is settled
  --workers  processes side by side (default: one for each core, at most 4)
  --json     ends with one JSON object
`;

/** Fewer seeds than this need not meet every kind of fault. */
const seedsForCoverage = 100;
const seedsPerTask = 10;

type Options = {seeds: number; from: number; seed: string | undefined; steps: number; workers: number; json: boolean};

function readWords(words: readonly string[]): Options | undefined {
	const options: Options = {seeds: 200, from: 0, seed: undefined, steps: 500, workers: Math.min(4, availableParallelism()), json: false};
	for (let i = 0; i < words.length; i += 1) {
		const [word = '', ...rest] = words[i]!.split('=');
		if (word === '--json') {
			options.json = true;
			continue;
		}
		const value = rest.length > 0 ? rest.join('=') : (words[++i] ?? '');
		if (word === '--seed' && value !== '') options.seed = value;
		else if (word === '--seeds' || word === '--from' || word === '--steps' || word === '--workers') {
			const number = Number(value);
			if (value === '' || !Number.isSafeInteger(number) || number < (word === '--from' ? 0 : 1)) return undefined;
			options[word.slice(2) as 'seeds' | 'from' | 'steps' | 'workers'] = number;
		} else return undefined;
	}
	return options;
}

type Task = {readonly from: number; readonly seeds: number; readonly steps: number};

/** Runs tasks that the parent sends, one after the other. */
async function work(): Promise<void> {
	const simulation = await createSimulation();
	process.once('exit', simulation.close);
	process.once('disconnect', () => process.exit(0));
	process.on('message', (task: Task) => {
		void (async () => {
			let tally = nothing;
			for (let seed = task.from; seed < task.from + task.seeds; seed += 1)
				tally = add(tally, tallyOf(await simulation.run({seed: String(seed), steps: task.steps})));
			process.send?.(tally);
		})();
	});
	process.send?.(nothing);
}

async function runMany({seeds, from, steps, workers}: Options): Promise<Tally> {
	let tally = nothing;
	let next = from;
	const say = (line: string): boolean => process.stderr.write(`${line}\n`);
	const runWorker = (): Promise<void> =>
		new Promise((resolve, reject) => {
			const child = fork(fileURLToPath(import.meta.url), ['--work'], {serialization: 'json'});
			child.on('message', (part: Tally) => {
				tally = add(tally, part);
				for (const {seed, invariant, sentence} of part.broken) say(`seed ${seed}: ${invariant}: ${sentence}`);
				if (part.seeds > 0 && Math.floor(tally.seeds / 500) > Math.floor((tally.seeds - part.seeds) / 500))
					say(`${tally.seeds} seeds done`);
				if (next >= from + seeds) {
					child.disconnect();
					return;
				}
				const count = Math.min(seedsPerTask, from + seeds - next);
				child.send({from: next, seeds: count, steps} satisfies Task);
				next += count;
			});
			child.once('error', reject);
			child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
		});
	await Promise.all(Array.from({length: Math.min(workers, Math.ceil(seeds / seedsPerTask))}, runWorker));
	return tally;
}

async function main(): Promise<number> {
	if (process.argv.includes('--help')) {
		process.stdout.write(usage);
		return 0;
	}
	const options = readWords(process.argv.slice(2));
	if (options === undefined) {
		process.stderr.write(usage);
		return 2;
	}
	const startedMs = systemClock.monotonicMs();
	let tally: Tally;
	if (options.seed !== undefined) {
		const simulation = await createSimulation();
		try {
			const result = await simulation.run({seed: options.seed, steps: options.steps});
			tally = tallyOf(result);
			if (result.violation !== undefined) {
				process.stdout.write(`${result.trace.join('\n')}\n`);
				process.stdout.write(`seed ${result.seed}: ${result.violation.invariant}: ${result.violation.sentence}\n`);
			}
		} finally {
			simulation.close();
		}
	} else tally = await runMany(options);
	const missing = tally.seeds < seedsForCoverage ? [] : neverHappened(tally);
	process.stdout.write(`${formatTally(tally)}\n`);
	process.stdout.write(
		`${tally.broken.length} seeds broke a promise; took ${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(0)} s with up to ${options.workers} processes\n`,
	);
	if (missing.length > 0) process.stdout.write(`never happened, so nothing was looked for there: ${missing.join(', ')}\n`);
	if (options.json) {
		const {seeds, steps, counts, broken} = tally;
		const {from} = options;
		process.stdout.write(`${JSON.stringify({simulation: {from, seeds, steps, counts, broken, neverHappened: missing}})}\n`);
	}
	return tally.broken.length === 0 && missing.length === 0 ? 0 : 1;
}

if (process.argv[2] === '--work') await work();
else process.exit(await main());
