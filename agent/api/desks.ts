// Finds the market that a request means.

import type {MarketDesk} from './desk.ts';
import {marketsMax} from './limits.ts';
import {Problem} from './problem.ts';

export type Desks = {
	readonly all: readonly MarketDesk[];
	/** By name or id; where there is one market, `undefined` means it. Throws `unknown-market`. */
	readonly of: (market: string | undefined) => MarketDesk;
	readonly find: (id: string) => MarketDesk | undefined;
};

export function createDesks(all: readonly MarketDesk[]): Desks {
	if (all.length > marketsMax) throw new RangeError(`one server has at most ${marketsMax} markets, not ${all.length}`);
	const byWord = new Map(
		all.flatMap(desk => {
			const {id, name} = desk.view();
			return [[id.toLowerCase(), desk] as const, [name, desk] as const];
		}),
	);
	const find = (word: string): MarketDesk | undefined => byWord.get(word) ?? byWord.get(word.toLowerCase());
	return {
		all,
		find,
		of: market => {
			if (market === undefined) {
				if (all.length === 1) return all[0]!;
				throw new Problem('malformed', 'market is missing: this agent has several', {
					errors: [{pointer: '/market', code: 'required', detail: 'is missing'}],
				});
			}
			const desk = find(market);
			if (desk === undefined) throw new Problem('unknown-market', `there is no market ${market}`);
			return desk;
		},
	};
}

/** When the gate of a slot closes, in ms since 1970. */
export function gateMs(desk: MarketDesk, slot: number): number {
	const {slotS, gateBeforeS} = desk.view().timeline;
	return (slot * slotS - gateBeforeS) * 1000;
}
