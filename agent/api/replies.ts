// Keeps the answers to requests with an idempotency key, so that the same request is not done twice [draft-ietf-httpapi-idempotency-key-header-07].

import type {Clock} from '../base/clock.ts';

export type KeptReply = {readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string};

export type Replies = {
	/** The kept answer, or why there is none; 'new' claims the key until `keep` or `drop`. */
	readonly claim: (key: string, fingerprint: string) => KeptReply | 'new' | 'in-flight' | 'mismatch';
	readonly keep: (key: string, reply: KeptReply) => void;
	/** The request was refused before it did anything, or failed: the key is free again. */
	readonly drop: (key: string) => void;
};

type Kept = {readonly fingerprint: string; readonly atMs: number; reply: KeptReply | undefined};

export function createReplies(
	clock: Clock,
	limits: {readonly repliesMax: number; readonly repliesBytesMax: number; readonly replyMs: number},
): Replies {
	const kept = new Map<string, Kept>();
	let bytes = 0;
	const bytesOf = (key: string, one: Kept): number => 2 * (key.length + one.fingerprint.length + (one.reply?.text.length ?? 0)) + 256;
	const remove = (key: string): void => {
		const one = kept.get(key);
		if (one === undefined) return;
		bytes -= bytesOf(key, one);
		kept.delete(key);
	};
	const add = (key: string, one: Kept): void => {
		kept.set(key, one);
		bytes += bytesOf(key, one);
	};
	const makeRoom = (): void => {
		const oldestMs = clock.monotonicMs() - limits.replyMs;
		for (const [key, one] of kept) {
			const isOver = kept.size > limits.repliesMax || bytes > limits.repliesBytesMax || one.atMs < oldestMs;
			if (!isOver) return;
			remove(key);
		}
	};
	return {
		claim: (key, fingerprint) => {
			makeRoom();
			const one = kept.get(key);
			if (one === undefined) {
				add(key, {fingerprint, atMs: clock.monotonicMs(), reply: undefined});
				return 'new';
			}
			if (one.fingerprint !== fingerprint) return 'mismatch';
			return one.reply ?? 'in-flight';
		},
		keep: (key, reply) => {
			const one = kept.get(key);
			if (one === undefined) return;
			remove(key);
			add(key, {...one, reply});
			makeRoom();
		},
		drop: remove,
	};
}
