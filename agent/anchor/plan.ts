// Says whether the newest checkpoint is due to be anchored. What is due follows from the database; a timer only asks more often.

export type AnchorPolicy = {
	/** Anchor once the oldest unanchored entry is this old. */
	readonly ageMsMax: number;
	/** Anchor once this many entries are unanchored. */
	readonly entriesMax: number;
};

export type PlanInput = {
	readonly nowMs: number;
	/** Size of the newest checkpoint; undefined if there is none. */
	readonly headSize: number | undefined;
	/** The largest size in the outbox, whatever its state; 0 if it is empty. */
	readonly plannedSize: number;
	/** When the entry at index plannedSize arrived, by the agent's clock then; undefined if it is not there. */
	readonly oldestArrivedAtMs: number | undefined;
	/** How long this process has known of it, by the monotonic clock: an age that no step of the wall clock makes smaller. */
	readonly oldestKnownForMs: number;
	/** True while a row is not yet in a block: one transaction in flight. */
	readonly inFlight: boolean;
	readonly policy: AnchorPolicy;
	/** Somebody asked for an anchor now. */
	readonly forced: boolean;
};

export type Plan = {readonly size: number; readonly because: 'age' | 'count' | 'forced'};

/** The size to anchor next, or undefined. A newer size never disturbs a transaction in flight; it waits for the next plan. */
export function planAnchor(input: PlanInput): Plan | undefined {
	const {nowMs, headSize, plannedSize, oldestArrivedAtMs, oldestKnownForMs, inFlight, policy, forced} = input;
	if (headSize === undefined || headSize <= plannedSize || inFlight) return undefined;
	if (forced) return {size: headSize, because: 'forced'};
	if (headSize - plannedSize >= policy.entriesMax) return {size: headSize, because: 'count'};
	if (oldestArrivedAtMs === undefined) return undefined;
	// The distance, not the difference: an entry that seems to come from the future was written before the clock fell back, so nobody knows its age. Without this a Pi
	// that starts in 1970 would not anchor for half a century.
	const ageMs = Math.max(Math.abs(nowMs - oldestArrivedAtMs), oldestKnownForMs);
	return ageMs >= policy.ageMsMax ? {size: headSize, because: 'age'} : undefined;
}
