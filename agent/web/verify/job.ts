// One file and one trust file become one verdict, in a worker or, where there is none, on the page itself. A package is read by slices and never held whole.

import {fromUtf8, toHex} from '../../base/bytes.ts';
import {portableHasher} from '../../base/hash.ts';
import {parseDisclosure} from '../../format/disclosure.ts';
import {entryLeafHash, entryLength} from '../../format/entry.ts';
import {packageLengthMax} from '../../format/evidence-package.ts';
import {parseHistory} from '../../format/history.ts';
import {formatNoteKey} from '../../format/note.ts';
import {parseReceipt} from '../../format/receipt.ts';
import {parseTlogProof} from '../../format/tlog-proof.ts';
import {parseTrust, type Trust} from '../../format/trust.ts';
import {createColdchainLedger} from '../../ledgers/coldchain/coldchain.ts';
import {createDeviceLedger} from '../../ledgers/device/device.ts';
import {createEmissionsLedger} from '../../ledgers/emissions/emissions-ledger.ts';
import {createEnergyLedger} from '../../ledgers/energy/energy-ledger.ts';
import {createRecount} from '../../ledgers/recount.ts';
import {historyTable} from '../../verify/table.ts';
import type {CheckName, Verdict} from '../../verify/verdict.ts';
import {createVerifier} from '../../verify/verifier.ts';
import {webCryptoVerifiers} from '../../verify/web-crypto.ts';

export type Job = {
	readonly file: Blob;
	/** Text of a trust file. */
	readonly trust: string;
};

/** What stands in bytes behind a check: a name and text, the text often hexadecimal. */
export type Detail = {readonly name: DetailName; readonly text: string};
export type DetailName = 'length' | 'sha256' | 'entry' | 'leaf' | 'index' | 'path' | 'root' | 'note' | 'key' | 'message' | 'proof';

export type Table = {
	readonly columns: readonly string[];
	/** The first of them. */
	readonly rows: readonly (readonly string[])[];
	readonly count: number;
	/** All of it, to be kept as a file. */
	readonly csv: string;
};

export type Outcome =
	| {
			readonly kind: 'verdict';
			readonly verdict: Verdict;
			readonly details: Readonly<Partial<Record<CheckName, readonly Detail[]>>>;
			/** History. */
			readonly table: Table | undefined;
	  }
	/** Not even begun: more bytes than a page should take into memory, or than a package may have. */
	| {readonly kind: 'too-large'; readonly length: number; readonly lengthMax: number; readonly isPackage: boolean}
	| {readonly kind: 'empty'}
	/** It cannot be read any more: moved, changed or taken away while it was. */
	| {readonly kind: 'unreadable'; readonly reason: string}
	/** This browser has no Ed25519. */
	| {readonly kind: 'old-browser'};

/** Bytes of a receipt, history or disclosure, which is taken into memory whole, several times over. Larger ones are for the command line. */
export const documentLengthMax = 128 * 1024 * 1024;
const rowsShownMax = 2000;
const payloadShownMax = 4096;
/** One file inside a package. Those of ours have a few MiB, covers some more; whoever makes one of a gigabyte must not fill the memory of a page. */
const sliceLengthMax = 256 * 1024 * 1024;
/** Hashes of a proof, in the bytes behind a check. */
const hashesShownMax = 64;

class TooLong extends Error {
	readonly length: number;
	constructor(length: number) {
		super(`${length} bytes at once`);
		this.length = length;
	}
}

/** Never rejects but where `signal` says so. */
export async function work(job: Job, onProgress: (done: number, all: number) => void, signal?: AbortSignal): Promise<Outcome> {
	const {file} = job;
	try {
		if (file.size === 0) return {kind: 'empty'};
		const read = async (begin: number, end: number): Promise<Uint8Array> => {
			if (end - begin > sliceLengthMax) throw new TooLong(end - begin);
			const bytes = new Uint8Array(await file.slice(begin, end).arrayBuffer());
			signal?.throwIfAborted();
			if (bytes.length !== end - begin) throw new Error('the file became shorter while it was read');
			return bytes;
		};
		const head = await read(0, Math.min(4, file.size));
		const isPackage = head[0] === 0x50 && head[1] === 0x4b;
		const lengthMax = isPackage ? packageLengthMax : documentLengthMax;
		if (file.size > lengthMax) return {kind: 'too-large', length: file.size, lengthMax, isPackage};
		if (!(await hasEd25519())) return {kind: 'old-browser'};
		const parsed = parseTrust(portableHasher, new TextEncoder().encode(job.trust));
		if ('problem' in parsed) return {kind: 'unreadable', reason: parsed.problem};
		const trust = parsed.value;
		const signatures = webCryptoVerifiers(crypto.subtle);
		const verifier = createVerifier({
			hasher: portableHasher,
			...signatures,
			recountOf: question =>
				createRecount(
					question.about === 'device'
						? [createDeviceLedger()]
						: [createEmissionsLedger(), createColdchainLedger({verifySignature: signatures.verifyDeviceSignature}), createEnergyLedger()],
					question,
				),
		});
		if (isPackage) {
			let done = 0;
			const source = {
				length: file.size,
				read: async (begin: number, end: number) => {
					const bytes = await read(begin, end);
					done += bytes.length;
					onProgress(Math.min(done, file.size), file.size);
					return bytes;
				},
			};
			const verdict = await verifier.verifyPackage(source, trust);
			const details = {form: [{name: 'length', text: `${file.size}`}], ...headDetails(verdict, trust)} as const;
			return {kind: 'verdict', verdict, details, table: undefined};
		}
		const bytes = await read(0, file.size);
		onProgress(0, 0);
		const verdict = await verifier.verify(bytes, trust);
		return {kind: 'verdict', verdict, details: detailsOf(bytes, verdict, trust), table: tableOf(bytes, verdict)};
	} catch (error) {
		signal?.throwIfAborted();
		if (error instanceof TooLong) return {kind: 'too-large', length: error.length, lengthMax: sliceLengthMax, isPackage: false};
		return {kind: 'unreadable', reason: error instanceof Error ? error.message : String(error)};
	}
}

/** Some browsers have it since 2025 only. Without it every signature would look forged. */
async function hasEd25519(): Promise<boolean> {
	try {
		await crypto.subtle.importKey('raw', new Uint8Array(32), {name: 'Ed25519'}, false, ['verify']);
		return true;
	} catch (error) {
		// A key that is no point is an answer as well.
		return error instanceof DOMException && error.name === 'DataError';
	}
}

type Details = Partial<Record<CheckName, readonly Detail[]>>;

function headDetails({facts}: Verdict, trust: Trust): Details {
	const keys = trust.logs.filter(({name}) => name === facts.origin).map(key => ({name: 'key', text: formatNoteKey(key)}) as const);
	const root = facts.root === undefined ? [] : [{name: 'root', text: facts.root} as const];
	return {signature: keys, inclusion: root};
}

function detailsOf(bytes: Uint8Array, verdict: Verdict, trust: Trust): Details {
	const form: Detail[] = [
		{name: 'length', text: `${bytes.length}`},
		{name: 'sha256', text: toHex(portableHasher.sha256(bytes))},
	];
	const head = headDetails(verdict, trust);
	const joined = (own: Details): Details => ({
		form,
		...own,
		signature: [...(own.signature ?? []), ...(head.signature ?? [])],
		inclusion: [...(own.inclusion ?? []), ...(head.inclusion ?? [])],
	});
	if (verdict.document === 'receipt') {
		const parsed = parseReceipt(portableHasher, bytes);
		if ('problem' in parsed) return joined({});
		const {entry, arrival, proof: text, beacon} = parsed.value;
		const proof = parseTlogProof(text);
		const message = arrival === undefined ? [] : [{name: 'message', text: hexText(arrival.record)} as const];
		return joined({
			entry: [{name: 'entry', text: toHex(entry)}],
			...(proof === undefined ? {} : {checkpoint: [{name: 'note', text: proof.checkpoint}]}),
			inclusion: [
				{name: 'leaf', text: toHex(entryLeafHash(portableHasher, entry))},
				...(proof === undefined
					? []
					: ([
							{name: 'index', text: `${proof.index}`},
							{name: 'path', text: proof.path.map(toHex).join('\n')},
						] as const)),
			],
			arrival: message,
			...(beacon === undefined ? {} : {beacon: [{name: 'entry', text: toHex(beacon.entry)}]}),
		});
	}
	const parsed =
		verdict.document === 'history'
			? parseHistory(portableHasher, bytes)
			: verdict.document === 'disclosure'
				? parseDisclosure(portableHasher, bytes)
				: undefined;
	if (parsed === undefined || 'problem' in parsed) return joined({});
	const {checkpoint, entries, proof} = parsed.value;
	return joined({
		checkpoint: [{name: 'note', text: checkpoint}],
		entry: [{name: 'entry', text: firstEntries(entries)}],
		inclusion: [{name: 'proof', text: hexText(proof, hashesShownMax * 32)}],
	});
}

/** A few entries, one a line. */
function firstEntries(entries: Uint8Array): string {
	const count = entries.length / entryLength;
	const shown = Math.min(count, 8);
	const lines = Array.from({length: shown}, (_, i) => toHex(entries.subarray(i * entryLength, (i + 1) * entryLength)));
	return `${lines.join('\n')}${count > shown ? `\n… ${count}` : ''}`;
}

function hexText(bytes: Uint8Array, max = payloadShownMax): string {
	return bytes.length > max ? `${toHex(bytes.subarray(0, max))}… ${bytes.length}` : toHex(bytes);
}

function tableOf(bytes: Uint8Array, verdict: Verdict): Table | undefined {
	const csv = verdict.document === 'history' ? historyTable(portableHasher, bytes) : undefined;
	if (csv === undefined) return undefined;
	// No field of it has quotes.
	const [header = '', ...lines] = csv.trimEnd().split('\r\n');
	return {columns: header.split(','), rows: lines.slice(0, rowsShownMax).map(line => line.split(',')), count: lines.length, csv};
}

/** What a trust file is, or why it is none. People write `trust` into the name, but the format decides. */
export function readTrustFile(bytes: Uint8Array): {readonly trust: Trust} | {readonly problem: string} {
	if (fromUtf8(bytes) === undefined) return {problem: 'it is not text'};
	const parsed = parseTrust(portableHasher, bytes);
	return 'problem' in parsed ? parsed : {trust: parsed.value};
}
