// Compares the registry on a real chain with the reference twin, case by case, and the calls that the agent makes with their promises.
import {createHash} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {
	AbiCoder,
	Contract,
	ContractFactory,
	type ContractTransactionResponse,
	Interface,
	isError,
	JsonRpcProvider,
	type JsonRpcSigner,
	keccak256,
	type TransactionReceipt,
	toBeHex,
	toUtf8Bytes,
} from 'ethers';
import {anchorRegistryAbi, anchorRegistryBytecode} from '../../contracts/generated/anchor-registry.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';
import {consistentLarge, standardLeaf} from '../helpers/make-vectors.ts';
import * as reference from '../helpers/reference-merkle.ts';

const challengeTimeS = 3600n;
const registryInterface = new Interface(anchorRegistryAbi);

type World = {
	readonly provider: JsonRpcProvider;
	readonly operator: JsonRpcSigner;
	readonly stranger: JsonRpcSigner;
	readonly registry: Contract;
};

let world: World;
let anvil: Anvil;

async function mined(sent: Promise<ContractTransactionResponse>): Promise<TransactionReceipt> {
	const receipt = await (await sent).wait(1, 30_000);
	if (receipt === null) throw new Error('expected a mined transaction');
	return receipt;
}

test.before(async () => {
	anvil = await startAnvil();
	const provider = new JsonRpcProvider(anvil.url, undefined, {cacheTimeout: -1, batchMaxCount: 1, pollingInterval: 20});
	const operator = await provider.getSigner(0);
	const stranger = await provider.getSigner(1);
	const deployed = await new ContractFactory(anchorRegistryAbi, anchorRegistryBytecode, operator).deploy(challengeTimeS);
	world = {provider, operator, stranger, registry: new Contract(await deployed.getAddress(), anchorRegistryAbi, operator)};
});

test.after.always(async () => {
	world?.provider.destroy();
	await anvil?.stop();
});

// Every test that follows is serial: they send from one account, and the chain gives out its nonces one by one.

let opened = 0;

/** Opens a log of its own for a test or a case. */
async function openLog(world: World): Promise<string> {
	const originHash = keccak256(toUtf8Bytes(`kedge.example/differential/${++opened}`));
	const logId = (await world.registry.getFunction('logIdOf')(await world.operator.getAddress(), originHash)) as string;
	await mined(world.registry.getFunction('open')(originHash));
	return logId;
}

type Head = {readonly size: bigint; readonly time: bigint; readonly root: string};

/** Anchors a head and returns it with the time that the event gives. */
async function anchorHead(
	world: World,
	logId: string,
	size: bigint,
	root: Uint8Array,
	proof: readonly Uint8Array[],
): Promise<Head & {gasUsed: bigint}> {
	const receipt = await mined(world.registry.getFunction('anchor')(logId, size, root, proof));
	const event = receipt.logs.map(log => registryInterface.parseLog(log)).find(log => log?.name === 'Anchored');
	return {size, time: event!.args.time as bigint, root: event!.args.root as string, gasUsed: receipt.gasUsed};
}

/** Tries an anchor without sending it: undefined if it would be accepted, else the error's name and arguments. */
async function refusal(
	world: World,
	logId: string,
	size: bigint,
	root: Uint8Array,
	proof: readonly Uint8Array[],
	from = world.operator,
): Promise<unknown[] | undefined> {
	try {
		await world.registry.connect(from).getFunction('anchor').staticCall(logId, size, root, proof);
		return undefined;
	} catch (error) {
		if (!isError(error, 'CALL_EXCEPTION') || error.data === null) throw error;
		const parsed = registryInterface.parseError(error.data);
		if (parsed === null) throw error;
		return [parsed.name, ...parsed.args];
	}
}

function hex(bytes: Uint8Array): string {
	return `0x${Buffer.from(bytes).toString('hex')}`;
}

/** A source of chance that is the same on every run. */
function seeded(seed: string): {below: (limit: number) => number; hash: () => Uint8Array} {
	let drawn = 0;
	const hash = () => new Uint8Array(createHash('sha256').update(`${seed} ${drawn++}`).digest());
	return {hash, below: limit => new DataView(hash().buffer).getUint32(0) % limit};
}

const leaves = Array.from({length: 300}, (_, index) => standardLeaf(index));

type Random = ReturnType<typeof seeded>;

/** What may have happened to a proof on its way, or nothing. */
const proofMutations: readonly ((proof: readonly Uint8Array[], random: Random) => readonly Uint8Array[])[] = [
	proof => proof,
	proof => proof,
	proof => proof,
	(proof, random) => [...proof, random.hash()],
	(proof, random) => [random.hash(), ...proof],
	proof => proof.slice(1),
	proof => proof.slice(0, -1),
	proof => [...proof].reverse(),
	(proof, random) => proof.map((hash, at) => (at === random.below(proof.length) ? flipped(hash, random) : hash)),
];

function flipped(bytes: Uint8Array, random: Random): Uint8Array {
	const copy = Uint8Array.from(bytes);
	copy[random.below(copy.length)]! ^= 1 << random.below(8);
	return copy;
}

test.serial('the registry and the reference twin agree on 240 inclusion proofs', async t => {
	const random = seeded('inclusion');
	let valid = 0;
	for (let round = 0; round < 40; round++) {
		const size = 1 + random.below(leaves.length);
		const tree = leaves.slice(0, size);
		// The anchored size is sometimes a little off, as a lying operator's may be.
		const claimedSize = BigInt(Math.max(1, size + [0, 0, 0, 1, -1][random.below(5)]!));
		const root = reference.MTH(tree);
		const logId = await openLog(world);
		const head = await anchorHead(world, logId, claimedSize, root, []);
		for (let one = 0; one < 6; one++) {
			const index = random.below(size);
			const proof = proofMutations[random.below(proofMutations.length)]!(reference.PATH(index, tree), random);
			const claimedIndex = BigInt(Math.max(0, index + [0, 0, 0, 0, 1, -1][random.below(6)]!));
			const data = random.below(6) === 0 ? flipped(leaves[index]!, random) : leaves[index]!;
			const expected = reference.isIncluded(reference.leafHash(data), claimedIndex, claimedSize, root, proof);
			const found = await world.registry.getFunction('verifyInclusion')(logId, claimedSize, head.time, root, claimedIndex, data, proof);
			t.is(found, expected, `leaf ${claimedIndex} (${index}) of ${claimedSize} (${size}), round ${round}.${one}`);
			if (expected) valid++;
		}
	}
	t.true(valid > 40 && valid < 200, `${valid} of 240 cases were valid, too few or too many to tell the two apart`);
});

test.serial('the registry and the reference twin agree on 240 consistency proofs', async t => {
	const random = seeded('consistency');
	let valid = 0;
	for (let round = 0; round < 40; round++) {
		const size1 = 1 + random.below(leaves.length - 1);
		const root1 = reference.MTH(leaves.slice(0, size1));
		const claimedSize1 = BigInt(Math.max(1, size1 + [0, 0, 0, 0, 1, -1][random.below(6)]!));
		const logId = await openLog(world);
		await anchorHead(world, logId, claimedSize1, root1, []);
		for (let one = 0; one < 6; one++) {
			const size2 = size1 + 1 + random.below(leaves.length - size1);
			const tree = random.below(6) === 0 ? leaves.with(random.below(size1), random.hash()).slice(0, size2) : leaves.slice(0, size2);
			const claimedSize2 = BigInt(size2 + [0, 0, 0, 0, 1, -1][random.below(6)]!);
			if (claimedSize2 <= claimedSize1) continue;
			const root2 = random.below(8) === 0 ? random.hash() : reference.MTH(tree);
			const proof = proofMutations[random.below(proofMutations.length)]!(reference.PROOF(size1, tree), random);
			const expected = reference.isConsistent(claimedSize1, root1, claimedSize2, root2, proof);
			const refused = await refusal(world, logId, claimedSize2, root2, proof);
			const name = `from ${claimedSize1} (${size1}) to ${claimedSize2} (${size2}), round ${round}.${one}`;
			if (expected) t.is(refused, undefined, name);
			else t.deepEqual(refused, ['NotConsistent', logId, claimedSize1, hex(root1), claimedSize2, hex(root2)], name);
			if (expected) valid++;
		}
	}
	t.true(valid > 40 && valid < 200, `${valid} cases were valid, too few or too many to tell the two apart`);
});

test.serial('the registry and the reference twin agree on 120 old heads under an anchored one', async t => {
	const random = seeded('old heads');
	let valid = 0;
	for (let round = 0; round < 20; round++) {
		const size = 2 + random.below(leaves.length - 1);
		const tree = leaves.slice(0, size);
		const root = reference.MTH(tree);
		const logId = await openLog(world);
		const head = await anchorHead(world, logId, BigInt(size), root, []);
		for (let one = 0; one < 6; one++) {
			const size1 = 1 + random.below(size);
			const claimedSize1 = BigInt(Math.max(0, size1 + [0, 0, 0, 0, 1, -1][random.below(6)]!));
			const root1 = random.below(8) === 0 ? random.hash() : reference.MTH(leaves.slice(0, size1));
			const proof = proofMutations[random.below(proofMutations.length)]!(size1 === size ? [] : reference.PROOF(size1, tree), random);
			const expected = reference.isConsistent(claimedSize1, root1, BigInt(size), root, proof);
			const found = await world.registry.getFunction('verifyConsistency')(logId, size, head.time, root, claimedSize1, root1, proof);
			t.is(found, expected, `${claimedSize1} (${size1}) of ${size}, round ${round}.${one}`);
			if (expected) valid++;
		}
	}
	t.true(valid > 20 && valid < 100, `${valid} of 120 cases were valid, too few or too many to tell the two apart`);
});

test.serial('a log is handed to a hub, anchored by it in a batch that can be sent again, and closed', async t => {
	const logId = await openLog(world);
	const successor = await openLog(world);
	const hub = await world.stranger.getAddress();
	const owned = world.registry;
	const asHub = world.registry.connect(world.stranger) as Contract;
	const root = (size: number): string => hex(reference.MTH(leaves.slice(0, size)));
	await anchorHead(world, logId, 21n, reference.MTH(leaves.slice(0, 21)), []);
	for (const id of [logId, successor]) {
		await mined(owned.getFunction('proposeOperator')(id, hub));
		t.is(await owned.getFunction('proposedOperatorOf')(id), hub);
		await mined(asHub.getFunction('acceptOperator')(id));
		t.is(await owned.getFunction('operatorOf')(id), hub);
	}
	const heads = [
		[logId, 34, root(34), reference.PROOF(21, leaves.slice(0, 34))],
		[successor, 5, root(5), []],
	];
	const eventsOf = async (receipt: TransactionReceipt): Promise<unknown[]> =>
		receipt.logs.map(log => registryInterface.parseLog(log)!).map(({name, args}) => [name, args[0], args[1], args[2]]);
	const batch = await mined(asHub.getFunction('anchorMany')(heads));
	t.deepEqual(await eventsOf(batch), [
		['Anchored', logId, 34n, root(34)],
		['Anchored', successor, 5n, root(5)],
	]);
	t.deepEqual(await eventsOf(await mined(asHub.getFunction('anchorMany')(heads))), []);
	t.deepEqual(await eventsOf(await mined(asHub.getFunction('close')(logId, successor))), [['Closed', logId, successor, 34n]]);
	t.true(await owned.getFunction('isClosed')(logId));
	t.is(await owned.getFunction('successorOf')(logId), successor);
	const proof = reference.PROOF(34, leaves.slice(0, 40));
	const refused = await refusal(world, logId, 40n, reference.MTH(leaves.slice(0, 40)), proof, world.stranger);
	t.deepEqual(refused, ['LogClosed', logId, successor]);
});

test.serial('a log id is the hash of chain, registry, opener and origin', async t => {
	const originHash = keccak256(toUtf8Bytes('kedge.example/id/1'));
	const opener = await world.operator.getAddress();
	const {chainId} = await world.provider.getNetwork();
	const encoded = AbiCoder.defaultAbiCoder().encode(
		['uint256', 'address', 'address', 'bytes32'],
		[chainId, await world.registry.getAddress(), opener, originHash],
	);
	t.is(await world.registry.getFunction('logIdOf')(opener, originHash), keccak256(encoded));
});

test.serial('an anchored head is the latest, and is found by what its event says', async t => {
	const logId = await openLog(world);
	const root = reference.MTH(leaves.slice(0, 21));
	t.deepEqual([...(await world.registry.getFunction('latest')(logId))], [0n, 0n, hex(new Uint8Array(32))]);
	const head = await anchorHead(world, logId, 21n, root, []);
	t.deepEqual([...(await world.registry.getFunction('latest')(logId))], [21n, head.time, hex(root)]);
	t.true(await world.registry.getFunction('isAnchored')(logId, 21n, head.time, root));
	t.false(await world.registry.getFunction('isAnchored')(logId, 21n, head.time + 1n, root));
});

async function anchoredAt21(t: ExecutionContext): Promise<{logId: string; root: Uint8Array}> {
	const logId = await openLog(world);
	const root = reference.MTH(leaves.slice(0, 21));
	t.is((await anchorHead(world, logId, 21n, root, [])).root, hex(root));
	return {logId, root};
}

test.serial('a fork reverts with both heads, whoever signs it', async t => {
	const {logId, root} = await anchoredAt21(t);
	const fork = leaves.with(3, standardLeaf(999)).slice(0, 34);
	const expected = ['NotConsistent', logId, 21n, hex(root), 34n, hex(reference.MTH(fork))];
	t.deepEqual(await refusal(world, logId, 34n, reference.MTH(fork), reference.PROOF(21, fork)), expected);
	t.is(await refusal(world, logId, 34n, reference.MTH(leaves.slice(0, 34)), reference.PROOF(21, leaves.slice(0, 34))), undefined);
});

test.serial('the same head a second time is stale, and the error shows that it is there', async t => {
	const {logId, root} = await anchoredAt21(t);
	t.deepEqual(await refusal(world, logId, 21n, root, []), ['Stale', logId, 21n, hex(root), 21n, hex(root)]);
	t.deepEqual(await refusal(world, logId, 20n, root, []), ['Stale', logId, 20n, hex(root), 21n, hex(root)]);
});

test.serial('a stranger is refused by name', async t => {
	const {logId, root} = await anchoredAt21(t);
	const expected = ['NotOperator', logId, await world.stranger.getAddress(), await world.operator.getAddress()];
	t.deepEqual(await refusal(world, logId, 34n, root, [], world.stranger), expected);
});

/** Makes a log of one anchor look like one whose ring has been round once: 513 anchors, the next place taken by an old commitment. */
async function fillRing(world: World, logId: string): Promise<void> {
	const registry = await world.registry.getAddress();
	const slot = BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [logId, 0])));
	const store = (at: bigint, word: bigint) => world.provider.send('anvil_setStorageAt', [registry, toBeHex(at, 32), toBeHex(word, 32)]);
	// A log is its head (operator, 56 bits of size, anchors, from the lowest bit up), its root, and the ring; time is above bit 216 of a commitment.
	const head = BigInt(await world.provider.getStorage(registry, slot));
	await store(slot, head + (512n << 216n));
	await store(slot + 2n + 1n, (1n << 216n) | 1n);
}

test.serial('an anchor at a million entries stays within its budget of gas', async t => {
	const originHash = keccak256(toUtf8Bytes('kedge.example/gas/1'));
	const opening = await mined(world.registry.getFunction('open')(originHash));
	const figures: [string, bigint][] = [['opening a log', opening.gasUsed]];
	for (const [size1, size2] of [
		[524_288, 1_000_000],
		[1_000_000, 1_001_000],
		[999_999, 1_000_000],
		[999_000, 1_000_000],
		[1, 1_000_000],
		[1_048_575, 1_048_577],
	] as const) {
		const logId = await openLog(world);
		const {root1, root2, proof} = consistentLarge(size1, size2);
		const first = await anchorHead(world, logId, BigInt(size1), root1, []);
		if (figures.length === 1) figures.push(['the first anchor', first.gasUsed]);
		await fillRing(world, logId);
		const {gasUsed} = await anchorHead(world, logId, BigInt(size2), root2, proof);
		figures.push([`from ${size1} to ${size2}, ${proof.length} hashes`, gasUsed]);
		t.true(gasUsed <= 68_000n, `${gasUsed} gas from ${size1} to ${size2}`);
		t.is(await world.registry.getFunction('anchorsOf')(logId), 514n);
	}
	for (const [name, gasUsed] of figures) t.log(`${name}: ${gasUsed} gas`);
	t.true(figures[1]![1] <= 80_000n);
});
