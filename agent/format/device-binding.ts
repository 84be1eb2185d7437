// Turns what binds a device to its owner into what a DeviceRegistry hashes and what wallets sign, and a wallet's file back.

import {concatBytes, toPrefixedHex, utf8, viewOf, writeHex} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';

/** Where the words count: a DeviceRegistry on a chain. */
export type BindingDomain = {
	readonly chainId: number;
	/** 0x and 40 lower-case hexadecimal digits, as every address here. */
	readonly registry: string;
};

/** What the opener of a log and the owner of a device must say alike. Hashes are 0x and 64 lower-case hexadecimal digits. */
export type BindingTerms = {
	/** The AnchorRegistry of the log, and who opened the log there. */
	readonly anchorRegistry: string;
	readonly opener: string;
	readonly origin: string;
	/** `urn:kedge:device:ID` */
	readonly device: string;
	readonly owner: string;
	/** Thumbprint of the device's key; zero if it has none. */
	readonly keyHash: string;
	/** SHA-256 of the file of its calibration certificate; zero if it has none. */
	readonly certificateHash: string;
	/** Whether the opener alone may replace key and certificate. */
	readonly openerRotates: boolean;
	/** The history of the binding that these terms follow. */
	readonly history: string;
	/** Seconds since 1970, included. */
	readonly validUntil: number;
};

/** One change of a binding, as its event says. */
export type BindingChange = {
	/** The zero address if the binding ended. */
	readonly owner: string;
	readonly keyHash: string;
	readonly certificateHash: string;
	readonly openerRotates: boolean;
	/** Who sent it. */
	readonly by: string;
	/** Seconds since 1970. */
	readonly timeS: number;
};

export const bindingDomainName = 'Kedge Device Registry';
export const bindingDomainVersion = '1';
export const zeroHash = `0x${'0'.repeat(64)}`;
export const zeroAddress = `0x${'0'.repeat(40)}`;

const domainFields = [
	['name', 'string'],
	['version', 'string'],
	['chainId', 'uint256'],
	['verifyingContract', 'address'],
] as const;

/** In the order in which they are signed. */
const termsFields = [
	['anchorRegistry', 'address'],
	['opener', 'address'],
	['origin', 'string'],
	['device', 'string'],
	['owner', 'address'],
	['keyHash', 'bytes32'],
	['certificateHash', 'bytes32'],
	['openerRotates', 'bool'],
	['history', 'bytes32'],
	['validUntil', 'uint64'],
] as const satisfies readonly (readonly [keyof BindingTerms, string])[];

const primaryType = 'DeviceBinding';

/** What a registry knows a device by: keccak256 of its URN. */
export function deviceHash(urn: string): string {
	return toPrefixedHex(keccak256(utf8(urn)));
}

/** [EIP-712] */
export function bindingDomainSeparator({chainId, registry}: BindingDomain): Uint8Array {
	return keccak256(
		concatBytes(
			typeHash('EIP712Domain', domainFields),
			word('string', bindingDomainName),
			word('string', bindingDomainVersion),
			word('uint256', chainId),
			word('address', registry),
		),
	);
}

/** What both sides sign. [EIP-712] */
export function bindingDigest(domain: BindingDomain, terms: BindingTerms): Uint8Array {
	const words = termsFields.map(([name, kind]) => word(kind, terms[name]));
	const message = keccak256(concatBytes(typeHash(primaryType, termsFields), ...words));
	return keccak256(concatBytes(Uint8Array.of(0x19, 0x01), bindingDomainSeparator(domain), message));
}

/** The history of a binding after one more change, from zeroHash on, as the registry computes it. */
export function bindingHistoryAfter(
	history: string,
	place: {readonly logId: string; readonly device: string},
	change: BindingChange,
): string {
	const {owner, keyHash, certificateHash, openerRotates, by, timeS} = change;
	return toPrefixedHex(
		keccak256(
			concatBytes(
				word('bytes32', history),
				word('bytes32', place.logId),
				word('bytes32', place.device),
				word('address', owner),
				word('bytes32', keyHash),
				word('bytes32', certificateHash),
				word('bool', openerRotates),
				word('address', by),
				word('uint64', timeS),
			),
		),
	);
}

/** The terms as wallets take them (eth_signTypedData_v4). */
export function bindingTypedData({chainId, registry}: BindingDomain, terms: BindingTerms): object {
	const named = (fields: readonly (readonly [string, string])[]): object[] => fields.map(([name, type]) => ({name, type}));
	return {
		types: {EIP712Domain: named(domainFields), [primaryType]: named(termsFields)},
		primaryType,
		domain: {name: bindingDomainName, version: bindingDomainVersion, chainId, verifyingContract: registry},
		message: Object.fromEntries(termsFields.map(([name]) => [name, terms[name]])),
	};
}

const typedDataLengthMax = 64 * 1024;

/** The reverse; a sentence if the text is not what bindingTypedData gives, whatever its white space. */
export function parseBindingTypedData(
	text: string,
): {readonly domain: BindingDomain; readonly terms: BindingTerms} | {readonly problem: string} {
	if (text.length > typedDataLengthMax) return {problem: `longer than ${typedDataLengthMax} characters`};
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		return {problem: 'not JSON'};
	}
	const {domain: givenDomain, message} = (parsed ?? {}) as {readonly domain?: unknown; readonly message?: unknown};
	const {chainId, verifyingContract} = (givenDomain ?? {}) as Record<string, unknown>;
	const given = (message ?? {}) as Record<string, unknown>;
	const wrong = termsFields.find(([name, kind]) => !isOfKind(kind, given[name]));
	if (!isOfKind('uint64', chainId) || !isOfKind('address', verifyingContract)) return {problem: 'its domain has no chain and contract'};
	if (wrong !== undefined) return {problem: `its member ${wrong[0]} is no ${wrong[1]}`};
	const domain = {chainId: chainId as number, registry: verifyingContract as string};
	const terms = given as BindingTerms;
	// Types that say something else would let a wallet show one thing and sign another.
	if (JSON.stringify(bindingTypedData(domain, terms)) !== JSON.stringify(parsed)) return {problem: 'not the typed data of a binding'};
	return {domain, terms};
}

function typeHash(name: string, fields: readonly (readonly [string, string])[]): Uint8Array {
	return keccak256(utf8(`${name}(${fields.map(([field, kind]) => `${kind} ${field}`).join(',')})`));
}

function isOfKind(kind: string, value: unknown): boolean {
	switch (kind) {
		case 'address':
			return typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value);
		case 'bytes32':
			return typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value);
		case 'string':
			return typeof value === 'string';
		case 'bool':
			return typeof value === 'boolean';
		default:
			return Number.isSafeInteger(value) && (value as number) >= 0;
	}
}

/** A value in the 32 bytes that it fills. */
function word(kind: string, value: unknown): Uint8Array {
	if (!isOfKind(kind, value)) throw new RangeError(`${JSON.stringify(value)} is no ${kind}`);
	if (kind === 'string') return keccak256(utf8(value as string));
	const bytes = new Uint8Array(32);
	if (kind === 'address') writeHex(bytes, 12, value as string, 20);
	else if (kind === 'bytes32') writeHex(bytes, 0, value as string, 32);
	else viewOf(bytes).setBigUint64(24, BigInt(value as number | boolean));
	return bytes;
}
