// Reads the files that the words of a command name.

import {readFile} from 'node:fs/promises';
import {AgentError} from '../base/errors.ts';
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

/** Fails with DATA_MISSING. */
export async function readInput(path: string, hint?: string): Promise<Uint8Array> {
	try {
		return await readFile(path);
	} catch (error) {
		throw new AgentError('DATA_MISSING', `cannot read ${path}`, {cause: error, ...(hint === undefined ? {} : {hint})});
	}
}

/** The trust file that --trust names. Fails with DATA_MISSING or FORMAT_INVALID. */
export async function readTrust(values: Values): Promise<{readonly path: string; readonly trust: Trust}> {
	const path = textOf(values, 'trust') ?? trustDefault;
	return {path, trust: trustOf(await readInput(path, 'Name the trust file of the log with --trust.'), path)};
}
