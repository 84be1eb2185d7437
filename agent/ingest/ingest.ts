// The front door's one admission: turns what a door received into entries, a repeat or a refusal, and says when that is durable.

import type {Clock} from '../base/clock.ts';
import type {Logger} from '../base/logger.ts';
import {arrivalFlags, encodeArrival} from '../format/arrival.ts';
import {kinds, qualities} from '../format/entry.ts';
import {channelUrn} from '../format/subject.ts';
import {admit} from './admit.ts';
import type {Decoded, DecodedReading} from './decoders/decoded.ts';
import {decodeJson, jsonDecoder} from './decoders/json.ts';
import {decodeSenml, senmlDecoder} from './decoders/senml.ts';
import type {Device, Devices} from './devices.ts';
import type {Mapping} from './mapping.ts';
import {type RefusalReason, type Refused, refuse} from './refusal.ts';
import {createRepeatMemory, type Judgement, judge, type RepeatMemory, recall, remember, topOf} from './repeats.ts';

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
	readonly kind: typeof kinds.reading;
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
	/** `done` MUST be called only when everything is durable. */
	readonly append: (
		item: {readonly record: Uint8Array; readonly arrivedAtMs: number; readonly drafts: readonly Draft<C>[]},
		done: Done,
	) => void;
	readonly refuse: (
		refusal: {readonly arrivedAtMs: number; readonly reason: string; readonly detail: string; readonly record: Uint8Array},
		done: Done,
	) => void;
	readonly count: (name: string, by: number, done: Done) => void;
	/** Resolves when everything appended before is durable; rejects if that failed. */
	readonly settled: () => Promise<void>;
	/** Looks at durable entries only. */
	readonly valueOfKey: (channel: C, session: string | undefined, key: number) => Promise<bigint | undefined>;
	readonly sessionTop: (channel: C, session: string | undefined) => Promise<number | undefined>;
	readonly clock: Clock;
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
};

/** Topics whose route is remembered; what comes beyond starts over. */
const routesMax = 4096;
/** Readings in one message; the log takes no more in one piece. */
const readingsMax = 1024;
const nothing = new Uint8Array(0);

type Slot<C> = {channel: C | undefined; memory: RepeatMemory | undefined};

type KnownRoute<C> = {
	readonly device: Device;
	readonly mapping: Mapping;
	readonly slots: readonly Slot<C>[];
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
	/** Only a message that says DUP can be a repeat: the key is a packet id, which is used again and again. */
	readonly isPacketKey: boolean;
	judgement: Judgement;
};

type Admission<C> = {
	readonly delivery: Delivery;
	readonly arrivedAtMs: number;
	readonly route: KnownRoute<C>;
	readonly decoder: string;
	readonly candidates: readonly Candidate<C>[];
	readonly refused: readonly Refused[];
	readonly done: (outcome: Outcome) => void;
};

export function createIngest<C extends Channel>(needs: Needs<C>, options: IngestOptions): Ingest {
	const {devices, lateAfterMs} = options;
	const {clock, logger} = needs;
	const routes = new Map<string, KnownRoute<C>>();
	/** By channel id; topics of the same device share it. */
	const memories = new Map<number, RepeatMemory>();
	const unsure: Admission<C>[] = [];
	let looking = false;

	const accept: Ingest['accept'] = (delivery, done) => {
		const arrivedAtMs = clock.nowMs();
		const isFromClient = (delivery.flags & arrivalFlags.client) !== 0;
		if (isFromClient && (delivery.flags & arrivalFlags.retain) !== 0) {
			refuseWhole(delivery, arrivedAtMs, refuse('retained', 'delivered with the retain flag'), done);
			return;
		}
		const route = routeOf(delivery, isFromClient);
		if ('refused' in route) {
			refuseWhole(delivery, arrivedAtMs, route, done);
			return;
		}
		const {mapping} = route;
		const decoded: Decoded =
			mapping.format === 'json' ? decodeJson(delivery.payload, mapping) : decodeSenml(delivery.payload, mapping, route.names, arrivedAtMs);
		if ('refused' in decoded) {
			refuseWhole(delivery, arrivedAtMs, decoded, done);
			return;
		}
		if (decoded.readings.length > readingsMax) {
			refuseWhole(
				delivery,
				arrivedAtMs,
				refuse('readings-too-many', `${decoded.readings.length} readings; at most ${readingsMax} are taken`),
				done,
			);
			return;
		}
		const refused: Refused[] = [];
		const candidates: Candidate<C>[] = [];
		const context = {arrivedAtMs, lateAfterMs, simulated: route.device.simulated, clockUnsynchronised: false};
		let isUnsure = false;
		for (const reading of decoded.readings) {
			const admitted = 'refused' in reading ? reading : admit(reading, context);
			if ('refused' in admitted || 'refused' in reading) {
				refused.push('refused' in admitted ? admitted : (reading as Refused));
				continue;
			}
			const slot = route.slots[reading.slot]!;
			if (slot.channel === undefined) openKnown(route, reading.slot);
			const candidate = candidateOf(reading, slot, admitted.quality, delivery);
			candidate.judgement = judgeCandidate(candidate, delivery);
			if (candidate.judgement === 'unknown') isUnsure = true;
			candidates.push(candidate);
		}
		const decoder = mapping.format === 'json' ? jsonDecoder : senmlDecoder;
		const admission = {delivery, arrivedAtMs, route, decoder, candidates, refused, done};
		if (!isUnsure) {
			settle(admission);
			return;
		}
		unsure.push(admission);
		if (!looking) void lookUp();
	};

	const routeOf = (delivery: Delivery, isFromClient: boolean): KnownRoute<C> | Refused => {
		const cacheKey = isFromClient ? `\0${delivery.topic}` : `${delivery.identity}\0${delivery.topic}`;
		const known = routes.get(cacheKey);
		if (known !== undefined) return known;
		const found = devices.route(delivery.topic, isFromClient ? undefined : delivery.identity);
		if ('refused' in found) return found;
		const {device} = found;
		const mapping = withEnrolledExponents(device, found.mapping);
		const names = new Map(mapping.readings.map((reading, slot) => [reading.name.replaceAll('{device}', device.id), slot]));
		const slots = mapping.readings.map(() => ({channel: undefined, memory: undefined}));
		if (routes.size >= routesMax) routes.clear();
		const route: KnownRoute<C> = {device, mapping, slots, names};
		routes.set(cacheKey, route);
		return route;
	};

	/** A channel keeps the exponent that it was enrolled with, whatever the config says later: its values must stay comparable. */
	const withEnrolledExponents = (device: Device, mapping: Mapping): Mapping => {
		const readings = mapping.readings.map(reading => {
			const urn = channelUrn(device.id, reading.quantity.name, reading.part);
			const exponent = needs.channel(urn)?.exponent ?? reading.exponent;
			if (exponent !== reading.exponent)
				logger.log('warn', 'exponent of the config is not used', {channel: urn, config: reading.exponent, enrolled: exponent});
			return {...reading, exponent};
		});
		return {...mapping, readings};
	};

	const candidateOf = (reading: DecodedReading, slot: Slot<C>, quality: number, delivery: Delivery): Candidate<C> => {
		if (reading.sequence !== undefined)
			return {reading, slot, quality, session: reading.session, key: reading.sequence, isPacketKey: false, judgement: 'new'};
		if (reading.timeIsDevices && reading.measuredAtMs !== 0)
			return {reading, slot, quality, session: undefined, key: reading.measuredAtMs, isPacketKey: false, judgement: 'new'};
		return {
			reading,
			slot,
			quality,
			session: delivery.packetId === undefined ? undefined : `packet:${delivery.clientId}`,
			key: delivery.packetId,
			isPacketKey: true,
			judgement: 'new',
		};
	};

	/** A channel that has never been heard has no memory yet, and everything from it is new. */
	const judgeCandidate = (candidate: Candidate<C>, delivery: Delivery): Judgement => {
		const {slot, session, key, isPacketKey, reading} = candidate;
		if (key === undefined || slot.memory === undefined) return 'new';
		if (!isPacketKey) return judge(slot.memory, session, key, reading.value);
		if ((delivery.flags & arrivalFlags.dup) === 0) return 'new';
		const remembered = recall(slot.memory, session, key);
		if (remembered !== undefined) return remembered === reading.value ? 'repeat' : 'new';
		return slot.memory.isWhole ? 'new' : 'unknown';
	};

	/** Gives a slot its channel, if the log knows it already. */
	const openKnown = (route: KnownRoute<C>, place: number): void => {
		const channel = needs.channel(urnOf(route, place));
		if (channel !== undefined) openSlot(route.slots[place]!, channel);
	};

	const openSlot = (slot: Slot<C>, channel: C): void => {
		let memory = memories.get(channel.id);
		if (memory === undefined) {
			// Number 1 is the enrolment itself.
			memory = createRepeatMemory({session: channel.session, keyTop: channel.keyTop, isWhole: channel.lastNumber <= 1});
			memories.set(channel.id, memory);
		}
		slot.channel = channel;
		slot.memory = memory;
	};

	/** Opens the channels of an admission that are still unknown, at the last moment: a refused message enrols nothing. */
	const openChannels = ({route, candidates}: Admission<C>): void => {
		for (const {slot, reading} of candidates) {
			if (slot.channel !== undefined) continue;
			const urn = urnOf(route, reading.slot);
			const {quantity, exponent} = route.mapping.readings[reading.slot]!;
			openSlot(slot, needs.channel(urn) ?? needs.enrol({urn, quantity: quantity.code, quantityName: quantity.name, exponent}));
		}
	};

	/** Looks unsure keys up in the log, for all that wait together, and settles them in their order. */
	const lookUp = async (): Promise<void> => {
		looking = true;
		while (unsure.length > 0) {
			const group = unsure.splice(0);
			try {
				// What was handed in before may be what these repeat: it must be on disk to be found.
				await needs.settled();
				const found = new Map<string, {value: bigint | undefined; top: number | undefined}>();
				for (const {candidates} of group) for (const candidate of candidates) await lookUpOne(candidate, found);
				for (const admission of group) settleLookedUp(admission, found);
			} catch (error) {
				logger.log('error', 'looking up repeats failed', {error: error instanceof Error ? error.message : String(error)});
				for (const {done} of group) done('failed');
			}
		}
		looking = false;
	};

	const lookUpOne = async (
		candidate: Candidate<C>,
		found: Map<string, {value: bigint | undefined; top: number | undefined}>,
	): Promise<void> => {
		const {slot, session, key, judgement} = candidate;
		if (judgement !== 'unknown' || slot.channel === undefined || key === undefined) return;
		const name = lookUpName(slot.channel, session, key);
		if (found.has(name)) return;
		const top = session === slot.memory?.session ? undefined : await needs.sessionTop(slot.channel, session);
		found.set(name, {value: await needs.valueOfKey(slot.channel, session, key), top});
	};

	const settleLookedUp = (admission: Admission<C>, found: Map<string, {value: bigint | undefined; top: number | undefined}>): void => {
		for (const candidate of admission.candidates) {
			const {slot, session, key, reading, isPacketKey} = candidate;
			// Memory first: others of this group, or newer arrivals, may have been admitted since.
			candidate.judgement = judgeCandidate(candidate, admission.delivery);
			if (candidate.judgement !== 'unknown' || slot.channel === undefined || key === undefined) continue;
			const looked = found.get(lookUpName(slot.channel, session, key));
			if (looked?.value === undefined) candidate.judgement = 'new';
			else if (looked.value === reading.value) candidate.judgement = 'repeat';
			else candidate.judgement = isPacketKey ? 'new' : 'conflict';
			if (looked !== undefined && candidate.judgement === 'new') looked.value = reading.value;
		}
		settle(admission, found);
	};

	/** Everything is judged: hands the entries, the repeats and the refusals to the log, in one turn. */
	const settle = (admission: Admission<C>, found?: Map<string, {value: bigint | undefined; top: number | undefined}>): void => {
		const {delivery, arrivedAtMs, candidates, refused, done} = admission;
		openChannels(admission);
		const drafts: Draft<C>[] = [];
		let repeats = 0;
		/** Keys of this very message: two of its readings can be the same reading. */
		const inMessage = candidates.length > 1 ? new Map<string, bigint>() : undefined;
		for (const candidate of candidates) {
			const {reading, slot, session, key} = candidate;
			const {channel, memory} = slot;
			if (channel === undefined || memory === undefined) continue;
			let {judgement} = candidate;
			if (inMessage !== undefined && key !== undefined && !candidate.isPacketKey) {
				const name = `${channel.id}\0${key}`;
				const before = inMessage.get(name);
				if (before !== undefined && judgement === 'new') judgement = before === reading.value ? 'repeat' : 'conflict';
				inMessage.set(name, reading.value);
			}
			if (judgement === 'repeat') {
				repeats += 1;
				continue;
			}
			if (key !== undefined) {
				const top = memory.isWhole ? topOf(memory, session) : found?.get(lookUpName(channel, session, key))?.top;
				remember(memory, session, key, reading.value, top);
			}
			const {quantity, exponent} = admission.route.mapping.readings[reading.slot]!;
			drafts.push({
				channel,
				kind: kinds.reading,
				quantity: quantity.code,
				exponent,
				quality: judgement === 'conflict' ? candidate.quality | qualities.conflict : candidate.quality,
				value: reading.value,
				measuredAtMs: reading.measuredAtMs,
				span: 0,
				session,
				key,
				keyTop: memory.keyTop,
			});
		}
		// Commits keep the order of what is handed in: when the last piece is durable, all are.
		const finished: Done = failure => done(failure !== undefined ? 'failed' : drafts.length > 0 || repeats > 0 ? 'kept' : 'refused');
		const ignored: Done = () => {};
		const pieces = (refused.length > 0 ? 1 : 0) + (repeats > 0 ? 1 : 0) + (drafts.length > 0 ? 1 : 0);
		let piece = 0;
		const doneOfPiece = (): Done => {
			piece += 1;
			return piece === pieces ? finished : ignored;
		};
		if (refused.length > 0) {
			const [first, ...others] = refused as [Refused, ...Refused[]];
			const record = recordOf(delivery, arrivedAtMs, admission.decoder);
			needs.refuse({arrivedAtMs, reason: first.refused, detail: first.detail, record}, doneOfPiece());
			// One arrival is one refusal, under its first reason: so refusals, quarantine and evictions add up. The others are counted apart.
			for (const other of others) needs.count(`refused-also:${other.refused}`, 1, ignored);
		}
		if (repeats > 0) needs.count('repeats', repeats, doneOfPiece());
		if (drafts.length > 0) needs.append({record: recordOf(delivery, arrivedAtMs, admission.decoder), arrivedAtMs, drafts}, doneOfPiece());
	};

	const refuseWhole = (delivery: Delivery, arrivedAtMs: number, refused: Refused, done: (outcome: Outcome) => void): void => {
		const record = recordOf(delivery, arrivedAtMs, '');
		const reason: RefusalReason = refused.refused;
		needs.refuse({arrivedAtMs, reason, detail: refused.detail, record}, failure => done(failure === undefined ? 'refused' : 'failed'));
	};

	return {accept};
}

function urnOf(route: KnownRoute<unknown>, place: number): string {
	const {quantity, part} = route.mapping.readings[place]!;
	return channelUrn(route.device.id, quantity.name, part);
}

function recordOf(delivery: Delivery, arrivedAtMs: number, decoder: string): Uint8Array {
	return encodeArrival({
		topic: delivery.topic,
		payload: delivery.payload,
		flags: delivery.flags,
		identity: delivery.identity,
		arrivedAtMs,
		deviceSignature: nothing,
		decoder,
	});
}

function lookUpName(channel: Channel, session: string | undefined, key: number): string {
	return `${channel.id}\0${key}\0${session ?? '\0'}`;
}
