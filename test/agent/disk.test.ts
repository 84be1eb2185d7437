// A real agent on a disk whose room is a number: full, then with room again, without a restart.

import test, {type ExecutionContext} from 'ava';
import {connect} from 'mqtt';
import type {Status} from '../../agent/api/status-server.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {auditSite} from '../../agent/reading.ts';
import {readStatus} from '../../agent/state.ts';
import {createTestSite, type TestSite} from '../helpers/site.ts';

const mib = 1024 * 1024;

async function untilState(t: ExecutionContext, site: TestSite, state: Status['state']): Promise<Status> {
	const found = await until(
		async () => {
			const status = await readStatus(site.site.paths);
			return status.state === state ? status : undefined;
		},
		{clock: systemClock, everyMs: 20, timeoutMs: 10_000},
	);
	if (found === undefined) t.fail(`never ${state}`);
	return found!;
}

async function open(t: ExecutionContext, site: TestSite, disk: {freeMiB: number}): Promise<Agent> {
	const agent = await openAgent({site: site.site, logger: silentLogger, world: {freeBytes: async () => disk.freeMiB * mib}});
	t.teardown(() => agent[Symbol.asyncDispose]().catch(() => {}));
	return agent;
}

/** Publishes one reading of home-1 on a connection of its own; gives what came of it. */
async function publish(site: TestSite, n: number): Promise<string> {
	const id = Object.keys(site.passwords).find(name => name.startsWith('home'))!;
	const client = connect(site.url, {clientId: id, username: id, password: site.password, reconnectPeriod: 0, protocolVersion: 4});
	try {
		return await new Promise<string>(resolve => {
			client.on('error', error => resolve('code' in error ? `code ${String(error.code)}` : error.message));
			client.on('close', () => setImmediate(() => resolve('closed')));
			const body = {at: new Date(1_700_000_000_000 + n * 1000).toISOString(), boot: 'b', seq: n, import_kwh: n};
			client.publish(`homes/${id}/meter`, JSON.stringify(body), {qos: 1}, error => {
				if (!error) resolve('acknowledged');
			});
		});
	} finally {
		await client.endAsync(true);
	}
}

test('an agent whose disk fills up acknowledges nothing, still answers, and goes on by itself when there is room', async t => {
	const site = await createTestSite(t, {homes: 1});
	const disk = {freeMiB: 1000};
	const agent = await open(t, site, disk);
	t.is((await agent.status()).state, 'running');
	t.is(await publish(site, 1), 'acknowledged');
	disk.freeMiB = 200;
	const full = await untilState(t, site, 'full');
	t.true(full.warnings.some(sentence => sentence.startsWith('FULL, nothing is acknowledged: 200 MiB are free')));
	t.is(full.disk.floorBytes, 256 * mib);
	t.is(full.connections, 0);
	t.is(await publish(site, 2), 'code 3');
	t.deepEqual((await auditSite(site.site.paths)).problems, []);
	// Room for the floor alone is not enough.
	disk.freeMiB = 270;
	await systemClock.sleep(1500);
	t.is((await agent.status()).state, 'full');
	disk.freeMiB = 288;
	await untilState(t, site, 'running');
	t.is(await publish(site, 3), 'acknowledged');
	t.false(agent.failed.aborted);
	t.deepEqual((await auditSite(site.site.paths)).problems, []);
});

test('an agent that starts on a full disk commits nothing, answers, and begins by itself when there is room', async t => {
	const site = await createTestSite(t, {homes: 1});
	const disk = {freeMiB: 100};
	const agent = await open(t, site, disk);
	const status = await agent.status();
	t.is(status.state, 'full');
	// Not even the agent's own enrolment, with which every log begins.
	t.is(status.size, 0);
	t.is(await publish(site, 1), 'code 3');
	disk.freeMiB = 1000;
	await untilState(t, site, 'running');
	t.is(await publish(site, 2), 'acknowledged');
	t.is((await readStatus(site.site.paths)).size, 4);
});
