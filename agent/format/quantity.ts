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
	{code: 11, name: 'reactive-power', unit: 'var', kind: 'gauge', exponentDefault: -3, ucum: 'var', unece: 'D44'},
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
	{code: 50, name: 'apparent-power', unit: 'VA', kind: 'gauge', exponentDefault: -3, ucum: 'V.A', unece: 'D46', obis: '9.7.0'},
	{code: 51, name: 'apparent-energy', unit: 'VAh', kind: 'register', exponentDefault: -3, ucum: 'V.A.h', obis: '9.8.0'},
	{code: 52, name: 'power-factor', unit: '1', kind: 'gauge', exponentDefault: -3, ucum: '1', unece: 'C62', obis: '13.7.0'},
	{code: 53, name: 'illuminance', unit: 'lx', kind: 'gauge', exponentDefault: -3, ucum: 'lx', unece: 'LUX'},
	{code: 57, name: 'power-failures', unit: 'count', kind: 'register', exponentDefault: 0, ucum: '1', unece: 'C62', obis: '96.7.21'},
	{code: 58, name: 'voltage-sags', unit: 'count', kind: 'register', exponentDefault: 0, ucum: '1', unece: 'C62', obis: '12.32.0'},
	{code: 59, name: 'voltage-swells', unit: 'count', kind: 'register', exponentDefault: 0, ucum: '1', unece: 'C62', obis: '12.36.0'},
	// A quantity of its own: the step from Fahrenheit to Celsius is seldom exact.
	{code: 60, name: 'temperature-fahrenheit', unit: 'm[degF]', kind: 'gauge', exponentDefault: 0, ucum: 'm[degF]'},
	{code: 61, name: 'tariff', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1', obis: '96.14.0'},
	{code: 62, name: 'battery-cycles', unit: 'count', kind: 'register', exponentDefault: 0, ucum: '1', unece: 'C62'},
	{code: 63, name: 'input', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 64, name: 'position', unit: 'm%', kind: 'gauge', exponentDefault: 0, ucum: '10*-5'},
	// For counters of joules and watt-minutes, which are seldom a whole number of mWh.
	{code: 65, name: 'energy-import-joule', unit: 'J', kind: 'register', exponentDefault: 0, ucum: 'J', unece: 'JOU'},
	{code: 70, name: 'co2-fraction', unit: 'ppm', kind: 'gauge', exponentDefault: -3, ucum: '[ppm]', unece: '59'},
	{code: 71, name: 'co-fraction', unit: 'ppm', kind: 'gauge', exponentDefault: -3, ucum: '[ppm]', unece: '59'},
	{code: 72, name: 'voc-fraction', unit: 'ppm', kind: 'gauge', exponentDefault: -6, ucum: '[ppm]', unece: '59'},
	{code: 73, name: 'voc-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: -3, ucum: 'ug/m3', unece: 'GQ'},
	{code: 74, name: 'formaldehyde-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: -3, ucum: 'ug/m3', unece: 'GQ'},
	{code: 75, name: 'pm25-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: -3, ucum: 'ug/m3', unece: 'GQ'},
	{code: 76, name: 'pm10-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: -3, ucum: 'ug/m3', unece: 'GQ'},
	// Litres an hour, because other units of a flow become whole numbers of them.
	{code: 77, name: 'volume-flow', unit: 'l/h', kind: 'gauge', exponentDefault: -3, ucum: 'L/h', unece: 'E32'},
	{code: 78, name: 'sound-level', unit: 'dB', kind: 'gauge', exponentDefault: -3, ucum: 'dB[SPL]', unece: '2N'},
	// Weighted as the ear hears: another number than the plain level of the same sound.
	{code: 79, name: 'sound-level-a', unit: 'dBA', kind: 'gauge', exponentDefault: -3, ucum: 'dB[SPL]'},
	{code: 80, name: 'moisture', unit: 'm%', kind: 'gauge', exponentDefault: 0, ucum: '10*-5'},
	{code: 81, name: 'occupancy', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 82, name: 'leak', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 83, name: 'smoke', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 84, name: 'gas-alarm', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 85, name: 'co-alarm', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 86, name: 'tamper', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 87, name: 'vibration', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	{code: 88, name: 'battery-low', unit: 'state', kind: 'state', exponentDefault: 0, ucum: '1'},
	// A register of which the source does not say whether it counts what comes in or what goes out.
	{code: 89, name: 'active-energy', unit: 'Wh', kind: 'register', exponentDefault: -3, ucum: 'W.h', unece: 'WHR'},
	{code: 90, name: 'active-power-import', unit: 'W', kind: 'gauge', exponentDefault: -3, ucum: 'W', unece: 'WTT', obis: '1.7.0'},
	{code: 91, name: 'active-power-export', unit: 'W', kind: 'gauge', exponentDefault: -3, ucum: 'W', unece: 'WTT', obis: '2.7.0'},
	{code: 92, name: 'reactive-power-import', unit: 'var', kind: 'gauge', exponentDefault: -3, ucum: 'var', unece: 'D44', obis: '3.7.0'},
	{code: 93, name: 'reactive-power-export', unit: 'var', kind: 'gauge', exponentDefault: -3, ucum: 'var', unece: 'D44', obis: '4.7.0'},
	{
		code: 94,
		name: 'reactive-energy-quadrant',
		unit: 'varh',
		kind: 'register',
		exponentDefault: -3,
		ucum: 'var.h',
		unece: 'K3',
		obis: '5.8.0',
	},
	{code: 95, name: 'reactive-power-quadrant', unit: 'var', kind: 'gauge', exponentDefault: -3, ucum: 'var', unece: 'D44', obis: '5.7.0'},
	{code: 96, name: 'demand-import', unit: 'W', kind: 'gauge', exponentDefault: -3, ucum: 'W', unece: 'WTT', obis: '1.4.0'},
	{code: 97, name: 'demand-import-maximum', unit: 'W', kind: 'gauge', exponentDefault: -3, ucum: 'W', unece: 'WTT', obis: '1.6.0'},
	{code: 98, name: 'demand-export', unit: 'W', kind: 'gauge', exponentDefault: -3, ucum: 'W', unece: 'WTT', obis: '2.4.0'},
	{code: 99, name: 'demand-export-maximum', unit: 'W', kind: 'gauge', exponentDefault: -3, ucum: 'W', unece: 'WTT', obis: '2.6.0'},
	{code: 100, name: 'energy-absolute', unit: 'Wh', kind: 'register', exponentDefault: -3, ucum: 'W.h', unece: 'WHR', obis: '15.8.0'},
	{code: 101, name: 'heat-energy-joule', unit: 'J', kind: 'register', exponentDefault: 0, ucum: 'J', unece: 'JOU'},
	{code: 110, name: 'gas-velocity', unit: 'mm/s', kind: 'gauge', exponentDefault: 0, ucum: 'mm/s', unece: 'C16'},
	{code: 111, name: 'water-vapour-fraction', unit: 'm%', kind: 'gauge', exponentDefault: 0, ucum: '10*-5'},
	{code: 112, name: 'co2-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 113, name: 'no-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 114, name: 'no2-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 115, name: 'hydrogen-chloride-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 116, name: 'non-methane-hydrocarbon-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 117, name: 'air-pollutant-concentration', unit: 'ug/m3', kind: 'gauge', exponentDefault: 0, ucum: 'ug/m3', unece: 'GQ'},
	{code: 118, name: 'gas-volume-interval', unit: 'l', kind: 'interval', exponentDefault: 0, ucum: 'L', unece: 'LTR'},
	{code: 119, name: 'pollutant-mass-interval', unit: 'mg', kind: 'interval', exponentDefault: 0, ucum: 'mg', unece: 'MGM'},
	{code: 121, name: 'water-volume-interval', unit: 'l', kind: 'interval', exponentDefault: 0, ucum: 'L', unece: 'LTR'},
	{code: 122, name: 'ph', unit: 'pH', kind: 'gauge', exponentDefault: -3, ucum: '[pH]'},
	{code: 123, name: 'chemical-oxygen-demand', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 124, name: 'ammonia-nitrogen', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 125, name: 'total-phosphorus', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 126, name: 'total-nitrogen', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 127, name: 'dissolved-oxygen', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 128, name: 'suspended-solids', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 129, name: 'conductivity', unit: 'uS/cm', kind: 'gauge', exponentDefault: -3, ucum: 'uS/cm'},
	{code: 130, name: 'permanganate-index', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 131, name: 'biochemical-oxygen-demand', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 132, name: 'total-organic-carbon', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 133, name: 'water-pollutant-concentration', unit: 'ug/l', kind: 'gauge', exponentDefault: 0, ucum: 'ug/L'},
	{code: 140, name: 'operating-time', unit: 's', kind: 'register', exponentDefault: -3, ucum: 's', unece: 'SEC', obis: '0.8.6'},
	{code: 151, name: 'reactive-energy-var-seconds', unit: 'vars', kind: 'register', exponentDefault: -3, ucum: 'var.s'},
	{code: 152, name: 'electric-charge', unit: 'mC', kind: 'register', exponentDefault: 0, ucum: 'mC', unece: 'D86'},
	{code: 153, name: 'length', unit: 'mm', kind: 'gauge', exponentDefault: -3, ucum: 'mm', unece: 'MMT'},
	{code: 154, name: 'speed', unit: 'mm/s', kind: 'gauge', exponentDefault: 0, ucum: 'mm/s', unece: 'C16'},
	{code: 155, name: 'mass', unit: 'g', kind: 'gauge', exponentDefault: -3, ucum: 'g', unece: 'GRM'},
	{code: 156, name: 'temperature-kelvin', unit: 'mK', kind: 'gauge', exponentDefault: 0, ucum: 'mK'},
	{code: 157, name: 'count', unit: 'count', kind: 'register', exponentDefault: 0, ucum: '1', unece: 'C62'},
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
	varh: {varh: [1n, 1n], kvarh: [1000n, 1n], vars: [1n, 3600n], kvars: [1000n, 3600n]},
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
	J: {
		J: [1n, 1n],
		kJ: [1000n, 1n],
		MJ: [1_000_000n, 1n],
		GJ: [1_000_000_000n, 1n],
		Ws: [1n, 1n],
		Wmin: [60n, 1n],
		Wh: [3600n, 1n],
		kWh: [3_600_000n, 1n],
	},
	VA: {VA: [1n, 1n], kVA: [1000n, 1n], MVA: [1_000_000n, 1n]},
	VAh: {VAh: [1n, 1n], kVAh: [1000n, 1n]},
	vars: {vars: [1n, 1n], kvars: [1000n, 1n], varh: [3600n, 1n], kvarh: [3_600_000n, 1n]},
	'1': {'1': [1n, 1n], '%': [1n, 100n]},
	count: {count: [1n, 1n], '1': [1n, 1n]},
	lx: {lx: [1n, 1n], klx: [1000n, 1n]},
	'm[degF]': {'m[degF]': [1n, 1n], '[degF]': [1000n, 1n], '°F': [1000n, 1n]},
	mK: {mK: [1n, 1n], K: [1000n, 1n]},
	ppm: {ppm: [1n, 1n], ppb: [1n, 1000n], '%': [10_000n, 1n]},
	'l/h': {'l/h': [1n, 1n], 'l/min': [60n, 1n], 'l/s': [3600n, 1n], 'm3/h': [1000n, 1n], 'm3/s': [3_600_000n, 1n]},
	dB: {dB: [1n, 1n]},
	dBA: {dBA: [1n, 1n]},
	mC: {mC: [1n, 1n], C: [1000n, 1n], mAh: [3600n, 1n], Ah: [3_600_000n, 1n]},
	mm: {mm: [1n, 1n], cm: [10n, 1n], m: [1000n, 1n], km: [1_000_000n, 1n]},
	'mm/s': {'mm/s': [1n, 1n], 'm/s': [1000n, 1n], 'km/h': [1_000_000n, 3600n]},
	mg: {mg: [1n, 1n], g: [1000n, 1n], kg: [1_000_000n, 1n], t: [1_000_000_000n, 1n]},
	g: {g: [1n, 1n], kg: [1000n, 1n], t: [1_000_000n, 1n]},
	'ug/l': {'ug/l': [1n, 1n], 'ng/l': [1n, 1000n], 'mg/l': [1000n, 1n], 'mg/L': [1000n, 1n], 'g/l': [1_000_000n, 1n]},
	'uS/cm': {'uS/cm': [1n, 1n], 'mS/cm': [1000n, 1n], 'mS/m': [10n, 1n]},
	pH: {pH: [1n, 1n]},
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
