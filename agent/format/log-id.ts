// The name of a log on a chain, computed as the registry computes it.

import {concatBytes, fromHex, toHex, utf8, viewOf} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';

/**
 * logId = keccak256(abi.encode(chainId, registry, opener, keccak256(origin))), as 0x and 64 hexadecimal digits. Addresses are 0x and 40 lower-case digits;
 * chainId is below 2^53.
 */
export function anchorLogId(chainId: number, registry: string, opener: string, origin: string): string {
	return `0x${toHex(keccak256(concatBytes(uintWord(chainId), addressWord(registry), addressWord(opener), originHash(origin))))}`;
}

/** keccak256 of the origin's UTF-8, what a log is opened with. */
export function originHash(origin: string): Uint8Array {
	return keccak256(utf8(origin));
}

function uintWord(value: number): Uint8Array {
	const word = new Uint8Array(32);
	viewOf(word).setBigUint64(24, BigInt(value));
	return word;
}

function addressWord(address: string): Uint8Array {
	const bytes = fromHex(address.slice(2));
	if (bytes?.length !== 20) throw new RangeError(`"${address}" is not a lower-case address`);
	return concatBytes(new Uint8Array(12), bytes);
}
