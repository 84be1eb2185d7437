// Runs an agent for a long time under an ordinary load, watches what it holds, and says whether any of it grows.

import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs';
import {cpus, loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {toHex} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createClosing} from '../../agent/base/closing.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {sitePaths} from '../../agent/site.ts';
import {prepareChain} from '../faults/chain.ts';
import {examine} from '../faults/examiner.ts';
import {watchHeads} from '../faults/heads.ts';
import {startLoad} from '../faults/load.ts';
import {makeTemplate, place, startAgent} from '../faults/place.ts';
import type {Probe} from './probe.ts';
import {inBlocks, plot, type Trend, trendOf} from './trend.ts';

const usage = `usage: npm run soak -- [--minutes M] [--rate R] [--seed S] [--json]
  --minutes  how long, 30 without it; below 30 the slope is told and not judged
  --rate     messages a second of all devices together, 200 without it
  --seed     of the devices
  --json     ends with one JSON object
`;

const homes = 20;
/** Homes send every 2 s, the boiler and the truck every 5 s: messages a second at the rate 1. */
const ordinaryRate = homes / 2 + 2 / 5;
const sampleEveryMs = 5000;
const anchorEveryMinutes = 1;
/** Of the second half, for the slope. */
const blocks = 12;
const judgedFromMinutes = 30;

const limits = {
	/** Above this, beyond the noise, the resident size is not flat. */
	slopeMBPerHour: 1,
	walMiB: 64,
	/** Descriptors more at the end than in the middle. */
	descriptors: 3,
} as const;

type Row = Probe & {
	readonly timeMs: number;
	readonly rssMB: number;
	readonly descriptors: number;
	readonly walMiB: number;
	readonly messages: number;
};

type Options = {readonly minutes: number; readonly rate: number; readonly seed: string; readonly json: boolean};

function readWords(words: readonly string[]): Options | undefined {
	let [minutes, rate, seed, json] = [30, 200, toHex(createSystemRandom().bytes(4)), false];
	for (let i = 0; i < words.length; i += 1) {
		if (words[i] === '--json') {
			json = true;
			continue;
		}
		const [word, value = words[++i]] = words[i]!.split('=');
		if (value === undefined) return undefined;
		if (word === '--minutes') minutes = Number(value);
		else if (word === '--rate') rate = Number(value);
		else if (word === '--seed') seed = value;
		else return undefined;
	}
	return minutes > 0 && rate > 0 ? {minutes, rate, seed, json} : undefined;
}

/** What the kernel says of a process, and the newest of what it says of itself. */
function look(pid: number, walPath: string, probePath: string): Omit<Row, 'timeMs' | 'messages'> {
	const rssKiB = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
	const probes = sizeOf(probePath) === 0 ? '' : readFileSync(probePath, 'utf8').trim();
	const none: Probe = {heapMB: 0, externalMB: 0, lagP99Ms: 0, lagMsMax: 0};
	return {
		...(probes === '' ? none : (JSON.parse(probes.split('\n').at(-1)!) as Probe)),
		rssMB: (rssKiB * 1024) / 1e6,
		descriptors: readdirSync(`/proc/${pid}/fd`).length,
		walMiB: sizeOf(walPath) / 2 ** 20,
	};
}

function sizeOf(path: string): number {
	return statSync(path, {throwIfNoEntry: false})?.size ?? 0;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const columns = ['minute', 'messages/s', 'RSS MB', 'heap MB', 'external MB', 'descriptors', 'WAL MiB', 'lag p99 ms', 'lag max ms'];

/** The middle of some samples. */
function line(rows: readonly Row[], fromMs: number): string {
	const of = (key: keyof Row): number => rows.map(row => row[key]).sort((a, b) => a - b)[rows.length >> 1]!;
	const [first, last] = [rows[0]!, rows.at(-1)!];
	const rate = last.timeMs > first.timeMs ? ((last.messages - first.messages) * 1000) / (last.timeMs - first.timeMs) : 0;
	const cells = [
		((last.timeMs - fromMs) / 60_000).toFixed(1),
		rate.toFixed(0),
		of('rssMB').toFixed(1),
		of('heapMB').toFixed(1),
		of('externalMB').toFixed(1),
		of('descriptors').toFixed(0),
		Math.max(...rows.map(row => row.walMiB)).toFixed(1),
		of('lagP99Ms').toFixed(1),
		Math.max(...rows.map(row => row.lagMsMax)).toFixed(1),
	];
	return cells.map((cell, i) => cell.padStart(columns[i]!.length)).join('  ');
}

function trendText(trend: Trend | undefined): string {
	if (trend === undefined) return 'not to be told from so few samples';
	const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
	return `${signed(trend.perHour)} MB/h (95 %: ${signed(trend.low)} … ${signed(trend.high)})`;
}

async function soak({minutes, rate, seed, json}: Options, closing: ReturnType<typeof createClosing>): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-soak-'));
	const remove = (): void => rmSync(folder, {recursive: true, force: true, maxRetries: 5});
	closing.defer(remove);
	process.once('exit', remove);

	const template = await makeTemplate(join(folder, 'template'), {homes});
	const {anvil} = await prepareChain(template, {anvil: ['--block-time', '2'], more: `  everyMinutes: ${anchorEveryMinutes}\n`});
	closing.defer(anvil.stop);
	const site = join(folder, 'site');
	place(template, site);
	const {log} = sitePaths(site);
	const probePath = join(folder, 'probe.jsonl');
	const probe = fileURLToPath(new URL('./probe.js', import.meta.url));
	const agent = await startAgent(site, {env: {NODE_OPTIONS: `--import=${probe}`, KEDGE_SOAK_PROBE: probePath}});
	const heads = watchHeads({everyMs: sampleEveryMs});
	heads.follow(agent.status);
	const accountPath = join(folder, 'account.jsonl');
	const load = startLoad({
		url: template.url,
		seed,
		homes,
		passwords: template.passwords,
		rate: rate / ordinaryRate,
		// What devices do anyhow: repeats, cut connections, and now and then something that must be refused.
		accountPath,
	});

	say(
		`${minutes} min at ${rate} messages/s from ${homes + 2} devices, an anchor every ${anchorEveryMinutes} min; seed ${seed}; ${cpus().length} cores`,
	);
	say(columns.join('  '));
	const rows: Row[] = [];
	const startedMs = systemClock.monotonicMs();
	const toldEveryMs = Math.max(60_000, (minutes * 60_000) / 30);
	let told = 0;
	while (agent.isUp()) {
		const nowMs = systemClock.monotonicMs();
		if (nowMs - startedMs >= minutes * 60_000) break;
		await systemClock.sleep(sampleEveryMs - ((nowMs - startedMs) % sampleEveryMs));
		if (!agent.isUp()) break;
		rows.push({timeMs: systemClock.monotonicMs(), messages: load.messages(), ...look(agent.pid, `${log}-wal`, probePath)});
		if (rows.at(-1)!.timeMs - startedMs < toldEveryMs * (told + 1)) continue;
		told += 1;
		const since = rows.at(-1)!.timeMs - toldEveryMs;
		say(
			line(
				rows.filter(({timeMs}) => timeMs >= since - sampleEveryMs),
				startedMs,
			),
		);
	}
	const problems: string[] = [];
	if (!agent.isUp()) problems.push(`the agent ended by itself: ${agent.said()}`);
	const status = await agent.status().catch(() => undefined);
	const pending = await load.end();
	heads.leave();
	if (pending > 0) problems.push(`${pending} messages were never acknowledged`);
	const code = agent.isUp() ? await agent.end('SIGTERM') : 0;
	if (code !== 0) problems.push(`told to stop, the agent ended with ${code}: ${agent.said()}`);
	const findings = await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: load.readings()});
	problems.push(...findings.problems);

	const half = rows.slice(rows.length >> 1);
	const rss = trendOf(
		inBlocks(
			half.map(({timeMs, rssMB}) => ({timeMs, value: rssMB})),
			blocks,
		),
	);
	const heap = trendOf(
		inBlocks(
			half.map(({timeMs, heapMB}) => ({timeMs, value: heapMB})),
			blocks,
		),
	);
	const isJudged = minutes >= judgedFromMinutes;
	const rssMBMax = Math.max(...rows.map(({rssMB}) => rssMB));
	const walMiBMax = Math.max(...rows.map(({walMiB}) => walMiB));
	const newest = half.slice(-Math.max(1, half.length >> 2));
	const descriptorsGrown =
		Math.min(...newest.map(({descriptors}) => descriptors)) - Math.max(...half.slice(0, newest.length).map(({descriptors}) => descriptors));
	const lasted = rows.length < 2 ? 0 : rows.at(-1)!.timeMs - rows[0]!.timeMs;
	const ratePerS = lasted === 0 ? 0 : ((rows.at(-1)!.messages - rows[0]!.messages) * 1000) / lasted;
	if (isJudged && rss !== undefined && rss.low > limits.slopeMBPerHour) problems.push(`the resident size grows: ${trendText(rss)}`);
	if (descriptorsGrown > limits.descriptors) problems.push(`${descriptorsGrown} more descriptors are open than in the middle`);
	if (walMiBMax > limits.walMiB) problems.push(`the WAL grew to ${walMiBMax.toFixed(1)} MiB`);

	say('');
	say(`RSS          ${plot(rows.map(({rssMB}) => rssMB))}  at most ${rssMBMax.toFixed(1)} MB`);
	say(`heap         ${plot(rows.map(({heapMB}) => heapMB))}`);
	say(
		`RSS slope    ${trendText(rss)} in the second half, by Theil and Sen over the medians of ${blocks} spans${isJudged ? `; flat unless all of the interval is above +${limits.slopeMBPerHour}` : `; not judged below ${judgedFromMinutes} min`}`,
	);
	say(`heap slope   ${trendText(heap)}`);
	say(`descriptors  ${Math.min(...rows.map(row => row.descriptors))} … ${Math.max(...rows.map(row => row.descriptors))}`);
	say(`WAL          at most ${walMiBMax.toFixed(1)} MiB of ${limits.walMiB}`);
	say(
		`load         ${ratePerS.toFixed(0)} messages/s acknowledged, ${load.messages()} in all; ${status?.anchor?.finalSize ?? 0} entries under a final anchor; others' load on the machine at the end: ${loadavg()[0]!.toFixed(1)}`,
	);
	say(
		`log          ${findings.size} entries, ${findings.acknowledged} acknowledged readings looked for, ${findings.missing} lost, ${findings.twice} twice, ${findings.forks} forks`,
	);
	for (const problem of problems) say(`wrong: ${problem}`);
	say(problems.length === 0 ? 'nothing grows, nothing is lost' : 'not as it should be');
	if (json)
		say(
			JSON.stringify({
				soak: {
					minutes,
					ratePerS,
					rssMBMax,
					rssMBPerHour: rss ?? null,
					heapMBPerHour: heap ?? null,
					isJudged,
					descriptorsGrown,
					walMiBMax,
					lagMsMax: Math.max(...rows.map(row => row.lagMsMax)),
					lostAcknowledged: findings.missing,
					twice: findings.twice,
					forks: findings.forks,
					problems,
				},
			}),
		);
	return problems.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
	const words = process.argv.slice(2);
	if (words.includes('--help')) {
		process.stdout.write(usage);
		return 0;
	}
	const options = readWords(words);
	if (options === undefined) {
		process.stderr.write(usage);
		return 2;
	}
	const closing = createClosing();
	try {
		return await soak(options, closing);
	} finally {
		await closing.close();
	}
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exit(await main());
