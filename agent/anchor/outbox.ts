// The rows of the outbox: one per anchored size, and the only ways in which a row may change.

import {assert} from '../base/assert.ts';
import {toHex} from '../base/bytes.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import type {AnchorRecord} from '../format/evidence.ts';

/**
 * planned: the intent is durable. signed: the newest attempt's bytes are durable and were perhaps broadcast. sent: a node has taken them.
 * mined: they are in a block. final: that block is below the chain's `finalized` tag.
 */
export type AnchorState = 'planned' | 'signed' | 'sent' | 'mined' | 'final';

export const anchorStates: readonly AnchorState[] = ['planned', 'signed', 'sent', 'mined', 'final'];

/** One signed transaction. It is durable before any node sees it, so that a restart sends the same bytes. */
export type Attempt = {
	readonly nonce: number;
	/** 0x and 64 hexadecimal digits. */
	readonly transactionHash: string;
	/** The signed transaction itself, 0x and hexadecimal digits. */
	readonly raw: string;
	/** The anchored size that its consistency proof starts from; 0 if it was to be the first anchor. */
	readonly from: number;
};

/** Where on the chain the anchor was seen. */
export type MinedAt = {
	readonly transactionHash: string;
	readonly blockNumber: number;
	readonly blockHash: string;
	/** Seconds since 1970, as the registry put it into the commitment. */
	readonly blockTime: number;
};

/** Which log on which chain an outbox serves. */
export type AnchorTarget = {
	readonly chainId: number;
	/** 0x and 40 lower-case hexadecimal digits, like every address here. */
	readonly registry: string;
	readonly opener: string;
	/** See anchorLogId. Rows are keyed by it and the size: it stands for chain, registry, opener and origin. */
	readonly logId: string;
	readonly origin: string;
};

/** Plain JSON, so that the log's database can keep it as a text. */
export type AnchorRow = AnchorTarget & {
	readonly size: number;
	/** 0x and 64 hexadecimal digits. */
	readonly root: string;
	/** The checkpoint's signed note, verbatim: receipts are issued against it. */
	readonly note: string;
	readonly plannedAtMs: number;
	readonly state: AnchorState;
	/** Oldest first; more than one only if a nonce was lost or a transaction reverted. Emptied once final: nothing needs them then. */
	readonly attempts: readonly Attempt[];
	/** Present if and only if mined or final. */
	readonly mined?: MinedAt;
};

/** Beyond this many transactions for one size something is wrong that more fees will not mend. */
export const attemptsMax = 4;

export function planRow(target: AnchorTarget, checkpoint: Checkpoint, plannedAtMs: number): AnchorRow {
	assert(checkpoint.origin === target.origin, `a checkpoint of "${checkpoint.origin}" cannot be anchored for "${target.origin}"`);
	assert(checkpoint.size > 0, 'an empty log cannot be anchored');
	const {chainId, registry, opener, logId, origin} = target;
	return {
		chainId,
		registry,
		opener,
		logId,
		origin,
		size: checkpoint.size,
		root: `0x${toHex(checkpoint.root)}`,
		note: checkpoint.note,
		plannedAtMs,
		state: 'planned',
		attempts: [],
	};
}

/** Takes the signed bytes in. The caller MUST make the result durable before it broadcasts them. */
export function signRow(row: AnchorRow, attempt: Attempt): AnchorRow {
	expectState(row, 'sign', ['planned']);
	assert(row.attempts.length < attemptsMax, `size ${row.size} has had its ${attemptsMax} attempts`);
	assert(
		row.attempts.every(({nonce}) => nonce < attempt.nonce),
		`nonce ${attempt.nonce} was used for size ${row.size} before`,
	);
	return {...row, state: 'signed', attempts: [...row.attempts, attempt]};
}

/** A node has the bytes, or has had them. */
export function sendRow(row: AnchorRow): AnchorRow {
	expectState(row, 'send', ['signed']);
	return {...row, state: 'sent'};
}

/** The anchor is in a block. From `planned` if somebody else's copy of it got there first, from `mined` if a reorganisation moved it. */
export function mineRow(row: AnchorRow, mined: MinedAt): AnchorRow {
	expectState(row, 'mine', ['planned', 'sent', 'mined']);
	return {...row, state: 'mined', mined};
}

export function finaliseRow(row: AnchorRow): AnchorRow {
	expectState(row, 'finalise', ['mined']);
	return {...row, state: 'final', attempts: []};
}

/** The block is gone: back to the bytes, or to the plan if they were never ours. */
export function vanishRow(row: AnchorRow): AnchorRow {
	expectState(row, 'take back', ['mined']);
	const {mined: _, ...rest} = row;
	return {...rest, state: row.attempts.length === 0 ? 'planned' : 'sent'};
}

/** The newest attempt can never succeed any more: sign another one. */
export function replanRow(row: AnchorRow): AnchorRow {
	expectState(row, 'plan again', ['sent']);
	return {...row, state: 'planned'};
}

function expectState(row: AnchorRow, verb: string, states: readonly AnchorState[]): void {
	assert(states.includes(row.state), `cannot ${verb} the anchor of size ${row.size}: it is ${row.state}, not ${states.join(' or ')}`);
	assert(isOnChain(row) === (row.mined !== undefined), `the anchor of size ${row.size} is ${row.state} but its block says otherwise`);
}

export function isOnChain(row: AnchorRow): boolean {
	return row.state === 'mined' || row.state === 'final';
}

/** The smallest anchored tree that holds the entry, if there is one: the earliest anchor that covers it. */
export function rowCovering(rows: readonly AnchorRow[], index: number): AnchorRow | undefined {
	let found: AnchorRow | undefined;
	for (const row of rows) if (isOnChain(row) && row.size > index && (found === undefined || row.size < found.size)) found = row;
	return found;
}

/** What a receipt says of the anchor; undefined until it is mined. */
export function toAnchorRecord(row: AnchorRow): AnchorRecord | undefined {
	if (row.mined === undefined) return undefined;
	const {chainId, registry, opener, logId, size} = row;
	const {transactionHash, blockNumber, blockHash, blockTime} = row.mined;
	return {chainId, registry, opener, logId, size, transactionHash, blockNumber, blockHash, blockTime};
}
