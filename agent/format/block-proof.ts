// Turns a block's receipts into a proof that one of them is under the block's header, and such a proof back into what the mined transaction did.

import {RLP} from '@ethereumjs/rlp';
import {equalBytes, toHex} from '../base/bytes.ts';
import {hashLength, keccak256} from '../base/hash.ts';
import {type BlockProof, headerLengthMax, proofNodeLengthMax, proofNodesMax} from './evidence.ts';

/** An event of a mined transaction. */
export type ProvenLog = {
	/** 0x and 40 lower-case hexadecimal digits. */
	readonly address: string;
	/** 0x and 64 lower-case hexadecimal digits each. */
	readonly topics: readonly string[];
	readonly data: Uint8Array;
};

/** What a block's header says, as far as anchors need it. */
export type BlockHeader = {
	/** keccak256 of the header: what names the block. 0x and 64 lower-case hexadecimal digits. */
	readonly hash: string;
	readonly number: number;
	/** s since 1970. */
	readonly timeS: number;
	/** Root of the trie of what its transactions did. */
	readonly receiptsRoot: Uint8Array;
};

/** A mined transaction that is shown to be in a block: as far as the header is the block's, this is what the chain has. */
export type ProvenTransaction = {readonly header: BlockHeader; readonly succeeded: boolean; readonly logs: readonly ProvenLog[]};

/** What a mined transaction did, as the chain keeps it [EIP-2718, EIP-658]. */
export type ReceiptParts = {
	/** Of the transaction's envelope; 0 for one from before EIP-2718. */
	readonly type: number;
	/** The status, 1 for success; or the state's root, of blocks before Byzantium. */
	readonly outcome: Uint8Array;
	readonly cumulativeGas: Uint8Array;
	/** 256 bytes. */
	readonly bloom: Uint8Array;
	readonly logs: readonly {readonly address: Uint8Array; readonly topics: readonly Uint8Array[]; readonly data: Uint8Array}[];
	/** What a chain has beyond Ethereum's four fields: the deposits of an OP Stack have a nonce and a version. */
	readonly more: readonly Uint8Array[];
};

/** Places of fields in a header [Ethereum Yellow Paper §4.3]. */
const [receiptsRootAt, numberAt, timeAt] = [5, 8, 11];
/** Up to and with the nonce; what came later only adds to them. */
const headerFieldsMin = 15;
/** A trie node holds nodes that are smaller than a hash, and a receipt lists of lists of topics: nothing that is real nests deeper. */
const nestingMax = 12;
/** 0xc0 and above is a list; up to 0x7f is a legacy list's or a byte's own; between them is the type of an envelope [EIP-2718]. */
const listMin = 0xc0;
const typeMax = 0x7f;

/** Receipts that are put into a trie in one go: some 10 ms on a small machine. */
const pauseEvery = 16;
/** Extra data of these: 32 bytes of anything, validators, a vote, the round, seals. */
const sealedFields = 5;

type Item = Uint8Array | readonly Item[];
type RlpItem = Uint8Array | RlpItem[];

/** Minimal big-endian bytes, as RLP wants numbers: nothing for 0. */
export function quantityBytes(value: bigint): Uint8Array {
	const bytes: number[] = [];
	for (let rest = value; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 255n));
	return Uint8Array.from(bytes.reverse());
}

/** The bytes that hash to the block's hash. */
export function encodeHeader(fields: readonly Uint8Array[]): Uint8Array {
	return RLP.encode([...fields]);
}

/**
 * What the extra data of a header may have been when it was hashed, on chains whose validators seal a block by its hash (QBFT and IBFT 2, of Besu and GoQuorum): without the seals, and with or without
 * the round in which they were given. Nothing for other extra data. Which of them it was, if any, the block's hash says.
 */
export function unsealed(extraData: Uint8Array): Uint8Array[] {
	const fields = decode(extraData);
	if (!Array.isArray(fields) || fields.length !== sealedFields) return [];
	const [vanity, validators, vote, round, seals] = fields as RlpItem[];
	if (!(vanity instanceof Uint8Array) || !Array.isArray(validators) || !(round instanceof Uint8Array) || !Array.isArray(seals)) return [];
	const front = [vanity, validators, vote!];
	return [[...front, round], [...front, round, []], [...front, new Uint8Array(0), []], front].map(list => RLP.encode(list));
}

/** The bytes that the receipts trie has of a mined transaction. */
export function encodeReceipt({type, outcome, cumulativeGas, bloom, logs, more}: ReceiptParts): Uint8Array {
	const list = RLP.encode([outcome, cumulativeGas, bloom, logs.map(({address, topics, data}) => [address, [...topics], data]), ...more]);
	return type === 0 ? list : Uint8Array.of(type, ...list);
}

/**
 * The root of the trie of a block's receipts, and the nodes that lead from it to one of them. `pause` is waited for now and then: a block of hundreds takes a small machine a second, and
 * nothing else would run meanwhile.
 */
export async function proveReceipt(
	encoded: readonly Uint8Array[],
	index: number,
	pause: () => Promise<void> = async () => {},
): Promise<{readonly root: Uint8Array; readonly nodes: readonly Uint8Array[]}> {
	const {createMerkleProof, MerklePatriciaTrie} = await import('@ethereumjs/mpt');
	const trie = new MerklePatriciaTrie();
	for (const [i, bytes] of encoded.entries()) {
		await trie.put(RLP.encode(i), bytes);
		if (i % pauseEvery === pauseEvery - 1) await pause();
	}
	return {root: trie.root(), nodes: await createMerkleProof(trie, RLP.encode(index))};
}

/** Reads a header; undefined if it is none. That it is the header of a block only its hash says, to who knows the block's. */
export function readHeader(bytes: Uint8Array): BlockHeader | undefined {
	const fields = bytes.length > headerLengthMax ? undefined : decode(bytes);
	if (!Array.isArray(fields) || fields.length < headerFieldsMin) return undefined;
	const [receiptsRoot, number, timeS] = [fields[receiptsRootAt], numberOf(fields[numberAt]), numberOf(fields[timeAt])];
	if (!(receiptsRoot instanceof Uint8Array) || receiptsRoot.length !== hashLength || number === undefined || timeS === undefined)
		return undefined;
	return {hash: hex(keccak256(bytes)), number, timeS, receiptsRoot};
}

/**
 * What the mined transaction did whose receipt the proof leads to. Bad proofs are answers, whatever their bytes are. The proof has one form only: exactly the nodes of the way, root first.
 * What it shows holds for the chain as far as the header is one of its blocks.
 */
export async function readBlockProof({
	header: bytes,
	transactionIndex,
	nodes,
}: BlockProof): Promise<ProvenTransaction | {readonly problem: string}> {
	const header = readHeader(bytes);
	if (header === undefined) return {problem: 'its header is not the RLP of a block header'};
	const [root] = nodes;
	if (root === undefined) return {problem: 'its trie proof has no nodes'};
	if (!equalBytes(keccak256(root), header.receiptsRoot)) return {problem: "its trie proof does not begin at the header's receipts root"};
	const isBounded = nodes.length <= proofNodesMax && nodes.every(node => node.length <= proofNodeLengthMax && isFlat(node));
	if (!isBounded) return {problem: 'its trie proof has nodes that no trie of receipts has'};
	let value: Uint8Array | null;
	try {
		value = await valueAt(header.receiptsRoot, transactionIndex, nodes);
	} catch {
		return {problem: `its trie proof does not lead to transaction ${transactionIndex}: a node is missing, or is another`};
	}
	if (value === null) return {problem: `its trie proof does not lead to transaction ${transactionIndex} by exactly these nodes`};
	const receipt = readReceipt(value);
	if (receipt === undefined) return {problem: 'what its trie proof leads to is not what a transaction did'};
	return {header, ...receipt};
}

/** Null where the way does not end in a value, or these are not exactly its nodes. Throws where a node is missing or cannot be read. */
async function valueAt(root: Uint8Array, index: number, nodes: readonly Uint8Array[]): Promise<Uint8Array | null> {
	// Loaded only where there is a proof: most files have none, and tries cost 15 MB.
	const {createMPTFromProof} = await import('@ethereumjs/mpt');
	const trie = await createMPTFromProof([...nodes], {root});
	const {node, remaining, stack} = await trie.findPath(RLP.encode(index), true);
	const same = stack.length === nodes.length && stack.every((one, i) => equalBytes(one.serialize(), nodes[i]!));
	return node === null || remaining.length > 0 || !same ? null : node.value();
}

function readReceipt(bytes: Uint8Array): Pick<ProvenTransaction, 'succeeded' | 'logs'> | undefined {
	const [first] = bytes;
	if (first === undefined || (first > typeMax && first < listMin)) return undefined;
	const fields = decode(first >= listMin ? bytes : bytes.subarray(1));
	if (!Array.isArray(fields) || fields.length < 4) return undefined;
	const [outcome, , , list] = fields as readonly Item[];
	if (!(outcome instanceof Uint8Array) || list instanceof Uint8Array || list === undefined) return undefined;
	const logs: ProvenLog[] = [];
	for (const item of list) {
		if (item instanceof Uint8Array) return undefined;
		const [address, topics, data] = item;
		if (!(address instanceof Uint8Array) || address.length !== 20 || !(data instanceof Uint8Array)) return undefined;
		if (topics === undefined || topics instanceof Uint8Array) return undefined;
		const texts: string[] = [];
		for (const topic of topics) {
			if (!(topic instanceof Uint8Array) || topic.length !== hashLength) return undefined;
			texts.push(hex(topic));
		}
		logs.push({address: hex(address), topics: texts, data});
	}
	// A root in place of the status is of a block from before Byzantium: then nobody says whether it succeeded, and no registry is that old.
	return {succeeded: outcome.length === 1 && outcome[0] === 1, logs};
}

/** One item of RLP and nothing behind it; undefined if it is not. */
function decode(bytes: Uint8Array): Item | undefined {
	if (!isFlat(bytes)) return undefined;
	try {
		return RLP.decode(bytes);
	} catch {
		return undefined;
	}
}

/** False for lists within lists without end, which cost a decoder the square of their length. Looks at prefixes only; whether they fit is for the decoder to say. */
function isFlat(bytes: Uint8Array): boolean {
	const ends: number[] = [];
	let at = 0;
	while (at < bytes.length) {
		while (ends.length > 0 && at >= ends.at(-1)!) ends.pop();
		const prefix = bytes[at]!;
		at += 1;
		if (prefix < 0x80) continue;
		const short = prefix - (prefix < listMin ? 0x80 : listMin);
		let length = short;
		if (short > 55) {
			length = 0;
			for (let i = 0; i < short - 55; i += 1, at += 1) length = length * 256 + (bytes[at] ?? 0);
		}
		if (prefix < listMin) at += length;
		else if (ends.push(at + length) > nestingMax) return false;
	}
	return true;
}

/** A whole number that fits; RLP has no zeros in front. */
function numberOf(item: Item | undefined): number | undefined {
	if (!(item instanceof Uint8Array) || item.length > 6 || item[0] === 0) return undefined;
	return item.reduce((value, byte) => value * 256 + byte, 0);
}

function hex(bytes: Uint8Array): string {
	return `0x${toHex(bytes)}`;
}
