// Keeps the readings of many channels in little memory, a few bytes each, and gives them back by time: the past of who counts anew from a package.

import {readUint48, uint48Max} from '../base/bytes.ts';
import {entryLength, kinds} from '../format/entry.ts';
import {type Column, ColumnReader, createColumn, put, putLong, putSigned} from '../format/varint.ts';
import type {Past, Reading} from './ledger.ts';

/** Readings of one channel that are unpacked at once. */
const blockReadings = 512;
/** Bytes that a reading takes at most: nine numbers. */
const readingBytesMax = 72;
/** Room for the first readings of a block: a package may have many channels with few readings. */
const openBytes = 256;

type Block = {
	readonly bytes: Uint8Array;
	readonly count: number;
	readonly timeMin: number;
	readonly timeMax: number;
	readonly firstIndex: number;
};

/** A channel: blocks that are full, and the one that is not. */
type Kept = {
	readonly blocks: Block[];
	open: Column | undefined;
	count: number;
	timeMin: number;
	timeMax: number;
	firstIndex: number;
	/** Of the reading before in the open block. */
	index: number;
	number: number;
	quantity: number;
	exponent: number;
	quality: number;
	valueHigh: number;
	valueLow: number;
	measuredAt: number;
	arrivedAt: number;
	span: number;
};

export type ReadingsStore = {
	/** Keeps the reading at an offset of packed entries. Those of a channel come in the order of the log. */
	readonly add: (place: number, view: DataView, offset: number, index: number) => void;
	/** Readings of a channel with times from … to, both included, and indexes below `size`, in the order of the log. */
	readonly readings: (place: number, fromMs: number, toMs: number, size: number) => Iterable<Reading>;
	/** See Past. */
	readonly before: (place: number, timeMs: number, size: number) => Reading | undefined;
};

function createKept(): Kept {
	return {
		blocks: [],
		open: undefined,
		count: 0,
		timeMin: Number.POSITIVE_INFINITY,
		timeMax: 0,
		firstIndex: 0,
		index: 0,
		number: 0,
		quantity: 0,
		exponent: 0,
		quality: 0,
		valueHigh: 0,
		valueLow: 0,
		measuredAt: 0,
		arrivedAt: 0,
		span: 0,
	};
}

/** What a block begins with: nothing before it. */
function restart(kept: Kept): void {
	kept.open = undefined;
	kept.count = 0;
	kept.timeMin = Number.POSITIVE_INFINITY;
	kept.timeMax = 0;
	kept.index = 0;
	kept.number = 0;
	kept.quantity = 0;
	kept.exponent = 0;
	kept.quality = 0;
	kept.valueHigh = 0;
	kept.valueLow = 0;
	kept.measuredAt = 0;
	kept.arrivedAt = 0;
	kept.span = 0;
}

/** A bit for each of what seldom changes from one reading to the next. */
const changes = {quantity: 1, exponent: 2, quality: 4, span: 8, time: 16} as const;

export function createReadingsStore(): ReadingsStore {
	const channels: Kept[] = [];

	const close = (kept: Kept): Block => {
		const {open, count, timeMin, timeMax, firstIndex} = kept;
		return {bytes: open!.bytes.slice(0, open!.length), count, timeMin, timeMax, firstIndex};
	};

	function* unpack({bytes, count}: Block): Iterable<Reading> {
		const reader = new ColumnReader(bytes);
		let [index, number, quantity, exponent, quality, high, low, measuredAtMs, arrivedAtMs, span] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
		for (let i = 0; i < count; i += 1) {
			const changed = reader.take(31);
			index += reader.take(uint48Max);
			number += reader.takeSigned(4 * uint48Max);
			if ((changed & changes.quantity) !== 0) quantity = reader.take(0xffff);
			if ((changed & changes.exponent) !== 0) exponent = reader.takeSigned(0x1ff);
			if ((changed & changes.quality) !== 0) quality = reader.take(0xff_ffff);
			if ((changed & changes.span) !== 0) span = reader.take(0xffff_ffff);
			reader.takeLong();
			const sign = -(reader.low & 1);
			const lowStep = ((reader.low >>> 1) | (reader.high << 31)) ^ sign;
			const highStep = (reader.high >>> 1) ^ sign;
			low = (low + lowStep) | 0;
			high = (high + highStep + (low >>> 0 < lowStep >>> 0 ? 1 : 0)) | 0;
			arrivedAtMs += reader.takeSigned(4 * uint48Max);
			if ((changed & changes.time) === 0) measuredAtMs = 0;
			else measuredAtMs = arrivedAtMs + reader.takeSigned(4 * uint48Max);
			const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
			yield {index, number, quantity, exponent, quality, value, measuredAtMs, arrivedAtMs, span};
		}
	}

	function* blocksOf(kept: Kept): Iterable<Block> {
		yield* kept.blocks;
		if (kept.count > 0) yield close(kept);
	}

	const timeOf = ({measuredAtMs, arrivedAtMs}: Reading): number => (measuredAtMs === 0 ? arrivedAtMs : measuredAtMs);

	return {
		add: (place, view, offset, index) => {
			const kept = channels[place] ?? createKept();
			channels[place] = kept;
			if (kept.open === undefined) {
				kept.open = createColumn(openBytes);
				kept.firstIndex = index;
			} else if (kept.open.length + readingBytesMax > kept.open.bytes.length) {
				const grown = createColumn(kept.open.bytes.length * 2);
				grown.bytes.set(kept.open.bytes);
				grown.length = kept.open.length;
				kept.open = grown;
			}
			const {open} = kept;
			const quantity = view.getUint16(offset + 50);
			const exponent = view.getInt8(offset + 52);
			const quality = view.getUint8(offset + 53) * 0x1_0000 + view.getUint16(offset + 54);
			const [high, low] = [view.getInt32(offset + 56), view.getInt32(offset + 60)];
			const measuredAt = readUint48(view, offset + 64);
			const arrivedAt = readUint48(view, offset + 70);
			const number = readUint48(view, offset + 76);
			const span = view.getUint32(offset + 82);
			const changed =
				(quantity === kept.quantity ? 0 : changes.quantity) |
				(exponent === kept.exponent ? 0 : changes.exponent) |
				(quality === kept.quality ? 0 : changes.quality) |
				(span === kept.span ? 0 : changes.span) |
				(measuredAt === 0 ? 0 : changes.time);
			put(open, changed);
			put(open, index - kept.index);
			putSigned(open, number - kept.number);
			if (quantity !== kept.quantity) put(open, quantity);
			if (exponent !== kept.exponent) putSigned(open, exponent);
			if (quality !== kept.quality) put(open, quality);
			if (span !== kept.span) put(open, span);
			const lowStep = (low - kept.valueLow) | 0;
			const highStep = (high - kept.valueHigh - (low >>> 0 < kept.valueLow >>> 0 ? 1 : 0)) | 0;
			const sign = highStep >> 31;
			putLong(open, ((highStep << 1) | (lowStep >>> 31)) ^ sign, (lowStep << 1) ^ sign);
			putSigned(open, arrivedAt - kept.arrivedAt);
			if (measuredAt !== 0) putSigned(open, measuredAt - arrivedAt);
			kept.index = index;
			kept.number = number;
			kept.quantity = quantity;
			kept.exponent = exponent;
			kept.quality = quality;
			kept.valueHigh = high;
			kept.valueLow = low;
			kept.measuredAt = measuredAt;
			kept.arrivedAt = arrivedAt;
			kept.span = span;
			const timeMs = measuredAt === 0 ? arrivedAt : measuredAt;
			if (timeMs < kept.timeMin) kept.timeMin = timeMs;
			if (timeMs > kept.timeMax) kept.timeMax = timeMs;
			kept.count += 1;
			if (kept.count < blockReadings) return;
			kept.blocks.push(close(kept));
			restart(kept);
		},
		readings: function* (place, fromMs, toMs, size) {
			const kept = channels[place];
			if (kept === undefined) return;
			for (const block of blocksOf(kept)) {
				if (block.firstIndex >= size) return;
				if (block.timeMax < fromMs || block.timeMin > toMs) continue;
				for (const reading of unpack(block)) {
					if (reading.index >= size) return;
					const timeMs = timeOf(reading);
					if (timeMs >= fromMs && timeMs <= toMs) yield reading;
				}
			}
		},
		before: (place, timeMs, size) => {
			const kept = channels[place];
			let best: Reading | undefined;
			let bestMs = -1;
			// From behind: nearly always the newest block has it, and the ones in front of it end before.
			for (const block of kept === undefined ? [] : [...blocksOf(kept)].reverse()) {
				if (block.firstIndex >= size || block.timeMin > timeMs || block.timeMax <= bestMs) continue;
				for (const reading of unpack(block)) {
					const at = timeOf(reading);
					if (reading.index >= size || at > timeMs || at < bestMs || (at === bestMs && best !== undefined && reading.index < best.index))
						continue;
					best = reading;
					bestMs = at;
				}
			}
			return best;
		},
	};
}

/** The past that a store holds, for ledgers: `placeOf` says where a URN's readings are, `size` how far they were folded. */
export function pastOfStore(
	store: ReadingsStore,
	placeOf: (urn: string) => number | undefined,
	size: () => number,
	corrects: (index: number) => number | undefined,
): Past {
	return {
		async *readings(urn, fromMs, toMs) {
			const place = placeOf(urn);
			if (place !== undefined) yield* store.readings(place, fromMs, toMs, size());
		},
		before: async (urn, timeMs) => {
			const place = placeOf(urn);
			return place === undefined ? undefined : store.before(place, timeMs, size());
		},
		corrects: async (_urn, {index}) => corrects(index),
	};
}

/** True for an entry that a store keeps. */
export function isReadingAt(view: DataView, i: number): boolean {
	return view.getUint8(i * entryLength) === kinds.reading;
}
