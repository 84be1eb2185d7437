// Reads the files that the words of a command name.

import {readFile, stat} from 'node:fs/promises';
import {AgentError} from '../base/errors.ts';
import {historyLengthMax} from '../format/history.ts';
import type {Trust} from '../format/trust.ts';
import {openSite, type Site, trustOf} from '../site.ts';
import {configDefault, type OptionSpec, textOf, type Values} from './command.ts';

const trustDefault = 'trust.json';

export const trustOption = {
	trust: {type: 'string', value: 'FILE', help: `whose logs and anchors you trust (default: ${trustDefault})`},
} as const satisfies Record<string, OptionSpec>;

/** The site of the config that --config names. */
export function siteOf(values: Values): Promise<Site> {
	return openSite(textOf(values, 'config') ?? configDefault);
}

/** The whole of a file; one that is longer than the longest document that there is, in bytes, is not begun: it would only fill the memory. Fails with DATA_MISSING or ARGUMENT_INVALID. */
export async function readInput(path: string, hint?: string): Promise<Uint8Array> {
	try {
		const {size} = await stat(path);
		if (size > historyLengthMax)
			throw new AgentError('ARGUMENT_INVALID', `${path} has ${size} bytes, more than any document of ours (${historyLengthMax})`);
		return await readFile(path);
	} catch (error) {
		if (error instanceof AgentError) throw error;
		throw new AgentError('DATA_MISSING', `cannot read ${path}`, {cause: error, ...(hint === undefined ? {} : {hint})});
	}
}

/** The trust file that --trust names. Fails with DATA_MISSING or FORMAT_INVALID. */
export async function readTrust(values: Values): Promise<{readonly path: string; readonly trust: Trust}> {
	const path = textOf(values, 'trust') ?? trustDefault;
	return {path, trust: trustOf(await readInput(path, 'Name the trust file of the log with --trust.'), path)};
}
