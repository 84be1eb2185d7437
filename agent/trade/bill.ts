// Turns an account's settled rows into its bill for a period: every row with its parts and what it rests on, as CSV and as JSON. Pure.

import {decimalText} from '../format/decimal.ts';
import {canonicalText} from '../format/document.ts';
import type {RowLeaf} from './commitment.ts';
import {type Cell, csvText} from './csv.ts';
import {slotMs} from './order.ts';
import {type ClearedPrices, settleRow} from './settle.ts';
import type {Tariff} from './tariff.ts';

/** A settled row as the day's commitment has it. */
export type BilledRow = Omit<RowLeaf, 'usualImportWh' | 'cumNano'>;

/** By which prices a slot was settled. */
export type SlotTerms = ClearedPrices & Tariff;

export type BillOptions = {
	readonly market: string;
	readonly account: string;
	/** Code or symbol of the money. */
	readonly currency: string;
	/** From the first slot on, before the last. */
	readonly from: number;
	readonly to: number;
	/** The account's balance before the period. */
	readonly openingNano: bigint;
};

export type BillLine = Omit<BilledRow, 'account'> & {
	readonly deviationWh: number;
	/** Energy price; undefined where nothing was contracted. */
	readonly priceMicroPerKwh: number | undefined;
	readonly energyNano: bigint;
	readonly imbalanceNano: bigint;
	readonly gridFeeNano: bigint;
	/** All that an adjusting row comes to: its energies stand in for those of an earlier row, which was billed already, so that it has no parts of its own. */
	readonly adjustmentNano: bigint;
	/** The account's balance behind this row. */
	readonly balanceNano: bigint;
	/** What the same energy would have come to on the grid's two prices. */
	readonly withoutMarketNano: bigint;
};

export type BillTotals = {
	readonly soldWh: bigint;
	readonly boughtWh: bigint;
	readonly exportWh: bigint;
	readonly importWh: bigint;
	readonly energyNano: bigint;
	readonly imbalanceNano: bigint;
	readonly gridFeeNano: bigint;
	readonly adjustmentNano: bigint;
	readonly netNano: bigint;
	readonly withoutMarketNano: bigint;
};

export type Bill = BillOptions & {readonly closingNano: bigint; readonly totals: BillTotals; readonly lines: readonly BillLine[]};

const nanoPlaces = -9;
const microPlaces = -6;
/** Three meters for a year. */
export const billLinesMax = 110_000;
const flagNames = [
	[1, 'substituted'],
	[2, 'spread'],
	[4, 'adjusted'],
] as const;

/**
 * The bill over rows of one account, in any order. Every line's parts are computed again: a row whose amount does not follow from its contract, its reading and the
 * slot's prices, and which adjusts no other, throws a RangeError.
 */
export function billOf(options: BillOptions, rows: readonly BilledRow[], termsOf: (slot: number) => SlotTerms): Bill {
	const {account, from, to} = options;
	const own = rows.filter(row => row.account === account && row.slot >= from && row.slot < to);
	if (own.length > billLinesMax) throw new RangeError(`a bill has at most ${billLinesMax} lines, not ${own.length}: take a shorter period`);
	own.sort((a, b) => a.slot - b.slot || (a.meter < b.meter ? -1 : a.meter > b.meter ? 1 : 0));
	let balanceNano = options.openingNano;
	const totals = {
		soldWh: 0n,
		boughtWh: 0n,
		exportWh: 0n,
		importWh: 0n,
		energyNano: 0n,
		imbalanceNano: 0n,
		gridFeeNano: 0n,
		adjustmentNano: 0n,
		netNano: 0n,
		withoutMarketNano: 0n,
	};
	const lines = own.map(({account: _, ...row}): BillLine => {
		const terms = termsOf(row.slot);
		const settled = settleRow({...row, account, usualImportWh: 0}, terms, terms);
		const isAdjusting = hasFlag(row.flags, 4);
		if (!isAdjusting && row.netNano !== settled.netNano)
			throw new RangeError(`slot ${row.slot}, ${row.meter}: the row says ${row.netNano} nano; its parts sum to ${settled.netNano}`);
		balanceNano += row.netNano;
		const price = row.contractedWh > 0 ? terms.priceSellMicroPerKwh : terms.priceBuyMicroPerKwh;
		const gridNano = BigInt(row.meteredWh) * BigInt(row.meteredWh > 0 ? terms.feedInMicroPerKwh : terms.retailMicroPerKwh);
		const line = {
			...row,
			deviationWh: settled.deviationWh,
			priceMicroPerKwh: row.contractedWh === 0 ? undefined : price,
			energyNano: isAdjusting ? 0n : settled.forwardNano,
			imbalanceNano: isAdjusting ? 0n : settled.imbalanceNano,
			gridFeeNano: isAdjusting ? 0n : settled.gridNano,
			adjustmentNano: isAdjusting ? row.netNano : 0n,
			balanceNano,
			withoutMarketNano: isAdjusting ? 0n : gridNano,
		};
		addTo(totals, line);
		return line;
	});
	return {...options, closingNano: balanceNano, totals, lines};
}

function addTo(totals: {-readonly [K in keyof BillTotals]: bigint}, line: BillLine): void {
	const isAdjusting = hasFlag(line.flags, 4);
	const [contracted, metered] = isAdjusting ? [0n, 0n] : [BigInt(line.contractedWh), BigInt(line.meteredWh)];
	if (contracted > 0n) totals.soldWh += contracted;
	else totals.boughtWh -= contracted;
	if (metered > 0n) totals.exportWh += metered;
	else totals.importWh -= metered;
	for (const key of ['energyNano', 'imbalanceNano', 'gridFeeNano', 'adjustmentNano', 'netNano', 'withoutMarketNano'] as const)
		totals[key] += line[key];
}

function hasFlag(flags: number, bit: number): boolean {
	return Math.floor(flags / bit) % 2 === 1;
}

function namesOf(flags: number): string[] {
	return flagNames.flatMap(([bit, name]) => (hasFlag(flags, bit) ? [name] : []));
}

/** RFC 3339, UTC. */
function startOf(slot: number): string {
	return new Date(slot * slotMs).toISOString();
}

/** Exact, in whole currency. */
function money(nano: bigint): string {
	return decimalText(nano, nanoPlaces);
}

const amounts = [
	['energy', 'energyNano'],
	['imbalance', 'imbalanceNano'],
	['grid_fee', 'gridFeeNano'],
	['adjustment', 'adjustmentNano'],
	['net', 'netNano'],
	['balance', 'balanceNano'],
	['without_market', 'withoutMarketNano'],
] as const satisfies readonly (readonly [string, keyof BillLine])[];

/** One line a row; amounts in nano-currency and, beside it, in currency with all nine digits. */
export function billCsv(bill: Bill): string {
	const columns = [
		'slot_start_utc',
		'slot',
		'market',
		'account',
		'meter',
		'order',
		'contracted_wh',
		'metered_wh',
		'deviation_wh',
		'price_micro_per_kwh',
		'price_per_kwh',
		...amounts.flatMap(([name]) => [`${name}_nano`, name]),
		'currency',
		'flags',
		'import_from',
		'import_to',
		'export_from',
		'export_to',
	];
	const rows = bill.lines.map((line): Cell[] => [
		{text: startOf(line.slot)},
		{decimal: line.slot},
		{text: bill.market},
		{text: bill.account},
		{text: line.meter},
		line.orderHash === undefined ? undefined : {text: line.orderHash},
		{decimal: line.contractedWh},
		{decimal: line.meteredWh},
		{decimal: line.deviationWh},
		...(line.priceMicroPerKwh === undefined
			? [undefined, undefined]
			: [{decimal: line.priceMicroPerKwh}, {decimal: decimalText(BigInt(line.priceMicroPerKwh), microPlaces)}]),
		...amounts.flatMap(([, key]) => [{decimal: line[key]}, {decimal: money(line[key])}]),
		{text: bill.currency},
		{text: namesOf(line.flags).join(' ')},
		...[line.importFrom, line.importTo, line.exportFrom, line.exportTo].map(number => (number === 0 ? undefined : {decimal: number})),
	]);
	return csvText(columns, rows);
}

/** The same with totals; amounts are decimal text, in nano-currency and in currency. */
export function billJson(bill: Bill): string {
	const both = (nano: bigint) => ({nano: `${nano}`, [bill.currency]: money(nano)});
	const {totals} = bill;
	return canonicalText({
		format: 'kedge bill 1',
		market: bill.market,
		account: bill.account,
		currency: bill.currency,
		from: {slot: bill.from, start: startOf(bill.from)},
		to: {slot: bill.to, start: startOf(bill.to)},
		opening: both(bill.openingNano),
		closing: both(bill.closingNano),
		totals: {
			soldWh: `${totals.soldWh}`,
			boughtWh: `${totals.boughtWh}`,
			exportWh: `${totals.exportWh}`,
			importWh: `${totals.importWh}`,
			energy: both(totals.energyNano),
			imbalance: both(totals.imbalanceNano),
			gridFee: both(totals.gridFeeNano),
			adjustment: both(totals.adjustmentNano),
			net: both(totals.netNano),
			withoutMarket: both(totals.withoutMarketNano),
		},
		lines: bill.lines.map(line => ({
			slot: line.slot,
			start: startOf(line.slot),
			meter: line.meter,
			order: line.orderHash,
			contractedWh: line.contractedWh,
			meteredWh: line.meteredWh,
			deviationWh: line.deviationWh,
			priceMicroPerKwh: line.priceMicroPerKwh,
			energy: both(line.energyNano),
			imbalance: both(line.imbalanceNano),
			gridFee: both(line.gridFeeNano),
			adjustment: both(line.adjustmentNano),
			net: both(line.netNano),
			balance: both(line.balanceNano),
			withoutMarket: both(line.withoutMarketNano),
			flags: namesOf(line.flags),
			entries: {importFrom: line.importFrom, importTo: line.importTo, exportFrom: line.exportFrom, exportTo: line.exportTo},
		})),
	});
}
