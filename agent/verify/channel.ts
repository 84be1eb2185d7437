// Checks that entries are of the channel that a file names.

import {equalBytes} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {parseOrigin} from '../format/checkpoint.ts';
import {type Entry, kinds} from '../format/entry.ts';
import type {SubjectOpening} from '../format/evidence.ts';
import {quantityOfCode, quantityOfName} from '../format/quantity.ts';
import {parseChannelUrn, subjectHash} from '../format/subject.ts';

/** Why an entry is not of the channel, as a sentence; undefined if it is. */
export type ChannelCheck = (entry: Pick<Entry, 'subject' | 'kind' | 'quantity'>) => string | undefined;

/** The check against one opened subject in the log with this origin. */
export function createChannelCheck(hasher: Hasher, opening: SubjectOpening, origin: string): ChannelCheck {
	const log = parseOrigin(origin);
	if (log === undefined) return () => `origin "${origin}" is not a log name and an epoch, so no channel can be opened in it`;
	// The name without the epoch: a channel keeps its subject when the log begins a new life.
	const subject = subjectHash(hasher, {logName: log.logName, secret: opening.secret, urn: opening.urn});
	const channel = parseChannelUrn(opening.urn);
	const quantity = channel && quantityOfName(channel.quantityName);
	return entry => {
		if (!equalBytes(entry.subject, subject)) return `"${opening.urn}" with this secret is not the subject of the entry`;
		if (entry.kind !== kinds.reading) return undefined;
		if (channel === undefined) return `"${opening.urn}" is not a channel, but the entry is a reading`;
		const known = quantityOfCode(entry.quantity);
		// Both unknown: a newer registry than this program's. The subject's hash alone then binds the name.
		if (quantity === undefined && known === undefined) return undefined;
		if (quantity?.code === entry.quantity) return undefined;
		return `the channel is of ${channel.quantityName}, the entry of ${known?.name ?? `quantity ${entry.quantity}`}`;
	};
}
