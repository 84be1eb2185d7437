// Turns the CityLearn 2022 recording (hourly kWh of real homes) into what their meters would have published: cumulative registers.

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {AgentError} from '../agent/base/errors.ts';
import {type Decimal, parseDecimal, scaleDecimal} from '../agent/format/decimal.ts';
import {type Message, printFixed} from './message.ts';

export type CitylearnOptions = {
	/** The folder with schema.json and Building_N.csv. */
	readonly folder: string;
	/** Numbers of the buildings; building 1 is device home-01. @default 1 … 8 */
	readonly homes?: readonly number[];
	/** Hours from the start. @default 745, which is the hour before August 2021 and that month */
	readonly hours?: number;
};

/**
 * The recording has no dates, only month and hour. Its first row is hour 24 of 31 July, the hour that ends at 2021-08-01T00:00Z by convention: so the registers
 * start, at 0, an hour before.
 */
export const citylearnStartMs = Date.UTC(2021, 6, 31, 23);
const hourMs = 3_600_000;
/** The session of every message: replaying the same recording again makes repeats, not conflicts. */
export const citylearnBoot = 'citylearn-2022';

/** Sums are kept in 10^−30 Wh, finer than anything in the files. */
const sumExponent = -30;
const sumUnit = 10n ** 30n;

type Home = {readonly deviceId: string; readonly loadKwh: Decimal[]; readonly pvWPerKw: Decimal[]; readonly nominalKw: Decimal};

/** One message per home and hour, hour by hour; the first of each home says 0. */
export async function* citylearnMessages(options: CitylearnOptions): AsyncGenerator<{readonly message: Message; readonly atMs: number}> {
	const hours = options.hours ?? 745;
	const homes: Home[] = [];
	for (const number of options.homes ?? [1, 2, 3, 4, 5, 6, 7, 8]) homes.push(await readHome(options.folder, number, hours));
	const sums = homes.map(() => ({load: 0n, pv: 0n}));
	for (let hour = 0; hour <= hours; hour += 1) {
		const atMs = citylearnStartMs + hour * hourMs;
		for (const [i, home] of homes.entries()) {
			const sum = sums[i]!;
			if (hour > 0) {
				// kWh are thousands of Wh; W per kW of panels, for an hour, times kW are Wh.
				sum.load += exactly(home.loadKwh[hour - 1]!, 1000n);
				const nominal = home.nominalKw;
				sum.pv += exactly(multiply(home.pvWPerKw[hour - 1]!, nominal), 1n);
			}
			yield {message: meterMessage(home.deviceId, hour + 1, atMs, sum.load / sumUnit, sum.pv / sumUnit), atMs};
		}
	}
}

function meterMessage(deviceId: string, sequence: number, atMs: number, loadWh: bigint, pvWh: bigint): Message {
	const common = {deviceId, exponent: 0, measuredAtMs: atMs};
	return {
		deviceId,
		id: `${citylearnBoot}/${sequence}`,
		topic: `homes/${deviceId}/meter`,
		payload:
			`{"boot":"${citylearnBoot}","seq":${sequence},"at":"${new Date(atMs).toISOString()}"` +
			`,"import_kwh":${printFixed(Number(loadWh), 3)},"pv_kwh":${printFixed(Number(pvWh), 3)}}`,
		readings: [
			{...common, quantityName: 'energy-import', value: loadWh},
			{...common, quantityName: 'energy-generated', value: pvWh},
		],
	};
}

function multiply(a: Decimal, b: Decimal): Decimal {
	return {digits: a.digits * b.digits, exponent: a.exponent + b.exponent};
}

function exactly(decimal: Decimal, factor: bigint): bigint {
	const scaled = scaleDecimal(decimal, sumExponent, factor);
	if (scaled === undefined) throw new AgentError('FORMAT_INVALID', `${decimal.digits}e${decimal.exponent} is finer than 10^${sumExponent}`);
	return scaled;
}

async function readHome(folder: string, number: number, hours: number): Promise<Home> {
	const name = `Building_${number}`;
	const lines = (await readText(join(folder, `${name}.csv`))).split(/\r?\n/);
	const header = lines[0]!.split(',');
	const loadColumn = header.indexOf('non_shiftable_load');
	const pvColumn = header.indexOf('solar_generation');
	if (loadColumn < 0 || pvColumn < 0)
		throw new AgentError('FORMAT_INVALID', `${name}.csv has no columns non_shiftable_load and solar_generation`);
	const loadKwh: Decimal[] = [];
	const pvWPerKw: Decimal[] = [];
	for (let hour = 1; hour <= hours; hour += 1) {
		const cells = lines[hour]?.split(',') ?? [];
		const [load, pv] = [parseDecimal(cells[loadColumn] ?? ''), parseDecimal(cells[pvColumn] ?? '')];
		if (load === undefined || pv === undefined)
			throw new AgentError('FORMAT_INVALID', `${name}.csv: line ${hour + 1} has no load or no sun`);
		loadKwh.push(load);
		pvWPerKw.push(pv);
	}
	const nominalKw = parseDecimal(await nominalPower(folder, name));
	if (nominalKw === undefined) throw new AgentError('FORMAT_INVALID', `schema.json has no nominal_power for ${name}`);
	return {deviceId: `home-${String(number).padStart(2, '0')}`, loadKwh, pvWPerKw, nominalKw};
}

async function nominalPower(folder: string, name: string): Promise<string> {
	const schema = JSON.parse(await readText(join(folder, 'schema.json'))) as {
		buildings?: Record<string, {pv?: {attributes?: {nominal_power?: unknown}}}>;
	};
	// A few kW with at most one decimal: the shortest text of the double is the text in the file.
	return String(schema.buildings?.[name]?.pv?.attributes?.nominal_power);
}

async function readText(path: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (cause) {
		throw new AgentError('DATA_MISSING', `cannot read ${path}`, {
			hint: 'Give the folder that holds schema.json and Building_1.csv.',
			cause,
		});
	}
}
