// Turns what gas costs now, what the owner allows and what was spent into the price of the next transaction, or into the sentence that says why it waits.

import {decimalText, withoutZeros} from '../format/decimal.ts';
import type {Fees} from './chain.ts';
import type {TransactionPrice} from './keystore.ts';

export type FeePolicy = {
	/** Ceiling for what a unit of gas may cost, tip included, in wei. */
	readonly feeWeiMax: bigint;
	/** Ceiling for what one transaction may cost, in wei. @default none */
	readonly costWeiMax?: bigint;
	/** Ceiling for what is paid in any 24 hours of the chain's own time, failed transactions included, in wei. @default none */
	readonly budgetWeiPerDay?: bigint;
	/** A transaction that is not in a block after this time, and after two blocks, is replaced by a dearer one. @default 48 000 */
	readonly bumpAfterMs?: number;
};

/** Four blocks of Ethereum. */
export const bumpAfterMsDefault = 48_000;
/** A chain that makes no blocks is not hurried by higher fees. */
export const bumpBlocks = 2;
/** geth replaces a transaction if both caps rise by a tenth, others ask for an eighth. */
const [raiseNumerator, raiseDenominator] = [9n, 8n];
/** A node that refuses an eighth is offered more the next time, up to this many eighths upon eighths: 2.0 times. */
export const raiseStepsMax = 6;

export const dayS = 86_400;

/** What was paid, and when by the chain's time. */
export type Payment = {readonly timeS: number; readonly costWei: bigint};

/** All that was paid at or after a time, s since 1970. */
export function paidSince(payments: readonly Payment[], fromS: number): bigint {
	return payments.reduce((sum, {timeS, costWei}) => (timeS >= fromS ? sum + costWei : sum), 0n);
}

/** The most that was paid in any 24 hours, both ends included. What a budget is judged by. */
export function paidInDayMax(payments: readonly Payment[]): bigint {
	const sorted = [...payments].sort((a, b) => a.timeS - b.timeS);
	let most = 0n;
	let sum = 0n;
	let from = 0;
	for (const {timeS, costWei} of sorted) {
		sum += costWei;
		for (; sorted[from]!.timeS < timeS - dayS; from += 1) sum -= sorted[from]!.costWei;
		if (sum > most) most = sum;
	}
	return most;
}

/** The most that a unit of gas can cost at this price. */
export function capOf(price: TransactionPrice): bigint {
	return price.type === 'legacy' ? price.gasPrice : price.maxFeePerGas;
}

/** The least that replaces it: each cap an eighth higher, rounded up, and by 1 wei at least; `steps` times. */
export function raisePrice(price: TransactionPrice, steps = 1): TransactionPrice {
	const raised = (wei: bigint): bigint => {
		let found = wei;
		for (let i = 0; i < Math.min(steps, raiseStepsMax); i += 1) {
			const more = (found * raiseNumerator + raiseDenominator - 1n) / raiseDenominator;
			found = more > found ? more : found + 1n;
		}
		return found;
	};
	if (price.type === 'legacy') return {type: 'legacy', gasPrice: raised(price.gasPrice)};
	return {type: 'dynamic', maxFeePerGas: raised(price.maxFeePerGas), maxPriorityFeePerGas: raised(price.maxPriorityFeePerGas)};
}

/** In the units of the config, since a person compares them with what stands there. */
function gweiText(wei: bigint): string {
	return `${withoutZeros(decimalText(wei, -9))} Gwei`;
}

function coinText(wei: bigint): string {
	return withoutZeros(decimalText(wei, -18));
}

export type PriceInput = {
	readonly fees: Fees;
	readonly policy: FeePolicy;
	readonly gasLimit: bigint;
	/** What is set aside for a rollup's parent chain, beside gas limit times price. @default 0 */
	readonly parentFeeWei?: bigint;
	/** Of the budget: paid in the last day, and the worst case of whatever else is signed and not final. */
	readonly committedWei: bigint;
	/** What the account holds, less the worst case of whatever else is signed; undefined if nobody asked. */
	readonly balanceWei: bigint | undefined;
	/** The attempt that is to be replaced: the price rises over it, or there is none. */
	readonly replaces?: {readonly price: TransactionPrice; readonly steps: number};
	/** Another transaction of ours may be in the pool with this nonce: the price rises over it where the ceilings allow. */
	readonly outbids?: TransactionPrice;
};

export type PriceAnswer =
	| {readonly price: TransactionPrice}
	/** `limit` names what binds. The sentence has no full stop, so that the caller can say who waits. */
	| {readonly wait: string; readonly limit: 'price' | 'cost' | 'budget' | 'funds'};

/**
 * What to offer for a unit of gas. Whatever it answers, gas limit times cap stays within the ceiling of the transaction and, with all that is committed, within the budget: so in no
 * 24 hours more can be paid than that, if the caller counts from the time of a final block on.
 */
export function planPrice(input: PriceInput): PriceAnswer {
	const {fees, policy, gasLimit, parentFeeWei = 0n, committedWei, balanceWei, replaces, outbids} = input;
	const {feeWeiMax, costWeiMax, budgetWeiPerDay} = policy;
	const nowWei = fees.kind === 'legacy' ? fees.gasPriceWei : fees.baseFeeWei;
	const isFree = fees.kind === 'legacy' && nowWei === 0n;
	const leftWei = budgetWeiPerDay === undefined ? undefined : greatest(0n, budgetWeiPerDay - committedWei - parentFeeWei);
	type Ceiling = {readonly capWei: bigint; readonly limit: 'price' | 'cost' | 'budget'; readonly wait: string};
	const ceilings: Ceiling[] = [
		{capWei: feeWeiMax, limit: 'price', wait: `gas costs ${gweiText(nowWei)} now, and the ceiling is ${gweiText(feeWeiMax)}`},
	];
	const beside = parentFeeWei === 0n ? '' : `, and ${coinText(parentFeeWei)} of the coin are set aside for the parent chain`;
	const mayCost = `a transaction takes ${gasLimit} gas at ${gweiText(nowWei)} now${beside}`;
	if (costWeiMax !== undefined)
		ceilings.push({
			capWei: greatest(0n, costWeiMax - parentFeeWei) / gasLimit,
			limit: 'cost',
			wait: `${mayCost}, and it may cost ${coinText(costWeiMax)} of the coin`,
		});
	if (leftWei !== undefined) {
		ceilings.push({
			capWei: leftWei / gasLimit,
			limit: 'budget',
			wait: `${mayCost}, and ${coinText(leftWei)} of the day's budget of ${coinText(budgetWeiPerDay!)} are left`,
		});
	}
	const lowest = ceilings.reduce((low, one) => (one.capWei < low.capWei ? one : low));
	const ceilingWei = lowest.capWei;
	const wait = ({wait: sentence, limit}: Ceiling): PriceAnswer => ({wait: sentence, limit});
	// Even where gas is free.
	const isOutOf = (limit: Ceiling['limit'], wei: bigint | undefined): boolean =>
		lowest.limit === limit && wei !== undefined && wei < parentFeeWei;
	if (isOutOf('cost', costWeiMax) || isOutOf('budget', budgetWeiPerDay === undefined ? undefined : budgetWeiPerDay - committedWei))
		return wait(lowest);

	// A price of 0 has nothing that could be raised, and a chain that takes it has no queue to jump.
	if (isFree && replaces !== undefined) return {wait: 'gas costs nothing here, and more is not offered', limit: 'price'};
	const floor = replaces && raisePrice(replaces.price, replaces.steps);
	if (floor !== undefined && capOf(floor) > ceilingWei) return wait(lowest);
	if (floor === undefined) {
		// With a base fee at the ceiling nothing is left for the tip, and with less than an eighth above it the next full block would shut it out [EIP-1559].
		const isOver = fees.kind === 'legacy' ? nowWei > ceilingWei : nowWei + nowWei / 8n >= ceilingWei;
		if (isOver) return wait(lowest);
	}
	const fresh = freshPrice(fees, ceilingWei, floor?.type ?? (fees.kind === 'legacy' ? 'legacy' : 'dynamic'));
	const wanted = floor === undefined ? fresh : dearer(floor, fresh, ceilingWei);
	const price = outbids === undefined ? wanted : dearer(wanted, raisePrice(outbids), ceilingWei);
	const costWei = gasLimit * capOf(price) + parentFeeWei;
	if (balanceWei !== undefined && balanceWei < costWei)
		return {
			wait: `the anchoring account holds ${coinText(balanceWei)} of the coin, and a transaction may cost ${coinText(costWei)}: send it funds`,
			limit: 'funds',
		};
	return {price};
}

/** What the node suggests, as far as the ceiling allows. */
function freshPrice(fees: Fees, ceilingWei: bigint, type: TransactionPrice['type']): TransactionPrice {
	if (fees.kind === 'legacy') {
		const gasPrice = least(fees.gasPriceWei, ceilingWei);
		return type === 'legacy' ? {type, gasPrice} : {type, maxFeePerGas: gasPrice, maxPriorityFeePerGas: gasPrice};
	}
	const tipWei = least(fees.tipWei, greatest(0n, ceilingWei - fees.baseFeeWei));
	// Twice the base fee stays enough for six full blocks in a row; what is not needed is not paid [EIP-1559].
	const maxFeePerGas = least(2n * fees.baseFeeWei + tipWei, ceilingWei);
	return type === 'legacy' ? {type, gasPrice: maxFeePerGas} : {type, maxFeePerGas, maxPriorityFeePerGas: tipWei};
}

/** Each cap the greater of two, but none above the ceiling. */
function dearer(a: TransactionPrice, b: TransactionPrice, ceilingWei: bigint): TransactionPrice {
	const greater = (one: bigint, other: bigint): bigint => least(greatest(one, other), ceilingWei);
	if (a.type === 'legacy') return {type: 'legacy', gasPrice: greater(a.gasPrice, capOf(b))};
	const tipWei = b.type === 'legacy' ? b.gasPrice : b.maxPriorityFeePerGas;
	const maxFeePerGas = greater(a.maxFeePerGas, capOf(b));
	return {type: 'dynamic', maxFeePerGas, maxPriorityFeePerGas: least(greater(a.maxPriorityFeePerGas, tipWei), maxFeePerGas)};
}

/** What a parent chain takes follows its own prices: this many times the largest part that was seen is set aside for the next one. */
const parentFeeMargin = 2n;

/** What to set aside for each transaction on a rollup, in wei, from what its parent chain took of those before; 0 where it took nothing, or nothing is known yet. */
export function parentFeeAside(seenWei: readonly bigint[]): bigint {
	return seenWei.slice(-recentAnchorsMax).reduce(greatest, 0n) * parentFeeMargin;
}

/** How many of the newest anchors tell what one costs. */
export const recentAnchorsMax = 16;
/** A hundred years stand for "longer than anybody asks". */
const runwayDaysMax = 36_500;

/** Mean cost of an anchor, in wei, rounded up; undefined where none is known. */
export function meanCostWei(costsWei: readonly bigint[]): bigint | undefined {
	const recent = costsWei.slice(-recentAnchorsMax);
	if (recent.length === 0) return undefined;
	const count = BigInt(recent.length);
	return (recent.reduce((sum, costWei) => sum + costWei, 0n) + count - 1n) / count;
}

/** For how many days the balance lasts if an anchor of that cost is made every `everyMs`, to a tenth, rounded down, at most 36 500; undefined if one of the two is not known. */
export function runwayDays(balanceWei: bigint | undefined, costWei: bigint | undefined, everyMs: number): number | undefined {
	if (balanceWei === undefined || costWei === undefined) return undefined;
	const anchorsPerDay = BigInt(Math.ceil((dayS * 1000) / Math.max(1, everyMs)));
	const perDayWei = costWei * anchorsPerDay;
	if (perDayWei === 0n) return runwayDaysMax;
	const tenths = (balanceWei * 10n) / perDayWei;
	return tenths >= BigInt(runwayDaysMax) * 10n ? runwayDaysMax : Number(tenths) / 10;
}

function least(a: bigint, b: bigint): bigint {
	return a < b ? a : b;
}

function greatest(a: bigint, b: bigint): bigint {
	return a > b ? a : b;
}
