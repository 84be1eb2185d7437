// Turns thousandths of degrees and per cents, and the limits of a shipment, into texts.

import type {Context} from './context.ts';
import type {Words} from './words.ts';

export type Limits = {readonly low?: number | null | undefined; readonly high?: number | null | undefined};

/** Thousandths of °C, or of a per cent. */
export function milliText(milli: number | undefined, sort: string, {figures}: Pick<Context, 'figures'>): string {
	if (milli === undefined) return '–';
	const text = new Intl.NumberFormat(figures().locale, {minimumFractionDigits: 1, maximumFractionDigits: 3}).format(milli / 1000);
	return `${text} ${sort === 'humidity' ? '%' : '°C'}`;
}

/** Sides without a limit may be null or left out. */
export function limitsText({low, high}: Limits, sort: string, context: Context): string {
	const said: Words['shipments'] = context.words().shipments;
	const text = (milli: number): string => milliText(milli, sort, context);
	const [least, most] = [low ?? undefined, high ?? undefined];
	if (least !== undefined && most !== undefined) return said.between(text(least), text(most));
	if (least !== undefined) return said.above(text(least));
	return most === undefined ? '–' : said.below(text(most));
}

/** The limit that was gone beyond. */
export function limitText(side: 'above' | 'below', {low, high}: Limits, sort: string, context: Context): string {
	return milliText((side === 'above' ? high : low) ?? undefined, sort, context);
}
