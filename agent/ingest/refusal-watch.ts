// Tells the owner what is refused, seldom enough to be read: a line for the first of a reason and then at most one a minute, and counts of the last hour.

import type {Clock} from '../base/clock.ts';
import type {Logger} from '../base/logger.ts';

export type RecentRefusals = {
	readonly reason: string;
	readonly count: number;
	/** Of the newest one, as a sentence. */
	readonly detail: string;
};

export type RefusalWatch = {
	/** Reasons come from one short table, so what is kept is bounded by it. */
	readonly saw: (reason: string, detail: string) => void;
	/** What was refused within the last hour, at least, and at most two; by reason. */
	readonly recent: () => readonly RecentRefusals[];
};

const lineEveryMs = 60_000;
const hourMs = 3_600_000;

type Seen = {count: number; before: number; sinceMs: number; detail: string; unsaid: number; saidAtMs: number};

export function createRefusalWatch({clock, logger}: {readonly clock: Clock; readonly logger: Logger}): RefusalWatch {
	const byReason = new Map<string, Seen>();

	/** Counts go by two halves, of which the older is forgotten when the younger is an hour old. */
	const turn = (seen: Seen, nowMs: number): void => {
		if (nowMs - seen.sinceMs < hourMs) return;
		seen.before = nowMs - seen.sinceMs < 2 * hourMs ? seen.count : 0;
		seen.count = 0;
		seen.sinceMs = nowMs;
	};

	return {
		saw: (reason, detail) => {
			const nowMs = clock.monotonicMs();
			let seen = byReason.get(reason);
			if (seen === undefined) {
				seen = {count: 0, before: 0, sinceMs: nowMs, detail, unsaid: 0, saidAtMs: Number.NEGATIVE_INFINITY};
				byReason.set(reason, seen);
			}
			turn(seen, nowMs);
			seen.count += 1;
			seen.unsaid += 1;
			seen.detail = detail;
			if (nowMs - seen.saidAtMs < lineEveryMs) return;
			logger.log('warn', 'refused', {reason, count: seen.unsaid, detail});
			seen.unsaid = 0;
			seen.saidAtMs = nowMs;
		},
		recent: () => {
			const nowMs = clock.monotonicMs();
			const recent: RecentRefusals[] = [];
			for (const [reason, seen] of byReason) {
				turn(seen, nowMs);
				if (seen.count + seen.before > 0) recent.push({reason, count: seen.count + seen.before, detail: seen.detail});
			}
			return recent;
		},
	};
}
