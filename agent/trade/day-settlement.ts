// Turns a day's contracts and meter readings into rows, balances that run on from the day before, and what is posted of them. Pure.

import type {Rules} from './clear.ts';
import {type RowLeaf, rowFlags} from './commitment.ts';
import {createDay, type DayCommitment, type DayRow} from './day.ts';
import {netExportWh, type SlotEnergy} from './meter.ts';
import type {Meter} from './order-book.ts';
import {type Accounts, type ClearedPrices, type Row, settle, settleRow} from './settle.ts';
import type {Contract} from './slot-clearing.ts';

/** A slot as it goes into its day. */
export type DaySlot = {
	readonly slot: number;
	readonly rules: Rules;
	readonly prices: ClearedPrices;
	/** By meter. */
	readonly contracts: ReadonlyMap<string, Contract>;
};

/** What both registers of a meter say of a slot. */
export type MeterEnergy = {readonly imported: SlotEnergy; readonly exported: SlotEnergy};

/** Who has the other side of all rows. */
export type CounterAccounts = {readonly grid: string; readonly retailer: string; readonly pool: string};

export type DayInput = {
	readonly day: number;
	readonly meters: readonly Meter[];
	/** By rising slot. */
	readonly slots: readonly DaySlot[];
	readonly energyOf: (meter: Meter, slot: number) => MeterEnergy;
	/** Largest import of the meter in the same slot of the last four same weekdays. */
	readonly usualImportWh: (meter: Meter, slot: number) => number;
	/** Rows of days before that a late reading has changed: what they come to now, and what was booked. */
	readonly late: readonly {readonly slot: DaySlot; readonly booked: RowLeaf; readonly meter: Meter; readonly energy: MeterEnergy}[];
	/** Balances of all accounts at the end of the day before, and zero for those that have none yet. */
	readonly opening: ReadonlyMap<string, bigint>;
	readonly counters: CounterAccounts;
};

export type SettledDay = {readonly commitment: DayCommitment; readonly totals: Accounts; readonly substituted: number};

/** Settles every slot, and gives the day's rows to its commitment. Money sums to zero: createDay throws if it did not. */
export function settleDay(input: DayInput): SettledDay {
	const {day, meters, slots, counters} = input;
	const builder = createDay(day);
	let substituted = 0;
	const totals = {tradersNano: 0n, gridNano: 0n, retailerNano: 0n, poolNano: 0n};
	for (const daySlot of slots) {
		const {slot, rules, prices, contracts} = daySlot;
		const energies = meters.map(meter => input.energyOf(meter, slot));
		const positions = meters.map((meter, at) => {
			const energy = energies[at]!;
			const meteredWh = netExportWh(energy.exported, energy.imported);
			return {
				account: meter.id,
				contractedWh: contracts.get(meter.id)?.contractedWh ?? 0,
				meteredWh,
				usualImportWh: meteredWh === undefined ? input.usualImportWh(meter, slot) : 0,
			};
		});
		const settlement = settle(positions, prices, rules);
		for (const [at, row] of settlement.rows.entries()) {
			const meter = meters[at]!;
			if (row.substituted) substituted += 1;
			builder.add(dayRow(daySlot, meter, row, positions[at]!.usualImportWh, energies[at]!));
		}
		totals.tradersNano += settlement.accounts.tradersNano;
		totals.gridNano += settlement.accounts.gridNano;
		totals.retailerNano += settlement.accounts.retailerNano;
		totals.poolNano += settlement.accounts.poolNano;
	}
	for (const {slot, booked, meter, energy} of input.late) {
		const meteredWh = netExportWh(energy.exported, energy.imported);
		const position = {account: meter.id, contractedWh: booked.contractedWh, meteredWh, usualImportWh: booked.usualImportWh};
		const row = settleRow(position, slot.prices, slot.rules);
		const changeNano = row.netNano - booked.netNano;
		const adjusted = dayRow(slot, meter, row, booked.usualImportWh, energy);
		builder.add({...adjusted, flags: adjusted.flags | rowFlags.adjusted, netNano: changeNano});
		totals.tradersNano += changeNano;
		// The residual supplier had the other side of what was assumed, and has that of what was.
		totals.retailerNano -= changeNano;
	}
	const commitment = builder.close(
		input.opening,
		new Map([
			[counters.grid, totals.gridNano],
			[counters.retailer, totals.retailerNano],
			[counters.pool, totals.poolNano],
		]),
	);
	return {commitment, totals, substituted};
}

function dayRow({slot, contracts}: DaySlot, meter: Meter, row: Row, usualImportWh: number, {imported, exported}: MeterEnergy): DayRow {
	const isSpread = !row.substituted && (imported.spread || exported.spread);
	return {
		account: meter.owner,
		slot,
		meter: meter.id,
		orderHash: contracts.get(meter.id)?.orderHash,
		contractedWh: row.contractedWh,
		meteredWh: row.meteredWh,
		usualImportWh,
		flags: (row.substituted ? rowFlags.substituted : 0) | (isSpread ? rowFlags.spread : 0),
		importFrom: row.substituted ? 0 : (imported.fromNumber ?? 0),
		importTo: row.substituted ? 0 : (imported.toNumber ?? 0),
		exportFrom: row.substituted ? 0 : (exported.fromNumber ?? 0),
		exportTo: row.substituted ? 0 : (exported.toNumber ?? 0),
		netNano: row.netNano,
	};
}
