// Takes what TypeScript commits to before the court on a real chain node: honest slots and days are acquitted of everything, and each lie is convicted of its own wrong.
import test, {type ExecutionContext} from 'ava';
import {Contract, ContractFactory, getCreateAddress, type InterfaceAbi, JsonRpcProvider, type JsonRpcSigner} from 'ethers';
import {commitSlot, orderSetOf, type SlotCommitment, type SlotOrder} from '../../agent/trade/certificate.ts';
import {type Clearing, clear} from '../../agent/trade/clear.ts';
import {
	balanceOpening,
	certificateOf,
	fillOpening,
	headerOf,
	orderOpening,
	rowOpening,
	tierOpening,
} from '../../agent/trade/court-openings.ts';
import {createDay, type DayCommitment, type DayRow} from '../../agent/trade/day.ts';
import {settle} from '../../agent/trade/settle.ts';
import {energyMarketAbi, energyMarketBytecode} from '../../contracts/generated/energy-market.ts';
import {marketAnswersAbi, marketAnswersBytecode} from '../../contracts/generated/market-answers.ts';
import {marketCourtAbi, marketCourtBytecode} from '../../contracts/generated/market-court.ts';
import {marketDayJudgeAbi, marketDayJudgeBytecode} from '../../contracts/generated/market-day-judge.ts';
import {marketOrderJudgeAbi, marketOrderJudgeBytecode} from '../../contracts/generated/market-order-judge.ts';
import {marketReadingsAbi, marketReadingsBytecode} from '../../contracts/generated/market-readings.ts';
import {marketRulesAbi, marketRulesBytecode} from '../../contracts/generated/market-rules.ts';
import {marketSlotJudgeAbi, marketSlotJudgeBytecode} from '../../contracts/generated/market-slot-judge.ts';
import {testTokenAbi, testTokenBytecode} from '../../contracts/generated/test-token.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';
import {hashOf, order, rules, tariff} from '../trade/world.ts';

const addressOf = (n: number): string => `0x${n.toString(16).padStart(40, '0')}`;
const [grid, retailer, pool] = [addressOf(0xf0), addressOf(0xf1), addressOf(0xf2)];
const targets = {slot: 1, day: 2} as const;
const judges = {slot: 0, order: 1, day: 2} as const;
const stake = 1000n;
const penalty = 1_000_000n;

type World = {
	readonly provider: JsonRpcProvider;
	readonly market: Contract;
	readonly rules: Contract;
	readonly court: Contract;
	readonly slotJudge: Contract;
	readonly dayJudge: Contract;
	readonly firstSlot: number;
	readonly owners: readonly string[];
};
let world: World;
let anvil: Anvil;

test.before(async () => {
	anvil = await startAnvil();
	const provider = new JsonRpcProvider(anvil.url, undefined, {cacheTimeout: -1, batchMaxCount: 1, pollingInterval: 20});
	const operator = await provider.getSigner(0);
	const owners = await Promise.all([1, 2, 3, 4, 5].map(async at => (await provider.getSigner(at)).address.toLowerCase()));
	let nonce = await operator.getNonce();
	const at = (place: number): string => getCreateAddress({from: operator.address, nonce: nonce + place});
	const deploy = (abi: InterfaceAbi, bytecode: string, ...values: unknown[]): Promise<Contract> =>
		deployed(operator, abi, bytecode, values);
	const token = await deploy(testTokenAbi, testTokenBytecode);
	const firstSlot = 96 * (Math.floor((await provider.getBlock('latest'))!.timestamp / 86_400) + 2);
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
	nonce += 1;
	const rulesContract = await deploy(marketRulesAbi, marketRulesBytecode, {
		market: hashOf(1),
		energyMarket: at(1),
		dso: operator.address,
		paramsDelay: 86_400,
		params,
	});
	const market = await deploy(energyMarketAbi, energyMarketBytecode, {
		rules: at(0),
		token: await token.getAddress(),
		registry: operator.address,
		court: at(7),
		operator: operator.address,
		challengeWindow: 172_800,
		readingDeadline: 3600,
		answerWindow: 86_400,
		withdrawDelay: 7 * 86_400,
		escapeAfter: 14 * 86_400,
		bondMin: penalty,
		penalty,
		demandStake: stake,
	});
	const ofMarket = await market.getAddress();
	const slotJudge = await deploy(marketSlotJudgeAbi, marketSlotJudgeBytecode, ofMarket);
	const orderJudge = await deploy(marketOrderJudgeAbi, marketOrderJudgeBytecode, ofMarket);
	const dayJudge = await deploy(marketDayJudgeAbi, marketDayJudgeBytecode, ofMarket);
	const answers = await deploy(marketAnswersAbi, marketAnswersBytecode, ofMarket);
	const readings = await deploy(marketReadingsAbi, marketReadingsBytecode, ofMarket);
	const court = await deploy(marketCourtAbi, marketCourtBytecode, {
		market: ofMarket,
		slotJudge: await slotJudge.getAddress(),
		orderJudge: await orderJudge.getAddress(),
		dayJudge: await dayJudge.getAddress(),
		answers: await answers.getAddress(),
		readings: await readings.getAddress(),
		stake,
	});
	await mined(token.getFunction('mint')(operator.address, 10n ** 15n));
	await mined(token.getFunction('approve')(ofMarket, 10n ** 15n));
	await mined(market.getFunction('fundBond')(100n * penalty));
	await mined(market.getFunction('fundCredit')(1_000_000n));
	// Everybody can pay what this test can make them owe.
	for (const account of [...owners, grid, retailer, pool]) await mined(market.getFunction('depositFor')(account, 10n ** 9n));
	for (const [place, owner] of owners.entries())
		await mined(
			rulesContract.getFunction('registerMeter')(
				hashOf(900 + place),
				{importSubject: hashOf(2 * place + 1), exportSubject: hashOf(2 * place + 2), cadenceMs: 60_000, deviceKey: hashOf(0)},
				{owner, fromSlot: firstSlot, maxExportWh: 5000, maxImportWh: 5000},
				hashOf(70 + place),
				true,
			),
		);
	world = {provider, market, rules: rulesContract, court, slotJudge, dayJudge, firstSlot, owners};
});

test.after.always(async () => {
	await anvil?.stop();
});

async function deployed(signer: JsonRpcSigner, abi: InterfaceAbi, bytecode: string, values: readonly unknown[]): Promise<Contract> {
	const contract = await new ContractFactory(abi, bytecode, signer).deploy(...values);
	await contract.waitForDeployment();
	return new Contract(await contract.getAddress(), abi, signer);
}

async function mined(sent: Promise<{readonly wait: () => Promise<unknown>}>): Promise<void> {
	await (await sent).wait();
}

const orders: readonly SlotOrder[] = [
	order(0xa, 'sell', 1000, 100_000),
	order(0xb, 'sell', 500, 150_000),
	order(0xc, 'buy', 800, 280_000),
	order(0xd, 'buy', 900, 220_000),
	order(0xe, 'buy', 301, 220_000),
].map((one, at) => ({...one, sequence: at + 1, meter: hashOf(900 + at)}));

function committed(slot: number, change: (cleared: Clearing) => Clearing = cleared => cleared): SlotCommitment {
	const set = orderSetOf(orders.map(({sequence, hash}) => ({sequence, orderHash: hash, cancellation: undefined})));
	return commitSlot({slot, paramsVersion: 1, mode: 'forward'}, set, orders, change(clear(orders, rules, set.seed)));
}

/** Before the gate of its slot nothing is posted, and each test has slots of its own. */
async function post(commitment: SlotCommitment): Promise<void> {
	const gate = commitment.header.slot * 900 - 300;
	const now = (await world.provider.getBlock('latest'))!.timestamp;
	if (now < gate) await world.provider.send('evm_setNextBlockTimestamp', [gate]);
	await mined(world.market.getFunction('postSlot')(headerOf(commitment.header), certificateOf(commitment)));
}

const noHeader = {
	slot: 0,
	paramsVersion: 0,
	mode: 0,
	orderCount: 0,
	orderSetRoot: hashOf(0),
	bidTiers: 0,
	bidRoot: hashOf(0),
	askTiers: 0,
	askRoot: hashOf(0),
	volumeWh: 0,
	priceBuy: 0,
	priceSell: 0,
};

/** What the judge says when it is asked without a stake: the reason, or the name of its error. */
async function asked(judge: Contract, name: string, values: readonly unknown[]): Promise<string> {
	try {
		const {reason} = await judge.getFunction(name).staticCall(...values);
		return Buffer.from(reason.slice(2), 'hex').toString().replaceAll('\0', '');
	} catch (error) {
		return (error as {readonly revert?: {readonly name: string}}).revert?.name ?? String(error);
	}
}

async function challenge(
	t: ExecutionContext,
	target: 'slot' | 'day',
	number: number,
	judge: 'slot' | 'day',
	name: string,
	values: readonly unknown[],
): Promise<boolean> {
	const contract = judge === 'slot' ? world.slotJudge : world.dayJudge;
	const call = contract.interface.encodeFunctionData(name, values);
	const argument = [targets[target], number, judges[judge], call];
	const won = await world.court.getFunction('challenge').staticCall(...argument);
	await mined(world.court.getFunction('challenge')(...argument));
	t.log(`${name}: ${won ? 'won' : 'lost'}`);
	return won;
}

test.serial('an honest slot of TypeScript is acquitted of everything', async t => {
	const made = committed(world.firstSlot + 1);
	await post(made);
	const header = headerOf(made.header);
	for (const side of ['bids', 'asks'] as const) {
		for (let tier = 0; tier <= made[side].tiers.length; tier += 1)
			t.is(await asked(world.slotJudge, 'tierWrong', [header, tierOpening(made, side, tier)]), 'NothingWrong');
		t.is(await asked(world.slotJudge, 'tiersUnsorted', [header, tierOpening(made, side, 0), tierOpening(made, side, 1)]), 'NothingWrong');
		for (const [tier, {fillLeaves}] of made[side].tiers.entries())
			for (const index of fillLeaves.keys())
				t.is(await asked(world.slotJudge, 'fillWrong', [header, fillOpening(made, side, tier, index)]), 'NothingWrong');
	}
	for (let at = 0; at < 4; at += 1)
		t.is(await asked(world.slotJudge, 'ordersUnsorted', [header, orderOpening(made, at), orderOpening(made, at + 1)]), 'NothingWrong');
	t.false(await challenge(t, 'slot', made.header.slot, 'slot', 'fillWrong', [header, fillOpening(made, 'bids', 1, 0)]));
	t.is(await world.market.getFunction('slotStatus')(made.header.slot), 1n);
});

test.serial('a slot whose certificate holds and whose shares do not is void, and its bond falls', async t => {
	const made = committed(world.firstSlot + 2, cleared => ({...cleared, fillsWh: [1000, 500, 800, 535, 165]}));
	await post(made);
	const before: bigint = await world.market.getFunction('bond')();
	t.true(await challenge(t, 'slot', made.header.slot, 'slot', 'fillWrong', [headerOf(made.header), fillOpening(made, 'bids', 1, 0)]));
	t.is(await world.market.getFunction('slotStatus')(made.header.slot), 2n);
	t.is(before - (await world.market.getFunction('bond')()), penalty);
});

test.serial('a slot whose last Wh went to the smaller remainder is void', async t => {
	const made = committed(world.firstSlot + 3, cleared => ({...cleared, fillsWh: [1000, 500, 800, 524, 176]}));
	await post(made);
	const header = headerOf(made.header);
	t.is(await asked(world.slotJudge, 'fillWrong', [header, fillOpening(made, 'bids', 1, 1)]), 'NothingWrong');
	const {fill, index, path} = fillOpening(made, 'bids', 1, 0) as {fill: object; index: number; path: string};
	t.true(
		await challenge(t, 'slot', made.header.slot, 'slot', 'dealtWrong', [header, fillOpening(made, 'bids', 1, 1), {fill, index, path}]),
	);
});

type Lie = {readonly row?: (row: DayRow, at: number) => DayRow};

/** The first day, with the rows of one traded slot and of one that was never posted. */
function dayOf(slot: SlotCommitment, lie: Lie = {}): DayCommitment {
	const builder = createDay(world.firstSlot / 96);
	const totals = new Map([grid, retailer, pool].map(account => [account, 0n]));
	const book = (account: string, amount: bigint): unknown => totals.set(account, totals.get(account)! + amount);
	let place = 0;
	for (const number of [slot.header.slot, slot.header.slot + 50]) {
		const isTraded = number === slot.header.slot;
		const contracted = isTraded ? [1000, 500, -800, -525, -175] : [0, 0, 0, 0, 0];
		const positions = world.owners.map((account, at) => ({
			account,
			contractedWh: contracted[at]!,
			meteredWh: [600, 560, -800, -425, -175][at]!,
			usualImportWh: 0,
		}));
		const prices = isTraded ? slot.header : {priceBuyMicroPerKwh: undefined, priceSellMicroPerKwh: undefined};
		const settled = settle(positions, prices, tariff);
		book(grid, settled.accounts.gridNano);
		book(retailer, settled.accounts.retailerNano);
		book(pool, settled.accounts.poolNano);
		for (const [at, {account, contractedWh, meteredWh, netNano}] of settled.rows.entries()) {
			const honest: DayRow = {
				account,
				slot: number,
				meter: hashOf(900 + at),
				orderHash: contractedWh === 0 ? undefined : orders[at]!.hash,
				contractedWh,
				meteredWh,
				usualImportWh: 0,
				flags: 0,
				importFrom: 1,
				importTo: 2,
				exportFrom: 3,
				exportTo: 4,
				netNano,
			};
			const row = lie.row?.(honest, place) ?? honest;
			// What a row gains by a lie, the pool loses: money sums to zero all the same.
			book(pool, netNano - row.netNano);
			builder.add(row);
			place += 1;
		}
	}
	return builder.close(new Map(), totals);
}

async function postDay(day: DayCommitment): Promise<void> {
	const opensAt = (day.header.day + 1) * 86_400 + 3600;
	const now = (await world.provider.getBlock('latest'))!.timestamp;
	if (now < opensAt) await world.provider.send('evm_setNextBlockTimestamp', [opensAt]);
	await mined(world.market.getFunction('postDay')(day.header, day.balancesOpening));
}

test.serial('an honest day of TypeScript is acquitted of everything, and days that lie are void, each for its own wrong', async t => {
	const slot = committed(world.firstSlot + 5);
	await post(slot);
	const number = world.firstSlot / 96;
	const header = headerOf(slot.header);
	const headerFor = (day: DayCommitment, at: number): object => (day.rowAt(at).slot === slot.header.slot ? header : noHeader);
	const rowWrong = (day: DayCommitment, at: number): unknown[] => [day.header, rowOpening(day, at), headerFor(day, at)];

	const lies: {readonly lie: Lie; readonly name: string; readonly values: (day: DayCommitment) => unknown[]; readonly reason: string}[] = [
		{
			lie: {row: (row, at) => (at === 2 ? {...row, netNano: row.netNano + 1n} : row)},
			name: 'rowWrong',
			values: day => rowWrong(day, day.findRow(world.owners[2]!, slot.header.slot, hashOf(902))!),
			reason: 'row-net',
		},
		{
			lie: {row: (row, at) => (at === 3 ? {...row, contractedWh: -524, netNano: row.netNano - 80_000n} : row)},
			name: 'contractWrong',
			values: day => [
				day.header,
				rowOpening(day, day.findRow(world.owners[3]!, slot.header.slot, hashOf(903))!),
				header,
				fillOpening(slot, 'bids', 1, 0),
			],
			reason: 'row-contract',
		},
	];
	for (const {lie, name, values, reason} of lies) {
		const day = dayOf(slot, lie);
		await postDay(day);
		t.is(await asked(world.dayJudge, name, values(day)), reason);
		t.true(await challenge(t, 'day', number, 'day', name, values(day)));
		t.is(Number(await world.market.getFunction('latestDay')()), number - 1);
	}

	const day = dayOf(slot);
	await postDay(day);
	for (let at = 0; at < day.header.rowCount; at += 1) {
		t.is(await asked(world.dayJudge, 'rowWrong', rowWrong(day, at)), 'NothingWrong');
		if (at + 1 === day.header.rowCount) continue;
		t.is(await asked(world.dayJudge, 'rowsUnsorted', [day.header, rowOpening(day, at), rowOpening(day, at + 1)]), 'NothingWrong');
		const isOne = day.rowAt(at).account === day.rowAt(at + 1).account;
		const step = await asked(world.dayJudge, 'stepWrong', [day.header, rowOpening(day, at), rowOpening(day, at + 1)]);
		t.is(step, isOne ? 'NothingWrong' : 'NotRelated');
	}
	for (const {account, firstRow, rowCount} of day.balances) {
		const opening = balanceOpening(day, account);
		t.is(await asked(world.dayJudge, 'insolvent', [day.header, opening]), 'NothingWrong');
		for (let at = 0; at < day.header.rowCount; at += 3)
			t.is(await asked(world.dayJudge, 'balanceWrong', [day.header, opening, rowOpening(day, at)]), 'NothingWrong');
		if (rowCount > 0)
			t.is(await asked(world.dayJudge, 'balanceWrong', [day.header, opening, rowOpening(day, firstRow + rowCount - 1)]), 'NothingWrong');
	}
	t.false(await challenge(t, 'day', number, 'day', 'rowWrong', rowWrong(day, 0)));
	t.is(Number(await world.market.getFunction('latestDay')()), number);
});
