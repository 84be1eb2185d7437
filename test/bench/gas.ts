// What anchoring costs on a chain: whole transactions on anvil, calldata included, beside an event alone, a stored root per size, and registries of other projects.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {AbiCoder, Interface, type InterfaceAbi, keccak256, toBeHex, toUtf8Bytes} from 'ethers';
import {anchorRegistryAbi, anchorRegistryBytecode} from '../../contracts/generated/anchor-registry.ts';
import {anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {type Bench, type Figure, median} from './figure.ts';
import {rivals} from './gas-rivals.ts';
import {type EqualTree, equalTree} from './gas-tree.ts';

/** One entry of the agent's has 118 bytes; these say nothing. */
const entry = Uint8Array.from({length: 118}, (_, at) => (at * 37) % 251);

/** The registry's words in storage: contracts/storage/AnchorRegistry.json. */
const anchorsShift = 27n * 8n;
const ringSlot = 2n;
const ringSize = 512;

type Transaction = {readonly gasUsed: number; readonly contractAddress: string | null};

/** A chain with one unlocked account, which sends all. */
export type GasChain = {
	readonly account: string;
	readonly send: (to: string | undefined, data: string, from?: string) => Promise<Transaction>;
	readonly deploy: (
		bytecode: string,
		abi: InterfaceAbi,
		...args: readonly unknown[]
	) => Promise<{readonly address: string; readonly gas: number}>;
	readonly call: (to: string, data: string) => Promise<string>;
	readonly rpc: <T>(method: string, ...params: unknown[]) => Promise<T>;
};

async function openGasChain(url: string, rpc: GasChain['rpc']): Promise<GasChain> {
	const [account] = await rpc<string[]>('eth_accounts');
	if (account === undefined) throw new Error(`${url} has no account that sends`);
	const send = async (to: string | undefined, data: string, from = account): Promise<Transaction> => {
		const hash = await rpc<string>('eth_sendTransaction', {from, gas: '0xf00000', ...(to === undefined ? {} : {to}), data});
		// It is mined at once, and seen to be a moment later.
		for (let tries = 0; tries < 1000; tries++) {
			const mined = await rpc<{status: string; gasUsed: string; contractAddress: string | null} | null>('eth_getTransactionReceipt', hash);
			if (mined === null) continue;
			if (mined.status !== '0x1') throw new Error(`a transaction to ${to ?? 'a new contract'} was not done`);
			return {gasUsed: Number(mined.gasUsed), contractAddress: mined.contractAddress};
		}
		throw new Error(`transaction ${hash} is in no block`);
	};
	return {
		account,
		rpc,
		send,
		deploy: async (bytecode, abi, ...args) => {
			const {contractAddress, gasUsed} = await send(undefined, `${bytecode}${new Interface(abi).encodeDeploy(args).slice(2)}`);
			if (contractAddress === null) throw new Error('a contract was not made');
			return {address: contractAddress, gas: gasUsed};
		},
		call: (to, data) => rpc<string>('eth_call', {from: account, to, data}, 'latest'),
	};
}

type Compiled = {readonly abi: InterfaceAbi; readonly bytecode: string};

/** Compiles a source of test/contracts for the EVM that the registry is compiled for, and as cheap in use. */
function compile(file: string): (contract: string) => Compiled {
	const solc = createRequire(import.meta.url)('solc') as {
		readonly compile: (input: string, callbacks: {readonly import: (path: string) => {contents: string}}) => string;
	};
	const path = `test/contracts/${file}`;
	const settings = {
		evmVersion: 'paris',
		optimizer: {enabled: true, runs: 1_000_000},
		outputSelection: {'*': {'*': ['abi', 'evm.bytecode.object']}},
	};
	const input = {language: 'Solidity', sources: {[path]: {content: readFileSync(path, 'utf8')}}, settings};
	const output = JSON.parse(solc.compile(JSON.stringify(input), {import: found => ({contents: readFileSync(found, 'utf8')})})) as {
		readonly errors?: readonly object[];
		readonly contracts: Record<string, Record<string, {abi: object[]; evm: {bytecode: {object: string}}}>>;
	};
	if (output.errors !== undefined) throw new Error(JSON.stringify(output.errors));
	return contract => {
		const {abi, evm} = output.contracts[path]![contract]!;
		return {abi: abi as InterfaceAbi, bytecode: `0x${evm.bytecode.object}`};
	};
}

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

/** A number from 0 below 1 that is the same on every run. */
function chance(of: string): number {
	return Number(BigInt(keccak256(toUtf8Bytes(of))) % 2n ** 32n) / 2 ** 32;
}

/** Sizes that follow `size`, by steps from one entry to a twentieth of the log: as a quiet log, a busy one, and one that was offline would. */
function sizesFrom(size: number, steps: number): number[] {
	const sizes = [size];
	for (let step = 0; step < steps; step++) {
		const share = [0, 0.001, 0.01, 0.05][step % 4]!;
		sizes.push(sizes.at(-1)! + 1 + Math.floor(chance(`${size} ${step}`) * 2 * share * size));
	}
	return sizes;
}

const contract = new Interface(anchorRegistryAbi);

/** A registry with as many logs as are asked for, each with a first head of a size of our choice. */
class Registry {
	readonly address: string;
	readonly #chain: GasChain;
	readonly #tree: EqualTree;
	#opened = 0;

	constructor(chain: GasChain, tree: EqualTree, address: string) {
		this.#chain = chain;
		this.#tree = tree;
		this.address = address;
	}

	async send(name: string, args: readonly unknown[], from?: string): Promise<number> {
		return (await this.#chain.send(this.address, contract.encodeFunctionData(name, args), from)).gasUsed;
	}

	async open(): Promise<{readonly logId: string; readonly gas: number}> {
		const originHash = keccak256(toUtf8Bytes(`kedge.example/gas/${++this.#opened}`));
		const gas = await this.send('open', [originHash]);
		const logId = keccak256(
			AbiCoder.defaultAbiCoder().encode(
				['uint256', 'address', 'address', 'bytes32'],
				[anvilChainId, this.address, this.#chain.account, originHash],
			),
		);
		return {logId, gas};
	}

	#head(logId: string, from: number, size: number): [string, number, string, string[]] {
		const proof = from === 0 ? [] : this.#tree.proofBetween(from, size).map(hex);
		return [logId, size, hex(this.#tree.rootOf(size)), proof];
	}

	anchor(logId: string, from: number, size: number): Promise<number> {
		return this.send('anchor', this.#head(logId, from, size));
	}

	anchorMany(logIds: readonly string[], from: number, size: number): Promise<number> {
		return this.send('anchorMany', [logIds.map(logId => this.#head(logId, from, size))]);
	}

	/** Makes the ring look as if it had been round once: its count is raised, and old commitments lie in the next places. A log of 100 entries cannot have 513 heads, so this is the same for all. */
	async fillRing(logId: string, places: number): Promise<void> {
		const slot = BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [logId, 0])));
		const store = (at: bigint, word: bigint): Promise<unknown> =>
			this.#chain.rpc('anvil_setStorageAt', this.address, toBeHex(at, 32), toBeHex(word, 32));
		const head = BigInt(await this.#chain.rpc<string>('eth_getStorageAt', this.address, toBeHex(slot, 32), 'latest'));
		const anchors = Number((head >> anchorsShift) & 0xffff_ffffn);
		await store(slot, head + (BigInt(ringSize) << anchorsShift));
		for (let place = anchors; place < Math.min(anchors + places, ringSize); place++) {
			// A time long ago, later from place to place, and a hash of which nothing is known.
			await store(slot + ringSlot + BigInt(place), (BigInt(place + 1) << 216n) | (BigInt(keccak256(toUtf8Bytes(`${place}`))) >> 40n));
		}
	}
}

/** The gas of each step through these sizes, in a log of its own. */
async function gasThrough(registry: Registry, sizes: readonly number[], isWarm: boolean): Promise<number[]> {
	const {logId} = await registry.open();
	await registry.anchor(logId, 0, sizes[0]!);
	if (isWarm) await registry.fillRing(logId, sizes.length);
	const spent: number[] = [];
	for (let step = 1; step < sizes.length; step++) spent.push(await registry.anchor(logId, sizes[step - 1]!, sizes[step]!));
	return spent;
}

/** A step about which no other of this size needs more gas: nearly all hashes of the proof are in both trees, and are hashed twice. */
function worstSizes(size: number): number[] {
	const next = 2 ** Math.ceil(Math.log2(size));
	return [next - 1, next + 1];
}

export const bench: Bench = async ({quick, say}) => {
	const anvil = await startAnvil();
	try {
		const chain = await openGasChain(anvil.url, anvil.rpc);
		const tree = equalTree(entry);
		const deployed = await chain.deploy(anchorRegistryBytecode, anchorRegistryAbi, 0);
		const registry = new Registry(chain, tree, deployed.address);
		const figures: Figure[] = [];
		const figure = (name: string, value: number, target?: Figure['target'], unit = 'gas'): void => {
			figures.push({name, value, unit, target});
		};
		const steps = quick ? 4 : 24;

		// ---- an anchor, by the size of the log ----
		const medians = new Map<number, number>();
		for (const [size, name] of [
			[1e2, '10²'],
			[1e4, '10⁴'],
			[1e6, '10⁶'],
			[1e8, '10⁸'],
		] as const) {
			say(`anchors at ${name} entries`);
			const sizes = sizesFrom(size, steps);
			const warm = await gasThrough(registry, sizes, true);
			const worst = await gasThrough(registry, worstSizes(size), true);
			const cold = await gasThrough(registry, sizes, false);
			const worstCold = await gasThrough(registry, worstSizes(size), false);
			medians.set(size, median(warm));
			const target = size === 1e6 ? {atMost: 70_000} : undefined;
			figure(`anchor at ${name} entries, warm ring, median`, median(warm), target);
			figure('… maximum', Math.max(...warm, ...worst), target);
			figure(`anchor at ${name} entries, cold ring, median`, median(cold));
			figure('… maximum', Math.max(...cold, ...worstCold));
		}
		const opened = await registry.open();
		figure('deploy the registry', deployed.gas);
		figure('open a log', opened.gas);
		figure('first anchor of a log', await registry.anchor(opened.logId, 0, 1e6), {atMost: 80_000});

		// ---- many logs at once ----
		say('a batch');
		const logIds: string[] = [];
		for (let log = 0; log < 10; log++) logIds.push((await registry.open()).logId);
		const first = await registry.anchorMany(logIds, 0, 1e6);
		for (const logId of logIds) await registry.fillRing(logId, 4);
		const batch = await registry.anchorMany(logIds, 1e6, 1_000_600);
		const again = await registry.anchorMany(logIds, 1e6, 1_000_600);
		const [alone] = await gasThrough(registry, [1e6, 1_000_600], true);
		figure('batch of 10 logs at 10⁶ entries, a log', batch / 10);
		figure('… the same step alone', alone!);
		figure('… first anchors, a log', first / 10);
		figure('… sent again, nothing left to do, a log', again / 10);

		// ---- handing on, ending ----
		const log = logIds[0]!;
		const other = `0x${'77'.repeat(20)}`;
		figure('propose an operator', await registry.send('proposeOperator', [log, other]));
		figure('withdraw the proposal', await registry.send('withdrawProposal', [log]));
		await registry.send('proposeOperator', [log, other]);
		await anvil.rpc('anvil_impersonateAccount', other);
		await anvil.rpc('anvil_setBalance', other, '0xde0b6b3a7640000');
		figure('accept', await registry.send('acceptOperator', [log], other));
		figure('close, with a successor', await registry.send('close', [logIds[1], logIds[2]]));

		// ---- beside others ----
		say('others');
		const compiled = compile('PlainAnchors.sol');
		for (const [name, contractName] of [
			['an event alone', 'EventAnchor'],
			['a root stored for each size', 'StoredRootAnchor'],
		] as const) {
			const {abi, bytecode} = compiled(contractName);
			const {address} = await chain.deploy(bytecode, abi);
			const plain = new Interface(abi);
			const spent: number[] = [];
			for (const size of sizesFrom(1e6, steps)) {
				const data = plain.encodeFunctionData('anchor', [opened.logId, size, hex(tree.rootOf(size))]);
				spent.push((await chain.send(address, data)).gasUsed);
			}
			figure(`${name}, median`, median(spent));
		}
		for (const {name, anchor} of await rivals(chain, say)) {
			const spent: number[] = [];
			for (const size of sizesFrom(1e6, steps)) spent.push(await anchor(opened.logId, size, hex(tree.rootOf(size))));
			figure(`${name}, median`, median(spent));
		}

		// ---- inclusion, as a contract that asks pays for it ----
		say('inclusion');
		const {abi, bytecode} = compile('ProofHarness.sol')('ProofHarness');
		const harness = new Interface(abi);
		const {address: asker} = await chain.deploy(bytecode, abi);
		const ask = async (name: string, ...args: readonly unknown[]): Promise<{used: number; answer: unknown}> => {
			const [used, answer] = harness.decodeFunctionResult(name, await chain.call(asker, harness.encodeFunctionData(name, args)));
			return {used: Number(used), answer};
		};
		for (const levels of [12, 20]) {
			const size = 2 ** levels;
			const index = Math.floor((size * 2) / 3);
			const root = hex(tree.rootOf(size));
			const path = tree.pathTo(index, size).map(hex);
			const proven = await ask('gasOfInclusion', hex(tree.rootOf(1)), index, size, root, path);
			const fromEntry = await ask('gasOfEntryInclusion', hex(entry), index, size, root, path);
			const log = await registry.open();
			await registry.anchor(log.logId, 0, size);
			const {timestamp} = await chain.rpc<{timestamp: string}>('eth_getBlockByNumber', 'latest', false);
			const question = contract.encodeFunctionData('verifyInclusion', [log.logId, size, Number(timestamp), root, index, hex(entry), path]);
			const asked = await ask('gasOfCall', registry.address, question);
			await registry.fillRing(log.logId, ringSize);
			const askedFull = await ask('gasOfCall', registry.address, question);
			if (proven.answer !== true || fromEntry.answer !== true) throw new Error('a proof does not hold');
			for (const {answer} of [asked, askedFull]) if (BigInt(answer as string) !== 1n) throw new Error('the registry does not find a head');
			figure(`inclusion, ${levels} levels, a level, fixed part included`, proven.used / levels, {atMost: 450});
			figure('… with the hash of the entry', fromEntry.used / levels, {atMost: 450});
			figure(`ask the registry about it, ${levels} levels, ring of one anchor`, asked.used);
			figure('… ring of 512 anchors', askedFull.used);
		}

		// ---- a reading, by how many there are ----
		say('a reading');
		for (const [perS, name] of [
			[1, '1 reading/s'],
			[100, '100 readings/s'],
			[10_000, '10,000 readings/s'],
		] as const) {
			const anHour = 3600 * perS;
			const year = 365.25 * 24 * anHour;
			const spent = await gasThrough(
				registry,
				Array.from({length: quick ? 3 : 13}, (_, hour) => year + hour * anHour),
				true,
			);
			figure(`anchor once an hour at ${name}, after a year`, median(spent));
			figure('… 1,000 readings', (1000 * median(spent)) / anHour);
		}
		return figures;
	} finally {
		await anvil.stop();
	}
};
