// Packs evidence: gathers all entries that an answer rests on, what they came from and what proves them, and writes them as one package.

import {concatBytes, copyBytes, equalBytes, toHex, viewOf} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {decodeArrival} from '../format/arrival.ts';
import {parseCheckpoint, parseOrigin} from '../format/checkpoint.ts';
import {correctionOf} from '../format/correction.ts';
import {crc32} from '../format/crc.ts';
import {deflate} from '../format/deflate.ts';
import {
	type EntryNumber,
	entryLength,
	type Index,
	kinds,
	noteKinds,
	outlineEntry,
	packedLeafHashes,
	qualities,
	type Size,
} from '../format/entry.ts';
import type {Outside, SourceOpening, SubjectOpening} from '../format/evidence.ts';
import {
	type EvidenceManifest,
	formatManifest,
	type PackageBasis,
	type PackageFile,
	type PackageQuestion,
	packageEntriesMax,
	packageLengthMax,
	packageSubjectsMax,
	type Recount,
} from '../format/evidence-package.ts';
import {
	manifestName,
	type PackedRefusal,
	packOpening,
	packRefusals,
	packTallyPart,
	pieceBytes,
	pieceName,
	proofName,
	refusalsName,
	tallyName,
} from '../format/evidence-package-files.ts';
import {createOutline, type PackageSubjects} from '../format/evidence-package-outline.ts';
import {createSegmentCodec, segmentEntriesMax} from '../format/evidence-package-segment.ts';
import {isMemberName, type ZipMember, zipDirectory, zipLocalHeader} from '../format/evidence-package-zip.ts';
import {agentUrn, deviceUrn, parseChannelUrn} from '../format/subject.ts';
import {createSubjectTable} from '../format/subject-table.ts';
import {decodeTally, type TallyLeaf, tallyRoot} from '../format/tally.ts';
import {createMultiproofFold, createNodeGathering, multiproofRanges} from '../merkle/multiproof.ts';

/** A subject of the log. */
export type PackChannel = SubjectOpening & {
	readonly subject: Uint8Array;
	/** Index of its enrolment. */
	readonly enrolled: Index;
	readonly lastNumber: EntryNumber;
};

type FoundEntry = {readonly index: Index; readonly entry: Uint8Array};

/** All that packing needs of the rest of the agent; a log's reader fits most of it. */
export type PackNeeds<C extends PackChannel> = {
	readonly hasher: Hasher;
	/** [GB/T 32905-2016] */
	readonly sm3: (bytes: Uint8Array) => Uint8Array;
	readonly channels: () => Promise<readonly C[]>;
	/** Packed entries of the indexes begin … end−1. */
	readonly entries: (begin: Index, end: Index) => Promise<Uint8Array>;
	readonly source: (index: Index) => Promise<SourceOpening>;
	/** What the entries of the indexes begin … end−1 came from, once for all that share it. */
	readonly sources: (
		begin: Index,
		end: Index,
	) => AsyncIterable<{readonly begin: Index; readonly end: Index; readonly salt: Uint8Array; readonly record: Uint8Array | undefined}>;
	readonly range: (channel: C, fromMs: number, toMs: number) => AsyncIterable<FoundEntry>;
	readonly between: (channel: C, begin: Index, end: Index) => AsyncIterable<FoundEntry>;
	readonly indexOfNumber: (channel: C, number: EntryNumber) => Promise<Index | undefined>;
	/** The newest reading of a channel with a time not after `timeMs`. */
	readonly before: (channel: C, timeMs: number) => Promise<{readonly index: Index} | undefined>;
	readonly multiproof: (indexes: readonly Index[], size: Size) => Promise<Uint8Array>;
	readonly tallyAt: (size: Size) => Promise<readonly TallyLeaf[]>;
	/** Refused messages that the quarantine still has, in the order of their arrival. */
	readonly refusals: () => Promise<readonly PackedRefusal[]>;
	readonly recountOf: (question: PackageQuestion) => Recount;
};

export type PackOrder = {
	readonly question: PackageQuestion;
	/** What the ledgers say that the answer rests on. */
	readonly basis: PackageBasis;
	readonly origin: string;
	readonly checkpoint: Outside & {readonly note: string};
	readonly madeAtMs: number;
	readonly program: string;
	readonly verifierSha256: Uint8Array | undefined;
	readonly withArrivals: boolean;
	/** Files that people read, made from the manifest as far as it is known. */
	readonly coverOf: (manifest: EvidenceManifest) => Promise<readonly {readonly name: string; readonly bytes: Uint8Array}[]>;
	/** Appends to the file that is being made. */
	readonly write: (bytes: Uint8Array) => Promise<void>;
	readonly onProgress: (step: 'gather' | 'answer' | 'write', done: number, all: number) => void;
};

export type PackResult = {readonly manifest: EvidenceManifest; readonly length: number; readonly entriesLength: number};

/** Entries of the log that are looked through at once. */
const chunkEntries = 8192;
/** Where so few of the log's entries are wanted, they are looked up one channel after the other, if they fit into memory. */
const sparseFactor = 64;
const sparseEntriesMax = 500_000;
/** Steps back to find a reading from before the period; each is two look-ups, for each of the channels. */
const stepsBackMax = 2000;
/** Entries of the agent that are looked through for a beacon, doubled eight times over. */
const beaconLookMax = 8 ** 8;
/** Entries of the agent that are taken from in front of what bounds the readings, so that its notes of the whole period are there: those of a year with one an hour. */
const agentEntriesMax = 10_000;

const tooLarge = (what: string): AgentError =>
	new AgentError('ARGUMENT_INVALID', `a package holds at most ${what}`, {hint: 'Ask for shorter periods, or leave the arrivals out.'});

const notSigned = (what: string): AgentError =>
	new AgentError('LOG_CORRUPT', `${what}: something was edited or damaged`, {hint: 'Run: kedge audit'});

const byUrn = (a: {readonly urn: string}, b: {readonly urn: string}): number => (a.urn < b.urn ? -1 : 1);

/** Writes files one behind the other, and in the end the directory. */
function createZipWriter(order: PackOrder, digests: Pick<PackNeeds<PackChannel>, 'hasher' | 'sm3'>) {
	const members: ZipMember[] = [];
	const files: PackageFile[] = [];
	let length = 0;
	const append = async (name: string, bytes: Uint8Array): Promise<void> => {
		if (!isMemberName(name) || members.some(member => member.name === name))
			throw new AgentError('ARGUMENT_INVALID', `a package holds no file of the name "${name}", or has it already`);
		const crc = crc32(bytes);
		const header = zipLocalHeader({name, length: bytes.length, crc});
		members.push({name, offset: length + header.length, length: bytes.length, crc});
		length += header.length + bytes.length;
		if (length + zipDirectory(members).length > packageLengthMax) throw tooLarge(`${packageLengthMax} bytes`);
		await order.write(header);
		await order.write(bytes);
	};
	return {
		files,
		add: async (name: string, bytes: Uint8Array, unpacked?: number): Promise<void> => {
			files.push({name, length: bytes.length, sha256: digests.hasher.sha256(bytes), sm3: digests.sm3(bytes), unpacked});
			await append(name, bytes);
		},
		/** Ends the file with its manifest; gives its length. */
		end: async (manifest: Uint8Array): Promise<number> => {
			await append(manifestName, manifest);
			const directory = zipDirectory(members);
			await order.write(directory);
			return length + directory.length;
		},
	};
}

/** Writes the package that an order asks for. Fails with ENTRY_UNKNOWN where no ledger answers, with ENTRY_PRUNED where the log no longer has what is needed. */
export async function packPackage<C extends PackChannel>(needs: PackNeeds<C>, order: PackOrder): Promise<PackResult> {
	const {hasher} = needs;
	const checkpoint = parseCheckpoint(order.checkpoint.note);
	const log = parseOrigin(order.origin);
	if (checkpoint === undefined || log === undefined) throw notSigned('the checkpoint cannot be read');
	const size: number = checkpoint.size;
	const {fromMs, toMs} = order.question;

	const known = new Map((await needs.channels()).filter(({enrolled}) => enrolled < size).map(channel => [channel.urn, channel]));
	const agent = known.get(agentUrn(log.logName));
	if (agent === undefined) throw notSigned('the agent of the log is not enrolled in it');
	const wanted = new Map<string, {fromMs: number; toMs: number}>();
	for (const {urn, ...period} of order.basis.channels) {
		const merged = wanted.get(urn);
		wanted.set(
			urn,
			merged === undefined ? period : {fromMs: Math.min(merged.fromMs, period.fromMs), toMs: Math.max(merged.toMs, period.toMs)},
		);
	}
	const channels = [...wanted].flatMap(([urn, period]) => (known.has(urn) ? [{channel: known.get(urn)!, urn, ...period}] : [])).sort(byUrn);
	const accounts = [...new Set(order.basis.statements)].flatMap(urn => known.get(urn) ?? []).sort(byUrn);
	const deviceUrns = new Set(channels.map(({urn}) => deviceUrn(parseChannelUrn(urn)?.deviceId ?? '')));
	const devices = [...deviceUrns].flatMap(urn => known.get(urn) ?? []).sort(byUrn);
	const absent = [...new Set([...wanted.keys(), ...order.basis.statements])].filter(urn => !known.has(urn)).sort();
	if (channels.length + accounts.length + devices.length >= packageSubjectsMax)
		throw tooLarge(`${packageSubjectsMax} channels and accounts`);

	const opening = ({urn, secret}: C): {readonly subject: SubjectOpening} => ({subject: {urn, secret}});
	const subjects: PackageSubjects = {
		channels: channels.map(({channel, ...period}) => ({...opening(channel), fromMs: period.fromMs, toMs: period.toMs})),
		accounts: accounts.map(opening),
		devices: devices.map(opening),
		agent: opening(agent),
	};
	const places = [...channels.map(({channel}) => channel), ...accounts, ...devices, agent];
	const hashes = places.map(({subject}) => subject);
	const table = createSubjectTable();
	for (const hash of hashes) table.add(hash);

	// Where each subject begins: accounts and devices with their first entry, channels with what shows that nothing of the period came before.
	const begins = new Float64Array(places.length);
	let firstReading = size;
	let expected = 0;
	for (const [place, {channel, ...period}] of channels.entries()) {
		const begin = await beginOf(needs, channel, period.fromMs, period.toMs, size);
		begins[place] = begin.index;
		if (begin.firstReading !== undefined) firstReading = Math.min(firstReading, begin.firstReading);
		expected += channel.lastNumber - begin.number + 1;
	}
	begins[places.length - 1] = await periodBegin(needs, agent, {fromMs, toMs}, await agentBegin(needs, agent, firstReading, size));

	const zip = createZipWriter(order, needs);
	const codec = createSegmentCodec(hashes);
	const outline = createOutline(subjects, hashes, size);
	const recount = needs.recountOf(order.question);
	for (const [place, {urn}] of places.entries()) recount.enrol(hashes[place]!, urn);
	const gathering = createNodeGathering(hasher);

	const bodies = createPieces('bodies', zip);
	const arrivals = createPieces('arrivals', zip);
	const indexes: number[] = [];
	let entriesLength = 0;
	let segments = 0;
	const segment = new Uint8Array(segmentEntriesMax * entryLength);
	const segmentIndexes = new Float64Array(segmentEntriesMax);
	let filled = 0;
	/** Of the segment that is being filled. */
	const bodyAt = new Map<number, Uint8Array>();
	const correctedAt = new Map<number, number>();
	/** The newest entries of each sort: another one with the same source shares what is shown of it. */
	const lastBody = {entry: new Uint8Array(0), record: new Uint8Array(0) as Uint8Array | undefined};
	const lastArrival = {entry: new Uint8Array(0), corrects: undefined as number | undefined};

	const flush = async (): Promise<void> => {
		if (filled === 0) return;
		const entries = segment.subarray(0, filled * entryLength);
		const here = segmentIndexes.subarray(0, filled);
		const packed = codec.encode({entries, indexes: here});
		await zip.add(pieceName('entries', segments), packed);
		entriesLength += packed.length;
		segments += 1;
		const leaves = packedLeafHashes(hasher, entries);
		for (let i = 0; i < filled; i += 1) gathering.add(here[i]!, leaves, i * hashLength);
		outline.add(entries, here, index => bodyAt.get(index));
		await recount.take(entries, here, {bodyOf: index => bodyAt.get(index), correctsOf: index => correctedAt.get(index)});
		bodyAt.clear();
		correctedAt.clear();
		filled = 0;
	};

	const isSameSource = (a: Uint8Array, entries: Uint8Array, at: number): boolean =>
		a.length === entryLength && equalBytes(a.subarray(86), entries.subarray(at + 86, at + entryLength));

	/** Takes an entry at an offset of packed ones; `sourceOf` gives what it came from, undefined where that was pruned. */
	const take = async (
		entries: Uint8Array,
		at: number,
		index: Index,
		sourceOf: (index: Index) => Promise<SourceOpening | undefined>,
	): Promise<void> => {
		if (indexes.length === packageEntriesMax) throw tooLarge(`${packageEntriesMax} entries`);
		const isReading = entries[at] === kinds.reading;
		if (!isReading) {
			if (!isSameSource(lastBody.entry, entries, at)) {
				const source = await sourceOf(index);
				if (source === undefined) throw new AgentError('ENTRY_PRUNED', `what entry ${index} says was pruned`);
				await bodies.add(source);
				lastBody.entry = entries.slice(at, at + entryLength);
				// A copy: what was read with it is as large as a batch.
				lastBody.record = copyBytes(source.record);
			}
			bodyAt.set(index, lastBody.record!);
		} else {
			const isCorrection = (entries[at + 53]! & (qualities.correction >> 16)) !== 0;
			if (isCorrection || order.withArrivals) {
				if (!isSameSource(lastArrival.entry, entries, at)) {
					const source = await sourceOf(index);
					if (isCorrection && source === undefined)
						throw new AgentError(
							'ENTRY_PRUNED',
							`the message of the correction at index ${index}, which says what it stands in for, was pruned`,
						);
					await arrivals.add(source);
					lastArrival.entry = entries.slice(at, at + entryLength);
					const arrival = isCorrection && source !== undefined ? decodeArrival(source.record) : undefined;
					lastArrival.corrects = arrival && correctionOf(arrival)?.corrects.number;
				}
				if (isCorrection && lastArrival.corrects !== undefined) correctedAt.set(index, lastArrival.corrects);
			}
		}
		segment.set(entries.subarray(at, at + entryLength), filled * entryLength);
		segmentIndexes[filled] = index;
		indexes.push(index);
		filled += 1;
		if (filled === segmentEntriesMax) await flush();
	};

	const lookUp = async (index: Index): Promise<SourceOpening | undefined> => {
		try {
			return await needs.source(index);
		} catch (error) {
			if (error instanceof AgentError && error.code === 'ENTRY_PRUNED') return undefined;
			throw error;
		}
	};

	// What few entries there are before the channels begin is looked up; from there on the log is read from end to end.
	let scanBegin: number = size;
	for (let place = 0; place < channels.length; place += 1) scanBegin = Math.min(scanBegin, begins[place]!);
	if ((size - scanBegin) / sparseFactor > expected && expected <= sparseEntriesMax) scanBegin = size;
	const early: FoundEntry[] = [];
	for (const [place, channel] of places.entries()) {
		if (place < channels.length && scanBegin < size) continue;
		for await (const found of needs.between(channel, begins[place]!, scanBegin)) {
			early.push({index: found.index, entry: found.entry});
			if (early.length > 4 * sparseEntriesMax) throw tooLarge(`${4 * sparseEntriesMax} entries that lie so far apart`);
		}
	}
	early.sort((a, b) => a.index - b.index);
	const all = early.length + expected;
	for (const {index, entry} of early) await take(entry, 0, index, lookUp);
	order.onProgress('gather', indexes.length, all);

	const walk = order.withArrivals ? createSourceWalk(needs.sources(scanBegin, size)) : undefined;
	const sourceOf = walk ?? lookUp;
	for (let begin = scanBegin; begin < size; begin += chunkEntries) {
		const end = Math.min(size, begin + chunkEntries);
		const entries = await needs.entries(begin, end);
		const view = viewOf(entries);
		for (let i = 0; i < end - begin; i += 1) {
			const place = table.find(view, i * entryLength);
			if (place >= 0 && begin + i >= begins[place]!) {
				if (!takeNow(entries, i * entryLength, begin + i)) await take(entries, i * entryLength, begin + i, sourceOf);
			}
		}
		order.onProgress('gather', indexes.length, Math.max(all, indexes.length));
	}
	await flush();
	await bodies.close();
	await arrivals.close();
	if (indexes.length === 0) throw new AgentError('ENTRY_UNKNOWN', 'the log has nothing of what is asked');

	order.onProgress('answer', 0, 1);
	const basis = await recount.basis();
	const counted = await recount.answer();
	if (basis === undefined || counted === undefined)
		throw new AgentError('ENTRY_UNKNOWN', `the log said nothing yet of ${order.question.about} ${order.question.id} at size ${size}`, {
			hint: 'The package is made as of an anchored checkpoint. Ask again when a newer one is anchored, or for the newest.',
		});
	order.onProgress('write', 0, 1);

	const proof = await needs.multiproof(indexes, size);
	const fold = createMultiproofFold(hasher, {size, proof});
	for (const {node, hash} of gathering.nodes()) fold.addNode(node, hash);
	const root = fold.root();
	// An entry that was edited since it was signed is never handed out as evidence.
	if (root === undefined || !equalBytes(root, checkpoint.root)) throw notSigned('the entries do not lead to the root that was signed');
	await zip.add(proofName, proof);

	let tallyNumbers: number[] | undefined;
	if (outline.contents(undefined).tally !== undefined) {
		const source = await needs.source(size - 1);
		const part = await tallyPart(needs, hashes, size - 1, source.record);
		tallyNumbers = part.numbers;
		await zip.add(tallyName, part.bytes);
	}
	const inPeriod = (await needs.refusals()).filter(({arrivedAtMs}) => arrivedAtMs >= fromMs && arrivedAtMs < toMs);
	const deviceIds = new Set(channels.map(({urn}) => parseChannelUrn(urn)!.deviceId));
	const shown = inPeriod.filter(({record}) => isOfDevice(record, deviceIds));
	if (shown.length > 0) await zip.add(refusalsName, packRefusals(shown));
	const counts = new Map<string, number>();
	for (const {reason} of inPeriod) counts.set(reason, (counts.get(reason) ?? 0) + 1);

	const manifestWith = (files: readonly PackageFile[]): EvidenceManifest => ({
		question: order.question,
		answer: counted.answer,
		method: {ledger: counted.ledger, ledgerVersion: counted.version, program: order.program, verifierSha256: order.verifierSha256},
		madeAtMs: order.madeAtMs,
		origin: order.origin,
		checkpoint: order.checkpoint.note,
		...outline.contents(tallyNumbers),
		absent,
		refusals: {
			counts: [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => ({reason, count})),
			shown: shown.length,
		},
		arrivals: order.withArrivals ? 'all' : 'corrections',
		anchors: order.checkpoint.anchors,
		timestamps: order.checkpoint.timestamps,
		files,
	});
	for (const {name, bytes} of await order.coverOf(manifestWith(zip.files))) await zip.add(name, bytes);
	const manifest = manifestWith([...zip.files]);
	const length = await zip.end(new TextEncoder().encode(formatManifest(hasher, manifest)));
	order.onProgress('write', 1, 1);
	return {manifest, length, entriesLength};

	/** The way of nearly all entries, without a promise: a reading of which nothing has to be opened, in a segment that has room. */
	function takeNow(entries: Uint8Array, at: number, index: Index): boolean {
		if (entries[at] !== kinds.reading || order.withArrivals || (entries[at + 53]! & (qualities.correction >> 16)) !== 0) return false;
		if (filled + 1 === segmentEntriesMax || indexes.length === packageEntriesMax) return false;
		segment.set(entries.subarray(at, at + entryLength), filled * entryLength);
		segmentIndexes[filled] = index;
		indexes.push(index);
		filled += 1;
		return true;
	}
}

/** Collects what entries came from into pieces, and writes each as a file when it is full. */
function createPieces(
	of: 'bodies' | 'arrivals',
	zip: {readonly add: (name: string, bytes: Uint8Array, unpacked?: number) => Promise<void>},
) {
	let openings: Uint8Array[] = [];
	let length = 0;
	let pieces = 0;
	const close = async (): Promise<void> => {
		if (length === 0) return;
		const piece = concatBytes(...openings);
		await zip.add(pieceName(of, pieces), deflate(piece), piece.length);
		pieces += 1;
		[openings, length] = [[], 0];
	};
	return {
		add: async (source: SourceOpening | undefined): Promise<void> => {
			const packed = packOpening(source);
			openings.push(packed);
			length += packed.length;
			if (length >= pieceBytes) await close();
		},
		close,
	};
}

/** What entries came from, for rising indexes, out of a stream that has all of them. */
function createSourceWalk(sources: ReturnType<PackNeeds<PackChannel>['sources']>): (index: Index) => Promise<SourceOpening | undefined> {
	const walk = sources[Symbol.asyncIterator]();
	let at: Awaited<ReturnType<typeof walk.next>> | undefined;
	return async index => {
		while (at === undefined || (at.done !== true && at.value.end <= index)) at = await walk.next();
		if (at.done === true || at.value.begin > index) throw notSigned(`what entry ${index} came from is missing`);
		const {salt, record} = at.value;
		return record && {salt, record};
	};
}

/**
 * Where a channel's part of a package begins: with its first entry, or with a reading from before the period behind which everything of the period lies. The newest reading before the period is
 * always in it: what a register counted in the period begins there.
 */
async function beginOf<C extends PackChannel>(
	needs: PackNeeds<C>,
	channel: C,
	fromMs: number,
	toMs: number,
	size: Size,
): Promise<{readonly index: Index; readonly number: EntryNumber; readonly firstReading: Index | undefined}> {
	let firstReading: Index | undefined;
	for await (const {index, entry} of needs.range(channel, fromMs, toMs)) {
		if (index >= size) break;
		if (entry[0] !== kinds.reading) continue;
		firstReading = index;
		break;
	}
	const before = fromMs === 0 ? undefined : await needs.before(channel, fromMs - 1);
	const candidates = [firstReading, before?.index].filter(index => index !== undefined && index < size) as Index[];
	if (candidates.length === 0) return {index: channel.enrolled, number: 1, firstReading};
	let index = Math.min(...candidates);
	for (let step = 0; step < stepsBackMax; step += 1) {
		const {kind, number, quality, measuredAtMs, arrivedAtMs} = outlineEntry(viewOf(await needs.entries(index, index + 1)), 0);
		// What came late, or by a clock that was wrong, may stand behind half of the period.
		const isTimed = (quality & qualities.clockUnsynchronised) === 0;
		const isBefore = kind === kinds.reading && isTimed && Math.max(measuredAtMs, arrivedAtMs) < fromMs;
		if (number === 1 || (isBefore && number > 2)) return {index, number, firstReading};
		const next = await needs.indexOfNumber(channel, number - 1);
		if (next === undefined) throw new AgentError('ENTRY_PRUNED', `what ${channel.urn} had before number ${number} was pruned`);
		index = next;
	}
	// None that is early enough is near: then all of them.
	return {index: channel.enrolled, number: 1, firstReading};
}

/**
 * From the newest beacon in front of the first reading on, or without one from the newest entry of the agent there, the agent's own notes are in the package: they say when it was appended, and how the
 * clock was.
 */
async function agentBegin<C extends PackChannel>(needs: PackNeeds<C>, agent: C, firstReading: Index, size: Size): Promise<Index> {
	// Without a reading there is nothing to bound: the end of the checkpoint will do.
	const end = firstReading < size ? firstReading : size - 1;
	let begin = end;
	let newest: Index | undefined;
	for (let look = 512; begin > 0 && look <= beaconLookMax; look *= 8) {
		const from = Math.max(0, end - look);
		let found: Index | undefined;
		let last: Index | undefined;
		for await (const {index, entry} of needs.between(agent, from, begin)) {
			last = index;
			const {kind, quantity} = outlineEntry(viewOf(entry), 0);
			if (kind === kinds.note && quantity === noteKinds.beacon) found = index;
		}
		if (found !== undefined) return found;
		newest ??= last;
		begin = from;
	}
	return newest ?? agent.enrolled;
}

/**
 * The period may begin long before its first reading: what the agent noted in between, as its own start, is in the package too, unless that is too much. Gives where the agent's part begins, at `begin`
 * or in front of it.
 */
async function periodBegin<C extends PackChannel>(
	needs: PackNeeds<C>,
	agent: C,
	{fromMs, toMs}: {readonly fromMs: number; readonly toMs: number},
	begin: Index,
): Promise<Index> {
	for await (const {index} of needs.range(agent, fromMs, toMs)) {
		if (index >= begin) return begin;
		let entries = 0;
		for await (const _ of needs.between(agent, index, begin)) {
			entries += 1;
			if (entries > agentEntriesMax) return begin;
		}
		return index;
	}
	return begin;
}

/** The leaves of subjects in the tally at an index, each between its neighbours, with what leads to the tally's root. */
async function tallyPart<C extends PackChannel>(
	needs: PackNeeds<C>,
	hashes: readonly Uint8Array[],
	at: Size,
	body: Uint8Array,
): Promise<{readonly bytes: Uint8Array; readonly numbers: number[]}> {
	const leaves = await needs.tallyAt(at);
	const tally = decodeTally(body);
	if (tally?.channels !== leaves.length || !equalBytes(tally.root, tallyRoot(needs.hasher, leaves)))
		throw notSigned(`the tally at ${at} does not count what the index of the log says`);
	const placeOf = new Map(leaves.map(({subject}, place) => [toHex(subject), place]));
	const wanted = new Set<number>();
	const numbers = hashes.map(hash => {
		const place = placeOf.get(toHex(hash));
		// All of them have an entry in front of the tally.
		if (place === undefined) throw notSigned(`the tally at ${at} lacks a channel`);
		for (const near of [place - 1, place, place + 1]) if (near >= 0 && near < leaves.length) wanted.add(near);
		return leaves[place]!.number;
	});
	const places = [...wanted].sort((a, b) => a - b);
	const hashOf = (begin: number, end: number): Uint8Array => tallyRoot(needs.hasher, leaves.slice(begin, end));
	const proof = concatBytes(...multiproofRanges(places, leaves.length).map(({begin, end}) => hashOf(begin, end)));
	return {bytes: packTallyPart({places, leaves: places.map(place => leaves[place]!), proof}), numbers};
}

/** True for a message that one of these devices sent, by who it was or by its topic. */
function isOfDevice(record: Uint8Array, devices: ReadonlySet<string>): boolean {
	const arrival = decodeArrival(record);
	return arrival !== undefined && (devices.has(arrival.identity) || arrival.topic.split('/').some(level => devices.has(level)));
}
