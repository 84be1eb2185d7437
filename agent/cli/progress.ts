// Says on a terminal how far something is that takes long: one line that is written over itself.

import type {Io} from './command.ts';

/** How often it is written. */
const everyMs = 500;
const width = 60;

export type Progress = {
	readonly show: (what: string, done: number, all: number) => void;
	/** Clears the line. */
	readonly end: () => void;
};

/** Silent where nobody looks: a file of lines that say 37 % helps nobody. */
export function createProgress(io: Io): Progress {
	let shownAtMs = io.clock.monotonicMs();
	let isOpen = false;
	return {
		show: (what, done, all) => {
			const nowMs = io.clock.monotonicMs();
			if (!io.isTerminal || nowMs - shownAtMs < everyMs) return;
			shownAtMs = nowMs;
			isOpen = true;
			const share = all === 0 ? '' : `: ${Math.floor((done / all) * 100)} %`;
			io.error(`\r${`${what}${share}`.padEnd(width)}`);
		},
		end: () => {
			if (isOpen) io.error(`\r${' '.repeat(width)}\r`);
			isOpen = false;
		},
	};
}
