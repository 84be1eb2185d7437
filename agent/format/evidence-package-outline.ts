// Says what a package's manifest says of its entries, from the entries alone: maker and verifier both ask it, and so must come to the same.

import {readUint48, viewOf} from '../base/bytes.ts';
import {decodeNote} from './body.ts';
import {entryLength, kinds, noteKinds, qualities, statementKinds} from './entry.ts';
import type {SubjectOpening} from './evidence.ts';
import {
	type EvidenceManifest,
	gapsMax,
	type PackageAccount,
	type PackageBeacon,
	type PackageChannel,
	type PackageClock,
	type PackageDevice,
	type PackageGap,
	type PackageIdentity,
	type PackageStatement,
	type PackageSubject,
	type PackageTally,
	packageItemsMax,
} from './evidence-package.ts';
import {decodeIdentity} from './identity.ts';
import {quantityOfName} from './quantity.ts';
import {parseChannelUrn} from './subject.ts';
import {createSubjectTable} from './subject-table.ts';
import {decodeTally} from './tally.ts';

/** What a package is of. Segments name subjects by their place in channels, accounts, devices, agent, in this order; each list is sorted by URN. */
export type PackageSubjects = {
	readonly channels: readonly {readonly subject: SubjectOpening; readonly fromMs: number; readonly toMs: number}[];
	readonly accounts: readonly {readonly subject: SubjectOpening}[];
	readonly devices: readonly {readonly subject: SubjectOpening}[];
	readonly agent: {readonly subject: SubjectOpening};
};

/** The openings of all subjects in the order in which segments name them. */
export function openingsOf({channels, accounts, devices, agent}: PackageSubjects): SubjectOpening[] {
	return [...channels, ...accounts, ...devices, agent].map(({subject}) => subject);
}

/** What the manifest has from the entries. */
export type PackageContents = Pick<
	EvidenceManifest,
	'entries' | 'channels' | 'accounts' | 'devices' | 'agent' | 'clock' | 'gaps' | 'gapCounts' | 'tally'
>;

/** What is wrong with an entry as a member of this package; sentences without their full stop. */
export type OutlineProblem = {
	/** entry: it cannot stand here. missing, twice: by its number among those of its subject. begin: what came before the first is not shown. */
	readonly what: 'entry' | 'missing' | 'twice' | 'begin';
	readonly reason: string;
};

export type Outline = {
	/** The next entries, in the order of the log, and the bodies of those that are no readings. */
	readonly add: (entries: Uint8Array, indexes: ArrayLike<number>, bodyOf: (index: number) => Uint8Array | undefined) => void;
	/** The first few of each sort, in the order in which they were met. */
	readonly problems: () => readonly OutlineProblem[];
	/** `tallyNumbers`: by place, the last number of each subject as the tally has it. */
	readonly contents: (tallyNumbers: readonly number[] | undefined) => PackageContents;
	/** Places that have an entry whose quality says that it comes from an epoch before, or in which the last one begins. */
	readonly crossings: () => number;
};

/** Problems told of each sort: who forges one entry is told which; who forges all is told enough. */
const problemsMax = 10;

type Sort = 'channel' | 'account' | 'device' | 'agent';

/** Clock notes carry texts and numbers under these names; see format/README.md. */
const numberIn = (note: Readonly<Record<string, string | number>>, name: string): number | undefined => {
	const value = note[name];
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
};
const textIn = (note: Readonly<Record<string, string | number>>, name: string): string | undefined => {
	const value = note[name];
	return typeof value === 'string' ? value : undefined;
};

/** An outline of entries of these subjects; `hashes` are the subjects themselves, by place, and `size` is the checkpoint's. */
export function createOutline(subjects: PackageSubjects, hashes: readonly Uint8Array[], size: number): Outline {
	const openings = openingsOf(subjects);
	const {channels, accounts, devices} = subjects;
	const sortAt = (place: number): Sort =>
		place < channels.length
			? 'channel'
			: place < channels.length + accounts.length
				? 'account'
				: place < openings.length - 1
					? 'device'
					: 'agent';
	const sorts = openings.map((_, place) => sortAt(place));
	const isChannel = Uint8Array.from(sorts, sort => (sort === 'channel' ? 1 : 0));
	const table = createSubjectTable();
	for (const hash of hashes) table.add(hash);
	const first = new Float64Array(openings.length);
	const last = new Float64Array(openings.length);
	const count = new Float64Array(openings.length);
	const lastIndex = new Float64Array(openings.length);
	const quantityCodes = Int32Array.from(
		channels,
		({subject}) => quantityOfName(parseChannelUrn(subject.urn)?.quantityName ?? '')?.code ?? -1,
	);
	const fromMs = Float64Array.from(channels, channel => channel.fromMs);
	const toMs = Float64Array.from(channels, channel => channel.toMs);

	const problems: OutlineProblem[] = [];
	const told = {entry: 0, missing: 0, twice: 0, begin: 0};
	const problem = (what: OutlineProblem['what'], reason: string): void => {
		told[what] += 1;
		if (told[what] <= problemsMax) problems.push({what, reason});
	};

	let entries = 0;
	let crossings = 0;
	const statements = accounts.map((): PackageStatement[] => []);
	const identities = devices.map((): PackageIdentity[] => []);
	const starts: PackageClock['starts'][number][] = [];
	const steps: PackageClock['steps'][number][] = [];
	const gaps: PackageGap[] = [];
	let [gapCount, silenceCount] = [0, 0];
	let newestBeacon: PackageBeacon | undefined;
	let beaconBefore: PackageBeacon | undefined;
	let beaconAfter: PackageBeacon | undefined;
	let hasReading = false;
	let tally: PackageTally | undefined;

	const opened = (place: number, view: DataView, at: number, index: number, body: Uint8Array | undefined): void => {
		const kind = view.getUint8(at);
		const code = view.getUint16(at + 50);
		const number = readUint48(view, at + 76);
		const arrivedAtMs = readUint48(view, at + 70);
		const sort = sorts[place]!;
		if (kind === kinds.note && sort === 'channel') {
			const note = code === noteKinds.gap ? 'gap' : code === noteKinds.silence ? 'silence' : undefined;
			if (note === undefined) return;
			if (note === 'gap') gapCount += 1;
			else silenceCount += 1;
			if (gaps.length < gapsMax) gaps.push({urn: openings[place]!.urn, note, index, arrivedAtMs, value: `${view.getBigInt64(at + 56)}`});
		} else if (kind === kinds.note && sort === 'agent') {
			const note = (body && decodeNote(body)) ?? {};
			if (code === noteKinds.tally) {
				const counted = body && decodeTally(body);
				if (index === size - 1 && counted !== undefined && counted.size === index)
					tally = {index, channels: counted.channels, madeAtMs: arrivedAtMs};
			} else if (code === noteKinds.start) {
				if (starts.length < packageItemsMax)
					starts.push({index, arrivedAtMs, agent: textIn(note, 'agent'), synchronisation: textIn(note, 'synchronisation')});
			} else if (code === noteKinds.clockStep) {
				if (steps.length < packageItemsMax)
					steps.push({
						index,
						arrivedAtMs,
						expectedMs: numberIn(note, 'expectedMs'),
						foundMs: numberIn(note, 'foundMs'),
						synchronisation: textIn(note, 'synchronisation'),
						synchronisationBefore: textIn(note, 'synchronisationBefore'),
					});
			} else if (code === noteKinds.beacon) {
				newestBeacon = {
					index,
					arrivedAtMs,
					chainId: numberIn(note, 'chainId') ?? 0,
					blockNumber: numberIn(note, 'blockNumber') ?? 0,
					blockHash: textIn(note, 'blockHash') ?? '',
					blockTimeS: numberIn(note, 'blockTimeS') ?? 0,
				};
				if (hasReading) beaconAfter ??= newestBeacon;
			}
		} else if (kind === kinds.statement && sort === 'account') {
			const list = statements[place - channels.length]!;
			const says = Object.entries(statementKinds).find(([, known]) => known === code)?.[0] ?? `kind-${code}`;
			if (list.length < packageItemsMax) list.push({index, number, says, statedAtMs: arrivedAtMs, value: `${view.getBigInt64(at + 56)}`});
		} else if (kind === kinds.identity && sort === 'device') {
			const identity = body && decodeIdentity(body);
			if (identity === undefined || identity.urn !== openings[place]!.urn) return;
			const {event, key, certificate, calibration, owner} = identity;
			const list = identities[place - channels.length - accounts.length]!;
			if (list.length < packageItemsMax)
				list.push({
					index,
					number,
					statedAtMs: arrivedAtMs,
					event,
					key,
					certificate: certificate && {
						sha256: certificate.sha256,
						notBeforeMs: certificate.notBeforeMs,
						notAfterMs: certificate.notAfterMs,
					},
					calibration: calibration && {
						sha256: calibration.sha256,
						number: calibration.number,
						notBefore: calibration.notBefore,
						notAfter: calibration.notAfter,
					},
					owner,
				});
		}
	};

	const agentPlace = openings.length - 1;
	/*
	 * KNOWN GAP: What a device whose clock is ahead sent before the period, for a time in it, is shown by an honest maker, and nobody can see whether it was.
	 */
	const begin = (place: number, number: number, kind: number, latestMs: number, isTimed: boolean, index: number): void => {
		first[place] = number;
		if (number === 1) return;
		const {urn} = openings[place]!;
		if (isChannel[place] === 0 && place < agentPlace) problem('missing', `${urn}: numbers 1 to ${number - 1} are missing`);
		// One that was measured, and arrived by a clock not known to be wrong, before the period shows that the period begins behind it. That it was measured before is not enough: it may have come late, behind
		// half of the period.
		else if (isChannel[place] === 1 && (kind !== kinds.reading || !isTimed || latestMs >= fromMs[place]!))
			problem('begin', `${urn}: it begins with number ${number} at index ${index}, and nothing shows what came before it`);
	};
	/** The first reading that counts: what the clock and the agent did from there on must be there. */
	const beginReadings = (index: number): void => {
		hasReading = true;
		beaconBefore = newestBeacon;
		if (count[agentPlace] === 0)
			problem('begin', `${openings[agentPlace]!.urn}: nothing of it is shown in front of the first reading, at index ${index}`);
	};

	return {
		add: (packed, indexes, bodyOf) => {
			const view = viewOf(packed);
			for (let i = 0; i < indexes.length; i += 1) {
				const at = i * entryLength;
				const index = indexes[i]!;
				entries += 1;
				const kind = packed[at]!;
				const place = table.find(view, at);
				if (kind === 0 || packed[at + 1] !== 1 || place < 0) {
					problem('entry', `index ${index}: it is no entry of a version that this program knows`);
					continue;
				}
				const number = readUint48(view, at + 76);
				const measuredAtMs = readUint48(view, at + 64);
				const arrivedAtMs = readUint48(view, at + 70);
				const timeMs = measuredAtMs === 0 ? arrivedAtMs : measuredAtMs;
				if (count[place] === 0) {
					const isTimed = (packed[at + 55]! & qualities.clockUnsynchronised) === 0;
					begin(place, number, kind, Math.max(timeMs, arrivedAtMs), isTimed, index);
				} else if (number > last[place]! + 1) {
					const missing =
						number === last[place]! + 2 ? `number ${last[place]! + 1} is` : `numbers ${last[place]! + 1} to ${number - 1} are`;
					problem('missing', `${openings[place]!.urn}: ${missing} missing, between index ${lastIndex[place]} and index ${index}`);
				} else if (number <= last[place]!)
					problem(
						'twice',
						`${openings[place]!.urn}: index ${index} has number ${number}, which was there: number ${last[place]} came before it`,
					);
				count[place]! += 1;
				if (number > last[place]!) last[place] = number;
				lastIndex[place] = index;
				if ((packed[at + 54]! & (qualities.appendedAgain >> 8)) !== 0) crossings += 1;
				if (kind !== kinds.reading) {
					opened(place, view, at, index, bodyOf(index));
					continue;
				}
				if (isChannel[place] === 0) {
					problem('entry', `index ${index}: it is a reading, but ${openings[place]!.urn} is no channel`);
					continue;
				}
				if (quantityCodes[place]! >= 0 && view.getUint16(at + 50) !== quantityCodes[place])
					problem('entry', `index ${index}: it is of quantity ${view.getUint16(at + 50)}, which ${openings[place]!.urn} is not`);
				if (timeMs < fromMs[place]! || timeMs > toMs[place]!) continue;
				if (!hasReading) beginReadings(index);
				beaconAfter = undefined;
			}
		},
		problems: () => {
			const bare = openings.findIndex((_, place) => count[place] === 0);
			if (bare < 0) return problems;
			return [...problems, {what: 'missing', reason: `${openings[bare]!.urn}: none of its entries is shown`}];
		},
		crossings: () => crossings,
		contents: tallyNumbers => {
			const of = (place: number): PackageSubject => ({
				subject: openings[place]!,
				firstNumber: first[place]!,
				lastNumber: last[place]!,
				count: count[place]!,
				tallyNumber: tallyNumbers?.[place],
			});
			return {
				entries,
				channels: channels.map(
					({subject}, i): PackageChannel => ({
						...of(i),
						quantity: parseChannelUrn(subject.urn)?.quantityName ?? '',
						fromMs: fromMs[i]!,
						toMs: toMs[i]!,
					}),
				),
				accounts: accounts.map((_, i): PackageAccount => ({...of(channels.length + i), statements: statements[i]!})),
				devices: devices.map((_, i): PackageDevice => ({...of(channels.length + accounts.length + i), identities: identities[i]!})),
				agent: of(openings.length - 1),
				clock: {starts, steps, beaconBefore, beaconAfter},
				gaps,
				gapCounts: {gaps: gapCount, silences: silenceCount},
				tally,
			};
		},
	};
}
