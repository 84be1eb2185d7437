// Lets each caller do so much a second, and save up so much.

import type {Clock} from '../base/clock.ts';

export type Rate = {
	/** Takes `cost` from what the caller has; else how long, in ms, until he has it. A cost above the burst counts as the burst. */
	readonly take: (caller: string, cost: number) => number | undefined;
};

/** A bucket a caller, as the time at which it will be full again. Of more than `callersMax` the one not seen for longest is forgotten. */
export function createRate(clock: Clock, perSecond: number, burst: number, callersMax: number): Rate {
	const fullAtMs = new Map<string, number>();
	const msEach = 1000 / perSecond;
	return {
		take: (caller, cost) => {
			const nowMs = clock.monotonicMs();
			const before = Math.max(fullAtMs.get(caller) ?? 0, nowMs);
			const after = before + Math.min(cost, burst) * msEach;
			const waitMs = after - nowMs - burst * msEach;
			// Not to be off by the last bit of a fraction.
			if (waitMs > 1e-6) return waitMs;
			fullAtMs.delete(caller);
			fullAtMs.set(caller, after);
			if (fullAtMs.size > callersMax) fullAtMs.delete(fullAtMs.keys().next().value!);
			return undefined;
		},
	};
}
