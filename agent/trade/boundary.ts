// Follows the registers of a meter, entry by entry, and keeps what stood at each boundary between slots. Pure.

import {type RegisterEntry, type SlotEnergy, slotEnergies} from './meter.ts';
import {slotMs} from './order.ts';

/** What a register showed at the beginning of a slot. */
export type Boundary = Pick<RegisterEntry, 'index' | 'number' | 'registerWh' | 'counterEpoch'>;

/** Boundaries known of one register, by the slot that begins there. */
export type Boundaries = {
	/**
	 * Takes the next entry of the channel. `undefined` stands for one that is not a reading or that settlement does not take (see unsettledQualities):
	 * it has a number of its own, so nothing can be read across it. Gives the slots whose beginning became known.
	 */
	readonly follow: (number: number, entry: RegisterEntry | undefined) => readonly number[];
	readonly at: (slot: number) => Boundary | undefined;
	/** Energy of a slot; spread flat where only boundaries further apart are known, which are looked for among slots from … to. */
	readonly energyOf: (slot: number, from: number, to: number) => SlotEnergy;
	/** Forgets what began before the slot. */
	readonly forgetBefore: (slot: number) => void;
	readonly size: () => number;
};

/**
 * The entry n with measuredAt(n) ≤ T < measuredAt(n+1), both within twice the cadence of T; of several crossings of one T the lowest n counts. `firstSlot`: nothing before it is kept.
 */
export function createBoundaries(cadenceMs: number, firstSlot = 0): Boundaries {
	const farMs = 2 * cadenceMs;
	const known = new Map<number, Boundary>();
	let first = firstSlot;
	let before: RegisterEntry | undefined;
	return {
		follow: (number, entry) => {
			const last = before;
			before = entry;
			if (last === undefined || entry === undefined || number !== last.number + 1 || last.measuredAtMs === 0 || entry.measuredAtMs === 0)
				return [];
			const fromMs = Math.max(last.measuredAtMs, entry.measuredAtMs - farMs);
			const toMs = Math.min(entry.measuredAtMs - 1, last.measuredAtMs + farMs);
			const found: number[] = [];
			for (let slot = Math.max(first, Math.ceil(fromMs / slotMs)); slot * slotMs <= toMs; slot += 1) {
				if (known.has(slot)) continue;
				const {index, registerWh, counterEpoch} = last;
				known.set(slot, {index, number: last.number, registerWh, counterEpoch});
				found.push(slot);
			}
			return found;
		},
		at: slot => known.get(slot),
		energyOf: (slot, from, to) => {
			// Nearly always both are there; this runs for every meter and slot of a day.
			const [here, next] = [known.get(slot), known.get(slot + 1)];
			if (here !== undefined && next !== undefined)
				return slotEnergies([
					{...here, measuredAtMs: slot * slotMs},
					{...next, measuredAtMs: (slot + 1) * slotMs},
				])[0]!;
			let [begin, end] = [slot, slot + 1];
			while (begin > from && !known.has(begin)) begin -= 1;
			while (end < to && !known.has(end)) end += 1;
			const asEntry = (at: number): RegisterEntry | undefined => {
				const boundary = known.get(at);
				return boundary && {...boundary, measuredAtMs: at * slotMs};
			};
			const boundaries = Array.from({length: end - begin + 1}, (_, i) => asEntry(begin + i));
			return slotEnergies(boundaries)[slot - begin]!;
		},
		forgetBefore: slot => {
			first = Math.max(first, slot);
			for (const at of known.keys()) if (at < slot) known.delete(at);
		},
		size: () => known.size,
	};
}
