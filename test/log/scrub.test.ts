// The background's look at the whole stored log: what it finds, what it does not mistake for an edit, and how little it does at a time.
import test, {type ExecutionContext} from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {createScrub, type Scrub} from '../../agent/log/scrub.ts';
import {append, createLogWorld, draftOf, enrolMeter, type LogWorld, startMs} from '../helpers/log-world.ts';

/** A closed log of `count` readings in batches of up to 100, and its scrub. */
async function createScrubbed(
	t: ExecutionContext,
	count: number,
): Promise<{world: LogWorld; scrub: Scrub; found: string[]; state: {isBusy: boolean}}> {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	for (let i = 0; i < count; i += 100)
		await append(
			log,
			Array.from({length: Math.min(100, count - i)}, (_, j) => draftOf(channel, {measuredAtMs: startMs + i + j, value: BigInt(i + j)})),
		);
	const newest = log.checkpoint();
	await world.close();
	const database = await openDatabase({path: world.path, mode: 'read'});
	t.teardown(() => database[Symbol.asyncDispose]());
	const found: string[] = [];
	const state = {isBusy: false};
	const scrub = createScrub({
		rows: database,
		hasher: nodeHasher,
		newest: () => newest,
		isBusy: () => state.isBusy,
		onDamage: damage => found.push(damage),
		clock: world.clock,
	});
	return {world, scrub, found, state};
}

async function edit(world: LogWorld, sql: string): Promise<void> {
	const database = await openDatabase({path: world.path, mode: 'write'});
	await database.run(sql);
	await database[Symbol.asyncDispose]();
}

async function pass(scrub: Scrub): Promise<void> {
	for (let i = 0; i < 10; i += 1) await scrub.step();
}

test('a log as it was written passes, a little at a time, and the next pass waits six hours', async t => {
	const {world, scrub, found, state} = await createScrubbed(t, 20_000);
	state.isBusy = true;
	await scrub.step();
	t.deepEqual(scrub.status(), {done: 0, of: 0, passes: 0}, 'a busy log is left alone');
	state.isBusy = false;
	await scrub.step();
	const {done, of} = scrub.status();
	t.true(done > 10_000 && done <= 16_384 && of === 20_002, `${done} of ${of}`);
	await pass(scrub);
	t.deepEqual(scrub.status(), {done: 20_002, of: 20_002, passes: 1});
	world.clock.move(6 * 3_600_000);
	await pass(scrub);
	t.is(scrub.status().passes, 2);
	t.deepEqual(found, []);
});

test('an edited old entry is found, and where, though the tiles above it and the head are as they were', async t => {
	const {world, scrub, found} = await createScrubbed(t, 3000);
	await edit(world, "UPDATE batches SET entries = CAST(substr(entries, 1, 63) || x'07' || substr(entries, 65) AS BLOB) WHERE first = 502");
	// The log opens: only its edge is hashed at the start.
	await world.open();
	await world.close();
	await pass(scrub);
	t.deepEqual(found, ['the entries 256 to 511 do not lead to the hash that is stored for them: they were edited']);
	await pass(scrub);
	t.is(found.length, 1, 'it is told once');
});

test('an edited entry that no tile covers yet is found by the signed root', async t => {
	const {world, scrub, found} = await createScrubbed(t, 600);
	// Entry 552, behind the last whole tile.
	await edit(
		world,
		"UPDATE batches SET entries = CAST(substr(entries, 1, 5963) || x'07' || substr(entries, 5965) AS BLOB) WHERE first = 502",
	);
	await pass(scrub);
	t.regex(found.join(), /^the 602 stored entries lead to root [0-9a-f]{64}, what was signed is/);
	t.is(found.length, 1);
});

test('a batch that is gone from the middle is damage', async t => {
	const {world, scrub, found} = await createScrubbed(t, 1000);
	await edit(world, 'DELETE FROM batches WHERE first = 402');
	await pass(scrub);
	t.regex(found.join(), /the batch at 502 holds .* after 402 entries/);
});

test('a log whose oldest entries were pruned is hashed from where all siblings are there', async t => {
	const {world, scrub, found} = await createScrubbed(t, 3000);
	await edit(world, 'DELETE FROM batches WHERE first < 1100');
	await pass(scrub);
	t.deepEqual(found, []);
	t.is(scrub.status().passes, 1);
});

test('pruning in the middle of a pass is no damage, and the next pass begins behind it', async t => {
	const {world, scrub, found} = await createScrubbed(t, 40_000);
	await scrub.step();
	await edit(world, 'DELETE FROM batches WHERE first < 30000');
	await pass(scrub);
	t.deepEqual(found, []);
	t.is(scrub.status().passes, 1);
});

test('what is appended while a pass goes on is left for the next, and is no damage', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	for (let i = 0; i < 5; i += 1) await append(log, [draftOf(channel, {measuredAtMs: startMs + i})]);
	const newest = log.checkpoint();
	// Several batches behind the size that the pass set out with.
	for (let i = 5; i < 10; i += 1) await append(log, [draftOf(channel, {measuredAtMs: startMs + i})]);
	const database = await openDatabase({path: world.path, mode: 'read'});
	t.teardown(() => database[Symbol.asyncDispose]());
	const found: string[] = [];
	const scrub = createScrub({
		rows: database,
		hasher: nodeHasher,
		newest: () => newest,
		isBusy: () => false,
		onDamage: damage => found.push(damage),
		clock: world.clock,
	});
	await pass(scrub);
	t.deepEqual(found, []);
	t.is(scrub.status().passes, 1);
});

test('what one pass sees and the next does not is no damage: only what is seen twice freezes a log', async t => {
	const {world, found} = await createScrubbed(t, 1000);
	const database = await openDatabase({path: world.path, mode: 'read'});
	t.teardown(() => database[Symbol.asyncDispose]());
	const [head] = await database.all<{size: number; root: Uint8Array; note: string}>('SELECT size, root, note FROM head');
	let bent = 0;
	const scrub = createScrub({
		rows: {
			all: async (sql, parameters) => {
				const rows = await database.all(sql, parameters);
				const entries = rows[0]?.entries;
				// Memory that flips a bit, once.
				if (bent === 0 && entries instanceof Uint8Array) {
					entries[60]! ^= 1;
					bent += 1;
				}
				return rows as never;
			},
		},
		hasher: nodeHasher,
		newest: () => ({origin: 'harbour/1', ...head!}),
		isBusy: () => false,
		onDamage: damage => found.push(damage),
		clock: world.clock,
	});
	await pass(scrub);
	t.is(bent, 1);
	t.deepEqual(found, []);
	t.is(scrub.status().passes, 1);
});
