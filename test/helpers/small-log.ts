// Builds a small signed log with the reference tree, and the receipts and histories of its entries, byte for byte the same each time.
import {createHash} from 'node:crypto';
import {utf8} from '../../agent/base/bytes.ts';
import {createEd25519Signer} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {encodeEnrolment, encodeNote} from '../../agent/format/body.ts';
import {type Checkpoint, formatOrigin, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {type Entry, encodeEntry, enrolmentKinds, kinds, noteKinds, sourceHash} from '../../agent/format/entry.ts';
import type {AnchorRecord, SourceOpening, SubjectOpening} from '../../agent/format/evidence.ts';
import type {History} from '../../agent/format/history.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {type NoteKey, noteKey} from '../../agent/format/note.ts';
import type {Receipt} from '../../agent/format/receipt.ts';
import {agentUrn, channelUrn, subjectHash} from '../../agent/format/subject.ts';
import {tags} from '../../agent/format/tags.ts';
import {formatTlogProof} from '../../agent/format/tlog-proof.ts';
import type {PinnedAnchor, Trust} from '../../agent/format/trust.ts';
import {MTH, PATH} from './reference-merkle.ts';

export type SmallEntry = {
	readonly bytes: Uint8Array;
	readonly entry: Entry;
	readonly subject: SubjectOpening;
	readonly source: SourceOpening;
};

export type SmallLog = {
	readonly origin: string;
	readonly key: NoteKey;
	readonly checkpoint: Checkpoint;
	readonly entries: readonly SmallEntry[];
	/** Trusts the log's key, and nothing else. */
	readonly trust: Trust;
	/** Trusts the registry and opener of `anchor` too. */
	readonly trustWithRegistry: Trust;
	/** An anchor record that fits the checkpoint. */
	readonly anchor: AnchorRecord;
	/** The pin that fits the same anchor. */
	readonly pin: PinnedAnchor;
	readonly receipt: (index: number, changes?: Partial<Receipt>) => Receipt;
	readonly history: (urn: string, changes?: Partial<History>) => History;
	readonly signer: ReturnType<typeof createEd25519Signer>;
	readonly sign: (size: number, root: Uint8Array) => Checkpoint;
};

export const energyUrn = channelUrn('meter-1', 'energy-import');
export const temperatureUrn = channelUrn('fridge', 'temperature', 'door');
/** When the first reading was measured; the others follow by the minute. */
export const startMs = 1_627_772_400_000;
const minuteMs = 60_000;

const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

export type SmallLogOptions = {
	readonly logName?: string;
	readonly epoch?: number;
	readonly readings?: number;
	/** Becomes part of the key, and of every salt and secret. */
	readonly seed?: string;
	/** Changes entries before they are logged: a log that lies, and signs it. */
	readonly lie?: (entry: Entry, index: number) => Entry;
};

export function createSmallLog(options: SmallLogOptions = {}): SmallLog {
	const {logName = 'harbour', epoch = 1, readings = 8, seed = 'seed', lie = (entry: Entry) => entry} = options;
	const origin = formatOrigin(logName, epoch);
	const signer = createEd25519Signer(sha256(`${seed} key`));
	const key = noteKey(nodeHasher, origin, signer.publicKey);
	const entries: SmallEntry[] = [];
	const numbers = new Map<string, number>();

	const add = (urn: string, record: Uint8Array, fields: Partial<Entry>): void => {
		const label = `${seed} ${entries.length}`;
		const number = (numbers.get(urn) ?? 0) + 1;
		numbers.set(urn, number);
		const subject = {urn, secret: sha256(`${seed} secret ${urn}`).slice(0, 16)};
		const source = {salt: sha256(`${label} source`).slice(0, 16), record};
		const tag = (fields.kind ?? kinds.reading) === kinds.reading ? tags.arrival : tags.body;
		const honest: Entry = {
			kind: kinds.reading,
			subject: subjectHash(nodeHasher, {logName, ...subject}),
			quantity: 1,
			exponent: 0,
			quality: 0,
			value: 0n,
			measuredAtMs: startMs,
			arrivedAtMs: startMs,
			number,
			span: 0,
			salt: sha256(`${label} salt`).slice(0, 16),
			source: sourceHash(nodeHasher, tag, source.salt, record),
			...fields,
		};
		const entry = lie(honest, entries.length);
		entries.push({bytes: encodeEntry(entry), entry, subject, source});
	};

	add(agentUrn(logName), encodeNote({start: 1}), {kind: kinds.note, quantity: noteKinds.start});
	for (const [urn, quantity] of [
		[energyUrn, 'energy-import'],
		[temperatureUrn, 'temperature'],
	] as const) {
		const secret = sha256(`${seed} secret ${urn}`).slice(0, 16);
		const body = encodeEnrolment({urn, secret, quantity, exponent: quantity === 'temperature' ? 0 : -3});
		add(urn, body, {kind: kinds.enrolment, quantity: enrolmentKinds.channel});
	}
	for (let i = 0; i < readings; i += 1) {
		const isEnergy = i % 2 === 0;
		const measuredAtMs = startMs + i * minuteMs;
		const record = encodeArrival({
			topic: isEnergy ? 'meters/meter-1/energy' : 'fridges/fridge/door',
			payload: utf8(isEnergy ? `{"kwh":"12.${i}"}` : `{"t":"4.${i}"}`),
			flags: 1,
			identity: isEnergy ? 'meter-1' : 'fridge',
			arrivedAtMs: measuredAtMs + 120,
			deviceSignature: new Uint8Array(0),
			decoder: 'json/1',
		});
		add(isEnergy ? energyUrn : temperatureUrn, record, {
			quantity: isEnergy ? 1 : 30,
			exponent: isEnergy ? -3 : 0,
			value: isEnergy ? BigInt(12_000_000 + i) : BigInt(-4000 - i),
			measuredAtMs,
			arrivedAtMs: measuredAtMs + 120,
		});
	}

	const leaves = entries.map(({bytes}) => bytes);
	const sign = (size: number, root: Uint8Array): Checkpoint => signCheckpoint({origin, size, root}, key, signer.sign);
	const checkpoint = sign(leaves.length, MTH(leaves));
	const chainId = 31_337;
	const registry = `0x${'a1'.repeat(20)}`;
	const opener = `0x${'b2'.repeat(20)}`;
	const trust: Trust = {logs: [key], registries: [], anchors: []};
	return {
		origin,
		key,
		checkpoint,
		entries,
		trust,
		trustWithRegistry: {...trust, registries: [{chainId, registry, opener}]},
		anchor: {
			chainId,
			registry,
			opener,
			logId: anchorLogId(chainId, registry, opener, origin),
			size: checkpoint.size,
			transactionHash: `0x${'c3'.repeat(32)}`,
			blockNumber: 17,
			blockHash: `0x${'d4'.repeat(32)}`,
			blockTime: 1_627_780_000,
		},
		pin: {chainId, registry, origin, size: checkpoint.size, root: checkpoint.root},
		receipt: (index, changes = {}) => {
			const {bytes, subject, source} = entries[index]!;
			const proof = formatTlogProof({index, path: PATH(index, leaves), checkpoint: checkpoint.note});
			return {entry: bytes, subject, arrival: source, proof, anchors: [], ...changes};
		},
		history: (urn, changes = {}) => ({
			subject: entries.find(({subject}) => subject.urn === urn)!.subject,
			fromMs: startMs,
			toMs: startMs + readings * minuteMs,
			checkpoint: checkpoint.note,
			entries: entries.flatMap(({bytes, subject}, index) =>
				subject.urn === urn ? [{index, entry: bytes, path: PATH(index, leaves)}] : [],
			),
			anchors: [],
			...changes,
		}),
		signer,
		sign,
	};
}
