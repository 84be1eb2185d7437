import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {verifyDeviceSignature} from '../../agent/base/device-signature.ts';
import {openSignedPayload} from '../../agent/format/signed-payload.ts';
import {messageDigest, readAccount} from '../../sim/account.ts';
import {demoFaults} from '../../sim/faults.ts';
import {fleetMembers} from '../../sim/fleet.ts';
import {runSim, type SimOptions, type SimStats} from '../../sim/run.ts';
import {createSimSigner, type SimSigning} from '../../sim/signing.ts';
import {startBroker, type TestBroker} from './broker.ts';

const passwords = Object.fromEntries(fleetMembers().map(({id}) => [id, `password of ${id}`]));

function folderOf(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-sim-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
}

/** Runs until the broker has this many messages. */
async function runFor(broker: TestBroker, messages: number, options: Partial<SimOptions> & {accountPath: string}): Promise<SimStats> {
	const ending = new AbortController();
	const target = broker.received.length + messages;
	const watching = (async () => {
		while (broker.received.length < target) await systemClock.sleep(10);
		ending.abort();
	})();
	const stats = await runSim({url: broker.url, seed: 's', passwords, clock: systemClock, signal: ending.signal, ...options});
	await watching;
	return stats;
}

test('a run with every fault accounts for what was acknowledged, and for what was hostile before it left', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const accountPath = join(folderOf(t), 'account.jsonl');
	const seen: SimStats[] = [];
	const stats = await runFor(broker, 3000, {
		accountPath,
		rate: 60,
		faults: {...demoFaults, hostile: 0.05, repeat: 0.05, drop: 0.05},
		onStats: one => seen.push(one),
	});
	t.is(stats.pending, 0);
	t.is(stats.sent, stats.acknowledged);
	t.true(stats.repeated > 0 && stats.hostile > 0 && stats.dropped > 0);
	t.deepEqual(seen.at(-1), stats);
	t.is(stats.devices, 22);

	const arrived = new Map(broker.received.map(({topic, payload}) => [messageDigest(topic, payload), payload]));
	let readings = 0;
	let hostile = 0;
	for await (const line of readAccount(accountPath)) {
		t.not(line.kind, 'uncertain');
		if (line.kind === 'hostile') {
			hostile += 1;
			t.true(arrived.has(line.digest));
		} else readings += line.readings.length;
	}
	t.is(readings, stats.readings);
	t.is(hostile, stats.hostile);
	for (const {clientId, username, password} of broker.received) {
		t.is(username, clientId);
		t.is(password, passwords[clientId]);
	}
});

test('device time is the real time, and the next run goes on in the next boot', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const accountPath = join(folderOf(t), 'account.jsonl');
	const startedMs = systemClock.nowMs();
	await runFor(broker, 60, {accountPath, rate: 20, size: {homes: 2, boilers: 0, trucks: 0}});
	const first = broker.received.splice(0);
	await runFor(broker, 60, {accountPath, rate: 20, size: {homes: 2, boilers: 0, trucks: 0}});
	const endedMs = systemClock.nowMs();
	type Meter = {boot: string; seq: number; at: string; import_kwh: number};
	const meters = (messages: typeof first): Meter[] =>
		messages.filter(({clientId}) => clientId === 'home-01').map(({payload}) => JSON.parse(payload) as Meter);
	for (const {at} of [...meters(first), ...meters(broker.received)])
		t.true(Date.parse(at) >= startedMs - 2 && Date.parse(at) <= endedMs, `${at}`);
	t.true(meters(first).every(({boot}) => boot === 'b1'));
	t.true(meters(broker.received).every(({boot}) => boot === 'b2'));
	t.is(meters(broker.received)[0]!.seq, 1);
	t.true(meters(broker.received)[0]!.import_kwh >= meters(first).at(-1)!.import_kwh);
	t.regex(readFileSync(`${accountPath}.state.json`, 'utf8'), /"run":2/);
});

test('at speed the devices come out of the past and never run ahead of the clock', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const nowMs = systemClock.nowMs();
	await runFor(broker, 1600, {
		accountPath: join(folderOf(t), 'account.jsonl'),
		speed: 600,
		startMs: nowMs - 100_000,
		size: {homes: 3, boilers: 0, trucks: 0},
		rate: 10,
	});
	const times = broker.received.map(({payload}) => Date.parse((JSON.parse(payload) as {at: string}).at));
	t.true(Math.min(...times) < nowMs - 90_000);
	t.true(Math.max(...times) > nowMs - 1000);
	t.true(Math.max(...times) <= systemClock.nowMs());
});

test('what a broker never acknowledged is uncertain in the account, and a killed broker is survived', async t => {
	let holding = false;
	const broker = await startBroker(() => (holding ? new Promise(() => {}) : Promise.resolve()));
	t.teardown(broker.stop);
	const accountPath = join(folderOf(t), 'account.jsonl');
	const ending = new AbortController();
	const running = runSim({
		url: broker.url,
		seed: 's',
		passwords,
		size: {homes: 2, boilers: 0, trucks: 0},
		rate: 40,
		accountPath,
		drainMs: 200,
		clock: systemClock,
		signal: ending.signal,
	});
	while (broker.received.length < 50) await systemClock.sleep(5);
	await broker.kill();
	await systemClock.sleep(100);
	await broker.start();
	const restarted = broker.received.length;
	while (broker.received.length < restarted + 50) await systemClock.sleep(5);
	holding = true;
	const held = broker.received.length;
	while (broker.received.length < held + 2) await systemClock.sleep(5);
	ending.abort();
	const stats = await running;
	t.true(stats.pending > 0);
	t.is(stats.sent, stats.acknowledged + stats.pending);
	const kinds = {acknowledged: 0, uncertain: 0, hostile: 0};
	for await (const line of readAccount(accountPath)) kinds[line.kind] += 1;
	t.is(kinds.acknowledged, stats.acknowledged);
	t.true(kinds.uncertain > 0);
});

test('devices that sign send what their keys made, and the account has what was sent', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const accountPath = join(folderOf(t), 'account.jsonl');
	// The broker here keeps text, so that the form that is none is tried elsewhere.
	const forms: Readonly<Record<string, SimSigning>> = {'home-01': {form: 'jws'}, 'home-02': {form: 'plain', keyType: 'p256'}};
	const stats = await runFor(broker, 60, {
		accountPath,
		rate: 20,
		size: {homes: 3, boilers: 0, trucks: 0},
		faults: {repeat: 0.1, hostile: 0.1},
		signing: id => forms[id],
	});
	t.true(stats.hostile > 0 && stats.repeated > 0);
	const digests = new Set(broker.received.map(({topic, payload}) => messageDigest(topic, payload)));
	for await (const line of readAccount(accountPath)) if (line.kind === 'hostile') t.true(digests.has(line.digest));
	for (const {clientId, payload} of broker.received) {
		const opened = openSignedPayload(Buffer.from(payload));
		const signing = forms[clientId];
		if (signing === undefined) {
			t.true('problem' in opened && !opened.isSigned);
			continue;
		}
		if ('problem' in opened) {
			t.fail(opened.problem);
			continue;
		}
		t.is(opened.form, signing.form);
		t.true(verifyDeviceSignature(createSimSigner('s', clientId, signing).key, opened.signedBytes, opened.signature));
	}
});

test('a speed of nothing is an argument that is refused', async t => {
	const options = {url: 'mqtt://127.0.0.1:1', seed: 's', passwords, accountPath: join(folderOf(t), 'a'), clock: systemClock};
	await t.throwsAsync(runSim({...options, speed: 0, signal: AbortSignal.abort()}), {code: 'ARGUMENT_INVALID'});
});
