// Loaded into an agent before its own code: writes its heap and the lag of its event loop into the file of KEDGE_SOAK_PROBE, one line of JSON every few seconds.

import {appendFileSync} from 'node:fs';
import {monitorEventLoopDelay} from 'node:perf_hooks';

/** In MB (10⁶ bytes) and ms. */
export type Probe = {
	readonly heapMB: number;
	readonly externalMB: number;
	readonly lagP99Ms: number;
	readonly lagMsMax: number;
};

const everyMs = 5000;
const resolutionMs = 10;
const path = process.env.KEDGE_SOAK_PROBE;

if (path !== undefined) {
	const delay = monitorEventLoopDelay({resolution: resolutionMs});
	delay.enable();
	const write = (): void => {
		const {heapUsed, external} = process.memoryUsage();
		// The timer itself waits for its resolution each time.
		const lagMs = (ns: number): number => Math.max(0, Math.round(ns / 1e5) / 10 - resolutionMs);
		const probe: Probe = {
			heapMB: heapUsed / 1e6,
			externalMB: external / 1e6,
			lagP99Ms: lagMs(delay.percentile(99)),
			lagMsMax: lagMs(delay.max),
		};
		delay.reset();
		appendFileSync(path, `${JSON.stringify(probe)}\n`);
	};
	setInterval(write, everyMs).unref();
}
