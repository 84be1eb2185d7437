// Turns numbers and times, as accounts have them, into text for people: exact to the last digit, in the unit that the name of the number ends in.

import {decimalText, parseDecimal, withoutZeros} from '../format/decimal.ts';
import type {CoverLanguage} from './document.ts';

/** What a number under such a name is shown in. */
type Unit = {
	readonly suffix: string;
	/** The unit shown is 10^power of the unit in the name. */
	readonly power: number;
	readonly unit: string;
	/** From this many of the unit shown on, another unit that is 10^3 as large. */
	readonly larger?: string;
};

/** The longest suffix that fits counts, so longer ones stand in front. */
const units: readonly Unit[] = [
	{suffix: 'MgCo2ePerKwh', power: 3, unit: 'g CO2e/kWh'},
	{suffix: 'MgCo2e', power: 6, unit: 'kg CO2e', larger: 't CO2e'},
	{suffix: 'MgCo2', power: 6, unit: 'kg CO2', larger: 't CO2'},
	{suffix: 'GCo2e', power: 3, unit: 'kg CO2e', larger: 't CO2e'},
	{suffix: 'JPerMol', power: 0, unit: 'J/mol'},
	{suffix: 'MicroPerKwh', power: 6, unit: '/kWh'},
	{suffix: 'MilliPercent', power: 3, unit: '%'},
	{suffix: 'MilliCMinutes', power: 3, unit: '°C·min'},
	{suffix: 'MilliC', power: 3, unit: '°C'},
	{suffix: 'MilliK', power: 3, unit: 'K'},
	{suffix: 'MicroWh', power: 9, unit: 'kWh'},
	{suffix: 'MilliWh', power: 6, unit: 'kWh'},
	{suffix: 'Minutes', power: 0, unit: 'min'},
	{suffix: 'Seconds', power: 0, unit: 's'},
	{suffix: 'Hours', power: 0, unit: 'h'},
	{suffix: 'Days', power: 0, unit: 'd'},
	{suffix: 'Litres', power: 0, unit: 'l'},
	{suffix: 'Bytes', power: 0, unit: 'B'},
	{suffix: 'Grams', power: 3, unit: 'kg'},
	{suffix: 'Percent', power: 0, unit: '%'},
	{suffix: 'Kwh', power: 0, unit: 'kWh'},
	{suffix: 'Kg', power: 0, unit: 'kg'},
	{suffix: 'Wh', power: 3, unit: 'kWh', larger: 'MWh'},
	{suffix: 'Mg', power: 6, unit: 'kg', larger: 't'},
	{suffix: 'Pa', power: 0, unit: 'Pa'},
	{suffix: 'W', power: 0, unit: 'W'},
];

/** Names that are units without anything in front: `mg` and the like. */
const bareUnits: Readonly<Record<string, string>> = {
	mgCo2e: 'MgCo2e',
	mg: 'Mg',
	milliC: 'MilliC',
	wh: 'Wh',
	minutes: 'Minutes',
	milliPercent: 'MilliPercent',
};

export type Measure = {
	/** The name without its unit. */
	readonly stem: string;
	/** undefined: a plain number, or no number at all. */
	readonly unit: Unit | undefined;
	/** Whether it is a time, or how long something took. */
	readonly isMs: boolean;
};

/** What a name says of the number under it. */
export function measureOf(name: string): Measure {
	const bare = Object.hasOwn(bareUnits, name) ? bareUnits[name] : undefined;
	if (bare !== undefined) return {stem: '', unit: units.find(({suffix}) => suffix === bare), isMs: false};
	if (name === 'ms') return {stem: '', unit: undefined, isMs: true};
	if (/[a-z0-9]Ms$/.test(name))
		return {stem: name.replace(/(?:At)?Ms$/, match => (match === 'AtMs' ? 'At' : '')), unit: undefined, isMs: true};
	const unit = units.find(({suffix}) => name.endsWith(suffix) && /[a-z0-9]$/.test(name.slice(0, -suffix.length)));
	return {stem: unit === undefined ? name : name.slice(0, -unit.suffix.length), unit, isMs: false};
}

const dateMsMax = 8_640_000_000_000_000;

/** `2026-03-01 06:30 UTC`; with seconds and ms where there are any. What is no date is the number that it is. */
export function timeText(timeMs: number): string {
	if (!Number.isFinite(timeMs) || Math.abs(timeMs) > dateMsMax) return `${timeMs} ms`;
	const text = new Date(timeMs).toISOString();
	return `${text.slice(0, 10)} ${text.slice(11, timeMs % 60_000 === 0 ? 16 : timeMs % 1000 === 0 ? 19 : 23)} UTC`;
}

/** `2 h 05 min 07 s`, without what is zero at the ends; every ms of it. */
export function durationText(durationMs: number, language: CoverLanguage): string {
	const names = language === 'en' ? [' d', ' h', ' min', ' s'] : [' 天', ' 小时', ' 分钟', ' 秒'];
	const sign = durationMs < 0 ? '-' : '';
	const whole = Math.abs(durationMs);
	const parts = [Math.floor(whole / 86_400_000), Math.floor(whole / 3_600_000) % 24, Math.floor(whole / 60_000) % 60].map(String);
	const seconds = whole % 60_000;
	parts.push(seconds % 1000 === 0 ? String(seconds / 1000) : `${Math.floor(seconds / 1000)}.${String(seconds % 1000).padStart(3, '0')}`);
	const shown = parts.flatMap((part, i) => (part === '0' ? [] : [`${part}${names[i]}`]));
	return shown.length === 0 ? `0${names[3]}` : `${sign}${shown.join(' ')}`;
}

/** Groups of three digits in front of the point, which is how people read long numbers in both languages. */
export function groupedText(decimal: string): string {
	const [whole = '', fraction] = decimal.split('.');
	const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
	return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Without zeros at the end of its fraction: the value is the same. */

/** Before 1973 nobody logged anything: what is smaller is no time but how long something took. */
const timeMsMin = 100_000_000_000;

/** The unit that a number is shown in, or the one a thousand times as large that some have. */
export type Scale = 'small' | 'large';

/** Whether people would rather read it in the larger unit. */
export function scaleOf(name: string, value: number | string): Scale {
	const {unit} = measureOf(name);
	const decimal = unit?.larger === undefined ? undefined : parseDecimal(String(value));
	if (unit === undefined || decimal === undefined) return 'small';
	const {digits, exponent} = decimal;
	const magnitude = (digits < 0n ? -digits : digits) * 10n ** BigInt(Math.max(0, exponent));
	return magnitude >= 10n ** BigInt(unit.power + 3 - Math.min(0, exponent)) ? 'large' : 'small';
}

/** A number and its unit; undefined if the value is no number. Numbers may come as decimal text, as those beyond 2^53 do. */
export function figureOf(
	name: string,
	value: number | string,
	language: CoverLanguage,
	scale: Scale = scaleOf(name, value),
): {readonly text: string; readonly unit: string | undefined} | undefined {
	const {unit, isMs} = measureOf(name);
	// A text of digits is a number only where its name says that it is one: an id may look like one.
	if (typeof value === 'string' && unit === undefined && !isMs) return undefined;
	const decimal = parseDecimal(String(value));
	if (decimal === undefined) return undefined;
	if (isMs) {
		const ms = Number(value);
		if (!Number.isSafeInteger(ms)) return {text: `${groupedText(String(value))} ms`, unit: undefined};
		return {text: Math.abs(ms) >= timeMsMin ? timeText(ms) : durationText(ms, language), unit: undefined};
	}
	const {digits, exponent} = decimal;
	if (unit === undefined) return {text: groupedText(withoutZeros(decimalText(digits, exponent))), unit: undefined};
	const isLarge = unit.larger !== undefined && scale === 'large';
	return {
		text: groupedText(withoutZeros(decimalText(digits, exponent - unit.power - (isLarge ? 3 : 0)))),
		unit: isLarge ? unit.larger : unit.unit,
	};
}

/** The same in one text. */
export function figureText(name: string, value: number | string, language: CoverLanguage): string | undefined {
	const figure = figureOf(name, value, language);
	return figure && (figure.unit === undefined ? figure.text : `${figure.text} ${figure.unit}`);
}
