// Turns how a household thinks about prices into the limits of its standing orders, inside the band that the tariff leaves.

import type {Chance} from '../seed.ts';

/** µ-currency per kWh, which is nano-currency per Wh. Stated here again: what judges the market shares nothing with it. */
export type Prices = {
	/** F: what the grid pays for surplus. */
	readonly feedInMicroPerKwh: number;
	/** R: what the supplier charges, grid fee included. */
	readonly retailMicroPerKwh: number;
	/** g: what the grid gets for each kWh that is imported. */
	readonly gridFeeMicroPerKwh: number;
};

export type Habit =
	/** Takes whatever is better than the grid: sells from F, buys up to R. */
	| {readonly kind: 'tariff'}
	/** A kWh is worth this to the household, all in: it sells from there on and pays no more. */
	| {readonly kind: 'fixed'; readonly limitMicroPerKwh: number}
	/** Wants at least this share of what lies between the grid's two prices, in thousandths. */
	| {readonly kind: 'share'; readonly permille: number}
	/** Thinks anew every day: the limits of day d are those of `limitsMicroPerKwh[d mod length]`. */
	| {readonly kind: 'daily'; readonly limitsMicroPerKwh: readonly number[]};

/** Sell: net to the seller. Buy: all that is paid, grid fee included. */
export type Limits = {readonly sellMicroPerKwh: number; readonly buyMicroPerKwh: number};

/** What one limit for both sides may be: a price that a seller may ask for and a buyer may pay; the middle of the band where there is none such. */
export function oneLimitBand({feedInMicroPerKwh: f, retailMicroPerKwh: r, gridFeeMicroPerKwh: g}: Prices): {
	readonly least: number;
	readonly most: number;
} {
	const middle = f + Math.floor((r - f) / 2);
	return f + g <= r - g ? {least: f + g, most: r - g} : {least: middle, most: middle};
}

/** A limit drawn evenly from the band in steps of `stepMicroPerKwh`, as people choose prices. */
export function drawLimit(prices: Prices, chance: Chance, stepMicroPerKwh = 1000): number {
	const {least, most} = oneLimitBand(prices);
	return least + stepMicroPerKwh * chance.between(0, Math.floor((most - least) / stepMicroPerKwh));
}

/** Of ten households four follow the tariff, three have one limit for good, two want a share, and one thinks anew every day. */
export function drawHabit(prices: Prices, chance: Chance): Habit {
	const kind = chance.between(1, 10);
	if (kind <= 4) return {kind: 'tariff'};
	if (kind <= 7) return {kind: 'fixed', limitMicroPerKwh: drawLimit(prices, chance)};
	if (kind <= 9) return {kind: 'share', permille: chance.between(20, 450)};
	return {kind: 'daily', limitsMicroPerKwh: [1, 2, 3, 4, 5, 6, 7].map(() => drawLimit(prices, chance))};
}

/** The limits of one day; both MUST lie in the band: sell in [F, R − g], buy in [F + g, R]. */
export function limitsOf(habit: Habit, day: number, prices: Prices): Limits {
	const {feedInMicroPerKwh: f, retailMicroPerKwh: r, gridFeeMicroPerKwh: g} = prices;
	if (habit.kind === 'tariff') return {sellMicroPerKwh: f, buyMicroPerKwh: r};
	if (habit.kind === 'share') {
		const part = Math.floor(((r - g - f) * habit.permille) / 1000);
		return {sellMicroPerKwh: f + part, buyMicroPerKwh: r - part};
	}
	const limit = habit.kind === 'fixed' ? habit.limitMicroPerKwh : habit.limitsMicroPerKwh[day % habit.limitsMicroPerKwh.length]!;
	// With a fee above half of the band no single number suits both sides.
	return {sellMicroPerKwh: Math.min(limit, r - g), buyMicroPerKwh: Math.max(limit, f + g)};
}
