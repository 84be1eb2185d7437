// The prices around a market, and the band that they leave for orders.

/**
 * Prices in µ-currency per kWh, which is exactly nano-currency per Wh: energy in Wh times a price is an amount in nano-currency without rounding. All are whole
 * numbers below 2^53; feedIn ≤ retail − gridFee.
 */
export type Tariff = {
	/** F: what the grid pays for surplus. */
	readonly feedInMicroPerKwh: number;
	/** R: what a household pays its supplier, grid fee included. */
	readonly retailMicroPerKwh: number;
	/** g: what the grid gets for each kWh that is imported. */
	readonly gridFeeMicroPerKwh: number;
};

/** Why these prices make no market, as a sentence; undefined if they do. */
export function tariffProblem({feedInMicroPerKwh: f, retailMicroPerKwh: r, gridFeeMicroPerKwh: g}: Tariff): string | undefined {
	if (![f, r, g].every(price => Number.isSafeInteger(price) && price >= 0)) return 'prices must be whole µ/kWh from 0 to 2^53 − 1';
	return f > r - g ? `feed-in ${f} is above what is left of retail ${r} after the grid fee ${g}: no price suits both sides` : undefined;
}

/** The energy price that every order is compared by: what a seller gets, or what a buyer pays without the grid fee. */
export function energyPrice(side: 'buy' | 'sell', limitMicroPerKwh: number, tariff: Tariff): number {
	return side === 'sell' ? limitMicroPerKwh : limitMicroPerKwh - tariff.gridFeeMicroPerKwh;
}

/** The one energy price of `midmarket` pricing: halfway between what the grid pays and what it charges, rounded down. */
export function midPrice({feedInMicroPerKwh: f, retailMicroPerKwh: r, gridFeeMicroPerKwh: g}: Tariff): number {
	return f + Math.floor((r - g - f) / 2);
}
