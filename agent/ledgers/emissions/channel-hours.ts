// Turns the readings of one channel, as they come, into what each hour of UTC has of it: what a register or an interval counted, or the average of what was measured.

import {qualities, uncountedQualities} from '../../format/entry.ts';
import type {QuantityKind} from '../../format/quantity.ts';
import type {Reading} from '../ledger.ts';

export const hourMs = 3_600_000;
const quadrantMs = 900_000;

/** A step between two readings that takes longer than this is not spread over its hours: 400 days. */
export const stepHoursMax = 9600;
/** Pieces of a count within one hour: a register that begins anew more often counts nothing that anybody could use. */
const segmentsMax = 16;
/** Hours that wait for the next tick; more are counted anew then. Who counts anew takes them up in time, and one step may end all hours that it has. */
export const closedMaxDefault = 4096;
export const closedMaxAnew = 16_384;
const dirtyMax = 1024;
const rangesMax = 128;
/** Dirty hours that lie no further apart are counted in one go. */
const apartHoursMax = 24;

/** A quality of our own, beside those of entries: the value is that of a correction. */
export const correctedBit = 1 << 23;

type EntriesBelow = {
	/** Numbers of the entries that it rests on, those at both ends included, and how many of them were measured within the hour. */
	readonly first: number;
	readonly last: number;
	readonly count: number;
	/** Bits of all of them. */
	readonly quality: number;
	/** None of them was measured before the one or behind the other, ms since 1970. */
	readonly fromMs: number;
	readonly toMs: number;
};

/** What an hour has of a register or of intervals. */
export type CountedHour = EntriesBelow & {
	readonly exponent: number;
	/** What was counted, in pieces: from … to as the register stood, in units of the channel. Between two readings it is taken to rise evenly, and at the turn of an hour it is rounded down: pieces join exactly. */
	readonly segments: readonly (readonly [from: bigint, to: bigint])[];
	/** ms of the hour of which nobody knows what was counted. */
	readonly unknownMs: number;
	/** ms of the hour that lie between two readings more than an hour apart. */
	readonly spreadMs: number;
	/** The longest time between two readings that lies in the hour, even in part. */
	readonly stepMsMax: number;
	/** How often the count began anew, and how often it fell without saying so. */
	readonly resets: number;
	readonly falls: number;
	/** Intervals that begin before the one in front of them ends: they are not counted, and their time is unknown. */
	readonly overlaps: number;
};

/** What an hour has of a value that is measured again and again. */
export type AveragedHour = EntriesBelow & {
	readonly exponent: number;
	/** Over the readings that are valid, in units of the channel. */
	readonly sum: number;
	readonly valid: number;
	/** One bit for each quarter of the hour with a valid reading. */
	readonly quadrants: number;
	/** Readings below zero, and readings that say themselves that they do not count. */
	readonly negative: number;
	readonly invalid: number;
};

export type ChannelHour<Facts> = {readonly hour: number; readonly facts: Facts};
export type AnyHour = CountedHour | AveragedHour;

/** Both included. */
export type HourRange = {readonly from: number; readonly to: number};

export type ChannelOptions = {
	readonly urn: string;
	/** Of its quantity: register, interval or gauge. */
	readonly kind: QuantityKind;
	readonly rollsOverAt: bigint | undefined;
	readonly stamp: 'end' | 'start';
	/** Interval: how long those are that count. */
	readonly spanMs: number | undefined;
};

/**
 * The hours of one channel. Readings in the order of their times are counted at once; whatever comes otherwise makes its hour dirty, to be counted anew from the past (recount.ts). Both come to the
 * same: what an hour has is a matter of the readings and not of their order.
 */
export class ChannelHours {
	readonly options: ChannelOptions;
	/** Hours that are over, in the order in which they ended. */
	readonly closed: ChannelHour<AnyHour>[] = [];
	/** Hours that have to be counted anew, apart from those of `dirtyRanges`. */
	readonly dirty = new Set<number>();
	dirtyRanges: HourRange[] = [];
	/** It is wanted only now: what it had is looked up first. */
	isNew = true;
	/** The first hour that has any of it. */
	firstHour = Number.MAX_SAFE_INTEGER;
	/** The hour of the first reading of all that came; −1 before it. */
	#cameHour = -1;

	readonly #closedMax: number;
	readonly #isGauge: boolean;
	readonly #isInterval: boolean;
	/** The newest reading by time; −1 before the first. */
	#timeMs = -1;
	/** Interval: where the last one ends. */
	#endMs = -1;
	#exponent = 0;
	#value = 0n;
	#epoch = 0;
	#number = 0;
	// The hour that is not over.
	#beginMs = 0;
	#overMs = 0;
	#first = 0;
	#last = 0;
	#count = 0;
	#quality = 0;
	#fromMs = 0;
	#stepMsMax = 0;
	#unknownMs = 0;
	#spreadMs = 0;
	#resets = 0;
	#falls = 0;
	#overlaps = 0;
	#segments: [bigint, bigint][] = [];
	#isTorn = false;
	/** Where the piece began that goes on; undefined while nobody knows. Interval: unused. */
	#from: bigint | undefined;
	/** Interval: what the hour has so far. */
	#amount = 0n;
	#sum = 0;
	#valid = 0;
	#quadrants = 0;
	#negative = 0;
	#invalid = 0;

	constructor(options: ChannelOptions, closedMax = closedMaxDefault) {
		this.options = options;
		this.#closedMax = closedMax;
		this.#isGauge = options.kind === 'gauge';
		this.#isInterval = options.kind === 'interval';
	}

	/** ms since 1970; −1 before the first reading. */
	get timeMs(): number {
		return this.#timeMs;
	}

	get cameHour(): number {
		return this.#cameHour;
	}

	/** Hours before this one are over; 0 before the first reading. */
	get openHour(): number {
		return this.#beginMs / hourMs;
	}

	/** Takes a reading of the channel. */
	read(reading: Reading): void {
		const {value, quality} = reading;
		const timeMs = reading.measuredAtMs === 0 ? reading.arrivedAtMs : reading.measuredAtMs;
		// Nearly always: the next one within the hour. Everything else can take its time.
		if (
			timeMs >= this.#timeMs &&
			timeMs < this.#overMs &&
			(quality & uncountedQualities) === 0 &&
			reading.exponent === this.#exponent &&
			!this.#isInterval
		) {
			if (this.#isGauge) {
				const sum = this.#sum + Number(value);
				if (value >= 0n && sum <= Number.MAX_SAFE_INTEGER) {
					this.#sum = sum;
					this.#valid += 1;
					this.#quadrants |= 1 << ((timeMs - this.#beginMs) / quadrantMs);
					this.#timeMs = timeMs;
					this.#include(reading.number, quality);
					this.#count += 1;
					return;
				}
			} else if (reading.span === this.#epoch && value >= this.#value && this.#from !== undefined) {
				const stepMs = timeMs - this.#timeMs;
				if (stepMs > this.#stepMsMax) this.#stepMsMax = stepMs;
				this.#timeMs = timeMs;
				this.#value = value;
				this.#number = reading.number;
				this.#include(reading.number, quality);
				this.#count += 1;
				return;
			}
		}
		if ((quality & qualities.correction) !== 0) {
			this.#soil(timeMs, timeMs);
			return;
		}
		if (this.#timeMs < 0) {
			this.#exponent = reading.exponent;
			this.#cameHour = Math.floor(timeMs / hourMs);
		}
		if (this.#isGauge) this.#average(reading, timeMs);
		else if ((quality & uncountedQualities) !== 0 || reading.exponent !== this.#exponent || value < 0n) return;
		else if (this.#isInterval) this.#countInterval(reading, timeMs);
		else this.#countRegister(reading, timeMs);
	}

	/** Whether a reading says anything about what is counted or averaged. */
	isCounted({quality, exponent, value, span}: Reading): boolean {
		if ((quality & uncountedQualities) !== 0 || value < 0n) return false;
		if (this.#timeMs >= 0 && exponent !== this.#exponent) return false;
		return !this.#isInterval || span === this.options.spanMs;
	}

	/** ms since 1970: from when to when a reading counts; both the same for anything but intervals. */
	reach({measuredAtMs, arrivedAtMs, span}: Reading): readonly [fromMs: number, toMs: number] {
		const timeMs = measuredAtMs === 0 ? arrivedAtMs : measuredAtMs;
		if (!this.#isInterval) return [timeMs, timeMs];
		return this.options.stamp === 'start' ? [timeMs, timeMs + span] : [Math.max(0, timeMs - span), timeMs];
	}

	/** Has hours counted anew, from … to included. */
	soil(fromHour: number, toHour: number): void {
		if (fromHour < this.firstHour) this.firstHour = fromHour;
		if (toHour - fromHour >= 64) this.dirtyRanges.push({from: fromHour, to: toHour});
		else for (let hour = fromHour; hour <= toHour; hour += 1) this.dirty.add(hour);
		if (this.dirty.size < dirtyMax && this.dirtyRanges.length < rangesMax) return;
		this.dirtyRanges = this.dirtyGroups();
		this.dirty.clear();
		// Those that lie closest first: what lies between them is counted anew as well.
		while (this.dirtyRanges.length > rangesMax / 2) {
			const gaps = this.dirtyRanges.slice(1).map(({from}, at) => from - this.dirtyRanges[at]!.to);
			const at = gaps.indexOf(Math.min(...gaps));
			this.dirtyRanges.splice(at, 2, {from: this.dirtyRanges[at]!.from, to: this.dirtyRanges[at + 1]!.to});
		}
	}

	/** The hours that have to be counted anew, in groups that rise and lie more than a day apart. */
	dirtyGroups(): HourRange[] {
		const all = [...this.dirtyRanges, ...[...this.dirty].map(hour => ({from: hour, to: hour}))];
		all.sort((a, b) => a.from - b.from);
		const groups: HourRange[] = [];
		for (const one of all) {
			const last = groups.at(-1);
			if (last !== undefined && one.from - last.to <= apartHoursMax)
				groups[groups.length - 1] = {from: last.from, to: Math.max(last.to, one.to)};
			else groups.push(one);
		}
		return groups;
	}

	#soil(fromMs: number, toMs: number): void {
		// What is counted at the turn of an hour ends the hour before.
		const firstMs = this.#isGauge ? fromMs : Math.max(0, fromMs - 1);
		this.soil(Math.floor(firstMs / hourMs), Math.floor(toMs / hourMs));
	}

	#include(number: number, quality: number): void {
		if (number < this.#first) this.#first = number;
		if (number > this.#last) this.#last = number;
		this.#quality |= quality;
	}

	/** Begins an hour with nothing in it. */
	#open(beginMs: number, number: number, fromMs: number): void {
		this.#beginMs = beginMs;
		this.#overMs = beginMs + hourMs;
		this.#first = this.#last = number;
		this.#fromMs = fromMs;
		this.#segments = [];
		this.#isTorn = false;
		this.#amount = 0n;
		this.#count = this.#quality = this.#stepMsMax = this.#unknownMs = this.#spreadMs = this.#resets = this.#falls = this.#overlaps = 0;
		this.#sum = this.#valid = this.#quadrants = this.#negative = this.#invalid = 0;
		const hour = beginMs / hourMs;
		if (hour < this.firstHour) this.firstHour = hour;
	}

	/** `toMs` is when the step ends that ends the hour; the reading that says so may be of later. */
	#close(toMs: number): void {
		if (this.closed.length >= this.#closedMax) {
			for (const {hour} of this.closed) this.soil(hour, hour);
			this.closed.length = 0;
		}
		const hour = this.#beginMs / hourMs;
		const entries = {
			first: this.#first,
			last: this.#last,
			count: this.#count,
			quality: this.#quality,
			// An interval that is known by its start was read as long before.
			fromMs: Math.max(0, this.#fromMs - (this.options.spanMs ?? 0)),
			toMs: toMs + (this.options.spanMs ?? 0),
			exponent: this.#exponent,
		};
		if (this.#isGauge) {
			const averaged = {sum: this.#sum, valid: this.#valid, quadrants: this.#quadrants, negative: this.#negative, invalid: this.#invalid};
			this.closed.push({hour, facts: {...entries, ...averaged}});
			return;
		}
		const segments = this.#isInterval && this.#unknownMs < hourMs ? [[0n, this.#amount] as const] : this.#segments;
		const counted = {
			segments: this.#isTorn ? [] : segments,
			unknownMs: this.#isTorn ? hourMs : this.#unknownMs,
			spreadMs: this.#spreadMs,
			stepMsMax: this.#stepMsMax,
			resets: this.#resets,
			falls: this.#falls,
			overlaps: this.#overlaps,
		};
		this.closed.push({hour, facts: {...entries, ...counted}});
	}

	#segment(from: bigint, to: bigint): void {
		if (this.#segments.length < segmentsMax) this.#segments.push([from, to]);
		else this.#isTorn = true;
	}

	#average({number, quality, exponent, value}: Reading, timeMs: number): void {
		if (this.#timeMs >= 0 && timeMs < this.#timeMs) {
			this.#soil(timeMs, timeMs);
			return;
		}
		const beginMs = timeMs - (timeMs % hourMs);
		if (this.#timeMs < 0) this.#open(beginMs, number, beginMs);
		else if (timeMs >= this.#overMs) {
			this.#close(timeMs);
			this.#open(beginMs, number, beginMs);
		}
		this.#timeMs = timeMs;
		this.#include(number, quality & ~uncountedQualities);
		this.#count += 1;
		const isValid = (quality & uncountedQualities) === 0 && exponent === this.#exponent;
		const sum = this.#sum + Number(value);
		if (isValid && value < 0n) this.#negative += 1;
		else if (isValid && sum <= Number.MAX_SAFE_INTEGER) {
			this.#sum = sum;
			this.#valid += 1;
			this.#quadrants |= 1 << ((timeMs - beginMs) / quadrantMs);
		} else this.#invalid += 1;
	}

	#countRegister({number, quality, value, span}: Reading, timeMs: number): void {
		if (this.#timeMs < 0) {
			this.#beginAt(timeMs, number);
			this.#from = value;
		} else if (timeMs < this.#timeMs) {
			this.#soil(timeMs, timeMs);
			return;
		} else {
			const {rollsOverAt} = this.options;
			const isNext = span === this.#epoch && value >= this.#value;
			// What ran over is known where somebody said at which number.
			const isRollover =
				(quality & qualities.rollover) !== 0 && rollsOverAt !== undefined && span === this.#epoch + 1 && this.#value < this.#modulus();
			const rise = isNext ? value - this.#value : isRollover ? this.#modulus() - this.#value + value : undefined;
			this.#step(this.#timeMs, timeMs, this.#value, rise, isRollover ? this.#modulus() : undefined, number, quality);
			if (rise === undefined) {
				if (span === this.#epoch) this.#falls += 1;
				else this.#resets += 1;
				this.#from = value;
			}
		}
		this.#include(number, quality);
		this.#count += 1;
		this.#timeMs = timeMs;
		this.#value = value;
		this.#epoch = span;
		this.#number = number;
	}

	#countInterval(reading: Reading, timeMs: number): void {
		const {number, quality, value} = reading;
		if (!this.isCounted(reading)) return;
		const [fromMs, toMs] = this.reach(reading);
		if (this.#timeMs < 0) {
			this.#beginAt(fromMs, number);
			this.#endMs = fromMs;
		} else if (timeMs < this.#timeMs) {
			this.#soil(fromMs, toMs);
			return;
		}
		// All are of one length: so whether one counts is a matter of the one in front of it, and of nothing before.
		const isOverlapping = fromMs < this.#endMs;
		if (isOverlapping) this.#step(this.#endMs, toMs, 0n, undefined, undefined, number, quality);
		else {
			if (fromMs > this.#endMs) this.#step(this.#endMs, fromMs, 0n, undefined, undefined, number, quality);
			this.#number = number;
			this.#step(fromMs, toMs, 0n, value, undefined, number, quality);
		}
		if (isOverlapping) this.#overlaps += 1;
		this.#include(number, quality);
		this.#count += 1;
		this.#number = number;
		this.#timeMs = timeMs;
		this.#endMs = toMs;
	}

	/** In units of the channel. */
	#modulus(): bigint {
		const units = this.options.rollsOverAt ?? 0n;
		return this.#exponent <= 0 ? units * 10n ** BigInt(-this.#exponent) : units / 10n ** BigInt(this.#exponent);
	}

	/** The hour of the first reading of all: what passed of it is unknown. */
	#beginAt(timeMs: number, number: number): void {
		const beginMs = timeMs - (timeMs % hourMs);
		this.#open(beginMs, number, beginMs);
		this.#unknownMs = timeMs - beginMs;
	}

	/**
	 * Goes from one time to another, through the hours between them. `rise` is what was counted meanwhile, evenly; undefined: nobody knows. `modulus`: the count goes on from zero there.
	 */
	#step(
		fromMs: number,
		toMs: number,
		value: bigint,
		rise: bigint | undefined,
		modulus: bigint | undefined,
		number: number,
		quality: number,
	): void {
		const stepMs = toMs - fromMs;
		const isInterval = this.#isInterval;
		let hasRolled = false;
		/** What an interval had counted at the last turn of an hour. */
		let counted = 0n;
		if (this.#from !== undefined && rise === undefined && !isInterval) {
			this.#segment(this.#from, value);
			this.#from = undefined;
		}
		if (Math.floor(toMs / hourMs) - Math.floor(fromMs / hourMs) > stepHoursMax) {
			// Nothing is known of years; the count begins where it is now.
			this.giveUp(toMs);
			const beginMs = toMs - (toMs % hourMs);
			this.#open(beginMs, number, beginMs);
			this.#unknownMs = toMs - beginMs;
			this.#from = value + (rise ?? 0n) - (modulus ?? 0n);
			return;
		}
		while (toMs >= this.#overMs) {
			const partMs = this.#overMs - Math.max(fromMs, this.#beginMs);
			this.#include(number, quality);
			if (stepMs > this.#stepMsMax) this.#stepMsMax = stepMs;
			if (rise === undefined) this.#unknownMs += partMs;
			else {
				const risen = (rise * BigInt(this.#overMs - fromMs)) / BigInt(stepMs);
				if (isInterval) {
					this.#amount += risen - counted;
					counted = risen;
				} else {
					let at = value + risen;
					if (modulus !== undefined && at >= modulus) {
						if (!hasRolled) {
							this.#segment(this.#from!, modulus);
							this.#from = 0n;
							hasRolled = true;
						}
						at -= modulus;
					}
					this.#segment(this.#from!, at);
					this.#from = at;
				}
				if (stepMs > hourMs) this.#spreadMs += partMs;
			}
			this.#close(toMs);
			const nextMs = this.#overMs;
			const isAtOnce = toMs === nextMs;
			this.#open(nextMs, isAtOnce ? number : this.#number, isAtOnce ? nextMs : fromMs);
		}
		const partMs = toMs - Math.max(fromMs, this.#beginMs);
		if (partMs > 0) {
			this.#include(number, quality);
			if (stepMs > this.#stepMsMax) this.#stepMsMax = stepMs;
		}
		if (rise === undefined) {
			this.#unknownMs += partMs;
			return;
		}
		if (stepMs > hourMs) this.#spreadMs += partMs;
		if (isInterval) this.#amount += rise - counted;
		else if (modulus !== undefined && !hasRolled) {
			this.#segment(this.#from!, modulus);
			this.#from = 0n;
		}
	}

	/** Ends the hour with what is known of it: what comes next is years away, and read no later than at `toMs`. */
	giveUp(toMs: number): void {
		if (!this.#isGauge) {
			this.#unknownMs += this.#overMs - Math.max(this.#isInterval ? this.#endMs : this.#timeMs, this.#beginMs);
			if (!this.#isInterval && this.#from !== undefined) this.#segment(this.#from, this.#value);
		}
		this.#close(toMs);
	}

	/** Everything that it knows, as JSON; `restore` takes it up. */
	keep(): string {
		return JSON.stringify({
			closed: this.closed.map(({hour, facts}) => [hour, packHour(facts)]),
			dirty: [...this.dirty].sort((a, b) => a - b),
			dirtyRanges: this.dirtyRanges,
			isNew: this.isNew,
			firstHour: this.firstHour,
			cameHour: this.#cameHour,
			now: this.#now(),
		});
	}

	restore(text: string): void {
		const kept = JSON.parse(text) as {
			closed: [number, string][];
			dirty: number[];
			dirtyRanges: HourRange[];
			isNew: boolean;
			firstHour: number;
			cameHour: number;
			now: Now;
		};
		for (const [hour, packed] of kept.closed) this.closed.push({hour, facts: unpackHour(packed)});
		for (const hour of kept.dirty) this.dirty.add(hour);
		this.dirtyRanges = kept.dirtyRanges;
		this.isNew = kept.isNew;
		this.firstHour = kept.firstHour;
		this.#cameHour = kept.cameHour;
		this.#take(kept.now);
	}

	/** Goes on from where another one of the same channel is, which has counted everything in its order. */
	adopt(other: ChannelHours): void {
		this.#take(other.#now());
	}

	#now(): Now {
		return {
			time: [this.#timeMs, this.#endMs, this.#exponent, this.#epoch, this.#number],
			value: `${this.#value}`,
			hour: [this.#beginMs, this.#overMs, this.#first, this.#last, this.#count, this.#quality, this.#fromMs],
			counted: [this.#stepMsMax, this.#unknownMs, this.#spreadMs, this.#resets, this.#falls, this.#overlaps],
			segments: this.#segments.map(([from, to]) => [`${from}`, `${to}`]),
			isTorn: this.#isTorn,
			from: this.#from === undefined ? null : `${this.#from}`,
			amount: `${this.#amount}`,
			averaged: [this.#sum, this.#valid, this.#quadrants, this.#negative, this.#invalid],
		};
	}

	#take({time, value, hour, counted, segments, isTorn, from, amount, averaged}: Now): void {
		[this.#timeMs, this.#endMs, this.#exponent, this.#epoch, this.#number] = time;
		this.#value = BigInt(value);
		[this.#beginMs, this.#overMs, this.#first, this.#last, this.#count, this.#quality, this.#fromMs] = hour;
		[this.#stepMsMax, this.#unknownMs, this.#spreadMs, this.#resets, this.#falls, this.#overlaps] = counted;
		this.#segments = segments.map(([a, b]) => [BigInt(a), BigInt(b)]);
		this.#isTorn = isTorn;
		this.#from = from === null ? undefined : BigInt(from);
		this.#amount = BigInt(amount);
		[this.#sum, this.#valid, this.#quadrants, this.#negative, this.#invalid] = averaged;
	}
}

type Now = {
	readonly time: [number, number, number, number, number];
	readonly value: string;
	readonly hour: [number, number, number, number, number, number, number];
	readonly counted: [number, number, number, number, number, number];
	readonly segments: readonly [string, string][];
	readonly isTorn: boolean;
	readonly from: string | null;
	readonly amount: string;
	readonly averaged: [number, number, number, number, number];
};

/** An hour of a channel as a row. */
export function packHour(facts: AnyHour): string {
	const {first, last, count, quality, fromMs, toMs, exponent} = facts;
	const entries = [first, last, count, quality, fromMs, toMs, exponent];
	if ('sum' in facts) return JSON.stringify([...entries, facts.sum, facts.valid, facts.quadrants, facts.negative, facts.invalid]);
	const {segments, unknownMs, spreadMs, stepMsMax, resets, falls, overlaps} = facts;
	const pieces = segments.map(([from, to]) => [`${from}`, `${to}`]);
	return JSON.stringify([...entries, pieces, unknownMs, spreadMs, stepMsMax, resets, falls, overlaps]);
}

export function unpackHour(packed: string): AnyHour {
	const [first, last, count, quality, fromMs, toMs, exponent, ...rest] = JSON.parse(packed) as [
		...[number, number, number, number, number, number, number],
		...unknown[],
	];
	const entries = {first, last, count, quality, fromMs, toMs, exponent};
	if (typeof rest[0] === 'number') {
		const [sum, valid, quadrants, negative, invalid] = rest as [number, number, number, number, number];
		return {...entries, sum, valid, quadrants, negative, invalid};
	}
	const [pieces, unknownMs, spreadMs, stepMsMax, resets, falls, overlaps] = rest as [
		[string, string][],
		...[number, number, number, number, number, number],
	];
	const segments = pieces.map(([from, to]) => [BigInt(from), BigInt(to)] as const);
	return {...entries, segments, unknownMs, spreadMs, stepMsMax, resets, falls, overlaps};
}

export function isAveraged(facts: AnyHour): facts is AveragedHour {
	return 'sum' in facts;
}
