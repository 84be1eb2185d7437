// Stands in front of admission: turns deliveries of devices with a key into the payload inside and what to keep of the signature, or into refusals, each device's in order.

import {copyBytes, equalBytes} from '../base/bytes.ts';
import type {DeviceKey} from '../format/device-key.ts';
import {decodeDeviceSignature, encodeDeviceSignature} from '../format/device-signature.ts';
import {openSignedPayload, type SignedForm, type SignedPayload} from '../format/signed-payload.ts';
import {type Refused, refuse} from './refusal.ts';

/** How a device signs, as far as it does. */
export type Signing = {
	/** Keys that count now, at most four: with more than one, while one takes the place of another. The objects MUST be the same from message to message. */
	readonly keys: readonly DeviceKey[];
	/** True: what is not signed is refused. False: it passes without a signature; what is signed must still be signed well. */
	readonly mustSign: boolean;
	/** The form that the device is bound to. @default each of them */
	readonly form?: SignedForm | undefined;
};

/** The payload that a decoder gets, and what the arrival keeps beside the raw one; empty if the message was not signed. */
export type Opened = {readonly payload: Uint8Array; readonly deviceSignature: Uint8Array};

export type SignatureNeeds = {
	/** Checks a signature of 64 bytes on another thread; `done` MUST be called once, and not before this returns. */
	readonly verify: (key: DeviceKey, message: Uint8Array, signature: Uint8Array, done: (isGood: boolean) => void) => void;
};

export type SignatureGate<D extends {readonly payload: Uint8Array}> = {
	/**
	 * Takes a delivery of a device that has keys, or of any other that keeps its order with these. MUST be called in the order of arrival. `done` is called exactly once: at once
	 * where nothing has to be checked and nothing of the device waits, else later, in the order of the device. The delivery comes back because what had to wait was copied.
	 */
	readonly take: (
		deviceId: string,
		signing: Signing | undefined,
		delivery: D,
		done: (result: Opened | Refused, delivery: D) => void,
	) => void;
	/** undefined: there is room. Else resolves when there is again; whoever feeds this MUST wait for it. */
	readonly pressure: () => Promise<void> | undefined;
	/** Messages that wait, for status. */
	readonly waiting: () => number;
};

/** Messages, and bytes of their payloads, that wait; beyond either `pressure` asks to wait. */
const waitingMax = 4096;
const waitingBytesMax = 8 * 1024 * 1024;
/**
 * Signatures that are checked or queued at the threads. They are the same threads that commit the log, which waits for all that are in front of it: 32 of Ed25519 take two of
 * them two milliseconds. Fewer would let them idle while the event loop is busy.
 */
const checkingMax = 32;
const keysMax = 4;

const nothing = new Uint8Array(0);

/** A message in its device's line. */
type Waiting<D> = {
	readonly line: Line<D>;
	readonly delivery: D;
	readonly done: (result: Opened | Refused, delivery: D) => void;
	/** What is to be checked, and with which keys in turn; undefined if it only keeps its place. */
	readonly check: {readonly signed: SignedPayload; readonly keys: readonly DeviceKey[]} | undefined;
	result: Opened | Refused | undefined;
};

/** The messages of one device from the oldest that is not done. */
type Line<D> = {readonly deviceId: string; readonly messages: Waiting<D>[]; isReleasing: boolean};

export function createSignatureGate<D extends {readonly payload: Uint8Array}>({verify}: SignatureNeeds): SignatureGate<D> {
	const lines = new Map<string, Line<D>>();
	/** Messages whose signatures are not at the threads yet, oldest first from `toCheckAt` on. */
	let toCheck: Waiting<D>[] = [];
	let toCheckAt = 0;
	let checking = 0;
	let count = 0;
	let bytes = 0;
	let roomWanted: {readonly promise: Promise<void>; readonly resolve: () => void} | undefined;

	const take: SignatureGate<D>['take'] = (deviceId, signing, delivery, done) => {
		const line = lines.get(deviceId);
		if (line === undefined && (signing === undefined || signing.keys.length === 0)) {
			done({payload: delivery.payload, deviceSignature: nothing}, delivery);
			return;
		}
		// The payload is a view into what the socket read, which it would keep alive while it waits.
		const kept = {...delivery, payload: copyBytes(delivery.payload)};
		const judged = judge(signing, kept.payload);
		const check = 'keys' in judged ? judged : undefined;
		const result = 'keys' in judged ? undefined : judged;
		if (line === undefined && result !== undefined) done(result, kept);
		else wait({line: line ?? newLine(deviceId), delivery: kept, done, check, result});
	};

	const newLine = (deviceId: string): Line<D> => {
		const line: Line<D> = {deviceId, messages: [], isReleasing: false};
		lines.set(deviceId, line);
		return line;
	};

	const wait = (waiting: Waiting<D>): void => {
		waiting.line.messages.push(waiting);
		count += 1;
		bytes += waiting.delivery.payload.length;
		if (waiting.check === undefined) return;
		toCheck.push(waiting);
		startChecks();
	};

	const startChecks = (): void => {
		while (checking < checkingMax && toCheckAt < toCheck.length) {
			const waiting = toCheck[toCheckAt]!;
			toCheckAt += 1;
			checking += 1;
			tryKey(waiting, 0);
		}
		if (toCheckAt < toCheck.length && toCheckAt < waitingMax) return;
		toCheck = toCheck.slice(toCheckAt);
		toCheckAt = 0;
	};

	const tryKey = (waiting: Waiting<D>, place: number): void => {
		const {signed, keys} = waiting.check!;
		const key = keys[place]!;
		verify(key, signed.signedBytes, signed.signature, isGood => {
			if (!isGood && place + 1 < keys.length) {
				tryKey(waiting, place + 1);
				return;
			}
			checking -= 1;
			// The threads get their next work before this one does its own.
			startChecks();
			waiting.result = isGood
				? {payload: signed.payload, deviceSignature: signatureBytes(signed.form, key)}
				: refuse('signature-wrong', `no key of the device made the signature of this ${signed.form} payload`);
			release(waiting.line);
		});
	};

	/** Hands out what is done at the head of a line. Whoever is called may hand in more, which joins the end. */
	const release = (line: Line<D>): void => {
		if (line.isReleasing) return;
		line.isReleasing = true;
		let released = 0;
		for (; released < line.messages.length; released += 1) {
			const {result, delivery, done} = line.messages[released]!;
			if (result === undefined) break;
			count -= 1;
			bytes -= delivery.payload.length;
			done(result, delivery);
		}
		line.messages.splice(0, released);
		line.isReleasing = false;
		if (line.messages.length === 0) lines.delete(line.deviceId);
		if (roomWanted === undefined || isCrowded()) return;
		roomWanted.resolve();
		roomWanted = undefined;
	};

	const isCrowded = (): boolean => count >= waitingMax || bytes >= waitingBytesMax;

	return {
		take,
		waiting: () => count,
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

/**
 * Why a message that was opened under one description of its device does not count under another, which took its place while the signature was checked; undefined if it does. Else a
 * message of a key that was replaced could stand in the log behind the entry that replaces it.
 */
export function refusedSince(signing: Signing | undefined, opened: Opened): Refused | undefined {
	const {deviceSignature} = opened;
	if (signing === undefined || signing.keys.length === 0) {
		// What was inside is no longer what such a device is read by.
		return deviceSignature.length === 0 ? undefined : refuse('signature-wrong', 'the device has lost the key that it was signed with');
	}
	if (deviceSignature.length === 0)
		return signing.mustSign ? refuse('signature-missing', 'the device must sign since a moment ago') : undefined;
	const kept = decodeDeviceSignature(deviceSignature);
	const isKnown = signing.keys.some(({type, bytes}) => type === kept?.key.type && equalBytes(bytes, kept.key.bytes));
	return isKnown ? undefined : refuse('signature-wrong', 'the key that it was signed with was replaced a moment ago');
}

type Judged = Opened | Refused | {readonly signed: SignedPayload; readonly keys: readonly DeviceKey[]};

/** What can be said of a message without arithmetic. */
function judge(signing: Signing | undefined, payload: Uint8Array): Judged {
	if (signing === undefined || signing.keys.length === 0) return {payload, deviceSignature: nothing};
	const signed = openSignedPayload(payload);
	if ('problem' in signed) {
		if (signed.isSigned) return refuse('signature-malformed', signed.problem);
		return signing.mustSign ? refuse('signature-missing', signed.problem) : {payload, deviceSignature: nothing};
	}
	const {form, keyType} = signed;
	if (signing.form !== undefined && form !== signing.form)
		return refuse('signature-malformed', `the device signs in the form ${signing.form}, this is ${form}`);
	// The key says which algorithm counts, never the message: else a key could be taken for one of another kind.
	const keys = signing.keys.slice(0, keysMax).filter(({type}) => keyType === undefined || type === keyType);
	if (keys.length > 0) return {signed, keys};
	return refuse('signature-wrong', `it is signed by a key of type ${keyType}, which the device has not`);
}

/** One for each form of each key that is in use: every arrival of the device has the same bytes. */
const encoded = new WeakMap<DeviceKey, Map<SignedForm, Uint8Array>>();

function signatureBytes(form: SignedForm, key: DeviceKey): Uint8Array {
	let ofKey = encoded.get(key);
	if (ofKey === undefined) {
		ofKey = new Map();
		encoded.set(key, ofKey);
	}
	let bytes = ofKey.get(form);
	if (bytes === undefined) {
		bytes = encodeDeviceSignature({form, key});
		ofKey.set(form, bytes);
	}
	return bytes;
}
