// Adds up the months of the CityLearn 2022 recording straight from its text: the figures that a replay is judged by. Shares nothing with the replay.

import {readFileSync} from 'node:fs';
import {join} from 'node:path';

export type MonthSum = {
	readonly number: number;
	/** `2021-08`; hours count to the month in which they begin. */
	readonly month: string;
	readonly hours: number;
	/** Start of the first hour, end of the last. */
	readonly beginMs: number;
	readonly endMs: number;
	/** Exact sums as decimal texts in kWh. */
	readonly loadKwh: string;
	readonly pvKwh: string;
	/** What meters that round down to whole Wh and were 0 at the start of the recording gain in the month. */
	readonly loadWh: bigint;
	readonly pvWh: bigint;
};

/** Digits behind the point that every number is brought to. */
const places = 40;

/** Reads `12.5`, `3` or `2.7e-06` as a whole number of 10^−40. */
function fixed(text: string): bigint {
	const [mantissa = '', power = '0'] = text.toLowerCase().split('e');
	const [whole = '', fraction = ''] = mantissa.split('.');
	const zeros = places - fraction.length + Number(power);
	if (!/^\d+$/.test(whole + fraction) || !Number.isInteger(zeros) || zeros < 0) throw new Error(`"${text}" is not a number of a meter`);
	return BigInt(whole + fraction + '0'.repeat(zeros));
}

function kwhText(value: bigint): string {
	const digits = value.toString().padStart(places + 1, '0');
	return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '');
}

/** Whole Wh in a number of 10^−40 kWh. */
function wattHours(value: bigint): bigint {
	return value / 10n ** BigInt(places - 3);
}

/** Every month of one building, in the order of the file. */
export function citylearnMonths(folder: string, number: number): MonthSum[] {
	const rows = readFileSync(join(folder, `Building_${number}.csv`), 'utf8')
		.trim()
		.split('\n');
	const names = rows[0]!.trim().split(',');
	const schema = readFileSync(join(folder, 'schema.json'), 'utf8');
	const own = schema.slice(schema.indexOf(`"Building_${number}":`));
	const nominal = fixed(/"pv":[^}]*?"nominal_power":\s*([0-9.]+)/.exec(own)![1]!);

	const months: MonthSum[] = [];
	let load = 0n;
	let pv = 0n;
	let before = {load, pv, hour: 0};
	// Row 1 is the last hour of July 2021.
	let year = 2021;
	let current = 7;
	const close = (hour: number): void => {
		const timeOf = (hours: number): number => Date.UTC(2021, 6, 31, 23 + hours);
		months.push({
			number,
			month: `${year}-${String(current).padStart(2, '0')}`,
			hours: hour - before.hour,
			beginMs: timeOf(before.hour),
			endMs: timeOf(hour),
			loadKwh: kwhText(load - before.load),
			pvKwh: kwhText(pv - before.pv),
			loadWh: wattHours(load) - wattHours(before.load),
			pvWh: wattHours(pv) - wattHours(before.pv),
		});
		before = {load, pv, hour};
	};
	for (let hour = 1; hour < rows.length; hour += 1) {
		const cells = rows[hour]!.trim().split(',');
		const month = Number(cells[names.indexOf('month')]);
		if (month !== current) {
			close(hour - 1);
			if (month < current) year += 1;
			current = month;
		}
		load += fixed(cells[names.indexOf('non_shiftable_load')]!);
		// W per kW of panels for an hour, times kW, are Wh; a thousandth of that are kWh. The division is exact: more than enough zeros were added.
		pv += (fixed(cells[names.indexOf('solar_generation')]!) * nominal) / 10n ** BigInt(places + 3);
	}
	close(rows.length - 1);
	return months;
}
