// The verdict on a file: what was checked, with which result and why, how strong the evidence is, and what the file says.

import type {Correction} from '../format/correction.ts';
import type {Json} from '../format/document.ts';
import type {Quality} from '../format/entry.ts';
import type {PackageBeacon, PackageQuestion} from '../format/evidence-package.ts';
import type {IdentityBody} from '../format/identity.ts';
import {bracketRows, type TimeBracket} from './bracket.ts';
import type {CorrectionLink} from './corrections.ts';
import type {EntryFacts} from './facts.ts';
import {noteWords, timeText} from './note-words.ts';
import type {TimestampFacts} from './timestamps.ts';

export type CheckName =
	/** The file is whole and has the one canonical form. */
	| 'form'
	/** The entries are entries of a version that this program knows. */
	| 'entry'
	/** The checkpoint is one. */
	| 'checkpoint'
	/** The checkpoint is signed by the key that the trust file has for its log. */
	| 'signature'
	/** The entries are in the tree that the checkpoint names. */
	| 'inclusion'
	/** History: the checkpoint ends with a tally, which says what the last number of the channel is. */
	| 'tally'
	/** The channel that is named is the one that the entries are of. */
	| 'channel'
	/** The message that is shown is the one that the entry came from. */
	| 'arrival'
	/** A message that is said to be signed by a device is, by the key that stands beside it. */
	| 'device-signature'
	/** That key is shown to have been the device's. */
	| 'device-key'
	/** History: indexes and numbers rise. */
	| 'order'
	/** History: the entries are of the period that it is for. */
	| 'period'
	/** History: nothing from the first number up to the tally was left out. */
	| 'completeness'
	/** Disclosure: the log's key signed for whom it was made, what for, and what is shown. */
	| 'reader'
	/** Disclosure: the readings of a register that are shown say together what it counted. */
	| 'register'
	/** Receipt: what is shown of the device is what the log said of it in front of the entry, and it held then. */
	| 'identity'
	/** Package: its files are those that its manifest names, byte for byte. */
	| 'files'
	/** Package: what its manifest lists is what its entries say. */
	| 'manifest'
	/** Package: everything that its answer rests on is there. */
	| 'basis'
	/** Package: its answer, counted anew from its entries, is the same. */
	| 'answer'
	/** Package: messages that were refused. They are in no tree, so this only ever fails or is skipped. */
	| 'refusals'
	/** The trust file has seen this very checkpoint on a chain. */
	| 'pinned'
	/** The trust file has seen another root for the same log and size: two histories. Only ever fails. */
	| 'fork'
	/** One for each anchor that the file lists: the checkpoint is on that chain. */
	| 'anchor'
	/** One for each time stamp that the file lists: that authority saw the checkpoint. */
	| 'timestamp'
	/** The same size and root stand in several places that do not know of each other. */
	| 'cross-check'
	/** As many anchors hold as the trust file asks for. Only there where it asks. */
	| 'policy'
	/** Receipt, package: the beacon that is shown is one, in front of the entries, and names a block of its chain. */
	| 'beacon';

export type Check = {
	readonly name: CheckName;
	readonly result: 'pass' | 'fail' | 'skipped';
	/** A sentence without its full stop. It may quote the file: show it as text, never as markup. */
	readonly reason: string;
};

/**
 * none: nothing is shown. committed: a signed checkpoint covers it. anchored: that checkpoint stands outside of the log as well, on a chain or in the token of a time-stamp authority. final: in a
 * block that the chain will not take back.
 */
export type Strength = 'none' | 'committed' | 'anchored' | 'final';

/** An anchor as the file describes it, and how far that was checked. */
export type AnchorFacts = {
	readonly chainId: number;
	readonly registry: string;
	readonly opener: string;
	readonly transactionHash: string;
	readonly blockNumber: number;
	readonly blockHash: string;
	readonly blockTimeMs: number;
	/** pinned: the trust file has the checkpoint; block and transaction are the file's word. claimed: all of it is the file's word. */
	readonly state: 'final' | 'mined' | 'pinned' | 'claimed';
	/**
	 * What shows it. proof: the file's own proof leads to a block that the trust file has; the transaction's hash, which no header covers by itself, is the file's word. node: a node of the chain was asked. pin: the trust file has the anchor itself. undefined: nothing
	 * does.
	 */
	readonly shownBy: 'proof' | 'node' | 'pin' | undefined;
	/** The file's own proof fits the block that it names. Whether that block is the chain's is another question. */
	readonly isProven: boolean;
};

/** How a device signed a message. That the signature is good, and the key the device's, only the checks say. */
export type SignatureFacts = {
	/** `jws`, `jws-detached`, `cose`, `plain` or `ocmf`. */
	readonly form: string;
	/** `ed25519:BASE64`, `p256:BASE64` or `secp256k1:BASE64`. */
	readonly key: string;
	/** Of the key, hexadecimal. */
	readonly thumbprint: string;
	/** The payload inside, where it is text. */
	readonly payloadText: string | undefined;
};

/** Who a device was, as the log said last in front of an entry. */
export type IdentityFacts = {
	readonly urn: string;
	readonly event: string;
	readonly index: number;
	/** As in format/device-key.ts. */
	readonly key: string | undefined;
	readonly certificate: IdentityBody['certificate'];
	readonly calibration: IdentityBody['calibration'];
	/** Whether that holds for the time at which the reading was measured; undefined without a calibration. */
	readonly isCalibrated: boolean | undefined;
	readonly owner: string | undefined;
	/** The contract that says whether that is so. */
	readonly registry: string | undefined;
};

export type ArrivalFacts = {
	readonly topic: string;
	readonly identity: string;
	readonly decoder: string;
	readonly payloadLength: number;
	/** The payload where it is text. */
	readonly payloadText: string | undefined;
	/** Correction: the entry that it stands in for, and what its owner says. */
	readonly corrects?: Correction;
	/** undefined where the device did not sign. */
	readonly signature: SignatureFacts | undefined;
};

/**
 * Whether entries of the channel are missing, as the agent numbered them. complete: none from the first that is shown up to the tally. incomplete: some are, or numbers
 * contradict the tally. later-unknown: none between the first and the last, and nothing shows whether more came. crosses-epoch: it begins with the epoch, or
 * has entries that come again from an epoch before, and nobody can say what that one lost.
 */
export type Completeness = {
	readonly state: 'complete' | 'incomplete' | 'later-unknown' | 'crosses-epoch';
	readonly firstNumber: number | undefined;
	readonly lastNumber: number | undefined;
	/** The channel's last number by the tally; undefined without one. */
	readonly tallyNumber: number | undefined;
	/** When the tally was made, by the agent's clock. */
	readonly tallyAtMs: number | undefined;
	/** Runs of missing numbers, both ends included; the first ten. */
	readonly missing: readonly {readonly from: number; readonly to: number}[];
	/** How many runs are missing in all. */
	readonly missingRuns: number;
};

export type RegisterFacts = {
	/**
	 * By how much it rose, as decimal text, from the first to the last by the device's clock of those readings that count; undefined where there are no two, or it began to
	 * count anew between them: what passed then is unknown. What is an exception, noise, invalid, a guess or in conflict does not count, nor does what was corrected. A
	 * reading without a time of the device has that of its arrival.
	 */
	readonly rise: string | undefined;
	/** Numbers of the readings between which it rose. */
	readonly fromNumber: number | undefined;
	readonly toNumber: number | undefined;
	/** Why there is no rise, in words; undefined where there is one. */
	readonly noRise: string | undefined;
	/** Readings of the period that fit no meter. */
	readonly exceptions: number;
	/** How often it began to count anew in the period: resets, rollovers, and new levels that nobody declared. */
	readonly restarts: number;
};

export type HistoryFacts = {
	readonly fromMs: number;
	readonly toMs: number;
	readonly entries: number;
	readonly first: EntryFacts | undefined;
	readonly last: EntryFacts | undefined;
	/**
	 * Readings that the device claims to have measured in the period, and those without a time of the device that arrived in it: how many, how many of them without, and the
	 * first and the last in the order of the log. Corrections are not among them, what they correct is.
	 */
	readonly readings: {
		readonly count: number;
		readonly untimed: number;
		readonly first: EntryFacts | undefined;
		readonly last: EntryFacts | undefined;
	};
	/** What the owner put in place of readings of the period: how many, and the first ten with what they correct. */
	readonly corrections: {readonly count: number; readonly links: readonly CorrectionLink[]};
	/** Register: what it counted in the period, between which of these readings, and what stands in the way; undefined for other quantities. */
	readonly register: RegisterFacts | undefined;
	readonly completeness: Completeness | undefined;
	/** Notes among the entries: jumps of the device's own numbering, over how many numbers in all (decimal text), and silences. */
	readonly notes: {readonly gaps: number; readonly gapNumbers: string; readonly silences: number};
};

/** What a disclosure opens, and for whom. */
export type DisclosureFacts = {
	/** For whom, what for and when: the words of whoever holds the log's key. */
	readonly reader: string;
	readonly purpose: string;
	readonly madeAtMs: number;
	/** The period that it is for; undefined where entries were chosen one by one. */
	readonly fromMs: number | undefined;
	readonly toMs: number | undefined;
	readonly entries: number;
	/** Entries among them whose channel stays unnamed. */
	readonly unnamed: number;
	/** Messages and bodies that are opened. */
	readonly sources: number;
	/** The channels that are named, and whether all of one is there; undefined where that is not said. */
	readonly channels: readonly {
		readonly urn: string;
		readonly entries: number;
		readonly readings: number;
		readonly first: EntryFacts | undefined;
		readonly last: EntryFacts | undefined;
		readonly completeness: Completeness | undefined;
	}[];
	/** What a register counted between pairs of readings, one for each life of the counter; undefined where it is not about that, or they do not fit. */
	readonly register:
		| {
				readonly urn: string;
				readonly pairs: readonly {readonly from: EntryFacts; readonly to: EntryFacts; readonly rise: string}[];
				/** Sum of the rises, exact decimal text. */
				readonly total: string;
				readonly unit: string;
		  }
		| undefined;
};

/** What a package says. */
export type PackageFacts = {
	readonly question: PackageQuestion;
	/** Its shape is the ledger's. */
	readonly answer: Json;
	readonly ledger: string;
	readonly ledgerVersion: number;
	/** What made the package, and SHA-256 of the verifier that its maker has, where he says. */
	readonly program: string;
	readonly verifierSha256: string | undefined;
	readonly madeAtMs: number;
	readonly entries: number;
	readonly channels: number;
	/** Channels and accounts that the log does not have: the maker's word. */
	readonly absent: readonly string[];
	/** undefined where it could not be looked at. */
	readonly completeness: Completeness['state'] | undefined;
	readonly tallyAtMs: number | undefined;
	/** The readings were appended after the block of the first. The second came behind them: no bound, since an agent may have looked late. */
	readonly beaconBefore: PackageBeacon | undefined;
	readonly beaconAfter: PackageBeacon | undefined;
	readonly gaps: number;
	readonly silences: number;
	/** Messages refused in the period: the maker's word. */
	readonly refused: number;
	readonly arrivals: 'all' | 'corrections';
};

/** What the file says, as far as it could be read, in plain JSON types. Unless the verdict is good these are claims and no more. */
export type Facts = {
	readonly origin: string | undefined;
	readonly size: number | undefined;
	/** Base64, as in the checkpoint. */
	readonly root: string | undefined;
	/** Receipt: the entry. */
	readonly entry: EntryFacts | undefined;
	/** URN of the channel, where it is opened. */
	readonly channel: string | undefined;
	/** Receipt of a reading: the message, where it is opened. */
	readonly arrival: ArrivalFacts | undefined;
	/** Receipt of another kind: what the entry says, where it is opened and is text. */
	readonly bodyText: string | undefined;
	/** Receipt of a reading: who its device was, where that is shown. */
	readonly identity: IdentityFacts | undefined;
	readonly history: HistoryFacts | undefined;
	readonly disclosure: DisclosureFacts | undefined;
	readonly package: PackageFacts | undefined;
	readonly anchors: readonly AnchorFacts[];
	readonly timestamps: readonly TimestampFacts[];
	/** When what the file shows was appended; undefined where neither a beacon nor an anchor bounds it. */
	readonly bracket: TimeBracket | undefined;
};

export type Verdict = {
	readonly document: 'receipt' | 'history' | 'disclosure' | 'package' | 'unknown';
	/** `none` as soon as one check fails. */
	readonly strength: Strength;
	/** Nothing failed, and the evidence is at least committed. */
	readonly good: boolean;
	/** In the order in which they were made. What could not be looked at is there as skipped. */
	readonly checks: readonly Check[];
	readonly facts: Facts;
};

export const noFacts: Facts = {
	origin: undefined,
	size: undefined,
	root: undefined,
	entry: undefined,
	channel: undefined,
	arrival: undefined,
	bodyText: undefined,
	identity: undefined,
	history: undefined,
	disclosure: undefined,
	package: undefined,
	anchors: [],
	timestamps: [],
	bracket: undefined,
};

export function pass(name: CheckName, reason: string): Check {
	return {name, result: 'pass', reason};
}

export function fail(name: CheckName, reason: string): Check {
	return {name, result: 'fail', reason};
}

export function skipped(name: CheckName, reason: string): Check {
	return {name, result: 'skipped', reason};
}

/** Without all of these nothing is shown. */
const committing: readonly CheckName[] = ['form', 'entry', 'checkpoint', 'signature', 'inclusion'];

/** True if nothing failed so far, and the entries are shown to be under a checkpoint of a trusted log. */
export function isCommitted(checks: readonly Check[]): boolean {
	const passed = (name: CheckName): boolean => checks.some(check => check.name === name && check.result === 'pass');
	return checks.every(check => check.result !== 'fail') && committing.every(passed);
}

/** Draws the conclusion; `outside` is what was found outside the log, where anything was. */
export function conclude(
	document: Verdict['document'],
	checks: readonly Check[],
	facts: Facts,
	outside?: 'anchored' | 'final' | undefined,
): Verdict {
	const good = isCommitted(checks);
	return {document, strength: good ? (outside ?? 'committed') : 'none', good, checks, facts};
}

/** What each strength means, for a person. */
const strengthSentences: Readonly<Record<Strength, string>> = {
	none: 'Nothing is shown: what the file says is a claim and no more.',
	committed: "The log signed a checkpoint that covers it. That rests on the log's key alone: nobody outside of the log vouches for it.",
	anchored:
		'The log signed a checkpoint that covers it, and that checkpoint is anchored on a chain: the log cannot show another history there.',
	final: 'The log signed a checkpoint that covers it, and that checkpoint is anchored on a chain in a block that the chain calls final.',
};

/** An authority keeps no histories apart, as a registry does: its word is another one. */
const stampedSentence =
	'The log signed a checkpoint that covers it, and a time-stamp authority saw that checkpoint: it was not made later. The log may have had another history stamped as well.';

/** All that fails is that too few anchors hold: the entries are in the log, and whoever reads this asked for more. */
const tooFewSentence =
	'The log signed a checkpoint that covers it, but too few anchors of that checkpoint hold for what the trust file asks: see policy below.';

function strengthSentence({strength, facts, checks}: Verdict): string {
	const failed = checks.filter(({result}) => result === 'fail');
	if (failed.length > 0 && failed.every(({name}) => name === 'policy') && isCommitted(checks.filter(({name}) => name !== 'policy')))
		return tooFewSentence;
	const isOnChain =
		facts.anchors.some(({state}) => state !== 'claimed') || checks.some(({name, result}) => name === 'pinned' && result === 'pass');
	return strength === 'anchored' && !isOnChain ? stampedSentence : strengthSentences[strength];
}

function readingsText({count, untimed}: HistoryFacts['readings']): string {
	if (untimed === 0) return `${count} measured in the period`;
	return `${count} in the period (${untimed} without a time of the device: by arrival)`;
}

function registerRows(register: RegisterFacts, {first, last}: HistoryFacts['readings']): [string, string][] {
	const {rise, fromNumber, toNumber, noRise, exceptions, restarts} = register;
	const rows: [string, string][] = [];
	const between =
		fromNumber === first?.number && toNumber === last?.number ? 'the first to the last' : `number ${fromNumber} to ${toNumber}`;
	if (rise !== undefined) rows.push(['rise', `${rise} ${last?.unit ?? ''} from ${between}`]);
	else if (noRise !== undefined) rows.push(['rise', `not known: ${noRise}`]);
	if (restarts > 0) rows.push(['register', `it began to count anew ${times(restarts)}: what passed then is unknown`]);
	if (exceptions > 0) rows.push(['exception', `${countText(exceptions, 'reading')} that no meter could have; they do not count`]);
	return rows;
}

const linksShownMax = 3;

/** What the owner put beside the readings. A history shows no arrivals, so it cannot always say for which reading. */
function correctionRows({count, links}: HistoryFacts['corrections'], isRegister: boolean): [string, string][] {
	if (count === 0) return [];
	const shown = links
		.slice(0, linksShownMax)
		.map(({index, number, corrects}) =>
			corrects === undefined
				? `what number ${number} corrects, \`kedge prove ${index} --with-arrival\` shows`
				: `number ${number} corrects number ${corrects}`,
		);
	const more = count > shown.length ? `; and ${count - shown.length} more` : '';
	const settled = isRegister ? ', and neither counts in the rise' : '';
	return [
		[
			'corrected',
			`${countText(count, 'entry', 'entries')} by the owner, beside the readings: ${shown.join('; ')}${more}; both stay${settled}`,
		],
	];
}

/**
 * The verdict as plain lines for a terminal, one check a line, closed by a newline. Nothing that the file says can move the cursor or forge a line. `withAnswer`: of a package also the first
 * figures of its answer, for who has no better way to show them.
 */
export function verdictText(verdict: Verdict, {withAnswer = true}: {readonly withAnswer?: boolean} = {}): string {
	const {document, good, strength, facts, checks} = verdict;
	const name = document === 'unknown' ? 'unknown file' : document;
	const rows: [name: string, text: string][] = [];
	if (facts.origin !== undefined) rows.push(['log', `${facts.origin}, size ${facts.size}`]);
	if (facts.channel !== undefined) rows.push(['channel', facts.channel]);
	if (facts.entry !== undefined) rows.push(...entryRows(facts.entry, facts.bodyText));
	if (facts.arrival !== undefined) rows.push(...arrivalRows(facts.arrival));
	else if (facts.entry?.qualities.includes('correction'))
		rows.push(['corrects', `not shown: \`kedge prove ${facts.entry.index} --with-arrival\` shows it`]);
	if (facts.identity !== undefined) rows.push(...identityRows(facts.identity));
	if (facts.history !== undefined) {
		const {fromMs, toMs, entries, first, last, readings, corrections, register, completeness, notes} = facts.history;
		rows.push(['period', `${timeText(fromMs)} to ${timeText(toMs)}`], ['entries', `${entries}`]);
		if (first !== undefined && last !== undefined) rows.push(['numbers', `${first.number} to ${last.number}`]);
		rows.push(['readings', readingsText(readings)]);
		if (readings.first !== undefined) rows.push(['first', readingText(readings.first)]);
		if (readings.last !== undefined && readings.count > 1) rows.push(['last', readingText(readings.last)]);
		if (register !== undefined) rows.push(...registerRows(register, readings));
		rows.push(...correctionRows(corrections, register !== undefined));
		if (completeness !== undefined) rows.push(['complete', completenessText(completeness, toMs)]);
		if (notes.gaps > 0)
			rows.push(['gaps', `the device's own numbering jumps ${times(notes.gaps)}, over ${notes.gapNumbers} numbers in all`]);
		if (notes.silences > 0) rows.push(['silence', `the channel was silent beyond the cadence of its device ${times(notes.silences)}`]);
	}
	if (facts.disclosure !== undefined) rows.push(...disclosureRows(facts.disclosure));
	if (facts.package !== undefined) rows.push(...packageRows(facts.package, withAnswer));
	if (facts.bracket !== undefined) rows.push(...bracketRows(facts.bracket));
	for (const {chainId, transactionHash, blockNumber, blockTimeMs, state} of facts.anchors) {
		rows.push(['anchor', `chain ${chainId}, block ${blockNumber} of ${timeText(blockTimeMs)}, transaction ${transactionHash} (${state})`]);
	}
	for (const {authority, genTimeMs, state} of facts.timestamps) {
		rows.push(['stamped', `by ${authority}${genTimeMs === undefined ? '' : ` at ${timeText(genTimeMs)}`} (${state})`]);
	}
	const labelWidth = Math.max(10, ...rows.map(([label]) => label.length + 1));
	const checkWidth = Math.max(14, ...checks.map(check => check.name.length + 1));
	const lines = [
		`${name}: ${good ? `good, ${strength}` : 'NOT GOOD'}`,
		strengthSentence(verdict),
		...(good && facts.package !== undefined ? cautions(facts.package).map(plain) : []),
		...(rows.length === 0 ? [] : ['', good ? 'It says:' : 'It claims:']),
		...rows.map(([label, text]) => `  ${label.padEnd(labelWidth)}${plain(text)}`),
		'',
		...checks.map(check => `  ${check.result.padEnd(8)}  ${check.name.padEnd(checkWidth)}${plain(check.reason)}`),
	];
	return `${lines.join('\n')}\n`;
}

const channelsShownMax = 20;

function disclosureRows(facts: DisclosureFacts): [name: string, text: string][] {
	const {reader, purpose, madeAtMs, fromMs, toMs, entries, unnamed, sources, channels, register} = facts;
	const rows: [name: string, text: string][] = [
		['for', reader],
		...(purpose === '' ? [] : [['purpose', purpose] satisfies [string, string]]),
		['made', timeText(madeAtMs)],
	];
	if (fromMs !== undefined && toMs !== undefined) rows.push(['period', `${timeText(fromMs)} to ${timeText(toMs)}`]);
	if (register !== undefined) return [...rows, ...disclosedRegisterRows(register)];
	const opened =
		sources === 0 ? 'what they came from is withheld' : `${countText(sources, 'message or body', 'messages or bodies')} opened`;
	rows.push(['entries', `${entries}${unnamed > 0 ? `, ${unnamed} of them of unnamed channels` : ''}; ${opened}`]);
	for (const {urn, entries: own, readings, first, last, completeness} of channels.slice(0, channelsShownMax)) {
		rows.push(['channel', `${urn}: ${countText(own, 'entry', 'entries')}, ${countText(readings, 'reading')}`]);
		if (first?.kind === 'reading') rows.push(['', readingText(first)]);
		if (last?.kind === 'reading' && last.index !== first?.index) rows.push(['', readingText(last)]);
		if (completeness !== undefined) rows.push(['complete', completenessText(completeness, toMs ?? 0)]);
	}
	if (channels.length > channelsShownMax) rows.push(['channel', `and ${channels.length - channelsShownMax} more`]);
	rows.push(['the rest', 'nothing is shown of any other entry: each is a hash']);
	return rows;
}

function disclosedRegisterRows({urn, pairs, total, unit}: NonNullable<DisclosureFacts['register']>): [name: string, text: string][] {
	const rows: [name: string, text: string][] = [['channel', urn]];
	const timeIn = ({measuredAtMs, arrivedAtMs}: EntryFacts): string => timeText(measuredAtMs ?? arrivedAtMs);
	const [first, last] = [pairs[0], pairs.at(-1)];
	if (first !== undefined && last !== undefined) {
		const between = `between ${timeIn(first.from)} and ${timeIn(last.to)}`;
		if (pairs.length === 1) rows.push([first.from.quantity, `${total} ${unit} ${between}`]);
		else {
			rows.push([first.from.quantity, `at least ${total} ${unit} ${between}`]);
			rows.push(['register', `it began to count anew ${times(pairs.length - 1)}: what passed there is unknown`]);
		}
	}
	for (const {from, to, rise} of pairs) {
		rows.push(['from', readingText(from)], ['to', readingText(to)]);
		if (pairs.length > 1) rows.push(['rise', `${rise} ${unit}`]);
	}
	rows.push(['the rest', 'nothing is shown of what lies between, nor of any other entry: each is a hash']);
	return rows;
}

/** Lines of an answer that are shown: its own figures; the whole of it is in the manifest. */
const answerRowsMax = 16;

function packageRows(facts: PackageFacts, withAnswer: boolean): [name: string, text: string][] {
	const {question, answer, beaconAfter, tallyAtMs} = facts;
	const rows: [name: string, text: string][] = [
		['question', `${question.about} ${question.id}`],
		['period', `${timeText(question.fromMs)} to ${timeText(question.toMs)}`],
		['method', `ledger ${facts.ledger}, version ${facts.ledgerVersion}; made by ${facts.program} at ${timeText(facts.madeAtMs)}`],
		['entries', `${facts.entries} of ${countText(facts.channels, 'channel')}`],
	];
	const figures =
		typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? Object.entries(answer) : [['', answer] as const];
	for (const [key, value] of figures.slice(0, withAnswer ? answerRowsMax : 0)) {
		const text =
			typeof value === 'object' && value !== null ? (Array.isArray(value) ? countText(value.length, 'item') : undefined) : `${value}`;
		if (text !== undefined && value !== undefined) rows.push(['answer', `${key} ${text}`.trim()]);
	}
	if (facts.completeness !== undefined)
		rows.push(['complete', packageCompleteness(facts.completeness, tallyAtMs, facts.absent.length > 0)]);
	if (facts.absent.length > 0)
		rows.push(['absent', `${facts.absent.length} that the log is said not to have: ${facts.absent.slice(0, linksShownMax).join(', ')}`]);
	if (beaconAfter !== undefined)
		rows.push([
			'seen next',
			`the agent says that it saw block ${beaconAfter.blockNumber} of chain ${beaconAfter.chainId}, ${timeText(beaconAfter.blockTimeS * 1000)}`,
		]);
	if (facts.gaps > 0) rows.push(['gaps', `devices' own numbering jumps ${times(facts.gaps)}`]);
	if (facts.silences > 0) rows.push(['silence', `channels were silent beyond the cadence of their devices ${times(facts.silences)}`]);
	if (facts.refused > 0) rows.push(['refused', `${countText(facts.refused, 'message')} in the period, by the maker's word`]);
	return rows;
}

/** What whoever rests something on a good package must know first: where its answer would be another one if its maker left out what nothing shows. */
function cautions({completeness, absent, tallyAtMs, question}: PackageFacts): string[] {
	const sentences: string[] = [];
	if (completeness === 'later-unknown')
		sentences.push(
			'What its maker may have left out behind the last entries that are shown, readings and statements alike, nobody can see: no tally covers it.',
		);
	if (completeness === 'crosses-epoch') sentences.push('The log began anew, and what was lost then nobody can see.');
	if (absent.length > 0)
		sentences.push('Part of what the answer asks for is not here, and that the log does not have it is only the word of its maker.');
	if (tallyAtMs !== undefined && tallyAtMs < question.toMs)
		sentences.push(`The period was not over when this was counted, ${timeText(tallyAtMs)}: what came later is not in it.`);
	return sentences;
}

function packageCompleteness(state: Completeness['state'], tallyAtMs: number | undefined, isPart: boolean): string {
	switch (state) {
		case 'complete':
			return `yes, as the agent numbered it: all that was logged since the period began, until it was counted, ${timeText(tallyAtMs ?? 0)}, is here${isPart ? ', but for what is called absent' : ''}`;
		case 'incomplete':
			return 'NO: entries are missing, or were added';
		case 'later-unknown':
			return 'not known: nothing is missing up to the last that is shown, but there may be later entries';
		case 'crosses-epoch':
			return 'cannot be shown: the log was restored and began anew, and what came before is not here';
	}
}

function readingText({number, value, unit, measuredAtMs, arrivedAtMs, qualities}: EntryFacts): string {
	const what = value === undefined ? 'without a value' : `${value} ${unit ?? ''}`.trimEnd();
	const when = measuredAtMs === undefined ? `${timeText(arrivedAtMs)} by the agent` : `${timeText(measuredAtMs)} by the device`;
	return `${what} at ${when}, number ${number}${qualities.length > 0 ? ` (${qualities.join(', ')})` : ''}`;
}

function countText(count: number, one: string, many = `${one}s`): string {
	return `${count} ${count === 1 ? one : many}`;
}

function times(count: number): string {
	return count === 1 ? 'once' : `${count} times`;
}

/** Runs of numbers in words. */
export function missingText(missing: Completeness['missing'], runs: number): string {
	const named = missing.map(({from, to}) => (from === to ? `${from}` : `${from} to ${to}`));
	return [...named, ...(runs > missing.length ? [`and ${runs - missing.length} more gaps`] : [])].join(', ');
}

/** Whether anything is missing, for somebody who has never heard of a tally. */
function completenessText({state, firstNumber, lastNumber, tallyAtMs, missing, missingRuns}: Completeness, toMs: number): string {
	const counted = tallyAtMs === undefined ? 'it was counted' : `it was counted, ${timeText(tallyAtMs)}`;
	const shown = firstNumber === 1 ? 'from its first entry on' : `from number ${firstNumber} on (earlier ones are not shown)`;
	const rest = tallyAtMs !== undefined && tallyAtMs < toMs ? '; the period goes on after that' : '';
	switch (state) {
		case 'complete':
			return firstNumber === undefined
				? `yes: the log had nothing of this channel when ${counted}${rest}`
				: `yes, as the agent numbered it: all that was logged of this channel ${shown}, until ${counted}, is here${rest}`;
		case 'incomplete':
			return missingRuns === 0 ? 'NO: its numbers contradict the count' : `NO: entries are missing: ${missingText(missing, missingRuns)}`;
		case 'later-unknown':
			return lastNumber === undefined
				? 'unknown: nothing is shown'
				: `not known: nothing is missing up to number ${lastNumber}, but there may be later entries`;
		case 'crosses-epoch':
			return 'cannot be shown: the log was restored and began anew, and what came before is not here';
	}
}

function entryRows(entry: EntryFacts, bodyText: string | undefined): [name: string, text: string][] {
	const isReading = entry.kind === 'reading';
	const place = `at index ${entry.index}, number ${entry.number} of its channel`;
	const rows: [name: string, text: string][] = [['entry', `${entry.kind} ${isReading ? '' : `(${entry.quantity}) `}${place}`]];
	if (isReading) {
		const unit = entry.unit === undefined ? '' : ` ${entry.unit}`;
		rows.push(['value', `${entry.quantity} ${entry.value === undefined ? 'without a value' : `${entry.value}${unit}`}`]);
		rows.push(measuredRow(entry));
	}
	const says = bodyText === undefined ? undefined : noteWords(entry, bodyText);
	if (says !== undefined) rows.push(['note', says]);
	if (entry.kind === 'identity' && bodyText !== undefined) rows.push(['says', bodyText]);
	rows.push(['arrived', `${timeText(entry.arrivedAtMs)} by the agent`]);
	if (entry.qualities.length > 0) rows.push(['quality', entry.qualities.map(qualityText).join('; ')]);
	return rows;
}

/** What the marks of a reading mean, for somebody who has not read FORMATS.md. */
const qualityWords: Readonly<Record<Quality, string>> = {
	estimated: 'its device estimated it',
	substituted: 'it stands for one that is missing or wrong',
	simulated: 'of a simulated device',
	clockUnsynchronised: "the agent's clock was not synchronised",
	noDeviceTime: 'without a time of the device',
	conflict: 'it contradicts an earlier one',
	late: 'it arrived long after it was measured',
	uncalibrated: 'no calibration of its device held',
	noValue: 'without a value',
	deviceSigned: 'its device signed it',
	appendedAgain: 'of the epoch before',
	invalid: 'its device says that it does not count',
	historical: "from the device's own store",
	reset: 'the first of a new count, which was declared',
	rollover: 'the first behind the last digit',
	noise: 'it fell by no more than its last digit',
	exception: 'no meter could have it, and it does not count',
	correction: "the owner's word, in place of a reading",
};

function qualityText(name: string): string {
	return Object.hasOwn(qualityWords, name) ? `${name} (${qualityWords[name as Quality]})` : name;
}

/** The value of a correction is the owner's; only the time is that of the device. */
function measuredRow({measuredAtMs, qualities}: EntryFacts): [name: string, text: string] {
	if (!qualities.includes('correction'))
		return ['measured', measuredAtMs === undefined ? 'the device claims no time' : `${timeText(measuredAtMs)} by the device`];
	const time = measuredAtMs === undefined ? 'a reading without a time of the device' : `the time ${timeText(measuredAtMs)} of the device`;
	return ['stated', `by the owner, for ${time}`];
}

function identityRows(identity: IdentityFacts): [name: string, text: string][] {
	const {urn, event, index, key, certificate, calibration, isCalibrated, owner, registry} = identity;
	const rows: [name: string, text: string][] = [['device', `${urn}, ${event} at index ${index}`]];
	if (key !== undefined) rows.push(['key', key]);
	if (certificate !== undefined) {
		const until = certificate.notAfterMs === undefined ? '' : `, until ${timeText(certificate.notAfterMs)}`;
		rows.push(['connects', `by certificate ${certificate.sha256}${until}`]);
	}
	if (calibration !== undefined) {
		const {number, sha256, notBefore, notAfter} = calibration;
		const period = `${notBefore} to ${notAfter}`;
		// The log says so itself, so no check fails; but whoever reads on from the value must not miss it.
		if (isCalibrated === false) rows.unshift(['calibration', `NOT VALID when it was measured (${period})`]);
		rows.push(['calibrated', `${period}, certificate ${number === undefined ? '' : `${number}, `}file ${sha256}`]);
	}
	if (owner !== undefined) rows.push(['owner', registry === undefined ? owner : `${owner}, by the device registry ${registry}`]);
	return rows;
}

function arrivalRows({topic, identity, payloadLength, payloadText, corrects, signature}: ArrivalFacts): [name: string, text: string][] {
	if (corrects !== undefined) {
		const {index, number, leaf} = corrects.corrects;
		return [
			['corrects', `entry ${index}, number ${number}, with leaf hash ${leaf}`],
			['reason', corrects.reason],
		];
	}
	const payload = payloadText === undefined ? `${payloadLength} bytes that are not text` : payloadText === '' ? 'empty' : payloadText;
	return [['topic', topic], ['sent by', identity], ['payload', payload], ...(signature === undefined ? [] : signatureRows(signature))];
}

function signatureRows({form, key, payloadText}: SignatureFacts): [name: string, text: string][] {
	const inside: [name: string, text: string][] = payloadText === undefined ? [] : [['content', payloadText]];
	return [...inside, ['signed', `by ${key} (${form})`]];
}

const textLengthMax = 400;

/** Control, format and unassigned characters become escapes, and long texts are cut: a file must not be able to paint its own verdict on a terminal. */
function plain(text: string): string {
	const cut = text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text;
	return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, character => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
