// Takes the room away under an agent, slowly and at once, looks at what it had acknowledged, gives the room back, and waits for it to go on by itself.

import {appendFileSync, cpSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import {addFindings, examine} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {type Agent, makeTemplate, place, startAgent} from './place.ts';
import {mountTmpfs, unmount} from './volume.ts';

const homes = 6;
const diskKiB = 32 * 1024;
const floorMiB = 6;
const ballastMiB = 2;
const fullAfterMsMax = 90_000;
/** What the issue asks for: acknowledging again this long after there is room, without a restart. */
const resumeMsMax = 10_000;
const kib = 1024;

/** Takes everything that is left. */
function takeAll(filler: string): void {
	const piece = Buffer.alloc(64 * kib, 1);
	try {
		for (;;) appendFileSync(filler, piece);
	} catch {
		// Nothing is left.
	}
}

async function fillDisk(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const template = await makeTemplate(join(ground.folder, 'template'), {
		homes,
		log: `, floorMiB: ${floorMiB}, ballastMiB: ${ballastMiB}`,
	});
	const ends = new Map<string, number>();
	const seen = (end: string): void => void ends.set(end, (ends.get(end) ?? 0) + 1);
	let slowestMs = 0;
	for (let i = 1; i <= ground.count; i += 1) {
		const chance = ground.chance(`disk ${i}`);
		const isSudden = i % 2 === 0;
		const where = `disk ${i}, filled ${isSudden ? 'at once' : 'slowly'}`;
		const site = join(ground.folder, `disk-${i}`);
		const filler = join(site, 'filler');
		const problem = (sentence: string): void => adding.add({problems: [`${where}: ${sentence}`]});
		await mountTmpfs(site, diskKiB);
		place(template, site);
		const accountPath = join(ground.folder, `account-${i}.jsonl`);
		const load = startLoad({
			url: template.url,
			seed: `${ground.seed} ${i}`,
			homes,
			passwords: template.passwords,
			rate: chance.between(100, 400),
			accountPath,
		});
		const heads = watchHeads();
		let agent: Agent = await startAgent(site);
		heads.follow(agent.status);
		const stateOf = async (): Promise<string> => (agent.isUp() ? (await agent.status().catch(() => undefined))?.state : undefined) ?? '';
		const untilTrue = (is: () => Promise<boolean>, timeoutMs: number): Promise<boolean | undefined> =>
			until(async () => ((await is()) ? true : undefined), {clock: systemClock, everyMs: 20, timeoutMs});

		// It has its ballast, and some time of its own.
		await systemClock.sleep(1500 + chance.between(0, 1500));
		const {freeBytes} = (await agent.status()).disk;
		if (isSudden) takeAll(filler);
		else writeFileSync(filler, Buffer.alloc(Math.max(0, freeBytes - floorMiB * kib * kib - chance.between(200, 3000) * kib), 1));
		const isFull = await untilTrue(async () => !agent.isUp() || (await stateOf()) === 'full', fullAfterMsMax);
		if (!isFull) problem('it never was full');
		if (!agent.isUp()) {
			const code = await agent.ended;
			seen(`the agent, its disk filled ${isSudden ? 'at once' : 'slowly'}, ends with ${code}`);
			if (code !== 4 || !isSudden) problem(`the agent ends with ${code}: ${agent.said()}`);
			// With still no room it starts, lets nobody in, and waits.
			const before = load.messages();
			agent = await startAgent(site);
			heads.follow(agent.status);
			await systemClock.sleep(1500);
			if (!agent.isUp()) problem(`started while full, the agent ends with ${await agent.ended}: ${agent.said()}`);
			else if ((await stateOf()) !== 'full') problem(`started while full, the agent is ${await stateOf()}`);
			if (load.messages() > before) problem('started while full, the agent acknowledges');
			seen('started while full it answers, and waits');
		} else seen(`the agent, its disk filled ${isSudden ? 'at once' : 'slowly'}, is full and answers`);

		// What is on the disk while it is full, and that nothing more is acknowledged.
		await systemClock.sleep(300);
		const before = load.messages();
		await systemClock.sleep(1500);
		if (load.messages() > before) problem(`${load.messages() - before} messages were acknowledged while full`);
		const copy = join(ground.folder, `copy-${i}`);
		const copyAccount = join(ground.folder, `copy-${i}.jsonl`);
		await load.writeAccount(copyAccount);
		const examination = {accountPath: copyAccount, heads: heads.seen(), acknowledged: load.readings()};
		cpSync(site, copy, {recursive: true, filter: path => !path.endsWith('.sock') && path !== filler});
		addFindings(adding, `${where}, while full`, await examine({...examination, folder: copy}));
		rmSync(copy, {recursive: true});

		const pid = agent.pid;
		rmSync(filler);
		const roomMs = systemClock.monotonicMs();
		const resumed = await untilTrue(async () => load.messages() > before, resumeMsMax);
		slowestMs = Math.max(slowestMs, systemClock.monotonicMs() - roomMs);
		if (!resumed || !agent.isUp() || agent.pid !== pid)
			problem(`it does not go on within ${resumeMsMax} ms: ${await stateOf()} ${agent.said()}`);
		await systemClock.sleep(500);
		const pending = await load.end();
		heads.leave();
		if (pending > 0) problem(`with room again, ${pending} messages were not acknowledged`);
		const code = await agent.end('SIGTERM');
		if (code !== 0) problem(`told to stop, the agent ended with ${code}: ${agent.said()}`);
		addFindings(adding, where, await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: load.readings()}));
		await unmount(site);
		adding.add({done: 1});
		ground.say(`${i} of ${ground.count} disks`);
	}
	for (const [end, count] of ends) adding.note(`${count} times: ${end}`);
	adding.note(`with room again it acknowledged after at most ${(slowestMs / 1000).toFixed(1)} s, without a restart`);
	return adding.tally();
}

export const diskFull: Fault = {
	name: 'disk-full',
	about:
		'a tmpfs fills up under load, slowly or at once; it is examined while full, then the room is given back, and the agent goes on by itself',
	unit: 'disks',
	programs: ['mount', 'umount'],
	count: 20,
	quickCount: 2,
	isControl: false,
	run: fillDisk,
};
