// The market's trees and hashes again, slowly and by another library, straight from their definition. Shares no code with the product.

import {AbiCoder, keccak256, solidityPacked, solidityPackedKeccak256} from 'ethers';

export type Node = {readonly hash: string; readonly sums: readonly bigint[]};

export const zero = `0x${'00'.repeat(32)}`;

/** Tag and width of the sums by kind of tree. */
export const kinds = {
	plain: {tag: 1, sums: []},
	tiers: {tag: 2, sums: ['uint64']},
	fills: {tag: 4, sums: ['uint64', 'uint64']},
	balances: {tag: 5, sums: ['uint128', 'uint128']},
} as const;

/** The root over leaves that are padded to 2^⌈log2 max(n, 1)⌉. */
export function rootOf(kind: keyof typeof kinds, leaves: readonly Node[], pad: Node = padOf(kind)): Node {
	if (leaves.length === 0) return pad;
	let width = 1;
	while (width < leaves.length) width *= 2;
	return over(kind, [...leaves, ...new Array<Node>(width - leaves.length).fill(pad)]);
}

export function padOf(kind: keyof typeof kinds): Node {
	return {hash: zero, sums: kinds[kind].sums.map(() => 0n)};
}

function over(kind: keyof typeof kinds, leaves: readonly Node[]): Node {
	if (leaves.length === 1) return leaves[0]!;
	const half = leaves.length / 2;
	return join(kind, over(kind, leaves.slice(0, half)), over(kind, leaves.slice(half)));
}

export function join(kind: keyof typeof kinds, left: Node, right: Node): Node {
	const {tag, sums} = kinds[kind];
	const types = ['uint8', 'bytes32', ...sums, 'bytes32', ...sums];
	return {
		hash: solidityPackedKeccak256(types, [tag, left.hash, ...left.sums, right.hash, ...right.sums]),
		sums: left.sums.map((sum, at) => sum + right.sums[at]!),
	};
}

/** A node as the product has it in a path. */
export function recordOf(kind: keyof typeof kinds, {hash, sums}: Node): string {
	return solidityPacked(['bytes32', ...kinds[kind].sums], [hash, ...sums]);
}

export function orderLeaf(one: {sequence: number; orderHash: string; cancellation: string | undefined}): Node {
	return {
		hash: solidityPackedKeccak256(['uint8', 'uint64', 'bytes32', 'bytes32'], [0x10, one.sequence, one.orderHash, one.cancellation ?? zero]),
		sums: [],
	};
}

export function tierLeaf(price: bigint, quantityWh: bigint, ordersRoot: string): Node {
	return {
		hash: solidityPackedKeccak256(['uint8', 'uint64', 'uint64', 'bytes32'], [0x11, price, quantityWh, ordersRoot]),
		sums: [quantityWh],
	};
}

export function fillLeaf(one: {sequence: number; orderHash: string; meter: string; quantityWh: number; fillWh: number}): Node {
	return {
		hash: solidityPackedKeccak256(
			['uint8', 'uint64', 'bytes32', 'bytes32', 'uint64', 'uint64'],
			[0x12, one.sequence, one.orderHash, one.meter, one.quantityWh, one.fillWh],
		),
		sums: [BigInt(one.quantityWh), BigInt(one.fillWh)],
	};
}

const rowLayout = [
	['account', 'address'],
	['slot', 'uint64'],
	['meter', 'bytes32'],
	['orderHash', 'bytes32'],
	['contractedWh', 'int64'],
	['meteredWh', 'int64'],
	['usualImportWh', 'uint64'],
	['flags', 'uint8'],
	['importFrom', 'uint48'],
	['importTo', 'uint48'],
	['exportFrom', 'uint48'],
	['exportTo', 'uint48'],
	['netNano', 'int128'],
	['cumNano', 'int128'],
] as const;

export function rowBytes(row: {readonly [Name in (typeof rowLayout)[number][0]]: string | number | bigint | undefined}): string {
	return solidityPacked(['uint8', ...rowLayout.map(([, type]) => type)], [0x13, ...rowLayout.map(([name]) => row[name] ?? zero)]);
}

export function rowLeaf(row: Parameters<typeof rowBytes>[0]): Node {
	return {hash: keccak256(rowBytes(row)), sums: []};
}

export function balanceLeaf(one: {account: string; cumNano: bigint; firstRow: number; rowCount: number}): Node {
	return {
		hash: solidityPackedKeccak256(
			['uint8', 'address', 'int128', 'uint32', 'uint32'],
			[0x14, one.account, one.cumNano, one.firstRow, one.rowCount],
		),
		sums: one.cumNano < 0n ? [0n, -one.cumNano] : [one.cumNano, 0n],
	};
}

export function abiHash(fields: readonly (readonly [type: string, value: unknown])[]): string {
	return keccak256(
		AbiCoder.defaultAbiCoder().encode(
			fields.map(([type]) => type),
			fields.map(([, value]) => value),
		),
	);
}
