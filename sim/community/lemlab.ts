// Turns the lemlab recording (15 homes, quarter-hours of mean power, one shape of sun) into the energy of each home and slot.

import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {AgentError} from '../../agent/base/errors.ts';
import {type Decimal, parseDecimal, scaleDecimal} from '../../agent/format/decimal.ts';
import {slotS} from './plan.ts';

export type RecordedHome = {
	readonly id: string;
	/** Whole Wh a slot: what a register that rounds down gains. */
	readonly loadWh: readonly number[];
	/** As if the home's panels made, over the whole recording, as much as the home uses. */
	readonly pvWh: readonly number[];
};

export type Recording = {readonly slotFrom: number; readonly slotCount: number; readonly homes: readonly RecordedHome[]};

/** Powers are kept in 10^−24 W, finer than anything in the files. */
const powerExponent = -24;
const powerUnit = 10n ** 24n;
/** A year of slots; 1,000 homes. */
const slotsMax = 36_000;
const homesMax = 1000;
const slotsPerHour = 4n;

/** Homes in the order of their file names. Fails with DATA_MISSING or FORMAT_INVALID. */
export async function readLemlab(folder: string): Promise<Recording> {
	const households = join(folder, 'prosumers', 'hh');
	const names = (await namesIn(households)).filter(name => /^hh_\w+\.csv$/.test(name)).sort();
	if (names.length === 0 || names.length > homesMax)
		throw new AgentError('DATA_MISSING', `${households} holds ${names.length} files hh_*.csv, not 1 to ${homesMax}`);
	const sun = await readPowers(join(folder, 'prosumers', 'pv', 'pv_1_pu.csv'));
	const sunTotal = sum(sun.powers);
	if (sunTotal === 0n) throw new AgentError('FORMAT_INVALID', 'pv_1_pu.csv has no sun in it');
	const homes: RecordedHome[] = [];
	for (const [i, name] of names.entries()) {
		const load = await readPowers(join(households, name));
		if (load.slotFrom !== sun.slotFrom || load.powers.length !== sun.powers.length)
			throw new AgentError('FORMAT_INVALID', `${name} does not cover the same slots as pv_1_pu.csv`);
		const id = `home-${String(i + 1).padStart(2, '0')}`;
		homes.push({id, loadWh: gains(load.powers, 1n, powerUnit), pvWh: gains(sun.powers, sum(load.powers), sunTotal * powerUnit)});
	}
	return {slotFrom: sun.slotFrom, slotCount: sun.powers.length, homes};
}

/** What a register that sums power·numerator/denominator over quarter-hours gains in each, rounded down to whole Wh before it is subtracted. */
function gains(powers: readonly bigint[], numerator: bigint, denominator: bigint): number[] {
	let total = 0n;
	let before = 0n;
	return powers.map(power => {
		total += power;
		const registerWh = (total * numerator) / (denominator * slotsPerHour);
		const gained = Number(registerWh - before);
		before = registerWh;
		return gained;
	});
}

function sum(values: readonly bigint[]): bigint {
	return values.reduce((total, value) => total + value, 0n);
}

async function namesIn(folder: string): Promise<string[]> {
	try {
		return await readdir(folder);
	} catch (cause) {
		throw new AgentError('DATA_MISSING', `cannot read ${folder}`, {
			hint: 'Give the folder that holds prosumers/hh and prosumers/pv, as the lemlab recording has them',
			cause,
		});
	}
}

/** Columns `timestamp` in seconds since 1970, one slot apart without a gap, and `power`. */
async function readPowers(path: string): Promise<{readonly slotFrom: number; readonly powers: readonly bigint[]}> {
	const invalid = (line: number, what: string): AgentError => new AgentError('FORMAT_INVALID', `${path}: line ${line} ${what}`);
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (cause) {
		throw new AgentError('DATA_MISSING', `cannot read ${path}`, {cause});
	}
	const [header = '', ...lines] = text.trimEnd().split(/\r?\n/);
	const columns = header.split(',');
	const [timeAt, powerAt] = [columns.indexOf('timestamp'), columns.indexOf('power')];
	if (timeAt < 0 || powerAt < 0) throw invalid(1, 'names no columns timestamp and power');
	if (lines.length === 0 || lines.length > slotsMax) throw invalid(1, `is followed by ${lines.length} lines, not 1 to ${slotsMax}`);
	let slotFrom = 0;
	const powers = lines.map((line, i) => {
		const cells = line.split(',');
		const time = parseDecimal(cells[timeAt] ?? '');
		const seconds = time === undefined ? undefined : scaleDecimal(time, 0);
		if (seconds === undefined || seconds % BigInt(slotS) !== 0n) throw invalid(i + 2, 'has no time at the start of a quarter-hour');
		const slot = Number(seconds / BigInt(slotS));
		if (i === 0) slotFrom = slot;
		if (slot !== slotFrom + i) throw invalid(i + 2, 'is not one slot after the line before it');
		return powerOf(parseDecimal(cells[powerAt] ?? '')) ?? fail(invalid(i + 2, 'has no power of 0 or more'));
	});
	return {slotFrom, powers};
}

function powerOf(decimal: Decimal | undefined): bigint | undefined {
	const power = decimal === undefined ? undefined : scaleDecimal(decimal, powerExponent);
	return power === undefined || power < 0n ? undefined : power;
}

function fail(error: AgentError): never {
	throw error;
}
