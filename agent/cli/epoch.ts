// kedge epoch: opens the next life of a log whose database no longer agrees with what was released, and says what it found and did.

import {AgentError, describeError} from '../base/errors.ts';
import {closeEndedEpoch, type EpochReport, openEpoch, openEpochOnChains} from '../epoch.ts';
import {openSite, type Site} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, isSet, textOf} from './command.ts';
import {createProgress} from './progress.ts';

export const epochCommand: Command = {
	name: 'epoch',
	usage: '--reason "TEXT"',
	details: [
		'For a log that is FROZEN and whose newest database is lost for good: the agent must be stopped. Finds the head up to which the database and',
		'those who saw the log agree, begins a log of the next epoch with a new key, and appends again what the database holds beyond that head.',
		'The epoch that ended is kept in a folder of its own, epoch-N, and what is below the common head stays provable with --epoch N.',
		'On its chains the new log is opened and the one before is closed, for ever, where they answer: nobody can add to that history any more.',
		'After a power cut or an error run it again: it finishes what it began.',
	],
	options: {
		...configOption,
		reason: {type: 'string', value: 'TEXT', help: 'what happened, for whoever reads the log: it is written into it'},
		'dry-run': {type: 'boolean', help: 'show the heads and what would be done, change nothing'},
		anyway: {type: 'boolean', help: 'open the next epoch although nothing contradicts the database'},
		'without-entries': {type: 'boolean', help: 'append nothing again, for a database that was edited'},
		'keep-open': {type: 'boolean', help: 'do not close the log before on its chains: another agent goes on with it'},
		json: {type: 'boolean', help: 'print what was found and done as one JSON object'},
	},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const progress = createProgress(io);
		const outcome = await openEpoch({
			site,
			reason: textOf(values, 'reason'),
			anyway: isSet(values, 'anyway'),
			withoutEntries: isSet(values, 'without-entries'),
			dryRun: isSet(values, 'dry-run'),
			onProgress: (doing, done, all) => progress.show(doing, done, all, 'entries'),
		}).finally(progress.end);
		const onChain = outcome.did === 'looked' ? undefined : await tryChain(() => openEpochOnChains(site));
		const {report} = outcome;
		// Only what goes on can be named as the successor: first it is opened there, then the one before is closed.
		const isClosing = !isSet(values, 'keep-open') && onChain !== undefined && 'logId' in onChain;
		const closed = isClosing && report !== undefined ? await tryClosing(() => closeEndedEpoch(site, report)) : [];
		if (isSet(values, 'json')) io.out(`${JSON.stringify({...outcome, onChain, ...(closed.length === 0 ? {} : {closed})})}\n`);
		else {
			io.out(textOfOutcome(outcome.did, report, onChain));
			if (report !== undefined) io.out(closingText(report, closed));
			io.out(openerText(site, onChain));
		}
		return exitCodes.ok;
	},
};

type OnChain = {readonly logId: string; readonly openers: readonly string[]} | {readonly problem: string};

/** The epoch is open whatever the chain says; what is missing there can be done later. */
async function tryChain(open: () => Promise<readonly {readonly logId: string; readonly opener: string}[]>): Promise<OnChain | undefined> {
	try {
		const done = await open();
		return done.length === 0 ? undefined : {logId: done.map(({logId}) => logId).join(', '), openers: done.map(({opener}) => opener)};
	} catch (error) {
		return {problem: withHint(error)};
	}
}

type Closed = {readonly chain: string; readonly problem: string | undefined};

/** Nor does it matter to the epoch whether the log before is closed: that only keeps everybody from adding to it. */
async function tryClosing(close: () => ReturnType<typeof closeEndedEpoch>): Promise<readonly Closed[]> {
	try {
		return (await close()).map(({name, problem}) => ({chain: name, problem: problem && withHint(problem)}));
	} catch (error) {
		return [{chain: 'its chains', problem: withHint(error)}];
	}
}

function withHint(error: unknown): string {
	return `${describeError(error)}${error instanceof AgentError && error.hint !== undefined ? `; ${error.hint}` : ''}`;
}

function closingText({from, to}: EpochReport, closed: readonly Closed[]): string {
	const epochOf = (origin: string): string => origin.slice(origin.lastIndexOf('/') + 1);
	return closed
		.map(({chain, problem}) =>
			problem === undefined
				? `${from} is closed on ${chain}, for ever: it goes on as ${to}.\n`
				: `${from} is not closed on ${chain} yet (${problem}): that can be done later, with kedge anchor close --epoch ${epochOf(from)} --successor ${epochOf(to)} --yes.\n`,
		)
		.join('');
}

/** After a rotation the config names who opened the log before; the new one was opened by the key of now. */
function openerText(site: Site, onChain: OnChain | undefined): string {
	const named = site.config.anchor?.chains.some(({opener}, i) => {
		const found = onChain !== undefined && 'openers' in onChain ? onChain.openers[i] : undefined;
		return opener !== undefined && found !== undefined && opener.toLowerCase() !== found;
	});
	return named === true
		? `Take the line "opener" out of the section anchor of ${site.configPath}: the new log was opened by the anchoring key itself.\n`
		: '';
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
