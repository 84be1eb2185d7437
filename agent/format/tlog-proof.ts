// C2SP tlog-proof: an index, its inclusion path, and the checkpoint that the path leads to, as one text.

import {fromBase64, toBase64} from '../base/bytes.ts';
import {hashLength} from '../base/hash.ts';
import {pathLengthMax, sizeMax} from '../merkle/tree.ts';
import type {Index} from './entry.ts';

export type TlogProof = {
	readonly index: Index;
	readonly path: readonly Uint8Array[];
	/** The signed note of the checkpoint, verbatim. */
	readonly checkpoint: string;
};

const header = 'c2sp.org/tlog-proof@v1';

export function formatTlogProof(proof: TlogProof): string {
	const lines = [header, `index ${proof.index}`, ...proof.path.map(toBase64)];
	return `${lines.join('\n')}\n\n${proof.checkpoint}`;
}

/** Reads a proof; undefined if it is not one in the form that formatTlogProof writes (an `extra` line is not). */
export function parseTlogProof(text: string): TlogProof | undefined {
	const split = text.indexOf('\n\n');
	if (split < 0) return undefined;
	const [first, second, ...hashes] = text.slice(0, split).split('\n');
	const index = /^index (0|[1-9][0-9]{0,14})$/.exec(second ?? '')?.[1];
	if (first !== header || index === undefined || Number(index) >= sizeMax || hashes.length > pathLengthMax) return undefined;
	const path: Uint8Array[] = [];
	for (const line of hashes) {
		const hash = fromBase64(line);
		if (hash === undefined || hash.length !== hashLength) return undefined;
		path.push(hash);
	}
	return {index: Number(index), path, checkpoint: text.slice(split + 2)};
}
