// Remembers how large the files of the log were in the last days, and says for how many days the room that is left lasts at that pace.

import type {Clock} from '../base/clock.ts';

/** One look in so long; so many are kept, which is two days. */
const lookEveryMs = 15 * 60_000;
const looksMax = 193;
/** With less than this nothing is said: a file grows in steps, and an agent that has just started catches up. */
const spanMsMin = 3_600_000;
/** A hundred years stand for "longer than anybody asks". */
const fillDaysMax = 36_500;
const dayMs = 86_400_000;

/** How large the files were, at a time of the monotonic clock. */
export type DiskLook = {readonly atMs: number; readonly bytes: number};

/**
 * Whole days until only `floorBytes` are free, by how the files grew from the oldest look to the newest; undefined with less than an hour between them, or where they did not grow:
 * nobody knows then. Pure.
 */
export function fillDays(looks: readonly DiskLook[], freeBytes: number, floorBytes: number): number | undefined {
	const [oldest, newest] = [looks[0], looks.at(-1)];
	if (oldest === undefined || newest === undefined || newest.atMs - oldest.atMs < spanMsMin) return undefined;
	const grown = newest.bytes - oldest.bytes;
	if (grown <= 0) return undefined;
	const bytesPerDay = (grown * dayMs) / (newest.atMs - oldest.atMs);
	return Math.min(fillDaysMax, Math.floor(Math.max(0, freeBytes - floorBytes) / bytesPerDay));
}

export type DiskTrend = {
	/** Looks at the files if that is due. MUST NOT reject. */
	readonly look: () => Promise<void>;
	readonly fillDays: (freeBytes: number, floorBytes: number) => number | undefined;
};

/** `bytes`: the length of all files that grow with the log. */
export function createDiskTrend(needs: {readonly bytes: () => Promise<number>; readonly clock: Pick<Clock, 'monotonicMs'>}): DiskTrend {
	let looks: readonly DiskLook[] = [];
	return {
		look: async () => {
			const atMs = needs.clock.monotonicMs();
			const newest = looks.at(-1);
			if (newest !== undefined && atMs - newest.atMs < lookEveryMs) return;
			try {
				looks = [...looks, {atMs, bytes: await needs.bytes()}].slice(-looksMax);
			} catch {
				// A file that cannot be looked at now is looked at the next time.
			}
		},
		fillDays: (freeBytes, floorBytes) => fillDays(looks, freeBytes, floorBytes),
	};
}
