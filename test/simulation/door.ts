// The embedded broker's seam and the devices behind it: they publish, resend with DUP until they are acknowledged, drop out and come back.
import {utf8} from '../../agent/base/bytes.ts';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import type {MqttClientNeeds, MqttDoor} from '../../agent/ingest/mqtt-client.ts';
import type {Broker, BrokerNeeds, BrokerStats, Delivery, Outcome} from '../../broker/broker.ts';
import {createInOrder, type InOrder} from '../../broker/in-order.ts';
import type {Chance} from '../../sim/seed.ts';
import type {Faults} from './fault.ts';
import type {Life, Loop} from './loop.ts';

/** What a device wants to have kept. */
export type Message = {
	readonly device: string;
	readonly serial: number;
	readonly topic: string;
	readonly payload: Uint8Array;
	readonly qos: 0 | 1;
	/** What each of its good readings is known by; see `identityOf`. */
	readonly readings: readonly string[];
	readonly packetId: number;
	sent: number;
};

/** What tells one reading from another, as the device and the log must both see it. */
export function identityOf(device: string, pointer: string, fields: Readonly<Record<string, unknown>>): string {
	const {boot, seq, at, n} = fields;
	const value = fields[pointer];
	// A device that sends neither counts in a field that no mapping names, so that its readings can be told apart here.
	return `${device} ${pointer} ${boot ?? ''} ${seq ?? ''} ${at ?? ''} ${seq === undefined && at === undefined ? n : ''} ${value}`;
}

export type Door = {
	readonly needs: Pick<BrokerNeeds, 'accept' | 'pressure' | 'mayConnect'>;
	readonly connections: Set<Connection>;
	isOpen: boolean;
};

type Connection = {
	readonly device: Device;
	readonly door: Door;
	readonly life: Life;
	readonly answers: InOrder<Message, Outcome>;
	readonly inbox: {readonly message: Message; readonly dup: boolean}[];
	isReading: boolean;
	isOpen: boolean;
};

/** The broker of yours, as the config names it. */
export const hub = {name: 'hub', url: 'mqtt://hub', clientId: 'kedge'} as const;

export const modes = ['session', 'sequence', 'time', 'bare'] as const;
export type Mode = (typeof modes)[number];

export type Device = {readonly id: string; readonly mode: Mode; readonly unsent: () => number};

export type DoorWatch = {
	/** A PUBACK leaves. */
	readonly acknowledged: (life: Life, message: Message, outcome: Outcome) => void;
	readonly sent: (message: Message) => void;
};

export type DoorMutant = {
	/** Acknowledges what arrives, and then hands it over. */
	readonly acknowledgesFirst?: boolean;
	/** Acknowledges what was not kept. */
	readonly acknowledgesFailed?: boolean;
	/** Says nothing of DUP. */
	readonly hidesDup?: boolean;
};

const windowMax = 4;
const outboxMax = 12;

/** What stands where `openBroker` stood, for one process. */
export function openDoor(life: Life, loop: Loop, taken: (door: Door | undefined) => void): (needs: BrokerNeeds) => Promise<Broker> {
	return needs =>
		new Promise(resolve => {
			loop.soon(life, 'listen', () => {
				const door: Door = {needs, connections: new Set(), isOpen: true};
				taken(door);
				const closeAll = (): void => {
					for (const connection of [...door.connections]) close(connection);
				};
				const stats: BrokerStats = {
					connections: 0,
					sessions: 0,
					turnedAway: 0,
					newestTurnedAway: [],
					handshakesFailed: 0,
					throttled: 0,
					throttledDevices: [],
					willsRefused: 0,
					connectsRefused: {
						unavailable: 0,
						credentials: 0,
						identifier: 0,
						'certificate-unknown': 0,
						'certificate-untrusted': 0,
						'certificate-expired': 0,
						'too-many-failures': 0,
					},
					closed: {} as BrokerStats['closed'],
					undelivered: 0,
				};
				resolve({
					host: '127.0.0.1',
					port: 1883,
					tlsPort: undefined,
					stats: () => ({...stats, connections: door.connections.size, sessions: door.connections.size}),
					publish: () => {},
					kickAll: closeAll,
					kick: () => 0,
					closeExpired: () => {},
					useCertificate: () => {},
					[Symbol.asyncDispose]: async () => {
						door.isOpen = false;
						closeAll();
						taken(undefined);
					},
				});
			});
		});
}

/** What stands where `openMqttClient` stood: a broker of yours that has a session for the agent, and keeps in it what is not acknowledged. */
export function openHubDoor(
	life: Life,
	loop: Loop,
	taken: (door: Door | undefined) => void,
): (needs: MqttClientNeeds) => Promise<MqttDoor> {
	return needs =>
		new Promise(resolve => {
			loop.soon(life, 'connect', () => {
				const door: Door = {needs: {...needs, mayConnect: () => true}, connections: new Set(), isOpen: true};
				taken(door);
				resolve({
					stats: () => ({
						connected: door.connections.size > 0,
						sinceMs: 0,
						connects: 0,
						waiting: 0,
						acknowledged: 0,
						stale: 0,
						badTopics: 0,
						tooLarge: 0,
						failing: undefined,
						refusedTopics: [],
						weakTopics: [],
						dropped: 0,
					}),
					publish: () => false,
					listen: () => {},
					[Symbol.asyncDispose]: async () => {
						closeDoor(door);
						taken(undefined);
					},
				});
			});
		});
}

function close(connection: Connection): void {
	connection.isOpen = false;
	connection.inbox.length = 0;
	connection.door.connections.delete(connection);
}

/** Closes the connections of a process that has ended. */
export function closeDoor(door: Door): void {
	door.isOpen = false;
	for (const connection of [...door.connections]) close(connection);
}

export function createDevice(options: {
	readonly id: string;
	readonly mode: Mode;
	readonly loop: Loop;
	readonly chance: Chance;
	readonly faults: Faults;
	readonly startMs: number;
	readonly watch: DoorWatch;
	readonly others: readonly string[];
	/** True if it publishes to a broker of yours: then the two together are what delivers again until the agent acknowledges. */
	readonly isBehindHub: boolean;
	/** The process that listens now. */
	readonly door: () => {readonly door: Door; readonly life: Life} | undefined;
	readonly mutant?: DoorMutant;
}): Device {
	const {id, mode, loop, chance, faults, watch, mutant = {}} = options;
	const periodMs = chance.pick([200, 800, 2500, 6000]);
	const outbox: Message[] = [];
	let connection: Connection | undefined;
	let serial = 0;
	let boot = 1;
	let sequence = 0;
	let packetId = 0;
	let lastFields: Record<string, unknown> | undefined;
	let holdUntilMs = 0;

	const make = (): Message => {
		serial += 1;
		packetId = (packetId % 65_535) + 1;
		const qos = chance.happens(0.08) ? 0 : 1;
		const base = {device: id, serial, qos, packetId, sent: 0} as const;
		const topic = `sim/${mode}/${id}`;
		if (faults.hits('garbage')) {
			const payload = chance.pick(['', '{', '[]', 'null', '{"e":"x"}', `{"n":${serial},"e":1e999,"p":${serial}}`, `{"n":${serial}}`]);
			// Half of it is good, where neither a time nor a sequence is missing.
			const isHalfGood = mode === 'bare' && payload.includes('1e999');
			return {...base, topic, payload: utf8(payload), readings: isHalfGood ? [identityOf(id, 'p', {n: serial, p: serial})] : []};
		}
		if (faults.hits('foreignTopic')) {
			const payload = utf8(JSON.stringify({n: serial, e: 1}));
			return {...base, topic: chance.pick([`sim/${mode}/${chance.pick(options.others)}x`, `other/${id}`]), payload, readings: []};
		}
		sequence += 1;
		const fields: Record<string, unknown> = {n: serial};
		if (mode === 'session') fields.boot = `b${boot}`;
		if (mode === 'session' || mode === 'sequence') fields.seq = sequence;
		if (mode === 'time' || mode === 'session') fields.at = Math.floor(options.startMs + loop.nowMs()) + (mode === 'time' ? serial % 7 : 0);
		// Equal values are nothing special where something else tells readings apart.
		fields.e = mode === 'bare' ? serial : chance.between(1, 50);
		if (chance.happens(0.5)) fields.p = mode === 'bare' ? serial + 1_000_000 : chance.between(0, 9);
		if (lastFields !== undefined && mode !== 'bare' && faults.hits('conflict')) {
			// The key of the message before, and another value.
			for (const key of ['boot', 'seq', 'at']) if (key in lastFields) fields[key] = lastFields[key];
			fields.e = Number(lastFields.e) + 100 + serial;
			delete fields.p;
		}
		lastFields = fields;
		const pointers = ['e', 'p'].filter(pointer => pointer in fields);
		return {
			...base,
			topic,
			payload: utf8(JSON.stringify(fields)),
			readings: pointers.map(pointer => identityOf(id, pointer, fields)),
		};
	};

	const transmit = (to: Connection, message: Message): void => {
		message.sent += 1;
		watch.sent(message);
		const dup = message.qos === 1 && message.sent > 1;
		to.inbox.push({message, dup});
		if (message.qos === 1 && faults.hits('duplicate')) to.inbox.push({message, dup: true});
		read(to);
	};

	/** What is in the socket gets to the agent, some of it at a time, while there is room. */
	const read = (from: Connection): void => {
		if (from.isReading || from.inbox.length === 0 || !from.isOpen) return;
		from.isReading = true;
		loop.later(from.life, chance.between(0, 3), `${id} arrives`, () => {
			from.isReading = false;
			for (let count = chance.between(1, 3); count > 0 && from.inbox.length > 0 && from.isOpen; count -= 1) {
				const room = from.door.needs.pressure();
				if (room !== undefined) {
					from.isReading = true;
					void room.then(() => {
						from.isReading = false;
						read(from);
					});
					return;
				}
				const {message, dup} = from.inbox.shift()!;
				const flags = message.qos | (dup && !mutant.hidesDup ? arrivalFlags.dup : 0) | (options.isBehindHub ? arrivalFlags.client : 0);
				const delivery: Delivery = {
					topic: message.topic,
					payload: message.payload,
					flags,
					identity: options.isBehindHub ? hub.name : id,
					clientId: options.isBehindHub ? hub.clientId : id,
					packetId: message.qos === 0 ? undefined : message.packetId,
				};
				const answer = from.answers.take(message);
				if (mutant.acknowledgesFirst) {
					answer('kept');
					from.door.needs.accept(delivery, () => {});
				} else from.door.needs.accept(delivery, answer);
			}
			read(from);
		});
	};

	const connect = (): void => {
		const there = options.door();
		if (there === undefined || !there.door.isOpen || !there.life.alive || !there.door.needs.mayConnect()) return;
		const {door, life} = there;
		const mine: Connection = {
			device: self,
			door,
			life,
			answers: createInOrder<Message, Outcome>((message, outcome) => {
				if (!mine.isOpen) return;
				if (outcome === 'failed' && mutant.acknowledgesFailed && message.qos === 1) watch.acknowledged(life, message, 'kept');
				if (outcome === 'failed') {
					loop.trace(`${id} ${message.serial} not kept`);
					close(mine);
					return;
				}
				if (message.qos === 0) return;
				loop.trace(`${id} ${message.serial} ${outcome}`);
				watch.acknowledged(life, message, outcome);
				loop.later(undefined, chance.between(0, 20), `${id} puback`, () => {
					// Lost with the connection, if that went first.
					if (connection !== mine || !mine.isOpen) return;
					const at = outbox.indexOf(message);
					if (at >= 0) outbox.splice(at, 1);
					push();
				});
			}),
			inbox: [],
			isReading: false,
			isOpen: true,
		};
		connection = mine;
		door.connections.add(mine);
		// Everything that is not acknowledged is sent again, in its order [MQTT-4.4.0-1].
		inFlight.clear();
		push();
	};

	const inFlight = new Set<Message>();
	const push = (): void => {
		if (connection === undefined || !connection.isOpen || (loop.nowMs() < holdUntilMs && !faults.stopped())) return;
		for (const message of inFlight) if (!outbox.includes(message)) inFlight.delete(message);
		for (const message of [...outbox]) {
			if (inFlight.size >= windowMax) return;
			if (inFlight.has(message)) continue;
			if (message.qos === 0) outbox.splice(outbox.indexOf(message), 1);
			else inFlight.add(message);
			transmit(connection, message);
		}
	};

	const tick = (): void => {
		if (connection?.isOpen && faults.hits('drop')) close(connection);
		if (faults.hits('late')) holdUntilMs = loop.nowMs() + chance.pick([2000, 2000, 10_000, 1_200_000]);
		if (faults.hits('deviceRestart')) {
			boot += 1;
			sequence = mode === 'session' ? 0 : sequence;
			if (connection !== undefined) close(connection);
		}
		if (outbox.length < outboxMax && !self.isQuiet()) outbox.push(make());
		if (connection === undefined || !connection.isOpen) connect();
		else push();
		const isIdle = outbox.length >= outboxMax || (self.isQuiet() && outbox.length === 0);
		loop.later(undefined, periodMs * (isIdle ? 4 : 0.5 + chance.fraction()), `${id} tick`, tick);
	};

	const self = {
		id,
		mode,
		unsent: () => outbox.length,
		/** True: makes nothing new, only sends what is left. */
		isQuiet: () => faults.stopped(),
	};
	loop.later(undefined, chance.between(0, periodMs), `${id} tick`, tick);
	return self;
}
