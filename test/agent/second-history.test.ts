// No second history: the real agent over an older database, without its side file, and beside a copy of itself.
import {copyFile, cp, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Interface} from 'ethers';
import {connectAsync} from 'mqtt';
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import type {EpochReport} from '../../agent/epoch.ts';
import {createHeadFile} from '../../agent/log/head-file.ts';
import {openLog} from '../../agent/log/log.ts';
import {simulatedDeviceIds} from '../../agent/simulation.ts';
import {openLogKey, openSite, type Site} from '../../agent/site.ts';
import {readStatus, requestAnchor} from '../../agent/state.ts';
import {anchorRegistryAbi} from '../../contracts/generated/anchor-registry.ts';
import {type Anvil, anvilChainId, startAnvil, startProxy} from '../helpers/anvil.ts';
import {publishHomeReadings} from '../helpers/home-readings.ts';
import {append, draftOf, enrolMeter, startMs} from '../helpers/log-world.ts';
import {freePort} from '../helpers/ports.ts';
import {anchorSite, changeConfig, createTestSite, kedge, startAgent, type TestSite, untilStatus} from '../helpers/site.ts';

/** Of `latest(bytes32)` in the registry. */
const latestSelector = new Interface(anchorRegistryAbi).getFunction('latest')!.selector;
const [home = ''] = simulatedDeviceIds(1);

/** Copies the database of an agent that is stopped. */
async function copyLog(site: Site, to: string): Promise<void> {
	await copyFile(site.paths.log, to);
}

test.serial(
	'an older database is frozen: it answers, refuses devices with code 3, grows by nothing, and ends with exit code 5',
	async t => {
		const made = await createTestSite(t, {homes: 1});
		const old = join(made.folder, 'old.db');
		let agent = await startAgent(t, made.site);
		await publishHomeReadings(t, made, 0, 3);
		t.is(await agent.end('SIGTERM'), 0);
		await copyLog(made.site, old);
		agent = await startAgent(t, made.site);
		await publishHomeReadings(t, made, 3, 3);
		t.is(await agent.end('SIGTERM'), 0);

		await copyFile(old, made.site.paths.log);
		agent = await startAgent(t, made.site);
		const status = await untilStatus(t, made.site, ({state}) => state === 'frozen');
		t.regex(status.warnings.join('\n'), /older than what was released/);
		await t.throwsAsync(connectAsync(made.url, {clientId: home, username: home, password: made.password, reconnectPeriod: 0}), {
			message: /Server unavailable/,
		});
		const asked = await kedge(t, ['status', '--config', made.site.configPath]);
		t.is(asked.code, 5);
		t.regex(asked.out, /FROZEN/);
		const audited = await kedge(t, ['audit', '--config', made.site.configPath]);
		t.is(audited.code, 1);
		t.regex(audited.out, /the side file has a head of size \d+, the database only \d+ entries/);
		const proven = await kedge(t, ['prove', '1', '--config', made.site.configPath]);
		t.is(proven.code, 5, proven.err);
		t.is(proven.out, '');
		t.is(await agent.end('SIGTERM'), 5);
		t.deepEqual(await readFile(made.site.paths.log), await readFile(old), 'not a byte was written');
	},
);

test.serial('without its side file and without a chain the agent acknowledges and releases nothing', async t => {
	const made = await createTestSite(t, {homes: 1});
	let agent = await startAgent(t, made.site);
	await publishHomeReadings(t, made, 0, 2);
	await agent.end('SIGTERM');
	await rm(made.site.paths.released);
	agent = await startAgent(t, made.site);
	await publishHomeReadings(t, made, 2, 2);
	const status = await untilStatus(t, made.site, ({state}) => state === 'withheld');
	t.is(status.releasedSize, 0);
	const proven = await kedge(t, ['prove', String(status.size - 1), '--config', made.site.configPath]);
	t.is(proven.code, 2, proven.err);
	await agent.end('SIGTERM');
});

test.serial('a copy that runs beside the original is frozen once the original has anchored', async t => {
	t.timeout(300_000);
	const anvil = await startAnvil(['--block-time', '1']);
	t.teardown(anvil.stop);
	const made = await createTestSite(t, {homes: 1});
	const site = await anchorSite(t, made, anvil);
	const first = await startAgent(t, site);
	await publishHomeReadings(t, made, 0, 2);
	await requestAnchor(site.paths);
	const shared = (await untilStatus(t, site, status => (status.anchor?.finalSize ?? 0) >= status.size)).anchor?.finalSize ?? 0;
	await first.end('SIGTERM');

	// The card is copied, side file and all, and both run.
	const folder = `${made.folder}-copy`;
	await cp(made.folder, folder, {recursive: true});
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const port = await freePort();
	const config = join(folder, 'kedge.yaml');
	await writeFile(config, (await readFile(config, 'utf8')).replace(`port: ${made.port}`, `port: ${port}`));
	const copy = await openSite(config);
	const original = await startAgent(t, site);
	const clone = await startAgent(t, copy);
	await publishHomeReadings(t, made, 2, 3);
	await publishHomeReadings(t, {url: `mqtt://127.0.0.1:${port}`, password: made.password}, 30, 2);
	await requestAnchor(site.paths);
	await untilStatus(t, site, status => (status.anchor?.finalSize ?? 0) >= status.size);
	await requestAnchor(copy.paths);
	const status = await untilStatus(t, copy, ({state}) => state === 'frozen', {timeoutMs: 60_000});
	t.regex(status.warnings.join('\n'), /chain 31337 at finalized/);
	t.is((await untilStatus(t, site, () => true)).state, 'running');
	t.is(await clone.end('SIGTERM'), 5);

	// The copy goes on as the next epoch, beside the original: what it alone took is appended again, from the last anchor that both share.
	const opened = await kedge(t, [
		'epoch',
		'--config',
		copy.configPath,
		'--reason',
		'a copied card ran beside the original',
		'--keep-open',
		'--json',
	]);
	t.is(opened.code, 0, opened.err);
	const {report, onChain} = JSON.parse(opened.out) as {report: EpochReport; onChain: {logId: string}};
	t.is(report.common.size, shared);
	t.true(report.own.size - shared >= 2 && report.again.first === shared);
	t.regex(onChain.logId, /^0x/);
	const next = await startAgent(t, copy);
	await untilStatus(t, copy, ({state, origin}) => state === 'running' && origin === 'harbour/2');
	await requestAnchor(copy.paths);
	await untilStatus(t, copy, status => (status.anchor?.finalSize ?? 0) >= report.again.end - shared);
	t.is((await untilStatus(t, site, () => true)).state, 'running');
	t.is(await next.end('SIGTERM'), 0);
	t.is(await original.end('SIGTERM'), 0);
});

/** A site that anchors to a chain of its own through a proxy, with two readings anchored and final. */
async function createAnchored(t: ExecutionContext): Promise<{
	made: TestSite;
	site: Site;
	anvil: Anvil;
	proxy: Awaited<ReturnType<typeof startProxy>>;
}> {
	const anvil = await startAnvil(['--block-time', '1']);
	t.teardown(anvil.stop);
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const made = await createTestSite(t, {homes: 1});
	const site = await anchorSite(t, made, anvil, proxy.url);
	const agent = await startAgent(t, site);
	await publishHomeReadings(t, made, 0, 2);
	await anchorAll(t, site);
	t.is(await agent.end('SIGTERM'), 0);
	return {made, site, anvil, proxy};
}

/** Everything that is in the log now becomes final on the chain; gives the size that did. */
async function anchorAll(t: ExecutionContext, site: Site): Promise<number> {
	const {size} = await untilStatus(t, site, ({pendingBytes}) => pendingBytes === 0);
	await requestAnchor(site.paths);
	const {anchor} = await untilStatus(t, site, status => (status.anchor?.finalSize ?? 0) >= size);
	return anchor?.finalSize ?? 0;
}

test.serial('a restored backup is frozen, opens its next epoch, and from there acknowledges, releases and anchors again', async t => {
	t.timeout(300_000);
	const {made, site, proxy} = await createAnchored(t);
	const config = ['--config', site.configPath];
	const backup = join(made.folder, 'backup');
	let agent = await startAgent(t, site);
	await publishHomeReadings(t, made, 2, 2);
	const backedUp = (await untilStatus(t, site, ({pendingBytes}) => pendingBytes === 0)).size;
	t.is(await agent.end('SIGTERM'), 0);
	await copyLog(site, backup);
	agent = await startAgent(t, site);
	await publishHomeReadings(t, made, 4, 2);
	await anchorAll(t, site);
	t.is(await agent.end('SIGTERM'), 0);

	await copyFile(backup, site.paths.log);
	agent = await startAgent(t, site);
	await untilStatus(t, site, ({state}) => state === 'frozen');
	const early = await kedge(t, ['epoch', '--reason', 'the card died', ...config]);
	t.is(early.code, 3, 'the agent runs');
	t.regex(early.err, /another process writes here/);
	t.is(await agent.end('SIGTERM'), 5);

	// The chain is asked which of the database's anchors it has, and is then away when the new epoch should be opened on it.
	proxy.treat = method => (method === 'eth_estimateGas' ? 'drop' : 'pass');
	const opened = await kedge(t, ['epoch', '--reason', 'the card died; this is the backup of Tuesday', '--json', ...config]);
	t.is(opened.code, 0, opened.err);
	const {report, onChain} = JSON.parse(opened.out) as {
		report: {common: {size: number; source: string}; again: {first: number; end: number}; heads: {source: string}[]};
		onChain: {problem: string};
	};
	t.regex(report.common.source, /its own anchor on chain 31337, asked now/);
	t.true(report.common.size > 0 && report.common.size < backedUp);
	t.deepEqual(report.again, {first: report.common.size, end: backedUp});
	t.deepEqual(report.heads.map(({source}) => source).slice(0, 3), ['the side file', 'chain 31337 at latest', 'chain 31337 at finalized']);
	t.regex(onChain.problem, /./);
	proxy.treat = () => 'pass';

	agent = await startAgent(t, site);
	const waiting = await untilStatus(t, site, ({warnings}) => /never opened/.test(warnings.join()));
	t.regex(waiting.warnings.join('\n'), /log "harbour\/2" .* was never opened at registry .*kedge anchor/);
	t.is(await agent.end('SIGTERM'), 0);
	const anchored = await kedge(t, ['anchor', ...config, '--rpc', proxy.url, '--chain-id', String(anvilChainId)]);
	t.is(anchored.code, 0, anchored.err);

	agent = await startAgent(t, site);
	// A device that sends again what was appended again is a repeat; what is new is new.
	const before = await untilStatus(t, site, ({pendingBytes}) => pendingBytes === 0);
	await publishHomeReadings(t, made, 2, 2);
	await publishHomeReadings(t, made, 9, 1);
	const after = await untilStatus(t, site, ({pendingBytes}) => pendingBytes === 0);
	t.is((after.counters.repeats ?? 0) - (before.counters.repeats ?? 0), 2);
	const final = await anchorAll(t, site);
	t.true(final > before.size);
	const files: string[] = [];
	for (const words of [['0'], [String(report.common.size - 1), '--epoch', '1'], [String(final - 1)]]) {
		const out = join(made.folder, `receipt-${files.length}.json`);
		const proved = await kedge(t, ['prove', ...words, '--out', out, ...config]);
		t.is(proved.code, 0, proved.err);
		files.push(out);
	}
	const verified = await kedge(t, ['verify', '--trust', site.paths.trust, '--rpc', proxy.url, '--json', ...files]);
	t.is(verified.code, 0, verified.out);
	t.is(verified.out.match(/"strength":"final"/g)?.length ?? 0, 3, verified.out);
	t.is((await kedge(t, ['audit', ...config])).code, 0);
	// A history of the new epoch says that something may be missing; one of the epoch that ended is complete up to the last anchor that both share.
	for (const [words, state] of [
		[[], 'crosses-epoch'],
		[['--epoch', '1'], 'complete'],
	] as const) {
		const out = join(made.folder, `history-${state}.json`);
		const issued = await kedge(t, ['history', home, '--quantity', 'energy-import', '--out', out, ...words, ...config]);
		t.is(issued.code, 0, issued.err);
		const {out: text} = await kedge(t, ['verify', '--trust', site.paths.trust, '--json', out]);
		const {good, facts} = JSON.parse(text) as {good: boolean; facts: {history: {completeness: {state: string}}}};
		t.deepEqual([good, facts.history.completeness.state], [true, state], text);
		if (state === 'crosses-epoch') t.regex(text, /may be missing, so this is never called complete/);
	}
	t.is(await agent.end('SIGTERM'), 0);
});

test.serial('a node that lies about its newest block makes the agent wait, and stops it for no longer than the lie', async t => {
	const {made, site, proxy} = await createAnchored(t);
	const words = (...values: bigint[]): string => `0x${values.map(value => value.toString(16).padStart(64, '0')).join('')}`;
	const lie = {result: words(1_000_000n, 1_800_000_000n, 0xbadn)};
	// `latest` of the registry has one parameter, 32 bytes, and three answers; the calls at `finalized` are answered truly.
	const isLatest = (params: readonly unknown[]): boolean =>
		params[1] === 'latest' && String((params[0] as {data?: string; input?: string}).data ?? '').startsWith(latestSelector);
	proxy.treat = (method, params) => (method === 'eth_call' && isLatest(params) ? lie : 'pass');
	const agent = await startAgent(t, site);
	const lied = await untilStatus(t, site, ({state}) => state === 'withheld');
	t.regex(lied.warnings.join('\n'), /at latest has a head of size 1000000.*waiting until that is final or gone/);
	await publishHomeReadings(t, made, 2, 2);
	const released = (await untilStatus(t, site, ({pendingBytes}) => pendingBytes === 0)).releasedSize;
	proxy.treat = () => 'pass';
	const status = await untilStatus(t, site, ({state, releasedSize}) => state === 'running' && releasedSize > released);
	t.is(status.releasedSize, status.size);
	t.is(await agent.end('SIGTERM'), 0);
});

test.serial('a reorganisation that takes the newest anchor away freezes nothing: the same size is anchored again', async t => {
	const {made, site, anvil} = await createAnchored(t);
	const agent = await startAgent(t, site);
	await publishHomeReadings(t, made, 2, 2);
	// Slow enough that the agent has seen the block before the next one comes.
	await anvil.rpc('evm_setIntervalMining', 6);
	await requestAnchor(site.paths);
	const mined = await untilStatus(t, site, ({anchor, size}) => (anchor?.minedSize ?? 0) >= size, {everyMs: 20});
	const {minedSize} = mined.anchor!;
	await anvil.rpc('anvil_reorg', 1, []);
	await untilStatus(t, site, ({anchor}) => (anchor?.minedSize ?? 0) < minedSize, {everyMs: 20});
	await anvil.rpc('evm_setIntervalMining', 1);
	const final = await untilStatus(t, site, ({anchor}) => (anchor?.finalSize ?? 0) >= minedSize, {
		each: async () => {
			t.not((await readStatus(site.paths)).state, 'frozen');
		},
	});
	t.is(final.anchor?.finalSize, minedSize);
	t.is(await agent.end('SIGTERM'), 0);
	const audited = await kedge(t, ['audit', '--config', site.configPath]);
	t.is(audited.code, 0, audited.out);
});

test.serial('a chain that cannot be reached at the start does not stop an agent that has its side file', async t => {
	const made = await createTestSite(t, {homes: 1});
	const site = await changeConfig(
		made.site,
		text => `${text}\nanchor:\n  rpcUrl: http://127.0.0.1:9\n  chainId: 31337\n  registry: "0x${'1'.repeat(40)}"\n`,
	);
	const agent = await startAgent(t, site);
	await publishHomeReadings(t, made, 0, 2);
	const status = await untilStatus(t, site, ({state, releasedSize, size}) => state === 'running' && releasedSize === size);
	t.true(status.size > 2);
	await agent.end('SIGTERM');
});

test.serial('an entry that was edited under whole tiles is found while the agent runs, and freezes it', async t => {
	const made = await createTestSite(t, {homes: 1});
	const {site} = made;
	const log = await openLog({
		path: site.paths.log,
		hasher: nodeHasher,
		random: createSystemRandom(),
		clock: systemClock,
		logger: silentLogger,
		signer: await openLogKey(site.paths),
	});
	const channel = enrolMeter(log, 'm');
	for (let i = 0; i < 8; i += 1)
		await append(
			log,
			Array.from({length: 100}, (_, j) => draftOf(channel, {measuredAtMs: startMs + i * 100 + j})),
		);
	await createHeadFile(site.paths.released).write(log.checkpoint()!);
	await log[Symbol.asyncDispose]();
	const database = await openDatabase({path: site.paths.log, mode: 'write'});
	await database.run("UPDATE batches SET entries = CAST(substr(entries, 1, 63) || x'07' || substr(entries, 65) AS BLOB) WHERE first = 302");
	await database[Symbol.asyncDispose]();
	const agent = await startAgent(t, site);
	const status = await untilStatus(t, site, ({state}) => state === 'frozen');
	t.regex(status.warnings.join('\n'), /FROZEN.*entries 256 to 511 do not lead to the hash that is stored for them: they were edited/);
	t.is(await agent.end('SIGTERM'), 5);
	const refused = await kedge(t, ['epoch', '--reason', 'somebody edited the log', '--config', site.configPath]);
	t.is(refused.code, 4);
	t.regex(refused.err, /the log is damaged[\s\S]*kedge audit/);
});
