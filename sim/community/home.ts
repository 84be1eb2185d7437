// Turns a home's plan, the sun and chance into what its meter counts, a minute at a time, in whole joules.

import {type Chance, createChance} from '../seed.ts';
import {clearSkyShare, solarHour, sunElevationDeg} from '../sun.ts';
import {type Home, slotMs} from './plan.ts';

/** Joules since the meter was built in, and what is stored; whole numbers far below 2^53, so that every sum is exact. */
export type HomeState = {
	readonly timeMs: number;
	readonly loadJ: number;
	readonly pvJ: number;
	readonly importJ: number;
	readonly exportJ: number;
	/** Into the battery and out of it, on the side of the house. */
	readonly chargedJ: number;
	readonly dischargedJ: number;
	readonly storedJ: number;
	/** Share of the clear sky that comes through, 0 … 1. */
	readonly sky: number;
	readonly applianceW: number;
	readonly applianceUntilMs: number;
};

export const jPerWh = 3600;
export const stepMs = 60_000;
const stepS = stepMs / 1000;
const million = 1_000_000;
const skyMin = 0.12;

/** A home at the start of a run: its meter was built in years ago, its battery is half full. */
export function startHome(home: Home, timeMs: number, chance: Chance): HomeState {
	const hasPv = home.pvPeakW > 0;
	return {
		timeMs,
		loadJ: 0,
		pvJ: hasPv ? chance.between(6_000_000, 9_000_000) * jPerWh : 0,
		importJ: chance.between(800_000, 9_000_000) * jPerWh + chance.between(0, jPerWh - 1),
		exportJ: hasPv ? chance.between(100_000, 6_000_000) * jPerWh + chance.between(0, jPerWh - 1) : 0,
		chargedJ: 0,
		dischargedJ: 0,
		storedJ: Math.floor(((home.battery?.capacityWh ?? 0) * jPerWh) / 2),
		sky: chance.between(50, 100) / 100,
		applianceW: 0,
		applianceUntilMs: 0,
	};
}

/** How much of the habit happens at an hour: little at night, some at breakfast, most in the evening. */
function habitShare(hour: number): number {
	const peak = (at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2));
	return 0.15 + 0.55 * peak(7.3, 1.4) + 0.35 * peak(12.7, 1.6) + peak(19.4, 2.6);
}

/** The next minute. Powers are rounded to whole watts before they become energy; from there on nothing is rounded but what a battery loses. */
export function stepHome(home: Home, state: HomeState, chance: Chance): HomeState {
	const {timeMs} = state;
	const hour = solarHour(timeMs, home.place);
	const sky = Math.max(skyMin, Math.min(1, state.sky + 0.02 * chance.bell() + 0.003));
	let {applianceW, applianceUntilMs} = state;
	if (applianceW > 0 && timeMs >= applianceUntilMs) applianceW = 0;
	if (applianceW === 0 && chance.happens(0.002 + 0.008 * habitShare(hour))) {
		applianceW = chance.pick([800, 1200, 2000, 2200, 3600]);
		applianceUntilMs = timeMs + chance.between(5, 70) * 60_000;
	}
	const steadyW = (home.baseW + home.habitW * habitShare(hour)) * Math.max(0.3, 1 + 0.07 * chance.bell());
	const loadJ = stepS * (Math.round(steadyW) + applianceW);
	const pvJ = stepS * Math.round(home.pvPeakW * clearSkyShare(sunElevationDeg(timeMs, home.place)) * sky);
	const {inJ, outJ, storedJ} = stepBattery(home, state.storedJ, pvJ - loadJ);
	const gridJ = loadJ + inJ - pvJ - outJ;
	return {
		timeMs: timeMs + stepMs,
		loadJ: state.loadJ + loadJ,
		pvJ: state.pvJ + pvJ,
		importJ: state.importJ + Math.max(0, gridJ),
		exportJ: state.exportJ + Math.max(0, -gridJ),
		chargedJ: state.chargedJ + inJ,
		dischargedJ: state.dischargedJ + outJ,
		storedJ,
		sky,
		applianceW,
		applianceUntilMs,
	};
}

/** Takes what is left over and gives what is missing, within its powers and its room. What it loses is rounded against it, so that it never makes energy. */
export function stepBattery(
	{battery}: Pick<Home, 'battery'>,
	storedJ: number,
	surplusJ: number,
): {readonly inJ: number; readonly outJ: number; readonly storedJ: number} {
	if (battery === undefined) return {inJ: 0, outJ: 0, storedJ};
	const {capacityWh, chargeW, dischargeW, efficiencyPpm} = battery;
	if (surplusJ > 0) {
		const room = Math.floor(((capacityWh * jPerWh - storedJ) * million) / efficiencyPpm);
		const inJ = Math.min(surplusJ, chargeW * stepS, room);
		return {inJ, outJ: 0, storedJ: storedJ + Math.floor((inJ * efficiencyPpm) / million)};
	}
	const outJ = Math.min(-surplusJ, dischargeW * stepS, Math.floor((storedJ * efficiencyPpm) / million));
	return {inJ: 0, outJ, storedJ: storedJ - Math.ceil((outJ * million) / efficiencyPpm)};
}

/** Every state of a home from `startMs` on, a minute apart, the start included. The same seed, home and start give the same life. */
export function* lifeOf(home: Home, seed: string, startMs: number, steps: number): Generator<HomeState> {
	const chance = createChance(seed, `community life of ${home.id}`);
	let state = startHome(home, startMs, chance);
	yield state;
	for (let step = 0; step < steps; step += 1) {
		state = stepHome(home, state, chance);
		yield state;
	}
}

/** Energy of one slot in whole Wh: what registers that round down gain between its boundaries. */
export type SlotTruth = {
	readonly slot: number;
	readonly loadWh: number;
	readonly pvWh: number;
	readonly importWh: number;
	readonly exportWh: number;
};

/** What really flows in each slot, by the second. A meter that speaks a little later than the boundary shows a little less or more. */
export function* slotsOf(home: Home, seed: string, slotFrom: number, slotCount: number): Generator<SlotTruth> {
	const stepsPerSlot = slotMs / stepMs;
	let before: HomeState | undefined;
	let step = 0;
	for (const state of lifeOf(home, seed, slotFrom * slotMs, slotCount * stepsPerSlot)) {
		if (step % stepsPerSlot === 0) {
			if (before !== undefined) {
				const [from, to] = [before, state];
				const gained = (key: 'loadJ' | 'pvJ' | 'importJ' | 'exportJ'): number => wholeWh(to[key]) - wholeWh(from[key]);
				const slot = slotFrom + step / stepsPerSlot - 1;
				yield {slot, loadWh: gained('loadJ'), pvWh: gained('pvJ'), importWh: gained('importJ'), exportWh: gained('exportJ')};
			}
			before = state;
		}
		step += 1;
	}
}

/** As every register is rounded before two are subtracted. */
export function wholeWh(joules: number): number {
	return Math.floor(joules / jPerWh);
}
