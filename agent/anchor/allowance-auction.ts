// Speaks with an AllowanceAuction: puts one on a chain, reads rounds and their orders, settles them, and makes the calls that a trader's wallet sends.

import {getCreateAddress, Interface} from 'ethers';
import {allowanceAuctionAbi, allowanceAuctionBytecode} from '../../contracts/generated/allowance-auction.ts';
import {AgentError} from '../base/errors.ts';
import type {Chain} from './chain.ts';
import {type DeployNeeds, transact} from './deploy.ts';
import {explained, type MarketCall} from './market-chain.ts';

/** Times are s since 1970, a limit is nano-currency a lot of 1 kg CO2e. */
export type RoundTerms = {
	/** Id of the allowances. */
	readonly period: bigint;
	readonly closesAt: number;
	readonly settleBy: number;
	readonly lotsMin: number;
	readonly limitMin: number;
};

export type RoundOnChain = RoundTerms & {
	readonly bids: number;
	readonly asks: number;
	readonly settled: boolean;
	/** 0 while nothing was traded. */
	readonly priceNanoPerLot: number;
	readonly volumeLots: number;
};

/** As the contract checks it; see trade/allowance-round.ts. */
export type PostedClearing = {
	readonly volume: number;
	readonly price: number;
	readonly bidOrder: string;
	readonly askOrder: string;
	readonly bidFills: string;
	readonly askFills: string;
};

export type AuctionSide = 'buy' | 'sell';

export type AuctionChain = {
	readonly contract: string;
	/** Token of allowances (ERC-6909), and of the currency (ERC-20). */
	readonly allowances: string;
	readonly currency: string;
	readonly nanoPerUnit: bigint;
	/** undefined while there is none of this number; the first is 1. */
	readonly round: (round: bigint) => Promise<RoundOnChain | undefined>;
	/** Words by place, 0 for what was claimed. */
	readonly book: (round: bigint) => Promise<{readonly bids: readonly bigint[]; readonly asks: readonly bigint[]}>;
	readonly fillLots: (round: bigint, side: AuctionSide, place: number) => Promise<number>;
	/** What waits for an account outside of orders: units of currency; mg CO2e of a period. */
	readonly owed: (account: string, period: bigint) => Promise<{readonly units: bigint; readonly mg: bigint}>;
	/** Each sends one transaction of the signer's and resolves once its effect is there. */
	readonly openRound: (terms: RoundTerms) => Promise<bigint>;
	readonly settle: (round: bigint, clearing: PostedClearing) => Promise<void>;
	/** Pays the order's own trader: anybody may. */
	readonly claim: (round: bigint, side: AuctionSide, place: number) => Promise<void>;
	/** What a trader's wallet sends: first lets the auction take what the order may cost, then places it. */
	readonly buyCalls: (round: bigint, lots: number, limitNanoPerLot: number) => readonly MarketCall[];
	readonly sellCalls: (round: bigint, period: bigint, lots: number, limitNanoPerLot: number) => readonly MarketCall[];
	readonly collectCalls: (period: bigint, to: string) => readonly MarketCall[];
};

const auctionInterface = new Interface(allowanceAuctionAbi);
const tokenInterface = new Interface(['function approve(address spender, uint256 amount) returns (bool)']);
const allowanceInterface = new Interface(['function approve(address spender, uint256 id, uint256 amount) returns (bool)']);
const sideCodes = {buy: 1, sell: 2} as const;
/** mg CO2e a lot. */
const mgPerLot = 1_000_000n;

/** Deploys an auction with the signer, who has no part in it afterwards. */
export async function deployAllowanceAuction(
	needs: DeployNeeds,
	tokens: {readonly allowances: string; readonly currency: string},
): Promise<string> {
	const {chain, signer} = needs;
	const contract = getCreateAddress({from: signer.address, nonce: await chain.nonce(signer.address)}).toLowerCase();
	const data = allowanceAuctionBytecode + auctionInterface.encodeDeploy([tokens.allowances, tokens.currency]).slice(2);
	await transact(needs, {to: undefined, data, value: 0n}, () => chain.hasCode(contract), `deploying the allowance auction at ${contract}`);
	return contract;
}

/** Looks who is there. Fails with CHAIN_MISMATCH if it is no allowance auction. */
export async function openAuctionChain(needs: DeployNeeds, options: {readonly contract: string}): Promise<AuctionChain> {
	const {chain} = needs;
	const contract = options.contract.toLowerCase();
	const ask = (name: string, values: readonly unknown[] = []): Promise<readonly unknown[]> => read(chain, contract, name, values);
	const allowances = String((await ask('allowances'))[0]).toLowerCase();
	const currency = String((await ask('currency'))[0]).toLowerCase();
	const nanoPerUnit = (await ask('nanoPerUnit'))[0] as bigint;

	const round: AuctionChain['round'] = async number => {
		const found = (await ask('roundOf', [number]))[0] as Readonly<Record<string, bigint | boolean>>;
		if (found.closesAt === 0n) return undefined;
		return {
			period: found.period as bigint,
			closesAt: Number(found.closesAt),
			settleBy: Number(found.settleBy),
			lotsMin: Number(found.lotsMin),
			limitMin: Number(found.limitMin),
			bids: Number(found.bids),
			asks: Number(found.asks),
			settled: found.settled as boolean,
			priceNanoPerLot: Number(found.price),
			volumeLots: Number(found.volume),
		};
	};
	const book: AuctionChain['book'] = async number => {
		const [bids, asks] = (await ask('bookOf', [number])) as readonly [readonly bigint[], readonly bigint[]];
		return {bids: [...bids], asks: [...asks]};
	};
	const send = (data: string, isDone: () => Promise<boolean>, doing: string): Promise<void> =>
		transact(needs, {to: contract, data, value: 0n}, isDone, doing).catch(error => {
			throw explained(error, [auctionInterface]);
		});
	const call = (to: string, api: Interface, name: string, values: readonly unknown[]): MarketCall => ({
		to,
		data: api.encodeFunctionData(name, values),
	});
	const rounds = async (): Promise<bigint> => (await ask('rounds'))[0] as bigint;

	return {
		contract,
		allowances,
		currency,
		nanoPerUnit,
		round,
		book,
		fillLots: async (number, side, place) => Number((await ask('fillOf', [number, sideCodes[side], place]))[0]),
		owed: async (account, period) => ({
			units: (await ask('owed', [account]))[0] as bigint,
			mg: (await ask('owedMg', [period, account]))[0] as bigint,
		}),
		openRound: async terms => {
			const before = await rounds();
			let opened: bigint | undefined;
			// Others may open rounds at the same time: ours is the first new one with these terms.
			const isDone = async (): Promise<boolean> => {
				const newest = await rounds();
				for (let number = before + 1n; number <= newest && opened === undefined; number += 1n) {
					const found = await round(number);
					if (found !== undefined && hasTerms(found, terms)) opened = number;
				}
				return opened !== undefined;
			};
			const {period, closesAt, settleBy, lotsMin, limitMin} = terms;
			const data = auctionInterface.encodeFunctionData('openRound', [period, closesAt, settleBy, lotsMin, limitMin]);
			await send(data, isDone, `opening a round of allowances of period ${period}`);
			return opened!;
		},
		settle: (number, clearing) =>
			send(
				auctionInterface.encodeFunctionData('settle', [number, clearing]),
				async () => (await round(number))?.settled === true,
				`settling round ${number}`,
			),
		claim: async (number, side, place) => {
			const taken = async (): Promise<bigint> => {
				const {bids, asks} = await book(number);
				return (side === 'buy' ? bids : asks)[place] ?? 0n;
			};
			const order = await taken();
			if (order === 0n) return;
			const trader = `0x${(order >> 96n).toString(16).padStart(40, '0')}`;
			const data = auctionInterface.encodeFunctionData('claim', [number, sideCodes[side], place, trader]);
			await send(data, async () => (await taken()) === 0n, `claiming what order ${place} of round ${number} came to`);
		},
		buyCalls: (number, lots, limitNanoPerLot) => {
			const nano = BigInt(lots) * BigInt(limitNanoPerLot);
			return [
				call(currency, tokenInterface, 'approve', [contract, (nano + nanoPerUnit - 1n) / nanoPerUnit]),
				call(contract, auctionInterface, 'buy', [number, lots, limitNanoPerLot]),
			];
		},
		sellCalls: (number, period, lots, limitNanoPerLot) => [
			call(allowances, allowanceInterface, 'approve', [contract, period, BigInt(lots) * mgPerLot]),
			call(contract, auctionInterface, 'sell', [number, lots, limitNanoPerLot]),
		],
		collectCalls: (period, to) => [
			call(contract, auctionInterface, 'collect', [to]),
			call(contract, auctionInterface, 'collectAllowances', [period, to]),
		],
	};
}

function hasTerms(found: RoundOnChain, terms: RoundTerms): boolean {
	return (['period', 'closesAt', 'settleBy', 'lotsMin', 'limitMin'] as const).every(key => found[key] === terms[key]);
}

async function read(chain: Chain, to: string, name: string, values: readonly unknown[]): Promise<readonly unknown[]> {
	const answer = await chain.read(to, auctionInterface.encodeFunctionData(name, values));
	if ('value' in answer)
		try {
			return auctionInterface.decodeFunctionResult(name, answer.value);
		} catch {
			// Said below.
		}
	throw new AgentError('CHAIN_MISMATCH', `the contract at ${to} does not answer ${name}(): it is no allowance auction`, {
		hint: 'check the address of the auction, or deploy one',
	});
}
