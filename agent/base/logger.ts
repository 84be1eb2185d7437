// One line per event, for people and for journald alike.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Logger = {
	/** `event` is a short constant phrase; `fields` carry the values. Never put a payload or a key in either. */
	readonly log: (level: LogLevel, event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>) => void;
};

const ranks: Record<LogLevel, number> = {debug: 0, info: 1, warn: 2, error: 3};

/** JSON leaves the control characters above ASCII as they are, and a terminal obeys some of them. */
function quoted(text: string): string {
	return JSON.stringify(text).replace(
		/[\u007f-\u009f\u2028\u2029]/g,
		character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

/** Whether the journal is what reads a stream, by what systemd says of it and what it is: a terminal may inherit the word, and is none [systemd.exec(5), $JOURNAL_STREAM]. */
export function isJournal(said: string | undefined, stream: {readonly dev: number; readonly ino: number}): boolean {
	return said === `${stream.dev}:${stream.ino}`;
}

/** What stands for them in front of a line that journald reads [sd-daemon(3)]: it files the line by that, and does not show it. */
const priorities: Record<LogLevel, number> = {debug: 7, info: 6, warn: 4, error: 3};

/**
 * Writes lines `LEVEL event key=value …` of at least `levelMin`; text with spaces or quotes is quoted, so that a line is always one line. With a clock each begins with
 * the time in UTC; for `journal`, which stamps what it reads, with the priority.
 */
export function createLineLogger(write: (line: string) => void, levelMin: LogLevel, front?: (() => number) | 'journal'): Logger {
	return {
		log: (level, event, fields = {}) => {
			if (ranks[level] < ranks[levelMin]) return;
			const begin = front === undefined ? '' : front === 'journal' ? `<${priorities[level]}>` : `${new Date(front()).toISOString()} `;
			let line = `${begin}${level.padEnd(5)} ${event}`;
			for (const [key, value] of Object.entries(fields)) {
				if (value === undefined) continue;
				const text = String(value);
				line += ` ${key}=${/^[\w.:/@+-]+$/.test(text) ? text : quoted(text)}`;
			}
			write(`${line}\n`);
		},
	};
}

export const silentLogger: Logger = {log: () => {}};
