// Virtual time: everything that can happen next waits here, and the seed picks what does.
import type {Chance} from '../../sim/seed.ts';

/** One process: what it waits for dies with it. */
export type Life = {readonly name: string; alive: boolean};

type Waiting = {readonly life: Life | undefined; readonly name: string; readonly run: () => void | Promise<void>};
type Timer = Waiting & {readonly atMs: number; readonly order: number};

export type Loop = {
	/** Virtual ms since the beginning of the run. It never jumps. */
	readonly nowMs: () => number;
	/** May happen from now on, in any order with everything else that may. */
	readonly soon: (life: Life | undefined, name: string, run: () => void | Promise<void>) => void;
	/** Happens at that time from now, or later where something else is slow. Gives what takes it back. */
	readonly later: (life: Life | undefined, delayMs: number, name: string, run: () => void | Promise<void>) => () => void;
	/** Lets one thing happen, and everything that follows from it without waiting. Gives its name; undefined if nothing can ever happen again. */
	readonly step: () => Promise<string | undefined>;
	/** Takes back everything that a process waits for. */
	readonly end: (life: Life) => void;
	/** What happens belongs to this process until the next step. */
	readonly enter: (life: Life | undefined) => void;
	readonly steps: () => number;
	/** Adds to the trace; two runs of a seed have the same. */
	readonly trace: (text: string) => void;
	readonly digest: () => string;
	/** The newest lines of the trace. */
	readonly newest: () => readonly string[];
	readonly [Symbol.dispose]: () => void;
};

const linesKept = 200;

export function createLoop(chance: Chance): Loop {
	const ready: Waiting[] = [];
	/** Soonest last. */
	const timers: Timer[] = [];
	const lines: string[] = [];
	let nowMs = 0;
	let order = 0;
	let steps = 0;
	let current: Life | undefined;
	let isInside = false;
	let low = 0x811c9dc5;
	let high = 0x1b873593;

	const realImmediate = globalThis.setImmediate;
	/** Microtasks run to their end before any macrotask does. */
	const quiet = (): Promise<void> => new Promise(resolve => void realImmediate(resolve));

	// The log's pump waits for one turn of the event loop. Here it waits for its turn by the seed.
	const simulated = (call: (...values: unknown[]) => void, ...values: unknown[]): unknown => {
		if (!isInside) return realImmediate(call, ...values);
		const life = current;
		soon(life, 'turn', () => call(...values));
		return undefined;
	};
	globalThis.setImmediate = simulated as unknown as typeof globalThis.setImmediate;

	const soon: Loop['soon'] = (life, name, run) => {
		if (life?.alive !== false) ready.push({life, name, run});
	};

	const later: Loop['later'] = (life, delayMs, name, run) => {
		if (life?.alive === false) return () => {};
		order += 1;
		const timer: Timer = {life, name, run, atMs: nowMs + Math.max(0, delayMs), order};
		let low = 0;
		let high = timers.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			const other = timers[middle]!;
			if (other.atMs > timer.atMs || (other.atMs === timer.atMs && other.order > timer.order)) low = middle + 1;
			else high = middle;
		}
		timers.splice(low, 0, timer);
		return () => {
			const at = timers.indexOf(timer);
			if (at >= 0) timers.splice(at, 1);
		};
	};

	const trace = (text: string): void => {
		for (let i = 0; i < text.length; i += 1) {
			low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
			high = Math.imul(high ^ text.charCodeAt(i), 0x85ebca6b) ^ (high >>> 13);
		}
		lines.push(`${steps} ${nowMs} ${text}`);
		if (lines.length > 2 * linesKept) lines.splice(0, linesKept);
	};

	const take = (): Waiting | undefined => {
		const timer = timers.at(-1);
		// Where the disk is slow, time goes on.
		if (ready.length > 0 && (timer === undefined || !chance.happens(0.06))) {
			const at = ready.length === 1 ? 0 : chance.between(0, ready.length - 1);
			const [taken] = ready.splice(at, 1);
			return taken;
		}
		if (timer === undefined) return undefined;
		timers.pop();
		nowMs = Math.max(nowMs, timer.atMs);
		return timer;
	};

	return {
		nowMs: () => nowMs,
		soon,
		later,
		step: async () => {
			const next = take();
			if (next === undefined) return undefined;
			steps += 1;
			current = next.life;
			trace(`${next.life?.name ?? 'world'} ${next.name}`);
			isInside = true;
			try {
				await next.run();
				await quiet();
			} finally {
				isInside = false;
			}
			return next.name;
		},
		end: life => {
			life.alive = false;
			for (const list of [ready, timers] as Waiting[][])
				for (let i = list.length - 1; i >= 0; i -= 1) if (list[i]!.life === life) list.splice(i, 1);
		},
		enter: life => {
			current = life;
		},
		steps: () => steps,
		trace,
		digest: () => (low >>> 0).toString(16).padStart(8, '0') + (high >>> 0).toString(16).padStart(8, '0'),
		newest: () => lines.slice(-linesKept),
		[Symbol.dispose]: () => {
			globalThis.setImmediate = realImmediate;
		},
	};
}
