// The arrival record: a message as it was received, as bytes that can be kept and shown.

import {fromUtf8, packFields, readUint48, unpackFields, utf8, viewOf, writeUint48} from '../base/bytes.ts';

export type Arrival = {
	readonly topic: string;
	readonly payload: Uint8Array;
	/** Bits: 0–1 QoS, 2 DUP, 3 RETAIN, 4 MQTT.js door (else the embedded broker). */
	readonly flags: number;
	/** Who sent it, as far as the door knows: device id, or the name of the broker it came through. Never a secret. */
	readonly identity: string;
	readonly arrivedAtMs: number;
	/** Empty where the device does not sign. */
	readonly deviceSignature: Uint8Array;
	/** Name and version of the decoder that read it, `json/1`; empty for a message that reached none. */
	readonly decoder: string;
};

export const arrivalFlags = {qosMask: 0b11, dup: 0b100, retain: 0b1000, client: 0b1_0000} as const;

const fieldCount = 7;
const nothing = new Uint8Array(0);

/** u32 length and bytes of: topic, payload, flags (1 byte), identity, arrival time (6 bytes), device signature, decoder. */
export function encodeArrival(arrival: Arrival): Uint8Array {
	const time = new Uint8Array(6);
	writeUint48(viewOf(time), 0, arrival.arrivedAtMs);
	return packFields([
		utf8(arrival.topic),
		arrival.payload,
		Uint8Array.of(arrival.flags),
		utf8(arrival.identity),
		time,
		arrival.deviceSignature,
		utf8(arrival.decoder),
	]);
}

/** The reverse; undefined if the bytes are not an arrival record. */
export function decodeArrival(record: Uint8Array): Arrival | undefined {
	const fields = unpackFields(record, fieldCount);
	if (fields === undefined) return undefined;
	const [
		topicBytes = nothing,
		payload = nothing,
		flags = nothing,
		identityBytes = nothing,
		time = nothing,
		deviceSignature = nothing,
		decoderBytes = nothing,
	] = fields;
	const topic = fromUtf8(topicBytes);
	const identity = fromUtf8(identityBytes);
	const decoder = fromUtf8(decoderBytes);
	if (topic === undefined || identity === undefined || decoder === undefined || flags.length !== 1 || time.length !== 6) return undefined;
	return {topic, payload, flags: flags[0]!, identity, arrivedAtMs: readUint48(viewOf(time), 0), deviceSignature, decoder};
}
