// The parts that receipts and histories share: anchors, and what opens a subject or a source.

import {toBase64} from '../base/bytes.ts';
import {type Fields, type Json, shapeError} from './document.ts';
import {saltLength} from './entry.ts';
import {subjectSecretLength} from './subject.ts';

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
};

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

export function readAnchor(fields: Fields): AnchorRecord {
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
	};
}

export function writeAnchor(anchor: AnchorRecord): Json {
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
