// A chain that reorganises, reprices, drops and lies, and an agent that dies at any edge of its outbox: in the end one anchor per size, within the budget.
import test from 'ava';
import {Transaction} from 'ethers';
import type {Anchor, AnchorOptions} from '../../agent/anchor/anchor.ts';
import {type Chain, openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry} from '../../agent/anchor/deploy.ts';
import {paidInDayMax} from '../../agent/anchor/fees.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {openChains} from '../../agent/anchor/nodes.ts';
import {type AnchorRow, isOnChain, paymentsOf} from '../../agent/anchor/outbox.ts';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {type Chance, createChance} from '../../sim/seed.ts';
import {anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {blockS, createHardChain, type HardChain, type Lie, type Weather} from '../helpers/hard-chain.ts';
import {Crash, createWorld, hastyClock, keyOf, live, type World} from './world.ts';

const gwei = 10n ** 9n;

let hard: HardChain | undefined;
let worlds: World[] = [];
let chains = 0;

const stop = async (): Promise<void> => {
	hard?.stop();
	await hard?.anvil.stop();
	hard = undefined;
};
test.after.always(stop);

/** Of a chain with more blocks anvil forgets, at a reorganisation, the code of contracts. */
const blocksMax = 400;
/** Logs opened at once on a chain. */
const logsPerChain = 40;

/** A chain of its own, and logs there, each with its own key, opened so deep that no reorganisation here reaches them. */
async function nextChain(): Promise<HardChain> {
	await stop();
	worlds = [];
	// A seed means the same only on a chain that begins at the same time.
	const anvil = await startAnvil(['--timestamp', '1800000000']);
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	const {registry} = await deployRegistry({chain, clock: hastyClock, signer: signerFromKey(richKey)}, {challengeTimeS: 0});
	const next = await createHardChain(anvil);
	chains += 1;
	const logs = Array.from({length: logsPerChain}, (_, i) => ({
		key: `0x${toHex(keccak256(utf8(`hard ${chains} ${i}`)))}`,
		origin: `hard-${chains}-${i}/1`,
	}));
	const signers = await next.openLogs(registry, logs);
	await next.mineEmpty(21);
	worlds = signers.map((signer, i) => createWorld(anvil, registry, signer, logs[i]!.origin));
	return next;
}

/** A log that nobody has used, on a chain in fine weather. */
async function nextWorld(): Promise<World> {
	if (hard === undefined || worlds.length === 0 || hard.height() > blocksMax) hard = await nextChain();
	hard.calm();
	// What the weather was is still in the newest block.
	await hard.mine();
	return worlds.shift()!;
}

/** The chain of now. */
const here = (): HardChain => hard!;

type Round = {
	/** Counts from 0 in each stage. */
	readonly round: number;
	readonly stage: number;
	/** Which place the crash is at, for faults that come in several sizes. */
	readonly edge: number;
	readonly world: World;
	/** True the first time that it is asked for this key in this run. */
	readonly once: (key: string) => boolean;
};

type Fault = {
	readonly name: string;
	/** Called before each tick of the fault's rounds. */
	readonly before?: (at: Round) => Promise<void> | void;
	/** Rounds of each stage in which it is there. @default 12 */
	readonly rounds?: number;
	/** No block is final before all sizes are on the chain. */
	readonly isUnsettled?: boolean;
	/** What is anchored one after the other. @default only 5 */
	readonly sizes?: readonly number[];
	/** How the chain is reached. @default node 0 alone */
	readonly chain?: (world: World) => Chain;
};

const both = [5, 13];

const newest = (world: World): AnchorRow | undefined => world.rows().at(-1);
const lieAbout =
	(method: string, lie: (result: Record<string, unknown>) => unknown) =>
	async (_: number, asked: string, __: readonly unknown[], truth: () => Promise<Lie>): Promise<Lie> => {
		if (asked !== method) return undefined;
		const answer = await truth();
		if (typeof answer !== 'object' || !('result' in answer) || answer.result === null) return undefined;
		return {result: lie(answer.result as Record<string, unknown>)};
	};

const byNode =
	(liar: number, lie: Weather['lie']): Weather['lie'] =>
	(node, method, params, truth) =>
		node === liar ? lie(node, method, params, truth) : undefined;
/** The next estimate is so low that the transaction fails. */
const shortOnce = (): Weather['lie'] => {
	let isOver = false;
	return (_, method) => {
		if (isOver || method !== 'eth_estimateGas') return undefined;
		isOver = true;
		return {result: '0x6d60'};
	};
};
/** The nodes of these numbers, in this order, of which two must agree. */
const joined =
	(...nodes: readonly number[]) =>
	({clock}: World): Chain =>
		openChains({urls: nodes.map(node => here().urls[node]!), chainId: anvilChainId, clock});

const faults: readonly Fault[] = [
	{name: 'fine weather', sizes: both},
	{
		name: 'inclusion that takes six blocks, by nodes that want a tenth more for a replacement',
		sizes: both,
		before: () => {
			here().weather.delayBlocks = 6;
		},
	},
	{
		name: 'inclusion that takes twelve blocks, by nodes that want three tenths more for a replacement',
		before: () => {
			here().weather.delayBlocks = 12;
			here().weather.raisePercent = 30;
		},
		rounds: 24,
	},
	{
		name: 'transactions that are accepted and then time out',
		before: ({once, stage}) => {
			if (once(`lose ${stage}`)) here().weather.loseAnswers = 2;
		},
	},
	{
		name: 'transactions that are accepted and forgotten',
		before: ({once, stage}) => {
			if (once(`forget ${stage}`)) here().weather.forget = 2;
		},
	},
	{
		name: 'a pool that drops everything once it was sent',
		before: ({world, once, stage}) => {
			if (newest(world)?.state === 'sent' && once(`drop ${stage}`)) here().dropPool();
		},
	},
	{
		name: 'a base fee that rises thirtyfold once something is signed',
		before: ({world}) => {
			if (newest(world)?.attempts.length === 1) here().weather.baseFeeWei = 30n * gwei;
		},
	},
	{
		name: 'a base fee above the ceiling once something is signed',
		before: ({world}) => {
			if ((newest(world)?.attempts.length ?? 0) > 0) here().weather.baseFeeWei = 200n * gwei;
		},
	},
	{
		name: 'a base fee above the ceiling while something is planned and more comes',
		sizes: both,
		before: async ({world, once, stage, round}) => {
			here().weather.baseFeeWei = 200n * gwei;
			if (once(`rise ${stage}`)) await here().mine();
			if (round === 4 && once(`grow ${stage}`)) world.tree.growTo(world.tree.size + 2);
		},
	},
	{
		name: 'a transaction that runs out of gas and is paid for all the same',
		sizes: both,
		before: ({once, stage}) => {
			if (once(`short ${stage}`)) here().weather.lie = shortOnce();
		},
	},
	{
		name: 'a balancer whose second node lags by three blocks',
		before: () => {
			here().weather.isBalanced = true;
			here().weather.lagBlocks = 3;
		},
	},
	{
		name: 'a node that is of another chain every third time',
		before: ({round}) => {
			here().weather.lie = (_, method) => (method === 'eth_chainId' && round % 3 === 0 ? {result: '0x1'} : undefined);
		},
	},
	{
		name: 'a node that says that what was mined had reverted, and shows no logs',
		before: () => {
			const lie = lieAbout('eth_getTransactionReceipt', receipt => ({...receipt, status: '0x0', logs: []}));
			here().weather.lie = (node, method, params, truth) => (method === 'eth_getLogs' ? {result: []} : lie(node, method, params, truth));
		},
	},
	{
		name: 'a node that hides what was mined',
		before: () => {
			here().weather.lie = lieAbout('eth_getTransactionReceipt', () => null);
		},
	},
	{
		name: 'a node that says that it was mined in another block',
		before: () => {
			here().weather.lie = lieAbout('eth_getTransactionReceipt', receipt => ({...receipt, blockHash: `0x${'ab'.repeat(32)}`}));
		},
	},
	{
		name: 'a node that says that it was mined, with empty logs',
		before: () => {
			here().weather.lie = lieAbout('eth_getTransactionReceipt', receipt => ({...receipt, logs: []}));
		},
	},
	{
		name: 'a node that answers every fifth question only',
		before: () => {
			let asked = 0;
			here().weather.lie = () => {
				asked += 1;
				return asked % 5 === 0 ? 'cut' : undefined;
			};
		},
	},
	{
		name: 'two nodes of which one lags by three blocks',
		chain: joined(2, 1),
		before: () => {
			here().weather.lagBlocks = 3;
		},
	},
	{
		name: 'two nodes of which one says that what was mined had reverted',
		chain: joined(2, 1),
		before: () => {
			here().weather.lie = byNode(
				1,
				lieAbout('eth_getTransactionReceipt', receipt => ({...receipt, status: '0x0', logs: []})),
			);
		},
	},
	{
		name: 'three nodes of which one never tells the truth about a mined transaction',
		chain: joined(1, 0, 2),
		rounds: 1000,
		sizes: both,
		before: () => {
			here().weather.lie = byNode(
				1,
				lieAbout('eth_getTransactionReceipt', receipt => ({...receipt, blockHash: `0x${'cd'.repeat(32)}`, status: '0x0', logs: []})),
			);
		},
	},
	{
		name: 'three nodes of which one is of another chain, and one takes transactions and loses them',
		chain: joined(1, 0, 2),
		rounds: 1000,
		before: () => {
			here().weather.lie = (node, method, params) => {
				if (method === 'eth_chainId' && node === 1) return {result: '0x1'};
				return method === 'eth_sendRawTransaction' && node === 0 ? {result: Transaction.from(String(params[0])).hash} : undefined;
			};
		},
	},
	...[true, false].map(
		(isKept): Fault => ({
			name: `a reorganisation of 1 to 20 blocks that ${isKept ? 'gives the transactions back to the pool' : 'loses the transactions'}`,
			isUnsettled: true,
			sizes: both,
			before: async ({world, once, stage, edge}) => {
				if (newest(world)?.state === 'mined' && once(`reorganise ${stage}`)) await here().reorganise(1 + ((edge * 7 + stage) % 20), isKept);
			},
		}),
	),
];

const feeWeiMax = 100n * gwei;
/** Enough for two anchors at the ceiling, replacements included, and not for three. */
const budgetWeiPerDay = 2n * 130_000n * feeWeiMax;

/** Anchors under a fault, with a crash at the n-th place where something lasting happens. Gives false once there is no n-th place. */
async function runWith(fault: Fault, n: number): Promise<{readonly crashed: boolean; readonly problems: readonly string[]}> {
	const world = await nextWorld();
	const {places, start} = crashing(world, fault.chain);
	places.at = n;
	const seen = new Set<string>();
	const once = (key: string): boolean => !seen.has(key) && seen.add(key) !== undefined;
	let anchor = start();
	const until = async (stage: number, done: () => boolean): Promise<void> => {
		for (let round = 0; !done(); round += 1) {
			if (round > 150)
				throw new Error(`not settled: ${(await anchor.status()).waitingFor}, ${(await anchor.status()).lastError?.sentence}`);
			if (round < (fault.rounds ?? 12)) await fault.before?.({round, stage, edge: n, world, once});
			else here().calm();
			if (fault.isUnsettled && stage < sizes.length) here().weather.finalityBlocks = 1_000_000;
			const answer = await step(anchor);
			if (answer === 'crashed') anchor = start();
			if (answer === 'moved') continue;
			await here().mine();
			world.clock.advance(blockS * 1000);
		}
	};
	const sizes = fault.sizes ?? [5];
	for (const [stage, size] of sizes.entries()) {
		world.tree.growTo(size);
		await until(stage, () => world.rows().some(row => row.size >= size && isOnChain(row)));
	}
	await until(sizes.length, () => world.rows().every(({state}) => state === 'final'));
	const problems = await judgeAll(world, budgetWeiPerDay, world.tree.size);
	await anchor[Symbol.asyncDispose]();
	return {crashed: places.crashed, problems};
}

/** Lets every start of an anchor over this world die at one place, before or after a write or a broadcast. */
function crashing(
	world: World,
	chainOf?: Fault['chain'],
	options: Partial<AnchorOptions> = {},
): {readonly places: {at: number; seen: number; crashed: boolean}; readonly start: () => Anchor} {
	const places = {at: 0, seen: 0, crashed: false};
	const place = (): void => {
		places.seen += 1;
		if (places.seen !== places.at) return;
		places.crashed = true;
		throw new Crash(`at place ${places.at}`);
	};
	const start = (): Anchor =>
		world.start({
			url: here().urls[0]!,
			chain: one => {
				const chain = chainOf?.(world) ?? one;
				return {
					...chain,
					broadcast: async raw => {
						const isDurable = world.rows().some(row => row.attempts.some(attempt => attempt.raw === raw));
						if (!isDurable) throw new Error('bytes were broadcast before they were durable');
						place();
						const answer = await chain.broadcast(raw);
						place();
						return answer;
					},
				};
			},
			needs: {
				store: {
					load: async () => world.rows(),
					save: async row => {
						place();
						world.stored.set(keyOf(row), JSON.stringify(row));
						place();
					},
					replace: async (old, row) => {
						place();
						world.stored.delete(keyOf(old));
						world.stored.set(keyOf(row), JSON.stringify(row));
						place();
					},
				},
			},
			options: {fees: {feeWeiMax, budgetWeiPerDay}, ...options},
		});
	return {places, start};
}

async function step(anchor: Anchor): Promise<'moved' | 'still' | 'crashed'> {
	try {
		return (await anchor.tick(live)) ? 'moved' : 'still';
	} catch (error) {
		if (error instanceof Crash) {
			await anchor[Symbol.asyncDispose]();
			return 'crashed';
		}
		// A node that contradicts itself stops the tick, and the next one looks at everything afresh.
		if (error instanceof AgentError && error.code !== 'ASSERTION_FAILED') return 'still';
		throw error;
	}
}

/** What the chain itself says at the end: one anchor per size, none lost, the budget kept, and the outbox of the same mind. */
async function judgeAll(world: World, budgetWei: bigint, sizeMin: number): Promise<string[]> {
	const rows = world.rows();
	const problems = await world.judge(rows.map(({size}) => size));
	if ((rows.at(-1)?.size ?? 0) < sizeMin) problems.push(`the newest anchor is of size ${rows.at(-1)?.size}, not of ${sizeMin}`);
	const payments = await here().payments(world.signer.address);
	const anchors = payments.filter(({succeeded}) => succeeded).length;
	if (anchors !== rows.length) problems.push(`${anchors} transactions succeeded for ${rows.length} sizes`);
	const paidWei = paidInDayMax(payments);
	if (paidWei > budgetWei) problems.push(`${paidWei} wei were paid in 24 hours, and the budget is ${budgetWei}`);
	const sum = (list: readonly {readonly costWei: bigint}[]): bigint => list.reduce((total, {costWei}) => total + costWei, 0n);
	const isGuess = rows.some(({spent}) => spent?.some(({assumed}) => assumed === true));
	const [seenWei, paidInAll] = [sum(rows.flatMap(paymentsOf)), sum(payments)];
	if (isGuess ? seenWei < paidInAll : seenWei !== paidInAll)
		problems.push(`the rows say that ${seenWei} wei were paid, and the chain that ${paidInAll} were`);
	return problems;
}

for (const fault of faults) {
	test.serial(`a crash at any edge under ${fault.name} leaves one anchor per size, within the budget`, async t => {
		t.timeout(120_000);
		let n = 1;
		for (; ; n += 1) {
			const {crashed, problems} = await runWith(fault, n);
			t.deepEqual(problems, [], `crash at place ${n}`);
			if (!crashed) break;
		}
		t.log(`${n - 1} edges under ${fault.name}`);
		t.true(n > 12, `only ${n - 1} edges`);
	});
}

/** One thing that can happen to a chain for a while. */
const troubles: readonly ((chance: Chance) => void)[] = [
	chance => {
		// From a tenth of a gwei to three hundred: some above the ceiling.
		here().weather.baseFeeWei = BigInt(Math.round(10 ** (8 + 3.5 * chance.fraction())));
	},
	chance => {
		here().weather.delayBlocks = chance.between(1, 10);
	},
	chance => {
		here().weather.raisePercent = chance.pick([10, 12, 25]);
	},
	chance => {
		here().weather.forget = chance.between(1, 3);
	},
	chance => {
		here().weather.loseAnswers = chance.between(1, 3);
	},
	chance => {
		here().weather.isBalanced = true;
		here().weather.lagBlocks = chance.between(1, 6);
	},
	() => here().dropPool(),
	chance => {
		here().weather.lie = chance.pick<Weather['lie']>([
			lieAbout('eth_getTransactionReceipt', receipt => ({...receipt, status: '0x0', logs: []})),
			lieAbout('eth_getTransactionReceipt', () => null),
			lieAbout('eth_getTransactionReceipt', receipt => ({...receipt, logs: []})),
			(_, method) => (method === 'eth_getLogs' ? {result: []} : undefined),
			(_, method) => (method === 'eth_chainId' ? {result: '0x2'} : undefined),
			() => (chance.happens(0.2) ? 'cut' : undefined),
			() => (chance.happens(0.2) ? 'lost' : undefined),
			shortOnce(),
			shortOnce(),
		]);
	},
];

/** A walk over everything at once: growth, crashes, reorganisations, days without a chain. Then calm, and the judge. */
async function walk(seed: string, steps: number): Promise<{readonly problems: readonly string[]; readonly tally: string}> {
	const chance = createChance(seed, 'hard chain');
	hard = await nextChain();
	const world = await nextWorld();
	// One anchor at the ceiling, or five to forty at the usual price: what is left of it binds in most walks.
	const budgetWei = chance.pick([1n, 2n, 15n]) * 10n ** 15n;
	const policy = {ageMsMax: 600_000, entriesMax: 3, idleMsMax: 0};
	const {places, start} = crashing(world, chance.happens(0.5) ? joined(0, 2) : undefined, {
		policy,
		fees: {feeWeiMax, costWeiMax: 130_000n * feeWeiMax, budgetWeiPerDay: budgetWei},
	});
	const counts = {crashes: 0, reorganisations: 0, troubles: 0, rolls: 0};
	world.tree.growTo(1);
	let anchor = start();
	const tick = async (): Promise<void> => {
		const before = world.rows().filter(({state}) => state === 'planned');
		const answer = await step(anchor);
		if (answer === 'crashed') {
			counts.crashes += 1;
			anchor = start();
		}
		for (const {size} of before) if (!world.rows().some(row => row.size === size)) counts.rolls += 1;
		if (answer !== 'moved') await pass(1, blockS);
	};
	const pass = async (blocks: number, everyS: number): Promise<void> => {
		await here().mine(blocks, everyS);
		world.clock.advance(blocks * everyS * 1000);
	};
	for (let i = 0; i < steps; i += 1) {
		if (chance.happens(0.15)) world.tree.growTo(world.tree.size + chance.between(1, 4));
		if (chance.happens(0.1)) places.at = places.seen + chance.between(1, 8);
		if (chance.happens(0.08)) {
			counts.troubles += 1;
			chance.pick(troubles)(chance);
		} else if (chance.happens(0.06)) here().calm();
		here().weather.finalityBlocks = 20;
		// Never deeper than what is final, nor than what this walk has mined.
		if (chance.happens(0.03)) {
			counts.reorganisations += 1;
			await here().reorganise(chance.between(1, 19), chance.happens(0.5));
		}
		if (chance.happens(0.03)) await pass(1, chance.pick([600, 3600, 40_000]));
		await tick();
	}
	here().calm();
	places.at = 0;
	world.tree.growTo(world.tree.size + 3);
	const size = world.tree.size;
	for (
		let i = 0;
		!world.rows().some(row => row.size >= size && row.state === 'final') || world.rows().some(({state}) => state !== 'final');
		i += 1
	) {
		const {waitingFor, lastError} = await anchor.status();
		if (i > 300) throw new Error(`seed ${seed} is not settled: ${waitingFor}, ${lastError?.sentence}`);
		// What was spent comes back in a day.
		if (i % 20 === 19) await pass(1, 7200);
		await tick();
	}
	const problems = await judgeAll(world, budgetWei, size);
	const payments = await here().payments(world.signer.address);
	await anchor[Symbol.asyncDispose]();
	const {crashes, reorganisations, rolls} = counts;
	const most = (paidInDayMax(payments) * 100n) / budgetWei;
	return {
		problems,
		tally: `seed ${seed}: ${world.rows().length} anchors, ${payments.length} transactions, ${crashes} crashes, ${reorganisations} reorganisations, ${counts.troubles} troubles, ${rolls} plans rolled on, at most ${most} % of the budget in a day`,
	};
}

const walks: readonly (readonly [seed: string, steps: number])[] = [
	['1', 120],
	['2', 120],
	['3', 120],
	['4', 120],
	['5', 120],
	['6', 120],
	// A node said that an anchor had reverted while a later one was under way: it was never looked for again, and the registry had gone on.
	['more 4', 200],
	['more 28', 200],
	// A reorganisation opened the nonce of a row that was final by another one, and nobody sent its bytes again.
	['more 38', 200],
];

for (const [seed, steps] of walks) {
	test.serial(`a random walk over all faults leaves one anchor per size, within the budget (seed ${seed})`, async t => {
		t.timeout(120_000);
		const {problems, tally} = await walk(seed, steps);
		t.log(tally);
		t.deepEqual(problems, []);
	});
}

/** How the outbox stands when the chain goes away. */
const outages: readonly (readonly [name: string, until: AnchorRow['state'] | undefined, anchors: number])[] = [
	['nothing planned', undefined, 1],
	['a plan that was not signed', 'planned', 1],
	['a transaction that was sent and forgotten', 'sent', 2],
];

for (const [name, until, anchors] of outages) {
	test.serial(`a day without a chain is caught up with in one anchor within ten minutes, with ${name}`, async t => {
		const world = await nextWorld();
		const policy = {ageMsMax: 3_600_000, entriesMax: 10_000, idleMsMax: 0};
		let grownAtMs = world.clock.nowMs();
		const arrivedAtMsOf = async (index: number): Promise<number | undefined> =>
			index < world.tree.size ? 1_800_000_000_000 + index * 60_000 : undefined;
		const anchor = world.start({url: here().urls[0]!, needs: {arrivedAtMsOf}, options: {policy, retryFirstMs: 1000, retryMaxMs: 60_000}});
		const grow = (): void => {
			for (; grownAtMs <= world.clock.nowMs(); grownAtMs += 60_000) world.tree.growTo(world.tree.size + 1);
		};
		grow();
		here().weather.forget = 1;
		if (until !== undefined) {
			anchor.anchorNow();
			for (let i = 0; world.rows()[0]?.state !== until && i < 10; i += 1) await anchor.tick(live);
		}
		here().weather.lie = () => 'cut';
		for (let hour = 0; hour < 24; hour += 1) {
			await here().mineEmpty(1, 3600);
			world.clock.advance(3_600_000);
			grow();
			await anchor.tick(live);
		}
		const planned = world.rows().length;
		here().calm();
		const size = world.tree.size;
		const since = world.clock.nowMs();
		for (let i = 0; !world.rows().some(row => row.size >= size && isOnChain(row)); i += 1) {
			if (i > 300) throw new Error(`not caught up: ${(await anchor.status()).waitingFor}`);
			if (await anchor.tick(live)) continue;
			await here().mine();
			world.clock.advance(blockS * 1000);
			grow();
		}
		const tookS = (world.clock.nowMs() - since) / 1000;
		t.is(planned, until === undefined ? 0 : 1);
		t.is(world.rows().length, anchors);
		t.true(tookS <= 600, `it took ${tookS} s`);
		t.log(`${size} readings of a day caught up with ${tookS} s of chain time after the chain was back, with ${name}: ${anchors} in all`);
		for (let i = 0; i < 20 && world.rows().some(({state}) => state !== 'final'); i += 1)
			if (!(await anchor.tick(live))) await here().mine();
		t.deepEqual(await world.judge(world.rows().map(row => row.size)), []);
		await anchor[Symbol.asyncDispose]();
	});
}
