// Turns a unit as devices and people spell it into the spelling of the registry, where it can mean nothing else.

import type {ChannelSpec} from './decoder.ts';

/** Case matters where a prefix or another unit would differ by it alone: `mW` and `MW` are two, `KWH` can only be one. */
const spellings: ReadonlyMap<string, string> = new Map([
	...alike('Cel', '°C', '℃', 'degC', 'deg C', 'DegC', 'Deg C', 'C', 'Celsius', 'celsius'),
	...alike('degF', '°F', '℉', 'deg F', 'DegF', 'F', 'Fahrenheit', 'fahrenheit'),
	...alike('W', 'w', 'watt', 'watts', 'Watt', 'Watts'),
	...alike('kW', 'KW', 'Kw', 'kw'),
	...alike('Wh', 'WH', 'wh', 'W.h', 'W·h'),
	...alike('kWh', 'KWH', 'KWh', 'Kwh', 'kwh', 'kWhr', 'kW.h', 'kW·h'),
	...alike('MWh', 'MWH', 'MWhr'),
	...alike('var', 'VAR', 'VAr', 'Var'),
	...alike('kvar', 'kVAR', 'kVAr', 'kVar', 'KVAR'),
	...alike('varh', 'VARh', 'VArh', 'VARH'),
	...alike('kvarh', 'kVARh', 'kVArh', 'KVARH'),
	...alike('VA', 'va'),
	...alike('kVA', 'KVA'),
	...alike('V', 'v', 'volt', 'volts', 'Volt', 'Volts'),
	...alike('A', 'a', 'amp', 'amps', 'Amp', 'Amps', 'ampere', 'Ampere'),
	...alike('Hz', 'HZ', 'hz', 'hertz', 'Hertz'),
	...alike('%', 'percent', 'pct', 'Percent', '/100'),
	...alike('%RH', '%rh', '% RH', 'RH%'),
	...alike('hPa', 'hpa', 'HPa'),
	...alike('kPa', 'kpa', 'KPa'),
	...alike('m3', 'm³', 'm^3', 'cbm'),
	...alike('m3/h', 'm³/h', 'm^3/h', 'm3/hr'),
	...alike('l', 'L', 'liter', 'litre', 'liters', 'litres'),
	...alike('lx', 'lux', 'Lux'),
	...alike('ppm', 'PPM'),
]);

function alike(spelling: string, ...others: readonly string[]): (readonly [string, string])[] {
	return others.map(other => [other, spelling] as const);
}

/** The unit as `unitsOf` of the channel's quantity spells it; undefined if it does not measure that. */
export function spelledUnit({scales}: Pick<ChannelSpec, 'scales'>, unit: string): string | undefined {
	if (scales.has(unit)) return unit;
	const other = spellings.get(unit);
	return other !== undefined && scales.has(other) ? other : undefined;
}

/** The common spelling of a unit, whatever it measures. */
export function commonUnit(unit: string): string {
	return spellings.get(unit) ?? unit;
}
