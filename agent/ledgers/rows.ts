// Rows in memory: what a ledger keeps where nothing is kept, in a verifier and in tests.

import type {Rows} from './ledger.ts';

export type MemoryRows = Rows & {
	/** All rows in the order of their keys. */
	readonly all: () => readonly {readonly key: string; readonly body: string}[];
};

export function createMemoryRows(): MemoryRows {
	const bodies = new Map<string, string>();
	let sorted: string[] | undefined;
	const keys = (): string[] => {
		sorted ??= [...bodies.keys()].sort();
		return sorted;
	};
	return {
		get: async key => bodies.get(key),
		async *range(from, below) {
			const among = keys();
			let [low, high] = [0, among.length];
			while (low < high) {
				const middle = (low + high) >> 1;
				if (among[middle]! < from) low = middle + 1;
				else high = middle;
			}
			for (let i = low; i < among.length && among[i]! < below; i += 1) {
				const body = bodies.get(among[i]!);
				if (body !== undefined) yield {key: among[i]!, body};
			}
		},
		put: (key, body) => {
			if (!bodies.has(key)) sorted = undefined;
			bodies.set(key, body);
		},
		remove: key => {
			if (bodies.delete(key)) sorted = undefined;
		},
		all: () => keys().map(key => ({key, body: bodies.get(key)!})),
	};
}
