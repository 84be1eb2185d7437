// Takes a market through a day on a real chain with what TypeScript commits to, and prints what its transactions cost.
import test from 'ava';
import {
	Contract,
	ContractFactory,
	type ContractTransactionResponse,
	concat,
	getCreateAddress,
	JsonRpcProvider,
	type JsonRpcSigner,
	keccak256,
	type TransactionReceipt,
	toBeHex,
	toUtf8Bytes,
	ZeroHash,
	zeroPadValue,
} from 'ethers';
import {commitSlot, orderSetOf, type SideCertificate, type SlotOrder} from '../../agent/trade/certificate.ts';
import {clear} from '../../agent/trade/clear.ts';
import {sentinelOf, type TierLeaf, zeroHash} from '../../agent/trade/commitment.ts';
import {createDay, type DayCommitment} from '../../agent/trade/day.ts';
import {energyMarketAbi, energyMarketBytecode} from '../../contracts/generated/energy-market.ts';
import {marketRulesAbi, marketRulesBytecode} from '../../contracts/generated/market-rules.ts';
import {testTokenAbi, testTokenBytecode} from '../../contracts/generated/test-token.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';

const tariff = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000};
const grid = '0x0000000000000000000000000000000000001001';
const retailer = '0x0000000000000000000000000000000000001002';
const pool = '0x0000000000000000000000000000000000001003';
/** How long a day waits for readings, and then for challenges. */
const [readingDeadline, challengeWindow] = [86_400, 172_800];

type World = {
	readonly provider: JsonRpcProvider;
	readonly operator: JsonRpcSigner;
	readonly seller: JsonRpcSigner;
	readonly buyer: JsonRpcSigner;
	readonly market: Contract;
	readonly token: Contract;
	readonly firstSlot: number;
	readonly deployGas: readonly bigint[];
};

let world: World;
let anvil: Anvil;

async function mined(sent: Promise<ContractTransactionResponse>): Promise<TransactionReceipt> {
	const receipt = await (await sent).wait(1, 30_000);
	if (receipt === null) throw new Error('expected a mined transaction');
	return receipt;
}

/** The time of the next block, in seconds. */
async function warp(to: number): Promise<void> {
	await world.provider.send('evm_setNextBlockTimestamp', [to]);
}

test.before(async () => {
	anvil = await startAnvil();
	const provider = new JsonRpcProvider(anvil.url, undefined, {cacheTimeout: -1, batchMaxCount: 1, pollingInterval: 20});
	const [operator, seller, buyer] = [await provider.getSigner(0), await provider.getSigner(1), await provider.getSigner(2)];
	const token = await new ContractFactory(testTokenAbi, testTokenBytecode, operator).deploy();
	// The beginning of the day after next.
	const firstSlot = 96 * (Math.floor((await provider.getBlock('latest'))!.timestamp / 86_400) + 2);
	const nonce = await operator.getNonce();
	const at = (place: number): string => getCreateAddress({from: operator.address, nonce: nonce + place});
	const params = {
		...tariff,
		lineLimitWh: 0,
		effectiveFromSlot: firstSlot,
		gateLeadSeconds: 300,
		postWindowSeconds: 0,
		pricing: 1,
		mode: 2,
		grid,
		retailer,
		pool,
	};
	const rulesConfig = {
		market: keccak256(toUtf8Bytes('north-quay')),
		energyMarket: at(1),
		dso: operator.address,
		paramsDelay: 86_400,
		params,
	};
	const rules = await new ContractFactory(marketRulesAbi, marketRulesBytecode, operator).deploy(rulesConfig);
	const config = {
		rules: at(0),
		token: await token.getAddress(),
		registry: operator.address,
		// Any contract stands in for the court here.
		court: await token.getAddress(),
		operator: operator.address,
		challengeWindow,
		readingDeadline,
		answerWindow: 86_400,
		withdrawDelay: 7 * 86_400,
		escapeAfter: 14 * 86_400,
		bondMin: 1_000_000n,
		penalty: 1_000_000n,
		demandStake: 1000n,
	};
	const market = await new ContractFactory(energyMarketAbi, energyMarketBytecode, operator).deploy(config);
	const deployGas = await Promise.all([rules, market].map(async one => (await one.deploymentTransaction()!.wait())!.gasUsed));
	world = {
		provider,
		operator,
		seller,
		buyer,
		market: new Contract(await market.getAddress(), energyMarketAbi, operator),
		token: new Contract(await token.getAddress(), testTokenAbi, operator),
		firstSlot,
		deployGas,
	};
	for (const [who, amount] of [
		[operator, 1_000_000n],
		[buyer, 10_000_000_000n],
		[seller, 1_000_000n],
	] as const) {
		await mined(world.token.getFunction('mint')(who.address, amount));
		await mined(world.token.connect(who).getFunction('approve')(await market.getAddress(), amount));
	}
	await mined(world.market.getFunction('fundBond')(1_000_000n));
	await mined(world.market.connect(buyer).getFunction('deposit')(10_000_000_000n));
	await mined(world.market.connect(seller).getFunction('deposit')(1_000_000n));
});

test.after.always(async () => {
	world?.provider.destroy();
	await anvil?.stop();
});

/** One order in each of so many tiers a side; the prices cross in the middle, so that both sides end between two tiers. */
function slotOf(slot: number, tiers: number) {
	const step = Math.floor(90_000 / (tiers / 2));
	const orders: SlotOrder[] = [];
	for (let at = 0; at < 2 * tiers; at += 1) {
		const [isBuy, place] = [at % 2 === 0, Math.floor(at / 2)];
		const energyPrice = isBuy ? 260_000 - step * place - 1 : 80_000 + step * place + 1;
		orders.push({
			hash: keccak256(toBeHex(slot * 100_000 + at)),
			side: isBuy ? 'buy' : 'sell',
			quantityWh: 1000 + (at % 7),
			limitMicroPerKwh: isBuy ? energyPrice + tariff.gridFeeMicroPerKwh : energyPrice,
			minQuantityWh: 0,
			sequence: at + 1,
			meter: keccak256(toBeHex(at)),
		});
	}
	const set = orderSetOf(orders.map(({sequence, hash}) => ({sequence, orderHash: hash, cancellation: undefined})));
	const cleared = clear(orders, {...tariff, pricing: 'auction', lineLimitWh: undefined}, set.seed);
	return commitSlot({slot, paramsVersion: 1, mode: 'forward'}, set, orders, cleared);
}

/** The arguments of postSlot. */
function posting({header, certificate}: ReturnType<typeof slotOf>): unknown[] {
	const tier = ({priceMicroPerKwh, quantityWh, ordersRoot}: TierLeaf) => ({price: priceMicroPerKwh, quantityWh, ordersRoot});
	const side = ({lastIndex, last, next}: SideCertificate) => ({
		index: lastIndex,
		last: tier(last.tier),
		lastPath: concat(last.path),
		next: tier(next?.tier ?? {...sentinelOf('bids'), ordersRoot: zeroHash}),
		nextPath: concat(next?.path ?? []),
	});
	const {priceBuyMicroPerKwh, priceSellMicroPerKwh, mode, ...rest} = header;
	return [
		{...rest, mode: mode === 'forward' ? 2 : 1, priceBuy: priceBuyMicroPerKwh, priceSell: priceSellMicroPerKwh},
		{bids: side(certificate.bids), asks: side(certificate.asks)},
	];
}

test.serial('slots of thousands of tiers are posted, and cost what was promised', async t => {
	await warp(world.firstSlot * 900);
	const gas = new Map<number, bigint>();
	for (const [at, tiers] of [128, 128, 1024, 4096, 8192, 16_384].entries()) {
		const slot = slotOf(world.firstSlot + at, tiers);
		if (at === 1) await warp((world.firstSlot + 20) * 900);
		const receipt = await mined(world.market.getFunction('postSlot')(...posting(slot)));
		t.is(await world.market.getFunction('slotCommit')(slot.header.slot), slot.headerHash);
		gas.set(tiers, receipt.gasUsed);
	}
	t.log(`deploying rules and market: ${world.deployGas.join(' and ')} gas`);
	for (const [tiers, used] of gas) t.log(`posting a slot of ${tiers} tiers a side: ${used} gas`);
	t.true(gas.get(8192)! <= 180_000n, `${gas.get(8192)}`);
	t.true(gas.get(16_384)! - gas.get(8192)! <= 10_000n, `${gas.get(16_384)! - gas.get(8192)!}`);
	t.true(Number(gas.get(8192)!) / 10_000 <= 20, 'gas a participant-slot at 10,000 homes');
});

/** A day of 10,000 homes that sell and buy from each other; two of them are ours. */
function dayOf(day: number, sellerNano: bigint): DayCommitment {
	const builder = createDay(day);
	const opening = new Map<string, bigint>();
	for (let home = 0; home < 9995; home += 1) {
		const account = zeroPadValue(keccak256(toBeHex(home)).slice(0, 42), 20);
		opening.set(account, home === 9994 ? 0n : home % 2 === 0 ? 41_237_512_345n : -41_237_512_345n);
	}
	opening.set(world.seller.address.toLowerCase(), sellerNano);
	opening.set(world.buyer.address.toLowerCase(), -sellerNano);
	return builder.close(opening, new Map([grid, retailer, pool].map(account => [account, 0n])));
}

test.serial('a day of ten thousand accounts is posted, and a payout is claimed with its proof', async t => {
	const day = world.firstSlot / 96;
	const committed = dayOf(day, 76_123_456_789n);
	t.is(committed.header.accountCount, 10_000);
	const opensAt = (day + 1) * 86_400 + readingDeadline;
	await warp(opensAt);
	const posted = await mined(world.market.getFunction('postDay')(committed.header, committed.balancesOpening));
	t.is((await world.market.getFunction('dayCommit')(day))[0], committed.headerHash);
	await warp(opensAt + challengeWindow);
	const account = world.seller.address.toLowerCase();
	const {index, balance, path} = committed.balanceProof(account)!;
	const before = (await world.token.getFunction('balanceOf')(account)) as bigint;
	const claim = await mined(world.market.connect(world.seller).getFunction('claim')(committed.header, balance, index, concat(path)));
	t.is(((await world.token.getFunction('balanceOf')(account)) as bigint) - before, 76_123_456n);
	t.log(`posting a day: ${posted.gasUsed} gas; a first claim, ${path.length} levels: ${claim.gasUsed} gas`);
	t.true(claim.gasUsed <= 95_000n, `${claim.gasUsed}`);

	const next = dayOf(day + 1, 80_123_456_789n);
	await warp(opensAt + challengeWindow + 86_400);
	const again = await mined(world.market.getFunction('postDay')(next.header, next.balancesOpening));
	await warp(opensAt + 2 * challengeWindow + 86_400);
	const proof = next.balanceProof(account)!;
	const second = await mined(
		world.market.connect(world.seller).getFunction('claim')(next.header, proof.balance, proof.index, concat(proof.path)),
	);
	t.log(`posting the next day: ${again.gasUsed} gas; a later claim: ${second.gasUsed} gas`);
	t.not(ZeroHash, next.headerHash);
});
