// The front door's one admission: turns what a door received into entries, a repeat or a refusal, and says when that is durable.

import {assert} from '../base/assert.ts';
import {copyBytes} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import {arrivalFlags, encodeArrival} from '../format/arrival.ts';
import type {NoteBody} from '../format/body.ts';
import {parseDeviceKey} from '../format/device-key.ts';
import {type Entry, kinds, noteKinds, qualities} from '../format/entry.ts';
import {channelUrn, parseChannelUrn} from '../format/subject.ts';
import {type AdmitContext, admit, clockMsMin, isOutsideCalibration} from './admit.ts';
import {type Counters, counterName} from './counters.ts';
import {exactValue} from './decoders/decoded.ts';
import {type ChannelSpec, channelsMax, type DecodedReading, type DeviceRequest} from './decoders/decoder.ts';
import type {Device, Devices} from './devices.ts';
import {DeviceNumbers, type Gap} from './gaps.ts';
import {limitExceeded, limitsOf, type SlotLimits} from './limits.ts';
import type {OpenMapping} from './mapping.ts';
import {descriptionDetail, isSetAside, type Refused, refuse} from './refusal.ts';
import {type RegisterRules, type RegisterState, registerStart, registerStateOf, rulesOf, stepOf, unjudgedQualities} from './register.ts';
import {type Judgement, RepeatMemory} from './repeats.ts';
import {createSignatureGate, type Opened, refusedSince, type SignatureNeeds, type Signing} from './signatures.ts';
import {SilenceWatch, type SilentDevice, type Watched} from './silence.ts';

/** A publish as a door received it. */
export type Delivery = {
	readonly topic: string;
	readonly payload: Uint8Array;
	/** Bits as in format/arrival.ts. */
	readonly flags: number;
	/** Device id (embedded broker), or the configured name of the broker that it came through. */
	readonly identity: string;
	readonly clientId: string;
	/** undefined at QoS 0. */
	readonly packetId: number | undefined;
	/** Both are there if the packet was larger than the door allows: `payload` is then only the beginning of one of this length. */
	readonly payloadLength?: number;
	readonly packetBytesMax?: number;
};

/** kept: entries or repeats are durable. refused: the refusal is durable. failed: nothing is known to be durable, so no PUBACK may leave. */
export type Outcome = 'kept' | 'refused' | 'failed';

/** All that admission needs to know of a channel. */
export type Channel = {
	readonly id: number;
	readonly urn: string;
	readonly exponent: number;
	readonly lastNumber: number;
	readonly session: string | undefined;
	readonly keyTop: number | undefined;
};

export type Draft<C> = {
	readonly channel: C;
	readonly kind: typeof kinds.reading | typeof kinds.note;
	/** Code of the quantity, or sub-kind of the note. */
	readonly quantity: number;
	readonly exponent: number;
	readonly quality: number;
	readonly value: bigint;
	readonly measuredAtMs: number;
	readonly span: number;
	readonly session: string | undefined;
	readonly key: number | undefined;
	readonly keyTop: number | undefined;
};

/** Notes on channels with one body, and what they are counted as. */
export type ChannelNotes<C> = {readonly body: NoteBody; readonly drafts: readonly Draft<C>[]; readonly counter: string};

type Done = (failure: Error | undefined) => void;

/** A message of which entries are durable. */
export type Kept = {
	readonly deviceId: string;
	/** Without its payload, which is a view into what the socket read. */
	readonly delivery: Omit<Delivery, 'payload'>;
	/** The device's own numbering, where it has one. */
	readonly session: string | undefined;
	readonly sequence: number | undefined;
	/** Index of its first entry; the others follow it. */
	readonly first: number;
	readonly count: number;
};

/** What came of the messages of one device since the start. */
export type DeviceCounts = {
	/** When one arrived last of which something was admitted. */
	arrivedAtMs: number | undefined;
	/** Messages of which there is a gap note. */
	gaps: number;
	/** Channels that were noted as silent, counted each time. */
	silences: number;
	/** Messages of which something was refused; those that every healthy home has are not counted. */
	refused: number;
	/** Readings of registers that fit no step. */
	exceptions: number;
};

/** Why a message was refused, wholly or in part, and whose it was as far as that is known. */
export type RefusedMessage = {
	readonly reason: string;
	readonly detail: string;
	readonly topic: string;
	/** On the embedded broker at least who brought it. */
	readonly deviceId: string | undefined;
};

/** All that admission needs of the rest of the agent. */
export type Needs<C extends Channel> = {
	readonly channel: (urn: string) => C | undefined;
	/** Every channel that the log had when it was opened. */
	readonly channels: () => readonly C[];
	readonly enrol: (channel: {
		readonly urn: string;
		readonly quantity: number;
		readonly quantityName: string;
		readonly exponent: number;
	}) => C;
	/**
	 * `done` MUST be called only when everything is durable. The record is only good during the call: whoever keeps it copies it. Notes MUST come in front of the
	 * readings and become durable with them.
	 */
	readonly append: (
		item: {
			readonly record: Uint8Array;
			readonly arrivedAtMs: number;
			readonly drafts: readonly Draft<C>[];
			readonly notes?: ChannelNotes<C>;
		},
		done: (failure: Error | undefined, first: number) => void,
	) => void;
	readonly refuse: (
		refusal: {readonly arrivedAtMs: number; readonly reason: string; readonly detail: string; readonly record: Uint8Array},
		done: Done,
	) => void;
	/** Told of each refusal, as it is handed in. @default nobody is */
	readonly onRefused?: (message: RefusedMessage) => void;
	/** Appends notes on channels without an arrival. */
	readonly noteOn: (notes: ChannelNotes<C>) => void;
	readonly count: (name: string, by: number, done: Done) => void;
	/** Resolves when everything appended before is durable; rejects if that failed. */
	readonly settled: () => Promise<void>;
	/** Of the values under a repeat key `wanted` if it is there, else the newest; `pruned` if what is or may be under it has no value any more. Looks at durable entries only. */
	readonly valueOfKey: (channel: C, session: string | undefined, key: number, wanted: bigint) => Promise<bigint | 'pruned' | undefined>;
	readonly sessionTop: (channel: C, session: string | undefined) => Promise<number | undefined>;
	/** Checks a signature on another thread. */
	readonly verify: SignatureNeeds['verify'];
	/**
	 * The newest readings of a channel that are durable, in the order of the log, back to one that counts where that is not too far; `isWhole` if there was no reading before these.
	 */
	readonly newestReadings: (channel: C) => Promise<{
		readonly readings: readonly Pick<Entry, 'quality' | 'value' | 'measuredAtMs' | 'arrivedAtMs' | 'span'>[];
		readonly isWhole: boolean;
	}>;
	/** What entries do not say of registers. */
	readonly counters: Counters;
	/** Told of what is durable of devices with `receipts`. @default nobody is */
	readonly onKept?: (kept: Kept) => void;
	/** Says something to a device, through the door that it came by: QoS 0, and nobody waits for it. */
	readonly request: (request: DeviceRequest, delivery: Delivery) => void;
	readonly clock: Clock;
	/** True while the machine's clock is known to be unsynchronised. */
	readonly isClockUnsynchronised: () => boolean;
	readonly logger: Logger;
};

export type IngestOptions = {
	readonly devices: Devices;
	/** A reading older than this on arrival is marked late. */
	readonly lateAfterMs: number;
};

export type Ingest = {
	/**
	 * Takes a delivery. MUST be called in the order of arrival. `done` is called exactly once, when the outcome is durable; mostly in order, so whoever
	 * acknowledges must keep the order of its connection itself.
	 */
	readonly accept: (delivery: Delivery, done: (outcome: Outcome) => void) => void;
	/** undefined: there is room for messages that must be looked up. Else resolves when there is again; whoever feeds this MUST wait for it. */
	readonly pressure: () => Promise<void> | undefined;
	/** Notes the channels that have become silent. Call it every second, while the log takes what devices send. */
	readonly noteSilences: () => void;
	/** Devices with silent channels, at most `max` of them by name, and how many there are in all. */
	readonly silent: (max: number) => {readonly count: number; readonly devices: readonly SilentDevice[]};
	/** undefined: it has not spoken since the start. */
	readonly countsOf: (deviceId: string) => Readonly<DeviceCounts> | undefined;
	/** The owner says that the next reading of a register begins a new count. Resolves when that is kept, so that a restart does not forget it. */
	readonly declareReset: (channel: {readonly urn: string}) => Promise<void>;
};

/** Topics whose route is remembered; what comes beyond starts over. */
const routesMax = 32_768;
/** Messages, and bytes of their payloads, that wait for a look into the log; beyond either `pressure` asks to wait. */
const unsureMax = 4096;
const unsureBytesMax = 8 * 1024 * 1024;

/** Silences noted at one look; those beyond are noted at the next. */
const silencesMax = 256;

/** Keys that are packet ids stand in a session of the client, which no device can name: sessions of devices have no colon in front of anything that we write. */
const packetSessionPrefix = 'packet:';

const nothing = new Uint8Array(0);
const noRequests: readonly DeviceRequest[] = [];
/** Readings of one message: the log takes no more in one piece, notes on their channels beside them. */
const readingsMax = 1024;
/** Longer records are made apart. */
const scratchLength = 8192;
const noneRefused: readonly Refused[] = [];
const ignored: Done = () => {};

/** One channel of a device, and what is known of it once it is in the log. */
type Slot<C> = {
	readonly urn: string;
	readonly quantity: number;
	readonly quantityName: string;
	readonly exponent: number;
	/** What the device may report, at the channel's exponent. */
	readonly limits: SlotLimits;
	/** The end of the URN. */
	readonly name: string;
	/** undefined where the quantity is no register. */
	readonly rules: RegisterRules | undefined;
	channel: C | undefined;
	memory: RepeatMemory | undefined;
	/** undefined where the device may be silent. */
	watched: Watched<C> | undefined;
};

/** What is known of a device that has spoken since the start. */
type Speaker<C> = {
	readonly device: Device;
	/** By the end of the channel's URN. */
	readonly slots: Map<string, Slot<C>>;
	readonly numbers: DeviceNumbers;
	readonly counts: DeviceCounts;
	/** undefined: it has no key. */
	readonly signing: Signing | undefined;
};

type KnownRoute<C> = {readonly speaker: Speaker<C>; readonly mapping: OpenMapping};

/** One reading on its way through, with what a repeat of it would be known by. */
type Candidate<C> = {
	readonly reading: DecodedReading;
	/** At the channel's exponent. */
	readonly value: bigint;
	readonly slot: Slot<C>;
	quality: number;
	readonly session: string | undefined;
	readonly key: number | undefined;
	/** The key is a packet id, which is used again and again: only a message that says DUP can be a repeat. */
	readonly isPacketKey: boolean;
	/** pruned: its key is, or may be, among entries whose values are gone. */
	judgement: Judgement | 'pruned';
};

/** A delivery whose signature, if it has one, is good. */
type OpenedDelivery<C> = {
	readonly delivery: Delivery;
	readonly arrivedAtMs: number;
	readonly route: KnownRoute<C>;
	/** What was signed, for the decoder. */
	readonly payload: Uint8Array;
	readonly deviceSignature: Uint8Array;
	readonly done: (outcome: Outcome) => void;
};

type Admission<C> = {
	readonly delivery: Delivery;
	readonly arrivedAtMs: number;
	readonly decoder: string;
	readonly deviceSignature: Uint8Array;
	readonly device: Device;
	/** What the devices were when it was taken apart. */
	generation: number;
	readonly numbers: DeviceNumbers;
	readonly counts: DeviceCounts;
	readonly candidates: readonly Candidate<C>[];
	readonly refused: readonly Refused[];
	readonly done: (outcome: Outcome) => void;
};

/** What the log said about a key, and what was admitted under it since. */
type Looked = {
	/** Values that were asked for. */
	readonly asked: bigint[];
	readonly values: bigint[];
	/** What is under the key, or may be, has no value any more. */
	isPruned: boolean;
	/** The largest key that the log has in the session, where memory does not know it. */
	readonly top: number | undefined;
};

type Found = {
	readonly keys: Map<string, Looked>;
	/** By device and session: the largest number that the log has of the device there. */
	readonly tops: Map<string, number | undefined>;
};

export function createIngest<C extends Channel>(needs: Needs<C>, options: IngestOptions): Ingest {
	const {devices, lateAfterMs} = options;
	const {clock, logger} = needs;
	/** By device id: its channels, in the order in which they were enrolled. */
	const channelsOf = new Map<string, C[]>();
	/** Channels, by id, whose device numbers its messages. */
	const numbered = new Set<number>();
	const addChannel = (deviceId: string, channel: C): void => {
		const own = channelsOf.get(deviceId);
		if (own === undefined) channelsOf.set(deviceId, [channel]);
		else own.push(channel);
	};
	for (const channel of needs.channels()) {
		const parsed = parseChannelUrn(channel.urn);
		if (parsed === undefined) continue;
		addChannel(parsed.deviceId, channel);
		if (channel.session !== undefined && !channel.session.startsWith(packetSessionPrefix)) numbered.add(channel.id);
	}
	/** By device id. */
	const speakers = new Map<string, Speaker<C>>();
	/** By device id; of devices only, since nobody else gets so far. */
	const counts = new Map<string, DeviceCounts>();
	/** What the devices were when the routes were remembered. */
	let generation = devices.generation();
	/** By topic, in a map for each device, and one for what came through a broker of yours. */
	const routes = new Map<string | undefined, Map<string, KnownRoute<C>>>();
	let routeCount = 0;
	const gate = createSignatureGate<Delivery>({verify: needs.verify});
	/** By channel id; topics of the same device share it. */
	const memories = new Map<number, RepeatMemory>();
	/** By channel id: where each register stands; missing where the log must be asked first. */
	const registers = new Map<number, RegisterState>();
	const silence = new SilenceWatch<C>();
	/** By channel id. */
	const watched = new Map<number, Watched<C>>();
	/** Tells the messages under one packet id apart. */
	let arrival = 0;
	let unsure: Admission<C>[] = [];
	let unsureCount = 0;
	/** How many of them each device has, by its id. */
	const waiting = new Map<string, number>();
	let unsureBytes = 0;
	let looking = false;
	let roomWanted: {readonly promise: Promise<void>; readonly resolve: () => void} | undefined;

	/** Records of messages that are admitted are made here: one allocation the less for each. */
	const scratch = new Uint8Array(scratchLength);

	const accept: Ingest['accept'] = (delivery, done) => {
		const arrivedAtMs = clock.nowMs();
		const {flags} = delivery;
		const isFromClient = (flags & arrivalFlags.client) !== 0;
		if (delivery.payloadLength !== undefined) {
			const detail = `the payload has ${delivery.payloadLength} bytes, a packet may have ${delivery.packetBytesMax}; its first ${delivery.payload.length} are kept`;
			refuseWhole(delivery, arrivedAtMs, '', refuse('too-large', detail), done);
			return;
		}
		const {topic, payload} = delivery;
		const connected = isFromClient ? undefined : delivery.identity;
		const isOld = isFromClient && (flags & arrivalFlags.retain) !== 0;
		if (isOld || devices.isHeard(topic)) {
			const isOfUse = devices.learn({topic, payload, arrivedAtMs}, connected);
			if (isOld || isOfUse) {
				const refused = isOfUse ? refuse('no-reading', descriptionDetail) : refuse('retained', 'delivered with the retain flag');
				refuseWhole(delivery, arrivedAtMs, '', refused, done);
				return;
			}
		}
		const route = routeOf(topic, connected);
		if ('refused' in route) {
			refuseWhole(delivery, arrivedAtMs, '', route, done);
			return;
		}
		const {signing, device} = route.speaker;
		if (signing === undefined && gate.waiting() === 0) {
			admitOpened({delivery, arrivedAtMs, route, payload, deviceSignature: nothing, done});
			return;
		}
		const takenIn = generation;
		gate.take(device.id, signing, delivery, (result, kept) => {
			// Meanwhile the device may have been revoked, or have got another key. Another message may have noticed that already.
			const now = takenIn === devices.generation() ? route : routeOf(topic, connected);
			const refused = 'refused' in now ? now : 'refused' in result ? result : refusedSince(now.speaker.signing, result);
			if (refused !== undefined) refuseWhole(kept, arrivedAtMs, '', refused, done, nothing, device.id);
			else admitOpened({delivery: kept, arrivedAtMs, route: now as KnownRoute<C>, ...(result as Opened), done});
		});
	};

	/** Decodes and admits what a device sent, its signature off where it has one. */
	const admitOpened = ({delivery, arrivedAtMs, route, payload, deviceSignature, done}: OpenedDelivery<C>): void => {
		const {topic, flags} = delivery;
		const {
			mapping,
			speaker,
			speaker: {device, numbers, counts: own},
		} = route;
		const decoder = mapping.decoderName;
		const decoded = mapping.decoder.decode({topic, payload, arrivedAtMs, deviceId: device.id});
		for (const request of decoded.requests ?? noRequests) needs.request(request, delivery);
		if ('refused' in decoded) {
			refuseWhole(delivery, arrivedAtMs, decoder, decoded, done, deviceSignature, device.id);
			return;
		}
		if (decoded.readings.length > readingsMax) {
			const detail = `the message has ${decoded.readings.length} readings, one has at most ${readingsMax}`;
			refuseWhole(delivery, arrivedAtMs, decoder, refuse('payload-malformed', detail), done, deviceSignature);
			return;
		}
		const context = {
			arrivedAtMs,
			lateAfterMs,
			simulated: device.simulated,
			clockUnsynchronised: arrivedAtMs < clockMsMin || needs.isClockUnsynchronised(),
			calibration: device.calibration,
			isSigned: deviceSignature.length > 0,
		};
		const candidates: Candidate<C>[] = [];
		let refused: Refused[] | undefined;
		let isUnsure = false;
		for (const reading of decoded.readings) {
			const candidate = 'refused' in reading ? reading : candidateOf(reading, speaker, context, delivery);
			if ('refused' in candidate) {
				refused ??= [];
				refused.push(candidate);
				continue;
			}
			candidate.judgement = judge(candidate, flags);
			if (candidate.judgement === 'unknown' || mustLoad(candidate)) isUnsure = true;
			candidates.push(candidate);
		}
		// All readings of a message have the same number.
		const first = candidates[0]?.reading;
		if (first?.sequence !== undefined && !numbers.knows(first.session!)) isUnsure = true;
		const admission: Admission<C> = {
			delivery,
			arrivedAtMs,
			decoder,
			deviceSignature,
			device,
			generation,
			numbers,
			counts: own,
			candidates,
			refused: refused ?? noneRefused,
			done,
		};
		// A device's messages keep their order: none overtakes one that waits for a look into the log.
		if (!isUnsure && !waiting.has(device.id)) settle(admission, undefined);
		else wait(admission);
	};

	const routeOf = (topic: string, connected: string | undefined): KnownRoute<C> | Refused => {
		if (generation !== devices.generation()) {
			// Somebody was added, changed or revoked: nothing that was remembered of topics holds.
			generation = devices.generation();
			routes.clear();
			routeCount = 0;
		}
		const known = routes.get(connected)?.get(topic);
		if (known !== undefined) return known;
		const found = devices.route(topic, connected);
		if ('refused' in found) return found;
		const {device, mapping} = found;
		const route: KnownRoute<C> = {speaker: speakerOf(device), mapping};
		// What the config says of exponents is looked at once, not when a reading first comes.
		for (const {channel} of mapping.readings) slotOf(route.speaker, channel);
		if (routeCount >= routesMax) {
			routes.clear();
			routeCount = 0;
		}
		const ofDoor = routes.get(connected);
		if (ofDoor === undefined) routes.set(connected, new Map([[topic, route]]));
		else ofDoor.set(topic, route);
		routeCount += 1;
		return route;
	};

	const speakerOf = (device: Device): Speaker<C> => {
		const before = speakers.get(device.id);
		if (before?.device === device) return before;
		// Another description of the same device: its numbering goes on, its limits may be others.
		const speaker: Speaker<C> = {
			device,
			slots: new Map(),
			numbers: before?.numbers ?? numbersOf(device),
			counts: countsFor(device.id),
			signing: signingOf(device),
		};
		speakers.set(device.id, speaker);
		return speaker;
	};

	const countsFor = (deviceId: string): DeviceCounts => {
		let own = counts.get(deviceId);
		if (own === undefined) {
			own = {arrivedAtMs: undefined, gaps: 0, silences: 0, refused: 0, exceptions: 0};
			counts.set(deviceId, own);
		}
		return own;
	};

	/** The channels of a device that its numbering may have got into, as far as they are enrolled. */
	const numberedChannels = (device: Device): C[] => (channelsOf.get(device.id) ?? []).filter(({id}) => numbered.has(id));

	const numbersOf = (device: Device): DeviceNumbers => {
		const heard = numberedChannels(device);
		const session = heard[0]?.session;
		// Where they do not stand in one session, or not in one of the device's, the log is asked when the device speaks.
		const isOne = session !== undefined && heard.every(channel => channel.session === session && channel.keyTop !== undefined);
		const newest = isOne ? {session, top: Math.max(...heard.map(({keyTop}) => keyTop!))} : undefined;
		return new DeviceNumbers({newest, isWhole: heard.length === 0});
	};

	/**
	 * A channel keeps the exponent that it was enrolled with, whatever the config says later: its values must stay comparable. Until it is enrolled the mapping that is used
	 * first decides.
	 */
	const slotOf = ({device, slots}: Speaker<C>, spec: ChannelSpec): Slot<C> | Refused => {
		const known = slots.get(spec.name);
		if (known !== undefined) {
			if (known.exponent !== spec.exponent) warnOfExponent(known, spec);
			return known;
		}
		if (slots.size >= channelsMax) return refuse('channels-too-many', `${device.id} has ${channelsMax} channels, ${spec.name} is one more`);
		const {quantity, part} = spec;
		const urn = channelUrn(device.id, quantity.name, part);
		const exponent = needs.channel(urn)?.exponent ?? spec.exponent;
		const slot: Slot<C> = {
			urn,
			quantity: quantity.code,
			quantityName: quantity.name,
			exponent,
			limits: limitsOf(device.quantities, spec, exponent),
			name: spec.name,
			rules:
				quantity.kind === 'register'
					? rulesOf(quantity, exponent, {maxPowerW: device.maxPowerW, registerDigits: device.registerDigits})
					: undefined,
			channel: undefined,
			memory: undefined,
			watched: undefined,
		};
		slots.set(spec.name, slot);
		if (exponent !== spec.exponent) warnOfExponent(slot, spec);
		openKnown(slot, device);
		return slot;
	};

	/** Each spec is complained of once. */
	const complained = new WeakSet<ChannelSpec>();
	const warnOfExponent = ({urn, exponent}: Slot<C>, spec: ChannelSpec): void => {
		if (complained.has(spec)) return;
		complained.add(spec);
		logger.log('warn', 'exponent of the config is not used', {channel: urn, config: spec.exponent, enrolled: exponent});
	};

	const candidateOf = (reading: DecodedReading, speaker: Speaker<C>, context: AdmitContext, delivery: Delivery): Candidate<C> | Refused => {
		const slot = slotOf(speaker, reading.channel);
		if ('refused' in slot) return slot;
		if (typeof slot.limits === 'string') return refuse('quantity-forbidden', slot.limits);
		const value = reading.value === null ? 0n : exactValue(reading.channel, slot.exponent, reading.value, reading.unit);
		if (typeof value !== 'bigint') return value;
		const exceeded = reading.value === null ? undefined : limitExceeded(value, slot.limits, reading.channel, slot.exponent);
		if (exceeded !== undefined) return exceeded;
		const admitted = admit(reading, context);
		if ('refused' in admitted) return admitted;
		const {quality} = admitted;
		if (slot.channel === undefined) openKnown(slot, speaker.device);
		const {session, sequence, measuredAtMs} = reading;
		if (sequence !== undefined) return {reading, value, slot, quality, session, key: sequence, isPacketKey: false, judgement: 'new'};
		if (measuredAtMs === 0 ? delivery.packetId === undefined : reading.timeIsDevices) {
			const key = measuredAtMs === 0 ? undefined : measuredAtMs;
			return {reading, value, slot, quality, session: undefined, key, isPacketKey: false, judgement: 'new'};
		}
		// A time that was made here is no key. The session says so to the log, which else takes measuredAt for the key.
		const packetSession = `${packetSessionPrefix}${delivery.clientId}`;
		return {reading, value, slot, quality, session: packetSession, key: delivery.packetId, isPacketKey: true, judgement: 'new'};
	};

	/** A channel that has never been heard has no memory yet, and everything from it is new. */
	const judge = ({slot: {memory}, session, key, isPacketKey, value}: Candidate<C>, flags: number): Judgement => {
		if (key === undefined || memory === undefined) return 'new';
		if (!isPacketKey) return memory.judge(session, key, value);
		return (flags & arrivalFlags.dup) === 0 ? 'new' : memory.judgePacket(session!, key, value);
	};

	/** Gives a slot its channel, if the log knows it already. */
	const openKnown = (slot: Slot<C>, device: Device): void => {
		const channel = needs.channel(slot.urn);
		if (channel !== undefined) openSlot(slot, channel, device);
	};

	const openSlot = (slot: Slot<C>, channel: C, device: Device): void => {
		let memory = memories.get(channel.id);
		if (memory === undefined) {
			// Number 1 is the enrolment itself.
			const isWhole = channel.lastNumber <= 1;
			memory = new RepeatMemory({session: channel.session, keyTop: channel.keyTop, isWhole});
			memories.set(channel.id, memory);
			if (isWhole && slot.rules !== undefined)
				registers.set(channel.id, registerStateOf([], undefined, needs.counters.of(device.id, slot.name)));
		}
		slot.channel = channel;
		slot.memory = memory;
		slot.watched = watchOf(channel, device);
	};

	const watchOf = (channel: C, {id, cadenceSeconds}: Device): Watched<C> | undefined => {
		let one = watched.get(channel.id);
		if (one === undefined && cadenceSeconds !== undefined) {
			one = silence.watch(channel, id, cadenceSeconds * 1000, clock.monotonicMs());
			watched.set(channel.id, one);
		}
		return one;
	};

	/** Enrols at the last moment: a refused message enrols nothing. */
	const enrol = (slot: Slot<C>, device: Device): C => {
		const {urn, quantity, quantityName, exponent} = slot;
		let channel = needs.channel(urn);
		if (channel === undefined) {
			channel = needs.enrol({urn, quantity, quantityName, exponent});
			addChannel(device.id, channel);
		}
		openSlot(slot, channel, device);
		return channel;
	};

	/** True for a reading of a register that has spoken before this start, and was not looked up yet. */
	const mustLoad = ({slot: {rules, channel}}: Candidate<C>): boolean =>
		rules !== undefined && channel !== undefined && !registers.has(channel.id);

	/** Asks the log where a register stands. None of its readings is admitted meanwhile: they wait for this. */
	const loadRegister = async ({slot: {name, channel}}: Candidate<C>, {id}: Device): Promise<void> => {
		const {readings, isWhole} = await needs.newestReadings(channel!);
		registers.set(channel!.id, registerStateOf(readings, isWhole ? undefined : channel!.lastNumber, needs.counters.of(id, name)));
	};

	/** Puts an admission with an unknown key, or of a register that must be looked up, aside until the log was asked. */
	const wait = (admission: Admission<C>): void => {
		const {delivery} = admission;
		// The payload is a view into what the socket read, which it would keep alive.
		unsure.push({...admission, delivery: {...delivery, payload: copyBytes(delivery.payload)}});
		unsureCount += 1;
		waiting.set(admission.device.id, (waiting.get(admission.device.id) ?? 0) + 1);
		unsureBytes += delivery.payload.length;
		if (!looking) void lookUp();
	};

	/** Looks unsure keys up in the log, for all that wait together, and settles them in their order. */
	const lookUp = async (): Promise<void> => {
		looking = true;
		while (unsure.length > 0) {
			const group = unsure;
			unsure = [];
			const found: Found = {keys: new Map(), tops: new Map()};
			let failure: unknown;
			for (const {candidates} of group) for (const {slot} of candidates) slot.memory?.trim();
			// Only what is unknown now may be looked up then: whatever hides it from memory was handed in before.
			const unknown = group.flatMap(({candidates, delivery}) => candidates.filter(one => judge(one, delivery.flags) === 'unknown'));
			try {
				// What was handed in before may be what these repeat: it must be on disk to be found.
				await needs.settled();
				for (const candidate of unknown) await lookUpKey(candidate, found);
				for (const admission of group) await lookUpTop(admission, found);
				for (const {candidates, device} of group)
					for (const candidate of candidates) if (mustLoad(candidate)) await loadRegister(candidate, device);
			} catch (error) {
				failure = error;
				logger.log('error', 'looking up repeats failed', {error: describeError(error)});
			}
			const again: Admission<C>[] = [];
			const held = new Set<string>();
			for (const admission of group) {
				const {id} = admission.device;
				const refused = failure === undefined ? refusedMeanwhile(admission) : undefined;
				if (failure === undefined && refused === undefined && (held.has(id) || !judgeAgain(admission, found))) {
					again.push(admission);
					held.add(id);
					continue;
				}
				unsureCount -= 1;
				const left = waiting.get(id)! - 1;
				if (left === 0) waiting.delete(id);
				else waiting.set(id, left);
				unsureBytes -= admission.delivery.payload.length;
				const {delivery, arrivedAtMs, decoder, done, deviceSignature} = admission;
				if (refused !== undefined) refuseWhole(delivery, arrivedAtMs, decoder, refused, done, deviceSignature);
				else if (failure === undefined) settle(admission, found);
				else done('failed');
			}
			unsure = [...again, ...unsure];
			if (roomWanted !== undefined && !isCrowded()) {
				roomWanted.resolve();
				roomWanted = undefined;
			}
		}
		looking = false;
	};

	/**
	 * While a message waited its device may have been revoked, or have got another key or another calibration. The log says so in front of the message then, so the message is
	 * judged by that. Why it is refused; undefined if it is not.
	 */
	const refusedMeanwhile = (admission: Admission<C>): Refused | undefined => {
		if (admission.generation === devices.generation()) return undefined;
		const {delivery, arrivedAtMs, deviceSignature, candidates} = admission;
		const now = routeOf(delivery.topic, (delivery.flags & arrivalFlags.client) !== 0 ? undefined : delivery.identity);
		if ('refused' in now) return now;
		const {signing, device} = now.speaker;
		const refused = refusedSince(signing, {payload: delivery.payload, deviceSignature});
		if (refused !== undefined) return refused;
		for (const candidate of candidates) {
			const {reading} = candidate;
			const isOutside = isOutsideCalibration(reading.measuredAtMs, {arrivedAtMs, calibration: device.calibration});
			// A device may say of itself that it is not calibrated.
			const uncalibrated = isOutside ? qualities.uncalibrated : reading.quality & qualities.uncalibrated;
			candidate.quality = (candidate.quality & ~qualities.uncalibrated) | uncalibrated;
		}
		admission.generation = generation;
		return undefined;
	};

	const lookUpKey = async ({slot, session, key, isPacketKey, value: wanted}: Candidate<C>, found: Found): Promise<void> => {
		const {channel, memory} = slot;
		if (channel === undefined || memory === undefined || key === undefined) return;
		const name = keyName(channel, session, key);
		let looked = found.keys.get(name);
		if (looked === undefined) {
			const top = isPacketKey || memory.knowsTop(session) ? undefined : await needs.sessionTop(channel, session);
			looked = {asked: [], values: [], isPruned: false, top};
			found.keys.set(name, looked);
		}
		if (looked.asked.includes(wanted)) return;
		looked.asked.push(wanted);
		const value = await needs.valueOfKey(channel, session, key, wanted);
		if (value === 'pruned') looked.isPruned = true;
		else if (value !== undefined) looked.values.push(value);
	};

	/** Looks up where a session of a device stands that memory does not know. */
	const lookUpTop = async ({device, numbers, candidates}: Admission<C>, found: Found): Promise<void> => {
		const reading = candidates[0]?.reading;
		if (reading?.sequence === undefined || numbers.knows(reading.session!)) return;
		const name = topName(device, reading.session!);
		if (found.tops.has(name)) return;
		let top: number | undefined;
		for (const channel of numberedChannels(device)) {
			const one = await needs.sessionTop(channel, reading.session);
			if (one !== undefined && (top === undefined || one > top)) top = one;
		}
		found.tops.set(name, top);
	};

	/** Judges with what was found; false if something else must be looked up now, because memory has moved on meanwhile. */
	const judgeAgain = ({candidates, delivery, device, numbers}: Admission<C>, found: Found): boolean => {
		const first = candidates[0]?.reading;
		if (first?.sequence !== undefined && !numbers.knows(first.session!) && !found.tops.has(topName(device, first.session!))) return false;
		for (const candidate of candidates) {
			// Its channel was enrolled, and its device described anew, while it waited.
			if (mustLoad(candidate)) return false;
			const {slot, session, key, value, isPacketKey} = candidate;
			// Memory first: others of this group, or newer arrivals, may have been admitted since.
			candidate.judgement = judge(candidate, delivery.flags);
			if (candidate.judgement !== 'unknown' || slot.channel === undefined || key === undefined) continue;
			const looked = found.keys.get(keyName(slot.channel, session, key));
			if (!looked?.asked.includes(value)) return false;
			if (looked.values.includes(value)) candidate.judgement = 'repeat';
			// Packet ids are used again and again: what was pruned is no message that is sent again now.
			else if (looked.isPruned && !isPacketKey) candidate.judgement = 'pruned';
			else candidate.judgement = looked.values.length === 0 || isPacketKey ? 'new' : 'conflict';
		}
		return true;
	};

	/** Everything is judged: hands the entries, the repeats and the refusals to the log, in one turn. */
	const settle = (admission: Admission<C>, found: Found | undefined): void => {
		const {delivery, arrivedAtMs, decoder, deviceSignature, candidates, done} = admission;
		let {refused} = admission;
		const drafts: Draft<C>[] = [];
		let repeats = 0;
		let keeping: (() => Promise<void>)[] | undefined;
		arrival += 1;
		for (const {reading, value, slot, quality, session, key, isPacketKey, judgement: judged} of candidates) {
			if (judged === 'pruned') {
				refused = [...refused, refuse('older-than-log', `${slot.urn}: key ${key} lies among entries that were pruned: it may be a repeat`)];
				continue;
			}
			const channel = slot.channel ?? enrol(slot, admission.device);
			const memory = slot.memory!;
			let judgement: Judgement = judged;
			if (key !== undefined && !isPacketKey && drafts.length > 0 && judged !== 'repeat' && !memory.isAbove(session, key))
				judgement = judgeInMessage(drafts, channel, session, key, value) ?? judged;
			if (judgement === 'repeat') {
				repeats += 1;
				continue;
			}
			if (key !== undefined) {
				const looked = found?.keys.get(keyName(channel, session, key));
				looked?.values.push(value);
				if (isPacketKey) memory.rememberPacket(session!, key, value, arrival);
				else memory.remember(session, key, value, looked?.top);
			}
			let bits = judgement === 'conflict' ? quality | qualities.conflict : quality;
			let span = reading.spanMs;
			if (slot.rules !== undefined) {
				const before = registers.get(channel.id) ?? registerStart;
				span = before.counterEpoch;
				if ((bits & unjudgedQualities) === 0) {
					const {measuredAtMs, timeIsDevices, counter} = reading;
					const name = counter === undefined ? undefined : counterName(counter);
					const step = stepOf(before, {value, measuredAtMs, timeIsDevices, arrivedAtMs, counter: name}, slot.rules);
					registers.set(channel.id, step.state);
					bits |= step.quality;
					span = step.counterEpoch;
					if (step.quality !== 0) needs.count(`steps:${step.class}`, 1, ignored);
					if (step.class === 'exception') admission.counts.exceptions += 1;
					if (step.state.counter !== before.counter || step.state.isResetDeclared !== before.isResetDeclared) {
						keeping ??= [];
						keeping.push(() => needs.counters.keep(admission.device.id, slot.name, step.state));
					}
				}
			}
			drafts.push({
				channel,
				kind: kinds.reading,
				quantity: slot.quantity,
				exponent: slot.exponent,
				quality: bits,
				value,
				measuredAtMs: reading.measuredAtMs,
				span,
				session,
				key,
				keyTop: memory.top(session),
			});
		}
		// Commits keep the order of what is handed in: when the last piece is durable, all are.
		const finished: Done = failure => {
			const outcome = failure !== undefined ? 'failed' : drafts.length > 0 || repeats > 0 ? 'kept' : 'refused';
			if (failure !== undefined || keeping === undefined) done(outcome);
			// Not earlier, see Counters.keep; and what was acknowledged is known after a restart.
			else void Promise.all(keeping.map(keep => keep())).then(() => done(outcome));
		};
		if (refused.length > 0) {
			const isLast = repeats === 0 && drafts.length === 0;
			refuseReadings(admission, refused, isLast ? finished : ignored);
		}
		if (repeats > 0) needs.count('repeats', repeats, drafts.length === 0 ? finished : ignored);
		if (drafts.length === 0) return;
		if (admission.device.cadenceSeconds !== undefined) hear(candidates, arrivedAtMs);
		if (drafts[0]!.session !== undefined && candidates[0]!.reading.sequence !== undefined)
			for (const {channel} of drafts) numbered.add(channel.id);
		const gap = gapBefore(admission, found);
		admission.counts.arrivedAtMs = arrivedAtMs;
		if (gap !== undefined) admission.counts.gaps += 1;
		const told = admission.device.receipts === true ? tellingKept(admission, drafts.length, finished) : finished;
		const record = recordOf(delivery, arrivedAtMs, decoder, deviceSignature, scratch);
		if (gap === undefined) needs.append({record, arrivedAtMs, drafts}, told);
		else needs.append({record, arrivedAtMs, drafts, notes: gapNotes(gap, drafts)}, told);
	};

	const tellingKept = (
		{delivery: {payload: _, ...delivery}, device, candidates}: Admission<C>,
		count: number,
		finished: Done,
	): ((failure: Error | undefined, first: number) => void) => {
		const {session, sequence} = candidates[0]!.reading;
		return (failure, first) => {
			if (failure === undefined) needs.onKept?.({deviceId: device.id, delivery, session, sequence, first, count});
			finished(failure);
		};
	};

	const hear = (candidates: readonly Candidate<C>[], arrivedAtMs: number): void => {
		const nowMs = clock.monotonicMs();
		for (const {slot, judgement} of candidates)
			if (slot.watched !== undefined && judgement !== 'repeat') silence.heard(slot.watched, nowMs, arrivedAtMs);
	};

	/** The gap in the device's numbering that a message reveals which is about to be admitted. */
	const gapBefore = ({device, numbers, candidates}: Admission<C>, found: Found | undefined): Gap | undefined => {
		const {sequence, session} = candidates[0]!.reading;
		if (sequence === undefined) return undefined;
		return numbers.admit(session!, sequence, numbers.knows(session!) ? undefined : found?.tops.get(topName(device, session!)));
	};

	/** One refusal of the whole arrival under the first reason; the others are counted beside it, since the raw bytes are kept once. */
	const refuseReadings = (
		{delivery, arrivedAtMs, decoder, deviceSignature, device, counts: own}: Admission<C>,
		refused: readonly Refused[],
		done: Done,
	): void => {
		if (refused.some(({refused: reason}) => !isSetAside(reason))) own.refused += 1;
		const [first, ...others] = refused as [Refused, ...Refused[]];
		needs.onRefused?.({reason: first.refused, detail: first.detail, topic: delivery.topic, deviceId: device.id});
		for (const other of others) needs.count(`also-refused:${other.refused}`, 1, ignored);
		needs.refuse(
			{arrivedAtMs, reason: first.refused, detail: first.detail, record: recordOf(delivery, arrivedAtMs, decoder, deviceSignature)},
			done,
		);
	};

	const refuseWhole = (
		delivery: Delivery,
		arrivedAtMs: number,
		decoder: string,
		{refused: reason, detail}: Refused,
		done: (outcome: Outcome) => void,
		deviceSignature: Uint8Array = nothing,
		/** Whose it is; on the embedded broker it is at least known who brought it. */
		deviceId = (delivery.flags & arrivalFlags.client) === 0 ? delivery.identity : undefined,
	): void => {
		if (deviceId !== undefined && !isSetAside(reason)) countsFor(deviceId).refused += 1;
		needs.onRefused?.({reason, detail, topic: delivery.topic, deviceId});
		const record = recordOf(delivery, arrivedAtMs, decoder, deviceSignature);
		needs.refuse({arrivedAtMs, reason, detail, record}, failure => done(failure === undefined ? 'refused' : 'failed'));
	};

	/** One that was revoked has nothing to say. */
	const isMissed = (deviceId: string): boolean => devices.byId(deviceId)?.isRevoked !== true;

	const isCrowded = (): boolean => unsureCount > unsureMax || unsureBytes > unsureBytesMax;

	// What spoke before this start must speak again.
	for (const device of devices.all()) {
		if (device.cadenceSeconds === undefined || device.isRevoked) continue;
		for (const channel of channelsOf.get(device.id) ?? []) watchOf(channel, device);
	}

	return {
		accept,
		noteSilences: () => {
			const nowMs = clock.monotonicMs();
			for (const one of silence.due(nowMs, silencesMax)) {
				if (!isMissed(one.deviceId)) continue;
				countsFor(one.deviceId).silences += 1;
				needs.noteOn(silenceNote(one, nowMs, memories.get(one.channel.id)));
			}
		},
		silent: max => silence.silent(max, isMissed),
		countsOf: deviceId => counts.get(deviceId),
		declareReset: ({urn}) => {
			const {deviceId, quantityName, part} = parseChannelUrn(urn)!;
			const name = part === undefined ? quantityName : `${quantityName}:${part}`;
			const channel = needs.channel(urn);
			const before = channel && registers.get(channel.id);
			if (channel !== undefined && before !== undefined) registers.set(channel.id, {...before, isResetDeclared: true});
			return needs.counters.keep(deviceId, name, {
				counter: before?.counter ?? needs.counters.of(deviceId, name).counter,
				isResetDeclared: true,
			});
		},
		pressure: () => {
			if (!isCrowded()) return gate.pressure();
			if (roomWanted === undefined) {
				let resolve = (): void => {};
				const promise = new Promise<void>(granted => {
					resolve = granted;
				});
				roomWanted = {promise, resolve};
			}
			return roomWanted.promise;
		},
	};
}

/** Two readings of one message can be the same reading, or one reading with two values; undefined if neither. */
function judgeInMessage<C extends Channel>(
	drafts: readonly Draft<C>[],
	channel: C,
	session: string | undefined,
	key: number,
	value: bigint,
): 'repeat' | 'conflict' | undefined {
	let judgement: 'conflict' | undefined;
	for (const draft of drafts) {
		if (draft.channel !== channel || draft.key !== key || draft.session !== session) continue;
		if (draft.value === value) return 'repeat';
		judgement = 'conflict';
	}
	return judgement;
}

function recordOf(delivery: Delivery, arrivedAtMs: number, decoder: string, deviceSignature: Uint8Array, scratch?: Uint8Array): Uint8Array {
	const {topic, payload, flags, identity} = delivery;
	return encodeArrival({topic, payload, flags, identity, arrivedAtMs, deviceSignature, decoder}, scratch);
}

/** How a device signs. Its key was looked at when it was enrolled; the arithmetic is done again when it first speaks. */
function signingOf({publicKey, signed, compiled}: Device): Signing | undefined {
	if (publicKey === undefined) return undefined;
	const key = parseDeviceKey(publicKey);
	assert(!('problem' in key), 'a key that was enrolled is a key');
	const mustSign = signed !== 'optional';
	// What a charging record has signed could else be shown as the text of another form.
	const isOcmf = compiled.every(({format}) => format === 'ocmf');
	return isOcmf ? {keys: [key], mustSign, form: 'ocmf'} : {keys: [key], mustSign};
}

function topName(device: Device, session: string): string {
	return `${device.id}\0${session}`;
}

/** One note on each channel that the message has a reading of, so that the gap stands in the history of each. */
function gapNotes<C extends Channel>({from, to}: Gap, drafts: readonly Draft<C>[]): ChannelNotes<C> {
	const byChannel = new Map(drafts.map(draft => [draft.channel, draft]));
	const {session = ''} = drafts[0]!;
	return {
		body: {note: 'gap', ...(session === '' ? {} : {session}), from, to},
		drafts: [...byChannel.values()].map(draft => ({
			...draft,
			kind: kinds.note,
			quantity: noteKinds.gap,
			exponent: 0,
			quality: 0,
			// Sequences have 48 bits.
			value: BigInt(to - from + 1),
			measuredAtMs: 0,
			// It stands in the session, so that the session's rows stay one, but has no number there.
			key: undefined,
			keyTop: undefined,
		})),
		counter: 'gaps',
	};
}

/** It stands in the session that the channel was heard in last, so that a restart finds that where it was. */
function silenceNote<C extends Channel>(
	{channel, cadenceMs, heardAtMs, arrivedAtMs}: Watched<C>,
	nowMs: number,
	memory: RepeatMemory | undefined,
): ChannelNotes<C> {
	const stands = memory === undefined ? {name: channel.session, top: channel.keyTop} : memory.newest();
	return {
		body: {note: 'silence', cadenceMs, ...(arrivedAtMs === undefined ? {} : {sinceMs: arrivedAtMs})},
		drafts: [
			{
				channel,
				kind: kinds.note,
				quantity: noteKinds.silence,
				exponent: 0,
				quality: 0,
				value: BigInt(Math.round(nowMs - heardAtMs)),
				measuredAtMs: 0,
				span: 0,
				session: stands?.name,
				key: undefined,
				keyTop: stands?.top,
			},
		],
		counter: 'silences',
	};
}

function keyName(channel: Channel, session: string | undefined, key: number): string {
	return `${channel.id}\0${key}\0${session ?? '\0'}`;
}
