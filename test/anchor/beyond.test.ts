// What the outbox does not hold yet, shown by tests that fail.
import test from 'ava';
import {dayS, paidInDayMax} from '../../agent/anchor/fees.ts';
import {paymentsOf} from '../../agent/anchor/outbox.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';
import {createSite, live, type Site} from './world.ts';

let anvil: Anvil;
let site: Site;

test.before(async () => {
	anvil = await startAnvil();
	site = await createSite(anvil);
});

test.after.always(async () => {
	await anvil?.stop();
});

// A rollup takes its parent chain's part beside gas limit times price. What it took before tells what to set aside for the next one.
test('on a rollup the budget of a day is not passed by what the parent chain takes', async t => {
	const world = await site.log('rollup');
	const l1FeeWei = 10n ** 15n;
	const budgetWeiPerDay = 35n * 10n ** 14n;
	const anchor = world.start({
		chain: chain => ({
			...chain,
			fees: async () => ({kind: 'dynamic', baseFeeWei: 1_000_000_000n, tipWei: 0n}),
			mined: async hash => {
				const found = await chain.mined(hash);
				return found && {...found, costWei: found.costWei + l1FeeWei, parentFeeWei: l1FeeWei};
			},
		}),
		options: {fees: {feeWeiMax: 10n * 10n ** 9n, budgetWeiPerDay}},
	});
	for (let size = 1; size <= 4; size += 1) {
		world.tree.growTo(size * 3);
		for (let i = 0; i < 30; i += 1)
			if (!(await anchor.tick(live))) {
				world.clock.advance(1000);
				await anvil.mine(2);
			}
	}
	const payments = world.rows().flatMap(paymentsOf);
	t.is(payments.length, 2, 'two fit, and a third could pass it');
	t.regex((await anchor.status()).waitingFor ?? '', /set aside for the parent chain/);
	t.true(payments.every(({timeS}) => timeS > payments[0]!.timeS - dayS));
	t.true(paidInDayMax(payments) <= budgetWeiPerDay, `${paidInDayMax(payments)} wei of ${budgetWeiPerDay}`);
});

// The node says that little gas is enough, four times; then the size has had its nonces, and an honest node is of no use any more.
test.failing('an outbox goes on once its only node has stopped to lie about gas', async t => {
	const world = await site.log('little gas');
	world.tree.growTo(5);
	let lies = true;
	const anchor = world.start({chain: chain => ({...chain, estimate: async call => (lies ? {gas: 28_000n} : chain.estimate(call))})});
	const turn = async (): Promise<void> => {
		const moved = await anchor.tick(live).catch(() => false);
		if (!moved) {
			world.clock.advance(1000);
			await anvil.mine(2);
		}
	};
	for (let i = 0; i < 80; i += 1) await turn();
	lies = false;
	for (let i = 0; i < 80; i += 1) await turn();
	t.is((await anchor.status()).finalSize, 5, (await anchor.status()).lastError?.sentence);
});
