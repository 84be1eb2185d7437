// Keeps what sources emitted by hour, as rows: the newest of each hour, and under it those that it took the place of.

import type {Rows} from '../ledger.ts';
import type {AnyHour} from './channel-hours.ts';
import {packHour, unpackHour} from './channel-hours.ts';
import type {HourContent} from './source-hour.ts';

/** An hour of a source as it stands. Revision 1 is the first; the one that a later one takes the place of is kept beside it. */
export type HourRow = {
	readonly revision: number;
	/** Hour since 1970 in which the newest entry arrived that changed it. */
	readonly seenHour: number;
	readonly content: HourContent;
};

/** Revisions that are kept of one hour; the last one of all takes the place of those that are too many. */
export const revisionsMax = 999;

/** Nine digits: hours up to the year 116,000, so that keys stand in the order of time. */
const hourText = (hour: number): string => `${hour}`.padStart(9, '0');

const hourKey = (site: string, source: string, hour: number): string => `hour/${site}/${source}/${hourText(hour)}`;
const pastKey = (site: string, source: string, hour: number, revision: number): string =>
	`past/${site}/${source}/${hourText(hour)}/${`${revision}`.padStart(3, '0')}`;
const channelKey = (site: string, urn: string, hour: number): string => `channel/${site}/${urn}/${hourText(hour)}`;

const hourOfKey = (key: string, parts: number): number => Number(key.split('/').at(-parts));

export async function channelHour(rows: Rows, site: string, urn: string, hour: number): Promise<AnyHour | undefined> {
	const body = await rows.get(channelKey(site, urn, hour));
	return body === undefined ? undefined : unpackHour(body);
}

export function putChannelHour(rows: Rows, site: string, urn: string, hour: number, facts: AnyHour | undefined): void {
	const key = channelKey(site, urn, hour);
	if (facts === undefined) rows.remove(key);
	else rows.put(key, packHour(facts));
}

/** Hours of a channel from … to, the second excluded. */
export async function* channelHours(
	rows: Rows,
	site: string,
	urn: string,
	fromHour: number,
	toHour: number,
): AsyncIterable<{readonly hour: number; readonly facts: AnyHour}> {
	for await (const {key, body} of rows.range(channelKey(site, urn, fromHour), channelKey(site, urn, toHour)))
		yield {hour: hourOfKey(key, 1), facts: unpackHour(body)};
}

export async function hourRow(rows: Rows, site: string, source: string, hour: number): Promise<HourRow | undefined> {
	const body = await rows.get(hourKey(site, source, hour));
	return body === undefined ? undefined : (JSON.parse(body) as HourRow);
}

/** Rows of a source from … to, the second excluded. */
export async function* hourRows(
	rows: Rows,
	site: string,
	source: string,
	fromHour: number,
	toHour: number,
): AsyncIterable<{readonly hour: number; readonly row: HourRow}> {
	for await (const {key, body} of rows.range(hourKey(site, source, fromHour), hourKey(site, source, toHour)))
		yield {hour: hourOfKey(key, 1), row: JSON.parse(body) as HourRow};
}

/** The rows that an hour's row took the place of, the oldest first. */
export async function pastRows(rows: Rows, site: string, source: string, hour: number): Promise<HourRow[]> {
	const found: HourRow[] = [];
	for await (const {body} of rows.range(pastKey(site, source, hour, 0), `${pastKey(site, source, hour, revisionsMax)}~`))
		found.push(JSON.parse(body) as HourRow);
	return found;
}

/**
 * Writes what an hour has now. Where it had something else, that is kept as the revision before; but what changed within the same hour of arrival is one revision, however often it was looked at
 * meanwhile. So revisions are a matter of the entries that changed the hour, and of nothing that came between them. Says whether anything changed.
 */
export async function putHour(
	rows: Rows,
	site: string,
	source: string,
	hour: number,
	content: HourContent,
	seenHour: number,
): Promise<boolean> {
	const key = hourKey(site, source, hour);
	const text = JSON.stringify(content);
	const put = (revision: number, seen: number): void => rows.put(key, `{"revision":${revision},"seenHour":${seen},"content":${text}}`);
	const found = await rows.get(key);
	if (found === undefined) {
		put(1, seenHour);
		return true;
	}
	if (found.endsWith(`"content":${text}}`)) return false;
	const now = JSON.parse(found) as HourRow;
	if (now.seenHour !== seenHour && now.revision < revisionsMax) {
		rows.put(pastKey(site, source, hour, now.revision), found);
		put(now.revision + 1, seenHour);
		return true;
	}
	if (now.revision > 1) {
		const beforeKey = pastKey(site, source, hour, now.revision - 1);
		const before = await rows.get(beforeKey);
		if (before?.endsWith(`"content":${text}}`)) {
			rows.put(key, before);
			rows.remove(beforeKey);
			return true;
		}
	}
	put(now.revision, now.revision < revisionsMax ? seenHour : now.seenHour);
	return true;
}

/** Rows that are written beside others and leave these as they are: what would stand there. */
export function rowsAbove(below: Rows): Rows {
	const changed = new Map<string, string | undefined>();
	return {
		get: async key => (changed.has(key) ? changed.get(key) : below.get(key)),
		async *range(from, to) {
			const own = [...changed.keys()].filter(key => key >= from && key < to).sort();
			let at = 0;
			for await (const row of below.range(from, to)) {
				for (; at < own.length && own[at]! < row.key; at += 1) {
					const body = changed.get(own[at]!);
					if (body !== undefined) yield {key: own[at]!, body};
				}
				if (at < own.length && own[at] === row.key) continue;
				yield row;
			}
			for (; at < own.length; at += 1) {
				const body = changed.get(own[at]!);
				if (body !== undefined) yield {key: own[at]!, body};
			}
		},
		put: (key, body) => void changed.set(key, body),
		remove: key => void changed.set(key, undefined),
	};
}
