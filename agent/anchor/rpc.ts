// Turns a JSON-RPC method and its parameters into what one node answers over HTTP, or into a sentence that says why it does not.

import {systemClock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';

/** What a node says when it will not do what it was asked. */
export type Refusal = {readonly code: number | undefined; readonly message: string; readonly data: string | undefined};

export type Rpc = {
	/** Host and port. What the address holds beyond them (keys, passwords) never gets into a message. */
	readonly host: string;
	/** The node's answer, or its own error. Fails with CHAIN_UNREACHABLE if there was neither. */
	readonly ask: (method: string, params: readonly unknown[]) => Promise<{readonly value: unknown} | {readonly refusal: Refusal}>;
	/** Gives up whatever is under way. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** No answer that we ask for comes near this; a hostile node could send gigabytes. */
const answerLengthMax = 4 * 1024 * 1024;
/** But what all transactions of a block did: a block of 60 million gas has room for 7.5 MB of events [EIP-2028], twice that in hexadecimal. */
const longAnswerLengthMax = 16 * 1024 * 1024;
const longMethods: readonly string[] = ['eth_getBlockReceipts'];
const refusalLengthMax = 500;

/** Reaches one node. Nothing is sent before the first question. Fails with CONFIG_INVALID. */
export function openRpc(options: {readonly url: string; readonly timeoutMs: number}): Rpc {
	const {timeoutMs} = options;
	const {url, host, headers} = addressOf(options.url);
	/** Of the requests that are under way. */
	const underway = new Set<AbortController>();
	let isClosed = false;
	let asked = 0;
	return {
		host,
		ask: async (method, params) => {
			if (isClosed) throw new AgentError('CHAIN_UNREACHABLE', `the connection to the chain at ${host} is closed`);
			asked += 1;
			const id = asked;
			const body = JSON.stringify({jsonrpc: '2.0', id, method, params});
			const lengthMax = longMethods.includes(method) ? longAnswerLengthMax : answerLengthMax;
			const giveUp = new AbortController();
			underway.add(giveUp);
			try {
				const text = await inTime(giveUp, timeoutMs, () => post(url, {headers, body, lengthMax, signal: giveUp.signal}));
				return answerOf(text, id);
			} catch (error) {
				throw new AgentError('CHAIN_UNREACHABLE', `the chain at ${host} did not answer ${method}: ${reasonOf(error, timeoutMs)}`, {
					hint: 'check that the node runs and that its address is right; the same request is made again',
					cause: error instanceof Error ? error.cause : undefined,
				});
			} finally {
				underway.delete(giveUp);
			}
		},
		[Symbol.asyncDispose]: async () => {
			isClosed = true;
			for (const giveUp of underway) giveUp.abort(new Error('the connection was closed'));
		},
	};
}

/** Host and port of an address, fit for sentences. Fails with CONFIG_INVALID. */
export function hostOf(url: string): string {
	return addressOf(url).host;
}

/** The same text for all spellings of the address of one node, whoever asks there. Fails with CONFIG_INVALID. */
export function nodeOf(url: string): string {
	const {host, pathname, search, protocol} = new URL(addressOf(url).url);
	return `${protocol}//${host.replace(/\.(?=$|:)/, '')}${pathname.replace(/\/+$/, '')}${search}`;
}

/** An address without what must not be in one: user and password go into a header, everything else stays. */
function addressOf(url: string): {readonly url: string; readonly host: string; readonly headers: Record<string, string>} {
	let parsed: URL;
	try {
		parsed = new URL(url);
	} catch {
		throw new AgentError('CONFIG_INVALID', 'the address of the chain is not a URL', {hint: 'write it like http://127.0.0.1:8545'});
	}
	if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
		throw new AgentError('CONFIG_INVALID', `the chain at ${parsed.host} must be reached by http or https, not ${parsed.protocol}`);
	}
	const headers: Record<string, string> = {'content-type': 'application/json'};
	if (parsed.username !== '') {
		const credentials = `${unescaped(parsed.username)}:${unescaped(parsed.password)}`;
		headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
	}
	parsed.username = '';
	parsed.password = '';
	return {url: parsed.href, host: parsed.host, headers};
}

/** A part of a URL without its escapes; as it is where they are none. */
function unescaped(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/**
 * Gives work up after `timeoutMs`. Not by AbortSignal.timeout with AbortSignal.any: Node 20 lets the garbage collector take such a pair before it fires, and a signal
 * of the connection would keep a little of each request for as long as the agent runs.
 */
async function inTime<T>(giveUp: AbortController, timeoutMs: number, work: () => Promise<T>): Promise<T> {
	const done = new AbortController();
	void systemClock.sleep(timeoutMs, done.signal).then(() => {
		if (!done.signal.aborted) giveUp.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'));
	});
	try {
		return await work();
	} finally {
		done.abort();
	}
}

/** One POST: no redirects, no second attempt, a bound on the time and on the length of the answer. */
async function post(
	url: string,
	options: {
		readonly headers: Record<string, string>;
		readonly body: string;
		readonly lengthMax: number;
		readonly signal: AbortSignal;
	},
): Promise<string> {
	const {headers, body, lengthMax, signal} = options;
	const response = await fetch(url, {method: 'POST', headers, body, redirect: 'error', signal});
	const parts: Uint8Array[] = [];
	let length = 0;
	for await (const part of response.body ?? []) {
		length += part.length;
		if (length > lengthMax) throw new Error(`the answer is longer than ${lengthMax} bytes`);
		parts.push(part);
	}
	const text = Buffer.concat(parts).toString();
	// Some providers put a JSON-RPC error under an HTTP error. The former says more.
	const isExplained = response.status !== 429 && /^\s*\{/.test(text) && text.includes('"error"');
	if (!response.ok && !isExplained)
		throw new Error(`HTTP ${response.status}${response.statusText === '' ? '' : ` ${response.statusText}`}`);
	return text;
}

/** The one answer in a text [JSON-RPC 2.0 §5]. */
function answerOf(text: string, id: number): {readonly value: unknown} | {readonly refusal: Refusal} {
	const parsed = parsedObject(text);
	if (parsed === undefined) throw new Error('what came back is not an answer in JSON');
	// An error that came before the request was read has no id.
	if (parsed.error !== undefined && parsed.error !== null) {
		const refusal = refusalOf(parsed.error);
		if (refusal === undefined) throw new Error('its error has no message');
		return {refusal};
	}
	if (parsed.id !== id) throw new Error('what came back answers another request');
	if (parsed.result === undefined) throw new Error('what came back has neither a result nor an error');
	return {value: parsed.result};
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
	try {
		const parsed: unknown = JSON.parse(text);
		return typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : undefined;
	} catch {
		return undefined;
	}
}

function refusalOf(found: unknown): Refusal | undefined {
	if (typeof found !== 'object' || found === null) return undefined;
	const {code, message, data} = found as {code?: unknown; message?: unknown; data?: unknown};
	if (typeof message !== 'string') return undefined;
	// Some nodes put what a contract reverted with one level deeper.
	const nested = (data as {data?: unknown} | null | undefined)?.data;
	const bytes = [data, nested].find(value => typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value));
	return {
		code: typeof code === 'number' ? code : undefined,
		message: message.slice(0, refusalLengthMax),
		data: bytes as string | undefined,
	};
}

/** Why a request failed, in a few words that never hold the address's path or the request. */
function reasonOf(error: unknown, timeoutMs: number): string {
	if (!(error instanceof Error)) return 'unknown reason';
	if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
	const {cause} = error;
	const causeCode = (cause as {code?: unknown} | undefined)?.code;
	if (typeof causeCode === 'string') return causeCode;
	return cause instanceof Error ? cause.message : error.message;
}
