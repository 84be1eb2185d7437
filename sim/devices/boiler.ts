// Turns heat demand into what a boiler burns and what leaves its stack, as a SenML pack.

import type {Model, Value} from '../device.ts';
import {printFixed} from '../message.ts';
import {type Place, solarHour} from '../sun.ts';

export type BoilerPlan = {readonly id: string; readonly place: Place; readonly cadenceMs: number};

export type BoilerState = {
	readonly timeMs: number;
	/** Share of full power, 0 … 1. */
	readonly fire: number;
	/** Gas that flows until the next step, in millilitres a second, and what has flowed, in microlitres. */
	readonly gasMlPerS: number;
	readonly gasUl: number;
	readonly flueMilliC: number;
};

/** Natural gas at full power: 18 l/s is about 650 kW. */
const gasMlPerSMax = 18_000;
const ulPerLitre = 1_000_000;

export function boilerModel(plan: BoilerPlan): Model<BoilerState> {
	return {
		id: plan.id,
		mapping: 'boiler',
		cadenceMs: plan.cadenceMs,
		start: ({timeMs}, chance) => ({
			timeMs: Math.floor(timeMs),
			fire: 0.5,
			gasMlPerS: 0,
			gasUl: chance.between(20_000_000, 90_000_000) * ulPerLitre,
			flueMilliC: 95_000,
		}),
		step: (state, {timeMs, sceneMs}, chance) => {
			// 1 ml/s is 1 µl/ms.
			const gasUl = state.gasUl + state.gasMlPerS * Math.max(0, timeMs - state.timeMs);
			const hour = solarHour(sceneMs, plan.place);
			const wanted = 0.35 + 0.5 * Math.exp(-(((hour - 7) / 2.5) ** 2)) + 0.35 * Math.exp(-(((hour - 19) / 3) ** 2));
			const fire = Math.max(0.15, Math.min(1, state.fire + 0.1 * (wanted - state.fire) + 0.015 * chance.bell()));
			const gasMlPerS = Math.round(gasMlPerSMax * fire);
			// Burning 1 ml of natural gas gives about 1.9 mg of CO2.
			const co2MgPerS = Math.round(gasMlPerS * 1.9 * (1 + 0.004 * chance.bell()));
			const oxygenMilliPercent = Math.round(3000 + 3500 * (1 - fire) + 60 * chance.bell());
			const noxUgPerM3 = Math.round(70_000 + 45_000 * fire + 1500 * chance.bell());
			// Each litre of gas leaves about twelve litres of flue gas, more with more air.
			const flowLPerS = Math.round((gasMlPerS / 1000) * (11.6 + oxygenMilliPercent / 5000));
			const flueMilliC = Math.round(state.flueMilliC + 0.15 * (85_000 + 70_000 * fire - state.flueMilliC) + 200 * chance.bell());
			const gasL = Math.floor(gasUl / ulPerLitre);
			const values: Value[] = [
				{quantityName: 'co2-mass-flow', value: co2MgPerS, exponent: 0},
				{quantityName: 'nox-concentration', value: noxUgPerM3, exponent: 0},
				{quantityName: 'oxygen-fraction', value: oxygenMilliPercent, exponent: 0},
				{quantityName: 'stack-flow', value: flowLPerS, exponent: 0},
				{quantityName: 'temperature', value: flueMilliC, exponent: 0, part: 'flue'},
				{quantityName: 'gas-volume', value: gasL, exponent: 0},
			];
			const record = (name: string, unit: string, thousandths: number): string =>
				`{"n":"${name}","u":"${unit}","v":${printFixed(thousandths, 3)}}`;
			return {
				state: {timeMs: Math.max(timeMs, state.timeMs), fire, gasMlPerS, gasUl, flueMilliC},
				report: {
					topic: `senml/${plan.id}`,
					payload: ({measuredAtMs}) =>
						`[{"bn":"urn:dev:${plan.id}:","bt":${printFixed(measuredAtMs, 3)},"n":"co2","u":"g/s","v":${printFixed(co2MgPerS, 3)}},` +
						`${record('nox', 'mg/m3', noxUgPerM3)},${record('o2', '%', oxygenMilliPercent)},${record('flow', 'm3/s', flowLPerS)},` +
						`${record('flue', 'Cel', flueMilliC)},${record('gas', 'm3', gasL)}]`,
					values,
				},
			};
		},
	};
}
