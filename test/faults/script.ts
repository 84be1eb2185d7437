// What a scripted agent is told: messages in groups, the same for the same seed, so that a fault can be put at one system call of them.

import {noFaults} from '../../sim/faults.ts';
import {createFleet} from '../../sim/fleet.ts';
import {hostileMessage} from '../../sim/hostile.ts';
import type {Message} from '../../sim/message.ts';
import {createChance} from '../../sim/seed.ts';

/** How many messages are handed in at once, group after group; each group is waited for. */
export const shapes = {
	'one append': [1],
	'three appends': [1, 1, 1],
	'an append behind a refusal': [-1, 1],
	'forty at once': [1, 40],
	'a tile': [1, 120, 1],
	'six hundred at once': [1, 600, 1],
} as const satisfies Readonly<Record<string, readonly number[]>>;

export type Shape = keyof typeof shapes;

export const scriptHomes = 2;
const startMs = 1_767_225_600_000;

/** A negative count stands for messages that must be refused. */
export function scriptOf(shape: Shape, seed: string): Message[][] {
	const momentOf = (timeMs: number) => ({timeMs, sceneMs: timeMs});
	const fleet = createFleet({seed, size: {homes: scriptHomes}, faults: noFaults, moment: momentOf(startMs)});
	const chance = createChance(seed, 'script');
	let steps = 0;
	const next = (isHostile: boolean): Message => {
		const device = fleet[steps % fleet.length]!;
		steps += 1;
		const {message, report} = device.step(momentOf(startMs + steps * 1000));
		return isHostile ? hostileMessage(device.id, report, device.extra(), chance) : message;
	};
	return shapes[shape].map(count => Array.from({length: Math.abs(count)}, () => next(count < 0)));
}
