// The composition root's part that tells what came since it told last: the newest reading of each channel that spoke.

import type {Pulse} from './api/window.ts';
import {viewOf} from './base/bytes.ts';
import type {ChannelTable} from './channel-table.ts';
import {readingView} from './curve-views.ts';
import {entryLength, kinds} from './format/entry.ts';
import {readReading} from './ledgers/fold.ts';
import type {Reading} from './ledgers/ledger.ts';
import type {Channel} from './log/channels.ts';
import type {LogReader} from './log/reader.ts';

/** Entries that one pulse looks at, and channels that it tells of. */
const entriesMax = 4096;
const channelsMax = 500;

/** From `begin` on: each call tells of what came since the one before. */
export function createPulse(
	reader: Pick<LogReader, 'head' | 'first' | 'entries'>,
	channels: Pick<ChannelTable, 'ofEntry'>,
	begin: number,
): () => Promise<Pulse['readings']> {
	let toldTo = begin;
	return async () => {
		const size: number = (await reader.head())?.size ?? 0;
		const first: number = Math.max(toldTo, size - entriesMax, await reader.first());
		toldTo = size;
		if (first >= size) return [];
		const entries = await reader.entries(first, size);
		const entriesView = viewOf(entries);
		const newest = new Map<Channel, Reading>();
		// From behind: the first that is met of a channel is its newest.
		for (let i = size - first - 1; i >= 0 && newest.size < channelsMax; i -= 1) {
			const offset = i * entryLength;
			if (entries[offset] !== kinds.reading) continue;
			const channel = channels.ofEntry(entriesView, offset);
			if (channel !== undefined && !newest.has(channel)) newest.set(channel, readReading(entriesView, offset, first + i));
		}
		return [...newest].map(([{urn}, reading]) => ({urn, exponent: reading.exponent, ...readingView(reading)}));
	};
}
