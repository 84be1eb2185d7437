// kedge ledgers: says how far the ledgers of a site have come, and makes them again from the log to compare.

import {existsSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {type LedgerProgress, ledgersOfAgent, openAccountsAside, rebuildLedgers} from '../accounts.ts';
import {AgentError} from '../base/errors.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf} from './command.ts';
import {createProgress} from './progress.ts';

export const ledgersCommand: Command = {
	name: 'ledgers',
	usage: '',
	details: [
		'The ledgers are what follows from the log: emissions, shipments, certificates. Their rows lie in ledgers.db, which may be deleted: the agent makes it again',
		'from the log. This says how far they have come, and the digest of all rows, which is the same wherever they are made from the same log.',
		'With --check they are made once more beside the agent and compared: exit code 0 if the digests are equal, 1 if not.',
	],
	options: {
		...configOption,
		check: {type: 'boolean', help: 'make them again from the log, in a temporary file, and compare'},
		json: {type: 'boolean', help: 'print the result as one JSON object'},
	},
	run: async ({values}, io) => {
		const {paths} = await openSite(textOf(values, 'config') ?? configDefault);
		const kept = await ledgersOfAgent(paths).catch(async (error): Promise<LedgerProgress> => {
			if (!(error instanceof AgentError) || error.code !== 'AGENT_UNREACHABLE') throw error;
			if (!existsSync(paths.ledgers)) return {size: 0, behind: 0, ledgers: {}, digest: undefined};
			await using following = await openAccountsAside(paths);
			return {...(await following.digest()), behind: 0, ledgers: {}};
		});
		if (!isSet(values, 'check')) {
			if (isSet(values, 'json')) io.out(`${JSON.stringify(kept)}\n`);
			else io.out(wordsOf(kept));
			return exitCodes.ok;
		}
		const folder = await mkdtemp(join(paths.directory, 'ledgers-check-'));
		try {
			const progress = createProgress(io);
			const startedMs = io.clock.monotonicMs();
			const made = await rebuildLedgers(paths, {
				at: join(folder, 'ledgers.db'),
				to: kept.size,
				onProgress: (size, all) => progress.show('folding the log', size, all, 'entries'),
			}).finally(progress.end);
			const isEqual = kept.digest === undefined ? kept.size === 0 : made.digest === kept.digest;
			const tookMs = Math.round(io.clock.monotonicMs() - startedMs);
			if (isSet(values, 'json')) io.out(`${JSON.stringify({kept, made, isEqual, tookMs})}\n`);
			else {
				io.out(wordsOf(kept));
				io.out(
					isEqual
						? `Made again from ${made.size} entries in ${(tookMs / 1000).toFixed(1)} s: the same.\n`
						: `Made again from ${made.size} entries: another digest, ${made.digest}. ledgers.db was changed, or made by another program: stop the agent and delete it.\n`,
				);
			}
			return isEqual ? exitCodes.ok : exitCodes.no;
		} finally {
			await rm(folder, {recursive: true, force: true});
		}
	},
};

function wordsOf({size, behind, digest}: LedgerProgress): string {
	if (digest === undefined) return 'The log has no site, shipment or certificate: there are no accounts.\n';
	return `${size} entries folded${behind > 0 ? `, ${behind} to come` : ''}\ndigest ${digest}\n`;
}
