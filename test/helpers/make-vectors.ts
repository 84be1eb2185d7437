// Makes every file of test/vectors/merkle and test/vectors/entry, the same bytes on every machine.
//
// `node dist/test/helpers/make-vectors.js` writes them. What looks random is SHA-256 of a label, and whether a case is valid is the
// verdict of reference-merkle.ts, never of the code under test.
import {createHash} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as reference from './reference-merkle.ts';

/** A leaf, its claimed place, and the path that shall prove it. */
export type InclusionCase = {
	readonly name: string;
	readonly index: number;
	readonly size: number;
	readonly leafData: string;
	readonly leafHash: string;
	readonly root: string;
	readonly proof: readonly string[];
	readonly valid: boolean;
};

/** Two tree heads, and the proof that shall show the first to be a prefix of the second. */
export type ConsistencyCase = {
	readonly name: string;
	readonly size1: number;
	readonly size2: number;
	readonly root1: string;
	readonly root2: string;
	readonly proof: readonly string[];
	readonly valid: boolean;
};

/** Leaves, their claimed places, and the one proof that shall show them all. */
export type MultiproofCase = {
	readonly name: string;
	readonly indexes: readonly number[];
	readonly size: number;
	readonly leafHashes: readonly string[];
	readonly root: string;
	readonly proof: readonly string[];
	readonly valid: boolean;
};

/** The root over the first `size` standard leaves. */
export type RootCase = {readonly size: number; readonly root: string};

/** The fields of an entry; 64-bit values are decimal text, because JSON numbers are not exact there. */
export type EntryFields = {
	readonly kind: number;
	readonly version: number;
	readonly salt: string;
	readonly subject: string;
	readonly quantity: number;
	readonly exponent: number;
	readonly quality: number;
	readonly value: string;
	readonly measuredAtMs: number;
	readonly arrivedAtMs: number;
	readonly number: number;
	readonly span: number;
	readonly source: string;
};

export type EntryCase = {readonly name: string; readonly entry: string} & EntryFields;

/** Bytes that no decoder may accept, with the field that is wrong. */
export type MalformedEntryCase = {readonly name: string; readonly entry: string; readonly wrong: 'length' | 'version' | 'kind'};

function hex(bytes: Uint8Array): string {
	return `0x${Buffer.from(bytes).toString('hex')}`;
}

/** Thirty-two bytes that only their label determines. */
function labelled(label: string): Uint8Array {
	return new Uint8Array(createHash('sha256').update(`kedge test vectors: ${label}`).digest());
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
	const flipped = Uint8Array.from(bytes);
	flipped[bit >> 3]! ^= 0x80 >> (bit & 7);
	return flipped;
}

/** Standard leaf i: its index as eight bytes, big-endian. */
export function standardLeaf(index: number): Uint8Array {
	const data = new Uint8Array(8);
	new DataView(data.buffer).setBigUint64(0, BigInt(index));
	return data;
}

const standardLeaves = Array.from({length: 1001}, (_, index) => standardLeaf(index));

// Inclusion.

type Inclusion = {name: string; index: number; size: number; leafData: Uint8Array; root: Uint8Array; proof: readonly Uint8Array[]};

function inclusionCase({name, index, size, leafData, root, proof}: Inclusion): InclusionCase {
	const leafHash = reference.leafHash(leafData);
	const valid = reference.isIncluded(leafHash, BigInt(index), BigInt(size), root, proof);
	return {name, index, size, leafData: hex(leafData), leafHash: hex(leafHash), root: hex(root), proof: proof.map(hex), valid};
}

function included(index: number, size: number): Inclusion {
	const leaves = standardLeaves.slice(0, size);
	return {
		name: `leaf ${index} of ${size}`,
		index,
		size,
		leafData: leaves[index]!,
		root: reference.MTH(leaves),
		proof: reference.PATH(index, leaves),
	};
}

/** A true case in a tree too large to build: with hashes made up for the path, the root follows from them. */
function includedInLarge(index: number, size: number): Inclusion {
	const leafData = labelled(`leaf ${index} of ${size}`);
	for (let length = 0; ; length++) {
		const proof = Array.from({length}, (_, level) => labelled(`level ${level} of leaf ${index} of ${size}`));
		const root = reference.rootFromPath(reference.leafHash(leafData), BigInt(index), BigInt(size), proof);
		if (root) return {name: `leaf ${index} of ${size}`, index, size, leafData, root, proof};
	}
}

const largeSizes = [65_536, 65_537, 1_000_000, 1_048_576, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 47 + 12_345, 2 ** 48 - 1];

/** Each turns a true case into cases that lie, or into none where the mutation means nothing. */
const inclusionMutations: Record<string, {about: string; mutate: (base: Inclusion) => Partial<Inclusion>[]}> = {
	'wrong-leaf': {
		about: 'The leaf is not the one that the root covers.',
		mutate: base => [{leafData: labelled(`wrong leaf ${base.name}`)}, {leafData: new Uint8Array()}],
	},
	'node-as-leaf': {
		about: 'An inner node is passed off as a leaf: its two children, with and without the prefix, are the data of a shorter path.',
		mutate: base => {
			const sibling = base.proof[0];
			if (sibling === undefined || base.size % 2 !== 0) return [];
			const leaf = reference.leafHash(base.leafData);
			const children = base.index % 2 === 0 ? [leaf, sibling] : [sibling, leaf];
			const shorter = {index: base.index >> 1, size: base.size / 2, proof: base.proof.slice(1)};
			return [
				{...shorter, leafData: Uint8Array.from(Buffer.concat(children))},
				{...shorter, leafData: Uint8Array.from(Buffer.concat([Uint8Array.of(1), ...children]))},
			];
		},
	},
	'trailing-hash': {
		about: 'A hash too many at the end of the proof.',
		mutate: base => [
			{proof: [...base.proof, labelled(`trailing ${base.name}`)]},
			{proof: [...base.proof, base.root]},
			{proof: [...base.proof, new Uint8Array(32)]},
		],
	},
	'leading-hash': {
		about: 'A hash too many at the start of the proof.',
		mutate: base => [
			{proof: [labelled(`leading ${base.name}`), ...base.proof]},
			{proof: [reference.leafHash(base.leafData), ...base.proof]},
			{proof: [base.root, ...base.proof]},
		],
	},
	truncated: {
		about: 'The last or the first hash of the proof is missing.',
		mutate: base => (base.proof.length === 0 ? [] : [{proof: base.proof.slice(0, -1)}, {proof: base.proof.slice(1)}]),
	},
	'empty-proof': {
		about: 'No proof where one is needed; the second case also offers the leaf hash as the root.',
		mutate: base => (base.proof.length === 0 ? [] : [{proof: []}, {proof: [], root: reference.leafHash(base.leafData)}]),
	},
	'proof-too-long': {
		about: 'Proofs of 64 and 65 hashes, beyond what any tree of this size has.',
		mutate: base =>
			base.size !== 1000
				? []
				: [64, 65].map(length => ({
						proof: Array.from({length}, (_, level) => base.proof[level] ?? labelled(`level ${level} too long`)),
					})),
	},
	'swapped-hashes': {
		about: 'Two neighbouring hashes of the proof have changed places.',
		mutate: base =>
			base.proof.slice(1).map((_, at) => ({
				proof: [...base.proof.slice(0, at), base.proof[at + 1]!, base.proof[at]!, ...base.proof.slice(at + 2)],
			})),
	},
	'index-plus-1': {about: 'The index is one too high, up to the size itself.', mutate: base => [{index: base.index + 1}]},
	'index-minus-1': {about: 'The index is one too low.', mutate: base => (base.index === 0 ? [] : [{index: base.index - 1}])},
	'index-bit-flip': {
		about: 'One bit of the index is flipped, also beyond the size.',
		mutate: base => [1, 2, 8, 256, 2048].map(bit => ({index: base.index ^ bit})),
	},
	'index-beyond-size': {
		about: 'The index is the size, or the index plus the size.',
		mutate: base => [{index: base.size}, {index: base.index + base.size}],
	},
	'size-zero': {about: 'The tree claims to be empty.', mutate: () => [{size: 0}]},
	'size-minus-1': {about: 'The size is one too low. Some paths keep their shape: see the README.', mutate: base => [{size: base.size - 1}]},
	'size-plus-1': {about: 'The size is one too high. Some paths keep their shape: see the README.', mutate: base => [{size: base.size + 1}]},
	'size-doubled': {about: 'The size is doubled.', mutate: base => [{size: base.size * 2}]},
	'size-halved': {about: 'The size is halved.', mutate: base => [{size: base.size >> 1}]},
	'wrong-root': {
		about: 'The root is another: made up, zero, of the empty tree, of the tree with one leaf less or more, or the leaf hash.',
		mutate: base => [
			{root: labelled(`wrong root ${base.name}`)},
			{root: new Uint8Array(32)},
			{root: reference.MTH([])},
			{root: reference.MTH(standardLeaves.slice(0, base.size - 1))},
			{root: reference.MTH(standardLeaves.slice(0, base.size + 1))},
			...(base.size === 1 ? [] : [{root: reference.leafHash(base.leafData)}]),
		],
	},
	'bit-flip': {
		about: 'One bit of the root, of the leaf or of a hash of the proof is flipped.',
		mutate: base => {
			const bit = labelled(`bit ${base.name}`)[0]!;
			return [
				{root: flipBit(base.root, bit)},
				{leafData: flipBit(base.leafData, bit % 64)},
				...base.proof.map((hash, at) => ({proof: base.proof.with(at, flipBit(hash, bit))})),
			];
		},
	},
};

function inclusionFiles(): Map<string, {about: string; cases: InclusionCase[]}> {
	const files = new Map<string, {about: string; cases: InclusionCase[]}>();
	const happy: Inclusion[] = [];
	for (let size = 1; size <= 20; size++) {
		for (let index = 0; index < size; index++) happy.push(included(index, size));
	}
	for (const size of [255, 256, 257, 1000]) {
		for (const index of [0, 1, 127, 128, 254, 255, 256, 511, 512, 767, 998, 999]) {
			if (index < size) happy.push(included(index, size));
		}
	}
	files.set('happy-path', {about: 'True cases over the standard leaves.', cases: happy.map(inclusionCase)});
	files.set('happy-path-large', {
		about: 'True cases in trees too large to build; the hashes of the path are made up and the root follows from them.',
		cases: largeSizes.flatMap(size => [0, Math.floor(size / 3), size - 1].map(index => inclusionCase(includedInLarge(index, size)))),
	});
	const bases = [
		...[1, 2, 3, 4, 5, 7, 8, 13].flatMap(size => [...new Set([0, size >> 1, size - 1])].map(index => included(index, size))),
		...[included(16, 17), included(100, 255), included(255, 256), included(256, 257), included(0, 257), included(700, 1000)],
	];
	for (const [mutation, {about, mutate}] of Object.entries(inclusionMutations)) {
		files.set(mutation, {
			about,
			cases: bases.flatMap(base =>
				mutate(base).map((change, at) => inclusionCase({...base, ...change, name: `${mutation} ${at + 1}, ${base.name}`})),
			),
		});
	}
	return files;
}

// Consistency.

type Consistency = {name: string; size1: number; size2: number; root1: Uint8Array; root2: Uint8Array; proof: readonly Uint8Array[]};

function consistencyCase({name, size1, size2, root1, root2, proof}: Consistency): ConsistencyCase {
	const valid = reference.isConsistent(BigInt(size1), root1, BigInt(size2), root2, proof);
	return {name, size1, size2, root1: hex(root1), root2: hex(root2), proof: proof.map(hex), valid};
}

function consistent(size1: number, size2: number): Consistency {
	const leaves = standardLeaves.slice(0, size2);
	return {
		name: `from ${size1} to ${size2}`,
		size1,
		size2,
		root1: reference.MTH(leaves.slice(0, size1)),
		root2: reference.MTH(leaves),
		proof: size1 === size2 ? [] : reference.PROOF(size1, leaves),
	};
}

/** A true case between trees too large to build: with hashes made up for the proof, both roots follow from them. */
export function consistentLarge(size1: number, size2: number): Consistency {
	const anyRoot = labelled(`root of ${size1}`);
	for (let length = 0; ; length++) {
		const proof = Array.from({length}, (_, level) => labelled(`level ${level} from ${size1} to ${size2}`));
		const roots = reference.rootsFromProof(BigInt(size1), BigInt(size2), anyRoot, proof);
		if (roots) return {name: `from ${size1} to ${size2}`, size1, size2, root1: roots[0], root2: roots[1], proof};
	}
}

const largeSteps: [size1: number, size2: number][] = [
	[1, 1_000_000],
	[65_535, 65_537],
	[65_536, 1_000_000],
	[524_288, 1_048_576],
	[999_000, 1_000_000],
	[999_999, 1_000_000],
	[1_000_000, 1_001_000],
	[1_048_575, 1_048_577],
	[2 ** 32 - 1, 2 ** 32],
	[2 ** 32, 2 ** 32 + 1],
	[2 ** 32 + 1, 2 ** 47 + 12_345],
	[2 ** 47 + 12_345, 2 ** 48 - 1],
];

/** The tree of size2 had the entry before size1 been another: its own roots, its own proof, but the old root is the honest one. */
function forked(size1: number, size2: number, at: number): Consistency {
	const leaves = standardLeaves.slice(0, size2).with(at, labelled(`fork at ${at}`));
	return {
		...consistent(size1, size2),
		name: `from ${size1} to ${size2}, forked at ${at}`,
		root2: reference.MTH(leaves),
		proof: reference.PROOF(size1, leaves),
	};
}

const consistencyMutations: Record<string, {about: string; mutate: (base: Consistency) => Partial<Consistency>[]}> = {
	fork: {
		about: 'The new tree has another entry within the old size; its proof is the true one of that other tree.',
		mutate: base => [...new Set([0, base.size1 >> 1, base.size1 - 1])].map(at => forked(base.size1, base.size2, at)),
	},
	'trailing-hash': {
		about: 'A hash too many at the end of the proof.',
		mutate: base => [
			{proof: [...base.proof, labelled(`trailing ${base.name}`)]},
			{proof: [...base.proof, base.root2]},
			{proof: [...base.proof, new Uint8Array(32)]},
		],
	},
	'leading-hash': {
		about: 'A hash too many at the start of the proof, among them the old root that §2.1.4.2 step 2 prepends by itself.',
		mutate: base => [
			{proof: [labelled(`leading ${base.name}`), ...base.proof]},
			{proof: [base.root1, ...base.proof]},
			{proof: [base.root2, ...base.proof]},
		],
	},
	truncated: {
		about: 'The last or the first hash of the proof is missing.',
		mutate: base => [{proof: base.proof.slice(0, -1)}, {proof: base.proof.slice(1)}],
	},
	'empty-proof': {
		about: 'No proof where one is needed; the second case also offers the old root as the new one.',
		mutate: base => [{proof: []}, {proof: [], root2: base.root1}],
	},
	'proof-too-long': {
		about: 'Proofs of 64 and 65 hashes, beyond what any two trees of these sizes have.',
		mutate: base =>
			base.size2 !== 1000
				? []
				: [64, 65].map(length => ({
						proof: Array.from({length}, (_, level) => base.proof[level] ?? labelled(`level ${level} too long`)),
					})),
	},
	'swapped-hashes': {
		about: 'Two neighbouring hashes of the proof have changed places.',
		mutate: base =>
			base.proof.slice(1).map((_, at) => ({
				proof: [...base.proof.slice(0, at), base.proof[at + 1]!, base.proof[at]!, ...base.proof.slice(at + 2)],
			})),
	},
	'swapped-heads': {
		about: 'The trees have changed places, as sizes and roots together, sizes alone, roots alone.',
		mutate: base => [
			{size1: base.size2, size2: base.size1, root1: base.root2, root2: base.root1},
			{size1: base.size2, size2: base.size1},
			{root1: base.root2, root2: base.root1},
		],
	},
	'wrong-root-1': {
		about: 'The old root is another: made up, zero, of the empty tree, of the tree with one leaf less or more.',
		mutate: base => [
			{root1: labelled(`wrong root 1 ${base.name}`)},
			{root1: new Uint8Array(32)},
			{root1: reference.MTH([])},
			{root1: reference.MTH(standardLeaves.slice(0, base.size1 - 1))},
			{root1: reference.MTH(standardLeaves.slice(0, base.size1 + 1))},
		],
	},
	'wrong-root-2': {
		about: 'The new root is another: made up, zero, of the empty tree, of the tree with one leaf less or more.',
		mutate: base => [
			{root2: labelled(`wrong root 2 ${base.name}`)},
			{root2: new Uint8Array(32)},
			{root2: reference.MTH([])},
			{root2: reference.MTH(standardLeaves.slice(0, base.size2 - 1))},
			{root2: reference.MTH(standardLeaves.slice(0, base.size2 + 1))},
		],
	},
	'size1-zero': {
		about: 'The old tree claims to be empty: there is no proof from nothing.',
		mutate: base => [
			{size1: 0},
			{size1: 0, proof: []},
			{size1: 0, root1: reference.MTH([]), proof: []},
			{size1: 0, root1: base.root2, proof: []},
		],
	},
	'size2-zero': {
		about: 'The new tree claims to be empty.',
		mutate: base => [{size2: 0}, {size2: 0, root2: reference.MTH([]), proof: []}, {size2: 0, root2: base.root1, proof: []}],
	},
	'size1-minus-1': {
		about: 'The old size is one too low. Some proofs keep their shape: see the README.',
		mutate: base => [{size1: base.size1 - 1}],
	},
	'size1-plus-1': {
		about: 'The old size is one too high. Some proofs keep their shape: see the README.',
		mutate: base => [{size1: base.size1 + 1}],
	},
	'size2-minus-1': {
		about: 'The new size is one too low. Some proofs keep their shape: see the README.',
		mutate: base => [{size2: base.size2 - 1}],
	},
	'size2-plus-1': {
		about: 'The new size is one too high. Some proofs keep their shape: see the README.',
		mutate: base => [{size2: base.size2 + 1}],
	},
	'size-doubled': {
		about: 'The new size, the old one, or both are doubled.',
		mutate: base => [{size2: base.size2 * 2}, {size1: base.size1 * 2}, {size1: base.size1 * 2, size2: base.size2 * 2}],
	},
	'bit-flip': {
		about: 'One bit of a root or of a hash of the proof is flipped.',
		mutate: base => {
			const bit = labelled(`bit ${base.name}`)[0]!;
			return [
				{root1: flipBit(base.root1, bit)},
				{root2: flipBit(base.root2, bit)},
				...base.proof.map((hash, at) => ({proof: base.proof.with(at, flipBit(hash, bit))})),
			];
		},
	},
};

function consistencyFiles(): Map<string, {about: string; cases: ConsistencyCase[]}> {
	const files = new Map<string, {about: string; cases: ConsistencyCase[]}>();
	const happy: Consistency[] = [];
	for (let size2 = 2; size2 <= 20; size2++) {
		for (let size1 = 1; size1 < size2; size1++) happy.push(consistent(size1, size2));
	}
	for (const size2 of [255, 256, 257, 1000]) {
		for (const size1 of [1, 2, 127, 128, 129, 254, 255, 256, 511, 512, 768, 999]) {
			if (size1 < size2) happy.push(consistent(size1, size2));
		}
	}
	files.set('happy-path', {about: 'True cases over the standard leaves.', cases: happy.map(consistencyCase)});
	files.set('happy-path-large', {
		about: 'True cases between trees too large to build; the hashes of the proof are made up and the roots follow from them.',
		cases: largeSteps.map(([size1, size2]) => consistencyCase(consistentLarge(size1, size2))),
	});
	files.set('equal-sizes', {
		about: 'A tree against itself: only an empty proof and equal roots will do.',
		cases: [1, 2, 3, 4, 8, 13, 256].flatMap(size => {
			const base = consistent(size, size);
			const changes: Partial<Consistency>[] = [
				{},
				{proof: [base.root1]},
				{proof: [labelled(`equal sizes ${size}`)]},
				{root2: labelled(`other root ${size}`)},
				{root1: reference.MTH([])},
			];
			return changes.map((change, at) => consistencyCase({...base, ...change, name: `equal-sizes ${at + 1}, of ${size}`}));
		}),
	});
	const bases = (
		[
			...[1, 2].map(size2 => [1, size2 + 1]),
			...[2, 3].map(size1 => [size1, 4]),
			...[3, 4, 6].map(size1 => [size1, 7]),
			...[4, 5, 7].map(size1 => [size1, 8]),
			...[6, 8, 9, 12].map(size1 => [size1, 13]),
			...[
				[16, 17],
				[100, 255],
				[128, 256],
				[255, 257],
				[256, 257],
				[512, 1000],
				[700, 1000],
			],
		] as [number, number][]
	).map(([size1, size2]) => consistent(size1, size2));
	for (const [mutation, {about, mutate}] of Object.entries(consistencyMutations)) {
		files.set(mutation, {
			about,
			cases: bases.flatMap(base =>
				mutate(base).map((change, at) => consistencyCase({...base, ...change, name: `${mutation} ${at + 1}, ${base.name}`})),
			),
		});
	}
	return files;
}

// Entries.

/** Writes the 118 bytes of design §6 field by field. */
function encodeEntry(fields: EntryFields): Uint8Array {
	const bytes = Buffer.alloc(118);
	bytes.writeUInt8(fields.kind, 0);
	bytes.writeUInt8(fields.version, 1);
	bytes.write(fields.salt.slice(2), 2, 'hex');
	bytes.write(fields.subject.slice(2), 18, 'hex');
	bytes.writeUInt16BE(fields.quantity, 50);
	bytes.writeInt8(fields.exponent, 52);
	bytes.writeUIntBE(fields.quality, 53, 3);
	bytes.writeBigInt64BE(BigInt(fields.value), 56);
	bytes.writeUIntBE(fields.measuredAtMs, 64, 6);
	bytes.writeUIntBE(fields.arrivedAtMs, 70, 6);
	bytes.writeUIntBE(fields.number, 76, 6);
	bytes.writeUInt32BE(fields.span, 82);
	bytes.write(fields.source.slice(2), 86, 'hex');
	return bytes;
}

/** An ordinary reading; the cases below change what they are about. */
function ordinaryReading(name: string): EntryFields {
	return {
		kind: 1,
		version: 1,
		salt: hex(labelled(`salt of ${name}`).subarray(0, 16)),
		subject: hex(labelled(`subject of ${name}`)),
		quantity: 1,
		exponent: 0,
		quality: 0,
		value: '12345678',
		measuredAtMs: 1_627_772_400_000,
		arrivedAtMs: 1_627_772_400_123,
		number: 41,
		span: 0,
		source: hex(labelled(`source of ${name}`)),
	};
}

const u48Max = 2 ** 48 - 1;
const zeros16 = hex(new Uint8Array(16));
const zeros32 = hex(new Uint8Array(32));
const ones16 = hex(new Uint8Array(16).fill(0xff));
const ones32 = hex(new Uint8Array(32).fill(0xff));

const entryChanges: Record<string, Partial<EntryFields>> = {
	'a reading': {},
	'a reading of an interval of 15 minutes': {quantity: 2, span: 900_000},
	'a reading in its third counter epoch': {span: 3},
	'a note': {kind: 2, quantity: 1, value: '0'},
	'a device enrolled': {kind: 3, quantity: 1, value: '0'},
	'an order': {kind: 4, quantity: 1, value: '250000'},
	"a child's checkpoint": {kind: 5, quantity: 1, value: '1000000'},
	'an epoch': {kind: 6, quantity: 1, value: '2'},
	'a value of zero': {value: '0'},
	'a value of one': {value: '1'},
	'a value of minus one': {value: '-1'},
	'a value below zero': {value: '-21500', exponent: -3},
	'the greatest value': {value: '9223372036854775807'},
	'the least value': {value: '-9223372036854775808'},
	'a value beyond 2^53': {value: '9007199254740993'},
	'the least exponent': {exponent: -128},
	'the greatest exponent': {exponent: 127},
	'an exponent of minus one': {exponent: -1},
	'one quality bit': {quality: 1},
	'the highest quality bit': {quality: 0x80_0000},
	'every quality bit': {quality: 0xff_ffff},
	'the greatest quantity': {quantity: 0xffff},
	'no device time': {measuredAtMs: 0},
	'the greatest measuredAt': {measuredAtMs: u48Max},
	'the greatest arrivedAt': {arrivedAtMs: u48Max},
	'the first number': {number: 1},
	'the greatest number': {number: u48Max},
	'the greatest span': {span: 0xffff_ffff},
	'every field at its least': {
		salt: zeros16,
		subject: zeros32,
		quantity: 0,
		exponent: -128,
		quality: 0,
		value: '-9223372036854775808',
		measuredAtMs: 0,
		arrivedAtMs: 0,
		number: 1,
		span: 0,
		source: zeros32,
	},
	'every field at its greatest': {
		kind: 6,
		salt: ones16,
		subject: ones32,
		quantity: 0xffff,
		exponent: 127,
		quality: 0xff_ffff,
		value: '9223372036854775807',
		measuredAtMs: u48Max,
		arrivedAtMs: u48Max,
		number: u48Max,
		span: 0xffff_ffff,
		source: ones32,
	},
	// Only its own bits are set in each of these, so that a shift too far or too short shows in a neighbour.
	'only the quantity': {...zeroFacts(), quantity: 0xffff},
	'only the exponent': {...zeroFacts(), exponent: -1},
	'only the quality': {...zeroFacts(), quality: 0xff_ffff},
	'only the value': {...zeroFacts(), value: '-1'},
	'only the measuredAt': {...zeroFacts(), measuredAtMs: u48Max},
	'only the arrivedAt': {...zeroFacts(), arrivedAtMs: u48Max},
	'only the number': {...zeroFacts(), number: u48Max},
	'only the span': {...zeroFacts(), span: 0xffff_ffff},
};

function zeroFacts(): Partial<EntryFields> {
	return {quantity: 0, exponent: 0, quality: 0, value: '0', measuredAtMs: 0, arrivedAtMs: 0, number: 0, span: 0};
}

function entryCases(): EntryCase[] {
	return Object.entries(entryChanges).map(([name, change]) => {
		const fields = {...ordinaryReading(name), ...change};
		return {name, entry: hex(encodeEntry(fields)), ...fields};
	});
}

function malformedEntryCases(): MalformedEntryCase[] {
	const good = encodeEntry(ordinaryReading('malformed'));
	const with0 = (at: number, value: number) => hex(Uint8Array.from(good).with(at, value));
	return [
		{name: 'nothing at all', entry: '0x', wrong: 'length'},
		{name: 'a single byte', entry: '0x01', wrong: 'length'},
		{name: 'one byte too short', entry: hex(good.subarray(0, 117)), wrong: 'length'},
		{name: 'one byte too long', entry: hex(Buffer.concat([good, Uint8Array.of(0)])), wrong: 'length'},
		{name: 'the leaf prefix left on', entry: hex(Buffer.concat([Uint8Array.of(0), good])), wrong: 'length'},
		{name: 'two entries', entry: hex(Buffer.concat([good, good])), wrong: 'length'},
		{name: 'version 0', entry: with0(1, 0), wrong: 'version'},
		{name: 'version 2', entry: with0(1, 2), wrong: 'version'},
		{name: 'version 255', entry: with0(1, 255), wrong: 'version'},
		{name: 'kind 0', entry: with0(0, 0), wrong: 'kind'},
	];
}

// Multiproofs.

type Multiproof = {
	name: string;
	indexes: readonly number[];
	size: number;
	leaves: readonly Uint8Array[];
	root: Uint8Array;
	proof: readonly Uint8Array[];
};

function multiproofCase({name, indexes, size, leaves, root, proof}: Multiproof): MultiproofCase {
	const valid = reference.areIncluded(leaves, indexes.map(BigInt), BigInt(size), root, proof);
	return {name, indexes, size, leafHashes: leaves.map(hex), root: hex(root), proof: proof.map(hex), valid};
}

function allIncluded(indexes: readonly number[], size: number): Multiproof {
	const all = standardLeaves.slice(0, size);
	return {
		name: `leaves ${indexes.join(' ')} of ${size}`,
		indexes,
		size,
		leaves: indexes.map(index => reference.leafHash(all[index]!)),
		root: reference.MTH(all),
		proof: reference.MULTI(indexes, all),
	};
}

/** A true case in a tree too large to build: with hashes made up for the proof, the root follows from them. */
function allIncludedInLarge(indexes: readonly number[], size: number): Multiproof {
	const name = `leaves ${indexes.join(' ')} of ${size}`;
	const leaves = indexes.map(index => labelled(`leaf ${index} of ${name}`));
	for (let length = 0; ; length++) {
		const proof = Array.from({length}, (_, at) => labelled(`hash ${at} of ${name}`));
		const found = reference.rootFromMulti(
			indexes.map((index, i) => [BigInt(index), leaves[i]!]),
			BigInt(size),
			proof,
		);
		if (found) return {name, indexes, size, leaves, root: found.root, proof};
	}
}

const multiproofMutations: Record<string, {about: string; mutate: (base: Multiproof) => Partial<Multiproof>[]}> = {
	'wrong-leaf': {
		about: 'One of the leaves is not the one that the root covers.',
		mutate: base => base.leaves.map((_, at) => ({leaves: base.leaves.with(at, labelled(`wrong leaf ${at} ${base.name}`))})),
	},
	'leaves-swapped': {
		about: 'Two neighbouring leaves have changed places.',
		mutate: base => base.leaves.slice(1).map((leaf, at) => ({leaves: base.leaves.with(at, leaf).with(at + 1, base.leaves[at]!)})),
	},
	'leaf-missing': {
		about: 'A leaf is left out with its index, without it, or as its index alone.',
		mutate: base =>
			base.leaves.flatMap((_, at) => [
				{leaves: base.leaves.toSpliced(at, 1), indexes: base.indexes.toSpliced(at, 1)},
				{leaves: base.leaves.toSpliced(at, 1)},
				{indexes: base.indexes.toSpliced(at, 1)},
			]),
	},
	'leaf-twice': {
		about: 'A leaf is there twice with its index.',
		mutate: base =>
			base.leaves.map((leaf, at) => ({
				leaves: base.leaves.toSpliced(at, 0, leaf),
				indexes: base.indexes.toSpliced(at, 0, base.indexes[at]!),
			})),
	},
	'index-moved': {
		about: 'One of the indexes is one too high, one too low, or has a bit flipped.',
		mutate: base =>
			base.indexes.flatMap((index, at) =>
				[index + 1, index - 1, index ^ 2, index ^ 64].filter(moved => moved >= 0).map(moved => ({indexes: base.indexes.with(at, moved)})),
			),
	},
	'index-beyond-size': {
		about: 'The last index is the size.',
		mutate: base => [{indexes: base.indexes.with(-1, base.size)}],
	},
	'indexes-falling': {
		about: 'Indexes and leaves stand in the other order.',
		mutate: base =>
			base.indexes.length === 1
				? []
				: [{indexes: base.indexes.toReversed(), leaves: base.leaves.toReversed()}, {indexes: base.indexes.toReversed()}],
	},
	'trailing-hash': {
		about: 'A hash too many at the end of the proof.',
		mutate: base => [{proof: [...base.proof, labelled(`trailing ${base.name}`)]}, {proof: [...base.proof, base.root]}],
	},
	'leading-hash': {
		about: 'A hash too many at the start of the proof.',
		mutate: base => [{proof: [labelled(`leading ${base.name}`), ...base.proof]}, {proof: [base.leaves[0]!, ...base.proof]}],
	},
	truncated: {
		about: 'A hash of the proof is missing.',
		mutate: base => base.proof.map((_, at) => ({proof: base.proof.toSpliced(at, 1)})),
	},
	'swapped-hashes': {
		about: 'Two neighbouring hashes of the proof have changed places.',
		mutate: base => base.proof.slice(1).map((hash, at) => ({proof: base.proof.with(at, hash).with(at + 1, base.proof[at]!)})),
	},
	nothing: {
		about: 'No leaf at all, with the root as the proof: nothing is shown.',
		mutate: base => [
			{indexes: [], leaves: [], proof: [base.root]},
			{indexes: [], leaves: [], proof: []},
		],
	},
	'size-zero': {about: 'The tree claims to be empty.', mutate: () => [{size: 0}]},
	'size-plus-1': {
		about: 'The size is one too high. Some proofs keep their shape: see the README.',
		mutate: base => [{size: base.size + 1}],
	},
	'size-minus-1': {
		about: 'The size is one too low. Some proofs keep their shape: see the README.',
		mutate: base => [{size: base.size - 1}],
	},
	'wrong-root': {
		about: 'The root is another: made up, or of the tree with one leaf less or more.',
		mutate: base => [
			{root: labelled(`wrong root ${base.name}`)},
			{root: reference.MTH(standardLeaves.slice(0, base.size - 1))},
			{root: reference.MTH(standardLeaves.slice(0, base.size + 1))},
		],
	},
	'bit-flip': {
		about: 'One bit of the root, of a leaf or of a hash of the proof is flipped.',
		mutate: base => {
			const bit = labelled(`bit ${base.name}`)[0]!;
			return [
				{root: flipBit(base.root, bit)},
				...base.leaves.map((leaf, at) => ({leaves: base.leaves.with(at, flipBit(leaf, bit))})),
				...base.proof.map((hash, at) => ({proof: base.proof.with(at, flipBit(hash, bit))})),
			];
		},
	},
};

function multiproofFiles(): Map<string, {about: string; cases: MultiproofCase[]}> {
	const files = new Map<string, {about: string; cases: MultiproofCase[]}>();
	const happy: Multiproof[] = [];
	// Every choice of leaves in small trees.
	for (let size = 1; size <= 5; size++) {
		for (let choice = 1; choice < 2 ** size; choice++) {
			happy.push(
				allIncluded(
					Array.from({length: size}, (_, index) => index).filter(index => (choice & (1 << index)) !== 0),
					size,
				),
			);
		}
	}
	const bases = [
		allIncluded([2], 7),
		allIncluded([0, 1], 2),
		allIncluded([0, 6], 7),
		allIncluded([3, 4, 5], 8),
		allIncluded([1, 2, 9, 12], 13),
		allIncluded([5, 63, 64, 100], 101),
	];
	files.set('happy-path', {about: 'True cases over the standard leaves.', cases: [...happy, ...bases].map(multiproofCase)});
	files.set('happy-path-large', {
		about: 'True cases in trees too large to build; the hashes of the proof are made up and the root follows from them.',
		cases: largeSizes.map(size => multiproofCase(allIncludedInLarge([0, 1, Math.floor(size / 3), size - 2, size - 1], size))),
	});
	for (const [mutation, {about, mutate}] of Object.entries(multiproofMutations)) {
		files.set(mutation, {
			about,
			cases: bases.flatMap(base =>
				mutate(base).map((change, at) => multiproofCase({...base, ...change, name: `${mutation} ${at + 1}, ${base.name}`})),
			),
		});
	}
	return files;
}

// Files.

/** One case a line, so that a change to the vectors reads as a list of cases. */
function fileOf(about: string, cases: readonly object[]): string {
	const lines = cases.map(one => `\t\t${JSON.stringify(one)}`);
	return `{\n\t"about": ${JSON.stringify(about)},\n\t"cases": [\n${lines.join(',\n')}\n\t]\n}\n`;
}

/** Every vector file: its path below test/vectors and its text. */
export function vectorFiles(): Map<string, string> {
	const files = new Map<string, string>();
	for (const [name, {about, cases}] of inclusionFiles()) files.set(`merkle/inclusion/${name}.json`, fileOf(about, cases));
	for (const [name, {about, cases}] of consistencyFiles()) files.set(`merkle/consistency/${name}.json`, fileOf(about, cases));
	for (const [name, {about, cases}] of multiproofFiles()) files.set(`merkle/multiproof/${name}.json`, fileOf(about, cases));
	const roots: RootCase[] = [...Array.from({length: 21}, (_, size) => size), 255, 256, 257, 1000].map(size => ({
		size,
		root: hex(reference.MTH(standardLeaves.slice(0, size))),
	}));
	files.set(
		'merkle/roots.json',
		fileOf('The root over the first `size` standard leaves; leaf i is its index as eight bytes, big-endian.', roots),
	);
	files.set('entry/canonical.json', fileOf('Entries and their fields; `value` is decimal text.', entryCases()));
	files.set('entry/malformed.json', fileOf('Bytes that no decoder may accept, and what is wrong with them.', malformedEntryCases()));
	return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const root = join(process.cwd(), 'test/vectors');
	for (const [path, text] of vectorFiles()) {
		mkdirSync(dirname(join(root, path)), {recursive: true});
		writeFileSync(join(root, path), text);
	}
}
