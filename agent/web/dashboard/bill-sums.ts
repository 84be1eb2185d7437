// Sums the rows of an account as its bill would have them. Pure.

import type {Settlement} from '../../api/client.ts';

/** All sums of a bill: energies in Wh, amounts in nano-currency; what is paid to the account is positive. */
export type Sums = {
	readonly soldWh: bigint;
	readonly boughtWh: bigint;
	readonly exportWh: bigint;
	readonly importWh: bigint;
	readonly energyNano: bigint;
	readonly imbalanceNano: bigint;
	readonly gridFeeNano: bigint;
	readonly adjustmentNano: bigint;
	readonly netNano: bigint;
};

export const nought: Sums = {
	soldWh: 0n,
	boughtWh: 0n,
	exportWh: 0n,
	importWh: 0n,
	energyNano: 0n,
	imbalanceNano: 0n,
	gridFeeNano: 0n,
	adjustmentNano: 0n,
	netNano: 0n,
};

/** Sums of rows as a bill would have them. Nothing of them is rounded. */
export function sumsOf(rows: readonly Settlement[]): Sums {
	const sums: {-readonly [Name in keyof Sums]: bigint} = {...nought};
	for (const {contractedWh, meteredWh, forwardNano, imbalanceNano, gridNano, netNano, adjustmentOf} of rows) {
		sums.netNano += BigInt(netNano);
		if (adjustmentOf !== undefined) {
			sums.adjustmentNano += BigInt(netNano);
			continue;
		}
		if (contractedWh > 0) sums.soldWh += BigInt(contractedWh);
		else sums.boughtWh -= BigInt(contractedWh);
		if (meteredWh > 0) sums.exportWh += BigInt(meteredWh);
		else sums.importWh -= BigInt(meteredWh);
		sums.energyNano += BigInt(forwardNano);
		sums.imbalanceNano += BigInt(imbalanceNano);
		sums.gridFeeNano += BigInt(gridNano);
	}
	return sums;
}

export function added(a: Sums, b: Sums): Sums {
	return Object.fromEntries(Object.keys(nought).map(name => [name, a[name as keyof Sums] + b[name as keyof Sums]])) as Sums;
}
