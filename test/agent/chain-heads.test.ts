// Heads that a chain shows count only where the chain and its registry are the ones that the config pins.
import test from 'ava';
import type {Chain} from '../../agent/anchor/chain.ts';
import {openChainHeads} from '../../agent/anchoring.ts';
import type {ChainConfig} from '../../agent/config.ts';
import type {Site} from '../../agent/site.ts';
import type {World} from '../../agent/world.ts';

const hash = (digit: string): string => `0x${digit.repeat(64)}`;
const address = `0x${'1'.repeat(40)}`;

async function headsWith(pins: Partial<ChainConfig>): ReturnType<typeof openChainHeads> {
	const head = {size: 5, root: hash('5')};
	const chain = {
		chainId: async () => 1,
		genesisHash: async () => hash('a'),
		codeHash: async () => hash('b'),
		shownHeads: async () => [head],
		latest: async () => head,
		finalizedBlock: async () => ({number: 9, hash: hash('9'), timeS: 1}),
		[Symbol.asyncDispose]: async () => {},
	} as unknown as Chain;
	const config = {rpcUrls: ['http://127.0.0.1:1'], chainId: 1, registry: address, ...pins} as unknown as ChainConfig;
	const site = {config: {anchor: {chains: [config]}}} as unknown as Site;
	return openChainHeads(site, {openChain: async () => chain} as unknown as World, {address}, 'log/1');
}

test('heads and beacons are taken from the chain and the registry that are pinned', async t => {
	for (const pins of [{}, {genesisHash: hash('A')}, {codeHash: hash('b')}, {genesisHash: hash('a'), codeHash: hash('b')}]) {
		await using heads = await headsWith(pins);
		t.deepEqual(
			(await heads.read()).map(({size, isConfirmed}) => [size, isConfirmed]),
			[
				[5, false],
				[5, true],
			],
		);
		t.like(await heads.finalizedBlock(), {number: 9});
	}
});

test('what another chain, or another contract, shows is no head and no beacon', async t => {
	for (const pins of [{genesisHash: hash('c')}, {codeHash: hash('c')}, {genesisHash: hash('a'), codeHash: hash('c')}]) {
		await using heads = await headsWith(pins);
		t.deepEqual(await heads.read(), []);
		await t.throwsAsync(heads.finalizedBlock(), {code: 'CHAIN_MISMATCH'});
	}
});
