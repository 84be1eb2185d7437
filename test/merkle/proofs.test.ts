import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {equalBytes, fromBase64, fromHex} from '../../agent/base/bytes.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {isConsistent, isIncluded, rootFromInclusion} from '../../agent/merkle/check.ts';
import {createCompactRange} from '../../agent/merkle/compact-range.ts';
import {consistencyRanges, inclusionRanges} from '../../agent/merkle/prove.ts';
import {emptyRoot, foldNodes, leafHash, nodeHash, nodesOfRange, pathLengthMax, type Range, sizeMax} from '../../agent/merkle/tree.ts';
import type {ConsistencyCase, InclusionCase, RootCase} from '../helpers/make-vectors.ts';
import {publishedData, repositoryPath} from '../helpers/published-data.ts';
import * as reference from '../helpers/reference-merkle.ts';

const leavesMax = 130;
const leafOf = (i: number): Uint8Array => Uint8Array.of(i >> 16, i >> 8, i);
const leaves = Array.from({length: leavesMax}, (_, i) => leafOf(i));
const roots = Array.from({length: leavesMax + 1}, (_, size) => reference.MTH(leaves.slice(0, size)));

/** All complete subtrees of a tree of 100,000 leaves: [level][index]. */
const large = 100_000;
const levels: Uint8Array[][] = [Array.from({length: large}, (_, i) => reference.leafHash(leafOf(i)))];
for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!) {
	levels.push(Array.from({length: Math.floor(below.length / 2)}, (_, i) => reference.nodeHash(below[2 * i]!, below[2 * i + 1]!)));
}
/** MTH of a range, folded from the hashes of its complete subtrees as whoever stores them would. */
const hashOf = (range: Range): Uint8Array =>
	foldNodes(
		nodeHasher,
		nodesOfRange(range).map(({level, index}) => levels[level]![index]!),
	);

const samePath = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
	a.length === b.length && a.every((hash, i) => equalBytes(hash, b[i]!));

test('leaf, node and empty tree hash as RFC 9162 says', t => {
	t.deepEqual(leafHash(nodeHasher, leafOf(7)), Buffer.from(reference.leafHash(leafOf(7))));
	t.true(equalBytes(nodeHash(portableHasher, roots[1]!, roots[2]!), reference.nodeHash(roots[1]!, roots[2]!)));
	t.true(equalBytes(emptyRoot(nodeHasher), reference.MTH([])));
});

test('every inclusion proof up to 130 leaves is made as the reference makes it, and verifies at its own place only', t => {
	for (let size = 1; size <= leavesMax; size += 1) {
		const some = leaves.slice(0, size);
		for (let index = 0; index < size; index += 1) {
			const path = inclusionRanges(index, size).map(hashOf);
			// The reference hashes everything anew for each path: beyond a point its verdict has to do.
			if (size <= 64 && !samePath(path, reference.PATH(index, some))) t.fail(`path ${index} of ${size}`);
			const leaf = reference.leafHash(leaves[index]!);
			const claim = {index, size, root: roots[size]!, leaf, path};
			if (!isIncluded(nodeHasher, claim)) t.fail(`leaf ${index} of ${size}`);
			if (!reference.isIncluded(leaf, BigInt(index), BigInt(size), claim.root, path)) t.fail(`leaf ${index} of ${size} in the reference`);
			if (size > 1 && isIncluded(nodeHasher, {...claim, index: (index + 1) % size})) t.fail(`leaf ${index} elsewhere in ${size}`);
			if (isIncluded(nodeHasher, {...claim, path: [...path, roots[0]!]})) t.fail(`longer path ${index} of ${size}`);
			if (size > 1 && isIncluded(nodeHasher, {...claim, path: path.slice(0, -1)})) t.fail(`shorter path ${index} of ${size}`);
		}
	}
	t.pass();
});

test('every consistency proof up to 70 leaves is made as the reference makes it, and verifies between its own sizes only', t => {
	for (let second = 1; second <= 70; second += 1) {
		for (let first = 1; first <= second; first += 1) {
			const path = consistencyRanges(first, second).map(hashOf);
			const expected = first === second ? [] : reference.PROOF(first, leaves.slice(0, second));
			if (!samePath(path, expected)) t.fail(`proof ${first} to ${second}`);
			const claim = {first, second, firstRoot: roots[first]!, secondRoot: roots[second]!, path};
			if (!isConsistent(nodeHasher, claim)) t.fail(`${first} to ${second}`);
			if (isConsistent(nodeHasher, {...claim, path: [...path, roots[0]!]})) t.fail(`longer proof ${first} to ${second}`);
			if (path.length > 0 && isConsistent(nodeHasher, {...claim, path: path.slice(0, -1)})) t.fail(`shorter proof ${first} to ${second}`);
			if (first < second && isConsistent(nodeHasher, {...claim, firstRoot: roots[second]!}))
				t.fail(`wrong first root ${first} to ${second}`);
		}
	}
	t.pass();
});

test('a proof at any place of a tree of up to 100,000 leaves verifies, here and in the reference', t => {
	const place = fc.integer({min: 1, max: large}).chain(size => fc.tuple(fc.constant(size), fc.integer({min: 0, max: size - 1})));
	fc.assert(
		fc.property(place, ([size, index]) => {
			const root = hashOf({begin: 0, end: size});
			const path = inclusionRanges(index, size).map(hashOf);
			const leaf = levels[0]![index]!;
			return isIncluded(nodeHasher, {index, size, root, leaf, path}) && reference.isIncluded(leaf, BigInt(index), BigInt(size), root, path);
		}),
		{numRuns: 200},
	);
	fc.assert(
		fc.property(place, ([second, before]) => {
			const first = before + 1;
			const [firstRoot, secondRoot] = [hashOf({begin: 0, end: first}), hashOf({begin: 0, end: second})];
			const path = consistencyRanges(first, second).map(hashOf);
			return (
				isConsistent(nodeHasher, {first, second, firstRoot, secondRoot, path}) &&
				reference.isConsistent(BigInt(first), firstRoot, BigInt(second), secondRoot, path)
			);
		}),
		{numRuns: 200},
	);
	t.pass();
});

test('verdicts on proofs that are wrong in any way are those of the reference', t => {
	const hash = fc.constantFrom(...roots.slice(0, 6));
	const size = fc.integer({min: 0, max: 40});
	const path = fc.array(hash, {maxLength: 7});
	fc.assert(
		fc.property(size, size, hash, hash, path, (index, count, leaf, root, hashes) => {
			const expected = reference.isIncluded(leaf, BigInt(index), BigInt(count), root, hashes);
			return isIncluded(nodeHasher, {index, size: count, root, leaf, path: hashes}) === expected;
		}),
		{numRuns: 3000},
	);
	fc.assert(
		fc.property(size, size, hash, hash, path, (first, second, firstRoot, secondRoot, hashes) => {
			const expected = reference.isConsistent(BigInt(first), firstRoot, BigInt(second), secondRoot, hashes);
			return isConsistent(nodeHasher, {first, second, firstRoot, secondRoot, path: hashes}) === expected;
		}),
		{numRuns: 3000},
	);
	t.pass();
});

test('sizes that are not whole, too large or negative, and hashes of another length are answered with no', t => {
	const leaf = reference.leafHash(leafOf(0));
	for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, sizeMax + 1]) {
		t.is(rootFromInclusion(nodeHasher, {index: 0, size, leaf, path: []}), undefined);
		t.false(isConsistent(nodeHasher, {first: size, second: size, firstRoot: leaf, secondRoot: leaf, path: []}));
	}
	t.is(rootFromInclusion(nodeHasher, {index: 0.5, size: 2, leaf, path: [leaf]}), undefined);
	t.is(rootFromInclusion(nodeHasher, {index: 0, size: 2, leaf, path: [leaf.slice(1)]}), undefined);
	t.is(rootFromInclusion(nodeHasher, {index: 0, size: 2, leaf: new Uint8Array(33), path: [leaf]}), undefined);
	t.is(rootFromInclusion(nodeHasher, {index: 0, size: sizeMax, leaf, path: new Array(pathLengthMax + 1).fill(leaf)}), undefined);
	t.false(isConsistent(nodeHasher, {first: 1, second: 2, firstRoot: leaf.slice(1), secondRoot: leaf, path: [leaf]}));
	t.false(isConsistent(nodeHasher, {first: 1, second: 1, firstRoot: new Uint8Array(0), secondRoot: new Uint8Array(0), path: []}));
});

test('checking a path leaves the leaf and the path as they were', t => {
	const path = reference.PATH(2, leaves.slice(0, 5));
	const leaf = reference.leafHash(leaves[2]!);
	const before = [leaf, ...path].map(hash => Buffer.from(hash).toString('hex'));
	for (const hasher of [nodeHasher, portableHasher]) t.true(isIncluded(hasher, {index: 2, size: 5, root: roots[5]!, leaf, path}));
	t.deepEqual(
		[leaf, ...path].map(hash => Buffer.from(hash).toString('hex')),
		before,
	);
});

for (const [name, hasher] of [
	['node', nodeHasher],
	['portable', portableHasher],
] as const) {
	test(`a compact range with the ${name} hasher has the reference's root at every size and goes on from its edge`, t => {
		const grown = createCompactRange({hasher});
		t.true(equalBytes(grown.root(), roots[0]!));
		for (let size = 0; size < leavesMax; size += 1) {
			// Begun anew from the edge at every size: as after a restart.
			const resumed = createCompactRange({hasher, start: {size, edge: grown.edge()}});
			const hash = reference.leafHash(leaves[size]!);
			grown.append(hash, 0);
			resumed.append(new Uint8Array([9, 9, ...hash]), 2);
			if (!equalBytes(grown.root(), roots[size + 1]!)) t.fail(`root at ${size + 1}`);
			if (!equalBytes(resumed.root(), roots[size + 1]!)) t.fail(`root at ${size + 1}, resumed`);
			if (resumed.size !== size + 1) t.fail(`size at ${size + 1}`);
		}
		t.throws(() => createCompactRange({hasher, start: {size: 3, edge: []}}), {message: /2 edge hashes, got 0/});
	});
}

test('a compact range reports each complete subtree once, when it is complete', t => {
	const seen: string[] = [];
	const range = createCompactRange({
		hasher: nodeHasher,
		onNode: ({level, index}, hash) => {
			seen.push(`${level}/${index}`);
			t.true(equalBytes(hash, reference.MTH(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))));
		},
	});
	for (let i = 0; i < 12; i += 1) range.append(reference.leafHash(leaves[i]!), 0);
	t.deepEqual(seen, ['1/0', '1/1', '2/0', '1/2', '1/3', '2/1', '3/0', '1/4', '1/5', '2/2']);
});

const filesBelow = (folder: string): string[] =>
	readdirSync(folder).flatMap(name => {
		const path = join(folder, name);
		return statSync(path).isDirectory() ? filesBelow(path) : name.endsWith('.json') ? [path] : [];
	});
const casesIn = <T>(...path: readonly string[]): T[] =>
	(JSON.parse(readFileSync(repositoryPath('test', 'vectors', ...path), 'utf8')) as {cases: T[]}).cases;
const hex = (text: string): Uint8Array => fromHex(text.slice(2))!;
const vectorFiles = (folder: string): string[] => readdirSync(repositoryPath('test', 'vectors', 'merkle', folder));

test('every root of the vectors is the root of the standard leaves', t => {
	const range = createCompactRange({hasher: nodeHasher});
	for (const {size, root} of casesIn<RootCase>('merkle', 'roots.json')) {
		while (range.size < size) {
			const leaf = Buffer.alloc(8);
			leaf.writeBigUInt64BE(BigInt(range.size));
			range.append(leafHash(nodeHasher, leaf), 0);
		}
		t.true(equalBytes(range.root(), hex(root)), `size ${size}`);
	}
});

for (const file of vectorFiles('inclusion')) {
	test(`inclusion vectors of ${file} get their verdicts`, t => {
		for (const {name, index, size, leafData, leafHash: hash, root, proof, valid} of casesIn<InclusionCase>('merkle', 'inclusion', file)) {
			const claim = {index, size, root: hex(root), leaf: hex(hash), path: proof.map(hex)};
			t.is(isIncluded(nodeHasher, claim), valid, name);
			t.is(isIncluded(portableHasher, claim), valid, name);
			if (valid) t.true(equalBytes(leafHash(nodeHasher, hex(leafData)), hex(hash)), name);
		}
	});
}

for (const file of vectorFiles('consistency')) {
	test(`consistency vectors of ${file} get their verdicts`, t => {
		for (const {name, size1, size2, root1, root2, proof, valid} of casesIn<ConsistencyCase>('merkle', 'consistency', file)) {
			const claim = {first: size1, second: size2, firstRoot: hex(root1), secondRoot: hex(root2), path: proof.map(hex)};
			t.is(isConsistent(nodeHasher, claim), valid, name);
		}
	});
}

type PublishedInclusion = {
	readonly leafIdx: number;
	readonly treeSize: number;
	readonly root: string | null;
	readonly leafHash: string | null;
	readonly proof: readonly string[] | null;
	readonly desc: string;
	readonly wantErr: boolean;
};
type PublishedConsistency = {
	readonly size1: number;
	readonly size2: number;
	readonly root1: string | null;
	readonly root2: string | null;
	readonly proof: readonly string[] | null;
	readonly desc: string;
	readonly wantErr: boolean;
};

const base64 = (text: string | null): Uint8Array => fromBase64(text ?? '')!;
const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

/** Where the publisher takes what we refuse: an empty byte string is no hash, and nothing extends or is in an empty tree. */
const isCorner = (t: ExecutionContext, path: string): boolean => {
	const corner = path.endsWith('empty-root-and-leaf.json') || path.endsWith('sizes-are-equal-zero.json');
	if (corner) t.log(`${path.split('/').slice(-2).join('/')}: refused here, as a matter of policy`);
	return corner;
};

test('every published inclusion probe gets its verdict', t => {
	const folder = publishedData(t, 'vectors', 'rfc6962', 'inclusion');
	if (folder === undefined) return;
	const files = filesBelow(folder);
	t.true(files.length > 10);
	for (const path of files) {
		const {leafIdx, treeSize, root, leafHash: leaf, proof, desc, wantErr} = read<PublishedInclusion>(path);
		const claim = {index: leafIdx, size: treeSize, root: base64(root), leaf: base64(leaf), path: (proof ?? []).map(base64)};
		t.is(isIncluded(nodeHasher, claim), !wantErr && !isCorner(t, path), `${desc} (${path})`);
	}
});

test('every published consistency probe gets its verdict', t => {
	const folder = publishedData(t, 'vectors', 'rfc6962', 'consistency');
	if (folder === undefined) return;
	for (const path of filesBelow(folder)) {
		const {size1, size2, root1, root2, proof, desc, wantErr} = read<PublishedConsistency>(path);
		const claim = {first: size1, second: size2, firstRoot: base64(root1), secondRoot: base64(root2), path: (proof ?? []).map(base64)};
		t.is(isConsistent(nodeHasher, claim), !wantErr && !isCorner(t, path), `${desc} (${path})`);
	}
});
