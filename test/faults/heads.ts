// Remembers the signed heads that an agent shows to the outside: no later state of its log may contradict one.

import type {Status} from '../../agent/api/status-server.ts';
import {systemClock} from '../../agent/base/clock.ts';
import type {Head} from './examine.ts';

export type Heads = {
	/** Asks an agent for its newest checkpoint again and again. */
	readonly follow: (status: () => Promise<Status>) => void;
	/** The agent is gone. */
	readonly leave: () => void;
	/** The newest ones, and some of the older. */
	readonly seen: () => Head[];
};

const headsMax = 64;

export function watchHeads({everyMs = 40}: {readonly everyMs?: number} = {}): Heads {
	let heads: Head[] = [];
	let asking = new AbortController();
	const ask = async (status: () => Promise<Status>, {signal}: AbortController): Promise<void> => {
		while (!signal.aborted) {
			const head = (await status().catch(() => undefined))?.newestCheckpoint;
			if (head !== undefined && head.size !== heads.at(-1)?.size) heads.push(head);
			// Every other one of the older half goes.
			if (heads.length > headsMax) heads = heads.filter((_, i) => i > headsMax / 2 || i % 2 === 0);
			await systemClock.sleep(everyMs, signal);
		}
	};
	return {
		follow: status => {
			asking.abort();
			asking = new AbortController();
			void ask(status, asking);
		},
		leave: () => asking.abort(),
		seen: () => [...heads],
	};
}
