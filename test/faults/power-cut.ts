// Cuts the power of an agent under load: what its file system had sent to the disk at one moment is all that is left.

import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync} from 'node:fs';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import type {Examination} from './examine.ts';
import {addFindings, examine, inPool} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {makeTemplate, place, type Synchronous, startAgent, type Template} from './place.ts';
import {copyAtOneMoment, copyFile, makeImage, mountImage, unmount} from './volume.ts';

const imageMiB = 160;
/** The image is smaller than what an agent wants to keep free. */
const smallDisk = ', floorMiB: 8, ballastMiB: 1';
const homes = 6;
/** Cuts of one agent before it is killed, and agents that follow each other on what the last cut left. */
const cutsPerLife = 8;
const livesPerRound = 3;
const examinersMax = 2;

/** All images that are there at a time are smaller than this. */
const imagesMiBMax = 3000;

/** Where images lie: in memory if there is such a place with room for them, else beside the rest. What counts is what reached the image, not where that is. */
function imageFolder(ground: Ground): string {
	if (!existsSync('/dev/shm')) return ground.folder;
	const {bavail, bsize} = statfsSync('/dev/shm');
	if (bavail * bsize < imagesMiBMax * 1024 * 1024) return ground.folder;
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

/** Sites whose rounds go on side by side, each on an image of its own. */
const lanesMax = 2;

type Lane = {readonly template: Template; readonly site: string; readonly empty: string; readonly disk: string};

async function makeLane(ground: Ground, images: string, name: string): Promise<Lane> {
	const template = await makeTemplate(join(ground.folder, `template-${name}`), {homes, log: smallDisk});
	const lane = {
		template,
		site: join(ground.folder, `site-${name}`),
		empty: join(images, `empty-${name}.img`),
		disk: join(images, `disk-${name}.img`),
	};
	await makeImage(lane.empty, imageMiB);
	await mountImage(lane.empty, lane.site);
	place(template, lane.site);
	await unmount(lane.site);
	return lane;
}

async function cutPower(ground: Ground, synchronous: Synchronous): Promise<Tally> {
	const adding = createAdding();
	const images = imageFolder(ground);
	mkdirSync(images, {recursive: true});
	// A control run's image is not gone on with: it has lost what the next life would be judged by.
	const livesMax = synchronous === 'FULL' ? livesPerRound : 1;
	const rounds: {readonly round: number; readonly cuts: number}[] = [];
	for (let left = ground.count; left > 0; left -= cutsPerLife * livesMax)
		rounds.push({round: rounds.length + 1, cuts: Math.min(left, cutsPerLife * livesMax)});

	let done = 0;
	let copiesMax = 0;
	/** One agent after the other on what the last cut left. Gives the cuts. */
	const cutInRound = async ({template, site, empty, disk}: Lane, round: number, count: number): Promise<Cut[]> => {
		const chance = ground.chance(`round ${round}`);
		const accountOfRound = join(ground.folder, `account-${round}.jsonl`);
		const load = startLoad({
			url: template.url,
			seed: `${ground.seed} ${round}`,
			homes,
			passwords: template.passwords,
			rate: chance.between(40, 250),
			accountPath: accountOfRound,
		});
		copyFile(empty, disk);
		await mountImage(disk, site);
		const heads = watchHeads();
		const cuts: Cut[] = [];
		for (let life = 1; cuts.length < count; life += 1) {
			const agent = await startAgent(site, {synchronous});
			heads.follow(agent.status);
			for (let i = 1; i <= cutsPerLife && cuts.length < count; i += 1) {
				await systemClock.sleep(chance.between(20, chance.happens(0.3) ? 1500 : 400));
				await freeze(agent.pid);
				// What it had sent before is read here: it counts as acknowledged.
				await systemClock.sleep(5);
				for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
				if (!agent.isUp()) throw new Error(`the agent ended by itself: ${agent.said()}`);
				const name = `round ${round} life ${life} cut ${i}`;
				const image = join(images, `cut-${round}-${cuts.length + 1}.img`);
				const accountPath = join(ground.folder, `cut-${round}-${cuts.length + 1}.jsonl`);
				const examination = {accountPath, heads: heads.seen(), acknowledged: load.readings()};
				await load.writeAccount(accountPath);
				copiesMax = Math.max(copiesMax, copyAtOneMoment(disk, image));
				cuts.push({image, name, examination});
				if (i < cutsPerLife && cuts.length < count) process.kill(agent.pid, 'SIGCONT');
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
			if (pending > 0)
				adding.add({problems: [`round ${round}: ${pending} messages were never acknowledged: ${agent.said().slice(-1500)}`]});
			const code = await agent.end('SIGTERM');
			if (code !== 0) adding.add({problems: [`round ${round}: the agent ended with ${code}: ${agent.said()}`]});
			addFindings(
				adding,
				`round ${round} at its end`,
				await examine({folder: site, accountPath: accountOfRound, heads: heads.seen(), acknowledged: load.readings()}),
			);
		} else await load.end(0);
		await unmount(site);
		return cuts;
	};
	const look = async ({image, name, examination}: Cut): Promise<void> => {
		const point = `${image}.mnt`;
		await mountImage(image, point);
		const findings = await examine({...examination, folder: point});
		await unmount(point);
		rmSync(image);
		rmSync(point, {recursive: true});
		addFindings(adding, name, findings);
		adding.add({done: 1});
		rmSync(examination.accountPath);
	};

	const lanes: Lane[] = [];
	for (let i = 1; i <= Math.min(lanesMax, rounds.length); i += 1) lanes.push(await makeLane(ground, images, String(i)));
	await Promise.all(
		lanes.map(async lane => {
			for (let next = rounds.shift(); next !== undefined; next = rounds.shift()) {
				const cuts = await cutInRound(lane, next.round, next.cuts);
				await inPool(cuts, lanes.length === 1 ? examinersMax : 1, look);
				done += cuts.length;
				ground.say(`${done} of ${ground.count} cuts`);
			}
		}),
	);
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
