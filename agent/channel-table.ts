// The composition root's part that knows the channels of the log for whoever looks in: by subject, for thousands of entries a second, and as a list that can be shown.

import type {ChannelView} from './api/window.ts';
import {toHex} from './base/bytes.ts';
import {quantityOfName} from './format/quantity.ts';
import {parseChannelUrn} from './format/subject.ts';
import {createSubjectTable} from './format/subject-table.ts';
import type {Channel} from './log/channels.ts';
import type {Log} from './log/log.ts';

export type ChannelTable = {
	readonly ofSubject: (subject: Uint8Array) => Channel | undefined;
	/** The channel of a device that the entry at an offset of packed entries is of; undefined for every other entry. */
	readonly ofEntry: (entries: DataView, offset: number) => Channel | undefined;
	readonly named: (urn: string) => Channel | undefined;
	/** Those of devices, as they stand now. */
	readonly views: () => ChannelView[];
};

/** Channels are only ever added to a log, behind those that are there. */
export function createChannelTable(log: Pick<Log, 'channel' | 'channels'>): ChannelTable {
	const bySubject = new Map<string, Channel>();
	/** Of channels of devices: where each stands in `shown`. */
	const subjects = createSubjectTable();
	/** Names do not change; only how many entries there are does. */
	const shown: {readonly channel: Channel; readonly names: Omit<ChannelView, 'entries'>}[] = [];
	let known = 0;
	const look = (): void => {
		const all = log.channels();
		for (; known < all.length; known += 1) {
			const channel = all[known]!;
			bySubject.set(toHex(channel.subject), channel);
			const names = namesOf(channel);
			if (names !== undefined) shown[subjects.add(channel.subject)] = {channel, names};
		}
	};
	return {
		ofSubject: subject => {
			look();
			return bySubject.get(toHex(subject));
		},
		ofEntry: (entries, offset) => {
			look();
			return shown[subjects.find(entries, offset)]?.channel;
		},
		named: log.channel,
		views: () => {
			look();
			return shown.map(({channel, names}) => ({...names, entries: channel.lastNumber}));
		},
	};
}

function namesOf({urn, exponent}: Channel): Omit<ChannelView, 'entries'> | undefined {
	const parsed = parseChannelUrn(urn);
	if (parsed === undefined) return undefined;
	const quantity = quantityOfName(parsed.quantityName);
	return {
		urn,
		device: parsed.deviceId,
		quantity: parsed.quantityName,
		part: parsed.part ?? null,
		unit: quantity?.unit ?? null,
		kind: quantity?.kind ?? null,
		exponent,
	};
}
