// Says what the machine knows of its own clock: which boot this is, how long it lasts, whether the clock is synchronised; and tells a step of the clock from its drift.

import {access, readFile} from 'node:fs/promises';
import {uptime} from 'node:os';

/**
 * synchronised: a time service of this machine has set the clock from outside, at least once since the boot. unsynchronised: one runs and has not. unknown: none that
 * we can ask.
 */
export type Synchronisation = 'synchronised' | 'unsynchronised' | 'unknown';

export type ClockState = {
	/** Another one for each boot of the machine; undefined where the system has none. */
	readonly bootId: string | undefined;
	/** Since the boot, by a clock that nobody sets; on Linux it counts the time asleep too. */
	readonly upMs: number;
	readonly synchronisation: Synchronisation;
};

const bootIdPath = '/proc/sys/kernel/random/boot_id';
/** systemd-timesyncd's: the directory is there while it runs, the file is touched on each synchronisation [systemd-timesyncd.service(8), Files]. */
const timesyncPath = '/run/systemd/timesync';

/**
 * Reads it from files alone, without root and without a process of its own. chrony and ntpd say nothing in files, the kernel says it by adjtimex(2) only, which Node
 * cannot call, and a container sees no service of its host: all of these are `unknown`. Never rejects.
 */
export async function readClockState(paths: {readonly bootId?: string; readonly timesync?: string} = {}): Promise<ClockState> {
	const timesync = paths.timesync ?? timesyncPath;
	const [bootId, isRunning, isDone] = await Promise.all([
		readFile(paths.bootId ?? bootIdPath, 'utf8').catch(() => ''),
		isThere(timesync),
		isThere(`${timesync}/synchronized`),
	]);
	return {
		bootId: /^[0-9a-f-]{36}$/.exec(bootId.trim())?.[0],
		upMs: Math.round(uptime() * 1000),
		synchronisation: isDone ? 'synchronised' : isRunning ? 'unsynchronised' : 'unknown',
	};
}

function isThere(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}

/** Both clocks at one moment. */
export type ClockLook = {readonly wallMs: number; readonly monotonicMs: number};

/** A smaller jump is no step: a busy machine reads its two clocks that far apart. */
export const stepMsMin = 1000;
/** A clock that is slewed into place goes at most so much too fast or too slow: 500 ppm [adjtimex(2)]. */
const slewShareMax = 500e-6;

/**
 * How far the wall clock was set between two looks, in ms; undefined if it only ran on. What it may have drifted meanwhile never counts, however long that was. A
 * machine that slept looks as if its clock had been set forward: the monotonic clock stands still meanwhile.
 */
export function clockStep(before: ClockLook, now: ClockLook): number | undefined {
	const passedMs = now.monotonicMs - before.monotonicMs;
	const stepMs = now.wallMs - before.wallMs - passedMs;
	return Math.abs(stepMs) > stepMsMin + Math.abs(passedMs) * slewShareMax ? Math.round(stepMs) : undefined;
}
