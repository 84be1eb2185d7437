// Turns what homes used, made, took, gave and traded into the figures by which a community is compared with the grid alone. Exact until it is printed.

/** Sums over all homes and slots, in Wh. Taken and given are net in each slot, as the market counts. */
export type EnergyTotals = {
	readonly loadWh: bigint;
	readonly pvWh: bigint;
	readonly importWh: bigint;
	readonly exportWh: bigint;
	/** What went from neighbour to neighbour. */
	readonly tradedWh: bigint;
};

/** Millionths, rounded half up; undefined where there is nothing to divide by. */
export type Shares = {
	/** Of what panels made: used at home, or else by neighbours. */
	readonly selfConsumptionPpm: {readonly own: number | undefined; readonly withMarket: number | undefined};
	/** Of what homes used: made at home, or else by neighbours. */
	readonly selfSufficiencyPpm: {readonly own: number | undefined; readonly withMarket: number | undefined};
};

export function sharesOf({loadWh, pvWh, importWh, exportWh, tradedWh}: EnergyTotals): Shares {
	return {
		selfConsumptionPpm: {own: ppm(pvWh - exportWh, pvWh), withMarket: ppm(pvWh - exportWh + tradedWh, pvWh)},
		selfSufficiencyPpm: {own: ppm(loadWh - importWh, loadWh), withMarket: ppm(loadWh - importWh + tradedWh, loadWh)},
	};
}

/** Average price in µ/kWh, rounded half up: nano-currency divided by Wh. undefined where nothing was traded. */
export function averageMicroPerKwh(amountNano: bigint, energyWh: bigint): number | undefined {
	return energyWh === 0n ? undefined : Number(halfUp(amountNano, energyWh));
}

function ppm(part: bigint, whole: bigint): number | undefined {
	return whole === 0n ? undefined : Number(halfUp(part * 1_000_000n, whole));
}

/** Both are sums of what is never negative. */
function halfUp(numerator: bigint, denominator: bigint): bigint {
	return (2n * numerator + denominator) / (2n * denominator);
}

/** Millionths as percent with one digit: 801_234 is `80.1`. */
export function percentText(value: number | undefined): string {
	if (value === undefined) return '–';
	const tenths = Math.floor((value + 500) / 1000);
	return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

/** µ/kWh as thousandths of currency with one digit: 158_812 is `158.8`. */
export function milliText(value: number | undefined): string {
	if (value === undefined) return '–';
	const tenths = Math.floor((value + 50) / 100);
	return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}
