// kedge quarantine: shows what was refused and why, with the raw bytes.

import {toHex} from '../base/bytes.ts';
import {decodeArrival} from '../format/arrival.ts';
import {openSiteReader} from '../reading.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, isSet, textOf} from './command.ts';

export const quarantineCommand: Command = {
	name: 'quarantine',
	usage: '',
	details: ['Newest first. The counts are since the log was made; the quarantine itself is bounded, and what it evicts is counted too.'],
	options: {
		...configOption,
		limit: {type: 'string', value: 'N', help: 'how many to show (default: 20)'},
		json: {type: 'boolean', help: 'one JSON object a line, payload in hexadecimal'},
	},
	run: async ({values}, io) => {
		const limit = countOf(quarantineCommand, '--limit', textOf(values, 'limit') ?? '20');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		await using reader = await openSiteReader(site.paths);
		const counters = await reader.counters();
		const rows = await reader.quarantine(limit);
		for (const {id, arrivedAtMs, reason, detail, record} of rows) {
			const arrival = decodeArrival(record);
			const at = new Date(arrivedAtMs).toISOString();
			const payload = arrival?.payload ?? record;
			if (isSet(values, 'json')) {
				io.out(
					`${JSON.stringify({id, at, reason, detail, identity: arrival?.identity, topic: arrival?.topic, payloadHex: toHex(payload)})}\n`,
				);
				continue;
			}
			io.out(
				`${at}  ${reason}: ${detail}\n  from ${arrival?.identity ?? '?'} on ${JSON.stringify(arrival?.topic ?? '?')}: ${printable(payload)}\n`,
			);
		}
		if (!isSet(values, 'json')) {
			const counts = [...counters].filter(([name]) => name.startsWith('refused:') || name === 'evicted');
			io.out(
				counts.length === 0
					? 'Nothing was ever refused.\n'
					: `In all: ${counts.map(([name, count]) => `${count} ${name.replace('refused:', '')}`).join(', ')}\n`,
			);
		}
		return exitCodes.ok;
	},
};

const shownMax = 200;

/** Bytes as people can read them without their terminal obeying them. */
function printable(bytes: Uint8Array): string {
	let text = '';
	for (const byte of bytes.subarray(0, shownMax))
		text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${toHex(Uint8Array.of(byte))}`;
	return bytes.length > shownMax ? `${text}… (${bytes.length} bytes)` : text;
}
