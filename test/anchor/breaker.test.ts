// Whether a node is asked, after what it did.
import test from 'ava';
import fc from 'fast-check';
import {type Breaker, type BreakerLimits, closedBreaker, failed, tried, tripped, worked} from '../../agent/anchor/breaker.ts';

const limits: BreakerLimits = {failuresMax: 3, waitFirstMs: 100, waitMaxMs: 1000};

function failedTimes(times: number, breaker: Breaker = closedBreaker): Breaker {
	let now = breaker;
	for (let i = 0; i < times; i += 1) now = failed(now, 0, limits);
	return now;
}

test('a breaker opens after so many failures in a row, and not before', t => {
	t.deepEqual(failedTimes(2), {state: 'closed', failures: 2});
	t.deepEqual(failedTimes(3), {state: 'open', openings: 1, untilMs: 100});
	t.deepEqual(failedTimes(2, worked(failedTimes(2))), {state: 'closed', failures: 2});
});

test('an open breaker gets one trial once its time is over', t => {
	const open = failedTimes(3);
	t.is(tried(open, 99), undefined);
	const trial = tried(open, 100)!;
	t.deepEqual(trial, {state: 'halfOpen', openings: 1});
	t.is(tried(trial, 10 ** 9), undefined, 'nobody else tries meanwhile');
	t.deepEqual(worked(trial), closedBreaker);
});

test('each trial that fails doubles the wait, up to the longest', t => {
	let breaker = failedTimes(3);
	const waits: number[] = [];
	for (let i = 0; i < 6; i += 1) {
		const nowMs = (breaker as {untilMs: number}).untilMs;
		breaker = failed(tried(breaker, nowMs)!, nowMs, limits);
		waits.push((breaker as {untilMs: number}).untilMs - nowMs);
	}
	t.deepEqual(waits, [200, 400, 800, 1000, 1000, 1000]);
});

test('a node on another chain is out at once', t => {
	t.deepEqual(tripped(closedBreaker, 7, limits), {state: 'open', openings: 1, untilMs: 107});
});

test('an answer that comes late changes nothing about an open breaker', t => {
	const open = failedTimes(3);
	t.is(worked(open), open);
	t.is(failed(open, 50, limits), open);
	t.is(tripped(open, 50, limits), open);
});

test('whatever happens, a breaker never waits longer than the longest wait, and a node that works again is asked again', t => {
	const step = fc.record({passedMs: fc.nat(1500), happens: fc.constantFrom('worked', 'failed', 'tripped', 'tried')});
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.array(step, {maxLength: 60}), steps => {
				let breaker = closedBreaker;
				let nowMs = 0;
				let inARow = 0;
				for (const {passedMs, happens} of steps) {
					nowMs += passedMs;
					const before = breaker;
					if (happens === 'worked') breaker = worked(breaker);
					if (happens === 'failed') breaker = failed(breaker, nowMs, limits);
					if (happens === 'tripped') breaker = tripped(breaker, nowMs, limits);
					if (happens === 'tried') breaker = tried(breaker, nowMs) ?? breaker;
					if (before.state === 'closed' && happens !== 'tried') inARow = happens === 'failed' ? inARow + 1 : 0;
					if (before.state !== 'closed') inARow = 0;
					if (breaker.state === 'open' && before.state !== 'open') {
						if (breaker.untilMs - nowMs < limits.waitFirstMs || breaker.untilMs - nowMs > limits.waitMaxMs) return false;
					}
					if (breaker.state === 'closed' && (breaker.failures !== inARow || breaker.failures >= limits.failuresMax)) return false;
					if (before.state === 'open' && breaker.state === 'halfOpen' && nowMs < before.untilMs) return false;
					if (before.state === 'open' && breaker.state === 'closed') return false;
				}
				const trial = tried(breaker, nowMs + limits.waitMaxMs) ?? breaker;
				return worked(trial).state === 'closed';
			}),
			{numRuns: 500},
		),
	);
});
