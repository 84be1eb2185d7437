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

/** However fast a scaled clock runs, nobody who waits on it comes back sooner than this in real ms: loops that wait for a second would turn into a storm. */
const scaledSleepMsMin = 25;

/** A clock that begins at `startMs` and runs `speed` times as fast, for simulations with real sockets and a real chain. Both of its times run alike, so that nothing looks like a jump. */
export function createScaledClock(options: {readonly startMs: number; readonly speed: number}): Clock {
	const {startMs, speed} = options;
	const begunMs = systemClock.monotonicMs();
	const passedMs = (): number => (systemClock.monotonicMs() - begunMs) * speed;
	return {
		nowMs: () => Math.floor(startMs + passedMs()),
		monotonicMs: passedMs,
		sleep: (durationMs, signal) => systemClock.sleep(Math.max(durationMs / speed, Math.min(durationMs, scaledSleepMsMin)), signal),
	};
}
