// Makes disclosures: gathers the entries that one reader is to see, and one proof for them, and has the log's key sign for whom they are. All the rest of the log stays hashes.

import {equalBytes, toHex, utf8} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {decodeArrival} from '../format/arrival.ts';
import {parseCheckpoint} from '../format/checkpoint.ts';
import {correctionOf} from '../format/correction.ts';
import {
	type DisclosedRegister,
	type Disclosure,
	type DisclosureReader,
	disclosureEntriesMax,
	disclosureMessage,
	disclosureSourcesMax,
	disclosureSubjectsMax,
	formatDisclosure,
	readerNameLengthMax,
	readerPurposeLengthMax,
	registerPairsMax,
	type UnsignedDisclosure,
} from '../format/disclosure.ts';
import {decodeEntry, type Entry, entryLength, type Index, kinds, packedLeafHashes, qualities, uncountedQualities} from '../format/entry.ts';
import type {SourceOpening} from '../format/evidence.ts';
import {parseHistory} from '../format/history.ts';
import {quantityOfCode} from '../format/quantity.ts';
import {rootFromMultiproof} from '../merkle/multiproof.ts';
import type {Channel, Issuer, Needs} from './issue.ts';

/** All that disclosing needs of the rest of the agent. */
export type DiscloserNeeds<C extends Channel> = Pick<
	Needs<C>,
	'hasher' | 'head' | 'entry' | 'source' | 'channelOf' | 'multiproof' | 'range' | 'at' | 'anchoredAbove'
> & {
	readonly history: Issuer<C>['history'];
	/** 64 bytes of Ed25519 by the log's key. */
	readonly sign: (message: Uint8Array) => Uint8Array;
};

export type ChosenEntries = {
	readonly indexes: readonly Index[];
	/** Names their channels. @default true */
	readonly withChannels?: boolean;
	/** Shows what they came from: messages as they arrived, and bodies. Not without the channels, which those name. @default false */
	readonly withSources?: boolean;
};

export type Discloser<C extends Channel> = {
	/** Entries chosen one by one. Fails with ENTRY_UNKNOWN or ARGUMENT_INVALID. */
	readonly entries: (reader: DisclosureReader, chosen: ChosenEntries) => Promise<string>;
	/** All of a channel in a period, times from … to, both included, and on to the tally of an anchored checkpoint; see Issuer.history. */
	readonly channel: (reader: DisclosureReader, channel: C, fromMs: number, toMs: number) => Promise<string>;
	/**
	 * What a register counted in a period, and not how: the newest reading at its beginning and the newest one at its end. A counter that began anew is shown by such a pair for each
	 * of its lives. Readings that somebody corrected are passed over.
	 */
	readonly register: (reader: DisclosureReader, channel: C, fromMs: number, toMs: number) => Promise<string>;
};

/** Entries that are looked at to find one that counts, going back from the beginning of a period. */
const stepsBackMax = 1000;
const correctionsMax = 10_000;

type Placed = {readonly index: Index; readonly entry: Entry; readonly bytes: Uint8Array};

const timeOf = ({measuredAtMs, arrivedAtMs}: Entry): number => (measuredAtMs === 0 ? arrivedAtMs : measuredAtMs);

export function createDiscloser<C extends Channel>(needs: DiscloserNeeds<C>): Discloser<C> {
	const {hasher} = needs;

	const sealed = (disclosure: UnsignedDisclosure): string => {
		const problem = readerProblem(disclosure.reader);
		if (problem !== undefined) throw new AgentError('ARGUMENT_INVALID', problem);
		return formatDisclosure(hasher, {...disclosure, signature: needs.sign(disclosureMessage(hasher, disclosure))});
	};

	const checkpointAbove = async (index: Index): Promise<Pick<Disclosure, 'checkpoint' | 'anchors' | 'timestamps'>> => {
		const anchored = await needs.anchoredAbove(index);
		if (anchored !== undefined && (parseCheckpoint(anchored.note)?.size ?? 0) > index)
			return {checkpoint: anchored.note, anchors: anchored.anchors, timestamps: anchored.timestamps};
		const head = await needs.head();
		if (head !== undefined && head.size > index) return {checkpoint: head.note, anchors: [], timestamps: []};
		throw new AgentError('ENTRY_UNKNOWN', `no released checkpoint covers entry ${index} yet`, {
			hint: 'A running agent releases within a second; kedge status says what holds it back. If it is stopped, start it.',
		});
	};

	/** Entries, their checkpoint and the proof. An entry that was edited since it was signed is never handed out as evidence. */
	const proven = async (indexes: readonly Index[]) => {
		if (indexes.length === 0) throw new AgentError('ARGUMENT_INVALID', 'a disclosure opens at least one entry');
		if (indexes.length > disclosureEntriesMax)
			throw new AgentError('ARGUMENT_INVALID', `a disclosure opens at most ${disclosureEntriesMax} entries`);
		const covered = await checkpointAbove(indexes.at(-1)!);
		const {size, root} = parseCheckpoint(covered.checkpoint)!;
		const entries = new Uint8Array(indexes.length * entryLength);
		for (const [i, index] of indexes.entries()) entries.set(await needs.entry(index), i * entryLength);
		const proof = await needs.multiproof(indexes, size);
		const found = rootFromMultiproof(hasher, {indexes, size, leaves: packedLeafHashes(hasher, entries), proof});
		if (found === undefined || !equalBytes(found, root))
			throw new AgentError('LOG_CORRUPT', 'the entries do not lead to the root that was signed: something was edited or damaged', {
				hint: 'Run: kedge audit',
			});
		return {...covered, indexes, entries, proof};
	};

	/** Numbers of readings that an entry of the channel in this time corrects. */
	const correctedNumbers = async (channel: C, fromMs: number, toMs: number): Promise<Set<number>> => {
		const corrected = new Set<number>();
		for await (const {index, entry} of needs.range(channel, fromMs, toMs)) {
			const {kind, quality} = decodeEntry(entry);
			if (kind !== kinds.reading || (quality & qualities.correction) === 0) continue;
			if (corrected.size >= correctionsMax)
				throw new AgentError('ARGUMENT_INVALID', `the period has more than ${correctionsMax} corrections`);
			const arrival = decodeArrival((await needs.source(index)).record);
			const correction = arrival && correctionOf(arrival);
			if (correction !== undefined) corrected.add(correction.corrects.number);
		}
		return corrected;
	};

	/** Readings that take up, in each life of the counter, all that it counted in the period. */
	const registerEnds = async (channel: C, fromMs: number, toMs: number): Promise<Placed[][]> => {
		const corrected = await correctedNumbers(channel, fromMs, toMs);
		const counts = ({kind, quality, quantity, number}: Entry): boolean =>
			kind === kinds.reading &&
			quantityOfCode(quantity)?.kind === 'register' &&
			(quality & uncountedQualities) === 0 &&
			!corrected.has(number);
		const lives = new Map<number, {first: Placed; last: Placed}>();
		let timeMs = fromMs;
		for (let steps = 0; steps < stepsBackMax; steps += 1) {
			const found = await needs.at(channel, timeMs);
			if (found === undefined) break;
			const entry = decodeEntry(found.entry);
			if (counts(entry)) {
				const start = {index: found.index, entry, bytes: found.entry};
				lives.set(entry.span, {first: start, last: start});
				break;
			}
			timeMs = timeOf(entry) - 1;
		}
		for await (const {index, entry: bytes} of needs.range(channel, fromMs, toMs)) {
			const entry = decodeEntry(bytes);
			if (!counts(entry)) continue;
			const one = {index, entry, bytes};
			const life = lives.get(entry.span);
			if (life === undefined) {
				if (lives.size > registerPairsMax)
					throw new AgentError('ARGUMENT_INVALID', `the counter began anew more than ${registerPairsMax} times in the period`, {
						hint: 'Ask for shorter periods.',
					});
				lives.set(entry.span, {first: one, last: one});
				continue;
			}
			if (timeOf(entry) < timeOf(life.first.entry)) life.first = one;
			if (timeOf(entry) >= timeOf(life.last.entry)) life.last = one;
		}
		return [...lives]
			.sort(([a], [b]) => a - b)
			.filter(([, {first, last}]) => first.index !== last.index)
			.map(([, {first, last}]) => [first, last]);
	};

	return {
		entries: async (reader, {indexes, withChannels = true, withSources = false}) => {
			if (withSources && !withChannels)
				throw new AgentError('ARGUMENT_INVALID', 'what entries came from names their channels: it cannot be shown without them');
			const shown = await proven([...new Set(indexes)].sort((a, b) => a - b));
			const subjects = new Map<string, C>();
			const sources = new Map<string, SourceOpening>();
			for (let i = 0; i < shown.indexes.length; i += 1) {
				const entry = decodeEntry(shown.entries.subarray(i * entryLength, (i + 1) * entryLength));
				const channel = withChannels ? await needs.channelOf(entry.subject) : undefined;
				if (channel !== undefined) subjects.set(toHex(entry.subject), channel);
				const key = `${entry.kind === kinds.reading} ${toHex(entry.source)}`;
				if (withSources && !sources.has(key)) sources.set(key, await needs.source(shown.indexes[i]!));
			}
			if (subjects.size > disclosureSubjectsMax || sources.size > disclosureSourcesMax)
				throw new AgentError(
					'ARGUMENT_INVALID',
					`a disclosure opens at most ${disclosureSubjectsMax} channels and ${disclosureSourcesMax} messages`,
				);
			return sealed({
				reader,
				period: undefined,
				...shown,
				subjects: [...subjects.values()].map(({urn, secret}) => ({urn, secret})),
				sources: [...sources.values()],
				register: undefined,
				tally: undefined,
			});
		},
		channel: async (reader, channel, fromMs, toMs) => {
			const parsed = parseHistory(hasher, utf8(await needs.history(channel, fromMs, toMs)));
			if ('problem' in parsed) throw new AgentError('LOG_CORRUPT', `the history of ${channel.urn} cannot be read: ${parsed.problem}`);
			const {subject, checkpoint, indexes, entries, proof, tally, anchors, timestamps} = parsed.value;
			return sealed({
				reader,
				period: {fromMs, toMs},
				checkpoint,
				indexes,
				entries,
				proof,
				subjects: [subject],
				sources: [],
				register: undefined,
				tally: tally && {
					entry: tally.entry,
					source: tally.source,
					openings: [{of: 0, at: tally.at, leaves: tally.leaves, proof: tally.proof}],
				},
				anchors,
				timestamps,
			});
		},
		register: async (reader, channel, fromMs, toMs) => {
			const lives = await registerEnds(channel, fromMs, toMs);
			if (lives.length === 0)
				throw new AgentError('ENTRY_UNKNOWN', `${channel.urn} has no two readings of one life of its counter for this period`, {
					hint: 'Only a register counts up, and only readings that nobody corrected count.',
				});
			const indexes = lives
				.flat()
				.map(({index}) => index)
				.sort((a, b) => a - b);
			const place = ({index}: Placed): number => indexes.indexOf(index);
			const register: DisclosedRegister = {of: 0, pairs: lives.map(([from, to]) => ({from: place(from!), to: place(to!)}))};
			const shown = await proven(indexes);
			return sealed({
				reader,
				period: {fromMs, toMs},
				...shown,
				subjects: [{urn: channel.urn, secret: channel.secret}],
				sources: [],
				register,
				tally: undefined,
			});
		},
	};
}

function readerProblem({name, purpose}: DisclosureReader): string | undefined {
	if (name.trim() === '' || name.length > readerNameLengthMax) return `the name of a reader has 1 to ${readerNameLengthMax} characters`;
	if (purpose.length > readerPurposeLengthMax) return `the purpose has at most ${readerPurposeLengthMax} characters`;
	return /[\p{Cc}\p{Surrogate}]/u.test(name + purpose) ? 'name and purpose of a reader are one line of text each' : undefined;
}
