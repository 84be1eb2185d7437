// Carries messages of one device to a broker, QoS 1, until each is acknowledged, whatever happens to the connection or to the broker.

import {connect, type IClientOptions, type MqttClient} from 'mqtt';
import type {Clock} from '../agent/base/clock.ts';
import {backoffMs} from '../agent/base/retry.ts';

export type Outgoing = {
	readonly topic: string;
	readonly payload: string | Uint8Array;
	/** Set on what a broker may answer by hanging up: such a message is given up after a few connections. */
	readonly hostile?: string;
};

export type PublisherOptions<M extends Outgoing> = {
	/** `mqtt://host:port`, or another URL that MQTT.js takes. */
	readonly url: string;
	readonly clientId: string;
	readonly username?: string;
	readonly password?: string;
	readonly clock: Clock;
	/** PUBLISH packets without a PUBACK. @default 20 */
	readonly inFlightMax?: number;
	/** Messages that wait behind them. @default 2000 */
	readonly queueMax?: number;
	/** Called for each PUBACK, once per accepted message. */
	readonly onAcknowledged: (message: M) => void;
	/** Called when a hostile message is given up. */
	readonly onGivenUp?: (message: M) => void;
	/** Called with a sentence when the connection fails; it is tried again anyway. */
	readonly onProblem?: (sentence: string) => void;
};

export type Publisher<M extends Outgoing> = {
	/** Takes a message unless `queueMax` are waiting; true if it was taken. */
	readonly publish: (message: M) => boolean;
	readonly hasRoom: () => boolean;
	/** Resolves when there is room, or when the signal aborts. */
	readonly untilRoom: (signal: AbortSignal) => Promise<void>;
	/** Resolves to true when everything is acknowledged, to false when the signal aborts first. */
	readonly untilDrained: (signal: AbortSignal) => Promise<boolean>;
	/** Breaks the connection without a DISCONNECT, as a failing network does. */
	readonly cut: () => void;
	readonly isConnected: () => boolean;
	/** Taken and not acknowledged, in flight or waiting. */
	readonly pending: () => number;
	/** Messages that were put on a connection at least once and are not acknowledged: they may or may not have arrived. */
	readonly uncertain: () => M[];
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

const reconnectFirstMs = 200;
const reconnectMsMax = 4000;
const keepaliveS = 30;
const connectTimeoutMs = 10_000;
const packetIdMax = 65_535;
/** How long a broker gets to answer a DISCONNECT. */
const farewellMs = 1000;
/** Connections that a hostile message may cost before it is given up. */
const hostileAttemptsMax = 3;

type InFlight<M> = {readonly message: M; attempts: number};

/** Starts to connect at once. Every message that was taken is resent on each new connection until its PUBACK comes [MQTT-4.4.0-1]. */
export function createPublisher<M extends Outgoing>(options: PublisherOptions<M>): Publisher<M> {
	const {url, clientId, clock} = options;
	const inFlightMax = options.inFlightMax ?? 20;
	const queueMax = options.queueMax ?? 2000;
	/** By packet id, oldest first: a resend keeps ids and order [MQTT-4.4.0-1, MQTT-4.6.0-1]. */
	const inFlight = new Map<number, InFlight<M>>();
	let queue: M[] = [];
	let queueHead = 0;
	let connection: MqttClient | undefined;
	let socket: MqttClient | undefined;
	let lastPacketId = 0;
	let waiters: (() => void)[] = [];
	const stopping = new AbortController();

	const waiting = (): number => queue.length - queueHead;
	const pending = (): number => inFlight.size + waiting();

	const wake = (): void => {
		const woken = waiters;
		waiters = [];
		for (const waiter of woken) waiter();
	};
	const change = (signal: AbortSignal): Promise<void> =>
		new Promise(resolve => {
			const done = (): void => {
				signal.removeEventListener('abort', done);
				resolve();
			};
			signal.addEventListener('abort', done, {once: true});
			waiters.push(done);
		});

	/** MQTT.js asks for an id inside `publish`; this hands it the one that the message already has. */
	let packetIdForced = 0;
	const messageIdProvider: NonNullable<IClientOptions['messageIdProvider']> = {
		allocate: () => packetIdForced,
		getLastAllocated: () => packetIdForced,
		register: () => true,
		deallocate: () => {},
		clear: () => {},
	};

	const freePacketId = (): number => {
		do lastPacketId = lastPacketId >= packetIdMax ? 1 : lastPacketId + 1;
		while (inFlight.has(lastPacketId));
		return lastPacketId;
	};

	const send = (through: MqttClient, packetId: number, entry: InFlight<M>): void => {
		packetIdForced = packetId;
		entry.attempts += 1;
		const {topic, payload} = entry.message;
		const bytes = typeof payload === 'string' ? payload : Buffer.from(payload);
		through.publish(topic, bytes, {qos: 1, retain: false, dup: entry.attempts > 1}, error => {
			// An error here is the end of this connection; the message stays and goes through the next one.
			if (error || inFlight.get(packetId) !== entry) return;
			inFlight.delete(packetId);
			options.onAcknowledged(entry.message);
			pump();
			wake();
		});
	};

	const pump = (): void => {
		while (connection !== undefined && inFlight.size < inFlightMax && waiting() > 0) {
			const message = queue[queueHead]!;
			queueHead += 1;
			if (queueHead > 1000) {
				queue = queue.slice(queueHead);
				queueHead = 0;
			}
			const packetId = freePacketId();
			const entry = {message, attempts: 0};
			inFlight.set(packetId, entry);
			send(connection, packetId, entry);
		}
	};

	const resend = (through: MqttClient): void => {
		for (const [packetId, entry] of [...inFlight]) {
			if (entry.message.hostile !== undefined && entry.attempts >= hostileAttemptsMax) {
				inFlight.delete(packetId);
				options.onGivenUp?.(entry.message);
				continue;
			}
			send(through, packetId, entry);
		}
		pump();
		wake();
	};

	/** One connection from its CONNECT to its end. */
	const connectOnce = (onConnected: () => void): Promise<void> =>
		new Promise(resolve => {
			const opened = connect(url, {
				protocolVersion: 4,
				clientId,
				...(options.username === undefined ? {} : {username: options.username}),
				...(options.password === undefined ? {} : {password: options.password}),
				clean: false,
				keepalive: keepaliveS,
				connectTimeout: connectTimeoutMs,
				// The client of one connection never comes back: its own resend is serial and waits for each PUBACK.
				reconnectPeriod: 0,
				resubscribe: false,
				queueQoSZero: false,
				timerVariant: 'native',
				messageIdProvider,
			});
			socket = opened;
			opened.on('error', error => options.onProblem?.(`${clientId}: ${error.message || String(error)}`));
			opened.on('connect', () => {
				onConnected();
				connection = opened;
				resend(opened);
			});
			opened.once('close', () => {
				if (connection === opened) connection = undefined;
				opened.end(true);
				resolve();
			});
		});

	const run = async (): Promise<void> => {
		let attempt = 0;
		while (!stopping.signal.aborted) {
			await connectOnce(() => {
				attempt = 0;
			});
			await clock.sleep(backoffMs(attempt, reconnectFirstMs, reconnectMsMax), stopping.signal);
			attempt += 1;
		}
	};
	const running = run();

	return {
		publish: message => {
			if (stopping.signal.aborted || waiting() >= queueMax) return false;
			queue.push(message);
			pump();
			return true;
		},
		hasRoom: () => waiting() < queueMax,
		untilRoom: async signal => {
			while (waiting() >= queueMax && !signal.aborted) await change(signal);
		},
		untilDrained: async signal => {
			while (pending() > 0 && !signal.aborted) await change(signal);
			return pending() === 0;
		},
		cut: () => socket?.stream.destroy(),
		isConnected: () => connection !== undefined,
		pending,
		uncertain: () => [...inFlight.values()].map(({message}) => message),
		[Symbol.asyncDispose]: async () => {
			stopping.abort();
			const open = connection;
			connection = undefined;
			// With nothing in flight the broker is told; else the socket just ends, and the broker keeps the session as it was.
			if (open === undefined || inFlight.size > 0) socket?.stream.destroy();
			else open.end(false);
			// A broker that hangs never closes its side.
			const ended = new AbortController();
			await Promise.race([running, clock.sleep(farewellMs, ended.signal)]);
			ended.abort();
			socket?.stream.destroy();
			await running;
			wake();
		},
	};
}
