// Moves signed checkpoints onto a chain, one durable step at a time.

import {assert} from '../base/assert.ts';
import {toHex} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError, type ErrorCode} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import {backoffMs} from '../base/retry.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import {anchorLogId} from '../format/log-id.ts';
import {anchoredTime, type Chain, checkSigned, encodeAnchor, type Mined, type RegistryHead} from './chain.ts';
import {type Judgement, judge} from './finality.ts';
import type {Signer, UnsignedTransaction} from './keystore.ts';
import {
	type AnchorRow,
	type AnchorState,
	type AnchorTarget,
	anchorStates,
	attemptsMax,
	finaliseRow,
	isOnChain,
	mineRow,
	planRow,
	replanRow,
	rowCovering,
	sendRow,
	signRow,
	vanishRow,
} from './outbox.ts';
import {type AnchorPolicy, planAnchor} from './plan.ts';

/** All that anchoring needs of the rest of the agent. The log fits it; so does a tree in memory. */
export type Needs = {
	/** The newest durable and signed checkpoint that may be released. */
	readonly newestCheckpoint: () => Promise<Checkpoint | undefined>;
	/**
	 * Makes a checkpoint that ends with a tally of everything before it, and releases it; undefined if nothing may be released. Each call appends to the log: it is asked only
	 * when an anchor is due and the chain answers.
	 */
	readonly sealCheckpoint: () => Promise<Checkpoint | undefined>;
	/** arrivedAt of the entry at that index; undefined if there is none yet. */
	readonly arrivedAtMsOf: (index: number) => Promise<number | undefined>;
	/** PROOF(first, D_second) [RFC 9162 §2.1.4.1], for 0 < first < second ≤ size of the newest sealed checkpoint. */
	readonly consistencyProof: (first: number, second: number) => Promise<readonly Uint8Array[]>;
	readonly store: {
		/** All rows of this outbox; rows of other logs or registries may be among them. */
		readonly load: () => Promise<readonly AnchorRow[]>;
		/** Writes the row over the one of the same logId and size. MUST NOT resolve before that is durable. */
		readonly save: (row: AnchorRow) => Promise<void>;
	};
	readonly clock: Clock;
	readonly logger: Logger;
	/** Belongs to the anchor from here on: closing the anchor closes it. */
	readonly chain: Chain;
	readonly signer: Signer;
};

export type AnchorOptions = {
	/** Address of the AnchorRegistry. */
	readonly registry: string;
	/** The log's origin, `<log name>/<epoch>`. */
	readonly origin: string;
	readonly policy: AnchorPolicy;
	/** Ceiling for what a unit of gas may cost, tip included, in wei. Above it the anchor waits. */
	readonly feeWeiMax: bigint;
	/** How often the chain is asked about what waits there. @default 2000 */
	readonly pollMs?: number;
	/** How often bytes that are not in a block yet are sent again. @default 30 000 */
	readonly rebroadcastMs?: number;
	/** First and longest wait after a failure. @default 1000 */
	readonly retryFirstMs?: number;
	/** @default 60 000 */
	readonly retryMaxMs?: number;
};

export type AnchorStatus = AnchorTarget & {
	readonly rows: Readonly<Record<AnchorState, number>>;
	/** The largest size in a block, final or not; 0 if there is none. */
	readonly minedSize: number;
	/** The largest size whose block is final; 0 if there is none. */
	readonly finalSize: number;
	/** Age of the oldest entry that no mined anchor covers; undefined if there is none. */
	readonly oldestUnanchoredAgeMs: number | undefined;
	/** Of the anchoring key, when last asked. */
	readonly balanceWei: bigint | undefined;
	/** Why nothing moves although something is open, as a sentence. */
	readonly waitingFor: string | undefined;
	/** What stopped the last tick; undefined once a tick has worked again. */
	readonly lastError:
		| {readonly code: ErrorCode; readonly sentence: string; readonly hint: string | undefined; readonly atMs: number}
		| undefined;
};

export type Anchor = {
	/**
	 * Takes one step: plans, signs, sends, or confirms. Safe to call at any time, as often as you like: calls never overlap, and the chain is asked no oftener than
	 * options say. Gives true if something moved, so that another call now is worth it. A chain that cannot be reached is no rejection: `status` says so, and a later tick
	 * tries again. Rejects where going on would be wrong (ANCHOR_REFUSED, CHAIN_MISMATCH), or where the store failed; the next tick looks at everything afresh.
	 */
	readonly tick: (signal: AbortSignal) => Promise<boolean>;
	/** The next plan needs no reason but a new entry. */
	readonly anchorNow: () => void;
	readonly status: () => Promise<AnchorStatus>;
	/** The earliest anchor that covers the entry, mined or final; see toAnchorRecord. */
	readonly covering: (index: number) => Promise<AnchorRow | undefined>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Mined but not final. More than this means that finality has stopped, and more anchors would not help. */
const openRowsMax = 64;
/** A node behind a balancer may count a nonce before it shows the transaction: believe that another one took it only when seen so often in a row. */
const nonceTakenSightings = 3;

export function createAnchor(needs: Needs, options: AnchorOptions): Anchor {
	const {chain, clock, logger, signer, store} = needs;
	const {policy, feeWeiMax, pollMs = 2000, rebroadcastMs = 30_000, retryFirstMs = 1000, retryMaxMs = 60_000} = options;
	const registry = options.registry.toLowerCase();
	const opener = signer.address;
	const logId = anchorLogId(chain.expectedId, registry, opener, options.origin);
	const target: AnchorTarget = {chainId: chain.expectedId, registry, opener, logId, origin: options.origin};

	/** What the store holds, by size; undefined when we do not know. Only `save` and `step` touch it. */
	let rows: readonly AnchorRow[] | undefined;
	let running: Promise<boolean> | undefined;
	let surveyed = false;
	let forced = false;
	let failures = 0;
	/** Monotonic. Before it the chain is left alone, after a failure or while something waits there. */
	let resumeAtMs = Number.NEGATIVE_INFINITY;
	let pollAtMs = Number.NEGATIVE_INFINITY;
	/** Since when there is an entry at the index that no plan covers, monotonic. */
	let oldestKnown = {index: -1, sinceMs: 0};
	/** Monotonic. Before it no checkpoint is sealed again, after one that did not become a plan: each one is an entry more. */
	let sealAtMs = Number.NEGATIVE_INFINITY;
	/** Known once the chain was surveyed; the registry can never change it. */
	let spacingMsMin: number | undefined;
	let waitingFor: string | undefined;
	let lastError: AnchorStatus['lastError'];
	let balanceWei: bigint | undefined;
	/** By transaction hash, monotonic: when these bytes were last broadcast by this process. */
	const broadcastAtMs = new Map<string, number>();
	/** By size: how often in a row the nonce was seen taken. */
	const nonceTaken = new Map<number, number>();

	const load = async (): Promise<readonly AnchorRow[]> => {
		const all = await store.load();
		return all.filter(row => row.logId === logId).sort((a, b) => a.size - b.size);
	};

	/** Makes the row durable. If we die or fail here we do not know whether it is, so the next tick reads it back: either is a state to go on from. */
	const save = async (row: AnchorRow): Promise<true> => {
		const known = rows ?? [];
		rows = undefined;
		await store.save(row);
		rows = [...known.filter(({size}) => size !== row.size), row].sort((a, b) => a.size - b.size);
		logger.log('info', `anchor ${row.state}`, {
			size: row.size,
			transaction: row.mined?.transactionHash ?? row.attempts.at(-1)?.transactionHash,
		});
		return true;
	};

	const wait = (sentence: string): false => {
		waitingFor = sentence;
		return false;
	};

	/** The registry's newest head must be one that this outbox has seen: anything else is a second history, or this one is older than it was. */
	const checkHead = (head: RegistryHead, known: readonly AnchorRow[]): void => {
		if (head.size === 0) return;
		const row = known.find(({size}) => size === head.size);
		if (row?.root === head.root) return;
		const newest = known.at(-1)?.size ?? 0;
		const sentence =
			row === undefined
				? `the registry holds size ${head.size} of log "${options.origin}", which this agent never anchored (its newest is ${newest})`
				: `the registry holds another root for size ${head.size} of log "${options.origin}" than this agent anchored`;
		throw new AgentError('ANCHOR_REFUSED', sentence, {
			hint: 'another agent has anchored this log with the same key, or this database is an older copy: stop one of them, or restore the newest database',
		});
	};

	/** Makes sure that this is our chain with our registry on it, that the log is ours there, and that it holds no history but ours. */
	const survey = async (known: readonly AnchorRow[]): Promise<RegistryHead> => {
		const chainId = await chain.chainId();
		if (chainId !== target.chainId) {
			throw new AgentError('CHAIN_MISMATCH', `the node speaks for chain ${chainId}, not for chain ${target.chainId}`, {
				hint: "check the node's address and the chain id in the config",
			});
		}
		if (!(await chain.hasCode(registry))) {
			throw new AgentError('CHAIN_MISMATCH', `chain ${chainId} has no contract at ${registry}`, {
				hint: 'check the address of the registry; if the chain was reset, deploy the registry again and begin a new log',
			});
		}
		const operator = await chain.operatorOf(registry, logId);
		if (operator !== opener) {
			const whose = operator === undefined ? 'was never opened' : `belongs to ${operator}, not to ${opener},`;
			throw new AgentError('CHAIN_MISMATCH', `log "${options.origin}" (${logId}) ${whose} at registry ${registry}`, {
				hint: 'open the log there with the anchoring key, once: kedge anchor',
			});
		}
		const newestFinal = known.findLast(({state}) => state === 'final')?.mined;
		if (newestFinal !== undefined) {
			const hash = await chain.blockHashAt(newestFinal.blockNumber);
			if (hash === undefined) {
				throw new AgentError(
					'CHAIN_UNREACHABLE',
					`the node is behind: it has no block ${newestFinal.blockNumber}, which holds a final anchor`,
					{
						hint: 'wait until it has caught up; if the chain was reset, deploy the registry again and begin a new log',
					},
				);
			}
			if (hash !== newestFinal.blockHash) {
				throw new AgentError(
					'CHAIN_MISMATCH',
					`block ${newestFinal.blockNumber} is ${hash}, but the one that holds our final anchor is ${newestFinal.blockHash}`,
					{
						hint: 'this is another chain of the same id, or it was reset: check the address of the node',
					},
				);
			}
		}
		const head = await chain.latest(registry, logId);
		checkHead(head, known);
		balanceWei = await chain.balanceWei(opener);
		spacingMsMin ??= await spacingOf();
		surveyed = true;
		return head;
	};

	/** How far apart anchors must be so that the registry's ring never fills. */
	const spacingOf = async (): Promise<number> => {
		const {places, challengeTimeS} = await chain.ring(registry);
		const apartMs = Math.ceil((challengeTimeS * 1000) / places);
		if (apartMs > policy.ageMsMax)
			logger.log('warn', 'the registry keeps commitments so long that anchors must be further apart', {wantedMs: policy.ageMsMax, apartMs});
		return apartMs;
	};

	const look = async (row: AnchorRow, finalizedNumber: number): Promise<Judgement> => {
		const newest = row.attempts.at(-1)?.transactionHash;
		const hashes = new Set([row.mined?.transactionHash, ...row.attempts.map(({transactionHash}) => transactionHash).reverse()]);
		let mined: Mined | undefined;
		for (const hash of hashes) {
			const found = hash === undefined ? undefined : await chain.mined(hash);
			// An older attempt that failed is the reason why there is a newer one.
			if (found === undefined || (!found.succeeded && hash !== newest)) continue;
			mined = found;
			break;
		}
		const height = mined?.blockNumber ?? row.mined?.blockNumber;
		return judge({
			row,
			mined: mined && {...mined, anchoredTime: anchoredTime(mined.logs, row)},
			hashAtHeight: height === undefined ? undefined : await chain.blockHashAt(height),
			finalizedNumber,
			nonce: mined === undefined && row.state === 'sent' ? await chain.nonce(opener) : 0,
		});
	};

	const isFalse = (row: AnchorRow): AgentError =>
		new AgentError(
			'CHAIN_MISMATCH',
			`a transaction for size ${row.size} succeeded, but the registry at ${registry} recorded no anchor in it`,
			{
				hint: 'the contract there is not an AnchorRegistry, or the node does not tell the truth',
			},
		);

	/** Mined rows become final, move with a reorganisation, or go back. */
	const followMined = async (known: readonly AnchorRow[]): Promise<boolean> => {
		const mined = known.filter(({state}) => state === 'mined');
		const newest = mined.at(-1);
		if (newest === undefined) return false;
		const finalizedNumber = await chain.finalizedNumber();
		const due = mined.find(row => row.mined!.blockNumber <= finalizedNumber);
		// While the newest one's block is on the chain, all older ones are: they are its ancestors. So one look serves for all that are not due.
		for (const row of new Set([due ?? newest, newest])) {
			const judgement = await look(row, finalizedNumber);
			switch (judgement.is) {
				case 'final':
				case 'mined': {
					const moved = judgement.at.blockHash !== row.mined!.blockHash || judgement.at.transactionHash !== row.mined!.transactionHash;
					if (moved) return save(mineRow(row, judgement.at));
					if (judgement.is === 'final') return save(finaliseRow(row));
					wait(`size ${row.size} is in block ${judgement.at.blockNumber}; blocks are final up to ${finalizedNumber}`);
					break;
				}
				case 'gone':
				case 'reverted':
					logger.log('warn', 'anchor vanished from the chain', {size: row.size, block: row.mined!.blockNumber});
					return save(vanishRow(row));
				case 'false':
					throw isFalse(row);
				default:
					wait(judgement.is === 'waiting' ? judgement.why : 'the node contradicts itself about our nonce');
			}
		}
		return false;
	};

	/** Another transaction is needed for this size, if there are not too many already. */
	const planAgain = (row: AnchorRow, why: string): Promise<true> => {
		if (row.attempts.length >= attemptsMax) {
			throw new AgentError('ANCHOR_REFUSED', `size ${row.size} could not be anchored in ${attemptsMax} transactions: ${why}`, {
				hint: `look at account ${opener} on chain ${target.chainId}: its key must be used by this agent alone`,
			});
		}
		logger.log('warn', 'anchor needs another transaction', {size: row.size, why});
		nonceTaken.delete(row.size);
		return save(replanRow(row));
	};

	const broadcast = async (row: AnchorRow): Promise<boolean> => {
		const {raw, transactionHash, nonce} = row.attempts.at(-1)!;
		// If we die before, during or after this, the same bytes are sent again: a node takes them once.
		const answer = await chain.broadcast(raw);
		broadcastAtMs.set(transactionHash, clock.monotonicMs());
		if (answer === 'displaced') return wait(`the node holds another transaction of ${opener} with nonce ${nonce}`);
		return row.state === 'signed' ? save(sendRow(row)) : false;
	};

	const confirm = async (row: AnchorRow): Promise<boolean> => {
		const judgement = await look(row, 0);
		if (judgement.is !== 'nonceTaken') nonceTaken.delete(row.size);
		switch (judgement.is) {
			case 'final':
			case 'mined':
				broadcastAtMs.clear();
				return save(mineRow(row, judgement.at));
			case 'reverted':
				return planAgain(row, 'its transaction reverted');
			case 'false':
				throw isFalse(row);
			case 'nonceTaken': {
				const sightings = (nonceTaken.get(row.size) ?? 0) + 1;
				nonceTaken.set(row.size, sightings);
				if (sightings >= nonceTakenSightings) return planAgain(row, `nonce ${row.attempts.at(-1)!.nonce} was used by another transaction`);
				return wait(`the nonce of size ${row.size} is used, but its transaction does not show`);
			}
			default: {
				wait(judgement.is === 'waiting' ? judgement.why : 'the chain is being asked');
				const sentAtMs = broadcastAtMs.get(row.attempts.at(-1)!.transactionHash);
				// After a restart we do not know whether any node still has them.
				if (sentAtMs === undefined || clock.monotonicMs() - sentAtMs >= rebroadcastMs) await broadcast(row);
				return false;
			}
		}
	};

	const sign = async (row: AnchorRow, known: readonly AnchorRow[]): Promise<boolean> => {
		const head = await survey(known);
		if (head.size === row.size) {
			// Somebody else's transaction with the same head, or one of ours that the registry took although the node shows it reverted. Only where is still to be found.
			const mined = await chain.findAnchor({registry, logId, size: row.size, root: row.root, time: head.time});
			if (mined === undefined) {
				throw new AgentError(
					'CHAIN_UNREACHABLE',
					`the registry holds size ${row.size}, but the node does not show the transaction that anchored it`,
				);
			}
			return save(mineRow(row, mined));
		}
		const newestOnChain = known.findLast(isOnChain)?.size ?? 0;
		if (head.size < newestOnChain) {
			throw new AgentError(
				'CHAIN_UNREACHABLE',
				`the node is behind: its registry holds size ${head.size}, but size ${newestOnChain} is anchored`,
			);
		}
		if (head.size > row.size) {
			throw new AgentError('ANCHOR_REFUSED', `the registry went on to size ${head.size}, so size ${row.size} can no longer be anchored`);
		}

		const path = head.size === 0 ? [] : await needs.consistencyProof(head.size, row.size);
		const data = encodeAnchor(
			logId,
			row.size,
			row.root,
			path.map(hash => `0x${toHex(hash)}`),
		);
		const estimate = await chain.estimate({from: opener, to: registry, data});
		if ('refused' in estimate) {
			const again = await chain.latest(registry, logId);
			// What changed meanwhile is looked at again; a ring that is full frees a place in time. Neither says anything against our history.
			if (again.size !== head.size || estimate.refused.startsWith('RingFull(')) {
				throw new AgentError('CHAIN_REFUSED', `the registry does not take size ${row.size} now: ${ringSentence(estimate.refused)}`);
			}
			throw new AgentError('ANCHOR_REFUSED', `the registry refuses size ${row.size} of log "${options.origin}": ${estimate.refused}`, {
				hint: 'NotConsistent means that this log does not extend what is anchored: run the audit before anything else',
			});
		}

		const {baseFeeWei, tipWei: suggestedWei} = await chain.fees();
		if (baseFeeWei >= feeWeiMax) {
			return wait(`gas costs ${baseFeeWei} wei now, and the ceiling is ${feeWeiMax}: size ${row.size} waits`);
		}
		const tipWei = lesser(suggestedWei, feeWeiMax - baseFeeWei);
		const unsigned: UnsignedTransaction = {
			chainId: target.chainId,
			nonce: await nextNonce(known),
			to: registry,
			data,
			value: 0n,
			gasLimit: (estimate.gas * 5n) / 4n,
			// Twice the base fee stays enough for six full blocks in a row; what is not needed is not paid [EIP-1559].
			maxFeePerGas: lesser(2n * baseFeeWei + tipWei, feeWeiMax),
			maxPriorityFeePerGas: tipWei,
		};
		const costWei = unsigned.gasLimit * unsigned.maxFeePerGas;
		if (balanceWei !== undefined && balanceWei < costWei) {
			return wait(`account ${opener} holds ${balanceWei} wei, and size ${row.size} may cost ${costWei}: send it funds`);
		}
		const raw = await signer.signTransaction(unsigned);
		const transactionHash = checkSigned(raw, unsigned, opener);
		// Durable before the first broadcast: a transaction that we forgot could be mined beside its successor.
		return save(signRow(row, {nonce: unsigned.nonce, transactionHash, raw, from: head.size}));
	};

	/** The chain knows what is mined, the outbox what is still under way; neither is enough, and there is no third counter. */
	const nextNonce = async (known: readonly AnchorRow[]): Promise<number> => {
		const ours = known.flatMap(({attempts}) => attempts.map(({nonce}) => nonce + 1));
		return Math.max(await chain.nonce(opener), ...ours);
	};

	const pushUnmined = async (known: readonly AnchorRow[]): Promise<boolean> => {
		for (const [place, row] of known.filter(row => !isOnChain(row)).entries()) {
			// After a reorganisation there may be several. All are sent again, but a new one is signed only on top of what is anchored.
			if (row.state === 'planned' && place > 0) continue;
			const moved = row.state === 'planned' ? await sign(row, known) : row.state === 'signed' ? await broadcast(row) : await confirm(row);
			if (moved) return true;
		}
		return false;
	};

	const plan = async (known: readonly AnchorRow[]): Promise<boolean> => {
		const checkpoint = await needs.newestCheckpoint();
		const plannedSize = known.at(-1)?.size ?? 0;
		const isNew = checkpoint !== undefined && checkpoint.size > plannedSize;
		if (!isNew) forced = false;
		if (!isNew || oldestKnown.index !== plannedSize) oldestKnown = {index: plannedSize, sinceMs: clock.monotonicMs()};
		const found = planAnchor({
			nowMs: clock.nowMs(),
			headSize: checkpoint?.size,
			plannedSize,
			plannedAtMs: known.at(-1)?.plannedAtMs,
			oldestArrivedAtMs: isNew ? await needs.arrivedAtMsOf(plannedSize) : undefined,
			oldestKnownForMs: clock.monotonicMs() - oldestKnown.sinceMs,
			inFlight: known.some(row => !isOnChain(row)),
			policy,
			spacingMsMin: spacingMsMin ?? 0,
			forced,
		});
		if (found === undefined) return false;
		const unsealed = 'an anchor is due, but its checkpoint could not be released';
		if (clock.monotonicMs() < sealAtMs) return wait(unsealed);
		if (known.filter(({state}) => state !== 'final').length >= openRowsMax) {
			return wait(`${openRowsMax} anchors wait for their blocks to become final`);
		}
		// Asked before the plan is made: while the chain is away the plan stays open, and takes in whatever is newest when it is back.
		await survey(known);
		sealAtMs = clock.monotonicMs() + retryMaxMs;
		// If we die after this and before the plan is durable, the log has a tally that is anchored with whatever comes next.
		const sealed = await needs.sealCheckpoint();
		if (sealed === undefined) {
			sealAtMs = clock.monotonicMs() + pollMs;
			return wait(unsealed);
		}
		assert(sealed.size > plannedSize, `size ${sealed.size} was sealed, and size ${plannedSize} is planned already`);
		logger.log('info', 'anchor due', {size: sealed.size, because: found.because});
		await save(planRow(target, sealed, clock.nowMs()));
		sealAtMs = Number.NEGATIVE_INFINITY;
		forced = false;
		return true;
	};

	const step = async (signal: AbortSignal): Promise<boolean> => {
		if (signal.aborted || clock.monotonicMs() < resumeAtMs) return false;
		try {
			const known = rows ?? (await load());
			rows = known;
			if (!surveyed) await survey(known);
			let moved = false;
			if (clock.monotonicMs() >= pollAtMs) {
				waitingFor = undefined;
				moved = (await followMined(known)) || (await pushUnmined(known));
				pollAtMs = moved ? Number.NEGATIVE_INFINITY : clock.monotonicMs() + pollMs;
			}
			moved ||= await plan(rows ?? known);
			if (moved) pollAtMs = Number.NEGATIVE_INFINITY;
			failures = 0;
			lastError = undefined;
			return moved;
		} catch (error) {
			if (!(error instanceof AgentError)) throw error;
			if (error.message !== lastError?.sentence) logger.log('warn', 'anchoring stopped', {code: error.code, sentence: error.message});
			lastError = {code: error.code, sentence: error.message, hint: error.hint, atMs: clock.nowMs()};
			resumeAtMs = clock.monotonicMs() + backoffMs(failures, retryFirstMs, retryMaxMs);
			failures += 1;
			surveyed = false;
			if (error.remedy === 'retry') return false;
			throw error;
		}
	};

	return {
		tick: signal => {
			running ??= step(signal).finally(() => {
				running = undefined;
			});
			return running;
		},
		anchorNow: () => {
			forced = true;
		},
		status: async () => {
			const known = rows ?? (await load());
			const count = (state: AnchorState): number => known.filter(row => row.state === state).length;
			const minedSize = known.findLast(isOnChain)?.size ?? 0;
			const arrivedAtMs = await needs.arrivedAtMsOf(minedSize);
			return {
				...target,
				rows: Object.fromEntries(anchorStates.map(state => [state, count(state)])) as Record<AnchorState, number>,
				minedSize,
				finalSize: known.findLast(({state}) => state === 'final')?.size ?? 0,
				oldestUnanchoredAgeMs: arrivedAtMs === undefined ? undefined : Math.max(0, clock.nowMs() - arrivedAtMs),
				balanceWei,
				waitingFor,
				lastError,
			};
		},
		covering: async index => rowCovering(rows ?? (await load()), index),
		[Symbol.asyncDispose]: async () => {
			// Whoever closes has aborted the signal too; what is under way ends with a chain that is closed.
			await chain[Symbol.asyncDispose]();
			await running?.catch(() => {});
		},
	};
}

/** Says from when on a full ring has room, where that is why the registry refuses. */
function ringSentence(refused: string): string {
	const freeAtS = Number(/^RingFull\(0x[0-9a-f]+, \d+, (\d+)\)/.exec(refused)?.[1]);
	return freeAtS > 0 && freeAtS < 8.64e12 ? `all places of its ring are taken until ${new Date(freeAtS * 1000).toISOString()}` : refused;
}

function lesser(a: bigint, b: bigint): bigint {
	return a < b ? a : b;
}
