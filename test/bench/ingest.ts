// The whole way of a message, with the load in a process of its own: what waiting for the disk costs against the MQTT library alone and against not waiting.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createSystemRandom} from '../../agent/base/random.ts';
import {makePassword, makeSite, sitePaths} from '../../agent/site.ts';
import {createMosquitto, isMosquittoInstalled} from '../helpers/mosquitto.ts';
import {freePort} from '../helpers/ports.ts';
import {assertReadings, type Child, elapsed, programs, start} from './child.ts';
import {type Bench, type BenchOptions, type Figure, median} from './figure.ts';
import type {ServerCount, ServerMemory, ServerOptions, ServerReady} from './ingest-server.ts';
import type {LoadOptions, LoadReady, LoadReport} from './load.ts';

const devices = Array.from({length: 50}, (_, i) => `meter-${String(i).padStart(2, '0')}`);
const listener = {username: 'listener', topicFilter: 'meters/+/energy'};
const idleMs = 2000;
/** A pack's times run ahead of the clock, thousands of seconds in one; admission takes what is at most a day ahead. */
const packsBeginMsAgo = 20 * 3600 * 1000;

type Plan = Pick<LoadOptions, 'shape' | 'inFlight' | 'warmUpMs' | 'measureMs'> & {readonly devices: number; readonly listener?: boolean};

type Run = LoadReport & {
	readonly readingsPerS: number;
	/** Connected, before the first message; and again some time after the last. */
	readonly idleBytes: number;
	readonly restBytes: number;
	/** At the end of the load. */
	readonly loadedBytes: number;
	readonly peakBytes: number;
};

const embeddedDoor = 'broker: {host: 127.0.0.1, port: 0}';

/** As `kedge init` writes it, with devices of which one may listen to all. */
function configText(passwordHash: string, door = embeddedDoor): string {
	const device = (id: string, mappings: string): string => `  - {id: ${id}, passwordHash: "${passwordHash}", mappings: [${mappings}]}`;
	return `log:
  name: bench
${door}
mappings:
  single:
    topic: meters/{device}/energy
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /energy_kwh, quantity: energy-import, unit: kWh}
  pack:
    topic: packs/{device}/energy
    format: senml
    readings:
      - {name: "{device}/energy", quantity: energy-import}
  all:
    topic: ${listener.topicFilter}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /energy_kwh, quantity: energy-import, unit: kWh}
devices:
${devices.map(id => device(id, 'single, pack')).join('\n')}
${device(listener.username, 'all')}
`;
}

async function measure(side: ServerOptions['side'], plan: Plan): Promise<Run> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	const random = createSystemRandom();
	const {password, hash} = await makePassword(random);
	const started: Child[] = [];
	const startChild = (path: string): Child => {
		const child = start(path);
		started.push(child);
		return child;
	};
	try {
		// The library needs none, but the work of making it must not decide which side starts on a warm machine.
		await makeSite({directory: folder, logName: 'bench', random, configFor: () => configText(hash)});
		const server = startChild(programs.server);
		const {port} = await server.ask<ServerReady>({side, configPath: join(folder, 'kedge.yaml')} satisfies ServerOptions);
		const load = startChild(programs.load);
		await load.ask<LoadReady>({
			port,
			devices: devices.slice(0, plan.devices),
			password,
			shape: plan.shape,
			inFlight: plan.inFlight,
			warmUpMs: plan.warmUpMs,
			measureMs: plan.measureMs,
			startMs: Date.now() - (plan.shape === 'senml' ? packsBeginMsAgo : 0),
			listener: plan.listener ? listener : undefined,
		} satisfies LoadOptions);
		await elapsed(idleMs);
		const idle = await server.ask<ServerMemory>('memory');
		const report = await load.ask<LoadReport>('go');
		const loaded = await server.ask<ServerMemory>('memory');
		await load.ended;
		await elapsed(idleMs);
		const rest = await server.ask<ServerMemory>('memory');
		await server.ask('close').catch(() => {});
		await server.ended;
		const readings = report.acknowledged * report.readingsPerMessage;
		if (side !== 'library') await assertReadings(sitePaths(folder).log, readings);
		return {
			...report,
			readingsPerS: report.messagesPerS * report.readingsPerMessage,
			idleBytes: idle.residentBytes,
			loadedBytes: loaded.residentBytes,
			peakBytes: loaded.peakBytes,
			restBytes: rest.residentBytes,
		};
	} finally {
		for (const child of started) child.kill();
		rmSync(folder, {recursive: true, force: true});
	}
}

const megabytes = (bytes: number): number => bytes / 1e6;
const thousands = (perS: number): string => `${(perS / 1000).toFixed(1)}k/s`;

function describe(name: string, run: Run): string {
	const {p50Ms, p99Ms, maxMs} = run;
	const latency = `p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} max ${maxMs.toFixed(0)} ms`;
	const memory = `RSS ${megabytes(run.idleBytes).toFixed(0)} idle, ${megabytes(run.peakBytes).toFixed(0)} peak, ${megabytes(run.restBytes).toFixed(0)} MB after`;
	return `  ${name}: ${thousands(run.readingsPerS)}, ${latency}, ${memory}, load ${Math.round(run.busy * 100)} % busy`;
}

/** Runs each side in turn, as many rounds as asked; which is first changes from round to round. */
async function interleaved<Side extends ServerOptions['side']>(
	title: string,
	sides: readonly Side[],
	plan: Plan,
	rounds: number,
	say: BenchOptions['say'],
): Promise<Record<Side, Run[]>> {
	const runs = Object.fromEntries(sides.map(side => [side, [] as Run[]])) as Record<Side, Run[]>;
	for (let round = 0; round < rounds; round += 1) {
		say(`${title}, round ${round + 1} of ${rounds}`);
		for (let i = 0; i < sides.length; i += 1) {
			const side = sides[(round + i) % sides.length]!;
			const run = await measure(side, plan);
			runs[side].push(run);
			say(describe(side, run));
		}
	}
	return runs;
}

/**
 * Pairs of agent and library with a subscriber to all topics. With one, aedes 1.2 handles what it has read within the answer to what it read before, and under this load
 * it can run out of stack and end with a RangeError: such a pair does not count.
 */
async function besideSubscriber(plan: Plan, pairs: number, say: BenchOptions['say']): Promise<{agent: Run[]; library: Run[]}> {
	const runs: {agent: Run[]; library: Run[]} = {agent: [], library: []};
	for (let pair = 0; pair < pairs; pair += 1) {
		say(`with one subscriber, pair ${pair + 1} of ${pairs}`);
		const agent = await measure('agent', plan);
		say(describe('agent', agent));
		try {
			const library = await measure('library', plan);
			say(describe('library', library));
			runs.agent.push(agent);
			runs.library.push(library);
		} catch (error) {
			say(`  this pair does not count: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	return runs;
}

/** Messages taken and not yet acknowledged: Mosquitto's bound, and the agent's. */
const drainWindow = 1000;
/** Of what waits at Mosquitto the first part only warms up. */
const drainWarmUpShare = 0.2;
const drainPollMs = 100;
const drainMsMax = 120_000;

type Drain = {readonly messages: number; readonly messagesPerS: number};

/**
 * What a subscriber with a session of its own takes from Mosquitto. All messages wait there before it comes, so that nobody else decides how fast it goes. Mosquitto has no
 * bound for its queue; every message must come, and once.
 */
async function drain(side: 'reader' | 'subscriber', publishMs: number): Promise<Drain> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	const random = createSystemRandom();
	const {password, hash} = await makePassword(random);
	const port = await freePort();
	const url = `mqtt://127.0.0.1:${port}`;
	const lines = ['max_queued_messages 0', `max_inflight_messages ${drainWindow}`];
	const broker = createMosquitto(join(folder, 'mosquitto'), port, {lines, isPersistent: false});
	const started: Child[] = [];
	const startChild = (path: string): Child => {
		const child = start(path);
		started.push(child);
		return child;
	};
	const door = `client: {name: barn, url: '${url}', clientId: bench, windowMax: ${drainWindow}}`;
	const options: ServerOptions = {
		side,
		configPath: join(folder, 'site', 'kedge.yaml'),
		subscribe: {url, clientId: 'bench', topicFilter: listener.topicFilter},
	};
	try {
		await broker.start();
		await makeSite({directory: join(folder, 'site'), logName: 'bench', random, configFor: () => configText(hash, door)});
		// The session, and its subscription.
		const first = startChild(programs.server);
		await first.ask<ServerReady>(options);
		while (!(await first.ask<ServerCount>('count')).isConnected) await elapsed(drainPollMs);
		await elapsed(500);
		await first.ask('close').catch(() => {});
		await first.ended;

		const load = startChild(programs.load);
		await load.ask<LoadReady>({
			port,
			devices,
			password,
			shape: 'json',
			inFlight: 40,
			warmUpMs: 0,
			measureMs: publishMs,
			startMs: Date.now(),
			listener: undefined,
		} satisfies LoadOptions);
		const {acknowledged: messages} = await load.ask<LoadReport>('go');
		await load.ended;

		const server = startChild(programs.server);
		await server.ask<ServerReady>(options);
		const beginMs = performance.now();
		for (;;) {
			const {count, marks} = await server.ask<ServerCount>('count');
			if (count >= messages) {
				await server.ask('close').catch(() => {});
				await server.ended;
				if (side === 'reader') await assertReadings(sitePaths(join(folder, 'site')).log, messages);
				if (count !== messages) throw new Error(`${messages} messages were sent, ${count} came`);
				const from = marks.find(mark => mark.count >= messages * drainWarmUpShare)!;
				const to = marks.at(-1)!;
				return {messages, messagesPerS: ((to.count - from.count) * 1000) / (to.ms - from.ms)};
			}
			if (performance.now() - beginMs > drainMsMax)
				throw new Error(`${messages} messages were sent, ${count} came within ${drainMsMax / 1000} s`);
			await elapsed(drainPollMs);
		}
	} finally {
		for (const child of started) child.kill();
		await broker.process().end('SIGKILL');
		rmSync(folder, {recursive: true, force: true});
	}
}

/** Pairs of the agent and an empty MQTT.js subscriber, both reading from Mosquitto. */
async function fromMosquitto(pairs: number, publishMs: number, say: BenchOptions['say']): Promise<{reader: Drain[]; subscriber: Drain[]}> {
	const runs: {reader: Drain[]; subscriber: Drain[]} = {reader: [], subscriber: []};
	for (let pair = 0; pair < pairs; pair += 1) {
		say(`from Mosquitto, window ${drainWindow}, pair ${pair + 1} of ${pairs}`);
		for (const side of pair % 2 === 0 ? (['reader', 'subscriber'] as const) : (['subscriber', 'reader'] as const)) {
			const run = await drain(side, publishMs);
			runs[side].push(run);
			say(`  ${side === 'reader' ? 'agent' : 'MQTT.js alone'}: ${thousands(run.messagesPerS)} of ${run.messages} messages`);
		}
	}
	return runs;
}

const medianOf = (runs: readonly Run[], value: (run: Run) => number): number => median(runs.map(value));
const largest = (runs: readonly Run[], value: (run: Run) => number): number => Math.max(...runs.map(value));
/** The median over the rounds of what one side did against the other in the same round. */
const ratio = (ours: readonly {readonly messagesPerS: number}[], theirs: readonly {readonly messagesPerS: number}[]): number =>
	median(ours.map((run, round) => run.messagesPerS / theirs[round]!.messagesPerS));

export const bench: Bench = async ({quick, say}) => {
	const times = quick ? {warmUpMs: 500, measureMs: 1500} : {warmUpMs: 2000, measureMs: 8000};
	const rounds = quick ? 1 : 5;
	const full: Plan = {...times, shape: 'json', devices: devices.length, inFlight: 40};
	const rate = (run: Run): number => run.readingsPerS;

	const read = isMosquittoInstalled() ? await fromMosquitto(rounds, quick ? 500 : 3000, say) : undefined;
	if (read === undefined) say('not measured: reading from Mosquitto, which is not installed (apt-get install mosquitto)');
	const main = await interleaved('50 devices, 40 in flight', ['agent', 'library', 'early'], full, rounds, say);
	const heard = await besideSubscriber({...full, listener: true}, quick ? 1 : 3, say);
	const lone = await interleaved('one device, one in flight', ['agent'], {...full, devices: 1, inFlight: 1}, quick ? 1 : 3, say);
	const packs = await interleaved('SenML packs of 100', ['agent'], {...full, shape: 'senml', inFlight: 4}, rounds, say);

	const loaded = [...main.agent, ...packs.agent];
	const figures: Figure[] = [
		{name: 'agent against the library alone', value: ratio(main.agent, main.library), unit: 'times', target: {atLeast: 0.7}},
		{name: 'agent against itself not waiting for the disk', value: ratio(main.agent, main.early), unit: 'times', target: {atLeast: 0.85}},
		{name: 'agent, acknowledged after fsync', value: medianOf(main.agent, rate), unit: 'messages/s', target: undefined},
		{name: 'library alone, acknowledged from memory', value: medianOf(main.library, rate), unit: 'messages/s', target: undefined},
		{name: 'agent, acknowledged before the commit', value: medianOf(main.early, rate), unit: 'messages/s', target: undefined},
		{name: 'agent, PUBACK p99', value: medianOf(main.agent, run => run.p99Ms), unit: 'ms', target: {atMost: 100}},
		{name: 'library alone, PUBACK p99', value: medianOf(main.library, run => run.p99Ms), unit: 'ms', target: undefined},
		{
			name: 'one device, one in flight, PUBACK p50',
			value: medianOf(lone.agent, run => run.p50Ms),
			unit: 'ms',
			target: {atMost: 5},
		},
		{name: 'SenML packs of 100', value: medianOf(packs.agent, rate), unit: 'readings/s', target: {atLeast: 200_000}},
		{name: 'RSS under full load, largest', value: megabytes(largest(loaded, run => run.peakBytes)), unit: 'MB', target: {atMost: 150}},
		{
			name: 'RSS with 50 idle connections',
			value: megabytes(medianOf(main.agent, run => run.idleBytes)),
			unit: 'MB',
			target: {atMost: 100},
		},
		{name: 'RSS two seconds after full load', value: megabytes(medianOf(main.agent, run => run.restBytes)), unit: 'MB', target: undefined},
	];
	if (read !== undefined)
		figures.push(
			{
				name: 'from Mosquitto: agent against MQTT.js alone',
				value: ratio(read.reader, read.subscriber),
				unit: 'times',
				target: {atLeast: 0.7},
			},
			{name: 'from Mosquitto: agent', value: median(read.reader.map(run => run.messagesPerS)), unit: 'messages/s', target: undefined},
			{
				name: 'from Mosquitto: MQTT.js alone',
				value: median(read.subscriber.map(run => run.messagesPerS)),
				unit: 'messages/s',
				target: undefined,
			},
		);
	if (heard.agent.length > 0)
		figures.push(
			{
				name: 'one subscriber to all: agent against the library alone',
				value: ratio(heard.agent, heard.library),
				unit: 'times',
				target: undefined,
			},
			{
				name: 'one subscriber to all: agent delivered',
				value: 100 * medianOf(heard.agent, run => run.deliveredShare),
				unit: '%',
				target: undefined,
			},
			{
				name: 'one subscriber to all: library delivered',
				value: 100 * medianOf(heard.library, run => run.deliveredShare),
				unit: '%',
				target: undefined,
			},
		);
	return figures;
};
