// Remembers, beside the log, what the counters of a device are called and which of them their owner says were reset: an entry has no place for a name.

import {createHash} from 'node:crypto';
import {describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';

/** What is kept of one register. */
export type KeptCounter = {
	/** As the device called it last; undefined where it never did. */
	readonly counter: string | undefined;
	/** The owner says that the next reading begins a new count. */
	readonly isResetDeclared: boolean;
};

export type Counters = {
	/** `channel` is the end of a channel's URN, as in `ChannelSpec.name`. */
	readonly of: (deviceId: string, channel: string) => KeptCounter;
	/**
	 * Changes what is kept. It is written in the background, and resolves when it is durable; it never rejects. MUST NOT be called before the reading that says so is durable: lost
	 * behind it, the next reading resets the counter once more, and nothing wrong is settled. Written in front of it, a reset that was lost would never be seen.
	 */
	readonly keep: (deviceId: string, channel: string, kept: KeptCounter) => Promise<void>;
};

/** What documents of it are filed under; the key is the device's id. */
export const counterKind = 'counter';

/** Longer names are kept as a digest: they come from the wire. */
const nameLengthMax = 64;

const unknown: KeptCounter = {counter: undefined, isResetDeclared: false};

/** The name of a counter as it is compared and kept. */
export function counterName(text: string): string {
	return text.length <= nameLengthMax ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

type Document = {readonly key: string; readonly body: string};
type Body = Readonly<Record<string, {readonly counter?: string; readonly isResetDeclared?: boolean}>>;

/** `put` keeps a document; one that cannot be kept now is kept with the next change. A device has at most as many registers here as it has channels. */
export function createCounters(
	documents: readonly Document[],
	put: (deviceId: string, body: string) => Promise<void>,
	logger: Logger,
): Counters {
	const kept = new Map<string, Map<string, KeptCounter>>();
	for (const {key, body} of documents) {
		const registers = Object.entries(JSON.parse(body) as Body);
		kept.set(
			key,
			new Map(registers.map(([channel, {counter, isResetDeclared = false}]) => [channel, {counter, isResetDeclared}] as const)),
		);
	}
	/** Devices whose document is not the newest. */
	const changed = new Set<string>();
	let saving: Promise<void> | undefined;
	const save = async (): Promise<void> => {
		for (const deviceId of changed) {
			changed.delete(deviceId);
			try {
				await put(deviceId, JSON.stringify(Object.fromEntries(kept.get(deviceId)!)));
			} catch (error) {
				changed.add(deviceId);
				logger.log('warn', 'the name of a counter could not be kept', {device: deviceId, error: describeError(error)});
				break;
			}
		}
		saving = undefined;
	};
	return {
		of: (deviceId, channel) => kept.get(deviceId)?.get(channel) ?? unknown,
		keep: (deviceId, channel, {counter, isResetDeclared}) => {
			const own = kept.get(deviceId) ?? new Map<string, KeptCounter>();
			kept.set(deviceId, own.set(channel, {counter, isResetDeclared}));
			changed.add(deviceId);
			saving ??= save();
			return saving;
		},
	};
}
