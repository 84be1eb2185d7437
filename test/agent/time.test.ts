// Beacons, the state of the clock, gaps and silences, as the real agent writes them and `kedge verify` says them.
import {join} from 'node:path';
import test from 'ava';
import {connectAsync} from 'mqtt';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {decodeNote, type NoteBody} from '../../agent/format/body.ts';
import {decodeEntry, kinds, noteKinds} from '../../agent/format/entry.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {simulatedDeviceIds} from '../../agent/simulation.ts';
import type {Site} from '../../agent/site.ts';
import {requestAnchor} from '../../agent/state.ts';
import {anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {anchorSite, changeConfig, createTestSite, kedge, startAgent, untilStatus} from '../helpers/site.ts';

const [home = ''] = simulatedDeviceIds(1);

type Noted = {readonly index: number; readonly kind: number; readonly value: bigint; readonly body: NoteBody | undefined};

async function notesOf(site: Site): Promise<Noted[]> {
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	const size = (await reader.head())?.size ?? 0;
	const notes: Noted[] = [];
	for (let index = 0; index < size; index += 1) {
		const {kind, quantity, value} = decodeEntry(await reader.entry(index));
		if (kind === kinds.note) notes.push({index, kind: quantity, value, body: decodeNote((await reader.source(index)).record)});
	}
	return notes;
}

test('beacons come at the start and in front of the tally of each anchor, and a receipt of one says what it is', async t => {
	const anvil = await startAnvil();
	t.teardown(anvil.stop);
	const made = await createTestSite(t, {homes: 1});
	const site = await anchorSite(t, made, anvil);
	await anvil.mine(5);
	const agent = await startAgent(t, site);
	const mine = {each: () => anvil.mine(1), everyMs: 200};
	// The beacon of the start comes with the first nudge.
	await untilStatus(t, site, ({size}) => size >= 3);
	await anvil.mine(3);
	await requestAnchor(site.paths);
	const status = await untilStatus(t, site, ({anchor}) => (anchor?.finalSize ?? 0) > 0, mine);
	t.is(typeof status.clock.upMs, 'number');
	t.is(await agent.end('SIGTERM'), 0);

	const notes = await notesOf(site);
	t.deepEqual(
		notes.map(({kind}) => kind),
		[noteKinds.start, noteKinds.beacon, noteKinds.beacon, noteKinds.tally],
	);
	const [start, first, second] = notes;
	t.is(start?.body?.synchronisation, status.clock.synchronisation);
	t.is(start?.body?.bootId, status.clock.bootId);
	for (const beacon of [first, second]) {
		const block = await anvil.rpc<{hash: string; timestamp: string}>('eth_getBlockByNumber', `0x${beacon!.value.toString(16)}`, false);
		t.deepEqual(beacon?.body, {
			note: 'beacon',
			chainId: anvilChainId,
			blockNumber: Number(beacon!.value),
			blockHash: block.hash,
			blockTimeS: Number(block.timestamp),
		});
	}
	t.true(second!.value > first!.value);

	const out = join(made.folder, 'beacon.json');
	t.is((await kedge(t, ['prove', String(first!.index), '--config', site.configPath, '--out', out])).code, 0);
	const verdict = await kedge(t, ['verify', '--trust', site.paths.trust, out]);
	t.is(verdict.code, 0, verdict.out);
	t.regex(
		verdict.out,
		new RegExp(`note {6}as the agent's node told it, the newest finalized block was block ${first!.value} of chain 31337`),
	);
});

test('gaps and silences stand in the history of their channel, and in status', async t => {
	const made = await createTestSite(t, {homes: 1});
	const site = await changeConfig(made.site, text => text.replace(`"id":"${home}",`, `"id":"${home}","cadenceSeconds":1,`));
	const agent = await startAgent(t, site);
	const client = await connectAsync(made.url, {clientId: home, username: home, password: made.password, reconnectPeriod: 0});
	const publish = (sequence: number) =>
		client.publishAsync(
			`homes/${home}/meter`,
			`{"boot":"b","seq":${sequence},"at":"2026-03-01T00:0${sequence}:00Z","import_kwh":${sequence}.125}`,
			{qos: 1},
		);
	await publish(1);
	await publish(4);
	const status = await untilStatus(t, site, ({silent}) => silent.count === 1);
	t.deepEqual(status.silent.devices, [{deviceId: home, channels: 1}]);
	t.is(status.counters.gaps, 1);
	await publish(5);
	await untilStatus(t, site, ({silent, size, releasedSize}) => silent.count === 0 && size === releasedSize);
	const asked = await kedge(t, ['status', '--config', site.configPath]);
	t.regex(asked.out, /gaps +1 in the numbering of devices, \d+ silence/);
	await client.endAsync();
	t.is(await agent.end('SIGTERM'), 0);

	const out = join(made.folder, 'history.json');
	const proven = await kedge(t, ['history', home, '--config', site.configPath, '--from', '2026-01-01', '--out', out]);
	t.is(proven.code, 0, proven.err);
	const verdict = await kedge(t, ['verify', '--trust', site.paths.trust, out]);
	t.is(verdict.code, 0, verdict.out);
	t.regex(verdict.out, /gaps {6}the device's own numbering jumps once, over 2 numbers in all/);
	t.regex(verdict.out, /silence {3}the channel was silent/);
	t.deepEqual(
		(await notesOf(site)).filter(({kind}) => kind === noteKinds.gap).map(({value, body}) => [value, body]),
		[[2n, {note: 'gap', session: 'b', from: 2, to: 3}]],
	);
});
