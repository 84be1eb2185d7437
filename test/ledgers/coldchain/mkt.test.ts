// The mean kinetic temperature comes to the published figures, is the same in any order, and agrees with a straight computation.
import test from 'ava';
import fc from 'fast-check';
import {expOfMinus, meanKineticMicroC, meanKineticMilliC, minusLn} from '../../../agent/ledgers/coldchain/mkt.ts';

const one = 10n ** 48n;

function heldOf(pairs: readonly (readonly [number, number])[]): Map<number, number> {
	const held = new Map<number, number>();
	for (const [celsius, weight] of pairs) held.set(Math.round(celsius * 1000), (held.get(Math.round(celsius * 1000)) ?? 0) + weight);
	return held;
}

/** Published to hundredths; the further digits are from a computation with 60 of them. ΔH/R = 10,000 K. */
const vectors: readonly {readonly held: readonly (readonly [number, number])[]; readonly microC: bigint}[] = [
	{held: [2, 2, 5, 8, 8, 8, 8].map(celsius => [celsius, 1]), microC: 6_250_265n},
	{held: [4, 4, 4, 4, 16].map(celsius => [celsius, 1]), microC: 8_108_857n},
	{
		held: [
			[20, 23],
			[30, 1],
		],
		microC: 20_716_345n,
	},
	{
		held: [
			[22, 3],
			[30, 1],
		],
		microC: 24_711_538n,
	},
	{held: [15, 20, 25, 30].map(celsius => [celsius, 1]), microC: 24_104_053n},
	{held: [[5, 1]], microC: 5_000_000n},
];

test('the published vectors hold', t => {
	for (const {held, microC} of vectors) t.is(meanKineticMicroC(heldOf(held)), microC);
	// Published as 6.25 °C.
	t.is(meanKineticMilliC(heldOf(vectors[0]!.held)), 6250);
});

test('the exponential and the logarithm are right to forty digits', t => {
	const near = (found: bigint, digits: string): void => {
		const expected = BigInt(digits.padEnd(48, '0'));
		const error = found > expected ? found - expected : expected - found;
		t.true(error < 10n ** 8n, `${found} is not ${digits}`);
	};
	// 1/e and ln 2, to 48 digits behind the point.
	near(expOfMinus(one), '367879441171442321595523770161460867445811131031');
	near(minusLn(one / 2n), '693147180559945309417232121458176568075500134360');
	t.is(expOfMinus(0n), one);
	t.is(minusLn(one), 0n);
});

test('it lies between the mean and the highest, agrees with floating point, and knows no order', t => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.integer({min: -40_000, max: 60_000}), fc.integer({min: 1, max: 1_000_000})), {minLength: 1, maxLength: 30}),
			pairs => {
				const held = new Map<number, number>();
				for (const [milliC, weight] of pairs) held.set(milliC, (held.get(milliC) ?? 0) + weight);
				const found = meanKineticMicroC(held)!;
				t.is(meanKineticMicroC(new Map([...held].reverse())), found);
				let [sum, weights, mean] = [0, 0, 0];
				for (const [milliC, weight] of held) {
					sum += weight * Math.exp(-10_000 / (milliC / 1000 + 273.15));
					weights += weight;
					mean += weight * milliC;
				}
				const straight = (10_000 / -Math.log(sum / weights) - 273.15) * 1_000_000;
				t.true(Math.abs(Number(found) - straight) < 2, `${found} is not ${straight}`);
				t.true(Number(found) >= (mean / weights) * 1000 - 1);
				t.true(Number(found) <= Math.max(...held.keys()) * 1000);
			},
		),
		{numRuns: 200},
	);
});

test('what was held for no time, or is no temperature, has none', t => {
	t.is(meanKineticMicroC(new Map()), undefined);
	t.is(meanKineticMicroC(new Map([[5000, 0]])), undefined);
	t.is(meanKineticMicroC(new Map([[-273_150, 1]])), undefined);
});
