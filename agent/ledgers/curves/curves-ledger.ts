// The ledger of curves: rolls the readings of every channel up into buckets of a quarter of an hour, six hours and four days, so that a year is drawn from a few hundred rows.

import {parseChannelUrn} from '../../format/subject.ts';
import {type ChannelNote, type Ledger, type Reading, type Rows, timeOf} from '../ledger.ts';
import {addNote, addReading, type Bucket, createBucket, decodeBuckets, encodeBuckets, mergeBucket} from './bucket.ts';

/** Lengths of buckets, each a multiple of the one before, and how many stand in one row. */
export const levels = [
	{name: 'quarter-hour', bucketMs: 900_000, perRow: 24},
	{name: 'six-hours', bucketMs: 21_600_000, perRow: 16},
	{name: 'four-days', bucketMs: 345_600_000, perRow: 16},
] as const;
export type LevelName = (typeof levels)[number]['name'];
type Level = (typeof levels)[number];

const finest = levels[0];

export type Curve = {
	readonly level: LevelName;
	/** That of the level, or of some of its buckets together. */
	readonly bucketMs: number;
	/** Those that hold a reading or a mark and lie, at least in part, in the period, in the order of time. */
	readonly buckets: readonly {readonly beginMs: number; readonly bucket: Bucket}[];
};

export type CurvesLedger = Ledger & {
	/**
	 * A period of a channel, from its finest buckets of which not more than `bucketsMax` ≥ 1 can lie in it; where the coarsest are too many, two, four or more of them are added up to one. Times are
	 * ms since 1970, the first included, the second not. Knows all that was folded, saved or not.
	 */
	readonly curve: (urn: string, fromMs: number, toMs: number, bucketsMax: number, rows: Rows) => Promise<Curve>;
};

/** What is known of a channel and not in rows yet. */
type Followed = {
	readonly urn: string;
	/** The newest bucket by time, which nearly every reading belongs to; it has a row of its own, so that the long rows are written once a quarter of an hour. */
	newest: number;
	open: Bucket | undefined;
	isOpenSaved: boolean;
	/** Older ones, to be added to what the rows say. */
	readonly closed: Map<number, Bucket>;
};

/** Buckets of a channel that wait to be added to rows, and of all channels together. */
const closedMax = 24;
const closedMaxOfAll = 65_536;

const numberDigits = 10;
/** Times go up to 2^48 ms: every number has so many digits. */
const rowKey = (level: Level, urn: string, row: number): string => `${level.bucketMs} ${urn} ${String(row).padStart(numberDigits, '0')}`;
const openKey = (urn: string): string => `open ${urn}`;

/** Which buckets, and how many of them together, so that not more than `bucketsMax` can lie in a period. */
function resolutionOf(fromMs: number, toMs: number, bucketsMax: number): {readonly level: Level; readonly together: number} {
	const lying = (bucketMs: number): number => Math.ceil(toMs / bucketMs) - Math.floor(fromMs / bucketMs);
	const most = Math.max(1, bucketsMax);
	const level: Level = levels.find(({bucketMs}) => lying(bucketMs) <= most) ?? levels.at(-1)!;
	let together = 1;
	// Ends: of one that reaches from 1970 beyond the period, one lies in it.
	while (lying(level.bucketMs * together) > most) together *= 2;
	return {level, together};
}

export function createCurvesLedger(): CurvesLedger {
	const byUrn = new Map<string, Followed>();
	/** Whose open bucket is not in its row. */
	const unsaved = new Set<Followed>();
	/** Who has closed buckets. */
	const waiting = new Set<Followed>();
	let closedOfAll = 0;
	let last: Followed | undefined;

	const followedOf = (urn: string): Followed => {
		if (last?.urn === urn) return last;
		let one = byUrn.get(urn);
		if (one === undefined) {
			one = {urn, newest: -1, open: undefined, isOpenSaved: false, closed: new Map()};
			byUrn.set(urn, one);
		}
		last = one;
		return one;
	};

	const close = (one: Followed, number: number, bucket: Bucket): void => {
		const before = one.closed.get(number);
		if (before === undefined) {
			one.closed.set(number, bucket);
			closedOfAll += 1;
		} else mergeBucket(before, bucket);
		waiting.add(one);
	};

	const bucketAt = (one: Followed, timeMs: number): Bucket => {
		const number = Math.floor(timeMs / finest.bucketMs);
		if (number === one.newest) {
			if (one.isOpenSaved) {
				one.isOpenSaved = false;
				unsaved.add(one);
			}
			return one.open!;
		}
		if (number > one.newest) {
			if (one.open !== undefined) close(one, one.newest, one.open);
			one.newest = number;
			one.open = createBucket();
			one.isOpenSaved = false;
			unsaved.add(one);
			return one.open;
		}
		let bucket = one.closed.get(number);
		if (bucket === undefined) {
			bucket = createBucket();
			close(one, number, bucket);
		}
		return bucket;
	};

	/** Adds buckets of a channel to the rows of one level. */
	const addTo = async (level: Level, urn: string, buckets: ReadonlyMap<number, Bucket>, rows: Rows): Promise<void> => {
		const factor = level.bucketMs / finest.bucketMs;
		const byRow = new Map<number, Map<number, Bucket>>();
		for (const [number, bucket] of buckets) {
			const wide = Math.floor(number / factor);
			const row = Math.floor(wide / level.perRow);
			const within = byRow.get(row) ?? new Map<number, Bucket>();
			byRow.set(row, within);
			const sum = within.get(wide) ?? createBucket();
			within.set(wide, sum);
			mergeBucket(sum, bucket);
		}
		for (const [row, within] of byRow) {
			const key = rowKey(level, urn, row);
			const body = await rows.get(key);
			const base = row * level.perRow;
			const known = body === undefined ? within : decodeBuckets(body, base, level.bucketMs);
			if (body !== undefined)
				for (const [number, bucket] of within) {
					const before = known.get(number);
					if (before === undefined) known.set(number, bucket);
					else mergeBucket(before, bucket);
				}
			rows.put(key, encodeBuckets(known, base, level.bucketMs));
		}
	};

	const settle = async (one: Followed, rows: Rows): Promise<void> => {
		for (const level of levels) await addTo(level, one.urn, one.closed, rows);
		closedOfAll -= one.closed.size;
		one.closed.clear();
		waiting.delete(one);
	};

	return {
		name: 'curves',
		version: 1,
		open: async rows => {
			for await (const {key, body} of rows.range('open ', 'open!')) {
				const one = followedOf(key.slice('open '.length));
				for (const [number, bucket] of decodeBuckets(body, 0, finest.bucketMs)) {
					one.newest = number;
					one.open = bucket;
					one.isOpenSaved = true;
				}
			}
		},
		state: () => {},
		wants: urn => parseChannelUrn(urn) !== undefined,
		read: (urn, reading: Reading) => {
			const timeMs = timeOf(reading);
			addReading(bucketAt(followedOf(urn), timeMs), reading, timeMs);
		},
		note: (urn, note: ChannelNote) => addNote(bucketAt(followedOf(urn), note.atMs), note),
		// What rows come to does not depend on when buckets are added to them; so this only bounds what waits.
		tick: async (_at, _past, rows) => {
			const hurries = closedOfAll > closedMaxOfAll;
			for (const one of waiting) if (hurries || one.closed.size >= closedMax) await settle(one, rows);
		},
		save: async (_past, rows) => {
			for (const one of waiting) await settle(one, rows);
			for (const one of unsaved) {
				rows.put(openKey(one.urn), encodeBuckets(new Map([[one.newest, one.open!]]), 0, finest.bucketMs));
				one.isOpenSaved = true;
			}
			unsaved.clear();
		},
		problem: async () => undefined,
		basis: async () => undefined,
		answer: async () => undefined,
		curve: async (urn, fromMs, toMs, bucketsMax, rows) => {
			const {level, together} = resolutionOf(fromMs, toMs, bucketsMax);
			const {perRow} = level;
			const bucketMs = level.bucketMs * together;
			const begin = Math.floor(fromMs / bucketMs);
			const end = Math.ceil(toMs / bucketMs);
			const found = new Map<number, Bucket>();
			/** Of a bucket that is `parts` times as short. */
			const add = (part: number, parts: number, bucket: Bucket): void => {
				const number = Math.floor(part / parts);
				if (number < begin || number >= end) return;
				const before = found.get(number);
				if (before === undefined) {
					// A copy: what is open goes on.
					const copy = createBucket();
					mergeBucket(copy, bucket);
					found.set(number, copy);
				} else mergeBucket(before, bucket);
			};
			const [rowFirst, rowEnd] = [Math.floor((begin * together) / perRow), Math.ceil((end * together) / perRow)];
			for await (const {key, body} of rows.range(rowKey(level, urn, rowFirst), rowKey(level, urn, rowEnd))) {
				const row = Number(key.slice(-numberDigits));
				for (const [number, bucket] of decodeBuckets(body, row * perRow, level.bucketMs)) add(number, together, bucket);
			}
			const one = byUrn.get(urn);
			const factor = bucketMs / finest.bucketMs;
			if (one !== undefined) {
				for (const [number, bucket] of one.closed) add(number, factor, bucket);
				if (one.open !== undefined) add(one.newest, factor, one.open);
			}
			return {
				level: level.name,
				bucketMs,
				buckets: [...found].sort(([a], [b]) => a - b).map(([number, bucket]) => ({beginMs: number * bucketMs, bucket})),
			};
		},
	};
}
