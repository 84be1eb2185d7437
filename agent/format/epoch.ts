// The body of an epoch's entry: which life of the log ended, what others had seen of it, and what of it is appended again.

import {toBase64, utf8} from '../base/bytes.ts';
import {hashLength} from '../base/hash.ts';
import {type Fields, type Json, type Parsed, parseDocument} from './document.ts';
import type {Index, Size} from './entry.ts';

export type EpochHead = {readonly size: Size; readonly root: Uint8Array};

export type EpochBody = {
	/** The epoch that this entry opens. */
	readonly epoch: number;
	/** Why, in its owner's words. */
	readonly reason: string;
	readonly openedAtMs: number;
	/** The life that ended: its origin, its key as a vkey, and the head that its own database had. */
	readonly previous: EpochHead & {readonly origin: string; readonly vkey: string};
	/** Heads of the life that ended that were seen outside of its database, each with where. */
	readonly heads: readonly (EpochHead & {readonly source: string; readonly origin: string})[];
	/** The largest head that the database shares with those who saw it. What is below stays provable in the life that ended. */
	readonly common: EpochHead;
	/** Indexes of the life that ended whose entries follow here again, `end` not included. Enrolments are made anew, tallies are left out. */
	readonly again: {readonly first: Index; readonly end: Index};
	/** Counts that go on, by name. */
	readonly counters: readonly {readonly name: string; readonly count: number}[];
};

export const reasonLengthMax = 500;
export const epochHeadsMax = 64;
const countersMax = 1000;
const lengthMax = 256 * 1024;

/** Why a text cannot be the reason; undefined if it can. */
export function reasonProblem(reason: string): string | undefined {
	if (reason.trim() === '') return 'it is empty';
	if (reason.length > reasonLengthMax) return `it has ${reason.length} characters, more than ${reasonLengthMax}`;
	return /[\p{Cc}\p{Surrogate}]/u.test(reason) ? 'it has a character that is no text' : undefined;
}

export function encodeEpoch(body: EpochBody): Uint8Array {
	return utf8(write(body));
}

/** The reverse; a problem if the bytes are not an epoch's body in the one form that encodeEpoch writes. */
export function decodeEpoch(bytes: Uint8Array): Parsed<EpochBody> {
	return parseDocument(bytes, lengthMax, read, write);
}

function write(body: EpochBody): string {
	const {previous} = body;
	return JSON.stringify({
		epoch: body.epoch,
		reason: body.reason,
		openedAtMs: body.openedAtMs,
		previous: {origin: previous.origin, vkey: previous.vkey, ...writeHead(previous)},
		heads: body.heads.map(head => ({source: head.source, origin: head.origin, ...writeHead(head)})),
		common: writeHead(body.common),
		again: {first: body.again.first, end: body.again.end},
		counters: body.counters.map(({name, count}) => ({name, count})),
	} satisfies Json);
}

function writeHead({size, root}: EpochHead): {readonly size: number; readonly root: string} {
	return {size, root: toBase64(root)};
}

function read(fields: Fields): EpochBody {
	const head = (item: Fields): EpochHead => ({size: item.count('size'), root: item.bytes('root', hashLength)});
	return {
		epoch: fields.count('epoch'),
		reason: fields.text('reason'),
		openedAtMs: fields.count('openedAtMs'),
		previous: fields.object('previous', item => ({origin: item.text('origin'), vkey: item.text('vkey'), ...head(item)})),
		heads: fields.list('heads', epochHeadsMax, item => ({source: item.text('source'), origin: item.text('origin'), ...head(item)})),
		common: fields.object('common', head),
		again: fields.object('again', item => ({first: item.count('first'), end: item.count('end')})),
		counters: fields.list('counters', countersMax, item => ({name: item.text('name'), count: item.count('count')})),
	};
}
