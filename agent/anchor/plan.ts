// Says whether an anchor is due. What is due follows from the database; a timer only asks more often.

export type AnchorPolicy = {
	/** Anchor once the oldest unanchored entry is this old. */
	readonly ageMsMax: number;
	/** Anchor once this many entries are unanchored. */
	readonly entriesMax: number;
	/** Anchor even if nothing is new once the newest anchor was planned this long ago, to show that nothing came; 0 is never. */
	readonly idleMsMax: number;
};

export type PlanInput = {
	readonly nowMs: number;
	/** Size of the newest checkpoint; undefined if there is none. */
	readonly headSize: number | undefined;
	/** The largest size in the outbox, whatever its state; 0 if it is empty. */
	readonly plannedSize: number;
	/** When the newest row of the outbox was planned; undefined if it is empty. */
	readonly plannedAtMs: number | undefined;
	/** When the entry at index plannedSize arrived, by the agent's clock then; undefined if it is not there. */
	readonly oldestArrivedAtMs: number | undefined;
	/** How long this process has known of it, by the monotonic clock: an age that no step of the wall clock makes smaller. */
	readonly oldestKnownForMs: number;
	/** True while a row is not yet in a block: one transaction in flight. */
	readonly inFlight: boolean;
	readonly policy: AnchorPolicy;
	/** The registry's ring frees places no faster than one in this time: anchors that come faster fill it, and then none goes in for days. */
	readonly spacingMsMin: number;
	/** Somebody asked for an anchor now. */
	readonly forced: boolean;
};

export type Plan = {readonly because: 'age' | 'count' | 'forced' | 'idle'};

/** Why an anchor is due now, or undefined. A newer size never disturbs a transaction in flight; it waits for the next plan. */
export function planAnchor(input: PlanInput): Plan | undefined {
	const {nowMs, headSize, plannedSize, plannedAtMs, oldestArrivedAtMs, oldestKnownForMs, inFlight, policy, spacingMsMin, forced} = input;
	if (headSize === undefined || headSize < plannedSize || inFlight) return undefined;
	if (headSize === plannedSize) {
		const isIdle = plannedAtMs !== undefined && policy.idleMsMax > 0 && Math.abs(nowMs - plannedAtMs) >= policy.idleMsMax;
		return isIdle ? {because: 'idle'} : undefined;
	}
	if (forced) return {because: 'forced'};
	if (plannedAtMs !== undefined && Math.abs(nowMs - plannedAtMs) < spacingMsMin) return undefined;
	if (headSize - plannedSize >= policy.entriesMax) return {because: 'count'};
	if (oldestArrivedAtMs === undefined) return undefined;
	// The distance, not the difference: an entry that seems to come from the future was written before the clock fell back, so nobody knows its age. Without this a Pi
	// that starts in 1970 would not anchor for half a century.
	const ageMs = Math.max(Math.abs(nowMs - oldestArrivedAtMs), oldestKnownForMs);
	return ageMs >= policy.ageMsMax ? {because: 'age'} : undefined;
}

/**
 * Why newer entries should be rolled into a plan that waits: what would make a plan of its own if the waiting one were done, at the same cadence. An idle log has nothing to roll
 * in.
 */
export function planRoll(input: Omit<PlanInput, 'inFlight'>): Plan | undefined {
	const found = planAnchor({...input, inFlight: false});
	return found?.because === 'idle' ? undefined : found;
}
