// The composition root's part that keeps what decoders learn of devices (units, names) over a restart: what a broker holds back for us may come before it says again what it describes.

import {createHash} from 'node:crypto';
import {fromBase64, toBase64} from './base/bytes.ts';
import {describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import type {Devices} from './ingest/devices.ts';
import type {Log} from './log/log.ts';

const learnedKind = 'learned';
/** Topics whose newest description is kept, and bytes of them in all. Beyond either further ones are learned and not kept. */
const topicsMax = 4096;
const bytesMax = 16 * 1024 * 1024;

type Row = {readonly topic: string; readonly connected?: string | undefined; readonly payload: string};

/** What a log has of descriptions: messages, and through whose connection each came. */
export async function learnedOf(
	log: Pick<Log, 'documents'>,
): Promise<{readonly key: string; readonly topic: string; readonly connected: string | undefined; readonly payload: Uint8Array}[]> {
	return (await log.documents(learnedKind)).map(({key, body}) => {
		const {topic, connected, payload} = JSON.parse(body) as Row;
		return {key, topic, connected, payload: fromBase64(payload)!};
	});
}

/** A devices' `learn` that remembers: what it learned before this start it has learned when this resolves. */
export async function rememberLearned(
	devices: Pick<Devices, 'learn'>,
	log: Pick<Log, 'documents' | 'putDocument'>,
	logger: Logger,
): Promise<Devices['learn']> {
	/** By the row's key: length and digest of the newest payload. */
	const kept = new Map<string, {readonly length: number; readonly digest: string}>();
	let bytes = 0;
	let writing: Promise<unknown> = Promise.resolve();
	const digestOf = (payload: Uint8Array): string => createHash('sha256').update(payload).digest('base64');

	for (const {key, topic, connected, payload} of await learnedOf(log)) {
		kept.set(key, {length: payload.length, digest: digestOf(payload)});
		bytes += payload.length;
		devices.learn({topic, payload, arrivedAtMs: 0}, connected);
	}
	return (message, connected) => {
		const isOfUse = devices.learn(message, connected);
		if (!isOfUse) return false;
		const {topic, payload} = message;
		const key = `${connected ?? ''}\n${topic}`;
		const before = kept.get(key);
		const digest = digestOf(payload);
		if (before?.digest === digest) return true;
		const grown = bytes + payload.length - (before?.length ?? 0);
		if (grown > bytesMax || (before === undefined && kept.size >= topicsMax)) return true;
		kept.set(key, {length: payload.length, digest});
		bytes = grown;
		const row: Row = {topic, connected, payload: toBase64(payload)};
		// One after the other, so that the newest is written last. Should it fail, the next restart has to hear it again.
		writing = writing
			.then(() => log.putDocument(learnedKind, key, JSON.stringify(row)))
			.catch(error => logger.log('warn', 'what was learned of devices could not be kept', {topic, error: describeError(error)}));
		return true;
	};
}
