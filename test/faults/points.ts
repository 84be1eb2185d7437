// Chooses some of many points so that every kind of them is looked at, and each kind evenly from its first to its last.

import type {Chance} from '../../sim/seed.ts';

/**
 * Gives `count` of the points. Each stratum gets as many as the others, or all that it has; within one they lie evenly, from a start that chance gives. None comes
 * twice before all have come once. The order is by chance, so that the first few are of many kinds.
 */
export function chooseEvenly<T>(points: readonly T[], stratumOf: (point: T) => string, count: number, chance: Chance): T[] {
	const chosen: T[] = [];
	if (points.length === 0) return chosen;
	while (count - chosen.length >= points.length) chosen.push(...points);
	const strata = [...inGroups(points, stratumOf).values()].sort((a, b) => a.length - b.length);
	let left = count - chosen.length;
	for (const [i, stratum] of strata.entries()) {
		// What does not come out even goes to some by chance: with fewer points than strata it is not always the same that get none.
		const exact = left / (strata.length - i);
		const share = Math.min(stratum.length, Math.floor(exact) + (chance.happens(exact % 1) ? 1 : 0));
		left -= share;
		const start = chance.fraction();
		for (let j = 0; j < share; j += 1) chosen.push(stratum[Math.floor(((j + start) * stratum.length) / share)]!);
	}
	const key = new Map(chosen.map(point => [point, chance.word()]));
	return chosen.sort((a, b) => key.get(a)! - key.get(b)!);
}

/** Items by a name that they share, in the order in which each name first comes. */
export function inGroups<T>(items: readonly T[], nameOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
	const groups = new Map<string, T[]>();
	for (const item of items) {
		const group = groups.get(nameOf(item));
		if (group === undefined) groups.set(nameOf(item), [item]);
		else group.push(item);
	}
	return groups;
}
