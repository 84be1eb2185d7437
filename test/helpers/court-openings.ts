// Turns a slot's or a day's commitment, as TypeScript makes it, into the openings that the court's contracts take.

import {toPrefixedHex} from '../../agent/base/bytes.ts';
import type {SlotCommitment} from '../../agent/trade/certificate.ts';
import {type FillLeaf, type RowLeaf, type SlotHeader, sentinelOf, type TierLeaf, zeroHash} from '../../agent/trade/commitment.ts';
import type {DayCommitment} from '../../agent/trade/day.ts';
import {modeCodes} from '../../agent/trade/typed-data.ts';

const packed = (path: readonly Uint8Array[]): string => `0x${path.map(record => toPrefixedHex(record).slice(2)).join('')}`;

export function headerOf({mode, priceBuyMicroPerKwh, priceSellMicroPerKwh, ...rest}: SlotHeader): object {
	return {...rest, mode: modeCodes[mode], priceBuy: priceBuyMicroPerKwh, priceSell: priceSellMicroPerKwh};
}

const tierOf = ({priceMicroPerKwh, quantityWh, ordersRoot}: TierLeaf): object => ({price: priceMicroPerKwh, quantityWh, ordersRoot});
const noTier = {price: 0, quantityWh: 0, ordersRoot: zeroHash};

export function certificateOf({certificate}: SlotCommitment): object {
	const side = ({lastIndex, last, next}: SlotCommitment['certificate']['bids']): object => ({
		index: lastIndex,
		last: tierOf(last.tier),
		lastPath: packed(last.path),
		next: next === undefined ? noTier : tierOf(next.tier),
		nextPath: next === undefined ? '0x' : packed(next.path),
	});
	return {bids: side(certificate.bids), asks: side(certificate.asks)};
}

export function tierOpening(commitment: SlotCommitment, side: 'bids' | 'asks', index: number): object {
	const {tree, tiers} = commitment[side];
	return {side: side === 'bids' ? 1 : 2, index, tier: tierOf(tiers[index]?.leaf ?? sentinelOf(side)), path: packed(tree.path(index))};
}

export function fillOpening(commitment: SlotCommitment, side: 'bids' | 'asks', tier: number, index: number): object {
	const {fills, fillLeaves} = commitment[side].tiers[tier]!;
	const fill: FillLeaf = fillLeaves[index]!;
	return {tier: tierOpening(commitment, side, tier), index, fill, path: packed(fills.path(index))};
}

export function orderOpening({orderSet}: SlotCommitment, index: number): object {
	const {sequence, orderHash, cancellation} = orderSet.leaves[index]!;
	return {leaf: {sequence, orderHash, cancellation: cancellation ?? zeroHash}, index, path: packed(orderSet.tree.path(index))};
}

const rowOf = (row: RowLeaf): object => ({...row, orderHash: row.orderHash ?? zeroHash});

export function rowOpening(day: DayCommitment, index: number): object {
	const {row, path} = day.rowProof(index);
	return {row: rowOf(row), index, path: packed(path)};
}

export function balanceOpening(day: DayCommitment, account: string): object {
	const {index, balance, path} = day.balanceProof(account)!;
	return {balance, index, path: packed(path)};
}
