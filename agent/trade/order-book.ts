// The order book of a market: a fold over what traders signed, as the log has it, and the one judge of what may come next. Pure.

import {orderKinds} from '../format/entry.ts';
import {orderProblem} from './book.ts';
import type {Rules} from './clear.ts';
import {type Delegation, type MarketBody, type Mode, type SignedOrder, slotS} from './order.ts';
import {energyPrice} from './tariff.ts';

/** A grid connection that takes part, with the account that answers for it. */
export type Meter = {
	/** keccak256 of the device's URN. */
	readonly id: string;
	readonly deviceId: string;
	readonly owner: string;
	/** Most that it can feed in or take in a slot. */
	readonly maxExportWh: number;
	readonly maxImportWh: number;
};

export type BookRules = Rules & {
	readonly market: string;
	readonly mode: Mode;
	/** Orders for a slot are taken from so long before its start until so long before it. */
	readonly openBeforeS: number;
	readonly gateBeforeS: number;
};

/** An order that was acknowledged. */
export type BookedOrder = {
	readonly hash: string;
	readonly order: SignedOrder;
	/** Its entry's number under the market's subject. */
	readonly sequence: number;
	readonly signer: string;
	readonly receivedAt: number;
	/** What took it out, and from when on: it stands for slots whose gate was before that. */
	cancellation: {readonly hash: string; readonly receivedAt: number} | undefined;
};

/** Why an order is not taken. The codes are those of the API. */
export type BookProblem = {
	readonly code:
		| 'malformed'
		| 'bad-signature'
		| 'not-your-meter'
		| 'unknown-market'
		| 'unknown-order'
		| 'side-conflict'
		| 'order-exists'
		| 'duplicate-salt'
		| 'gate-closed'
		| 'price-out-of-band'
		| 'capacity-exceeded'
		| 'counter-stale'
		| 'delegation-exceeded';
	readonly detail: string;
	readonly pointer?: string;
};

/** Who signed: an address that was recovered, or `contract` where the trader's own contract account took the signature [ERC-1271]. */
export type Signer = {readonly address: string; readonly isContract: boolean};

/** Orders that a meter may have at once; a day ahead in quarters of an hour is 96. */
export const ordersPerMeterMax = 512;
/** Orders of a meter that are known, those taken back among them: whoever orders and takes back has so many until their day is settled. */
export const knownPerMeterMax = 4096;
/** An order for more slots than these is looked at for every slot. */
const shortSlotsMax = 8;
/** Delegations that an owner may have at once. */
export const delegationsPerOwnerMax = 64;

/** What raised a trader's counter to where it is, by which entry under the market's subject. */
export type RaisedCounter = {readonly counter: number; readonly hash: string; readonly receivedAt: number; readonly sequence: number};

/** What outlives every order: a trader may have raised his counter, or named an agent, years ago. */
export type BookStanding = {
	readonly counters: Readonly<Record<string, RaisedCounter>>;
	readonly delegations: Readonly<Record<string, Delegation>>;
	readonly revoked: readonly string[];
};

export type OrderBook = {
	/** When orders for the slot stop, s since 1970. */
	readonly gateOf: (slot: number) => number;
	/**
	 * Why the order may not stand, at a time, beside `others` more of its meter that are about to; undefined if it may. The very same order that stands already is found by
	 * `find` before.
	 */
	readonly problemOf: (order: SignedOrder, signer: Signer | undefined, nowS: number, others?: number) => BookProblem | undefined;
	/**
	 * Why an order that was forced onto the chain cannot be taken. Its signature, its time and its counter the contract has looked at; one whose counter was raised beyond it is taken, and out from then
	 * on.
	 */
	readonly forcedProblemOf: (order: SignedOrder) => BookProblem | undefined;
	/** The delegation by which the signer may sign the order; undefined if there is none. */
	readonly delegationFor: (order: SignedOrder, signer: string, nowS: number) => string | undefined;
	/** Whether the account answers for a meter of this market. */
	readonly isOwner: (account: string) => boolean;
	/** Whether the owner has named this agent, for any meter and time. */
	readonly isAgentOf: (owner: string, agent: string) => boolean;
	/** Why a cancellation is not taken. */
	readonly cancellationProblem: (hashes: readonly string[], signer: string | undefined, nowS: number) => BookProblem | undefined;
	/** Takes what the log has. MUST be called in the order of the sequence. */
	readonly apply: (body: MarketBody, sequence: number) => void;
	readonly find: (hash: string) => BookedOrder | undefined;
	/** By sequence. */
	readonly all: () => Iterable<BookedOrder>;
	readonly of: (trader: string) => readonly BookedOrder[];
	/** Every order acknowledged before the slot's gate for it, those taken out among them, by sequence. */
	readonly setOf: (slot: number) => readonly BookedOrder[];
	/** True if what took the order out came before the slot's gate. */
	readonly isOut: (booked: BookedOrder, slot: number) => boolean;
	readonly counterOf: (trader: string) => number;
	readonly delegation: (hash: string) => Delegation | undefined;
	readonly delegationsOf: (owner: string) => number;
	/** True once its owner has ended the delegation: the paper that he signed is still about, and counts no more. */
	readonly isRevoked: (hash: string) => boolean;
	/** What the orders of a trader can cost at the worst, for slots from … to. */
	readonly marginNano: (trader: string, from: number, to: number) => bigint;
	/** No order for the slot is taken any more, whatever the clock says. */
	readonly lock: (slot: number) => void;
	/** To begin with where not all of the log is read again. What it came from may be applied behind it once more. */
	readonly standing: () => BookStanding;
	readonly restore: (standing: BookStanding) => void;
	/** Forgets orders whose last slot is before this one. */
	readonly forgetBefore: (slot: number) => void;
	readonly size: () => number;
};

/** What one order can cost in a slot at the worst: all that a buyer may pay, or the gap that a seller who delivers nothing must buy. */
export function marginNano(order: Pick<SignedOrder, 'side' | 'mode' | 'quantityWh' | 'limitMicroPerKwh'>, rules: Rules): bigint {
	if (order.side === 'buy') return BigInt(order.quantityWh) * BigInt(order.limitMicroPerKwh);
	// The quantity is what the meter showed: there is no gap.
	if (order.mode === 'metered') return 0n;
	return BigInt(order.quantityWh) * BigInt(energyPrice('buy', rules.retailMicroPerKwh, rules) - order.limitMicroPerKwh);
}

const lastSlot = ({slotFrom, slotCount}: Pick<SignedOrder, 'slotFrom' | 'slotCount'>): number => slotFrom + slotCount - 1;
const covers = (order: SignedOrder, slot: number): boolean => order.slotFrom <= slot && slot <= lastSlot(order);

export function createOrderBook(rules: BookRules, meters: ReadonlyMap<string, Meter>): OrderBook {
	const owners = new Set([...meters.values()].map(({owner}) => owner));
	const byHash = new Map<string, BookedOrder>();
	const byTrader = new Map<string, BookedOrder[]>();
	const byMeter = new Map<string, BookedOrder[]>();
	/** Orders for few slots by each of them; those for many apart, so that a month takes no thousands of places. */
	const bySlot = new Map<number, BookedOrder[]>();
	const long = new Set<BookedOrder>();
	/** Trader and salt of what is known. */
	const salts = new Map<string, string>();
	const counters = new Map<string, RaisedCounter>();
	const delegations = new Map<string, Delegation>();
	const byOwner = new Map<string, string[]>();
	const revoked = new Set<string>();
	let lockedBelow = 0;
	let forgottenBelow = 0;

	const gateOf = (slot: number): number => slot * slotS - rules.gateBeforeS;
	const isOut = ({cancellation}: BookedOrder, slot: number): boolean =>
		cancellation !== undefined && cancellation.receivedAt < gateOf(slot);
	const saltKey = (order: SignedOrder): string => `${order.trader}${order.salt}`;

	/** What took an order out before it came: a counter that was raised beyond its own. */
	const takenBy = (order: SignedOrder, sequence = Number.POSITIVE_INFINITY): BookedOrder['cancellation'] => {
		const raised = counters.get(order.trader);
		// After a restart a counter is known that came behind the order: its entry takes it out in its turn.
		if (raised === undefined || raised.sequence > sequence || order.counter >= raised.counter) return undefined;
		return {hash: raised.hash, receivedAt: raised.receivedAt};
	};

	/** Both stand in a slot. What is out of a slot is out of those behind it too, so that the first common slot says it. */
	const overlaps = (booked: BookedOrder, order: SignedOrder): boolean => {
		if (lastSlot(booked.order) < order.slotFrom || booked.order.slotFrom > lastSlot(order)) return false;
		const from = Math.max(booked.order.slotFrom, order.slotFrom);
		const taken = takenBy(order);
		return !isOut(booked, from) && !(taken !== undefined && taken.receivedAt < gateOf(from));
	};

	const delegationFor = (order: SignedOrder, signer: string, nowS: number): string | undefined =>
		byOwner.get(order.trader)?.find(hash => {
			const found = delegations.get(hash)!;
			return found.agent === signer && found.meter === order.meter && found.notBefore <= nowS && nowS <= found.notAfter;
		});

	const signerProblem = (order: SignedOrder, signer: Signer | undefined, nowS: number): BookProblem | undefined => {
		if (signer === undefined)
			return {code: 'bad-signature', detail: 'the signature is none that a contract would take', pointer: '/signature'};
		if (signer.address === order.trader) return undefined;
		const hash = delegationFor(order, signer.address, nowS);
		if (hash === undefined)
			return {
				code: 'bad-signature',
				detail: `the signature gives ${signer.address}, neither the trader nor an agent of his for this meter: it is somebody else's, or the order was changed after signing`,
				pointer: '/signature',
			};
		const {maxWhPerSlot, minSellMicroPerKwh, maxBuyMicroPerKwh} = delegations.get(hash)!;
		if (order.quantityWh > maxWhPerSlot)
			return {
				code: 'delegation-exceeded',
				detail: `the agent may sign ${maxWhPerSlot} Wh a slot, not ${order.quantityWh}`,
				pointer: '/quantityWh',
			};
		const isWithin = order.side === 'sell' ? order.limitMicroPerKwh >= minSellMicroPerKwh : order.limitMicroPerKwh <= maxBuyMicroPerKwh;
		if (isWithin) return undefined;
		const bound = order.side === 'sell' ? `sell at no less than ${minSellMicroPerKwh}` : `buy at no more than ${maxBuyMicroPerKwh}`;
		return {
			code: 'delegation-exceeded',
			detail: `the agent may ${bound} µ/kWh, not ${order.limitMicroPerKwh}`,
			pointer: '/limitMicroPerKwh',
		};
	};

	const timeProblem = (order: SignedOrder, nowS: number): BookProblem | undefined => {
		const gateS = gateOf(order.slotFrom);
		if (nowS >= gateS || order.slotFrom < lockedBelow)
			return {code: 'gate-closed', detail: `orders for slot ${order.slotFrom} were taken until ${isoOf(gateS)}`, pointer: '/slotFrom'};
		if (rules.mode === 'forward' && lastSlot(order) * slotS > nowS + rules.openBeforeS)
			return {
				code: 'gate-closed',
				detail: `orders for slot ${lastSlot(order)} are taken from ${isoOf(lastSlot(order) * slotS - rules.openBeforeS)} on`,
				pointer: '/slotFrom',
			};
		return order.validUntil < gateS
			? {
					code: 'gate-closed',
					detail: `the order ${order.validUntil < nowS ? 'expired' : 'expires'} at ${isoOf(order.validUntil)}; for slot ${order.slotFrom} it must be valid until the gate at ${isoOf(gateS)}`,
					pointer: '/validUntil',
				}
			: undefined;
	};

	/** Why it is no order of this market and meter, whoever signed it. */
	const placeProblem = (order: SignedOrder): BookProblem | undefined => {
		if (order.market !== rules.market)
			return {code: 'unknown-market', detail: `the order is for market ${order.market}, this is ${rules.market}`, pointer: '/market'};
		if (order.mode !== rules.mode)
			return {code: 'malformed', detail: `the market's mode is ${rules.mode}, the order's is ${order.mode}`, pointer: '/mode'};
		if (meters.get(order.meter)?.owner !== order.trader)
			return {
				code: 'not-your-meter',
				detail: meters.has(order.meter)
					? `${order.trader} does not answer for meter ${order.meter}`
					: `this market has no such meter: ${order.meter}`,
				pointer: '/meter',
			};
		return undefined;
	};

	const termsProblem = (order: SignedOrder): BookProblem | undefined => {
		const meter = meters.get(order.meter)!;
		const found = orderProblem({...order, hash: order.meter}, rules, order.side === 'sell' ? meter.maxExportWh : meter.maxImportWh);
		const pointer = found?.code === 'price-out-of-band' ? '/limitMicroPerKwh' : found?.code === 'capacity-exceeded' ? '/quantityWh' : '';
		return found && {...found, pointer};
	};

	/** What is forced onto the chain is not bounded by this: it costs its trader gas, and the contract wants it in the set. */
	const knownProblem = (order: SignedOrder, others: number): BookProblem | undefined =>
		(byMeter.get(order.meter)?.length ?? 0) + others >= knownPerMeterMax
			? {
					code: 'capacity-exceeded',
					detail: `the meter has had ${knownPerMeterMax} orders for days that are not settled`,
					pointer: '/meter',
				}
			: undefined;

	const standingProblem = (order: SignedOrder, others: number): BookProblem | undefined => {
		let standing = others;
		for (const booked of byMeter.get(order.meter) ?? []) {
			if (booked.cancellation === undefined && lastSlot(booked.order) >= lockedBelow) standing += 1;
			if (!overlaps(booked, order)) continue;
			if (booked.order.side === order.side)
				return {
					code: 'order-exists',
					detail: `order ${booked.hash} stands for this meter, side and slot; cancel it first`,
					pointer: '/slotFrom',
				};
			if (rules.mode === 'forward')
				return {
					code: 'side-conflict',
					detail: `the meter has a ${booked.order.side} order for this slot: ${booked.hash}`,
					pointer: '/side',
				};
		}
		return standing >= ordersPerMeterMax
			? {code: 'capacity-exceeded', detail: `the meter has ${ordersPerMeterMax} orders that stand`, pointer: '/meter'}
			: undefined;
	};

	const push = <K, T>(map: Map<K, T[]>, key: K, value: T): void => {
		const list = map.get(key);
		if (list === undefined) map.set(key, [value]);
		else list.push(value);
	};

	const takeOut = (booked: BookedOrder | undefined, hash: string, receivedAt: number): void => {
		// A counter is heard of later than the chain raised it: what takes out first counts.
		if (booked !== undefined && receivedAt < (booked.cancellation?.receivedAt ?? Number.POSITIVE_INFINITY))
			booked.cancellation = {hash, receivedAt};
	};

	const addDelegation = (hash: string, delegation: Delegation): void => {
		if (delegations.has(hash) || revoked.has(hash)) return;
		delegations.set(hash, delegation);
		push(byOwner, delegation.owner, hash);
	};

	return {
		gateOf,
		problemOf: (order, signer, nowS, others = 0) => {
			const problem = placeProblem(order) ?? signerProblem(order, signer, nowS);
			if (problem !== undefined) return problem;
			const counter = counters.get(order.trader)?.counter ?? 0;
			if (order.counter !== counter)
				return {code: 'counter-stale', detail: `the trader's counter is ${counter}, the order's is ${order.counter}`, pointer: '/counter'};
			const terms = termsProblem(order);
			if (terms !== undefined) return terms;
			if (salts.has(saltKey(order)))
				return {code: 'duplicate-salt', detail: `another order of this trader has salt ${order.salt}`, pointer: '/salt'};
			return timeProblem(order, nowS) ?? knownProblem(order, others) ?? standingProblem(order, others);
		},
		forcedProblemOf: order => placeProblem(order) ?? termsProblem(order) ?? standingProblem(order, 0),
		delegationFor,
		isOwner: account => owners.has(account),
		isAgentOf: (owner, agent) => byOwner.get(owner)?.some(hash => delegations.get(hash)!.agent === agent) ?? false,
		cancellationProblem: (hashes, signer, nowS) => {
			for (const [at, hash] of hashes.entries()) {
				const booked = byHash.get(hash);
				const pointer = `/hashes/${at}`;
				if (booked === undefined) return {code: 'unknown-order', detail: `there is no order ${hash}`, pointer};
				const {order} = booked;
				if (signer === undefined || (signer !== order.trader && delegationFor(order, signer, nowS) === undefined))
					return {
						code: 'bad-signature',
						detail: `the cancellation is signed neither by ${order.trader} nor by an agent of his`,
						pointer: '/signature',
					};
				if (nowS >= gateOf(lastSlot(order)) || lastSlot(order) < lockedBelow)
					return {code: 'gate-closed', detail: `the last gate of order ${hash} has closed`, pointer};
			}
			return undefined;
		},
		apply: (body, sequence) => {
			switch (body.kind) {
				case orderKinds.order: {
					const {hash, order, signer, receivedAt} = body;
					if (byHash.has(hash) || lastSlot(order) < forgottenBelow) return;
					const booked: BookedOrder = {hash, order, sequence, signer, receivedAt, cancellation: takenBy(order, sequence)};
					byHash.set(hash, booked);
					push(byTrader, order.trader, booked);
					push(byMeter, order.meter, booked);
					salts.set(saltKey(order), hash);
					if (order.slotCount > shortSlotsMax) long.add(booked);
					else for (let slot = order.slotFrom; slot <= lastSlot(order); slot += 1) push(bySlot, slot, booked);
					return;
				}
				case orderKinds.cancellation:
					for (const hash of body.orders) takeOut(byHash.get(hash), body.hash, body.receivedAt);
					return;
				case orderKinds.counter:
					// Not only a higher one takes orders out: after a restart the counter is known before the orders that it took out.
					if (body.counter > (counters.get(body.trader)?.counter ?? 0))
						counters.set(body.trader, {counter: body.counter, hash: body.hash, receivedAt: body.receivedAt, sequence});
					for (const booked of byTrader.get(body.trader) ?? [])
						if (booked.order.counter < body.counter) takeOut(booked, body.hash, body.receivedAt);
					return;
				case orderKinds.delegation:
					addDelegation(body.hash, body.delegation);
					return;
				case orderKinds.revocation: {
					revoked.add(body.revokes);
					const owner = delegations.get(body.revokes)?.owner;
					if (owner === undefined) return;
					delegations.delete(body.revokes);
					byOwner.set(
						owner,
						byOwner.get(owner)!.filter(hash => hash !== body.revokes),
					);
					return;
				}
				case orderKinds.clearing:
					if (body.slot >= lockedBelow) lockedBelow = body.slot + 1;
					return;
				case orderKinds.day:
				case orderKinds.dispute:
					return;
			}
		},
		find: hash => byHash.get(hash),
		all: () => byHash.values(),
		of: trader => byTrader.get(trader) ?? [],
		setOf: slot => {
			const gateS = gateOf(slot);
			const found = [...(bySlot.get(slot) ?? []), ...[...long].filter(({order}) => covers(order, slot))].filter(
				({order, receivedAt}) => receivedAt < gateS && order.validUntil >= gateS,
			);
			found.sort((a, b) => a.sequence - b.sequence);
			return found;
		},
		isOut,
		counterOf: trader => counters.get(trader)?.counter ?? 0,
		delegation: hash => delegations.get(hash),
		isRevoked: hash => revoked.has(hash),
		delegationsOf: owner => byOwner.get(owner)?.length ?? 0,
		marginNano: (trader, from, to) => {
			let sum = 0n;
			for (const booked of byTrader.get(trader) ?? []) {
				const {order} = booked;
				const [first, last] = [Math.max(from, order.slotFrom), Math.min(to, lastSlot(order))];
				let count = Math.max(0, last - first + 1);
				// A gate rises with its slot: what was taken out later than a gate still stands for that slot and those before it.
				if (booked.cancellation !== undefined) while (count > 0 && isOut(booked, first + count - 1)) count -= 1;
				sum += BigInt(count) * marginNano(order, rules);
			}
			return sum;
		},
		lock: slot => {
			if (slot >= lockedBelow) lockedBelow = slot + 1;
		},
		standing: () => ({counters: Object.fromEntries(counters), delegations: Object.fromEntries(delegations), revoked: [...revoked]}),
		restore: standing => {
			for (const hash of standing.revoked) revoked.add(hash);
			for (const [trader, counter] of Object.entries(standing.counters)) counters.set(trader, counter);
			for (const [hash, delegation] of Object.entries(standing.delegations)) addDelegation(hash, delegation);
		},
		forgetBefore: slot => {
			forgottenBelow = Math.max(forgottenBelow, slot);
			const gone = [...byHash.values()].filter(({order}) => lastSlot(order) < slot);
			if (gone.length === 0) return;
			const isKept = (booked: BookedOrder): boolean => lastSlot(booked.order) >= slot;
			for (const booked of gone) {
				byHash.delete(booked.hash);
				salts.delete(saltKey(booked.order));
				long.delete(booked);
			}
			for (const at of bySlot.keys()) if (at < slot) bySlot.delete(at);
			for (const map of [byTrader, byMeter])
				for (const [key, list] of map) {
					const kept = list.filter(isKept);
					if (kept.length === 0) map.delete(key);
					else if (kept.length < list.length) map.set(key, kept);
				}
		},
		size: () => byHash.size,
	};
}

function isoOf(timeS: number): string {
	return new Date(timeS * 1000).toISOString();
}
