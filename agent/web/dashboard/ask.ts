// Asks the agent that served the page, and turns what it answers into values or into problems that can be shown.

/** The agent answered with a problem document, or not at all (`unreachable`). */
export class AskProblem extends Error {
	override readonly name = 'AskProblem';
	readonly code: string;
	readonly status: number;
	/** Seconds after which it is worth asking again, where the agent said so. */
	readonly retryAfterS: number | undefined;
	/** What the document says beside, as it stands there. */
	readonly members: Readonly<Record<string, unknown>>;

	constructor(code: string, detail: string, status: number, retryAfterS?: number, members: Readonly<Record<string, unknown>> = {}) {
		super(detail);
		this.code = code;
		this.status = status;
		this.retryAfterS = retryAfterS;
		this.members = members;
	}
}

export type AskOptions = {
	readonly method?: 'GET' | 'POST' | 'DELETE';
	readonly body?: unknown;
	/** Of a trader who signed in with a wallet: the request is then his, and not that of the session. */
	readonly token?: string | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Told of the headers of an answer that went well. */
	readonly heard?: ((headers: Headers) => void) | undefined;
};

/** What went wrong, whatever was thrown. */
export const problemFrom = (error: unknown): AskProblem =>
	error instanceof AskProblem ? error : new AskProblem('unreachable', String(error), 0);

const timeoutMs = 30_000;

/** Paths begin behind /v1. Fails with AskProblem, or as the signal says. */
export function ask<T>(path: string, options: AskOptions = {}): Promise<T> {
	return answerTo(path, options, response => response.json() as Promise<T>);
}

/** The same for what is a file. */
export function askText(path: string, options: AskOptions = {}): Promise<string> {
	return answerTo(path, options, response => response.text());
}

async function answerTo<T>(path: string, options: AskOptions, read: (response: Response) => Promise<T>): Promise<T> {
	const {method = 'GET', body, token, signal, heard} = options;
	const timeout = AbortSignal.timeout(timeoutMs);
	let response: Response;
	try {
		response = await fetch(`/v1${path}`, {
			method,
			credentials: token === undefined ? 'same-origin' : 'omit',
			headers: {
				...(body === undefined ? {} : {'content-type': 'application/json'}),
				...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
			},
			...(body === undefined ? {} : {body: JSON.stringify(body)}),
			signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
		});
	} catch (error) {
		if (signal?.aborted === true) throw error;
		throw new AskProblem('unreachable', error instanceof Error ? error.message : String(error), 0);
	}
	if (!response.ok) throw await problemOf(response);
	heard?.(response.headers);
	try {
		return await read(response);
	} catch (error) {
		if (signal?.aborted === true) throw error;
		throw new AskProblem('unreachable', 'the answer broke off', response.status);
	}
}

async function problemOf(response: Response): Promise<AskProblem> {
	const answer: unknown = await response.json().catch(() => undefined);
	const found = typeof answer === 'object' && answer !== null ? (answer as Readonly<Record<string, unknown>>) : undefined;
	const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
	const code = typeof found?.code === 'string' ? found.code : 'unreachable';
	const detail = typeof found?.detail === 'string' ? found.detail : `${response.status} ${response.statusText}`;
	return new AskProblem(code, detail, response.status, Number.isFinite(wait) ? wait : undefined, found);
}

/** A path with its words and its query written as they must be. */
export function pathOf(words: readonly (string | number)[], query: Readonly<Record<string, string | number | undefined>> = {}): string {
	const path = words.map(word => `/${encodeURIComponent(word)}`).join('');
	const asked = Object.entries(query).filter((one): one is [string, string | number] => one[1] !== undefined);
	return asked.length === 0 ? path : `${path}?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)]))}`;
}

/** What was asked for, as far as it is known; `value` stays while it is asked for again. */
export type Asked<T> = {
	readonly value: T | undefined;
	readonly problem: AskProblem | undefined;
	readonly isAsking: boolean;
	/** Asks now; what an earlier request still brings is thrown away. */
	readonly again: (ask?: (signal: AbortSignal) => Promise<T>) => Promise<void>;
	/** What it had was of something else: nothing is known any more. */
	readonly forget: () => void;
	readonly stop: () => void;
};

export function createAsked<T>(first: (signal: AbortSignal) => Promise<T>, changed: () => void): Asked<T> {
	let how = first;
	let running: AbortController | undefined;
	const asked = {
		value: undefined as T | undefined,
		problem: undefined as AskProblem | undefined,
		isAsking: false,
		again: async (next?: (signal: AbortSignal) => Promise<T>): Promise<void> => {
			if (next !== undefined) how = next;
			running?.abort();
			const mine = new AbortController();
			running = mine;
			asked.isAsking = true;
			changed();
			try {
				const value = await how(mine.signal);
				if (running !== mine) return;
				asked.value = value;
				asked.problem = undefined;
			} catch (error) {
				if (running !== mine) return;
				asked.problem = problemFrom(error);
			}
			running = undefined;
			asked.isAsking = false;
			changed();
		},
		forget: () => {
			asked.value = undefined;
			asked.problem = undefined;
		},
		stop: () => {
			running?.abort();
			running = undefined;
		},
	};
	return asked;
}
