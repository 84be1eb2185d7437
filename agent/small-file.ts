// Reads and writes a small JSON document that stands in a file of its own beside the log, and that only its owner's user can read.

import {readFile, stat} from 'node:fs/promises';
import {replaceFile} from './base/durable.ts';
import {AgentError} from './base/errors.ts';

const fileBytesMax = 1024 * 1024;

/** undefined where there is no file. Fails with FORMAT_INVALID, and the hint, for one that is none of ours; DATA_MISSING for one that cannot be read. */
export async function readSmallFile(path: string, hint: string): Promise<unknown> {
	let text: string;
	try {
		if ((await stat(path)).size > fileBytesMax) throw notOurs(path, `has more than ${fileBytesMax} bytes`, hint);
		text = await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof AgentError) throw error;
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw new AgentError('DATA_MISSING', `cannot read ${path}`, {hint: 'Run it as the user of the agent, or as root.', cause: error});
	}
	try {
		return JSON.parse(text) as unknown;
	} catch {
		throw notOurs(path, 'is no JSON', hint);
	}
}

export function notOurs(path: string, problem: string, hint: string): AgentError {
	return new AgentError('FORMAT_INVALID', `${path} ${problem}`, {hint});
}

/** Durable when it resolves. */
export function writeSmallFile(path: string, document: unknown): Promise<void> {
	return replaceFile(path, `${JSON.stringify(document, null, '\t')}\n`, 0o600);
}
