// Hands a market's events to many readers, each at his own pace, without keeping a queue for any of them.

import type {MarketDesk, MarketEvent} from './desk.ts';

/** What a reader is shown of an event. */
export type ShownEvent = {
	readonly sequence: number;
	/** The event before it that this reader was shown, or where he began: no gap goes unseen, though what concerns others is left out. */
	readonly previousSequence: number;
	readonly market: string;
	readonly type: MarketEvent['type'];
	readonly at: string;
	readonly data: unknown;
};

/** Where a reader's events go. */
export type Sink = {
	/** False: nothing more may be written before `drained` resolves. */
	readonly write: (event: ShownEvent) => boolean;
	/** Resolves to false if the reader left it unread for too long. */
	readonly drained: (signal: AbortSignal) => Promise<boolean>;
	/** Whose events are shown, asked for each event: a token can expire. */
	readonly account: () => string | undefined;
};

export type Ending = 'stopped' | 'slow' | 'gap';

export type Feed = {
	readonly newest: () => number;
	/** Whether a reader can begin behind `sequence`. */
	readonly canBegin: (sequence: number) => Promise<boolean>;
	/** Shows everything behind `after` until the signal aborts, the reader is too slow, or events are gone. */
	readonly follow: (after: number, sink: Sink, signal: AbortSignal) => Promise<Ending>;
	readonly stop: () => void;
};

const eventsPerRead = 256;

/** Keeps the `recentMax` newest events in memory; who is further behind is read to from the desk, a page at a time. */
export function createFeed(desk: MarketDesk, recentMax: number): Feed {
	const market = desk.view().id;
	let recent: MarketEvent[] = [];
	let newest = desk.newestEvent();
	const wakers = new Set<() => void>();
	let willWake = false;
	const end = desk.onEvent(event => {
		recent.push(event);
		// Cut in halves, so that it is not moved for each event.
		if (recent.length >= 2 * recentMax) recent = recent.slice(-recentMax);
		newest = event.sequence;
		// All events of one commit wake each reader once.
		if (willWake) return;
		willWake = true;
		setImmediate(() => {
			willWake = false;
			for (const wake of wakers) wake();
		});
	});

	const read = async (after: number): Promise<readonly MarketEvent[] | 'gap'> => {
		const first = recent[0]?.sequence;
		if (first === undefined || after + 1 < first) return desk.eventsAfter(after, eventsPerRead);
		const from = after + 1 - first;
		return recent.slice(from, from + eventsPerRead);
	};

	const untilNews = (after: number, signal: AbortSignal): Promise<void> =>
		new Promise(resolve => {
			if (newest > after || signal.aborted) return resolve();
			const done = (): void => {
				signal.removeEventListener('abort', done);
				wakers.delete(done);
				resolve();
			};
			signal.addEventListener('abort', done, {once: true});
			wakers.add(done);
		});

	return {
		newest: () => newest,
		canBegin: async sequence => {
			if (sequence > newest) return false;
			return sequence === newest || (await read(sequence)) !== 'gap';
		},
		follow: async (after, sink, signal) => {
			let at = after;
			let previousSequence = after;
			while (!signal.aborted) {
				await untilNews(at, signal);
				if (signal.aborted) break;
				// Woken for events that were read already.
				if (newest <= at) continue;
				const events = await read(at);
				if (events === 'gap') return 'gap';
				if (events.length === 0) return 'gap';
				for (const {sequence, type, atMs, account, data} of events) {
					if (signal.aborted) return 'stopped';
					if (sequence !== at + 1) return 'gap';
					at = sequence;
					if (account !== undefined && account !== sink.account()) continue;
					const isRoom = sink.write({sequence, previousSequence, market, type, at: new Date(atMs).toISOString(), data});
					previousSequence = sequence;
					if (!isRoom && !(await sink.drained(signal))) return signal.aborted ? 'stopped' : 'slow';
				}
			}
			return 'stopped';
		},
		stop: () => {
			end();
			for (const wake of wakers) wake();
		},
	};
}
