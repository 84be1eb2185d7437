// Lets passwords be tried: slower and slower after wrong ones, a few at a time, whoever asks. Who knows a name but not its password keeps nobody out where that one has been before.

import type {Clock} from '../base/clock.ts';
import {isThisMachine} from './access.ts';

/** Wrong ones that cost no wait: people mistype. */
const freeFailures = 3;
/** After them the waits double from one second to this. */
export const waitMsMax = 60_000;
/** Failures are forgotten after so long without another. */
const forgetMs = 3_600_000;
/** Names and addresses whose failures are remembered; the one not seen for longest is forgotten first. */
const rememberedMax = 10_000;
/** Passwords that are checked at a time, and that may wait for it: of strangers, and of those who signed in from there before. */
const checksMax = 1;
const waitingMax = 8;
/** Names whose places are remembered, and the newest places of each: where somebody signed in with the right password. */
const namesMax = 256;
const placesMax = 16;

export type PasswordGate = {
	/** good, wrong; or how long to wait before anything is looked at, in ms; or busy: too many ask. */
	readonly try: (
		name: string,
		address: string,
		check: () => Promise<boolean>,
	) => Promise<'good' | 'wrong' | 'busy' | {readonly waitMs: number}>;
};

type Failures = {readonly count: number; readonly untilMs: number; readonly seenMs: number};

export function createPasswordGate(clock: Pick<Clock, 'monotonicMs'>): PasswordGate {
	const failures = new Map<string, Failures>();
	/** Only a right password adds to them. */
	const places = new Map<string, readonly string[]>();
	let checking = 0;
	const queues: Readonly<Record<'familiar' | 'strange', (() => void)[]>> = {familiar: [], strange: []};

	const remember = (name: string, address: string): void => {
		const others = (places.get(name) ?? []).filter(place => place !== address);
		places.delete(name);
		places.set(name, [...others, address].slice(-placesMax));
		if (places.size > namesMax) places.delete(places.keys().next().value!);
	};

	const waitOf = (key: string, nowMs: number): number => (failures.get(key)?.untilMs ?? 0) - nowMs;

	const count = (key: string, nowMs: number): void => {
		const known = failures.get(key);
		const {count: before} = known === undefined || nowMs - known.seenMs > forgetMs ? {count: 0} : known;
		const untilMs = before < freeFailures ? 0 : nowMs + Math.min(waitMsMax, 1000 * 2 ** (before - freeFailures));
		failures.delete(key);
		failures.set(key, {count: before + 1, untilMs, seenMs: nowMs});
		if (failures.size > rememberedMax) failures.delete(failures.keys().next().value!);
	};

	const enter = async (queue: (() => void)[]): Promise<void> => {
		if (checking < checksMax) {
			checking += 1;
			return;
		}
		await new Promise<void>(resolve => queue.push(resolve));
	};
	const leave = (): void => {
		const next = queues.familiar.shift() ?? queues.strange.shift();
		if (next === undefined) checking -= 1;
		else next();
	};

	return {
		try: async (name, address, check) => {
			const nowMs = clock.monotonicMs();
			// Strangers are slowed down together; whoever was let in from his place before, or is at the machine itself, has wrong passwords of his own.
			const isFamiliar = isThisMachine(address) || places.get(name)?.includes(address) === true;
			const queue = queues[isFamiliar ? 'familiar' : 'strange'];
			const keys = [isFamiliar ? `familiar ${address} ${name}` : `name ${name}`, `at ${address}`];
			const waitMs = Math.max(...keys.map(key => waitOf(key, nowMs)));
			if (waitMs > 0) return {waitMs};
			if (checking >= checksMax && queue.length >= waitingMax) return 'busy';
			// Counted before it is looked at: many that come at once are not one.
			for (const key of keys) count(key, nowMs);
			await enter(queue);
			try {
				if (!(await check())) return 'wrong';
			} finally {
				leave();
			}
			for (const key of keys) failures.delete(key);
			remember(name, address);
			return 'good';
		},
	};
}
