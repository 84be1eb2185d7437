// /agent/events: how the agent is and what its channels say, once a second, to whoever looks at a page; computed once for all of them.

import type {ServerResponse} from 'node:http';
import type {Clock} from '../base/clock.ts';
import {describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import type {Caller} from './access.ts';
import type {ApiLimits} from './limits.ts';
import {Problem} from './problem.ts';
import {defineRoute, type Route} from './route.ts';
import type {Streams} from './streams.ts';
import type {AgentView, Pulse} from './window.ts';

export const agentEventsRoute: Route = defineRoute({
	method: 'GET',
	path: '/agent/events',
	id: 'agentEvents',
	tag: 'agent',
	summary: 'How the agent is and the newest readings of its channels, at most once a second',
	description:
		'Server-sent events: `agent` has what GET /v1/agent answers, at once and whenever anything has changed that does not go on by itself, as time does; `readings` has a list of the newest reading of each channel that spoke since the one before, at most 500. There is nothing to resume: what is missed is in the curves.',
	access: 'viewer',
	cost: 'request',
	answers: {ok: ['text/event-stream']},
	problems: ['forbidden'],
	isStream: true,
	isRaw: true,
	handle: () => {
		throw new Error('events are served by the pulse');
	},
});

const pulseMs = 1000;
/** While a beat takes long, because devices keep the agent busy, pages wait: beats take a twentieth of the time at most, and come every so often anyway. */
const restShare = 20;
const pulseMsMax = 5000;

export type AgentPulse = {
	/** Throws a problem where there is no place for another listener. `isGood` is asked before each message; one that rejects is a no. */
	readonly enter: (caller: Caller, isGood: () => Promise<boolean>) => (response: ServerResponse) => void;
	readonly stop: () => void;
};

type Listener = {
	readonly response: ServerResponse;
	readonly isGood: () => Promise<boolean>;
	/** By the monotonic clock: since when he leaves unread what was written. */
	stuckMs: number | undefined;
	/** See newsOf. */
	lastNews: string;
	heardMs: number;
};

/** What a state is told again for, when it has changed: all of it but what goes on by itself. */
export function newsOf(agent: AgentView): string {
	return JSON.stringify({
		...agent,
		nowMs: 0,
		residentBytes: 0,
		disk: agent.disk.fillDays,
		unanchoredAgeMs: 0,
		anchors: agent.anchors.map(({detail: _, ...anchor}) => anchor),
		client: agent.client && {...agent.client, sinceMs: 0},
		scrub: 0,
	});
}

/** Beats only while somebody listens. */
export function createAgentPulse(needs: {
	readonly pulse: () => Promise<Pulse>;
	readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
	readonly limits: Pick<ApiLimits, 'streamBufferBytesMax' | 'drainMs' | 'heartbeatMs'>;
	readonly streams: Streams;
	readonly logger: Logger;
}): AgentPulse {
	const {pulse, clock, limits, streams, logger} = needs;
	const listeners = new Set<Listener>();
	let isBeating = false;
	let failedWith = '';

	const write = (listener: Listener, news: string, agentText: Buffer, readings: Buffer | undefined): void => {
		const {response} = listener;
		const nowMs = clock.monotonicMs();
		if (response.writableLength > limits.streamBufferBytesMax) {
			// What he misses is told again by what comes next: nothing is kept for him.
			listener.stuckMs ??= nowMs;
			if (nowMs - listener.stuckMs > limits.drainMs) response.destroy();
			return;
		}
		listener.stuckMs = undefined;
		const isNews = listener.lastNews !== news;
		const isQuiet = !isNews && readings === undefined;
		if (isQuiet && nowMs - listener.heardMs < limits.heartbeatMs) return;
		listener.lastNews = news;
		listener.heardMs = nowMs;
		response.cork();
		if (isNews) response.write(agentText);
		if (readings !== undefined) response.write(readings);
		if (isQuiet) response.write(': here\n\n');
		response.uncork();
	};

	/** Ends the stream of whoever may not listen any more. */
	const endUnlessGood = async (listener: Listener): Promise<void> => {
		if (await listener.isGood().catch(() => false)) return;
		listeners.delete(listener);
		listener.response.end('event: end\ndata: {"reason":"session-ended"}\n\n');
	};

	const beat = async (): Promise<void> => {
		while (listeners.size > 0 && !streams.signal.aborted) {
			const beganMs = clock.monotonicMs();
			// In front of what is told: who was taken away a second ago hears nothing more.
			for (const listener of listeners) await endUnlessGood(listener);
			try {
				const {agent, readings} = await pulse();
				const news = newsOf(agent);
				// As bytes once, not for each of them.
				const agentText = Buffer.from(`event: agent\ndata: ${JSON.stringify(agent)}\n\n`);
				const readingsText = readings.length === 0 ? undefined : Buffer.from(`event: readings\ndata: ${JSON.stringify(readings)}\n\n`);
				for (const listener of listeners) write(listener, news, agentText, readingsText);
				failedWith = '';
			} catch (error) {
				const sentence = describeError(error);
				if (sentence !== failedWith) logger.log('warn', 'pages cannot be told what happens', {error: sentence});
				failedWith = sentence;
			}
			const tookMs = clock.monotonicMs() - beganMs;
			await clock.sleep(Math.min(pulseMsMax, Math.max(pulseMs, restShare * tookMs)), streams.signal);
		}
		isBeating = false;
	};

	return {
		enter: (caller, isGood) => {
			const leave = streams.enter(caller.key);
			if (leave === undefined) throw new Problem('rate-limited', 'there are too many open streams', {retryAfterS: 5});
			return response => {
				const listener: Listener = {response, isGood, stuckMs: undefined, lastNews: '', heardMs: clock.monotonicMs()};
				const gone = (): void => {
					listeners.delete(listener);
					leave();
				};
				response.once('close', gone);
				response.on('error', () => {});
				if (response.destroyed) return gone();
				response.write('retry: 3000\n\n');
				listeners.add(listener);
				if (!isBeating) {
					isBeating = true;
					void beat();
				}
			};
		},
		stop: () => {
			for (const {response} of listeners) response.destroy();
		},
	};
}
