// One seed, one run: a world with faults, then a world without, and the promises checked after every step.
import {existsSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {createEd25519Signer} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {parseConfig} from '../../agent/config.ts';
import {formatOrigin, parseCheckpoint, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {noteKey} from '../../agent/format/note.ts';
import {createLog, pendingBytesMax} from '../../agent/log/log.ts';
import {emptyRoot} from '../../agent/merkle/tree.ts';
import type {Site} from '../../agent/site.ts';
import {firstChainOf} from '../../agent/state.ts';
import type {Outcome} from '../../broker/broker.ts';
import {createChance} from '../../sim/seed.ts';
import {type ChainMutant, chainId, createChain, registry} from './chain.ts';
import type {Violation} from './checker.ts';
import type {DiskMutant} from './disk.ts';
import {createDevice, type Device, type DoorMutant, hub, type Message, modes} from './door.ts';
import {createFaults, type FaultKind} from './fault.ts';
import {createLoop, type Life} from './loop.ts';
import {copyLog, createMachine, type Machine, type MachineOptions, type Template} from './machine.ts';
import {proveSome} from './prove.ts';
// Loaded before the first run: afterwards the agent's own dynamic import waits for nothing but promises.
import '../../agent/anchor/anchor.ts';

export type Mutant = DiskMutant & ChainMutant & DoorMutant;

export type RunOptions = {
	readonly seed: string;
	/** Steps with faults; the run then goes on until everything is settled. */
	readonly steps: number;
	/** Only these kinds of faults. @default what the seed says */
	readonly only?: readonly FaultKind[];
	/** What stands in the place of an honest world, as a control. */
	readonly mutant?: Mutant;
	/** Gets the whole trace. */
	readonly onStep?: (line: string) => void;
};

export type RunResult = {
	readonly seed: string;
	readonly steps: number;
	readonly violation: Violation | undefined;
	/** The same for every run of a seed. */
	readonly digest: string;
	readonly counts: ReadonlyMap<string, number>;
	readonly virtualMs: number;
	readonly trace: readonly string[];
};

/** After the last fault everything acknowledged must be anchored and final within this time. */
const settleMsMax = 30 * 60_000;
/** Room in front of `pressure`: what one read from every socket can bring on top. */
const slackBytes = 1024 * 1024;
const startMs = Date.UTC(2026, 0, 5, 7);
const origin = formatOrigin('sim', 1);
const deviceIds = ['m0', 'm1', 'm2', 'm3'];

class Broken extends Error {
	readonly violation: Violation;
	constructor(violation: Violation) {
		super(`${violation.invariant}: ${violation.sentence}`);
		this.violation = violation;
	}
}

export type Simulation = {
	readonly run: (options: RunOptions) => Promise<RunResult>;
	readonly close: () => void;
};

/** A place for runs, on a RAM disk where there is one. Only one run at a time. */
export async function createSimulation(): Promise<Simulation> {
	const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kedge-simulation-'));
	const signer = createEd25519Signer(new Uint8Array(32).fill(7));
	const key = noteKey(nodeHasher, origin, signer.publicKey);
	const logPath = join(folder, 'template', 'log.db');
	mkdirSync(join(folder, 'template'));
	await createLog({path: logPath, logName: 'sim', epoch: 1, key});
	const parsed = parseConfig(JSON.stringify(config), 'kedge.yaml');
	const paths = {
		directory: folder,
		log: logPath,
		logKey: '',
		trust: '',
		released: '',
		ballast: '',
		ledgers: '',
		market: '',
		users: '',
		shares: '',
		packages: '',
		socket: '',
	};
	const template: Template = {
		site: {...parsed, configPath: join(folder, 'kedge.yaml'), paths},
		logPath,
		head: signCheckpoint({origin, size: 0, root: emptyRoot(nodeHasher)}, key, signer.sign).note,
		signer,
		key,
		anchoringSigner: signerFromKey(`0x${'11'.repeat(32)}`),
	};
	let runs = 0;
	return {
		run: async options => {
			runs += 1;
			const directory = join(folder, `run-${runs}`);
			try {
				return await runSeed(options, template, directory);
			} finally {
				rmSync(directory, {recursive: true, force: true});
			}
		},
		close: () => rmSync(folder, {recursive: true, force: true}),
	};
}

const reading = (pointer: string, quantity: string, unit: string): object => ({
	pointer,
	quantity,
	unit,
	...(pointer === '/p' ? {optional: true} : {}),
});
const config = {
	log: {name: 'sim'},
	broker: {host: '127.0.0.1', port: 1883},
	mappings: Object.fromEntries(
		modes.map(mode => [
			mode,
			{
				topic: `sim/${mode}/{device}`,
				format: 'json',
				...(mode === 'time' || mode === 'session' ? {time: {pointer: '/at', format: 'unix-ms'}} : {}),
				...(mode === 'session' ? {sequence: {pointer: '/seq', session: '/boot'}} : {}),
				...(mode === 'sequence' ? {sequence: {pointer: '/seq'}} : {}),
				readings: [reading('/e', 'energy-import', 'Wh'), reading('/p', 'active-power', 'W')],
			},
		]),
	),
	client: hub,
	devices: deviceIds.map(id => ({id, mappings: [...modes]})),
	anchor: {rpcUrl: 'http://node', chainId, registry, everyMinutes: 1, entriesMax: 20},
};

/** Changes the value of the first entry. */
async function edit(path: string): Promise<void> {
	await using database = await openDatabase({path, mode: 'write'});
	await database.run("UPDATE batches SET entries = CAST(substr(entries, 1, 60) || x'5a' || substr(entries, 62) AS BLOB) WHERE first = 0");
}

async function runSeed(options: RunOptions, template: Template, directory: string): Promise<RunResult> {
	const {seed, mutant = {}} = options;
	const chance = createChance(seed, 'world');
	const faults = createFaults(createChance(seed, 'faults'), options.only);
	const counts = new Map<string, number>();
	const count = (name: string, by = 1): void => void counts.set(name, (counts.get(name) ?? 0) + by);
	let violation: Violation | undefined;
	const violate = (found: Violation): void => {
		violation ??= found;
	};
	using loop = createLoop(createChance(seed, 'order'));
	const logId = anchorLogId(chainId, registry, template.anchoringSigner.address, origin);

	/** Heads that were handed to the chain, and acknowledgements that have left, in this step. */
	const handed: {readonly by: Machine; readonly size: number; readonly root: string}[] = [];
	const left: {readonly life: Life; readonly message: Message; readonly outcome: Outcome}[] = [];
	let machine: Machine | undefined;
	/** A copy of the machine that runs beside it. */
	let clone: Machine | undefined;

	const chain = createChain(
		loop,
		createChance(seed, 'chain'),
		faults,
		template.anchoringSigner.address,
		startMs,
		{
			broadcastAsked: (life, size, root) => {
				const owner = clone?.life() === life ? clone : machine;
				if (owner !== undefined) handed.push({by: owner, size, root});
				if (owner?.isFrozen()) violate({invariant: 'I6 frozen', sentence: 'a frozen agent sends an anchor'});
			},
		},
		mutant,
	);
	copyLog(join(template.logPath, '..'), directory);
	const hasHub = chance.happens(0.4);
	const site: Site = {
		...template.site,
		config: {
			...template.site.config,
			client: hasHub ? template.site.config.client : undefined,
			anchor: {
				...template.site.config.anchor!,
				everyMinutes: chance.pick([0.05, 0.2, 1]),
				entriesMax: chance.pick([3, 20, 100]),
			},
		},
	};
	const machineOptions: MachineOptions = {
		name: 'pi',
		directory,
		template: {...template, site},
		seed,
		loop,
		faults,
		chain,
		startMs,
		violate,
		mutant,
	};
	machine = await createMachine(machineOptions);
	const {checker, disk} = machine;

	/** Serial numbers by device of what was acknowledged as kept. */
	const acknowledged = new Set<string>();
	const devices: Device[] = [];
	for (const id of deviceIds.slice(0, chance.between(1, deviceIds.length))) {
		const isBehindHub = hasHub && chance.happens(0.6);
		devices.push(
			createDevice({
				id,
				mode: chance.pick(modes),
				loop,
				chance: createChance(seed, `device ${id}`),
				faults,
				startMs,
				others: deviceIds,
				isBehindHub,
				door: () => (isBehindHub ? machine?.hubDoor() : machine?.door()),
				mutant,
				watch: {
					sent: () => count('sent'),
					acknowledged: (life, message, outcome) => {
						left.push({life, message, outcome});
						if (isBehindHub) count('acknowledged to a broker');
					},
				},
			}),
		);
	}

	const knownShort = new Set<Life>();
	let wasFrozen = false;
	let seenWrites = -1;
	let cloneWrites = -1;
	/** Everything that must hold now. */
	const check = async (): Promise<void> => {
		if (disk.writes !== seenWrites) {
			seenWrites = disk.writes;
			await checker.sync();
		}
		for (const {life, message, outcome} of left.splice(0)) {
			count('acknowledged');
			if (machine?.isFrozen()) violate({invariant: 'I6 frozen', sentence: `${message.device} gets a PUBACK from a frozen agent`});
			if (machine !== undefined && knownShort.has(life))
				violate({invariant: 'I6 full', sentence: `${message.device} gets a PUBACK from an agent that knows its disk to be full`});
			if (outcome === 'refused') {
				count('refused');
				if (!checker.isQuarantined(message.topic, message.payload))
					violate({
						invariant: 'I1 acknowledged',
						sentence: `message ${message.serial} of ${message.device} is refused and not in the quarantine`,
					});
				continue;
			}
			if (message.readings.length === 0)
				violate({invariant: 'refusals', sentence: `message ${message.serial} of ${message.device} has nothing good in it and is kept`});
			for (const identity of message.readings) {
				acknowledged.add(identity);
				if (checker.indexOf(identity) === undefined)
					violate({invariant: 'I1 acknowledged', sentence: `"${identity}" is acknowledged and not in the log`});
			}
		}
		// From the next step on.
		knownShort.clear();
		const now = machine?.life();
		if (now !== undefined && disk.isKnownShort(now, site.config.log.floorMiB * 1024 * 1024)) knownShort.add(now);
		if (clone !== undefined && clone.disk.writes !== cloneWrites) {
			cloneWrites = clone.disk.writes;
			await clone.checker.sync();
		}
		for (const {by, size, root} of handed.splice(0)) by.checker.shown({size, root: root.slice(2), where: 'an anchor'});
		if (violation !== undefined) throw new Broken(violation);
	};

	const checkAnchors = (): void => {
		let size = 0;
		for (const anchor of chain.anchors(logId)) {
			if (anchor.size <= size) violate({invariant: 'I4 one anchor per size', sentence: `size ${anchor.size} is anchored after ${size}`});
			size = anchor.size;
			// Of a machine and its copy both may have anchored; each anchor extends the one before, or the registry had refused it.
			if (clone !== undefined && clone.checker.rootAt(size) === anchor.root.slice(2) && clone.checker.endsWithTally(size)) continue;
			if (checker.rootAt(size) !== anchor.root.slice(2))
				violate({invariant: 'I5 anchored root', sentence: `the anchored root of size ${size} is not the log's`});
			if (!checker.endsWithTally(size)) violate({invariant: 'tally', sentence: `the anchored size ${size} does not end with a tally`});
		}
	};

	const askStatus = async (): Promise<void> => {
		const status = await machine?.statusNeeds()?.status();
		if (status === undefined) return;
		count('status asked');
		if (status.pendingBytes > pendingBytesMax + slackBytes)
			violate({invariant: 'I8 bounds', sentence: `${status.pendingBytes} bytes are pending`});
		if (status.size > checker.size())
			violate({invariant: 'status', sentence: `it says ${status.size} entries, ${checker.size()} are on disk`});
		if (status.releasedSize > status.size && status.state !== 'frozen')
			violate({invariant: 'status', sentence: `size ${status.releasedSize} is released, of ${status.size}`});
		const {planned = 0, signed = 0, sent = 0, mined = 0} = firstChainOf(status)?.rows ?? {};
		if (planned + signed + sent + mined > 65)
			violate({invariant: 'I8 bounds', sentence: `${planned + signed + sent + mined} anchors are open`});
		if (status.newestCheckpoint !== undefined)
			checker.shown({size: status.newestCheckpoint.size, root: status.newestCheckpoint.root, where: 'status'});
	};

	/** A copy of the database and its side file as they were once. */
	let kept: {readonly directory: string; readonly size: number; readonly head: string | undefined} | undefined;
	let older: {readonly untilMs: number; isBack: boolean} | undefined;
	const keep = (): void => {
		const place = join(directory, 'kept');
		copyLog(directory, place);
		kept = {directory: place, size: checker.size(), head: disk.head};
	};

	/** Puts the copy in the place of the newest database, where the agent can know that it is older: by the side file, or by an anchor that is final. */
	const restore = async (pi: Machine): Promise<void> => {
		const finalSize = chain.finalAnchors(logId).at(-1)?.size ?? 0;
		if (kept === undefined || older !== undefined || clone !== undefined) return;
		const copy = kept;
		// A disk that keeps old heads must not be what says which head is old.
		const inFile = (disk.head === undefined ? undefined : parseCheckpoint(disk.head)?.size) ?? 0;
		const releasedSize = mutant.keepsOldHead ? checker.releasedSize() : inFile;
		// Without the newest side file only an anchor that is final can tell.
		const isAnchored = finalSize > copy.size && chain.isCalm();
		const way =
			isAnchored && faults.hits('restoreWithoutHead')
				? 'without a side file'
				: isAnchored && faults.hits('restoreWithHead')
					? 'with an older side file'
					: releasedSize > copy.size && faults.hits('restoreOld')
						? 'with the newest side file'
						: releasedSize > 0 && faults.hits('edit')
							? 'with an edited entry'
							: undefined;
		if (way === undefined) return;
		count('restores');
		let sizeThen = 0;
		loop.trace(`restore of size ${copy.size} ${way}`);
		older = {untilMs: loop.nowMs() + chance.pick([3000, 20_000]), isBack: false};
		// What it must notice now would not be noticed while the chain is away or the side file unreadable.
		faults.held = true;
		const newest = {directory: join(directory, 'newest'), head: disk.head};
		pi.whileDown = async () => {
			pi.mustFreeze = true;
			await checker.close();
			copyLog(directory, newest.directory);
			if (way === 'with an edited entry') await edit(join(directory, 'log.db'));
			else copyLog(copy.directory, directory);
			sizeThen = way === 'with an edited entry' ? checker.size() : copy.size;
			if (way === 'without a side file') disk.head = undefined;
			if (way === 'with an older side file') disk.head = copy.head;
			await checker.reopen();
		};
		await pi.crash();
		putBack = async () => {
			older = {untilMs: 0, isBack: true};
			if (checker.size() !== sizeThen)
				violate({invariant: 'I6 frozen', sentence: `a frozen log grew from ${sizeThen} to ${checker.size()} entries`});
			pi.whileDown = async () => {
				await checker.close();
				copyLog(newest.directory, directory);
				disk.head = newest.head;
				await checker.reopen();
				pi.mustFreeze = false;
				faults.held = false;
				older = undefined;
				kept = undefined;
			};
			await pi.crash();
		};
	};
	let putBack: (() => Promise<void>) | undefined;

	/** What the world does of its own accord. */
	const happen = async (): Promise<void> => {
		if (machine === undefined) return;
		chain.trouble();
		if (faults.hits('clockJump'))
			machine.clockOffsetMs += chance.pick([-1, 1]) * chance.pick([1500, 60_000, 3_600_000, 26 * 3_600_000, 400 * 86_400_000]);
		if (chance.happens(0.002) && machine.clockOffsetMs !== 0) machine.clockOffsetMs = 0;
		if (faults.hits('diskFull')) {
			disk.shortUntilMs = loop.nowMs() + chance.pick([500, 10_000, 60_000]);
			disk.shortBytes = chance.pick([0, 0, 40, 200]) * 1024 * 1024;
		}
		const life = machine.life();
		if (life === undefined) return;
		if (older !== undefined) {
			if (!older.isBack && loop.nowMs() >= older.untilMs) await putBack?.();
			return;
		}
		if (chance.happens(kept === undefined ? 0.02 : 0.001)) keep();
		await restore(machine);
		if (older !== undefined) return;
		if (clone === undefined && faults.hits('clone')) await startClone();
		if (clone !== undefined && chance.happens(0.3) && faults.hits('crash')) await clone.crash();
		const {crash, stop} = machine;
		if (faults.hits('crash')) await crash();
		else if (faults.hits('stop')) loop.soon(undefined, 'stop', stop);
		const asked = chance.fraction();
		const needs = machine.statusNeeds();
		if (needs === undefined || asked > 0.026) return;
		// What the owner may ask for at any time.
		if (asked < 0.02) loop.soon(life, 'ask status', () => void askStatus().catch(() => {}));
		else if (asked < 0.023) loop.soon(life, 'anchor now', () => void needs.anchorNow());
		else loop.soon(life, 'release now', () => void needs.release().catch(() => {}));
	};

	/** A copied card in a second machine. Which of the two is the right one nobody but its owner knows; only one of them may go on. */
	const startClone = async (): Promise<void> => {
		const place = join(directory, 'clone');
		copyLog(directory, place);
		clone = await createMachine({...machineOptions, name: 'clone', directory: place});
		clone.disk.head = disk.head;
	};

	/** What is still missing until only one of the two goes on. */
	const missingOfTwo = async (pi: Machine, other: Machine): Promise<string | undefined> => {
		const states = `${pi.name} is ${pi.isFrozen() ? 'frozen' : 'not frozen'}, ${other.name} is ${other.isFrozen() ? 'frozen' : 'not frozen'}`;
		if (pi.isFrozen() === other.isFrozen()) return states;
		const alive = pi.isFrozen() ? other : pi;
		for (const {size, root} of chain.finalAnchors(logId))
			if (alive.checker.rootAt(size) !== root.slice(2)) return `the anchor of size ${size} is not of ${alive.name}, though ${states}`;
		return alive === pi ? missing() : undefined;
	};

	/** What is still missing once nothing fails any more; undefined if nothing is. */
	const missing = async (): Promise<string | undefined> => {
		for (const device of devices) if (device.unsent() > 0) return `${device.unsent()} messages of ${device.id} are not acknowledged`;
		const final = chain.finalAnchors(logId);
		const covered = final.at(-1)?.size ?? 0;
		for (const identity of acknowledged) {
			const index = checker.indexOf(identity);
			if (index === undefined) return `"${identity}" is not in the log`;
			if (index >= covered) return `index ${index} is not covered by a final anchor; the newest has size ${covered}`;
		}
		const rows = await checker.documents();
		for (const {size, root, transactionHash} of final) {
			const row = rows.find(one => one.size === size);
			const mined = row?.mined as {transactionHash?: unknown} | undefined;
			if (row?.state !== 'final') return `the anchor of size ${size} is final on the chain and ${String(row?.state)} in the outbox`;
			if (row.root !== root || mined?.transactionHash !== transactionHash) return `the anchor of size ${size} is another one in the outbox`;
		}
		for (const row of rows)
			if (row.state === 'final' && !final.some(({size}) => size === row.size))
				return `size ${String(row.size)} is final in the outbox only`;
		return undefined;
	};

	const advance = async (): Promise<void> => {
		const name = await loop.step();
		if (name === undefined) violate({invariant: 'I7 liveness', sentence: 'nothing can ever happen again'});
		if (options.onStep !== undefined) options.onStep(loop.newest().at(-1) ?? '');
		if (name === 'block' && older === undefined) checkAnchors();
		await check();
	};

	/** Proofs are issued beside the agent, from its files. */
	const prove = async (): Promise<void> => {
		const rows = await checker.documents();
		const final = chain.finalAnchors(logId).at(-1)?.size;
		const isSettled = rows.every(({state}) => state === 'final') && final === checker.size();
		const paths = {log: join(directory, 'log.db'), released: join(directory, 'released.checkpoint'), socket: join(directory, 'agent.sock')};
		const opener = template.anchoringSigner.address;
		count('proofs', await proveSome({paths, head: disk.head, key: template.key, opener, chain, chance, isSettled, violate}));
	};

	try {
		while (loop.steps() < options.steps) {
			if (older === undefined && chance.happens(0.003)) await prove();
			await happen();
			await advance();
		}
		while (older !== undefined) {
			await happen();
			await advance();
		}
		faults.stop();
		chain.calm();
		disk.shortUntilMs = 0;
		machine.clockOffsetMs = 0;
		const settleUntilMs = loop.nowMs() + settleMsMax;
		for (let round = 0; ; round += 1) {
			await advance();
			if (round % 25 !== 0) continue;
			const left = clone === undefined ? await missing() : await missingOfTwo(machine, clone);
			if (left === undefined) break;
			if (loop.nowMs() > settleUntilMs)
				throw new Broken({invariant: 'I7 liveness', sentence: `after ${settleMsMax / 60_000} minutes without faults: ${left}`});
		}
		await checker.recheck();
		checkAnchors();
		// One of whose history was lost to its copy proves nothing.
		wasFrozen = machine.isFrozen();
		if (!wasFrozen) await prove();
		if (violation !== undefined) throw new Broken(violation);
	} catch (error) {
		if (error instanceof Broken) violation = error.violation;
		else violation = {invariant: 'harness', sentence: error instanceof Error ? (error.stack ?? error.message) : String(error)};
	} finally {
		await clone?.close();
		await machine.close();
	}
	for (const [kind, times] of faults.counts) count(`fault ${kind}`, times);
	count('starts', machine.starts());
	count('entries', checker.size());
	count('anchors', chain.anchors(logId).length);
	count('reverted', chain.reverted());
	if (clone !== undefined && violation === undefined) count(wasFrozen ? 'original lost' : 'clone lost');
	return {
		seed,
		steps: loop.steps(),
		violation,
		digest: loop.digest(),
		counts,
		virtualMs: loop.nowMs(),
		trace: loop.newest(),
	};
}
