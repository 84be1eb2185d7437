// Spreads messages over time: says how long the next ones must wait so that no more than so many pass in a second.

/** Waits are given for this many ms of messages at a time, so that a fast limit does not cost a timer for each message. */
const stepMs = 20;
/** What was not used within this time is lost: so much may pass at once after a rest. */
const burstMs = 1000;

export type Allowance = {
	/** Messages that one call of `reserve` pays for. */
	readonly step: number;
	/** Books so many messages, and gives how long they must wait, in ms; 0: they may pass now. Whoever asks first is served first, so nobody starves. */
	readonly reserve: (messages: number) => number;
};

/** `perSecond` messages a second, evenly, with up to one second of them at once after a rest. */
export function createAllowance(perSecond: number, monotonicMs: () => number): Allowance {
	const spacingMs = 1000 / perSecond;
	/** When everything that was booked has passed. */
	let bookedToMs = Number.NEGATIVE_INFINITY;
	return {
		step: Math.max(1, Math.floor((perSecond * stepMs) / 1000)),
		reserve: messages => {
			const nowMs = monotonicMs();
			bookedToMs = Math.max(bookedToMs, nowMs - burstMs) + messages * spacingMs;
			return Math.max(0, bookedToMs - nowMs);
		},
	};
}

/** Both limits at once. */
export function narrower(a: Allowance | undefined, b: Allowance | undefined): Allowance | undefined {
	if (a === undefined || b === undefined) return a ?? b;
	return {step: Math.min(a.step, b.step), reserve: messages => Math.max(a.reserve(messages), b.reserve(messages))};
}
