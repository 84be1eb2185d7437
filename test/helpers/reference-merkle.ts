// A slow Merkle tree straight from the text of RFC 9162 §2.1, kept apart from the product so that the two can be compared.
//
// Nothing here is iterative or clever: the recursive definitions are written down as they stand, and the checks of proofs are those
// definitions turned round, not the loops of §2.1.3.2 and §2.1.4.2 that the product uses. It MUST import nothing of ours.
import {createHash} from 'node:crypto';

function sha256(...parts: Uint8Array[]): Uint8Array {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
}

const leafPrefix = Uint8Array.of(0x00);
const nodePrefix = Uint8Array.of(0x01);

/** The hash of one entry: MTH({d[0]}). [RFC 9162 §2.1.1] */
export function leafHash(data: Uint8Array): Uint8Array {
	return sha256(leafPrefix, data);
}

/** The hash of an inner node: HASH(0x01 || left || right). [RFC 9162 §2.1.1] */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
	return sha256(nodePrefix, left, right);
}

/** "k, the largest power of two smaller than n", for n > 1. [RFC 9162 §2.1.1] */
export function splitPoint(n: bigint): bigint {
	let k = 1n;
	while (k * 2n < n) k *= 2n;
	return k;
}

function split(leaves: readonly Uint8Array[]): [left: readonly Uint8Array[], right: readonly Uint8Array[]] {
	const k = Number(splitPoint(BigInt(leaves.length)));
	return [leaves.slice(0, k), leaves.slice(k)];
}

/** MTH(D_n): the root over a list of entries. [RFC 9162 §2.1.1] */
export function MTH(leaves: readonly Uint8Array[]): Uint8Array {
	if (leaves.length === 0) return sha256();
	if (leaves.length === 1) return leafHash(leaves[0]!);
	const [left, right] = split(leaves);
	return nodeHash(MTH(left), MTH(right));
}

/** PATH(m, D_n): the inclusion proof for entry m. [RFC 9162 §2.1.3.1] */
export function PATH(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
	if (!(Number.isInteger(m) && 0 <= m && m < leaves.length)) throw new RangeError(`PATH: expected 0 <= m < ${leaves.length}, got ${m}`);
	if (leaves.length === 1) return [];
	const [left, right] = split(leaves);
	return m < left.length ? [...PATH(m, left), MTH(right)] : [...PATH(m - left.length, right), MTH(left)];
}

/** PROOF(m, D_n): the consistency proof between the first m entries and all n, 0 < m < n. [RFC 9162 §2.1.4.1] */
export function PROOF(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
	if (!(Number.isInteger(m) && 0 < m && m < leaves.length)) throw new RangeError(`PROOF: expected 0 < m < ${leaves.length}, got ${m}`);
	return SUBPROOF(m, leaves, true);
}

/** SUBPROOF(m, D_n, b); b says whether the subtree of the first m entries is the old tree itself. [RFC 9162 §2.1.4.1] */
export function SUBPROOF(m: number, leaves: readonly Uint8Array[], b: boolean): Uint8Array[] {
	if (m === leaves.length) return b ? [] : [MTH(leaves)];
	const [left, right] = split(leaves);
	return m <= left.length ? [...SUBPROOF(m, left, b), MTH(right)] : [...SUBPROOF(m - left.length, right, false), MTH(left)];
}

/** PATH turned round: the root that an entry's hash and its path lead to, or undefined if the path has the wrong length. */
export function rootFromPath(leaf: Uint8Array, m: bigint, n: bigint, path: readonly Uint8Array[]): Uint8Array | undefined {
	if (m < 0n || m >= n) return undefined;
	if (n === 1n) return path.length === 0 ? leaf : undefined;
	const last = path.at(-1);
	if (last === undefined) return undefined;
	const k = splitPoint(n);
	const rest = path.slice(0, -1);
	if (m < k) {
		const left = rootFromPath(leaf, m, k, rest);
		return left && nodeHash(left, last);
	}
	const right = rootFromPath(leaf, m - k, n - k, rest);
	return right && nodeHash(last, right);
}

/** PROOF turned round: the two roots that a consistency proof leads to, or undefined if it has the wrong length. */
export function rootsFromProof(
	m: bigint,
	n: bigint,
	oldRoot: Uint8Array,
	proof: readonly Uint8Array[],
): [oldRoot: Uint8Array, newRoot: Uint8Array] | undefined {
	if (m <= 0n || m >= n) return undefined;
	return rootsFromSubproof(m, n, true, oldRoot, proof);
}

function rootsFromSubproof(
	m: bigint,
	n: bigint,
	b: boolean,
	oldRoot: Uint8Array,
	proof: readonly Uint8Array[],
): [oldRoot: Uint8Array, newRoot: Uint8Array] | undefined {
	const last = proof.at(-1);
	if (m === n && b) return last === undefined ? [oldRoot, oldRoot] : undefined;
	if (last === undefined) return undefined;
	if (m === n) return proof.length === 1 ? [last, last] : undefined;
	const k = splitPoint(n);
	const rest = proof.slice(0, -1);
	if (m <= k) {
		const roots = rootsFromSubproof(m, k, b, oldRoot, rest);
		return roots && [roots[0], nodeHash(roots[1], last)];
	}
	const roots = rootsFromSubproof(m - k, n - k, false, oldRoot, rest);
	return roots && [nodeHash(last, roots[0]), nodeHash(last, roots[1])];
}

/** Whether a path proves that the entry with this hash is at this index of the tree with this size and root. */
export function isIncluded(leaf: Uint8Array, index: bigint, size: bigint, root: Uint8Array, path: readonly Uint8Array[]): boolean {
	const computed = rootFromPath(leaf, index, size, path);
	return computed !== undefined && same(computed, root);
}

/**
 * Whether a proof shows that the tree of size1 is a prefix of the tree of size2. Equal sizes take an empty proof and equal roots. Nothing
 * is consistent with an empty tree: §2.1.4.1 defines no proof for it, and whoever holds nothing has nothing to compare.
 */
export function isConsistent(size1: bigint, root1: Uint8Array, size2: bigint, root2: Uint8Array, proof: readonly Uint8Array[]): boolean {
	if (size1 <= 0n || size1 > size2) return false;
	if (size1 === size2) return proof.length === 0 && same(root1, root2);
	const roots = rootsFromProof(size1, size2, root1, proof);
	return roots !== undefined && same(roots[0], root1) && same(roots[1], root2);
}

/**
 * The recursion of MTH [RFC 9162 §2.1.1] for many leaves at once: a subtree without a wanted leaf is one hash of the proof, left to right. Gives the proof for
 * leaves at these rising places.
 */
export function MULTI(places: readonly number[], leaves: readonly Uint8Array[]): Uint8Array[] {
	if (places.length === 0) return [MTH(leaves)];
	if (leaves.length === 1) return [];
	const [left, right] = split(leaves);
	const k = left.length;
	return [
		...MULTI(
			places.filter(place => place < k),
			left,
		),
		...MULTI(
			places.filter(place => place >= k).map(place => place - k),
			right,
		),
	];
}

/** MULTI turned round: the root that leaf hashes at places and a proof lead to, with what is left of the proof; undefined if it is too short. */
export function rootFromMulti(
	wanted: readonly (readonly [place: bigint, leaf: Uint8Array])[],
	n: bigint,
	proof: readonly Uint8Array[],
): {root: Uint8Array; rest: readonly Uint8Array[]} | undefined {
	if (wanted.length === 0) return proof[0] && {root: proof[0], rest: proof.slice(1)};
	if (n === 1n) return {root: wanted[0]![1], rest: proof};
	const k = splitPoint(n);
	const left = rootFromMulti(
		wanted.filter(([place]) => place < k),
		k,
		proof,
	);
	const right =
		left &&
		rootFromMulti(
			wanted.filter(([place]) => place >= k).map(([place, leaf]) => [place - k, leaf]),
			n - k,
			left.rest,
		);
	return right && {root: nodeHash(left.root, right.root), rest: right.rest};
}

/** Whether a proof shows that leaves with these hashes are at these places of the tree with this size and root. */
export function areIncluded(
	leaves: readonly Uint8Array[],
	places: readonly bigint[],
	size: bigint,
	root: Uint8Array,
	proof: readonly Uint8Array[],
): boolean {
	if (places.length === 0 || leaves.length !== places.length) return false;
	if (places.some((place, i) => place < 0n || place >= size || (i > 0 && place <= places[i - 1]!))) return false;
	const computed = rootFromMulti(
		places.map((place, i) => [place, leaves[i]!]),
		size,
		proof,
	);
	return computed !== undefined && computed.rest.length === 0 && same(computed.root, root);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
	return Buffer.compare(a, b) === 0;
}
