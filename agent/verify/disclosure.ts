// Checks a disclosure: chosen entries of a log for one reader, what opens them, and what they are to show together.

import {concatBytes, equalBytes, toBase64, toHex} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {parseOrigin, type TreeHead} from '../format/checkpoint.ts';
import {decimalText} from '../format/decimal.ts';
import {type DisclosedRegister, type Disclosure, disclosureMessage, parseDisclosure} from '../format/disclosure.ts';
import {
	decodeEntry,
	type Entry,
	entryLength,
	entryProblem,
	type Index,
	kinds,
	packedLeafHashes,
	qualityNames,
	sourceHash,
	uncountedQualities,
} from '../format/entry.ts';
import type {VerifySignature} from '../format/note.ts';
import {quantityOfCode} from '../format/quantity.ts';
import {subjectHash} from '../format/subject.ts';
import {tags} from '../format/tags.ts';
import type {Trust} from '../format/trust.ts';
import {rootFromMultiproof} from '../merkle/multiproof.ts';
import {checkAnchors, claimedAnchors, uncheckedAnchors} from './anchors.ts';
import {checkArrival} from './arrival.ts';
import {bracketOf} from './bracket.ts';
import {createChannelCheck} from './channel.ts';
import {describeEntry} from './facts.ts';
import {checkCompleteness, checkOrder, checkPeriod, type Placed} from './order.ts';
import type {Needs} from './receipt.ts';
import {type CheckedTally, checkTally} from './tally.ts';
import {
	type Check,
	type Completeness,
	conclude,
	type DisclosureFacts,
	fail,
	isCommitted,
	noFacts,
	pass,
	skipped,
	type Verdict,
} from './verdict.ts';

const afterForm = [
	'entry',
	'checkpoint',
	'signature',
	'reader',
	'inclusion',
	'channel',
	'arrival',
	'order',
	'period',
	'tally',
	'completeness',
	'register',
	'pinned',
] as const;

type ShownEntry = {readonly index: Index; readonly entry: Entry};

/** The entries of one subject: with its name where it is opened. */
type Group = {readonly urn: string | undefined; readonly shown: readonly ShownEntry[]};

export type DisclosureNeeds = Needs & {readonly verifySignature: VerifySignature};

export async function verifyDisclosure(needs: DisclosureNeeds, bytes: Uint8Array, trust: Trust): Promise<Verdict> {
	const {hasher, checkHead, chain} = needs;
	const parsed = parseDisclosure(hasher, bytes);
	if ('problem' in parsed) {
		const rest = afterForm.map(name => skipped(name, 'the disclosure could not be read'));
		return conclude('disclosure', [fail('form', parsed.problem), ...rest], noFacts);
	}
	const disclosure = parsed.value;
	const checks: Check[] = [pass('form', 'it is whole and canonical')];
	const read = readEntries(disclosure);
	checks.push(read.check);
	const {checks: headChecks, head} = await checkHead(disclosure.checkpoint, trust);
	checks.push(...headChecks);
	if (head !== undefined) checks.push(await checkReader(needs, disclosure, head, trust));
	const {shown} = read;
	const facts = {
		...noFacts,
		origin: head?.origin,
		size: head?.size,
		root: head && toBase64(head.root),
		...claimedAnchors(disclosure),
	};
	if (head === undefined || shown === undefined) {
		const reason = head === undefined ? 'there is no checkpoint to lead to' : 'the entries could not be read';
		const rest = afterForm.slice(afterForm.indexOf(head === undefined ? 'reader' : 'inclusion')).map(name => skipped(name, reason));
		return conclude('disclosure', [...checks, ...rest], {...facts, disclosure: describe(disclosure, [], [], undefined)});
	}

	const opened = openGroups(hasher, disclosure, shown, head);
	const tallies = checkTallies(hasher, disclosure, head);
	const completeness = checkAllComplete(disclosure, opened.groups, tallies.tallies, head);
	const register = checkRegister(disclosure, opened.groups[disclosure.register?.of ?? -1], shown);
	checks.push(
		checkInclusion(hasher, disclosure, head),
		opened.check,
		checkSources(hasher, disclosure, shown),
		checkNumbers(opened.groups),
		checkTimes(disclosure, opened.groups, tallies.tallies),
		tallies.check,
		completeness.check,
		register.check,
	);
	const told = {...facts, disclosure: describe(disclosure, opened.groups, completeness.of, register.facts)};
	if (!isCommitted(checks)) {
		checks.push(...uncheckedAnchors(disclosure, trust, 'a check before it failed'));
		return conclude('disclosure', checks, told);
	}
	const anchors = await checkAnchors(disclosure, head, trust, chain);
	checks.push(...anchors.checks);
	return conclude('disclosure', checks, {...told, ...anchors.facts, bracket: bracketOf(undefined, anchors.before)}, anchors.outside);
}

/** By a key that is trusted for the log, as the checkpoint is. */
async function checkReader(
	{hasher, verifySignature}: DisclosureNeeds,
	disclosure: Disclosure,
	head: TreeHead,
	trust: Trust,
): Promise<Check> {
	const keys = trust.logs.filter(key => key.name === head.origin);
	if (keys.length === 0) return fail('reader', `no trusted key for origin "${head.origin}" could have signed for whom it was made`);
	const message = disclosureMessage(hasher, disclosure);
	for (const {publicKey, keyId} of keys) {
		try {
			if (await verifySignature(publicKey, message, disclosure.signature))
				return pass('reader', `signed by key ${toHex(keyId)}: for whom it was made, what for, and what it shows`);
		} catch (error) {
			return fail('reader', `the signature could not be checked: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	return fail('reader', `for whom it was made is not signed by the key that is trusted for origin "${head.origin}"`);
}

function readEntries({indexes, entries}: Disclosure): {readonly check: Check; readonly shown: readonly ShownEntry[] | undefined} {
	const shown: ShownEntry[] = [];
	for (const [i, index] of indexes.entries()) {
		const bytes = entries.subarray(i * entryLength, (i + 1) * entryLength);
		const problem = entryProblem(bytes);
		if (problem !== undefined) return {check: fail('entry', `index ${index}: ${problem}`), shown: undefined};
		shown.push({index, entry: decodeEntry(bytes)});
	}
	if (shown.length === 0) return {check: fail('entry', 'it opens no entry'), shown: undefined};
	return {check: pass('entry', `${shown.length} ${shown.length === 1 ? 'entry' : 'entries'} can be read`), shown};
}

/** All entries, and the tally's at the last place, lead to the root together. */
function checkInclusion(hasher: Hasher, {indexes, entries, tally, proof}: Disclosure, head: TreeHead): Check {
	const leaves = packedLeafHashes(hasher, tally === undefined ? entries : concatBytes(entries, tally.entry));
	const places = tally === undefined ? indexes : [...indexes, head.size - 1];
	const root = rootFromMultiproof(hasher, {indexes: places, size: head.size, leaves, proof});
	const what = `what is opened, at ${places.length} ${places.length === 1 ? 'place' : 'places'},`;
	if (root !== undefined && equalBytes(root, head.root))
		return pass('inclusion', `${what} is in the tree of size ${head.size}; all the rest of it is ${proof.length / 32} hashes`);
	return fail('inclusion', `the proof does not show that ${what} is in the tree of size ${head.size} with the checkpoint's root`);
}

/** Sorts the entries by subject: first those that are opened, in the order of the openings, then the unnamed. */
function openGroups(
	hasher: Hasher,
	{subjects}: Disclosure,
	shown: readonly ShownEntry[],
	head: TreeHead,
): {readonly check: Check; readonly groups: readonly Group[]} {
	const bySubject = new Map<string, ShownEntry[]>();
	for (const one of shown) {
		const key = toHex(one.entry.subject);
		const own = bySubject.get(key);
		if (own === undefined) bySubject.set(key, [one]);
		else own.push(one);
	}
	const logName = parseOrigin(head.origin)?.logName;
	const groups: Group[] = [];
	let problem: string | undefined;
	let named = 0;
	for (const opening of subjects) {
		const key = logName === undefined ? '' : toHex(subjectHash(hasher, {logName, ...opening}));
		const own = bySubject.get(key) ?? [];
		bySubject.delete(key);
		groups.push({urn: opening.urn, shown: own});
		named += own.length;
		if (own.length === 0) problem ??= `"${opening.urn}" with its secret is the subject of no entry that is shown`;
		const channelProblem = createChannelCheck(hasher, opening, head.origin);
		for (const {index, entry} of own) {
			const wrong = channelProblem(entry);
			if (wrong !== undefined) problem ??= `index ${index}: ${wrong}`;
		}
	}
	for (const own of bySubject.values()) groups.push({urn: undefined, shown: own});
	if (problem !== undefined) return {check: fail('channel', problem), groups};
	if (named === 0) return {check: skipped('channel', 'no channel is named'), groups};
	const unnamed = shown.length - named;
	const rest = unnamed === 0 ? '' : `; ${unnamed} are of channels that stay unnamed`;
	return {check: pass('channel', `${named} entries are of ${subjects.map(({urn}) => urn).join(', ')}${rest}`), groups};
}

/** Each source that is shown is that of an entry that is shown, and says what the entry says of it. */
function checkSources(hasher: Hasher, {sources}: Disclosure, shown: readonly ShownEntry[]): Check {
	if (sources.length === 0) return skipped('arrival', 'what the entries came from is withheld');
	const bySource = new Map<string, ShownEntry[]>();
	for (const one of shown) {
		const key = `${one.entry.kind === kinds.reading} ${toHex(one.entry.source)}`;
		const own = bySource.get(key);
		if (own === undefined) bySource.set(key, [one]);
		else own.push(one);
	}
	let entries = 0;
	for (const [i, source] of sources.entries()) {
		const hashWith = (tag: Uint8Array): string => toHex(sourceHash(hasher, tag, source.salt, source.record));
		const own = [...(bySource.get(`true ${hashWith(tags.arrival)}`) ?? []), ...(bySource.get(`false ${hashWith(tags.body)}`) ?? [])];
		if (own.length === 0) return fail('arrival', `source ${i} is not what any entry that is shown came from`);
		for (const {index, entry} of own) {
			const {check} = checkArrival(hasher, source, entry, index);
			if (check.result === 'fail') return fail('arrival', `index ${index}: ${check.reason}`);
		}
		entries += own.length;
	}
	return pass('arrival', `${sources.length} messages or bodies are what ${entries} of the entries came from`);
}

const asPlaced = ({shown}: Group): Placed[] => shown.map(({index, entry}) => ({index, entry}));

function checkNumbers(groups: readonly Group[]): Check {
	for (const group of groups) {
		const check = checkOrder(asPlaced(group));
		if (check.result === 'fail') return check;
	}
	return pass('order', 'indexes rise, and in each channel the numbers');
}

/** Without a register: that shows readings at the ends of the period, which may lie outside of it. */
function checkTimes({period, register}: Disclosure, groups: readonly Group[], tallies: ReadonlyMap<number, CheckedTally>): Check {
	if (period === undefined) return skipped('period', 'it is for no period');
	if (period.fromMs > period.toMs)
		return fail('period', `it is for a period that ends (${period.toMs} ms) before it begins (${period.fromMs} ms)`);
	if (register !== undefined) return skipped('period', 'it shows the readings at the ends of a period, each with its own time');
	for (const [i, group] of groups.entries()) {
		const check = checkPeriod(asPlaced(group), period.fromMs, period.toMs, tallies.get(i));
		if (check.result === 'fail') return check;
	}
	return pass('period', 'what is shown was measured in the period that it is for, or is said to lie outside of it by its own time');
}

function checkTallies(
	hasher: Hasher,
	{tally, subjects}: Disclosure,
	head: TreeHead,
): {readonly check: Check; readonly tallies: ReadonlyMap<number, CheckedTally>} {
	const tallies = new Map<number, CheckedTally>();
	if (tally === undefined) return {check: skipped('tally', 'it has no tally'), tallies};
	const {entry, source, openings} = tally;
	if (openings.length === 0) return {check: fail('tally', 'the tally is not opened at any channel'), tallies};
	for (const opening of openings) {
		const subject = subjects[opening.of];
		if (subject === undefined || tallies.has(opening.of))
			return {check: fail('tally', `the tally is opened at subject ${opening.of}, which is not there, or twice`), tallies};
		const checked = checkTally(hasher, {entry, source, ...opening}, subject, head);
		if (checked.tally === undefined) return {check: checked.check, tallies};
		tallies.set(opening.of, checked.tally);
	}
	return {
		check: pass('tally', `the last entry under the checkpoint is a tally; it is opened at ${openings.length} of the channels`),
		tallies,
	};
}

/** Only of channels at which the tally is opened is it said that nothing was left out. */
function checkAllComplete(
	{register, tally}: Disclosure,
	groups: readonly Group[],
	tallies: ReadonlyMap<number, CheckedTally>,
	head: TreeHead,
): {readonly check: Check; readonly of: readonly (Completeness | undefined)[]} {
	const notAsked =
		register === undefined ? 'what else the channels have is not shown, nor how much it is' : 'nothing is shown of what lies between';
	if (tally === undefined) return {check: skipped('completeness', notAsked), of: []};
	const epoch = parseOrigin(head.origin)?.epoch ?? 1;
	const found = groups.map((group, i) => {
		const counted = tallies.get(i);
		return counted && checkCompleteness(asPlaced(group), counted, epoch);
	});
	const of = found.map(one => one?.completeness);
	const checks = found.flatMap((one, i) => (one === undefined ? [] : [{urn: groups[i]?.urn, check: one.check}]));
	const worst = checks.find(({check}) => check.result === 'fail') ?? checks.find(({check}) => check.result === 'skipped') ?? checks[0];
	if (worst === undefined) return {check: skipped('completeness', notAsked), of};
	const {result, reason} = worst.check;
	return {check: {name: 'completeness', result, reason: `${worst.urn}: ${reason}`}, of};
}

/** What the pairs say together. In each both readings count, of one life of the counter. */
function checkRegister(
	{register}: Disclosure,
	group: Group | undefined,
	shown: readonly ShownEntry[],
): {readonly check: Check; readonly facts?: DisclosureFacts['register']} {
	if (register === undefined) return {check: skipped('register', 'it is not about what a register counted')};
	const wrong = (reason: string) => ({check: fail('register', reason)});
	if (group?.urn === undefined) return wrong('the register that it is about is not named');
	if (group.shown.length !== shown.length) return wrong('it has entries of another channel than the register');
	const misplaced = placesProblem(register, shown.length);
	if (misplaced !== undefined) return wrong(misplaced);
	const pairs: {from: ReturnType<typeof describeEntry>; to: ReturnType<typeof describeEntry>; rise: string}[] = [];
	let total = 0n;
	let exponent: number | undefined;
	let life = -1;
	for (const pair of register.pairs) {
		const [from, to] = [shown[pair.from]!, shown[pair.to]!];
		for (const {index, entry} of [from, to]) {
			if (entry.kind !== kinds.reading || quantityOfCode(entry.quantity)?.kind !== 'register')
				return wrong(`index ${index} is no reading of a register`);
			const uncounted = entry.quality & uncountedQualities;
			if (uncounted !== 0) return wrong(`index ${index} does not count: ${qualityNames(uncounted).join(', ')}`);
			exponent ??= entry.exponent;
			if (entry.exponent !== exponent) return wrong(`index ${index} has another exponent than the reading before it`);
		}
		if (from.entry.span !== to.entry.span) return wrong(`the counter began anew between index ${from.index} and index ${to.index}`);
		if (from.entry.span <= life) return wrong(`index ${from.index} is of no later life of the counter than the pair before it`);
		if (timeIn(from.entry) > timeIn(to.entry)) return wrong(`index ${to.index} was measured before index ${from.index}`);
		if (to.entry.value < from.entry.value) return wrong(`the register falls from index ${from.index} to index ${to.index}`);
		life = to.entry.span;
		const rise = to.entry.value - from.entry.value;
		total += rise;
		pairs.push({
			from: describeEntry(from.entry, from.index),
			to: describeEntry(to.entry, to.index),
			rise: decimalText(rise, exponent ?? 0),
		});
	}
	const facts = {urn: group.urn, pairs, total: decimalText(total, exponent ?? 0), unit: pairs[0]!.from.unit ?? ''};
	const what =
		pairs.length === 1
			? 'both readings count, in one life of the counter'
			: `in each of ${pairs.length} lives of the counter both readings count`;
	return {check: pass('register', `${what}; whether another entry corrects one of them is not shown`), facts};
}

const timeIn = ({measuredAtMs, arrivedAtMs}: Entry): number => (measuredAtMs === 0 ? arrivedAtMs : measuredAtMs);

/** The pairs take up the whole list: nothing beside them is opened. */
function placesProblem({pairs}: DisclosedRegister, entries: number): string | undefined {
	if (pairs.length === 0) return 'it has no pair of readings';
	const places = pairs.flatMap(({from, to}) => [from, to]).sort((a, b) => a - b);
	const fits = places.length === entries && places.every((place, i) => place === i);
	return fits ? undefined : 'its pairs are not exactly the entries that are shown';
}

function describe(
	disclosure: Disclosure,
	groups: readonly Group[],
	completeness: readonly (Completeness | undefined)[],
	register: DisclosureFacts['register'],
): DisclosureFacts {
	const {reader, period, indexes, sources} = disclosure;
	const named = groups.filter(({urn}) => urn !== undefined);
	return {
		reader: reader.name,
		purpose: reader.purpose,
		madeAtMs: reader.madeAtMs,
		fromMs: period?.fromMs,
		toMs: period?.toMs,
		entries: indexes.length,
		unnamed: indexes.length - named.reduce((sum, {shown}) => sum + shown.length, 0),
		sources: sources.length,
		channels: named.map(({urn, shown}, i) => {
			const [first, last] = [shown[0], shown.at(-1)];
			return {
				urn: urn!,
				entries: shown.length,
				readings: shown.filter(({entry}) => entry.kind === kinds.reading).length,
				first: first && describeEntry(first.entry, first.index),
				last: last && describeEntry(last.entry, last.index),
				completeness: completeness[i],
			};
		}),
		register,
	};
}
