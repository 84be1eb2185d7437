// A ledger that counts: sums of readings by channel and hour of arrival, written when the log's hour ends, and again when a late reading changes one. Small enough to be right at sight.

import type {Json} from '../../agent/format/document.ts';
import {type Ledger, timeOf} from '../../agent/ledgers/ledger.ts';

const hourMs = 3_600_000;

/** Follows the channels that statements of sites name in `channels`; each hour's row has sum, count and how often it was written. */
export function createToyLedger(): Ledger {
	const wanted = new Set<string>();
	const dirty = new Set<string>();
	const hours = async (at: string, past: Parameters<Ledger['tick']>[1]): Promise<{sum: bigint; count: number}> => {
		const [urn, hour] = at.split('@') as [string, string];
		let [sum, count] = [0n, 0];
		for await (const {value} of past.readings(urn, Number(hour) * hourMs, (Number(hour) + 1) * hourMs - 1)) {
			sum += value;
			count += 1;
		}
		return {sum, count};
	};
	return {
		name: 'toy',
		version: 1,
		open: async rows => {
			for await (const {key} of rows.range('wanted/', 'wanted0')) wanted.add(key.slice('wanted/'.length));
			for await (const {key} of rows.range('dirty/', 'dirty0')) dirty.add(key.slice('dirty/'.length));
		},
		state: ({body}) => {
			for (const urn of (body.channels ?? []) as readonly string[]) wanted.add(urn);
		},
		wants: urn => wanted.has(urn),
		read: (urn, reading) => void dirty.add(`${urn}@${Math.floor(timeOf(reading) / hourMs)}`),
		note: () => {},
		tick: async (_at, past, rows) => {
			for (const at of [...dirty].sort()) {
				const before = await rows.get(`hour/${at}`);
				const times = before === undefined ? 0 : (JSON.parse(before) as {times: number}).times;
				const {sum, count} = await hours(at, past);
				rows.put(`hour/${at}`, JSON.stringify({sum: `${sum}`, count, times: times + 1}));
				rows.remove(`dirty/${at}`);
			}
			dirty.clear();
		},
		save: async (_past, rows) => {
			for (const urn of wanted) rows.put(`wanted/${urn}`, '1');
			for (const at of dirty) rows.put(`dirty/${at}`, '1');
		},
		problem: async ({body}) => (Array.isArray(body.channels) ? undefined : 'it names no channels'),
		basis: async () => undefined,
		answer: async ({id}, _past, rows): Promise<Json | undefined> => {
			if (id !== 'plant') return undefined;
			let [sum, count] = [0n, 0];
			for await (const {body} of rows.range('hour/', 'hour0')) {
				const row = JSON.parse(body) as {sum: string; count: number};
				sum += BigInt(row.sum);
				count += row.count;
			}
			return {sum: `${sum}`, count};
		},
	};
}
