// Turns what a receipt proves into a call that a registry on a chain answers.

import {Interface} from 'ethers';
import {anchorRegistryAbi} from '../../contracts/generated/anchor-registry.ts';
import {toHex} from '../base/bytes.ts';
import type {AnchorRecord} from '../format/evidence.ts';

/** The arguments of `verifyInclusion` by name, bytes as 0x and hexadecimal digits, and where to call it. */
export type InclusionCall = {
	readonly chainId: number;
	readonly registry: string;
	readonly arguments: {
		readonly logId: string;
		readonly size: number;
		/** Of the anchor's block, seconds. */
		readonly time: number;
		readonly root: string;
		readonly index: number;
		/** The entry, 118 bytes. */
		readonly leafData: string;
		readonly inclusionProof: readonly string[];
	};
	/** Selector and ABI-encoded arguments. */
	readonly calldata: string;
};

const registryInterface = new Interface(anchorRegistryAbi);

export function inclusionCall(
	anchor: AnchorRecord,
	proven: {readonly root: Uint8Array; readonly index: number; readonly entry: Uint8Array; readonly path: readonly Uint8Array[]},
): InclusionCall {
	const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;
	const values = {
		logId: anchor.logId,
		size: anchor.size,
		time: anchor.blockTime,
		root: hex(proven.root),
		index: proven.index,
		leafData: hex(proven.entry),
		inclusionProof: proven.path.map(hex),
	};
	const calldata = registryInterface.encodeFunctionData('verifyInclusion', Object.values(values));
	return {chainId: anchor.chainId, registry: anchor.registry, arguments: values, calldata};
}
