// One line per event, for people and for journald alike.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Logger = {
	/** `event` is a short constant phrase; `fields` carry the values. Never put a payload or a key in either. */
	readonly log: (level: LogLevel, event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>) => void;
};

const ranks: Record<LogLevel, number> = {debug: 0, info: 1, warn: 2, error: 3};

/**
 * Writes lines `LEVEL event key=value …` of at least `levelMin`; text with spaces or quotes is quoted. With `nowMs` each begins with the time in UTC: for where nobody else
 * writes it down, as journald does.
 */
export function createLineLogger(write: (line: string) => void, levelMin: LogLevel, nowMs?: () => number): Logger {
	return {
		log: (level, event, fields = {}) => {
			if (ranks[level] < ranks[levelMin]) return;
			let line = `${nowMs === undefined ? '' : `${new Date(nowMs()).toISOString()} `}${level.padEnd(5)} ${event}`;
			for (const [key, value] of Object.entries(fields)) {
				if (value === undefined) continue;
				const text = String(value);
				line += ` ${key}=${/^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text)}`;
			}
			write(`${line}\n`);
		},
	};
}

export const silentLogger: Logger = {log: () => {}};
