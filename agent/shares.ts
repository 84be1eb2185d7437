// The composition root's part for what was shared with others: links that show one device, shipment or period, in shares.json beside the log.

import {type ShareScope, scopeProblem, shareState} from './api/share-scope.ts';
import type {People, Share} from './api/window.ts';
import {toHex} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import type {Random} from './base/random.ts';
import {newToken, tokenDigest} from './base/token.ts';
import {idPattern} from './format/subject.ts';
import type {SitePaths} from './site.ts';
import {notOurs, readSmallFile, writeSmallFile} from './small-file.ts';

/** As it is kept. The token itself is kept nowhere. */
type KeptShare = Share & {readonly sha256: string};

const sharesFormat = 'kedge shares 1';
export const sharesMax = 256;
/** What has ended is remembered for so long, so that whoever opens it is told so. */
const rememberedMs = 90 * 86_400_000;
/** When a share was used is written no more often than this. */
const usedEveryMs = 3_600_000;

const hint = 'Put it back from your backup, or remove it: the links that it holds show nothing any more then.';

/** Of a file that somebody may have edited: a link without an end, or one that shows more than its maker said, is none. */
function isShare(value: unknown): value is KeptShare {
	const isTime = (one: unknown): boolean => Number.isSafeInteger(one) && (one as number) >= 0;
	const isTimeMaybe = (one: unknown): boolean => one === undefined || isTime(one);
	const {id, sha256, scope, label, by, createdAtMs, expiresAtMs, revokedAtMs, usedAtMs} = (value ?? {}) as Partial<Record<string, unknown>>;
	const shown = (scope ?? {}) as Partial<Record<keyof ShareScope, unknown>>;
	return (
		typeof id === 'string' &&
		/^[0-9a-f]{16}$/.test(id) &&
		typeof sha256 === 'string' &&
		/^[0-9a-f]{64}$/.test(sha256) &&
		typeof label === 'string' &&
		typeof by === 'string' &&
		isTime(createdAtMs) &&
		isTime(expiresAtMs) &&
		isTimeMaybe(revokedAtMs) &&
		isTimeMaybe(usedAtMs) &&
		(shown.kind === 'device' || shown.kind === 'shipment' || shown.kind === 'period') &&
		(shown.id === undefined || (typeof shown.id === 'string' && idPattern.test(shown.id))) &&
		isTimeMaybe(shown.fromMs) &&
		isTimeMaybe(shown.toMs) &&
		scopeProblem(shown as ShareScope) === undefined
	);
}

async function readShares(path: string): Promise<readonly KeptShare[]> {
	const found = await readSmallFile(path, hint);
	if (found === undefined) return [];
	const {format, shares} = (found ?? {}) as {readonly format?: unknown; readonly shares?: unknown};
	if (format !== sharesFormat || !Array.isArray(shares) || shares.length > sharesMax) throw notOurs(path, 'is no file of shares', hint);
	if (!shares.every(isShare)) throw notOurs(path, 'has a share that is none', hint);
	return shares;
}

const endOf = ({revokedAtMs, expiresAtMs}: Share): number => Math.min(revokedAtMs ?? Number.POSITIVE_INFINITY, expiresAtMs);

/** What is kept beside one more: the one that ended first is forgotten first, and what still shows something never; undefined where there is no room. */
function withRoom(shares: readonly KeptShare[], nowMs: number): readonly KeptShare[] | undefined {
	const kept = shares.filter(share => endOf(share) + rememberedMs > nowMs);
	if (kept.length < sharesMax) return kept;
	const [oldest] = kept.filter(share => shareState(share, nowMs) !== 'open').sort((a, b) => endOf(a) - endOf(b));
	return oldest && kept.filter(share => share !== oldest);
}

/** Fails with FORMAT_INVALID where the file is none of ours. */
export async function openShares(
	{shares: path}: Pick<SitePaths, 'shares'>,
	{random, clock}: {readonly random: Random; readonly clock: Pick<Clock, 'nowMs'>},
): Promise<People['shares']> {
	let shares = await readShares(path);
	let writing: Promise<unknown> = Promise.resolve();
	/** By share: when its use was last written. */
	const usedWritten = new Map<string, number>();
	const keep = (next: readonly KeptShare[]): Promise<void> => {
		shares = next;
		const done = writing.then(() => writeSmallFile(path, {format: sharesFormat, shares: next}));
		writing = done.catch(() => {});
		return done;
	};
	const byId = (id: string): KeptShare | undefined => shares.find(share => share.id === id);
	const replaced = (changed: KeptShare): readonly KeptShare[] => shares.map(share => (share.id === changed.id ? changed : share));
	return {
		list: () => shares,
		// By digest: a guess that shares a beginning with a token shares none with its digest.
		byToken: token => {
			const digest = tokenDigest(token);
			return shares.find(({sha256}) => sha256 === digest);
		},
		byId,
		create: async ({scope, label, by, expiresAtMs}) => {
			const nowMs = clock.nowMs();
			const kept = withRoom(shares, nowMs);
			if (kept === undefined) return undefined;
			const token = newToken(random);
			const share = {id: toHex(random.bytes(8)), sha256: tokenDigest(token), scope, label, by, createdAtMs: nowMs, expiresAtMs};
			await keep([...kept, share]);
			return {share, token};
		},
		used: id => {
			const share = byId(id);
			const nowMs = clock.nowMs();
			if (share === undefined || share.usedAtMs === nowMs) return;
			shares = replaced({...share, usedAtMs: nowMs});
			if (nowMs - (usedWritten.get(id) ?? Number.NEGATIVE_INFINITY) < usedEveryMs) return;
			if (usedWritten.size >= sharesMax) usedWritten.clear();
			usedWritten.set(id, nowMs);
			// Who looks does not wait for it, and a disk that is full must not keep him from looking.
			void keep(shares).catch(() => {});
		},
		revoke: async id => {
			const share = byId(id);
			if (share === undefined || share.revokedAtMs !== undefined) return share;
			const revoked = {...share, revokedAtMs: clock.nowMs()};
			await keep(replaced(revoked));
			return revoked;
		},
	};
}
