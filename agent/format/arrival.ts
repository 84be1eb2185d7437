// The arrival record: a message as it was received, as bytes that can be kept and shown.

import {fromUtf8, readUint48, unpackFields, utf8Length, viewOf, writeUtf8} from '../base/bytes.ts';

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

const lengthBytes = 4;
const timeBytes = 6;

/**
 * u32 length and bytes of: topic, payload, flags (1 byte), identity, arrival time (6 bytes), device signature, decoder. The record is written into `scratch` if it
 * fits there, and is then only good until the next call.
 */
export function encodeArrival(arrival: Arrival, scratch?: Uint8Array): Uint8Array {
	// One allocation and no intermediate fields: this runs once for every message.
	const {topic, payload, identity, deviceSignature, decoder} = arrival;
	const topicLength = utf8Length(topic);
	const identityLength = utf8Length(identity);
	const decoderLength = utf8Length(decoder);
	const length =
		fieldCount * lengthBytes + topicLength + payload.length + 1 + identityLength + timeBytes + deviceSignature.length + decoderLength;
	const record = scratch !== undefined && length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
	let at = writeUtf8(record, writeLength(record, 0, topicLength), topic);
	at = writeLength(record, at, payload.length);
	record.set(payload, at);
	at = writeLength(record, at + payload.length, 1);
	record[at] = arrival.flags;
	at = writeUtf8(record, writeLength(record, at + 1, identityLength), identity);
	at = writeLength(record, at, timeBytes);
	writeLength(record, at + 2, arrival.arrivedAtMs % 0x1_0000_0000);
	const high = Math.floor(arrival.arrivedAtMs / 0x1_0000_0000);
	record[at] = high >> 8;
	record[at + 1] = high;
	at = writeLength(record, at + timeBytes, deviceSignature.length);
	record.set(deviceSignature, at);
	writeUtf8(record, writeLength(record, at + deviceSignature.length, decoderLength), decoder);
	return record;
}

/** Writes a big-endian u32; gives the offset behind it. */
function writeLength(target: Uint8Array, offset: number, value: number): number {
	target[offset] = value >>> 24;
	target[offset + 1] = value >>> 16;
	target[offset + 2] = value >>> 8;
	target[offset + 3] = value;
	return offset + lengthBytes;
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
