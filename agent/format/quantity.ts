// The quantity registry: what can be measured, in which base unit, and how other standards call it.

/** register: counts up. interval: an amount over a span. gauge: a value at a moment. state: a small whole number with names. */
export type QuantityKind = 'register' | 'interval' | 'gauge' | 'state';

export type Quantity = {
	/** 1 … 65535, never reused. */
	readonly code: number;
	readonly name: string;
	/** The unit of value·10^exponent. SenML names with a metric prefix where whole numbers need one. */
	readonly unit: string;
	readonly kind: QuantityKind;
	/** Exponent of a channel that declares none: fine enough for what devices of this sort print. */
	readonly exponentDefault: number;
	/** UCUM code of the base unit. */
	readonly ucum: string;
	/** UN/ECE Recommendation 20 code of the base unit, where there is one. */
	readonly unece?: string;
	/** OBIS value group C.D.E (IEC 62056-61), where there is one. */
	readonly obis?: string;
};

const table = [
	{code: 1, name: 'energy-import', unit: 'Wh', kind: 'register', exponentDefault: -3, ucum: 'W.h', unece: 'WHR', obis: '1.8.0'},
	{code: 2, name: 'energy-export', unit: 'Wh', kind: 'register', exponentDefault: -3, ucum: 'W.h', unece: 'WHR', obis: '2.8.0'},
	{code: 3, name: 'energy-generated', unit: 'Wh', kind: 'register', exponentDefault: -3, ucum: 'W.h', unece: 'WHR'},
	{code: 4, name: 'energy-interval', unit: 'Wh', kind: 'interval', exponentDefault: -3, ucum: 'W.h', unece: 'WHR', obis: '1.9.0'},
	{code: 5, name: 'reactive-energy-import', unit: 'varh', kind: 'register', exponentDefault: -3, ucum: 'var.h', unece: 'K3', obis: '3.8.0'},
	{code: 6, name: 'reactive-energy-export', unit: 'varh', kind: 'register', exponentDefault: -3, ucum: 'var.h', unece: 'K3', obis: '4.8.0'},
	{code: 10, name: 'active-power', unit: 'W', kind: 'gauge', exponentDefault: -3, ucum: 'W', unece: 'WTT', obis: '16.7.0'},
	{code: 11, name: 'reactive-power', unit: 'var', kind: 'gauge', exponentDefault: -3, ucum: 'var', unece: 'D44', obis: '3.7.0'},
	{code: 12, name: 'voltage', unit: 'mV', kind: 'gauge', exponentDefault: 0, ucum: 'mV', unece: '2Z', obis: '12.7.0'},
	{code: 13, name: 'current', unit: 'mA', kind: 'gauge', exponentDefault: 0, ucum: 'mA', unece: '4K', obis: '11.7.0'},
	{code: 14, name: 'frequency', unit: 'mHz', kind: 'gauge', exponentDefault: 0, ucum: 'mHz', obis: '14.7.0'},
	{code: 15, name: 'state-of-charge', unit: 'm%', kind: 'gauge', exponentDefault: 0, ucum: '10*-5'},
	{code: 20, name: 'gas-volume', unit: 'l', kind: 'register', exponentDefault: 0, ucum: 'L', unece: 'LTR'},
	{code: 21, name: 'water-volume', unit: 'l', kind: 'register', exponentDefault: 0, ucum: 'L', unece: 'LTR'},
	{code: 22, name: 'heat-energy', unit: 'Wh', kind: 'register', exponentDefault: -3, ucum: 'W.h', unece: 'WHR'},
	{code: 30, name: 'temperature', unit: 'mCel', kind: 'gauge', exponentDefault: 0, ucum: 'mCel'},
	{code: 31, name: 'relative-humidity', unit: 'm%', kind: 'gauge', exponentDefault: 0, ucum: '10*-5'},
	{code: 32, name: 'pressure', unit: 'Pa', kind: 'gauge', exponentDefault: -3, ucum: 'Pa', unece: 'PAL'},
	{code: 33, name: 'door', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 34, name: 'on', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 40, name: 'co2e-mass', unit: 'mgCO2e', kind: 'register', exponentDefault: 0, ucum: 'mg', unece: 'MGM'},
	{code: 41, name: 'co2-mass-flow', unit: 'mg/s', kind: 'gauge', exponentDefault: 0, ucum: 'mg/s'},
	{code: 42, name: 'nox-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 43, name: 'so2-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 44, name: 'co-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 45, name: 'dust-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 46, name: 'oxygen-fraction', unit: 'm%', kind: 'gauge', exponentDefault: 0, ucum: '10*-5'},
	{code: 47, name: 'stack-flow', unit: 'l/s', kind: 'gauge', exponentDefault: 0, ucum: 'L/s'},
	{code: 140, name: 'operating-time', unit: 's', kind: 'register', exponentDefault: -3, ucum: 's', unece: 'SEC', obis: '0.8.6'},
] as const satisfies readonly Quantity[];

export type QuantityName = (typeof table)[number]['name'];

export const quantities: readonly Quantity[] = table;

const byCode = new Map<number, Quantity>(table.map(quantity => [quantity.code, quantity]));
const byName = new Map<string, Quantity>(table.map(quantity => [quantity.name, quantity]));

export function quantityOfCode(code: number): Quantity | undefined {
	return byCode.get(code);
}

export function quantityOfName(name: string): Quantity | undefined {
	return byName.get(name);
}

/** How many base units one of this unit is, as a fraction: exact, or not convertible at all. */
type Factor = readonly [numerator: bigint, denominator: bigint];

/** Units that devices print → for each base unit they can become, the factor. Case matters. */
const factors: Readonly<Record<string, Readonly<Record<string, Factor>>>> = {
	Wh: {
		mWh: [1n, 1000n],
		Wh: [1n, 1n],
		kWh: [1000n, 1n],
		MWh: [1_000_000n, 1n],
		J: [1n, 3600n],
		kJ: [1000n, 3600n],
		MJ: [1_000_000n, 3600n],
		GJ: [1_000_000_000n, 3600n],
	},
	varh: {varh: [1n, 1n], kvarh: [1000n, 1n], vars: [1n, 3600n]},
	W: {mW: [1n, 1000n], W: [1n, 1n], kW: [1000n, 1n], MW: [1_000_000n, 1n]},
	var: {var: [1n, 1n], kvar: [1000n, 1n]},
	mV: {mV: [1n, 1n], V: [1000n, 1n], kV: [1_000_000n, 1n]},
	mA: {mA: [1n, 1n], A: [1000n, 1n]},
	mHz: {mHz: [1n, 1n], Hz: [1000n, 1n]},
	'm%': {'m%': [1n, 1n], '%': [1000n, 1n], '%RH': [1000n, 1n], '%EL': [1000n, 1n], '/': [100_000n, 1n]},
	l: {l: [1n, 1n], L: [1n, 1n], m3: [1000n, 1n]},
	mCel: {mCel: [1n, 1n], Cel: [1000n, 1n], '°C': [1000n, 1n]},
	Pa: {Pa: [1n, 1n], hPa: [100n, 1n], kPa: [1000n, 1n], mbar: [100n, 1n], bar: [100_000n, 1n]},
	state: {state: [1n, 1n], '': [1n, 1n], count: [1n, 1n]},
	mgCO2e: {mgCO2e: [1n, 1n], mg: [1n, 1n], g: [1000n, 1n], kg: [1_000_000n, 1n], t: [1_000_000_000n, 1n]},
	'mg/s': {'mg/s': [1n, 1n], 'g/s': [1000n, 1n], 'kg/s': [1_000_000n, 1n], 'kg/h': [1_000_000n, 3600n]},
	'ug/m3': {'ug/m3': [1n, 1n], 'mg/m3': [1000n, 1n], 'g/m3': [1_000_000n, 1n]},
	s: {ms: [1n, 1000n], s: [1n, 1n], sec: [1n, 1n], min: [60n, 1n], h: [3600n, 1n]},
	'l/s': {'l/s': [1n, 1n], 'm3/s': [1000n, 1n], 'm3/h': [1000n, 3600n]},
};

/** The factor from `unit` to the quantity's base unit; undefined if that unit does not measure this quantity. */
export function unitFactor(quantity: Quantity, unit: string): Factor | undefined {
	const row = factors[quantity.unit];
	return row !== undefined && Object.hasOwn(row, unit) ? row[unit] : undefined;
}

/** The units that unitFactor takes for a quantity, for messages. */
export function unitsOf(quantity: Quantity): readonly string[] {
	return Object.keys(factors[quantity.unit] ?? {}).filter(unit => unit !== '');
}
