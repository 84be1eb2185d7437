// Turns one seed into a community: who lives in each home, what stands on its roof and in its cellar, how its meter speaks and what it thinks of prices.

import {type Chance, createChance} from '../seed.ts';
import type {Place} from '../sun.ts';
import {drawHabit, type Habit, limitsOf, type Prices} from './habit.ts';

export type Battery = {
	readonly capacityWh: number;
	readonly chargeW: number;
	readonly dischargeW: number;
	/** Of what goes in, and again of what comes out, in millionths. */
	readonly efficiencyPpm: number;
};

export type Home = {
	/** Also the device's id, so that its meter is `urn:kedge:device:ID`. */
	readonly id: string;
	readonly place: Place;
	/** Draw of what never stops. */
	readonly baseW: number;
	/** Height of the morning and evening peaks. */
	readonly habitW: number;
	/** 0: no panels. */
	readonly pvPeakW: number;
	readonly battery: Battery | undefined;
	readonly habit: Habit;
	/** How often the meter publishes, and how long after the full cadence; 0 is right at the boundaries of slots. */
	readonly cadenceMs: number;
	readonly phaseMs: number;
};

export type CommunityOptions = {
	readonly seed: string;
	/** 1 … 9999. */
	readonly homes: number;
	readonly prices: Prices;
	/** A divisor of 15 minutes in whole seconds. @default 60000 */
	readonly cadenceMs?: number;
};

export const slotS = 900;
export const slotMs = 1000 * slotS;
export const slotsPerDay = 96;
export const homesMax = 9999;
/** 3 × 25 A at 230 V: what the fuse of a home lets through in a slot. */
export const fuseWhPerSlot = 4312;

const street: Place = {latitudeDeg: 47.37, longitudeDeg: 8.54};
const houseDeg = 0.000_2;

/** The same options give the same homes; with more homes the first ones stay as they are. */
export function planCommunity(options: CommunityOptions): Home[] {
	const {homes, seed, prices} = options;
	const cadenceMs = options.cadenceMs ?? 60_000;
	if (!Number.isInteger(homes) || homes < 1 || homes > homesMax)
		throw new RangeError(`a community has 1 to ${homesMax} homes, not ${homes}`);
	if (!Number.isInteger(cadenceMs / 1000) || cadenceMs < 1000 || slotMs % cadenceMs !== 0)
		throw new RangeError(`a cadence of ${cadenceMs} ms is no divisor of ${slotMs} ms in whole seconds`);
	return Array.from({length: homes}, (_, i) => {
		const id = `home-${String(i + 1).padStart(2, '0')}`;
		const place = {latitudeDeg: street.latitudeDeg, longitudeDeg: street.longitudeDeg + i * houseDeg};
		return planHome(id, place, cadenceMs, prices, createChance(seed, `community plan of ${id}`));
	});
}

/** Panels on six of ten roofs, a battery under four of ten of those; nine of ten meters speak right at the boundaries of slots. */
function planHome(id: string, place: Place, cadenceMs: number, prices: Prices, chance: Chance): Home {
	const baseW = chance.between(80, 260);
	const habitW = chance.between(300, 1100);
	const pvPeakW = 500 * chance.between(5, 16) * (chance.happens(0.6) ? 1 : 0);
	const capacityWh = 1000 * chance.between(5, 13);
	const powerW = 500 * chance.between(3, 8);
	const efficiencyPpm = 1000 * chance.between(940, 980);
	const hasBattery = chance.happens(0.4) && pvPeakW > 0;
	const phaseMs = 1000 * chance.between(1, cadenceMs / 1000 - 1) * (chance.happens(0.1) ? 1 : 0);
	return {
		id,
		place,
		baseW,
		habitW,
		pvPeakW,
		battery: hasBattery ? {capacityWh, chargeW: powerW, dischargeW: powerW, efficiencyPpm} : undefined,
		habit: drawHabit(prices, chance),
		cadenceMs,
		phaseMs: phaseMs % cadenceMs,
	};
}

/** A standing order before it is signed: for its slots it offers as much as the meter then shows, up to `quantityWh` in each. */
export type StandingOrder = {
	readonly homeId: string;
	readonly side: 'buy' | 'sell';
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly quantityWh: number;
	readonly limitMicroPerKwh: number;
};

/** Why a day of an order: limits may change from one UTC day to the next, and no meter has two live orders of one side for a slot. */
export function standingOrders(home: Home, slotFrom: number, slotCount: number, prices: Prices): StandingOrder[] {
	const orders: StandingOrder[] = [];
	const end = slotFrom + slotCount;
	for (let from = slotFrom; from < end; ) {
		const day = Math.floor(from / slotsPerDay);
		// Habits that never change need one order for all days.
		const to = home.habit.kind === 'daily' ? Math.min(end, (day + 1) * slotsPerDay) : end;
		const limits = limitsOf(home.habit, day, prices);
		const common = {homeId: home.id, slotFrom: from, slotCount: to - from};
		orders.push({...common, side: 'buy', quantityWh: fuseWhPerSlot, limitMicroPerKwh: limits.buyMicroPerKwh});
		const exportWh = Math.min(fuseWhPerSlot, Math.ceil((home.pvPeakW + (home.battery?.dischargeW ?? 0)) / 4));
		if (exportWh > 0) orders.push({...common, side: 'sell', quantityWh: exportWh, limitMicroPerKwh: limits.sellMicroPerKwh});
		from = to;
	}
	return orders;
}
