// Faults at the commit, in pairs: it failed and did not happen; it failed but did happen.
import test, {type ExecutionContext} from 'ava';
import {AgentError} from '../../agent/base/errors.ts';
import {type Database, openDatabase} from '../../agent/base/sqlite.ts';
import type {Log} from '../../agent/log/log.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, count, createLogWorld, draftOf, enrolMeter, type LogWorld, refuse, startMs} from '../helpers/log-world.ts';

const pairs = [
	{
		name: 'that failed and was not done',
		isDone: false,
		fault: (_commit: () => Promise<void>): Promise<void> => Promise.reject(new Error('the disk is gone')),
	},
	{
		name: 'that failed but was done',
		isDone: true,
		fault: async (commit: () => Promise<void>): Promise<void> => {
			await commit();
			throw new Error('the disk is gone');
		},
	},
] as const;

for (const {name, isDone, fault} of pairs) {
	test(`a commit ${name} acknowledges nothing, then or later, and the next start knows what is there`, async t => {
		const world = await createLogWorld(t);
		let log = await world.open();
		let channel = enrolMeter(log, 'm');
		for (let i = 0; i < 3; i += 1) await append(log, [draftOf(channel, {measuredAtMs: startMs + i, value: BigInt(i)})]);
		const before = await checkLog(t, world.path);

		world.disk.around = fault;
		const outcomes: Promise<string>[] = [];
		const watch = (promise: Promise<unknown>): void => {
			outcomes.push(
				promise.then(
					() => 'acknowledged',
					(error: {code: string}) => error.code,
				),
			);
		};
		// One is in the batch that fails, more wait behind it, in open and in full batches.
		watch(append(log, [draftOf(channel, {measuredAtMs: startMs + 3, value: 3n})]));
		await new Promise(resolve => setImmediate(resolve));
		for (let i = 4; i < 5000; i += 1) watch(append(log, [draftOf(channel, {measuredAtMs: startMs + i, value: BigInt(i)})]));
		watch(refuse(log, {}));
		watch(count(log, 'repeats', 1));
		watch(log.settled());
		t.deepEqual([...new Set(await Promise.all(outcomes))], ['LOG_COMMIT_FAILED']);

		// From now on nothing is taken, acknowledged or written, although the disk is well again.
		world.disk.around = undefined;
		const {commits} = world.disk;
		t.true(log.failed.aborted);
		t.is(log.failed.reason.code, 'LOG_COMMIT_FAILED');
		t.is(log.failed.reason.remedy, 'restart');
		await t.throwsAsync(append(log, [draftOf(channel)]), {code: 'LOG_COMMIT_FAILED'});
		await t.throwsAsync(refuse(log, {}), {code: 'LOG_COMMIT_FAILED'});
		await t.throwsAsync(count(log, 'repeats', 1), {code: 'LOG_COMMIT_FAILED'});
		await t.throwsAsync(log.settled(), {code: 'LOG_COMMIT_FAILED'});
		log.note(1, {note: 'start'}, 0n);
		t.is(log.pressure(), undefined);
		t.is(log.size(), before.size);
		t.is(log.checkpoint()?.note, before.note);
		await world.close();
		t.is(world.disk.commits, commits);

		const found = await checkLog(t, world.path);
		t.deepEqual(found.entries.slice(0, before.size), before.entries);
		t.is(found.size, before.size + (isDone ? 1 : 0));

		// The device sends again what was not acknowledged: the key says whether it is there already.
		log = await world.open();
		channel = log.channel(channel.urn)!;
		const reader = await world.reader();
		t.is(channel.keyTop, startMs + (isDone ? 3 : 2));
		t.is(await reader.valueOfKey(channel, undefined, startMs + 3), isDone ? 3n : undefined);
		t.is(await reader.valueOfKey(channel, undefined, startMs + 4), undefined);
		if (!isDone) await append(log, [draftOf(channel, {measuredAtMs: startMs + 3, value: 3n})]);
		const after = await checkLog(t, world.path);
		t.is(after.entries.filter(({entry}) => entry.measuredAtMs === startMs + 3).length, 1);
	});

	test(`whoever waits for room is released by a commit ${name}`, async t => {
		const world = await createLogWorld(t);
		const log = await world.open();
		const channel = enrolMeter(log, 'm');
		await log.settled();
		let go = (): void => {};
		const gate = new Promise<void>(resolve => {
			go = resolve;
		});
		world.disk.around = async commit => {
			await gate;
			await fault(commit);
		};
		const appends: Promise<unknown>[] = [];
		while (log.pressure() === undefined)
			appends.push(append(log, [draftOf(channel)], {record: Buffer.alloc(500_000)}).catch((error: unknown) => error));
		const room = log.pressure()!;
		go();
		await room;
		t.true(log.failed.aborted);
		t.true((await Promise.all(appends)).every(error => error instanceof Error));
	});

	test(`the first commit of a log's life ${name} leaves a log that opens`, async t => {
		const world = await createLogWorld(t);
		world.disk.around = fault;
		const log = await world.open();
		await t.throwsAsync(log.settled(), {code: 'LOG_COMMIT_FAILED'});
		world.disk.around = undefined;
		const again = await world.open();
		await again.settled();
		t.is((await checkLog(t, world.path)).size, 1);
	});
}

/** A log whose transactions beside the batches meet this fault. */
async function openWithFault(t: ExecutionContext): Promise<{
	readonly log: Log;
	readonly world: LogWorld;
	readonly fault: {around: ((transaction: () => Promise<unknown>) => Promise<unknown>) | undefined};
}> {
	const world = await createLogWorld(t);
	const fault: {around: ((transaction: () => Promise<unknown>) => Promise<unknown>) | undefined} = {around: undefined};
	const log = await world.open({
		openDatabase: async opening => {
			const database = await openDatabase(opening);
			const transaction: Database['transaction'] = body =>
				fault.around === undefined
					? database.transaction(body)
					: (fault.around(() => database.transaction(body)) as ReturnType<typeof body>);
			return {...database, transaction};
		},
	});
	await log.settled();
	return {log, world, fault};
}

for (const isDone of [false, true])
	test(`a document whose COMMIT failed ${isDone ? 'but was' : 'and was not'} done ends the log, and the next start reads what is there`, async t => {
		const {log, world, fault} = await openWithFault(t);
		await log.putDocument('anchor', 'a', 'old');
		fault.around = async transaction => {
			if (isDone) await transaction();
			throw new AgentError('SQLITE_FAILED', 'SQLite failed: COMMIT');
		};
		await t.throwsAsync(log.putDocument('anchor', 'a', 'new'), {code: 'LOG_COMMIT_FAILED'});
		fault.around = undefined;
		t.true(log.failed.aborted);
		await t.throwsAsync(log.putDocument('anchor', 'a', 'newer'), {code: 'LOG_COMMIT_FAILED'});
		await t.throwsAsync(append(log, [draftOf(log.channels()[0]!)]), {code: 'LOG_COMMIT_FAILED'});
		const again = await world.open();
		t.deepEqual(await again.documents('anchor'), [{key: 'a', body: isDone ? 'new' : 'old'}]);
	});

test('a document that SQLite did not take before the COMMIT is only told, and the same call works later', async t => {
	const {log, fault} = await openWithFault(t);
	fault.around = () => Promise.reject(new AgentError('WRITE_REFUSED', 'SQLite took nothing of a transaction'));
	t.like(await t.throwsAsync(log.putDocument('anchor', 'a', 'new')), {code: 'WRITE_REFUSED', remedy: 'retry'});
	fault.around = undefined;
	t.false(log.failed.aborted);
	await log.putDocument('anchor', 'a', 'new');
	await append(log, [draftOf(enrolMeter(log, 'm'))]);
	t.deepEqual(await log.documents('anchor'), [{key: 'a', body: 'new'}]);
});

test('a batch that was on its way when a document failed is not acknowledged, and is there at the next start', async t => {
	const {log, world, fault} = await openWithFault(t);
	fault.around = () => Promise.reject(new AgentError('SQLITE_FAILED', 'SQLite failed: COMMIT'));
	const channel = enrolMeter(log, 'm');
	const appended = append(log, [draftOf(channel)]);
	// The pump has handed the batch to the disk by the second turn.
	await new Promise(resolve => setImmediate(resolve));
	await t.throwsAsync(log.putDocument('anchor', 'a', 'new'), {code: 'LOG_COMMIT_FAILED'});
	await t.throwsAsync(appended, {code: 'LOG_COMMIT_FAILED'});
	await world.open();
	t.is((await checkLog(t, world.path)).size, 3);
});
