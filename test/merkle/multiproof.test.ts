import {readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {concatBytes, equalBytes, fromHex} from '../../agent/base/bytes.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {createMultiproofFold, createNodeGathering, multiproofRanges, rootFromMultiproof} from '../../agent/merkle/multiproof.ts';
import {inclusionRanges} from '../../agent/merkle/prove.ts';
import {foldNodes, nodesOfRange, type Range, sizeMax} from '../../agent/merkle/tree.ts';
import type {MultiproofCase} from '../helpers/make-vectors.ts';
import {repositoryPath} from '../helpers/published-data.ts';
import * as reference from '../helpers/reference-merkle.ts';

const leafOf = (i: number): Uint8Array => Uint8Array.of(i >> 16, i >> 8, i);
const large = 100_000;
/** All complete subtrees of a tree of 100,000 leaves: [level][index]. */
const levels: Uint8Array[][] = [Array.from({length: large}, (_, i) => reference.leafHash(leafOf(i)))];
for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!)
	levels.push(Array.from({length: Math.floor(below.length / 2)}, (_, i) => reference.nodeHash(below[2 * i]!, below[2 * i + 1]!)));
const hashOf = (range: Range): Uint8Array =>
	foldNodes(
		nodeHasher,
		nodesOfRange(range).map(({level, index}) => levels[level]![index]!),
	);

const claimOf = (indexes: readonly number[], size: number) => ({
	indexes,
	size,
	leaves: concatBytes(...indexes.map(index => levels[0]![index]!)),
	proof: concatBytes(...multiproofRanges(indexes, size).map(hashOf)),
});
const leadsTo = (claim: ReturnType<typeof claimOf>, root: Uint8Array): boolean => {
	const found = rootFromMultiproof(nodeHasher, claim);
	return found !== undefined && equalBytes(found, root);
};

/** The same, leaf by leaf, and by the nodes that the leaves fill. */
function foldedRoots({indexes, size, leaves, proof}: ReturnType<typeof claimOf>): (Uint8Array | undefined)[] {
	const fold = createMultiproofFold(nodeHasher, {size, proof});
	const gathering = createNodeGathering(nodeHasher);
	for (const [i, index] of indexes.entries()) {
		fold.add(index, leaves, i * 32);
		gathering.add(index, leaves, i * 32);
	}
	const byNodes = createMultiproofFold(nodeHasher, {size, proof});
	for (const {node, hash} of gathering.nodes()) byNodes.addNode(node, hash);
	return [fold.root(), byNodes.root()];
}

test('every choice of leaves up to 9 has the proof of the reference, and leads to the root', t => {
	for (let size = 1; size <= 9; size += 1) {
		const some = Array.from({length: size}, (_, i) => leafOf(i));
		const root = reference.MTH(some);
		for (let choice = 1; choice < 2 ** size; choice += 1) {
			const indexes = some.map((_, i) => i).filter(i => (choice & (1 << i)) !== 0);
			const claim = claimOf(indexes, size);
			if (!equalBytes(claim.proof, concatBytes(...reference.MULTI(indexes, some)))) t.fail(`proof of ${indexes} of ${size}`);
			if (!leadsTo(claim, root)) t.fail(`${indexes} of ${size}`);
			for (const folded of foldedRoots(claim))
				if (folded === undefined || !equalBytes(folded, root)) t.fail(`${indexes} of ${size}, folded`);
		}
	}
	t.pass();
});

test('the proof of one leaf has the hashes of its inclusion path, sorted by place', t => {
	fc.assert(
		fc.property(
			fc.integer({min: 1, max: large}).chain(size => fc.tuple(fc.constant(size), fc.integer({min: 0, max: size - 1}))),
			([size, index]) => {
				const path = inclusionRanges(index, size).toSorted((a, b) => a.begin - b.begin);
				return JSON.stringify(multiproofRanges([index], size)) === JSON.stringify(path);
			},
		),
	);
	t.pass();
});

/** A size and rising places in it. */
const places = fc
	.integer({min: 1, max: 300})
	.chain(size => fc.tuple(fc.constant(size), fc.uniqueArray(fc.integer({min: 0, max: size - 1}), {minLength: 1, maxLength: 20})))
	.map(([size, indexes]) => [size, indexes.toSorted((a, b) => a - b)] as const);

test('leaf by leaf the same root comes out, and a hash that is missing, left over or changed is seen', t => {
	fc.assert(
		fc.property(places, fc.nat(), ([size, indexes], at) => {
			const claim = claimOf(indexes, size);
			const root = rootFromMultiproof(nodeHasher, claim)!;
			if (!foldedRoots(claim).every(folded => folded !== undefined && equalBytes(folded, root))) return false;
			const {proof} = claim;
			const [longer, shorter] = [concatBytes(proof, new Uint8Array(32)), proof.subarray(32)];
			const isSeen = (changed: Uint8Array): boolean =>
				foldedRoots({...claim, proof: changed}).every(folded => folded === undefined || !equalBytes(folded, root));
			if (!isSeen(longer) || (proof.length > 0 && !isSeen(shorter))) return false;
			if (proof.length === 0) return true;
			const flipped = proof.slice();
			flipped[at % flipped.length]! ^= 1;
			return isSeen(flipped);
		}),
	);
	t.is(createMultiproofFold(nodeHasher, {size: 1, proof: new Uint8Array(32)}).root(), undefined);
});

test('whatever is changed in leaves, proof or indexes, it no longer leads to the root', t => {
	fc.assert(
		fc.property(places, fc.nat(), fc.nat(), ([size, indexes], which, bit) => {
			const claim = claimOf(indexes, size);
			const root = hashOf({begin: 0, end: size});
			if (!leadsTo(claim, root)) return false;
			const flipped = (bytes: Uint8Array): Uint8Array => {
				const copy = Uint8Array.from(bytes);
				copy[which % copy.length]! ^= 1 << (bit % 8);
				return copy;
			};
			const moved = indexes.with(which % indexes.length, indexes[which % indexes.length]! + 1);
			const short = [claim.proof.slice(1), claim.proof.slice(32), flipped(claim.proof)];
			const wrong = [
				...(claim.proof.length === 0 ? [] : short.map(proof => ({...claim, proof}))),
				{...claim, proof: concatBytes(claim.proof, root)},
				{...claim, leaves: flipped(claim.leaves)},
				{...claim, leaves: claim.leaves.slice(32)},
				{...claim, indexes: indexes.slice(1)},
				{...claim, indexes: [...indexes, size]},
				{...claim, indexes: moved},
			];
			return !wrong.some(other => leadsTo(other, root));
		}),
		{numRuns: 300},
	);
	t.pass();
});

test('the largest tree needs no more depth than it has levels', t => {
	for (const indexes of [[0], [0, 1, 2 ** 47, sizeMax - 1], [sizeMax - 1]]) {
		const ranges = multiproofRanges(indexes, sizeMax);
		t.true(ranges.length <= 48 * indexes.length);
		const proof = concatBytes(...ranges.map(({begin}) => reference.leafHash(leafOf(begin % 251))));
		const leaves = concatBytes(...indexes.map(() => reference.leafHash(leafOf(7))));
		t.truthy(rootFromMultiproof(portableHasher, {indexes, size: sizeMax, leaves, proof}));
	}
});

test('places that do not rise, are not whole, or lie outside of the tree lead nowhere', t => {
	const leaf = levels[0]![0]!;
	const pair = concatBytes(leaf, leaf);
	for (const [indexes, size] of [
		[[1, 0], 4],
		[[1, 1], 4],
		[[-1, 1], 4],
		[[0.5, 1], 4],
		[[0, 4], 4],
		[[0, Number.NaN], 4],
		[[0, 1], sizeMax + 1],
		[[0, 1], Number.NaN],
	] as const)
		t.is(rootFromMultiproof(nodeHasher, {indexes, size, leaves: pair, proof: leaf}), undefined);
	t.is(rootFromMultiproof(nodeHasher, {indexes: [], size: 4, leaves: new Uint8Array(0), proof: leaf}), undefined);
});

test('all leaves of a large tree need no proof, and every tenth one only what lies between', t => {
	const root = hashOf({begin: 0, end: large});
	const all = claimOf(
		Array.from({length: large}, (_, i) => i),
		large,
	);
	t.is(all.proof.length, 0);
	t.true(leadsTo(all, root));
	const some = claimOf(
		Array.from({length: large / 10}, (_, i) => 10 * i),
		large,
	);
	t.true(leadsTo(some, root));
	t.log(`${some.proof.length / 32} hashes for ${some.indexes.length} leaves of ${large}`);
});

const hex = (text: string): Uint8Array => fromHex(text.slice(2))!;

for (const file of readdirSync(repositoryPath('test', 'vectors', 'merkle', 'multiproof'))) {
	test(`multiproof vectors of ${file} get their verdicts`, t => {
		const text = readFileSync(repositoryPath('test', 'vectors', 'merkle', 'multiproof', file), 'utf8');
		for (const {name, indexes, size, leafHashes, root, proof, valid} of (JSON.parse(text) as {cases: MultiproofCase[]}).cases) {
			const claim = {indexes, size, leaves: concatBytes(...leafHashes.map(hex)), proof: concatBytes(...proof.map(hex))};
			for (const hasher of [nodeHasher, portableHasher]) {
				const found = rootFromMultiproof(hasher, claim);
				t.is(found !== undefined && equalBytes(found, hex(root)), valid, name);
			}
		}
	});
}
