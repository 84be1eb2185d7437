// Turns the account of a shipment into what it says of one channel: when that watched the goods, within which limits, and which of its minutes were outside.

import type {ShipmentAccount} from './account.ts';
import type {Limits} from './profiles.ts';

/** A time outside a limit; in thousandths of °C or of a per cent. `heldMs` is what counts as outside, which follows from readings and not from start and end. */
export type WatchedExcursion = {
	readonly side: 'above' | 'below';
	readonly fromMs: number;
	readonly toMs: number;
	readonly peakMilli: number;
	readonly peakAtMs: number;
	readonly heldMs: number;
};

/** A time in which a channel watched goods, as far as it was asked for. */
export type WatchedSpan = {
	readonly shipment: string;
	readonly assignment: string;
	readonly sort: 'temperature' | 'humidity';
	readonly fromMs: number;
	readonly toMs: number;
	/** In thousandths; null: no limit on that side. */
	readonly low: number | null;
	readonly high: number | null;
	readonly excursions: readonly WatchedExcursion[];
};

type Sensor = {
	readonly assignment: string;
	readonly channel: string;
	readonly sort: string;
	readonly fromMs: number;
	readonly toMs: number;
};
type Series = {readonly sort: string; readonly assignments: readonly string[]; readonly excursions: readonly WatchedExcursion[]};

/** Of a series that several sensors make, what is outside while this one was there. */
export function watchedSpans({shipment, profile, sensors = [], series = []}: ShipmentAccount, urn: string): WatchedSpan[] {
	const spans: WatchedSpan[] = [];
	for (const {assignment, channel, sort, fromMs, toMs} of sensors as unknown as readonly Sensor[]) {
		if (channel !== urn || (sort !== 'temperature' && sort !== 'humidity')) continue;
		const limits: Limits = profile?.[sort] ?? {};
		// Lots that were loaded at other times have series of their own over the same readings.
		const seen = new Map<string, WatchedExcursion>();
		for (const one of series as unknown as readonly Series[]) {
			if (one.sort !== sort || !one.assignments.includes(assignment)) continue;
			for (const {side, fromMs: beginMs, toMs: endMs, peakMilli, peakAtMs, heldMs} of one.excursions)
				if (beginMs < toMs && endMs > fromMs)
					seen.set(`${side} ${beginMs} ${endMs}`, {side, fromMs: beginMs, toMs: endMs, peakMilli, peakAtMs, heldMs});
		}
		spans.push({
			shipment,
			assignment,
			sort,
			fromMs,
			toMs,
			low: limits.low ?? null,
			high: limits.high ?? null,
			excursions: [...seen.values()].sort((a, b) => a.fromMs - b.fromMs),
		});
	}
	return spans;
}
