// Turns the messages of one device into what a bad network makes of them: lost, repeated, swapped, late, cut off.

import type {Message, Sent} from './message.ts';
import type {Chance} from './seed.ts';

/** Probabilities per message. */
export type FaultRates = {
	/** Never sent; its sequence number stays missing. */
	readonly drop: number;
	/** Sent twice. */
	readonly repeat: number;
	/** Sent after the next one. */
	readonly reorder: number;
	/** Sent minutes later. */
	readonly late: number;
	/** The device's clock goes 3 s wrong for a while. */
	readonly skew: number;
	/** The device restarts: new boot, sequence from 1. */
	readonly restart: number;
	/** The connection is cut without a word; what was not acknowledged is sent again. */
	readonly disconnect: number;
	/** A further message comes that the agent must refuse. */
	readonly hostile: number;
};

export const noFaults: FaultRates = {drop: 0, repeat: 0, reorder: 0, late: 0, skew: 0, restart: 0, disconnect: 0, hostile: 0};

/** Enough that a minute shows some of each. */
export const demoFaults: FaultRates = {
	drop: 0.004,
	repeat: 0.008,
	reorder: 0.004,
	late: 0.002,
	skew: 0.001,
	restart: 0.002,
	disconnect: 0.002,
	hostile: 0.01,
};

/** How late a late message is. */
export const lateMs = {min: 120_000, max: 300_000} as const;
/** Late messages that one device keeps; above that they go in time. */
const heldMax = 100;

export type FaultLine<M extends Sent = Message> = {
	/** What becomes of a message: what is sent now, and whether the connection is cut right after. */
	readonly pass: (message: M, nowMs: number) => {readonly send: readonly M[]; readonly cut: boolean; readonly dropped: boolean};
	/** Late messages whose time has come. */
	readonly due: (nowMs: number) => M[];
	/** Everything that is still held, for the end of a run. */
	readonly rest: () => M[];
};

export function createFaultLine<M extends Sent = Message>(rates: FaultRates, chance: Chance): FaultLine<M> {
	let swapped: M | undefined;
	let held: {readonly message: M; readonly atMs: number}[] = [];
	return {
		pass: (message, nowMs) => {
			const dropped = chance.happens(rates.drop);
			const repeated = chance.happens(rates.repeat);
			const late = chance.happens(rates.late);
			const swap = chance.happens(rates.reorder);
			const cut = chance.happens(rates.disconnect);
			const delayMs = chance.between(lateMs.min, lateMs.max);
			const earlier = swapped === undefined ? [] : [swapped];
			swapped = undefined;
			if (dropped) return {send: earlier, cut, dropped};
			if (late && held.length < heldMax) {
				held.push({message, atMs: nowMs + delayMs});
				return {send: earlier, cut, dropped};
			}
			if (swap && earlier.length === 0) {
				swapped = message;
				return {send: [], cut, dropped};
			}
			return {send: [message, ...(repeated ? [message] : []), ...earlier], cut, dropped};
		},
		due: nowMs => {
			const ready = held.filter(({atMs}) => atMs <= nowMs).map(({message}) => message);
			if (ready.length > 0) held = held.filter(({atMs}) => atMs > nowMs);
			return ready;
		},
		rest: () => {
			const all = [...(swapped === undefined ? [] : [swapped]), ...held.map(({message}) => message)];
			swapped = undefined;
			held = [];
			return all;
		},
	};
}
