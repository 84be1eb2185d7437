// The composition root's part that holds a log to all its anchors: plans one checkpoint for every chain and authority, lets each go its own way, and says how many hold.

import type {Anchor, AnchorStatus as ChainStatus} from './anchor/anchor.ts';
import type {NodeStanding} from './anchor/nodes.ts';
import {planAnchor} from './anchor/plan.ts';
import type {Stamper, StamperStatus} from './anchor/timestamping.ts';
import type {Clock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import type {Checkpoint} from './format/checkpoint.ts';
import type {Release} from './log/release.ts';

/** How the log stands with one chain or authority. */
export type TargetStatus =
	| {readonly kind: 'chain'; readonly name: string; readonly status: ChainStatus; readonly nodes: readonly NodeStanding[]}
	| {readonly kind: 'authority'; readonly name: string; readonly status: StamperStatus};

export type AnchorsStatus = {
	/** How many of the targets must hold an entry before it counts as anchored. */
	readonly needed: number;
	/** The largest size that so many hold: in a block or stamped; and for good: in a final block or stamped. */
	readonly heldSize: number;
	readonly finalSize: number;
	/** Age of the oldest entry above heldSize; undefined if there is none. */
	readonly oldestUnanchoredAgeMs: number | undefined;
	readonly targets: readonly TargetStatus[];
};

export type Anchors = {
	/** One step of each target, to be called on its own: a chain that hangs keeps no other waiting. Each gives true if another call now is worth it. */
	readonly ticks: readonly ((signal: AbortSignal) => Promise<boolean>)[];
	/** The next plan of each target needs no reason but a new entry. */
	readonly anchorNow: () => void;
	readonly status: () => Promise<AnchorsStatus>;
	/** The outbox of the first chain, where devices and markets are; undefined without a chain. */
	readonly first: Anchor | undefined;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type ChainTarget = {readonly name: string; readonly anchor: Anchor; readonly nodes: () => readonly NodeStanding[]};

export type Sealing = {
	/**
	 * A checkpoint that ends with a tally, for a target whose newest plan is of `plannedSize`: one that another target was given, if that holds all that is worth anchoring,
	 * else a new one. undefined if nothing may leave the agent.
	 */
	readonly seal: (plannedSize: number) => Promise<Checkpoint | undefined>;
	/** The next checkpoint is a new one, unless nothing came since the last. */
	readonly renew: () => void;
};

/**
 * Shares checkpoints among targets, so that one stands on all of them. Without it each would seal its own, and each seal, an entry itself, would give the others a reason for
 * the next. `newest`: the newest that was planned before this start, if any.
 */
export function createSealing(needs: {
	readonly newest: Checkpoint | undefined;
	readonly sealNew: () => Promise<Checkpoint | undefined>;
	readonly mayRelease: () => boolean;
	/** How many entries the log has. */
	readonly size: () => number;
	/** A checkpoint is shared for so long, although entries came behind it. */
	readonly shareMs: number;
	readonly clock: Clock;
}): Sealing {
	const {sealNew, mayRelease, size, shareMs, clock} = needs;
	let last = needs.newest && {checkpoint: needs.newest, untilMs: Number.NEGATIVE_INFINITY};
	let running: Promise<unknown> = Promise.resolve();

	const sealOnce = async (plannedSize: number): Promise<Checkpoint | undefined> => {
		if (last !== undefined && last.checkpoint.size > plannedSize && mayRelease()) {
			if (last.checkpoint.size === size() || clock.monotonicMs() < last.untilMs) return last.checkpoint;
		}
		const checkpoint = await sealNew();
		if (checkpoint !== undefined) last = {checkpoint, untilMs: clock.monotonicMs() + shareMs};
		return checkpoint;
	};
	return {
		seal: plannedSize => {
			const sealed = running.then(() => sealOnce(plannedSize));
			// One at a time, so that two targets that are due at once get the same.
			running = sealed.catch(() => {});
			return sealed;
		},
		renew: () => {
			if (last !== undefined) last = {...last, untilMs: Number.NEGATIVE_INFINITY};
		},
	};
}

/** The largest size that at least `needed` of the targets reach; 0 if there are not so many. */
export function sizeHeldBy(needed: number, sizes: readonly number[]): number {
	return [...sizes].sort((a, b) => b - a)[needed - 1] ?? 0;
}

export type StampPolicy = {readonly ageMsMax: number; readonly entriesMax: number; readonly idleMsMax: number};

export function createAnchors(needs: {
	readonly chains: readonly ChainTarget[];
	readonly stampers: readonly {readonly name: string; readonly stamper: Stamper}[];
	readonly needed: number;
	readonly sealing: Sealing;
	readonly policy: StampPolicy;
	readonly release: Pick<Release, 'release'>;
	/** arrivedAt of the entry at that index; undefined if there is none yet. */
	readonly arrivedAtMsOf: (index: number) => Promise<number | undefined>;
	readonly clock: Clock;
}): Anchors {
	const {chains, stampers, needed, sealing, policy, release, arrivedAtMsOf, clock} = needs;
	const closing = createClosing();
	for (const {anchor} of chains) closing.use(anchor);
	for (const {stamper} of stampers) closing.use(stamper);

	/** Like a chain's outbox, but an authority plans nothing by itself. */
	const stampTick = ({stamper}: (typeof stampers)[number]) => {
		let oldestKnown = {index: -1, sinceMs: 0};
		let forced = false;
		let sealAtMs = Number.NEGATIVE_INFINITY;
		const tick = async (signal: AbortSignal): Promise<boolean> => {
			const checkpoint = await release.release();
			const {plannedSize, plannedAtMs} = await stamper.status();
			const isNew = checkpoint !== undefined && checkpoint.size > plannedSize;
			if (!isNew) forced = false;
			if (!isNew || oldestKnown.index !== plannedSize) oldestKnown = {index: plannedSize, sinceMs: clock.monotonicMs()};
			const found = planAnchor({
				nowMs: clock.nowMs(),
				headSize: checkpoint?.size,
				plannedSize,
				plannedAtMs,
				oldestArrivedAtMs: isNew ? await arrivedAtMsOf(plannedSize) : undefined,
				oldestKnownForMs: clock.monotonicMs() - oldestKnown.sinceMs,
				// A plan that waits for its authority gives way to a newer one.
				inFlight: false,
				policy,
				spacingMsMin: 0,
				forced,
			});
			if (found !== undefined && clock.monotonicMs() >= sealAtMs) {
				// A seal that becomes no plan is an entry for nothing: not again at once.
				sealAtMs = clock.monotonicMs() + sealEveryMs;
				const sealed = await sealing.seal(plannedSize);
				if (sealed !== undefined && sealed.size > plannedSize) {
					await stamper.plan(sealed);
					sealAtMs = Number.NEGATIVE_INFINITY;
					forced = false;
				}
			}
			return stamper.tick(signal);
		};
		return {
			tick,
			anchorNow: () => {
				forced = true;
			},
		};
	};
	const stamping = stampers.map(stampTick);

	return {
		ticks: [...chains.map(({anchor}) => anchor.tick), ...stamping.map(({tick}) => tick)],
		anchorNow: () => {
			sealing.renew();
			for (const {anchor} of chains) anchor.anchorNow();
			for (const one of stamping) one.anchorNow();
		},
		status: async () => {
			const targets: TargetStatus[] = [
				...(await Promise.all(
					chains.map(async ({name, anchor, nodes}) => ({kind: 'chain' as const, name, status: await anchor.status(), nodes: nodes()})),
				)),
				...(await Promise.all(
					stampers.map(async ({name, stamper}) => ({kind: 'authority' as const, name, status: await stamper.status()})),
				)),
			];
			const held = targets.map(({kind, status}) => (kind === 'chain' ? status.minedSize : status.stampedSize));
			const final = targets.map(({kind, status}) => (kind === 'chain' ? status.finalSize : status.stampedSize));
			const heldSize = sizeHeldBy(needed, held);
			const arrivedAtMs = await arrivedAtMsOf(heldSize);
			return {
				needed,
				heldSize,
				finalSize: sizeHeldBy(needed, final),
				oldestUnanchoredAgeMs: arrivedAtMs === undefined ? undefined : Math.max(0, clock.nowMs() - arrivedAtMs),
				targets,
			};
		},
		first: chains[0]?.anchor,
		[Symbol.asyncDispose]: closing.close,
	};
}

/** After a seal that did not become a plan. */
const sealEveryMs = 60_000;
