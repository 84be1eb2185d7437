// Devices that send in any order, again, late and from other sessions, an agent that restarts and whose disk fails: in the end every distinct reading that was
// acknowledged is in the log exactly once.
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import type {Outcome} from '../../agent/ingest/ingest.ts';
import {startMs} from '../helpers/log-world.ts';
import {dup, openWorld, quarantined} from './world.ts';

/** What a device means by a message, apart from how it is written. */
type Meaning = {readonly session: string | undefined; readonly key: number; readonly value: number};

type Sent = {
	readonly device: 'clock' | 'count' | 'pack';
	readonly payload: unknown;
	readonly packetId: number;
	readonly meanings: readonly Meaning[];
	/** Its raw bytes must be in the quarantine, this often at least. */
	readonly isRefused: boolean;
	outcome: Outcome | undefined;
};

type Step =
	| {readonly kind: 'next'; readonly device: 'clock' | 'count'; readonly count: number}
	| {readonly kind: 'session'; readonly session: number}
	| {readonly kind: 'late'; readonly device: 'clock' | 'count'; readonly back: number; readonly value: number}
	| {readonly kind: 'pack'; readonly offsets: readonly number[]; readonly from: number; readonly bad: number}
	| {readonly kind: 'again'; readonly back: number; readonly count: number; readonly isDup: boolean}
	| {readonly kind: 'other'; readonly back: number}
	| {readonly kind: 'garbage'; readonly device: 'clock' | 'count' | 'pack'}
	| {readonly kind: 'settle' | 'restart' | 'lost' | 'done'};

const device = fc.constantFrom('clock' as const, 'count' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
	{weight: 5, arbitrary: fc.record({kind: fc.constant('next' as const), device, count: fc.constantFrom(1, 2, 5, 40, 300)})},
	{weight: 3, arbitrary: fc.record({kind: fc.constant('session' as const), session: fc.nat(11)})},
	{weight: 4, arbitrary: fc.record({kind: fc.constant('late' as const), device, back: fc.nat(700), value: fc.nat(2)})},
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant('pack' as const),
			offsets: fc.oneof(
				fc.array(fc.integer({min: -8, max: 8}), {minLength: 1, maxLength: 12}),
				fc.constant(Array.from({length: 300}, (_, i) => -i)),
			),
			from: fc.nat(400),
			bad: fc.nat(2),
		}),
	},
	{
		weight: 6,
		arbitrary: fc.record({
			kind: fc.constant('again' as const),
			back: fc.nat(900),
			count: fc.constantFrom(1, 1, 3, 20),
			isDup: fc.boolean(),
		}),
	},
	{weight: 2, arbitrary: fc.record({kind: fc.constant('other' as const), back: fc.nat(400)})},
	{weight: 1, arbitrary: fc.record({kind: fc.constant('garbage' as const), device: fc.constantFrom('clock', 'count', 'pack')})},
	{weight: 3, arbitrary: fc.record({kind: fc.constant('settle' as const)})},
	{weight: 2, arbitrary: fc.record({kind: fc.constant('restart' as const)})},
	// The commit that is next is not done, or is done but said to have failed.
	{weight: 1, arbitrary: fc.record({kind: fc.constantFrom('lost' as const, 'done' as const)})},
);

const nameOf = (one: Sent, meaning: Meaning): string => `${one.device} ${meaning.session ?? '-'} ${meaning.key}`;

const listOf = (values: ReadonlyMap<string, ReadonlySet<number>>): string[] =>
	[...values].map(([name, set]) => `${name}: ${[...set].sort()}`).sort();

async function run(t: ExecutionContext, steps: readonly Step[]): Promise<void> {
	const world = await openWorld(t);
	const sent: Sent[] = [];
	let waiting: Promise<void>[] = [];
	let garbage = 0;
	let session = 'boot-0';
	const next = {clock: startMs - 400_000, pack: startMs - 400_000};
	const sequences = new Map<string, number>();

	const transmit = (one: Sent, isDup: boolean): void => {
		const changes = {packetId: one.packetId, ...(isDup ? dup : {})};
		waiting.push(
			world.send(one.device, one.payload, changes).then(outcome => {
				// Once acknowledged is always kept.
				if (one.outcome === undefined || one.outcome === 'failed') one.outcome = outcome;
				if (outcome !== 'failed') t.is(outcome, one.isRefused ? 'refused' : 'kept');
			}),
		);
	};
	const send = (one: Omit<Sent, 'packetId' | 'outcome'>): void => {
		const made: Sent = {...one, packetId: (sent.length % 65_535) + 1, outcome: undefined};
		sent.push(made);
		transmit(made, false);
	};
	const sendOne = (to: 'clock' | 'count', key: number, value: number, of: string = session): void => {
		const isClock = to === 'clock';
		const payload = isClock ? {at: key, v: value} : {at: startMs, boot: of, seq: key, v: value};
		send({device: to, payload, meanings: [{session: isClock ? undefined : of, key, value}], isRefused: false});
	};
	const settle = async (): Promise<void> => {
		await Promise.all(waiting);
		waiting = [];
	};
	/** What devices do after they were disconnected: all that was not acknowledged, in its order. */
	const restart = async (): Promise<void> => {
		await settle();
		world.disk.around = undefined;
		await world.restart();
		for (const one of sent) if (one.outcome === 'failed') transmit(one, true);
	};

	for (const one of steps) {
		if (one.kind === 'next') {
			for (let i = 0; i < one.count; i += 1) {
				if (one.device === 'clock') {
					next.clock += 3;
					sendOne('clock', next.clock, i % 3);
				} else {
					const sequence = (sequences.get(session) ?? 0) + 2;
					sequences.set(session, sequence);
					sendOne('count', sequence, i % 3);
				}
			}
		} else if (one.kind === 'session') session = `boot-${one.session}`;
		else if (one.kind === 'late')
			sendOne(one.device, Math.max(1, (one.device === 'clock' ? next.clock : (sequences.get(session) ?? 0)) - one.back), one.value);
		else if (one.kind === 'pack') {
			next.pack += 5;
			const keys = one.offsets.map(offset => next.pack - one.from + offset);
			const records: unknown[] = keys.map((key, i) => ({n: 'pack:v', t: key / 1000, v: i % 2}));
			for (let i = 0; i < one.bad; i += 1) records.splice(i, 0, {n: 'pack:v', u: 'kWh', t: startMs / 1000, v: 1});
			send({device: 'pack', payload: records, meanings: keys.map((key, i) => ({session: undefined, key, value: i % 2})), isRefused: false});
		} else if (one.kind === 'again') {
			const from = Math.max(0, sent.length - 1 - one.back);
			for (const old of sent.slice(from, from + one.count)) transmit(old, one.isDup);
		} else if (one.kind === 'other') {
			const old = sent.at(-1 - (one.back % Math.max(1, sent.length)));
			const meaning = old?.meanings[0];
			if (old === undefined || meaning === undefined || old.device === 'pack') continue;
			sendOne(old.device, meaning.key, meaning.value + 1, meaning.session);
		} else if (one.kind === 'garbage') {
			garbage += 1;
			send({device: one.device, payload: `garbage ${garbage}`, meanings: [], isRefused: true});
		} else if (one.kind === 'settle') await settle();
		else if (one.kind === 'restart') await restart();
		else {
			const isDone = one.kind === 'done';
			world.disk.around = async commit => {
				if (isDone) await commit();
				throw new Error('no answer from the disk');
			};
			next.clock += 3;
			sendOne('clock', next.clock, 0);
			await restart();
		}
	}
	await restart();
	await settle();

	// In the order of the messages: the first value of a key is plain, others are conflicts, the same again is nothing.
	const expected = new Map<string, Set<number>>();
	for (const one of sent) {
		t.not(one.outcome, 'failed');
		for (const meaning of one.meanings) {
			const name = nameOf(one, meaning);
			expected.set(name, (expected.get(name) ?? new Set()).add(meaning.value));
		}
	}
	const {readings, log} = await world.readings();
	const found = new Map<string, Set<number>>();
	for (const {topic, payload, measuredAtMs, value, qualities} of readings) {
		const to = topic.split('/')[1]!;
		const counted = to === 'count' ? (JSON.parse(payload) as {boot: string; seq: number}) : undefined;
		const name = `${to} ${counted?.boot ?? '-'} ${counted?.seq ?? measuredAtMs}`;
		const there = found.get(name) ?? new Set();
		if (there.has(Number(value))) t.fail(`${name} has ${value} twice`);
		if (qualities.includes('conflict') !== there.size > 0)
			t.fail(`${name} with ${value} is ${qualities.join(' ') || 'plain'}, after ${there.size} others`);
		found.set(name, there.add(Number(value)));
	}
	t.deepEqual(listOf(found), listOf(expected));

	const kept = quarantined(log);
	for (const one of sent)
		if (one.isRefused) t.true(kept.some(({payload, reason}) => payload === one.payload && reason === 'payload-malformed'));
	const refusals = [...log.counters].filter(([name]) => name.startsWith('refused:')).reduce((sum, [, count]) => sum + count, 0);
	t.is(refusals, kept.length);
}

test('every distinct reading is in the log exactly once, whatever devices, disk and restarts do', async t => {
	t.timeout(120_000);
	await fc.assert(
		fc.asyncProperty(fc.array(step, {minLength: 5, maxLength: 40}), steps => run(t, steps)),
		{numRuns: 60},
	);
});
