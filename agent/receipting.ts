// The composition root's part that sends a device a receipt for what it sent, on a topic of its own: as soon as that is released, a bounded number a second, and never in the way of what arrives.

import {fromBase64, toHex, utf8} from './base/bytes.ts';
import {describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {arrivalFlags} from './format/arrival.ts';
import type {Checkpoint} from './format/checkpoint.ts';
import {decodeEntry} from './format/entry.ts';
import {deviceUrn, parseChannelUrn} from './format/subject.ts';
import type {Kept} from './ingest/ingest.ts';
import type {Channel} from './log/channels.ts';
import type {Log} from './log/log.ts';
import type {LogReader} from './log/reader.ts';
import {issuerOf} from './reading.ts';
import type {AnchoredCheckpoint} from './receipt/issue.ts';

/** Messages whose receipt waits to be made; of more than that the oldest get none. */
export const waitingMax = 256;
/** Receipts that are made in one call, once a second. */
export const receiptsPerCall = 50;

/** The counter of messages that got no receipt although their device is to have one. */
export const skippedCounter = 'receipts-skipped';

export function receiptTopic(deviceId: string): string {
	return `kedge/${deviceId}/receipt`;
}

/** undefined for any other topic. */
export function deviceOfReceiptTopic(topic: string): string | undefined {
	return /^kedge\/([A-Za-z0-9_-]{1,64})\/receipt$/.exec(topic)?.[1];
}

export type ReceiptingNeeds = {
	readonly log: Pick<Log, 'channel' | 'channels' | 'count'>;
	readonly reader: Pick<LogReader, 'entry' | 'source' | 'inclusion' | 'multiproof' | 'range' | 'between' | 'at' | 'tallyAt'>;
	/** The newest checkpoint that may leave the agent now; undefined while none may. */
	readonly released: () => Checkpoint | undefined;
	readonly anchoredAbove: (index: number, notBeforeMs?: number) => Promise<AnchoredCheckpoint | undefined>;
	/** False for a device that is to have none any more. */
	readonly isWanted: (deviceId: string) => boolean;
	/** Through the door that the message came by; false if nobody can be told there now. */
	readonly publish: (topic: string, payload: Uint8Array, isFromClient: boolean) => boolean;
	/** False while nothing may be written. */
	readonly mayAppend: () => boolean;
	readonly logger: Logger;
};

export type Receipting = {
	/** A message is durable. Costs next to nothing. */
	readonly kept: (kept: Kept) => void;
	/** Makes and sends receipts; call it every second. MUST NOT reject. */
	readonly tick: () => Promise<void>;
};

export function createReceipting(needs: ReceiptingNeeds): Receipting {
	const {log, reader, logger} = needs;
	const waiting: Kept[] = [];
	let skipped = 0;
	let problem = '';
	/** By subject; channels only ever come. */
	const bySubject = new Map<string, Channel>();
	let seen = 0;
	const issuer = issuerOf(reader, {
		head: async () => needs.released(),
		channelOf: async subject => {
			const channels = log.channels();
			for (; seen < channels.length; seen += 1) bySubject.set(toHex(channels[seen]!.subject), channels[seen]!);
			return bySubject.get(toHex(subject));
		},
		deviceOf: async ({urn}) => {
			const parsed = parseChannelUrn(urn);
			return parsed && log.channel(deviceUrn(parsed.deviceId));
		},
		anchoredAbove: needs.anchoredAbove,
	});

	const send = async (kept: Kept): Promise<void> => {
		const {deviceId, delivery, session, sequence, first, count} = kept;
		const receipt = await issuer.receipt(first);
		const {entry} = JSON.parse(receipt) as {readonly entry: string};
		const {number, measuredAtMs, arrivedAtMs} = decodeEntry(fromBase64(entry)!);
		const message = {
			device: deviceId,
			topic: delivery.topic,
			packetId: delivery.packetId,
			session,
			sequence,
			measuredAtMs,
			arrivedAtMs,
			index: first,
			entries: count,
			number,
			receipt,
		};
		const isFromClient = (delivery.flags & arrivalFlags.client) !== 0;
		if (!needs.publish(receiptTopic(deviceId), utf8(JSON.stringify(message)), isFromClient)) skipped += 1;
	};

	const step = async (): Promise<void> => {
		const size = needs.released()?.size ?? 0;
		for (let made = 0; made < receiptsPerCall && waiting.length > 0 && waiting[0]!.first < size; made += 1) {
			const kept = waiting.shift()!;
			if (!needs.isWanted(kept.deviceId)) continue;
			try {
				await send(kept);
			} catch (error) {
				// Whatever is wrong with one, the others shall have theirs; this device's owner can ask `kedge prove`.
				skipped += 1;
				const sentence = describeError(error);
				if (sentence !== problem) logger.log('warn', 'a receipt for a device could not be made', {device: kept.deviceId, error: sentence});
				problem = sentence;
			}
		}
	};

	return {
		kept: kept => {
			waiting.push(kept);
			if (waiting.length <= waitingMax) return;
			waiting.shift();
			skipped += 1;
		},
		tick: async () => {
			if (!needs.mayAppend()) return;
			await step();
			if (skipped === 0) return;
			log.count(skippedCounter, skipped, () => {});
			skipped = 0;
		},
	};
}
