// Reads a text file line by line, however long it is.

import {type FileHandle, open} from 'node:fs/promises';
import {AgentError} from '../agent/base/errors.ts';

/** Lines without their ends, numbered from 1. Fails with DATA_MISSING where there is no file. */
export async function* readLines(path: string): AsyncGenerator<{readonly line: string; readonly number: number}> {
	let file: FileHandle;
	try {
		file = await open(path);
	} catch (cause) {
		throw new AgentError('DATA_MISSING', `cannot read ${path}`, {hint: 'Check the path.', cause});
	}
	let number = 0;
	for await (const line of file.readLines({encoding: 'utf8', highWaterMark: 256 * 1024})) {
		number += 1;
		yield {line, number};
	}
}
