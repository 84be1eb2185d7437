// The disclosure: chosen entries of a log for one named reader, with one proof for all of them. Everything else stays a hash.

import {concatBytes, toBase64, utf8} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {canonicalText, canonicalTextWithDigest, type Fields, type Json, type Parsed, parseDocument, shapeError} from './document.ts';
import {entryLength, type Index} from './entry.ts';
import {
	hasProofs,
	type Outside,
	readOutside,
	readSource,
	readSubject,
	type SourceOpening,
	type SubjectOpening,
	writeOutside,
	writeSource,
	writeSubject,
} from './evidence.ts';
import {
	type HistoryTally,
	historyEntriesMax,
	historyLengthMax,
	type PackedTexts,
	packIndexes,
	readPackedEntries,
	readTallyLeaves,
	tallyLeavesMax,
	writeTallyLeaves,
} from './history.ts';
import {packedOf} from './packed.ts';
import {tags} from './tags.ts';

/** For whom it was made, and what for: the words of whoever holds the log's key, who signs them. */
export type DisclosureReader = {
	readonly name: string;
	readonly purpose: string;
	readonly madeAtMs: number;
};

/** The tally entry at the end of the checkpoint, opened, with the leaves of some of the opened channels. */
export type DisclosureTally = Pick<HistoryTally, 'entry' | 'source'> & {
	readonly openings: readonly (Pick<HistoryTally, 'at' | 'leaves' | 'proof'> & {
		/** Which of the opened subjects. */
		readonly of: number;
	})[];
};

/** Two readings of a register, by their places in the list of entries: it rose from the first to the second. */
export type RegisterPair = {readonly from: number; readonly to: number};

/** What a register counted in a period, shown by the readings at its ends and by nothing between them. */
export type DisclosedRegister = {
	/** Which of the opened subjects. */
	readonly of: number;
	/** One, or one for each life of the counter. They take up all entries of the list in their order. */
	readonly pairs: readonly RegisterPair[];
};

/** The anchors and time stamps are those of its checkpoint. */
export type Disclosure = Outside & {
	readonly reader: DisclosureReader;
	/** The period asked for, ms since 1970, both included; undefined where entries were chosen one by one. */
	readonly period: {readonly fromMs: number; readonly toMs: number} | undefined;
	/** The signed note of the checkpoint that the proof leads to. */
	readonly checkpoint: string;
	/** Places of the entries in the log, in its order. */
	readonly indexes: readonly Index[];
	/** The entries, 118 bytes each, packed in the same order. */
	readonly entries: Uint8Array;
	/** Packed hashes of the one multiproof for all entries, and for the tally entry if there is one. */
	readonly proof: Uint8Array;
	/** Opens subjects of entries; an entry of another subject stays unnamed. */
	readonly subjects: readonly SubjectOpening[];
	/** Opens sources of entries: messages as they arrived, and bodies. One may be the source of several entries. */
	readonly sources: readonly SourceOpening[];
	readonly register: DisclosedRegister | undefined;
	readonly tally: DisclosureTally | undefined;
	/**
	 * 64 bytes: Ed25519 of disclosureMessage, by the key of the log. So nobody makes it one for another reader, or for more or less than was shown: whoever passes it on passes on the
	 * name of whom it was made for.
	 */
	readonly signature: Uint8Array;
};

export type UnsignedDisclosure = Omit<Disclosure, 'signature'>;

export const disclosureFormat = 'kedge disclosure 1';
/** With a proof of a block or a time stamp in it. */
export const provenDisclosureFormat = 'kedge disclosure 2';
export const disclosureFormats: readonly string[] = [disclosureFormat, provenDisclosureFormat];
export const disclosureEntriesMax = historyEntriesMax;
export const disclosureLengthMax = historyLengthMax;
export const disclosureSubjectsMax = 1000;
export const disclosureSourcesMax = 20_000;
/** A counter that begins anew more often in one period is shown by all of its readings, or for shorter periods. */
export const registerPairsMax = 64;
export const readerNameLengthMax = 200;
export const readerPurposeLengthMax = 1000;
const signatureLength = 64;

/** The canonical text of a disclosure, digest included. */
export function formatDisclosure(hasher: Hasher, disclosure: Disclosure): string {
	return formatWith(hasher, disclosure, textsOf(disclosure));
}

/** What the log's key signs: everything that the disclosure says. */
export function disclosureMessage(hasher: Hasher, disclosure: UnsignedDisclosure): Uint8Array {
	return concatBytes(tags.disclosure, hasher.sha256(utf8(canonicalText(bodyOf(disclosure, textsOf(disclosure))))));
}

function textsOf({indexes, entries, proof}: UnsignedDisclosure): PackedTexts {
	return {indexes: toBase64(packIndexes(indexes)), entries: toBase64(entries), proof: toBase64(proof)};
}

function formatWith(hasher: Hasher, disclosure: Disclosure, texts: PackedTexts): string {
	return canonicalTextWithDigest(hasher, {...bodyOf(disclosure, texts), signature: toBase64(disclosure.signature)});
}

function bodyOf(disclosure: UnsignedDisclosure, texts: PackedTexts) {
	const {reader, period, register, tally} = disclosure;
	return {
		format: hasProofs(disclosure) ? provenDisclosureFormat : disclosureFormat,
		for: {name: reader.name, purpose: reader.purpose, madeAtMs: reader.madeAtMs},
		period: period && {fromMs: period.fromMs, toMs: period.toMs},
		checkpoint: disclosure.checkpoint,
		...texts,
		subjects: disclosure.subjects.map(writeSubject),
		sources: disclosure.sources.map(writeSource),
		register: register && {of: register.of, pairs: register.pairs.map(({from, to}) => ({from, to}))},
		tally: tally && {
			entry: toBase64(tally.entry),
			source: writeSource(tally.source),
			openings: tally.openings.map(({of, at, leaves, proof}) => ({of, at, leaves: writeTallyLeaves(leaves), proof: toBase64(proof)})),
		},
		...writeOutside(disclosure),
	} satisfies Json;
}

export function parseDisclosure(hasher: Hasher, bytes: Uint8Array): Parsed<Disclosure> {
	let texts: PackedTexts | undefined;
	return parseDocument(
		bytes,
		disclosureLengthMax,
		fields => {
			if (!disclosureFormats.includes(fields.text('format'))) shapeError(`format is not "${disclosureFormats.join('" or "')}"`);
			const packed = readPackedEntries(fields, disclosureEntriesMax);
			texts = packed.texts;
			return {
				reader: fields.object('for', readReader),
				period: fields.objectMaybe('period', of => ({fromMs: of.count('fromMs'), toMs: of.count('toMs')})),
				checkpoint: fields.text('checkpoint'),
				indexes: packed.indexes,
				entries: packed.entries,
				proof: packed.proof,
				subjects: fields.list('subjects', disclosureSubjectsMax, readSubject),
				sources: fields.list('sources', disclosureSourcesMax, readSource),
				register: fields.objectMaybe('register', readRegister),
				tally: fields.objectMaybe('tally', readTally),
				...readOutside(fields),
				signature: fields.bytes('signature', signatureLength),
			};
		},
		// Base64 that was read is canonical: these bytes have that one text.
		disclosure => formatWith(hasher, disclosure, texts!),
	);
}

function readReader(fields: Fields): DisclosureReader {
	const [name, purpose] = [fields.text('name'), fields.text('purpose')];
	if (name.length > readerNameLengthMax) shapeError(`for.name is longer than ${readerNameLengthMax}`);
	if (purpose.length > readerPurposeLengthMax) shapeError(`for.purpose is longer than ${readerPurposeLengthMax}`);
	return {name, purpose, madeAtMs: fields.count('madeAtMs')};
}

function readRegister(fields: Fields): DisclosedRegister {
	return {
		of: fields.count('of'),
		pairs: fields.list('pairs', registerPairsMax, pair => ({from: pair.count('from'), to: pair.count('to')})),
	};
}

function readTally(fields: Fields): DisclosureTally {
	return {
		entry: fields.bytes('entry', entryLength),
		source: fields.object('source', readSource),
		openings: fields.list('openings', disclosureSubjectsMax, opening => ({
			of: opening.count('of'),
			at: opening.count('at'),
			leaves: readTallyLeaves(opening.texts('leaves', tallyLeavesMax)),
			proof: packedOf(opening, 'proof', hashLength, Number.POSITIVE_INFINITY).bytes,
		})),
	};
}
