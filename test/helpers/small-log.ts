// Builds a small signed log with the reference tree, and the receipts and histories of its entries, byte for byte the same each time.
import {createHash} from 'node:crypto';
import {concatBytes, toHex, utf8} from '../../agent/base/bytes.ts';
import {createEd25519Signer} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {encodeEnrolment, encodeNote} from '../../agent/format/body.ts';
import {type Checkpoint, formatOrigin, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {type Correction, correctionArrival, encodeCorrection} from '../../agent/format/correction.ts';
import {type Entry, encodeEntry, enrolmentKinds, identityKinds, kinds, noteKinds, qualities, sourceHash} from '../../agent/format/entry.ts';
import type {AnchorRecord, SourceOpening, SubjectOpening} from '../../agent/format/evidence.ts';
import type {History, HistoryTally} from '../../agent/format/history.ts';
import {encodeIdentity, type IdentityBody} from '../../agent/format/identity.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {type NoteKey, noteKey} from '../../agent/format/note.ts';
import type {BeaconEvidence, Receipt} from '../../agent/format/receipt.ts';
import {agentUrn, channelUrn, subjectHash} from '../../agent/format/subject.ts';
import {tags} from '../../agent/format/tags.ts';
import {encodeTally, packTallyLeaf, type Tally, type TallyLeaf} from '../../agent/format/tally.ts';
import {formatTlogProof} from '../../agent/format/tlog-proof.ts';
import {emptyTrust, type PinnedAnchor, type Trust} from '../../agent/format/trust.ts';
import {MTH, MULTI, PATH} from './reference-merkle.ts';

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
	/** All entries of a channel, or those at the places among them that are picked, with the tally if the log has one. */
	readonly history: (urn: string, changes?: Partial<History>, pick?: (place: number) => boolean) => History;
	/** The tally at the end of the log, opened at one channel, or where it would stand. */
	readonly tally: (urn: string) => HistoryTally;
	/** A history of these entries, which may be of any channel. */
	readonly historyOf: (urn: string, indexes: readonly number[], changes?: Partial<History>) => History;
	/** The entry of an index shown as the beacon in front of a receipt's; by default the log's beacon. */
	readonly beacon: (index?: number) => BeaconEvidence;
	readonly signer: ReturnType<typeof createEd25519Signer>;
	readonly sign: (size: number, root: Uint8Array) => Checkpoint;
};

export const energyUrn = channelUrn('meter-1', 'energy-import');
export const temperatureUrn = channelUrn('fridge', 'temperature', 'door');
/** When the first reading was measured; the others follow by the minute. */
export const startMs = 1_627_772_400_000;
const minuteMs = 60_000;

const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

const leafData = (leaf: TallyLeaf): Uint8Array => concatBytes(utf8('kedge/tally/v1\0'), packTallyLeaf(leaf));

export type SmallLogOptions = {
	readonly logName?: string;
	readonly epoch?: number;
	readonly readings?: number;
	/** Becomes part of the key, and of every salt and secret. */
	readonly seed?: string;
	/** What a device makes of a payload that it signs, and what is kept of the signature; all readings are then device-signed. @default nothing is signed */
	readonly signed?: (payload: Uint8Array) => {readonly payload: Uint8Array; readonly deviceSignature: Uint8Array};
	/** What the log says of devices, in front of the readings. @default nothing */
	readonly identities?: readonly IdentityBody[];
	/** A block that a beacon names, behind the enrolments and in front of the readings, whose places move by one. @default there is none */
	readonly beacon?: {readonly chainId: number; readonly blockNumber: number; readonly blockHash: string; readonly blockTimeS: number};
	/** Puts this entry behind the readings, on the channel of energy. */
	readonly correction?: Correction & {readonly shown: bigint};
	/** Ends the log with a tally. @default false */
	readonly tally?: boolean;
	/** Changes the tally before it is logged. */
	readonly lieInTally?: (leaves: TallyLeaf[], tally: Tally) => {readonly leaves: TallyLeaf[]; readonly tally: Tally};
	/** Changes entries before they are logged: a log that lies, and signs it. */
	readonly lie?: (entry: Entry, index: number) => Entry;
};

export function createSmallLog(options: SmallLogOptions = {}): SmallLog {
	const {logName = 'harbour', epoch = 1, readings = 8, seed = 'seed', lie = (entry: Entry) => entry, lieInTally, signed} = options;
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
	const beaconAt = entries.length;
	if (options.beacon !== undefined)
		add(agentUrn(logName), encodeNote({note: 'beacon', ...options.beacon}), {
			kind: kinds.note,
			quantity: noteKinds.beacon,
			value: BigInt(options.beacon.blockNumber),
		});
	for (const body of options.identities ?? [])
		add(body.urn, encodeIdentity(body), {kind: kinds.identity, quantity: identityKinds[body.event]});
	for (let i = 0; i < readings; i += 1) {
		const isEnergy = i % 2 === 0;
		const measuredAtMs = startMs + i * minuteMs;
		const payload = utf8(isEnergy ? `{"kwh":"12.${i}"}` : `{"t":"4.${i}"}`);
		const record = encodeArrival({
			topic: isEnergy ? 'meters/meter-1/energy' : 'fridges/fridge/door',
			...(signed?.(payload) ?? {payload, deviceSignature: new Uint8Array(0)}),
			flags: 1,
			identity: isEnergy ? 'meter-1' : 'fridge',
			arrivedAtMs: measuredAtMs + 120,
			decoder: 'json/1',
		});
		add(isEnergy ? energyUrn : temperatureUrn, record, {
			quantity: isEnergy ? 1 : 30,
			exponent: isEnergy ? -3 : 0,
			quality: signed === undefined ? 0 : qualities.deviceSigned,
			value: isEnergy ? BigInt(12_000_000 + i) : BigInt(-4000 - i),
			measuredAtMs,
			arrivedAtMs: measuredAtMs + 120,
		});
	}

	if (options.correction !== undefined) {
		const {shown, ...correction} = options.correction;
		const arrivedAtMs = startMs + readings * minuteMs;
		const record = encodeArrival({
			...correctionArrival,
			payload: encodeCorrection(correction),
			flags: 0,
			arrivedAtMs,
			deviceSignature: new Uint8Array(0),
		});
		add(energyUrn, record, {exponent: -3, value: shown, arrivedAtMs, quality: qualities.substituted | qualities.correction});
	}

	let tallyLeaves: TallyLeaf[] = [];
	if (options.tally === true) {
		const last = new Map<string, TallyLeaf>();
		for (const {entry} of entries) last.set(toHex(entry.subject), {subject: entry.subject, number: entry.number});
		tallyLeaves = [...last].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, leaf]) => leaf);
		const rootOf = (some: readonly TallyLeaf[]): Uint8Array => MTH(some.map(leafData));
		let tally: Tally = {size: entries.length, channels: tallyLeaves.length, root: rootOf(tallyLeaves)};
		if (lieInTally !== undefined) {
			const lied = lieInTally(tallyLeaves, tally);
			tallyLeaves = lied.leaves;
			tally = {...lied.tally, ...(lied.tally.root === tally.root ? {root: rootOf(tallyLeaves)} : {})};
		}
		const measured = {measuredAtMs: 0, arrivedAtMs: startMs + readings * minuteMs + 1000};
		add(agentUrn(logName), encodeTally(tally), {kind: kinds.note, quantity: noteKinds.tally, value: BigInt(tally.channels), ...measured});
	}

	const leaves = entries.map(({bytes}) => bytes);
	const subjectOf = (urn: string): SubjectOpening => ({urn, secret: sha256(`${seed} secret ${urn}`).slice(0, 16)});
	const tallyOf = (urn: string): HistoryTally => {
		const own = toHex(subjectHash(nodeHasher, {logName, ...subjectOf(urn)}));
		const behind = tallyLeaves.findIndex(({subject}) => toHex(subject) > own);
		const place = tallyLeaves.findIndex(({subject}) => toHex(subject) === own);
		const at = Math.max(0, (place >= 0 ? place : behind >= 0 ? behind : tallyLeaves.length) - 1);
		const shown = tallyLeaves.slice(at, at + (place < 0 || place === 0 ? 2 : 3));
		const {bytes, source} = entries.at(-1)!;
		const proof = MULTI(
			shown.map((_, i) => at + i),
			tallyLeaves.map(leafData),
		);
		return {entry: bytes, source, at, leaves: shown, proof: concatBytes(...proof)};
	};
	const historyOf = (urn: string, indexes: readonly number[], changes: Partial<History> = {}): History => {
		const tally = options.tally === true && !('tally' in changes) ? tallyOf(urn) : changes.tally;
		return {
			subject: subjectOf(urn),
			fromMs: startMs,
			toMs: startMs + readings * minuteMs,
			checkpoint: checkpoint.note,
			indexes,
			entries: concatBytes(...indexes.map(index => leaves[index]!)),
			proof: concatBytes(...MULTI(tally === undefined ? indexes : [...indexes, leaves.length - 1], leaves)),
			anchors: [],
			timestamps: [],
			...changes,
			tally,
		};
	};
	const sign = (size: number, root: Uint8Array): Checkpoint => signCheckpoint({origin, size, root}, key, signer.sign);
	const checkpoint = sign(leaves.length, MTH(leaves));
	const chainId = 31_337;
	const registry = `0x${'a1'.repeat(20)}`;
	const opener = `0x${'b2'.repeat(20)}`;
	const trust: Trust = {...emptyTrust, logs: [key]};
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
		beacon: (index = beaconAt) => {
			const {bytes, source} = entries[index]!;
			return {entry: bytes, body: source, proof: formatTlogProof({index, path: PATH(index, leaves), checkpoint: checkpoint.note})};
		},
		receipt: (index, changes = {}) => {
			const {bytes, subject, source} = entries[index]!;
			const proof = formatTlogProof({index, path: PATH(index, leaves), checkpoint: checkpoint.note});
			return {entry: bytes, subject, arrival: source, proof, anchors: [], timestamps: [], ...changes};
		},
		history: (urn, changes, pick = () => true) => {
			const own = entries.flatMap(({subject}, index) => (subject.urn === urn ? [index] : []));
			return historyOf(
				urn,
				own.filter((_, place) => pick(place)),
				changes,
			);
		},
		tally: tallyOf,
		historyOf,
		signer,
		sign,
	};
}
