// Turns what a node tells of a block into a proof that an anchor's mined transaction is in it, or says why that chain's blocks have none.

import {fromHex} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {encodeHeader, encodeReceipt, proveReceipt, quantityBytes, readBlockProof, readHeader, unsealed} from '../format/block-proof.ts';
import {type BlockProof, headerLengthMax} from '../format/evidence.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What it needs of a chain: a node's own JSON of a block by its hash, and of what its transactions did. */
export type BlockReader = {
	readonly rawBlock: (blockHash: string) => Promise<Fields | undefined>;
	readonly rawReceipts: (blockHash: string) => Promise<readonly Fields[] | undefined>;
};

/** Lets what waits run first: messages are acknowledged while a proof is made. */
const othersFirst = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Where the anchor's transaction was mined. */
type MinedPlace = {readonly transactionHash: string; readonly blockHash: string};

/** More transactions than this do not fit into a node's answer anyway. */
const receiptsMax = 20_000;
const logsMax = 100_000;
/** Topics of one event [Ethereum Yellow Paper §9]. */
const topicsMax = 4;
/** The envelope of an OP Stack's deposits; since its Canyon upgrade two more fields are hashed with them. */
const depositType = 0x7e;

/** A value did not fit. Caught in proofOf, never seen outside. */
class OddValue extends Error {}

const odd = (what: string): never => {
	throw new OddValue(what);
};

function hexOf(fields: Fields, key: string): string {
	const found = fields[key];
	return typeof found === 'string' && /^0x[0-9a-fA-F]*$/.test(found) ? found.slice(2).toLowerCase() : odd(key);
}

/** Bytes as they stand there, of exactly `length` where that is given. */
function data(fields: Fields, key: string, length?: number): Uint8Array {
	const bytes = fromHex(hexOf(fields, key));
	return bytes !== undefined && (length === undefined || bytes.length === length) ? bytes : odd(key);
}

/** A number, which RLP writes without zeros in front. */
function quantity(fields: Fields, key: string): Uint8Array {
	const digits = hexOf(fields, key);
	return digits.length >= 1 && digits.length <= 64 ? quantityBytes(BigInt(`0x${digits}`)) : odd(key);
}

function list(fields: Fields, key: string, lengthMax: number): readonly unknown[] {
	const found = fields[key];
	return Array.isArray(found) && found.length <= lengthMax ? found : odd(key);
}

function object(found: unknown, what: string): Fields {
	return typeof found === 'object' && found !== null ? (found as Fields) : odd(what);
}

const has = (fields: Fields, key: string): boolean => fields[key] !== undefined && fields[key] !== null;

/** What upgrades have added behind the nonce, in the order in which a header has them: London [EIP-1559], Shanghai [EIP-4895], Cancun [EIP-4844, EIP-4788], Prague [EIP-7685]. */
const added: readonly (readonly [key: string, read: (fields: Fields, key: string) => Uint8Array])[] = [
	['baseFeePerGas', quantity],
	['withdrawalsRoot', (fields, key) => data(fields, key, 32)],
	['blobGasUsed', quantity],
	['excessBlobGas', quantity],
	['parentBeaconBlockRoot', (fields, key) => data(fields, key, 32)],
	['requestsHash', (fields, key) => data(fields, key, 32)],
];

/** The RLP of a block's header, as far as one that follows from a node's JSON hashes to the block. */
export function headerOfBlock(block: Fields, blockHash: string): Uint8Array | undefined {
	const plain = headerOf(block);
	if (plain === undefined) return undefined;
	if (readHeader(plain)?.hash === blockHash) return plain;
	const others = unsealed(data(block, 'extraData')).map(extraData => headerOf(block, extraData));
	return others.find(header => header !== undefined && readHeader(header)?.hash === blockHash);
}

/** The RLP of a header as a node's JSON describes it; undefined where a field is missing or odd. Whether it is the block's header only its hash says. */
export function headerOf(block: Fields, extraData?: Uint8Array): Uint8Array | undefined {
	try {
		const last = added.findLastIndex(([key]) => has(block, key));
		return encodeHeader([
			data(block, 'parentHash', 32),
			data(block, 'sha3Uncles', 32),
			data(block, 'miner', 20),
			data(block, 'stateRoot', 32),
			data(block, 'transactionsRoot', 32),
			data(block, 'receiptsRoot', 32),
			data(block, 'logsBloom', 256),
			quantity(block, 'difficulty'),
			quantity(block, 'number'),
			quantity(block, 'gasLimit'),
			quantity(block, 'gasUsed'),
			quantity(block, 'timestamp'),
			extraData ?? data(block, 'extraData'),
			data(block, 'mixHash', 32),
			data(block, 'nonce', 8),
			// One that is missing in front of one that is there is written as nothing, as nodes do.
			...added.slice(0, last + 1).map(([key, read]) => (has(block, key) ? read(block, key) : new Uint8Array(0))),
		]);
	} catch (error) {
		if (error instanceof OddValue) return undefined;
		throw error;
	}
}

/** The bytes that the receipts trie has of a mined transaction; undefined where a field is missing or odd. Whether they are right only the trie's root says. */
export function receiptOf(receipt: Fields): Uint8Array | undefined {
	try {
		const type = has(receipt, 'type') ? Number.parseInt(hexOf(receipt, 'type'), 16) : 0;
		// An envelope's type is one byte below 0x80 [EIP-2718].
		if (!(type >= 0 && type < 0x80)) return undefined;
		const isDeposit = type === depositType && has(receipt, 'depositReceiptVersion');
		return encodeReceipt({
			type,
			outcome: has(receipt, 'status') ? quantity(receipt, 'status') : data(receipt, 'root', 32),
			cumulativeGas: quantity(receipt, 'cumulativeGasUsed'),
			bloom: data(receipt, 'logsBloom', 256),
			logs: list(receipt, 'logs', logsMax).map(one => {
				const log = object(one, 'logs');
				const topics = list(log, 'topics', topicsMax).map(topic => data({topic}, 'topic', 32));
				return {address: data(log, 'address', 20), topics, data: data(log, 'data')};
			}),
			more: isDeposit ? [quantity(receipt, 'depositNonce'), quantity(receipt, 'depositReceiptVersion')] : [],
		});
	} catch (error) {
		if (error instanceof OddValue) return undefined;
		throw error;
	}
}

/**
 * The proof that an anchor's mined transaction is in its block, for receipts that are to be checked without a node. It is made from all receipts of the block, of one node's word, and checked
 * against the block's hash: where the chain's headers, or what it says of mined transactions, are not Ethereum's it says so, and its anchors are checked by RPC only. Never fails: a node that does not answer is a problem
 * too, and asking again may help.
 */
export async function proofOf(chain: BlockReader, mined: MinedPlace): Promise<{readonly proof: BlockProof} | {readonly problem: string}> {
	try {
		return await prove(chain, mined);
	} catch (error) {
		if (error instanceof AgentError) return {problem: error.message};
		throw error;
	}
}

async function prove(
	chain: BlockReader,
	{transactionHash, blockHash}: MinedPlace,
): Promise<{readonly proof: BlockProof} | {readonly problem: string}> {
	const block = await chain.rawBlock(blockHash);
	if (block === undefined) return {problem: `the node does not have block ${blockHash}`};
	const header = headerOf(block);
	const read = header && readHeader(header);
	if (header === undefined || read?.hash !== blockHash) {
		const why = header !== undefined && header.length > headerLengthMax ? `longer than ${headerLengthMax} bytes` : "not Ethereum's";
		return {
			problem: `this chain's headers are ${why}: the header of block ${blockHash} does not hash to it, so its anchors are checked by RPC only`,
		};
	}
	const receipts = await chain.rawReceipts(blockHash);
	if (receipts === undefined) return {problem: `the node does not have what the transactions of block ${blockHash} did`};
	if (receipts.length > receiptsMax) return {problem: `block ${blockHash} has ${receipts.length} transactions, more than ${receiptsMax}`};
	const transactionIndex = receipts.findIndex(one => one.transactionHash === transactionHash);
	if (transactionIndex < 0) return {problem: `the node's block ${blockHash} does not have transaction ${transactionHash}`};
	const encoded: Uint8Array[] = [];
	for (const receipt of receipts) {
		const bytes = receiptOf(receipt);
		if (bytes === undefined)
			return {
				problem: `this chain does not say of mined transactions what Ethereum says: of one in block ${blockHash} a field is missing, so its anchors are checked by RPC only`,
			};
		encoded.push(bytes);
	}
	const {nodes} = await proveReceipt(encoded, transactionIndex, othersFirst);
	const proof = {header, transactionIndex, nodes};
	// Also holds its lengths against the limits, and the trie's root against the header's.
	const checked = await readBlockProof(proof);
	if ('problem' in checked)
		return {
			problem: `this chain does not say of mined transactions what Ethereum says: in block ${blockHash} ${checked.problem}, so its anchors are checked by RPC only`,
		};
	return {proof};
}
