import test, {type ExecutionContext} from 'ava';
import {proofOf} from '../../agent/anchor/block-proof.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {readBlockProof} from '../../agent/format/block-proof.ts';
import {createAnchoringSite} from '../helpers/anchored-log.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {createSmallLog} from '../helpers/small-log.ts';

async function anvilOf(t: ExecutionContext, args: readonly string[] = []): Promise<Anvil> {
	const anvil = await startAnvil(args);
	t.teardown(anvil.stop);
	return anvil;
}

/** Transactions of all kinds that anvil's own accounts can send; every fifth fails. */
function crowd(from: readonly string[], count: number): Readonly<Record<string, unknown>>[] {
	const kinds = [
		{type: '0x0', gasPrice: '0x77359400'},
		{type: '0x1', gasPrice: '0x77359400', accessList: [{address: from[0], storageKeys: [`0x${'01'.repeat(32)}`]}]},
		{type: '0x2', maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x3b9aca00'},
	];
	return Array.from({length: count}, (_, i) => ({
		from: from[2 + (i % 6)],
		gas: '0x30000',
		...kinds[i % kinds.length],
		// Code that reverts at once, code that emits an event, or money.
		...(i % 5 === 0 ? {data: '0x60006000fd'} : i % 5 === 1 ? {data: '0x6001600260206000a200'} : {to: from[0], value: '0x1'}),
	}));
}

test('an anchor among many transactions of all kinds, some of which fail, is proven under its header', async t => {
	const anvil = await anvilOf(t);
	const site = await createAnchoringSite(anvil, anvilChainId);
	const accounts = await anvil.rpc<string[]>('eth_accounts');
	const log = createSmallLog();
	const anchor = await site.anchor(log.checkpoint, crowd(accounts, 150));
	const receipts = (await site.chain.rawReceipts(anchor.blockHash)) ?? [];
	t.is(receipts.length, 151);
	const said = {types: new Set(receipts.map(({type}) => type)), failed: receipts.filter(({status}) => status === '0x0').length};
	t.deepEqual([...said.types].sort(), ['0x0', '0x1', '0x2']);
	t.is(said.failed, 30);
	t.true(receipts.filter(({logs}) => (logs as unknown[]).length > 0).length >= 30);
	const {proof} = anchor;
	const proven = await readBlockProof(proof!);
	if ('problem' in proven) return t.fail(proven.problem);
	t.is(proven.header.hash, anchor.blockHash);
	t.is(proven.header.number, anchor.blockNumber);
	t.is(proven.header.timeS, anchor.blockTime);
	t.true(proven.succeeded);
	t.deepEqual(
		proven.logs.map(({address, topics}) => [address, topics[1]]),
		[[site.registry, anchor.logId]],
	);
	t.log(`${proof!.header.length} bytes of header, nodes of ${proof!.nodes.map(node => node.length).join(', ')} bytes`);

	// Every other transaction of the block as well, the ones that failed too.
	for (const {transactionHash, status, transactionIndex} of receipts.slice(0, 40)) {
		const made = await proofOf(site.chain, {...anchor, transactionHash: String(transactionHash)});
		const other = 'proof' in made ? await readBlockProof(made.proof) : made;
		if ('problem' in other) return t.fail(other.problem);
		t.is('proof' in made && made.proof.transactionIndex, Number(transactionIndex));
		t.is(other.succeeded, status === '0x1');
	}
});

test('a block proof is made on chains of every upgrade since London', async t => {
	for (const hardfork of ['london', 'paris', 'shanghai', 'cancun', 'prague']) {
		const anvil = await anvilOf(t, ['--hardfork', hardfork]);
		const site = await createAnchoringSite(anvil, anvilChainId);
		const anchor = await site.anchor(createSmallLog().checkpoint);
		const proven = await readBlockProof(anchor.proof!);
		t.is('problem' in proven ? proven.problem : proven.header.hash, anchor.blockHash, hardfork);
		await anvil.stop();
	}
});

test('what a node does not have, or tells otherwise, is a problem that is said, and no exception', async t => {
	const anvil = await anvilOf(t);
	const site = await createAnchoringSite(anvil, anvilChainId);
	const anchor = await site.anchor(createSmallLog().checkpoint);
	const block = (await site.chain.rawBlock(anchor.blockHash))!;
	const receipts = (await site.chain.rawReceipts(anchor.blockHash))!;
	const problem = async (changes: Partial<Parameters<typeof proofOf>[0]>, mined = anchor): Promise<string> => {
		const made = await proofOf({rawBlock: async () => block, rawReceipts: async () => receipts, ...changes}, mined);
		return 'problem' in made ? made.problem : '';
	};
	t.is(await problem({}), '');
	t.regex(await problem({rawBlock: async () => undefined}), /^the node does not have block 0x/);
	t.regex(await problem({rawReceipts: async () => undefined}), /^the node does not have what the transactions of block/);
	t.regex(await problem({}, {...anchor, transactionHash: anchor.blockHash}), /does not have transaction 0x/);
	const foreign = /^this chain's headers are not Ethereum's: .* checked by RPC only$/;
	t.regex(await problem({rawBlock: async () => ({...block, extraData: '0x01'})}), foreign);
	t.regex(await problem({rawBlock: async () => ({...block, mixHash: undefined})}), foreign);
	t.regex(await problem({rawBlock: async () => ({...block, extraData: `0x${'00'.repeat(20_000)}`})}), /longer than 16384 bytes/);
	t.regex(await problem({}, {...anchor, blockHash: anchor.transactionHash}), foreign);
	t.regex(await problem({rawBlock: async () => ({...block, extraData: 7})}), foreign);
	const strange = /^this chain does not say of mined transactions what Ethereum says: .* checked by RPC only$/;
	const [own] = receipts;
	for (const change of [
		{cumulativeGasUsed: '0x1'},
		{status: '0x0'},
		{logs: []},
		{type: '0x0'},
		{logs: 7},
		{logsBloom: '0x'},
		{type: '0xff'},
		{status: null},
	])
		t.regex(await problem({rawReceipts: async () => [{...own, ...change}]}), strange, JSON.stringify(change));
	t.regex(await problem({rawReceipts: async () => [own!, own!]}), strange);
	const silent = new AgentError('CHAIN_UNREACHABLE', 'the chain did not answer');
	t.is(await problem({rawBlock: () => Promise.reject(silent)}), 'the chain did not answer');
	await t.throwsAsync(problem({rawBlock: () => Promise.reject(new TypeError('a mistake'))}), {message: 'a mistake'});
});
