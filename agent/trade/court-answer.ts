// Turns what the court asks for, and what the market has, into the call of MarketAnswers that shows it. Pure.

import {fillProofOf, type SlotCommitment} from './certificate.ts';
import {type RowLeaf, rowFlags, zeroHash} from './commitment.ts';
import {balanceOpening, fillOpening, headerOf, noFillPath, orderOpening, rowOpening, tierOpening} from './court-openings.ts';
import type {DayCommitment} from './day.ts';
import type {MeterEnergy} from './day-settlement.ts';
import type {Delegation, SignedOrder} from './order.ts';
import {modeCodes, sideCodes} from './typed-data.ts';

/** The enum `Leaf` of MarketVerdict.sol. */
export const leafCodes = {
	orderInSet: 1,
	tier: 2,
	fill: 3,
	row: 4,
	balance: 5,
	orderBody: 6,
	cancellation: 7,
	rowContract: 8,
	forcedOrder: 9,
} as const;

export type Asked = {
	/** One of leafCodes. */
	readonly leaf: number;
	/** The slot or day. */
	readonly number: number;
	/** Hash of its header. */
	readonly commit: string;
	/** 1 bids, 2 asks, else 0. */
	readonly side: number;
	readonly index: number;
	readonly other: number;
	readonly hash: string;
};

export type Granted = {readonly delegation: Delegation; readonly signature: string};

/** What was signed about an order, as the log has it. */
export type SignedParts = {
	readonly order: SignedOrder;
	/** The delegation that the order was signed by; undefined if its trader signed. */
	readonly granted: Granted | undefined;
	/** What took it out; undefined if it stands. A cancellation has hashes, a counter none. */
	readonly takenOut:
		| {
				readonly counter: number | undefined;
				readonly hashes: readonly string[];
				/** Empty where the chain said so. */
				readonly signature: string;
				readonly granted: Granted | undefined;
		  }
		| undefined;
};

/** The call that answers, or why there is none, as a sentence. */
export type CourtAnswer = {readonly name: string; readonly values: readonly unknown[]} | {readonly why: string};

/** Whether what is asked for is of a day, and not of a slot. */
export function isOfDay({leaf}: Pick<Asked, 'leaf'>): boolean {
	return leaf === leafCodes.row || leaf === leafCodes.balance || leaf === leafCodes.rowContract;
}

/** Place in the set of the order whose signed parts an answer takes; undefined if it takes none. */
export function signedPlaceOf(asked: Asked, {orderSet}: Pick<SlotCommitment, 'orderSet'>): number | undefined {
	const leaf = orderSet.leaves[asked.index];
	if (leaf === undefined) return undefined;
	if (asked.leaf === leafCodes.orderBody) return leaf.cancellation === undefined ? asked.index : undefined;
	return asked.leaf === leafCodes.cancellation && leaf.cancellation !== undefined ? asked.index : undefined;
}

const noAddress = `0x${'00'.repeat(20)}`;
const noOrder = {
	trader: noAddress,
	market: zeroHash,
	meter: zeroHash,
	side: 0,
	mode: 0,
	slotFrom: 0,
	slotCount: 0,
	quantityWh: 0,
	limitMicroPerKwh: 0,
	minQuantityWh: 0,
	validUntil: 0,
	counter: 0,
	salt: 0n,
};
const noDelegation = {
	owner: noAddress,
	agent: noAddress,
	market: zeroHash,
	meter: zeroHash,
	maxWhPerSlot: 0,
	minSellMicroPerKwh: 0,
	maxBuyMicroPerKwh: 0,
	notBefore: 0,
	notAfter: 0,
	nonce: 0n,
};
const noTakenOut = {isCounter: false, counter: 0, hashes: [], signature: '0x'};
const noSlotHeader = {
	slot: 0,
	paramsVersion: 0,
	mode: 0,
	orderCount: 0,
	orderSetRoot: zeroHash,
	bidTiers: 0,
	bidRoot: zeroHash,
	askTiers: 0,
	askRoot: zeroHash,
	volumeWh: 0,
	priceBuy: 0,
	priceSell: 0,
};
const noFill = {
	tier: {side: 0, index: 0, tier: {price: 0, quantityWh: 0, ordersRoot: zeroHash}, path: '0x'},
	index: 0,
	fill: {sequence: 0, orderHash: zeroHash, meter: zeroHash, quantityWh: 0, fillWh: 0},
	path: '0x',
};

const bodyOf = ({signature: _, ...order}: SignedOrder) => ({
	...order,
	side: sideCodes[order.side],
	mode: modeCodes[order.mode],
	salt: BigInt(order.salt),
});
const grantOf = (granted: Granted | undefined): readonly [object, string] =>
	granted === undefined ? [noDelegation, '0x'] : [{...granted.delegation, nonce: BigInt(granted.delegation.nonce)}, granted.signature];
const otherHeader = (asked: Asked, found: string): CourtAnswer => ({
	why: `what is asked for is under header ${asked.commit}, and the market's own is ${found}`,
});
const noPlace = (what: string, {number, index, other}: Asked): CourtAnswer => ({why: `${number} has no ${what} ${index}/${other}`});

/** Answers what is asked of a slot. `signed` MUST be there if signedPlaceOf names a place. */
export function slotAnswer(asked: Asked, commitment: SlotCommitment, signed: SignedParts | undefined): CourtAnswer {
	if (asked.commit !== commitment.headerHash) return otherHeader(asked, commitment.headerHash);
	const {index, other} = asked;
	const header = headerOf(commitment.header);
	const {leaves} = commitment.orderSet;
	if (asked.leaf === leafCodes.tier || asked.leaf === leafCodes.fill) {
		const side = asked.side === sideCodes.buy ? 'bids' : 'asks';
		const tier = commitment[side].tiers[index];
		if (tier === undefined) return noPlace('tier', asked);
		if (asked.leaf === leafCodes.tier) return {name: 'showTier', values: [header, tierOpening(commitment, side, index)]};
		if (other < tier.fillLeaves.length) return {name: 'showFill', values: [header, fillOpening(commitment, side, index, other)]};
		const any = fillOpening(commitment, side, index, 0);
		return {name: 'showNoFill', values: [header, any, other, noFillPath(commitment, side, index, other)]};
	}
	if (asked.leaf === leafCodes.forcedOrder) {
		const at = leaves.findIndex(({orderHash}) => orderHash === asked.hash);
		return at < 0
			? {why: `order ${asked.hash} was forced onto the chain and is not in the set of slot ${asked.number}`}
			: {name: 'showForced', values: [header, orderOpening(commitment, at)]};
	}
	const leaf = leaves[index];
	if (leaf === undefined) return noPlace('order', asked);
	const opening = orderOpening(commitment, index);
	if (asked.leaf === leafCodes.orderInSet) return {name: 'showOrderInSet', values: [header, opening]};
	const isNeeded = signedPlaceOf(asked, commitment) !== undefined;
	if (isNeeded && signed === undefined) return {why: `what was signed about order ${leaf.orderHash} is not in the log`};
	if (asked.leaf === leafCodes.orderBody) {
		if (!isNeeded) return {name: 'showOrder', values: [header, opening, noOrder, '0x', noDelegation, '0x']};
		const {order, granted} = signed!;
		return {name: 'showOrder', values: [header, opening, bodyOf(order), order.signature, ...grantOf(granted)]};
	}
	if (asked.leaf !== leafCodes.cancellation) return {why: `the court asks for a leaf of kind ${asked.leaf}, which is none of a slot`};
	if (!isNeeded) return {name: 'showCancellation', values: [header, opening, noOrder, noTakenOut, noDelegation, '0x']};
	const {order, takenOut} = signed!;
	if (takenOut === undefined) return {why: `what took order ${leaf.orderHash} out is not in the log`};
	const {counter, hashes, signature, granted} = takenOut;
	const taken = {isCounter: counter !== undefined, counter: counter ?? 0, hashes, signature: signature === '' ? '0x' : signature};
	return {name: 'showCancellation', values: [header, opening, bodyOf(order), taken, ...grantOf(granted)]};
}

/** The slot whose commitment an answer about a day takes; undefined if it takes none. */
export function slotNeededBy(asked: Asked, {header, rowAt}: DayCommitment): number | undefined {
	if (asked.leaf !== leafCodes.rowContract || asked.index >= header.rowCount) return undefined;
	const {slot, contractedWh} = rowAt(asked.index);
	return contractedWh === 0 ? undefined : slot;
}

/** Answers what is asked of a day. `slot` MUST be there if slotNeededBy names one. */
export function dayAnswer(asked: Asked, day: DayCommitment, slot: SlotCommitment | undefined): CourtAnswer {
	if (asked.commit !== day.headerHash) return otherHeader(asked, day.headerHash);
	const {header, balances} = day;
	if (asked.leaf === leafCodes.balance) {
		const balance = balances[asked.index];
		return balance === undefined
			? noPlace('balance', asked)
			: {name: 'showBalance', values: [header, balanceOpening(day, balance.account)]};
	}
	if (asked.index >= header.rowCount) return noPlace('row', asked);
	const opening = rowOpening(day, asked.index);
	if (asked.leaf === leafCodes.row) return {name: 'showRow', values: [header, opening]};
	if (asked.leaf !== leafCodes.rowContract) return {why: `the court asks for a leaf of kind ${asked.leaf}, which is none of a day`};
	if (slotNeededBy(asked, day) === undefined) return {name: 'showContract', values: [header, opening, noSlotHeader, noFill]};
	const found = slot === undefined ? undefined : fillProofOf(slot, opening.row.orderHash);
	if (slot === undefined || found === undefined)
		return {why: `the contract of row ${asked.index} of day ${header.day} comes from no fill that is known`};
	const fill = fillOpening(slot, found.side, found.tierIndex, found.fillIndex);
	return {name: 'showContract', values: [header, opening, headerOf(slot.header), fill]};
}

/** Numbers of the entries before each boundary of a slot, of both registers. */
export type ReadingNumbers = {
	readonly importFrom: number;
	readonly importTo: number;
	readonly exportFrom: number;
	readonly exportTo: number;
};

/**
 * Which entries show the reading of a slot; or why none do, as a sentence. `row` is that of the settled day, undefined before. What was spread flat cannot be shown, and what was guessed stays
 * guessed: where such a demand is not answered, the missing rule counts, and that is what the row says.
 */
export function readingNumbersOf(row: RowLeaf | undefined, {imported, exported}: MeterEnergy): ReadingNumbers | {readonly why: string} {
	if (row !== undefined) {
		if ((row.flags & rowFlags.substituted) !== 0) return {why: 'its row stands in for a reading that was missing'};
		if ((row.flags & rowFlags.spread) !== 0) return {why: 'its energy was spread flat over several slots'};
	} else if (imported.energyWh === undefined || exported.energyWh === undefined) return {why: 'its registers have not been read yet'};
	else if (imported.spread || exported.spread) return {why: 'its energy is spread flat over several slots'};
	const numbers = row ?? {
		importFrom: imported.fromNumber ?? 0,
		importTo: imported.toNumber ?? 0,
		exportFrom: exported.fromNumber ?? 0,
		exportTo: exported.toNumber ?? 0,
	};
	const {importFrom, importTo, exportFrom, exportTo} = numbers;
	if (exportFrom === 0 || exportTo === 0) return {why: 'its meter has no register of what it feeds in'};
	return {importFrom, importTo, exportFrom, exportTo};
}
