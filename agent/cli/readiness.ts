// Tells systemd that the agent is ready and, as long as it answers, that it lives: the other end of Type=notify and WatchdogSec of the unit.

import {spawn} from 'node:child_process';
import type {Clock} from '../base/clock.ts';
import {describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';

/** What systemd put into our environment [systemd.exec(5)]; undefined where nobody listens. */
export type Listener = {
	/** How long after a sign of life the next is awaited, in ms; undefined: none is. */
	readonly watchdogMs: number | undefined;
};

export function listenerOf(environment: Readonly<Record<string, string | undefined>>, pid: number): Listener | undefined {
	const {NOTIFY_SOCKET: socket, WATCHDOG_USEC: text, WATCHDOG_PID: whose} = environment;
	if (socket === undefined || socket === '') return undefined;
	const isOurs = whose === undefined || whose === String(pid);
	const watchdogMs = isOurs && /^[1-9][0-9]{0,15}$/.test(text ?? '') ? Number(text) / 1000 : undefined;
	return {watchdogMs};
}

/** Says one thing to systemd; resolves when it has heard, rejects if it cannot be said. */
export type Say = (words: readonly string[]) => Promise<void>;

/** How long one notification may take. */
const sayMsMax = 10_000;

/**
 * By systemd-notify, a program of systemd's own that stays until systemd has read: the socket is one of datagrams, which Node cannot open. A process every half minute
 * is what that costs, and the unit must say NotifyAccess=all.
 */
export const sayBySystemdNotify: Say = words =>
	new Promise((resolve, reject) => {
		const child = spawn('systemd-notify', words, {stdio: ['ignore', 'ignore', 'ignore'], timeout: sayMsMax});
		child.once('error', reject);
		child.once('close', (code, signal) => (code === 0 ? resolve() : reject(new Error(`systemd-notify ended with ${code ?? signal}`))));
	});

/** Signs of life in the time in which one is awaited: two may fail. */
const signsPerWatchdog = 3;

export type Readiness = {
	/** Devices can come. Signs of life begin. */
	readonly ready: () => Promise<void>;
	/** It was asked to end. No more signs of life; systemd waits as long as its unit says. */
	readonly stopping: () => Promise<void>;
};

/**
 * A sign of life is given only after the agent has told its state: an event loop that turns while a commit never comes back is no life. `look` gives that state in a
 * few words. Nothing here ever rejects: an agent that systemd cannot hear goes on.
 */
export function createReadiness(
	listener: Listener | undefined,
	needs: {readonly look: () => Promise<string>; readonly say: Say; readonly clock: Clock; readonly logger: Logger},
): Readiness {
	const {look, say, clock, logger} = needs;
	const ending = new AbortController();
	let problem = '';
	const trySaying = async (words: readonly string[]): Promise<void> => {
		try {
			await say(words);
			problem = '';
		} catch (error) {
			const sentence = describeError(error);
			if (sentence !== problem) logger.log('warn', 'systemd cannot be told', {error: sentence});
			problem = sentence;
		}
	};
	const everyMs = (listener?.watchdogMs ?? 0) / signsPerWatchdog;
	/** undefined if the agent does not tell its state in time. */
	const lookInTime = async (): Promise<string | undefined> => {
		const waiting = new AbortController();
		try {
			return await Promise.race([look(), clock.sleep(everyMs, waiting.signal).then(() => undefined)]);
		} catch (error) {
			logger.log('warn', 'the agent cannot tell its state', {error: describeError(error)});
			return undefined;
		} finally {
			waiting.abort();
		}
	};
	const live = async (): Promise<void> => {
		while (!ending.signal.aborted) {
			await clock.sleep(everyMs, ending.signal);
			if (ending.signal.aborted) return;
			const state = await lookInTime();
			if (ending.signal.aborted) return;
			if (state === undefined) logger.log('warn', 'no sign of life is given', {everyMs: Math.round(everyMs)});
			else await trySaying(['WATCHDOG=1', `STATUS=${state}`]);
		}
	};
	return {
		ready: async () => {
			if (listener === undefined) return;
			await trySaying(['READY=1', `STATUS=${await look().catch(() => 'it cannot tell its state')}`]);
			if (everyMs > 0) void live();
		},
		stopping: async () => {
			ending.abort();
			if (listener !== undefined) await trySaying(['STOPPING=1']);
		},
	};
}
