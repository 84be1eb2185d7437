// A street of devices that keeps sending to whatever agent is there, and an account of what was acknowledged that is right at any moment.

import {setMaxListeners} from 'node:events';
import {copyFileSync} from 'node:fs';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import {demoFaults} from '../../agent/simulation.ts';
import {messageDigest, openAccount} from '../../sim/account.ts';
import {createPublisher} from '../../sim/client.ts';
import {createFaultLine, type FaultRates} from '../../sim/faults.ts';
import {createFleet} from '../../sim/fleet.ts';
import {hostileMessage} from '../../sim/hostile.ts';
import type {Message} from '../../sim/message.ts';
import {createChance} from '../../sim/seed.ts';

export type LoadOptions = {
	readonly url: string;
	readonly seed: string;
	readonly homes: number;
	readonly passwords: Readonly<Record<string, string>>;
	/** Messages per time against the ordinary rate (a home every 2 s). @default 100 */
	readonly rate?: number;
	/** What goes wrong between devices and broker. @default as in the demo, without messages that come minutes late */
	readonly faults?: Partial<FaultRates>;
	readonly accountPath: string;
	/** Keeps every message for writeAccountOf. @default false */
	readonly remember?: boolean;
	readonly clock?: Clock;
};

export type Load = {
	/** Acknowledged so far. */
	readonly messages: () => number;
	readonly readings: () => number;
	/**
	 * Writes the account as it stands now: what is acknowledged must be in the log, what is in flight may be. Only at the copy's end may the agent run on, else
	 * the account would be of a later moment than the log.
	 */
	readonly writeAccount: (path: string) => Promise<void>;
	/** Writes an account in which exactly these messages, by their digest, are acknowledged, and all others may or may not have arrived. Gives their readings, and how many digests belong to no message. */
	readonly writeAccountOf: (path: string, digests: ReadonlySet<string>) => Promise<{readonly readings: number; readonly unknown: number}>;
	/** No new messages; waits for every PUBACK, and gives how many never came. The account is then on disk. */
	readonly end: (drainMs?: number) => Promise<number>;
};

const tickMs = 15;
/** After a pause in which a device could not send, it goes on from at most this many messages ago. */
const catchUpMessages = 5;
const queueMax = 100;

export function startLoad(options: LoadOptions): Load {
	const {url, seed, homes, passwords, accountPath, clock = systemClock} = options;
	const rates: FaultRates = {...demoFaults, late: 0, ...options.faults};
	const account = openAccount(accountPath);
	const acknowledged = new WeakSet<Message>();
	const remembered = new Set<Message>();
	const counts = {messages: 0, readings: 0};
	const startMs = clock.nowMs();
	const startedMs = clock.monotonicMs();
	/** The devices' own time goes on evenly, whatever is done to the agent's clock. */
	const nowMs = (): number => startMs + clock.monotonicMs() - startedMs;
	const momentOf = (timeMs: number) => ({timeMs, sceneMs: timeMs});

	const live = createFleet({seed, size: {homes}, faults: rates, rate: options.rate ?? 100, moment: momentOf(startMs)}).map(device => {
		const chance = createChance(seed, `faults of ${device.id}`);
		const password = passwords[device.id];
		const publisher = createPublisher<Message>({
			url,
			clientId: device.id,
			...(password === undefined ? {} : {username: device.id, password}),
			clock,
			queueMax,
			onAcknowledged: message => {
				acknowledged.add(message);
				counts.messages += 1;
				if (account.acknowledged(message)) counts.readings += message.readings.length;
			},
		});
		return {device, chance, publisher, faults: createFaultLine(rates, chance), nextMs: startMs + chance.fraction() * device.cadenceMs};
	});
	type Live = (typeof live)[number];

	const send = (one: Live, messages: readonly Message[]): void => {
		for (const message of messages) {
			if (message.hostile !== undefined) {
				account.hostile(message);
				account.flush();
			}
			if (options.remember) remembered.add(message);
			one.publisher.publish(message);
		}
	};
	const step = (one: Live, now: number): void => {
		one.nextMs = Math.max(one.nextMs, now - catchUpMessages * one.device.cadenceMs);
		while (one.nextMs <= now && one.publisher.hasRoom()) {
			const {message, report} = one.device.step(momentOf(Math.floor(one.nextMs)));
			one.nextMs += one.device.cadenceMs;
			const passed = one.faults.pass(message, now);
			send(one, passed.send);
			if (one.chance.happens(rates.hostile)) send(one, [hostileMessage(one.device.id, report, one.device.extra(), one.chance)]);
			if (passed.cut) one.publisher.cut();
		}
	};

	const stopping = new AbortController();
	const run = async (): Promise<void> => {
		while (!stopping.signal.aborted) {
			const now = nowMs();
			for (const one of live) step(one, now);
			await clock.sleep(tickMs, stopping.signal);
		}
	};
	const running = run();

	/** In flight, and never acknowledged under any packet id. */
	const uncertain = (): Message[] => live.flatMap(({publisher}) => publisher.uncertain()).filter(message => !acknowledged.has(message));

	return {
		messages: () => counts.messages,
		readings: () => counts.readings,
		writeAccount: async path => {
			account.flush();
			copyFileSync(accountPath, path);
			const copy = openAccount(path);
			for (const message of uncertain()) copy.uncertain(message);
			await copy[Symbol.asyncDispose]();
		},
		writeAccountOf: async (path, digests) => {
			const account = openAccount(path);
			const unknown = new Set(digests);
			let readings = 0;
			for (const message of remembered) {
				const digest = messageDigest(message.topic, message.payload);
				unknown.delete(digest);
				if (!digests.has(digest)) account.uncertain(message);
				else if (account.acknowledged(message)) readings += message.readings.length;
			}
			await account[Symbol.asyncDispose]();
			return {readings, unknown: unknown.size};
		},
		end: async (drainMs = 20_000) => {
			stopping.abort();
			await running;
			for (const one of live) send(one, one.faults.rest());
			const late = new AbortController();
			// One listener a device is meant, and no leak.
			setMaxListeners(live.length + 1, late.signal);
			const done = new AbortController();
			const timer = clock.sleep(drainMs, done.signal).then(() => late.abort());
			await Promise.all(live.map(({publisher}) => publisher.untilDrained(late.signal)));
			done.abort();
			await timer;
			const pending = live.reduce((sum, {publisher}) => sum + publisher.pending(), 0);
			await Promise.all(live.map(({publisher}) => publisher[Symbol.asyncDispose]()));
			for (const message of uncertain()) account.uncertain(message);
			await account[Symbol.asyncDispose]();
			return pending;
		},
	};
}
