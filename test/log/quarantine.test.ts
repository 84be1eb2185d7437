// The quarantine: refused arrivals with their raw bytes, bounded, and what it evicts is told by a note in the same commit.
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {audit} from '../../agent/log/audit.ts';
import type {Log} from '../../agent/log/log.ts';
import {type CheckedLog, checkLog} from '../helpers/check-log.ts';
import {count, createLogWorld, refuse} from '../helpers/log-world.ts';

const bytesMax = 1000;

const kept = (log: CheckedLog): number[] => log.quarantine.map(({record}) => record[0]!);
const notes = (log: CheckedLog): bigint[] => log.entries.filter(({entry}) => entry.kind === 2).map(({entry}) => entry.value);

const refuseNumbered = (log: Log, number: number, length: number): Promise<void> => refuse(log, {record: Buffer.alloc(length, number)});

test('a refusal keeps its bytes, its reason and its time, and is counted', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await refuse(log, {arrivedAtMs: 17, reason: 'TOO_BIG', detail: 'it was 9 MB', record: Buffer.from([0, 1, 255])});
	await refuse(log, {arrivedAtMs: 18, reason: 'UNKNOWN', detail: '', record: Buffer.alloc(0)});
	const reader = await world.reader();
	t.deepEqual(await reader.quarantine(10), [
		{id: 2, arrivedAtMs: 18, reason: 'UNKNOWN', detail: '', record: Buffer.alloc(0)},
		{id: 1, arrivedAtMs: 17, reason: 'TOO_BIG', detail: 'it was 9 MB', record: Buffer.from([0, 1, 255])},
	]);
	t.is((await reader.quarantine(1)).length, 1);
	t.deepEqual(
		await reader.counters(),
		new Map([
			['refused:TOO_BIG', 1],
			['refused:UNKNOWN', 1],
		]),
	);
	await checkLog(t, world.path);
});

test('the quarantine keeps the newest bytes, and every eviction is a note and a count in the same commit', async t => {
	const world = await createLogWorld(t);
	let log = await world.open({quarantineBytesMax: bytesMax});
	await log.settled();
	for (let i = 1; i <= 4; i += 1) await refuseNumbered(log, i, 250);
	t.deepEqual(kept(await checkLog(t, world.path)), [1, 2, 3, 4]);
	t.is(log.stats().quarantineBytes, 1000);

	world.disk.commits = 0;
	await refuseNumbered(log, 5, 400);
	t.is(world.disk.commits, 1);
	let found = await checkLog(t, world.path);
	t.deepEqual(kept(found), [3, 4, 5]);
	t.deepEqual(notes(found), [2n]);
	t.is(found.counters.get('evicted'), 2);
	t.is(Buffer.from(found.entries.at(-1)!.record).toString(), '{"note":"eviction","evicted":2}');

	log = await world.open({quarantineBytesMax: bytesMax});
	t.is(log.stats().quarantineBytes, 900);
	await Promise.all([refuseNumbered(log, 6, 100), refuseNumbered(log, 7, 1)]);
	found = await checkLog(t, world.path);
	t.deepEqual(kept(found), [4, 5, 6, 7]);
	t.deepEqual(notes(found), [2n, 1n]);
	t.is(found.counters.get('refused:TEST'), 7);
});

test('a refusal larger than the whole quarantine evicts everything and itself, and later ones get ids of their own', async t => {
	const world = await createLogWorld(t);
	let log = await world.open({quarantineBytesMax: bytesMax});
	await refuseNumbered(log, 1, 10);
	await refuseNumbered(log, 2, 1001);
	const found = await checkLog(t, world.path);
	t.deepEqual(kept(found), []);
	t.deepEqual(notes(found), [2n]);
	t.is(log.stats().quarantineBytes, 0);
	log = await world.open({quarantineBytesMax: bytesMax});
	await refuseNumbered(log, 3, 10);
	t.deepEqual(
		(await checkLog(t, world.path)).quarantine.map(({id, record}) => [id, record[0]]),
		[[3, 3]],
	);
});

test('a flood of refusals in one turn stays within the bounds of a batch and of the quarantine', async t => {
	const world = await createLogWorld(t);
	const log = await world.open({quarantineBytesMax: bytesMax});
	await log.settled();
	world.disk.commits = 0;
	await Promise.all(Array.from({length: 5000}, (_, i) => refuseNumbered(log, i % 256, 100)));
	t.is(world.disk.commits, 2);
	const found = await checkLog(t, world.path);
	t.is(found.quarantine.length, 10);
	t.is(found.counters.get('evicted'), 4990);
	t.is(
		notes(found).reduce((sum, evicted) => sum + evicted, 0n),
		4990n,
	);
});

test('the quarantine keeps at most 20,000 rows, however small', async t => {
	const world = await createLogWorld(t);
	let log = await world.open();
	await log.settled();
	for (let turn = 0; turn < 5; turn += 1) await Promise.all(Array.from({length: 4001}, () => refuse(log, {record: Buffer.alloc(0)})));
	let found = await checkLog(t, world.path);
	t.is(found.quarantine.length, 20_000);
	t.deepEqual(notes(found), [5n]);
	log = await world.open();
	await refuse(log, {});
	found = await checkLog(t, world.path);
	t.is(found.quarantine.length, 20_000);
	t.is(found.quarantine[0]!.id, 7);
	t.deepEqual(notes(found), [5n, 1n]);
});

test('refusals count towards what may be pending', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await log.settled();
	const refusals: Promise<void>[] = [];
	while (log.pressure() === undefined && refusals.length < 1000) refusals.push(refuse(log, {record: Buffer.alloc(100_000)}));
	t.is(refusals.length, 84);
	await Promise.all([...refusals, log.pressure()]);
	t.true(world.disk.commits >= 5, 'no batch took more than 2 MiB');
	await checkLog(t, world.path);
});

test('a refusal whose row was taken away is missed by the audit', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await Promise.all([refuse(log, {}), refuse(log, {}), count(log, 'repeats', 1)]);
	await checkLog(t, world.path);
	await using database = await openDatabase({path: world.path, mode: 'write'});
	await database.exec('DELETE FROM quarantine WHERE id = 1');
	const report = await audit({path: world.path, hasher: nodeHasher, verifySignature: () => true});
	t.deepEqual(report.problems, ['2 refusals were counted, 1 are kept and 0 were evicted']);
});
