// Turns the date and time on a device's clock, printed without an offset, into ms since 1970.

import {parseIsoTime} from './device-time.ts';
import {type LocalFields, localFields, type Zone} from './zone.ts';

/** ms since 1970 at the start of 2000: no device that we read is older. A clock before it counts from its own start, because nobody has set it. */
export const clockSetMs = 946_684_800_000;

/** `2026-11-22T18:00:00` */
const length = 19;

/**
 * The moment that `2026-11-22T18:00:00` means in a zone; with an offset or a Z behind it, what it says itself. 0 where the device claims no time that can be told: there is
 * no zone, the hour comes twice or not at all, or the clock was never set. undefined if it is no time.
 */
export function parseLocalTime(text: string, zone: Zone | undefined): number | undefined {
	if (text.length !== length) {
		const ms = parseIsoTime(text);
		return ms === undefined ? undefined : ms < clockSetMs ? 0 : ms;
	}
	const local = parseFace(text);
	return local === undefined ? undefined : zonedMs(local, zone);
}

/** As above, of a clock's face. */
export function zonedMs(local: LocalFields, zone: Zone | undefined): number {
	if (zone === undefined || local.wallMs < clockSetMs) return 0;
	const ms = zone.utcMs(local);
	return typeof ms === 'number' ? ms : 0;
}

function parseFace(text: string): LocalFields | undefined {
	if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d || text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a)
		return undefined;
	const between = text.charCodeAt(10);
	if (between !== 0x54 && between !== 0x20) return undefined;
	// NaN where a digit is missing, which localFields takes for no date.
	const year = pairAt(text, 0) * 100 + pairAt(text, 2);
	return localFields(year, pairAt(text, 5), pairAt(text, 8), pairAt(text, 11), pairAt(text, 14), pairAt(text, 17));
}

/** The number of the two digits there; NaN if one is none. */
export function pairAt(text: string, at: number): number {
	const tens = text.charCodeAt(at) - 0x30;
	const ones = text.charCodeAt(at + 1) - 0x30;
	return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
