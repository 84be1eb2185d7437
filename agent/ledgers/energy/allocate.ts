// Turns the settled rows of a market's day into transfers of certificates: who bought energy gets those of the hour that it was produced in. Pure.

import {type Move, movesMax, type Transfer} from './certificate-statement.ts';
import {hourMs} from './register-hours.ts';

const slotMs = 900_000;

/** A settled slot of a meter, as far as it tells who sold to whom. Energy is net export: what was sold or fed in is positive. */
export type SettledRow = {
	/** Quarters of an hour since 1970. */
	readonly slot: number;
	readonly device: string;
	/** Whose meter it is; certificates move from and to accounts of that name. */
	readonly account: string;
	readonly contractedWh: number;
	/** What a missing reading was substituted by counts as well: 0 for a seller. */
	readonly meteredWh: number;
};

/** Wh of a device's hour that the account of its meter holds and can hand on. The hour is in hours since 1970. */
export type HeldWh = (device: string, hour: number, account: string) => number;

export type Allocation = Omit<Transfer, 'does'> & {readonly device: string};

/**
 * The transfers that follow from a day's rows, each a statement. A seller hands on what he sold and delivered, never more than he holds of that hour; where less was delivered than bought, buyers get
 * it in proportion. A uniform price knows no pairs, so that everybody bought of everybody: device by device, by name, what it delivered is dealt to what buyers still have to get, rounded down, and one
 * Wh each to the largest remainders, of equal ones to the smaller name. What somebody sold to himself stays with him.
 */
export function allocate(rows: readonly SettledRow[], heldWh: HeldWh, market: string): Allocation[] {
	const slots = new Map<number, SettledRow[]>();
	for (const row of rows) {
		const among = slots.get(row.slot);
		if (among === undefined) slots.set(row.slot, [row]);
		else among.push(row);
	}
	/** By device, then by hour: Wh by buyer. */
	const dealt = new Map<string, {readonly from: string; readonly hours: Map<number, Map<string, number>>}>();
	for (const [slot, among] of [...slots].sort(([a], [b]) => a - b)) {
		const hour = Math.floor((slot * slotMs) / hourMs);
		const open = new Map<string, number>();
		for (const {account, contractedWh} of among) if (contractedWh < 0) open.set(account, (open.get(account) ?? 0) - contractedWh);
		const sellers = among
			.filter(({contractedWh, meteredWh}) => contractedWh > 0 && meteredWh > 0)
			.sort((a, b) => compare(a.device, b.device) || compare(a.account, b.account));
		for (const {device, account, contractedWh, meteredWh} of sellers) {
			let of = dealt.get(device);
			if (of === undefined) {
				of = {from: account, hours: new Map()};
				dealt.set(device, of);
			}
			// A meter has one account in a day; rows of another one are none of a settled market.
			if (of.from !== account) continue;
			let buyers = of.hours.get(hour);
			if (buyers === undefined) {
				buyers = new Map();
				of.hours.set(hour, buyers);
			}
			for (const [buyer, energyWh] of deal(Math.min(contractedWh, meteredWh), open)) {
				open.set(buyer, open.get(buyer)! - energyWh);
				buyers.set(buyer, (buyers.get(buyer) ?? 0) + energyWh);
			}
		}
	}
	return [...dealt]
		.sort(([a], [b]) => compare(a, b))
		.flatMap(([device, {from, hours}]) => {
			const allocations: Allocation[] = [];
			let moves: Move[] = [];
			const close = (): void => {
				if (moves.length > 0) allocations.push({device, from, moves, market});
				moves = [];
			};
			for (const [hour, buyers] of hours) {
				// What was bought, or less of it in proportion where fewer certificates are held: the hour was not measured whole, or some were handed on before.
				const parts = [...deal(heldWh(device, hour, from), buyers)].filter(([to, energyWh]) => to !== from && energyWh > 0);
				// Of more buyers than a statement takes those of the least stay without.
				const taken = parts.length <= movesMax ? parts : parts.toSorted(([, a], [, b]) => b - a).slice(0, movesMax);
				// An hour is moved by one statement.
				if (moves.length + taken.length > movesMax) close();
				moves.push(...taken.map(([to, energyWh]) => ({hour, to, energyWh})));
			}
			close();
			return allocations;
		});
}

/** As much of an amount as is wanted, to those who want it, in proportion and in the order of their names. Nobody gets more than he wants. */
export function deal(amountWh: number, wanted: ReadonlyMap<string, number>): Map<string, number> {
	const all = [...wanted].filter(([, wantedWh]) => wantedWh > 0).sort(([a], [b]) => compare(a, b));
	const total = all.reduce((sum, [, wantedWh]) => sum + BigInt(wantedWh), 0n);
	if (BigInt(amountWh) >= total) return new Map(all);
	const parts = all.map(([name, wantedWh]) => {
		const product = BigInt(amountWh) * BigInt(wantedWh);
		return {name, energyWh: Number(product / total), rest: product % total};
	});
	let left = amountWh - parts.reduce((sum, {energyWh}) => sum + energyWh, 0);
	// A stable sort: names are in order already.
	for (const part of parts.toSorted((a, b) => (a.rest === b.rest ? 0 : a.rest > b.rest ? -1 : 1))) {
		if (left === 0) break;
		part.energyWh += 1;
		left -= 1;
	}
	return new Map(parts.map(({name, energyWh}) => [name, energyWh]));
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
