// No second history: the real agent over an older database, without its side file, and beside a copy of itself.
import {copyFile, cp, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {systemClock} from '../../agent/base/clock.ts';
import {simulatedDeviceIds} from '../../agent/simulation.ts';
import {openSite, type Site} from '../../agent/site.ts';
import {requestAnchor} from '../../agent/state.ts';
import {createPublisher} from '../../sim/client.ts';
import {anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {changeConfig, createTestSite, freePort, kedge, startAgent, type TestSite, untilStatus} from '../helpers/site.ts';

const [home = ''] = simulatedDeviceIds(1);

async function publish(t: ExecutionContext, made: Pick<TestSite, 'url' | 'password'>, from: number, count: number): Promise<void> {
	const publisher = createPublisher({
		url: made.url,
		clientId: home,
		username: home,
		password: made.password,
		clock: systemClock,
		onAcknowledged: () => {},
		onProblem: sentence => t.log(sentence),
	});
	for (let i = from; i < from + count; i += 1)
		publisher.publish({
			topic: `homes/${home}/meter`,
			payload: `{"boot":"b","seq":${i + 1},"at":"2026-03-01T00:${String(i).padStart(2, '0')}:00Z","import_kwh":${i}.125}`,
		});
	t.true(await publisher.untilDrained(AbortSignal.timeout(20_000)));
	await publisher[Symbol.asyncDispose]();
}

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
		await publish(t, made, 0, 3);
		t.is(await agent.end('SIGTERM'), 0);
		await copyLog(made.site, old);
		agent = await startAgent(t, made.site);
		await publish(t, made, 3, 3);
		t.is(await agent.end('SIGTERM'), 0);

		await copyFile(old, made.site.paths.log);
		agent = await startAgent(t, made.site);
		const status = await untilStatus(t, made.site, ({state}) => state === 'frozen');
		t.regex(status.warnings.join('\n'), /older than what was released/);
		await t.throwsAsync(connectAsync(made.url, {clientId: home, username: home, password: made.password, reconnectPeriod: 0}), {
			message: /Server unavailable/,
		});
		const asked = await kedge(t, ['status', '--config', made.site.configPath]);
		t.is(asked.code, 1);
		t.regex(asked.out, /FROZEN/);
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
	await publish(t, made, 0, 2);
	await agent.end('SIGTERM');
	await rm(made.site.paths.released);
	agent = await startAgent(t, made.site);
	await publish(t, made, 2, 2);
	const status = await untilStatus(t, made.site, ({state}) => state === 'withheld');
	t.is(status.releasedSize, 0);
	const proven = await kedge(t, ['prove', String(status.size - 1), '--config', made.site.configPath]);
	t.is(proven.code, 2, proven.err);
	await agent.end('SIGTERM');
});

test.serial('a copy that runs beside the original is frozen once the original has anchored', async t => {
	const anvil = await startAnvil(['--block-time', '1']);
	t.teardown(anvil.stop);
	const made = await createTestSite(t, {homes: 1});
	await anvil.rpc('anvil_setBalance', made.anchoringAddress, '0xde0b6b3a7640000');
	const prepared = await kedge(t, ['anchor', '--config', made.site.configPath, '--rpc', anvil.url, '--chain-id', String(anvilChainId)]);
	t.is(prepared.code, 0, prepared.err);
	const site = await changeConfig(made.site, text => `${text}\n${prepared.out}`);
	const first = await startAgent(t, site);
	await publish(t, made, 0, 2);
	await requestAnchor(site.paths);
	await untilStatus(t, site, status => (status.anchor?.finalSize ?? 0) >= status.size);
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
	await publish(t, made, 2, 3);
	await publish(t, {url: `mqtt://127.0.0.1:${port}`, password: made.password}, 30, 2);
	await requestAnchor(site.paths);
	await untilStatus(t, site, status => (status.anchor?.finalSize ?? 0) >= status.size);
	await requestAnchor(copy.paths);
	const status = await untilStatus(t, copy, ({state}) => state === 'frozen', {timeoutMs: 60_000});
	t.regex(status.warnings.join('\n'), /chain 31337 at finalized/);
	t.is((await untilStatus(t, site, () => true)).state, 'running');
	t.is(await clone.end('SIGTERM'), 5);
	t.is(await original.end('SIGTERM'), 0);
});

test.serial('a chain that cannot be reached at the start does not stop an agent that has its side file', async t => {
	const made = await createTestSite(t, {homes: 1});
	const site = await changeConfig(
		made.site,
		text => `${text}\nanchor:\n  rpcUrl: http://127.0.0.1:9\n  chainId: 31337\n  registry: "0x${'1'.repeat(40)}"\n`,
	);
	const agent = await startAgent(t, site);
	await publish(t, made, 0, 2);
	const status = await untilStatus(t, site, ({state, releasedSize, size}) => state === 'running' && releasedSize === size);
	t.true(status.size > 2);
	await agent.end('SIGTERM');
});
