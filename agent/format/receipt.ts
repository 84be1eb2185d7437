// The receipt: one file that proves one entry, offline.

import {toBase64} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {canonicalTextWithDigest, type Json, type Parsed, parseDocument, shapeError} from './document.ts';
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
	/** Anchors of the very checkpoint in the proof. */
	readonly anchors: readonly AnchorRecord[];
};

export const receiptFormat = 'kedge receipt 1';
/** A receipt with an arrival of the largest payload that the agent takes stays below this. */
export const receiptLengthMax = 4 * 1024 * 1024;
const anchorsMax = 16;

/** The canonical text of a receipt, digest included. */
export function formatReceipt(hasher: Hasher, receipt: Receipt): string {
	const body = {
		format: receiptFormat,
		entry: toBase64(receipt.entry),
		subject: receipt.subject && writeSubject(receipt.subject),
		arrival: receipt.arrival && writeSource(receipt.arrival),
		proof: receipt.proof,
		anchors: receipt.anchors.map(writeAnchor),
	} satisfies Json;
	return canonicalTextWithDigest(hasher, body);
}

export function parseReceipt(hasher: Hasher, bytes: Uint8Array): Parsed<Receipt> {
	return parseDocument(
		bytes,
		receiptLengthMax,
		fields => {
			if (fields.text('format') !== receiptFormat) shapeError(`format is not "${receiptFormat}"`);
			return {
				entry: fields.bytes('entry', entryLength),
				subject: fields.objectMaybe('subject', readSubject),
				arrival: fields.objectMaybe('arrival', readSource),
				proof: fields.text('proof'),
				anchors: fields.list('anchors', anchorsMax, readAnchor),
			};
		},
		receipt => formatReceipt(hasher, receipt),
	);
}
