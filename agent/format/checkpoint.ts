// C2SP tlog-checkpoint: the signed head of the log.

import {fromBase64, toBase64, utf8} from '../base/bytes.ts';
import {hashLength} from '../base/hash.ts';
import {sizeMax} from '../merkle/tree.ts';
import type {Size} from './entry.ts';
import {formatNote, type Note, type NoteKey, parseNote} from './note.ts';

export type TreeHead = {
	/** `<log name>/<epoch>`, also the name of the key. */
	readonly origin: string;
	readonly size: Size;
	readonly root: Uint8Array;
};

export type Checkpoint = TreeHead & {
	/** The signed note, verbatim. */
	readonly note: string;
};

export function formatOrigin(logName: string, epoch: number): string {
	return `${logName}/${epoch}`;
}

/** The log name and epoch of an origin; undefined if it is not one of ours. */
export function parseOrigin(origin: string): {readonly logName: string; readonly epoch: number} | undefined {
	const found = /^([A-Za-z0-9._/-]{1,128})\/([1-9][0-9]{0,5})$/.exec(origin);
	return found === null ? undefined : {logName: found[1]!, epoch: Number(found[2])};
}

/** The text that is signed: origin, size and root, a line each; no extension lines [C2SP tlog-checkpoint]. */
export function checkpointText(head: TreeHead): string {
	return `${head.origin}\n${head.size}\n${toBase64(head.root)}\n`;
}

/** Signs a head. `sign` gives 64 bytes of Ed25519 over the text. */
export function signCheckpoint(head: TreeHead, key: NoteKey, sign: (message: Uint8Array) => Uint8Array): Checkpoint {
	const text = checkpointText(head);
	const note = formatNote({text, signatures: [{name: key.name, keyId: key.keyId, signature: sign(utf8(text))}]});
	return {...head, note};
}

/** Reads a checkpoint with its note; undefined if it is not exactly origin, size, root and at least one signature. Signatures are not checked here. */
export function parseCheckpoint(formatted: string): (Checkpoint & {readonly parsed: Note}) | undefined {
	const parsed = parseNote(formatted);
	if (parsed === undefined) return undefined;
	const [origin, sizeText, rootText, ...rest] = parsed.text.split('\n');
	// Extension lines are NOT RECOMMENDED and we sign none: a fourth line is refused, so that a note has one meaning.
	if (origin === undefined || sizeText === undefined || rootText === undefined || rest.length !== 1 || rest[0] !== '' || origin === '')
		return undefined;
	if (!/^(?:0|[1-9][0-9]{0,14})$/.test(sizeText)) return undefined;
	const size = Number(sizeText);
	const root = fromBase64(rootText);
	if (size > sizeMax || root === undefined || root.length !== hashLength) return undefined;
	return {origin, size, root, note: formatted, parsed};
}
