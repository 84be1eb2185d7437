// The entry: 118 bytes that say one thing once, the unit of the log.

import {concatBytes, copyBytes, readUint48, uint48Max, viewOf, writeUint48} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {leafHash} from '../merkle/tree.ts';

/** 118 bytes and the leaf prefix are 119: a leaf hash is exactly two SHA-256 blocks. */
export const entryLength = 118;

export const entryVersion = 1;

/** 0-based place in the log. */
export type Index = number & {readonly brand?: 'index'};
/** How many entries there are; the index that the next one gets. */
export type Size = number & {readonly brand?: 'size'};
/** Place within the subject and epoch, from 1. */
export type EntryNumber = number & {readonly brand?: 'number'};

export const kinds = {reading: 1, note: 2, enrolment: 3, order: 4, epoch: 6, identity: 7, statement: 8} as const;
export type Kind = (typeof kinds)[keyof typeof kinds];

/** Sub-kinds, in the quantity field of an entry that is not a reading. */
export const noteKinds = {start: 1, eviction: 2, tally: 3, beacon: 4, clockStep: 5, gap: 6, silence: 7, prune: 8, rotation: 9} as const;
export const enrolmentKinds = {agent: 1, channel: 2, market: 3, device: 4, account: 5} as const;
/** What stands under the subject of an energy market: what traders signed, and what its operator made of it. */
export const orderKinds = {order: 1, cancellation: 2, counter: 3, delegation: 4, revocation: 5, clearing: 6, day: 7, dispute: 8} as const;
export const epochKinds = {opened: 1} as const;
/** What stands under the subject of a device: who it is from here on. */
export const identityKinds = {enrolled: 1, rotated: 2, revoked: 3, expired: 4, bound: 5} as const;

/** What is stated of a site, a factor, a shipment or a certificate: accounts follow from it and from readings, and from nothing else. */
export const statementKinds = {
	/** Site: its sources, the channels they are measured by, and how. */
	site: 1,
	/** Factor: a version of it. */
	factor: 2,
	/** Site: an amount that no meter counts, such as refrigerant filled in. */
	activity: 3,
	/** Site: the total of a period, bound to the entries that it rests on. */
	report: 4,
	/** Shipment: what is sent, and which limits hold for it. */
	shipment: 5,
	/** Shipment: a leg of its way. */
	leg: 6,
	/** Shipment: a sensor that is with it for a time. */
	assignment: 7,
	/** Shipment: it changes hands, signed by both. */
	handover: 8,
	/** Shipment: what its readings came to when it ended. */
	verdict: 9,
	/** Energy certificates: issued, moved, split or cancelled. */
	certificate: 10,
} as const;
export type StatementKind = keyof typeof statementKinds;

/** Bits of the quality field. */
export const qualities = {
	estimated: 1 << 0,
	substituted: 1 << 1,
	simulated: 1 << 2,
	clockUnsynchronised: 1 << 3,
	noDeviceTime: 1 << 4,
	conflict: 1 << 5,
	late: 1 << 6,
	uncalibrated: 1 << 7,
	noValue: 1 << 8,
	deviceSigned: 1 << 9,
	/** An entry of the epoch before, appended again by `kedge epoch`. */
	appendedAgain: 1 << 10,
	/** The device itself says that the value does not count: it was calibrated, maintained, out of range or broken. */
	invalid: 1 << 11,
	/** It comes from the device's own store, not from the moment. */
	historical: 1 << 12,
	/** Register: the first reading of a new life of the counter, which the device or its owner declared. */
	reset: 1 << 13,
	/** Register: the counter has run over its last digit and goes on from zero. */
	rollover: 1 << 14,
	/** Register: it fell by no more than its own resolution; what counts is the reading before. */
	noise: 1 << 15,
	/** Register: it fell, or rose by more than the device's maximum power can, and nobody said why: it does not count. What cannot be compared across it has another counter epoch. */
	exception: 1 << 16,
	/** It stands in for another entry, which its source names. */
	correction: 1 << 17,
} as const;
export type Quality = keyof typeof qualities;

/** Any of these: a reading says nothing about what its register has counted. It has no value, is somebody's guess, or contradicts what is known. */
export const uncountedQualities =
	qualities.estimated |
	qualities.substituted |
	qualities.conflict |
	qualities.noValue |
	qualities.invalid |
	qualities.noise |
	qualities.exception |
	qualities.correction;

/** Names of the bits that are set, in the order of the bits; an unknown bit is named `bit-N`. */
export function qualityNames(quality: number): string[] {
	const names: string[] = [];
	for (let bit = 0; bit < 24; bit += 1) {
		if ((quality & (1 << bit)) === 0) continue;
		const known = Object.entries(qualities).find(([, mask]) => mask === 1 << bit);
		names.push(known?.[0] ?? `bit-${bit}`);
	}
	return names;
}

/** Any of these: money is not settled from the reading. MeterReading.sol has the same bits. */
export const unsettledQualities = qualities.simulated | uncountedQualities;

/** An entry before the log has salted it and bound it to what it came from. */
export type EntryDraft = {
	readonly kind: Kind;
	/** 32 bytes, see subject.ts. */
	readonly subject: Uint8Array;
	/** Code from the registry for a reading, else the sub-kind. */
	readonly quantity: number;
	/** Signed power of ten: the reading is value·10^exponent in the quantity's base unit. */
	readonly exponent: number;
	readonly quality: number;
	/** 64 bits, signed. */
	readonly value: bigint;
	/** ms since 1970 as the device claims; 0 if it claims none. */
	readonly measuredAtMs: number;
	/** ms since 1970 by the agent's clock. */
	readonly arrivedAtMs: number;
	readonly number: EntryNumber;
	/** Interval: its length in ms. Register: counter epoch. Else 0. */
	readonly span: number;
};

export type Entry = EntryDraft & {
	/** 16 random bytes, so that a leaf hash tells nothing about a guessed value. */
	readonly salt: Uint8Array;
	/** 32 bytes, see arrival.ts. */
	readonly source: Uint8Array;
};

export const saltLength = 16;
const saltOffset = 2;
const subjectOffset = 18;
const sourceOffset = 86;
export const subjectRange = {begin: subjectOffset, end: subjectOffset + 32} as const;

/** Writes the 118 bytes of an entry into `bytes` at `offset`; `view` is a view of the same bytes. The caller has checked the ranges, see draftProblem. */
export function writeEntry(
	bytes: Uint8Array,
	view: DataView,
	offset: number,
	draft: EntryDraft,
	salt: Uint8Array,
	source: Uint8Array,
): void {
	bytes[offset] = draft.kind;
	bytes[offset + 1] = entryVersion;
	bytes.set(salt, offset + saltOffset);
	bytes.set(draft.subject, offset + subjectOffset);
	view.setUint16(offset + 50, draft.quantity);
	view.setInt8(offset + 52, draft.exponent);
	bytes[offset + 53] = draft.quality >> 16;
	view.setUint16(offset + 54, draft.quality & 0xffff);
	view.setBigInt64(offset + 56, draft.value);
	writeUint48(view, offset + 64, draft.measuredAtMs);
	writeUint48(view, offset + 70, draft.arrivedAtMs);
	writeUint48(view, offset + 76, draft.number);
	view.setUint32(offset + 82, draft.span);
	bytes.set(source, offset + sourceOffset);
}

export function encodeEntry(entry: Entry): Uint8Array {
	const bytes = new Uint8Array(entryLength);
	writeEntry(bytes, viewOf(bytes), 0, entry, entry.salt, entry.source);
	return bytes;
}

/** Why these bytes are not an entry, as a sentence; undefined if they are. Kinds that this version does not know are entries too. */
export function entryProblem(bytes: Uint8Array): string | undefined {
	if (bytes.length !== entryLength) return `an entry has ${entryLength} bytes, these are ${bytes.length}`;
	if (bytes[0] === 0) return 'an entry of kind 0 does not exist';
	if (bytes[1] !== entryVersion) return `entry version ${bytes[1]} is not known; this program knows ${entryVersion}`;
	return undefined;
}

/** Reads an entry. Its arrays are copies. The bytes MUST have no entryProblem. */
export function decodeEntry(bytes: Uint8Array): Entry {
	const view = viewOf(bytes);
	return {
		kind: bytes[0] as Kind,
		salt: copyBytes(bytes, saltOffset, saltOffset + saltLength),
		subject: copyBytes(bytes, subjectOffset, subjectOffset + 32),
		quantity: view.getUint16(50),
		exponent: view.getInt8(52),
		quality: bytes[53]! * 0x1_0000 + view.getUint16(54),
		value: view.getBigInt64(56),
		measuredAtMs: readUint48(view, 64),
		arrivedAtMs: readUint48(view, 70),
		number: readUint48(view, 76),
		span: view.getUint32(82),
		source: copyBytes(bytes, sourceOffset, sourceOffset + 32),
	};
}

/** What tells the place of an entry among others: nothing that needs memory of its own. */
export type EntryOutline = Pick<Entry, 'kind' | 'quantity' | 'quality' | 'number' | 'measuredAtMs' | 'arrivedAtMs'>;

/** Reads the outline of the entry at `offset`, for those who look at a hundred thousand. The bytes there MUST have no entryProblem; `view` is a view of the same bytes. */
export function outlineEntry(view: DataView, offset: number): EntryOutline {
	return {
		kind: view.getUint8(offset) as Kind,
		quantity: view.getUint16(offset + 50),
		quality: view.getUint8(offset + 53) * 0x1_0000 + view.getUint16(offset + 54),
		number: readUint48(view, offset + 76),
		measuredAtMs: readUint48(view, offset + 64),
		arrivedAtMs: readUint48(view, offset + 70),
	};
}

const valueMin = -(2n ** 63n);
const valueMax = 2n ** 63n - 1n;

export function fitsValue(value: bigint): boolean {
	return value >= valueMin && value <= valueMax;
}

export function fitsTime(timeMs: number): boolean {
	return Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= uint48Max;
}

/** HASH(0x00 || entry) [RFC 9162 §2.1.1]. */
export function entryLeafHash(hasher: Hasher, entry: Uint8Array): Uint8Array {
	return leafHash(hasher, entry);
}

/** The leaf hashes of entries that lie one behind the other, in the same order. */
export function packedLeafHashes(hasher: Hasher, entries: Uint8Array): Uint8Array {
	const count = entries.length / entryLength;
	const leaf = hasher.allocate(1 + entryLength);
	const hashes = hasher.allocate(count * hashLength);
	for (let i = 0; i < count; i += 1) {
		leaf.set(entries.subarray(i * entryLength, (i + 1) * entryLength), 1);
		hasher.sha256Into(leaf, hashes, i * hashLength);
	}
	return hashes;
}

/** The source of an entry: what it came from, behind a salt of its own. */
export function sourceHash(hasher: Hasher, tag: Uint8Array, salt: Uint8Array, record: Uint8Array): Uint8Array {
	return hasher.sha256(concatBytes(tag, salt, record));
}
