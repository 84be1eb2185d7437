// Runs faults against real agents, prints what was lost, and writes the report.

import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {toHex} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createClosing} from '../../agent/base/closing.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {createChance} from '../../sim/seed.ts';
import {clockFault} from './clock.ts';
import {diskFull} from './disk-full.ts';
import type {Fault, Tally} from './fault.ts';
import {hostileFault} from './hostile.ts';
import {killFault} from './kill.ts';
import {mosquittoFault} from './mosquitto.ts';
import {missingPackages, whatIsMissing} from './packages.ts';
import {powerCut, powerCutControlNormal, powerCutControlOff} from './power-cut.ts';
import {formatTable, type Row, writeReport} from './report.ts';
import {simulationFault} from './simulation.ts';
import {straceFault} from './strace.ts';
import {straceAnchorFault} from './strace-anchor.ts';

const faults: readonly Fault[] = [
	powerCut,
	powerCutControlNormal,
	powerCutControlOff,
	killFault,
	straceFault,
	straceAnchorFault,
	diskFull,
	mosquittoFault,
	hostileFault,
	clockFault,
	simulationFault,
];

const usage = `usage: npm run faults -- [--only NAME,…] [--count N] [--seed S] [--quick] [--json] [--report]
  --only    some of: ${faults.map(({name}) => name).join(', ')}
  --count   how often each is done; without it: ${faults.map(({name, count, unit}) => `${name} ${count} ${unit}`).join(', ')}
  --seed    what decides the moments; the one that is printed repeats a run as far as the machine does
  --quick   each only a few times, and those for which this machine lacks something not at all; without it nothing is left out
  --json    ends with one JSON object: {"faults": {NAME: {done, lostAcknowledged, twice, forks}}}
  --report  writes what was seen into test/faults/README.md; what it says of faults that were not done stays
`;

type Options = {
	readonly chosen: readonly Fault[];
	readonly count: number | undefined;
	readonly seed: string;
	readonly quick: boolean;
	readonly json: boolean;
	readonly report: boolean;
};

function readWords(words: readonly string[]): Options | undefined {
	let chosen = faults;
	let count: number | undefined;
	let seed = toHex(createSystemRandom().bytes(4));
	const flags = new Set<string>();
	for (let i = 0; i < words.length; i += 1) {
		const [word = '', ...rest] = words[i]!.split('=');
		if (word === '--quick' || word === '--json' || word === '--report') {
			flags.add(word);
			continue;
		}
		if (word !== '--only' && word !== '--count' && word !== '--seed') return undefined;
		const value = rest.length > 0 ? rest.join('=') : words[++i];
		if (value === undefined || value === '') return undefined;
		if (word === '--seed') seed = value;
		if (word === '--count') {
			count = Number(value);
			if (!Number.isSafeInteger(count) || count < 1) return undefined;
		}
		if (word === '--only') {
			const names = value.split(',');
			if (!names.every(name => faults.some(fault => fault.name === name))) return undefined;
			chosen = faults.filter(({name}) => names.includes(name));
		}
	}
	return {chosen, count, seed, quick: flags.has('--quick'), json: flags.has('--json'), report: flags.has('--report')};
}

/** One fault may take this long; what takes longer hangs. */
const quickMsMax = 300_000;
const fullMsMax = 3_600_000;

const nothing: Tally = {done: 0, lostAcknowledged: 0, twice: 0, forks: 0, looked: 0, bad: 1, problems: [], notes: []};

/** The harness itself failed, which shows nothing about the agent, and is no success. */
function notDone(error: unknown): Tally {
	return {...nothing, problems: [`it could not be done: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]};
}

async function tooLong(limitMs: number): Promise<Tally> {
	await systemClock.sleep(limitMs);
	return {...nothing, problems: [`it did not end within ${limitMs / 60_000} min`]};
}

async function runOne(fault: Fault, options: Options): Promise<Tally> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-faults-'));
	const closing = createClosing();
	const remove = (): void => rmSync(folder, {recursive: true, force: true, maxRetries: 5});
	closing.defer(remove);
	process.once('exit', remove);
	try {
		return await fault.run({
			count: options.count ?? (options.quick ? fault.quickCount : fault.count),
			seed: `${options.seed} ${fault.name}`,
			chance: purpose => createChance(options.seed, `${fault.name} ${purpose}`),
			folder,
			say: sentence => process.stderr.write(`${fault.name}: ${sentence}\n`),
			defer: closing.defer,
		});
	} finally {
		await closing.close();
		process.removeListener('exit', remove);
	}
}

/** A fault must lose nothing and find nothing wrong, and must have looked for something: an agent that acknowledges nothing loses nothing. A control run must lose something. */
function isAsItShouldBe({fault: {isControl}, tally}: Row): boolean {
	if (isControl) return tally.lostAcknowledged > 0;
	return tally.bad + tally.lostAcknowledged + tally.twice + tally.forks === 0 && tally.done > 0 && tally.looked > 0;
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
	const possible: Fault[] = [];
	for (const fault of options.chosen) {
		const missing = await whatIsMissing(fault.programs);
		if (missing === undefined) possible.push(fault);
		else process.stderr.write(`${fault.name}: skipped, this machine lacks ${missing}\n`);
	}
	if (possible.length < options.chosen.length && !options.quick) {
		const packages = missingPackages(options.chosen.flatMap(({programs}) => programs));
		if (packages.length > 0) process.stderr.write(`faults: install what is missing with\n  apt-get install ${packages.join(' ')}\n`);
		process.stderr.write(
			`faults: only --quick leaves faults out; of these the machine can do --only ${possible.map(({name}) => name).join(',') || '(none)'}\n`,
		);
		return 2;
	}
	process.stderr.write(`seed ${options.seed}\n`);
	const rows: Row[] = [];
	for (const fault of possible) {
		const startedMs = systemClock.monotonicMs();
		const limitMs = options.quick ? quickMsMax : fullMsMax;
		const tally = await Promise.race([runOne(fault, options).catch(notDone), tooLong(limitMs)]);
		const row = {fault, tally, tookMs: systemClock.monotonicMs() - startedMs, seed: options.seed};
		rows.push(row);
		for (const problem of fault.isControl ? [] : tally.problems) process.stderr.write(`${fault.name}: ${problem}\n`);
		for (const note of tally.notes) process.stderr.write(`${fault.name}: ${note}\n`);
		// What hangs still holds ports and mounts: what ends with this process ends now.
		if (row.tookMs >= limitMs) break;
	}
	process.stdout.write(`${formatTable(rows)}\n`);
	if (options.report) process.stdout.write(`wrote ${writeReport(rows, faults)}\n`);
	const wrong = rows.filter(row => !isAsItShouldBe(row));
	for (const {fault} of wrong)
		process.stderr.write(
			fault.isControl ? `${fault.name} lost nothing: the harness does not bite\n` : `${fault.name} is not as it should be\n`,
		);
	if (options.json) {
		const results = rows.map(({fault, tally: {done, lostAcknowledged, twice, forks}}) => [
			fault.name,
			{done, lostAcknowledged, twice, forks},
		]);
		process.stdout.write(`${JSON.stringify({faults: Object.fromEntries(results)})}\n`);
	}
	return wrong.length === 0 ? 0 : 1;
}

// Every fault leaves a listener or two that cleans up at the end.
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exit(await main());
