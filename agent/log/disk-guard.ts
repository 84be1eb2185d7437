// Watches the room on the log's disk: stops everything that would be acknowledged while there is still some left, and goes on by itself when there is room again.

import type {Clock} from '../base/clock.ts';
import {describeError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import type {Ballast} from './ballast.ts';

export type DiskPolicy = {
	/** Below it nothing is acknowledged. What is pending, anchors and notes about them still fit in. 0: there is no floor, and no ballast either. */
	readonly floorBytes: number;
	readonly ballastBytes: number;
	/** Beyond it the WAL is emptied by force, and the owner is told if that does not work. @default 64 MiB */
	readonly walBytesWarn?: number;
	/**
	 * Beyond it the disk counts as full: a start reads the whole WAL. Only a reader that stands still for hours gets it so far, and nothing may grow without a limit.
	 * @default 512 MiB
	 */
	readonly walBytesMax?: number;
};

export type DiskSeen = {readonly freeBytes: number; readonly walBytes: number};

/**
 * open, or full until there is room again. It takes more to open than to stay open: a ballast that was given up has to be made again, and a disk at the floor must not
 * open and fill ten times a minute. Pure.
 */
export function judgeDisk(was: 'open' | 'full', hasBallast: boolean, seen: DiskSeen, policy: Required<DiskPolicy>): 'open' | 'full' {
	if (seen.walBytes > policy.walBytesMax) return 'full';
	if (policy.floorBytes === 0) return 'open';
	const wanted = policy.floorBytes + (was === 'full' && !hasBallast ? policy.ballastBytes : 0);
	return seen.freeBytes < wanted ? 'full' : 'open';
}

/** All that the guard needs of the rest of the agent. */
export type Needs = {
	/** Bytes that this process may still write on the log's disk. */
	readonly freeBytes: () => Promise<number>;
	/** Bytes of SQLite's WAL; 0 if there is none. */
	readonly walBytes: () => Promise<number>;
	/** Empties the WAL into the main file; false if that did not work. */
	readonly truncateWal: () => Promise<boolean>;
	readonly ballast: Ballast;
	/** Awaited each time before the disk counts as open, the first time too. If it rejects the disk stays full, and the next check tries again. */
	readonly beforeOpen: () => Promise<void>;
	/** Called when the disk has become full, after it has been open. */
	readonly onFull: () => void;
	readonly onOpen: () => void;
	readonly clock: Clock;
	readonly logger: Logger;
};

export type DiskStanding = DiskSeen & {
	/** full until the first check. */
	readonly state: 'open' | 'full';
	/** Why, or what the owner should know though it is open, as sentences. */
	readonly warnings: readonly string[];
};

export type DiskGuard = {
	readonly standing: () => DiskStanding;
	/** The same state alone: it is asked for with every message. */
	readonly isFull: () => boolean;
	/** MUST be awaited before the log is opened: on a disk without a free block not even that works, so the ballast goes first. */
	readonly prepare: () => Promise<void>;
	/** Looks at the disk and acts. Calls never overlap: a call while one runs waits for that one. MUST NOT reject. */
	readonly check: () => Promise<void>;
	/** Tells how much has been written in all; looks at the disk if that is a good deal more than at the last look. */
	readonly wrote: (bytes: number) => void;
};

const mib = 1024 * 1024;
/** So much may be written between two looks, next to the one a second: small against the floor, however fast the disk is. */
const lookEveryBytesMax = 8 * mib;
/** While the WAL cannot be emptied, trying again costs a look into every page of it. */
const truncateEveryMs = 10_000;
/** After a ballast that could not be made. */
const ballastEveryMs = 60_000;

export function createDiskGuard(needs: Needs, options: DiskPolicy): DiskGuard {
	const {ballast, clock, logger} = needs;
	const policy = {walBytesWarn: 64 * mib, walBytesMax: 512 * mib, ...options};
	const lookEveryBytes = Math.min(lookEveryBytesMax, Math.max(1, policy.floorBytes / 8));
	let state: 'open' | 'full' = 'full';
	let seen: DiskSeen = {freeBytes: 0, walBytes: 0};
	/** Why there is none, if it could not be made. */
	let ballastLacks: string | undefined;
	const hasNone = policy.ballastBytes === 0 || policy.floorBytes === 0;
	let hasBallast = hasNone;
	/** What was said last, so that each thing is said once. */
	let said = 'open';
	let unchecked: string | undefined;
	/** Open once, or full by a look: from then on the ballast is made before the disk counts as open. At a start nobody waits for it. */
	let isStarted = false;
	let ballastTriedAtMs = Number.NEGATIVE_INFINITY;
	let isPinned = false;
	let hasTruncated = false;
	let truncatedAtMs = Number.NEGATIVE_INFINITY;
	let writtenAtLook = 0;
	let written = 0;
	let running: Promise<void> | undefined;

	const look = async (): Promise<void> => {
		seen = {freeBytes: await needs.freeBytes(), walBytes: await needs.walBytes()};
	};

	/** Once in a check is enough. */
	const truncate = async (): Promise<void> => {
		if (hasTruncated) return;
		hasTruncated = true;
		truncatedAtMs = clock.monotonicMs();
		isPinned = !(await needs.truncateWal());
		await look();
	};

	const makeBallast = async (): Promise<void> => {
		if (hasBallast || clock.monotonicMs() - ballastTriedAtMs < ballastEveryMs) return;
		try {
			await ballast.make();
			hasBallast = true;
			ballastLacks = undefined;
		} catch (error) {
			ballastTriedAtMs = clock.monotonicMs();
			ballastLacks = describeError(error);
		}
	};

	const dropBallast = async (): Promise<void> => {
		hasBallast = hasNone;
		await ballast.drop();
	};

	const checkOnce = async (): Promise<void> => {
		writtenAtLook = written;
		hasTruncated = false;
		await look();
		unchecked = undefined;
		const mayTruncate = clock.monotonicMs() - truncatedAtMs >= truncateEveryMs;
		if (seen.walBytes > policy.walBytesWarn && mayTruncate) await truncate();
		else if (seen.walBytes <= policy.walBytesWarn) isPinned = false;
		if (judge() === 'full') {
			// What the WAL holds twice is room that costs nobody anything.
			if (state === 'open' && seen.walBytes > 0) await truncate();
			if (judge() === 'full') {
				isStarted = true;
				if (state === 'open') {
					state = 'full';
					needs.onFull();
				}
				if (hasBallast && seen.freeBytes < policy.floorBytes) await dropBallast();
				// On a disk that is full to the last block the WAL would stay stuck even after somebody made room: the main file has to grow first.
				if (seen.walBytes > 0 && mayTruncate) await truncate();
			}
		}
		if (state === 'full' && judge() === 'open') {
			if (isStarted) {
				if (seen.walBytes > 0) await truncate();
				// One that cannot be made, such as under a quota, must not hold everything up for ever: then the floor alone decides.
				await makeBallast();
				await look();
				if (judgeDisk('open', hasBallast, seen, policy) === 'full') return;
			}
			await needs.beforeOpen();
			isStarted = true;
			state = 'open';
			needs.onOpen();
		} else if (state === 'open' && seen.freeBytes >= policy.floorBytes + policy.ballastBytes) await makeBallast();
	};

	const judge = (): 'open' | 'full' => judgeDisk(state, hasBallast, seen, policy);

	const warnings = (): string[] => {
		const found: string[] = [];
		if (unchecked !== undefined) found.push(`The disk of the log could not be looked after: ${unchecked}.`);
		if (state === 'full' && seen.walBytes > policy.walBytesMax) found.push(`FULL, nothing is acknowledged: ${pinnedText(seen.walBytes)}`);
		else if (state === 'full')
			found.push(
				`FULL, nothing is acknowledged: ${inMib(seen.freeBytes)} MiB are free on the disk of the log, the floor is ${inMib(policy.floorBytes)} MiB. Make room; at ${inMib(policy.floorBytes + policy.ballastBytes)} MiB the agent goes on by itself.`,
			);
		else if (isPinned) found.push(pinnedText(seen.walBytes));
		if (state === 'open' && ballastLacks !== undefined) found.push(`There is no ballast: ${ballastLacks}.`);
		return found;
	};

	const check = async (): Promise<void> => {
		try {
			await checkOnce();
		} catch (error) {
			unchecked = describeError(error);
		}
		const sentence = warnings()[0] ?? '';
		// By the state, not by the sentence: that has the free room in it.
		const key = sentence === '' ? state : `${state} ${unchecked ?? ''} ${isPinned} ${ballastLacks ?? ''}`;
		if (key === said) return;
		if (sentence !== '') logger.log(state === 'full' ? 'error' : 'warn', `disk ${state}`, {reason: sentence});
		else logger.log('info', `disk ${state}`, {freeMiB: inMib(seen.freeBytes)});
		said = key;
	};

	const checkInTurn = (): Promise<void> => {
		running ??= check().finally(() => {
			running = undefined;
		});
		return running;
	};

	return {
		standing: () => ({...seen, state, warnings: warnings()}),
		isFull: () => state === 'full',
		prepare: async () => {
			hasBallast ||= await ballast.isMade();
			if (hasBallast && (await needs.freeBytes()) < policy.floorBytes) await dropBallast();
		},
		check: checkInTurn,
		wrote: bytes => {
			written = bytes;
			if (written - writtenAtLook >= lookEveryBytes) void checkInTurn();
		},
	};
}

const inMib = (bytes: number): number => Math.round((bytes / mib) * 10) / 10;

function pinnedText(walBytes: number): string {
	return `SQLite's WAL has ${inMib(walBytes)} MiB and cannot be emptied: another process reads log.db and does not come to an end. Stop it.`;
}
