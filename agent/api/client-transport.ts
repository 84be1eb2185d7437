// Carries the requests of the generated client: by fetch, with problems as errors, pages as one long list, and events that go on after a break.

import {systemClock} from '../base/clock.ts';
import type {Event, Problem} from './client.ts';

export type ClientOptions = {
	/** The token, or what gives the one that holds now. */
	readonly token?: string | (() => string | undefined | Promise<string | undefined>);
	/** How long an answer may take, in ms. @default 30000 */
	readonly timeoutMs?: number;
	/** Instead of the global one. */
	readonly fetch?: typeof fetch;
};

export type CallOptions = {readonly signal?: AbortSignal};

/** What an operation is called by. */
export type Operation = {
	readonly method: string;
	readonly path: string;
	readonly queryNames: readonly string[];
	/** Header by the name that the client has for it. */
	readonly headerNames: Readonly<Record<string, string>>;
	readonly isText: boolean;
};

export type Request = Readonly<Record<string, unknown>>;

/** The server answered with a problem document [RFC 9457]. */
export class MarketProblem extends Error {
	override readonly name = 'MarketProblem';
	readonly code: Problem['code'];
	readonly status: number;
	readonly problem: Problem;
	/** Seconds after which it is worth asking again, where the server said so. */
	readonly retryAfterS: number | undefined;

	constructor(problem: Problem, retryAfterS: number | undefined) {
		super(`${problem.title}: ${problem.detail}`);
		this.code = problem.code;
		this.status = problem.status;
		this.problem = problem;
		this.retryAfterS = retryAfterS;
	}
}

/** No answer, or one that is none of this interface. */
export class MarketUnreachable extends Error {
	override readonly name = 'MarketUnreachable';
}

export type Transport = {
	readonly call: (operation: Operation, request: Request, options?: CallOptions) => Promise<unknown>;
	readonly pages: (operation: Operation, request: Request, options?: CallOptions) => AsyncIterable<unknown>;
	readonly events: (operation: Operation, request: Request, options?: CallOptions) => AsyncIterable<Event>;
};

const retryMsMin = 500;
const retryMsMax = 30_000;
/** A server that says nothing for three heartbeats is gone. */
const silenceMsMax = 50_000;
/** Characters of one event. */
const eventLengthMax = 1_048_576;

export function createTransport(url: string, options: ClientOptions = {}): Transport {
	const base = url.replace(/\/+$/, '');
	const send = options.fetch ?? fetch;
	const timeoutMs = options.timeoutMs ?? 30_000;

	const open = async (
		operation: Operation,
		request: Request,
		signal: AbortSignal,
		extra: Record<string, string> = {},
	): Promise<Response> => {
		const token = typeof options.token === 'function' ? await options.token() : options.token;
		const headers: Record<string, string> = {...extra};
		if (token !== undefined) headers.authorization = `Bearer ${token}`;
		if (request.body !== undefined) headers['content-type'] = 'application/json';
		for (const [name, header] of Object.entries(operation.headerNames))
			if (request[name] !== undefined) headers[header] = String(request[name]);
		let response: Response;
		try {
			response = await send(`${base}${addressOf(operation, request)}`, {
				method: operation.method,
				headers,
				signal,
				...(request.body === undefined ? {} : {body: JSON.stringify(request.body)}),
			});
		} catch (error) {
			throw new MarketUnreachable(`no answer from ${base}`, {cause: error});
		}
		if (response.ok) return response;
		throw await problemOf(response, base);
	};

	const call: Transport['call'] = async (operation, request, {signal} = {}) => {
		const timeout = AbortSignal.timeout(timeoutMs);
		const response = await open(operation, request, signal === undefined ? timeout : AbortSignal.any([signal, timeout]));
		try {
			return operation.isText ? await response.text() : await response.json();
		} catch (error) {
			throw new MarketUnreachable(`the answer from ${base} broke off`, {cause: error});
		}
	};

	return {
		call,
		pages: async function* (operation, request, callOptions) {
			let cursor: string | undefined;
			do {
				const page = (await call(operation, cursor === undefined ? request : {...request, cursor}, callOptions)) as {
					readonly items: readonly unknown[];
					readonly next?: string;
				};
				yield* page.items;
				cursor = page.next;
			} while (cursor !== undefined);
		},
		events: async function* (operation, request, {signal} = {}) {
			let lastId: string | undefined = request.after === undefined ? undefined : String(request.after);
			let retryMs = retryMsMin;
			const {after: _, ...rest} = request;
			const isOver = (): boolean => signal?.aborted === true;
			while (!isOver()) {
				const silence = new AbortController();
				const stop = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
				try {
					const response = await open(operation, rest, stop, lastId === undefined ? {} : {'last-event-id': lastId});
					for await (const block of blocksOf(response, silence)) {
						retryMs = retryMsMin;
						if (block.id !== undefined) lastId = block.id;
						if (block.data === undefined) continue;
						// The server says that it ends here: it can be resumed.
						if (block.event === 'end') break;
						yield JSON.parse(block.data) as Event;
					}
				} catch (error) {
					if (isOver()) return;
					const isTemporary = !(error instanceof MarketProblem) || error.status === 429 || error.status >= 500;
					if (!isTemporary) throw error;
					if (error instanceof MarketProblem && error.retryAfterS !== undefined) retryMs = Math.min(error.retryAfterS * 1000, retryMsMax);
				} finally {
					silence.abort();
				}
				await systemClock.sleep(retryMs, signal);
				retryMs = Math.min(2 * retryMs, retryMsMax);
			}
		},
	};
}

function addressOf({path, queryNames}: Operation, request: Request): string {
	const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(request[name])));
	const query = new URLSearchParams();
	for (const name of queryNames) if (request[name] !== undefined) query.set(name, String(request[name]));
	return query.size === 0 ? filled : `${filled}?${query}`;
}

async function problemOf(response: Response, base: string): Promise<Error> {
	const text = await response.text().catch(() => '');
	const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
	if (response.headers.get('content-type')?.startsWith('application/problem+json') === true) {
		try {
			return new MarketProblem(JSON.parse(text) as Problem, Number.isFinite(retryAfter) ? retryAfter : undefined);
		} catch {
			// What claims to be a problem and is not even JSON is told as what it is, below.
		}
	}
	return new MarketUnreachable(`${base} answered ${response.status}, and no problem document: ${text.slice(0, 200)}`);
}

export type EventBlock = {readonly id: string | undefined; readonly event: string | undefined; readonly data: string | undefined};

/** The blocks of an event stream [WHATWG HTML §9.2.6], those without data too. */
async function* blocksOf(response: Response, silence: AbortController): AsyncIterable<EventBlock> {
	if (response.body === null) return;
	const decoder = new TextDecoder();
	const parser = createBlockParser();
	let timer: ReturnType<typeof setTimeout> | undefined;
	const heard = (): void => {
		clearTimeout(timer);
		timer = setTimeout(() => silence.abort(new Error('the stream fell silent')), silenceMsMax);
	};
	heard();
	try {
		for await (const chunk of response.body) {
			heard();
			yield* parser.push(decoder.decode(chunk as Uint8Array, {stream: true}));
		}
	} finally {
		clearTimeout(timer);
	}
}

/** Parses text as it comes, cut anywhere. Throws for an event that is too long. */
export function createBlockParser(): {readonly push: (text: string) => EventBlock[]} {
	let rest = '';
	let block: {id?: string; event?: string; data?: string} = {};
	let isBegun = false;
	return {
		push: text => {
			// A byte order mark may stand at the very beginning.
			rest += isBegun ? text : text.replace(/^\ufeff/, '');
			if (text !== '') isBegun = true;
			const blocks: EventBlock[] = [];
			for (;;) {
				const end = /\r\n|\n|\r/.exec(rest);
				// A lone CR at the very end may be half of a line end.
				if (end === null || (end[0] === '\r' && end.index === rest.length - 1)) break;
				const line = rest.slice(0, end.index);
				rest = rest.slice(end.index + end[0].length);
				if (line === '') {
					if (Object.keys(block).length > 0) blocks.push({id: block.id, event: block.event, data: block.data});
					block = {};
					continue;
				}
				const colon = line.indexOf(':');
				const name = colon < 0 ? line : line.slice(0, colon);
				const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
				if (name === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`;
				else if (name === 'event') block.event = value;
				else if (name === 'id' && !value.includes('\0')) block.id = value;
			}
			if (rest.length + (block.data?.length ?? 0) > eventLengthMax)
				throw new MarketUnreachable(`an event is longer than ${eventLengthMax} characters`);
			return blocks;
		},
	};
}
