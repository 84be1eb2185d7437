// /stream: a socket for agents, on which they watch markets, hand in orders and take them back [RFC 6455].

import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {type RawData, type WebSocket, WebSocketServer} from 'ws';
import type {Logger} from '../base/logger.ts';
import type {Caller} from './access.ts';
import type {MarketDesk} from './desk.ts';
import type {Sink} from './feed.ts';
import {hashesPerCancelMax, ordersPerBatchMax} from './limits.ts';
import {cancel, submitMany} from './orders.ts';
import {Problem, problemBody, problemOfError, rawProblem} from './problem.ts';
import type {Context} from './route.ts';
import {closed, count, hash, market, oneOf, type Static, signature, slotMs, Type} from './schema.ts';
import type {Streams} from './streams.ts';

const reqId = Type.String({minLength: 1, maxLength: 64});
const head = Type.Object({op: oneOf(['auth', 'subscribe', 'unsubscribe', 'submit', 'cancel', 'ping']), reqId});

/** What a client may send, by its `op`. */
export const socketRequests = {
	auth: Type.Object({op: oneOf(['auth']), reqId, token: Type.String({minLength: 16, maxLength: 512})}, closed),
	subscribe: Type.Object(
		{op: oneOf(['subscribe']), reqId, market: Type.Optional(market), after: Type.Optional(count)},
		{...closed, description: 'Without `after` it begins with a snapshot, and events go on behind it.'},
	),
	unsubscribe: Type.Object({op: oneOf(['unsubscribe']), reqId, market: Type.Optional(market)}, closed),
	submit: Type.Object(
		{
			op: oneOf(['submit']),
			reqId,
			orders: Type.Array(Type.Unknown(), {minItems: 1, maxItems: ordersPerBatchMax, description: 'As OrderRequest of the HTTP interface.'}),
			atomic: Type.Optional(Type.Boolean()),
		},
		closed,
	),
	cancel: Type.Object(
		{
			op: oneOf(['cancel']),
			reqId,
			market: Type.Optional(market),
			hashes: Type.Array(hash, {minItems: 1, maxItems: hashesPerCancelMax}),
			signature,
		},
		closed,
	),
	ping: Type.Object({op: oneOf(['ping']), reqId}, closed),
} as const;

type Op = keyof typeof socketRequests;
type Message<O extends Op> = Static<(typeof socketRequests)[O]>;

export type SocketNeeds = {
	readonly context: Context;
	readonly streams: Streams;
	readonly logger: Logger;
	/** Throws `rate-limited`. */
	readonly charge: (caller: Caller, cost: 'request' | 'write', amount: number) => void;
	/** Whose connection it is. Throws `unauthorised`. */
	readonly callerOf: (request: IncomingMessage) => Caller;
};

export type SocketDoor = {
	/** Takes over a connection that asks for /v1/stream; answers any other with a problem. */
	readonly upgrade: (request: IncomingMessage, socket: Duplex, begun: Buffer) => void;
	readonly close: () => void;
};

export function createSocketDoor(needs: SocketNeeds): SocketDoor {
	const {context, streams, charge} = needs;
	const server = new WebSocketServer({
		noServer: true,
		maxPayload: context.limits.bodyBytesMax,
		// Compression keeps memory for every connection, and a few bytes can unpack to many.
		perMessageDeflate: false,
		skipUTF8Validation: false,
		clientTracking: true,
	});
	return {
		upgrade: (request, socket, begun) => {
			socket.on('error', () => socket.destroy());
			try {
				if (request.url?.split('?')[0] !== '/v1/stream') throw new Problem('not-found', 'the socket is at /v1/stream');
				const caller = needs.callerOf(request);
				charge(caller, 'request', 1);
				const leave = streams.enter(caller.key);
				if (leave === undefined) throw new Problem('rate-limited', 'there are too many open streams', {retryAfterS: 5});
				socket.once('close', leave);
				server.handleUpgrade(request, socket, begun, webSocket => serve(webSocket, caller, needs));
			} catch (error) {
				const problem = problemOfError(error);
				if (problem.code === 'internal') needs.logger.log('error', 'socket not opened', {error: String(error)});
				socket.end(rawProblem(problem.code));
			}
		},
		close: () => {
			for (const one of server.clients) one.terminate();
			server.close();
		},
	};
}

/** Slots that a snapshot shows: the last two, this one, and those of the next two hours. */
const snapshotBefore = 2;
const snapshotAfter = 9;

function serve(webSocket: WebSocket, firstCaller: Caller, {context, streams, logger, charge}: SocketNeeds): void {
	const {clock, limits, check} = context;
	const gone = new AbortController();
	const signal = AbortSignal.any([gone.signal, streams.signal]);
	const subscriptions = new Map<string, AbortController>();
	let caller = firstCaller;
	let unsentBytes = 0;
	let inWork = 0;
	let unansweredPings = 0;
	const drainWaiters = new Set<() => void>();

	const account = (): string | undefined =>
		caller.untilMs !== undefined && clock.monotonicMs() >= caller.untilMs ? undefined : caller.account;

	/** False: enough waits to be read by the other side. */
	const send = (message: unknown): boolean => {
		const text = JSON.stringify(message);
		unsentBytes += text.length;
		webSocket.send(text, () => {
			unsentBytes -= text.length;
			if (unsentBytes > limits.streamBufferBytesMax / 2) return;
			for (const wake of drainWaiters) wake();
		});
		return unsentBytes <= limits.streamBufferBytesMax;
	};

	const drained = async (stop: AbortSignal): Promise<boolean> => {
		if (unsentBytes <= limits.streamBufferBytesMax) return true;
		const over = new AbortController();
		let isDrained = false;
		const wake = (): void => {
			isDrained = true;
			over.abort();
		};
		drainWaiters.add(wake);
		await clock.sleep(limits.drainMs, AbortSignal.any([stop, over.signal]));
		drainWaiters.delete(wake);
		return isDrained;
	};

	const cut = (): void => {
		gone.abort();
		webSocket.terminate();
	};

	const follow = async (desk: MarketDesk, after: number, stop: AbortController): Promise<void> => {
		const {id} = desk.view();
		const feed = context.feedOf(id);
		let at = after;
		const sink: Sink = {
			account,
			drained,
			write: event => {
				at = event.sequence;
				// The event has a `type` of its own, so it stands by itself.
				return send({type: 'event', market: id, sequence: event.sequence, previousSequence: event.previousSequence, event});
			},
		};
		const ending = await feed.follow(after, sink, AbortSignal.any([signal, stop.signal]));
		if (subscriptions.get(id) === stop) subscriptions.delete(id);
		if (ending === 'slow') cut();
		else if (!signal.aborted) send({type: 'end', market: id, reason: ending, resumeAfter: at});
	};

	const handlers: {readonly [O in Op]: (message: Message<O>) => Promise<unknown> | unknown} = {
		auth: ({token}) => {
			charge(caller, 'request', 1);
			caller = context.access.callerOf(`Bearer ${token}`, '');
			return {account: caller.account ?? null, role: caller.role ?? null};
		},
		subscribe: async ({market: word, after}) => {
			charge(caller, 'request', 1);
			const desk = context.desks.of(word);
			const {id} = desk.view();
			const feed = context.feedOf(id);
			if (subscriptions.has(id)) throw new Problem('malformed', 'this socket watches that market already');
			const stop = new AbortController();
			subscriptions.set(id, stop);
			try {
				const from = after ?? feed.newest();
				if (!(await feed.canBegin(from)))
					throw new Problem('stream-gap', `events behind ${from} are not kept; the newest is ${feed.newest()}`, {
						newestSequence: feed.newest(),
					});
				const now = Math.floor(clock.nowMs() / slotMs);
				// Read after `from` was taken: what happens meanwhile comes again as an event, and nothing is missed.
				const slots = after === undefined ? await desk.slots({from: now - snapshotBefore, to: now + snapshotAfter}) : undefined;
				if (slots !== undefined) send({type: 'snapshot', market: id, sequence: from, slots});
				void follow(desk, from, stop);
				return {market: id, sequence: from};
			} catch (error) {
				subscriptions.delete(id);
				throw error;
			}
		},
		unsubscribe: ({market: word}) => {
			const {id} = context.desks.of(word).view();
			subscriptions.get(id)?.abort();
			return {market: id};
		},
		submit: async ({orders, atomic}) => {
			charge(caller, 'write', orders.length);
			return (await submitMany(context, {orders, ...(atomic === undefined ? {} : {atomic})})).body;
		},
		cancel: async ({market: word, hashes, signature: signed}) => {
			charge(caller, 'write', hashes.length);
			return (await cancel(context, {hashes, signature: signed, ...(word === undefined ? {} : {market: word})})).body;
		},
		ping: () => ({nowMs: clock.nowMs()}),
	};

	const answer = async (data: RawData, isBinary: boolean): Promise<void> => {
		let id: string | undefined;
		try {
			const message = isBinary ? undefined : parse(data);
			const errors = check.body(head, message, false);
			if (errors.length > 0)
				throw new Problem('malformed', `the message has no op and reqId: ${errors[0]!.pointer} ${errors[0]!.detail}`, {errors});
			const {op, reqId: given} = message as Static<typeof head>;
			id = given;
			const wrong = check.body(socketRequests[op], message, false);
			if (wrong.length > 0) throw new Problem('malformed', `${op} does not fit: ${wrong[0]!.pointer} ${wrong[0]!.detail}`, {errors: wrong});
			send({type: 'answer', reqId: id, body: await handlers[op](message as never)});
		} catch (error) {
			const problem = problemOfError(error);
			if (problem.code === 'internal') logger.log('error', 'socket request failed', {error: String(error)});
			send({type: 'problem', ...(id === undefined ? {} : {reqId: id}), problem: problemBody(problem)});
		}
	};

	webSocket.on('message', (data, isBinary) => {
		inWork += 1;
		// What is not read waits in the other side's own buffers.
		if (inWork >= limits.socketRequestsMax) webSocket.pause();
		void answer(data, isBinary)
			.then(() => drained(signal))
			.then(isDrained => {
				if (!isDrained && !signal.aborted) return cut();
				inWork -= 1;
				if (!gone.signal.aborted && webSocket.isPaused) webSocket.resume();
			});
	});
	webSocket.on('pong', () => {
		unansweredPings = 0;
	});
	webSocket.on('error', () => {});
	webSocket.on('close', () => gone.abort());
	void beat();

	async function beat(): Promise<void> {
		while (!signal.aborted) {
			await clock.sleep(limits.heartbeatMs, signal);
			if (signal.aborted) return;
			// Nobody has been there for two whole heartbeats. While we do not read, we cannot know.
			if (unansweredPings >= 2 && !webSocket.isPaused) return cut();
			unansweredPings += 1;
			webSocket.ping();
			send({
				type: 'heartbeat',
				nowMs: clock.nowMs(),
				sequences: Object.fromEntries([...subscriptions.keys()].map(one => [one, context.feedOf(one).newest()])),
			});
		}
	}
}

function parse(data: RawData): unknown {
	try {
		return JSON.parse(Array.isArray(data) ? Buffer.concat(data).toString() : data.toString());
	} catch {
		throw new Problem('malformed', 'the message is not JSON');
	}
}
