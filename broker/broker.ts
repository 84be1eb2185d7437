// The embedded broker: lets devices in, hands what they publish to the agent, and acknowledges it only once the agent says that it is kept.

import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {createServer as createTlsServer} from 'node:tls';
import {
	Aedes,
	type AedesOptions,
	type AuthenticateError,
	type Client,
	type ConnectPacket,
	type PublishPacket,
	type Subscription,
} from 'aedes';
import {type Clock, systemClock} from '../agent/base/clock.ts';
import {AgentError, describeError} from '../agent/base/errors.ts';
import type {Logger} from '../agent/base/logger.ts';
import {arrivalFlags} from '../agent/format/arrival.ts';
import {type Allowance, createAllowance, narrower} from './allowance.ts';
import {createFailures} from './failures.ts';
import {createInOrder, type InOrder} from './in-order.ts';
import {createInterest} from './interest.ts';
import {LengthGate, type Throttle} from './length-gate.ts';
import {type BrokerLimits, defaultLimits} from './limits.ts';
import {type ClosedReason, RefusedConnection} from './refused-connection.ts';
import {type CertificateProblem, contextOptions, type PeerCertificate, peerOf, type TlsMaterial} from './tls.ts';
import {coversAny, isCleanText, isWithinBytes} from './topic.ts';
import {type Claim, createTurnedAwayWatch, type TurnedAway} from './turned-away.ts';

/** A publish as the broker received it. */
export type Delivery = {
	readonly topic: string;
	/** A view into the socket's chunk: whoever keeps it for long MUST copy it, or it keeps up to 64 KiB alive. */
	readonly payload: Uint8Array;
	/** Bits as in format/arrival.ts arrivalFlags. */
	readonly flags: number;
	/** Device id. */
	readonly identity: string;
	readonly clientId: string;
	/** undefined at QoS 0. */
	readonly packetId: number | undefined;
};

/** kept: entries or repeats are durable. refused: the refusal is durable. failed: nothing is known to be durable, so no PUBACK may leave. */
export type Outcome = 'kept' | 'refused' | 'failed';

/** Who a connection belongs to. */
export type Identity = {
	readonly deviceId: string;
	/** A device publishes and may listen to its own topics; a reader only listens. */
	readonly role: 'device' | 'reader';
	/** The device's own topics, or what the reader may listen to. Asked for each time, so a getter can follow what changes. */
	readonly topicFilters: readonly string[];
	/** What a device may listen to and not speak on, not even by its will. @default none */
	readonly heardFilters?: readonly string[];
	/** Topics on which a reader may say something that is acknowledged and goes nowhere; on any other it loses its connection. @default none */
	readonly ignoredFilters?: readonly string[];
	/** Its client id need not be its own, since it is nobody's name. @default false */
	readonly isClientIdFree?: boolean;
	/** Messages a second that are read from all its connections together; it waits with more. @default no limit but that of all devices */
	readonly messagesPerSecondMax?: number | undefined;
};

/** All that the broker needs of the rest of the agent. */
export type BrokerNeeds = {
	/** Called in order of arrival. `done` MUST be called exactly once, at once or later, and MUST NOT say kept or refused before that is durable. */
	readonly accept: (delivery: Delivery, done: (outcome: Outcome) => void) => void;
	/** undefined: there is room. Else resolves when there is room again; nothing is read meanwhile. */
	readonly pressure: () => Promise<void> | undefined;
	/** undefined: not known, or the wrong password. A certificate chains to the client CA and is valid now; whose it is must be known here. */
	readonly authenticate: (
		clientId: string,
		username: string | undefined,
		password: Uint8Array | undefined,
		certificate: PeerCertificate | undefined,
	) => Promise<Identity | undefined>;
	/** False while the agent is frozen or full: CONNECT is then answered with code 3. */
	readonly mayConnect: () => boolean;
	readonly logger: Logger;
};

export type BrokerOptions = {
	/** @default '127.0.0.1' */
	readonly host?: string;
	/** Not encrypted. 0 takes a free port, 'none' listens with TLS only. @default 1883, with `tls` 'none' */
	readonly port?: number | 'none';
	readonly tls?: TlsMaterial & {
		/** 0 takes a free port. @default 8883 */
		readonly port?: number;
	};
	/** Messages a second that are read from all connections together; devices wait with more. @default no limit */
	readonly messagesPerSecondMax?: number | undefined;
	readonly limits?: Partial<BrokerLimits>;
	/** @default systemClock */
	readonly clock?: Clock;
};

export type BrokerStats = {
	/** Sockets open now. */
	readonly connections: number;
	/** Connections that are authenticated now. */
	readonly sessions: number;
	/** Sockets closed at once: too many in all, or from one address. */
	readonly turnedAway: number;
	/** Of those that were not let in or were closed for what they did, the newest, first. */
	readonly newestTurnedAway: readonly TurnedAway[];
	/** TLS handshakes that failed or were not completed in time. */
	readonly handshakesFailed: number;
	/** CONNECT packets answered with a code other than 0, and connections closed at once because too many before failed. */
	readonly connectsRefused: Readonly<Record<ConnectRefusal, number>>;
	/** How often a connection had to wait because it or all together sent more messages than they may in a second. */
	readonly throttled: number;
	/** Devices that had to wait, by name; the last 20. */
	readonly throttledDevices: readonly string[];
	/** Wills that were not published: on the topic of another, or of a device that was closed by us. */
	readonly willsRefused: number;
	/** Connections closed by us, by reason. */
	readonly closed: Readonly<Record<ClosedReason, number>>;
	/** Messages that subscribers missed because too many were on their way. */
	readonly undelivered: number;
};

/** Why a CONNECT was answered with a code other than 0. */
export type ConnectRefusal =
	/** Frozen, full, or the answer is not to be had. */
	| 'unavailable'
	/** No such device, the wrong password, or none. */
	| 'credentials'
	/** A client id that is not the device's. */
	| 'identifier'
	/** A certificate that no device has. */
	| 'certificate-unknown'
	| CertificateProblem
	/** Too many failures before: not looked at. */
	| 'too-many-failures';

export type Broker = {
	readonly host: string;
	/** The port that is bound; the one with TLS if that is the only one. */
	readonly port: number;
	/** The port that is bound with TLS. */
	readonly tlsPort: number | undefined;
	readonly stats: () => BrokerStats;
	/** Sends something of the agent's own to whoever has subscribed; a retained one also to whoever does later. An empty retained payload takes the last one back. */
	readonly publish: (topic: string, payload: Uint8Array, options: {readonly retain: boolean}) => void;
	/** Closes every connection; devices may come back as soon as `mayConnect` lets them. */
	readonly kickAll: () => void;
	/** Closes the connections of a device, also those that are just being let in, without its will, and gives how many. `authenticate` MUST refuse it from before the call. */
	readonly kick: (deviceId: string) => number;
	/** Closes the connections whose certificate has run out. */
	readonly closeExpired: (nowMs: number) => void;
	/**
	 * New connections get this certificate; those that came with a client certificate are closed if the client CA is another one. Fails with KEY_INVALID if it cannot be
	 * used, and then the old one stays.
	 */
	readonly useCertificate: (material: TlsMaterial) => void;
	/** Stops listening and closes every connection. What was not acknowledged the devices still hold. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

type Callback = (error?: Error | null) => void;
type Publishing = {readonly packet: PublishPacket; readonly callback: Callback};

/** What we know of an authenticated connection. */
type Session = {
	readonly identity: Identity;
	readonly deviceId: string;
	readonly role: Identity['role'];
	readonly clientId: string;
	readonly certificate: PeerCertificate | undefined;
	readonly answers: InOrder<Publishing, Outcome>;
	readonly subscriptions: Set<string>;
	/** Filters that were looked at and not granted. */
	subscriptionsRefused: number;
};

/** A packet holds thousands of filters, and each is held against all topics of a gateway: of a connection that asks for so many times more than it may have no more are looked at. */
const refusedPerSubscription = 8;

/** Closed for no fault of theirs. */
const ourDoing: readonly ClosedReason[] = ['kicked', 'not-kept'];

/** Devices that the stats name. */
const throttledNamedMax = 20;
/** Devices whose allowance is kept after they have gone; more than a config holds. */
const allowancesMax = 16_384;

/** Return codes of CONNACK [MQTT 3.1.1 §3.2.2.3]. */
const connack = {identifierRejected: 2, unavailable: 3, notAuthorized: 5} as const;

/** Starts to listen. Fails with PORT_TAKEN, ARGUMENT_INVALID (a host that is not ours) or KEY_INVALID (a certificate that cannot be used). */
export async function openBroker(needs: BrokerNeeds, options: BrokerOptions = {}): Promise<Broker> {
	const {logger} = needs;
	const host = options.host ?? '127.0.0.1';
	const limits: BrokerLimits = {...defaultLimits, ...options.limits};
	const clock = options.clock ?? systemClock;
	// First of all, so that nothing is open yet if it fails.
	const context = options.tls && contextOptions(options.tls);

	/** Keyed by gate; a session stays known for the will, which the library sends after the connection has closed. */
	const sessions = new WeakMap<object, Session>();
	const gates = new Set<LengthGate>();
	const countByAddress = new Map<string, number>();
	const interest = createInterest();
	/** Packets whose arrival was refused, until the library asks to deliver them. */
	const undeliverable = new WeakSet<PublishPacket>();

	/** Gates whose closing has its reason. */
	const counted = new WeakSet<object>();

	/** Where a connection comes from, and what its certificate says. */
	const peers = new WeakMap<object, ReturnType<typeof peerOf> & {readonly address: string}>();
	const failures = createFailures(limits, clock.monotonicMs);
	const turnedAwayWatch = createTurnedAwayWatch({clock, logger});
	/** By gate: what its CONNECT says that it is. */
	const claims = new WeakMap<object, Omit<Claim, 'address'>>();
	const claimOf = (gate: object): Claim => ({address: peers.get(gate)?.address ?? '', ...claims.get(gate)});
	/** For each CONNECT that is being looked at, the devices that were kicked meanwhile. */
	const deciding = new Set<Set<string>>();
	const allAllowance =
		options.messagesPerSecondMax === undefined ? undefined : createAllowance(options.messagesPerSecondMax, clock.monotonicMs);
	/** A device that comes again finds its allowance as it left it. */
	const allowances = new Map<string, {readonly perSecond: number; readonly allowance: Allowance}>();
	/** The one that waited last is the last. */
	const throttledDevices = new Set<string>();

	let sessionCount = 0;
	let turnedAway = 0;
	let handshakesFailed = 0;
	let throttled = 0;
	let willsRefused = 0;
	let undelivered = 0;
	let delivering = 0;
	const connectsRefused: Record<ConnectRefusal, number> = {
		unavailable: 0,
		credentials: 0,
		identifier: 0,
		'certificate-unknown': 0,
		'certificate-untrusted': 0,
		'certificate-expired': 0,
		'too-many-failures': 0,
	};
	const closed: Record<ClosedReason, number> = {
		oversize: 0,
		'malformed-length': 0,
		'not-connect': 0,
		idle: 0,
		'bad-text': 0,
		'malformed-publish': 0,
		'qos-2': 0,
		'reader-published': 0,
		'not-kept': 0,
		kicked: 0,
		'certificate-ended': 0,
		protocol: 0,
	};

	const isUsable = (text: string, bytesMax: number): boolean => isWithinBytes(text, bytesMax) && isCleanText(text);

	const preConnect: NonNullable<AedesOptions['preConnect']> = (client, packet: ConnectPacket, callback) => {
		claims.set(client.conn, {clientId: packet.clientId, user: packet.username});
		const {will} = packet;
		if (
			!isUsable(packet.clientId, limits.clientIdBytesMax) ||
			!isCleanText(packet.username ?? '') ||
			(will !== undefined && (will.topic.startsWith('$') || !isUsable(will.topic, limits.topicBytesMax)))
		) {
			callback(new RefusedConnection('bad-text'), false);
			return;
		}
		// Sessions end with their connection, so CONNACK always says "no session present": the library keeps a queue without any bound for each absent subscriber, and
		// stores the filters it refused when they share a SUBSCRIBE with one that it granted. Readings need no session: the device resends what was not acknowledged.
		packet.clean = true;
		callback(null, true);
	};

	const authenticate: NonNullable<AedesOptions['authenticate']> = (client, username, password, done) => {
		const {address, certificate, problem} = peers.get(client.conn)!;
		// Whom a failure is held against.
		const user = username ?? client.id;
		const refuse = (kind: ConnectRefusal, returnCode: number): void => {
			connectsRefused[kind] += 1;
			logger.log('debug', 'connect refused', {clientId: client.id, address, why: kind});
			turnedAwayWatch.saw(kind, claimOf(client.conn), kind === 'unavailable' ? 'info' : 'warn');
			if (returnCode !== connack.unavailable && failures.failed(address, user))
				logger.log('warn', 'too many failed attempts to connect, the next ones must wait', {address, user, why: kind});
			done(Object.assign(new Error(`connect refused: ${kind}`), {returnCode}) as AuthenticateError, null);
		};
		if (!needs.mayConnect()) {
			refuse('unavailable', connack.unavailable);
			return;
		}
		// Before anything that costs: a password check takes as long as a commit.
		if (failures.userWaits(address, user)) {
			refuse('too-many-failures', connack.unavailable);
			return;
		}
		// Whoever shows a certificate must be the one that it says, whatever password comes with it.
		if (problem !== undefined) {
			refuse(problem, connack.notAuthorized);
			return;
		}
		const kicked = new Set<string>();
		deciding.add(kicked);
		needs
			.authenticate(client.id, username, password, certificate)
			.finally(() => deciding.delete(kicked))
			.then(
				identity => {
					if (identity === undefined || kicked.has(identity.deviceId)) {
						refuse(certificate === undefined ? 'credentials' : 'certificate-unknown', connack.notAuthorized);
						return;
					}
					// A CONNECT with the id of a live client ends that client [MQTT-3.1.4-2], so an id must belong to whoever uses it.
					if (identity.isClientIdFree !== true && !isOwnClientId(client.id, identity.deviceId)) {
						refuse('identifier', connack.identifierRejected);
						return;
					}
					const gate = client.conn as LengthGate;
					if (gate.destroyed) return;
					failures.succeeded(address, user);
					startSession(client, gate, identity, certificate);
					done(null, true);
				},
				(error: unknown) => {
					logger.log('error', 'authentication failed', {error: describeError(error)});
					refuse('unavailable', connack.unavailable);
				},
			);
	};

	const startSession = (client: Client, gate: LengthGate, identity: Identity, certificate: PeerCertificate | undefined): void => {
		const {deviceId, role} = identity;
		const answers = createInOrder<Publishing, Outcome>(({packet, callback}, outcome) => {
			// The device did not get its PUBACK and sends again; only then it is told, and subscribers with it.
			if (client.closed || gate.destroyed) return;
			if (outcome === 'failed') {
				gate.destroy(new RefusedConnection('not-kept'));
				return;
			}
			if (outcome === 'refused') undeliverable.add(packet);
			// The PUBACK leaves from here: the library writes it as soon as the publish is authorised.
			callback();
		});
		const session: Session = {
			identity,
			deviceId,
			role,
			clientId: client.id,
			certificate,
			answers,
			subscriptions: new Set(),
			subscriptionsRefused: 0,
		};
		sessions.set(gate, session);
		sessionCount += 1;
		gate.once('close', () => {
			sessionCount -= 1;
			for (const filter of session.subscriptions) interest.remove(filter);
		});
		gate.admit(throttleOf(identity));
	};

	const throttleOf = ({deviceId, messagesPerSecondMax}: Identity): Throttle | undefined => {
		const allowance = narrower(allowanceOf(deviceId, messagesPerSecondMax), allAllowance);
		return (
			allowance && {
				allowance,
				sleep: clock.sleep,
				onWait: () => {
					throttled += 1;
					throttledDevices.delete(deviceId);
					throttledDevices.add(deviceId);
					if (throttledDevices.size > throttledNamedMax) throttledDevices.delete(throttledDevices.values().next().value!);
				},
			}
		);
	};

	const allowanceOf = (deviceId: string, perSecond: number | undefined): Allowance | undefined => {
		if (perSecond === undefined) return undefined;
		const found = allowances.get(deviceId);
		if (found?.perSecond === perSecond) return found.allowance;
		if (allowances.size >= allowancesMax) allowances.delete(allowances.keys().next().value!);
		const allowance = createAllowance(perSecond, clock.monotonicMs);
		allowances.set(deviceId, {perSecond, allowance});
		return allowance;
	};

	const authorizePublish: NonNullable<AedesOptions['authorizePublish']> = (client, packet, callback) => {
		// Wills take this way as well. They come from a closed client or from none, and they are no packets: the library builds them from the CONNECT. A jump of the wall
		// clock can make the library publish wills of live clients, hence the second test.
		if (client === null || client.closed || packet.cmd !== 'publish') {
			authorizeWill(client, packet, callback);
			return;
		}
		const session = sessions.get(client.conn);
		const reason = session === undefined ? 'protocol' : whyRefused(session, packet);
		if (session === undefined || reason !== undefined) {
			callback(new RefusedConnection(reason ?? 'protocol'));
			return;
		}
		const flags = packet.qos | (packet.dup ? arrivalFlags.dup : 0) | (packet.retain ? arrivalFlags.retain : 0);
		// Nothing of a device is kept as old state [design: retain], and DUP concerns this hop only [MQTT-3.3.1-3].
		packet.retain = false;
		packet.dup = false;
		if (session.role === 'reader') {
			undeliverable.add(packet);
			callback();
			return;
		}
		needs.accept(
			{
				topic: packet.topic,
				payload: packet.payload as Uint8Array,
				flags,
				identity: session.deviceId,
				clientId: session.clientId,
				packetId: packet.qos === 0 ? undefined : packet.messageId,
			},
			session.answers.take({packet, callback}),
		);
	};

	/** The reason to close the connection instead of accepting the publish. A topic that is not the device's own is none: admission refuses it and keeps the bytes. */
	const whyRefused = (session: Session, packet: PublishPacket): ClosedReason | undefined => {
		if (session.role !== 'device' && !coversAny(session.identity.ignoredFilters ?? [], packet.topic)) return 'reader-published';
		if (packet.qos > 1) return 'qos-2';
		const {topic} = packet;
		// `$` is the broker's own ground [MQTT 3.1.1 §4.7.2].
		if (topic.charCodeAt(0) === 0x24 || !isUsable(topic, limits.topicBytesMax)) return 'bad-text';
		// The parser reads a packet id past the end of a packet that is too short for one.
		const idLength = packet.qos === 0 ? 0 : 2;
		if (packet.length !== 2 + Buffer.byteLength(topic) + idLength + packet.payload.length) return 'malformed-publish';
		// [MQTT-2.3.1-1]
		return idLength > 0 && packet.messageId === 0 ? 'malformed-publish' : undefined;
	};

	/** A will is never a reading; subscribers get it if it lies within the device's own topics. */
	const authorizeWill = (client: Client | null, will: PublishPacket, callback: Callback): void => {
		const session = client?.closed ? sessions.get(client.conn) : undefined;
		if (session?.role !== 'device' || !coversAny(session.identity.topicFilters, will.topic) || /[+#]/.test(will.topic)) {
			willsRefused += 1;
			callback(new Error('the will is not published'));
			return;
		}
		will.retain = false;
		if (will.qos > 1) will.qos = 1;
		callback();
	};

	const authorizeSubscribe: NonNullable<AedesOptions['authorizeSubscribe']> = (client, subscription: Subscription, callback) => {
		const session = sessions.get(client.conn);
		const {topic} = subscription;
		if (session === undefined || !isUsable(topic, limits.topicBytesMax)) {
			callback(new RefusedConnection('bad-text'));
			return;
		}
		const isFull =
			(session.subscriptions.size >= limits.subscriptionsMax && !session.subscriptions.has(topic)) ||
			session.subscriptionsRefused >= limits.subscriptionsMax * refusedPerSubscription;
		// `$SYS/` is nobody's business, and the library takes `$share/` literally: granted, and never a message [aedes #228].
		const isReserved = topic.startsWith('$') || (topic === '#' && session.role === 'device');
		if (isFull || isReserved || !mayHear(session.identity, topic)) {
			session.subscriptionsRefused += 1;
			// SUBACK 0x80 [MQTT 3.1.1 §3.9.3].
			callback(null, null);
			return;
		}
		if (!session.subscriptions.has(topic)) {
			session.subscriptions.add(topic);
			interest.add(topic);
		}
		callback(null, subscription);
	};

	const aedes = new Aedes({
		concurrency: limits.concurrency,
		heartbeatInterval: 60_000,
		connectTimeout: limits.connectTimeoutMs,
		drainTimeout: limits.drainTimeoutMs,
		// Refusing a keep-alive would need a return code that MQTT 3.1.1 does not have; the idle limit does the same work.
		keepaliveLimit: 0,
		queueLimit: limits.queueLimit,
		maxInflightInbound: limits.maxInflightInbound,
		// MQTT 3.1 only; 3.1.1 has our own limit.
		maxClientsIdLength: 23,
		maxTopicLevels: limits.topicLevelsMax,
		trustProxy: false,
		trustedProxies: [],
		preConnect,
		authenticate,
		authorizePublish,
		authorizeSubscribe,
		authorizeForward: (_client, packet) => packet,
		published: (_packet, _client, callback) => callback(null),
	});
	// The library's own persistence in memory stays: others lose messages on the way to subscribers [aedes #955, #994].
	await aedes.listen();
	deliverOnlyWhatIsWanted();

	/**
	 * The library calls its `publish` for each message after the PUBACK. Going on to subscribers costs more than all the rest, so it is left out where there is none; a
	 * refused arrival goes to nobody; and a publisher does not wait for subscribers, or a frozen one would stop every meter for the drain timeout.
	 */
	function deliverOnlyWhatIsWanted(): void {
		type Publish = (packet: PublishPacket, client: Client | Callback | null, done?: Callback) => void;
		const deliver = aedes.publish.bind(aedes) as Publish;
		const delivered = (): void => {
			delivering -= 1;
		};
		const publish: Publish = (packet, client, done) => {
			if (client === null || typeof client === 'function' || done === undefined) {
				deliver(packet, client, done);
				return;
			}
			if (interest.has(packet.topic) && !undeliverable.has(packet)) {
				if (delivering < limits.deliveriesMax) {
					delivering += 1;
					deliver(packet, client, delivered);
				} else undelivered += 1;
			}
			done();
		};
		aedes.publish = publish as typeof aedes.publish;
	}

	const countClosed = (client: Client, error: Error): void => {
		// A CONNECT answered with a code is counted there. The library may find several faults in what it had already read.
		if ('errorCode' in error || counted.has(client.conn)) return;
		counted.add(client.conn);
		const reason = error instanceof RefusedConnection ? error.reason : 'protocol';
		closed[reason] += 1;
		logger.log('debug', 'connection closed', {reason, clientId: client.id ?? undefined, detail: error.message});
		if (!ourDoing.includes(reason)) turnedAwayWatch.saw(reason, claimOf(client.conn), 'info');
	};
	aedes.on('clientError', countClosed);
	aedes.on('connectionError', countClosed);
	// Its typed events leave out `error`, which must have a listener.
	(aedes as NodeJS.EventEmitter).on('error', (error: unknown) =>
		logger.log('warn', 'the MQTT library reports', {error: describeError(error)}),
	);

	/** Every socket that is open, those in a handshake included. */
	const sockets = new Set<Socket>();

	const turnAway = (address: string): void => {
		turnedAway += 1;
		turnedAwayWatch.saw('too-many-connections', {address}, 'warn');
	};

	/** Whether there is room for it; counts it until it closes. */
	const hasRoom = (socket: Socket): boolean => {
		const address = socket.remoteAddress ?? '';
		if (failures.addressWaits(address)) {
			connectsRefused['too-many-failures'] += 1;
			turnedAwayWatch.saw('too-many-failures', {address}, 'warn');
			return false;
		}
		const count = countByAddress.get(address) ?? 0;
		if (count >= limits.connectionsPerAddressMax || sockets.size >= limits.connectionsMax) {
			turnAway(address);
			return false;
		}
		countByAddress.set(address, count + 1);
		sockets.add(socket);
		socket.once('close', () => {
			sockets.delete(socket);
			const left = (countByAddress.get(address) ?? 1) - 1;
			if (left > 0) countByAddress.set(address, left);
			else countByAddress.delete(address);
		});
		return true;
	};

	const takeSocket = (socket: Socket, peer: ReturnType<typeof peerOf>): void => {
		socket.setTimeout(limits.idleMsMax);
		const gate = new LengthGate(socket, limits, needs.pressure);
		peers.set(gate, {...peer, address: socket.remoteAddress ?? ''});
		gates.add(gate);
		gate.once('close', () => gates.delete(gate));
		aedes.handle(gate);
	};

	const server =
		options.port === 'none' || (options.port === undefined && options.tls !== undefined)
			? undefined
			: createServer({noDelay: true, allowHalfOpen: false}, socket => {
					if (hasRoom(socket)) takeSocket(socket, {});
					else socket.destroy();
				});

	/** By address and port of the client, which is all that the two sockets of a TLS connection have in common. */
	const handshaking = new Map<string, string>();
	const keyOf = ({remoteAddress, remotePort}: Socket): string => `${remoteAddress} ${remotePort}`;
	const mayShakeHands = (address: string): boolean => {
		if (handshaking.size >= limits.handshakesMax) return false;
		let ofAddress = 0;
		for (const one of handshaking.values()) if (one === address) ofAddress += 1;
		return ofAddress < Math.ceil(limits.handshakesMax / 2);
	};
	let clientCa = options.tls?.clientCa;
	// Does not listen itself: sockets are counted before a handshake begins, which costs far more than they do.
	const secure =
		context === undefined
			? undefined
			: createTlsServer({
					...context,
					requestCert: clientCa !== undefined,
					// Who has no certificate may have a password. What a bad one means is decided with CONNECT, where it can be answered.
					rejectUnauthorized: false,
					handshakeTimeout: limits.connectTimeoutMs,
					allowHalfOpen: false,
				});
	secure?.on('secureConnection', socket => {
		handshaking.delete(keyOf(socket));
		takeSocket(socket, peerOf(socket));
	});
	secure?.on('tlsClientError', (error, socket) => {
		handshakesFailed += 1;
		const address = socket.remoteAddress ?? '';
		turnedAwayWatch.saw('handshakes-failed', {address}, 'warn');
		logger.log('debug', 'TLS handshake failed', {address, error: describeError(error)});
		// After a timeout the socket would else stay open [nodejs/node-v0.x-archive #4383].
		socket.destroy();
		if (failures.failed(address)) logger.log('warn', 'too many failed attempts to connect, the next ones must wait', {address});
	});
	const tlsServer =
		secure &&
		createServer({noDelay: true, allowHalfOpen: false}, socket => {
			const address = socket.remoteAddress ?? '';
			// What goes wrong during the handshake the other socket tells.
			socket.on('error', () => {});
			if (!mayShakeHands(address)) turnAway(address);
			else if (hasRoom(socket)) {
				const key = keyOf(socket);
				handshaking.set(key, address);
				socket.once('close', () => handshaking.delete(key));
				secure.emit('connection', socket);
				return;
			}
			socket.destroy();
		});

	let port: number | undefined;
	let tlsPort: number | undefined;
	try {
		if (server !== undefined) port = await listen(server, host, options.port === 'none' ? 0 : (options.port ?? 1883));
		if (tlsServer !== undefined) tlsPort = await listen(tlsServer, host, options.tls?.port ?? 8883);
	} catch (error) {
		server?.close();
		await new Promise<void>(resolve => aedes.close(() => resolve()));
		throw error;
	}
	// Out of file descriptors, say: those who are connected go on.
	for (const one of [server, tlsServer])
		one?.on('error', error => logger.log('warn', 'a connection could not be taken', {error: describeError(error)}));
	logger.log('info', 'broker listens', {host, port, tlsPort});

	const closeAll = (reason: ClosedReason, isMeant: (session: Session) => boolean): number => {
		let count = 0;
		for (const gate of gates) {
			const session = sessions.get(gate);
			if (session === undefined || !isMeant(session)) continue;
			count += 1;
			// Without a session nothing more is done in its name, not even its will.
			sessions.delete(gate);
			gate.destroy(new RefusedConnection(reason));
		}
		return count;
	};

	let disposing: Promise<void> | undefined;
	const dispose = async (): Promise<void> => {
		const ended = [server, tlsServer].map(
			one => new Promise<void>(resolve => (one === undefined ? resolve() : one.close(() => resolve()))),
		);
		await new Promise<void>(resolve => aedes.close(() => resolve()));
		// Those that never came as far as being a client of the library, or as a packet.
		for (const gate of gates) gate.destroy();
		for (const socket of sockets) socket.destroy();
		await Promise.all(ended);
	};

	return {
		host,
		port: (port ?? tlsPort)!,
		tlsPort,
		stats: () => ({
			connections: sockets.size,
			sessions: sessionCount,
			turnedAway,
			newestTurnedAway: turnedAwayWatch.newest(),
			handshakesFailed,
			throttled,
			throttledDevices: [...throttledDevices],
			willsRefused,
			connectsRefused: {...connectsRefused},
			closed: {...closed},
			undelivered,
		}),
		publish: (topic, payload, {retain}) => {
			const packet = {cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain, dup: false} as const;
			aedes.publish(packet, error => {
				if (error) logger.log('warn', 'a message could not be published', {topic, error: describeError(error)});
			});
		},
		kickAll: () => {
			for (const gate of gates) gate.destroy(new RefusedConnection('kicked'));
		},
		kick: deviceId => {
			for (const kicked of deciding) kicked.add(deviceId);
			return closeAll('kicked', session => session.deviceId === deviceId);
		},
		closeExpired: nowMs =>
			void closeAll('certificate-ended', ({certificate}) => certificate !== undefined && certificate.notAfterMs <= nowMs),
		useCertificate: material => {
			secure?.setSecureContext(contextOptions(material));
			if (material.clientCa === clientCa) return;
			clientCa = material.clientCa;
			closeAll('certificate-ended', ({certificate}) => certificate !== undefined);
		},
		[Symbol.asyncDispose]: () => {
			disposing ??= dispose();
			return disposing;
		},
	};
}

function mayHear({topicFilters, heardFilters = []}: Identity, topic: string): boolean {
	return coversAny(topicFilters, topic) || coversAny(heardFilters, topic);
}

/** A device may hold several connections: its own id alone, or with a suffix of its choice. */
function isOwnClientId(clientId: string, deviceId: string): boolean {
	return clientId === deviceId || clientId.startsWith(`${deviceId}:`) || clientId.startsWith(`${deviceId}/`);
}

/** Gives the port that is bound. */
function listen(server: Server, host: string, port: number): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once('error', (cause: NodeJS.ErrnoException) => {
			reject(
				cause.code === 'EADDRINUSE' || cause.code === 'EACCES'
					? new AgentError('PORT_TAKEN', `cannot listen on ${host}:${port}`, {
							hint: 'Choose another port for the broker, or stop what uses it.',
							cause,
						})
					: new AgentError('ARGUMENT_INVALID', `cannot listen on ${host}:${port}`, {
							hint: "The host must be one of this machine's addresses.",
							cause,
						}),
			);
		});
		server.listen(port, host, () => {
			server.removeAllListeners('error');
			resolve((server.address() as AddressInfo).port);
		});
	});
}
