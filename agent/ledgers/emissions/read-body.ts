// Turns the members of a statement's body into checked values; the first that does not fit ends the reading with a sentence.

import type {StatementBody} from '../../format/statement.ts';

/** A body that was read, or why it cannot stand. */
export type Checked<T> = {readonly value: T} | {readonly problem: string};

class BodyProblem extends Error {}

export function bodyProblem(sentence: string): never {
	throw new BodyProblem(sentence);
}

/** Runs `read`, and turns what bodyProblem said into a result: a body never throws. */
export function checked<T>(read: () => T): Checked<T> {
	try {
		return {value: read()};
	} catch (error) {
		if (error instanceof BodyProblem) return {problem: error.message};
		throw error;
	}
}

export type Members = {
	/** What is read, for sentences: `source "boiler"`. */
	readonly what: string;
	/** One line of at most `lengthMax` characters, not empty. */
	readonly text: (key: string, lengthMax: number) => string;
	readonly textMaybe: (key: string, lengthMax: number) => string | undefined;
	/** Fits the pattern. */
	readonly pattern: (key: string, pattern: RegExp, means: string) => string;
	/** A whole number within bounds. */
	readonly whole: (key: string, min: number, max: number) => number;
	readonly wholeMaybe: (key: string, min: number, max: number) => number | undefined;
	readonly oneOf: <const T extends string | number>(key: string, choices: readonly T[]) => T;
	readonly list: <T>(key: string, lengthMax: number, read: (item: unknown, at: number) => T) => T[];
	readonly object: (key: string, what: string) => Members;
	readonly has: (key: string) => boolean;
	/** Refuses any other key: a key with a typing error must not mean "left out". */
	readonly only: (...keys: readonly string[]) => void;
};

/** Reads a value that must be an object. */
export function membersOf(value: unknown, what: string): Members {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) bodyProblem(`${what} is not an object`);
	const fields = value as StatementBody;
	const get = (key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined);
	const has = (key: string): boolean => get(key) !== undefined;
	const text = (key: string, lengthMax: number): string => {
		const found = get(key);
		if (typeof found !== 'string' || found === '' || found.length > lengthMax || /[\p{Cc}\p{Surrogate}]/u.test(found))
			return bodyProblem(`${what}: ${key} is not one line of 1 to ${lengthMax} characters`);
		return found;
	};
	const whole = (key: string, min: number, max: number): number => {
		const found = get(key);
		if (typeof found !== 'number' || !Number.isSafeInteger(found) || found < min || found > max)
			return bodyProblem(`${what}: ${key} is not a whole number from ${min} to ${max}`);
		return found;
	};
	return {
		what,
		text,
		textMaybe: (key, lengthMax) => (has(key) ? text(key, lengthMax) : undefined),
		pattern: (key, pattern, means) => {
			const found = get(key);
			return typeof found === 'string' && pattern.test(found) ? found : bodyProblem(`${what}: ${key} is not ${means}`);
		},
		whole,
		wholeMaybe: (key, min, max) => (has(key) ? whole(key, min, max) : undefined),
		oneOf: (key, choices) => {
			const found = choices.find(choice => choice === get(key));
			return found ?? bodyProblem(`${what}: ${key} is not one of ${choices.join(', ')}`);
		},
		list: (key, lengthMax, read) => {
			const found = get(key);
			if (!Array.isArray(found)) return bodyProblem(`${what}: ${key} is not a list`);
			if (found.length > lengthMax) bodyProblem(`${what}: ${key} has ${found.length} items, more than ${lengthMax}`);
			return found.map(read);
		},
		object: (key, of) => membersOf(get(key), of),
		has,
		only: (...keys) => {
			const other = Object.keys(fields).find(key => has(key) && !keys.includes(key));
			if (other !== undefined) bodyProblem(`${what} has no key "${other.slice(0, 64)}"`);
		},
	};
}

/** ms since 1970 up to the end of the year 9999. */
export const timeMsMax = 253_402_300_799_999;

export const datePattern = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;

/** A date of the calendar, as `2026-01-31`. */
export function dateOf(members: Members, key: string): string {
	const text = members.pattern(key, datePattern, 'a date such as 2026-01-31');
	const time = new Date(`${text}T00:00:00Z`);
	return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text)
		? text
		: bodyProblem(`${members.what}: ${key} is no day of the calendar`);
}
