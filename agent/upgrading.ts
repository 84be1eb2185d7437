// The composition root's part that tries this program on a copy of a site's databases, before an agent is started again with it: they open, they audit clean, and prove the same as before.

import {copyFile, mkdtemp, readFile, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {openAccountsAside, rebuildLedgers} from './accounts.ts';
import {takeCopy} from './backup.ts';
import {createClosing} from './base/closing.ts';
import {verifyDeviceSignature} from './base/device-signature.ts';
import {giveToOwner} from './base/durable.ts';
import {verifyEd25519} from './base/ed25519.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import {silentLogger} from './base/logger.ts';
import {openDatabase} from './base/sqlite.ts';
import {type Line, ok, warning, wrong} from './diagnosis.ts';
import {copyLog} from './log/backup.ts';
import {openLog} from './log/log.ts';
import {auditSite, openSiteReader} from './reading.ts';
import {exists, openLogKey, type Site, type SitePaths, sitePaths, trustOf} from './site.ts';
import {createVerifier} from './verify/verifier.ts';
import {realWorld, type World} from './world.ts';

/** Receipts that are made before and after: the first, the last, and some between. */
const receiptsMax = 100;
/** Problems of an audit that are shown: the first. */
const problemsShown = 20;
const mib = 1024 * 1024;

export type Trying = {
	readonly site: Site;
	/** Where the copies go, and are deleted again. @default beside the log */
	readonly folder?: string | undefined;
	readonly onPart?: (what: string, done: number, all: number, unit?: string) => void;
	readonly signal?: AbortSignal;
	readonly world?: Partial<World>;
};

/** Looks at copies only; nothing is signed, and the site stays as it is. */
export async function tryUpgrade(trying: Trying): Promise<readonly Line[]> {
	const {site, onPart = () => {}, signal} = trying;
	const world: World = {...realWorld(), ...trying.world};
	const {paths} = site;
	await assertRoom(paths, trying.folder ?? paths.directory, world);
	const folder = await mkdtemp(join(trying.folder ?? paths.directory, 'upgrade-check-'));
	// The agent makes the copy, and may be somebody else.
	await giveToOwner(folder);
	const lines: Line[] = [];
	const stay = 'Go on with the version of Kedge that you have, and tell us.';
	const goOn = (): void => {
		if (signal?.aborted) throw new AgentError('BACKUP_FAILED', 'stopped; the copies are deleted, and nothing was found out');
	};
	try {
		const copy = sitePaths(folder);
		const byAgent = await takeCopy(
			paths,
			{onProgress: (done, all) => onPart('copying the log', done, all, 'bytes'), ...(signal === undefined ? {} : {signal})},
			world,
			copy.log,
		);
		for (const name of ['released', 'trust', 'logKey'] as const) if (await exists(paths[name])) await copyFile(paths[name], copy[name]);
		const copiedMiB = Math.ceil((await stat(copy.log)).size / mib);
		lines.push(ok('copy', `log.db, ${copiedMiB} MiB, copied ${byAgent ? 'by the running agent' : 'with the log locked'}`));
		goOn();

		const before = await receiptsOf(copy, (done, all) => onPart('making receipts', done, all));
		const signer = await openLogKey(copy);
		// As a writer, which is when a database would be changed; nothing is handed in, so nothing is signed.
		const log = await openLog({path: copy.log, hasher: nodeHasher, random: world.random, clock: world.clock, logger: silentLogger, signer});
		const {logName, origin} = log;
		await log[Symbol.asyncDispose]();
		if (logName !== site.config.log.name)
			throw site.errorAt(['log', 'name'], `the log in ${paths.log} is ${logName}, and a log keeps its name`);
		lines.push(ok('log.db', `${origin} opens for writing, with its key`));
		goOn();

		const report = await auditSite(copy, {
			...(signal === undefined ? {} : {signal}),
			onProgress: (done, all) => onPart('checking every hash', done, all),
		});
		if (report.problems.length === 0) lines.push(ok('audit', `${report.size} entries, root ${report.root}: everything fits`));
		for (const problem of report.problems.slice(0, problemsShown))
			lines.push(wrong('audit', problem, 'kedge audit with the version that runs now says whether it was so before.'));
		goOn();

		const after = await receiptsOf(copy, (done, all) => onPart('making receipts again', done, all));
		const changed = [...before].filter(([index, text]) => after.get(index) !== text).map(([index]) => index);
		lines.push(
			changed.length === 0
				? ok('receipts', `${before.size} of them are the same, byte for byte`)
				: wrong('receipts', `those of entries ${changed.slice(0, 10).join(', ')} are others than before`, stay),
		);
		const bad = await badReceipt(copy, after);
		lines.push(bad === undefined ? ok('verdicts', 'good, by trust.json') : wrong('verdicts', bad, stay));
		goOn();

		lines.push(...(await ledgerLines(paths, copy, onPart)));
		if (await exists(paths.market)) {
			await copyDatabase(paths.market, copy.market);
			const problem = await pageProblem(copy.market);
			lines.push(
				problem === undefined
					? ok('market.db', 'every page fits')
					: warning('market.db', problem, 'It may be deleted while the agent does not run; the agent makes it again from the log.'),
			);
		}
		return lines;
	} catch (error) {
		if (signal?.aborted) throw error;
		lines.push(wrong('log.db', describeError(error), (error instanceof AgentError ? error.hint : undefined) ?? stay));
		return lines;
	} finally {
		await rm(folder, {recursive: true, force: true, maxRetries: 3});
	}
}

/** The copy is deleted again, and must not make a running agent full meanwhile. */
async function assertRoom(paths: SitePaths, folder: string, world: World): Promise<void> {
	const [own, target] = [(await stat(paths.directory)).dev, (await stat(folder)).dev];
	let neededBytes = own === target ? 64 * mib : 0;
	// The ledgers twice: they are copied, and made again beside the copy.
	for (const path of [paths.log, `${paths.log}-wal`, paths.ledgers, paths.ledgers, paths.market])
		neededBytes += await world.fileBytes(path);
	const freeBytes = await world.freeBytes(folder);
	if (freeBytes < neededBytes)
		throw new AgentError(
			'BACKUP_FAILED',
			`${folder} has ${Math.floor(freeBytes / mib)} MiB free; the copies need ${Math.ceil(neededBytes / mib)} MiB`,
			{hint: 'Name a folder on another disk with --in.'},
		);
}

/** Receipts of entries that are spread over the log, by index: nothing of entries that were pruned. */
async function receiptsOf(paths: SitePaths, onProgress: (done: number, all: number) => void): Promise<Map<number, string>> {
	await using reader = await openSiteReader(paths);
	const receipts = new Map<number, string>();
	const size = (await reader.released())?.size ?? 0;
	const first = await reader.first();
	const count = Math.min(receiptsMax, size - first);
	for (let i = 0; i < count; i += 1) {
		const index = count === 1 ? first : first + Math.floor((i * (size - 1 - first)) / (count - 1));
		receipts.set(index, await reader.issuer.receipt(index));
		onProgress(i + 1, count);
	}
	return receipts;
}

/** The first that is not good by the site's own trust file; undefined if all are. */
async function badReceipt(paths: SitePaths, receipts: ReadonlyMap<number, string>): Promise<string | undefined> {
	if (!(await exists(paths.trust))) return 'there is no trust.json to check them by';
	const trust = trustOf(await readFile(paths.trust), paths.trust);
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature, chain: undefined});
	for (const [index, text] of receipts) {
		const {good, checks} = await verifier.verify(Buffer.from(text), trust);
		if (!good) return `that of entry ${index} is not good: ${checks.find(({result}) => result === 'fail')?.reason ?? 'nobody says why'}`;
	}
	return undefined;
}

async function ledgerLines(paths: SitePaths, copy: SitePaths, onPart: NonNullable<Trying['onPart']>): Promise<readonly Line[]> {
	if (!(await exists(paths.ledgers))) return [];
	const topic = 'ledgers.db';
	await copyDatabase(paths.ledgers, copy.ledgers);
	const kept = await digestOf(copy);
	const fresh = await rebuildLedgers(copy, {
		at: `${copy.ledgers}.fresh`,
		to: kept.size > 0 ? kept.size : undefined,
		onProgress: (done, all) => onPart('folding the log', done, all),
	});
	if (kept.size === 0)
		return [ok(topic, `is of other versions of the ledgers: the agent makes it again from the log, of ${fresh.size} entries`)];
	return [
		kept.digest === fresh.digest
			? ok(topic, `${kept.size} entries folded; made again it is the same`)
			: warning(topic, 'made again it is another', 'Delete it while the agent does not run; the agent makes it again from the log.'),
	];
}

async function digestOf(copy: SitePaths): Promise<{readonly size: number; readonly digest: string | undefined}> {
	await using following = await openAccountsAside(copy);
	return following.digest();
}

/** A consistent copy of a database whose writer may be another process: SQLite begins anew where that writes meanwhile. */
async function copyDatabase(from: string, to: string): Promise<void> {
	await using database = await openDatabase({path: from, mode: 'read'});
	await copyLog(database.backup, to);
}

async function pageProblem(path: string): Promise<string | undefined> {
	const closing = createClosing();
	try {
		const database = closing.use(await openDatabase({path, mode: 'read'}));
		const rows = await database.all<{quick_check: string}>('PRAGMA quick_check');
		return rows.length === 1 && rows[0]?.quick_check === 'ok'
			? undefined
			: `it is damaged: ${rows[0]?.quick_check ?? 'nothing could be read'}`;
	} catch (error) {
		return describeError(error);
	} finally {
		await closing.close();
	}
}
