// Fills the file system under an agent, looks at what it had acknowledged, gives it room again, and lets it go on.

import {cpSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {addFindings, examine} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {makeTemplate, place, startAgent} from './place.ts';
import {mountTmpfs, resizeTmpfs, unmount} from './volume.ts';

const homes = 6;
const fullAfterMsMax = 60_000;
/** An agent that acknowledges nothing for this long has noticed. */
const silentMs = 3000;
const roomKiB = 256 * 1024;

async function fillDisk(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const template = await makeTemplate(join(ground.folder, 'template'), {homes});
	const ends = new Map<string, number>();
	for (let i = 1; i <= ground.count; i += 1) {
		const chance = ground.chance(`disk ${i}`);
		const where = `disk ${i}`;
		const site = join(ground.folder, `disk-${i}`);
		const sizeKiB = chance.between(800, 6000);
		await mountTmpfs(site, sizeKiB);
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
		let agent = await startAgent(site);
		heads.follow(agent.status);

		// Until it ends, or stays up and acknowledges nothing more.
		const startedMs = systemClock.monotonicMs();
		let seen = 0;
		let seenMs = startedMs;
		while (agent.isUp() && systemClock.monotonicMs() - seenMs < silentMs && systemClock.monotonicMs() - startedMs < fullAfterMsMax) {
			await systemClock.sleep(50);
			if (load.messages() === seen) continue;
			seen = load.messages();
			seenMs = systemClock.monotonicMs();
		}
		if (agent.isUp() && systemClock.monotonicMs() - seenMs < silentMs) adding.add({problems: [`${where}: it never was full`]});
		const end = agent.isUp() ? 'stays up and acknowledges nothing' : `ends with ${await agent.ended}`;
		ends.set(end, (ends.get(end) ?? 0) + 1);
		if (end !== 'ends with 4' && !agent.isUp()) adding.add({problems: [`${where}: the agent ${end}: ${agent.said()}`]});
		if (!agent.isUp()) {
			// With still no room nobody may be let in.
			const before = load.messages();
			const still = await startAgent(site, {wait: false});
			const waiting = new AbortController();
			const code = await Promise.race([still.ended, systemClock.sleep(5000, waiting.signal).then(() => 'stays up')]);
			waiting.abort();
			const again = `started while full: ${code === 'stays up' ? code : `ends with ${code}`}${load.messages() > before ? ', having acknowledged' : ''}`;
			ends.set(again, (ends.get(again) ?? 0) + 1);
			await still.end('SIGKILL');
		}
		heads.leave();

		const copy = join(ground.folder, `copy-${i}`);
		const copyAccount = join(ground.folder, `copy-${i}.jsonl`);
		await load.writeAccount(copyAccount);
		const examination = {accountPath: copyAccount, heads: heads.seen(), acknowledged: load.readings()};
		cpSync(site, copy, {recursive: true, filter: path => !path.endsWith('.sock')});
		if (!agent.isUp()) addFindings(adding, `${where}, while full`, await examine({...examination, folder: copy}));
		rmSync(copy, {recursive: true});

		await resizeTmpfs(site, roomKiB);
		if (!agent.isUp()) agent = await startAgent(site);
		heads.follow(agent.status);
		await systemClock.sleep(500);
		const pending = await load.end();
		heads.leave();
		if (pending > 0) adding.add({problems: [`${where}: with room again, ${pending} messages were not acknowledged`]});
		const code = await agent.end('SIGTERM');
		if (code !== 0) adding.add({problems: [`${where}: told to stop, the agent ended with ${code}: ${agent.said()}`]});
		addFindings(adding, where, await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: load.readings()}));
		await unmount(site);
		adding.add({done: 1});
		ground.say(`${i} of ${ground.count} disks`);
	}
	for (const [end, count] of ends) adding.note(`${count} times the agent ${end}`);
	return adding.tally();
}

export const diskFull: Fault = {
	name: 'disk-full',
	about: 'a tmpfs of 0.8 to 6 MB fills up under load; it is examined while full, then made larger, and the agent goes on',
	unit: 'disks',
	programs: ['mount', 'umount'],
	count: 20,
	quickCount: 2,
	isControl: false,
	run: fillDisk,
};
