// The parts that receipts and histories share: anchors with their proofs, time stamps, and what opens a subject or a source.

import {fromBase64, toBase64} from '../base/bytes.ts';
import {type Fields, type Json, shapeError} from './document.ts';
import {saltLength} from './entry.ts';
import {subjectSecretLength} from './subject.ts';

/**
 * Shows without a node that the mined transaction is in the block: the header, which hashes to the block's hash, and the way from its receipts root to what the chain keeps of the
 * transaction [EIP-2718]. Anyone can make a header that fits: it shows nothing unless somebody who is trusted says that the block is the chain's.
 */
export type BlockProof = {
	/** RLP of the header. */
	readonly header: Uint8Array;
	/** Place of the transaction in its block: its key in the receipts trie. */
	readonly transactionIndex: number;
	/** Nodes of the receipts trie, root first [Ethereum Yellow Paper, appendix D]. */
	readonly nodes: readonly Uint8Array[];
};

/** A checkpoint on a chain, with all that is needed to find it there. */
export type AnchorRecord = {
	readonly chainId: number;
	/** Address of the AnchorRegistry, 0x and 40 lower-case hexadecimal digits. */
	readonly registry: string;
	/** Address that opened the log there. */
	readonly opener: string;
	/** 0x and 64 hexadecimal digits; see anchorLogId. */
	readonly logId: string;
	readonly size: number;
	/** Hash of the mined transaction. */
	readonly transactionHash: string;
	readonly blockNumber: number;
	readonly blockHash: string;
	/** Seconds since 1970, the block's own time, which the registry put into the commitment. */
	readonly blockTime: number;
	/** Left out where it was not made yet, or the chain's headers are not Ethereum's. */
	readonly proof?: BlockProof | undefined;
};

/** What a time-stamp authority said of the checkpoint [RFC 3161]. */
export type TimestampRecord = {
	/** Which authority it is: the maker's name for it, and no more than a claim. */
	readonly authority: string;
	/** The token: DER of its ContentInfo. */
	readonly token: Uint8Array;
};

/** Anchors of one document. */
export const anchorsMax = 16;
/**
 * A header of Ethereum has 0.6 KiB. Chains that write more into its extra data stay below this: 100 signers of Clique take 2 KiB, validators of BNB Smart Chain 2 KiB, the dependencies
 * that Polygon lists of the transactions of a block some KiB.
 */
export const headerLengthMax = 16 * 1024;
/** A key has at most four bytes, hence eight nibbles, and each level takes one: nine nodes. */
export const proofNodesMax = 16;
/** A branch has at most 532 bytes. A leaf holds the receipt: 0.8 KiB for one anchor, and a hub's transaction that anchors for a hundred logs stays below 32 KiB. */
export const proofNodeLengthMax = 64 * 1024;
/** Time stamps of one document. */
export const timestampsMax = 8;
/** A token with the certificates of its authority has 2 to 8 KiB. */
export const tokenLengthMax = 16 * 1024;
export const authorityNameLengthMax = 200;

/** Opens a subject: shows that its hash stands for this URN. */
export type SubjectOpening = {readonly urn: string; readonly secret: Uint8Array};

/** Opens a source: shows what an entry came from. */
export type SourceOpening = {readonly salt: Uint8Array; readonly record: Uint8Array};

const hash32 = /^0x[0-9a-f]{64}$/;
const address = /^0x[0-9a-f]{40}$/;

function matching(fields: Fields, key: string, pattern: RegExp): string {
	const text = fields.text(key);
	return pattern.test(text) ? text : shapeError(`${key} is not lower-case hexadecimal of the right length`);
}

function bytesUpTo(fields: Fields, key: string, lengthMax: number): Uint8Array {
	const bytes = fields.bytes(key);
	return bytes.length <= lengthMax ? bytes : shapeError(`${key} has ${bytes.length} bytes, more than ${lengthMax}`);
}

function readBlockProof(fields: Fields): BlockProof {
	return {
		header: bytesUpTo(fields, 'header', headerLengthMax),
		transactionIndex: fields.count('transactionIndex'),
		nodes: fields.texts('nodes', proofNodesMax).map(text => {
			const node = fromBase64(text) ?? shapeError('a node of a block proof is not canonical base64');
			return node.length <= proofNodeLengthMax
				? node
				: shapeError(`a node of a block proof has ${node.length} bytes, more than ${proofNodeLengthMax}`);
		}),
	};
}

function writeBlockProof({header, transactionIndex, nodes}: BlockProof): Json {
	return {header: toBase64(header), transactionIndex, nodes: nodes.map(toBase64)};
}

function readTimestamp(fields: Fields): TimestampRecord {
	const authority = fields.text('authority');
	if (authority.length > authorityNameLengthMax) shapeError(`authority is longer than ${authorityNameLengthMax}`);
	return {authority, token: bytesUpTo(fields, 'token', tokenLengthMax)};
}

/** What a document says of where its checkpoint stands outside of the log. */
export type Outside = {readonly anchors: readonly AnchorRecord[]; readonly timestamps: readonly TimestampRecord[]};

/** True if it says something that formats before these did not know: such a document has the next number. */
export function hasProofs({anchors, timestamps}: Outside): boolean {
	return timestamps.length > 0 || anchors.some(({proof}) => proof !== undefined);
}

/** The keys `anchors` and, where there are any, `timestamps`. */
export function readOutside(fields: Fields): Outside {
	return {
		anchors: fields.list('anchors', anchorsMax, readAnchor),
		// An empty list has another canonical text: it is left out.
		timestamps: fields.has('timestamps') ? fields.list('timestamps', timestampsMax, readTimestamp) : [],
	};
}

export function writeOutside({anchors, timestamps}: Outside): {readonly anchors: Json; readonly timestamps: Json | undefined} {
	return {
		anchors: anchors.map(writeAnchor),
		timestamps: timestamps.length === 0 ? undefined : timestamps.map(({authority, token}) => ({authority, token: toBase64(token)})),
	};
}

function readAnchor(fields: Fields): AnchorRecord {
	const proof = fields.objectMaybe('proof', readBlockProof);
	return {
		chainId: fields.count('chainId'),
		registry: matching(fields, 'registry', address),
		opener: matching(fields, 'opener', address),
		logId: matching(fields, 'logId', hash32),
		size: fields.count('size'),
		transactionHash: matching(fields, 'transactionHash', hash32),
		blockNumber: fields.count('blockNumber'),
		blockHash: matching(fields, 'blockHash', hash32),
		blockTime: fields.count('blockTime'),
		...(proof === undefined ? {} : {proof}),
	};
}

function writeAnchor(anchor: AnchorRecord): Json {
	return {
		chainId: anchor.chainId,
		registry: anchor.registry,
		opener: anchor.opener,
		logId: anchor.logId,
		size: anchor.size,
		transactionHash: anchor.transactionHash,
		blockNumber: anchor.blockNumber,
		blockHash: anchor.blockHash,
		blockTime: anchor.blockTime,
		proof: anchor.proof && writeBlockProof(anchor.proof),
	};
}

export function readSubject(fields: Fields): SubjectOpening {
	return {urn: fields.text('urn'), secret: fields.bytes('secret', subjectSecretLength)};
}

export function writeSubject(subject: SubjectOpening): Json {
	return {urn: subject.urn, secret: toBase64(subject.secret)};
}

export function readSource(fields: Fields): SourceOpening {
	return {salt: fields.bytes('salt', saltLength), record: fields.bytes('record')};
}

export function writeSource(source: SourceOpening): Json {
	return {salt: toBase64(source.salt), record: toBase64(source.record)};
}
