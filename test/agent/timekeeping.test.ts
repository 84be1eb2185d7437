// What the log is told of time: the real log, with a clock that is moved, a machine that says what it likes of its clock, and a chain that may not answer.
import test, {type ExecutionContext} from 'ava';
import type {FinalizedBlock} from '../../agent/anchor/chain.ts';
import type {ClockState, Synchronisation} from '../../agent/base/clock-state.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {decodeNote, type NoteBody} from '../../agent/format/body.ts';
import {kinds, noteKinds} from '../../agent/format/entry.ts';
import type {Log} from '../../agent/log/log.ts';
import {createTimekeeping, type Timekeeping} from '../../agent/timekeeping.ts';
import {checkLog} from '../helpers/check-log.ts';
import {createLogWorld, type LogWorld, startMs} from '../helpers/log-world.ts';

type World = LogWorld & {
	readonly log: () => Log;
	readonly timekeeping: () => Timekeeping;
	/** Starts again over the same log. */
	readonly restart: () => Promise<void>;
	readonly pass: (ms: number) => void;
	readonly step: (ms: number) => void;
	/** Passes the next time that the wall clock is read, before it is. */
	stallMs: number;
	synchronisation: Synchronisation;
	block: FinalizedBlock | undefined | 'unreachable';
	asked: number;
	/** Notes of a sub-kind, in order, after a look at the whole log. */
	readonly notes: (kind: number) => Promise<{readonly value: bigint; readonly body: NoteBody}[]>;
};

async function createWorld(t: ExecutionContext, withChain = true): Promise<World> {
	const logWorld = await createLogWorld(t);
	const {clock} = logWorld;
	let offsetMs = 0;
	let log: Log;
	let timekeeping: Timekeeping;
	const turned = {
		...clock,
		nowMs: () => {
			clock.move(world.stallMs);
			world.stallMs = 0;
			return clock.nowMs() + offsetMs;
		},
	};
	const world: World = {
		...logWorld,
		log: () => log,
		timekeeping: () => timekeeping,
		stallMs: 0,
		synchronisation: 'unknown',
		block: undefined,
		asked: 0,
		restart: async () => {
			log = await logWorld.open({clock: turned});
			timekeeping = await createTimekeeping({
				log,
				world: {
					clock: turned,
					readClockState: async (): Promise<ClockState> => ({bootId: 'a-boot', upMs: 5, synchronisation: world.synchronisation}),
				},
				chain: withChain
					? {
							chainId: 31337,
							finalizedBlock: async () => {
								world.asked += 1;
								if (world.block === 'unreachable') throw new Error('nobody there');
								return world.block;
							},
						}
					: undefined,
				logger: silentLogger,
			});
		},
		pass: ms => clock.move(ms),
		step: ms => {
			offsetMs += ms;
		},
		notes: async kind => {
			await log.settled();
			const {entries} = await checkLog(t, logWorld.path);
			return entries
				.filter(({entry}) => entry.kind === kinds.note && entry.quantity === kind)
				.map(({entry, record}) => ({value: entry.value, body: decodeNote(record)!}));
		},
	};
	await world.restart();
	return world;
}

const blockOf = (number: number, digit = '1'): FinalizedBlock => ({number, hash: `0x${digit.repeat(64)}`, timeS: 1_700_000_000 + number});

test('a clock that is set is a note with where it stood and where it stands', async t => {
	const world = await createWorld(t);
	world.pass(1000);
	await world.timekeeping().look();
	world.pass(1000);
	world.step(-7_200_000);
	await world.timekeeping().look();
	world.pass(1000);
	await world.timekeeping().look();
	const common = {note: 'clockStep', bootId: 'a-boot', upMs: 5, synchronisation: 'unknown'};
	t.deepEqual(await world.notes(noteKinds.clockStep), [
		{value: -7_200_000n, body: {...common, expectedMs: startMs + 2000, foundMs: startMs + 2000 - 7_200_000}},
	]);
});

test('a process that is stopped between its two clocks takes that for no step', async t => {
	const world = await createWorld(t);
	world.stallMs = 5000;
	world.pass(1000);
	await world.timekeeping().look();
	world.pass(1000);
	await world.timekeeping().look();
	t.deepEqual(await world.notes(noteKinds.clockStep), []);
});

test('a clock that is slewed for a day is never noted', async t => {
	const world = await createWorld(t);
	for (let i = 0; i < 86_400; i += 60) {
		world.pass(60_000);
		world.step(30);
		await world.timekeeping().look();
	}
	t.deepEqual(await world.notes(noteKinds.clockStep), []);
});

test('a change of the synchronisation is a note, with a step or without', async t => {
	const world = await createWorld(t);
	world.synchronisation = 'unsynchronised';
	t.false(world.timekeeping().isUnsynchronised());
	world.pass(10_000);
	await world.timekeeping().look();
	t.true(world.timekeeping().isUnsynchronised());
	// A step is a reason to look at once.
	world.synchronisation = 'synchronised';
	world.pass(1000);
	world.step(90_000);
	await world.timekeeping().look();
	t.false(world.timekeeping().isUnsynchronised());
	const found = await world.notes(noteKinds.clockStep);
	t.like(found[0], {value: 0n, body: {synchronisation: 'unsynchronised', synchronisationBefore: 'unknown'}});
	t.like(found[1], {value: 90_000n, body: {synchronisation: 'synchronised', synchronisationBefore: 'unsynchronised'}});
	t.is(found.length, 2);
});

test('the newest finalized block becomes one beacon, and none while it is the same, after a restart too', async t => {
	const world = await createWorld(t);
	world.block = blockOf(7);
	t.true(await world.timekeeping().beacon());
	t.true(await world.timekeeping().beacon());
	await world.restart();
	await world.timekeeping().startBeacon();
	world.block = blockOf(8, '2');
	t.true(await world.timekeeping().beacon());
	// Another block of the same height is another block.
	world.block = blockOf(8, '3');
	t.true(await world.timekeeping().beacon());
	const found = await world.notes(noteKinds.beacon);
	t.deepEqual(
		found.map(({value, body}) => [value, body.blockHash]),
		[
			[7n, blockOf(7).hash],
			[8n, blockOf(8, '2').hash],
			[8n, blockOf(8, '3').hash],
		],
	);
	t.deepEqual(found[0]!.body, {note: 'beacon', chainId: 31337, blockNumber: 7, blockHash: blockOf(7).hash, blockTimeS: 1_700_000_007});
});

test('a chain that finalized nothing, or only its first block, gives no beacon', async t => {
	const world = await createWorld(t);
	t.true(await world.timekeeping().beacon());
	world.block = blockOf(0);
	t.true(await world.timekeeping().beacon());
	t.deepEqual(await world.notes(noteKinds.beacon), []);
});

test('a chain that does not answer at the start is asked again every 15 s, until it does', async t => {
	const world = await createWorld(t);
	world.block = 'unreachable';
	for (let i = 0; i < 15; i += 1) {
		await world.timekeeping().startBeacon();
		world.pass(1000);
	}
	t.is(world.asked, 1);
	world.block = blockOf(3);
	for (let i = 0; i < 30; i += 1) {
		await world.timekeeping().startBeacon();
		world.pass(1000);
	}
	t.is(world.asked, 2);
	t.is((await world.notes(noteKinds.beacon)).length, 1);
});

test('without a chain there is nothing to ask', async t => {
	const world = await createWorld(t, false);
	await world.timekeeping().startBeacon();
	t.false(await world.timekeeping().beacon());
	t.deepEqual(await world.notes(noteKinds.beacon), []);
});
