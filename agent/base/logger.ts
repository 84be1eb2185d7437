// One line per event, for people and for journald alike.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Logger = {
	/** `event` is a short constant phrase; `fields` carry the values. Never put a payload or a key in either. */
	readonly log: (level: LogLevel, event: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>) => void;
};

const ranks: Record<LogLevel, number> = {debug: 0, info: 1, warn: 2, error: 3};

/** Writes lines `LEVEL event key=value …` of at least `levelMin`; text with spaces or quotes is quoted. */
export function createLineLogger(write: (line: string) => void, levelMin: LogLevel): Logger {
	return {
		log: (level, event, fields = {}) => {
			if (ranks[level] < ranks[levelMin]) return;
			let line = `${level.padEnd(5)} ${event}`;
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
