// Turns numbers, times and ages into texts of the reader's language.

import {decimalText, parseDecimal} from '../../format/decimal.ts';
import {type Language, punctuation} from '../language.ts';
import {type Amount, withoutZeros} from '../units.ts';

export type Figures = ReturnType<typeof createFigures>;

/** Texts for one language, and the time zone of the browser unless another is named. */
export function createFigures(language: Language, timeZone?: string) {
	const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
	const zone = timeZone === undefined ? {} : {timeZone};
	const whole = new Intl.NumberFormat(locale);
	const clock = new Intl.DateTimeFormat(locale, {dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23', ...zone});
	const minutes = new Intl.DateTimeFormat(locale, {dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', ...zone});
	const day = new Intl.DateTimeFormat(locale, {dateStyle: 'medium', ...zone});
	const calendarDay = new Intl.DateTimeFormat(locale, {dateStyle: 'medium', timeZone: 'UTC'});
	const hour = new Intl.DateTimeFormat(locale, {hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zone});
	const near = new Intl.DateTimeFormat(locale, {
		day: 'numeric',
		month: 'short',
		hour: '2-digit',
		minute: '2-digit',
		hourCycle: 'h23',
		...zone,
	});
	const shortDay = new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short', ...zone});
	const unitText = (unit: string, value: number, digits = 0): string =>
		new Intl.NumberFormat(locale, {
			style: 'unit',
			unit,
			unitDisplay: language === 'zh' ? 'long' : 'short',
			maximumFractionDigits: digits,
		}).format(value);

	const ageText = (ms: number): string => {
		const seconds = Math.max(0, Math.round(ms / 1000));
		if (seconds < 90) return unitText('second', seconds);
		const inMinutes = Math.round(seconds / 60);
		if (inMinutes < 90) return unitText('minute', inMinutes);
		const inHours = Math.round(inMinutes / 60);
		return inHours < 48 ? unitText('hour', inHours) : unitText('day', Math.round(inHours / 24));
	};

	/** Hours and minutes that count as they stand; parts of a minute only where there is no whole one. */
	const spanText = (ms: number): string => {
		const inMinutes = Math.round(Math.max(0, ms) / 60_000);
		if (inMinutes === 0) return unitText('second', Math.round(Math.max(0, ms) / 1000));
		const [hours, minutes] = [Math.floor(inMinutes / 60), inMinutes % 60];
		const parts = [...(hours > 0 ? [unitText('hour', hours)] : []), ...(minutes > 0 ? [unitText('minute', minutes)] : [])];
		return parts.join(language === 'zh' ? '' : ' ');
	};

	/** All digits are kept, up to the twenty behind the point that every browser writes. */
	const exact = (text: string): string => {
		const fraction = Math.min(20, text.split('.')[1]?.length ?? 0);
		return new Intl.NumberFormat(locale, {minimumFractionDigits: fraction, maximumFractionDigits: fraction}).format(text as `${number}`);
	};

	return {
		...punctuation[language],
		locale,
		zone: clock.resolvedOptions().timeZone,
		span: spanText,
		whole: (value: number): string => whole.format(value),
		exact,
		amount: ({text, unit}: Amount): string => `${exact(text)} ${unit}`.trim(),
		time: (ms: number): string => (isTime(ms) ? clock.format(ms) : `${ms} ms`),
		minute: (ms: number): string => (isTime(ms) ? minutes.format(ms) : `${ms} ms`),
		day: (ms: number): string => (isTime(ms) ? day.format(ms) : `${ms} ms`),
		/** Of a day as YYYY-MM-DD, wherever it is. */
		dayName: (name: string): string => (Number.isNaN(Date.parse(name)) ? name : calendarDay.format(Date.parse(name))),
		/** A minute of these weeks: without its year. */
		near: (ms: number): string => (isTime(ms) ? near.format(ms) : `${ms} ms`),
		/** Hour and minute alone. */
		hour: (ms: number): string => (isTime(ms) ? hour.format(ms) : `${ms} ms`),
		shortDay: (ms: number): string => (isTime(ms) ? shortDay.format(ms) : `${ms} ms`),
		age: ageText,
		days: (days: number): string => unitText('day', days),
		bytes: (bytes: number): string => {
			const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
			const at = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
			return new Intl.NumberFormat(locale, {
				style: 'unit',
				unit: units[at]!,
				unitDisplay: 'short',
				maximumFractionDigits: at < 2 ? 0 : 1,
			}).format(bytes / 1000 ** at);
		},
	};
}

const isTime = (ms: number): boolean => Math.abs(ms) <= 8.64e15;

/** Grams and their like from mg as a decimal text. */
export function emissionsOf(mg: string): Amount {
	const value = BigInt(mg);
	if (value === 0n) return {text: '0', unit: 'g CO₂e'};
	const size = value < 0n ? -value : value;
	const [unit, shift] =
		size >= 10n ** 9n ? (['t CO₂e', -9] as const) : size >= 10n ** 6n ? (['kg CO₂e', -6] as const) : (['g CO₂e', -3] as const);
	const kept = shift + 3;
	// Three digits behind the point are as exact as anybody reads.
	const divisor = 10n ** BigInt(-kept);
	const rounded = (value + (value < 0n ? -divisor : divisor) / 2n) / divisor;
	return {text: decimalText(rounded, -3), unit};
}

/** Whole Wh in the unit that people read, exact. */
export function wattHours(wh: number): Amount {
	const [unit, shift] =
		Math.abs(wh) >= 1_000_000 ? (['MWh', -6] as const) : Math.abs(wh) >= 1000 ? (['kWh', -3] as const) : (['Wh', 0] as const);
	const text = decimalText(BigInt(wh), shift);
	return {text: withoutZeros(text), unit};
}

/** A factor, in mg CO2e for one base unit, as it is printed; every digit is kept. undefined: it is no decimal number. */
export function factorOf(value: string, unit: string): Amount | undefined {
	const read = parseDecimal(value);
	if (read === undefined) return undefined;
	const isWh = unit === 'Wh';
	const size = Math.abs(Number(value)) * (isWh ? 1000 : 1);
	const [mass, shift] =
		size >= 1_000_000 ? (['kg CO₂e', -6] as const) : size >= 1000 ? (['g CO₂e', -3] as const) : (['mg CO₂e', 0] as const);
	const text = decimalText(read.digits, read.exponent + shift + (isWh ? 3 : 0));
	return {text: withoutZeros(text), unit: `${mass} / ${isWh ? 'kWh' : unit}`};
}

/** The beginning of a hash, for people. */
export const shortHash = (hash: string): string => (hash.length > 18 ? `${hash.slice(0, 8)}…${hash.slice(-6)}` : hash);
