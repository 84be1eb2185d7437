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

/** The siblings of a leaf, from the leaf upwards, packed as the contract takes them. */
export function pathOf(kind: keyof typeof kinds, leaves: readonly Node[], index: number, pad: Node = padOf(kind)): string {
	let width = 1;
	while (width < leaves.length) width *= 2;
	let level = [...leaves, ...new Array<Node>(width - leaves.length).fill(pad)];
	let [at, path] = [index, '0x'];
	while (level.length > 1) {
		path += recordOf(kind, level[at ^ 1]!).slice(2);
		level = level.flatMap((left, i) => (i % 2 === 0 ? [join(kind, left, level[i + 1]!)] : []));
		at >>= 1;
	}
	return path;
}

/** Sums over the leaves before this one. */
export function sumsBefore(kind: keyof typeof kinds, leaves: readonly Node[], index: number): bigint[] {
	return kinds[kind].sums.map((_, at) => leaves.slice(0, index).reduce((sum, leaf) => sum + leaf.sums[at]!, 0n));
}

export type ReferenceTier = {readonly price: bigint; readonly quantityWh: bigint; readonly ordersRoot: string};
export type ReferenceParams = {
	readonly feedInMicroPerKwh: number;
	readonly retailMicroPerKwh: number;
	readonly gridFeeMicroPerKwh: number;
	/** 0 for no limit. */
	readonly lineLimitWh: number;
	/** 1 auction, 2 midmarket. */
	readonly pricing: number;
};
export type ReferenceClearing = {readonly volumeWh: bigint; readonly priceBuy: bigint; readonly priceSell: bigint};

/**
 * Volume and prices by definition: side by side lie the dearest and the cheapest Wh; as many trade as suit each other and the line carries; the first Wh that is left over
 * on each side and the last that traded bound the price. Tiers come in the order in which they are served.
 */
export function clearingOf(bids: readonly ReferenceTier[], asks: readonly ReferenceTier[], lineLimitWh: bigint): ReferenceClearing {
	/** Price of the Wh of this number, counted from 0; undefined behind the last. */
	const priceAt = (tiers: readonly ReferenceTier[], wh: bigint): bigint | undefined => {
		let before = 0n;
		for (const {price, quantityWh} of tiers) {
			before += quantityWh;
			if (wh < before) return price;
		}
		return undefined;
	};
	const suits = (wh: bigint): boolean => {
		const [bid, ask] = [priceAt(bids, wh), priceAt(asks, wh)];
		return bid !== undefined && ask !== undefined && bid >= ask;
	};
	// Pairs only get worse, so that the number of those that suit is found by halving.
	let [low, high] = [0n, bids.reduce((sum, {quantityWh}) => sum + quantityWh, 0n)];
	while (low < high) {
		const middle = (low + high) / 2n;
		if (suits(middle)) low = middle + 1n;
		else high = middle;
	}
	const volumeWh = lineLimitWh !== 0n && low > lineLimitWh ? lineLimitWh : low;
	if (volumeWh === 0n) return {volumeWh, priceBuy: 0n, priceSell: 0n};
	const [bidLast, askLast] = [priceAt(bids, volumeWh - 1n)!, priceAt(asks, volumeWh - 1n)!];
	const [bidNext, askNext] = [priceAt(bids, volumeWh), priceAt(asks, volumeWh)];
	if (bidNext !== undefined && askNext !== undefined && bidNext > askNext) return {volumeWh, priceBuy: bidNext, priceSell: askNext};
	const least = bidNext !== undefined && bidNext > askLast ? bidNext : askLast;
	const most = askNext !== undefined && askNext < bidLast ? askNext : bidLast;
	const price = (least + most) / 2n;
	return {volumeWh, priceBuy: price, priceSell: price};
}

/** What the members of a tier get of `gotWh`: their exact shares rounded down, and one Wh more for those who lost most by it. */
export function sharesOf(gotWh: bigint, members: readonly {readonly hash: string; readonly quantityWh: number}[], seed: string): bigint[] {
	const total = members.reduce((sum, {quantityWh}) => sum + BigInt(quantityWh), 0n);
	const shares = members.map(({quantityWh}) => (gotWh * BigInt(quantityWh)) / total);
	const left = Number(gotWh - shares.reduce((sum, share) => sum + share, 0n));
	const ranked = members.map(({hash, quantityWh}, at) => ({
		at,
		remainder: (gotWh * BigInt(quantityWh)) % total,
		key: solidityPackedKeccak256(['bytes32', 'bytes32'], [seed, hash]),
	}));
	ranked.sort((a, b) => (a.remainder === b.remainder ? (a.key < b.key ? -1 : 1) : a.remainder > b.remainder ? -1 : 1));
	for (const {at} of ranked.slice(0, left)) shares[at]! += 1n;
	return shares;
}

/** net = c·p + (d > 0 ? d·F : d·(R − g)) + (m < 0 ? m·g : 0). */
export function netOf(contractedWh: bigint, meteredWh: bigint, priceBuy: bigint, priceSell: bigint, params: ReferenceParams): bigint {
	const [f, r, g] = [params.feedInMicroPerKwh, params.retailMicroPerKwh, params.gridFeeMicroPerKwh].map(BigInt) as [bigint, bigint, bigint];
	const deviation = meteredWh - contractedWh;
	const forward = contractedWh * (contractedWh > 0n ? priceSell : priceBuy);
	const imbalance = deviation > 0n ? deviation * f : deviation * (r - g);
	return forward + imbalance + (meteredWh < 0n ? meteredWh * g : 0n);
}

export const keccakOf = (hex: string): string => keccak256(hex);
