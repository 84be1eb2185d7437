// The receipt: one file that proves one entry, offline.

import {toBase64} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {canonicalTextWithDigest, type Fields, type Json, type Parsed, parseDocument, shapeError} from './document.ts';
import {entryLength} from './entry.ts';
import {
	type AnchorRecord,
	readAnchor,
	readSource,
	readSubject,
	type SourceOpening,
	type SubjectOpening,
	writeAnchor,
	writeSource,
	writeSubject,
} from './evidence.ts';

export type Receipt = {
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
	/** Anchors of the very checkpoint in the proof. */
	readonly anchors: readonly AnchorRecord[];
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
/** A receipt with an arrival of the largest payload that the agent takes stays below this. */
export const receiptLengthMax = 4 * 1024 * 1024;
const anchorsMax = 16;

/** The canonical text of a receipt, digest included. */
export function formatReceipt(hasher: Hasher, receipt: Receipt): string {
	const body = {
		format: receipt.identity === undefined ? receiptFormat : identifiedReceiptFormat,
		entry: toBase64(receipt.entry),
		subject: receipt.subject && writeSubject(receipt.subject),
		arrival: receipt.arrival && writeSource(receipt.arrival),
		proof: receipt.proof,
		identity: receipt.identity && writeIdentity(receipt.identity),
		anchors: receipt.anchors.map(writeAnchor),
	} satisfies Json;
	return canonicalTextWithDigest(hasher, body);
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
			const format = fields.text('format');
			if (format !== receiptFormat && format !== identifiedReceiptFormat)
				shapeError(`format is not "${receiptFormat}" or "${identifiedReceiptFormat}"`);
			// Another key than its format has makes another canonical text.
			const identity = fields.objectMaybe('identity', readIdentity);
			return {
				entry: fields.bytes('entry', entryLength),
				subject: fields.objectMaybe('subject', readSubject),
				arrival: fields.objectMaybe('arrival', readSource),
				proof: fields.text('proof'),
				...(identity === undefined ? {} : {identity}),
				anchors: fields.list('anchors', anchorsMax, readAnchor),
			};
		},
		receipt => formatReceipt(hasher, receipt),
	);
}
