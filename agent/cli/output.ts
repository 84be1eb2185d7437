// Writes a document to standard output or to a file that is new.

import {writeFile} from 'node:fs/promises';
import {AgentError} from '../base/errors.ts';
import type {Io} from './command.ts';

/** Fails with DATA_EXISTS: evidence is never overwritten. */
export async function writeDocument(io: Io, text: string, path: string | undefined): Promise<void> {
	if (path === undefined) {
		io.out(text);
		return;
	}
	try {
		await writeFile(path, text, {flag: 'wx'});
	} catch (error) {
		throw new AgentError('DATA_EXISTS', `cannot write ${path} as a new file`, {cause: error});
	}
	io.error(`wrote ${path} (${Buffer.byteLength(text)} bytes)\n`);
}
