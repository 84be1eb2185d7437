// The one place that talks to a time-stamp authority: one POST a request, with a bound on everything [RFC 3161 §3.4].

import {concatBytes} from '../base/bytes.ts';
import {systemClock} from '../base/clock.ts';
import {AgentError, describeError} from '../base/errors.ts';
import {replyLengthMax} from '../format/timestamp-token.ts';

export type TimeAuthorityOptions = {
	/** http or https. What it holds beyond the host (keys, passwords) never gets into a message; a name and password in it are sent as Basic authentication. */
	readonly url: string;
	/** Bound on one request, connecting included. @default 10 000 */
	readonly timeoutMs?: number;
};

export type TimeAuthority = {
	/** Host and port, for messages. */
	readonly host: string;
	/** Sends a request, gives the bytes of the reply, at most 64 KiB. Rejects with AUTHORITY_UNREACHABLE. */
	readonly ask: (request: Uint8Array) => Promise<Uint8Array>;
	/** Gives up whatever is under way. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

const requestType = 'application/timestamp-query';
const replyType = 'application/timestamp-reply';

/** Fails with ARGUMENT_INVALID if the URL is none. Connects only when asked. */
export function openTimeAuthority({url, timeoutMs = 10_000}: TimeAuthorityOptions): TimeAuthority {
	const parsed = URL.canParse(url) ? new URL(url) : undefined;
	if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:')
		throw new AgentError('ARGUMENT_INVALID', 'the URL of a time-stamp authority is not one of http or https');
	const {host, username, password} = parsed;
	const headers: Record<string, string> = {'content-type': requestType, accept: replyType};
	if (username !== '' || password !== '') {
		headers.authorization = `Basic ${Buffer.from(`${plain(username)}:${plain(password)}`).toString('base64')}`;
		parsed.username = '';
		parsed.password = '';
	}
	const closing = new AbortController();
	const fail = (what: string, cause?: unknown): AgentError =>
		new AgentError('AUTHORITY_UNREACHABLE', `the time-stamp authority at ${host} ${what}`, cause === undefined ? {} : {cause});

	const askOnce = async (body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
		// A redirect leads to somebody whom nobody named.
		const response = await fetch(parsed, {method: 'POST', headers, body, redirect: 'manual', signal});
		const type = response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? 'no type';
		const refuse = async (what: string): Promise<never> => {
			await response.body?.cancel();
			throw fail(what);
		};
		if (response.status >= 300 && response.status < 400)
			return refuse(`redirects (HTTP ${response.status}), and redirects are not followed`);
		if (response.status !== 200) return refuse(`answers with HTTP ${response.status}`);
		// A page that explains something to people, most often.
		if (type !== replyType) return refuse(`answers with ${type.slice(0, 100)}, not with ${replyType}`);
		const parts: Uint8Array[] = [];
		let length = 0;
		for await (const part of response.body ?? []) {
			length += part.length;
			// Leaving the loop closes the connection.
			if (length > replyLengthMax) throw fail(`answers with more than ${replyLengthMax} bytes`);
			parts.push(part);
		}
		return concatBytes(...parts);
	};

	return {
		host,
		ask: async request => {
			// Not AbortSignal.any with AbortSignal.timeout: Node 20 may collect such a pair before it fires.
			const stop = new AbortController();
			const done = new AbortController();
			const close = (): void => stop.abort(new Error('the connection was closed'));
			if (closing.signal.aborted) close();
			closing.signal.addEventListener('abort', close, {once: true});
			void systemClock.sleep(timeoutMs, done.signal).then(() => {
				if (!done.signal.aborted) stop.abort(new Error(`no answer within ${timeoutMs} ms`));
			});
			try {
				return await askOnce(request, stop.signal);
			} catch (error) {
				if (error instanceof AgentError) throw error;
				const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
				throw fail(`does not answer: ${describeError(reason)}`, error);
			} finally {
				done.abort();
				closing.signal.removeEventListener('abort', close);
			}
		},
		[Symbol.asyncDispose]: async () => closing.abort(),
	};
}

/** A part of a URL without its escapes; as it is where they are none. */
function plain(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
