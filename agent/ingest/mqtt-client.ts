// The door to a broker of yours: takes what it delivers, and acknowledges only what is durable, in order, on the connection that delivered it.

import type {Duplex} from 'node:stream';
import {connect, type IClientOptions, type MqttClient} from 'mqtt';
import type {Clock} from '../base/clock.ts';
import {AgentError, describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import {backoffMs} from '../base/retry.ts';
import {arrivalFlags} from '../format/arrival.ts';
import {BrokerStream} from './broker-stream.ts';
import type {Delivery, Outcome} from './ingest.ts';
import type {Published} from './publish-cutter.ts';

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
	/** For URLs with TLS; certificates are always checked. */
	readonly tls?: {
		/** PEM. Only these CAs are trusted. @default those of Node.js */
		readonly ca?: string;
		/** PEM: who we are. */
		readonly certificate?: string;
		readonly key?: string;
		/** The name that the broker's certificate must be for. @default the host of the URL */
		readonly serverName?: string;
	};
	/** Topic filters, subscribed to at QoS 1. */
	readonly topics: readonly string[];
	/** What the broker says for us, retained and at QoS 1, when it has lost us or the door has closed. @default nothing */
	readonly will?: {readonly topic: string; readonly payload: Uint8Array};
	/** 4 is MQTT 3.1.1. @default 4 */
	readonly protocolVersion?: 4 | 5;
	/** How long the broker keeps our session without us, in s; MQTT 5 only, with 3.1.1 the broker decides. @default 604800 */
	readonly sessionExpiryS?: number;
	/** Messages taken and not yet acknowledged; beyond it nothing is read. @default 1000 */
	readonly windowMax?: number;
	/** A larger message is refused as too-large and acknowledged, fixed header included, in bytes. @default 65536 */
	readonly packetBytesMax?: number;
	/** Asks the broker for its own count of messages that it dropped. @default true */
	readonly watchDrops?: boolean;
	/**
	 * True: only listens for a while and loses what comes without it: QoS 0, a session that the broker forgets, and whatever the broker has kept of old. Nothing is acknowledged.
	 * @default false
	 */
	readonly isOnlooker?: boolean;
	/** @default 60 */
	readonly keepaliveS?: number;
	/** How long the broker may take to answer CONNECT, in ms. @default 30000 */
	readonly connectTimeoutMs?: number;
	/**
	 * First wait before connecting again, in ms. It doubles until a message or a subscription is acknowledged; after a message that could not be kept, or bytes that are no
	 * MQTT, until that message is through or a connection has stood for `reconnectMsMax`. @default 1000
	 */
	readonly reconnectMsMin?: number;
	/** @default 60000 */
	readonly reconnectMsMax?: number;
};

export type MqttClientStats = {
	readonly connected: boolean;
	/** How long it has been so, in ms. */
	readonly sinceMs: number;
	/** Connections that the broker accepted since start. */
	readonly connects: number;
	/** Messages taken and not yet answered. */
	readonly waiting: number;
	readonly acknowledged: number;
	/** Answers that came after their connection had gone: the broker delivers those messages again. */
	readonly stale: number;
	/** Messages on topics with control characters or bad UTF-8: acknowledged and dropped. */
	readonly badTopics: number;
	/** Messages beyond `packetBytesMax`. */
	readonly tooLarge: number;
	/** The message that could not be kept and is delivered again and again, with how often that was. */
	readonly failing: {readonly topic: string; readonly times: number} | undefined;
	/** Topic filters that the broker refused, and that it granted without keeping messages for us. */
	readonly refusedTopics: readonly string[];
	readonly weakTopics: readonly string[];
	/** Messages that the broker says it dropped, for whomever, since this process began to watch; what it dropped before is not in it. */
	readonly dropped: number;
};

export type MqttDoor = {
	readonly stats: () => MqttClientStats;
	/** Says something to whoever listens there, at QoS 0; false, and nothing is said, while there is no connection. */
	readonly publish: (topic: string, payload: Uint8Array, options: {readonly retain: boolean}) => boolean;
	/** Listens to further topic filters from now on. */
	readonly listen: (filters: readonly string[]) => void;
	/** Closes the connection. What was not acknowledged the broker delivers again. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** A message's place in the order in which acknowledgements must leave [MQTT-4.6.0-2]. */
type Place = {readonly message: Published; outcome: Outcome | undefined};

/** What one connection delivered and did not get acknowledged yet. */
type Lane = {readonly stream: BrokerStream; readonly places: Place[]};

/** What a topic never has; decoding puts U+FFFD for bytes that are not UTF-8. */
const unclean = /[\0-\x1f\x7f-\x9f\ufffd]/;

/** Of a message that is too large so much of its payload is kept with the refusal. */
const skimmedBytesMax = 1024;

/** Counters of messages that a full queue made the broker drop: Mosquitto's, and for each node EMQX's. */
const dropFilters = ['$SYS/broker/publish/messages/dropped', '$SYS/brokers/+/metrics/delivery/dropped/queue_full'];
const systemTopic = '$SYS/';
/** Counters of so many nodes are followed. */
const dropTopicsMax = 64;

/**
 * Connects in the background, for as long as it takes, and goes on doing so. Fails with ARGUMENT_INVALID if the URL is none.
 *
 * Messages never reach MQTT.js, see broker-stream.ts. It needs to let us wrap the stream that it makes, through its private `streamBuilder` (hence the exact version in
 * package.json, and a test that fails when that changes): so all URLs that it knows work.
 *
 * The limit for packets is not told to the broker: with MQTT 5 it would then drop what is larger and say so to nobody [MQTT-3.1.2-25].
 */
export function openMqttClient(needs: MqttClientNeeds, options: MqttClientOptions): MqttDoor {
	const {clock, logger} = needs;
	const {name, clientId} = options;
	const topics = [...options.topics];
	const protocolVersion = options.protocolVersion ?? 4;
	const isOnlooker = options.isOnlooker ?? false;
	const windowMax = options.windowMax ?? 1000;
	const packetBytesMax = options.packetBytesMax ?? 65_536;
	const keepaliveS = options.keepaliveS ?? 60;
	const reconnectMsMin = options.reconnectMsMin ?? 1000;
	const reconnectMsMax = options.reconnectMsMax ?? 60_000;

	let lane: Lane | undefined;
	/** Messages of connections that have gone whose answer is still to come: they fill memory like the others. */
	let orphans = 0;
	/** True while a promise of `pressure` is awaited. */
	let awaitsRoom = false;
	/** True once the broker granted our topics to this process. */
	let isSubscribed = false;
	/** Failures in a row: how long to wait. */
	let attempt = 0;
	/** The first message in the way: no other acknowledgement makes the wait shorter until it is through. */
	let failing: {readonly topic: string; readonly packetId: number; times: number} | undefined;
	/** The broker sent what is no MQTT. */
	let isSuspect = false;
	/** Something of either kind happened on this connection. */
	let hasFailed = false;
	let isConnected = false;
	let changedAtMs = clock.monotonicMs();
	let connects = 0;
	let acknowledged = 0;
	let stale = 0;
	let badTopics = 0;
	let tooLarge = 0;
	let refusedTopics: readonly string[] = [];
	let weakTopics: readonly string[] = [];
	/** unanswered: a broker that closes the connection over it is not asked again. */
	let dropWatch: 'wanted' | 'unanswered' | 'off' = options.watchDrops === false || isOnlooker ? 'off' : 'wanted';
	/** By topic, what the broker said last. */
	const dropCounts = new Map<string, number>();
	let dropped = 0;

	const inHand = (): number => orphans + (lane?.places.length ?? 0);

	const wrap = (inner: Duplex): BrokerStream => {
		orphans += lane?.places.filter(({outcome}) => outcome === undefined).length ?? 0;
		hasFailed = false;
		const stream = new BrokerStream(inner, {
			protocolVersion,
			packetBytesMax,
			skimmedBytesMax,
			onMessage: take,
			mayTake: () => !awaitsRoom && inHand() < windowMax && hasRoom(),
			onEnd: problem => {
				if (stream === lane?.stream) ended(problem);
			},
		});
		lane = {stream, places: []};
		return stream;
	};

	/** Before MQTT.js sets its timer. */
	const ended = (problem: string | undefined): void => {
		if (problem !== undefined) {
			isSuspect = true;
			hasFailed = true;
			logger.log('warn', 'broker sends what is no MQTT, connection closed', {broker: name, problem});
		}
		if (dropWatch === 'unanswered') {
			dropWatch = 'off';
			logger.log('info', 'broker does not tell what it drops', {broker: name});
		}
		const nowMs = clock.monotonicMs();
		if (isConnected && !hasFailed && nowMs - changedAtMs >= reconnectMsMax) {
			failing = undefined;
			isSuspect = false;
			attempt = 0;
		}
		if (isConnected) changedAtMs = nowMs;
		isConnected = false;
		client.options.reconnectPeriod = backoffMs(attempt, reconnectMsMin, reconnectMsMax);
		attempt += 1;
	};

	/** The broker is well, as far as we can tell. */
	const calm = (): void => {
		if (failing === undefined && !isSuspect) attempt = 0;
	};

	const take = (message: Published, stream: BrokerStream): void => {
		const mine = lane;
		if (mine?.stream !== stream) return;
		const {topic, packetId, qos, payload, payloadLength} = message;
		const place: Place = {message, outcome: undefined};
		mine.places.push(place);
		if (topic.startsWith(systemTopic)) {
			followDrops(message);
			answer(mine, place, 'kept');
			return;
		}
		if (topic === '' || unclean.test(topic)) {
			badTopics += 1;
			logger.log('warn', 'topic is not clean text, message dropped', {broker: name, topic});
			answer(mine, place, 'refused');
			return;
		}
		if (payloadLength !== undefined) tooLarge += 1;
		// We ask for QoS 1 at most; a session that somebody began at QoS 2 may still hold messages. They are kept like the others.
		const flags = qos | (message.isDup ? arrivalFlags.dup : 0) | (message.isRetained ? arrivalFlags.retain : 0) | arrivalFlags.client;
		const delivery: Delivery = {topic, payload, flags, identity: name, clientId, packetId};
		needs.accept(payloadLength === undefined ? delivery : {...delivery, payloadLength, packetBytesMax}, outcome =>
			answer(mine, place, outcome),
		);
	};

	const answer = (mine: Lane, place: Place, outcome: Outcome): void => {
		if (place.outcome !== undefined) throw new AgentError('ASSERTION_FAILED', 'an arrival was answered twice');
		place.outcome = outcome;
		if (mine === lane) while (mine.places[0]?.outcome !== undefined) release(mine, mine.places.shift()!);
		else {
			stale += 1;
			orphans -= 1;
		}
		lane?.stream.goOn();
	};

	const release = ({stream}: Lane, {message: {topic, qos, packetId}, outcome}: Place): void => {
		// Only on the connection that delivered it; on another the id is another message's.
		if (stream.destroyed) {
			stale += 1;
			return;
		}
		if (packetId === undefined || qos === 0) return;
		if (outcome === 'failed') {
			fail(topic, packetId);
			stream.destroy();
			return;
		}
		if (failing?.packetId === packetId && failing.topic === topic) failing = undefined;
		acknowledged += 1;
		calm();
		stream.acknowledge(qos, packetId);
	};

	/** A broker sends again only after a reconnect [MQTT-4.4.0-1]. Said once for each message, however often it comes. */
	const fail = (topic: string, packetId: number): void => {
		hasFailed = true;
		if (failing !== undefined) {
			failing.times += 1;
			return;
		}
		failing = {topic, packetId, times: 1};
		logger.log('warn', 'message not kept, connection closed so that it is delivered again', {broker: name, topic, packetId});
	};

	const followDrops = ({topic, payload}: Published): void => {
		const count = Number(Buffer.from(payload).toString('latin1'));
		const before = dropCounts.get(topic);
		if (!Number.isSafeInteger(count) || count < 0 || (before === undefined && dropCounts.size >= dropTopicsMax)) return;
		dropCounts.set(topic, count);
		// The first is of the broker's whole life; a smaller one is of its next.
		const risen = before === undefined ? 0 : count >= before ? count - before : count;
		if (before === undefined && count > 0) logger.log('info', 'broker has dropped messages before', {broker: name, topic, messages: count});
		if (risen === 0) return;
		dropped += risen;
		logger.log('warn', 'broker drops messages', {broker: name, topic, messages: risen});
	};

	const hasRoom = (): boolean => {
		const room = needs.pressure();
		if (room === undefined) return true;
		awaitsRoom = true;
		const again = (): void => {
			awaitsRoom = false;
			lane?.stream.goOn();
		};
		room.then(again, again);
		return false;
	};

	const subscribe = (stream: BrokerStream): void => {
		// rh 1 (MQTT 5): retained messages only for a subscription that is new. rap false: RETAIN then means old state.
		const wanted = [...topics];
		const properties = protocolVersion === 5 ? ({rh: isOnlooker ? 0 : 1, rap: false, nl: false} as const) : {};
		client.subscribe(wanted, {qos: isOnlooker ? 0 : 1, ...properties}, (error, granted) => {
			if (stream !== lane?.stream || stream.destroyed) return;
			refusedTopics = (granted ?? []).filter(({qos}) => qos > 2).map(({topic}) => topic);
			weakTopics = (granted ?? []).filter(({qos}) => qos === 0).map(({topic}) => topic);
			if (error || refusedTopics.length > 0) {
				if (refusedTopics.length === 0) refusedTopics = wanted;
				logger.log('error', 'broker refuses a subscription', {
					broker: name,
					topics: refusedTopics.join(' '),
					error: error ? describeError(error) : undefined,
				});
				return;
			}
			if (weakTopics.length > 0 && !isOnlooker)
				logger.log('warn', 'broker grants QoS 0 only: it may lose messages', {broker: name, topics: weakTopics.join(' ')});
			// More may have been asked for meanwhile.
			isSubscribed = wanted.length === topics.length;
			calm();
			if (!isSubscribed) subscribe(stream);
			watchDrops(stream);
		});
	};

	/** On each connection, for the sake of what it retains: the count that rose while we were away. */
	const watchDrops = (stream: BrokerStream): void => {
		if (dropWatch !== 'wanted') return;
		dropWatch = 'unanswered';
		client.subscribe(dropFilters, {qos: 0, ...(protocolVersion === 5 ? {rh: 0, rap: false, nl: false} : {})}, error => {
			if (stream !== lane?.stream || stream.destroyed) return;
			dropWatch = 'wanted';
			if (error) logger.log('debug', 'broker does not tell what it drops', {broker: name, error: describeError(error)});
		});
	};

	const client = connectOrExplain(
		options,
		{
			clientId,
			protocolVersion,
			...(options.username === undefined ? {} : {username: options.username}),
			...(options.password === undefined ? {} : {password: options.password}),
			...(options.will === undefined
				? {}
				: {will: {topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1 as const, retain: true}}),
			...tlsOptions(options.tls),
			...(protocolVersion === 5
				? {
						properties: {
							sessionExpiryInterval: isOnlooker ? 0 : (options.sessionExpiryS ?? 604_800),
							receiveMaximum: Math.min(windowMax, 65_535),
						},
					}
				: {}),
			// A clean session would forget what was not acknowledged.
			clean: isOnlooker,
			resubscribe: false,
			keepalive: keepaliveS,
			reschedulePings: true,
			connectTimeout: options.connectTimeoutMs ?? 30_000,
			reconnectPeriod: reconnectMsMin,
			reconnectOnConnackError: true,
			queueQoSZero: false,
			timerVariant: 'native',
			manualConnect: true,
		},
		wrap,
	);

	client.on('connect', ({sessionPresent}) => {
		const stream = lane?.stream;
		if (stream === undefined || stream.destroyed) return;
		connects += 1;
		isConnected = true;
		changedAtMs = clock.monotonicMs();
		logger.log('info', 'connected to broker', {broker: name, sessionPresent});
		// A session that is there may still lack our topics: the broker makes it at CONNECT, and we may have died before SUBSCRIBE. So the first connection of a process
		// always subscribes; later ones do not, since retained messages would come again.
		if (!sessionPresent) isSubscribed = false;
		if (isSubscribed) watchDrops(stream);
		else subscribe(stream);
	});
	client.on('offline', () => logger.log('warn', 'broker is not reachable', {broker: name}));
	client.on('error', error => {
		logger.log('warn', 'broker connection failed', {broker: name, error: describeError(error)});
		// After a packet that it cannot parse the library would read on, somewhere in the middle.
		if (lane === undefined || lane.stream.destroyed) return;
		isSuspect = true;
		hasFailed = true;
		lane.stream.destroy();
	});
	beginOrExplain(client, options);

	const closing = new AbortController();
	// While we hold back, PINGRESP waits unread behind messages and MQTT.js would give the connection up [MQTT.js #1935]; the broker needs to hear from us as well.
	const keepUp = async (): Promise<void> => {
		while (!closing.signal.aborted) {
			await clock.sleep(keepaliveS * 500, closing.signal);
			const isHeldBack = awaitsRoom || inHand() >= windowMax;
			if (!isHeldBack || !client.connected || closing.signal.aborted) continue;
			client.sendPing();
			client.reschedulePing(true);
		}
	};
	void keepUp();

	let disposing: Promise<void> | undefined;
	return {
		stats: () => ({
			connected: isConnected,
			sinceMs: clock.monotonicMs() - changedAtMs,
			connects,
			waiting: inHand(),
			acknowledged,
			stale,
			badTopics,
			tooLarge,
			failing: failing && {topic: failing.topic, times: failing.times},
			refusedTopics,
			weakTopics,
			dropped,
		}),
		publish: (topic, payload, {retain}) => {
			if (!client.connected || lane === undefined || lane.stream.destroyed) return false;
			client.publish(topic, Buffer.from(payload), {qos: 0, retain});
			return true;
		},
		listen: filters => {
			const further = filters.filter(filter => !topics.includes(filter));
			if (further.length === 0) return;
			topics.push(...further);
			const hadAll = isSubscribed;
			isSubscribed = false;
			// Else the connection subscribes when it stands, or the subscription that is on its way does it again.
			if (hadAll && client.connected && lane !== undefined && !lane.stream.destroyed) subscribe(lane.stream);
		},
		[Symbol.asyncDispose]: () => {
			closing.abort();
			disposing ??= client.endAsync(true);
			return disposing;
		},
	};
}

/** Said in full, or an environment variable could switch the check off [Node.js NODE_TLS_REJECT_UNAUTHORIZED]. */
function tlsOptions({ca, certificate, key, serverName}: NonNullable<MqttClientOptions['tls']> = {}): IClientOptions {
	const common = {
		rejectUnauthorized: true,
		minVersion: 'TLSv1.2',
		...(ca === undefined ? {} : {ca}),
		...(certificate === undefined || key === undefined ? {} : {cert: certificate, key}),
		...(serverName === undefined ? {} : {servername: serverName}),
	} as const;
	// Of wss the library passes on some of these only.
	return {...common, wsOptions: common};
}

/** The library's private part that makes a connection for each attempt, whatever the URL. */
type Internals = {streamBuilder: (client: MqttClient) => Duplex};

function connectOrExplain(options: MqttClientOptions, clientOptions: IClientOptions, wrap: (inner: Duplex) => BrokerStream): MqttClient {
	return explained(options, () => {
		const client = connect(options.url, clientOptions);
		const internals = client as unknown as Internals;
		const {streamBuilder} = internals;
		internals.streamBuilder = one => wrap(streamBuilder(one));
		return client;
	});
}

function beginOrExplain(client: MqttClient, options: MqttClientOptions): void {
	explained(options, () => client.connect());
}

function explained<T>({name}: MqttClientOptions, work: () => T): T {
	try {
		return work();
	} catch (cause) {
		throw new AgentError('ARGUMENT_INVALID', `the URL of broker "${name}" cannot be used`, {
			hint: 'Write it as mqtt://host:1883 or mqtts://host:8883.',
			cause,
		});
	}
}
