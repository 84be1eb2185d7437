// The composition root's part that joins the log and the chain: opens the outbox, reads heads and anchors on chains, and makes a site ready to anchor.

import {X509Certificate} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import type {InclusionCall} from './anchor/calldata.ts';
import type {Chain, ChainOptions} from './anchor/chain.ts';
import type {Signer} from './anchor/keystore.ts';
import {type AnchorRow, areEnough, toAnchorRecord} from './anchor/outbox.ts';
import {type Pins, pinProblem} from './anchor/pins.ts';
import {isStamped, type Stamper, type StampRow, toTimestampRecords} from './anchor/timestamping.ts';
import {type Anchors, type ChainTarget, createAnchors, createSealing} from './anchors.ts';
import {fromHex} from './base/bytes.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {replaceFile} from './base/durable.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {type AnchorConfig, type AuthorityConfig, anchorPolicyDefault, type ChainConfig} from './config.ts';
import {type Checkpoint, parseCheckpoint} from './format/checkpoint.ts';
import {decodeEntry, entryLeafHash} from './format/entry.ts';
import {type AnchorRecord, anchorsMax, type TimestampRecord, timestampsMax} from './format/evidence.ts';
import {anchorLogId} from './format/log-id.ts';
import {parseReceipt} from './format/receipt.ts';
import {parseTlogProof} from './format/tlog-proof.ts';
import {formatTrust} from './format/trust.ts';
import {createKeyRotation} from './key-rotation.ts';
import type {Log} from './log/log.ts';
import type {OutsideHead} from './log/outside.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import type {Release} from './log/release.ts';
import {isIncluded} from './merkle/check.ts';
import {emptyRoot} from './merkle/tree.ts';
import type {AnchoredCheckpoint} from './receipt/issue.ts';
import {anchorKeyFiles, isCredentialPath, readSecret, readSecretText, type Site, siteFile, trustOf} from './site.ts';
import type {BeaconChain} from './timekeeping.ts';
import type {ChainReader} from './verify/anchors.ts';
import type {World} from './world.ts';

/** What the documents of anchoring are filed under. */
export const anchorKind = 'anchor';
export const timestampKind = 'timestamp';

/** Rows of the outbox are filed by size, so that the anchor above an index is the next key. */
function anchorKey(size: number, logId: string): string {
	return `${String(size).padStart(15, '0')}/${logId}`;
}

export type AnchoringKey = Awaited<ReturnType<typeof openAnchoringKey>>;

/**
 * Opens the anchoring key that the config, or the example of it, names: a keystore with its password, or a key as it is, which only a credential may hold. Fails with
 * KEY_INVALID.
 */
export async function openAnchoringKey(site: Site): Promise<Awaited<ReturnType<typeof import('./anchor/keystore.ts').openKeystore>>> {
	const {anchor} = site.config;
	if (anchor?.signerUrl !== undefined) return openSignerElsewhere(site, anchor, anchor.signerUrl);
	const {keystore, keystorePasswordFile} = anchor ?? anchorKeyFiles;
	const {bareKeyOf, openKeystore, signerFromKey} = await import('./anchor/keystore.ts');
	const path = siteFile(site, keystore);
	const text = await readSecretText(path);
	const bareKey = bareKeyOf(text);
	if (bareKey === undefined) return openKeystore(text, await readSecret(siteFile(site, keystorePasswordFile)));
	if (!isCredentialPath(path))
		throw new AgentError('KEY_INVALID', `${path} holds a key that is not encrypted`, {
			hint: 'Only a credential of systemd may hold one (keystore: credential:NAME). In a file it must be a keystore with a password.',
		});
	return signerFromKey(bareKey);
}

async function openSignerElsewhere(site: Site, anchor: AnchorConfig, url: string): Promise<AnchoringKey> {
	const {openRemoteSigner} = await import('./anchor/remote-signer.ts');
	const pem = (name: string): Promise<string> => readSecretText(siteFile(site, name));
	const {signerAddress, signerPlaintext, signerCaFile, signerCertificateFile, signerKeyFile} = anchor;
	return openRemoteSigner({
		url,
		address: signerAddress!,
		plaintext: signerPlaintext,
		tls: {
			...(signerCaFile === undefined ? {} : {ca: await pem(signerCaFile)}),
			...(signerCertificateFile === undefined ? {} : {certificate: await pem(signerCertificateFile)}),
			...(signerKeyFile === undefined ? {} : {key: await pem(signerKeyFile)}),
		},
	});
}

/** Through which nodes a chain is asked, and what is special there. */
export type NodesOptions = Omit<ChainOptions, 'url'> & {readonly urls: readonly string[]};

export function nodesOf({rpcUrls, chainId, confirmations, fees, gasPriceGwei}: ChainConfig): NodesOptions {
	return {
		urls: rpcUrls,
		chainId,
		...(confirmations === undefined ? {} : {confirmations}),
		...(fees === 'legacy' ? {fees} : {}),
		...(gasPriceGwei === undefined ? {} : {gasPriceWei: gweiOf(gasPriceGwei)}),
	};
}

/** Opens a chain of the config, for a command. */
export async function openChainOf(chain: ChainConfig, clock: Clock): Promise<Chain> {
	const {openChains} = await import('./anchor/nodes.ts');
	return openChains({...nodesOf(chain), clock});
}

/** Who opened the log there: the anchoring key, unless it was changed since. */
export function openerOf(chain: ChainConfig, key: {readonly address: string}): string {
	return chain.opener?.toLowerCase() ?? key.address;
}

/** What the config pins of a chain. */
export function pinsOf({genesisHash, codeHash}: ChainConfig): Pins {
	return {...(genesisHash === undefined ? {} : {genesisHash}), ...(codeHash === undefined ? {} : {codeHash})};
}

/** How a chain and the contract at an address differ from what is pinned; undefined if they do not. Asks for nothing that is not pinned. */
export async function pinProblemOf(chain: Chain, registry: string, pins: Pins): Promise<string | undefined> {
	const genesisHash = pins.genesisHash === undefined ? undefined : await chain.genesisHash();
	const codeHash = pins.codeHash === undefined ? undefined : await chain.codeHash(registry);
	return pinProblem(pins, {genesisHash, codeHash});
}

/** How a chain is called in messages. */
export function nameOfChain({name, chainId}: ChainConfig): string {
	return name ?? `chain ${chainId}`;
}

function gweiOf(gwei: number): bigint {
	return BigInt(Math.round(gwei * 1e9));
}

/** Of an amount in the chain's coin, as decimal text with 18 decimals at most. */
export function weiOf(amount: string): bigint {
	const [whole = '', decimals = ''] = amount.split('.');
	return BigInt(whole + decimals.padEnd(18, '0'));
}

/** Opens the outbox of every chain and authority that the config names; undefined if it names none. */
export async function openAnchors(parts: {
	readonly site: Site;
	/** undefined: there is no chain. */
	readonly signer: AnchoringKey | undefined;
	readonly log: Log;
	readonly release: Release;
	readonly reader: LogReader;
	readonly logger: Logger;
	readonly world: World;
	/** Called before the tally of an anchor, for what else is to be under it. MUST NOT reject. */
	readonly beforeTally: () => Promise<unknown>;
	/** False while the log takes nothing. */
	readonly mayAppend: () => boolean;
}): Promise<Anchors | undefined> {
	const {site, signer, log, release, reader, logger, world, beforeTally, mayAppend} = parts;
	const {clock} = world;
	const {anchor: config, timestamps} = site.config;
	if (signer === undefined && timestamps.length === 0) return undefined;
	const tokens = timestamps.reduce((sum, {imprints}) => sum + imprints.length, 0);
	if (tokens > timestampsMax)
		throw site.errorAt(['timestamps'], `they ask for ${tokens} tokens of each checkpoint, and a receipt has room for ${timestampsMax}`);
	const {everyMinutes, entriesMax, idleHours} = config ?? anchorPolicyDefault;
	const policy = {ageMsMax: everyMinutes * 60_000, entriesMax, idleMsMax: idleHours * 3_600_000};
	let newest: AnchorRow | StampRow | undefined;
	for (const kind of [anchorKind, timestampKind])
		for await (const row of newestRows<AnchorRow | StampRow>(reader, kind)) {
			if (row.origin !== log.origin) continue;
			if (newest === undefined || row.size > newest.size) newest = row;
			break;
		}
	const sealing = createSealing({
		newest: newest && parseCheckpoint(newest.note),
		sealNew: () => sealCheckpoint(log, release, beforeTally),
		mayRelease: () => release.standing().state === 'open',
		size: log.size,
		shareMs: policy.ageMsMax / 2,
		clock,
	});
	const arrivedAtMsOf = (index: number): Promise<number | undefined> => arrivedAtOf(log, reader, index);
	const rotation = await createKeyRotation({log, mayAppend, logger});
	const openOutbox = async (config: ChainConfig, key: AnchoringKey): Promise<ChainTarget> => {
		// Loaded only where something is anchored: the library costs 22 MB.
		const [{createAnchor}, {agentFunctions, guardSigner}, {proofOf}] = await Promise.all([
			import('./anchor/anchor.ts'),
			import('./anchor/guard.ts'),
			import('./anchor/block-proof.ts'),
		]);
		const {chainId, registry, feeGweiMax, costMax, budgetPerDay} = config;
		const opener = openerOf(config, key);
		const chain = await world.openChain(nodesOf(config));
		const logId = anchorLogId(chainId, registry.toLowerCase(), opener, log.origin);
		const costWeiMax = costMax === undefined ? {} : {costWeiMax: weiOf(costMax)};
		const anchor = createAnchor(
			{
				newestCheckpoint: release.release,
				sealCheckpoint: sealing.seal,
				arrivedAtMsOf,
				consistencyProof: reader.consistency,
				store: {
					load: async () => {
						const rows: AnchorRow[] = [];
						for await (const row of newestRows<AnchorRow>(reader, anchorKind, logId)) {
							rows.push(row);
							if (row.state === 'final' && rows.length % rowsPerPage === 0 && areEnough(rows)) break;
						}
						return rows;
					},
					save: row => log.putDocument(anchorKind, anchorKey(row.size, row.logId), JSON.stringify(row)),
					replace: (old, row) =>
						log.replaceDocument(anchorKind, anchorKey(old.size, old.logId), anchorKey(row.size, row.logId), JSON.stringify(row)),
				},
				clock,
				logger: naming(logger, nameOfChain(config)),
				chain,
				signer: guardSigner(key, {chainId, registry, functions: agentFunctions, ...costWeiMax}),
				sawOperator: sight => void rotation.saw(sight),
				proofOf: async at => {
					const made = await proofOf(chain, at);
					return 'proof' in made ? made.proof : made;
				},
			},
			{
				registry,
				origin: log.origin,
				opener,
				policy,
				fees: {
					feeWeiMax: gweiOf(feeGweiMax),
					...costWeiMax,
					...(budgetPerDay === undefined ? {} : {budgetWeiPerDay: weiOf(budgetPerDay)}),
				},
				pins: pinsOf(config),
			},
		);
		return {name: nameOfChain(config), anchor, nodes: chain.standing};
	};
	const chains = await Promise.all(signer === undefined ? [] : config!.chains.map(chain => openOutbox(chain, signer)));
	const stampers = await Promise.all(timestamps.map(authority => openStamper(site, authority, log, reader, logger, world)));
	return createAnchors({chains, stampers, needed: site.config.log.anchorsNeeded, sealing, policy, release, arrivedAtMsOf, clock});
}

/**
 * When the entry at that index arrived; undefined if there is none yet. One target may be so new, or so far behind, that what it lacks was pruned since another holds it: then the oldest that is
 * left stands for it, which is younger, and nobody waits for ever.
 */
export async function arrivedAtOf(
	log: Pick<Log, 'size'>,
	reader: Pick<LogReader, 'entry' | 'first'>,
	index: number,
): Promise<number | undefined> {
	if (index >= log.size()) return undefined;
	const from = Math.max(index, await reader.first());
	return from < log.size() ? decodeEntry(await reader.entry(from)).arrivedAtMs : undefined;
}

/** In one query while looking for the newest rows. */
const rowsPerPage = 64;

/** Rows of a kind, the largest size first; with `behind` those of one target alone. */
async function* newestRows<Row>(reader: Pick<LogReader, 'documentsBelow'>, kind: string, behind?: string): AsyncGenerator<Row> {
	// No key begins with a colon, which stands behind all digits.
	for (let keyBelow = ':'; ; ) {
		const page = await reader.documentsBelow(kind, keyBelow, rowsPerPage, behind);
		for (const {key, body} of page) {
			keyBelow = key;
			yield JSON.parse(body) as Row;
		}
		if (page.length < rowsPerPage) return;
	}
}

/** With several chains a line of the log that does not say which one says nothing. */
function naming(logger: Logger, chain: string): Logger {
	return {log: (level, event, fields) => logger.log(level, event, {chain, ...fields})};
}

/** Of rows that are stamped this many are read at a start: the newest say where it stands. */
const stampsRead = 4;

/** Opens the outbox of one authority. Fails with CONFIG_INVALID if its certificate cannot be read. */
async function openStamper(
	site: Site,
	{name, url, certificate, imprints}: AuthorityConfig,
	log: Log,
	reader: LogReader,
	logger: Logger,
	{clock, random}: World,
): Promise<{readonly name: string; readonly stamper: Stamper}> {
	const [{createStamper}, {openTimeAuthority}, {checkTimestampToken}] = await Promise.all([
		import('./anchor/timestamping.ts'),
		import('./anchor/time-authority.ts'),
		import('./format/timestamp-token.ts'),
	]);
	const authorities = [{name, certificate: await readCertificateFile(site, certificate)}];
	const keyOf = ({size, authority}: StampRow): string => anchorKey(size, authority);
	const stamper = createStamper(
		{
			store: {
				load: async () => {
					const rows: StampRow[] = [];
					let stamped = 0;
					// What is planned is among the newest: a plan that waits gives way to a newer one.
					for await (const row of newestRows<StampRow>(reader, timestampKind, name)) {
						if (row.authority !== name || row.origin !== log.origin) continue;
						rows.push(row);
						stamped += row.state === 'stamped' ? 1 : 0;
						if (stamped >= stampsRead) break;
					}
					return rows;
				},
				save: row => log.putDocument(timestampKind, keyOf(row), JSON.stringify(row)),
				replace: (old, row) => log.replaceDocument(timestampKind, keyOf(old), keyOf(row), JSON.stringify(row)),
			},
			authority: openTimeAuthority({url}),
			checkToken: (token, {imprint, nonce}) =>
				checkTimestampToken(token, {imprints: {[imprint.algorithm]: imprint.hash}, authorities, nonce}),
			hasher: nodeHasher,
			random,
			clock,
			logger,
		},
		{name, origin: log.origin, algorithms: imprints},
	);
	return {name, stamper};
}

/** DER of a certificate in a file of the site, PEM or DER. */
async function readCertificateFile(site: Site, name: string): Promise<Uint8Array> {
	const path = siteFile(site, name);
	try {
		return new Uint8Array(new X509Certificate(await readFile(path)).raw);
	} catch (error) {
		throw new AgentError('CONFIG_INVALID', `${path} is no certificate that can be read: ${describeError(error)}`, {
			hint: 'It holds the certificate of the time-stamp authority, or of the CA that it comes from, as PEM or DER.',
			cause: error,
		});
	}
}

/** Ends the log, as it stands now, with a tally, so that whoever sees the anchor can be shown the last number of every channel; undefined if nothing may leave the agent. */
async function sealCheckpoint(log: Log, release: Release, beforeTally: () => Promise<unknown>): Promise<Checkpoint | undefined> {
	// Asked first: while release is withheld a tally would be an entry for nothing.
	if (release.standing().state !== 'open') return undefined;
	await beforeTally();
	const checkpoint = await log.tally();
	return (await release.releaseThis(checkpoint)) ? checkpoint : undefined;
}

/** A chain is asked at the start, when devices wait: no longer than this. */
const headsTimeoutMs = 3000;

export type ChainHeads = BeaconChain & {
	readonly read: () => Promise<readonly OutsideHead[]>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Reads the log's heads on its chains, as of the newest block (a single node's word) and as of the newest final one. Beacons are of the first chain. */
export async function openChainHeads(site: Site, world: World, key: {readonly address: string}, origin: string): Promise<ChainHeads> {
	const closing = createClosing();
	const chains = await Promise.all(
		site.config.anchor!.chains.map(async config => {
			const chain = closing.use(await world.openChain({...nodesOf(config), timeoutMs: headsTimeoutMs}));
			const registry = config.registry.toLowerCase();
			const {chainId} = config;
			return {chain, chainId, registry, pins: pinsOf(config), logId: anchorLogId(chainId, registry, openerOf(config, key), origin)};
		}),
	);
	/** Whether this is the chain, and the contract, that the config means: what another one says is nobody's head. */
	const isMeant = async ({chain, chainId, registry, pins}: (typeof chains)[number]): Promise<boolean> =>
		(await chain.chainId()) === chainId && (await pinProblemOf(chain, registry, pins)) === undefined;
	const readOne = async (one: (typeof chains)[number], tag: 'latest' | 'finalized'): Promise<OutsideHead[]> => {
		const {chain, chainId, registry, logId} = one;
		try {
			if (!(await isMeant(one))) return [];
			// Of the newest block any node may make us wait; of a final one they must agree.
			const heads = tag === 'latest' ? await chain.shownHeads(registry, logId) : [await chain.latest(registry, logId, tag)];
			return heads.flatMap(({size, root}) => {
				const bytes = size === 0 ? emptyRoot(nodeHasher) : fromHex(root.slice(2));
				return bytes === undefined ? [] : {source: `chain ${chainId} at ${tag}`, size, root: bytes, isConfirmed: tag === 'finalized'};
			});
		} catch {
			// Not reachable, or the registry was not there yet as of that block: no head, which is an answer.
			return [];
		}
	};
	const [first] = chains;
	return {
		chainId: first!.chainId,
		// At once: one that is away must not add its time to that of the others.
		read: async () =>
			(await Promise.all(chains.map(async one => [...(await readOne(one, 'latest')), ...(await readOne(one, 'finalized'))]))).flat(),
		finalizedBlock: async () => {
			const {chain, chainId} = first!;
			// A block of another chain would be a beacon that lies.
			if (!(await isMeant(first!))) throw new AgentError('CHAIN_MISMATCH', `the node does not speak for chain ${chainId}, as it is pinned`);
			return chain.finalizedBlock();
		},
		[Symbol.asyncDispose]: closing.close,
	};
}

/** What is known of one size that is planned, or held, anywhere. */
type HeldSize = {
	readonly note: string;
	readonly size: number;
	readonly plannedAtMs: number;
	readonly anchors: readonly AnchorRecord[];
	readonly timestamps: readonly TimestampRecord[];
	/** Chains, and authorities with a token that was checked: as a verifier counts them. */
	readonly holders: number;
};

/** Sizes that were planned for anything, rising, and for how many targets each was. Reads keys only: bodies hold proofs. */
async function* plannedSizes(reader: Pick<LogReader, 'documentKeys'>, sizeMin: number): AsyncGenerator<{size: number; targets: number}> {
	async function* keysOf(kind: string): AsyncGenerator<string> {
		let limit = keysOfFirstPage;
		for (let keyMin = anchorKey(sizeMin, ''); ; limit = keysPerPage) {
			const page = await reader.documentKeys(kind, keyMin, limit);
			yield* page;
			if (page.length < limit) return;
			keyMin = `${page.at(-1)!}\0`;
		}
	}
	const walks = [keysOf(anchorKind), keysOf(timestampKind)];
	const nexts = await Promise.all(walks.map(walk => walk.next()));
	const sizeOf = (key: string): number => Number.parseInt(key, 10);
	for (;;) {
		const size = Math.min(...nexts.map(({done, value}) => (done ? Number.POSITIVE_INFINITY : sizeOf(value))));
		if (size === Number.POSITIVE_INFINITY) return;
		let targets = 0;
		for (const [i, walk] of walks.entries())
			for (; !nexts[i]!.done && sizeOf(nexts[i]!.value) === size; targets += 1) nexts[i] = await walk.next();
		yield {size, targets};
	}
}

const keysOfFirstPage = 16;
const keysPerPage = 1024;

/** Undefined if nobody holds it yet. */
async function heldAt(reader: Pick<LogReader, 'documentsFrom'>, size: number): Promise<HeldSize | undefined> {
	const [from, below] = [anchorKey(size, ''), anchorKey(size + 1, '')];
	const bodies = async (kind: string): Promise<string[]> =>
		(await reader.documentsFrom(kind, from, targetsMax)).flatMap(({key, body}) => (key < below ? [body] : []));
	const anchored = (await bodies(anchorKind)).map(body => JSON.parse(body) as AnchorRow).filter(({mined}) => mined !== undefined);
	const stamped = (await bodies(timestampKind)).map(body => JSON.parse(body) as StampRow);
	const anchors = anchored.flatMap(row => toAnchorRecord(row) ?? []).slice(0, anchorsMax);
	// No document takes more: the first token of each authority before the second of any.
	const tokens = stamped.map(toTimestampRecords);
	const timestamps = [...tokens.flatMap(([one]) => one ?? []), ...tokens.flatMap(([, ...more]) => more)].slice(0, timestampsMax);
	const row = anchored[0] ?? stamped.find(({tokens}) => tokens.length > 0);
	if (row === undefined) return undefined;
	const chains = new Set(anchors.map(({chainId}) => chainId));
	const authorities = new Set(stamped.filter(isStamped).map(({authority}) => authority));
	return {note: row.note, size, plannedAtMs: row.plannedAtMs, anchors, timestamps, holders: chains.size + authorities.size};
}

/** Of one size: the config names 8 chains and 8 authorities, and may have named others. */
const targetsMax = 32;
/** Sizes whose rows are read in the search for one that enough hold. */
const sizesLookedAt = 64;
/** Sizes that are passed over for having too few targets: at one in ten minutes a chain may have been away for two years. */
const sizesPassedMax = 100_000;

/**
 * An anchored checkpoint above the index, with its anchors on all chains and its time stamps: the smallest that `needed` of them hold and that was planned not before the
 * time; if there is none, the smallest that any holds and that was planned not before it; else the largest of all. Without a time any will do.
 */
export async function anchoredAbove(
	reader: Pick<LogReader, 'documentKeys' | 'documentsFrom'>,
	index: number,
	notBeforeMs = 0,
	needed = 1,
): Promise<AnchoredCheckpoint | undefined> {
	let first: HeldSize | undefined;
	let largest: HeldSize | undefined;
	let [looked, passed] = [0, 0];
	for await (const {size, targets} of plannedSizes(reader, index + 1)) {
		// While a chain is away, what the others hold meanwhile is no use to whoever needs it too.
		if (first !== undefined && targets < needed) {
			passed += 1;
			if (passed >= sizesPassedMax) break;
			continue;
		}
		const held = await heldAt(reader, size);
		if (held === undefined) continue;
		largest = held;
		if (held.plannedAtMs < notBeforeMs) continue;
		if (held.holders >= needed) return held;
		first ??= held;
		looked += 1;
		if (looked >= sizesLookedAt) break;
	}
	return first ?? largest;
}

/**
 * Asks chains about anchors: of each record, the first of the nodes that speaks for its chain. One node is believed as far as one node goes; the verdict says whom
 * it asked.
 */
export function openChainReader(urls: readonly string[]): ChainReader & AsyncDisposable {
	const closing = createClosing();
	const chains = new Map<string, Chain>();
	/** Of each node in turn, until one has an answer. */
	const first = async <T extends {readonly found: string; readonly detail: string}>(
		chainId: number,
		ask: (chain: Chain) => Promise<T>,
	): Promise<T | {readonly found: 'unreachable'; readonly detail: string}> => {
		let answer: T | {readonly found: 'unreachable'; readonly detail: string} = {
			found: 'unreachable',
			detail: 'no node speaks for this chain',
		};
		const {openChain} = await import('./anchor/chain.ts');
		for (const url of urls) {
			const name = `${chainId} ${url}`;
			let chain = chains.get(name);
			if (chain === undefined) {
				chain = closing.use(openChain({url, chainId}));
				chains.set(name, chain);
			}
			answer = await ask(chain);
			if (answer.found !== 'unreachable') return answer;
		}
		return answer;
	};
	return {
		readAnchor: (record, root) => first(record.chainId, chain => chain.readAnchor(record, root)),
		readBlock: async block => {
			const {readBlock} = await import('./anchor/block-sight.ts');
			return first(block.chainId, async chain => {
				const {found, ...said} = await readBlock(chain, block);
				return {...said, found: found === 'elsewhere' ? 'unreachable' : found};
			});
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
	/** Pins, as `kedge deploy` gives them. */
	readonly genesisHash: string;
	readonly codeHash: string;
	/** How many commitments the registry that is there keeps, and for how long it overwrites none, whatever was asked for. */
	readonly ring: {readonly places: number; readonly challengeTimeS: number};
};

/**
 * Makes a site ready to anchor: deploys a registry with the anchoring key unless one is named, opens the log there, and adds the registry to the trust file. Safe
 * to repeat. Fails with CHAIN_UNREACHABLE, CHAIN_REFUSED (no funds) or CHAIN_MISMATCH.
 */
export async function prepareAnchoring(
	site: Site,
	options: {
		readonly rpcUrl: string;
		readonly chainId: number;
		readonly registry: string | undefined;
		readonly challengeTimeS: number;
		/** More than one node, or a chain with ways of its own; the first two say which. */
		readonly nodes?: NodesOptions;
	},
	clock: Clock = systemClock,
): Promise<PreparedAnchoring> {
	const [{openChains}, {deployRegistry, openLogAt}, {guardSigner}] = await Promise.all([
		import('./anchor/nodes.ts'),
		import('./anchor/deploy.ts'),
		import('./anchor/guard.ts'),
	]);
	const {chainId} = options;
	const key = await openAnchoringKey(site);
	// Whatever a node or a file says, the key signs what this is for and nothing else.
	const signerFor = (registry: string | undefined): Signer =>
		guardSigner(key, {chainId, registry, functions: ['open'], mayDeploy: registry === undefined});
	const trust = trustOf(await readFile(site.paths.trust), site.paths.trust);
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	await using chain = openChains({...(options.nodes ?? {urls: [options.rpcUrl], chainId: options.chainId}), clock});
	const {registry, deployed} =
		options.registry === undefined
			? await deployRegistry({chain, clock, signer: signerFor(undefined)}, {challengeTimeS: options.challengeTimeS})
			: {registry: options.registry.toLowerCase(), deployed: false};
	const before = await handedOnTo(site, {chain, chainId, registry, origin: reader.origin, key: key.address});
	const {logId, opened} = before ?? (await openLogAt({chain, clock, signer: signerFor(registry)}, {registry, origin: reader.origin}));
	const mine = {chainId, registry, opener: before?.opener ?? key.address};
	const isTrusted = trust.registries.some(
		known => known.chainId === mine.chainId && known.registry === registry && known.opener === mine.opener,
	);
	if (!isTrusted) await replaceFile(site.paths.trust, formatTrust({...trust, registries: [...trust.registries, mine]}), 0o644);
	const codeHash = await chain.codeHash(registry);
	if (codeHash === undefined) throw new AgentError('CHAIN_UNREACHABLE', `the node has no code at ${registry}, which it had a moment ago`);
	return {...mine, logId, deployed, opened, genesisHash: await chain.genesisHash(), codeHash, ring: await chain.ring(registry)};
}

/** The log that another key has opened there and this one has taken over, as the config says; it must not be opened a second time, under another id. */
async function handedOnTo(
	site: Site,
	{
		chain,
		chainId,
		registry,
		origin,
		key,
	}: {readonly chain: Chain; readonly chainId: number; readonly registry: string; readonly origin: string; readonly key: string},
): Promise<{readonly logId: string; readonly opener: string; readonly opened: false} | undefined> {
	const found = site.config.anchor?.chains.find(one => one.chainId === chainId && one.registry.toLowerCase() === registry);
	const opener = found?.opener?.toLowerCase();
	if (opener === undefined || opener === key) return undefined;
	const logId = anchorLogId(chainId, registry, opener, origin);
	return (await chain.operatorOf(registry, logId)) === key ? {logId, opener, opened: false} : undefined;
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
