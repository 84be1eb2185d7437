// A log that is nothing but its leaf hashes: gives checkpoints and consistency proofs of any size, and can fork.
import {createHash, generateKeyPairSync, sign} from 'node:crypto';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type Checkpoint, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {type NoteKey, noteKey} from '../../agent/format/note.ts';
import {consistencyRanges, inclusionRanges} from '../../agent/merkle/prove.ts';
import {foldNodes, type Node, nodesOfRange, type Range} from '../../agent/merkle/tree.ts';

export type TreeInMemory = {
	readonly origin: string;
	readonly key: NoteKey;
	readonly size: number;
	/** Appends leaves until there are `size` of them. What they are follows from the branch and the index. */
	readonly growTo: (size: number) => void;
	/** The root of the first `size` leaves. */
	readonly root: (size: number) => Uint8Array;
	readonly leaf: (index: number) => Uint8Array;
	readonly checkpoint: (size: number) => Checkpoint;
	readonly consistencyProof: (first: number, second: number) => Uint8Array[];
	readonly inclusionProof: (index: number, size: number) => Uint8Array[];
};

/** Two trees of the same origin and another branch differ from the first leaf of the branch on. */
export function createTreeInMemory(
	origin: string,
	branch: {readonly from: number; readonly name: string} = {from: 0, name: 'main'},
): TreeInMemory {
	const leaves: Uint8Array[] = [];
	const {privateKey, publicKey} = generateKeyPairSync('ed25519');
	const rawPublicKey = publicKey.export({format: 'der', type: 'spki'}).subarray(-32);
	const key = noteKey(nodeHasher, origin, new Uint8Array(rawPublicKey));

	const hashOfNode = ({level, index}: Node): Uint8Array => {
		if (level === 0) return leaves[index]!;
		return foldNodes(nodeHasher, [hashOfNode({level: level - 1, index: 2 * index}), hashOfNode({level: level - 1, index: 2 * index + 1})]);
	};
	const hashOfRange = (range: Range): Uint8Array => foldNodes(nodeHasher, nodesOfRange(range).map(hashOfNode));
	const root = (size: number): Uint8Array => hashOfRange({begin: 0, end: size});

	return {
		origin,
		key,
		get size() {
			return leaves.length;
		},
		growTo: size => {
			while (leaves.length < size) {
				const index = leaves.length;
				const name = index < branch.from ? 'main' : branch.name;
				leaves.push(createHash('sha256').update(`leaf ${name} ${index}`).digest());
			}
		},
		root,
		leaf: index => leaves[index]!,
		checkpoint: size => signCheckpoint({origin, size, root: root(size)}, key, message => sign(null, message, privateKey)),
		consistencyProof: (first, second) => consistencyRanges(first, second).map(hashOfRange),
		inclusionProof: (index, size) => inclusionRanges(index, size).map(hashOfRange),
	};
}
