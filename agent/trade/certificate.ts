// Commits to a cleared slot, and makes and checks the certificate that its prices and its volume follow from the tiers: four openings, whatever the number of orders.

import {equalBytes, fromHex, toPrefixedHex} from '../base/bytes.ts';
import type {Order} from './book.ts';
import type {Clearing, Rules, Tier} from './clear.ts';
import {
	type FillLeaf,
	isSentinel,
	type OrderLeaf,
	type RecordWriter,
	type SlotHeader,
	sentinelOf,
	slotHeaderHash,
	type TierLeaf,
	tierLeafRecord,
	writeFillRecord,
	writeOrderRecord,
	writeTierRecord,
	zeroHash,
} from './commitment.ts';
import {
	buildTree,
	climb,
	depthOf,
	fillTree,
	hashLength,
	plainTree,
	recordLengthOf,
	type Tree,
	type TreeKind,
	tierTree,
} from './sum-tree.ts';
import {midPrice} from './tariff.ts';

export type OrderSet = {
	readonly leaves: readonly OrderLeaf[];
	readonly tree: Tree;
	/** Root of the set, which breaks ties in `clear`. */
	readonly seed: Uint8Array;
};

/** Commits to every order that was acknowledged for a slot before its gate, by strictly rising sequence, those that were taken out again included. */
export function orderSetOf(leaves: readonly OrderLeaf[]): OrderSet {
	for (let at = 1; at < leaves.length; at += 1) {
		const [before, after] = [leaves[at - 1]!.sequence, leaves[at]!.sequence];
		if (before >= after) throw new RangeError(`sequence ${after} follows ${before} in a set of orders`);
	}
	const tree = treeOf(plainTree, leaves, writeOrderRecord);
	return {leaves, tree, seed: tree.root};
}

/** An order as it went into `clear`: with the quantity that counts in this slot. */
export type SlotOrder = Order & {readonly sequence: number; readonly meter: string};

/** One tier, with the tree of what its orders got. */
export type CommittedTier = {readonly leaf: TierLeaf; readonly fills: Tree; readonly fillLeaves: readonly FillLeaf[]};

export type CommittedSide = {readonly tree: Tree; readonly tiers: readonly CommittedTier[]};

export type SlotCommitment = {
	readonly header: SlotHeader;
	readonly headerHash: string;
	readonly certificate: Certificate;
	readonly orderSet: OrderSet;
	readonly bids: CommittedSide;
	readonly asks: CommittedSide;
};

/** A tier and its siblings up to the root of its side. */
export type TierOpening = {readonly tier: TierLeaf; readonly path: readonly Uint8Array[]};

export type SideCertificate = {
	/** Place of the last tier that got something; 0 if none did. */
	readonly lastIndex: number;
	readonly last: TierOpening;
	/** The tier behind the last, only if that is fully served: it is the first that is not. */
	readonly next: TierOpening | undefined;
};

export type Certificate = {readonly bids: SideCertificate; readonly asks: SideCertificate};

/**
 * Commits to a slot and certifies its clearing. `orders` are those that `cleared` comes from, by rising sequence: all of the set that stand, with a quantity of at
 * least 1 Wh in this slot.
 */
export function commitSlot(
	about: Pick<SlotHeader, 'slot' | 'paramsVersion' | 'mode'>,
	orderSet: OrderSet,
	orders: readonly SlotOrder[],
	cleared: Clearing,
): SlotCommitment {
	for (let at = 1; at < orders.length; at += 1)
		if (orders[at - 1]!.sequence >= orders[at]!.sequence) throw new RangeError('the orders of a slot do not come by rising sequence');
	const bids = commitSide('bids', cleared.bids, orders, cleared);
	const asks = commitSide('asks', cleared.asks, orders, cleared);
	const header: SlotHeader = {
		...about,
		orderCount: orderSet.leaves.length,
		orderSetRoot: toPrefixedHex(orderSet.tree.root),
		bidTiers: bids.tiers.length,
		bidRoot: toPrefixedHex(bids.tree.root),
		askTiers: asks.tiers.length,
		askRoot: toPrefixedHex(asks.tree.root),
		volumeWh: cleared.volumeWh,
		priceBuyMicroPerKwh: cleared.priceBuyMicroPerKwh ?? 0,
		priceSellMicroPerKwh: cleared.priceSellMicroPerKwh ?? 0,
	};
	return {
		header,
		headerHash: toPrefixedHex(slotHeaderHash(header)),
		certificate: {bids: certifySide('bids', bids, cleared.volumeWh), asks: certifySide('asks', asks, cleared.volumeWh)},
		orderSet,
		bids,
		asks,
	};
}

function commitSide(side: 'bids' | 'asks', tiers: readonly Tier[], orders: readonly SlotOrder[], {fillsWh}: Clearing): CommittedSide {
	const committed = tiers.map(({priceMicroPerKwh, quantityWh, members}): CommittedTier => {
		const fillLeaves = members.map((at): FillLeaf => {
			const {sequence, hash, meter, quantityWh: orderWh} = orders[at]!;
			return {sequence, orderHash: hash, meter, quantityWh: orderWh, fillWh: fillsWh[at]!};
		});
		const fills = treeOf(fillTree, fillLeaves, writeFillRecord);
		const leaf = {priceMicroPerKwh: BigInt(priceMicroPerKwh), quantityWh: BigInt(quantityWh), ordersRoot: toPrefixedHex(fills.root)};
		return {leaf, fills, fillLeaves};
	});
	const tree = treeOf(
		tierTree,
		committed.map(({leaf}) => leaf),
		writeTierRecord,
		tierLeafRecord(sentinelOf(side)),
	);
	return {tree, tiers: committed};
}

/** A tree over leaves; with a sentinel at least one of it stands behind the last. */
function treeOf<Leaf>(kind: TreeKind, leaves: readonly Leaf[], write: RecordWriter<Leaf>, sentinel?: Uint8Array): Tree {
	const length = recordLengthOf(kind);
	const records = new Uint8Array(length * leaves.length);
	for (let at = 0; at < leaves.length; at += 1) write(leaves[at]!, records, at * length);
	return sentinel === undefined ? buildTree(kind, records) : buildTree(kind, records, sentinel, 1);
}

function certifySide(side: 'bids' | 'asks', {tree, tiers}: CommittedSide, volumeWh: number): SideCertificate {
	let [lastIndex, servedWh] = [0, 0];
	for (const [at, {leaf}] of tiers.entries()) {
		if (servedWh >= volumeWh) break;
		lastIndex = at;
		servedWh += Number(leaf.quantityWh);
	}
	const open = (index: number): TierOpening => ({tier: tiers[index]?.leaf ?? sentinelOf(side), path: tree.path(index)});
	return {lastIndex, last: open(lastIndex), next: volumeWh > 0 && servedWh === volumeWh ? open(lastIndex + 1) : undefined};
}

/** What a side's openings say. Energy prices; undefined where no tier is. */
type OpenedSide = {readonly lastPrice: bigint | undefined; readonly nextPrice: bigint | undefined};

/**
 * Why this header does not follow from its tiers, as a sentence; undefined if it does. The twin of MarketProof.checkClearing: both give the same verdict. It shows that nobody
 * could pick prices or volume; that the tiers hold the right orders, each with the fill that it is owed, is shown by opening them.
 */
export function certificateProblem(header: SlotHeader, certificate: Certificate, rules: Rules): string | undefined {
	const volumeWh = BigInt(header.volumeWh);
	// A limit of 0 stands for none on the chain, so that a market has one of at least 1 Wh or none.
	const limitWh = rules.lineLimitWh === undefined ? undefined : BigInt(rules.lineLimitWh);
	if (limitWh === 0n) return 'a line limit of 0 leaves no market to certify';
	if (limitWh !== undefined && volumeWh > limitWh) return `volume ${volumeWh} Wh is above the line limit ${limitWh} Wh`;
	if (rules.pricing === 'midmarket' && (header.bidTiers > 1 || header.askTiers > 1))
		return 'a market at one price has more than one tier a side';
	const bids = openSide('bids', header.bidRoot, header.bidTiers, certificate.bids, volumeWh);
	if (typeof bids === 'string') return bids;
	const asks = openSide('asks', header.askRoot, header.askTiers, certificate.asks, volumeWh);
	if (typeof asks === 'string') return asks;

	// The first tiers that are not fully served would trade with each other, unless the line is full.
	const [bidNext, askNext] = [bids.nextPrice, asks.nextPrice];
	if (bidNext !== undefined && askNext !== undefined && bidNext >= askNext && (volumeWh === 0n || volumeWh !== limitWh))
		return `a bid at ${bidNext} and an ask at ${askNext} are left over: more could be traded`;

	let [priceBuy, priceSell] = [0n, 0n];
	if (volumeWh > 0n) {
		const [bidLast, askLast] = [bids.lastPrice!, asks.lastPrice!];
		if (bidLast < askLast) return `the last bid served, at ${bidLast}, is below the last ask served, at ${askLast}`;
		if (bidNext !== undefined && askNext !== undefined && bidNext > askNext) [priceBuy, priceSell] = [bidNext, askNext];
		else {
			const low = bidNext !== undefined && bidNext > askLast ? bidNext : askLast;
			const high = askNext !== undefined && askNext < bidLast ? askNext : bidLast;
			priceBuy = low + (high - low) / 2n;
			priceSell = priceBuy;
		}
	}
	if (BigInt(header.priceBuyMicroPerKwh) !== priceBuy || BigInt(header.priceSellMicroPerKwh) !== priceSell)
		return `the prices are ${priceBuy} and ${priceSell}, not ${header.priceBuyMicroPerKwh} and ${header.priceSellMicroPerKwh}`;
	return volumeWh === 0n ? undefined : bandProblem(priceBuy, priceSell, rules);
}

function bandProblem(priceBuy: bigint, priceSell: bigint, rules: Rules): string | undefined {
	const [least, most] = [BigInt(rules.feedInMicroPerKwh), BigInt(rules.retailMicroPerKwh - rules.gridFeeMicroPerKwh)];
	if (priceSell < least || priceBuy > most) return `the prices ${priceBuy} and ${priceSell} are not from ${least} to ${most}`;
	const mid = BigInt(midPrice(rules));
	if (rules.pricing === 'midmarket' && (priceBuy !== mid || priceSell !== mid)) return `a market at one price has ${mid}, not ${priceBuy}`;
	return undefined;
}

function openSide(
	side: 'bids' | 'asks',
	root: string,
	tierCount: number,
	{lastIndex, last, next}: SideCertificate,
	volumeWh: bigint,
): OpenedSide | string {
	// Where nothing is traded the best tier counts, whatever place is named.
	const index = volumeWh === 0n ? 0 : lastIndex;
	const lastBefore = openTier(side, root, tierCount, index, last);
	if (typeof lastBefore === 'string') return lastBefore;
	const lastPrice = isSentinel(last.tier) ? undefined : last.tier.priceMicroPerKwh;
	const servedWh = lastBefore + last.tier.quantityWh;
	if (volumeWh > 0n && (lastBefore >= volumeWh || servedWh < volumeWh))
		return `${side}: tier ${index} reaches from ${lastBefore} to ${servedWh} Wh, which ${volumeWh} Wh do not end in`;
	// Not fully served, it is itself the first that is not; an opening of the one behind it then says nothing.
	if (volumeWh === 0n || servedWh > volumeWh) return {lastPrice, nextPrice: lastPrice};
	if (next === undefined) return `${side}: tier ${index} is fully served, and the one behind it is not shown`;
	const nextBefore = openTier(side, root, tierCount, index + 1, next);
	if (typeof nextBefore === 'string') return nextBefore;
	if (isSentinel(next.tier)) return {lastPrice, nextPrice: undefined};
	const nextPrice = next.tier.priceMicroPerKwh;
	const isSorted = side === 'bids' ? nextPrice < last.tier.priceMicroPerKwh : nextPrice > last.tier.priceMicroPerKwh;
	return isSorted ? {lastPrice, nextPrice} : `${side}: tier ${index + 1} does not come behind tier ${index}`;
}

/** Wh in the tiers before this one, if it is in the tree. */
function openTier(side: 'bids' | 'asks', root: string, tierCount: number, index: number, {tier, path}: TierOpening): bigint | string {
	if (path.length !== depthOf(tierCount + 1)) return `${side}: a path of ${path.length} siblings in a tree of ${tierCount} tiers`;
	const sentinel = sentinelOf(side);
	const isTheSentinel = isSentinel(tier) && tier.priceMicroPerKwh === sentinel.priceMicroPerKwh && tier.ordersRoot === zeroHash;
	if (index < tierCount ? isSentinel(tier) : !isTheSentinel) return `${side}: tier ${index} of ${tierCount} is not what may stand there`;
	const climbed = climb(tierTree, tierLeafRecord(tier), index, path);
	const bytes = fromHex(root.slice(2));
	if (climbed === undefined || bytes === undefined || !equalBytes(climbed.rootRecord.subarray(0, hashLength), bytes))
		return `${side}: tier ${index} is not under the root`;
	return climbed.before[0]!;
}

/** Where an order stands in a slot's commitment, and what it got. */
export type FillProof = {
	readonly side: 'bids' | 'asks';
	readonly tierIndex: number;
	readonly tier: TierOpening;
	readonly fillIndex: number;
	readonly fill: FillLeaf;
	readonly fillPath: readonly Uint8Array[];
};

/** undefined if the order is in no tier: it was taken out, got less than its least quantity, or its meter showed nothing. */
export function fillProofOf(commitment: Pick<SlotCommitment, 'bids' | 'asks'>, orderHash: string): FillProof | undefined {
	for (const side of ['bids', 'asks'] as const) {
		const {tree, tiers} = commitment[side];
		for (const [tierIndex, {leaf, fills, fillLeaves}] of tiers.entries()) {
			const fillIndex = fillLeaves.findIndex(fill => fill.orderHash === orderHash);
			if (fillIndex < 0) continue;
			return {
				side,
				tierIndex,
				tier: {tier: leaf, path: tree.path(tierIndex)},
				fillIndex,
				fill: fillLeaves[fillIndex]!,
				fillPath: fills.path(fillIndex),
			};
		}
	}
	return undefined;
}
