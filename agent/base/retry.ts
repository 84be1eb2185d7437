// Waits between attempts at something the world may refuse for a while.

import type {Clock} from './clock.ts';

/** Doubling waits from `firstMs` up to `maxMs`; `attempt` counts from 0. No jitter: one agent is not a herd. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number): number {
	return Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
}

/** Calls `poll` every `everyMs` until it gives a value, the time is up, or the signal aborts; then gives undefined. */
export async function until<T>(
	poll: () => Promise<T | undefined>,
	options: {readonly clock: Clock; readonly everyMs: number; readonly timeoutMs: number; readonly signal?: AbortSignal},
): Promise<T | undefined> {
	const startedMs = options.clock.monotonicMs();
	for (;;) {
		const value = await poll();
		if (value !== undefined) return value;
		if (options.signal?.aborted || options.clock.monotonicMs() - startedMs >= options.timeoutMs) return undefined;
		await options.clock.sleep(options.everyMs, options.signal);
	}
}
