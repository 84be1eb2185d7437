// Chains as consortia run them: one gas price, often 0, blocks that nobody takes back, and nodes that leave things out. Neither Besu nor FISCO BCOS runs here: anvil
// is configured like the one, and a stand-in before it answers as the other's published source does.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'ava';
import {type Chain, type ChainOptions, openChain} from '../../agent/anchor/chain.ts';
import {toAnchorRecord} from '../../agent/anchor/outbox.ts';
import {type Anvil, anvilChainId, startAnvil, startProxy} from '../helpers/anvil.ts';
import {createSite, live, type Site, type World} from './world.ts';

/** Before [EIP-1559], and gas for nothing. */
const freeArgs = ['--hardfork', 'berlin', '--gas-price', '0'];
const consortium = {chainId: anvilChainId, confirmations: 1, fees: 'legacy', gasPriceWei: 0n} as const;

let free: Anvil;
let site: Site;
test.before(async () => {
	free = await startAnvil(freeArgs);
	site = await createSite(free);
});
test.after.always(async () => {
	await free?.stop();
});

type Teardown = {readonly title: string; readonly teardown: (fn: () => Promise<void>) => void};
const opened = (t: Teardown, options: ChainOptions): Chain => {
	const chain = openChain(options);
	t.teardown(() => chain[Symbol.asyncDispose]());
	return chain;
};
const isFinal = (world: World, size: number) => (): boolean => world.rows().some(row => row.size === size && row.state === 'final');
const lifted = async (t: Teardown, anvil: Anvil): Promise<World> => {
	const world = await (anvil === free ? site : await createSite(anvil)).log(t.title);
	await anvil.rpc('anvil_setBalance', world.signer.address, '0x0');
	return world;
};

test.serial('an account without funds anchors where gas costs nothing, and a block is final once it is mined', async t => {
	const world = await lifted(t, free);
	const chain = opened(t, {...consortium, url: free.url});
	const anchor = world.start({chain: () => chain});
	for (const size of [5, 9]) {
		world.tree.growTo(size);
		for (let i = 0; i < 20 && !isFinal(world, size)(); i += 1) await anchor.tick(live);
	}
	t.deepEqual(await world.judge([5, 9]), []);
	const {transactionHash} = world.rows()[1]!.mined!;
	t.like(await free.rpc('eth_getTransactionByHash', transactionHash), {type: '0x0', chainId: '0x7a69', gasPrice: '0x0'});
	t.like(await chain.mined(transactionHash), {succeeded: true, costWei: 0n});
	t.like(await chain.readAnchor(toAnchorRecord(world.rows()[1]!)!, world.tree.root(9)), {found: 'final'});
});

test.serial('a chain without a base fee is asked for its gas price, unless the price is fixed', async t => {
	const asIs = opened(t, {url: free.url, chainId: anvilChainId});
	t.deepEqual(await asIs.fees(), {kind: 'legacy', gasPriceWei: 0n});
	const proxy = await startProxy(free.url);
	t.teardown(proxy.stop);
	proxy.treat = method => (method === 'eth_gasPrice' ? {result: '0x64'} : 'pass');
	t.deepEqual(await opened(t, {url: proxy.url, chainId: anvilChainId, fees: 'legacy'}).fees(), {kind: 'legacy', gasPriceWei: 100n});
	t.deepEqual(await opened(t, {url: proxy.url, chainId: anvilChainId, gasPriceWei: 7n}).fees(), {kind: 'legacy', gasPriceWei: 7n});
	await t.throwsAsync(opened(t, {url: free.url, chainId: anvilChainId, fees: 'dynamic'}).fees(), {
		code: 'CHAIN_MISMATCH',
		message: /has no base fee/,
	});
});

test.serial('a base fee that is null is none', async t => {
	const proxy = await startProxy(free.url);
	t.teardown(proxy.stop);
	const head = await free.rpc<object>('eth_getBlockByNumber', 'latest', false);
	proxy.treat = (method, [tag]) =>
		method === 'eth_getBlockByNumber' && tag === 'latest' ? {result: {...head, baseFeePerGas: null}} : 'pass';
	t.like(await opened(t, {url: proxy.url, chainId: anvilChainId}).fees(), {kind: 'legacy'});
});

test.serial('what a transaction cost comes from the transaction where its outcome does not say it', async t => {
	const world = await lifted(t, free);
	const anchor = world.start({chain: () => opened(t, {...consortium, url: free.url})});
	world.tree.growTo(5);
	await world.settle(anchor, isFinal(world, 5));
	const {transactionHash} = world.rows()[0]!.mined!;
	const outcome = await free.rpc<{gasUsed: string; effectiveGasPrice?: string}>('eth_getTransactionReceipt', transactionHash);
	const transaction = await free.rpc<object>('eth_getTransactionByHash', transactionHash);
	const proxy = await startProxy(free.url);
	t.teardown(proxy.stop);
	const {effectiveGasPrice: _, ...bare} = outcome;
	proxy.treat = method =>
		method === 'eth_getTransactionReceipt'
			? {result: bare}
			: method === 'eth_getTransactionByHash'
				? {result: {...transaction, gasPrice: '0x3'}}
				: 'pass';
	t.is((await opened(t, {url: proxy.url, chainId: anvilChainId}).mined(transactionHash))?.costWei, 3n * BigInt(outcome.gasUsed));
	t.is(
		(await opened(t, {url: proxy.url, chainId: anvilChainId, gasPriceWei: 2n}).mined(transactionHash))?.costWei,
		2n * BigInt(outcome.gasUsed),
	);
});

test.serial(
	'Besu with QBFT and free gas: legacy transactions under a base fee of 0, and the finalized tag is an unknown block',
	async t => {
		const besu = await startAnvil(['--hardfork', 'london', '--base-fee', '0', '--disable-min-priority-fee']);
		t.teardown(besu.stop);
		const proxy = await startProxy(besu.url);
		t.teardown(proxy.stop);
		proxy.treat = (_, params) => (params.includes('finalized') ? {error: {code: -39001, message: 'Unknown block'}} : 'pass');
		const world = await lifted(t, besu);
		const error = await t.throwsAsync(opened(t, {url: proxy.url, chainId: anvilChainId}).finalizedNumber(), {
			code: 'CHAIN_REFUSED',
			message: /Unknown block/,
		});
		t.regex((error as {hint?: string}).hint!, /number of confirmations in the config/);
		const chain = opened(t, {...consortium, url: proxy.url});
		const anchor = world.start({chain: () => chain});
		world.tree.growTo(5);
		for (let i = 0; i < 20 && !isFinal(world, 5)(); i += 1) await anchor.tick(live);
		t.deepEqual(await world.judge([5]), []);
		t.like(await chain.latest(world.registry, world.logId, 'finalized'), {size: 5});
		// As it is, the chain takes EIP-1559 transactions that cost nothing as well.
		t.like(await opened(t, {url: proxy.url, chainId: anvilChainId}).fees(), {kind: 'dynamic', baseFeeWei: 0n});
	},
);

/**
 * Answers as the Web3 RPC of FISCO BCOS 3 does, by its source (bcos-rpc/web3jsonrpc and bcos-rpc/filter, March 2026): a fixed list of methods, block tags that all mean
 * the newest block, state questions that ignore theirs, events by range only, its own words for what the pool does not take, and headers that are Ethereum's in form only.
 */
async function startFisco(
	t: Teardown,
	anvil: Anvil,
	options: {readonly chainId?: string} = {},
): Promise<{readonly url: string; readonly asked: string[]}> {
	const asked: string[] = [];
	const newest = (tag: unknown): unknown => (['latest', 'safe', 'finalized', 'pending'].includes(String(tag)) ? 'latest' : tag);
	const pass = new Set([
		'eth_blockNumber',
		'eth_getTransactionByHash',
		'eth_getTransactionReceipt',
		'eth_getBlockByHash',
		'eth_sendRawTransaction',
	]);
	const ofState = new Set(['eth_getBalance', 'eth_getCode', 'eth_getTransactionCount', 'eth_call', 'eth_estimateGas']);
	type Answer = {readonly result: unknown} | {readonly error: {readonly code: number; readonly message: string; readonly data?: unknown}};
	const raw = async (method: string, params: readonly unknown[]): Promise<Answer> => {
		const response = await fetch(anvil.url, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params}),
		});
		const {result, error} = (await response.json()) as {result?: unknown; error?: {code: number; message: string; data?: unknown}};
		return error === undefined ? {result} : {error};
	};
	const reshaped = (method: string, answer: Answer): Answer => {
		if ('error' in answer) {
			const {message, data} = answer.error;
			if (method === 'eth_call' || method === 'eth_estimateGas') return {error: {code: 16, message: '', data: data ?? '0x'}};
			if (/already imported/.test(message)) return {error: {code: -32603, message: 'AlreadyInTxPool'}};
			if (/nonce too low/.test(message)) return {error: {code: -32603, message: 'NonceCheckFail'}};
			return answer;
		}
		const {result} = answer;
		if (!method.startsWith('eth_getBlockBy') || result === null) return answer;
		const header = result as Record<string, unknown>;
		return {result: {...header, baseFeePerGas: '0x0', difficulty: '0x0', withdrawals: [], withdrawalsRoot: `0x${'0'.repeat(64)}`}};
	};
	const answer = async (method: string, params: readonly unknown[]): Promise<Answer> => {
		if (method === 'eth_chainId') return {result: options.chainId ?? '0x7a69'};
		if (method === 'eth_gasPrice' || method === 'eth_maxPriorityFeePerGas') return {result: '0x0'};
		if (method === 'eth_getBlockByNumber') return reshaped(method, await raw(method, [newest(params[0]), params[1]]));
		if (method === 'eth_getLogs') {
			const filter = params[0] as Record<string, unknown>;
			for (const name of ['fromBlock', 'toBlock', 'address', 'topics'])
				if (filter[name] === undefined) return {error: {code: -32000, message: `${name} is null`}};
			return raw(method, [filter]);
		}
		if (ofState.has(method)) return reshaped(method, await raw(method, [params[0], 'latest']));
		if (pass.has(method)) return reshaped(method, await raw(method, params));
		return {error: {code: -32601, message: 'Method not found'}};
	};
	const server = createServer((incoming, outgoing) => {
		const parts: Buffer[] = [];
		incoming.on('data', (part: Buffer) => parts.push(part));
		incoming.on('end', async () => {
			const {id, method, params} = JSON.parse(Buffer.concat(parts).toString()) as {id: number; method: string; params: unknown[]};
			asked.push(method);
			outgoing.setHeader('content-type', 'application/json');
			outgoing.end(JSON.stringify({jsonrpc: '2.0', id, ...(await answer(method, params))}));
		});
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	t.teardown(
		() =>
			new Promise(resolve => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	);
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked};
}

test.serial('FISCO BCOS 3, by a stand-in: an anchor becomes final with one confirmation', async t => {
	const world = await lifted(t, free);
	const {url, asked} = await startFisco(t, free);
	const chain = opened(t, {...consortium, url});
	const anchor = world.start({chain: () => chain});
	for (const size of [5, 9]) {
		world.tree.growTo(size);
		for (let i = 0; i < 20 && !isFinal(world, size)(); i += 1) await anchor.tick(live);
	}
	t.deepEqual(await world.judge([5, 9]), []);
	t.false(asked.includes('eth_getBlockReceipts'));
	const row = world.rows()[1]!;
	t.like(await chain.readAnchor(toAnchorRecord(row)!, world.tree.root(9)), {found: 'final'});
	const {transactionHash, blockHash, blockTime} = row.mined!;
	t.like(await chain.findAnchor({...row, time: blockTime}), {transactionHash, blockHash}, 'found by range, since it takes no block hash');
	t.is((await chain.rawReceipts(blockHash))?.length, 1, 'found one by one');
	t.like(await chain.rawBlock(blockHash), {hash: blockHash});
});

test.serial('FISCO BCOS 3, by a stand-in: bytes that it has, or has run, are progress, and a revert is told by its code', async t => {
	const world = await lifted(t, free);
	const {url} = await startFisco(t, free);
	const chain = opened(t, {...consortium, url});
	const raw = await world.signer.signTransaction({
		chainId: anvilChainId,
		nonce: await chain.nonce(world.signer.address),
		to: world.signer.address,
		data: '0x',
		value: 0n,
		gasLimit: 21_000n,
		type: 'legacy',
		gasPrice: 0n,
	});
	await free.rpc('evm_setAutomine', false);
	t.is(await chain.broadcast(raw), 'accepted');
	t.is(await chain.broadcast(raw), 'known');
	await free.rpc('evm_setAutomine', true);
	await free.mine(1);
	t.is(await chain.broadcast(raw), 'nonceUsed');
	const refusedCall = {from: world.signer.address, to: world.registry, data: '0x12345678'};
	t.true('refused' in (await chain.estimate(refusedCall)));
	t.true('refused' in (await chain.read(world.registry, '0x12345678')));
	const proxy = await startProxy(url);
	t.teardown(proxy.stop);
	// Where the node waits for the outcome, it tells one that failed as an error, although the nonce is used.
	const message = 'VM Exception while processing transaction, reason: RevertInstruction, msg: 0x';
	proxy.treat = () => ({error: {code: -32603, message}});
	t.is(await opened(t, {...consortium, url: proxy.url}).broadcast(raw), 'nonceUsed');
});

test.serial('FISCO BCOS 3, by a stand-in: a chain that was given no Ethereum id says 0, which is a mismatch', async t => {
	const world = await lifted(t, free);
	const {url} = await startFisco(t, free, {chainId: '0x0'});
	const anchor = world.start({chain: () => opened(t, {...consortium, url})});
	world.tree.growTo(5);
	await t.throwsAsync(anchor.tick(live), {code: 'CHAIN_MISMATCH', message: /speaks for chain 0, not for chain 31337/});
	t.deepEqual(world.rows(), []);
});
