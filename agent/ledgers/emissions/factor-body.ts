// Turns the body of a factor's statement into a version of the factor: how much CO2e one base unit of an activity stands for, from when to when, and who says so.

import {parseDecimal} from '../../format/decimal.ts';
import type {StatementBody} from '../../format/statement.ts';
import {bodyProblem, type Checked, checked, dateOf, membersOf} from './read-body.ts';
import {baseUnitOf, unitNames, unitRatio} from './unit.ts';

/** A version of a factor. It is never changed: another version is another statement. */
export type Factor = {
	/** mg CO2e for one `unit`: digits·10^exponent. */
	readonly digits: number;
	readonly exponent: number;
	/** Base unit: Wh, J, l, mg, s, count, or mgCO2e. */
	readonly unit: string;
	/** In words: what it is of. */
	readonly name: string | undefined;
	/** Who published it, and where. */
	readonly source: string;
	readonly region: string | undefined;
	/** What is in it: `CO2`, `CO2+CH4+N2O`, `HFC134a`. */
	readonly gases: string | undefined;
	/** Set of global warming potentials, such as `AR6GWP100`. */
	readonly gwp: string | undefined;
	/** Days of a site's zone, both included. */
	readonly validFrom: string;
	readonly validTo: string | undefined;
	/** The number of a statement of the same factor that no longer holds, on any day. */
	readonly supersedes: number | undefined;
};

const exponentMax = 18;

export function readFactor(body: StatementBody): Checked<Factor> {
	return checked(() => {
		const factor = membersOf(body, 'the factor');
		factor.only('digits', 'exponent', 'unit', 'name', 'source', 'region', 'gases', 'gwp', 'validFrom', 'validTo', 'supersedes');
		const unit = factor.text('unit', 16);
		if (baseUnitOf(unit) !== unit) bodyProblem(`the factor: its unit is none of Wh, J, l, mg, s, count, mgCO2e`);
		const validFrom = dateOf(factor, 'validFrom');
		const validTo = factor.has('validTo') ? dateOf(factor, 'validTo') : undefined;
		if (validTo !== undefined && validTo < validFrom) bodyProblem('the factor: it ends before it begins');
		return {
			digits: factor.whole('digits', 0, Number.MAX_SAFE_INTEGER),
			exponent: factor.whole('exponent', -exponentMax, exponentMax),
			unit,
			name: factor.textMaybe('name', 200),
			source: factor.text('source', 1000),
			region: factor.textMaybe('region', 64),
			gases: factor.textMaybe('gases', 200),
			gwp: factor.textMaybe('gwp', 64),
			validFrom,
			validTo,
			supersedes: factor.wholeMaybe('supersedes', 1, Number.MAX_SAFE_INTEGER),
		};
	});
}

/** A factor as people print it: `0.5306` `kg` for one `kWh`. */
export type PrintedFactor = {
	readonly value: string;
	/** Of CO2e: mg, g, kg or t. */
	readonly mass: string;
	readonly per: string;
	readonly source: string;
	readonly name?: string | undefined;
	readonly region?: string | undefined;
	readonly gases?: string | undefined;
	readonly gwp?: string | undefined;
	readonly validFrom: string;
	readonly validTo?: string | undefined;
	readonly supersedes?: number | undefined;
};

/** The body of the statement for a printed factor: exact, or a problem. */
export function factorBodyOf({value, mass, per, ...rest}: PrintedFactor): Checked<StatementBody> {
	const made = checked((): StatementBody => {
		const decimal = parseDecimal(value);
		if (decimal === undefined || decimal.digits < 0n)
			return bodyProblem(`the factor: "${value.slice(0, 64)}" is no decimal number that is not negative`);
		const toMg = unitRatio(mass, 'mg') ?? bodyProblem(`the factor: ${mass} is not mg, g, kg or t`);
		const unit = baseUnitOf(per) ?? bodyProblem(`the factor: ${per} is not one of ${unitNames.join(', ')}`);
		const perBase = unitRatio(per, unit)!;
		// mg for one base unit, whose denominators are powers of ten: more digits make it exact, or nothing does.
		const numerator = decimal.digits * toMg[0] * perBase[1];
		const denominator = toMg[1] * perBase[0];
		let [digits, exponent] = [numerator, decimal.exponent];
		while (digits % denominator !== 0n && exponent > -exponentMax) {
			digits *= 10n;
			exponent -= 1;
		}
		if (digits % denominator !== 0n)
			bodyProblem(`the factor: ${value} ${mass} for one ${per} is no finite decimal number of mg for one ${unit}`);
		digits /= denominator;
		while (digits !== 0n && digits % 10n === 0n && exponent < exponentMax) {
			digits /= 10n;
			exponent += 1;
		}
		if (digits === 0n) exponent = 0;
		if (digits > BigInt(Number.MAX_SAFE_INTEGER)) bodyProblem(`the factor: ${value} has more digits than can be kept`);
		const {name, source, region, gases, gwp, validFrom, validTo, supersedes} = rest;
		const body = {digits: Number(digits), exponent, unit, name, source, region, gases, gwp, validFrom, validTo, supersedes};
		return JSON.parse(JSON.stringify(body)) as StatementBody;
	});
	if ('problem' in made) return made;
	const read = readFactor(made.value);
	return 'problem' in read ? read : made;
}

/** A version of a factor with the number of its statement. */
export type FactorVersion = Factor & {readonly number: number};

/** Why no version holds on a day. */
export type NoFactor = 'missing' | 'expired' | 'not-valid-yet';

/** The version that holds on a day: of those that hold, and that no other one supersedes, the one that was stated last. */
export function factorOn(versions: readonly FactorVersion[], day: string): FactorVersion | NoFactor {
	if (versions.length === 0) return 'missing';
	let best: FactorVersion | undefined;
	let isOver = false;
	for (const version of versions) {
		if (versions.some(({supersedes, number}) => supersedes === version.number && number > version.number)) continue;
		if (version.validFrom > day) continue;
		if (version.validTo !== undefined && version.validTo < day) isOver = true;
		else if (best === undefined || version.number > best.number) best = version;
	}
	return best ?? (isOver ? 'expired' : 'not-valid-yet');
}
