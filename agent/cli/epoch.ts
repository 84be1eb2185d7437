// kedge epoch: opens the next life of a log whose database no longer agrees with what was released, and says what it found and did.

import {AgentError, describeError} from '../base/errors.ts';
import {type EpochReport, openEpoch, openEpochOnChain} from '../epoch.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf} from './command.ts';

export const epochCommand: Command = {
	name: 'epoch',
	usage: '--reason "TEXT"',
	details: [
		'For a log that is FROZEN and whose newest database is lost for good: the agent must be stopped. Finds the head up to which the database and',
		'those who saw the log agree, begins a log of the next epoch with a new key, and appends again what the database holds beyond that head.',
		'The epoch that ended is kept in a folder of its own, epoch-N, and what is below the common head stays provable with --epoch N.',
		'After a power cut or an error run it again: it finishes what it began.',
	],
	options: {
		...configOption,
		reason: {type: 'string', value: 'TEXT', help: 'what happened, for whoever reads the log: it is written into it'},
		'dry-run': {type: 'boolean', help: 'show the heads and what would be done, change nothing'},
		anyway: {type: 'boolean', help: 'open the next epoch although nothing contradicts the database'},
		'without-entries': {type: 'boolean', help: 'append nothing again, for a database that was edited'},
		json: {type: 'boolean', help: 'print what was found and done as one JSON object'},
	},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		let shownMs = io.clock.monotonicMs();
		const outcome = await openEpoch({
			site,
			reason: textOf(values, 'reason'),
			anyway: isSet(values, 'anyway'),
			withoutEntries: isSet(values, 'without-entries'),
			dryRun: isSet(values, 'dry-run'),
			onProgress: (doing, done, all) => {
				if (!io.isTerminal || io.clock.monotonicMs() - shownMs < 200) return;
				shownMs = io.clock.monotonicMs();
				io.error(`\r\u001b[K${doing}: ${done} of ${all} entries`);
			},
		});
		if (io.isTerminal) io.error('\r\u001b[K');
		const onChain = outcome.did === 'looked' ? undefined : await tryChain(() => openEpochOnChain(site));
		if (isSet(values, 'json')) io.out(`${JSON.stringify({...outcome, onChain})}\n`);
		else io.out(textOfOutcome(outcome.did, outcome.report, onChain));
		return exitCodes.ok;
	},
};

type OnChain = {readonly logId: string} | {readonly problem: string};

/** The epoch is open whatever the chain says; what is missing there can be done later. */
async function tryChain(open: () => Promise<{readonly logId: string} | undefined>): Promise<OnChain | undefined> {
	try {
		const done = await open();
		return done && {logId: done.logId};
	} catch (error) {
		return {problem: `${describeError(error)}${error instanceof AgentError && error.hint !== undefined ? `; ${error.hint}` : ''}`};
	}
}

function textOfOutcome(did: 'looked' | 'opened' | 'finished', report: EpochReport | undefined, onChain: OnChain | undefined): string {
	if (report === undefined) return 'An epoch that was begun is finished now.\n';
	const {common, again, own} = report;
	const count = again.end - again.first;
	const lines = [
		`Log ${report.from}, ${own.size} entries, root ${own.root.slice(0, 16)}…`,
		...(report.heads.length === 0 ? ['  no head of it could be read outside of the database'] : []),
		...report.heads.map(head => `  ${head.source} has size ${head.size}, root ${head.root.slice(0, 16)}… of ${head.origin}`),
		...(report.contradiction === undefined ? [] : [`Contradiction: ${report.contradiction}.`]),
		...(report.damage === undefined ? [] : [`Damage: ${report.damage}.`]),
		`Common head: size ${common.size}, from ${common.source}.`,
	];
	if (did === 'looked')
		return [
			...lines,
			report.contradiction === undefined && report.damage === undefined
				? 'Nothing contradicts the database: no epoch is needed.'
				: `kedge epoch would open ${report.to} and append ${count} entries again. Nothing was changed.`,
			'',
		].join('\n');
	return [
		...lines,
		`${did === 'finished' ? 'What was begun is finished. ' : ''}Opened ${report.to} with a new key; ${count} entries of ${report.from} were taken over.`,
		`${report.from} is kept in ${report.archive}/; what is below size ${common.size} is still proven from there, with --epoch ${report.archive.slice('epoch-'.length)}.`,
		'The trust file has the new key beside the old one: hand it out again.',
		...(onChain === undefined
			? []
			: 'logId' in onChain
				? [`The chain knows the new epoch as ${onChain.logId}.`]
				: [`The new epoch is not opened on the chain yet (${onChain.problem}): run kedge anchor before anything can be anchored.`]),
		'',
	].join('\n');
}
