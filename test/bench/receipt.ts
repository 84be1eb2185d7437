// Proofs out of a log of a million entries: how long until one can be asked, what one costs to issue and to verify, how large it is, and how fast all is audited.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {createEd25519Signer, verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import type {Checkpoint} from '../../agent/format/checkpoint.ts';
import {type NoteKey, noteKey} from '../../agent/format/note.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {emptyTrust} from '../../agent/format/trust.ts';
import type {Draft} from '../../agent/log/batch.ts';
import {createHeadFile} from '../../agent/log/head-file.ts';
import {createLog, openLog} from '../../agent/log/log.ts';
import {auditSite, openSiteReader} from '../../agent/reading.ts';
import {createIssuer} from '../../agent/receipt/issue.ts';
import {sitePaths} from '../../agent/site.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {type Bench, type BenchOptions, type Figure, median} from './figure.ts';

const devices = 50;
const readingsPerMessage = 100;
const checkpointsWanted = 100;
const signer = createEd25519Signer(new Uint8Array(32).fill(7));
const startMs = Date.UTC(2026, 0, 1);
const quantity = quantityOfName('energy-import')!;

/** Indexes that look random and are the same in every run. */
function createIndexes(size: number): () => number {
	let state = 1;
	return () => {
		// Lehmer's generator with the constants of Park and Miller.
		state = (state * 48_271) % 0x7fff_ffff;
		return state % size;
	};
}

type MadeLog = {readonly key: NoteKey; readonly checkpoints: readonly Checkpoint[]; readonly tally: Checkpoint};

/** A log as SenML packs of 100 make it, and some of its checkpoints, evenly spread. */
async function makeLog(path: string, entries: number): Promise<MadeLog> {
	const key = noteKey(nodeHasher, 'bench/1', signer.publicKey);
	await createLog({path, logName: 'bench', epoch: 1, key});
	await using log = await openLog({
		path,
		hasher: nodeHasher,
		random: createSystemRandom(),
		clock: systemClock,
		logger: silentLogger,
		signer,
	});
	const channels = Array.from({length: devices}, (_, i) =>
		log.enrol({urn: channelUrn(`meter-${i}`, quantity.name), quantity: quantity.code, quantityName: quantity.name, exponent: 0}),
	);
	await log.settled();
	const payload = Buffer.from(
		JSON.stringify(Array.from({length: readingsPerMessage}, (_, i) => ({n: 'energy', u: 'kWh', t: i, v: 12_345.678}))),
	);
	const checkpoints: Checkpoint[] = [];
	let failure: Error | undefined;
	const perCheckpoint = entries / checkpointsWanted;
	const messagesOf = channels.map(() => 0);
	// One meter has 100,000 readings of a million and more: its history is what is measured.
	const busiestEvery = Math.max(10, entries / 100_000);
	for (let message = 0; message < entries / readingsPerMessage; message += 1) {
		const device = message % busiestEvery === 0 ? 0 : 1 + (message % (devices - 1));
		const atMs = startMs + messagesOf[device]! * readingsPerMessage * 1000;
		messagesOf[device]! += 1;
		const drafts = Array.from({length: readingsPerMessage}, (_, i): Draft => {
			const measuredAtMs = atMs + i * 1000;
			return {
				channel: channels[device]!,
				kind: 1,
				quantity: quantity.code,
				exponent: 0,
				quality: 0,
				value: BigInt(message * readingsPerMessage + i),
				measuredAtMs,
				span: 0,
				session: undefined,
				key: measuredAtMs,
				keyTop: measuredAtMs,
			};
		});
		const record = encodeArrival({
			topic: `packs/meter-${device}/energy`,
			payload,
			flags: 1,
			identity: `meter-${device}`,
			arrivedAtMs: atMs + 100_000,
			deviceSignature: new Uint8Array(0),
			decoder: 'senml/1',
		});
		log.append({record, arrivedAtMs: atMs + 100_000, drafts}, error => {
			failure ??= error;
		});
		await log.pressure();
		if (((message + 1) * readingsPerMessage) % perCheckpoint !== 0) continue;
		await log.settled();
		checkpoints.push(log.checkpoint()!);
	}
	await log.settled();
	if (failure !== undefined) throw failure;
	const tally = await log.tally();
	// As the agent does before it releases a checkpoint: proofs lead to nothing newer.
	await createHeadFile(sitePaths(dirname(path)).released).write(tally);
	return {key, checkpoints, tally};
}

async function timed<T>(work: () => Promise<T>): Promise<{readonly value: T; readonly ms: number}> {
	const startedMs = performance.now();
	const value = await work();
	return {value, ms: performance.now() - startedMs};
}

/** The time until a site can be read, and until its log can be written: the medians of several. */
async function measureOpening(path: string): Promise<{readonly readMs: number; readonly writeMs: number}> {
	const readMs: number[] = [];
	const writeMs: number[] = [];
	for (let round = 0; round < 5; round += 1) {
		const reading = await timed(() => openSiteReader(sitePaths(dirname(path))));
		readMs.push(reading.ms);
		await reading.value[Symbol.asyncDispose]();
		const writing = await timed(() =>
			openLog({path, hasher: nodeHasher, random: createSystemRandom(), clock: systemClock, logger: silentLogger, signer}),
		);
		writeMs.push(writing.ms);
		await writing.value[Symbol.asyncDispose]();
	}
	return {readMs: median(readMs), writeMs: median(writeMs)};
}

/** Issues receipts at random places as `kedge prove` does, each batch of them from a reader that was just opened and has nothing in its caches. */
async function measureIssuing(
	path: string,
	entries: number,
	receipts: number,
): Promise<{readonly ms: readonly number[]; readonly firstMs: number}> {
	const index = createIndexes(entries);
	const ms: number[] = [];
	const firstMs: number[] = [];
	for (let reader = 0; reader < 10; reader += 1) {
		await using site = await openSiteReader(sitePaths(dirname(path)));
		for (let i = 0; i < receipts / 10; i += 1) {
			const took = (await timed(() => site.issuer.receipt(index()))).ms;
			ms.push(took);
			if (i === 0) firstMs.push(took);
		}
	}
	return {ms: ms.sort((a, b) => a - b), firstMs: median(firstMs)};
}

/** Receipts each against the smallest of the checkpoints that covers it, as if each of these were anchored. */
async function makeReceipts(path: string, entries: number, checkpoints: readonly Checkpoint[], count: number): Promise<Uint8Array[]> {
	await using site = await openSiteReader(sitePaths(dirname(path)));
	const bySubject = new Map((await site.channels()).map(channel => [Buffer.from(channel.subject).toString('hex'), channel]));
	const issuer = createIssuer({
		...site,
		hasher: nodeHasher,
		deviceOf: async () => undefined,
		channelOf: async subject => bySubject.get(Buffer.from(subject).toString('hex')),
		anchoredAbove: async index => {
			const checkpoint = checkpoints.find(({size}) => size > index);
			return checkpoint && {note: checkpoint.note, anchors: [], timestamps: []};
		},
	});
	const index = createIndexes(entries);
	const receipts: Uint8Array[] = [];
	for (let i = 0; i < count; i += 1) receipts.push(Buffer.from(await issuer.receipt(index())));
	return receipts;
}

/** A fresh verifier, so that every checkpoint's signature is checked once. */
async function measureVerifying(receipts: readonly Uint8Array[], key: NoteKey): Promise<number> {
	const trust = {...emptyTrust, logs: [key]};
	const took = await timed(async () => {
		const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
		for (const receipt of receipts) {
			const verdict = await verifier.verify(receipt, trust);
			if (!verdict.good) throw new Error(`a receipt is not good: ${JSON.stringify(verdict.checks)}`);
		}
	});
	return took.ms;
}

/** The history of the busiest meter up to a tally as if it were anchored: issued by a site that was just opened, and verified. */
async function measureHistory(
	path: string,
	{key, tally}: MadeLog,
): Promise<{readonly entries: number; readonly bytes: number; readonly issueMs: number; readonly verifyMs: number}> {
	await using site = await openSiteReader(sitePaths(dirname(path)));
	const channel = (await site.channels()).find(({urn}) => urn.startsWith('urn:kedge:device:meter-0:'))!;
	const issuer = createIssuer({
		...site,
		hasher: nodeHasher,
		head: site.released,
		deviceOf: async () => undefined,
		channelOf: async () => channel,
		anchoredAbove: async () => ({note: tally.note, anchors: [], timestamps: []}),
	});
	const issued = await timed(() => issuer.history(channel, 0, 2 * startMs));
	const bytes = Buffer.from(issued.value);
	const verifyMs: number[] = [];
	let entries = 0;
	for (let round = 0; round < 5; round += 1) {
		const verified = await timed(() =>
			createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519}).verify(bytes, {...emptyTrust, logs: [key]}),
		);
		const {good, checks, facts} = verified.value;
		if (!good || facts.history?.completeness?.state !== 'complete')
			throw new Error(`the history is not good and complete: ${JSON.stringify(checks)}`);
		verifyMs.push(verified.ms);
		entries = facts.history.entries;
	}
	return {entries, bytes: bytes.length, issueMs: issued.ms, verifyMs: median(verifyMs)};
}

async function measure(folder: string, options: BenchOptions): Promise<Figure[]> {
	const {quick, say} = options;
	const path = join(folder, 'log.db');
	const entries = options.entries ?? (quick ? 100_000 : 1_000_000);
	const made = await timed(() => makeLog(path, entries));
	const {key, checkpoints} = made.value;
	say(`a log of ${entries} entries made in ${(made.ms / 1000).toFixed(1)} s`);
	const opening = await measureOpening(path);
	say(`opened in ${opening.readMs.toFixed(1)} ms to read, ${opening.writeMs.toFixed(1)} ms to write`);
	const issuing = await measureIssuing(path, entries, quick ? 500 : 5000);
	const p99Ms = issuing.ms[Math.ceil(issuing.ms.length * 0.99) - 1]!;
	say(`${issuing.ms.length} receipts issued, p99 ${p99Ms.toFixed(2)} ms`);
	const receipts = await makeReceipts(path, entries, checkpoints, quick ? 1000 : 10_000);
	const verifyMs: number[] = [];
	for (let round = 0; round < 5; round += 1) verifyMs.push(await measureVerifying(receipts, key));
	say(`${receipts.length} receipts verified in ${verifyMs.map(ms => ms.toFixed(0)).join(', ')} ms`);
	const history = await measureHistory(path, made.value);
	say(`a history of ${history.entries} entries issued in ${history.issueMs.toFixed(0)} ms, verified in ${history.verifyMs.toFixed(0)} ms`);
	const audited = await timed(() => auditSite({log: path}));
	if (audited.value.problems.length > 0) throw new Error(`the audit found: ${audited.value.problems.join('; ')}`);
	return [
		{name: 'open, to read', value: opening.readMs, unit: 'ms', target: {atMost: 1000}},
		{name: 'open, to write', value: opening.writeMs, unit: 'ms', target: {atMost: 1000}},
		{name: 'issue a receipt, p99', value: p99Ms, unit: 'ms', target: {atMost: 5}},
		{name: 'issue a receipt, median', value: median(issuing.ms), unit: 'ms', target: undefined},
		{name: 'issue the first receipt after opening', value: issuing.firstMs, unit: 'ms', target: undefined},
		{
			name: `verify ${receipts.length} receipts over ${checkpoints.length} checkpoints`,
			value: median(verifyMs),
			unit: 'ms',
			target: {atMost: 1000},
		},
		{
			name: 'largest receipt, without arrival and anchors',
			value: Math.max(...receipts.map(receipt => receipt.length)),
			unit: 'bytes',
			target: {atMost: 4096},
		},
		{name: `issue a history of ${history.entries} entries`, value: history.issueMs, unit: 'ms', target: undefined},
		{name: `verify a history of ${history.entries} entries`, value: history.verifyMs, unit: 'ms', target: {atMost: 1000}},
		{name: 'its size, per entry', value: history.bytes / history.entries, unit: 'bytes', target: undefined},
		{name: 'audit', value: (audited.value.size * 1000) / audited.ms, unit: 'entries/s', target: {atLeast: 200_000}},
	];
}

export const bench: Bench = async options => {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	try {
		return await measure(folder, options);
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
};
