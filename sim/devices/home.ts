// Turns the hour, the sun and chance into what one home draws, makes and stores, and what its meter counts.

import type {Model, Value} from '../device.ts';
import {printFixed} from '../message.ts';
import type {Chance} from '../seed.ts';
import {clearSkyShare, type Place, solarHour, sunElevationDeg} from '../sun.ts';

export type HomePlan = {
	readonly id: string;
	readonly place: Place;
	/** Draw of what never stops: fridge, standby. */
	readonly baseW: number;
	/** Height of the morning and evening peaks. */
	readonly habitW: number;
	/** 0: no panels. */
	readonly pvPeakW: number;
	/** 0: no battery. */
	readonly batteryWh: number;
	readonly cadenceMs: number;
};

/** Powers in deciwatt (0.1 W), energies in deciwatt·ms: whole numbers, so that a register is an exact sum. */
export type HomeState = {
	readonly timeMs: number;
	/** Drawn from the grid until the next step; negative: fed in. */
	readonly gridDw: number;
	readonly pvDw: number;
	/** Into the battery; negative: out of it. */
	readonly batteryDw: number;
	readonly importDwMs: number;
	readonly exportDwMs: number;
	readonly pvDwMs: number;
	readonly chargeDwMs: number;
	/** Share of the clear sky that comes through, 0 … 1. */
	readonly sky: number;
	/** Large things that are switched on (cooking, washing, charging), and until when in the scene. */
	readonly applianceDw: number;
	readonly applianceUntilMs: number;
};

/** 1 Wh in deciwatt·ms. */
export const dwMsPerWh = 36_000_000;
const batteryPowerMaxDw = 30_000;
const skyMin = 0.12;

/** A home with panels in six of ten cases, and then a battery in four of ten. */
export function planHome(id: string, place: Place, cadenceMs: number, chance: Chance): HomePlan {
	const baseW = chance.between(80, 260);
	const habitW = chance.between(300, 1100);
	const pvPeakW = chance.between(3, 9) * 1000 * (chance.happens(0.6) ? 1 : 0);
	const batteryWh = chance.between(5, 13) * 1000 * (chance.happens(0.4) && pvPeakW > 0 ? 1 : 0);
	return {id, place, baseW, habitW, pvPeakW, batteryWh, cadenceMs};
}

/** How much of the habit happens at an hour: little at night, some at breakfast, most in the evening. */
function habitShare(hour: number): number {
	const peak = (at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2));
	return 0.15 + 0.55 * peak(7.3, 1.4) + 0.35 * peak(12.7, 1.6) + peak(19.4, 2.6);
}

export function homeModel(plan: HomePlan): Model<HomeState> {
	const hasPv = plan.pvPeakW > 0;
	const capacityDwMs = plan.batteryWh * dwMsPerWh;
	return {
		id: plan.id,
		mapping: 'home-meter',
		cadenceMs: plan.cadenceMs,
		start: ({timeMs}, chance) => ({
			timeMs: Math.floor(timeMs),
			gridDw: 0,
			pvDw: 0,
			batteryDw: 0,
			// A meter that was built in years ago.
			importDwMs: chance.between(800_000, 9_000_000) * dwMsPerWh,
			exportDwMs: hasPv ? chance.between(100_000, 6_000_000) * dwMsPerWh : 0,
			pvDwMs: hasPv ? chance.between(6_000_000, 9_000_000) * dwMsPerWh : 0,
			chargeDwMs: Math.floor(capacityDwMs / 2),
			sky: 0.8,
			applianceDw: 0,
			applianceUntilMs: 0,
		}),
		step: (state, {timeMs, sceneMs}, chance) => {
			const counted = count(state, timeMs, capacityDwMs);
			const hour = solarHour(sceneMs, plan.place);
			const sky = Math.max(skyMin, Math.min(1, state.sky + 0.03 * chance.bell() + 0.004));
			let {applianceDw, applianceUntilMs} = state;
			if (applianceDw > 0 && sceneMs >= applianceUntilMs) applianceDw = 0;
			if (applianceDw === 0 && chance.happens(0.01 + 0.03 * habitShare(hour))) {
				applianceDw = chance.pick([8_000, 12_000, 20_000, 22_000, 36_000]);
				applianceUntilMs = sceneMs + chance.between(5, 70) * 60_000;
			}
			const steadyW = plan.baseW + plan.habitW * habitShare(hour);
			const loadDw = Math.round(steadyW * 10 * Math.max(0.3, 1 + 0.07 * chance.bell())) + applianceDw;
			const pvDw = Math.round(plan.pvPeakW * 10 * clearSkyShare(sunElevationDeg(sceneMs, plan.place)) * sky);
			const surplusDw = pvDw - loadDw;
			const roomDwMs = capacityDwMs - counted.chargeDwMs;
			const batteryDw =
				surplusDw > 0 && roomDwMs > 0
					? Math.min(surplusDw, batteryPowerMaxDw)
					: surplusDw < 0 && counted.chargeDwMs > 0
						? Math.max(surplusDw, -batteryPowerMaxDw)
						: 0;
			const gridDw = loadDw - pvDw + batteryDw;
			const next: HomeState = {...counted, gridDw, pvDw, batteryDw, sky, applianceDw, applianceUntilMs};

			const importWh = Math.floor(next.importDwMs / dwMsPerWh);
			const exportWh = Math.floor(next.exportDwMs / dwMsPerWh);
			const pvWh = Math.floor(next.pvDwMs / dwMsPerWh);
			const values: Value[] = [
				{quantityName: 'energy-import', value: importWh, exponent: 0},
				{quantityName: 'energy-export', value: exportWh, exponent: 0},
				...(hasPv ? [{quantityName: 'energy-generated', value: pvWh, exponent: 0}] : []),
				{quantityName: 'active-power', value: gridDw, exponent: -1},
			];
			const pvField = hasPv ? `,"pv_kwh":${printFixed(pvWh, 3)}` : '';
			return {
				state: next,
				report: {
					topic: `homes/${plan.id}/meter`,
					payload: ({boot, sequence, measuredAtMs}) =>
						`{"boot":"${boot}","seq":${sequence},"at":"${new Date(measuredAtMs).toISOString()}"` +
						`,"import_kwh":${printFixed(importWh, 3)},"export_kwh":${printFixed(exportWh, 3)}${pvField},"power_w":${printFixed(gridDw, 1)}}`,
					values,
				},
			};
		},
	};
}

/** Lets the powers of the last step flow until now. What is reported is what was drawn: power times time is exactly what the registers gain. */
function count(state: HomeState, timeMs: number, capacityDwMs: number): HomeState {
	const pastMs = Math.max(0, timeMs - state.timeMs);
	const charge = state.chargeDwMs + state.batteryDw * pastMs;
	return {
		...state,
		timeMs: Math.max(timeMs, state.timeMs),
		importDwMs: state.importDwMs + Math.max(0, state.gridDw) * pastMs,
		exportDwMs: state.exportDwMs + Math.max(0, -state.gridDw) * pastMs,
		pvDwMs: state.pvDwMs + state.pvDw * pastMs,
		chargeDwMs: Math.max(0, Math.min(capacityDwMs, charge)),
	};
}
