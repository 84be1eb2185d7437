// What it costs to be looked at: ingest with a hundred open dashboards against ingest with none, how soon a page begins, and how long a year's curve takes.
import {mkdtempSync, rmSync} from 'node:fs';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {kinds} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {makePassword, makeSite, sitePaths} from '../../agent/site.ts';
import {addUser} from '../../agent/users.ts';
import {freePort} from '../helpers/ports.ts';
import {openSiteLog} from '../helpers/site-log.ts';
import {type Child, elapsed, programs, start} from './child.ts';
import {type Bench, type Figure, median} from './figure.ts';
import type {ServerMemory, ServerOptions, ServerReady} from './ingest-server.ts';
import type {LoadOptions, LoadReady, LoadReport} from './load.ts';
import {measurePages} from './web-pages.ts';

const dashboards = 100;
const askEveryMs = 10_000;
const devices = Array.from({length: 50}, (_, i) => `meter-${String(i).padStart(2, '0')}`);
const password = 'the bench looks at itself';
const random = createSystemRandom();

function configText(passwordHash: string, apiPort: number | undefined): string {
	return `log: {name: bench}
broker: {host: 127.0.0.1, port: 0}
${apiPort === undefined ? '' : `api: {port: ${apiPort}}`}
mappings:
  single:
    topic: meters/{device}/energy
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /energy_kwh, quantity: energy-import, unit: kWh}
devices:
${devices.map(id => `  - {id: ${id}, passwordHash: "${passwordHash}", cadenceSeconds: 60, mappings: [single]}`).join('\n')}
`;
}

type Answer = {
	readonly firstByteMs: number;
	readonly wholeMs: number;
	readonly bytes: number;
	readonly status: number;
	readonly headers: Record<string, string[] | string | undefined>;
};

function ask(port: number, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const beganMs = performance.now();
		const asked = request({host: '127.0.0.1', port, path, method: body === undefined ? 'GET' : 'POST', headers}, response => {
			const firstByteMs = performance.now() - beganMs;
			let bytes = 0;
			response.on('data', (chunk: Buffer) => {
				bytes += chunk.length;
			});
			response.on('error', reject);
			response.on('end', () =>
				resolve({firstByteMs, wholeMs: performance.now() - beganMs, bytes, status: response.statusCode ?? 0, headers: response.headers}),
			);
		});
		asked.on('error', reject);
		asked.end(body);
	});
}

async function signIn(port: number): Promise<string> {
	const answer = await ask(port, '/v1/session', {'content-type': 'application/json'}, JSON.stringify({name: 'owner', password}));
	if (answer.status !== 201) throw new Error(`signing in was answered with ${answer.status}`);
	return String((answer.headers['set-cookie'] as string[])[0]).split(';')[0]!;
}

/** Opens so many event streams, and lets each dashboard ask for its curve every ten seconds; gives what ends that, and how many events came. */
function openDashboards(port: number, cookie: string): {readonly close: () => number} {
	let events = 0;
	let isOver = false;
	const streams = Array.from({length: dashboards}, () => {
		const stream = request({host: '127.0.0.1', port, path: '/v1/agent/events', headers: {cookie}, agent: false}, response => {
			response.on('data', (chunk: Buffer) => {
				events += chunk.toString('latin1').split('event: ').length - 1;
			});
			response.on('error', () => {});
		});
		stream.on('error', () => {});
		stream.end();
		return stream;
	});
	const timers = Array.from({length: dashboards}, (_, i) => {
		const name = encodeURIComponent(`${devices[i % devices.length]}/energy-import`);
		const look = async (): Promise<void> => {
			if (isOver) return;
			const toMs = Date.now();
			await ask(port, `/v1/channels/${name}/curve?from=${toMs - 86_400_000}&to=${toMs}`, {cookie}).catch(() => {});
		};
		let timer: NodeJS.Timeout;
		const first = setTimeout(
			() => {
				void look();
				timer = setInterval(() => void look(), askEveryMs);
			},
			(i * askEveryMs) / dashboards,
		);
		return () => {
			clearTimeout(first);
			clearInterval(timer);
		};
	});
	return {
		close: () => {
			isOver = true;
			for (const end of timers) end();
			for (const stream of streams) stream.destroy();
			return events;
		},
	};
}

type Side = 'closed' | 'open' | 'watched';
type Run = {readonly perS: number; readonly perProcessorS: number; readonly events: number; readonly processorBusy: number};

/** closed: no HTTP interface. open: one that nobody looks at. watched: with a hundred dashboards. */
async function measure(side: Side, measureMs: number): Promise<Run> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	const made = await makePassword(random);
	const port = side === 'closed' ? undefined : await freePort();
	const started: Child[] = [];
	try {
		await makeSite({directory: folder, logName: 'bench', random, configFor: () => configText(made.hash, port)});
		await addUser(sitePaths(folder), {name: 'owner', role: 'owner', password}, {random, clock: systemClock});
		const server = start(programs.server);
		const load = start(programs.load);
		started.push(server, load);
		const ready = await server.ask<ServerReady>({side: 'agent', configPath: join(folder, 'kedge.yaml')} satisfies ServerOptions);
		await load.ask<LoadReady>({
			port: ready.port,
			devices,
			password: made.password,
			shape: 'json',
			inFlight: 20,
			warmUpMs: 2000,
			measureMs,
			startMs: Date.now(),
			listener: undefined,
		} satisfies LoadOptions);
		const looking = side === 'watched' ? openDashboards(port!, await signIn(port!)) : undefined;
		await elapsed(1000);
		const before = await server.ask<ServerMemory>('memory');
		const beganMs = performance.now();
		const report = await load.ask<LoadReport>('go');
		const after = await server.ask<ServerMemory>('memory');
		const tookMs = performance.now() - beganMs;
		const events = looking?.close() ?? 0;
		await load.ended;
		await server.ask('close').catch(() => {});
		await server.ended;
		const processorMs = after.processorMs - before.processorMs;
		return {
			perS: report.messagesPerS,
			perProcessorS: (1000 * report.acknowledged) / processorMs,
			events,
			processorBusy: processorMs / tookMs,
		};
	} finally {
		for (const child of started) child.kill();
		rmSync(folder, {recursive: true, force: true});
	}
}

/** A log of one device that spoke once a minute for a year, looked at over HTTP. */
async function measureYear(count: number, say: (text: string) => void): Promise<Figure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	const made = await makePassword(random);
	const port = await freePort();
	const paths = sitePaths(folder);
	const startMs = Date.UTC(2025, 0, 1);
	const server = start(programs.server);
	try {
		await makeSite({directory: folder, logName: 'bench', random, configFor: () => configText(made.hash, port)});
		await addUser(paths, {name: 'owner', role: 'owner', password}, {random, clock: systemClock});
		say(`filling a log with ${count} readings of one device …`);
		const log = await openSiteLog(paths);
		const {code, exponentDefault: exponent} = quantityOfName('energy-import')!;
		const urn = channelUrn(devices[0]!, 'energy-import');
		const channel = log.enrol({urn, quantity: code, quantityName: 'energy-import', exponent});
		for (let i = 0; i < count; i += 1) {
			const measuredAtMs = startMs + i * 60_000;
			const record = encodeArrival({
				topic: `meters/${devices[0]}/energy`,
				payload: Buffer.from(`{"v":${i}}`),
				flags: 1,
				identity: devices[0]!,
				arrivedAtMs: measuredAtMs + 500,
				deviceSignature: new Uint8Array(0),
				decoder: 'json/1',
			});
			const key = measuredAtMs;
			const draft = {
				channel,
				kind: kinds.reading,
				quantity: code,
				exponent,
				quality: 0,
				value: BigInt(i * 13),
				measuredAtMs,
				span: 0,
				session: undefined,
				key,
				keyTop: key,
			};
			log.append({record, arrivedAtMs: measuredAtMs + 500, drafts: [draft]}, failure => {
				if (failure !== undefined) throw failure;
			});
			// A batch for every few readings, as a log of years has.
			if (i % 16 === 0) {
				await log.pressure();
				await new Promise(resolve => setImmediate(resolve));
			}
		}
		await log.settled();
		await log[Symbol.asyncDispose]();
		await server.ask<ServerReady>({side: 'agent', configPath: join(folder, 'kedge.yaml')} satisfies ServerOptions);
		const cookie = await signIn(port);
		const name = encodeURIComponent(urn);
		const endMs = startMs + count * 60_000;
		const year = `/v1/channels/${name}/curve?from=${startMs}&to=${endMs}`;
		// Until all is folded.
		for (;;) {
			const text = await fetch(`http://127.0.0.1:${port}${year}`, {headers: {cookie}}).then(
				response => response.json() as Promise<{readonly behind: number}>,
			);
			if (text.behind === 0) break;
			await elapsed(500);
		}
		const timesOf = async (path: string): Promise<{readonly whole: number; readonly first: number; readonly bytes: number}> => {
			const answers: Answer[] = [];
			for (let i = 0; i < 15; i += 1) answers.push(await ask(port, path, {cookie, accept: 'text/html,*/*'}));
			if (answers.some(({status}) => status !== 200))
				throw new Error(`${path} was answered with ${answers.map(({status}) => status).join()}`);
			return {
				whole: median(answers.map(({wholeMs}) => wholeMs)),
				first: median(answers.map(({firstByteMs}) => firstByteMs)),
				bytes: answers[0]!.bytes,
			};
		};
		const curve = await timesOf(year);
		const hour = await timesOf(`/v1/channels/${name}/curve?from=${endMs - 3_600_000}&to=${endMs}`);
		const readings = await timesOf(`/v1/channels/${name}/readings?from=${startMs + Math.floor(count / 2) * 60_000}&to=${endMs}&limit=2000`);
		const page = await timesOf('/');
		const state = await timesOf('/v1/agent');
		say('opening the pages in Chromium …');
		const pages = await measurePages({url: `http://127.0.0.1:${port}`, cookie, device: devices[0]!, fromMs: startMs, toMs: endMs});
		return [
			...pages,
			{name: `curve of ${count} readings`, value: curve.whole, unit: 'ms', target: {atMost: 300}},
			{name: '… its bytes', value: curve.bytes / 1024, unit: 'KiB', target: undefined},
			{name: 'curve of an hour from readings', value: hour.whole, unit: 'ms', target: {atMost: 300}},
			{name: '2,000 readings from the middle of the year', value: readings.whole, unit: 'ms', target: undefined},
			{name: 'first byte of the first page', value: page.first, unit: 'ms', target: {atMost: 100}},
			{name: 'state of the agent', value: state.whole, unit: 'ms', target: undefined},
		];
	} finally {
		await server.ask('close').catch(() => {});
		server.kill();
		rmSync(folder, {recursive: true, force: true});
	}
}

export const bench: Bench = async ({quick, say}) => {
	const figures = await measureYear(quick ? 50_000 : 525_600, say);
	const [rounds, measureMs] = quick ? [1, 8000] : [3, 15_000];
	const runs: Record<Side, Run[]> = {closed: [], open: [], watched: []};
	const sides: readonly Side[] = ['closed', 'open', 'watched'];
	for (let round = 0; round < rounds; round += 1)
		for (let i = 0; i < sides.length; i += 1) {
			const side = sides[(round + i) % sides.length]!;
			const run = await measure(side, measureMs);
			runs[side].push(run);
			say(`  ${side}: ${Math.round(run.perS)} messages/s, ${Math.round(run.perProcessorS)} a second of a processor, ${run.events} events`);
		}
	const of = (side: Side, pick: (run: Run) => number): number => median(runs[side].map(pick));
	const loss = (pick: (run: Run) => number): number => 100 * (1 - of('watched', pick) / of('open', pick));
	return [
		...figures,
		{name: 'ingest without an HTTP interface', value: of('closed', ({perS}) => perS), unit: 'messages/s', target: undefined},
		{name: 'ingest with one that nobody looks at', value: of('open', ({perS}) => perS), unit: 'messages/s', target: undefined},
		{name: `ingest with ${dashboards} open dashboards`, value: of('watched', ({perS}) => perS), unit: 'messages/s', target: undefined},
		{name: '… lost by them', value: loss(({perS}) => perS), unit: '%', target: {atMost: 10}},
		{name: '… by processor time of a message', value: loss(({perProcessorS}) => perProcessorS), unit: '%', target: {atMost: 10}},
	];
};
