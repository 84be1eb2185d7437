// The history: all entries of one channel for a period in one file, each with its proof under the same checkpoint.

import {fromBase64, toBase64} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {pathLengthMax} from '../merkle/tree.ts';
import {canonicalTextWithDigest, type Json, type Parsed, parseDocument, shapeError} from './document.ts';
import {entryLength, type Index} from './entry.ts';
import {type AnchorRecord, readAnchor, readSubject, type SubjectOpening, writeAnchor, writeSubject} from './evidence.ts';

export type HistoryEntry = {readonly index: Index; readonly entry: Uint8Array; readonly path: readonly Uint8Array[]};

export type History = {
	readonly subject: SubjectOpening;
	/** The period asked for, ms since 1970, both included. */
	readonly fromMs: number;
	readonly toMs: number;
	/** The signed note of the checkpoint that every path leads to. */
	readonly checkpoint: string;
	/** In the order of the log. */
	readonly entries: readonly HistoryEntry[];
	/** Anchors of that checkpoint. */
	readonly anchors: readonly AnchorRecord[];
};

export const historyFormat = 'kedge history 1';
/** Far enough below 2^29 characters, the longest string of V8, that a file without white space can still be written in canonical form to be refused. */
export const historyLengthMax = 384 * 1024 * 1024;
/** More entries than this do not go into one file: ask for shorter periods. */
export const historyEntriesMax = 200_000;
const anchorsMax = 16;

/** The canonical text of a history, digest included. */
export function formatHistory(hasher: Hasher, history: History): string {
	const body = {
		format: historyFormat,
		subject: writeSubject(history.subject),
		fromMs: history.fromMs,
		toMs: history.toMs,
		checkpoint: history.checkpoint,
		entries: history.entries.map(({index, entry, path}) => ({index, entry: toBase64(entry), path: path.map(toBase64)})),
		anchors: history.anchors.map(writeAnchor),
	} satisfies Json;
	return canonicalTextWithDigest(hasher, body);
}

export function parseHistory(hasher: Hasher, bytes: Uint8Array): Parsed<History> {
	// Paths share the upper nodes of the tree, so most hashes of a long history are there many times: each is kept once.
	const hashes = new Map<string, Uint8Array>();
	const readHash = (text: string): Uint8Array => {
		const known = hashes.get(text);
		if (known !== undefined) return known;
		const hash = fromBase64(text);
		if (hash?.length !== hashLength) return shapeError('path holds something that is not a hash');
		hashes.set(text, hash);
		return hash;
	};
	return parseDocument(
		bytes,
		historyLengthMax,
		fields => {
			if (fields.text('format') !== historyFormat) shapeError(`format is not "${historyFormat}"`);
			return {
				subject: fields.object('subject', readSubject),
				fromMs: fields.count('fromMs'),
				toMs: fields.count('toMs'),
				checkpoint: fields.text('checkpoint'),
				entries: fields.list('entries', historyEntriesMax, item => ({
					index: item.count('index'),
					entry: item.bytes('entry', entryLength),
					path: item.texts('path', pathLengthMax).map(readHash),
				})),
				anchors: fields.list('anchors', anchorsMax, readAnchor),
			};
		},
		history => formatHistory(hasher, history),
	);
}
