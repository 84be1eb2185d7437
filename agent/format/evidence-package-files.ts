// The files of an evidence package beside its entries: what entries came from, the tally, and refusals, as bytes.

import {copyBytes, fromUtf8, packFields, readUint48, unpackFields, utf8, viewOf, writeUint48} from '../base/bytes.ts';
import {hashLength} from '../base/hash.ts';
import {saltLength} from './entry.ts';
import {packTallyLeaf, type TallyLeaf, tallyLeafLength, unpackTallyLeaf} from './tally.ts';

export const manifestName = 'manifest.json';
export const proofName = 'proof.bin';
export const tallyName = 'tally.bin';
export const refusalsName = 'refusals.bin';

/** Names of files that come in pieces: `entries/0000.bin` and so on. */
export function pieceName(of: 'entries' | 'bodies' | 'arrivals', piece: number): string {
	return `${of}/${String(piece).padStart(4, '0')}.bin`;
}

/** What people read: `cover.html`, `cover-zh.pdf`. No check depends on it. */
export function isCoverName(name: string): boolean {
	return /^cover(?:-[a-z0-9]{1,20})?\.(?:html|pdf|txt|json)$/.test(name);
}

/** A piece of openings is closed when it has so many bytes or more. */
export const pieceBytes = 4 * 1024 * 1024;
/** One record: a message that a broker takes, or a body. */
export const recordLengthMax = 16 * 1024 * 1024;
export const pieceBytesMax = pieceBytes + recordLengthMax + 64;
/** In place of a length: the log no longer has it. */
const goneMark = 0xffff_ffff;

/** What an entry came from: u32 length, 16-byte salt, record; or the mark 0xffffffff alone. */
export function packOpening(opening: {readonly salt: Uint8Array; readonly record: Uint8Array} | undefined): Uint8Array {
	const bytes = new Uint8Array(opening === undefined ? 4 : 4 + saltLength + opening.record.length);
	viewOf(bytes).setUint32(0, opening === undefined ? goneMark : opening.record.length);
	if (opening === undefined) return bytes;
	bytes.set(opening.salt, 4);
	bytes.set(opening.record, 4 + saltLength);
	return bytes;
}

/** Reads the openings of one piece one after the other. */
export type OpeningReader = {
	/** `gone` is the mark, `broken` anything that is no opening. What it gives is a view. */
	readonly next: () => {readonly salt: Uint8Array; readonly record: Uint8Array} | 'gone' | 'broken';
	readonly isAtEnd: () => boolean;
};

export function createOpeningReader(piece: Uint8Array): OpeningReader {
	const view = viewOf(piece);
	let at = 0;
	return {
		next: () => {
			if (at + 4 > piece.length) return 'broken';
			const length = view.getUint32(at);
			at += 4;
			if (length === goneMark) return 'gone';
			if (at + saltLength + length > piece.length) return 'broken';
			const salt = piece.subarray(at, at + saltLength);
			const record = piece.subarray(at + saltLength, at + saltLength + length);
			at += saltLength + length;
			return {salt, record};
		},
		isAtEnd: () => at === piece.length,
	};
}

/** Leaves of a tally with their places among all of them, and what leads from them to its root. */
export type TallyPart = {readonly places: readonly number[]; readonly leaves: readonly TallyLeaf[]; readonly proof: Uint8Array};

const placedLeafLength = 6 + tallyLeafLength;

/** u32 count, then for each leaf 6-byte place, subject and 6-byte number, then the hashes. */
export function packTallyPart({places, leaves, proof}: TallyPart): Uint8Array {
	const bytes = new Uint8Array(4 + leaves.length * placedLeafLength + proof.length);
	const view = viewOf(bytes);
	view.setUint32(0, leaves.length);
	for (const [i, leaf] of leaves.entries()) {
		writeUint48(view, 4 + i * placedLeafLength, places[i]!);
		bytes.set(packTallyLeaf(leaf), 4 + i * placedLeafLength + 6);
	}
	bytes.set(proof, 4 + leaves.length * placedLeafLength);
	return bytes;
}

/** The reverse; undefined if the bytes are anything else. */
export function unpackTallyPart(bytes: Uint8Array): TallyPart | undefined {
	if (bytes.length < 4) return undefined;
	const view = viewOf(bytes);
	const proofAt = 4 + view.getUint32(0) * placedLeafLength;
	if (proofAt > bytes.length || (bytes.length - proofAt) % hashLength !== 0) return undefined;
	const places: number[] = [];
	const leaves: TallyLeaf[] = [];
	for (let at = 4; at < proofAt; at += placedLeafLength) {
		places.push(readUint48(view, at));
		leaves.push(unpackTallyLeaf(copyBytes(bytes, at + 6, at + placedLeafLength)));
	}
	return {places, leaves, proof: bytes.subarray(proofAt)};
}

/** A message that was refused, with its raw bytes. */
export type PackedRefusal = {
	readonly arrivedAtMs: number;
	readonly reason: string;
	readonly detail: string;
	/** The arrival record. */
	readonly record: Uint8Array;
};

/** Four fields each, with u32 lengths: 6-byte time of arrival, reason, detail, arrival record. */
export function packRefusals(refusals: readonly PackedRefusal[]): Uint8Array {
	return packFields(
		refusals.map(({arrivedAtMs, reason, detail, record}) => {
			const time = new Uint8Array(6);
			writeUint48(viewOf(time), 0, arrivedAtMs);
			return packFields([time, utf8(reason), utf8(detail), record]);
		}),
	);
}

/** The reverse; undefined if the bytes are not exactly so many refusals. */
export function unpackRefusals(bytes: Uint8Array, count: number): PackedRefusal[] | undefined {
	const rows = unpackFields(bytes, count);
	const refusals: PackedRefusal[] = [];
	for (const row of rows ?? []) {
		const [time, reasonBytes, detailBytes, record] = unpackFields(row, 4) ?? [];
		const [reason, detail] = [reasonBytes && fromUtf8(reasonBytes), detailBytes && fromUtf8(detailBytes)];
		if (time?.length !== 6 || reason === undefined || detail === undefined || record === undefined) return undefined;
		refusals.push({arrivedAtMs: readUint48(viewOf(time), 0), reason, detail, record});
	}
	return rows && refusals;
}
