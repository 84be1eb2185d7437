// The only place of the dashboard that reads a clock.

export type BrowserClock = {
	/** Wall clock of whoever looks, ms since 1970. */
	readonly nowMs: () => number;
};

export const browserClock: BrowserClock = {nowMs: () => Date.now()};
