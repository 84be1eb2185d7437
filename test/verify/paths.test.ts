import test from 'ava';
import fc from 'fast-check';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {isIncluded} from '../../agent/merkle/check.ts';
import {createPathChecker} from '../../agent/verify/paths.ts';
import * as reference from '../helpers/reference-merkle.ts';

const leaves = Array.from({length: 40}, (_, i) => Uint8Array.of(i));
const leafHashes = leaves.map(reference.leafHash);

test('many paths of one tree are all good in any order, twice too, and cost each node once', t => {
	for (let size = 1; size <= leaves.length; size += 1) {
		const some = leaves.slice(0, size);
		let hashes = 0;
		const counting = {
			...nodeHasher,
			sha256: (input: Uint8Array) => {
				hashes += 1;
				return nodeHasher.sha256(input);
			},
		};
		const leadsToRoot = createPathChecker(counting, {size, root: reference.MTH(some)});
		const paths = some.map((_, i) => reference.PATH(i, some));
		const order = paths.map((_, i) => (i * 17 + 3) % size).concat(paths.map((_, i) => i));
		for (const index of order) t.true(leadsToRoot(index, leafHashes[index]!, paths[index]!), `${index} of ${size}`);
		t.true(hashes < size, `${hashes} hashes for the ${size - 1} inner nodes`);
	}
});

test('after good paths, a changed path gets the verdict that it gets alone', t => {
	const size = fc.integer({min: 1, max: leaves.length});
	const change = fc.record({
		index: fc.nat(45),
		leaf: fc.nat(39),
		path: fc.nat(39),
		at: fc.nat(7),
		by: fc.constantFrom('nothing', 'replace', 'insert', 'remove', 'shorten'),
		hash: fc.nat(39),
	});
	const changes = fc.array(change, {minLength: 1, maxLength: 30});
	fc.assert(
		fc.property(size, changes, (count, list) => {
			const some = leaves.slice(0, count);
			const root = reference.MTH(some);
			const leadsToRoot = createPathChecker(nodeHasher, {size: count, root});
			return list.every(({index, leaf, path: from, at, by, hash}) => {
				const path = reference.PATH(from % count, some);
				const other = leafHashes[hash]!;
				if (by === 'replace' && at < path.length) path[at] = other;
				if (by === 'insert') path.splice(at, 0, other);
				if (by === 'remove') path.splice(at, 1);
				if (by === 'shorten') path[0] = other.slice(1);
				const place = by === 'nothing' ? from % count : index;
				const claimed = by === 'nothing' ? leafHashes[from % count]! : leafHashes[leaf]!;
				const expected = isIncluded(nodeHasher, {index: place, size: count, root, leaf: claimed, path});
				return leadsToRoot(place, claimed, path) === expected;
			});
		}),
		{numRuns: 500},
	);
	t.pass();
});

test('a leaf or a place that cannot be is answered with no', t => {
	const leadsToRoot = createPathChecker(nodeHasher, {size: 1, root: leafHashes[0]!});
	t.true(leadsToRoot(0, leafHashes[0]!, []));
	for (const index of [-1, 1, 0.5, Number.NaN]) t.false(leadsToRoot(index, leafHashes[0]!, []));
	t.false(leadsToRoot(0, leafHashes[0]!.slice(1), []));
	t.false(createPathChecker(nodeHasher, {size: 0, root: reference.MTH([])})(0, leafHashes[0]!, []));
});
