// Turns local times, as devices print them without an offset, into ms since 1970.

/** Where a device's clock stands: an offset from UTC, or a place with its rules. */
export type Zone = {
	/** As the config has it: `UTC`, `+08:00` or `Europe/Amsterdam`. */
	readonly name: string;
	/**
	 * The moment at which a clock there shows this. ambiguous: it does so twice (the hour that comes again in autumn); nowhere: it never does (the hour that is left out in
	 * spring). The fields MUST be of a real date, as `localFields` gives them.
	 */
	readonly utcMs: (local: LocalFields) => number | 'ambiguous' | 'nowhere';
};

/** A clock's face as ms: what Date.UTC gives of its fields. */
export type LocalFields = {readonly wallMs: number};

const offsetPattern = /^([+-])(\d\d):(\d\d)$/;

/** undefined if the name is no zone. */
export function parseZone(name: string): Zone | undefined {
	if (name === 'UTC' || name === 'Z') return {name, utcMs: ({wallMs}) => wallMs};
	const offset = offsetPattern.exec(name);
	if (offset !== null) {
		const minutes = Number(offset[2]) * 60 + Number(offset[3]);
		if (Number(offset[2]) > 14 || Number(offset[3]) > 59) return undefined;
		const offsetMs = (offset[1] === '-' ? -1 : 1) * minutes * 60_000;
		return {name, utcMs: ({wallMs}) => wallMs - offsetMs};
	}
	// The engine takes offsets and abbreviations for zones as well; a place has a slash, and rules that stay its own.
	if (!/^[A-Za-z]+(?:\/[A-Za-z0-9_+-]+){1,2}$/.test(name)) return undefined;
	let format: Intl.DateTimeFormat;
	try {
		format = new Intl.DateTimeFormat('en-US', {
			timeZone: name,
			calendar: 'iso8601',
			numberingSystem: 'latn',
			hourCycle: 'h23',
			year: 'numeric',
			month: '2-digit',
			day: '2-digit',
			hour: '2-digit',
			minute: '2-digit',
			second: '2-digit',
		});
	} catch {
		return undefined;
	}
	/** By the hour of UTC, the offset: rules change at full quarters of an hour at most, and asking the engine costs a microsecond or more. */
	const offsets = new Map<number, number>();
	const offsetAt = (utcMs: number): number => {
		const quarter = Math.floor(utcMs / quarterMs);
		const known = offsets.get(quarter);
		if (known !== undefined) return known;
		const fields: Record<string, number> = {};
		for (const {type, value} of format.formatToParts(quarter * quarterMs)) fields[type] = Number(value);
		const wallMs = Date.UTC(fields.year!, fields.month! - 1, fields.day, fields.hour, fields.minute, fields.second);
		const offsetMs = wallMs - quarter * quarterMs;
		if (offsets.size >= offsetsMax) offsets.clear();
		offsets.set(quarter, offsetMs);
		return offsetMs;
	};
	return {
		name,
		utcMs: ({wallMs}) => {
			// The offsets a day before and a day after are all that can hold at the moment itself: no place changes its clock twice within two days.
			const before = wallMs - offsetAt(wallMs - dayMs);
			const after = wallMs - offsetAt(wallMs + dayMs);
			const isBefore = before + offsetAt(before) === wallMs;
			const isAfter = after + offsetAt(after) === wallMs;
			if (isBefore && isAfter) return before === after ? before : 'ambiguous';
			return isBefore ? before : isAfter ? after : 'nowhere';
		},
	};
}

const quarterMs = 900_000;
const dayMs = 86_400_000;
const offsetsMax = 4096;

/** The face of a clock from its fields; undefined if there is no such date or time of day. A second 60 is none here: without a zone nobody can say whether it was one. */
export function localFields(
	year: number,
	month: number,
	day: number,
	hour: number,
	minute: number,
	second: number,
): LocalFields | undefined {
	if (!(year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59))
		return undefined;
	if (!(hour >= 0 && minute >= 0 && second >= 0)) return undefined;
	const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
	// Date.UTC takes the 31st of June for the 1st of July.
	return day <= 28 || new Date(wallMs).getUTCDate() === day ? {wallMs} : undefined;
}
