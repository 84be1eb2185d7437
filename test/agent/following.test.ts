// Ledgers follow the log: the same rows however they came to them, across restarts, late readings and statements that come after what they are about.
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {silentLogger} from '../../agent/base/logger.ts';
import {openDatabase, takeProcessLock} from '../../agent/base/sqlite.ts';
import {type Following, openFollowing} from '../../agent/following.ts';
import {accountUrn, channelUrn} from '../../agent/format/subject.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {createStatementDesk} from '../../agent/stating.ts';
import {append, createLogWorld, draftOf, enrolMeter, startMs} from '../helpers/log-world.ts';
import {createToyLedger} from '../helpers/toy-ledger.ts';

const site = accountUrn('site', 'plant');
const hourMs = 3_600_000;

async function followAt(t: ExecutionContext, reader: LogReader, path: string): Promise<Following> {
	const following = await openFollowing({path, reader, ledgers: [createToyLedger()], openDatabase, takeProcessLock});
	t.teardown(() => following[Symbol.asyncDispose]());
	return following;
}

test('rows are the same in one go, entry by entry with a restart at each, and beside a log that grows', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const reader = await world.reader();
	const live = await followAt(t, reader, join(world.folder, 'live.db'));
	const desk = createStatementDesk({log, following: live, mayAppend: () => true, clock: world.clock, logger: silentLogger});
	const [a, b] = [enrolMeter(log, 'a'), enrolMeter(log, 'b')];
	const put = async (channel: typeof a, value: bigint, measuredAtMs: number, arrivedAtMs: number): Promise<void> => {
		await append(log, [draftOf(channel, {value, measuredAtMs})], {arrivedAtMs});
		await live.step(3);
	};
	// Before anybody wants it.
	await put(a, 1n, startMs, startMs);
	await desk.state({says: 'site', urn: site, body: {channels: [channelUrn('a', 'energy-import')]}});
	for (let i = 1; i <= 40; i += 1) await put(i % 3 === 0 ? b : a, BigInt(i), startMs + i * 600_000, startMs + i * 600_000);
	await desk.state({says: 'site', urn: site, body: {channels: [channelUrn('b', 'energy-import')]}});
	// Late by hours, and by a clock that jumped.
	await put(a, 1000n, startMs + 1_200_000, startMs + 41 * 600_000);
	await put(b, 2000n, startMs + 1_800_000, startMs + 42 * 600_000);
	await put(a, 3000n, startMs + 43 * 600_000, startMs + 90 * hourMs);
	await put(a, 4000n, startMs + 44 * 600_000, startMs + 44 * 600_000);
	await live.catchUp();
	const {size, digest} = await live.digest();
	t.is(size, log.size());

	const whole = await followAt(t, reader, join(world.folder, 'whole.db'));
	await whole.catchUp();
	t.deepEqual(await whole.digest(), {size, digest});

	const path = join(world.folder, 'steps.db');
	for (;;) {
		const following = await openFollowing({path, reader, ledgers: [createToyLedger()], openDatabase, takeProcessLock});
		const behind = await following.step(1);
		await following[Symbol.asyncDispose]();
		if (behind === 0) break;
	}
	const steps = await followAt(t, reader, path);
	t.deepEqual(await steps.digest(), {size, digest});

	// Readings of b before it was wanted are in no hour that nothing made dirty.
	const answered = await live.answer({about: 'site', id: 'plant', fromMs: 0, toMs: 1});
	t.is(answered?.ledger, 'toy');
	t.is(answered?.size, size);
	t.is(await live.answer({about: 'site', id: 'other', fromMs: 0, toMs: 1}), undefined);
});

test('a statement that a ledger refuses is not appended, and one that it takes is durable', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const following = await followAt(t, await world.reader(), join(world.folder, 'ledgers.db'));
	let mayAppend = true;
	const desk = createStatementDesk({log, following, mayAppend: () => mayAppend, clock: world.clock, logger: silentLogger});
	await log.settled();
	const before = log.size();
	await t.throwsAsync(desk.state({says: 'site', urn: site, body: {}}), {code: 'ARGUMENT_INVALID', message: 'it names no channels'});
	await t.throwsAsync(desk.state({says: 'site', urn: site, body: {channels: ['x'.repeat(300_000)]}}), {code: 'ARGUMENT_INVALID'});
	t.is(log.size(), before);
	// The enrolment of the subject has number 1.
	t.is((await desk.state({says: 'site', urn: site, body: {channels: []}})).number, 2);
	t.is((await desk.state({says: 'site', urn: site, body: {channels: []}})).number, 3);
	mayAppend = false;
	await t.throwsAsync(desk.state({says: 'site', urn: site, body: {channels: []}}), {code: 'LOG_FROZEN'});
});

test('only one follows at a time, and what was deleted is made again', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const reader = await world.reader();
	const path = join(world.folder, 'ledgers.db');
	const first = await openFollowing({path, reader, ledgers: [createToyLedger()], openDatabase, takeProcessLock});
	await t.throwsAsync(openFollowing({path, reader, ledgers: [createToyLedger()], openDatabase, takeProcessLock}), {code: 'LOG_LOCKED'});
	const desk = createStatementDesk({log, following: first, mayAppend: () => true, clock: world.clock, logger: silentLogger});
	await desk.state({says: 'site', urn: site, body: {channels: [channelUrn('a', 'energy-import')]}});
	await append(log, [draftOf(enrolMeter(log, 'a'), {value: 5n})]);
	await first.catchUp();
	const made = await first.digest();
	await first[Symbol.asyncDispose]();
	for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, {force: true});
	const second = await followAt(t, reader, path);
	await second.catchUp();
	t.deepEqual(await second.digest(), made);
});
