// Lets the agent's wall clock jump while the devices' time goes on: hours back, days ahead, and a start in 1970, as on a board without a battery.

import {renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {toHex} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {decodeNote} from '../../agent/format/body.ts';
import {decodeEntry, kinds, noteKinds} from '../../agent/format/entry.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {sitePaths} from '../../agent/site.ts';
import {noFaults} from '../../sim/faults.ts';
import {addFindings, examine} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {placeOf} from './packages.ts';
import {makeTemplate, place, startAgent} from './place.ts';

const homes = 6;
const jumpsPerRound = 8;
/** In the words of faketime. */
const right = '+0';
const jumps = ['-2h', '+3d', '-20m', '+90m', right];
const in1970 = '@1970-01-01 00:01:00';
/** The agent looks at its clocks every second. */
const lookMs = 1500;
/** Two of the jumps never lie nearer together. */
const rightWithinMs = 600_000;

async function jump(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const template = await makeTemplate(join(ground.folder, 'template'), {homes});
	let done = 0;
	let starts = 0;
	let steps = 0;
	const arrived = {minMs: Number.POSITIVE_INFINITY, maxMs: 0};
	for (let round = 1; done < ground.count; round += 1) {
		const chance = ground.chance(`round ${round}`);
		const site = join(ground.folder, `site-${round}`);
		place(template, site);
		const clockFile = join(ground.folder, `clock-${round}`);
		const turnTo = (setting: string): void => {
			writeFileSync(`${clockFile}.new`, `${setting}\n`);
			renameSync(`${clockFile}.new`, clockFile);
		};
		// What cannot be read as a time must not be there even for an instant.
		const env = {
			LD_PRELOAD: placeOf('libfaketime.so.1')!,
			FAKETIME_TIMESTAMP_FILE: clockFile,
			FAKETIME_NO_CACHE: '1',
			DONT_FAKE_MONOTONIC: '1',
		};
		const accountPath = join(ground.folder, `account-${round}.jsonl`);
		const load = startLoad({
			url: template.url,
			seed: `${ground.seed} ${round}`,
			homes,
			passwords: template.passwords,
			accountPath,
			// Devices that send in order, so that an order that is not kept shows.
			faults: noFaults,
		});
		const heads = watchHeads();
		turnTo(right);
		let agent = await startAgent(site, {env});
		heads.follow(agent.status);
		for (let i = 1; i <= jumpsPerRound && done < ground.count; i += 1) {
			await systemClock.sleep(chance.between(100, 700));
			const setting = chance.pick(jumps);
			done += 1;
			if (!chance.happens(0.25)) {
				turnTo(setting);
				continue;
			}
			// A board that lost its power starts in the past, and hears of the time later.
			await agent.end('SIGKILL');
			turnTo(in1970);
			starts += 1;
			agent = await startAgent(site, {env});
			heads.follow(agent.status);
			await systemClock.sleep(chance.between(100, 700));
			turnTo(setting);
		}
		// However short the others were, one step forth and one back lie far enough apart to be seen.
		turnTo('-20m');
		await systemClock.sleep(lookMs);
		turnTo(right);
		const pending = await load.end();
		await systemClock.sleep(lookMs);
		heads.leave();
		if (pending > 0) adding.add({problems: [`round ${round}: ${pending} messages were never acknowledged`]});
		const code = await agent.end('SIGTERM');
		const where = `round ${round}`;
		if (code !== 0) adding.add({problems: [`${where}: told to stop, the agent ended with ${code}: ${agent.said()}`]});
		const problems = await orderProblems(site, arrived);
		const noted = await stepsNoted(site);
		steps += noted.count;
		problems.push(...noted.problems);
		if (problems.length > 0) adding.add({problems: problems.map(problem => `${where}: ${problem}`)});
		addFindings(adding, where, await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: load.readings()}));
		ground.say(`${done} of ${ground.count} jumps`);
	}
	adding.add({done});
	adding.note(
		`${starts} of them starts in 1970; ${steps} steps of the clock were noted in the logs (two between two looks are seen as one); arrival times in the logs go from ${new Date(arrived.minMs).toISOString()} to ${new Date(arrived.maxMs).toISOString()}`,
	);
	return adding.tally();
}

/** Devices sent in the order of their own time: the entries of a channel must stand in it. */
async function orderProblems(site: string, arrived: {minMs: number; maxMs: number}): Promise<string[]> {
	await using reader = await openLogReader({path: sitePaths(site).log, hasher: nodeHasher});
	const size = (await reader.head())?.size ?? 0;
	const newest = new Map<string, number>();
	const problems: string[] = [];
	for (let begin = 0; begin < size; begin += 4096) {
		const page = await reader.entries(begin, Math.min(size, begin + 4096));
		for (let at = 0; at < page.length; at += 118) {
			const {kind, subject, measuredAtMs, arrivedAtMs} = decodeEntry(page.subarray(at, at + 118));
			arrived.minMs = Math.min(arrived.minMs, arrivedAtMs);
			arrived.maxMs = Math.max(arrived.maxMs, arrivedAtMs);
			if (kind !== kinds.reading) continue;
			const channel = toHex(subject);
			if (measuredAtMs < (newest.get(channel) ?? 0) && problems.length < 5)
				problems.push(`entry ${begin + at / 118} stands before one that was sent earlier`);
			newest.set(channel, measuredAtMs);
		}
	}
	return problems;
}

/** Every life of the agent that saw its clock set has notes of it, and the last of all says that it was set right. */
async function stepsNoted(site: string): Promise<{readonly count: number; readonly problems: readonly string[]}> {
	await using reader = await openLogReader({path: sitePaths(site).log, hasher: nodeHasher});
	const size = (await reader.head())?.size ?? 0;
	const problems: string[] = [];
	let count = 0;
	let newestMs: number | undefined;
	for (let index = 0; index < size; index += 1) {
		const {kind, quantity, value} = decodeEntry(await reader.entry(index));
		if (kind !== kinds.note || quantity !== noteKinds.clockStep) continue;
		const body = decodeNote((await reader.source(index)).record);
		const [expectedMs, foundMs] = [Number(body?.expectedMs), Number(body?.foundMs)];
		if (BigInt(foundMs - expectedMs) !== value || Math.abs(foundMs - expectedMs) <= 1000)
			problems.push(`the step noted in entry ${index} is none: ${JSON.stringify(body)}`);
		count += 1;
		newestMs = foundMs;
	}
	if (newestMs === undefined) problems.push('no step of the clock was noted');
	else if (Math.abs(newestMs - systemClock.nowMs()) > rightWithinMs)
		problems.push(`the last step noted leaves the clock at ${new Date(newestMs).toISOString()}`);
	return {count, problems};
}

export const clockFault: Fault = {
	name: 'clock',
	about: 'the wall clock of the agent jumps −2 h, +3 d, −20 min, +90 min, and starts in 1970, under load',
	unit: 'jumps',
	programs: ['libfaketime.so.1'],
	count: 64,
	quickCount: 8,
	isControl: false,
	run: jump,
};
