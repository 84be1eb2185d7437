// C2SP signed notes: a text and signature lines under it, with keys that carry their name.

import {concatBytes, equalBytes, fromBase64, fromHex, toBase64, toHex, utf8} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';

/** Ed25519 [C2SP signed-note, signature types]. */
const ed25519Type = 1;
const publicKeyLength = 32;
const signatureLength = 64;
const keyIdLength = 4;
/** Readers take at least 16 signatures; more than this is an attack on their time. */
const signaturesMax = 64;
const noteLengthMax = 65_536;

/** A key that notes are checked with, in text form `name+hex(key id)+base64(type ‖ public key)` (a vkey). */
export type NoteKey = {readonly name: string; readonly publicKey: Uint8Array; readonly keyId: Uint8Array};

export type NoteSignature = {readonly name: string; readonly keyId: Uint8Array; readonly signature: Uint8Array};

export type Note = {
	/** Ends in a newline; what is signed. */
	readonly text: string;
	readonly signatures: readonly NoteSignature[];
};

/** Checks an Ed25519 signature [RFC 8032 §5.1.7]; handed in, so that Node and browsers use what they have. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>;

/** A key name has no white space and no plus sign, and is not empty. */
export function isKeyName(name: string): boolean {
	return name.length > 0 && !/[\s+\p{Cc}]/u.test(name);
}

/** key id = SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4] */
export function noteKey(hasher: Hasher, name: string, publicKey: Uint8Array): NoteKey {
	const keyId = hasher.sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(ed25519Type), publicKey)).slice(0, keyIdLength);
	return {name, publicKey, keyId};
}

export function formatNoteKey(key: NoteKey): string {
	return `${key.name}+${toHex(key.keyId)}+${toBase64(concatBytes(Uint8Array.of(ed25519Type), key.publicKey))}`;
}

/** A vkey text to a key; undefined if it is not an Ed25519 vkey whose key id is right. */
export function parseNoteKey(hasher: Hasher, text: string): NoteKey | undefined {
	// Base64 holds plus signs too: only the first two separate.
	const first = text.indexOf('+');
	const second = text.indexOf('+', first + 1);
	if (first < 1 || second < 0) return undefined;
	const name = text.slice(0, first);
	const keyId = fromHex(text.slice(first + 1, second));
	const typed = fromBase64(text.slice(second + 1));
	if (!isKeyName(name) || keyId === undefined || typed === undefined || typed.length !== 1 + publicKeyLength || typed[0] !== ed25519Type)
		return undefined;
	const key = noteKey(hasher, name, typed.slice(1));
	return equalBytes(key.keyId, keyId) ? key : undefined;
}

export function formatNote(note: Note): string {
	const lines = note.signatures.map(({name, keyId, signature}) => `\u2014 ${name} ${toBase64(concatBytes(keyId, signature))}\n`);
	return `${note.text}\n${lines.join('')}`;
}

/** Reads a signed note; undefined if it is not one in its canonical form. Signatures are not checked here. */
export function parseNote(formatted: string): Note | undefined {
	if (formatted.length > noteLengthMax || hasControlCharacter(formatted)) return undefined;
	const split = formatted.lastIndexOf('\n\n');
	if (split < 0 || !formatted.endsWith('\n')) return undefined;
	const text = formatted.slice(0, split + 1);
	const lines = formatted.slice(split + 2, -1).split('\n');
	if (lines.length > signaturesMax) return undefined;
	const signatures: NoteSignature[] = [];
	for (const line of lines) {
		const found = /^\u2014 (\S+) (\S+)$/u.exec(line);
		if (found === null || !isKeyName(found[1]!)) return undefined;
		const bytes = fromBase64(found[2]!);
		if (bytes === undefined || bytes.length <= keyIdLength) return undefined;
		signatures.push({name: found[1]!, keyId: bytes.slice(0, keyIdLength), signature: bytes.slice(keyIdLength)});
	}
	return {text, signatures};
}

/** No control characters below 0x20 but newlines [C2SP signed-note, format]. */
function hasControlCharacter(text: string): boolean {
	for (let i = 0; i < text.length; i += 1) {
		const code = text.charCodeAt(i);
		if (code < 0x20 && code !== 0x0a) return true;
	}
	return false;
}

/**
 * True if at least one signature is by this key, and every one that claims to be by it is good. Signatures by other keys are ignored
 * [C2SP signed-note: unknown keys are ignored; a known key that fails spoils the note].
 */
export async function isSignedBy(verifySignature: VerifySignature, note: Note, key: NoteKey): Promise<boolean> {
	let good = false;
	for (const signature of note.signatures) {
		if (signature.name !== key.name || !equalBytes(signature.keyId, key.keyId)) continue;
		if (signature.signature.length !== signatureLength) return false;
		if (!(await verifySignature(key.publicKey, utf8(note.text), signature.signature))) return false;
		good = true;
	}
	return good;
}
