// The composition root's part that opens the next life of a log whose database no longer agrees with what was released.

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Chain} from './anchor/chain.ts';
import {type AnchorRow, isOnChain, toAnchorRecord} from './anchor/outbox.ts';
import {anchorKind, nodesOf, openChainHeads, openerOf, type PreparedAnchoring, prepareAnchoring} from './anchoring.ts';
import {equalBytes, fromHex, toHex} from './base/bytes.ts';
import {createClosing} from './base/closing.ts';
import {createEd25519Signer, ed25519Seed, verifyEd25519} from './base/ed25519.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Database} from './base/sqlite.ts';
import type {ChainConfig} from './config.ts';
import {type Checkpoint, formatOrigin, parseCheckpoint, parseOrigin, signCheckpoint} from './format/checkpoint.ts';
import {type EpochBody, reasonProblem} from './format/epoch.ts';
import {anchorLogId} from './format/log-id.ts';
import {isSignedBy, noteKey, parseNoteKey} from './format/note.ts';
import {emptyTrust, formatTrust, type Trust} from './format/trust.ts';
import {audit} from './log/audit.ts';
import {type CommonHead, chooseCommonHead, type SeenHead} from './log/common-head.ts';
import {type HeadRow, readMeta} from './log/log.ts';
import {writeNextLog} from './log/next-log.ts';
import {judgeHeads, judgeOrigin} from './log/outside.ts';
import {createRehash, rehashStart} from './log/rehash.ts';
import {beginSwap, buildingName, commonName, epochFiles, finishSwap, isSwapPending, realSwapFiles, type SwapFiles} from './log/swap.ts';
import {closeOnChains, type LogFailure, type LogOutcome} from './log-on-chain.ts';
import {emptyRoot} from './merkle/tree.ts';
import {openLogKey, type Site, trustOf} from './site.ts';
import {realWorld, type World} from './world.ts';

export type EpochOptions = {
	readonly site: Site;
	/** Why, in the owner's words; goes into the log. Not needed to finish what was begun. */
	readonly reason: string | undefined;
	/** Opens the next epoch although nothing contradicts the database. */
	readonly anyway: boolean;
	/** Appends nothing again: for a database that was edited or damaged. */
	readonly withoutEntries: boolean;
	/** Looks and judges, and changes nothing. */
	readonly dryRun: boolean;
	readonly world?: Partial<World>;
	/** @default realSwapFiles */
	readonly files?: SwapFiles;
	readonly onProgress?: (doing: string, done: number, all: number) => void;
};

/** What was found and done, in plain JSON types. Roots are hexadecimal. */
export type EpochReport = {
	readonly from: string;
	readonly to: string;
	/** The folder, in the site's directory, that keeps the epoch that ended. */
	readonly archive: string;
	readonly reason: string;
	/** Why the database may not go on as it is; undefined if it may. */
	readonly contradiction: string | undefined;
	/** What is wrong inside of the database; undefined if its entries lead to the root that its key signed. */
	readonly damage: string | undefined;
	/** The database's own head. */
	readonly own: {readonly size: number; readonly root: string};
	readonly heads: readonly {readonly source: string; readonly origin: string; readonly size: number; readonly root: string}[];
	readonly common: {readonly size: number; readonly root: string; readonly source: string};
	/** Indexes of the epoch that ended that follow again, `end` not included. */
	readonly again: {readonly first: number; readonly end: number};
};

export type EpochOutcome =
	/** Nothing was changed: a dry run. */
	| {readonly did: 'looked'; readonly report: EpochReport}
	| {readonly did: 'opened'; readonly report: EpochReport}
	/** What an earlier call had begun is done now. Without a report only an empty folder was left of it. */
	| {readonly did: 'finished'; readonly report: EpochReport | undefined};

/** Newest anchors of our own that are looked at; each may cost a question to a node. */
const rowsMax = 256;
const rowsPerPage = 64;
const entriesPerStep = 16_384;
/** Epochs that somebody else opened on the chain and that are stepped over. */
const epochsTakenMax = 64;

/**
 * Looks at the database of a site and at every head of it that others keep, builds the log of the next epoch beside it, and swaps the files in. The agent MUST be stopped: fails with
 * LOG_LOCKED. Fails with EPOCH_NEEDLESS if nothing contradicts the database, and with LOG_CORRUPT if its entries do not lead to what it signed. Whatever it is ended by, the
 * next call goes on or begins anew.
 */
export async function openEpoch(options: EpochOptions): Promise<EpochOutcome> {
	const {site, files = realSwapFiles} = options;
	const {paths} = site;
	const world: World = {...realWorld(), ...options.world};
	const closing = createClosing();
	try {
		closing.use(await world.takeProcessLock(`${paths.log}.lock`));
		if (await isSwapPending(paths.directory, files)) {
			if (options.dryRun) throw new AgentError('EPOCH_UNFINISHED', 'the next epoch was begun and not finished', {hint: 'Run: kedge epoch'});
			return {did: 'finished', report: (await finishSwap(paths.directory, files)) as EpochReport | undefined};
		}
		const {reason = ''} = options;
		const problem = reasonProblem(reason);
		if (problem !== undefined && !options.dryRun)
			throw new AgentError('ARGUMENT_INVALID', `the reason cannot be written down: ${problem}`, {
				hint: 'Say in a sentence what happened: kedge epoch --reason "…"',
			});
		const found = await lookAtSite(options, world, files);
		const {report, unconfirmed} = found;
		if (options.dryRun) return {did: 'looked', report};
		if (report.contradiction === undefined && report.damage === undefined && !options.anyway)
			throw new AgentError(
				'EPOCH_NEEDLESS',
				unconfirmed ?? `nothing contradicts the database: every head that could be read is one of its own`,
				{hint: 'No epoch is needed; the agent may run. To open one all the same, say --anyway.'},
			);
		if (report.damage !== undefined && !options.withoutEntries)
			throw new AgentError('LOG_CORRUPT', `the log is damaged: ${report.damage}`, {
				hint: 'What was edited is never signed anew. Put back a backup that kedge audit finds clean; without one, --without-entries opens an epoch that begins empty.',
			});
		await build(options, world, files, found);
		await beginSwap(paths.directory, report, files);
		await finishSwap(paths.directory, files);
		return {did: 'opened', report};
	} finally {
		await closing.close();
	}
}

/** Opens the log of the site's epoch on the chains that the config names, in their order. Fails like prepareAnchoring. */
export async function openEpochOnChains(site: Site): Promise<readonly PreparedAnchoring[]> {
	const prepared: PreparedAnchoring[] = [];
	for (const chain of site.config.anchor?.chains ?? []) {
		const {chainId, registry} = chain;
		prepared.push(await prepareAnchoring(site, {rpcUrl: chain.rpcUrls[0]!, chainId, registry, challengeTimeS: 0, nodes: nodesOf(chain)}));
	}
	return prepared;
}

/**
 * Ends the log of the epoch before at its registries, with the one that goes on as its successor, which openEpochOnChains has opened: nobody can add to the old history any more. What the ended epoch had
 * not anchored stays unanchored. A chain that does not answer, or does not have it, is told among the others.
 */
export function closeEndedEpoch(site: Site, {from, to}: Pick<EpochReport, 'from' | 'to'>): Promise<readonly (LogOutcome | LogFailure)[]> {
	return closeOnChains(site, {chain: undefined, origin: from, successor: to});
}

type Found = {
	readonly report: EpochReport;
	/** Why release is withheld without a contradiction, if it is. */
	readonly unconfirmed: string | undefined;
	readonly seen: readonly (SeenHead & {readonly origin: string})[];
	readonly common: CommonHead;
	readonly ownRoot: Uint8Array;
	readonly vkey: string;
	readonly trust: Trust;
	readonly counters: EpochBody['counters'];
};

async function lookAtSite(options: EpochOptions, world: World, files: SwapFiles): Promise<Found> {
	const {site} = options;
	const {paths} = site;
	await using database = await world.openDatabase({path: paths.log, mode: 'read'});
	const {logName, epoch, vkey, copiedAt} = await readMeta(database, paths.log);
	const origin = formatOrigin(logName, epoch);
	const [head] = await database.all<HeadRow>('SELECT size, root, note FROM head');
	const size = head?.size ?? 0;

	const sideFile = await readSideFile(world, site, origin);
	const own = (sideFile === undefined || 'foreign' in sideFile ? [] : [sideFile.head]).map(seen => ({...seen, origin}));
	const chain = (await readChain(world, site, origin)).map(seen => ({...seen, origin}));
	const rows = (await ownAnchors(database, origin)).filter(row => row.size <= size);

	const wanted = new Set([...own, ...chain, ...rows].map(({size: at}) => at));
	const rootAt = new Map<number, Uint8Array>([[0, emptyRoot(nodeHasher)]]);
	let damage: string | undefined;
	let begin = 0;
	try {
		const start = await rehashStart(database, nodeHasher);
		begin = start.size;
		const rehash = createRehash({
			rows: database,
			hasher: nodeHasher,
			size,
			start,
			onSize: (at, root) => {
				if (wanted.has(at)) rootAt.set(at, root());
			},
		});
		while (await rehash.step(entriesPerStep)) options.onProgress?.('hashed', rehash.size, size);
		if (head !== undefined) damage = await damageOf(head, rehash.root(), origin, vkey);
	} catch (error) {
		if (!(error instanceof AgentError) || error.code !== 'LOG_CORRUPT') throw error;
		damage = error.message;
	}
	const ownRoot = head?.root ?? emptyRoot(nodeHasher);

	const confirmed = await newestConfirmed(world, site, rows, rootAt);
	const seen = [...own, ...chain, ...(confirmed === undefined ? [] : [{...confirmed, origin}])];
	// A head below what was pruned cannot be compared: it says nothing about what came since.
	const compared = seen.filter(head => head.size >= begin || rootAt.has(head.size));
	const standing = judgeHeads(size, rootAt, compared);
	const foreign = sideFile !== undefined && 'foreign' in sideFile ? judgeOrigin(origin, sideFile.foreign.origin) : undefined;
	if (foreign !== undefined && 'frozen' in foreign && parseOrigin((sideFile as ForeignFile).foreign.origin)?.logName !== logName)
		throw new AgentError('LOG_FROZEN', foreign.frozen, {
			hint: `Put the files of each log back into their own directory; if ${paths.released} is nobody's, move it away.`,
		});
	const contradiction =
		foreign !== undefined && 'frozen' in foreign
			? foreign.frozen
			: standing.state === 'frozen'
				? standing.reason
				: copiedAt === undefined
					? undefined
					: `the database is a backup, made at ${copiedAt}: what was acknowledged since is not in it`;
	const common = chooseCommonHead(size, rootAt, compared, emptyRoot(nodeHasher));

	const trust = await readTrust(site, vkey);
	const seenEpochs = [
		sideFile !== undefined && 'foreign' in sideFile ? sideFile.foreign.origin : origin,
		...trust.logs.map(key => key.name),
	];
	const names = await files.list(paths.directory);
	const taken = [
		epoch,
		...seenEpochs.map(parseOrigin).map(parsed => (parsed?.logName === logName ? parsed.epoch : 0)),
		...names.map(name => Number(/^epoch-(\d{1,6})(?:-\d+)?$/.exec(name)?.[1] ?? 0)),
	];
	const next = await firstFreeEpoch(world, site, logName, Math.max(...taken) + 1);
	const counters = await database.all<{name: string; count: number}>('SELECT name, count FROM counters ORDER BY name');
	// What was pruned cannot follow again; it lay below an anchor that is final.
	const [oldest] = await database.all<{first: number | null}>('SELECT min(first) AS first FROM batches');
	const again = {first: options.withoutEntries ? size : Math.max(common.size, oldest?.first ?? 0), end: size};
	const listed = [...seen, ...(sideFile !== undefined && 'foreign' in sideFile ? [sideFile.foreign] : [])];
	return {
		report: {
			from: origin,
			to: formatOrigin(logName, next),
			archive: freeArchive(epoch, names),
			reason: options.reason ?? '',
			contradiction,
			damage,
			own: {size, root: toHex(ownRoot)},
			heads: listed.map(at => ({source: at.source, origin: at.origin, size: at.size, root: toHex(at.root)})),
			common: {size: common.size, root: toHex(common.root), source: common.source},
			again,
		},
		unconfirmed: standing.state === 'withheld' ? standing.reason : undefined,
		seen: listed,
		common,
		ownRoot,
		vkey,
		trust,
		counters,
	};
}

type ForeignFile = {readonly foreign: SeenHead & {readonly origin: string}};

/** A damaged side file is a lost one. */
async function readSideFile(world: World, site: Site, origin: string): Promise<{readonly head: SeenHead} | ForeignFile | undefined> {
	let checkpoint: Checkpoint | undefined;
	try {
		checkpoint = await world.createHeadFile(site.paths.released).read();
	} catch {
		return undefined;
	}
	if (checkpoint === undefined) return undefined;
	const {size, root} = checkpoint;
	const head: SeenHead = {source: 'the side file', size, root, isConfirmed: true, witness: 'side file'};
	return checkpoint.origin === origin ? {head} : {foreign: {...head, origin: checkpoint.origin}};
}

async function readChain(world: World, site: Site, origin: string): Promise<SeenHead[]> {
	if (site.config.anchor === undefined) return [];
	const key = await world.openAnchoringKey(site);
	await using heads = await openChainHeads(site, world, key, origin);
	return (await heads.read()).map(head => ({...head, witness: 'chain'}));
}

/** The newest of our own anchors that were seen in a block, newest first. */
async function ownAnchors(database: Database, origin: string): Promise<AnchorRow[]> {
	const newest: AnchorRow[] = [];
	for (let before = '~'; newest.length < rowsMax; ) {
		const page = await database.all<{key: string; body: string}>(
			`SELECT key, body FROM documents WHERE kind = ? AND key < ? ORDER BY key DESC LIMIT ${rowsPerPage}`,
			[anchorKind, before],
		);
		const last = page.at(-1);
		if (last === undefined) break;
		before = last.key;
		newest.push(...page.map(({body}) => JSON.parse(body) as AnchorRow).filter(row => row.origin === origin && isOnChain(row)));
	}
	return newest;
}

/** The newest of our own anchors that their chains still have; where those cannot be asked, the newest that we saw become final. */
async function newestConfirmed(
	world: World,
	site: Site,
	rows: readonly AnchorRow[],
	rootAt: ReadonlyMap<number, Uint8Array>,
): Promise<SeenHead | undefined> {
	const closing = createClosing();
	try {
		const chains = new Map<number, Chain>();
		for (const config of site.config.anchor?.chains ?? [])
			chains.set(config.chainId, closing.use(await world.openChain({...nodesOf(config), timeoutMs: 3000})));
		for (const row of rows) {
			const root = fromHex(row.root.slice(2));
			const stored = rootAt.get(row.size);
			if (root === undefined || stored === undefined || !equalBytes(root, stored)) continue;
			let found: string = row.state === 'final' ? 'final' : 'absent';
			let how = 'as this agent saw it';
			const sight = await chains.get(row.chainId)?.readAnchor(toAnchorRecord(row)!, root);
			// One that does not answer is not asked again: each question may take its whole time.
			if (sight?.found === 'unreachable') chains.delete(row.chainId);
			else if (sight !== undefined) [found, how] = [sight.found, 'asked now'];
			if (found !== 'final' && found !== 'mined') continue;
			return {
				source: `its own anchor on chain ${row.chainId}, ${how}`,
				size: row.size,
				root,
				isConfirmed: found === 'final',
				witness: 'chain',
			};
		}
		return undefined;
	} finally {
		await closing.close();
	}
}

/** What is wrong inside of the database; undefined if its entries lead to the root that its key signed. */
async function damageOf(head: HeadRow, stored: Uint8Array, origin: string, vkey: string): Promise<string | undefined> {
	if (!equalBytes(stored, head.root)) return `its ${head.size} entries lead to root ${toHex(stored)}, its head says ${toHex(head.root)}`;
	const key = parseNoteKey(nodeHasher, vkey);
	const checkpoint = parseCheckpoint(head.note);
	const isSigned =
		key !== undefined &&
		checkpoint !== undefined &&
		checkpoint.origin === origin &&
		checkpoint.size === head.size &&
		equalBytes(checkpoint.root, head.root) &&
		(await isSignedBy(verifyEd25519, checkpoint.parsed, key));
	return isSigned ? undefined : `its checkpoint of size ${head.size} is not signed by its key`;
}

/** The trust file as it is; where it was lost, one with the log's own key. Fails with FORMAT_INVALID. */
async function readTrust({paths}: Site, vkey: string): Promise<Trust> {
	const own = parseNoteKey(nodeHasher, vkey);
	let bytes: Uint8Array;
	try {
		bytes = await readFile(paths.trust);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {...emptyTrust, logs: own === undefined ? [] : [own]};
		throw error;
	}
	return trustOf(bytes, paths.trust);
}

/** A number that was opened on a chain belongs to somebody already: to a copy of this card, or to an epoch that was lost. A chain that cannot be asked knows of none. */
async function firstFreeEpoch(world: World, site: Site, logName: string, from: number): Promise<number> {
	const {anchor} = site.config;
	if (anchor === undefined) return from;
	const key = await world.openAnchoringKey(site);
	const closing = createClosing();
	try {
		const chains: {readonly chain: Chain; readonly config: ChainConfig}[] = [];
		for (const config of anchor.chains)
			chains.push({chain: closing.use(await world.openChain({...nodesOf(config), timeoutMs: 3000})), config});
		const isOpen = async ({chain, config}: (typeof chains)[number], epoch: number): Promise<boolean> => {
			const registry = config.registry.toLowerCase();
			// Each epoch is opened by the key of its day.
			const openers = new Set([key.address, openerOf(config, key)]);
			for (const opener of openers) {
				const logId = anchorLogId(config.chainId, registry, opener, formatOrigin(logName, epoch));
				if ((await chain.operatorOf(registry, logId).catch(() => undefined)) !== undefined) return true;
			}
			return false;
		};
		for (let epoch = from; epoch < from + epochsTakenMax; epoch += 1) {
			const open = await Promise.all(chains.map(one => isOpen(one, epoch)));
			if (!open.includes(true)) return epoch;
		}
		throw new AgentError('CHAIN_MISMATCH', `epochs ${from} to ${from + epochsTakenMax - 1} of ${logName} are all opened on the chain`);
	} finally {
		await closing.close();
	}
}

/** An older epoch that was put back is kept beside the one of the same number that was kept before. */
function freeArchive(epoch: number, names: readonly string[]): string {
	for (let copy = 1; ; copy += 1) {
		const name = copy === 1 ? `epoch-${epoch}` : `epoch-${epoch}-${copy}`;
		if (!names.includes(name)) return name;
	}
}

/** Builds everything in `next-epoch.building/`, durable and audited. */
async function build({site, onProgress}: EpochOptions, world: World, files: SwapFiles, found: Found): Promise<void> {
	const {paths} = site;
	const {report, common} = found;
	const place = join(paths.directory, buildingName);
	await files.remove(place);
	await files.makeDirectory(place);
	const {logName, epoch} = parseOrigin(report.to)!;
	const seed = ed25519Seed(world.random);
	const signer = createEd25519Signer(seed);
	const key = noteKey(nodeHasher, report.to, signer.publicKey);
	await files.write(join(place, 'log.key'), `${toHex(seed)}\n`);
	const empty = signCheckpoint({origin: report.to, size: 0, root: emptyRoot(nodeHasher)}, key, signer.sign);
	await files.write(join(place, 'released.checkpoint'), empty.note);
	await files.write(join(place, 'trust.json'), formatTrust({...found.trust, logs: [...found.trust.logs, key]}), 0o644);
	const shown = await signCommon(site, report.from, common, found.vkey);
	if (shown !== undefined) await files.write(join(place, commonName), shown.note);

	const path = join(place, 'log.db');
	// Made before SQLite opens it, since SQLite gives its other files the mode of the first.
	await files.write(path, '');
	// The old database, with everything in its own file: what is moved away is one file.
	await flushJournal(world, paths.log);
	{
		await using database = await world.openDatabase({path: paths.log, mode: 'read'});
		await writeNextLog({
			rows: database,
			logName,
			path,
			body: {
				epoch,
				reason: report.reason,
				openedAtMs: world.clock.nowMs(),
				previous: {origin: report.from, vkey: found.vkey, size: report.own.size, root: found.ownRoot},
				heads: found.seen.map(({source, origin, size, root}) => ({source, origin, size, root})),
				common: {size: common.size, root: common.root},
				again: report.again,
				counters: found.counters,
			},
			signer,
			hasher: nodeHasher,
			random: world.random,
			openDatabase: world.openDatabase,
			onProgress: (done, all) => onProgress?.('appended again', done, all),
		});
	}
	// None of the code that wrote it looks whether it is right.
	const {problems} = await audit({path, hasher: nodeHasher, verifySignature: verifyEd25519});
	if (problems.length > 0)
		throw new AgentError('LOG_CORRUPT', `the log of the next epoch is not right, and nothing was changed: ${problems[0]}`, {
			hint: 'Run: kedge audit',
		});
	await files.remove(`${path}-wal`);
	await files.remove(`${path}-shm`);
	for (const {name} of epochFiles) await files.sync(join(place, name));
}

/** The checkpoint of the common head. Ed25519 signs the same text with the same bytes, so it is the very note that was released. */
async function signCommon({paths}: Site, origin: string, {size, root}: CommonHead, vkey: string): Promise<Checkpoint | undefined> {
	const known = parseNoteKey(nodeHasher, vkey);
	const signer = await openLogKey(paths).catch(() => undefined);
	// Without its key the epoch that ended can show no head; its database is kept all the same.
	if (signer === undefined || known === undefined || !equalBytes(signer.publicKey, known.publicKey)) return undefined;
	return signCheckpoint({origin, size, root}, known, signer.sign);
}

async function flushJournal(world: World, path: string): Promise<void> {
	await using database = await world.openDatabase({path, mode: 'write'});
	const [row] = await database.all<{busy: number}>('PRAGMA wal_checkpoint(TRUNCATE)');
	if (row?.busy !== 0)
		throw new AgentError('LOG_LOCKED', `another process reads ${path}`, {hint: 'End every kedge command that reads this site.'});
}
