// Says which limits hold for goods, how long they may be left, and how often must be measured: a profile, whole, as a shipment states it.

import type {Json} from '../../format/document.ts';

/**
 * An alarm: it goes off when the time beyond its limit is full. `single`: without a break; `cumulative`: all together. 0 minutes: at the first reading beyond.
 */
export type Alarm = {
	readonly of: 'temperature' | 'humidity';
	readonly side: 'above' | 'below';
	/** m°C, or thousandths of a per cent. */
	readonly limit: number;
	/** The limit itself counts as beyond it. */
	readonly inclusive?: true | undefined;
	readonly minutes: number;
	readonly kind: 'single' | 'cumulative';
	readonly source: string;
};

/** What is inside: the limits themselves are. A side that is left out has no limit. */
export type Limits = {readonly low?: number | undefined; readonly high?: number | undefined};

export type Profile = {
	readonly id: string;
	readonly name: string;
	/** Standard or text that says so. */
	readonly source: string;
	/** m°C */
	readonly temperature: Limits;
	/** Thousandths of a per cent of relative humidity. */
	readonly humidity?: Limits | undefined;
	/** Minutes without a break outside the limits from which on it is an excursion; 0: the first reading outside. Left out: readings outside are marked, and only alarms decide. */
	readonly toleratedMinutes?: number | undefined;
	readonly alarms: readonly Alarm[];
	/** A longer time without a usable reading is a gap. */
	readonly gapMaxMs: number;
	/** The same while readings are outside the limits, where more often must be measured. */
	readonly gapMaxOutsideMs?: number | undefined;
	/** Goods that are frozen: of these a mean kinetic temperature means nothing. */
	readonly frozen?: true | undefined;
	/** Mean kinetic temperature; left out: none is computed. */
	readonly mkt?: {readonly maxMilliC?: number | undefined; readonly activationJPerMol: number; readonly source: string} | undefined;
	/** The error that an instrument may have, where the source says one: for who reads the calibration. */
	readonly errorMaxMilliC?: number | undefined;
	readonly errorMaxHumidity?: number | undefined;
};

export const alarmsMax = 16;
export const minutesMax = 1_000_000;
const milliCMin = -273_150;
const milliCMax = 1_000_000;
const humidityMax = 100_000;
const gapMsMax = 30 * 86_400_000;

const minuteMs = 60_000;
const hours = (count: number): number => count * 60;

const usp = 'USP <659>, <1079.2>';
const gsp = 'GSP annex 3 (药品经营质量管理规范 附录3 温湿度自动监测)';
const pqs = 'WHO PQS E006';
const mkt = {activationJPerMol: 83_144, source: 'USP <1079.2>'} as const;

/**
 * What is built in. Where the source leaves a figure open ours stands there and a shipment may state another: the profile that holds is written out whole in the shipment's statement,
 * so nobody who checks needs this table.
 */
export const profiles: readonly Profile[] = [
	{
		id: 'cold-2-8',
		name: 'Medicine, 2 to 8 °C',
		source: 'EU GDP 2013/C 343/01 chapter 9; USP <659> cold',
		temperature: {low: 2000, high: 8000},
		toleratedMinutes: 0,
		alarms: [],
		gapMaxMs: 15 * minuteMs,
		mkt: {...mkt, maxMilliC: 8000},
	},
	{
		id: 'frozen-20',
		name: 'Frozen medicine, −25 to −15 °C',
		source: 'USP <659> freezer: −25 to −10 °C, here around −20 °C as labels ask',
		temperature: {low: -25_000, high: -15_000},
		toleratedMinutes: 0,
		alarms: [],
		gapMaxMs: 15 * minuteMs,
		frozen: true,
	},
	{
		id: 'ultra-low-70',
		name: 'Ultra low, −90 to −60 °C',
		source: 'labels of ultra-low vaccines; Fridge-tag Ultra Low as delivered (60 minutes)',
		temperature: {low: -90_000, high: -60_000},
		alarms: [
			{of: 'temperature', side: 'below', limit: -90_000, minutes: 60, kind: 'single', source: 'Fridge-tag Ultra Low as delivered'},
			{of: 'temperature', side: 'above', limit: -60_000, minutes: 60, kind: 'single', source: 'Fridge-tag Ultra Low as delivered'},
		],
		gapMaxMs: 15 * minuteMs,
		frozen: true,
	},
	{
		id: 'room-15-25',
		name: 'Room temperature, 15 to 25 °C',
		source: 'labels; EU GDP 2013/C 343/01 chapter 9',
		temperature: {low: 15_000, high: 25_000},
		toleratedMinutes: 0,
		alarms: [],
		gapMaxMs: 30 * minuteMs,
		mkt: {...mkt, maxMilliC: 25_000},
	},
	{
		id: 'controlled-room',
		name: 'Controlled room temperature, 20 to 25 °C, excursions 15 to 30 °C',
		source: usp,
		temperature: {low: 20_000, high: 25_000},
		alarms: [
			{of: 'temperature', side: 'below', limit: 15_000, minutes: 0, kind: 'single', source: usp},
			{of: 'temperature', side: 'above', limit: 30_000, minutes: hours(24), kind: 'single', source: usp},
			{of: 'temperature', side: 'above', limit: 40_000, minutes: 0, kind: 'single', source: usp},
		],
		gapMaxMs: 30 * minuteMs,
		mkt: {...mkt, maxMilliC: 25_000},
	},
	{
		id: 'gsp-transport-2-8',
		name: '药品冷链运输 2–8 ℃',
		source: gsp,
		temperature: {low: 2000, high: 8000},
		toleratedMinutes: 0,
		alarms: [],
		gapMaxMs: 5 * minuteMs,
		gapMaxOutsideMs: 2 * minuteMs,
		errorMaxMilliC: 500,
		errorMaxHumidity: 5000,
	},
	{
		id: 'gsp-transport-2-10',
		name: '药品冷藏运输 2–10 ℃',
		source: gsp,
		temperature: {low: 2000, high: 10_000},
		toleratedMinutes: 0,
		alarms: [],
		gapMaxMs: 5 * minuteMs,
		gapMaxOutsideMs: 2 * minuteMs,
		errorMaxMilliC: 500,
		errorMaxHumidity: 5000,
	},
	{
		id: 'gsp-storage-2-10',
		name: '药品冷库 2–10 ℃',
		source: gsp,
		temperature: {low: 2000, high: 10_000},
		humidity: {low: 35_000, high: 75_000},
		toleratedMinutes: 0,
		alarms: [],
		gapMaxMs: 30 * minuteMs,
		gapMaxOutsideMs: 2 * minuteMs,
		errorMaxMilliC: 500,
		errorMaxHumidity: 5000,
	},
	{
		id: 'quick-frozen-18',
		name: 'Quick-frozen food, −18 °C',
		source: 'Directive 89/108/EEC article 5 (−18 °C, brief rises to −15 °C in transport); Regulation (EC) 37/2005 (recording)',
		temperature: {high: -18_000},
		alarms: [{of: 'temperature', side: 'above', limit: -15_000, minutes: 0, kind: 'single', source: 'Directive 89/108/EEC article 5'}],
		gapMaxMs: 30 * minuteMs,
		frozen: true,
	},
	{
		id: 'who-pqs-e006',
		name: 'Vaccine refrigerator, alarms of 30-day loggers',
		source: pqs,
		temperature: {low: 2000, high: 8000},
		alarms: [
			{of: 'temperature', side: 'above', limit: 8000, minutes: hours(10), kind: 'single', source: pqs},
			{of: 'temperature', side: 'below', limit: -500, inclusive: true, minutes: 60, kind: 'single', source: pqs},
		],
		gapMaxMs: 10 * minuteMs,
		mkt: {...mkt},
	},
];

export function profileOf(id: string): Profile | undefined {
	return profiles.find(one => one.id === id);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, lengthMax: number): value is string =>
	typeof value === 'string' && value !== '' && value.length <= lengthMax;
const isWhole = (value: unknown, min: number, max: number): value is number =>
	Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;

const profileKeys = [
	'id',
	'name',
	'source',
	'temperature',
	'humidity',
	'toleratedMinutes',
	'alarms',
	'gapMaxMs',
	'gapMaxOutsideMs',
	'frozen',
	'mkt',
	'errorMaxMilliC',
	'errorMaxHumidity',
];

/** Why this is no profile, as a sentence; undefined if it is one. */
export function profileProblem(value: Json | undefined): string | undefined {
	if (!isRecord(value)) return 'the profile is not there: a shipment states the limits that hold, whole';
	const unknown = Object.keys(value).find(key => !profileKeys.includes(key));
	if (unknown !== undefined) return `the profile has "${unknown}", which is not known here`;
	const {id, name, source, temperature, humidity, toleratedMinutes, alarms, gapMaxMs, gapMaxOutsideMs, frozen} = value;
	if (!isText(id, 64) || !isText(name, 200) || !isText(source, 400)) return 'the profile needs id, name and source';
	if (!isRecord(temperature)) return 'the profile has no limits of temperature';
	const limitsWrong =
		limitsProblem(temperature, 'temperature', milliCMin, milliCMax) ??
		(humidity === undefined ? undefined : limitsProblem(humidity, 'humidity', 0, humidityMax));
	if (limitsWrong !== undefined) return limitsWrong;
	if (toleratedMinutes !== undefined && !isWhole(toleratedMinutes, 0, minutesMax))
		return `toleratedMinutes is not a whole number from 0 to ${minutesMax}`;
	if (!Array.isArray(alarms) || alarms.length > alarmsMax) return `alarms is not a list of at most ${alarmsMax}`;
	for (const [i, alarm] of alarms.entries()) {
		const wrong = alarmProblem(alarm);
		if (wrong !== undefined) return `alarm ${i + 1}: ${wrong}`;
	}
	if (toleratedMinutes === undefined && alarms.length === 0)
		return 'neither toleratedMinutes nor an alarm: nothing in the profile could ever be an excursion';
	if (!isWhole(gapMaxMs, 1000, gapMsMax)) return `gapMaxMs is not from 1,000 to ${gapMsMax}: how long may nobody have measured?`;
	if (gapMaxOutsideMs !== undefined && !isWhole(gapMaxOutsideMs, 1000, gapMaxMs)) return 'gapMaxOutsideMs is not from 1,000 to gapMaxMs';
	if (frozen !== undefined && frozen !== true) return 'frozen is true or not there';
	for (const key of ['errorMaxMilliC', 'errorMaxHumidity'])
		if (value[key] !== undefined && !isWhole(value[key], 0, humidityMax)) return `${key} is no whole number`;
	return value.mkt === undefined ? undefined : mktProblem(value.mkt, frozen === true, temperature.high);
}

function limitsProblem(limits: unknown, what: string, min: number, max: number): string | undefined {
	if (!isRecord(limits) || Object.keys(limits).some(key => key !== 'low' && key !== 'high'))
		return `the limits of ${what} are low and high, and nothing else`;
	const {low, high} = limits;
	for (const limit of [low, high])
		if (limit !== undefined && !isWhole(limit, min, max)) return `a limit of ${what} is not a whole number from ${min} to ${max}`;
	if (low === undefined && high === undefined) return `${what} has neither a low nor a high limit`;
	return low !== undefined && high !== undefined && (low as number) > (high as number)
		? `the low limit of ${what} is above the high one`
		: undefined;
}

function alarmProblem(alarm: unknown): string | undefined {
	if (!isRecord(alarm)) return 'it is no object';
	const {of, side, limit, inclusive, minutes, kind, source} = alarm;
	if (Object.keys(alarm).some(key => !['of', 'side', 'limit', 'inclusive', 'minutes', 'kind', 'source'].includes(key)))
		return 'it has of, side, limit, inclusive, minutes, kind and source, and nothing else';
	if (of !== 'temperature' && of !== 'humidity') return 'it is of temperature or humidity';
	if (side !== 'above' && side !== 'below') return 'its side is above or below';
	if (kind !== 'single' && kind !== 'cumulative') return 'its kind is single or cumulative';
	const isFit = of === 'temperature' ? isWhole(limit, milliCMin, milliCMax) : isWhole(limit, 0, humidityMax);
	if (!isFit) return 'its limit is no whole number of thousandths';
	if (inclusive !== undefined && inclusive !== true) return 'inclusive is true or not there';
	if (!isWhole(minutes, 0, minutesMax)) return `its minutes are not from 0 to ${minutesMax}`;
	return isText(source, 400) ? undefined : 'it names no source';
}

function mktProblem(value: unknown, isFrozen: boolean, high: unknown): string | undefined {
	if (!isRecord(value) || Object.keys(value).some(key => !['maxMilliC', 'activationJPerMol', 'source'].includes(key)))
		return 'mkt has maxMilliC, activationJPerMol and source, and nothing else';
	// What does not react while it is frozen has no kinetic mean, and what thawed is not made good by one [USP <1079.2>].
	if (isFrozen || (typeof high === 'number' && high <= 0)) return 'a mean kinetic temperature of frozen goods means nothing: leave mkt out';
	if (value.maxMilliC !== undefined && !isWhole(value.maxMilliC, milliCMin, milliCMax)) return 'maxMilliC of mkt is no whole number';
	if (!isWhole(value.activationJPerMol, 1000, 1_000_000)) return 'activationJPerMol of mkt is not from 1,000 to 1,000,000';
	return isText(value.source, 400) ? undefined : 'mkt names no source';
}

/** The alarms that decide, tolerated minutes among them, in the order in which answers list them. */
export function decidingAlarms({temperature, humidity, toleratedMinutes, alarms, source}: Profile): Alarm[] {
	const found: Alarm[] = [...alarms];
	if (toleratedMinutes === undefined) return found;
	const add = (of: Alarm['of'], side: Alarm['side'], limit: number | undefined): void => {
		if (limit !== undefined) found.push({of, side, limit, minutes: toleratedMinutes, kind: 'single', source});
	};
	add('temperature', 'below', temperature.low);
	add('temperature', 'above', temperature.high);
	add('humidity', 'below', humidity?.low);
	add('humidity', 'above', humidity?.high);
	return found;
}
