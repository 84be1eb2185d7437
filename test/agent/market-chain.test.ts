// A market with money: from registers over MQTT and signed orders over HTTP to slots and days on a chain, and a payout that its owner claims there.
import test from 'ava';
import {transact} from '../../agent/anchor/deploy.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {signIn} from '../../agent/trading.ts';
import type {Anvil} from '../helpers/anvil.ts';
import {type Account, createChainMarket, homes} from '../helpers/chain-market.ts';
import {firstSlot, hashText} from '../trade/market-world.ts';

test('a day of a market is settled on a chain, and a seller claims what it brought him', async t => {
	const world = await createChainMarket(t);
	const {anvil, chain, prepared, soon, get, moveTo, report} = world;
	await moveTo((firstSlot - 2) * 900);
	await world.open();
	// The margin is known once the chain was asked: 5 units of 1,000,000 are 5,000,000,000 nano.
	await soon('the deposit counts', async () => {
		const answer = await world.post('/orders', world.order(1, {side: 'buy', quantityWh: 400, limitMicroPerKwh: 260_000}));
		return answer.status === 201 ? true : undefined;
	});
	t.is((await world.post('/orders', world.order(0, {side: 'sell', quantityWh: 1000, limitMicroPerKwh: 100_000}))).status, 201);

	await moveTo(firstSlot * 900 - 290);
	const market = hashText('street');
	await soon('the slot is posted', async () =>
		(await get<{phase: string}>(`/slots/${market}/${firstSlot}`)).phase === 'posted' ? true : undefined,
	);

	// Registers at the slot's boundaries, and at the end of the day: 700 Wh out of the first home, 400 Wh into the second.
	for (const [slot, out, into] of [
		[firstSlot, 500, 1000],
		[firstSlot + 1, 1200, 1400],
		[firstSlot + 96, 1200, 1400],
	] as const) {
		await moveTo(slot * 900 + 30);
		for (const offset of [-10, 20]) {
			await report(0, slot * 900 + offset, 1000, out);
			await report(1, slot * 900 + offset, into, 500);
		}
	}
	const dayEndS = (firstSlot + 96) * 900;
	await moveTo(dayEndS + 3700);
	await soon('the day is posted', async () =>
		(await get<{phase: string}>(`/slots/${market}/${firstSlot}`)).phase === 'posted'
			? (await world.agent().status()).market?.newestDay
			: undefined,
	);
	await soon('the day stands on the chain', async () => {
		const {items} = await get<{items: {phase: string}[]}>(`/markets/${market}/slots?from=${firstSlot + 5}&to=${firstSlot + 6}`);
		return items[0]?.phase === 'posted' ? true : undefined;
	});
	await moveTo(dayEndS + 3700 + 7300);
	await soon('the day is final', async () =>
		(await get<{phase: string}>(`/slots/${market}/${firstSlot}`)).phase === 'final' ? true : undefined,
	);

	// c = 400 at 100,000, and 300 more at the feed-in of 80,000.
	const owed = 400n * 100_000n + 300n * 80_000n;
	const seller = homes[0]!;
	const before = await balanceOf(anvil, prepared.token, seller.address);
	const claim = await claimOf(world.url(), seller);
	t.is(claim.cumNano, `${owed}`);
	await transact(
		{chain, clock: systemClock, signer: seller.chainSigner},
		{to: claim.to, data: claim.calldata, value: 0n},
		async () => (await balanceOf(anvil, prepared.token, seller.address)) > before,
		'claiming',
	);
	t.is((await balanceOf(anvil, prepared.token, seller.address)) - before, owed / 1000n);
});

async function balanceOf(anvil: Anvil, token: string, account: string): Promise<bigint> {
	return BigInt(await anvil.rpc<string>('eth_call', {to: token, data: `0x70a08231${account.slice(2).padStart(64, '0')}`}, 'latest'));
}

type Claim = {readonly cumNano: string; readonly to: string; readonly calldata: string};

/** Signs in as a wallet does, and asks what can be claimed. */
async function claimOf(url: string, account: Account): Promise<Claim> {
	const token = await signIn(new URL(url).origin, account.signer);
	const answer = await fetch(`${url}/accounts/${account.address}/claims`, {headers: {authorization: `Bearer ${token}`}});
	const {items} = (await answer.json()) as {items: Claim[]};
	return items[0]!;
}
