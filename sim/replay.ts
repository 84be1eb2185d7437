// Sends a recording to a broker as its devices would have sent it, at any speed, QoS 1, until everything is acknowledged.

import type {Clock} from '../agent/base/clock.ts';
import {openAccount} from './account.ts';
import {type CitylearnOptions, citylearnMessages} from './citylearn.ts';
import {createPublisher, type Publisher} from './client.ts';
import type {Message} from './message.ts';
import {type CsvDescription, type Recorded, readCsv, readJsonLines} from './recording.ts';

export type ReplaySource =
	| ({readonly kind: 'citylearn'} & CitylearnOptions)
	| {readonly kind: 'jsonl'; readonly path: string /** For lines that name no device. */; readonly device?: string}
	| {readonly kind: 'csv'; readonly path: string; readonly description: CsvDescription};

/** What a device says to the broker. */
export type Login = {readonly clientId: string; readonly username?: string; readonly password?: string};

export type ReplayProgress = {
	/** Messages handed to the network; those with a PUBACK; the rest. */
	readonly sent: number;
	readonly acknowledged: number;
	readonly pending: number;
	/** Time in the recording of the last message; undefined before the first. */
	readonly atMs: number | undefined;
};

export type ReplayOptions = {
	readonly url: string;
	readonly source: ReplaySource;
	/** Devices with the same clientId share a connection. */
	readonly login: (deviceId: string) => Login;
	/** Recorded time against real time: 1 is as it was, 60 an hour in a minute. @default as fast as it is acknowledged */
	readonly speed?: number;
	/** PUBLISH packets without a PUBACK, per connection. @default 20 */
	readonly inFlightMax?: number;
	/** Writes down what was acknowledged, for the judge; recordings other than CityLearn have no truth to write. @default no account */
	readonly accountPath?: string;
	readonly clock: Clock;
	/** Ends the replay early; what is not acknowledged by then is not waited for. */
	readonly signal?: AbortSignal;
	/** Called about once a second, and at the end. */
	readonly onProgress?: (progress: ReplayProgress) => void;
	readonly onProblem?: (sentence: string) => void;
};

type Sent = Recorded & {readonly truth?: Message};

/** Messages that wait in each connection; reading the recording pauses above it. */
const queueMax = 200;
const progressEveryMs = 1000;

/** Resolves when everything is acknowledged, or when the signal aborts. */
export async function replay(options: ReplayOptions): Promise<ReplayProgress> {
	const {clock, source} = options;
	const signal = options.signal ?? new AbortController().signal;
	const account = options.accountPath === undefined ? undefined : openAccount(options.accountPath);
	const publishers = new Map<string, Publisher<Sent>>();
	let sent = 0;
	let acknowledged = 0;
	let atMs: number | undefined;
	const progress = (): ReplayProgress => ({sent, acknowledged, pending: sent - acknowledged, atMs});

	const publisherOf = (deviceId: string): Publisher<Sent> => {
		const login = options.login(deviceId);
		const known = publishers.get(login.clientId);
		if (known !== undefined) return known;
		const made = createPublisher<Sent>({
			...login,
			url: options.url,
			clock,
			queueMax,
			...(options.inFlightMax === undefined ? {} : {inFlightMax: options.inFlightMax}),
			...(options.onProblem === undefined ? {} : {onProblem: options.onProblem}),
			onAcknowledged: ({truth}) => {
				acknowledged += 1;
				if (truth !== undefined) account?.acknowledged(truth);
			},
		});
		publishers.set(login.clientId, made);
		return made;
	};

	const reporting = new AbortController();
	const report = async (): Promise<void> => {
		for (;;) {
			await clock.sleep(progressEveryMs, reporting.signal);
			if (reporting.signal.aborted) return;
			account?.flush();
			options.onProgress?.(progress());
		}
	};
	const reports = report();

	try {
		let first: {readonly recordedMs: number; readonly startedMs: number} | undefined;
		for await (const message of messagesOf(source)) {
			if (signal.aborted) break;
			first ??= {recordedMs: message.atMs, startedMs: clock.monotonicMs()};
			if (options.speed !== undefined) {
				const dueMs = first.startedMs + (message.atMs - first.recordedMs) / options.speed;
				const waitMs = dueMs - clock.monotonicMs();
				if (waitMs > 0) await clock.sleep(waitMs, signal);
			}
			const publisher = publisherOf(message.deviceId);
			await publisher.untilRoom(signal);
			if (signal.aborted) break;
			publisher.publish(message);
			sent += 1;
			atMs = message.atMs;
		}
		for (const publisher of publishers.values()) await publisher.untilDrained(signal);
	} finally {
		reporting.abort();
		await reports;
		for (const publisher of publishers.values()) {
			for (const {truth} of publisher.uncertain()) if (truth !== undefined) account?.uncertain(truth);
			await publisher[Symbol.asyncDispose]();
		}
		await account?.[Symbol.asyncDispose]();
	}
	options.onProgress?.(progress());
	return progress();
}

async function* messagesOf(source: ReplaySource): AsyncGenerator<Sent> {
	if (source.kind === 'jsonl') yield* readJsonLines(source.path, source.device);
	else if (source.kind === 'csv') yield* readCsv(source.path, source.description);
	else
		for await (const {message, atMs} of citylearnMessages(source))
			yield {deviceId: message.deviceId, topic: message.topic, payload: message.payload, atMs, truth: message};
}
