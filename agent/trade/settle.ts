// Settles one slot: what each household gets or pays for what it contracted and what its meter then showed. Pure; amounts in nano-currency, which sum to zero.

import {energyPrice, type Tariff} from './tariff.ts';

/** A household's slot before settling. Energy is net export: what was sold or fed in is positive. */
export type Position = {
	readonly account: string;
	/** c: contracted. */
	readonly contractedWh: number;
	/** m: by the anchored readings; undefined while there is none. */
	readonly meteredWh: number | undefined;
	/** Largest import in the same slot of the last four same weekdays, for the missing rule; 0 if there is none. */
	readonly usualImportWh: number;
};

export type Row = {
	readonly account: string;
	readonly contractedWh: number;
	readonly meteredWh: number;
	/** The reading is missing, and the rule stands in for it. */
	readonly substituted: boolean;
	/** d = m − c. */
	readonly deviationWh: number;
	/** c at the cleared price. */
	readonly forwardNano: bigint;
	/** Long at feed-in, short at retail without the grid fee. */
	readonly imbalanceNano: bigint;
	/** The grid fee on all metered import. */
	readonly gridNano: bigint;
	readonly netNano: bigint;
};

/** The other side of all rows. With the rows they sum to zero. */
export type Accounts = {
	readonly tradersNano: bigint;
	/** Grid fee on what was served locally, and the rent of a line limit. */
	readonly gridNano: bigint;
	readonly retailerNano: bigint;
	/** What deviations of both directions leave: never negative. */
	readonly poolNano: bigint;
};

export type Settlement = {
	readonly rows: readonly Row[];
	readonly accounts: Accounts;
	readonly importWh: number;
	readonly exportWh: number;
	/** L and S: sums of deviations of either direction. */
	readonly longWh: number;
	readonly shortWh: number;
};

export type ClearedPrices = {
	/** undefined where nothing was traded: then nobody has a contract. */
	readonly priceBuyMicroPerKwh: number | undefined;
	readonly priceSellMicroPerKwh: number | undefined;
};

/**
 * One row: it depends on the household's own contract and meter alone, so nobody else's late or missing reading can change it.
 *
 * net = c·p + (d > 0 ? d·F : d·(R − g)) + (m < 0 ? m·g : 0)
 */
export function settleRow(position: Position, prices: ClearedPrices, tariff: Tariff): Row {
	const {account, contractedWh} = position;
	const meteredWh = position.meteredWh ?? missingWh(position);
	const deviationWh = meteredWh - contractedWh;
	const price = (contractedWh > 0 ? prices.priceSellMicroPerKwh : prices.priceBuyMicroPerKwh) ?? 0;
	const forwardNano = amount(contractedWh, price);
	const shortPrice = energyPrice('buy', tariff.retailMicroPerKwh, tariff);
	const imbalanceNano = amount(deviationWh, deviationWh > 0 ? tariff.feedInMicroPerKwh : shortPrice);
	const gridNano = amount(Math.min(meteredWh, 0), tariff.gridFeeMicroPerKwh);
	return {
		account,
		contractedWh,
		meteredWh,
		substituted: position.meteredWh === undefined,
		deviationWh,
		forwardNano,
		imbalanceNano,
		gridNano,
		netNano: forwardNano + imbalanceNano + gridNano,
	};
}

/** A reading that is missing at the deadline is never better than the truth: a seller delivered nothing, a buyer took the most that is known of him. */
function missingWh({contractedWh, usualImportWh}: Position): number {
	if (contractedWh > 0) return 0;
	const importWh = Math.max(-contractedWh, usualImportWh);
	return importWh === 0 ? 0 : -importWh;
}

/** Wh times µ/kWh is nano-currency, exactly. */
function amount(energyWh: number, priceMicroPerKwh: number): bigint {
	return BigInt(energyWh) * BigInt(priceMicroPerKwh);
}

/** Settles a slot. Contracts MUST sum to zero: they come from one clearing. */
export function settle(positions: readonly Position[], prices: ClearedPrices, tariff: Tariff): Settlement {
	let [importWh, exportWh, longWh, shortWh, soldWh, netWh] = [0, 0, 0, 0, 0, 0];
	let tradersNano = 0n;
	const rows = positions.map(position => {
		const row = settleRow(position, prices, tariff);
		tradersNano += row.netNano;
		if (row.meteredWh < 0) importWh -= row.meteredWh;
		else exportWh += row.meteredWh;
		if (row.deviationWh < 0) shortWh -= row.deviationWh;
		else longWh += row.deviationWh;
		if (row.contractedWh > 0) soldWh += row.contractedWh;
		netWh += row.contractedWh;
		return row;
	});
	if (netWh !== 0) throw new RangeError(`contracts of a slot sum to ${netWh} Wh, not to zero`);
	const {feedInMicroPerKwh, retailMicroPerKwh, gridFeeMicroPerKwh} = tariff;
	const rent = amount(soldWh, (prices.priceBuyMicroPerKwh ?? 0) - (prices.priceSellMicroPerKwh ?? 0));
	const surplusWh = exportWh - importWh;
	return {
		rows,
		accounts: {
			tradersNano,
			gridNano: amount(Math.min(importWh, exportWh), gridFeeMicroPerKwh) + rent,
			retailerNano: surplusWh < 0 ? amount(-surplusWh, retailMicroPerKwh) : -amount(surplusWh, feedInMicroPerKwh),
			poolNano: amount(Math.min(longWh, shortWh), retailMicroPerKwh - gridFeeMicroPerKwh - feedInMicroPerKwh),
		},
		importWh,
		exportWh,
		longWh,
		shortWh,
	};
}
