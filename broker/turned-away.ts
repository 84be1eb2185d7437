// Remembers the newest of those who were not let in or were closed, so that a device that cannot connect can be found, and says so seldom enough to be read.

import type {Clock} from '../agent/base/clock.ts';
import type {Logger, LogLevel} from '../agent/base/logger.ts';
import {shownText} from '../agent/base/shown-text.ts';

/** Who was turned away, as far as it said; nothing of it need be true but the address. */
export type TurnedAway = {
	/** When it was so last. */
	readonly atMs: number;
	readonly address: string;
	/** Both cut and cleaned; undefined where nothing was said. */
	readonly clientId: string | undefined;
	readonly user: string | undefined;
	readonly reason: string;
	/** How often it was the same but for the time, as far as that is remembered. */
	readonly times: number;
};

export type Claim = {readonly address: string; readonly clientId?: string | undefined; readonly user?: string | undefined};

export type TurnedAwayWatch = {
	/** Reasons MUST come from a short table: what is kept of them is bounded by it. */
	readonly saw: (reason: string, claim: Claim, level: LogLevel) => void;
	/** The newest first. */
	readonly newest: () => readonly TurnedAway[];
};

/** What is remembered at most; then the oldest goes. */
const rememberedMax = 16;
/** Of what somebody calls itself, in UTF-16 units. */
const claimLengthMax = 64;
const lineEveryMs = 60_000;

export function createTurnedAwayWatch({clock, logger}: {readonly clock: Clock; readonly logger: Logger}): TurnedAwayWatch {
	/** The newest is the last. One who tries again and again is one, or it would push out all others. */
	const remembered = new Map<string, TurnedAway>();
	const lines = new Map<string, {unsaid: number; saidAtMs: number}>();

	const shown = (text: string | undefined): string | undefined => (text === undefined ? undefined : shownText(text, claimLengthMax));

	return {
		saw: (reason, claim, level) => {
			const {address} = claim;
			const clientId = shown(claim.clientId);
			const user = shown(claim.user);
			const key = JSON.stringify([reason, address, clientId, user]);
			const times = (remembered.get(key)?.times ?? 0) + 1;
			remembered.delete(key);
			if (remembered.size >= rememberedMax) remembered.delete(remembered.keys().next().value!);
			remembered.set(key, {atMs: clock.nowMs(), address, clientId, user, reason, times});

			const nowMs = clock.monotonicMs();
			let line = lines.get(reason);
			if (line === undefined) {
				line = {unsaid: 0, saidAtMs: Number.NEGATIVE_INFINITY};
				lines.set(reason, line);
			}
			line.unsaid += 1;
			if (nowMs - line.saidAtMs < lineEveryMs) return;
			logger.log(level, 'turned away', {reason, count: line.unsaid, address, clientId, user});
			line.unsaid = 0;
			line.saidAtMs = nowMs;
		},
		newest: () => [...remembered.values()].reverse(),
	};
}
