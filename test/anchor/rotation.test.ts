// The anchoring key is changed and the log goes on: the same id, the same anchors, another key; and the one before has no say.
import test from 'ava';
import {openChain} from '../../agent/anchor/chain.ts';
import {agentFunctions, guardSigner} from '../../agent/anchor/guard.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {acceptOperator, closeLog, rotateOperator} from '../../agent/anchor/registry.ts';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {createSite, hastyClock, live, type Site, type World} from './world.ts';

let anvil: Anvil;
let site: Site;

test.before(async () => {
	anvil = await startAnvil();
	site = await createSite(anvil);
});

test.after.always(async () => {
	await anvil?.stop();
});

const needsOf = (signer: ReturnType<typeof signerFromKey>) => ({
	chain: openChain({url: anvil.url, chainId: anvilChainId}),
	clock: hastyClock,
	signer,
});

async function youngKey(name: string): Promise<ReturnType<typeof signerFromKey>> {
	const signer = signerFromKey(`0x${toHex(keccak256(utf8(`young ${name}`)))}`);
	await anvil.rpc('anvil_setBalance', signer.address, '0xde0b6b3a7640000');
	return signer;
}

const finalSize = (world: World, size: number) => (): boolean => world.rows().some(row => row.size === size && row.state === 'final');

test('a new key anchors the same log from where the old one stopped, and the old key is refused', async t => {
	const world = await site.log('rotated');
	const {registry, signer: old, logId} = world;
	const young = await youngKey('rotated');
	const before = world.start();
	world.tree.growTo(5);
	await world.settle(before, finalSize(world, 5));

	await rotateOperator(needsOf(old), {registry, logId, to: young.address});
	// A proposal changes nothing for who anchors.
	world.tree.growTo(8);
	await world.settle(before, finalSize(world, 8));
	await acceptOperator(needsOf(young), {registry, logId});

	// The agent of before, which nobody has told: what it plans stays, it signs nothing, and it says whose the log is.
	world.tree.growTo(11);
	for (let i = 0; i < 5 && (await before.status()).lastError === undefined; i += 1) {
		world.clock.advance(60_000);
		await before.tick(live).catch(() => {});
	}
	t.regex((await before.status()).lastError?.sentence ?? '', new RegExp(`${young.address}|NotOperator`));
	const spent = Number(await anvil.rpc('eth_getTransactionCount', old.address, 'latest'));
	await before[Symbol.asyncDispose]();

	// With the new key, and the word who opened it, the log goes on behind the guard of an agent.
	const guarded = guardSigner(young, {chainId: anvilChainId, registry, functions: agentFunctions});
	const after = world.start({needs: {signer: guarded}, options: {opener: old.address}});
	t.teardown(() => after[Symbol.asyncDispose]());
	await world.settle(after, finalSize(world, 11));
	world.tree.growTo(20);
	await world.settle(after, finalSize(world, 20));
	t.deepEqual(await world.judge([5, 8, 11, 20]), []);
	t.true(world.rows().every(row => row.logId === logId && row.opener === old.address));
	t.is(Number(await anvil.rpc('eth_getTransactionCount', old.address, 'latest')), spent);
	t.is(Number(await anvil.rpc('eth_getTransactionCount', young.address, 'latest')), 3);
});

test('a transaction of the old key that was sent, and never mined, is replaced by one of the new key', async t => {
	const world = await site.log('under-way');
	const {registry, signer: old, logId} = world;
	const young = await youngKey('under-way');
	// Its node takes the bytes and loses them.
	const before = world.start({chain: chain => ({...chain, broadcast: async () => 'accepted'})});
	world.tree.growTo(4);
	for (let i = 0; i < 20 && !world.rows().some(({state}) => state === 'sent'); i += 1) {
		world.clock.advance(1000);
		await before.tick(live);
	}
	t.like(world.rows()[0], {size: 4, state: 'sent'});
	await before[Symbol.asyncDispose]();
	await rotateOperator(needsOf(old), {registry, logId, to: young.address});
	await acceptOperator(needsOf(young), {registry, logId});

	const after = world.start({needs: {signer: young}, options: {opener: old.address}});
	t.teardown(() => after[Symbol.asyncDispose]());
	await world.settle(after, finalSize(world, 4), 400);
	t.deepEqual(await world.judge([4]), []);
});

test('an agent whose log was ended on the chain signs nothing, keeps its plan, and is told what happened', async t => {
	const world = await site.log('ended');
	const {registry, signer, logId} = world;
	const anchor = world.start();
	t.teardown(() => anchor[Symbol.asyncDispose]());
	world.tree.growTo(3);
	await world.settle(anchor, finalSize(world, 3));
	await closeLog(needsOf(signer), {registry, logId, successor: undefined});
	const spent = Number(await anvil.rpc('eth_getTransactionCount', signer.address, 'latest'));
	world.tree.growTo(6);
	for (let i = 0; i < 20 && (await anchor.status()).lastError === undefined; i += 1) {
		world.clock.advance(60_000);
		await anchor.tick(live).catch(() => {});
	}
	const {lastError} = await anchor.status();
	t.is(lastError?.code, 'ANCHOR_REFUSED');
	t.regex(lastError?.sentence ?? '', /refuses size 6 .*LogClosed\(/);
	t.regex(lastError?.hint ?? '', /ended there for good/);
	t.like(world.rows().at(-1), {size: 6, state: 'planned', attempts: []});
	t.is(Number(await anvil.rpc('eth_getTransactionCount', signer.address, 'latest')), spent);
});
