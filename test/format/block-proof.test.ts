import test from 'ava';
import fc from 'fast-check';
import {headerOf, headerOfBlock, receiptOf} from '../../agent/anchor/block-proof.ts';
import {fromHex, toHex} from '../../agent/base/bytes.ts';
import {encodeReceipt, proveReceipt, quantityBytes, readBlockProof, readHeader, unsealed} from '../../agent/format/block-proof.ts';
import type {BlockProof} from '../../agent/format/evidence.ts';

const zeros = (bytes: number): string => `0x${'00'.repeat(bytes)}`;
const emptyUncles = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';

/** Ethereum's first block with a transaction, of Frontier: as any node of mainnet tells it. */
const block46147 = {
	hash: '0x4e3a3754410177e6937ef1f84bba68ea139e8d1a2258c5f85db9f1cd715a1bdd',
	parentHash: '0x5a41d0e66b4120775176c09fcf39e7c0520517a13d2b57b18d33d342df038bfc',
	sha3Uncles: emptyUncles,
	miner: '0xe6a7a1d47ff21b6321162aea7c6cb457d5476bca',
	stateRoot: '0x0e0df2706b0a4fb8bd08c9246d472abbe850af446405d9eba1db41db18b4a169',
	transactionsRoot: '0x4513310fcb9f6f616972a3b948dc5d547f280849a87ebb5af0191f98b87be598',
	receiptsRoot: '0xfe2bf2a941abf41d72637e5b91750332a30283efd40c424dc522b77e6f0ed8c4',
	logsBloom: zeros(256),
	difficulty: '0x153886c1bbd',
	number: '0xb443',
	gasLimit: '0x520b',
	gasUsed: '0x5208',
	timestamp: '0x55c42659',
	extraData: '0x657468706f6f6c2e6f7267',
	mixHash: '0xb48c515a9dde8d346c3337ea520aa995a4738bb595495506125449c1149d6cf4',
	nonce: '0xba4f8ecd18aab215',
};
/** What its one transaction did. */
const receipt46147 = {
	root: '0x96a8e009d2b88b1483e6941e6812e32263b05683fac202abc622a3e31aed1957',
	cumulativeGasUsed: '0x5208',
	logsBloom: zeros(256),
	logs: [],
};

/** A block of mainnet with all fields up to Prague, of 5 October 2025. */
const block23513000 = {
	hash: '0x65407618ec1f44bd793f024f9ce855d7287ea4a9d7ae4c9e672362a372b9ded4',
	parentHash: '0x5b5b6bff48fe6a2167a2c70193bd1ec94e140ad09ebca6d64f468bc273518d36',
	sha3Uncles: emptyUncles,
	miner: '0x4838B106FCe9647Bdf1E7877BF73cE8B0BAD5f97',
	stateRoot: '0x9099fb0c9d079059756770f425953cbc7965cf14a6f99e2007ceb5fc0c86f695',
	transactionsRoot: '0x0ed75b9475c7d88f3656ae833b9af1249efe1d51234ae9c318e92fb9bbc58cef',
	receiptsRoot: '0x5a70f4c705bec8d642aef9d9fa593a9292a2b70e85fe303cc20f407af4814be4',
	logsBloom:
		'0x9ff9dbe477c99f97b7556c0ffaf95a41bbeb73bdee22fd307bf7739ae6d7bf37eb3defd7f3ff78d772d5d7b5fc3fb5dddfd9d3f8fe85aeffbfa92cc29aaff5b7e5edf80e6e4addfc7cdbf1ce895bbd71d71d9a756a74cdbcbf7ddca5cbf306d9fedf3b278a7f13ef3545ab52fecd7cfb4eefef63f8e8c6e5a1b8ee57874ff67f0f5beeffd7bc503f6379c76f2ff6a4fff17d7fddbbff336ef42fd1d43ad3bddee246af87a6bdfe977ffb35f57a5dfdfca566d5e5d8f7fc9cba4f4531e666f5f0f3d7bcaf65b7e7708dcdf679afe6b4add57f6f4a3e397efb9cdf9f77f0f7fbcf3bb3bc880b2b71c0b4eee1dee95f72e5ffcd9eefeffc37fecd84ba435ebdf70d',
	difficulty: '0x0',
	number: '0x166c7a8',
	gasLimit: '0x2aea4ea',
	gasUsed: '0x14204dd',
	timestamp: '0x68e2a7cf',
	extraData: '0x546974616e2028746974616e6275696c6465722e78797a29',
	mixHash: '0x542df7cb12be5ee5281247c44fbef1a534899cacf6f4a7cbb005e451dd416de6',
	nonce: '0x0000000000000000',
	baseFeePerGas: '0x7e356e5',
	withdrawalsRoot: '0x740234ba028832cd35e1e2923133d136e54fbded84e1e1f1f21747508c8edb92',
	blobGasUsed: '0xc0000',
	excessBlobGas: '0x4100000',
	parentBeaconBlockRoot: '0x30297d32b4bb781dea1b6861b8b15db62f4428d1ae766615b4c29cd515df3a9d',
	requestsHash: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

test("headers of Ethereum's first and of its recent blocks hash to their blocks", t => {
	for (const [block, timeS] of [
		[block46147, 0x55c42659],
		[block23513000, 1_759_684_559],
	] as const) {
		const header = headerOf(block);
		const read = readHeader(header!);
		t.is(read?.hash, block.hash);
		t.is(read?.number, Number(block.number));
		t.is(read?.timeS, timeS);
		t.is(`0x${toHex(read!.receiptsRoot)}`, block.receiptsRoot);
	}
	t.is(headerOf(block23513000)!.length, 649);
	// A field more or less, or another value in one, is another block.
	const {requestsHash: _, ...shorter} = block23513000;
	t.not(readHeader(headerOf(shorter)!)?.hash, block23513000.hash);
	t.not(readHeader(headerOf({...block23513000, difficulty: '0x1'})!)?.hash, block23513000.hash);
});

test('a header that validators sealed by its hash is the one without the seals', t => {
	const list = (...items: readonly Uint8Array[]): Uint8Array => {
		const length = items.reduce((sum, {length: one}) => sum + one, 0);
		const prefix = length < 56 ? [0xc0 + length] : length < 256 ? [0xf8, length] : [0xf9, length >> 8, length & 255];
		return Uint8Array.of(...prefix, ...items.flatMap(item => [...item]));
	};
	const vanity = Uint8Array.of(0xa0, ...new Uint8Array(32));
	const validators = list(...[1, 2, 3, 4].map(i => Uint8Array.of(0x94, ...new Uint8Array(20).fill(i))));
	const seals = list(...[1, 2, 3].map(i => Uint8Array.of(0xb8, 65, ...new Uint8Array(65).fill(i))));
	const [none, zero, five] = [list(), Uint8Array.of(0x80), Uint8Array.of(5)];
	const sealed = {...block23513000, extraData: `0x${toHex(list(vanity, validators, none, five, seals))}`};
	// IBFT 2, QBFT as Besu and as GoQuorum have it.
	for (const hashed of [
		list(vanity, validators, none, five),
		list(vanity, validators, none, five, none),
		list(vanity, validators, none, zero, none),
	]) {
		const header = headerOf({...sealed, extraData: `0x${toHex(hashed)}`})!;
		const {hash} = readHeader(header)!;
		t.deepEqual(headerOfBlock(sealed, hash), header);
	}
	t.is(headerOfBlock(sealed, block23513000.hash), undefined);
	t.deepEqual(headerOfBlock(block23513000, block23513000.hash), headerOf(block23513000));
	for (const extraData of [
		Uint8Array.of(0xc0),
		list(vanity, validators),
		list(vanity, vanity, none, five, seals),
		new Uint8Array(32),
		new Uint8Array(0),
	])
		t.deepEqual(unsealed(extraData), []);
});

test('a header that lacks a field, or has one of another shape, is none', t => {
	for (const key of Object.keys(block46147)) if (key !== 'hash') t.is(headerOf({...block46147, [key]: undefined}), undefined, key);
	for (const key of ['parentHash', 'logsBloom', 'nonce', 'miner', 'baseFeePerGas', 'requestsHash'])
		for (const value of ['0x1', '', 'zz', 7, {}, `0x${'11'.repeat(65)}`, null]) {
			const isNone = headerOf({...block23513000, [key]: value}) === undefined;
			const isLeftOut = value === null || (key === 'baseFeePerGas' && value === '0x1');
			t.is(isNone, !isLeftOut || ['parentHash', 'logsBloom', 'nonce', 'miner'].includes(key), `${key} ${String(value)}`);
		}
	for (const bytes of [new Uint8Array(0), Uint8Array.of(0xc0), new Uint8Array(600), headerOf(block46147)!.subarray(1)])
		t.is(readHeader(bytes), undefined);
});

test("what Ethereum's first transaction did leads to its block's receipts root", async t => {
	const {root, nodes} = await proveReceipt([receiptOf(receipt46147)!], 0);
	t.is(`0x${toHex(root)}`, block46147.receiptsRoot);
	const proven = await readBlockProof({header: headerOf(block46147)!, transactionIndex: 0, nodes});
	if ('problem' in proven) return t.fail(proven.problem);
	t.is(proven.header.hash, block46147.hash);
	t.deepEqual(proven.logs, []);
	// Blocks before Byzantium do not say whether a transaction succeeded.
	t.false(proven.succeeded);
});

const bytes = (length: number) => fc.uint8Array({minLength: length, maxLength: length});
const receiptParts = fc.record({
	type: fc.constantFrom(0, 1, 2, 3, 4, 0x7e),
	outcome: fc.constantFrom(Uint8Array.of(1), new Uint8Array(0)),
	cumulativeGas: fc.bigInt({min: 21_000n, max: 60_000_000n}).map(quantityBytes),
	bloom: bytes(256),
	logs: fc.array(fc.record({address: bytes(20), topics: fc.array(bytes(32), {maxLength: 4}), data: fc.uint8Array({maxLength: 300})}), {
		maxLength: 4,
	}),
	more: fc.constantFrom([], [Uint8Array.of(7), Uint8Array.of(1)]),
});

/** A header with the receipts root of these. */
async function blockOf(
	parts: readonly (typeof receiptParts extends fc.Arbitrary<infer P> ? P : never)[],
	index: number,
): Promise<BlockProof> {
	const {root, nodes} = await proveReceipt(parts.map(encodeReceipt), index);
	const header = headerOf({...block23513000, receiptsRoot: `0x${toHex(root)}`})!;
	return {header, transactionIndex: index, nodes};
}

test('every receipt of a block is proven as it went in, and at no other place', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(receiptParts, {minLength: 1, maxLength: 140}), fc.nat(), async (parts, chance) => {
			const index = chance % parts.length;
			const proof = await blockOf(parts, index);
			const proven = await readBlockProof(proof);
			if ('problem' in proven) return t.fail(proven.problem);
			const {outcome, logs} = parts[index]!;
			t.is(proven.succeeded, outcome.length === 1);
			t.deepEqual(
				proven.logs,
				logs.map(({address, topics, data}) => ({address: `0x${toHex(address)}`, topics: topics.map(topic => `0x${toHex(topic)}`), data})),
			);
			const elsewhere = await readBlockProof({...proof, transactionIndex: index + 1});
			t.true('problem' in elsewhere);
		}),
		{numRuns: 30},
	);
});

test('a trie proof that is truncated, longer, in another order, or has one bit flipped is a problem', async t => {
	const parts = fc.sample(receiptParts, {seed: 7, numRuns: 200});
	const proof = await blockOf(parts, 131);
	const {header, nodes} = proof;
	t.false('problem' in (await readBlockProof(proof)));
	t.true(nodes.length >= 3);
	const problem = async (changes: Partial<BlockProof>): Promise<string> => {
		const read = await readBlockProof({...proof, ...changes});
		return 'problem' in read ? read.problem : '';
	};
	t.is(await problem({nodes: []}), 'its trie proof has no nodes');
	t.regex(await problem({nodes: nodes.slice(0, -1)}), /^its trie proof does not lead to transaction 131: a node is missing/);
	t.regex(await problem({nodes: nodes.slice(1)}), /does not begin at the header's receipts root/);
	t.regex(await problem({nodes: [...nodes, nodes[1]!]}), /by exactly these nodes$/);
	t.regex(await problem({nodes: [nodes[0]!, ...nodes.slice(1).reverse()]}), /exactly these nodes|a node is missing/);
	t.regex(await problem({header: header.subarray(0, -1)}), /^its header is not the RLP of a block header$/);
	t.regex(await problem({nodes: nodes.map(node => node.subarray(0, -1))}), /does not begin/);
	for (const [at, node] of nodes.entries())
		for (let bit = 0; bit < node.length * 8; bit += 61) {
			const flipped = node.slice();
			flipped[bit >> 3]! ^= 1 << (bit & 7);
			t.not(await problem({nodes: nodes.map((one, i) => (i === at ? flipped : one))}), '', `node ${at}, bit ${bit}`);
		}
});

test('any bytes at all are a problem and no exception, and lists within lists cost no more than their length', async t => {
	await fc.assert(
		fc.asyncProperty(
			fc.uint8Array({maxLength: 700}),
			fc.nat(300),
			fc.array(fc.uint8Array({maxLength: 600}), {maxLength: 4}),
			async (header, transactionIndex, nodes) => {
				t.true('problem' in (await readBlockProof({header, transactionIndex, nodes})));
				t.true('problem' in (await readBlockProof({header: headerOf(block46147)!, transactionIndex, nodes})));
			},
		),
		{numRuns: 200},
	);
	// 0xf9 is a list with a length of two bytes: each holds all that follows.
	const deep = new Uint8Array(60_000);
	for (let at = 0; at + 3 < deep.length; at += 3) deep.set([0xf9, (deep.length - at - 3) >> 8, (deep.length - at - 3) & 255], at);
	const {root} = await proveReceipt([deep], 0);
	const header = headerOf({...block23513000, receiptsRoot: `0x${toHex(root)}`})!;
	t.true('problem' in (await readBlockProof({header, transactionIndex: 0, nodes: [deep]})));
	const {nodes} = await proveReceipt([deep], 0);
	t.true('problem' in (await readBlockProof({header, transactionIndex: 0, nodes})));
});

test('numbers are written without zeros in front', t => {
	t.deepEqual(quantityBytes(0n), new Uint8Array(0));
	t.deepEqual(quantityBytes(0x0100n), Uint8Array.of(1, 0));
	t.deepEqual(quantityBytes(2n ** 64n), fromHex('010000000000000000')!);
});
