// Turns an hour of UTC into the day that a site's calendar has then.

const hourMs = 3_600_000;
const offsetPattern = /^([+-])(0\d|1[0-4]):([0-5]\d)$/;

/** Gives the day in which an hour begins, as `2026-01-31`. */
export type DayOf = (hour: number) => string;

const dayMs = 86_400_000;

/** Days of a clock that is `offsetMs` ahead of UTC. Hours are asked for in their order: the day that was made last is nearly always the one. */
function dayOfOffset(offsetMs: number): DayOf {
	let [known, text] = [-1, ''];
	return hour => {
		const day = Math.floor((hour * hourMs + offsetMs) / dayMs);
		if (day !== known) [known, text] = [day, new Date(day * dayMs).toISOString().slice(0, 10)];
		return text;
	};
}

/** Hours that are remembered by a zone. */
const daysMax = 4096;

/**
 * `UTC`, an offset such as `+08:00`, or a place such as `Europe/Berlin`; undefined if the name is none. An hour counts for the day in which it begins; where clocks are put forward or back
 * a day has 23 or 25 of them. The rules of a place are those of the machine that asks.
 *
 * KNOWN GAP: two machines whose time zone data disagree about a day put its hours on different days. Rows are hours of UTC and do not change by it, except that a factor holds from
 * midnight. A fixed offset has no such doubt.
 */
export function dayOfZone(name: string): DayOf | undefined {
	if (name === 'UTC') return dayOfOffset(0);
	const offset = offsetPattern.exec(name);
	if (offset !== null) {
		const offsetMs = (offset[1] === '-' ? -60_000 : 60_000) * (Number(offset[2]) * 60 + Number(offset[3]));
		return dayOfOffset(offsetMs);
	}
	if (!/^[A-Za-z]+(?:\/[A-Za-z0-9_+-]+){1,2}$/.test(name)) return undefined;
	let format: Intl.DateTimeFormat;
	try {
		format = new Intl.DateTimeFormat('en-US', {
			timeZone: name,
			calendar: 'iso8601',
			numberingSystem: 'latn',
			year: 'numeric',
			month: '2-digit',
			day: '2-digit',
		});
	} catch {
		return undefined;
	}
	// Asking the engine costs a microsecond or more, and every row asks.
	const days = new Map<number, string>();
	return hour => {
		const known = days.get(hour);
		if (known !== undefined) return known;
		const parts: Record<string, string> = {};
		for (const {type, value} of format.formatToParts(hour * hourMs)) parts[type] = value;
		const day = `${parts.year!.padStart(4, '0')}-${parts.month}-${parts.day}`;
		if (days.size >= daysMax) days.clear();
		days.set(hour, day);
		return day;
	};
}

/** The first whole hour of UTC that begins on a day of the zone, in hours since 1970; undefined if the day has none. */
export function firstHourOf(dayOf: DayOf, day: string): number | undefined {
	const noon = Date.parse(`${day}T00:00:00Z`) / hourMs;
	for (let hour = noon - 15; hour <= noon + 15; hour += 1) if (dayOf(hour) === day) return hour;
	return undefined;
}
