// Which head a database shares with those who saw its log: one case a row.
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {chooseCommonHead, type SeenHead} from '../../agent/log/common-head.ts';

/** Roots of the history that the database holds, 0, and of another. */
const rootOf = (size: number, history = 0): Uint8Array => nodeHasher.sha256(Uint8Array.of(history, size));
const side = (size: number, history = 0): SeenHead => ({
	source: 'side',
	size,
	root: rootOf(size, history),
	isConfirmed: true,
	witness: 'side file',
});
const chain = (size: number, history = 0, isConfirmed = true): SeenHead => ({
	source: 'chain',
	size,
	root: rootOf(size, history),
	isConfirmed,
	witness: 'chain',
});

for (const {name, heads, common} of [
	{name: 'nobody saw anything', heads: [], common: 0},
	{name: 'the side file is beyond an older database: the empty log', heads: [side(9)], common: 0},
	{name: 'the side file is beyond, the chain agrees: the head on the chain', heads: [side(9), chain(4)], common: 4},
	{name: 'both are beyond, an anchor of our own is confirmed: that one', heads: [side(9), chain(8), chain(5)], common: 5},
	{name: 'the larger of two confirmed anchors', heads: [side(9), chain(3), chain(5)], common: 5},
	{name: 'the side file agrees and the chain too: the larger', heads: [side(6), chain(4)], common: 6},
	{
		name: 'a copied card: its side file agrees with it, the chain holds another history',
		heads: [side(7), chain(6, 1), chain(4)],
		common: 4,
	},
	{name: 'a copied card that never saw an anchor confirmed', heads: [side(7), chain(6, 1)], common: 0},
	{
		name: 'what a single node says of a block that may vanish takes nothing from the side file',
		heads: [side(6), chain(9, 1, false)],
		common: 6,
	},
	{name: 'a matching head at latest counts', heads: [side(9), chain(5, 0, false), chain(4)], common: 5},
	{name: 'an edited database: nothing outside has its roots', heads: [side(6, 1), chain(4, 1)], common: 0},
	{name: 'a size whose root could not be recomputed counts for nothing', heads: [chain(2)], common: 0},
	{name: 'the whole database', heads: [side(7)], common: 7},
] as const) {
	test(`common head: ${name}`, t => {
		const rootAt = new Map([0, 3, 4, 5, 6, 7].map(size => [size, rootOf(size)]));
		t.is(chooseCommonHead(7, rootAt, heads, rootOf(0)).size, common);
	});
}
