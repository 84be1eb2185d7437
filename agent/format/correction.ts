// What a correction says: which entry it stands in for, with which value, and why. The payload of its arrival, as canonical JSON.

import {equalBytes, utf8} from '../base/bytes.ts';
import type {Arrival} from './arrival.ts';
import {parseObject} from './body.ts';

export type Correction = {
	/** The entry that it stands in for: its place in the log, its number in the channel, and its leaf hash in hexadecimal. */
	readonly corrects: {readonly index: number; readonly number: number; readonly leaf: string};
	/** Decimal text, as the owner wrote it, and a unit that measures the quantity. */
	readonly value: string;
	readonly unit: string;
	/** In the owner's words. */
	readonly reason: string;
};

/** How the arrival of a correction is marked: no device has this identity together with this decoder. */
export const correctionArrival = {topic: 'kedge/correction', identity: 'owner', decoder: 'correction/1'} as const;

export const correctionBytesMax = 4096;
export const correctionReasonMax = 400;

/** Members in one order. */
export function encodeCorrection({corrects, value, unit, reason}: Correction): Uint8Array {
	const {index, number, leaf} = corrects;
	return utf8(JSON.stringify({corrects: {index, number, leaf}, value, unit, reason}));
}

/** What an arrival corrects; undefined if it is no correction, in the one form that encodeCorrection writes. */
export function correctionOf({topic, identity, decoder, payload}: Arrival): Correction | undefined {
	if (topic !== correctionArrival.topic || identity !== correctionArrival.identity || decoder !== correctionArrival.decoder)
		return undefined;
	const parsed = parseObject(payload, correctionBytesMax);
	return isCorrection(parsed) && equalBytes(encodeCorrection(parsed), payload) ? parsed : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isCorrection(value: unknown): value is Correction {
	if (!isRecord(value) || !isRecord(value.corrects)) return false;
	const {index, number, leaf} = value.corrects;
	return (
		isCount(index) &&
		isCount(number) &&
		typeof leaf === 'string' &&
		/^[0-9a-f]{64}$/.test(leaf) &&
		[value.value, value.unit, value.reason].every(text => typeof text === 'string')
	);
}
