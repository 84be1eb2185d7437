// Recomputes every bill of a market from what its meters truly published, the orders that stood and the rules, and says where the market's rows differ. Shares no code
// with the market: its auction is found by trying every price, its boundaries by looking at every point.

import {fromHex, toHex} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {averageMicroPerKwh, type EnergyTotals, type Shares, sharesOf} from './figures.ts';
import type {Prices} from './habit.ts';

/** An order as it was sent; it stands for its slots unless it came too late or was taken back. */
export type SentOrder = {
	/** 0x and 64 hexadecimal digits. */
	readonly hash: string;
	/** Whose meter it is for; one order of a side for a meter and slot. */
	readonly meter: string;
	readonly side: 'buy' | 'sell';
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly quantityWh: number;
	readonly limitMicroPerKwh: number;
	/** The first slot whose gate came after the order; and the first whose gate came after it was taken back. @default all of its slots */
	readonly standsFrom?: number;
	readonly standsUntil?: number;
};

/** What a meter published. */
export type TruePoint = {readonly atMs: number; readonly importWh: number; readonly exportWh: number};

export type TrueMeter = {
	readonly meter: string;
	readonly account: string;
	readonly cadenceMs: number;
	/** In the order in which they were published. */
	readonly points: readonly TruePoint[];
};

/** What the market says of a slot. */
export type PublishedSlot = {
	readonly slot: number;
	/** Breaks ties of single Wh: the root of the order set. 0x and hexadecimal digits. */
	readonly seed: string;
	readonly volumeWh: number;
	/** undefined: nothing was traded. */
	readonly priceBuyMicroPerKwh: number | undefined;
	readonly priceSellMicroPerKwh: number | undefined;
};

/** A row of the market's settlement. */
export type PublishedRow = {
	readonly slot: number;
	readonly meter: string;
	readonly account: string;
	readonly contractedWh: number;
	readonly meteredWh: number;
	readonly netNano: bigint;
};

export type CounterAccounts = {readonly gridNano: bigint; readonly retailerNano: bigint; readonly poolNano: bigint};

export type JudgeInput = {
	readonly prices: Prices;
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly meters: readonly TrueMeter[];
	readonly orders: readonly SentOrder[];
	readonly slots: readonly PublishedSlot[];
	readonly rows: readonly PublishedRow[];
	/** The market's own sums over these slots. */
	readonly counterAccounts: CounterAccounts;
	/** Slot and meter, with a space between, whose reading came too late for the clearing: such a meter has no part in the slot, and is billed by its reading all the same. @default none */
	readonly late?: ReadonlySet<string>;
	/** Only for the figures; the bills do not depend on them. */
	readonly used: {readonly loadWh: bigint; readonly pvWh: bigint};
	/** @default 20 */
	readonly examplesMax?: number;
};

export type Bill = {
	readonly account: string;
	readonly netNano: bigint;
	/** What the same energy would have come to on the grid's two prices alone. */
	readonly withoutMarketNano: bigint;
};

export type CommunityVerdict = {
	/** Rows that differ in contract, reading or amount; that should be there; and that should not. */
	readonly wrongRows: number;
	readonly missingRows: number;
	readonly unexpectedRows: number;
	/** Slots whose published price or volume is not the auction's. */
	readonly wrongSlots: number;
	/** What all rows and counter accounts of the market sum to: zero. */
	readonly unexplainedNano: bigint;
	/** Which of the market's counter accounts differ from the recomputed ones. */
	readonly wrongAccounts: readonly string[];
	/** Rows that were compared. */
	readonly rows: number;
	readonly bills: readonly Bill[];
	readonly counterAccounts: CounterAccounts;
	readonly energy: EnergyTotals;
	readonly shares: Shares;
	/** What neighbours paid and got on average for a kWh between them; undefined where none was traded. */
	readonly averages: {readonly sellerMicroPerKwh: number | undefined; readonly buyerMicroPerKwh: number | undefined};
	/** A sentence for each of the first findings. */
	readonly examples: readonly string[];
};

const slotLengthMs = 900_000;
const weekSlots = 672;
const weeksBack = 4;

export function isGood(verdict: CommunityVerdict): boolean {
	const {wrongRows, missingRows, unexpectedRows, wrongSlots, unexplainedNano, wrongAccounts} = verdict;
	return wrongRows + missingRows + unexpectedRows + wrongSlots + wrongAccounts.length === 0 && unexplainedNano === 0n;
}

export function judgeCommunity(input: JudgeInput): CommunityVerdict {
	const {prices, slotFrom, slotCount, meters, rows, slots} = input;
	const examplesMax = input.examplesMax ?? 20;
	const examples: string[] = [];
	const example = (sentence: string): void => {
		if (examples.length < examplesMax) examples.push(sentence);
	};
	const published = new Map(rows.map(row => [`${row.slot} ${row.meter}`, row]));
	const slotsKnown = new Map(slots.map(one => [one.slot, one]));
	const readings = meters.map(meter => readingsOf(meter, slotFrom, slotCount));
	const standing = ordersByMeter(input.orders);
	const [f, r, g] = [prices.feedInMicroPerKwh, prices.retailMicroPerKwh, prices.gridFeeMicroPerKwh].map(BigInt) as [bigint, bigint, bigint];

	let [wrongRows, missingRows, wrongSlots] = [0, 0, 0];
	let [gridNano, retailerNano, poolNano] = [0n, 0n, 0n];
	let [importWh, exportWh, tradedWh, sellersNano, buyersNano] = [0n, 0n, 0n, 0n, 0n];
	const bills = new Map<string, {net: bigint; without: bigint}>(meters.map(({account}) => [account, {net: 0n, without: 0n}]));

	for (let at = 0; at < slotCount; at += 1) {
		const slot = slotFrom + at;
		const offers: Offer[] = [];
		for (const [i, {meter}] of meters.entries()) {
			const net = readings[i]![at];
			if (net === undefined || net === 0 || input.late?.has(`${slot} ${meter}`) === true) continue;
			const order = standing.get(meter)?.find(one => stands(one, slot, net > 0 ? 'sell' : 'buy'));
			if (order === undefined) continue;
			const price = order.side === 'sell' ? order.limitMicroPerKwh : order.limitMicroPerKwh - prices.gridFeeMicroPerKwh;
			offers.push({meterAt: i, side: order.side, price, wh: Math.min(Math.abs(net), order.quantityWh), hash: order.hash});
		}
		const said = slotsKnown.get(slot);
		const auction = auctionOf(offers, said?.seed ?? '0x');
		if (said === undefined) {
			wrongSlots += 1;
			example(`slot ${slot} was not published`);
		} else if (
			said.volumeWh !== auction.volumeWh ||
			said.priceBuyMicroPerKwh !== auction.price ||
			said.priceSellMicroPerKwh !== auction.price
		) {
			wrongSlots += 1;
			example(
				`slot ${slot} says ${said.volumeWh} Wh at ${said.priceBuyMicroPerKwh} and ${said.priceSellMicroPerKwh}; the orders give ${auction.volumeWh} Wh at ${auction.price}`,
			);
		}

		let [taken, given, long, short] = [0n, 0n, 0n, 0n];
		const p = BigInt(auction.price ?? 0);
		for (const [i, {meter, account}] of meters.entries()) {
			const contract = auction.contracts.get(i) ?? 0;
			const net = readings[i]![at] ?? standInWh(contract, readings[i]!, at);
			const [c, m] = [BigInt(contract), BigInt(net)];
			const over = m > c ? m - c : 0n;
			const under = c > m ? c - m : 0n;
			const drawn = m < 0n ? -m : 0n;
			const amount = c * p + over * f - under * (r - g) - drawn * g;
			const bill = bills.get(account)!;
			bill.net += amount;
			bill.without += m > 0n ? m * f : m * r;
			taken += drawn;
			given += m > 0n ? m : 0n;
			long += over;
			short += under;
			if (c > 0n) {
				tradedWh += c;
				sellersNano += c * p;
				buyersNano += c * (p + g);
			}

			const key = `${slot} ${meter}`;
			const row = published.get(key);
			if (row === undefined) {
				// A market need not write down that nothing happened.
				if (contract === 0 && net === 0) continue;
				missingRows += 1;
				example(`slot ${slot}, ${meter}: there is no row; it should be ${amount} nano for ${contract} Wh contracted and ${net} metered`);
				continue;
			}
			published.delete(key);
			if (row.account === account && row.contractedWh === contract && row.meteredWh === net && row.netNano === amount) continue;
			wrongRows += 1;
			example(
				`slot ${slot}, ${meter}: the row says ${row.netNano} nano for ${row.contractedWh} Wh contracted and ${row.meteredWh} metered; it should be ${amount} for ${contract} and ${net}`,
			);
		}
		const both = taken < given ? taken : given;
		gridNano += both * g;
		retailerNano += taken > given ? (taken - given) * r : -(given - taken) * f;
		poolNano += (long < short ? long : short) * (r - g - f);
		importWh += taken;
		exportWh += given;
	}
	for (const key of published.keys()) example(`slot and meter ${key}: nobody has this row`);

	const counterAccounts = {gridNano, retailerNano, poolNano};
	const wrongAccounts = (['gridNano', 'retailerNano', 'poolNano'] as const).filter(
		name => counterAccounts[name] !== input.counterAccounts[name],
	);
	for (const name of wrongAccounts) example(`${name} is ${input.counterAccounts[name]}; it should be ${counterAccounts[name]}`);
	const theirs = input.counterAccounts;
	const unexplainedNano = rows.reduce((sum, row) => sum + row.netNano, theirs.gridNano + theirs.retailerNano + theirs.poolNano);
	if (unexplainedNano !== 0n) example(`all rows and counter accounts sum to ${unexplainedNano} nano, not to zero`);
	const energy = {...input.used, importWh, exportWh, tradedWh};
	return {
		wrongRows,
		missingRows,
		unexpectedRows: published.size,
		wrongSlots,
		unexplainedNano,
		wrongAccounts,
		rows: rows.length,
		bills: [...bills].map(([account, {net, without}]) => ({account, netNano: net, withoutMarketNano: without})),
		counterAccounts,
		energy,
		shares: sharesOf(energy),
		averages: {sellerMicroPerKwh: averageMicroPerKwh(sellersNano, tradedWh), buyerMicroPerKwh: averageMicroPerKwh(buyersNano, tradedWh)},
		examples,
	};
}

function ordersByMeter(orders: readonly SentOrder[]): Map<string, SentOrder[]> {
	const found = new Map<string, SentOrder[]>();
	for (const order of orders) found.set(order.meter, [...(found.get(order.meter) ?? []), order]);
	return found;
}

function stands(order: SentOrder, slot: number, side: 'buy' | 'sell'): boolean {
	const isInTime = slot >= (order.standsFrom ?? order.slotFrom) && slot < (order.standsUntil ?? Number.POSITIVE_INFINITY);
	return order.side === side && slot >= order.slotFrom && slot < order.slotFrom + order.slotCount && isInTime;
}

/** A seller whose reading is missing gave nothing; a buyer took what he bought, or the most of the same slot in the last four weeks. */
function standInWh(contract: number, own: readonly (number | undefined)[], at: number): number {
	if (contract > 0) return 0;
	let most = -contract;
	for (let week = 1; week <= weeksBack; week += 1) most = Math.max(most, -(own[at - week * weekSlots] ?? 0));
	return most === 0 ? 0 : -most;
}

/**
 * Net export of each slot. At a boundary counts the first published point that is not after it, whose next point is, both no further than two cadences; between known
 * boundaries energy is spread evenly and the rest falls into the last slot.
 */
function readingsOf({points, cadenceMs}: TrueMeter, slotFrom: number, slotCount: number): (number | undefined)[] {
	const known: (TruePoint | undefined)[] = new Array<undefined>(slotCount + 1).fill(undefined);
	for (const [i, point] of points.entries()) {
		const next = points[i + 1];
		if (next === undefined) break;
		const boundary = Math.ceil(point.atMs / slotLengthMs);
		for (let one = boundary; one * slotLengthMs < next.atMs; one += 1) {
			const boundaryMs = one * slotLengthMs;
			const isNear = boundaryMs - point.atMs <= 2 * cadenceMs && next.atMs - boundaryMs <= 2 * cadenceMs;
			if (isNear && one >= slotFrom && one <= slotFrom + slotCount) known[one - slotFrom] ??= point;
		}
	}
	const nets = new Array<number | undefined>(slotCount).fill(undefined);
	const marks = known.flatMap((point, at) => (point === undefined ? [] : [{at, point}]));
	for (const [i, {at: to, point: end}] of marks.entries()) {
		const before = marks[i - 1];
		if (before === undefined) continue;
		const count = to - before.at;
		const spread = (total: number, k: number): number =>
			k < count - 1 ? Math.floor(total / count) : total - (count - 1) * Math.floor(total / count);
		for (let k = 0; k < count; k += 1)
			nets[before.at + k] = spread(end.exportWh - before.point.exportWh, k) - spread(end.importWh - before.point.importWh, k);
	}
	return nets;
}

type Offer = {readonly meterAt: number; readonly side: 'buy' | 'sell'; readonly price: number; readonly wh: number; readonly hash: string};
type Auction = {
	readonly volumeWh: number;
	readonly price: number | undefined;
	/** By the place of the meter; sold is positive. */
	readonly contracts: ReadonlyMap<number, number>;
};

/**
 * The auction by its definition instead of by a walk: the volume is the most that any single price lets both sides trade; a price is free of envy if at it whoever
 * would rather trade is fully served and whoever would not is not; the price is the middle of the lowest and the highest such price of an order.
 */
function auctionOf(offers: readonly Offer[], seed: string): Auction {
	const sum = (side: 'buy' | 'sell', suits: (price: number) => boolean): number =>
		offers.reduce((total, one) => (one.side === side && suits(one.price) ? total + one.wh : total), 0);
	const candidates = [...new Set(offers.map(({price}) => price))].sort((a, b) => a - b);
	const volumeAt = (p: number): number =>
		Math.min(
			sum('buy', price => price >= p),
			sum('sell', price => price <= p),
		);
	const volumeWh = candidates.reduce((most, p) => Math.max(most, volumeAt(p)), 0);
	if (volumeWh === 0) return {volumeWh, price: undefined, contracts: new Map()};
	const fair = candidates.filter(
		p => volumeAt(p) >= volumeWh && sum('buy', price => price > p) <= volumeWh && sum('sell', price => price < p) <= volumeWh,
	);
	const [low, high] = [fair[0]!, fair.at(-1)!];
	const price = low + Math.floor((high - low) / 2);
	const contracts = new Map<number, number>();
	for (const [side, sign] of [
		['buy', -1],
		['sell', 1],
	] as const) {
		for (const tier of candidates) {
			const members = offers.filter(one => one.side === side && one.price === tier);
			const better = sum(side, other => (side === 'buy' ? other > tier : other < tier));
			const total = members.reduce((all, {wh}) => all + wh, 0);
			const got = Math.max(0, Math.min(total, volumeWh - better));
			for (const [meterAt, wh] of dealt(members, got, total, seed)) if (wh > 0) contracts.set(meterAt, sign * wh);
		}
	}
	return {volumeWh, price, contracts};
}

/** In proportion, rounded down, and a Wh each to the largest remainders; of equal ones to the smaller keccak256(seed ‖ order). */
function dealt(members: readonly Offer[], got: number, total: number, seed: string): [meterAt: number, wh: number][] {
	if (got === 0) return [];
	if (got === total) return members.map(({meterAt, wh}) => [meterAt, wh]);
	const parts = members.map(({meterAt, wh, hash}) => {
		const product = BigInt(got) * BigInt(wh);
		const rest = Number(product % BigInt(total));
		return {meterAt, wh: Number(product / BigInt(total)), rest, tie: toHex(keccak256(fromHex(seed.slice(2) + hash.slice(2))!))};
	});
	parts.sort((a, b) => b.rest - a.rest || (a.tie < b.tie ? -1 : 1));
	const left = got - parts.reduce((all, {wh}) => all + wh, 0);
	return parts.map(({meterAt, wh}, at) => [meterAt, at < left ? wh + 1 : wh]);
}
