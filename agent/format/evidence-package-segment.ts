// Packs entries of many subjects column by column into a segment of an evidence package, and gives back the same 118 bytes each.

import {readUint48, uint48Max, viewOf, writeUint48} from '../base/bytes.ts';
import {deflate, inflate} from './deflate.ts';
import {entryLength, saltLength, subjectRange} from './entry.ts';
import {createSubjectTable} from './subject-table.ts';
import {type Column, ColumnReader, createColumn, put, putLong, putSigned} from './varint.ts';

/** All segments of a package but the last have exactly so many. */
export const segmentEntriesMax = 65_536;

/** In front: u32 count, u32 sources, u32 length of the columns, u32 of these deflated. */
const headLength = 16;
const sourceLength = 32;
/**
 * In their order, and the most bytes that one value takes. Each value stands as its difference to what the entry of the same subject before it in the segment lets expect, in as few bytes
 * as it needs: seven bits a byte, the low ones first, the eighth bit set where more follow.
 */
const columns = [
	['index', 7],
	['subject', 5],
	['kind', 1],
	['version', 1],
	['quantity', 3],
	['exponent', 1],
	['quality', 4],
	['value', 10],
	['measuredAt', 8],
	['arrivedAt', 8],
	['number', 8],
	['span', 5],
	['source', 1],
] as const;
const bytesPerEntryMax = columns.reduce((sum, [, bytes]) => sum + bytes, 0);

/** Packed entries with their places in the log. */
export type Segment = {readonly entries: Uint8Array; readonly indexes: Float64Array};

export type SegmentCodec = {
	/** A segment of 1 … segmentEntriesMax entries; their indexes MUST rise, and their subjects be among those of the codec. */
	readonly encode: (segment: Segment) => Uint8Array;
	/** The reverse; undefined if the bytes are not what `encode` gives, but for another choice of DEFLATE's. What it gives is good until the next call. */
	readonly decode: (bytes: Uint8Array) => Segment | undefined;
};

/** What the next entry of each subject is expected to be: as the one before, and its time as much later as that one was. */
type Before = {
	readonly quantity: Int32Array;
	readonly exponent: Int32Array;
	readonly quality: Int32Array;
	readonly valueHigh: Int32Array;
	readonly valueLow: Int32Array;
	readonly measuredAt: Float64Array;
	readonly measuredStep: Float64Array;
	readonly number: Float64Array;
	readonly span: Float64Array;
};

function createBefore(subjects: number): Before {
	return {
		quantity: new Int32Array(subjects),
		exponent: new Int32Array(subjects),
		quality: new Int32Array(subjects),
		valueHigh: new Int32Array(subjects),
		valueLow: new Int32Array(subjects),
		measuredAt: new Float64Array(subjects),
		measuredStep: new Float64Array(subjects),
		number: new Float64Array(subjects),
		span: new Float64Array(subjects),
	};
}

function clear(before: Before): void {
	for (const column of Object.values(before)) column.fill(0);
}

const sourceOffset = 86;
/** Differences of times, doubled and folded. */
const timeFoldedMax = 8 * (uint48Max + 1);
const numberFoldedMax = 2 * (uint48Max + 1) + 1;

/** A codec for the segments of one package: entries name their subject by its place in this list, which holds nothing twice. */
export function createSegmentCodec(subjects: readonly Uint8Array[]): SegmentCodec {
	const table = createSubjectTable();
	for (const [place, subject] of subjects.entries())
		if (table.add(subject) !== place) throw new RangeError(`subject ${place} is in the list twice`);
	const before = createBefore(subjects.length);
	// Made when they are needed: a verifier packs nothing, a maker unpacks nothing.
	let packing: Column[] | undefined;
	let unpacked:
		| {readonly entries: Uint8Array; readonly pairs: Uint16Array; readonly view: DataView; readonly indexes: Float64Array}
		| undefined;
	/** The subjects, two bytes at a time: entries have an even length, and so has everything in them that is copied. */
	const subjectPairs = subjects.map(subject => new Uint16Array(subject.slice().buffer));

	const encode = ({entries, indexes}: Segment): Uint8Array => {
		const count = indexes.length;
		packing ??= columns.map(([, bytes]) => createColumn(segmentEntriesMax * bytes));
		for (const column of packing) column.length = 0;
		const [index, subject, kind, version, quantity, exponent, quality, value, measured, arrived, number, span, source] = packing as [
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
			Column,
		];
		clear(before);
		const view = viewOf(entries);
		const sources = new Uint8Array(count * sourceLength);
		let sourceCount = 0;
		let [indexBefore, arrivedBefore] = [-1, 0];
		for (let i = 0; i < count; i += 1) {
			const at = i * entryLength;
			const place = table.find(view, at);
			if (place < 0) throw new RangeError(`entry ${indexes[i]} is of no subject of the package`);
			put(index, indexes[i]! - indexBefore - 1);
			indexBefore = indexes[i]!;
			put(subject, place);
			kind.bytes[kind.length++] = entries[at]!;
			version.bytes[version.length++] = entries[at + 1]!;
			const quantityHere = view.getUint16(at + 50);
			putSigned(quantity, quantityHere - before.quantity[place]!);
			before.quantity[place] = quantityHere;
			exponent.bytes[exponent.length++] = entries[at + 52]! - before.exponent[place]!;
			before.exponent[place] = entries[at + 52]!;
			const qualityHere = entries[at + 53]! * 0x1_0000 + view.getUint16(at + 54);
			put(quality, qualityHere ^ before.quality[place]!);
			before.quality[place] = qualityHere;
			const [high, low] = [view.getInt32(at + 56), view.getInt32(at + 60)];
			const lowStep = (low - before.valueLow[place]!) | 0;
			const borrow = low >>> 0 < before.valueLow[place]! >>> 0 ? 1 : 0;
			const highStep = (high - before.valueHigh[place]! - borrow) | 0;
			// Twice the difference, turned round where it is negative: small differences of either sign become small numbers.
			const sign = highStep >> 31;
			putLong(value, ((highStep << 1) | (lowStep >>> 31)) ^ sign, (lowStep << 1) ^ sign);
			before.valueHigh[place] = high;
			before.valueLow[place] = low;
			const measuredHere = readUint48(view, at + 64);
			const measuredStep = measuredHere - before.measuredAt[place]!;
			putSigned(measured, measuredStep - before.measuredStep[place]!);
			before.measuredStep[place] = measuredStep;
			before.measuredAt[place] = measuredHere;
			const arrivedHere = readUint48(view, at + 70);
			putSigned(arrived, arrivedHere - arrivedBefore);
			arrivedBefore = arrivedHere;
			const numberHere = readUint48(view, at + 76);
			putSigned(number, numberHere - before.number[place]! - 1);
			before.number[place] = numberHere;
			const spanHere = view.getUint32(at + 82);
			putSigned(span, spanHere - before.span[place]!);
			before.span[place] = spanHere;
			const isNew = i === 0 || !hasEqualSource(view, at, at - entryLength);
			source.bytes[source.length++] = isNew ? 1 : 0;
			if (isNew) {
				for (let k = 0; k < sourceLength; k += 1) sources[sourceCount * sourceLength + k] = entries[at + sourceOffset + k]!;
				sourceCount += 1;
			}
		}
		const length = packing.reduce((sum, column) => sum + column.length, 0);
		const thin = new Uint8Array(length);
		let filled = 0;
		for (const column of packing) {
			thin.set(column.bytes.subarray(0, column.length), filled);
			filled += column.length;
		}
		const packed = deflate(thin);
		const bytes = new Uint8Array(headLength + packed.length + sourceCount * sourceLength + count * saltLength);
		const head = viewOf(bytes);
		for (const [i, field] of [count, sourceCount, length, packed.length].entries()) head.setUint32(4 * i, field);
		bytes.set(packed, headLength);
		let at = headLength + packed.length;
		bytes.set(sources.subarray(0, sourceCount * sourceLength), at);
		at += sourceCount * sourceLength;
		for (let i = 0; i < count; i += 1)
			for (let k = 0; k < saltLength; k += 1) bytes[at + i * saltLength + k] = entries[i * entryLength + 2 + k]!;
		return bytes;
	};

	const decode = (bytes: Uint8Array): Segment | undefined => {
		if (bytes.length < headLength) return undefined;
		const head = viewOf(bytes);
		const [count, sourceCount, length, packedLength] = [0, 4, 8, 12].map(at => head.getUint32(at)) as [number, number, number, number];
		// Bounded before anything is made of it.
		if (count < 1 || count > segmentEntriesMax || sourceCount < 1 || sourceCount > count || length > count * bytesPerEntryMax)
			return undefined;
		const sourcesAt = headLength + packedLength;
		const saltsAt = sourcesAt + sourceCount * sourceLength;
		if (saltsAt + count * saltLength !== bytes.length) return undefined;
		const thin = inflate(bytes.subarray(headLength, sourcesAt), length);
		if (thin === undefined) return undefined;
		if (unpacked === undefined) {
			const memory = new Uint8Array(segmentEntriesMax * entryLength);
			unpacked = {
				entries: memory,
				pairs: new Uint16Array(memory.buffer),
				view: viewOf(memory),
				indexes: new Float64Array(segmentEntriesMax),
			};
		}
		const {entries, pairs, view, indexes} = unpacked;
		const wide = new Uint8Array(bytes.length - sourcesAt);
		wide.set(bytes.subarray(sourcesAt));
		const widePairs = new Uint16Array(wide.buffer);
		const reader = new ColumnReader(thin);
		const places = new Int32Array(count);
		clear(before);

		let index = -1;
		for (let i = 0; i < count; i += 1) {
			index += 1 + reader.take(uint48Max);
			if (index > uint48Max) return undefined;
			indexes[i] = index;
		}
		for (let i = 0; i < count; i += 1) {
			const place = reader.take(subjects.length - 1);
			places[i] = place;
			if (!reader.isGood) return undefined;
			const subject = subjectPairs[place]!;
			const at = (i * entryLength + subjectRange.begin) / 2;
			for (let k = 0; k < 16; k += 1) pairs[at + k] = subject[k]!;
		}
		for (let i = 0; i < count; i += 1) entries[i * entryLength] = reader.takeByte();
		for (let i = 0; i < count; i += 1) entries[i * entryLength + 1] = reader.takeByte();
		for (let i = 0; i < count; i += 1) {
			const place = places[i]!;
			const quantity = before.quantity[place]! + reader.takeSigned(0x1_ffff);
			if (quantity < 0 || quantity > 0xffff) return undefined;
			before.quantity[place] = quantity;
			view.setUint16(i * entryLength + 50, quantity);
		}
		for (let i = 0; i < count; i += 1) {
			const place = places[i]!;
			const exponent = (before.exponent[place]! + reader.takeByte()) & 0xff;
			before.exponent[place] = exponent;
			entries[i * entryLength + 52] = exponent;
		}
		for (let i = 0; i < count; i += 1) {
			const place = places[i]!;
			const quality = before.quality[place]! ^ reader.take(0xff_ffff);
			before.quality[place] = quality;
			entries[i * entryLength + 53] = quality >> 16;
			view.setUint16(i * entryLength + 54, quality & 0xffff);
		}
		for (let i = 0; i < count; i += 1) {
			const place = places[i]!;
			reader.takeLong();
			const sign = -(reader.low & 1);
			const lowStep = ((reader.low >>> 1) | (reader.high << 31)) ^ sign;
			const highStep = (reader.high >>> 1) ^ sign;
			const low = (before.valueLow[place]! + lowStep) | 0;
			const carry = low >>> 0 < lowStep >>> 0 ? 1 : 0;
			const high = (before.valueHigh[place]! + highStep + carry) | 0;
			before.valueLow[place] = low;
			before.valueHigh[place] = high;
			view.setInt32(i * entryLength + 56, high);
			view.setInt32(i * entryLength + 60, low);
		}
		for (let i = 0; i < count; i += 1) {
			const place = places[i]!;
			const step = before.measuredStep[place]! + reader.takeSigned(timeFoldedMax);
			const measured = before.measuredAt[place]! + step;
			if (measured < 0 || measured > uint48Max) return undefined;
			before.measuredStep[place] = step;
			before.measuredAt[place] = measured;
			writeUint48(view, i * entryLength + 64, measured);
		}
		let arrived = 0;
		for (let i = 0; i < count; i += 1) {
			arrived += reader.takeSigned(timeFoldedMax);
			if (arrived < 0 || arrived > uint48Max) return undefined;
			writeUint48(view, i * entryLength + 70, arrived);
		}
		for (let i = 0; i < count; i += 1) {
			const place = places[i]!;
			const number = before.number[place]! + 1 + reader.takeSigned(numberFoldedMax);
			if (number < 0 || number > uint48Max) return undefined;
			before.number[place] = number;
			writeUint48(view, i * entryLength + 76, number);
		}
		for (let i = 0; i < count; i += 1) {
			const place = places[i]!;
			const span = before.span[place]! + reader.takeSigned(0x1_ffff_ffff);
			if (span < 0 || span > 0xffff_ffff) return undefined;
			before.span[place] = span;
			view.setUint32(i * entryLength + 82, span);
		}
		let source = -1;
		for (let i = 0; i < count; i += 1) {
			const isNew = reader.takeByte();
			if (isNew > 1 || source + isNew >= sourceCount || (i === 0 && isNew === 0)) return undefined;
			source += isNew;
			const from = (source * sourceLength) / 2;
			const to = (i * entryLength + sourceOffset) / 2;
			for (let k = 0; k < sourceLength / 2; k += 1) pairs[to + k] = widePairs[from + k]!;
			// The same source twice in a row stands there once.
			if (isNew === 1 && i > 0 && hasEqualSource(view, i * entryLength, (i - 1) * entryLength)) return undefined;
		}
		if (!reader.isGood || !reader.isAtEnd || source !== sourceCount - 1) return undefined;
		for (let i = 0; i < count; i += 1) {
			const from = (saltsAt - sourcesAt + i * saltLength) / 2;
			const to = (i * entryLength + 2) / 2;
			for (let k = 0; k < saltLength / 2; k += 1) pairs[to + k] = widePairs[from + k]!;
		}
		return {entries: entries.subarray(0, count * entryLength), indexes: indexes.subarray(0, count)};
	};

	return {encode, decode};
}

/** Whether two entries, at these offsets, came from the same arrival or body. */
export function hasEqualSource(view: DataView, a: number, b: number): boolean {
	for (let k = sourceOffset; k < sourceOffset + sourceLength; k += 4) if (view.getInt32(a + k) !== view.getInt32(b + k)) return false;
	return true;
}
