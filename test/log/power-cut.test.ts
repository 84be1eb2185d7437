// Cuts the power, as far as a test without root can: every prefix of what was written is a disk that somebody may find.
import {copyFileSync, existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {audit} from '../../agent/log/audit.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, createLogWorld, draftOf, enrolMeter, refuse, startMs, temporaryFolder} from '../helpers/log-world.ts';

/** In front of the frames of a WAL, and in front of the page in each frame [SQLite file format §4.1, §4.2]. */
const walHeadLength = 32;
const frameLength = 24 + 4096;

test('whatever prefix of the WAL a power cut leaves, the log opens and has everything that was acknowledged up to there', async t => {
	const world = await createLogWorld(t);
	const log = await world.open({quarantineBytesMax: 100});
	await log.settled();
	const wal = `${world.path}-wal`;
	const base = readFileSync(world.path);
	/** What the disk must hold once its WAL is at least this long. */
	const promises: {walBytes: number; size: number; refused: number}[] = [];
	const channels = [enrolMeter(log, 'a'), enrolMeter(log, 'b')];
	let refused = 0;
	for (let i = 0; i < 25; i += 1) {
		const count = 1 + ((i * 7) % 60);
		const waits = [
			append(
				log,
				Array.from({length: count}, (_, j) => draftOf(channels[i % 2]!, {measuredAtMs: startMs + i * 100 + j})),
			),
		];
		if (i % 3 === 0) {
			waits.push(refuse(log, {record: Buffer.alloc(40, i)}).then(() => 0));
			refused += 1;
		}
		await Promise.all(waits);
		promises.push({walBytes: statSync(wal).size, size: log.size(), refused});
	}
	t.deepEqual(readFileSync(world.path), base, 'nothing has moved from the WAL into the database yet');
	const written = readFileSync(wal);
	await world.close();

	const folder = temporaryFolder(t);
	let cuts = 0;
	let opened = 0;
	const cutAt = async (walBytes: number): Promise<void> => {
		cuts += 1;
		const path = join(folder, `${walBytes}.db`);
		writeFileSync(path, base);
		writeFileSync(`${path}-wal`, written.subarray(0, walBytes));
		const promised = promises.findLast(promise => promise.walBytes <= walBytes) ?? {size: 0, refused: 0};
		const report = await audit({path, hasher: nodeHasher, verifySignature: verifyEd25519});
		t.deepEqual(report.problems, [], `cut at ${walBytes}`);
		t.true(report.size >= promised.size, `cut at ${walBytes}: ${report.size} entries of ${promised.size}`);
		await using database = await openDatabase({path, mode: 'read'});
		const [counter] = await database.all<{count: number}>("SELECT count FROM counters WHERE name = 'refused:TEST'");
		t.true((counter?.count ?? 0) >= promised.refused);
		if (cuts % 20 !== 0) return;
		opened += 1;
		const again = await world.open({path});
		t.true(again.size() >= promised.size);
		await append(again, [draftOf(again.channel(channels[0]!.urn) ?? enrolMeter(again, 'a'))]);
		await world.close();
		await checkLog(t, path);
	};
	for (let at = 0; at <= written.length; at += 1) {
		const inFrame = (at - walHeadLength) % frameLength;
		// Between frames, and in the middle of every fourth: its head written and its page not, or half of its page.
		if (
			at <= walHeadLength
				? at % walHeadLength === 0
				: inFrame === 0 || ([24, 2000].includes(inFrame) && Math.floor(at / frameLength) % 4 === 0)
		)
			await cutAt(at);
	}
	t.true(cuts > 100 && opened > 5);
	t.log(`${cuts} cuts of a WAL of ${written.length} bytes, ${opened} opened again for writing`);
});

test('a copy of the files taken before or after any commit is a log', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await log.settled();
	const folder = temporaryFolder(t);
	const copies: {path: string; size: number}[] = [];
	let acknowledged = log.size();
	const copy = (): void => {
		const path = join(folder, `${copies.length}.db`);
		for (const suffix of ['', '-wal']) if (existsSync(world.path + suffix)) copyFileSync(world.path + suffix, path + suffix);
		copies.push({path, size: acknowledged});
	};
	world.disk.around = async commit => {
		copy();
		await commit();
		copy();
	};
	// Large records, so that some of these commits also move the WAL into the database.
	for (let i = 0; i < 30; i += 1) {
		await append(log, [draftOf(channel, {measuredAtMs: startMs + i})], {record: Buffer.alloc(400_000, i)});
		acknowledged = log.size();
	}
	t.is(copies.length, 60);
	for (const {path, size} of copies) {
		const report = await audit({path, hasher: nodeHasher, verifySignature: verifyEd25519});
		t.deepEqual(report.problems, []);
		t.true(report.size >= size);
	}
});
