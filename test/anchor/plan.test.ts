// When the newest checkpoint is due.
import test from 'ava';
import {type PlanInput, planAnchor, planRoll} from '../../agent/anchor/plan.ts';

const base: PlanInput = {
	nowMs: 1_000_000,
	headSize: 10,
	plannedSize: 4,
	plannedAtMs: 900_000,
	oldestArrivedAtMs: 999_000,
	oldestKnownForMs: 0,
	inFlight: false,
	policy: {ageMsMax: 60_000, entriesMax: 100, idleMsMax: 500_000},
	spacingMsMin: 0,
	forced: false,
};

const cases: readonly (readonly [name: string, changes: Partial<PlanInput>, because: 'age' | 'count' | 'forced' | 'idle' | undefined])[] = [
	['young and few entries are not due', {}, undefined],
	['the oldest unanchored entry is due at its greatest age', {oldestArrivedAtMs: 940_000}, 'age'],
	['one millisecond before its greatest age it is not due', {oldestArrivedAtMs: 940_001}, undefined],
	['the greatest number of entries is due', {headSize: 104}, 'count'],
	['one entry fewer is not due', {headSize: 103}, undefined],
	['an entry from the future is due if it is further away than the greatest age', {oldestArrivedAtMs: 1_060_000}, 'age'],
	['an entry from the near future is not due', {oldestArrivedAtMs: 1_059_999}, undefined],
	['a clock that fell back to 1970 does not stop anchoring', {nowMs: 5000, oldestArrivedAtMs: 1_800_000_000_000}, 'age'],
	[
		'a clock that is set back does not make an entry younger than we know it',
		{oldestKnownForMs: 60_000, oldestArrivedAtMs: 1_000_000},
		'age',
	],
	['known for one millisecond less it is not due', {oldestKnownForMs: 59_999}, undefined],
	['force needs neither age nor count', {forced: true}, 'forced'],
	['force does not anchor the same size again', {forced: true, headSize: 4}, undefined],
	['force waits for what is in flight', {forced: true, inFlight: true}, undefined],
	['nothing is planned while something is in flight', {headSize: 1000, oldestArrivedAtMs: 0, inFlight: true}, undefined],
	['a log without a checkpoint is not due', {headSize: undefined, forced: true}, undefined],
	['an empty log is not due', {headSize: 0, plannedSize: 0, forced: true}, undefined],
	['a head behind the outbox is not due', {headSize: 3, forced: true}, undefined],
	['an idle log is due once its newest anchor is old enough', {headSize: 4, nowMs: 1_400_000}, 'idle'],
	['one millisecond before it is not due', {headSize: 4, nowMs: 1_399_999}, undefined],
	['an idle log is never due where idling is off', {headSize: 4, nowMs: 10 ** 12, policy: {...base.policy, idleMsMax: 0}}, undefined],
	['an idle log waits for what is in flight', {headSize: 4, nowMs: 1_400_000, inFlight: true}, undefined],
	['what is new but not due does not become due by being idle', {headSize: 5, nowMs: 1_400_000, oldestArrivedAtMs: 1_399_000}, undefined],
	['a log whose clock fell back since its newest anchor is due', {headSize: 4, nowMs: 5000, plannedAtMs: 1_800_000_000_000}, 'idle'],
	['a log that was never anchored is not idle', {headSize: 0, plannedSize: 0, plannedAtMs: undefined, nowMs: 10 ** 12}, undefined],
	[
		'what is due waits until the ring of the registry has a place for it',
		{headSize: 1000, oldestArrivedAtMs: 0, spacingMsMin: 100_001},
		undefined,
	],
	['once it has one it does not wait', {headSize: 1000, spacingMsMin: 100_000}, 'count'],
	['force does not wait for the ring', {forced: true, spacingMsMin: 10 ** 9}, 'forced'],
	['the first anchor waits for no ring', {plannedAtMs: undefined, plannedSize: 0, headSize: 1000, spacingMsMin: 10 ** 9}, 'count'],
	['without an age only the count decides', {oldestArrivedAtMs: undefined, nowMs: 10 ** 12}, undefined],
];

for (const [name, changes, because] of cases) {
	test(name, t => {
		const input = {...base, ...changes};
		t.deepEqual(planAnchor(input), because === undefined ? undefined : {because});
	});
}

test('a plan that waits is rolled on for the same reasons as a new plan is made, but not for being idle', t => {
	const {inFlight: _, ...input} = base;
	t.is(planRoll(input), undefined);
	t.deepEqual(planRoll({...input, oldestArrivedAtMs: 940_000}), {because: 'age'});
	t.deepEqual(planRoll({...input, headSize: 104}), {because: 'count'});
	t.deepEqual(planRoll({...input, forced: true}), {because: 'forced'});
	t.is(planRoll({...input, headSize: 4, nowMs: 1_400_000}), undefined);
});
