// Follows the register of a device, reading by reading, and finds the hours of which both ends are known. Pure.

import {unsettledQualities} from '../../format/entry.ts';
import type {Reading} from '../ledger.ts';

export const hourMs = 3_600_000;

/** What a register showed when an hour began. */
export type Edge = {
	/** The register, rounded down to whole Wh. */
	readonly registerWh: number;
	readonly counterEpoch: number;
	/** Of the reading, within its channel. */
	readonly number: number;
};

/** An hour (UTC) with known ends. A Wh belongs to the hour in which the register completed it, so what hours hold sums to what the register counted. */
export type FoundHour = {
	/** Hours since 1970. */
	readonly hour: number;
	readonly start: Edge;
	readonly end: Edge;
};

/** What is remembered of a register. */
export type RegisterTrack = {
	/** Nothing is told of hours before this one. */
	firstHour: number;
	/** Of the last entry of the channel, whatever it was. */
	lastNumber: number;
	/** ms since 1970; 0: nothing can be read across what stands there. */
	lastMs: number;
	lastValue: bigint;
	lastExponent: number;
	lastEpoch: number;
	/** By hour since 1970. */
	readonly edges: Map<number, Edge>;
	/** Edges that came or went since somebody emptied this. */
	readonly changed: Set<number>;
};

/** Edges kept of a register: of six weeks. The oldest is given up where there are more, and with it the hours before it. */
export const edgesMax = 1008;

export function startTrack(firstHour: number): RegisterTrack {
	return {firstHour, lastNumber: 0, lastMs: 0, lastValue: 0n, lastExponent: 0, lastEpoch: 0, edges: new Map(), changed: new Set()};
}

/** By minus the exponent: units of a Wh, and the most that has an exact difference from another number of Wh. The market takes no other exponents. */
const unitsPerWh = [1n, 10n, 100n, 1000n];
const valuesMax = unitsPerWh.map(units => (BigInt(Number.MAX_SAFE_INTEGER) + 1n) * units - 1n);

/** The register rounded down to whole Wh; undefined where it is none that can be compared exactly. */
export function registerWhOf({exponent, value}: Pick<Reading, 'exponent' | 'value'>): number | undefined {
	if (!(exponent <= 0 && exponent >= -3 && value >= 0n && value <= valuesMax[-exponent]!)) return undefined;
	return Number(value / unitsPerWh[-exponent]!);
}

/** An entry that is no reading has a number of its own, so that nothing is read across it: what stood before it is forgotten, whether it was met or not. */
export function followNote(track: RegisterTrack, number: number): void {
	track.lastNumber = number;
	track.lastMs = 0;
	track.lastValue = 0n;
	track.lastExponent = 0;
	track.lastEpoch = 0;
}

/**
 * Takes the next reading of the channel, in the order of the log. The edge at T is the entry n with measuredAt(n) ≤ T < measuredAt(n+1), both within twice the cadence of T; of several the lowest n.
 * That is what the market settles by, so what is certified and what is paid for are the same Wh. An edge that is known never changes: no later reading lowers or raises an hour.
 */
export function followReading(track: RegisterTrack, cadenceMs: number, reading: Reading): readonly FoundHour[] {
	const {lastNumber, lastMs} = track;
	const {measuredAtMs, number, quality, exponent, value} = reading;
	const counts =
		(quality & unsettledQualities) === 0 && exponent <= 0 && exponent >= -3 && value >= 0n && value <= valuesMax[-exponent]! && number > 0;
	let found: readonly FoundHour[] = none;
	// Nearly always no hour begins between two readings: this runs for every one of them.
	if (counts && lastMs !== 0 && measuredAtMs > lastMs && number === lastNumber + 1) {
		const farMs = 2 * cadenceMs;
		const fromMs = Math.max(measuredAtMs - farMs, lastMs);
		const toMs = Math.min(lastMs + farMs, measuredAtMs - 1);
		const hour = Math.ceil(fromMs / hourMs);
		if (hour * hourMs <= toMs) found = cross(track, Math.max(track.firstHour, hour), Math.floor(toMs / hourMs));
	}
	track.lastNumber = number;
	track.lastMs = counts ? measuredAtMs : 0;
	track.lastValue = value;
	track.lastExponent = exponent;
	track.lastEpoch = reading.span;
	return found;
}

const none: readonly FoundHour[] = [];

/** The last reading stands where these hours begin. They lie within four times the cadence, which bounds the loop. */
function cross(track: RegisterTrack, from: number, to: number): readonly FoundHour[] {
	const {edges, changed} = track;
	const edge: Edge = {
		registerWh: Number(track.lastValue / unitsPerWh[-track.lastExponent]!),
		counterEpoch: track.lastEpoch,
		number: track.lastNumber,
	};
	const hours: FoundHour[] = [];
	for (let at = from; at <= to; at += 1) {
		// A reading that came late may have moved the first hour on.
		if (at < track.firstHour || edges.has(at)) continue;
		edges.set(at, edge);
		changed.add(at);
		const [before, after] = [edges.get(at - 1), edges.get(at + 1)];
		if (before !== undefined) hours.push({hour: at - 1, start: before, end: edge});
		if (after !== undefined) hours.push({hour: at, start: edge, end: after});
		if (edges.size > edgesMax) giveUpOldest(track);
	}
	return hours;
}

function giveUpOldest(track: RegisterTrack): void {
	let oldest = Number.MAX_SAFE_INTEGER;
	for (const hour of track.edges.keys()) if (hour < oldest) oldest = hour;
	track.edges.delete(oldest);
	track.changed.add(oldest);
	// It must not be found once more, from a reading with a higher number.
	track.firstHour = oldest + 1;
}
