// Turns the factor codes of HJ 212 into quantities of the registry.

import type {QuantityName} from '../../format/quantity.ts';

/** What a station measures under one code. Units are fixed by the code: a frame prints none. */
export type Factor = {
	readonly quantity: QuantityName;
	readonly unit: string;
	/** Tells several of one quantity apart. */
	readonly part?: string | undefined;
	/** What its Cou counts over an interval. */
	readonly amount?: {readonly quantity: QuantityName; readonly unit: string; readonly part?: string | undefined} | undefined;
};

const factors = new Map<string, Factor>();

/** Units of HJ 212-2017, annex B; 2025 has the same defaults. */
function add(quantity: QuantityName, unit: string, codes: readonly string[], part?: string): void {
	for (const code of codes) factors.set(code, {quantity, unit, part});
}

/** A pollutant: its mass over an interval is counted under its code of 2017. */
function addPollutant(quantity: QuantityName, unit: string, massUnit: 'kg' | 'g' | 'mg', codes: readonly string[]): void {
	const amount = {quantity: 'pollutant-mass-interval', unit: massUnit, part: codes[0]} as const;
	for (const code of codes) factors.set(code, {quantity, unit, amount});
}

/** Pollutants that have no quantity of their own: the code is the part. */
function addCoded(quantity: QuantityName, unit: string, massUnit: 'kg' | 'g' | 'mg', codes: readonly string[]): void {
	for (const code of codes)
		factors.set(code, {quantity, unit, part: code, amount: {quantity: 'pollutant-mass-interval', unit: massUnit, part: code}});
}

// Where the 2005 edition has another name and the same unit, it stands behind the code.
factors.set('a00000', {quantity: 'stack-flow', unit: 'm3/s', amount: {quantity: 'gas-volume-interval', unit: 'm3'}});
add('gas-velocity', 'm/s', ['a01011', 'S02']);
add('temperature', '°C', ['a01012', 'S03'], 'flue');
add('temperature', '°C', ['a01001'], 'ambient');
add('temperature', '°C', ['a01015'], 'cooler');
add('temperature', '°C', ['a01901'], 'furnace');
add('temperature', '°C', ['w01010'], 'water');
add('pressure', 'kPa', ['a01013'], 'flue');
add('pressure', 'kPa', ['a01006'], 'ambient');
add('pressure', 'kPa', ['a01017'], 'dynamic');
add('water-vapour-fraction', '%', ['a01014', 'S05']);
add('relative-humidity', '%', ['a01002'], 'ambient');
add('oxygen-fraction', '%', ['a19001', 'S01']);
addPollutant('nox-concentration', 'mg/m3', 'kg', ['a21002', '03']);
addPollutant('so2-concentration', 'mg/m3', 'kg', ['a21026', '02']);
addPollutant('dust-concentration', 'mg/m3', 'kg', ['a34013', '01']);
addPollutant('co-concentration', 'mg/m3', 'kg', ['a21005', '04']);
addPollutant('co2-concentration', 'mg/m3', 'kg', ['a05001']);
addPollutant('no-concentration', 'mg/m3', 'kg', ['a21003']);
addPollutant('no2-concentration', 'mg/m3', 'kg', ['a21004']);
addPollutant('hydrogen-chloride-concentration', 'mg/m3', 'kg', ['a21024']);
addPollutant('non-methane-hydrocarbon-concentration', 'mg/m3', 'kg', ['a24088']);
// Cyanide, fluorides, chlorine, hydrogen sulphide; beryllium, cadmium, lead, mercury, nickel, tin and what they are in; hydrocarbons, benzene and its kin, phenols, methanol, aldehydes.
addCoded('air-pollutant-concentration', 'mg/m3', 'kg', [
	...['a21017', 'a21018', 'a21022', 'a21028', 'a20016', 'a20025', 'a20043', 'a20057', 'a20063', 'a20091', 'a23001', 'a24087'],
	...['a25002', 'a25003', 'a25004', 'a25005', 'a25010', 'a25023', 'a26001', 'a30001', 'a31001', 'a31002', 'a34038', 'a34039', 'a34040'],
]);

factors.set('w00000', {quantity: 'volume-flow', unit: 'l/s', amount: {quantity: 'water-volume-interval', unit: 'm3'}});
factors.set('B01', factors.get('w00000')!);
add('ph', 'pH', ['w01001', '001']);
add('dissolved-oxygen', 'mg/l', ['w01009']);
add('conductivity', 'uS/cm', ['w01014']);
addPollutant('suspended-solids', 'mg/l', 'kg', ['w01012', '003']);
addPollutant('biochemical-oxygen-demand', 'mg/l', 'kg', ['w01017', '010']);
addPollutant('chemical-oxygen-demand', 'mg/l', 'kg', ['w01018', '011']);
addPollutant('permanganate-index', 'mg/l', 'kg', ['w01019']);
addPollutant('total-organic-carbon', 'mg/l', 'kg', ['w01020', '015']);
addPollutant('total-nitrogen', 'mg/l', 'kg', ['w21001', '065']);
addPollutant('ammonia-nitrogen', 'mg/l', 'kg', ['w21003', '060']);
addPollutant('total-phosphorus', 'mg/l', 'kg', ['w21011', '101']);
// Dissolved solids, surfactants; chromium, nickel, copper, zinc, manganese, iron, silver; nitrogen's and sulphur's salts, cyanide, fluorides, chlorides; oil, phenols.
addCoded('water-pollutant-concentration', 'mg/l', 'kg', [
	...['w01006', 'w19002', 'w20116', 'w20121', 'w20122', 'w20123', 'w20124', 'w20125', 'w20126', 'w21004', 'w21006', 'w21007'],
	...['w21016', 'w21017', 'w21019', 'w21022', 'w21038', 'w22001', 'w23002'],
]);
// Mercury, cadmium, hexavalent chromium, arsenic, lead, beryllium, selenium.
addCoded('water-pollutant-concentration', 'ug/l', 'g', ['w20111', 'w20115', 'w20117', 'w20119', 'w20120', 'w20127', 'w20128']);

/**
 * undefined for codes that are not in the registry, or whose unit the editions, or the standard and the devices, do not agree on: ammonia (a21001), ambient particles (a34001 to
 * a34005), flow of waste gas and pressure by their names of 2005 (B02, S08).
 */
export function factorOf(code: string): Factor | undefined {
	return factors.get(code);
}
