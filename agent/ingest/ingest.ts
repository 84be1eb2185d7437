// The front door's one admission: turns what a door received into entries, a repeat or a refusal, and says when that is durable.

import {copyBytes} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import {arrivalFlags, encodeArrival} from '../format/arrival.ts';
import type {NoteBody} from '../format/body.ts';
import {kinds, noteKinds, qualities} from '../format/entry.ts';
import {channelUrn} from '../format/subject.ts';
import {admit, clockMsMin} from './admit.ts';
import type {Decoded, DecodedReading} from './decoders/decoded.ts';
import {decodeJson, jsonDecoder} from './decoders/json.ts';
import {decodeSenml, senmlDecoder} from './decoders/senml.ts';
import type {Device, Devices} from './devices.ts';
import {DeviceNumbers, type Gap} from './gaps.ts';
import type {Mapping} from './mapping.ts';
import {type Refused, refuse} from './refusal.ts';
import {type Judgement, RepeatMemory} from './repeats.ts';
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

/** All that admission needs of the rest of the agent. */
export type Needs<C extends Channel> = {
	readonly channel: (urn: string) => C | undefined;
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
		done: Done,
	) => void;
	readonly refuse: (
		refusal: {readonly arrivedAtMs: number; readonly reason: string; readonly detail: string; readonly record: Uint8Array},
		done: Done,
	) => void;
	/** Appends notes on channels without an arrival. */
	readonly noteOn: (notes: ChannelNotes<C>) => void;
	readonly count: (name: string, by: number, done: Done) => void;
	/** Resolves when everything appended before is durable; rejects if that failed. */
	readonly settled: () => Promise<void>;
	/** Of the values under a repeat key `wanted` if it is there, else the newest; `pruned` if what is or may be under it has no value any more. Looks at durable entries only. */
	readonly valueOfKey: (channel: C, session: string | undefined, key: number, wanted: bigint) => Promise<bigint | 'pruned' | undefined>;
	readonly sessionTop: (channel: C, session: string | undefined) => Promise<number | undefined>;
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
};

/** Topics whose route is remembered; what comes beyond starts over. */
const routesMax = 4096;
/** Messages, and bytes of their payloads, that wait for a look into the log; beyond either `pressure` asks to wait. */
const unsureMax = 4096;
const unsureBytesMax = 8 * 1024 * 1024;

/** Silences noted at one look; those beyond are noted at the next. */
const silencesMax = 256;

const nothing = new Uint8Array(0);
/** Longer records are made apart. */
const scratchLength = 8192;
const noneRefused: readonly Refused[] = [];
const ignored: Done = () => {};

/** One reading of a mapping for one device, and its channel once that is known to the log. */
type Slot<C> = {
	readonly urn: string;
	readonly quantity: number;
	readonly quantityName: string;
	readonly exponent: number;
	channel: C | undefined;
	memory: RepeatMemory | undefined;
	/** undefined where the device may be silent. */
	watched: Watched<C> | undefined;
};

type KnownRoute<C> = {
	readonly device: Device;
	readonly mapping: Mapping;
	readonly slots: readonly Slot<C>[];
	readonly numbers: DeviceNumbers;
	/** SenML names to slots. */
	readonly names: ReadonlyMap<string, number>;
};

/** One reading on its way through, with what a repeat of it would be known by. */
type Candidate<C> = {
	readonly reading: DecodedReading;
	readonly slot: Slot<C>;
	readonly quality: number;
	readonly session: string | undefined;
	readonly key: number | undefined;
	/** The key is a packet id, which is used again and again: only a message that says DUP can be a repeat. */
	readonly isPacketKey: boolean;
	/** pruned: its key is, or may be, among entries whose values are gone. */
	judgement: Judgement | 'pruned';
};

type Admission<C> = {
	readonly delivery: Delivery;
	readonly arrivedAtMs: number;
	readonly decoder: string;
	readonly device: Device;
	readonly numbers: DeviceNumbers;
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
	/** By topic, in a map for each device, and one for what came through a broker of yours. */
	const routes = new Map<string | undefined, Map<string, KnownRoute<C>>>();
	let routeCount = 0;
	/** Exponents of channels that may not be enrolled yet: all mappings of a device must agree. */
	const exponents = new Map<string, number>();
	/** By channel id; topics of the same device share it. */
	const memories = new Map<number, RepeatMemory>();
	/** By device id. */
	const numbering = new Map<string, DeviceNumbers>();
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
		if (isFromClient && (flags & arrivalFlags.retain) !== 0) {
			refuseWhole(delivery, arrivedAtMs, '', refuse('retained', 'delivered with the retain flag'), done);
			return;
		}
		const route = routeOf(delivery.topic, isFromClient ? undefined : delivery.identity);
		if ('refused' in route) {
			refuseWhole(delivery, arrivedAtMs, '', route, done);
			return;
		}
		const {mapping} = route;
		const isJson = mapping.format === 'json';
		const decoder = isJson ? jsonDecoder : senmlDecoder;
		const decoded: Decoded = isJson
			? decodeJson(delivery.payload, mapping)
			: decodeSenml(delivery.payload, mapping, route.names, arrivedAtMs);
		if ('refused' in decoded) {
			refuseWhole(delivery, arrivedAtMs, decoder, decoded, done);
			return;
		}
		const context = {
			arrivedAtMs,
			lateAfterMs,
			simulated: route.device.simulated,
			clockUnsynchronised: arrivedAtMs < clockMsMin || needs.isClockUnsynchronised(),
		};
		const candidates: Candidate<C>[] = [];
		let refused: Refused[] | undefined;
		let isUnsure = false;
		for (const reading of decoded.readings) {
			const admitted = 'refused' in reading ? reading : admit(reading, context);
			if ('refused' in reading || 'refused' in admitted) {
				refused ??= [];
				refused.push('refused' in admitted ? admitted : (reading as Refused));
				continue;
			}
			const slot = route.slots[reading.slot]!;
			if (slot.channel === undefined) openKnown(slot, route.device);
			const candidate = candidateOf(reading, slot, admitted.quality, delivery);
			candidate.judgement = judge(candidate, flags);
			if (candidate.judgement === 'unknown') isUnsure = true;
			candidates.push(candidate);
		}
		const {device, numbers} = route;
		// All readings of a message have the same number.
		const first = candidates[0]?.reading;
		if (first?.sequence !== undefined && !numbers.knows(first.session!)) isUnsure = true;
		const admission: Admission<C> = {
			delivery,
			arrivedAtMs,
			decoder,
			device,
			numbers,
			candidates,
			refused: refused ?? noneRefused,
			done,
		};
		// A device's messages keep their order: none overtakes one that waits for a look into the log.
		if (!isUnsure && !waiting.has(device.id)) settle(admission, undefined);
		else wait(admission);
	};

	const routeOf = (topic: string, connected: string | undefined): KnownRoute<C> | Refused => {
		const known = routes.get(connected)?.get(topic);
		if (known !== undefined) return known;
		const found = devices.route(topic, connected);
		if ('refused' in found) return found;
		const {device} = found;
		const mapping = withFixedExponents(device, found.mapping);
		const names = new Map(mapping.readings.map((reading, slot) => [reading.name.replaceAll('{device}', device.id), slot]));
		const slots = mapping.readings.map(
			({quantity, part, exponent}): Slot<C> => ({
				urn: channelUrn(device.id, quantity.name, part),
				quantity: quantity.code,
				quantityName: quantity.name,
				exponent,
				channel: undefined,
				memory: undefined,
				watched: undefined,
			}),
		);
		const route: KnownRoute<C> = {device, mapping, slots, names, numbers: numbersOf(device)};
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

	/** The channels of a device that its numbering may have got into, as far as they are enrolled. */
	const numberedChannels = (device: Device): C[] => enrolledChannels(device, ({sequence}) => sequence !== undefined);

	/** The channels of a device that are enrolled, of those of its mappings that are wanted. */
	const enrolledChannels = ({id, compiled}: Device, isWanted: (mapping: Mapping) => boolean): C[] => {
		const channels = new Set<C>();
		for (const {quantity, part} of compiled.filter(isWanted).flatMap(({readings}) => readings)) {
			const channel = needs.channel(channelUrn(id, quantity.name, part));
			if (channel !== undefined) channels.add(channel);
		}
		return [...channels];
	};

	const numbersOf = (device: Device): DeviceNumbers => {
		let numbers = numbering.get(device.id);
		if (numbers === undefined) {
			// Number 1 of a channel is its enrolment.
			const heard = numberedChannels(device).filter(({lastNumber}) => lastNumber > 1);
			const session = heard[0]?.session;
			// Where they do not stand in one session, or not in one of the device's, the log is asked when the device speaks.
			const isOne = session !== undefined && heard.every(channel => channel.session === session && channel.keyTop !== undefined);
			const newest = isOne ? {session, top: Math.max(...heard.map(({keyTop}) => keyTop!))} : undefined;
			numbers = new DeviceNumbers({newest, isWhole: heard.length === 0});
			numbering.set(device.id, numbers);
		}
		return numbers;
	};

	/**
	 * A channel keeps the exponent that it was enrolled with, whatever the config says later: its values must stay comparable. Until it is enrolled the mapping
	 * that is used first decides.
	 */
	const withFixedExponents = (device: Device, mapping: Mapping): Mapping => {
		const readings = mapping.readings.map(reading => {
			const urn = channelUrn(device.id, reading.quantity.name, reading.part);
			const exponent = needs.channel(urn)?.exponent ?? exponents.get(urn) ?? reading.exponent;
			exponents.set(urn, exponent);
			if (exponent !== reading.exponent)
				logger.log('warn', 'exponent of the config is not used', {channel: urn, config: reading.exponent, enrolled: exponent});
			return {...reading, exponent};
		});
		return {...mapping, readings};
	};

	const candidateOf = (reading: DecodedReading, slot: Slot<C>, quality: number, delivery: Delivery): Candidate<C> => {
		const {session, sequence, measuredAtMs} = reading;
		if (sequence !== undefined) return {reading, slot, quality, session, key: sequence, isPacketKey: false, judgement: 'new'};
		if (measuredAtMs === 0 ? delivery.packetId === undefined : reading.timeIsDevices) {
			const key = measuredAtMs === 0 ? undefined : measuredAtMs;
			return {reading, slot, quality, session: undefined, key, isPacketKey: false, judgement: 'new'};
		}
		// A time that was made here is no key. The session says so to the log, which else takes measuredAt for the key.
		const packetSession = `packet:${delivery.clientId}`;
		return {reading, slot, quality, session: packetSession, key: delivery.packetId, isPacketKey: true, judgement: 'new'};
	};

	/** A channel that has never been heard has no memory yet, and everything from it is new. */
	const judge = ({slot: {memory}, session, key, isPacketKey, reading}: Candidate<C>, flags: number): Judgement => {
		if (key === undefined || memory === undefined) return 'new';
		if (!isPacketKey) return memory.judge(session, key, reading.value);
		return (flags & arrivalFlags.dup) === 0 ? 'new' : memory.judgePacket(session!, key, reading.value);
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
			memory = new RepeatMemory({session: channel.session, keyTop: channel.keyTop, isWhole: channel.lastNumber <= 1});
			memories.set(channel.id, memory);
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
		const channel = needs.channel(urn) ?? needs.enrol({urn, quantity, quantityName, exponent});
		openSlot(slot, channel, device);
		return channel;
	};

	/** Puts an admission with an unknown key aside until the log was asked. */
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
			} catch (error) {
				failure = error;
				logger.log('error', 'looking up repeats failed', {error: describeError(error)});
			}
			const again: Admission<C>[] = [];
			const held = new Set<string>();
			for (const admission of group) {
				const {id} = admission.device;
				if (failure === undefined && (held.has(id) || !judgeAgain(admission, found))) {
					again.push(admission);
					held.add(id);
					continue;
				}
				unsureCount -= 1;
				const left = waiting.get(id)! - 1;
				if (left === 0) waiting.delete(id);
				else waiting.set(id, left);
				unsureBytes -= admission.delivery.payload.length;
				if (failure === undefined) settle(admission, found);
				else admission.done('failed');
			}
			unsure = [...again, ...unsure];
			if (roomWanted !== undefined && !isCrowded()) {
				roomWanted.resolve();
				roomWanted = undefined;
			}
		}
		looking = false;
	};

	const lookUpKey = async ({slot, session, key, isPacketKey, reading}: Candidate<C>, found: Found): Promise<void> => {
		const {channel, memory} = slot;
		if (channel === undefined || memory === undefined || key === undefined) return;
		const name = keyName(channel, session, key);
		let looked = found.keys.get(name);
		if (looked === undefined) {
			const top = isPacketKey || memory.knowsTop(session) ? undefined : await needs.sessionTop(channel, session);
			looked = {asked: [], values: [], isPruned: false, top};
			found.keys.set(name, looked);
		}
		if (looked.asked.includes(reading.value)) return;
		looked.asked.push(reading.value);
		const value = await needs.valueOfKey(channel, session, key, reading.value);
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
			const {slot, session, key, reading, isPacketKey} = candidate;
			// Memory first: others of this group, or newer arrivals, may have been admitted since.
			candidate.judgement = judge(candidate, delivery.flags);
			if (candidate.judgement !== 'unknown' || slot.channel === undefined || key === undefined) continue;
			const looked = found.keys.get(keyName(slot.channel, session, key));
			if (!looked?.asked.includes(reading.value)) return false;
			if (looked.values.includes(reading.value)) candidate.judgement = 'repeat';
			// Packet ids are used again and again: what was pruned is no message that is sent again now.
			else if (looked.isPruned && !isPacketKey) candidate.judgement = 'pruned';
			else candidate.judgement = looked.values.length === 0 || isPacketKey ? 'new' : 'conflict';
		}
		return true;
	};

	/** Everything is judged: hands the entries, the repeats and the refusals to the log, in one turn. */
	const settle = (admission: Admission<C>, found: Found | undefined): void => {
		const {delivery, arrivedAtMs, decoder, candidates, done} = admission;
		let {refused} = admission;
		const drafts: Draft<C>[] = [];
		let repeats = 0;
		arrival += 1;
		for (const {reading, slot, quality, session, key, isPacketKey, judgement: judged} of candidates) {
			const {value} = reading;
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
			drafts.push({
				channel,
				kind: kinds.reading,
				quantity: slot.quantity,
				exponent: slot.exponent,
				quality: judgement === 'conflict' ? quality | qualities.conflict : quality,
				value,
				measuredAtMs: reading.measuredAtMs,
				span: 0,
				session,
				key,
				keyTop: memory.top(session),
			});
		}
		// Commits keep the order of what is handed in: when the last piece is durable, all are.
		const finished: Done = failure => done(failure !== undefined ? 'failed' : drafts.length > 0 || repeats > 0 ? 'kept' : 'refused');
		if (refused.length > 0) {
			const isLast = repeats === 0 && drafts.length === 0;
			refuseReadings(delivery, arrivedAtMs, decoder, refused, isLast ? finished : ignored);
		}
		if (repeats > 0) needs.count('repeats', repeats, drafts.length === 0 ? finished : ignored);
		if (drafts.length === 0) return;
		if (admission.device.cadenceSeconds !== undefined) hear(candidates, arrivedAtMs);
		const gap = gapBefore(admission, found);
		const record = recordOf(delivery, arrivedAtMs, decoder, scratch);
		if (gap === undefined) needs.append({record, arrivedAtMs, drafts}, finished);
		else needs.append({record, arrivedAtMs, drafts, notes: gapNotes(gap, drafts)}, finished);
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
	const refuseReadings = (delivery: Delivery, arrivedAtMs: number, decoder: string, refused: readonly Refused[], done: Done): void => {
		const [first, ...others] = refused as [Refused, ...Refused[]];
		for (const other of others) needs.count(`also-refused:${other.refused}`, 1, ignored);
		needs.refuse({arrivedAtMs, reason: first.refused, detail: first.detail, record: recordOf(delivery, arrivedAtMs, decoder)}, done);
	};

	const refuseWhole = (
		delivery: Delivery,
		arrivedAtMs: number,
		decoder: string,
		{refused: reason, detail}: Refused,
		done: (outcome: Outcome) => void,
	): void => {
		const record = recordOf(delivery, arrivedAtMs, decoder);
		needs.refuse({arrivedAtMs, reason, detail, record}, failure => done(failure === undefined ? 'refused' : 'failed'));
	};

	const isCrowded = (): boolean => unsureCount > unsureMax || unsureBytes > unsureBytesMax;

	// What spoke before this start must speak again.
	for (const device of devices.all) {
		if (device.cadenceSeconds === undefined) continue;
		for (const channel of enrolledChannels(device, () => true)) watchOf(channel, device);
	}

	return {
		accept,
		noteSilences: () => {
			const nowMs = clock.monotonicMs();
			for (const one of silence.due(nowMs, silencesMax)) needs.noteOn(silenceNote(one, nowMs, memories.get(one.channel.id)));
		},
		silent: max => silence.silent(max),
		pressure: () => {
			if (!isCrowded()) return undefined;
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

function recordOf(delivery: Delivery, arrivedAtMs: number, decoder: string, scratch?: Uint8Array): Uint8Array {
	const {topic, payload, flags, identity} = delivery;
	return encodeArrival({topic, payload, flags, identity, arrivedAtMs, deviceSignature: nothing, decoder}, scratch);
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
