// The composition root's part that writes into the log what is known of time: beacons of the chain, steps and the state of the machine's clock.

import type {FinalizedBlock} from './anchor/chain.ts';
import {type ClockLook, type ClockState, clockStep} from './base/clock-state.ts';
import {describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import type {NoteBody} from './format/body.ts';
import {noteKinds} from './format/entry.ts';
import type {Log} from './log/log.ts';
import type {World} from './world.ts';

export type Timekeeping = {
	/** As last read. */
	readonly clockState: () => ClockState;
	/** True while the clock is known to be unsynchronised. */
	readonly isUnsynchronised: () => boolean;
	/** Compares the clocks with the last look, and now and then reads how the clock is; what changed becomes a note. Call it every second. */
	readonly look: () => Promise<void>;
	/**
	 * Appends a beacon of the newest finalized block, unless there is none, or it is the one of the last beacon. It is durable with the next commit. Without a chain, or
	 * one that does not answer, nothing happens: true if the chain answered. Never rejects.
	 */
	readonly beacon: () => Promise<boolean>;
	/** Appends a beacon as soon as the chain answers after the start. Call it every second; it asks seldom. */
	readonly startBeacon: () => Promise<void>;
};

/** The chain that beacons come from. */
export type BeaconChain = {readonly chainId: number; readonly finalizedBlock: () => Promise<FinalizedBlock | undefined>};

/** The clock's state is read again this often. */
const readEveryMs = 10_000;
/** A process that is stopped between the readings of its two clocks must not take that for a step: it reads them again, so often at most. */
const readApartMsMax = 100;
const readTriesMax = 5;
/** A chain that does not answer at the start is asked again this often. */
const startBeaconEveryMs = 15_000;
/** What the newest beacon is filed under. */
const beaconKind = 'beacon';

/** What a note says of the clock: the start note, and every note of a change. */
export function clockFields({bootId, upMs, synchronisation}: ClockState): NoteBody {
	return {...(bootId === undefined ? {} : {bootId}), upMs, synchronisation};
}

export async function createTimekeeping(needs: {
	readonly log: Pick<Log, 'note' | 'putDocument' | 'documents'>;
	readonly world: Pick<World, 'clock' | 'readClockState'>;
	readonly chain: BeaconChain | undefined;
	readonly logger: Logger;
}): Promise<Timekeeping> {
	const {log, chain, logger} = needs;
	const {clock, readClockState} = needs.world;
	const bothClocks = (): ClockLook => {
		for (let tries = 1; ; tries += 1) {
			const monotonicMs = clock.monotonicMs();
			const wallMs = clock.nowMs();
			if (clock.monotonicMs() - monotonicMs < readApartMsMax || tries === readTriesMax) return {wallMs, monotonicMs};
		}
	};
	let state = await readClockState();
	let before = bothClocks();
	let readAtMs = before.monotonicMs;
	let isStartLit = chain === undefined;
	let askedAtMs = Number.NEGATIVE_INFINITY;

	const look: Timekeeping['look'] = async () => {
		const now = bothClocks();
		const stepMs = clockStep(before, now);
		const expectedMs = Math.round(before.wallMs + now.monotonicMs - before.monotonicMs);
		before = now;
		const was = state;
		if (stepMs !== undefined || now.monotonicMs - readAtMs >= readEveryMs) {
			readAtMs = now.monotonicMs;
			state = await readClockState();
		}
		if (stepMs === undefined && was.synchronisation === state.synchronisation) return;
		const change = was.synchronisation === state.synchronisation ? {} : {synchronisationBefore: was.synchronisation};
		const body = {note: 'clockStep', expectedMs, foundMs: Math.round(now.wallMs), ...clockFields(state), ...change};
		log.note(noteKinds.clockStep, body, BigInt(stepMs ?? 0));
		logger.log('warn', stepMs === undefined ? 'clock changed its state' : 'clock was set', body);
	};

	const beacon: Timekeeping['beacon'] = async () => {
		if (chain === undefined) return false;
		let block: FinalizedBlock | undefined;
		try {
			block = await chain.finalizedBlock();
		} catch (error) {
			logger.log('debug', 'no beacon: the chain does not answer', {error: describeError(error)});
			return false;
		}
		try {
			// Block 0 was there before every log: it says nothing.
			if (block === undefined || block.number === 0) return true;
			const body = {note: 'beacon', chainId: chain.chainId, blockNumber: block.number, blockHash: block.hash, blockTimeS: block.timeS};
			const text = JSON.stringify(body);
			const [newest] = await log.documents(beaconKind);
			if (newest?.body === text) return true;
			log.note(noteKinds.beacon, body, BigInt(block.number));
			// If we die between the two, the start lights the same block once more, which does no harm.
			await log.putDocument(beaconKind, 'newest', text);
		} catch (error) {
			logger.log('warn', 'a beacon could not be kept', {error: describeError(error)});
		}
		return true;
	};

	return {
		clockState: () => state,
		isUnsynchronised: () => state.synchronisation === 'unsynchronised',
		look,
		beacon,
		startBeacon: async () => {
			const nowMs = clock.monotonicMs();
			if (isStartLit || nowMs - askedAtMs < startBeaconEveryMs) return;
			askedAtMs = nowMs;
			isStartLit = await beacon();
		},
	};
}
