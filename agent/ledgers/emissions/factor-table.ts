// Factors that come with the program: published numbers with who published them, to be stated by whoever takes them as their own.

import type {StatementBody} from '../../format/statement.ts';
import {factorBodyOf, type PrintedFactor} from './factor-body.ts';
import type {Checked} from './read-body.ts';

/** A factor of the table. Which days it holds for is for the site to say, except where it was published for a year. */
export type TableFactor = Omit<PrintedFactor, 'validFrom' | 'validTo' | 'supersedes'> & {
	readonly id: string;
	readonly name: string;
	/** Days that it was published for. */
	readonly validFrom?: string | undefined;
	readonly validTo?: string | undefined;
};

const gwpSource = 'IPCC, 100-year global warming potentials, as collected in openclimatedata/globalwarmingpotentials (CC0 1.0)';

/** Gas, then kg CO2e for one kg by the Fifth and by the Sixth Assessment Report. Methane by AR6 is the mean of fossil (29.8) and not fossil (27.0): who knows which states that one. */
const potentials: readonly (readonly [gas: string, ar5: string, ar6: string])[] = [
	['CH4', '28', '27.9'],
	['N2O', '265', '273'],
	['HFC23', '12400', '14600'],
	['HFC32', '677', '771'],
	['HFC125', '3170', '3740'],
	['HFC134a', '1300', '1530'],
	['HFC143a', '4800', '5810'],
	['HFC152a', '138', '164'],
	['HFC227ea', '3350', '3600'],
	['HFC236fa', '8060', '8690'],
	['HFC245fa', '858', '962'],
	['HCFC22', '1760', '1960'],
	['CF4', '6630', '7380'],
	['C2F6', '11100', '12400'],
	['SF6', '23500', '25200'],
	['NF3', '16100', '17400'],
];

/** Blends by the mass of what is in them [ASHRAE 34], in percent. */
const blends: readonly (readonly [name: string, parts: Readonly<Record<string, number>>])[] = [
	['R404A', {HFC125: 44, HFC143a: 52, HFC134a: 4}],
	['R407C', {HFC32: 23, HFC125: 25, HFC134a: 52}],
	['R410A', {HFC32: 50, HFC125: 50}],
	['R507A', {HFC125: 50, HFC143a: 50}],
];

const emberSource =
	'Ember, average carbon intensity of electricity (CC BY-SA 4.0), as packed by The Green Web Foundation in @tgwf/co2 0.19.0 (Apache-2.0)';

/** ISO 3166-1 alpha-3 code, or EU or WORLD, then g CO2e for one kWh. */
const grids: readonly (readonly [region: string, gPerKwh: string])[] = [
	['AUS', '553.76'],
	['AUT', '102.62'],
	['BEL', '117.58'],
	['BRA', '106.06'],
	['CAN', '184.99'],
	['CHE', '36.72'],
	['CZE', '413.86'],
	['DEU', '342.06'],
	['DNK', '143.3'],
	['ESP', '146.15'],
	['EU', '213.02'],
	['FIN', '72.25'],
	['FRA', '44.18'],
	['GBR', '215.79'],
	['GRC', '319.76'],
	['IDN', '682.43'],
	['IND', '708.96'],
	['IRL', '279.79'],
	['ITA', '287.75'],
	['JPN', '483.73'],
	['KOR', '415.65'],
	['MEX', '483.14'],
	['MYS', '604.43'],
	['NLD', '252.7'],
	['NOR', '30.75'],
	['NZL', '120.11'],
	['PHL', '613.38'],
	['POL', '614.98'],
	['PRT', '111.8'],
	['SGP', '498.74'],
	['SWE', '35.89'],
	['THA', '555.43'],
	['TUR', '469.7'],
	['TWN', '635.15'],
	['USA', '383.55'],
	['VNM', '486.13'],
	['ZAF', '713.9'],
	['WORLD', '472.94'],
];

const chinaSource =
	'Ministry of Ecology and Environment and National Bureau of Statistics of China, carbon dioxide emission factors of electric power 2023';

/** What of China's grid, then kg CO2 for one kWh in 2023. */
const chinaGrids: readonly (readonly [id: string, name: string, kgPerKwh: string])[] = [
	['national', 'national average', '0.5306'],
	['residual', 'national, without non-fossil power that was traded on the market', '0.6096'],
	['fossil', 'national, fossil power', '0.8273'],
	['north', 'North', '0.6361'],
	['northeast', 'Northeast', '0.5122'],
	['east', 'East', '0.5500'],
	['central', 'Central', '0.5271'],
	['northwest', 'Northwest', '0.5543'],
	['south', 'South', '0.4042'],
	['southwest', 'Southwest', '0.2472'],
];

const fuelSource =
	'IPCC 2006 Guidelines for National Greenhouse Gas Inventories, volume 2, chapter 2, table 2.2: default factors, net calorific value';

/** Fuel, then g CO2 for one MJ of net calorific value. */
const fuels: readonly (readonly [id: string, name: string, gPerMj: string])[] = [
	['natural-gas', 'natural gas', '56.1'],
	['lpg', 'liquefied petroleum gases', '63.1'],
	['diesel', 'gas and diesel oil', '74.1'],
	['bituminous-coal', 'other bituminous coal', '94.6'],
];

/** kg CO2e for one kg of a blend: exact, because parts are whole percents. */
function blendOf(parts: Readonly<Record<string, number>>, set: 1 | 2): string {
	let hundredths = 0;
	for (const [gas, percent] of Object.entries(parts)) {
		const found = potentials.find(([name]) => name === gas)!;
		// Potentials of what is in blends are whole numbers.
		hundredths += Number(found[set]) * percent;
	}
	return `${Math.floor(hundredths / 100)}.${`${hundredths % 100}`.padStart(2, '0')}`;
}

const sets = [
	[1, 'AR5GWP100'],
	[2, 'AR6GWP100'],
] as const;

export const factorTable: readonly TableFactor[] = [
	...sets.flatMap(([set, gwp]) => [
		...potentials.map(
			(row): TableFactor => ({
				id: `${gwp.slice(0, 3).toLowerCase()}-${row[0].toLowerCase()}`,
				name: `${row[0]} by ${gwp}`,
				value: row[set],
				mass: 'kg',
				per: 'kg',
				gases: row[0],
				gwp,
				source: gwpSource,
			}),
		),
		...blends.map(
			([name, parts]): TableFactor => ({
				id: `${gwp.slice(0, 3).toLowerCase()}-${name.toLowerCase()}`,
				name: `${name} by ${gwp}`,
				value: blendOf(parts, set),
				mass: 'kg',
				per: 'kg',
				gases: Object.entries(parts)
					.map(([gas, percent]) => `${percent} % ${gas}`)
					.join(' + '),
				gwp,
				source: `${gwpSource}; masses of the blend by ASHRAE 34`,
			}),
		),
	]),
	...grids.map(
		([region, value]): TableFactor => ({
			id: `grid-${region.toLowerCase()}`,
			name: `electricity, ${region}, average`,
			value,
			mass: 'g',
			per: 'kWh',
			region,
			source: emberSource,
		}),
	),
	...chinaGrids.map(
		([id, name, value]): TableFactor => ({
			id: `grid-chn-${id}-2023`,
			name: `electricity, China, ${name}, 2023`,
			value,
			mass: 'kg',
			per: 'kWh',
			region: 'CHN',
			gases: 'CO2',
			source: chinaSource,
			validFrom: '2023-01-01',
			validTo: '2023-12-31',
		}),
	),
	...fuels.map(
		([id, name, value]): TableFactor => ({id: `fuel-${id}`, name, value, mass: 'g', per: 'MJ', gases: 'CO2', source: fuelSource}),
	),
];

const byId = new Map(factorTable.map(factor => [factor.id, factor]));

/** The body of a statement for a factor of the table. Days that are not said are those that it was published for. */
export function tableFactorBody(
	id: string,
	days: {readonly validFrom?: string | undefined; readonly validTo?: string | undefined; readonly supersedes?: number | undefined} = {},
): Checked<StatementBody> {
	const factor = byId.get(id);
	if (factor === undefined) return {problem: `the table has no factor "${id}"`};
	const {id: _, validFrom, validTo, ...printed} = factor;
	// Days that are said take the place of those of the table, both of them.
	const held =
		days.validFrom === undefined ? {validFrom, validTo: days.validTo ?? validTo} : {validFrom: days.validFrom, validTo: days.validTo};
	if (held.validFrom === undefined) return {problem: `factor "${id}": say from which day it holds`};
	return factorBodyOf({...printed, ...held, validFrom: held.validFrom, supersedes: days.supersedes});
}
