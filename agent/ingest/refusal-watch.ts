// Tells the owner what is refused, seldom enough to be read: a line for the first of a reason and then at most one a minute, and counts of the last hour.

import type {Clock} from '../base/clock.ts';
import type {Logger} from '../base/logger.ts';
import {shownText} from '../base/shown-text.ts';
import type {RefusedMessage} from './ingest.ts';
import {isSetAside} from './refusal.ts';

export type RecentRefusals = {
	readonly reason: string;
	readonly count: number;
	/** Of the newest one, as a sentence. */
	readonly detail: string;
	/** Of the newest one, cut and cleaned. */
	readonly topic: string;
	readonly deviceId: string | undefined;
};

export type RefusalWatch = {
	/** Passes over what every healthy home has. Reasons come from one short table, so what is kept is bounded by it. */
	readonly saw: (message: RefusedMessage) => void;
	/** What was refused within the last hour, at least, and at most two; by reason. */
	readonly recent: () => readonly RecentRefusals[];
};

const lineEveryMs = 60_000;
const hourMs = 3_600_000;
/** Of a topic, in UTF-16 units. */
const topicLengthMax = 128;

type Seen = {count: number; before: number; sinceMs: number; newest: RefusedMessage; unsaid: number; saidAtMs: number};

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
		saw: message => {
			const {reason, detail, topic, deviceId} = message;
			if (isSetAside(reason)) return;
			const nowMs = clock.monotonicMs();
			let seen = byReason.get(reason);
			if (seen === undefined) {
				seen = {count: 0, before: 0, sinceMs: nowMs, newest: message, unsaid: 0, saidAtMs: Number.NEGATIVE_INFINITY};
				byReason.set(reason, seen);
			}
			turn(seen, nowMs);
			seen.count += 1;
			seen.unsaid += 1;
			seen.newest = message;
			if (nowMs - seen.saidAtMs < lineEveryMs) return;
			logger.log('warn', 'refused', {reason, count: seen.unsaid, topic: shownText(topic, topicLengthMax), device: deviceId, detail});
			seen.unsaid = 0;
			seen.saidAtMs = nowMs;
		},
		recent: () => {
			const nowMs = clock.monotonicMs();
			const recent: RecentRefusals[] = [];
			for (const [reason, seen] of byReason) {
				turn(seen, nowMs);
				const {detail, topic, deviceId} = seen.newest;
				const count = seen.count + seen.before;
				if (count > 0) recent.push({reason, count, detail, topic: shownText(topic, topicLengthMax), deviceId});
			}
			return recent;
		},
	};
}
