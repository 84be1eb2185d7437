// Puts an energy market on a chain: its rules, its escrow and its court, each at an address that the others know before it is there.

import {getCreateAddress, Interface} from 'ethers';
import {energyMarketAbi, energyMarketBytecode} from '../../contracts/generated/energy-market.ts';
import {marketAnswersAbi, marketAnswersBytecode} from '../../contracts/generated/market-answers.ts';
import {marketCourtAbi, marketCourtBytecode} from '../../contracts/generated/market-court.ts';
import {marketDayJudgeAbi, marketDayJudgeBytecode} from '../../contracts/generated/market-day-judge.ts';
import {marketOrderJudgeAbi, marketOrderJudgeBytecode} from '../../contracts/generated/market-order-judge.ts';
import {marketReadingsAbi, marketReadingsBytecode} from '../../contracts/generated/market-readings.ts';
import {marketRulesAbi, marketRulesBytecode} from '../../contracts/generated/market-rules.ts';
import {marketSlotJudgeAbi, marketSlotJudgeBytecode} from '../../contracts/generated/market-slot-judge.ts';
import {AgentError} from '../base/errors.ts';
import {type DeployNeeds, transact} from './deploy.ts';

export type MarketTerms = {
	/** keccak256 of the market's name. */
	readonly market: string;
	/** An ERC-20 with at most nine decimals that takes no fee. */
	readonly token: string;
	readonly registry: string;
	/** Sets parameters and registers meters: the grid operator. */
	readonly dso: string;
	readonly params: {
		readonly feedInMicroPerKwh: number;
		readonly retailMicroPerKwh: number;
		readonly gridFeeMicroPerKwh: number;
		readonly lineLimitWh: number;
		readonly effectiveFromSlot: number;
		readonly gateLeadSeconds: number;
		readonly postWindowSeconds: number;
		/** 1 auction, 2 midmarket. */
		readonly pricing: number;
		/** 1 metered, 2 forward. */
		readonly mode: number;
		readonly grid: string;
		readonly retailer: string;
		readonly pool: string;
	};
	/** Seconds; the contract has bounds for each. */
	readonly paramsDelay: number;
	readonly challengeWindow: number;
	readonly readingDeadline: number;
	readonly answerWindow: number;
	readonly withdrawDelay: number;
	readonly escapeAfter: number;
	/** Token units. */
	readonly bondMin: bigint;
	readonly penalty: bigint;
	/** Of a demand for a reading, and of a challenge or demand before the court. */
	readonly demandStake: bigint;
};

export type DeployedMarket = {readonly contract: string; readonly rules: string; readonly court: string};

const marketInterface = new Interface(energyMarketAbi);
const rulesInterface = new Interface(marketRulesAbi);

/** Deploys with the signer, who becomes the operator. What was begun and broken off before is left where it lies. */
export async function deployMarket(needs: DeployNeeds, terms: MarketTerms): Promise<DeployedMarket> {
	const {chain, signer} = needs;
	const first = await chain.nonce(signer.address);
	const at = (place: number): string => getCreateAddress({from: signer.address, nonce: first + place}).toLowerCase();
	// The court's helpers ask the market who it is, so that they come behind it, and the court behind them.
	const [rules, contract, court] = [at(0), at(1), at(2 + courtHelpers.length)];
	const {market, token, registry, dso, params, paramsDelay, ...rest} = terms;
	await create(
		needs,
		rules,
		marketRulesBytecode + rulesInterface.encodeDeploy([{market, energyMarket: contract, dso, paramsDelay, params}]).slice(2),
		'the rules',
	);
	const config = {rules, token, registry, court, operator: signer.address, ...rest};
	await create(needs, contract, energyMarketBytecode + marketInterface.encodeDeploy([config]).slice(2), 'the market');
	for (const [place, {name, abi, bytecode}] of courtHelpers.entries())
		await create(needs, at(2 + place), bytecode + new Interface(abi).encodeDeploy([contract]).slice(2), `the court's ${name}`);
	const helpers = Object.fromEntries(courtHelpers.map(({name}, place) => [name, at(2 + place)]));
	const courtConfig = {market: contract, ...helpers, stake: terms.demandStake};
	await create(needs, court, marketCourtBytecode + new Interface(marketCourtAbi).encodeDeploy([courtConfig]).slice(2), 'the court');
	return {contract, rules, court};
}

/** What the court asks, by the names in its constructor. */
const courtHelpers = [
	{name: 'slotJudge', abi: marketSlotJudgeAbi, bytecode: marketSlotJudgeBytecode},
	{name: 'orderJudge', abi: marketOrderJudgeAbi, bytecode: marketOrderJudgeBytecode},
	{name: 'dayJudge', abi: marketDayJudgeAbi, bytecode: marketDayJudgeBytecode},
	{name: 'answers', abi: marketAnswersAbi, bytecode: marketAnswersBytecode},
	{name: 'readings', abi: marketReadingsAbi, bytecode: marketReadingsBytecode},
] as const;

async function create(needs: DeployNeeds, address: string, data: string, what: string): Promise<void> {
	await transact(needs, {to: undefined, data, value: 0n}, () => needs.chain.hasCode(address), `deploying ${what} at ${address}`);
}

export type RegisteredMeter = {
	readonly meter: string;
	readonly importSubject: string;
	readonly exportSubject: string;
	readonly cadenceMs: number;
	readonly owner: string;
	readonly fromSlot: number;
	readonly maxExportWh: number;
	readonly maxImportWh: number;
	readonly logId: string;
	readonly isOperators: boolean;
};

/** Registers a meter as the grid operator, unless it is. */
export async function registerMeter(needs: DeployNeeds, rules: string, meter: RegisteredMeter): Promise<void> {
	const {chain} = needs;
	const {owner, fromSlot, maxExportWh, maxImportWh, importSubject, exportSubject, cadenceMs} = meter;
	const isThere = async (): Promise<boolean> => {
		const answer = await chain.read(rules, rulesInterface.encodeFunctionData('meterTerms', [meter.meter]));
		if (!('value' in answer)) throw new AgentError('CHAIN_MISMATCH', `the contract at ${rules} does not answer meterTerms()`);
		const [terms] = rulesInterface.decodeFunctionResult('meterTerms', answer.value) as unknown as [{readonly cadenceMs: bigint}];
		return terms.cadenceMs !== 0n;
	};
	if (await isThere()) return;
	const data = rulesInterface.encodeFunctionData('registerMeter', [
		meter.meter,
		{importSubject, exportSubject, cadenceMs, deviceKey: `0x${'0'.repeat(64)}`},
		{owner, fromSlot, maxExportWh, maxImportWh},
		meter.logId,
		meter.isOperators,
	]);
	await transact(needs, {to: rules, data, value: 0n}, isThere, `registering meter ${meter.meter}`);
}

const tokenInterface = new Interface([
	'function approve(address spender, uint256 value) returns (bool)',
	'function allowance(address owner, address spender) view returns (uint256)',
	'function balanceOf(address account) view returns (uint256)',
	'function mint(address to, uint256 value)',
]);

/** Reads one number of a contract. */
async function readNumber({chain}: DeployNeeds, to: string, api: Interface, name: string, values: readonly unknown[]): Promise<bigint> {
	const answer = await chain.read(to, api.encodeFunctionData(name, values));
	if (!('value' in answer)) throw new AgentError('CHAIN_MISMATCH', `the contract at ${to} does not answer ${name}(): ${answer.refused}`);
	return BigInt(api.decodeFunctionResult(name, answer.value)[0] as bigint);
}

/** A token of no worth, which anybody may mint: for simulated communities. */
export async function deployTestToken(needs: DeployNeeds, bytecode: string): Promise<string> {
	const address = getCreateAddress({from: needs.signer.address, nonce: await needs.chain.nonce(needs.signer.address)}).toLowerCase();
	await create(needs, address, bytecode, 'a test token');
	return address;
}

/** Mints test tokens until an account has so many. */
export async function mintTestTokens(needs: DeployNeeds, token: string, to: string, amount: bigint): Promise<void> {
	const balance = (): Promise<bigint> => readNumber(needs, token, tokenInterface, 'balanceOf', [to]);
	const has = await balance();
	if (has >= amount) return;
	const data = tokenInterface.encodeFunctionData('mint', [to, amount - has]);
	await transact(needs, {to: token, data, value: 0n}, async () => (await balance()) >= amount, `minting test tokens for ${to}`);
}

/** Brings the operator's bond to at least `amount` token units, from the signer's own tokens. */
export async function fundBond(needs: DeployNeeds, market: string, token: string, amount: bigint): Promise<void> {
	const bond = (): Promise<bigint> => readNumber(needs, market, marketInterface, 'bond', []);
	const has = await bond();
	if (has >= amount) return;
	await allow(needs, market, token, amount - has);
	const data = marketInterface.encodeFunctionData('fundBond', [amount - has]);
	await transact(needs, {to: market, data, value: 0n}, async () => (await bond()) >= amount, 'funding the bond');
}

/** Brings the signer's deposit in the market to at least `amount` token units. */
export async function deposit(needs: DeployNeeds, market: string, token: string, amount: bigint): Promise<void> {
	const deposited = async (): Promise<bigint> => readNumber(needs, market, marketInterface, 'accountOf', [needs.signer.address]);
	const has = await deposited();
	if (has >= amount) return;
	await allow(needs, market, token, amount - has);
	const data = marketInterface.encodeFunctionData('deposit', [amount - has]);
	await transact(needs, {to: market, data, value: 0n}, async () => (await deposited()) >= amount, 'a deposit');
}

async function allow(needs: DeployNeeds, market: string, token: string, amount: bigint): Promise<void> {
	const {signer} = needs;
	const allowance = (): Promise<bigint> => readNumber(needs, token, tokenInterface, 'allowance', [signer.address, market]);
	if ((await allowance()) >= amount) return;
	const data = tokenInterface.encodeFunctionData('approve', [market, amount]);
	await transact(needs, {to: token, data, value: 0n}, async () => (await allowance()) >= amount, 'approving token units');
}
