// The composition root's part that discloses: opens a site's log for reading, and its key for signing for whom something is opened.

import {toHex} from './base/bytes.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Channel} from './log/channels.ts';
import {openSiteReader, type SiteReader} from './reading.ts';
import {createDiscloser, type Discloser} from './receipt/disclose.ts';
import {openLogKey, type SitePaths} from './site.ts';

export type Disclosing = AsyncDisposable & {
	readonly discloser: Discloser<Channel>;
	readonly channels: SiteReader['channels'];
};

/** Fails with KEY_INVALID or DATA_MISSING where the log's key is not here: only who holds it discloses. */
export async function openDisclosing(paths: SitePaths, anchorsNeeded = 1): Promise<Disclosing> {
	const signer = await openLogKey(paths);
	const reader = await openSiteReader(paths, anchorsNeeded);
	const {entry, source, multiproof, range, at} = reader;
	const discloser = createDiscloser<Channel>({
		hasher: nodeHasher,
		entry,
		source,
		multiproof,
		range,
		at,
		head: reader.released,
		channelOf: async subject => {
			const name = toHex(subject);
			return (await reader.channels()).find(channel => toHex(channel.subject) === name);
		},
		anchoredAbove: reader.anchoredAbove,
		history: reader.issuer.history,
		sign: signer.sign,
	});
	return {discloser, channels: reader.channels, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]()};
}
