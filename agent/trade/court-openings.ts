// Turns places of a slot's or a day's commitment into the openings that the court's contracts take: leaves with their paths, under the names that the contracts have. Pure.

import {toPrefixedHex} from '../base/bytes.ts';
import type {SlotCommitment} from './certificate.ts';
import {type OrderLeaf, type RowLeaf, type SlotHeader, sentinelOf, type TierLeaf, zeroHash} from './commitment.ts';
import type {DayCommitment} from './day.ts';
import {modeCodes, sideCodes} from './typed-data.ts';

const packed = (path: readonly Uint8Array[]): string => `0x${path.map(record => toPrefixedHex(record).slice(2)).join('')}`;

export function headerOf({mode, priceBuyMicroPerKwh, priceSellMicroPerKwh, ...rest}: SlotHeader) {
	return {...rest, mode: modeCodes[mode], priceBuy: priceBuyMicroPerKwh, priceSell: priceSellMicroPerKwh};
}

const tierOf = ({priceMicroPerKwh, quantityWh, ordersRoot}: TierLeaf) => ({price: priceMicroPerKwh, quantityWh, ordersRoot});
const noTier = {price: 0n, quantityWh: 0n, ordersRoot: zeroHash};

export function certificateOf({certificate}: Pick<SlotCommitment, 'certificate'>) {
	const side = ({lastIndex, last, next}: SlotCommitment['certificate']['bids']) => ({
		index: lastIndex,
		last: tierOf(last.tier),
		lastPath: packed(last.path),
		next: next === undefined ? noTier : tierOf(next.tier),
		nextPath: next === undefined ? '0x' : packed(next.path),
	});
	return {bids: side(certificate.bids), asks: side(certificate.asks)};
}

export function tierOpening(commitment: SlotCommitment, side: 'bids' | 'asks', index: number) {
	const {tree, tiers} = commitment[side];
	const code = side === 'bids' ? sideCodes.buy : sideCodes.sell;
	return {side: code, index, tier: tierOf(tiers[index]?.leaf ?? sentinelOf(side)), path: packed(tree.path(index))};
}

export function fillOpening(commitment: SlotCommitment, side: 'bids' | 'asks', tier: number, index: number) {
	const {fills, fillLeaves} = commitment[side].tiers[tier]!;
	return {tier: tierOpening(commitment, side, tier), index, fill: fillLeaves[index]!, path: packed(fills.path(index))};
}

/** The path of a place of a tier that no order has; empty if its tree has no such place. */
export function noFillPath(commitment: SlotCommitment, side: 'bids' | 'asks', tier: number, index: number): string {
	const {fills} = commitment[side].tiers[tier]!;
	return index < 2 ** fills.depth ? packed(fills.path(index)) : '0x';
}

export function orderOpening({orderSet}: SlotCommitment, index: number) {
	const {sequence, orderHash, cancellation}: OrderLeaf = orderSet.leaves[index]!;
	return {leaf: {sequence, orderHash, cancellation: cancellation ?? zeroHash}, index, path: packed(orderSet.tree.path(index))};
}

const rowOf = (row: RowLeaf) => ({...row, orderHash: row.orderHash ?? zeroHash});

export function rowOpening(day: DayCommitment, index: number) {
	const {row, path} = day.rowProof(index);
	return {row: rowOf(row), index, path: packed(path)};
}

export function balanceOpening(day: DayCommitment, account: string) {
	const {index, balance, path} = day.balanceProof(account)!;
	return {balance, index, path: packed(path)};
}
