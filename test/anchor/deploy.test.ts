// Registry, log and funds are put on a chain once, however often and from wherever it is asked.
import test from 'ava';
import {openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry, fundAccount, openLogAt} from '../../agent/anchor/deploy.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {type Anvil, anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {hastyClock} from './world.ts';

let anvil: Anvil;

test.before(async () => {
	anvil = await startAnvil();
});

test.after.always(async () => {
	await anvil?.stop();
});

const rich = signerFromKey(richKey);
const other = signerFromKey(`0x${'7'.repeat(64)}`);
const needsOf = (signer: typeof rich) => ({chain: openChain({url: anvil.url, chainId: anvilChainId}), clock: hastyClock, signer});
const countOf = async (address: string): Promise<number> => Number(await anvil.rpc('eth_getTransactionCount', address, 'latest'));

test.serial('an account is funded once, and only if it needs it', async t => {
	const options = {to: other.address, minWei: 10n ** 17n, amountWei: 10n ** 18n};
	t.deepEqual(await fundAccount(needsOf(rich), options), {funded: true});
	t.deepEqual(await fundAccount(needsOf(rich), options), {funded: false});
	t.is(BigInt(await anvil.rpc<string>('eth_getBalance', other.address, 'latest')), 10n ** 18n);
});

test.serial('a registry is deployed once and found again, also after other transactions of the key', async t => {
	const first = await deployRegistry(needsOf(other), {challengeTimeS: 86_400});
	t.true(first.deployed);
	t.deepEqual(await deployRegistry(needsOf(other), {challengeTimeS: 86_400}), {registry: first.registry, deployed: false});
	t.is(await countOf(other.address), 1);
	// The rich account's first transaction was a transfer: the address of its registry follows from another nonce.
	const second = await deployRegistry(needsOf(rich), {challengeTimeS: 0});
	t.true(second.deployed);
	t.not(second.registry, first.registry);
	t.deepEqual(await deployRegistry(needsOf(rich), {challengeTimeS: 0}), {registry: second.registry, deployed: false});
});

test.serial('a log is opened once, and by its opener under its own id', async t => {
	const {registry} = await deployRegistry(needsOf(other), {challengeTimeS: 86_400});
	const options = {registry: registry.toUpperCase().replace('0X', '0x'), origin: 'harbour/1'};
	const logId = anchorLogId(anvilChainId, registry, other.address, 'harbour/1');
	t.deepEqual(await openLogAt(needsOf(other), options), {logId, opened: true});
	t.deepEqual(await openLogAt(needsOf(other), options), {logId, opened: false});
	const {chain} = needsOf(other);
	t.is(await chain.operatorOf(registry, logId), other.address);
	const ofRich = await openLogAt(needsOf(rich), options);
	t.not(ofRich.logId, logId);
});

test.serial('two programs that fund from one account at once both get there', async t => {
	const accounts = ['a', 'b', 'c'].map(digit => `0x${digit.repeat(40)}`);
	await Promise.all(accounts.map(to => fundAccount(needsOf(rich), {to, minWei: 5n, amountWei: 5n})));
	for (const to of accounts) t.is(BigInt(await anvil.rpc<string>('eth_getBalance', to, 'latest')), 5n);
});

test.serial('the wrong chain, and a place without a contract, are told apart', async t => {
	const chain = openChain({url: anvil.url, chainId: 1});
	await t.throwsAsync(deployRegistry({chain, clock: hastyClock, signer: rich}, {challengeTimeS: 0}), {
		code: 'CHAIN_MISMATCH',
		message: /speaks for chain 31337, not for chain 1/,
	});
	await t.throwsAsync(openLogAt(needsOf(rich), {registry: `0x${'8'.repeat(40)}`, origin: 'harbour/1'}), {
		code: 'CHAIN_MISMATCH',
		message: /no contract at 0x8/,
	});
	await t.throwsAsync(deployRegistry(needsOf(signerFromKey(`0x${'9'.repeat(64)}`)), {challengeTimeS: 10 ** 9}), {
		code: 'CHAIN_REFUSED',
		message: /ChallengeTimeTooLong|would fail/,
	});
});
