// Hands receipts that our side makes to the contracts: what kedge calldata prints, the registry and the example contract must answer.
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import test from 'ava';
import {Contract, ContractFactory, Interface, JsonRpcProvider, keccak256, toUtf8Bytes, Wallet} from 'ethers';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {formatReceipt} from '../../agent/format/receipt.ts';
import {anchorRegistryAbi, anchorRegistryBytecode} from '../../contracts/generated/anchor-registry.ts';
import {anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {kedge, testFolder} from '../helpers/site.ts';
import {createSmallLog} from '../helpers/small-log.ts';

type Compiler = {readonly compile: (input: string) => string};

/** Compiles the example as whoever copies it would. */
function compileExample(): {readonly abi: object[]; readonly bytecode: string} {
	const {compile} = createRequire(import.meta.url)('solc') as Compiler;
	const files = ['examples/LimitWatch.sol', 'IAnchorRegistry.sol', 'LogEntry.sol'];
	const sources = Object.fromEntries(files.map(file => [`contracts/${file}`, {content: readFileSync(`contracts/${file}`, 'utf8')}]));
	const settings = {evmVersion: 'paris', outputSelection: {'*': {'*': ['abi', 'evm.bytecode.object']}}};
	const output = JSON.parse(compile(JSON.stringify({language: 'Solidity', sources, settings}))) as {
		errors?: object[];
		contracts: Record<string, Record<string, {abi: object[]; evm: {bytecode: {object: string}}}>>;
	};
	if (output.errors !== undefined) throw new Error(JSON.stringify(output.errors));
	const {abi, evm} = output.contracts['contracts/examples/LimitWatch.sol']!.LimitWatch!;
	return {abi, bytecode: evm.bytecode.object};
}

type Call = {
	readonly chainId: number;
	readonly registry: string;
	readonly calldata: string;
	readonly arguments: {
		readonly logId: string;
		readonly size: number;
		readonly time: number;
		readonly root: string;
		readonly index: number;
		readonly leafData: string;
		readonly inclusionProof: string[];
	};
};

test('what kedge calldata prints of our receipts is what the registry and the example contract take', async t => {
	const anvil = await startAnvil();
	t.teardown(anvil.stop);
	const provider = new JsonRpcProvider(anvil.url, undefined, {cacheTimeout: -1, batchMaxCount: 1, pollingInterval: 20});
	t.teardown(() => provider.destroy());
	const operator = new Wallet(richKey, provider);
	const log = createSmallLog();
	const {size, root} = log.checkpoint;
	const registry = new Contract(
		await (await new ContractFactory(anchorRegistryAbi, anchorRegistryBytecode, operator).deploy(3600n)).getAddress(),
		anchorRegistryAbi,
		operator,
	);
	const address = (await registry.getAddress()).toLowerCase();
	const opener = operator.address.toLowerCase();
	await (await registry.getFunction('open')(keccak256(toUtf8Bytes(log.origin)))).wait();
	const logId = anchorLogId(anvilChainId, address, opener, log.origin);
	const mined = await (await registry.getFunction('anchor')(logId, size, root, [])).wait();
	const {blockNumber, blockHash, hash} = mined as {blockNumber: number; blockHash: string; hash: string};
	const blockTime = (await provider.getBlock(blockNumber))!.timestamp;
	const anchor = {...log.anchor, registry: address, opener, logId, transactionHash: hash, blockNumber, blockHash, blockTime};

	const directory = testFolder(t);
	const callOf = async (index: number): Promise<Call> => {
		await writeFile(join(directory, `${index}.json`), formatReceipt(nodeHasher, log.receipt(index, {anchors: [anchor]})));
		const {code, out, err} = await kedge(t, ['calldata', `${index}.json`, '--json'], {directory});
		t.is(code, 0, err);
		const {calls} = JSON.parse(out) as {calls: Call[]};
		t.is(calls.length, 1);
		return calls[0]!;
	};
	const yes = `0x${'1'.padStart(64, '0')}`;
	const no = `0x${''.padStart(64, '0')}`;
	for (const index of [0, 3, size - 1]) {
		const call = await callOf(index);
		t.deepEqual([call.chainId, call.registry, call.arguments.index], [anvilChainId, address, index]);
		t.is(await provider.call({to: call.registry, data: call.calldata}), yes, `index ${index}`);
		// The last byte is of the last hash of the path; no byte of the call is idle there.
		const bent = `${call.calldata.slice(0, -1)}${call.calldata.endsWith('0') ? '1' : '0'}`;
		t.is(await provider.call({to: call.registry, data: bent}), no, `index ${index}`);
	}

	const {abi, bytecode} = compileExample();
	const {entry} = log.entries[3]!;
	const beneficiary = `0x${'be'.repeat(20)}`;
	const watched = [logId, entry.subject, entry.quantity, entry.exponent, entry.value - 1n, 0];
	const watch = await new ContractFactory(abi, bytecode, operator).deploy(address, beneficiary, watched, {value: 5n});
	const {arguments: values} = await callOf(3);
	const report = watch.getFunction('report');
	const words = [values.size, values.time, values.root, values.index, values.leafData, values.inclusionProof] as const;
	const reported = await (await report(...words)).wait();
	const event = new Interface(abi as never).parseLog(reported.logs[0])!;
	t.deepEqual([event.name, ...event.args], ['Exceeded', 3n, entry.value, BigInt(entry.measuredAtMs)]);
	t.is(await provider.getBalance(beneficiary), 5n);
	await t.throwsAsync(report.staticCall(...words), {message: /AlreadyReported/});
	// A reading of the other channel of the same log.
	const other = (await callOf(4)).arguments;
	await t.throwsAsync(report.staticCall(other.size, other.time, other.root, 4, other.leafData, other.inclusionProof), {
		message: /NotOfThisChannel/,
	});

	const {code, out} = await kedge(t, ['calldata', '3.json'], {directory});
	t.is(code, 0);
	t.regex(out, new RegExp(`^verifyInclusion\\n  chain +${anvilChainId}\\n  registry +${address}\\n  logId +${logId}\\n  size +${size}\\n`));
	t.regex(out, /\n {2}calldata +0x[0-9a-f]{8}/);
});

test('a receipt without an anchor, or whose anchor or path is of something else, has no calldata', async t => {
	const log = createSmallLog();
	const directory = testFolder(t);
	const refused = async (changes: Parameters<typeof log.receipt>[1], said: RegExp): Promise<void> => {
		await writeFile(join(directory, 'receipt.json'), formatReceipt(nodeHasher, log.receipt(3, changes)));
		const {code, out, err} = await kedge(t, ['calldata', 'receipt.json'], {directory});
		t.deepEqual([code, out], [2, ''], String(said));
		t.regex(err, said);
	};
	await refused({}, /has no anchor: no chain knows its checkpoint\n.*once the log is anchored/);
	await refused({anchors: [{...log.anchor, size: 10}]}, /its anchor is of size 10, its checkpoint of size 11/);
	await refused({anchors: [{...log.anchor, chainId: 1}]}, /the log id of its anchor is not that of harbour\/1 on chain 1/);
	await refused({anchors: [log.anchor], entry: log.entries[4]!.bytes}, /its path does not lead to the root/);
});
