// Adds readings up into buckets of time that can be added to each other in any order, and writes many buckets into one short text.

import {fromBase64, toBase64, uint48Max} from '../../base/bytes.ts';
import {qualities} from '../../format/entry.ts';
import {type Column, ColumnReader, createColumn, put, putLong} from '../../format/varint.ts';
import type {ChannelNote, Reading} from '../ledger.ts';

/**
 * What is counted in a bucket beside its readings. estimated: estimated or substituted. conflict: another value for what was there. noValue, invalid: by the device's own word. exception: a register
 * that jumped. correction: stands in for another entry. late: it came after newer ones. missing: numbers that the device left out, by its gaps. silences: how often it was said to be silent.
 */
export const marks = ['estimated', 'conflict', 'noValue', 'invalid', 'exception', 'correction', 'late', 'missing', 'silences'] as const;
export type Mark = (typeof marks)[number];

/** The bits of quality that count for each mark; none for what comes from notes. */
export const markQualities: Readonly<Record<Mark, number>> = {
	estimated: qualities.estimated | qualities.substituted,
	conflict: qualities.conflict,
	noValue: qualities.noValue,
	invalid: qualities.invalid,
	exception: qualities.exception | qualities.noise,
	correction: qualities.correction,
	late: qualities.late,
	missing: 0,
	silences: 0,
};
const markBits: readonly number[] = marks.map(name => markQualities[name]);
const markedBits = markBits.reduce((all, bits) => all | bits, 0);
const missingAt = marks.indexOf('missing');
const silencesAt = marks.indexOf('silences');

/** Any of these: the value is in no curve, only counted by its mark. */
export const unshownQualities = qualities.noValue | qualities.invalid | qualities.conflict;

/** A value of a curve, and where it stands. */
export type Point = {readonly timeMs: number; readonly index: number; readonly value: bigint};

/** A sum over readings; merging is the same in any order. */
export type Bucket = {
	/** Readings of any quality. */
	count: number;
	/** Those whose values are shown. The rest is undefined while there are none. */
	shown: number;
	/** By time, then by place in the log. */
	first: Point | undefined;
	last: Point | undefined;
	min: bigint;
	max: bigint;
	/** In the order of `marks`; undefined while none was met, as in nearly every bucket. */
	marked: number[] | undefined;
};

export function createBucket(): Bucket {
	return {count: 0, shown: 0, first: undefined, last: undefined, min: 0n, max: 0n, marked: undefined};
}

function mark(bucket: Bucket, at: number, by: number): void {
	bucket.marked ??= marks.map(() => 0);
	// A device can claim to have left out as many as it likes; a count stays a number that can be written.
	bucket.marked[at] = Math.min(bucket.marked[at]! + by, uint48Max);
}

/** `timeMs` is that of the reading: see timeOf. */
export function addReading(bucket: Bucket, reading: Reading, timeMs: number): void {
	bucket.count += 1;
	const {quality, index, value} = reading;
	if ((quality & markedBits) !== 0)
		for (let at = 0; at < markBits.length; at += 1) if ((quality & markBits[at]!) !== 0) mark(bucket, at, 1);
	if ((quality & unshownQualities) !== 0) return;
	if (bucket.shown === 0) {
		bucket.first = {timeMs, index, value};
		bucket.last = bucket.first;
		bucket.min = value;
		bucket.max = value;
	} else {
		// Readings of a bucket come in the order of the log: among equal times the first one stays the first.
		if (timeMs < bucket.first!.timeMs) bucket.first = {timeMs, index, value};
		if (timeMs >= bucket.last!.timeMs) bucket.last = {timeMs, index, value};
		if (value < bucket.min) bucket.min = value;
		else if (value > bucket.max) bucket.max = value;
	}
	bucket.shown += 1;
}

export function addNote(bucket: Bucket, {note, value}: ChannelNote): void {
	if (note === 'silence') mark(bucket, silencesAt, 1);
	else mark(bucket, missingAt, value < 0n || value > BigInt(uint48Max) ? uint48Max : Number(value));
}

const isBefore = (a: Point, b: Point): boolean => a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.index < b.index);

/** Adds what `other` has to `bucket`. */
export function mergeBucket(bucket: Bucket, other: Bucket): void {
	bucket.count += other.count;
	if (other.marked !== undefined) for (const [at, times] of other.marked.entries()) if (times > 0) mark(bucket, at, times);
	if (other.shown === 0) return;
	if (bucket.shown === 0) {
		bucket.first = other.first;
		bucket.last = other.last;
		bucket.min = other.min;
		bucket.max = other.max;
	} else {
		if (isBefore(other.first!, bucket.first!)) bucket.first = other.first;
		if (isBefore(bucket.last!, other.last!)) bucket.last = other.last;
		if (other.min < bucket.min) bucket.min = other.min;
		if (other.max > bucket.max) bucket.max = other.max;
	}
	bucket.shown += other.shown;
}

/** Bytes of a bucket at most: three counts and two places of eight bytes, four values of ten, nine marks. */
const bucketBytesMax = 192;

function putValue(column: Column, value: bigint): void {
	const folded = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
	putLong(column, Number(folded >> 32n) | 0, Number(folded & 0xffff_ffffn) | 0);
}

function takeValue(reader: ColumnReader): bigint {
	reader.takeLong();
	const folded = (BigInt(reader.high >>> 0) << 32n) | BigInt(reader.low >>> 0);
	return (folded >> 1n) ^ -(folded & 1n);
}

/** Steps between two values of 64 bits, which may be longer than 64 bits themselves, wrap around and are wrapped back. */
const stepOf = (from: bigint, to: bigint): bigint => BigInt.asIntN(64, to - from);

/** Buckets by their number, which lies from `base` on; `bucketMs` long each. */
export function encodeBuckets(buckets: ReadonlyMap<number, Bucket>, base: number, bucketMs: number): string {
	const column = createColumn(buckets.size * bucketBytesMax);
	let at = base;
	for (const number of [...buckets.keys()].sort((a, b) => a - b)) {
		const {count, shown, first, last, min, max, marked} = buckets.get(number)!;
		put(column, number - at);
		at = number;
		// The lowest bit says whether marks follow.
		put(column, count * 2 + (marked === undefined ? 0 : 1));
		put(column, shown);
		if (marked !== undefined) for (const times of marked) put(column, times);
		if (shown === 0) continue;
		const beginMs = number * bucketMs;
		for (const point of [first!, last!]) {
			put(column, point.timeMs - beginMs);
			put(column, point.index);
		}
		putValue(column, first!.value);
		for (const value of [last!.value, min, max]) putValue(column, stepOf(first!.value, value));
	}
	return toBase64(column.bytes.subarray(0, column.length));
}

/** Reads what encodeBuckets wrote. */
export function decodeBuckets(text: string, base: number, bucketMs: number): Map<number, Bucket> {
	const buckets = new Map<number, Bucket>();
	const reader = new ColumnReader(fromBase64(text) ?? new Uint8Array(0));
	let at = base;
	while (!reader.isAtEnd && reader.isGood) {
		at += reader.take(uint48Max);
		const counted = reader.take(Number.MAX_SAFE_INTEGER);
		const shown = reader.take(uint48Max);
		const bucket = createBucket();
		bucket.count = Math.floor(counted / 2);
		bucket.shown = shown;
		if (counted % 2 === 1) bucket.marked = marks.map(() => reader.take(uint48Max));
		if (shown > 0) {
			const beginMs = at * bucketMs;
			const [firstMs, firstIndex] = [beginMs + reader.take(uint48Max), reader.take(uint48Max)];
			const [lastMs, lastIndex] = [beginMs + reader.take(uint48Max), reader.take(uint48Max)];
			const value = takeValue(reader);
			const next = (): bigint => BigInt.asIntN(64, value + takeValue(reader));
			bucket.first = {timeMs: firstMs, index: firstIndex, value};
			bucket.last = {timeMs: lastMs, index: lastIndex, value: next()};
			bucket.min = next();
			bucket.max = next();
		}
		buckets.set(at, bucket);
	}
	return buckets;
}
