// Asks once for all who ask the same within a time.

import type {Clock} from './clock.ts';

/** The answer to a question with this name, from whoever asked it last or from `ask`. One that failed is not kept. */
export type AskedOnce<T> = (name: string, ask: () => Promise<T>) => Promise<T>;

/** Keeps answers for `msMax` by the monotonic clock, and `answersMax` of them: the one that was asked for longest ago goes first. @default 1 answer */
export function createAskedOnce<T>(clock: Pick<Clock, 'monotonicMs'>, msMax: number, answersMax = 1): AskedOnce<T> {
	const kept = new Map<string, {readonly atMs: number; readonly answer: Promise<T>}>();
	return (name, ask) => {
		const nowMs = clock.monotonicMs();
		const before = kept.get(name);
		if (before !== undefined && nowMs - before.atMs < msMax) return before.answer;
		const asked = {atMs: nowMs, answer: ask()};
		// Behind the others in the order of the map.
		kept.delete(name);
		kept.set(name, asked);
		if (kept.size > answersMax) kept.delete(kept.keys().next().value!);
		asked.answer.catch(() => {
			if (kept.get(name) === asked) kept.delete(name);
		});
		return asked.answer;
	};
}
