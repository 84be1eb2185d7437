// Hashes an entry and its path again, in the browser of whoever looks: what the agent shows must fit together [RFC 9162 §2.1.3].

import type {Entry, Path} from '../../api/client.ts';
import {concatBytes, equalBytes, fromHex} from '../../base/bytes.ts';
import {portableHasher} from '../../base/hash.ts';

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);
/** A log of 2^53 entries has not more. */
const stepsMax = 53;

/** Whether the bytes of the entry lead to the root of the checkpoint, by steps that lie where the entry lies. That the checkpoint is signed is for the verify page, which knows whom to trust. */
export function pathHolds(entry: Pick<Entry, 'bytes'>, {steps, checkpoint, leafHash}: Path, index: number): boolean {
	const bytes = fromHex(entry.bytes);
	const root = fromHex(checkpoint.root);
	const leaf = fromHex(leafHash);
	if (bytes === undefined || root === undefined || leaf === undefined || steps.length > stepsMax) return false;
	let sum = portableHasher.sha256(concatBytes(leafPrefix, bytes));
	if (!equalBytes(sum, leaf)) return false;
	let [begin, end] = [index, index + 1];
	for (const step of steps) {
		const hash = fromHex(step.hash);
		const said = fromHex(step.sum);
		if (hash === undefined || said === undefined) return false;
		const isLeft = step.side === 'left';
		if (isLeft ? step.end !== begin : step.begin !== end) return false;
		sum = portableHasher.sha256(isLeft ? concatBytes(nodePrefix, hash, sum) : concatBytes(nodePrefix, sum, hash));
		if (!equalBytes(sum, said)) return false;
		begin = Math.min(begin, step.begin);
		end = Math.max(end, step.end);
	}
	return begin === 0 && end === checkpoint.size && equalBytes(sum, root);
}
