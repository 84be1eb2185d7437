// kedge prune: lets the running agent drop old raw arrivals and old entries, or says what would go.

import {type PruneReport, planPruneOf, pruneSite} from '../pruning.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf, timeOf, usageError} from './command.ts';
import {createProgress} from './progress.ts';

export const pruneCommand: Command = {
	name: 'prune',
	usage: '--arrivals-before TIME | --entries-before TIME',
	details: [
		'Drops what arrived before a time: raw messages, or whole entries; only below the newest anchor that is final. Receipts and histories of what',
		'remains can still be made, those that were made before still verify, and a note in the log says what went. The file does not become',
		'smaller: what is free in it is used again. log.keepArrivalsDays and log.keepEntriesDays of the config do the same every midnight UTC.',
	],
	options: {
		...configOption,
		'arrivals-before': {type: 'string', value: 'TIME', help: 'such as 2026-01-01: raw messages of entries that arrived before'},
		'entries-before': {type: 'string', value: 'TIME', help: 'entries that arrived before, with their messages'},
		'dry-run': {type: 'boolean', help: 'only say what would go; needs no agent'},
		unanchored: {type: 'boolean', help: 'also drop raw messages that no final anchor covers'},
		json: {type: 'boolean', help: 'print the report as one JSON object'},
	},
	run: async ({values}, io) => {
		const before = (name: string): number | undefined => {
			const text = textOf(values, name);
			return text === undefined ? undefined : timeOf(pruneCommand, `--${name}`, text);
		};
		const request = {
			arrivalsBeforeMs: before('arrivals-before'),
			entriesBeforeMs: before('entries-before'),
			unanchored: isSet(values, 'unanchored'),
		};
		if (request.arrivalsBeforeMs === undefined && request.entriesBeforeMs === undefined)
			throw usageError(pruneCommand, 'takes --arrivals-before, --entries-before, or both');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const isDry = isSet(values, 'dry-run');
		const progress = createProgress(io);
		const report = isDry
			? await planPruneOf(site, request)
			: await pruneSite(site, request, {
					clock: io.clock,
					onProgress: (done, all) => progress.show('pruning', done, all, 'bytes'),
				}).finally(progress.end);
		io.out(isSet(values, 'json') ? `${JSON.stringify(report)}\n` : textOfReport(report, isDry));
		return exitCodes.ok;
	},
};

function textOfReport(report: PruneReport, isDry: boolean): string {
	const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
	const [go, begins] = isDry ? ['would go', 'would begin'] : ['are gone', 'begins'];
	return [
		`final on a chain up to size ${report.finalSize}`,
		`${report.entries} entries ${go} with ${megabytes(report.entryBytes)}; what can be proven ${begins} at ${report.firstAfter}`,
		`raw messages below ${report.arrivalsBelow} ${go}, of ${megabytes(report.arrivalBytes)}`,
		'',
	].join('\n');
}
