// Turns temperatures and how long each was held into the mean kinetic temperature, to the same digit on every machine.

// Math.exp and Math.log may differ in their last bit from engine to engine, and an answer that two machines must come to alike cannot rest on them. So the one formula here that
// needs them is computed with whole numbers: fixed point with 48 digits behind the point, of which 40 are good.

/** 1 in fixed point. */
const one = 10n ** 48n;
const termsMax = 400;

/** ΔH in J/mol where a profile names none [USP <1079.2>]. With R = 8.3144 J/(mol·K) ΔH/R is 10,000 K exactly. */
export const activationJPerMolDefault = 83_144;

/** 0 °C in mK. */
const zeroCelsiusMilliK = 273_150;

/** 2·artanh(u) in fixed point, 0 ≤ u ≤ 1/3, by its series u + u³/3 + u⁵/5 + … */
function twiceArtanh(u: bigint): bigint {
	const square = (u * u) / one;
	let power = u;
	let sum = 0n;
	for (let i = 0; i < termsMax && power !== 0n; i += 1) {
		sum += power / BigInt(2 * i + 1);
		power = (power * square) / one;
	}
	return 2n * sum;
}

/** ln 2 = 2·artanh(1/3). */
const ln2 = twiceArtanh(one / 3n);

/** e^−x in fixed point; x ≥ 0 in fixed point. */
export function expOfMinus(x: bigint): bigint {
	// x = n·ln 2 + r: the series sees only r < ln 2, and dividing by 2ⁿ is exact but for the last digit.
	const halvings = x / ln2;
	if (halvings > 200n) return 0n;
	const rest = x - halvings * ln2;
	let term = one;
	let sum = one;
	for (let i = 1; i < termsMax && term !== 0n; i += 1) {
		term = (term * rest) / (one * BigInt(i));
		sum += i % 2 === 1 ? -term : term;
	}
	return sum >> halvings;
}

/** −ln z in fixed point; 0 < z ≤ 1 in fixed point. */
export function minusLn(z: bigint): bigint {
	// z = m/2ⁿ with 1 ≤ m < 2, and ln m = 2·artanh((m−1)/(m+1)).
	let doublings = 0n;
	let m = z;
	while (m < one) {
		m <<= 1n;
		doublings += 1n;
	}
	return doublings * ln2 - twiceArtanh(((m - one) * one) / (m + one));
}

/** How long each temperature was held: milliC to ms. The order of its keys does not matter. */
export type HeldTemperatures = ReadonlyMap<number, number>;

/**
 * T = (ΔH/R) / −ln(Σ w·exp(−ΔH/(R·T_i)) / Σ w), T_i in K, w the time that T_i was held [USP <1079.2>; ICH Q1A]: in µ°C, rounded to the nearest, halves up. undefined where no time
 * was held, or a temperature is not above absolute zero. Weights may be any positive whole numbers, such as 1 for readings at equal distances.
 */
export function meanKineticMicroC(held: HeldTemperatures, activationJPerMol = activationJPerMolDefault): bigint | undefined {
	let hottestMilliC = Number.NEGATIVE_INFINITY;
	for (const [milliC, weight] of held) {
		if (weight <= 0) continue;
		if (milliC + zeroCelsiusMilliK <= 0) return undefined;
		hottestMilliC = Math.max(hottestMilliC, milliC);
	}
	if (hottestMilliC === Number.NEGATIVE_INFINITY) return undefined;
	// ΔH/(R·T) with R = 8.3144 and T in mK.
	const exponentOf = (milliC: number): bigint =>
		(BigInt(activationJPerMol) * 10_000_000n * one) / (83_144n * BigInt(milliC + zeroCelsiusMilliK));
	// Everything relative to the hottest, so that no weight drowns in the smallness of exp(−36).
	const least = exponentOf(hottestMilliC);
	let sum = 0n;
	let weights = 0n;
	for (const [milliC, weight] of held) {
		if (weight <= 0) continue;
		sum += BigInt(weight) * expOfMinus(exponentOf(milliC) - least);
		weights += BigInt(weight);
	}
	const exponent = least + minusLn(sum / weights);
	// T in µK = ΔH/R · 10⁶ / exponent.
	const numerator = BigInt(activationJPerMol) * 10_000_000_000n * one;
	const denominator = 83_144n * exponent;
	return (2n * numerator + denominator) / (2n * denominator) - BigInt(zeroCelsiusMilliK) * 1000n;
}

/** The same in milliC, rounded to the nearest, halves up. */
export function meanKineticMilliC(held: HeldTemperatures, activationJPerMol = activationJPerMolDefault): number | undefined {
	const microC = meanKineticMicroC(held, activationJPerMol);
	return microC === undefined ? undefined : floorDivide(2n * microC + 1000n, 2000n);
}

function floorDivide(a: bigint, b: bigint): number {
	const quotient = a / b;
	return Number(a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient);
}
