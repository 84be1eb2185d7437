// Edits the database in one place at a time, as somebody with the file in hand would, and asks the audit.
import {copyFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type Database, openDatabase} from '../../agent/base/sqlite.ts';
import {type AuditReport, audit} from '../../agent/log/audit.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, createLogWorld, draftOf, enrolMeter, type LogWorld, refuse, startMs, temporaryFolder} from '../helpers/log-world.ts';

const auditAt = (path: string): Promise<AuditReport> => audit({path, hasher: nodeHasher, verifySignature: verifyEd25519});

/** 600 entries over several batches: tiles with two hashes, sessions, notes, refusals, one anchor. */
async function makeLog(world: LogWorld): Promise<void> {
	const log = await world.open({quarantineBytesMax: 20});
	const [a, b] = [enrolMeter(log, 'a'), enrolMeter(log, 'b')];
	for (let i = 0; i < 60; i += 1) {
		const session = i % 2 === 0 ? undefined : 's';
		const drafts = Array.from({length: 10}, (_, j) => {
			const measuredAtMs = startMs + i * 1000 + j;
			const key = session === undefined ? measuredAtMs : i * 10 + j;
			return draftOf(i % 3 === 0 ? a : b, {session, key, keyTop: key, measuredAtMs, value: BigInt(i * 10 + j)});
		});
		await append(log, drafts, {record: Buffer.from(`record ${i}`)});
		if (i === 30)
			await log.putDocument(
				'anchor',
				'1',
				JSON.stringify({size: log.size(), root: `0x${Buffer.from(log.checkpoint()!.root).toString('hex')}`}),
			);
	}
	for (let i = 0; i < 5; i += 1) await refuse(log, {record: Buffer.alloc(8, i)});
	await world.close();
}

/** Flips the lowest bit of one byte of a blob; places count from 1. */
const flip =
	(table: string, column: string, place: number, where: string) =>
	async (database: Database): Promise<void> => {
		const [row] = await database.all<{blob: Uint8Array}>(`SELECT ${column} AS blob FROM ${table} WHERE ${where}`);
		const blob = Buffer.from(row!.blob);
		blob[place - 1]! ^= 1;
		await database.run(`UPDATE ${table} SET ${column} = ? WHERE ${where}`, [blob]);
	};
const sql =
	(text: string) =>
	(database: Database): Promise<void> =>
		database.exec(text);
const inBatch = 'first = (SELECT max(first) FROM batches WHERE first <= 300)';

const edits: readonly (readonly [name: string, edit: (database: Database) => Promise<void>, found: RegExp])[] = [
	...[1, 2, 3, 19, 51, 53, 54, 57, 65, 71, 77, 83, 87].map(
		place => [`byte ${place} of an entry`, flip('batches', 'entries', 118 * 4 + place, inBatch), /lead to root/] as const,
	),
	['the number of an entry', flip('batches', 'entries', 82, inBatch), /is number \d+ of urn:kedge:device:b:energy-import, after/],
	['the quantity of an entry', flip('batches', 'entries', 52, inBatch), /has quantity 0, not 1/],
	['the exponent of an entry', flip('batches', 'entries', 53, inBatch), /has exponent -4, not -3/],
	['the version of an entry', flip('batches', 'entries', 2, inBatch), /has version 0/],
	['the subject of an entry', flip('batches', 'entries', 19, inBatch), /stands under a subject that was never enrolled/],
	['the record of an arrival', flip('batches', 'records', 25, inBatch), /does not come from the arrival stored with it/],
	['the salt of an arrival', flip('batches', 'records', 7, inBatch), /does not come from the arrival stored with it/],
	['the length of a record', flip('batches', 'records', 1, inBatch), /cut off or damaged/],
	['the count of a record', flip('batches', 'records', 6, inBatch), /entries and sources for/],
	['the body of an enrolment', flip('batches', 'records', 30, 'first = 0'), /does not come from the body stored with it/],
	['sources cut short', sql(`UPDATE batches SET records = substr(records, 1, length(records) - 3) WHERE ${inBatch}`), /cut off or damaged/],
	['sources gone', sql(`UPDATE batches SET records = x'' WHERE ${inBatch}`), /entries and sources for 0/],
	[
		'entries cut short',
		sql(`UPDATE batches SET entries = substr(entries, 1, length(entries) - 1) WHERE ${inBatch}`),
		/says 10 entries and holds/,
	],
	['the count of a batch', sql(`UPDATE batches SET count = count + 1 WHERE ${inBatch}`), /says 11 entries and holds/],
	['a batch moved', sql(`UPDATE batches SET first = first + 1 WHERE ${inBatch}`), /the batch after entry \d+ begins at/],
	['a batch gone', sql(`DELETE FROM batches WHERE ${inBatch}`), /the batch after entry \d+ begins at/],
	[
		'the first batch gone',
		sql('DELETE FROM batches WHERE first = 0'),
		/entries 0 to \d+ are missing, and no note says that they were pruned/,
	],
	[
		'the last batch gone',
		sql('DELETE FROM batches WHERE first = (SELECT max(first) FROM batches)'),
		/the head covers \d+ entries, but \d+ are stored/,
	],
	['all batches gone', sql('DELETE FROM batches'), /but 0 are stored/],
	[
		'two batches exchanged',
		sql(`CREATE TEMP TABLE two AS SELECT first, entries FROM batches WHERE first > 300 ORDER BY first LIMIT 2;
			UPDATE batches SET entries = (SELECT entries FROM two WHERE two.first <> batches.first) WHERE first IN (SELECT first FROM two)`),
		/does not come from the arrival stored with it/,
	],
	['a head that is gone', sql('DELETE FROM head'), /the head covers 0 entries, but \d+ are stored/],
	['the size of the head', sql('UPDATE head SET size = size - 1'), /the head covers/],
	['the root of the head', flip('head', 'root', 1, 'id = 1'), /the head says/],
	['the text of the checkpoint', sql("UPDATE head SET note = replace(note, 'harbour/1', 'harbour/2')"), /is not signed by the log's key/],
	[
		'the signature of the checkpoint',
		sql("UPDATE head SET note = substr(note, 1, length(note) - 10) || 'AAAAAAAA=' || char(10)"),
		/is not signed/,
	],
	['a checkpoint without a signature', sql("UPDATE head SET note = ''"), /is not signed/],
	['the name of the log', sql("UPDATE meta SET value = 'marina' WHERE key = 'logName'"), /under another subject than its body opens/],
	['the epoch of the log', sql("UPDATE meta SET value = '2' WHERE key = 'epoch'"), /is not signed/],
	['the key of the log', sql("UPDATE meta SET value = replace(value, '+A', '+B') WHERE key = 'vkey'"), /is not signed/],
	['a hash of a tile', flip('tiles', 'hashes', 40, 'level = 1'), /tile 1\/0 does not fit the entries/],
	['a tile cut short', sql('UPDATE tiles SET hashes = substr(hashes, 1, 32)'), /tile 1\/0 has 32 bytes, not 64/],
	['a tile too long', sql('UPDATE tiles SET hashes = CAST(hashes || zeroblob(32) AS BLOB)'), /tile 1\/0 has 96 bytes, not 64/],
	['a tile gone', sql('DELETE FROM tiles'), /tile 1\/0 is missing/],
	['a tile that should not be', sql('INSERT INTO tiles VALUES (2, 0, zeroblob(32))'), /tile 2\/0 has 32 bytes, not 0/],
	[
		'the count of a span',
		sql('UPDATE spans SET count = count - 1 WHERE channel = 3 AND number = 2'),
		/the span of .* says 9 entries|has 9 entries|covers/,
	],
	[
		'the number of a span',
		sql('UPDATE spans SET number = 3 WHERE channel = 3 AND number = 2'),
		/begins with number 3, its first entry has 2/,
	],
	['the place of a span', sql('UPDATE spans SET first = first + 1 WHERE channel = 3 AND number = 2'), /should begin at/],
	['a span gone', sql('DELETE FROM spans WHERE channel = 3 AND number = 2'), /the index of spans has 0 entries of/],
	[
		'a span too many',
		sql(
			'INSERT INTO spans SELECT channel, first + 1, count, number, session, keyMin, keyMax, keyTop, keys, timeMin, timeMax FROM spans WHERE channel = 3 AND number = 2',
		),
		/the span of/,
	],
	[
		'a span of nobody',
		sql('INSERT INTO spans (channel, first, count, number, timeMin, timeMax) VALUES (99, 5, 1, 1, 0, 0)'),
		/names channel 99, which was never enrolled/,
	],
	[
		'the last span gone',
		sql('DELETE FROM spans WHERE channel = 3 AND first = (SELECT max(first) FROM spans WHERE channel = 3)'),
		/the index of spans has 0 entries of/,
	],
	['the times of a span', sql('UPDATE spans SET timeMax = timeMax + 1 WHERE channel = 3 AND number = 2'), /covers times/],
	['the keys of a span', sql('UPDATE spans SET keyMax = keyMax + 1 WHERE channel = 3 AND number = 2'), /covers keys/],
	['the listed keys of a span', flip('spans', 'keys', 4, 'channel = 3 AND session IS NOT NULL AND first < 100'), /covers keys/],
	['the session of a span', sql('UPDATE spans SET session = NULL WHERE channel = 3 AND number = 2'), /keys without a session/],
	['the top key of a span', sql('UPDATE spans SET keyTop = 1 WHERE channel = 3 AND number = 2'), /no key was above 1/],
	['the name of a channel', sql("UPDATE channels SET urn = urn || 'x' WHERE id = 3"), /does not say of channel 3/],
	['the secret of a channel', flip('channels', 'secret', 1, 'id = 3'), /does not say of channel 3/],
	['the subject of a channel', flip('channels', 'subject', 1, 'id = 3'), /does not say of channel 3/],
	['the quantity of a channel', sql('UPDATE channels SET quantity = 2 WHERE id = 3'), /does not say of channel 3/],
	['the exponent of a channel', sql('UPDATE channels SET exponent = 0 WHERE id = 3'), /does not say of channel 3/],
	['the enrolment of a channel', sql('UPDATE channels SET enrolled = 1 WHERE id = 3'), /does not say of channel 3/],
	['a channel gone', sql('DELETE FROM channels WHERE id = 3'), /does not say of channel 3/],
	['a channel too many', sql("INSERT INTO channels VALUES (9, 'urn:x', x'00', x'01', 1, 0, 5)"), /channel 9, urn:x, was never enrolled/],
	['a refusal gone', sql('DELETE FROM quarantine WHERE id = 4'), /5 refusals were counted, 1 are kept and 3 were evicted/],
	['a count of refusals', sql("UPDATE counters SET count = count - 1 WHERE name LIKE 'refused:%'"), /4 refusals were counted/],
	[
		'the count of evictions',
		sql("UPDATE counters SET count = 2 WHERE name = 'evicted'"),
		/notes tell of 3 evicted refusals, the counter of 2/,
	],
	['the root of an anchor', sql("UPDATE documents SET body = replace(body, '0x', '0x0')"), /was anchored with root/],
	['an anchor that is no JSON', sql("UPDATE documents SET body = '{'"), /the anchor 1 is no JSON/],
];

test('every edit of the database is found by the audit', async t => {
	const world = await createLogWorld(t);
	await makeLog(world);
	const clean = await checkLog(t, world.path);
	t.is(clean.size, 606);
	const folder = temporaryFolder(t);
	for (const [i, [name, edit, expected]] of edits.entries()) {
		const path = join(folder, `${i}.db`);
		copyFileSync(world.path, path);
		const database = await openDatabase({path, mode: 'write'});
		await edit(database);
		await database[Symbol.asyncDispose]();
		const {problems} = await auditAt(path);
		t.true(
			problems.some(problem => expected.test(problem)),
			`${name}: ${problems.join('; ') || 'nothing found'}`,
		);
		t.true(problems.length <= 100);
	}
});

test('an edit on the right edge is found when the log is opened', async t => {
	const world = await createLogWorld(t);
	await makeLog(world);
	const folder = temporaryFolder(t);
	const lastBatch = 'first = (SELECT max(first) FROM batches)';
	const rightEdge: readonly (readonly [name: string, edit: (database: Database) => Promise<void>])[] = [
		['the newest entry', flip('batches', 'entries', 57, lastBatch)],
		['the newest batch gone', sql(`DELETE FROM batches WHERE ${lastBatch}`)],
		['a batch too many', sql(`INSERT INTO batches SELECT first + count, count, entries, records FROM batches WHERE ${lastBatch}`)],
		['a tile on the edge', flip('tiles', 'hashes', 64, 'level = 1')],
		['a tile cut short', sql('UPDATE tiles SET hashes = substr(hashes, 1, 32)')],
		['a tile gone', sql('DELETE FROM tiles')],
		['the root', flip('head', 'root', 32, 'id = 1')],
		['the size', sql('UPDATE head SET size = size + 1')],
		['the head gone', sql('DELETE FROM head')],
		['the note of the head', sql("UPDATE head SET note = replace(note, 'harbour', 'marina')")],
	];
	for (const [i, [name, edit]] of rightEdge.entries()) {
		const path = join(folder, `${i}.db`);
		copyFileSync(world.path, path);
		const database = await openDatabase({path, mode: 'write'});
		await edit(database);
		await database[Symbol.asyncDispose]();
		const error = await t.throwsAsync(world.open({path}), {instanceOf: AgentError}, name);
		t.is(error.code, 'LOG_CORRUPT', `${name}: ${error.message}`);
	}
});

test('an audit in the middle of writing sees a clean log', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	let writing = true;
	const write = (async () => {
		for (let i = 0; writing; i += 1)
			await append(
				log,
				Array.from({length: 1 + (i % 90)}, (_, j) => draftOf(channel, {measuredAtMs: startMs + i * 100 + j})),
			);
	})();
	for (let i = 0; i < 15; i += 1) t.deepEqual((await auditAt(world.path)).problems, []);
	writing = false;
	await write;
	await checkLog(t, world.path);
});

test('an audit tells the roots of the anchored sizes, how far it is, and stops when it is told to', async t => {
	const world = await createLogWorld(t);
	await makeLog(world);
	const done: number[] = [];
	const report = await audit({path: world.path, hasher: nodeHasher, verifySignature: verifyEd25519, onProgress: at => done.push(at)});
	t.deepEqual([...report.roots.keys()], [313]);
	t.is(done.at(-1), 606);
	t.true(done.length > 1);
	const aborted = await audit({path: world.path, hasher: nodeHasher, verifySignature: verifyEd25519, signal: AbortSignal.abort()});
	t.is(aborted.batches, 0);
});
