// The log of the next epoch against the one before: nothing beyond the common head is missing, changed, or known by another key.
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {createEd25519Signer} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {kinds, noteKinds, qualities} from '../../agent/format/entry.ts';
import {decodeEpoch, type EpochBody} from '../../agent/format/epoch.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {writeNextLog} from '../../agent/log/next-log.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {checkLog, type LoggedEntry} from '../helpers/check-log.ts';
import {
	append,
	count,
	createLogWorld,
	createSeededRandom,
	draftOf,
	enrolMeter,
	type LogWorld,
	refuse,
	startMs,
} from '../helpers/log-world.ts';

const nextSigner = createEd25519Signer(new Uint8Array(32).fill(9));

async function openNext(
	t: ExecutionContext,
	world: LogWorld,
	first: number,
	name = 'next.db',
	change?: (body: EpochBody) => EpochBody,
): Promise<string> {
	await world.close();
	const path = join(world.folder, name);
	await using database = await openDatabase({path: world.path, mode: 'read'});
	const [head] = await database.all<{size: number; root: Uint8Array}>('SELECT size, root FROM head');
	const [meta] = await database.all<{value: string}>("SELECT value FROM meta WHERE key = 'vkey'");
	const counters = await database.all<{name: string; count: number}>('SELECT name, count FROM counters ORDER BY name');
	const body: EpochBody = {
		epoch: 2,
		reason: t.title,
		openedAtMs: startMs + 1e6,
		previous: {origin: 'harbour/1', vkey: meta!.value, size: head!.size, root: head!.root},
		heads: [],
		common: {size: first, root: head!.root},
		again: {first, end: head!.size},
		counters,
	};
	await writeNextLog({
		rows: database,
		logName: 'harbour',
		path,
		body: change?.(body) ?? body,
		signer: nextSigner,
		hasher: nodeHasher,
		random: createSeededRandom('next'),
		openDatabase,
	});
	return path;
}

/** What must be the same in both epochs. */
const essence = ({entry, record}: LoggedEntry, quality = entry.quality): unknown => [
	entry.kind,
	Buffer.from(entry.subject).toString('hex'),
	entry.quantity,
	entry.exponent,
	quality,
	entry.value,
	entry.measuredAtMs,
	entry.arrivedAtMs,
	entry.span,
	Buffer.from(record).toString('hex'),
];

test('the next log says whose it is and what came before, enrols every channel, and holds again what is beyond the common head', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const a = enrolMeter(log, 'a');
	for (let i = 0; i < 5; i += 1) await append(log, [draftOf(a, {value: BigInt(i), measuredAtMs: startMs + i})]);
	const common = log.size();
	const b = enrolMeter(log, 'b');
	await append(log, [draftOf(a, {value: 10n, measuredAtMs: startMs + 10}), draftOf(b, {value: 11n})], {
		record: Buffer.from('both'),
		arrivedAtMs: 77,
	});
	log.note(noteKinds.start, {note: 'start'}, 3n);
	await log.tally();
	await refuse(log, {reason: 'time-malformed'});
	await count(log, 'repeats', 4);
	await log.settled();
	const old = await checkLog(t, world.path);
	const next = await checkLog(t, await openNext(t, world, common));

	const kindsOfNext = next.entries.map(({entry}) => entry.kind);
	t.deepEqual(kindsOfNext, [kinds.enrolment, kinds.epoch, kinds.enrolment, kinds.enrolment, kinds.reading, kinds.reading, kinds.note]);
	t.deepEqual(
		next.channels.map(({urn, subject}) => [urn, subject]),
		old.channels.map(({urn, subject}) => [urn, subject]),
	);
	const body = decodeEpoch(next.entries[1]!.record);
	t.true('value' in body && body.value.previous.origin === 'harbour/1' && body.value.common.size === common);
	t.is(next.entries[1]!.entry.value, BigInt(common));

	const again = old.entries.filter(
		({index, entry}) => index >= common && entry.kind !== kinds.enrolment && entry.quantity !== noteKinds.tally,
	);
	t.deepEqual(
		next.entries.slice(4).map(entry => essence(entry)),
		again.map(entry => essence(entry, entry.entry.quality | qualities.appendedAgain)),
	);
	t.deepEqual(
		next.entries.slice(4).map(({entry}) => entry.number),
		[2, 2, 3],
	);
	for (const [i, entry] of next.entries.slice(4).entries()) {
		t.notDeepEqual(entry.entry.salt, again[i]!.entry.salt, 'a new salt');
		t.notDeepEqual(entry.entry.source, again[i]!.entry.source);
	}
	t.deepEqual(next.counters, old.counters);
	t.deepEqual(next.quarantine, old.quarantine);
	t.regex(next.note ?? '', /^harbour\/2\n7\n/);
});

test('sessions, keys and values are the same to whoever looks for a repeat, wherever the common head lies', async t => {
	const step = fc.record({
		drafts: fc.array(
			fc.record({
				channel: fc.nat({max: 2}),
				session: fc.option(fc.constantFrom('s', 'u'), {nil: undefined}),
				key: fc.option(fc.nat({max: 40}), {nil: undefined}),
				value: fc.integer(),
			}),
			{minLength: 1, maxLength: 5},
		),
		isTogether: fc.boolean(),
	});
	const steps = fc.sample(fc.array(step, {minLength: 40, maxLength: 40}), {numRuns: 1, seed: 11})[0]!;
	const world = await createLogWorld(t);
	const log = await world.open();
	const channels = ['a', 'b', 'c'].map(name => enrolMeter(log, name));
	const tops = new Map<string, number>();
	const pending: Promise<number>[] = [];
	for (const {drafts, isTogether} of steps) {
		const made = drafts.map(({channel, session, key, value}) => {
			const name = `${channel}/${session}`;
			const own = session === undefined ? (key === undefined ? 0 : startMs + key) : key;
			const keyTop = own === undefined || own === 0 ? tops.get(name) : Math.max(own, tops.get(name) ?? 0);
			if (keyTop !== undefined) tops.set(name, keyTop);
			const measuredAtMs = session === undefined ? (own ?? 0) : startMs;
			return draftOf(channels[channel]!, {session, key: own || undefined, keyTop, measuredAtMs, value: BigInt(value)});
		});
		pending.push(append(log, made));
		if (!isTogether) await Promise.all(pending);
	}
	await Promise.all(pending);
	const old = await checkLog(t, world.path);
	const before = await world.reader();
	for (const first of [0, 1, 5, Math.floor(old.size / 2), old.size - 1, old.size]) {
		const path = await openNext(t, world, first, `next-${first}.db`);
		const next = await checkLog(t, path);
		const again = old.entries.filter(({index, entry}) => index >= first && entry.kind === kinds.reading);
		t.deepEqual(
			next.entries.filter(({entry}) => entry.kind === kinds.reading).map(entry => essence(entry)),
			again.map(entry => essence(entry, qualities.appendedAgain)),
			`from ${first}`,
		);
		if (first > 1) continue;
		const after = await openLogReader({path, hasher: nodeHasher});
		const byUrn = new Map((await after.channels()).map(channel => [channel.urn, channel]));
		for (const channel of await before.channels()) {
			const mine: Channel = byUrn.get(channel.urn)!;
			t.deepEqual([mine.session, mine.keyTop], [channel.session, channel.keyTop]);
			for (const session of [undefined, 's', 'u']) {
				t.is(await after.sessionTop(mine, session), await before.sessionTop(channel, session));
				for (let key = 0; key <= 40; key += 1) {
					const own = session === undefined ? startMs + key : key;
					t.is(
						await after.valueOfKey(mine, session, own),
						await before.valueOfKey(channel, session, own),
						`${channel.urn} ${session} ${key}`,
					);
				}
			}
		}
		await after[Symbol.asyncDispose]();
	}
});

test('an epoch of an epoch keeps the entry that opened the one before, and counts each eviction once', async t => {
	const world = await createLogWorld(t);
	const log = await world.open({quarantineBytesMax: 8});
	for (let i = 0; i < 3; i += 1) await refuse(log, {record: Buffer.from('refused')});
	await log.settled();
	const old = await checkLog(t, world.path);
	t.is(old.counters.get('evicted'), 2);
	const second = await openNext(t, world, 0, 'second.db');
	t.is((await checkLog(t, second)).counters.get('evicted'), 2);
	const third = await openNext(t, {...world, path: second}, 0, 'third.db', body => ({...body, epoch: 3}));
	const checked = await checkLog(t, third);
	t.is(checked.entries.filter(({entry}) => entry.kind === kinds.epoch).length, 2);
	t.is(checked.counters.get('evicted'), 2);
	t.is(checked.quarantine.length, 1);
});

test('an entry that does not come from what is stored with it is never signed anew', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const a = enrolMeter(log, 'a');
	await append(log, [draftOf(a, {value: 5n})], {record: Buffer.from('what the meter said')});
	await world.close();
	const database = await openDatabase({path: world.path, mode: 'write'});
	await database.run("UPDATE batches SET records = CAST(replace(records, 'meter', 'owner') AS BLOB)");
	await database[Symbol.asyncDispose]();
	await t.throwsAsync(openNext(t, world, 0), {code: 'LOG_CORRUPT', message: /entry \d+ does not come from what is stored with it/});
});

test('of a pruned log what is left follows again, without its notes on pruning, and the audit needs no excuse', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const a = enrolMeter(log, 'a');
	for (let i = 0; i < 9; i += 1)
		await append(
			log,
			Array.from({length: 100}, (_, j) => draftOf(a, {measuredAtMs: startMs + i * 100 + j})),
			{arrivedAtMs: startMs + i * 60_000},
		);
	const reader = await world.reader();
	const wish = {arrivalsSizeMax: log.size(), entriesSizeMax: log.size()};
	await log.prune(await reader.planPrune({...wish, entriesBeforeMs: startMs + 6 * 60_000, arrivalsBeforeMs: startMs + 8 * 60_000}));
	await log.settled();
	await world.close();
	await using database = await openDatabase({path: world.path, mode: 'read'});
	const [oldest] = await database.all<{first: number}>('SELECT min(first) AS first FROM batches');
	t.true(oldest!.first > 256);
	const next = await checkLog(t, await openNext(t, world, oldest!.first));
	t.is(next.entries.filter(({entry}) => entry.kind === kinds.reading).length, 902 - oldest!.first);
	t.is(next.entries.filter(({entry}) => entry.kind === kinds.note).length, 0);
	t.is(
		next.entries.find(({entry}) => entry.kind === kinds.reading)?.record.length,
		0,
		'what came before is gone, and nothing stands for it',
	);
});
