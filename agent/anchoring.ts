// The composition root's part that joins the log and the chain: opens the outbox, reads heads and anchors on chains, and makes a site ready to anchor.

import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import type {Anchor} from './anchor/anchor.ts';
import type {InclusionCall} from './anchor/calldata.ts';
import type {Chain} from './anchor/chain.ts';
import {type AnchorRow, isOnChain, toAnchorRecord} from './anchor/outbox.ts';
import {fromHex} from './base/bytes.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {replaceFile} from './base/durable.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {type Checkpoint, parseCheckpoint} from './format/checkpoint.ts';
import {decodeEntry, entryLeafHash} from './format/entry.ts';
import type {AnchorRecord} from './format/evidence.ts';
import {anchorLogId} from './format/log-id.ts';
import {parseReceipt} from './format/receipt.ts';
import {parseTlogProof} from './format/tlog-proof.ts';
import {formatTrust} from './format/trust.ts';
import type {Log} from './log/log.ts';
import type {OutsideHead} from './log/outside.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import type {Release} from './log/release.ts';
import {isIncluded} from './merkle/check.ts';
import {emptyRoot} from './merkle/tree.ts';
import type {AnchoredCheckpoint} from './receipt/issue.ts';
import {anchorKeyFiles, readSecret, type Site, siteFile, trustOf} from './site.ts';
import type {BeaconChain} from './timekeeping.ts';
import type {ChainReader} from './verify/anchors.ts';
import type {World} from './world.ts';

/** What the documents of anchoring are filed under. */
export const anchorKind = 'anchor';
/** Anchors looked at in one query while searching for one that covers an index. */
const anchorsPerPage = 16;

/** Rows of the outbox are filed by size, so that the anchor above an index is the next key. */
function anchorKey(size: number, logId: string): string {
	return `${String(size).padStart(15, '0')}/${logId}`;
}

export type AnchoringKey = Awaited<ReturnType<typeof openAnchoringKey>>;

/** Opens the encrypted anchoring key that the config, or the example of it, names. Fails with KEY_INVALID. */
export async function openAnchoringKey(site: Site): Promise<Awaited<ReturnType<typeof import('./anchor/keystore.ts').openKeystore>>> {
	const {keystore, keystorePasswordFile} = site.config.anchor ?? anchorKeyFiles;
	const {openKeystore} = await import('./anchor/keystore.ts');
	return openKeystore(await readSecretFile(siteFile(site, keystore)), await readSecret(siteFile(site, keystorePasswordFile)));
}

/** Opens the outbox of the chain that the config names. */
export async function openAnchor(parts: {
	readonly site: Site;
	readonly signer: AnchoringKey;
	readonly log: Log;
	readonly release: Release;
	readonly reader: LogReader;
	readonly logger: Logger;
	readonly world: World;
	/** Called before the tally of an anchor, for what else is to be under it. MUST NOT reject. */
	readonly beforeTally: () => Promise<unknown>;
}): Promise<Anchor> {
	const {site, signer, log, release, reader, logger, world, beforeTally} = parts;
	const {clock} = world;
	const {rpcUrl, chainId, registry, everyMinutes, entriesMax, idleHours, feeGweiMax} = site.config.anchor!;
	// Loaded only where something is anchored: the library costs 22 MB.
	const {createAnchor} = await import('./anchor/anchor.ts');
	return createAnchor(
		{
			newestCheckpoint: release.release,
			sealCheckpoint: () => sealCheckpoint(log, release, beforeTally),
			arrivedAtMsOf: async index => (index < log.size() ? decodeEntry(await reader.entry(index)).arrivedAtMs : undefined),
			consistencyProof: reader.consistency,
			store: {
				load: async () => (await log.documents(anchorKind)).map(({body}) => JSON.parse(body) as AnchorRow),
				save: row => log.putDocument(anchorKind, anchorKey(row.size, row.logId), JSON.stringify(row)),
			},
			clock,
			logger,
			chain: await world.openChain({url: rpcUrl, chainId}),
			signer,
		},
		{
			registry,
			origin: log.origin,
			policy: {ageMsMax: everyMinutes * 60_000, entriesMax, idleMsMax: idleHours * 3_600_000},
			feeWeiMax: BigInt(Math.round(feeGweiMax * 1e9)),
		},
	);
}

/** Ends the log, as it stands now, with a tally, so that whoever sees the anchor can be shown the last number of every channel; undefined if nothing may leave the agent. */
async function sealCheckpoint(log: Log, release: Release, beforeTally: () => Promise<unknown>): Promise<Checkpoint | undefined> {
	// Asked first: while release is withheld a tally would be an entry for nothing.
	if (release.standing().state !== 'open') return undefined;
	await beforeTally();
	const checkpoint = await log.tally();
	return (await release.releaseThis(checkpoint)) ? checkpoint : undefined;
}

async function readSecretFile(path: string): Promise<string> {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		throw new AgentError('KEY_INVALID', `cannot read ${path}: ${describeError(error)}`, {cause: error});
	}
}

/** A chain is asked at the start, when devices wait: no longer than this. */
const headsTimeoutMs = 3000;

export type ChainHeads = BeaconChain & {
	readonly read: () => Promise<readonly OutsideHead[]>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Reads the log's heads on its chain, as of the newest block (a single node's word) and as of the newest final one. */
export async function openChainHeads(site: Site, world: World, opener: string, origin: string): Promise<ChainHeads> {
	const {rpcUrl, chainId, registry} = site.config.anchor!;
	const chain = await world.openChain({url: rpcUrl, chainId, timeoutMs: headsTimeoutMs});
	const logId = anchorLogId(chainId, registry.toLowerCase(), opener, origin);
	const readOne = async (tag: 'latest' | 'finalized'): Promise<OutsideHead[]> => {
		try {
			if ((await chain.chainId()) !== chainId) return [];
			const {size, root} = await chain.latest(registry.toLowerCase(), logId, tag);
			const bytes = size === 0 ? emptyRoot(nodeHasher) : fromHex(root.slice(2));
			return bytes === undefined ? [] : [{source: `chain ${chainId} at ${tag}`, size, root: bytes, isConfirmed: tag === 'finalized'}];
		} catch {
			// Not reachable, or the registry was not there yet as of that block: no head, which is an answer.
			return [];
		}
	};
	return {
		chainId,
		read: async () => [...(await readOne('latest')), ...(await readOne('finalized'))],
		finalizedBlock: async () => {
			// A block of another chain would be a beacon that lies.
			if ((await chain.chainId()) !== chainId) throw new AgentError('CHAIN_MISMATCH', `the node does not speak for chain ${chainId}`);
			return chain.finalizedBlock();
		},
		[Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
	};
}

/**
 * An anchored checkpoint above the index, with its anchor on every chain: the smallest that was planned not before the time, else the largest of all. Without a time the
 * smallest.
 */
export async function anchoredAbove(reader: LogReader, index: number, notBeforeMs = 0): Promise<AnchoredCheckpoint | undefined> {
	let keyMin = anchorKey(index + 1, '');
	let found: {readonly note: string; readonly size: number; readonly plannedAtMs: number; readonly anchors: AnchorRecord[]} | undefined;
	for (;;) {
		const page = await reader.documentsFrom(anchorKind, keyMin, anchorsPerPage);
		for (const {key, body} of page) {
			keyMin = `${key}\0`;
			const row = JSON.parse(body) as AnchorRow;
			if (found !== undefined && row.size !== found.size && found.plannedAtMs >= notBeforeMs) return found;
			const record = isOnChain(row) ? toAnchorRecord(row) : undefined;
			if (record === undefined) continue;
			if (found?.size !== row.size) found = {note: row.note, size: row.size, plannedAtMs: row.plannedAtMs, anchors: []};
			found.anchors.push(record);
		}
		if (page.length < anchorsPerPage) return found;
	}
}

/**
 * Asks chains about anchors: of each record, the first of the nodes that speaks for its chain. One node is believed as far as one node goes; the verdict says whom
 * it asked.
 */
export function openChainReader(urls: readonly string[]): ChainReader & AsyncDisposable {
	const closing = createClosing();
	const chains = new Map<string, Chain>();
	return {
		readAnchor: async (record, root) => {
			let answer: Awaited<ReturnType<ChainReader['readAnchor']>> = {found: 'unreachable', detail: 'no node speaks for this chain'};
			const {openChain} = await import('./anchor/chain.ts');
			for (const url of urls) {
				const name = `${record.chainId} ${url}`;
				let chain = chains.get(name);
				if (chain === undefined) {
					chain = closing.use(openChain({url, chainId: record.chainId}));
					chains.set(name, chain);
				}
				answer = await chain.readAnchor(record, root);
				if (answer.found !== 'unreachable') return answer;
			}
			return answer;
		},
		[Symbol.asyncDispose]: closing.close,
	};
}

export type PreparedAnchoring = {
	readonly chainId: number;
	readonly registry: string;
	readonly opener: string;
	readonly logId: string;
	/** What had to be done; what was there already is left alone. */
	readonly deployed: boolean;
	readonly opened: boolean;
};

/**
 * Makes a site ready to anchor: deploys a registry with the anchoring key unless one is named, opens the log there, and adds the registry to the trust file. Safe
 * to repeat. Fails with CHAIN_UNREACHABLE, CHAIN_REFUSED (no funds) or CHAIN_MISMATCH.
 */
export async function prepareAnchoring(
	site: Site,
	options: {readonly rpcUrl: string; readonly chainId: number; readonly registry: string | undefined; readonly challengeTimeS: number},
	clock: Clock = systemClock,
): Promise<PreparedAnchoring> {
	const [{openChain}, {deployRegistry, openLogAt}] = await Promise.all([import('./anchor/chain.ts'), import('./anchor/deploy.ts')]);
	const signer = await openAnchoringKey(site);
	const trust = trustOf(await readFile(site.paths.trust), site.paths.trust);
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	await using chain = openChain({url: options.rpcUrl, chainId: options.chainId});
	const needs = {chain, clock, signer};
	const {registry, deployed} =
		options.registry === undefined
			? await deployRegistry(needs, {challengeTimeS: options.challengeTimeS})
			: {registry: options.registry.toLowerCase(), deployed: false};
	const {logId, opened} = await openLogAt(needs, {registry, origin: reader.origin});
	const mine = {chainId: options.chainId, registry, opener: signer.address};
	const isTrusted = trust.registries.some(
		known => known.chainId === mine.chainId && known.registry === registry && known.opener === mine.opener,
	);
	if (!isTrusted) await replaceFile(site.paths.trust, formatTrust({...trust, registries: [...trust.registries, mine]}), 0o644);
	return {...mine, logId, deployed, opened};
}

/**
 * The calls that ask the registries of a receipt's anchors for what it proves. Fails with FORMAT_INVALID if the file is no receipt, or proves nothing; with ARGUMENT_INVALID if it
 * has no anchor. Signature, device and chain are not looked at.
 */
export async function readInclusionCalls(bytes: Uint8Array, name: string): Promise<InclusionCall[]> {
	const wrong = (problem: string): AgentError => new AgentError('FORMAT_INVALID', `${name}: ${problem}`);
	const parsed = parseReceipt(nodeHasher, bytes);
	if ('problem' in parsed) throw wrong(parsed.problem);
	const {entry, anchors} = parsed.value;
	const proof = parseTlogProof(parsed.value.proof);
	const head = proof && parseCheckpoint(proof.checkpoint);
	if (proof === undefined || head === undefined) throw wrong('its proof is not a tlog-proof with a checkpoint');
	const {size, root, origin} = head;
	const {index, path} = proof;
	if (!isIncluded(nodeHasher, {index, size, root, leaf: entryLeafHash(nodeHasher, entry), path}))
		throw wrong('its path does not lead to the root of its checkpoint: a registry would say no');
	if (anchors.length === 0)
		throw new AgentError('ARGUMENT_INVALID', `${name} has no anchor: no chain knows its checkpoint`, {
			hint: 'Issue the receipt again once the log is anchored (kedge status says when).',
		});
	const {inclusionCall} = await import('./anchor/calldata.ts');
	return anchors.map(anchor => {
		if (anchor.size !== size) throw wrong(`its anchor is of size ${anchor.size}, its checkpoint of size ${size}`);
		if (anchor.logId !== anchorLogId(anchor.chainId, anchor.registry, anchor.opener, origin))
			throw wrong(`the log id of its anchor is not that of ${origin} on chain ${anchor.chainId}`);
		return inclusionCall(anchor, {root, index, entry, path});
	});
}
