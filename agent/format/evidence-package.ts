// The manifest of an evidence package: what was asked, what the answer is, how it was made, and which files of the package it rests on.

import {fromHex, toHex} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {canonicalTextWithDigest, type Fields, type Json, type Parsed, parseDocument, shapeError} from './document.ts';
import {hasProofs, type Outside, readOutside, readSubject, type SubjectOpening, writeOutside, writeSubject} from './evidence.ts';

export const packageFormat = 'kedge evidence 1';
/** With a proof of a block or a time stamp in its manifest. */
export const provenPackageFormat = 'kedge evidence 2';
const packageFormats: readonly string[] = [packageFormat, provenPackageFormat];

/** Subjects of which the package may be: channels, accounts, devices and the agent together. */
export const packageSubjectsMax = 20_000;
/** Entries that one package may hold: at 70 bytes each it stays below packageLengthMax. */
export const packageEntriesMax = 16_777_216;
/** The whole file: what Node reads at once, and what a ZIP says without its 64-bit extension. */
export const packageLengthMax = 2 ** 31 - 1;
export const manifestLengthMax = 64 * 1024 * 1024;
/** A part has eight bytes at least where it is written out. */
const manifestPartsMax = manifestLengthMax / 8;
const filesMax = 2048;
export const packageItemsMax = 100_000;
const itemsMax = packageItemsMax;

/** What is asked; as ledgers take it. Times are ms since 1970: from is included, to is not. */
export type PackageQuestion = {
	readonly about: 'site' | 'shipment' | 'device' | 'certificates';
	readonly id: string;
	readonly fromMs: number;
	readonly toMs: number;
};

/** By what the answer was made. */
export type PackageMethod = {
	readonly ledger: string;
	readonly ledgerVersion: number;
	/** Version of the program that made the package. */
	readonly program: string;
	/** 32 bytes: SHA-256 of the verifier program, as the maker has it; undefined where it has none as one file. */
	readonly verifierSha256: Uint8Array | undefined;
};

/** All entries of a subject that are in the package; numbers are without a gap from first to last, which is where the checkpoint ends. */
export type PackageSubject = {
	readonly subject: SubjectOpening;
	readonly firstNumber: number;
	readonly lastNumber: number;
	readonly count: number;
	/** The subject's last number by the tally; undefined without one. */
	readonly tallyNumber: number | undefined;
};

export type PackageChannel = PackageSubject & {
	/** Name in the quantity registry. */
	readonly quantity: string;
	/** Times of the readings that count for the answer, ms since 1970, both included. */
	readonly fromMs: number;
	readonly toMs: number;
};

/** A statement of an account. Its body is in the file `bodies.bin`. */
export type PackageStatement = {
	readonly index: number;
	readonly number: number;
	/** A name of statementKinds in format/entry.ts; `kind-N` for one that is not known. */
	readonly says: string;
	readonly statedAtMs: number;
	/** What the entry itself says: decimal text. */
	readonly value: string;
};

export type PackageAccount = PackageSubject & {readonly statements: readonly PackageStatement[]};

/** What the log says of a device; see format/identity.ts. */
export type PackageIdentity = {
	readonly index: number;
	readonly number: number;
	readonly statedAtMs: number;
	readonly event: string;
	/** As in format/device-key.ts. */
	readonly key: string | undefined;
	readonly certificate:
		| {readonly sha256: string; readonly notBeforeMs: number | undefined; readonly notAfterMs: number | undefined}
		| undefined;
	/** The calibration certificate's file by its SHA-256, and the days on which it holds, both ends included. */
	readonly calibration:
		| {readonly sha256: string; readonly number: string | undefined; readonly notBefore: string; readonly notAfter: string}
		| undefined;
	/** The account that it belongs to on a chain [CAIP-10]. */
	readonly owner: string | undefined;
};

/** All that the log ever said of a device. */
export type PackageDevice = PackageSubject & {readonly identities: readonly PackageIdentity[]};

/** A block that the agent's node called final when the entry was made. */
export type PackageBeacon = {
	readonly index: number;
	readonly arrivedAtMs: number;
	readonly chainId: number;
	readonly blockNumber: number;
	readonly blockHash: string;
	readonly blockTimeS: number;
};

/** Of the agent's clock and its starts, in the period and at its ends. */
export type PackageClock = {
	readonly starts: readonly {
		readonly index: number;
		readonly arrivedAtMs: number;
		/** Version of the agent. */
		readonly agent: string | undefined;
		/** State of the clock: `synchronised`, `unsynchronised` or `unknown`. */
		readonly synchronisation: string | undefined;
	}[];
	readonly steps: readonly {
		readonly index: number;
		readonly arrivedAtMs: number;
		readonly expectedMs: number | undefined;
		readonly foundMs: number | undefined;
		readonly synchronisation: string | undefined;
		readonly synchronisationBefore: string | undefined;
	}[];
	/** The newest in front of the first reading, and the first behind the last one: the readings were appended between these two blocks. */
	readonly beaconBefore: PackageBeacon | undefined;
	readonly beaconAfter: PackageBeacon | undefined;
};

/** The last numbers of all channels in front of it. Those of the package are in the file `tally.bin`. */
export type PackageTally = {
	readonly index: number;
	/** How many channels it counts. */
	readonly channels: number;
	readonly madeAtMs: number;
};

/** Where something is known not to have been logged, on the channels of the package: what its notes say. */
export type PackageGap = {
	/** URN of the channel. */
	readonly urn: string;
	readonly note: 'gap' | 'silence';
	readonly index: number;
	readonly arrivedAtMs: number;
	/** gap: how many of the device's own numbers. silence: ms so far. Decimal text. */
	readonly value: string;
};

/** Messages that were refused while the period lasted. They are not in the tree: that these are all is the maker's word. */
export type PackageRefusals = {
	/** Of the whole log, by reason, as far as the quarantine still has them. */
	readonly counts: readonly {readonly reason: string; readonly count: number}[];
	/** How many of them came from devices of the package, and are in `refusals.bin` as they arrived. */
	readonly shown: number;
};

export type PackageFile = {
	readonly name: string;
	/** Bytes in the package. */
	readonly length: number;
	/** 32 bytes each, of those bytes: SHA-256, and SM3 [GB/T 32905-2016]. */
	readonly sha256: Uint8Array;
	readonly sm3: Uint8Array;
	/** Bytes after inflating, for files that are compressed. */
	readonly unpacked: number | undefined;
};

/** The anchors and time stamps are those of its checkpoint. */
export type EvidenceManifest = Outside & {
	readonly question: PackageQuestion;
	/** What the ledger says; its shape is the ledger's. */
	readonly answer: Json;
	readonly method: PackageMethod;
	/** By the maker's clock. */
	readonly madeAtMs: number;
	/** `<log name>/<epoch>` */
	readonly origin: string;
	/** The signed note of the checkpoint under which everything stands. */
	readonly checkpoint: string;
	/** The tally that ends the checkpoint, and is the last entry here; undefined where no anchored checkpoint covers the entries yet. */
	readonly tally: PackageTally | undefined;
	/** Entries in all, of all subjects. */
	readonly entries: number;
	readonly channels: readonly PackageChannel[];
	/** URNs that the answer asks for, of channels and accounts, and that the log does not have: the maker's word. */
	readonly absent: readonly string[];
	readonly accounts: readonly PackageAccount[];
	readonly devices: readonly PackageDevice[];
	/** The agent itself: its tallies, starts, clock steps and beacons around the period. */
	readonly agent: PackageSubject;
	readonly clock: PackageClock;
	/** The first thousand. */
	readonly gaps: readonly PackageGap[];
	/** How many there are of each. */
	readonly gapCounts: {readonly gaps: number; readonly silences: number};
	readonly refusals: PackageRefusals;
	/** Which messages are shown as they arrived: all that were kept, or only those of corrections. */
	readonly arrivals: 'all' | 'corrections';
	/** All files of the package but the manifest itself, in their order there. While a cover is made: those in front of it. */
	readonly files: readonly PackageFile[];
};

export const gapsMax = 1000;

/** Counts an answer anew from the entries of a package: what ledgers are to maker and verifier, who know none. */
export type Recount = {
	/** Says under which URN a subject stands; comes before its entries. */
	readonly enrol: (subject: Uint8Array, urn: string) => void;
	/**
	 * Takes packed entries, in the order of the log, with their places in it. `bodyOf` gives the body of a statement among them, `correctsOf` the number of the entry that a correction
	 * among them stands in for; both know these entries only.
	 */
	readonly take: (
		entries: Uint8Array,
		indexes: ArrayLike<number>,
		opened: {readonly bodyOf: (index: number) => Uint8Array | undefined; readonly correctsOf: (index: number) => number | undefined},
	) => Promise<void>;
	/** What the ledgers say of the question, now that all is there; undefined if they know nothing of it. */
	readonly answer: () => Promise<{readonly ledger: string; readonly version: number; readonly answer: Json} | undefined>;
	/** What the answer rests on: every statement of these accounts, and these channels with times from … to, both included. */
	readonly basis: () => Promise<PackageBasis | undefined>;
};

/** See ledgers/ledger.ts. */
export type PackageBasis = {
	readonly statements: readonly string[];
	readonly channels: readonly {readonly urn: string; readonly fromMs: number; readonly toMs: number}[];
};

const nameOf = (about: string): PackageQuestion['about'] =>
	about === 'site' || about === 'shipment' || about === 'device' || about === 'certificates'
		? about
		: shapeError('about is not site, shipment, device or certificates');

/** The canonical text of a manifest, digest included. */
export function formatManifest(hasher: Hasher, manifest: EvidenceManifest): string {
	const {question, method, tally, clock, gapCounts, refusals} = manifest;
	const body = {
		format: hasProofs(manifest) ? provenPackageFormat : packageFormat,
		question: {about: question.about, id: question.id, fromMs: question.fromMs, toMs: question.toMs},
		answer: manifest.answer,
		method: {
			ledger: method.ledger,
			ledgerVersion: method.ledgerVersion,
			program: method.program,
			verifierSha256: method.verifierSha256 && toHex(method.verifierSha256),
		},
		madeAtMs: manifest.madeAtMs,
		origin: manifest.origin,
		checkpoint: manifest.checkpoint,
		tally: tally && {index: tally.index, channels: tally.channels, madeAtMs: tally.madeAtMs},
		entries: manifest.entries,
		channels: manifest.channels.map(channel => ({
			...writeNumbers(channel),
			quantity: channel.quantity,
			fromMs: channel.fromMs,
			toMs: channel.toMs,
		})),
		absent: manifest.absent,
		accounts: manifest.accounts.map(account => ({
			...writeNumbers(account),
			statements: account.statements.map(({index, number, says, statedAtMs, value}) => ({index, number, says, statedAtMs, value})),
		})),
		devices: manifest.devices.map(device => ({...writeNumbers(device), identities: device.identities.map(writeIdentity)})),
		agent: writeNumbers(manifest.agent),
		clock: {
			starts: clock.starts.map(({index, arrivedAtMs, agent, synchronisation}) => ({index, arrivedAtMs, agent, synchronisation})),
			steps: clock.steps.map(({index, arrivedAtMs, expectedMs, foundMs, synchronisation, synchronisationBefore}) => ({
				index,
				arrivedAtMs,
				expectedMs,
				foundMs,
				synchronisation,
				synchronisationBefore,
			})),
			beaconBefore: clock.beaconBefore && writeBeacon(clock.beaconBefore),
			beaconAfter: clock.beaconAfter && writeBeacon(clock.beaconAfter),
		},
		gaps: manifest.gaps.map(({urn, note, index, arrivedAtMs, value}) => ({urn, note, index, arrivedAtMs, value})),
		gapCounts: {gaps: gapCounts.gaps, silences: gapCounts.silences},
		refusals: {counts: refusals.counts.map(({reason, count}) => ({reason, count})), shown: refusals.shown},
		arrivals: manifest.arrivals,
		...writeOutside(manifest),
		files: manifest.files.map(({name, length, sha256, sm3, unpacked}) => ({
			name,
			length,
			sha256: toHex(sha256),
			sm3: toHex(sm3),
			unpacked,
		})),
	} satisfies Json;
	return canonicalTextWithDigest(hasher, body);
}

function writeNumbers({subject, firstNumber, lastNumber, count, tallyNumber}: PackageSubject) {
	return {subject: writeSubject(subject), firstNumber, lastNumber, count, tallyNumber};
}

function writeIdentity(identity: PackageIdentity) {
	const {index, number, statedAtMs, event, key, certificate, calibration, owner} = identity;
	return {
		index,
		number,
		statedAtMs,
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
	};
}

function writeBeacon({index, arrivedAtMs, chainId, blockNumber, blockHash, blockTimeS}: PackageBeacon) {
	return {index, arrivedAtMs, chainId, blockNumber, blockHash, blockTimeS};
}

const countMaybe = (fields: Fields, key: string): number | undefined => (fields.has(key) ? fields.count(key) : undefined);

function readNumbers(fields: Fields): PackageSubject {
	return {
		subject: fields.object('subject', readSubject),
		firstNumber: fields.count('firstNumber'),
		lastNumber: fields.count('lastNumber'),
		count: fields.count('count'),
		tallyNumber: countMaybe(fields, 'tallyNumber'),
	};
}

function readBeacon(fields: Fields): PackageBeacon {
	return {
		index: fields.count('index'),
		arrivedAtMs: fields.count('arrivedAtMs'),
		chainId: fields.count('chainId'),
		blockNumber: fields.count('blockNumber'),
		blockHash: fields.text('blockHash'),
		blockTimeS: fields.count('blockTimeS'),
	};
}

function readIdentity(fields: Fields): PackageIdentity {
	return {
		index: fields.count('index'),
		number: fields.count('number'),
		statedAtMs: fields.count('statedAtMs'),
		event: fields.text('event'),
		key: fields.textMaybe('key'),
		certificate: fields.objectMaybe('certificate', certificate => ({
			sha256: certificate.text('sha256'),
			notBeforeMs: countMaybe(certificate, 'notBeforeMs'),
			notAfterMs: countMaybe(certificate, 'notAfterMs'),
		})),
		calibration: fields.objectMaybe('calibration', calibration => ({
			sha256: calibration.text('sha256'),
			number: calibration.textMaybe('number'),
			notBefore: calibration.text('notBefore'),
			notAfter: calibration.text('notAfter'),
		})),
		owner: fields.textMaybe('owner'),
	};
}

/** 32 bytes in hexadecimal, as people compare them. */
function digestOf(fields: Fields, key: string): Uint8Array {
	const bytes = fromHex(fields.text(key));
	return bytes?.length === 32 ? bytes : shapeError(`${key} is not 32 bytes in lower-case hexadecimal`);
}

function readFile(fields: Fields): PackageFile {
	return {
		name: fields.text('name'),
		length: fields.count('length'),
		sha256: digestOf(fields, 'sha256'),
		sm3: digestOf(fields, 'sm3'),
		unpacked: countMaybe(fields, 'unpacked'),
	};
}

function readManifest(fields: Fields): EvidenceManifest {
	if (!packageFormats.includes(fields.text('format'))) shapeError(`format is not "${packageFormats.join('" or "')}"`);
	const arrivals = fields.text('arrivals');
	return {
		question: fields.object('question', question => ({
			about: nameOf(question.text('about')),
			id: question.text('id'),
			fromMs: question.count('fromMs'),
			toMs: question.count('toMs'),
		})),
		answer: fields.json('answer'),
		method: fields.object('method', method => ({
			ledger: method.text('ledger'),
			ledgerVersion: method.count('ledgerVersion'),
			program: method.text('program'),
			verifierSha256: method.has('verifierSha256') ? digestOf(method, 'verifierSha256') : undefined,
		})),
		madeAtMs: fields.count('madeAtMs'),
		origin: fields.text('origin'),
		checkpoint: fields.text('checkpoint'),
		tally: fields.objectMaybe('tally', one => ({
			index: one.count('index'),
			channels: one.count('channels'),
			madeAtMs: one.count('madeAtMs'),
		})),
		entries: fields.count('entries'),
		channels: fields.list('channels', packageSubjectsMax, channel => ({
			...readNumbers(channel),
			quantity: channel.text('quantity'),
			fromMs: channel.count('fromMs'),
			toMs: channel.count('toMs'),
		})),
		absent: fields.texts('absent', packageSubjectsMax),
		accounts: fields.list('accounts', packageSubjectsMax, account => ({
			...readNumbers(account),
			statements: account.list('statements', itemsMax, statement => ({
				index: statement.count('index'),
				number: statement.count('number'),
				says: statement.text('says'),
				statedAtMs: statement.count('statedAtMs'),
				value: statement.text('value'),
			})),
		})),
		devices: fields.list('devices', packageSubjectsMax, device => ({
			...readNumbers(device),
			identities: device.list('identities', itemsMax, readIdentity),
		})),
		agent: fields.object('agent', readNumbers),
		clock: fields.object('clock', clock => ({
			starts: clock.list('starts', itemsMax, start => ({
				index: start.count('index'),
				arrivedAtMs: start.count('arrivedAtMs'),
				agent: start.textMaybe('agent'),
				synchronisation: start.textMaybe('synchronisation'),
			})),
			steps: clock.list('steps', itemsMax, step => ({
				index: step.count('index'),
				arrivedAtMs: step.count('arrivedAtMs'),
				expectedMs: countMaybe(step, 'expectedMs'),
				foundMs: countMaybe(step, 'foundMs'),
				synchronisation: step.textMaybe('synchronisation'),
				synchronisationBefore: step.textMaybe('synchronisationBefore'),
			})),
			beaconBefore: clock.objectMaybe('beaconBefore', readBeacon),
			beaconAfter: clock.objectMaybe('beaconAfter', readBeacon),
		})),
		gaps: fields.list('gaps', gapsMax, gap => {
			const note = gap.text('note');
			return {
				urn: gap.text('urn'),
				note: note === 'gap' || note === 'silence' ? note : shapeError('note is not gap or silence'),
				index: gap.count('index'),
				arrivedAtMs: gap.count('arrivedAtMs'),
				value: gap.text('value'),
			};
		}),
		gapCounts: fields.object('gapCounts', counts => ({gaps: counts.count('gaps'), silences: counts.count('silences')})),
		refusals: fields.object('refusals', refusals => ({
			counts: refusals.list('counts', itemsMax, one => ({reason: one.text('reason'), count: one.count('count')})),
			shown: refusals.count('shown'),
		})),
		arrivals: arrivals === 'all' || arrivals === 'corrections' ? arrivals : shapeError('arrivals is not "all" or "corrections"'),
		...readOutside(fields),
		files: fields.list('files', filesMax, readFile),
	};
}

export function parseManifest(hasher: Hasher, bytes: Uint8Array): Parsed<EvidenceManifest> {
	return parseDocument(bytes, manifestLengthMax, readManifest, manifest => formatManifest(hasher, manifest), manifestPartsMax);
}
