import test from 'ava';
import fc from 'fast-check';
import {equalBytes, fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import {
	balanceTree,
	buildTree,
	climb,
	depthOf,
	fillTree,
	isUnder,
	plainTree,
	recordLengthOf,
	sumsOf,
	tierTree,
} from '../../agent/trade/sum-tree.ts';
import {kinds, type Node, recordOf, rootOf} from '../helpers/reference-market.ts';

const built = {plain: plainTree, tiers: tierTree, fills: fillTree, balances: balanceTree} as const;
const bytesOf = (text: string): Uint8Array => fromHex(text.slice(2))!;

const arbitraryNode = (kind: keyof typeof kinds): fc.Arbitrary<Node> =>
	fc.record({
		hash: fc.uint8Array({minLength: 32, maxLength: 32}).map(toPrefixedHex),
		sums: fc.tuple(...kinds[kind].sums.map(type => fc.bigInt({min: 0n, max: 2n ** (type === 'uint64' ? 56n : 120n)}))),
	});

for (const kind of Object.keys(built) as (keyof typeof kinds)[]) {
	test(`a tree of ${kind} has the root of its definition, and every leaf a path that shows it and what lies before it`, t => {
		fc.assert(
			fc.property(fc.array(arbitraryNode(kind), {maxLength: 20}), fc.option(arbitraryNode(kind)), (nodes, padding) => {
				const pad = padding === null ? undefined : {...padding, sums: padding.sums.map(() => 0n)};
				const slow = rootOf(kind, nodes, pad);
				const records = Uint8Array.from(nodes.flatMap(node => [...bytesOf(recordOf(kind, node))]));
				const tree = buildTree(built[kind], records, pad === undefined ? undefined : bytesOf(recordOf(kind, pad)));
				t.is(tree.depth, depthOf(nodes.length));
				t.is(toPrefixedHex(tree.rootRecord), recordOf(kind, slow));
				for (let index = 0; index < 2 ** tree.depth; index += 1) {
					const climbed = climb(built[kind], tree.leaf(index), index, tree.path(index))!;
					t.true(equalBytes(climbed.rootRecord, tree.rootRecord));
					t.deepEqual(
						climbed.before,
						slow.sums.map((_, at) => nodes.slice(0, index).reduce((sum, node) => sum + node.sums[at]!, 0n)),
					);
				}
			}),
			{numRuns: 60},
		);
	});
}

test('one sentinel at least stands behind the last leaf where it must, a power of two or not', t => {
	for (let count = 0; count < 10; count += 1) {
		const records = new Uint8Array(40 * count).fill(1);
		const sentinel = new Uint8Array(40);
		sentinel.fill(9, 0, 32);
		const tree = buildTree(tierTree, records, sentinel, 1);
		t.is(tree.depth, Math.ceil(Math.log2(count + 1)));
		t.deepEqual(tree.leaf(count), sentinel);
	}
});

const records = Uint8Array.from({length: 40 * 5}, (_, at) => (at % 40 < 32 ? at * 7 : at % 40 === 39 ? 1 + at / 40 : 0));
const tree = buildTree(tierTree, records);

test('a path with one bit changed, of another length or of another place shows nothing', t => {
	const leaf = tree.leaf(3);
	const path = tree.path(3);
	t.true(isUnder(tierTree, tree.root, leaf, 3, path));
	for (let level = 0; level < path.length; level += 1)
		for (let bit = 0; bit < 320; bit += 1) {
			const flipped = path.map(record => record.slice());
			flipped[level]![bit >> 3]! ^= 0x80 >> (bit & 7);
			t.false(isUnder(tierTree, tree.root, leaf, 3, flipped));
		}
	for (let bit = 0; bit < 320; bit += 1) {
		const flipped = leaf.slice();
		flipped[bit >> 3]! ^= 0x80 >> (bit & 7);
		t.false(isUnder(tierTree, tree.root, flipped, 3, path));
	}
	for (const index of [0, 1, 2, 4, 5, 6, 7, 8, -1, 3.5]) t.false(isUnder(tierTree, tree.root, leaf, index, path));
	t.false(isUnder(tierTree, tree.root, leaf, 3, path.slice(1)));
	t.false(isUnder(tierTree, tree.root, leaf, 3, [...path, path[0]!]));
	t.false(
		isUnder(
			tierTree,
			tree.root,
			leaf,
			3,
			path.map(record => record.slice(1)),
		),
	);
	t.false(isUnder(plainTree, tree.root, leaf, 3, path));
});

test('a sum that does not fit is refused, when building and when climbing', t => {
	const full = new Uint8Array(40).fill(255);
	t.throws(() => buildTree(tierTree, Uint8Array.from([...full, ...full])), {instanceOf: RangeError});
	t.is(climb(tierTree, full, 0, [full]), undefined);
	const almost = full.slice();
	almost[39] = 0xfe;
	const one = new Uint8Array(40);
	one[39] = 1;
	t.deepEqual(sumsOf(tierTree, buildTree(tierTree, Uint8Array.from([...almost, ...one])).rootRecord), [2n ** 64n - 1n]);
});

test('places outside the tree throw, and so do bytes that are no leaves', t => {
	for (const index of [-1, 8, 1.5, Number.NaN]) {
		t.throws(() => tree.path(index), {instanceOf: RangeError});
		t.throws(() => tree.leaf(index), {instanceOf: RangeError});
	}
	t.throws(() => buildTree(tierTree, new Uint8Array(41)), {instanceOf: RangeError});
	t.is(recordLengthOf(balanceTree), 64);
	t.deepEqual([0, 1, 2, 3, 4, 5, 1024, 1025, 2 ** 31, 2 ** 31 + 1, 2 ** 32].map(depthOf), [0, 0, 1, 2, 2, 3, 10, 11, 31, 32, 32]);
});
