// Has sealed checkpoints stamped by one time-stamp authority, one durable token for each size and hash.

import {assert} from '../base/assert.ts';
import {fromBase64, toBase64, toPrefixedHex} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError, type ErrorCode} from '../base/errors.ts';
import type {Hasher} from '../base/hash.ts';
import type {Logger} from '../base/logger.ts';
import type {Random} from '../base/random.ts';
import {backoffMs} from '../base/retry.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import type {TimestampRecord} from '../format/evidence.ts';
import {
	type Imprint,
	type ImprintAlgorithm,
	imprintOf,
	readTimestampReply,
	stampedText,
	type TokenCheck,
	timestampRequest,
} from '../format/timestamp-token.ts';
import type {TimeAuthority} from './time-authority.ts';

/** planned: the intent is durable. stamped: so are all of its tokens, and nothing changes any more. */
export type StampState = 'planned' | 'stamped';

export type StampToken = {
	readonly algorithm: ImprintAlgorithm;
	/** DER, base64. */
	readonly token: string;
	/** By the authority's clock, ms since 1970. */
	readonly genTimeMs: number;
	/** Why its signature could not be checked here, as a sentence; absent where it was. A verifier will say the same: such a token is kept for those who can. */
	readonly unchecked?: string;
};

/** Plain JSON, so that the log's database can keep it as a text. Rows are keyed by authority, origin and size. */
export type StampRow = {
	/** The config's name for the authority. */
	readonly authority: string;
	readonly origin: string;
	readonly size: number;
	/** 0x and 64 hexadecimal digits. */
	readonly root: string;
	/** The checkpoint's signed note, verbatim: receipts are issued against it. */
	readonly note: string;
	readonly plannedAtMs: number;
	readonly state: StampState;
	/** At most one for each hash. A row that is planned may have some already. */
	readonly tokens: readonly StampToken[];
};

export function planStamp(authority: string, checkpoint: Checkpoint, plannedAtMs: number): StampRow {
	const {origin, size, root, note} = checkpoint;
	assert(size > 0, 'an empty log cannot be stamped');
	assert(stampedText(note) !== undefined, `the checkpoint of size ${size} has no note that could be stamped`);
	return {authority, origin, size, root: toPrefixedHex(root), note, plannedAtMs, state: 'planned', tokens: []};
}

/** The hash that still lacks its token; undefined if none does. */
export function missingToken(row: StampRow, algorithms: readonly ImprintAlgorithm[]): ImprintAlgorithm | undefined {
	return algorithms.find(algorithm => row.tokens.every(token => token.algorithm !== algorithm));
}

/** Takes a token in; the row is stamped once none of the asked hashes lacks its own. */
export function keepToken(row: StampRow, token: StampToken, algorithms: readonly ImprintAlgorithm[]): StampRow {
	assert(row.state === 'planned', `size ${row.size} is ${row.state}, and takes no token`);
	assert(
		row.tokens.every(({algorithm}) => algorithm !== token.algorithm),
		`size ${row.size} has its token over ${token.algorithm} already`,
	);
	const kept = {...row, tokens: [...row.tokens, token]};
	return missingToken(kept, algorithms) === undefined ? {...kept, state: 'stamped'} : kept;
}

/** True if at least one token was checked: the authority vouches for the checkpoint. */
export function isStamped(row: StampRow): boolean {
	return row.tokens.some(({unchecked}) => unchecked === undefined);
}

/** What receipts say of the tokens; empty until there are some. */
export function toTimestampRecords(row: StampRow): TimestampRecord[] {
	return row.tokens.flatMap(({token}) => {
		const bytes = fromBase64(token);
		return bytes === undefined ? [] : [{authority: row.authority, token: bytes}];
	});
}

/** All that stamping needs of the rest of the agent. */
export type StamperNeeds = {
	readonly store: {
		/**
		 * All rows that are planned, and of those that are stamped at least the one of the largest size: tokens of years are not wanted in memory. Rows of other authorities or logs may
		 * be among them.
		 */
		readonly load: () => Promise<readonly StampRow[]>;
		/** Writes the row over the one of the same authority, origin and size. MUST NOT resolve before that is durable. */
		readonly save: (row: StampRow) => Promise<void>;
		/** Takes the old row away and writes the other one, in one step. */
		readonly replace: (old: StampRow, row: StampRow) => Promise<void>;
	};
	/** Belongs to the stamper from here on: closing the stamper closes it. */
	readonly authority: TimeAuthority;
	/** Checks a token against the certificates that are pinned for this authority; see checkTimestampToken. MUST NOT reject. */
	readonly checkToken: (token: Uint8Array, asked: {readonly imprint: Imprint; readonly nonce: Uint8Array}) => Promise<TokenCheck>;
	readonly hasher: Hasher;
	readonly random: Random;
	readonly clock: Clock;
	readonly logger: Logger;
};

export type StamperOptions = {
	/** What the authority is called in the config, in receipts and in messages. */
	readonly name: string;
	/** The log's origin, `<log name>/<epoch>`. */
	readonly origin: string;
	/** A token for each, in this order. @default SHA-256 alone */
	readonly algorithms?: readonly ImprintAlgorithm[];
	/** First and longest wait after a failure. @default 1000 */
	readonly retryFirstMs?: number;
	/** Authorities that are free count requests. @default 600 000 */
	readonly retryMaxMs?: number;
};

export type StamperStatus = {
	readonly name: string;
	readonly host: string;
	/** Rows as the store handed them out, and those that came since. */
	readonly rows: Readonly<Record<StampState, number>>;
	/** The largest size that is planned or stamped; 0 if there is none. */
	readonly plannedSize: number;
	/** When that was planned, by the agent's clock; undefined if there is none. */
	readonly plannedAtMs: number | undefined;
	/** The largest size with a token that was checked; 0 if there is none. */
	readonly stampedSize: number;
	/** Of the newest token, by the authority's clock. */
	readonly lastGenTimeMs: number | undefined;
	/** By how much the authority's clock is ahead of ours, as last seen by this process. */
	readonly clockAheadMs: number | undefined;
	/** That the clocks differ by more than a minute, as a sentence. Nothing is refused for it: nobody knows here whose is wrong. */
	readonly clockNote: string | undefined;
	/** Why nothing moves although something is planned, as a sentence; or what the newest token lacks. */
	readonly waitingFor: string | undefined;
	/** What stopped the last tick; undefined once a tick has worked again. */
	readonly lastError:
		| {readonly code: ErrorCode; readonly sentence: string; readonly hint: string | undefined; readonly atMs: number}
		| undefined;
};

export type Stamper = {
	/**
	 * Takes one step: asks for one token, and keeps it if it is good. Safe to call at any time, as often as you like: calls never overlap. Gives true if something moved. An authority
	 * that does not answer, or answers with something else, is no rejection: `status` says so, and a later tick tries again. Rejects where the store failed; the next tick reads it afresh.
	 */
	readonly tick: (signal: AbortSignal) => Promise<boolean>;
	/**
	 * Plans the stamping of a sealed checkpoint, and resolves once that is durable; false if one as large is planned already. It takes the place of a smaller one that has no token yet,
	 * unless that one is being asked for just now. Never waits for the authority.
	 */
	readonly plan: (checkpoint: Checkpoint) => Promise<boolean>;
	readonly status: () => Promise<StamperStatus>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Some authorities take no more than 64 bits, and RFC 3161 §2.4.1 asks for no fewer. */
const nonceLength = 8;
/** Clocks that differ by more than this are worth a word. */
const clockAheadMsMax = 60_000;

export function createStamper(needs: StamperNeeds, options: StamperOptions): Stamper {
	const {store, authority, checkToken, hasher, random, clock, logger} = needs;
	const {name, origin, algorithms = ['sha256'], retryFirstMs = 1000, retryMaxMs = 600_000} = options;
	assert(
		algorithms.length > 0 && new Set(algorithms).size === algorithms.length,
		`"${name}" must be asked for each hash once, and for one at least`,
	);

	/** What the store holds; undefined when we do not know. Touched only in turn. */
	let known:
		| {
				readonly planned: readonly StampRow[];
				readonly stamped: number;
				readonly newestSize: number;
				readonly newestPlannedAtMs: number | undefined;
		  }
		| undefined;
	/** Of tokens that the store has. */
	let stampedSize = 0;
	let lastGenTimeMs: number | undefined;
	let unchecked: string | undefined;
	let turn: Promise<unknown> = Promise.resolve();
	let running: Promise<boolean> | undefined;
	/** The size that is being asked for. */
	let askedSize: number | undefined;
	let failures = 0;
	/** Monotonic. Before it the authority is left alone. */
	let resumeAtMs = Number.NEGATIVE_INFINITY;
	let clockAheadMs: number | undefined;
	let clockNote: string | undefined;
	let lastError: StamperStatus['lastError'];

	/** Reads or changes rows, one after the other: a plan may come while a token is on its way. */
	const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
		const done = turn.then(work);
		turn = done.catch(() => {});
		return done;
	};

	const see = ({size, tokens}: StampRow): void => {
		const newest = tokens.at(-1);
		if (newest === undefined) return;
		if (tokens.some(token => token.unchecked === undefined)) stampedSize = Math.max(stampedSize, size);
		lastGenTimeMs = Math.max(lastGenTimeMs ?? 0, newest.genTimeMs);
	};

	const load = async (): Promise<NonNullable<typeof known>> => {
		if (known !== undefined) return known;
		const rows = (await store.load()).filter(row => row.authority === name && row.origin === origin).sort((a, b) => a.size - b.size);
		for (const row of rows) see(row);
		const planned = rows.filter(({state}) => state === 'planned');
		const newest = rows.at(-1);
		known = {
			planned,
			stamped: rows.length - planned.length,
			newestSize: newest?.size ?? 0,
			newestPlannedAtMs: newest?.plannedAtMs,
		};
		return known;
	};

	/** Makes a row durable, in place of `old` where that is given. If we die or fail here we do not know whether it is, so it is read back: either is a state to go on from. */
	const write = async (row: StampRow, old?: StampRow): Promise<void> => {
		const before = await load();
		known = undefined;
		await (old === undefined ? store.save(row) : store.replace(old, row));
		const others = before.planned.filter(({size}) => size !== row.size && size !== old?.size);
		known = {
			planned: row.state === 'planned' ? [...others, row].sort((a, b) => a.size - b.size) : others,
			stamped: before.stamped + (row.state === 'stamped' ? 1 : 0),
			newestSize: Math.max(before.newestSize, row.size),
			newestPlannedAtMs: row.size >= before.newestSize ? row.plannedAtMs : before.newestPlannedAtMs,
		};
		see(row);
		logger.log('info', `stamp ${row.state}`, {authority: name, size: row.size, tokens: row.tokens.length});
	};

	/** The row to ask for: the newest one. What is left of those before it needs no more tokens, or goes. */
	const nextRow = async (): Promise<StampRow | undefined> => {
		for (;;) {
			const {planned} = await load();
			const [row, newer] = [planned[0], planned.at(-1)];
			if (row === undefined || newer === undefined) return undefined;
			// The config may ask for fewer hashes than it did when this was planned.
			const isDone = row.tokens.length > 0 && missingToken(row, algorithms) === undefined;
			if (isDone || (row !== newer && row.tokens.length > 0)) await write({...row, state: 'stamped'});
			else if (row === newer) return row;
			else await write(newer, row);
		}
	};

	const ask = async (row: StampRow, algorithm: ImprintAlgorithm): Promise<StampToken> => {
		const refuse = (sentence: string, hint?: string): AgentError =>
			new AgentError(
				'AUTHORITY_REFUSED',
				`"${name}" gave no token for size ${row.size} over ${algorithm}: ${sentence}`,
				hint === undefined ? {} : {hint},
			);
		const text = stampedText(row.note);
		assert(text !== undefined, `the row of size ${row.size} has no note that could be stamped`);
		const imprint = imprintOf(hasher, algorithm, text);
		const nonce = random.bytes(nonceLength);
		// If we die after this the authority has made a token that nobody keeps, and the next one is asked for.
		const reply = readTimestampReply(await authority.ask(timestampRequest(imprint, nonce)));
		if ('problem' in reply) throw refuse(reply.problem);
		const found = await checkToken(reply.token, {imprint, nonce});
		if ('problem' in found) throw refuse(`the token does not hold: ${found.problem}`);
		if ('untrusted' in found)
			throw refuse(
				`the token is not by the authority that is pinned: ${found.untrusted}`,
				'if the authority has a new certificate, get it from the authority itself and pin it in the config and in trust files',
			);
		const {genTimeMs, accuracyMs} = 'unchecked' in found ? found.claimed : found;
		clockAheadMs = genTimeMs - clock.nowMs();
		const apartS = Math.round(Math.abs(clockAheadMs) / 1000);
		const isApart = Math.abs(clockAheadMs) > clockAheadMsMax + (accuracyMs ?? 0);
		clockNote = isApart ? `the clock of "${name}" is ${apartS} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} ours` : undefined;
		const token = {algorithm, token: toBase64(reply.token), genTimeMs};
		return 'unchecked' in found ? {...token, unchecked: found.unchecked} : token;
	};

	const step = async (signal: AbortSignal): Promise<boolean> => {
		if (signal.aborted || clock.monotonicMs() < resumeAtMs) return false;
		try {
			const row = await inTurn(async () => {
				const next = await nextRow();
				askedSize = next?.size;
				return next;
			});
			const algorithm = row && missingToken(row, algorithms);
			if (row === undefined || algorithm === undefined) {
				lastError = undefined;
				return false;
			}
			const token = await ask(row, algorithm);
			if (token.unchecked !== undefined) logger.log('warn', 'stamp unchecked', {authority: name, because: token.unchecked});
			// If we die before this is durable the token is lost, and costs another one.
			await inTurn(() => write(keepToken(row, token, algorithms)));
			unchecked = token.unchecked;
			failures = 0;
			lastError = undefined;
			return true;
		} catch (error) {
			if (!(error instanceof AgentError)) throw error;
			// Closed while it was asking: nobody's fault.
			if (signal.aborted) return false;
			if (error.message !== lastError?.sentence)
				logger.log(error.remedy === 'retry' ? 'warn' : 'error', 'stamping stopped', {code: error.code, sentence: error.message});
			lastError = {code: error.code, sentence: error.message, hint: error.hint, atMs: clock.nowMs()};
			resumeAtMs = clock.monotonicMs() + backoffMs(failures, retryFirstMs, retryMaxMs);
			failures += 1;
			if (error.remedy === 'retry') return false;
			throw error;
		} finally {
			askedSize = undefined;
		}
	};

	return {
		tick: signal => {
			running ??= step(signal).finally(() => {
				running = undefined;
			});
			return running;
		},
		plan: checkpoint =>
			inTurn(async () => {
				assert(checkpoint.origin === origin, `a checkpoint of "${checkpoint.origin}" cannot be stamped for "${origin}"`);
				const {planned, newestSize} = await load();
				if (checkpoint.size <= newestSize) return false;
				const overtaken = planned.find(({size, tokens}) => size !== askedSize && tokens.length === 0);
				await write(planStamp(name, checkpoint, clock.nowMs()), overtaken);
				return true;
			}),
		status: () =>
			inTurn(async () => {
				const {planned, stamped, newestSize, newestPlannedAtMs} = await load();
				const next = planned.at(-1);
				const waitS = Math.ceil((resumeAtMs - clock.monotonicMs()) / 1000);
				const waiting = `size ${next?.size} waits for a token of "${name}"${waitS > 0 ? `; it is asked again in ${waitS} s` : ''}`;
				return {
					name,
					host: authority.host,
					rows: {planned: planned.length, stamped},
					plannedSize: newestSize,
					plannedAtMs: newestPlannedAtMs,
					stampedSize,
					lastGenTimeMs,
					clockAheadMs,
					clockNote,
					waitingFor: next !== undefined ? waiting : unchecked && `the newest token of "${name}" could not be checked here: ${unchecked}`,
					lastError,
				};
			}),
		[Symbol.asyncDispose]: async () => {
			await authority[Symbol.asyncDispose]();
			await running?.catch(() => {});
			await turn;
		},
	};
}
