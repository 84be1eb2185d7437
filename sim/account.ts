// The simulator's own account: what was acknowledged, written down apart from everything that the agent keeps.

import {createHash} from 'node:crypto';
import {close, fsync, openSync, readSync, statSync, writeSync} from 'node:fs';
import {promisify} from 'node:util';
import {AgentError} from '../agent/base/errors.ts';
import {readLines} from './lines.ts';
import type {ExpectedReading, Sent} from './message.ts';

/** One line of an account. */
export type AccountLine =
	/** A PUBACK came: all of this must be in the log, once. */
	| {readonly kind: 'acknowledged'; readonly message: string; readonly readings: readonly ExpectedReading[]}
	/** Sent, no PUBACK came: this may be in the log, once. */
	| {readonly kind: 'uncertain'; readonly message: string; readonly readings: readonly ExpectedReading[]}
	/** About to be sent: nothing in the log may come from it. `digest` is messageDigest of it. */
	| {readonly kind: 'hostile'; readonly message: string; readonly digest: string; readonly reason: string};

/** What stands for a message wherever it turns up again: hexadecimal SHA-256(topic, zero byte, payload). */
export function messageDigest(topic: string, payload: string | Uint8Array): string {
	return createHash('sha256').update(topic).update('\0').update(payload).digest('hex');
}

export type Account = {
	/** Writes a message down at its first PUBACK; a repeat of the same message object adds nothing, nor does a hostile one. True if it was written. */
	readonly acknowledged: (message: Sent) => boolean;
	/** MUST be called before a hostile message is sent. */
	readonly hostile: (message: Sent) => void;
	/** For messages that were sent and are left without a PUBACK at the end of a run. */
	readonly uncertain: (message: Sent) => void;
	/** Hands everything to the operating system. Call it at least once a second. */
	readonly flush: () => void;
	/** Flushes, fsyncs and closes. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Lines that are kept before they are written in any case. */
const linesMax = 1000;

/** Opens an account for appending; what is there stays. A last line that a kill cut short is closed, and later skipped by the reader. */
export function openAccount(path: string): Account {
	const file = openSync(path, 'a+', 0o600);
	const length = statSync(path).size;
	const last = Buffer.alloc(1);
	if (length > 0) readSync(file, last, 0, 1, length - 1);
	let lines: string[] = length > 0 && last[0] !== 0x0a ? [''] : [];
	const known = new WeakSet<Sent>();

	const flush = (): void => {
		if (lines.length === 0) return;
		const bytes = Buffer.from(`${lines.join('\n')}\n`);
		lines = [];
		for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
	};
	const add = (line: string): void => {
		lines.push(line);
		if (lines.length >= linesMax) flush();
	};
	const addReadings = (kind: 'acknowledged' | 'uncertain', message: Sent): boolean => {
		if (message.hostile !== undefined || known.has(message)) return false;
		known.add(message);
		const readings = message.readings.map(({quantityName, value, exponent, measuredAtMs, part}) => [
			quantityName,
			String(value),
			exponent,
			measuredAtMs,
			...(part === undefined ? [] : [part]),
		]);
		add(JSON.stringify({kind, device: message.deviceId, message: message.id, readings}));
		return true;
	};

	return {
		acknowledged: message => addReadings('acknowledged', message),
		uncertain: message => {
			addReadings('uncertain', message);
		},
		hostile: message => {
			const digest = messageDigest(message.topic, message.payload);
			add(JSON.stringify({kind: 'hostile', device: message.deviceId, message: message.id, digest, reason: message.hostile}));
		},
		flush,
		[Symbol.asyncDispose]: async () => {
			flush();
			await promisify(fsync)(file);
			await promisify(close)(file);
		},
	};
}

/**
 * Reads an account line by line. A line that a kill cut short is skipped. Fails with DATA_MISSING where there is no file, and with FORMAT_INVALID for a line that
 * is JSON but no line of an account.
 */
export async function* readAccount(path: string): AsyncGenerator<AccountLine> {
	for await (const {line, number} of readLines(path)) {
		let parsed: unknown;
		try {
			parsed = JSON.parse(line);
		} catch {
			continue;
		}
		const found = accountLine(parsed);
		if (found === undefined) throw new AgentError('FORMAT_INVALID', `${path}: line ${number} is not a line of an account`);
		yield found;
	}
}

function accountLine(parsed: unknown): AccountLine | undefined {
	if (typeof parsed !== 'object' || parsed === null) return undefined;
	const {kind, device, message, readings, digest, reason} = parsed as Record<string, unknown>;
	if (typeof device !== 'string' || typeof message !== 'string') return undefined;
	const name = `${device} ${message}`;
	if (kind === 'hostile')
		return typeof digest === 'string' && typeof reason === 'string' ? {kind, message: name, digest, reason} : undefined;
	if ((kind !== 'acknowledged' && kind !== 'uncertain') || !Array.isArray(readings)) return undefined;
	const expected: ExpectedReading[] = [];
	for (const reading of readings as unknown[]) {
		if (!Array.isArray(reading)) return undefined;
		const [quantityName, value, exponent, measuredAtMs, part] = reading as unknown[];
		if (typeof quantityName !== 'string' || typeof value !== 'string' || !/^-?[0-9]+$/.test(value)) return undefined;
		if (typeof exponent !== 'number' || typeof measuredAtMs !== 'number' || (part !== undefined && typeof part !== 'string'))
			return undefined;
		expected.push({deviceId: device, quantityName, ...(part === undefined ? {} : {part}), value: BigInt(value), exponent, measuredAtMs});
	}
	return {kind, message: name, readings: expected};
}
