// Reads messages from the files that the words of a command name: one message a file, or JSON lines of topic and payload.

import {open} from 'node:fs/promises';
import {fromHex, fromUtf8, utf8} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';

export type ReadMessage = {readonly topic: string; readonly payload: Uint8Array; readonly isRetained: boolean};

/** Longer files of messages are not read. */
const messageBytesMax = 64 * 1024 * 1024;
const linesMax = 100_000;

/** The bytes of a file, or of standard input for `-`. Fails with DATA_MISSING or ARGUMENT_INVALID. */
export async function readBytes(path: string, bytesMax = messageBytesMax): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let length = 0;
	const take = (chunk: Uint8Array): void => {
		length += chunk.length;
		if (length > bytesMax) throw new AgentError('ARGUMENT_INVALID', `${path} is longer than ${bytesMax} bytes`);
		chunks.push(chunk);
	};
	if (path === '-') for await (const chunk of process.stdin) take(chunk as Buffer);
	else {
		try {
			await using file = await open(path);
			for await (const chunk of file.createReadStream()) take(chunk as Buffer);
		} catch (error) {
			if (error instanceof AgentError) throw error;
			throw new AgentError('DATA_MISSING', `cannot read ${path}`, {cause: error});
		}
	}
	return new Uint8Array(Buffer.concat(chunks));
}

/** Lines `{"topic", "payload" or "payloadHex", "retained"?}`; other keys, as recordings have them, are passed over. Fails with FORMAT_INVALID. */
export async function readMessageLines(path: string): Promise<ReadMessage[]> {
	const text = fromUtf8(await readBytes(path));
	if (text === undefined) throw new AgentError('FORMAT_INVALID', `${path} is not text in UTF-8`);
	const messages: ReadMessage[] = [];
	for (const [i, line] of text.split('\n').entries()) {
		if (line.trim() === '') continue;
		const wrong = (problem: string): AgentError =>
			new AgentError('FORMAT_INVALID', `${path}:${i + 1}: ${problem}`, {
				hint: 'A line is {"topic": "a/b", "payload": "text"}, or "payloadHex" in place of "payload".',
			});
		if (messages.length === linesMax) throw wrong(`a file may have ${linesMax} messages`);
		messages.push(messageOf(line, wrong));
	}
	if (messages.length === 0) throw new AgentError('FORMAT_INVALID', `${path} has no message`);
	return messages;
}

function messageOf(line: string, wrong: (problem: string) => AgentError): ReadMessage {
	let parsed: unknown;
	try {
		parsed = JSON.parse(line);
	} catch {
		throw wrong('is no JSON');
	}
	if (typeof parsed !== 'object' || parsed === null) throw wrong('is no JSON object');
	const {topic, payload, payloadHex, retained} = parsed as Record<string, unknown>;
	if (typeof topic !== 'string' || topic === '') throw wrong('has no topic');
	if (typeof payload === 'string' && payloadHex === undefined) return {topic, payload: utf8(payload), isRetained: retained === true};
	const bytes = typeof payloadHex === 'string' && payload === undefined ? fromHex(payloadHex.toLowerCase()) : undefined;
	// An object would have lost the digits that the device printed.
	if (bytes === undefined) throw wrong('has neither a payload that is a text nor a payloadHex that is hexadecimal');
	return {topic, payload: bytes, isRetained: retained === true};
}
