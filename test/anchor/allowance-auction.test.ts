// Rounds of allowances on a real chain: what the engine makes of a book by chance is what the contract takes, to the last lot and unit, and nothing else is.
import test from 'ava';
import {Interface} from 'ethers';
import {
	type AuctionChain,
	type AuctionSide,
	deployAllowanceAuction,
	openAuctionChain,
	type PostedClearing,
} from '../../agent/anchor/allowance-auction.ts';
import {type Chain, openChain} from '../../agent/anchor/chain.ts';
import {transact} from '../../agent/anchor/deploy.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {until} from '../../agent/base/retry.ts';
import {clearRound, mgPerLot, roundOrder} from '../../agent/trade/allowance-round.ts';
import {allowanceAuctionAbi} from '../../contracts/generated/allowance-auction.ts';
import {testAllowancesAbi, testAllowancesBytecode} from '../../contracts/generated/test-allowances.ts';
import {testTokenAbi, testTokenBytecode} from '../../contracts/generated/test-token.ts';
import {type Anvil, anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {createSeededRandom} from '../helpers/log-world.ts';
import {hastyClock} from './world.ts';

const rich = signerFromKey(richKey);
const auctionInterface = new Interface(allowanceAuctionAbi);
const tokenInterface = new Interface(testTokenAbi);
const allowancesInterface = new Interface(testAllowancesAbi);
const period = 7n;
const day = 86_400;
/** Bigger than all deposits of a test. */
const plenty = 10n ** 30n;

let anvil: Anvil;
let chain: Chain;
let auction: AuctionChain;
let traders: string[];
let deployGas: bigint;
const needs = () => ({chain, clock: hastyClock, signer: rich});

/** Accounts of anvil need no key: it signs for them. */
async function send(from: string, to: string | undefined, data: string): Promise<{gasUsed: bigint; contractAddress: string}> {
	const hash = await anvil.rpc<string>('eth_sendTransaction', {from, to, data, gas: '0x1c9c380'});
	type Receipt = {status: string; gasUsed: string; contractAddress: string} | null;
	const mined = await until(async () => (await anvil.rpc<Receipt>('eth_getTransactionReceipt', hash)) ?? undefined, {
		clock: hastyClock,
		everyMs: 1,
		timeoutMs: 10_000,
	});
	if (mined?.status !== '0x1') throw new Error(`a transaction to ${to} failed`);
	return {gasUsed: BigInt(mined.gasUsed), contractAddress: mined.contractAddress};
}

async function ask<T>(to: string, api: Interface, name: string, values: readonly unknown[]): Promise<T> {
	const answer = await chain.read(to, api.encodeFunctionData(name, values));
	if ('refused' in answer) throw new Error(answer.refused);
	return api.decodeFunctionResult(name, answer.value)[0] as T;
}
const moneyOf = (account: string): Promise<bigint> => ask(auction.currency, tokenInterface, 'balanceOf', [account]);
const allowancesOf = (account: string): Promise<bigint> => ask(auction.allowances, allowancesInterface, 'balanceOf', [account, period]);

const place = (round: bigint, side: AuctionSide, trader: string, lots: number, limit: number) =>
	send(trader, auction.contract, auctionInterface.encodeFunctionData(side, [round, lots, limit]));

async function isTaken(round: bigint, clearing: PostedClearing): Promise<boolean> {
	const answer = await chain.read(auction.contract, auctionInterface.encodeFunctionData('settle', [round, clearing]));
	return 'value' in answer;
}

async function openRound(forS = day): Promise<bigint> {
	const now = await chain.headTimeS();
	return auction.openRound({period, closesAt: now + forS, settleBy: now + forS + day, lotsMin: 1, limitMin: 1});
}

const clear = async (round: bigint): Promise<PostedClearing> =>
	clearRound({chainId: anvilChainId, contract: auction.contract, round}, await auction.book(round));

async function pass(byS: number): Promise<void> {
	await anvil.rpc('evm_increaseTime', byS);
	await anvil.mine(1);
}

test.before(async () => {
	anvil = await startAnvil();
	chain = openChain({url: anvil.url, chainId: anvilChainId});
	traders = (await anvil.rpc<string[]>('eth_accounts')).slice(1, 9);
	const currency = (await send(rich.address, undefined, testTokenBytecode)).contractAddress;
	const allowances = (await send(rich.address, undefined, testAllowancesBytecode)).contractAddress;
	auction = await openAuctionChain(needs(), {contract: await deployAllowanceAuction(needs(), {allowances, currency})});
	const {transactions} = await anvil.rpc<{transactions: string[]}>('eth_getBlockByNumber', 'latest', false);
	deployGas = BigInt((await anvil.rpc<{gasUsed: string}>('eth_getTransactionReceipt', transactions[0])).gasUsed);
	for (const trader of traders) {
		await send(trader, currency, tokenInterface.encodeFunctionData('mint', [trader, plenty]));
		await send(trader, currency, tokenInterface.encodeFunctionData('approve', [auction.contract, plenty]));
		await send(trader, allowances, allowancesInterface.encodeFunctionData('mint', [trader, period, plenty]));
		await send(trader, allowances, allowancesInterface.encodeFunctionData('approve', [auction.contract, period, plenty]));
	}
});

test.after.always(async () => {
	await chain?.[Symbol.asyncDispose]();
	await anvil?.stop();
});

/** Whole numbers below a bound, the same every time. */
function createDice(seed: string): (below: number) => number {
	const random = createSeededRandom(seed);
	return below => {
		const [a, b, c, d] = random.bytes(4);
		return (a! * 0x100_0000 + b! * 0x1_0000 + c! * 0x100 + d!) % below;
	};
}

/** One lot more here, one less there, another price: the least that could be wrong. */
function bent(good: PostedClearing, dice: (below: number) => number): PostedClearing[] {
	const all: PostedClearing[] = [
		{...good, price: good.price + 1},
		{...good, price: Math.max(0, good.price - 1)},
		{...good, volume: good.volume + 1},
		{...good, bidFills: good.bidFills.length > 2 ? good.bidFills.slice(0, -8) : '0x00000000'},
	];
	for (const key of ['bidFills', 'askFills'] as const) {
		const fills = (good[key].slice(2).match(/.{8}/g) ?? []).map(digits => Number.parseInt(digits, 16));
		for (let i = 0; i < 3 && fills.length > 1; i += 1) {
			const [from, to] = [dice(fills.length), dice(fills.length)];
			if (from === to || fills[from] === 0) continue;
			const moved = fills.map((fill, at) => fill + (at === to ? 1 : 0) - (at === from ? 1 : 0));
			all.push({...good, [key]: `0x${moved.map(fill => fill.toString(16).padStart(8, '0')).join('')}`});
		}
	}
	return all.filter(one => JSON.stringify(one) !== JSON.stringify(good));
}

test.serial('books by chance are cleared alike by the engine and by the contract, to the last lot and unit', async t => {
	const dice = createDice('books');
	const rounds: bigint[] = [];
	for (let i = 0; i < 16; i += 1) {
		const round = await openRound();
		rounds.push(round);
		// Every third book has few prices and few lots, so that ties are the rule; others are wide.
		const isNarrow = i % 3 !== 2;
		for (let orders = dice(16); orders > 0; orders -= 1) {
			const lots = isNarrow ? 1 + dice(5) : 1 + dice(0xffff_ffff);
			const limit = isNarrow ? 337_000 + 500 * dice(4) : 1 + dice(0x7fff_ffff) * 1024;
			await place(round, dice(2) === 0 ? 'buy' : 'sell', traders[dice(traders.length)]!, lots, limit);
		}
	}
	await pass(day);
	let [traded, refused] = [0, 0];
	const due = new Map<string, {money: bigint; mg: bigint}>();
	const before = new Map<string, readonly [bigint, bigint]>();
	for (const trader of traders) before.set(trader, [await moneyOf(trader), await allowancesOf(trader)]);
	for (const round of rounds) {
		const good = await clear(round);
		t.true(await isTaken(round, good), `round ${round}`);
		for (const bad of bent(good, dice)) {
			t.false(await isTaken(round, bad), `round ${round}: ${JSON.stringify(bad)} instead of ${JSON.stringify(good)}`);
			refused += 1;
		}
		const {bids, asks} = await auction.book(round);
		const restsBefore = (await auction.owed(rich.address, period)).units;
		await auction.settle(round, good);
		t.like(await auction.round(round), {settled: true, priceNanoPerLot: good.price, volumeLots: good.volume});
		if (good.volume > 0) traded += 1;

		// What each gets is what the engine's fills come to, whatever the contract thinks.
		const fillsOf = (packed: string): bigint[] => (packed.slice(2).match(/.{8}/g) ?? []).map(digits => BigInt(`0x${digits}`));
		let [paid, earned] = [0n, 0n];
		for (const [side, words, fills] of [
			['buy', bids, fillsOf(good.bidFills)],
			['sell', asks, fillsOf(good.askFills)],
		] as const)
			for (const [at, word] of words.entries()) {
				const {trader, lots, limitNanoPerLot} = roundOrder(word);
				const fill = fills[at]!;
				t.is(await auction.fillLots(round, side, at), Number(fill));
				const price = BigInt(good.price);
				const up = (nano: bigint): bigint => (nano + 999n) / 1000n;
				const money = side === 'buy' ? up(BigInt(lots) * BigInt(limitNanoPerLot)) - up(fill * price) : (fill * price) / 1000n;
				const mg = mgPerLot * (side === 'buy' ? fill : BigInt(lots) - fill);
				if (side === 'buy') paid += up(fill * price);
				else earned += money;
				const claim = auctionInterface.encodeFunctionData('claim', [round, side === 'buy' ? 1 : 2, at, trader]);
				const answer = (await chain.read(auction.contract, claim)) as {readonly value: string};
				t.deepEqual([...auctionInterface.decodeFunctionResult('claim', answer.value)], [money, mg]);
				await send(rich.address, auction.contract, claim);
				const was = due.get(trader) ?? {money: 0n, mg: 0n};
				due.set(trader, {money: was.money + money, mg: was.mg + mg});
			}
		t.is((await auction.owed(rich.address, period)).units - restsBefore, paid - earned);
	}
	t.true(traded >= 8 && refused >= 50, `${traded} traded, ${refused} refused`);
	for (const [trader, {money, mg}] of due) {
		const [moneyBefore, mgBefore] = before.get(trader)!;
		t.is((await moneyOf(trader)) - moneyBefore, money);
		t.is((await allowancesOf(trader)) - mgBefore, mg);
	}
	t.is(due.size, traders.length);
	const [collect] = auction.collectCalls(period, rich.address);
	if ((await auction.owed(rich.address, period)).units > 0n) await send(rich.address, collect!.to, collect!.data);
	t.is(await moneyOf(auction.contract), 0n);
	t.is(await allowancesOf(auction.contract), 0n);
});

test.serial('a full book of 128 orders a side is settled in one transaction', async t => {
	const dice = createDice('full');
	const round = await openRound();
	const gas: bigint[] = [];
	for (let i = 0; i < 128; i += 1) {
		// Prices that are all alike are the worst: every order shares one tier, and most of them tie.
		gas.push((await place(round, 'buy', traders[i % 8]!, 2 + dice(3), 500_000)).gasUsed);
		gas.push((await place(round, 'sell', traders[(i + 3) % 8]!, 1 + dice(3), 500_000)).gasUsed);
	}
	await pass(day);
	const clearing = await clear(round);
	const settled = await send(rich.address, auction.contract, auctionInterface.encodeFunctionData('settle', [round, clearing]));
	const claimed = await send(traders[0]!, auction.contract, auctionInterface.encodeFunctionData('claim', [round, 1, 0, traders[0]]));
	t.log(`deploy ${deployGas}, buy ${gas[2]}, sell ${gas[3]}, settle 128 + 128: ${settled.gasUsed}, claim ${claimed.gasUsed}`);
	t.true(settled.gasUsed < 4_000_000n);
});

test.serial('a wallet trades with the calls that are made for it, and a node without an auction is found out', async t => {
	const round = await openRound(day);
	const [buyer, seller] = [traders[0]!, traders[1]!];
	for (const {to, data} of auction.buyCalls(round, 3, 1_000_001)) await send(buyer, to, data);
	for (const {to, data} of auction.sellCalls(round, period, 3, 900_000)) await send(seller, to, data);
	t.like(await auction.round(round), {bids: 1, asks: 1, settled: false, period});
	t.is(await auction.round(9_999n), undefined);
	// Nobody settles: everything goes back.
	await pass(2 * day);
	const before = await moneyOf(buyer);
	await auction.claim(round, 'buy', 0);
	await auction.claim(round, 'buy', 0);
	t.is((await moneyOf(buyer)) - before, 3_001n);
	await t.throwsAsync(auction.settle(round, await clear(round)), {code: 'CHAIN_REFUSED', message: /TooLate\(/});
	await t.throwsAsync(openAuctionChain(needs(), {contract: auction.currency}), {code: 'CHAIN_MISMATCH', message: /no allowance auction/});
	await t.throwsAsync(
		transact(needs(), {to: auction.contract, data: '0x', value: 1n}, async () => false, 'sending Ether'),
		{code: 'CHAIN_REFUSED'},
	);
});
