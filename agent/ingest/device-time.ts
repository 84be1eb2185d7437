// Turns the time that a device printed into ms since 1970.

import {parseDecimal, scaleShort} from '../format/decimal.ts';
import {JsonNumber, type JsonValue} from './json.ts';

/** iso: RFC 3339 with a zone. unix-s, unix-ms: a number, since 1970. */
export type TimeFormat = 'iso' | 'unix-s' | 'unix-ms';

export const timeFormats: readonly TimeFormat[] = ['iso', 'unix-s', 'unix-ms'];

/** The time in ms, fractions of a ms cut off; undefined if the value is not a time in this format. */
export function parseDeviceTime(value: JsonValue | undefined, format: TimeFormat): number | undefined {
	if (format === 'iso') return typeof value === 'string' ? parseIsoTime(value) : undefined;
	const shift = format === 'unix-s' ? 3 : 0;
	if (value instanceof JsonNumber) return scaleShort(value.digits, value.exponent + shift, 1, 1) ?? parseUnixTime(value.text, shift);
	return typeof value === 'string' ? parseUnixTime(value, shift) : undefined;
}

/** A decimal text of seconds (shift 3) or ms (shift 0) to whole ms, rounded down. */
export function parseUnixTime(text: string, shift: 0 | 3): number | undefined {
	const decimal = parseDecimal(text);
	if (decimal === undefined) return undefined;
	return floorToNumber(decimal.digits, decimal.exponent + shift);
}

/** ⌊digits·10^exponent⌋, if it is a safe integer. */
export function floorToNumber(digits: bigint, exponent: number): number | undefined {
	if (digits === 0n) return 0;
	if (exponent > 20) return undefined;
	let whole = digits;
	if (exponent > 0) whole *= 10n ** BigInt(exponent);
	else if (exponent < 0) {
		// Below this nothing is left of 64 digits.
		const divisor = 10n ** BigInt(Math.min(-exponent, 70));
		whole = digits >= 0n ? digits / divisor : -((-digits + divisor - 1n) / divisor);
	}
	const value = Number(whole);
	return Number.isSafeInteger(value) ? value : undefined;
}

const isoPattern = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * RFC 3339 §5.6, zone required: a time without a zone means something else on every machine. A leap second counts as the second after it and can only be the last
 * one of a UTC day.
 */
export function parseIsoTime(text: string): number | undefined {
	if (text.length > 40) return undefined;
	const common = parseCommonTime(text);
	if (common !== undefined) return common;
	const found = isoPattern.exec(text);
	if (found === null) return undefined;
	const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = found;
	const [y, mo, d, h, mi, s] = [Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second)];
	if (
		mo < 1 ||
		mo > 12 ||
		d < 1 ||
		d > daysInMonth(y, mo) ||
		h > 23 ||
		mi > 59 ||
		s > 60 ||
		Number(zoneHour) > 23 ||
		Number(zoneMinute) > 59
	)
		return undefined;
	const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(zoneHour) * 60 + Number(zoneMinute));
	const wholeMs = utcMs(y, mo - 1, d, h, mi, s) - offsetMinutes * 60_000;
	if (s === 60 && wholeMs % dayMs !== 0) return undefined;
	return wholeMs + Number(fraction.padEnd(3, '0').slice(0, 3));
}

/** Offsets of the digits in `2026-11-22T18:00:00`. */
const digitsAt = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18] as const;

/**
 * The form that nearly every device prints, `2026-11-22T18:00:00Z` with or without three digits of a second, read without a pattern and without a date; undefined for
 * anything that is not plainly such a time, which the pattern then judges.
 */
function parseCommonTime(text: string): number | undefined {
	const isWhole = text.length === 20;
	if (!isWhole && (text.length !== 24 || text.charCodeAt(19) !== 0x2e)) return undefined;
	if (text.charCodeAt(text.length - 1) !== 0x5a || text.charCodeAt(10) !== 0x54) return undefined;
	if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d || text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a)
		return undefined;
	for (const at of digitsAt) if (!isDigitAt(text, at)) return undefined;
	const year = pairAt(text, 0) * 100 + pairAt(text, 2);
	const month = pairAt(text, 5);
	const day = pairAt(text, 8);
	const hour = pairAt(text, 11);
	const minute = pairAt(text, 14);
	const second = pairAt(text, 17);
	// Leap seconds are left to the pattern's path.
	if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
	if (day > 28 && day > daysInMonth(year, month)) return undefined;
	let ms = 0;
	if (!isWhole) {
		if (!isDigitAt(text, 20) || !isDigitAt(text, 21) || !isDigitAt(text, 22)) return undefined;
		ms = (text.charCodeAt(20) - 0x30) * 100 + pairAt(text, 21);
	}
	return daysSince1970(year, month, day) * dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
}

function isDigitAt(text: string, at: number): boolean {
	const code = text.charCodeAt(at);
	return code >= 0x30 && code <= 0x39;
}

function pairAt(text: string, at: number): number {
	return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30;
}

/** Days of the proleptic Gregorian calendar, with the year beginning in March so that leap days come last. */
function daysSince1970(year: number, month: number, day: number): number {
	const shifted = month > 2 ? year : year - 1;
	const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
	return shifted * 365 + Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400) + dayOfYear - 719_468;
}

const dayMs = 86_400_000;
/** The calendar repeats after 400 years. */
const cycleMs = 146_097 * dayMs;

/** Date.UTC takes the years 0 to 99 for 1900 to 1999. */
function utcMs(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
	return Date.UTC(year + 400, month, day, hour, minute, second) - cycleMs;
}

function daysInMonth(year: number, month: number): number {
	if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
	return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
