// Turns the entries of a history into lines of a table, for whoever wants to count on with them. It checks nothing: verify first.

import type {Hasher} from '../base/hash.ts';
import {decodeEntry, entryLength} from '../format/entry.ts';
import {parseHistory} from '../format/history.ts';
import {correctionLinks} from './corrections.ts';
import {describeEntry} from './facts.ts';
import {timeText} from './note-words.ts';

const columns = [
	'number',
	'index',
	'kind',
	'quantity',
	'value',
	'unit',
	'measuredAt',
	'arrivedAt',
	'qualities',
	'inPeriod',
	'corrects',
	'correctedBy',
] as const;

/**
 * Comma-separated values [RFC 4180] with a header; undefined if the bytes are no history. Values are exact decimals, times UTC; no field needs quotes. Without a time of the
 * device `inPeriod` goes by the arrival. `corrects` and `correctedBy` are numbers; a correction with nothing in `corrects` says only by its arrival what it corrects.
 */
export function historyTable(hasher: Hasher, bytes: Uint8Array): string | undefined {
	const parsed = parseHistory(hasher, bytes);
	if ('problem' in parsed) return undefined;
	const {indexes, entries, fromMs, toMs} = parsed.value;
	const lines = [columns.join(',')];
	const links = correctionLinks(parsed.value);
	const corrects = new Map(links.map(link => [link.number, link.corrects]));
	// The newest: another correction of the same reading takes the place of the first.
	const correctedBy = new Map(links.map(link => [link.corrects, link.number]));
	for (const [i, index] of indexes.entries()) {
		const entry = describeEntry(decodeEntry(entries.subarray(i * entryLength, (i + 1) * entryLength)), index);
		const {measuredAtMs, arrivedAtMs} = entry;
		const timeMs = measuredAtMs ?? arrivedAtMs;
		const cells: Readonly<Record<(typeof columns)[number], string | number>> = {
			number: entry.number,
			index,
			kind: entry.kind,
			quantity: entry.quantity,
			value: entry.value ?? '',
			unit: entry.unit ?? '',
			measuredAt: measuredAtMs === undefined ? '' : timeText(measuredAtMs),
			arrivedAt: timeText(arrivedAtMs),
			qualities: entry.qualities.join(' '),
			inPeriod: timeMs >= fromMs && timeMs <= toMs ? 1 : 0,
			corrects: corrects.get(entry.number) ?? '',
			correctedBy: correctedBy.get(entry.number) ?? '',
		};
		lines.push(columns.map(column => cells[column]).join(','));
	}
	return `${lines.join('\r\n')}\r\n`;
}
