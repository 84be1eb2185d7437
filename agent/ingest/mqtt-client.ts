// The door to a broker of yours: takes what it delivers, and acknowledges only what is durable, in order, on the connection that delivered it.

import {connect, type IClientOptions, type IPublishPacket, type MqttClient} from 'mqtt';
import type {Clock} from '../base/clock.ts';
import {AgentError, describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import {backoffMs} from '../base/retry.ts';
import {arrivalFlags} from '../format/arrival.ts';
import type {Delivery, Outcome} from './ingest.ts';

/** All that the door needs of the rest of the agent. */
export type MqttClientNeeds = {
	/** Called in order of arrival. `done` MUST be called exactly once, at once or later, and MUST NOT say kept or refused before that is durable. */
	readonly accept: (delivery: Delivery, done: (outcome: Outcome) => void) => void;
	/** undefined: there is room. Else resolves when there is room again; nothing is read meanwhile. */
	readonly pressure: () => Promise<void> | undefined;
	readonly clock: Clock;
	readonly logger: Logger;
};

export type MqttClientOptions = {
	/** What arrivals through this door are told apart by. */
	readonly name: string;
	/** `mqtt://host:port` or `mqtts://host:port`. */
	readonly url: string;
	/** MUST stay the same over restarts and be nobody else's: the broker keeps what we did not acknowledge under it. */
	readonly clientId: string;
	readonly username?: string;
	readonly password?: string;
	/** Topic filters, subscribed to at QoS 1. */
	readonly topics: readonly string[];
	/** 4 is MQTT 3.1.1. @default 4 */
	readonly protocolVersion?: 4 | 5;
	/** How long the broker keeps our session without us, in s; MQTT 5 only, with 3.1.1 the broker decides. @default 604800 */
	readonly sessionExpiryS?: number;
	/** Messages taken and not yet acknowledged; beyond it nothing is read. @default 1000 */
	readonly windowMax?: number;
	/** @default 60 */
	readonly keepaliveS?: number;
	/** How long the broker may take to answer CONNECT, in ms. @default 30000 */
	readonly connectTimeoutMs?: number;
	/** First wait before connecting again, in ms; it doubles until a message or a subscription is acknowledged. @default 1000 */
	readonly reconnectMsMin?: number;
	/** @default 60000 */
	readonly reconnectMsMax?: number;
};

export type MqttClientStats = {
	readonly connected: boolean;
	/** Connections that the broker accepted since start. */
	readonly connects: number;
	/** Messages taken and not yet answered. */
	readonly waiting: number;
	readonly acknowledged: number;
	/** Answers that came after their connection had gone: the broker delivers those messages again. */
	readonly stale: number;
	/** Messages on topics with control characters or bad UTF-8: acknowledged and dropped. */
	readonly badTopics: number;
};

export type MqttDoor = {
	readonly stats: () => MqttClientStats;
	/** Closes the connection. What was not acknowledged the broker delivers again. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** A message's place in the order in which acknowledgements must leave [MQTT-4.6.0-2]. */
type Place = {readonly packetId: number | undefined; outcome: Outcome | undefined};

/** What one connection delivered and did not get acknowledged yet. */
type Lane = {readonly stream: MqttClient['stream']; readonly places: Place[]};

/** MQTT.js sends no PUBACK for a message whose handler gives an error, and reads on. */
const deferred = new Error('acknowledged after the commit');

/** What a topic never has; the parser puts U+FFFD for bytes that are not UTF-8. */
const unclean = /[\0-\x1f\x7f-\x9f\ufffd]/;

/**
 * Connects in the background, for as long as it takes, and goes on doing so. Fails with ARGUMENT_INVALID if the URL is none.
 *
 * MQTT.js would acknowledge each message in its turn, one commit after the other, and after a reconnect on a connection that never delivered it; there the same packet
 * id belongs to another message, which would then be lost [seen with 5.16.0]. So we tell it to send no acknowledgement, and send ours through its private `_sendPacket`
 * (hence the exact version in package.json, and a test that fails when that changes).
 *
 * KNOWN GAP: a message larger than memory allows is not stopped before it has been received; the limit of your broker decides.
 */
export function openMqttClient(needs: MqttClientNeeds, options: MqttClientOptions): MqttDoor {
	const {clock, logger} = needs;
	const {name, clientId, topics} = options;
	const windowMax = options.windowMax ?? 1000;
	const keepaliveS = options.keepaliveS ?? 60;
	const reconnectMsMin = options.reconnectMsMin ?? 1000;
	const reconnectMsMax = options.reconnectMsMax ?? 60_000;

	let lane: Lane | undefined;
	/** Messages of connections that have gone whose answer is still to come: they fill memory like the others. */
	let orphans = 0;
	/** Lets MQTT.js go on to the next packet. Held back while the window is full or the log has no room. */
	let resume: (() => void) | undefined;
	let awaitsRoom = false;
	/** True once the broker granted our topics to this process. */
	let isSubscribed = false;
	let attempt = 0;
	let connects = 0;
	let acknowledged = 0;
	let stale = 0;
	let badTopics = 0;

	const client = connectOrExplain(options, {
		clientId,
		protocolVersion: options.protocolVersion ?? 4,
		...(options.username === undefined ? {} : {username: options.username}),
		...(options.password === undefined ? {} : {password: options.password}),
		...(options.protocolVersion === 5
			? {properties: {sessionExpiryInterval: options.sessionExpiryS ?? 604_800, receiveMaximum: Math.min(windowMax, 65_535)}}
			: {}),
		// A clean session would forget what was not acknowledged.
		clean: false,
		resubscribe: false,
		keepalive: keepaliveS,
		reschedulePings: true,
		connectTimeout: options.connectTimeoutMs ?? 30_000,
		reconnectPeriod: reconnectMsMin,
		reconnectOnConnackError: true,
		queueQoSZero: false,
		timerVariant: 'native',
	});

	// Set before the first read, or the messages that the broker kept for us would be acknowledged unseen.
	client.handleMessage = (packet, callback) => {
		take(packet);
		resume = () => callback(deferred);
		goOn();
	};

	const take = (packet: IPublishPacket): void => {
		if (lane === undefined || lane.stream !== client.stream) {
			orphans += lane?.places.filter(({outcome}) => outcome === undefined).length ?? 0;
			lane = {stream: client.stream, places: []};
		}
		if (packet.qos > 1) {
			// We ask for QoS 1 at most, so a broker must not do this [MQTT-3.8.4-6]. MQTT.js has answered PUBREC already.
			logger.log('error', 'broker delivers at QoS 2, message not taken', {broker: name});
			return;
		}
		const mine = lane;
		const place: Place = {packetId: packet.qos === 0 ? undefined : packet.messageId, outcome: undefined};
		mine.places.push(place);
		if (packet.topic === '' || unclean.test(packet.topic)) {
			badTopics += 1;
			logger.log('warn', 'topic is not clean text, message dropped', {broker: name, topic: packet.topic});
			answer(mine, place, 'refused');
			return;
		}
		const flags = packet.qos | (packet.dup ? arrivalFlags.dup : 0) | (packet.retain ? arrivalFlags.retain : 0) | arrivalFlags.client;
		const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
		needs.accept({topic: packet.topic, payload, flags, identity: name, clientId, packetId: place.packetId}, outcome =>
			answer(mine, place, outcome),
		);
	};

	const answer = (mine: Lane, place: Place, outcome: Outcome): void => {
		if (place.outcome !== undefined) throw new AgentError('ASSERTION_FAILED', 'an arrival was answered twice');
		place.outcome = outcome;
		if (mine !== lane) {
			stale += 1;
			orphans -= 1;
		} else {
			while (mine.places[0]?.outcome !== undefined) release(mine, mine.places.shift()!);
		}
		goOn();
	};

	const release = (mine: Lane, {packetId, outcome}: Place): void => {
		// Only on the connection that delivered it; on another the id is another message's. While not connected MQTT.js would keep the PUBACK for the next connection.
		if (mine.stream !== client.stream || mine.stream.destroyed || !client.connected) {
			stale += 1;
			return;
		}
		if (outcome === 'failed') {
			// A broker sends again only after a reconnect [MQTT-4.4.0-1].
			logger.log('warn', 'message not kept, connection closed so that it is delivered again', {broker: name});
			mine.stream.destroy();
			return;
		}
		if (packetId === undefined) return;
		acknowledged += 1;
		attempt = 0;
		client.options.reconnectPeriod = reconnectMsMin;
		sendPuback(client, packetId);
	};

	const goOn = (): void => {
		if (resume === undefined || awaitsRoom || orphans + (lane?.places.length ?? 0) >= windowMax) return;
		const room = needs.pressure();
		if (room !== undefined) {
			awaitsRoom = true;
			const again = (): void => {
				awaitsRoom = false;
				goOn();
			};
			room.then(again, again);
			return;
		}
		const next = resume;
		resume = undefined;
		next();
	};

	client.on('connect', ({sessionPresent}) => {
		connects += 1;
		logger.log('info', 'connected to broker', {broker: name, sessionPresent});
		// A session that is there may still lack our topics: the broker makes it at CONNECT, and we may have died before SUBSCRIBE. So the first connection of a process
		// always subscribes; later ones do not, since retained messages would come again.
		if (!sessionPresent) isSubscribed = false;
		if (isSubscribed) return;
		const {stream} = client;
		// rh 1 (MQTT 5): retained messages only for a subscription that is new. rap false: RETAIN then means old state.
		client.subscribe([...topics], {qos: 1, ...(options.protocolVersion === 5 ? {rh: 1, rap: false, nl: false} : {})}, (error, granted) => {
			if (stream !== client.stream) return;
			const refused = (granted ?? []).filter(({qos}) => qos > 2).map(({topic}) => topic);
			const weak = (granted ?? []).filter(({qos}) => qos === 0).map(({topic}) => topic);
			if (error || refused.length > 0) {
				logger.log('error', 'broker refuses a subscription', {
					broker: name,
					topics: refused.join(' '),
					error: error ? describeError(error) : undefined,
				});
				return;
			}
			if (weak.length > 0) logger.log('warn', 'broker grants QoS 0 only: it may lose messages', {broker: name, topics: weak.join(' ')});
			isSubscribed = true;
			attempt = 0;
			client.options.reconnectPeriod = reconnectMsMin;
		});
	});
	client.on('close', () => {
		// MQTT.js has just set its timer, so this is the wait after the next failure.
		attempt += 1;
		client.options.reconnectPeriod = backoffMs(attempt, reconnectMsMin, reconnectMsMax);
		logger.log('debug', 'connection to broker closed', {broker: name});
		// Its reader is gone; nothing to hold back any more.
		const next = resume;
		resume = undefined;
		next?.();
	});
	client.on('offline', () => logger.log('warn', 'broker is not reachable', {broker: name}));
	client.on('error', error => logger.log('warn', 'broker connection failed', {broker: name, error: describeError(error)}));

	const closing = new AbortController();
	// While we hold back, PINGRESP waits unread behind messages and MQTT.js would give the connection up [MQTT.js #1935]; the broker needs to hear from us as well.
	const keepUp = async (): Promise<void> => {
		while (!closing.signal.aborted) {
			await clock.sleep(keepaliveS * 500, closing.signal);
			if (resume === undefined || !client.connected || closing.signal.aborted) continue;
			client.sendPing();
			client.reschedulePing(true);
		}
	};
	void keepUp();

	let disposing: Promise<void> | undefined;
	return {
		stats: () => ({
			connected: client.connected,
			connects,
			waiting: orphans + (lane?.places.length ?? 0),
			acknowledged,
			stale,
			badTopics,
		}),
		[Symbol.asyncDispose]: () => {
			closing.abort();
			disposing ??= client.endAsync(true);
			return disposing;
		},
	};
}

function connectOrExplain({name, url}: MqttClientOptions, options: IClientOptions): MqttClient {
	try {
		return connect(url, options);
	} catch (cause) {
		throw new AgentError('ARGUMENT_INVALID', `the URL of broker "${name}" cannot be used`, {
			hint: 'Write it as mqtt://host:1883 or mqtts://host:8883.',
			cause,
		});
	}
}

function sendPuback(client: MqttClient, messageId: number): void {
	const internals = client as unknown as {_sendPacket: (packet: {cmd: 'puback'; messageId: number; reasonCode: number}) => void};
	internals._sendPacket({cmd: 'puback', messageId, reasonCode: 0});
}
