// The composition root's part that packs evidence: from a question on a site to one file, and from such a file to a verdict.

import {type FileHandle, open, unlink} from 'node:fs/promises';
import {dirname} from 'node:path';
import {askBasis, ledgersFor} from './accounts.ts';
import {viewOf} from './base/bytes.ts';
import {verifyDeviceSignature} from './base/device-signature.ts';
import {syncPath} from './base/durable.ts';
import {verifyEd25519} from './base/ed25519.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher, nodeSm3} from './base/hash-node.ts';
import {pastOf} from './following.ts';
import {parseCheckpoint} from './format/checkpoint.ts';
import {outlineEntry} from './format/entry.ts';
import type {EvidenceManifest} from './format/evidence-package.ts';
import {sm3} from './format/sm3.ts';
import type {Trust} from './format/trust.ts';
import type {Basis, Ledger, Question} from './ledgers/ledger.ts';
import {createRecount} from './ledgers/recount.ts';
import type {LogReader} from './log/reader.ts';
import {openSiteReader} from './reading.ts';
import type {AnchoredCheckpoint} from './receipt/issue.ts';
import {packPackage} from './receipt/pack.ts';
import type {SitePaths} from './site.ts';
import {verifierDigest} from './verifier-digest.ts';
import type {ChainReader} from './verify/anchors.ts';
import type {PackageSource} from './verify/package.ts';
import type {Verdict} from './verify/verdict.ts';
import {createVerifier} from './verify/verifier.ts';
import {version} from './version.ts';

/** A file that goes into the package as it is: `cover.html`, `cover.pdf`, or with a language, `cover-zh.pdf`. */
export type PackageMember = {readonly name: string; readonly bytes: Uint8Array};

export type PackProgress = {
	/** gather: entries are read, packed and hashed. answer: the answer is computed from them. write: proof, cover and manifest. */
	readonly step: 'gather' | 'answer' | 'write';
	readonly done: number;
	readonly all: number;
};

export type PackRequest = {
	/** How many chains and authorities should hold the checkpoint that it is proven under. @default 1 */
	readonly anchorsNeeded?: number;
	readonly question: Question;
	/** A new file; fails with DATA_EXISTS if there is one. */
	readonly out: string;
	/** By the maker's clock. */
	readonly madeAtMs: number;
	/** Shows the messages of all readings as they arrived, as far as they are kept; else only those of corrections. @default true */
	readonly withArrivals?: boolean | undefined;
	/**
	 * Under which checkpoint: period: the first anchored one that was made when the period was over. newest: the newest anchored one, for all that was stated since. Where the log has more of what
	 * is asked than an anchored one covers, the newest released one. @default newest for a shipment, else period
	 */
	readonly asOf?: 'period' | 'newest' | undefined;
	/** Makes what people read, from all that the manifest says so far: its `files` are those in front of the cover. @default no cover */
	readonly coverOf?: ((manifest: EvidenceManifest) => Promise<readonly PackageMember[]>) | undefined;
	readonly onProgress?: ((progress: PackProgress) => void) | undefined;
};

export type Packed = {
	/** As it stands in the file. */
	readonly manifest: EvidenceManifest;
	/** Bytes of the file. */
	readonly length: number;
	/** Of those, bytes of the segments that hold the entries. */
	readonly entriesLength: number;
};

/** Other ledgers than those of this program, for tests. */
type LedgersFor = (question: Pick<Question, 'about'>) => Ledger[];

/**
 * Packs what answers a question on a site into one new file; the running agent is asked for what the answer rests on, else the files are. Fails with ENTRY_UNKNOWN where the log knows
 * nothing of what is asked; then, and on any other failure, there is no file.
 */
export async function packEvidence(paths: SitePaths, request: PackRequest): Promise<Packed> {
	const basis = await askBasis(paths, request.question);
	await using reader = await openSiteReader(paths, request.anchorsNeeded);
	return await packFrom(reader, basis, request);
}

/** What packing reads of a site. */
export type PackReader = Pick<
	LogReader,
	| 'origin'
	| 'channels'
	| 'entries'
	| 'entry'
	| 'source'
	| 'sources'
	| 'range'
	| 'between'
	| 'at'
	| 'indexOfNumber'
	| 'multiproof'
	| 'tallyAt'
	| 'quarantine'
> & {
	readonly released: () => Promise<{readonly note: string; readonly size: number} | undefined>;
	readonly anchoredAbove: (index: number, notBeforeMs?: number) => Promise<AnchoredCheckpoint | undefined>;
};

/** As many as the quarantine ever has. */
const refusalsMax = 20_000;

/** Packs from a log that is open to read. */
export async function packFrom(reader: PackReader, basis: Basis, request: PackRequest, ledgers: LedgersFor = ledgersFor): Promise<Packed> {
	const {question} = request;
	const checkpoint = await checkpointFor(reader, basis, request);
	const size = parseCheckpoint(checkpoint.note)?.size ?? 0;
	const byUrn = new Map((await reader.channels()).map(channel => [channel.urn, channel]));
	const past = pastOf(
		reader,
		urn => byUrn.get(urn),
		() => size,
	);
	const file = await create(request.out);
	try {
		const packed = await packPackage(
			{
				...reader,
				hasher: nodeHasher,
				sm3: nodeSm3 ?? sm3,
				before: ({urn}, timeMs) => past.before(urn, timeMs),
				refusals: async () => (await reader.quarantine(refusalsMax)).reverse(),
				recountOf: asked => createRecount(ledgers(asked), asked),
			},
			{
				question,
				basis,
				origin: reader.origin,
				checkpoint,
				madeAtMs: request.madeAtMs,
				program: `kedge ${version}`,
				verifierSha256: await verifierDigest(),
				withArrivals: request.withArrivals ?? true,
				coverOf: request.coverOf ?? (async () => []),
				write: bytes => writeAll(file, bytes),
				onProgress: (step, done, all) => request.onProgress?.({step, done, all}),
			},
		);
		await file.sync();
		await file.close();
		await syncPath(dirname(request.out));
		return packed;
	} catch (error) {
		await file.close().catch(() => {});
		// Half of a package is none.
		await unlink(request.out).catch(() => {});
		throw error;
	}
}

async function create(path: string): Promise<FileHandle> {
	try {
		return await open(path, 'wx');
	} catch (error) {
		throw new AgentError('DATA_EXISTS', `cannot write ${path} as a new file: ${describeError(error)}`, {cause: error});
	}
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
	for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}

/** The checkpoint that a package is made under. One that is on a chain is worth more, as long as nothing of what is asked lies behind it. */
async function checkpointFor(reader: PackReader, basis: Basis, {question, asOf}: PackRequest): Promise<AnchoredCheckpoint> {
	const isNewest = (asOf ?? (question.about === 'shipment' || question.about === 'certificates' ? 'newest' : 'period')) === 'newest';
	const released = await reader.released();
	if (released === undefined)
		throw new AgentError('ENTRY_UNKNOWN', 'no checkpoint is released yet', {
			hint: 'A running agent releases within a second; kedge status says what holds it back. If it is stopped, start it.',
		});
	const byUrn = new Map((await reader.channels()).map(channel => [channel.urn, channel]));
	const isCut = async (size: number): Promise<boolean> => {
		for (const {urn, fromMs, toMs} of basis.channels) {
			const channel = byUrn.get(urn);
			const newest = channel && (await reader.at(channel, toMs));
			if (newest === undefined || newest.index < size || newest.index >= released.size) continue;
			const {measuredAtMs, arrivedAtMs} = outlineEntry(viewOf(newest.entry), 0);
			if ((measuredAtMs === 0 ? arrivedAtMs : measuredAtMs) >= fromMs) return true;
		}
		for (const urn of isNewest ? basis.statements : []) {
			const channel = byUrn.get(urn);
			if (channel === undefined) continue;
			for await (const {index} of reader.between(channel, size, released.size)) if (index >= size) return true;
		}
		return false;
	};
	/** Whether anything of the period itself lies behind, or what closes it: a meter that goes on must not keep a period that is over from being anchored. */
	const isPeriodCut = async (size: number): Promise<boolean> => {
		for (const {urn, toMs} of basis.channels) {
			const channel = byUrn.get(urn);
			if (channel === undefined) continue;
			const newest = await reader.at(channel, Math.min(toMs, question.toMs - 1));
			if (newest !== undefined && newest.index >= size) return true;
			if (toMs < question.toMs) continue;
			for await (const {index} of reader.range(channel, question.toMs, toMs)) {
				// They come in the order of the log: the first says whether any is below.
				if (index >= size) return true;
				break;
			}
		}
		return false;
	};
	for (const notBeforeMs of isNewest ? [Number.MAX_SAFE_INTEGER] : [question.toMs, Number.MAX_SAFE_INTEGER]) {
		const anchored = await reader.anchoredAbove(0, notBeforeMs);
		const size = anchored && parseCheckpoint(anchored.note)?.size;
		if (anchored === undefined || size === undefined || size > released.size) continue;
		if (!(await isCut(size)) || (!isNewest && notBeforeMs === Number.MAX_SAFE_INTEGER && !(await isPeriodCut(size))))
			return {note: anchored.note, anchors: anchored.anchors, timestamps: anchored.timestamps};
	}
	return {note: released.note, anchors: [], timestamps: []};
}

/** A package on the disk, of which only what is looked at is read. Fails with DATA_MISSING. */
export async function openPackage(path: string): Promise<PackageSource & AsyncDisposable> {
	let file: FileHandle;
	let length: number;
	try {
		file = await open(path, 'r');
		length = (await file.stat()).size;
	} catch (error) {
		throw new AgentError('DATA_MISSING', `cannot read ${path}`, {cause: error});
	}
	return {
		length,
		read: async (begin, end) => {
			const bytes = Buffer.allocUnsafeSlow(end - begin);
			for (let at = 0; at < bytes.length; ) {
				const {bytesRead} = await file.read(bytes, at, bytes.length - at, begin + at).catch((error: unknown) => {
					// A folder can be opened, and only reading it fails.
					throw new AgentError('DATA_MISSING', `cannot read ${path}`, {cause: error});
				});
				if (bytesRead === 0) throw new AgentError('DATA_MISSING', `${path} has become shorter while it was read`);
				at += bytesRead;
			}
			return bytes;
		},
		[Symbol.asyncDispose]: () => file.close(),
	};
}

/** True if the file begins as packages do, so that it is for `verifyPackageFile`. Fails with DATA_MISSING. */
export async function isPackageFile(path: string): Promise<boolean> {
	await using source = await openPackage(path);
	return source.length >= 4 && viewOf(await source.read(0, 4)).getUint32(0) === 0x504b_0304;
}

/** The verdict on a package on the disk. Offline, unless it is handed a chain to ask. */
export async function verifyPackageFile(
	path: string,
	trust: Trust,
	options: {
		readonly chain?: ChainReader | undefined;
		readonly onProgress?: ((done: number, all: number) => void) | undefined;
		/** @default those of this program */
		readonly ledgers?: LedgersFor | undefined;
	} = {},
): Promise<Verdict> {
	await using source = await openPackage(path);
	const {ledgers = ledgersFor} = options;
	const verifier = createVerifier({
		hasher: nodeHasher,
		verifySignature: verifyEd25519,
		verifyDeviceSignature,
		chain: options.chain,
		sm3: nodeSm3,
		recountOf: question => createRecount(ledgers(question), question),
	});
	// Awaited here: the file is closed behind it.
	return await verifier.verifyPackage(source, trust, options.onProgress);
}
