// Which time a curve spans.

/** Unix time, ms. */
export type Period = {readonly fromMs: number; readonly toMs: number};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** The longest is what four-day buckets hold in as many points as there may be. */
export const spans = {
	minutes: 10 * minuteMs,
	hour: hourMs,
	day: dayMs,
	week: 7 * dayMs,
	month: 30 * dayMs,
	year: 366 * dayMs,
	all: 20 * 366 * dayMs,
} as const;
export type Span = keyof typeof spans;

/**
 * What span shows more than the one that was asked for: of a fresh log an hour or ten minutes instead of a day; of a channel that has nothing today as far back as its newest reading.
 * `times` are those of the curve (Unix time, ms); undefined: none does.
 */
export function betterSpan(times: readonly number[], {fromMs, toMs}: Period): Span | undefined {
	const [first, last] = [times[0], times.at(-1)];
	const starts = (span: Span): number => Math.max(0, toMs - spans[span]);
	if (fromMs === starts('all')) return (['week', 'month', 'year'] as const).find(span => last !== undefined && starts(span) <= last);
	if (first === undefined || last === undefined) return 'all';
	return (['minutes', 'hour'] as const).find(span => first >= starts(span));
}
