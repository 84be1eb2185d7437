// Turns what a node did lately into whether it is asked now.

import {backoffMs} from '../base/retry.ts';

/**
 * closed: it is asked. open: it is left alone until a time. halfOpen: it is being tried once, and nobody else asks it meanwhile. Times are ms of a monotonic clock.
 */
export type Breaker =
	| {readonly state: 'closed' /** In a row. */; readonly failures: number}
	| {readonly state: 'open' /** In a row. */; readonly openings: number; readonly untilMs: number}
	| {readonly state: 'halfOpen'; readonly openings: number};

export type BreakerLimits = {
	/** So many failures in a row open it. */
	readonly failuresMax: number;
	/** How long it stays open the first time; each time in a row doubles it. */
	readonly waitFirstMs: number;
	readonly waitMaxMs: number;
};

export const breakerLimits: BreakerLimits = {failuresMax: 3, waitFirstMs: 5000, waitMaxMs: 60_000};

export const closedBreaker: Breaker = {state: 'closed', failures: 0};

/** The node answered. An answer that comes late, to a question from before it opened, changes nothing. */
export function worked(breaker: Breaker): Breaker {
	return breaker.state === 'open' ? breaker : closedBreaker;
}

/** The node did not answer. */
export function failed(breaker: Breaker, nowMs: number, limits: BreakerLimits): Breaker {
	switch (breaker.state) {
		case 'closed': {
			const failures = breaker.failures + 1;
			return failures < limits.failuresMax ? {state: 'closed', failures} : tripped(breaker, nowMs, limits);
		}
		case 'halfOpen':
			return tripped(breaker, nowMs, limits);
		case 'open':
			return breaker;
	}
}

/** What the node said must keep it out at once, however often it answers. */
export function tripped(breaker: Breaker, nowMs: number, limits: BreakerLimits): Breaker {
	if (breaker.state === 'open') return breaker;
	const openings = breaker.state === 'halfOpen' ? breaker.openings + 1 : 1;
	return {state: 'open', openings, untilMs: nowMs + backoffMs(openings - 1, limits.waitFirstMs, limits.waitMaxMs)};
}

/** Begins the one trial that an open one gets once its time is over; undefined where there is nothing to try. */
export function tried(breaker: Breaker, nowMs: number): Breaker | undefined {
	return breaker.state === 'open' && nowMs >= breaker.untilMs ? {state: 'halfOpen', openings: breaker.openings} : undefined;
}
