// Who reads beside the writer neither stops it nor keeps its WAL from shrinking; and how fast an audit is.
import {statSync} from 'node:fs';
import test from 'ava';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {audit} from '../../agent/log/audit.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, createLogWorld, draftOf, enrolMeter, startMs} from '../helpers/log-world.ts';

test('a reader that stays open for long and stops in the middle of a range neither blocks the writer nor pins the WAL', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	for (let i = 0; i < 600; i += 1) await append(log, [draftOf(channel, {measuredAtMs: startMs + i})]);
	const reader = await world.reader();
	const range = reader.range(channel, 0, Number.MAX_SAFE_INTEGER)[Symbol.asyncIterator]();
	await range.next();
	// 40 MB more: many times what the WAL may hold.
	let walBytesMax = 0;
	for (let i = 0; i < 100; i += 1) {
		await append(log, [draftOf(channel, {measuredAtMs: startMs + 600 + i})], {record: Buffer.alloc(400_000, i)});
		walBytesMax = Math.max(walBytesMax, statSync(`${world.path}-wal`).size);
	}
	t.true(walBytesMax < 8 * 1024 * 1024, `the WAL grew to ${walBytesMax} bytes`);
	let seen = 1;
	for (let next = await range.next(); next.done !== true; next = await range.next()) seen += 1;
	t.is(seen, 701, 'the range goes on over what came meanwhile');
	await checkLog(t, world.path);
});

test('a reader sees each acknowledged entry at once', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	const reader = await world.reader();
	for (let i = 0; i < 50; i += 1) {
		const first = await append(log, [draftOf(channel, {measuredAtMs: startMs + i, value: BigInt(i)})]);
		t.is((await reader.head())?.size, first + 1);
		t.is(await reader.valueOfKey(channel, undefined, startMs + i), BigInt(i));
	}
});

test('an audit keeps up with any log', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channels = Array.from({length: 20}, (_, i) => enrolMeter(log, `m${i}`));
	for (let i = 0; i < 200; i += 1) {
		const appends = Array.from({length: 100}, (_, j) =>
			append(
				log,
				Array.from({length: 10}, (_, k) => draftOf(channels[(i + j) % 20]!, {measuredAtMs: startMs + i * 10_000 + j * 10 + k})),
			),
		);
		await Promise.all(appends);
	}
	const {cpuUsage} = process;
	const before = cpuUsage();
	const report = await audit({path: world.path, hasher: nodeHasher, verifySignature: verifyEd25519});
	const used = cpuUsage(before);
	t.deepEqual(report.problems, []);
	t.is(report.size, 200_021);
	t.log(`${Math.round(report.size / ((used.user + used.system) / 1e6))} entries a second of processor time`);
});
