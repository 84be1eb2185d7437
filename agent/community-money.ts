// The money of a community that lives on a local chain: deploys its market, lets every home deposit, and in the end pays everybody what the last final day says.

import {openChain} from './anchor/chain.ts';
import {transact} from './anchor/deploy.ts';
import type {Signer} from './anchor/keystore.ts';
import {signerFromKey} from './anchor/keystore.ts';
import {deposit, mintTestTokens} from './anchor/market-deploy.ts';
import type {MarketClient} from './api/client.ts';
import {toPrefixedHex, utf8} from './base/bytes.ts';
import {systemClock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import {keccak256} from './base/hash.ts';
import {askNode, playMoneyKey} from './local-chain.ts';
import {type PreparedMarket, prepareMarketContract} from './market-deploying.ts';
import {openMarketKey} from './marketplace.ts';
import type {Site} from './site.ts';

export type GasReport = {readonly transactions: number; readonly mean: number; readonly most: number};

export type MoneyReport = {
	/** Accounts that the last final day owes something, each paid by a claim; and those that got something else than the judge says. */
	readonly claims: number;
	readonly different: number;
	/** Token units that were paid in all. */
	readonly paidUnits: string;
	readonly gas: {readonly postSlot: GasReport; readonly postDay: GasReport; readonly claim: GasReport; readonly perParticipantSlot: number};
	readonly examples: readonly string[];
};

/** 6 decimals: a unit is 1,000 nano. */
const nanoPerUnit = 1000n;
/** What every home pays in: more than the margin of its orders for two days. */
const depositUnits = 2_000_000_000n;
const bondUnits = 1_000_000_000n;
/** The shortest that the contract takes. */
const challengeWindowS = 7200;
const answerWindowS = 3600;
const etherWei = '0x56bc75e2d63100000';
/** Homes that deposit at a time. */
const depositsAtOnce = 10;
/** A node answers questions about this many blocks at once. */
const logBlocks = 100_000;

/** Deploys the market of the site, whose meters must have spoken, and lets every home deposit. */
export async function prepareMoney(site: Site, url: string, owners: readonly Signer[], firstSlot: number): Promise<PreparedMarket> {
	const operator = await openMarketKey(site);
	for (const address of [operator.address, ...owners.map(owner => owner.address)])
		await askNode(url, 'anvil_setBalance', [address, etherWei]);
	const prepared = await prepareMarketContract(site, {
		token: undefined,
		dso: undefined,
		firstSlot,
		challengeWindowS,
		answerWindowS,
		bond: bondUnits,
	});
	const [silent] = prepared.unregistered;
	if (silent !== undefined) throw new AgentError('ENTRY_UNKNOWN', `${silent} has not spoken, so that its meter cannot be registered`);
	const {chainId} = site.config.anchor!.chains[0];
	await using chain = openChain({url, chainId});
	for (let at = 0; at < owners.length; at += depositsAtOnce)
		await Promise.all(
			owners.slice(at, at + depositsAtOnce).map(async signer => {
				const needs = {chain, clock: systemClock, signer};
				await mintTestTokens(needs, prepared.token, signer.address, depositUnits);
				await deposit(needs, prepared.contract, prepared.token, depositUnits);
			}),
		);
	return prepared;
}

/** Sends everybody's claim, which anybody may, and compares what each got with what the judge says: nano by account, the counter accounts among them. */
export async function payOut(parts: {
	readonly site: Site;
	readonly url: string;
	readonly client: Pick<MarketClient, 'listClaims'>;
	readonly marketId: string;
	readonly prepared: PreparedMarket;
	readonly owedNano: ReadonlyMap<string, bigint>;
	/** Homes times slots. */
	readonly participantSlots: number;
}): Promise<MoneyReport> {
	const {site, url, client, marketId, prepared, owedNano} = parts;
	await using chain = openChain({url, chainId: site.config.anchor!.chains[0].chainId});
	const signer = signerFromKey(playMoneyKey);
	const balanceOf = async (account: string): Promise<bigint> =>
		BigInt(
			await askNode<string>(url, 'eth_call', [{to: prepared.token, data: `0x70a08231${account.slice(2).padStart(64, '0')}`}, 'latest']),
		);
	const examples: string[] = [];
	let [claims, different, paidUnits] = [0, 0, 0n];
	for (const [account, nano] of owedNano) {
		// Credits are rounded down to token units.
		const owedUnits = nano > 0n ? nano / nanoPerUnit : 0n;
		if (owedUnits === 0n) continue;
		const [claim] = (await client.listClaims({account, market: marketId})).items;
		const before = await balanceOf(account);
		if (claim !== undefined)
			await transact(
				{chain, clock: systemClock, signer},
				{to: claim.to, data: claim.calldata, value: 0n},
				async () => (await balanceOf(account)) > before,
				`the claim of ${account}`,
			);
		const got = (await balanceOf(account)) - before;
		claims += 1;
		paidUnits += got;
		if (got === owedUnits) continue;
		different += 1;
		examples.push(`${account} was paid ${got} millionths; the judge says ${owedUnits}`);
	}
	const gas = await gasOf(url, prepared.contract);
	const posted = gas.postSlot.mean * gas.postSlot.transactions + gas.postDay.mean * gas.postDay.transactions;
	const perParticipantSlot = Math.round((10 * posted) / parts.participantSlots) / 10;
	return {claims, different, paidUnits: `${paidUnits}`, gas: {...gas, perParticipantSlot}, examples};
}

const events = {
	postSlot: 'SlotPosted(uint64,bytes32,uint64,uint64,uint64)',
	postDay: 'DayPosted(uint64,bytes32,bytes32,uint64)',
	claim: 'Claimed(address,uint64,address,uint256)',
} as const;

/** What the market's transactions cost, by the event that each leaves. */
async function gasOf(url: string, contract: string): Promise<Record<keyof typeof events, GasReport>> {
	const used = async (event: string): Promise<GasReport> => {
		const topic = toPrefixedHex(keccak256(utf8(event)));
		const head = Number(await askNode<string>(url, 'eth_blockNumber', []));
		const hashes = new Set<string>();
		for (let from = 0; from <= head; from += logBlocks) {
			const range = {fromBlock: `0x${from.toString(16)}`, toBlock: `0x${Math.min(head, from + logBlocks - 1).toString(16)}`};
			const logs = await askNode<readonly {readonly transactionHash: string}[]>(url, 'eth_getLogs', [
				{address: contract, topics: [topic], ...range},
			]);
			for (const {transactionHash} of logs) hashes.add(transactionHash);
		}
		let [sum, most] = [0, 0];
		for (const hash of hashes) {
			const {gasUsed} = await askNode<{readonly gasUsed: string}>(url, 'eth_getTransactionReceipt', [hash]);
			sum += Number(gasUsed);
			most = Math.max(most, Number(gasUsed));
		}
		return {transactions: hashes.size, mean: hashes.size === 0 ? 0 : Math.round(sum / hashes.size), most};
	};
	return {postSlot: await used(events.postSlot), postDay: await used(events.postDay), claim: await used(events.claim)};
}
