// What a command is, and how its words are read.

import {parseArgs} from 'node:util';
import type {Clock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';

/** Exit codes, documented in OPERATING.md: 1 is an answer, the others are reasons why there is none. */
export const exitCodes = {
	ok: 0,
	/** The answer is no: a verdict that is not good, an audit with problems, a judge who found something. */
	no: 1,
	/** Remedy `drop`: the words, the config or the file are wrong. */
	drop: 2,
	/** Remedy `retry`: the world did not answer. */
	retry: 3,
	/** Remedy `restart`: the agent stopped because it no longer knew its state. */
	restart: 4,
	/** The log is frozen: it contradicts what was released. */
	frozen: 5,
} as const;

export type Io = {
	readonly out: (text: string) => void;
	readonly error: (text: string) => void;
	readonly isTerminal: boolean;
	/** Aborts at SIGINT, SIGTERM or SIGHUP. */
	readonly signal: AbortSignal;
	readonly clock: Clock;
};

export type OptionSpec = {
	readonly type: 'string' | 'boolean';
	/** What stands for the value in the help. */
	readonly value?: string;
	readonly help: string;
	readonly short?: string;
	readonly multiple?: boolean;
};

export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export type Command = {
	readonly name: string;
	/** Words behind the name, such as `FILE…`. */
	readonly usage: string;
	/** Whether there are words that are no options. @default false */
	readonly takesWords?: boolean;
	/** Sentences under the usage. */
	readonly details: readonly string[];
	readonly options: Readonly<Record<string, OptionSpec>>;
	readonly run: (words: {readonly values: Values; readonly positionals: readonly string[]}, io: Io) => Promise<number>;
};

export const configOption = {
	config: {type: 'string', value: 'FILE', help: 'the config file (default: kedge.yaml)'},
} as const satisfies Record<string, OptionSpec>;

export const configDefault = 'kedge.yaml';

export function helpText(command: Command): string {
	const options = [...Object.entries(command.options), ['help', {type: 'boolean', help: 'print this', short: 'h'}] as const].map(
		([name, spec]) => {
			const left = `  --${name}${spec.type === 'string' ? ` ${spec.value ?? 'VALUE'}` : ''}`;
			return `${left.padEnd(28)}${spec.help}`;
		},
	);
	return [
		`kedge ${command.name}${command.usage === '' ? '' : ` ${command.usage}`}`,
		'',
		...command.details,
		'',
		'Options:',
		...options,
		'',
	].join('\n');
}

/** Reads the words behind a command's name. Fails with ARGUMENT_INVALID. */
export function readWords(command: Command, words: readonly string[]): {readonly values: Values; readonly positionals: readonly string[]} {
	let read: {readonly values: Values; readonly positionals: readonly string[]};
	try {
		const options = Object.fromEntries(
			Object.entries({...command.options, help: {type: 'boolean', help: '', short: 'h'} as OptionSpec}).map(([name, spec]) => [
				name,
				{
					type: spec.type,
					...(spec.short === undefined ? {} : {short: spec.short}),
					...(spec.multiple === undefined ? {} : {multiple: spec.multiple}),
				},
			]),
		);
		const {values, positionals} = parseArgs({args: [...words], options, allowPositionals: true, strict: true});
		read = {values: values as Values, positionals};
	} catch (error) {
		throw usageError(command, error instanceof Error ? error.message.split('. To specify')[0]! : String(error));
	}
	// `kedge run other.yaml` must not run the config that happens to lie here.
	if (command.takesWords !== true && read.positionals.length > 0) throw usageError(command, `does not know "${read.positionals[0]}"`);
	return read;
}

/** How people call us here: from a clone the command is npm's to find. */
export function commandName(): string {
	return process.env.npm_command === 'exec' ? 'npx kedge' : 'kedge';
}

export function usageError(command: Pick<Command, 'name'>, problem: string): AgentError {
	return new AgentError('ARGUMENT_INVALID', `kedge ${command.name}: ${problem}`, {hint: `See: kedge ${command.name} --help`});
}

export function textOf(values: Values, name: string): string | undefined {
	const value = values[name];
	return typeof value === 'string' ? value : undefined;
}

/** An option that there must be. Fails with ARGUMENT_INVALID. */
export function needed(command: Pick<Command, 'name'>, values: Values, name: string): string {
	const text = textOf(values, name);
	if (text === undefined) throw usageError(command, `needs --${name}`);
	return text;
}

/** The one word that a command takes beside its options; what it is, the usage says first. Fails with ARGUMENT_INVALID. */
export function oneWord(command: Pick<Command, 'name' | 'usage'>, positionals: readonly string[]): string {
	const [word, ...others] = positionals;
	if (word === undefined || others.length > 0) throw usageError(command, `takes one ${command.usage.split(' ')[0]}`);
	return word;
}

export function isSet(values: Values, name: string): boolean {
	return values[name] === true;
}

/** A whole number from 0 on. Fails with ARGUMENT_INVALID. */
export function countOf(command: Pick<Command, 'name'>, what: string, text: string): number {
	if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text)) throw usageError(command, `${what} "${text}" is not a whole number`);
	return Number(text);
}

/** A time as people and machines write it: ISO 8601 (without a zone it is UTC), or ms since 1970. Fails with ARGUMENT_INVALID. */
export function timeOf(command: Pick<Command, 'name'>, what: string, text: string): number {
	if (/^[0-9]{10,15}$/.test(text)) return Number(text);
	const found = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
	const timeMs = found === null ? Number.NaN : Date.parse(`${found[1]}T${found[2] ?? '00:00'}${found[3] ?? 'Z'}`);
	if (Number.isNaN(timeMs)) throw usageError(command, `${what} "${text}" is not a time such as 2026-11-22T18:00:00Z`);
	return timeMs;
}

const unitsMs: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000};

/** A duration such as 60s, 5m or 2h, in ms. Fails with ARGUMENT_INVALID. */
export function durationOf(command: Pick<Command, 'name'>, what: string, text: string): number {
	const found = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/.exec(text);
	if (found === null) throw usageError(command, `${what} "${text}" is not a duration such as 60s, 5m or 2h`);
	return Number(found[1]) * unitsMs[found[2]!]!;
}

/**
 * Aborts when `io.signal` does, or after `durationMs`. Not AbortSignal.any with AbortSignal.timeout: Node 20 lets the garbage collector take such a pair before it
 * fires (seen on 20.20).
 */
export function endingAfter(io: Pick<Io, 'signal'>, durationMs: number | undefined): AbortSignal {
	if (durationMs === undefined) return io.signal;
	const ending = new AbortController();
	const timer = setTimeout(() => ending.abort(), durationMs);
	io.signal.addEventListener('abort', () => {
		clearTimeout(timer);
		ending.abort();
	});
	return ending.signal;
}

/** `1 message`, `2 messages`. */
export function counted(count: number, one: string): string {
	return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** How long ago something was, by the largest unit that it has two of: `90 s ago`, `2 min ago`. A clock that was set back makes it now. */
export function ageText(ageMs: number): string {
	const seconds = Math.max(0, Math.floor(ageMs / 1000));
	if (seconds < 120) return `${seconds} s ago`;
	if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min ago`;
	return seconds < 2 * 86_400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} days ago`;
}
