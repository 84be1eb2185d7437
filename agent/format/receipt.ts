// The receipt: one file that proves one entry, offline.

import {toBase64} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {canonicalTextWithDigest, type Fields, type Json, type Parsed, parseDocument, shapeError} from './document.ts';
import {entryLength} from './entry.ts';
import {
	hasProofs,
	type Outside,
	readOutside,
	readSource,
	readSubject,
	type SourceOpening,
	type SubjectOpening,
	writeOutside,
	writeSource,
	writeSubject,
} from './evidence.ts';

/** The anchors and time stamps are those of the very checkpoint in the proof. */
export type Receipt = Outside & {
	/** 118 bytes. */
	readonly entry: Uint8Array;
	/** Opens the entry's subject; left out where the channel is to stay unnamed. */
	readonly subject: SubjectOpening | undefined;
	/** Opens the entry's source (the message as it arrived); left out where it is to stay private. */
	readonly arrival: SourceOpening | undefined;
	/** C2SP tlog-proof text: index, path, checkpoint. */
	readonly proof: string;
	/** Who the device was when the entry was made, as the log says; left out where the log says nothing of it, or the channel is to stay unnamed. */
	readonly identity?: IdentityEvidence | undefined;
	/** The newest beacon in front of the entry: the entry was appended after its block. Left out where there is none. */
	readonly beacon?: BeaconEvidence | undefined;
};

/** A note entry that names the newest final block of a chain at that time, and what opens it. */
export type BeaconEvidence = {
	/** 118 bytes. */
	readonly entry: Uint8Array;
	/** Opens its source: the body of a beacon. */
	readonly body: SourceOpening;
	/** C2SP tlog-proof text with the same checkpoint as the receipt's own. */
	readonly proof: string;
};

/** The newest identity entry of the device in front of a reading, and what opens it. */
export type IdentityEvidence = {
	/** 118 bytes. */
	readonly entry: Uint8Array;
	/** Opens the device's own subject. */
	readonly subject: SubjectOpening;
	/** Opens its source: an identity body. */
	readonly body: SourceOpening;
	/** C2SP tlog-proof text with the same checkpoint as the receipt's own. */
	readonly proof: string;
};

export const receiptFormat = 'kedge receipt 1';
/** With an identity in it. */
export const identifiedReceiptFormat = 'kedge receipt 2';
/** With a proof of a block, a time stamp or a beacon in it, with or without an identity. */
export const provenReceiptFormat = 'kedge receipt 3';
export const receiptFormats: readonly string[] = [receiptFormat, identifiedReceiptFormat, provenReceiptFormat];
/** A receipt with an arrival of the largest payload that the agent takes stays below this. */
export const receiptLengthMax = 4 * 1024 * 1024;

/** The canonical text of a receipt, digest included. */
export function formatReceipt(hasher: Hasher, receipt: Receipt): string {
	const body = {
		format: formatOf(receipt),
		entry: toBase64(receipt.entry),
		subject: receipt.subject && writeSubject(receipt.subject),
		arrival: receipt.arrival && writeSource(receipt.arrival),
		proof: receipt.proof,
		identity: receipt.identity && writeIdentity(receipt.identity),
		beacon: receipt.beacon && writeBeacon(receipt.beacon),
		...writeOutside(receipt),
	} satisfies Json;
	return canonicalTextWithDigest(hasher, body);
}

/** The smallest number that can say it: what old verifiers can read stays readable for them. */
function formatOf(receipt: Receipt): string {
	if (receipt.beacon !== undefined || hasProofs(receipt)) return provenReceiptFormat;
	return receipt.identity === undefined ? receiptFormat : identifiedReceiptFormat;
}

function writeBeacon({entry, body, proof}: BeaconEvidence): Json {
	return {entry: toBase64(entry), body: writeSource(body), proof};
}

function readBeacon(fields: Fields): BeaconEvidence {
	return {entry: fields.bytes('entry', entryLength), body: fields.object('body', readSource), proof: fields.text('proof')};
}

function writeIdentity({entry, subject, body, proof}: IdentityEvidence): Json {
	return {entry: toBase64(entry), subject: writeSubject(subject), body: writeSource(body), proof};
}

function readIdentity(fields: Fields): IdentityEvidence {
	return {
		entry: fields.bytes('entry', entryLength),
		subject: fields.object('subject', readSubject),
		body: fields.object('body', readSource),
		proof: fields.text('proof'),
	};
}

export function parseReceipt(hasher: Hasher, bytes: Uint8Array): Parsed<Receipt> {
	return parseDocument(
		bytes,
		receiptLengthMax,
		fields => {
			if (!receiptFormats.includes(fields.text('format')))
				shapeError(`format is not "${receiptFormat}", "${identifiedReceiptFormat}" or "${provenReceiptFormat}"`);
			// Another key than its format has makes another canonical text.
			const identity = fields.objectMaybe('identity', readIdentity);
			const beacon = fields.objectMaybe('beacon', readBeacon);
			return {
				entry: fields.bytes('entry', entryLength),
				subject: fields.objectMaybe('subject', readSubject),
				arrival: fields.objectMaybe('arrival', readSource),
				proof: fields.text('proof'),
				...(identity === undefined ? {} : {identity}),
				...(beacon === undefined ? {} : {beacon}),
				...readOutside(fields),
			};
		},
		receipt => formatReceipt(hasher, receipt),
	);
}
