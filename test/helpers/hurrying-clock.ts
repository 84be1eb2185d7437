// A clock that runs as ours does until the test has done what must come before a certain time, and then hurries to it: no machine is too slow for the test.
import {type Clock, createScaledClock} from '../../agent/base/clock.ts';

export type HurryingClock = Clock & {
	/** From here on it runs `speed` times as fast. A sleep that has begun ends when it would have. */
	readonly hurry: (speed: number) => void;
};

export function createHurryingClock(startMs: number): HurryingClock {
	let monotonicStartMs = 0;
	let clock = createScaledClock({startMs, speed: 1});
	return {
		nowMs: () => clock.nowMs(),
		monotonicMs: () => monotonicStartMs + clock.monotonicMs(),
		sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
		hurry: speed => {
			monotonicStartMs += clock.monotonicMs();
			clock = createScaledClock({startMs: clock.nowMs(), speed});
		},
	};
}
