// The only place that reads a clock or waits for one, so that everything else can be moved through time by a test.

export type Clock = {
	/** Wall clock, ms since 1970. It may jump in either direction. */
	readonly nowMs: () => number;
	/** Monotonic, ms since an arbitrary start, with fractions. It never jumps. */
	readonly monotonicMs: () => number;
	/** Resolves after `durationMs`, or at once when the signal aborts. It never rejects. */
	readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
};

export const systemClock: Clock = {
	nowMs: () => Date.now(),
	monotonicMs: () => performance.now(),
	sleep: (durationMs, signal) =>
		new Promise(resolve => {
			if (signal?.aborted) {
				resolve();
				return;
			}
			const done = (): void => {
				clearTimeout(timer);
				signal?.removeEventListener('abort', done);
				resolve();
			};
			const timer = setTimeout(done, durationMs);
			signal?.addEventListener('abort', done, {once: true});
		}),
};
