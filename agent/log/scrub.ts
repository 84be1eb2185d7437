// Hashes the whole stored log again in the background, a little every second, so that an edited old entry is noticed without anybody asking for it.

import {equalBytes, toHex} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import type {Statements} from '../base/sqlite.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import type {Size} from '../format/entry.ts';
import {createRehash, type Rehash, rehashStart} from './rehash.ts';
import {collectNode, type TileParts} from './tile-writer.ts';

/** All that the scrub needs of the rest of the agent. */
export type Needs = {
	/** A connection that only reads. */
	readonly rows: Pick<Statements, 'all'>;
	readonly hasher: Hasher;
	/** The newest durable checkpoint. */
	readonly newest: () => Checkpoint | undefined;
	/** True while the log has better things to do. */
	readonly isBusy: () => boolean;
	/** Called once, with a sentence. */
	readonly onDamage: (damage: string) => void;
	readonly clock: Clock;
};

export type ScrubStatus = {
	/** Entries hashed in this pass, and how many there are to hash; equal between two passes. */
	readonly done: Size;
	readonly of: Size;
	/** Whole passes since the start that found nothing. */
	readonly passes: number;
};

export type Scrub = {
	/** Hashes a few entries more, or begins the next pass when it is due. Never rejects for damage: it tells it. */
	readonly step: () => Promise<void>;
	readonly status: () => ScrubStatus;
};

/** In one step, about 40 ms of one core of a small machine: a million entries take a minute, ten million ten. */
const entriesPerStep = 16_384;
/** From the end of a pass to the beginning of the next. The first begins at the start. */
const pauseMs = 6 * 3_600_000;

type Pass = {readonly rehash: Rehash; readonly head: Checkpoint; readonly parts: TileParts};

export function createScrub(needs: Needs): Scrub {
	const {rows, hasher, clock} = needs;
	let pass: Pass | undefined;
	let dueAtMs = Number.NEGATIVE_INFINITY;
	let passes = 0;
	let last = {done: 0, of: 0};
	let isDamaged = false;
	/** What the last pass found. It freezes the log for good, so it is told only when a second pass over it finds something too. */
	let suspected: string | undefined;

	const begin = async (head: Checkpoint): Promise<Pass> => {
		const parts: TileParts = new Map();
		const start = await rehashStart(rows, hasher);
		const rehash = createRehash({rows, hasher, size: head.size, start, onNode: (node, hash) => collectNode(parts, node, hash)});
		return {rehash, head, parts};
	};

	/** What is wrong, as a sentence; undefined if nothing is, or not yet. */
	const goOn = async ({rehash, head, parts}: Pass): Promise<string | undefined> => {
		const isMore = await rehash.step(entriesPerStep);
		for (const {level, tile, from, hashes} of parts.values()) {
			const [row] = await rows.all<{part: Uint8Array}>(
				`SELECT substr(hashes, ?3 * ${hashLength} + 1, ?4 * ${hashLength}) AS part FROM tiles WHERE level = ?1 AND tile = ?2`,
				[level, tile, from, hashes.length],
			);
			const stored = row?.part ?? new Uint8Array(0);
			const wrong = hashes.findIndex((hash, i) => !equalBytes(hash, stored.subarray(i * hashLength, (i + 1) * hashLength)));
			if (wrong < 0) continue;
			const width = 256 ** level;
			const first = (tile * 256 + from + wrong) * width;
			return `the entries ${first} to ${first + width - 1} do not lead to the hash that is stored for them: they were edited`;
		}
		parts.clear();
		if (isMore) return undefined;
		const root = rehash.root();
		if (equalBytes(root, head.root)) {
			pass = undefined;
			suspected = undefined;
			passes += 1;
			dueAtMs = clock.monotonicMs() + pauseMs;
			return undefined;
		}
		return `the ${head.size} stored entries lead to root ${toHex(root)}, what was signed is ${toHex(head.root)}: they were edited`;
	};

	return {
		status: () => ({...last, passes}),
		step: async () => {
			if (isDamaged || needs.isBusy()) return;
			let damage: string | undefined;
			try {
				if (pass === undefined) {
					const head = needs.newest();
					if (head === undefined || clock.monotonicMs() < dueAtMs) return;
					pass = await begin(head);
				}
				const {rehash, head} = pass;
				damage = await goOn(pass);
				last = {done: Math.min(rehash.size, head.size), of: head.size};
			} catch (error) {
				const at = pass?.rehash.size ?? 0;
				pass = undefined;
				// A disk that cannot be read is no edit.
				if (!(error instanceof AgentError) || error.code !== 'LOG_CORRUPT') throw error;
				// Pruning took the beginning of the log away under our feet: the next pass begins behind it.
				if ((await rehashStart(rows, hasher)).size > at) return;
				damage = error.message;
			}
			if (damage === undefined) return;
			pass = undefined;
			if (suspected === undefined) {
				suspected = damage;
				return;
			}
			isDamaged = true;
			needs.onDamage(damage);
		},
	};
}
