// The composition root's part that reads a site beside its agent: what `prove`, `history`, `audit` and `quarantine` work on.

import {dirname} from 'node:path';
import {type AnchorRow, toAnchorRecord} from './anchor/outbox.ts';
import {anchoredAbove, anchorKind} from './anchoring.ts';
import {askAgent} from './api/status-server.ts';
import {equalBytes, toHex} from './base/bytes.ts';
import {systemClock} from './base/clock.ts';
import {verifyEd25519} from './base/ed25519.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import {type Checkpoint, parseOrigin} from './format/checkpoint.ts';
import type {AnchorRecord} from './format/evidence.ts';
import {agentUrn, deviceUrn, parseChannelUrn} from './format/subject.ts';
import {type AuditReport, audit} from './log/audit.ts';
import type {Channel} from './log/channels.ts';
import {createHeadFile} from './log/head-file.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import {refuseHalfSwapped} from './log/swap.ts';
import {type AnchoredCheckpoint, createIssuer, type Issuer, type Needs as IssuerNeeds} from './receipt/issue.ts';
import type {SitePaths} from './site.ts';

/** Audits a site's log from its file alone, and against the side file where there is one. */
export async function auditSite(
	paths: Pick<SitePaths, 'log'> & Partial<Pick<SitePaths, 'released'>>,
	options: {readonly signal?: AbortSignal; readonly onProgress?: (done: number, size: number) => void} = {},
): Promise<AuditReport> {
	await refuseHalfSwapped(dirname(paths.log));
	// Read first: what is released meanwhile is beyond what the audit sees.
	const released = paths.released === undefined ? undefined : await createHeadFile(paths.released).read();
	const heads =
		released === undefined || released.size === 0 ? [] : [{source: 'the side file', size: released.size, root: toHex(released.root)}];
	return audit({path: paths.log, hasher: nodeHasher, verifySignature: verifyEd25519, heads, ...options});
}

/** Whoever issues many receipts looks for a newer checkpoint this often. */
const releasedMsMax = 500;

/** Issues from a log's reader; who the channels are, and what may be shown, is for whoever asks to say. */
export function issuerOf(
	reader: Pick<LogReader, 'entry' | 'source' | 'inclusion' | 'multiproof' | 'range' | 'between' | 'at' | 'tallyAt'>,
	needs: Pick<IssuerNeeds<Channel>, 'head' | 'channelOf' | 'deviceOf' | 'agentChannel' | 'anchoredAbove'>,
): Issuer<Channel> {
	const {entry, source, inclusion, multiproof, range, between, at, tallyAt} = reader;
	return createIssuer<Channel>({hasher: nodeHasher, entry, source, inclusion, multiproof, range, between, at, tallyAt, ...needs});
}

/** Reading a site without disturbing its agent: what `prove`, `history` and `audit` work on. */
export type SiteReader = LogReader & {
	readonly issuer: Issuer<Channel>;
	/** The newest checkpoint that may be shown; a running agent is asked for its newest first. */
	readonly released: () => Promise<Checkpoint | undefined>;
	readonly anchors: () => Promise<readonly AnchorRecord[]>;
	/** See anchoredAbove of anchoring.ts. */
	readonly anchoredAbove: (index: number, notBeforeMs?: number) => Promise<AnchoredCheckpoint | undefined>;
};

/** `anchorsNeeded`: how many chains and authorities should hold the checkpoint that something is proven under. */
export async function openSiteReader(paths: Pick<SitePaths, 'log' | 'released' | 'socket'>, anchorsNeeded = 1): Promise<SiteReader> {
	await refuseHalfSwapped(dirname(paths.log));
	const reader = await openLogReader({path: paths.log, hasher: nodeHasher});
	const headFile = createHeadFile(paths.released);
	let looked: {readonly atMs: number; readonly head: Promise<Checkpoint | undefined>} | undefined;
	const released = (): Promise<Checkpoint | undefined> => {
		const nowMs = systemClock.monotonicMs();
		if (looked === undefined || nowMs - looked.atMs > releasedMsMax) looked = {atMs: nowMs, head: lookAtReleased()};
		return looked.head;
	};
	const lookAtReleased = async (): Promise<Checkpoint | undefined> => {
		// A running agent releases within a second anyway; whoever asks for a proof should not have to wait for that.
		await askAgent(paths.socket, 'POST', '/release').catch(() => {});
		const head = await headFile.read();
		if (head === undefined || head.size === 0) return undefined;
		const size = (await reader.head())?.size ?? 0;
		if (head.origin !== reader.origin || head.size > size || !equalBytes(await reader.rootAt(head.size), head.root))
			throw new AgentError(
				'LOG_FROZEN',
				`the database of ${reader.origin} contradicts the released checkpoint of ${head.origin} with size ${head.size} in ${paths.released}`,
				{
					hint: 'It is an older copy, or it was edited. Nothing is proven from it.',
				},
			);
		return head;
	};
	let bySubject = new Map<string, Channel>();
	let byUrn = new Map<string, Channel>();
	const anchored: SiteReader['anchoredAbove'] = (index, notBeforeMs) => anchoredAbove(reader, index, notBeforeMs, anchorsNeeded);
	const lookAtChannels = async (): Promise<void> => {
		const channels = await reader.channels();
		bySubject = new Map(channels.map(channel => [toHex(channel.subject), channel]));
		byUrn = new Map(channels.map(channel => [channel.urn, channel]));
	};
	const issuer = issuerOf(reader, {
		head: released,
		channelOf: async subject => {
			const name = toHex(subject);
			// A channel that is not known yet was enrolled since the last look.
			if (!bySubject.has(name)) await lookAtChannels();
			return bySubject.get(name);
		},
		agentChannel: async () => {
			const log = parseOrigin(reader.origin);
			if (byUrn.size === 0) await lookAtChannels();
			return log && byUrn.get(agentUrn(log.logName));
		},
		deviceOf: async ({urn}) => {
			const parsed = parseChannelUrn(urn);
			return parsed && byUrn.get(deviceUrn(parsed.deviceId));
		},
		anchoredAbove: anchored,
	});
	return {
		...reader,
		released,
		issuer,
		anchoredAbove: anchored,
		anchors: async () => {
			const rows = (await reader.documents(anchorKind)).map(({body}) => JSON.parse(body) as AnchorRow);
			return rows.map(toAnchorRecord).filter(record => record !== undefined);
		},
	};
}
