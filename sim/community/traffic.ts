// Publishes the registers of a community over MQTT, QoS 1, each point when its time has come, and keeps what was published for the judge.

import type {Clock} from '../../agent/base/clock.ts';
import {createPublisher, type Outgoing, type Publisher} from '../client.ts';
import type {TruePoint} from './judge.ts';
import {communityPoints, meterMessage} from './meter.ts';
import type {Home} from './plan.ts';

export type TrafficOptions = {
	/** Of the broker, `mqtt://host:port`. */
	readonly url: string;
	/** By home. */
	readonly passwords: Readonly<Record<string, string>>;
	readonly homes: readonly Home[];
	readonly seed: string;
	readonly slotFrom: number;
	readonly slotCount: number;
	/** The community's time; it may run faster than the wall's. */
	readonly clock: Clock;
	/** For connections, which know nothing of the community's time. */
	readonly wallClock: Clock;
	readonly onProblem?: (sentence: string) => void;
};

export type TrafficCounts = {readonly sent: number; readonly acknowledged: number};

export type Traffic = {
	/** Sends one further message of a home; resolves when it is acknowledged, or when the signal aborts. */
	readonly send: (homeId: string, message: Outgoing, signal: AbortSignal) => Promise<void>;
	/** Publishes every point at its time; resolves when all are acknowledged, to false if the signal aborts first. */
	readonly run: (signal: AbortSignal) => Promise<boolean>;
	/** What each meter has published so far. */
	readonly points: ReadonlyMap<string, readonly TruePoint[]>;
	readonly counts: () => TrafficCounts;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

type Sent = Outgoing & {readonly onDone: () => void};

/** Points that wait in each connection; above it the community waits too. */
const queueMax = 500;
const boot = 'community';

export function openTraffic(options: TrafficOptions): Traffic {
	const {homes, clock} = options;
	const publishers = new Map<string, Publisher<Sent>>();
	const points = new Map<string, TruePoint[]>();
	const counts = {sent: 0, acknowledged: 0};
	for (const {id} of homes) {
		const password = options.passwords[id];
		points.set(id, []);
		publishers.set(
			id,
			createPublisher<Sent>({
				url: options.url,
				clientId: id,
				username: id,
				...(password === undefined ? {} : {password}),
				clock: options.wallClock,
				queueMax,
				onAcknowledged: ({onDone}) => onDone(),
				...(options.onProblem === undefined ? {} : {onProblem: options.onProblem}),
			}),
		);
	}
	const publish = async (homeId: string, message: Outgoing, onDone: () => void, signal: AbortSignal): Promise<void> => {
		const publisher = publishers.get(homeId)!;
		await publisher.untilRoom(signal);
		if (!signal.aborted) publisher.publish({...message, onDone});
	};

	return {
		send: async (homeId, message, signal) => {
			let isDone = false;
			await publish(homeId, message, () => (isDone = true), signal);
			while (!isDone && !signal.aborted) await options.wallClock.sleep(10, signal);
		},
		run: async signal => {
			for (const point of communityPoints(homes, options.seed, options.slotFrom, options.slotCount)) {
				while (clock.nowMs() < point.atMs && !signal.aborted) await clock.sleep(point.atMs - clock.nowMs(), signal);
				if (signal.aborted) return false;
				const {topic, payload} = meterMessage(point, boot);
				// Kept before it is sent: what may have arrived is known to the judge.
				points.get(point.homeId)!.push({atMs: point.atMs, importWh: point.importWh, exportWh: point.exportWh});
				counts.sent += 1;
				await publish(point.homeId, {topic, payload}, () => (counts.acknowledged += 1), signal);
			}
			for (const publisher of publishers.values()) if (!(await publisher.untilDrained(signal))) return false;
			return true;
		},
		points,
		counts: () => ({...counts}),
		[Symbol.asyncDispose]: async () => {
			await Promise.all([...publishers.values()].map(publisher => publisher[Symbol.asyncDispose]()));
		},
	};
}
