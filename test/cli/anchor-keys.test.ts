// kedge deploy, kedge anchor key, rotate, accept and close, and what kedge epoch does to the log before: on a chain of their own, by the words that people type.
import {existsSync, statSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {openChain} from '../../agent/anchor/chain.ts';
import {type LogStanding, standingOf} from '../../agent/anchor/registry.ts';
import {toHex} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {parseTrust} from '../../agent/format/trust.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {anchorSite, changeConfig, createTestSite, kedge} from '../helpers/site.ts';

let anvil: Anvil;

test.before(async () => {
	anvil = await startAnvil();
});

test.after.always(async () => {
	await anvil?.stop();
});

const fund = (address: string): Promise<unknown> => anvil.rpc('anvil_setBalance', address, '0xde0b6b3a7640000');
const countOf = async (address: string): Promise<number> => Number(await anvil.rpc('eth_getTransactionCount', address, 'latest'));
const chainWords = ['--chain-id', String(anvilChainId)];
const standing = async (registry: string, opener: string, origin: string): Promise<LogStanding> => {
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	return await standingOf(chain, {registry, logId: anchorLogId(anvilChainId, registry, opener, origin)});
};

test('kedge deploy prints what pins the registry that it deploys, and finds it again', async t => {
	const {site, anchoringAddress} = await createTestSite(t, {homes: 1});
	const deploy = (...more: readonly string[]) =>
		kedge(t, ['deploy', '--config', site.configPath, '--rpc', anvil.url, ...chainWords, ...more]);
	const poor = await deploy();
	t.is(poor.code, 3, poor.err);
	await fund(anchoringAddress);
	const first = await deploy();
	t.is(first.code, 0, first.err);
	t.regex(first.err, new RegExp(`^${anchoringAddress} deployed the registry in transaction 0x[0-9a-f]{64}$`, 'm'));
	const registry = /^ {2}registry: "(0x[0-9a-f]{40})"$/m.exec(first.out)?.[1] ?? '';
	const genesis = await anvil.rpc<{hash: string}>('eth_getBlockByNumber', '0x0', false);
	const code = await anvil.rpc<string>('eth_getCode', registry, 'latest');
	t.true(first.out.includes(`\n  genesisHash: "${genesis.hash}"\n`));
	t.true(first.out.includes(`\n  codeHash: "0x${toHex(keccak256(Buffer.from(code.slice(2), 'hex')))}"\n`));
	t.regex(first.out, /^anchor:\n {2}rpcUrl: http:\/\/127\.0\.0\.1:\d+\n {2}chainId: 31337\n {2}# deployed in transaction 0x[0-9a-f]{64}\n/);

	const second = await deploy('--gas-price', '3.5');
	t.is(second.code, 0, second.err);
	t.regex(second.err, /found the registry .* nothing was sent/);
	t.true(second.out.includes(registry) && second.out.endsWith('\n  fees: legacy\n  gasPriceGwei: 3.5\n'));
	t.is(await countOf(anchoringAddress), 1);
	// Another challenge time is another registry, for a legacy price this time.
	const third = await deploy('--challenge-time', '60', '--gas-price', '30');
	t.is(third.code, 0, third.err);
	t.false(third.out.includes(registry));
	const transaction = /in transaction (0x[0-9a-f]{64})$/m.exec(third.err)?.[1] ?? '';
	t.like(await anvil.rpc('eth_getTransactionByHash', transaction), {type: '0x0', gasPrice: `0x${(30n * 10n ** 9n).toString(16)}`});

	// What it printed is a config that the log can be opened with, and anchored by.
	const opened = await kedge(t, ['anchor', '--config', site.configPath, '--rpc', anvil.url, ...chainWords, '--registry', registry]);
	t.is(opened.code, 0, opened.err);
	const changed = await changeConfig(site, text => `${text}\n${first.out}`);
	t.like(changed.config.anchor?.chains[0], {registry, genesisHash: genesis.hash});
	t.like(await standing(registry, anchoringAddress, 'harbour/1'), {operator: anchoringAddress, isClosed: false});
	const elsewhere = await kedge(t, ['deploy', '--config', site.configPath, '--rpc', anvil.url, '--chain-id', '1']);
	t.is(elsewhere.code, 2);
	t.regex(elsewhere.err, /speaks for chain 31337, not for chain 1/);
});

test('a log is handed on to a new key by words, which say what happens before it cannot be undone', async t => {
	const made = await createTestSite(t, {homes: 1});
	const site = await anchorSite(t, made, anvil);
	const old = made.anchoringAddress;
	const [{registry} = {registry: ''}] = site.config.anchor!.chains;
	const words = (name: string, ...more: readonly string[]) => kedge(t, ['anchor', name, '--config', site.configPath, ...more]);

	const key = await words('key');
	t.is(key.code, 0, key.err);
	const young = key.out.trim();
	t.regex(young, /^0x[0-9a-f]{40}$/);
	for (const name of ['anchor-key-2.json', 'anchor-key-2.password']) t.is(statSync(join(made.folder, name)).mode & 0o777, 0o600);
	await fund(young);

	// A slip, which is taken back.
	t.is((await words('rotate', '--to', `0x${'9'.repeat(40)}`)).code, 0);
	t.like(await standing(registry, old, 'harbour/1'), {proposed: `0x${'9'.repeat(40)}`});
	const withdrawn = await words('rotate', '--withdraw');
	t.regex(withdrawn.err, /the proposal is taken back \(transaction 0x/);

	const rotated = await words('rotate', '--to', young);
	t.is(rotated.code, 0, rotated.err);
	t.regex(rotated.err, new RegExp(`log harbour/1 .* on chain 31337: ${young} is proposed\\. The key of now goes on anchoring`));
	const newKey = ['--keystore', 'anchor-key-2.json', '--password-file', 'anchor-key-2.password'];
	const looked = await words('accept', ...newKey);
	t.is(looked.code, 1);
	t.regex(looked.out, new RegExp(`is anchored by ${old}; ${young} is proposed\\.\\n.*${young} would take it over`));
	t.regex(looked.err, /nothing was done: say it again with --yes/);
	t.is(await countOf(young), 0);
	// The key of now is not the one that was proposed.
	const mistaken = await words('accept', '--yes');
	t.is(mistaken.code, 2);
	t.is(mistaken.out, '');
	t.regex(mistaken.err, new RegExp(`${young} is to take it over, not ${old}`));
	const accepted = await words('accept', ...newKey, '--yes');
	t.is(accepted.code, 0, accepted.err);
	t.is(accepted.out, `anchor:\n  keystore: anchor-key-2.json\n  keystorePasswordFile: anchor-key-2.password\n  opener: "${old}"\n`);
	t.deepEqual(await standing(registry, old, 'harbour/1'), {operator: young, proposed: undefined, isClosed: false, successor: undefined});

	// The old key has no say any more, and is told so.
	const late = await words('rotate', '--to', old);
	t.is(late.code, 2);
	t.regex(late.err, new RegExp(`is anchored by ${young}: ${old} cannot hand it on`));
	// With the lines that were printed the new key is the key, and who verifies needs no other trust file.
	await changeConfig(site, text => `${text}${accepted.out.replace('anchor:\n', '')}`);
	const again = await words('accept', '--yes');
	t.is(again.code, 0, again.err);
	t.regex(again.err, /was taken over before/);
	// Nor is the log opened a second time, under an id of the new key.
	const prepared = await kedge(t, ['anchor', '--config', site.configPath, '--rpc', anvil.url, ...chainWords, '--registry', registry]);
	t.is(prepared.code, 0, prepared.err);
	t.true(prepared.err.includes(`found the log there, as ${anchorLogId(anvilChainId, registry, old, 'harbour/1')}`));
	t.is(await countOf(young), 1);
	const trust = parseTrust(nodeHasher, await readFile(site.paths.trust));
	t.deepEqual('value' in trust && trust.value.registries.map(({opener}) => opener), [old]);
});

test('kedge epoch closes the log before, for good, and kedge anchor close does what it could not', async t => {
	const made = await createTestSite(t, {homes: 1});
	const site = await anchorSite(t, made, anvil);
	const {anchoringAddress} = made;
	const [{registry} = {registry: ''}] = site.config.anchor!.chains;
	const epoch = (...more: readonly string[]) =>
		kedge(t, ['epoch', '--config', site.configPath, '--anyway', '--reason', 'a test of it', ...more]);
	const close = (...more: readonly string[]) => kedge(t, ['anchor', 'close', '--config', site.configPath, ...more]);

	const opened = await epoch();
	t.is(opened.code, 0, opened.err);
	t.regex(opened.out, /^harbour\/1 is closed on chain 31337, for ever: it goes on as harbour\/2\.$/m);
	const second = anchorLogId(anvilChainId, registry, anchoringAddress, 'harbour/2');
	t.like(await standing(registry, anchoringAddress, 'harbour/1'), {isClosed: true, successor: second});
	t.true(existsSync(join(made.folder, 'epoch-1')));

	const kept = await epoch('--keep-open', '--json');
	t.is(kept.code, 0, kept.err);
	t.false('closed' in (JSON.parse(kept.out) as object));
	t.like(await standing(registry, anchoringAddress, 'harbour/2'), {isClosed: false});
	const looked = await close('--epoch', '2', '--successor', '3');
	t.is(looked.code, 1, looked.err);
	t.regex(
		looked.out,
		/log harbour\/2 .*\n {2}is anchored up to size 0 and would be ended there, for ever; harbour\/3 goes on\. That cannot be undone/,
	);
	t.like(await standing(registry, anchoringAddress, 'harbour/2'), {isClosed: false});
	const closed = await close('--epoch', '2', '--successor', 'harbour/3', '--yes');
	t.is(closed.code, 0, closed.err);
	t.regex(closed.err, /is closed; harbour\/3 goes on \(transaction 0x/);
	const third = anchorLogId(anvilChainId, registry, anchoringAddress, 'harbour/3');
	t.like(await standing(registry, anchoringAddress, 'harbour/2'), {isClosed: true, successor: third});
	t.regex((await close('--epoch', '2', '--successor', '3', '--yes')).err, /was closed before/);

	const unknown = await close('--epoch', '7', '--yes');
	t.is(unknown.code, 2);
	t.regex(unknown.err, /log "harbour\/7" was never opened/);
	const nowhere = await close('--chain', 'moonbase');
	t.is(nowhere.code, 2);
	t.regex(nowhere.err, /has no chain "moonbase"/);
});
