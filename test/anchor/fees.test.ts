// What may be offered for gas: never more than the owner allows, however the price moves and whenever transactions are mined.
import test from 'ava';
import fc from 'fast-check';
import type {Fees} from '../../agent/anchor/chain.ts';
import {
	capOf,
	dayS,
	type FeePolicy,
	meanCostWei,
	type Payment,
	type PriceInput,
	paidInDayMax,
	paidSince,
	planPrice,
	raisePrice,
	raiseStepsMax,
	runwayDays,
} from '../../agent/anchor/fees.ts';
import type {TransactionPrice} from '../../agent/anchor/keystore.ts';

const gwei = 10n ** 9n;
const dynamic = (baseFeeWei: bigint, tipWei = gwei): Fees => ({kind: 'dynamic', baseFeeWei, tipWei});
const base: PriceInput = {
	fees: dynamic(10n * gwei),
	policy: {feeWeiMax: 100n * gwei},
	gasLimit: 100_000n,
	committedWei: 0n,
	balanceWei: undefined,
};
const price = (maxFeePerGas: bigint, maxPriorityFeePerGas: bigint): TransactionPrice => ({
	type: 'dynamic',
	maxFeePerGas,
	maxPriorityFeePerGas,
});

const cases: readonly (readonly [name: string, changes: Partial<PriceInput>, expected: TransactionPrice | RegExp])[] = [
	['twice the base fee and the tip are offered', {}, price(21n * gwei, gwei)],
	['the ceiling of a unit of gas cuts the offer', {policy: {feeWeiMax: 15n * gwei}}, price(15n * gwei, gwei)],
	[
		'near the ceiling the tip is what is left',
		{policy: {feeWeiMax: 11_500_000_000n}, fees: dynamic(10n * gwei, 5n * gwei)},
		price(11_500_000_000n, 1_500_000_000n),
	],
	['a base fee at the ceiling waits', {policy: {feeWeiMax: 10n * gwei}}, /^gas costs 10 Gwei now, and the ceiling is 10 Gwei$/],
	['a base fee that one full block would lift over the ceiling waits', {policy: {feeWeiMax: 11_250_000_000n}}, /^gas costs/],
	[
		'the ceiling of a transaction cuts the offer',
		{policy: {feeWeiMax: 100n * gwei, costWeiMax: 1_500_000n * gwei}},
		price(15n * gwei, gwei),
	],
	[
		'a transaction that would cost too much waits',
		{policy: {feeWeiMax: 100n * gwei, costWeiMax: 1_000_000n * gwei}},
		/100000 gas at 10 Gwei now, and it may cost 0\.001 of the coin$/,
	],
	[
		'what is left of the budget cuts the offer',
		{policy: {feeWeiMax: 100n * gwei, budgetWeiPerDay: 2_000_000n * gwei}, committedWei: 500_000n * gwei},
		price(15n * gwei, gwei),
	],
	[
		'a budget that is used up waits',
		{policy: {feeWeiMax: 100n * gwei, budgetWeiPerDay: 2_000_000n * gwei}, committedWei: 2_500_000n * gwei},
		/and 0 of the day's budget of 0\.002 are left$/,
	],
	[
		'an account without funds waits',
		{balanceWei: 1n},
		/^the anchoring account holds 0\.000000000000000001 of the coin, and a transaction may cost 0\.0021: send it funds$/,
	],
	[
		'what a parent chain may take is set aside from the budget',
		{policy: {feeWeiMax: 100n * gwei, budgetWeiPerDay: 2_000_000n * gwei}, committedWei: 200_000n * gwei, parentFeeWei: 300_000n * gwei},
		price(15n * gwei, gwei),
	],
	[
		'a budget that the parent chain alone would use up waits, even where gas is free',
		{
			fees: {kind: 'legacy', gasPriceWei: 0n},
			policy: {feeWeiMax: 100n * gwei, budgetWeiPerDay: 2_000_000n * gwei},
			parentFeeWei: 2_000_001n * gwei,
		},
		/0\.002000001 of the coin are set aside for the parent chain, and 0 of the day's budget of 0\.002 are left$/,
	],
	[
		'an account must hold what the parent chain may take besides',
		{balanceWei: 2_100_000n * gwei, parentFeeWei: 1n},
		/a transaction may cost 0\.002100000000000001: send it funds$/,
	],
	['an account that has exactly enough does not', {balanceWei: 2_100_000n * gwei}, price(21n * gwei, gwei)],
	['one gas price is offered as it is', {fees: {kind: 'legacy', gasPriceWei: 7n}}, {type: 'legacy', gasPrice: 7n}],
	['one gas price may be the ceiling itself', {fees: {kind: 'legacy', gasPriceWei: 100n * gwei}}, {type: 'legacy', gasPrice: 100n * gwei}],
	['one gas price above the ceiling waits', {fees: {kind: 'legacy', gasPriceWei: 100n * gwei + 1n}}, /^gas costs/],
	[
		'a price of 0 is offered under a ceiling of 0',
		{fees: {kind: 'legacy', gasPriceWei: 0n}, policy: {feeWeiMax: 0n}},
		{type: 'legacy', gasPrice: 0n},
	],
	[
		'a price of 0 is not raised',
		{fees: {kind: 'legacy', gasPriceWei: 0n}, replaces: {price: {type: 'legacy', gasPrice: 0n}, steps: 1}},
		/costs nothing/,
	],
	['a replacement rises by an eighth', {replaces: {price: price(24n * gwei, 2n * gwei), steps: 1}}, price(27n * gwei, 2_250_000_000n)],
	[
		'a replacement follows the price of gas where that rose more',
		{fees: dynamic(40n * gwei), replaces: {price: price(21n * gwei, gwei), steps: 1}},
		price(81n * gwei, 1_125_000_000n),
	],
	[
		'a replacement that the ceiling does not allow waits',
		{replaces: {price: price(90n * gwei, gwei), steps: 1}},
		/the ceiling is 100 Gwei$/,
	],
	[
		'a replacement is raised even where gas costs more than the ceiling',
		{fees: dynamic(200n * gwei), replaces: {price: price(60n * gwei, 8n), steps: 1}},
		price(100n * gwei, 9n),
	],
	['what may still be in a pool is outbid', {outbids: price(80n * gwei, 8n * gwei)}, price(90n * gwei, 9n * gwei)],
	['what cannot be outbid is matched as far as the ceiling allows', {outbids: price(95n * gwei, 8n * gwei)}, price(100n * gwei, 9n * gwei)],
];

for (const [name, changes, expected] of cases) {
	test(name, t => {
		const answer = planPrice({...base, ...changes});
		if (expected instanceof RegExp) t.regex('wait' in answer ? answer.wait : '', expected);
		else t.deepEqual(answer, {price: expected});
	});
}

test('a raise is an eighth or more, rounded up, and never nothing', t => {
	t.deepEqual(raisePrice(price(100n, 0n)), price(113n, 1n));
	t.deepEqual(raisePrice({type: 'legacy', gasPrice: 8n}), {type: 'legacy', gasPrice: 9n});
	fc.assert(
		fc.property(fc.bigInt(0n, 10n ** 30n), fc.integer({min: 1, max: 20}), (wei, steps) => {
			const raised = capOf(raisePrice({type: 'legacy', gasPrice: wei}, steps));
			return raised > wei && raised * 8n >= wei * 9n && raised <= (wei + BigInt(2 * raiseStepsMax)) * 3n;
		}),
	);
});

const wei = fc.bigInt(0n, 200n * gwei);
const anyPrice: fc.Arbitrary<TransactionPrice> = fc.oneof(
	fc.record({type: fc.constant('legacy' as const), gasPrice: wei}),
	fc.tuple(wei, wei).map(([a, b]) => (a > b ? price(a, b) : price(b, a))),
);
const anyInput: fc.Arbitrary<PriceInput> = fc
	.record({
		fees: fc.oneof(
			fc.record({kind: fc.constant('dynamic' as const), baseFeeWei: wei, tipWei: wei}),
			fc.record({kind: fc.constant('legacy' as const), gasPriceWei: wei}),
		),
		policy: fc.record(
			{feeWeiMax: wei, costWeiMax: fc.bigInt(0n, 10n ** 17n), budgetWeiPerDay: fc.bigInt(0n, 10n ** 17n)},
			{requiredKeys: ['feeWeiMax']},
		),
		gasLimit: fc.bigInt(21_000n, 500_000n),
		parentFeeWei: fc.oneof(fc.constant(0n), fc.bigInt(0n, 10n ** 17n)),
		committedWei: fc.bigInt(0n, 10n ** 17n),
		balanceWei: fc.option(fc.bigInt(0n, 10n ** 17n), {nil: undefined}),
		replaces: fc.option(fc.record({price: anyPrice, steps: fc.integer({min: 1, max: 7})}), {nil: undefined}),
		outbids: fc.option(anyPrice, {nil: undefined}),
	})
	.map(({policy, replaces, outbids, ...rest}) => ({
		...rest,
		policy: policy as FeePolicy,
		...(replaces === undefined ? {} : {replaces}),
		...(outbids === undefined ? {} : {outbids}),
	}));

test('no offer passes a ceiling, the budget or the balance, and every replacement rises on both caps', t => {
	let offers = 0;
	fc.assert(
		fc.property(anyInput, input => {
			const answer = planPrice(input);
			if ('wait' in answer) return answer.wait.length > 0;
			offers += 1;
			const {policy, gasLimit, parentFeeWei = 0n, committedWei, balanceWei, replaces} = input;
			const costWei = gasLimit * capOf(answer.price) + parentFeeWei;
			const isRaised = (cap: (one: TransactionPrice) => bigint): boolean =>
				replaces === undefined || (cap(answer.price) > cap(replaces.price) && cap(answer.price) * 8n >= cap(replaces.price) * 9n);
			return (
				capOf(answer.price) <= policy.feeWeiMax &&
				costWei <= (policy.costWeiMax ?? costWei) &&
				(policy.budgetWeiPerDay === undefined || costWei === 0n || costWei + committedWei <= policy.budgetWeiPerDay) &&
				costWei <= (balanceWei ?? costWei) &&
				(replaces === undefined || answer.price.type === replaces.price.type) &&
				(answer.price.type === 'legacy' || answer.price.maxPriorityFeePerGas <= answer.price.maxFeePerGas) &&
				isRaised(capOf) &&
				isRaised(one => (one.type === 'legacy' ? one.gasPrice : one.maxPriorityFeePerGas))
			);
		}),
		{numRuns: 2000},
	);
	t.true(offers > 50, `only ${offers} offers`);
});

const anyPayment: fc.Arbitrary<Payment> = fc.record({timeS: fc.integer({min: 0, max: 5 * dayS}), costWei: fc.bigInt(0n, 1000n)});

test('the dearest day is found as by looking at every one', t => {
	fc.assert(
		fc.property(fc.array(anyPayment, {maxLength: 30}), payments => {
			const most = payments.reduce((max, {timeS: to}) => {
				const inDay = payments.filter(({timeS}) => timeS <= to && timeS >= to - dayS).reduce((sum, {costWei}) => sum + costWei, 0n);
				if (inDay <= max) return max;
				return inDay;
			}, 0n);
			return paidInDayMax(payments) === most;
		}),
	);
	t.is(paidSince([{timeS: 5, costWei: 7n}], 5), 7n);
	t.is(paidSince([{timeS: 5, costWei: 7n}], 6), 0n);
});

test('in no 24 hours more is paid than the budget, whenever transactions are mined, and become final, after they were signed', t => {
	const anyStep = fc.record({
		waitS: fc.integer({min: 0, max: dayS / 4}),
		baseFeeWei: wei,
		minedAfterS: fc.integer({min: 0, max: 2 * dayS}),
		finalAfterS: fc.integer({min: 0, max: dayS}),
		/** Share of the worst case that it costs in the end, in per cent. */
		share: fc.bigInt(1n, 100n),
	});
	let signed = 0;
	fc.assert(
		fc.property(fc.array(anyStep, {minLength: 1, maxLength: 60}), steps => {
			const policy = {feeWeiMax: 300n * gwei, budgetWeiPerDay: 100_000n * 500n * gwei};
			type One = {readonly worstWei: bigint; readonly paid: Payment; readonly finalS: number};
			const all: One[] = [];
			let nowS = 0;
			for (const {waitS, baseFeeWei, minedAfterS, finalAfterS, share} of steps) {
				nowS += waitS;
				const open = all.filter(({finalS}) => finalS > nowS).reduce((sum, {worstWei}) => sum + worstWei, 0n);
				const final = all.filter(({finalS}) => finalS <= nowS).map(({paid}) => paid);
				const answer = planPrice({...base, fees: dynamic(baseFeeWei), policy, committedWei: open + paidSince(final, nowS - dayS)});
				if ('wait' in answer) continue;
				signed += 1;
				const worstWei = base.gasLimit * capOf(answer.price);
				const timeS = nowS + minedAfterS;
				all.push({worstWei, paid: {timeS, costWei: (worstWei * share) / 100n}, finalS: timeS + finalAfterS});
			}
			return paidInDayMax(all.map(({paid}) => paid)) <= policy.budgetWeiPerDay;
		}),
		{numRuns: 500},
	);
	t.true(signed > 1000, `only ${signed} were signed`);
});

test('the runway is the balance over the cost of a day, to a tenth', t => {
	t.is(runwayDays(240n, 1n, 3_600_000), 10);
	t.is(runwayDays(239n, 1n, 3_600_000), 9.9);
	t.is(runwayDays(0n, 1n, 3_600_000), 0);
	t.is(runwayDays(undefined, 1n, 3_600_000), undefined);
	t.is(runwayDays(1n, undefined, 3_600_000), undefined);
	t.is(runwayDays(1n, 0n, 3_600_000), 36_500);
	t.is(runwayDays(10n ** 30n, 1n, 3_600_000), 36_500);
});

test('the recent cost is the mean of the newest anchors, rounded up', t => {
	t.is(meanCostWei([]), undefined);
	t.is(meanCostWei([1n, 2n]), 2n);
	t.is(meanCostWei([...Array<bigint>(100).fill(1000n), ...Array<bigint>(16).fill(1n)]), 1n);
});
