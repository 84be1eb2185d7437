// The whole way of an anchor on a real chain, and every way in which it can be interrupted.
import test from 'ava';
import {Transaction} from 'ethers';
import type {Anchor} from '../../agent/anchor/anchor.ts';
import type {Chain} from '../../agent/anchor/chain.ts';
import {openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry} from '../../agent/anchor/deploy.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {type AnchorRow, toAnchorRecord} from '../../agent/anchor/outbox.ts';
import {acceptOperator, rotateOperator} from '../../agent/anchor/registry.ts';
import {AgentError} from '../../agent/base/errors.ts';
import type {Checkpoint} from '../../agent/format/checkpoint.ts';
import type {BlockProof} from '../../agent/format/evidence.ts';
import {type Anvil, anvilChainId, richKey, startAnvil, startProxy, type Treatment} from '../helpers/anvil.ts';
import {createTreeInMemory} from '../helpers/tree-in-memory.ts';
import {Crash, createSite, hastyClock, keyOf, live, type Site, selectorOf, type World} from './world.ts';

let anvil: Anvil;
let site: Site;

/** For tests that make many blocks: those of the others should not count for them. */
let slow: Site;

test.before(async () => {
	anvil = await startAnvil();
	site = await createSite(anvil);
	slow = await createSite(await startAnvil());
});

test.after.always(async () => {
	await anvil?.stop();
	await slow?.anvil.stop();
});

/** A site of its own, for tests that reorganise or stop the chain. */
async function ownSite(t: {teardown: (fn: () => Promise<void>) => void}, args: readonly string[] = []): Promise<Site> {
	const own = await startAnvil(args);
	t.teardown(own.stop);
	return createSite(own);
}

const allFinal = (world: World, size: number) => (): boolean =>
	world.rows().some(row => row.size === size && row.state === 'final') && world.rows().every(({state}) => state === 'final');

test('an anchor goes from planned to final, one durable step a tick', async t => {
	const world = await site.log('whole way');
	world.tree.growTo(5);
	const anchor = world.start();
	const seen: string[] = [];
	await world.settle(anchor, () => {
		const state = world.rows()[0]?.state ?? 'none';
		if (seen.at(-1) !== state) seen.push(state);
		return state === 'final';
	});
	t.deepEqual(seen, ['none', 'planned', 'signed', 'sent', 'mined', 'final']);
	t.deepEqual(await world.judge([5]), []);
	t.false(await anchor.tick(live));
	const status = await anchor.status();
	t.like(status, {
		minedSize: 5,
		finalSize: 5,
		oldestUnanchoredAgeMs: undefined,
		lastError: undefined,
		rows: {planned: 0, signed: 0, sent: 0, mined: 0, final: 1},
	});
	t.true(status.balanceWei! > 0n);
});

test('each later anchor extends the one before, and an entry is covered by the earliest', async t => {
	const world = await site.log('many sizes');
	const anchor = world.start();
	const sizes = [1, 2, 3, 7, 8, 9, 64, 100];
	for (const size of sizes) {
		world.tree.growTo(size);
		await world.settle(anchor, allFinal(world, size));
	}
	t.deepEqual(await world.judge(sizes), []);
	t.is((await anchor.covering(8))?.size, 9);
	t.is(await anchor.covering(100), undefined);
});

test('a new anchor is planned while the one before waits for its block to become final', async t => {
	const world = await site.log('overlap');
	let finality = false;
	const anchor = world.start({chain: chain => ({...chain, finalizedNumber: async () => (finality ? chain.finalizedNumber() : 0)})});
	world.tree.growTo(3);
	while (world.rows()[0]?.state !== 'mined') await anchor.tick(live);
	world.tree.growTo(4);
	while (world.rows()[1]?.state !== 'mined') await anchor.tick(live);
	t.is(world.rows()[0]?.state, 'mined');
	finality = true;
	await world.settle(anchor, allFinal(world, 4));
	t.deepEqual(await world.judge([3, 4]), []);
});

test('what is not due is not anchored until somebody asks, or time has passed', async t => {
	const world = await site.log('policy');
	world.tree.growTo(5);
	const anchor = world.start({options: {policy: {ageMsMax: 60_000, entriesMax: 100, idleMsMax: 0}}});
	t.false(await anchor.tick(live));
	t.is((await anchor.status()).oldestUnanchoredAgeMs, 0);
	anchor.anchorNow();
	await world.settle(anchor, allFinal(world, 5));
	world.tree.growTo(6);
	t.false(await anchor.tick(live));
	world.clock.advance(60_000);
	await world.settle(anchor, allFinal(world, 6));
	t.deepEqual(await world.judge([5, 6]), []);
});

/** Seals by appending one leaf, as a log appends its tally; counts how often. */
function sealing(world: World): {readonly sealCheckpoint: () => Promise<Checkpoint>; readonly times: () => number} {
	let times = 0;
	return {
		times: () => times,
		sealCheckpoint: async () => {
			times += 1;
			world.tree.growTo(world.tree.size + 1);
			return world.tree.checkpoint(world.tree.size);
		},
	};
}

test('what is anchored is what was sealed, and sealing makes nothing new', async t => {
	const world = await site.log('sealed');
	const {sealCheckpoint, times} = sealing(world);
	world.tree.growTo(5);
	const anchor = world.start({needs: {sealCheckpoint}});
	await world.settle(anchor, allFinal(world, 6));
	for (let i = 0; i < 20; i += 1) {
		world.clock.advance(3_600_000);
		await anchor.tick(live);
	}
	t.is(times(), 1);
	anchor.anchorNow();
	await anchor.tick(live);
	t.is(times(), 1, 'force does not anchor what is anchored');
	t.deepEqual(await world.judge([6]), []);
});

test('an idle log is anchored again when its newest anchor is old, once', async t => {
	const world = await site.log('idle policy');
	const {sealCheckpoint, times} = sealing(world);
	world.tree.growTo(5);
	const anchor = world.start({needs: {sealCheckpoint}, options: {policy: {ageMsMax: 60_000, entriesMax: 1, idleMsMax: 86_400_000}}});
	await world.settle(anchor, allFinal(world, 6));
	world.clock.advance(86_000_000);
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.is(times(), 1);
	world.clock.advance(400_000);
	await world.settle(anchor, allFinal(world, 7));
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.is(times(), 2);
	t.deepEqual(await world.judge([6, 7]), []);
});

test('while the chain is away nothing is sealed', async t => {
	const world = await site.log('seal without chain');
	const {sealCheckpoint, times} = sealing(world);
	world.tree.growTo(5);
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const anchor = world.start({url: proxy.url, needs: {sealCheckpoint}});
	proxy.treat = () => 'drop';
	for (let i = 0; i < 10; i += 1) await anchor.tick(live);
	t.is(times(), 0);
	t.is((await anchor.status()).lastError?.code, 'CHAIN_UNREACHABLE');
	proxy.treat = () => 'pass';
	await world.settle(anchor, allFinal(world, 6));
	t.is(times(), 1);
});

test('a sealed checkpoint that does not become a plan is not followed by another one at once', async t => {
	const world = await site.log('seal fails');
	const {sealCheckpoint, times} = sealing(world);
	world.tree.growTo(5);
	let isBroken = true;
	let mayRelease = false;
	const anchor = world.start({
		needs: {
			sealCheckpoint: async () => {
				if (!mayRelease) return undefined as unknown as Checkpoint;
				const sealed = await sealCheckpoint();
				if (isBroken) throw new Error('the side file cannot be written');
				return sealed;
			},
		},
		options: {retryMaxMs: 60_000},
	});
	t.false(await anchor.tick(live));
	t.regex((await anchor.status()).waitingFor!, /could not be released/);
	mayRelease = true;
	await t.throwsAsync(anchor.tick(live), {message: 'the side file cannot be written'});
	for (let i = 0; i < 10; i += 1) {
		world.clock.advance(1000);
		await anchor.tick(live);
	}
	t.is(times(), 1);
	isBroken = false;
	world.clock.advance(60_000);
	await world.settle(anchor, allFinal(world, 7));
	t.deepEqual(await world.judge([7]), []);
});

test('ticks never overlap', async t => {
	const world = await site.log('overlapping ticks');
	world.tree.growTo(5);
	let inside = 0;
	let most = 0;
	const anchor = world.start({
		chain: chain => ({
			...chain,
			latest: async (...asked) => {
				inside += 1;
				most = Math.max(most, inside);
				const head = await chain.latest(...asked);
				inside -= 1;
				return head;
			},
		}),
	});
	for (let i = 0; i < 20; i += 1) await Promise.all([anchor.tick(live), anchor.tick(live), anchor.tick(live)]);
	await world.settle(anchor, allFinal(world, 5));
	t.is(most, 1);
	t.deepEqual(await world.judge([5]), []);
});

test('an idle anchor asks the chain nothing', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('idle');
	world.tree.growTo(2);
	const anchor = world.start({url: proxy.url});
	await world.settle(anchor, allFinal(world, 2));
	let asked = 0;
	proxy.treat = () => {
		asked += 1;
		return 'pass';
	};
	for (let i = 0; i < 10; i += 1) await anchor.tick(live);
	t.is(asked, 0);
});

/** Runs two anchors with a crash at the n-th place where something lasting happens. Gives false once there is no n-th place. */
async function crashAt(world: World, n: number): Promise<boolean> {
	let places = 0;
	let crashed = false;
	const place = (): void => {
		places += 1;
		if (places === n) {
			crashed = true;
			throw new Crash(`at place ${n}`);
		}
	};
	const start = (): Anchor =>
		world.start({
			chain: (chain: Chain): Chain => ({
				...chain,
				broadcast: async raw => {
					// The one order that everything else leans on.
					const durable = world.rows().some(row => row.state === 'signed' && row.attempts.at(-1)?.raw === raw);
					if (!durable) throw new Error('bytes were broadcast before they were durable');
					place();
					const answer = await chain.broadcast(raw);
					place();
					return answer;
				},
			}),
			needs: {
				store: {
					load: async () => world.rows(),
					save: async (row: AnchorRow) => {
						place(); // failed and not done
						world.stored.set(`${row.logId} ${row.size}`, JSON.stringify(row));
						place(); // failed but done
					},
					replace: async () => {
						throw new Error('nothing waits here');
					},
				},
			},
		});
	let anchor = start();
	for (const size of [5, 13]) {
		world.tree.growTo(size);
		for (let i = 0; !allFinal(world, size)(); i += 1) {
			if (i > 100) throw new Error('not settled');
			try {
				if (!(await anchor.tick(live))) await world.anvil.mine(1);
			} catch (error) {
				if (!(error instanceof Crash)) throw error;
				anchor = start();
			}
		}
	}
	return crashed;
}

test('a crash at any edge neither loses an anchor nor doubles it', async t => {
	let n = 1;
	for (; ; n += 1) {
		const world = await site.log(`crash ${n}`);
		const crashed = await crashAt(world, n);
		t.deepEqual(await world.judge([5, 13]), [], `crash at place ${n}`);
		if (!crashed) break;
	}
	// Five writes and one broadcast for each of two anchors, before and after.
	t.is(n - 1, 24);
});

test('a store that fails without a crash is read again, whether it wrote or not', async t => {
	for (const wrote of [false, true]) {
		for (let n = 1; n <= 5; n += 1) {
			const world = await site.log(`store ${wrote} ${n}`);
			world.tree.growTo(5);
			let saves = 0;
			const anchor = world.start({
				needs: {
					store: {
						load: async () => world.rows(),
						save: async row => {
							saves += 1;
							if (saves !== n || wrote) world.stored.set(String(row.size), JSON.stringify(row));
							if (saves === n) throw new AgentError('LOG_COMMIT_FAILED', 'the disk said no');
						},
						replace: async () => {
							throw new Error('nothing waits here');
						},
					},
				},
			});
			let failed = 0;
			await world.settle(
				{
					...anchor,
					tick: signal =>
						anchor.tick(signal).catch((error: unknown) => {
							if (!(error instanceof AgentError) || error.code !== 'LOG_COMMIT_FAILED') throw error;
							failed += 1;
							return true;
						}),
				},
				allFinal(world, 5),
			);
			t.is(failed, 1);
			t.deepEqual(await world.judge([5]), []);
		}
	}
});

for (const fault of ['drop', 'swallow'] as const) {
	test(`any one request whose ${fault === 'drop' ? 'way to' : 'answer from'} the node is lost changes nothing in the end`, async t => {
		const proxy = await startProxy(anvil.url);
		t.teardown(proxy.stop);
		let n = 1;
		for (let hit = true; hit; n += 1) {
			const world = await site.log(`${fault} ${n}`);
			world.tree.growTo(5);
			let asked = 0;
			hit = false;
			proxy.treat = (): Treatment => {
				asked += 1;
				if (asked !== n) return 'pass';
				hit = true;
				return fault;
			};
			const anchor = world.start({url: proxy.url});
			await world.settle(anchor, allFinal(world, 5));
			t.deepEqual(await world.judge([5]), [], `request ${n}`);
		}
		t.true(n > 15, `only ${n} requests were seen`);
	});
}

test('a broadcast that the node took but did not answer in time is sent again, and mined once', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('timed out');
	world.tree.growTo(5);
	let broadcasts = 0;
	proxy.treat = method => {
		if (method !== 'eth_sendRawTransaction') return 'pass';
		broadcasts += 1;
		return broadcasts <= 2 ? 'swallow' : 'pass';
	};
	const anchor = world.start({url: proxy.url});
	await world.settle(anchor, allFinal(world, 5));
	t.is(broadcasts, 3);
	t.deepEqual(await world.judge([5]), []);
});

/** Stops the chain from mining by itself. Only for a site of one's own. */
async function holdMining(chain: Anvil): Promise<void> {
	await chain.rpc('evm_setAutomine', false);
}

async function tickUntil(anchor: Anchor, world: World, state: AnchorRow['state'], ticks = 20): Promise<void> {
	for (let i = 0; i < ticks && world.rows().at(-1)?.state !== state; i += 1) await anchor.tick(live);
}

/** Puts the outbox back to what it was, as if the process had died before it wrote on. */
function rewind(world: World, state: AnchorRow['state']): void {
	for (const row of world.rows()) {
		const {mined: _, ...rest} = row;
		world.stored.set(`${row.logId} ${row.size}`, JSON.stringify({...rest, state}));
	}
}

test('bytes that the pool has, or that are mined, are taken as sent', async t => {
	const own = await ownSite(t);
	for (const mined of [false, true]) {
		const world = await own.log(`known ${mined}`);
		world.tree.growTo(5);
		await holdMining(world.anvil);
		await tickUntil(world.start(), world, 'sent');
		if (mined) await world.anvil.mine(1);
		rewind(world, 'signed');
		const anchor = world.start();
		t.true(await anchor.tick(live));
		t.is(world.rows()[0]?.state, 'sent');
		t.is((await anchor.status()).lastError, undefined);
		await world.anvil.rpc('evm_setAutomine', true);
		await world.settle(anchor, allFinal(world, 5));
		t.deepEqual(await world.judge([5]), []);
	}
});

test('a transaction that the pool forgot is broadcast again after a while', async t => {
	const {anvil: own, log} = await ownSite(t);
	const world = await log('forgotten');
	world.tree.growTo(5);
	const anchor = world.start();
	await holdMining(own);
	await tickUntil(anchor, world, 'sent');
	await own.rpc('anvil_dropTransaction', world.rows()[0]!.attempts[0]!.transactionHash);
	await own.rpc('evm_setAutomine', true);
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.is(world.rows()[0]?.state, 'sent');
	world.clock.advance(30_000);
	await anchor.tick(live);
	await tickUntil(anchor, world, 'mined');
	await world.settle(anchor, allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

test('a nonce that another transaction took is seen, and the size is anchored with the next one', async t => {
	const {anvil: own, log} = await ownSite(t);
	const world = await log('nonce taken');
	world.tree.growTo(5);
	const anchor = world.start();
	await holdMining(own);
	await tickUntil(anchor, world, 'sent');
	const {nonce, transactionHash} = world.rows()[0]!.attempts[0]!;
	await own.rpc('anvil_dropTransaction', transactionHash);
	const raw = await world.signer.signTransaction({
		chainId: anvilChainId,
		nonce,
		to: world.signer.address,
		data: '0x',
		value: 1n,
		gasLimit: 21_000n,
		type: 'dynamic',
		maxFeePerGas: 10n ** 10n,
		maxPriorityFeePerGas: 1n,
	});
	await own.rpc('eth_sendRawTransaction', raw);
	await own.rpc('evm_setAutomine', true);
	await own.mine(1);
	await world.settle(anchor, () => world.rows()[0]!.attempts.length === 2);
	await world.settle(anchor, allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

for (const depth of [1, 4, 12]) {
	test(`a reorganisation of ${depth} blocks takes anchors back to sent, and they are mined again`, async t => {
		const {anvil: own, log} = await ownSite(t);
		const world = await log('reorg');
		// Finality far away, so that nothing becomes final before the chain changes its mind.
		const early = (chain: Chain): Chain => ({...chain, finalizedNumber: async () => 0});
		const anchor = world.start({chain: early});
		world.tree.growTo(5);
		await tickUntil(anchor, world, 'mined');
		world.tree.growTo(9);
		await anchor.tick(live);
		await tickUntil(anchor, world, 'mined');
		t.deepEqual(
			world.rows().map(({state}) => state),
			['mined', 'mined'],
		);
		if (depth > 2) await own.mine(depth - 2);
		await own.rpc('anvil_reorg', depth, []);
		const seen = new Set<string>();
		for (let i = 0; i < 4; i += 1) {
			await anchor.tick(live);
			for (const row of world.rows()) seen.add(`${row.size} ${row.state}`);
		}
		t.true(seen.has('9 sent'));
		t.is(seen.has('5 sent'), depth > 1);
		await anchor[Symbol.asyncDispose]();
		// A restart in the middle of it knows as much.
		await world.settle(world.start(), allFinal(world, 9));
		t.deepEqual(await world.judge([5, 9]), []);
		t.true(world.rows().every(row => row.attempts.length === 0));
	});
}

test('an anchor that ran out of gas on the chain is signed anew, and counted once', async t => {
	const world = await site.log('out of gas');
	world.tree.growTo(5);
	let estimates = 0;
	const anchor = world.start({
		chain: chain => ({
			...chain,
			estimate: async call => {
				estimates += 1;
				return estimates === 1 ? {gas: 28_000n} : chain.estimate(call);
			},
		}),
	});
	await world.settle(anchor, () => (world.rows()[0]?.attempts.length ?? 0) === 2);
	await world.settle(anchor, allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

test('an anchor that reverts each time is refused in the end, with what to look at', async t => {
	const world = await site.log('reverts');
	world.tree.growTo(5);
	const anchor = world.start({chain: chain => ({...chain, estimate: async () => ({gas: 28_000n})})});
	const error = await t.throwsAsync(
		world.settle(anchor, () => false),
		{code: 'ANCHOR_REFUSED'},
	);
	t.regex(error!.message, /size 5 .* 4 transactions/);
	t.is(world.rows()[0]?.attempts.length, 4);
});

test('a head that is anchored already is found on the chain, not anchored again', async t => {
	const world = await site.log('adopted');
	world.tree.growTo(5);
	const anchor = world.start();
	await tickUntil(anchor, world, 'planned');
	const planned = [...world.stored];
	await world.settle(anchor, allFinal(world, 5));
	world.stored.clear();
	for (const [key, text] of planned) world.stored.set(key, text);
	await world.anvil.mine(20);
	await world.settle(world.start(), allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

test('an unreachable chain stops nothing but anchoring, and says so', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('unreachable');
	world.tree.growTo(5);
	const anchor = world.start({url: proxy.url, options: {retryFirstMs: 1000, retryMaxMs: 8000}});
	const treatments: readonly (readonly [treatment: Treatment, says: RegExp, code: string])[] = [
		['drop', /did not answer/, 'CHAIN_UNREACHABLE'],
		[{status: 500, body: 'oops'}, /HTTP 500/, 'CHAIN_UNREACHABLE'],
		[{status: 429, body: 'slow down'}, /HTTP 429/, 'CHAIN_UNREACHABLE'],
		[{status: 302, body: '', headers: {location: anvil.url}}, /did not answer/, 'CHAIN_UNREACHABLE'],
		[{status: 200, body: 'not json'}, /did not answer/, 'CHAIN_UNREACHABLE'],
		[{result: 'nonsense'}, /not an answer/, 'CHAIN_UNREACHABLE'],
		[{result: null}, /not an answer/, 'CHAIN_UNREACHABLE'],
		[{error: {code: -32005, message: 'daily limit reached'}}, /daily limit reached \(-32005\)/, 'CHAIN_REFUSED'],
	];
	let asked = 0;
	for (const [treatment, says, code] of treatments) {
		proxy.treat = () => {
			asked += 1;
			return treatment;
		};
		t.false(await anchor.tick(live));
		const {lastError} = await anchor.status();
		t.is(lastError?.code, code as never);
		t.regex(lastError!.sentence, says);
		const before = asked;
		t.false(await anchor.tick(live));
		t.is(asked, before, 'the chain is left alone for a while');
		world.clock.advance(8000);
	}
	t.deepEqual(world.rows(), [], 'nothing is planned while the chain is away');
	world.tree.growTo(9);
	proxy.treat = () => 'pass';
	await world.settle(anchor, allFinal(world, 9));
	t.is((await anchor.status()).lastError, undefined);
	t.deepEqual(await world.judge([9]), [], 'one anchor catches up');
});

test('an agent whose clock is far off, either way, anchors all the same, each size once', async t => {
	const world = await site.log('wrong clock');
	// As a Pi that starts in 1970, is set to the time, is set a year ahead by a wrong server, and back; what waits goes by the monotonic clock, what was paid by the chain's.
	let wallMs = 1000;
	const clock = {...world.clock, nowMs: () => wallMs};
	const policy = {ageMsMax: 60_000, entriesMax: 1_000_000, idleMsMax: 0};
	const anchor = world.start({
		needs: {clock, arrivedAtMsOf: async index => (index < world.tree.size ? wallMs : undefined)},
		options: {policy, fees: {feeWeiMax: 100n * 10n ** 9n, budgetWeiPerDay: 10n ** 18n}},
	});
	const sizes: number[] = [];
	for (const [i, ms] of [1000, 1_800_000_000_000, 1_831_536_000_000, 1_800_000_100_000].entries()) {
		wallMs = ms;
		world.tree.growTo((i + 1) * 3);
		await world.settle(anchor, allFinal(world, (i + 1) * 3), 400);
		sizes.push((i + 1) * 3);
	}
	t.deepEqual(await world.judge(sizes), []);
	t.is((await anchor.status()).lastError, undefined);
});

test('a node that never answers is given up after a while', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('silent');
	proxy.treat = () => 'hang';
	const anchor = world.start({url: proxy.url, timeoutMs: 100});
	t.false(await anchor.tick(live));
	t.regex((await anchor.status()).lastError!.sentence, /no answer within 0\.1 s/);
});

test('closing does not wait for a node that does not answer', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('closing');
	world.tree.growTo(5);
	const asked = new Promise<void>(resolve => {
		proxy.treat = () => {
			resolve();
			return 'hang';
		};
	});
	const anchor = world.start({url: proxy.url, timeoutMs: 60_000});
	const ticking = anchor.tick(live);
	await asked;
	await anchor[Symbol.asyncDispose]();
	t.false(await ticking);
});

/** What the chain says instead of the truth, and what then must be said. Nothing may be signed. */
const lies: readonly (readonly [
	name: string,
	treat: (method: string, params: readonly unknown[], world: World) => Treatment,
	code: string,
	says: RegExp,
])[] = [
	['another chain id', method => (method === 'eth_chainId' ? {result: '0x1'} : 'pass'), 'CHAIN_MISMATCH', /chain 1, not for chain 31337/],
	['no code at the registry', method => (method === 'eth_getCode' ? {result: '0x'} : 'pass'), 'CHAIN_MISMATCH', /no contract at/],
	[
		'a contract that is no registry',
		method => (method === 'eth_call' ? {result: '0x'} : 'pass'),
		'CHAIN_MISMATCH',
		/not an AnchorRegistry/,
	],
	[
		'a contract that reverts',
		method => (method === 'eth_call' ? {error: {code: 3, message: 'execution reverted', data: '0x'}} : 'pass'),
		'CHAIN_MISMATCH',
		/not an AnchorRegistry/,
	],
	[
		'a newest head that we never anchored',
		(method, params) => (method === 'eth_call' && isLatest(params) ? {result: headOf(99, '77')} : 'pass'),
		'ANCHOR_REFUSED',
		/holds size 99 .* never anchored \(its newest is 0\)/,
	],
];

const isLatest = (params: readonly unknown[]): boolean => (params[0] as {data: string}).data.startsWith(latestSelector);
const latestSelector = selectorOf('latest(bytes32)');
const headOf = (size: number, root: string): string => `0x${size.toString(16).padStart(64, '0')}${'1'.padStart(64, '0')}${root.repeat(32)}`;

for (const [name, treat, code, says] of lies) {
	test(`a node that shows ${name} stops anchoring before anything is planned or signed`, async t => {
		const proxy = await startProxy(anvil.url);
		t.teardown(proxy.stop);
		const world = await site.log(`lie ${name}`);
		world.tree.growTo(5);
		proxy.treat = (method, params) => treat(method, params, world);
		const anchor = world.start({url: proxy.url});
		const error = await t.throwsAsync(anchor.tick(live), {code});
		t.regex(error!.message, says);
		t.is((await anchor.status()).lastError?.code, code as never);
		t.deepEqual(world.rows(), []);
		// The truth is believed again: nothing has to be restarted by hand.
		proxy.treat = () => 'pass';
		await world.settle(anchor, allFinal(world, 5));
		t.deepEqual(await world.judge([5]), []);
	});
}

test('a node that shows another root for our size stops anchoring', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('forged root');
	world.tree.growTo(5);
	const anchor = world.start({url: proxy.url});
	await world.settle(anchor, allFinal(world, 5));
	world.tree.growTo(9);
	proxy.treat = (method, params) => (method === 'eth_call' && isLatest(params) ? {result: headOf(5, '66')} : 'pass');
	const error = await t.throwsAsync(anchor.tick(live), {code: 'ANCHOR_REFUSED'});
	t.regex(error!.message, /another root for size 5/);
	t.is(world.rows().length, 1);
});

test('a node whose registry lags behind our own anchor is waited for', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('stale');
	const anchor = world.start({url: proxy.url});
	for (const size of [5, 9]) {
		world.tree.growTo(size);
		await world.settle(anchor, allFinal(world, size));
	}
	world.tree.growTo(12);
	const old = headOf(5, 'xx').replace(/x+$/, world.rows()[0]!.root.slice(2));
	proxy.treat = (method, params) => (method === 'eth_call' && isLatest(params) ? {result: old} : 'pass');
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.regex((await anchor.status()).lastError!.sentence, /node is behind/);
	t.deepEqual(world.rows().at(-1)?.attempts, []);
	proxy.treat = () => 'pass';
	await world.settle(anchor, allFinal(world, 12));
	t.deepEqual(await world.judge([5, 9, 12]), []);
});

test('a node that calls a transaction successful without the event is not believed', async t => {
	const proxy = await startProxy(anvil.url);
	t.teardown(proxy.stop);
	const world = await site.log('no event');
	world.tree.growTo(5);
	const anchor = world.start({url: proxy.url});
	await tickUntil(anchor, world, 'sent');
	const {transactionHash} = world.rows()[0]!.attempts[0]!;
	const truth = await anvil.rpc<object>('eth_getTransactionReceipt', transactionHash);
	proxy.treat = method => (method === 'eth_getTransactionReceipt' ? {result: {...truth, logs: []}} : 'pass');
	await t.throwsAsync(anchor.tick(live), {code: 'CHAIN_MISMATCH', message: /recorded no anchor/});
	t.is(world.rows()[0]?.state, 'sent');
	proxy.treat = () => 'pass';
	await world.settle(anchor, allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

test('a registry where the log was never opened, or another address, is a mismatch', async t => {
	const world = await site.log('not opened');
	world.tree.growTo(5);
	await t.throwsAsync(world.start({options: {origin: 'never-opened/1'}}).tick(live), {code: 'CHAIN_MISMATCH', message: /was never opened/});
	const nowhere = `0x${'9'.repeat(40)}`;
	await t.throwsAsync(world.start({options: {registry: nowhere}}).tick(live), {code: 'CHAIN_MISMATCH', message: /no contract at 0x9/});
});

test('a fork of what is anchored is refused before it costs anything', async t => {
	const world = await site.log('fork');
	world.tree.growTo(5);
	await world.settle(world.start(), allFinal(world, 5));
	const fork = createTreeInMemory(world.tree.origin, {from: 3, name: 'fork'});
	fork.growTo(9);
	const balance = await anvil.rpc('eth_getBalance', world.signer.address, 'latest');
	const anchor = world.start({
		needs: {
			newestCheckpoint: async () => fork.checkpoint(9),
			consistencyProof: async (first, second) => fork.consistencyProof(first, second),
			arrivedAtMsOf: async () => 0,
		},
	});
	t.true(await anchor.tick(live));
	const error = await t.throwsAsync(anchor.tick(live), {code: 'ANCHOR_REFUSED'});
	t.regex(error!.message, /refuses size 9 .*NotConsistent\(/);
	t.is(await anvil.rpc('eth_getBalance', world.signer.address, 'latest'), balance);
	t.like(world.rows().at(-1), {size: 9, state: 'planned', attempts: []});
});

test('an agent whose outbox was lost, or a copy of it that runs beside, is refused', async t => {
	const world = await site.log('clone');
	world.tree.growTo(5);
	const anchor = world.start();
	await world.settle(anchor, allFinal(world, 5));
	const copy = new Map(world.stored);
	world.tree.growTo(9);
	await world.settle(anchor, allFinal(world, 9));
	world.stored.clear();
	await t.throwsAsync(world.start().tick(live), {code: 'ANCHOR_REFUSED', message: /size 9 .* never anchored \(its newest is 0\)/});
	for (const [key, text] of copy) world.stored.set(key, text);
	await t.throwsAsync(world.start().tick(live), {code: 'ANCHOR_REFUSED', message: /size 9 .* never anchored \(its newest is 5\)/});
});

test('a chain that was reset is not taken for the old one', async t => {
	const world = await site.log('reset');
	world.tree.growTo(5);
	await world.settle(world.start(), allFinal(world, 5));
	const fresh = await startAnvil();
	t.teardown(fresh.stop);
	const {registry} = await deployRegistry(
		{chain: openChain({url: fresh.url, chainId: anvilChainId}), clock: hastyClock, signer: signerFromKey(richKey)},
		{challengeTimeS: 0},
	);
	t.is(registry, world.registry, 'the address alone tells nothing');
	await t.throwsAsync(world.start({url: fresh.url}).tick(live), {code: 'CHAIN_MISMATCH', message: /was never opened/});
	// Even with the log opened again, the block of the final anchor is another one.
	const forged = world.start({url: fresh.url, chain: chain => ({...chain, operatorOf: async () => world.signer.address})});
	t.false(await forged.tick(live));
	t.regex((await forged.status()).lastError!.sentence, /node is behind/);
	await fresh.mine(world.rows()[0]!.mined!.blockNumber + 1);
	await t.throwsAsync(forged.tick(live), {code: 'CHAIN_MISMATCH', message: /holds our final anchor/});
});

test('above the fee ceiling and without funds the anchor waits and says for what', async t => {
	const {anvil: own, log} = await ownSite(t);
	const world = await log('fees');
	world.tree.growTo(5);
	const anchor = world.start({options: {fees: {feeWeiMax: 5n * 10n ** 9n}}});
	await own.rpc('anvil_setNextBlockBaseFeePerGas', '0x174876e800');
	await own.mine(1);
	for (let i = 0; i < 3; i += 1) await anchor.tick(live);
	t.regex((await anchor.status()).waitingFor!, /ceiling is 5 Gwei: size 5 waits/);
	await own.rpc('anvil_setNextBlockBaseFeePerGas', '0x77359400');
	await own.mine(1);
	const balance = await own.rpc('eth_getBalance', world.signer.address, 'latest');
	await own.rpc('anvil_setBalance', world.signer.address, '0x1');
	for (let i = 0; i < 3; i += 1) await anchor.tick(live);
	t.regex((await anchor.status()).waitingFor!, /holds 0\.000000000000000001 of the coin.*send it funds/);
	t.like(world.rows()[0], {state: 'planned', attempts: []});
	await own.rpc('anvil_setBalance', world.signer.address, balance);
	await tickUntil(anchor, world, 'signed');
	const {raw} = world.rows()[0]!.attempts[0]!;
	t.true(raw.startsWith('0x02'));
	await world.settle(anchor, allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
	t.is((await anchor.status()).waitingFor, undefined);
});

test('a signer that signs something else is not followed', async t => {
	const world = await site.log('false signer');
	world.tree.growTo(5);
	const {signer} = world;
	const anchor = world.start({
		needs: {signer: {address: signer.address, signTransaction: asked => signer.signTransaction({...asked, value: 1n})}},
	});
	t.true(await anchor.tick(live));
	await t.throwsAsync(anchor.tick(live), {code: 'KEY_INVALID', message: /another transaction than it was asked/});
	t.deepEqual(world.rows()[0]?.attempts, []);
});

test('the record of a final anchor is what the chain confirms', async t => {
	const world = await site.log('record');
	world.tree.growTo(5);
	const anchor = world.start();
	await world.settle(anchor, allFinal(world, 5));
	const record = toAnchorRecord((await anchor.covering(0))!)!;
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	t.like(await chain.readAnchor(record, world.tree.root(5)), {found: 'final'});
});

/** Transactions that were signed for the row, oldest first, as the chain would read them. */
const transactionsOf = (row: AnchorRow): readonly Transaction[] => row.attempts.map(({raw}) => Transaction.from(raw));

/** Ticks with time and blocks going on, but nothing included. */
async function wait(anchor: Anchor, world: World, ms: number): Promise<void> {
	for (let passed = 0; passed < ms; passed += 12_000) {
		await anchor.tick(live);
		world.clock.advance(12_000);
		await world.anvil.mine(1);
	}
}

/** Keeps transactions from every block without keeping blocks from being made, and counts what nodes were given. */
function hold(chain: Chain, given: string[]): Chain {
	return {
		...chain,
		broadcast: async raw => {
			given.push(raw);
			return 'accepted';
		},
	};
}

test('what is not mined is replaced by the same transaction at a price that is an eighth higher, and any of them may be the one that is mined', async t => {
	const own = slow.anvil;
	for (const mined of [0, 1, 2]) {
		const world = await slow.log(`replaced ${mined}`);
		world.tree.growTo(5);
		const given: string[] = [];
		const anchor = world.start({chain: chain => hold(chain, given)});
		for (let i = 0; (world.rows()[0]?.attempts.length ?? 0) < 3; i += 1) {
			if (i > 40) throw new Error('not replaced');
			const before = world.rows()[0]?.attempts.length ?? 0;
			await wait(anchor, world, 12_000);
			const row = world.rows()[0];
			if ((row?.attempts.length ?? 0) > before && before > 0) t.is(row!.state, 'signed', 'durable before it is sent');
		}
		await anchor.tick(live);
		const [first, second, third] = transactionsOf(world.rows()[0]!);
		for (const [older, newer] of [
			[first!, second!],
			[second!, third!],
		] as const) {
			t.is(newer.nonce, older.nonce);
			t.is(newer.data, older.data);
			t.is(newer.gasLimit, older.gasLimit);
			t.true(newer.maxFeePerGas! * 8n >= older.maxFeePerGas! * 9n);
			t.true(newer.maxPriorityFeePerGas! * 8n >= older.maxPriorityFeePerGas! * 9n);
		}
		t.is(given.at(-1), world.rows()[0]!.attempts[2]!.raw, 'the newest is sent');
		await own.rpc('eth_sendRawTransaction', world.rows()[0]!.attempts[mined]!.raw);
		await own.mine(1);
		// A start in the middle of it knows as much.
		await world.settle(world.start(), allFinal(world, 5));
		t.deepEqual(await world.judge([5]), []);
	}
});

test('replacements stop at the ceiling, and what is in flight is sent again', async t => {
	const own = slow.anvil;
	const world = await slow.log('replaced up to the ceiling');
	world.tree.growTo(5);
	const given: string[] = [];
	const fees = {feeWeiMax: 6n * 10n ** 9n};
	const anchor = world.start({chain: chain => hold({...chain, fees: async () => gas(2n)}, given), options: {fees}});
	await wait(anchor, world, 600_000);
	const row = world.rows()[0]!;
	const caps = transactionsOf(row).map(({maxFeePerGas}) => maxFeePerGas!);
	t.true(caps.at(-1)! <= fees.feeWeiMax && caps.at(-1)! * 9n > fees.feeWeiMax * 8n, String(caps));
	t.regex(
		(await anchor.status()).waitingFor!,
		/not in a block yet: size 5 stays in flight as it is, and is sent again: gas costs .* the ceiling is 6 Gwei/,
	);
	const before = given.length;
	await wait(anchor, world, 120_000);
	t.true(given.length >= before + 3);
	t.true(given.slice(before).every(raw => raw === row.attempts.at(-1)!.raw));
	await own.rpc('eth_sendRawTransaction', row.attempts.at(-1)!.raw);
	await own.mine(1);
	await world.settle(anchor, allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

const gas = (gwei: bigint) => ({kind: 'dynamic', baseFeeWei: gwei * 10n ** 9n, tipWei: 10n ** 9n}) as const;

test('a plan that waits for a price takes in what comes meanwhile, and one anchor covers it', async t => {
	const world = await site.log('rolled on');
	const {sealCheckpoint, times} = sealing(world);
	world.tree.growTo(5);
	let gwei = 200n;
	const policy = {ageMsMax: 3_600_000, entriesMax: 100, idleMsMax: 0};
	const anchor = world.start({chain: chain => ({...chain, fees: async () => gas(gwei)}), needs: {sealCheckpoint}, options: {policy}});
	anchor.anchorNow();
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.regex((await anchor.status()).waitingFor!, /^gas costs 200 Gwei now, and the ceiling is 100 Gwei: size 6 waits$/);
	world.tree.growTo(105);
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.is(times(), 1, 'not before the policy wants it');
	world.tree.growTo(106);
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.is(times(), 2);
	t.regex((await anchor.status()).waitingFor!, /size 107 waits; newer entries were rolled into it since it was size 6$/);
	world.tree.growTo(108);
	world.clock.advance(3_600_000);
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.deepEqual(
		world.rows().map(({size, state, attempts}) => [size, state, attempts.length]),
		[[109, 'planned', 0]],
	);
	gwei = 1n;
	await world.settle(anchor, allFinal(world, 109));
	t.deepEqual(await world.judge([109]), []);
	t.is(times(), 3);
});

test('a plan that was signed once is never rolled on', async t => {
	const own = slow.anvil;
	const world = await slow.log('not rolled on');
	world.tree.growTo(5);
	const anchor = world.start({chain: chain => hold(chain, [])});
	await tickUntil(anchor, world, 'sent');
	world.tree.growTo(9);
	await wait(anchor, world, 60_000);
	t.deepEqual(
		world.rows().map(({size}) => size),
		[5],
	);
	await own.rpc('eth_sendRawTransaction', world.rows()[0]!.attempts.at(-1)!.raw);
	await world.settle(world.start(), allFinal(world, 9));
	t.deepEqual(await world.judge([5, 9]), []);
});

test('a transaction that failed was paid for, and the row says how much', async t => {
	const world = await site.log('paid for nothing');
	world.tree.growTo(5);
	let estimates = 0;
	const budgetWeiPerDay = 10n ** 17n;
	const anchor = world.start({
		chain: chain => ({
			...chain,
			estimate: async call => {
				estimates += 1;
				return estimates === 1 ? {gas: 28_000n} : chain.estimate(call);
			},
		}),
		options: {fees: {feeWeiMax: 100n * 10n ** 9n, budgetWeiPerDay}},
	});
	const before = BigInt(await anvil.rpc<string>('eth_getBalance', world.signer.address, 'latest'));
	await world.settle(anchor, allFinal(world, 5));
	const row = world.rows()[0]!;
	const paidWei = before - BigInt(await anvil.rpc<string>('eth_getBalance', world.signer.address, 'latest'));
	t.is(row.spent?.length, 1);
	t.is(BigInt(row.mined!.costWei!) + BigInt(row.spent![0]!.costWei), paidWei);
	t.is(row.spent![0]!.assumed, undefined);
	const status = await anchor.status();
	t.is(status.spentWeiLastDay, paidWei);
	t.is(status.costWeiRecent, paidWei);
	t.is(status.budgetWeiPerDay, budgetWeiPerDay);
	t.true(status.runwayDays! > 1);
});

test('with the budget of a day used up the anchor waits until a day of the chain has passed', async t => {
	const {anvil: own, log} = await ownSite(t);
	const world = await log('budget');
	// One anchor at the usual price, and less than a second one beside it.
	const fees = {feeWeiMax: 100n * 10n ** 9n, budgetWeiPerDay: 170_000n * 10n ** 9n};
	const anchor = world.start({chain: chain => ({...chain, fees: async () => gas(1n)}), options: {fees}});
	world.tree.growTo(5);
	await world.settle(anchor, allFinal(world, 5));
	const {blockTime} = world.rows()[0]!.mined!;
	world.tree.growTo(9);
	// Whatever the agent's own clock says, in both directions.
	for (const ms of [-1_800_000_000_000, 3_600_000_000_000]) {
		world.clock.advance(ms);
		for (let i = 0; i < 5; i += 1) await anchor.tick(live);
		t.regex((await anchor.status()).waitingFor!, /of the day's budget of 0\.00017 are left: size 9 waits/);
	}
	await own.rpc('evm_setNextBlockTimestamp', `0x${(blockTime + 86_400).toString(16)}`);
	await own.mine(3);
	for (let i = 0; i < 5; i += 1) await anchor.tick(live);
	t.is(world.rows().at(-1)?.state, 'planned', 'not while a window of 24 hours holds both');
	await own.rpc('evm_setNextBlockTimestamp', `0x${(blockTime + 86_401).toString(16)}`);
	await own.mine(3);
	await world.settle(anchor, allFinal(world, 9));
	t.deepEqual(await world.judge([5, 9]), []);
});

test('another chain, another contract or another key stops anchoring, with the plan intact', async t => {
	const world = await site.log('pinned');
	world.tree.growTo(5);
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	const pins = {genesisHash: await chain.genesisHash(), codeHash: (await chain.codeHash(world.registry))!};
	const other = `0x${'12'.repeat(32)}`;
	await tickUntil(world.start({options: {pins}}), world, 'planned');
	const planned = world.rows();
	for (const [wrong, says] of [
		[{...pins, genesisHash: other}, /begins with block 0x[0-9a-f]{64}, but 0x1212/],
		[{...pins, codeHash: other}, /code has the hash 0x[0-9a-f]{64}, but 0x1212/],
	] as const) {
		const error = await t.throwsAsync(world.start({options: {pins: wrong}}).tick(live), {code: 'CHAIN_MISMATCH', message: says});
		t.truthy((error as AgentError).hint);
		t.deepEqual(world.rows(), planned);
	}
	const signer = signerFromKey(`0x${'77'.repeat(32)}`);
	const stranger = world.start({needs: {signer}, options: {opener: world.signer.address}});
	await t.throwsAsync(stranger.tick(live), {code: 'CHAIN_MISMATCH', message: /belongs to 0x[0-9a-f]{40}, not to 0x[0-9a-f]{40}/});
	t.deepEqual(world.rows(), planned);
	await world.settle(world.start({options: {pins}}), allFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

test('after a rotation of the key the log keeps its id, and what the old key left open is signed anew', async t => {
	const world = await site.log('rotated');
	const before = world.start();
	world.tree.growTo(5);
	await world.settle(before, allFinal(world, 5));
	world.tree.growTo(9);
	await tickUntil(world.start({chain: one => hold(one, [])}), world, 'sent');
	const signer = signerFromKey(`0x${'88'.repeat(32)}`);
	await anvil.rpc('anvil_setBalance', signer.address, '0xde0b6b3a7640000');
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	const place = {registry: world.registry, logId: world.logId};
	await rotateOperator({chain, clock: hastyClock, signer: world.signer}, {...place, to: signer.address});
	await acceptOperator({chain, clock: hastyClock, signer}, place);
	const anchor = world.start({needs: {signer}, options: {opener: world.signer.address}});
	await world.settle(anchor, allFinal(world, 9));
	world.tree.growTo(12);
	await world.settle(anchor, allFinal(world, 12));
	t.deepEqual(await world.judge([5, 9, 12]), []);
	t.true(world.rows().every(({opener}) => opener === world.signer.address));
});

test('a proof is stored with a final anchor, and never stands in its way', async t => {
	const proof = {header: Uint8Array.of(1, 2), transactionIndex: 3, nodes: [Uint8Array.of(4), Uint8Array.of(5, 6)]};
	const world = await site.log('proof');
	let asked = 0;
	let answer: () => BlockProof | {problem: string} = () => {
		throw new AgentError('CHAIN_UNREACHABLE', 'the node is away');
	};
	const proofOf = async (): Promise<BlockProof | {problem: string}> => {
		asked += 1;
		return answer();
	};
	const anchor = world.start({needs: {proofOf}, options: {retryMaxMs: 60_000}});
	const idle = async (): Promise<void> => {
		for (let i = 0; i < 10; i += 1) {
			world.clock.advance(60_000);
			await anchor.tick(live);
		}
	};
	world.tree.growTo(5);
	await world.settle(anchor, allFinal(world, 5));
	t.like(world.rows()[0], {proofProblem: 'the node is away', proofTries: 1});
	await idle();
	t.like(world.rows()[0], {state: 'final', proofTries: 3});
	t.is(asked, 3);
	t.is(toAnchorRecord(world.rows()[0]!)!.proof, undefined);
	answer = () => ({problem: 'its header is not of Ethereum'});
	world.tree.growTo(9);
	await world.settle(anchor, allFinal(world, 9));
	t.is(world.rows()[1]!.proofProblem, 'its header is not of Ethereum');
	answer = () => proof;
	await idle();
	t.deepEqual(toAnchorRecord(world.rows()[1]!)!.proof, proof);
	t.is(world.rows()[1]!.proofProblem, undefined);
	world.tree.growTo(12);
	await world.settle(anchor, allFinal(world, 12));
	t.deepEqual(toAnchorRecord(world.rows()[2]!)!.proof, proof);
	t.is(asked, 6);
	t.deepEqual(await world.judge([5, 9, 12]), []);
});

test('rows of an agent that knew neither costs nor replacements go on from every state', async t => {
	const fees = {feeWeiMax: 100n * 10n ** 9n, budgetWeiPerDay: 10n ** 17n};
	for (const state of ['planned', 'signed', 'sent', 'mined', 'final'] as const) {
		const world = await site.log(`old rows ${state}`);
		world.tree.growTo(5);
		await tickUntil(world.start(), world, state);
		if (state === 'final') await world.settle(world.start(), allFinal(world, 5));
		for (const row of world.rows()) {
			t.is(row.state, state);
			const {costWei: _, ...mined} = row.mined ?? {};
			const old = row.mined === undefined ? row : {...row, mined};
			t.deepEqual(
				Object.keys(old).sort(),
				[
					'attempts',
					'chainId',
					'logId',
					'note',
					'opener',
					'origin',
					'plannedAtMs',
					'registry',
					'root',
					'size',
					'state',
					...(row.mined === undefined ? [] : ['mined']),
				].sort(),
			);
			for (const attempt of row.attempts) t.deepEqual(Object.keys(attempt), ['nonce', 'transactionHash', 'raw', 'from']);
			world.stored.set(keyOf(row), JSON.stringify(old));
		}
		const anchor = world.start({options: {fees}});
		await world.settle(anchor, allFinal(world, 5));
		world.tree.growTo(9);
		await world.settle(anchor, allFinal(world, 9));
		t.deepEqual(await world.judge([5, 9]), []);
		for (const row of world.rows()) t.true(BigInt(row.mined!.costWei!) > 0n);
	}
});
