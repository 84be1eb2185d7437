// Turns the book of one slot, and in metered mode what the meters showed, into a clearing and what its operator commits to. Pure.

import {commitSlot, type OrderSet, orderSetOf, type SlotCommitment, type SlotOrder} from './certificate.ts';
import type {Rules} from './clear.ts';
import {type Clearing, clear} from './clear.ts';
import type {OrderLeaf} from './commitment.ts';
import type {Mode, SignedOrder} from './order.ts';

/** An order of a slot's set, with what its clearing takes of it. */
export type SetOrder = Pick<SignedOrder, 'trader' | 'meter' | 'side' | 'quantityWh' | 'limitMicroPerKwh' | 'minQuantityWh'> & {
	readonly hash: string;
	readonly sequence: number;
	/** Hash of what took it out before the gate. */
	readonly cancellation: string | undefined;
};

/** Everything that a slot's clearing follows from; small enough to be kept for every slot. */
export type SlotInput = {
	readonly slot: number;
	readonly paramsVersion: number;
	readonly mode: Mode;
	readonly rules: Rules;
	/** By rising sequence. */
	readonly set: readonly SetOrder[];
	/** In metered mode, Wh of net export by meter; a meter that is not in it has no reading, and no part in this slot. */
	readonly netExportWh: Readonly<Record<string, number>> | undefined;
};

export type ClearedSlot = {
	readonly input: SlotInput;
	readonly orderSet: OrderSet;
	/** Those that took part, with their place in `clearing.fillsWh`. */
	readonly orders: readonly (SlotOrder & {readonly trader: string})[];
	readonly clearing: Clearing;
	readonly commitment: SlotCommitment;
};

export function clearSlot(input: SlotInput): ClearedSlot {
	const {slot, paramsVersion, mode, rules, set, netExportWh} = input;
	const orderSet = orderSetOf(set.map(({sequence, hash, cancellation}): OrderLeaf => ({sequence, orderHash: hash, cancellation})));
	const orders: (SlotOrder & {readonly trader: string})[] = [];
	for (const order of set) {
		if (order.cancellation !== undefined) continue;
		const quantityWh =
			netExportWh === undefined ? order.quantityWh : Math.min(order.quantityWh, shownWh(order.side, netExportWh[order.meter]));
		// What a meter showed less of than the order's least quantity cannot be filled with it.
		if (quantityWh < Math.max(1, order.minQuantityWh)) continue;
		const {hash, side, limitMicroPerKwh, minQuantityWh, sequence, meter, trader} = order;
		orders.push({hash, side, quantityWh, limitMicroPerKwh, minQuantityWh, sequence, meter, trader});
	}
	const clearing = clear(orders, rules, orderSet.seed);
	return {input, orderSet, orders, clearing, commitment: commitSlot({slot, paramsVersion, mode}, orderSet, orders, clearing)};
}

/** What a side has to trade of a net export. */
function shownWh(side: SignedOrder['side'], netExportWh: number | undefined): number {
	if (netExportWh === undefined) return 0;
	return Math.max(0, side === 'sell' ? netExportWh : -netExportWh);
}

/** What a meter is contracted for: net export, and the order that it comes from. A meter has one order of the side that counts. */
export type Contract = {readonly orderHash: string; readonly contractedWh: number};

/** Contracts by meter; an order that got nothing makes none. */
export function contractsOf({orders, clearing}: Pick<ClearedSlot, 'orders' | 'clearing'>): Map<string, Contract> {
	const contracts = new Map<string, Contract>();
	for (const [at, {hash, meter, side}] of orders.entries()) {
		const fill = clearing.fillsWh[at]!;
		if (fill > 0) contracts.set(meter, {orderHash: hash, contractedWh: side === 'sell' ? fill : -fill});
	}
	return contracts;
}
