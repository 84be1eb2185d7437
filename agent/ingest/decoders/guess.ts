// Guesses from a name and a unit which quantity somebody may mean. Only ever for proposals that a person reads.

import {quantityOfName} from '../../format/quantity.ts';
import {channelSpec, partOf} from './decoder.ts';
import {commonUnit, spelledUnit} from './unit-names.ts';

/** Something in a message that may be a reading. */
export type Candidate = {
	/** Where it stands: a pointer or a name. */
	readonly name: string;
	/** What the device calls it, for the guess. */
	readonly label: string;
	/** As the device spells it; undefined if it says none. */
	readonly unit: string | undefined;
	readonly isBoolean: boolean;
};

export type Proposal = {readonly candidate: Candidate; readonly quantity: string; readonly unit: string; readonly part?: string};

/** Of one message. */
const proposalsMax = 256;

/** Levels that say what comes, not who speaks. */
const commonLevel =
	/^(?:senml|json|cbor|data|telemetry|state|status|sensors?|up|event|events|values?|readings?|measurements?|attributes|tele|stat|out|v\d+)$/i;

/** Which level of a topic names the device: one that `hint` has in it, else the last that is no common word. */
export function deviceTopic(topic: string, hint = ''): {readonly topic: string; readonly device: string} {
	const levels = topic.split('/');
	const isName = (level: string): boolean => level !== '' && level.length <= 128 && !/[+#{}\0]/.test(level);
	let at = levels.findIndex(level => level.length > 2 && isName(level) && !commonLevel.test(level) && hint.includes(level));
	if (at < 0) at = levels.findLastIndex(level => isName(level) && !commonLevel.test(level));
	if (at < 0) at = levels.findLastIndex(isName);
	const device = levels[at] ?? '';
	return {topic: levels.map((level, i) => (i === at ? '{device}' : level)).join('/'), device};
}

/** The words of a name, in lower case: `activePower_L1` is active, power, l1. */
export function wordsOf(label: string): string[] {
	return label
		.slice(0, 256)
		.replace(/([a-z0-9])([A-Z])/g, '$1 $2')
		.toLowerCase()
		.split(/[^a-z0-9%]+/)
		.filter(word => word !== '');
}

/** What of the candidates is plain, each on a channel of its own. */
export function proposeReadings(candidates: readonly Candidate[]): Proposal[] {
	const proposals: Proposal[] = [];
	const taken = new Set<string>();
	const guesses = candidates.slice(0, 4 * proposalsMax).flatMap(candidate => {
		const guess = guessQuantity(wordsOf(candidate.label), candidate);
		return guess === undefined ? [] : [{candidate, ...guess}];
	});
	for (const {candidate, quantity, unit} of guesses) {
		if (proposals.length === proposalsMax) break;
		const words = wordsOf(candidate.label);
		const isAlone = guesses.filter(other => other.quantity === quantity).length === 1;
		const part = phaseOrTariff(words) ?? (isAlone ? undefined : partOf(candidate.name.replace(/^\//, '').slice(-64)));
		const channel = `${quantity}:${part ?? ''}`;
		if (taken.has(channel)) continue;
		taken.add(channel);
		proposals.push(part === undefined ? {candidate, quantity, unit} : {candidate, quantity, unit, part});
	}
	return proposals;
}

function phaseOrTariff(words: readonly string[]): string | undefined {
	const found = words.find(word => /^[lt][1-4]$/.test(word));
	return found?.toUpperCase();
}

/** Words that make an amount something else than the running total of a meter. */
const notTotal = [
	'today',
	'yesterday',
	'day',
	'daily',
	'month',
	'monthly',
	'year',
	'hour',
	'interval',
	'delta',
	'period',
	'reactive',
	'apparent',
];
const out = ['export', 'exported', 'return', 'returned', 'feed', 'feedin', 'injection', 'sold', 'out'];
const made = ['generated', 'generation', 'production', 'produced', 'pv', 'solar', 'yield'];

function guessQuantity(
	words: readonly string[],
	{unit, isBoolean}: Candidate,
): {readonly quantity: string; readonly unit: string} | undefined {
	const has = (...some: readonly string[]): boolean => some.some(word => words.includes(word));
	const isNot = has('set', 'setpoint', 'target', 'max', 'min', 'limit', 'threshold', 'avg', 'average', 'nominal', 'rated');
	if (isNot) return undefined;
	if (isBoolean) return has('door') ? known('door', '') : undefined;
	if (unit === undefined) return undefined;
	switch (commonUnit(unit)) {
		case 'Wh':
		case 'kWh':
		case 'MWh':
			if (has(...notTotal)) return undefined;
			if (has('heat', 'thermal')) return known('heat-energy', unit);
			return known(has(...out) ? 'energy-export' : has(...made) ? 'energy-generated' : 'energy-import', unit);
		case 'varh':
		case 'kvarh':
			return has(...notTotal.filter(word => word !== 'reactive'))
				? undefined
				: known(has(...out) ? 'reactive-energy-export' : 'reactive-energy-import', unit);
		case 'W':
		case 'kW':
		case 'MW':
			return has('reactive', 'apparent') ? undefined : known('active-power', unit);
		case 'var':
		case 'kvar':
			return known('reactive-power', unit);
		case 'VA':
		case 'kVA':
			return known('apparent-power', unit);
		case 'V':
		case 'mV':
		case 'kV':
			return known('voltage', unit);
		case 'A':
		case 'mA':
			return known('current', unit);
		case 'Hz':
			return known('frequency', unit);
		case 'Cel':
			return known('temperature', unit);
		case 'degF':
			return known('temperature-fahrenheit', unit);
		case 'K':
			return known('temperature-kelvin', unit);
		case '%RH':
			return known('relative-humidity', unit);
		case '%EL':
			return known('state-of-charge', unit);
		case '%':
			if (has('humidity', 'hum', 'rh')) return known('relative-humidity', unit);
			return has('soc', 'battery', 'charge') ? known('state-of-charge', unit) : undefined;
		case 'Pa':
		case 'hPa':
		case 'kPa':
		case 'mbar':
		case 'bar':
			return known('pressure', unit);
		case 'm3':
		case 'l':
			return has('gas') ? known('gas-volume', unit) : has('water') ? known('water-volume', unit) : undefined;
		case 'lx':
			return known('illuminance', unit);
		case 'ppm':
			return has('co2') ? known('co2-fraction', unit) : undefined;
		default:
			return undefined;
	}
}

/** Only what the registry has, in a unit that measures it. */
function known(name: string, unit: string): {readonly quantity: string; readonly unit: string} | undefined {
	const quantity = quantityOfName(name);
	if (quantity === undefined) return undefined;
	if (quantity.kind === 'state') return {quantity: name, unit: ''};
	const spelled = spelledUnit(channelSpec(quantity, undefined, quantity.exponentDefault), unit);
	return spelled === undefined ? undefined : {quantity: name, unit: spelled};
}
