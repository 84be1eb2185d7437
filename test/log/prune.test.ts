// A pruned log: what remains can be read, proven and audited as before, what is gone is told, and nothing is admitted twice.
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {toHex} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type Database, openDatabase} from '../../agent/base/sqlite.ts';
import {decodeEntry, entryLeafHash, entryLength, kinds, qualities} from '../../agent/format/entry.ts';
import {type AuditReport, audit} from '../../agent/log/audit.ts';
import type {Log} from '../../agent/log/log.ts';
import {type PruneWish, planPrune, provableFrom, stripArrivals} from '../../agent/log/prune.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {isConsistent, isIncluded} from '../../agent/merkle/check.ts';
import {append, createLogWorld, createSeededRandom, draftOf, enrolMeter, type LogWorld, startMs} from '../helpers/log-world.ts';
import {MTH} from '../helpers/reference-merkle.ts';

const auditOf = (path: string): Promise<AuditReport> => audit({path, hasher: nodeHasher, verifySignature: verifyEd25519});

const wishOf = (changes: Partial<PruneWish>): PruneWish => ({
	arrivalsBeforeMs: undefined,
	entriesBeforeMs: undefined,
	arrivalsSizeMax: Number.MAX_SAFE_INTEGER,
	entriesSizeMax: Number.MAX_SAFE_INTEGER,
	...changes,
});

/** Appends batches of the given sizes, a minute apart, on two channels; gives the leaves in their order. */
async function fill(world: LogWorld, log: Log, sizes: readonly number[], seed: string): Promise<void> {
	const random = createSeededRandom(seed);
	const channels = ['a', 'b'].map(name => log.channels().find(({urn}) => urn.includes(`:${name}:`)) ?? enrolMeter(log, name));
	let sequence = log.size();
	for (const size of sizes) {
		world.clock.move(60_000);
		const arrivedAtMs = world.clock.nowMs();
		const pieces: Promise<number>[] = [];
		for (let i = 0; i < size; i += 1) {
			sequence += 1;
			const channel = channels[random.bytes(1)[0]! % 2]!;
			const session = channel.urn.includes(':a:') ? 'boot' : undefined;
			const measuredAtMs = arrivedAtMs - 1000 + i;
			const key = session === undefined ? measuredAtMs : sequence;
			pieces.push(
				append(log, [draftOf(channel, {measuredAtMs, value: BigInt(sequence), session, key, keyTop: key})], {
					record: Buffer.from(`message ${sequence}`),
					arrivedAtMs,
				}),
			);
		}
		await Promise.all(pieces);
	}
	await log.settled();
}

/** Everything as it was before pruning, to compare with. */
async function photograph(reader: LogReader): Promise<{size: number; leaves: Uint8Array[]; root: string}> {
	const head = (await reader.head())!;
	const packed = await reader.entries(0, head.size as number);
	const leaves = Array.from({length: head.size}, (_, i) => packed.slice(i * entryLength, (i + 1) * entryLength));
	return {size: head.size, leaves, root: toHex(head.root)};
}

async function checkRemains(t: ExecutionContext, reader: LogReader, before: {leaves: readonly Uint8Array[]}): Promise<number> {
	const head = (await reader.head())!;
	const first = await reader.first();
	const {leaves} = before;
	for (let index = first; index < leaves.length; index += Math.max(1, Math.floor((leaves.length - first) / 97))) {
		const entry = await reader.entry(index);
		t.deepEqual(Buffer.from(entry), Buffer.from(leaves[index]!));
		const path = await reader.inclusion(index, head.size);
		t.true(
			isIncluded(nodeHasher, {index, size: head.size, root: head.root, leaf: entryLeafHash(nodeHasher, entry), path}),
			`entry ${index}`,
		);
	}
	for (const size of [first, first + 1, Math.floor((first + leaves.length) / 2), leaves.length].filter(
		size => size > 0 && size <= leaves.length,
	)) {
		const root = await reader.rootAt(size);
		t.is(toHex(root), toHex(MTH(leaves.slice(0, size))), `root at ${size}`);
		const path = await reader.consistency(size, head.size);
		t.true(
			isConsistent(nodeHasher, {first: size, firstRoot: root, second: head.size, secondRoot: head.root, path}),
			`consistency from ${size}`,
		);
	}
	// Channels, without the agent's own, which says what was pruned: every entry that remains, in order, and the newest one before a time.
	for (const channel of (await reader.channels()).slice(1)) {
		const mine = leaves
			.map((bytes, index) => ({index, entry: decodeEntry(bytes)}))
			.filter(({entry, index}) => index >= first && toHex(entry.subject) === toHex(channel.subject));
		const found: number[] = [];
		for await (const {index} of reader.range(channel, 0, 2 ** 47)) found.push(index);
		t.deepEqual(
			found,
			mine.map(({index}) => index),
		);
		const between: number[] = [];
		for await (const {index} of reader.between(channel, 0, leaves.length)) between.push(index);
		t.deepEqual(between, found);
		t.is(
			(await reader.at(channel, 2 ** 47))?.index,
			mine.reduce<{index: number; time: number} | undefined>((best, {index, entry}) => {
				const time = entry.measuredAtMs || entry.arrivedAtMs;
				return best === undefined || time >= best.time ? {index, time} : best;
			}, undefined)?.index,
		);
	}
	return first;
}

test('whatever is pruned, and when: what remains is proven, read and audited as before, and the log goes on', async t => {
	let run = 0;
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.integer({min: 1, max: 400}), {minLength: 1, maxLength: 7}),
			fc.array(fc.tuple(fc.nat(8), fc.nat(8), fc.nat(2600), fc.array(fc.integer({min: 1, max: 300}), {maxLength: 2})), {
				minLength: 1,
				maxLength: 3,
			}),
			async (sizes, prunes) => {
				run += 1;
				const world = await createLogWorld(t);
				let log = await world.open();
				await fill(world, log, sizes, `${run}`);
				for (const [entriesMinutes, arrivalsMinutes, sizeMax, more] of prunes) {
					const reader = await world.reader();
					const full = await photographRemaining(reader);
					const plan = await reader.planPrune(
						wishOf({
							entriesBeforeMs: startMs + entriesMinutes * 60_000 + 30_000,
							arrivalsBeforeMs: startMs + arrivalsMinutes * 60_000 + 30_000,
							entriesSizeMax: sizeMax,
							arrivalsSizeMax: sizeMax,
						}),
					);
					t.true(plan.entriesBelow <= Math.max(plan.first, sizeMax));
					await log.prune(plan);
					t.is(await reader.first(), provableFrom(await oldestOf(world.path)));
					for (const [index, bytes] of full)
						if (index >= (await reader.first())) t.deepEqual(Buffer.from(await reader.entry(index)), bytes);
					log = await world.open();
					await fill(world, log, more, `${run} more`);
					const report = await auditOf(world.path);
					t.deepEqual(report.problems, []);
					t.is(report.root, toHex((await reader.head())!.root));
				}
				await world.close();
			},
		),
		{numRuns: 12},
	);
});

async function oldestOf(path: string): Promise<number> {
	await using database = await openDatabase({path, mode: 'read'});
	return (await database.all<{first: number | null}>('SELECT min(first) AS first FROM batches'))[0]?.first ?? 0;
}

async function photographRemaining(reader: LogReader): Promise<Map<number, Buffer>> {
	const found = new Map<number, Buffer>();
	const [first, size] = [await reader.first(), (await reader.head())!.size];
	for (let index = first; index < size; index += 7) found.set(index, Buffer.from(await reader.entry(index)));
	return found;
}

async function createPruned(
	t: ExecutionContext,
): Promise<{world: LogWorld; log: Log; reader: LogReader; before: Awaited<ReturnType<typeof photograph>>; first: number}> {
	const world = await createLogWorld(t);
	const log = await world.open();
	await fill(world, log, [100, 300, 500, 200, 400, 90], 'pruned');
	const reader = await world.reader();
	const before = await photograph(reader);
	await log.prune(await reader.planPrune(wishOf({entriesBeforeMs: startMs + 4 * 60_000, arrivalsBeforeMs: startMs + 5 * 60_000})));
	return {world, log, reader, before, first: await reader.first()};
}

test('every proof, root, channel and time of what remains is as it was, and what is gone says so', async t => {
	const {world, log, reader, before, first} = await createPruned(t);
	t.true(first >= 512 && first < before.size - 600, `${first}`);
	t.is(await checkRemains(t, reader, before), first);
	for (const index of [0, 1, first - 1]) {
		await t.throwsAsync(reader.entry(index), {code: 'ENTRY_PRUNED'});
		await t.throwsAsync(reader.source(index), {code: 'ENTRY_PRUNED'});
	}
	await t.throwsAsync(reader.entries(0, 10), {code: 'ENTRY_PRUNED'});
	await t.throwsAsync(reader.rootAt(first - 255), {code: 'ENTRY_PRUNED'});
	await t.throwsAsync(reader.entry(before.size + 10), {code: 'ENTRY_UNKNOWN'});
	// Arrivals: gone for the older ones, there for the newer ones, and bodies always.
	await t.throwsAsync(reader.source(first), {code: 'ENTRY_PRUNED', message: /the message that entry/});
	t.regex(Buffer.from((await reader.source(before.size - 1)).record).toString(), /^message/);
	t.regex(Buffer.from((await reader.source(before.size)).record).toString(), /^\{"note":"prune","entriesBelow":/);
	const report = await auditOf(world.path);
	t.deepEqual([report.problems, report.first], [[], first]);
	t.true(report.sourcesPruned > 0);
	// Once more: nothing to do, and no note for it.
	const size = log.size();
	const again = await reader.planPrune(wishOf({entriesBeforeMs: startMs + 4 * 60_000}));
	t.is(again.entries, 0);
	await log.prune(again);
	t.is(log.size(), size);
	// The last numbers of all channels are those of the whole log.
	const numbers = new Map<string, number>();
	for (const bytes of before.leaves) numbers.set(toHex(decodeEntry(bytes).subject), decodeEntry(bytes).number);
	for (const {subject, number} of await reader.tallyAt(before.size)) t.is(number, numbers.get(toHex(subject))!);
});

test('an old key is refused where it was pruned: by its list where the device counts, by its range where keys are times', async t => {
	const {world, reader, before, first} = await createPruned(t);
	const [a, b] = (await reader.channels()).slice(1) as [Parameters<LogReader['valueOfKey']>[0], Parameters<LogReader['valueOfKey']>[0]];
	const entries = before.leaves.map((bytes, index) => ({index, ...decodeEntry(bytes)})).filter(({kind}) => kind === kinds.reading);
	const ofA = entries.filter(({subject}) => toHex(subject) === toHex(a.subject));
	const ofB = entries.filter(({subject}) => toHex(subject) === toHex(b.subject));
	const oldest = await oldestOf(world.path);
	// Of channel a the value is the sequence.
	const [old, kept] = [ofA.find(({index}) => index < oldest)!, ofA.find(({index}) => index >= first)!];
	t.is(await reader.valueOfKey(a, 'boot', Number(old.value), old.value), 'pruned');
	t.is(await reader.valueOfKey(a, 'boot', Number(kept.value), kept.value), kept.value);
	const unused = Number(ofB.find(({index}) => index < oldest)!.value);
	t.is(await reader.valueOfKey(a, 'boot', unused, 0n), undefined);
	t.is(await reader.valueOfKey(a, 'another boot', Number(old.value), old.value), undefined);
	const oldTime = ofB.find(({index}) => index < oldest)!.measuredAtMs;
	t.is(await reader.valueOfKey(b, undefined, oldTime, 0n), 'pruned');
	t.is(await reader.valueOfKey(b, undefined, 5, 0n), undefined);
});

test('a prune that dies at any of its transactions leaves a log that opens, is clean, and is pruned on by the next', async t => {
	for (let dieAt = 0; ; dieAt += 1) {
		const world = await createLogWorld(t);
		let left = dieAt;
		let died = false;
		const dying = async (opening: Parameters<typeof openDatabase>[0]): Promise<Database> => {
			const database = await openDatabase(opening);
			return {
				...database,
				transaction: body => {
					left -= 1;
					if (left >= 0) return database.transaction(body);
					died = true;
					return Promise.reject(new Error('dead'));
				},
			};
		};
		const log = await world.open({openDatabase: dying});
		const channel = enrolMeter(log, 'm');
		for (let i = 0; i < 12; i += 1) {
			const drafts = Array.from({length: 100}, (_, j) => draftOf(channel, {measuredAtMs: startMs + i * 100 + j, value: BigInt(j)}));
			await append(log, drafts, {record: Buffer.alloc(600_000, i), arrivedAtMs: startMs + i});
		}
		const wish = wishOf({entriesBeforeMs: startMs + 7, arrivalsBeforeMs: startMs + 10});
		const pruning = log.prune(await (await world.reader()).planPrune(wish));
		if (dieAt === 0) await t.throwsAsync(pruning, {message: 'dead'});
		else await pruning.catch(() => {});
		t.deepEqual((await auditOf(world.path)).problems, []);
		const again = await world.open();
		await again.prune(await (await world.reader()).planPrune(wish));
		const report = await auditOf(world.path);
		t.deepEqual(report.problems, []);
		t.is(report.first, 512);
		t.true(report.sourcesPruned >= 300);
		await world.close();
		if (!died) break;
		t.true(dieAt < 50);
	}
});

test('entries that are missing without a note, and sources that are, are found by the audit', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await fill(world, log, [300, 300, 300], 'missing');
	await world.close();
	const database = await openDatabase({path: world.path, mode: 'write'});
	t.teardown(() => database[Symbol.asyncDispose]());
	const [row] = await database.all<{first: number; entries: Uint8Array; records: Uint8Array}>(
		'SELECT first, entries, records FROM batches ORDER BY first DESC LIMIT 1',
	);
	await database.run('UPDATE batches SET records = ? WHERE first = ?', [stripArrivals(row!.entries, row!.records)!, row!.first]);
	t.regex((await auditOf(world.path)).problems.join(), /the source of entry \d+ is missing, and no note says that it was pruned/);
	await database.run('UPDATE batches SET records = ? WHERE first = ?', [row!.records, row!.first]);
	t.deepEqual((await auditOf(world.path)).problems, []);
	await database.run('DELETE FROM batches WHERE first < 300');
	t.regex((await auditOf(world.path)).problems.join(), /entries 0 to \d+ are missing, and no note says that they were pruned/);
});

test('a tile below what was pruned that was edited is found', async t => {
	const {world, first} = await createPruned(t);
	await world.close();
	const database = await openDatabase({path: world.path, mode: 'write'});
	t.teardown(() => database[Symbol.asyncDispose]());
	t.true(first >= 256);
	await database.run('UPDATE tiles SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE level = 1');
	t.regex((await auditOf(world.path)).problems.join(), /lead to root/);
});

test('an arrival that never had raw bytes to lose is left alone, and a stripped batch is not stripped twice', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await fill(world, log, [5], 'strip');
	const database = await openDatabase({path: world.path, mode: 'read'});
	t.teardown(() => database[Symbol.asyncDispose]());
	for (const {entries, records} of await database.all<{entries: Uint8Array; records: Uint8Array}>('SELECT entries, records FROM batches')) {
		const stripped = stripArrivals(entries, records);
		if (stripped === undefined) continue;
		t.true(stripped.length < records.length);
		t.is(stripArrivals(entries, stripped), undefined);
	}
	// By the clock of the agent and as a prefix: one time in the future holds everything behind it.
	const plan = await planPrune(database, wishOf({entriesBeforeMs: startMs - 1, arrivalsBeforeMs: startMs - 1}));
	t.deepEqual([plan.entries, plan.arrivalBytes], [0, 0]);
});

test('messages of corrections stay when arrivals go: nothing else says what they stand in for', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meter = enrolMeter(log, 'm1');
	await append(log, [draftOf(meter, {value: 1n, measuredAtMs: startMs})], {record: Buffer.from('a reading')});
	const correction = draftOf(meter, {value: 2n, measuredAtMs: startMs + 1, quality: qualities.correction | qualities.substituted});
	await append(log, [correction], {record: Buffer.from('a correction')});
	await append(log, [draftOf(meter, {value: 3n, measuredAtMs: startMs + 2})], {record: Buffer.from('another reading')});
	const database = await openDatabase({path: world.path, mode: 'read'});
	t.teardown(() => database[Symbol.asyncDispose]());
	const rows = await database.all<{entries: Uint8Array; records: Uint8Array}>('SELECT entries, records FROM batches ORDER BY first');
	const left = rows.map(({entries, records}) => Buffer.from(stripArrivals(entries, records) ?? records).toString('latin1')).join();
	t.true(left.includes('a correction'));
	t.false(left.includes('a reading'));
	t.false(left.includes('another reading'));
});
