// The gate in front of everything that leaves: lets a checkpoint out only if no head outside of the database contradicts it.

import {equalBytes} from '../base/bytes.ts';
import {AgentError, describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import type {Checkpoint} from '../format/checkpoint.ts';
import type {Size} from '../format/entry.ts';
import type {HeadFile} from './head-file.ts';
import {judgeHeads, judgeOrigin, type OutsideHead, type Standing} from './outside.ts';

/** All that the gate needs of the rest of the agent. */
export type Needs = {
	/** Of the log that is released here; a side file of another origin is no head of it. */
	readonly origin: string;
	/** The newest durable checkpoint. */
	readonly newest: () => Checkpoint | undefined;
	/** Root of the tree of `size` entries, recomputed from what is stored. */
	readonly rootAt: (size: Size) => Promise<Uint8Array>;
	readonly headFile: HeadFile;
	/** Heads on chains and with witnesses, those that can be read now; none is an answer. MUST NOT reject. */
	readonly readHeads: () => Promise<readonly OutsideHead[]>;
	readonly logger: Logger;
};

export type Release = {
	/** Where we stand since the last look. */
	readonly standing: () => Standing;
	/** Looks at all outside heads again. Once frozen, always frozen: only a person can say which history is the right one. */
	readonly look: () => Promise<Standing>;
	/** The newest released checkpoint, from this run or from the side file. */
	readonly released: () => Checkpoint | undefined;
	/** Releases the newest checkpoint if we may; gives the newest released one, if there is any. */
	readonly release: () => Promise<Checkpoint | undefined>;
	/** Releases this very checkpoint, which need not be the newest, if we may; false if not. */
	readonly releaseThis: (checkpoint: Checkpoint) => Promise<boolean>;
	/** Stops everything for good: somebody else found a second history. */
	readonly freeze: (reason: string) => void;
	/** Aborts when frozen; its reason is LOG_FROZEN. */
	readonly frozen: AbortSignal;
};

export function createRelease(needs: Needs): Release {
	const {headFile, logger} = needs;
	const frozen = new AbortController();
	let standing: Standing = {state: 'withheld', reason: 'no outside head was looked at yet'};
	let released: Checkpoint | undefined;
	let releasing: Promise<unknown> = Promise.resolve();

	const freeze = (reason: string): void => {
		if (frozen.signal.aborted) return;
		standing = {state: 'frozen', reason};
		logger.log('error', 'frozen', {reason});
		frozen.abort(
			new AgentError('LOG_FROZEN', `the log is frozen: ${reason}`, {
				hint: 'Nothing is acknowledged or released. Stop any copy that runs elsewhere. Put the newest log.db back; if that is lost for good, run: kedge epoch',
			}),
		);
	};

	const readSideFile = async (): Promise<OutsideHead | undefined> => {
		try {
			const head = await headFile.read();
			const foreign = head && judgeOrigin(needs.origin, head.origin);
			if (foreign !== undefined) {
				if ('frozen' in foreign) freeze(foreign.frozen);
				else logger.log('warn', 'the side file says nothing about this log', {reason: foreign.lost});
				return undefined;
			}
			released ??= head;
			return head && {source: 'the side file', size: head.size, root: head.root, isConfirmed: true};
		} catch (error) {
			// A damaged side file is a lost one: it proves nothing either way.
			logger.log('warn', 'the side file cannot be read', {error: describeError(error)});
			return undefined;
		}
	};

	const look = async (): Promise<Standing> => {
		if (frozen.signal.aborted) return standing;
		const sideFile = await readSideFile();
		if (frozen.signal.aborted) return standing;
		const seen = [...(sideFile === undefined ? [] : [sideFile]), ...(await needs.readHeads())];
		// Read after the heads: whatever was released by then is in the database by now, if it is ours.
		const size = needs.newest()?.size ?? 0;
		const rootAt = new Map<Size, Uint8Array>();
		const heads: OutsideHead[] = [];
		for (const head of seen) {
			try {
				if (head.size <= size && !rootAt.has(head.size)) rootAt.set(head.size, await needs.rootAt(head.size));
				heads.push(head);
			} catch (error) {
				if (!(error instanceof AgentError) || error.code !== 'ENTRY_PRUNED') throw error;
				// Nothing is pruned but below an anchor that is final: whoever still shows an older head says nothing about what came since.
				logger.log('warn', 'a head outside is older than what was pruned and cannot be compared', {source: head.source, size: head.size});
			}
		}
		const judged = judgeHeads(size, rootAt, heads);
		if (judged.state === 'frozen') freeze(judged.reason);
		else {
			if (judged.state !== standing.state)
				logger.log(judged.state === 'open' ? 'info' : 'warn', `release ${judged.state}`, {reason: judged.reason});
			standing = judged;
		}
		return standing;
	};

	const releaseNewest = async (): Promise<Checkpoint | undefined> => {
		if (standing.state !== 'open') return standing.state === 'frozen' ? undefined : released;
		const checkpoint = needs.newest();
		if (checkpoint === undefined || checkpoint.size === released?.size) return released;
		return (await letOut(checkpoint)) ? checkpoint : undefined;
	};

	const letOut = async (checkpoint: Checkpoint): Promise<boolean> => {
		// What is released must follow from what is stored, not from what the writer remembers.
		const root = await needs.rootAt(checkpoint.size);
		if (!equalBytes(root, checkpoint.root)) {
			freeze(`the stored entries do not lead to the signed root at size ${checkpoint.size}`);
			return false;
		}
		// The side file keeps the newest.
		if (checkpoint.size <= (released?.size ?? 0)) return true;
		// Written and synced first: a power cut after this leaves a head that was perhaps never used, one before it a head that never was.
		await headFile.write(checkpoint);
		released = checkpoint;
		return true;
	};

	/** One after the other: two would write the side file at once. */
	const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
		const mine = releasing.then(work);
		releasing = mine.catch(() => {});
		return mine;
	};

	return {
		standing: () => standing,
		released: () => released,
		look,
		release: () => inTurn(releaseNewest),
		releaseThis: checkpoint => inTurn(async () => standing.state === 'open' && (await letOut(checkpoint))),
		freeze,
		frozen: frozen.signal,
	};
}
