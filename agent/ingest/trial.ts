// Turns a message into what admission would make of it, without a log: for commands that show what a config does. Nothing is remembered but what decoders remember.

import {verifyDeviceSignature} from '../base/device-signature.ts';
import {type KeyType, parseDeviceKey} from '../format/device-key.ts';
import {openSignedPayload, type SignedForm} from '../format/signed-payload.ts';
import {admit} from './admit.ts';
import type {Heard} from './collection.ts';
import {exactValue} from './decoders/decoded.ts';
import type {DecodedReading} from './decoders/decoder.ts';
import type {Devices, Route} from './devices.ts';

import {limitExceeded, limitsOf} from './limits.ts';
import {descriptionDetail, type Refused, refuse} from './refusal.ts';

/** A reading that would be an entry. */
export type TriedReading = {
	readonly reading: DecodedReading;
	/** At the exponent of the channel, in base units. 0 where the device says that it has no value. */
	readonly value: bigint;
	readonly exponent: number;
	readonly quality: number;
};

/** A reading that would be none. The channel is there where the decoder got so far. */
export type RefusedReading = Refused & {readonly reading?: DecodedReading};

export type SignedNote = {
	readonly form: SignedForm;
	readonly keyType: KeyType | undefined;
	readonly keyId: string | undefined;
	/** By the key of the device; undefined where it has none. */
	readonly isGood: boolean | undefined;
};

export type Tried = {
	readonly route: Route | undefined;
	readonly signed: SignedNote | undefined;
	/** It described devices, and a decoder took that in. */
	readonly isLearned: boolean;
	/** The whole message. */
	readonly refused: Refused | undefined;
	readonly readings: readonly (TriedReading | RefusedReading)[];
	/** Topics on which the decoder would ask for something, such as a new birth certificate. */
	readonly asksOn: readonly string[];
};

export type TrialOptions = {
	readonly devices: Devices;
	readonly lateAfterMs: number;
	/** True: a message that the broker had kept is read like a new one, to see what is in it. @default false, as the agent */
	readonly readsRetained?: boolean;
	/** True: the payload in a signed message is read although the device has no key. @default false, as the agent */
	readonly opensUnknownSignatures?: boolean;
};

/** Messages MUST come in the order of arrival: what one of them describes the next ones need. */
export function tryMessage(message: Heard, options: TrialOptions): Tried {
	const {devices, lateAfterMs} = options;
	const {topic, arrivedAtMs, isRetained} = message;
	const nothing: Tried = {route: undefined, signed: undefined, isLearned: false, refused: undefined, readings: [], asksOn: []};
	if (isRetained || devices.isHeard(topic)) {
		if (devices.learn(message, undefined)) return {...nothing, isLearned: true, refused: refuse('no-reading', descriptionDetail)};
		if (isRetained && options.readsRetained !== true) return {...nothing, refused: refuse('retained', 'delivered with the retain flag')};
	}
	const route = devices.route(topic, undefined);
	if ('refused' in route) return {...nothing, refused: route};
	const {device, mapping} = route;
	const opened = openPayload(message.payload, device.publicKey, device.signed !== 'optional', options.opensUnknownSignatures === true);
	const {signed} = opened;
	if ('refused' in opened) return {...nothing, route, signed, refused: opened.refused};
	const decoded = mapping.decoder.decode({topic, payload: opened.payload, arrivedAtMs, deviceId: device.id});
	const asksOn = (decoded.requests ?? []).map(request => request.topic);
	if ('refused' in decoded) {
		const {refused, detail} = decoded;
		return {...nothing, route, signed, refused: {refused, detail}, asksOn};
	}
	const context = {
		arrivedAtMs,
		lateAfterMs,
		simulated: device.simulated,
		clockUnsynchronised: false,
		isSigned: signed?.isGood === true,
		calibration: device.calibration,
	};
	const readings = decoded.readings.map((reading): TriedReading | RefusedReading => {
		if ('refused' in reading) return reading;
		const {channel} = reading;
		const refusedAs = (why: Refused): RefusedReading => ({...why, reading});
		const limits = limitsOf(device.quantities, channel, channel.exponent);
		if (typeof limits === 'string') return refusedAs(refuse('quantity-forbidden', limits));
		const value = reading.value === null ? 0n : exactValue(channel, channel.exponent, reading.value, reading.unit);
		if (typeof value !== 'bigint') return refusedAs(value);
		const exceeded = reading.value === null ? undefined : limitExceeded(value, limits, channel, channel.exponent);
		if (exceeded !== undefined) return refusedAs(exceeded);
		const admitted = admit(reading, context);
		return 'refused' in admitted ? refusedAs(admitted) : {reading, value, exponent: channel.exponent, quality: admitted.quality};
	});
	return {...nothing, route, signed, readings, asksOn};
}

type OpenedPayload =
	| {readonly payload: Uint8Array; readonly signed: SignedNote | undefined}
	| {readonly refused: Refused; readonly signed: SignedNote | undefined};

function openPayload(payload: Uint8Array, publicKey: string | undefined, mustSign: boolean, opensUnknown: boolean): OpenedPayload {
	const opened = openSignedPayload(payload);
	const key = publicKey === undefined ? undefined : parseDeviceKey(publicKey);
	const hasKey = key !== undefined && !('problem' in key);
	if ('problem' in opened) {
		if (!hasKey) return {payload, signed: undefined};
		if (opened.isSigned) return {refused: refuse('signature-malformed', opened.problem), signed: undefined};
		return mustSign ? {refused: refuse('signature-missing', opened.problem), signed: undefined} : {payload, signed: undefined};
	}
	const {form, keyType, keyId} = opened;
	if (!hasKey) {
		// An OCMF record is read as it stands: its form is its format.
		const signed = {form, keyType, keyId, isGood: undefined};
		return {payload: opensUnknown ? opened.payload : payload, signed};
	}
	const isGood = (keyType === undefined || keyType === key.type) && verifyDeviceSignature(key, opened.signedBytes, opened.signature);
	const signed = {form, keyType: keyType ?? key.type, keyId, isGood};
	return isGood
		? {payload: opened.payload, signed}
		: {refused: refuse('signature-wrong', `the key of the device did not make the signature of this ${form} payload`), signed};
}

/** The text that the device printed. */
export function printedText({value}: Pick<DecodedReading, 'value'>): string {
	return value === null ? 'none' : typeof value === 'object' ? value.text : String(value);
}
