// What one node says, read strictly: of an anchor that a receipt claims, and of errors that carry no secrets.
import {createServer, type IncomingHttpHeaders} from 'node:http';
import type {AddressInfo} from 'node:net';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import test from 'ava';
import {type AnchorSight, checkSigned, openChain} from '../../agent/anchor/chain.ts';
import {signerFromKey, type UnsignedTransaction} from '../../agent/anchor/keystore.ts';
import {toAnchorRecord} from '../../agent/anchor/outbox.ts';
import {fromHex, toHex} from '../../agent/base/bytes.ts';
import type {AgentError} from '../../agent/base/errors.ts';
import {keccak256} from '../../agent/base/hash.ts';
import type {AnchorRecord} from '../../agent/format/evidence.ts';
import {type Anvil, anvilChainId, richKey, startAnvil, startProxy, type Treatment} from '../helpers/anvil.ts';
import {createSite, live, type World} from './world.ts';

let anvil: Anvil;
let world: World;
let record: AnchorRecord;

test.before(async () => {
	anvil = await startAnvil();
	const site = await createSite(anvil);
	world = await site.log('read');
	const anchor = world.start();
	// Many blocks around it, so that the search by time has something to search.
	await anvil.mine(30);
	for (const size of [5, 9]) {
		world.tree.growTo(size);
		await world.settle(anchor, () => world.rows().some(row => row.size === size && row.state === 'final'));
		await anvil.mine(17);
	}
	record = toAnchorRecord(world.rows()[0]!)!;
});

test.after.always(async () => {
	await anvil?.stop();
});

const another = (digit: string): string => `0x${digit.repeat(64)}`;

const claims: readonly (readonly [
	name: string,
	change: (record: AnchorRecord) => Partial<AnchorRecord>,
	found: AnchorSight['found'],
	says: RegExp,
])[] = [
	['the true record', () => ({}), 'final', /anchored in block \d+ of chain 31337, which is finalized/],
	['a transaction that is not there', () => ({transactionHash: another('1')}), 'absent', /has no transaction 0x1/],
	['the transaction of another size', () => ({transactionHash: world.rows()[1]!.mined!.transactionHash}), 'contradicted', /is in block/],
	['another size', () => ({size: 6}), 'contradicted', /did not anchor size 6/],
	['another log', () => ({logId: another('2')}), 'contradicted', /did not anchor .* for log 0x2/],
	['another block hash', () => ({blockHash: another('3')}), 'contradicted', /not in block \d+ \(0x3/],
	['another height', ({blockNumber}) => ({blockNumber: blockNumber + 1}), 'contradicted', /is in block/],
	['another time', ({blockTime}) => ({blockTime: blockTime + 1}), 'contradicted', /has time/],
	['a registry without a contract', () => ({registry: `0x${'5'.repeat(40)}`}), 'absent', /no contract at 0x5/],
	// Anvil deploys this one by itself: it has code, but did not emit the event.
	['another contract', () => ({registry: '0x4e59b44847b379578588920ca78fbf26c0b4956c'}), 'contradicted', /did not anchor/],
	['another chain', () => ({chainId: 1}), 'unreachable', /speaks for chain 31337, not for chain 1/],
];

for (const [name, change, found, says] of claims) {
	test(`a receipt that claims ${name} is ${found}`, async t => {
		await using chain = openChain({url: anvil.url, chainId: anvilChainId});
		const sight = await chain.readAnchor({...record, ...change(record)}, world.tree.root(5));
		t.is(sight.found, found);
		t.regex(sight.detail, says);
	});
}

test('a receipt that claims another root is contradicted', async t => {
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	t.like(await chain.readAnchor(record, world.tree.root(6)), {found: 'contradicted'});
});

const views: readonly (readonly [
	name: string,
	treat: (method: string, params: readonly unknown[]) => Treatment,
	found: AnchorSight['found'],
	says: RegExp,
])[] = [
	['a node that is gone', () => 'drop', 'unreachable', /did not answer eth_chainId/],
	[
		'a node that finalized nothing',
		(method, [tag]) => (method === 'eth_getBlockByNumber' && tag === 'finalized' ? {result: null} : 'pass'),
		'mined',
		/up to 0/,
	],
	[
		'a young geth',
		(method, [tag]) =>
			method === 'eth_getBlockByNumber' && tag === 'finalized' ? {error: {code: -39001, message: 'finalized block not found'}} : 'pass',
		'mined',
		/up to 0/,
	],
	[
		'a node whose chain has another block there',
		(method, [tag]) => (method === 'eth_getBlockByNumber' && tag !== 'finalized' ? {result: blockOf(another('6'))} : 'pass'),
		'contradicted',
		/is not on the chain at height/,
	],
	[
		'a node behind ours',
		(method, [tag]) => (method === 'eth_getBlockByNumber' && tag !== 'finalized' ? {result: null} : 'pass'),
		'contradicted',
		/not on the chain/,
	],
	['a node without logs', method => (method === 'eth_getLogs' ? {result: []} : 'pass'), 'final', /finalized/],
];
const blockOf = (hash: string) => ({number: '0x1', hash, timestamp: '0x1', baseFeePerGas: '0x1'});

for (const [name, treat, found, says] of views) {
	test(`seen through ${name} a true record is ${found}`, async t => {
		const proxy = await startProxy(anvil.url);
		t.teardown(proxy.stop);
		proxy.treat = treat;
		await using chain = openChain({url: proxy.url, chainId: anvilChainId});
		const sight = await chain.readAnchor(record, world.tree.root(5));
		t.is(sight.found, found, sight.detail);
		t.regex(sight.detail, says);
	});
}

test('an anchor that is mined but not final is said to be so', async t => {
	world.tree.growTo(12);
	const anchor = world.start({chain: chain => ({...chain, finalizedNumber: async () => 0})});
	while (world.rows().at(-1)?.state !== 'mined') await anchor.tick(live);
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	t.like(await chain.readAnchor(toAnchorRecord(world.rows().at(-1)!)!, world.tree.root(12)), {found: 'mined'});
});

test('the newest finalized block has a number, a hash and a time, and a chain that finalized nothing has none', async t => {
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	const block = await chain.finalizedBlock();
	t.is(block?.number, await chain.finalizedNumber());
	t.is(block?.hash, await chain.blockHashAt(block!.number));
	const {timestamp} = await anvil.rpc<{timestamp: string}>('eth_getBlockByNumber', `0x${block!.number.toString(16)}`, false);
	t.is(block?.timeS, Number(timestamp));

	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	await using young = openChain({url: proxy.url, chainId: anvilChainId});
	const ofFinalized =
		(answer: Treatment): ((method: string, params: readonly unknown[]) => Treatment) =>
		(_, [tag]) =>
			tag === 'finalized' ? answer : 'pass';
	proxy.treat = ofFinalized({result: null});
	t.is(await young.finalizedBlock(), undefined);
	proxy.treat = ofFinalized({error: {code: -39001, message: 'finalized block not found'}});
	t.is(await young.finalizedBlock(), undefined);
	for (const odd of [{number: '0x1'}, {...blockOf('0x12')}, {...blockOf(another('7')), timestamp: 'soon'}, 'block 7']) {
		proxy.treat = () => ({result: odd});
		await t.throwsAsync(young.finalizedBlock(), {code: 'CHAIN_UNREACHABLE'});
	}
});

test('an anchor is found by the time that the registry keeps, among many blocks', async t => {
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	for (const row of world.rows().slice(0, 2)) {
		const {registry, logId, size, root, mined} = row;
		const {costWei: _, ...at} = mined!;
		t.deepEqual(await chain.findAnchor({registry, logId, size, root, time: mined!.blockTime}), at);
		t.is(await chain.findAnchor({registry, logId, size: size + 1, root, time: mined!.blockTime}), undefined);
		t.is(await chain.findAnchor({registry, logId, size, root, time: mined!.blockTime + 10 ** 6}), undefined);
	}
});

test('a password in the address goes into a header, and the address never into a message', async t => {
	const seen: IncomingHttpHeaders[] = [];
	const server = createServer((request, response) => {
		seen.push(request.headers);
		response.writeHead(401).end('no');
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	t.teardown(() => server.close());
	const {port} = server.address() as AddressInfo;
	await using chain = openChain({url: `http://me:pa%20ss@127.0.0.1:${port}/v3/secret-key`, chainId: 1});
	const error = await t.throwsAsync(chain.chainId(), {code: 'CHAIN_UNREACHABLE'});
	t.regex(error!.message, /HTTP 401/);
	t.notRegex(JSON.stringify([error!.message, String(error!.cause)]), /secret|pa ss|me:/);
	t.is(seen[0]?.authorization, `Basic ${Buffer.from('me:pa ss').toString('base64')}`);
});

test('an answer without end is cut off', async t => {
	const server = createServer((_, response) => {
		const write = (): void => {
			while (!response.destroyed && response.write('x'.repeat(65_536)));
		};
		response.on('drain', write);
		write();
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	t.teardown(() => {
		server.close();
		server.closeAllConnections();
	});
	const {port} = server.address() as AddressInfo;
	await using chain = openChain({url: `http://127.0.0.1:${port}`, chainId: 1});
	await t.throwsAsync(chain.chainId(), {code: 'CHAIN_UNREACHABLE', message: /longer than/});
});

test('a JSON-RPC error under an HTTP error is read', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	proxy.treat = () => ({status: 400, body: '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"app is inactive"}}'});
	await using chain = openChain({url: proxy.url, chainId: 1});
	await t.throwsAsync(chain.chainId(), {code: 'CHAIN_REFUSED', message: /app is inactive/});
});

test('an address that is no URL, or not http, is a mistake in the config', t => {
	t.throws(() => openChain({url: 'localhost', chainId: 1}), {code: 'CONFIG_INVALID'});
	t.throws(() => openChain({url: 'ws://127.0.0.1:1', chainId: 1}), {code: 'CONFIG_INVALID', message: /http or https/});
});

test('a node that never answers is given up in time, however often garbage is collected meanwhile', async t => {
	// Node 20 collected AbortSignal.any([…, AbortSignal.timeout(…)]) before it fired: the request then hung for ever, and anchoring with it.
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const collecting = setInterval(collect, 20);
	t.teardown(() => clearInterval(collecting));
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	proxy.treat = () => 'hang';
	await using chain = openChain({url: proxy.url, chainId: 1, timeoutMs: 300});
	await t.throwsAsync(chain.chainId(), {code: 'CHAIN_UNREACHABLE', message: /no answer within 0.3 s/});
});

test('finality by confirmations counts from the newest block, and questions as of the final state follow it', async t => {
	await using asked = openChain({url: anvil.url, chainId: anvilChainId});
	const height = await asked.headNumber();
	for (const [confirmations, expected] of [
		[1, height],
		[3, height - 2],
		[height + 1, 0],
		[height + 500, 0],
	] as const) {
		await using chain = openChain({url: anvil.url, chainId: anvilChainId, confirmations});
		t.is(await chain.finalizedNumber(), expected);
		t.like(await chain.finalizedBlock(), {number: expected, hash: await asked.blockHashAt(expected)});
	}
	const {registry, logId, mined} = world.rows()[1]!;
	await using before = openChain({url: anvil.url, chainId: anvilChainId, confirmations: height - mined!.blockNumber + 2});
	t.like(await before.latest(registry, logId, 'finalized'), {size: 5});
	await using after = openChain({url: anvil.url, chainId: anvilChainId, confirmations: height - mined!.blockNumber + 1});
	t.like(await after.latest(registry, logId, 'finalized'), {size: 9});
});

test('a chain that is old and has finalized nothing is told what to configure', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	await using chain = openChain({url: proxy.url, chainId: anvilChainId});
	const head = await anvil.rpc<object>('eth_getBlockByNumber', 'latest', false);
	for (const none of [{result: null}, {error: {code: -32000, message: 'finalized block not found'}}]) {
		proxy.treat = (_, [tag]) => (tag === 'finalized' ? none : tag === 'latest' ? {result: {...head, number: '0x10000'}} : 'pass');
		const error = await t.throwsAsync(chain.finalizedNumber(), {
			code: 'CHAIN_REFUSED',
			message: /has 65536 blocks, and none of them is finalized/,
		});
		t.regex((error as AgentError).hint!, /number of confirmations/);
	}
});

test('a block and what its transactions did are given as the node has them, whether or not it has a method for all at once', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	await using chain = openChain({url: proxy.url, chainId: anvilChainId});
	const {transactionHash, blockHash} = world.rows()[0]!.mined!;
	t.like(await chain.rawBlock(blockHash), {hash: blockHash, transactions: [transactionHash]});
	const atOnce = await chain.rawReceipts(blockHash);
	t.like(atOnce?.[0], {transactionHash, blockHash});
	proxy.treat = method => (method === 'eth_getBlockReceipts' ? {error: {code: -32601, message: 'the method does not exist'}} : 'pass');
	t.deepEqual(await chain.rawReceipts(blockHash), atOnce);
	t.is(await chain.rawReceipts(another('9')), undefined);
	t.is(await chain.rawBlock(another('9')), undefined);
	proxy.treat = method => (method === 'eth_getBlockReceipts' ? {error: {code: -32601, message: 'no'}} : {result: null});
	t.is(await chain.rawReceipts(blockHash), undefined);
	const transactions = Array.from({length: 1001}, () => another('1'));
	proxy.treat = method => (method === 'eth_getBlockReceipts' ? {error: {code: -32601, message: 'no'}} : {result: {transactions}});
	await t.throwsAsync(chain.rawReceipts(blockHash), {code: 'CHAIN_REFUSED', message: /has 1001 transactions; at most 1000/});
	for (const odd of [{result: 'no block'}, {result: {transactions: 'none'}}, {result: {transactions: ['0x1']}}]) {
		proxy.treat = method => (method === 'eth_getBlockReceipts' ? {error: {code: -32601, message: 'no'}} : odd);
		await t.throwsAsync(chain.rawReceipts(blockHash), {code: 'CHAIN_UNREACHABLE'});
	}
	proxy.treat = () => ({result: ['no outcome']});
	await t.throwsAsync(chain.rawReceipts(blockHash), {code: 'CHAIN_UNREACHABLE'});
});

test('a chain shows its first block and the code of its contracts by their hashes, and a mined transaction what it cost', async t => {
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	t.is(await chain.genesisHash(), (await anvil.rpc<{hash: string}>('eth_getBlockByNumber', '0x0', false)).hash);
	const code = await anvil.rpc<string>('eth_getCode', world.registry, 'latest');
	t.is(await chain.codeHash(world.registry), `0x${toHex(keccak256(fromHex(code.slice(2))!))}`);
	t.is(await chain.codeHash(`0x${'5'.repeat(40)}`), undefined);
	const {transactionHash} = world.rows()[0]!.mined!;
	const {gasUsed, effectiveGasPrice} = await anvil.rpc<Record<string, string>>('eth_getTransactionReceipt', transactionHash);
	t.is((await chain.mined(transactionHash))?.costWei, BigInt(gasUsed!) * BigInt(effectiveGasPrice!));
	t.true(BigInt(effectiveGasPrice!) > 0n);
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const onRollup = {...(await anvil.rpc<object>('eth_getTransactionReceipt', transactionHash)), l1Fee: '0x64'};
	proxy.treat = method => (method === 'eth_getTransactionReceipt' ? {result: onRollup} : 'pass');
	await using rollup = openChain({url: proxy.url, chainId: anvilChainId});
	t.like(await rollup.mined(transactionHash), {costWei: BigInt(gasUsed!) * BigInt(effectiveGasPrice!) + 100n, parentFeeWei: 100n});
});

test('an anchor is found on a node that takes no block hash, and an event of another block is not it', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	await using chain = openChain({url: proxy.url, chainId: anvilChainId});
	const row = world.rows()[0]!;
	const search = {...row, time: row.mined!.blockTime};
	const byRange =
		(answer: Treatment) =>
		(method: string, [filter]: readonly unknown[]): Treatment =>
			method !== 'eth_getLogs'
				? 'pass'
				: 'blockHash' in (filter as object)
					? {error: {code: -32000, message: 'fromBlock is null'}}
					: answer;
	proxy.treat = byRange('pass');
	t.like(await chain.findAnchor(search), {transactionHash: row.mined!.transactionHash, blockHash: row.mined!.blockHash});
	const {registry, logId, mined} = row;
	const [event] = await anvil.rpc<object[]>('eth_getLogs', {address: registry, topics: [null, logId], blockHash: mined!.blockHash});
	proxy.treat = byRange({result: [{...event, blockHash: another('8')}]});
	t.is(await chain.findAnchor(search), undefined);
	proxy.treat = byRange({result: []});
	t.is(await chain.findAnchor(search), undefined);
});

const broken: readonly (readonly [name: string, treatment: Treatment, says: RegExp])[] = [
	['no JSON', {status: 200, body: '<html>'}, /not an answer in JSON/],
	['JSON that is no object', {status: 200, body: '7'}, /not an answer in JSON/],
	['an answer to another request', {status: 200, body: '{"jsonrpc":"2.0","id":999,"result":"0x1"}'}, /answers another request/],
	['neither result nor error', {status: 200, body: '{"jsonrpc":"2.0","id":1}'}, /neither a result nor an error/],
	['an error without words', {status: 200, body: '{"jsonrpc":"2.0","id":1,"error":{"code":1}}'}, /its error has no message/],
	['an error that is a text', {status: 200, body: '{"jsonrpc":"2.0","id":1,"error":"no"}'}, /its error has no message/],
	['too many requests', {status: 429, body: '{"error":{"message":"slow down"}}'}, /HTTP 429/],
	['an address to go on to', {status: 307, body: '', headers: {location: 'http://127.0.0.1:1/'}}, /redirect/],
];
for (const [name, treatment, says] of broken) {
	test(`a node that answers with ${name} has not answered`, async t => {
		const proxy = await startProxy(anvil.url);
		t.teardown(proxy.stop);
		proxy.treat = () => treatment;
		await using chain = openChain({url: proxy.url, chainId: anvilChainId});
		await t.throwsAsync(chain.chainId(), {code: 'CHAIN_UNREACHABLE', message: says});
	});
}

test('a refusal without an id is a refusal, and its words are bounded', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const message = 'x'.repeat(10_000);
	proxy.treat = () => ({status: 200, body: JSON.stringify({jsonrpc: '2.0', id: null, error: {code: -32700, message}})});
	await using chain = openChain({url: proxy.url, chainId: anvilChainId});
	const error = await t.throwsAsync(chain.chainId(), {code: 'CHAIN_REFUSED'});
	t.true(error!.message.length < 700);
});

const askedDynamic: UnsignedTransaction = {
	chainId: 5,
	nonce: 3,
	to: `0x${'12'.repeat(20)}`,
	data: '0xabcd',
	value: 1n,
	gasLimit: 50_000n,
	type: 'dynamic',
	maxFeePerGas: 20n,
	maxPriorityFeePerGas: 10n,
};
const {type: _type, maxFeePerGas: _max, maxPriorityFeePerGas: _tip, ...unpriced} = askedDynamic;
const askedLegacy: UnsignedTransaction = {...unpriced, type: 'legacy', gasPrice: 20n};
const changes: readonly Partial<UnsignedTransaction>[] = [
	{chainId: 6},
	{nonce: 4},
	{to: `0x${'13'.repeat(20)}`},
	{to: undefined},
	{data: '0xabce'},
	{value: 2n},
	{gasLimit: 50_001n},
	{type: 'dynamic', maxFeePerGas: 21n, maxPriorityFeePerGas: 10n},
	{type: 'dynamic', maxFeePerGas: 20n, maxPriorityFeePerGas: 11n},
	{type: 'legacy', gasPrice: 21n},
	{type: 'legacy', gasPrice: 0n},
];

for (const asked of [askedDynamic, askedLegacy]) {
	test(`a signer that gives back another transaction than the ${asked.type} one it was asked for is refused, whatever differs`, async t => {
		const signer = signerFromKey(richKey);
		t.regex(checkSigned(await signer.signTransaction(asked), asked, signer.address), /^0x[0-9a-f]{64}$/);
		for (const change of [...changes, asked.type === 'legacy' ? askedDynamic : askedLegacy]) {
			const raw = await signer.signTransaction({...asked, ...change} as UnsignedTransaction);
			t.throws(() => checkSigned(raw, asked, signer.address), {code: 'KEY_INVALID'}, JSON.stringify(Object.keys(change)));
		}
		const other = signerFromKey(`0x${'7'.repeat(64)}`);
		const raw = await other.signTransaction(asked);
		t.throws(() => checkSigned(raw, asked, signer.address), {code: 'KEY_INVALID'});
	});
}
