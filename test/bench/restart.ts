// How long an agent is gone: killed with SIGKILL while it writes into a large log, started again, until it answers and until it has acknowledged a reading.

import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {systemClock} from '../../agent/base/clock.ts';
import {sitePaths} from '../../agent/site.ts';
import {createPublisher} from '../../sim/client.ts';
import {noFaults} from '../../sim/faults.ts';
import {createFleet} from '../../sim/fleet.ts';
import type {Message} from '../../sim/message.ts';
import {makeTemplate, startAgent} from '../faults/place.ts';
import {start} from '../faults/process.ts';
import {type Bench, type BenchOptions, type Figure, median} from './figure.ts';

const fillerPath = fileURLToPath(new URL('./restart-filler.js', import.meta.url));
const homes = 2;
/** Time for the filler to go on in before it is killed: so that it is in the middle of something. */
const goOnMs = 300;
const fillMsMax = 600_000;
const acknowledgedMsMax = 60_000;

async function fillAndKill(folder: string, entries: number): Promise<void> {
	const waiting = new AbortController();
	let full = false;
	const filler = start(process.execPath, [fillerPath, folder, String(entries)], {
		onLine: () => {
			full = true;
			waiting.abort();
		},
	});
	await Promise.race([filler.ended, systemClock.sleep(fillMsMax, waiting.signal)]);
	if (!full) throw new Error(`the log was not filled: ${filler.said()}`);
	await systemClock.sleep(goOnMs);
	await filler.end('SIGKILL');
}

async function measure(folder: string, options: BenchOptions): Promise<Figure[]> {
	const {quick, say} = options;
	const entries = options.entries ?? (quick ? 100_000 : 1_000_000);
	const {url, passwords} = await makeTemplate(folder, {homes});
	const {log} = sitePaths(folder);
	const momentOf = (timeMs: number) => ({timeMs, sceneMs: timeMs});
	const fleet = createFleet({seed: 'restart', size: {homes}, faults: noFaults, moment: momentOf(systemClock.nowMs())});

	const answeringMs: number[] = [];
	const acceptingMs: number[] = [];
	let size = 0;
	for (let round = 0; round < (quick ? 2 : 5); round += 1) {
		await fillAndKill(folder, entries);
		const walMiB = statSync(`${log}-wal`).size / 2 ** 20;
		const startedMs = systemClock.monotonicMs();
		const agent = await startAgent(folder);
		answeringMs.push(systemClock.monotonicMs() - startedMs);
		const device = fleet[round % fleet.length]!;
		const late = new AbortController();
		const timer = systemClock.sleep(acknowledgedMsMax, late.signal).then(() => late.abort());
		const password = passwords[device.id];
		const publisher = createPublisher<Message>({
			url,
			clientId: device.id,
			username: device.id,
			...(password === undefined ? {} : {password}),
			clock: systemClock,
			onAcknowledged: () => acceptingMs.push(systemClock.monotonicMs() - startedMs),
		});
		publisher.publish(device.step(momentOf(systemClock.nowMs())).message);
		if (!(await publisher.untilDrained(late.signal))) throw new Error(`the agent acknowledged nothing: ${agent.said()}`);
		late.abort();
		await timer;
		await publisher[Symbol.asyncDispose]();
		size = (await agent.status()).size;
		// The next round finds what this agent left.
		await agent.end('SIGKILL');
		say(`${size} entries, ${walMiB.toFixed(1)} MiB of WAL: accepts after ${acceptingMs.at(-1)!.toFixed(0)} ms`);
	}
	return [
		{
			name: `restart after SIGKILL with ${size} entries, until a reading is acknowledged, the slowest`,
			value: Math.max(...acceptingMs),
			unit: 'ms',
			target: {atMost: 5000},
		},
		{name: 'the same, median', value: median(acceptingMs), unit: 'ms', target: undefined},
		{name: 'until it answers, median', value: median(answeringMs), unit: 'ms', target: undefined},
	];
}

export const bench: Bench = async options => {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	try {
		return await measure(join(folder, 'site'), options);
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
};
