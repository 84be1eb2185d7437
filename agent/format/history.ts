// The history: all entries of one channel for a period in one file, with one proof for all of them, and the tally that shows that none is missing behind the last.

import {fromBase64, readUint48, toBase64, viewOf, writeUint48} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {canonicalTextWithDigest, type Fields, type Json, type Parsed, parseDocument, shapeError} from './document.ts';
import {entryLength, type Index} from './entry.ts';
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
import {packedOf} from './packed.ts';
import {packTallyLeaf, type TallyLeaf, tallyLeafLength, unpackTallyLeaf} from './tally.ts';

/** The tally entry at the end of the checkpoint, opened, and the channel's leaf in it between its neighbours. */
export type HistoryTally = {
	/** 118 bytes; its index is the checkpoint's size less one. */
	readonly entry: Uint8Array;
	/** Opens the entry: the body of the tally. */
	readonly source: SourceOpening;
	/** Place of the first leaf shown, among all leaves of the tally. */
	readonly at: number;
	/** Adjacent leaves: the channel's, and those before and after it where there are any. */
	readonly leaves: readonly TallyLeaf[];
	/** Packed hashes of the multiproof that leads from these leaves to the tally's root. */
	readonly proof: Uint8Array;
};

/** The anchors and time stamps are those of its checkpoint. */
export type History = Outside & {
	readonly subject: SubjectOpening;
	/** The period asked for, ms since 1970, both included. */
	readonly fromMs: number;
	readonly toMs: number;
	/** The signed note of the checkpoint that the proof leads to. */
	readonly checkpoint: string;
	/** Places of the entries in the log, in its order. */
	readonly indexes: readonly Index[];
	/** The entries, 118 bytes each, packed in the same order. */
	readonly entries: Uint8Array;
	/** Packed hashes of the one multiproof for all entries, and for the tally entry if there is one. */
	readonly proof: Uint8Array;
	/** Undefined where no anchored checkpoint covers the entries yet. */
	readonly tally: HistoryTally | undefined;
};

export const historyFormat = 'kedge history 2';
/** With a proof of a block or a time stamp in it. */
export const provenHistoryFormat = 'kedge history 3';
export const historyFormats: readonly string[] = [historyFormat, provenHistoryFormat];
/** Far enough below 2^29 characters, the longest string of V8, that a file without white space can still be written in canonical form to be refused. */
export const historyLengthMax = 384 * 1024 * 1024;
/** More entries than this do not go into one file: ask for shorter periods. */
export const historyEntriesMax = 200_000;
/** The channel's leaf and its two neighbours. */
export const tallyLeavesMax = 3;
export const indexLength = 6;

/** Lists lie in one text each: as JSON lists they would be three times as long, and reading them would cost more than checking the proof. */
export type PackedTexts = {readonly indexes: string; readonly entries: string; readonly proof: string};

/** Places as six bytes each, one behind the other. */
export function packIndexes(indexes: readonly Index[]): Uint8Array {
	const packed = new Uint8Array(indexes.length * indexLength);
	const view = viewOf(packed);
	for (let i = 0; i < indexes.length; i += 1) writeUint48(view, i * indexLength, indexes[i]!);
	return packed;
}

/** The reverse. The bytes MUST be whole places. */
function unpackIndexes(packed: Uint8Array): Index[] {
	const view = viewOf(packed);
	const indexes: Index[] = [];
	for (let at = 0; at < packed.length; at += indexLength) indexes.push(readUint48(view, at));
	return indexes;
}

/** The canonical text of a history, digest included. */
export function formatHistory(hasher: Hasher, history: History): string {
	const {indexes, entries, proof} = history;
	return formatWith(hasher, history, {indexes: toBase64(packIndexes(indexes)), entries: toBase64(entries), proof: toBase64(proof)});
}

function formatWith(hasher: Hasher, history: History, texts: PackedTexts): string {
	const {tally} = history;
	const body = {
		format: hasProofs(history) ? provenHistoryFormat : historyFormat,
		subject: writeSubject(history.subject),
		fromMs: history.fromMs,
		toMs: history.toMs,
		checkpoint: history.checkpoint,
		...texts,
		tally: tally && {
			entry: toBase64(tally.entry),
			source: writeSource(tally.source),
			at: tally.at,
			leaves: writeTallyLeaves(tally.leaves),
			proof: toBase64(tally.proof),
		},
		...writeOutside(history),
	} satisfies Json;
	return canonicalTextWithDigest(hasher, body);
}

/** Entries with their places and one proof, under the keys `indexes`, `entries` and `proof`. Ends the reading if there is not a place for each. */
export function readPackedEntries(
	fields: Fields,
	entriesMax: number,
): {readonly indexes: Index[]; readonly entries: Uint8Array; readonly proof: Uint8Array; readonly texts: PackedTexts} {
	const indexes = packedOf(fields, 'indexes', indexLength, entriesMax);
	const entries = packedOf(fields, 'entries', entryLength, entriesMax);
	const proof = packedOf(fields, 'proof', hashLength, Number.POSITIVE_INFINITY);
	if (indexes.bytes.length / indexLength !== entries.bytes.length / entryLength) shapeError('there are not as many indexes as entries');
	return {
		indexes: unpackIndexes(indexes.bytes),
		entries: entries.bytes,
		proof: proof.bytes,
		texts: {indexes: indexes.text, entries: entries.text, proof: proof.text},
	};
}

export function parseHistory(hasher: Hasher, bytes: Uint8Array): Parsed<History> {
	let texts: PackedTexts | undefined;
	return parseDocument(
		bytes,
		historyLengthMax,
		fields => {
			if (!historyFormats.includes(fields.text('format'))) shapeError(`format is not "${historyFormats.join('" or "')}"`);
			const packed = readPackedEntries(fields, historyEntriesMax);
			texts = packed.texts;
			return {
				subject: fields.object('subject', readSubject),
				fromMs: fields.count('fromMs'),
				toMs: fields.count('toMs'),
				checkpoint: fields.text('checkpoint'),
				indexes: packed.indexes,
				entries: packed.entries,
				proof: packed.proof,
				tally: fields.objectMaybe('tally', readTally),
				...readOutside(fields),
			};
		},
		// Base64 that was read is canonical: these bytes have that one text, and making it again would cost as much as all the rest.
		history => formatWith(hasher, history, texts!),
	);
}

function readTally(fields: Fields): HistoryTally {
	return {
		entry: fields.bytes('entry', entryLength),
		source: fields.object('source', readSource),
		at: fields.count('at'),
		leaves: readTallyLeaves(fields.texts('leaves', tallyLeavesMax)),
		proof: packedOf(fields, 'proof', hashLength, Number.POSITIVE_INFINITY).bytes,
	};
}

export function writeTallyLeaves(leaves: readonly TallyLeaf[]): string[] {
	return leaves.map(leaf => toBase64(packTallyLeaf(leaf)));
}

/** For use inside a `read` function only. */
export function readTallyLeaves(texts: readonly string[]): TallyLeaf[] {
	return texts.map(text => {
		const packed = fromBase64(text);
		return packed?.length === tallyLeafLength ? unpackTallyLeaf(packed) : shapeError('a leaf is not a subject and a number');
	});
}
