// Which faults a run has, how often, and how often each has happened.
import type {Chance} from '../../sim/seed.ts';

/** Every kind of fault with its usual probability at each occasion. A kind that never happens in a long run is a failure of the harness. */
export const faultKinds = {
	/** The commit fails and is not done. */
	commitNotDone: 0.01,
	/** The commit is done, and says that it failed. */
	commitButFailed: 0.01,
	/** The statement is done, but its answer comes later. */
	commitSlow: 0.3,
	readFailed: 0.003,
	openFailed: 0.02,
	/** Somebody else fills the disk for a while, to the last block or nearly so. */
	diskFull: 0.002,
	/** A write that does not fit: it fails and is not done. */
	noRoom: 0,
	/** A reader keeps the WAL from being emptied. */
	walPinned: 0.1,
	headNotDone: 0.02,
	headButFailed: 0.02,
	headUnreadable: 0.05,
	/** The side file is gone while the agent is down. */
	headLost: 0.1,
	/** The process ends between two steps. */
	crash: 0.004,
	/** The process is asked to end, and is started again. */
	stop: 0.002,
	clockJump: 0.004,
	/** The machine starts with a clock that was never set. */
	clock1970: 0.1,
	/** An older copy of the database is put in the place of the newest one, with the side file as it is. */
	restoreOld: 0.002,
	/** The same, and the side file is lost: only the chain knows better. */
	restoreWithoutHead: 0.1,
	/** The same, and an older side file is put back with it. */
	restoreWithHead: 0.1,
	/** Somebody edits an old entry while the agent is down. */
	edit: 0.001,
	/** A copy of the machine runs beside it, with the same keys. */
	clone: 0.001,
	/** The connection of a device drops. */
	drop: 0.04,
	/** A device sends the same packet again on the same connection. */
	duplicate: 0.03,
	/** A device holds messages back and sends them late. */
	late: 0.02,
	garbage: 0.03,
	foreignTopic: 0.02,
	/** The same session and sequence, or the same time, with another value. */
	conflict: 0.03,
	/** A device starts again and counts from 1 in a new session. */
	deviceRestart: 0.02,
	/** The request never arrives. */
	chainTimeout: 0.02,
	/** The request arrives, and the answer does not. */
	chainAnswerLost: 0.03,
	/** The node answers as of some blocks ago. */
	chainStale: 0.04,
	/** The transaction is accepted and then forgotten. */
	chainForgets: 0.5,
	chainDown: 0.001,
	chainReorg: 0.01,
	/** The node tells a made-up head at `latest`. */
	chainLies: 0.001,
	/** The node speaks for another chain. */
	chainOther: 0.001,
	chainExpensive: 0.002,
	/** Blocks do not become final for a while. */
	finalityStalls: 0.002,
} as const;

export type FaultKind = keyof typeof faultKinds;

export type Faults = {
	/** True if the fault happens now. */
	readonly hits: (kind: FaultKind) => boolean;
	readonly counts: ReadonlyMap<FaultKind, number>;
	/** From here on nothing fails any more. */
	readonly stop: () => void;
	readonly stopped: () => boolean;
	/** While held nothing fails. */
	held: boolean;
	/** Counts one that was done otherwise. */
	readonly count: (kind: FaultKind) => void;
};

/** Each run has some kinds of faults and not others, each at a rate of its own: what hides behind a frequent fault shows itself where that one is missing. */
export function createFaults(chance: Chance, only?: readonly FaultKind[]): Faults {
	const rates = new Map<FaultKind, number>();
	const wildness = chance.pick([0, 0.3, 1, 1, 1, 3]);
	for (const kind of Object.keys(faultKinds) as FaultKind[]) {
		const has = chance.happens(0.6);
		const factor = chance.pick([0.3, 1, 1, 3]);
		if (only === undefined ? has : only.includes(kind)) rates.set(kind, Math.min(0.5, faultKinds[kind] * factor * (only ? 1 : wildness)));
	}
	const counts = new Map<FaultKind, number>();
	let isStopped = false;
	const count = (kind: FaultKind): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
	const faults: Faults = {
		held: false,
		hits: kind => {
			const rate = rates.get(kind);
			if (rate === undefined || isStopped || faults.held || !chance.happens(rate)) return false;
			count(kind);
			return true;
		},
		counts,
		stop: () => {
			isStopped = true;
		},
		stopped: () => isStopped,
		count,
	};
	return faults;
}
