// Turns what neighbours shared in each slot into sharing keys: the coefficients by which a grid operator hands local production to consumers. Pure.

import {canonicalText} from '../format/document.ts';
import {type Cell, csvText} from './csv.ts';
import {slotMs} from './order.ts';

/**
 * The keys that national rules on energy sharing know. static: one set for the whole period. pro-rata (the default dynamic key): each slot anew, in proportion to what each
 * consumer took. full-dynamic: each slot anew and for each pair of producer and consumer, from what the market contracted.
 */
export type KeyKind = 'static' | 'pro-rata' | 'full-dynamic';

/** Energies by meter or account, whole Wh, none negative. */
export type Energies = ReadonlyMap<string, number>;

export type SharedSlot = {
	readonly slot: number;
	/** Contracted in the market; both sum to the same. */
	readonly soldWh: Energies;
	readonly boughtWh: Energies;
	/** Taken from the grid by the meter, contract or not. */
	readonly takenWh: Energies;
};

/** A consumer's part in millionths of what is shared. */
export type Key = {readonly consumer: string; readonly ppm: number};
/** A consumer's part in millionths of what one producer sold. */
export type PairKey = Key & {readonly producer: string; readonly energyWh: number};

export type SlotKeys = {
	readonly slot: number;
	/** Empty where nobody took anything, or nothing was sold. Else they sum to 1,000,000: all of them, or those of each producer. */
	readonly keys: readonly (Key | PairKey)[];
};

const million = 1_000_000;
/** A month of slots; pairs of a slot. */
export const keySlotsMax = 3000;
export const keyPairsMax = 250_000;

/** Millionths that sum exactly to a million, in proportion to the weights: rounded down, and one each to the largest remainders, of equal ones to the smaller name. */
export function sharesPpm(weights: ReadonlyMap<string, number | bigint>): Map<string, number> {
	return dealt(million, weights);
}

/** `amount` in proportion to weights, exactly; empty where there is no weight. */
function dealt(amount: number, weights: ReadonlyMap<string, number | bigint>): Map<string, number> {
	const all = [...weights].map(([name, weight]) => ({name, weight: BigInt(weight)})).sort(byName);
	if (all.some(({weight}) => weight < 0n)) throw new RangeError('a weight is below 0');
	const total = all.reduce((sum, {weight}) => sum + weight, 0n);
	if (total === 0n) return new Map();
	const parts = all.map(({name, weight}) => {
		const product = BigInt(amount) * weight;
		return {name, part: Number(product / total), rest: product % total};
	});
	let left = amount - parts.reduce((sum, {part}) => sum + part, 0);
	// A stable sort: names are in order already.
	for (const one of parts.toSorted((a, b) => (a.rest === b.rest ? 0 : a.rest > b.rest ? -1 : 1))) {
		if (left === 0) break;
		one.part += 1;
		left -= 1;
	}
	return new Map(parts.map(({name, part}) => [name, part]));
}

function byName(a: {readonly name: string}, b: {readonly name: string}): number {
	return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** One key for good, from weights that the community agreed on or from what each took in the period. */
export function staticKeys(weights: ReadonlyMap<string, number | bigint>): Key[] {
	return [...sharesPpm(weights)].map(([consumer, ppm]) => ({consumer, ppm}));
}

/** Each consumer's part of what all took in the slot. */
export function proRataKeys({takenWh}: SharedSlot): Key[] {
	return staticKeys(takenWh);
}

/**
 * Whole Wh from each producer to each consumer. A uniform price knows no pairs, so that everybody bought of everybody in proportion: producer by producer, by name, what he sold
 * is dealt to what consumers still have to get. Both sums come out to the Wh.
 */
export function pairEnergies(soldWh: Energies, boughtWh: Energies): PairKey[] {
	const [sold, bought] = [sumOf(soldWh), sumOf(boughtWh)];
	if (sold !== bought) throw new RangeError(`${sold} Wh were sold and ${bought} bought`);
	if (soldWh.size * boughtWh.size > keyPairsMax) throw new RangeError(`a slot has at most ${keyPairsMax} pairs`);
	const rest = new Map(boughtWh);
	const producers = [...soldWh].map(([name, energyWh]) => ({name, energyWh})).sort(byName);
	return producers.flatMap(({name: producer, energyWh: own}) => {
		if (own === 0) return [];
		const parts = [...dealt(own, rest)].filter(([, energyWh]) => energyWh > 0);
		const ppm = sharesPpm(new Map(parts));
		return parts.map(([consumer, energyWh]) => {
			rest.set(consumer, rest.get(consumer)! - energyWh);
			return {producer, consumer, energyWh, ppm: ppm.get(consumer)!};
		});
	});
}

function sumOf(energies: Energies): number {
	let sum = 0;
	for (const energyWh of energies.values()) {
		if (!Number.isSafeInteger(energyWh) || energyWh < 0) throw new RangeError(`${energyWh} is not a whole number of Wh`);
		sum += energyWh;
	}
	return sum;
}

/** The keys of every slot. For `static` they are the same in all, by `weights`, or by what each consumer took over all these slots. */
export function sharingKeys(kind: KeyKind, slots: readonly SharedSlot[], weights?: ReadonlyMap<string, number | bigint>): SlotKeys[] {
	if (slots.length > keySlotsMax) throw new RangeError(`sharing keys are for at most ${keySlotsMax} slots, not ${slots.length}`);
	if (kind === 'pro-rata') return slots.map(one => ({slot: one.slot, keys: proRataKeys(one)}));
	if (kind === 'full-dynamic') return slots.map(({slot, soldWh, boughtWh}) => ({slot, keys: pairEnergies(soldWh, boughtWh)}));
	const keys = staticKeys(weights ?? takenOver(slots));
	return slots.map(({slot}) => ({slot, keys}));
}

function takenOver(slots: readonly SharedSlot[]): Map<string, bigint> {
	const taken = new Map<string, bigint>();
	for (const {takenWh} of slots)
		for (const [consumer, energyWh] of takenWh) taken.set(consumer, (taken.get(consumer) ?? 0n) + BigInt(energyWh));
	return taken;
}

function startOf(slot: number): string {
	return new Date(slot * slotMs).toISOString();
}

/** One line a key. The static form, which a grid operator wants once, has no slots. */
export function sharingKeysCsv(kind: KeyKind, slots: readonly SlotKeys[]): string {
	if (kind === 'static')
		return csvText(
			['consumer', 'share_ppm'],
			(slots[0]?.keys ?? []).map(({consumer, ppm}): Cell[] => [{text: consumer}, {decimal: ppm}]),
		);
	const columns = ['slot_start_utc', 'slot', ...(kind === 'full-dynamic' ? ['producer'] : []), 'consumer', 'share_ppm'];
	const rows = slots.flatMap(({slot, keys}) =>
		keys.map((key): Cell[] => [
			{text: startOf(slot)},
			{decimal: slot},
			...(kind === 'full-dynamic' && 'producer' in key ? [{text: key.producer}] : []),
			{text: key.consumer},
			{decimal: key.ppm},
			...(kind === 'full-dynamic' && 'producer' in key ? [{decimal: key.energyWh}] : []),
		]),
	);
	return csvText(kind === 'full-dynamic' ? [...columns, 'energy_wh'] : columns, rows);
}

export function sharingKeysJson(kind: KeyKind, market: string, slots: readonly SlotKeys[]): string {
	return canonicalText({
		format: 'kedge sharing keys 1',
		market,
		kind,
		slots: slots.map(({slot, keys}) => ({
			slot,
			start: startOf(slot),
			keys: keys.map(key =>
				'producer' in key
					? {producer: key.producer, consumer: key.consumer, ppm: key.ppm, energyWh: key.energyWh}
					: {consumer: key.consumer, ppm: key.ppm},
			),
		})),
	});
}
