// Says on a terminal what takes long, how far it is and what is left: one line that is written over itself.

import type {Io} from './command.ts';

/** How often it is written. */
const everyMs = 250;
/** Nothing is said of what is over before anybody wonders. */
const quietMs = 1000;
/** What is left is only guessed once there is something to guess from. */
const guessMsMin = 2000;

export type Progress = {
	/** `all` is 0 where nobody knows it; `unit` stands behind the counts, and `bytes` turns them into MB. */
	readonly show: (what: string, done: number, all: number, unit?: string) => void;
	/** Clears the line. */
	readonly end: () => void;
};

/** Silent where nobody looks: a file of lines that say 37 % helps nobody. */
export function createProgress(io: Pick<Io, 'isTerminal' | 'error' | 'clock'>): Progress {
	const beganAtMs = io.clock.monotonicMs();
	let shownAtMs = Number.NEGATIVE_INFINITY;
	let isOpen = false;
	/** What is shown now, since when, and from how much on: a second part of the work goes at a pace of its own. */
	let part = {what: '', sinceMs: beganAtMs, from: 0};
	const write = (text: string): void => {
		isOpen = true;
		io.error(`\r\u001b[K${text}`);
	};
	return {
		show: (what, done, all, unit) => {
			if (!io.isTerminal) return;
			const nowMs = io.clock.monotonicMs();
			if (what !== part.what || done < part.from) part = {what, sinceMs: nowMs, from: done};
			if (nowMs - beganAtMs < quietMs || nowMs - shownAtMs < everyMs) return;
			shownAtMs = nowMs;
			write(progressText({what, done, all, unit, tookMs: nowMs - part.sinceMs, from: part.from}));
		},
		end: () => {
			if (isOpen) io.error('\r\u001b[K');
			isOpen = false;
		},
	};
}

/** Silence of a command after which its terminal is told that it is still at work. */
const silenceMs = 2000;

export type Waiting = {
	/** What a command is given: what it writes goes out as before, behind whatever stands there of ours. */
	readonly io: Io;
	readonly end: () => Promise<void>;
};

/**
 * For every command that comes to an end: one that says nothing for two seconds, of whatever kind its work is, gets a line with its name and how long it has been at work.
 * That line is gone before the next that the command writes, and never comes where no terminal is. What a command shows of its own progress stays as it is.
 */
export function createWaiting(io: Io, name: string): Waiting {
	if (!io.isTerminal) return {io, end: async () => {}};
	const beganAtMs = io.clock.monotonicMs();
	const over = new AbortController();
	let wroteAtMs = beganAtMs;
	/** In the middle of a line that the command has not ended yet, nothing of ours is written. */
	let isLineOpen = false;
	let isShown = false;
	const clear = (): void => {
		if (isShown) io.error('\r\u001b[K');
		isShown = false;
	};
	const passing =
		(write: (text: string) => void) =>
		(text: string): void => {
			clear();
			wroteAtMs = io.clock.monotonicMs();
			isLineOpen = !text.endsWith('\n') && !text.endsWith('\u001b[K') && text !== '';
			write(text);
		};
	const telling = (async () => {
		for (;;) {
			await io.clock.sleep(everyMs * 2, over.signal);
			if (over.signal.aborted) return;
			const nowMs = io.clock.monotonicMs();
			if (isLineOpen || nowMs - wroteAtMs < silenceMs) continue;
			isShown = true;
			io.error(`\r\u001b[Kkedge ${name}: at work for ${durationText(nowMs - beganAtMs)}`);
		}
	})();
	return {
		io: {...io, out: passing(io.out), error: passing(io.error)},
		end: async () => {
			over.abort();
			await telling;
			clear();
		},
	};
}

/** `checking every hash: 37 %, 370,000 of 1,000,000 entries, about 40 s left`. */
export function progressText(now: {
	readonly what: string;
	readonly done: number;
	readonly all: number;
	readonly unit?: string | undefined;
	/** Since it stood at `from`. */
	readonly tookMs: number;
	readonly from: number;
}): string {
	const {what, done, all, unit, tookMs, from} = now;
	const count = (value: number): string => (unit === 'bytes' ? String(Math.floor(value / 1e6)) : value.toLocaleString('en'));
	const name = unit === 'bytes' ? ' MB' : unit === undefined ? '' : ` ${unit}`;
	if (all <= 0) return done > 0 ? `${what}: ${count(done)}${name}` : what;
	const parts = [`${Math.min(100, Math.floor((done / all) * 100))} %`, `${count(done)} of ${count(all)}${name}`];
	if (tookMs >= guessMsMin && done > from && done < all) parts.push(`about ${durationText((tookMs * (all - done)) / (done - from))} left`);
	return `${what}: ${parts.join(', ')}`;
}

/** `40 s`, `3 min`, `2 h 5 min`. */
function durationText(ms: number): string {
	const seconds = Math.max(1, Math.round(ms / 1000));
	if (seconds < 100) return `${seconds} s`;
	const minutes = Math.round(seconds / 60);
	return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
