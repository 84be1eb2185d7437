// Turns the life of a home into what its meter publishes: cumulative registers, at the times of its cadence.

import {type Message, printFixed} from '../message.ts';
import {type HomeState, lifeOf, stepMs, wholeWh} from './home.ts';
import {type Home, slotMs} from './plan.ts';

/** What the meter shows at a time, in whole Wh; every register only rises. */
export type MeterPoint = {
	readonly homeId: string;
	/** From 1, without gaps: the meter's own numbering. */
	readonly sequence: number;
	readonly atMs: number;
	readonly importWh: number;
	readonly exportWh: number;
	/** undefined: no panels. */
	readonly pvWh: number | undefined;
};

/** Points go on behind the last slot, since a boundary counts only when something came after it. */
const pointsAfterEnd = 2;

/** Every point of a home from the first slot's start to a little beyond the last one's end. */
export function* pointsOf(home: Home, seed: string, slotFrom: number, slotCount: number): Generator<MeterPoint> {
	const startMs = slotFrom * slotMs;
	const endMs = startMs + slotCount * slotMs + pointsAfterEnd * home.cadenceMs;
	let nextMs = startMs + home.phaseMs;
	let sequence = 0;
	let before: HomeState | undefined;
	for (const state of lifeOf(home, seed, startMs, Math.ceil((endMs - startMs) / stepMs) + 1)) {
		const from = before ?? state;
		for (; nextMs <= state.timeMs && nextMs <= endMs; nextMs += home.cadenceMs) {
			sequence += 1;
			// Within a minute power is constant, and a register counts whole joules.
			const at = (key: 'importJ' | 'exportJ' | 'pvJ'): number =>
				wholeWh(from[key] + Math.floor(((state[key] - from[key]) * (nextMs - from.timeMs)) / stepMs));
			const pvWh = home.pvPeakW > 0 ? at('pvJ') : undefined;
			yield {homeId: home.id, sequence, atMs: nextMs, importWh: at('importJ'), exportWh: at('exportJ'), pvWh};
		}
		before = state;
	}
}

/** All points of a community in the order of their times; of equal times in the order of the homes. */
export function* communityPoints(homes: readonly Home[], seed: string, slotFrom: number, slotCount: number): Generator<MeterPoint> {
	const lives = homes.map(home => pointsOf(home, seed, slotFrom, slotCount));
	const heads = lives.map(life => life.next());
	for (;;) {
		let first: number | undefined;
		let firstMs = Number.POSITIVE_INFINITY;
		for (const [i, head] of heads.entries()) {
			if (head.done === true || head.value.atMs >= firstMs) continue;
			first = i;
			firstMs = head.value.atMs;
		}
		if (first === undefined) return;
		yield heads[first]!.value as MeterPoint;
		heads[first] = lives[first]!.next();
	}
}

/** The message of a point, read by the mapping `home-meter`, with the truth beside it. */
export function meterMessage(point: MeterPoint, boot: string): Message {
	const {homeId, sequence, atMs, importWh, exportWh, pvWh} = point;
	const common = {deviceId: homeId, exponent: 0, measuredAtMs: atMs};
	const pvField = pvWh === undefined ? '' : `,"pv_kwh":${printFixed(pvWh, 3)}`;
	return {
		deviceId: homeId,
		id: `${boot}/${sequence}`,
		topic: `homes/${homeId}/meter`,
		payload:
			`{"boot":"${boot}","seq":${sequence},"at":"${new Date(atMs).toISOString()}"` +
			`,"import_kwh":${printFixed(importWh, 3)},"export_kwh":${printFixed(exportWh, 3)}${pvField}}`,
		readings: [
			{...common, quantityName: 'energy-import', value: BigInt(importWh)},
			{...common, quantityName: 'energy-export', value: BigInt(exportWh)},
			...(pvWh === undefined ? [] : [{...common, quantityName: 'energy-generated', value: BigInt(pvWh)}]),
		],
	};
}
