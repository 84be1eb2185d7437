// Checks the head of the log that a file leans on: is it a checkpoint, and is it signed by a key that the verifier trusts for that log?

import {equalBytes, toHex} from '../base/bytes.ts';
import {type Checkpoint, parseCheckpoint} from '../format/checkpoint.ts';
import {isSignedBy, type Note, type NoteKey, type VerifySignature} from '../format/note.ts';
import type {Trust} from '../format/trust.ts';
import {type Check, fail, pass, skipped} from './verdict.ts';

export type HeadChecker = (
	note: string,
	trust: Trust,
) => Promise<{
	readonly checks: readonly Check[];
	/** Undefined if it is none. */
	readonly head: Checkpoint | undefined;
}>;

/** Many receipts share a checkpoint, and a signature costs as much as a hundred hashes: this many checkpoints are remembered. */
const rememberedMax = 1024;
/** A longer note carries many signatures; it is checked each time, so that memory stays small. */
const rememberedLengthMax = 4096;

/** Checks checkpoints and remembers, for those it met last, which keys were found to have signed them, or not. */
export function createHeadChecker(verifySignature: VerifySignature): HeadChecker {
	const remembered = new Map<string, {readonly checkpoint: ReturnType<typeof parseCheckpoint>; readonly signedBy: Map<string, boolean>}>();

	const meet = (note: string) => {
		const known = remembered.get(note);
		if (known !== undefined) return known;
		const met = {checkpoint: parseCheckpoint(note), signedBy: new Map<string, boolean>()};
		if (note.length > rememberedLengthMax) return met;
		if (remembered.size >= rememberedMax) remembered.delete(remembered.keys().next().value!);
		remembered.set(note, met);
		return met;
	};

	return async (note, trust) => {
		const {checkpoint, signedBy} = meet(note);
		if (checkpoint === undefined) {
			const checks = [
				fail('checkpoint', 'the checkpoint is not a signed note of origin, size and root'),
				skipped('signature', 'there is no checkpoint to check'),
			];
			return {checks, head: undefined};
		}
		const {origin, size, parsed} = checkpoint;
		const parses = pass('checkpoint', `a checkpoint of "${origin}" at size ${size}`);
		const keys = trust.logs.filter(key => key.name === origin);
		if (keys.length === 0) return {checks: [parses, fail('signature', `no trusted key for origin "${origin}"`)], head: checkpoint};

		let signer: NoteKey | undefined;
		for (const key of keys) {
			if (!claimsToBeBy(parsed, key)) continue;
			const name = toHex(key.publicKey);
			let isGood = signedBy.get(name);
			if (isGood === undefined) {
				try {
					isGood = await isSignedBy(verifySignature, parsed, key);
				} catch (error) {
					const reason = `the signature could not be checked: ${error instanceof Error ? error.message : String(error)}`;
					return {checks: [parses, fail('signature', reason)], head: checkpoint};
				}
				signedBy.set(name, isGood);
			}
			if (!isGood) return {checks: [parses, fail('signature', `the signature by key ${toHex(key.keyId)} is not good`)], head: checkpoint};
			signer = key;
		}
		const signature =
			signer === undefined
				? fail('signature', `it is not signed by the key that is trusted for origin "${origin}"`)
				: pass('signature', `signed by key ${toHex(signer.keyId)} of "${origin}"`);
		return {checks: [parses, signature], head: checkpoint};
	};
}

function claimsToBeBy(note: Note, key: NoteKey): boolean {
	return note.signatures.some(signature => signature.name === key.name && equalBytes(signature.keyId, key.keyId));
}
