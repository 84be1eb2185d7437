// Turns heat that leaks in and a door that opens into the temperature of a refrigerated truck.

import type {Model} from '../device.ts';
import {printFixed} from '../message.ts';
import {type Place, solarHour} from '../sun.ts';

export type TruckPlan = {readonly id: string; readonly place: Place; readonly cadenceMs: number};

export type TruckState = {
	readonly sceneMs: number;
	readonly milliC: number;
	readonly doorUntilMs: number;
	readonly doorNextMs: number;
	readonly compressor: boolean;
	/** Of the tracker, which the engine charges. */
	readonly batteryMilliPercent: number;
};

/** The thermostat keeps the load between these. */
const onAboveMilliC = 4_800;
const offBelowMilliC = 3_200;
/** How fast warmth comes in, per hour of the scene and degree of difference: closed walls, open door. */
const leakClosed = 0.18;
const leakOpen = 3.5;
/** Degrees an hour that the compressor takes out. */
const coolingCPerHour = 14;
/** A gap in the scene is walked through in steps no longer than this, so that the model stays stable. */
const strideMs = 60_000;
const stridesMax = 240;

export function truckModel(plan: TruckPlan): Model<TruckState> {
	return {
		id: plan.id,
		mapping: 'truck-fridge',
		cadenceMs: plan.cadenceMs,
		start: ({sceneMs}, chance) => ({
			sceneMs,
			milliC: 4_000,
			doorUntilMs: 0,
			doorNextMs: sceneMs + chance.between(5, 20) * 60_000,
			compressor: false,
			batteryMilliPercent: chance.between(60, 95) * 1000,
		}),
		step: (state, {sceneMs}, chance) => {
			let {milliC, compressor, doorUntilMs, doorNextMs} = state;
			const outsideMilliC = 16_000 + 7_000 * Math.sin(((solarHour(sceneMs, plan.place) - 9) / 24) * 2 * Math.PI);
			if (sceneMs >= doorNextMs) {
				doorUntilMs = sceneMs + chance.between(2, 9) * 60_000;
				doorNextMs = doorUntilMs + chance.between(25, 80) * 60_000;
			}
			const open = sceneMs < doorUntilMs;
			const pastMs = Math.max(0, sceneMs - state.sceneMs);
			const strides = Math.min(stridesMax, Math.ceil(pastMs / strideMs));
			const strideHours = strides === 0 ? 0 : Math.min(pastMs / strides, strideMs) / 3_600_000;
			for (let i = 0; i < strides; i += 1) {
				if (milliC > onAboveMilliC) compressor = true;
				else if (milliC < offBelowMilliC) compressor = false;
				const gained = (outsideMilliC - milliC) * (open ? leakOpen : leakClosed) * strideHours;
				milliC = milliC + gained - (compressor ? coolingCPerHour * 1000 * strideHours : 0);
			}
			milliC = Math.round(milliC);
			// The engine runs while it drives, which it does while the door is shut.
			const batteryMilliPercent = Math.max(5_000, Math.min(100_000, state.batteryMilliPercent + (open ? -400 : 60)));

			const centiC = Math.round((milliC + 40 * chance.bell()) / 10);
			const tenthPercent = Math.floor(batteryMilliPercent / 100);
			return {
				state: {sceneMs, milliC, doorUntilMs, doorNextMs, compressor, batteryMilliPercent},
				report: {
					topic: `trucks/${plan.id}/fridge`,
					payload: ({boot, sequence, measuredAtMs}) =>
						`{"boot":"${boot}","seq":${sequence},"at":${measuredAtMs},"temp_c":${printFixed(centiC, 2)}` +
						`,"door":${open ? 1 : 0},"compressor":${compressor ? 1 : 0},"battery_pct":${printFixed(tenthPercent, 1)}}`,
					values: [
						{quantityName: 'temperature', value: centiC * 10, exponent: 0},
						{quantityName: 'door', value: open ? 1 : 0, exponent: 0},
						{quantityName: 'on', value: compressor ? 1 : 0, exponent: 0, part: 'compressor'},
						{quantityName: 'state-of-charge', value: tenthPercent * 100, exponent: 0},
					],
				},
			};
		},
	};
}
