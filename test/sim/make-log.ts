// Makes a log.db by hand, batch by batch, the way schema.ts describes it, without the code that writes logs.

import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {encodeEnrolment} from '../../agent/format/body.ts';
import {enrolmentKinds, entryLength, kinds, sourceHash, writeEntry} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn, subjectHash} from '../../agent/format/subject.ts';
import {tags} from '../../agent/format/tags.ts';
import {schema} from '../../agent/log/schema.ts';
import type {ExpectedReading, Message} from '../../sim/message.ts';

/** An arrival with the readings that the log took from it. */
export type LoggedMessage = {readonly topic: string; readonly payload: string; readonly readings: readonly ExpectedReading[]};

export type MakeLogOptions = {
	readonly path: string;
	readonly messages: readonly LoggedMessage[];
	readonly messagesPerBatch?: number;
	readonly anchors?: readonly {readonly size: number; readonly state: string}[];
	/** Changes the bytes of a batch before they are written. */
	readonly spoil?: (batch: {entries: Buffer; records: Buffer; first: number}) => void;
};

const logName = 'test';

export const loggedOf = ({topic, payload, readings}: Message): LoggedMessage => ({topic, payload, readings});

/** Returns the size. */
export async function makeLog(options: MakeLogOptions): Promise<number> {
	const database = await openDatabase({path: options.path, mode: 'create', synchronous: 'OFF'});
	await database.exec(schema);
	await database.run(`INSERT INTO meta (key, value) VALUES ('logName', ?)`, [logName]);
	const channels = new Map<string, {readonly subject: Uint8Array; count: number}>();
	let size = 0;
	let salts = 0;
	const salt = (): Buffer => {
		const bytes = Buffer.alloc(16);
		salts += 1;
		bytes.writeUInt32BE(salts);
		return bytes;
	};
	const per = options.messagesPerBatch ?? 10;
	for (let begin = 0; begin < options.messages.length; begin += per) {
		const entries: Buffer[] = [];
		const records: Buffer[] = [];
		const add = (tag: Uint8Array, record: Uint8Array, drafts: readonly Omit<Parameters<typeof writeEntry>[3], 'number'>[]): void => {
			const recordSalt = salt();
			const head = Buffer.alloc(6);
			head.writeUInt32BE(record.length);
			head.writeUInt16BE(drafts.length, 4);
			records.push(head, recordSalt, Buffer.from(record));
			for (const draft of drafts) {
				const bytes = Buffer.alloc(entryLength);
				const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
				writeEntry(bytes, view, 0, {...draft, number: 1}, salt(), sourceHash(nodeHasher, tag, recordSalt, record));
				entries.push(bytes);
			}
		};
		const empty = {kind: kinds.reading, quality: 0, value: 0n, measuredAtMs: 0, arrivedAtMs: 1, span: 0} as const;
		for (const {topic, payload, readings} of options.messages.slice(begin, begin + per)) {
			for (const {deviceId, quantityName, part, exponent} of readings) {
				const urn = channelUrn(deviceId, quantityName, part);
				if (channels.has(urn)) continue;
				const secret = salt();
				const subject = subjectHash(nodeHasher, {logName, secret, urn});
				channels.set(urn, {subject, count: 0});
				const body = encodeEnrolment({urn, secret, quantity: quantityName, exponent});
				add(tags.body, body, [{...empty, kind: kinds.enrolment, subject, quantity: enrolmentKinds.channel, exponent: 0}]);
			}
			const record = encodeArrival({
				topic,
				payload: Buffer.from(payload),
				flags: 1,
				identity: 'x',
				arrivedAtMs: 1,
				deviceSignature: new Uint8Array(0),
				decoder: 'json/1',
			});
			add(
				tags.arrival,
				record,
				readings.map(({deviceId, quantityName, part, exponent, value, measuredAtMs}) => ({
					...empty,
					subject: channels.get(channelUrn(deviceId, quantityName, part))!.subject,
					quantity: quantityOfName(quantityName)!.code,
					exponent,
					value,
					measuredAtMs,
				})),
			);
		}
		const batch = {entries: Buffer.concat(entries), records: Buffer.concat(records), first: size};
		options.spoil?.(batch);
		await database.run('INSERT INTO batches (first, count, entries, records) VALUES (?, ?, ?, ?)', [
			batch.first,
			entries.length,
			batch.entries,
			batch.records,
		]);
		size += entries.length;
	}
	await database.run('INSERT INTO head (id, size, root, note) VALUES (1, ?, ?, ?)', [size, new Uint8Array(32), '']);
	for (const [i, {size: anchored, state}] of (options.anchors ?? [{size, state: 'final'}]).entries())
		await database.run(`INSERT INTO documents (kind, key, body) VALUES ('anchor', ?, ?)`, [
			String(i),
			JSON.stringify({size: anchored, state}),
		]);
	await database[Symbol.asyncDispose]();
	return size;
}
