// Checks the beacon that a receipt shows: that it is one, under the same checkpoint, in front of the entry.

import {equalBytes} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {decodeNote} from '../format/body.ts';
import type {TreeHead} from '../format/checkpoint.ts';
import {decodeEntry, entryLeafHash, entryProblem, kinds, noteKinds, sourceHash} from '../format/entry.ts';
import type {BeaconEvidence} from '../format/receipt.ts';
import {tags} from '../format/tags.ts';
import {parseTlogProof, type TlogProof} from '../format/tlog-proof.ts';
import {isIncluded} from '../merkle/check.ts';
import type {NamedBlock} from './blocks.ts';
import {type Check, fail, pass} from './verdict.ts';

export type BeaconCheck = {
	readonly check: Check;
	/** The block that it names. Whether it is the chain's, and has this time, is another question. Undefined where the beacon is not good. */
	readonly block: (NamedBlock & {readonly timeS: number}) | undefined;
};

const hash32 = /^0x[0-9a-f]{64}$/;

/** `proof` is of the receipt's own entry. */
export function checkBeacon(hasher: Hasher, beacon: BeaconEvidence, proof: TlogProof, head: TreeHead): BeaconCheck {
	const wrong = (reason: string): BeaconCheck => ({check: fail('beacon', reason), block: undefined});
	const own = parseTlogProof(beacon.proof);
	if (own === undefined) return wrong('the beacon has no proof that can be read');
	if (own.checkpoint !== proof.checkpoint) return wrong('the beacon is proven under another checkpoint');
	const problem = entryProblem(beacon.entry);
	if (problem !== undefined) return wrong(`the beacon: ${problem}`);
	const entry = decodeEntry(beacon.entry);
	if (entry.kind !== kinds.note || entry.quantity !== noteKinds.beacon) return wrong('what is shown as a beacon is another entry');
	const leaf = entryLeafHash(hasher, beacon.entry);
	if (!isIncluded(hasher, {index: own.index, size: head.size, root: head.root, leaf, path: own.path}))
		return wrong(`the path does not show that the beacon is at index ${own.index}`);
	if (own.index >= proof.index) return wrong(`the beacon, at ${own.index}, is not in front of the entry, at ${proof.index}`);
	const {salt, record} = beacon.body;
	const body = decodeNote(record);
	if (!equalBytes(sourceHash(hasher, tags.body, salt, record), entry.source) || body === undefined)
		return wrong('what is shown of the beacon is not what its entry came from');
	const {chainId, blockNumber: number, blockHash: hash, blockTimeS: timeS} = body;
	const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
	if (!isWhole(chainId) || !isWhole(number) || !isWhole(timeS) || typeof hash !== 'string' || !hash32.test(hash))
		return wrong('the beacon does not name a block');
	const check = pass(
		'beacon',
		`index ${own.index} names block ${number} of chain ${chainId}, and the entry was appended behind it; that no later beacon lies between them is not shown`,
	);
	return {check, block: {chainId, number, hash, timeS}};
}
