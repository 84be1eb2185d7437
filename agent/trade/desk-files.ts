// Writes what a market hands out as files: bills, keys for sharing energy, prices as an event.

import type {Clock} from '../base/clock.ts';
import {type BilledRow, billCsv, billJson, billOf, type SlotTerms} from './bill.ts';
import {rowFlags} from './commitment.ts';
import type {Engine, EngineRules} from './market-engine.ts';
import {slotsPerDay} from './order.ts';
import {type PricedSlot, priceEventOf} from './price-event.ts';
import {type KeyKind, type SharedSlot, sharingKeys, sharingKeysCsv, sharingKeysJson} from './sharing-keys.ts';
import {contractsOf} from './slot-clearing.ts';

export type DeskFiles = {
	/**
	 * Of settled days only: what is not settled yet is no bill. Slots from … before `to`; `settledTo`: the slots before this one are settled. undefined while none of them is; what lies before the
	 * market's first slot is settled, with nothing in it.
	 */
	readonly bill: (query: {
		readonly account: string;
		readonly from: number;
		readonly to: number;
		readonly format: 'csv' | 'json';
	}) => Promise<{readonly text: string; readonly settledTo: number} | undefined>;
	readonly sharingKeys: (query: {
		readonly from: number;
		readonly to: number;
		readonly kind: KeyKind;
		readonly format: 'csv' | 'json';
	}) => Promise<string>;
	readonly priceEvent: (query: {readonly from: number; readonly to: number}) => Promise<unknown>;
};

export function createDeskFiles(
	engine: Engine,
	rules: EngineRules,
	options: {readonly name: string; readonly currency: string; readonly clock: Clock},
): DeskFiles {
	const {name, currency, clock} = options;
	const dayOf = (slot: number): number => Math.floor(slot / slotsPerDay);

	/** Rows of settled days, with what they were settled by. */
	const rowsBetween = async (
		from: number,
		to: number,
		account?: string,
	): Promise<{rows: BilledRow[]; terms: Map<number, SlotTerms>; openingNano: bigint}> => {
		const rows: BilledRow[] = [];
		const terms = new Map<number, SlotTerms>();
		let openingNano = 0n;
		// What came late is booked a day later: it belongs to the period of its slot.
		for (let day = dayOf(from); day <= dayOf(to - 1) + 1; day += 1) {
			const settled = await engine.day(day);
			if (settled === undefined) continue;
			const {commitment} = settled;
			const balance = account === undefined ? undefined : commitment.balanceProof(account)?.balance;
			const [first, count] = account === undefined ? [0, commitment.header.rowCount] : [balance?.firstRow ?? 0, balance?.rowCount ?? 0];
			for (let at = first; at < first + count; at += 1) {
				const row = commitment.rowAt(at);
				if (row.slot >= to || row.slot < from) continue;
				if (rows.length === 0) openingNano = row.cumNano - row.netNano;
				rows.push(row);
				if (terms.has(row.slot)) continue;
				const {priceBuyMicroPerKwh, priceSellMicroPerKwh} = (await engine.cleared(row.slot))?.clearing ?? {
					priceBuyMicroPerKwh: undefined,
					priceSellMicroPerKwh: undefined,
				};
				terms.set(row.slot, {...rules, priceBuyMicroPerKwh, priceSellMicroPerKwh});
			}
		}
		return {rows, terms, openingNano};
	};

	return {
		bill: async ({account, from, to, format}) => {
			const begin = Math.max(from, engine.firstSlot);
			const settledTo = begin >= to ? to : Math.min(to, ((engine.newestDay() ?? -1) + 1) * slotsPerDay);
			if (begin < to && settledTo <= begin) return undefined;
			const {rows, terms, openingNano} = await rowsBetween(from, to, account);
			const bill = billOf({market: name, account, currency, from, to, openingNano}, rows, slot => terms.get(slot)!);
			return {text: format === 'csv' ? billCsv(bill) : billJson(bill), settledTo};
		},
		sharingKeys: async ({from, to, kind, format}) => {
			const {rows} = await rowsBetween(from, to);
			const taken = new Map<number, Map<string, number>>();
			for (const {slot, meter, meteredWh, flags} of rows) {
				if (meteredWh >= 0 || (flags & rowFlags.adjusted) !== 0) continue;
				const ofSlot = taken.get(slot) ?? new Map<string, number>();
				taken.set(slot, ofSlot.set(meter, -meteredWh));
			}
			const shared: SharedSlot[] = [];
			for (let slot = from; slot < to; slot += 1) {
				const cleared = await engine.cleared(slot);
				const contracts = cleared === undefined ? new Map() : contractsOf(cleared);
				const side = (sign: 1 | -1): Map<string, number> =>
					new Map(
						[...contracts]
							.filter(([, {contractedWh}]) => contractedWh * sign > 0)
							.map(([meter, {contractedWh}]) => [meter, contractedWh * sign]),
					);
				shared.push({slot, soldWh: side(1), boughtWh: side(-1), takenWh: taken.get(slot) ?? new Map()});
			}
			const keys = sharingKeys(kind, shared);
			return format === 'csv' ? sharingKeysCsv(kind, keys) : sharingKeysJson(kind, name, keys);
		},
		priceEvent: async ({from, to}) => {
			const slots: PricedSlot[] = [];
			for (let slot = from; slot < to; slot += 1) {
				const cleared = (await engine.cleared(slot))?.clearing;
				slots.push({slot, cleared, tariff: rules});
			}
			return priceEventOf({market: name, currency, createdAtMs: clock.nowMs()}, slots);
		},
	};
}
