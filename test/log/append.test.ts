// What the writer promises while all goes well: durable before it says so, in batches, within limits, and the same log after every reopening.
import {statSync} from 'node:fs';
import test from 'ava';
import {toHex} from '../../agent/base/bytes.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {batchBytesMax, batchEntriesMax, itemEntriesMax} from '../../agent/log/batch.ts';
import {pendingBytesMax} from '../../agent/log/log.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, count, createLogWorld, draftOf, enrolMeter, refuse, startMs} from '../helpers/log-world.ts';

test('an entry is on the disk for everybody to see when its append is acknowledged', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	await using other = await openDatabase({path: world.path, mode: 'read'});
	for (let i = 0; i < 20; i += 1) {
		const seen = await new Promise<Promise<{size: number}[]>>((resolve, reject) => {
			log.append({record: Buffer.from([i]), arrivedAtMs: startMs, drafts: [draftOf(channel)]}, (failure, first) => {
				if (failure !== undefined) reject(failure);
				t.is(first, 2 + i);
				t.is(log.size(), 3 + i);
				t.is(log.checkpoint()?.size, 3 + i);
				// Asked from inside the callback: nothing that comes later can have made it durable.
				resolve(other.all<{size: number}>('SELECT size FROM head'));
			});
		});
		t.is((await seen)[0]!.size, 3 + i);
	}
	await checkLog(t, world.path);
});

test('a log that was just opened has one entry, which says whose it is', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await log.settled();
	const {entries, channels, size} = await checkLog(t, world.path);
	t.is(size, 1);
	t.deepEqual(
		channels.map(({urn}) => urn),
		['urn:kedge:agent:harbour'],
	);
	t.is(entries[0]!.entry.kind, 3);
	await world.open();
	t.is((await checkLog(t, world.path)).size, 1);
});

test('a reopened log goes on with the same root, channels and numbers', async t => {
	const world = await createLogWorld(t);
	let log = await world.open();
	const channels = ['a', 'b', 'c'].map(device => enrolMeter(log, device));
	for (let i = 0; i < 30; i += 1) await append(log, [draftOf(channels[i % 3]!, {measuredAtMs: startMs + i, value: BigInt(i)})]);
	const before = await checkLog(t, world.path);
	const checkpoint = log.checkpoint()!;
	log = await world.open();
	t.is(log.size(), 34);
	t.is(log.checkpoint()!.note, checkpoint.note);
	t.is(toHex(log.checkpoint()!.root), before.root);
	t.deepEqual(
		log.channels().map(({urn, lastNumber}) => [urn, lastNumber]),
		[
			['urn:kedge:agent:harbour', 1],
			['urn:kedge:device:a:energy-import', 11],
			['urn:kedge:device:b:energy-import', 11],
			['urn:kedge:device:c:energy-import', 11],
		],
	);
	const again = log.channel('urn:kedge:device:b:energy-import')!;
	t.is(again.keyTop, startMs + 28);
	t.is(await append(log, [draftOf(again)]), 34);
	const after = await checkLog(t, world.path);
	t.is(after.entries[34]!.entry.number, 12);
	t.deepEqual(after.entries.slice(0, 34), before.entries);
});

test('everything that comes in one turn of the event loop is one commit', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	world.disk.commits = 0;
	await Promise.all([
		...Array.from({length: 100}, (_, i) => append(log, [draftOf(channel, {measuredAtMs: startMs + i})])),
		refuse(log, {}),
		count(log, 'repeats', 3),
	]);
	t.is(world.disk.commits, 1);
	t.is((await checkLog(t, world.path)).size, 102);
});

test('while a commit is on its way, what comes in waits for one next commit', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	world.disk.commits = 0;
	const later: Promise<number>[] = [];
	world.disk.around = async commit => {
		world.disk.around = undefined;
		for (let i = 0; i < 50; i += 1) later.push(append(log, [draftOf(channel)]));
		await commit();
	};
	await append(log, [draftOf(channel)]);
	t.is(log.size(), 3);
	await Promise.all(later);
	t.is(world.disk.commits, 2);
	t.deepEqual((await checkLog(t, world.path)).batchSizes.slice(-2), [1, 50]);
});

test('a log with nothing to do writes nothing', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await log.settled();
	const {commits} = world.disk;
	for (let i = 0; i < 20; i += 1) {
		await log.settled();
		await new Promise(resolve => setImmediate(resolve));
	}
	t.is(world.disk.commits, commits);
	t.is(log.stats().batches, 1);
	t.is(log.stats().pendingBytes, 0);
});

test('a reading that comes alone costs few pages', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channels = Array.from({length: 50}, (_, i) => enrolMeter(log, `m${i}`));
	await log.settled();
	const wal = `${world.path}-wal`;
	const before = statSync(wal).size;
	for (let i = 0; i < 100; i += 1)
		await append(log, [draftOf(channels[i % 50]!, {measuredAtMs: startMs + i})], {record: Buffer.alloc(150, i)});
	const pages = (statSync(wal).size - before) / (24 + 4096);
	t.true(pages <= 400, `${pages} pages for 100 commits`);
});

test('acknowledgements come in the order of the appends, over batches too', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	const order: number[] = [];
	for (let i = 0; i < 10_000; i += 1)
		log.append({record: Buffer.from('r'), arrivedAtMs: startMs, drafts: [draftOf(channel)]}, (failure, first) => {
			t.is(failure, undefined);
			order.push(first);
		});
	await log.settled();
	t.deepEqual(
		order,
		Array.from({length: 10_000}, (_, i) => i + 2),
	);
	const {batchSizes} = await checkLog(t, world.path);
	t.true(batchSizes.every(size => size <= batchEntriesMax));
	t.is(world.disk.commits, 3);
});

test('a batch takes no more than its bytes, but one arrival of any size', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	const sizes = [1, 700_000, 700_000, 600_000, 200_000, 3_000_000, 1];
	await Promise.all(sizes.map(size => append(log, [draftOf(channel)], {record: Buffer.alloc(size, size % 251)})));
	const {batchSizes, entries} = await checkLog(t, world.path);
	t.deepEqual(batchSizes.slice(1), [4, 1, 1, 1]);
	t.deepEqual(
		entries.slice(2).map(({record}) => record.length),
		sizes,
	);
	t.true(sizes.slice(0, 4).reduce((sum, size) => sum + size) <= batchBytesMax);
});

test('an arrival with the most readings stands in one batch, under one record', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	const pack = Array.from({length: itemEntriesMax}, (_, i) => draftOf(channel, {measuredAtMs: startMs + i, value: BigInt(-i)}));
	const firsts = await Promise.all(Array.from({length: 5}, () => append(log, pack)));
	t.deepEqual(
		firsts,
		[0, 1, 2, 3, 4].map(i => 2 + i * itemEntriesMax),
	);
	const {entries, batchSizes} = await checkLog(t, world.path);
	t.deepEqual(batchSizes, [2 + 3 * itemEntriesMax, 2 * itemEntriesMax]);
	t.is(new Set(entries.slice(2, 2 + itemEntriesMax).map(({entry}) => toHex(entry.source))).size, 1);
	t.is(new Set(entries.map(({entry}) => toHex(entry.salt))).size, entries.length, 'every entry has a salt of its own');
	await t.throwsAsync(async () => append(log, [...pack, draftOf(channel)]), {code: 'ASSERTION_FAILED'});
});

test('beyond what may be pending the log asks to wait, and says when there is room again', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	t.is(log.pressure(), undefined);
	let go = (): void => {};
	const gate = new Promise<void>(resolve => {
		go = resolve;
	});
	world.disk.around = async commit => {
		await gate;
		await commit();
	};
	const appends: Promise<number>[] = [];
	while (log.pressure() === undefined) appends.push(append(log, [draftOf(channel)], {record: Buffer.alloc(100_000)}));
	const pending = log.stats().pendingBytes;
	t.true(pending > pendingBytesMax && pending <= pendingBytesMax + 100_500, `${pending} bytes were taken`);
	let released = false;
	const room = log.pressure()!.then(() => {
		released = true;
		return log.stats().pendingBytes;
	});
	await new Promise(resolve => setImmediate(resolve));
	t.false(released);
	go();
	t.true((await room) <= pendingBytesMax);
	t.is(log.pressure(), undefined);
	await Promise.all(appends);
	t.is(log.stats().pendingBytes, 0);
	await checkLog(t, world.path);
});

test('a flood of counts, which bring no bytes, comes to the bound too', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await log.settled();
	const counts: Promise<void>[] = [];
	while (log.pressure() === undefined && counts.length < 200_000) counts.push(count(log, 'repeats', 1));
	t.true(counts.length < 100_000, `${counts.length} were taken`);
	await Promise.all([...counts, log.pressure()]);
	t.is(log.counters().get('repeats'), counts.length);
});

test('a closed log has written everything that it took, and takes nothing more', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	const taken = Promise.all(Array.from({length: 6000}, () => append(log, [draftOf(channel)])));
	const closing = log[Symbol.asyncDispose]();
	await t.throwsAsync(append(log, [draftOf(channel)]), {code: 'LOG_CLOSED'});
	await Promise.all([closing, log[Symbol.asyncDispose]()]);
	t.is((await taken).length, 6000);
	await t.throwsAsync(append(log, [draftOf(channel)]), {code: 'LOG_CLOSED'});
	t.is((await checkLog(t, world.path)).size, 6002);
	t.is((await world.open()).size(), 6002);
});

test('counts and notes are in the same commit as what they stand beside, and survive', async t => {
	const world = await createLogWorld(t);
	let log = await world.open();
	log.note(1, {note: 'start', version: '1'}, 1n);
	await Promise.all([count(log, 'repeats', 2), count(log, 'repeats', 3), refuse(log, {reason: 'BAD'})]);
	t.is(log.counters().get('repeats'), 5);
	log = await world.open();
	t.deepEqual(
		[...log.counters()],
		[
			['refused:BAD', 1],
			['repeats', 5],
		],
	);
	await count(log, 'repeats', 1);
	const {counters, entries} = await checkLog(t, world.path);
	t.deepEqual(
		counters,
		new Map([
			['refused:BAD', 1],
			['repeats', 6],
		]),
	);
	t.is(Buffer.from(entries[1]!.record).toString(), '{"note":"start","version":"1"}');
	t.is(log.size(), 2, 'a commit without entries leaves the head alone');
});

test('documents of other rooms are durable when they are put, and replaced by their key', async t => {
	const world = await createLogWorld(t);
	let log = await world.open();
	await log.putDocument('anchor', 'b', '2');
	await log.putDocument('anchor', 'a', '1');
	await log.putDocument('other', 'a', 'x');
	await log.putDocument('anchor', 'a', '3');
	log = await world.open();
	t.deepEqual(await log.documents('anchor'), [
		{key: 'a', body: '3'},
		{key: 'b', body: '2'},
	]);
});

test('a document takes the place of another one of its kind in one commit', async t => {
	const world = await createLogWorld(t);
	let log = await world.open();
	await log.putDocument('anchor', 'a', '1');
	await log.putDocument('other', 'a', 'x');
	await log.replaceDocument('anchor', 'a', 'b', '2');
	log = await world.open();
	t.deepEqual(await log.documents('anchor'), [{key: 'b', body: '2'}]);
	t.deepEqual(await log.documents('other'), [{key: 'a', body: 'x'}]);
});
