// What a reader finds, against looking at every entry in turn.
import test from 'ava';
import fc from 'fast-check';
import {toHex} from '../../agent/base/bytes.ts';
import {decodeEntry} from '../../agent/format/entry.ts';
import type {Channel} from '../../agent/log/channels.ts';
import type {Log} from '../../agent/log/log.ts';
import type {FoundEntry} from '../../agent/log/reader.ts';
import {checkLog, type LoggedEntry} from '../helpers/check-log.ts';
import {append, createLogWorld, draftOf, enrolMeter, type LogWorld, startMs} from '../helpers/log-world.ts';

type Put = {channel: number; session: string | undefined; key: number | undefined; measuredAtMs: number; value: bigint};

/** Appends what is given in packs of any size, several packs a commit; gives each entry's repeat key by index. */
async function fill(log: Log, channels: readonly Channel[], packs: readonly (readonly Put[])[]): Promise<Map<number, Put>> {
	const keys = new Map<number, Put>();
	const appends: Promise<unknown>[] = [];
	for (const [i, pack] of packs.entries()) {
		const drafts = pack.map(({channel, ...rest}) => draftOf(channels[channel]!, {...rest, keyTop: rest.key}));
		const arrivedAtMs = startMs + i * 50;
		appends.push(
			append(log, drafts, {arrivedAtMs, record: Buffer.from(`record ${i}`)}).then(first => {
				for (const [j, put] of pack.entries()) keys.set(first + j, put);
			}),
		);
		if (i % 4 === 3) await Promise.all(appends);
	}
	await Promise.all(appends);
	await log.settled();
	return keys;
}

const timeOf = ({entry}: LoggedEntry): number => entry.measuredAtMs || entry.arrivedAtMs;
const hexOf = (found: FoundEntry | undefined): string | undefined => found && `${found.index} ${toHex(found.entry)}`;

const put = fc.record({
	channel: fc.nat(2),
	session: fc.constantFrom(undefined, undefined, 'x', 'y'),
	sequence: fc.nat(60),
	hasSequence: fc.integer({min: 0, max: 9}),
	measuredAtMs: fc.oneof(
		{weight: 1, arbitrary: fc.constant(0)},
		{weight: 9, arbitrary: fc.integer({min: startMs - 500, max: startMs + 1500})},
	),
	value: fc.bigInt({min: -5n, max: 5n}),
});

async function compare(
	world: LogWorld,
	log: Log,
	channels: readonly Channel[],
	keys: ReadonlyMap<number, Put>,
	entries: readonly LoggedEntry[],
): Promise<string[]> {
	const reader = await world.reader();
	const differences: string[] = [];
	const same = (what: string, found: unknown, wanted: unknown): void => {
		if (found !== wanted) differences.push(`${what}: found ${found}, wanted ${wanted}`);
	};
	for (const {index, bytes, record} of entries) {
		same(`entry ${index}`, toHex(await reader.entry(index)), toHex(bytes));
		same(`source ${index}`, Buffer.from((await reader.source(index)).record).toString(), Buffer.from(record).toString());
	}
	same('head', (await reader.head())?.note, log.checkpoint()?.note);
	for (const channel of channels) {
		const mine = entries.filter(({entry}) => toHex(entry.subject) === toHex(channel.subject));
		const times = [...new Set(mine.map(timeOf))];
		for (const timeMs of [0, ...times.flatMap(time => [time - 1, time, time + 1]), Number.MAX_SAFE_INTEGER]) {
			const newest = Math.max(...mine.map(timeOf).filter(time => time <= timeMs));
			const wanted = mine.findLast(entry => timeOf(entry) === newest);
			same(`at ${timeMs}`, hexOf(await reader.at(channel, timeMs)), wanted && `${wanted.index} ${toHex(wanted.bytes)}`);
		}
		for (const [from, to, begin] of [
			[0, Number.MAX_SAFE_INTEGER],
			[startMs, startMs + 200],
			[startMs + 300, startMs + 300],
			[startMs + 500, startMs],
			[startMs, startMs + 200, 5],
			[0, Number.MAX_SAFE_INTEGER, entries.length >> 1],
			[0, Number.MAX_SAFE_INTEGER, entries.length],
		] as const) {
			const found: string[] = [];
			for await (const one of reader.range(channel, from, to, begin)) found.push(hexOf(one)!);
			const wanted = mine
				.filter(entry => timeOf(entry) >= from && timeOf(entry) <= to && entry.index >= (begin ?? 0))
				.map(({index, bytes}) => `${index} ${toHex(bytes)}`);
			same(`range ${from} ${to} ${begin}`, found.join(), wanted.join());
		}
		for (const [begin, end] of [
			[0, entries.length],
			[3, entries.length - 2],
			[entries.length >> 1, entries.length],
			[5, 5],
		] as const) {
			const found: string[] = [];
			for await (const one of reader.between(channel, begin, end)) found.push(hexOf(one)!);
			const wanted = mine.filter(({index}) => index >= begin && index < end).map(({index, bytes}) => `${index} ${toHex(bytes)}`);
			same(`between ${begin} ${end}`, found.join(), wanted.join());
		}
		const keyed = mine.map(({index, entry}) => {
			const one = keys.get(index);
			return {value: entry.value, session: one?.session, key: one?.session === undefined ? entry.measuredAtMs || undefined : one.key};
		});
		for (const session of [undefined, 'x', 'y', 'z']) {
			const inSession = keyed.filter(one => one.session === session && one.key !== undefined);
			const keysThere = new Set(inSession.map(({key}) => key!));
			for (const key of [...keysThere, 7, startMs + 77_777])
				same(`key ${session} ${key}`, await reader.valueOfKey(channel, session, key), inSession.findLast(one => one.key === key)?.value);
			same(`top of ${session}`, await reader.sessionTop(channel, session), keysThere.size === 0 ? undefined : Math.max(...keysThere));
		}
	}
	return differences;
}

test('a reader finds entries by index, time and key as one who looks at each in turn', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.array(put, {minLength: 1, maxLength: 12}), {maxLength: 14}), async packs => {
			const world = await createLogWorld(t);
			const log = await world.open();
			const channels = ['a', 'b', 'c'].map(device => enrolMeter(log, device));
			const puts = packs.map(pack =>
				pack.map(({sequence, hasSequence, ...rest}) => {
					const key = rest.session === undefined ? rest.measuredAtMs || undefined : hasSequence === 0 ? undefined : sequence;
					return {...rest, key};
				}),
			);
			const keys = await fill(log, channels, puts);
			const {entries} = await checkLog(t, world.path);
			t.deepEqual(await compare(world, log, log.channels(), keys, entries), []);
			await world.close();
		}),
		{numRuns: 25},
	);
});

test('a channel in more batches than a page has spans is read to its end', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const [channel, other] = [enrolMeter(log, 'a'), enrolMeter(log, 'b')];
	for (let i = 0; i < 100; i += 1) await append(log, [draftOf(other), draftOf(channel, {value: BigInt(i), measuredAtMs: startMs + i})]);
	const reader = await world.reader();
	const values: number[] = [];
	for await (const {entry} of reader.range(channel, startMs + 10, startMs + 98)) values.push(Number(decodeEntry(entry).value));
	t.deepEqual(
		values,
		Array.from({length: 89}, (_, i) => i + 10),
	);
});

test('an index beyond the log is unknown, by name', async t => {
	const world = await createLogWorld(t);
	const reader = await world.reader();
	t.is(await reader.head(), undefined);
	await t.throwsAsync(reader.entry(0), {code: 'ENTRY_UNKNOWN', message: 'there is no entry 0; the log has 0'});
	const log = await world.open();
	await log.settled();
	t.is((await reader.entry(0)).length, 118);
	for (const index of [1, -1, 0.5, Number.NaN, 2 ** 60]) {
		await t.throwsAsync(reader.entry(index), {code: 'ENTRY_UNKNOWN'});
		await t.throwsAsync(reader.source(index), {code: 'ENTRY_UNKNOWN'});
	}
});

test('a channel without entries at a time has none there', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	await append(log, [draftOf(channel, {measuredAtMs: startMs})]);
	const reader = await world.reader();
	t.is(await reader.at(channel, startMs - 1), undefined);
	// The enrolment has the same time and stands in front.
	t.is((await reader.at(channel, startMs))?.index, 2);
});

test('a range over many commits comes whole and in order', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const [a, b] = [enrolMeter(log, 'a'), enrolMeter(log, 'b')];
	for (let i = 0; i < 700; i += 1)
		await append(log, [draftOf(a, {measuredAtMs: startMs + i}), draftOf(b, {measuredAtMs: startMs + 1000 - i})]);
	const reader = await world.reader();
	for (const [channel, offset] of [
		[a, 0],
		[b, 1],
	] as const) {
		const found: number[] = [];
		for await (const {index} of reader.range(channel, startMs + 100, startMs + 1100)) if (index > 2) found.push(index);
		const wanted = Array.from({length: 700}, (_, i) => 3 + i * 2 + offset).filter((_, i) => (offset === 0 ? i >= 100 : true));
		t.deepEqual(found, wanted);
	}
});
