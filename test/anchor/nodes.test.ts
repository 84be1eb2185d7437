// Several nodes of one chain: what two must agree on, what one may say alone, and who is asked at all.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import {type Chain, type Mined, openChain} from '../../agent/anchor/chain.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {type JoinedChain, type JoinOptions, joinNodes, openChains} from '../../agent/anchor/nodes.ts';
import {toAnchorRecord} from '../../agent/anchor/outbox.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {until} from '../../agent/base/retry.ts';
import {type Anvil, anvilChainId, richKey, startAnvil, startProxy, type Treatment} from '../helpers/anvil.ts';
import {createSite, hastyClock, live, type Site, type World} from './world.ts';

const hash = (digit: string): string => `0x${digit.repeat(64)}`;

/** A clock that is moved by hand. */
function createClock() {
	let nowMs = 0;
	return {
		monotonicMs: () => nowMs,
		advance: (ms: number) => {
			nowMs += ms;
		},
	};
}

const away = async (): Promise<never> => {
	throw new AgentError('CHAIN_UNREACHABLE', 'nobody is there');
};

/** A node that knows nothing but its chain and its newest block. */
function node(verbs: Partial<Chain> = {}): Chain {
	return {
		...openChain({url: 'http://127.0.0.1:9', chainId: 7}),
		chainId: async () => 7,
		head: async () => ({number: 100, timeS: 5000}),
		headNumber: async () => 100,
		...verbs,
	};
}

function join(chains: readonly Chain[], options: Partial<JoinOptions> = {}): JoinedChain {
	const named = chains.map((chain, i) => ({host: 'abcdefgh'[i]!, chain}));
	return joinNodes(named, {clock: createClock(), ...options});
}

const seen: Mined = {
	transactionHash: hash('1'),
	blockNumber: 90,
	blockHash: hash('2'),
	succeeded: true,
	gasUsed: 5n,
	costWei: 50n,
	logs: [{address: `0x${'3'.repeat(40)}`, topics: [hash('4')], data: '0x05'}],
};
const says = (answer: Mined | undefined, verbs: Partial<Chain> = {}): Chain => node({mined: async () => answer, ...verbs});
const dead = (): Chain => node({mined: away, nonce: away, finalizedNumber: away, latest: away, finalizedBlock: away, blockHashAt: away});

type MinedCase = readonly [name: string, nodes: () => Chain[], found: Mined | 'nothing' | RegExp, quorum?: 1];
const minedCases: readonly MinedCase[] = [
	['two that agree are believed', () => [says(seen), says(seen)], seen],
	['the dearer of two costs counts', () => [says(seen), says({...seen, costWei: 60n})], {...seen, costWei: 60n}],
	['two that know nothing say that it is in no block', () => [says(undefined), says(undefined)], 'nothing'],
	[
		'another block is a disagreement',
		() => [says(seen), says({...seen, blockHash: hash('9')})],
		/do not agree .* a says .*0x2222.*, b says .*0x9999/,
	],
	['another height is a disagreement', () => [says(seen), says({...seen, blockNumber: 91})], /do not agree/],
	[
		'another outcome is a disagreement',
		() => [says(seen), says({...seen, succeeded: false})],
		/a says that it succeeded .* b says that it failed/,
	],
	['other events are a disagreement', () => [says(seen), says({...seen, logs: []})], /with 1 events, b says .* with 0 events/],
	['silence of a node that is behind makes us wait', () => [says(seen), says(undefined, {headNumber: async () => 89})], 'nothing'],
	[
		'silence of a node that has the block is a disagreement',
		() => [says(seen), says(undefined)],
		/a says that it succeeded in block 90 .* b says that it is in none/,
	],
	['a node alone is believed while nothing comes of it that cannot be taken back', () => [dead(), says(seen)], seen],
	[
		'a node alone is not believed that it failed',
		() => [dead(), says({...seen, succeeded: false})],
		/only the node at b answers, and 2 must agree/,
	],
	['a third decides between two', () => [says({...seen, logs: []}), says(seen), says(seen)], seen],
	['a liar among three is outvoted in silence too', () => [says(undefined), says(seen), says(seen)], seen],
	['with a quorum of 1 the first is believed', () => [says({...seen, succeeded: false}), says(seen)], {...seen, succeeded: false}, 1],
	['with a quorum of 1 the next is asked if the first is away', () => [dead(), says(seen)], seen, 1],
	['nobody there is an error', () => [dead(), dead()], /nobody is there; nobody is there/],
];

for (const [name, nodes, found, quorum] of minedCases) {
	test(`of a mined transaction, ${name}`, async t => {
		const chain = join(nodes(), quorum === undefined ? {} : {quorum});
		if (found instanceof RegExp) await t.throwsAsync(chain.mined(hash('1')), {code: 'CHAIN_UNREACHABLE', message: found});
		else t.deepEqual(await chain.mined(hash('1')), found === 'nothing' ? undefined : found);
	});
}

test('a transaction that two had is not taken back because one of them falls behind', async t => {
	let second: Mined | undefined = seen;
	const chain = join([says(seen), node({mined: async () => second, headNumber: async () => 80})]);
	t.deepEqual(await chain.mined(hash('1')), seen);
	second = undefined;
	await t.throwsAsync(chain.mined(hash('1')), {code: 'CHAIN_UNREACHABLE', message: /b says that it is in none/});
});

test('a transaction that comes to the second node between two questions is believed', async t => {
	let asked = 0;
	const late = node({
		mined: async () => {
			asked += 1;
			return asked === 1 ? undefined : seen;
		},
	});
	t.deepEqual(await join([says(seen), late]).mined(hash('1')), seen);
});

test('no liar among honest nodes makes a transaction mined that none of them has there', async t => {
	const changed: fc.Arbitrary<Mined> = fc.constantFrom(
		{...seen, blockHash: hash('9')},
		{...seen, blockNumber: 91},
		{...seen, succeeded: false},
		{...seen, logs: []},
		{...seen, logs: [{...seen.logs[0]!, data: '0x06'}]},
	);
	const honest = fc.array(fc.constantFrom('has it', 'is behind', 'is away'), {minLength: 1, maxLength: 4});
	await fc.assert(
		fc.asyncProperty(honest, changed, fc.nat(4), async (kinds, lie, at) => {
			fc.pre(kinds.some(kind => kind !== 'is away'));
			const chains = kinds.map(kind =>
				kind === 'has it' ? says(seen) : kind === 'is behind' ? says(undefined, {headNumber: async () => 10}) : dead(),
			);
			chains.splice(at % (kinds.length + 1), 0, says(lie));
			const found = await join(chains)
				.mined(hash('1'))
				.catch((error: unknown) => error);
			if (found instanceof AgentError) t.is(found.code, 'CHAIN_UNREACHABLE');
			else if (found !== undefined) t.deepEqual(found, seen);
		}),
		{numRuns: 200},
	);
});

const nonces = (...found: readonly (number | undefined)[]): JoinedChain =>
	join(found.map(value => node({nonce: value === undefined ? away : async () => value})));

test('a nonce is the lower of two, and the one that two reach of three', async t => {
	t.is(await nonces(8, 7).nonce('0x'), 7);
	t.is(await nonces(8, 8).nonce('0x', 'agreed'), 8);
	t.is(await nonces(1_000_000, 8, 7).nonce('0x'), 8);
	t.is(await nonces(8, 8, 3).nonce('0x', 'agreed'), 8);
});

test('a nonce that one node tells alone is enough to sign, and not to say that it is taken', async t => {
	t.is(await nonces(undefined, 8).nonce('0x'), 8);
	t.is(await nonces(undefined, 8).nonce('0x', 'agreed'), 0);
	t.is(await nonces(8).nonce('0x', 'agreed'), 8);
	await t.throwsAsync(nonces(undefined, undefined).nonce('0x', 'agreed'), {code: 'CHAIN_UNREACHABLE'});
});

test('blocks are final as far as two nodes say so', async t => {
	const finals = (...found: readonly (number | undefined)[]): Promise<number> =>
		join(found.map(value => node({finalizedNumber: value === undefined ? away : async () => value}))).finalizedNumber();
	t.is(await finals(50, 48), 48);
	t.is(await finals(50, 0), 0);
	t.is(await finals(50, 0, 49), 49);
	t.is(await finals(50, undefined), 0);
	t.is(await finals(50), 50);
	await t.throwsAsync(finals(undefined, undefined), {code: 'CHAIN_UNREACHABLE'});
});

test('no set of nodes with one liar in it makes a block final, or a nonce used, that no honest node says is', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.nat(1000), {minLength: 1, maxLength: 4}), fc.nat(10 ** 6), fc.nat(4), async (honest, lie, at) => {
			const said = [...honest];
			said.splice(at % (honest.length + 1), 0, lie);
			const chain = join(said.map(value => node({finalizedNumber: async () => value, nonce: async () => value})));
			const most = Math.max(...honest);
			t.true((await chain.finalizedNumber()) <= most);
			t.true((await chain.nonce('0x', 'agreed')) <= most);
			t.true((await chain.nonce('0x')) <= most);
		}),
		{numRuns: 50},
	);
});

const finalBlock = {number: 50, hash: hash('a'), timeS: 4000};
const finalNode = (block: typeof finalBlock | undefined, at: {readonly hash?: string; readonly timeS?: number} = {}): Chain =>
	node({
		finalizedBlock: async () => block,
		blockHashAt: async () => at.hash ?? finalBlock.hash,
		rawBlock: async () => ({timestamp: `0x${(at.timeS ?? finalBlock.timeS).toString(16)}`}),
	});
const further = {number: 60, hash: hash('b'), timeS: 4500};

test('the newest final block is the lower of two, and the further node must have it', async t => {
	t.deepEqual(await join([finalNode(further), finalNode(finalBlock)]).finalizedBlock(), finalBlock);
	t.is(await join([finalNode(undefined), finalNode(undefined)]).finalizedBlock(), undefined);
	t.is(await join([finalNode(finalBlock), finalNode(undefined)]).finalizedBlock(), undefined);
	const message = /do not agree about block 50/;
	await t.throwsAsync(join([finalNode(further, {hash: hash('c')}), finalNode(finalBlock)]).finalizedBlock(), {message});
	await t.throwsAsync(join([finalNode(further, {timeS: 4001}), finalNode(finalBlock)]).finalizedBlock(), {message});
	await t.throwsAsync(join([finalNode(finalBlock), dead()]).finalizedBlock(), {
		code: 'CHAIN_UNREACHABLE',
		message: /only the node at a answers/,
	});
	t.deepEqual(
		await join([finalNode(further, {hash: hash('c')}), finalNode(finalBlock), finalNode(finalBlock)]).finalizedBlock(),
		finalBlock,
	);
});

test('a height without a block says nothing against a node that has one, and two blocks are a disagreement', async t => {
	const at = (found: string | undefined): Chain => node({blockHashAt: async () => found});
	t.is(await join([at(undefined), at(hash('a'))]).blockHashAt(5), hash('a'));
	t.is(await join([at(undefined), at(undefined)]).blockHashAt(5), undefined);
	await t.throwsAsync(join([at(hash('a')), at(hash('b'))]).blockHashAt(5), {code: 'CHAIN_UNREACHABLE', message: /about block 5/});
	t.is(await join([at(hash('c')), at(hash('b')), at(hash('b'))]).blockHashAt(5), hash('b'));
});

test('the newest anchor is what two say, what one says alone, and nothing while they differ', async t => {
	const head = (size: number): Chain => node({latest: async () => ({size, time: size, root: hash('a')})});
	t.like(await join([head(9), head(9)]).latest('0x', '0x'), {size: 9});
	t.like(await join([head(9), dead()]).latest('0x', '0x'), {size: 9});
	await t.throwsAsync(join([head(9), head(5)]).latest('0x', '0x'), {code: 'CHAIN_UNREACHABLE', message: /a says size 9 .*, b says size 5/});
	t.like(await join([head(5), head(9), head(9)]).latest('0x', '0x'), {size: 9});
	await t.throwsAsync(join([head(9), dead()]).latest('0x', '0x', 'finalized'), {code: 'CHAIN_UNREACHABLE', message: /only the node at a/});
});

test('every head that a node shows is told to who must hear of any', async t => {
	const head = (size: number): Chain => node({shownHeads: async () => [{size, time: size, root: hash('a')}]});
	const sizes = (heads: readonly {readonly size: number}[]): number[] => heads.map(({size}) => size);
	t.deepEqual(sizes(await join([head(5), head(9), head(5)]).shownHeads('0x', '0x')), [5, 9]);
	t.deepEqual(sizes(await join([node({shownHeads: away}), head(9)], {quorum: 1}).shownHeads('0x', '0x')), [9]);
	await t.throwsAsync(join([node({shownHeads: away}), node({shownHeads: away})]).shownHeads('0x', '0x'), {code: 'CHAIN_UNREACHABLE'});
});

test('bytes are sent to all, and the best answer counts', async t => {
	const raws: string[] = [];
	const takes = (answer: 'accepted' | 'known' | 'nonceUsed' | 'displaced'): Chain =>
		node({
			broadcast: async raw => {
				raws.push(`${answer} ${raw}`);
				return answer;
			},
		});
	const refuses = node({
		broadcast: async () => {
			throw new AgentError('CHAIN_REFUSED', 'no funds');
		},
	});
	const lost = node({broadcast: away});
	t.is(await join([takes('displaced'), takes('nonceUsed'), takes('known'), takes('accepted')]).broadcast('0x01'), 'accepted');
	t.deepEqual(raws, ['displaced 0x01', 'nonceUsed 0x01', 'known 0x01', 'accepted 0x01']);
	t.is(await join([takes('displaced'), takes('nonceUsed')]).broadcast('0x01'), 'nonceUsed');
	t.is(await join([refuses, lost, takes('displaced')]).broadcast('0x01'), 'displaced');
	await t.throwsAsync(join([lost, refuses]).broadcast('0x01'), {code: 'CHAIN_REFUSED'});
	await t.throwsAsync(join([lost, lost]).broadcast('0x01'), {code: 'CHAIN_UNREACHABLE'});
});

test('events are looked for on the other nodes before an empty list is given', async t => {
	const event = {address: '0x', topics: [], data: '0x', blockNumber: 1, blockHash: hash('1'), place: 0};
	const search = {addresses: [], topics: [], from: 0, to: 1};
	const asked: string[] = [];
	const holds = (name: string, found: readonly (typeof event)[]): Chain =>
		node({
			logs: async () => {
				asked.push(name);
				return found;
			},
		});
	t.deepEqual(await join([holds('a', []), holds('b', [event])]).logs(search), [event]);
	asked.length = 0;
	t.deepEqual(await join([holds('a', [event]), holds('b', [])]).logs(search), [event]);
	t.deepEqual(asked, ['a']);
	t.deepEqual(await join([holds('a', []), holds('b', [])]).logs(search), []);
});

test('a contract takes a call, or refuses it, only if two nodes say so', async t => {
	const call = {from: '0x', to: '0x', data: '0x'};
	const takes = (gas: bigint): Chain => node({estimate: async () => ({gas})});
	const no = node({estimate: async () => ({refused: 'Stale()'})});
	const gone = node({estimate: away});
	const code = 'CHAIN_UNREACHABLE';
	// Too little gas would be paid for nothing, time and again, and too much never fits the budget.
	await t.throwsAsync(join([takes(21_000n), takes(60_000n)]).estimate(call), {
		code,
		message: /do not agree .* says 21000 gas, .* says 60000 gas/,
	});
	t.deepEqual(await join([takes(21_000n), takes(60_000n), takes(61_000n)]).estimate(call), {gas: 61_000n});
	t.deepEqual(await join([takes(2n ** 60n), takes(60_000n), takes(61_000n)]).estimate(call), {gas: 61_000n});
	t.deepEqual(await join([gone, takes(5n)]).estimate(call), {gas: 5n});
	await t.throwsAsync(join([takes(5n), no]).estimate(call), {code, message: /do not agree about what a call of the contract takes/});
	await t.throwsAsync(join([no, takes(5n)]).estimate(call), {code});
	t.deepEqual(await join([takes(5n), no, no]).estimate(call), {refused: 'Stale()'});
	t.deepEqual(await join([no, no]).estimate(call), {refused: 'Stale()'});
	await t.throwsAsync(join([gone, gone]).estimate(call), {code});
});

test('an anchor that one node finds is believed as far as its transaction is', async t => {
	const at = {transactionHash: hash('1'), blockNumber: 90, blockHash: hash('2'), blockTime: 4000};
	const search = {registry: '0x', logId: '0x', size: 1, root: '0x', time: 4000};
	const finds = (found: typeof at | undefined, minedThere: Mined | undefined): Chain =>
		node({findAnchor: async () => found, mined: async () => minedThere});
	t.deepEqual(await join([finds(undefined, seen), finds(at, seen)]).findAnchor(search), at);
	t.is(await join([finds(undefined, undefined), finds(undefined, undefined)]).findAnchor(search), undefined);
	await t.throwsAsync(join([finds(undefined, undefined), finds(at, seen)]).findAnchor(search), {message: /do not agree/});
	t.is(await join([finds({...at, blockHash: hash('7')}, seen), finds(undefined, seen)]).findAnchor(search), undefined);
});

test('a node that fails is left alone after some failures, tried again later, and asked again once it works', async t => {
	const clock = createClock();
	let isThere = false;
	const asked: string[] = [];
	const first = node({
		chainId: async () => {
			if (!isThere) return away();
			return 7;
		},
		balanceWei: async () => {
			asked.push('a');
			return isThere ? 1n : away();
		},
	});
	const second = node({
		balanceWei: async () => {
			asked.push('b');
			return 2n;
		},
	});
	const chain = join([first, second], {clock, limits: {failuresMax: 3, waitFirstMs: 100, waitMaxMs: 1000}});
	for (let i = 0; i < 5; i += 1) t.is(await chain.balanceWei('0x'), 2n);
	await settled(() => chain.standing()[0]!.state === 'out');
	t.like(chain.standing()[0], {host: 'a', state: 'out', lastError: 'nobody is there'});
	t.like(chain.standing()[1], {host: 'b', state: 'healthy'});
	isThere = true;
	asked.length = 0;
	t.is(await chain.balanceWei('0x'), 2n);
	t.deepEqual(asked, ['b']);
	clock.advance(100);
	await chain.balanceWei('0x');
	await settled(() => chain.standing()[0]!.state === 'healthy');
	t.is(await chain.balanceWei('0x'), 1n);
	t.deepEqual(chain.standing()[0], {host: 'a', state: 'healthy'});
});

/** Until what goes on beside the questions has got so far. Bounded by the number of turns, not by time. */
async function settled(done: () => boolean): Promise<void> {
	for (let i = 0; i < 1000 && !done(); i += 1) await Promise.resolve();
}

test('a node on another chain is out, and the others go on', async t => {
	const clock = createClock();
	let id = 1;
	const other = node({chainId: async () => id, balanceWei: async () => 1n, broadcast: async () => 'accepted'});
	const chain = join([other, node({balanceWei: async () => 2n, broadcast: async () => 'known'})], {clock});
	t.is(await chain.chainId(), 7);
	t.is(await chain.balanceWei('0x'), 2n);
	t.is(await chain.broadcast('0x'), 'known');
	t.like(chain.standing()[0], {state: 'out', lastError: 'the node at a speaks for chain 1, not for chain 7'});
	id = 7;
	clock.advance(60_000);
	t.is(await chain.chainId(), 7);
	t.is(await chain.balanceWei('0x'), 1n);
});

test('nodes that are all on another chain are a mismatch', async t => {
	const chain = join([node({chainId: async () => 1}), node({chainId: async () => 2})]);
	await t.throwsAsync(chain.chainId(), {code: 'CHAIN_MISMATCH', message: /speaks for chain 1, .* speaks for chain 2/});
	await t.throwsAsync(chain.balanceWei('0x'), {code: 'CHAIN_MISMATCH'});
	await t.throwsAsync(join([node({chainId: async () => 1})]).chainId(), {
		code: 'CHAIN_MISMATCH',
		message: /speaks for chain 1, not for chain 7/,
	});
	await t.throwsAsync(join([node({chainId: async () => 1}), node({chainId: away})]).chainId(), {code: 'CHAIN_UNREACHABLE'});
});

test('a node whose newest block is old is not asked, and answers again once it has caught up', async t => {
	const clock = createClock();
	let timeS = 4000;
	const stuck = node({head: async () => ({number: 1, timeS}), finalizedNumber: async () => 1, balanceWei: async () => 1n});
	const chain = join([stuck, node({finalizedNumber: async () => 50, balanceWei: async () => 2n})], {clock});
	t.is(await chain.balanceWei('0x'), 2n);
	t.is(await chain.finalizedNumber(), 0, 'one node alone makes nothing final');
	t.like(chain.standing()[0], {state: 'behind', lastError: "the newest block of the node at a is 1000 s older than another's"});
	timeS = 5000;
	clock.advance(30_000);
	await chain.chainId();
	t.is(await chain.balanceWei('0x'), 1n);
	t.is(await chain.finalizedNumber(), 1);
});

test('one of three that lies about the time leaves nobody behind', async t => {
	const chain = join([node(), node({head: async () => ({number: 100, timeS: 10 ** 9})}), node()]);
	await chain.chainId();
	t.deepEqual(
		chain.standing().map(({state}) => state),
		['healthy', 'healthy', 'healthy'],
	);
});

test('a node that was outvoted is asked after the others for a while, and the standing says why', async t => {
	const clock = createClock();
	const liar = says({...seen, logs: []}, {balanceWei: async () => 1n});
	const honest = (): Chain => says(seen, {balanceWei: async () => 2n});
	const chain = join([liar, honest(), honest()], {clock});
	t.is(await chain.balanceWei('0x'), 1n);
	await chain.mined(hash('1'));
	t.is(await chain.balanceWei('0x'), 2n);
	t.regex(chain.standing()[0]!.lastError!, /does not agree with 2 others about transaction/);
	clock.advance(600_000);
	t.is(await chain.balanceWei('0x'), 1n);
});

test('a single node is asked however often it fails, and the standing says that it does', async t => {
	let isThere = false;
	const chain = join([node({balanceWei: async () => (isThere ? 1n : away())})]);
	for (let i = 0; i < 10; i += 1) await t.throwsAsync(chain.balanceWei('0x'), {code: 'CHAIN_UNREACHABLE', message: 'nobody is there'});
	t.like(chain.standing()[0], {state: 'failing', lastError: 'nobody is there'});
	isThere = true;
	t.is(await chain.balanceWei('0x'), 1n);
	await chain.chainId();
	t.deepEqual(chain.standing(), [{host: 'a', state: 'healthy'}]);
});

test('a chain is reached through some nodes, each named once', t => {
	const clock = createClock();
	t.throws(() => openChains({urls: [], chainId: 7, clock}), {code: 'CONFIG_INVALID', message: /1 to 8 nodes/});
	for (const again of ['http://a', 'http://a/', 'http://A:80', 'http://user:word@a', 'http://a.'])
		t.throws(() => openChains({urls: ['http://a', again], chainId: 7, clock}), {code: 'CONFIG_INVALID', message: /named twice/}, again);
	t.notThrows(() =>
		openChains({urls: ['http://a/key-1', 'http://a/key-2', 'https://a', 'http://a:81', 'http://us%er@b'], chainId: 7, clock}),
	);
	const chain = openChains({urls: ['http://me:secret@a/key1', 'http://a/key2'], chainId: 7, clock});
	t.deepEqual(
		chain.standing().map(({host, state}) => `${host} ${state}`),
		['a unasked', 'a (2) unasked'],
	);
});

// From here on with a real chain: two nodes are two proxies before one anvil.

let anvil: Anvil;
let site: Site;
test.before(async () => {
	anvil = await startAnvil();
	site = await createSite(anvil);
});
test.after.always(async () => {
	await anvil?.stop();
});

type Treat = (method: string, params: readonly unknown[]) => Treatment;
type Two = {readonly world: World; readonly chain: JoinedChain; readonly treat: (first: Treat, second: Treat) => void};
const pass: Treat = () => 'pass';

async function two(t: {teardown: (fn: () => Promise<void>) => void; title: string}): Promise<Two> {
	const world = await site.log(t.title);
	const first = await startProxy(anvil.url);
	const second = await startProxy(anvil.url);
	const chain = openChains({urls: [first.url, second.url], chainId: anvilChainId, clock: world.clock, timeoutMs: 2000});
	t.teardown(async () => {
		await chain[Symbol.asyncDispose]();
		await first.stop();
		await second.stop();
	});
	return {
		world,
		chain,
		treat: (one, other) => {
			first.treat = one;
			second.treat = other;
		},
	};
}
const isFinal = (world: World, size: number) => (): boolean => world.rows().some(row => row.size === size && row.state === 'final');

test.serial('an anchor through two nodes becomes final, and a receipt of it is confirmed by both', async t => {
	const {world, chain} = await two(t);
	const anchor = world.start({chain: () => chain});
	world.tree.growTo(5);
	await world.settle(anchor, isFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
	t.like(await chain.readAnchor(toAnchorRecord(world.rows()[0]!)!, world.tree.root(5)), {found: 'final'});
	t.is(await chain.genesisHash(), (await anvil.rpc<{hash: string}>('eth_getBlockByNumber', '0x0', false)).hash);
	t.regex((await chain.codeHash(world.registry))!, /^0x[0-9a-f]{64}$/);
	t.is(await chain.codeHash(`0x${'5'.repeat(40)}`), undefined);
	t.like(await chain.finalizedBlock(), {number: await chain.finalizedNumber()});
});

test.serial('an owner with one dead node still anchors, and nothing becomes final until two agree', async t => {
	const {world, chain, treat} = await two(t);
	treat(pass, () => 'drop');
	const anchor = world.start({chain: () => chain});
	world.tree.growTo(5);
	await world.settle(anchor, () => world.rows()[0]?.state === 'mined');
	world.tree.growTo(9);
	await world.settle(anchor, () => world.rows()[1]?.state === 'mined');
	await anvil.mine(10);
	for (let i = 0; i < 10; i += 1) await anchor.tick(live);
	t.deepEqual(
		world.rows().map(({state}) => state),
		['mined', 'mined'],
	);
	t.is(chain.standing()[1]!.state, 'out');
	treat(pass, pass);
	await world.settle(anchor, isFinal(world, 9));
	t.deepEqual(await world.judge([5, 9]), []);
});

const lies: readonly (readonly [name: string, lie: (world: World) => Treat])[] = [
	['hides every transaction', () => method => (method === 'eth_getTransactionReceipt' ? {result: null} : 'pass')],
	[
		'shows failures instead of anchors',
		() =>
			(method, [transactionHash]) =>
				method === 'eth_getTransactionReceipt'
					? {
							result: {
								transactionHash,
								blockNumber: '0x1',
								blockHash: hash('e'),
								status: '0x0',
								gasUsed: '0x1',
								effectiveGasPrice: '0x1',
								logs: [],
							},
						}
					: 'pass',
	],
	['gives empty lists of events', () => method => (method === 'eth_getLogs' ? {result: []} : 'pass')],
	[
		'knows a nonce that nobody used',
		({signer}) =>
			(method, [address]) =>
				method === 'eth_getTransactionCount' && address === signer.address ? {result: '0x99'} : 'pass',
	],
	[
		'calls every block final',
		() =>
			(_, [tag]) =>
				tag === 'finalized' ? {result: {number: '0xffffff', hash: hash('f'), timestamp: '0x1'}} : 'pass',
	],
];

for (const [name, lie] of lies) {
	for (const place of ['first', 'second'] as const) {
		test.serial(`a ${place} node that ${name} makes an anchor wait, and never wrong`, async t => {
			const {world, chain, treat} = await two(t);
			const lying = lie(world);
			treat(place === 'first' ? lying : pass, place === 'first' ? pass : lying);
			const anchor = world.start({chain: () => chain});
			world.tree.growTo(5);
			for (let i = 0; i < 30; i += 1) {
				if (!(await anchor.tick(live))) world.clock.advance(1000);
				for (const row of world.rows()) {
					if (row.state !== 'final') continue;
					const {number} = await anvil.rpc<{number: string}>('eth_getBlockByNumber', 'finalized', false);
					t.true(row.mined!.blockNumber <= Number(number));
				}
				if (i % 10 === 9) await anvil.mine(1);
			}
			t.true(world.rows()[0]!.attempts.length <= 1, 'nothing was signed twice');
			treat(pass, pass);
			await world.settle(anchor, isFinal(world, 5));
			t.deepEqual(await world.judge([5]), []);
		});
	}
}

test.serial('a chain that begins with another block, and a registry with other code, are not ours', async t => {
	const {world, chain} = await two(t);
	const genesisHash = await chain.genesisHash();
	const codeHash = (await chain.codeHash(world.registry))!;
	world.tree.growTo(5);
	for (const pins of [{genesisHash: hash('1')}, {codeHash: hash('1')}, {genesisHash, codeHash: hash('1')}]) {
		const anchor = world.start({chain: () => chain, options: {pins}});
		await t.throwsAsync(anchor.tick(live), {code: 'CHAIN_MISMATCH', message: /0x1111\w+ is pinned/});
		t.deepEqual(world.rows(), []);
	}
	const anchor = world.start({chain: () => chain, options: {pins: {genesisHash: genesisHash.toUpperCase().replace('X', 'x'), codeHash}}});
	await world.settle(anchor, isFinal(world, 5));
	t.deepEqual(await world.judge([5]), []);
});

test.serial('a second node that goes over to another chain in the middle is left out', async t => {
	const {world, chain, treat} = await two(t);
	const anchor = world.start({chain: () => chain});
	world.tree.growTo(5);
	await world.settle(anchor, isFinal(world, 5));
	treat(pass, method => (method === 'eth_chainId' ? {result: '0x1'} : 'pass'));
	await chain.chainId();
	t.like(chain.standing()[1], {state: 'out'});
	world.tree.growTo(9);
	await world.settle(anchor, () => world.rows()[1]?.state === 'mined');
	treat(pass, pass);
	await world.settle(anchor, isFinal(world, 9));
	t.deepEqual(await world.judge([5, 9]), []);
});

test.serial('all nodes on another chain stop the anchor with a mismatch', async t => {
	const {world, chain, treat} = await two(t);
	const other: Treat = method => (method === 'eth_chainId' ? {result: '0x1'} : 'pass');
	treat(other, other);
	const anchor = world.start({chain: () => chain});
	world.tree.growTo(5);
	await t.throwsAsync(anchor.tick(live), {code: 'CHAIN_MISMATCH', message: /speaks for chain 1, not for chain 31337/});
	t.deepEqual(world.rows(), []);
	treat(pass, pass);
	world.clock.advance(60_000);
	await world.settle(anchor, isFinal(world, 5));
});

/** A node that stopped at a height: it says nothing of what came later, but takes transactions. */
async function startStuck(of: Anvil): Promise<Server & {stopAt: (height: number | undefined) => void}> {
	let height: number | undefined;
	type Found = {readonly blockNumber?: string} | null;
	const server = await serve(async (method, params) => {
		if (height === undefined) return of.rpc(method, ...params);
		const tag = `0x${height.toString(16)}`;
		const found = await of.rpc<Found>(method, ...params.map(param => (param === 'latest' ? tag : param)));
		const isLater = method === 'eth_getTransactionReceipt' && Number(found?.blockNumber ?? 0) > height;
		return isLater || (method === 'eth_getBlockByNumber' && Number(params[0]) > height) ? null : found;
	});
	return {
		...server,
		stopAt: to => {
			height = to;
		},
	};
}

type Server = {readonly url: string; readonly stop: () => Promise<void>};

async function serve(answer: (method: string, params: readonly unknown[]) => Promise<unknown>): Promise<Server> {
	const server = createServer((incoming, outgoing) => {
		const parts: Buffer[] = [];
		incoming.on('data', (part: Buffer) => parts.push(part));
		incoming.on('end', async () => {
			const {id, method, params} = JSON.parse(Buffer.concat(parts).toString()) as {id: number; method: string; params: unknown[]};
			const said = await answer(method, params).then(
				result => ({result}),
				(error: Error) => ({error: {code: -32000, message: error.message}}),
			);
			outgoing.end(JSON.stringify({jsonrpc: '2.0', id, ...said}));
		});
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		stop: () =>
			new Promise(resolve => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

test.serial(
	'a second node that stops makes the anchor wait, is left out once it is far behind, and is needed again for what is final',
	async t => {
		const world = await site.log(t.title);
		const stuck = await startStuck(anvil);
		t.teardown(stuck.stop);
		const chain = openChains({urls: [anvil.url, stuck.url], chainId: anvilChainId, clock: world.clock});
		t.teardown(() => chain[Symbol.asyncDispose]());
		const anchor = world.start({chain: () => chain});
		stuck.stopAt(await chain.headNumber());
		world.tree.growTo(5);
		for (let i = 0; i < 20; i += 1) if (!(await anchor.tick(live))) world.clock.advance(10);
		t.is(world.rows()[0]?.state, 'sent', 'the first node alone does not count while the second answers');
		t.is(world.rows()[0]?.attempts.length, 1);
		await anvil.rpc('evm_increaseTime', 1000);
		await anvil.mine(1);
		world.clock.advance(30_000);
		await world.settle(anchor, () => world.rows()[0]?.state === 'mined');
		t.like(chain.standing()[1], {state: 'behind'});
		world.tree.growTo(9);
		await world.settle(anchor, () => world.rows()[1]?.state === 'mined');
		await anvil.mine(5);
		for (let i = 0; i < 10; i += 1) await anchor.tick(live);
		t.deepEqual(
			world.rows().map(({state}) => state),
			['mined', 'mined'],
		);
		stuck.stopAt(undefined);
		world.clock.advance(30_000);
		await world.settle(anchor, isFinal(world, 9));
		t.deepEqual(await world.judge([5, 9]), []);
	},
);

test.serial('a transaction reaches two nodes that do not know each other, and their first blocks tell them apart', async t => {
	const one = await startAnvil(['--timestamp', '1000']);
	t.teardown(one.stop);
	const other = await startAnvil(['--timestamp', '1000', '--gas-limit', '20000000']);
	t.teardown(other.stop);
	const chain = openChains({urls: [one.url, other.url], chainId: anvilChainId, clock: createClock()});
	t.teardown(() => chain[Symbol.asyncDispose]());
	const signer = signerFromKey(richKey);
	const price = {type: 'dynamic', maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n} as const;
	const raw = await signer.signTransaction({
		chainId: anvilChainId,
		nonce: 0,
		to: signer.address,
		data: '0x',
		value: 0n,
		gasLimit: 21_000n,
		...price,
	});
	t.is(await chain.broadcast(raw), 'accepted');
	for (const node of [one, other]) {
		const isThere = async (): Promise<true | undefined> =>
			(await node.rpc('eth_getTransactionCount', signer.address, 'latest')) === '0x1' || undefined;
		t.true(await until(isThere, {clock: hastyClock, everyMs: 10, timeoutMs: 60_000}));
	}
	await t.throwsAsync(chain.genesisHash(), {code: 'CHAIN_UNREACHABLE', message: /do not agree about block 0/});
});

for (const depth of [1, 6]) {
	test.serial(
		`a reorganisation of ${depth} blocks and more that both nodes see takes an anchor back to sent, and it is mined again`,
		async t => {
			const {world, chain} = await two(t);
			const unfinal: Chain = {...chain, finalizedNumber: async () => 0};
			const anchor = world.start({chain: () => unfinal});
			world.tree.growTo(5);
			await world.settle(anchor, () => world.rows()[0]?.state === 'mined');
			await anvil.mine(depth);
			// From the anchor's own block on, whatever was mined while it settled.
			await anvil.rpc('anvil_reorg', (await chain.headNumber()) - world.rows()[0]!.mined!.blockNumber + 1, []);
			await world.settle(anchor, () => world.rows()[0]?.state === 'sent');
			await world.settle(anchor, () => world.rows()[0]?.state === 'mined');
			await anchor[Symbol.asyncDispose]();
			const after = world.start({url: anvil.url});
			await world.settle(after, isFinal(world, 5));
			t.deepEqual(await world.judge([5]), []);
		},
	);
}

test('a node that answers with lists within lists without end is one that does not answer', async t => {
	const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
	const server = createServer((request, response) => {
		let text = '';
		request.on('data', part => {
			text += String(part);
		});
		request.on('end', () => {
			const {id, method} = JSON.parse(text) as {id: number; method: string};
			const head = `{"number":"0x64","hash":"${hash('1')}","timestamp":"0x65"}`;
			const result = method === 'eth_chainId' ? '"0x7"' : method === 'eth_getBlockByNumber' ? head : `{"transactionHash":${deep}}`;
			response.end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
		});
	}).listen(0, '127.0.0.1');
	t.teardown(() => server.close());
	await new Promise<void>(resolve => server.once('listening', resolve));
	const liar = openChain({url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, chainId: 7});
	t.teardown(() => liar[Symbol.asyncDispose]());
	await t.throwsAsync(liar.mined(hash('1')), {
		code: 'CHAIN_UNREACHABLE',
		message: /^the chain at \S+ answered eth_getTransactionReceipt with .{1,80}, which is not an answer to it$/,
	});
	// Beside honest ones it is one that is away.
	const joined = join([liar, says(seen), says(seen)]);
	t.deepEqual(await joined.mined(hash('1')), seen);
	t.is(await joined.balanceWei(`0x${'1'.repeat(40)}`).catch((error: AgentError) => error.code), 'CHAIN_UNREACHABLE');
});
