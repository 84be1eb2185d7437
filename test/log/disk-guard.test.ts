// The guard of the disk: what it decides, and what it does about it, on a disk of numbers.
import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {silentLogger} from '../../agent/base/logger.ts';
import {createBallast} from '../../agent/log/ballast.ts';
import {createDiskGuard, type DiskPolicy, judgeDisk} from '../../agent/log/disk-guard.ts';
import {createMovedClock, createSeededRandom, temporaryFolder} from '../helpers/log-world.ts';

const policy = {floorBytes: 1000, ballastBytes: 100, walBytesWarn: 500, walBytesMax: 5000};

test('a disk stays open down to its floor, and opens again only with room for the ballast', t => {
	const judge = (was: 'open' | 'full', freeBytes: number, hasBallast = false): string =>
		judgeDisk(was, hasBallast, {freeBytes, walBytes: 0}, policy);
	t.is(judge('open', 1000), 'open');
	t.is(judge('open', 999), 'full');
	t.is(judge('full', 1099), 'full');
	t.is(judge('full', 1100), 'open');
	// After a restart the ballast is there already: nothing more is needed.
	t.is(judge('full', 1000, true), 'open');
	t.is(judge('full', 999, true), 'full');
});

test('a WAL beyond its limit is a full disk, whatever is free', t => {
	for (const was of ['open', 'full'] as const) {
		t.is(judgeDisk(was, true, {freeBytes: 1e12, walBytes: 5001}, policy), 'full');
		t.is(judgeDisk(was, true, {freeBytes: 1e12, walBytes: 5000}, policy), 'open');
	}
});

test('more room never makes a disk full', t => {
	fc.assert(
		fc.property(
			fc.constantFrom('open', 'full'),
			fc.boolean(),
			fc.nat(3000),
			fc.nat(3000),
			fc.nat(6000),
			(was, hasBallast, free, more, walBytes) => {
				if (judgeDisk(was, hasBallast, {freeBytes: free, walBytes}, policy) === 'full') return true;
				return judgeDisk(was, hasBallast, {freeBytes: free + more, walBytes}, policy) === 'open';
			},
		),
	);
	t.pass();
});

function createDisk(changes: Partial<DiskPolicy> = {}) {
	const disk = {freeBytes: 2000, walBytes: 0, isPinned: false, hasBallast: false, mayOpen: true, says: [] as string[]};
	const clock = createMovedClock();
	const guard = createDiskGuard(
		{
			freeBytes: async () => disk.freeBytes,
			walBytes: async () => disk.walBytes,
			truncateWal: async () => {
				disk.says.push('truncate');
				if (disk.isPinned) return false;
				disk.freeBytes += disk.walBytes;
				disk.walBytes = 0;
				return true;
			},
			ballast: {
				isMade: async () => disk.hasBallast,
				make: async () => {
					if (disk.freeBytes < 100) throw new Error('no space left');
					disk.says.push('make');
					if (!disk.hasBallast) disk.freeBytes -= 100;
					disk.hasBallast = true;
				},
				drop: async () => {
					disk.says.push('drop');
					if (disk.hasBallast) disk.freeBytes += 100;
					disk.hasBallast = false;
				},
			},
			beforeOpen: async () => {
				if (!disk.mayOpen) throw new Error('the commit failed');
				disk.says.push('before open');
			},
			onFull: () => disk.says.push('full'),
			onOpen: () => disk.says.push('open'),
			clock,
			logger: silentLogger,
		},
		{...policy, ...changes},
	);
	const step = async (): Promise<string> => {
		disk.says = [];
		clock.move(10_000);
		await guard.check();
		return disk.says.join(', ');
	};
	return {disk, guard, step};
}

test('the disk is full until the first look; a start does not wait for the ballast', async t => {
	const {guard, step} = createDisk();
	await guard.prepare();
	t.is(guard.standing().state, 'full');
	t.is(await step(), 'before open, open');
	t.is(await step(), 'make');
	t.is(await step(), '');
	t.deepEqual(guard.standing(), {state: 'open', freeBytes: 1900, walBytes: 0, warnings: []});
});

test('below the floor the ballast goes and the WAL is emptied; with room again the ballast is made, then the doors open', async t => {
	const {disk, guard, step} = createDisk();
	await step();
	await step();
	disk.freeBytes = 990;
	t.is(await step(), 'full, drop');
	t.is(guard.standing().state, 'full');
	t.regex(guard.standing().warnings[0]!, /^FULL, nothing is acknowledged: .* are free/);
	// What the ballast gave back does not open it.
	t.is(disk.freeBytes, 1090);
	t.is(await step(), '');
	// Anchors go on meanwhile, and write.
	disk.walBytes = 5;
	t.is(await step(), 'truncate');
	disk.freeBytes = 1100;
	t.is(await step(), 'make, before open, open');
	t.deepEqual(guard.standing().warnings, []);
});

test('a WAL that can be emptied is emptied before anybody is turned away', async t => {
	const {disk, guard, step} = createDisk();
	await step();
	await step();
	disk.freeBytes = 990;
	disk.walBytes = 50;
	t.is(await step(), 'truncate');
	t.is(guard.standing().state, 'open');
});

test('a start on a full disk gives up the ballast first, begins nothing, and begins by itself when there is room', async t => {
	const {disk, guard, step} = createDisk();
	disk.hasBallast = true;
	disk.freeBytes = 10;
	await guard.prepare();
	t.deepEqual(disk.says, ['drop']);
	t.is(await step(), '');
	t.is(guard.standing().state, 'full');
	disk.freeBytes = 1100;
	t.is(await step(), 'make, before open, open');
});

test('a disk whose first commit fails stays full', async t => {
	const {disk, guard, step} = createDisk();
	disk.mayOpen = false;
	t.is(await step(), '');
	t.is(guard.standing().state, 'full');
	t.true(guard.standing().warnings.some(sentence => sentence.includes('the commit failed')));
	disk.mayOpen = true;
	t.is(await step(), 'before open, open');
});

test('a WAL that a reader holds is told to the owner, and beyond its limit it counts as a full disk', async t => {
	const {disk, guard, step} = createDisk();
	await step();
	await step();
	disk.isPinned = true;
	disk.walBytes = 501;
	t.is(await step(), 'truncate');
	t.regex(guard.standing().warnings[0]!, /^SQLite's WAL has .* cannot be emptied/);
	t.is(guard.standing().state, 'open');
	disk.walBytes = 5001;
	t.is(await step(), 'truncate, full');
	t.regex(guard.standing().warnings[0]!, /^FULL, nothing is acknowledged: SQLite's WAL/);
	disk.isPinned = false;
	t.is(await step(), 'truncate, before open, open');
	t.deepEqual(guard.standing().warnings, []);
});

test('a floor of 0 stops nothing and keeps no ballast', async t => {
	const {disk, guard, step} = createDisk({floorBytes: 0});
	await guard.prepare();
	disk.freeBytes = 0;
	t.is(await step(), 'before open, open');
	t.is(await step(), '');
});

test('a ballast that cannot be made is told, and holds nothing up', async t => {
	const {disk, guard, step} = createDisk({floorBytes: 1, ballastBytes: 50});
	await step();
	disk.freeBytes = 60;
	t.is(await step(), '');
	t.is(guard.standing().state, 'open');
	t.is(guard.standing().warnings[0], 'There is no ballast: no space left.');
});

test('much that is written between two looks brings a look of its own', async t => {
	const {disk, guard, step} = createDisk();
	await step();
	disk.freeBytes = 900;
	guard.wrote(124);
	await guard.check();
	t.is(guard.standing().state, 'full');
	const other = createDisk();
	await other.step();
	other.disk.freeBytes = 900;
	other.guard.wrote(125);
	await new Promise(resolve => setImmediate(resolve));
	t.is(other.guard.standing().state, 'full');
});

test('a ballast file has its length, goes on after a crash, and goes', async t => {
	const path = join(temporaryFolder(t), 'ballast');
	const bytes = 2.5 * 1024 * 1024;
	const ballast = createBallast(path, bytes, createSeededRandom('ballast'));
	t.false(await ballast.isMade());
	writeFileSync(path, Buffer.alloc(1000));
	await ballast.make();
	t.true(await ballast.isMade());
	t.is(statSync(path).size, bytes);
	// Chance, so that no file system makes nothing of it.
	t.true(new Set(readFileSync(path).subarray(2000, 4000)).size > 200);
	const smaller = createBallast(path, 1000, createSeededRandom('ballast'));
	await smaller.make();
	t.is(statSync(path).size, 1000);
	await smaller.drop();
	await smaller.drop();
	t.false(await smaller.isMade());
});
