// kedge epoch: a site whose database is older than what was released opens its next life, whatever happens to the machine meanwhile.
import {copyFile, cp, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {type EpochOptions, type EpochReport, openEpoch} from '../../agent/epoch.ts';
import {parseCheckpoint, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {parseTrust} from '../../agent/format/trust.ts';
import {createHeadFile} from '../../agent/log/head-file.ts';
import {realSwapFiles, type SwapFiles} from '../../agent/log/swap.ts';
import {archivedPaths, openLogKey, openSite, type Site, type SitePaths} from '../../agent/site.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, draftOf, enrolMeter, startMs} from '../helpers/log-world.ts';
import {createTestSite, kedge, startAgent} from '../helpers/site.ts';
import {openSiteLog} from '../helpers/site-log.ts';

/** Appends readings and releases what there is then, as the agent would. */
async function grow(paths: SitePaths, from: number, count: number, released = true): Promise<void> {
	const log = await openSiteLog(paths);
	const channel = log.channel('urn:kedge:device:m:energy-import') ?? enrolMeter(log, 'm');
	for (let i = from; i < from + count; i += 1) await append(log, [draftOf(channel, {measuredAtMs: startMs + i, value: BigInt(i)})]);
	if (released) await createHeadFile(paths.released).write(log.checkpoint()!);
	await log[Symbol.asyncDispose]();
}

/** A site whose database is older than its side file: 2 + 3 entries released at size 5, and then 2 more of another history. */
async function createForked(t: ExecutionContext): Promise<Site> {
	const {site, folder} = await createTestSite(t, {homes: 1});
	await grow(site.paths, 0, 3);
	await copyFile(site.paths.log, join(folder, 'backup'));
	await grow(site.paths, 3, 4);
	await copyFile(join(folder, 'backup'), site.paths.log);
	await rm(join(folder, 'backup'));
	return site;
}

function epoch(site: Site, changes: Partial<EpochOptions> = {}): ReturnType<typeof openEpoch> {
	return openEpoch({site, reason: 'the card died', anyway: false, withoutEntries: false, dryRun: false, ...changes});
}

async function reportOf(site: Site, changes: Partial<EpochOptions> = {}): Promise<EpochReport> {
	const {report} = await epoch(site, changes);
	return report!;
}

/** Everything of the new epoch is in its place, and everything of the old one is kept. */
async function checkOpened(t: ExecutionContext, site: Site, readings: number): Promise<void> {
	const {paths} = site;
	const log = await openSiteLog(paths);
	t.is(log.origin, 'harbour/2');
	await log[Symbol.asyncDispose]();
	const checked = await checkLog(t, paths.log);
	t.is(checked.entries.filter(({entry}) => entry.kind === 1).length, readings);
	const head = await createHeadFile(paths.released).read();
	t.is(`${head?.origin} ${head?.size}`, 'harbour/2 0');
	const trust = parseTrust(nodeHasher, await readFile(paths.trust));
	t.deepEqual('value' in trust && trust.value.logs.map(({name}) => name), ['harbour/1', 'harbour/2']);
	const old = await archivedPaths(paths, '1');
	await checkLog(t, old.log);
	await openLogKey(old);
	const names = await readdir(old.directory);
	for (const name of ['side-file.checkpoint', 'released.checkpoint', 'trust.json', 'epoch.json']) t.true(names.includes(name), name);
	t.deepEqual(
		(await readdir(paths.directory)).filter(name => name.startsWith('next-epoch')),
		[],
	);
}

test('a restored database opens its next epoch: the last one is kept, and what the database holds follows again', async t => {
	const site = await createForked(t);
	const report = await reportOf(site);
	t.is(`${report.from} ${report.to} ${report.archive}`, 'harbour/1 harbour/2 epoch-1');
	t.regex(report.contradiction ?? '', /the side file has a head of size 9, the database only 5 entries/);
	t.deepEqual([report.common.size, report.again], [0, {first: 0, end: 5}]);
	await checkOpened(t, site, 3);
	// The agent's own look finds no contradiction any more.
	const agent = await startAgent(t, site);
	const status = await kedge(t, ['status', '--config', site.configPath]);
	t.regex(status.out, /^log +harbour\/2, 7 entries/m);
	t.is(await agent.end('SIGTERM'), 0);
	for (const words of [['audit'], ['audit', '--epoch', '1']]) {
		const audited = await kedge(t, [...words, '--config', site.configPath]);
		t.is(audited.code, 0, `${audited.out}${audited.err}`);
	}
});

test('what is below the common head stays provable from the epoch that ended, and the rest from the next one', async t => {
	const {site} = await createTestSite(t, {homes: 1});
	await grow(site.paths, 0, 3);
	await grow(site.paths, 3, 2, false);
	// Nothing contradicts this database, so it has to be asked for.
	await t.throwsAsync(epoch(site), {code: 'EPOCH_NEEDLESS'});
	const report = await reportOf(site, {anyway: true});
	t.deepEqual([report.common.size, report.again], [5, {first: 5, end: 7}]);
	await checkOpened(t, site, 2);
	await (await startAgent(t, site)).end('SIGTERM');
	const config = ['--config', site.configPath];
	const below = await kedge(t, ['prove', '4', '--epoch', '1', '--out', join(site.paths.directory, 'below.json'), ...config]);
	t.is(below.code, 0, below.err);
	const beyond = await kedge(t, ['prove', '5', '--epoch', '1', ...config]);
	t.is(beyond.code, 2, beyond.out);
	const again = await kedge(t, ['prove', '3', '--out', join(site.paths.directory, 'again.json'), ...config]);
	t.is(again.code, 0, again.err);
	const files = ['below.json', 'again.json'].map(name => join(site.paths.directory, name));
	const verified = await kedge(t, ['verify', '--trust', site.paths.trust, ...files]);
	t.is(verified.code, 0, verified.out + verified.err);
	t.regex(verified.out, /appendedAgain/);
	const history = await kedge(t, ['history', 'urn:kedge:device:m:energy-import', '--epoch', '1', ...config]);
	t.is(history.code, 0, history.err);
	for (const [words, said] of [
		[['audit', '--epoch', '7'], /no ended epoch 7/],
		[['prove', '1', '--epoch', 'first'], /--epoch "first" is not the number/],
	] as const) {
		const wrong = await kedge(t, [...words, ...config]);
		t.is(wrong.code, 2);
		t.regex(wrong.err, said);
	}
});

test('a dry run, a running agent, a reason that is none: nothing is changed', async t => {
	const site = await createForked(t);
	const before = await filesOf(site.paths.directory);
	const looked = await epoch(site, {dryRun: true, reason: undefined});
	t.is(looked.did, 'looked');
	t.is(looked.report?.to, 'harbour/2');
	await t.throwsAsync(epoch(site, {reason: ' '}), {code: 'ARGUMENT_INVALID'});
	const log = await openSiteLog(site.paths);
	await t.throwsAsync(epoch(site), {code: 'LOG_LOCKED'});
	await log.settled();
	await log[Symbol.asyncDispose]();
	t.deepEqual(await filesOf(site.paths.directory), before);
	const shown = await kedge(t, ['epoch', '--dry-run', '--config', site.configPath]);
	t.is(shown.code, 0, shown.err);
	t.regex(shown.out, /the side file has size 9[\s\S]*Common head: size 0[\s\S]*would open harbour\/2 and append 5 entries again/);
});

/** Names and contents, without what SQLite keeps beside a database that is open. */
async function filesOf(directory: string): Promise<Record<string, string>> {
	const names = (await readdir(directory)).filter(name => !/-(?:wal|shm)$|\.lock$/.test(name)).sort();
	return Object.fromEntries(await Promise.all(names.map(async name => [name, (await readFile(join(directory, name))).toString('base64')])));
}

/** The n-th change to the files fails: before it is done, or after. */
function failAt(n: number, isDone: boolean): {readonly files: SwapFiles; readonly steps: () => number} {
	let step = 0;
	const change = <A extends readonly unknown[]>(work: (...parameters: A) => Promise<void>) => {
		return async (...parameters: A): Promise<void> => {
			step += 1;
			if (step === n && !isDone) throw new Error('the power is gone');
			await work(...parameters);
			if (step === n) throw new Error('the power is gone');
		};
	};
	const {makeDirectory, write, sync, move, remove, removeEmpty} = realSwapFiles;
	const files: SwapFiles = {
		...realSwapFiles,
		makeDirectory: change(makeDirectory),
		write: change(write),
		sync: change(sync),
		move: change(move),
		remove: change(remove),
		removeEmpty: change(removeEmpty),
	};
	return {files, steps: () => step};
}

for (const isDone of [false, true]) {
	test(`ended at any step that ${isDone ? 'was' : 'was not'} done, the next call finishes it and nothing is lost`, async t => {
		const template = await createForked(t);
		const {paths} = template;
		const directory = `${paths.directory}-copy`;
		t.teardown(() => rm(directory, {recursive: true, force: true}));
		let pending = 0;
		let untouched = 0;
		for (let n = 1; ; n += 1) {
			await rm(directory, {recursive: true, force: true});
			await cp(paths.directory, directory, {recursive: true});
			const site = await openSite(join(directory, 'kedge.yaml'));
			const before = await readFile(site.paths.log);
			const fault = failAt(n, isDone);
			const failed = await epoch(site, {files: fault.files}).then(
				() => undefined,
				(error: Error) => error,
			);
			if (fault.steps() < n) {
				t.is(failed, undefined);
				t.true(n > 25, `${n} steps`);
				break;
			}
			t.is(failed?.message, 'the power is gone', `step ${n}`);
			const isPending = (await readdir(directory)).includes('next-epoch');
			if (isPending) {
				// Half-swapped, nothing starts and nothing is shown.
				pending += 1;
				await t.throwsAsync(openLogKey(site.paths), {code: 'EPOCH_UNFINISHED'});
				await t.throwsAsync(epoch(site, {dryRun: true}), {code: 'EPOCH_UNFINISHED'});
				const {did} = await epoch(site, {reason: undefined});
				t.is(did, 'finished');
			} else if ((await readdir(directory)).includes('epoch-1')) {
				// The very last step had been done already.
				t.true(isDone);
			} else {
				untouched += 1;
				t.deepEqual(await readFile(site.paths.log), before);
				await openLogKey(site.paths);
				t.is((await epoch(site)).did, 'opened');
			}
			await checkOpened(t, site, 3);
		}
		t.true(pending >= 10 && untouched >= 10, `${pending} half-swapped, ${untouched} untouched`);
	});
}

test('a lost side file is no obstacle, and neither is a lost trust file', async t => {
	const {site} = await createTestSite(t, {homes: 1});
	await grow(site.paths, 0, 2);
	await rm(site.paths.released);
	await rm(site.paths.trust);
	await t.throwsAsync(epoch(site), {code: 'EPOCH_NEEDLESS', message: /no head of this log could be read/});
	const report = await reportOf(site, {anyway: true});
	t.deepEqual([report.heads, report.common.size], [[], 0]);
	t.is((await createHeadFile(site.paths.released).read())?.origin, 'harbour/2');
});

test('an edited entry is never signed anew: a backup is asked for, or an epoch that begins empty', async t => {
	const {site} = await createTestSite(t, {homes: 1});
	await grow(site.paths, 0, 3);
	const database = await openDatabase({path: site.paths.log, mode: 'write'});
	await database.run(
		"UPDATE batches SET entries = CAST(substr(entries, 1, 63) || x'07' || substr(entries, 65) AS BLOB) WHERE first = (SELECT first FROM batches ORDER BY first LIMIT 1 OFFSET 1)",
	);
	await database[Symbol.asyncDispose]();
	await t.throwsAsync(epoch(site), {code: 'LOG_CORRUPT', message: /its 5 entries lead to root/});
	t.is((await readdir(site.paths.directory)).includes('epoch-1'), false);
	const report = await reportOf(site, {withoutEntries: true});
	t.truthy(report.damage);
	t.deepEqual([report.common.size, report.again], [0, {first: 5, end: 5}]);
	const checked = await checkLog(t, site.paths.log);
	t.deepEqual(
		checked.channels.map(({urn}) => urn),
		['urn:kedge:agent:harbour', 'urn:kedge:device:m:energy-import'],
	);
	t.is(checked.entries.filter(({entry}) => entry.kind === 1).length, 0);
});

test('an older epoch that is put back never takes a number that was used', async t => {
	const site = await createForked(t);
	await epoch(site);
	await grow(site.paths, 10, 2);
	// Somebody puts the files of epoch 1 back over those of epoch 2, but not the side file.
	const {paths} = site;
	await mkdir(join(paths.directory, 'aside'));
	for (const name of ['log.db', 'log.key'] as const) {
		await cp(join(paths.directory, name), join(paths.directory, 'aside', name));
		await copyFile(join(paths.directory, 'epoch-1', name), join(paths.directory, name));
	}
	const agent = await startAgent(t, site);
	const status = await kedge(t, ['status', '--config', site.configPath]);
	t.regex(status.out, /FROZEN.*side file is of epoch 2, the database only of epoch 1: an older epoch was put back/);
	t.is(await agent.end('SIGTERM'), 5);
	const report = await reportOf(site);
	t.deepEqual([report.from, report.to, report.archive], ['harbour/1', 'harbour/3', 'epoch-1-2']);
	t.true(report.heads.some(({origin}) => origin === 'harbour/2'));
	await (await startAgent(t, site)).end('SIGTERM');
	t.is((await kedge(t, ['audit', '--epoch', '1-2', '--config', site.configPath])).code, 0);
});

test('the side file of another log is not written over', async t => {
	const site = await createForked(t);
	const note = parseCheckpoint(await readFile(site.paths.released, 'utf8'))!;
	const signer = await openLogKey(site.paths);
	const key = {name: 'quay/1', publicKey: signer.publicKey, keyId: new Uint8Array(4)};
	await writeFile(site.paths.released, signCheckpoint({...note, origin: 'quay/1'}, key, signer.sign).note);
	await t.throwsAsync(epoch(site), {code: 'LOG_FROZEN', message: /belongs to log "quay\/1"/});
	t.regex(await readFile(site.paths.released, 'utf8'), /^quay\/1\n/);
});
