// /events: what happens, as server-sent events that can be resumed without a gap [WHATWG HTML §9.2].

import type {ServerResponse} from 'node:http';
import type {Caller} from './access.ts';
import type {Ending, ShownEvent, Sink} from './feed.ts';
import {Problem} from './problem.ts';
import {type Context, defineRoute, headerOf, type Route} from './route.ts';
import {closed, count, market, Type} from './schema.ts';
import type {Streams} from './streams.ts';

const eventsQuery = Type.Object({market: Type.Optional(market), after: Type.Optional(count)}, closed);

export const eventRoute: Route = defineRoute({
	method: 'GET',
	path: '/events',
	id: 'events',
	tag: 'streams',
	summary: "A market's events as they happen, with those of the caller's account",
	description:
		'Server-sent events. The id of each is its sequence; a stream is resumed behind the header Last-Event-ID or `after`, and begins with what is new if neither is given. 410 stream-gap: look at the market and begin behind its asOfSequence. The last event of a stream that is ended here is `end`, whose data has the reason and `resumeAfter`.',
	access: 'public',
	cost: 'request',
	query: eventsQuery,
	headers: {'last-event-id': 'Sequence of the last event that was read.'},
	answers: {ok: ['text/event-stream']},
	problems: ['stream-gap', 'unknown-market'],
	isStream: true,
	handle: () => {
		throw new Error('events are served by serveEvents');
	},
});

export type EventsRequest = {
	readonly query: {readonly market?: string; readonly after?: number};
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly caller: Caller;
	readonly context: Context;
	readonly streams: Streams;
};

/** Where a stream begins, once it is clear that it can. Throws a problem where it cannot. */
export async function beginEvents({query, headers, caller, context, streams}: EventsRequest): Promise<(response: ServerResponse) => void> {
	const desk = context.desks.of(query.market);
	const feed = context.feedOf(desk.view().id);
	const lastEventId = headerOf(headers, 'last-event-id');
	if (lastEventId !== undefined && !/^(?:0|[1-9][0-9]{0,15})$/.test(lastEventId))
		throw new Problem('malformed', 'the header Last-Event-ID is not the sequence of an event');
	const after = lastEventId === undefined ? (query.after ?? feed.newest()) : Number(lastEventId);
	if (!(await feed.canBegin(after)))
		throw new Problem('stream-gap', `events behind ${after} are not kept; the newest is ${feed.newest()}`, {newestSequence: feed.newest()});
	const leave = streams.enter(caller.key);
	if (leave === undefined) throw new Problem('rate-limited', 'there are too many open streams', {retryAfterS: 5});
	return response => void serve(response, after).finally(leave);

	async function serve(response: ServerResponse, from: number): Promise<void> {
		const {clock, limits} = context;
		const gone = new AbortController();
		response.once('close', () => gone.abort());
		response.on('error', () => gone.abort());
		if (response.destroyed || response.socket?.destroyed === true) gone.abort();
		const signal = AbortSignal.any([gone.signal, streams.signal]);
		response.write(`retry: 2000\nid: ${from}\n\n`);
		let at = from;
		const isExpired = (): boolean => caller.untilMs !== undefined && clock.monotonicMs() >= caller.untilMs;
		const sink: Sink = {
			account: () => (isExpired() ? undefined : caller.account),
			write: event => {
				at = event.sequence;
				response.write(eventText(event));
				return response.writableLength <= limits.streamBufferBytesMax;
			},
			drained: stop => drained(response, stop, patience => clock.sleep(limits.drainMs, patience)),
		};
		const expired = new AbortController();
		void beat();
		const ending = await feed.follow(from, sink, AbortSignal.any([signal, expired.signal]));
		if (!gone.signal.aborted) finish(response, expired.signal.aborted ? 'token-expired' : ending, at);
		gone.abort();

		async function beat(): Promise<void> {
			while (!signal.aborted) {
				await clock.sleep(limits.heartbeatMs, signal);
				if (signal.aborted) return;
				if (isExpired()) return expired.abort();
				if (response.writableLength === 0) response.write(`: newest ${feed.newest()}\n\n`);
			}
		}
	}
}

function eventText(event: ShownEvent): string {
	// JSON has no line ends, so one line of data holds it.
	return `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Resolves to true when all is written, to false when the time is over or the reader is gone. */
async function drained(response: ServerResponse, signal: AbortSignal, patience: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
	const over = new AbortController();
	let isDrained = false;
	const onDrain = (): void => {
		isDrained = true;
		over.abort();
	};
	response.once('drain', onDrain);
	// The close of the response aborts `signal`.
	await patience(AbortSignal.any([signal, over.signal]));
	response.off('drain', onDrain);
	return isDrained && !signal.aborted;
}

/** Says why it ends and from where it can be resumed; a reader who does not read that either is not waited for. */
function finish(response: ServerResponse, reason: Ending | 'token-expired', resumeAfter: number): void {
	response.end(`event: end\ndata: ${JSON.stringify({reason, resumeAfter})}\n\n`);
	if (reason === 'slow') response.destroy();
}
