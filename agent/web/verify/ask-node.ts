// Asks a node whether blocks that a file names are the chain's. The only code of the page that uses the network, and only when its reader asks.

import type {PinnedBlock} from '../../format/trust.ts';

export type AskedBlock = {readonly chainId: number; readonly number: number; readonly hash: string};

export type NodeAnswer =
	/** What the node has at these places, in blocks that it calls final: with another hash than was asked for, the file is wrong. */
	| {readonly kind: 'blocks'; readonly pins: readonly PinnedBlock[]; readonly contradicted: boolean; readonly pending: number}
	| {readonly kind: 'other-chain'; readonly chainId: number}
	| {readonly kind: 'silent'; readonly reason: string};

const timeoutMs = 15_000;
const blocksMax = 32;
const answerLengthMax = 4 * 1024 * 1024;

/** An address that the page's policy lets it ask: TLS, or this machine. */
export function nodeUrl(text: string): URL | undefined {
	let url: URL;
	try {
		url = new URL(text.trim());
	} catch {
		return undefined;
	}
	const isHere = url.protocol === 'http:' && (url.hostname === 'localhost' || url.hostname === '127.0.0.1');
	return url.protocol === 'https:' || isHere ? url : undefined;
}

export async function askNode(url: URL, blocks: readonly AskedBlock[]): Promise<NodeAnswer> {
	try {
		const chainId = Number(await call(url, 'eth_chainId', []));
		if (!Number.isSafeInteger(chainId)) return {kind: 'silent', reason: 'eth_chainId'};
		const asked = blocks.filter(block => block.chainId === chainId).slice(0, blocksMax);
		if (asked.length === 0) return {kind: 'other-chain', chainId};
		const final = blockOf(await call(url, 'eth_getBlockByNumber', ['finalized', false]));
		if (final === undefined) return {kind: 'silent', reason: 'eth_getBlockByNumber finalized'};
		const pins: PinnedBlock[] = [];
		let pending = 0;
		for (const {number} of asked) {
			if (number > final.number) {
				pending += 1;
				continue;
			}
			const found = blockOf(await call(url, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false]));
			if (found?.number !== number) return {kind: 'silent', reason: `eth_getBlockByNumber ${number}`};
			pins.push({chainId, ...found});
		}
		const contradicted = pins.some(pin => asked.some(({number, hash}) => number === pin.number && hash !== pin.hash));
		return {kind: 'blocks', pins, contradicted, pending};
	} catch (error) {
		return {kind: 'silent', reason: error instanceof Error ? error.message : String(error)};
	}
}

async function call(url: URL, method: string, params: readonly unknown[]): Promise<unknown> {
	const response = await fetch(url, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params}),
		// Its address was typed, and no other.
		redirect: 'error',
		credentials: 'omit',
		referrerPolicy: 'no-referrer',
		signal: AbortSignal.timeout(timeoutMs),
	});
	const text = await textOf(response);
	const {result, error} = JSON.parse(text) as {readonly result?: unknown; readonly error?: {readonly message?: unknown}};
	if (error !== undefined && error !== null) throw new Error(String(error.message).slice(0, 200));
	return result;
}

/** Reads no more than an answer may have, however much comes. */
async function textOf({body}: Response): Promise<string> {
	const decoder = new TextDecoder();
	const reader = body?.getReader();
	let text = '';
	for (let length = 0; reader !== undefined; ) {
		const {done, value} = await reader.read();
		if (done) break;
		length += value.length;
		if (length > answerLengthMax) {
			void reader.cancel();
			throw new Error('its answer is too long');
		}
		text += decoder.decode(value, {stream: true});
	}
	return text + decoder.decode();
}

function blockOf(value: unknown): {readonly number: number; readonly hash: string; readonly timeS: number} | undefined {
	const {number, hash, timestamp} = (value ?? {}) as Record<string, unknown>;
	const block = {number: Number(number), hash: String(hash).toLowerCase(), timeS: Number(timestamp)};
	const isOne = Number.isSafeInteger(block.number) && /^0x[0-9a-f]{64}$/.test(block.hash) && Number.isSafeInteger(block.timeS);
	return isOne ? block : undefined;
}
