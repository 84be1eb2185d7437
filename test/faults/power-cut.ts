// Cuts the power of an agent under load: what its file system had sent to the disk at one moment is all that is left.

import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import type {Examination} from './examine.ts';
import {addFindings, examine, inPool} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {makeTemplate, place, type Synchronous, startAgent} from './place.ts';
import {copyAtOneMoment, copyFile, makeImage, mountImage, unmount} from './volume.ts';

const imageMiB = 160;
const homes = 6;
/** Cuts of one agent before it is killed, and agents that follow each other on what the last cut left. */
const cutsPerLife = 8;
const livesPerRound = 3;
const examinersMax = 2;

/** Where images lie: in memory if there is such a place, else beside the rest. What counts is what reached the image, not where that is. */
function imageFolder(ground: Ground): string {
	if (!existsSync('/dev/shm')) return ground.folder;
	const folder = `/dev/shm/kedge-faults-${process.pid}`;
	const remove = (): void => rmSync(folder, {recursive: true, force: true});
	ground.defer(remove);
	// Memory is not given back by itself where somebody ends the run early.
	process.once('exit', remove);
	return folder;
}

/** Stops a process and waits until every thread of it stands still: one that is inside a system call ends it first. */
export async function freeze(pid: number): Promise<void> {
	process.kill(pid, 'SIGSTOP');
	const stands = (task: string): boolean => {
		const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1');
		return stat.charAt(stat.lastIndexOf(')') + 2) === 'T';
	};
	for (let i = 0; i < 2000 && !readdirSync(`/proc/${pid}/task`).every(stands); i += 1) await systemClock.sleep(1);
}

type Cut = {readonly image: string; readonly name: string; readonly examination: Omit<Examination, 'folder'>};

async function cutPower(ground: Ground, synchronous: Synchronous): Promise<Tally> {
	const adding = createAdding();
	const images = imageFolder(ground);
	mkdirSync(images, {recursive: true});
	const empty = join(images, 'empty.img');
	const disk = join(images, 'disk.img');
	const site = join(ground.folder, 'site');
	const template = await makeTemplate(join(ground.folder, 'template'), {homes});
	await makeImage(empty, imageMiB);
	await mountImage(empty, site);
	place(template, site);
	await unmount(site);

	let done = 0;
	let copiesMax = 0;
	for (let round = 1; done < ground.count; round += 1) {
		const chance = ground.chance(`round ${round}`);
		const load = startLoad({
			url: template.url,
			seed: `${ground.seed} ${round}`,
			homes,
			passwords: template.passwords,
			rate: chance.between(40, 250),
			accountPath: join(ground.folder, `account-${round}.jsonl`),
		});
		copyFile(empty, disk);
		await mountImage(disk, site);
		const heads = watchHeads();
		const cuts: Cut[] = [];
		// A control run's image is not gone on with: it has lost what the next life would be judged by.
		const lives = synchronous === 'FULL' ? livesPerRound : 1;
		for (let life = 1; life <= lives && done < ground.count; life += 1) {
			const agent = await startAgent(site, {synchronous});
			heads.follow(agent.status);
			for (let i = 1; i <= cutsPerLife && done < ground.count; i += 1) {
				await systemClock.sleep(chance.between(20, chance.happens(0.3) ? 1500 : 400));
				await freeze(agent.pid);
				// What it had sent before is read here: it counts as acknowledged.
				await systemClock.sleep(5);
				for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
				if (!agent.isUp()) throw new Error(`the agent ended by itself: ${agent.said()}`);
				done += 1;
				const name = `round ${round} life ${life} cut ${i}`;
				const image = join(images, `cut-${done}.img`);
				const accountPath = join(ground.folder, `cut-${done}.jsonl`);
				const examination = {accountPath, heads: heads.seen(), acknowledged: load.readings()};
				await load.writeAccount(accountPath);
				copiesMax = Math.max(copiesMax, copyAtOneMoment(disk, image));
				cuts.push({image, name, examination});
				if (i < cutsPerLife && done < ground.count) process.kill(agent.pid, 'SIGCONT');
			}
			await agent.end('SIGKILL');
			heads.leave();
			await unmount(site);
			copyFile(cuts.at(-1)!.image, disk);
			await mountImage(disk, site);
		}
		if (synchronous === 'FULL') {
			// The last cut is lived with: devices send again what they had no PUBACK for.
			const agent = await startAgent(site);
			await systemClock.sleep(300);
			const pending = await load.end();
			if (pending > 0) adding.add({problems: [`round ${round}: ${pending} messages were never acknowledged`]});
			const code = await agent.end('SIGTERM');
			if (code !== 0) adding.add({problems: [`round ${round}: the agent ended with ${code}: ${agent.said()}`]});
			const accountPath = join(ground.folder, `account-${round}.jsonl`);
			addFindings(
				adding,
				`round ${round} at its end`,
				await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: load.readings()}),
			);
		} else await load.end(0);
		await unmount(site);
		await inPool(cuts, examinersMax, async ({image, name, examination}) => {
			const point = `${image}.mnt`;
			await mountImage(image, point);
			const findings = await examine({...examination, folder: point});
			await unmount(point);
			rmSync(image);
			rmSync(point, {recursive: true});
			addFindings(adding, name, findings);
			adding.add({done: 1});
			rmSync(examination.accountPath);
		});
		ground.say(`${done} of ${ground.count} cuts`);
	}
	adding.note(`at most ${copiesMax} copies until an image stood still`);
	return adding.tally();
}

export const powerCut: Fault = {
	name: 'power-cut',
	about: 'the ext4 image that the agent writes on is copied as it is at a random moment under load, mounted and opened',
	unit: 'cuts',
	programs: ['mount', 'umount', 'mkfs.ext4'],
	count: 200,
	quickCount: 8,
	isControl: false,
	run: ground => cutPower(ground, 'FULL'),
};

export const powerCutControlNormal: Fault = {
	...powerCut,
	name: 'power-cut-control-normal',
	about: 'the same with `synchronous=NORMAL`, which promises less',
	count: 16,
	quickCount: 4,
	isControl: true,
	run: ground => cutPower(ground, 'NORMAL'),
};

export const powerCutControlOff: Fault = {
	...powerCutControlNormal,
	name: 'power-cut-control-off',
	about: 'the same with `synchronous=OFF`, which promises nothing',
	run: ground => cutPower(ground, 'OFF'),
};
