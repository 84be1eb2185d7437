// Runs one benchmark by name, or all of them into BENCHMARKS.md.
import {spawn} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {cpus, release, tmpdir, totalmem, type} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {type Bench, formatResult, formatTable} from './figure.ts';

/** Each benchmark and the module that holds it, loaded only when it runs: what one imports never weighs on another. */
const benches: Readonly<Record<string, () => Promise<{readonly bench: Bench}>>> = {
	log: () => import('./log.ts'),
	ingest: () => import('./ingest.ts'),
	decode: () => import('./decode.ts'),
	signed: () => import('./signed.ts'),
	devices: () => import('./devices.ts'),
	ledgers: () => import('./ledgers.ts'),
	receipt: () => import('./receipt.ts'),
	restart: () => import('./restart.ts'),
	http: () => import('./http.ts'),
	market: () => import('./market.ts'),
	gas: () => import('./gas.ts'),
	web: () => import('./web.ts'),
};

const names = Object.keys(benches);
const usage = `usage: npm run bench -- [NAME] [--quick] [--entries N]
  NAME       one of: ${names.join(', ')}; without it all run, and BENCHMARKS.md is written
  --quick    less work, for trying out; BENCHMARKS.md is left alone
  --entries  of the log that receipt and restart look at, a multiple of 10000, 1000000 without it; only with a NAME`;

const args = process.argv.slice(2).flatMap(arg => (arg.startsWith('--entries=') ? ['--entries', arg.slice('--entries='.length)] : [arg]));
const quick = args.includes('--quick');
const entriesAt = args.indexOf('--entries');
const entries = entriesAt < 0 ? undefined : Number(args[entriesAt + 1]);
const [name, ...rest] = args.filter((arg, i) => arg !== '--quick' && (entriesAt < 0 || (i !== entriesAt && i !== entriesAt + 1)));
const isEntriesWrong =
	entries !== undefined && (name === undefined || !Number.isSafeInteger(entries) || entries < 10_000 || entries % 10_000 !== 0);

if (isEntriesWrong || rest.length > 0 || (name !== undefined && !Object.hasOwn(benches, name))) {
	process.stderr.write(`${usage}\n`);
	process.exitCode = 2;
} else if (name === undefined) {
	await runAll();
} else {
	await runOne(name);
}

async function runOne(benchName: string): Promise<void> {
	const {bench} = await benches[benchName]!();
	const figures = await bench({quick, ...(entries === undefined ? {} : {entries}), say: text => process.stderr.write(`${text}\n`)});
	process.stdout.write(`${formatTable(figures)}\n${formatResult(benchName, figures)}\n`);
}

/** Each benchmark in a process of its own, one after the other: none inherits the heap of another. */
async function runAll(): Promise<void> {
	const sections: string[] = [];
	for (const benchName of names) {
		process.stdout.write(`\n${benchName}\n`);
		const output = await outputOf(benchName);
		process.stdout.write(output);
		const table = output.split('\n').filter(line => line.startsWith('|'));
		sections.push(`## ${benchName}\n\n${table.join('\n')}\n`);
	}
	if (quick) return;
	const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
	const path = join(root, 'BENCHMARKS.md');
	writeFileSync(
		path,
		`# Benchmarks\n\nWritten by \`npm run bench\`; test/bench/README.md says what is measured and how.\n\n${machine()}\n\n${sections.join('\n')}`,
	);
	process.stdout.write(`\nwrote ${path}\n`);
}

function outputOf(benchName: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), benchName, ...(quick ? ['--quick'] : [])], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		let output = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			output += text;
		});
		child.on('error', reject);
		child.on('close', (code, signal) => {
			if (code === 0) resolve(output);
			else reject(new Error(`the benchmark ${benchName} ended with ${signal ?? `exit code ${code}`}`));
		});
	});
}

function machine(): string {
	const processors = cpus();
	return [
		'| machine | |',
		'|---|---|',
		`| processor | ${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores |`,
		`| memory | ${(totalmem() / 2 ** 30).toFixed(1)} GiB |`,
		`| disk | ${disk()} |`,
		`| system | ${type()} ${release()} ${process.arch} |`,
		`| Node | ${process.version} |`,
	].join('\n');
}

/** The device and file system under the temporary folder, where the benchmarks write. Only Linux tells. */
function disk(): string {
	try {
		const mounts = readFileSync('/proc/mounts', 'utf8')
			.trim()
			.split('\n')
			.map(line => line.split(' '));
		const holds = (point: string): boolean => point === '/' || tmpdir() === point || tmpdir().startsWith(`${point}/`);
		const under = mounts.filter(([, point]) => holds(point!)).sort((a, b) => b[1]!.length - a[1]!.length)[0];
		return under === undefined ? 'unknown' : `${under[2]} on ${under[0]}`;
	} catch {
		return 'unknown';
	}
}
