// kedge audit: re-derives everything that the log claims.

import {auditSite} from '../reading.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf} from './command.ts';
import {epochOption, pathsOf} from './epochs.ts';
import {createProgress} from './progress.ts';

export const auditCommand: Command = {
	name: 'audit',
	usage: '',
	details: [
		'Reads the whole log beside the agent, with none of the code that wrote it: sources, subjects, numbers, tree, tiles, signature,',
		'the roots that were anchored, and the newest checkpoint that was released. Exit code 0 if everything fits, 1 if not.',
	],
	options: {...configOption, ...epochOption, json: {type: 'boolean', help: 'print the report as one JSON object'}},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const startedMs = io.clock.monotonicMs();
		const progress = createProgress(io);
		const report = await auditSite(await pathsOf(auditCommand, site, values), {
			signal: io.signal,
			onProgress: (done, size) => progress.show('checking every hash', done, size, 'entries'),
		}).finally(progress.end);
		const tookMs = io.clock.monotonicMs() - startedMs;
		if (io.signal.aborted) {
			io.error(`kedge: stopped after ${report.batches} batches; an audit that did not come to its end says nothing\n`);
			return exitCodes.retry;
		}
		if (isSet(values, 'json'))
			io.out(`${JSON.stringify({...report, roots: Object.fromEntries(report.roots), tookMs: Math.round(tookMs)})}\n`);
		else {
			io.out(
				`${report.size} entries in ${report.batches} batches, ${report.channels} channels, ${report.roots.size} anchored roots, ${(tookMs / 1000).toFixed(1)} s\n`,
			);
			io.out(`root ${report.root}\n`);
			if (report.first > 0)
				io.out(
					`Entries below ${report.first} were pruned: their stored hashes lead to the root together with the rest, and nothing more can be said of them.\n`,
				);
			if (report.sourcesPruned > 0)
				io.out(`The messages that ${report.sourcesPruned} entries came from were pruned and could not be checked.\n`);
			for (const problem of report.problems) io.out(`! ${problem}\n`);
			io.out(report.problems.length === 0 ? 'Everything fits.\n' : `${report.problems.length} problems.\n`);
		}
		return report.problems.length === 0 ? exitCodes.ok : exitCodes.no;
	},
};
