// Checks an evidence package: that nothing in it was changed, added or left out, and that its answer follows from its entries.

import {equalBytes, toBase64, toHex} from '../base/bytes.ts';
import {hashLength} from '../base/hash.ts';
import {decodeArrival} from '../format/arrival.ts';
import {type Checkpoint, parseOrigin} from '../format/checkpoint.ts';
import {correctionOf} from '../format/correction.ts';
import {crc32} from '../format/crc.ts';
import {inflate} from '../format/deflate.ts';
import type {Json, Parsed} from '../format/document.ts';
import {entryLength, kinds, packedLeafHashes, qualities} from '../format/entry.ts';
import {
	type EvidenceManifest,
	manifestLengthMax,
	type PackageBasis,
	type PackageQuestion,
	packageEntriesMax,
	packageLengthMax,
	parseManifest,
	type Recount,
} from '../format/evidence-package.ts';
import {
	createOpeningReader,
	isCoverName,
	manifestName,
	type OpeningReader,
	pieceBytes,
	pieceBytesMax,
	pieceName,
	proofName,
	refusalsName,
	tallyName,
	unpackRefusals,
	unpackTallyPart,
} from '../format/evidence-package-files.ts';
import {createOutline, type Outline, openingsOf, type PackageContents} from '../format/evidence-package-outline.ts';
import {createSegmentCodec, type Segment, segmentEntriesMax} from '../format/evidence-package-segment.ts';
import {parseZipDirectory, type ZipMember, zipDirectoryPlace, zipEndLength, zipLocalHeader} from '../format/evidence-package-zip.ts';
import {sm3 as portableSm3} from '../format/sm3.ts';
import {agentUrn, deviceUrn, parseAccountUrn, parseChannelUrn, parseDeviceUrn, subjectHash} from '../format/subject.ts';
import {tags} from '../format/tags.ts';
import {compareSubjects, decodeTally, type Tally, tallyLeafHash} from '../format/tally.ts';
import type {Trust} from '../format/trust.ts';
import {createMultiproofFold, rootFromMultiproof} from '../merkle/multiproof.ts';
import {checkAnchors, claimedAnchors, uncheckedAnchors} from './anchors.ts';
import {boundOfBlock} from './blocks.ts';
import {bracketOf, type TimeBound} from './bracket.ts';
import type {Needs} from './receipt.ts';
import {type Check, conclude, fail, isCommitted, noFacts, type PackageFacts, pass, skipped, type Verdict} from './verdict.ts';

/** The bytes of a package, wherever they lie: in memory, on a disk, in a browser's Blob. */
export type PackageSource = {
	readonly length: number;
	/** Exactly the bytes begin … end−1. */
	readonly read: (begin: number, end: number) => Promise<Uint8Array>;
};

export type PackageNeeds = Needs & {
	/** Begins to count anew what a question asks, with the ledgers of this program. @default none: the answer then fails */
	readonly recountOf?: ((question: PackageQuestion) => Recount) | undefined;
	/** [GB/T 32905-2016], 32 bytes. @default format/sm3.ts */
	readonly sm3?: ((bytes: Uint8Array) => Uint8Array) | undefined;
	readonly onProgress?: ((done: number, all: number) => void) | undefined;
};

export function sourceOfBytes(bytes: Uint8Array): PackageSource {
	return {length: bytes.length, read: async (begin, end) => bytes.subarray(begin, end)};
}

/** The file's members, and its manifest; a problem, as a sentence, if it is no package. */
type Opened = {readonly manifest: EvidenceManifest; readonly members: ReadonlyMap<string, ZipMember>};

const directoryLengthMax = 1024 * 1024;

async function openZip({hasher}: PackageNeeds, source: PackageSource): Promise<Opened | {readonly problem: string}> {
	const {length} = source;
	if (length < zipEndLength || length > packageLengthMax)
		return {problem: `it has ${length} bytes; a package has up to ${packageLengthMax}`};
	const place = zipDirectoryPlace(length, await source.read(length - zipEndLength, length));
	if ('problem' in place) return place;
	if (length - place.begin > directoryLengthMax) return {problem: 'its directory is too long'};
	const directory = parseZipDirectory(await source.read(place.begin, length), place.count);
	if ('problem' in directory) return directory;
	const {members} = directory;
	const last = members.at(-1)!;
	if (last.offset + last.length !== place.begin) return {problem: 'its files do not fill the space in front of its directory'};
	if (last.name !== manifestName) return {problem: `its last file is ${last.name}, not ${manifestName}`};
	if (last.length > manifestLengthMax) return {problem: `${manifestName} is longer than ${manifestLengthMax} bytes`};
	const read = await readMember(source, last);
	if ('problem' in read) return read;
	const parsed = parseOrRefuse(() => parseManifest(hasher, read.bytes));
	if ('problem' in parsed) return {problem: `${manifestName}: ${parsed.problem}`};
	const manifest = parsed.value;
	const named = manifest.files;
	if (named.length !== members.length - 1)
		return {problem: `${manifestName} names ${named.length} files, and there are ${members.length - 1} beside it`};
	for (const [i, {name, length: said}] of named.entries()) {
		if (members[i]!.name !== name) return {problem: `${manifestName} names ${name} where ${members[i]!.name} is`};
		if (members[i]!.length !== said) return {problem: `${name} has ${members[i]!.length} bytes, not the ${said} that ${manifestName} says`};
	}
	return {manifest, members: new Map(members.map(member => [member.name, member]))};
}

/** JSON that is nested a hundred thousand levels deep has no text again: writing it overflows the stack. */
function parseOrRefuse(parse: () => Parsed<EvidenceManifest>): Parsed<EvidenceManifest> {
	try {
		return parse();
	} catch {
		return {problem: 'it is nested too deeply'};
	}
}

/** Deeper than any ledger's answer. */
const answerDepthMax = 64;

function isDeeper(value: Json | undefined, levels: number): boolean {
	if (typeof value !== 'object' || value === null) return false;
	return levels === 0 || Object.values(value).some(one => isDeeper(one as Json, levels - 1));
}

/** A file of the package with the bytes in front of it; both must be as the directory says. */
async function readMember(source: PackageSource, member: ZipMember): Promise<{readonly bytes: Uint8Array} | {readonly problem: string}> {
	const header = zipLocalHeader(member);
	const whole = await source.read(member.offset - header.length, member.offset + member.length);
	if (!equalBytes(whole.subarray(0, header.length), header)) return {problem: `what stands in front of ${member.name} was changed`};
	const bytes = whole.subarray(header.length);
	return crc32(bytes) === member.crc ? {bytes} : {problem: `${member.name} was damaged or changed: its CRC-32 does not fit`};
}

/** The verdict on a package. Never throws or rejects, whatever the bytes are, unless they cannot be read. */
export async function verifyPackage(needs: PackageNeeds, source: PackageSource, trust: Trust): Promise<Verdict> {
	const opened = await openZip(needs, source);
	if ('problem' in opened) return conclude('package', [fail('form', opened.problem)], noFacts);
	const {manifest} = opened;
	const checks: Check[] = [];
	const problem = formProblem(manifest);
	checks.push(problem === undefined ? pass('form', 'it is whole, and its manifest is canonical') : fail('form', problem));
	const {checks: headChecks, head} = await needs.checkHead(manifest.checkpoint, trust);
	const facts = {
		...noFacts,
		origin: head?.origin,
		size: head?.size,
		root: head && toBase64(head.root),
		...claimedAnchors(manifest),
	};
	const isReadable = problem === undefined && head !== undefined && head.origin === manifest.origin;
	if (!isReadable) {
		checks.push(...headChecks);
		if (head !== undefined && head.origin !== manifest.origin)
			checks.push(fail('checkpoint', `the checkpoint is of "${head.origin}", the package of "${manifest.origin}"`));
		return conclude('package', checks, {...facts, package: factsOf(manifest, undefined)});
	}
	const examined = await examine(needs, source, opened, head);
	checks.push(...examined.checks.filter(({name}) => name === 'files' || name === 'entry'), ...headChecks);
	checks.push(...examined.checks.filter(({name}) => name !== 'files' && name !== 'entry'));
	const withPackage = {...facts, package: factsOf(manifest, examined)};
	if (!isCommitted(checks)) {
		checks.push(...uncheckedAnchors(manifest, trust, 'a check before it failed'));
		return conclude('package', checks, withPackage);
	}
	// What the manifest says of the beacon was compared with its entry.
	const {beaconBefore} = manifest.clock;
	let after: TimeBound | undefined;
	if (beaconBefore !== undefined) {
		const {chainId, blockNumber: number, blockHash: hash, blockTimeS: timeS} = beaconBefore;
		const found = await boundOfBlock({chainId, number, hash, timeS}, trust, needs.chain);
		if ('bound' in found) after = found.bound;
		else checks.push(fail('beacon', found.problem));
	}
	const anchors = await checkAnchors(manifest, head, trust, needs.chain);
	checks.push(...anchors.checks);
	const withAnchors = {...withPackage, ...anchors.facts, bracket: bracketOf(after, anchors.before)};
	if (anchors.outside !== undefined && manifest.tally === undefined) {
		// An agent anchors nothing but what ends with a tally; a pin can show it though the maker names no anchor.
		const without = checks.map(check => (check.name === 'tally' ? fail('tally', tallyLeftOut) : check));
		return conclude('package', without, withAnchors);
	}
	return conclude('package', checks, withAnchors, anchors.outside);
}

/** What cannot be true of any package, before anything else is looked at. */
function formProblem({question, answer, origin, channels, accounts, devices, agent, entries, files}: EvidenceManifest): string | undefined {
	if (isDeeper(answer, answerDepthMax)) return `its answer is nested more than ${answerDepthMax} levels deep`;
	if (question.fromMs >= question.toMs) return 'the period of its question ends before it begins';
	if (entries < 1 || entries > packageEntriesMax) return `it says that it has ${entries} entries; a package has 1 to ${packageEntriesMax}`;
	for (const list of [channels, accounts, devices])
		for (let i = 1; i < list.length; i += 1)
			if (list[i - 1]!.subject.urn >= list[i]!.subject.urn)
				return `${list[i]!.subject.urn} is not behind ${list[i - 1]!.subject.urn} in the manifest`;
	const {logName} = parseOrigin(origin) ?? {};
	if (logName === undefined) return `origin "${origin}" is not a log name and an epoch`;
	const urnOf = ({subject}: {readonly subject: {readonly urn: string}}): string => subject.urn;
	const stray =
		channels.map(urnOf).find(urn => parseChannelUrn(urn) === undefined) ??
		accounts.map(urnOf).find(urn => parseAccountUrn(urn) === undefined) ??
		devices.map(urnOf).find(urn => parseDeviceUrn(urn) === undefined) ??
		[urnOf(agent)].find(urn => urn !== agentUrn(logName));
	if (stray !== undefined) return `${stray} is in a list of the manifest where it cannot be`;
	const pieces = {entries: 0, bodies: 0, arrivals: 0};
	for (const {name, unpacked} of files) {
		const of = name.split('/')[0] as keyof typeof pieces;
		if (Object.hasOwn(pieces, of) && name === pieceName(of, pieces[of])) {
			pieces[of] += 1;
			if (of === 'entries' ? unpacked !== undefined : unpacked === undefined || unpacked > pieceBytesMax)
				return `${name} says that it is of an impossible length`;
		} else if (![proofName, tallyName, refusalsName].includes(name) && !isCoverName(name))
			return `${name} is no file of a package, or not in its order`;
		else if (unpacked !== undefined) return `${name} is not packed`;
	}
	return undefined;
}

type Examined = {
	readonly checks: readonly Check[];
	readonly completeness: PackageFacts['completeness'];
};

/** How what entries came from is read: piece after piece, opening after opening. */
type Openings = {
	/** Makes sure that `next` has something to give, or that there is nothing left. */
	readonly ready: () => Promise<void>;
	readonly next: () => ReturnType<OpeningReader['next']>;
	/** Why it is not good to its end; undefined if it is. */
	readonly problem: () => string | undefined;
};

const unreadable = 'the entries could not be read';

/** All checks of a package whose manifest is in order, as far as they come. */
async function examine(needs: PackageNeeds, source: PackageSource, {manifest, members}: Opened, head: Checkpoint): Promise<Examined> {
	const {hasher, sm3 = portableSm3} = needs;
	const size: number = head.size;
	const log = parseOrigin(head.origin);
	const openings = openingsOf(manifest);
	const hashes = log === undefined ? [] : openings.map(({urn, secret}) => subjectHash(hasher, {logName: log.logName, secret, urn}));
	const none = (checks: readonly Check[]): Examined => ({checks, completeness: undefined});
	if (log === undefined)
		return none([fail('entry', `origin "${head.origin}" is not a log name and an epoch, so no subject can be opened in it`)]);

	const broken: string[] = [];
	/** The bytes of a file, if they are those that the manifest names. Each file is loaded once. */
	const loaded = new Set<string>();
	const load = async (name: string): Promise<Uint8Array | undefined> => {
		const file = manifest.files.find(one => one.name === name);
		if (file === undefined) return undefined;
		loaded.add(name);
		const read = await readMember(source, members.get(name)!);
		if ('problem' in read) {
			broken.push(read.problem);
			return undefined;
		}
		const {bytes} = read;
		const isSha256 = equalBytes(hasher.sha256(bytes), file.sha256);
		if (isSha256 && equalBytes(sm3(bytes), file.sm3)) return bytes;
		broken.push(`${name} was damaged or changed: its ${isSha256 ? 'SM3' : 'SHA-256'} is not the one that the manifest names`);
		return undefined;
	};

	const openingsIn = (of: 'bodies' | 'arrivals'): Openings => {
		let piece = 0;
		let reader: OpeningReader | undefined;
		let wrong: string | undefined;
		const unpackedOf = (name: string): number | undefined => manifest.files.find(file => file.name === name)?.unpacked;
		return {
			ready: async () => {
				if (wrong !== undefined || (reader !== undefined && !reader.isAtEnd())) return;
				const name = pieceName(of, piece);
				const unpacked = unpackedOf(name);
				if (unpacked === undefined) {
					reader = undefined;
					return;
				}
				// All pieces but the last are closed as soon as they are long enough: no other way to cut them is a package.
				if (unpacked < pieceBytes && unpackedOf(pieceName(of, piece + 1)) !== undefined)
					wrong = `${name} is shorter than a piece is that others follow`;
				const packed = await load(name);
				const bytes = packed && inflate(packed, unpacked);
				if (bytes === undefined) {
					wrong ??= `${name} cannot be read`;
					return;
				}
				piece += 1;
				reader = createOpeningReader(bytes);
			},
			next: () => (wrong !== undefined || reader === undefined ? 'broken' : reader.next()),
			problem: () => {
				if (wrong !== undefined) return wrong;
				if (reader !== undefined && !reader.isAtEnd()) return `${pieceName(of, piece - 1)} shows more than the entries came from`;
				return unpackedOf(pieceName(of, piece)) === undefined ? undefined : `${pieceName(of, piece)} shows more than the entries came from`;
			},
		};
	};

	const proof = await load(proofName);
	const fold = createMultiproofFold(hasher, {size, proof: proof ?? new Uint8Array(0)});
	const codec = createSegmentCodec(hashes);
	const outline = createOutline(manifest, hashes, size);
	const recount = needs.recountOf?.(manifest.question);
	if (recount !== undefined) for (const [place, {urn}] of openings.entries()) recount.enrol(hashes[place]!, urn);
	const bodies = openingsIn('bodies');
	const arrivals = openingsIn('arrivals');
	const shown = createShown(needs, manifest, bodies, arrivals);

	let entries = 0;
	let lastIndex = -1;
	let entryProblem: string | undefined;
	let recountProblem: string | undefined;
	const segments = manifest.files.filter(({name}) => name.startsWith('entries/')).length;
	for (let piece = 0; piece < segments && entryProblem === undefined; piece += 1) {
		const name = pieceName('entries', piece);
		const bytes = await load(name);
		const segment = bytes && codec.decode(bytes);
		if (segment === undefined) {
			entryProblem = bytes === undefined ? `${name} is not what the manifest names` : `${name} is not in the one form of a segment`;
			break;
		}
		const {indexes} = segment;
		if (indexes.length < segmentEntriesMax && piece + 1 < segments)
			entryProblem = `${name} has ${indexes.length} entries, though others follow`;
		else if (indexes[0]! <= lastIndex) entryProblem = `index ${indexes[0]} follows index ${lastIndex}`;
		else if (indexes.at(-1)! >= size) entryProblem = `index ${indexes.at(-1)} is beyond the checkpoint of size ${size}`;
		if (entryProblem !== undefined) break;
		lastIndex = indexes.at(-1)!;
		entries += indexes.length;
		const leaves = packedLeafHashes(hasher, segment.entries);
		for (let i = 0; i < indexes.length; i += 1) fold.add(indexes[i]!, leaves, i * hashLength);
		const opened = await shown.take(segment);
		outline.add(segment.entries, indexes, opened.bodyOf);
		if (recount !== undefined && recountProblem === undefined)
			try {
				await recount.take(segment.entries, indexes, opened);
			} catch (error) {
				recountProblem = `the ledgers cannot take its entries: ${error instanceof Error ? error.message : String(error)}`;
			}
		needs.onProgress?.(entries, manifest.entries);
	}

	// The rest of the files: nobody reads them here, but they are to be what the manifest names.
	const tallyBytes = await load(tallyName);
	const refusalBytes = await load(refusalsName);
	for (const {name} of manifest.files) if (!loaded.has(name)) await load(name);
	const checks: Check[] = [
		broken.length > 0
			? fail('files', broken.slice(0, problemsShownMax).join('; '))
			: pass('files', `${manifest.files.length} files, each with the SHA-256 and SM3 that the manifest names`),
	];
	if (entryProblem !== undefined) {
		const rest = ['inclusion', 'tally', 'arrival', 'completeness', 'manifest', 'basis', 'answer', 'refusals'] as const;
		return none([...checks, fail('entry', entryProblem), ...rest.map(name => skipped(name, unreadable))]);
	}

	const problems = outline.problems();
	const reasonsOf = (...whats: readonly string[]): string =>
		problems
			.filter(({what}) => whats.includes(what))
			.slice(0, problemsShownMax)
			.map(({reason}) => reason)
			.join('; ');
	const entryReasons = reasonsOf('entry');
	checks.push(entryReasons === '' ? pass('entry', `${entries} entries can be read`) : fail('entry', entryReasons));

	const root = proof && fold.root();
	const isIncluded = root !== undefined && equalBytes(root, head.root);
	const numbering = reasonsOf('missing', 'twice', 'begin');
	checks.push(
		isIncluded
			? pass('inclusion', `${entries} entries are in the tree of size ${size}`)
			: fail(
					'inclusion',
					`its ${entries} entries do not lead to the root of the checkpoint of size ${size}: ${
						reasonsOf('twice') !== ''
							? 'at least one was added that the log never had'
							: 'at least one says something else than the log has at its place, or was added or moved'
					}`,
				),
	);

	const tallied = checkTally(needs, manifest, hashes, size, shown.tally(), tallyBytes);
	checks.push(tallied.check);
	const openingProblem = shown.problem();
	checks.push(openingProblem === undefined ? pass('arrival', shown.summary()) : fail('arrival', openingProblem));
	const completed = checkComplete(manifest, outline, tallied.numbers, numbering, log.epoch);
	checks.push(completed.check);

	const claimed = contentsOf(manifest);
	const difference = firstDifference(plainJson(claimed), plainJson(outline.contents(tallied.numbers)), 'manifest');
	checks.push(
		difference === undefined
			? pass('manifest', 'all that it lists of its subjects, their statements, identities, gaps and clocks is what its entries say')
			: fail('manifest', `${difference.path} is ${shortText(difference.claimed)}; by the entries it is ${shortText(difference.found)}`),
	);

	const isSound = checks.every(({result}) => result !== 'fail');
	if (recount === undefined) {
		checks.push(
			skipped('basis', 'this program has no ledgers'),
			fail('answer', 'this program has no ledgers that could count the answer anew: use kedge verify'),
		);
	} else if (!isSound) {
		checks.push(
			...(['basis', 'answer'] as const).map(name =>
				skipped(name, 'a check before it failed: the answer would be counted from something that is not the log'),
			),
		);
	} else checks.push(...(await checkAnswer(manifest, recount, recountProblem)));
	checks.push(checkRefusals(manifest, refusalBytes));
	return {checks, completeness: completed.state};
}

const problemsShownMax = 3;

/** The body of the tally entry at the end of the checkpoint, where there is one, read from what the entries came from. */
type Shown = {
	/** Checks what the entries of a segment came from, and opens them. */
	readonly take: (segment: Segment) => Promise<{
		readonly bodyOf: (index: number) => Uint8Array | undefined;
		readonly correctsOf: (index: number) => number | undefined;
	}>;
	readonly problem: () => string | undefined;
	readonly summary: () => string;
	/** Of the last entry, if it is a tally. */
	readonly tally: () => Tally | undefined;
};

/** Follows what entries came from beside the entries themselves: each opening must be the one that its entry commits to. */
function createShown({hasher}: PackageNeeds, manifest: EvidenceManifest, bodies: Openings, arrivals: Openings): Shown {
	const isAll = manifest.arrivals === 'all';
	let problem: string | undefined;
	/** Nothing more can be read: which opening belongs to which entry is no longer known. */
	let isLost = false;
	let [bodyCount, arrivalCount, goneCount] = [0, 0, 0];
	let lastBody: Uint8Array | undefined;
	let lastBodySource = new Uint8Array(0);
	let lastArrivalSource = new Uint8Array(0);
	let lastCorrects: number | undefined;
	const hashInput = (tag: Uint8Array, salt: Uint8Array, record: Uint8Array): Uint8Array => {
		const input = hasher.allocate(tag.length + salt.length + record.length);
		input.set(tag);
		input.set(salt, tag.length);
		input.set(record, tag.length + salt.length);
		return hasher.sha256(input);
	};
	const wrong = (reason: string): void => {
		problem ??= reason;
	};
	return {
		take: async ({entries, indexes}) => {
			const bodyAt = new Map<number, Uint8Array>();
			const correctsAt = new Map<number, number>();
			for (let i = 0; i < indexes.length && !isLost; i += 1) {
				const at = i * entryLength;
				const index = indexes[i]!;
				const isReading = entries[at] === kinds.reading;
				const isCorrection = isReading && (entries[at + 53]! & (qualities.correction >> 16)) !== 0;
				if (isReading && !isAll && !isCorrection) continue;
				const source = entries.subarray(at + 86, at + entryLength);
				if (!isReading) {
					if (!equalBytes(source, lastBodySource)) {
						await bodies.ready();
						const opening = bodies.next();
						bodyCount += 1;
						if (typeof opening === 'string') {
							wrong(bodies.problem() ?? `what the entry at index ${index} says is not shown`);
							isLost = opening === 'broken';
						} else if (!equalBytes(hashInput(tags.body, opening.salt, opening.record), source))
							wrong(`what is shown of the entry at index ${index} is not what it came from: it was changed`);
						lastBody = typeof opening === 'string' ? undefined : opening.record.slice();
						lastBodySource = source.slice();
					}
					if (lastBody !== undefined) bodyAt.set(index, lastBody);
					continue;
				}
				if (!equalBytes(source, lastArrivalSource)) {
					await arrivals.ready();
					const opening = arrivals.next();
					lastCorrects = undefined;
					if (opening === 'gone') {
						goneCount += 1;
						// Without it the reading that was corrected would count as if it never had been.
						if (isCorrection)
							wrong(`the message of the correction at index ${index} is not shown: nothing else says which reading it stands in for`);
					} else if (opening === 'broken')
						wrong(arrivals.problem() ?? `the message that the reading at index ${index} came from is not shown`);
					else if (!equalBytes(hashInput(tags.arrival, opening.salt, opening.record), source))
						wrong(`the message that is shown is not the one that the reading at index ${index} came from: it was changed`);
					else {
						arrivalCount += 1;
						const arrival = isCorrection ? decodeArrival(opening.record) : undefined;
						lastCorrects = arrival && correctionOf(arrival)?.corrects.number;
					}
					lastArrivalSource = source.slice();
				}
				if (isCorrection && lastCorrects !== undefined) correctsAt.set(index, lastCorrects);
			}
			return {bodyOf: index => bodyAt.get(index), correctsOf: index => correctsAt.get(index)};
		},
		problem: () => problem ?? bodies.problem() ?? arrivals.problem(),
		summary: () => {
			const messages = `${arrivalCount} messages${isAll ? '' : ' of corrections'}`;
			const gone = goneCount === 0 ? '' : `; ${goneCount} more the log no longer has`;
			return `${bodyCount} bodies and ${messages} are what their entries came from${gone}`;
		},
		tally: () => lastBody && decodeTally(lastBody),
	};
}

const tallyLeftOut = 'the checkpoint is anchored, or is said to be, so a tally ends it: it was left out';

/** Whether the leaves that are shown are in the tally, and what they say of the subjects of the package. */
function checkTally(
	{hasher}: PackageNeeds,
	manifest: EvidenceManifest,
	hashes: readonly Uint8Array[],
	size: number,
	tally: Tally | undefined,
	bytes: Uint8Array | undefined,
): {readonly check: Check; readonly numbers: readonly number[] | undefined} {
	const wrong = (reason: string) => ({check: fail('tally', reason), numbers: undefined});
	if (manifest.tally === undefined) {
		if (manifest.files.some(({name}) => name === tallyName)) return wrong(`there is ${tallyName}, but no tally that it could be part of`);
		if (manifest.anchors.length > 0) return wrong(tallyLeftOut);
		return {check: skipped('tally', 'no tally that ends the checkpoint is shown'), numbers: undefined};
	}
	const part = bytes && unpackTallyPart(bytes);
	if (part === undefined) return wrong(`${tallyName} cannot be read`);
	if (tally === undefined || tally.size !== size - 1) return wrong('the last entry is not a tally of all entries in front of it');
	const {places, leaves, proof} = part;
	for (let i = 1; i < places.length; i += 1)
		if (places[i]! <= places[i - 1]! || compareSubjects(leaves[i - 1]!.subject, leaves[i]!.subject) >= 0)
			return wrong('its leaves are not in their order');
	const packed = new Uint8Array(leaves.length * hashLength);
	for (const [i, leaf] of leaves.entries()) packed.set(tallyLeafHash(hasher, leaf), i * hashLength);
	const root = rootFromMultiproof(hasher, {indexes: places, size: tally.channels, leaves: packed, proof});
	if (root === undefined || !equalBytes(root, tally.root)) return wrong("the leaves that are shown do not lead to the tally's root");
	const bySubject = new Map(leaves.map(({subject}, i) => [toHex(subject), i]));
	const isShown = new Set(places);
	const numbers: number[] = [];
	for (const [i, hash] of hashes.entries()) {
		const leaf = bySubject.get(toHex(hash));
		const place = leaf === undefined ? -1 : places[leaf]!;
		const hasNeighbours = (place === 0 || isShown.has(place - 1)) && (place === tally.channels - 1 || isShown.has(place + 1));
		// Between its neighbours it stands in its order, and so only once.
		if (leaf === undefined || !hasNeighbours) return wrong(`the tally does not show the last number of ${openingsOf(manifest)[i]!.urn}`);
		numbers.push(leaves[leaf]!.number);
	}
	return {check: pass('tally', `index ${size - 1}, the last under the checkpoint, is a tally of ${tally.channels} channels`), numbers};
}

/** Whether the entries of each subject are all there, as the agent numbered them. */
function checkComplete(
	manifest: EvidenceManifest,
	outline: Outline,
	numbers: readonly number[] | undefined,
	numbering: string,
	epoch: number,
): {readonly check: Check; readonly state: PackageFacts['completeness']} {
	const found = outline.contents(numbers);
	const subjects = [...found.channels, ...found.accounts, ...found.devices];
	const behind: string[] = [];
	// The tally itself is the one entry of the agent that it does not count.
	for (const {subject, lastNumber, tallyNumber} of [...subjects, {...found.agent, lastNumber: found.agent.lastNumber - 1}]) {
		if (tallyNumber === undefined || lastNumber === tallyNumber) continue;
		if (lastNumber > tallyNumber)
			behind.push(`${subject.urn}: number ${lastNumber} was added: by the tally number ${tallyNumber} was the last`);
		else if (lastNumber + 1 === tallyNumber) behind.push(`${subject.urn}: number ${tallyNumber} is missing, the last by the tally`);
		else behind.push(`${subject.urn}: numbers ${lastNumber + 1} to ${tallyNumber} are missing, up to the last by the tally`);
	}
	const reasons = [...(numbering === '' ? [] : [numbering]), ...behind.slice(0, problemsShownMax)];
	if (reasons.length > 0) return {check: fail('completeness', reasons.join('; ')), state: 'incomplete'};
	const all = `nothing of ${found.channels.length} channels, ${found.accounts.length} accounts and ${found.devices.length} devices is missing from what came before the period`;
	if (numbers === undefined)
		return {
			check: skipped(
				'completeness',
				`${all} up to the last that is shown, as the agent numbered them; whether more came is unknown: no tally covers it`,
			),
			state: 'later-unknown',
		};
	const tallied = `${all} up to the tally at index ${manifest.tally!.index}, as the agent numbered them`;
	const begun = subjects.some(({firstNumber}) => firstNumber === 1);
	if ((epoch > 1 && begun) || outline.crossings() > 0)
		return {
			check: skipped('completeness', `${tallied}; but the log began a new epoch, and what the one before lost may be missing`),
			state: 'crosses-epoch',
		};
	return {check: pass('completeness', tallied), state: 'complete'};
}

/** Counts the answer anew, and compares. */
async function checkAnswer(manifest: EvidenceManifest, recount: Recount, recountProblem: string | undefined): Promise<Check[]> {
	const {ledger, ledgerVersion} = manifest.method;
	const wrong = (reason: string): Check[] => [skipped('basis', 'the answer could not be counted'), fail('answer', reason)];
	if (recountProblem !== undefined) return wrong(recountProblem);
	let basis: PackageBasis | undefined;
	let counted: Awaited<ReturnType<Recount['answer']>>;
	try {
		basis = await recount.basis();
		counted = await recount.answer();
	} catch (error) {
		return wrong(`the ledgers cannot count it: ${error instanceof Error ? error.message : String(error)}`);
	}
	if (basis === undefined || counted === undefined)
		return wrong('by the entries the ledgers of this program know nothing of what was asked');
	const checks: Check[] = [checkBasis(manifest, basis)];
	if (counted.ledger !== ledger || counted.version !== ledgerVersion) {
		const own = `this program counts with ledger "${counted.ledger}" version ${counted.version}`;
		return [
			...checks,
			fail('answer', `it was counted with ledger "${ledger}" version ${ledgerVersion}; ${own}: use the program of that version`),
		];
	}
	const difference = firstDifference(manifest.answer, plainJson(counted.answer), 'answer');
	return [
		...checks,
		difference === undefined
			? pass('answer', `counted anew from the entries by ledger "${ledger}" version ${ledgerVersion}, it is the same to the last figure`)
			: fail(
					'answer',
					`${difference.path} is ${shortText(difference.claimed)} in the package; counted from its entries it is ${shortText(difference.found)}`,
				),
	];
}

/** Everything that the ledgers ask for must be in the package, or said to be in no log. */
function checkBasis({question, channels, accounts, devices, absent}: EvidenceManifest, basis: PackageBasis): Check {
	const inPackage = new Map(channels.map(channel => [channel.subject.urn, channel]));
	const stated = new Set(accounts.map(({subject}) => subject.urn));
	const gone = new Set(absent);
	const missing: string[] = [];
	for (const urn of basis.statements) if (!stated.has(urn) && !gone.has(urn)) missing.push(urn);
	for (const {urn, fromMs, toMs} of basis.channels) {
		const channel = inPackage.get(urn);
		if (channel === undefined ? !gone.has(urn) : channel.fromMs > fromMs || channel.toMs < toMs) missing.push(urn);
	}
	if (missing.length > 0)
		return fail('basis', `the answer rests on ${missing.slice(0, problemsShownMax).join(', ')}, which the package leaves out or cuts`);
	const known = new Set(devices.map(({subject}) => subject.urn));
	const unknown = new Set(
		channels.map(({subject}) => deviceUrn(parseChannelUrn(subject.urn)?.deviceId ?? '')).filter(urn => !known.has(urn)),
	);
	const words = [
		...(unknown.size === 0
			? []
			: [
					`that the log says nothing of the key and the calibration of ${[...unknown].slice(0, problemsShownMax).join(', ')}${
						unknown.size > problemsShownMax ? ` and ${unknown.size - problemsShownMax} more` : ''
					} is the maker's word`,
				]),
		...(absent.length === 0 ? [] : [`that the log has no ${absent.slice(0, problemsShownMax).join(', ')} is the maker's word`]),
		...(question.about === 'device' ? ["that the device has no other channels is the maker's word"] : []),
	];
	return pass('basis', ['all that the answer rests on is in the package', ...words].join('; '));
}

function checkRefusals({refusals, question}: EvidenceManifest, bytes: Uint8Array | undefined): Check {
	if (refusals.shown > 0 !== (bytes !== undefined))
		return fail('refusals', 'what it says of refused messages and what it shows of them do not fit');
	const shown = bytes === undefined ? [] : unpackRefusals(bytes, refusals.shown);
	if (shown === undefined) return fail('refusals', `${refusalsName} does not hold ${refusals.shown} messages`);
	const counts = new Map<string, number>();
	for (const {reason, arrivedAtMs, record} of shown) {
		if (decodeArrival(record) === undefined || arrivedAtMs < question.fromMs || arrivedAtMs >= question.toMs)
			return fail('refusals', `${refusalsName} holds what is no message of the period`);
		counts.set(reason, (counts.get(reason) ?? 0) + 1);
	}
	for (const [reason, count] of counts)
		if ((refusals.counts.find(one => one.reason === reason)?.count ?? 0) < count)
			return fail('refusals', `more messages are shown as ${reason} than were counted`);
	return skipped(
		'refusals',
		`${refusals.counts.reduce((sum, {count}) => sum + count, 0)} messages were refused in the period, ${refusals.shown} are shown; refusals are in no tree: that these are all is the maker's word`,
	);
}

function contentsOf({entries, channels, accounts, devices, agent, clock, gaps, gapCounts, tally}: EvidenceManifest): PackageContents {
	return {entries, channels, accounts, devices, agent, clock, gaps, gapCounts, tally};
}

/** As JSON has it: bytes as text, and what is undefined left out. */
function plainJson(value: unknown): Json {
	return JSON.parse(JSON.stringify(value, (_key, one: unknown) => (one instanceof Uint8Array ? toHex(one) : one))) as Json;
}

type Difference = {readonly path: string; readonly claimed: Json | undefined; readonly found: Json | undefined};

const isObject = (value: Json | undefined): value is {readonly [key: string]: Json | undefined} =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first place, in the order of the claim, at which two values differ; undefined if they are the same. */
export function firstDifference(claimed: Json | undefined, found: Json | undefined, path: string): Difference | undefined {
	if (Array.isArray(claimed) && Array.isArray(found)) {
		for (let i = 0; i < Math.max(claimed.length, found.length); i += 1) {
			const difference = firstDifference(claimed[i] as Json | undefined, found[i] as Json | undefined, `${path}[${i}]`);
			if (difference !== undefined) return difference;
		}
		return undefined;
	}
	if (isObject(claimed) && isObject(found)) {
		for (const key of new Set([...Object.keys(claimed), ...Object.keys(found)])) {
			const difference = firstDifference(claimed[key], found[key], `${path}.${key}`);
			if (difference !== undefined) return difference;
		}
		return undefined;
	}
	return claimed === found ? undefined : {path, claimed, found};
}

const shownLengthMax = 80;

function shortText(value: Json | undefined): string {
	if (value === undefined) return 'not there';
	const text = JSON.stringify(value);
	return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text;
}

function factsOf(manifest: EvidenceManifest, examined: Examined | undefined): PackageFacts {
	const {question, answer, method, clock, gapCounts, refusals} = manifest;
	return {
		question,
		answer,
		ledger: method.ledger,
		ledgerVersion: method.ledgerVersion,
		program: method.program,
		verifierSha256: method.verifierSha256 && toHex(method.verifierSha256),
		madeAtMs: manifest.madeAtMs,
		entries: manifest.entries,
		channels: manifest.channels.length,
		absent: manifest.absent,
		completeness: examined?.completeness,
		tallyAtMs: manifest.tally?.madeAtMs,
		beaconBefore: clock.beaconBefore,
		beaconAfter: clock.beaconAfter,
		gaps: gapCounts.gaps,
		silences: gapCounts.silences,
		refused: refusals.counts.reduce((sum, {count}) => sum + count, 0),
		arrivals: manifest.arrivals,
	};
}
