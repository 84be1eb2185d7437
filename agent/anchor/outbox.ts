// The rows of the outbox: one per anchored size, and the only ways in which a row may change.

import {assert} from '../base/assert.ts';
import {fromHex, toHex} from '../base/bytes.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import type {AnchorRecord, BlockProof} from '../format/evidence.ts';
import {dayS, type Payment} from './fees.ts';

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
	/** Address of the key that signed it; without it the opener's, which was the only one. */
	readonly signer?: string;
};

/** What shows, without asking a node, that the transaction is in its block; bytes as 0x and hexadecimal digits. */
export type StoredProof = {
	/** The block's header in RLP. */
	readonly header: string;
	/** Place of the transaction in its block, from 0. */
	readonly transactionIndex: number;
	/** Nodes of the receipts' trie, the root first. */
	readonly nodes: readonly string[];
};

/** Where on the chain the anchor was seen. */
export type MinedAt = {
	readonly transactionHash: string;
	readonly blockNumber: number;
	readonly blockHash: string;
	/** Seconds since 1970, as the registry put it into the commitment. */
	readonly blockTime: number;
	/** What the transaction cost its sender, in wei, decimal; missing in rows of agents that did not ask. */
	readonly costWei?: string;
	/** Of that, what a rollup's parent chain took, in wei, decimal; missing where there is none. */
	readonly parentFeeWei?: string;
	/** Stored once the row is final, where it could be made. */
	readonly proof?: StoredProof;
};

/** A transaction of ours that is in a final block but did not become the anchor: it failed, and was paid for all the same. */
export type Spent = {
	/** Of the attempt; of the dearest one where no node shows which was mined. */
	readonly transactionHash: string;
	/** In wei, decimal. */
	readonly costWei: string;
	/** When it is counted, s since 1970 by the chain: not before it was mined. */
	readonly timeS: number;
	/** True where no node shows the transaction, although its nonce is used: the most that it can have cost. */
	readonly assumed?: true;
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
	/**
	 * Oldest first. Several with one nonce replace each other, the newest being the dearest; several nonces only if one was lost or a transaction reverted. Once final, those are
	 * gone that can never be mined any more, which is all of them unless the chain took back what the newest was made for.
	 */
	readonly attempts: readonly Attempt[];
	/** Present if and only if mined or final. */
	readonly mined?: MinedAt;
	/** Set once final, where there are any. */
	readonly spent?: readonly Spent[];
	/** Why there is no proof although the row is final, as a sentence; with how often it was tried. */
	readonly proofProblem?: string;
	readonly proofTries?: number;
};

/** Beyond this many nonces for one size something is wrong that more fees will not mend. */
export const noncesMax = 4;
/** How often one nonce's transaction is replaced: 32 raises of an eighth are 43 times the first price. After that the newest is sent again for as long as it takes. */
export const replacementsMax = 32;
/** A proof that cannot be made so often is left to whoever verifies by asking a node. */
export const proofTriesMax = 3;
/** More than any receipt of an anchor needs: a header is 700 bytes, a path of the trie some kilobytes. */
const proofLengthMax = 64 * 1024;

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

/** Takes the bytes of another nonce in. The caller MUST make the result durable before it broadcasts them. */
export function signRow(row: AnchorRow, attempt: Attempt): AnchorRow {
	expectState(row, 'sign', ['planned']);
	const nonces = new Set(row.attempts.map(({nonce}) => nonce));
	assert(nonces.size < noncesMax, `size ${row.size} has had its ${noncesMax} nonces`);
	assert(
		row.attempts.every(one => one.nonce < attempt.nonce || signerOf(row, one) !== signerOf(row, attempt)),
		`nonce ${attempt.nonce} was used for size ${row.size} before`,
	);
	return {...row, state: 'signed', attempts: [...row.attempts, attempt]};
}

/** Takes dearer bytes of the same nonce in. The caller MUST make the result durable before it broadcasts them. */
export function replaceAttempt(row: AnchorRow, attempt: Attempt): AnchorRow {
	expectState(row, 'replace', ['signed', 'sent']);
	const newest = row.attempts.at(-1);
	assert(newest?.nonce === attempt.nonce, `nonce ${attempt.nonce} does not replace nonce ${newest?.nonce} of size ${row.size}`);
	assert(replacementsLeft(row) > 0, `size ${row.size} has had its ${replacementsMax} replacements`);
	return {...row, state: 'signed', attempts: [...row.attempts, attempt]};
}

/** How often the newest attempt may still be replaced. */
export function replacementsLeft(row: AnchorRow): number {
	const nonce = row.attempts.at(-1)?.nonce;
	return replacementsMax + 1 - row.attempts.filter(attempt => attempt.nonce === nonce).length;
}

/** Address of the key that signed the attempt. */
export function signerOf(row: AnchorRow, attempt: Attempt): string {
	return attempt.signer ?? row.opener;
}

/** A node has the bytes, or has had them. */
export function sendRow(row: AnchorRow): AnchorRow {
	expectState(row, 'send', ['signed']);
	return {...row, state: 'sent'};
}

/**
 * The anchor is in a block. From `planned` if somebody else's copy of it got there first, from `signed` if an attempt that was to be replaced did, from `mined` if a
 * reorganisation moved it.
 */
export function mineRow(row: AnchorRow, mined: MinedAt): AnchorRow {
	expectState(row, 'mine', ['planned', 'signed', 'sent', 'mined']);
	return {...row, state: 'mined', mined};
}

export type Finality = {
	/** Attempts that may still be mined, see AnchorRow. */
	readonly attempts: readonly Attempt[];
	readonly spent: readonly Spent[];
	/** Undefined where nobody asks for one. */
	readonly proof: StoredProof | {readonly problem: string} | undefined;
};

export function finaliseRow(row: AnchorRow, {attempts, spent, proof}: Finality = {attempts: [], spent: [], proof: undefined}): AnchorRow {
	expectState(row, 'finalise', ['mined']);
	const final: AnchorRow = {...row, state: 'final', attempts, ...(spent.length === 0 ? {} : {spent})};
	return proof === undefined ? final : proveRow(final, proof);
}

/** Takes in a proof, or why there is none. */
export function proveRow(row: AnchorRow, made: StoredProof | {readonly problem: string}): AnchorRow {
	expectState(row, 'prove', ['final']);
	const {proofProblem: _, proofTries = 0, ...rest} = row;
	const proof = 'problem' in made || proofLength(made) <= proofLengthMax ? made : {problem: `the proof has ${proofLength(made)} bytes`};
	if ('problem' in proof) return {...rest, proofProblem: proof.problem, proofTries: proofTries + 1};
	return {...rest, mined: {...row.mined!, proof}};
}

function proofLength({header, nodes}: StoredProof): number {
	return [header, ...nodes].reduce((sum, {length}) => sum + length / 2 - 1, 0);
}

/** Takes away, from a final row, attempts that can no longer be mined. */
export function closeAttempts(row: AnchorRow, attempts: readonly Attempt[]): AnchorRow {
	expectState(row, 'close attempts of', ['final']);
	return {...row, attempts};
}

/** What the anchor cost, where the row does not say it yet. */
export function priceRow(row: AnchorRow, costWei: bigint): AnchorRow {
	expectState(row, 'price', ['mined', 'final']);
	return {...row, mined: {...row.mined!, costWei: String(costWei)}};
}

/** The block is gone: back to the bytes, or to the plan if they were never ours. */
export function vanishRow(row: AnchorRow): AnchorRow {
	expectState(row, 'take back', ['mined']);
	const {mined: _, ...rest} = row;
	return {...rest, state: row.attempts.length === 0 ? 'planned' : 'sent'};
}

/** The newest attempt can never succeed any more: sign another one. */
export function replanRow(row: AnchorRow): AnchorRow {
	expectState(row, 'plan again', ['signed', 'sent']);
	return {...row, state: 'planned'};
}

/** True if nothing was ever signed for it: a larger checkpoint may take its place. */
export function isReplaceable(row: AnchorRow): boolean {
	return row.state === 'planned' && row.attempts.length === 0;
}

function expectState(row: AnchorRow, verb: string, states: readonly AnchorState[]): void {
	assert(states.includes(row.state), `cannot ${verb} the anchor of size ${row.size}: it is ${row.state}, not ${states.join(' or ')}`);
	assert(isOnChain(row) === (row.mined !== undefined), `the anchor of size ${row.size} is ${row.state} but its block says otherwise`);
}

export function isOnChain(row: AnchorRow): boolean {
	return row.state === 'mined' || row.state === 'final';
}

/** Final rows of which nothing more is asked are kept in memory so many, and all of the newest two days, by which budgets are held. */
export const finalRowsKept = 256;
const keptS = 2 * dayS;

/**
 * What an outbox must have in memory of its rows, by size rising. With an anchor every ten minutes those of a year, proofs among them, are 330 MB; the rest stays where it is durable, and is read
 * by whoever issues receipts.
 */
export function keptRows(rows: readonly AnchorRow[]): readonly AnchorRow[] {
	const newestS = newestTimeS(rows);
	const from = rows.length - finalRowsKept;
	return from <= 0 ? rows : rows.filter((row, i) => i >= from || row.attempts.length > 0 || !isSettled(row, newestS));
}

/** Whether rows of smaller sizes than these, which are the newest, can be left where they are. */
export function areEnough(rows: readonly AnchorRow[]): boolean {
	const newestS = newestTimeS(rows);
	return rows.length >= finalRowsKept && rows.some(row => isSettled(row, newestS));
}

function newestTimeS(rows: readonly AnchorRow[]): number {
	return rows.reduce((newest, {mined}) => Math.max(newest, mined?.blockTime ?? 0), 0);
}

function isSettled({state, mined}: AnchorRow, newestS: number): boolean {
	return state === 'final' && mined !== undefined && mined.blockTime < newestS - keptS;
}

/** What is known to be paid for a row that is on the chain. */
export function paymentsOf(row: AnchorRow): readonly Payment[] {
	const {mined, spent = []} = row;
	const failed = spent.map(({timeS, costWei}) => ({timeS, costWei: BigInt(costWei)}));
	return mined?.costWei === undefined ? failed : [{timeS: mined.blockTime, costWei: BigInt(mined.costWei)}, ...failed];
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
	const {transactionHash, blockNumber, blockHash, blockTime, proof: stored} = row.mined;
	const proof = stored && readProof(stored);
	const record = {chainId, registry, opener, logId, size, transactionHash, blockNumber, blockHash, blockTime};
	return proof === undefined ? record : {...record, proof};
}

export function storeProof({header, transactionIndex, nodes}: BlockProof): StoredProof {
	return {header: `0x${toHex(header)}`, transactionIndex, nodes: nodes.map(node => `0x${toHex(node)}`)};
}

/** Undefined if it is damaged: the anchor is none the less where it is. */
function readProof({header, transactionIndex, nodes}: StoredProof): BlockProof | undefined {
	const [headerBytes, ...nodeBytes] = [header, ...nodes].map(text => fromHex(text.slice(2)));
	const whole = nodeBytes.filter(bytes => bytes !== undefined);
	return headerBytes === undefined || whole.length < nodes.length ? undefined : {header: headerBytes, transactionIndex, nodes: whole};
}
