// Has transactions signed by a program elsewhere that holds the anchoring key, over web3signer's `eth_signTransaction`, and believes nothing that comes back.

import {type RequestOptions as HttpOptions, request as httpRequest} from 'node:http';
import {type RequestOptions as HttpsOptions, request as httpsRequest} from 'node:https';
import {BlockList, isIP} from 'node:net';
import {systemClock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import {checkSigned} from './chain.ts';
import type {Signer, UnsignedTransaction} from './keystore.ts';

export type RemoteSignerOptions = {
	/** https, or http under the rules of `signerUrlProblem`. What it holds beyond the host never gets into a message. */
	readonly url: string;
	/** The account that signs, 0x and 40 hexadecimal digits: pinned, so that a signer with other keys is of no use. */
	readonly address: string;
	/** http to a host of a private network as well. @default false: to this machine only */
	readonly plaintext?: boolean;
	/** PEM texts. `ca` in place of the authorities that Node knows; certificate and key for a signer that asks who we are. */
	readonly tls?: {readonly ca?: string; readonly certificate?: string; readonly key?: string};
	/** Bound on one request, connecting included. @default 10 000 */
	readonly timeoutMs?: number;
	/** Ends what is under way. */
	readonly signal?: AbortSignal;
};

/** A signed transaction of ours is 50 kB at most, when it deploys; in hexadecimal digits twice that. */
const answerLengthMax = 256 * 1024;
/** The words of a signer are quoted no further than this. */
const wordsLengthMax = 200;
/** JSON-RPC 2.0 §5.1: the signer's own trouble, which may pass. */
const internalError = -32603;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
/** RFC 1918 §3, RFC 3927, RFC 4193, RFC 4291 §2.5.6. */
const privateNetworks = new BlockList();
for (const [network, prefix] of [
	['10.0.0.0', 8],
	['172.16.0.0', 12],
	['192.168.0.0', 16],
	['169.254.0.0', 16],
] as const)
	privateNetworks.addSubnet(network, prefix, 'ipv4');
privateNetworks.addSubnet('fc00::', 7, 'ipv6');
privateNetworks.addSubnet('fe80::', 10, 'ipv6');

/**
 * Why a signer must not be asked at this URL; undefined if it may. Without TLS anybody on the way can have our transactions signed by the same signer: only to this machine, or, with
 * `plaintext`, to a private network. Whether a host name lies in one is the owner's word.
 */
export function signerUrlProblem(url: string, plaintext = false): string | undefined {
	let parsed: URL;
	try {
		parsed = new URL(url);
	} catch {
		return 'it is not a URL such as https://signer.lan:9000';
	}
	const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
	if (parsed.protocol === 'https:') return undefined;
	if (parsed.protocol !== 'http:') return `a signer is asked by http or https, not by ${parsed.protocol}`;
	const version = isIP(host);
	const family = version === 6 ? 'ipv6' : 'ipv4';
	if (host === 'localhost' || (version !== 0 && loopback.check(host, family))) return undefined;
	if (!plaintext)
		return `${host} is more than this machine, and http is not encrypted: use https, or "plaintext: true" inside of a private network`;
	if (version !== 0 && !privateNetworks.check(host, family)) return `${host} is no address of a private network: use https`;
	return undefined;
}

/** A signer elsewhere. Asks nothing before the first transaction. Fails with CONFIG_INVALID; signing with SIGNER_UNREACHABLE, or with KEY_INVALID if another transaction came back. */
export function openRemoteSigner(options: RemoteSignerOptions): Signer {
	const {url, plaintext = false, tls = {}, timeoutMs = 10_000, signal} = options;
	const problem = signerUrlProblem(url, plaintext);
	if (problem !== undefined) throw new AgentError('CONFIG_INVALID', `the remote signer cannot be asked: ${problem}`);
	if (!/^0x[0-9a-fA-F]{40}$/.test(options.address))
		throw new AgentError('CONFIG_INVALID', `"${options.address}" is not the address of a signer: 0x and 40 hexadecimal digits`);
	if ((tls.certificate === undefined) !== (tls.key === undefined))
		throw new AgentError('CONFIG_INVALID', 'a client certificate for the remote signer needs its key, and the key its certificate');
	const address = options.address.toLowerCase();
	const target = new URL(url);
	const secure: HttpsOptions = {
		minVersion: 'TLSv1.2',
		...(tls.ca === undefined ? {} : {ca: tls.ca}),
		...(tls.certificate === undefined ? {} : {cert: tls.certificate}),
		...(tls.key === undefined ? {} : {key: tls.key}),
	};
	let asked = 0;
	return {
		address,
		signTransaction: async transaction => {
			asked += 1;
			const body = JSON.stringify({jsonrpc: '2.0', id: asked, method: 'eth_signTransaction', params: [parameterOf(transaction, address)]});
			let answer: Answer;
			try {
				answer = await post(target, secure, body, timeoutMs, signal);
			} catch (error) {
				throw new AgentError('SIGNER_UNREACHABLE', `the remote signer at ${target.host} did not answer: ${reasonOf(error, timeoutMs)}`, {
					hint: 'check that it runs and that its address is right; the same transaction is asked for again',
					cause: error,
				});
			}
			return signedOf(answer, {id: asked, host: target.host, address, transaction});
		},
	};
}

/** The one parameter of `eth_signTransaction`. web3signer signs for the chain id that it was started with, whatever is said here; others compare it. */
function parameterOf(transaction: UnsignedTransaction, from: string): Readonly<Record<string, string>> {
	const {chainId, nonce, to, data, value, gasLimit} = transaction;
	return {
		from,
		// Left out to create a contract: web3signer takes no null.
		...(to === undefined ? {} : {to}),
		data,
		value: quantity(value),
		gas: quantity(gasLimit),
		nonce: quantity(BigInt(nonce)),
		chainId: quantity(BigInt(chainId)),
		// web3signer makes an EIP-1559 transaction if both caps are there, else a legacy one.
		...(transaction.type === 'legacy'
			? {gasPrice: quantity(transaction.gasPrice)}
			: {maxFeePerGas: quantity(transaction.maxFeePerGas), maxPriorityFeePerGas: quantity(transaction.maxPriorityFeePerGas)}),
	};
}

/** Without leading zeros [execution-apis, QUANTITY]. */
function quantity(value: bigint): string {
	return `0x${value.toString(16)}`;
}

type Answer = {readonly status: number; readonly text: string};

/** The raw transaction that was asked for, or why there is none. */
function signedOf(
	{status, text}: Answer,
	asked: {readonly id: number; readonly host: string; readonly address: string; readonly transaction: UnsignedTransaction},
): string {
	const {host, address, transaction} = asked;
	const parsed = objectOf(text);
	const error = objectFrom(parsed?.error);
	// web3signer puts its JSON-RPC errors under HTTP 400 or 500. They say more.
	if (error !== undefined) {
		const {code, message} = error;
		const words = typeof message === 'string' ? message.slice(0, wordsLengthMax) : 'without a reason';
		if (code === internalError)
			throw new AgentError('SIGNER_UNREACHABLE', `the remote signer at ${host} has trouble of its own: ${words}`, {
				hint: 'look at its log; the same transaction is asked for again',
			});
		throw new AgentError('KEY_INVALID', `the remote signer at ${host} does not sign for ${address}: ${words}`, {
			hint: 'check that it holds the key of this address, and that its own rules allow calls of the registry',
		});
	}
	if (status >= 300 && status < 400)
		throw new AgentError('SIGNER_UNREACHABLE', `the remote signer at ${host} points elsewhere (HTTP ${status}), where nobody follows`, {
			hint: 'write the address that it points to, if it is the right one',
		});
	if (status !== 200 || parsed === undefined || parsed.id !== asked.id)
		throw new AgentError('SIGNER_UNREACHABLE', `what answers at ${host} is no signer (HTTP ${status})`, {
			hint: 'check the address of the signer, and what stands in front of it',
		});
	// web3signer answers with the bytes, geth and clef with an object around them.
	const {result} = parsed;
	const raw = typeof result === 'string' ? result : objectFrom(result)?.raw;
	if (typeof raw !== 'string' || !/^0x(?:[0-9a-f]{2})+$/.test(raw)) throw another(host, 'no transaction');
	try {
		checkSigned(raw, transaction, address);
	} catch (error) {
		throw another(host, error instanceof AgentError ? 'another transaction than it was asked to sign' : 'bytes that are no transaction');
	}
	return raw;
}

/** Whoever does that could have signed a spending: it is said, and nothing is broadcast. */
function another(host: string, what: string): AgentError {
	return new AgentError('KEY_INVALID', `the remote signer at ${host} gave back ${what}`, {
		hint: 'Nothing was sent. If its chain id or its fees are set by itself, let it sign what it is asked; else do not use it, and look at what else it may have signed.',
	});
}

function objectOf(text: string): Record<string, unknown> | undefined {
	try {
		return objectFrom(JSON.parse(text));
	} catch {
		return undefined;
	}
}

function objectFrom(value: unknown): Record<string, unknown> | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** One POST on a connection of its own. Node's requests follow no redirects. */
async function post(url: URL, secure: HttpsOptions, body: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<Answer> {
	const done = new AbortController();
	const options: HttpOptions = {
		method: 'POST',
		agent: false,
		headers: {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)},
		...(signal === undefined ? {} : {signal}),
	};
	try {
		return await new Promise<Answer>((resolve, reject) => {
			const request = url.protocol === 'https:' ? httpsRequest(url, {...options, ...secure}) : httpRequest(url, options);
			void systemClock.sleep(timeoutMs, done.signal).then(() => {
				if (!done.signal.aborted) request.destroy(new DOMException('no answer', 'TimeoutError'));
			});
			request.once('error', reject);
			request.once('response', response => {
				const parts: Buffer[] = [];
				let length = 0;
				response.on('data', (part: Buffer) => {
					length += part.length;
					if (length > answerLengthMax) request.destroy(new Error(`its answer is longer than ${answerLengthMax} bytes`));
					else parts.push(part);
				});
				response.once('error', reject);
				response.once('aborted', () => reject(new Error('the connection broke')));
				response.once('end', () => resolve({status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8')}));
			});
			request.end(body);
		});
	} finally {
		done.abort();
	}
}

function reasonOf(error: unknown, timeoutMs: number): string {
	if (!(error instanceof Error)) return 'unknown reason';
	if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
	const {code} = error as NodeJS.ErrnoException;
	return code === undefined ? error.message : code;
}
