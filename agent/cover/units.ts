// Gives the names in an answer the units that its account leaves to what stands around them, so that every number can be shown in the unit that its name ends in.

import type {Json} from '../format/document.ts';
import {type Fields, isFields} from './names.ts';

type Context = {
	/** Amounts in mg are of CO2e. */
	readonly isEmissions: boolean;
	/** What thousandths are of. */
	readonly sort: 'temperature' | 'humidity' | undefined;
};

/** Deeper answers are left as they are. */
const depthMax = 8;

/** Objects in which every number is an amount of emissions, and what they are called then. */
const amounts: Readonly<Record<string, string>> = {
	mg: 'emissions',
	mgBefore: 'emissionsBefore',
	substitutedMg: 'substituted',
	totals: 'totals',
};

/** The same answer with names that say their units; lists that were cut are plain lists, with how many were left out beside them. No value is changed. */
export function withUnits(answer: Json): Json {
	if (!isFields(answer)) return answer;
	const {about, ...rest} = answer;
	return named(about === 'emissions' ? rest : answer, {isEmissions: about === 'emissions', sort: undefined}, 0);
}

function named(value: Json, context: Context, depth: number): Json {
	if (depth > depthMax) return value;
	if (Array.isArray(value)) return value.map(item => named(item as Json, context, depth + 1));
	if (!isFields(value)) return value;
	const own = [value.sort, value.of].find((sort): sort is 'temperature' | 'humidity' => sort === 'temperature' || sort === 'humidity');
	const inner = own === undefined ? context : {...context, sort: own};
	const made: {[key: string]: Json | undefined} = {};
	for (const [key, child] of Object.entries(value)) {
		if (child === undefined) continue;
		if (isFields(child) && Array.isArray(child.list) && typeof child.leftOut === 'number' && Object.keys(child).length === 2) {
			made[key] = named(child.list, inner, depth + 1);
			if (child.leftOut > 0) made[`${key}LeftOut`] = child.leftOut;
			continue;
		}
		const amount = inner.isEmissions && Object.hasOwn(amounts, key) ? amounts[key] : undefined;
		if (amount !== undefined) {
			if (isFields(child)) made[amount] = Object.fromEntries(Object.entries(child).map(([name, mg]) => [`${name}MgCo2e`, mg]));
			else made[`${amount}MgCo2e`] = child;
			continue;
		}
		if (isFields(child) && (key === 'temperature' || key === 'humidity')) {
			const unit = thousandths(key);
			made[key] = Object.fromEntries(
				Object.entries(child).map(([name, one]) => [typeof one === 'number' ? `${name}Milli${unit}` : name, one]),
			);
			continue;
		}
		made[nameOf(key, value, inner)] = named(child, inner, depth + 1);
	}
	return made;
}

const thousandths = (sort: 'temperature' | 'humidity'): string => (sort === 'temperature' ? 'C' : 'Percent');

function nameOf(key: string, siblings: Fields, {isEmissions, sort}: Context): string {
	if (isEmissions && key === 'totalMg') return 'totalMgCo2e';
	// A factor: mg CO2e for one of its unit.
	if (isEmissions && key === 'value' && siblings.validFrom !== undefined) return 'valueMgCo2e';
	if (sort !== undefined && /^milli$|[a-z]Milli$/.test(key)) return `${key}${thousandths(sort)}`;
	if (sort !== undefined && key === 'limit' && siblings.of !== undefined) return `limitMilli${thousandths(sort)}`;
	return key;
}
