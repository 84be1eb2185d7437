// Moves signed checkpoints onto a chain, one durable step at a time.

import {assert} from '../base/assert.ts';
import {toHex} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError, describeError, type ErrorCode} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import {backoffMs} from '../base/retry.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import type {BlockProof} from '../format/evidence.ts';
import {anchorLogId} from '../format/log-id.ts';
import {anchoredTime, type Chain, checkSigned, encodeAnchor, type Mined, type RegistryHead, readSigned} from './chain.ts';
import {
	bumpAfterMsDefault,
	bumpBlocks,
	capOf,
	dayS,
	type FeePolicy,
	meanCostWei,
	type PriceAnswer,
	type PriceInput,
	paidSince,
	parentFeeAside,
	planPrice,
	raiseStepsMax,
	recentAnchorsMax,
	runwayDays,
} from './fees.ts';
import {type Judgement, judge} from './finality.ts';
import type {Signer, TransactionPrice, UnsignedTransaction} from './keystore.ts';
import {
	type AnchorRow,
	type AnchorState,
	type AnchorTarget,
	type Attempt,
	anchorStates,
	closeAttempts,
	finaliseRow,
	finalRowsKept,
	isOnChain,
	isReplaceable,
	keptRows,
	type MinedAt,
	mineRow,
	noncesMax,
	paymentsOf,
	planRow,
	priceRow,
	proofTriesMax,
	proveRow,
	replaceAttempt,
	replacementsLeft,
	replacementsMax,
	replanRow,
	rowCovering,
	type Spent,
	type StoredProof,
	sendRow,
	signerOf,
	signRow,
	storeProof,
	vanishRow,
} from './outbox.ts';
import {type FoundPins, type Pins, pinProblem} from './pins.ts';
import {type AnchorPolicy, type PlanInput, planAnchor, planRoll} from './plan.ts';

/** All that anchoring needs of the rest of the agent. The log fits it; so does a tree in memory. */
export type Needs = {
	/** The newest durable and signed checkpoint that may be released. */
	readonly newestCheckpoint: () => Promise<Checkpoint | undefined>;
	/**
	 * Gives a released checkpoint that ends with a tally of everything before it and is larger than `plannedSize`; undefined if nothing may be released. A call may append to
	 * the log: it is asked only when an anchor is due and the chain answers.
	 */
	readonly sealCheckpoint: (plannedSize: number) => Promise<Checkpoint | undefined>;
	/** arrivedAt of the entry at that index; undefined if there is none yet. */
	readonly arrivedAtMsOf: (index: number) => Promise<number | undefined>;
	/** PROOF(first, D_second) [RFC 9162 §2.1.4.1], for 0 < first < second ≤ size of the newest sealed checkpoint. */
	readonly consistencyProof: (first: number, second: number) => Promise<readonly Uint8Array[]>;
	readonly store: {
		/**
		 * The rows of this outbox: all that are not final, and of the others at least the newest, as many as keptRows and areEnough say; rows of other logs or registries may be
		 * among them.
		 */
		readonly load: () => Promise<readonly AnchorRow[]>;
		/** Writes the row over the one of the same logId and size. MUST NOT resolve before that is durable. */
		readonly save: (row: AnchorRow) => Promise<void>;
		/** Puts the row in the place of an older one of another size, both or neither. MUST NOT resolve before that is durable. */
		readonly replace: (old: AnchorRow, row: AnchorRow) => Promise<void>;
	};
	/**
	 * Makes what shows, without a node, that a final transaction is in its block; or says why it cannot. Asked when a row becomes final, and at most twice more; without it no
	 * proofs are stored.
	 */
	readonly proofOf?: (at: MinedAt) => Promise<BlockProof | {readonly problem: string}>;
	/** Hears who anchors the log, at each look at the registry. MUST NOT throw. */
	readonly sawOperator?: (sight: AnchorTarget & {readonly operator: string}) => void;
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
	/** Address that opened the log: the log id keeps it when the operator's key is rotated. @default the signer's address */
	readonly opener?: string;
	readonly policy: AnchorPolicy;
	/** What may be paid. Above it the anchor waits. */
	readonly fees: FeePolicy;
	/** What must be found where the chain and the registry should be. */
	readonly pins?: Pins;
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
	/** As many as are in memory, see keptRows. */
	readonly rows: Readonly<Record<AnchorState, number>>;
	/** The largest size in a block, final or not; 0 if there is none. */
	readonly minedSize: number;
	/** The largest size whose block is final; 0 if there is none. */
	readonly finalSize: number;
	/** Age of the oldest entry that no mined anchor covers; undefined if there is none. */
	readonly oldestUnanchoredAgeMs: number | undefined;
	/** Of the anchoring key, when last asked. */
	readonly balanceWei: bigint | undefined;
	/** What the newest anchors cost on average; undefined until one is mined. */
	readonly costWeiRecent: bigint | undefined;
	/** Paid in the 24 hours before the newest block time that is known, failed transactions included. */
	readonly spentWeiLastDay: bigint;
	/** Of any 24 hours; undefined if the owner set none. */
	readonly budgetWeiPerDay: bigint | undefined;
	/** For how many days the balance lasts at the recent cost and the policy's cadence; undefined until both are known. See `runwayDays` of fees.ts for its bounds. */
	readonly runwayDays: number | undefined;
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
	/** The earliest anchor in memory that covers the entry, mined or final; see toAnchorRecord and keptRows. */
	readonly covering: (index: number) => Promise<AnchorRow | undefined>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Mined but not final. More than this means that finality has stopped, and more anchors would not help. */
const openRowsMax = 64;
/** A node behind a balancer may count a nonce before it shows the transaction: believe that another one took it only when seen so often in a row. */
const nonceTakenSightings = 3;
/** What signed bytes say is read once; so many are kept. */
const readsMax = 256;

export function createAnchor(needs: Needs, options: AnchorOptions): Anchor {
	const {chain, clock, logger, signer, store} = needs;
	const {policy, fees: feePolicy, pins = {}, pollMs = 2000, rebroadcastMs = 30_000, retryFirstMs = 1000, retryMaxMs = 60_000} = options;
	const {bumpAfterMs = bumpAfterMsDefault} = feePolicy;
	const registry = options.registry.toLowerCase();
	const opener = (options.opener ?? signer.address).toLowerCase();
	/** Whose transactions these are, and who pays. */
	const sender = signer.address;
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
	/** By transaction hash: since when and at which height this process knows these bytes to be under way, and when it sent them last; times monotonic. Emptied when something is mined. */
	const underWay = new Map<string, {sinceMs: number; sinceBlock: number; sentAtMs: number; readonly held: string | undefined}>();
	/** By nonce: how often in a row a node would not replace what it has. Emptied likewise. */
	const displaced = new Map<number, number>();
	/** By size: how often in a row the nonce was seen taken. */
	const nonceTaken = new Map<number, number>();
	/** By transaction hash: what is in the bytes. */
	const reads = new Map<string, ReturnType<typeof readSigned>>();
	/** A plan may be rolled on once it was held up: never twice without an attempt to sign it in between. */
	let mayRoll = true;
	/** The size at which the plan that is being rolled on began. */
	let rolledFrom: number | undefined;
	/** Sizes whose cost was asked for. */
	const costAsked = new Set<number>();
	/** By size, monotonic: before it no other proof is tried. */
	const proveAtMs = new Map<number, number>();

	const load = async (): Promise<readonly AnchorRow[]> => {
		const all = await store.load();
		return keptRows(all.filter(row => row.logId === logId).sort((a, b) => a.size - b.size));
	};

	/** Makes the row durable. If we die or fail here we do not know whether it is, so the next tick reads it back: either is a state to go on from. */
	const save = async (row: AnchorRow): Promise<true> => {
		const known = rows ?? [];
		rows = undefined;
		await store.save(row);
		rows = keptRows([...known.filter(({size}) => size !== row.size), row].sort((a, b) => a.size - b.size));
		if (row.state !== known.find(({size}) => size === row.size)?.state || row.state === 'signed') logSaved(row);
		return true;
	};

	const logSaved = (row: AnchorRow): void =>
		logger.log('info', `anchor ${row.state}`, {
			size: row.size,
			transaction: row.mined?.transactionHash ?? row.attempts.at(-1)?.transactionHash,
		});

	const readAttempt = ({transactionHash, raw}: Attempt): ReturnType<typeof readSigned> => {
		let found = reads.get(transactionHash);
		if (found === undefined) {
			if (reads.size >= readsMax) reads.clear();
			found = readSigned(raw);
			reads.set(transactionHash, found);
		}
		return found;
	};
	/** The most that an attempt can cost, in wei. */
	const worstOf = (attempt: Attempt): bigint => {
		const read = readAttempt(attempt);
		return read.gasLimit * capOf(read);
	};

	/** The most that all that is signed and not final can cost, but for one nonce: of each nonce one transaction at most is mined. */
	const openWei = (known: readonly AnchorRow[], exceptNonce: number, parentFeeWei: bigint): bigint => {
		const worst = new Map<string, bigint>();
		for (const row of known) {
			for (const attempt of row.attempts) {
				const key = `${signerOf(row, attempt)} ${attempt.nonce}`;
				if (key === `${sender} ${exceptNonce}`) continue;
				const costWei = worstOf(attempt);
				if (costWei > (worst.get(key) ?? 0n)) worst.set(key, costWei);
			}
		}
		return [...worst.values()].reduce((sum, costWei) => sum + costWei + parentFeeWei, 0n);
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
		const oldest = known[0]?.size ?? 0;
		// It may well be one of ours that is no longer in memory.
		if (row === undefined && known.length >= finalRowsKept && head.size < oldest)
			throw new AgentError('CHAIN_UNREACHABLE', `the node is behind: its registry holds size ${head.size}, but size ${newest} is anchored`);
		const sentence =
			row === undefined
				? `the registry holds size ${head.size} of log "${options.origin}", which this agent never anchored (its newest is ${newest})`
				: `the registry holds another root for size ${head.size} of log "${options.origin}" than this agent anchored`;
		throw new AgentError('ANCHOR_REFUSED', sentence, {
			hint: 'another agent has anchored this log with the same key, or this database is an older copy: stop one of them, or restore the newest database',
		});
	};

	const checkPins = (found: FoundPins): void => {
		const problem = pinProblem(pins, found);
		if (problem === undefined) return;
		throw new AgentError('CHAIN_MISMATCH', `chain ${target.chainId} is not the pinned one: ${problem}`, {
			hint: 'check the address of the node and of the registry, and the pinned hashes in the config',
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
		// First what tells chains apart: on another one nothing else says anything.
		if (pins.genesisHash !== undefined) checkPins({genesisHash: await chain.genesisHash(), codeHash: pins.codeHash});
		if (!(await chain.hasCode(registry))) {
			throw new AgentError('CHAIN_MISMATCH', `chain ${chainId} has no contract at ${registry}`, {
				hint: 'check the address of the registry; if the chain was reset, deploy the registry again and begin a new log',
			});
		}
		if (pins.codeHash !== undefined) checkPins({genesisHash: pins.genesisHash, codeHash: await chain.codeHash(registry)});
		const operator = await chain.operatorOf(registry, logId);
		if (operator !== undefined) needs.sawOperator?.({...target, operator});
		if (operator !== sender) {
			const whose = operator === undefined ? 'was never opened' : `belongs to ${operator}, not to ${sender},`;
			throw new AgentError('CHAIN_MISMATCH', `log "${options.origin}" (${logId}) ${whose} at registry ${registry}`, {
				hint:
					operator === undefined
						? `open the log there with the anchoring key, once: kedge anchor${sender === opener ? '' : ', after the line "opener" was taken out of the config if that key opens it'}`
						: 'use the key that operates the log there; after a rotation of the key name the address that opened the log in the config',
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
		balanceWei = await chain.balanceWei(sender);
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
		const newest = row.attempts.at(-1);
		const asked = new Set<string>();
		let mined: Mined | undefined;
		let failed: Mined | undefined;
		const ask = async (hash: string): Promise<void> => {
			if (mined !== undefined || asked.has(hash)) return;
			asked.add(hash);
			const found = await chain.mined(hash);
			if (found === undefined) return;
			const attempt = row.attempts.find(({transactionHash}) => transactionHash === hash);
			if (found.succeeded) mined = found;
			// An older nonce whose transaction failed is the reason why there is a newer one. And the newest may have failed because an older one did not.
			else if (attempt === undefined || attempt.nonce === newest?.nonce) failed ??= found;
		};
		if (row.mined !== undefined) await ask(row.mined.transactionHash);
		if (newest !== undefined) await ask(newest.transactionHash);
		const nonce = mined !== undefined || newest === undefined ? 0 : await chain.nonce(signerOf(row, newest));
		// Any attempt may be the one that was mined. Those whose nonce the chain has not reached are in no block of this node.
		for (const attempt of row.attempts.toReversed())
			if (row.mined !== undefined || attempt.nonce < nonce || attempt.signer !== newest?.signer) await ask(attempt.transactionHash);
		mined ??= failed;
		const height = mined?.blockNumber ?? row.mined?.blockNumber;
		return judge({
			row,
			mined: mined && {...mined, anchoredTime: anchoredTime(mined.logs, row)},
			hashAtHeight: height === undefined ? undefined : await chain.blockHashAt(height),
			finalizedNumber,
			// Which attempts are asked for one node may say; that another transaction took the nonce several must agree on.
			nonce:
				mined === undefined && newest !== undefined && nonce > newest.nonce ? await chain.nonce(signerOf(row, newest), 'agreed') : nonce,
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
		if (newest === undefined) return prove(known);
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
					if (judgement.is === 'final') return finalise(row, judgement.at, known);
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
		return prove(known);
	};

	/**
	 * The row's block is final, and so is whatever used a lower nonce. What of it was ours and failed was paid for all the same; what no node shows is taken for paid at its
	 * worst. A higher nonce may still be mined: its bytes are kept, and count as open, until a nonce not below it is final.
	 */
	const finalise = async (row: AnchorRow, at: MinedAt, known: readonly AnchorRow[]): Promise<true> => {
		const mined = row.attempts.find(({transactionHash}) => transactionHash === at.transactionHash);
		const isClosed = (attempt: Attempt, of: AnchorRow): boolean =>
			mined !== undefined && (signerOf(of, attempt) !== signerOf(row, mined) || attempt.nonce <= mined.nonce);
		const leftOver = known.filter(other => other.state === 'final' && other.attempts.some(attempt => isClosed(attempt, other)));
		const byNonce = new Map<string, Attempt[]>();
		for (const of of [row, ...leftOver]) {
			for (const attempt of of.attempts) {
				const isSame = mined !== undefined && attempt.nonce === mined.nonce && signerOf(of, attempt) === signerOf(row, mined);
				if (isSame || !isClosed(attempt, of)) continue;
				const key = `${signerOf(of, attempt)} ${attempt.nonce}`;
				byNonce.set(key, [...(byNonce.get(key) ?? []), attempt]);
			}
		}
		const spent: Spent[] = [];
		for (const attempts of byNonce.values()) spent.push(await spentOn(attempts, at.blockTime));
		const attempts = row.attempts.filter(attempt => !isClosed(attempt, row));
		const made = needs.proofOf === undefined ? undefined : await makeProof(at);
		if (made !== undefined) proveAtMs.set(row.size, clock.monotonicMs() + retryMaxMs);
		await save(finaliseRow(mineRow(row, at), {attempts, spent, proof: made}));
		// If we die before these are written, they are settled again with the next row, and counted twice: the cautious side.
		for (const other of leftOver)
			await save(
				closeAttempts(
					other,
					other.attempts.filter(attempt => !isClosed(attempt, other)),
				),
			);
		return true;
	};

	/** What one nonce cost, given all our attempts with it, none of which became the anchor. */
	const spentOn = async (attempts: readonly Attempt[], timeS: number): Promise<Spent> => {
		for (const {transactionHash} of attempts.toReversed()) {
			const mined = await chain.mined(transactionHash);
			if (mined !== undefined) return {transactionHash, costWei: String(mined.costWei), timeS};
		}
		const dearest = attempts.reduce((most, attempt) => (worstOf(attempt) > worstOf(most) ? attempt : most));
		return {transactionHash: dearest.transactionHash, costWei: String(worstOf(dearest)), timeS, assumed: true};
	};

	/** Never throws: whatever goes wrong is why there is no proof. */
	const makeProof = async (at: MinedAt): Promise<StoredProof | {readonly problem: string}> => {
		try {
			const made = await needs.proofOf!(at);
			return 'problem' in made ? made : storeProof(made);
		} catch (error) {
			return {problem: describeError(error)};
		}
	};

	/** Tries again where a final row has no proof yet, one row at a time. */
	const prove = async (known: readonly AnchorRow[]): Promise<boolean> => {
		if (needs.proofOf === undefined) return false;
		const nowMs = clock.monotonicMs();
		const row = known.find(
			({proofTries = 0, size, state}) =>
				state === 'final' && proofTries > 0 && proofTries < proofTriesMax && nowMs >= (proveAtMs.get(size) ?? Number.NEGATIVE_INFINITY),
		);
		if (row === undefined) return false;
		proveAtMs.set(row.size, nowMs + retryMaxMs);
		const made = await makeProof(row.mined!);
		await save(proveRow(row, made));
		if (!('problem' in made) || (row.proofTries ?? 0) + 1 >= proofTriesMax) proveAtMs.delete(row.size);
		// Nothing waits for a proof, and nothing else has moved.
		return false;
	};

	/** Another nonce is needed for this size, if there were not too many already. */
	const planAgain = (row: AnchorRow, why: string): Promise<true> => {
		if (new Set(row.attempts.map(({nonce}) => nonce)).size >= noncesMax) {
			throw new AgentError('ANCHOR_REFUSED', `size ${row.size} could not be anchored in ${noncesMax} transactions: ${why}`, {
				hint: `look at account ${sender} on chain ${target.chainId}: its key must be used by this agent alone`,
			});
		}
		logger.log('warn', 'anchor needs another transaction', {size: row.size, why});
		nonceTaken.delete(row.size);
		return save(replanRow(row));
	};

	/** Gives bytes to the node once more, or for the first time. */
	const broadcast = async ({raw, transactionHash, nonce}: Attempt): Promise<'taken' | 'refused'> => {
		const known = underWay.get(transactionHash);
		const sinceBlock = known?.sinceBlock ?? (await chain.headNumber());
		// If we die before, during or after this, the same bytes are sent again: a node takes them once.
		const answer = await chain.broadcast(raw).catch((error: unknown) => {
			// A price below the base fee, or no funds: a reason to wait and to raise, not to stop looking.
			if (error instanceof AgentError && error.code === 'CHAIN_REFUSED') return error;
			throw error;
		});
		const nowMs = clock.monotonicMs();
		underWay.set(transactionHash, {sinceMs: nowMs, sinceBlock, held: undefined, ...known, sentAtMs: nowMs});
		if (answer instanceof AgentError) {
			wait(answer.message);
			return 'refused';
		}
		if (answer !== 'displaced') {
			displaced.delete(nonce);
			return 'taken';
		}
		displaced.set(nonce, Math.min(raiseStepsMax, (displaced.get(nonce) ?? 0) + 1));
		wait(`the node holds another transaction of ${sender} with nonce ${nonce}`);
		return 'refused';
	};

	const send = async (row: AnchorRow): Promise<boolean> => {
		const answer = await broadcast(row.attempts.at(-1)!);
		// What the node holds instead may be an older attempt of ours: it is looked for from now on, as if these bytes were taken.
		return answer === 'taken' ? save(sendRow(row)) : false;
	};

	const confirm = async (row: AnchorRow, known: readonly AnchorRow[]): Promise<boolean> => {
		const newest = row.attempts.at(-1)!;
		const judgement = await look(row, 0);
		if (judgement.is !== 'nonceTaken') nonceTaken.delete(row.size);
		switch (judgement.is) {
			case 'final':
			case 'mined':
				underWay.clear();
				displaced.clear();
				return save(mineRow(row, judgement.at));
			case 'reverted':
				return planAgain(row, 'its transaction reverted');
			case 'false':
				throw isFalse(row);
			case 'nonceTaken': {
				const sightings = (nonceTaken.get(row.size) ?? 0) + 1;
				nonceTaken.set(row.size, sightings);
				if (sightings >= nonceTakenSightings) return planAgain(row, `nonce ${newest.nonce} was used by another transaction`);
				return wait(`the nonce of size ${row.size} is used, but its transaction does not show`);
			}
			default: {
				if (signerOf(row, newest) !== sender)
					return planAgain(row, `${signerOf(row, newest)}, which signed it, no longer operates the log`);
				const way = underWay.get(newest.transactionHash);
				const why = judgement.is === 'waiting' ? judgement.why : 'the chain is being asked';
				wait(way?.held === undefined ? why : `${why}: ${way.held}`);
				if (way !== undefined && clock.monotonicMs() - way.sinceMs >= bumpAfterMs && (await bump(row, known))) return true;
				// After a restart we do not know whether any node still has them.
				if (way === undefined || clock.monotonicMs() - way.sentAtMs >= rebroadcastMs) await rebroadcast(row, known);
				return false;
			}
		}
	};

	/**
	 * A nonce below the newest one may be open again after a reorganisation, and nothing above it is mined before it is: so all of ours from there on are sent, of whatever row. KNOWN GAP: where
	 * such a nonce was another program's, only that program can fill it.
	 */
	const rebroadcast = async (row: AnchorRow, known: readonly AnchorRow[]): Promise<void> => {
		const newest = row.attempts.at(-1)!;
		const nonce = await chain.nonce(sender);
		const newestOf = new Map<number, Attempt>();
		for (const of of [...known, row])
			for (const attempt of of.attempts)
				if (signerOf(of, attempt) === sender && attempt.nonce >= nonce && attempt.nonce < newest.nonce)
					newestOf.set(attempt.nonce, attempt);
		for (const [, attempt] of [...newestOf].sort(([a], [b]) => a - b)) await broadcast(attempt);
		await broadcast(newest);
	};

	/** Replaces what is not mined by the same transaction at a higher price, if the ceilings allow it. Gives true if dearer bytes are durable now. */
	const bump = async (row: AnchorRow, known: readonly AnchorRow[]): Promise<boolean> => {
		const newest = row.attempts.at(-1)!;
		const way = underWay.get(newest.transactionHash)!;
		if ((await chain.headNumber()) < way.sinceBlock + bumpBlocks) return false;
		const hold = (why: string): false => {
			const held = `size ${row.size} stays in flight as it is, and is sent again: ${why}`;
			if (way.held !== held) logger.log('info', 'anchor is not raised', {size: row.size, why});
			underWay.set(newest.transactionHash, {...way, held, sinceMs: clock.monotonicMs()});
			return wait(held);
		};
		if (replacementsLeft(row) < 1) return hold(`it was replaced ${replacementsMax} times`);
		const asked = readAttempt(newest);
		const replaces = {price: asked, steps: 1 + (displaced.get(newest.nonce) ?? 0)};
		const answer = await priceOf(known, newest.nonce, asked.gasLimit, {replaces});
		if ('wait' in answer) return hold(answer.wait);
		const {chainId, nonce, to, data, value, gasLimit} = asked;
		const attempt = await signed({chainId, nonce, to, data, value, gasLimit, ...answer.price}, newest.from);
		logger.log('info', 'anchor raised', {size: row.size, nonce, feeWei: String(capOf(answer.price)), attempts: row.attempts.length + 1});
		// Durable before it is broadcast, like the first one. The older ones stay candidates: any of them may be mined.
		return save(replaceAttempt(row, attempt));
	};

	/** What the next transaction with this nonce may offer for a unit of gas. */
	const priceOf = async (
		known: readonly AnchorRow[],
		nonce: number,
		gasLimit: bigint,
		over: Pick<PriceInput, 'replaces' | 'outbids'>,
	): Promise<PriceAnswer> => {
		const fees = await chain.fees();
		balanceWei = await chain.balanceWei(sender);
		const parentFeeWei = parentFeeAside(known.map(({mined}) => BigInt(mined?.parentFeeWei ?? 0)));
		const otherWei = openWei(known, nonce, parentFeeWei);
		let committedWei = 0n;
		if (feePolicy.budgetWeiPerDay !== undefined) {
			// Whatever is signed now is mined after the newest final block, so 24 hours that hold it reach back no further than this.
			const fromS = ((await chain.finalizedBlock())?.timeS ?? 0) - dayS;
			const final = known.filter(({state}) => state === 'final');
			committedWei = otherWei + paidSince(final.flatMap(paymentsOf), fromS);
			// Rows of agents that did not ask what an anchor cost.
			const unknown = final.filter(({mined}) => mined!.costWei === undefined && mined!.blockTime >= fromS).length;
			committedWei += BigInt(unknown) * gasLimit * feePolicy.feeWeiMax;
			// In a block that is not final, by bytes that this outbox does not have: what it cost stands for the worst case.
			for (const {state, mined, attempts} of known)
				if (state === 'mined' && !attempts.some(({transactionHash}) => transactionHash === mined!.transactionHash))
					committedWei += mined!.costWei === undefined ? gasLimit * feePolicy.feeWeiMax : BigInt(mined!.costWei);
		}
		return planPrice({
			fees,
			policy: feePolicy,
			gasLimit,
			parentFeeWei,
			committedWei,
			balanceWei: balanceWei > otherWei ? balanceWei - otherWei : 0n,
			...over,
		});
	};

	const signed = async (asked: UnsignedTransaction, from: number): Promise<Attempt> => {
		const raw = await signer.signTransaction(asked);
		const transactionHash = checkSigned(raw, asked, sender);
		return {nonce: asked.nonce, transactionHash, raw, from, ...(sender === opener ? {} : {signer: sender})};
	};

	/** Asks what the newest anchors cost, where the row does not say: only then the budget can be kept. */
	const askCost = async (known: readonly AnchorRow[]): Promise<boolean> => {
		if (feePolicy.budgetWeiPerDay === undefined) return false;
		const newestS = known.findLast(isOnChain)?.mined?.blockTime ?? 0;
		for (const row of known.toReversed()) {
			if (row.state !== 'final' || row.mined!.blockTime < newestS - dayS || row.mined!.costWei !== undefined || costAsked.has(row.size))
				continue;
			costAsked.add(row.size);
			const mined = await chain.mined(row.mined!.transactionHash);
			if (mined !== undefined) return save(priceRow(row, mined.costWei));
		}
		return false;
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
			// A head of ours that extends this one: then this one is there, and a node said of one of its transactions what was not so.
			const judgement = row.attempts.length === 0 ? undefined : await look(row, 0);
			if (judgement?.is === 'mined' || judgement?.is === 'final') return save(mineRow(row, judgement.at));
			if (judgement !== undefined) {
				throw new AgentError(
					'CHAIN_UNREACHABLE',
					`the registry holds size ${head.size}, which extends size ${row.size}, but the node does not show the transaction that anchored that`,
				);
			}
			throw new AgentError('ANCHOR_REFUSED', `the registry went on to size ${head.size}, so size ${row.size} can no longer be anchored`);
		}

		const path = head.size === 0 ? [] : await needs.consistencyProof(head.size, row.size);
		const data = encodeAnchor(
			logId,
			row.size,
			row.root,
			path.map(hash => `0x${toHex(hash)}`),
		);
		const estimate = await chain.estimate({from: sender, to: registry, data});
		if ('refused' in estimate) {
			const again = await chain.latest(registry, logId);
			// What changed meanwhile is looked at again; a ring that is full frees a place in time. Neither says anything against our history.
			if (again.size !== head.size || estimate.refused.startsWith('RingFull(')) {
				throw new AgentError('CHAIN_REFUSED', `the registry does not take size ${row.size} now: ${ringSentence(estimate.refused)}`);
			}
			throw new AgentError('ANCHOR_REFUSED', `the registry refuses size ${row.size} of log "${options.origin}": ${estimate.refused}`, {
				hint: refusalHint(estimate.refused),
			});
		}

		const nonce = await nextNonce(known);
		const gasLimit = (estimate.gas * 5n) / 4n;
		const outbids = leftOverAt(known, nonce);
		const answer = await priceOf(known, nonce, gasLimit, outbids === undefined ? {} : {outbids});
		if ('wait' in answer) {
			mayRoll = true;
			const since = rolledFrom === undefined ? '' : `; newer entries were rolled into it since it was size ${rolledFrom}`;
			return wait(`${answer.wait}: size ${row.size} waits${since}`);
		}
		const attempt = await signed({chainId: target.chainId, nonce, to: registry, data, value: 0n, gasLimit, ...answer.price}, head.size);
		// Durable before the first broadcast: a transaction that we forgot could be mined beside its successor.
		await save(signRow(row, attempt));
		rolledFrom = undefined;
		return true;
	};

	/** The dearest of our transactions that may still be in a pool with this nonce although its row is final. */
	const leftOverAt = (known: readonly AnchorRow[], nonce: number): TransactionPrice | undefined => {
		const found = known
			.filter(({state}) => state === 'final')
			.flatMap(row => row.attempts.filter(attempt => attempt.nonce === nonce && signerOf(row, attempt) === sender))
			.map(readAttempt);
		return found.reduce<TransactionPrice | undefined>(
			(most, one) => (most === undefined || capOf(one) > capOf(most) ? one : most),
			undefined,
		);
	};

	/** The chain knows what is mined, the outbox what is still under way; neither is enough, and there is no third counter. */
	const nextNonce = async (known: readonly AnchorRow[]): Promise<number> => {
		const ours = known
			.filter(({state}) => state !== 'final')
			.flatMap(row => row.attempts.flatMap(attempt => (signerOf(row, attempt) === sender ? [attempt.nonce + 1] : [])));
		return Math.max(await chain.nonce(sender), ...ours);
	};

	const pushUnmined = async (known: readonly AnchorRow[]): Promise<boolean> => {
		for (const [place, row] of known.filter(row => !isOnChain(row)).entries()) {
			// After a reorganisation there may be several. All are sent again, but a new one is signed only on top of what is anchored.
			if (row.state === 'planned' && place > 0) continue;
			if (await push(row, known)) return true;
		}
		return false;
	};

	const push = async (row: AnchorRow, known: readonly AnchorRow[]): Promise<boolean> => {
		if (row.state === 'planned') return (await roll(row, known)) || (await askCost(known)) || sign(row, known);
		const newest = row.attempts.at(-1)!;
		// What a key signed that no longer operates the log would fail at that key's cost: it is looked for, but not sent.
		if (row.state === 'signed' && signerOf(row, newest) === sender && !underWay.has(newest.transactionHash)) return send(row);
		return confirm(row, known);
	};

	/** What there is to plan, beyond a size that is planned already. */
	const lookAhead = async (known: readonly AnchorRow[]): Promise<PlanInput> => {
		const checkpoint = await needs.newestCheckpoint();
		const plannedSize = known.at(-1)?.size ?? 0;
		const isNew = checkpoint !== undefined && checkpoint.size > plannedSize;
		if (!isNew) forced = false;
		if (!isNew || oldestKnown.index !== plannedSize) oldestKnown = {index: plannedSize, sinceMs: clock.monotonicMs()};
		return {
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
		};
	};

	/** A checkpoint that is larger than all that is planned; undefined if none may be had now. */
	const seal = async (known: readonly AnchorRow[]): Promise<Checkpoint | undefined> => {
		const unsealed = 'an anchor is due, but its checkpoint could not be released';
		const plannedSize = known.at(-1)?.size ?? 0;
		if (clock.monotonicMs() < sealAtMs) {
			wait(unsealed);
			return undefined;
		}
		// Asked before the plan is made: while the chain is away the plan stays open, and takes in whatever is newest when it is back.
		await survey(known);
		sealAtMs = clock.monotonicMs() + retryMaxMs;
		// If we die after this and before the plan is durable, the log has a tally that is anchored with whatever comes next.
		const sealed = await needs.sealCheckpoint(plannedSize);
		if (sealed === undefined) {
			sealAtMs = clock.monotonicMs() + pollMs;
			wait(unsealed);
			return undefined;
		}
		assert(sealed.size > plannedSize, `size ${sealed.size} was sealed, and size ${plannedSize} is planned already`);
		return sealed;
	};

	/** A plan that waits takes in what has come since, as often as there would be a new plan if it did not wait: so one anchor covers all of it in the end. */
	const roll = async (row: AnchorRow, known: readonly AnchorRow[]): Promise<boolean> => {
		if (!mayRoll || !isReplaceable(row) || known.at(-1) !== row) return false;
		const found = planRoll(await lookAhead(known));
		if (found === undefined) return false;
		const sealed = await seal(known);
		if (sealed === undefined) return false;
		logger.log('info', 'plan rolled on', {from: row.size, size: sealed.size, because: found.because});
		const rolled = planRow(target, sealed, clock.nowMs());
		rows = undefined;
		// If we die or fail here, one of the two is there; neither was ever signed.
		await store.replace(row, rolled);
		rows = [...known.filter(({size}) => size !== row.size), rolled];
		rolledFrom ??= row.size;
		sealAtMs = Number.NEGATIVE_INFINITY;
		forced = false;
		mayRoll = false;
		return true;
	};

	const plan = async (known: readonly AnchorRow[]): Promise<boolean> => {
		const found = planAnchor(await lookAhead(known));
		if (found === undefined) return false;
		if (known.filter(({state}) => state !== 'final').length >= openRowsMax) {
			return wait(`${openRowsMax} anchors wait for their blocks to become final`);
		}
		const sealed = await seal(known);
		if (sealed === undefined) return false;
		logger.log('info', 'anchor due', {size: sealed.size, because: found.because});
		await save(planRow(target, sealed, clock.nowMs()));
		sealAtMs = Number.NEGATIVE_INFINITY;
		forced = false;
		mayRoll = false;
		rolledFrom = undefined;
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
			const level = error.remedy === 'retry' ? 'warn' : 'error';
			if (error.message !== lastError?.sentence) logger.log(level, 'anchoring stopped', {code: error.code, sentence: error.message});
			lastError = {code: error.code, sentence: error.message, hint: error.hint, atMs: clock.nowMs()};
			resumeAtMs = clock.monotonicMs() + backoffMs(failures, retryFirstMs, retryMaxMs);
			failures += 1;
			surveyed = false;
			// A plan that is refused stays what it is; one that the world holds up takes in what comes.
			if (error.remedy === 'retry') mayRoll = true;
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
			const payments = known.flatMap(paymentsOf);
			const newestS = payments.reduce((newest, {timeS}) => Math.max(newest, timeS), 0);
			const costWeiRecent = meanCostWei(
				known
					.filter(row => isOnChain(row) && row.mined?.costWei !== undefined)
					.slice(-recentAnchorsMax)
					.map(row => paymentsOf(row).reduce((sum, {costWei}) => sum + costWei, 0n)),
			);
			return {
				...target,
				rows: Object.fromEntries(anchorStates.map(state => [state, count(state)])) as Record<AnchorState, number>,
				minedSize,
				finalSize: known.findLast(({state}) => state === 'final')?.size ?? 0,
				oldestUnanchoredAgeMs: arrivedAtMs === undefined ? undefined : Math.max(0, clock.nowMs() - arrivedAtMs),
				balanceWei,
				costWeiRecent,
				spentWeiLastDay: paidSince(payments, newestS - dayS),
				budgetWeiPerDay: feePolicy.budgetWeiPerDay,
				runwayDays: runwayDays(balanceWei, costWeiRecent, Math.max(policy.ageMsMax, spacingMsMin ?? 0)),
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

/** What a person can do about what the registry said. */
function refusalHint(refused: string): string {
	return refused.startsWith('LogClosed(')
		? 'the log was ended there for good, by kedge anchor close or by the kedge epoch of a newer life of it: begin the next epoch with kedge epoch, or take the chain out of the config'
		: 'NotConsistent means that this log does not extend what is anchored: run the audit before anything else';
}

/** Says from when on a full ring has room, where that is why the registry refuses. */
function ringSentence(refused: string): string {
	const freeAtS = Number(/^RingFull\(0x[0-9a-f]+, \d+, (\d+)\)/.exec(refused)?.[1]);
	return freeAtS > 0 && freeAtS < 8.64e12 ? `all places of its ring are taken until ${new Date(freeAtS * 1000).toISOString()}` : refused;
}
