// Reads the message that a wallet signs to sign in [EIP-4361], strictly: one text for one meaning.

import {toHex, utf8} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';

export type SignInMessage = {
	readonly domain: string;
	/** Lower case. */
	readonly address: string;
	readonly uri: string;
	readonly chainId: number;
	readonly nonce: string;
	readonly issuedAtMs: number;
	readonly expiresAtMs: number | undefined;
	readonly notBeforeMs: number | undefined;
};

export const signInMessageLengthMax = 2048;

const dateTime = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})`;
const printable = String.raw`[\x21-\x7e]`;
const form = new RegExp(
	String.raw`^(?:(?<scheme>https?)://)?(?<domain>[A-Za-z0-9.:\[\]-]{1,255}) wants you to sign in with your Ethereum account:\n` +
		String.raw`(?<address>0x[0-9a-fA-F]{40})\n\n(?:(?<statement>[\x20-\x7e]{1,512})\n)?\n` +
		String.raw`URI: (?<uri>${printable}{1,512})\nVersion: 1\nChain ID: (?<chainId>[1-9][0-9]{0,15}|0)\nNonce: (?<nonce>[A-Za-z0-9]{8,64})\n` +
		String.raw`Issued At: (?<issuedAt>${dateTime})(?:\nExpiration Time: (?<expiresAt>${dateTime}))?(?:\nNot Before: (?<notBefore>${dateTime}))?` +
		String.raw`(?:\nRequest ID: ${printable}{0,256})?(?:\nResources:(?:\n- ${printable}{1,512}){0,8})?$`,
);

/** The message, or why it is none, as a sentence. */
export function parseSignInMessage(text: string): SignInMessage | string {
	if (text.length > signInMessageLengthMax) return `the message is longer than ${signInMessageLengthMax} characters`;
	const parts = form.exec(text)?.groups;
	if (parts === undefined) return 'the message has not the form of EIP-4361, version 1';
	if (parts.address !== checksummed(parts.address!)) return 'the address has not its checksum of capital letters [EIP-55]';
	const [issuedAtMs, expiresAtMs, notBeforeMs] = [parts.issuedAt, parts.expiresAt, parts.notBefore].map(textMs);
	if ([issuedAtMs, expiresAtMs, notBeforeMs].some(ms => Number.isNaN(ms))) return 'a time of the message is none';
	return {
		domain: parts.domain!,
		address: parts.address!.toLowerCase(),
		uri: parts.uri!,
		chainId: Number(parts.chainId),
		nonce: parts.nonce!,
		issuedAtMs: issuedAtMs!,
		expiresAtMs,
		notBeforeMs,
	};
}

/** The text that is signed, in the one form that parseSignInMessage reads. */
export function signInText(parts: {
	readonly domain: string;
	/** In either case. */
	readonly address: string;
	readonly statement: string;
	readonly uri: string;
	readonly chainId: number;
	readonly nonce: string;
	readonly issuedAtMs: number;
}): string {
	const {domain, address, statement, uri, chainId, nonce, issuedAtMs} = parts;
	const head = `${domain} wants you to sign in with your Ethereum account:\n${checksummed(address)}\n\n${statement}\n\n`;
	return `${head}URI: ${uri}\nVersion: 1\nChain ID: ${chainId}\nNonce: ${nonce}\nIssued At: ${new Date(issuedAtMs).toISOString()}`;
}

function textMs(text: string | undefined): number | undefined {
	return text === undefined ? undefined : Date.parse(text);
}

/** [EIP-55] */
export function checksummed(address: string): string {
	const digits = address.slice(2).toLowerCase();
	const digest = toHex(keccak256(utf8(digits)));
	return `0x${[...digits].map((digit, at) => (Number.parseInt(digest[at]!, 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`;
}

/** What this agent asks of a message: where it may be signed in to, on which chains, and now. */
export type SignInExpected = {readonly domains: readonly string[]; readonly chainIds: readonly number[]; readonly nowMs: number};

/** A message is for one sitting: it may be this old, and this far ahead of our clock. */
const ageMsMax = 600_000;
const aheadMsMax = 60_000;

/** Why a message is not meant for here and now, as a sentence; undefined if it is. The nonce and the signature are looked at by the caller. */
export function signInProblem(message: SignInMessage, {domains, chainIds, nowMs}: SignInExpected): string | undefined {
	if (!domains.includes(message.domain)) return `the message is for ${message.domain}, and this is ${domains.join(' or ')}`;
	if (!URL.canParse(message.uri) || new URL(message.uri).host !== message.domain) return 'the URI of the message is not on its domain';
	if (!chainIds.includes(message.chainId)) return `chain ${message.chainId} is not the chain of a market of this agent`;
	if (message.issuedAtMs > nowMs + aheadMsMax) return 'the message was issued in the future';
	if (message.issuedAtMs < nowMs - ageMsMax) return 'the message was issued more than ten minutes ago';
	if (message.expiresAtMs !== undefined && message.expiresAtMs <= nowMs) return 'the message has expired';
	if (message.notBeforeMs !== undefined && message.notBeforeMs > nowMs) return 'the message does not hold yet';
	return undefined;
}
