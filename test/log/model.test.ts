// A log against the simplest thing that could do the same: a list.
import test from 'ava';
import fc from 'fast-check';
import type {Draft} from '../../agent/log/batch.ts';
import type {Log} from '../../agent/log/log.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, count, createLogWorld, draftOf, enrolMeter, refuse, startMs} from '../helpers/log-world.ts';

type ModelEntry = {
	kind: number;
	urn: string;
	value: bigint;
	measuredAtMs: number;
	arrivedAtMs: number;
	quality: number;
	number: number;
	record: string | undefined;
};

type Step =
	| {readonly do: 'append'; readonly device: number; readonly size: number; readonly session: number; readonly lateMs: number}
	| {readonly do: 'refuse'; readonly reason: number; readonly length: number}
	| {readonly do: 'count'; readonly by: number}
	| {readonly do: 'note'}
	| {readonly do: 'enrol'}
	| {readonly do: 'wait'}
	| {readonly do: 'reopen'};

const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 10,
		arbitrary: fc.record({
			do: fc.constant('append' as const),
			device: fc.nat(5),
			size: fc.oneof({weight: 3, arbitrary: fc.integer({min: 1, max: 3})}, {weight: 1, arbitrary: fc.integer({min: 1, max: 300})}),
			session: fc.nat(2),
			lateMs: fc.integer({min: -100_000, max: 100_000}),
		}),
	},
	{weight: 2, arbitrary: fc.record({do: fc.constant('refuse' as const), reason: fc.nat(2), length: fc.nat(300)})},
	{weight: 2, arbitrary: fc.record({do: fc.constant('count' as const), by: fc.integer({min: 1, max: 9})})},
	{weight: 1, arbitrary: fc.constant({do: 'note' as const})},
	{weight: 2, arbitrary: fc.constant({do: 'enrol' as const})},
	{weight: 2, arbitrary: fc.constant({do: 'wait' as const})},
	{weight: 1, arbitrary: fc.constant({do: 'reopen' as const})},
);

const quarantineBytesMax = 500;

test('any sequence of steps leaves the log that a list would be', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(step, {maxLength: 40}), async steps => {
			const world = await createLogWorld(t);
			let log: Log = await world.open({quarantineBytesMax});
			const model: ModelEntry[] = [];
			const counters = new Map<string, number>();
			const numbers = new Map<string, number>();
			const urns: string[] = [];
			const pending: Promise<unknown>[] = [];
			const push = (entry: Omit<ModelEntry, 'number'>): void => {
				const number = (numbers.get(entry.urn) ?? 0) + 1;
				numbers.set(entry.urn, number);
				model.push({...entry, number});
			};
			const enrol = (urn: string, value: bigint, arrivedAtMs = world.clock.nowMs()): void =>
				push({kind: 3, urn, value, measuredAtMs: 0, arrivedAtMs, quality: 0, record: undefined});
			// Who only opens a log signs nothing: the first entry goes to the disk with what is handed in first, to whichever opening that is.
			if (steps.length > 0) enrol('urn:kedge:agent:harbour', 0n, world.clock.nowMs() + (steps[0]?.do === 'reopen' ? 1000 : 0));

			for (const [i, one] of steps.entries()) {
				world.clock.move(1000);
				if (one.do === 'enrol' || (one.do === 'append' && urns.length === 0)) {
					urns.push(enrolMeter(log, `m${urns.length}`).urn);
					enrol(urns.at(-1)!, 1n);
				}
				if (one.do === 'append') {
					const urn = urns[one.device % urns.length]!;
					const channel = log.channel(urn)!;
					const arrivedAtMs = world.clock.nowMs();
					const session = one.session === 0 ? undefined : `s${one.session}`;
					const drafts: Draft[] = Array.from({length: one.size}, (_, j) => {
						// Every fifth claims no time.
						const measuredAtMs = j % 5 === 4 ? 0 : startMs + one.lateMs + j * 7;
						const key = session === undefined ? measuredAtMs || undefined : j % 7 === 6 ? undefined : i * 1000 + j;
						return draftOf(channel, {session, key, keyTop: key, measuredAtMs, value: BigInt(i * 1000 - j), quality: j % 3});
					});
					const at = model.length;
					pending.push(append(log, drafts, {record: Buffer.from(`record ${i}`), arrivedAtMs}).then(first => t.is(first, at)));
					for (const {value, measuredAtMs, quality} of drafts)
						push({kind: 1, urn, value, measuredAtMs, arrivedAtMs, quality, record: `record ${i}`});
				} else if (one.do === 'refuse') {
					const name = `refused:R${one.reason}`;
					counters.set(name, (counters.get(name) ?? 0) + 1);
					pending.push(refuse(log, {reason: `R${one.reason}`, record: Buffer.alloc(one.length, i)}));
				} else if (one.do === 'count') {
					counters.set('repeats', (counters.get('repeats') ?? 0) + one.by);
					pending.push(count(log, 'repeats', one.by));
				} else if (one.do === 'note') {
					const urn = 'urn:kedge:agent:harbour';
					log.note(1, {note: 'start', i}, BigInt(i));
					const arrivedAtMs = world.clock.nowMs();
					push({kind: 2, urn, value: BigInt(i), measuredAtMs: 0, arrivedAtMs, quality: 0, record: `{"note":"start","i":${i}}`});
				} else if (one.do === 'wait') {
					await Promise.all(pending);
				} else if (one.do === 'reopen') {
					log = await world.open({quarantineBytesMax});
				}
				// Evictions write notes of their own at moments that belong to the log; the list takes them from there.
				if (one.do !== 'append' && one.do !== 'enrol' && one.do !== 'note') {
					await log.settled();
					const evictions = (log.counters().get('evicted') ?? 0) - (counters.get('evicted') ?? 0);
					if (evictions > 0) {
						counters.set('evicted', log.counters().get('evicted')!);
						const record = `{"note":"eviction","evicted":${evictions}}`;
						const arrivedAtMs = world.clock.nowMs();
						push({kind: 2, urn: 'urn:kedge:agent:harbour', value: BigInt(evictions), measuredAtMs: 0, arrivedAtMs, quality: 0, record});
					}
				}
			}
			await Promise.all(pending);
			await world.close();

			const found = await checkLog(t, world.path);
			const urnOf = new Map(found.channels.map(({subject, urn}) => [subject, urn]));
			t.deepEqual(
				found.entries.map(({entry, record}) => ({
					kind: entry.kind,
					urn: urnOf.get(Buffer.from(entry.subject).toString('hex')),
					value: entry.value,
					measuredAtMs: entry.measuredAtMs,
					arrivedAtMs: entry.arrivedAtMs,
					quality: entry.quality,
					number: entry.number,
					record: entry.kind === 3 ? undefined : Buffer.from(record).toString(),
				})),
				model,
			);
			t.deepEqual([...found.counters].sort(), [...counters].sort());
			t.true(found.quarantine.reduce((sum, {record}) => sum + record.length, 0) <= quarantineBytesMax);
		}),
		{numRuns: 60},
	);
});
