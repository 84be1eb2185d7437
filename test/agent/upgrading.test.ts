// Old disks: what each format of a database was left as by the program that wrote it must open, audit clean, and give the same receipts; and kedge upgrade --check says so of a site.
import {createHash} from 'node:crypto';
import {chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {openAccountsAside, rebuildLedgers} from '../../agent/accounts.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {openLog} from '../../agent/log/log.ts';
import {schemaVersion} from '../../agent/log/schema.ts';
import {openAgent} from '../../agent/main.ts';
import {auditSite, openSiteReader} from '../../agent/reading.ts';
import {openLogKey, openSite, type Site} from '../../agent/site.ts';
import {tryUpgrade} from '../../agent/upgrading.ts';
import {createMovedClock} from '../helpers/log-world.ts';
import type {DiskFixture} from '../helpers/make-disk-fixture.ts';
import {freePort} from '../helpers/ports.ts';
import {changeConfig, createTestSite, kedge, startAgent, testFolder} from '../helpers/site.ts';

const disks = fileURLToPath(new URL('../../../test/fixtures/disk/', import.meta.url));
const versions = readdirSync(disks)
	.filter(name => /^v\d+$/.test(name))
	.sort();

/** A copy in a folder of its own, with the rights that git does not keep. */
async function copyOf(
	t: ExecutionContext,
	name: string,
): Promise<{readonly site: Site; readonly expected: DiskFixture; readonly folder: string}> {
	const folder = testFolder(t);
	cpSync(join(disks, name), folder, {recursive: true});
	for (const file of readdirSync(folder)) if (/\.key$|-key\.|\.db$/.test(file)) chmodSync(join(folder, file), 0o600);
	return {
		site: await openSite(join(folder, 'kedge.yaml')),
		expected: JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as DiskFixture,
		folder,
	};
}

/** Digests of the receipts; of those that say more today, their format. */
async function receiptsOf({paths}: Site, size: number, more: Readonly<Record<number, string>>): Promise<string[]> {
	await using reader = await openSiteReader(paths);
	const digests: string[] = [];
	for (let i = 0; i < size; i += 1) {
		const text = await reader.issuer.receipt(i);
		digests.push(
			more[i] === undefined ? createHash('sha256').update(text).digest('hex') : (JSON.parse(text) as {readonly format: string}).format,
		);
	}
	return digests;
}

/**
 * Receipts that say more today than the program did that left the disk: by disk and index, the format that they have now, and why. All others are the same, byte for byte.
 */
const saysMore: Readonly<Record<string, Readonly<Record<number, string>>>> = {
	// Of the entries of an anchored checkpoint, those behind a beacon show it.
	v1: {85: 'kedge receipt 3'},
};

test('there is a disk of every format of the log so far', t => {
	t.deepEqual(
		versions,
		Array.from({length: schemaVersion}, (_, i) => `v${i + 1}`),
	);
});

for (const name of versions) {
	test(`disk ${name} opens for writing, audits clean, and yields byte-identical receipts`, async t => {
		const {site, expected} = await copyOf(t, name);
		const {paths} = site;
		const more = saysMore[name] ?? {};
		const wanted = expected.receipts.map((digest, index) => more[index] ?? digest);
		t.deepEqual(await receiptsOf(site, expected.size, more), wanted);
		{
			await using log = await openLog({
				path: paths.log,
				hasher: nodeHasher,
				random: createSystemRandom(),
				clock: createMovedClock(),
				logger: silentLogger,
				signer: await openLogKey(paths),
			});
			t.is(log.origin, expected.origin);
			t.is(log.size(), expected.size);
		}
		const audited = await auditSite(paths);
		t.deepEqual([audited.problems, audited.size, audited.root], [[], expected.size, expected.root]);
		t.true(audited.roots.size > 0, 'the roots that were anchored are compared, too');
		t.deepEqual(await receiptsOf(site, expected.size, more), wanted);
	});

	test(`the ledgers of disk ${name} are what its log comes to, whoever made them`, async t => {
		const {site, expected, folder} = await copyOf(t, name);
		{
			await using following = await openAccountsAside(site.paths);
			const kept = await following.digest();
			// Rows of older versions of the ledgers are dropped and made again: then there is nothing to compare.
			if (kept.size > 0) t.is(kept.digest, expected.ledgers!);
		}
		const made = await rebuildLedgers(site.paths, {at: join(folder, 'again.db')});
		t.truthy(made.digest);
		await using market = await openDatabase({path: site.paths.market, mode: 'read'});
		t.deepEqual(await market.all('PRAGMA quick_check'), [{quick_check: 'ok'}]);
	});

	test(`documents that were issued from disk ${name} verify as they did`, async t => {
		const {folder, expected} = await copyOf(t, name);
		const names = readdirSync(join(folder, 'documents')).sort();
		t.deepEqual(names, Object.keys(expected.documents).sort());
		const ran = await kedge(t, [
			'verify',
			'--trust',
			join(folder, 'trust.json'),
			'--json',
			...names.map(one => join(folder, 'documents', one)),
		]);
		t.is(ran.code, 0, ran.out);
		const verdicts = ran.out
			.trim()
			.split('\n')
			.map(line => JSON.parse(line) as {file: string; good: boolean; strength: string});
		for (const [i, one] of names.entries())
			t.deepEqual([verdicts[i]!.good, verdicts[i]!.strength], [true, expected.documents[one]!.strength], one);
	});

	test(`an agent of today goes on with disk ${name}`, async t => {
		const {site, expected} = await copyOf(t, name);
		const [port, apiPort] = [await freePort(), await freePort()];
		const moved = await changeConfig(site, text =>
			text.replaceAll('1883', String(port)).replaceAll('8787', String(apiPort)).replace('127.0.0.1:8545', '127.0.0.1:1'),
		);
		const agent = await openAgent({site: moved, logger: silentLogger});
		const {state, size, market} = await agent.status();
		await agent[Symbol.asyncDispose]();
		// The chain is away, and the side file is there.
		t.is(state, 'running');
		t.true(size > expected.size);
		t.is(market?.halted, undefined);
		t.deepEqual((await auditSite(moved.paths)).problems, []);
	});
}

test('upgrade --check changes nothing of a site, and says what it found', async t => {
	const {site, expected, folder} = await copyOf(t, versions.at(-1)!);
	const digestOf = (): string[] =>
		readdirSync(folder)
			.filter(name => !/-(?:wal|shm)$|\.lock$/.test(name) && name !== 'documents')
			.sort()
			.map(
				name =>
					`${name} ${createHash('sha256')
						.update(readFileSync(join(folder, name)))
						.digest('hex')}`,
			);
	const before = digestOf();
	const parts = new Set<string>();
	const lines = await tryUpgrade({site, onPart: what => parts.add(what)});
	t.deepEqual(
		lines.filter(({grade}) => grade !== 'ok'),
		[],
	);
	t.deepEqual(
		lines.map(({topic}) => topic),
		['copy', 'log.db', 'audit', 'receipts', 'verdicts', 'ledgers.db', 'market.db'],
	);
	t.true(lines[2]!.said.startsWith(`${expected.size} entries, root ${expected.root}`));
	t.is(lines[3]!.said, `${expected.size} of them are the same, byte for byte`);
	t.true(parts.size >= 3, [...parts].join(', '));
	t.deepEqual(digestOf(), before);
});

test('kedge upgrade --check works beside a running agent, and its exit code is its answer', async t => {
	const made = await createTestSite(t, {homes: 1});
	await startAgent(t, made.site);
	const config = ['--config', made.site.configPath];
	const well = await kedge(t, ['upgrade', '--check', ...config]);
	t.is(well.code, 0, well.out + well.err);
	t.is(well.err, '');
	t.regex(well.out, /^ok {7}copy {11}log\.db, .*, copied by the running agent$/m);
	t.regex(well.out, /The agent may be started with \d/);
	t.is((await kedge(t, ['upgrade', ...config])).code, 2);
	t.deepEqual(
		readdirSync(made.folder).filter(name => name.startsWith('upgrade-check')),
		[],
	);
});

test('upgrade --check says no to a damaged log, a log of a later format, and a lost key', async t => {
	const name = versions.at(-1)!;
	const gradeOf = async (change: (site: Site) => Promise<void> | void): Promise<readonly string[]> => {
		const {site} = await copyOf(t, name);
		await change(site);
		return (await tryUpgrade({site})).filter(({grade}) => grade === 'wrong').map(({topic, said}) => `${topic}: ${said}`);
	};
	const sql = async (path: string, text: string): Promise<void> => {
		await using database = await openDatabase({path, mode: 'write'});
		await database.exec(text);
	};
	const [later = ''] = await gradeOf(({paths}) => sql(paths.log, `UPDATE meta SET value = '${schemaVersion + 1}' WHERE key = 'format'`));
	t.regex(later, new RegExp(`log format ${schemaVersion + 1}; this program reads ${schemaVersion}`));
	const edited = await gradeOf(({paths}) =>
		sql(paths.log, "UPDATE channels SET urn = 'urn:kedge:device:meter-2:energy-import' WHERE id = 2"),
	);
	t.true(edited.length > 0);
	const [without = ''] = await gradeOf(({paths}) => rmSync(paths.logKey));
	t.regex(without, /cannot read the secret/);
	const [other = ''] = await gradeOf(({paths}) => writeFileSync(paths.logKey, `${'11'.repeat(32)}\n`));
	t.regex(other, /the signing key is not the one of log/);
});

test('upgrade --check says beforehand that there is no room for copies', async t => {
	const {site} = await copyOf(t, versions.at(-1)!);
	await t.throwsAsync(tryUpgrade({site, world: {freeBytes: async () => 1000}}), {message: /has 0 MiB free; the copies need \d+ MiB/});
});
