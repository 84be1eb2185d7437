// Turns amounts in the units that people and meters use into amounts in the unit of a factor, as fractions: exact, or not at all.

/** numerator/denominator of the second unit make one of the first. */
export type Ratio = readonly [numerator: bigint, denominator: bigint];

/** Units by what they measure, each as a multiple of the first of its sort. Units of one sort become each other. */
const sorts: readonly Readonly<Record<string, bigint>>[] = [
	// Of energy, the joule: a watt-hour is 3600 of them, and the other way round is no whole number.
	{
		J: 1n,
		kJ: 1000n,
		MJ: 1_000_000n,
		GJ: 1_000_000_000n,
		Wh: 3600n,
		kWh: 3_600_000n,
		MWh: 3_600_000_000n,
		GWh: 3_600_000_000_000n,
	},
	{mg: 1n, g: 1000n, kg: 1_000_000n, t: 1_000_000_000n},
	{l: 1n, L: 1n, m3: 1000n},
	{mgCO2e: 1n, gCO2e: 1000n, kgCO2e: 1_000_000n, tCO2e: 1_000_000_000n},
	{s: 1n, min: 60n, h: 3600n},
	{count: 1n},
];

/** undefined where one does not become the other. */
export function unitRatio(from: string, to: string): Ratio | undefined {
	const sort = sorts.find(one => Object.hasOwn(one, from));
	return sort !== undefined && Object.hasOwn(sort, to) ? [sort[from]!, sort[to]!] : undefined;
}

/** The base unit of the registry in which factors for such a unit are stated; undefined for a unit that no factor has. */
export function baseUnitOf(unit: string): string | undefined {
	for (const base of ['J', 'mg', 'l', 'mgCO2e', 's', 'count'])
		if (unitRatio(unit, base) !== undefined) return base === 'J' && unit.endsWith('Wh') ? 'Wh' : base;
	return undefined;
}

export const unitNames: readonly string[] = sorts.flatMap(Object.keys);
