// Devices are bound, rotated and unbound on a chain, each once, and the past of a binding is read back whole or not at all.
import test from 'ava';
import {type Chain, openChain} from '../../agent/anchor/chain.ts';
import {transact} from '../../agent/anchor/deploy.ts';
import {
	type BindingPlace,
	bindWithSignature,
	checkDeviceRegistry,
	deployDeviceRegistry,
	encodeBind,
	endBinding,
	proposeBinding,
	readBinding,
	readBindingChanges,
	rotateBinding,
} from '../../agent/anchor/device-registry.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import {createSigner} from '../../agent/base/secp256k1.ts';
import {type BindingTerms, bindingDigest, deviceHash, zeroAddress, zeroHash} from '../../agent/format/device-binding.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {type Anvil, anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {hastyClock} from './world.ts';

let anvil: Anvil;
let chain: Chain;
let registry: string;

const rich = signerFromKey(richKey);
const openerKey = `0x${'7'.repeat(64)}`;
const ownerKey = `0x${'8'.repeat(64)}`;
const opener = signerFromKey(openerKey);
const owner = signerFromKey(ownerKey);
const stranger = signerFromKey(`0x${'9'.repeat(64)}`);
const needsOf = (signer: typeof rich) => ({chain, clock: hastyClock, signer});

test.before(async () => {
	anvil = await startAnvil();
	chain = openChain({url: anvil.url, chainId: anvilChainId});
	for (const {address} of [opener, owner, stranger]) await anvil.rpc('anvil_setBalance', address, '0xde0b6b3a7640000');
	({registry} = await deployDeviceRegistry(needsOf(opener)));
});

test.after.always(async () => {
	await chain?.[Symbol.asyncDispose]();
	await anvil?.stop();
});

const log = {anchorRegistry: `0x${'a'.repeat(40)}`, opener: opener.address, origin: 'harbour/1'};
const logId = anchorLogId(anvilChainId, log.anchorRegistry, log.opener, log.origin);
const urnOf = (id: string): string => `urn:kedge:device:${id}`;
const placeOf = (id: string): BindingPlace => ({registry, logId, device: deviceHash(urnOf(id))});
const key = (digit: string): string => `0x${digit.repeat(64)}`;

async function termsOf(id: string, more: Partial<BindingTerms> = {}): Promise<BindingTerms> {
	const {history} = await readBinding(chain, placeOf(id));
	return {
		...log,
		device: urnOf(id),
		owner: owner.address,
		keyHash: key('1'),
		certificateHash: zeroHash,
		openerRotates: true,
		history,
		validUntil: 4_000_000_000,
		...more,
	};
}

function signatureOf(privateKey: string, terms: BindingTerms): string {
	const signer = createSigner(fromHex(privateKey.slice(2))!)!;
	return toPrefixedHex(signer.sign(bindingDigest({chainId: anvilChainId, registry}, terms)));
}

const countOf = async (address: string): Promise<number> => Number(await anvil.rpc('eth_getTransactionCount', address, 'latest'));

/** The owner says the terms. */
const accept = async (terms: BindingTerms, id: string): Promise<void> =>
	transact(
		needsOf(owner),
		{to: registry, data: encodeBind(terms), value: 0n},
		async () => (await readBinding(chain, placeOf(id))).history !== terms.history,
		'accepting',
	);

test.serial('a device registry is deployed once and found again, and nothing else is taken for one', async t => {
	t.deepEqual(await deployDeviceRegistry(needsOf(opener)), {registry, deployed: false});
	t.is(await countOf(opener.address), 1);
	await t.notThrowsAsync(checkDeviceRegistry(chain, registry));
	await t.throwsAsync(checkDeviceRegistry(chain, stranger.address), {code: 'CHAIN_MISMATCH', message: /no contract at/});
	// The very same code at another address names another domain; code that answers with the domain of another address is none.
	const fake = `0x${'e'.repeat(40)}`;
	const word = (await chain.read(registry, '0xf698da25')) as {readonly value: string};
	await anvil.rpc('anvil_setCode', fake, `0x7f${word.value.slice(2)}60005260206000f3`);
	await t.throwsAsync(checkDeviceRegistry(chain, fake), {code: 'CHAIN_MISMATCH', message: /is no DeviceRegistry/});
	await t.throwsAsync(readBinding(chain, {...placeOf('a'), registry: `0x${'d'.repeat(40)}`}), {code: 'CHAIN_MISMATCH'});
});

test.serial('a node of another chain is found out', async t => {
	await using other = openChain({url: anvil.url, chainId: 1});
	await t.throwsAsync(checkDeviceRegistry(other, registry), {code: 'CHAIN_MISMATCH', message: /speaks for chain 31337, not for chain 1/});
	await t.throwsAsync(deployDeviceRegistry({...needsOf(rich), chain: other}), {code: 'CHAIN_MISMATCH'});
});

test.serial('a proposal is said once, and binds when the owner says the same', async t => {
	const place = placeOf('a');
	t.like(await readBinding(chain, place), {owner: undefined, boundSinceS: 0, changedAtS: 0, history: zeroHash});
	t.deepEqual(await readBindingChanges(chain, place, await readBinding(chain, place)), {changes: [], isWhole: true});
	const terms = await termsOf('a');
	const before = await countOf(opener.address);
	t.deepEqual(await proposeBinding(needsOf(opener), place, terms), {bound: false});
	t.deepEqual(await proposeBinding(needsOf(opener), place, terms), {bound: false});
	t.is(await countOf(opener.address), before + 1);
	await accept(terms, 'a');
	t.deepEqual(await proposeBinding(needsOf(opener), place, terms), {bound: true});
	t.is(await countOf(opener.address), before + 1);
	const binding = await readBinding(chain, place);
	t.like(binding, {owner: owner.address, keyHash: key('1'), certificateHash: zeroHash, openerRotates: true});
	t.true(binding.boundSinceS > 1_700_000_000);
	t.is(binding.changedAtS, binding.boundSinceS);
});

test.serial("the opener binds in one transaction with the owner's signature, and not with another's", async t => {
	const place = placeOf('b');
	const terms = await termsOf('b', {certificateHash: key('c')});
	const refused = {code: 'CHAIN_REFUSED', message: /binding urn:kedge:device:b would fail/};
	await t.throwsAsync(bindWithSignature(needsOf(opener), place, terms, signatureOf(openerKey, terms)), refused);
	await t.throwsAsync(bindWithSignature(needsOf(stranger), place, terms, signatureOf(ownerKey, terms)), refused);
	await t.throwsAsync(bindWithSignature(needsOf(opener), place, {...terms, keyHash: key('2')}, signatureOf(ownerKey, terms)), refused);
	await bindWithSignature(needsOf(opener), place, terms, signatureOf(ownerKey, terms));
	t.like(await readBinding(chain, place), {owner: owner.address, certificateHash: key('c')});
});

test.serial(
	'who owned it and which key it had at a time is read back from the chain, and a node that leaves something out is found out',
	async t => {
		const place = placeOf('b');
		// Two changes in one block, and one some blocks later.
		await anvil.rpc('evm_increaseTime', 3600);
		await rotateBinding(needsOf(opener), place, log, {keyHash: key('2'), certificateHash: key('c')});
		await anvil.rpc('evm_increaseTime', 60);
		await anvil.mine(5);
		await anvil.rpc('evm_increaseTime', 60);
		await anvil.rpc('evm_setAutomine', false);
		const nonce = await countOf(opener.address);
		await anvil.rpc('anvil_impersonateAccount', opener.address);
		const send = (from: string, data: string): Promise<unknown> =>
			anvil.rpc('eth_sendTransaction', {from, to: registry, data, gas: '0x30d40'});
		const [rotating, ending] = await Promise.all([calldataOf(rotateBinding, place), calldataOf(endBinding, place)]);
		await send(opener.address, rotating);
		await send(opener.address, ending);
		await anvil.mine(1);
		await anvil.rpc('evm_setAutomine', true);
		await anvil.rpc('anvil_stopImpersonatingAccount', opener.address);
		t.is(await countOf(opener.address), nonce + 2);

		const binding = await readBinding(chain, place);
		t.like(binding, {owner: undefined, keyHash: zeroHash, openerRotates: false, boundSinceS: 0});
		const {changes, isWhole} = await readBindingChanges(chain, place, binding);
		t.true(isWhole);
		t.deepEqual(
			changes.map(({owner: whose, keyHash, by}) => [whose, keyHash, by]),
			[
				[owner.address, key('1'), opener.address],
				[owner.address, key('2'), opener.address],
				[owner.address, key('3'), opener.address],
				[zeroAddress, zeroHash, opener.address],
			],
		);
		t.true(changes[1]!.timeS >= changes[0]!.timeS + 3600);
		t.is(changes[3]!.timeS, changes[2]!.timeS);

		const lying = (change: (logs: Awaited<ReturnType<Chain['logs']>>) => typeof logs): Chain => ({
			...chain,
			logs: async search => change((await chain.logs(search)).filter(({topics}) => topics[2] === place.device)),
		});
		const lies: readonly (readonly [RegExp, Chain])[] = [
			[/does not have the change of/, lying(() => [])],
			[/does not have the change of/, lying(logs => (logs.length === 2 ? logs.slice(1) : logs))],
			[/are not those/, lying(logs => (logs.length === 2 ? logs.slice(0, 1) : logs))],
			[/are not those/, lying(logs => logs.map(log => ({...log, data: log.data.replace('22222222', '33333333')})))],
			[/are not those/, lying(logs => [...logs, ...logs])],
		];
		for (const [message, liar] of lies)
			await t.throwsAsync(readBindingChanges(liar, place, binding), {code: 'CHAIN_MISMATCH', message}, String(message));
	},
);

/** What a verb would send. */
async function calldataOf(verb: typeof rotateBinding | typeof endBinding, place: BindingPlace): Promise<string> {
	let sent = '';
	const caught: Chain = {
		...chain,
		estimate: async ({data}) => {
			sent = data;
			return {refused: 'only looked at'};
		},
	};
	await verb({...needsOf(opener), chain: caught}, place, log, {keyHash: key('3'), certificateHash: zeroHash}).catch(() => {});
	return sent;
}

test.serial('a wrong sender moves nothing', async t => {
	const place = placeOf('a');
	const before = await readBinding(chain, place);
	const keys = {keyHash: key('9'), certificateHash: zeroHash};
	await t.throwsAsync(rotateBinding(needsOf(stranger), place, log, keys), {code: 'CHAIN_REFUSED'});
	await t.throwsAsync(rotateBinding(needsOf(owner), place, log, keys), {code: 'CHAIN_REFUSED'});
	await t.throwsAsync(endBinding(needsOf(stranger), place, log), {code: 'CHAIN_REFUSED'});
	await t.throwsAsync(endBinding(needsOf(stranger), place, {...log, opener: stranger.address}), {code: 'CHAIN_REFUSED'});
	await t.throwsAsync(proposeBinding(needsOf(stranger), place, await termsOf('a', {keyHash: key('9')})), {code: 'CHAIN_REFUSED'});
	t.deepEqual(await readBinding(chain, place), before);
});

test.serial('an owner ends it, and what was signed before counts no more', async t => {
	const place = placeOf('a');
	const signed = await termsOf('a', {keyHash: key('4')});
	const signature = signatureOf(ownerKey, signed);
	await endBinding(needsOf(owner), place, log);
	t.is((await readBinding(chain, place)).owner, undefined);
	await t.throwsAsync(bindWithSignature(needsOf(opener), place, signed, signature), {code: 'CHAIN_REFUSED'});
	const again = await termsOf('a', {keyHash: key('4'), openerRotates: false});
	await bindWithSignature(needsOf(opener), place, again, signatureOf(ownerKey, again));
	// This owner wants to be asked.
	await t.throwsAsync(rotateBinding(needsOf(opener), place, log, {keyHash: key('5'), certificateHash: zeroHash}), {code: 'CHAIN_REFUSED'});
	const {changes, isWhole} = await readBindingChanges(chain, place, await readBinding(chain, place));
	t.true(isWhole);
	t.deepEqual(
		changes.map(({owner: whose, by}) => [whose, by]),
		[
			[owner.address, owner.address],
			[zeroAddress, owner.address],
			[owner.address, opener.address],
		],
	);
});

test.serial('gas of whole transactions', async t => {
	const gas: Record<string, number> = {};
	const blocks = async (what: string, work: () => Promise<unknown>): Promise<void> => {
		await work();
		const {gasUsed} = await anvil.rpc<{gasUsed: string}>('eth_getBlockByNumber', 'latest', false);
		gas[what] = Number(gasUsed);
	};
	const fresh = signerFromKey(`0x${'6'.repeat(64)}`);
	await anvil.rpc('anvil_setBalance', fresh.address, '0xde0b6b3a7640000');
	await blocks('deploy', () => deployDeviceRegistry(needsOf(fresh)));
	const terms = await termsOf('g');
	await blocks('propose', () => proposeBinding(needsOf(opener), placeOf('g'), terms));
	await blocks('accept', () => accept(terms, 'g'));
	const both = await termsOf('h', {certificateHash: key('c')});
	await blocks('bind with a signature', () => bindWithSignature(needsOf(opener), placeOf('h'), both, signatureOf(ownerKey, both)));
	const keys = {keyHash: key('2'), certificateHash: key('d')};
	await blocks('rotate both', () => rotateBinding(needsOf(opener), placeOf('h'), log, keys));
	await blocks('end', () => endBinding(needsOf(opener), placeOf('h'), log));
	t.log(gas);
	t.true(gas['bind with a signature']! < 170_000);
	t.true(gas['rotate both']! < 60_000);
});
