// One machine with the real agent on it, started again whenever it ends, as a service manager does it.
import {copyFileSync, existsSync, mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {Signer as AnchoringSigner} from '../../agent/anchor/keystore.ts';
import type {Needs as StatusNeeds} from '../../agent/api/status-server.ts';
import type {Clock} from '../../agent/base/clock.ts';
import {AgentError, describeError} from '../../agent/base/errors.ts';
import type {Logger} from '../../agent/base/logger.ts';
import {type Random, randomFrom} from '../../agent/base/random.ts';
import type {NoteKey} from '../../agent/format/note.ts';
import type {Signer} from '../../agent/log/log.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import type {Site} from '../../agent/site.ts';
import type {World} from '../../agent/world.ts';
import {type Chance, createChance} from '../../sim/seed.ts';
import type {SimulatedChain} from './chain.ts';
import {type Checker, createChecker, type Violation} from './checker.ts';
import {createDisk, type Disk, type DiskMutant} from './disk.ts';
import {closeDoor, type Door, openDoor, openHubDoor} from './door.ts';
import type {Faults} from './fault.ts';
import type {Life, Loop} from './loop.ts';

export type Machine = {
	readonly name: string;
	readonly directory: string;
	readonly disk: Disk;
	readonly checker: Checker;
	readonly agent: () => Agent | undefined;
	readonly door: () => {readonly door: Door; readonly life: Life} | undefined;
	readonly hubDoor: () => {readonly door: Door; readonly life: Life} | undefined;
	readonly statusNeeds: () => StatusNeeds | undefined;
	readonly isFrozen: () => boolean;
	readonly starts: () => number;
	/** The process that runs now. */
	readonly life: () => Life | undefined;
	/** The process ends here and now; it comes back after a while, unless it is held. */
	readonly crash: () => Promise<void>;
	/** The process is asked to end. */
	readonly stop: () => void;
	/** While held, nothing starts it. */
	held: boolean;
	/** True while an older database lies here that the agent can know to be older: it must freeze, and neither sign nor show nor acknowledge anything. */
	mustFreeze: boolean;
	/** Added to the machine's wall clock. */
	clockOffsetMs: number;
	/** Is done while the agent is down, before it starts again. */
	whileDown: (() => Promise<void>) | undefined;
	readonly close: () => Promise<void>;
};

/** Where a machine's first files come from, and keys that cost too much to make for each. */
export type Template = {
	readonly site: Site;
	readonly logPath: string;
	readonly head: string;
	readonly signer: Signer;
	readonly key: NoteKey;
	readonly anchoringSigner: AnchoringSigner;
};

export type MachineOptions = {
	readonly name: string;
	readonly directory: string;
	readonly template: Template;
	readonly seed: string;
	readonly loop: Loop;
	readonly faults: Faults;
	readonly chain: SimulatedChain;
	readonly startMs: number;
	readonly violate: (violation: Violation) => void;
	readonly mutant?: DiskMutant;
	readonly wanted?: ((event: string, fields: Readonly<Record<string, unknown>>) => void) | undefined;
};

function createRandom(chance: Chance): Random {
	const fill = (target: Uint8Array, offset: number, length: number): void => {
		for (let i = 0; i < length; i += 4) {
			const word = chance.word();
			for (let j = 0; j < 4 && i + j < length; j += 1) target[offset + i + j] = word >>> (8 * j);
		}
	};
	return randomFrom(fill);
}

export const logFiles = ['log.db', 'log.db-wal', 'log.db-shm'];

/** Puts the files of a database in the place of another's. */
export function copyLog(from: string, to: string): void {
	mkdirSync(to, {recursive: true});
	for (const name of logFiles) {
		rmSync(join(to, name), {force: true});
		if (existsSync(join(from, name)) && !name.endsWith('-shm')) copyFileSync(join(from, name), join(to, name));
	}
}

export async function createMachine(options: MachineOptions): Promise<Machine> {
	const {name, directory, template, seed, loop, faults, chain, startMs, violate} = options;
	const chance = createChance(seed, `machine ${name}`);
	const paths = {
		...template.site.paths,
		directory,
		log: join(directory, 'log.db'),
		released: join(directory, 'released.checkpoint'),
		users: join(directory, 'users.json'),
		shares: join(directory, 'shares.json'),
		packages: join(directory, 'packages'),
		socket: join(directory, 'agent.sock'),
	};
	const site: Site = {...template.site, paths};
	const checker = await createChecker(paths.log, violate);
	let agent: Agent | undefined;
	let life: Life | undefined;
	let door: Door | undefined;
	let hubDoor: Door | undefined;
	let statusNeeds: StatusNeeds | undefined;
	let starts = 0;
	let closed = false;

	const rootText = (root: Uint8Array): string => Buffer.from(root).toString('hex');
	const pendingHeads: {readonly size: number; readonly root: string; readonly where: string}[] = [];
	const disk = createDisk(
		loop,
		chance,
		faults,
		{
			headWritten: ({size, root}) => pendingHeads.push({size, root: rootText(root), where: 'the side file'}),
			headAsked: () => {
				if (agent?.frozen.aborted || machine.mustFreeze)
					violate({invariant: 'I6 frozen', sentence: 'an agent that must be frozen releases a head'});
			},
		},
		options.mutant,
	);
	disk.head = template.head;

	const clockOf = (mine: Life): Clock => ({
		nowMs: () => Math.max(0, Math.floor(startMs + loop.nowMs() + machine.clockOffsetMs)),
		monotonicMs: () => loop.nowMs(),
		sleep: (durationMs, signal) =>
			new Promise(resolve => {
				if (signal?.aborted) {
					resolve();
					return;
				}
				const takeBack = loop.later(mine, durationMs, 'sleep', () => {
					signal?.removeEventListener('abort', wake);
					resolve();
				});
				const wake = (): void => {
					takeBack();
					resolve();
				};
				signal?.addEventListener('abort', wake, {once: true});
			}),
	});

	const logger: Logger = {
		log: (level, event, fields = {}) => {
			loop.trace(`${name} says ${level} ${event}`);
			options.wanted?.(event, fields);
		},
	};

	const worldOf = (mine: Life): World => ({
		clock: clockOf(mine),
		tellsSilence: true,
		readClockState: async () => ({
			bootId: `00000000-0000-0000-0000-${String(starts).padStart(12, '0')}`,
			upMs: Math.round(loop.nowMs()),
			synchronisation: machine.clockOffsetMs === 0 ? 'synchronised' : chance.pick(['synchronised', 'unsynchronised', 'unknown']),
		}),
		random: createRandom(createChance(seed, `random ${mine.name}`)),
		openDatabase: disk.openDatabase(mine),
		takeProcessLock: disk.takeProcessLock(mine),
		createHeadFile: disk.createHeadFile(mine),
		createBallast: disk.createBallast(mine),
		freeBytes: disk.freeBytes(mine),
		fileBytes: disk.fileBytes(mine),
		openLogKey: async () => template.signer,
		openAnchoringKey: async () => template.anchoringSigner,
		openBroker: openDoor(mine, loop, opened => {
			door = opened;
		}),
		openMqttClient: openHubDoor(mine, loop, opened => {
			hubDoor = opened;
		}),
		openChain: chain.openChain(mine),
		openStatusServer: async (_path, needs) => {
			statusNeeds = needs;
			return {[Symbol.asyncDispose]: async () => {}};
		},
		atMidnight: () => async () => {},
	});

	const start = (): void => {
		if (closed || life !== undefined) return;
		if (machine.held) {
			loop.later(undefined, 1000, `${name} waits`, start);
			return;
		}
		starts += 1;
		const mine: Life = {name: `${name}#${starts}`, alive: true};
		life = mine;
		loop.enter(mine);
		openAgent({site, logger, world: worldOf(mine)}).then(
			opened => {
				if (!mine.alive) return;
				agent = opened;
				if (machine.mustFreeze && !opened.frozen.aborted)
					violate({invariant: 'I6 frozen', sentence: `${name} runs on a database that is older than what it can know`});
				opened.failed.addEventListener('abort', () => {
					// As `kedge run`: the process ends with what it has, and the service manager starts it again.
					loop.soon(undefined, `${name} exits`, () => end(mine));
				});
			},
			(error: unknown) => {
				if (!mine.alive) return;
				loop.trace(`${name} did not start: ${describeError(error)}`);
				const isWorlds = error instanceof AgentError && ['SQLITE_FAILED', 'LOG_COMMIT_FAILED', 'FORMAT_INVALID'].includes(error.code);
				const isOurs = error instanceof Error && /^(?:ENOSPC|EIO): /.test(error.message);
				// What was edited is noticed when the log is opened, or by the heads outside.
				const isDamage = machine.mustFreeze && error instanceof AgentError && error.code === 'LOG_CORRUPT';
				if (!isWorlds && !isOurs && !isDamage) violate({invariant: 'start', sentence: `${name} does not start: ${describeError(error)}`});
				loop.soon(undefined, `${name} exits`, () => end(mine));
			},
		);
	};

	const end = async (mine: Life): Promise<void> => {
		if (life !== mine || !mine.alive) return;
		loop.end(mine);
		life = undefined;
		agent = undefined;
		statusNeeds = undefined;
		if (door !== undefined) closeDoor(door);
		door = undefined;
		if (hubDoor !== undefined) closeDoor(hubDoor);
		hubDoor = undefined;
		await disk.release(mine);
		if (closed) return;
		loop.later(undefined, chance.pick([100, 1000, 1000, 5000]), `${name} starts`, async () => {
			await machine.whileDown?.();
			machine.whileDown = undefined;
			if (faults.hits('headLost')) disk.head = undefined;
			if (faults.hits('clock1970')) machine.clockOffsetMs = -(startMs + loop.nowMs());
			start();
		});
	};

	const machine: Machine = {
		name,
		directory,
		disk,
		checker: {
			...checker,
			sync: async () => {
				await checker.sync();
				for (const head of pendingHeads.splice(0)) checker.released(head);
			},
		},
		agent: () => agent,
		door: () => (door === undefined || life === undefined ? undefined : {door, life}),
		hubDoor: () => (hubDoor === undefined || life === undefined ? undefined : {door: hubDoor, life}),
		statusNeeds: () => statusNeeds,
		isFrozen: () => machine.mustFreeze || (agent?.frozen.aborted ?? false),
		starts: () => starts,
		life: () => life,
		crash: async () => {
			if (life !== undefined) await end(life);
		},
		stop: () => {
			const mine = life;
			if (mine === undefined || agent === undefined) return;
			loop.enter(mine);
			agent[Symbol.asyncDispose]().then(
				() => loop.soon(undefined, `${name} has stopped`, () => end(mine)),
				() => loop.soon(undefined, `${name} has stopped`, () => end(mine)),
			);
		},
		held: false,
		mustFreeze: false,
		clockOffsetMs: 0,
		whileDown: undefined,
		close: async () => {
			closed = true;
			if (life !== undefined) await end(life);
			await checker.close();
		},
	};
	loop.soon(undefined, `${name} starts`, start);
	return machine;
}
