// The agent of a site whose anchoring key was changed: it anchors on under the same id, notes in its log what happened, and its receipts need no other trust.
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {unbindDevice} from '../../agent/device-binding.ts';
import {decodeNote, type NoteBody} from '../../agent/format/body.ts';
import {decodeEntry, kinds, noteKinds} from '../../agent/format/entry.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {acceptAnchoring, makeNextKey, rotateAnchoring, withKey} from '../../agent/log-on-chain.ts';
import {simulatedDeviceIds} from '../../agent/simulation.ts';
import type {Site} from '../../agent/site.ts';
import {requestAnchor} from '../../agent/state.ts';
import {anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {anchorSite, changeConfig, createTestSite, kedge, startAgent, untilStatus} from '../helpers/site.ts';

/** Indexes and bodies of the notes of rotations. */
async function rotations(site: Site): Promise<{readonly index: number; readonly body: NoteBody}[]> {
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	const found: {readonly index: number; readonly body: NoteBody}[] = [];
	const size = (await reader.head())?.size ?? 0;
	for (let index = 0; index < size; index += 1) {
		const entry = decodeEntry(await reader.entry(index));
		if (entry.kind === kinds.note && entry.quantity === noteKinds.rotation)
			found.push({index, body: decodeNote((await reader.source(index)).record)!});
	}
	return found;
}

test('an agent whose key was changed anchors the same log, and says so in an entry', async t => {
	t.timeout(180_000);
	const anvil = await startAnvil(['--block-time', '1']);
	t.teardown(anvil.stop);
	const made = await createTestSite(t, {homes: 1});
	const site = await anchorSite(t, made, anvil);
	const old = made.anchoringAddress;
	const isAnchored = (size: number) => untilStatus(t, site, ({anchor}) => (anchor?.minedSize ?? 0) >= size);
	const trust = await readFile(site.paths.trust, 'utf8');
	const first = await startAgent(t, site);
	await requestAnchor(site.paths);
	await isAnchored(1);
	t.is(await first.end('SIGTERM'), 0);
	t.deepEqual(await rotations(site), []);

	const key = await makeNextKey(site, createSystemRandom());
	await anvil.rpc('anvil_setBalance', key.address, '0xde0b6b3a7640000');
	t.like((await rotateAnchoring(site, {chain: undefined, to: key.address}))[0], {changed: true, problem: undefined});
	t.like((await acceptAnchoring(withKey(site, key), {chain: undefined}))[0], {changed: true, opener: old});

	// Nobody has told the config: the old key anchors nothing, the log goes on, and status says whose it is.
	const late = await startAgent(t, site);
	await requestAnchor(site.paths);
	const {warnings} = await untilStatus(t, site, status => status.warnings.some(warning => warning.includes(key.address)));
	t.truthy(warnings);
	t.is(await late.end('SIGTERM'), 0);

	const changed = await changeConfig(
		site,
		text => `${text}  keystore: ${key.keystore}\n  keystorePasswordFile: ${key.keystorePasswordFile}\n  opener: "${old}"\n`,
	);
	const next = await startAgent(t, changed);
	const {size} = await untilStatus(t, site, ({state}) => state === 'running');
	await requestAnchor(changed.paths);
	await isAnchored(size);
	t.is(await next.end('SIGTERM'), 0);
	const [{registry} = {registry: ''}] = changed.config.anchor!.chains;
	const logId = anchorLogId(anvilChainId, registry, old, 'harbour/1');
	const [note, ...others] = await rotations(changed);
	t.deepEqual(others, []);
	t.deepEqual(note?.body, {note: 'rotation', chainId: anvilChainId, registry, logId, from: old, to: key.address});
	t.true(Number(await anvil.rpc('eth_getTransactionCount', key.address, 'latest')) >= 2);

	// A third start notes nothing more, and a receipt of the note itself verifies with the trust file of before.
	const third = await startAgent(t, changed);
	await requestAnchor(changed.paths);
	await isAnchored(note!.index + 1);
	// The device registry goes by who opened the log: the new key does not try what would be refused there.
	await t.throwsAsync(unbindDevice(changed, simulatedDeviceIds(1)[0]!, {registry: `0x${'1'.repeat(40)}`}), {
		code: 'KEY_INVALID',
		message: new RegExp(`bound by the key that opened it, ${old}`),
	});
	t.is(await third.end('SIGTERM'), 0);
	t.is((await rotations(changed)).length, 1);
	const receipt = await kedge(t, ['prove', String(note!.index), '--config', changed.configPath]);
	t.is(receipt.code, 0, receipt.err);
	await writeFile(join(made.folder, 'note.json'), receipt.out);
	t.is(await readFile(site.paths.trust, 'utf8'), trust);
	const verdict = await kedge(t, ['verify', '--trust', site.paths.trust, '--rpc', anvil.url, join(made.folder, 'note.json')]);
	t.is(verdict.code, 0, verdict.out);
	t.regex(verdict.out, new RegExp(`is anchored with the key of ${key.address} from here on, and no longer with that of ${old}`));
});
