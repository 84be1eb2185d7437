// Turns the readings of one counting register into steps: which count, which are held, and where a new count begins. Pure.

import {type Entry, qualities, uncountedQualities} from '../format/entry.ts';
import type {Quantity} from '../format/quantity.ts';

/**
 * What a reading is beside those before it.
 *
 * first: nothing to compare it with; it begins a count. normal: it rose, by no more than it can. reset: the device or its owner says that the count began anew.
 * rollover: it ran over its last digit. noise: it fell by no more than its own rounding, and the reading before it counts. out-of-order: measured before the newest, and it
 * fits below it. exception: none of these.
 */
export type StepClass = 'first' | 'normal' | 'reset' | 'rollover' | 'noise' | 'out-of-order' | 'exception';

/** What a register showed at one time. */
export type RegisterPoint = {
	/** In the channel's units: value·10^exponent of the base unit. */
	readonly value: bigint;
	/** ms since 1970 by the device's clock; 0 if it claims none. */
	readonly measuredAtMs: number;
	/** measuredAtMs is the device's own word, and not made from our clock. */
	readonly timeIsDevices: boolean;
	/** ms since 1970 by the agent's clock. */
	readonly arrivedAtMs: number;
	/** Names the life of the counter; undefined where the device does not tell, or nobody remembers. */
	readonly counter: string | undefined;
};

/** What must be known of a register to class its next reading. */
export type RegisterState = {
	/** How often the count has begun anew. Two readings that count are comparable if, and only if, they stand in the same one. */
	readonly counterEpoch: number;
	/** The reading that the next one is measured against; undefined while there is none. */
	readonly base: RegisterPoint | undefined;
	/** What the register may still rise by beyond its maximum over time, in parts of a unit: see `within`. undefined: all that rounding and clocks explain. */
	readonly credit: bigint | undefined;
	/** ms since 1970: up to where time has let the register rise. A device may claim what times it likes: in all no more counts than passes by our clock. */
	readonly coveredMs: number;
	/** The newest exception since the base. If the register counts on from it, that is the new level. */
	readonly stray: RegisterPoint | undefined;
	/** The newest reading that came out of order. */
	readonly behind: RegisterPoint | undefined;
	/** As the device called the counter last. */
	readonly counter: string | undefined;
	/** The owner says that the next reading begins a new count. */
	readonly isResetDeclared: boolean;
};

/** What a register can do. */
export type RegisterRules = {
	/** The most that it can count, in units of the channel per ms, with the tolerance; undefined: nobody said. */
	readonly rateMax: {readonly numerator: bigint; readonly denominator: bigint} | undefined;
	/** One more than the most that it shows, in units of the channel; undefined: nobody said how many digits it has. */
	readonly modulus: bigint | undefined;
	/** The coarsest rounding that is believed, in units of the channel. */
	readonly roundingMax: bigint;
};

export type Step = {
	readonly class: StepClass;
	/** Bits of format/entry.ts. */
	readonly quality: number;
	/** Of the entry. */
	readonly counterEpoch: number;
	/** What was counted since the base, in units of the channel; undefined where nobody knows. Never zero in place of unknown. */
	readonly delta: bigint | undefined;
	/** For the next reading. */
	readonly state: RegisterState;
};

/** A meter may count this much more than its maximum power says: its own error, and that of the figure. */
const tolerancePercent = 10n;
/** Devices print whole seconds: a time may be off by one. */
const deviceSlackMs = 1000n;
/** What was measured steadily may arrive this unsteadily. */
const arrivalSlackMs = 60_000n;
const hourMs = 3_600_000n;
/** What a maximum in W bounds, a meter's active, reactive and apparent energy alike: the unit, and how many of it are one Wh, varh or VAh. */
const energyUnits: ReadonlyMap<string, bigint> = new Map([
	['Wh', 1n],
	['varh', 1n],
	['VAh', 1n],
	['J', 3600n],
	['vars', 3600n],
]);
/** No register rounds more coarsely than to a kWh or a cubic metre; of other units no more than that is known. */
const roundingMaxUnits = 1000n;
/** Digits are counted in the unit that people read: kWh, kvarh, kVAh and m³ are a thousand base units. */
const digitUnits: ReadonlySet<string> = new Set(['Wh', 'varh', 'VAh', 'l']);
const baseUnitsPerDigitUnit = 1000n;

/** Bits of readings that no register is judged by: without a value, or somebody's guess, or one of two that contradict each other. */
export const unjudgedQualities = uncountedQualities & ~(qualities.noise | qualities.exception);

export const registerStart: RegisterState = {
	counterEpoch: 0,
	base: undefined,
	credit: undefined,
	coveredMs: 0,
	stray: undefined,
	behind: undefined,
	counter: undefined,
	isResetDeclared: false,
};

/** The rules of a channel. `maxPowerW` bounds energies; `registerDigits` are those in front of the decimal point, in kWh or m³. */
export function rulesOf(
	{unit}: Pick<Quantity, 'unit'>,
	exponent: number,
	limits: {readonly maxPowerW: number | undefined; readonly registerDigits: number | undefined},
): RegisterRules {
	const {maxPowerW, registerDigits} = limits;
	const up = 10n ** BigInt(Math.max(exponent, 0));
	const down = 10n ** BigInt(Math.max(-exponent, 0));
	const perWh = energyUnits.get(unit);
	const rateMax =
		maxPowerW === undefined || perWh === undefined
			? undefined
			: {numerator: BigInt(maxPowerW) * perWh * (100n + tolerancePercent) * down, denominator: 100n * hourMs * up};
	const modulus =
		registerDigits === undefined || !digitUnits.has(unit) ? undefined : (10n ** BigInt(registerDigits) * baseUnitsPerDigitUnit * down) / up;
	const roundingMax = (roundingMaxUnits * (perWh ?? 1n) * down) / up;
	return {rateMax, modulus, roundingMax: roundingMax === 0n ? 1n : roundingMax};
}

/**
 * Classes a reading. What is comparable stays within one counter epoch: whoever subtracts two readings that count and stand in the same epoch gets what was measured, and needs
 * to know nothing of what came between them. So whatever cannot be compared begins a new epoch, and what passed meanwhile is unknown, never nothing.
 *
 * One wild value poisons nothing. It is an exception, and both levels are kept in mind: if the next reading fits the old one and not the wild one, all goes on as before; if it
 * counts on from the wild one, that is the level now, and a new epoch begins which nobody declared; if it fits both nobody can tell which, and a new epoch begins as well. A
 * level that stands still proves nothing: a device that shows zeros until it has read its memory is an exception each time.
 *
 * The reading MUST have none of `unjudgedQualities`.
 */
export function stepOf(state: RegisterState, next: RegisterPoint, rules: RegisterRules): Step {
	const {base, stray, counterEpoch} = state;
	// No counter shows less than nothing, and nothing is measured against one that does.
	if (next.value < 0n) return exception(state, stray);
	const isOtherCounter = isOther(state.counter, next.counter);
	const isReset = isOtherCounter || state.isResetDeclared;
	if (base === undefined) return begin(state, next, isReset ? 'reset' : 'first', isReset ? counterEpoch + 1 : counterEpoch);
	const elapsedMs = elapsedBetween(base, next);
	// What was measured before the newest reading declares nothing: it was on its way when the count began anew.
	if (isReset && elapsedMs >= 0) return begin(state, next, 'reset', counterEpoch + 1);
	const counter = next.counter ?? state.counter;
	const fit = isOtherCounter ? undefined : fitOf(state, base, next, rules);
	if (stray !== undefined && countsOnFrom(stray, next, rules)) {
		if (fit !== undefined || next.value > stray.value) {
			const isDeclared = isReset || isOther(state.counter, stray.counter);
			return begin(state, next, isDeclared ? 'reset' : 'first', counterEpoch + 1);
		}
		return exception(state, next);
	}
	if (fit === undefined) return exception(state, elapsedMs < 0 ? stray : next);
	switch (fit.class) {
		case 'normal':
			return {
				class: 'normal',
				quality: 0,
				counterEpoch,
				delta: next.value - base.value,
				// Written out: this runs for nearly every reading.
				state: {
					counterEpoch,
					base: next,
					credit: fit.credit,
					// Where ours was put back it begins again.
					coveredMs: next.arrivedAtMs < base.arrivedAtMs ? claimOf(next) : state.coveredMs + allowedBetween(state.coveredMs, base, next),
					stray: undefined,
					behind: state.behind,
					counter,
					isResetDeclared: state.isResetDeclared,
				},
			};
		case 'noise':
			return {class: 'noise', quality: qualities.noise, counterEpoch, delta: 0n, state: {...state, stray: undefined, counter}};
		case 'out-of-order':
			// It says nothing about a stray that came after it was measured.
			return {class: 'out-of-order', quality: 0, counterEpoch, delta: undefined, state: {...state, behind: next}};
		case 'rollover': {
			const begun = begin(state, next, 'rollover', counterEpoch + 1);
			return {...begun, delta: rules.modulus! - base.value + next.value};
		}
	}
}

type Fit = {readonly class: 'normal' | 'noise' | 'rollover' | 'out-of-order'; readonly credit: bigint | undefined};

const noise: Fit = {class: 'noise', credit: undefined};
const outOfOrder: Fit = {class: 'out-of-order', credit: undefined};
const rollover: Fit = {class: 'rollover', credit: undefined};
/** With the credit whole. */
const unchecked: Fit = {class: 'normal', credit: undefined};

/** How a reading fits the one that counts; undefined if it does not. */
function fitOf(
	{credit, coveredMs, behind}: RegisterState,
	base: RegisterPoint,
	next: RegisterPoint,
	rules: RegisterRules,
): Fit | undefined {
	if (elapsedBetween(base, next) < 0) {
		if (rises(next, base, undefined, rules, undefined) === undefined) return undefined;
		if (behind === undefined) return outOfOrder;
		// One that came out of order before it is a neighbour too: those that come in a row fit each other.
		const [earlier, later] = elapsedBetween(behind, next) >= 0 ? [behind, next] : [next, behind];
		return rises(earlier, later, undefined, rules, undefined) === undefined ? undefined : outOfOrder;
	}
	const risen = rises(base, next, credit, rules, coveredMs);
	if (risen !== undefined) return risen;
	if (next.value >= base.value) return undefined;
	if (base.value - next.value <= roundingOf(base.value, next.value, rules)) return noise;
	const {modulus} = rules;
	if (modulus === undefined || base.value >= modulus || base.value * 10n <= modulus * 9n || next.value * 10n >= modulus) return undefined;
	return within(modulus - base.value + next.value, base, next, credit, rules, coveredMs) === undefined ? undefined : rollover;
}

function rises(
	from: RegisterPoint,
	to: RegisterPoint,
	credit: bigint | undefined,
	rules: RegisterRules,
	coveredMs: number | undefined,
): Fit | undefined {
	return to.value < from.value ? undefined : within(to.value - from.value, from, to, credit, rules, coveredMs);
}

/**
 * Whether the register can have counted so much. Rounding and clocks that are not quite right let single steps look too large, but not their sum: what a step takes beyond the
 * maximum over its time comes out of a credit, which time fills again. So over any time it counts no more than its maximum, and that credit once.
 */
function within(
	rise: bigint,
	from: RegisterPoint,
	to: RegisterPoint,
	credit: bigint | undefined,
	rules: RegisterRules,
	coveredMs: number | undefined,
): Fit | undefined {
	if (rules.rateMax === undefined) return unchecked;
	const {numerator, denominator} = rules.rateMax;
	const elapsedMs = elapsedBetween(from, to);
	const allowedMs = coveredMs === undefined ? elapsedMs : allowedBetween(coveredMs, from, to);
	const spared = numerator * BigInt(allowedMs) - rise * denominator;
	// Nearly always: the credit was whole, and nothing of it is needed.
	if (credit === undefined && spared >= 0n) return unchecked;
	const slackMs = allowedMs < elapsedMs ? arrivalSlackMs : slackBetween(from, to);
	const creditMax = numerator * slackMs + roundingOf(from.value, to.value, rules) * denominator;
	const left = (credit === undefined || credit > creditMax ? creditMax : credit) + spared;
	return left < 0n ? undefined : {class: 'normal', credit: left >= creditMax ? undefined : left};
}

/** Whether a reading goes on where an exception stood. */
function countsOnFrom(stray: RegisterPoint, next: RegisterPoint, rules: RegisterRules): boolean {
	return (
		!isOther(stray.counter, next.counter) &&
		elapsedBetween(stray, next) >= 0 &&
		rises(stray, next, undefined, rules, undefined) !== undefined
	);
}

/**
 * By the device's clock where it tells both times: less than 0 where it measured `to` first. Where `from` claims a time that our clock had not reached when `to` came, the
 * device's clock was put back: then arrivals tell, as they do where the device tells no time. Ours is taken to stand still when it was put back.
 */
function elapsedBetween(from: RegisterPoint, to: RegisterPoint): number {
	return goesByArrival(from, to) ? Math.max(0, to.arrivedAtMs - from.arrivedAtMs) : to.measuredAtMs - from.measuredAtMs;
}

/** The time between two readings, as far as it has passed here since the count began and was not counted before. */
function allowedBetween(coveredMs: number, from: RegisterPoint, to: RegisterPoint): number {
	const elapsedMs = elapsedBetween(from, to);
	return to.arrivedAtMs < from.arrivedAtMs ? elapsedMs : Math.min(elapsedMs, Math.max(0, to.arrivedAtMs - coveredMs));
}

/** When it was measured, as far as that is believed: nothing is measured behind its arrival. */
function claimOf({measuredAtMs, arrivedAtMs}: RegisterPoint): number {
	return measuredAtMs === 0 ? arrivedAtMs : Math.min(measuredAtMs, arrivedAtMs);
}

function goesByArrival(from: RegisterPoint, to: RegisterPoint): boolean {
	const fromMs = from.measuredAtMs;
	const toMs = to.measuredAtMs;
	return fromMs === 0 || toMs === 0 || (toMs < fromMs && fromMs > to.arrivedAtMs);
}

/** How far off the time between two readings may be, in ms. */
function slackBetween(from: RegisterPoint, to: RegisterPoint): bigint {
	return from.timeIsDevices && to.timeIsDevices && !goesByArrival(from, to) ? deviceSlackMs : arrivalSlackMs;
}

/** The finest step that two readings show: the largest power of ten that divides both. What a device prints with three decimals ends in others than zeros soon enough. */
function roundingOf(one: bigint, other: bigint, {roundingMax}: RegisterRules): bigint {
	let rounding = 1n;
	while (rounding * 10n <= roundingMax && one % (rounding * 10n) === 0n && other % (rounding * 10n) === 0n) rounding *= 10n;
	return rounding;
}

function isOther(counter: string | undefined, next: string | undefined): boolean {
	return counter !== undefined && next !== undefined && counter !== next;
}

const bitOfBegin = {first: 0, reset: qualities.reset, rollover: qualities.rollover} as const;

/** The field has 32 bits. A register that has used them up is none. */
const counterEpochMax = 0xffff_ffff;

function begin(state: RegisterState, next: RegisterPoint, as: keyof typeof bitOfBegin, counterEpoch: number): Step {
	if (counterEpoch > counterEpochMax) return exception(state, next);
	const begun = {...registerStart, counterEpoch, base: next, coveredMs: claimOf(next), counter: next.counter ?? state.counter};
	return {class: as, quality: bitOfBegin[as], counterEpoch, delta: undefined, state: begun};
}

/** What was measured before the base is no level that could be there now: then `stray` is the one before. */
function exception(state: RegisterState, stray: RegisterPoint | undefined): Step {
	const {counterEpoch} = state;
	return {class: 'exception', quality: qualities.exception, counterEpoch, delta: undefined, state: {...state, stray}};
}

/**
 * Where a register stood, from the newest readings of its channel in the order of the log, and from what was kept beside the log: the counter's name, and whether the owner has
 * declared a reset that no reading has shown yet. `numberBefore`: there were others before these, and this is the channel's last number so far; undefined if there were none.
 *
 * The entries say how they were classed; nothing is classed again. Where none of them counts, nothing can be compared with what comes: it begins a new epoch.
 */
export function registerStateOf(
	readings: readonly Pick<Entry, 'quality' | 'value' | 'measuredAtMs' | 'arrivedAtMs' | 'span'>[],
	numberBefore: number | undefined,
	kept: {readonly counter: string | undefined; readonly isResetDeclared: boolean},
): RegisterState {
	let counterEpoch = -1;
	let base: RegisterPoint | undefined;
	let stray: RegisterPoint | undefined;
	let behind: RegisterPoint | undefined;
	for (const {quality, value, measuredAtMs, arrivedAtMs, span} of readings) {
		// A correction stands in the epoch of what it corrects.
		if ((quality & qualities.correction) !== 0) continue;
		if (span > counterEpoch) {
			counterEpoch = span;
			base = stray = behind = undefined;
		}
		if ((quality & unjudgedQualities) !== 0) continue;
		const timeIsDevices = (quality & qualities.noDeviceTime) === 0;
		const point = {value, measuredAtMs, timeIsDevices, arrivedAtMs, counter: undefined};
		const isOutOfOrder = base !== undefined && elapsedBetween(base, point) < 0;
		if ((quality & qualities.exception) !== 0) stray = value < 0n || isOutOfOrder ? stray : point;
		else if ((quality & qualities.noise) !== 0) stray = undefined;
		else if (isOutOfOrder) behind = point;
		else {
			base = point;
			stray = undefined;
		}
	}
	// Where nothing is left that says which epochs there were: there were fewer than entries.
	if (counterEpoch < 0) counterEpoch = Math.min(numberBefore ?? 0, counterEpochMax);
	else if (base === undefined && numberBefore !== undefined) counterEpoch = Math.min(counterEpoch + 1, counterEpochMax);
	const coveredMs = base === undefined ? 0 : claimOf(base);
	return {...registerStart, counterEpoch, base, coveredMs, stray: base === undefined ? undefined : stray, behind, ...kept};
}
