// What is stated of a site, a factor, a shipment or a certificate, as one line of canonical JSON: the body of a statement entry (kind 8).

import {equalBytes, utf8} from '../base/bytes.ts';
import {parseObject} from './body.ts';
import type {Json} from './document.ts';

/** Members in the order of the object; those that are undefined are left out. What they mean is the ledger's to say that follows such statements. */
export type StatementBody = {readonly [key: string]: Json | undefined};

export const statementBytesMax = 256 * 1024;

export function encodeStatement(body: StatementBody): Uint8Array {
	return utf8(JSON.stringify(body));
}

/** The reverse; undefined if the bytes are no object on one line as encodeStatement writes it: other white space, another spelling of a number, a key that comes twice. */
export function decodeStatement(bytes: Uint8Array): StatementBody | undefined {
	const parsed = parseObject(bytes, statementBytesMax) as StatementBody | undefined;
	return parsed !== undefined && equalBytes(encodeStatement(parsed), bytes) ? parsed : undefined;
}
