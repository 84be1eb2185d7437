// What ten thousand enrolled devices cost an agent beside fifty: memory at rest, speed of the same fifty that talk, and time to start.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createSystemRandom} from '../../agent/base/random.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {makePassword, makeSite, sitePaths} from '../../agent/site.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {assertReadings, type Child, elapsed, programs, start} from './child.ts';
import type {FillerDone, FillerOptions} from './devices-filler.ts';
import {type Bench, type BenchOptions, type Figure, median} from './figure.ts';
import type {ServerMemory, ServerOptions, ServerReady} from './ingest-server.ts';
import type {LoadOptions, LoadReady, LoadReport} from './load.ts';

/** Those that talk; in the round in which all talk they are the gateways. */
const talking = Array.from({length: 50}, (_, i) => `meter-${String(i).padStart(2, '0')}`);
const restMs = 3000;

type Side = 'fifty' | 'store' | 'config' | 'gateways';
type Device = Readonly<Record<string, unknown>>;

/**
 * The others of a store: half of them have a password, a quarter a key beside it, and a quarter speaks through a gateway. In the round in which all talk each speaks through
 * one, named after it.
 */
function others(count: number, side: Side, random: ReturnType<typeof createSystemRandom>): Device[] {
	return Array.from({length: count}, (_, i) => {
		const gateway = talking[i % talking.length]!;
		if (side === 'gateways') return {id: `${gateway}-${Math.floor(i / talking.length)}`, via: gateway, mappings: ['single']};
		const id = `sensor-${String(i).padStart(5, '0')}`;
		if (i % 4 === 3) return {id, via: gateway, mappings: ['single']};
		// A hash like any other; nobody knows its password.
		const text = (length: number): string => Buffer.from(random.bytes(length)).toString('base64');
		const passwordHash = `scrypt$10$${text(16)}$${text(32)}`;
		if (i % 4 === 2) {
			const {key} = createSimSigner('bench', id, {form: 'jws'});
			return {id, passwordHash, mappings: ['single'], publicKey: formatDeviceKey(key)};
		}
		return {id, passwordHash, mappings: ['single']};
	});
}

function configText(passwordHash: string, devices: readonly Device[]): string {
	const lines = [...talking.map((id): Device => ({id, passwordHash, mappings: ['single']})), ...devices];
	return `log:
  name: bench
broker: {host: 127.0.0.1, port: 0}
mappings:
  single:
    topic: meters/{device}/energy
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /energy_kwh, quantity: energy-import, unit: kWh}
devices:
${lines.map(device => `  - ${JSON.stringify(device)}`).join('\n')}
`;
}

type Run = {
	readonly messagesPerS: number;
	/** Of the agent, for each message, all threads. */
	readonly processorUs: number;
	readonly startMs: number;
	readonly restBytes: number;
	readonly peakBytes: number;
};

type Plan = {readonly devices: number; readonly warmUpMs: number; readonly measureMs: number};

async function measure(side: Side, {devices, warmUpMs, measureMs}: Plan): Promise<Run> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	const random = createSystemRandom();
	const {password, hash} = await makePassword(random);
	const configPath = join(folder, 'kedge.yaml');
	const started: Child[] = [];
	const startChild = (path: string, nodeOptions: readonly string[] = []): Child => {
		const child = start(path, nodeOptions);
		started.push(child);
		return child;
	};
	try {
		const more = side === 'fifty' ? [] : others(devices - talking.length, side, random);
		const inConfig = side === 'store' ? [] : more;
		await makeSite({directory: folder, logName: 'bench', random, configFor: () => configText(hash, inConfig)});
		if (side === 'store') {
			const filler = startChild(programs.filler);
			await filler.ask<FillerDone>({configPath, devices: more} satisfies FillerOptions);
			await filler.ended;
		}
		// What was said of devices with keys is in the log before the start that counts.
		if (side === 'config') {
			const first = startChild(programs.server);
			await first.ask<ServerReady>({side: 'agent', configPath} satisfies ServerOptions);
			await first.ask('close').catch(() => {});
			await first.ended;
		}
		const beginMs = performance.now();
		const server = startChild(programs.server, ['--expose-gc']);
		const {port} = await server.ask<ServerReady>({side: 'agent', configPath} satisfies ServerOptions);
		const startMs = performance.now() - beginMs;
		await elapsed(restMs);
		const rest = await server.ask<ServerMemory>('collected');
		const load = startChild(programs.load);
		await load.ask<LoadReady>({
			port,
			devices: talking,
			password,
			shape: 'json',
			inFlight: 40,
			warmUpMs,
			measureMs,
			startMs: Date.now(),
			listener: undefined,
			speaksFor: side === 'gateways' ? Math.floor((devices - talking.length) / talking.length) : undefined,
		} satisfies LoadOptions);
		const before = await server.ask<ServerMemory>('memory');
		const report = await load.ask<LoadReport>('go');
		const after = await server.ask<ServerMemory>('memory');
		await load.ended;
		await server.ask('close').catch(() => {});
		await server.ended;
		await assertReadings(sitePaths(folder).log, report.acknowledged);
		return {
			messagesPerS: report.messagesPerS,
			processorUs: (1000 * (after.processorMs - before.processorMs)) / report.acknowledged,
			startMs,
			restBytes: rest.residentBytes,
			peakBytes: after.peakBytes,
		};
	} finally {
		for (const child of started) child.kill();
		rmSync(folder, {recursive: true, force: true});
	}
}

function describe(side: Side, {messagesPerS, processorUs, startMs, restBytes, peakBytes}: Run): string {
	const memory = `RSS ${(restBytes / 1e6).toFixed(0)} at rest, ${(peakBytes / 1e6).toFixed(0)} MB peak`;
	return `  ${side}: ${(messagesPerS / 1000).toFixed(1)}k/s, ${processorUs.toFixed(1)} µs a message, ${memory}, started in ${startMs.toFixed(0)} ms`;
}

async function rounds(sides: readonly Side[], plan: Plan, count: number, say: BenchOptions['say']): Promise<Record<Side, Run[]>> {
	const runs: Record<Side, Run[]> = {fifty: [], store: [], config: [], gateways: []};
	for (let round = 0; round < count; round += 1) {
		say(`devices, round ${round + 1} of ${count}`);
		for (let i = 0; i < sides.length; i += 1) {
			const side = sides[(round + i) % sides.length]!;
			const run = await measure(side, plan);
			runs[side].push(run);
			say(describe(side, run));
		}
	}
	return runs;
}

export const bench: Bench = async ({quick, say}) => {
	const plan: Plan = {devices: 10_000, warmUpMs: quick ? 500 : 2000, measureMs: quick ? 1500 : 6000};
	const runs = await rounds(['fifty', 'store', 'config', 'gateways'], plan, quick ? 1 : 5, say);
	const of = (side: Side, value: (run: Run) => number): number => median(runs[side].map(value));
	const against = (side: Side, value: (run: Run) => number): number =>
		median(runs[side].map((run, round) => value(run) / value(runs.fifty[round]!)));
	const more = (side: Side): number => median(runs[side].map((run, round) => (run.restBytes - runs.fifty[round]!.restBytes) / 1e6));
	const names: Readonly<Record<Side, string>> = {
		fifty: '50 devices',
		store: '10,000 in the store',
		config: '10,000 in the config',
		gateways: '10,000 that all talk, through 50 gateways',
	};
	const figures: Figure[] = [];
	for (const side of ['store', 'config'] as const)
		figures.push(
			{name: `${names[side]}: memory beyond that of 50`, value: more(side), unit: 'MB', target: {atMost: 60}},
			{
				name: `${names[side]}: rate of 50 against 50 alone`,
				value: against(side, run => run.messagesPerS),
				unit: 'times',
				target: {atLeast: 0.9},
			},
			{
				name: `${names[side]}: processor a message against 50 alone`,
				value: against(side, run => run.processorUs),
				unit: 'times',
				target: undefined,
			},
		);
	figures.push(
		{name: `${names.gateways}: rate against 50`, value: against('gateways', run => run.messagesPerS), unit: 'times', target: undefined},
		{name: `${names.gateways}: memory beyond that of 50, at rest`, value: more('gateways'), unit: 'MB', target: undefined},
		{
			name: `${names.gateways}: peak beyond that of 50`,
			value: median(runs.gateways.map((run, round) => (run.peakBytes - runs.fifty[round]!.peakBytes) / 1e6)),
			unit: 'MB',
			target: undefined,
		},
	);
	for (const side of ['fifty', 'store', 'config', 'gateways'] as const)
		figures.push(
			{name: `${names[side]}: messages`, value: of(side, run => run.messagesPerS), unit: 'messages/s', target: undefined},
			{name: `${names[side]}: memory at rest`, value: of(side, run => run.restBytes) / 1e6, unit: 'MB', target: undefined},
			{name: `${names[side]}: start`, value: of(side, run => run.startMs), unit: 'ms', target: undefined},
		);
	return figures;
};
