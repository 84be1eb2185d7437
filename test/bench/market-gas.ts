// What a market's transactions cost on a chain: slots by the number of their price tiers, posted as the agent posts them.

import {openChain} from '../../agent/anchor/chain.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {openMarketChain} from '../../agent/anchor/market-chain.ts';
import {deployMarket, deployTestToken, fundBond, mintTestTokens} from '../../agent/anchor/market-deploy.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {commitSlot, orderSetOf, type SlotOrder} from '../../agent/trade/certificate.ts';
import {clear, type Rules} from '../../agent/trade/clear.ts';
import {certificateOf, headerOf} from '../../agent/trade/court-openings.ts';
import {createDay} from '../../agent/trade/day.ts';
import {testTokenBytecode} from '../../contracts/generated/test-token.ts';
import {anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import type {Figure} from './figure.ts';

const rules: Rules = {
	feedInMicroPerKwh: 80_000,
	retailMicroPerKwh: 300_000,
	gridFeeMicroPerKwh: 40_000,
	pricing: 'auction',
	lineLimitWh: undefined,
};
const hashOf = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;
const accountOf = (n: number): string => `0x${n.toString(16).padStart(40, '0')}`;

/** A book with so many tiers a side, whose margin lies between two tiers in the middle of the trees: four paths, the most that a certificate has. */
function bookOf(tiers: number): SlotOrder[] {
	const step = 170_000 / tiers;
	return Array.from({length: 2 * tiers}, (_, at) => {
		const isBuy = at % 2 === 0;
		const tier = Math.floor(at / 2);
		const price = Math.floor(85_000 + tier * step);
		const limit = isBuy ? price + rules.gridFeeMicroPerKwh : price;
		return {
			hash: hashOf(at + 1),
			sequence: at + 1,
			meter: hashOf(at + 1),
			side: isBuy ? 'buy' : 'sell',
			quantityWh: 100,
			limitMicroPerKwh: limit,
			minQuantityWh: 0,
		};
	});
}

export async function gasOfMarket(): Promise<Figure[]> {
	const anvil = await startAnvil();
	const signer = signerFromKey(richKey);
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	try {
		const needs = {chain, clock: systemClock, signer};
		const token = await deployTestToken(needs, testTokenBytecode);
		const firstSlot = 96 * (Math.floor((await chain.headTimeS()) / 86_400) + 2);
		const market = hashOf(77);
		const {contract} = await deployMarket(needs, {
			market,
			token,
			registry: accountOf(99),
			dso: signer.address,
			params: {
				feedInMicroPerKwh: rules.feedInMicroPerKwh,
				retailMicroPerKwh: rules.retailMicroPerKwh,
				gridFeeMicroPerKwh: rules.gridFeeMicroPerKwh,
				lineLimitWh: 0,
				effectiveFromSlot: firstSlot,
				gateLeadSeconds: 300,
				postWindowSeconds: 0,
				pricing: 1,
				mode: 2,
				grid: accountOf(0x1001),
				retailer: accountOf(0x1002),
				pool: accountOf(0x1003),
			},
			paramsDelay: 86_400,
			challengeWindow: 172_800,
			readingDeadline: 86_400,
			answerWindow: 86_400,
			withdrawDelay: 7 * 86_400,
			escapeAfter: 30 * 86_400,
			bondMin: 1_000_000n,
			penalty: 100_000n,
			demandStake: 1n,
		});
		await mintTestTokens(needs, token, signer.address, 1_000_000n);
		await fundBond(needs, contract, token, 1_000_000n);
		const posted = await openMarketChain(needs, {contract, market, paramsVersion: 1});
		await anvil.rpc('evm_setNextBlockTimestamp', (firstSlot + 20) * 900);
		await anvil.mine(1);
		const gasOfNewest = async (): Promise<number> =>
			Number((await anvil.rpc<{gasUsed: string}>('eth_getBlockByNumber', 'latest', false)).gasUsed);
		const figures: Figure[] = [];
		const costs: number[] = [];
		for (const [at, tiers] of [2 ** 7, 2 ** 10, 2 ** 12, 2 ** 13].entries()) {
			const orders = bookOf(tiers);
			const set = orderSetOf(orders.map(({sequence, hash}) => ({sequence, orderHash: hash, cancellation: undefined})));
			const {header, headerHash, certificate} = commitSlot(
				{slot: firstSlot + at, paramsVersion: 1, mode: 'forward'},
				set,
				orders,
				clear(orders, rules, set.seed),
			);
			await posted.postSlot(headerOf(header), certificateOf({certificate}), headerHash);
			costs.push(await gasOfNewest());
			const target = tiers === 2 ** 13 ? {atMost: 180_000} : undefined;
			figures.push({name: `post a slot, 2 × ${tiers.toLocaleString('en-US')} tiers`, value: costs.at(-1)!, unit: 'gas', target});
		}
		figures.push({name: '… from 2 × 4,096 to 2 × 8,192 tiers', value: costs[3]! - costs[2]!, unit: 'gas', target: {atMost: 10_000}});
		const day = createDay(firstSlot / 96).close(
			new Map(Array.from({length: 10_000}, (_, at) => [accountOf(0x10_000 + at), 0n])),
			new Map([0x1001, 0x1002, 0x1003].map(n => [accountOf(n), 0n])),
		);
		await anvil.rpc('evm_setNextBlockTimestamp', posted.dayOpensAt(firstSlot / 96) + 1);
		await anvil.mine(1);
		await posted.postDay(day.header, day.balancesOpening, day.headerHash);
		const dayGas = await gasOfNewest();
		figures.push({name: 'post a day, 10,000 accounts', value: dayGas, unit: 'gas', target: undefined});
		figures.push({
			name: 'for a home and slot, 10,000 homes',
			value: costs[3]! / 10_000 + dayGas / 960_000,
			unit: 'gas',
			target: {atMost: 20},
		});
		return figures;
	} finally {
		await anvil.stop();
	}
}
