// The composition root's part for energy markets: slots of energy from a history, and a slot cleared and settled from its file, as whoever ran the market must have done.

import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import {decodeEntry, entryLength, kinds, qualities, uncountedQualities} from './format/entry.ts';
import {parseHistory} from './format/history.ts';
import {quantityOfCode} from './format/quantity.ts';
import {type Clearing, clear} from './trade/clear.ts';
import {boundariesOf, type RegisterEntry, type SlotEnergy, slotEnergies} from './trade/meter.ts';
import {slotMs} from './trade/order.ts';
import {type Settlement, settle} from './trade/settle.ts';
import {parseSlotFile, type SlotFile} from './trade/slot-file.ts';

export type ClearedSlot = {
	readonly file: SlotFile;
	readonly clearing: Clearing;
	/** Wh of net export by account: sold is positive. */
	readonly contractedWh: ReadonlyMap<string, number>;
	/** undefined while the file has no readings. */
	readonly settlement: Settlement | undefined;
};

/** Fails with FORMAT_INVALID. */
export function clearSlotFile(bytes: Uint8Array, name: string): ClearedSlot {
	const parsed = parseSlotFile(bytes);
	if ('problem' in parsed) throw new AgentError('FORMAT_INVALID', `${name} is not a slot file: ${parsed.problem}`);
	const file = parsed.value;
	const clearing = clear(file.orders, file.rules, file.seed);
	const contractedWh = new Map<string, number>();
	for (const [at, {account, side}] of file.orders.entries()) {
		const fill = clearing.fillsWh[at]!;
		contractedWh.set(account, (contractedWh.get(account) ?? 0) + (side === 'sell' ? fill : -fill));
	}
	return {file, clearing, contractedWh, settlement: settlementOf(file, clearing, contractedWh, name)};
}

/** Everybody with a contract or a reading has a row; a contract without a reading falls under the missing rule. */
function settlementOf(
	{readings, rules}: SlotFile,
	clearing: Clearing,
	contractedWh: ReadonlyMap<string, number>,
	name: string,
): Settlement | undefined {
	if (readings === undefined) return undefined;
	const byAccount = new Map(readings.map(reading => [reading.account, reading]));
	if (byAccount.size !== readings.length) throw new AgentError('FORMAT_INVALID', `${name} is not a slot file: an account has two readings`);
	const accounts = [...new Set([...contractedWh.keys(), ...byAccount.keys()])].sort();
	const positions = accounts.map(account => ({
		account,
		contractedWh: contractedWh.get(account) ?? 0,
		meteredWh: byAccount.get(account)?.meteredWh,
		usualImportWh: byAccount.get(account)?.usualImportWh ?? 0,
	}));
	return settle(positions, clearing, rules);
}

/** A year of slots. */
const slotsMax = 36_000;

export type Slot = SlotEnergy & {readonly startMs: number};

/**
 * The energy of every whole slot that a history of an energy register covers, with the numbers of the entries that it rests on: those that count, and were not corrected. It
 * checks nothing: verify first.
 * Fails with FORMAT_INVALID.
 */
export function slotsOfHistory(bytes: Uint8Array, name: string, cadenceMs: number): Slot[] {
	const parsed = parseHistory(nodeHasher, bytes);
	if ('problem' in parsed) throw new AgentError('FORMAT_INVALID', `${name} is not a history: ${parsed.problem}`);
	const {indexes, entries} = parsed.value;
	const registers: RegisterEntry[] = [];
	const readings = indexes
		.map((index, i) => ({index, entry: decodeEntry(entries.subarray(i * entryLength, (i + 1) * entryLength))}))
		.filter(({entry}) => entry.kind === kinds.reading);
	// A correction has the time of what it corrects.
	const corrected = new Set(
		readings.filter(({entry}) => (entry.quality & qualities.correction) !== 0).map(({entry}) => entry.measuredAtMs),
	);
	for (const {index, entry} of readings) {
		// It leaves its number out, so that nothing is read across it.
		if ((entry.quality & uncountedQualities) !== 0 || corrected.has(entry.measuredAtMs)) continue;
		const quantity = quantityOfCode(entry.quantity);
		if (quantity?.kind !== 'register' || quantity.unit !== 'Wh')
			throw new AgentError('FORMAT_INVALID', `${name} is a history of ${quantity?.name ?? 'something'}, which counts no energy`);
		const {number, measuredAtMs, span} = entry;
		registers.push({index, number, measuredAtMs, registerWh: wholeWh(entry.value, entry.exponent), counterEpoch: span});
	}
	const times = registers.map(({measuredAtMs}) => measuredAtMs).filter(timeMs => timeMs > 0);
	if (times.length === 0) return [];
	const [earliestMs, latestMs] = times.reduce(([least, most], timeMs) => [Math.min(least, timeMs), Math.max(most, timeMs)], [times[0]!, 0]);
	const firstMs = Math.ceil(earliestMs / slotMs) * slotMs;
	const count = Math.floor(latestMs / slotMs) - firstMs / slotMs;
	if (count > slotsMax) throw new AgentError('FORMAT_INVALID', `${name} covers more than ${slotsMax} slots: take shorter histories`);
	const boundaries = boundariesOf(registers, {firstMs, stepMs: slotMs, count: Math.max(0, count + 1)}, cadenceMs);
	return slotEnergies(boundaries).map((slot, i) => ({...slot, startMs: firstMs + i * slotMs}));
}

/** Rounded down, as every register is before two are subtracted. */
function wholeWh(value: bigint, exponent: number): number {
	if (exponent >= 0) return Number(value * 10n ** BigInt(exponent));
	const divisor = 10n ** BigInt(-exponent);
	const floor = value / divisor - (value < 0n && value % divisor !== 0n ? 1n : 0n);
	return Number(floor);
}
