// The tally: one root over the last number of every channel at a size, so that nobody can leave out what came last.

import {concatBytes, equalBytes, fromBase64, readUint48, toBase64, viewOf, writeUint48} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {createCompactRange} from '../merkle/compact-range.ts';
import {isSize, leafHash} from '../merkle/tree.ts';
import {decodeNote, encodeNote} from './body.ts';
import type {EntryNumber, Size} from './entry.ts';
import {tags} from './tags.ts';

/** One channel in a tally. */
export type TallyLeaf = {
	/** 32 bytes, see subject.ts. */
	readonly subject: Uint8Array;
	/** Of the channel's newest entry. */
	readonly number: EntryNumber;
};

/** Subject and number as they lie in files: 32 and 6 bytes. */
export const tallyLeafLength = hashLength + 6;

export function packTallyLeaf({subject, number}: TallyLeaf): Uint8Array {
	const packed = new Uint8Array(tallyLeafLength);
	packed.set(subject);
	writeUint48(viewOf(packed), hashLength, number);
	return packed;
}

/** The bytes MUST be tallyLeafLength long. */
export function unpackTallyLeaf(packed: Uint8Array): TallyLeaf {
	return {subject: packed.slice(0, hashLength), number: readUint48(viewOf(packed), hashLength)};
}

/** HASH(0x00 ‖ tag ‖ subject ‖ number) [RFC 9162 §2.1.1]. */
export function tallyLeafHash(hasher: Hasher, leaf: TallyLeaf): Uint8Array {
	return leafHash(hasher, concatBytes(tags.tally, packTallyLeaf(leaf)));
}

/** The order of leaves: that of their subjects' bytes. */
export function compareSubjects(a: Uint8Array, b: Uint8Array): number {
	for (let i = 0; i < hashLength; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
	return 0;
}

/** MTH over the leaves, which MUST be sorted by compareSubjects and name no subject twice. */
export function tallyRoot(hasher: Hasher, leaves: readonly TallyLeaf[]): Uint8Array {
	const range = createCompactRange({hasher});
	for (const leaf of leaves) range.append(tallyLeafHash(hasher, leaf), 0);
	return range.root();
}

/** What a tally entry says. It covers all entries before its own index. */
export type Tally = {
	/** The index of the tally entry itself. */
	readonly size: Size;
	/** How many channels have an entry there: the number of leaves. */
	readonly channels: number;
	readonly root: Uint8Array;
};

export function encodeTally({size, channels, root}: Tally): Uint8Array {
	return encodeNote({note: 'tally', size, channels, root: toBase64(root)});
}

/** The reverse; undefined if the bytes are not a tally in the one form that encodeTally writes. */
export function decodeTally(bytes: Uint8Array): Tally | undefined {
	const note = decodeNote(bytes);
	if (note === undefined) return undefined;
	const {size, channels, root} = note;
	const rootBytes = typeof root === 'string' ? fromBase64(root) : undefined;
	if (typeof size !== 'number' || !isSize(size) || typeof channels !== 'number' || !isSize(channels)) return undefined;
	if (rootBytes?.length !== hashLength) return undefined;
	const tally = {size, channels, root: rootBytes};
	return equalBytes(encodeTally(tally), bytes) ? tally : undefined;
}
